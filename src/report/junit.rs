//! `--reporter junit`: JUnit XML as build servers read it. A collection is a suite, a step is a case.

use std::{
    io::{self, Write},
    sync::Arc,
};

use domain::result::{Attempt, StepOutcome};
use quick_junit::{NonSuccessKind, Report as Xml, TestCase, TestCaseStatus, TestSuite};

use super::{
    Ending, Report, Tested, curl,
    words::{Point, is_good, points, shared, time, untold},
};

/// Collects, and writes at the end.
#[derive(Debug, Default)]
pub(super) struct Junit {
    suites: Vec<TestSuite>,
}

impl Report for Junit {
    fn run(&mut self, _: &mut dyn Write, tested: &Arc<Tested>) -> io::Result<()> {
        self.suites.push(suite(tested));
        Ok(())
    }

    fn finish(&mut self, out: &mut dyn Write, ending: Ending) -> io::Result<()> {
        let mut report = Xml::new("skopos test");
        report.set_time(time(ending.duration_ms));
        report.add_test_suites(std::mem::take(&mut self.suites));
        report.serialize(out).map_err(io::Error::other)
    }
}

fn suite(tested: &Tested) -> TestSuite {
    let mut suite = TestSuite::new(tested.title());
    suite.set_time(time(tested.result.duration_ms));
    suite.add_property(("collection", tested.collection.as_str()));
    suite.add_property(("file", tested.place.as_str()));
    if let Some(environment) = &tested.environment {
        suite.add_property(("environment", environment.as_str()));
    }
    for set_up in &tested.result.set_ups {
        let told = format!("{}, {}", set_up.outcome, shared(set_up));
        suite.add_property((format!("set-up {}", set_up.collection), told));
    }
    suite.add_test_cases(points(&tested.result).iter().map(|point| case(tested, point)));
    // A run that ended for a reason of its own: a time-out of the whole, a cancel.
    if let Some(reason) = untold(tested).filter(|_| !is_good(tested.result.outcome)) {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message(reason);
        let mut case = TestCase::new("the run", status);
        case.set_classname(tested.collection.as_str());
        suite.add_test_case(case);
    }
    suite
}

fn case(tested: &Tested, point: &Point<'_>) -> TestCase {
    let Point { name, outcome, why, step } = point;
    let message = why.first().cloned().unwrap_or_default();
    let last = step.and_then(|step| step.attempts.last());
    let failed = |kind, class: &str| {
        let mut status = TestCaseStatus::non_success(kind);
        status.set_message(message.clone()).set_type(class).set_description(description(last, why));
        status
    };
    let status = match outcome {
        StepOutcome::Passed | StepOutcome::Degraded => TestCaseStatus::success(),
        StepOutcome::Failed => failed(NonSuccessKind::Failure, "failed"),
        StepOutcome::Inconclusive => failed(NonSuccessKind::Error, "inconclusive"),
        StepOutcome::Skipped => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(message.clone());
            status
        }
    };
    let mut case = TestCase::new(name.as_str(), status);
    case.set_classname(tested.collection.as_str());
    case.set_time(time(step.and_then(|step| step.latency_ms).unwrap_or_default()));
    case.set_assertions(last.map_or(0, |attempt| attempt.assertions.len()));
    if *outcome == StepOutcome::Degraded {
        case.set_system_out(format!("degraded: {}", why.join("\n")));
    }
    case
}

/// Every reason, and the line that sends the request again.
fn description(last: Option<&Attempt>, why: &[String]) -> String {
    let mut lines = why.to_vec();
    lines.extend(last.map(|attempt| curl::command(&attempt.request)));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Summary, sample};

    #[test]
    fn a_collection_is_a_suite_and_a_step_is_a_case() {
        let (mut junit, mut out) = (Junit::default(), Vec::new());
        for tested in sample::runs() {
            junit.run(&mut out, &Arc::new(tested)).unwrap();
        }
        junit.finish(&mut out, Ending { summary: Summary::default(), duration_ms: 1_500.0 }).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
    }

    #[test]
    fn cases_of_rows_are_named_by_their_row() {
        let suite = suite(&sample::rows());
        let cases: Vec<_> = suite.test_cases.iter().map(|case| (case.name.as_str(), &case.status)).collect();
        let names: Vec<_> = cases.iter().map(|(name, _)| *name).collect();
        let expected = [
            "row 1 (sku: SKU-1): Log in",
            "row 2 (sku: SKU-2): Log in",
            "row 2 (sku: SKU-2): Pay",
            "row 3 (sku: SKU-3)",
        ];
        assert_eq!(names, expected);
        assert!(matches!(cases[2].1, TestCaseStatus::NonSuccess { .. }));
        assert!(matches!(cases[3].1, TestCaseStatus::Skipped { .. }));
    }
}
