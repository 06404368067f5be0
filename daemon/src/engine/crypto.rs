//! Web Crypto for guests: arithmetic that is paid for before it is done, at once if it is short,
//! elsewhere if it is not. What it is and what it costs is `postern-crypto`'s to know.

use super::cost;
use super::host::Host;
use super::imports::{Guest, charge, charge_ahead, hand_over, parts, slice};
use super::ops::{OpFailure, OpReply, Started};
use postern_abi::OpErrorCode;
use postern_crypto::Task;
use smol::lock::Semaphore;
use std::sync::Arc;
use wasmi::Error;

/// How much long arithmetic goes on at the same time, on threads that may be kept waiting.
pub struct Lanes {
    /// For anything.
    any: Arc<Semaphore>,
    /// For making RSA keys, which takes seconds: one at a time, whoever wants them.
    long: Arc<Semaphore>,
}

impl Lanes {
    /// For a machine whose guests run on so many threads.
    pub fn new(threads: usize) -> Self {
        Self {
            any: Arc::new(Semaphore::new(threads.max(1))),
            long: Arc::new(Semaphore::new(1)),
        }
    }
}

/// What the argument at `ptr` costs, and whether it is short. `None` if it is not one.
fn price(caller: &mut Guest<'_>, ptr: u32, len: u32) -> Result<Option<(u64, bool)>, Error> {
    let (memory, host) = parts(caller)?;
    let argument = slice(memory, host, ptr, len)?;
    let task = Task::read(&host.keys, argument);
    // Where a push is judged nobody else waits.
    let judging = host.loading.is_some();
    Ok(task.map(|task| (task.price(), judging || task.is_short())))
}

/// Pays for an operation that is about to be started.
pub fn pay(caller: &mut Guest<'_>, ptr: u32, len: u32) -> Result<(), Error> {
    match price(caller, ptr, len)? {
        Some((fuel, _)) => charge_ahead(caller, fuel),
        None => Ok(()),
    }
}

/// Does what is short, and pays for it.
pub fn at_once(
    caller: &mut Guest<'_>,
    (ptr, len): (u32, u32),
    (out_ptr, out_cap): (u32, u32),
) -> Result<i32, Error> {
    match price(caller, ptr, len)? {
        None => return Ok(-(OpErrorCode::BadArgument as i32)),
        Some((_, false)) => return Ok(-(OpErrorCode::Unavailable as i32)),
        Some((fuel, true)) => charge_ahead(caller, fuel)?,
    }
    let (memory, host) = parts(caller)?;
    let argument = slice(memory, host, ptr, len)?;
    let mut result = Vec::new();
    if let Some(task) = Task::read(&host.keys, argument) {
        task.run_in(&mut host.keys, &mut result);
    }
    let length = hand_over(memory, host, &result, out_ptr, out_cap)?;
    charge(caller, cost::copy(result.len()));
    Ok(length)
}

/// Starts what was paid for.
pub fn start(host: &Host, argument: &[u8]) -> Started {
    let Some(task) = Task::read(&host.keys, argument) else {
        return Started::Done(Err(OpFailure::new(
            OpErrorCode::BadArgument,
            "the argument of Crypto cannot be decoded",
        )));
    };
    let Some(isolate) = host.isolate.upgrade() else {
        return Started::Done(Err(OpFailure::new(
            OpErrorCode::Unsupported,
            "input and output are for handlers only",
        )));
    };
    let lanes = isolate.worker().engine().lanes();
    let lane = if task.is_long() {
        lanes.long.clone()
    } else {
        lanes.any.clone()
    };
    let task = task.into_owned();
    Started::Later(Box::pin(async move {
        let permit = lane.acquire_arc().await;
        let ran = smol::unblock(move || {
            // Until it is done, whether or not somebody still waits for it.
            let _permit = permit;
            task.run()
        });
        Ok(OpReply {
            ran: Some(ran.await),
            ..OpReply::default()
        })
    }))
}
