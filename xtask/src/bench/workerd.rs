//! A workerd that something is compared with.

use super::load;
use crate::machine::{self, Side};
use crate::process::Server;
use crate::step;
use anyhow::{Context, Result, bail};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// One that answers on ports of its own, until it is dropped.
pub struct Workerd {
    server: Server,
    /// Where it answers, in the order of its ports.
    pub urls: Vec<String>,
}

impl Workerd {
    /// Starts `program` in `dir` with this configuration; it answers on all of `ports` then.
    pub fn start(program: &Path, dir: &Path, config: &str, ports: &[u16]) -> Result<Self> {
        std::fs::write(dir.join("config.capnp"), config)
            .context("cannot write workerd's configuration")?;
        let urls = ports.iter().map(|port| format!("http://127.0.0.1:{port}"));
        let urls: Vec<String> = urls.collect();
        let log = std::fs::File::create(dir.join("log"))?;
        let mut server = machine::bound(Side::Server, || {
            Server::start(
                Command::new(program)
                    .args(["serve", "config.capnp"])
                    .current_dir(dir)
                    .stdout(Stdio::null())
                    .stderr(log),
            )
        })?;
        step::quiet("starting workerd", || {
            let start = Instant::now();
            for url in &urls {
                while let Err(error) = load::touch(url, "/") {
                    if server.ended()?.is_some() || start.elapsed() > PATIENCE {
                        let told = std::fs::read_to_string(dir.join("log")).unwrap_or_default();
                        bail!("workerd does not answer ({error:#}): {told}");
                    }
                    std::thread::sleep(Duration::from_millis(10));
                }
            }
            Ok(())
        })?;
        Ok(Self { server, urls })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.server.id()
    }
}

/// Ports that nobody has at the moment.
pub fn free_ports(count: usize) -> Result<Vec<u16>> {
    let listeners: Vec<TcpListener> = (0..count)
        .map(|_| TcpListener::bind("127.0.0.1:0"))
        .collect::<Result<_, _>>()
        .context("no port is free")?;
    listeners
        .iter()
        .map(|listener| Ok(listener.local_addr()?.port()))
        .collect()
}
