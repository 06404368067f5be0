//! Bindings as a guest meets them: encoded arguments in, encoded results out.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::engine::ops::{OpReply, OpResult};
use crate::store::{NamespaceId, StoreOptions};
use futures_lite::StreamExt;
use postern_abi::kv::*;
use postern_abi::limits::CHUNK_MAX;
use postern_abi::op::EnvValue;
use proptest::prelude::*;
use smol::block_on;
use tempfile::TempDir;

fn env() -> (TempDir, Env) {
    env_with_quota(1 << 30)
}

fn env_with_quota(quota: u64) -> (TempDir, Env) {
    let dir = tempfile::tempdir().unwrap();
    let mut options = StoreOptions::new(dir.path());
    options.kv_quota_bytes = quota;
    let store = crate::store::Store::open(options).unwrap().store;
    let name = |name: &str| name.to_owned();
    let list = vec![
        Binding::PlainText {
            name: name("TEXT"),
            text: name("hello"),
        },
        Binding::Json {
            name: name("JSON"),
            json: name("{\"a\":1}"),
        },
        Binding::Secret {
            name: name("SECRET"),
            text: name("hidden"),
        },
        Binding::Kv {
            name: name("KV"),
            namespace: NamespaceId([1; 16]),
        },
        Binding::Other {
            name: name("BUCKET"),
            kind: name("r2_bucket"),
        },
    ];
    (dir, Env::new(list, store))
}

fn caller() -> Caller {
    Caller::new(None, 50)
}

fn finish(started: Started) -> OpResult {
    match started {
        Started::Done(result) => result,
        Started::Later(future) | Started::Sized(_, future) => block_on(future),
        Started::Upload(_) | Started::Piped(..) => panic!("it waits for a streamed argument"),
    }
}

fn call<T: serde::Serialize>(env: &Env, op: OpKind, head: &T, body: &[u8]) -> OpResult {
    let mut argument = postcard::to_allocvec(head).unwrap();
    argument.extend_from_slice(body);
    finish(env.start(op, &argument, &caller()))
}

fn put_args(key: &str) -> KvPut<'_> {
    KvPut {
        binding: "KV",
        key,
        metadata: None,
        expiration: None,
        expiration_ttl: None,
        stream: false,
    }
}

fn put(env: &Env, key: &str, value: &[u8]) {
    call(env, OpKind::KvPut, &put_args(key), value).unwrap();
}

fn get(env: &Env, key: &str, stream: bool) -> OpReply {
    let binding = "KV";
    call(
        env,
        OpKind::KvGet,
        &KvGet {
            binding,
            key,
            stream,
        },
        b"",
    )
    .unwrap()
}

#[track_caller]
fn check_fails(result: OpResult, code: OpErrorCode, message: &str) {
    let failure = result.err().unwrap();
    assert_eq!(failure.code, code, "{failure}");
    assert!(failure.message.starts_with(message), "{failure}");
}

#[test]
fn env_tells_its_names_and_what_they_stand_for() {
    let (_dir, env) = env();
    let mut out = Vec::new();
    env.sync(SyncOp::EnvNames, b"", &mut out).unwrap();
    let names: Vec<&str> = postcard::from_bytes(&out).unwrap();
    assert_eq!(names, ["BUCKET", "JSON", "KV", "SECRET", "TEXT"]);
    for (name, value) in [
        ("TEXT", EnvValue::Text("hello")),
        ("JSON", EnvValue::Json("{\"a\":1}")),
        ("SECRET", EnvValue::Secret("hidden")),
        ("KV", EnvValue::Kv),
        ("BUCKET", EnvValue::Other("r2_bucket")),
    ] {
        out.clear();
        env.sync(SyncOp::EnvGet, name.as_bytes(), &mut out).unwrap();
        assert_eq!(postcard::from_bytes::<EnvValue<'_>>(&out).unwrap(), value);
    }
    out.clear();
    let failure = env.sync(SyncOp::EnvGet, b"MISSING", &mut out).unwrap_err();
    assert_eq!(failure.code, OpErrorCode::UnknownBinding);
    assert!(failure.message.contains("MISSING"), "{failure}");
    assert!(out.is_empty());
}

#[test]
fn a_small_value_is_answered_at_once_and_whole() {
    let (_dir, env) = env();
    let arguments = KvPut {
        metadata: Some("[1]"),
        expiration: Some(4_000_000_000),
        ..put_args("k")
    };
    call(&env, OpKind::KvPut, &arguments, b"value").unwrap();
    let argument = postcard::to_allocvec(&KvGet {
        binding: "KV",
        key: "k",
        stream: true,
    })
    .unwrap();
    let Started::Done(Ok(reply)) = env.start(OpKind::KvGet, &argument, &caller()) else {
        panic!("it waits");
    };
    let head: KvGot<'_> = postcard::from_bytes(&reply.head).unwrap();
    assert_eq!(
        (head.body, head.metadata, head.expiration),
        (KvBody::Whole, Some("[1]"), Some(4_000_000_000))
    );
    assert_eq!(reply.body, &b"value"[..]);
    assert!(reply.stream.is_none());

    call(
        &env,
        OpKind::KvDelete,
        &KvDelete {
            binding: "KV",
            key: "k",
        },
        b"",
    )
    .unwrap();
    let reply = get(&env, "k", false);
    let head: KvGot<'_> = postcard::from_bytes(&reply.head).unwrap();
    assert_eq!(head.body, KvBody::Absent);
}

#[test]
fn a_large_value_comes_whole_or_in_pieces_as_asked() {
    let (_dir, env) = env();
    for len in [4_097, 32_768, 32_769, CHUNK_MAX, 3 * CHUNK_MAX + 1] {
        let value: Vec<u8> = (0..len).map(|at| (at / 7) as u8).collect();
        put(&env, "large", &value);
        let reply = get(&env, "large", false);
        let head: KvGot<'_> = postcard::from_bytes(&reply.head).unwrap();
        assert_eq!((head.body, &reply.body[..]), (KvBody::Whole, &value[..]));

        let reply = get(&env, "large", true);
        let head: KvGot<'_> = postcard::from_bytes(&reply.head).unwrap();
        assert_eq!(head.body, KvBody::Stream(len as u64));
        assert!(reply.body.is_empty());
        // Overwritten while it is read, it is still what was asked for.
        put(&env, "large", b"new");
        let pieces: Vec<_> = block_on(reply.stream.unwrap().collect());
        let pieces: Vec<_> = pieces.into_iter().map(|piece| piece.unwrap()).collect();
        assert!(pieces.iter().all(|piece| piece.len() <= CHUNK_MAX));
        assert_eq!(pieces.concat(), value);
    }
}

#[test]
fn a_streamed_put_is_there_when_finished_and_not_when_abandoned() {
    let (_dir, env) = env();
    let begin = || {
        let arguments = KvPut {
            stream: true,
            ..put_args("k")
        };
        match env.start(
            OpKind::KvPut,
            &postcard::to_allocvec(&arguments).unwrap(),
            &caller(),
        ) {
            Started::Upload(upload) => upload,
            _ => panic!("it wants no streamed argument"),
        }
    };
    let mut upload = begin();
    upload.chunk(&[1; 50_000]).unwrap();
    drop(upload);
    let reply = get(&env, "k", false);
    let head: KvGot<'_> = postcard::from_bytes(&reply.head).unwrap();
    assert_eq!(head.body, KvBody::Absent);

    let mut upload = begin();
    upload.chunk(&[1; 3]).unwrap();
    upload.chunk(&[2; 50_000]).unwrap();
    block_on(upload.finish()).unwrap();
    assert_eq!(get(&env, "k", false).body.len(), 50_003);

    let mut upload = begin();
    let mut outcome = Ok(());
    for _ in 0..(25 << 20) / CHUNK_MAX + 1 {
        outcome = upload.chunk(&[0; CHUNK_MAX]);
    }
    assert_eq!(outcome.unwrap_err().code, OpErrorCode::TooLarge);
    let failure = block_on(upload.finish()).err().unwrap();
    assert_eq!(failure.code, OpErrorCode::TooLarge);
    assert_eq!(get(&env, "k", false).body.len(), 50_003);
}

#[test]
fn lists_come_in_pages() {
    let (_dir, env) = env();
    for key in ["a/1", "a/2", "a/3", "b"] {
        put(&env, key, b"v");
    }
    let list = |cursor: &str| {
        let arguments = KvList {
            binding: "KV",
            prefix: "a/",
            limit: 2,
            cursor,
        };
        let reply = call(&env, OpKind::KvList, &arguments, b"").unwrap();
        let listed: KvListed<'_> = postcard::from_bytes(&reply.head).unwrap();
        let names: Vec<_> = listed.keys.iter().map(|key| key.name.to_owned()).collect();
        (names, listed.cursor.map(str::to_owned))
    };
    let (names, cursor) = list("");
    assert_eq!(names, ["a/1", "a/2"]);
    assert_eq!(list(&cursor.unwrap()), (vec!["a/3".to_owned()], None));
}

#[test]
fn several_values_come_in_the_order_asked_for() {
    let (_dir, env) = env();
    let large = vec![7; 40_000];
    put(&env, "small", b"v");
    put(&env, "large", &large);
    let multi = |keys: Vec<&str>| {
        let binding = "KV";
        call(&env, OpKind::KvGetMulti, &KvGetMulti { binding, keys }, b"")
    };
    let reply = multi(vec!["large", "none", "small"]).unwrap();
    let found: KvMulti<'_> = postcard::from_bytes(&reply.head).unwrap();
    assert_eq!(
        found.values,
        [Some((&large[..], None)), None, Some((&b"v"[..], None))]
    );
    check_fails(
        multi(vec!["k"; 101]),
        OpErrorCode::BadArgument,
        "KV GET_BULK failed: 400 You can request a maximum of 100 keys",
    );
    put(&env, "huge", &vec![0; 20 << 20]);
    check_fails(
        multi(vec!["huge", "huge"]),
        OpErrorCode::TooLarge,
        "KV GET_BULK failed: 413",
    );
}

#[test]
fn failures_are_told_in_the_fields_words() {
    let (_dir, env) = env_with_quota(1000);
    let put = |arguments: KvPut<'_>, value: &[u8]| call(&env, OpKind::KvPut, &arguments, value);
    check_fails(
        put(
            KvPut {
                expiration_ttl: Some(30),
                ..put_args("k")
            },
            b"v",
        ),
        OpErrorCode::BadArgument,
        "KV PUT failed: 400 Invalid expiration_ttl of 30. Expiration TTL must be at least 60.",
    );
    check_fails(
        put(put_args(""), b"v"),
        OpErrorCode::BadArgument,
        "Key name cannot be empty.",
    );
    check_fails(
        put(put_args("k"), &[0; 1000]),
        OpErrorCode::QuotaExceeded,
        "KV PUT failed: 429 The KV namespace would hold 1001 bytes",
    );
    check_fails(
        put(put_args("k"), &vec![0; (25 << 20) + 1]),
        OpErrorCode::TooLarge,
        "KV PUT failed: 413 Value length of 26214401 exceeds limit of 26214400.",
    );
    let list = KvList {
        binding: "KV",
        prefix: "",
        limit: 0,
        cursor: "",
    };
    check_fails(
        call(&env, OpKind::KvList, &list, b""),
        OpErrorCode::BadArgument,
        "KV GET failed: 400 Invalid key_count_limit of 0.",
    );
    for (binding, message) in [
        ("MISSING", "env has no binding named MISSING"),
        ("TEXT", "env.TEXT is not a KV namespace"),
    ] {
        let delete = KvDelete { binding, key: "k" };
        check_fails(
            call(&env, OpKind::KvDelete, &delete, b""),
            OpErrorCode::UnknownBinding,
            message,
        );
    }
    check_fails(
        finish(env.start(OpKind::Fetch, b"", &caller())),
        OpErrorCode::BadArgument,
        "the argument of Fetch",
    );
}

#[test]
fn a_failure_of_the_store_does_not_tell_where_it_lies() {
    let (dir, env) = env();
    env.store.clone().close().unwrap();
    let failure = call(&env, OpKind::KvPut, &put_args("k"), b"v")
        .err()
        .unwrap();
    assert_eq!(failure.code, OpErrorCode::Unavailable);
    assert!(!failure.message.contains(dir.path().to_str().unwrap()));
}

#[test]
fn a_timer_completes() {
    let (_dir, env) = env();
    call(&env, OpKind::Timer, &1u64, b"").unwrap();
}

proptest! {
    #[test]
    fn no_argument_does_harm(kind in 0u32..24, argument: Vec<u8>) {
        thread_local!(static ENV: (TempDir, Env) = env());
        ENV.with(|(_, env)| {
            if let Some(op) = OpKind::from_u32(kind).filter(|op| *op != OpKind::Timer) {
                let started = env.start(op, &argument, &caller());
                prop_assert!(!matches!(started, Started::Done(Ok(_))), "{:?}", op);
            }
            if let Some(op) = SyncOp::from_u32(kind) {
                let _ = env.sync(op, &argument, &mut Vec::new());
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_cut_off_argument_is_refused(cut in 0usize..20) {
        thread_local!(static ENV: (TempDir, Env) = env());
        let argument = postcard::to_allocvec(&KvGet { binding: "KV", key: "some key of a length", stream: false }).unwrap();
        ENV.with(|(_, env)| {
            check_fails(finish(env.start(OpKind::KvGet, &argument[..cut], &caller())), OpErrorCode::BadArgument, "the argument of KvGet");
        });
    }
}
