//! A running `postern`, for `up` and for benchmarks: its configuration, its token, its addresses,
//! and calls of its own command line.

use crate::process::{self, Server};
use crate::{step, workspace};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long a start may take: opening a store, judging again what an older build judged.
const START_PATIENCE: Duration = Duration::from_secs(120);
/// How long an end may take before the daemon is killed: longer than it gives requests.
const STOP_PATIENCE: Duration = Duration::from_secs(60);

/// A daemon that runs until this value is dropped at the latest.
pub struct Daemon {
    binary: PathBuf,
    token_file: PathBuf,
    server: Server,
    listening: Listening,
}

/// What the daemon writes to `run/listening.json` when it can be reached.
#[derive(Clone, Debug, Deserialize)]
struct Listening {
    edge: String,
    manage: String,
    #[serde(default)]
    edges_tls: Vec<String>,
    pid: u32,
}

impl Daemon {
    /// Starts `binary` on the store in `dir`, which keeps `postern.toml` and `token` too; both
    /// are made if they are not there, the first from `config`.
    pub fn start(binary: &Path, dir: &Path, config: &str) -> Result<Self> {
        workspace::create_dir(dir)?;
        let config_file = dir.join("postern.toml");
        if !config_file.exists() {
            std::fs::write(&config_file, config)
                .with_context(|| format!("cannot write {}", config_file.display()))?;
        }
        let token_file = dir.join("token");
        if !token_file.exists() {
            create_token(binary, &config_file, &token_file)?;
        }
        let mut server = Server::start(
            Command::new(binary)
                .arg("serve")
                .arg("--config")
                .arg(&config_file),
        )?;
        let file = dir.join("run/listening.json");
        let listening = step::quiet("starting the daemon", || wait_for(&file, &mut server))?;
        Ok(Self {
            binary: binary.to_owned(),
            token_file,
            server,
            listening,
        })
    }

    /// Where requests go.
    pub fn edge(&self) -> String {
        format!("http://{}", self.listening.edge)
    }

    /// The management port's base URL.
    pub fn manage(&self) -> String {
        format!("http://{}/client/v4", self.listening.manage)
    }

    /// Host and port of its first address for HTTPS, if it has one.
    pub fn edge_tls(&self) -> Option<String> {
        self.listening.edges_tls.first().cloned()
    }

    /// Host and port of the management port.
    pub fn manage_address(&self) -> String {
        self.listening.manage.clone()
    }

    /// The file with its token.
    pub fn token_file(&self) -> &Path {
        &self.token_file
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.server.id()
    }

    /// Runs a subcommand of `postern` against it; the result it prints as JSON.
    pub fn call(&self, arguments: &[&str]) -> Result<serde_json::Value> {
        let mut command = Command::new(&self.binary);
        command
            .args(arguments)
            .args(["--json", "--url", &self.manage(), "--token-file"])
            .arg(&self.token_file)
            .stdin(Stdio::null());
        let output = command.output().context("cannot run postern")?;
        if !output.status.success() {
            bail!(
                "{} failed: {}",
                process::shown(&command),
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        serde_json::from_slice(&output.stdout)
            .with_context(|| format!("{} printed no JSON", process::shown(&command)))
    }

    /// Makes the dispatch namespace unless it is there.
    pub fn namespace(&self, name: &str) -> Result<()> {
        if !holds(&self.call(&["namespace", "list"])?, name) {
            self.call(&["namespace", "create", name])?;
        }
        Ok(())
    }

    /// Makes the KV namespace unless it is there.
    pub fn kv_namespace(&self, title: &str) -> Result<()> {
        if !holds(&self.call(&["kv", "namespace", "list"])?, title) {
            self.call(&["kv", "namespace", "create", title])?;
        }
        Ok(())
    }

    /// Pushes a wasm file as a user Worker.
    pub fn push(&self, wasm: &Path, name: &str, more: &[&str]) -> Result<()> {
        let wasm = wasm.to_string_lossy();
        let mut arguments = vec!["push", &*wasm, "--name", name];
        if !more.contains(&"--namespace") {
            arguments.extend_from_slice(&["--namespace", "production"]);
        }
        arguments.extend_from_slice(more);
        self.call(&arguments).map(drop)
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.server.ended()
    }

    /// Ends it in order: requests in flight finish, the store is closed.
    pub fn stop(mut self) -> Result<()> {
        self.server.terminate()?;
        let status = self.server.wait(STOP_PATIENCE)?;
        if !status.success() {
            bail!("the daemon ended with {status}");
        }
        Ok(())
    }
}

/// A token has to be made before the daemon runs, which then holds the store.
fn create_token(binary: &Path, config: &Path, token_file: &Path) -> Result<()> {
    let mut command = Command::new(binary);
    command
        .args(["token", "create", "--name", "xtask", "--config"])
        .arg(config)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    let output = command.output().context("cannot run postern")?;
    if !output.status.success() {
        bail!("{} failed ({})", process::shown(&command), output.status);
    }
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(token_file)
        .and_then(|mut file| file.write_all(&output.stdout))
        .with_context(|| format!("cannot write {}", token_file.display()))
}

fn wait_for(file: &Path, server: &mut Server) -> Result<Listening> {
    let start = Instant::now();
    loop {
        // An older daemon may have left its file; only the process that was started counts.
        if let Ok(text) = std::fs::read(file)
            && let Ok(listening) = serde_json::from_slice::<Listening>(&text)
            && listening.pid == server.id()
        {
            return Ok(listening);
        }
        if let Some(status) = server.ended()? {
            bail!("the daemon ended while it started ({status}); it says why above");
        }
        if start.elapsed() > START_PATIENCE {
            bail!(
                "the daemon does not listen after {} s",
                START_PATIENCE.as_secs()
            );
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Whether `text` is one of the strings in a JSON value.
fn holds(value: &serde_json::Value, text: &str) -> bool {
    match value {
        serde_json::Value::String(string) => string == text,
        serde_json::Value::Array(items) => items.iter().any(|item| holds(item, text)),
        serde_json::Value::Object(members) => members.values().any(|member| holds(member, text)),
        _ => false,
    }
}
