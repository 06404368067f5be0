//! Slow clients: how late the answers of a well-behaved tenant are beside a thousand connections that say
//! or take as little as they can, by slowhttptest, and beside as many that say nothing.

use super::Bench;
use super::javascript::HELLO;
use super::noisy::{Measured, Place, RATE, measure, push};
use super::report::{Figure, Row};
use crate::machine::{self, Side};
use crate::process::Server;
use crate::{daemon::Daemon, setup, step};
use anyhow::{Context, Result, bail};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Connections of each attack.
const CONNECTIONS: usize = 1000;
/// What the p99 may be of what it is alone.
const GOAL: f64 = 2.0;
/// How long slowhttptest may take to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reads what never comes to an end, and says what nobody takes.
const SLOW: &str = "
export default {
  async fetch(request) {
    if (request.method === 'POST') return new Response(await request.text());
    return new Response('x'.repeat(100_000));
  },
};
";

/// What slowhttptest is told; nothing means connections that say nothing.
struct Kind {
    what: &'static str,
    arguments: &'static [&'static str],
}

const KINDS: &[Kind] = &[
    Kind {
        what: "slow heads",
        arguments: &["-H", "-i", "1"],
    },
    Kind {
        what: "slow bodies",
        arguments: &["-B", "-i", "1", "-s", "8192"],
    },
    Kind {
        what: "slow reads",
        arguments: &["-X", "-n", "1", "-w", "1", "-y", "16", "-z", "5"],
    },
    Kind {
        what: "half-open",
        arguments: &[],
    },
];

/// The p99 without and with each, in turn.
pub fn rows(bench: &Bench) -> Result<Vec<Row>> {
    setup::slow()?;
    let daemon = bench.daemon()?;
    push(&daemon, &[("quiet", HELLO), ("slow", SLOW)])?;
    let host = daemon.edge().trim_start_matches("http://").to_owned();
    let place = Place::of((host.clone(), "/quiet/".to_owned()));
    let mut rows = Vec::new();
    for kind in KINDS {
        let (mut alone, mut beside) = (Vec::new(), Vec::new());
        let mut held = 0;
        for round in 1..=bench.rounds {
            let what = format!("{}, round {round} of {}", kind.what, bench.rounds);
            alone.push(step::quiet(&format!("without {what}"), || {
                measure(bench, &place, || {})
            })?);
            let (measured, open) = step::quiet(&format!("with {what}"), || {
                attacked(bench, &daemon, kind, &host, &place)
            })?;
            beside.push(measured);
            held = held.max(open);
        }
        if let Some(measured) = beside.iter().find(|it| it.failed > 0) {
            bail!("{}: {} requests failed", kind.what, measured.failed);
        }
        let what = format!(
            "p99 of {RATE} requests a second beside {CONNECTIONS} connections: {} ({held} were open at the end)",
            kind.what
        );
        let row = Row::new(what, middle(&beside)).against("without", middle(&alone));
        rows.push(row.ratio_at_most(GOAL));
    }
    daemon.stop()?;
    Ok(rows)
}

fn middle(all: &[Measured]) -> Figure {
    Figure::Ms(super::median(all.iter().map(Measured::p99_ms).collect()))
}

/// Measures while the attack goes on, from its first connection on; and the connections that the daemon has
/// at the end. They are not counted before: to list a thousand files takes a core for some milliseconds, in which the
/// system gives it to nobody.
fn attacked(
    bench: &Bench,
    daemon: &Daemon,
    kind: &Kind,
    host: &str,
    place: &Place,
) -> Result<(Measured, usize)> {
    let before = open_files(daemon)?;
    let mut attack = Ok(Attack::None);
    let measured = measure(bench, place, || {
        attack = Attack::begin(kind, host, bench.seconds);
    })?;
    let open = open_files(daemon)?.saturating_sub(before);
    attack?.end()?;
    Ok((measured, open))
}

enum Attack {
    None,
    /// They are closed when this is dropped.
    Silent(#[allow(dead_code)] Vec<TcpStream>),
    Running(Server),
}

impl Attack {
    fn begin(kind: &Kind, host: &str, seconds: u64) -> Result<Self> {
        if kind.arguments.is_empty() {
            let open = |_| TcpStream::connect(host).context("a connection that says nothing");
            let open: Result<Vec<_>> = (0..CONNECTIONS).map(open).collect();
            return open.map(Self::Silent);
        }
        let count = CONNECTIONS.to_string();
        let server = machine::bound(Side::Load, || {
            Server::start(
                // Who measures is not to wait for a core because of it: beside a higher `nice` it would, for as
                // long as a slice.
                Command::new("chrt")
                    .args(["--idle", "0", "slowhttptest", "-c", &count, "-r", &count])
                    // Longer than is measured.
                    .args(["-l", &(2 * seconds + 5).to_string()])
                    .args(["-u", &format!("http://{host}/slow/")])
                    .args(kind.arguments)
                    .stdout(Stdio::null())
                    .stderr(Stdio::null()),
            )
        })?;
        Ok(Self::Running(server))
    }

    fn end(self) -> Result<()> {
        if let Self::Running(mut server) = self {
            server.terminate()?;
            server.wait(PATIENCE)?;
        }
        Ok(())
    }
}

fn open_files(daemon: &Daemon) -> Result<usize> {
    let files = std::fs::read_dir(format!("/proc/{}/fd", daemon.id()));
    Ok(files.context("the daemon is gone")?.count())
}
