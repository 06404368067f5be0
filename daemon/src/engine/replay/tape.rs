//! Writes down what reaches a guest, where it reaches it: between the host and an isolate's instance.
//!
//! Where nothing is written down, a call of the host costs one look at whether there is a tape.

use super::super::cost;
use super::super::crypto::Waits;
use super::super::host::Host;
use super::super::imports::Guest;
use super::entry::{Answer, Entry, How, Import};
use crate::ledger::Share;
use flate2::Crc;
use wasmi::{Error, TrapCode};

/// What has reached an isolate since it began.
pub struct Tape {
    bytes: Vec<u8>,
    max: usize,
    is_full: bool,
    /// Fuel of the turn so far.
    turn_fuel: u64,
    /// Fuel that the turn may take.
    allowance: u64,
    /// A turn has begun and not ended.
    in_turn: bool,
    /// A call that the guest waits in.
    waiting: Option<Before>,
    /// Pages that the memory began with, and those that it may have.
    pub pages: (u64, u64),
    /// What the tape takes of the Worker's budget.
    _share: Share,
}

impl Tape {
    /// One of `share` bytes at most.
    pub fn new(share: Share, pages: (u64, u64)) -> Self {
        Self {
            bytes: Vec::new(),
            max: usize::try_from(share.bytes()).unwrap_or(usize::MAX),
            is_full: false,
            turn_fuel: 0,
            allowance: 0,
            in_turn: false,
            waiting: None,
            pages,
            _share: share,
        }
    }

    /// What is on it, unless something did not fit.
    pub fn bytes(&self) -> Option<&[u8]> {
        (!self.is_full).then_some(&self.bytes)
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> u64 {
        self.bytes.capacity() as u64
    }

    /// Whether the isolate has no future where it may have another: half of the tape is left to
    /// whatever comes next.
    pub fn is_worn(&self) -> bool {
        self.is_full || self.bytes.len() > self.max / 2
    }

    fn push(&mut self, entry: &Entry<'_>) {
        if self.is_full {
            return;
        }
        let bound = entry.bound();
        let needs = self.bytes.len().saturating_add(bound);
        if needs > self.max {
            // What is missing in the middle makes the rest worthless.
            self.is_full = true;
            self.bytes = Vec::new();
            return;
        }
        if needs > self.bytes.capacity() {
            let more = self.bytes.len().max(bound).max(1024);
            let more = more.min(self.max - self.bytes.len());
            self.bytes.reserve_exact(more);
        }
        entry.write(&mut self.bytes);
    }

    /// A request has come.
    pub fn began(&mut self, request: u32, ray: u64, at_ms: u64) {
        self.push(&Entry::Began {
            request,
            ray,
            at_ms,
        });
    }

    /// The guest is about to be asked for a window.
    pub fn window(&mut self, want: u32) {
        self.turn();
        self.push(&Entry::Window { want });
    }

    /// The guest is about to be given an event.
    pub fn event(&mut self, request: u32, kind: u32, id: u32, payload: &[u8]) {
        self.turn();
        self.push(&Entry::Event {
            request,
            kind,
            id,
            payload,
        });
    }

    fn turn(&mut self) {
        self.turn_fuel = 0;
        self.allowance = 0;
        self.in_turn = true;
        self.waiting = None;
    }

    /// The turn may take so much more.
    pub fn allow(&mut self, fuel: u64) {
        self.allowance = self.turn_fuel.saturating_add(fuel);
    }

    /// The turn has taken so much more.
    pub fn spend(&mut self, fuel: u64) {
        self.turn_fuel = self.turn_fuel.saturating_add(fuel);
    }

    /// Memory or tables were to grow.
    fn grown(&mut self, outcomes: &[u8]) {
        for outcome in outcomes {
            self.push(&Entry::Grow { outcome: *outcome });
        }
    }

    fn end(&mut self, how: How<'_>) {
        if std::mem::take(&mut self.in_turn) {
            let (used, allowance) = (self.turn_fuel, self.allowance);
            self.push(&Entry::End {
                used,
                allowance,
                how,
            });
        }
    }

    /// A request is over.
    pub fn over(&mut self, request: u32, fuel: u64, outcome: &str, message: &str) {
        let mut end = message.len().min(MESSAGE_MAX);
        while !message.is_char_boundary(end) {
            end -= 1;
        }
        self.push(&Entry::Over {
            request,
            fuel,
            outcome,
            message: &message[..end],
        });
    }
}

/// Bytes of a failure's message that are kept.
const MESSAGE_MAX: usize = 1024;

/// Writes down how a turn ended, if something is written down.
pub fn end(host: &mut Host, how: How<'_>) {
    flush(host);
    if let Some(tape) = &mut host.tape {
        tape.end(how);
    }
}

/// The same, of an error that the interpreter gave.
pub fn end_by(host: &mut Host, error: &Error) {
    if host.tape.is_none() {
        return;
    }
    match why(error) {
        None => end(host, How::OutOfFuel),
        Some(why) => end(host, How::Trapped(&why)),
    }
}

/// What the interpreter's error is called on each machine; `None` if fuel was used up.
pub fn why(error: &Error) -> Option<String> {
    Some(match error.as_trap_code() {
        Some(TrapCode::OutOfFuel) => return None,
        Some(code) => format!("{code:?}"),
        None => "ended by the host".to_owned(),
    })
}

fn flush(host: &mut Host) {
    if let Some(grown) = &mut host.memory_use.grown
        && !grown.is_empty()
        && let Some(tape) = &mut host.tape
    {
        tape.grown(grown);
        grown.clear();
    }
}

/// A call of the host, before it is made.
#[derive(Clone, Copy)]
struct Before {
    import: Import,
    arguments: [u32; 6],
    count: usize,
    digest: u32,
    /// Fuel that there was, and that was owed.
    left: u64,
    debt: u64,
}

impl Before {
    fn arguments(&self) -> &[u32] {
        &self.arguments[..self.count]
    }

    fn entry<'a>(&self, fuel: u64, answer: Answer<'a>) -> Entry<'a> {
        Entry::Call {
            import: self.import,
            first: [self.arguments[0], self.arguments[1]],
            fuel,
            digest: self.digest,
            answer,
        }
    }
}

/// What a call is recognised by: CRC-32 of its arguments and of the bytes that they name, and never 0.
pub fn digest(import: Import, arguments: &[u32], memory: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(&[import as u8]);
    for argument in arguments {
        crc.update(&argument.to_le_bytes());
    }
    for (ptr, len) in import.reads(arguments) {
        let end = (ptr as usize).checked_add(len as usize);
        // What lies outside of the memory the host refuses.
        if let Some(bytes) = end.and_then(|end| memory.get(ptr as usize..end)) {
            crc.update(bytes);
        }
    }
    crc.sum().max(1)
}

/// A value that a function of the host gives.
pub trait Value {
    /// It as a number.
    fn number(&self) -> i64;
}

impl Value for () {
    fn number(&self) -> i64 {
        0
    }
}

impl Value for i32 {
    fn number(&self) -> i64 {
        (*self).into()
    }
}

impl Value for i64 {
    fn number(&self) -> i64 {
        *self
    }
}

/// Calls a function of the host, and writes down what it gave if something is written down.
///
/// # Errors
/// What the function says.
pub fn taped<R: Value>(
    caller: &mut Guest<'_>,
    import: Import,
    arguments: &[u32],
    call: impl FnOnce(&mut Guest<'_>) -> Result<R, Error>,
) -> Result<R, Error> {
    if caller.data().tape.is_none() {
        return call(caller);
    }
    let before = before(caller, import, arguments);
    let result = call(caller);
    after(caller, before, &result);
    result
}

#[cold]
fn before(caller: &mut Guest<'_>, import: Import, given: &[u32]) -> Before {
    flush(caller.data_mut());
    let memory = caller.data().memory;
    let memory = memory.map_or(&[][..], |memory| memory.data(&*caller));
    let mut arguments = [0; 6];
    arguments[..given.len()].copy_from_slice(given);
    Before {
        import,
        arguments,
        count: given.len(),
        digest: digest(import, given, memory),
        left: caller.get_fuel().unwrap_or(0),
        debt: caller.data().debt,
    }
}

#[cold]
fn after<R: Value>(caller: &mut Guest<'_>, before: Before, result: &Result<R, Error>) {
    let left = caller.get_fuel().unwrap_or(0);
    let Some(memory) = caller.data().memory else {
        return;
    };
    let (memory, host) = memory.data_and_store_mut(&mut *caller);
    let fuel = before.left.saturating_sub(left) + host.debt.saturating_sub(before.debt);
    let Some(tape) = &mut host.tape else { return };
    match result {
        Ok(value) => written(tape, &before, fuel, value.number(), memory),
        Err(error) if error.downcast_ref::<Waits>().is_some() => {
            // Its fuel is known, its result is not.
            tape.waiting = Some(Before {
                left: fuel,
                ..before
            });
        }
        Err(error) if error.as_trap_code() == Some(TrapCode::OutOfFuel) => {
            tape.push(&before.entry(fuel, Answer::OutOfFuel));
        }
        Err(_) => tape.push(&before.entry(fuel, Answer::Ended)),
    }
}

fn written(tape: &mut Tape, before: &Before, fuel: u64, value: i64, memory: &[u8]) {
    let place = before.import.writes(before.arguments(), value);
    let written = place.and_then(|(ptr, len)| {
        let end = (ptr as usize).checked_add(len as usize)?;
        memory.get(ptr as usize..end)
    });
    let answer = Answer::Value(value, written.unwrap_or_default());
    tape.push(&before.entry(fuel, answer));
}

/// Writes down what a call gave that the guest waited in.
pub fn arrived(host: &mut Host, value: i32, memory: &[u8]) {
    if let Some(tape) = &mut host.tape
        && let Some(before) = tape.waiting.take()
    {
        written(tape, &before, before.left, value.into(), memory);
    }
}

/// Fuel that an event costs its request beside the turn, as the host charges it.
pub fn beside(kind: u32, payload: usize, is_first: bool) -> u64 {
    let _ = kind;
    let request = if is_first { cost::REQUEST } else { 0 };
    request + super::super::host::event_cost(payload)
}
