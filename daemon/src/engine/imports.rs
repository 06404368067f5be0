//! The host functions of ABI v1: what a guest may ask for (`docs/abi.md`).
//!
//! A guest's pointer is an allegation until [`slice`] or [`slice_mut`] has checked it against
//! the memory's length; nothing else here turns numbers of a guest into bytes. What is begun by
//! a call and ends in an event is here, what is answered at once in [`sync`], and what ends a
//! request in [`answering`].

mod answering;
mod source;
mod sync;

pub use answering::{response_bytes_limit, response_fields};
pub use source::{Pulled, Source, pull, stream};

use super::cost;
use super::crypto;
use super::host::{Event, Host, Op, OpOutcome, OpState, Serial};
use super::limits::Failure;
use super::ops::{OpFailure, OpResult, Started};
use super::replay::{Import, taped};
use postern_abi::event::LogLevel;
use postern_abi::{IMPORT_MODULE, OpErrorCode, OpKind, import, limits};
use postern_task::Begin;
use wasmi::{Caller, Error, Linker, TrapCode};

/// The end of an isolate by a host function; why is in [`Host::fatal`].
#[derive(Debug)]
struct Ended;

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ended by the host")
    }
}

impl wasmi::errors::HostError for Ended {}

/// Binds every import.
///
/// # Errors
/// None that can happen: the names are distinct.
pub fn link(linker: &mut Linker<Host>) -> Result<(), wasmi::errors::LinkerError> {
    let m = IMPORT_MODULE;
    linker.func_wrap(
        m,
        import::OP_START,
        |mut c: Guest<'_>, op: u32, kind: u32, ptr: u32, len: u32| -> Result<(), Error> {
            taped(&mut c, Import::OpStart, &[op, kind, ptr, len], |c| {
                op_start(c, op, kind, ptr, len)
            })
        },
    )?;
    linker.func_wrap(
        m,
        import::OP_CANCEL,
        |mut c: Guest<'_>, op: u32| -> Result<(), Error> {
            taped(&mut c, Import::OpCancel, &[op], |c| {
                op_cancel(c, op);
                Ok(())
            })
        },
    )?;
    linker.func_wrap(
        m,
        import::OP_PULL,
        |mut c: Guest<'_>, op: u32, bytes: u32| -> Result<(), Error> {
            taped(&mut c, Import::OpPull, &[op, bytes], |c| {
                op_pull(c, op, bytes);
                Ok(())
            })
        },
    )?;
    linker.func_wrap(
        m,
        import::OP_CHUNK,
        |mut c: Guest<'_>, op: u32, ptr: u32, len: u32, end: u32| -> Result<(), Error> {
            taped(&mut c, Import::OpChunk, &[op, ptr, len, end], |c| {
                op_chunk(c, op, ptr, len, end)
            })
        },
    )?;
    linker.func_wrap(
        m,
        import::OP_SYNC,
        |mut c: Guest<'_>,
         kind: u32,
         ptr: u32,
         len: u32,
         out_ptr: u32,
         out_cap: u32|
         -> Result<i32, Error> {
            taped(
                &mut c,
                Import::OpSync,
                &[kind, ptr, len, out_ptr, out_cap],
                |c| sync::op_sync(c, kind, ptr, len, out_ptr, out_cap),
            )
        },
    )?;
    linker.func_wrap(
        m,
        import::RESPOND,
        |mut c: Guest<'_>,
         request: u32,
         head_ptr: u32,
         head_len: u32,
         ptr: u32,
         len: u32,
         more: u32|
         -> Result<(), Error> {
            taped(
                &mut c,
                Import::Respond,
                &[request, head_ptr, head_len, ptr, len, more],
                |c| answering::respond(c, request, head_ptr, head_len, ptr, len, more),
            )
        },
    )?;
    linker.func_wrap(
        m,
        import::BODY_CHUNK,
        |mut c: Guest<'_>, request: u32, ptr: u32, len: u32, end: u32| -> Result<i32, Error> {
            taped(&mut c, Import::BodyChunk, &[request, ptr, len, end], |c| {
                answering::body_chunk(c, request, ptr, len, end)
            })
        },
    )?;
    linker.func_wrap(
        m,
        import::BODY_PULL,
        |mut c: Guest<'_>, request: u32, bytes: u32| -> Result<(), Error> {
            taped(&mut c, Import::BodyPull, &[request, bytes], |c| {
                answering::body_pull(c, request, bytes);
                Ok(())
            })
        },
    )?;
    linker.func_wrap(
        m,
        import::FAIL,
        |mut c: Guest<'_>, request: u32, ptr: u32, len: u32| -> Result<(), Error> {
            taped(&mut c, Import::Fail, &[request, ptr, len], |c| {
                answering::fail(c, request, ptr, len)
            })
        },
    )?;
    linker.func_wrap(
        m,
        import::DONE,
        |mut c: Guest<'_>, request: u32, status: u32, ptr: u32, len: u32| -> Result<(), Error> {
            taped(&mut c, Import::Done, &[request, status, ptr, len], |c| {
                answering::done(c, request, status, ptr, len)
            })
        },
    )?;
    linker.func_wrap(
        m,
        import::LOG,
        |mut c: Guest<'_>, level: u32, ptr: u32, len: u32| -> Result<(), Error> {
            taped(&mut c, Import::Log, &[level, ptr, len], |c| {
                log(c, level, ptr, len)
            })
        },
    )?;
    linker.func_wrap(m, import::NOW, |mut c: Guest<'_>| -> Result<i64, Error> {
        taped(&mut c, Import::Now, &[], |c| Ok(now(c)))
    })?;
    linker.func_wrap(
        m,
        import::RANDOM,
        |mut c: Guest<'_>, ptr: u32, len: u32| -> Result<(), Error> {
            taped(&mut c, Import::Random, &[ptr, len], |c| random(c, ptr, len))
        },
    )?;
    Ok(())
}

pub(super) type Guest<'a> = Caller<'a, Host>;

/// Takes `fuel` from the slice that runs; what it lacks is owed by the request.
pub(super) fn charge(caller: &mut Guest<'_>, fuel: u64) {
    let left = caller.get_fuel().unwrap_or(0);
    let host = caller.data_mut();
    host.is_broke = host.debt > host.debt_max;
    if caller.set_fuel(left.saturating_sub(fuel)).is_ok() && fuel > left {
        caller.data_mut().debt += fuel - left;
    }
}

/// Takes fuel for work that is still to be done; ends a guest that has not so much.
pub(super) fn charge_ahead(caller: &mut Guest<'_>, fuel: u64) -> Result<(), Error> {
    let left = caller.get_fuel().unwrap_or(0);
    let host = caller.data();
    let lent = host.debt_max.saturating_sub(host.debt);
    charge(caller, fuel);
    if fuel > left.saturating_add(lent) {
        return Err(TrapCode::OutOfFuel.into());
    }
    Ok(())
}

/// The memory and the rest of the host's state, apart. The end of a guest that goes on calling
/// where it has no fuel left: nothing else stops calls in a straight line.
pub(super) fn parts<'a>(caller: &'a mut Guest<'_>) -> Result<(&'a mut [u8], &'a mut Host), Error> {
    if caller.data().is_broke {
        return Err(TrapCode::OutOfFuel.into());
    }
    let memory = caller.data().memory.ok_or_else(|| Error::host(Ended))?;
    Ok(memory.data_and_store_mut(caller))
}

/// Ends the isolate: the guest broke a rule of the boundary.
pub(super) fn violation(host: &mut Host, what: impl Into<String>) -> Error {
    host.fatal = Some(Failure::Exception {
        name: "BoundaryError".into(),
        message: what.into(),
        stack: String::new(),
        refusal: None,
    });
    Error::host(Ended)
}

fn range(len: usize, ptr: u32, size: u32) -> Option<std::ops::Range<usize>> {
    let start = ptr as usize;
    let end = start.checked_add(size as usize)?;
    (end <= len).then_some(start..end)
}

/// The bytes that a guest names.
pub(super) fn slice<'a>(
    memory: &'a [u8],
    host: &mut Host,
    ptr: u32,
    len: u32,
) -> Result<&'a [u8], Error> {
    match range(memory.len(), ptr, len) {
        Some(range) => Ok(&memory[range]),
        None => Err(violation(
            host,
            format!(
                "{len} bytes at {ptr} are outside the memory of {} bytes",
                memory.len()
            ),
        )),
    }
}

/// The bytes that a guest names, to write to.
pub(super) fn slice_mut<'a>(
    memory: &'a mut [u8],
    host: &mut Host,
    ptr: u32,
    len: u32,
) -> Result<&'a mut [u8], Error> {
    match range(memory.len(), ptr, len) {
        Some(range) => Ok(&mut memory[range]),
        None => Err(violation(
            host,
            format!(
                "{len} bytes at {ptr} are outside the memory of {} bytes",
                memory.len()
            ),
        )),
    }
}

/// Operations of an isolate, beyond those that may run, that were started and are not over: they
/// were too many, and the guest has not yet heard of it.
const OPS_SPARE: u32 = 1024;

/// Timers that a request may have running, where its isolate's memory is large enough: as many as the field has.
const TIMERS_MAX: u32 = 10_000;
/// Bytes of memory that an isolate has to have for each: the host takes about an eighth of it.
const TIMER_BYTES: u64 = 4 << 10;

/// Timers that a request may have running under these limits.
fn timers_max(limits: &super::limits::Limits) -> u32 {
    u32::try_from(limits.memory_bytes / TIMER_BYTES).map_or(TIMERS_MAX, |most| most.min(TIMERS_MAX))
}

fn op_start(caller: &mut Guest<'_>, op: u32, kind: u32, ptr: u32, len: u32) -> Result<(), Error> {
    let known = OpKind::from_u32(kind);
    if known == Some(OpKind::Crypto) {
        crypto::pay(caller, ptr, len)?;
    }
    let work = known.map_or(0, |kind| cost::operation(kind, len as usize));
    charge(
        caller,
        cost::CALL + cost::OP + cost::copy(len as usize) + work,
    );
    let (memory, host) = parts(caller)?;
    let argument = slice(memory, host, ptr, len)?;
    if host.ops.contains_key(&op) {
        return Err(violation(
            host,
            format!("operation {op} was started while one of that number runs"),
        ));
    }
    let limits = &host.limits;
    let most = limits
        .pending_operations
        .saturating_mul(limits.concurrent_invocations)
        .saturating_add(OPS_SPARE + timers_max(limits)) as usize;
    if host.ops.len() >= most {
        return Err(violation(
            host,
            format!("{most} operations were started and not waited for"),
        ));
    }
    let serial = host.next_op(op);
    let started = match admit(host, known, kind, len) {
        Ok((OpKind::Crypto, _)) => crypto::start(host, argument),
        Ok((OpKind::SocketServe, _)) => match super::socket::serve(host, serial, argument) {
            Ok(()) => return Ok(()),
            Err(failure) => Started::Done(Err(failure)),
        },
        Ok((kind, caller)) => host.bindings.start(kind, argument, &caller),
        Err(failure) => Started::Done(Err(failure)),
    };
    let mut piped = None;
    let mut held = len;
    let state = match started {
        Started::Done(result) => {
            host.queue
                .push_back(Event::Op(serial, Box::new(OpOutcome(result))));
            OpState::Ready
        }
        Started::Later(future) => OpState::Running(run(host, serial, future)),
        Started::Sized(bytes, future) => match room_for(host, bytes) {
            Ok(()) => {
                held = held.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
                OpState::Running(run(host, serial, future))
            }
            Err(failure) => {
                host.queue
                    .push_back(Event::Op(serial, Box::new(OpOutcome(Err(failure)))));
                OpState::Ready
            }
        },
        Started::Upload(upload) => OpState::Upload(upload, 0),
        Started::Piped(pipe, future) => {
            let isolate = host.isolate.clone();
            pipe.on_refill(move || {
                if let Some(isolate) = isolate.upgrade() {
                    isolate.push_later(Event::OpCredit(serial));
                }
            });
            piped = Some(pipe);
            OpState::Running(run(host, serial, future))
        }
    };
    if !matches!(state, OpState::Running(_)) {
        held = 0;
    }
    host.add_op(serial, state, held);
    if let Some(op) = host.ops.get_mut(&op) {
        op.pipe = piped;
    }
    if known == Some(OpKind::Timer) {
        host.mark_timer(op);
    }
    Ok(())
}

/// Whether the request being handled may start an operation of this kind now.
fn admit(
    host: &mut Host,
    known: Option<OpKind>,
    number: u32,
    len: u32,
) -> Result<(OpKind, super::caller::Caller), OpFailure> {
    let over = || {
        OpFailure::new(
            OpErrorCode::Cancelled,
            "the request that would start this operation is over",
        )
    };
    let Some(invocation) = host.invocation() else {
        return Err(over());
    };
    let limits = invocation.limits.clone();
    let timers = invocation.timers;
    let pending = invocation.pending.saturating_sub(timers);
    let Some(kind) = known else {
        return Err(OpFailure::new(
            OpErrorCode::Unsupported,
            format!(
                "this host has no operation of kind {number}; build the Worker for an older ABI or update the host"
            ),
        ));
    };
    if len as usize > limits::OP_ARGUMENT_MAX {
        return Err(OpFailure::new(
            OpErrorCode::TooLarge,
            format!(
                "an argument of {len} bytes exceeds the limit of {} bytes; stream it",
                limits::OP_ARGUMENT_MAX
            ),
        ));
    }
    if kind == OpKind::Timer && timers >= timers_max(&limits) {
        return Err(OpFailure::new(
            OpErrorCode::LimitExceeded,
            format!(
                "{timers} timers of this request are running, the limit; clear some before setting more"
            ),
        ));
    }
    if kind != OpKind::Timer && pending >= limits.pending_operations {
        invocation.pending_refused = invocation.pending_refused.saturating_add(1);
        return Err(OpFailure::new(
            OpErrorCode::LimitExceeded,
            format!(
                "{pending} operations of this request are running, the limit; await some before starting more"
            ),
        ));
    }
    // It is copied, and the copy is held until it is stored, sent, or done with.
    if matches!(
        kind,
        OpKind::KvPut
            | OpKind::Crypto
            | OpKind::Fetch
            | OpKind::FetchCached
            | OpKind::CachePut
            | OpKind::WorkerLoad
    ) {
        room_for(host, len.into())?;
    }
    let Some(invocation) = host.invocation() else {
        return Err(over());
    };
    let caller = invocation.caller();
    match kind {
        // The field counts what is asked of a cache among them (spec: SEMANTICS §20).
        OpKind::Fetch
        | OpKind::FetchCached
        | OpKind::RpcConnect
        | OpKind::TcpConnect
        | OpKind::CacheMatch
        | OpKind::CachePut
        | OpKind::CacheDelete => {
            caller.subrequest()?;
        }
        OpKind::KvGet | OpKind::KvPut | OpKind::KvDelete | OpKind::KvList | OpKind::KvGetMulti => {
            invocation.kv_operations += 1;
            if invocation.kv_operations > limits.kv_operations {
                return Err(OpFailure::new(
                    OpErrorCode::LimitExceeded,
                    format!(
                        "Too many KV operations in one invocation: the limit is {}",
                        limits.kv_operations
                    ),
                ));
            }
        }
        OpKind::SocketConnect => {
            caller.subrequest()?;
            super::socket::admit(host)?;
        }
        OpKind::Timer
        | OpKind::Crypto
        | OpKind::RateLimit
        | OpKind::SocketServe
        | OpKind::WorkerLoad => {}
    }
    Ok((kind, caller))
}

/// Whether the host may hold so many bytes more of operations' arguments and results.
fn room_for(host: &Host, bytes: u64) -> Result<(), OpFailure> {
    let limit = host.limits.memory_bytes;
    if host.op_bytes.saturating_add(bytes) <= limit {
        return Ok(());
    }
    Err(OpFailure::new(
        OpErrorCode::LimitExceeded,
        format!(
            "{} bytes of arguments and results are being worked on, {bytes} more exceed the limit of {limit} bytes; await some before starting more, or stream them",
            host.op_bytes
        ),
    ))
}

/// Works on an operation outside of turns; its result comes back as an event.
fn run(
    host: &Host,
    op: Serial,
    future: impl Future<Output = OpResult> + Send + 'static,
) -> async_executor::Task<()> {
    let isolate = host.isolate.clone();
    host.executor.begin(async move {
        let result = future.await;
        if let Some(isolate) = isolate.upgrade() {
            isolate.push(Event::Op(op, Box::new(OpOutcome(result))));
        }
    })
}

fn op_cancel(caller: &mut Guest<'_>, op: u32) {
    charge(caller, cost::CALL);
    caller.data_mut().cancel(op);
}

fn op_pull(caller: &mut Guest<'_>, op: u32, bytes: u32) {
    charge(caller, cost::CALL);
    if let Some(Op {
        state: OpState::Streaming(credit, _),
        ..
    }) = caller.data().ops.get(&op)
    {
        credit.give(u64::from(bytes));
    }
    if let Some(Op {
        state: OpState::Socket(end),
        ..
    }) = caller.data().ops.get(&op)
    {
        end.pull(u64::from(bytes));
    }
}

fn op_chunk(caller: &mut Guest<'_>, op: u32, ptr: u32, len: u32, end: u32) -> Result<(), Error> {
    charge(caller, cost::CALL + len as u64 / 2);
    let (memory, host) = parts(caller)?;
    let bytes = slice(memory, host, ptr, len)?;
    let Some(found) = host.ops.get_mut(&op) else {
        return Ok(());
    };
    let serial = Serial {
        id: op,
        number: found.number,
    };
    if let Some(pipe) = &found.pipe {
        let taken = pipe.chunk(bytes);
        if taken.queued > u64::from(limits::BODY_CREDIT) * 16 {
            return Err(violation(
                host,
                format!(
                    "{} bytes of an argument wait beyond the credit",
                    taken.queued
                ),
            ));
        }
        if end != 0 {
            pipe.end();
            found.pipe = None;
        } else if taken.refill {
            host.queue.push_back(Event::OpCredit(serial));
        }
        return Ok(());
    }
    if let OpState::Socket(end) = &found.state {
        let (refill, queued) = end.chunk(bytes);
        if queued > u64::from(limits::BODY_CREDIT) * 16 {
            return Err(violation(
                host,
                format!("{queued} bytes of messages wait beyond the credit"),
            ));
        }
        if refill {
            host.queue.push_back(Event::OpCredit(serial));
        }
        return Ok(());
    }
    let OpState::Upload(upload, taken) = &mut found.state else {
        // An upload that failed: its event is on the way, and what is still sent is dropped.
        return Ok(());
    };
    if let Err(failure) = upload.chunk(bytes) {
        found.state = OpState::Ready;
        let outcome = Box::new(OpOutcome(Err(failure)));
        host.queue.push_back(Event::Op(serial, outcome));
        return Ok(());
    }
    *taken = taken.saturating_add(len);
    if end == 0 {
        if *taken >= limits::BODY_CREDIT / 2 {
            *taken = 0;
            host.queue.push_back(Event::OpCredit(serial));
        }
        return Ok(());
    }
    let state = std::mem::replace(&mut found.state, OpState::Ready);
    if let OpState::Upload(upload, _) = state {
        let task = run(host, serial, upload.finish());
        if let Some(found) = host.ops.get_mut(&op) {
            found.state = OpState::Running(task);
        }
    }
    Ok(())
}

/// Writes a result where the guest has room for it; gives its length, or that it is too large.
pub(super) fn hand_over(
    memory: &mut [u8],
    host: &mut Host,
    result: &[u8],
    out_ptr: u32,
    out_cap: u32,
) -> Result<i32, Error> {
    let Ok(result_len) = i32::try_from(result.len()) else {
        return Ok(-(OpErrorCode::TooLarge as i32));
    };
    if result.len() <= out_cap as usize {
        slice_mut(memory, host, out_ptr, result_len as u32)?.copy_from_slice(result);
    }
    Ok(result_len)
}

fn log(caller: &mut Guest<'_>, level: u32, ptr: u32, len: u32) -> Result<(), Error> {
    charge(caller, cost::CALL + cost::LOG + cost::copy(len as usize));
    let (memory, host) = parts(caller)?;
    let bytes = slice(memory, host, ptr, len)?;
    // Only what is kept is looked at, however much was named.
    let kept = &bytes[..bytes.len().min(limits::LOG_LINE_MAX + 4)];
    if !host.logs_more() {
        return Ok(());
    }
    if level == postern_abi::event::LOG_VALUES {
        host.log_values(&String::from_utf8_lossy(kept));
    } else if level == postern_abi::event::LOG_METHOD {
        host.log_method(&String::from_utf8_lossy(kept));
    } else {
        host.log(LogLevel::from_u32(level), &String::from_utf8_lossy(kept));
    }
    Ok(())
}

fn now(caller: &mut Guest<'_>) -> i64 {
    charge(caller, cost::CALL);
    // Years beyond 292 million do not come up.
    caller.data().now_ms as i64
}

fn random(caller: &mut Guest<'_>, ptr: u32, len: u32) -> Result<(), Error> {
    charge(caller, cost::CALL + cost::random(len as usize));
    let (memory, host) = parts(caller)?;
    if len > 64 * 1024 {
        return Err(violation(
            host,
            format!("{len} random bytes in one call exceed the limit of 65536"),
        ));
    }
    let out = slice_mut(memory, host, ptr, len)?;
    if getrandom::fill(out).is_err() {
        host.fatal = Some(Failure::Internal("the system has no randomness".into()));
        return Err(Error::host(Ended));
    }
    Ok(())
}
