//! The format of `tests/raw_http/*.http`: bytes on a connection, and what comes back.
//!
//! One directive a line, its value behind a space; `#` begins a remark.
//!
//! | directive | meaning |
//! | --- | --- |
//! | `edge: KEY = VALUE` | before the first case: a line of `[edge]` for the daemon of this file |
//! | `== NAME` | a case begins |
//! | `why: TEXT` | what a right server does, with its source |
//! | `to: edge`, `manage` or `both` | which port; the edge if it is not said |
//! | `> BYTES`, `\| BYTES` | bytes that are sent, with or without CRLF behind them |
//! | `half` | the client closes its side behind the bytes |
//! | `= STATUS`, `= STATUS head` | an answer, interim ones too; `head`: without its body |
//! | `+ TEXT`, `- TEXT` | all answers together have this text, or lack it |
//! | `saw: METHOD TARGET BODY` | a request that reached the Worker; none if there is no such line |
//! | `then: open` or `then: closed` | whether the connection serves another request |
//!
//! In bytes and texts `\r`, `\n`, `\t`, `\0`, `\\` and `\xHH` are what they are in Rust, `\(20*text)` is a text so
//! often, and `\{token}` a token of the management port.

use std::path::Path;

/// A file of cases.
pub struct Corpus {
    /// Lines of `[edge]`.
    pub edge: String,
    /// In the file's order.
    pub cases: Vec<Case>,
}

/// One connection.
#[derive(Clone, Default)]
pub struct Case {
    /// `file: name`.
    pub name: String,
    pub why: String,
    pub edge: bool,
    pub manage: bool,
    pub bytes: Vec<u8>,
    pub half: bool,
    /// A status, and whether the answer has no body.
    pub answers: Vec<(u16, bool)>,
    pub has: Vec<String>,
    pub lacks: Vec<String>,
    pub saw: Vec<String>,
    pub open: bool,
}

impl Corpus {
    /// Reads a file.
    pub fn read(path: &Path, token: &str) -> Self {
        let file = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(path).unwrap();
        let mut corpus = Self {
            edge: String::new(),
            cases: Vec::new(),
        };
        for (number, line) in text.lines().enumerate() {
            let line = line.trim_start();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (directive, value) = line.split_once(' ').unwrap_or((line, ""));
            if directive == "==" {
                corpus.cases.push(Case {
                    name: format!("{file}: {value}"),
                    edge: true,
                    ..Case::default()
                });
                continue;
            }
            let Some(case) = corpus.cases.last_mut() else {
                assert_eq!(directive, "edge:", "{file}:{}: {line}", number + 1);
                corpus.edge.push_str(&format!("{value}\n"));
                continue;
            };
            if let Err(reason) = case.take(directive, value, token) {
                panic!("{file}:{}: {reason}: {line}", number + 1);
            }
        }
        corpus
    }
}

impl Case {
    fn take(&mut self, directive: &str, value: &str, token: &str) -> Result<(), String> {
        match (directive, value) {
            ("why:", _) => self.why = value.to_owned(),
            ("to:", _) => {
                self.edge = matches!(value, "edge" | "both");
                self.manage = matches!(value, "manage" | "both");
                if !self.edge && !self.manage {
                    return Err("there is no such port".to_owned());
                }
            }
            (">", _) => {
                unescape(value, token, &mut self.bytes)?;
                self.bytes.extend_from_slice(b"\r\n");
            }
            ("|", _) => unescape(value, token, &mut self.bytes)?,
            ("half", "") => self.half = true,
            ("=", _) => {
                let (status, rest) = value.split_once(' ').unwrap_or((value, ""));
                let status = status.parse().map_err(|_| "no status".to_owned())?;
                self.answers.push((status, rest == "head"));
            }
            ("+" | "-", _) => {
                let mut text = Vec::new();
                unescape(value, token, &mut text)?;
                let text = String::from_utf8(text).map_err(|error| error.to_string())?;
                match directive {
                    "+" => self.has.push(text),
                    _ => self.lacks.push(text),
                }
            }
            ("saw:", _) => self.saw.push(value.to_owned()),
            ("then:", "open") => self.open = true,
            ("then:", "closed") => self.open = false,
            _ => return Err("there is no such directive".to_owned()),
        }
        Ok(())
    }
}

/// Appends what an escaped text stands for.
fn unescape(text: &str, token: &str, out: &mut Vec<u8>) -> Result<(), String> {
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        rest = &rest[at + 1..];
        let next = rest.chars().next().ok_or("a backslash at the end")?;
        let mut taken = next.len_utf8();
        match next {
            'r' => out.push(b'\r'),
            'n' => out.push(b'\n'),
            't' => out.push(b'\t'),
            '0' => out.push(0),
            '\\' => out.push(b'\\'),
            'x' => {
                let digits = rest.get(1..3).ok_or("two digits belong behind \\x")?;
                out.push(u8::from_str_radix(digits, 16).map_err(|error| error.to_string())?);
                taken = 3;
            }
            '(' => {
                let end = rest.find(')').ok_or("no end of \\(")?;
                let (times, of) = rest[1..end].split_once('*').ok_or("no * in \\(")?;
                let times: usize = times.parse().map_err(|_| "no number in \\(")?;
                let mut one = Vec::new();
                unescape(of, token, &mut one)?;
                out.extend(one.repeat(times));
                taken = end + 1;
            }
            '{' => {
                let end = rest.find('}').ok_or("no end of \\{")?;
                if &rest[1..end] != "token" {
                    return Err(format!("no {}", &rest[..=end]));
                }
                out.extend_from_slice(token.as_bytes());
                taken = end + 1;
            }
            _ => return Err(format!("no escape \\{next}")),
        }
        rest = &rest[taken..];
    }
    out.extend_from_slice(rest.as_bytes());
    Ok(())
}

#[test]
fn escapes() {
    let mut out = Vec::new();
    unescape(r"a\r\n\x00\\\(2*b\t)\{token}", "T", &mut out).unwrap();
    assert_eq!(out, b"a\r\n\0\\b\tb\tT");
    for wrong in [r"\", r"\q", r"\x1", r"\(2b)", r"\(2*b", r"\{x}"] {
        assert!(unescape(wrong, "T", &mut out).is_err(), "{wrong}");
    }
}
