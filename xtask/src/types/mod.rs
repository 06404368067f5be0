//! `types`: which of the platform's types exist in an isolate.
//!
//! `tests/types/names.json` lists what `@cloudflare/workers-types` declares, `probe.js` is the Worker that is asked,
//! `present.txt` has what was there, and `workerd.txt` what is there in workerd. What was there may not go.

mod table;

use crate::compare::{Case, daemon, workerd};
use crate::{npm, step, workspace};
use anyhow::{Context, Result, bail};
use postern_compare::Outcome;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

/// The arguments of `types`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Keeps what is there now in `tests/types/present.txt`, and writes the table of
    /// `docs/compatibility.md`.
    #[arg(long)]
    write: bool,

    /// Reads the types anew from npm's package, and asks workerd what it has.
    #[arg(long)]
    refresh: bool,
}

/// What the package declares.
#[derive(Deserialize)]
pub struct Names {
    /// The package's version.
    version: String,
    types: Vec<Type>,
}

/// A type, a function, a constant or a module.
#[derive(Deserialize)]
struct Type {
    name: String,
    kind: Kind,
    members: Vec<String>,
    statics: Vec<String>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Class,
    Interface,
    Function,
    Constant,
    Namespace,
    Module,
}

/// Names of what exists.
type Present = BTreeSet<String>;

fn folder() -> PathBuf {
    workspace::root().join("tests/types")
}

/// Asks, and says what changed.
pub fn run(arguments: &Arguments) -> Result<()> {
    if arguments.refresh {
        refresh()?;
    }
    let names = names()?;
    let now = ask(ours)?;
    let before = kept("present.txt")?;
    for name in now.difference(&before) {
        println!("new   {name}");
    }
    for name in before.difference(&now) {
        println!("GONE  {name}");
    }
    if arguments.write {
        write("present.txt", &now)?;
        table::write(&names, &now, &kept("workerd.txt")?)?;
    }
    println!("{} of {} names exist", now.len(), names.count());
    Ok(())
}

/// For `test`: nothing that was there may be gone.
pub fn check() -> Result<()> {
    let now = ask(ours)?;
    let before = kept("present.txt")?;
    let gone: Vec<&str> = before.difference(&now).map(String::as_str).collect();
    if !gone.is_empty() {
        bail!(
            "these of the platform's types are gone: {}",
            gone.join(", ")
        );
    }
    let new = now.difference(&before).count();
    if new > 0 {
        println!("{new} more of the platform's types exist: cargo xtask types --write");
    }
    Ok(())
}

impl Names {
    /// Types and members.
    fn count(&self) -> usize {
        let of_each = self.types.iter();
        of_each
            .map(|it| 1 + it.members.len() + it.statics.len())
            .sum()
    }
}

fn names() -> Result<Names> {
    let text = std::fs::read(folder().join("names.json")).context("tests/types/names.json")?;
    serde_json::from_slice(&text).context("tests/types/names.json is no list of types")
}

fn kept(file: &str) -> Result<Present> {
    let path = folder().join(file);
    if !path.exists() {
        return Ok(Present::new());
    }
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", workspace::shown(&path)))?;
    Ok(text.lines().map(str::to_owned).collect())
}

fn write(file: &str, present: &Present) -> Result<()> {
    let path = folder().join(file);
    let mut text: String = present.iter().flat_map(|it| [it, "\n"]).collect();
    if text.is_empty() {
        text.push('\n');
    }
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", workspace::shown(&path)))
}

/// What a daemon answers, with a KV namespace bound.
fn ours(cases: &[Case]) -> Result<Vec<Outcome>> {
    daemon::outcomes_with(cases, &["--kv", "KV=types"], |daemon| {
        daemon.kv_namespace("types")
    })
}

/// The probe with its list as a case, asked by `outcomes`.
fn ask(outcomes: impl FnOnce(&[Case]) -> Result<Vec<Outcome>>) -> Result<Present> {
    let folder = folder();
    let mut case = Case::read(&folder, &folder.join("probe.js")).context("tests/types/probe.js")?;
    let list = std::fs::read_to_string(folder.join("names.json"))?;
    case.source = format!("const TYPES = ({list}).types;\n{}", case.source);
    case.name = "types".to_owned();
    case.path = workspace::target().join("types.js");
    std::fs::write(&case.path, &case.source).context("cannot write the probe")?;
    let outcome = outcomes(std::slice::from_ref(&case))?.pop();
    match outcome {
        Some(Outcome::Answers(answers)) => {
            let answer = answers.first().context("one request has one answer")?;
            let text = answer.body.as_str().filter(|_| answer.status == 200);
            let text = text.with_context(|| format!("the probe failed: {answer:?}"))?;
            Ok(text.lines().map(str::to_owned).collect())
        }
        Some(Outcome::Refused(why)) => bail!("the probe is refused: {why}"),
        None => bail!("the probe was not asked"),
    }
}

fn refresh() -> Result<()> {
    let modules = npm::install("types", &folder())?;
    let list = step::quiet("reading the types", || {
        Command::new("node")
            .arg(folder().join("list.mjs"))
            .arg(&modules)
            .output()
            .context("cannot run node")
    })?;
    if !list.status.success() {
        bail!("list.mjs: {}", String::from_utf8_lossy(&list.stderr));
    }
    std::fs::write(folder().join("names.json"), list.stdout)?;
    write("workerd.txt", &ask(workerd::outcomes)?)
}
