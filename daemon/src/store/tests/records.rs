//! Records: together or not at all, and of a bounded size.

use super::*;

#[test]
fn records_change_together_and_large_ones_too() {
    let bench = Bench::new();
    let store = bench.open();
    let large = "x".repeat(1 << 20);
    let mut batch = store.records().batch();
    batch.put(Table::Scripts, b"ns/one", &large).unwrap();
    batch.put(Table::Scripts, b"ns/two", "small").unwrap();
    batch.put(Table::Scripts, b"nt/three", "other").unwrap();
    batch.put(Table::Tags, b"ns/two", &vec![1u8, 2]).unwrap();
    batch.commit().unwrap();
    block_on(store.durable()).unwrap();
    let mut batch = store.records().batch();
    batch.delete(Table::Scripts, b"ns/two").unwrap();
    drop(batch);

    let copy = bench.crash_copy();
    drop(store);
    let store = Store::open(bench.options(copy.path())).unwrap().store;
    let records = store.records();
    let found: Vec<(Vec<u8>, String)> = records.scan(Table::Scripts, b"ns/").unwrap();
    assert_eq!(
        found,
        [
            (b"ns/one".to_vec(), large),
            (b"ns/two".to_vec(), "small".to_owned())
        ]
    );
    assert_eq!(
        records.get::<Vec<u8>>(Table::Tags, b"ns/two").unwrap(),
        Some(vec![1, 2])
    );
    assert_eq!(
        records.get::<String>(Table::Tags, b"nothing").unwrap(),
        None
    );
    assert!(matches!(
        records.get::<u64>(Table::Tags, b"ns/two"),
        Err(StoreError::Record { .. })
    ));

    let mut batch = records.batch();
    batch.delete(Table::Scripts, b"ns/one").unwrap();
    batch.commit().unwrap();
    block_on(store.durable()).unwrap();
    assert_eq!(file_count(copy.path(), "values"), 0);
    no_spill(&store);
}

#[test]
fn oversized_records_are_refused() {
    let bench = Bench::new();
    let store = bench.open();
    let mut batch = store.records().batch();
    let error = batch
        .put(Table::Settings, b"k", &"x".repeat(RECORD_MAX))
        .err()
        .unwrap();
    assert!(matches!(
        error,
        StoreError::RecordTooLarge {
            limit: RECORD_MAX,
            ..
        }
    ));
    let error = batch.put(Table::Settings, &[0; 513], &1u8).err().unwrap();
    assert!(matches!(
        error,
        StoreError::KeyTooLong {
            len: 513,
            limit: 512
        }
    ));
}
