//! `bench`: the parts with criterion, the whole with wrk, the result in `docs/benchmarks.md`.
//!
//! To add a row: to a part below, or a file with a function of the same kind in [`WHOLE`].
//! Every criterion bench of the daemon is in the table of parts by itself.

mod criterion;
mod dispatch;
mod fleet;
mod hello;
mod https;
mod javascript;
mod javascript_memory;
mod kv;
mod load;
mod memory;
mod noisy;
mod profile;
mod report;
mod slow;
mod workerd;

use crate::daemon::Daemon;
use crate::machine::{self, Side};
use crate::{guests, setup, step, workspace};
use anyhow::{Context, Result};
use report::Row;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The names of [`WHOLE`].
const PARTS: [&str; 10] = [
    "dispatch",
    "fleet",
    "hello",
    "https",
    "javascript",
    "javascript-memory",
    "kv",
    "memory",
    "noisy",
    "slow",
];

/// The arguments of `bench`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Seconds of each load.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,

    /// How often each load is repeated, in turn with what it is compared with; the median counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=99))]
    rounds: u64,

    /// Only this part of the whole, without criterion; may be given several times. The report is
    /// printed, not written.
    #[arg(long, value_name = "PART", value_parser = PARTS)]
    only: Vec<String>,

    /// The same as `--only`.
    #[arg(value_name = "PART", value_parser = PARTS, conflicts_with = "profile")]
    parts: Vec<String>,

    /// Measures this `postern` instead of building one. For parts by name alone.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["profile", "no_parts"])]
    binary: Option<PathBuf>,

    /// Without workerd where that is what a part is compared with.
    #[arg(long)]
    no_workerd: bool,

    /// Without criterion. The report is printed, not written.
    #[arg(long)]
    no_parts: bool,

    /// A second of each load, once, without criterion: says whether it works, not how fast. The
    /// report is printed, not written.
    #[arg(long, conflicts_with_all = ["seconds", "rounds"])]
    quick: bool,

    /// Shows instead where the fuel and the time of a Worker's request go, by function of the
    /// JavaScript engine's module and of JavaScript, or of a Worker's own module (`.wasm`). A hello
    /// without a file.
    #[arg(long, value_name = "WORKER", num_args = 0..=1, conflicts_with_all = ["only", "no_parts"])]
    profile: Option<Option<PathBuf>>,
}

impl Arguments {
    /// Whether this part of the whole is to be measured.
    fn wants(&self, part: &str) -> bool {
        self.wants_all() || self.named().any(|only| only == part)
    }

    fn named(&self) -> impl Iterator<Item = &String> {
        self.only.iter().chain(&self.parts)
    }

    fn wants_all(&self) -> bool {
        self.named().next().is_none()
    }
}

/// Measures some rows.
type Part = fn(&Bench) -> Result<Vec<Row>>;

/// What is measured on the whole: the binary under real load.
const WHOLE: &[(&str, Part)] = &[
    ("hello", hello::rows),
    ("javascript", javascript::rows),
    ("kv", kv::rows),
    ("dispatch", dispatch::rows),
    ("fleet", fleet::rows),
    ("https", https::rows),
    ("memory", memory::rows),
    ("javascript-memory", javascript_memory::rows),
    ("noisy", noisy::rows),
    ("slow", slow::rows),
];

/// What every part of the whole needs.
struct Bench {
    seconds: u64,
    rounds: u64,
    has_workerd: bool,
    binary: PathBuf,
    bare: PathBuf,
}

/// The daemon's configuration: any port, nothing logged but trouble. An invocation ends a little
/// after its answer, so as many as there are connections must not be the limit.
const CONFIG: &str = r#"data-dir = "."

[edge]
listen = "127.0.0.1:0"

[routing]
modes = ["path"]
namespace = "production"

[manage]
listen = "127.0.0.1:0"

[limits]
concurrent-invocations = 256

[ceilings]
concurrent-invocations = 256

[log]
level = "warn"
"#;

/// Measures and writes.
pub fn run(arguments: &Arguments) -> Result<()> {
    if let Some(binary) = &arguments.binary {
        anyhow::ensure!(!arguments.wants_all(), "name a part that --binary is for");
        return measure(arguments, binary.clone(), PathBuf::new());
    }
    setup::bench()?;
    guests::build()?;
    let mut build = Command::new(workspace::cargo());
    build
        .args(["build", "--release", "--package", "postern-daemon"])
        .args(["--bin", "postern"])
        .current_dir(workspace::root());
    if arguments.profile.is_some() {
        build.args(["--example", "profile"]);
    } else if arguments.wants("hello") {
        build.args(["--example", "bare_hello"]);
    }
    step::loud_command(
        "release builds of the daemon and of what it is compared with",
        &mut build,
    )?;
    let release = workspace::target().join("release");
    let bare = release.join("examples/bare_hello");
    measure(arguments, release.join("postern"), bare)
}

fn measure(arguments: &Arguments, binary: PathBuf, bare: PathBuf) -> Result<()> {
    let (seconds, rounds) = if arguments.quick {
        (1, 1)
    } else {
        (arguments.seconds, arguments.rounds)
    };
    let bench = Bench {
        seconds,
        rounds,
        has_workerd: !arguments.no_workerd,
        binary,
        bare,
    };
    if let Some(worker) = &arguments.profile {
        return profile::run(&bench, worker.as_deref());
    }
    let load = machine::load();
    let mut whole = vec![size(&bench.binary)?];
    for (name, rows) in WHOLE {
        if arguments.wants(name) {
            whole.extend(rows(&bench).with_context(|| format!("benchmark {name}"))?);
        }
    }
    let is_whole = arguments.wants_all() && !arguments.no_parts && !arguments.quick;
    let parts = if !is_whole {
        Vec::new()
    } else {
        criterion::run()?
    };

    let text = report::text(&bench_line(&bench), &load, &whole, &parts);
    println!("{text}");
    if is_whole {
        let file = workspace::root().join("docs/benchmarks.md");
        workspace::create_dir(file.parent().context("it lies in docs")?)?;
        std::fs::write(&file, text)
            .with_context(|| format!("cannot write {}", workspace::shown(&file)))?;
        println!("written to {}", workspace::shown(&file));
    }
    Ok(())
}

fn bench_line(bench: &Bench) -> String {
    format!(
        "cargo xtask bench --seconds {} --rounds {}",
        bench.seconds, bench.rounds
    )
}

fn size(binary: &Path) -> Result<Row> {
    let bytes = binary.metadata().context("the binary vanished")?.len();
    Ok(Row::new("stripped binary", report::Figure::Bytes(bytes))
        .at_most(report::Figure::Bytes(6 << 20)))
}

impl Bench {
    /// The directory of the daemon that is measured.
    fn store() -> PathBuf {
        workspace::target().join("bench-store")
    }

    /// A daemon on a fresh store with the namespace `production`.
    fn daemon(&self) -> Result<Daemon> {
        self.daemon_with("")
    }

    /// The same with more tables in its configuration.
    fn daemon_with(&self, tables: &str) -> Result<Daemon> {
        self.daemon_of(&format!("{CONFIG}{tables}"))
    }

    /// The same with this configuration.
    fn daemon_of(&self, config: &str) -> Result<Daemon> {
        let dir = Self::store();
        match std::fs::remove_dir_all(&dir) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).context("cannot remove an earlier benchmark's store");
            }
            _ => {}
        }
        let daemon = machine::bound(Side::Server, || Daemon::start(&self.binary, &dir, config))?;
        daemon.namespace("production")?;
        Ok(daemon)
    }
}

/// The value in the middle; of an even number of values the higher one.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
