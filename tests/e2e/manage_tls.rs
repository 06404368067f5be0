//! HTTPS on the management port, as the command line, curl and OpenSSL see it.

use postern_e2e::tls::Certificates;
use postern_e2e::{Daemon, Setup, eventually};
use rustix::process::Signal;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Output, Stdio};

/// A daemon with its own certificate.
fn own() -> Daemon {
    Setup::new()
        .tables("[manage.tls]\nnames = \"gw.test\"")
        .start()
}

/// One with certificates that were given to it.
fn given(certificates: &Certificates, more: &str) -> Setup {
    certificates.server("manage", "DNS:gw.test,IP:127.0.0.1");
    Setup::new().tables(&format!(
        "[manage.tls]\n{more}[[manage.tls.certificates]]\nchain = {:?}\nkey = {:?}\n",
        certificates.path("manage.pem"),
        certificates.path("manage.key")
    ))
}

/// `postern` with arguments, against the daemon by HTTPS, by a user who has a home in its directory.
fn postern(daemon: &Daemon, arguments: &[&str]) -> Output {
    let mut command = daemon.command();
    command
        .args(arguments)
        .env("XDG_CONFIG_HOME", daemon.dir().join("home"))
        .env("POSTERN_TOKEN", daemon.token())
        .env("POSTERN_URL", url(daemon));
    command.output().unwrap()
}

fn url(daemon: &Daemon) -> String {
    format!("https://{}", daemon.manage())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[track_caller]
fn done(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[track_caller]
fn refused(output: &Output) -> String {
    assert!(!output.status.success(), "{}", text(&output.stdout));
    text(&output.stderr)
}

/// The command that an error names.
fn command(error: &str) -> Vec<&str> {
    let line = error.lines().find(|line| line.contains("postern trust"));
    let line = line.unwrap_or_else(|| panic!("{error}"));
    let words = line.split("postern ").nth(1).unwrap();
    words.split_whitespace().collect()
}

fn curl(daemon: &Daemon, arguments: &[&str]) -> Output {
    Command::new("curl")
        .args(["--silent", "--show-error", "--header"])
        .arg(format!("authorization: Bearer {}", daemon.token()))
        .args(arguments)
        .arg(format!("{}/postern/v1/status", url(daemon)))
        .output()
        .unwrap()
}

/// What OpenSSL says of a connection, on which nothing is said.
fn told(daemon: &Daemon, arguments: &[&str]) -> String {
    let output = Command::new("openssl")
        .args(["s_client", "-connect", &daemon.manage().to_string()])
        .args(arguments)
        .stdin(Stdio::null())
        .output();
    let output = output.unwrap();
    text(&[output.stdout, output.stderr].concat())
}

/// The fingerprint that the daemon has printed last.
fn printed(daemon: &Daemon) -> String {
    let log = daemon.log();
    let line = log.lines().rfind(|line| line.contains("sha256:")).unwrap();
    line[line.find("sha256:").unwrap()..].trim().to_owned()
}

#[test]
fn a_device_makes_itself_a_certificate_and_tells_its_fingerprint() {
    let mut daemon = own();
    let file = daemon.data_dir().join("tls/device.pem");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let shown = Command::new("openssl")
        .args([
            "x509",
            "-noout",
            "-fingerprint",
            "-sha256",
            "-ext",
            "subjectAltName",
            "-in",
        ])
        .arg(&file)
        .output();
    let shown = text(&shown.unwrap().stdout);
    for part in ["DNS:gw.test", "DNS:localhost", "IP Address:127.0.0.1"] {
        assert!(shown.contains(part), "{shown}");
    }
    let digits = shown.split("Fingerprint=").nth(1).unwrap().lines().next();
    let digits = digits.unwrap().replace(':', "").to_lowercase();
    let known = printed(&daemon);
    assert_eq!(known, format!("sha256:{digits}"));
    let root = file.to_str().unwrap();
    let status: Value = serde_json::from_str(&done(&curl(&daemon, &["--cacert", root]))).unwrap();
    assert_eq!(status["result"]["manage"]["certificate"], known.as_str());
    // It stays over a start, and does not when it is for another name.
    daemon.restart();
    assert_eq!(printed(&daemon), known);
    daemon.reconfigure(Setup::new().tables("[manage.tls]\nnames = \"other.test\""));
    daemon.restart();
    assert_ne!(printed(&daemon), known);
    assert!(daemon.log().contains("the old one is not for other.test"));
}

#[test]
fn an_unknown_gateway_is_trusted_by_its_fingerprint_alone_and_never_silently() {
    let mut daemon = own();
    let known = printed(&daemon);
    // Whoever trusts nobody is told what to compare, and how to go on.
    let error = refused(&postern(&daemon, &["status"]));
    assert!(
        error.contains("is not known") && error.contains(&known),
        "{error}"
    );
    let asked = refused(&postern(&daemon, &["trust", &url(&daemon)]));
    assert!(asked.contains(&known), "{asked}");
    let wrong = known.replace(&known[7..11], "0000");
    let wrong = ["trust", &url(&daemon), "--fingerprint", &wrong];
    let wrong = refused(&postern(&daemon, &wrong));
    assert!(wrong.contains("nothing was changed"), "{wrong}");
    refused(&postern(&daemon, &["status"]));
    done(&postern(&daemon, &command(&error)));
    assert!(done(&postern(&daemon, &["status"])).contains(&known));
    let again = done(&postern(&daemon, &["trust", &url(&daemon)]));
    assert!(
        again.contains(&format!("is trusted already, by {known}")),
        "{again}"
    );
    let file = std::fs::read_to_string(daemon.dir().join("home/postern/gateways")).unwrap();
    assert!(
        file.contains(&format!("{} {known}\n", daemon.manage())),
        "{file}"
    );
    // Another certificate at the same address, whoever has it.
    let port = daemon.manage().port();
    daemon.reconfigure(Setup::new().tables("[manage.tls]\nnames = \"other.test\""));
    daemon.signal(Signal::HUP);
    eventually("another certificate", || {
        (printed(&daemon) != known).then_some(())
    });
    assert_eq!(daemon.manage().port(), port);
    let error = refused(&postern(&daemon, &["status"]));
    assert!(
        error.contains("HAS CHANGED") && error.contains(&known),
        "{error}"
    );
    assert!(error.contains(&printed(&daemon)), "{error}");
    let fingerprint = printed(&daemon);
    let less = ["trust", &url(&daemon), "--fingerprint", &fingerprint];
    let less = refused(&postern(&daemon, &less));
    assert!(less.contains("say --replace"), "{less}");
    done(&postern(&daemon, &command(&error)));
    done(&postern(&daemon, &["list", "--namespaces"]));
    done(&postern(&daemon, &["trust", &url(&daemon), "--forget"]));
    refused(&postern(&daemon, &["status"]));
}

#[test]
fn certificates_of_an_authority_need_no_word() {
    let certificates = Certificates::new();
    let daemon = given(&certificates, "").start();
    let root = certificates.path("root.pem");
    let root = root.to_str().unwrap();
    assert!(done(&postern(&daemon, &["status", "--ca", root])).contains("sha256:"));
    done(&curl(&daemon, &["--cacert", root]));
    let error = refused(&postern(&daemon, &["status"]));
    assert!(error.contains("UnknownIssuer"), "{error}");
    let error = refused(&postern(&daemon, &["status", "--ca", "none.pem"]));
    assert!(
        error.contains("--ca") && error.contains("none.pem"),
        "{error}"
    );
    // Nothing was made that nobody asked for.
    assert!(!daemon.data_dir().join("tls").exists());
}

#[test]
fn clients_prove_who_they_are() {
    let certificates = Certificates::new();
    let client = "basicConstraints=CA:FALSE\nextendedKeyUsage=clientAuth\n";
    certificates.issue("clients", None, "basicConstraints=critical,CA:TRUE\n");
    certificates.issue("me", Some("clients"), client);
    certificates.issue("stranger", Some("root"), client);
    let path = |name: &str| certificates.path(name).to_str().unwrap().to_owned();
    let authorities = format!("client-ca = {:?}\n", path("clients.pem"));
    let mut daemon = given(&certificates, &authorities).start();
    let (root, me, key) = (path("root.pem"), path("me.pem"), path("me.key"));
    let (other, others) = (path("stranger.pem"), path("stranger.key"));
    let status = ["status", "--ca", &root];
    let with = |pem, key| [&status[..], &["--client-cert", pem, "--client-key", key]].concat();
    done(&postern(&daemon, &with(&me, &key)));
    done(&curl(
        &daemon,
        &["--cacert", &root, "--cert", &me, "--key", &key],
    ));
    for arguments in [status.to_vec(), with(&other, &others)] {
        let error = refused(&postern(&daemon, &arguments));
        assert!(error.contains("wants a certificate of yours"), "{error}");
    }
    refused(&curl(&daemon, &["--cacert", &root]));
    // What runs on the machine and may read the key of the port needs no other.
    done(&postern(&daemon, &["health"]));
    // Optional: without one, but not with a wrong one.
    daemon.reconfigure(given(
        &certificates,
        &format!("{authorities}client-certificate = \"optional\"\n"),
    ));
    certificates.server("manage", "DNS:gw.test,IP:127.0.0.1");
    daemon.restart();
    done(&postern(&daemon, &status));
    done(&postern(&daemon, &with(&me, &key)));
    refused(&postern(&daemon, &with(&other, &others)));
}

/// A connection that stays open, by OpenSSL.
struct Held(Child);

impl Held {
    fn ask(&mut self, token: &str) -> String {
        let request = format!(
            "GET /postern/v1/status HTTP/1.1\r\nhost: gw.test\r\nauthorization: Bearer {token}\r\n\r\n"
        );
        let input = self.0.stdin.as_mut().unwrap();
        input.write_all(request.as_bytes()).unwrap();
        let mut output = BufReader::new(self.0.stdout.as_mut().unwrap());
        let mut status = String::new();
        output.read_line(&mut status).unwrap();
        let mut length = 0;
        loop {
            let mut line = String::new();
            output.read_line(&mut line).unwrap();
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
        }
        output.read_exact(&mut vec![0; length]).unwrap();
        status.trim_end().to_owned()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn certificates_are_exchanged_and_no_connection_is_dropped() {
    let certificates = Certificates::new();
    let daemon = given(&certificates, "").start();
    let child = Command::new("openssl")
        .args([
            "s_client",
            "-quiet",
            "-connect",
            &daemon.manage().to_string(),
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut held = Held(child.unwrap());
    assert_eq!(held.ask(daemon.token()), "HTTP/1.1 200 OK");
    let before = printed(&daemon);
    certificates.server("manage", "DNS:gw.test,DNS:new.test,IP:127.0.0.1");
    daemon.signal(Signal::HUP);
    eventually("another certificate", || {
        (printed(&daemon) != before).then_some(())
    });
    assert_eq!(held.ask(daemon.token()), "HTTP/1.1 200 OK");
    let after = printed(&daemon);
    // What is no certificate changes nothing.
    std::fs::write(certificates.path("manage.pem"), "nothing").unwrap();
    daemon.signal(Signal::HUP);
    eventually("the refusal", || {
        daemon
            .log()
            .contains("management port's certificates stay as they were")
            .then_some(())
    });
    let root = certificates.path("root.pem");
    let status = postern(&daemon, &["status", "--ca", root.to_str().unwrap()]);
    assert!(done(&status).contains(&after));
}

#[test]
fn beyond_loopback_tls_is_enough() {
    let daemon = Setup::new().tokenless().tables("[manage.tls]").prepare();
    let file = daemon.dir().join("postern.toml");
    let toml = std::fs::read_to_string(&file).unwrap();
    let check = |toml: &str| {
        std::fs::write(&file, toml).unwrap();
        daemon.command().args(["config", "check"]).output().unwrap()
    };
    let wide = toml.replace(
        "[manage]\nlisten = \"127.0.0.1:0\"",
        "[manage]\nlisten = \"0.0.0.0:0\"",
    );
    assert_ne!(wide, toml);
    done(&check(&wide));
    let error = refused(&check(&wide.replace("[manage.tls]", "")));
    assert!(
        error.contains("have TLS by a table [manage.tls]"),
        "{error}"
    );
}

#[test]
fn what_is_old_weak_or_no_tls_is_refused() {
    let daemon = own();
    for old in ["-tls1", "-tls1_1"] {
        let told = told(&daemon, &[old, "-cipher", "ALL:@SECLEVEL=0"]);
        let refused = told.contains("Cipher is (NONE)") || told.contains("no protocols available");
        assert!(refused, "{old}: {told}");
    }
    assert!(told(&daemon, &["-alpn", "http/1.1"]).contains("ALPN protocol: http/1.1"));
    let mut stream = TcpStream::connect(daemon.manage()).unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: gw.test\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    // What it does not read it may answer with a reset.
    let _ = stream.read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("this port speaks HTTPS"), "{answer}");
    let body = answer.split("\r\n\r\n").nth(1).unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["success"], false);
    // The daemon is well, and speaks to itself.
    done(&postern(&daemon, &["health"]));
}

#[test]
fn values_go_over_tls_both_ways() {
    let daemon = own();
    let fingerprint = printed(&daemon);
    done(&postern(
        &daemon,
        &["trust", &url(&daemon), "--fingerprint", &fingerprint],
    ));
    done(&postern(&daemon, &["namespace", "create", "production"]));
    done(&postern(&daemon, &["kv", "namespace", "create", "t"]));
    let value = "x".repeat(200_000);
    std::fs::write(daemon.dir().join("value"), &value).unwrap();
    done(&postern(
        &daemon,
        &["kv", "put", "k", "-n", "t", "--path", "value"],
    ));
    let got = postern(&daemon, &["kv", "get", "k", "-n", "t"]);
    assert_eq!(done(&got).len(), value.len());
}
