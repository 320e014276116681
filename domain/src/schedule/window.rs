//! Recurring maintenance: whether an instant lies in a window. What that means for runs and incidents is not here.

use chrono::{DateTime, TimeDelta, Utc};

use super::cron::{self, Cron};
use crate::{
    document::{MaintenanceWindow, Span},
    problem::Problem,
};

/// A compiled maintenance window: `[start, start + duration)` for every start of its cron expression.
#[derive(Debug, Clone)]
pub struct Window {
    cron: Cron,
    duration: Span,
}

impl Window {
    /// Compiles what the user wrote.
    ///
    /// # Errors
    /// Everything that is wrong with it, at pointers relative to the window.
    pub fn compile(document: &MaintenanceWindow) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let zone = cron::zone(document.timezone.as_deref()).map_err(|problem| problems.push(problem));
        let cron =
            Cron::parse(&document.cron, zone.unwrap_or_default()).map_err(|problem| problems.push(problem));
        super::check_length("/duration", "a maintenance window", document.duration, &mut problems);
        match cron {
            Ok(cron) if problems.is_empty() => Ok(Self { cron, duration: document.duration }),
            _ => Err(problems),
        }
    }

    /// Whether `at` lies in the window: whether one began within the last `duration`.
    #[must_use]
    pub fn covers(&self, at: DateTime<Utc>) -> bool {
        let duration = TimeDelta::from_std(self.duration.0).unwrap_or(TimeDelta::MAX);
        let Some(over) = at.checked_sub_signed(duration) else { return false };
        self.cron.first_from(super::second_after(over)).is_some_and(|start| start <= at)
    }
}
