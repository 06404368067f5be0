//! Runs what a record holds: the same events to the same code, with the record's answers to its calls.

use super::super::code::{MEMORY_IMPORT, interpreter};
use super::super::limits::Limits;
use super::entry::{Answer, Entries, Entry, How, Import};
use super::profile::Ledger;
use super::tape::{beside, digest, why};
use super::told::{Differing, Played, Show, short};
use super::{Record, ReplayError, wrapping};
use postern_abi::{IMPORT_MODULE, export};
use std::collections::HashMap;
use std::sync::Arc;
use wasmi::errors::{MemoryError, TableError};
use wasmi::{
    Caller, CompilationMode, Error, Linker, Memory, MemoryType, Module, Store, TrapCode, TypedFunc,
    TypedResumableCall,
};

/// Fuel that a run is given at most, whatever a record says: a minute or two of a fast machine.
const FUEL_MAX: u64 = 100_000_000_000;
/// Elements that a table may have.
const ELEMENTS_MAX: usize = 10_000_000;
/// Differences that are told.
const DIFFERING_MAX: usize = 16;
/// Bytes of what the guest gave that are shown of a call.
const SHOWN_MAX: usize = 16 << 10;
/// Bytes that are kept to be shown of one turn.
const PENDING_MAX: usize = 16 << 20;

pub(super) struct Playing {
    trace: Arc<[u8]>,
    at: usize,
    /// Where it was before memory or a table grew last.
    grown_from: Option<usize>,
    pub(super) memory: Option<Memory>,
    debt: u64,
    in_turn: bool,
    request: u32,
    turn_calls: u32,
    played: Played,
    shown: Vec<Show>,
    shown_bytes: usize,
    pub(super) ledger: Option<Ledger>,
}

/// The end of a run that is not what is recorded.
#[derive(Debug)]
struct Off;

impl std::fmt::Display for Off {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the run is not what is recorded")
    }
}

impl wasmi::errors::HostError for Off {}

impl Playing {
    /// The next entry, which stays where it is.
    fn peek(&self) -> Option<(Entry<'_>, usize)> {
        let mut entries = Entries::new(&self.trace, self.at);
        let entry = entries.next()?.ok()?;
        Some((entry, entries.at()))
    }

    fn differs(&mut self, recorded: String, replayed: String) {
        if self.played.differing.len() < DIFFERING_MAX {
            self.played.differing.push(Differing {
                turn: self.played.turns,
                call: self.turn_calls,
                recorded,
                replayed,
            });
        }
    }

    fn off(&mut self, replayed: String) -> Error {
        let recorded = match self.peek() {
            Some((entry, _)) => short(&entry),
            None => "the end of the record".to_owned(),
        };
        self.differs(recorded, replayed);
        self.played.is_stopped = true;
        Error::host(Off)
    }

    fn show(&mut self, show: Show, bytes: usize) {
        if self.shown_bytes < PENDING_MAX {
            self.shown_bytes += bytes + 64;
            self.shown.push(show);
        }
    }
}

impl wasmi::ResourceLimiter for Playing {
    fn memory_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> Result<bool, wasmi_core::LimiterError> {
        self.grows(desired, usize::MAX)
    }

    fn table_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> Result<bool, wasmi_core::LimiterError> {
        self.grows(desired, ELEMENTS_MAX)
    }

    fn memory_grow_failed(&mut self, _: &MemoryError) -> Result<(), wasmi_core::LimiterError> {
        self.at = self.grown_from.take().unwrap_or(self.at);
        Ok(())
    }

    fn table_grow_failed(&mut self, _: &TableError) -> Result<(), wasmi_core::LimiterError> {
        self.at = self.grown_from.take().unwrap_or(self.at);
        Ok(())
    }

    fn instances(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        100
    }

    fn memories(&self) -> usize {
        2
    }
}

impl Playing {
    fn grows(&mut self, desired: usize, most: usize) -> Result<bool, wasmi_core::LimiterError> {
        let denied = wasmi_core::LimiterError::ResourceLimiterDeniedAllocation;
        if desired > most {
            return Err(denied);
        }
        if !self.in_turn {
            return Ok(true);
        }
        self.grown_from = None;
        let (outcome, next) = match self.peek() {
            Some((Entry::Grow { outcome }, next)) => (outcome, next),
            // It will come to nothing for want of fuel.
            Some((
                Entry::End {
                    how: How::OutOfFuel | How::Stopped(_),
                    ..
                },
                _,
            )) => {
                return Ok(true);
            }
            _ => {
                let _ = self.off(format!("memory or a table grows to {desired}"));
                return Err(denied);
            }
        };
        self.grown_from = Some(self.at);
        self.at = next;
        match outcome {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(denied),
        }
    }
}

type Guest<'a> = Caller<'a, Playing>;

/// Answers a call as it was answered.
fn answer(caller: &mut Guest<'_>, import: Import, arguments: &[u32]) -> Result<i64, Error> {
    let memory = caller.data().memory.ok_or_else(|| Error::host(Off))?;
    let left = caller.get_fuel().unwrap_or(0);
    let (bytes, host) = memory.data_and_store_mut(&mut *caller);
    let told = || {
        let all: Vec<String> = arguments.iter().map(u32::to_string).collect();
        format!("{}({})", import.name(), all.join(", "))
    };
    let trace = host.trace.clone();
    let mut entries = Entries::new(&trace, host.at);
    let Some(Ok(Entry::Call {
        import: recorded,
        first,
        fuel,
        digest: expected,
        answer,
    })) = entries.next()
    else {
        return Err(host.off(told()));
    };
    let own = [0, 1].map(|at| arguments.get(at).copied().unwrap_or(0));
    if recorded != import || first != own {
        return Err(host.off(told()));
    }
    host.at = entries.at();
    host.turn_calls += 1;
    host.played.calls += 1;
    if expected != 0 {
        host.played.compared += 1;
        if expected != digest(import, arguments, bytes) {
            let same = format!("{} with other bytes", import.name());
            host.differs(same, told());
        }
    }
    let mut given = Vec::new();
    for (ptr, len) in import.reads(arguments) {
        let end = (ptr as usize).checked_add(len as usize);
        let part = end.and_then(|end| bytes.get(ptr as usize..end));
        let part = part.unwrap_or_default();
        given.extend_from_slice(&part[..part.len().min(SHOWN_MAX)]);
    }
    let value = match answer {
        Answer::Value(value, _) => Some(value),
        Answer::OutOfFuel | Answer::Ended => None,
    };
    let shown = given.len();
    let show = Show::Call {
        request: host.request,
        import,
        arguments: arguments.to_vec(),
        given,
        value,
        fuel,
    };
    host.show(show, shown);
    let lacks = fuel.saturating_sub(left);
    host.debt = host.debt.saturating_add(lacks);
    if let Answer::Value(value, written) = answer
        && !written.is_empty()
    {
        let place = import.writes(arguments, value);
        let room = place.and_then(|(ptr, len)| {
            let end = (ptr as usize).checked_add(len as usize)?;
            bytes.get_mut(ptr as usize..end)
        });
        match room {
            Some(room) if room.len() == written.len() => room.copy_from_slice(written),
            _ => return Err(host.off(format!("no room for what {} gave", import.name()))),
        }
    }
    caller.set_fuel(left.saturating_sub(fuel))?;
    match answer {
        Answer::Value(value, _) => Ok(value),
        Answer::OutOfFuel => Err(TrapCode::OutOfFuel.into()),
        Answer::Ended => Err(Error::host(Off)),
    }
}

fn link(linker: &mut Linker<Playing>) -> Result<(), wasmi::errors::LinkerError> {
    macro_rules! bind {
        ($($import:ident($($argument:ident),*) -> $result:ty;)*) => {
            $(linker.func_wrap(
                IMPORT_MODULE,
                Import::$import.name(),
                |mut caller: Guest<'_>, $($argument: u32),*| -> Result<$result, Error> {
                    let value = answer(&mut caller, Import::$import, &[$($argument),*])?;
                    Ok(<$result as Cut>::cut(value))
                },
            )?;)*
        };
    }
    bind! {
        OpStart(a, b, c, d) -> ();
        OpCancel(a) -> ();
        OpPull(a, b) -> ();
        OpChunk(a, b, c, d) -> ();
        OpSync(a, b, c, d, e) -> i32;
        Respond(a, b, c, d, e, f) -> ();
        BodyChunk(a, b, c, d) -> i32;
        BodyPull(a, b) -> ();
        Fail(a, b, c) -> ();
        Done(a, b, c, d) -> ();
        Log(a, b, c) -> ();
        Now() -> i64;
        Random(a, b) -> ();
    }
    Ok(())
}

/// A value as an import gives it.
trait Cut {
    fn cut(value: i64) -> Self;
}

impl Cut for () {
    fn cut(_: i64) {}
}

impl Cut for i32 {
    fn cut(value: i64) -> Self {
        value as Self
    }
}

impl Cut for i64 {
    fn cut(value: i64) -> Self {
        value
    }
}

/// How a turn went.
enum Went {
    Returned(i32),
    OutOfFuel,
    Trapped(String),
}

/// Goes on with a call until it is over. Where wrappers took fuel too, it is given back that.
fn went<R: wasmi::WasmResults>(
    store: &mut Store<Playing>,
    mut result: Result<TypedResumableCall<R>, Error>,
    returned: impl FnOnce(R) -> i32,
) -> Went {
    loop {
        let error = match result {
            Ok(TypedResumableCall::Finished(value)) => return Went::Returned(returned(value)),
            Ok(TypedResumableCall::OutOfFuel(call)) => {
                let left = store.get_fuel().unwrap_or(0);
                let more = store.data_mut().ledger.as_mut().map_or(0, Ledger::top_up);
                let fuel = left.saturating_add(more);
                if more == 0 || call.required_fuel() > fuel || store.set_fuel(fuel).is_err() {
                    return Went::OutOfFuel;
                }
                result = call.resume(&mut *store);
                continue;
            }
            Ok(TypedResumableCall::HostTrap(trap)) => {
                return match trap.host_error().as_trap_code() {
                    Some(TrapCode::OutOfFuel) => Went::OutOfFuel,
                    _ => Went::Trapped("ended by the host".to_owned()),
                };
            }
            Err(error) => error,
        };
        return match why(&error) {
            None => Went::OutOfFuel,
            Some(why) => Went::Trapped(why),
        };
    }
}

impl Went {
    fn how(&self) -> How<'_> {
        match self {
            Self::Returned(status) => How::Returned(*status),
            Self::OutOfFuel => How::OutOfFuel,
            Self::Trapped(why) => How::Trapped(why),
        }
    }
}

/// Runs a record.
pub struct Player {
    store: Store<Playing>,
    event: TypedFunc<(u32, u32, u32), i32>,
    window: TypedFunc<u32, u32>,
    memory: Memory,
    place: u32,
    /// Fuel of a window that the event behind it pays.
    owed: u64,
    /// Fuel that is left for all turns.
    fuel: u64,
    begun: HashMap<u32, bool>,
}

impl Player {
    /// Makes the isolate that the record began with. With `named` it is told where fuel goes, by the names
    /// that this module has for its functions, if it has any.
    ///
    /// # Errors
    /// When the record has no code, or the interpreter does not take it.
    pub fn new(record: &Record, named: Option<&[u8]>) -> Result<Self, ReplayError> {
        let code = |error: &dyn std::fmt::Display| ReplayError::Code(error.to_string());
        let image = record.module.as_deref().ok_or(ReplayError::NoCode)?;
        let head = &record.head;
        let pieces = record.pieces()?;
        let factor = if named.is_some() { 3 } else { 1 };
        let limits = Limits {
            stack_bytes: head.stack_bytes.saturating_mul(factor),
            call_depth: head.call_depth.saturating_mul(factor),
            ..Limits::default()
        };
        // Not the mode that trusts what it translates.
        let engine = interpreter(&limits, CompilationMode::LazyTranslation);
        let plain = Module::new(&engine, image).map_err(|error| code(&error))?;
        let (module, ledger) = match named {
            None => (plain, None),
            Some(named) => {
                let wrapped = wrapping::wrap(named, image).map_err(|error| code(&error))?;
                let module = Module::new(&engine, &wrapped.module).map_err(|error| code(&error))?;
                (module, Some(Ledger::new(wrapped.names, wrapped.costs)))
            }
        };
        let host = Playing {
            trace: record.trace.as_slice().into(),
            at: 0,
            grown_from: None,
            memory: None,
            debt: 0,
            in_turn: false,
            request: 0,
            turn_calls: 0,
            played: Played::default(),
            shown: Vec::new(),
            shown_bytes: 0,
            ledger,
        };
        let mut store = Store::new(&engine, host);
        store.limiter(|host| host);
        store.set_fuel(0).map_err(|error| code(&error))?;
        let mut linker = Linker::new(&engine);
        link(&mut linker).map_err(|error| code(&error))?;
        super::profile::link(&mut linker).map_err(|error| code(&error))?;
        // Both were looked at when the head was read.
        let pages = |pages: u64| u32::try_from(pages).unwrap_or(u32::MAX);
        let most = head.pages_max.max(head.pages);
        let ty = MemoryType::new(pages(head.pages), Some(pages(most)));
        let memory = Memory::new(&mut store, ty).map_err(|error| code(&error))?;
        for (place, piece) in pieces {
            memory
                .write(&mut store, place, piece)
                .map_err(|error| code(&error))?;
        }
        let (room, name) = MEMORY_IMPORT;
        linker
            .define(room, name, memory)
            .map_err(|error| code(&error))?;
        let instance = linker
            .instantiate_and_start(&mut store, &module)
            .map_err(|error| code(&error))?;
        store.data_mut().memory = Some(memory);
        Ok(Self {
            event: instance
                .get_typed_func(&store, export::EVENT)
                .map_err(|error| code(&error))?,
            window: instance
                .get_typed_func(&store, export::WINDOW)
                .map_err(|error| code(&error))?,
            store,
            memory,
            place: 0,
            owed: 0,
            fuel: FUEL_MAX,
            begun: HashMap::new(),
        })
    }

    /// The same, with so much fuel for all of it.
    pub fn with_fuel(self, fuel: u64) -> Self {
        Self { fuel, ..self }
    }

    /// Runs all of it. `show` is told what happens, turn by turn.
    ///
    /// # Errors
    /// When the trace is damaged.
    pub fn play(mut self, mut show: impl FnMut(Show)) -> Result<Played, ReplayError> {
        let trace = self.store.data().trace.clone();
        loop {
            let host = self.store.data_mut();
            host.shown_bytes = 0;
            std::mem::take(&mut host.shown)
                .into_iter()
                .for_each(&mut show);
            if host.played.is_stopped || host.played.is_cut {
                break;
            }
            let mut entries = Entries::new(&trace, host.at);
            let Some(entry) = entries.next() else { break };
            let entry = entry?;
            host.at = entries.at();
            match entry {
                Entry::Began {
                    request,
                    ray,
                    at_ms,
                } => show(Show::Began {
                    request,
                    ray,
                    at_ms,
                }),
                Entry::Over {
                    request,
                    fuel,
                    outcome,
                    message,
                } => {
                    self.over(request, fuel);
                    show(Show::Over {
                        request,
                        fuel,
                        outcome: outcome.to_owned(),
                        message: message.to_owned(),
                    });
                }
                Entry::Window { want } => self.ask(&trace, want),
                Entry::Event {
                    request,
                    kind,
                    id,
                    payload,
                } => self.tell(&trace, (request, kind, id), payload),
                Entry::Call { .. } | Entry::Grow { .. } | Entry::End { .. } => {
                    return Err(ReplayError::Trace {
                        at: entries.at(),
                        what: "it belongs to a turn, and none has begun",
                    });
                }
            }
        }
        let host = self.store.data_mut();
        let mut played = std::mem::take(&mut host.played);
        played.profiled = host.ledger.take().map(Ledger::done);
        Ok(played)
    }

    fn over(&mut self, request: u32, fuel: u64) {
        let owed = std::mem::take(&mut self.owed);
        let host = self.store.data_mut();
        let used = host.played.fuel.entry(request).or_default();
        *used = used.saturating_add(owed);
        let used = *used;
        if used != fuel && host.ledger.is_none() {
            let told = |fuel| format!("request {request} took {fuel} fuel");
            host.differs(told(fuel), told(used));
        }
    }

    /// The end of the turn that begins at the record's place, if it has one.
    fn end<'a>(&self, trace: &'a [u8]) -> Option<(u64, u64, How<'a>)> {
        for entry in Entries::new(trace, self.store.data().at) {
            match entry.ok()? {
                Entry::Call { .. } | Entry::Grow { .. } => {}
                Entry::End {
                    used,
                    allowance,
                    how,
                } => return Some((used, allowance, how)),
                _ => return None,
            }
        }
        None
    }

    fn ask(&mut self, trace: &[u8], want: u32) {
        let window = self.window;
        let used = self.turn(trace, |store| {
            let result = window.call_resumable(&mut *store, want);
            went(store, result, |place| place as i32)
        });
        self.owed = self.owed.saturating_add(used.fuel);
        if let Went::Returned(place) = used.went {
            self.place = place as u32;
        }
    }

    fn tell(&mut self, trace: &[u8], (request, kind, id): (u32, u32, u32), payload: &[u8]) {
        let place = self.place as usize;
        if !payload.is_empty() && self.memory.write(&mut self.store, place, payload).is_err() {
            let host = self.store.data_mut();
            let _ = host.off(format!(
                "there is no window for {} bytes at {place}",
                payload.len()
            ));
            return;
        }
        let host = self.store.data_mut();
        host.request = request;
        let shown = payload.len().min(SHOWN_MAX);
        let show = Show::Event {
            request,
            kind,
            id,
            payload: payload[..shown].to_vec(),
            bytes: payload.len(),
        };
        host.show(show, shown);
        let event = self.event;
        // Bounded by the trace, and so by what a record may have.
        let len = payload.len() as u32;
        let used = self.turn(trace, |store| {
            let result = event.call_resumable(&mut *store, (kind, id, len));
            went(store, result, |it| it)
        });
        let is_first = self.begun.insert(request, true).is_none();
        let all = used
            .fuel
            .saturating_add(beside(kind, payload.len(), is_first))
            .saturating_add(std::mem::take(&mut self.owed));
        let fuel = self
            .store
            .data_mut()
            .played
            .fuel
            .entry(request)
            .or_default();
        *fuel = fuel.saturating_add(all);
    }

    fn turn(&mut self, trace: &[u8], run: impl FnOnce(&mut Store<Playing>) -> Went) -> Used {
        let end = self.end(trace);
        let given = match end {
            Some((used, _, How::Stopped(_))) => used,
            Some((_, allowance, _)) => allowance,
            None => self.fuel,
        };
        let given = given.min(self.fuel);
        let host = self.store.data_mut();
        host.played.turns += 1;
        host.turn_calls = 0;
        host.debt = 0;
        host.in_turn = true;
        if let Some(ledger) = &mut host.ledger {
            ledger.turn();
        }
        if self.store.set_fuel(given).is_err() {
            self.store.data_mut().played.is_stopped = true;
        }
        let went = run(&mut self.store);
        let left = self.store.get_fuel().unwrap_or(0);
        let host = self.store.data_mut();
        host.in_turn = false;
        if let Some(ledger) = &mut host.ledger {
            ledger.turned(left);
        }
        let (aside, topped) = host.ledger.as_ref().map_or((0, 0), Ledger::aside);
        let fuel = (given + topped)
            .saturating_sub(left)
            .saturating_add(host.debt)
            .saturating_sub(aside);
        self.fuel = self.fuel.saturating_sub(fuel);
        if host.played.is_stopped {
            return Used { fuel, went };
        }
        host.show(
            Show::Turn {
                request: host.request,
                fuel,
                how: went.how().to_string(),
            },
            0,
        );
        let Some((used, _, how)) = end else {
            host.played.is_cut = true;
            return Used { fuel, went };
        };
        let Some((Entry::End { .. }, next)) = host.peek() else {
            let _ = host.off(format!("the turn ends: {}", went.how()));
            return Used { fuel, went };
        };
        host.at = next;
        let is_same = match how {
            How::Stopped(_) => matches!(went, Went::OutOfFuel),
            how => how == went.how(),
        };
        // With wrappers around functions an end for want of fuel is a little late.
        let counts = host.ledger.is_none();
        if counts && (used != fuel || !is_same) {
            let told = |fuel, how: &How<'_>| format!("the turn ends with {fuel} fuel: {how}");
            let (recorded, replayed) = (told(used, &how), told(fuel, &went.how()));
            host.differs(recorded, replayed);
        }
        Used { fuel, went }
    }
}

struct Used {
    fuel: u64,
    went: Went,
}
