//! Several runs at a time, told in order. A lane is a task that takes the next run when it has ended one. Lanes stay on
//! their thread, and so does who tells of them: to hand something from thread to thread costs as much as a request.

use std::{
    collections::BTreeMap,
    io,
    num::NonZeroUsize,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
};

use futures_util::{
    FutureExt,
    future::{join, join_all},
};
use tokio::{
    runtime,
    sync::{
        OwnedSemaphorePermit, Semaphore,
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    },
};
use tokio_util::sync::CancellationToken;

use super::{SetUps, Trial};
use crate::report::{Tested, is_good};

/// Lanes of one thread, if there are processors for more.
const FEW: usize = 16;
/// Runs that may have ended and not been told, for each lane.
const EARLY: usize = 32;

/// All collections once, then all of them again, as often as is asked for.
pub(crate) struct Series {
    pub(crate) trials: Vec<Trial>,
    pub(crate) repeat: u32,
    /// Whether a run that fails is the last to begin.
    pub(crate) fail_fast: bool,
    pub(crate) set_ups: SetUps,
    pub(crate) cancel: CancellationToken,
}

/// What became of one run.
pub(crate) enum Ended {
    /// It ran.
    Tested(Box<Tested>),
    /// It was not begun, for another had failed, or somebody wants an end of it.
    NotRun,
    /// A defect of ours.
    Panicked,
}

impl Series {
    /// Begins the first of them, so many at a time, and has them told; answers what comes of that.
    ///
    /// # Errors
    ///
    /// When the system has no thread for them.
    pub(crate) fn start<T, F>(
        self,
        lanes: usize,
        tell: impl FnOnce(InOrder) -> F + Send + 'static,
    ) -> io::Result<JoinHandle<T>>
    where
        T: Send + 'static,
        F: Future<Output = T>,
    {
        let lanes = lanes.min(self.total());
        let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let threads = lanes.div_ceil(FEW).min(processors);
        let (ended, arriving) = unbounded_channel();
        let shared = Arc::new(Lanes {
            series: self,
            next: AtomicUsize::new(0),
            enough: AtomicBool::new(false),
            room: Arc::new(Semaphore::new(lanes * EARLY)),
            ended,
        });
        for thread in 1..threads {
            let (shared, mine) = (Arc::clone(&shared), share(lanes, threads, thread));
            on_a_thread(move || shared.run(mine))?;
        }
        let runs = InOrder { arriving, early: BTreeMap::new(), next: 0 };
        on_a_thread(async move || join(tell(runs), shared.run(share(lanes, threads, 0))).await.0)
    }

    fn total(&self) -> usize {
        self.trials.len() * self.repeat as usize
    }

    /// Which run that is: the collection, and the repetition if there are several.
    fn number(&self, number: usize) -> (&Trial, Option<u32>) {
        let (repetition, trial) = (number / self.trials.len(), number % self.trials.len());
        (&self.trials[trial], (self.repeat > 1).then(|| repetition as u32 + 1))
    }
}

/// How many of the lanes are that thread's.
fn share(lanes: usize, threads: usize, thread: usize) -> usize {
    lanes / threads + usize::from(thread < lanes % threads)
}

fn on_a_thread<T, F>(what: impl FnOnce() -> F + Send + 'static) -> io::Result<JoinHandle<T>>
where
    T: Send + 'static,
    F: Future<Output = T>,
{
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new().name("lanes".into()).spawn(move || {
        let came_of_it = runtime.block_on(what());
        runtime.shutdown_background(); // a name server that does not answer is not waited for
        came_of_it
    })
}

/// What the lanes share.
struct Lanes {
    series: Series,
    /// The number of the run that begins next.
    next: AtomicUsize,
    /// Set when no other is to begin.
    enough: AtomicBool,
    /// A place for each run that has begun and was not told: what ends early waits in memory.
    room: Arc<Semaphore>,
    ended: UnboundedSender<Arrival>,
}

/// A run that has ended.
pub(crate) struct Arrival {
    number: usize,
    pub(crate) ended: Ended,
    /// To be kept until it is told.
    pub(crate) room: OwnedSemaphorePermit,
}

impl Lanes {
    /// So many lanes, to their end.
    async fn run(self: Arc<Self>, lanes: usize) {
        let lanes: Vec<_> = (0..lanes).map(|_| tokio::spawn(Arc::clone(&self).lane())).collect();
        join_all(lanes).await;
    }

    async fn lane(self: Arc<Self>) {
        while let Ok(room) = Arc::clone(&self.room).acquire_owned().await {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.series.total() {
                return;
            }
            let ended = AssertUnwindSafe(self.one(number)).catch_unwind().await.unwrap_or(Ended::Panicked);
            // Nobody listens when the report could not be written: then it is over.
            if self.ended.send(Arrival { number, ended, room }).is_err() {
                return;
            }
        }
    }

    async fn one(&self, number: usize) -> Ended {
        if self.enough.load(Ordering::Relaxed) || self.series.cancel.is_cancelled() {
            return Ended::NotRun;
        }
        let (trial, repetition) = self.series.number(number);
        let tested = trial.run(repetition, &self.series.set_ups, &self.series.cancel).await;
        if self.series.fail_fast && !is_good(tested.result.outcome) {
            self.enough.store(true, Ordering::Relaxed);
        }
        Ended::Tested(Box::new(tested))
    }
}

/// What has ended, in the order in which it began.
pub(crate) struct InOrder {
    arriving: UnboundedReceiver<Arrival>,
    early: BTreeMap<usize, Arrival>,
    /// The number of the run that is told next.
    next: usize,
}

impl InOrder {
    /// The next run, once it has ended; nothing after the last.
    pub(crate) async fn next(&mut self) -> Option<Arrival> {
        let arrival = loop {
            if let Some(arrival) = self.early.remove(&self.next) {
                break arrival;
            }
            let arrival = self.arriving.recv().await?;
            if arrival.number == self.next {
                break arrival;
            }
            self.early.insert(arrival.number, arrival);
        };
        self.next += 1;
        Some(arrival)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lane_is_some_threads_and_none_has_many_more_than_another() {
        for (lanes, threads) in [(1, 1), (16, 1), (17, 2), (50, 4), (7, 7)] {
            let shares: Vec<_> = (0..threads).map(|thread| share(lanes, threads, thread)).collect();
            assert_eq!(shares.iter().sum::<usize>(), lanes, "{shares:?}");
            assert!(shares.iter().max().unwrap() - shares.iter().min().unwrap() <= 1, "{shares:?}");
        }
    }

    #[tokio::test]
    async fn what_ends_early_waits_for_its_turn() {
        let (ended, arriving) = unbounded_channel();
        let rooms = Arc::new(Semaphore::new(3));
        for number in [2, 0, 1] {
            let ended_so = if number == 2 { Ended::Panicked } else { Ended::NotRun };
            let room = Arc::clone(&rooms).try_acquire_owned().unwrap();
            assert!(ended.send(Arrival { number, ended: ended_so, room }).is_ok());
        }
        drop(ended);
        let mut runs = InOrder { arriving, early: BTreeMap::new(), next: 0 };
        for free in [1, 2] {
            assert!(matches!(runs.next().await, Some(Arrival { ended: Ended::NotRun, .. })));
            assert_eq!(rooms.available_permits(), free, "what is told makes room");
        }
        assert!(matches!(runs.next().await, Some(Arrival { ended: Ended::Panicked, .. })));
        assert!(runs.next().await.is_none());
    }
}
