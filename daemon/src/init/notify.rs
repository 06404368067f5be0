//! What the daemon says of itself, as it would to systemd: `READY=1`, `WATCHDOG=1`, `STOPPING=1`.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixDatagram;
use std::path::Path;

/// Bytes of a message; more is cut off.
const MESSAGE: usize = 4096;

/// One thing that the daemon said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// It serves.
    Ready,
    /// It served a request to itself just now.
    Well,
    /// It is ending.
    Stopping,
}

/// Where it is said.
pub(super) struct Notify(UnixDatagram);

impl Notify {
    /// Opens it.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let _ = std::fs::remove_file(path);
        let socket = UnixDatagram::bind(path)?;
        socket.set_nonblocking(true)?;
        Ok(Self(socket))
    }

    /// What was said since it was last asked.
    pub(super) fn hear(&self) -> Vec<Said> {
        let mut heard = Vec::new();
        let mut message = [0; MESSAGE];
        while let Ok(length) = self.0.recv(&mut message) {
            heard.extend(parse(&message[..length]));
        }
        heard
    }
}

impl AsFd for Notify {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn parse(message: &[u8]) -> impl Iterator<Item = Said> {
    message
        .split(|byte| *byte == b'\n')
        .filter_map(|line| match line {
            b"READY=1" => Some(Said::Ready),
            b"WATCHDOG=1" => Some(Said::Well),
            b"STOPPING=1" => Some(Said::Stopping),
            _ => None,
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn messages_are_lines() {
        let heard: Vec<Said> = parse(b"READY=1\nSTATUS=READY=1\nWATCHDOG=1").collect();
        assert_eq!(heard, [Said::Ready, Said::Well]);
        assert_eq!(parse(b"").next(), None);
        assert_eq!(parse(b"READY=10\nready=1\n\0").next(), None);
    }

    #[test]
    fn all_that_was_said_is_heard_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let notify = Notify::open(&path).unwrap();
        let daemon = UnixDatagram::unbound().unwrap();
        daemon.send_to(b"READY=1\n", &path).unwrap();
        daemon.send_to(b"STOPPING=1", &path).unwrap();
        assert_eq!(notify.hear(), [Said::Ready, Said::Stopping]);
        assert_eq!(notify.hear(), []);
    }
}
