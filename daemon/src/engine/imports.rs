//! The host functions of ABI v1: what a guest may ask for (`docs/abi.md`).
//!
//! A guest's pointer is an allegation until [`slice`] or [`slice_mut`] has checked it against
//! the memory's length; nothing else here turns numbers of a guest into bytes.

use super::compression::{Contexts, Used};
use super::cost;
use super::credit::Credit;
use super::crypto;
use super::host::{Event, Host, Op, OpOutcome, OpState, Serial};
use super::invocation::{ByteStream, Reply, ReplyBody};
use super::limits::Failure;
use super::ops::{OpFailure, OpResult, Started};
use bytes::Bytes;
use futures_lite::StreamExt;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use postern_abi::event::LogLevel;
use postern_abi::http::{Exception, Fields, ResponseHead};
use postern_abi::{IMPORT_MODULE, OpErrorCode, OpKind, SyncOp, import, limits};
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
    linker.func_wrap(m, import::OP_START, op_start)?;
    linker.func_wrap(m, import::OP_CANCEL, op_cancel)?;
    linker.func_wrap(m, import::OP_PULL, op_pull)?;
    linker.func_wrap(m, import::OP_CHUNK, op_chunk)?;
    linker.func_wrap(m, import::OP_SYNC, op_sync)?;
    linker.func_wrap(m, import::RESPOND, respond)?;
    linker.func_wrap(m, import::BODY_CHUNK, body_chunk)?;
    linker.func_wrap(m, import::BODY_PULL, body_pull)?;
    linker.func_wrap(m, import::FAIL, fail)?;
    linker.func_wrap(m, import::DONE, done)?;
    linker.func_wrap(m, import::LOG, log)?;
    linker.func_wrap(m, import::NOW, now)?;
    linker.func_wrap(m, import::RANDOM, random)?;
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
fn violation(host: &mut Host, what: impl Into<String>) -> Error {
    host.fatal = Some(Failure::Exception {
        name: "BoundaryError".into(),
        message: what.into(),
        stack: String::new(),
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

/// Timers that a request may have running: they hold little, and programs set many.
const TIMERS_MAX: u32 = 1024;

fn op_start(mut caller: Guest<'_>, op: u32, kind: u32, ptr: u32, len: u32) -> Result<(), Error> {
    let known = OpKind::from_u32(kind);
    if known == Some(OpKind::Crypto) {
        crypto::pay(&mut caller, ptr, len)?;
    }
    let work = known.map_or(0, |kind| cost::operation(kind, len as usize));
    charge(
        &mut caller,
        cost::CALL + cost::OP + cost::copy(len as usize) + work,
    );
    let (memory, host) = parts(&mut caller)?;
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
        .saturating_add(OPS_SPARE + TIMERS_MAX) as usize;
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
    let state = match started {
        Started::Done(result) => {
            host.queue
                .push_back(Event::Op(serial, Box::new(OpOutcome(result))));
            OpState::Ready
        }
        Started::Later(future) => OpState::Running(run(host, serial, future)),
        Started::Upload(upload) => OpState::Upload(upload, 0),
        Started::Piped(pipe, future) => {
            let isolate = host.isolate.clone();
            pipe.on_refill(move || {
                if let Some(isolate) = isolate.upgrade() {
                    isolate.push(Event::OpCredit(serial));
                }
            });
            piped = Some(pipe);
            OpState::Running(run(host, serial, future))
        }
    };
    let held = if matches!(state, OpState::Running(_)) {
        len
    } else {
        0
    };
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
    let limits = host.limits;
    let over = || {
        OpFailure::new(
            OpErrorCode::Cancelled,
            "the request that would start this operation is over",
        )
    };
    let Some(invocation) = host.invocation() else {
        return Err(over());
    };
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
    if kind == OpKind::Timer && timers >= TIMERS_MAX {
        return Err(OpFailure::new(
            OpErrorCode::LimitExceeded,
            format!(
                "{timers} timers of this request are running, the limit; clear some before setting more"
            ),
        ));
    }
    if kind != OpKind::Timer && pending >= limits.pending_operations {
        return Err(OpFailure::new(
            OpErrorCode::LimitExceeded,
            format!(
                "{pending} operations of this request are running, the limit; await some before starting more"
            ),
        ));
    }
    // It is copied, and the copy is held until it is stored, or done with.
    if matches!(kind, OpKind::KvPut | OpKind::Crypto)
        && host.op_bytes + u64::from(len) > limits.memory_bytes
    {
        return Err(OpFailure::new(
            OpErrorCode::LimitExceeded,
            format!(
                "{} bytes of arguments are being worked on, {len} more exceed the limit of {} bytes; await some before starting more",
                host.op_bytes, limits.memory_bytes
            ),
        ));
    }
    let Some(invocation) = host.invocation() else {
        return Err(over());
    };
    let caller = invocation.caller(limits.subrequests);
    match kind {
        OpKind::Fetch => caller.subrequest()?,
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
        OpKind::Timer | OpKind::Crypto | OpKind::RateLimit | OpKind::SocketServe => {}
    }
    Ok((kind, caller))
}

/// Works on an operation outside of turns; its result comes back as an event.
fn run(
    host: &Host,
    op: Serial,
    future: impl Future<Output = OpResult> + Send + 'static,
) -> async_executor::Task<()> {
    let isolate = host.isolate.clone();
    host.executor.spawn(async move {
        let result = future.await;
        if let Some(isolate) = isolate.upgrade() {
            isolate.push(Event::Op(op, Box::new(OpOutcome(result))));
        }
    })
}

/// Sends a streamed result as the guest asks for it.
pub fn stream(host: &Host, op: Serial, source: ByteStream) -> OpState {
    let credit = Credit::default();
    let isolate = host.isolate.clone();
    let theirs = credit.clone();
    let task = host.executor.spawn(async move {
        let mut source = source;
        loop {
            let event = match pull(&mut source, &theirs).await {
                Pulled::Chunk(bytes) => Event::OpChunk(op, bytes),
                Pulled::End => Event::OpEnd(op),
                Pulled::Broken(error) => Event::OpBroken(
                    op,
                    error.downcast::<OpFailure>().unwrap_or_else(|error| {
                        OpFailure::new(OpErrorCode::Internal, error.to_string())
                    }),
                ),
                Pulled::Closed => return,
            };
            let more = matches!(event, Event::OpChunk(..));
            match isolate.upgrade() {
                Some(isolate) => isolate.push(event),
                None => return,
            }
            if !more {
                return;
            }
        }
    });
    OpState::Streaming(credit, task)
}

/// What a stream gave.
pub enum Pulled {
    /// Some bytes, at most [`limits::CHUNK_MAX`].
    Chunk(Bytes),
    /// Its end.
    End,
    /// Why it broke off.
    Broken(std::io::Error),
    /// Nobody wants more.
    Closed,
}

/// Takes the next bytes of `source` that `credit` allows, keeping the rest for the next call.
pub async fn pull(source: &mut ByteStream, credit: &Credit) -> Pulled {
    // Only to learn that somebody reads on; what a chunk is longer than this is owed below.
    let Some(granted) = credit.take(limits::CHUNK_MAX as u64).await else {
        return Pulled::Closed;
    };
    loop {
        return match source.next().await {
            None => Pulled::End,
            Some(Err(error)) => Pulled::Broken(error),
            Some(Ok(bytes)) if bytes.is_empty() => continue,
            Some(Ok(mut bytes)) => {
                let take = bytes
                    .len()
                    .min(usize::try_from(granted).unwrap_or(usize::MAX));
                if take < bytes.len() {
                    let rest = bytes.split_off(take);
                    let tail = std::mem::replace(source, Box::pin(futures_lite::stream::empty()));
                    *source = Box::pin(futures_lite::stream::once(Ok(rest)).chain(tail));
                } else {
                    credit.spare(granted - take as u64);
                }
                Pulled::Chunk(bytes)
            }
        };
    }
}

fn op_cancel(mut caller: Guest<'_>, op: u32) {
    charge(&mut caller, cost::CALL);
    caller.data_mut().cancel(op);
}

fn op_pull(mut caller: Guest<'_>, op: u32, bytes: u32) {
    charge(&mut caller, cost::CALL);
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

fn op_chunk(mut caller: Guest<'_>, op: u32, ptr: u32, len: u32, end: u32) -> Result<(), Error> {
    charge(&mut caller, cost::CALL + len as u64 / 2);
    let (memory, host) = parts(&mut caller)?;
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
        if end != 0 {
            pipe.end();
            found.pipe = None;
        } else if taken.queued > u64::from(limits::BODY_CREDIT) * 16 {
            return Err(violation(
                host,
                format!(
                    "{} bytes of an argument wait beyond the credit",
                    taken.queued
                ),
            ));
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

fn op_sync(
    mut caller: Guest<'_>,
    kind: u32,
    ptr: u32,
    len: u32,
    out_ptr: u32,
    out_cap: u32,
) -> Result<i32, Error> {
    charge(&mut caller, cost::CALL + cost::copy(len as usize));
    let (memory, host) = parts(&mut caller)?;
    let argument = slice(memory, host, ptr, len)?;
    let Some(kind) = SyncOp::from_u32(kind) else {
        return Ok(-(OpErrorCode::Unsupported as i32));
    };
    if let SyncOp::Crypto | SyncOp::CryptoWait = kind {
        let waits = kind == SyncOp::CryptoWait;
        return crypto::at_once(&mut caller, (ptr, len), (out_ptr, out_cap), waits);
    }
    if let SyncOp::WasmDescribe | SyncOp::Wasm | SyncOp::WasmRead | SyncOp::WasmWrite = kind {
        return super::inner::answer(&mut caller, kind, (ptr, len), (out_ptr, out_cap));
    }
    let mut made = Vec::new();
    let mut work = 0;
    // Taken out for the time: what it answers with lies in it.
    let mut loading = host.loading.take();
    let result = match (kind, &mut loading) {
        (SyncOp::EnvGet | SyncOp::EnvNames, _) => {
            let bindings = host.bindings.clone();
            let told = bindings.sync(kind, argument, &mut made);
            told.map(|()| made.as_slice())
                .map_err(|failure| failure.code)
        }
        (SyncOp::Decode, _) => decode(host, argument).map(|()| &[][..]),
        (SyncOp::Builtin, _) => match super::javascript::builtin(argument) {
            Some(source) => {
                made = source;
                work = cost::compression(super::compression::Used {
                    compressed: 0,
                    expanded: made.len() as u64,
                });
                Ok(made.as_slice())
            }
            None => Err(OpErrorCode::Unsupported),
        },
        (SyncOp::CompressionOpen | SyncOp::CompressionWrite | SyncOp::CompressionClose, None) => {
            compression(host, kind, argument, out_cap, &mut made).map(|used| {
                work = cost::compression(used);
                made.as_slice()
            })
        }
        (SyncOp::RewriterSelector, _) => {
            let wrong = super::rewriter::selector_error(argument);
            made.extend_from_slice(wrong.unwrap_or_default().as_bytes());
            work = cost::selector(argument.len());
            Ok(made.as_slice())
        }
        (
            SyncOp::RewriterOpen
            | SyncOp::RewriterFeed
            | SyncOp::RewriterGoOn
            | SyncOp::RewriterToken
            | SyncOp::RewriterClose,
            None,
        ) => rewriter(host, kind, argument, out_cap, &mut made).map(|done| {
            work = done;
            made.as_slice()
        }),
        (kind, Some(loading)) => loading.answer(kind, argument),
        (_, None) => Err(OpErrorCode::Unsupported),
    };
    let answered = result.map(|result| hand_over(memory, host, result, out_ptr, out_cap));
    host.loading = loading;
    match answered {
        Err(code) => Ok(-(code as i32)),
        Ok(len) => {
            let len = len?;
            charge(
                &mut caller,
                work + cost::copy(usize::try_from(len).unwrap_or(0)),
            );
            Ok(len)
        }
    }
}

/// Has the stream of an operation decoded, from its first byte on.
fn decode(host: &Host, argument: &[u8]) -> Result<(), OpErrorCode> {
    let id = argument.try_into().map(u32::from_le_bytes);
    let id = id.map_err(|_| OpErrorCode::BadArgument)?;
    if let Some(decode) = host.ops.get(&id).and_then(|op| op.decode.as_ref()) {
        decode.store(true, std::sync::atomic::Ordering::Relaxed);
    }
    Ok(())
}

/// Opens, feeds or closes a compression context; gives what was done.
fn compression(
    host: &mut Host,
    kind: SyncOp,
    argument: &[u8],
    out_cap: u32,
    made: &mut Vec<u8>,
) -> Result<Used, OpErrorCode> {
    match kind {
        SyncOp::CompressionOpen => {
            let bytes = host.held() + Contexts::cost(argument);
            if !host.memory_use.hold(bytes) {
                return Err(OpErrorCode::LimitExceeded);
            }
            let opened = host.compression.open(host.current, argument);
            host.memory_use.hold(host.held());
            made.extend_from_slice(&opened?.to_le_bytes());
            Ok(Used::opened())
        }
        // What a call makes is made once, so there must be room for all of it.
        SyncOp::CompressionWrite if (out_cap as usize) < 5 + limits::COMPRESSION_OUTPUT_MAX => {
            Err(OpErrorCode::BadArgument)
        }
        SyncOp::CompressionWrite => host.compression.write(argument, made),
        _ => {
            host.compression.close(argument)?;
            host.memory_use.hold(host.held());
            Ok(Used::default())
        }
    }
}

/// Opens, feeds, asks or closes a rewriter of HTML; gives the work that it took.
fn rewriter(
    host: &mut Host,
    kind: SyncOp,
    argument: &[u8],
    out_cap: u32,
    made: &mut Vec<u8>,
) -> Result<u64, OpErrorCode> {
    let steps = matches!(kind, SyncOp::RewriterFeed | SyncOp::RewriterGoOn);
    // What a call makes is made once, so there must be room for all of it.
    if steps && (out_cap as usize) < 6 + limits::REWRITER_OUTPUT_MAX {
        return Err(OpErrorCode::BadArgument);
    }
    // What it is given, it may keep.
    if !host
        .memory_use
        .hold(host.held() + argument.len() as u64 * 2)
    {
        host.memory_use.hold(host.held());
        return Err(OpErrorCode::LimitExceeded);
    }
    let work = match kind {
        SyncOp::RewriterOpen => host.rewriters.open(host.current, argument, made),
        SyncOp::RewriterFeed => host.rewriters.feed(argument, made),
        SyncOp::RewriterGoOn => host.rewriters.go_on(argument, made),
        SyncOp::RewriterToken => host.rewriters.token(argument, made),
        _ => host.rewriters.close(argument).map(|()| 0),
    };
    if !host.memory_use.hold(host.held()) {
        // There is no room for what it remembers.
        let _ = host.rewriters.close(argument);
        host.memory_use.hold(host.held());
        return Err(OpErrorCode::LimitExceeded);
    }
    work
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

fn respond(
    mut caller: Guest<'_>,
    request: u32,
    head_ptr: u32,
    head_len: u32,
    body_ptr: u32,
    body_len: u32,
    more: u32,
) -> Result<(), Error> {
    charge(
        &mut caller,
        cost::CALL + cost::copy(head_len as usize) + cost::copy(body_len as usize),
    );
    let (memory, host) = parts(&mut caller)?;
    let head = slice(memory, host, head_ptr, head_len)?;
    let body = slice(memory, host, body_ptr, body_len)?;
    // First, so that a head is decoded once a request and not for nothing.
    match host.invocation_of(request) {
        None => return Ok(()),
        // Nobody asked for an answer.
        Some(invocation) if invocation.done || invocation.trigger.is_some() => return Ok(()),
        Some(invocation) if invocation.status != 0 => {
            return Err(violation(
                host,
                format!("request {request} was answered twice"),
            ));
        }
        // It failed, or the client left: nobody waits for this.
        Some(invocation) if invocation.is_answered() => return Ok(()),
        Some(_) => {}
    }
    let (status, headers) = match response_head(head) {
        Ok(head) => head,
        Err(what) => return Err(violation(host, what)),
    };
    let limit = host.limits.response_body_bytes;
    let isolate = host.isolate.clone();
    let Some(invocation) = host.invocation_of(request) else {
        return Ok(());
    };
    if body.len() as u64 > limit {
        let failure = Failure::ResponseBody { limit };
        invocation.failure = Some(failure.clone());
        invocation.done = true;
        invocation.exchange.answer(Err(failure));
        return Ok(());
    }
    invocation.status = status.as_u16();
    invocation.response_bytes = body.len() as u64;
    invocation.streaming = more != 0;
    let body = if more == 0 {
        ReplyBody::Whole(Bytes::copy_from_slice(body))
    } else {
        invocation.exchange.chunk(body);
        ReplyBody::Stream(Box::pin(super::exchange::BodyStream::new(
            invocation.exchange.clone(),
            isolate,
            request,
            invocation.deadline,
            host.limits.wall_ms,
        )))
    };
    if let Some(invocation) = host.invocation_of(request) {
        invocation.exchange.answer(Ok(Reply {
            status,
            headers,
            body,
        }));
    }
    Ok(())
}

/// Bytes that a response's head and body may have together where one buffer holds both.
pub fn response_bytes_limit(limits: &super::limits::Limits) -> usize {
    usize::try_from(limits.response_body_bytes)
        .unwrap_or(usize::MAX)
        .saturating_add(postern_abi::limits::HEADERS_MAX)
}

/// Reads a response's head and keeps what a tenant may say.
fn response_head(bytes: &[u8]) -> Result<(StatusCode, HeaderMap), String> {
    if bytes.len() > limits::HEADERS_MAX {
        return Err(format!(
            "a response head of {} bytes exceeds the limit of {} bytes",
            bytes.len(),
            limits::HEADERS_MAX
        ));
    }
    let head: ResponseHead<'_> = postcard::from_bytes(bytes)
        .map_err(|error| format!("a response head cannot be decoded: {error}"))?;
    let status = StatusCode::from_u16(head.status)
        .ok()
        .filter(|status| (200..600).contains(&status.as_u16()))
        .ok_or_else(|| format!("status {} is not one of 200 to 599", head.status))?;
    Ok((status, response_fields(head.headers)?))
}

/// Header fields of a response, without those that are the host's.
pub fn response_fields(fields: Fields<'_>) -> Result<HeaderMap, String> {
    // More than the map can have is found out below, where it is no panic.
    let mut headers = HeaderMap::with_capacity(fields.0.len().min(64));
    for (name, value) in fields.0 {
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| format!("{name:.100?} is not a header name"))?;
        let value = HeaderValue::from_bytes(value)
            .map_err(|_| format!("the value of header {name} holds control characters"))?;
        // Framing and the connection are the host's.
        if [
            header::TRANSFER_ENCODING,
            header::CONNECTION,
            header::TE,
            header::TRAILER,
            header::UPGRADE,
        ]
        .contains(&name)
        {
            continue;
        }
        headers
            .try_append(name, value)
            .map_err(|_| "too many header fields".to_owned())?;
    }
    Ok(headers)
}

fn body_chunk(
    mut caller: Guest<'_>,
    request: u32,
    ptr: u32,
    len: u32,
    end: u32,
) -> Result<i32, Error> {
    charge(&mut caller, cost::CALL + cost::copy(len as usize));
    let (memory, host) = parts(&mut caller)?;
    let bytes = slice(memory, host, ptr, len)?;
    let limit = host.limits.response_body_bytes;
    // A guest that ignores its credit is stopped before it fills the host's memory.
    let overdraft = -(i64::from(limits::BODY_CREDIT) * 16);
    let Some(invocation) = host
        .invocation_of(request)
        .filter(|invocation| invocation.streaming && !invocation.done)
    else {
        return Ok(0);
    };
    invocation.response_bytes += bytes.len() as u64;
    if invocation.response_bytes > limit {
        let failure = Failure::ResponseBody { limit };
        invocation.failure = Some(failure.clone());
        invocation.streaming = false;
        invocation.exchange.end(Err(failure));
        return Ok(0);
    }
    let credit = invocation.exchange.chunk(bytes);
    if end != 0 {
        invocation.streaming = false;
        invocation.exchange.end(Ok(()));
    } else if credit < overdraft {
        return Err(violation(
            host,
            format!(
                "{} bytes of a response were sent beyond the credit",
                -credit
            ),
        ));
    }
    Ok(i32::try_from(credit).unwrap_or(i32::MIN))
}

fn body_pull(mut caller: Guest<'_>, request: u32, bytes: u32) {
    charge(&mut caller, cost::CALL);
    let host = caller.data_mut();
    let (isolate, executor) = (host.isolate.clone(), host.executor.clone());
    let limit = host.limits.request_body_bytes;
    if let Some(invocation) = host.invocation_of(request) {
        super::upload::read_body(invocation, u64::from(bytes), limit, isolate, &executor);
    }
}

fn fail(mut caller: Guest<'_>, request: u32, ptr: u32, len: u32) -> Result<(), Error> {
    charge(&mut caller, cost::CALL + cost::copy(len as usize));
    let (memory, host) = parts(&mut caller)?;
    let failure = exception(slice(memory, host, ptr, len)?);
    if let Some(loading) = host.loading.as_mut().filter(|_| request == 0) {
        loading.failure.get_or_insert(failure);
    } else if let Some(invocation) = host.invocation_of(request) {
        invocation.fail(failure);
    }
    Ok(())
}

fn done(mut caller: Guest<'_>, request: u32, status: u32, ptr: u32, len: u32) -> Result<(), Error> {
    charge(&mut caller, cost::CALL + cost::copy(len as usize));
    let (memory, host) = parts(&mut caller)?;
    let bytes = slice(memory, host, ptr, len)?;
    let Some(invocation) = host
        .invocation_of(request)
        .filter(|invocation| !invocation.done)
    else {
        return Ok(());
    };
    let failure = (status != 0).then(|| exception(bytes));
    invocation.done = true;
    let Some(failure) = failure else {
        return Ok(());
    };
    if invocation.failure.is_none() {
        invocation.exchange.answer(Err(failure.clone()));
        invocation.failure = Some(failure);
    } else if request == host.current {
        // The record has one failure, the first; this one is still worth knowing.
        host.log(LogLevel::Error, &failure.to_string());
    }
    Ok(())
}

/// Bytes of a guest's report that are looked at.
const EXCEPTION_MAX: usize = 256 * 1024;

/// The failure that a guest reports, cut to a bounded size.
fn exception(bytes: &[u8]) -> Failure {
    let decoded = if bytes.len() <= EXCEPTION_MAX {
        postcard::from_bytes(bytes).ok()
    } else {
        None
    };
    let told = decoded.unwrap_or(Exception {
        name: "Error",
        message: "the Worker failed and its report cannot be decoded",
        stack: "",
    });
    let cut = |text: &str| text.chars().take(4096).collect::<String>();
    Failure::Exception {
        name: cut(told.name),
        message: cut(told.message),
        stack: cut(told.stack),
    }
}

fn log(mut caller: Guest<'_>, level: u32, ptr: u32, len: u32) -> Result<(), Error> {
    charge(
        &mut caller,
        cost::CALL + cost::LOG + cost::copy(len as usize),
    );
    let (memory, host) = parts(&mut caller)?;
    let bytes = slice(memory, host, ptr, len)?;
    // Only what is kept is looked at, however much was named.
    let kept = &bytes[..bytes.len().min(limits::LOG_LINE_MAX + 4)];
    if host.logs_more() {
        host.log(LogLevel::from_u32(level), &String::from_utf8_lossy(kept));
    }
    Ok(())
}

fn now(mut caller: Guest<'_>) -> i64 {
    charge(&mut caller, cost::CALL);
    // Years beyond 292 million do not come up.
    caller.data().now_ms as i64
}

fn random(mut caller: Guest<'_>, ptr: u32, len: u32) -> Result<(), Error> {
    charge(&mut caller, cost::CALL + cost::random(len as usize));
    let (memory, host) = parts(&mut caller)?;
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
