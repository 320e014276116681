//! The monitor that a collection with an inline schedule has.

use super::{Collection, Monitor, monitor};

impl Collection {
    /// The monitor of the same id, when there is a `schedule`; only the collection's document edits it.
    #[must_use]
    pub fn inline_monitor(&self) -> Option<Monitor> {
        Some(Monitor {
            id: self.id.clone(),
            name: self.name.clone(),
            enabled: true,
            collections: vec![self.id.clone()],
            environment: self.environment.clone(),
            schedule: self.schedule.clone()?,
            locations: self.locations.clone().unwrap_or_else(monitor::default_locations),
            overlap: self.overlap.unwrap_or_default(),
            catch_up: self.catch_up.unwrap_or_default(),
            max_lateness: self.max_lateness,
            alerts: self.alerts.clone(),
            maintenance: self.maintenance.clone(),
        })
    }
}
