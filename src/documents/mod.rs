//! The documents of files and folders, read and checked together. What is wrong with them is `domain`'s to say; this
//! is about files: finding them, and naming the place of a problem.

mod contents;
pub(crate) mod find;
#[cfg(test)]
mod tests;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;
use domain::{
    document::{Document, Known, Reading, check_together, read_text},
    problem::Problem,
};

use self::contents::Contents;
use crate::terminal::{Style, render};

/// A file that documents were read from.
#[derive(Debug)]
struct File {
    path: PathBuf,
    text: String,
}

/// Documents that were read together.
#[derive(Debug)]
pub(crate) struct Documents {
    files: Vec<File>,
    /// In the order of files and of the text within each.
    readings: Vec<Reading>,
    /// For each reading, the index of its file.
    sources: Vec<usize>,
}

impl Documents {
    /// Reads files, and folders whole, with what their documents name.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, or there is none. Invalid documents are no error: see [`Self::report`].
    pub(crate) fn read(paths: &[PathBuf]) -> anyhow::Result<Self> {
        let mut contents = Contents::default();
        let mut files = Vec::new();
        for path in find::files(paths)? {
            let text =
                std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let mut readings = read_text(&text);
            let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
            for reading in &mut readings {
                reading.read_files(|named| contents.read(folder, named));
                reading.embed_schemas(|name| contents.json(folder, name));
            }
            files.push((File { path, text }, readings));
        }
        // What a document names is none itself, whatever it is called.
        files.retain(|(file, _)| paths.contains(&file.path) || !contents.has(&file.path));
        let mut documents = Self { files: Vec::new(), readings: Vec::new(), sources: Vec::new() };
        for (file, readings) in files {
            documents.sources.extend(readings.iter().map(|_| documents.files.len()));
            documents.readings.extend(readings);
            documents.files.push(file);
        }
        Ok(documents)
    }

    /// Checks every document among the others and what is `known` besides.
    pub(crate) fn check(&mut self, known: &Known) {
        check_together(&mut self.readings, known);
    }

    /// Whether some document is refused.
    pub(crate) fn have_errors(&self) -> bool {
        self.readings.iter().any(Reading::has_errors)
    }

    /// How many files and documents there are.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.files.len(), self.readings.len())
    }

    /// The documents without errors, with the number that [`Self::place`] and [`Self::add`] know them by.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &Document)> {
        let readings = self.readings.iter().enumerate();
        readings.filter_map(|(number, reading)| Some((number, reading.document.as_ref()?)))
    }

    /// Where a document begins: `path:line`.
    pub(crate) fn place(&self, number: usize) -> String {
        format!("{}:{}", self.path(number).display(), self.readings[number].line)
    }

    /// The line of a part of a document, by its JSON pointer.
    pub(crate) fn line(&self, number: usize, pointer: &str) -> u32 {
        let reading = &self.readings[number];
        reading.line_of(pointer).unwrap_or(reading.line)
    }

    /// The file of a document.
    pub(crate) fn path(&self, number: usize) -> &Path {
        &self.files[self.sources[number]].path
    }

    /// Adds what somebody else found wrong with a document.
    pub(crate) fn add(&mut self, number: usize, problems: impl IntoIterator<Item = Problem>) {
        self.readings[number].add(problems);
    }

    /// Shows all problems of all documents, in the order of the text.
    pub(crate) fn report(&self, out: &mut impl Write, style: Style) -> io::Result<()> {
        for (reading, source) in self.readings.iter().zip(&self.sources) {
            let File { path, text } = &self.files[*source];
            for problem in &reading.problems {
                writeln!(out, "{}", render(&path.display().to_string(), text, problem, style))?;
            }
        }
        Ok(())
    }
}
