//! Reads the files that a document names: beside it or below, and nowhere else, so that a document from somebody else
//! cannot send what is none of its business.

use std::{
    collections::HashSet,
    fs, io,
    path::{Component, Path, PathBuf},
};

use domain::problem::Problem;
use serde_json::Value;

/// Bytes of one file, at most; a document holds it in Base64, or as the schema that it is.
const MAX_FILE: u64 = 4 << 20;

/// The files that documents have named: none of them is a document itself.
#[derive(Debug, Default)]
pub(super) struct Contents(HashSet<PathBuf>);

/// Why a file is not read.
enum Refused {
    Outside,
    NotAFile,
    TooLarge,
    Unreadable(io::Error),
}

impl Contents {
    /// What the file holds that a document in `folder` names.
    pub(super) fn read(&mut self, folder: &Path, path: &str) -> Result<Vec<u8>, String> {
        self.take(folder, path).map_err(|refused| match refused {
            Refused::Outside => {
                format!("`{path}` is not in the folder of this document, where its files have to be")
            }
            Refused::NotAFile => format!("`{path}` is not a file"),
            Refused::TooLarge => format!("`{path}` is larger than {} MiB", MAX_FILE >> 20),
            Refused::Unreadable(error) => format!("`{path}` cannot be read: {error}"),
        })
    }

    /// The JSON in the file that a document in `folder` names.
    pub(super) fn json(&mut self, folder: &Path, name: &str) -> Result<Value, Problem> {
        let refused = |why: &str| {
            let problem = Problem::error("", format!("`{name}` {why}"));
            problem
                .help("write a path from the document's folder to a file in it, as in `./schemas/order.json`")
        };
        // Also a way out that comes back, or to what is not there.
        let leaves = Path::new(name).components().any(|part| part == Component::ParentDir);
        let bytes = if leaves { Err(Refused::Outside) } else { self.take(folder, name) };
        let bytes = bytes.map_err(|why| match why {
            Refused::Outside => refused("leads out of the document's folder"),
            Refused::NotAFile => refused("is not a file"),
            Refused::TooLarge => refused(&format!("is larger than {} MiB", MAX_FILE >> 20)),
            Refused::Unreadable(error) => refused(&format!("cannot be read: {error}")),
        })?;
        serde_json::from_slice(&bytes)
            .map_err(|error| Problem::error("", format!("`{name}` is not JSON: {error}")))
    }

    /// Whether some document has named it.
    pub(super) fn has(&self, path: &Path) -> bool {
        path.canonicalize().is_ok_and(|path| self.0.contains(&path))
    }

    fn take(&mut self, folder: &Path, path: &str) -> Result<Vec<u8>, Refused> {
        if Path::new(path).is_absolute() {
            return Err(Refused::Outside);
        }
        let found = folder.join(path).canonicalize().map_err(Refused::Unreadable)?;
        // Links are followed by now, so that one cannot lead out.
        if !found.starts_with(folder.canonicalize().map_err(Refused::Unreadable)?) {
            return Err(Refused::Outside);
        }
        let about = fs::metadata(&found).map_err(Refused::Unreadable)?;
        if !about.is_file() {
            return Err(Refused::NotAFile);
        }
        if about.len() > MAX_FILE {
            return Err(Refused::TooLarge);
        }
        let bytes = fs::read(&found).map_err(Refused::Unreadable)?;
        self.0.insert(found);
        Ok(bytes)
    }
}
