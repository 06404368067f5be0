//! Updates of the system: pushed, tried, kept or gone back from, on a machine of files.
//!
//! `POSTERN_CRASH_ROUNDS=1000` gives the nightly size of the rounds with kill -9.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use postern_e2e::firmware::{Machine, SLOT, image};
use postern_e2e::guests::{answering, hello};
use postern_e2e::{Connection, Daemon, Request, eventually};
use serde_json::{Value, json};

const ROUNDS: usize = 20;
const PATH: &str = "/postern/v1/firmware";

fn status(daemon: &Daemon) -> Value {
    daemon.api().get(PATH).ok()
}

/// The comment of an image for this daemon.
fn comment(daemon: &Daemon, version: &str) -> String {
    let board = status(daemon)["board"].as_str().unwrap().to_owned();
    format!("postern {version} board {board}")
}

/// A request that pushes an image.
fn push(daemon: &Daemon, image: &[u8], signature: &str) -> Request {
    daemon
        .api()
        .request("PUT", PATH)
        .header("postern-signature", &STANDARD.encode(signature))
        .body(image)
}

/// The boot loader starts what it starts, and then the daemon.
fn reboot(machine: &Machine, daemon: &mut Daemon) -> String {
    daemon.kill9();
    let slot = machine.boot();
    daemon.start();
    slot
}

#[test]
fn an_update_is_pushed_tried_and_kept() {
    let machine = Machine::default();
    let mut daemon = machine.setup("").start();
    let told = status(&daemon);
    assert_eq!(
        (&told["slot"], &told["permanent"]),
        (&json!("a"), &json!(true))
    );
    let image = image(5_000_001);
    let path = machine.image("slot.img", &image, &comment(&daemon, "99.1.0"));
    let ran = daemon
        .cli(&["firmware", "push", &path, "--reboot"])
        .expect(0);
    assert!(
        ran.text().contains("postern 99.1.0 is in slot b"),
        "{ran:?}"
    );
    assert_eq!(machine.bytes("b")[..image.len()], image);
    eventually("the machine is restarted", || machine.rebooted());
    let ran = daemon.cli(&["firmware", "status"]).expect(0);
    assert!(
        ran.text().contains("slot b is tried at the next start"),
        "{ran:?}"
    );

    assert_eq!(reboot(&machine, &mut daemon), "b");
    eventually("the trial passes", || {
        (status(&daemon)["permanent"] == true).then_some(())
    });
    let told = daemon
        .cli(&["firmware", "status", "--json"])
        .expect(0)
        .json();
    assert_eq!((&told["slot"], &told["trial"]), (&json!("b"), &Value::Null));
    assert_eq!(told["last"]["what"], "confirmed");
    let (_, variables) = machine.variables().unwrap();
    assert_eq!(variables["slot"], "b");
    assert_eq!(machine.rebooted(), None);
    // And back by hand, to what was permanent before.
    let ran = daemon.cli(&["firmware", "rollback"]).expect(0);
    assert!(
        ran.text().contains("the next start takes slot a"),
        "{ran:?}"
    );
    assert_eq!(reboot(&machine, &mut daemon), "a");
}

#[test]
fn what_is_not_good_is_refused_and_changes_nothing() {
    let machine = Machine::default();
    let daemon = machine.setup("").start();
    let before = machine.bytes("state");
    let image = image(300_000);
    let good = comment(&daemon, "99.0.0");
    let refused = |image: &[u8], signature: &str, status, what: &str| {
        let refused = daemon
            .api()
            .send(&push(&daemon, image, signature))
            .refused();
        assert_eq!(refused.0, status, "{refused:?}");
        assert!(refused.2.contains(what), "{refused:?}");
        assert_eq!(machine.bytes("state"), before, "{refused:?}");
    };
    let mut changed = image.clone();
    changed[200_000] ^= 1;
    refused(
        &changed,
        &machine.sign(&image, &good),
        400,
        "not what was signed",
    );
    let signature = machine.sign(&image, &good);
    let lying = signature.replace("99.0.0", "99.0.1");
    refused(&image, &lying, 400, "trusted comment");
    let other = machine.sign(&image, "postern 99.0.0 board toaster");
    refused(&image, &other, 400, "for the board `toaster`");
    let old = machine.sign(&image, &comment(&daemon, "0.0.1"));
    refused(&image, &old, 400, "allow-downgrade");
    let unnamed = machine.sign(&image, "timestamp:1\tfile:slot.img\thashed");
    refused(&image, &unnamed, 400, "trusted comment");
    refused(b"", &machine.sign(b"", &good), 400, "empty");
    refused(&image, "", 400, "minisign");
    let large = vec![1; SLOT + 1];
    let path = machine.image("large.img", &large, &good);
    let ran = daemon.cli(&["firmware", "push", &path]).expect(1);
    assert!(ran.stderr.contains("which is the slot's size"), "{ran:?}");
    // Without a length it is seen on its way.
    let mut connection = Connection::open(daemon.manage()).unwrap();
    let head = format!(
        "PUT {PATH} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\npostern-signature: {}\r\n\
         transfer-encoding: chunked\r\n\r\n{:x}\r\n",
        daemon.token(),
        STANDARD.encode(machine.sign(&large, &good)),
        large.len()
    );
    connection.write(head.as_bytes()).unwrap();
    // It may be closed before all is sent.
    let _ = connection.write(&large);
    let _ = connection.write(b"\r\n0\r\n\r\n");
    if let Ok(response) = connection.read(false) {
        assert_eq!(response.status, 413);
    }
    assert_eq!(machine.bytes("state"), before);
    // A token opens the port, and nothing else does.
    let anonymous = daemon.api().with_token("pst_x");
    for (method, path) in [
        ("GET", ""),
        ("PUT", ""),
        ("POST", "/confirm"),
        ("POST", "/rollback"),
    ] {
        let request = anonymous.request(method, &format!("{PATH}{path}"));
        assert_eq!(anonymous.send(&request).refused().0, 401);
    }
    let health = anonymous.request("GET", "/postern/v1/health");
    assert_eq!(anonymous.send(&health).refused().0, 401);
    // The command line says the same, and finds the signature missing.
    let path = machine.file("unsigned.img", &image);
    let ran = daemon.cli(&["firmware", "push", &path]).expect(1);
    assert!(ran.stderr.contains("unsigned.img.minisig"), "{ran:?}");
    let path = machine.image("old.img", &image, &comment(&daemon, "0.0.1"));
    let ran = daemon.cli(&["firmware", "push", &path]).expect(1);
    assert!(ran.stderr.contains("--allow-downgrade"), "{ran:?}");
    daemon
        .cli(&["firmware", "push", &path, "--allow-downgrade"])
        .expect(0);
    assert_eq!(status(&daemon)["trial"]["slot"], "b");
    // A trial that waits is not written over.
    daemon
        .cli(&["firmware", "push", &path, "--allow-downgrade"])
        .expect(1);
}

/// Begins a push and sends a part of the image.
fn begin(daemon: &Daemon, image: &[u8], signature: &str, part: usize) -> Connection {
    let mut connection = Connection::open(daemon.manage()).unwrap();
    let request = push(daemon, image, signature).to_bytes("x");
    connection
        .write(&request[..request.len() - image.len() + part])
        .unwrap();
    connection
}

#[test]
fn a_link_that_breaks_leaves_everything_as_it_was() {
    let machine = Machine::default();
    let daemon = machine.setup("").start();
    let image = image(3_000_000);
    let signature = machine.sign(&image, &comment(&daemon, "99.0.0"));
    let before = machine.bytes("state");
    let held = begin(&daemon, &image, &signature, 1_000_000);
    eventually("the first push writes", || {
        (machine.bytes("b")[100_000] != 0xee).then_some(())
    });
    // Meanwhile there is no other.
    let second = daemon.api().send(&push(&daemon, &image, &signature));
    let (code, _, message) = second.refused();
    assert_eq!(code, 409, "{message}");
    drop(held);
    let pushed = eventually("the broken push is given up", || {
        assert_eq!(machine.bytes("state"), before);
        let reply = daemon.api().send(&push(&daemon, &image, &signature));
        (reply.status != 409).then_some(reply)
    });
    assert_eq!(pushed.ok()["slot"], "b");
}

#[test]
fn an_image_is_not_held_in_memory() {
    let machine = Machine::new(48 << 20);
    let daemon = machine.setup("").start();
    let peak = || {
        let text = std::fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap();
        let line = text
            .lines()
            .find(|line| line.starts_with("VmHWM:"))
            .unwrap();
        line.split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<u64>()
            .unwrap()
            >> 10
    };
    let image = image(48 << 20);
    let path = machine.image("slot.img", &image, &comment(&daemon, "99.0.0"));
    let before = peak();
    daemon.cli(&["firmware", "push", &path]).expect(0);
    let grown = peak() - before;
    println!("48 MiB grew the daemon's peak by {grown} MiB");
    assert!(grown < 8, "{grown} MiB");
    assert_eq!(machine.bytes("b"), image);
}

#[test]
fn a_critical_worker_that_does_not_answer_brings_the_old_system_back() {
    let machine = Machine::default();
    let lines = "tries = 1\ndeadline-s = 5\n[[firmware.critical]]\nworker = \"production/w\"\n\
                 path = \"/up?x=1\"\nstatus = 200\n";
    let mut daemon = machine.setup(lines).start();
    daemon.api().production();
    daemon.api().push("w", &hello("well"), &json!({}));
    daemon.cli(&["health"]).expect(0);
    let image = image(100_000);
    let path = machine.image("slot.img", &image, &comment(&daemon, "99.0.0"));
    daemon.cli(&["firmware", "push", &path]).expect(0);
    // What the new system breaks.
    daemon.api().push("w", &answering(503, "no"), &json!({}));
    let ran = daemon.cli(&["health", "--json"]).expect(1);
    let told = ran.json();
    assert_eq!(told["well"], false);
    assert_eq!(
        told["why"],
        "worker production/w: it answered 503 to /up?x=1, and not 200"
    );
    assert_eq!(reboot(&machine, &mut daemon), "b");
    assert_eq!(status(&daemon)["trial"]["running"], true);
    let (code, _, _) = daemon
        .api()
        .send(&push(
            &daemon,
            &image,
            &machine.sign(&image, &comment(&daemon, "99.0.0")),
        ))
        .refused();
    assert_eq!(code, 409);
    eventually("the machine is restarted", || machine.rebooted());
    assert_eq!(reboot(&machine, &mut daemon), "a");
    let told = eventually("the fall back is told", || {
        let told = status(&daemon);
        (told["last"]["what"] == "fell-back").then_some(told)
    });
    let why = told["why"].as_str().unwrap();
    assert!(
        why.contains("worker production/w: it answered 503"),
        "{why}"
    );
    assert_eq!(
        (&told["slot"], &told["permanent"]),
        (&json!("a"), &json!(true))
    );
    assert!(daemon.log().contains("fell back to slot a"));
}

#[test]
fn a_worker_is_marked_critical_by_a_tag() {
    let machine = Machine::default();
    let mut daemon = machine.setup("deadline-s = 600").start();
    daemon.api().production();
    let tagged = json!({"tags": ["critical"]});
    daemon.api().push("w", &answering(500, "no"), &tagged);
    let ran = daemon.cli(&["health"]).expect(1);
    assert!(
        ran.stderr.contains("worker production/w: it answered 500"),
        "{ran:?}"
    );
    let path = machine.image("slot.img", &image(9), &comment(&daemon, "99.0.0"));
    daemon.cli(&["firmware", "push", &path]).expect(0);
    assert_eq!(reboot(&machine, &mut daemon), "b");
    daemon.cli(&["health"]).expect(1);
    assert_eq!(status(&daemon)["permanent"], false);
    // It comes to its senses, and the trial passes.
    daemon.api().push("w", &hello("well"), &tagged);
    daemon.cli(&["health", "--wait", "60"]).expect(0);
    eventually("the trial passes", || {
        (status(&daemon)["permanent"] == true).then_some(())
    });
}

#[test]
fn health_is_told_to_whoever_may_ask() {
    let mut daemon = Daemon::plain();
    let ran = daemon.cli(&["health"]).expect(0);
    assert!(ran.text().contains("edge: well"), "{ran:?}");
    let told = daemon.cli(&["health", "--json"]).expect(0).json();
    let names: Vec<&str> = told["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| check["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["edge", "manage", "store"]);
    daemon.cli(&["health", "--remote"]).expect(0);
    // The key opens nothing else.
    let key = std::fs::read_to_string(daemon.data_dir().join("run/health.key")).unwrap();
    let api = daemon.api().with_token(key.trim());
    assert_eq!(api.get("/postern/v1/health").ok()["well"], true);
    assert_eq!(api.get("/postern/v1/status").refused().0, 401);
    // There are no slots here.
    assert_eq!(status(&daemon)["slot"], Value::Null);
    let ran = daemon.cli(&["firmware", "confirm"]).expect(1);
    assert!(ran.stderr.contains("no slots"), "{ran:?}");
    daemon.terminate();
    let ran = daemon.cli(&["health", "--json"]).expect(1);
    assert_eq!(ran.json()["well"], false);
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

#[test]
fn kill_9_during_a_push_leaves_a_system_that_starts() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let rounds = number("POSTERN_CRASH_ROUNDS").unwrap_or(ROUNDS as u64);
    let seed = number("POSTERN_CRASH_SEED");
    let seed = seed.unwrap_or_else(|| u64::from(std::process::id()) | 1 << 40);
    println!("{rounds} rounds, POSTERN_CRASH_SEED={seed}");
    let mut random = Random(seed);
    let machine = Machine::default();
    let mut daemon = machine.setup("").start();
    let image = image(2_000_000);
    let signature = machine.sign(&image, &comment(&daemon, "99.0.0"));
    let (mut cut, mut complete) = (0, 0);
    for round in 0..rounds {
        // In the middle of the image, or when all of it was sent and is checked.
        let (part, turns) = match random.below(2) {
            0 => (random.below(image.len()), random.below(200_000)),
            _ => (image.len(), random.below(6_000_000)),
        };
        let held = begin(&daemon, &image, &signature, part);
        for _ in 0..turns {
            std::hint::spin_loop();
        }
        daemon.kill9();
        drop(held);
        let tried = machine.variables().map(|(_, variables)| variables);
        let tried = tried.is_some_and(|it| it.get("try").is_some_and(|it| it == "b"));
        match tried {
            true => {
                complete += 1;
                assert_eq!(machine.bytes("b")[..image.len()], image, "round {round}");
            }
            false => cut += 1,
        }
        daemon.start();
        let told = status(&daemon);
        assert_eq!(
            (&told["slot"], &told["permanent"]),
            (&json!("a"), &json!(true))
        );
        assert_eq!(told["next"], if tried { "b" } else { "a" }, "round {round}");
        if tried {
            daemon.cli(&["firmware", "rollback"]).expect(0);
        }
    }
    println!("{cut} were cut off, {complete} were complete");
    daemon.api().send(&push(&daemon, &image, &signature)).ok();
    assert_eq!(reboot(&machine, &mut daemon), "b");
}
