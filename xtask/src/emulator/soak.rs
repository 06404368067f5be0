//! `soak`: an emulated board under a mixed load for as long as one likes, and whether anything of it
//! grows, fails or is lost.
//!
//! The load is meant to be one that a board bears for ever: what is written is written over again,
//! and what is pushed replaces what was there. So memory and disk must settle.

use super::boot_test::Trial;
use super::http::{self, Manage};
use super::machine::Machine;
use super::{fresh_disk, ram};
use crate::image::{self, Plan};
use crate::{guests, step, workspace};
use anyhow::{Context, Result, bail};
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Workers that are asked: compiled ones, those that write to KV, and those in JavaScript.
const COMPILED: usize = 4;
const COUNTERS: usize = 2;
const JAVASCRIPT: usize = 4;
/// Keys that are written, over and over.
const KEYS: usize = 256;
/// Connections that ask at the same time.
const ASKING: usize = 2;
/// Between two pushes.
const PUSH_EVERY: Duration = Duration::from_secs(5);
/// What memory and disk may grow by from the second quarter to the last and still count as settled.
const GROWTH_MAX: u64 = 8 << 20;
/// Mistakes that are told in words.
const TOLD_MAX: usize = 10;
const NAMESPACE: &str = "production";

/// The arguments of `soak`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The board: `qemu-arm64` or `qemu-armv7`.
    #[arg(long)]
    board: String,

    /// For how long.
    #[arg(long, default_value_t = 10, value_name = "COUNT")]
    minutes: u64,

    /// Seconds between two lines of the report.
    #[arg(long, default_value_t = 30, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,

    /// Mebibytes of the disk.
    #[arg(long, default_value_t = 1024, value_name = "MIB")]
    disk: u64,

    /// The daemon to put in, in place of the one that `build --board` makes; `postern-early` must
    /// lie beside it.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

/// Boots it, loads it, reports, judges.
pub fn run(arguments: &Arguments) -> Result<()> {
    let plan = Plan::new(&arguments.board, None, None)?;
    let binary = match &arguments.binary {
        Some(binary) => binary.clone(),
        None => image::binary(plan.board())?,
    };
    image::make(&plan, &binary)?;
    let trial = Trial {
        board: &arguments.board,
        folder: plan.folder.join("soak"),
        disk: plan.folder.join("soak.img"),
    };
    fresh_disk(&plan.folder.join("disk.img"), &trial.disk, arguments.disk)?;
    let machine = trial.boot(ram(plan.board()))?;
    step::quiet("booting", || machine.served())?;
    let manage = machine.manage(&machine.token()?);
    let load = step::quiet("pushing the Workers", || Load::new(&machine, &manage))?;
    let end = Duration::from_secs(arguments.minutes * 60);
    let rows = load.run(end, Duration::from_secs(arguments.every))?;
    let memory_max = plan.board().memory_bytes();
    load.judge(&rows, memory_max)?;
    let console = machine.console();
    if console.contains("the daemon ended") || console.contains("Out of memory") {
        bail!("the daemon did not last:\n{console}");
    }
    step::quiet("switching the machine off", || machine.power_off())
}

/// What is asked of a machine, and what came of it.
struct Load<'a> {
    machine: &'a Machine,
    manage: &'a Manage,
    hello: Vec<u8>,
    counter: Vec<u8>,
    kv: String,
    over: AtomicBool,
    asked: AtomicU64,
    written: AtomicU64,
    pushed: AtomicU64,
    errors: AtomicU64,
    told: std::sync::Mutex<Vec<String>>,
}

/// The figures at a moment.
#[derive(Clone, Copy, Debug, Default)]
struct Row {
    seconds: u64,
    rss: u64,
    isolates: u64,
    fuel: u64,
    asked: u64,
    written: u64,
    pushed: u64,
    errors: u64,
    disk: u64,
}

impl<'a> Load<'a> {
    fn new(machine: &'a Machine, manage: &'a Manage) -> Result<Self> {
        let guest = |name| {
            let path = guests::path(name);
            std::fs::read(&path).with_context(|| {
                format!(
                    "there is no {}; build it: cargo xtask guests",
                    workspace::shown(&path)
                )
            })
        };
        let load = Self {
            machine,
            manage,
            hello: guest("hello")?,
            counter: guest("kv-counter")?,
            kv: manage.kv_namespace("soak")?,
            over: AtomicBool::new(false),
            asked: AtomicU64::new(0),
            written: AtomicU64::new(0),
            pushed: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            told: std::sync::Mutex::new(Vec::new()),
        };
        manage.namespace(NAMESPACE)?;
        for (number, name) in names().iter().enumerate() {
            load.push(number, name)?;
        }
        Ok(load)
    }

    /// Pushes one of the Workers, anew if it is there.
    fn push(&self, number: usize, name: &str) -> Result<()> {
        if number < COMPILED {
            return self.manage.push(NAMESPACE, name, &self.hello, None);
        }
        if number < COMPILED + COUNTERS {
            let kv = Some(("COUNTS", self.kv.as_str()));
            return self.manage.push(NAMESPACE, name, &self.counter, kv);
        }
        let kind = ("main.js", "application/javascript+module");
        let kv = Some(("KV", self.kv.as_str()));
        self.manage
            .push_module(NAMESPACE, name, kind, source(name).as_bytes(), kv)
    }

    fn run(&self, end: Duration, every: Duration) -> Result<Vec<Row>> {
        let start = Instant::now();
        std::thread::scope(|scope| {
            for side in 0..ASKING {
                scope.spawn(move || self.ask(side));
            }
            scope.spawn(|| self.write());
            scope.spawn(|| self.change());
            let mut rows = vec![self.row(start)?];
            println!("{}", Head);
            let looked = loop {
                std::thread::sleep(every.min(end.saturating_sub(start.elapsed())));
                match self.row(start) {
                    Ok(row) => {
                        if let Some(before) = rows.last() {
                            println!("{}", Line(*before, row));
                        }
                        rows.push(row);
                    }
                    Err(error) => break Err(error),
                }
                if start.elapsed() >= end {
                    break Ok(rows);
                }
            };
            self.over.store(true, Ordering::SeqCst);
            looked
        })
    }

    fn over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    fn count(&self, which: &AtomicU64, what: &str, done: Result<()>) {
        match done {
            Ok(()) => {
                which.fetch_add(1, Ordering::Relaxed);
            }
            // What was under way when it ended is nobody's mistake.
            Err(_) if self.over() => {}
            Err(error) => {
                self.errors.fetch_add(1, Ordering::Relaxed);
                if let Ok(mut told) = self.told.lock()
                    && told.len() < TOLD_MAX
                {
                    told.push(format!("{what}: {error:#}"));
                }
            }
        }
    }

    /// Asks all Workers in turn.
    fn ask(&self, side: usize) {
        let names = names();
        for number in side.. {
            if self.over() {
                return;
            }
            let name = &names[number % names.len()];
            let done = self.get(&format!("/{name}/key-{}", number % KEYS));
            self.count(&self.asked, name, done);
        }
    }

    fn get(&self, path: &str) -> Result<()> {
        let answer = http::ask(self.machine.edge, "GET", path, &[], &[])?;
        if answer.status != 200 {
            let text = String::from_utf8_lossy(&answer.body);
            bail!("{}: {}", answer.status, text.trim());
        }
        Ok(())
    }

    /// Writes keys over and over; each is read back.
    fn write(&self) {
        for number in 0.. {
            if self.over() {
                return;
            }
            let key = format!("value-{}", number % KEYS);
            let value = format!("{number} of {key};").repeat(1 + number % 64);
            let done = self
                .manage
                .put(&self.kv, &key, &value)
                .and_then(|()| self.manage.get(&self.kv, &key))
                .and_then(|found| match found == value.as_bytes() {
                    true => Ok(()),
                    false => bail!("what was acknowledged was not read"),
                });
            self.count(&self.written, &key, done);
        }
    }

    /// Pushes the Workers anew, one after the other.
    fn change(&self) {
        let names = names();
        for number in (0..names.len()).cycle() {
            let next = Instant::now() + PUSH_EVERY;
            while Instant::now() < next {
                if self.over() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(100));
            }
            let name = &names[number];
            self.count(&self.pushed, name, self.push(number, name));
        }
    }

    fn row(&self, start: Instant) -> Result<Row> {
        let told = self.manage.status()?;
        let number = |pointer: &str| {
            told.pointer(pointer)
                .and_then(serde_json::Value::as_u64)
                .with_context(|| format!("the status has no {pointer}"))
        };
        let load = |it: &AtomicU64| it.load(Ordering::Relaxed);
        Ok(Row {
            seconds: start.elapsed().as_secs(),
            rss: number("/rss_bytes")?,
            isolates: number("/isolates/memory_bytes")?,
            fuel: number("/fuel/total")?,
            disk: number("/disk/used_bytes")?,
            asked: load(&self.asked),
            written: load(&self.written),
            pushed: load(&self.pushed),
            errors: load(&self.errors),
        })
    }

    /// Sums up; fails if something failed, or grew until the end.
    fn judge(&self, rows: &[Row], memory_max: u64) -> Result<()> {
        let last = rows.last().copied().unwrap_or_default();
        println!(
            "{} requests, {} KV writes, {} pushes, {} errors in {} s",
            last.asked, last.written, last.pushed, last.errors, last.seconds
        );
        let rss = growth(rows, |row| row.rss);
        let disk = growth(rows, |row| row.disk);
        let most = rows.iter().map(|row| row.rss).max().unwrap_or(0);
        println!(
            "RSS at most {}, of {}; from the second quarter to the last: RSS {}, disk {}",
            Mib(most.cast_signed()),
            Mib(memory_max.cast_signed()),
            Mib(rss),
            Mib(disk)
        );
        if last.errors > 0 {
            let told = self.told.lock().map(|it| it.join("\n")).unwrap_or_default();
            bail!("{} requests failed:\n{told}", last.errors);
        }
        if most > memory_max {
            bail!("the daemon had more memory than the board's budgets add up to");
        }
        for (what, growth) in [("memory", rss), ("disk", disk)] {
            if growth > GROWTH_MAX.cast_signed() {
                bail!("{what} did not settle: {} more", Mib(growth));
            }
        }
        Ok(())
    }
}

/// By how much the median of a figure grew from the second quarter to the last.
fn growth(rows: &[Row], figure: impl Fn(&Row) -> u64) -> i64 {
    let quarter = rows.len().div_ceil(4);
    let median = |rows: &[Row]| {
        let mut figures: Vec<u64> = rows.iter().map(&figure).collect();
        figures.sort_unstable();
        figures.get(figures.len() / 2).copied().unwrap_or(0)
    };
    let second = rows.get(quarter..quarter * 2).unwrap_or(rows);
    let last = &rows[rows.len() - quarter.min(rows.len())..];
    median(last).cast_signed() - median(second).cast_signed()
}

fn names() -> Vec<String> {
    let of = |kind: &str, count: usize| {
        let kind = kind.to_owned();
        (0..count).map(move |number| format!("{kind}-{number}"))
    };
    of("compiled", COMPILED)
        .chain(of("counter", COUNTERS))
        .chain(of("script", JAVASCRIPT))
        .collect()
}

/// A Worker in JavaScript that reads from KV, and keeps something busy.
fn source(name: &str) -> String {
    format!(
        r#"export default {{
  async fetch(request, env) {{
    const found = await env.KV.get("value-1");
    const parts = JSON.stringify({{ name: "{name}", url: request.url, found }});
    return new Response(parts);
  }},
}};
"#
    )
}

struct Head;

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:>6} {:>10} {:>10} {:>8} {:>9} {:>7} {:>10} {:>7} {:>10}",
            "s", "RSS", "isolates", "asked/s", "written/s", "pushed", "Mfuel/s", "errors", "disk"
        )
    }
}

/// What happened between two moments.
struct Line(Row, Row);

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(before, now) = self;
        let seconds = now.seconds.saturating_sub(before.seconds).max(1);
        let rate = |now: u64, before: u64| now.saturating_sub(before) as f64 / seconds as f64;
        write!(
            f,
            "{:>6} {:>10} {:>10} {:>8.1} {:>9.1} {:>7} {:>10.1} {:>7} {:>10}",
            now.seconds,
            Mib(now.rss.cast_signed()).to_string(),
            Mib(now.isolates.cast_signed()).to_string(),
            rate(now.asked, before.asked),
            rate(now.written, before.written),
            now.pushed,
            rate(now.fuel, before.fuel) / 1e6,
            now.errors,
            Mib(now.disk.cast_signed()).to_string(),
        )
    }
}

/// Bytes, as mebibytes.
struct Mib(i64);

impl fmt::Display for Mib {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} MiB", self.0 as f64 / 1_048_576.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_that_after_the_first_quarter() {
        let rows = |figures: &[u64]| -> Vec<Row> {
            let row = |rss: &u64| Row {
                rss: *rss,
                ..Row::default()
            };
            figures.iter().map(row).collect()
        };
        let of = |figures: &[u64]| growth(&rows(figures), |row| row.rss);
        assert_eq!(of(&[1, 1, 50, 50, 50, 50, 50, 50]), 0);
        assert_eq!(of(&[1, 1, 10, 10, 20, 20, 30, 30]), 20);
        assert_eq!(of(&[9, 9, 9, 9, 9, 9, 5, 5]), -4);
        assert_eq!(of(&[7]), 0);
        assert_eq!(of(&[]), 0);
    }
}
