//! What Workers in JavaScript take: memory and disk, warm and evicted; and what becomes of their
//! snapshots when files are not what they were.

use postern_e2e::{Daemon, Setup, eventually};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

fn hello(text: &str) -> String {
    format!("export default {{ fetch: () => new Response('{text}') }};")
}

fn daemon(tables: &str) -> Daemon {
    let daemon = Setup::new().tables(tables).start();
    daemon.api().production();
    daemon
}

#[track_caller]
fn says(daemon: &Daemon, name: &str, text: &str) {
    let response = daemon.get(&format!("/{name}/"));
    assert_eq!(response.expect(200).text(), text);
}

fn isolates(daemon: &Daemon) -> u64 {
    let status = daemon.api().get("/postern/v1/status").ok();
    status["isolates"]["count"].as_u64().unwrap()
}

fn parked(daemon: &Daemon) -> u64 {
    let status = daemon.api().get("/postern/v1/status").ok();
    status["isolates"]["parked"].as_u64().unwrap()
}

fn no_isolate_is_left(daemon: &Daemon) {
    eventually("no isolate is left", || {
        (isolates(daemon) == 0).then_some(())
    });
}

/// Files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .flat_map(|entry| match entry.unwrap().path() {
            path if path.is_dir() => files(&path),
            path => vec![path],
        })
        .collect()
}

/// Bytes on the disk of all blobs.
fn blobs(daemon: &Daemon) -> u64 {
    let files = files(&daemon.data_dir().join("blobs"));
    let sizes = files.iter().map(|file| file.metadata().unwrap().blocks());
    sizes.sum::<u64>() * 512
}

/// The memory of the engine's base.
fn base(daemon: &Daemon) -> PathBuf {
    let mut files = files(&daemon.data_dir());
    files.retain(|file| file.extension().is_some_and(|end| end == "memory"));
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

/// Bytes of its own that an isolate of a Worker that says hello may have, the interpreter's included.
const WARM_MAX: u64 = 256 << 10;
/// The same of one that has parked.
const IDLE_MAX: u64 = 64 << 10;
/// Bytes that heaps may keep of what isolates gave back, however many there were.
const KEPT_MAX: u64 = 3 << 20;

#[test]
fn a_warm_worker_has_little_of_its_own() {
    let daemon = daemon("");
    let (first, all) = (4, 24);
    let serve = |range: std::ops::Range<u64>| {
        for number in range {
            let name = format!("w{number}");
            daemon.api().push_javascript(&name, &hello(&name));
            for _ in 0..10 {
                says(&daemon, &name, &name);
            }
        }
    };
    // What the first ones make the process keep, it keeps once.
    serve(0..first);
    let (before, few) = (daemon.private(), isolates(&daemon));
    serve(first..all);
    // A request that comes before the one before is quite over has its Worker begin another.
    let more = isolates(&daemon) - few;
    assert!(more >= all - first, "{more} isolates");
    let grown = daemon.private().saturating_sub(before);
    eprintln!("{grown} bytes for {more} warm isolates");
    assert!(
        grown < more * WARM_MAX + KEPT_MAX,
        "{grown} bytes for {more} isolates"
    );
    // Idle, they keep only what differs from their snapshots.
    eventually("all isolates have parked", || {
        (parked(&daemon) == isolates(&daemon)).then_some(())
    });
    let all_now = isolates(&daemon);
    let most = all_now * IDLE_MAX + KEPT_MAX;
    let idle = eventually(
        &format!("no more than {most} bytes for {all_now} isolates"),
        || Some(daemon.private().saturating_sub(before)).filter(|idle| *idle < most),
    );
    eprintln!("{idle} bytes for {more} idle isolates, {all_now} in all");
    for number in [0, all - 1] {
        let name = format!("w{number}");
        says(&daemon, &name, &name);
    }
}

/// Bytes of memory that a Worker in JavaScript may keep that has served and is evicted.
const EVICTED_MAX: u64 = 16 << 10;
/// Bytes on the disk that a Worker that says hello may take.
const DISK_MAX: u64 = 288 << 10;

#[test]
fn a_hundred_tenants_take_little() {
    let daemon =
        daemon("[engine]\nisolate-idle-ms = 500\n[store]\ndurability = { interval-ms = 500 }");
    let serve = |range: std::ops::Range<u64>| {
        for number in range {
            let name = format!("w{number}");
            daemon.api().push_javascript(&name, &hello(&name));
            says(&daemon, &name, &name);
        }
        no_isolate_is_left(&daemon);
    };
    serve(0..20);
    let (memory, disk) = (daemon.private(), blobs(&daemon));
    serve(20..100);
    let grown = eventually("the memory goes back", || {
        let grown = daemon.private().saturating_sub(memory);
        (grown < 80 * EVICTED_MAX + KEPT_MAX).then_some(grown)
    });
    let each = (blobs(&daemon) - disk) / 80;
    eprintln!("{grown} bytes of memory for 80 evicted Workers, {each} bytes on the disk for each");
    assert!(each < DISK_MAX, "{each} bytes on the disk");
}

#[test]
fn another_base_has_workers_judged_again() {
    let mut daemon = daemon("");
    daemon.api().push_javascript("w", &hello("here"));
    says(&daemon, "w", "here");
    let before = files(&daemon.data_dir().join("blobs"));

    // Gone: made again, the same, and nothing is judged.
    daemon.terminate();
    std::fs::remove_file(base(&daemon)).unwrap();
    daemon.start();
    eventually("the Worker runs", || {
        (daemon.get("/w/").status == 200).then_some(())
    });
    says(&daemon, "w", "here");
    assert_eq!(files(&daemon.data_dir().join("blobs")).len(), before.len());

    // Cut off: no base of anybody's.
    daemon.terminate();
    let path = base(&daemon);
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 100]).unwrap();
    daemon.start();
    eventually("the Worker runs", || {
        (daemon.get("/w/").status == 200).then_some(())
    });
    says(&daemon, "w", "here");
    assert_eq!(std::fs::read(base(&daemon)).unwrap(), whole);
}

#[test]
fn a_damaged_snapshot_harms_its_worker_alone() {
    let mut daemon = daemon("");
    daemon.api().push_javascript("good", &hello("good"));
    let others = files(&daemon.data_dir().join("blobs"));
    daemon.api().push_javascript("bad", &hello("bad"));
    let mut own = files(&daemon.data_dir().join("blobs"));
    own.retain(|file| !others.contains(file));
    // The module and the snapshot.
    own.sort_by_key(|file| file.metadata().unwrap().len());
    let snapshot = own.pop().unwrap();
    daemon.terminate();
    let whole = std::fs::read(&snapshot).unwrap();
    std::fs::write(&snapshot, &whole[..whole.len() / 2]).unwrap();
    daemon.start();
    daemon.get("/bad/").expect(500);
    says(&daemon, "good", "good");
    // Pushing it again heals the file.
    daemon.api().push_javascript("bad", &hello("bad"));
    says(&daemon, "bad", "bad");
    assert!(std::fs::read(&snapshot).unwrap() == whole);
}
