//! The start page.

use super::Client;

#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere_and_runs_nothing_inline() {
    let client = Client::new().await;
    let page = client.get("/").await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{policy}");
    assert!(policy.contains("connect-src 'self' http://127.0.0.1:8090;"), "{policy}");
    assert!(page.text.contains(r#"<meta name="demo" content="http://127.0.0.1:8090">"#));
    assert!(!page.text.contains("{{") && !page.text.contains(" style=") && !page.text.contains("<script>"));

    assert_eq!(client.get("/runs/run_0").await.text, page.text);
    for (_, rest) in page.text.match_indices("=\"/assets/").map(|(at, _)| page.text.split_at(at + 2)) {
        let path = rest.split('"').next().unwrap();
        let asset = client.get(path).await;
        assert_eq!(asset.status, 200, "{path}");
        assert_eq!(asset.header("x-content-type-options"), "nosniff", "{path}");
    }
}

/// Every module that a module imports is served, as JavaScript, and puts no data into markup.
#[tokio::test]
async fn the_scripts_import_what_is_served_and_write_text_only() {
    let client = Client::new().await;
    let mut names = vec!["app.js".to_owned()];
    let mut seen = 0;
    while let Some(name) = names.get(seen).cloned() {
        seen += 1;
        let script = client.get(&format!("/assets/{name}")).await;
        assert_eq!(script.header("content-type"), "text/javascript; charset=utf-8", "{name}");
        for markup in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
            assert!(!script.text.contains(markup), "{name}: {markup}");
        }
        for (at, _) in script.text.match_indices("from \"./") {
            let imported = script.text[at + 8..].split('"').next().unwrap().to_owned();
            if !names.contains(&imported) {
                names.push(imported);
            }
        }
    }
    assert_eq!(seen, 4);
}
