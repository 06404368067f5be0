//! sled's flush, on a thread of its own.
//!
//! After a write that failed, sled can miss waking who waits for it: a buffer that is written when the last
//! reservation in it ends sets the error down and tells nobody. Whoever called would wait for ever, and so would
//! all who want to write. So somebody else waits here, and whoever called asks now and then whether sled has
//! failed.

use super::error::StoreError;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a flush may take before it is asked whether it will ever end, and between two questions.
const PATIENCE: Duration = Duration::from_secs(1);

type Flushed = Result<(), StoreError>;

/// The thread, and the way to it.
pub(super) struct Flusher {
    /// `None` only while it ends.
    ask: Option<Sender<()>>,
    done: Receiver<Flushed>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Flusher {
    /// Waits for the thread, so that what it holds is let go, unless its flush never ends.
    fn drop(&mut self) {
        drop(self.ask.take());
        if let Some(thread) = self.thread.take() {
            // A panic in it was told already.
            let _ = thread.join();
        }
    }
}

impl Flusher {
    /// Has `flush` called on a thread, each time that it is asked for. The thread ends with this, or with
    /// the flush that it is in.
    pub(super) fn start(flush: impl Fn() -> Flushed + Send + 'static) -> std::io::Result<Self> {
        let (ask, asked) = channel();
        let (tell, done) = channel();
        let thread = std::thread::Builder::new()
            .name("flush".to_owned())
            .spawn(
                move || {
                    while asked.recv().is_ok() && tell.send(flush()).is_ok() {}
                },
            )?;
        Ok(Self {
            ask: Some(ask),
            done,
            thread: Some(thread),
        })
    }

    /// Flushes. `failed` tells whether sled has failed, where the flush takes long; its answer is what is
    /// returned then, and this flusher is of no more use.
    ///
    /// # Errors
    /// What the flush says, or `failed`.
    pub(super) fn flush(&mut self, failed: impl Fn() -> Flushed) -> Flushed {
        let asked = self.ask.as_ref().is_some_and(|ask| ask.send(()).is_ok());
        if !asked || self.thread.is_none() {
            return Err(StoreError::Closed);
        }
        loop {
            match self.done.recv_timeout(PATIENCE) {
                Ok(flushed) => return flushed,
                Err(RecvTimeoutError::Timeout) => {
                    if let Err(error) = failed() {
                        // Nobody waits for a thread that may never end.
                        self.thread = None;
                        return Err(error);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return Err(StoreError::Closed),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};

    #[test]
    fn what_was_flushed_is_told() {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        let flusher = Flusher::start(move || match counted.fetch_add(1, Ordering::SeqCst) {
            2 => Err(StoreError::Closed),
            _ => Ok(()),
        });
        let mut flusher = flusher.unwrap();
        let never = || panic!("it takes no time");
        flusher.flush(never).unwrap();
        flusher.flush(never).unwrap();
        assert!(matches!(flusher.flush(never), Err(StoreError::Closed)));
        assert_eq!(count.load(Ordering::SeqCst), 3);
    }

    #[test]
    fn who_waits_for_what_never_ends_is_told_that_it_failed() {
        let ends = Arc::new(Mutex::new(()));
        let held = ends.lock().unwrap();
        let waiting = ends.clone();
        let flusher = Flusher::start(move || {
            drop(waiting.lock());
            Ok(())
        });
        let asked = AtomicUsize::new(0);
        // Slow is not failed.
        let flushed = flusher
            .unwrap()
            .flush(|| match asked.fetch_add(1, Ordering::SeqCst) {
                0 => Ok(()),
                _ => Err(StoreError::Broken("it failed".to_owned())),
            });
        assert!(matches!(flushed, Err(StoreError::Broken(_))));
        assert_eq!(asked.load(Ordering::SeqCst), 2);
        drop(held);
    }
}
