//! One connection for wake-ups, from LISTEN until it is lost. Each schema has channels of its own, so installations
//! that share a database do not wake each other. NOTIFY goes out on the same connection, never in a transaction of
//! the store's: PostgreSQL takes one lock for all commits that notify, and runs must not queue for it.

use std::{convert::Infallible, error::Error as _, pin::pin, time::Duration};

use futures_util::{StreamExt, future, stream};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use tokio_postgres::{AsyncMessage, Client, Config, Error, NoTls, SimpleQueryMessage};

use super::{Counters, Topic};

/// Between two NOTIFY of one topic; what is said in between is said as one.
const PAUSE: Duration = Duration::from_millis(100);
/// After a NOTIFY that the server refused, which it does when its queue is full: it needs time to get empty.
const REFUSED: Duration = Duration::from_secs(1);
/// How long the server may take to answer.
const ANSWER: Duration = Duration::from_secs(10);
const SILENT: &str = "PostgreSQL does not answer";

/// What a store has said of one topic, and how much of that has gone out. Outlives the connection.
pub(super) struct Owed {
    topic: Topic,
    said: watch::Receiver<u64>,
    sent: u64,
}

impl Owed {
    pub(super) fn new(topic: Topic, said: watch::Receiver<u64>) -> Self {
        Self { topic, said, sent: 0 }
    }

    /// Waits for something that has not gone out.
    async fn news(&mut self) -> u64 {
        match self.said.wait_for(|said| *said > self.sent).await.map(|said| *said) {
            Ok(said) => said,
            // The store has gone, and is about to end this task.
            Err(_) => future::pending().await,
        }
    }
}

/// What a connection needs to know.
pub(super) struct Session<'a> {
    pub(super) config: &'a Config,
    pub(super) heard: &'a Counters,
    /// Tells our own NOTIFY, which come back, from those of others.
    pub(super) store: &'a str,
}

impl Session<'_> {
    /// Connects, calls `ready` when it hears, and goes on until the connection is lost; answers why.
    pub(super) async fn hold(&self, owed: &mut [Owed; 3], ready: impl FnOnce()) -> String {
        let connected = timeout(ANSWER, self.config.connect(NoTls)).await;
        let (client, mut connection) = match connected {
            Ok(Ok(connected)) => connected,
            Ok(Err(error)) => return text(&error),
            Err(_) => return SILENT.to_owned(),
        };
        let mut messages = pin!(stream::poll_fn(|cx| connection.poll_message(cx)));
        let hear = async {
            while let Some(message) = messages.next().await {
                match message {
                    Ok(message) => self.hear(&message),
                    Err(error) => return text(&error),
                }
            }
            "PostgreSQL closed the connection".to_owned()
        };
        let tell = async {
            match self.tell(&client, owed, ready).await {
                Ok(never) => match never {},
                Err(why) => why,
            }
        };
        // What the server says on closing is better to know than that it has closed.
        tokio::select! { biased; why = hear => why, why = tell => why }
    }

    /// Wakes who listens in this process, and says nothing to others: that would go round for ever.
    fn hear(&self, message: &AsyncMessage) {
        let AsyncMessage::Notification(notification) = message else { return };
        if notification.payload() == self.store {
            return;
        }
        let named = notification.channel().split('_').nth(1);
        if let Some(topic) = Topic::ALL.into_iter().find(|topic| named == Some(topic.name())) {
            self.heard.count(topic);
        }
    }

    async fn tell(
        &self,
        client: &Client,
        owed: &mut [Owed; 3],
        ready: impl FnOnce(),
    ) -> Result<Infallible, String> {
        let schema = schema(client).await?;
        for topic in Topic::ALL {
            execute(client, &format!("LISTEN {}", channel(topic, &schema))).await?;
        }
        ready();
        // Nobody knows what was said before we heard.
        Topic::ALL.into_iter().for_each(|topic| self.heard.count(topic));
        let lanes = owed.iter_mut().map(|owed| self.say(client, owed, &schema));
        let (ended, ..) = future::select_all(lanes.map(Box::pin)).await;
        ended
    }

    /// Sends what there is to say of one topic: at once, and then with pauses.
    async fn say(&self, client: &Client, owed: &mut Owed, schema: &str) -> Result<Infallible, String> {
        let notify = format!("NOTIFY {}, '{}'", channel(owed.topic, schema), self.store);
        loop {
            let said = owed.news().await;
            match timeout(ANSWER, client.batch_execute(&notify)).await {
                Ok(Ok(())) => {
                    owed.sent = said;
                    sleep(PAUSE).await;
                }
                Ok(Err(error)) if error.as_db_error().is_some() && !client.is_closed() => {
                    tracing::debug!(
                        error = text(&error),
                        topic = owed.topic.name(),
                        "a wake-up was not sent; it is sent again"
                    );
                    sleep(REFUSED).await;
                }
                Ok(Err(error)) => return Err(text(&error)),
                Err(_) => return Err(SILENT.to_owned()),
            }
        }
    }
}

/// Names have at most 63 bytes, and a schema's may have all of them.
fn channel(topic: Topic, schema: &str) -> String {
    format!("skopos_{}_{schema}", topic.name())
}

/// What stands for the schema in the names of channels.
async fn schema(client: &Client) -> Result<String, String> {
    let query = "SELECT left(encode(sha256(convert_to(coalesce(current_schema(), ''), 'UTF8')), 'hex'), 16)";
    let rows = answer(client.simple_query(query)).await?;
    let name = rows.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    name.map(str::to_owned).ok_or_else(|| "PostgreSQL does not say what the schema is".to_owned())
}

async fn execute(client: &Client, statement: &str) -> Result<(), String> {
    answer(client.batch_execute(statement)).await
}

async fn answer<T>(asked: impl Future<Output = Result<T, Error>>) -> Result<T, String> {
    match timeout(ANSWER, asked).await {
        Ok(answer) => answer.map_err(|error| text(&error)),
        Err(_) => Err(SILENT.to_owned()),
    }
}

fn text(error: &Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}
