//! `/v1/incidents`.

use domain::{
    document::AlertSeverity,
    id::{IncidentId, NotificationId, RunId},
    incident::{Fresh, Incident, IncidentLevel, IncidentState, Observation},
    notification::{Notice, NotificationKind, Subject},
    outcome::{Outcome, Reason, ReasonCode},
};
use serde_json::json;
use store::{
    incidents,
    notifications::{self, NewNotification},
};

use super::{Client, collections::ping};

/// Something is down, and the channel is to hear of it.
async fn given_incident(client: &Client) -> IncidentId {
    client.given("/v1/channels/hook", json!({ "type": "webhook", "url": "https://example.com/hook" })).await;
    client.given("/v1/collections/search", ping("search")).await;
    let monitor = json!({
        "collections": ["search"],
        "schedule": { "every": "1m" },
        "alerts": [{ "channels": ["hook"] }],
    });
    client.given("/v1/monitors/m", monitor).await;
    let now = client.now();
    let run = client.press("/v1/monitors/m/run").await.json();
    let run: RunId = run["data"][0]["id"].as_str().unwrap().parse().unwrap();
    let id = IncidentId::random(now);
    client
        .store
        .write(move |conn| {
            Box::pin(async move {
                let started = store::runs::get(conn, run).await?.unwrap();
                let incident = incident(id, &started, now);
                incidents::open(conn, &incident).await?;
                let notification = NewNotification {
                    id: NotificationId::random(now),
                    channel: "hook".parse().unwrap(),
                    sequence: 0,
                    notice: notice(&incident),
                };
                notifications::insert(conn, &[notification]).await
            })
        })
        .await
        .unwrap();
    id
}

fn incident(id: IncidentId, run: &domain::run::Run, at: chrono::DateTime<chrono::Utc>) -> Incident {
    let monitor = run.monitor.clone().unwrap();
    Incident {
        id,
        monitor_id: Some(monitor.id),
        monitor: monitor.slug,
        collection_id: Some(run.collection.id),
        collection: run.collection.slug.clone(),
        state: IncidentState::Open,
        severity: AlertSeverity::Error,
        level: IncidentLevel::Down,
        opened_by: run.id,
        reason: Some(Reason::new(ReasonCode::BadStatus, "the answer is 500").at_step("ping")),
        cause: None,
        opened_at: at,
        acknowledged_at: None,
        snoozed_until: None,
        resolved_at: None,
    }
}

fn notice(incident: &Incident) -> Notice {
    Notice {
        subject: Subject::Incident,
        incident: incident.id,
        kind: NotificationKind::Opened,
        severity: incident.severity,
        level: incident.level,
        flapping: None,
        cause: None,
        monitor: incident.monitor.clone(),
        collection: incident.collection.clone(),
        collection_name: "Search".to_owned(),
        location: "default".parse().unwrap(),
        opened_at: incident.opened_at,
        occurred_at: incident.opened_at,
        run: incident.opened_by,
        reason: incident.reason.clone(),
        step: Some((1, "ping".to_owned())),
        assertion: None,
    }
}

#[tokio::test]
async fn an_incident_shows_whom_it_was_told() {
    let client = Client::new().await;
    let id = given_incident(&client).await;
    insta::assert_json_snapshot!(client.get(&format!("/v1/incidents/{id}")).await.body());
}

#[tokio::test]
async fn incidents_are_filtered_by_everything_that_is_said() {
    let client = Client::new().await;
    let id = given_incident(&client).await.to_string();
    for query in ["", "?state=open", "?monitor=m&collection=search&state=open"] {
        assert_eq!(client.get(&format!("/v1/incidents{query}")).await.ids(), [id.as_str()], "{query}");
    }
    for query in ["?state=resolved", "?monitor=other", "?collection=other"] {
        assert!(client.get(&format!("/v1/incidents{query}")).await.ids().is_empty(), "{query}");
    }
}

#[tokio::test]
async fn an_incident_that_is_not_there_is_not_found() {
    let client = Client::new().await;
    let id = IncidentId::random(client.now());
    assert_eq!(client.get(&format!("/v1/incidents/{id}")).await.refusal(), (404, "not_found".to_owned()));
}

#[tokio::test]
async fn people_act_on_an_incident_until_it_is_over() {
    let client = Client::new().await;
    let id = given_tracked_incident(&client).await;
    let path = |verb: &str| format!("/v1/incidents/{id}/{verb}");
    let acknowledged = client.press(&path("acknowledge")).await;
    assert_eq!((acknowledged.status.as_u16(), &acknowledged.json()["state"]), (200, &json!("acknowledged")));
    let snoozed = client.post(&path("snooze"), json!({ "for": "2h" })).await;
    assert!(snoozed.json()["snoozed_until"].is_string());
    for wrong in ["0s", "31d", "soon"] {
        let refused = client.post(&path("snooze"), json!({ "for": wrong })).await;
        assert_eq!(refused.refusal(), (422, "invalid_request".to_owned()), "{wrong}");
    }
    let resolved = client.press(&path("resolve")).await;
    assert_eq!((resolved.status.as_u16(), &resolved.json()["state"]), (200, &json!("resolved")));
    for verb in ["acknowledge", "snooze", "resolve"] {
        let refused = client.press(&path(verb)).await;
        assert_eq!(refused.refusal(), (409, "already_finished".to_owned()), "{verb}");
    }
}

#[tokio::test]
async fn notes_are_shown_with_their_incident() {
    let client = Client::new().await;
    let id = given_incident(&client).await;
    let path = format!("/v1/incidents/{id}/notes");
    let noted = client.post(&path, json!({ "text": "the gateway is down", "author": "ada" })).await;
    assert_eq!(noted.status.as_u16(), 201);
    let shown = client.get(&format!("/v1/incidents/{id}")).await.json();
    assert_eq!(shown["notes"], json!([noted.json()]));
    for wrong in [json!({ "text": " " }), json!({ "txt": "a" }), json!({})] {
        let refused = client.post(&path, wrong.clone()).await;
        assert_eq!(refused.refusal(), (422, "invalid_request".to_owned()), "{wrong}");
    }
    let nothing = format!("/v1/incidents/{}/notes", IncidentId::random(client.now()));
    assert_eq!(client.post(&nothing, json!({ "text": "a" })).await.refusal(), (404, "not_found".to_owned()));
}

#[tokio::test]
async fn a_monitor_is_muted_until_it_is_unmuted() {
    let client = Client::new().await;
    given_incident(&client).await;
    let path = "/v1/monitors/m/mute";
    let muted = client.post(path, json!({ "for": "1h", "reason": "moving house" })).await;
    assert_eq!((muted.status.as_u16(), &muted.json()["reason"]), (200, &json!("moving house")));
    assert_eq!(client.get("/v1/monitors/m").await.json()["muted"], muted.json());
    assert_eq!(client.press(path).await.json()["until"], json!(null), "until somebody ends it");
    assert_eq!(client.delete(path).await.status.as_u16(), 204);
    assert_eq!(client.get("/v1/monitors/m").await.json()["muted"], json!(null));
    assert_eq!(client.post(path, json!({ "for": "0s" })).await.refusal().0, 422);
    assert_eq!(client.press("/v1/monitors/nobody/mute").await.refusal().0, 404);
}

/// The same incident as the machine knows it.
async fn given_tracked_incident(client: &Client) -> IncidentId {
    client.given("/v1/collections/search", ping("search")).await;
    let monitor = json!({ "collections": ["search"], "schedule": { "every": "1m" }, "alerts": [{ "channels": ["hook"] }] });
    client.given("/v1/channels/hook", json!({ "type": "webhook", "url": "https://example.com/hook" })).await;
    client.given("/v1/monitors/m", monitor).await;
    let now = client.now();
    let run = client.press("/v1/monitors/m/run").await.json();
    let run: RunId = run["data"][0]["id"].as_str().unwrap().parse().unwrap();
    let opened = client.store.write(move |conn| {
        Box::pin(async move {
            let started = store::runs::get(conn, run).await?.unwrap();
            let monitor = started.monitor.clone().unwrap();
            let key = (monitor.id, started.collection.id);
            let rules = store::monitors::get(conn, &monitor.slug).await?.unwrap().document.alerts;
            let mut trackers = store::health::lock(conn, &[key], now).await?;
            let fresh = Fresh::random(now);
            let seen = Observation {
                run,
                outcome: Outcome::Failed,
                at: now,
                due_at: now,
                in_maintenance: false,
                muted: false,
                known_to: &[],
                confirms: false,
                repeatable: false,
            };
            let changes = trackers.get_mut(&key).unwrap().observe(&rules, seen, fresh);
            let cause = incidents::Cause {
                monitor: monitor.slug,
                collection: started.collection.slug,
                collection_name: "Search".to_owned(),
                location: "default".parse().unwrap(),
                run,
                reason: None,
                step: None,
                assertion: None,
                shared: None,
            };
            incidents::apply(conn, key, &cause, changes, now).await?;
            store::health::save(conn, &trackers, now).await?;
            Ok(fresh.incident)
        })
    });
    opened.await.unwrap()
}
