//! WebAssembly that a Worker in JavaScript runs: modules and instances beside the engine's own.
//!
//! # Implementation
//!
//! They live in a store of their own; translated code is the Worker's, whose isolates share it, and
//! goes with the last of them. A call runs
//! under the fuel that the outer instance has left, and is suspended, not nested: where it calls
//! a function of JavaScript's, or has used up its fuel, the outer instance is told, does what is
//! to be done, and has it resumed. So slices end as they always do, and no native stack nests.

mod answer;
mod lent;
mod shared;

pub use answer::{answer, leave};
pub use shared::Shared;

use super::limits::Limits;
use super::mapping::WASM_PAGE;
use super::module::{ModuleLimits, START_EXPORT};
use crate::ledger::Share;
use lent::{LENT_MAX, Lent};
use postern_abi::op::WasmCall;
use std::sync::Arc;
use wasmi::{
    Error, Extern, ExternRef, ExternType, Func, Global, Instance, Memory, MemoryType, Module,
    Mutability, Nullable, Ref, RefType, ResumableCall, Store, Table, TableType, Val, ValType,
};

/// Modules that one isolate may have.
const MODULES_MAX: usize = 64;
/// Instances that one isolate may have.
const INSTANCES_MAX: usize = 4096;
/// What JavaScript may hold handles of.
const THINGS_MAX: usize = 1 << 16;
/// Values of JavaScript's that WebAssembly may have been given.
const REFERENCES_MAX: usize = 1 << 20;
/// Calls that wait for JavaScript at the same time.
const CALLS_MAX: usize = 16;
/// Bytes of the value stack of a call, of which there are [`CALLS_MAX`].
const STACK: u32 = 1 << 20;
/// Calls inside each other in one call.
const DEPTH: u32 = 8192;
/// Bytes that an instance, function or other thing is counted as.
const THING: u64 = 256;
/// Bytes that a table's element takes.
const ELEMENT: u64 = 8;
/// Bytes of memory that a byte of code is counted as.
const CODE: u64 = 8;
/// What an answer says that has none.
const NONE: u32 = u32::MAX;

/// The end of a call that asks JavaScript something.
#[derive(Debug)]
struct Asks;

impl std::fmt::Display for Asks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("asks JavaScript")
    }
}

impl wasmi::errors::HostError for Asks {}

/// What is counted, and what is asked of JavaScript.
struct Inside {
    /// What there may be.
    most: u64,
    share: Share,
    asked: Option<(u32, Vec<Val>)>,
}

impl Inside {
    fn take(&mut self, bytes: u64) -> bool {
        self.share.bytes().saturating_add(bytes) <= self.most && self.share.grow(bytes)
    }
}

impl wasmi::ResourceLimiter for Inside {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, wasmi_core::LimiterError> {
        let fits = maximum.is_none_or(|maximum| desired <= maximum);
        Ok(fits && self.take(desired.saturating_sub(current) as u64))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, wasmi_core::LimiterError> {
        let fits = maximum.is_none_or(|maximum| desired <= maximum);
        Ok(fits && self.take(desired.saturating_sub(current) as u64 * ELEMENT))
    }

    fn instances(&self) -> usize {
        INSTANCES_MAX
    }

    fn tables(&self) -> usize {
        THINGS_MAX
    }

    fn memories(&self) -> usize {
        THINGS_MAX
    }
}

/// A call that waits.
enum Waiting {
    Asks(wasmi::ResumableCallHostTrap),
    /// For what it ends with: its own frame is gone.
    Tail,
    Fuel(wasmi::ResumableCallOutOfFuel),
}

/// The modules and instances of one isolate.
pub struct Inner {
    store: Store<Inside>,
    /// The first memories that were made, which JavaScript may see where they are. They outlive the store.
    lent: Vec<(Memory, Lent)>,
    shared: Arc<Shared>,
    limits: Limits,
    /// Each with the bytes of its source, which count in every isolate.
    modules: Vec<(Module, u64)>,
    instances: Vec<Instance>,
    things: Vec<Extern>,
    references: usize,
    calls: Vec<(Func, Waiting)>,
}

/// What went wrong, as JavaScript is told it: a byte and a message.
#[derive(Debug)]
enum Refusal {
    /// The guest's part of the engine asked for what is not.
    Argument,
    /// It would be more than is allowed.
    Limit,
    Link(String),
    Trap(Error),
    Range(&'static str),
    Compile(String),
}

type Answer = Result<Vec<u8>, Refusal>;

/// Reads the numbers of an argument.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Result<u8, Refusal> {
        let (byte, rest) = self.0.split_first().ok_or(Refusal::Argument)?;
        self.0 = rest;
        Ok(*byte)
    }

    fn number(&mut self) -> Result<u32, Refusal> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(Refusal::Argument)?;
        self.0 = rest;
        Ok(u32::from_le_bytes(*bytes))
    }

    fn place(&mut self) -> Result<usize, Refusal> {
        Ok(self.number()? as usize)
    }

    fn most(&mut self) -> Result<Option<u32>, Refusal> {
        Ok(Some(self.number()?).filter(|most| *most != NONE))
    }

    fn bits(&mut self) -> Result<u64, Refusal> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(Refusal::Argument)?;
        self.0 = rest;
        Ok(u64::from_le_bytes(*bytes))
    }
}

impl Inner {
    /// Bytes that it takes of the budget.
    pub fn share_bytes(&self) -> u64 {
        self.store.data().share.bytes()
    }

    fn new(limits: &Limits, shared: &Arc<Shared>, share: Share) -> Self {
        let inside = Inside {
            most: 0,
            share,
            asked: None,
        };
        let mut store = Store::new(&shared.engine(limits), inside);
        store.limiter(|inside| inside);
        Self {
            store,
            lent: Vec::new(),
            shared: shared.clone(),
            limits: *limits,
            modules: Vec::new(),
            instances: Vec::new(),
            things: Vec::new(),
            references: 0,
            calls: Vec::new(),
        }
    }

    /// Whether there is soon no more room: nothing is freed but with the isolate, which should
    /// end as soon as nobody is in it.
    pub fn is_worn(&self, limits: &Limits) -> bool {
        let inside = self.store.data();
        inside.share.bytes() > limits.memory_bytes / 2
            || self.instances.len() > INSTANCES_MAX / 2
            || self.things.len() > THINGS_MAX / 2
            || self.references > REFERENCES_MAX / 2
    }

    fn value(&mut self, reader: &mut Reader<'_>) -> Result<Val, Refusal> {
        let (ty, bits) = (reader.byte()?, reader.bits()?);
        Ok(match ty {
            0 => Val::I32(bits as u32 as i32),
            1 => Val::I64(bits as i64),
            2 => Val::F32(f32::from_bits(bits as u32).into()),
            3 => Val::F64(f64::from_bits(bits).into()),
            4 if bits == 0 => Val::FuncRef(Nullable::Null),
            4 => Val::FuncRef(Nullable::Val(self.function(bits as usize - 1)?)),
            5 if bits == 0 => Val::ExternRef(Nullable::Null),
            5 => {
                // They are never freed.
                self.references += 1;
                if self.references > REFERENCES_MAX || !self.store.data_mut().take(64) {
                    return Err(Refusal::Limit);
                }
                let value = ExternRef::new(&mut self.store, bits as u32 - 1);
                Val::ExternRef(Nullable::Val(value))
            }
            _ => return Err(Refusal::Argument),
        })
    }

    fn values(&mut self, reader: &mut Reader<'_>) -> Result<Vec<Val>, Refusal> {
        let mut values = Vec::new();
        while !reader.0.is_empty() {
            values.push(self.value(reader)?);
        }
        Ok(values)
    }

    fn put(&mut self, out: &mut Vec<u8>, value: &Val) -> Result<(), Refusal> {
        let (ty, bits) = match value {
            Val::I32(value) => (0, u64::from(value.cast_unsigned())),
            Val::I64(value) => (1, value.cast_unsigned()),
            Val::F32(value) => (2, u64::from(value.to_bits())),
            Val::F64(value) => (3, value.to_bits()),
            Val::FuncRef(Nullable::Val(func)) => (4, u64::from(self.add(Extern::Func(*func))?) + 1),
            Val::FuncRef(_) => (4, 0),
            Val::ExternRef(Nullable::Val(value)) => {
                let id = value.data(&self.store).downcast_ref::<u32>();
                (5, u64::from(*id.ok_or(Refusal::Argument)?) + 1)
            }
            Val::ExternRef(_) => (5, 0),
            _ => return Err(Refusal::Argument),
        };
        out.push(ty);
        out.extend_from_slice(&bits.to_le_bytes());
        Ok(())
    }

    fn add(&mut self, thing: Extern) -> Result<u32, Refusal> {
        if self.things.len() >= THINGS_MAX || !self.store.data_mut().take(THING) {
            return Err(Refusal::Limit);
        }
        self.things.push(thing);
        Ok(self.things.len() as u32 - 1)
    }

    /// The handle of a memory that has one: JavaScript has one buffer for each.
    fn known(&self, thing: &Extern) -> Option<u32> {
        let Extern::Memory(wanted) = thing else {
            return None;
        };
        let at = wanted.data_ptr(&self.store);
        let same = |thing: &Extern| match thing {
            Extern::Memory(memory) => memory.data_ptr(&self.store) == at,
            _ => false,
        };
        let empty = wanted.data_size(&self.store) == 0;
        let found = self.things.iter().position(same).filter(|_| !empty)?;
        Some(found as u32)
    }

    fn function(&self, at: usize) -> Result<Func, Refusal> {
        match self.things.get(at) {
            Some(Extern::Func(func)) => Ok(*func),
            _ => Err(Refusal::Argument),
        }
    }

    fn memory(&self, at: usize) -> Result<Memory, Refusal> {
        match self.things.get(at) {
            Some(Extern::Memory(memory)) => Ok(*memory),
            _ => Err(Refusal::Argument),
        }
    }

    fn new_memory(&mut self, ty: MemoryType) -> Result<Memory, Refusal> {
        let pages = ty.maximum().unwrap_or(u64::MAX);
        let allowed = self.limits.memory_bytes / WASM_PAGE as u64;
        let most = usize::try_from(pages.min(allowed).max(ty.minimum()).max(1));
        let bytes = most.ok().and_then(|most| most.checked_mul(WASM_PAGE));
        let is_first = self.lent.len() < LENT_MAX;
        let Some(lent) = bytes.filter(|_| is_first).and_then(Lent::reserve) else {
            return Memory::new(&mut self.store, ty).map_err(|_| Refusal::Limit);
        };
        // SAFETY: once, and it is dropped after the store.
        let buffer = unsafe { lent.leak() };
        let memory = Memory::new_static(&mut self.store, ty, buffer);
        let memory = memory.map_err(|_| Refusal::Limit)?;
        lent.let_go();
        self.lent.push((memory, lent));
        Ok(memory)
    }

    /// Which of the memories that JavaScript may see where they are this is.
    fn lent(&self, memory: Memory) -> Option<usize> {
        let at = memory.data_ptr(&self.store);
        let same = |(own, _): &(Memory, Lent)| own.data_ptr(&self.store) == at;
        let is_empty = memory.data_size(&self.store) == 0;
        self.lent.iter().position(same).filter(|_| !is_empty)
    }

    fn global(&self, at: usize) -> Result<Global, Refusal> {
        match self.things.get(at) {
            Some(Extern::Global(global)) => Ok(*global),
            _ => Err(Refusal::Argument),
        }
    }

    fn table(&self, at: usize) -> Result<Table, Refusal> {
        match self.things.get(at) {
            Some(Extern::Table(table)) => Ok(*table),
            _ => Err(Refusal::Argument),
        }
    }

    fn compile(&mut self, source: &[u8], limits: &ModuleLimits) -> Answer {
        if self.modules.len() >= MODULES_MAX
            || !self.store.data_mut().take(source.len() as u64 * CODE)
        {
            return Err(Refusal::Limit);
        }
        let module = self.shared.module(source, &self.limits, limits)?;
        self.modules.push((module, source.len() as u64));
        Ok(numbers(&[self.modules.len() as u32 - 1]))
    }

    fn instantiate(&mut self, reader: &mut Reader<'_>) -> Answer {
        let module = reader.place()?;
        let module = self.modules.get(module).cloned();
        let (module, bytes) = module.ok_or(Refusal::Argument)?;
        let mut given = Vec::new();
        while !reader.0.is_empty() {
            let thing = self.things.get(reader.place()?).cloned();
            given.push(thing.ok_or(Refusal::Argument)?);
        }
        if self.instances.len() >= INSTANCES_MAX || !self.store.data_mut().take(4096 + bytes) {
            return Err(Refusal::Limit);
        }
        // The interpreter has what a module imports by kind, whatever the order in its source. A memory of its
        // own is imported too.
        let types: Vec<ExternType> = module.imports().map(|it| it.ty().clone()).collect();
        let mut imports = Vec::with_capacity(types.len());
        for ty in types {
            let same = |thing: &Extern| is_kind(thing, &ty);
            imports.push(match (given.iter().position(same), &ty) {
                (Some(at), _) => given.remove(at),
                (None, ExternType::Memory(ty)) => Extern::Memory(self.new_memory(*ty)?),
                _ => return Err(Refusal::Argument),
            });
        }
        let instance = Instance::new(&mut self.store, &module, &imports).map_err(|error| {
            if error.as_trap_code().is_some() {
                Refusal::Trap(error)
            } else {
                Refusal::Link(error.to_string())
            }
        })?;
        self.instances.push(instance);
        let start = match instance.get_export(&self.store, START_EXPORT) {
            Some(start) => self.add(start)?,
            None => NONE,
        };
        Ok(numbers(&[self.instances.len() as u32 - 1, start]))
    }

    /// A function that asks JavaScript, of the type of one of those that a module imports.
    fn import(&mut self, reader: &mut Reader<'_>) -> Answer {
        let (module, at) = (reader.place()?, reader.place()?);
        let (module, _) = self.modules.get(module).ok_or(Refusal::Argument)?;
        let mut functions = module.imports().filter_map(|it| it.ty().func().cloned());
        let ty = functions.nth(at).ok_or(Refusal::Argument)?;
        let id = self.things.len() as u32;
        let func = Func::new(
            &mut self.store,
            ty,
            move |mut caller: wasmi::Caller<'_, Inside>, params: &[Val], _: &mut [Val]| {
                caller.data_mut().asked = Some((id, params.to_vec()));
                Err(Error::host(Asks))
            },
        );
        Ok(numbers(&[self.add(Extern::Func(func))?]))
    }

    /// What a call came to: a byte and what belongs to it.
    fn outcome(
        &mut self,
        func: Func,
        called: Result<ResumableCall, Error>,
        results: &[Val],
    ) -> Answer {
        let mut out = Vec::new();
        let waiting = match called {
            Ok(ResumableCall::Finished) => return self.finished(results),
            Ok(ResumableCall::HostTrap(call)) => Waiting::Asks(call),
            Ok(ResumableCall::OutOfFuel(call)) => Waiting::Fuel(call),
            Err(error) if error.downcast_ref::<Asks>().is_some() => Waiting::Tail,
            Err(error) => return Err(Refusal::Trap(error)),
        };
        match waiting {
            Waiting::Asks(_) | Waiting::Tail => {
                let (id, values) = self
                    .store
                    .data_mut()
                    .asked
                    .take()
                    .ok_or(Refusal::Argument)?;
                if self.calls.len() >= CALLS_MAX {
                    return Err(Refusal::Range("Maximum call stack size exceeded"));
                }
                self.calls.push((func, waiting));
                out.push(1);
                out.extend(numbers(&[id]));
                for value in &values {
                    self.put(&mut out, value)?;
                }
            }
            Waiting::Fuel(_) => {
                self.calls.push((func, waiting));
                out.push(2);
            }
        }
        Ok(out)
    }

    /// What a call came to that gave these.
    fn finished(&mut self, results: &[Val]) -> Answer {
        let mut out = vec![0];
        for value in results {
            self.put(&mut out, value)?;
        }
        Ok(out)
    }

    /// Fuel for what is searched to do what is asked: a memory may have a handle already.
    fn search(&self, call: WasmCall) -> u64 {
        match call {
            WasmCall::Export => self.things.len() as u64,
            _ => 0,
        }
    }

    /// Fuel without which what is asked cannot go on.
    fn required(&self, call: WasmCall) -> u64 {
        match (call, self.calls.last()) {
            (WasmCall::Continue, Some((_, Waiting::Fuel(call)))) => call.required_fuel(),
            _ => 0,
        }
    }

    fn results(&self, func: Func) -> Vec<Val> {
        vec![Val::I32(0); func.ty(&self.store).results().len()]
    }

    fn call(&mut self, reader: &mut Reader<'_>) -> Answer {
        let func = self.function(reader.place()?)?;
        let values = self.values(reader)?;
        if self.calls.len() >= CALLS_MAX {
            return Err(Refusal::Range("Maximum call stack size exceeded"));
        }
        let mut results = self.results(func);
        let called = func.call_resumable(&mut self.store, &values, &mut results);
        self.outcome(func, called, &results)
    }

    fn resume(&mut self, reader: &mut Reader<'_>) -> Answer {
        let values = self.values(reader)?;
        let (func, call) = match self.calls.pop() {
            Some((func, Waiting::Asks(call))) => (func, call),
            Some((_, Waiting::Tail)) => return self.finished(&values),
            _ => return Err(Refusal::Argument),
        };
        let mut results = self.results(func);
        let called = call.resume(&mut self.store, &values, &mut results);
        self.outcome(func, called, &results)
    }

    fn go_on(&mut self) -> Answer {
        let Some((func, Waiting::Fuel(call))) = self.calls.pop() else {
            return Err(Refusal::Argument);
        };
        let mut results = self.results(func);
        let called = call.resume(&mut self.store, &mut results);
        self.outcome(func, called, &results)
    }

    fn act(&mut self, call: WasmCall, argument: &[u8], limits: &ModuleLimits) -> Answer {
        let mut reader = Reader(argument);
        let reader = &mut reader;
        Ok(match call {
            WasmCall::Compile => return self.compile(argument, limits),
            WasmCall::Instantiate => return self.instantiate(reader),
            WasmCall::Import => return self.import(reader),
            WasmCall::Call => return self.call(reader),
            WasmCall::Resume => return self.resume(reader),
            WasmCall::Continue => return self.go_on(),
            WasmCall::Abort => {
                self.calls.pop();
                Vec::new()
            }
            WasmCall::Export => {
                let instance = self.instances.get(reader.place()?).copied();
                let name = std::str::from_utf8(reader.0).map_err(|_| Refusal::Argument)?;
                let export = instance.and_then(|it| it.get_export(&self.store, name));
                let export = export.ok_or(Refusal::Argument)?;
                match self.known(&export) {
                    Some(handle) => numbers(&[handle]),
                    None => numbers(&[self.add(export)?]),
                }
            }
            WasmCall::Type => {
                let ty = self.function(reader.place()?)?.ty(&self.store);
                let letters = |all: &[ValType]| all.iter().map(letter).collect::<String>();
                format!("{}>{}", letters(ty.params()), letters(ty.results())).into_bytes()
            }
            WasmCall::MemoryNew => {
                let (least, most) = (reader.number()?, reader.most()?);
                if least > 65_536 || most.is_some_and(|most| most < least || most > 65_536) {
                    return Err(Refusal::Argument);
                }
                let memory = self.new_memory(MemoryType::new(least, most))?;
                numbers(&[self.add(Extern::Memory(memory))?])
            }
            WasmCall::MemoryGrow => {
                let memory = self.memory(reader.place()?)?;
                let more = reader.number()?.into();
                let before = memory.grow(&mut self.store, more);
                numbers(&[before.map_or(NONE, |before| before as u32)])
            }
            WasmCall::MemorySize => {
                numbers(&[self.memory(reader.place()?)?.size(&self.store) as u32])
            }
            WasmCall::GlobalNew => {
                let mutability = match reader.byte()? {
                    0 => Mutability::Const,
                    _ => Mutability::Var,
                };
                let value = self.value(reader)?;
                let global = Global::new(&mut self.store, value, mutability);
                numbers(&[self.add(Extern::Global(global))?])
            }
            WasmCall::GlobalGet => {
                let value = self.global(reader.place()?)?.get(&self.store);
                let mut out = Vec::new();
                self.put(&mut out, &value)?;
                out
            }
            WasmCall::GlobalSet => {
                let global = self.global(reader.place()?)?;
                let value = self.value(reader)?;
                let set = global.set(&mut self.store, value);
                set.map_err(|_| Refusal::Argument)?;
                Vec::new()
            }
            WasmCall::TableNew => {
                let ty = match reader.byte()? {
                    0 => RefType::Func,
                    _ => RefType::Extern,
                };
                let (least, most) = (reader.number()?, reader.most()?);
                if most.is_some_and(|most| most < least) {
                    return Err(Refusal::Argument);
                }
                let ty_of = TableType::new(ty, least, most);
                let table = Table::new(&mut self.store, ty_of, Ref::null(ty))
                    .map_err(|_| Refusal::Limit)?;
                numbers(&[self.add(Extern::Table(table))?])
            }
            WasmCall::TableGet => {
                let table = self.table(reader.place()?)?;
                let found = table.get(&self.store, reader.number()?.into());
                let value = found.ok_or(Refusal::Range("invalid address"))?;
                let mut out = Vec::new();
                self.put(&mut out, &Val::from(value))?;
                out
            }
            WasmCall::TableSet => {
                let table = self.table(reader.place()?)?;
                let at = reader.number()?.into();
                let value = reference(self.value(reader)?)?;
                table
                    .set(&mut self.store, at, value)
                    .map_err(|_| Refusal::Range("invalid address"))?;
                Vec::new()
            }
            WasmCall::TableGrow => {
                let table = self.table(reader.place()?)?;
                let more = reader.number()?.into();
                let value = reference(self.value(reader)?)?;
                let before = table.grow(&mut self.store, more, value);
                numbers(&[before.map_or(NONE, |before| before as u32)])
            }
            WasmCall::TableSize => {
                numbers(&[self.table(reader.place()?)?.size(&self.store) as u32])
            }
        })
    }
}

fn is_kind(thing: &Extern, ty: &ExternType) -> bool {
    matches!(
        (thing, ty),
        (Extern::Func(_), ExternType::Func(_))
            | (Extern::Table(_), ExternType::Table(_))
            | (Extern::Memory(_), ExternType::Memory(_))
            | (Extern::Global(_), ExternType::Global(_))
    )
}

fn letter(ty: &ValType) -> char {
    match ty {
        ValType::I32 => 'i',
        ValType::I64 => 'I',
        ValType::F32 => 'f',
        ValType::F64 => 'F',
        ValType::FuncRef => 'r',
        _ => 'e',
    }
}

fn reference(value: Val) -> Result<Ref, Refusal> {
    match value {
        Val::FuncRef(value) => Ok(Ref::Func(value)),
        Val::ExternRef(value) => Ok(Ref::Extern(value)),
        _ => Err(Refusal::Argument),
    }
}

/// Numbers as JavaScript is told them.
fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|it| it.to_le_bytes()).collect()
}
