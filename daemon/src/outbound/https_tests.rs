//! HTTPS against OpenSSL's server: whom is believed, what is spoken, and how connections end.
#![allow(clippy::unwrap_used)]

use super::*;
use futures_lite::StreamExt;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use tempfile::TempDir;

const YEARS: Duration = Duration::from_secs(10 * 365 * 86_400);
const SERVER: &str = "basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth\nsubjectAltName=";
const AUTHORITY: &str = "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign\n";

/// Certificates in a directory of their own; those of this test.
pub(super) struct Office(TempDir);

impl Office {
    pub fn new() -> Self {
        let office = Self(tempfile::tempdir().unwrap());
        office.issue("root", "ec:P-256", None, AUTHORITY);
        office
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn openssl(&self, arguments: &[&str]) {
        let done = Command::new("openssl")
            .args(arguments)
            .current_dir(&self.0)
            .output();
        let done = done.expect("openssl runs; `cargo xtask setup` installs it");
        let text = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{arguments:?}: {text}");
    }

    /// A certificate, signed by another one or by itself.
    fn issue(&self, name: &str, key: &str, by: Option<&str>, extensions: &str) {
        let (kind, size) = key.split_once(':').unwrap_or((key, ""));
        let option = match kind {
            "ec" => format!("ec_paramgen_curve:{size}"),
            _ => format!("rsa_keygen_bits:{size}"),
        };
        let (key, request, out) = (
            format!("{name}.key"),
            format!("{name}.csr"),
            format!("{name}.pem"),
        );
        let mut arguments = vec!["genpkey", "-algorithm", kind, "-out", &key];
        if !size.is_empty() {
            arguments.extend(["-pkeyopt", &option]);
        }
        self.openssl(&arguments);
        let subject = format!("/CN={name}");
        self.openssl(&[
            "req", "-new", "-key", &key, "-subj", &subject, "-out", &request,
        ]);
        let extension_file = format!("{name}.ext");
        std::fs::write(self.path(&extension_file), extensions).unwrap();
        let mut arguments = vec!["x509", "-req", "-in", &request, "-days", "30", "-out", &out];
        arguments.extend(["-extfile", &extension_file]);
        let issuer = by.map(|by| (format!("{by}.pem"), format!("{by}.key")));
        match &issuer {
            Some((certificate, key)) => {
                arguments.extend(["-CA", certificate, "-CAkey", key, "-CAcreateserial"]);
            }
            None => arguments.extend(["-signkey", &key]),
        }
        self.openssl(&arguments);
    }

    /// A certificate of a server's, for these names.
    pub fn server(&self, name: &str, key: &str, names: &str) {
        self.issue(name, key, Some("root"), &format!("{SERVER}{names}\n"));
    }

    pub fn outbound(&self, executor: &Arc<Executor<'static>>, now: fn() -> SystemTime) -> Outbound {
        let options = OutboundOptions {
            policy: Policy {
                allow_private: true,
                ..Policy::default()
            },
            roots: vec![RootSource::File(self.path("root.pem"))],
            ..OutboundOptions::default()
        };
        let here: Lookup = |_, port| Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))]);
        Outbound::with(options, executor.clone(), here, now)
    }
}

/// OpenSSL's server, until it is dropped.
pub(super) struct Server {
    child: Child,
    stdin: Option<ChildStdin>,
    pub port: u16,
    /// Times that `#` was sent to it.
    crosses: Arc<AtomicU64>,
}

impl Server {
    pub fn new(office: &Office, certificate: &str, more: &[&str]) -> Self {
        let mut child = Command::new("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0"])
            .args(["-cert", &format!("{certificate}.pem")])
            .args(["-key", &format!("{certificate}.key")])
            .args(more)
            .current_dir(&office.0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl runs; `cargo xtask setup` installs it");
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let port = loop {
            let mut line = String::new();
            assert!(lines.read_line(&mut line).unwrap() > 0, "the server ended");
            if let Some(address) = line.strip_prefix("ACCEPT ") {
                break address.trim().rsplit(':').next().unwrap().parse().unwrap();
            }
        };
        // What it says further is read, or it would wait for that.
        let crosses = Arc::new(AtomicU64::new(0));
        let counting = crosses.clone();
        std::thread::spawn(move || {
            let mut part = [0; 4096];
            while let Ok(len @ 1..) = lines.read(&mut part) {
                let new = part[..len].iter().filter(|byte| **byte == b'#').count();
                counting.fetch_add(new as u64, Ordering::Relaxed);
            }
        });
        let stdin = child.stdin.take();
        Self {
            child,
            stdin,
            port,
            crosses,
        }
    }

    /// One that serves files, which are whole answers.
    fn files(office: &Office, certificate: &str, more: &[&str]) -> Self {
        let mut all = vec!["-HTTP"];
        all.extend(more);
        Self::new(office, certificate, &all)
    }

    fn say(&mut self, text: &str) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(text.as_bytes()).unwrap();
        stdin.flush().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(super) fn run<T>(work: impl AsyncFnOnce(Arc<Executor<'static>>) -> T) -> T {
    let executor = Arc::new(Executor::new());
    smol::block_on(executor.run(work(executor.clone())))
}

pub(super) fn origin(host: &str, port: u16) -> Origin {
    Origin {
        host: host.to_owned(),
        port,
        is_tls: true,
    }
}

fn get(path: &str) -> Request<SendBody> {
    let request = Request::builder().uri(path).header("host", "good.test");
    request.body(SendBody::Empty).unwrap()
}

fn file(office: &Office, body: &[u8], length: Option<usize>) {
    let mut text = b"HTTP/1.1 200 OK\r\n".to_vec();
    if let Some(length) = length {
        text.extend(format!("content-length: {length}\r\n").into_bytes());
    }
    text.extend(b"\r\n");
    text.extend(body);
    std::fs::write(office.path("file"), text).unwrap();
}

/// The body, or why there is none.
async fn ask(out: &Outbound, host: &str, port: u16) -> Result<Vec<u8>, String> {
    let tenant = out.tenant("a", "b");
    let answer = out.send(&tenant, &origin(host, port), get("/file")).await;
    let mut body = answer.map_err(|error| error.to_string())?.into_body();
    let mut all = Vec::new();
    while let Some(part) = body.next().await {
        all.extend_from_slice(&part.map_err(|error| match broke(&error) {
            Some(how) => how.to_string(),
            None => error.to_string(),
        })?);
    }
    Ok(all)
}

/// Whether a server with this certificate is believed; otherwise what is told.
fn judged(office: &Office, certificate: &str, more: &[&str], host: &str) -> Result<(), String> {
    file(office, b"ok", Some(2));
    let server = Server::files(office, certificate, more);
    run(async |executor| {
        let out = office.outbound(&executor, SystemTime::now);
        let body = ask(&out, host, server.port).await?;
        assert_eq!(body, b"ok");
        Ok(())
    })
}

/// That, and that it is told with this in it, and names the host.
fn refused(office: &Office, certificate: &str, more: &[&str], host: &str, expect: &str) {
    let told = judged(office, certificate, more, host).unwrap_err();
    assert!(
        told.contains(&format!("TLS connection to {host}:")) && told.contains(expect),
        "{certificate}: {told}"
    );
    // A server that proves the same by TLS 1.2 is judged the same.
    if cfg!(feature = "rustls-outbound") {
        let old: Vec<&str> = more.iter().copied().chain(["-tls1_2"]).collect();
        let told = judged(office, certificate, &old, host).unwrap_err();
        assert!(told.contains(expect), "{certificate} by TLS 1.2: {told}");
    }
}

#[test]
fn keys_of_every_kind_are_believed() {
    let office = Office::new();
    for (at, key) in ["rsa:2048", "rsa:4096", "ec:P-256", "ec:P-384", "ed25519"]
        .iter()
        .enumerate()
    {
        let name = format!("key{at}");
        office.server(&name, key, "DNS:good.test");
        assert_eq!(judged(&office, &name, &[], "good.test"), Ok(()), "{key}");
        if cfg!(feature = "rustls-outbound") {
            let old = judged(&office, &name, &["-tls1_2"], "good.test");
            assert_eq!(old, Ok(()), "{key} by TLS 1.2");
        }
    }
    // Roots of every kind have signed.
    for (at, key) in ["rsa:2048", "ec:P-384", "ed25519"].iter().enumerate() {
        let office = Office::new();
        office.issue("root", key, None, AUTHORITY);
        let name = format!("by{at}");
        office.server(&name, "ec:P-256", "DNS:good.test");
        assert_eq!(judged(&office, &name, &[], "good.test"), Ok(()), "by {key}");
    }
}

#[test]
fn names_are_compared() {
    let office = Office::new();
    office.server("one", "ec:P-256", "DNS:good.test,IP:127.0.0.1,IP:::1");
    office.server("wild", "ec:P-256", "DNS:*.good.test");
    let many: Vec<String> = (0..100).map(|at| format!("DNS:n{at}.test")).collect();
    office.server("many", "ec:P-256", &many.join(","));
    for (certificate, host) in [
        ("one", "good.test"),
        ("one", "GOOD.test"),
        ("one", "127.0.0.1"),
        ("wild", "a.good.test"),
        ("many", "n0.test"),
        ("many", "n99.test"),
    ] {
        let told = judged(&office, certificate, &[], host);
        assert_eq!(told, Ok(()), "{certificate} {host}");
    }
    let expect = "its certificate is for another host";
    refused(&office, "one", &[], "other.test", expect);
    refused(&office, "wild", &[], "good.test", expect);
    refused(&office, "wild", &[], "a.b.good.test", expect);
    refused(&office, "wild", &[], "127.0.0.1", expect);
    refused(&office, "many", &[], "n100.test", "and 96 more");
}

#[test]
fn who_is_not_to_be_believed_is_not() {
    let office = Office::new();
    office.server("good", "ec:P-256", "DNS:good.test");
    let server = format!("{SERVER}DNS:good.test\n");

    office.issue("own", "ec:P-256", None, &server);
    refused(&office, "own", &[], "good.test", "is self-signed");

    office.issue("other", "ec:P-256", None, AUTHORITY);
    office.issue("unknown", "ec:P-256", Some("other"), &server);
    let expect = "not among the trusted roots";
    refused(&office, "unknown", &[], "good.test", expect);
    // That it sends its root does not make that one trusted.
    let chain = ["-cert_chain", "other.pem"];
    refused(&office, "unknown", &chain, "good.test", expect);

    // A server's certificate signs another server's.
    office.issue("forged", "ec:P-256", Some("good"), &server);
    let chain = ["-cert_chain", "good.pem"];
    refused(&office, "forged", &chain, "good.test", "not an authority's");
    // An authority's does that may not.
    let no_sign = "basicConstraints=critical,CA:TRUE\nkeyUsage=digitalSignature\n";
    office.issue("nosign", "ec:P-256", Some("root"), no_sign);
    office.issue("signed", "ec:P-256", Some("nosign"), &server);
    let chain = ["-cert_chain", "nosign.pem"];
    refused(&office, "signed", &chain, "good.test", "not an authority's");
    // And one that may.
    office.issue("between", "ec:P-256", Some("root"), AUTHORITY);
    office.issue("far", "ec:P-256", Some("between"), &server);
    let chain = ["-cert_chain", "between.pem"];
    assert_eq!(judged(&office, "far", &chain, "good.test"), Ok(()));
    refused(&office, "far", &[], "good.test", expect);

    let of =
        |text: &str| format!("basicConstraints=CA:FALSE\nsubjectAltName=DNS:good.test\n{text}");
    let client = of("extendedKeyUsage=clientAuth\n");
    office.issue("client", "ec:P-256", Some("root"), &client);
    refused(&office, "client", &[], "good.test", "is not for servers");
    let agree = of("keyUsage=keyAgreement\n");
    office.issue("agree", "ec:P-256", Some("root"), &agree);
    // OpenSSL does not use it by TLS 1.2.
    let told = judged(&office, "agree", &[], "good.test").unwrap_err();
    assert!(told.contains("is not for servers"), "{told}");

    let authority = "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,digitalSignature\nsubjectAltName=DNS:good.test\n";
    office.issue("authority", "ec:P-256", Some("root"), authority);
    let expect = "is an authority's and not a server's";
    refused(&office, "authority", &[], "good.test", expect);

    office.server("short", "rsa:1024", "DNS:good.test");
    let more = ["-cipher", "DEFAULT@SECLEVEL=0"];
    let told = judged(&office, "short", &more, "good.test").unwrap_err();
    assert!(
        told.contains("signature") || told.contains("offer"),
        "{told}"
    );
}

#[test]
fn the_time_is_looked_at() {
    let office = Office::new();
    office.server("good", "ec:P-256", "DNS:good.test");
    file(&office, b"ok", Some(2));
    let server = Server::files(&office, "good", &[]);
    type Clock = fn() -> SystemTime;
    let cases: [(Clock, &str); 3] = [
        (|| SystemTime::now() + YEARS, "its certificate expired"),
        (
            || SystemTime::now() - Duration::from_secs(3600),
            "its certificate is valid only in",
        ),
        (
            || SystemTime::UNIX_EPOCH + Duration::from_secs(77),
            "this device's clock is not set (it says 77 s since 1970)",
        ),
    ];
    for (now, expect) in cases {
        run(async |executor| {
            let out = office.outbound(&executor, now);
            let told = ask(&out, "good.test", server.port).await.unwrap_err();
            assert!(told.contains(expect), "{told}");
        });
    }
}

#[test]
fn roots_are_read_when_they_are_needed() {
    let office = Office::new();
    office.server("good", "ec:P-256", "DNS:good.test");
    file(&office, b"ok", Some(2));
    let server = Server::files(&office, "good", &[]);
    run(async |executor| {
        let out = office.outbound(&executor, SystemTime::now);
        for (name, text, expect) in [
            ("none.pem", None, "cannot be read"),
            ("empty.pem", Some(""), "holds no certificate"),
            (
                "bad.pem",
                Some("-----BEGIN CERTIFICATE-----\n!\n"),
                "no PEM",
            ),
        ] {
            if let Some(text) = text {
                std::fs::write(office.path(name), text).unwrap();
            }
            let roots = vec![RootSource::File(office.path(name))];
            out.set_policy(out.0.options.policy.clone(), roots);
            let told = ask(&out, "good.test", server.port).await.unwrap_err();
            assert!(
                told.contains("there are no root certificates") && told.contains(expect),
                "{told}"
            );
        }
        out.set_policy(out.0.options.policy.clone(), out.0.options.roots.clone());
        let body = ask(&out, "good.test", server.port).await;
        assert_eq!(body, Ok(b"ok".to_vec()));
    });
}

#[test]
fn servers_of_other_habits_are_spoken_with() {
    let office = Office::new();
    office.server("good", "ec:P-256", "DNS:good.test");
    let cases: [(&[&str], bool); 9] = [
        (&[], true),
        (&["-num_tickets", "9"], true),
        (&["-no_ticket"], true),
        // A certificate of the client's is asked for, and not insisted on.
        (&["-verify", "1"], true),
        (&["-groups", "X25519"], false),
        (&["-groups", "P-384"], false),
        (&["-ciphersuites", "TLS_AES_256_GCM_SHA384"], false),
        (&["-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"], false),
        (&["-tls1_2"], false),
    ];
    for (more, by_both) in cases {
        let told = judged(&office, "good", more, "good.test");
        if by_both || cfg!(feature = "rustls-outbound") {
            assert_eq!(told, Ok(()), "{more:?}");
        } else {
            let told = told.unwrap_err();
            assert!(told.contains("rustls-outbound"), "{more:?}: {told}");
        }
    }
    let told = judged(&office, "good", &["-Verify", "1"], "good.test").unwrap_err();
    assert!(!told.is_empty());
    let told = judged(
        &office,
        "good",
        &["-tls1_1", "-cipher", "ALL@SECLEVEL=0"],
        "good.test",
    );
    let told = told.unwrap_err();
    assert!(told.contains("TLS connection to good.test:"), "{told}");
}

#[test]
fn large_answers_come_whole() {
    let office = Office::new();
    office.server("good", "ec:P-256", "DNS:good.test");
    let body: Vec<u8> = (0..3_000_000_u32).map(|at| (at % 251) as u8).collect();
    for more in [&[][..], &["-tls1_2"]] {
        if !more.is_empty() && cfg!(not(feature = "rustls-outbound")) {
            continue;
        }
        for length in [Some(body.len()), None] {
            file(&office, &body, length);
            let server = Server::files(&office, "good", more);
            run(async |executor| {
                let out = office.outbound(&executor, SystemTime::now);
                let came = ask(&out, "good.test", server.port).await;
                assert!(came.as_ref() == Ok(&body), "{:?}", came.map(|it| it.len()));
            });
        }
    }
}

/// Hands a server's records on, one connection, but for those that `keep` drops; ends with the
/// first that it drops.
fn cut(port: u16, keep: impl Fn(usize, &[u8]) -> bool + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut server = TcpStream::connect(("127.0.0.1", port)).unwrap();
            let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            for at in 0.. {
                let mut head = [0; 5];
                if server.read_exact(&mut head).is_err() {
                    break;
                }
                let mut record = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
                server.read_exact(&mut record).unwrap();
                let whole = [&head[..], &record].concat();
                if !keep(at, &whole) {
                    break;
                }
                if client.write_all(&whole).is_err() {
                    break;
                }
            }
            let _ = client.shutdown(std::net::Shutdown::Both);
        }
    });
    own
}

#[test]
fn what_is_cut_off_is_an_error() {
    let office = Office::new();
    office.server("good", "ec:P-256", "DNS:good.test");
    file(&office, &[b'x'; 1000], None);
    let server = Server::files(&office, "good", &[]);
    // close_notify is a record of its own: two bytes, their kind and the seal.
    let port = cut(server.port, |_, record| record.len() != 5 + 2 + 1 + 16);
    run(async |executor| {
        let out = office.outbound(&executor, SystemTime::now);
        let whole = ask(&out, "good.test", server.port).await;
        assert_eq!(whole.unwrap().len(), 1000);
        let told = ask(&out, "good.test", port).await.unwrap_err();
        assert!(told.contains("without close_notify"), "{told}");
    });
}

#[test]
fn what_was_changed_is_an_error() {
    let office = Office::new();
    office.server("good", "ec:P-256", "DNS:good.test");
    file(&office, &[b'x'; 100_000], None);
    let server = Server::files(&office, "good", &[]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let theirs = server.port;
    std::thread::spawn(move || {
        let mut client = listener.accept().unwrap().0;
        let mut server = TcpStream::connect(("127.0.0.1", theirs)).unwrap();
        let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        std::thread::spawn(move || std::io::copy(&mut from, &mut to));
        let mut sent = 0;
        let mut part = [0; 1000];
        while let Ok(len @ 1..) = server.read(&mut part) {
            if (20_000..21_000).contains(&sent) {
                part[len / 2] ^= 1;
            }
            sent += len;
            if client.write_all(&part[..len]).is_err() {
                break;
            }
        }
    });
    run(async |executor| {
        let out = office.outbound(&executor, SystemTime::now);
        let told = ask(&out, "good.test", port).await.unwrap_err();
        assert!(told.contains("was changed on its way"), "{told}");
    });
}

#[test]
fn an_end_that_is_not_sealed_ends_nothing() {
    let office = Office::new();
    office.server("good", "ec:P-256", "DNS:good.test");
    file(&office, &[b'x'; 100_000], None);
    let server = Server::files(&office, "good", &[]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let theirs = server.port;
    std::thread::spawn(move || {
        let mut client = listener.accept().unwrap().0;
        let mut server = TcpStream::connect(("127.0.0.1", theirs)).unwrap();
        let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        std::thread::spawn(move || std::io::copy(&mut from, &mut to));
        let mut large = 0;
        while large < 3 {
            let mut head = [0; 5];
            server.read_exact(&mut head).unwrap();
            let mut record = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
            server.read_exact(&mut record).unwrap();
            large += usize::from(record.len() > 10_000);
            client.write_all(&[&head[..], &record].concat()).unwrap();
        }
        // close_notify, from somebody who has no key.
        client.write_all(&[21, 3, 3, 0, 2, 1, 0]).unwrap();
        let _ = client.read(&mut [0]);
    });
    run(async |executor| {
        let out = office.outbound(&executor, SystemTime::now);
        let told = ask(&out, "good.test", port).await.unwrap_err();
        assert!(told.contains("broke the TLS protocol"), "{told}");
    });
}

#[test]
fn a_change_of_keys_ends_a_connection_clearly() {
    let office = Office::new();
    office.server("good", "ec:P-256", "DNS:good.test");
    let mut server = Server::new(&office, "good", &[]);
    let port = server.port;
    run(async |executor| {
        let out = office.outbound(&executor, SystemTime::now);
        let tenant = out.tenant("a", "b");
        let asked = {
            let mut request = get("/");
            request.headers_mut().insert("x", "#".parse().unwrap());
            let (out, tenant) = (out.clone(), tenant.clone());
            executor.spawn(async move {
                let origin = origin("good.test", port);
                out.send(&tenant, &origin, request).await
            })
        };
        while server.crosses.load(Ordering::Relaxed) < 1 {
            smol::future::yield_now().await;
        }
        // What is written to it is its answer, but for lines with a command.
        server.say("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok");
        let mut body = asked.await.unwrap().into_body();
        assert_eq!(&body.next().await.unwrap().unwrap()[..], b"ok");
        server.say("K\n");
        let told = loop {
            match body.next().await {
                Some(Ok(_)) => {}
                Some(Err(error)) => break broke(&error),
                None => break None,
            }
        };
        assert_eq!(told, Some(Broke::KeyUpdate));
        // It is not used again, and the server is asked by who can do that.
        let origin = origin("good.test", port);
        assert!(out.0.pool.take(tenant.owner(), &origin).is_none());
    });
}

#[test]
fn a_connection_is_used_again() {
    let office = Office::new();
    office.server("good", "ec:P-256", "DNS:good.test");
    for more in [&[][..], &["-tls1_2"]] {
        if !more.is_empty() && cfg!(not(feature = "rustls-outbound")) {
            continue;
        }
        let mut server = Server::new(&office, "good", more);
        let port = server.port;
        run(async |executor| {
            let out = office.outbound(&executor, SystemTime::now);
            let tenant = out.tenant("a", "b");
            for at in 1..4 {
                // OpenSSL's server of this kind has one connection at a time: were there another,
                // nothing would answer.
                let mut request = get("/");
                request.headers_mut().insert("x", "#".parse().unwrap());
                let (out, tenant) = (out.clone(), tenant.clone());
                let asked = executor.spawn(async move {
                    let origin = origin("good.test", port);
                    out.send(&tenant, &origin, request).await
                });
                while server.crosses.load(Ordering::Relaxed) < at {
                    smol::future::yield_now().await;
                }
                server.say("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok\n");
                let mut body = asked.await.unwrap().into_body();
                let mut all = Vec::new();
                while let Some(part) = body.next().await {
                    all.extend_from_slice(&part.unwrap());
                }
                assert_eq!(all, b"ok\n", "{at}");
            }
        });
    }
}

#[test]
fn what_is_no_tls_is_told() {
    let office = Office::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let _ = client.read(&mut [0; 512]);
            let _ = client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    run(async |executor| {
        let out = office.outbound(&executor, SystemTime::now);
        let told = ask(&out, "good.test", port).await.unwrap_err();
        assert!(told.contains("TLS connection to good.test:"), "{told}");
    });
}

#[test]
fn large_requests_go_out_whole() {
    let office = Office::new();
    office.server("good", "ec:P-256", "DNS:good.test");
    let mut server = Server::new(&office, "good", &[]);
    run(async |executor| {
        let out = office.outbound(&executor, SystemTime::now);
        let tenant = out.tenant("a", "b");
        let mut request = get("/");
        *request.method_mut() = Method::POST;
        let request = request.map(|_| SendBody::Whole(vec![b'#'; 300_000].into()));
        let origin = origin("good.test", server.port);
        let sending = executor.spawn(async move { out.send(&tenant, &origin, request).await });
        while server.crosses.load(Ordering::Relaxed) < 300_000 {
            smol::future::yield_now().await;
        }
        server.say("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        assert_eq!(sending.await.unwrap().status(), 200);
    });
}
