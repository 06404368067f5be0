//! A call: read, priced, done, and its result brought home to the table.

use crate::key::Key;
use crate::table::Keys;
use crate::{Refused, Result, ciphers, curves, derive, hashes, no, price, rsa_keys};
use postern_abi::crypto::{Cipher, CryptoCall, CryptoStatus, Deriving, KeyPlan, Signing};
use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A call and the keys that it works with.
pub struct Task<'a> {
    argument: Cow<'a, [u8]>,
    key: Option<Arc<Key>>,
    other: Option<Arc<Key>>,
    price: u64,
    is_long: bool,
}

/// What a task gave.
struct Outcome {
    result: Vec<u8>,
    keys: Vec<(u32, Key)>,
}

impl<'a> Task<'a> {
    /// Reads a guest's argument. `None` if it cannot be decoded.
    pub fn read(keys: &Keys, argument: &'a [u8]) -> Option<Self> {
        let (call, data) = postcard::take_from_bytes::<CryptoCall<'a>>(argument).ok()?;
        let find = |id: u32| keys.key(id).cloned();
        let (key, other) = match call {
            CryptoCall::Export { key, .. }
            | CryptoCall::Sign { key, .. }
            | CryptoCall::Verify { key, .. }
            | CryptoCall::Encrypt { key, .. }
            | CryptoCall::Decrypt { key, .. } => (find(key), None),
            CryptoCall::Derive { key, how, .. } => match how {
                Deriving::Agreement { public, .. } => (find(key), find(public)),
                _ => (find(key), None),
            },
            CryptoCall::Public { key, .. } | CryptoCall::Power { key, .. } => (find(key), None),
            CryptoCall::Same { key, other } => (find(key), find(other)),
            _ => (None, None),
        };
        let running = match call {
            CryptoCall::HashUpdate(id) => keys.running(id),
            _ => None,
        };
        let price = price::of(&call, key.as_deref(), running, data.len());
        Some(Self {
            argument: Cow::Borrowed(argument),
            key,
            other,
            price,
            is_long: matches!(
                call,
                CryptoCall::Generate {
                    plan: KeyPlan::Rsa { .. },
                    ..
                }
            ),
        })
    }

    /// The same with an argument of its own.
    pub fn into_owned(self) -> Task<'static> {
        Task {
            argument: Cow::Owned(self.argument.into_owned()),
            key: self.key,
            other: self.other,
            price: self.price,
            is_long: self.is_long,
        }
    }

    fn call(&self) -> Result<(CryptoCall<'_>, &[u8])> {
        postcard::take_from_bytes(&self.argument).map_err(|_| CryptoStatus::BadCall.into())
    }

    /// Fuel that it costs.
    pub fn price(&self) -> u64 {
        self.price
    }

    /// Whether it is short enough to be done while others wait.
    pub fn is_short(&self) -> bool {
        self.price <= price::AT_ONCE_MAX
    }

    /// Whether only the thread that has the table can do it.
    pub fn is_bound(&self) -> bool {
        matches!(
            self.call(),
            Ok((
                CryptoCall::HashBegin { .. }
                    | CryptoCall::HashUpdate(_)
                    | CryptoCall::HashEnd(_)
                    | CryptoCall::HashCopy { .. }
                    | CryptoCall::CipherBegin { .. }
                    | CryptoCall::CipherUpdate(_)
                    | CryptoCall::CipherEnd { .. }
                    | CryptoCall::Forget(_),
                _
            ))
        )
    }

    /// Bytes that it works in, if they are many.
    pub fn bytes(&self) -> u64 {
        match self.call() {
            Ok((
                CryptoCall::Derive {
                    how: Deriving::Scrypt { log_n, r, p, .. },
                    ..
                },
                _,
            )) => derive::scrypt_bytes(log_n, r, p).unwrap_or(0),
            _ => 0,
        }
    }

    /// Whether it makes an RSA key, which takes longer than anything else.
    pub fn is_long(&self) -> bool {
        self.is_long
    }

    /// Does it, on an isolate's own table; appends the result.
    pub fn run_in(&self, keys: &mut Keys, out: &mut Vec<u8>) {
        let (call, data) = match self.call() {
            Ok(call) => call,
            Err(refused) => return answer(Err(refused), out),
        };
        let done = match call {
            CryptoCall::HashBegin { id, hash, key } => keys.begin(id, hash, key).map(|()| None),
            CryptoCall::HashUpdate(id) => keys.update(id, data).map(|()| None),
            CryptoCall::HashEnd(id) => keys.end(id).map(Some),
            CryptoCall::Forget(id) => {
                keys.forget(id);
                Ok(None)
            }
            CryptoCall::HashCopy { id, from } => keys.copy(id, from).map(|()| None),
            CryptoCall::CipherBegin {
                id,
                key,
                mode,
                encrypts,
                pads,
            } => keys
                .begin_cipher(id, key, &mode, encrypts, pads)
                .map(|()| None),
            CryptoCall::CipherUpdate(id) => keys.update_cipher(id, data).map(Some),
            CryptoCall::CipherEnd { id, tag } => keys.end_cipher(id, tag).map(Some),
            _ => return self.run().bring(keys, out),
        };
        answer(done.map(Option::unwrap_or_default), out);
    }

    /// Does it, wherever; the table must hear of it by [`Ran::bring`].
    pub fn run(&self) -> Ran {
        // The libraries' panics over what a guest made up must end nobody else's work.
        let outcome = catch_unwind(AssertUnwindSafe(|| self.outcome()));
        Ran(outcome.unwrap_or_else(|_| no(CryptoStatus::Failed)))
    }

    fn outcome(&self) -> Result<Outcome> {
        let (call, data) = self.call()?;
        match &call {
            CryptoCall::Digest(hash) => hashes::digest(*hash, data).map(Outcome::bytes),
            CryptoCall::Import { id, source } => {
                Outcome::new_key(*id, Key::import(source, data)?, None)
            }
            CryptoCall::Export { form, .. } => {
                let mut result = Vec::new();
                self.key()?.export(*form, &mut result)?;
                Ok(Outcome::bytes(result))
            }
            CryptoCall::Generate { id, public, plan } => {
                if let KeyPlan::Secret { bits } = plan
                    && *bits as usize / 8 > postern_abi::limits::CRYPTO_BYTES_MAX
                {
                    return no(CryptoStatus::Full);
                }
                let (key, other) = Key::generate(plan)?;
                Outcome::new_key(*id, key, other.map(|other| (*public, other)))
            }
            CryptoCall::Sign { how, .. } => sign(self.key()?, *how, data).map(Outcome::bytes),
            CryptoCall::Verify { how, signature, .. } => {
                let good = verify(self.key()?, *how, signature, data)?;
                Ok(Outcome::bytes(vec![u8::from(good)]))
            }
            CryptoCall::Encrypt { how, .. } => {
                let result = match (self.key()?, how) {
                    (Key::RsaPublic(key), Cipher::Oaep { hash, label }) => {
                        rsa_keys::encrypt(key, *hash, label, data)
                    }
                    (Key::RsaPublic(key), Cipher::RsaPkcs1) => rsa_keys::encrypt_pkcs1(key, data),
                    (Key::RsaPublic(key), Cipher::RsaRaw) => rsa_keys::raw_public(key, data),
                    (Key::Secret(secret), how) => ciphers::encrypt(secret, how, data),
                    _ => no(CryptoStatus::WrongKey),
                };
                result.map(Outcome::bytes)
            }
            CryptoCall::Decrypt { how, into, .. } => {
                let result = match (self.key()?, how) {
                    (Key::RsaPrivate(key), Cipher::Oaep { hash, label }) => {
                        rsa_keys::decrypt(key, *hash, label, data)
                    }
                    (Key::RsaPrivate(key), Cipher::RsaPkcs1) => rsa_keys::decrypt_pkcs1(key, data),
                    (Key::Secret(secret), how) => ciphers::decrypt(secret, how, data),
                    _ => no(CryptoStatus::WrongKey),
                };
                Outcome::secret(result?, *into)
            }
            CryptoCall::Derive { how, into, .. } => Outcome::secret(self.derive(how)?, *into),
            CryptoCall::Public { id, .. } => Outcome::new_key(*id, self.key()?.public()?, None),
            CryptoCall::Power { modulus, .. } => match self.key()? {
                Key::Secret(secret) => rsa_keys::power(data, secret, modulus).map(Outcome::bytes),
                _ => no(CryptoStatus::WrongKey),
            },
            CryptoCall::Same { .. } => {
                let other = self.other.as_deref().ok_or(CryptoStatus::WrongKey)?;
                let same = self.key()?.is_same(other)?;
                Ok(Outcome::bytes(vec![u8::from(same)]))
            }
            CryptoCall::HashBegin { .. }
            | CryptoCall::HashUpdate(_)
            | CryptoCall::HashEnd(_)
            | CryptoCall::HashCopy { .. }
            | CryptoCall::CipherBegin { .. }
            | CryptoCall::CipherUpdate(_)
            | CryptoCall::CipherEnd { .. }
            | CryptoCall::Forget(_) => no(CryptoStatus::BadCall),
        }
    }

    fn key(&self) -> Result<&Key> {
        self.key.as_deref().ok_or(CryptoStatus::WrongKey.into())
    }

    fn derive(&self, how: &Deriving<'_>) -> Result<Vec<u8>> {
        match (self.key()?, how) {
            (Key::Scalar(curve, pair), Deriving::Agreement { bits, .. }) => {
                let Some(Key::Point(of, point)) = self.other.as_deref() else {
                    return no(CryptoStatus::WrongKey);
                };
                if of != curve {
                    return no(CryptoStatus::WrongKey);
                }
                let mut shared = curves::agree(*curve, &pair.d, point)?;
                let bits = bits.map_or(shared.len() * 8, |bits| bits as usize);
                if bits > shared.len() * 8 {
                    return no(CryptoStatus::TooLong);
                }
                shared.truncate(bits.div_ceil(8));
                if let Some(last) = shared.last_mut() {
                    *last &= 0xff << (bits.next_multiple_of(8) - bits);
                }
                Ok(std::mem::take(&mut *shared))
            }
            (
                Key::Secret(secret),
                Deriving::Hkdf {
                    hash,
                    salt,
                    info,
                    length,
                },
            ) => derive::hkdf(*hash, secret, salt, info, *length),
            (
                Key::Secret(secret),
                Deriving::Pbkdf2 {
                    hash,
                    salt,
                    iterations,
                    length,
                },
            ) => derive::pbkdf2(*hash, secret, salt, *iterations, *length),
            (
                Key::Secret(secret),
                Deriving::Scrypt {
                    salt,
                    log_n,
                    r,
                    p,
                    length,
                },
            ) => derive::scrypt(secret, salt, (*log_n, *r, *p), *length),
            _ => no(CryptoStatus::WrongKey),
        }
    }
}

fn sign(key: &Key, how: Signing, data: &[u8]) -> Result<Vec<u8>> {
    match (key, how) {
        (Key::Secret(secret), Signing::Hmac(hash)) => hashes::keyed(hash, secret, data),
        (Key::RsaPrivate(key), Signing::Pkcs1(hash)) => rsa_keys::sign(key, hash, None, data),
        (Key::RsaPrivate(key), Signing::Pss(hash, salt)) => {
            rsa_keys::sign(key, hash, Some(salt), data)
        }
        (Key::RsaPrivate(key), Signing::RsaRaw) => rsa_keys::raw(key, data),
        (Key::Scalar(curve, pair), Signing::Ecdsa(hash)) => {
            curves::sign(*curve, &pair.d, Some(hash), data)
        }
        (Key::Scalar(curve, pair), Signing::Ed25519) => curves::sign(*curve, &pair.d, None, data),
        _ => no(CryptoStatus::WrongKey),
    }
}

fn verify(key: &Key, how: Signing, signature: &[u8], data: &[u8]) -> Result<bool> {
    match (key, how) {
        (Key::Secret(secret), Signing::Hmac(hash)) => {
            let code = hashes::keyed(hash, secret, data)?;
            Ok(code.ct_eq(signature).into())
        }
        (Key::RsaPublic(key), Signing::Pkcs1(hash)) => {
            rsa_keys::verify(key, hash, None, signature, data)
        }
        (Key::RsaPublic(key), Signing::Pss(hash, salt)) => {
            rsa_keys::verify(key, hash, Some(salt), signature, data)
        }
        (Key::Point(curve, point), Signing::Ecdsa(hash)) => {
            curves::verify(*curve, point, Some(hash), signature, data)
        }
        (Key::Point(curve, point), Signing::Ed25519) => {
            curves::verify(*curve, point, None, signature, data)
        }
        _ => no(CryptoStatus::WrongKey),
    }
}

impl Outcome {
    fn bytes(result: Vec<u8>) -> Self {
        Self {
            result,
            keys: Vec::new(),
        }
    }

    fn new_key(id: u32, key: Key, other: Option<(u32, Key)>) -> Result<Self> {
        let mut result = Vec::new();
        key.describe(&mut result)?;
        let mut keys = vec![(id, key)];
        keys.extend(other);
        Ok(Self { result, keys })
    }

    fn secret(bytes: Vec<u8>, into: Option<u32>) -> Result<Self> {
        match into {
            None => Ok(Self::bytes(bytes)),
            Some(id) => Self::new_key(id, Key::Secret(Zeroizing::new(bytes)), None),
        }
    }
}

/// A task that was done and whose keys nobody has yet.
pub struct Ran(Result<Outcome>);

impl Ran {
    /// Puts its keys into the table; appends the result.
    pub fn bring(self, keys: &mut Keys, out: &mut Vec<u8>) {
        let result = self.0.and_then(|outcome| {
            let mut added = Vec::new();
            for (id, key) in outcome.keys {
                if let Err(refused) = keys.insert(id, key) {
                    added.into_iter().for_each(|id| keys.forget(id));
                    return Err(refused);
                }
                added.push(id);
            }
            Ok(outcome.result)
        });
        answer(result, out);
    }
}

/// The result, then its status.
fn answer(result: Result<Vec<u8>>, out: &mut Vec<u8>) {
    match result {
        Ok(bytes) => {
            if out.is_empty() {
                *out = bytes;
            } else {
                out.extend_from_slice(&bytes);
            }
            out.push(CryptoStatus::Done as u8);
        }
        Err(refused) => out.extend(refusal(&refused)),
    }
}

/// A refusal as a guest is told of it.
fn refusal(refused: &Refused) -> Vec<u8> {
    let mut out = refused.detail.clone();
    out.push(refused.status as u8);
    out
}
