//! `test-tls`: what testssl would ask of a server, asked with the system's OpenSSL and, where that is too young,
//! with hellos made by hand.

mod hello;
mod server;

use crate::process;
use anyhow::{Context, Result, bail};
use hello::{Heard, SSL_3, TLS_1_2};
use server::Tried;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Suites that nobody should speak, by what is wrong with them, as TLS numbers them.
const WEAK: [(&str, &[u16]); 9] = [
    (
        "no encryption (NULL)",
        &[0x0001, 0x0002, 0x003b, 0xc006, 0xc010],
    ),
    (
        "nobody proves anything (anonymous)",
        &[0x0018, 0x0034, 0x006c, 0x00a6, 0xc018],
    ),
    ("keys for export", &[0x0003, 0x0006, 0x0008, 0x000b, 0x0014]),
    ("RC4", &[0x0004, 0x0005, 0xc007, 0xc011]),
    ("DES and 3DES", &[0x0009, 0x000a, 0x0016, 0xc008, 0xc012]),
    (
        "no forward secrecy (RSA alone)",
        &[0x002f, 0x0035, 0x003c, 0x009c, 0x009d],
    ),
    (
        "finite fields (DHE)",
        &[0x0033, 0x0039, 0x0067, 0x009e, 0x009f, 0xccaa],
    ),
    (
        "CBC",
        &[
            0xc009, 0xc00a, 0xc013, 0xc014, 0xc023, 0xc024, 0xc027, 0xc028,
        ],
    ),
    (
        "Camellia, ARIA, SEED, IDEA",
        &[0x0007, 0x0041, 0x0096, 0xc072, 0xc05c, 0xc060],
    ),
];

/// Suites of TLS 1.2 that are as they should be.
const STRONG: [u16; 6] = [0xc02b, 0xc02c, 0xcca9, 0xc02f, 0xc030, 0xcca8];

/// The arguments of `test-tls`.
#[derive(clap::Args)]
pub struct Arguments {
    /// A server that runs already, such as a gateway's management port, instead of a daemon's edge that is
    /// started for this.
    #[arg(long, value_name = "HOST:PORT", requires = "ca")]
    connect: Option<String>,

    /// The roots to which that server's chain must lead, or its certificate itself, in PEM.
    #[arg(long, value_name = "FILE", requires = "connect")]
    ca: Option<PathBuf>,

    /// The name in its certificate.
    #[arg(long, default_value = "localhost", requires = "connect")]
    name: String,

    /// A binary of the daemon other than the one that is built for this.
    #[arg(long, value_name = "FILE", conflicts_with = "connect")]
    binary: Option<PathBuf>,
}

/// What is asked, by whom it is answered, and what came of it.
struct Table {
    rows: Vec<(String, String, bool)>,
}

/// A server and who it should be.
struct Target {
    address: SocketAddr,
    /// Whom to believe.
    ca: PathBuf,
    /// A name that it has a certificate for.
    name: String,
}

/// Asks everything, prints a table, and fails if an answer is not as it should be.
pub fn run(arguments: &Arguments) -> Result<()> {
    if let (Some(connect), Some(ca)) = (&arguments.connect, &arguments.ca) {
        let mut table = Table { rows: Vec::new() };
        let address = connect.to_socket_addrs()?.next();
        let target = Target {
            address: address.with_context(|| format!("{connect} is no address"))?,
            ca: ca.clone(),
            name: arguments.name.clone(),
        };
        target.ask(&mut table)?;
        return table.show();
    }
    check(arguments.binary.as_deref())
}

/// The same of a daemon that is started for this.
pub fn check(binary: Option<&Path>) -> Result<()> {
    let mut table = Table { rows: Vec::new() };
    let tried = Tried::start(binary)?;
    let target = Target {
        address: tried.address,
        ca: tried.file("root.pem"),
        name: "one.test".into(),
    };
    target.ask(&mut table)?;
    target.ask_names(&mut table)?;
    tried.stop()?;
    table.show()
}

impl Table {
    fn row(&mut self, what: &str, told: impl Into<String>, is_well: bool) {
        self.rows.push((what.to_owned(), told.into(), is_well));
    }

    fn show(&self) -> Result<()> {
        let width = self.rows.iter().map(|row| row.0.len()).max().unwrap_or(0);
        for (what, told, is_well) in &self.rows {
            let mark = if *is_well { "ok  " } else { "MISS" };
            println!("{mark}  {what:width$}  {told}");
        }
        let missed = self.rows.iter().filter(|row| !row.2).count();
        if missed > 0 {
            bail!(
                "{missed} of {} answers are not as they should be",
                self.rows.len()
            );
        }
        println!("{} answers, all as they should be", self.rows.len());
        Ok(())
    }
}

impl Target {
    fn s_client(&self, arguments: &[&str], input: &[u8]) -> Result<String> {
        let mut command = Command::new("openssl");
        command
            .args(["s_client", "-connect", &self.address.to_string()])
            .args(["-servername", &self.name])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot run {}", process::shown(&command)))?;
        if let Some(mut stdin) = child.stdin.take() {
            // Who has been refused reads nothing.
            let _ = stdin.write_all(input);
        }
        let output = child.wait_with_output()?;
        let told = [output.stdout, output.stderr].concat();
        Ok(String::from_utf8_lossy(&told).into_owned())
    }

    fn ask(&self, table: &mut Table) -> Result<()> {
        self.ask_protocols(table)?;
        self.ask_suites(table)?;
        self.ask_chain(table)?;
        self.ask_sessions(table)?;
        self.ask_alpn(table)?;
        self.ask_plainly(table)
    }

    fn ask_protocols(&self, table: &mut Table) -> Result<()> {
        let heard = hello::offer_ssl_2(self.address)?;
        table.row("SSL 2", told(heard), is_refused(heard));
        let heard = hello::offer(self.address, &self.name, SSL_3, &[0x000a, 0x002f, 0x0035])?;
        table.row("SSL 3", told(heard), is_refused(heard));
        for (protocol, flag) in [("TLS 1.0", "-tls1"), ("TLS 1.1", "-tls1_1")] {
            // Security level 0, or OpenSSL would not even try.
            let said = self.s_client(&[flag, "-cipher", "ALL:@SECLEVEL=0"], b"")?;
            let is_tried = !said.contains("no protocols available");
            let is_well = is_tried && said.contains("Cipher is (NONE)");
            table.row(protocol, alert(&said), is_well);
        }
        for (protocol, flag, name) in [
            ("TLS 1.2", "-tls1_2", "TLSv1.2"),
            ("TLS 1.3", "-tls1_3", "TLSv1.3"),
        ] {
            let said = self.s_client(&[flag], b"")?;
            let line = line(&said, "New, ");
            let is_well = line.contains(name) && !line.contains("(NONE)");
            table.row(protocol, line, is_well);
        }
        Ok(())
    }

    fn ask_suites(&self, table: &mut Table) -> Result<()> {
        // Without this, a refusal of the others would mean nothing.
        let heard = hello::offer(self.address, &self.name, TLS_1_2, &STRONG)?;
        let is_well =
            matches!(heard, Heard::Agreed { version: TLS_1_2, suite } if STRONG.contains(&suite));
        table.row("strong suites of TLS 1.2", told(heard), is_well);
        for (what, suites) in WEAK {
            let heard = hello::offer(self.address, &self.name, TLS_1_2, suites)?;
            table.row(what, told(heard), is_refused(heard));
        }
        Ok(())
    }

    fn ask_chain(&self, table: &mut Table) -> Result<()> {
        let ca = self.ca.to_string_lossy();
        let said = self.s_client(
            &[
                "-showcerts",
                "-CAfile",
                &ca,
                "-no-CApath",
                "-no-CAstore",
                "-verify_hostname",
                &self.name,
            ],
            b"",
        )?;
        let verified = line(&said, "Verify return code: ");
        table.row(
            "the chain, to a root, for the name",
            verified,
            verified.ends_with("0 (ok)"),
        );
        let shown = said.matches("BEGIN CERTIFICATE").count();
        table.row("certificates in the chain", shown.to_string(), shown > 0);
        let key = line(&said, "Server public key is ");
        let bits = key.split(' ').find_map(|word| word.parse::<u32>().ok());
        table.row("the key", key, bits.is_some_and(|bits| bits >= 256));
        let compression = line(&said, "Compression: ");
        table.row("no compression", compression, compression.ends_with("NONE"));
        Ok(())
    }

    fn ask_sessions(&self, table: &mut Table) -> Result<()> {
        let said = self.s_client(&["-tls1_2"], b"R\n")?;
        let is_well = said.contains("RENEGOTIATING") && said.contains("error");
        table.row("renegotiation is refused", alert(&said), is_well);
        let bound = line(&said, "Extended master secret: ");
        table.row(
            "secrets are bound to handshakes",
            bound,
            bound.ends_with("yes"),
        );
        let safe = line(&said, "Secure Renegotiation IS");
        table.row(
            "who renegotiates is told apart",
            safe,
            safe.ends_with("IS supported"),
        );
        let file = std::env::temp_dir().join(format!("postern-tls-{}", std::process::id()));
        let session = file.to_string_lossy();
        let first = self.s_client(&["-tls1_2", "-sess_out", &session], b"");
        let again = self.s_client(&["-tls1_2", "-sess_in", &session], b"");
        // It holds a secret of a connection that is over.
        let _ = std::fs::remove_file(&file);
        let lifetime = first?;
        let lifetime = line(&lifetime, "TLS session ticket lifetime hint: ").to_owned();
        table.row("a ticket", &*lifetime, !lifetime.is_empty());
        let again = again?;
        let reused = line(&again, "Reused, ");
        table.row(
            "who has one goes on with it",
            reused,
            reused.contains("TLSv1.2"),
        );
        Ok(())
    }

    fn ask_alpn(&self, table: &mut Table) -> Result<()> {
        let said = self.s_client(&["-alpn", "http/1.1"], b"")?;
        let chosen = line(&said, "ALPN protocol: ");
        table.row("ALPN of http/1.1", chosen, chosen.ends_with("http/1.1"));
        let said = self.s_client(&["-alpn", "h2,http/1.1"], b"")?;
        let chosen = line(&said, "ALPN protocol: ");
        let is_well = chosen.ends_with("http/1.1") || chosen.ends_with("h2");
        table.row("ALPN of h2 and http/1.1", chosen, is_well);
        let said = self.s_client(&["-alpn", "gopher"], b"")?;
        table.row(
            "ALPN of nothing it speaks",
            alert(&said),
            said.contains("no application protocol"),
        );
        Ok(())
    }

    fn ask_plainly(&self, table: &mut Table) -> Result<()> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")?;
        let mut answer = Vec::new();
        // What it does not read it may answer with a reset.
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        let status = answer.lines().next().unwrap_or_default();
        table.row(
            "HTTP without TLS",
            status,
            status.is_empty() || status.starts_with("HTTP/1.1 400"),
        );
        Ok(())
    }

    /// Certificates by name, of the daemon that was started for this.
    fn ask_names(&self, table: &mut Table) -> Result<()> {
        for (name, subject) in [
            ("one.test", "CN=one"),
            ("a.two.test", "CN=two"),
            ("A.Two.Test", "CN=two"),
            ("two.test", "CN=one"),
            ("a.b.two.test", "CN=one"),
            ("elsewhere.test", "CN=one"),
        ] {
            let target = Self {
                name: name.into(),
                ca: self.ca.clone(),
                ..*self
            };
            let said = target.s_client(&[], b"")?;
            let told = line(&said, "subject=").replace(' ', "");
            let is_well = told.ends_with(subject);
            table.row(&format!("who is {name}"), told, is_well);
        }
        let said = self.s_client(&["-showcerts"], b"")?;
        let shown = said.matches("BEGIN CERTIFICATE").count();
        table.row(
            "its own certificate and who signed it, not the root",
            shown.to_string(),
            shown == 2,
        );
        Ok(())
    }
}

fn is_refused(heard: Heard) -> bool {
    !matches!(heard, Heard::Agreed { .. })
}

fn told(heard: Heard) -> String {
    match heard {
        Heard::Agreed { version, suite } => format!("agreed on {suite:#06x} of {version:#06x}"),
        Heard::Alert(40) => "alert: handshake failure".into(),
        Heard::Alert(70) => "alert: protocol version".into(),
        Heard::Alert(other) => format!("alert {other}"),
        Heard::Closed => "closed".into(),
    }
}

/// The line that has this, from there on.
fn line<'a>(said: &'a str, what: &str) -> &'a str {
    let line = said
        .lines()
        .find_map(|line| line.find(what).map(|at| &line[at..]));
    line.unwrap_or_default().trim()
}

/// What OpenSSL says of a refusal.
fn alert(said: &str) -> String {
    let error = said
        .lines()
        .find(|line| line.contains(":error:") || line.contains("alert"));
    let error = error.unwrap_or("no refusal");
    let mut parts = error.split(':').filter(|part| part.contains(' '));
    parts.next_back().unwrap_or(error).trim().to_owned()
}
