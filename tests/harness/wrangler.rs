//! wrangler as its users run it: the pinned one of `tests/clients`, unmodified.

use crate::cli::Ran;
use crate::daemon::Daemon;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where npm put the clients of `tests/clients`: `cargo xtask setup --for clients` does, into
/// `target/npm/clients`, or the variable `POSTERN_CLIENTS` names another `node_modules`.
pub fn clients() -> PathBuf {
    std::env::var_os("POSTERN_CLIENTS").map_or_else(
        || {
            PathBuf::from(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../target/npm/clients/node_modules"
            ))
        },
        PathBuf::from,
    )
}

/// The Node that the clients run on: theirs, as the machine's may be too old for them.
#[track_caller]
pub fn node() -> PathBuf {
    let arch = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    let node = clients().join(format!("node-linux-{arch}/bin/node"));
    assert!(
        node.exists(),
        "{} is not there; install it with `cargo xtask setup --for clients`",
        node.display()
    );
    node
}

impl Daemon {
    /// wrangler in a folder against this daemon, to be run. It has a home of its own and knows
    /// nothing of this machine.
    #[track_caller]
    pub fn wrangler_command(&self, folder: &Path, arguments: &[&str]) -> Command {
        let home = self.dir().join("home");
        std::fs::create_dir_all(&home).unwrap();
        let url = format!("http://{}/client/v4", self.manage());
        let mut command = Command::new(node());
        command
            .arg(clients().join("wrangler/bin/wrangler.js"))
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &home)
            .env("CI", "1")
            .env("CLOUDFLARE_API_BASE_URL", url)
            .env("CLOUDFLARE_API_TOKEN", self.token())
            .env("CLOUDFLARE_ACCOUNT_ID", "edge")
            .env("WRANGLER_SEND_METRICS", "false")
            .env("WRANGLER_HIDE_BANNER", "true")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs wrangler in a folder, with something on stdin, to its end.
    #[track_caller]
    pub fn wrangler(&self, folder: &Path, arguments: &[&str], stdin: &str) -> Ran {
        let mut child = self.wrangler_command(folder, arguments).spawn().unwrap();
        // A command that does not read its stdin may be gone already.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        let output = child.wait_with_output().unwrap();
        Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
