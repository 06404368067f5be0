//! What this machine is, and what a process on it has used.

use crate::process;
use anyhow::{Context, Result};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::path::Path;
use std::process::Command;

/// The processor, its cores, the memory, the system and the compiler, a line each.
pub fn facts() -> Vec<(&'static str, String)> {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix(':'))
            .map(|value| value.trim().to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    let processor = field(&read("/proc/cpuinfo"), "model name")
        .unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let memory_kib: u64 = field(&read("/proc/meminfo"), "MemTotal")
        .and_then(|value| value.split(' ').next()?.parse().ok())
        .unwrap_or(0);
    vec![
        ("processor", format!("{processor}, {cores} cores")),
        ("memory", format!("{} MiB", memory_kib / 1024)),
        (
            "kernel",
            read("/proc/sys/kernel/osrelease").trim().to_owned(),
        ),
        ("compiler", line(Command::new("rustc").arg("--version"))),
    ]
}

/// How many programs wanted a core in the last minute; above the number of cores they waited.
pub fn load() -> String {
    std::fs::read_to_string("/proc/loadavg")
        .ok()
        .and_then(|text| Some(text.split(' ').next()?.to_owned()))
        .unwrap_or_else(|| "unknown".into())
}

/// Which cores a program that is measured, or that makes the load, runs on.
#[derive(Clone, Copy, Debug)]
pub enum Side {
    /// The first core.
    Server,
    /// All others.
    Load,
}

/// Does `work`, with programs that it starts bound to their side's cores. On one core nothing is
/// bound.
pub fn bound<T>(side: Side, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let all = sched_getaffinity(None).context("cannot ask for this program's cores")?;
    let mut cores = (0..CpuSet::MAX_CPU).filter(|core| all.is_set(*core));
    let mut chosen = CpuSet::new();
    match (side, cores.next()) {
        (Side::Server, Some(first)) => chosen.set(first),
        (Side::Load, _) => cores.for_each(|core| chosen.set(core)),
        (Side::Server, None) => {}
    }
    if all.count() < 2 {
        return work();
    }
    sched_setaffinity(None, &chosen).context("cannot choose this program's cores")?;
    let done = work();
    sched_setaffinity(None, &all).context("cannot give this program its cores back")?;
    done
}

/// Has this thread run when nobody else wants its core (`SCHED_IDLE`), or at least come last, where that cannot be had.
pub fn rest_when_others_work() {
    if !scheduled(&["--idle", "--pid", "0"]) {
        // As well as it can be done.
        let _ = rustix::process::nice(10);
    }
}

/// Has this thread take its core as soon as it wants it (`SCHED_RR`), where the system lets it.
pub fn come_first() {
    scheduled(&["--rr", "--pid", "1"]);
}

/// Gives this thread a class of the system's scheduler; whether that was let.
fn scheduled(class: &[&str]) -> bool {
    let thread = std::fs::read_link("/proc/thread-self");
    let id = thread.as_deref().ok().and_then(Path::file_name);
    id.is_some_and(|id| {
        let mut chrt = Command::new("chrt");
        chrt.args(class).arg(id).stderr(std::process::Stdio::null());
        chrt.status().is_ok_and(|status| status.success())
    })
}

/// Today, as `YYYY-MM-DD`.
pub fn date() -> String {
    line(Command::new("date").args(["-u", "+%Y-%m-%d"]))
}

/// The commit of the checkout, with a mark if it was changed since.
pub fn commit() -> String {
    line(
        Command::new("git")
            .args(["describe", "--always", "--dirty", "--abbrev=12"])
            .current_dir(crate::workspace::root()),
    )
}

fn line(command: &mut Command) -> String {
    process::output(command)
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
        .unwrap_or_else(|| "unknown".into())
}

/// Seconds of CPU, in user space and in the kernel, that a process has used.
pub fn cpu_s(pid: u32) -> Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .with_context(|| format!("process {pid} is gone"))?;
    let ticks = stat_ticks(&text).with_context(|| format!("/proc/{pid}/stat: {text}"))?;
    // A count of ticks is far below 2^52.
    Ok(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// `utime` and `stime` of a line of `/proc/PID/stat`, whose second field may hold anything.
fn stat_ticks(text: &str) -> Option<u64> {
    let after_name = &text[text.rfind(')')? + 1..];
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// Bytes that a process has in memory, shared ones included.
pub fn rss_bytes(pid: u32) -> Result<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status"))
        .with_context(|| format!("process {pid} is gone"))?;
    status_kib(&text, "VmRSS:")
        .map(|kib| kib * 1024)
        .with_context(|| format!("process {pid} has no VmRSS"))
}

/// A number of kilobytes of a file of `/proc`.
pub fn status_kib(text: &str, name: &str) -> Option<u64> {
    text.lines()
        .find_map(|line| line.strip_prefix(name))?
        .trim()
        .strip_suffix("kB")?
        .trim()
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_brackets_moves_no_field() {
        let text = "42 (a) b (c) S 1 42 42 0 -1 4194304 100 0 0 0 250 30 0 0 20 0 4 0 1 2 3";
        assert_eq!(stat_ticks(text), Some(280));
        assert_eq!(stat_ticks("42 (short) S 1"), None);
    }

    #[test]
    fn a_size_is_read_from_status() {
        assert_eq!(
            status_kib("VmPeak:\t  10 kB\nVmRSS:\t    7612 kB\n", "VmRSS:"),
            Some(7612)
        );
        assert_eq!(status_kib("VmPeak:\t  10 kB\n", "VmRSS:"), None);
    }

    #[test]
    fn this_process_has_used_something() {
        assert!(rss_bytes(std::process::id()).is_ok_and(|bytes| bytes > 100_000));
        assert!(cpu_s(std::process::id()).is_ok());
    }
}
