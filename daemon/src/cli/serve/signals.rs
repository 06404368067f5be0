//! Signals as something to await: each arrives as a byte in a pipe of its own.

use async_io::Async;
use futures_lite::{AsyncReadExt, future};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::os::unix::net::UnixStream;

/// What the operator wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// SIGTERM or SIGINT.
    Stop,
    /// SIGHUP.
    Reload,
}

/// The signals of this process.
pub(super) struct Signals {
    stop: Async<UnixStream>,
    reload: Async<UnixStream>,
}

impl Signals {
    /// Takes the signals over from their default actions.
    pub(super) fn install() -> std::io::Result<Self> {
        let (stop, term) = UnixStream::pair()?;
        let int = term.try_clone()?;
        let (reload, hup) = UnixStream::pair()?;
        signal_hook::low_level::pipe::register(SIGTERM, term)?;
        signal_hook::low_level::pipe::register(SIGINT, int)?;
        signal_hook::low_level::pipe::register(SIGHUP, hup)?;
        Ok(Self {
            stop: Async::new(stop)?,
            reload: Async::new(reload)?,
        })
    }

    /// The next signal. Several reloads may come as one.
    pub(super) async fn next(&self) -> Signal {
        let stop = async {
            // One byte, so that a second signal is seen as a second.
            if (&self.stop).read(&mut [0; 1]).await.unwrap_or(0) == 0 {
                future::pending::<()>().await;
            }
            Signal::Stop
        };
        let reload = async {
            if (&self.reload).read(&mut [0; 64]).await.unwrap_or(0) == 0 {
                future::pending::<()>().await;
            }
            Signal::Reload
        };
        future::or(stop, reload).await
    }
}
