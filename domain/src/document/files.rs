//! Files that a document names. They are read by whoever has a file system, the command line; what a server gets holds
//! their contents.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};

use super::{Collection, Document, Part, PartOptions, Request};
use crate::problem::{Problem, pointer_token};

/// What a file holds, or why it cannot be read.
type Read<'r> = &'r mut dyn FnMut(&str) -> Result<Vec<u8>, String>;

/// Puts the contents of every file in place of its path.
pub(super) fn resolve(document: &mut Document, read: Read<'_>) -> Vec<Problem> {
    let Document::Collection(Collection { steps, defaults, .. }) = document else { return Vec::new() };
    let mut problems = Vec::new();
    for (index, step) in steps.iter_mut().enumerate() {
        let at = format!("/steps/{index}/request");
        let typed = has_content_type(&step.request.headers) || has_content_type(&defaults.headers);
        body(&at, &mut step.request, typed, read, &mut problems);
        parts(&at, &mut step.request, read, &mut problems);
    }
    problems
}

/// The pointers of all paths.
pub(super) fn places(document: &Document) -> Vec<String> {
    let Document::Collection(collection) = document else { return Vec::new() };
    let mut places = Vec::new();
    for (index, step) in collection.steps.iter().enumerate() {
        let at = format!("/steps/{index}/request");
        places.extend(step.request.file.is_some().then(|| format!("{at}/file")));
        for (name, named) in step.request.multipart.iter().flat_map(|multipart| &multipart.0) {
            for (inner, part) in named.each() {
                if matches!(part, Part::Options(options) if options.file.is_some()) {
                    places.push(format!("{at}/multipart/{}{inner}/file", pointer_token(name)));
                }
            }
        }
    }
    places
}

/// What is wrong with a path that nobody has read.
pub(crate) fn unread(pointer: String) -> Problem {
    Problem::error(pointer, "`file` is for the command line, which reads it")
        .help("send what is in the file as `base64`")
}

/// A body of its own has no place for its type but the header.
fn body(at: &str, request: &mut Request, typed: bool, read: Read<'_>, problems: &mut Vec<Problem>) {
    if request.bodies() != ["file"] {
        return; // Two bodies are told elsewhere.
    }
    let Some(path) = request.file.take() else { return };
    request.base64 = Some(contents(&format!("{at}/file"), &path, read, problems));
    if let Some(known) = content_type(&path).filter(|_| !typed) {
        request.headers.insert("Content-Type".to_owned(), known.into());
    }
}

fn parts(at: &str, request: &mut Request, read: Read<'_>, problems: &mut Vec<Problem>) {
    for (name, named) in request.multipart.iter_mut().flat_map(|multipart| &mut multipart.0) {
        for (inner, part) in named.each_mut() {
            let Part::Options(options) = part else { continue };
            if options.contents() == ["file"] {
                let at = format!("{at}/multipart/{}{inner}/file", pointer_token(name));
                part_from_file(&at, options, read, problems);
            }
        }
    }
}

fn part_from_file(at: &str, options: &mut PartOptions, read: Read<'_>, problems: &mut Vec<Problem>) {
    let Some(path) = options.file.take() else { return };
    options.base64 = Some(contents(at, &path, read, problems));
    if options.filename.is_none() {
        options.filename = path.rsplit(['/', '\\']).next().map(|name| name.replace("@{{", "@@{{"));
    }
    if options.content_type.is_none() {
        options.content_type = content_type(&path).map(str::to_owned);
    }
}

/// In Base64; nothing for a file that cannot be read, which is a problem.
fn contents(at: &str, path: &str, read: Read<'_>, problems: &mut Vec<Problem>) -> String {
    let read = match path.contains("@{{") {
        true => Err("the path of a file holds no references: it is read before anything runs".to_owned()),
        false => read(path),
    };
    read.map_or_else(
        |message| {
            problems.push(Problem::error(at, message));
            String::new()
        },
        |bytes| BASE64_STANDARD.encode(bytes),
    )
}

fn has_content_type(headers: &Map<String, Value>) -> bool {
    headers.keys().any(|name| name.eq_ignore_ascii_case("content-type"))
}

/// By the ending, for those that APIs take most (IANA media types); others are bytes.
fn content_type(path: &str) -> Option<&'static str> {
    let (_, ending) = path.rsplit_once('.')?;
    Some(match ending.to_ascii_lowercase().as_str() {
        "json" => "application/json",
        "xml" => "application/xml",
        "csv" => "text/csv",
        "txt" => "text/plain; charset=utf-8",
        "html" | "htm" => "text/html; charset=utf-8",
        "yaml" | "yml" => "application/yaml",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "gz" => "application/gzip",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "svg" => "image/svg+xml",
        "webp" => "image/webp",
        _ => return None,
    })
}
