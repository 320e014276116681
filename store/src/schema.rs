//! The tables, in SQL types that both databases have. `migrations/` is where they are described.

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    environments (id) {
        id -> Key,
        slug -> Text,
        document -> Doc,
        created_at -> Moment,
        updated_at -> Moment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    environment_secrets (environment_id, name) {
        environment_id -> Key,
        name -> Text,
        sealed -> Binary,
        updated_at -> Moment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    channels (id) {
        id -> Key,
        slug -> Text,
        document -> Doc,
        environment -> Nullable<Text>,
        broken -> Nullable<Text>,
        broken_since -> Nullable<Moment>,
        outage -> Nullable<Key>,
        outage_told -> Nullable<Text>,
        created_at -> Moment,
        updated_at -> Moment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    collections (id) {
        id -> Key,
        slug -> Text,
        version -> Integer,
        environment -> Nullable<Text>,
        created_at -> Moment,
        updated_at -> Moment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    collection_versions (collection_id, version) {
        collection_id -> Key,
        version -> Integer,
        document -> Doc,
        created_at -> Moment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    monitors (id) {
        id -> Key,
        slug -> Text,
        document -> Doc,
        environment -> Nullable<Text>,
        owner -> Nullable<Text>,
        anchor_at -> Moment,
        next_slot_at -> Nullable<Moment>,
        muted -> Nullable<Doc>,
        created_at -> Moment,
        updated_at -> Moment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    monitor_collections (monitor_id, collection) {
        monitor_id -> Key,
        collection -> Text,
        position -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    monitor_channels (monitor_id, channel) {
        monitor_id -> Key,
        channel -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    runs (due_at, id) {
        due_at -> Moment,
        id -> Key,
        collection_id -> Key,
        collection -> Text,
        collection_version -> Integer,
        monitor_id -> Nullable<Key>,
        monitor -> Nullable<Text>,
        environment -> Nullable<Text>,
        location -> Text,
        trigger -> Text,
        slot_at -> Nullable<Moment>,
        start_by -> Moment,
        in_maintenance -> Bool,
        state -> Text,
        wake_at -> Nullable<Moment>,
        wakes -> Integer,
        attempt -> Integer,
        losses -> Integer,
        owner -> Nullable<Key>,
        avoid -> Nullable<Key>,
        started_at -> Nullable<Moment>,
        unsafe_begun -> Bool,
        cleaning -> Bool,
        cancel_requested_at -> Nullable<Moment>,
        finished_at -> Nullable<Moment>,
        outcome -> Nullable<Text>,
        reason -> Nullable<Doc>,
        inserted_at -> Moment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    run_results (due_at, run_id) {
        due_at -> Moment,
        run_id -> Key,
        encoding -> Text,
        packed -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    health (monitor_id, collection_id) {
        monitor_id -> Key,
        collection_id -> Key,
        tracker -> Doc,
        updated_at -> Moment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    incidents (id) {
        id -> Key,
        monitor_id -> Key,
        monitor -> Text,
        collection_id -> Key,
        collection -> Text,
        state -> Text,
        severity -> Text,
        level -> Text,
        opened_by -> Key,
        reason -> Nullable<Doc>,
        cause -> Nullable<Text>,
        opened_at -> Moment,
        acknowledged_at -> Nullable<Moment>,
        snoozed_until -> Nullable<Moment>,
        resolved_at -> Nullable<Moment>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    incident_notes (id) {
        id -> Key,
        incident_id -> Key,
        author -> Nullable<Text>,
        text -> Text,
        created_at -> Moment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    notifications (id) {
        id -> Key,
        incident_id -> Key,
        channel -> Text,
        kind -> Text,
        sequence -> Integer,
        notice -> Doc,
        state -> Text,
        wake_at -> Nullable<Moment>,
        wakes -> Integer,
        next_attempt_at -> Nullable<Moment>,
        attempt -> Integer,
        owner -> Nullable<Key>,
        lease_until -> Nullable<Moment>,
        may_have_arrived -> Bool,
        last_answer -> Nullable<Text>,
        sent_at -> Nullable<Moment>,
        created_at -> Moment,
        standalone -> Bool,
        receipt -> Nullable<Text>,
        allowed_at -> Nullable<Moment>,
        worth_until -> Moment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    notification_attempts (notification_id, attempt) {
        notification_id -> Key,
        attempt -> Integer,
        began_at -> Moment,
        ended_at -> Nullable<Moment>,
        status -> Nullable<Integer>,
        answer -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    paces (key) {
        key -> Text,
        turns -> Doc,
        last_at -> Moment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    workers (id) {
        id -> Key,
        host -> Text,
        version -> Text,
        location -> Text,
        slots -> Integer,
        started_at -> Moment,
        alive_until -> Moment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    gaps (monitor_id, collection_id, location, first_slot_at) {
        monitor_id -> Key,
        monitor -> Text,
        collection_id -> Key,
        location -> Text,
        first_slot_at -> Moment,
        last_slot_at -> Moment,
        slots -> BigInt,
        inserted_at -> Moment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    queues (name) {
        name -> Text,
        ready -> BigInt,
        unacked -> Nullable<BigInt>,
        consumers -> BigInt,
        dead -> BigInt,
        parked -> BigInt,
        waiting -> BigInt,
        oldest_at -> Nullable<Moment>,
        updated_at -> Moment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    cleanups (due_at, run_id) {
        due_at -> Moment,
        run_id -> Key,
        attempt -> Integer,
        sealed -> Binary,
        saved_at -> Moment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    quarantines (collection_id, version) {
        collection_id -> Key,
        version -> Integer,
        collection -> Text,
        run_id -> Key,
        reason -> Doc,
        since -> Moment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    collection_uses (collection_id, used) {
        collection_id -> Key,
        used -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::*;
    set_ups (collection_id, environment) {
        collection_id -> Key,
        environment -> Text,
        version -> Integer,
        environment_at -> Nullable<Moment>,
        generation -> Integer,
        sealed -> Nullable<Binary>,
        fetched_at -> Nullable<Moment>,
        fetched_by -> Nullable<Key>,
        failures -> Integer,
        failure -> Nullable<Doc>,
        failed_at -> Nullable<Moment>,
        failed_by -> Nullable<Key>,
        fetching_by -> Nullable<Key>,
        fetching_until -> Nullable<Moment>,
        claimed_at -> Moment,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    collections,
    collection_versions,
    monitor_collections,
    monitors
);
diesel::allow_tables_to_appear_in_same_query!(monitor_channels, monitors);
diesel::allow_tables_to_appear_in_same_query!(quarantines, collections);
diesel::allow_tables_to_appear_in_same_query!(runs, workers);
diesel::allow_tables_to_appear_in_same_query!(runs, monitor_collections);
diesel::allow_tables_to_appear_in_same_query!(runs, collection_versions);
diesel::allow_tables_to_appear_in_same_query!(collection_uses, collections);
diesel::allow_tables_to_appear_in_same_query!(notifications, incidents);
