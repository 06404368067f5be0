//! What a signed image says that it is, and whether that may be installed here.

use semver::Version;

/// The version of this program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the trusted comment of an image's signature says: `postern VERSION board BOARD`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The version.
    pub version: Version,
    /// The board that it was made for.
    pub board: String,
}

/// Why an image is not for this machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseError {
    /// The comment is of another form.
    #[error(
        "the trusted comment of the signature is `{0}`; sign the image with `-t \"postern VERSION board BOARD\"`, as in \"postern 1.2.3 board qemu-arm64\""
    )]
    Comment(String),
    /// It was made for another board.
    #[error(
        "the image is for the board `{image}`, and this is `{here}`; push the image of this board"
    )]
    Board {
        /// What it is for.
        image: String,
        /// What this is.
        here: String,
    },
    /// It is older than what runs.
    #[error(
        "the image has version {image}, and {here} runs, which is newer; say --allow-downgrade (`allow_downgrade=true`) if that is meant"
    )]
    Downgrade {
        /// Its version.
        image: Version,
        /// What runs.
        here: Version,
    },
}

impl Release {
    /// Reads a trusted comment. Words behind the board's name are the signer's own.
    pub fn parse(comment: &str) -> Result<Self, ReleaseError> {
        let words: Vec<&str> = comment.split_ascii_whitespace().take(4).collect();
        let read = match words[..] {
            ["postern", version, "board", board] => {
                Version::parse(version).ok().map(|version| Self {
                    version,
                    board: board.to_owned(),
                })
            }
            _ => None,
        };
        read.ok_or_else(|| ReleaseError::Comment(shown(comment)))
    }

    /// Whether it may be installed on a board where this version runs.
    pub fn check(
        &self,
        board: &str,
        running: &Version,
        allow_downgrade: bool,
    ) -> Result<(), ReleaseError> {
        if self.board != board {
            return Err(ReleaseError::Board {
                image: shown(&self.board),
                here: board.to_owned(),
            });
        }
        if self.version.cmp_precedence(running).is_lt() && !allow_downgrade {
            return Err(ReleaseError::Downgrade {
                image: self.version.clone(),
                here: running.clone(),
            });
        }
        Ok(())
    }
}

/// A signer's text as it may be repeated in a message.
fn shown(text: &str) -> String {
    text.chars()
        .take(80)
        .flat_map(char::escape_default)
        .collect()
}

/// The version of this program, as one that compares.
pub fn running() -> Version {
    Version::parse(VERSION).unwrap_or(Version::new(0, 0, 0))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn comments_are_read_or_refused() {
        let release = Release::parse("postern 1.2.3-rc.1+b board lichee-pi-zero at noon").unwrap();
        assert_eq!(release.version.to_string(), "1.2.3-rc.1+b");
        assert_eq!(release.board, "lichee-pi-zero");
        for comment in [
            "",
            "postern",
            "postern 1.2 board x",
            "postern 1.2.3 board",
            "postern v1.2.3 board x",
            "postern 1.2.3 bord x",
            "other 1.2.3 board x",
            "timestamp:1700000000\tfile:slot.img\thashed",
        ] {
            let error = Release::parse(comment).unwrap_err();
            assert!(matches!(error, ReleaseError::Comment(_)), "{comment}");
        }
        assert_ne!(running(), Version::new(0, 0, 0));
    }

    #[test]
    fn other_boards_and_older_versions_are_refused() {
        let check = |image: &str, here: &str, allow| {
            let release = Release::parse(&format!("postern {image} board x")).unwrap();
            release.check("x", &Version::parse(here).unwrap(), allow)
        };
        assert!(check("1.2.3", "1.2.3", false).is_ok());
        assert!(check("1.2.4", "1.2.3", false).is_ok());
        assert!(check("1.2.3+two", "1.2.3+three", false).is_ok());
        assert!(check("1.2.3-rc.1", "1.2.3", false).is_err());
        assert!(check("1.2.3-rc.1", "1.2.3", true).is_ok());
        assert!(check("0.9.9", "1.0.0", false).is_err());
        let release = Release::parse("postern 9.0.0 board y").unwrap();
        let error = release.check("x", &Version::new(1, 0, 0), true);
        assert!(matches!(error, Err(ReleaseError::Board { .. })));
    }
}
