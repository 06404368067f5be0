//! Chains of certificates as inputs have them: the length of each in two bytes, large end first, and its bytes. And the
//! authority that signed the kept ones.

use super::folder;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::{CertificateDer, UnixTime};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// A moment at which the kept ones are good: they are until 2126.
const NOW_S: u64 = 1_812_000_000;

/// That moment, as clocks tell it.
pub fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(NOW_S)
}

/// The same as certificates have it.
pub fn now_unix() -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(NOW_S))
}

/// The certificates of an input; the last may be cut short.
pub fn chain(mut bytes: &[u8]) -> Vec<CertificateDer<'_>> {
    let mut all = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length)).min(rest.len());
        let (one, rest) = rest.split_at(length);
        all.push(CertificateDer::from(one));
        bytes = rest;
    }
    all
}

/// The first certificate of a kept input.
pub fn first(name: &str) -> CertificateDer<'static> {
    let bytes = std::fs::read(folder("certificates").join(name)).unwrap();
    chain(&bytes)[0].clone().into_owned()
}

/// A file of PEM with the authority, in a folder that goes with what is given back.
pub fn authority() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("authority.pem");
    let text = STANDARD.encode(first("authority"));
    let pem = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
    std::fs::write(&path, pem).unwrap();
    (dir, path)
}
