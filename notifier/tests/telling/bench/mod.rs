//! What the tests stand on: a store in a temporary folder on a clock that is moved by hand, an in-process queue, a
//! notifier on a runtime of its own (so that it can crash), and an HTTP receiver.

mod receiver;

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    clock::{Clock, MockClock},
    document::{Channel, Environment},
    id::{CollectionId, IncidentId, MonitorId, NotificationId, RunId},
    incident::{Incident, IncidentLevel, IncidentState},
    notification::{DeliveryAttempt, Notice, Notification, NotificationKind},
};
use queue::{Destination, InProcess, Message, Published, Queue};
use serde_json::{Value, json};
use store::{
    SecretKey, Store, Topic,
    channels::SavedChannel,
    notifications::{self, NewNotification},
};
use tokio::{runtime::Runtime, task::JoinHandle};
use tokio_util::sync::CancellationToken;

pub(crate) use receiver::Receiver;

/// Nothing here takes longer, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Bench {
    pub(crate) receiver: Receiver,
    pub(crate) incident: IncidentId,
    began: DateTime<Utc>,
    store: Store,
    clock: MockClock,
    broker: InProcess,
    notifier: Option<Notifier>,
    /// The mail server's URL and root certificate.
    smtp: Option<(String, String)>,
    _folder: tempfile::TempDir,
}

struct Notifier {
    runtime: Runtime,
    working: JoinHandle<Result<(), notifier::Error>>,
    shutdown: CancellationToken,
}

impl Bench {
    /// A notifier that may reach loopback.
    pub(crate) async fn start() -> Self {
        Self::with("127.0.0.0/8").await
    }

    /// Loopback is denied, as it is by default in production.
    pub(crate) async fn strict() -> Self {
        Self::with("").await
    }

    async fn with(allow: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clock = MockClock::at(DateTime::from_timestamp(1_790_000_000, 0).expect("an instant"));
        let store = Store::open_sqlite(folder.path()).await.expect("a store");
        let store = store.with_clock(Arc::new(clock.clone()));
        let incident = incident(clock.now());
        let id = incident.id;
        store
            .write(move |conn| Box::pin(async move { store::incidents::open(conn, &incident).await }))
            .await
            .expect("an incident");
        let mut bench = Self {
            receiver: Receiver::start().await,
            incident: id,
            began: clock.now(),
            store,
            clock,
            broker: InProcess::default(),
            notifier: None,
            smtp: None,
            _folder: folder,
        };
        bench.queue().declare(&Destination::Notifications).await.expect("an in-process queue");
        bench.start_notifier(allow);
        bench
    }

    /// Another notifier, after a crash.
    pub(crate) fn start_notifier(&mut self, allow: &str) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let shutdown = CancellationToken::new();
        let outbound = serde_json::from_value(json!({ "allow": allow })).expect("CIDRs");
        let smtp =
            self.smtp.as_ref().map(|(url, ca)| notifier::Smtp::new(url, None, Some(ca.as_bytes())).unwrap());
        let working = runtime.spawn(notifier::run(
            self.store.clone(),
            self.queue(),
            outbound::Outbound::new(outbound),
            smtp,
            Arc::new(self.clock.clone()),
            notifier::Config::default(),
            shutdown.clone(),
        ));
        self.notifier = Some(Notifier { runtime, working, shutdown });
    }

    /// Drops every task of the notifier where it waits.
    pub(crate) fn crash(&mut self) {
        self.notifier.take().expect("a notifier").runtime.shutdown_background();
    }

    /// Another notifier, which has a mail server.
    pub(crate) fn mails_through(&mut self, url: String, ca: String) {
        self.crash();
        self.smtp = Some((url, ca));
        self.start_notifier("127.0.0.0/8");
    }

    /// Asks the notifier to stop and waits for it.
    pub(crate) async fn stop(&mut self) {
        let notifier = self.notifier.take().expect("a notifier");
        notifier.shutdown.cancel();
        let worked = tokio::time::timeout(PATIENCE, notifier.working).await.expect("the notifier stops");
        worked.expect("the notifier does not panic").expect("the notifier stops in order");
        notifier.runtime.shutdown_background();
    }

    /// Saves a webhook channel `hook` that leads to the receiver, with these keys over its own.
    pub(crate) async fn webhook(&self, keys: Value) {
        let mut channel = json!({ "id": "hook", "type": "webhook", "url": self.receiver.url() });
        channel.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
        self.channel(channel).await;
    }

    /// Saves a PagerDuty channel `hook` whose service is the receiver.
    pub(crate) async fn pagerduty(&self) {
        let channel = json!({
            "id": "hook", "type": "pagerduty", "routing_key": "0123456789abcdef0123456789abcdef",
            "api_url": self.receiver.url(),
        });
        self.channel(channel).await;
    }

    /// Saves an e-mail channel `hook` to these people.
    pub(crate) async fn email(&self, to: Value) {
        self.channel(json!({ "id": "hook", "type": "email", "to": to })).await;
    }

    /// Saves a Slack channel `hook`: a bot whose API is the receiver.
    pub(crate) async fn slack_bot(&self) {
        let channel = json!({
            "id": "hook", "type": "slack", "token": "xoxb-hunter22", "channel": "#oncall",
            "api_url": self.receiver.url(),
        });
        self.channel(channel).await;
    }

    /// Saves a monitor `shop` whose rules tell these channels, one rule each.
    pub(crate) async fn monitor(&self, rules: &[&[&str]]) {
        let alerts: Vec<_> = rules.iter().map(|channels| json!({ "channels": channels })).collect();
        let document = json!({
            "id": "shop", "schedule": { "every": "1m" }, "alerts": alerts,
            "steps": [{ "id": "a", "request": { "url": "https://example.com" } }],
        });
        let document: domain::document::Collection = serde_json::from_value(document).expect("a collection");
        let saved = self.store.write(move |conn| {
            Box::pin(async move {
                let now = store::now(conn).await?;
                store::collections::replace(conn, &document, now).await
            })
        });
        saved.await.expect("the monitor is saved");
    }

    pub(crate) async fn channel(&self, document: Value) {
        let document: Channel = serde_json::from_value(document).expect("a channel");
        let saved = self.store.write(move |conn| {
            Box::pin(async move {
                let now = store::now(conn).await?;
                store::channels::replace(conn, &document, now).await
            })
        });
        saved.await.expect("the channel is saved");
    }

    /// Saves an environment `production` with these secrets.
    pub(crate) async fn secrets(&self, secrets: Value) {
        self.sealed(secrets, self.store.secrets_key().clone()).await;
    }

    /// The same, sealed with that key.
    pub(crate) async fn sealed(&self, secrets: Value, key: SecretKey) {
        let document = json!({ "id": "production", "secrets": secrets });
        let document: Environment = serde_json::from_value(document).expect("an environment");
        let saved = self.store.write(move |conn| {
            Box::pin(async move {
                let now = store::now(conn).await?;
                store::environments::replace(conn, &document, &key, now).await
            })
        });
        saved.await.expect("the environment is saved");
    }

    pub(crate) async fn delete_channel(&self) {
        let slug = "hook".parse().unwrap();
        let deleted =
            self.store.write(move |conn| Box::pin(async move { store::channels::delete(conn, &slug).await }));
        assert!(deleted.await.expect("the channel is deleted"));
    }

    /// What a channel is told, in order.
    pub(crate) async fn told(&self, channel: &str) -> Vec<Notification> {
        let mut conn = self.store.read().await.unwrap();
        let page = store::Page::first(100);
        let mut all =
            notifications::of_channel(&mut conn, &channel.parse().unwrap(), page).await.unwrap().data;
        all.reverse();
        all
    }

    pub(crate) async fn attempts(&self, id: NotificationId) -> Vec<DeliveryAttempt> {
        notifications::attempts(&mut self.store.read().await.unwrap(), id).await.unwrap()
    }

    /// Inserts what somebody else would.
    pub(crate) async fn insert(&self, new: Vec<NewNotification>) -> Vec<NotificationId> {
        let inserted =
            self.store.write(move |conn| Box::pin(async move { notifications::insert(conn, &new).await }));
        inserted.await.expect("the notifications are inserted")
    }

    pub(crate) async fn saved_channel(&self) -> SavedChannel {
        let mut conn = self.store.read().await.unwrap();
        store::channels::get(&mut conn, &"hook".parse().unwrap()).await.unwrap().expect("a channel")
    }

    /// Inserts a notification to `hook`, as the recorder does.
    pub(crate) async fn happens(&self, kind: NotificationKind, sequence: u32) -> NotificationId {
        let now = self.clock.now();
        let id = NotificationId::random(now);
        let notice = Notice { opened_at: self.began, ..notice(self.incident, kind, now) };
        let new = NewNotification { id, channel: "hook".parse().unwrap(), sequence, notice };
        assert_eq!(self.insert(vec![new]).await, [id]);
        id
    }

    /// Publishes a message and waits until it has been handled.
    pub(crate) async fn wake(&self, id: NotificationId) {
        let mut handled = self.store.listen(Topic::Notifications);
        self.publish(id).await;
        tokio::time::timeout(PATIENCE, handled.heard()).await.expect("the message is handled");
    }

    /// Publishes a message.
    pub(crate) async fn publish(&self, notification_id: NotificationId) {
        let message = Message::SendNotification { notification_id };
        let published = self.queue().publish(&Destination::Notifications, &[message]).await;
        assert_eq!(published.expect("an in-process queue"), [Published::Confirmed]);
    }

    /// Waits until everything that was delivered is settled.
    pub(crate) async fn drained(&self) {
        tokio::time::timeout(PATIENCE, self.broker.drained()).await.expect("the messages are settled");
    }

    pub(crate) async fn get(&self, id: NotificationId) -> Notification {
        let found = notifications::get(&mut self.store.read().await.unwrap(), id).await.unwrap();
        found.expect("the notification is there")
    }

    /// What the scheduler's relay would publish now.
    pub(crate) async fn due(&self) -> Vec<NotificationId> {
        self.due_up_to(10).await
    }

    pub(crate) async fn due_up_to(&self, limit: u32) -> Vec<NotificationId> {
        let due = self.store.write(move |conn| {
            Box::pin(async move {
                let now = store::now(conn).await?;
                notifications::wake(conn, now, limit).await
            })
        });
        due.await.expect("the store answers")
    }

    /// What the scheduler's reaper does.
    pub(crate) async fn reap(&self) -> Vec<NotificationId> {
        let over = self.store.write(|conn| {
            Box::pin(async move {
                let now = store::now(conn).await?;
                notifications::reap(conn, now, 10).await
            })
        });
        over.await.expect("the store answers")
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub(crate) fn advance(&self, by: TimeDelta) {
        self.clock.advance(by);
    }

    fn queue(&self) -> Queue {
        Queue::InProcess(self.broker.clone())
    }
}

impl Drop for Bench {
    /// A runtime cannot be dropped inside another one.
    fn drop(&mut self) {
        if let Some(notifier) = self.notifier.take() {
            notifier.runtime.shutdown_background();
        }
    }
}

fn incident(at: DateTime<Utc>) -> Incident {
    Incident {
        id: IncidentId::random(at),
        monitor_id: Some(MonitorId::random(at)),
        monitor: "shop".parse().unwrap(),
        collection_id: Some(CollectionId::random(at)),
        collection: "checkout".parse().unwrap(),
        state: IncidentState::Open,
        severity: domain::document::AlertSeverity::Critical,
        level: IncidentLevel::Down,
        opened_by: RunId::random(at),
        reason: None,
        cause: None,
        opened_at: at,
        acknowledged_at: None,
        snoozed_until: None,
        resolved_at: None,
    }
}

pub(crate) fn notice(incident: IncidentId, kind: NotificationKind, now: DateTime<Utc>) -> Notice {
    let notice = json!({
        "incident": incident, "kind": kind, "severity": "critical",
        "monitor": "shop", "collection": "checkout", "collection_name": "Checkout works end to end",
        "location": "default", "opened_at": now, "occurred_at": now, "run": RunId::random(now),
        "reason": null, "step": [3, "Pay"], "assertion": null,
    });
    serde_json::from_value(notice).expect("a notice")
}
