//! A daemon that speaks HTTPS, with certificates that OpenSSL makes.

use crate::daemon::Daemon;
use crate::{setup, step, test, workspace};
use anyhow::{Context, Result};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Such a daemon, which ends with this value.
pub struct Tried {
    daemon: Daemon,
    dir: PathBuf,
    /// Where it speaks HTTPS.
    pub address: SocketAddr,
}

impl Tried {
    /// Starts one on a folder of its own: as `one.test` and `*.two.test`, signed by somebody whom the root signed.
    pub fn start(binary: Option<&Path>) -> Result<Self> {
        setup::https()?;
        let binary = match binary {
            Some(binary) => binary.to_owned(),
            None => test::daemon()?,
        };
        let dir = workspace::target().join("test-tls");
        // What an earlier run left; it may not be there.
        let _ = std::fs::remove_dir_all(&dir);
        workspace::create_dir(&dir)?;
        step::quiet("certificates", || {
            let may_sign = "basicConstraints=critical,CA:TRUE\n";
            issue(&dir, "root", None, may_sign)?;
            issue(&dir, "between", Some("root"), may_sign)?;
            for (name, names) in [("one", "DNS:one.test"), ("two", "DNS:*.two.test")] {
                let kind = "basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n";
                issue(
                    &dir,
                    name,
                    Some("between"),
                    &format!("{kind}subjectAltName={names}\n"),
                )?;
                let read = |file: &str| std::fs::read(dir.join(file));
                let chain = [read(&format!("{name}.pem"))?, read("between.pem")?].concat();
                std::fs::write(dir.join(format!("{name}-chain.pem")), chain)?;
            }
            Ok(())
        })?;
        let daemon = Daemon::start(&binary, &dir, CONFIG)?;
        let text = std::fs::read(dir.join("run/listening.json"))?;
        let listening: serde_json::Value = serde_json::from_slice(&text)?;
        let address = listening["edges_tls"][0].as_str();
        let address = address.context("this binary speaks no HTTPS")?.parse()?;
        Ok(Self {
            daemon,
            dir,
            address,
        })
    }

    /// A file in its folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Ends it in order.
    pub fn stop(self) -> Result<()> {
        self.daemon.stop()
    }
}

const CONFIG: &str = r#"data-dir = "."

[edge]
listen = "127.0.0.1:0"

[manage]
listen = "127.0.0.1:0"

[edge.tls]
listen = "127.0.0.1:0"

[[edge.tls.certificates]]
chain = "one-chain.pem"
key = "one.key"

[[edge.tls.certificates]]
chain = "two-chain.pem"
key = "two.key"
"#;

/// A certificate for 30 days: `NAME.pem` with `NAME.key`.
fn issue(dir: &Path, name: &str, by: Option<&str>, extensions: &str) -> Result<()> {
    let file = |kind: &str| format!("{name}.{kind}");
    let (key, request, out, more) = (file("key"), file("csr"), file("pem"), file("ext"));
    std::fs::write(dir.join(&more), extensions)?;
    let subject = format!("/CN={name}");
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
    openssl(
        dir,
        &[
            "req", "-new", "-key", &key, "-subj", &subject, "-out", &request,
        ],
    )?;
    let mut arguments = vec![
        "x509", "-req", "-in", &request, "-days", "30", "-extfile", &more, "-out", &out,
    ];
    let signer = by.map(|by| (format!("{by}.pem"), format!("{by}.key")));
    match &signer {
        Some((by, with)) => arguments.extend(["-CA", by, "-CAkey", with, "-CAcreateserial"]),
        None => arguments.extend(["-signkey", &key]),
    }
    openssl(dir, &arguments)
}

fn openssl(dir: &Path, arguments: &[&str]) -> Result<()> {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(dir)
        .output()
        .context("cannot run openssl")?;
    let error = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(
        output.status.success(),
        "openssl {arguments:?} failed: {error}"
    );
    Ok(())
}
