//! Signatures in minisign's format: checked, with the image hashed on its way.
//!
//! A `.minisig` file has two Ed25519 signatures: one of the image, and one of that signature with
//! the trusted comment. Of an image there is only its hash here (BLAKE2b-512, minisign's prehashed
//! form): the older form signs the image itself, which would have to be in memory.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use blake2::{Blake2b512, Digest};
use postern_crypto::signatures::{Signed, verify};
use std::fmt;

/// Bytes of a `.minisig` file.
pub const FILE_MAX: usize = 4096;
/// Bytes of a hash.
pub const HASH_BYTES: usize = 64;

/// A public key.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    id: [u8; 8],
    key: [u8; 32],
}

/// What is told of it: minisign names keys by these digits.
impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&key_name(self.id))
    }
}

/// A key's id as minisign shows it.
fn key_name(id: [u8; 8]) -> String {
    format!("{:016X}", u64::from_le_bytes(id))
}

/// Why a key or a signature is not good.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The key is none.
    #[error(
        "it is no public key of minisign; write the second line of its `.pub` file, which begins with `RW`"
    )]
    Key,
    /// The file is larger than any signature.
    #[error("the signature has {0} bytes, the limit is {FILE_MAX}; send the `.minisig` file")]
    TooLarge(usize),
    /// The file has another form.
    #[error(
        "the signature is not of minisign's form: {0}; send the `.minisig` file as minisign wrote it"
    )]
    Form(&'static str),
    /// It signs the message itself.
    #[error(
        "the signature is of minisign's legacy form, which needs the whole image in memory; sign with `minisign -S -H`, which newer versions do without being told"
    )]
    Legacy,
    /// There are no keys.
    #[error("no key may sign firmware here; write its public key into `keys` of [firmware]")]
    NoKeys,
    /// The key is not known.
    #[error(
        "the key {0} signed it, which is not among `keys` of [firmware]; sign with a key that is, or add this one"
    )]
    UnknownKey(String),
    /// The trusted comment was changed.
    #[error("the trusted comment is not what was signed; the `.minisig` file was changed")]
    Comment,
    /// The image was changed.
    #[error(
        "the image is not what was signed; it was changed or damaged, or the `.minisig` file is another image's"
    )]
    Image,
}

impl PublicKey {
    /// Reads the one line of a `.pub` file that counts.
    pub fn parse(text: &str) -> Result<Self, SignatureError> {
        let bytes = decoded::<42>(text).ok_or(SignatureError::Key)?;
        let (algorithm, rest) = bytes.split_at(2);
        let (id, key) = rest.split_at(8);
        match (algorithm, id.try_into(), key.try_into()) {
            (b"Ed", Ok(id), Ok(key)) => Ok(Self { id, key }),
            _ => Err(SignatureError::Key),
        }
    }

    fn signed(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        verify(Signed::Ed25519, &self.key, message, signature)
    }
}

/// The contents of a `.minisig` file whose trusted comment is that of a known key.
#[derive(Clone, Debug)]
pub struct Signature {
    key: PublicKey,
    signature: [u8; 64],
    /// The trusted comment.
    pub comment: String,
}

impl Signature {
    /// Reads a `.minisig` file and checks that one of the keys signed its trusted comment. What
    /// it says of the image is not known to be true before [`Signature::check`].
    pub fn read(text: &[u8], keys: &[PublicKey]) -> Result<Self, SignatureError> {
        let Lines {
            id,
            signature,
            comment,
            global,
        } = Lines::read(text)?;
        if keys.is_empty() {
            return Err(SignatureError::NoKeys);
        }
        // Ids are no secrets and may be the same by chance: the key that fits counts.
        let mut known = keys.iter().filter(|key| key.id == id).peekable();
        if known.peek().is_none() {
            return Err(SignatureError::UnknownKey(key_name(id)));
        }
        let signed = [&signature[..], comment.as_bytes()].concat();
        let key = known.find(|key| key.signed(&signed, &global));
        Ok(Self {
            key: key.ok_or(SignatureError::Comment)?.clone(),
            signature,
            comment: comment.to_owned(),
        })
    }

    /// Whether it is that of an image with this hash.
    pub fn check(&self, hash: &[u8; HASH_BYTES]) -> Result<(), SignatureError> {
        match self.key.signed(hash, &self.signature) {
            true => Ok(()),
            false => Err(SignatureError::Image),
        }
    }

    /// Whether this key made it.
    pub fn is_by(&self, key: &PublicKey) -> bool {
        self.key == *key
    }

    /// The key's id, as minisign shows it.
    pub fn key(&self) -> String {
        key_name(self.key.id)
    }
}

/// Whether these bytes are a `.minisig` file. Whose, and of what, is not looked at.
pub fn check_form(text: &[u8]) -> Result<(), SignatureError> {
    Lines::read(text).map(drop)
}

/// What the lines of a `.minisig` file say.
struct Lines<'a> {
    id: [u8; 8],
    signature: [u8; 64],
    comment: &'a str,
    global: [u8; 64],
}

impl<'a> Lines<'a> {
    fn read(text: &'a [u8]) -> Result<Self, SignatureError> {
        if text.len() > FILE_MAX {
            return Err(SignatureError::TooLarge(text.len()));
        }
        let text = std::str::from_utf8(text).map_err(|_| SignatureError::Form("it is no text"))?;
        let mut lines = text.lines();
        let mut line = || lines.next().unwrap_or_default();
        if !line().starts_with("untrusted comment: ") {
            return Err(SignatureError::Form("no untrusted comment is on line 1"));
        }
        let bytes = decoded::<74>(line()).ok_or(SignatureError::Form(
            "line 2 is no signature of 74 bytes in base64",
        ))?;
        let comment = line()
            .strip_prefix("trusted comment: ")
            .ok_or(SignatureError::Form("no trusted comment is on line 3"))?;
        let global = decoded::<64>(line()).ok_or(SignatureError::Form(
            "line 4 is no signature of 64 bytes in base64",
        ))?;
        if lines.any(|line| !line.is_empty()) {
            return Err(SignatureError::Form("there is more behind line 4"));
        }
        let form = SignatureError::Form("its algorithm is unknown");
        match &bytes[..2] {
            b"ED" => {}
            b"Ed" => return Err(SignatureError::Legacy),
            _ => return Err(form),
        }
        let (Ok(id), Ok(signature)) = (bytes[2..10].try_into(), bytes[10..].try_into()) else {
            return Err(form);
        };
        Ok(Self {
            id,
            signature,
            comment,
            global,
        })
    }
}

/// The hash of an image, part by part.
#[derive(Clone, Default)]
pub struct Hasher(Blake2b512);

impl Hasher {
    /// Takes the next part.
    pub fn update(&mut self, part: &[u8]) {
        self.0.update(part);
    }

    /// The hash of all parts.
    pub fn finish(self) -> [u8; HASH_BYTES] {
        self.0.finalize().into()
    }
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn decoded<const N: usize>(text: &str) -> Option<[u8; N]> {
    let text = text.trim();
    if text.len() > N * 2 {
        return None;
    }
    STANDARD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    // Made by minisign 0.11, of the eight bytes `an image`.
    const KEY: &str = "RWQRbWHn/BK3W8sOwQ6Y31Zzw96pw/IDJAxv2gdFkVB1zmvIrqj6Xjlo";
    const OTHER_KEY: &str = "RWSw9V8LasIIQGAmmuLLeVhRGB6lILfR10vAdZXYZvo5kiNowoJ2e8w/";
    const HASHED: &str = "untrusted comment: signature from minisign secret key
RUQRbWHn/BK3W1iCp+k7l/IxjArM+Sxw5JTK3OJs4Ecgm+AtzQuT2neNlDtnsvOYoyuyj+q0/growunS202gwu/UFhSq7hezMAE=
trusted comment: postern 1.2.3 board qemu-arm64
52YdtE47/MBoPpUWL3fHElikvx3ZONwgFK63nlmMmXViX0gka3JHV96gJnl4WIdDjADQwZGR4vNF0dCA6vhmAA==
";
    const LEGACY: &str = "untrusted comment: signature from minisign secret key
RWQRbWHn/BK3W8vt5N/BV/saj4j2Iv8oF/in9WLXMch/wDebkRqsyu6z3zMJSuvqAZZTPmdo950yC7tMp0MhrQqi4SnIsLH50Ag=
trusted comment: postern 1.2.3 board qemu-arm64
FoHuN5OUHutAx2taniD39sqsZZiYfnVvlhshbYZdP/kFcaeL2V77nu31z/dSX4pLWdAhndq93j+wz3nPTAOADQ==
";

    fn keys() -> Vec<PublicKey> {
        vec![
            PublicKey::parse(OTHER_KEY).unwrap(),
            PublicKey::parse(KEY).unwrap(),
        ]
    }

    fn hash(image: &[u8]) -> [u8; HASH_BYTES] {
        let mut hasher = Hasher::default();
        for part in image.chunks(3) {
            hasher.update(part);
        }
        hasher.finish()
    }

    #[test]
    fn what_minisign_signed_is_good() {
        let signature = Signature::read(HASHED.as_bytes(), &keys()).unwrap();
        assert_eq!(signature.comment, "postern 1.2.3 board qemu-arm64");
        assert_eq!(signature.key(), "5BB712FCE7616D11");
        assert_eq!(signature.check(&hash(b"an image")), Ok(()));
        let other = signature.check(&hash(b"an imagf"));
        assert_eq!(other, Err(SignatureError::Image));
        let crlf = HASHED.replace('\n', "\r\n");
        assert!(Signature::read(crlf.as_bytes(), &keys()).is_ok());
    }

    #[test]
    fn what_was_changed_is_refused() {
        let read = |text: &str| Signature::read(text.as_bytes(), &keys()).map(|it| it.comment);
        assert_eq!(read(LEGACY), Err(SignatureError::Legacy));
        let changed = HASHED.replace("1.2.3", "1.2.4");
        assert_eq!(read(&changed), Err(SignatureError::Comment));
        let changed = HASHED.replace("52YdtE", "53YdtE");
        assert_eq!(read(&changed), Err(SignatureError::Comment));
        let unknown = Signature::read(HASHED.as_bytes(), &keys()[..1]);
        let name = "5BB712FCE7616D11".to_owned();
        assert_eq!(unknown.unwrap_err(), SignatureError::UnknownKey(name));
        let none = Signature::read(HASHED.as_bytes(), &[]);
        assert_eq!(none.unwrap_err(), SignatureError::NoKeys);
        // The signature of the image is part of what the trusted comment's signs.
        let changed = HASHED.replace("W1iCp", "W1iDp");
        assert_eq!(read(&changed), Err(SignatureError::Comment));
    }

    #[test]
    fn other_forms_are_refused() {
        let read = |text: &str| Signature::read(text.as_bytes(), &keys()).unwrap_err();
        let lines: Vec<&str> = HASHED.lines().collect();
        for text in [
            String::new(),
            lines[..1].join("\n"),
            lines[..3].join("\n"),
            lines[1..].join("\n"),
            format!("{HASHED}more"),
            HASHED.replace("RUQR", "RUQ"),
            HASHED.replace("RUQR", "UlVR"),
            HASHED.replace("trusted comment", "comment"),
        ] {
            assert!(matches!(read(&text), SignatureError::Form(_)), "{text}");
        }
        let large = read(&"x".repeat(5000));
        assert_eq!(large, SignatureError::TooLarge(5000));
        let binary = Signature::read(&[0xff; 9], &keys()).unwrap_err();
        assert!(matches!(binary, SignatureError::Form(_)));
    }

    #[test]
    fn keys_are_read_or_refused() {
        assert_eq!(format!("{:?}", keys()[1]), "5BB712FCE7616D11");
        assert!(PublicKey::parse(&format!(" {KEY}\n")).is_ok());
        for key in ["", "RWQ", &KEY[1..], "untrusted comment: x", &HASHED[54..]] {
            assert_eq!(PublicKey::parse(key), Err(SignatureError::Key), "{key}");
        }
        // A prehashed algorithm is no key's.
        assert!(PublicKey::parse(&KEY.replace("RWQR", "RUQR")).is_err());
    }

    proptest! {
        #[test]
        fn no_text_is_a_panic(text in "(untrusted comment: [a-z]{0,4}\n)?[A-Za-z0-9+/=]{0,110}\n(trusted comment: x\n)?.{0,20}") {
            prop_assert!(Signature::read(text.as_bytes(), &keys()).is_err());
        }
    }
}
