//! The same requests cost the same fuel and give the same bytes on every machine.
//!
//! `determinism/expected.json` was written once; x86-64, aarch64 and armv7 are held against it
//! (`cargo xtask test --cross`). `POSTERN_BLESS=1` writes it anew, after a change that is meant
//! to change fuel: the engine, the metering pass, the table of costs.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../benches/lone/mod.rs"]
mod lone;

use bytes::Bytes;
use futures_lite::StreamExt;
use lone::{Lone, request};
use postern_abi::{OpKind, SyncOp};
use postern_daemon::engine::caller::Caller;
use postern_daemon::engine::invocation::{ReplyBody, RequestBody};
use postern_daemon::engine::limits::Limits;
use postern_daemon::engine::ops::{Bindings, OpFailure, OpReply, Started};
use postern_daemon::engine::{EngineOptions, Finished, Observer};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex};

#[derive(Default)]
struct Records(Mutex<Vec<(String, u64)>>);

impl Observer for Records {
    fn finished(&self, finished: &Finished<'_>) {
        let outcome = format!("{:?}", finished.outcome);
        self.0.lock().unwrap().push((outcome, finished.fuel));
    }
}

/// Completes every operation at once, with the same bytes.
struct AtOnce;

impl Bindings for AtOnce {
    fn sync(&self, _: SyncOp, _: &[u8], _: &mut Vec<u8>) -> Result<(), OpFailure> {
        Ok(())
    }

    fn start(&self, _: OpKind, _: &[u8], _: &Caller) -> Started {
        Started::Done(Ok(OpReply {
            head: vec![1, 2, 3],
            ..OpReply::default()
        }))
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Seen {
    guest: String,
    path: String,
    outcome: String,
    output: String,
    fuel: u64,
}

const GUESTS: [(&str, &str, &[&str]); 2] = [
    (
        "compute",
        include_str!("determinism/compute.wat"),
        &["1", "2", "3", "4", "1", "2"],
    ),
    (
        "engine",
        include_str!("../src/engine/tests/guest.wat"),
        &[
            "h", "k", "k", "b", "d", "p", "T", "o", "s", "k", "a", "r", "t", "n", "l", "m", "h",
        ],
    ),
];

fn run(guest: &str, wat: &str, paths: &[&str], slice_fuel: u64, seen: &mut Vec<Seen>) {
    let records = Arc::new(Records::default());
    let options = EngineOptions {
        fuel_per_ms: 1_000_000,
        slice_fuel,
        ..EngineOptions::default()
    };
    let limits = Limits {
        cpu_ms: 8,
        memory_bytes: 1 << 20,
        ..Limits::default()
    };
    let lone = Lone::new(wat, options, limits, Arc::new(AtOnce), records.clone());
    let judged = &lone.judged;
    seen.push(Seen {
        guest: guest.into(),
        path: "(push)".into(),
        outcome: format!("{:?}", judged.kind),
        output: fingerprint(judged.image.as_ref().unwrap()),
        fuel: judged.startup_fuel,
    });
    for path in paths {
        let request = request(path, RequestBody::Whole(Bytes::from(vec![7; 100_000])));
        let output = smol::block_on(lone.executor.run(async {
            match lone.worker.fetch(request).await.map(|reply| reply.body) {
                Ok(ReplyBody::Whole(bytes)) => fingerprint(&bytes),
                Ok(ReplyBody::Stream(mut stream)) => {
                    let mut all = Vec::new();
                    while let Some(Ok(part)) = stream.next().await {
                        all.extend_from_slice(&part);
                    }
                    fingerprint(&all)
                }
                Ok(ReplyBody::Socket(_)) => "a socket".to_owned(),
                Err(failure) => failure.to_string(),
            }
        }));
        let (outcome, fuel) = records.0.lock().unwrap().pop().unwrap();
        seen.push(Seen {
            guest: guest.into(),
            path: (*path).into(),
            outcome,
            output,
            fuel,
        });
    }
}

/// FNV-1a, to tell bytes apart in a file that people read.
fn fingerprint(bytes: &[u8]) -> String {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{} bytes {hash:016x}", bytes.len())
}

fn all(slice_fuel: u64) -> Vec<Seen> {
    let mut seen = Vec::new();
    for (guest, wat, paths) in GUESTS {
        run(guest, wat, paths, slice_fuel, &mut seen);
    }
    seen
}

#[test]
fn fuel_and_output_are_those_of_every_machine() {
    let seen = all(200_000);
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/determinism/expected.json"
    );
    if std::env::var_os("POSTERN_BLESS").is_some() {
        std::fs::write(path, serde_json::to_string_pretty(&seen).unwrap() + "\n").unwrap();
    }
    let expected: Vec<Seen> =
        serde_json::from_str(include_str!("determinism/expected.json")).unwrap();
    for (seen, expected) in seen.iter().zip(&expected) {
        assert_eq!(seen, expected);
    }
    assert_eq!(seen.len(), expected.len());
}

#[test]
fn slices_change_nothing() {
    let whole = all(1 << 40);
    for slice in [1_000, 10_007, 200_000] {
        for (cut, whole) in all(slice).iter().zip(&whole) {
            assert_eq!(cut, whole, "in slices of {slice}");
        }
    }
}
