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
