//! What a Worker must not be able to hurt others with.

use crate::number;
use postern::*;
use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering};

/// Rounds of [`spin`] that take about a millisecond on a desktop.
const ROUNDS_PER_MS: u64 = 200_000;

pub async fn route(req: &Request) -> Option<Result<Response>> {
    Some(match req.path() {
        "/spin" => loop {
            black_box(spin(ROUNDS_PER_MS));
        },
        "/spin-ms" => number(req, "n", 1).and_then(|millis: u64| {
            Response::ok(spin(millis.saturating_mul(ROUNDS_PER_MS)).to_string())
        }),
        "/alloc" => alloc(),
        "/recurse" => Response::ok(recurse(0).to_string()),
        "/panic" => panic!("panicked as asked"),
        "/throw" => Err(Error::named("TypeError", "thrown as asked")),
        "/never" => std::future::pending().await,
        "/trap" => std::process::abort(),
        _ => return None,
    })
}

fn spin(rounds: u64) -> u64 {
    (0..rounds).fold(0x9e37_79b9, |hash: u64, round| {
        black_box(hash.rotate_left(5) ^ round)
    })
}

/// Takes memory until there is none, and writes to all of it.
fn alloc() -> Result<Response> {
    let mut hoard = Vec::new();
    loop {
        hoard.push(vec![1u8; 256 << 10]);
        black_box(&hoard);
    }
}

static NEVER: AtomicU32 = AtomicU32::new(0);

/// Calls itself without an end; no compiler turns this into a loop.
#[inline(never)]
fn recurse(depth: u32) -> u32 {
    if NEVER.load(Ordering::Relaxed) != 0 {
        return depth;
    }
    recurse(depth.wrapping_add(1)).rotate_left(1) ^ depth
}
