//! KV against a model: a map with a clock, through crashes, exports and reopening.

use super::*;
use crate::store::values;
use proptest::prelude::*;
use std::collections::BTreeMap;

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
                // What a sweep removed is acknowledged to nobody: it is durable with the next
                // commit, which may go on now. A copy takes a while, and a crash does not, so
                // nothing may be written while it is made.
                block_on(store.durable()).unwrap();
                let held = store.0.core.state();
                let copy = bench.crash_copy();
                drop(held);
                drop(store);
                bench.dir = copy;
                store = bench.open();
            }
            Step::Export => {
                store.export().unwrap();
                drop(store);
                remove_all(&bench.dir.path().join("db"));
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

#[test]
fn fuzz_kv() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
    let steps = proptest::collection::vec(step(), 1..60);
    crate::fuzz::drive_rounds("kv", 10, |bytes| {
        let mut seed = [0; 32];
        for (at, byte) in bytes.iter().enumerate() {
            seed[at % 32] ^= *byte;
        }
        let chance = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        let mut runner = TestRunner::new_with_rng(Config::default(), chance);
        run_model(steps.new_tree(&mut runner).unwrap().current());
    });
}
