//! The parts: every criterion bench of the daemon, and which of them are told as a ratio.

use super::report::{Figure, Row};
use crate::{step, workspace};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::path::Path;
use std::process::Command;

/// Benches that are told in comparison: the first by the second. Names are those given to
/// criterion, with `/` between group and function.
const PAIRS: &[(&str, &str)] = &[
    ("fuel/metered", "fuel/unmetered"),
    ("kv_get/worker", "kv_get/store"),
    ("kv_put/worker", "kv_put/store"),
];

/// Benches with a goal, in nanoseconds.
const GOALS_NS: &[(&str, f64)] = &[
    ("isolate start, 1 MiB snapshot", 300_000.0),
    ("JavaScript isolate start", 500_000.0),
    ("JavaScript isolate start and first request", 1_500_000.0),
];

/// What criterion keeps of a bench.
#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
}

/// What criterion keeps of a bench's name.
#[derive(Deserialize)]
struct Name {
    full_id: String,
}

/// Runs them all and reads what criterion kept.
pub fn run() -> Result<Vec<Row>> {
    let kept = workspace::target().join("criterion");
    // Results of benches that are no more would be told as if they were measured now.
    match std::fs::remove_dir_all(&kept) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).context("cannot remove earlier results of criterion");
        }
        _ => {}
    }
    step::loud_command(
        "the parts (criterion)",
        Command::new(workspace::cargo())
            .args(["bench", "--package", "postern-daemon", "--bench", "*"])
            .env("POSTERN_GUESTS", workspace::guests())
            .env("CRITERION_HOME", &kept)
            .current_dir(workspace::root()),
    )?;
    let mut medians = Vec::new();
    collect(&kept, &mut medians)?;
    medians.sort_by(|a, b| a.0.cmp(&b.0));
    rows(&medians)
}

/// Fails if a bench is gone, or has another name, that a comparison or a goal is told of.
fn rows(medians: &[(String, f64)]) -> Result<Vec<Row>> {
    let of = |wanted: &str| medians.iter().find(|(name, _)| name == wanted);
    let told = PAIRS.iter().flat_map(|(one, other)| [*one, *other]);
    let told = told.chain(GOALS_NS.iter().map(|(name, _)| *name));
    let gone: Vec<&str> = told.filter(|name| of(name).is_none()).collect();
    if !gone.is_empty() {
        bail!("criterion measured nothing named {}", gone.join(", "));
    }
    let rows = medians
        .iter()
        .map(|(name, ns)| {
            let mut row = Row::new(name, Figure::Ns(*ns));
            if let Some((_, peer)) = PAIRS.iter().find(|(first, _)| first == name)
                && let Some((peer, ns)) = of(peer)
            {
                row = row.against(peer, Figure::Ns(*ns));
            }
            if let Some((_, goal)) = GOALS_NS.iter().find(|(goal, _)| goal == name) {
                row = row.at_most(Figure::Ns(*goal));
            }
            row
        })
        .collect();
    Ok(rows)
}

/// Finds `…/new/estimates.json` with `benchmark.json` beside it.
fn collect(dir: &Path, into: &mut Vec<(String, f64)>) -> Result<()> {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return Ok(());
    };
    let estimates = dir.join("estimates.json");
    if dir.ends_with("new") && estimates.exists() {
        let name: Name = read(&dir.join("benchmark.json"))?;
        let estimates: Estimates = read(&estimates)?;
        into.push((name.full_id, estimates.median.point_estimate));
        return Ok(());
    }
    for entry in entries {
        let path = entry.context("cannot list criterion's results")?.path();
        if path.is_dir() {
            collect(&path, into)?;
        }
    }
    Ok(())
}

fn read<T: for<'de> Deserialize<'de>>(file: &Path) -> Result<T> {
    let text =
        std::fs::read(file).with_context(|| format!("cannot read {}", workspace::shown(file)))?;
    serde_json::from_slice(&text).with_context(|| format!("cannot read {}", workspace::shown(file)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_bench_is_a_row_and_those_told_apart_must_be_there() {
        let mut medians: Vec<(String, f64)> = PAIRS
            .iter()
            .flat_map(|(one, other)| [*one, *other])
            .chain(GOALS_NS.iter().map(|(name, _)| *name))
            .chain(["another"])
            .map(|name| (name.to_owned(), 1.0))
            .collect();
        assert_eq!(rows(&medians).unwrap().len(), medians.len());
        medians.remove(0);
        let error = rows(&medians).unwrap_err().to_string();
        assert!(error.ends_with(PAIRS[0].0), "{error}");
    }
}
