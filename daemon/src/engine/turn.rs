//! A call into a guest, which may stop in the middle when its fuel is used up.

use super::crypto::Waits;
use super::host::Host;
use super::wasi::OutputLimit;
use wasmi::{
    Error, Instance, Store, TypedFunc, TypedResumableCall, TypedResumableCallHostTrap,
    TypedResumableCallOutOfFuel, Val,
};

/// Something to call.
pub enum Entry {
    /// The event entry, with kind, id and length.
    Event(TypedFunc<(u32, u32, u32), i32>, (u32, u32, u32)),
    /// A function that gives a status: boot.
    Status(TypedFunc<(), i32>),
    /// A function that gives nothing: a start function, or a WASI program.
    Unit(TypedFunc<(), ()>),
    /// What was stopped.
    Resume(Turn),
}

/// Where a call stands.
pub enum Turn {
    /// It returned this status; 0 is well.
    Finished(i32),
    /// It was stopped and gives a status in the end.
    Status(TypedResumableCallOutOfFuel<i32>),
    /// It was stopped and gives nothing in the end.
    Unit(TypedResumableCallOutOfFuel<()>),
    /// It called the host and waits for what that gives.
    Waiting(Waiting),
    /// The host has this for it.
    Answered(Waiting, i32),
}

/// A call that waits in the middle for the host.
pub enum Waiting {
    /// One that gives a status in the end.
    Status(TypedResumableCallHostTrap<i32>),
    /// One that gives nothing in the end.
    Unit(TypedResumableCallHostTrap<()>),
}

impl Entry {
    /// The start function or boot of an instance, if it has one under this name.
    pub fn startup(store: &Store<Host>, instance: Instance, name: &str) -> Option<Self> {
        if let Ok(function) = instance.get_typed_func::<(), i32>(store, name) {
            return Some(Self::Status(function));
        }
        instance
            .get_typed_func::<(), ()>(store, name)
            .ok()
            .map(Self::Unit)
    }

    /// The fuel without which nothing moves.
    pub fn required_fuel(&self) -> u64 {
        match self {
            Self::Resume(Turn::Status(call)) => call.required_fuel(),
            Self::Resume(Turn::Unit(call)) => call.required_fuel(),
            _ => 0,
        }
    }

    /// Runs until it returns or the store's fuel is used up.
    ///
    /// # Errors
    /// A trap, of the guest or of a host function.
    pub fn run(self, store: &mut Store<Host>) -> Result<Turn, Error> {
        match self {
            Self::Event(function, arguments) => {
                status(function.call_resumable(&mut *store, arguments)?)
            }
            Self::Status(function) => status(function.call_resumable(&mut *store, ())?),
            Self::Unit(function) => unit(function.call_resumable(&mut *store, ())?),
            Self::Resume(Turn::Status(call)) => status(call.resume(&mut *store)?),
            Self::Resume(Turn::Unit(call)) => unit(call.resume(&mut *store)?),
            Self::Resume(Turn::Answered(Waiting::Status(call), value)) => {
                status(call.resume(&mut *store, &[Val::I32(value)])?)
            }
            Self::Resume(Turn::Answered(Waiting::Unit(call), value)) => {
                unit(call.resume(&mut *store, &[Val::I32(value)])?)
            }
            Self::Resume(turn @ (Turn::Finished(_) | Turn::Waiting(_))) => Ok(turn),
        }
    }
}

fn status(call: TypedResumableCall<i32>) -> Result<Turn, Error> {
    match call {
        TypedResumableCall::Finished(status) => Ok(Turn::Finished(status)),
        TypedResumableCall::OutOfFuel(call) => Ok(Turn::Status(call)),
        TypedResumableCall::HostTrap(call) if waits(call.host_error()) => {
            Ok(Turn::Waiting(Waiting::Status(call)))
        }
        TypedResumableCall::HostTrap(trap) => Err(into_error(trap)),
    }
}

fn unit(call: TypedResumableCall<()>) -> Result<Turn, Error> {
    match call {
        TypedResumableCall::Finished(()) => Ok(Turn::Finished(0)),
        TypedResumableCall::OutOfFuel(call) => Ok(Turn::Unit(call)),
        TypedResumableCall::HostTrap(call) if waits(call.host_error()) => {
            Ok(Turn::Waiting(Waiting::Unit(call)))
        }
        TypedResumableCall::HostTrap(trap) => Err(into_error(trap)),
    }
}

/// Whether a host function that trapped has something to give later.
fn waits(error: &Error) -> bool {
    error.downcast_ref::<Waits>().is_some()
}

/// Any other host function that traps means it: such calls are never resumed.
fn into_error<T>(trap: TypedResumableCallHostTrap<T>) -> Error {
    let error = trap.host_error();
    if let Some(status) = error.i32_exit_status() {
        return Error::i32_exit(status);
    }
    if let Some(code) = error.as_trap_code() {
        return code.into();
    }
    match error.downcast_ref::<OutputLimit>() {
        Some(limit) => Error::host(*limit),
        None => Error::new(error.to_string()),
    }
}
