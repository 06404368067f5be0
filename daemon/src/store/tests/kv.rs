//! What KV accepts, refuses, lists and forgets.

use super::*;
use crate::store::kv::Value;
use std::io::Read;

#[test]
fn keys_that_break_the_rules_are_refused_by_every_call() {
    let bench = Bench::new();
    let store = bench.open();
    let kv = store.kv();
    let long = "k".repeat(513);
    for (key, message) in [
        ("", "Key name cannot be empty."),
        (".", "\".\" is not allowed as a key name."),
        ("..", "\"..\" is not allowed as a key name."),
        (
            &long,
            "UTF-8 encoded length of 513 exceeds key length limit of 512.",
        ),
    ] {
        let options = PutOptions::default();
        for error in [
            kv.get(NS, key).unwrap_err(),
            kv.get_many(NS, &["fine", key]).unwrap_err(),
            block_on(kv.put(NS, key, "v", options.clone())).unwrap_err(),
            kv.upload(NS, key, options).err().unwrap(),
            block_on(kv.delete(NS, key)).unwrap_err(),
        ] {
            assert_eq!(error.to_string(), message);
        }
    }
    put(&store, &"k".repeat(512), "the longest");
    put(&store, "...", "three dots are a name");
    assert_eq!(get(&store, &"k".repeat(512)).unwrap(), b"the longest");
    assert_eq!(kv.usage(NS).unwrap().keys, 2);
}

#[test]
fn options_that_break_the_rules_are_refused_with_the_fields_words() {
    let bench = Bench::new();
    let store = bench.open();
    let check = |options: PutOptions, message: &str| {
        let error = block_on(store.kv().put(NS, "k", "v", options)).unwrap_err();
        assert!(error.to_string().starts_with(message), "{error}");
        assert_eq!(store.kv().usage(NS).unwrap(), Usage::default());
    };
    check(
        ttl(59),
        "Invalid expiration_ttl of 59. Expiration TTL must be at least 60.",
    );
    let at = |expiration| PutOptions {
        expiration: Some(expiration),
        ..PutOptions::default()
    };
    check(
        at(START + 59),
        &format!(
            "Invalid expiration of {}. Expiration times must be at least 60 seconds in the future.",
            START + 59
        ),
    );
    let meta = |text: String| PutOptions {
        metadata: Some(text),
        ..PutOptions::default()
    };
    check(
        meta(format!("\"{}\"", "m".repeat(1023))),
        "Metadata length of 1025 exceeds limit of 1024.",
    );
    check(meta("{".to_owned()), "Metadata must be valid JSON");
    let large = Bytes::from(vec![0; 25 * 1024 * 1024 + 1]);
    let error = block_on(
        store
            .kv()
            .put(NS, "k", large.clone(), PutOptions::default()),
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "Value length of 26214401 exceeds limit of 26214400."
    );
    let mut upload = store.kv().upload(NS, "k", PutOptions::default()).unwrap();
    assert!(upload.chunk(&large).is_err());
    drop(upload);
    assert_eq!(file_count(bench.dir.path(), "values"), 0);

    block_on(store.kv().put(NS, "k", "v", at(START + 60))).unwrap();
    let both = PutOptions {
        expiration: Some(1),
        expiration_ttl: Some(u64::MAX),
        metadata: Some(format!("\"{}\"", "m".repeat(1022))),
    };
    block_on(store.kv().put(NS, "for ever", "v", both)).unwrap();
    let entry = store.kv().get(NS, "for ever").unwrap().unwrap();
    assert_eq!(entry.expiration, Some(u64::MAX));
}

#[test]
fn a_listing_goes_on_where_the_page_ended_even_when_that_key_is_gone() {
    let bench = Bench::new();
    let store = bench.open();
    for key in ["a", "b", "b\u{0}", "c", "ä"] {
        put(&store, key, "v");
    }
    let kv = store.kv();
    let page = kv.list(NS, "", 2, None).unwrap();
    assert_eq!(page.keys[1].name, "b");
    block_on(kv.delete(NS, "b")).unwrap();
    let page = kv.list(NS, "", 1000, page.cursor.as_deref()).unwrap();
    let names: Vec<_> = page.keys.iter().map(|key| &key.name[..]).collect();
    assert_eq!((names, page.cursor), (vec!["b\u{0}", "c", "ä"], None));

    for limit in [0, 1001] {
        let error = kv.list(NS, "", limit, None).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "Invalid key_count_limit of {limit}. Please specify an integer from 1 to 1000."
            )
        );
    }
    for cursor in ["*", "_w", &"A".repeat(700)] {
        assert!(
            matches!(kv.list(NS, "", 1, Some(cursor)), Err(KvError::BadCursor)),
            "{cursor}"
        );
    }
    // A cursor of another listing must not lead out of the prefix.
    let other = kv.list(NS, "", 3, None).unwrap().cursor;
    assert!(matches!(
        kv.list(NS, "a", 9, other.as_deref()),
        Err(KvError::BadCursor)
    ));
}

#[test]
fn the_quota_is_exact_and_a_refused_write_leaves_nothing() {
    let mut bench = Bench::new();
    bench.quota = 10_000;
    let store = bench.open();
    let kv = store.kv();
    put(&store, "a", vec![0; 8_999]);
    let pair = |key: &str, len| Pair {
        key: key.to_owned(),
        value: vec![1; len].into(),
        options: PutOptions::default(),
    };
    let refused = |result: Result<(), KvError>, bytes| match result {
        Err(KvError::Quota {
            wanted,
            limit: 10_000,
        }) => assert_eq!(wanted, bytes),
        other => panic!("{other:?}"),
    };
    refused(
        block_on(kv.put_many(NS, vec![pair("b", 499), pair("c", 500)])),
        10_001,
    );
    refused(
        block_on(kv.put_many(NS, vec![pair("a", 5_000), pair("c", 5_000)])),
        10_002,
    );
    refused(
        block_on(kv.put(NS, "huge", vec![0; 10_001], PutOptions::default())),
        19_001,
    );
    assert_eq!(
        kv.usage(NS).unwrap(),
        Usage {
            bytes: 9_000,
            keys: 1
        }
    );
    assert_eq!(get(&store, "a").unwrap(), vec![0; 8_999]);
    assert_eq!(
        (get(&store, "b"), file_count(bench.dir.path(), "values")),
        (None, 1)
    );

    block_on(kv.put_many(NS, vec![pair("b", 499), pair("c", 499)])).unwrap();
    assert_eq!(kv.usage(NS).unwrap().bytes, 10_000);
    // Another namespace has a quota of its own.
    block_on(kv.put(OTHER, "b", vec![0; 9_999], PutOptions::default())).unwrap();
    drop(store);
    bench.quota = 8_500;
    let store = bench.open();
    put(&store, "a", vec![0; 8_000]);
    let grown = block_on(
        store
            .kv()
            .put(NS, "a", vec![0; 8_001], PutOptions::default()),
    );
    assert!(matches!(grown, Err(KvError::Quota { .. })), "{grown:?}");
}

#[test]
fn expired_entries_make_room_when_the_quota_is_reached() {
    let mut bench = Bench::new();
    bench.quota = 1000;
    let store = bench.open();
    block_on(store.kv().put(NS, "old", vec![0; 900], ttl(60))).unwrap();
    bench.now.fetch_add(60, Ordering::SeqCst);
    put(&store, "new", vec![0; 900]);
    assert_eq!(
        store.kv().usage(NS).unwrap(),
        Usage {
            bytes: 903,
            keys: 1
        }
    );
}

#[test]
fn a_sweep_removes_no_more_than_it_may_and_nothing_that_lives() {
    let bench = Bench::new();
    let store = bench.open();
    for key in 0..10 {
        block_on(store.kv().put(NS, &key.to_string(), "v", ttl(60 + key))).unwrap();
    }
    block_on(store.kv().put(NS, "0", "again", ttl(100))).unwrap();
    let sweep = |seconds, max| store.sweep_expired(START + seconds, max).unwrap();
    assert_eq!(sweep(60, 100), 0);
    assert_eq!(sweep(65, 3), 3);
    assert_eq!(sweep(65, 100), 2);
    assert_eq!(store.kv().usage(NS).unwrap().keys, 5);
    assert_eq!(get(&store, "0").unwrap(), b"again");
}

#[test]
fn a_large_value_stays_readable_while_it_is_overwritten() {
    let bench = Bench::new();
    let store = bench.open();
    let before = bytes(1, 100_000);
    put(&store, "k", before.clone());
    let Some(Entry {
        value: Value::Blob { len, mut file },
        ..
    }) = store.kv().get(NS, "k").unwrap()
    else {
        panic!("a large value is in a file");
    };
    put(&store, "k", "small");
    let mut found = Vec::new();
    file.read_to_end(&mut found).unwrap();
    assert_eq!((len, found), (100_000, before));
    assert_eq!(file_count(bench.dir.path(), "values"), 0);
}
