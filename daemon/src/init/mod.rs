//! `postern init`: process 1 of a firmware image.
//!
//! Before it, the slot's initramfs holds `postern-early` ([`early`]): a small program, for it is in
//! memory twice while the kernel unpacks it, which loads the modules that lead to the slot and goes
//! over to it. There `postern init` ([`system`]) mounts, sets clock and network up, and keeps the
//! daemon running until it is told to end.
//! `docs/firmware.md` tells the whole.
//!
//! Process 1 may not end: what it cannot go on without makes it exit, upon which the kernel panics
//! and, told so on its command line, starts the machine again. Each such start counts against a
//! firmware that is on trial.

mod clock;
mod console;
mod disk;
mod early;
mod entropy;
mod filesystem;
mod ioctl;
mod kernel_line;
mod modules;
mod mounts;
mod network;
mod notify;
mod power;
mod service;
mod system;
mod uevents;
mod watchdog;

use std::convert::Infallible;
use std::path::Path;
use std::process::ExitCode;

/// Where a firmware image has things.
pub mod places {
    /// The data partition.
    pub const DATA: &str = "/data";
    /// The daemon's data directory.
    pub const DATA_DIR: &str = "/data/postern";
    /// The operator's configuration, in place of the image's.
    pub const CONFIG: &str = "/data/postern.toml";
    /// The image's configuration.
    pub const DEFAULT_CONFIG: &str = "/etc/postern/postern.toml";
    /// The first token, readable to whoever has the disk.
    pub const FIRST_TOKEN: &str = "/data/first-token";
    /// The time when the machine last ran.
    pub const CLOCK: &str = "/data/clock";
    /// Randomness for the next start.
    pub const SEED: &str = "/data/seed";
    /// The binary.
    pub const BINARY: &str = "/bin/postern";
    /// The recovery shell, in slots of boards whose file asks for it.
    pub const SHELL: &str = "/bin/sh";
    /// What checks the data partition.
    pub const FSCK: &str = "/sbin/e2fsck";
    /// Names' servers; `/etc/resolv.conf` points here.
    pub const RESOLV: &str = "/run/resolv.conf";
    /// Where the daemon says how it is.
    pub const NOTIFY: &str = "/run/postern-notify";
}

/// Why process 1 cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// It is an ordinary process.
    #[error(
        "`postern init` is process 1 of a firmware image, and this is process {0}; \
         elsewhere run `postern serve`"
    )]
    NotFirst(u32),
    /// The system refused something.
    #[error("cannot {what}: {error}")]
    System {
        /// What.
        what: String,
        /// What it said.
        error: std::io::Error,
    },
    /// A partition did not appear.
    #[error(
        "no disk has the partition `{name}` after {seconds} s; the disk's driver must be in the \
         kernel or among the slot's modules"
    )]
    NoPartition {
        /// Its name.
        name: String,
        /// How long it was waited for.
        seconds: u64,
    },
}

impl InitError {
    fn system(what: impl Into<String>) -> impl FnOnce(rustix::io::Errno) -> Self {
        let what = what.into();
        move |error| Self::System {
            what,
            error: error.into(),
        }
    }

    fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |error| Self::System { what, error }
    }
}

/// `postern init`: is process 1. Returns only when it cannot go on.
pub fn main() -> ExitCode {
    told(first().and_then(|()| system::run()))
}

/// `postern-early`: leads from the initramfs to the slot. Returns only when it cannot.
pub fn early() -> ExitCode {
    told(first().and_then(|()| early::run()))
}

fn told(ended: Result<Infallible, InitError>) -> ExitCode {
    match ended {
        Ok(never) => match never {},
        Err(error) => {
            console::say(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn first() -> Result<(), InitError> {
    match std::process::id() {
        1 => Ok(()),
        id => Err(InitError::NotFirst(id)),
    }
}

/// A text of one file of the kernel's, without the line's end.
fn read_line(path: impl AsRef<Path>) -> Option<String> {
    let bytes = std::fs::read(path).ok()?;
    let line = bytes.split(|byte| *byte == b'\n').next()?;
    Some(String::from_utf8_lossy(line).into_owned())
}
