//! Files that a document names: read by the command line, and only inside the folder of the document, so that a
//! document from elsewhere cannot read what its user can.

use std::path::{Component, Path};

use domain::problem::Problem;
use serde_json::Value;

const LARGEST: u64 = 4 << 20;

/// The JSON in a file beside the document, or below it.
pub(super) fn json(document: &Path, name: &str) -> Result<Value, Problem> {
    let text = text(document, name)?;
    serde_json::from_str(&text).map_err(|error| Problem::error("", format!("`{name}` is not JSON: {error}")))
}

fn text(document: &Path, name: &str) -> Result<String, Problem> {
    let refused = |why: &str| {
        let problem = Problem::error("", format!("`{name}` {why}"));
        problem.help("write a path from the document's folder to a file in it, as in `./schemas/order.json`")
    };
    let inside = |part: Component<'_>| matches!(part, Component::CurDir | Component::Normal(_));
    if !Path::new(name).components().all(inside) {
        return Err(refused("leads out of the document's folder"));
    }
    let folder = document.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let found = |error: std::io::Error| refused(&format!("cannot be read: {error}"));
    let path = folder.join(name).canonicalize().map_err(found)?;
    // A link may lead anywhere.
    if !path.starts_with(folder.canonicalize().map_err(found)?) {
        return Err(refused("leads out of the document's folder"));
    }
    if path.metadata().map_err(found)?.len() > LARGEST {
        return Err(refused("is larger than 4 MiB"));
    }
    std::fs::read_to_string(path).map_err(found)
}
