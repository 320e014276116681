//! `--reporter github`: each step that a person has to look at becomes an annotation at its line, and the summary of
//! the workflow's step gets a table.

mod summary;

use std::{
    fs::OpenOptions,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use domain::{outcome::Outcome, result::StepOutcome};

use self::summary::Table;
use super::{
    Ending, Report, Tested,
    words::{points, untold},
};
use crate::terminal::printable;

/// Annotates as it goes, and adds to the summary at the end.
#[derive(Debug, Default)]
pub(super) struct Github {
    /// The file that GitHub reads the step's summary from.
    summary: Option<PathBuf>,
    /// Annotations name files as the repository does.
    repository: Option<PathBuf>,
    table: Table,
}

impl Github {
    /// Where the workflow says that things are.
    pub(super) fn of_this_process() -> Self {
        let path = |name| std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
        let (summary, repository) = (path("GITHUB_STEP_SUMMARY"), path("GITHUB_WORKSPACE"));
        Self { summary, repository, table: Table::default() }
    }

    fn annotate(
        &self,
        out: &mut dyn Write,
        tested: &Tested,
        (level, line, title, text): Annotation<'_>,
    ) -> io::Result<()> {
        let file = self.in_repository(&tested.source.path);
        let title = format!("{} › {title}", tested.title());
        writeln!(
            out,
            "::{level} file={},line={line},title={}::{}",
            property(&file.to_string_lossy()),
            property(&title),
            data(text)
        )
    }

    fn in_repository(&self, path: &Path) -> PathBuf {
        let inside = self.repository.as_ref().and_then(|repository| {
            let absolute = path.canonicalize().ok()?;
            absolute.strip_prefix(repository.canonicalize().ok()?).ok().map(Path::to_owned)
        });
        inside.unwrap_or_else(|| path.strip_prefix(".").unwrap_or(path).to_owned())
    }
}

/// Level, line, title, text.
type Annotation<'a> = (&'a str, u32, &'a str, &'a str);

impl Report for Github {
    fn run(&mut self, out: &mut dyn Write, tested: &Arc<Tested>) -> io::Result<()> {
        let source = &tested.source;
        for point in points(&tested.result).iter().filter(|point| point.needs_attention()) {
            let level = if point.outcome == StepOutcome::Failed { "error" } else { "warning" };
            let line = point.step.and_then(|step| source.steps.get(&step.id)).copied().unwrap_or(source.line);
            self.annotate(out, tested, (level, line, &point.name, &point.why.join("\n")))?;
        }
        if let Some(reason) = untold(tested) {
            let level = if tested.result.outcome == Outcome::Failed { "error" } else { "warning" };
            self.annotate(out, tested, (level, source.line, "the run", &reason))?;
        }
        self.table.add(tested);
        Ok(())
    }

    fn finish(&mut self, _: &mut dyn Write, ending: Ending) -> io::Result<()> {
        let Some(path) = &self.summary else { return Ok(()) };
        let mut file = OpenOptions::new().append(true).create(true).open(path)?;
        file.write_all(self.table.markdown(ending).as_bytes())
    }
}

/// The text of a workflow command: one line, whatever is in it.
fn data(text: &str) -> String {
    printable(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of one.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Summary, sample};

    #[test]
    fn steps_are_annotated_at_their_lines_and_the_summary_is_a_table() {
        let folder = tempfile::tempdir().unwrap();
        let summary = folder.path().join("summary.md");
        std::fs::write(&summary, "before\n").unwrap();
        let (mut github, mut out) =
            (Github { summary: Some(summary.clone()), ..Github::default() }, Vec::new());
        for tested in sample::runs() {
            github.run(&mut out, &Arc::new(tested)).unwrap();
        }
        let counts = Summary { passed: 1, failed: 1, inconclusive: 1, ..Summary::default() };
        github.finish(&mut out, Ending { summary: counts, duration_ms: 1_500.0 }).unwrap();
        insta::assert_snapshot!(format!(
            "{}\n{}",
            String::from_utf8(out).unwrap(),
            std::fs::read_to_string(summary).unwrap()
        ));
    }

    #[test]
    fn annotations_and_the_summary_name_the_row() {
        let (mut github, mut out) = (Github::default(), Vec::new());
        github.run(&mut out, &Arc::new(sample::rows())).unwrap();
        let annotation = "::error file=checkout.yaml,line=40,title=Checkout works › row 2 (sku%3A SKU-2)%3A Pay::body.status equals \"captured\": found \"pending\"\n";
        assert_eq!(String::from_utf8(out).unwrap(), annotation);
        let table = github.table.markdown(Ending { summary: Summary::default(), duration_ms: 1.0 });
        assert!(table.contains("| **row 2 (sku: SKU-2): Pay**: body.status equals"), "{table}");
    }

    #[test]
    fn a_file_is_named_as_the_repository_names_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("flows")).unwrap();
        let file = folder.path().join("flows/a.yaml");
        std::fs::write(&file, "").unwrap();
        let github = Github { repository: Some(folder.path().to_owned()), ..Github::default() };
        assert_eq!(github.in_repository(&file), Path::new("flows/a.yaml"));
        assert_eq!(Github::default().in_repository(Path::new("./flows/a.yaml")), Path::new("flows/a.yaml"));
    }

    #[test]
    fn no_text_ends_a_command_or_begins_another() {
        assert_eq!(data("a%\r\n::error::b"), "a%25\u{fffd}%0A::error::b");
        assert_eq!(property("a,b:c"), "a%2Cb%3Ac");
    }
}
