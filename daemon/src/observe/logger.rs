//! The daemon's own log: one line an event on standard error, for people or for programs.
//!
//! Where standard error is the journal's, a line begins with its priority as `sd-daemon(3)` has it, and leaves
//! out what the journal knows itself.
//!
//! Names, URLs and messages of tenants end up here, so nothing in a line can end it, move the
//! cursor, or turn the writing direction.

use super::filter::{FilterError, LevelRules, own_module};
use log::{Level, Log, Metadata, Record};
use parking_lot::RwLock;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::OnceLock;

/// Bytes of a message; the rest is cut.
const MESSAGE_MAX: usize = 8 * 1024;

/// How lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Format {
    /// `2026-11-21T07:12:47.123Z WARN  edge::server: message`
    #[default]
    Human,
    /// `{"time":"…","level":"warn","module":"edge::server","message":"…"}`
    Json,
}

/// Why the log cannot be set up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoggerError {
    /// The filter is wrong.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// It is set up already, or there is another logger.
    #[error("the log is set up already")]
    Twice,
}

struct Logger {
    format: Format,
    is_journal: bool,
    rules: RwLock<LevelRules>,
}

static LOGGER: OnceLock<Logger> = OnceLock::new();

/// Is told of every line beside.
#[cfg(feature = "otlp")]
static TAP: OnceLock<std::sync::Arc<dyn Tap>> = OnceLock::new();

/// Who is told of every line that is written. Must be quick, and must not log.
#[cfg(feature = "otlp")]
pub trait Tap: Send + Sync {
    /// A line of this module.
    fn line(&self, level: Level, module: &str, message: &str);
}

/// Has every line told to this one as well. Once only; a second call changes nothing.
#[cfg(feature = "otlp")]
pub fn tap(tap: std::sync::Arc<dyn Tap>) {
    let _ = TAP.set(tap);
}

/// Sets up the log, once. `filter` as in [`LevelRules`].
pub fn init(format: Format, filter: &str) -> Result<(), LoggerError> {
    let rules: LevelRules = filter.parse()?;
    let max = rules.max();
    let logger = Logger {
        format,
        is_journal: is_journal(std::env::var("JOURNAL_STREAM").ok().as_deref()),
        rules: RwLock::new(rules),
    };
    LOGGER.set(logger).map_err(|_| LoggerError::Twice)?;
    let logger = LOGGER.get().ok_or(LoggerError::Twice)?;
    log::set_logger(logger).map_err(|_| LoggerError::Twice)?;
    log::set_max_level(max);
    Ok(())
}

/// Changes what is written from now on.
pub fn set_filter(filter: &str) -> Result<(), FilterError> {
    let rules: LevelRules = filter.parse()?;
    if let Some(logger) = LOGGER.get() {
        log::set_max_level(rules.max());
        *logger.rules.write() = rules;
    }
    Ok(())
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= self.rules.read().level(metadata.target())
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let mut line = line(self.format, self.is_journal, &now(), record);
        if self.is_journal {
            line.insert_str(0, priority(record.level()));
        }
        #[cfg(feature = "otlp")]
        if let Some(tap) = TAP.get() {
            let (message, module) = parts(record);
            tap.line(record.level(), module, &message.text);
        }
        // One write a line, so that lines of several threads stay whole. If nobody reads the
        // log there is nobody to tell.
        let _ = std::io::stderr().lock().write_all(line.as_bytes());
    }

    fn flush(&self) {}
}

fn now() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}

/// Whether standard error is the stream that the journal named when it started this process: its
/// device and its inode. One that was redirected since is not.
fn is_journal(named: Option<&str>) -> bool {
    let Some((device, inode)) = named.and_then(|it| it.split_once(':')) else {
        return false;
    };
    let (Ok(device), Ok(inode)) = (device.parse::<u64>(), inode.parse::<u64>()) else {
        return false;
    };
    let stat = rustix::fs::fstat(std::io::stderr());
    // Their types differ between architectures.
    #[allow(clippy::unnecessary_cast)]
    stat.is_ok_and(|it| (it.st_dev as u64, it.st_ino as u64) == (device, inode))
}

/// A level as the journal has it.
fn priority(level: Level) -> &'static str {
    match level {
        Level::Error => "<3>",
        Level::Warn => "<4>",
        Level::Info => "<6>",
        Level::Debug | Level::Trace => "<7>",
    }
}

/// One line with its end. For the journal without time and level, unless programs read it.
fn line(format: Format, is_journal: bool, time: &str, record: &Record<'_>) -> String {
    let (message, module) = parts(record);
    let mut line = String::with_capacity(message.text.len() + 80);
    // Writing to a string does not fail.
    let _ = match format {
        Format::Human => {
            if !is_journal {
                let _ = write!(line, "{time} {:<5} ", record.level());
            }
            push_escaped(&mut line, module, false);
            line.push_str(": ");
            push_escaped(&mut line, &message.text, false);
            message.note(&mut line)
        }
        Format::Json => {
            let level = record.level().as_str().to_ascii_lowercase();
            let _ = write!(
                line,
                "{{\"time\":\"{time}\",\"level\":\"{level}\",\"module\":\""
            );
            push_escaped(&mut line, module, true);
            line.push_str("\",\"message\":\"");
            push_escaped(&mut line, &message.text, true);
            let _ = message.note(&mut line);
            line.write_str("\"}")
        }
    };
    line.push('\n');
    line
}

/// The message, and the module that says it.
fn parts<'a>(record: &Record<'a>) -> (Cut, &'a str) {
    let mut message = Cut {
        text: String::new(),
        lost: 0,
    };
    // Cutting does not fail, and if something's Display does, what came before is shown.
    let _ = write!(message, "{}", record.args());
    let target = record.metadata().target();
    (message, own_module(target).unwrap_or(target))
}

/// A message that stops growing.
struct Cut {
    text: String,
    lost: usize,
}

impl Cut {
    fn note(&self, line: &mut String) -> std::fmt::Result {
        match self.lost {
            0 => Ok(()),
            lost => write!(line, " [{lost} more bytes]"),
        }
    }
}

impl std::fmt::Write for Cut {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let room = MESSAGE_MAX - self.text.len();
        let fits = text.floor_char_boundary(room);
        // Once something is lost, what follows is too: no holes.
        let fits = if self.lost > 0 { 0 } else { fits };
        self.text.push_str(&text[..fits]);
        self.lost += text.len() - fits;
        Ok(())
    }
}

/// Appends text in which whatever could pass for something else is spelled out.
fn push_escaped(line: &mut String, text: &str, json: bool) {
    for c in text.chars() {
        let _ = match c {
            '"' | '\\' if json => write!(line, "\\{c}"),
            '\n' => line.write_str("\\n"),
            '\r' => line.write_str("\\r"),
            '\t' => line.write_str("\\t"),
            c if is_hostile(c) => {
                let mut units = [0; 2];
                let units = c.encode_utf16(&mut units);
                units
                    .iter()
                    .try_for_each(|unit| write!(line, "\\u{unit:04x}"))
            }
            c => line.write_char(c),
        };
    }
}

/// Control characters of both kinds, line and paragraph separators, what is invisible, and
/// what turns the direction of writing.
fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn shown(format: Format, target: &str, message: &str) -> String {
        line(
            format,
            false,
            "T",
            &Record::builder()
                .level(Level::Warn)
                .target(target)
                .args(format_args!("{message}"))
                .build(),
        )
    }

    #[test]
    fn lines_look_like_this() {
        let human = |target, message| shown(Format::Human, target, message);
        assert_eq!(human("postern_daemon::edge", "hi"), "T WARN  edge: hi\n");
        assert_eq!(
            human("sled::x", "\u{e4} \\n"),
            "T WARN  sled::x: \u{e4} \\n\n"
        );
        assert_eq!(
            human(
                "postern_daemon::edge",
                "a\r\nT ERROR forged\u{1b}[2J\u{202e}\u{9b}"
            ),
            "T WARN  edge: a\\r\\nT ERROR forged\\u001b[2J\\u202e\\u009b\n"
        );
        assert_eq!(
            shown(
                Format::Json,
                "postern_daemon::edge",
                "say \"hi\\\"\n\u{e0001}"
            ),
            "{\"time\":\"T\",\"level\":\"warn\",\"module\":\"edge\",\
             \"message\":\"say \\\"hi\\\\\\\"\\n\\udb40\\udc01\"}\n"
        );
    }

    #[test]
    fn the_journal_is_told_priorities_and_not_the_time() {
        let record = Record::builder()
            .level(Level::Warn)
            .target("postern_daemon::edge")
            .args(format_args!("hi"))
            .build();
        assert_eq!(line(Format::Human, true, "T", &record), "edge: hi\n");
        let json = line(Format::Json, true, "T", &record);
        assert!(json.starts_with("{\"time\":\"T\","), "{json}");
        assert_eq!([Level::Error, Level::Info].map(priority), ["<3>", "<6>"]);
    }

    #[test]
    fn standard_error_is_the_journals_only_if_it_is_the_one_that_was_named() {
        let stat = rustix::fs::fstat(std::io::stderr()).unwrap();
        let own = format!("{}:{}", stat.st_dev, stat.st_ino);
        assert!(is_journal(Some(&own)));
        for other in ["0:0", "", "1", ":", "x:y", &format!("{own}0")] {
            assert!(!is_journal(Some(other)), "{other}");
        }
        assert!(!is_journal(None));
    }

    #[test]
    fn long_messages_are_cut() {
        let long = "\u{e4}".repeat(MESSAGE_MAX);
        let line = shown(Format::Human, "x", &long);
        assert!(
            line.ends_with(&format!(" [{MESSAGE_MAX} more bytes]\n")),
            "{}",
            line.len()
        );
        assert!(line.len() < MESSAGE_MAX + 100);
    }

    #[test]
    fn the_time_is_utc_with_milliseconds() {
        let now = now();
        assert_eq!(now.len(), "2026-11-21T07:12:47.123Z".len(), "{now}");
        assert!(now.ends_with('Z'));
    }

    #[test]
    fn wrong_filters_are_refused_before_anything_is_set_up() {
        assert!(matches!(
            init(Format::Human, "loud"),
            Err(LoggerError::Filter(_))
        ));
        assert!(set_filter("loud").is_err());
        assert!(set_filter("debug").is_ok());
    }

    proptest! {
        #[test]
        fn no_message_makes_a_second_line(target: String, message: String) {
            for format in [Format::Human, Format::Json] {
                let line = shown(format, &target, &message);
                let end = line.find(char::is_control);
                prop_assert_eq!(end, Some(line.len() - 1));
            }
        }

        #[test]
        fn json_says_the_message(message: String) {
            let line = shown(Format::Json, "x", &message);
            let json: serde_json::Value = serde_json::from_str(&line).unwrap();
            prop_assert_eq!(json["message"].as_str(), Some(message.as_str()));
        }
    }
}
