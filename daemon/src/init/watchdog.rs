//! The board's hardware watchdog: fed while the daemon is well, else it bites.

use super::{console, ioctl};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

/// Seconds after which it bites, where its hardware can. Some can no more than 16.
const TIMEOUT: i32 = 30;
/// Feeding leaves room for a machine under load.
const PARTS: u32 = 3;

/// An open watchdog. It is never closed: the machine is under it until it ends.
pub(super) struct Watchdog {
    device: File,
    every: Duration,
}

impl Watchdog {
    /// Opens the board's.
    pub(super) fn open(device: &Path) -> Option<Self> {
        let device = match OpenOptions::new().write(true).open(device) {
            Ok(device) => device,
            Err(error) => {
                console::note(&format!("the watchdog {}", device.display()), &error);
                return None;
            }
        };
        let seconds = ioctl::watchdog_timeout(&device, TIMEOUT).unwrap_or_else(|error| {
            console::note("setting the watchdog's time", &error);
            TIMEOUT / 2
        });
        console::say(&format!("the watchdog bites after {seconds} s"));
        Some(Self {
            device,
            every: Duration::from_secs(u64::from(seconds.unsigned_abs().max(1))) / PARTS,
        })
    }

    /// How often it must be fed.
    pub(super) fn every(&self) -> Duration {
        self.every
    }

    /// Feeds it.
    pub(super) fn feed(&mut self) {
        if let Err(error) = self.device.write_all(b"\0") {
            console::note("feeding the watchdog", &error);
        }
    }
}
