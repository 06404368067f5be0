//! Web Crypto as guests reach it: what is kept, what is done elsewhere, what is paid for.

use super::*;
use postern_abi::crypto::{CryptoCall, CryptoStatus, Deriving, Hash, KeyPlan, KeySource, Signing};
use std::fmt::Write;

/// A guest that boots with one call and asks another of every request: at once, or as an
/// operation if it must; the result is its answer.
const ASKING: &str = r#"(module
  (import "postern" "respond" (func $respond (param i32 i32 i32 i32 i32 i32)))
  (import "postern" "done" (func $done (param i32 i32 i32 i32)))
  (import "postern" "op_start" (func $op_start (param i32 i32 i32 i32)))
  (import "postern" "op_sync" (func $op_sync (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 4)
  (global $request (mut i32) (i32.const 0))
  (data (i32.const 256) "\c8\01\00")
  (data (i32.const 4096) "BOOT")
  (data (i32.const 8192) "CALL")
  (func (export "postern_abi_v1"))
  (func (export "postern_window") (param i32) (result i32) (i32.const 65536))
  (func (export "postern_boot") (result i32)
    (i32.lt_s (call $op_sync (i32.const 32) (i32.const 4096) (i32.const BOOTLEN) (i32.const 131072) (i32.const 4096)) (i32.const 0)))
  (func $answer (param $ptr i32) (param $len i32)
    (call $respond (global.get $request) (i32.const 256) (i32.const 3) (local.get $ptr) (local.get $len) (i32.const 0))
    (call $done (global.get $request) (i32.const 0) (i32.const 0) (i32.const 0)))
  (func (export "postern_event") (param $kind i32) (param $id i32) (param $len i32) (result i32)
    (local $got i32)
    (if (i32.eq (local.get $kind) (i32.const 1)) (then
      (global.set $request (local.get $id))
      (local.set $got (call $op_sync (i32.const 32) (i32.const 8192) (i32.const CALLLEN) (i32.const 131072) (i32.const 4096)))
      (if (i32.lt_s (local.get $got) (i32.const 0))
        (then (call $op_start (i32.const 1) (i32.const 24) (i32.const 8192) (i32.const CALLLEN)))
        (else (call $answer (i32.const 131072) (local.get $got))))))
    (if (i32.eq (local.get $kind) (i32.const 6)) (then (call $answer (i32.const 65536) (local.get $len))))
    (i32.const 0)))"#;

fn argument(call: &CryptoCall<'_>, data: &[u8]) -> Vec<u8> {
    let mut argument = postcard::to_allocvec(call).unwrap();
    argument.extend_from_slice(data);
    argument
}

fn asking(boot: &[u8], call: &[u8]) -> String {
    let text = |bytes: &[u8]| {
        bytes.iter().fold(String::new(), |mut text, byte| {
            write!(text, "\\{byte:02x}").unwrap();
            text
        })
    };
    ASKING
        .replace("BOOTLEN", &boot.len().to_string())
        .replace("CALLLEN", &call.len().to_string())
        .replace("BOOT", &text(boot))
        .replace("CALL", &text(call))
}

fn secret() -> Vec<u8> {
    let import = CryptoCall::Import {
        id: 1,
        source: KeySource::Secret,
    };
    argument(&import, b"Jefe")
}

impl Bench {
    fn answer(&self, worker: &Arc<Worker>) -> Result<Vec<u8>, Failure> {
        match self.fetch(worker, "/", RequestBody::Empty)?.body {
            ReplyBody::Whole(bytes) => Ok(bytes.to_vec()),
            _ => panic!("no whole answer"),
        }
    }
}

#[test]
fn keys_made_at_boot_are_there_in_every_isolate() {
    let bench = bench();
    let sign = CryptoCall::Sign {
        key: 1,
        how: Signing::Hmac(Hash::Md5),
    };
    let call = argument(&sign, b"what do ya want for nothing?");
    let worker = bench.worker(&asking(&secret(), &call), Limits::default());
    // RFC 2202, case 2.
    let expected = [
        0x75, 0x0c, 0x78, 0x3e, 0x6a, 0xb0, 0xb5, 0x03, 0xea, 0xa8, 0x6e, 0x31, 0x0a, 0x5d, 0xb7,
        0x38, 0,
    ];
    assert_eq!(bench.answer(&worker).unwrap(), expected);
    // An isolate that was there before is gone; the next one has them too.
    assert!(bench.engine.sweep() == 0 && worker.warm().0 == 1);
    let rested = bench.engine.resting();
    assert!(rested.iter().all(|isolate| isolate.evict()));
    assert_eq!(worker.warm().0, 0);
    assert_eq!(bench.answer(&worker).unwrap(), expected);
}

fn stretching(iterations: u32) -> Vec<u8> {
    let derive = CryptoCall::Derive {
        key: 1,
        how: Deriving::Pbkdf2 {
            hash: Hash::Sha1,
            salt: b"salt",
            iterations,
            length: 20,
        },
        into: None,
    };
    argument(&derive, b"")
}

#[test]
fn what_takes_long_is_done_elsewhere_and_gives_the_same() {
    let bench = bench();
    let import = CryptoCall::Import {
        id: 1,
        source: KeySource::Secret,
    };
    let password = argument(&import, b"password");
    let worker = bench.worker(&asking(&password, &stretching(4096)), Limits::default());
    // RFC 6070.
    let expected = [
        0x4b, 0x00, 0x79, 0x01, 0xb7, 0x65, 0x48, 0x9a, 0xbe, 0xad, 0x49, 0xd9, 0x26, 0xf7, 0x21,
        0xd0, 0x65, 0xa4, 0x29, 0xc1, 0,
    ];
    assert_eq!(bench.answer(&worker).unwrap(), expected);
    assert!(bench.last().fuel > 4096 * 300);
}

#[test]
fn keys_made_elsewhere_are_the_isolates() {
    let bench = bench();
    let generate = CryptoCall::Generate {
        id: 2,
        public: 3,
        plan: KeyPlan::Rsa {
            bits: 512,
            exponent: 65_537,
        },
    };
    let worker = bench.worker(
        &asking(&secret(), &argument(&generate, b"")),
        Limits::default(),
    );
    let answer = bench.answer(&worker).unwrap();
    assert_eq!(answer.last(), Some(&(CryptoStatus::Done as u8)));
    // The numbers are taken now: the second request is served by the same isolate.
    let answer = bench.answer(&worker).unwrap();
    assert_eq!(answer, [CryptoStatus::BadCall as u8]);
}

#[test]
fn work_that_cannot_be_paid_for_is_not_begun() {
    let bench = bench();
    let limits = Limits {
        cpu_ms: 10,
        ..Limits::default()
    };
    let generate = CryptoCall::Generate {
        id: 2,
        public: 3,
        plan: KeyPlan::Rsa {
            bits: 4096,
            exponent: 65_537,
        },
    };
    for call in [stretching(100_000), argument(&generate, b"")] {
        let worker = bench.worker(&asking(&secret(), &call), limits);
        match bench.answer(&worker) {
            Err(Failure::Cpu { limit_ms: 10, .. }) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_argument_that_is_none_is_told_so() {
    let bench = bench();
    let worker = bench.worker(&asking(&secret(), &[255; 9]), Limits::default());
    // Neither at once nor later; the operation fails, and this guest waits for its success only.
    match bench.answer(&worker) {
        Err(Failure::Exception { message, .. }) => assert!(message.contains("never generate")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_guest_waits_for_what_takes_long_and_others_go_on() {
    let bench = bench();
    let import = CryptoCall::Import {
        id: 1,
        source: KeySource::Secret,
    };
    let password = argument(&import, b"password");
    // Kind 33 waits.
    let guest = asking(&password, &stretching(4096)).replace("(i32.const 32)", "(i32.const 33)");
    let worker = bench.worker(&guest, Limits::default());
    let expected = [
        0x4b, 0x00, 0x79, 0x01, 0xb7, 0x65, 0x48, 0x9a, 0xbe, 0xad, 0x49, 0xd9, 0x26, 0xf7, 0x21,
        0xd0, 0x65, 0xa4, 0x29, 0xc1, 0,
    ];
    assert_eq!(bench.answer(&worker).unwrap(), expected);
    assert!(bench.last().fuel > 4096 * 300);
    assert_eq!(bench.answer(&worker).unwrap(), expected);
}

fn scrypt(log_n: u8) -> Vec<u8> {
    let derive = CryptoCall::Derive {
        key: 1,
        how: Deriving::Scrypt {
            salt: b"NaCl",
            log_n,
            r: 8,
            p: 1,
            length: 16,
        },
        into: None,
    };
    argument(&derive, b"")
}

#[test]
fn what_scrypt_works_in_counts_as_memory() {
    let bench = bench();
    let import = CryptoCall::Import {
        id: 1,
        source: KeySource::Secret,
    };
    let password = argument(&import, b"password");
    let waiting =
        |log_n| asking(&password, &scrypt(log_n)).replace("(i32.const 32)", "(i32.const 33)");
    let limits = Limits {
        memory_bytes: 4 << 20,
        cpu_ms: 1_000,
        ..Limits::default()
    };
    // Two to the tenth times 1 KiB.
    let worker = bench.worker(&waiting(10), limits);
    assert_eq!(bench.answer(&worker).unwrap().len(), 17);
    // 16 MiB: refused; as the operation that the guest starts then, too, which it never hears of.
    let worker = bench.worker(&waiting(14), limits);
    assert!(bench.answer(&worker).is_err());
}
