//! When a write is durable: shared commits, intervals, and crashes while writers write.

use super::*;
use std::sync::atomic::AtomicBool;

#[test]
fn writers_that_wait_share_a_commit() {
    let bench = Bench::new();
    let store = bench.open();
    put(&store, "first", "v");
    let before = store.commits();
    let names: Vec<_> = (0..64).map(|key| format!("k{key}")).collect();
    // Nobody may write for as long as the state is held, so all of them have to gather.
    let held = store.0.core.state();
    let mut puts: Vec<_> = names
        .iter()
        .map(|key| Box::pin(store.kv().put(NS, key, "v", PutOptions::default())))
        .collect();
    for put in &mut puts {
        assert!(block_on(futures_lite::future::poll_once(put)).is_none());
    }
    drop(held);
    for put in puts {
        block_on(put).unwrap();
    }
    // One may have been taken alone before the others came.
    assert!(
        store.commits() - before <= 2,
        "{}",
        store.commits() - before
    );
    assert_eq!(store.kv().usage(NS).unwrap().keys, 65);
}

#[test]
fn in_a_shared_commit_one_refusal_spoils_nothing() {
    let mut bench = Bench::new();
    bench.quota = 100;
    let store = bench.open();
    let kv = store.kv();
    let held = store.0.core.state();
    let mut puts: Vec<_> = [("a", 40), ("b", 90), ("c", 40), ("c", 50)]
        .into_iter()
        .map(|(key, len)| Box::pin(kv.put(NS, key, vec![0; len], PutOptions::default())))
        .collect();
    for put in &mut puts {
        assert!(block_on(futures_lite::future::poll_once(put)).is_none());
    }
    drop(held);
    let results: Vec<_> = puts.into_iter().map(|put| block_on(put).is_ok()).collect();
    assert_eq!(results, [true, false, true, true]);
    assert_eq!(kv.usage(NS).unwrap(), Usage { bytes: 92, keys: 2 });
}

#[test]
fn with_an_interval_a_write_is_there_at_once_and_durable_after_a_close() {
    let mut bench = Bench::new();
    bench.durability = Durability::Interval(3_600_000);
    let store = bench.open();
    put(&store, "k", bytes(0, 50_000));
    put(&store, "k", bytes(1, 50_000));
    block_on(store.durable()).unwrap();
    assert_eq!(store.commits(), 0);
    // The old value is what a power cut would bring back, so it must not be gone.
    assert_eq!(file_count(bench.dir.path(), "values"), 2);
    store.clone().close().unwrap();
    assert_eq!(store.commits(), 1);
    assert_eq!(file_count(bench.dir.path(), "values"), 1);
    let refused = block_on(store.kv().put(NS, "k", "v", PutOptions::default()));
    assert!(
        matches!(refused, Err(KvError::Store(StoreError::Closed))),
        "{refused:?}"
    );
    assert!(matches!(
        store.records().batch().commit(),
        Err(StoreError::Closed)
    ));
    drop(store);
    assert_eq!(get(&bench.open(), "k").unwrap(), bytes(1, 50_000));
}

/// Writers hold the turn while the disk works, and those who ask are on the threads that serve
/// requests. A question that waits for the turn never gets an answer here.
#[test]
fn with_an_interval_nobody_waits_for_the_disk() {
    let mut bench = Bench::new();
    bench.durability = Durability::Interval(3_600_000);
    let store = bench.open();
    let turn = store.0.core.state();
    block_on(store.durable()).unwrap();
    drop(turn);
    store.clone().close().unwrap();
    assert!(matches!(block_on(store.durable()), Err(StoreError::Closed)));
}

#[test]
fn a_crash_at_any_moment_keeps_what_was_acknowledged() {
    let bench = Bench::new();
    let store = bench.open();
    let acknowledged = Arc::new(AtomicU64::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let writer = std::thread::spawn({
        let (store, acknowledged, stop) = (store.clone(), acknowledged.clone(), stop.clone());
        move || {
            let mut number = 0;
            while !stop.load(Ordering::SeqCst) {
                number += 1;
                let len = if number % 5 == 0 { 20_000 } else { 100 };
                let mut value = bytes(number as usize, len);
                value[..8].copy_from_slice(&u64::to_le_bytes(number));
                put(&store, &format!("k{}", number % 16), value);
                acknowledged.store(number, Ordering::SeqCst);
            }
        }
    });
    for _ in 0..10 {
        let seen = acknowledged.load(Ordering::SeqCst);
        while acknowledged.load(Ordering::SeqCst) < seen + 5 {
            std::thread::yield_now();
        }
        let floor = acknowledged.load(Ordering::SeqCst);
        // A copy is not taken at one moment, as a crash is, so what it holds is only
        // what was there before it began if nothing is written meanwhile.
        let held = store.0.core.state();
        let copy = bench.crash_copy();
        drop(held);
        let opened = Store::open(bench.options(copy.path())).unwrap();
        assert_eq!(opened.put_aside, None);
        let store = opened.store;
        for number in floor.saturating_sub(15).max(1)..=floor {
            let value = get(&store, &format!("k{}", number % 16)).unwrap();
            let found = u64::from_le_bytes(value[..8].try_into().unwrap());
            assert!(
                found >= number && found % 16 == number % 16,
                "{found} for {number}"
            );
            assert_eq!(&value[8..], &bytes(found as usize, value.len())[8..]);
        }
    }
    stop.store(true, Ordering::SeqCst);
    writer.join().unwrap();
}

#[test]
fn files_without_a_row_are_swept_when_the_store_opens() {
    let bench = Bench::new();
    let store = bench.open();
    put(&store, "k", bytes(0, 10_000));
    drop(store);
    let values = bench.dir.path().join("values");
    std::fs::write(values.join("0".repeat(32)), b"orphan").unwrap();
    std::fs::write(bench.dir.path().join("blobs/.tmp-1"), b"orphan").unwrap();
    let store = bench.open();
    assert_eq!(file_count(bench.dir.path(), "values"), 1);
    assert_eq!(file_count(bench.dir.path(), "blobs"), 0);
    assert_eq!(get(&store, "k").unwrap(), bytes(0, 10_000));
}

#[test]
fn a_second_opener_is_told_who_has_it() {
    let bench = Bench::new();
    let store = bench.open();
    let error = Store::open(bench.options(bench.dir.path())).err().unwrap();
    let text = error.to_string();
    assert!(text.contains("is in use by process"), "{text}");
    assert!(text.contains(&std::process::id().to_string()), "{text}");
    drop(store);
    bench.open();
}
