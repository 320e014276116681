//! Files that a document names. They are read by whoever has a file system, the command line; what a server gets holds
//! their contents.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};

use super::{Collection, Document, Each, Part, PartOptions, Request, each};
use crate::problem::{Problem, pointer_token};

/// What a file holds, or why it cannot be read.
type Read<'r> = &'r mut dyn FnMut(&str) -> Result<Vec<u8>, String>;

/// Puts the contents of every file in place of its path.
pub(super) fn resolve(document: &mut Document, read: Read<'_>) -> Vec<Problem> {
    let Document::Collection(Collection { steps, defaults, each, .. }) = document else { return Vec::new() };
    let mut problems = Vec::new();
    if let Some(each) = each {
        rows(each, read, &mut problems);
    }
    for (index, step) in steps.iter_mut().enumerate() {
        let at = format!("/steps/{index}/request");
        let typed = has_content_type(&step.request.headers) || has_content_type(&defaults.headers);
        body(&at, &mut step.request, typed, read, &mut problems);
        parts(&at, &mut step.request, read, &mut problems);
    }
    problems
}

/// What is wrong with every path, for nobody will read it.
pub(super) fn all_unread(document: &Document) -> Vec<Problem> {
    let Document::Collection(collection) = document else { return Vec::new() };
    let mut problems: Vec<_> = collection.each.as_ref().and_then(unread_rows).into_iter().collect();
    problems.extend(places(collection).into_iter().map(unread));
    problems
}

/// The pointers of all paths of bodies and parts.
fn places(collection: &Collection) -> Vec<String> {
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

/// The same for the path of a file of rows.
pub(crate) fn unread_rows(each: &Each) -> Option<Problem> {
    let Each::File(_) = each else { return None };
    let problem = Problem::error("/each", "the path of a file is for the command line, which reads it");
    Some(problem.help("send the rows that are in the file: `[{ \"sku\": \"A\" }]`"))
}

fn rows(each: &mut Each, read: Read<'_>, problems: &mut Vec<Problem>) {
    let Each::File(path) = each else { return };
    let read = named(path, read).and_then(|bytes| {
        each::from_csv(&bytes).map_err(|why| format!("`{path}` is not the CSV of rows: {why}"))
    });
    *each = read.map_or_else(
        |message| {
            problems.push(Problem::error("/each", message));
            Each::Unreadable
        },
        Each::Rows,
    );
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
    named(path, read).map_or_else(
        |message| {
            problems.push(Problem::error(at, message));
            String::new()
        },
        |bytes| BASE64_STANDARD.encode(bytes),
    )
}

fn named(path: &str, read: Read<'_>) -> Result<Vec<u8>, String> {
    if path.contains("@{{") {
        return Err("the path of a file holds no references: it is read before anything runs".to_owned());
    }
    read(path)
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
