//! The store as its users see it: acknowledged means there after a crash, refused means not there.
#![allow(clippy::unwrap_used)]

use super::kv::{Entry, KeyInfo, Pair, PutOptions, Usage};
use super::*;
use bytes::Bytes;
use proptest::prelude::*;
use smol::block_on;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;

const NS: NamespaceId = NamespaceId([7; 16]);
const OTHER: NamespaceId = NamespaceId([8; 16]);
const START: u64 = 1_700_000_000;

/// A store in a directory of its own, with a clock that the test moves.
struct Bench {
    dir: TempDir,
    now: Arc<AtomicU64>,
    quota: u64,
    durability: Durability,
}

impl Bench {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            now: Arc::new(AtomicU64::new(START)),
            quota: 1 << 30,
            durability: Durability::Acknowledged,
        }
    }

    fn options(&self, dir: &Path) -> StoreOptions {
        let now = self.now.clone();
        let mut options = StoreOptions::new(dir);
        options.clock = Arc::new(move || now.load(Ordering::SeqCst));
        options.kv_quota_bytes = self.quota;
        options.durability = self.durability;
        options.cache_bytes = 1 << 20;
        options
    }

    fn opened(&self) -> Opened {
        Store::open(self.options(self.dir.path())).unwrap()
    }

    fn open(&self) -> Store {
        let opened = self.opened();
        assert_eq!(opened.put_aside, None);
        opened.store
    }

    /// What a machine that stops now would find: the files as they are, taken from under a
    /// store that is running.
    fn crash_copy(&self) -> TempDir {
        let copy = tempfile::tempdir().unwrap();
        copy_tree(self.dir.path(), copy.path());
        copy
    }
}

fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            // Files may go away while this looks.
            let _ = std::fs::copy(entry.path(), target);
        }
    }
}

fn put(store: &Store, key: &str, value: impl Into<Bytes>) {
    block_on(store.kv().put(NS, key, value, PutOptions::default())).unwrap();
}

fn read(entry: Option<Entry>) -> Option<Vec<u8>> {
    entry.map(|entry| entry.value.into_bytes().unwrap().to_vec())
}

fn get(store: &Store, key: &str) -> Option<Vec<u8>> {
    read(store.kv().get(NS, key).unwrap())
}

fn ttl(seconds: u64) -> PutOptions {
    PutOptions {
        expiration_ttl: Some(seconds),
        ..PutOptions::default()
    }
}

fn file_count(dir: &Path, name: &str) -> usize {
    std::fs::read_dir(dir.join(name)).unwrap().count()
}

/// Every row but the format, as an export would write it.
fn no_spill(store: &Store) {
    assert_eq!(
        store.0.core.rows.spill_count().unwrap(),
        0,
        "sled made files of its own"
    );
}

// --- KV against a model ---------------------------------------------------------------------

#[derive(Clone, Debug)]
enum Step {
    Put(u8, usize, Option<u64>, bool),
    PutMany(Vec<(u8, usize)>),
    Upload(u8, Vec<usize>),
    AbandonedUpload(u8, usize),
    Delete(u8),
    DeleteMany(Vec<u8>),
    Sleep(u64),
    Sweep,
    Reopen { properly: bool },
    Crash,
    Export,
    Drop,
}

fn length() -> impl Strategy<Value = usize> {
    prop_oneof![
        6 => 0usize..200,
        2 => 4090usize..4100,
        2 => 30_000usize..70_000,
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0u8..40, length(), proptest::option::of(60u64..300), any::<bool>())
            .prop_map(|(key, len, ttl, metadata)| Step::Put(key, len, ttl, metadata)),
        3 => proptest::collection::vec((0u8..40, length()), 0..8).prop_map(Step::PutMany),
        3 => (0u8..40, proptest::collection::vec(0usize..5000, 0..5))
            .prop_map(|(key, parts)| Step::Upload(key, parts)),
        1 => (0u8..40, length()).prop_map(|(key, len)| Step::AbandonedUpload(key, len)),
        5 => (0u8..40).prop_map(Step::Delete),
        2 => proptest::collection::vec(0u8..40, 0..8).prop_map(Step::DeleteMany),
        4 => (1u64..200).prop_map(Step::Sleep),
        2 => Just(Step::Sweep),
        1 => any::<bool>().prop_map(|properly| Step::Reopen { properly }),
        1 => Just(Step::Crash),
        1 => Just(Step::Export),
        1 => Just(Step::Drop),
    ]
}

#[derive(Clone, Debug, PartialEq)]
struct Modelled {
    value: Vec<u8>,
    metadata: Option<String>,
    expiration: Option<u64>,
}

#[derive(Default)]
struct Model {
    live: BTreeMap<String, Modelled>,
    /// Keys whose entries expired and count still.
    usage: Usage,
}

fn key_name(key: u8) -> String {
    // Some share prefixes, some are long, some are not ASCII.
    match key % 4 {
        0 => format!("a/{key}"),
        1 => format!("a/b/{key}"),
        2 => format!("ключ{key}"),
        _ => format!("{key}{}", "x".repeat(400)),
    }
}

fn bytes(seed: usize, len: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 31 + seed) as u8).collect()
}

impl Model {
    fn put(
        &mut self,
        key: &str,
        value: Vec<u8>,
        metadata: Option<String>,
        expiration: Option<u64>,
    ) {
        self.delete(key);
        let entry = Modelled {
            value,
            metadata,
            expiration,
        };
        self.usage.bytes += Self::weight(key, &entry);
        self.usage.keys += 1;
        self.live.insert(key.to_owned(), entry);
    }

    fn delete(&mut self, key: &str) {
        if let Some(entry) = self.live.remove(key) {
            self.usage.bytes -= Self::weight(key, &entry);
            self.usage.keys -= 1;
        }
    }

    fn sweep(&mut self, now: u64) {
        let gone: Vec<_> = self
            .live
            .iter()
            .filter(|(_, entry)| entry.expiration.is_some_and(|at| at <= now))
            .map(|(key, _)| key.clone())
            .collect();
        for key in gone {
            self.delete(&key);
        }
    }

    fn weight(key: &str, entry: &Modelled) -> u64 {
        (key.len() + entry.value.len() + entry.metadata.as_ref().map_or(0, String::len)) as u64
    }

    fn check(&self, store: &Store, now: u64) {
        let kv = store.kv();
        let live: BTreeMap<_, _> = self
            .live
            .iter()
            .filter(|(_, entry)| entry.expiration.is_none_or(|at| at > now))
            .collect();
        for key in (0..40).map(key_name) {
            let found = kv.get(NS, &key).unwrap().map(|entry| Modelled {
                metadata: entry.metadata.clone(),
                expiration: entry.expiration,
                value: entry.value.into_bytes().unwrap().to_vec(),
            });
            assert_eq!(found.as_ref(), live.get(&key).copied(), "key {key}");
        }
        assert_eq!(kv.usage(NS).unwrap(), self.usage);
        for prefix in ["", "a/", "a/b/", "ключ", "nothing"] {
            let expected: Vec<_> = live
                .iter()
                .filter(|(key, _)| key.starts_with(prefix))
                .map(|(key, entry)| KeyInfo {
                    name: (*key).clone(),
                    expiration: entry.expiration,
                    metadata: entry.metadata.clone(),
                })
                .collect();
            for limit in [1, 3, 1000] {
                assert_eq!(
                    list_all(store, prefix, limit),
                    expected,
                    "prefix {prefix:?}"
                );
            }
        }
        assert_eq!(kv.list(OTHER, "", 1000, None).unwrap().keys.len(), 1);
    }
}

fn list_all(store: &Store, prefix: &str, limit: u32) -> Vec<KeyInfo> {
    let mut keys = Vec::new();
    let mut cursor = None;
    loop {
        let page = store
            .kv()
            .list(NS, prefix, limit, cursor.as_deref())
            .unwrap();
        assert!(page.keys.len() <= limit as usize);
        keys.extend(page.keys);
        cursor = page.cursor;
        if cursor.is_none() {
            return keys;
        }
    }
}

fn run_model(steps: Vec<Step>) {
    let mut bench = Bench::new();
    let mut store = bench.open();
    let mut model = Model::default();
    block_on(store.kv().put(OTHER, "theirs", "1", PutOptions::default())).unwrap();
    for (number, step) in steps.into_iter().enumerate() {
        let now = bench.now.load(Ordering::SeqCst);
        let kv = store.kv();
        match step {
            Step::Put(key, len, ttl, metadata) => {
                let key = key_name(key);
                let value = bytes(number, len);
                let metadata = metadata.then(|| format!("{{\"n\":{number}}}"));
                let options = PutOptions {
                    metadata: metadata.clone(),
                    expiration_ttl: ttl,
                    ..PutOptions::default()
                };
                block_on(kv.put(NS, &key, value.clone(), options)).unwrap();
                model.put(&key, value, metadata, ttl.map(|ttl| now + ttl));
            }
            Step::PutMany(pairs) => {
                let pairs: Vec<_> = pairs
                    .into_iter()
                    .map(|(key, len)| Pair {
                        key: key_name(key),
                        value: bytes(number, len).into(),
                        options: PutOptions::default(),
                    })
                    .collect();
                block_on(kv.put_many(NS, pairs.clone())).unwrap();
                for pair in pairs {
                    model.put(&pair.key, pair.value.to_vec(), None, None);
                }
            }
            Step::Upload(key, parts) => {
                let key = key_name(key);
                let mut upload = kv.upload(NS, &key, PutOptions::default()).unwrap();
                let mut whole = Vec::new();
                for len in parts {
                    let part = bytes(number, len);
                    upload.chunk(&part).unwrap();
                    whole.extend(part);
                }
                block_on(upload.finish()).unwrap();
                model.put(&key, whole, None, None);
            }
            Step::AbandonedUpload(key, len) => {
                let mut upload = kv
                    .upload(NS, &key_name(key), PutOptions::default())
                    .unwrap();
                upload.chunk(&bytes(number, len)).unwrap();
            }
            Step::Delete(key) => {
                let key = key_name(key);
                block_on(kv.delete(NS, &key)).unwrap();
                model.delete(&key);
            }
            Step::DeleteMany(keys) => {
                let keys: Vec<_> = keys.into_iter().map(key_name).collect();
                block_on(kv.delete_many(NS, &keys)).unwrap();
                keys.iter().for_each(|key| model.delete(key));
            }
            Step::Sleep(seconds) => {
                bench.now.fetch_add(seconds, Ordering::SeqCst);
            }
            Step::Sweep => {
                store.sweep_expired(now, usize::MAX).unwrap();
                model.sweep(now);
            }
            Step::Reopen { properly } => {
                if properly {
                    store.close().unwrap();
                } else {
                    drop(store);
                }
                store = bench.open();
            }
            Step::Crash => {
                let copy = bench.crash_copy();
                drop(store);
                bench.dir = copy;
                store = bench.open();
            }
            Step::Export => {
                store.export().unwrap();
                drop(store);
                std::fs::remove_dir_all(bench.dir.path().join("db")).unwrap();
                let opened = bench.opened();
                assert!(opened.restored_from.is_some());
                store = opened.store;
            }
            Step::Drop => {
                block_on(kv.drop_namespace(NS)).unwrap();
                model = Model::default();
            }
        }
        model.check(&store, bench.now.load(Ordering::SeqCst));
    }
    // Large values and nothing else have files, whatever happened.
    let large = model
        .live
        .values()
        .filter(|entry| entry.value.len() > values::INLINE_MAX);
    let large = large.count();
    block_on(store.durable()).unwrap();
    assert_eq!(file_count(bench.dir.path(), "values"), large);
    no_spill(&store);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn kv_does_what_a_map_with_a_clock_does(steps in proptest::collection::vec(step(), 1..60)) {
        run_model(steps);
    }
}

// --- KV rules -------------------------------------------------------------------------------

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
        value: kv::Value::Blob { len, mut file },
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

// --- Records and blobs ----------------------------------------------------------------------

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

#[test]
fn blobs_are_named_by_what_they_hold() {
    let bench = Bench::new();
    let store = bench.open();
    let blobs = store.blobs();
    let id = blobs.put(b"hello").unwrap();
    assert_eq!(
        id.to_string(),
        "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    );
    let mut writer = blobs.writer().unwrap();
    writer.write(b"hel").unwrap();
    writer.write(b"lo").unwrap();
    assert_eq!(writer.finish().unwrap(), id);
    let mut abandoned = blobs.writer().unwrap();
    abandoned.write(b"never").unwrap();
    drop(abandoned);
    assert_eq!(file_count(bench.dir.path(), "blobs"), 1);
    assert_eq!(blobs.read(&id).unwrap(), b"hello");

    let wanted = blobs.put(b"wanted").unwrap();
    assert_eq!(
        blobs.sweep(|_| false, Duration::from_secs(3600)).unwrap(),
        0
    );
    assert_eq!(blobs.sweep(|id| *id == wanted, Duration::ZERO).unwrap(), 1);
    assert_eq!(blobs.list().unwrap(), [wanted]);
    assert!(matches!(blobs.read(&id), Err(StoreError::NoBlob(gone)) if gone == id));

    std::fs::write(blobs.path(&wanted), b"rotten").unwrap();
    assert!(matches!(blobs.read(&wanted), Err(StoreError::Damaged(_))));
    blobs.put(b"wanted").unwrap();
    assert_eq!(blobs.read(&wanted).unwrap(), b"wanted");
}

// --- Commits and crashes --------------------------------------------------------------------

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
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
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

// --- Exports and damage ---------------------------------------------------------------------

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
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
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
