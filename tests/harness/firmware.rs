//! A machine with two slots, of files; a boot loader, which goes by what is promised of the boot
//! state and not by the daemon's code; and a signer like minisign.

use crate::daemon::Setup;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use blake2::{Blake2b512, Digest};
use ed25519_dalek::{Signer as _, SigningKey};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Bytes of a copy of the boot state.
const COPY: usize = 4096;
/// Where copies begin.
const OFFSETS: [usize; 2] = [0, 64 * 1024];
/// Bytes of a slot.
pub const SLOT: usize = 8 << 20;

/// What the boot loader goes by: variables as U-Boot has them.
pub type Variables = BTreeMap<String, String>;

/// The machine around a daemon.
#[derive(Debug)]
pub struct Machine {
    dir: TempDir,
    key: SigningKey,
}

impl Default for Machine {
    fn default() -> Self {
        Self::new(SLOT)
    }
}

impl Machine {
    /// With slots of so many bytes, of which `a` was started.
    pub fn new(slot: usize) -> Self {
        let dir = tempfile::Builder::new()
            .prefix("postern-machine-")
            .tempdir()
            .unwrap();
        std::fs::write(dir.path().join("state"), vec![0; 1 << 20]).unwrap();
        for name in ["a", "b"] {
            std::fs::write(dir.path().join(name), vec![0xee; slot]).unwrap();
        }
        let machine = Self {
            dir,
            key: SigningKey::from_bytes(&[42; 32]),
        };
        machine.starts("a", false);
        machine
    }

    /// A file of it: `state`, `a`, `b`, `cmdline`, `reboots`.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A slot's or the boot state's bytes.
    pub fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// Puts a file beside the slots.
    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    }

    /// A daemon's configuration with this machine, and more lines of `[firmware]`.
    pub fn setup(&self, lines: &str) -> Setup {
        let at = |name: &str| self.path(name).display().to_string();
        Setup::new().tables(&format!(
            "[firmware]\nkeys = \"{}\"\nstate = \"{}\"\nslots = {{ a = \"{}\", b = \"{}\" }}\n\
             command-line = \"{}\"\nreboot = [\"sh\", \"-c\", \"echo >> {}\"]\n{lines}\n\
             [confinement]\nwrite = [\"{}\"]\n",
            self.public_key(),
            at("state"),
            at("a"),
            at("b"),
            at("cmdline"),
            at("reboots"),
            // Its command writes there.
            self.dir.path().display(),
        ))
    }

    fn starts(&self, slot: &str, trial: bool) {
        let line = format!(
            "console=ttyS0 postern.slot={slot} postern.trial={}\n",
            u8::from(trial)
        );
        std::fs::write(self.path("cmdline"), line).unwrap();
    }

    /// Whether the daemon had the machine restarted; it is forgotten then.
    pub fn rebooted(&self) -> Option<()> {
        std::fs::remove_file(self.path("reboots")).ok()
    }

    /// The copy that counts, and which one it is.
    #[track_caller]
    pub fn variables(&self) -> Option<(usize, Variables)> {
        let bytes = self.bytes("state");
        let copies = OFFSETS.iter().enumerate().filter_map(|(index, offset)| {
            Some((index, variables(&bytes[*offset..*offset + COPY])?))
        });
        let serial = |variables: &Variables| u64::from_str_radix(&variables["serial"], 16).unwrap();
        copies.max_by_key(|(_, variables)| serial(variables))
    }

    /// The boot loader: chooses a slot and starts it.
    #[track_caller]
    pub fn boot(&self) -> String {
        let Some((counts, mut variables)) = self.variables() else {
            self.starts("a", false);
            return "a".to_owned();
        };
        let trial = variables.get("try").cloned().unwrap_or_default();
        let tries: u8 = variables.get("tries").map_or(0, |it| it.parse().unwrap());
        if trial.is_empty() || tries == 0 {
            let slot = variables["slot"].clone();
            self.starts(&slot, false);
            return slot;
        }
        let serial = u64::from_str_radix(&variables["serial"], 16).unwrap() + 1;
        variables.insert("serial".to_owned(), format!("{serial:x}"));
        variables.insert("tries".to_owned(), format!("{}", tries - 1));
        let mut bytes = self.bytes("state");
        let offset = OFFSETS[1 - counts];
        bytes[offset..offset + COPY].copy_from_slice(&copy(&variables));
        std::fs::write(self.path("state"), bytes).unwrap();
        self.starts(&trial, true);
        trial
    }

    /// The public key, as minisign writes it.
    pub fn public_key(&self) -> String {
        let key = self.key.verifying_key();
        STANDARD.encode([b"Ed".as_slice(), &[7; 8], key.as_bytes()].concat())
    }

    /// A `.minisig` file, as `minisign -S -H` writes it.
    pub fn sign(&self, image: &[u8], comment: &str) -> String {
        let hash = Blake2b512::digest(image);
        let signature = self.key.sign(&hash).to_bytes();
        let global = [signature.as_slice(), comment.as_bytes()].concat();
        format!(
            "untrusted comment: signature\n{}\ntrusted comment: {comment}\n{}\n",
            STANDARD.encode([b"ED".as_slice(), &[7; 8], &signature].concat()),
            STANDARD.encode(self.key.sign(&global).to_bytes())
        )
    }

    /// Writes an image and its signature; the image's path.
    pub fn image(&self, name: &str, image: &[u8], comment: &str) -> String {
        self.file(&format!("{name}.minisig"), self.sign(image, comment));
        self.file(name, image)
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }
}

/// An image that differs everywhere.
pub fn image(bytes: usize) -> Vec<u8> {
    (0..bytes as u64)
        .map(|at| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8)
        .collect()
}

/// Reads a copy, if its sum is right.
fn variables(copy: &[u8]) -> Option<Variables> {
    let sum = u32::from_le_bytes(copy[..4].try_into().unwrap());
    if sum != crc32(&copy[4..]) {
        return None;
    }
    let pairs = copy[4..].split(|byte| *byte == 0);
    let pairs = pairs.take_while(|pair| !pair.is_empty());
    let read = |pair: &[u8]| {
        let text = std::str::from_utf8(pair).unwrap();
        let (key, value) = text.split_once('=').unwrap();
        (key.to_owned(), value.to_owned())
    };
    Some(pairs.map(read).collect())
}

/// As `env export -c -s 1000` writes it: without variables that are empty.
fn copy(variables: &Variables) -> Vec<u8> {
    let pairs = variables.iter().filter(|(_, value)| !value.is_empty());
    let pairs: String = pairs
        .map(|(key, value)| format!("{key}={value}\0"))
        .collect();
    let mut data = pairs.into_bytes();
    data.resize(COPY - 4, 0);
    [crc32(&data).to_le_bytes().as_slice(), &data].concat()
}

/// CRC-32 (IEEE 802.3), bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_everyone() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }
}
