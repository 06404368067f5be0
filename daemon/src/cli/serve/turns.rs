//! What a thread for Workers does: connections for a moment, bindings for a moment, then a slice of a guest,
//! then what the system has to tell, over and over.
//!
//! # Implementation
//!
//! Three executors, for a queue of all would make whoever has a slot wait behind every connection that
//! has something to say, and a client behind all that tenants have bindings do, and the other way round. The reactor is asked after each round, because nobody
//! else may: a thread that would has to be given the core first, for which the system lets it wait
//! several milliseconds while this one is busy.

use async_executor::Executor;
use futures_lite::future;
use std::time::{Duration, Instant};

/// How long connections are served, and then bindings, before it is a guest's turn.
const SERVING: Duration = Duration::from_micros(100);
/// How long guests have then, at least; a slice that has begun goes to its end.
const RUNNING: Duration = Duration::from_micros(50);

/// Runs tasks of all executors, never to end.
pub(super) async fn work(
    connections: &Executor<'static>,
    tasks: &Executor<'static>,
    guests: &Executor<'static>,
) {
    loop {
        let heard = for_a_while(connections, SERVING);
        let served = for_a_while(tasks, SERVING);
        let ran = for_a_while(guests, RUNNING);
        if heard || served || ran {
            // Comes back at once, by way of the reactor.
            future::yield_now().await;
        } else {
            future::or(connections.tick(), future::or(tasks.tick(), guests.tick())).await;
        }
    }
}

/// Whether there was anything to do.
fn for_a_while(executor: &Executor<'static>, time: Duration) -> bool {
    if !executor.try_tick() {
        return false;
    }
    let begun = Instant::now();
    while begun.elapsed() < time && executor.try_tick() {}
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    /// A task that is never done, and counts how often it was its turn.
    fn busy(executor: &Executor<'static>) -> Arc<AtomicUsize> {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        let work = async move {
            loop {
                counted.fetch_add(1, Ordering::Relaxed);
                future::yield_now().await;
            }
        };
        executor.spawn(work).detach();
        count
    }

    #[test]
    fn none_keeps_the_others_or_the_reactor_waiting() {
        let [connections, tasks, guests] = [const { Executor::new() }; 3];
        let counts = [busy(&connections), busy(&tasks), busy(&guests)];
        let told = Arc::new(AtomicBool::new(false));
        let tell = told.clone();
        let (here, there) = std::os::unix::net::UnixStream::pair().expect("a pair of sockets");
        let here = async_io::Async::new(here).expect("a socket that the reactor watches");
        let hears = async move {
            here.readable().await.expect("it becomes readable");
            tell.store(true, Ordering::Relaxed);
        };
        tasks.spawn(hears).detach();
        std::io::Write::write_all(&mut &there, b"!").expect("the socket is open");
        let until = async {
            let all = || {
                counts
                    .iter()
                    .all(|count| count.load(Ordering::Relaxed) > 1000)
            };
            while !all() || !told.load(Ordering::Relaxed) {
                future::yield_now().await;
            }
        };
        async_io::block_on(future::or(until, work(&connections, &tasks, &guests)));
    }

    #[test]
    fn one_that_rests_wakes_for_any() {
        let [connections, tasks, guests] = [const { Executor::new() }; 3];
        for executor in [&connections, &tasks, &guests] {
            let (sender, receiver) = smol::channel::bounded(1);
            let task = executor.spawn(async move { receiver.recv().await });
            let thread = std::thread::spawn(move || sender.send_blocking(7));
            let heard = async_io::block_on(future::or(async { Some(task.await) }, async {
                work(&connections, &tasks, &guests).await;
                None
            }));
            assert_eq!(heard, Some(Ok(7)));
            assert!(thread.join().is_ok());
        }
    }
}
