//! `unsafe`: every place of the sources where the compiler's word is not enough, with the reason why it holds.

use crate::workspace;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where sources are.
const SOURCES: [&str; 4] = ["daemon", "guest-abi", "tests", "xtask"];

/// The arguments of `unsafe`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Only counts them, by file.
    #[arg(long)]
    pub count: bool,
}

/// A place: its line and why it is sound, which is empty if nobody says so.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    line: usize,
    code: String,
    why: String,
}

/// Lists them; fails if there is one without a reason.
pub fn run(arguments: &Arguments) -> Result<()> {
    let mut files = Vec::new();
    for folder in SOURCES {
        collect(&workspace::root().join(folder), &mut files)?;
    }
    files.sort();
    let mut all = BTreeMap::new();
    for file in files {
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("cannot read {}", workspace::shown(&file)))?;
        let places = places(&text);
        if !places.is_empty() {
            all.insert(workspace::shown(&file), places);
        }
    }
    for (file, places) in &all {
        if arguments.count {
            println!("{:>4}  {file}", places.len());
            continue;
        }
        for place in places {
            println!("{file}:{}: {}\n    {}", place.line, place.code, place.why);
        }
    }
    let places = all.values().flatten();
    println!("{} places in {} files", places.clone().count(), all.len());
    let silent = places.filter(|place| place.why.is_empty()).count();
    if silent > 0 {
        bail!("{silent} of them say no reason; write `// SAFETY:` and why above each");
    }
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let read = std::fs::read_dir(folder);
    for entry in read.with_context(|| format!("cannot read {}", workspace::shown(folder)))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() && name != "target" && name != "node_modules" {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|it| it == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

fn places(text: &str) -> Vec<Place> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let found = lines.iter().enumerate().filter(|(_, line)| is_unsafe(line));
    found
        .map(|(at, line)| Place {
            line: at + 1,
            code: (*line).to_owned(),
            why: why(&lines[..at], line),
        })
        .collect()
}

/// Whether a line of code, and no comment or text, begins a block or an `impl` that is unsafe. What only says that
/// its callers need a reason is told there.
fn is_unsafe(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    let code = code.split('"').next().unwrap_or_default();
    ["unsafe {", "unsafe impl"].iter().any(|word| {
        let at = code.find(word);
        // Not the end of another name.
        at.is_some_and(|at| !code[..at].ends_with(|it: char| it.is_alphanumeric() || it == '_'))
    })
}

/// The reason: comments above, over attributes and the beginnings of a statement, or within the line.
fn why(before: &[&str], line: &str) -> String {
    if let Some((_, reason)) = line.split_once("SAFETY:") {
        return reason.trim().to_owned();
    }
    let mut reason = Vec::new();
    for line in before.iter().rev().take(24) {
        let Some(comment) = line.strip_prefix("//") else {
            let ends = line.ends_with(';') || line.ends_with('}') || line.is_empty();
            if ends || !reason.is_empty() {
                break;
            }
            continue;
        };
        let comment = comment.trim_start_matches(['/', '!']).trim();
        if let Some((_, begin)) = comment.split_once("SAFETY:") {
            reason.push(begin.trim());
            reason.reverse();
            return reason.join(" ");
        }
        reason.push(comment);
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_found_and_missed() {
        // Otherwise this would be in the list.
        let text = "\
// SAFETY: it is there
// for long enough.
let a = UNSAFE { b() };
let c = UNSAFE { d() };
// An UNSAFE { word } in a comment.
let text = \"UNSAFE { }\";
pub UNSAFE fn e() {}
// SAFETY: two lines.
let f = g(
    UNSAFE { h() },
);
"
        .replace("UNSAFE", "unsafe");
        let found: Vec<_> = places(&text)
            .into_iter()
            .map(|it| (it.line, it.why))
            .collect();
        let expected = [
            (3, "it is there for long enough."),
            (4, ""),
            (10, "two lines."),
        ];
        assert_eq!(found, expected.map(|(line, why)| (line, why.to_owned())));
    }
}
