//! A signer for tests: what `minisign -S -H` makes, with a key that is made here.

use super::minisign::{Hasher, PublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};

/// A key pair.
pub struct Signer {
    id: [u8; 8],
    key: SigningKey,
}

impl Signer {
    /// The same one for the same number.
    pub fn new(number: u8) -> Self {
        Self {
            id: [number; 8],
            key: SigningKey::from_bytes(&[number; 32]),
        }
    }

    /// The second line of its `.pub` file.
    pub fn public_text(&self) -> String {
        let key = self.key.verifying_key();
        STANDARD.encode([b"Ed".as_slice(), &self.id, key.as_bytes()].concat())
    }

    /// Its public key.
    pub fn public(&self) -> PublicKey {
        PublicKey::parse(&self.public_text()).expect("it is one")
    }

    /// The `.minisig` file of an image.
    pub fn sign(&self, image: &[u8], comment: &str) -> String {
        let mut hasher = Hasher::default();
        hasher.update(image);
        let signature = self.key.sign(&hasher.finish()).to_bytes();
        let global = [signature.as_slice(), comment.as_bytes()].concat();
        let global = self.key.sign(&global).to_bytes();
        format!(
            "untrusted comment: test\n{}\ntrusted comment: {comment}\n{}\n",
            STANDARD.encode([b"ED".as_slice(), &self.id, &signature].concat()),
            STANDARD.encode(global)
        )
    }
}
