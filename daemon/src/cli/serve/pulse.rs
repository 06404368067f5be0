//! Feeding a supervisor's watchdog: each time only after the daemon was seen to serve.

use crate::notify::{Notifier, State};
use async_io::Timer;
use futures_lite::future;
use std::time::{Duration, Instant};

/// Why the daemon is not well.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unwell {
    /// Something did not happen in time.
    #[error("{what} did not answer within {patience_ms} ms")]
    Late {
        /// What.
        what: String,
        /// In which time.
        patience_ms: u128,
    },
    /// The request to itself was answered wrongly.
    #[error("a request to itself failed: {reason}")]
    Failed {
        /// How.
        reason: String,
    },
}

/// Waits for `work`, but not longer than until `deadline`.
pub(super) async fn within<T>(
    patience: Duration,
    deadline: Instant,
    what: &str,
    work: impl Future<Output = T>,
) -> Result<T, Unwell> {
    let late = async {
        Timer::at(deadline).await;
        Err(Unwell::Late {
            what: what.to_owned(),
            patience_ms: patience.as_millis(),
        })
    };
    future::or(async { Ok(work.await) }, late).await
}

/// Feeds the watchdog at half of its time, for as long as `ask` says that the daemon is well; without a
/// watchdog, does nothing for ever. `ask` is given a quarter of that time, and asked again after it.
pub(super) async fn keep(
    notifier: &Notifier,
    serving: &str,
    ask: impl AsyncFn(Duration) -> Result<(), Unwell>,
) {
    let Some(period) = notifier.watchdog() else {
        return future::pending().await;
    };
    let mut was_well = true;
    loop {
        let begun = Instant::now();
        let asked = ask(period / 4).await;
        let is_well = asked.is_ok();
        let told = match asked {
            Ok(()) if was_well => notifier.tell(&[State::Watchdog]),
            Ok(()) => {
                log::warn!(target: "cli", "the daemon is well again");
                notifier.tell(&[State::Watchdog, State::Status(serving)])
            }
            Err(unwell) => {
                log::error!(target: "cli", "the watchdog is not fed: {unwell}");
                notifier.tell(&[State::Status(&format!("not well: {unwell}"))])
            }
        };
        if let Err(error) = told {
            log::warn!(target: "cli", "the supervisor cannot be told: {error}");
        }
        was_well = is_well;
        let next = if is_well { period / 2 } else { period / 4 };
        Timer::at(begun + next).await;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::roll::Roll;
    use super::*;
    use std::cell::Cell;

    #[test]
    fn a_thread_that_does_not_answer_is_named() {
        let mut roll = Roll::default();
        let (well, _hung) = (roll.seat("well"), roll.seat("hung"));
        let asked = async {
            let begun = Instant::now();
            let patience = Duration::from_millis(5);
            for (name, call) in roll.calls() {
                within(patience, begun + patience, name, call).await?;
            }
            Ok(())
        };
        let asked: Result<(), Unwell> = smol::block_on(future::or(asked, async {
            well.answer().await;
            Ok(())
        }));
        let error = asked.unwrap_err().to_string();
        assert_eq!(error, "hung did not answer within 5 ms");
    }

    #[test]
    fn a_daemon_that_is_not_well_does_not_feed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let socket = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
        let notifier = Notifier::at(&path, Duration::from_millis(20));
        let asked = Cell::new(0);
        let unwell = || Unwell::Failed {
            reason: "for a test".to_owned(),
        };
        let ask = async |_| {
            let times = asked.replace(asked.get() + 1);
            match times {
                0 | 3 => Ok(()),
                1 | 2 => Err(unwell()),
                _ => future::pending().await,
            }
        };
        let enough = async {
            while asked.get() < 5 {
                future::yield_now().await;
            }
        };
        smol::block_on(future::or(keep(&notifier, "serving", ask), enough));
        let told: Vec<String> = (0..4)
            .map(|_| {
                let mut bytes = [0; 256];
                let len = socket.recv(&mut bytes).unwrap();
                String::from_utf8(bytes[..len].to_vec()).unwrap()
            })
            .collect();
        let not_well = "STATUS=not well: a request to itself failed: for a test\n";
        let well_again = "WATCHDOG=1\nSTATUS=serving\n";
        assert_eq!(told, ["WATCHDOG=1\n", not_well, not_well, well_again]);
    }
}
