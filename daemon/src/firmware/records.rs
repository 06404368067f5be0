//! What this machine remembers of its firmware: what each slot holds, and what happened last.
//!
//! The boot loader does not go by it: a file in the data directory, which both slots share. If it
//! is lost, only memories are.

use super::release::VERSION;
use super::slots::Slot;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Bytes of the file.
const FILE_MAX: u64 = 256 * 1024;
/// Events that are remembered.
const EVENTS_MAX: usize = 32;
/// Bytes of an event's text.
const TEXT_MAX: usize = 1024;

/// What a slot holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The version.
    pub version: String,
    /// The board that it is for.
    pub board: String,
    /// Bytes of its image, where it was pushed.
    #[serde(default)]
    pub bytes: Option<u64>,
    /// BLAKE2b-512 of its image, as hexadecimal digits.
    #[serde(default)]
    pub hash: Option<String>,
    /// Whether it was permanent once.
    pub worked: bool,
}

/// A kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// An image was written and waits for its trial.
    Pushed,
    /// A trial passed, or was ended by hand: the slot is permanent.
    Confirmed,
    /// A trial failed.
    Failed,
    /// The boot loader went back to the permanent slot.
    FellBack,
    /// An operator took a trial back, or chose the other slot.
    RolledBack,
    /// The boot loader started a slot that it had not been told to.
    Strayed,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When, RFC 3339.
    pub at: String,
    /// What.
    pub what: What,
    /// To which slot.
    pub slot: Slot,
    /// In words.
    pub text: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Contents {
    #[serde(default)]
    a: Option<Held>,
    #[serde(default)]
    b: Option<Held>,
    /// The kernel's name of the run in which a trial was asked for.
    #[serde(default)]
    asked_in: Option<String>,
    #[serde(default)]
    events: Vec<Event>,
}

/// The file.
#[derive(Debug)]
pub struct Records {
    path: PathBuf,
    contents: Contents,
}

impl Records {
    /// Reads it; one that cannot be read is begun anew.
    pub fn open(path: &Path) -> Self {
        let contents = match read(path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| error.to_string()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Contents::default()),
            Err(error) => Err(error.to_string()),
        };
        let contents = contents.unwrap_or_else(|error| {
            log::warn!("`{}` is begun anew: {error}", path.display());
            Contents::default()
        });
        Self {
            path: path.to_owned(),
            contents,
        }
    }

    /// What a slot holds, if that is known.
    pub fn held(&self, slot: Slot) -> Option<&Held> {
        match slot {
            Slot::A => self.contents.a.as_ref(),
            Slot::B => self.contents.b.as_ref(),
        }
    }

    fn held_mut(&mut self, slot: Slot) -> &mut Option<Held> {
        match slot {
            Slot::A => &mut self.contents.a,
            Slot::B => &mut self.contents.b,
        }
    }

    /// Remembers what a slot holds from now on.
    pub fn hold(&mut self, slot: Slot, held: Option<Held>) {
        if self.held(slot) != held.as_ref() {
            *self.held_mut(slot) = held;
            self.save();
        }
    }

    /// Remembers that this program runs from a slot, and whether that is permanent.
    pub fn runs(&mut self, slot: Slot, board: &str, permanent: bool) {
        let mut held = match self.held(slot) {
            Some(held) if held.version == VERSION => held.clone(),
            // Written by other means than a push.
            _ => Held {
                version: VERSION.to_owned(),
                board: board.to_owned(),
                bytes: None,
                hash: None,
                worked: false,
            },
        };
        held.worked |= permanent;
        self.hold(slot, Some(held));
    }

    /// Remembers in which run of the kernel a trial was asked for.
    pub fn asked(&mut self, run: &str) {
        self.contents.asked_in = Some(run.to_owned());
        self.save();
    }

    /// Whether the machine was started again since a trial was asked for. Not known is no.
    pub fn started_since(&self, run: &str) -> bool {
        let asked_in = self.contents.asked_in.as_deref();
        asked_in.is_some_and(|asked_in| asked_in != run)
    }

    /// What happened, the last first.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.contents.events.iter().rev()
    }

    /// Remembers that something happened.
    pub fn note(&mut self, what: What, slot: Slot, text: &str) {
        let events = &mut self.contents.events;
        let excess = (events.len() + 1).saturating_sub(EVENTS_MAX);
        events.drain(..excess);
        events.push(Event {
            at: jiff::Timestamp::now()
                .strftime("%Y-%m-%dT%H:%M:%SZ")
                .to_string(),
            what,
            slot,
            text: text.chars().take(TEXT_MAX / 4).collect(),
        });
        self.save();
    }

    fn save(&self) {
        if let Err(error) = self.write() {
            log::warn!("`{}` cannot be written: {error}", self.path.display());
        }
    }

    /// All at once, and so that it outlives a power cut.
    fn write(&self) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(&self.contents)?;
        let fresh = self.path.with_extension("json.new");
        let mut file = File::create(&fresh)?;
        file.write_all(&text)?;
        file.sync_all()?;
        std::fs::rename(&fresh, &self.path)?;
        match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
            _ => Ok(()),
        }
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?.take(FILE_MAX).read_to_end(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn memories_are_kept_bounded_and_begun_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("firmware.json");
        let mut records = Records::open(&path);
        records.runs(Slot::A, "x", true);
        for number in 0..100 {
            records.note(
                What::Pushed,
                Slot::B,
                &format!("{number} {}", "ä".repeat(5000)),
            );
        }
        let records = Records::open(&path);
        assert_eq!(records.events().count(), EVENTS_MAX);
        assert!(records.events().next().unwrap().text.starts_with("99 "));
        let held = records.held(Slot::A).unwrap();
        assert_eq!((held.version.as_str(), held.worked), (VERSION, true));
        assert!(std::fs::metadata(&path).unwrap().len() < FILE_MAX);
        std::fs::write(&path, "{").unwrap();
        assert_eq!(Records::open(&path).events().count(), 0);
    }

    #[test]
    fn another_version_in_the_slot_is_another_system() {
        let dir = tempfile::tempdir().unwrap();
        let mut records = Records::open(&dir.path().join("firmware.json"));
        let old = Held {
            version: "0.0.1".to_owned(),
            board: "x".to_owned(),
            bytes: Some(9),
            hash: None,
            worked: true,
        };
        records.hold(Slot::B, Some(old));
        records.runs(Slot::B, "x", false);
        let held = records.held(Slot::B).unwrap();
        assert_eq!(
            (held.version.as_str(), held.bytes, held.worked),
            (VERSION, None, false)
        );
        // What was permanent once stays known as such.
        records.runs(Slot::B, "x", true);
        records.runs(Slot::B, "x", false);
        assert!(records.held(Slot::B).unwrap().worked);
    }
}
