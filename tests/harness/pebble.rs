//! An authority of ACME: Debian's pebble, which looks at names by a server of names that says 127.0.0.1 of all.

use crate::tls::Certificates;
use crate::wait::eventually;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// What names are refused with.
pub const BLOCKED: &str = "blocked.test";

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// pebble, until it is dropped.
pub struct Pebble {
    children: Vec<Child>,
    dir: TempDir,
    names: u16,
    manage: u16,
    /// Where it is asked, by HTTPS as `127.0.0.1`.
    pub port: u16,
}

impl Pebble {
    /// One that listens nowhere yet, but will at its port.
    pub fn prepare() -> Self {
        Self {
            children: Vec::new(),
            dir: tempfile::tempdir().expect("a directory"),
            names: free_port(),
            manage: free_port(),
            port: free_port(),
        }
    }

    /// The URL of its directory.
    pub fn directory(&self) -> String {
        format!("https://127.0.0.1:{}/dir", self.port)
    }

    /// Starts it, with the certificate `acme`. It looks at these ports for HTTP and TLS; what it issues is valid for so many
    /// seconds.
    pub fn start(&mut self, certificates: &Certificates, (http, tls): (u16, u16), life_s: u64) {
        let config = serde_json::json!({"pebble": {
            "listenAddress": format!("127.0.0.1:{}", self.port),
            "managementListenAddress": format!("127.0.0.1:{}", self.manage),
            "certificate": certificates.path("acme.pem"),
            "privateKey": certificates.path("acme.key"),
            "httpPort": http,
            "tlsPort": tls,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": false,
            "domainBlocklist": [BLOCKED],
            "certificateValidityPeriod": life_s,
        }});
        let file = self.dir.path().join("pebble.json");
        std::fs::write(&file, config.to_string()).expect("a file");
        let names = format!("127.0.0.1:{}", self.names);
        let manage_names = format!("127.0.0.1:{}", free_port());
        let mut spawn = |command: &mut Command| {
            let child = command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("pebble runs; `cargo xtask setup` installs it");
            self.children.push(child);
        };
        spawn(
            Command::new("pebble-challtestsrv")
                .args(["-dns01", &names, "-http01", "", "-https01", ""])
                .args([
                    "-tlsalpn01",
                    "",
                    "-defaultIPv6",
                    "",
                    "-management",
                    &manage_names,
                ]),
        );
        spawn(
            Command::new("pebble")
                .arg("-config")
                .arg(&file)
                .args(["-dnsserver", &names])
                .env("PEBBLE_VA_NOSLEEP", "1"),
        );
        eventually("pebble to listen", || {
            TcpStream::connect(("127.0.0.1", self.port)).ok()
        });
    }

    /// Ends it.
    pub fn stop(&mut self) {
        for mut child in self.children.drain(..) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// A file with the root of what it issues, which is another one after each start.
    pub fn root(&self) -> PathBuf {
        let file = self.dir.path().join("issued-root.pem");
        let url = format!("https://127.0.0.1:{}/roots/0", self.manage);
        let done = Command::new("curl")
            .args([
                "--silent",
                "--show-error",
                "--fail",
                "--insecure",
                "--output",
            ])
            .arg(&file)
            .arg(url)
            .output()
            .expect("curl runs");
        assert!(done.status.success(), "{done:?}");
        file
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        self.stop();
    }
}
