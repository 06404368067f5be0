//! What a run of a record tells: what happened, turn by turn, and where it was not the same.

use super::entry::{Entry, Import};
use super::profile::Profiled;
use postern_abi::EventKind;
use std::collections::HashMap;

/// Something that happened, to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Show {
    /// A request came.
    Began {
        /// Its number in the isolate.
        request: u32,
        /// Its name.
        ray: u64,
        /// When: milliseconds since 1970.
        at_ms: u64,
    },
    /// The guest was given an event.
    Event {
        /// Who pays.
        request: u32,
        /// Its kind.
        kind: u32,
        /// Its number.
        id: u32,
        /// The payload, up to a bound.
        payload: Vec<u8>,
        /// All bytes of it.
        bytes: usize,
    },
    /// The guest called the host.
    Call {
        /// Who pays.
        request: u32,
        /// What.
        import: Import,
        /// With which arguments.
        arguments: Vec<u32>,
        /// The bytes that they name, up to a bound.
        given: Vec<u8>,
        /// What it got, if it got something.
        value: Option<i64>,
        /// Fuel that the host took.
        fuel: u64,
    },
    /// A turn ended.
    Turn {
        /// Who paid.
        request: u32,
        /// Fuel.
        fuel: u64,
        /// How.
        how: String,
    },
    /// A request is over.
    Over {
        /// Which.
        request: u32,
        /// Fuel, as the record has it.
        fuel: u64,
        /// How it ended.
        outcome: String,
        /// Why.
        message: String,
    },
}

/// Where the run was not what is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differing {
    /// In which turn, from 1.
    pub turn: u32,
    /// Behind how many calls of it.
    pub call: u32,
    /// What is recorded.
    pub recorded: String,
    /// What happened.
    pub replayed: String,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Played {
    /// Turns of the guest.
    pub turns: u32,
    /// Calls of the host.
    pub calls: u64,
    /// Calls whose arguments were compared to the byte.
    pub compared: u64,
    /// Fuel of each request, as it was used now.
    pub fuel: HashMap<u32, u64>,
    /// Where it was not the same.
    pub differing: Vec<Differing>,
    /// It could not go on.
    pub is_stopped: bool,
    /// The record ends within a turn.
    pub is_cut: bool,
    /// Where the fuel went, if that was asked for.
    pub profiled: Option<Profiled>,
}

impl Played {
    /// Whether it was the same to the last unit of fuel and the last byte.
    pub fn is_same(&self) -> bool {
        self.differing.is_empty() && !self.is_stopped
    }
}

/// An entry in a few words.
pub(super) fn short(entry: &Entry<'_>) -> String {
    match entry {
        Entry::Began { request, .. } => format!("request {request} begins"),
        Entry::Window { want } => format!("a window of {want} bytes"),
        Entry::Event { kind, id, .. } => format!("{} {id}", event_name(*kind)),
        Entry::Call { import, first, .. } => {
            format!("{}({}, {}, …)", import.name(), first[0], first[1])
        }
        Entry::Grow { .. } => "memory or a table grows".to_owned(),
        Entry::End { used, how, .. } => format!("the turn ends with {used} fuel: {how}"),
        Entry::Over { request, .. } => format!("request {request} is over"),
    }
}

/// An event's kind.
pub fn event_name(kind: u32) -> String {
    match EventKind::from_u32(kind) {
        Some(kind) => format!("{kind:?}"),
        None => format!("event of kind {kind}"),
    }
}
