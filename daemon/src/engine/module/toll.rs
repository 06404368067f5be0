//! Instructions that cost fuel and do nothing, in front of what wasmi charges too little for.
//!
//! # Growth
//!
//! wasmi 2.0.0 goes on from `memory.grow`, and from a `table.grow` that fails, by a call that
//! takes native stack until the slice ends. A toll stands in front of them, so that a slice cannot
//! pay for more than a stack bears.
//!
//! # Locals
//!
//! Each call clears the locals of what it calls, which wasmi charges nothing for: a module whose functions
//! have a thousand took a hundred times as long as its fuel says. Functions with more than compilers usually
//! leave begin with a toll for the rest of them.

use super::super::limits::SLICE_FUEL;

/// Fuel that a growth of a memory or table costs beforehand. Each takes some 200 bytes of native
/// stack until its slice ends.
const GROWTH_FUEL: usize = 1000;

/// The native stack that this is, at least.
const GROWTH_STACK: u64 = 200;

/// What growths of one slice may leave on the stack of a thread that runs tenants: a quarter of
/// it. The fuel for making room for a large payload comes on top, and everything else.
const GROWTHS_STACK_MAX: u64 = 512 << 10;

const _: () = assert!(
    *SLICE_FUEL.end() / GROWTH_FUEL as u64 * GROWTH_STACK <= GROWTHS_STACK_MAX,
    "the longest slice fits the stack"
);

/// Locals, parameters among them, that a call has for what it costs anyway.
const FREE_LOCALS: u32 = 64;

/// Locals beyond those that are cleared for a unit of fuel, about.
const LOCALS_PER_FUEL: u32 = 4;

/// Bytes of a toll beside an instruction for each unit of its fuel.
const AROUND: usize = 3;

/// What stands in front of a growth.
pub(super) static GROWTH: [u8; GROWTH_FUEL + AROUND] = {
    let mut toll = [0; GROWTH_FUEL + AROUND];
    write(&mut toll);
    toll
};

/// What a function with so many locals begins with. Nothing for few.
pub(super) fn of_locals(locals: u32) -> Vec<u8> {
    let fuel = locals.saturating_sub(FREE_LOCALS) / LOCALS_PER_FUEL;
    if fuel == 0 {
        return Vec::new();
    }
    let mut toll = vec![0; fuel as usize + AROUND];
    write(&mut toll);
    toll
}

/// Pushes 0, negates it again and again, and drops what comes of it.
const fn write(toll: &mut [u8]) {
    let last = toll.len() - 1;
    (toll[0], toll[1], toll[last]) = (0x41, 0x00, 0x1a);
    let mut at = 2;
    while at < last {
        toll[at] = 0x45;
        at += 1;
    }
}
