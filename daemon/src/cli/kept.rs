//! Tokens that the user keeps, by where they are good: a line each in a file of the user's configuration,
//! `https://host:port TOKEN`.

use super::error::CliError;
use super::user;
use std::path::{Path, PathBuf};

const NAME: &str = "tokens";
const NOTE: &str = "# Tokens of gateways, which `postern claim --save` keeps. Whoever has them has the gateways.\n";

/// Those that are kept.
#[derive(Debug)]
pub struct Tokens {
    path: Option<PathBuf>,
    known: Vec<(String, String)>,
}

impl Tokens {
    /// Those of this user.
    pub fn of_user() -> Result<Self, CliError> {
        Self::read(user::path(NAME))
    }

    fn read(path: Option<PathBuf>) -> Result<Self, CliError> {
        let known = match &path {
            Some(path) => user::read(path, "https://host:port TOKEN", |it| Some(it.to_owned()))?,
            None => Vec::new(),
        };
        Ok(Self { path, known })
    }

    /// The one for an origin: scheme, host and port.
    pub fn known(&self, origin: &str) -> Option<String> {
        let it = self.known.iter().find(|(known, _)| known == origin);
        it.map(|(_, token)| token.clone())
    }

    /// Keeps it for an origin; the file.
    pub fn keep(&mut self, origin: &str, token: &str) -> Result<&Path, CliError> {
        self.known.retain(|(known, _)| known != origin);
        self.known.push((origin.to_owned(), token.to_owned()));
        user::write(self.path.as_deref(), NOTE, &self.known)?;
        Ok(self.path.as_deref().unwrap_or(Path::new("")))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_token_is_kept_for_one_origin_and_for_its_user_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("postern/tokens");
        let mut tokens = Tokens::read(Some(path.clone())).unwrap();
        tokens.keep("https://a:443", "pst_1").unwrap();
        tokens.keep("https://a:443", "pst_2").unwrap();
        let again = Tokens::read(Some(path.clone())).unwrap();
        assert_eq!(again.known("https://a:443").as_deref(), Some("pst_2"));
        assert_eq!(again.known("http://a:443"), None);
        assert_eq!(again.known("https://a:8788"), None);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(
            Tokens::read(None)
                .unwrap()
                .keep("https://a:443", "x")
                .is_err()
        );
    }
}
