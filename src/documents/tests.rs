use super::*;

const CHANNEL: &str = "{ kind: channel, version: 1, id: hook, type: webhook, url: https://example.com }";

/// A folder with these files in it.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

fn read(folder: &tempfile::TempDir) -> anyhow::Result<Documents> {
    Documents::read(&[folder.path().to_owned()])
}

/// The report, with the folder's name taken out.
fn report(documents: &Documents, folder: &tempfile::TempDir) -> String {
    let mut shown = Vec::new();
    documents.report(&mut shown, Style::Plain).unwrap();
    String::from_utf8(shown).unwrap().replace(folder.path().to_str().unwrap(), "folder")
}

#[test]
fn a_folder_is_read_whole_in_the_order_of_names() {
    let folder = folder(&[
        ("b.yml", &CHANNEL.replace("id: hook", "id: b")),
        (
            "a/deep.json",
            r#"{"kind":"channel","version":1,"id":"a","type":"webhook","url":"https://example.com"}"#,
        ),
        ("a/notes.txt", "not ours"),
        (".hidden.yaml", "not: ours"),
    ]);
    let documents = read(&folder).unwrap();
    let ids: Vec<_> = documents.iter().map(|(_, document)| document.id().as_str()).collect();
    assert_eq!((ids, documents.counts()), (vec!["a", "b"], (2, 2)));
}

#[test]
fn what_is_not_there_is_an_error_that_names_it() {
    let empty = tempfile::tempdir().unwrap();
    let message = format!("{:#}", read(&empty).unwrap_err());
    assert!(message.starts_with("there is no .yaml, .yml or .json file in "), "{message}");
    let missing = empty.path().join("missing.yaml");
    let message = format!("{:#}", Documents::read(&[missing]).unwrap_err());
    assert!(message.contains("missing.yaml: No such file"), "{message}");
}

#[test]
fn problems_of_all_files_are_shown_at_once() {
    let folder = folder(&[
        ("a.yaml", &CHANNEL.replace("version", "vresion")),
        ("b.yaml", &format!("{CHANNEL}\n---\nkind: chanel\nversion: 1\n")),
    ]);
    let mut documents = read(&folder).unwrap();
    documents.check(&Known::default());
    assert!(documents.have_errors());
    let report = report(&documents, &folder);
    assert!(report.contains("folder/a.yaml:1:") && report.contains("folder/b.yaml:3:7"), "{report}");
}

#[test]
fn the_same_id_twice_is_refused_where_it_stands_the_second_time() {
    let folder = folder(&[("a.yaml", CHANNEL), ("b.yaml", &format!("# a comment\n{CHANNEL}"))]);
    let mut documents = read(&folder).unwrap();
    documents.check(&Known::default());
    let report = report(&documents, &folder);
    assert!(report.contains("folder/b.yaml:2:"), "{report}");
    assert!(report.contains("there is another channel `hook`"), "{report}");
}

/// A collection whose only request has this body.
fn collection(body: &str) -> String {
    format!(
        "kind: collection\nversion: 1\nid: c\nsteps:\n- id: a\n  request:\n    method: POST\n    url: https://x.test/\n    {body}\n"
    )
}

fn request(documents: &Documents) -> domain::document::Request {
    match documents.iter().next() {
        Some((_, Document::Collection(collection))) => collection.steps[0].request.clone(),
        other => panic!("a valid collection, not {other:?}"),
    }
}

#[test]
fn files_beside_a_document_take_the_place_of_their_paths() {
    let folder = folder(&[
        ("flows/z.yaml", &collection("file: ./data/order.json")),
        ("flows/data/order.json", "{\"a\":1}"),
    ]);
    let mut documents = read(&folder).unwrap();
    documents.check(&Known::default());
    assert_eq!(report(&documents, &folder), "");
    let request = request(&documents);
    assert_eq!((request.file, request.base64.as_deref()), (None, Some("eyJhIjoxfQ==")));
    assert_eq!(request.headers["Content-Type"], "application/json");
    assert_eq!(documents.counts(), (1, 1), "what is sent is no document");
}

#[test]
fn files_of_parts_bring_their_name_and_type() {
    let body = "multipart: { note: hi, doc: [{ file: ./a.pdf }, { file: ./a.pdf, filename: b, content_type: x/y }] }";
    let folder = folder(&[("c.yaml", &collection(body)), ("a.pdf", "%PDF")]);
    let mut documents = read(&folder).unwrap();
    documents.check(&Known::default());
    assert_eq!(report(&documents, &folder), "");
    let parts = serde_json::to_value(request(&documents).multipart).unwrap();
    let part = |name: &str, kind: &str| serde_json::json!({ "base64": "JVBERg==", "filename": name, "content_type": kind });
    let expected =
        serde_json::json!({ "note": "hi", "doc": [part("a.pdf", "application/pdf"), part("b", "x/y")] });
    assert_eq!(parts, expected);
}

#[test]
fn a_document_reaches_no_file_outside_of_its_folder() {
    for (path, problem) in [
        ("../secret.txt", "`../secret.txt` is not in the folder of this document"),
        ("link.txt", "`link.txt` is not in the folder of this document"),
        ("missing.txt", "`missing.txt` cannot be read: No such file or directory"),
        (".", "`.` is not a file"),
        ("'@{{vars.x}}.txt'", "the path of a file holds no references"),
    ] {
        let folder = folder(&[("secret.txt", "s"), ("flows/a.yaml", &collection(&format!("file: {path}")))]);
        std::os::unix::fs::symlink(folder.path().join("secret.txt"), folder.path().join("flows/link.txt"))
            .unwrap();
        let mut documents = Documents::read(&[folder.path().join("flows")]).unwrap();
        documents.check(&Known::default());
        let report = report(&documents, &folder);
        assert!(report.contains(&format!("folder/flows/a.yaml:9:11: error: {problem}")), "{report}");
        assert_eq!(report.matches("error:").count(), 1, "{report}");
    }
    let folder = folder(&[("a.yaml", &collection("file: /etc/hostname"))]);
    let documents = read(&folder).unwrap();
    assert!(report(&documents, &folder).contains("`/etc/hostname` is not in the folder"));
}

const SCHEMA_USER: &str = "{ kind: collection, version: 1, id: a, steps: [ { id: get, request: { url: 'http://a.test' }, assert: [ { body: { schema: FILE } } ] } ] }";

#[test]
fn a_schema_file_is_read_from_the_folder_of_its_document() {
    let folder = folder(&[
        ("flows/a.yaml", &SCHEMA_USER.replace("FILE", "./schemas/order.json")),
        ("flows/schemas/order.json", r#"{ "type": "object" }"#),
    ]);
    let mut documents = Documents::read(&[folder.path().join("flows/a.yaml")]).unwrap();
    documents.check(&Known::default());
    assert_eq!(report(&documents, &folder), "");
    assert_eq!(read(&folder).unwrap().counts(), (1, 1), "a schema is no document");
    let (_, document) = documents.iter().next().unwrap();
    let value = domain::document::to_value(document);
    assert_eq!(value["steps"][0]["assert"][0]["body"]["schema"]["type"], "object");
}

#[test]
fn a_schema_file_elsewhere_or_none_is_refused_where_it_is_named() {
    for (file, why) in [
        ("../secret.json", "leads out of the document's folder"),
        ("/etc/passwd", "leads out of the document's folder"),
        ("link.json", "leads out of the document's folder"),
        ("gone.json", "No such file"),
        ("broken.json", "`broken.json` is not JSON"),
        ("no-schema.json", "not a usable JSON Schema"),
    ] {
        let folder = folder(&[
            ("secret.json", "{}"),
            ("flows/a.yaml", &SCHEMA_USER.replace("FILE", file)),
            ("flows/broken.json", "{"),
            ("flows/no-schema.json", r#"{ "type": "objekt" }"#),
        ]);
        let link = folder.path().join("flows/link.json");
        std::os::unix::fs::symlink(folder.path().join("secret.json"), link).unwrap();
        let mut documents = Documents::read(&[folder.path().join("flows/a.yaml")]).unwrap();
        documents.check(&Known::default());
        let report = report(&documents, &folder);
        assert!(report.contains(why) && report.contains("flows/a.yaml:1:"), "{file}: {report}");
    }
}

const ROWS_USER: &str = "{ kind: collection, version: 1, id: a, each: ./data/rows.csv, steps: [ { id: get, request: { url: 'http://a.test/@{{row.sku}}' } } ] }";

#[test]
fn rows_are_read_from_the_folder_of_their_document() {
    let folder = folder(&[
        ("flows/a.yaml", ROWS_USER),
        ("flows/data/rows.csv", "\u{feff}sku,n\r\nA,1\r\n\"B, b\",2\r\n"),
    ]);
    let mut documents = read(&folder).unwrap();
    documents.check(&Known::default());
    assert_eq!(report(&documents, &folder), "");
    let (_, document) = documents.iter().next().unwrap();
    let rows = serde_json::json!([{ "sku": "A", "n": "1" }, { "sku": "B, b", "n": "2" }]);
    assert_eq!(domain::document::to_value(document)["each"], rows, "this is what is applied");
}

#[test]
fn rows_that_cannot_be_read_are_one_problem_where_they_are_named() {
    for (csv, path, why) in [
        ("sku\nA\n", "../rows.csv", "`../rows.csv` cannot be read: No such file"),
        ("sku\nA\n", "gone.csv", "`gone.csv` cannot be read: No such file"),
        (
            "sku\nA,B\n",
            "rows.csv",
            "`rows.csv` is not the CSV of rows: line 2: it has 2 values, and the first line names 1 column",
        ),
        ("sku,sku\nA,B\n", "rows.csv", "line 1, column 2: another column is called `sku`"),
        ("id\nA\n", "rows.csv", "no row of `each` has `sku`"),
    ] {
        let folder =
            folder(&[("flows/a.yaml", &ROWS_USER.replace("./data/rows.csv", path)), ("flows/rows.csv", csv)]);
        let mut documents = Documents::read(&[folder.path().join("flows/a.yaml")]).unwrap();
        documents.check(&Known::default());
        let report = report(&documents, &folder);
        assert!(report.contains(why) && report.contains("folder/flows/a.yaml:1:"), "{path}: {report}");
        assert_eq!(report.matches("error:").count(), 1, "{report}");
    }
}
