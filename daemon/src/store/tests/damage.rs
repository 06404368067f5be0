//! A store that is damaged, forgot, or is of a newer program: what opening makes of it.

use super::*;
use crate::store::{keys, layout, rows};
use proptest::prelude::*;

/// A store with an export and something written since, closed properly or not.
fn prepared(bench: &Bench, properly: bool) -> BlobId {
    let store = bench.open();
    let mut batch = store.records().batch();
    batch.put(Table::Scripts, b"s", "script").unwrap();
    batch.commit().unwrap();
    let blob = store.blobs().put(b"module").unwrap();
    for key in 0..100 {
        put(&store, &format!("k{key}"), bytes(key, 50 + key));
    }
    put(&store, "large", bytes(0, 9_000));
    store.export().unwrap();
    put(&store, "later", "v");
    put(&store, "large", "overwritten");
    store.blobs().sweep(|_| false, Duration::ZERO).unwrap();
    if properly {
        store.close().unwrap();
    }
    blob
}

#[test]
fn a_store_that_will_not_open_is_put_aside_and_built_from_the_export() {
    let bench = Bench::new();
    let blob = prepared(&bench, true);
    let db = bench.dir.path().join("db/db");
    let len = std::fs::metadata(&db).unwrap().len();
    let noise = bytes(3, usize::try_from(len).unwrap());
    std::fs::write(&db, &noise).unwrap();

    let opened = bench.opened();
    let aside = opened.put_aside.unwrap();
    assert!(
        opened.restored_from.unwrap().ends_with(
            std::fs::read_dir(bench.dir.path().join("exports"))
                .unwrap()
                .map(|entry| entry.unwrap().file_name())
                .find(|name| name.to_string_lossy().ends_with(".export"))
                .unwrap()
        )
    );
    assert!(aside.join("db/db").exists() && aside.join("values").is_dir());
    assert!(
        std::fs::read_to_string(aside.join("why.txt"))
            .unwrap()
            .contains("damaged")
    );
    let store = opened.store;
    assert_eq!(get(&store, "later"), None);
    assert_eq!(get(&store, "large").unwrap(), bytes(0, 9_000));
    assert_eq!(get(&store, "k42").unwrap(), bytes(42, 92));
    assert_eq!(store.blobs().read(&blob).unwrap(), b"module");
    assert_eq!(store.kv().usage(NS).unwrap().keys, 101);
    let record: Option<String> = store.records().get(Table::Scripts, b"s").unwrap();
    assert_eq!(record.as_deref(), Some("script"));
    put(&store, "goes", "on");
    drop(store);
    assert_eq!(get(&bench.open(), "goes").unwrap(), b"on");
}

/// What a note becomes.
type Change = fn(&mut Vec<u8>) -> Vec<u8>;

#[test]
fn a_note_of_the_log_that_is_half_written_or_damaged_costs_nothing() {
    for properly in [true, false] {
        let bench = Bench::new();
        prepared(&bench, properly);
        // What is acknowledged and in no export.
        let store = bench.open();
        for key in 0..200 {
            put(&store, &format!("k{key}"), bytes(key, 700));
        }
        drop(store);
        drop(bench.open());
        let db = bench.dir.path().join("db");
        let note = || {
            let names = layout::names(&db).unwrap().into_iter();
            let mut notes = names.filter(|name| name.starts_with("snap."));
            db.join(notes.next().unwrap())
        };
        let half = db.join("snap.7FFFFFFFFFFFFFFF.generating");
        let emptied = |_: &mut Vec<u8>| Vec::new();
        let halved = |note: &mut Vec<u8>| note.split_off(note.len() / 2);
        let flipped = |note: &mut Vec<u8>| {
            note[3] ^= 1;
            note.clone()
        };
        let ways: [(&Path, Change, usize); 5] = [
            (&half, emptied, 0),
            (&half, halved, 0),
            (&db, emptied, 1),
            (&db, halved, 2),
            (&db, flipped, 3),
        ];
        for (path, left, kept) in ways {
            let mut whole = std::fs::read(note()).unwrap();
            let path = if path == db { note() } else { half.clone() };
            std::fs::write(path, left(&mut whole)).unwrap();
            let opened = bench.opened();
            assert_eq!((opened.put_aside, opened.lost_batches), (None, 0));
            let store = opened.store;
            for key in 0..200 {
                assert_eq!(get(&store, &format!("k{key}")).unwrap(), bytes(key, 700));
            }
            assert_eq!(get(&store, "later").unwrap(), b"v");
            put(&store, "more", bytes(0, 900));
            drop(store);
            assert!(!half.exists());
            let damaged = bench.dir.path().join("damaged");
            let aside = std::fs::read_dir(&damaged).map_or(0, Iterator::count);
            assert_eq!(aside, kept);
        }
    }
}

#[test]
fn an_open_that_was_cut_short_while_building_begins_again() {
    let bench = Bench::new();
    prepared(&bench, true);
    let dir = bench.dir.path();
    // Put aside, and partly built: what a power cut in the middle leaves.
    std::fs::create_dir_all(dir.join("damaged/1")).unwrap();
    std::fs::rename(dir.join("db"), dir.join("damaged/1/db")).unwrap();
    std::fs::create_dir_all(dir.join("db.building/blobs")).unwrap();
    std::fs::write(dir.join("db.building/db"), b"half").unwrap();
    std::fs::write(dir.join("exports/00000000009999999999.partial"), b"half").unwrap();
    std::fs::create_dir_all(dir.join("exports/00000000009999999999.files/values")).unwrap();
    let opened = bench.opened();
    assert!(opened.restored_from.is_some());
    assert_eq!(get(&opened.store, "k7").unwrap(), bytes(7, 57));
    assert_eq!(file_count(dir, "exports"), 2);
}

#[test]
fn a_store_that_forgot_is_kept_if_no_export_knows_more() {
    let bench = Bench::new();
    let store = bench.open();
    put(&store, "old", "v");
    store.export().unwrap();
    put(&store, "kept", "v");
    let copy = bench.crash_copy();
    put(&store, "new", bytes(0, 10_000));
    let copy_of_values = bench.crash_copy();
    drop(store);
    // sled's files of before, the rest of after: a disk that lied about a sync.
    std::fs::remove_dir_all(copy_of_values.path().join("db")).unwrap();
    copy_tree(&copy.path().join("db"), &copy_of_values.path().join("db"));
    let dir = copy_of_values.path();
    let opened = Store::open(bench.options(dir)).unwrap();
    assert_eq!((opened.put_aside, opened.lost_batches), (None, 1));
    assert_eq!(get(&opened.store, "kept").unwrap(), b"v");
    assert_eq!(get(&opened.store, "new"), None);
    // What the lost row named is kept for whoever wants to look.
    assert_eq!(file_count(dir, "values"), 0);
    let aside = std::fs::read_dir(dir.join("damaged")).unwrap().next();
    assert_eq!(
        aside.unwrap().unwrap().path().read_dir().unwrap().count(),
        1
    );
    drop(opened.store);
    let opened = Store::open(bench.options(dir)).unwrap();
    assert_eq!(opened.lost_batches, 0, "it is said once");
    opened.store.export().unwrap();
    drop(opened.store);

    std::fs::remove_dir_all(dir.join("db")).unwrap();
    copy_tree(&copy.path().join("db"), &dir.join("db"));
    let store = Store::open(bench.options(dir)).unwrap().store;
    put(&store, "even newer", "v");
    put(&store, "and newer", "v");
    store.export().unwrap();
    drop(store);
    let witness = std::fs::read(dir.join("acknowledged")).unwrap();
    std::fs::remove_dir_all(dir.join("db")).unwrap();
    copy_tree(&copy.path().join("db"), &dir.join("db"));
    assert_eq!(std::fs::read(dir.join("acknowledged")).unwrap(), witness);
    let opened = Store::open(bench.options(dir)).unwrap();
    assert!(opened.put_aside.is_some() && opened.restored_from.is_some());
    assert_eq!(opened.lost_batches, 0);
    assert_eq!(get(&opened.store, "and newer").unwrap(), b"v");
}

#[test]
fn a_store_of_a_newer_program_is_left_alone() {
    let bench = Bench::new();
    let store = bench.open();
    let mut batch = rows::Batch::default();
    batch.put(keys::FORMAT_KEY.to_vec(), &99u32.to_le_bytes());
    store.0.core.rows.apply(batch).unwrap();
    drop(store);
    let error = Store::open(bench.options(bench.dir.path())).err().unwrap();
    assert!(
        matches!(
            error,
            StoreError::Newer {
                found: 99,
                known: keys::FORMAT
            }
        ),
        "{error}"
    );
    assert!(!bench.dir.path().join("damaged").exists());
}

/// Whatever was flipped, opening returns, and what is then read is right, or an error, or was
/// said to be lost.
fn open_flipped(flips: &[(prop::sample::Index, prop::sample::Index, u8)], properly: bool) {
    let bench = Bench::new();
    prepared(&bench, properly);
    let mut files: Vec<_> = Vec::new();
    for name in ["db", "values"] {
        for entry in std::fs::read_dir(bench.dir.path().join(name)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                files.push(path);
            }
        }
    }
    files.sort();
    for (file, at, mask) in flips {
        let path = file.get(&files);
        let mut content = std::fs::read(path).unwrap();
        // sled's file is mostly empty; aim at what is written.
        let used = content
            .iter()
            .rposition(|byte| *byte != 0)
            .map_or(0, |last| last + 1);
        if used > 0 {
            content[at.index(used)] ^= mask;
            std::fs::write(path, content).unwrap();
        }
    }
    let opened = bench.opened();
    assert!(opened.restored_from.is_none() || opened.put_aside.is_some());
    let told = opened.put_aside.is_some() || opened.lost_batches > 0;
    let store = opened.store;
    let expected = (0..100)
        .map(|key| (format!("k{key}"), bytes(key, 50 + key)))
        .chain([
            ("later".to_owned(), b"v".to_vec()),
            ("large".to_owned(), b"overwritten".to_vec()),
        ]);
    for (key, value) in expected {
        match store.kv().get(NS, &key) {
            // What is gone or old without an error was said to be.
            Ok(found) => assert!(told || read(found) == Some(value), "{key}"),
            Err(error) => assert!(matches!(error, KvError::Store(_)), "{error}"),
        }
    }
    let _ = store.kv().list(NS, "", 1000, None);
    let _ = block_on(store.kv().put(NS, "new", "v", PutOptions::default()));
    drop(store);
    bench.opened();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn flipped_bytes_never_panic_their_way_out(
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 1u8..), 1..12),
        properly: bool,
    ) {
        open_flipped(&flips, properly);
    }
}
