//! What a certificate is known by: `sha256:` and the 64 hexadecimal digits of its DER's hash, as
//! `openssl x509 -fingerprint -sha256` has them without colons.

use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

const PREFIX: &str = "sha256:";

/// The SHA-256 of a certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of a certificate's DER.
    pub fn of(der: &[u8]) -> Self {
        Self(Sha256::digest(der).into())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PREFIX)?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is no fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a fingerprint is `sha256:` and 64 hexadecimal digits, with or without colons between two; `postern serve` and `postern status` print it"
)]
pub struct NoFingerprint;

impl FromStr for Fingerprint {
    type Err = NoFingerprint;

    fn from_str(text: &str) -> Result<Self, NoFingerprint> {
        let is_prefixed = text
            .get(..PREFIX.len())
            .is_some_and(|it| it.eq_ignore_ascii_case(PREFIX));
        let digits = if is_prefixed {
            &text[PREFIX.len()..]
        } else {
            text
        };
        let mut digits = digits.bytes().filter(|byte| *byte != b':');
        let mut next = || digits.next().and_then(|it| char::from(it).to_digit(16));
        let mut bytes = [0; 32];
        for byte in &mut bytes {
            let (high, low) = next().zip(next()).ok_or(NoFingerprint)?;
            // Two digits are a byte.
            *byte = (high << 4 | low) as u8;
        }
        match digits.next() {
            None => Ok(Self(bytes)),
            Some(_) => Err(NoFingerprint),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn it_is_written_as_others_write_it() {
        let told = Fingerprint::of(b"abc").to_string();
        assert_eq!(
            told,
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        let colons: Vec<&str> = (0..32).map(|at| &told[7 + 2 * at..9 + 2 * at]).collect();
        for text in [colons.join(":").to_uppercase(), told.to_uppercase()] {
            assert_eq!(text.parse(), Ok(Fingerprint::of(b"abc")), "{text}");
        }
        for text in ["", "sha256:", &told[..70], &format!("{told}0"), "sha256:é"] {
            assert_eq!(text.parse::<Fingerprint>(), Err(NoFingerprint), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,90}", der in any::<Vec<u8>>()) {
            let _ = text.parse::<Fingerprint>();
            let of = Fingerprint::of(&der);
            prop_assert_eq!(of.to_string().parse(), Ok(of));
        }
    }
}
