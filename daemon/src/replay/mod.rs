//! Records of invocations that failed, as files: which are kept, for how long, and what of them is told to
//! nobody (`docs/replay.md`).
//!
//! What a record is and how it is run again is the engine's to know. Everything here is bounded: bytes of a
//! record, bytes and number of all, records a minute, and how many wait to be written.

mod files;
mod secrets;

pub use files::Kept;

use crate::engine::replay::{Record, Recorded, Recorder};
use files::Files;
use parking_lot::Mutex;
use smol::channel::{Receiver, Sender};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

/// Records that wait to be written, each as long as an isolate's tape.
const WAITING_MAX: usize = 2;

/// What is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Nothing.
    Nothing,
    /// Invocations that were cut or failed.
    Failures,
    /// These, and one of so many others.
    Sampled(u32),
}

/// What is kept, and where.
#[derive(Clone, Debug)]
pub struct ReplayOptions {
    /// What is recorded.
    pub what: What,
    /// Bytes that are written down of an isolate.
    pub isolate_bytes: u64,
    /// Bytes of all records and of the code that belongs to them.
    pub bytes_max: u64,
    /// Records that are kept.
    pub records_max: usize,
    /// Records that are written in a minute.
    pub per_minute: u32,
    /// Whether header fields and parts of URLs that look secret are replaced.
    pub redacts: bool,
    /// Who is never recorded: NAMESPACE, or NAMESPACE/SCRIPT.
    pub off: Vec<String>,
    /// Where records are kept.
    pub dir: PathBuf,
}

/// Why there is no record to be had.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// There is none of this name.
    #[error(
        "there is no record of invocation {0}; `postern replay list` lists those that are kept"
    )]
    Unknown(String),
    /// The disk does not give it.
    #[error("the record cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// Records, and how many there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Written since the daemon started.
    pub written: u64,
    /// Not written, because there were too many or too large ones, or the disk refused.
    pub dropped: u64,
}

/// Keeps records. Clones are the same one.
#[derive(Clone)]
pub struct Replays(Arc<Inner>);

struct Inner {
    options: ReplayOptions,
    files: Mutex<Files>,
    queue: Sender<Recorded>,
    waiting: Receiver<Recorded>,
    others: AtomicU64,
    written: AtomicU64,
    dropped: AtomicU64,
    /// Records that may be written at once, in sixtieths of a record, and when that was known.
    allowed: Mutex<(u64, Instant)>,
}

impl Replays {
    /// Opens what is kept in the options' directory. What is damaged there is removed.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn open(options: ReplayOptions) -> io::Result<Self> {
        let (queue, waiting) = smol::channel::bounded(WAITING_MAX);
        let files = Files::open(&options)?;
        let burst = u64::from(options.per_minute) * 60;
        Ok(Self(Arc::new(Inner {
            files: Mutex::new(files),
            options,
            queue,
            waiting,
            others: AtomicU64::new(0),
            written: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            allowed: Mutex::new((burst, Instant::now())),
        })))
    }

    /// Whether anything is recorded.
    pub fn is_on(&self) -> bool {
        self.0.options.what != What::Nothing
    }

    /// What is kept, the newest first.
    pub fn list(&self) -> Vec<Kept> {
        self.0.files.lock().list()
    }

    /// How many there were.
    pub fn counts(&self) -> Counts {
        Counts {
            written: self.0.written.load(Relaxed),
            dropped: self.0.dropped.load(Relaxed),
        }
    }

    /// A record with the code that it takes to run it.
    ///
    /// # Errors
    /// When there is none of this name, or it cannot be read.
    pub fn get(&self, ray: u64) -> Result<Vec<u8>, ReplayError> {
        self.0.files.lock().get(ray)
    }

    /// Removes a record; false if there is none.
    pub fn remove(&self, ray: u64) -> bool {
        self.0.files.lock().remove(ray)
    }

    /// Writes what waits, for as long as the daemon runs.
    pub async fn upkeep(self) {
        while let Ok(recorded) = self.0.waiting.recv().await {
            let this = self.clone();
            postern_task::unblock(move || this.write(recorded)).await;
        }
    }

    fn write(&self, mut recorded: Recorded) {
        let ray = recorded.head.ray;
        match self.written(&mut recorded) {
            Ok(()) => {
                self.0.written.fetch_add(1, Relaxed);
            }
            Err(why) => {
                self.0.dropped.fetch_add(1, Relaxed);
                log::debug!("the record of {ray:016x} is not kept: {why}");
            }
        }
    }

    fn written(&self, recorded: &mut Recorded) -> Result<(), String> {
        let told = |error: io::Error| error.to_string();
        let trace = &mut recorded.trace;
        // Before anything is on the disk.
        recorded.head.redacted = secrets::redact(trace, self.0.options.redacts)?;
        let mut files = self.0.files.lock();
        recorded.head.code = files.link(&recorded.files).map_err(told)?;
        let file = Record::seal(&recorded.head, trace).map_err(told)?;
        files.put(recorded.head.clone(), &file).map_err(told)
    }

    /// Whether another record may be written now.
    fn may_write(&self) -> bool {
        let per_minute = u64::from(self.0.options.per_minute);
        let mut allowed = self.0.allowed.lock();
        let now = Instant::now();
        let since = now.saturating_duration_since(allowed.1);
        // Sixtieths of a record a second are as many as records a minute.
        let ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        let more = ms.saturating_mul(per_minute) / 1000;
        if more > 0 {
            *allowed = (allowed.0.saturating_add(more).min(per_minute * 60), now);
        }
        match allowed.0.checked_sub(60) {
            Some(left) => {
                allowed.0 = left;
                true
            }
            None => false,
        }
    }
}

impl Recorder for Replays {
    fn tape_bytes(&self, namespace: &str, script: &str) -> u64 {
        let is_off = self
            .0
            .options
            .off
            .iter()
            .any(|it| match it.split_once('/') {
                Some((of, name)) => of == namespace && name == script,
                None => it == namespace,
            });
        match is_off || !self.is_on() {
            true => 0,
            false => self.0.options.isolate_bytes,
        }
    }

    fn wants(&self, failed: bool) -> bool {
        let is_wanted = match self.0.options.what {
            What::Nothing => false,
            What::Failures => failed,
            What::Sampled(of) => {
                failed
                    || self
                        .0
                        .others
                        .fetch_add(1, Relaxed)
                        .is_multiple_of(u64::from(of.max(1)))
            }
        };
        if !is_wanted {
            return false;
        }
        let may = self.may_write() && !self.0.queue.is_full();
        if !may {
            self.0.dropped.fetch_add(1, Relaxed);
        }
        may
    }

    fn keep(&self, recorded: Recorded) {
        if self.0.queue.try_send(recorded).is_err() {
            self.0.dropped.fetch_add(1, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::engine::replay::{CodeFiles, Entries, Entry, Head};
    use postern_abi::EventKind;
    use postern_abi::http::{BodyHint, Fields, RequestLine};
    use std::path::Path;

    fn options(dir: &Path) -> ReplayOptions {
        ReplayOptions {
            what: What::Failures,
            isolate_bytes: 1 << 20,
            bytes_max: 1 << 20,
            records_max: 3,
            per_minute: 100,
            redacts: true,
            off: vec!["quiet".into(), "loud/one".into()],
            dir: dir.join("replays"),
        }
    }

    fn request() -> Vec<u8> {
        let line = RequestLine {
            method: "GET",
            url: "http://a.example/0123456789abcdef0123456789abcdef/x",
            body: BodyHint::None,
        };
        let fields = Fields(vec![
            ("accept", &b"text/html"[..]),
            ("authorization", b"Bearer s3cretToken99"),
        ]);
        let mut payload = postcard::to_allocvec(&line).unwrap();
        payload.extend(postcard::to_allocvec(&fields).unwrap());
        payload
    }

    fn recorded(dir: &Path, ray: u64) -> Recorded {
        let (image, snapshot) = (dir.join("image"), dir.join("snapshot"));
        std::fs::write(&image, b"image").unwrap();
        std::fs::write(&snapshot, b"no snapshot").unwrap();
        let mut trace = Vec::new();
        let payload = request();
        Entry::Event {
            request: 1,
            kind: EventKind::Request as u32,
            id: 1,
            payload: &payload,
        }
        .write(&mut trace);
        Recorded {
            head: Head {
                ray,
                script: "s".into(),
                ..Head::default()
            },
            trace,
            files: CodeFiles {
                image,
                base: None,
                snapshot,
            },
        }
    }

    #[test]
    fn records_are_bounded_and_survive() {
        let dir = tempfile::tempdir().unwrap();
        let replays = Replays::open(options(dir.path())).unwrap();
        for ray in 1..=5 {
            replays.write(recorded(dir.path(), ray));
        }
        let rays = |replays: &Replays| {
            replays
                .list()
                .iter()
                .map(|it| it.head.ray)
                .collect::<Vec<_>>()
        };
        assert_eq!(rays(&replays), [5, 4, 3]);
        assert_eq!(replays.counts().written, 5);
        assert!(matches!(replays.get(1), Err(ReplayError::Unknown(_))));
        assert!(replays.remove(4) && !replays.remove(4));
        let again = Replays::open(options(dir.path())).unwrap();
        let mut kept = rays(&again);
        kept.sort_unstable();
        assert_eq!(kept, [3, 5]);
        // The code stays for as long as a record needs it, and no longer.
        let code = || {
            std::fs::read_dir(dir.path().join("replays/code"))
                .unwrap()
                .count()
        };
        assert_eq!(code(), 2);
        assert!(again.remove(3) && again.remove(5));
        assert_eq!(code(), 0);
    }

    #[test]
    fn secrets_are_not_in_what_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let replays = Replays::open(options(dir.path())).unwrap();
        replays.write(recorded(dir.path(), 7));
        let file = std::fs::read(dir.path().join("replays/0000000000000007.replay")).unwrap();
        let record = Record::read(&file).unwrap();
        assert!(record.head.redacted > 0);
        let Some(Ok(Entry::Event { payload, .. })) = Entries::new(&record.trace, 0).next() else {
            panic!("no event");
        };
        assert_eq!(payload.len(), request().len());
        let text = String::from_utf8_lossy(payload);
        assert!(
            text.contains("accept") && text.contains("text/html"),
            "{text}"
        );
        assert!(
            !text.contains("s3cretToken99") && !text.contains("0123456789abcdef"),
            "{text}"
        );
        assert!(text.contains("xxxxxx xxxxxxxxxxxxx"), "{text}");
    }

    #[test]
    fn who_opted_out_has_no_tape() {
        let dir = tempfile::tempdir().unwrap();
        let replays = Replays::open(options(dir.path())).unwrap();
        let bytes = |namespace, script| replays.tape_bytes(namespace, script);
        assert_eq!((bytes("quiet", "a"), bytes("loud", "one")), (0, 0));
        assert_eq!(bytes("loud", "two"), 1 << 20);
        let off = Replays::open(ReplayOptions {
            what: What::Nothing,
            ..options(dir.path())
        });
        assert_eq!(off.unwrap().tape_bytes("loud", "two"), 0);
    }

    #[test]
    fn no_more_than_so_many_are_written_in_a_minute() {
        let dir = tempfile::tempdir().unwrap();
        let replays = Replays::open(ReplayOptions {
            per_minute: 2,
            ..options(dir.path())
        });
        let replays = replays.unwrap();
        let wanted = (0..10).filter(|_| replays.wants(true)).count();
        assert_eq!((wanted, replays.counts().dropped), (2, 8));
        assert!(!replays.wants(false));
        let sampled = Replays::open(ReplayOptions {
            what: What::Sampled(3),
            ..options(dir.path())
        });
        let sampled = sampled.unwrap();
        assert_eq!((0..6).filter(|_| sampled.wants(false)).count(), 2);
        assert!(sampled.wants(true));
    }

    #[test]
    fn what_is_damaged_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let replays = Replays::open(options(dir.path())).unwrap();
        replays.write(recorded(dir.path(), 7));
        let kept = dir.path().join("replays");
        std::fs::write(kept.join("0000000000000008.replay"), b"nonsense").unwrap();
        std::fs::write(kept.join("half.new"), b"nonsense").unwrap();
        let again = Replays::open(options(dir.path())).unwrap();
        assert_eq!(again.list().len(), 1);
        assert!(!kept.join("half.new").exists());
        assert!(!kept.join("0000000000000008.replay").exists());
    }

    #[test]
    fn a_disk_that_refuses_costs_the_record_alone() {
        let dir = tempfile::tempdir().unwrap();
        let replays = Replays::open(options(dir.path())).unwrap();
        let lost = recorded(dir.path(), 7);
        std::fs::remove_file(&lost.files.snapshot).unwrap();
        replays.write(lost);
        assert_eq!((replays.list().len(), replays.counts().dropped), (0, 1));
    }
}
