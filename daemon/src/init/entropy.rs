//! Randomness across a restart: a seed that is kept on the data partition, used once, and replaced
//! before it counts.

use super::{console, ioctl, places};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Gives the kernel the seed of the last run.
pub(super) fn restore() {
    if let Err(error) = restore_from(Path::new(places::SEED)) {
        console::note("the seed of randomness", &error);
    }
}

fn restore_from(seed: &Path) -> io::Result<()> {
    let old: Option<[u8; ioctl::SEED]> = match std::fs::read(seed) {
        Ok(bytes) => bytes.try_into().ok(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let random = OpenOptions::new().write(true).open("/dev/urandom")?;
    let Some(old) = old else {
        return save();
    };
    // Mixed in without counting, so that the next seed depends on it; and counted only once the
    // next one is on the disk: no seed may count twice.
    (&random).write_all(&old)?;
    save()?;
    ioctl::credit_entropy(&random, old)
}

/// Writes a seed for the next run.
pub(super) fn save() -> io::Result<()> {
    save_to(Path::new(places::SEED))
}

fn save_to(place: &Path) -> io::Result<()> {
    use std::io::Read;
    let mut seed = [0; ioctl::SEED];
    File::open("/dev/urandom")?.read_exact(&mut seed)?;
    let fresh = place.with_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&fresh)?;
    file.write_all(&seed)?;
    file.sync_all()?;
    std::fs::rename(&fresh, place)?;
    // The folder's entry too, or the old seed might be there again after a power cut.
    File::open(place.parent().unwrap_or(Path::new("/")))?.sync_all()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn no_two_seeds_are_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("seed");
        save_to(&place).unwrap();
        let first = std::fs::read(&place).unwrap();
        save_to(&place).unwrap();
        let second = std::fs::read(&place).unwrap();
        assert_eq!(first.len(), ioctl::SEED);
        assert_ne!(first, second);
    }
}
