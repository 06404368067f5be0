//! Gateways that the user has said to trust, by the fingerprints of their certificates: a line each in a
//! file of the user's configuration, `host:port sha256:…`.

use super::error::CliError;
use super::user;
use crate::tls::Fingerprint;
use std::path::{Path, PathBuf};

const NOTE: &str =
    "# Gateways that are trusted; `postern trust URL` adds to it, `--forget` takes away.\n";

/// Those that are trusted.
#[derive(Debug, PartialEq, Eq)]
pub struct Gateways {
    path: Option<PathBuf>,
    known: Vec<(String, Fingerprint)>,
}

impl Gateways {
    /// Those of this user.
    pub fn of_user() -> Result<Self, CliError> {
        Self::read(user::path("gateways"))
    }

    fn read(path: Option<PathBuf>) -> Result<Self, CliError> {
        let known = match &path {
            Some(path) => user::read(path, "host:port sha256:…", |it| it.parse().ok())?,
            // Whoever has no home has said nothing.
            None => Vec::new(),
        };
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
        user::write(self.path.as_deref(), NOTE, &self.known)?;
        Ok(self.path.as_deref().unwrap_or(Path::new("")))
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
        let mut gateways = Gateways::read(Some(path.clone())).unwrap();
        gateways.set("a:443", Some(one)).unwrap();
        gateways.set("b:8788", Some(one)).unwrap();
        gateways.set("b:8788", Some(two)).unwrap();
        let mut again = Gateways::read(Some(path.clone())).unwrap();
        assert_eq!(again, gateways);
        assert_eq!(
            (again.known("a:443"), again.known("b:8788")),
            (Some(one), Some(two))
        );
        again.set("a:443", None).unwrap();
        assert_eq!(Gateways::read(Some(path)).unwrap().known("a:443"), None);
    }

    #[test]
    fn a_line_that_cannot_be_read_is_no_line_that_is_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("gateways");
        std::fs::write(&path, "# x\n\na:443 sha256:00\n").unwrap();
        let error = Gateways::read(Some(path)).unwrap_err().to_string();
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
            let _ = Gateways::read(Some(path));
        }
    }
}
