//! The system fails the Nth call of a kind that a thread of the daemon makes (strace puts the error in place of
//! the call): nothing that was acknowledged is lost, nothing panics, and what is refused says why.

use postern_e2e::api::{Reply, kv_value};
use postern_e2e::guests::hello;
use postern_e2e::{Daemon, eventually};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use std::ops::RangeInclusive;
use std::process::{Child, Command, Stdio};

/// What the store writes by, and what it might have left out of the way before.
const CALLS: &[&str] = &[
    "pwrite64",
    "fdatasync",
    "fsync",
    "ftruncate",
    "rename,renameat,renameat2",
    "unlink,unlinkat",
    "sync_file_range",
    "openat",
];
/// Which call of a thread fails: each up to the last.
const NUMBERS: RangeInclusive<usize> = 1..=14;
/// Writes while something may fail; every fourth lies in a file of its own, every eighth is a push.
const WRITES: usize = 24;
const LARGE: usize = 40 << 10;

/// strace on a running daemon. Dropping it lets the daemon go.
struct Faults(Child);

impl Faults {
    /// Has all threads' `number`th of these calls, and every later one if it is `lasting`, fail with `error`.
    fn begin(daemon: &Daemon, calls: &str, error: &str, number: usize, lasting: bool) -> Self {
        let more = if lasting { "+" } else { "" };
        let child = Command::new("strace")
            .args(["-f", "-qq", "-o", "/dev/null", "-e"])
            .arg(format!("trace={calls}"))
            .arg("-e")
            .arg(format!("inject={calls}:error={error}:when={number}{more}"))
            .args(["-p", &daemon.pid().to_string()])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("strace runs; `cargo xtask setup` installs it");
        let mut faults = Self(child);
        eventually("every thread is traced", || {
            if let Some(status) = faults.0.try_wait().unwrap() {
                panic!("strace ended with {status}");
            }
            is_traced(daemon.pid()).then_some(())
        });
        faults
    }

    /// Lets the daemon go.
    fn end(mut self) {
        let pid = Pid::from_child(&self.0);
        // It may have gone with the daemon.
        let _ = kill_process(pid, Signal::TERM);
        self.0.wait().unwrap();
    }
}

impl Drop for Faults {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn is_traced(pid: u32) -> bool {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let mut states =
        tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("status")).ok());
    states.all(|text| !text.lines().any(|line| line == "TracerPid:\t0"))
}

/// Writes while something fails, and holds what is there afterwards against what was acknowledged.
fn survives(calls: &str, error: &str, number: usize, lasting: bool) {
    let case = format!("{calls} {number}: {error}");
    let mut daemon = Daemon::plain();
    let api = daemon.api();
    api.production();
    let id = api.kv_namespace("faults");
    api.kv_put(&id, "before", b"before");
    assert_eq!(
        api.try_push("same", &hello("before"), &json!({})).status,
        200
    );
    // What it may say afterwards: what was acknowledged last, and what was tried since.
    let mut same = vec!["before".to_owned()];
    let faults = Faults::begin(&daemon, calls, error, number, lasting);
    let mut acknowledged = Vec::new();
    for at in 0..WRITES {
        let key = format!("k{at}");
        let value = match at % 4 {
            3 => key.repeat(LARGE / key.len()),
            _ => key.clone(),
        };
        if at % 8 == 1 {
            let reply = api.try_push("same", &hello(&key), &json!({}));
            if reply.status == 200 {
                same.clear();
            }
            same.push(key.clone());
        }
        let reply = match at % 8 {
            5 => api.try_push(&key, &hello(&key), &json!({})),
            _ => api.send(
                &api.request("PUT", &kv_value(&id, &key))
                    .body(value.as_bytes()),
            ),
        };
        match reply.status {
            200 => acknowledged.push((at, key, value)),
            _ => {
                let (status, _, message) = reply.refused();
                // A judge that cannot be told anything may have been ended by what it was to judge.
                assert!(status >= 500 || at % 8 == 5, "{case}: {message}");
                assert!(message.len() > 30, "{case}: {message}");
            }
        }
    }
    // What is read is right, or it is said that it cannot be.
    let read = api.request("GET", &kv_value(&id, "before"));
    let read = api.raw(&read).unwrap();
    match read.status {
        200 => assert_eq!(read.body, b"before", "{case}"),
        _ => assert!(Reply::new(&read).refused().0 >= 500, "{case}"),
    }
    faults.end();
    daemon.signal(Signal::TERM);
    daemon.wait();
    assert!(
        !daemon.log().contains("panicked"),
        "{case}: {}",
        daemon.log()
    );

    daemon.start();
    let api = daemon.api();
    assert!(
        !daemon.log().contains("put aside"),
        "{case}: {}",
        daemon.log()
    );
    let says = daemon.get("/same/").expect(200).text().to_owned();
    assert!(same.contains(&says), "{case}: {says}");
    for (at, key, value) in acknowledged {
        match at % 8 {
            5 => assert_eq!(
                daemon.get(&format!("/{key}/")).expect(200).text(),
                key,
                "{case}"
            ),
            _ => assert_eq!(
                api.kv_get(&id, &key).as_deref(),
                Some(value.as_bytes()),
                "{case}"
            ),
        }
    }
    // It takes writes again.
    api.kv_put(&id, "after", b"after");
}

#[test]
fn a_call_that_fails_once_loses_nothing() {
    for calls in CALLS {
        for number in NUMBERS {
            survives(calls, "EIO", number, false);
        }
    }
}

#[test]
fn a_disk_that_is_full_from_then_on_loses_nothing() {
    for number in NUMBERS {
        survives("pwrite64,write", "ENOSPC", number, true);
    }
}

#[test]
fn a_disk_that_is_read_only_from_then_on_loses_nothing() {
    for number in [1, 3, 9] {
        survives(
            "pwrite64,ftruncate,rename,renameat,renameat2,mkdir,mkdirat",
            "EROFS",
            number,
            true,
        );
    }
}
