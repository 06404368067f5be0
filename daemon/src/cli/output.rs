//! Results on stdout, errors and warnings on stderr, for people or as JSON.

use super::error::CliError;
use serde_json::Value;
use std::io::Write;

/// How results are written.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// Whether as JSON.
    pub json: bool,
}

impl Output {
    /// Writes one result: `value` as JSON, or what `human` makes of it.
    pub fn result(&self, value: &Value, human: impl FnOnce() -> String) -> Result<(), CliError> {
        if self.json {
            self.text(&format!("{value:#}\n"))
        } else {
            self.text(&human())
        }
    }

    /// Writes text as it is.
    pub fn text(&self, text: &str) -> Result<(), CliError> {
        self.bytes(text.as_bytes())
    }

    /// Writes bytes as they are, at once. A reader that has gone away (`| head`) is no error.
    pub fn bytes(&self, bytes: &[u8]) -> Result<(), CliError> {
        let mut out = std::io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
            other => other.map_err(CliError::Stdout),
        }
    }

    /// Warns on stderr.
    pub fn warn(&self, message: &str) {
        let mut err = std::io::stderr().lock();
        let _ = if self.json {
            writeln!(err, "{}", serde_json::json!({"warning": message}))
        } else {
            writeln!(err, "warning: {message}")
        };
    }

    /// Tells an error on stderr.
    pub fn error(&self, error: &CliError) {
        let mut err = std::io::stderr().lock();
        if self.json {
            let _ = writeln!(err, "{}", error.to_json());
            return;
        }
        for line in error.to_string().lines() {
            let _ = writeln!(err, "error: {line}");
        }
    }
}

/// Columns under headings, padded to the widest cell. Cells come from strangers, so control
/// characters are shown and not sent to the terminal.
pub fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| printable(cell)).collect())
        .collect();
    let widths: Vec<usize> = headings
        .iter()
        .enumerate()
        .map(|(i, heading)| {
            rows.iter()
                .filter_map(|row| row.get(i))
                .map(|cell| cell.chars().count())
                .chain([heading.len()])
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut out = String::new();
    let headings: Vec<String> = headings.iter().map(|h| (*h).to_owned()).collect();
    for row in std::iter::once(&headings).chain(&rows) {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            let pad = width.saturating_sub(cell.chars().count()) + 2;
            line.extend(std::iter::repeat_n(' ', pad));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// A text without control characters: an escape sequence in a tenant's log line must not
/// reach the operator's terminal.
pub fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let escaped = c.is_control() && c != '\t';
            let (shown, raw) = if escaped {
                (Some(c.escape_default()), None)
            } else {
                (None, Some(c))
            };
            shown.into_iter().flatten().chain(raw)
        })
        .collect()
}

/// A member of an object as text; empty if it is not there.
pub fn member(value: &Value, key: &str) -> String {
    match value.get(key) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| {
                item.as_str()
                    .map_or_else(|| item.to_string(), str::to_owned)
            })
            .collect::<Vec<_>>()
            .join(", "),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_aligned_and_harmless() {
        let rows = vec![
            vec!["a".into(), "1".into()],
            vec!["longer\u{1b}[2J".into(), "2".into()],
        ];
        assert_eq!(
            table(&["NAME", "N"], &rows),
            "NAME             N\na                1\nlonger\\u{1b}[2J  2\n"
        );
    }
}
