//! Time: what the host says it is, and waiting.

use crate::error::Result;
use crate::host;
use crate::runtime::ops::Op;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use postern_abi::OpKind;

/// A point in time, as the host tells it. It stands still while an event is handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(i64);

impl Date {
    /// The time of the event that is being handled.
    pub fn now() -> Self {
        Self(host::now())
    }

    /// Milliseconds since 1970.
    pub fn as_millis(self) -> u64 {
        u64::try_from(self.0).unwrap_or(0)
    }
}

/// A future that is ready after some time: `Delay::from(Duration::from_millis(20)).await`.
/// The time runs from the first poll.
#[must_use = "a delay does nothing unless it is awaited"]
pub struct Delay {
    millis: u64,
    wait: Option<Pin<alloc::boxed::Box<dyn Future<Output = Result<()>>>>>,
}

impl From<Duration> for Delay {
    fn from(duration: Duration) -> Self {
        let millis = duration.as_nanos().div_ceil(1_000_000);
        Self {
            millis: u64::try_from(millis).unwrap_or(u64::MAX),
            wait: None,
        }
    }
}

impl Future for Delay {
    type Output = Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let millis = this.millis;
        this.wait
            .get_or_insert_with(|| {
                alloc::boxed::Box::pin(async move {
                    let argument = postcard::to_allocvec(&millis)?;
                    Op::start(OpKind::Timer, &argument)?.finish().await?;
                    Ok(())
                })
            })
            .as_mut()
            .poll(cx)
    }
}
