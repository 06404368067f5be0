//! The device key, and secrets as they lie on the disk: encrypted, and bound to the one place
//! that they belong to. How a secret reaches a Worker others know.
//!
//! The key is a file of the state directory, made when the first secret could come, or one in the
//! kernel's keyring, put there by whoever starts the daemon. A row of the store says which it has to be, so that a key that is gone or another is told before
//! anything is written with it.

use super::binding::{Bound, Hidden, Target};
use super::name::{Id, hex};
use super::record::{Script, Settings};
use super::rows::Rows;
use super::versions::{StoredVersion, Version};
use crate::store::{Store, StoreError, Table};
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use linux_keyutils::{KeyError, KeyRing, KeyRingIdentifier};
use rustix::fs::MemfdFlags;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The key's file in the state directory.
pub const KEY_FILE: &str = "device.key";
/// What the file begins with.
const KEY_PREFIX: &str = "postern device key 1 ";
/// Bytes of a key.
const KEY_LEN: usize = 32;
/// Bytes of a nonce, which is random: 24 of them do not come twice.
const NONCE_LEN: usize = 24;
/// Where the store says which key it has.
const CHECK_KEY: &[u8] = b"device-key";
/// How an encrypted snapshot begins; no other file that the catalog stores begins so.
const SNAPSHOT_MAGIC: &[u8; 16] = b"postern sealed 1";

/// Why there is no key, or not the right one.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The file system says no.
    #[error("cannot {verb} the device key `{}`: {error}; it must be readable by this user alone", path.display())]
    Io {
        /// What was tried.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Others may read it.
    #[error(
        "the device key `{}` has mode {mode:04o}, so that others can read or change it; run `chmod 600` on it, \
         and change the secrets if somebody may have read it", path.display()
    )]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It is no key.
    #[error(
        "the device key `{}` has {len} bytes and is no key, which is one line of {want}; put the copy of a backup in \
         its place, or see `postern secrets forget --help`",
        path.display(), want = KEY_PREFIX.len() + 2 * KEY_LEN + 1
    )]
    Malformed {
        /// The file.
        path: PathBuf,
        /// How long it is.
        len: usize,
    },
    /// The keyring does not give it.
    #[error(
        "the kernel's keyring gives no device key `{name}` of type user ({error}); put it into a keyring that \
         this process has before it starts, or take `store.keyring` out of the configuration"
    )]
    Keyring {
        /// Its description.
        name: String,
        /// What the system said.
        error: String,
    },
    /// What the keyring has is no key.
    #[error(
        "the device key `{name}` of the kernel's keyring has {len} bytes and is no key, which is one line of {want}, \
         as in the file {KEY_FILE}",
        want = KEY_PREFIX.len() + 2 * KEY_LEN + 1
    )]
    KeyringMalformed {
        /// Its description.
        name: String,
        /// How long it is.
        len: usize,
    },
    /// There are secrets, and the file is gone.
    #[error(
        "the device key `{}` is missing, and secrets are stored that only it decrypts; put the copy of a backup in \
         its place; if there is none the secrets are lost, and `postern secrets forget` removes them", .0.display()
    )]
    Missing(PathBuf),
    /// There are secrets of another key.
    #[error(
        "the device key {0} is not the one that the stored secrets were encrypted with; put the right one in its \
         place; if there is none the secrets are lost, and `postern secrets forget` removes them"
    )]
    Wrong(String),
    /// One secret is not what this key encrypted for this place.
    #[error(
        "secret '{name}' of Worker '{script}' cannot be decrypted: it was changed, or moved here from elsewhere; put \
         the secret again"
    )]
    Unreadable {
        /// The script.
        script: String,
        /// The binding.
        name: String,
    },
    /// A snapshot is not what this key encrypted for this script.
    #[error(
        "the snapshot of Worker '{0}' cannot be decrypted: it was changed or moved here; push again"
    )]
    Snapshot(String),
    /// The system has no randomness.
    #[error("the system gives no randomness: {0}")]
    Randomness(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Which script secrets belong to. A namespace's identifier outlasts its name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) namespace: Id,
    pub(super) script: &'a str,
}

impl Place<'_> {
    /// What a ciphertext is bound to: purpose and place, each with its length.
    fn bound(&self, purpose: &[u8], name: &str) -> Vec<u8> {
        let mut data = Vec::new();
        for part in [
            purpose,
            &self.namespace.0,
            self.script.as_bytes(),
            name.as_bytes(),
        ] {
            data.extend_from_slice(&(part.len() as u64).to_le_bytes());
            data.extend_from_slice(part);
        }
        data
    }
}

/// Encrypts and decrypts what must not lie on the disk as it is.
pub(super) struct Vault {
    cipher: XChaCha20Poly1305,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

/// The row that says which key a store has: a text encrypted with it.
#[derive(Serialize, Deserialize)]
enum StoredCheck {
    V1(Vec<u8>),
}

const CHECKED: &[u8] = b"the device key of this store";

impl Vault {
    /// Reads the key of a store, or makes one for a store that never had any; with a name, that of the
    /// kernel's keyring, which is never made. Blocks.
    pub(super) fn open(store: &Store, keyring: Option<&str>) -> Result<Self, VaultError> {
        let path = store.dir().join(KEY_FILE);
        let check: Option<StoredCheck> = store.records().get(Table::Secrets, CHECK_KEY)?;
        let key = match keyring {
            Some(name) => keyring_key(name)?,
            None => match (read_key(&path)?, &check) {
                (Some(key), _) => key,
                (None, None) => make_key(&path)?,
                (None, Some(_)) => return Err(VaultError::Missing(path)),
            },
        };
        let vault = Self {
            cipher: XChaCha20Poly1305::new(&key.into()),
        };
        match check {
            Some(StoredCheck::V1(sealed)) => match vault.decrypt(CHECKED, &sealed) {
                Some(text) if text == CHECKED => Ok(vault),
                _ => Err(VaultError::Wrong(match keyring {
                    Some(name) => format!("`{name}` of the kernel's keyring"),
                    None => format!("`{}`", path.display()),
                })),
            },
            None => {
                let check = StoredCheck::V1(vault.encrypt(CHECKED, CHECKED)?);
                let mut batch = store.records().batch();
                batch.put(Table::Secrets, CHECK_KEY, &check)?;
                batch.commit()?;
                Ok(vault)
            }
        }
    }

    fn encrypt(&self, bound: &[u8], text: &[u8]) -> Result<Vec<u8>, VaultError> {
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).map_err(|error| VaultError::Randomness(error.to_string()))?;
        let payload = Payload {
            msg: text,
            aad: bound,
        };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.expect("texts are shorter than 256 GiB");
        Ok([&nonce[..], &sealed].concat())
    }

    /// `None`: it was not encrypted with this key for this purpose.
    fn decrypt(&self, bound: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let payload = Payload {
            msg: sealed,
            aad: bound,
        };
        self.cipher.decrypt(&XNonce::from(*nonce), payload).ok()
    }

    /// Settings as they are stored: no secret is a text.
    pub(super) fn seal(
        &self,
        place: Place<'_>,
        mut settings: Settings,
    ) -> Result<Settings, VaultError> {
        for Bound { name, target } in &mut settings.bindings {
            if let Target::Secret(text) = target {
                let bound = place.bound(b"secret", name);
                *target = Target::Sealed(self.encrypt(&bound, text.0.as_bytes())?);
            }
        }
        Ok(settings)
    }

    /// Settings whose secrets are texts, but for those that cannot be decrypted: they stay as
    /// they are, so that whoever changes settings can put them anew.
    pub(super) fn unseal(&self, place: Place<'_>, settings: &Settings) -> Settings {
        let mut settings = settings.clone();
        for Bound { name, target } in &mut settings.bindings {
            if let Target::Sealed(sealed) = target
                && let Some(text) = self.decrypt(&place.bound(b"secret", name), sealed)
                && let Ok(text) = String::from_utf8(text)
            {
                *target = Target::Secret(Hidden(text));
            }
        }
        settings
    }

    /// Settings whose secrets are texts.
    ///
    /// # Errors
    /// When one cannot be decrypted.
    pub(super) fn unsealed(
        &self,
        place: Place<'_>,
        settings: &Settings,
    ) -> Result<Settings, VaultError> {
        let settings = self.unseal(place, settings);
        let mut bindings = settings.bindings.iter();
        match bindings.find(|bound| matches!(bound.target, Target::Sealed(_))) {
            Some(bound) => Err(VaultError::Unreadable {
                script: place.script.to_owned(),
                name: bound.name.clone(),
            }),
            None => Ok(settings),
        }
    }

    /// A snapshot that may hold secrets, as it is stored.
    pub(super) fn seal_snapshot(
        &self,
        place: Place<'_>,
        snapshot: &[u8],
    ) -> Result<Vec<u8>, VaultError> {
        let sealed = self.encrypt(&place.bound(b"snapshot", ""), snapshot)?;
        Ok([&SNAPSHOT_MAGIC[..], &sealed].concat())
    }

    /// A snapshot's file as Workers open it: the one on the disk, or if that is encrypted, one in
    /// memory that is there for as long as what is returned beside its path.
    pub(super) fn snapshot(
        &self,
        place: Place<'_>,
        path: PathBuf,
    ) -> Result<(PathBuf, Option<Arc<File>>), VaultError> {
        let failed = |error| VaultError::Io {
            verb: "read what is encrypted with",
            path: path.clone(),
            error,
        };
        let mut file = File::open(&path).map_err(failed)?;
        let mut magic = [0; SNAPSHOT_MAGIC.len()];
        match file.read_exact(&mut magic) {
            Ok(()) if magic == *SNAPSHOT_MAGIC => {}
            // What is no snapshot the engine says itself.
            Ok(()) | Err(_) => return Ok((path, None)),
        }
        let mut sealed = Vec::new();
        file.read_to_end(&mut sealed).map_err(failed)?;
        let snapshot = self
            .decrypt(&place.bound(b"snapshot", ""), &sealed)
            .ok_or_else(|| VaultError::Snapshot(place.script.to_owned()))?;
        let memory = rustix::fs::memfd_create("snapshot", MemfdFlags::CLOEXEC)
            .map_err(|error| failed(error.into()))?;
        let mut memory = File::from(memory);
        memory.write_all(&snapshot).map_err(failed)?;
        let path = PathBuf::from(format!("/proc/self/fd/{}", memory.as_raw_fd()));
        Ok((path, Some(Arc::new(memory))))
    }
}

/// `None`: there is no file.
fn read_key(path: &Path) -> Result<Option<[u8; KEY_LEN]>, VaultError> {
    let failed = |verb| {
        move |error| VaultError::Io {
            verb,
            path: path.to_owned(),
            error,
        }
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("open")(error)),
    };
    let mode = file.metadata().map_err(failed("read"))?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(VaultError::Mode {
            path: path.to_owned(),
            mode,
        });
    }
    let mut text = Vec::new();
    file.take(4096)
        .read_to_end(&mut text)
        .map_err(failed("read"))?;
    parse_key(&text)
        .map(Some)
        .ok_or_else(|| VaultError::Malformed {
            path: path.to_owned(),
            len: text.len(),
        })
}

/// The key in a file's text.
fn parse_key(text: &[u8]) -> Option<[u8; KEY_LEN]> {
    let text = std::str::from_utf8(text).ok()?;
    let digits = text.strip_prefix(KEY_PREFIX)?.strip_suffix('\n')?;
    if digits.len() != 2 * KEY_LEN {
        return None;
    }
    // Two halves, since identifiers are read the same way.
    let (first, second) = digits.split_at_checked(KEY_LEN)?;
    let mut key = [0; KEY_LEN];
    key[..16].copy_from_slice(&Id::parse(first)?.0);
    key[16..].copy_from_slice(&Id::parse(second)?.0);
    Some(key)
}

/// The key of this description in the keyrings that this process has.
fn keyring_key(name: &str) -> Result<[u8; KEY_LEN], VaultError> {
    let failed = |error: KeyError| VaultError::Keyring {
        name: name.to_owned(),
        error: format!("{error:?}"),
    };
    let search = |ring| KeyRing::from_special_id(ring, false)?.search(name);
    let key = search(KeyRingIdentifier::Session)
        .or_else(|_| search(KeyRingIdentifier::User))
        .map_err(failed)?;
    let text = key.read_to_vec().map_err(failed)?;
    parse_key(&text).ok_or_else(|| VaultError::KeyringMalformed {
        name: name.to_owned(),
        len: text.len(),
    })
}

/// Makes a key and returns when it survives a power cut: nothing is encrypted with it before.
fn make_key(path: &Path) -> Result<[u8; KEY_LEN], VaultError> {
    let failed = |error| VaultError::Io {
        verb: "write",
        path: path.to_owned(),
        error,
    };
    let mut key = [0; KEY_LEN];
    getrandom::fill(&mut key).map_err(|error| VaultError::Randomness(error.to_string()))?;
    let partial = path.with_extension("key.partial");
    match std::fs::remove_file(&partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&partial)
        .map_err(failed)?;
    writeln!(file, "{KEY_PREFIX}{}", hex(&key)).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    std::fs::rename(&partial, path).map_err(failed)?;
    let dir = path.parent().unwrap_or(Path::new("."));
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(failed)?;
    Ok(key)
}

/// Whether a row still has secrets as texts, as they were stored once.
pub(super) fn is_plain(script: &Script) -> bool {
    let mut bindings = script.settings.bindings.iter();
    bindings.any(|bound| matches!(bound.target, Target::Secret(_)))
}

/// Removes every stored secret of a store whose key is lost, of versions that do not run too, and
/// what says which key it was. Returns which they were: script and name.
///
/// # Errors
/// When the store fails.
pub fn forget(store: &Store) -> Result<Vec<(String, String)>, StoreError> {
    let mut forgotten = Vec::new();
    let mut rows = Rows::default();
    let stored: Vec<(Vec<u8>, super::record::StoredScript)> =
        store.records().scan(Script::TABLE, &[])?;
    for (key, stored) in stored {
        let mut script = Script::from(stored);
        if remove_sealed(&mut script, &mut forgotten) {
            rows = rows.put(Script::TABLE, key, script);
        }
    }
    let stored: Vec<(Vec<u8>, StoredVersion)> = store.records().scan(Version::TABLE, &[])?;
    for (key, stored) in stored {
        let mut version = Version::from(stored);
        if remove_sealed(&mut version.script, &mut forgotten) {
            rows = rows.put(Version::TABLE, key, version);
        }
    }
    forgotten.sort();
    forgotten.dedup();
    let mut batch = store.records().batch();
    rows.write(&mut batch)?;
    batch.delete(Table::Secrets, CHECK_KEY)?;
    batch.commit()?;
    Ok(forgotten)
}

/// Removes a script's encrypted secrets. A snapshot may be encrypted too, so the script is to be
/// judged again.
fn remove_sealed(script: &mut Script, forgotten: &mut Vec<(String, String)>) -> bool {
    let before = forgotten.len();
    script.settings.bindings.retain(|bound| {
        let is_sealed = matches!(bound.target, Target::Sealed(_));
        if is_sealed {
            forgotten.push((script.name.clone(), bound.name.clone()));
        }
        !is_sealed
    });
    if forgotten.len() > before {
        script.verdict.build.clear();
    }
    forgotten.len() > before
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::catalog::testing::open_store;
    use std::os::unix::fs::PermissionsExt;

    const PLACE: Place<'_> = Place {
        namespace: Id([1; 16]),
        script: "a",
    };

    fn settings(name: &str, text: &str) -> Settings {
        Settings {
            bindings: vec![Bound::secret(name, text).unwrap()],
            ..Settings::default()
        }
    }

    #[test]
    fn a_ciphertext_is_of_use_where_it_was_made_and_nowhere_else() {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::open(&open_store(dir.path()), None).unwrap();
        let sealed = vault.seal(PLACE, settings("S", "hidden")).unwrap();
        assert!(!format!("{sealed:?}").contains("hidden"));
        let open = vault.unsealed(PLACE, &sealed).unwrap();
        assert_eq!(open, settings("S", "hidden"));
        assert!(!format!("{open:?}").contains("hidden"), "nor is it logged");

        let other = |place: Place<'_>, settings: &Settings| {
            assert!(vault.unsealed(place, settings).is_err());
            assert_eq!(vault.unseal(place, settings), *settings);
        };
        other(
            Place {
                namespace: Id([2; 16]),
                ..PLACE
            },
            &sealed,
        );
        other(
            Place {
                script: "b",
                ..PLACE
            },
            &sealed,
        );
        let mut renamed = sealed.clone();
        renamed.bindings[0].name = "T".to_owned();
        other(PLACE, &renamed);
        let Target::Sealed(bytes) = &sealed.bindings[0].target else {
            panic!("sealed")
        };
        for at in 0..bytes.len() {
            let mut changed = sealed.clone();
            let mut bytes = bytes.clone();
            bytes[at] ^= 1;
            changed.bindings[0].target = Target::Sealed(bytes[..].to_vec());
            other(PLACE, &changed);
            changed.bindings[0].target = Target::Sealed(bytes[..at].to_vec());
            other(PLACE, &changed);
        }
        let again = vault.seal(PLACE, settings("S", "hidden")).unwrap();
        assert_ne!(again, sealed, "a nonce does not come twice");
    }

    #[test]
    fn a_snapshot_comes_back_in_memory() {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::open(&open_store(dir.path()), None).unwrap();
        let path = dir.path().join("snapshot");
        std::fs::write(&path, vault.seal_snapshot(PLACE, b"pages").unwrap()).unwrap();
        let (open, held) = vault.snapshot(PLACE, path.clone()).unwrap();
        assert!(held.is_some());
        assert_eq!(std::fs::read(open).unwrap(), b"pages");
        let other = Place {
            script: "b",
            ..PLACE
        };
        assert!(vault.snapshot(other, path.clone()).is_err());
        std::fs::write(&path, b"as it is").unwrap();
        let (open, held) = vault.snapshot(PLACE, path.clone()).unwrap();
        assert_eq!((open, held.is_none()), (path, true));
    }

    #[test]
    fn the_key_is_made_once_and_must_be_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(KEY_FILE);
        let open = || Vault::open(&open_store(dir.path()), None).map(|_| ());
        open().unwrap();
        let key = std::fs::read(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        open().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), key);

        let refused = |expected: &str| {
            let error = open().unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        refused("has mode 0640");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        for len in [0, 1, KEY_PREFIX.len(), key.len() - 1] {
            std::fs::write(&path, &key[..len]).unwrap();
            refused("is no key");
        }
        let other = format!("{KEY_PREFIX}{}\n", hex(&[7; KEY_LEN]));
        std::fs::write(&path, other).unwrap();
        refused("is not the one");
        std::fs::remove_file(&path).unwrap();
        refused("is missing");
        assert!(!path.exists(), "a new key would hide that the old is gone");
        std::fs::write(&path, &key).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        open().unwrap();

        std::fs::remove_file(&path).unwrap();
        assert_eq!(forget(&open_store(dir.path())).unwrap(), []);
        open().unwrap();
        assert_ne!(std::fs::read(&path).unwrap(), key);
    }
}
