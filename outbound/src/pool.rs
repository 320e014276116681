//! The connections that a run keeps: one per origin and way of being connected, for requests come one at a time.

use bytes::Bytes;
use domain::exchange::Connection;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use url::{Position, Url};

use crate::{
    Shared,
    answer::Answer,
    connect::connect,
    failure::Problem,
    link::{Link, Unanswered},
    trace::Trace,
};

#[derive(Default)]
#[expect(clippy::vec_box, reason = "a connection goes from hand to hand as it is")]
pub(crate) struct Pool(Vec<Box<Link>>);

impl Pool {
    /// Sends a request, on a connection that is there or on a new one, up to the headers of the answer. The answer has
    /// the connection until it is given back.
    pub(crate) async fn send(
        &mut self,
        shared: &Shared,
        connection: &Connection,
        url: &Url,
        mut request: Request<Full<Bytes>>,
        trace: &mut Trace,
    ) -> Result<Answer, Problem> {
        if let Some(mut link) = self.take(connection, &url[..Position::BeforePath])
            && link.resume(trace).await
        {
            match link.send(url, request).await {
                Err(Unanswered::Unsent(unsent, _)) => request = *unsent,
                answered => return self.settle(answered, link),
            }
        }
        // On the heap: a handshake's state is large, and whoever waits for it would be moved around with it.
        let mut link = Box::pin(connect(shared, connection, url, trace)).await?;
        let answered = link.send(url, request).await;
        self.settle(answered, link)
    }

    fn settle(
        &mut self,
        answered: Result<Response<Incoming>, Unanswered>,
        link: Box<Link>,
    ) -> Result<Answer, Problem> {
        match answered {
            Ok(answer) => Ok(Answer::new(answer, link)),
            Err(Unanswered::Failed(problem) | Unanswered::Unsent(_, problem)) => {
                if link.survives() {
                    self.0.push(link);
                }
                Err(problem)
            }
        }
    }

    fn take(&mut self, connection: &Connection, origin: &str) -> Option<Box<Link>> {
        let found = self.0.iter().position(|link| link.serves(connection, origin))?;
        Some(self.0.swap_remove(found))
    }

    /// Keeps the connection of an answer that has come to its end.
    pub(crate) fn keep(&mut self, answer: Answer) {
        self.0.push(answer.into_link());
    }
}
