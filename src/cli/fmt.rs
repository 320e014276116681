//! `skopos fmt`: documents in one style.

use std::{
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;

use super::Exit;
use crate::{
    documents::find,
    formatting::{Refusal, format},
    terminal::{Style, render},
};

/// The arguments of `skopos fmt`.
#[derive(Debug, clap::Args)]
pub(super) struct Fmt {
    /// Files, and folders that are read whole (*.yaml, *.yml, *.json); `-` reads standard input and writes to standard
    /// output.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Write nothing; name what is not formatted, and exit 1 if there is any.
    #[arg(long)]
    check: bool,
}

impl Fmt {
    pub(super) fn run(&self) -> anyhow::Result<Exit> {
        if self.paths == [Path::new("-")] {
            return self.stream();
        }
        let (mut changed, mut refused) = (0, 0);
        for path in find::files(&self.paths)? {
            let text =
                std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            match format(&text) {
                Ok(written) if written == text => {}
                Ok(written) => {
                    changed += 1;
                    self.changed(&path, &written)?;
                }
                Err(refusal) => {
                    refused += 1;
                    tell(&path.display().to_string(), &text, &refusal)?;
                }
            }
        }
        Ok(self.exit(changed, refused))
    }

    fn stream(&self) -> anyhow::Result<Exit> {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
        match format(&text) {
            Ok(written) if self.check => {
                let same = written == text;
                if !same {
                    writeln!(io::stdout(), "standard input is not formatted")?;
                }
                Ok(self.exit(usize::from(!same), 0))
            }
            Ok(written) => {
                io::stdout().write_all(written.as_bytes())?;
                Ok(Exit::Success)
            }
            Err(refusal) => {
                tell("standard input", &text, &refusal)?;
                Ok(Exit::Invalid)
            }
        }
    }

    fn changed(&self, path: &Path, written: &str) -> anyhow::Result<()> {
        if self.check {
            writeln!(io::stdout(), "{} is not formatted", path.display())?;
        } else {
            std::fs::write(path, written).with_context(|| format!("cannot write {}", path.display()))?;
            writeln!(io::stdout(), "{} is formatted now", path.display())?;
        }
        Ok(())
    }

    fn exit(&self, changed: usize, refused: usize) -> Exit {
        match (refused, changed) {
            (1.., _) => Exit::Invalid,
            (0, 1..) if self.check => Exit::Failed,
            _ => Exit::Success,
        }
    }
}

fn tell(name: &str, text: &str, refusal: &Refusal) -> io::Result<()> {
    let (mut err, style) = (io::stderr().lock(), Style::of(&io::stderr()));
    match refusal {
        Refusal::Unreadable(problems) => {
            problems.iter().try_for_each(|problem| writeln!(err, "{}", render(name, text, problem, style)))
        }
        Refusal::Unsafe(why) => {
            writeln!(err, "{name}: {}: left as it is: {why}", style.yellow("warning"))
        }
    }
}
