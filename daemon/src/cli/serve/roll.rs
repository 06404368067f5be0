//! A roll call of the threads that run tasks: each answers itself, between two tasks, or hangs.

use smol::channel::{Receiver, Sender, bounded};

/// Every thread that is asked.
#[derive(Debug, Default)]
pub struct Roll(Vec<(String, Sender<Sender<()>>)>);

/// What a thread answers from.
#[derive(Debug)]
pub struct Seat(Receiver<Sender<()>>);

impl Roll {
    /// A place for a thread of this name.
    pub fn seat(&mut self, name: &str) -> Seat {
        let (call, called) = bounded(1);
        self.0.push((name.to_owned(), call));
        Seat(called)
    }

    /// The names of the threads and a future each, which is ready when the thread has answered.
    pub fn calls(&self) -> impl Iterator<Item = (&str, impl Future<Output = ()>)> {
        self.0.iter().map(|(name, call)| {
            let answered = async move {
                let (answer, answered) = bounded(1);
                // A call that was not answered yet is waited for first. A thread that has ended
                // does not answer.
                let called = call.send(answer).await;
                if called.is_err() || answered.recv().await.is_err() {
                    std::future::pending::<()>().await;
                }
            };
            (name.as_str(), answered)
        })
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
