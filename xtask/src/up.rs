//! `up`: a running daemon with three tenants, from nothing.

use crate::daemon::Daemon;
use crate::{build, guests, step, test, workspace};
use anyhow::{Context, Result, bail};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The arguments of `up`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Builds the daemon as it is shipped; some minutes longer. Without it the daemon itself is
    /// not optimised, its libraries are.
    #[arg(long)]
    release: bool,
}

const NAMESPACE: &str = "production";
const KV: &str = "counts";

/// The sample tenants and what each push adds.
const TENANTS: &[(&str, &[&str])] = &[
    ("hello", &[]),
    ("kv-counter", &["--kv", "COUNTS=counts"]),
    ("hello-c", &[]),
];

/// Written once to `.postern/postern.toml`, for its owner to change.
const CONFIG: &str = r#"# Made by `cargo xtask up`; yours to change. `postern config check --file` explains mistakes.
# Everything durable lies beside this file.
data-dir = "."

[edge]
listen = "127.0.0.1:8787"

# A request's first path segment names the Worker: /hello/… goes to `hello`.
[routing]
modes = ["path"]
namespace = "production"

[manage]
listen = "127.0.0.1:8788"
"#;

/// Builds, starts, pushes, and waits for Ctrl-C.
pub fn run(arguments: &Arguments) -> Result<()> {
    // From here on Ctrl-C ends things in order; a second one ends this program at once.
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        signal_hook::flag::register_conditional_shutdown(signal, 130, stop.clone())
            .and_then(|_| signal_hook::flag::register(signal, stop.clone()))
            .context("cannot catch Ctrl-C")?;
    }
    guests::build()?;
    let binary = if arguments.release {
        build::release()?
    } else {
        test::daemon()?
    };
    let going_on = || {
        if stop.load(Ordering::Relaxed) {
            bail!("stopped");
        }
        Ok(())
    };
    going_on()?;
    let mut daemon = Daemon::start(&binary, &workspace::root().join(".postern"), CONFIG)?;
    step::quiet("namespaces", || {
        daemon.namespace(NAMESPACE)?;
        daemon.kv_namespace(KV)
    })?;
    for (name, more) in TENANTS {
        going_on()?;
        step::quiet(&format!("pushing {name}"), || {
            daemon.push(&guests::path(name), name, more)
        })?;
    }
    show(&daemon, &binary);
    loop {
        if stop.load(Ordering::Relaxed) {
            eprintln!();
            return step::quiet("stopping the daemon", || daemon.stop());
        }
        if let Some(status) = daemon.ended()? {
            bail!("the daemon ended by itself ({status})");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn show(daemon: &Daemon, binary: &Path) {
    let edge = daemon.edge();
    let manage = daemon.manage();
    let token_file = workspace::shown(daemon.token_file());
    let postern = workspace::shown(binary);
    println!(
        "
Postern serves {tenants} tenants of `{NAMESPACE}`:

  curl {edge}/hello/
  curl {edge}/kv-counter/some/page        # counts its visits, durably
  curl {edge}/hello-c/

The management port:

  export POSTERN_URL={manage}
  export POSTERN_TOKEN=$(cat {token_file})
  {postern} list --namespace {NAMESPACE}
  {postern} kv list -n {KV}
  {postern} logs hello --namespace {NAMESPACE}
  curl -H \"Authorization: Bearer $POSTERN_TOKEN\" $POSTERN_URL/accounts/edge/workers/dispatch/namespaces

Ctrl-C stops it; what was acknowledged stays in .postern/ for the next run.",
        tenants = TENANTS.len(),
    );
}
