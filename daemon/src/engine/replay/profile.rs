//! Where the fuel of a run goes, by function: every function of the module is in a wrapper that tells when
//! it begins and ends.

use super::player::Playing;
use super::wrapping::HOST;
use std::collections::HashMap;
use wasmi::{Caller, Linker};

/// What was spent in one function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// How often it was called.
    pub calls: u64,
    /// Fuel, without what it called.
    pub fuel: u64,
}

/// Names, with what was spent there.
pub type Table = Vec<(String, Spent)>;

/// Where the fuel went.
#[derive(Clone, Debug, Default)]
pub struct Profiled {
    /// By function of the module, the most first.
    pub functions: Table,
    /// By function of JavaScript, with what it called that is not JavaScript.
    pub scripts: Table,
}

/// Functions of JavaScript that are told apart.
const SCRIPTS_MAX: usize = 10_000;

pub(super) struct Ledger {
    names: Vec<String>,
    costs: Vec<u64>,
    functions: Vec<Spent>,
    scripts: HashMap<String, Spent>,
    stack: Vec<usize>,
    /// Names, and how deep the stack was.
    script_stack: Vec<(String, usize)>,
    /// Fuel of this turn that belongs to wrappers.
    aside: u64,
    /// How much of that it was given back.
    topped: u64,
    last: Option<u64>,
}

impl Ledger {
    pub(super) fn new(names: Vec<String>, costs: Vec<u64>) -> Self {
        Self {
            functions: vec![Spent::default(); costs.len()],
            names,
            costs,
            scripts: HashMap::new(),
            stack: Vec::new(),
            script_stack: Vec::new(),
            aside: 0,
            topped: 0,
            last: None,
        }
    }

    /// A turn begins.
    pub(super) fn turn(&mut self) {
        self.stack.clear();
        self.script_stack.clear();
        self.aside = 0;
        self.topped = 0;
        self.last = None;
    }

    /// A turn ends, wherever it is, with so much left.
    pub(super) fn turned(&mut self, left: u64) {
        self.note(left);
        self.last = None;
    }

    /// Fuel of this turn that wrappers took, and how much of that was given back.
    pub(super) fn aside(&self) -> (u64, u64) {
        (self.aside, self.topped)
    }

    /// Gives back what wrappers took.
    pub(super) fn top_up(&mut self) -> u64 {
        let more = self.aside.saturating_sub(self.topped);
        self.topped += more;
        self.last = self.last.map(|last| last + more);
        more
    }

    pub(super) fn done(self) -> Profiled {
        let sorted = |mut all: Table| {
            all.retain(|(_, spent)| spent.calls > 0);
            all.sort_by(|a, b| b.1.fuel.cmp(&a.1.fuel).then_with(|| a.0.cmp(&b.0)));
            all
        };
        Profiled {
            functions: sorted(self.names.into_iter().zip(self.functions).collect()),
            scripts: sorted(self.scripts.into_iter().collect()),
        }
    }

    /// What was spent since the last time, with so much left now.
    fn note(&mut self, left: u64) {
        let fuel = self.last.map_or(0, |last| last.saturating_sub(left));
        if let Some(function) = self.stack.last() {
            self.functions[*function].fuel += fuel;
        }
        if let Some((name, _)) = self.script_stack.last()
            && let Some(spent) = self.scripts.get_mut(name)
        {
            spent.fuel += fuel;
        }
    }
}

type Guest<'a> = Caller<'a, Playing>;

fn enter(mut it: Guest<'_>, function: u32) {
    let left = it.get_fuel().unwrap_or(0);
    let Some(ledger) = &mut it.data_mut().ledger else {
        return;
    };
    ledger.note(left);
    let Some(cost) = ledger.costs.get(function as usize) else {
        return;
    };
    ledger.aside += cost;
    ledger.functions[function as usize].calls += 1;
    ledger.stack.push(function as usize);
    // What the wrapper takes from here on is nobody's.
    ledger.last = Some(left.saturating_sub(*cost));
}

fn leave(mut it: Guest<'_>) {
    let left = it.get_fuel().unwrap_or(0);
    if let Some(ledger) = &mut it.data_mut().ledger {
        ledger.note(left);
        ledger.stack.pop();
        let depth = ledger.stack.len();
        if ledger.script_stack.last().is_some_and(|it| it.1 > depth) {
            ledger.script_stack.pop();
        }
        ledger.last = Some(left);
    }
}

/// Where the engine of JavaScript keeps what is asked here, in bytes: QuickJS on a machine of 32 bits, as
/// `guest-abi/js` builds it. A test holds it against the engine that the daemon has.
mod layout {
    /// Of an object, which kind it is, and its bytecode.
    pub const OBJECT: (usize, usize) = (10, 24);
    /// The kinds of object that are functions with bytecode.
    pub const FUNCTIONS: [u16; 4] = [13, 17, 55, 59];
    /// Of bytecode, the atom of its name, its realm, the atom of its file, and the line that it begins in.
    pub const CODE: (usize, usize, usize, usize) = (20, 48, 56, 60);
    /// Of a realm, the runtime; of that, the table of atoms.
    pub const ATOMS: (usize, usize) = (8, 736);
    /// Bytes of a text before its characters.
    pub const TEXT: usize = 16;
}

/// Characters of a name that are shown.
const NAME_MAX: usize = 120;

/// What a function of JavaScript is called, and where it begins. The memory is not believed.
fn script_name(memory: &[u8], function: i64) -> Option<String> {
    let bytes = |at: usize, len: usize| memory.get(at..at.checked_add(len)?);
    let word = |at: usize| {
        let word = bytes(at, 4)?.try_into().ok().map(u32::from_le_bytes)?;
        Some(word as usize)
    };
    let object = function as u32 as usize;
    let kind = bytes(object + layout::OBJECT.0, 2)?;
    let kind = kind.try_into().ok().map(u16::from_le_bytes)?;
    if !layout::FUNCTIONS.contains(&kind) {
        return None;
    }
    let code = word(object + layout::OBJECT.1)?;
    let (name, realm, file, line) = layout::CODE;
    let runtime = word(word(code.checked_add(realm)?)?.checked_add(layout::ATOMS.0)?)?;
    let atoms = word(runtime.checked_add(layout::ATOMS.1)?)?;
    let atom = |at: usize| {
        let number = word(code.checked_add(at)?)?;
        let text = word(atoms.checked_add(number.checked_mul(4)?)?)?;
        let len = word(text)?;
        let is_wide = len >> 31 != 0;
        let len = (len & 0x7fff_ffff).min(NAME_MAX);
        let from = text.checked_add(layout::TEXT)?;
        Some(if is_wide {
            let (units, _) = bytes(from, len * 2)?.as_chunks::<2>();
            let units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
            String::from_utf16_lossy(&units)
        } else {
            bytes(from, len)?
                .iter()
                .map(|byte| char::from(*byte))
                .collect()
        })
    };
    let called = match atom(name)? {
        name if name.is_empty() => "(anonymous)".to_owned(),
        name => name,
    };
    let line = word(code.checked_add(line)?)?;
    Some(format!("{called} {}:{line}", atom(file)?))
}

fn script(mut it: Guest<'_>, function: i64) {
    let left = it.get_fuel().unwrap_or(0);
    let Some(memory) = it.data().memory else {
        return;
    };
    let (memory, host) = memory.data_and_store_mut(&mut it);
    let Some(ledger) = &mut host.ledger else {
        return;
    };
    ledger.note(left);
    // Still within the wrapper.
    ledger.last = ledger.last.map(|last| last.min(left));
    // What is built in is a part of the function that calls it.
    let Some(name) = script_name(memory, function) else {
        return;
    };
    if ledger.scripts.len() < SCRIPTS_MAX || ledger.scripts.contains_key(&name) {
        ledger.scripts.entry(name.clone()).or_default().calls += 1;
    }
    ledger.script_stack.push((name, ledger.stack.len()));
}

pub(super) fn link(linker: &mut Linker<Playing>) -> Result<(), wasmi::errors::LinkerError> {
    linker.func_wrap(HOST, "enter", enter)?;
    linker.func_wrap(HOST, "leave", leave)?;
    linker.func_wrap(HOST, "script", script)?;
    Ok(())
}
