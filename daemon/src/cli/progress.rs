//! A file on its way to a gateway, and a line that tells how far it is.

use super::output::Output;
use crate::manage::ByteStream;
use bytes::Bytes;
use futures_lite::{AsyncReadExt, stream};
use std::fs::File;
use std::io::{IsTerminal, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes that are read and sent at once.
const PART_BYTES: usize = 64 * 1024;

/// The parts of a file of so many bytes, from where it stands; what was taken is counted in `moved`, which begins with what
/// was sent before, and shown.
pub fn parts(file: File, bytes: u64, moved: Arc<AtomicU64>, out: Output) -> ByteStream {
    let progress = Progress::new(out, bytes);
    let file = smol::Unblock::with_capacity(PART_BYTES, file);
    Box::pin(stream::try_unfold(
        (file, progress),
        move |(mut file, mut progress)| {
            let moved = moved.clone();
            async move {
                let mut part = vec![0; PART_BYTES];
                let read = file.read(&mut part).await?;
                if read == 0 {
                    return Ok(None);
                }
                part.truncate(read);
                let sent = moved.fetch_add(read as u64, Ordering::Relaxed) + read as u64;
                progress.show(sent);
                Ok(Some((Bytes::from(part), (file, progress))))
            }
        },
    ))
}

/// A line on a terminal that tells how far it is.
struct Progress {
    on: bool,
    total: u64,
    shown: u64,
}

impl Progress {
    fn new(out: Output, total: u64) -> Self {
        Self {
            on: !out.json && std::io::stderr().is_terminal(),
            total,
            shown: u64::MAX,
        }
    }

    fn show(&mut self, sent: u64) {
        let percent = sent.saturating_mul(100) / self.total.max(1);
        if !self.on || percent == self.shown {
            return;
        }
        self.shown = percent;
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let end = if sent >= self.total {
            "; checking\n"
        } else {
            ""
        };
        let mut err = std::io::stderr().lock();
        let _ = write!(
            err,
            "\r{percent:3} %, {:.1} of {:.1} MiB{end}",
            mib(sent),
            mib(self.total)
        );
        let _ = err.flush();
    }
}
