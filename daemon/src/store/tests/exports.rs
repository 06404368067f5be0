//! Exports: of one moment, and read only if they are whole.

use super::*;
use crate::store::export;
use std::sync::atomic::AtomicBool;

#[test]
fn an_export_is_of_one_moment_whatever_is_written_meanwhile() {
    let bench = Bench::new();
    let store = bench.open();
    let value =
        |round: usize, key: usize| bytes(round, if key.is_multiple_of(50) { 5_000 } else { 20 });
    let pairs = move |round: usize| {
        (0..600)
            .map(|key| Pair {
                key: format!("k{key:03}"),
                value: value(round, key).into(),
                options: PutOptions::default(),
            })
            .collect::<Vec<_>>()
    };
    block_on(store.kv().put_many(NS, pairs(0))).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let writer = std::thread::spawn({
        let (store, stop) = (store.clone(), stop.clone());
        move || {
            let mut round = 1;
            while !stop.load(Ordering::SeqCst) {
                block_on(store.kv().put_many(NS, pairs(round % 200))).unwrap();
                block_on(store.kv().delete(NS, "k599")).unwrap();
                round += 1;
            }
        }
    });
    for _ in 0..3 {
        store.export().unwrap();
    }
    stop.store(true, Ordering::SeqCst);
    writer.join().unwrap();
    assert_eq!(export::list(&store.0.core.layout).unwrap().len(), 2);
    drop(store);
    std::fs::remove_dir_all(bench.dir.path().join("db")).unwrap();
    let opened = bench.opened();
    assert!(opened.restored_from.is_some());
    let store = opened.store;
    let first = get(&store, "k001").unwrap();
    let round = (0..200).find(|round| value(*round, 1) == first).unwrap();
    for key in 0..599 {
        assert_eq!(
            get(&store, &format!("k{key:03}")).unwrap(),
            value(round, key),
            "k{key:03}"
        );
    }
    assert_eq!(file_count(bench.dir.path(), "values"), 12);
}

#[test]
fn a_damaged_export_is_passed_over_for_an_older_one() {
    let bench = Bench::new();
    let store = bench.open();
    put(&store, "k", "first");
    let first = store.export().unwrap();
    put(&store, "k", "second");
    let second = store.export().unwrap();
    drop(store);
    std::fs::remove_dir_all(bench.dir.path().join("db")).unwrap();
    let good = std::fs::read(&second).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        std::fs::write(&second, &bad).unwrap();
        assert!(export::verify(&second).is_err(), "byte {at}");
        std::fs::write(&second, &good[..at]).unwrap();
        assert!(export::verify(&second).is_err(), "cut at {at}");
    }
    let opened = bench.opened();
    assert_eq!(
        (opened.put_aside, opened.restored_from),
        (None, Some(first))
    );
    assert_eq!(get(&opened.store, "k").unwrap(), b"first");
}
