//! `compare`: the Workers of `tests/compare` and `tests/apps`, in workerd and here, and where the
//! answers differ.

pub mod apps;
mod bindgen;
pub mod daemon;
mod native;
pub mod workerd;

pub use workerd::program;

use crate::{step, workspace};
use anyhow::{Context, Result, bail};
pub use postern_compare::Case;
use postern_compare::{Outcome, differences};
use std::path::{Path, PathBuf};

/// The arguments of `compare`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Only cases with one of these in their name, such as `node/` or `fetch/headers`.
    #[arg(value_name = "PATH")]
    wanted: Vec<String>,

    /// Asks the engine on this machine instead of a daemon.
    #[arg(long)]
    native: bool,

    /// Keeps what workerd answers in `expected/`, and compares nothing.
    #[arg(long, conflicts_with_all = ["recorded", "native"])]
    record: bool,

    /// Compares with what was kept, without workerd.
    #[arg(long)]
    recorded: bool,

    /// Bundles and compares small apps of well-known frameworks too (`tests/apps`), which takes
    /// their packages from npm.
    #[arg(long)]
    apps: bool,
}

/// Compares, and says how many differ.
pub fn run(arguments: &Arguments) -> Result<()> {
    let root = if arguments.apps {
        apps::folder()
    } else {
        folder()
    };
    let wanted: Vec<String> = arguments.wanted.iter().map(|path| name_of(path)).collect();
    let cases = if arguments.apps {
        apps::build(&wanted)?
    } else {
        Case::all(&root, &wanted).context("cannot read the cases")?
    };
    let cases = if arguments.native {
        split(cases).1
    } else {
        cases
    };
    if cases.is_empty() {
        bail!("no case has a name with {}", arguments.wanted.join(" or "));
    }
    let theirs = if arguments.recorded {
        recorded(&root, &cases)?
    } else {
        workerd::outcomes(&cases)?
    };
    if arguments.record {
        return record(&root, &cases, &theirs);
    }
    let ours = if arguments.native {
        native::outcomes(&cases)?
    } else {
        daemon::outcomes(&cases)?
    };
    tell(&cases, &theirs, &ours)
}

/// Where cases are.
pub fn folder() -> PathBuf {
    workspace::root().join("tests/compare")
}

/// A case's name from its path, as a shell completes it.
fn name_of(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    let path = path.strip_prefix("tests/compare/").unwrap_or(path);
    let path = path.strip_prefix("tests/apps/").unwrap_or(path);
    match path.rsplit_once('.') {
        Some((name, "js" | "jsx" | "ts" | "tsx")) => name.to_owned(),
        _ => path.to_owned(),
    }
}

fn tell(cases: &[Case], theirs: &[Outcome], ours: &[Outcome]) -> Result<()> {
    let mut different = 0;
    for ((case, theirs), ours) in cases.iter().zip(theirs).zip(ours) {
        let lines = differences(theirs, ours);
        if lines.is_empty() {
            println!("same       {}", case.name);
            continue;
        }
        different += 1;
        println!("DIFFERENT  {}", case.name);
        for line in lines {
            println!("    {line}");
        }
    }
    let same = cases.len() - different;
    println!("{same} the same, {different} different (workerd ≠ Postern)");
    if different > 0 {
        bail!("{different} of {} cases differ", cases.len());
    }
    Ok(())
}

fn recorded(root: &Path, cases: &[Case]) -> Result<Vec<Outcome>> {
    cases
        .iter()
        .map(|case| {
            let path = case.expected(root);
            let text = std::fs::read(&path).with_context(|| {
                format!(
                    "{} was not recorded: cargo xtask compare --record {}",
                    workspace::shown(&path),
                    case.name
                )
            })?;
            serde_json::from_slice(&text)
                .with_context(|| format!("{} is no record", workspace::shown(&path)))
        })
        .collect()
}

fn record(root: &Path, cases: &[Case], theirs: &[Outcome]) -> Result<()> {
    for (case, outcome) in cases.iter().zip(theirs) {
        let path = case.expected(root);
        workspace::create_dir(path.parent().context("it lies in the cases' folder")?)?;
        let mut text = serde_json::to_string_pretty(outcome).context("an outcome is JSON")?;
        text.push('\n');
        if std::fs::read_to_string(&path).is_ok_and(|old| old == text) {
            continue;
        }
        std::fs::write(&path, text)
            .with_context(|| format!("cannot write {}", workspace::shown(&path)))?;
        println!("recorded   {}", case.name);
    }
    Ok(())
}

/// What was kept of the apps against a daemon, for `test`. They are made of npm's packages: that those
/// cannot be had is said, and the rest counts.
pub fn replay_apps() -> Result<()> {
    if let Err(error) = apps::packages() {
        step::skip("apps of npm's packages", &format!("{error:#}"));
        return Ok(());
    }
    let cases = apps::build(&[])?;
    let theirs = recorded(&apps::folder(), &cases)?;
    tell(&cases, &theirs, &daemon::outcomes(&cases)?)
}

/// What was kept against the engine on this machine, for `test`.
pub fn replay() -> Result<()> {
    let root = folder();
    let (_, cases) = split(Case::all(&root, &[]).context("cannot read the cases")?);
    let theirs = recorded(&root, &cases)?;
    let ours = step::quiet("the engine's answers", || native::outcomes(&cases))?;
    tell(&cases, &theirs, &ours)
}

/// What was kept of the cases of several Workers against a daemon, for `test`.
pub fn replay_services() -> Result<()> {
    let root = folder();
    let (cases, _) = split(Case::all(&root, &[]).context("cannot read the cases")?);
    let theirs = recorded(&root, &cases)?;
    tell(&cases, &theirs, &daemon::outcomes(&cases)?)
}

/// Those that take a daemon, and the others.
fn split(cases: Vec<Case>) -> (Vec<Case>, Vec<Case>) {
    cases.into_iter().partition(Case::needs_daemon)
}
