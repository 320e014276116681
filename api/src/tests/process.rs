//! `/healthz`, `/readyz`.

use serde_json::json;

use super::Client;

#[tokio::test]
async fn a_process_with_its_database_is_alive_and_ready() {
    let client = Client::new().await;
    for path in ["/healthz", "/readyz"] {
        let reply = client.get(path).await;
        assert_eq!(
            (reply.status.as_u16(), reply.json()),
            (200, json!({ "status": "ok", "version": "0.0.0" }))
        );
    }
}
