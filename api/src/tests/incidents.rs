//! `/v1/incidents`.

use domain::{
    document::AlertSeverity,
    id::{IncidentId, NotificationId, RunId},
    incident::{Incident, IncidentState},
    notification::{Notice, NotificationKind, Subject},
    outcome::{Reason, ReasonCode},
};
use serde_json::json;
use store::{
    incidents,
    notifications::{self, NewNotification},
};

use super::{Client, collections::ping};

/// Something is down, and the channel is to hear of it.
async fn given_incident(client: &Client) -> IncidentId {
    client.given("/v1/channels/hook", json!({ "type": "webhook", "url": "https://example.com/hook" })).await;
    client.given("/v1/collections/search", ping("search")).await;
    let monitor = json!({
        "collections": ["search"],
        "schedule": { "every": "1m" },
        "alerts": [{ "channels": ["hook"] }],
    });
    client.given("/v1/monitors/m", monitor).await;
    let now = client.now();
    let run = client.press("/v1/monitors/m/run").await.json();
    let run: RunId = run["data"][0]["id"].as_str().unwrap().parse().unwrap();
    let id = IncidentId::random(now);
    client
        .store
        .write(move |conn| {
            Box::pin(async move {
                let started = store::runs::get(conn, run).await?.unwrap();
                let incident = incident(id, &started, now);
                incidents::open(conn, &incident).await?;
                let notification = NewNotification {
                    id: NotificationId::random(now),
                    channel: "hook".parse().unwrap(),
                    sequence: 0,
                    notice: notice(&incident),
                };
                notifications::insert(conn, &[notification]).await
            })
        })
        .await
        .unwrap();
    id
}

fn incident(id: IncidentId, run: &domain::run::Run, at: chrono::DateTime<chrono::Utc>) -> Incident {
    let monitor = run.monitor.clone().unwrap();
    Incident {
        id,
        monitor_id: Some(monitor.id),
        monitor: monitor.slug,
        collection_id: Some(run.collection.id),
        collection: run.collection.slug.clone(),
        state: IncidentState::Open,
        severity: AlertSeverity::Error,
        opened_by: run.id,
        reason: Some(Reason::new(ReasonCode::BadStatus, "the answer is 500").at_step("ping")),
        opened_at: at,
        acknowledged_at: None,
        resolved_at: None,
    }
}

fn notice(incident: &Incident) -> Notice {
    Notice {
        subject: Subject::Incident,
        incident: incident.id,
        kind: NotificationKind::Opened,
        severity: incident.severity,
        monitor: incident.monitor.clone(),
        collection: incident.collection.clone(),
        collection_name: "Search".to_owned(),
        location: "default".parse().unwrap(),
        opened_at: incident.opened_at,
        occurred_at: incident.opened_at,
        run: incident.opened_by,
        reason: incident.reason.clone(),
        step: Some((1, "ping".to_owned())),
        assertion: None,
    }
}

#[tokio::test]
async fn an_incident_shows_whom_it_was_told() {
    let client = Client::new().await;
    let id = given_incident(&client).await;
    insta::assert_json_snapshot!(client.get(&format!("/v1/incidents/{id}")).await.body());
}

#[tokio::test]
async fn incidents_are_filtered_by_everything_that_is_said() {
    let client = Client::new().await;
    let id = given_incident(&client).await.to_string();
    for query in ["", "?state=open", "?monitor=m&collection=search&state=open"] {
        assert_eq!(client.get(&format!("/v1/incidents{query}")).await.ids(), [id.as_str()], "{query}");
    }
    for query in ["?state=resolved", "?monitor=other", "?collection=other"] {
        assert!(client.get(&format!("/v1/incidents{query}")).await.ids().is_empty(), "{query}");
    }
}

#[tokio::test]
async fn an_incident_that_is_not_there_is_not_found() {
    let client = Client::new().await;
    let id = IncidentId::random(client.now());
    assert_eq!(client.get(&format!("/v1/incidents/{id}")).await.refusal(), (404, "not_found".to_owned()));
}
