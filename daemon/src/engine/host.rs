//! What an isolate's store carries: its requests, its operations, its events to come.
//!
//! The host functions themselves are in [`super::imports`].

use super::compression::Contexts;
use super::cost;
use super::credit::Credit;
use super::finished::LogLine;
use super::invocation::{Reply, ReplyBody, RequestBody};
use super::isolate::Isolate;
use super::javascript::{Frozen, Loading};
use super::limits::{Failure, Limits};
use super::memory_use::MemoryUse;
use super::ops::{Bindings, OpFailure, OpResult, Upload};
use super::pipe::Pipe;
use super::replay::Tape;
use super::rewriter::Rewriters;
use super::socket::SocketEnd;
use super::underway::{Invocation, never_answers};
use super::wasi::Wasi;
use async_executor::{Executor, Task};
use bytes::Bytes;
use http::HeaderMap;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Weak};
use std::time::{SystemTime, UNIX_EPOCH};
use wasmi::Memory;

/// Bytes of a method's name that are kept.
const RPC_METHOD_MAX: usize = 256;

/// What happens to an isolate. Numbers name a request of this isolate.
#[derive(Debug)]
pub enum Event {
    /// A request begins; its head waits in its [`Invocation`].
    Request(u32),
    /// A part of a request's body.
    BodyChunk(u32, Bytes),
    /// The end of a request's body.
    BodyEnd(u32),
    /// A request's body broke off.
    BodyBroken(u32, String),
    /// The client took some of the answer's body.
    BodyCredit(u32),
    /// More of an operation's streamed argument may come.
    OpCredit(Serial),
    /// An operation ended.
    Op(Serial, Box<OpOutcome>),
    /// A part of an operation's stream.
    OpChunk(Serial, Bytes),
    /// The end of an operation's stream.
    OpEnd(Serial),
    /// An operation's stream broke off.
    OpBroken(Serial, OpFailure),
    /// A socket's connection speaks the protocol.
    SocketOpen(Serial),
    /// A part of a message for a socket.
    SocketMessage(Serial, Bytes),
    /// Nobody waits for the answer any more.
    Abandon(u32, Failure),
    /// The time for `waitUntil` is over.
    Expire(u32),
    /// The answer is out, and nothing that the guest still does for the request will ever end.
    Forget(u32),
}

/// The name of an operation: the guest's number alone may be that of another one by the time
/// that an event comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Serial {
    /// The guest's number.
    pub id: u32,
    /// The host's, never used again.
    pub number: u64,
}

impl Event {
    /// The operation that it is about.
    pub fn op(&self) -> Option<Serial> {
        match self {
            Self::OpCredit(op)
            | Self::Op(op, _)
            | Self::OpChunk(op, _)
            | Self::OpEnd(op)
            | Self::SocketOpen(op)
            | Self::SocketMessage(op, _)
            | Self::OpBroken(op, _) => Some(*op),
            _ => None,
        }
    }
}

/// The result of an operation on its way to the guest.
pub struct OpOutcome(pub OpResult);

impl std::fmt::Debug for OpOutcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_ok() { "Ok" } else { "Err" })
    }
}

/// An operation that has not ended.
pub struct Op {
    /// The host's number for it.
    pub number: u64,
    /// The request that started it.
    pub request: u32,
    /// Bytes of its argument.
    pub bytes: u32,
    /// How it goes on.
    pub state: OpState,
    /// Where more of its argument goes while it works already.
    pub pipe: Option<Pipe>,
    /// Set when the guest wants its stream decoded.
    pub decode: Option<Arc<AtomicBool>>,
    /// Whether it is a timer.
    pub is_timer: bool,
}

/// How an operation goes on.
pub enum OpState {
    /// Its result waits in the queue.
    Ready,
    /// A task works on it.
    Running(#[expect(dead_code, reason = "dropping it cancels the operation")] Task<()>),
    /// Its argument is still coming; so many bytes came since the guest was last given credit.
    Upload(Box<dyn Upload>, u32),
    /// It is a WebSocket.
    Socket(SocketEnd),
    /// Its result is being streamed.
    Streaming(
        Credit,
        #[expect(dead_code, reason = "dropping it stops the stream")] Task<()>,
    ),
}

/// An isolate's data.
pub struct Host {
    /// The linear memory; `None` only while the isolate is being built.
    pub memory: Option<Memory>,
    /// `env`.
    pub bindings: Arc<dyn Bindings>,
    /// The limits in force.
    pub limits: Limits,
    /// Requests that are not over.
    pub invocations: Vec<Invocation>,
    /// Operations that are not over, by the guest's numbers.
    pub ops: HashMap<u32, Op>,
    /// Bytes of their arguments.
    pub op_bytes: u64,
    /// Operations that were ever started.
    pub op_number: u64,
    /// Events in the queue, at least, of operations that were cancelled.
    pub stale: usize,
    /// Events made by this isolate itself.
    pub queue: VecDeque<Event>,
    /// The request whose event is being handled.
    pub current: u32,
    /// The guest's clock, milliseconds since 1970. It stands still during a turn.
    pub now_ms: u64,
    /// A rule was broken that ends the isolate; set by a host function that traps.
    pub fatal: Option<Failure>,
    /// Host work to be charged that the slice had no fuel left for.
    pub debt: u64,
    /// What may be owed.
    pub debt_max: u64,
    /// Fuel that the store was given for what runs now.
    pub given: u64,
    /// More was owed when the host was last called.
    pub is_broke: bool,
    /// Memory and tables.
    pub memory_use: MemoryUse,
    /// Compression contexts.
    pub compression: Contexts,
    /// The rewriters of HTML that are open.
    pub rewriters: Rewriters,
    /// The isolate itself.
    pub isolate: Weak<Isolate>,
    /// Runs what goes on outside of turns.
    pub executor: Arc<Executor<'static>>,
    /// Keys of Web Crypto.
    pub keys: postern_crypto::Keys,
    /// Arithmetic that the guest waits for, until somebody does it.
    pub awaited: Option<super::crypto::Awaited>,
    /// State of a WASI program.
    pub wasi: Option<Box<Wasi>>,
    /// WebAssembly that JavaScript runs.
    pub wasm: Option<Box<super::inner::Inner>>,
    /// What it has in common with other isolates of the Worker.
    pub wasm_shared: Arc<super::inner::Shared>,
    /// What is evaluated, while a push in JavaScript is judged.
    pub loading: Option<Box<Loading>>,
    /// What reaches the guest is written down here.
    pub tape: Option<Box<Tape>>,
}

impl Host {
    /// Of an isolate with this `env`, in which nothing has happened.
    pub fn new(
        bindings: Arc<dyn Bindings>,
        limits: Limits,
        memory_use: MemoryUse,
        executor: Arc<Executor<'static>>,
    ) -> Self {
        Self {
            memory: None,
            bindings,
            limits,
            invocations: Vec::new(),
            ops: HashMap::new(),
            op_number: 0,
            op_bytes: 0,
            stale: 0,
            queue: VecDeque::new(),
            current: 0,
            now_ms: 0,
            fatal: None,
            debt: 0,
            debt_max: 0,
            given: 0,
            is_broke: false,
            memory_use,
            compression: Default::default(),
            rewriters: Default::default(),
            isolate: Weak::new(),
            executor,
            keys: Default::default(),
            awaited: None,
            wasi: None,
            wasm: None,
            wasm_shared: Default::default(),
            loading: None,
            tape: None,
        }
    }

    /// What an instance has that nobody uses: nothing of this one.
    pub fn vacant(&self) -> Self {
        Self::new(
            Arc::new(Frozen(Vec::new())),
            self.limits,
            self.memory_use.vacant(),
            self.executor.clone(),
        )
    }

    /// Bytes on the heap that are counted already.
    pub fn counted_on_heap(&self) -> u64 {
        let inner = self.wasm.as_ref().map_or(0, |inner| inner.share_bytes());
        let tape = self.tape.as_ref().map_or(0, |tape| tape.heap_bytes());
        self.memory_use.on_heap() + inner + tape
    }

    /// Whether nothing is under way, and no state but that of the instance itself goes with it.
    pub fn is_at_rest(&self) -> bool {
        self.invocations.is_empty()
            && self.ops.is_empty()
            && self.queue.is_empty()
            && self.fatal.is_none()
            && self.awaited.is_none()
            && self.wasi.is_none()
            && self.wasm.is_none()
            && self.loading.is_none()
    }

    /// Bytes that the host holds for the guest.
    pub fn held(&self) -> u64 {
        self.compression.bytes() + self.rewriters.bytes()
    }

    /// The limits of the request being handled, or where there is none those of the isolate.
    pub fn in_force(&mut self) -> Limits {
        let own = self.limits;
        self.invocation()
            .map_or(own, |invocation| *invocation.limits)
    }

    /// Takes in a request with these limits. Those of memory and stack stay as the isolate was made;
    /// what all requests may have under way together only grows, for some began with more.
    pub fn widen(&mut self, limits: &Limits) {
        self.limits = Limits {
            memory_bytes: self.limits.memory_bytes,
            stack_bytes: self.limits.stack_bytes,
            call_depth: self.limits.call_depth,
            pending_operations: self
                .limits
                .pending_operations
                .max(limits.pending_operations),
            concurrent_invocations: self
                .limits
                .concurrent_invocations
                .max(limits.concurrent_invocations),
            ..*limits
        };
    }

    /// The request being handled.
    pub fn invocation(&mut self) -> Option<&mut Invocation> {
        let id = self.current;
        self.invocation_of(id)
    }

    /// The request of this number.
    pub fn invocation_of(&mut self, id: u32) -> Option<&mut Invocation> {
        self.invocations
            .iter_mut()
            .find(|invocation| invocation.id == id)
    }

    /// A request is about to have all of its answer. Tells the isolate if it was the last one that had to.
    pub fn is_answering(&self) {
        if self.invocations.iter().all(Invocation::is_answered)
            && let Some(isolate) = self.isolate.upgrade()
        {
            isolate.has_answered(self.invocations.len());
        }
    }

    /// The name of the next operation, which has this number.
    pub fn next_op(&mut self, id: u32) -> Serial {
        self.op_number += 1;
        Serial {
            id,
            number: self.op_number,
        }
    }

    /// An operation, unless it is over.
    pub fn op(&self, serial: Serial) -> Option<&Op> {
        self.ops
            .get(&serial.id)
            .filter(|op| op.number == serial.number)
    }

    /// Adds an operation of the current request, with an argument of `bytes`.
    pub fn add_op(&mut self, serial: Serial, state: OpState, bytes: u32) {
        let request = self.current;
        if let Some(invocation) = self.invocation_of(request) {
            invocation.pending += 1;
        }
        let op = Op {
            number: serial.number,
            request,
            bytes,
            state,
            pipe: None,
            decode: None,
            is_timer: false,
        };
        self.op_bytes += u64::from(bytes);
        self.ops.insert(serial.id, op);
    }

    /// An operation that was added is a timer.
    pub fn mark_timer(&mut self, id: u32) {
        let Some(op) = self.ops.get_mut(&id) else {
            return;
        };
        op.is_timer = true;
        let request = op.request;
        if let Some(invocation) = self.invocation_of(request) {
            invocation.timers += 1;
        }
    }

    /// Takes an operation out, because it is over.
    pub fn end_op(&mut self, id: u32) -> Option<Op> {
        let op = self.ops.remove(&id)?;
        self.op_bytes = self.op_bytes.saturating_sub(u64::from(op.bytes));
        if let Some(invocation) = self.invocation_of(op.request) {
            invocation.pending = invocation.pending.saturating_sub(1);
            invocation.timers = invocation.timers.saturating_sub(u32::from(op.is_timer));
            if matches!(&op.state, OpState::Socket(end) if end.is_served()) {
                invocation.sockets = invocation.sockets.saturating_sub(1);
            }
        }
        Some(op)
    }

    /// Ends an operation, and forgets what was to be told of it.
    pub fn cancel(&mut self, id: u32) {
        if self.end_op(id).is_none() {
            return;
        }
        // An operation has few events in the queue, so this keeps it in bounds and costs little.
        self.stale += 1;
        if self.stale > 32 && self.stale > self.queue.len() / 2 {
            let mut queue = std::mem::take(&mut self.queue);
            queue.retain(|event| event.op().is_none_or(|op| self.op(op).is_some()));
            self.queue = queue;
            self.stale = 0;
        }
    }

    /// Sets the guest's clock to now.
    pub fn tick(&mut self) {
        self.now_ms = now_ms();
    }

    /// Whether the current request may log more. If not, one more line is counted as dropped.
    pub fn logs_more(&mut self) -> bool {
        let Some(invocation) = self.invocation() else {
            return false;
        };
        let limit = u64::from(invocation.limits.log_bytes);
        let more = invocation.log_bytes <= limit;
        if !more {
            invocation.logs_dropped = invocation.logs_dropped.saturating_add(1);
        }
        more
    }

    /// Adds a line to the log of the current request, up to its limit.
    pub fn log(&mut self, level: postern_abi::event::LogLevel, message: &str) {
        let at_ms = self.now_ms;
        let Some(invocation) = self.invocation() else {
            return;
        };
        let limit = u64::from(invocation.limits.log_bytes);
        let mut end = message.len().min(postern_abi::limits::LOG_LINE_MAX);
        while !message.is_char_boundary(end) {
            end -= 1;
        }
        let kept = &message[..end];
        let mut values = std::mem::take(&mut invocation.log_values);
        if invocation.log_bytes + kept.len() as u64 > limit {
            // What comes after it is dropped unseen.
            invocation.log_bytes = limit + 1;
            invocation.logs_dropped = invocation.logs_dropped.saturating_add(1);
            return;
        }
        // A line of no bytes takes room too.
        invocation.log_bytes += kept.len() as u64 + 32;
        // Its values count too; where they have no room, the text says it alone.
        values = values.filter(|it| invocation.log_bytes + it.len() as u64 <= limit);
        invocation.log_bytes += values.as_ref().map_or(0, |it| it.len() as u64);
        if kept.len() < message.len() {
            invocation.logs_dropped = invocation.logs_dropped.saturating_add(1);
        }
        invocation.logs.push(LogLine {
            level,
            message: kept.to_owned(),
            values,
            at_ms,
        });
    }

    /// The values of the line that comes next.
    pub fn log_values(&mut self, json: &str) {
        let fits = json.len() <= postern_abi::limits::LOG_LINE_MAX;
        if let Some(invocation) = self.invocation().filter(|_| fits) {
            invocation.log_values = Some(json.to_owned());
        }
    }

    /// What the session of RPC was begun for that the current request is.
    pub fn log_method(&mut self, method: &str) {
        let Some(invocation) = self.invocation() else {
            return;
        };
        if invocation.is_session() && invocation.rpc_method.is_none() {
            let mut end = method.len().min(RPC_METHOD_MAX);
            while !method.is_char_boundary(end) {
                end -= 1;
            }
            invocation.rpc_method = Some(method[..end].to_owned());
        }
    }

    /// The state of the WASI program that this isolate runs.
    ///
    /// # Panics
    /// In an isolate of another kind, whose linker binds nothing that calls this.
    pub fn wasi(&mut self) -> &mut Wasi {
        self.wasi
            .as_mut()
            .expect("only WASI isolates bind WASI functions")
    }

    /// Whether something that this request asked for is still to come. What other requests wait
    /// for does not count: they are no business of this one (spec: SEMANTICS §3).
    pub fn waits(&self, invocation: &Invocation) -> bool {
        invocation.pending > 0
            || (invocation.body_wanted > 0 && !matches!(invocation.body, RequestBody::Empty))
            || invocation.exchange.waits_for_client()
    }

    /// Ends a request: cancels what it left, answers if nobody did, writes its record.
    pub fn finish(&mut self, id: u32, isolate: &Isolate) {
        let Some(at) = self
            .invocations
            .iter()
            .position(|invocation| invocation.id == id)
        else {
            return;
        };
        let mut invocation = self.invocations.swap_remove(at);
        invocation.memory_bytes = self.memory_use.bytes();
        self.compression.forget(id);
        self.rewriters.forget(id);
        self.memory_use.hold(self.held());
        if invocation.pending > 0 {
            if let Some(failure) = invocation
                .failure
                .as_ref()
                .filter(|_| invocation.is_session())
            {
                let own = self.ops.values().filter(|op| op.request == id);
                for op in own {
                    if let OpState::Socket(end) = &op.state
                        && end.is_session()
                        && end.is_served()
                    {
                        end.failed(failure);
                    }
                }
            }
            self.ops.retain(|_, op| op.request != id);
            self.op_bytes = self.ops.values().map(|op| u64::from(op.bytes)).sum();
        }
        invocation.body_credit.close();
        if invocation.trigger.is_some() {
            let over = match invocation.failure.clone() {
                None => Ok(Reply {
                    status: http::StatusCode::OK,
                    reason: None,
                    headers: HeaderMap::new(),
                    body: ReplyBody::Whole(Bytes::new()),
                }),
                Some(failure) => Err(failure),
            };
            invocation.exchange.answer(over);
        } else if !invocation.exchange.answered() {
            let failure = invocation.failure.get_or_insert_with(never_answers).clone();
            invocation.answer_failed(failure);
        } else if invocation.streaming {
            let failure = invocation
                .failure
                .get_or_insert_with(|| Failure::Exception {
                    name: "Error".into(),
                    message: "the invocation ended before its response's body did".into(),
                    stack: String::new(),
                    refusal: None,
                });
            invocation.exchange.end(Err(failure.clone()));
        }
        if let Some(tape) = &mut self.tape {
            let why = invocation.failure.as_ref().map(Failure::to_string);
            let outcome = invocation.outcome().as_str();
            tape.over(id, invocation.fuel, outcome, &why.unwrap_or_default());
            isolate.worker().record(tape, &invocation, &self.limits);
        }
        isolate.finished(invocation);
    }
}

/// Milliseconds since 1970; 0 while the clock is not set.
pub fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        })
}

/// The fuel that handing an event with a payload of `bytes` to the guest costs.
pub fn event_cost(bytes: usize) -> u64 {
    cost::EVENT + cost::copy(bytes)
}
