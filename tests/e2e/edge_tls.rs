//! HTTPS at the edge, as curl and OpenSSL see it.

use postern_e2e::api::script;
use postern_e2e::tls::Certificates;
use postern_e2e::{Daemon, Form, Setup, eventually};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

const WORKER: &str = "
    export default { async fetch(request, env) {
        const { pathname } = new URL(request.url);
        if (pathname === '/cf') return Response.json({ url: request.url, cf: request.cf ?? null,
            proto: request.headers.get('x-forwarded-proto') });
        if (pathname === '/socket') {
            const [client, server] = Object.values(new WebSocketPair());
            server.accept();
            server.addEventListener('message', ({ data }) => server.send('you said ' + data));
            return new Response(null, { status: 101, webSocket: client });
        }
        if (pathname === '/echo') return new Response(request.body);
        return new Response('hello by ' + new URL(request.url).protocol);
    } };";

/// A daemon that speaks HTTPS as `one.test`, `*.two.test` and `127.0.0.1`.
fn daemon(certificates: &Certificates, more: &str) -> Daemon {
    certificates.server("one", "DNS:one.test,IP:127.0.0.1");
    certificates.server("two", "DNS:*.two.test");
    let table = |name: &str| {
        format!(
            "[[edge.tls.certificates]]\nchain = {:?}\nkey = {:?}\n",
            certificates.path(&format!("{name}.pem")),
            certificates.path(&format!("{name}.key"))
        )
    };
    let daemon = Setup::new()
        .routing("modes = [\"hostname\"]\n[routing.hostnames]\n\"one.test\" = \"w\"\n\"a.two.test\" = \"w\"\n")
        .tables(&format!(
            "[edge.tls]\nlisten = \"127.0.0.1:0\"\n{more}{}{}",
            table("one"),
            table("two")
        ))
        .start();
    daemon.api().production();
    let trusted = json!({"trusted_workers": true});
    let path = "/client/v4/accounts/x/workers/dispatch/namespaces/production";
    daemon.api().json("PUT", path, &trusted).ok();
    let metadata = json!({"main_module": "index.js", "compatibility_date": "2026-01-01"});
    let form = Form::new().metadata(&metadata).part(
        "index.js",
        Some("index.js"),
        Some("application/javascript+module"),
        WORKER,
    );
    daemon.api().form("PUT", &script("w"), form).ok();
    daemon
}

/// The port of HTTPS.
fn port(daemon: &Daemon) -> u16 {
    let text = std::fs::read(daemon.data_dir().join("run/listening.json")).unwrap();
    let told: Value = serde_json::from_slice(&text).unwrap();
    let address = told["edges_tls"][0].as_str().unwrap();
    address.rsplit(':').next().unwrap().parse().unwrap()
}

/// What curl gets, which believes the root.
fn curl(daemon: &Daemon, certificates: &Certificates, host: &str, arguments: &[&str]) -> Output {
    let port = port(daemon);
    let root = certificates.path("root.pem");
    Command::new("curl")
        .args(["--silent", "--show-error", "--http1.1", "--cacert"])
        .arg(root)
        .args(["--resolve", &format!("{host}:{port}:127.0.0.1")])
        .args(arguments)
        .output()
        .unwrap()
}

#[track_caller]
fn text(output: &Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn s_client(daemon: &Daemon, arguments: &[&str]) -> Command {
    let mut command = Command::new("openssl");
    command
        .args([
            "s_client",
            "-connect",
            &format!("127.0.0.1:{}", port(daemon)),
        ])
        .args(arguments);
    command
}

/// What OpenSSL says of a connection, on which nothing is said.
fn told(daemon: &Daemon, arguments: &[&str]) -> String {
    let output = s_client(daemon, arguments).stdin(Stdio::null()).output();
    let output = output.unwrap();
    let [out, err] = [output.stdout, output.stderr];
    String::from_utf8_lossy(&[out, err].concat()).into_owned()
}

#[test]
fn workers_are_reached_by_https_and_know_it() {
    let certificates = Certificates::new();
    let daemon = daemon(&certificates, "");
    let port = port(&daemon);
    let one = format!("https://one.test:{port}");
    let get = |arguments: &[&str]| text(&curl(&daemon, &certificates, "one.test", arguments));
    assert_eq!(get(&[&one]), "hello by https:");
    for (version, name, ciphers) in [
        ("--tlsv1.3", "TLSv1.3", "AEAD-"),
        ("--tls-max", "TLSv1.2", "ECDHE-ECDSA-"),
    ] {
        let mut arguments = vec![version];
        if version == "--tls-max" {
            arguments.push("1.2");
        }
        let url = format!("{one}/cf");
        arguments.push(&url);
        let told: Value = serde_json::from_str(&get(&arguments)).unwrap();
        assert_eq!(told["url"], json!(format!("{one}/cf")));
        assert_eq!(told["proto"], "https");
        assert_eq!(told["cf"]["tlsVersion"], name, "{told}");
        let cipher = told["cf"]["tlsCipher"].as_str().unwrap();
        assert!(cipher.starts_with(ciphers), "{cipher}");
        assert_eq!(told["cf"]["tlsClientAuth"]["certPresented"], "0");
    }
    // Whoever asks the daemon where it listens is told of this, too.
    let status = daemon.api().get("/postern/v1/status").ok();
    let sealed = json!([format!("127.0.0.1:{port}")]);
    assert_eq!(status["edge"]["listen_tls"], sealed, "{status}");
    let all = json!([daemon.edge().to_string(), sealed[0]]);
    assert_eq!(status["edge"]["listen"], all, "{status}");
    // Without TLS there is nothing to tell of it.
    let plain = daemon.send(&postern_e2e::Request::get("/cf").header("host", "one.test"));
    let plain = plain.json();
    assert_eq!(plain["cf"]["tlsVersion"], Value::Null, "{plain}");
    assert_eq!(plain["proto"], "http");
}

#[test]
fn bodies_of_any_size_come_whole_both_ways() {
    let certificates = Certificates::new();
    let daemon = daemon(&certificates, "");
    let url = format!("https://one.test:{}/echo", port(&daemon));
    for size in [0, 1, 16_384, 16_385, 3_000_000] {
        let body: Vec<u8> = (0..size)
            .map(|at: usize| (at * 7 + at / 251) as u8)
            .collect();
        let file = daemon.dir().join("body");
        std::fs::write(&file, &body).unwrap();
        let data = format!("@{}", file.display());
        let output = curl(
            &daemon,
            &certificates,
            "one.test",
            &["--data-binary", &data, "--header", "expect:", &url],
        );
        text(&output);
        assert!(
            output.stdout == body,
            "{size}: {} bytes",
            output.stdout.len()
        );
    }
    // Slowly, and two on one connection.
    let slow = ["--limit-rate", "2M", &url, &url, "--data-binary", "@body"];
    let output = Command::new("curl")
        .current_dir(daemon.dir())
        .args(["--silent", "--http1.1", "--cacert"])
        .arg(certificates.path("root.pem"))
        .args([
            "--resolve",
            &format!("one.test:{}:127.0.0.1", port(&daemon)),
        ])
        .args(slow)
        .output()
        .unwrap();
    assert_eq!(output.stdout.len(), 6_000_000);
}

#[test]
fn certificates_are_found_by_name() {
    let certificates = Certificates::new();
    let daemon = daemon(&certificates, "");
    let subject = |arguments: &[&str]| -> String {
        let told = told(&daemon, arguments);
        let line = told.lines().find(|line| line.starts_with("subject="));
        line.unwrap_or_default().replace(' ', "")
    };
    assert_eq!(subject(&["-servername", "a.two.test"]), "subject=CN=two");
    assert_eq!(subject(&["-servername", "A.Two.Test"]), "subject=CN=two");
    assert_eq!(subject(&["-servername", "one.test"]), "subject=CN=one");
    for other in ["two.test", "a.b.two.test", "elsewhere.test"] {
        assert_eq!(
            subject(&["-servername", other]),
            "subject=CN=one",
            "{other}"
        );
    }
    assert_eq!(subject(&["-noservername"]), "subject=CN=one");
    let url = format!("https://a.two.test:{}/", port(&daemon));
    let answer = curl(&daemon, &certificates, "a.two.test", &[&url]);
    assert_eq!(text(&answer), "hello by https:");
}

#[test]
fn what_is_old_or_weak_is_refused() {
    let certificates = Certificates::new();
    let daemon = daemon(&certificates, "");
    let fails = |arguments: &[&str]| {
        let told = told(&daemon, arguments);
        let refused = told.contains("Cipher is (NONE)") || told.contains("no protocols available");
        assert!(refused, "{arguments:?}: {told}");
    };
    // Security level 0, or OpenSSL would not even try.
    fails(&["-tls1", "-cipher", "ALL:@SECLEVEL=0"]);
    fails(&["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]);
    for weak in [
        "AES128-SHA",
        "ECDHE-ECDSA-AES128-SHA",
        "DHE-RSA-AES128-GCM-SHA256",
        "NULL",
    ] {
        fails(&["-tls1_2", "-cipher", &format!("{weak}:@SECLEVEL=0")]);
    }
    // A client that begins anew on the same connection is turned away.
    let mut child = s_client(&daemon, &["-tls1_2", "-servername", "one.test"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"R\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        told.contains("RENEGOTIATING") && told.contains("error"),
        "{told}"
    );
    // The daemon is well.
    let url = format!("https://one.test:{}/", port(&daemon));
    text(&curl(&daemon, &certificates, "one.test", &[&url]));
}

#[test]
fn who_comes_again_has_a_ticket() {
    let certificates = Certificates::new();
    let daemon = daemon(&certificates, "");
    let file = daemon.dir().join("session");
    let file = file.to_str().unwrap();
    let first = told(&daemon, &["-tls1_2", "-sess_out", file]);
    assert!(
        first.contains("TLS session ticket lifetime hint"),
        "{first}"
    );
    let again = told(&daemon, &["-tls1_2", "-sess_in", file]);
    assert!(again.contains("Reused, TLSv1.2"), "{again}");
}

#[test]
fn old_clients_may_be_left_out_and_browsers_told_to_stay() {
    let certificates = Certificates::new();
    let daemon = daemon(
        &certificates,
        "minimum = \"1.3\"\nredirect = true\nhsts-s = 31536000\n",
    );
    let port = port(&daemon);
    let told = told(&daemon, &["-tls1_2"]);
    assert!(told.contains("alert"), "{told}");
    let url = format!("https://one.test:{port}/");
    let answer = curl(&daemon, &certificates, "one.test", &["--include", &url]);
    let answer = text(&answer);
    assert!(
        answer.contains("strict-transport-security: max-age=31536000\r\n"),
        "{answer}"
    );
    for (method, status) in [("GET", 301), ("HEAD", 301), ("POST", 308)] {
        let request = postern_e2e::Request::new(method, "/a/b?c=d").header("host", "one.test:80");
        let answer = daemon.send(&request);
        assert_eq!(answer.status, status, "{method}");
        let location = format!("https://one.test:{port}/a/b?c=d");
        assert_eq!(answer.header("location"), Some(location.as_str()));
        assert_eq!(answer.header("strict-transport-security"), None);
    }
    // The daemon asks itself without TLS, and is not sent away.
    daemon.cli(&["health"]).expect(0);
}

#[test]
fn who_speaks_no_tls_is_told_so() {
    let certificates = Certificates::new();
    let daemon = daemon(&certificates, "");
    let mut stream = TcpStream::connect(("127.0.0.1", port(&daemon))).unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: one.test\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    // What it does not read it may answer with a reset.
    let _ = stream.read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("this port speaks HTTPS"), "{answer}");
    // Rubbish, half a handshake, and nothing at all harm nobody.
    for bytes in [
        &b"\x16\x03\x01\x00\x05hello"[..],
        b"\x16\x03\x01\xff\xff",
        b"",
        b"\x15\x03\x01\x00\x02\x02\x28",
    ] {
        let mut stream = TcpStream::connect(("127.0.0.1", port(&daemon))).unwrap();
        stream.write_all(bytes).unwrap();
        drop(stream);
    }
    let url = format!("https://one.test:{}/", port(&daemon));
    text(&curl(&daemon, &certificates, "one.test", &[&url]));
}

/// Whatever of a handshake a client sends, its first head has the head's deadline from the connection's start.
#[test]
fn a_handshake_that_stalls_has_the_deadline_of_a_head() {
    let certificates = Certificates::new();
    certificates.server("one", "DNS:one.test");
    // An idle connection's deadline would be longer than any test's.
    let daemon = Setup::new()
        .edge("header-deadline-ms = 300\nidle-deadline-ms = 3600000")
        .tables(&format!(
            "[edge.tls]\nlisten = \"127.0.0.1:0\"\n\
             [[edge.tls.certificates]]\nchain = {:?}\nkey = {:?}\n",
            certificates.path("one.pem"),
            certificates.path("one.key")
        ))
        .start();
    for bytes in [
        &b""[..],
        b"\x16",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ] {
        let mut stream = TcpStream::connect(("127.0.0.1", port(&daemon))).unwrap();
        stream.write_all(bytes).unwrap();
        assert_eq!(stream.read(&mut [0; 64]).unwrap(), 0, "{bytes:?}");
    }
    // And who has shaken hands and then says nothing: OpenSSL ends when the daemon does.
    let mut child = s_client(&daemon, &["-quiet", "-servername", "one.test"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _input = child.stdin.take();
    child.wait().unwrap();
}

/// A connection that stays open, by OpenSSL.
struct Held {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Held {
    fn open(daemon: &Daemon) -> Self {
        let mut child = s_client(daemon, &["-quiet", "-servername", "one.test"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            input: child.stdin.take().unwrap(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn head(&mut self, request: &str) -> String {
        self.input.write_all(request.as_bytes()).unwrap();
        let status = self.line();
        while !self.line().is_empty() {}
        status
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn certificates_are_exchanged_and_no_connection_is_dropped() {
    let certificates = Certificates::new();
    let daemon = daemon(&certificates, "");
    let mut held = Held::open(&daemon);
    let request = "GET / HTTP/1.1\r\nhost: one.test\r\n\r\n";
    assert_eq!(held.head(request), "HTTP/1.1 200 OK");
    let mut body = [0; 15];
    held.output.read_exact(&mut body).unwrap();
    certificates.server("new", "DNS:new.test");
    for kind in ["pem", "key"] {
        let file = |name: &str| certificates.path(&format!("{name}.{kind}"));
        std::fs::copy(file("new"), file("one")).unwrap();
    }
    daemon.signal(Signal::HUP);
    eventually("the new certificate", || {
        let told = told(&daemon, &["-noservername"]).replace(' ', "");
        told.contains("subject=CN=new").then_some(())
    });
    assert_eq!(held.head(request), "HTTP/1.1 200 OK");
    // What is no certificate changes nothing.
    std::fs::write(certificates.path("one.pem"), "nothing").unwrap();
    daemon.signal(Signal::HUP);
    eventually("the refusal", || {
        daemon
            .log()
            .contains("certificates stay as they were")
            .then_some(())
    });
    let told = told(&daemon, &["-noservername"]).replace(' ', "");
    assert!(told.contains("subject=CN=new"), "{told}");
}

#[test]
fn websockets_go_over_tls() {
    let certificates = Certificates::new();
    let daemon = daemon(&certificates, "");
    let mut held = Held::open(&daemon);
    let upgraded = held.head(
        "GET /socket HTTP/1.1\r\nhost: one.test\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    assert_eq!(upgraded, "HTTP/1.1 101 Switching Protocols");
    for word in ["hi", "again"] {
        held.input
            .write_all(&postern_e2e::socket::frame(0x81, word.as_bytes()))
            .unwrap();
        let expect = format!("you said {word}");
        let mut answer = vec![0; 2 + expect.len()];
        held.output.read_exact(&mut answer).unwrap();
        assert_eq!(&answer[..2], &[0x81, expect.len() as u8]);
        assert_eq!(&answer[2..], expect.as_bytes());
    }
}

/// What is wrong with a configuration, told with the file's name.
#[test]
fn files_that_do_not_fit_are_named() {
    let certificates = Certificates::new();
    certificates.server("one", "DNS:one.test");
    certificates.server("two", "DNS:two.test");
    let tried = |chain: &str, key: &str| {
        let tables = format!(
            "[edge.tls]\nlisten = \"127.0.0.1:0\"\n[[edge.tls.certificates]]\nchain = {:?}\nkey = {:?}\n",
            certificates.path(chain),
            certificates.path(key)
        );
        let daemon = Setup::new().tables(&tables).prepare();
        let output = daemon.command().arg("serve").output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    for (chain, key, part) in [
        ("one.pem", "two.key", "two.key` is not the key of "),
        ("one.pem", "none.key", "none.key`: No such file"),
        ("one.key", "one.key", "one.key` has no certificate"),
        ("one.pem", "one.pem", "one.pem` has no key in PEM"),
    ] {
        let told = tried(chain, key);
        assert!(told.contains(part), "{chain} {key}: {told}");
    }
}

#[test]
fn an_ocsp_response_is_stapled_if_it_is_one() {
    let certificates = Certificates::new();
    certificates.server("one", "DNS:one.test");
    certificates.good("one");
    let file = certificates.path("one.der");
    let setup = || {
        Setup::new().tables(&format!(
            "[edge.tls]\nlisten = \"127.0.0.1:0\"\n[[edge.tls.certificates]]\nchain = {:?}\nkey = {:?}\nocsp = {file:?}\n",
            certificates.path("one.pem"),
            certificates.path("one.key"),
        ))
    };
    let daemon = setup().start();
    let is_stapled = |version: &str| {
        let told = told(&daemon, &["-status", version]);
        assert!(told.contains("OCSP Response Status: successful"), "{told}");
        assert!(told.contains("Cert Status: good"), "{told}");
    };
    is_stapled("-tls1_2");
    is_stapled("-tls1_3");
    let unasked = told(&daemon, &["-tls1_3"]);
    assert!(!unasked.contains("OCSP"), "{unasked}");
    // Half of one is none, and what was there stays.
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    daemon.signal(Signal::HUP);
    eventually("the refusal", || {
        daemon
            .log()
            .contains("one.der` is no OCSP response")
            .then_some(())
    });
    is_stapled("-tls1_3");
    let output = setup().prepare().command().arg("serve").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let refused = String::from_utf8_lossy(&output.stderr);
    assert!(
        refused.contains("one.der` is no OCSP response"),
        "{refused}"
    );
}
