//! Which connection is served next: the one that has taken least time.
//!
//! # Implementation
//!
//! Connections are tasks in a queue of their own, in the order of clocks that go on by the time each
//! takes, as the engine's scheduler does with fuel ([`crate::engine`]). Those that have not had an answer of
//! a Worker yet share one clock: who opens thousands has them served as one. So a connection that asks
//! now and then is served at once, however many others have something to say. As many tasks of the
//! executor as there are cores take turns at the queue.

use async_executor::Executor;
use async_task::{Builder, Runnable};
use futures_lite::future;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Weak};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

/// What one that was away may be behind the others, in nanoseconds.
const BURST: u64 = 100_000;
/// What a stranger pays in advance: about what the first look at a connection takes.
const ADVANCE: u64 = 20_000;
/// How long the queue is served before other tasks of the executor have their turn.
const SERVING: Duration = Duration::from_micros(100);

/// The queue. Connections that are there when it is dropped go on to their ends.
pub struct Desk(Arc<Shared>);

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    /// The clock of all strangers.
    strangers: AtomicU64,
    is_closed: AtomicBool,
    connections: AtomicUsize,
}

#[derive(Default)]
struct Queue {
    /// The clock of who was served last, and never less than before.
    now: u64,
    arrivals: u64,
    tasks: BTreeMap<(u64, u64), Runnable<Arc<Standing>>>,
    /// Those that wait for something to serve.
    idle: Vec<Waker>,
}

/// What a connection is known for.
#[derive(Debug, Default)]
pub struct Standing {
    is_known: AtomicBool,
    clock: AtomicU64,
}

impl Standing {
    /// It has had an answer of a Worker: from now on it has a clock of its own.
    pub fn known(&self) {
        self.is_known.store(true, Relaxed);
    }
}

impl Desk {
    /// A queue that is served on `executor` by so many at the same time.
    pub fn new(executor: &Executor<'static>, servers: usize) -> Self {
        let shared = Arc::new(Shared::default());
        for _ in 0..servers.max(1) {
            executor.spawn(serve(shared.clone())).detach();
        }
        Self(shared)
    }

    /// Serves a connection to its end.
    pub fn spawn<F: Future<Output = ()> + Send + 'static>(
        &self,
        connection: impl FnOnce(Arc<Standing>) -> F,
    ) {
        let standing = Arc::new(Standing::default());
        self.0.connections.fetch_add(1, Relaxed);
        let counted = Counted(self.0.clone());
        let connection = connection(standing.clone());
        let connection = async move {
            let _counted = counted;
            connection.await;
        };
        let shared = Arc::downgrade(&self.0);
        let schedule = move |task| arrive(&shared, task);
        let builder = Builder::new().metadata(standing);
        let (task, handle) = builder.spawn(|_| connection, schedule);
        handle.detach();
        task.schedule();
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.0.is_closed.store(true, Relaxed);
        self.0.wake();
    }
}

/// A connection that is there.
struct Counted(Arc<Shared>);

impl Drop for Counted {
    fn drop(&mut self) {
        let was_last = self.0.connections.fetch_sub(1, Relaxed) == 1;
        if was_last && self.0.is_closed.load(Relaxed) {
            self.0.wake();
        }
    }
}

/// A connection has something to do.
fn arrive(shared: &Weak<Shared>, task: Runnable<Arc<Standing>>) {
    let Some(shared) = shared.upgrade() else {
        // Nobody is left who would serve it. It is not dropped here: who wakes may hold a lock that the
        // end of a connection asks for.
        std::mem::forget(task);
        return;
    };
    let woken = {
        let mut queue = shared.queue.lock();
        let earliest = queue.now.saturating_sub(BURST);
        let standing = task.metadata();
        let clock = if standing.is_known.load(Relaxed) {
            let clock = standing.clock.load(Relaxed).max(earliest);
            standing.clock.store(clock, Relaxed);
            clock
        } else {
            let clock = shared.strangers.load(Relaxed).max(earliest);
            shared.strangers.store(clock + ADVANCE, Relaxed);
            clock
        };
        queue.arrivals += 1;
        let key = (clock, queue.arrivals);
        queue.tasks.insert(key, task);
        queue.idle.pop()
    };
    if let Some(waker) = woken {
        waker.wake();
    }
}

async fn serve(shared: Arc<Shared>) {
    while !shared.is_over() {
        let begun = Instant::now();
        let mut at = begun;
        while let Some(task) = shared.next() {
            let standing = task.metadata().clone();
            let was_known = standing.is_known.load(Relaxed);
            task.run();
            let now = Instant::now();
            shared.charge(&standing, was_known, now - at);
            at = now;
            if now - begun >= SERVING {
                break;
            }
        }
        if at > begun {
            future::yield_now().await;
        } else {
            shared.something().await;
        }
    }
}

impl Shared {
    fn next(&self) -> Option<Runnable<Arc<Standing>>> {
        let mut queue = self.queue.lock();
        let ((clock, _), task) = queue.tasks.pop_first()?;
        queue.now = queue.now.max(clock);
        Some(task)
    }

    /// Whether nothing comes any more.
    fn is_over(&self) -> bool {
        self.is_closed.load(Relaxed) && self.connections.load(Relaxed) == 0
    }

    fn wake(&self) {
        let idle = std::mem::take(&mut self.queue.lock().idle);
        idle.into_iter().for_each(Waker::wake);
    }

    /// One that was served took so long.
    fn charge(&self, standing: &Standing, was_known: bool, time: Duration) {
        let took = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        if was_known {
            standing.clock.fetch_add(took, Relaxed);
        } else {
            let more = took.saturating_sub(ADVANCE);
            let clock = self.strangers.fetch_add(more, Relaxed);
            standing.clock.store(clock, Relaxed);
        }
    }

    /// Waits until there may be something to serve.
    async fn something(&self) {
        let mut is_listed = false;
        poll_fn(|cx| {
            if is_listed || self.is_over() {
                return Poll::Ready(());
            }
            let mut queue = self.queue.lock();
            if !queue.tasks.is_empty() {
                return Poll::Ready(());
            }
            is_listed = true;
            queue.idle.push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A queue that nobody serves, with connections that always have something to say.
    struct Stage {
        desk: Desk,
        /// Who was served.
        told: Vec<usize>,
        named: Vec<Arc<Standing>>,
    }

    impl Stage {
        fn new() -> Self {
            Self {
                desk: Desk(Arc::default()),
                told: Vec::new(),
                named: Vec::new(),
            }
        }

        fn talks(&mut self, is_known: bool) {
            let named = &mut self.named;
            self.desk.spawn(|standing| {
                if is_known {
                    standing.known();
                }
                named.push(standing);
                async {
                    loop {
                        future::yield_now().await;
                    }
                }
            });
        }

        /// Serves the next, who takes so long for it.
        fn serve(&mut self, takes: impl Fn(usize) -> Duration) {
            let task = self.desk.0.next().expect("somebody has something to say");
            let standing = task.metadata().clone();
            let name = self.named.iter().position(|it| Arc::ptr_eq(it, &standing));
            let name = name.expect("it has a name");
            self.told.push(name);
            let was_known = standing.is_known.load(Relaxed);
            // Charged first, for it has something to say again at once.
            self.desk.0.charge(&standing, was_known, takes(name));
            task.run();
        }

        fn count(&self, name: usize) -> usize {
            self.told.iter().filter(|told| **told == name).count()
        }
    }

    #[test]
    fn all_have_the_same_time_and_who_takes_little_is_served_more_often() {
        let mut stage = Stage::new();
        (0..4).for_each(|_| stage.talks(true));
        for _ in 0..1000 {
            stage.serve(|name| Duration::from_micros(if name == 0 { 10 } else { 100 }));
        }
        assert!(stage.count(0) > 700, "{}", stage.count(0));
        assert!(stage.count(1).abs_diff(stage.count(2)) <= 1);
    }

    #[test]
    fn who_was_away_comes_before_those_who_were_not() {
        let mut stage = Stage::new();
        (0..8).for_each(|_| stage.talks(true));
        for _ in 0..100 {
            stage.serve(|_| Duration::from_micros(300));
        }
        stage.talks(true);
        stage.serve(|_| Duration::from_micros(300));
        assert_eq!(stage.told.last(), Some(&8));
        // Its arrears are used up.
        stage.serve(|_| Duration::from_micros(300));
        assert_ne!(stage.told.last(), Some(&8));
    }

    #[test]
    fn strangers_are_served_as_one() {
        let mut stage = Stage::new();
        stage.talks(true);
        (0..100).for_each(|_| stage.talks(false));
        for _ in 0..1000 {
            stage.serve(|_| Duration::from_micros(50));
        }
        let known = stage.count(0);
        assert!((450..=550).contains(&known), "{known}");
    }

    #[test]
    fn all_are_served_by_several_threads_to_their_ends() {
        let executor = Arc::new(Executor::new());
        let desk = Desk::new(&executor, 4);
        let done = Arc::new(AtomicUsize::new(0));
        let (go, goes) = smol::channel::bounded::<()>(1);
        for _ in 0..100 {
            let (done, goes) = (done.clone(), goes.clone());
            desk.spawn(|_| async move {
                for _ in 0..100 {
                    future::yield_now().await;
                }
                done.fetch_add(1, Relaxed);
                let _ = goes.recv().await;
                done.fetch_add(1, Relaxed);
            });
        }
        let (stop, stopped) = smol::channel::bounded::<()>(1);
        let shared = Arc::downgrade(&desk.0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                let (executor, stopped) = (executor.clone(), stopped.clone());
                scope.spawn(move || {
                    let _ = async_io::block_on(executor.run(stopped.recv()));
                });
            }
            let until = |count| {
                while done.load(Relaxed) < count {
                    std::thread::yield_now();
                }
            };
            until(100);
            drop(desk);
            drop(go);
            until(200);
            // Those who serve end with the last one.
            while shared.strong_count() > 0 {
                std::thread::yield_now();
            }
            drop(stop);
        });
    }
}
