//! The management port's Unix socket: who may use it, how it comes and goes, and live tails over it.

use postern_e2e::guests::hello;
use postern_e2e::{Daemon, Setup, eventually};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A group that no machine has by another name.
const GROUP: u32 = 64_242;
/// A user and a group without anything.
const NOBODY: u32 = 65_534;

fn path(daemon: &Daemon) -> PathBuf {
    daemon.data_dir().join("run/manage.sock")
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A daemon whose socket has a group: one of our own choice if we are root, else our own.
fn grouped(role: &str) -> (Daemon, u32) {
    let group = match is_root() {
        true => GROUP,
        false => rustix::process::getegid().as_raw(),
    };
    let daemon = Setup::new()
        .manage(&format!("socket-group = \"{group}\"\n{role}"))
        .start();
    (daemon, group)
}

/// What curl, as a user of this group, is answered: the status, and the body. 0 if it cannot connect.
fn ask(daemon: &Daemon, group: u32, arguments: &[&str]) -> (u16, Value) {
    // The test's own folder is nobody else's otherwise.
    std::fs::set_permissions(daemon.dir(), PermissionsExt::from_mode(0o711)).unwrap();
    let output = Command::new("curl")
        .args(["--silent", "--write-out", "\n%{http_code}", "--unix-socket"])
        .arg(path(daemon))
        .args(arguments)
        .current_dir("/")
        .uid(NOBODY)
        .gid(group)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (body, status) = text.rsplit_once('\n').unwrap();
    let body = serde_json::from_str(body).unwrap_or_default();
    (status.parse().unwrap(), body)
}

#[test]
fn members_of_a_group_do_what_its_role_says_and_nobody_else_comes_in() {
    let (daemon, group) = grouped("");
    let data = daemon.data_dir();
    let found = |path: &Path| {
        let found = std::fs::metadata(path).unwrap();
        (found.mode() & 0o777, found.gid())
    };
    assert_eq!(found(&path(&daemon)), (0o660, group));
    assert_eq!(found(&data.join("run")), (0o710, group));
    assert_eq!(found(&data), (0o710, group));
    for entry in std::fs::read_dir(&data).unwrap() {
        let path = entry.unwrap().path();
        if path != data.join("run") {
            assert_eq!(found(&path).0 & 0o077, 0, "{}", path.display());
        }
    }
    for file in ["listening.json", "health.key"] {
        assert_eq!(found(&data.join("run").join(file)).0, 0o600, "{file}");
    }
    if !is_root() {
        return eprintln!("not root: nobody else can be tried");
    }
    const STATUS: &str = "http://x/postern/v1/status";
    const NAMESPACES: &str = "http://x/client/v4/accounts/x/workers/dispatch/namespaces";
    let create = ["--data", "{\"name\":\"made\"}", NAMESPACES];
    assert_eq!(ask(&daemon, group, &[STATUS]).0, 200);
    let (status, told) = ask(&daemon, group, &create);
    let message = told["errors"][0]["message"].as_str().unwrap().to_owned();
    assert!(
        status == 403 && message.contains("the role read"),
        "{message}"
    );
    assert_eq!(ask(&daemon, group, &["http://x/postern/v1/audit"]).0, 403);
    // A token that is brought is what counts, a bad one too.
    let bearer = format!("authorization: Bearer {}", daemon.token());
    assert_eq!(
        ask(
            &daemon,
            group,
            &["--header", &bearer, create[0], create[1], create[2]]
        )
        .0,
        200
    );
    let wrong = "authorization: Bearer wrong";
    assert_eq!(ask(&daemon, group, &["--header", wrong, STATUS]).0, 401);
    assert_eq!(ask(&daemon, NOBODY, &[STATUS]).0, 0);
    // Past the socket there is nothing for them.
    for closed in ["", "run", "run/health.key", "run/listening.json", "store"] {
        let seen = Command::new("test")
            .args(["-r", data.join(closed).to_str().unwrap()])
            .uid(NOBODY)
            .gid(group)
            .status()
            .unwrap();
        assert!(!seen.success(), "{closed}");
    }

    let (daemon, group) = grouped("socket-role = \"deploy\"");
    assert_eq!(ask(&daemon, group, &create).0, 200);
    assert_eq!(ask(&daemon, group, &["http://x/postern/v1/tokens"]).0, 403);
    let log = daemon.cli(&["audit", "show", "--remote"]).expect(0);
    assert!(
        log.text().contains(&format!("user {NOBODY}")),
        "{}",
        log.text()
    );
}

#[test]
fn a_group_that_cannot_be_let_in_keeps_the_daemon_from_starting() {
    let refused = |lines: &str, unprivileged: bool| {
        let daemon = Setup::new().tokenless().manage(lines).prepare();
        let mut command = daemon.command();
        command.arg("serve");
        if unprivileged {
            for path in [daemon.dir(), &daemon.dir().join("postern.toml")] {
                std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
            }
            command.uid(NOBODY).gid(NOBODY);
        }
        let output = command.stderr(Stdio::piped()).output().unwrap();
        assert!(!output.status.success(), "{lines}");
        String::from_utf8(output.stderr).unwrap()
    };
    let told = refused("socket-group = \"no-such-group-here\"", false);
    assert!(
        told.contains("`no-such-group-here`") && told.contains("/etc/group"),
        "{told}"
    );
    let told = refused("socket-group = \"a:b\"", false);
    assert!(
        told.contains("manage.socket-group") && told.contains("no group"),
        "{told}"
    );
    let told = refused("socket-role = \"read\"", false);
    assert!(told.contains("there is no group"), "{told}");
    if is_root() {
        let told = refused(&format!("socket-group = \"{GROUP}\""), true);
        assert!(told.contains("SupplementaryGroups"), "{told}");
    }
}

/// The status line of an answer.
fn status_line(path: &Path) -> String {
    let mut stream = UnixStream::connect(path).unwrap();
    stream
        .write_all(b"GET /client/v4/user HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn the_socket_goes_with_its_daemon_and_stays_with_it() {
    let mut daemon = Setup::new().tokenless().start();
    let socket = path(&daemon);
    assert_eq!(status_line(&socket), "HTTP/1.1 200 OK");
    // A second daemon on the same directory comes to nothing, and takes nothing.
    let second = daemon.command().arg("serve").output().unwrap();
    assert!(!second.status.success(), "{second:?}");
    assert_eq!(status_line(&socket), "HTTP/1.1 200 OK");
    daemon.terminate();
    assert!(!socket.exists());
    daemon.start();
    daemon.kill9();
    assert!(socket.exists());
    daemon.start();
    assert_eq!(status_line(&socket), "HTTP/1.1 200 OK");
    daemon.terminate();
    assert!(!socket.exists());
}

/// Head and body of an answer.
fn exchange(path: &Path, head: &str, body: &str) -> String {
    let mut stream = UnixStream::connect(path).unwrap();
    let length = body.len();
    let request = format!(
        "{head} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn logs_are_followed_over_the_socket() {
    let mut daemon = Daemon::plain();
    let api = daemon.api();
    api.production();
    api.push("hello", &hello("hi"), &json!({}));
    let socket = path(&daemon);
    let tails =
        "POST /client/v4/accounts/x/workers/dispatch/namespaces/production/scripts/hello/tails";
    let made = exchange(&socket, tails, "{}");
    let body = made.split_once("\r\n\r\n").unwrap().1;
    let made: Value = serde_json::from_str(body).unwrap();
    let url = made["result"]["url"].as_str().unwrap();
    let target = url.strip_prefix("ws://localhost").unwrap();
    let mut stream = BufReader::new(UnixStream::connect(&socket).unwrap());
    let upgrade = format!(
        "GET {target} HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         sec-websocket-protocol: trace-v1\r\n\r\n"
    );
    stream.get_mut().write_all(upgrade.as_bytes()).unwrap();
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(stream.read_line(&mut head).unwrap(), 0, "{head}");
    }
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    daemon.get("/hello/seen").expect(200);
    // A text of two to eight bytes of length: a record has more than 126 bytes.
    let mut first = [0; 4];
    stream.read_exact(&mut first).unwrap();
    assert_eq!(first[..2], [0x81, 126]);
    let mut text = vec![0; usize::from(u16::from_be_bytes([first[2], first[3]]))];
    stream.read_exact(&mut text).unwrap();
    let event: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(event["scriptName"], "hello");
    assert!(
        event["event"]["request"]["url"]
            .as_str()
            .unwrap()
            .ends_with("/seen")
    );

    // The command line, which needs neither token nor URL here.
    let mut logs = daemon
        .command()
        .args([
            "logs",
            "hello",
            "--namespace",
            "production",
            "--count",
            "1",
            "--json",
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let told = eventually("the command line is told", || {
        daemon.get("/hello/by-line").expect(200);
        logs.try_wait().unwrap()
    });
    assert!(told.success());
    let mut text = String::new();
    logs.stdout
        .take()
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    assert!(text.contains("/by-line"), "{text}");
    // Whoever follows does not keep the daemon, and is told to come again.
    daemon.terminate();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    let closed = rest
        .windows(4)
        .any(|it| it[0] == 0x88 && it[2..] == 1001_u16.to_be_bytes());
    assert!(closed, "{rest:?}");
}
