//! A roll call of the threads that run tasks: each answers itself, between two tasks, or hangs.

use smol::channel::{Receiver, Sender, bounded};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// Every thread that is asked.
#[derive(Debug, Default)]
pub struct Roll(Vec<(String, Sender<SyncSender<()>>)>);

/// What a thread answers from.
#[derive(Debug)]
pub struct Seat(Receiver<SyncSender<()>>);

impl Roll {
    /// A place for a thread of this name.
    pub fn seat(&mut self, name: &str) -> Seat {
        let (call, called) = bounded(1);
        self.0.push((name.to_owned(), call));
        Seat(called)
    }

    /// Has each thread answer until `deadline`, and blocks meanwhile.
    ///
    /// # Errors
    /// The name of the first that does not.
    pub fn call(&self, deadline: Instant) -> Result<(), &str> {
        for (name, call) in &self.0 {
            let (answer, answered) = sync_channel(1);
            // In place of an earlier call that was not answered.
            let called = call.force_send(answer);
            let left = deadline.saturating_duration_since(Instant::now());
            if called.is_err()
                || answered
                    .recv_timeout(left.max(Duration::from_millis(1)))
                    .is_err()
            {
                return Err(name);
            }
        }
        Ok(())
    }
}

impl Seat {
    /// Answers calls for as long as this is polled, on the thread that polls.
    pub async fn answer(&self) {
        while let Ok(call) = self.0.recv().await {
            // Who called may have given up.
            let _ = call.try_send(());
        }
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use futures_lite::future;

    #[test]
    fn a_thread_that_does_not_answer_is_named() {
        let mut roll = Roll::default();
        let (well, _hung) = (roll.seat("well"), roll.seat("hung"));
        let (running, stop) = bounded::<()>(1);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let stopped = async {
                    let _ = stop.recv().await;
                };
                smol::block_on(future::or(well.answer(), stopped));
            });
            // A machine under load may leave even the first no time.
            let soon = || Instant::now() + Duration::from_millis(50);
            while roll.call(soon()) != Err("hung") {}
            drop(running);
        });
        // One that has ended does not answer either.
        assert_eq!(roll.call(Instant::now()), Err("well"));
    }
}
