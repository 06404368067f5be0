//! `test-tls`: what a daemon speaks at the edge and on the management port, as OpenSSL sees it.

use crate::daemon::Daemon;
use crate::{setup, test, workspace};
use anyhow::{Context, Result, bail};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// The arguments of `test-tls`.
#[derive(clap::Args)]
pub struct Arguments {
    /// This binary, and not one that is built for it.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

/// Suites that nobody is to have, by what is wrong with them, as OpenSSL selects them.
const WEAK: [(&str, &str); 10] = [
    ("suites without encryption", "eNULL"),
    ("suites without a certificate", "aNULL"),
    ("Camellia", "CAMELLIA"),
    ("ARIA", "ARIA"),
    (
        "CBC and HMAC",
        "kECDHE:!AESGCM:!AESCCM:!CHACHA20:!ARIAGCM:!eNULL:!aNULL",
    ),
    ("CCM", "kECDHE+AESCCM"),
    ("key exchange by RSA", "kRSA:!eNULL"),
    ("finite-field Diffie-Hellman", "kDHE:!eNULL:!aNULL"),
    ("shared keys", "PSK:!eNULL"),
    ("SRP", "SRP"),
];

/// What OpenSSL itself does not have any more, by the version and the numbers in a hello (the registry of IANA).
const OLD: [(&str, u16, &[u16]); 6] = [
    ("SSL 3", 0x0300, &[0xc02b, 0xc02f, 0x002f, 0x000a]),
    (
        "suites for export",
        0x0303,
        &[0x0003, 0x0006, 0x0008, 0x000e],
    ),
    ("DES", 0x0303, &[0x0009, 0x0015]),
    ("RC4", 0x0303, &[0x0004, 0x0005, 0xc007, 0xc011]),
    ("3DES", 0x0303, &[0x000a, 0x0016, 0xc008, 0xc012]),
    ("SEED and IDEA", 0x0303, &[0x0007, 0x0096, 0x009a]),
];
/// What is spoken, so that the same hello is seen to be understood.
const NEW: (&str, u16, &[u16]) = (
    "the same hello with a suite that is spoken",
    0x0303,
    &[0xc02b],
);
/// For an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// One line of the table.
struct Checked {
    port: &'static str,
    what: String,
    result: Result<&'static str, String>,
}

/// A port, and what is to be seen there.
struct Port {
    name: &'static str,
    address: String,
    /// A file of those who are believed, and the name of a certificate that they signed.
    root: PathBuf,
    host: &'static str,
    dir: PathBuf,
}

/// Asks, shows a table, and fails if a line of it is not as it should be.
pub fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.binary {
        Some(binary) => check(binary),
        None => check(&test::daemon()?),
    }
}

/// The same of this binary.
pub fn check(binary: &Path) -> Result<()> {
    setup::https()?;
    let dir = workspace::target().join("test-tls");
    if dir.exists() {
        std::fs::remove_dir_all(&dir).context("cannot empty target/test-tls")?;
    }
    workspace::create_dir(&dir)?;
    certificates(&dir)?;
    let table = |name: &str| {
        format!(
            "[[edge.tls.certificates]]\nchain = {:?}\nkey = {:?}\n",
            dir.join(format!("{name}.chain")),
            dir.join(format!("{name}.key"))
        )
    };
    let config = format!(
        "data-dir = {dir:?}\n[edge]\nlisten = \"127.0.0.1:0\"\n[manage]\nlisten = \"127.0.0.1:0\"\n[manage.tls]\n\
         [edge.tls]\nlisten = \"127.0.0.1:0\"\n{}{}",
        table("one"),
        table("two")
    );
    let daemon = Daemon::start(binary, &dir, &config)?;
    let edge = Port {
        name: "edge",
        address: daemon.edge_tls().context("the edge has no HTTPS")?,
        root: dir.join("root.pem"),
        host: "one.test",
        dir: dir.clone(),
    };
    let manage = Port {
        name: "manage",
        address: daemon.manage_address(),
        root: dir.join("tls/device.pem"),
        host: "localhost",
        dir: dir.clone(),
    };
    let mut all = edge.check();
    all.extend(edge.names());
    all.extend(manage.check());
    all.push(manage.fingerprint());
    daemon.stop()?;
    let mut wrong = 0;
    for Checked { port, what, result } in &all {
        match result {
            Ok(how) => println!("{port:<7} {what:<44} {how}"),
            Err(told) => {
                wrong += 1;
                println!("{port:<7} {what:<44} WRONG");
                let end = told.lines().rev().take(12).collect::<Vec<_>>();
                end.iter()
                    .rev()
                    .for_each(|line| println!("          {line}"));
            }
        }
    }
    if wrong > 0 {
        bail!("{wrong} of {} are not as they should be", all.len());
    }
    println!("{} are as they should be", all.len());
    Ok(())
}

impl Port {
    fn s_client(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("openssl");
        command
            .args(["s_client", "-connect", &self.address])
            .args(arguments)
            // The system's own configuration may forbid what is to be tried.
            .env("OPENSSL_CONF", "/dev/null")
            .stdin(Stdio::null());
        command
    }

    /// What OpenSSL says of a connection on which nothing is said.
    fn told(&self, arguments: &[&str]) -> String {
        match self.s_client(arguments).output() {
            Ok(output) => {
                String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
            }
            Err(error) => error.to_string(),
        }
    }

    fn checked(&self, what: impl Into<String>, result: Result<&'static str, String>) -> Checked {
        Checked {
            port: self.name,
            what: what.into(),
            result,
        }
    }

    /// A connection that must not come about.
    fn refuses(&self, what: &str, arguments: &[&str]) -> Checked {
        let told = self.told(arguments);
        let cannot = ["no cipher match", "nknown option", "no protocols available"];
        let result = if cannot.iter().any(|it| told.contains(it)) {
            Ok("not tried: this OpenSSL has none")
        } else if told.contains("Cipher is (NONE)") && told.contains("CONNECTED") {
            Ok("refused")
        } else {
            Err(told)
        };
        self.checked(what, result)
    }

    /// A connection of which OpenSSL must say this.
    fn has(&self, what: &str, arguments: &[&str], part: &str) -> Checked {
        let told = self.told(arguments);
        let result = told.replace(' ', "").contains(&part.replace(' ', ""));
        self.checked(what, result.then_some("yes").ok_or(told))
    }

    fn check(&self) -> Vec<Checked> {
        let (sni, root) = (["-servername", self.host], self.root.display().to_string());
        let with = |more: &[&'static str]| [&sni[..], more].concat();
        let mut all = Vec::new();
        for (what, flag) in [("TLS 1.0", "-tls1"), ("TLS 1.1", "-tls1_1")] {
            all.push(self.refuses(what, &with(&[flag, "-cipher", "ALL:@SECLEVEL=0"])));
        }
        for (what, suites) in WEAK {
            let suites = format!("{suites}:@SECLEVEL=0");
            let arguments = ["-servername", self.host, "-tls1_2", "-cipher", &suites];
            all.push(self.refuses(what, &arguments));
        }
        for (what, version, suites) in OLD {
            all.push(self.hello(what, version, suites, false));
        }
        let (what, version, suites) = NEW;
        all.push(self.hello(what, version, suites, true));
        let ccm = ["-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_SHA256"];
        all.push(self.refuses("CCM in TLS 1.3", &ccm));
        let new = "New, TLSv1.2, Cipher is ECDHE-";
        all.push(self.has(
            "TLS 1.2, forward secrecy and AEAD",
            &with(&["-tls1_2"]),
            new,
        ));
        all.push(self.has(
            "TLS 1.3",
            &with(&["-tls1_3"]),
            "New, TLSv1.3, Cipher is TLS_",
        ));
        for suite in ["ECDHE+AESGCM", "ECDHE+CHACHA20"] {
            all.push(self.has(suite, &["-tls1_2", "-cipher", suite], new));
        }
        all.push(self.refuses(
            "SHA-1 in signatures",
            &with(&["-tls1_2", "-sigalgs", "ECDSA+SHA1:RSA+SHA1"]),
        ));
        all.push(self.refuses("small curves", &with(&["-curves", "secp224r1"])));
        let chain = [
            "-CAfile",
            &root,
            "-verify_return_error",
            "-verify_hostname",
            self.host,
        ];
        let chain = [&sni[..], &chain].concat();
        all.push(self.has(
            "the chain, and the name",
            &chain,
            "Verify return code: 0 (ok)",
        ));
        all.push(self.has("no compression", &with(&["-tls1_2"]), "Compression: NONE"));
        all.push(self.has(
            "ALPN http/1.1",
            &with(&["-alpn", "x,http/1.1"]),
            "ALPN protocol: http/1.1",
        ));
        // The server's order counts, not the client's.
        let (what, chosen) = match self.name {
            "edge" => ("ALPN http/1.1 or h2: h2", "ALPN protocol: h2"),
            _ => ("ALPN http/1.1 or h2: http/1.1", "ALPN protocol: http/1.1"),
        };
        all.push(self.has(what, &with(&["-alpn", "http/1.1,h2"]), chosen));
        all.push(match self.name {
            "edge" => self.has("ALPN h2", &with(&["-alpn", "h2"]), "ALPN protocol: h2"),
            _ => self.has(
                "ALPN h2, which is not spoken",
                &with(&["-alpn", "h2"]),
                "alert no application protocol",
            ),
        });
        all.push(self.has("no ALPN", &with(&["-tls1_2"]), "No ALPN negotiated"));
        let alert = "alert no application protocol";
        all.push(self.has("ALPN of nobody", &with(&["-alpn", "x"]), alert));
        all.push(self.renegotiates());
        all.push(self.resumes());
        let odd = "Protocol : TLSv1.2";
        all.push(self.has(
            "the extended master secret",
            &with(&["-tls1_2"]),
            "Extended master secret: yes",
        ));
        all.push(self.has(
            "no early data",
            &with(&["-tls1_3"]),
            "Early data was not sent",
        ));
        all.push(self.has("a hello without a name", &["-noservername", "-tls1_2"], odd));
        all
    }

    /// A hello by hand, answered by another one or by an alert.
    fn hello(&self, what: &str, version: u16, suites: &[u16], is_spoken: bool) -> Checked {
        let asked = || -> std::io::Result<Vec<u8>> {
            let mut stream = TcpStream::connect(&self.address)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.write_all(&hello(version, suites))?;
            // The kind of a record, and its version.
            let mut answer = vec![0; 3];
            let read = stream.read(&mut answer)?;
            answer.truncate(read);
            Ok(answer)
        };
        let result = match (asked(), is_spoken) {
            (Ok(answer), true) if answer.first() == Some(&0x16) => Ok("yes"),
            (Ok(answer), false) if answer.first() == Some(&0x15) => Ok("refused"),
            (other, _) => Err(format!("{other:?}")),
        };
        self.checked(what, result)
    }

    /// Certificates by name; those of [`certificates`].
    fn names(&self) -> Vec<Checked> {
        let root = self.root.display().to_string();
        let found = |name: &str, subject: &str| {
            let what = format!("the certificate of {name}");
            self.has(
                &what,
                &["-servername", name],
                &format!("subject=CN={subject}\n"),
            )
        };
        let mut all = vec![
            found("one.test", "one"),
            found("a.two.test", "two"),
            found("A.Two.Test", "two"),
            found("two.test", "one"),
            found("elsewhere.test", "one"),
        ];
        let chain = [
            "-servername",
            "a.two.test",
            "-verify_hostname",
            "a.two.test",
        ];
        let chain = [&chain[..], &["-CAfile", &root, "-verify_return_error"]].concat();
        all.push(self.has(
            "another chain, with one between",
            &chain,
            "Verify return code: 0 (ok)",
        ));
        all
    }

    /// The certificate is the one whose fingerprint is told.
    fn fingerprint(&self) -> Checked {
        let told = self.told(&[]);
        let read = || -> Result<(String, String)> {
            let seal = std::fs::read(self.dir.join("run/manage-tls.json"));
            // It is gone when the daemon is.
            let seal: serde_json::Value = serde_json::from_slice(&seal?)?;
            let file = self.dir.join("seen.pem");
            let (begin, end) = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----");
            let from = told.find(begin).context("no certificate")?;
            let to = told.find(end).context("no certificate")? + end.len();
            std::fs::write(&file, &told[from..to])?;
            let seen = openssl(
                &self.dir,
                &[
                    "x509",
                    "-noout",
                    "-fingerprint",
                    "-sha256",
                    "-in",
                    "seen.pem",
                ],
            )?;
            let seen = seen.trim().rsplit('=').next().unwrap_or_default();
            let seen = format!("sha256:{}", seen.replace(':', "").to_lowercase());
            Ok((
                seal["certificate"].as_str().unwrap_or_default().to_owned(),
                seen,
            ))
        };
        let result = match read() {
            Ok((told, seen)) if told == seen => Ok("yes"),
            Ok((told, seen)) => Err(format!("told: {told}\nseen: {seen}")),
            Err(error) => Err(error.to_string()),
        };
        self.checked("the fingerprint that is told", result)
    }

    /// A client that begins anew on the same connection.
    fn renegotiates(&self) -> Checked {
        let file = self.dir.join("again");
        let asked = std::fs::write(&file, "R\n").and_then(|()| {
            let mut command = self.s_client(&["-tls1_2", "-servername", self.host]);
            command.stdin(std::fs::File::open(&file)?).output()
        });
        let result = match asked {
            Ok(output) => {
                let told = String::from_utf8_lossy(&output.stderr).into_owned();
                let is_refused = told.contains("RENEGOTIATING") && told.contains("error");
                is_refused.then_some("refused").ok_or(told)
            }
            Err(error) => Err(error.to_string()),
        };
        self.checked("renegotiation", result)
    }

    /// A client that comes again with its ticket.
    fn resumes(&self) -> Checked {
        let file = self.dir.join(format!("{}.session", self.name));
        let file = file.display().to_string();
        let first = self.told(&["-tls1_2", "-servername", self.host, "-sess_out", &file]);
        let again = self.told(&["-tls1_2", "-servername", self.host, "-sess_in", &file]);
        let is =
            first.contains("TLS session ticket lifetime hint") && again.contains("Reused, TLSv1.2");
        self.checked("tickets", is.then_some("yes").ok_or(first + &again))
    }
}

/// The hello of a client (RFC 5246, 7.4.1.2), in a record.
fn hello(version: u16, suites: &[u16]) -> Vec<u8> {
    let sized = |bytes: &[u8]| [&len(bytes.len()), bytes].concat();
    let numbers = |all: &[u16]| -> Vec<u8> { all.iter().flat_map(|it| it.to_be_bytes()).collect() };
    let extension = |kind: u16, bytes: &[u8]| [&kind.to_be_bytes()[..], &sized(bytes)].concat();
    // Curves, formats of points, algorithms of signatures, the extended master secret.
    let extensions = [
        extension(0x000a, &sized(&numbers(&[0x001d, 0x0017]))),
        extension(0x000b, &[1, 0]),
        extension(0x000d, &sized(&numbers(&[0x0403, 0x0804, 0x0401]))),
        extension(0x0017, &[]),
    ];
    let body = [
        &version.to_be_bytes()[..],
        &[7; 32],
        &[0],
        &sized(&numbers(suites)),
        &[1, 0],
        &sized(&extensions.concat()),
    ];
    let body = body.concat();
    let message = [&[1, 0][..], &sized(&body)].concat();
    [
        &[0x16][..],
        &version.min(0x0301).to_be_bytes(),
        &sized(&message),
    ]
    .concat()
}

/// Hellos here are far below 64 KiB.
fn len(bytes: usize) -> [u8; 2] {
    u16::try_from(bytes).unwrap_or(u16::MAX).to_be_bytes()
}

/// `one`, signed by the root, and `two`, signed by one that the root has signed.
fn certificates(dir: &Path) -> Result<()> {
    let authority = "basicConstraints=critical,CA:TRUE\n";
    let server = |names: &str| {
        format!("basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\nsubjectAltName={names}\n")
    };
    issue(dir, "root", None, authority)?;
    issue(dir, "between", Some("root"), authority)?;
    issue(dir, "one", Some("root"), &server("DNS:one.test"))?;
    issue(dir, "two", Some("between"), &server("DNS:*.two.test"))?;
    for (name, parts) in [("one", &["one"][..]), ("two", &["two", "between"])] {
        let mut chain = Vec::new();
        for part in parts {
            chain.extend(std::fs::read(dir.join(format!("{part}.pem")))?);
        }
        std::fs::write(dir.join(format!("{name}.chain")), chain)?;
    }
    Ok(())
}

fn issue(dir: &Path, name: &str, by: Option<&str>, extensions: &str) -> Result<()> {
    let file = |kind: &str| format!("{name}.{kind}");
    let (key, request, out, more) = (file("key"), file("csr"), file("pem"), file("ext"));
    std::fs::write(dir.join(&more), extensions)?;
    let curve = "ec_paramgen_curve:P-256";
    openssl(
        dir,
        &[
            "genpkey",
            "-algorithm",
            "ec",
            "-pkeyopt",
            curve,
            "-out",
            &key,
        ],
    )?;
    let subject = format!("/CN={name}");
    openssl(
        dir,
        &[
            "req", "-new", "-key", &key, "-subj", &subject, "-out", &request,
        ],
    )?;
    let sign = [
        "x509", "-req", "-in", &request, "-days", "30", "-extfile", &more, "-out", &out,
    ];
    let issuer = by.map(|by| (format!("{by}.pem"), format!("{by}.key")));
    let by = match &issuer {
        Some((certificate, by)) => vec!["-CA", certificate, "-CAkey", by, "-CAcreateserial"],
        None => vec!["-signkey", key.as_str()],
    };
    openssl(dir, &[&sign[..], &by].concat())?;
    Ok(())
}

fn openssl(dir: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(dir)
        .output();
    let output = output.context("cannot run openssl")?;
    if !output.status.success() {
        bail!(
            "openssl {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
