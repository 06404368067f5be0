//! Signatures of bundles, in minisign's format: made and checked.
//!
//! What is signed is the head and the manifest, which has the hashes of all parts.

use super::{BundleError, MANIFEST_MAX, SIGNATURE_MAX, Signed, read};
use crate::firmware::minisign::{Hasher, PublicKey, Signature, SignatureError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};
use postern_crypto::signatures::{ed25519_public, ed25519_sign};

/// Bytes of a secret key's file.
const KEY_FILE_MAX: usize = 4096;
/// Bytes of a secret key: algorithms, the salt and costs of a password, then what follows.
const KEY_BYTES: usize = 54 + 8 + 64 + 32;

/// A key to sign with, as `minisign -G -W` makes it: without a password.
pub struct SecretKey {
    id: [u8; 8],
    seed: [u8; 32],
    public: [u8; 32],
}

impl SecretKey {
    /// A new one, of random bytes.
    pub fn random() -> Result<Self, BundleError> {
        let mut bytes = [0; 40];
        getrandom::fill(&mut bytes).map_err(|_| BundleError::SecretKey("no random bytes"))?;
        let mut id = [0; 8];
        let mut seed = [0; 32];
        id.copy_from_slice(&bytes[..8]);
        seed.copy_from_slice(&bytes[8..]);
        Self::of(id, seed)
    }

    fn of(id: [u8; 8], seed: [u8; 32]) -> Result<Self, BundleError> {
        let public = ed25519_public(&seed).ok_or(BundleError::SecretKey("it has other bytes"))?;
        Ok(Self { id, seed, public })
    }

    /// Reads the file of one.
    pub fn parse(text: &[u8]) -> Result<Self, BundleError> {
        let no = BundleError::SecretKey;
        if text.len() > KEY_FILE_MAX {
            return Err(no("its file is too large"));
        }
        let text = std::str::from_utf8(text).map_err(|_| no("its file is no text"))?;
        let line = text.lines().nth(1).ok_or(no("its file has one line"))?;
        let bytes = STANDARD.decode(line.trim());
        let bytes: [u8; KEY_BYTES] = bytes
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(no("its second line has another length"))?;
        if &bytes[..2] != b"Ed" || &bytes[4..6] != b"B2" {
            return Err(no("its algorithm is unknown"));
        }
        if bytes[2..4] != [0, 0] {
            return Err(no("it has a password"));
        }
        let (mut id, mut seed) = ([0; 8], [0; 32]);
        id.copy_from_slice(&bytes[54..62]);
        seed.copy_from_slice(&bytes[62..94]);
        let key = Self::of(id, seed)?;
        let body = key.body();
        // Without a password some versions of minisign write no sum.
        let sum = &bytes[126..];
        match bytes[54..126] == body[..72] && (sum == &body[72..] || sum == [0; 32]) {
            true => Ok(key),
            false => Err(no("its sum is wrong")),
        }
    }

    /// The id, the key with the public one, and the sum of it all.
    fn body(&self) -> Vec<u8> {
        let body = [&self.id[..], &self.seed, &self.public].concat();
        let mut sum = Blake2b::<U32>::new();
        sum.update(b"Ed");
        sum.update(&body);
        [&body[..], &sum.finalize()].concat()
    }

    /// The file of it, which nobody else may read.
    pub fn file(&self) -> String {
        let bytes = [b"Ed\0\0B2".as_slice(), &[0; 48], &self.body()].concat();
        let key = STANDARD.encode(bytes);
        format!("untrusted comment: minisign secret key\n{key}\n")
    }

    /// The one line of its public key that counts.
    pub fn public(&self) -> String {
        STANDARD.encode([b"Ed".as_slice(), &self.id, &self.public].concat())
    }

    /// The `.minisig` file of a message. The comment is one line and signed, too.
    pub fn sign(&self, message: &[u8], comment: &str) -> Result<String, BundleError> {
        let made = |message: &[u8]| {
            ed25519_sign(&self.seed, message).ok_or(BundleError::SecretKey("it signs nothing"))
        };
        let signature = made(&hash(message))?;
        let global = made(&[&signature, comment.as_bytes()].concat())?;
        let signature = [b"ED".as_slice(), &self.id, &signature].concat();
        Ok(format!(
            "untrusted comment: signature from minisign secret key\n{}\ntrusted comment: {comment}\n{}\n",
            STANDARD.encode(signature),
            STANDARD.encode(global)
        ))
    }
}

fn hash(message: &[u8]) -> [u8; 64] {
    let mut hasher = Hasher::default();
    hasher.update(message);
    hasher.finish()
}

/// How long what is signed is, and all up to the parts, of a bundle that was read.
fn lengths(bytes: &[u8]) -> Result<(usize, usize), BundleError> {
    let short = BundleError::Short("its head");
    let length = bytes.get(8..12).and_then(|it| it.try_into().ok());
    let length = u32::from_le_bytes(length.ok_or(short)?) as usize;
    let signed = 44 + length.min(MANIFEST_MAX);
    let short = BundleError::Short("its signature");
    let length = bytes
        .get(signed..signed + 2)
        .and_then(|it| it.try_into().ok());
    let length = usize::from(u16::from_le_bytes(length.ok_or(short)?));
    Ok((signed, (signed + 2 + length).min(bytes.len())))
}

/// The bytes that a signature is of. The bundle is read whole before.
pub fn signed(bytes: &[u8]) -> Result<&[u8], BundleError> {
    read(bytes)?;
    Ok(&bytes[..lengths(bytes)?.0])
}

/// SHA-256 of these, as receipts have it: `manifest_sha256`.
pub fn hash_of_signed(signed: &[u8]) -> [u8; 32] {
    sha2::Sha256::digest(signed).into()
}

/// The bundle with another `.minisig` file in place of its own. It is read whole before.
pub fn with_signature(bytes: &[u8], signature: &[u8]) -> Result<Vec<u8>, BundleError> {
    let signed = signed(bytes)?;
    let length = match u16::try_from(signature.len()) {
        Ok(length) if signature.len() <= SIGNATURE_MAX => length,
        _ => return Err(BundleError::SignatureSize(signature.len())),
    };
    let parts = &bytes[lengths(bytes)?.1..];
    Ok([signed, &length.to_le_bytes(), signature, parts].concat())
}

/// Whether one of the keys made this signature of what is signed; what it says, checked.
pub fn verified(
    what: Signed,
    signed: &[u8],
    signature: &[u8],
    keys: &[PublicKey],
) -> Result<Signature, BundleError> {
    if signature.is_empty() {
        return Err(BundleError::NotSigned(what));
    }
    let signature = Signature::read(signature, keys).map_err(|error| match error {
        SignatureError::UnknownKey(key) => BundleError::UnknownKey { what, key },
        SignatureError::Comment => BundleError::Signature(what),
        other => BundleError::SignatureForm(other),
    })?;
    match signature.check(&hash(signed)) {
        Ok(()) => Ok(signature),
        Err(_) => Err(BundleError::Signature(what)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::bundle::{Manifest, Writer};
    use proptest::prelude::*;

    // Made by minisign with -W, and its signature of the eight bytes `an image`.
    const KEY: &str = "untrusted comment: minisign encrypted secret key
RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAReZ50DBC9Sv3pVyzZS8x0UvPoooCcbD4EUgjRKfD2M/RRt6yJbtQ/O2/ZJ3hpVH0y0yWehJ3z3RvC3aDoqRVVH67YSLLqOleAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
";
    const PUBLIC: &str = "RWRF5nnQMEL1K+2/ZJ3hpVH0y0yWehJ3z3RvC3aDoqRVVH67YSLLqOle";
    const SIGNATURE: &str = "untrusted comment: signature from minisign secret key
RURF5nnQMEL1K1fMJg1BliBmP0Nz/NelBubwvSy7sjqs8i7K+LP3GMi3mJs1UkgjnyrGUvr0m3+tQ0T79szckaXsil888DQNrQI=
trusted comment: postern bundle
b753jk/Q0rK/166T+XOYWyCfThbqtTFOFLZF5ctA2SDGzkL1KEHoPXmUFXFMUZ97nna0J6FV2NgGCrVRxVTsCg==
";

    fn bundle() -> Vec<u8> {
        let mut writer = Writer::default();
        writer.part(b"a part").unwrap();
        writer.finish(Manifest::default(), |_| vec![]).unwrap()
    }

    #[test]
    fn what_minisign_signs_is_signed_the_same() {
        let key = SecretKey::parse(KEY.as_bytes()).unwrap();
        assert_eq!(key.public(), PUBLIC);
        let signature = key.sign(b"an image", "postern bundle").unwrap();
        assert_eq!(signature, SIGNATURE);
    }

    #[test]
    fn a_key_is_read_as_it_was_written_and_else_refused() {
        let key = SecretKey::random().unwrap();
        let file = key.file();
        let again = SecretKey::parse(file.as_bytes()).unwrap();
        assert_eq!(again.public(), key.public());
        let with_password = KEY.replace("RWQAAEIy", "RWRTY0Iy");
        for wrong in [
            "",
            "x\n",
            &KEY[..99],
            &with_password,
            &KEY.replace("3pVyz", "3pVyy"),
        ] {
            let refused = SecretKey::parse(wrong.as_bytes());
            assert!(matches!(refused, Err(BundleError::SecretKey(_))), "{wrong}");
        }
    }

    #[test]
    fn a_bundle_that_was_signed_is_good_for_its_key_alone() {
        let key = SecretKey::random().unwrap();
        let keys = |key: &SecretKey| vec![PublicKey::parse(&key.public()).unwrap()];
        let bytes = bundle();
        let check = |bytes: &[u8], keys: &[PublicKey]| {
            verified(
                Signed::Bundle,
                signed(bytes).unwrap(),
                &read(bytes).unwrap().signature,
                keys,
            )
        };
        let refused = check(&bytes, &keys(&key));
        assert!(matches!(
            refused,
            Err(BundleError::NotSigned(Signed::Bundle))
        ));
        let signature = key.sign(signed(&bytes).unwrap(), "x").unwrap();
        let good = with_signature(&bytes, signature.as_bytes()).unwrap();
        assert_eq!(check(&good, &keys(&key)).unwrap().comment, "x");
        assert_eq!(read(&good).unwrap().parts, [b"a part"]);
        let other = check(&good, &keys(&SecretKey::random().unwrap()));
        assert!(matches!(other, Err(BundleError::UnknownKey { .. })));
        let mut writer = Writer::default();
        writer.part(b"b part").unwrap();
        let other = writer.finish(Manifest::default(), |_| signature.into_bytes());
        let refused = check(&other.unwrap(), &keys(&key));
        assert!(matches!(
            refused,
            Err(BundleError::Signature(Signed::Bundle))
        ));
        assert_eq!(with_signature(&good, b"").unwrap(), bytes);
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(signed(&bytes).is_err());
            prop_assert!(with_signature(&bytes, b"").is_err());
            prop_assert!(SecretKey::parse(&bytes).is_err());
            let _ = lengths(&bytes);
        }
    }
}
