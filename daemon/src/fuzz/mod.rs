//! Bounded loops of mutated input, for whatever reads what strangers wrote.
//!
//! A target is a test whose name is `fuzz_TARGET`; it gives [`drive`] a function of bytes. Each input of
//! the kept corpus, `tests/fuzz/TARGET`, goes first, then mutations of them, which follow from a seed.
//! `POSTERN_FUZZ_SEED` and `POSTERN_FUZZ_SECONDS` set where it begins and how long it goes on; `cargo xtask
//! fuzz TARGET` sets both. What makes a target panic is shown, and kept in the corpus when it ran long.

#![allow(clippy::unwrap_used)]

pub mod bundles;
pub mod certificates;
mod mutate;
mod targets;

use mutate::Mutator;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Mutations of a run without a time.
const ROUNDS: u64 = 5_000;
/// Inputs that are kept in memory to mutate further, beside the corpus.
const POOL_MAX: usize = 256;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Where the kept inputs of a target are.
fn folder(target: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fuzz")).join(target)
}

/// Gives `of` the corpus of the target and mutations of it.
pub fn drive(target: &str, of: impl Fn(&[u8])) {
    drive_rounds(target, ROUNDS, of);
}

/// The same with another number of mutations, where one takes long.
pub fn drive_rounds(target: &str, most: u64, of: impl Fn(&[u8])) {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder(target))
        .unwrap_or_else(|error| panic!("{target} has no corpus: {error}"))
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let corpus: Vec<Vec<u8>> = files.iter().map(|it| std::fs::read(it).unwrap()).collect();
    assert!(!corpus.is_empty(), "{target} has no corpus");
    let seed = setting("POSTERN_FUZZ_SEED").unwrap_or(1);
    let end = setting("POSTERN_FUZZ_SECONDS").map(|s| Instant::now() + Duration::from_secs(s));
    let mut mutator = Mutator::new(seed);
    for bytes in &corpus {
        one(target, bytes, end.is_some(), &of);
    }
    let mut pool = corpus.clone();
    let mut rounds = 0;
    while end.map_or(rounds < most, |end| Instant::now() < end) {
        let bytes = mutator.mutated(&pool);
        one(target, &bytes, end.is_some(), &of);
        // Chains of mutations go further than single ones; the corpus itself always stays.
        if pool.len() < corpus.len() + POOL_MAX {
            pool.push(bytes);
        } else {
            let at = corpus.len() + mutator.below(POOL_MAX);
            pool[at] = bytes;
        }
        rounds += 1;
    }
    eprintln!("{target}: {rounds} inputs from seed {seed}");
}

fn one(target: &str, bytes: &[u8], keeps: bool, of: &impl Fn(&[u8])) {
    let Err(panic) = catch_unwind(AssertUnwindSafe(|| of(bytes))) else {
        return;
    };
    eprintln!("{target} fails with {:?}", bytes.escape_ascii().to_string());
    if keeps {
        let sum = bytes.iter().fold(0_u64, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(u64::from(*byte))
        });
        let path = folder(target).join(format!("found-{sum:016x}"));
        // The input is shown in any case.
        let _ = std::fs::write(&path, bytes);
        eprintln!("kept as {}", path.display());
    }
    resume_unwind(panic)
}
