//! The daemon is killed with -9 while it writes: what it acknowledged is there, and nothing
//! else is damaged.
//!
//! Each round kills it after a random number of acknowledgements, so that the others are
//! caught on their way. `POSTERN_CRASH_ROUNDS=1000` gives the nightly size.

use postern_e2e::api::{ACCOUNT, kv_value};
use postern_e2e::guests::hello;
use postern_e2e::{Api, Connection, Daemon};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};

const ROUNDS: usize = 50;
const WRITERS: usize = 6;
/// Acknowledgements after which a round's kill comes, at most.
const ACKNOWLEDGED_MAX: usize = 120;
/// Keys that each writer overwrites over and over.
const OVERWRITTEN: usize = 3;
/// Every so many writes is larger than what sled holds itself.
const LARGE_EVERY: usize = 8;
const LARGE: usize = 40 << 10;

/// What is known of a key.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// The last number whose write was acknowledged; 0 if none was.
    acknowledged: usize,
    /// The last number that was sent.
    attempted: usize,
}

/// A value that tells its key and number, and in which any damage shows.
fn value(key: &str, number: usize) -> Vec<u8> {
    let line = format!("{key}={number};");
    let length = if number.is_multiple_of(LARGE_EVERY) {
        LARGE
    } else {
        line.len()
    };
    line.bytes().cycle().take(length).collect()
}

/// The number in a value, if it is whole.
fn number(key: &str, bytes: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (name, rest) = text.split_once('=')?;
    let number = rest.split(';').next()?.parse().ok()?;
    (name == key && value(key, number) == bytes).then_some(number)
}

/// Numbers that look random; the seed is printed, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }
}

/// Counts acknowledgements and wakes who waits for a number of them.
#[derive(Default)]
struct Count {
    count: Mutex<usize>,
    more: Condvar,
}

impl Count {
    fn add(&self) {
        *self.count.lock().unwrap() += 1;
        self.more.notify_all();
    }

    fn wait_for(&self, least: usize) {
        let count = self.count.lock().unwrap();
        let patience = postern_e2e::wait::PATIENCE;
        let (_count, timeout) = self
            .more
            .wait_timeout_while(count, patience, |count| *count < least)
            .unwrap();
        assert!(!timeout.timed_out(), "the daemon acknowledges nothing");
    }
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let rounds = std::env::var("POSTERN_CRASH_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(ROUNDS);
    let seed = std::env::var("POSTERN_CRASH_SEED")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| u64::from(std::process::id()) | 1 << 40);
    println!("{rounds} rounds, POSTERN_CRASH_SEED={seed}");
    let mut random = Random(seed);
    let mut daemon = Daemon::plain();
    daemon.api().production();
    daemon
        .api()
        .push("witness", &hello("witness"), &json!({"tags": ["t"]}));
    let id = daemon.api().kv_namespace("crash");
    let untouched = daemon.api().kv_namespace("untouched");
    daemon.api().kv_put(&untouched, "k", b"v");

    let mut known: HashMap<String, Known> = HashMap::new();
    let next = AtomicUsize::new(1);
    for round in 0..rounds {
        let kill_after = random.below(ACKNOWLEDGED_MAX);
        let count = Count::default();
        let api = daemon.api();
        let learned: Vec<_> = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..WRITERS)
                .map(|writer| {
                    let (api, id, next, count) = (&api, &id, &next, &count);
                    scope.spawn(move || write(api, id, writer, round, next, count))
                })
                .collect();
            count.wait_for(kill_after);
            daemon.kill9();
            writers
                .into_iter()
                .flat_map(|w| w.join().unwrap())
                .collect()
        });
        for (key, new) in learned {
            let old = known.entry(key).or_default();
            old.attempted = old.attempted.max(new.attempted);
            old.acknowledged = old.acknowledged.max(new.acknowledged);
        }
        daemon.start();
        // What earlier rounds wrote is looked at whole in the end, and a part of it now.
        check(&daemon, &id, &known, |key| {
            key.starts_with("over-") || key.starts_with(&format!("once-{round}-"))
        });
        assert_eq!(daemon.get("/witness/").expect(200).text(), "witness");
        assert_eq!(
            daemon.api().kv_get(&untouched, "k").as_deref(),
            Some(&b"v"[..])
        );
        let log = daemon.log();
        assert!(
            !log.contains("put aside"),
            "round {round}: the store was damaged"
        );
    }
    check(&daemon, &id, &known, |_| true);
    nothing_else(&daemon, &id, &known);
    daemon.restart();
    check(&daemon, &id, &known, |_| true);
}

/// Writes until the daemon is gone; what is known of each key then.
fn write(
    api: &Api,
    id: &str,
    writer: usize,
    round: usize,
    next: &AtomicUsize,
    count: &Count,
) -> Vec<(String, Known)> {
    let mut known: HashMap<String, Known> = HashMap::new();
    let Ok(mut connection) = api.connect() else {
        return Vec::new();
    };
    for turn in 0.. {
        let sequence = next.fetch_add(1, Ordering::Relaxed);
        let key = if turn % 2 == 0 {
            format!("over-{writer}-{}", turn / 2 % OVERWRITTEN)
        } else {
            format!("once-{round}-{writer}-{turn}")
        };
        let entry = known.entry(key.clone()).or_default();
        entry.attempted = sequence;
        if !put(api, &mut connection, id, &key, &value(&key, sequence)) {
            break;
        }
        entry.acknowledged = sequence;
        count.add();
    }
    known.into_iter().collect()
}

/// Whether a write was acknowledged. Anything but 200 on a living daemon is a failure.
fn put(api: &Api, connection: &mut Connection, id: &str, key: &str, value: &[u8]) -> bool {
    let request = api.request("PUT", &kv_value(id, key)).body(value);
    match connection.send(&request) {
        Ok(response) => {
            response.expect(200);
            true
        }
        Err(_) => false,
    }
}

/// Every chosen key holds a whole value, no older than acknowledged and no newer than sent.
fn check(daemon: &Daemon, id: &str, known: &HashMap<String, Known>, choose: impl Fn(&str) -> bool) {
    let api = daemon.api();
    let mut connection = api.connect().unwrap();
    for (key, known) in known.iter().filter(|(key, _)| choose(key)) {
        let request = api.request("GET", &kv_value(id, key));
        let response = connection.send(&request).unwrap();
        if response.status == 404 {
            assert_eq!(known.acknowledged, 0, "{key} was lost: {known:?}");
            continue;
        }
        let response = response.expect(200);
        let number =
            number(key, &response.body).unwrap_or_else(|| panic!("{key} is damaged: {known:?}"));
        assert!(
            (known.acknowledged..=known.attempted).contains(&number),
            "{key} holds {number}, but {known:?}"
        );
    }
}

/// The namespace holds only keys that were written.
fn nothing_else(daemon: &Daemon, id: &str, known: &HashMap<String, Known>) {
    let mut cursor = String::new();
    loop {
        let path = format!("{ACCOUNT}/storage/kv/namespaces/{id}/keys?limit=1000&cursor={cursor}");
        let reply = daemon.api().get(&path);
        for key in reply.envelope["result"].as_array().unwrap() {
            let name = key["name"].as_str().unwrap();
            assert!(known.contains_key(name), "nobody wrote {name}");
        }
        match &reply.envelope["result_info"]["cursor"] {
            Value::String(next) if !next.is_empty() && *next != cursor => cursor.clone_from(next),
            _ => break,
        }
    }
}

#[test]
fn a_push_that_was_cut_off_is_there_or_not() {
    let mut daemon = Daemon::plain();
    daemon.api().production();
    daemon.api().push("w", &hello("0"), &json!({}));
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut acknowledged = 0;
    for round in 0..10 {
        let kill_after = random.below(4);
        let count = Count::default();
        let api = daemon.api();
        let first = acknowledged + 1;
        let (done, sent) = std::thread::scope(|scope| {
            let pusher = scope.spawn(|| {
                let mut done = first - 1;
                for version in first.. {
                    let form = postern_e2e::Form::new()
                        .metadata(&json!({"main_module": "m.wasm"}))
                        .wasm("m.wasm", &hello(&version.to_string()));
                    let (kind, body) = form.finish();
                    let request = api
                        .request("PUT", &postern_e2e::api::script("w"))
                        .header("content-type", &kind)
                        .body(body);
                    match api.raw(&request) {
                        Ok(response) => {
                            response.expect(200);
                        }
                        Err(_) => return (done, version),
                    }
                    done = version;
                    count.add();
                }
                unreachable!("versions do not end")
            });
            count.wait_for(kill_after);
            daemon.kill9();
            pusher.join().unwrap()
        });
        daemon.start();
        let text = daemon.get("/w/").expect(200).text().to_owned();
        let version: usize = text.parse().unwrap();
        assert!(
            (done..=sent).contains(&version),
            "round {round}: {version}, not {done} to {sent}"
        );
        acknowledged = version;
    }
}
