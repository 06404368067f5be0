//! The instance inside an isolate: runs turns in slices of fuel, and says what their end means.
//!
//! Which turn comes next, and what the guest is told in it, is in [`super::delivery`].

use super::accounts::Resident;
use super::code::Code;
use super::crypto::{Arrived, Awaited};
use super::delivery::{Step, expire};
use super::heap;
use super::host::Host;
use super::instance::{Again, Built};
use super::isolate::{After, Isolate};
use super::limits::Failure;
use super::mapping::{Mapping, WASM_PAGE};
use super::memory_use::MemoryUse;
use super::meter::Metered;
use super::parked::{CHANGES_MAX, Changes, Parked};
use super::replay;
use super::turn::{Entry, Turn};
use super::underway::Invocation;
use super::worker::Worker;
use crate::ledger::Share;
use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use wasmi::{Instance, Memory, Store, TypedFunc};

/// The instance itself. The store is dropped before the memory it uses.
pub struct Core {
    pub store: Store<Host>,
    pub(super) entry: Entries,
    pub(super) memory: Memory,
    pub(super) window: Option<(u32, u32)>,
    /// What must run before the next event: start function and boot, where there is no
    /// snapshot; a WASI program behind its start function.
    pub(super) startup: VecDeque<Entry>,
    startup_fuel: u64,
    turn: Option<Turn>,
    instance: Instance,
    mapping: Mapping,
    pages_max: u64,
    again: Option<Again>,
    /// Bytes that the interpreter has of the instance, beside its memory.
    entities: u64,
    /// What it has of the budget for these and for the stack of what is paused.
    share: Share,
    /// Bytes that what is paused has allocated so far.
    paused: u64,
    code: Arc<Code>,
}

/// Bytes that a parked isolate has beside what its memory had otherwise than its snapshot, about.
const PARKED: u64 = 4 << 10;

/// Bytes that a paused call's stack may have without being counted: what the interpreter begins with.
const STACK_UNCOUNTED: u64 = 64 << 10;

/// What a guest exports for the host to call.
pub(super) enum Entries {
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

fn internal(what: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::Internal(format!("{what}: {error}"))
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
        code: &Arc<Code>,
        isolate: Weak<Isolate>,
    ) -> Result<Self, Failure> {
        let engine = worker.engine();
        let limits = *worker.limits();
        let budget = worker.budget();
        let no_memory = |entities: u64| Failure::Overloaded {
            reason: engine.shortage(
                &budget,
                "no memory for another isolate",
                &[
                    ("memory", code.memory_bytes()),
                    ("the interpreter", entities),
                ],
            ),
            retry_after_s: 1,
            bound: Some(engine.short_of(&budget, code.memory_bytes().saturating_add(entities))),
        };
        let mut memory_use = MemoryUse::new(limits.memory_bytes, &budget);
        memory_use.is_final = code.is_javascript();
        memory_use.engine = Some(engine.clone());
        let host = Host {
            now_ms: super::host::now_ms(),
            isolate,
            keys: postern_crypto::Keys::of(code.kept()),
            wasm_shared: code.wasm().clone(),
            ..Host::new(
                worker.bindings().clone(),
                limits,
                memory_use,
                engine.executor().clone(),
            )
        };
        let built = match code.instantiate(host, limits.memory_bytes) {
            Ok(built) => built,
            Err(error) if error.refused => return Err(no_memory(0)),
            Err(error) => return Err(internal("an isolate cannot be built", &error.what)),
        };
        let entities = budget.take(built.entities);
        let entities = entities.ok_or_else(|| no_memory(built.entities))?;
        let mut core = Self::of(built, entities, worker, code.clone())?;
        if let Some(tape) = worker.tape(code, &budget) {
            let host = core.store.data_mut();
            host.memory_use.grown = Some(Vec::new());
            host.tape = Some(Box::new(tape));
        }
        Ok(core)
    }

    /// What runs in an instance that begins.
    fn of(
        built: Built,
        share: Share,
        worker: &Arc<Worker>,
        code: Arc<Code>,
    ) -> Result<Self, Failure> {
        let Built {
            store,
            instance,
            memory,
            mapping,
            pages_max,
            again,
            entities,
        } = built;
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
        let rate = worker.engine().fuel_per_ms();
        Ok(Self {
            store,
            entry,
            memory,
            window: None,
            startup,
            startup_fuel: worker.limits().startup_fuel(rate),
            turn: None,
            instance,
            mapping,
            pages_max,
            again,
            entities,
            share,
            paused: 0,
            code,
        })
    }

    fn into_built(self) -> Built {
        Built {
            store: self.store,
            instance: self.instance,
            memory: self.memory,
            mapping: self.mapping,
            pages_max: self.pages_max,
            again: self.again,
            entities: self.entities,
        }
    }

    /// What it has in RAM; as if all of its memory were, if the system does not tell.
    pub fn resident(&self) -> Resident {
        let len = self.memory.data_size(&self.store);
        let (own, shared) = self.mapping.resident(len).unwrap_or((len as u64, 0));
        Resident {
            own,
            shared,
            heap: self.entities
                + self.paused
                + self.store.data().memory_use.beside_memory()
                + self
                    .store
                    .data()
                    .tape
                    .as_ref()
                    .map_or(0, |tape| tape.heap_bytes()),
        }
    }

    /// Ends it at rest, and leaves what can be used again to others.
    pub fn leave(self) {
        if self.turn.is_none() {
            self.into_built().leave();
        }
    }

    /// Ends it where its fuel or its time was used up, from where nobody goes on, and leaves what can
    /// be used again to others: what an instance is besides its memory and its globals, its code cannot
    /// change, so there is nothing that was half done.
    pub fn abandon(mut self) {
        self.turn = None;
        self.leave();
    }

    /// Leaves its instance to others, but keeps what it takes to go on in another. Gives itself
    /// back where it must not, or that cannot be told.
    pub fn park(self: Box<Self>) -> Result<Parked, Box<Self>> {
        let Some(again) = &self.again else {
            return Err(self);
        };
        let is_at_rest = self.turn.is_none() && self.startup.is_empty();
        let host = self.store.data();
        if !is_at_rest || !host.is_at_rest() {
            return Err(self);
        }
        let vacant = host.vacant();
        let memory = self.memory.data(&self.store);
        let changes = self.mapping.touched(memory.len()).and_then(|touched| {
            let pieces = self.code.pieces();
            Changes::of(memory, &touched, &pieces, CHANGES_MAX)
        });
        let Ok(Some(changes)) = changes else {
            return Err(self);
        };
        let globals = again.values(&self.store);
        let pages = self.memory.size(&self.store);
        let (window, startup_fuel) = (self.window, self.startup_fuel);
        let code = self.code.clone();
        let mut host = self.into_built().part(vacant);
        host.memory_use.put_aside(changes.bytes() + PARKED);
        Ok(Parked {
            code,
            host,
            globals,
            pages,
            changes,
            window,
            startup_fuel,
        })
    }

    /// Goes on in another instance.
    ///
    /// # Errors
    /// [`Failure::Internal`] when its code and its snapshot cannot be had again.
    pub fn wake(parked: Parked, worker: &Arc<Worker>) -> Result<Self, Failure> {
        let Parked {
            code,
            host,
            globals,
            pages,
            changes,
            window,
            startup_fuel,
        } = parked;
        let told = |what: &dyn std::fmt::Display| internal("a parked isolate cannot go on", what);
        // Its memory is as large as it was, before it is looked at whether there is an instance for it.
        let memory_bytes = host.limits.memory_bytes;
        let budget = host.memory_use.budget().clone();
        let needs = pages * WASM_PAGE as u64;
        let no_memory = |what: &str| Failure::Overloaded {
            reason: worker
                .engine()
                .shortage(&budget, what, &[("memory", needs)]),
            retry_after_s: 1,
            bound: Some(worker.engine().short_of(&budget, needs)),
        };
        let mut room = worker
            .engine()
            .room(&budget, needs)
            .ok_or_else(|| no_memory("no memory for an isolate that was parked"))?;
        room.shrink_to(0);
        let mut built =
            code.instantiate(host, memory_bytes)
                .map_err(|error| match error.refused {
                    true => no_memory("no memory for an isolate that was parked"),
                    false => told(&error.what),
                })?;
        let entities = worker
            .engine()
            .room(&budget, built.entities)
            .ok_or_else(|| no_memory("no memory for the interpreter of an isolate"))?;
        let more = pages.saturating_sub(built.memory.size(&built.store));
        let grown = built.memory.grow(&mut built.store, more);
        grown.map_err(|_| no_memory("no memory for an isolate that was parked"))?;
        built
            .set_globals(&globals)
            .map_err(|error| told(&error.what))?;
        changes.apply(built.memory.data_mut(&mut built.store));
        built.store.data_mut().memory_use.taken_up();
        Ok(Self {
            window,
            startup_fuel,
            ..Self::of(built, entities, worker, code)?
        })
    }

    /// Lets go of the pages of memory that others have too.
    pub fn let_go(&mut self) {
        // Where the system does not tell which they are, they stay.
        let _ = self.mapping.let_go();
    }

    /// Handles events until there are none or a slice of fuel is used up. What is used is added to
    /// `total`.
    pub fn run(&mut self, isolate: &Arc<Isolate>, total: &mut u64) -> Result<After, Condemned> {
        let slice = isolate.slice_fuel();
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
            *total += used;
            left = left.saturating_sub(used);
            self.settle(isolate);
            if self.turn.is_some() || left < slice / 16 {
                return Ok(After::Again);
            }
        }
    }

    /// Whether as many requests as that are in it, and all of them answered.
    pub fn has_answered(&self, requests: u32) -> bool {
        let invocations = &self.store.data().invocations;
        invocations.len() == requests as usize && invocations.iter().all(Invocation::is_answered)
    }

    /// Whether the guest waits in the middle of a turn for something outside.
    pub fn awaits(&self) -> bool {
        self.store.data().awaited.is_some()
    }

    /// What the guest waits for in the middle of a turn, to be done outside.
    pub fn awaited(&mut self) -> Option<Awaited> {
        self.store.data_mut().awaited.take()
    }

    /// The guest has what it waited for.
    pub fn arrived(&mut self, arrived: Arrived) {
        self.turn = match self.turn.take() {
            Some(Turn::Waiting(waiting)) => {
                let (memory, host) = self.memory.data_and_store_mut(&mut self.store);
                let value = arrived.bring(memory, host);
                replay::arrived(host, value, memory);
                Some(Turn::Answered(waiting, value))
            }
            other => other,
        };
    }

    /// Fuel that what runs now may still use.
    pub(super) fn allowance(&mut self) -> u64 {
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
    pub(super) fn lend(&mut self, fuel: u64) {
        let host = self.store.data_mut();
        host.debt_max = fuel;
        if let Some(wasi) = &mut host.wasi {
            wasi.lend_fuel(fuel);
        }
    }

    pub(super) fn spend(&mut self, fuel: u64) {
        let host = self.store.data_mut();
        let owed = host.wasi.as_mut().map_or(0, |wasi| wasi.take_owed_fuel());
        let debt = std::mem::take(&mut host.debt).saturating_add(owed);
        let fuel = fuel.saturating_add(debt);
        if let Some(tape) = &mut host.tape {
            tape.spend(fuel);
        }
        if host.current == 0 {
            self.startup_fuel = self.startup_fuel.saturating_sub(fuel);
        } else if let Some(invocation) = host.invocation() {
            invocation.charge(fuel);
        }
    }

    fn exhausted(&mut self, isolate: &Isolate) -> Condemned {
        let mut limits = *isolate.worker().limits();
        let mut used = 0;
        if let Some(invocation) = self.store.data_mut().invocation() {
            if let Some(spent) = invocation.metered.as_ref().and_then(Metered::spent) {
                return Condemned(spent);
            }
            limits.cpu_ms = invocation.cpu_ms();
            used = invocation.fuel;
        }
        let rate = isolate.worker().engine().fuel_per_ms();
        Condemned(if self.store.data().current == 0 {
            Failure::Cpu {
                key: "startup-cpu-ms",
                limit_ms: limits.startup_cpu_ms,
                used_ms: limits.startup_cpu_ms,
                fuel: limits.startup_fuel(rate),
            }
        } else {
            Failure::Cpu {
                key: "cpu-ms",
                limit_ms: limits.cpu_ms,
                used_ms: u32::try_from(used.div_ceil(rate.max(1))).unwrap_or(u32::MAX),
                fuel: limits.fuel(rate),
            }
        })
    }

    /// Runs guest code for at most `slice` fuel, or a little more where one instruction needs
    /// it; gives the fuel used.
    fn enter(&mut self, entry: Entry, isolate: &Isolate, slice: u64) -> Result<u64, Condemned> {
        let allowance = self.allowance();
        if let Some(tape) = &mut self.store.data_mut().tape {
            tape.allow(allowance);
        }
        let required = entry.required_fuel();
        if required > allowance || allowance == 0 {
            replay::end(self.store.data_mut(), replay::entry::How::OutOfFuel);
            return Err(self.exhausted(isolate));
        }
        let given = slice.max(required).min(allowance);
        self.lend(allowance - given);
        self.store.data_mut().given = given;
        self.store
            .set_fuel(given)
            .map_err(|error| Condemned(Failure::Internal(error.to_string())))?;
        let before = heap::mine().saturating_sub_unsigned(self.store.data().counted_on_heap());
        let result = entry.run(&mut self.store);
        let after = heap::mine().saturating_sub_unsigned(self.store.data().counted_on_heap());
        let grown = after - before;
        let used = given - self.store.get_fuel().unwrap_or(0);
        self.spend(used);
        match result {
            Ok(Turn::Finished(0)) => {
                replay::end(self.store.data_mut(), replay::entry::How::Returned(0))
            }
            Ok(Turn::Finished(status)) => {
                replay::end(self.store.data_mut(), replay::entry::How::Returned(status));
                return Err(Condemned(Failure::Exception {
                    name: "Error".into(),
                    message: format!("the guest ended a turn with status {status}"),
                    stack: String::new(),
                    refusal: None,
                }));
            }
            Ok(turn) => {
                self.turn = Some(turn);
                return self.hold_stack(grown, isolate).map(|()| used);
            }
            Err(error) => {
                replay::end_by(self.store.data_mut(), &error);
                return self.trapped(error, isolate).map(|()| used);
            }
        }
        self.release_stack();
        Ok(used)
    }

    /// Counts what is paused, whose stack stays for as long: by what was allocated while it ran, which
    /// may be something else and is not less.
    fn hold_stack(&mut self, grown: i64, isolate: &Isolate) -> Result<(), Condemned> {
        self.paused = self.paused.saturating_add_signed(grown);
        let wanted = self.entities + self.paused.saturating_sub(STACK_UNCOUNTED);
        let more = wanted.saturating_sub(self.share.bytes());
        let engine = isolate.worker().engine();
        while !self.share.grow(more) {
            let budget = self.share.budget();
            if !engine.evict_one(budget) {
                let why = "no memory for the stack of a call";
                replay::end(self.store.data_mut(), replay::entry::How::Stopped(why));
                return Err(Condemned(Failure::Overloaded {
                    reason: engine.shortage(
                        budget,
                        "no memory for the stack of a call",
                        &[("stack", more)],
                    ),
                    retry_after_s: 1,
                    bound: Some(engine.short_of(budget, more)),
                }));
            }
        }
        Ok(())
    }

    fn release_stack(&mut self) {
        if std::mem::take(&mut self.paused) > 0 {
            self.share.shrink_to(self.entities);
        }
    }

    /// What a trap means. A WASI program that exits is one that ended.
    pub(super) fn trapped(
        &mut self,
        error: wasmi::Error,
        isolate: &Isolate,
    ) -> Result<(), Condemned> {
        use wasmi::TrapCode;
        let host = self.store.data_mut();
        let limits = host.limits;
        if let Some(failure) = host.fatal.take() {
            return Err(Condemned(failure));
        }
        if error.i32_exit_status().is_some() {
            self.startup.clear();
            return Ok(());
        }
        if error.downcast_ref::<super::wasi::OutputLimit>().is_some() {
            let limit = host.in_force().response_body_bytes;
            return Err(Condemned(Failure::ResponseBody {
                limit,
                used: limit.saturating_add(1),
            }));
        }
        // A guest that was refused memory and then gave up ran out of memory, however it says so.
        if std::mem::take(&mut host.memory_use.refused) {
            // It may have kept to its limit, and the machine has no more.
            let more = std::mem::take(&mut host.memory_use.short);
            if more > 0 {
                let why = "no memory for a memory that grows";
                let budget = host.memory_use.budget().clone();
                let engine = isolate.worker().engine();
                replay::end(self.store.data_mut(), replay::entry::How::Stopped(why));
                return Err(Condemned(Failure::Overloaded {
                    reason: engine.shortage(&budget, why, &[("memory", more)]),
                    retry_after_s: 1,
                    bound: Some(engine.short_of(&budget, more)),
                }));
            }
            return Err(Condemned(Failure::Memory {
                limit: limits.memory_bytes,
                used: host.memory_use.bytes(),
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
                refusal: None,
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
            if invocation.is_answered() && invocation.sockets == 0 && invocation.expiry.is_none() {
                invocation.expiry = Some(expire(isolate, id));
            }
            at += 1;
        }
    }
}
