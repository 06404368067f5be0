//! Lists of release keys: whose signatures of bundles count, for what and until when. A root key signs
//! a list; a newer list takes the place of the one before, which is how keys are exchanged and revoked.

use super::document::Document;
use super::{BundleError, KEYS_MAGIC, NAME_MAX, Signed, verified};
use crate::firmware::minisign::{PublicKey, Signature};
use serde::{Deserialize, Serialize};

/// Keys of a list.
pub const KEYS_MAX: usize = 32;
/// Namespaces of a key.
const NAMESPACES_MAX: usize = 64;
/// Bytes of a list.
const LIST_MAX: usize = 64 * 1024;

/// A list of release keys. Fields are encoded by postcard, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyList {
    /// Grows from list to list.
    pub version: u64,
    /// Whose signatures count; none of any other.
    pub keys: Vec<ReleaseKey>,
}

/// A release key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseKey {
    /// The line of its `.pub` file that counts.
    pub key: String,
    /// Seconds since 1970 from which on it counts no more.
    pub until: Option<u64>,
    /// The dispatch namespaces that it is for, `-` for Workers outside of them; all if it is empty.
    pub namespaces: Vec<String>,
}

impl ReleaseKey {
    /// The key.
    pub fn public(&self) -> Result<PublicKey, BundleError> {
        PublicKey::parse(&self.key).map_err(BundleError::SignatureForm)
    }

    /// Whether it is for this namespace, or for what is in none.
    pub fn is_for(&self, namespace: Option<&str>) -> bool {
        let name = namespace.unwrap_or("-");
        self.namespaces.is_empty() || self.namespaces.iter().any(|it| it == name)
    }
}

impl KeyList {
    /// Whether these bytes are meant to be one.
    pub fn is(bytes: &[u8]) -> bool {
        bytes.starts_with(&KEYS_MAGIC)
    }

    /// The file of it. `sign` is given what is signed and gives a `.minisig` file.
    ///
    /// # Errors
    /// When something of it is too long, or a key is none.
    pub fn file(&self, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> Result<Vec<u8>, BundleError> {
        self.check()?;
        let body = postcard::to_allocvec(self).map_err(|_| BundleError::Form("it is too large"))?;
        Document::write(KEYS_MAGIC, &body, LIST_MAX, sign)
    }

    /// Reads a file, which one of these root keys must have signed; who did.
    ///
    /// # Errors
    /// When it is something else, was changed, or somebody else signed it.
    pub fn read(mut bytes: &[u8], roots: &[PublicKey]) -> Result<(Self, Signature), BundleError> {
        let document = Document::read(&mut bytes, KEYS_MAGIC, LIST_MAX)?;
        if !bytes.is_empty() {
            return Err(BundleError::Trailing);
        }
        let signature = verified(Signed::Keys, &document.signed, &document.signature, roots)?;
        Ok((Self::decode(document.body())?, signature))
    }

    /// Reads a file without asking who signed it.
    ///
    /// # Errors
    /// When it is something else, or was changed.
    pub fn inspect(mut bytes: &[u8]) -> Result<Self, BundleError> {
        Self::decode(Document::read(&mut bytes, KEYS_MAGIC, LIST_MAX)?.body())
    }

    fn decode(body: &[u8]) -> Result<Self, BundleError> {
        let form = || BundleError::Form("it is not postcard's");
        // A list takes no more memory than 40 times its bytes, which are few.
        match postcard::take_from_bytes::<Self>(body) {
            Ok((list, [])) => list.check().map(|()| list),
            _ => Err(form()),
        }
    }

    fn check(&self) -> Result<(), BundleError> {
        let limit = |what, value: usize, limit: usize| match value <= limit {
            true => Ok(()),
            false => Err(BundleError::TooMuch {
                what,
                value: value as u64,
                limit: limit as u64,
            }),
        };
        limit("the list of keys", self.keys.len(), KEYS_MAX)?;
        for key in &self.keys {
            key.public()?;
            limit("a key's namespaces", key.namespaces.len(), NAMESPACES_MAX)?;
            for name in &key.namespaces {
                limit("a name", name.len(), NAME_MAX)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::bundle::SecretKey;
    use proptest::prelude::*;

    fn key(until: Option<u64>, namespaces: &[&str]) -> ReleaseKey {
        ReleaseKey {
            key: SecretKey::random().unwrap().public(),
            until,
            namespaces: namespaces.iter().map(|it| (*it).to_owned()).collect(),
        }
    }

    #[test]
    fn a_list_is_good_for_the_root_that_signed_it_alone() {
        let root = SecretKey::random().unwrap();
        let public = |key: &SecretKey| PublicKey::parse(&key.public()).unwrap();
        let list = KeyList {
            version: 3,
            keys: vec![key(Some(5), &["a", "-"]), key(None, &[])],
        };
        let sign = |bytes: &[u8]| root.sign(bytes, "keys").unwrap().into_bytes();
        let file = list.file(sign).unwrap();
        assert!(KeyList::is(&file));
        let (read, signature) = KeyList::read(&file, &[public(&root)]).unwrap();
        assert_eq!((read, &*signature.comment), (list.clone(), "keys"));
        assert_eq!(KeyList::inspect(&file).unwrap(), list);
        let other = SecretKey::random().unwrap();
        let refused = KeyList::read(&file, &[public(&other)]);
        assert!(matches!(
            refused,
            Err(BundleError::UnknownKey {
                what: Signed::Keys,
                ..
            })
        ));
        let unsigned = list.file(|_| Vec::new()).unwrap();
        let refused = KeyList::read(&unsigned, &[public(&root)]);
        assert!(matches!(refused, Err(BundleError::NotSigned(Signed::Keys))));
        for at in 0..file.len() {
            let mut changed = file.clone();
            changed[at] ^= 1;
            if let Ok((read, _)) = KeyList::read(&changed, &[public(&root)]) {
                // Only what minisign does not sign: its untrusted comment.
                assert_eq!(read, list, "byte {at}");
            }
        }
    }

    #[test]
    fn a_key_is_for_what_it_names() {
        assert!(key(None, &[]).is_for(Some("a")) && key(None, &[]).is_for(None));
        let some = key(None, &["a", "-"]);
        assert!(some.is_for(Some("a")) && some.is_for(None) && !some.is_for(Some("b")));
    }

    #[test]
    fn what_is_too_much_or_no_key_is_refused() {
        let wrong = |keys| {
            let list = KeyList { version: 1, keys };
            list.file(|_| Vec::new()).unwrap_err()
        };
        let many = wrong(vec![key(None, &[]); KEYS_MAX + 1]);
        assert!(matches!(many, BundleError::TooMuch { value: 33, .. }));
        let none = wrong(vec![ReleaseKey::default()]);
        assert!(matches!(none, BundleError::SignatureForm(_)));
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(KeyList::inspect(&bytes).is_err());
            let _ = KeyList::decode(&bytes);
        }
    }
}
