//! `--reporter FORMAT[=FILE]`: which reports are asked for, and where each goes.

use std::{path::PathBuf, str::FromStr};

use clap::ValueEnum;

/// How runs are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A tree for people.
    Pretty,
    /// One object for other programs.
    Json,
    /// JUnit XML.
    Junit,
    /// TAP version 14.
    Tap,
    /// Annotations of a GitHub workflow, and the summary of its step.
    Github,
}

impl Format {
    /// Whether something else beside it on the same stream would break it.
    fn stands_alone(self) -> bool {
        matches!(self, Self::Json | Self::Junit | Self::Tap)
    }
}

/// One report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) format: Format,
    /// Standard output where there is none.
    pub(crate) file: Option<PathBuf>,
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = text.split_once('=').map_or((text, None), |(name, file)| (name, Some(file)));
        let Ok(format) = Format::from_str(name, false) else {
            let names: Vec<_> =
                Format::value_variants().iter().filter_map(Format::to_possible_value).collect();
            let names: Vec<_> = names.iter().map(clap::builder::PossibleValue::get_name).collect();
            let meant = domain::problem::nearest(name, names.iter().copied());
            let help = meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
            return Err(format!("expected one of {}{help}", names.join(", ")));
        };
        if file == Some("") {
            return Err(format!("a file is missing after `{name}=`"));
        }
        Ok(Self { format, file: file.map(PathBuf::from) })
    }
}

/// What was asked for, and the tree for people besides when nothing else speaks to them.
///
/// # Errors
///
/// In one sentence, when two of them cannot share standard output.
pub(crate) fn check(mut choices: Vec<Choice>) -> Result<Vec<Choice>, String> {
    let on_stdout: Vec<_> =
        choices.iter().filter(|choice| choice.file.is_none()).map(|choice| choice.format).collect();
    if on_stdout.is_empty() {
        choices.insert(0, Choice { format: Format::Pretty, file: None });
    }
    match on_stdout.iter().find(|format| format.stands_alone()) {
        Some(alone) if on_stdout.len() > 1 => {
            let name = alone.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
            Err(format!(
                "`--reporter {name}` cannot share standard output; write one of them to a file: `{name}=FILE`"
            ))
        }
        _ => Ok(choices),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(words: &[&str]) -> Result<Vec<String>, String> {
        let choices = words.iter().map(|word| word.parse()).collect::<Result<_, _>>()?;
        let shown = |choice: Choice| match choice.file {
            Some(file) => format!("{:?} {}", choice.format, file.display()),
            None => format!("{:?}", choice.format),
        };
        check(choices).map(|choices| choices.into_iter().map(shown).collect())
    }

    #[test]
    fn people_are_told_unless_another_report_takes_the_stream() {
        assert_eq!(chosen(&[]).unwrap(), ["Pretty"]);
        assert_eq!(chosen(&["junit=a/b.xml"]).unwrap(), ["Pretty", "Junit a/b.xml"]);
        assert_eq!(chosen(&["tap"]).unwrap(), ["Tap"]);
        assert_eq!(
            chosen(&["pretty", "github", "json=r.json"]).unwrap(),
            ["Pretty", "Github", "Json r.json"]
        );
    }

    #[test]
    fn what_cannot_be_is_said() {
        for (words, why) in [
            (&["jnuit"][..], "did you mean `junit`?"),
            (&["json="], "a file is missing after `json=`"),
            (&["json", "pretty"], "`json=FILE`"),
            (&["github", "tap"], "`tap=FILE`"),
        ] {
            let message = chosen(words).unwrap_err();
            assert!(message.contains(why), "{message}");
        }
    }
}
