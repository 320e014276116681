//! Bugs that a test build can be told to have, so that the suites can show that they would catch them. Built with the
//! feature `planted-bugs`, one of them is chosen by `SKOPOS_PLANTED_BUG` when the process starts; built without it, as
//! everything that is released is, [`has`] is `false` and the branches behind it are gone.

use crate::outcome::words;

words! {
    /// What can be wrong on purpose. Each is one line at the place that it breaks.
    Bug {
        /// A worker acknowledges a message before its run is claimed and recorded.
        AckBeforeCommit = "ack_before_commit",
        /// A result is accepted from any owner and attempt.
        NoFence = "no_fence",
        /// A publish that the broker refused counts as confirmed.
        NackTakenAsSuccess = "nack_taken_as_success",
        /// A publish that the broker returned counts as confirmed.
        ReturnTakenAsSuccess = "return_taken_as_success",
        /// A run that somebody executes can be claimed once more.
        ClaimOfRunning = "claim_of_running",
        /// A message that was published is trusted to arrive: its row is never woken again.
        NoSecondWake = "no_second_wake",
        /// The reaper takes runs from workers that are alive.
        ReapTheLiving = "reap_the_living",
        /// Nobody takes over from workers that are gone.
        NoReaper = "no_reaper",
        /// After a crash everything starts again, also what must not be repeated.
        RepeatUnsafe = "repeat_unsafe",
        /// A worker goes on sending when it is not sure of its lease.
        SendWithoutLease = "send_without_lease",
        /// A late run starts all the same.
        StartTooLate = "start_too_late",
        /// A slot moves on although its runs were not inserted.
        SlotWithoutRun = "slot_without_run",
        /// A slot has its runs twice.
        SlotTwice = "slot_twice",
        /// An incident changes and the notification is not written with it.
        NotifyOutside = "notify_outside",
        /// A notification is sent before those ahead of it in its lane.
        OutOfTurn = "out_of_turn",
        /// Each message to a receiver that deduplicates has a key of its own.
        FreshDedupKey = "fresh_dedup_key",
        /// A retried notification is forgotten instead.
        NoSecondTry = "no_second_try",
    }
}

/// Whether this process is to have that bug.
#[cfg(feature = "planted-bugs")]
#[must_use]
pub fn has(bug: Bug) -> bool {
    static PLANTED: std::sync::OnceLock<Option<Bug>> = std::sync::OnceLock::new();
    let planted = PLANTED.get_or_init(|| {
        let name = std::env::var("SKOPOS_PLANTED_BUG").ok().filter(|name| !name.is_empty())?;
        Some(name.parse().unwrap_or_else(|_| panic!("SKOPOS_PLANTED_BUG={name} is not a planted bug")))
    });
    *planted == Some(bug)
}

/// Never: this build has none.
#[cfg(not(feature = "planted-bugs"))]
#[must_use]
pub const fn has(_: Bug) -> bool {
    false
}
