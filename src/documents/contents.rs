//! Reads the files that a document names: beside it or below, and nowhere else, so that a document from somebody else
//! cannot send what is none of its business.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

/// Bytes of one file, at most; a document holds it in Base64.
const MAX_FILE: u64 = 4 << 20;

/// The files that documents have named.
#[derive(Debug, Default)]
pub(super) struct Contents(HashSet<PathBuf>);

impl Contents {
    /// What the file holds that a document in `folder` names.
    pub(super) fn read(&mut self, folder: &Path, path: &str) -> Result<Vec<u8>, String> {
        let (found, bytes) = read(folder, path)?;
        self.0.insert(found);
        Ok(bytes)
    }

    /// Whether some document has named it.
    pub(super) fn has(&self, path: &Path) -> bool {
        path.canonicalize().is_ok_and(|path| self.0.contains(&path))
    }
}

fn read(folder: &Path, path: &str) -> Result<(PathBuf, Vec<u8>), String> {
    let found = folder.join(path).canonicalize();
    let found = found.map_err(|error| format!("`{path}` cannot be read: {error}"))?;
    // Links are followed by now, so that one cannot lead out.
    let home = folder.canonicalize().map_err(|error| format!("`{path}` cannot be read: {error}"))?;
    if Path::new(path).is_absolute() || !found.starts_with(home) {
        return Err(format!("`{path}` is not in the folder of this document, where its files have to be"));
    }
    match fs::metadata(&found) {
        Ok(about) if !about.is_file() => Err(format!("`{path}` is not a file")),
        Ok(about) if about.len() > MAX_FILE => Err(format!("`{path}` is larger than {} MiB", MAX_FILE >> 20)),
        _ => match fs::read(&found) {
            Ok(bytes) => Ok((found, bytes)),
            Err(error) => Err(format!("`{path}` cannot be read: {error}")),
        },
    }
}
