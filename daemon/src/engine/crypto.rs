//! Web Crypto for guests: arithmetic that is paid for before it is done, at once if it is short,
//! elsewhere if it is not. What it is and what it costs is `postern-crypto`'s to know.

use super::cost;
use super::host::Host;
use super::imports::{Guest, charge, charge_ahead, hand_over, parts, slice};
use super::ops::{OpFailure, OpReply, Started};
use postern_abi::OpErrorCode;
use postern_crypto::{Ran, Task};
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

/// Stops a guest until what it waits for is done.
#[derive(Debug)]
pub struct Waits;

impl std::fmt::Display for Waits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the guest waits for arithmetic")
    }
}

impl wasmi::errors::HostError for Waits {}

/// What a guest waits for, and where it wants it.
pub struct Awaited {
    task: Task<'static>,
    out: (u32, u32),
}

impl Awaited {
    /// Does it, on a thread that may be kept waiting.
    pub async fn run(self, lanes: &Lanes) -> Arrived {
        let ran = done(self.task, lanes).await;
        Arrived { ran, out: self.out }
    }
}

/// What a guest waited for.
pub struct Arrived {
    ran: Ran,
    out: (u32, u32),
}

impl Arrived {
    /// Brings it home. Gives what the guest's call gives.
    pub fn bring(self, memory: &mut [u8], host: &mut Host) -> i32 {
        let mut result = Vec::new();
        self.ran.bring(&mut host.keys, &mut result);
        host.memory_use.hold(host.held());
        // Its place was looked at before, and memories do not shrink.
        hand_over(memory, host, &result, self.out.0, self.out.1)
            .unwrap_or(-(OpErrorCode::Internal as i32))
    }
}

/// Does what is short, and pays for it. With `waits` the guest is stopped until what is long was
/// done elsewhere.
pub fn at_once(
    caller: &mut Guest<'_>,
    (ptr, len): (u32, u32),
    (out_ptr, out_cap): (u32, u32),
    waits: bool,
) -> Result<i32, Error> {
    let is_short = match price(caller, ptr, len)? {
        None => return Ok(-(OpErrorCode::BadArgument as i32)),
        Some((_, false)) if !waits => return Ok(-(OpErrorCode::Unavailable as i32)),
        Some((fuel, is_short)) => {
            charge_ahead(caller, fuel)?;
            is_short
        }
    };
    let (memory, host) = parts(caller)?;
    slice(memory, host, out_ptr, out_cap)?;
    let argument = slice(memory, host, ptr, len)?;
    let mut result = Vec::new();
    if let Some(task) = Task::read(&host.keys, argument) {
        let bytes = task.bytes();
        if bytes > 0 && !host.memory_use.hold(host.held() + bytes) {
            return Ok(-(OpErrorCode::LimitExceeded as i32));
        }
        if !is_short && !task.is_bound() {
            host.awaited = Some(Awaited {
                task: task.into_owned(),
                out: (out_ptr, out_cap),
            });
            return Err(Error::host(Waits));
        }
        task.run_in(&mut host.keys, &mut result);
        host.memory_use.hold(host.held());
    }
    let length = hand_over(memory, host, &result, out_ptr, out_cap)?;
    charge(caller, cost::copy(result.len()));
    Ok(length)
}

/// Does a task where it holds nobody up, when its turn has come.
async fn done(task: Task<'static>, lanes: &Lanes) -> Ran {
    let lane = if task.is_long() {
        &lanes.long
    } else {
        &lanes.any
    };
    let permit = lane.acquire_arc().await;
    postern_task::unblock(move || {
        // Until it is done, whether or not somebody still waits for it.
        let _permit = permit;
        task.run()
    })
    .await
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
    if task.bytes() > 0 {
        // Its memory is counted as the isolate's only while that waits for it.
        return Started::Done(Err(OpFailure::new(
            OpErrorCode::Unsupported,
            "scrypt is to be waited for: see CryptoWait",
        )));
    }
    let task = task.into_owned();
    Started::Later(Box::pin(async move {
        let ran = done(task, isolate.worker().engine().lanes()).await;
        Ok(OpReply {
            ran: Some(ran),
            ..OpReply::default()
        })
    }))
}
