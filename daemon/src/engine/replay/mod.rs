//! Records of invocations, and running them again to the same fuel and the same bytes.
//!
//! Nothing reaches a guest but events and results of its operations, through one boundary: the entries
//! `postern_window` and `postern_event`, and the imports. What passes there is written on a [`Tape`] for as
//! long as an isolate lives; when an invocation fails, what is on the tape becomes a record. A [`Player`]
//! has the same code and the same memory to begin with, gives the guest the same events and answers its
//! calls from the record. It needs no bindings, no keys and no network.
//!
//! Who keeps records, and which, others know: [`Recorder`].

pub mod entry;
mod file;
mod player;
pub mod profile;
mod tape;
mod told;
pub mod wrapping;

pub use entry::{Entries, Entry, Import};
pub use file::{Head, Part, Record, Writing, hash};
pub use player::Player;
pub use profile::Spent;
pub(super) use tape::{Tape, arrived, end, end_by, taped};
pub use told::{Differing, Played, Show, event_name};

use super::code::{BuildError, Code};
use std::path::{Path, PathBuf};

/// Keeps records.
pub trait Recorder: Send + Sync {
    /// Bytes that may be written down of an isolate of this Worker; 0 is nothing.
    fn tape_bytes(&self, namespace: &str, script: &str) -> u64;
    /// Whether a record is wanted of an invocation that is over; `failed` is one that was cut or failed.
    fn wants(&self, failed: bool) -> bool;
    /// Keeps one. Called by the thread that ran the guest. Must be quick.
    fn keep(&self, recorded: Recorded);
}

/// What was written down.
pub struct Recorded {
    /// Whom it is about.
    pub head: Head,
    /// What reached the isolate from its beginning on.
    pub trace: Vec<u8>,
    /// Where its code lies.
    pub files: CodeFiles,
}

/// Where the code of a Worker lies that is stored under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeFiles {
    /// The module.
    pub image: PathBuf,
    /// The memory that the snapshot is a difference to.
    pub base: Option<PathBuf>,
    /// The snapshot.
    pub snapshot: PathBuf,
}

impl CodeFiles {
    /// Those of a Worker, unless one of them is in memory alone, as those are that may hold secrets.
    pub(super) fn of(
        image: Option<&Path>,
        base: Option<&super::javascript::Base>,
        snapshot: Option<&Path>,
    ) -> Option<Self> {
        let snapshot = snapshot?.to_owned();
        let files = match (image, base) {
            (Some(image), _) => Self {
                image: image.to_owned(),
                base: None,
                snapshot,
            },
            (None, Some(base)) => Self {
                image: base.image.clone(),
                base: Some(base.memory.clone()),
                snapshot,
            },
            (None, None) => return None,
        };
        let is_stored = files.all().all(|path| !path.starts_with("/proc"));
        is_stored.then_some(files)
    }

    /// All of them: the image, the base if there is one, the snapshot.
    pub fn all(&self) -> impl Iterator<Item = &Path> {
        [Some(&self.image), self.base.as_ref(), Some(&self.snapshot)]
            .into_iter()
            .flatten()
            .map(PathBuf::as_path)
    }

    /// Adds the code to a record.
    ///
    /// # Errors
    /// When a file cannot be read, or is not what it should be.
    pub fn add_to(&self, file: &mut Writing) -> std::io::Result<()> {
        let module = std::fs::read(&self.image)?;
        file.part(Part::Module, |out| out.write_all(&module))?;
        drop(module);
        file.part(Part::Memory, |out| {
            let told = |error: BuildError| std::io::Error::other(error.what);
            Code::read_pieces(self.base.as_deref(), &self.snapshot, |place, bytes| {
                for number in [place, bytes.len()] {
                    // A memory has 4 GiB at most.
                    out.write_all(&(number as u32).to_le_bytes())?;
                }
                out.write_all(bytes)
            })
            .map_err(told)
        })
    }
}

/// Why a record cannot be run again.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// Something else.
    #[error("this is no record of an invocation; `postern replay get RAY > FILE` gives one")]
    Foreign,
    /// A newer or an older one.
    #[error("the record is of version {0}, this program reads version {v}; use the postern that wrote it", v = file::VERSION)]
    Version(u16),
    /// A part is wrong.
    #[error("the record is damaged at byte {at}: {what}; fetch it again")]
    File {
        /// Where the part begins.
        at: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// The trace is wrong.
    #[error("the record's trace is damaged at byte {at}: {what}; fetch the record again")]
    Trace {
        /// Where.
        at: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// A part is not there.
    #[error("the record has no {0}; fetch it again")]
    Missing(&'static str),
    /// There is no code in it.
    #[error("the record has no code; `postern replay get RAY > FILE` gives one that has")]
    NoCode,
    /// It wants more than is given.
    #[error("the record has {value} {what}, the limit is {limit}; it is not run")]
    Over {
        /// What.
        what: &'static str,
        /// How much.
        value: u64,
        /// How much there may be.
        limit: u64,
    },
    /// The interpreter does not take it.
    #[error("the record's code cannot be run: {0}")]
    Code(String),
}
