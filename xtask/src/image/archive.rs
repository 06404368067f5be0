//! An initramfs: a cpio archive in the kernel's "newc" form, compressed by gzip. Written here, because
//! it holds a device node, which only root can make as a file; and so that it is the same each time.

use anyhow::{Context, Result};
use std::io::Write;
use std::process::{Command, Stdio};

/// An archive that is being made.
#[derive(Default)]
pub struct Archive {
    bytes: Vec<u8>,
    number: u32,
}

const FOLDER: u32 = 0o040_755;
const PROGRAM: u32 = 0o100_755;
const DATA: u32 = 0o100_644;
const CHARACTER_DEVICE: u32 = 0o020_600;

impl Archive {
    /// Adds a folder.
    pub fn folder(&mut self, name: &str) {
        self.entry(name, FOLDER, (0, 0), &[]);
    }

    /// Adds a file.
    pub fn file(&mut self, name: &str, content: &[u8]) {
        self.entry(name, DATA, (0, 0), content);
    }

    /// Adds a program.
    pub fn program(&mut self, name: &str, content: &[u8]) {
        self.entry(name, PROGRAM, (0, 0), content);
    }

    /// Adds a character device.
    pub fn device(&mut self, name: &str, major: u32, minor: u32) {
        self.entry(name, CHARACTER_DEVICE, (major, minor), &[]);
    }

    fn entry(&mut self, name: &str, mode: u32, device: (u32, u32), content: &[u8]) {
        self.number += 1;
        let size = u32::try_from(content.len()).unwrap_or(u32::MAX);
        let links = if mode == FOLDER { 2 } else { 1 };
        let name_size = u32::try_from(name.len() + 1).unwrap_or(u32::MAX);
        self.bytes.extend(b"070701");
        // Number, mode, owner, group, links, time, size, the disk's device, this one's, the name's
        // length, a sum that this form has not.
        for field in [
            self.number,
            mode,
            0,
            0,
            links,
            0,
            size,
            0,
            0,
            device.0,
            device.1,
            name_size,
            0,
        ] {
            self.bytes.extend(format!("{field:08X}").bytes());
        }
        self.bytes.extend(name.bytes());
        self.bytes.push(0);
        self.fill();
        self.bytes.extend(content);
        self.fill();
    }

    fn fill(&mut self) {
        let length = self.bytes.len().next_multiple_of(4);
        self.bytes.resize(length, 0);
    }

    /// Ends it and compresses it.
    pub fn finish(mut self) -> Result<Vec<u8>> {
        self.entry("TRAILER!!!", 0, (0, 0), &[]);
        let mut gzip = Command::new("gzip")
            .args(["--no-name", "--best"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot run gzip")?;
        let mut input = gzip.stdin.take().context("gzip reads nothing")?;
        let bytes = self.bytes;
        let writer = std::thread::spawn(move || input.write_all(&bytes));
        let output = gzip.wait_with_output().context("gzip failed")?;
        match writer.join() {
            Ok(written) => written.context("gzip stopped reading")?,
            Err(_) => anyhow::bail!("the thread that feeds gzip panicked"),
        }
        anyhow::ensure!(output.status.success(), "gzip failed ({})", output.status);
        Ok(output.stdout)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn entries_begin_at_whole_words() {
        let mut archive = Archive::default();
        archive.folder("dev");
        archive.device("dev/console", 5, 1);
        archive.program("init", b"#!\n");
        let bytes = archive.bytes.clone();
        let starts: Vec<usize> = bytes
            .windows(6)
            .enumerate()
            .filter(|(_, it)| *it == b"070701")
            .map(|(at, _)| at)
            .collect();
        assert_eq!(starts.len(), 3);
        assert!(starts.iter().all(|at| at % 4 == 0));
        assert_eq!(&bytes[starts[1] + 78..starts[1] + 94], b"0000000500000001");
        assert_eq!(archive.finish().unwrap()[..2], [0x1f, 0x8b]);
    }
}
