//! The instance inside an isolate: turns events into calls of the guest, and fuel into slices.

use super::code::Code;
use super::cost;
use super::host::{Event, Host, OpState, Serial, event_cost};
use super::imports;
use super::invocation::RequestBody;
use super::isolate::{After, Inbound, Isolate};
use super::limits::Failure;
use super::mapping::Mapping;
use super::turn::{Entry, Turn};
use super::wire::{self, Writer};
use super::worker::Worker;
use postern_abi::event::AbortReason;
use postern_abi::http::BodyHint;
use postern_abi::{EventKind, OpErrorCode, limits};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Weak};
use std::time::Duration;
use wasmi::{Memory, Store, TypedFunc};

/// The instance itself. The store is dropped before the memory it uses.
pub struct Core {
    pub store: Store<Host>,
    entry: Entries,
    memory: Memory,
    window: Option<(u32, u32)>,
    /// What must run before the next event: start function and boot, where there is no
    /// snapshot; a WASI program behind its start function.
    startup: VecDeque<Entry>,
    startup_fuel: u64,
    turn: Option<Turn>,
    _mapping: Mapping,
}

/// What a guest exports for the host to call.
enum Entries {
    V1 {
        event: TypedFunc<(u32, u32, u32), i32>,
        window: TypedFunc<u32, u32>,
    },
    Wasi {
        /// The start function, which is a part of the only run.
        init: Option<Entry>,
        start: TypedFunc<(), ()>,
    },
}

/// Why a core stopped in the middle.
pub struct Condemned(pub Failure);

impl Core {
    /// Builds it from the code of `worker`.
    ///
    /// # Errors
    /// See [`Isolate::start`].
    pub fn build(
        worker: &Arc<Worker>,
        code: &Code,
        isolate: Weak<Isolate>,
    ) -> Result<Self, Failure> {
        let engine = worker.engine();
        let limits = *worker.limits();
        let internal = |what: &str, error: &dyn std::fmt::Display| {
            Failure::Internal(format!("{what}: {error}"))
        };
        let no_memory = || Failure::Overloaded {
            reason: format!(
                "no memory for another isolate: {} of {} bytes are in use and none is idle",
                engine.budget().used(),
                engine.budget().limit()
            ),
            retry_after_s: 1,
        };
        let memory_use = super::host::MemoryUse::new(limits.memory_bytes, engine.budget())
            .ok_or_else(no_memory)?;
        let host = Host {
            memory: None,
            bindings: worker.bindings().clone(),
            limits,
            invocations: Vec::new(),
            ops: HashMap::new(),
            op_number: 0,
            op_bytes: 0,
            stale: 0,
            queue: VecDeque::new(),
            current: 0,
            now_ms: super::host::now_ms(),
            fatal: None,
            debt: 0,
            debt_max: 0,
            is_broke: false,
            memory_use,
            isolate,
            executor: engine.executor().clone(),
            wasi: None,
            loading: None,
        };
        let (mut store, instance, memory, mapping) =
            match code.instantiate(host, limits.memory_bytes) {
                Ok(built) => built,
                Err(error) if error.refused => return Err(no_memory()),
                Err(error) => return Err(internal("an isolate cannot be built", &error.what)),
            };
        store.data_mut().memory = Some(memory);
        let mut startup = VecDeque::new();
        let entry = if code.is_wasi() {
            let start = instance
                .get_typed_func(&store, "_start")
                .map_err(|error| internal("no _start", &error))?;
            let init = Entry::startup(&store, instance, super::module::START_EXPORT);
            Entries::Wasi { init, start }
        } else {
            use postern_abi::export;
            let event = instance
                .get_typed_func(&store, export::EVENT)
                .map_err(|error| internal("no event entry", &error))?;
            let window = instance
                .get_typed_func(&store, export::WINDOW)
                .map_err(|error| internal("no window", &error))?;
            Entries::V1 { event, window }
        };
        if !code.restored() && !code.is_wasi() {
            for name in [super::module::START_EXPORT, postern_abi::export::BOOT] {
                startup.extend(Entry::startup(&store, instance, name));
            }
        }
        let startup_fuel = limits.startup_fuel(engine.fuel_per_ms());
        Ok(Self {
            store,
            entry,
            memory,
            window: None,
            startup,
            startup_fuel,
            turn: None,
            _mapping: mapping,
        })
    }

    /// Handles events until there are none or a slice of fuel is used up.
    pub fn run(&mut self, isolate: &Arc<Isolate>) -> Result<After, Condemned> {
        let slice = isolate.worker().engine().slice_fuel();
        let mut left = slice;
        loop {
            let entry = match self.turn.take() {
                Some(turn) => Entry::Resume(turn),
                None => match self.startup.pop_front() {
                    Some(entry) => entry,
                    None => match self.next(isolate)? {
                        Step::Enter(entry) => entry,
                        Step::Skip => continue,
                        Step::Rest => return Ok(After::Rest),
                    },
                },
            };
            let used = self.enter(entry, isolate, left)?;
            left = left.saturating_sub(used);
            self.settle(isolate);
            if self.turn.is_some() || left < slice / 16 {
                return Ok(After::Again);
            }
        }
    }

    /// Fuel that what runs now may still use.
    fn allowance(&mut self) -> u64 {
        let startup_fuel = self.startup_fuel;
        let host = self.store.data_mut();
        if host.current == 0 {
            return startup_fuel;
        }
        host.invocation().map_or(0, |invocation| {
            invocation.fuel_limit.saturating_sub(invocation.fuel)
        })
    }

    /// Lets host functions go so far beyond what the store has.
    fn lend(&mut self, fuel: u64) {
        let host = self.store.data_mut();
        host.debt_max = fuel;
        if let Some(wasi) = &mut host.wasi {
            wasi.lend_fuel(fuel);
        }
    }

    fn spend(&mut self, fuel: u64) {
        let host = self.store.data_mut();
        let owed = host.wasi.as_mut().map_or(0, |wasi| wasi.take_owed_fuel());
        let debt = std::mem::take(&mut host.debt).saturating_add(owed);
        let fuel = fuel.saturating_add(debt);
        if host.current == 0 {
            self.startup_fuel = self.startup_fuel.saturating_sub(fuel);
        } else if let Some(invocation) = host.invocation() {
            invocation.charge(fuel);
        }
    }

    fn exhausted(&self, isolate: &Isolate) -> Condemned {
        let limits = isolate.worker().limits();
        let rate = isolate.worker().engine().fuel_per_ms();
        Condemned(if self.store.data().current == 0 {
            Failure::Cpu {
                limit_ms: limits.startup_cpu_ms,
                fuel: limits.startup_fuel(rate),
            }
        } else {
            Failure::Cpu {
                limit_ms: limits.cpu_ms,
                fuel: limits.fuel(rate),
            }
        })
    }

    /// Runs guest code for at most `slice` fuel, or a little more where one instruction needs
    /// it; gives the fuel used.
    fn enter(&mut self, entry: Entry, isolate: &Isolate, slice: u64) -> Result<u64, Condemned> {
        let allowance = self.allowance();
        let required = entry.required_fuel();
        if required > allowance || allowance == 0 {
            return Err(self.exhausted(isolate));
        }
        let given = slice.max(required).min(allowance);
        self.lend(allowance - given);
        self.store
            .set_fuel(given)
            .map_err(|error| Condemned(Failure::Internal(error.to_string())))?;
        let result = entry.run(&mut self.store);
        let used = given - self.store.get_fuel().unwrap_or(0);
        self.spend(used);
        match result {
            Ok(Turn::Finished(0)) => {}
            Ok(Turn::Finished(status)) => {
                return Err(Condemned(Failure::Exception {
                    name: "Error".into(),
                    message: format!("the guest ended a turn with status {status}"),
                    stack: String::new(),
                }));
            }
            Ok(turn) => self.turn = Some(turn),
            Err(error) => return self.trapped(error, isolate).map(|()| used),
        }
        Ok(used)
    }

    /// What a trap means. A WASI program that exits is one that ended.
    fn trapped(&mut self, error: wasmi::Error, isolate: &Isolate) -> Result<(), Condemned> {
        use wasmi::TrapCode;
        let limits = isolate.worker().limits();
        let host = self.store.data_mut();
        if let Some(failure) = host.fatal.take() {
            return Err(Condemned(failure));
        }
        if error.i32_exit_status().is_some() {
            self.startup.clear();
            return Ok(());
        }
        if error.downcast_ref::<super::wasi::OutputLimit>().is_some() {
            let limit = limits.response_body_bytes;
            return Err(Condemned(Failure::ResponseBody { limit }));
        }
        // A guest that was refused memory and then gave up ran out of memory, however it says so.
        if std::mem::take(&mut host.memory_use.refused) {
            return Err(Condemned(Failure::Memory {
                limit: limits.memory_bytes,
            }));
        }
        if let Some(invocation) = host.invocation()
            && invocation.done
            && let Some(failure @ Failure::Exception { .. }) = invocation.failure.clone()
        {
            // It told what was wrong before it trapped: a panic's message, for instance.
            return Err(Condemned(failure));
        }
        Err(Condemned(match error.as_trap_code() {
            Some(TrapCode::StackOverflow) => Failure::Stack {
                depth: limits.call_depth,
                bytes: limits.stack_bytes,
            },
            Some(TrapCode::OutOfFuel) => return Err(self.exhausted(isolate)),
            _ => Failure::Exception {
                name: "RuntimeError".into(),
                message: error.to_string(),
                stack: String::new(),
            },
        }))
    }

    /// Ends the requests whose work is over.
    fn settle(&mut self, isolate: &Arc<Isolate>) {
        if self.turn.is_some() || !self.startup.is_empty() {
            return;
        }
        let host = self.store.data_mut();
        super::wasi_run::answer(host);
        let mut at = 0;
        while at < host.invocations.len() {
            let invocation = &mut host.invocations[at];
            let id = invocation.id;
            if invocation.done {
                host.finish(id, isolate);
                continue;
            }
            if invocation.is_answered() && invocation.expiry.is_none() {
                invocation.expiry = Some(expire(isolate, id));
            }
            at += 1;
        }
    }

    /// The next thing to do.
    fn next(&mut self, isolate: &Arc<Isolate>) -> Result<Step, Condemned> {
        let queued = self.store.data_mut().queue.pop_front();
        let event = match queued {
            Some(event) => event,
            None => match isolate.take() {
                Some(Inbound::Event(event)) => event,
                Some(Inbound::Start(invocation)) => {
                    let id = invocation.id;
                    self.store.data_mut().invocations.push(*invocation);
                    Event::Request(id)
                }
                None => {
                    return Ok(if self.quiesce(isolate) {
                        Step::Skip
                    } else {
                        Step::Rest
                    });
                }
            },
        };
        self.store.data_mut().tick();
        self.deliver(event, isolate)
    }

    /// Nothing is left to do. Requests that nothing will ever wake are over; the guest is told
    /// of those that it still works on, so that it forgets them. False when there are none.
    fn quiesce(&mut self, isolate: &Isolate) -> bool {
        let host = self.store.data_mut();
        let stuck: Vec<(u32, bool)> = host
            .invocations
            .iter()
            .filter(|it| !host.waits(it))
            .map(|it| (it.id, it.is_answered()))
            .collect();
        for (id, answered) in stuck {
            if matches!(self.entry, Entries::Wasi { .. }) {
                host.finish(id, isolate);
            } else if answered {
                host.queue.push_back(Event::Forget(id));
            } else {
                let event = Event::Abandon(id, super::host::never_answers());
                host.queue.push_back(event);
            }
        }
        !host.queue.is_empty()
    }

    /// Hands an event to the guest: writes its payload and says what to call.
    fn deliver(&mut self, event: Event, isolate: &Arc<Isolate>) -> Result<Step, Condemned> {
        let host = self.store.data_mut();
        match event {
            Event::Request(id) => self.begin(id, isolate),
            Event::BodyChunk(id, bytes) => {
                let Some(invocation) = host.invocation_of(id) else {
                    return Ok(Step::Skip);
                };
                invocation.body_wanted = invocation.body_wanted.saturating_sub(bytes.len() as u64);
                invocation.body_credit.arrived(bytes.len() as u64);
                self.send(id, EventKind::BodyChunk, id, isolate, bytes.len(), |out| {
                    out.bytes(&bytes)
                })
            }
            Event::BodyEnd(id) => {
                let Some(invocation) = host.invocation_of(id) else {
                    return Ok(Step::Skip);
                };
                invocation.body = RequestBody::Empty;
                self.send(id, EventKind::BodyEnd, id, isolate, 0, |_| {})
            }
            Event::BodyBroken(id, why) => {
                let Some(invocation) = host.invocation_of(id) else {
                    return Ok(Step::Skip);
                };
                invocation.body = RequestBody::Empty;
                self.send(
                    id,
                    EventKind::BodyError,
                    id,
                    isolate,
                    why.len() + 8,
                    |out| {
                        wire::op_error(out, OpErrorCode::Cancelled as u16, &why);
                    },
                )
            }
            Event::BodyCredit(id) => {
                let Some(invocation) = host
                    .invocation_of(id)
                    .filter(|invocation| invocation.streaming)
                else {
                    return Ok(Step::Skip);
                };
                let credit = u32::try_from(invocation.exchange.credit().max(0)).unwrap_or(u32::MAX);
                self.send(id, EventKind::BodyCredit, id, isolate, 4, |out| {
                    out.bytes(&credit.to_le_bytes())
                })
            }
            Event::OpCredit(op) => {
                let Some((id, request)) = op_of(host, op) else {
                    return Ok(Step::Skip);
                };
                let pipe = host.op(op).and_then(|op| op.pipe.as_ref());
                let credit = pipe.map_or(limits::BODY_CREDIT, super::pipe::Pipe::credit);
                self.send(request, EventKind::OpCredit, id, isolate, 4, |out| {
                    out.bytes(&credit.to_le_bytes());
                })
            }
            Event::Op(op, outcome) => self.op_ended(op, outcome.0, isolate),
            Event::OpChunk(op, bytes) => {
                let Some((id, request)) = op_of(host, op) else {
                    return Ok(Step::Skip);
                };
                if let Some(OpState::Streaming(credit, _)) = host.op(op).map(|op| &op.state) {
                    credit.arrived(bytes.len() as u64);
                }
                self.send(
                    request,
                    EventKind::OpChunk,
                    id,
                    isolate,
                    bytes.len(),
                    |out| out.bytes(&bytes),
                )
            }
            Event::OpEnd(op) => {
                let Some((id, request)) = op_of(host, op) else {
                    return Ok(Step::Skip);
                };
                host.end_op(id);
                self.send(request, EventKind::OpEnd, id, isolate, 0, |_| {})
            }
            Event::OpBroken(op, failure) => {
                let Some((id, request)) = op_of(host, op) else {
                    return Ok(Step::Skip);
                };
                host.end_op(id);
                self.send(
                    request,
                    EventKind::OpFailed,
                    id,
                    isolate,
                    failure.message.len() + 8,
                    |out| {
                        wire::op_error(out, failure.code as u16, &failure.message);
                    },
                )
            }
            Event::Abandon(id, failure) => {
                let Some(invocation) = host.invocation_of(id) else {
                    return Ok(Step::Skip);
                };
                let reason = match failure {
                    Failure::Canceled => AbortReason::Left,
                    _ => AbortReason::Over,
                };
                if reason == AbortReason::Left && invocation.is_answered() {
                    return Ok(Step::Skip);
                }
                invocation.fail(failure);
                if invocation.expiry.is_none() {
                    invocation.expiry = Some(expire(isolate, id));
                }
                self.abort(id, reason, isolate)
            }
            Event::Expire(id) => {
                host.current = id;
                if host.invocation_of(id).is_none() {
                    return Ok(Step::Skip);
                }
                host.log(
                    postern_abi::event::LogLevel::Warn,
                    "waitUntil() tasks did not complete within the allowed time after invocation end and have been cancelled.",
                );
                self.abort(id, AbortReason::Over, isolate)
            }
            Event::Forget(id) => {
                if host.invocation_of(id).is_none() {
                    return Ok(Step::Skip);
                }
                self.abort(id, AbortReason::Over, isolate)
            }
        }
    }

    /// Tells the guest that a request ends before its work does, and how much of it.
    fn abort(
        &mut self,
        id: u32,
        reason: AbortReason,
        isolate: &Isolate,
    ) -> Result<Step, Condemned> {
        let step = self.send(id, EventKind::Abort, id, isolate, 1, |out| {
            out.bytes(&[reason as u8]);
        })?;
        if reason == AbortReason::Over
            && let Some(invocation) = self.store.data_mut().invocation_of(id)
        {
            // Settled when the guest has heard of it.
            invocation.done = true;
        }
        Ok(step)
    }

    fn begin(&mut self, id: u32, isolate: &Arc<Isolate>) -> Result<Step, Condemned> {
        let host = self.store.data_mut();
        let Some(invocation) = host.invocation_of(id) else {
            return Ok(Step::Skip);
        };
        invocation.charge(cost::REQUEST);
        if let Entries::Wasi { init, start } = &mut self.entry {
            let start = Entry::Unit(*start);
            host.current = id;
            host.wasi = super::wasi_run::prepare(host).map(Box::new);
            return Ok(Step::Enter(match init.take() {
                None => start,
                Some(init) => {
                    self.startup.push_back(start);
                    init
                }
            }));
        }
        let headers = std::mem::take(&mut invocation.headers);
        let (method, url) = (
            invocation.method.clone(),
            std::mem::take(&mut invocation.url),
        );
        let body = match &invocation.body {
            RequestBody::Empty => BodyHint::None,
            RequestBody::Whole(bytes) => BodyHint::Known(bytes.len() as u64),
            RequestBody::Stream { len: Some(len), .. } => BodyHint::Known(*len),
            RequestBody::Stream { len: None, .. } => BodyHint::Chunked,
        };
        let fields: usize = headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() + 6)
            .sum();
        let bound = method.as_str().len() + url.len() + fields + 32;
        let step = self.send(id, EventKind::Request, id, isolate, bound, |out| {
            wire::request(out, &method, &url, body, &headers);
        });
        if let Some(invocation) = self.store.data_mut().invocation_of(id) {
            invocation.url = url;
            invocation.headers = headers;
        }
        step
    }

    fn op_ended(
        &mut self,
        op: Serial,
        result: super::ops::OpResult,
        isolate: &Arc<Isolate>,
    ) -> Result<Step, Condemned> {
        let host = self.store.data_mut();
        let Some((id, request)) = op_of(host, op) else {
            return Ok(Step::Skip);
        };
        let ended = host.end_op(id);
        match result {
            Ok(reply) => {
                if let Some(source) = reply.stream {
                    let state: OpState = imports::stream(host, op, source);
                    host.current = request;
                    host.add_op(op, state, 0);
                    if let Some(added) = host.ops.get_mut(&id) {
                        // Both ways at once: the rest of the argument may still come.
                        added.pipe = ended.and_then(|ended| ended.pipe);
                        added.decode = reply.decode;
                    }
                }
                let len = reply.head.len() + reply.body.len();
                self.send(request, EventKind::OpDone, id, isolate, len, |out| {
                    out.bytes(&reply.head);
                    out.bytes(&reply.body);
                })
            }
            Err(failure) => self.send(
                request,
                EventKind::OpFailed,
                id,
                isolate,
                failure.message.len() + 8,
                |out| {
                    wire::op_error(out, failure.code as u16, &failure.message);
                },
            ),
        }
    }

    /// Writes a payload of at most `bound` bytes into the window and calls the guest with it.
    fn send(
        &mut self,
        request: u32,
        kind: EventKind,
        id: u32,
        isolate: &Isolate,
        bound: usize,
        write: impl Fn(&mut Writer<'_>),
    ) -> Result<Step, Condemned> {
        self.store.data_mut().current = request;
        let Entries::V1 { event, window } = &self.entry else {
            return Ok(Step::Skip);
        };
        let (event, window) = (*event, *window);
        let ptr = match self.window {
            Some((ptr, cap)) if bound <= cap as usize => ptr,
            _ if bound == 0 => 0,
            _ => self.open_window(&window, bound, isolate)?,
        };
        let memory = self.memory.data_mut(&mut self.store);
        let slot = (ptr as usize)
            .checked_add(bound)
            .and_then(|end| memory.get_mut(ptr as usize..end));
        let Some(slot) = slot else {
            return Err(Condemned(boundary(format!(
                "the window of {bound} bytes at {ptr} is outside the memory"
            ))));
        };
        let mut writer = Writer::new(slot);
        write(&mut writer);
        let len = writer.finish().map_err(|len| {
            Condemned(Failure::Internal(format!(
                "payload of {len} bytes in {bound}"
            )))
        })?;
        if let Some(invocation) = self.store.data_mut().invocation() {
            invocation.charge(event_cost(len));
        }
        if bound > WINDOW_KEPT {
            // The guest may let go of a window this large when it is asked for the next one.
            self.window = None;
        }
        // A window is at most 4 GiB, so its length fits.
        Ok(Step::Enter(Entry::Event(
            event,
            (kind as u32, id, len as u32),
        )))
    }

    /// Asks the guest for a window of `bound` bytes. Not sliced: a window is an allocation.
    fn open_window(
        &mut self,
        window: &TypedFunc<u32, u32>,
        bound: usize,
        isolate: &Isolate,
    ) -> Result<u32, Condemned> {
        let want = u32::try_from(bound.max(4096).next_power_of_two())
            .map_err(|_| Condemned(boundary(format!("a payload of {bound} bytes is too large"))))?;
        // Enough to zero or copy a large window, and little enough to be no way around slices.
        let slice = isolate.worker().engine().slice_fuel();
        let allowance = self.allowance();
        let fuel = allowance.min(slice.saturating_add(u64::from(want) / 8));
        self.lend(allowance - fuel);
        self.store
            .set_fuel(fuel)
            .map_err(|error| Condemned(Failure::Internal(error.to_string())))?;
        let result = window.call(&mut self.store, want);
        let used = fuel - self.store.get_fuel().unwrap_or(0);
        self.spend(used);
        match result {
            Ok(0) => {
                let refused = std::mem::take(&mut self.store.data_mut().memory_use.refused);
                let limit = isolate.worker().limits().memory_bytes;
                Err(Condemned(if refused {
                    Failure::Memory { limit }
                } else {
                    boundary(format!("the guest has no window of {want} bytes"))
                }))
            }
            Ok(ptr) => {
                self.window = Some((ptr, want));
                Ok(ptr)
            }
            Err(error) => {
                self.trapped(error, isolate)?;
                Err(Condemned(boundary(
                    "the guest exited instead of giving a window".into(),
                )))
            }
        }
    }
}

/// Bytes of a window that is used again and again; a larger one serves one payload.
const WINDOW_KEPT: usize = 128 * 1024;

/// What to do next.
enum Step {
    Enter(Entry),
    Skip,
    Rest,
}

fn boundary(message: String) -> Failure {
    Failure::Exception {
        name: "BoundaryError".into(),
        message,
        stack: String::new(),
    }
}

/// An operation's number and its request's, unless it is over.
fn op_of(host: &Host, op: Serial) -> Option<(u32, u32)> {
    host.op(op).map(|found| (op.id, found.request))
}

/// Ends a request when its `waitUntil` time is over.
fn expire(isolate: &Arc<Isolate>, id: u32) -> async_executor::Task<()> {
    let after = Duration::from_millis(u64::from(isolate.worker().limits().wait_until_ms));
    let isolate_ = Arc::downgrade(isolate);
    isolate.worker().engine().executor().spawn(async move {
        async_io::Timer::after(after).await;
        if let Some(isolate) = isolate_.upgrade() {
            isolate.push(Event::Expire(id));
        }
    })
}
