//! Gateways that the user has said to trust, by the fingerprints of their certificates: a line each in a
//! file of the user's configuration, `host:port sha256:…`.

use super::error::CliError;
use crate::tls::Fingerprint;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Bytes of the file.
const FILE_MAX: u64 = 1 << 20;
const NOTE: &str =
    "# Gateways that are trusted; `postern trust URL` adds to it, `--forget` takes away.\n";

/// Those that are trusted.
#[derive(Debug, PartialEq, Eq)]
pub struct Gateways {
    path: PathBuf,
    known: Vec<(String, Fingerprint)>,
}

impl Gateways {
    /// Those of this user: `postern/gateways` in `$XDG_CONFIG_HOME`, or in `.config` of the home.
    pub fn of_user() -> Result<Self, CliError> {
        let folder = |name| std::env::var_os(name).filter(|it| !it.is_empty());
        let config = folder("XDG_CONFIG_HOME").map(PathBuf::from);
        let config = config.or_else(|| folder("HOME").map(|it| PathBuf::from(it).join(".config")));
        match config {
            Some(config) => Self::read(config.join("postern/gateways")),
            // Whoever has no home has said nothing.
            None => Ok(Self {
                path: PathBuf::new(),
                known: Vec::new(),
            }),
        }
    }

    fn read(path: PathBuf) -> Result<Self, CliError> {
        let mut text = String::new();
        let read = std::fs::File::open(&path)
            .and_then(|file| file.take(FILE_MAX + 1).read_to_string(&mut text));
        let failed = |error| CliError::File {
            verb: "read",
            path: path.clone(),
            error,
        };
        match read {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
            Ok(_) if text.len() as u64 > FILE_MAX => {
                return Err(CliError::TooLarge {
                    what: format!("`{}`", path.display()),
                    limit: FILE_MAX,
                });
            }
            Ok(_) => {}
        }
        let mut known = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            // To skip it could be to believe anybody whom it would refuse.
            let parts = line.split_once(char::is_whitespace);
            let parsed = parts.and_then(|(name, it)| Some((name, it.trim().parse().ok()?)));
            let Some((name, fingerprint)) = parsed else {
                let what = format!("line {} is not `host:port sha256:…`", at + 1);
                return Err(failed(io::Error::new(io::ErrorKind::InvalidData, what)));
            };
            known.push((name.to_owned(), fingerprint));
        }
        Ok(Self { path, known })
    }

    /// What a gateway is known by.
    pub fn known(&self, name: &str) -> Option<Fingerprint> {
        let it = self.known.iter().find(|(known, _)| known == name);
        it.map(|(_, fingerprint)| *fingerprint)
    }

    /// Trusts it by this alone from now on; by nothing with `None`.
    pub fn set(&mut self, name: &str, fingerprint: Option<Fingerprint>) -> Result<&Path, CliError> {
        self.known.retain(|(known, _)| known != name);
        self.known
            .extend(fingerprint.map(|it| (name.to_owned(), it)));
        self.write().map_err(|error| CliError::File {
            verb: "write",
            path: self.path.clone(),
            error,
        })?;
        Ok(&self.path)
    }

    fn write(&self) -> io::Result<()> {
        let Some(folder) = self.path.parent() else {
            return Err(io::Error::other(
                "there is no home; set HOME or XDG_CONFIG_HOME",
            ));
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        let fresh = self.path.with_extension("new");
        let _ = std::fs::remove_file(&fresh);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&fresh)?;
        let mut text = NOTE.to_owned();
        for (name, fingerprint) in &self.known {
            text.push_str(&format!("{name} {fingerprint}\n"));
        }
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&fresh, &self.path)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_was_said_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("postern/gateways");
        let (one, two) = (Fingerprint::of(b"1"), Fingerprint::of(b"2"));
        let mut gateways = Gateways::read(path.clone()).unwrap();
        gateways.set("a:443", Some(one)).unwrap();
        gateways.set("b:8788", Some(one)).unwrap();
        gateways.set("b:8788", Some(two)).unwrap();
        let mut again = Gateways::read(path.clone()).unwrap();
        assert_eq!(again, gateways);
        assert_eq!(
            (again.known("a:443"), again.known("b:8788")),
            (Some(one), Some(two))
        );
        again.set("a:443", None).unwrap();
        assert_eq!(Gateways::read(path).unwrap().known("a:443"), None);
    }

    #[test]
    fn a_line_that_cannot_be_read_is_no_line_that_is_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("gateways");
        std::fs::write(&path, "# x\n\na:443 sha256:00\n").unwrap();
        let error = Gateways::read(path).unwrap_err().to_string();
        assert!(
            error.contains("line 3 is not `host:port sha256:…`"),
            "{error}"
        );
    }

    proptest! {
        #[test]
        fn any_file_is_read_or_refused(bytes in any::<Vec<u8>>()) {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("gateways");
            std::fs::write(&path, bytes).unwrap();
            let _ = Gateways::read(path);
        }
    }
}
