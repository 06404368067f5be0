//! Timers: an operation that completes after some time.

use super::undecodable;
use crate::deadline::Deadline;
use crate::engine::ops::{OpFailure, OpReply, Started};
use std::time::Duration;

/// Starts one. The argument is postcard: a `u64`, milliseconds.
pub(super) fn start(argument: &[u8]) -> Result<Started, OpFailure> {
    let Ok((milliseconds, [])) = postcard::take_from_bytes::<u64>(argument) else {
        return Err(undecodable("Timer"));
    };
    let time = Duration::from_millis(milliseconds);
    Ok(Started::Later(Box::pin(async move {
        Deadline::after(time).await;
        Ok(OpReply::default())
    })))
}
