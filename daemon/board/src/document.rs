//! A TOML file on its way into a raw form: every mistake found at once, each with its place.
//!
//! serde stops at the first mistake. So the entry that caused it is taken out of the parsed
//! tree and the rest is read again, until nothing is left to complain about.

use crate::reader::{self, Reader};
use serde::Deserialize;
use std::fmt;
use std::io::Read;
use std::marker::PhantomData;
use std::ops::Range;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Mistakes told at once; a file that has more is hopeless anyway.
const PROBLEMS_MAX: usize = 50;

/// Bytes of a configuration or board file.
pub const FILE_MAX: usize = 1 << 20;

/// One mistake in a file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// The file's name as it was given.
    pub file: String,
    /// The line, from 1; 0 when no place in the file is to blame.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong: the value and the limit.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        write!(f, ": {}", self.message)?;
        if !self.remedy.is_empty() {
            write!(f, "; {}", self.remedy)?;
        }
        Ok(())
    }
}

/// A file's text and the mistakes found in it so far.
#[derive(Debug)]
pub struct Document<'a> {
    /// The file's name as it was given.
    file: &'a str,
    text: &'a str,
    problems: Vec<Problem>,
}

impl<'a> Document<'a> {
    /// A file that was read.
    pub fn new(file: &'a str, text: &'a str) -> Self {
        Self {
            file,
            text,
            problems: Vec::new(),
        }
    }

    /// The mistakes found, in the order of the file.
    pub fn into_problems(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|p| (p.line, p.column));
        self.problems
    }

    /// Notes a mistake at a place in bytes, or about the file as a whole.
    pub fn problem(
        &mut self,
        span: Option<Range<usize>>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let (line, column) = span.map_or((0, 0), |span| place(self.text, span.start));
        let problem = Problem {
            file: self.file.to_owned(),
            line,
            column,
            message: message.into(),
            remedy: remedy.into(),
        };
        // The parser tells some twice.
        if self.problems.len() < PROBLEMS_MAX && !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// Reads the raw form, noting every mistake. `None` when the text is not TOML at all.
    pub fn read<T>(&mut self) -> Option<T>
    where
        T: for<'de> Deserialize<'de>,
    {
        if self.text.len() > FILE_MAX {
            self.problem(
                None,
                format!(
                    "the file has {} bytes, the limit is {FILE_MAX}",
                    self.text.len()
                ),
                "keep tables of hostnames in KV instead",
            );
            return None;
        }
        let (mut table, errors) = DeTable::parse_recoverable(self.text);
        if !errors.is_empty() {
            for error in errors {
                self.problem(
                    error.span(),
                    format!("not valid TOML: {}", error.message()),
                    "correct the syntax; see https://toml.io",
                );
            }
            return None;
        }
        for _ in 0..PROBLEMS_MAX {
            match reader::read(Reader::new(&table), PhantomData::<T>) {
                Ok(raw) => return Some(raw),
                Err(error) => {
                    let (message, remedy) = explain(error.message());
                    let span = error.span();
                    self.problem(span.clone(), message, remedy);
                    let removed = span.is_some_and(|span| remove(table.get_mut(), &span));
                    if !removed {
                        return None;
                    }
                }
            }
        }
        None
    }
}

/// A file's text, read no further than any configuration goes.
pub fn read_text(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let limit = FILE_MAX as u64 + 1;
    std::fs::File::open(path)?
        .take(limit)
        .read_to_string(&mut text)?;
    Ok(text)
}

/// Line and column, from 1, of a byte offset.
fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (line, column)
}

/// Takes out the innermost entry that a mistake at `span` belongs to.
fn remove(table: &mut DeTable<'_>, span: &Range<usize>) -> bool {
    let inside = |outer: Range<usize>| outer.start <= span.start && span.end <= outer.end;
    for (_, value) in table.iter_mut() {
        if remove_below(value, span) {
            return true;
        }
    }
    let guilty = table
        .iter()
        .find(|(key, value)| inside(key.span()) || inside(value.span()))
        .map(|(key, _)| key.clone());
    guilty.is_some_and(|key| table.remove(&key).is_some())
}

fn remove_below(value: &mut Spanned<DeValue<'_>>, span: &Range<usize>) -> bool {
    match value.get_mut() {
        DeValue::Table(table) => remove(table, span),
        DeValue::Array(items) => items.iter_mut().any(|item| remove_below(item, span)),
        _ => false,
    }
}

/// Says in the operator's words what serde said in its own.
fn explain(message: &str) -> (String, String) {
    let mut quoted = message.split('`').skip(1).step_by(2);
    if message.starts_with("unknown field") || message.starts_with("unknown variant") {
        let what = if message.starts_with("unknown field") {
            "key"
        } else {
            "value"
        };
        let wrong = quoted.next().unwrap_or_default().to_owned();
        let known: Vec<&str> = quoted.collect();
        return (format!("unknown {what} `{wrong}`"), suggest(&wrong, &known));
    }
    (message.replace('\n', " "), String::new())
}

/// A remedy for a misspelt name: the nearest of those that are known, or all of them.
pub fn suggest(wrong: &str, known: &[&str]) -> String {
    let nearest = known
        .iter()
        .map(|name| (strsim::damerau_levenshtein(wrong, name), name))
        .min();
    match nearest {
        Some((distance, name)) if distance <= (wrong.chars().count() / 3).max(1) => {
            format!("did you mean `{name}`?")
        }
        _ if known.is_empty() => "nothing is known here; remove it".to_owned(),
        _ => format!("known here: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
    struct Raw {
        port: Option<u16>,
        inner: Inner,
        list: Vec<Inner>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
    struct Inner {
        name: Option<String>,
        on: Option<bool>,
    }

    fn check(text: &str, expect: &[&str]) -> Option<Raw> {
        let mut document = Document::new("f.toml", text);
        let raw = document.read::<Raw>();
        let got: Vec<String> = document
            .into_problems()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(got, expect, "{text}");
        raw
    }

    #[test]
    fn every_mistake_is_told_and_the_rest_is_read() {
        let raw = check(
            "port = 80\nprot = 1\n[inner]\nnmae = 'x'\non = true\n[iner]\na = 1\n",
            &[
                "f.toml:2:1: unknown key `prot`; did you mean `port`?",
                "f.toml:4:1: unknown key `nmae`; did you mean `name`?",
                "f.toml:6:2: unknown key `iner`; did you mean `inner`?",
            ],
        )
        .unwrap();
        assert_eq!(raw.port, Some(80));
        assert_eq!(raw.inner.on, Some(true));
    }

    #[test]
    fn wrong_types_are_told_beside_unknown_keys() {
        let raw = check(
            "port = 'x'\n[inner]\non = 3\nname = 'n'\n[[list]]\nname = 4\n",
            &[
                "f.toml:1:8: invalid type: string \"x\", expected u16",
                "f.toml:3:6: invalid type: integer `3`, expected a boolean",
                "f.toml:6:8: invalid type: integer `4`, expected a string",
            ],
        )
        .unwrap();
        assert_eq!(raw.inner.name.as_deref(), Some("n"));
        assert_eq!(raw.list.len(), 1);
    }

    #[test]
    fn broken_syntax_has_a_place() {
        let mut document = Document::new("f.toml", "a = 1\nb = = 2\n");
        assert!(document.read::<Raw>().is_none());
        let problems = document.into_problems();
        assert_eq!(problems[0].line, 2);
        assert!(problems[0].message.starts_with("not valid TOML"));
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(place("ä = 1\nüü", 9), (2, 2));
        assert_eq!(place("abc", 99), (1, 4));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[a-z\\[\\]{}=\\.,\n '\"0-9#]{0,80}") {
            let mut document = Document::new("f.toml", &text);
            let _ = document.read::<Raw>();
            let _ = document.into_problems();
        }
    }
}
