//! Answers the operations on WebAssembly: what they cost, and where their bytes lie.

use super::super::cost;
use super::super::host::Host;
use super::super::imports::{
    Guest, charge, charge_ahead, hand_over, parts, slice, slice_mut, violation,
};
use super::super::mapping::WASM_PAGE;
use super::super::module::{self, ModuleLimits};
use super::lent::Lent;
use super::{Inner, Refusal};
use postern_abi::limits::WASM_RESULT_MAX;
use postern_abi::op::WasmCall;
use postern_abi::{OpErrorCode, SyncOp};
use std::ops::Range;
use wasmi::{Error, Memory, TrapCode};

/// What went wrong, in the field's words.
fn trap(error: &Error) -> (u8, String) {
    let words = match error.as_trap_code() {
        Some(TrapCode::UnreachableCodeReached) => "unreachable",
        Some(TrapCode::MemoryOutOfBounds) => "memory access out of bounds",
        Some(TrapCode::TableOutOfBounds) => "table index is out of bounds",
        Some(TrapCode::IndirectCallToNull | TrapCode::BadSignature) => {
            "null function or function signature mismatch"
        }
        Some(TrapCode::IntegerDivisionByZero) => "divide by zero",
        Some(TrapCode::IntegerOverflow) => "divide result unrepresentable",
        Some(TrapCode::BadConversionToInteger) => "float unrepresentable in integer range",
        Some(TrapCode::StackOverflow) => return (13, "Maximum call stack size exceeded".into()),
        _ => return (12, error.to_string()),
    };
    (12, words.into())
}

/// Answers one of the operations on WebAssembly.
///
/// # Errors
/// What ends the isolate, or its slice.
pub fn answer(
    caller: &mut Guest<'_>,
    kind: SyncOp,
    (ptr, len): (u32, u32),
    (out_ptr, out_cap): (u32, u32),
) -> Result<i32, Error> {
    let bad = Ok(-(OpErrorCode::BadArgument as i32));
    let (memory, host) = parts(caller)?;
    let argument = slice(memory, host, ptr, len)?;
    let limits = ModuleLimits::with_memory_bytes(host.limits.memory_bytes);
    if kind == SyncOp::WasmDescribe {
        charge_ahead(caller, u64::from(len) * cost::TRANSLATED_BYTE / 4)?;
        let (memory, host) = parts(caller)?;
        let argument = slice(memory, host, ptr, len)?;
        let made = match module::describe_part(argument, &limits) {
            Ok(text) => [&[0], text.as_bytes()].concat(),
            Err(error) => [&[1], error.to_string().as_bytes()].concat(),
        };
        let length = hand_over(memory, host, &made, out_ptr, out_cap)?;
        charge(caller, cost::copy(made.len()));
        return Ok(length);
    }
    let call = match (kind, argument.first()) {
        (SyncOp::Wasm, Some(call)) => match WasmCall::from_u8(*call) {
            Some(call) if out_cap as usize >= WASM_RESULT_MAX => Some(call),
            _ => return bad,
        },
        (SyncOp::Wasm, None) => return bad,
        _ => None,
    };
    if host.loading.is_some() {
        return Ok(-(OpErrorCode::Unsupported as i32));
    }
    // Ahead, so that nobody has to take it back.
    match call {
        Some(WasmCall::Compile) => charge_ahead(caller, u64::from(len) * cost::TRANSLATED_BYTE)?,
        Some(WasmCall::Instantiate) => charge_ahead(caller, 20_000)?,
        Some(
            WasmCall::MemoryGrow | WasmCall::TableGrow | WasmCall::MemoryNew | WasmCall::TableNew,
        ) => {
            charge_ahead(caller, 2_000)?;
        }
        Some(call) => {
            let inner = host.wasm.as_ref();
            let search = inner.map_or(0, |inner| inner.search(call));
            charge(caller, 200 + search);
        }
        None => {
            let place = whole_pages(kind, (ptr, len), (out_ptr, out_cap));
            let handle = match kind {
                SyncOp::WasmRead => argument,
                _ => slice(memory, host, out_ptr, out_cap)?,
            };
            let handle = handle.try_into().map(u32::from_le_bytes);
            let inner = host.wasm.as_ref();
            let is_there = |place| {
                inner
                    .zip(handle.ok())
                    .is_some_and(|(it, handle)| it.is_at(handle, &place))
            };
            if !place.is_some_and(is_there) {
                charge_ahead(caller, cost::compared(len.max(out_cap) as usize))?;
            }
        }
    }
    let left = caller.get_fuel().unwrap_or(0);
    let (memory, host) = parts(caller)?;
    let mut inner = match host.wasm.take() {
        Some(inner) => inner,
        None => {
            let share = host.memory_use.sibling();
            Box::new(Inner::new(&host.limits, &host.wasm_shared, share))
        }
    };
    let inside = inner.store.data_mut();
    inside.most = inside.share.bytes().saturating_add(host.memory_use.room());
    let Some(call) = call else {
        let copied = copy(
            &mut inner,
            kind,
            memory,
            host,
            (ptr, len),
            (out_ptr, out_cap),
        );
        host.wasm = Some(inner);
        return Ok(match copied? {
            Ok((bytes, pages)) => {
                charge(caller, cost::copy(bytes));
                pages
            }
            Err(code) => -(code as i32),
        });
    };
    let lent = host.debt_max.saturating_sub(host.debt);
    let required = inner.required(call);
    if required > left.saturating_add(lent) {
        host.wasm = Some(inner);
        return Err(TrapCode::OutOfFuel.into());
    }
    let fuel = left.max(required);
    inner.store.set_fuel(fuel)?;
    let argument = slice(memory, host, ptr, len)?;
    let before = inner.store.data().share.bytes();
    let answer = inner.act(call, &argument[1..], &limits);
    let bytes = inner.store.data().share.bytes();
    // What was made is zeroed, and may be filled.
    let grown = bytes.saturating_sub(before) / 64;
    let used = fuel - inner.store.get_fuel().unwrap_or(0) + grown;
    host.memory_use.count_elsewhere(bytes);
    host.wasm = Some(inner);
    let is_run = matches!(call, WasmCall::Call | WasmCall::Resume | WasmCall::Continue);
    let mut made = match answer {
        Ok(made) if is_run => made,
        Ok(made) => [&[0], &*made].concat(),
        Err(refusal) => {
            let (status, text) = match refusal {
                Refusal::Argument => (10, "an argument is not what it should be".to_owned()),
                Refusal::Limit => (11, "Out of memory".to_owned()),
                Refusal::Trap(error) => trap(&error),
                Refusal::Range(text) => (13, text.to_owned()),
                Refusal::Link(text) => (14, text),
                Refusal::Compile(text) => (15, text),
            };
            let mut made = vec![status];
            made.extend_from_slice(text.as_bytes());
            made
        }
    };
    // What it says of itself is bounded by the limits on names and results.
    made.truncate(WASM_RESULT_MAX);
    let (memory, host) = parts(caller)?;
    let length = hand_over(memory, host, &made, out_ptr, out_cap)?;
    charge(caller, used);
    Ok(length)
}

/// Bytes that are compared at a time.
const PAGE: usize = 4096;

/// Makes one memory what the other is, as far as both go. Most of it is the same already, and much of
/// it was never written: pages are left alone that need no change. How many bytes it copied.
fn bring(from: &[u8], to: &mut [u8]) -> usize {
    let mut copied = 0;
    for (from, to) in from.chunks(PAGE).zip(to.chunks_mut(PAGE)) {
        let most = from.len().min(to.len());
        if from[..most] != to[..most] {
            to[..most].copy_from_slice(&from[..most]);
            copied += most;
        }
    }
    copied
}

/// The part of JavaScript's memory that a memory is brought to or from, where it can be lent.
fn whole_pages(kind: SyncOp, argument: (u32, u32), out: (u32, u32)) -> Option<Range<usize>> {
    let (ptr, len) = match kind {
        SyncOp::WasmRead => out,
        _ => argument,
    };
    let (ptr, len) = (ptr as usize, len as usize);
    let is_whole = len > 0 && ptr.is_multiple_of(WASM_PAGE) && len.is_multiple_of(WASM_PAGE);
    is_whole.then(|| ptr..ptr + len)
}

impl Inner {
    /// Whether a memory is there.
    fn is_at(&self, handle: u32, place: &Range<usize>) -> bool {
        let memory = self.memory(handle as usize).ok();
        let at = memory.and_then(|memory| self.lent(memory));
        at.is_some_and(|at| self.lent[at].1.to().as_ref() == Some(place))
    }

    /// Whether a memory is in a place of JavaScript's, where it comes to be by being read if it can.
    fn is_lent(
        &mut self,
        (at, is_read): (usize, bool),
        (memory, host): (&mut [u8], &mut Host),
        place: &Range<usize>,
    ) -> Result<bool, Error> {
        let overlaps = |(_, lent): &(Memory, Lent)| {
            let other = lent.to();
            other.is_some_and(|other| other.start < place.end && place.start < other.end)
        };
        let is_free = !self.lent.iter().any(overlaps);
        let (own, lent) = &mut self.lent[at];
        // What is written down is what is copied.
        if is_read
            && is_free
            && lent.to().is_none()
            && own.data_size(&self.store) == place.len()
            && host.tape.is_none()
        {
            let made = lent.lend(memory, place.clone());
            made.map_err(|error| violation(host, error.to_string()))?;
        }
        Ok(lent.to().as_ref() == Some(place))
    }
}

/// Takes back what JavaScript uses for something else.
///
/// # Errors
/// What ends the isolate.
pub fn leave(caller: &mut Guest<'_>, (ptr, len): (u32, u32)) -> Result<i32, Error> {
    let (memory, host) = parts(caller)?;
    let (start, end) = (ptr as usize, ptr as usize + len as usize);
    let Some(inner) = &mut host.wasm else {
        return Ok(0);
    };
    let mut taken = 0;
    for (_, lent) in &mut inner.lent {
        if let Some(place) = lent.to()
            && place.start < end
            && start < place.end
        {
            taken += place.len();
            if let Err(error) = lent.take_back(memory) {
                return Err(violation(host, error.to_string()));
            }
        }
    }
    charge(caller, cost::compared(taken));
    Ok(0)
}

/// Copies a memory of WebAssembly out of, or into, that of JavaScript, unless it is in both; how many bytes were
/// copied, and what is returned.
fn copy(
    inner: &mut Inner,
    kind: SyncOp,
    memory: &mut [u8],
    host: &mut Host,
    (ptr, len): (u32, u32),
    (out_ptr, out_cap): (u32, u32),
) -> Result<Result<(usize, i32), OpErrorCode>, Error> {
    let bad = Ok(Err(OpErrorCode::BadArgument));
    let handle = match kind {
        SyncOp::WasmRead => slice(memory, host, ptr, len)?,
        _ => slice(memory, host, out_ptr, out_cap)?,
    };
    let Ok(handle) = handle.try_into().map(u32::from_le_bytes) else {
        return bad;
    };
    let Ok(theirs) = inner.memory(handle as usize) else {
        return bad;
    };
    let is_read = kind == SyncOp::WasmRead;
    let pages = if is_read {
        theirs.size(&inner.store) as i32
    } else {
        0
    };
    let (ours, ours_len) = if is_read {
        (out_ptr, out_cap)
    } else {
        (ptr, len)
    };
    slice(memory, host, ours, ours_len)?;
    if let Some(place) = whole_pages(kind, (ptr, len), (out_ptr, out_cap))
        && let Some(at) = inner.lent(theirs)
        && inner.is_lent((at, is_read), (memory, host), &place)?
    {
        return Ok(Ok((0, pages)));
    }
    let theirs = theirs.data_mut(&mut inner.store);
    let copied = if is_read {
        let to = slice_mut(memory, host, out_ptr, out_cap)?;
        bring(theirs, to)
    } else {
        let from = slice(memory, host, ptr, len)?;
        bring(from, theirs)
    };
    Ok(Ok((copied, pages)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(from: usize, to: usize, changed: &[usize]) {
        let mut source = vec![7; from];
        let mut target = vec![7; to];
        for &at in changed {
            source[at] = 8;
        }
        let pages = (0..from.min(to)).step_by(PAGE);
        let pages = pages.filter(|page| changed.iter().any(|at| (*page..page + PAGE).contains(at)));
        let all: usize = pages.map(|page| PAGE.min(from.min(to) - page)).sum();
        assert_eq!(bring(&source, &mut target), all);
        let both = from.min(to);
        assert!(source[..both] == target[..both]);
        assert!(target[both..].iter().all(|&byte| byte == 7));
    }

    #[test]
    fn what_differs_is_brought() {
        check(3 * PAGE, 3 * PAGE, &[]);
        check(3 * PAGE, 3 * PAGE, &[0, PAGE, 3 * PAGE - 1]);
        check(3 * PAGE, 2 * PAGE + 1, &[2 * PAGE, 2 * PAGE + 1]);
        check(PAGE + 1, 2 * PAGE, &[PAGE]);
        check(0, PAGE, &[]);
    }
}
