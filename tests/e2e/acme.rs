//! Certificates of the edge that an authority issues: pebble, and one that is not to be believed.

use postern_e2e::pebble::{BLOCKED, Pebble};
use postern_e2e::tls::{Certificates, Nginx};
use postern_e2e::{Daemon, Request, Setup, eventually};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

/// What certificates are issued by, and the server of that's own.
fn certificates() -> Certificates {
    let certificates = Certificates::new();
    certificates.server("acme", "IP:127.0.0.1");
    certificates
}

fn setup(certificates: &Certificates, directory: &str, domains: &[&str], more: &str) -> Setup {
    let roots = certificates.path("root.pem");
    Setup::new().tokenless().tables(&format!(
        "[edge.tls]\nlisten = \"127.0.0.1:0\"\nredirect = true\n[edge.tls.acme]\ndirectory = {directory:?}\n\
         domains = {domains:?}\nagree-to-terms = true\nroots = {roots:?}\n{more}\n"
    ))
}

/// The port of HTTPS.
fn port(daemon: &Daemon) -> u16 {
    let text = std::fs::read(daemon.data_dir().join("run/listening.json")).unwrap();
    let told: Value = serde_json::from_slice(&text).unwrap();
    let address = told["edges_tls"][0].as_str().unwrap();
    address.rsplit(':').next().unwrap().parse().unwrap()
}

/// How it stands, as the machine's user sees it.
fn status(daemon: &Daemon) -> Value {
    let mut command = daemon.command();
    let told = command.args(["status", "--json"]).output().unwrap();
    let told: Value = serde_json::from_slice(&told.stdout).unwrap_or_default();
    told["edge"]["acme"].clone()
}

/// Has it tried at once, until there is a certificate for these names.
#[track_caller]
fn obtained(daemon: &Daemon, names: &[&str]) -> Value {
    let mut last = Value::Null;
    eventually(&format!("a certificate for {names:?}"), || {
        last = status(daemon);
        let has = &last["certificate"]["names"];
        let is_there = names
            .iter()
            .all(|name| has.as_array().is_some_and(|has| has.contains(&json!(name))));
        if is_there {
            return Some(());
        }
        if last["is_ordering"] == json!(false) {
            daemon.signal(Signal::HUP);
        }
        None
    });
    last
}

/// Has it tried until the last attempt failed like this.
#[track_caller]
fn refused(daemon: &Daemon, part: &str) -> Value {
    let mut last = Value::Null;
    eventually(&format!("`{part}`"), || {
        last = status(daemon);
        if last["error"].as_str().is_some_and(|it| it.contains(part)) {
            return Some(());
        }
        if last["is_ordering"] == json!(false) {
            daemon.signal(Signal::HUP);
        }
        None
    });
    last
}

/// The certificate that a client of a name is shown, as PEM.
fn shown(daemon: &Daemon, name: &str) -> Option<String> {
    let output = Command::new("openssl")
        .args(["s_client", "-servername", name, "-connect"])
        .arg(format!("127.0.0.1:{}", port(daemon)))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let begin = text.find("-----BEGIN CERTIFICATE")?;
    let end = text.find("-----END CERTIFICATE")?;
    Some(text[begin..end].to_owned())
}

/// What curl says who believes the authority.
fn curl(daemon: &Daemon, pebble: &Pebble, name: &str) -> std::process::Output {
    let port = port(daemon);
    Command::new("curl")
        .args(["--silent", "--show-error", "--cacert"])
        .arg(pebble.root())
        .args(["--resolve", &format!("{name}:{port}:127.0.0.1")])
        .arg(format!("https://{name}:{port}/"))
        .output()
        .unwrap()
}

fn obtain_by(challenge: &str) {
    let certificates = certificates();
    let mut pebble = Pebble::prepare();
    let names = ["one.test", "two.test"];
    let more = format!("challenge = {challenge:?}\ncontact = \"ops@example.com\"");
    let mut daemon = setup(&certificates, &pebble.directory(), &names, &more).start();
    // Nobody is there yet: it is told, and clients are told that there is no certificate.
    let told = refused(&daemon, "asking for an account");
    assert_eq!(told["certificate"], Value::Null, "{told}");
    assert_eq!(shown(&daemon, "one.test"), None);
    let ports = (daemon.edge().port(), port(&daemon));
    pebble.start(&certificates, ports, 90 * 86_400);
    let told = obtained(&daemon, &names);
    assert_eq!(
        (&told["error"], &told["failures"]),
        (&Value::Null, &json!(0))
    );
    for name in names {
        let got = curl(&daemon, &pebble, name);
        assert!(got.status.success(), "{got:?}");
    }
    // What was in flight is answered no more: it is a path like others.
    let path = "/.well-known/acme-challenge/some";
    let request = Request::get(path).header("host", "one.test");
    assert_eq!(daemon.send(&request).status, 301);
    for file in ["account.json", "edge.pem", "tries.json"] {
        let path = daemon.data_dir().join("acme").join(file);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    // After a restart it is the same one, and nobody is asked.
    let before = shown(&daemon, "one.test").unwrap();
    pebble.stop();
    daemon.restart();
    assert_eq!(shown(&daemon, "one.test").unwrap(), before);
    let told = status(&daemon);
    assert_eq!(
        (&told["error"], &told["is_ordering"]),
        (&Value::Null, &json!(false))
    );
    daemon.kill9();
    daemon.start();
    assert_eq!(shown(&daemon, "two.test").unwrap(), before);
    assert_eq!(daemon.log().matches("has a new certificate").count(), 1);
}

#[test]
fn a_certificate_is_had_by_http() {
    obtain_by("http-01");
}

#[test]
fn a_certificate_is_had_by_tls() {
    obtain_by("tls-alpn-01");
}

#[test]
fn who_looks_by_tls_is_told_nothing_else() {
    let certificates = certificates();
    let pebble = Pebble::prepare();
    let daemon = setup(&certificates, &pebble.directory(), &["one.test"], "").start();
    let output = Command::new("openssl")
        .args([
            "s_client",
            "-alpn",
            "acme-tls/1",
            "-servername",
            "one.test",
            "-connect",
        ])
        .arg(format!("127.0.0.1:{}", port(&daemon)))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!told.contains("BEGIN CERTIFICATE"), "{told}");
}

#[test]
fn an_order_that_is_refused_leaves_the_certificate_that_there_is() {
    let certificates = certificates();
    let mut pebble = Pebble::prepare();
    let directory = pebble.directory();
    let mut daemon = setup(&certificates, &directory, &["one.test"], "").start();
    pebble.start(&certificates, (daemon.edge().port(), port(&daemon)), 86_400);
    obtained(&daemon, &["one.test"]);
    let before = shown(&daemon, "one.test").unwrap();
    daemon.reconfigure(setup(&certificates, &directory, &["one.test", BLOCKED], ""));
    daemon.restart();
    let told = refused(&daemon, BLOCKED);
    assert!(told["failures"].as_u64() > Some(0), "{told}");
    assert_eq!(told["certificate"]["names"], json!(["one.test"]));
    assert!(told["next_attempt_in_s"].is_u64(), "{told}");
    assert_eq!(shown(&daemon, "one.test").unwrap(), before);
    assert!(
        daemon.log().contains("the one there is stays"),
        "{}",
        daemon.log()
    );
    // An authority that forgot the account, and names that do not lead here.
    pebble.stop();
    pebble.start(&certificates, (1, 1), 86_400);
    daemon.reconfigure(setup(
        &certificates,
        &directory,
        &["one.test", "three.test"],
        "",
    ));
    daemon.restart();
    refused(&daemon, "three.test");
    assert_eq!(shown(&daemon, "one.test").unwrap(), before);
    // Once they do, there is another one, with another account.
    pebble.stop();
    pebble.start(&certificates, (daemon.edge().port(), port(&daemon)), 86_400);
    obtained(&daemon, &["one.test", "three.test"]);
    eventually("the new one is served", || {
        (shown(&daemon, "three.test")? != before).then_some(())
    });
}

#[test]
fn a_renewal_drops_no_connection() {
    let certificates = certificates();
    let mut pebble = Pebble::prepare();
    let daemon = setup(&certificates, &pebble.directory(), &["one.test"], "").start();
    // Valid for so short that it is to be renewed at once, if somebody says so.
    pebble.start(&certificates, (daemon.edge().port(), port(&daemon)), 2);
    obtained(&daemon, &["one.test"]);
    let before = shown(&daemon, "one.test").unwrap();
    let mut child = Command::new("openssl")
        .args(["s_client", "-quiet", "-servername", "one.test", "-connect"])
        .arg(format!("127.0.0.1:{}", port(&daemon)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut to = child.stdin.take().unwrap();
    let mut from = BufReader::new(child.stdout.take().unwrap());
    let mut ask = || {
        to.write_all(b"GET / HTTP/1.1\r\nhost: one.test\r\n\r\n")
            .unwrap();
        let mut line = String::new();
        from.read_line(&mut line).unwrap();
        let mut length = 0;
        loop {
            let mut field = String::new();
            from.read_line(&mut field).unwrap();
            if let Some(value) = field.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if field.trim().is_empty() {
                break;
            }
        }
        from.read_exact(&mut vec![0; length]).unwrap();
        line
    };
    let first = ask();
    assert!(first.starts_with("HTTP/1.1 "), "{first}");
    eventually("another certificate", || {
        daemon.signal(Signal::HUP);
        (shown(&daemon, "one.test")? != before).then_some(())
    });
    assert_eq!(ask(), first);
    let _ = child.kill();
    let _ = child.wait();
}

/// An authority that is not to be believed, in front of which nginx speaks TLS.
struct Liar {
    mode: Arc<Mutex<&'static str>>,
    nginx: Nginx,
}

impl Liar {
    fn start(certificates: &Certificates) -> Self {
        certificates.server("other", "DNS:one.test");
        let chain = std::fs::read_to_string(certificates.path("other.pem")).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let mode = Arc::new(Mutex::new("honest"));
        let told = mode.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (mode, chain) = (told.clone(), chain.clone());
                std::thread::spawn(move || {
                    let _ = Self::serve(stream, &mode, &chain);
                });
            }
        });
        let nginx = certificates.nginx("acme", address, "");
        Self { mode, nginx }
    }

    fn be(&self, mode: &'static str) {
        *self.mode.lock().unwrap() = mode;
    }

    fn serve(stream: TcpStream, mode: &Mutex<&'static str>, chain: &str) -> std::io::Result<()> {
        let mut from = BufReader::new(stream.try_clone()?);
        let mut to = stream;
        loop {
            let mut line = String::new();
            if from.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
            let (mut host, mut length) = (String::new(), 0);
            loop {
                let mut field = String::new();
                from.read_line(&mut field)?;
                let lower = field.trim().to_ascii_lowercase();
                if let Some(value) = lower.strip_prefix("host:") {
                    host = value.trim().to_owned();
                }
                if let Some(value) = lower.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap_or(0);
                }
                if lower.is_empty() {
                    break;
                }
            }
            from.read_exact(&mut vec![0; length])?;
            let mode = *mode.lock().unwrap();
            let (status, more, body) = answer(mode, &path, &format!("https://{host}"), chain);
            let is_head = line.starts_with("HEAD");
            let head = format!(
                "HTTP/1.1 {status}\r\ncontent-length: {}\r\nreplay-nonce: abc\r\n{more}\r\n",
                body.len()
            );
            to.write_all(head.as_bytes())?;
            if !is_head {
                to.write_all(body.as_bytes())?;
            }
        }
    }
}

/// What it says: status, further fields, body.
fn answer(mode: &str, path: &str, own: &str, chain: &str) -> (&'static str, String, String) {
    let ok = |body: Value| ("200 OK", String::new(), body.to_string());
    let order = |status: &str, proofs: usize| {
        json!({
            "status": status,
            "authorizations": vec![format!("{own}/proof"); proofs],
            "finalize": format!("{own}/finalize"),
            "certificate": format!("{own}/chain"),
        })
    };
    match (path, mode) {
        ("/dir", "huge") => ("200 OK", String::new(), "x".repeat(3_000_000)),
        ("/dir", "garbage") => ("200 OK", String::new(), "<html>\u{1b}[2J".to_owned()),
        ("/dir", "redirect") => (
            "302 Found",
            format!("location: {own}/real\r\n"),
            String::new(),
        ),
        ("/dir", "elsewhere") => ok(json!({
            "newNonce": "https://127.0.0.2:9/nonce", "newAccount": "https://127.0.0.2:9/account",
            "newOrder": "https://127.0.0.2:9/order",
        })),
        ("/dir", "plain") => ok(json!({
            "newNonce": "http://127.0.0.1:9/nonce", "newAccount": "http://127.0.0.1:9/account",
            "newOrder": "http://127.0.0.1:9/order",
        })),
        ("/dir", _) => ok(json!({
            "newNonce": format!("{own}/nonce"), "newAccount": format!("{own}/account"),
            "newOrder": format!("{own}/order"),
        })),
        ("/nonce", _) => ("200 OK", String::new(), String::new()),
        ("/account", _) => (
            "201 Created",
            format!("location: {own}/me\r\n"),
            "{}".to_owned(),
        ),
        ("/order", _) => {
            let proofs = if mode == "greedy" { 1000 } else { 1 };
            let body = order("pending", proofs).to_string();
            ("201 Created", format!("location: {own}/state\r\n"), body)
        }
        ("/proof", _) => {
            let name = if mode == "others" {
                "bank.test"
            } else {
                "one.test"
            };
            let status = if mode == "tokens" { "pending" } else { "valid" };
            ok(json!({
                "identifier": {"type": "dns", "value": name}, "status": status,
                "challenges": [{"type": "http-01", "url": format!("{own}/challenge"),
                    "status": "pending", "token": "../../etc/passwd"}],
            }))
        }
        ("/state", _) => ok(order("ready", 1)),
        ("/finalize", _) => ok(order("valid", 1)),
        ("/chain", "long") => ("200 OK", String::new(), chain.repeat(20)),
        ("/chain", "empty") => ("200 OK", String::new(), String::new()),
        ("/chain", _) => ("200 OK", String::new(), chain.to_owned()),
        _ => ("404 Not Found", String::new(), "{}".to_owned()),
    }
}

#[test]
fn an_authority_is_not_believed_further_than_it_must() {
    let certificates = certificates();
    let liar = Liar::start(&certificates);
    let directory = format!("https://127.0.0.1:{}/dir", liar.nginx.port);
    liar.be("garbage");
    let daemon = setup(&certificates, &directory, &["one.test"], "").start();
    for (mode, part) in [
        (
            "garbage",
            "asking for an account: failed to (de)serialize JSON",
        ),
        ("huge", "more than 262144 bytes"),
        ("redirect", "redirects (302 Found), which is not followed"),
        ("elsewhere", "leads to https://127.0.0.2:9/nonce"),
        ("plain", "leads to http://127.0.0.1:9/nonce"),
        ("greedy", "wants 1000 proofs for 1 names"),
        ("others", "wants a proof for bank.test"),
        ("tokens", "sent a token for one.test that is none"),
        ("empty", "would have 0 certificates"),
        ("long", "would have 20 certificates"),
        // Signed, for the right name, and for a key that is another's.
        ("another's", "is not the key of"),
    ] {
        liar.be(mode);
        let told = refused(&daemon, part);
        assert_eq!(told["certificate"], Value::Null, "{mode}: {told}");
        let error = told["error"].as_str().unwrap();
        assert!(!error.contains(char::is_control), "{mode}: {error:?}");
        assert!(error.len() < 2000, "{mode}: {error}");
    }
    assert_eq!(shown(&daemon, "one.test"), None);
    // The rest of the edge is as it was.
    assert_eq!(
        daemon
            .send(&Request::get("/").header("host", "one.test"))
            .status,
        301
    );
    assert!(!daemon.data_dir().join("acme/edge.pem").exists());
}
