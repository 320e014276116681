//! An HTTP receiver that answers what a test says, and can hold its answer back.

use std::{
    sync::{Mutex, mpsc},
    time::Duration,
};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers::method};

/// A held answer goes out after this in any case, so that a failing test ends.
const LONGEST: Duration = Duration::from_secs(20);

pub(crate) struct Receiver(MockServer);

impl Receiver {
    pub(crate) async fn start() -> Self {
        Self(MockServer::start().await)
    }

    pub(crate) fn url(&self) -> String {
        format!("{}/hook", self.0.uri())
    }

    /// Answers with that from now on, and forgets what it got so far.
    pub(crate) async fn answers(&self, answer: impl Respond + 'static) {
        self.0.reset().await;
        Mock::given(method("POST")).respond_with(answer).mount(&self.0).await;
    }

    /// Holds every answer back from now on.
    pub(crate) async fn holds(&self, answer: ResponseTemplate) -> Held {
        let (arrived, arrivals) = unbounded_channel();
        let (release, released) = mpsc::channel();
        self.answers(Holding { answer, arrived, released: Mutex::new(released) }).await;
        Held { arrivals, release }
    }

    /// What it got since it was last told what to answer.
    pub(crate) async fn got(&self) -> Vec<Request> {
        self.0.received_requests().await.expect("requests are recorded")
    }

    /// The only request it got since.
    pub(crate) async fn got_one(&self) -> Request {
        let mut got = self.got().await;
        assert_eq!(got.len(), 1, "one request");
        got.remove(0)
    }
}

/// A receiver that has a request, and does not answer it yet.
pub(crate) struct Held {
    arrivals: UnboundedReceiver<Request>,
    release: mpsc::Sender<()>,
}

impl Held {
    pub(crate) async fn arrived(&mut self) -> Request {
        let arrived = tokio::time::timeout(LONGEST, self.arrivals.recv()).await;
        arrived.expect("a request arrives").expect("the receiver is there")
    }

    pub(crate) fn release(&self) {
        self.release.send(()).expect("the receiver is there");
    }
}

struct Holding {
    answer: ResponseTemplate,
    arrived: UnboundedSender<Request>,
    released: Mutex<mpsc::Receiver<()>>,
}

impl Respond for Holding {
    /// Blocks the receiver's own thread, which nobody else needs.
    fn respond(&self, request: &Request) -> ResponseTemplate {
        _ = self.arrived.send(request.clone());
        _ = self.released.lock().expect("no holder of this lock panics").recv_timeout(LONGEST);
        self.answer.clone()
    }
}
