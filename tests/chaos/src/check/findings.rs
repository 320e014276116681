//! What was found out, and the numbers of the last line.

use std::fmt;

/// What kind of wrong it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Something that was promised is not there.
    Lost,
    /// Something is there twice, or was done twice.
    Duplicated,
    /// Anything else.
    Unexpected,
}

/// One thing that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) invariant: &'static str,
    pub(crate) class: Class,
    pub(crate) what: String,
}

/// Everything that was found out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    /// Slots of collections that were due, and runs that were started by hand.
    pub(crate) attempted: usize,
    /// Runs that came to an end in another attempt than their first.
    pub(crate) recovered: usize,
    /// Requests of an attempt that was over, already let out when their worker was frozen.
    pub(crate) late: usize,
    /// Incidents that were held against the outcomes.
    pub(crate) folded: usize,
    pub(crate) violations: Vec<Violation>,
}

impl Findings {
    pub(crate) fn lost(&mut self, invariant: &'static str, what: impl fmt::Display) {
        self.add(invariant, Class::Lost, &what);
    }

    pub(crate) fn duplicated(&mut self, invariant: &'static str, what: impl fmt::Display) {
        self.add(invariant, Class::Duplicated, &what);
    }

    pub(crate) fn unexpected(&mut self, invariant: &'static str, what: impl fmt::Display) {
        self.add(invariant, Class::Unexpected, &what);
    }

    /// How many there are of a class.
    pub(crate) fn count(&self, class: Class) -> usize {
        self.violations.iter().filter(|violation| violation.class == class).count()
    }

    fn add(&mut self, invariant: &'static str, class: Class, what: &dyn fmt::Display) {
        self.violations.push(Violation { invariant, class, what: what.to_string() });
    }
}

impl fmt::Display for Findings {
    /// The last line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lost, duplicated) = (self.count(Class::Lost), self.count(Class::Duplicated));
        let ok = self.attempted.saturating_sub(lost + duplicated);
        write!(
            f,
            "attempted {} ok {ok} lost {lost} duplicated {duplicated} recovered {} unexpected {}",
            self.attempted,
            self.recovered,
            self.count(Class::Unexpected)
        )
    }
}
