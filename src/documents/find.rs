//! Finds the files that hold documents.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// Files as they were named, and the documents' files of folders in the order of their names.
pub(crate) fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in paths {
        let before = found.len();
        collect(path, &mut found).with_context(|| format!("cannot read {}", path.display()))?;
        if found.len() == before {
            bail!("there is no .yaml, .yml or .json file in {}", path.display());
        }
    }
    let mut seen = std::collections::HashSet::new();
    found.retain(|path| seen.insert(path.clone()));
    Ok(found)
}

/// A file that was named is taken whatever it is called; within folders only those that look like documents.
fn collect(path: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !path.metadata()?.is_dir() {
        found.push(path.to_owned());
        return Ok(());
    }
    let mut entries =
        path.read_dir()?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    entries.sort();
    for entry in entries {
        // A symbolic link to a folder is not followed: it could lead back here.
        let is_folder = entry.symlink_metadata()?.is_dir();
        if !is_hidden(&entry) && (is_folder || (is_document(&entry) && entry.is_file())) {
            collect(&entry, found)?;
        }
    }
    Ok(())
}

fn is_document(path: &Path) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| EXTENSIONS.contains(&extension))
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with('.'))
}
