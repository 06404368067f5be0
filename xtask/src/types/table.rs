//! The table of types in `docs/compatibility.md`, between its markers.

use super::{Kind, Names, Present, Type, folder};
use crate::workspace;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

const BEGIN: &str = "<!-- types: begin -->\n";
const END: &str = "<!-- types: end -->";

/// Why things are absent: by name, or by the begin of names, which then are one row (`Ai*`).
type Notes = BTreeMap<String, String>;

fn document() -> PathBuf {
    workspace::root().join("docs/compatibility.md")
}

fn notes() -> Result<Notes> {
    let text =
        std::fs::read_to_string(folder().join("notes.toml")).context("tests/types/notes.toml")?;
    toml::from_str(&text).context("tests/types/notes.toml")
}

/// Writes the table.
pub fn write(names: &Names, present: &Present, workerd: &Present) -> Result<()> {
    let text = std::fs::read_to_string(document()).context("docs/compatibility.md")?;
    let (before, rest) = text
        .split_once(BEGIN)
        .context("docs/compatibility.md has no marker for types")?;
    let (_, after) = rest
        .split_once(END)
        .context("docs/compatibility.md has no end of types")?;
    let table = table(names, present, workerd, &notes()?);
    std::fs::write(document(), format!("{before}{BEGIN}{table}{END}{after}"))
        .context("docs/compatibility.md")
}

fn table(names: &Names, present: &Present, workerd: &Present, notes: &Notes) -> String {
    let mut text = format!(
        "Of `@cloudflare/workers-types` {}: {} of {} names exist here.\n\n| name | what | here |\n| --- | --- | --- |\n",
        names.version,
        present.len(),
        names.count()
    );
    let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
    for it in &names.types {
        let note = note(notes, &it.name);
        if let Some((group, _)) =
            note.filter(|(name, _)| name.ends_with('*') && !present.contains(&it.name))
        {
            *groups.entry(group).or_default() += 1;
            continue;
        }
        let why = note.map(|(_, why)| why);
        let _ = writeln!(
            text,
            "| `{}` | {} | {} |",
            it.name,
            it.kind.shown(),
            here(it, present, workerd, why)
        );
    }
    for (group, count) in groups {
        let _ = writeln!(
            text,
            "| `{group}` | {count} types | absent: {} |",
            notes[group]
        );
    }
    text
}

/// The note for a name: its own, or that of the longest begin.
fn note<'a>(notes: &'a Notes, name: &str) -> Option<(&'a str, &'a str)> {
    let fits = |key: &str| match key.strip_suffix('*') {
        Some(begin) => name.starts_with(begin),
        None => key == name,
    };
    let mut found: Vec<_> = notes.iter().filter(|(key, _)| fits(key)).collect();
    found.sort_by_key(|(key, _)| (!key.ends_with('*'), key.len()));
    found.pop().map(|(key, why)| (key.as_str(), why.as_str()))
}

fn here(it: &Type, present: &Present, workerd: &Present, why: Option<&str>) -> String {
    let why = why.map(|why| format!(": {why}")).unwrap_or_default();
    if !present.contains(&it.name) {
        // The probe has no such object; another test does.
        if why.starts_with(": given ") {
            return format!("not asked{why}");
        }
        let nor = if why.is_empty() && !workerd.contains(&it.name) {
            ", as in workerd"
        } else {
            ""
        };
        return format!("absent{nor}{why}");
    }
    let members = it
        .members
        .iter()
        .map(|member| (member, format!("{}.{member}", it.name)));
    let statics = it
        .statics
        .iter()
        .map(|member| (member, format!("{}::{member}", it.name)));
    let (mut lacks, mut neither) = (Vec::new(), Vec::new());
    for (member, name) in members.chain(statics) {
        if present.contains(&name) {
            continue;
        }
        // What a program can only be given has no answer from workerd alone.
        if workerd.contains(&it.name) && !workerd.contains(&name) {
            neither.push(format!("`{member}`"));
        } else {
            lacks.push(format!("`{member}`"));
        }
    }
    let mut text = if lacks.is_empty() {
        "present".to_owned()
    } else {
        format!("partial, without {}", lacks.join(", "))
    };
    if !neither.is_empty() {
        let _ = write!(text, " (no {}, as in workerd)", neither.join(", "));
    }
    text + &why
}

impl Kind {
    fn shown(self) -> &'static str {
        match self {
            Self::Class => "class",
            Self::Interface => "interface",
            Self::Function => "function",
            Self::Constant => "constant",
            Self::Namespace => "namespace",
            Self::Module => "module",
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_table_is_that_of_what_was_kept() {
        let names = super::super::names().unwrap();
        let kept = |file| super::super::kept(file).unwrap();
        let table = table(
            &names,
            &kept("present.txt"),
            &kept("workerd.txt"),
            &notes().unwrap(),
        );
        let text = std::fs::read_to_string(document()).unwrap();
        assert!(text.contains(&table), "cargo xtask types --write");
    }

    #[test]
    fn a_name_has_its_own_note_before_one_for_many() {
        let notes = Notes::from(
            [("A*", "many"), ("Ab*", "some"), ("Abc", "one")]
                .map(|(key, why)| (key.to_owned(), why.to_owned())),
        );
        let check = |name, why| assert_eq!(note(&notes, name).map(|it| it.1), why, "{name}");
        check("Abc", Some("one"));
        check("Abd", Some("some"));
        check("Ax", Some("many"));
        check("B", None);
    }
}
