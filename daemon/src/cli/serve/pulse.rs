//! Feeding a supervisor's watchdog: each time only after the daemon was seen to serve.
//!
//! Who looks is a thread of its own that shares nothing with those it looks at, no timer either: it can still
//! say what hangs.

use super::ServeError;
use crate::notify::{Notifier, State};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Bytes of the thread's stack; it translates the daemon's own Worker, too.
const STACK: usize = 512 << 10;

/// Why the daemon is not well.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unwell {
    /// A thread did not come round in time.
    #[error("{thread} did not answer within {patience_ms} ms")]
    Late {
        /// Which.
        thread: String,
        /// In which time.
        patience_ms: u128,
    },
    /// The request to itself was not answered, or wrongly.
    #[error("a request to itself failed: {reason}")]
    Failed {
        /// How.
        reason: String,
    },
}

/// The thread that looks. It ends with [`Pulse::end`].
pub(super) struct Pulse {
    running: Option<SyncSender<()>>,
    thread: JoinHandle<()>,
}

impl Pulse {
    /// Feeds the watchdog at half of its time, for as long as `ask` says that the daemon is well; `None`
    /// where there is no watchdog. `ask` may take a quarter of that time, and is asked again after it.
    pub fn begin(
        notifier: &Arc<Notifier>,
        serving: &str,
        ask: impl Fn(Duration) -> Result<(), Unwell> + Send + 'static,
    ) -> Result<Option<Self>, ServeError> {
        let Some(period) = notifier.watchdog() else {
            return Ok(None);
        };
        let (running, stop) = sync_channel(0);
        let (notifier, serving) = (notifier.clone(), serving.to_owned());
        let thread = std::thread::Builder::new()
            .name("watchdog".to_owned())
            .stack_size(STACK)
            .spawn(move || keep(&notifier, &serving, period, &stop, ask))
            .map_err(|error| ServeError::System {
                what: "a thread for the watchdog",
                error,
            })?;
        let running = Some(running);
        Ok(Some(Self { running, thread }))
    }

    /// Has it say nothing more: nobody asks whether an end is well.
    pub fn hush(&mut self) {
        self.running = None;
    }

    /// Ends it; blocks while it looks.
    pub fn end(mut self) {
        self.hush();
        // A panic in it was told already.
        let _ = self.thread.join();
    }
}

fn keep(
    notifier: &Notifier,
    serving: &str,
    period: Duration,
    stop: &Receiver<()>,
    ask: impl Fn(Duration) -> Result<(), Unwell>,
) {
    let mut was_well = true;
    loop {
        let begun = Instant::now();
        let asked = ask(period / 4);
        let is_well = asked.is_ok();
        // What is asked while the daemon stops says nothing.
        if stop.try_recv() == Err(TryRecvError::Disconnected) {
            return;
        }
        let told = match asked {
            Ok(()) if was_well => notifier.tell(&[State::Watchdog]),
            Ok(()) => {
                log::warn!("the daemon is well again");
                notifier.tell(&[State::Watchdog, State::Status(serving)])
            }
            Err(unwell) => {
                log::error!("the watchdog is not fed: {unwell}");
                notifier.tell(&[State::Status(&format!("not well: {unwell}"))])
            }
        };
        if let Err(error) = told {
            log::warn!("the supervisor cannot be told: {error}");
        }
        was_well = is_well;
        let next = if is_well { period / 2 } else { period / 4 };
        let left = next.saturating_sub(begun.elapsed());
        if stop.recv_timeout(left) != Err(RecvTimeoutError::Timeout) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn a_daemon_that_is_not_well_does_not_feed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let socket = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
        let notifier = Arc::new(Notifier::at(&path, Duration::from_millis(20)));
        let asked = AtomicU32::new(0);
        let ask = move |_| match asked.fetch_add(1, Ordering::Relaxed) {
            1 | 2 => Err(Unwell::Failed {
                reason: "for a test".to_owned(),
            }),
            _ => Ok(()),
        };
        let pulse = Pulse::begin(&notifier, "serving", ask).unwrap().unwrap();
        let told: Vec<String> = (0..5)
            .map(|_| {
                let mut bytes = [0; 256];
                let len = socket.recv(&mut bytes).unwrap();
                String::from_utf8(bytes[..len].to_vec()).unwrap()
            })
            .collect();
        pulse.end();
        let not_well = "STATUS=not well: a request to itself failed: for a test\n";
        let well_again = "WATCHDOG=1\nSTATUS=serving\n";
        let fed = "WATCHDOG=1\n";
        assert_eq!(told, [fed, not_well, not_well, well_again, fed]);
    }
}
