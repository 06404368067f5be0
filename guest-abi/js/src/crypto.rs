//! Web Crypto's side of the boundary: calls of the host, and keys by their numbers.
//!
//! Everything is first asked for at once; what takes the host too long becomes an operation, and
//! its result a promise. A failure is a number below 0: minus the status, and what was told with
//! it times 16.

use self::parts::{in_parts, is_large};
use crate::bytes;
use crate::host;
use crate::ops::{self, Decode, Decoded};
use postern_abi::crypto::{
    Cipher, CryptoCall, CryptoStatus, Curve, Deriving, Hash, KeyForm, KeyParts, KeyPlan, KeyShape,
    KeySource, Signing,
};
use postern_abi::limits::SCRYPT_LENGTH_MAX;
use postern_abi::{OpErrorCode, OpKind, SyncOp};
use rquickjs::class::{Class, JsClass, Trace, Tracer};
use rquickjs::function::{Constructor, Func, Rest};
use rquickjs::{Array, ArrayBuffer, Ctx, Exception, JsLifetime, Object, Result, Value};
use std::cell::Cell;

mod base64;
pub mod now;
mod parts;

thread_local! {
    static NEXT: Cell<u32> = const { Cell::new(1) };
    /// How the host is asked: whether it may take its time meanwhile.
    static ASK: Cell<SyncOp> = const { Cell::new(SyncOp::Crypto) };
}

/// A key, or a digest under way, that the host has. It is forgotten there with this.
pub struct Handle(u32);

impl Handle {
    fn new() -> Self {
        let id = NEXT.get();
        NEXT.set(id.checked_add(1).unwrap_or(1));
        Self(id)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let mut out = [0; 8];
        if let Ok(argument) = postcard::to_allocvec(&CryptoCall::Forget(self.0)) {
            host::op_sync(SyncOp::Crypto as u32, &argument, &mut out);
        }
    }
}

// SAFETY: it holds no value of JavaScript.
unsafe impl<'js> JsLifetime<'js> for Handle {
    type Changed<'to> = Handle;
}

impl<'js> Trace<'js> for Handle {
    fn trace<'a>(&self, _: Tracer<'a, 'js>) {}
}

impl<'js> JsClass<'js> for Handle {
    const NAME: &'static str = "KeyHandle";
    type Mutable = rquickjs::class::Readable;

    fn prototype(_: &Ctx<'js>) -> Result<Option<Object<'js>>> {
        Ok(None)
    }

    fn constructor(_: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

/// What becomes of a result.
enum Then {
    /// An ArrayBuffer.
    Bytes,
    /// Whether it begins with a byte that is not 0.
    Truth,
    /// Nothing to show.
    Nothing,
    /// `[handle, kind, private, number, exponent]`, then `publicHandle` of a pair.
    Key(Handle, Option<Handle>),
    /// The handle of a digest.
    Running(Handle),
    /// ArrayBuffers.
    Parts,
}

fn failed<'js>(ctx: &Ctx<'js>, status: u8, detail: &[u8]) -> Value<'js> {
    let status = i32::from(CryptoStatus::from_u8(status) as u8);
    let more = detail.try_into().map_or(0, u32::from_le_bytes);
    Value::new_float(ctx.clone(), -f64::from(status) - f64::from(more) * 16.0)
}

fn undecodable(ctx: &Ctx<'_>) -> rquickjs::Error {
    Exception::throw_internal(ctx, "the host's answer cannot be decoded")
}

impl Then {
    fn value<'js>(self, ctx: &Ctx<'js>, mut result: Vec<u8>) -> Result<Value<'js>> {
        let status = result.pop().ok_or_else(|| undecodable(ctx))?;
        if status != CryptoStatus::Done as u8 {
            return Ok(failed(ctx, status, &result));
        }
        Ok(match self {
            Self::Bytes => ArrayBuffer::new(ctx.clone(), result)?.into_value(),
            Self::Truth => Value::new_bool(ctx.clone(), result.first() == Some(&1)),
            Self::Nothing => Value::new_undefined(ctx.clone()),
            Self::Running(handle) => Class::instance(ctx.clone(), handle)?.into_value(),
            Self::Parts => {
                let parts: KeyParts =
                    postcard::from_bytes(&result).map_err(|_| undecodable(ctx))?;
                let all = Array::new(ctx.clone())?;
                for (at, part) in parts.into_iter().enumerate() {
                    all.set(at, ArrayBuffer::new_copy(ctx.clone(), part)?)?;
                }
                all.into_value()
            }
            Self::Key(handle, public) => {
                let shape: KeyShape =
                    postcard::from_bytes(&result).map_err(|_| undecodable(ctx))?;
                let all = Array::new(ctx.clone())?;
                all.set(0, Class::instance(ctx.clone(), handle)?)?;
                match shape {
                    KeyShape::Secret(len) => {
                        all.set(1, 0)?;
                        all.set(2, false)?;
                        all.set(3, len)?;
                    }
                    KeyShape::Rsa {
                        private,
                        bits,
                        exponent,
                    } => {
                        all.set(1, 1)?;
                        all.set(2, private)?;
                        all.set(3, bits)?;
                        all.set(4, bytes::array(ctx, exponent)?)?;
                    }
                    KeyShape::Ec { private, curve } => {
                        all.set(1, 2)?;
                        all.set(2, private)?;
                        all.set(3, curve as u32)?;
                    }
                }
                if let Some(public) = public {
                    all.set(5, Class::instance(ctx.clone(), public)?)?;
                }
                all.into_value()
            }
        })
    }
}

/// A call with its data behind it. The data is aligned: copied and hashed so, much of it takes a
/// third less time.
struct Argument {
    buffer: Vec<u8>,
    start: usize,
    data: usize,
}

impl Argument {
    const ALIGNMENT: usize = 64;

    /// With room for so much data.
    fn new(head: &[u8], room: usize) -> Self {
        let mut buffer = vec![0; head.len() + Self::ALIGNMENT + room];
        let data = (buffer.as_ptr() as usize + head.len()).next_multiple_of(Self::ALIGNMENT)
            - buffer.as_ptr() as usize;
        let start = data - head.len();
        buffer[start..data].copy_from_slice(head);
        Self {
            buffer,
            start,
            data,
        }
    }

    /// The argument with this data, for which there is room.
    fn with(&mut self, data: &[u8]) -> &[u8] {
        let end = self.data + data.len();
        self.buffer[self.data..end].copy_from_slice(data);
        &self.buffer[self.start..end]
    }
}

/// Room for what a call gives beyond its data: the largest key, written out.
const ROOM: usize = 8 * 1024;

/// Asks the host, at once if it will.
fn ask<'js>(
    ctx: &Ctx<'js>,
    call: &CryptoCall<'_>,
    data: Option<&Value<'js>>,
    room: usize,
    then: Then,
) -> Result<Value<'js>> {
    let head = postcard::to_allocvec(call)
        .map_err(|_| Exception::throw_internal(ctx, "the argument cannot be encoded"))?;
    let filled;
    let argument = match data {
        None => head.as_slice(),
        Some(data) => {
            filled = bytes::with(ctx, data, |bytes| {
                let mut argument = Argument::new(&head, bytes.len());
                argument.with(bytes);
                argument.buffer.truncate(argument.data + bytes.len());
                argument
            })?;
            &filled.buffer[filled.start..]
        }
    };
    let mut out = vec![0; room + 16];
    let kind = ASK.get();
    let mut length = host::op_sync(kind as u32, argument, &mut out);
    if length == 1 && out[0] == CryptoStatus::Full as u8 {
        // Keys that nobody has any more may still be in cycles.
        ctx.run_gc();
        length = host::op_sync(kind as u32, argument, &mut out);
    }
    if let Ok(length) = usize::try_from(length) {
        if length > out.len() {
            return Err(undecodable(ctx));
        }
        out.truncate(length);
        return then.value(ctx, out);
    }
    if -length == OpErrorCode::LimitExceeded as i32 {
        return Ok(failed(ctx, CryptoStatus::Full as u8, &[]));
    }
    if -length == OpErrorCode::Unavailable as i32 && kind == SyncOp::Crypto {
        let decode: Decode =
            Box::new(move |ctx, payload| Ok(Decoded::Value(then.value(ctx, payload.to_vec())?)));
        return ops::start(ctx, OpKind::Crypto as u32, argument, decode);
    }
    Ok(failed(ctx, CryptoStatus::Failed as u8, &[]))
}

/// The arguments of a native, by their places.
struct Arguments<'js>(Vec<Value<'js>>);

impl<'js> Arguments<'js> {
    fn value(&self, at: usize) -> Option<&Value<'js>> {
        self.0
            .get(at)
            .filter(|value| !value.is_undefined() && !value.is_null())
    }

    fn number(&self, at: usize) -> u32 {
        self.value(at)
            .and_then(Value::as_number)
            .map_or(0, |number| number as u32)
    }

    fn truth(&self, at: usize) -> bool {
        self.value(at).and_then(Value::as_bool).unwrap_or(false)
    }

    fn optional(&self, ctx: &Ctx<'js>, at: usize) -> Result<Option<Vec<u8>>> {
        let value = self.value(at);
        value
            .map(|value| bytes::with(ctx, value, <[u8]>::to_vec))
            .transpose()
    }

    fn bytes(&self, ctx: &Ctx<'js>, at: usize) -> Result<Vec<u8>> {
        Ok(self.optional(ctx, at)?.unwrap_or_default())
    }

    fn handle(&self, at: usize) -> u32 {
        self.value(at)
            .and_then(Value::as_object)
            .and_then(Class::<Handle>::from_object)
            .map_or(0, |handle| handle.borrow().0)
    }

    fn hash(&self, at: usize) -> Hash {
        match self.number(at) {
            0 => Hash::Md5,
            1 => Hash::Sha1,
            2 => Hash::Sha256,
            3 => Hash::Sha384,
            4 => Hash::Sha512,
            5 => Hash::Crc32,
            6 => Hash::Crc32c,
            8 => Hash::Sha224,
            9 => Hash::Sha512t256,
            10 => Hash::Md4,
            11 => Hash::Md5Sha1,
            _ => Hash::Crc64Nvme,
        }
    }

    fn curve(&self, at: usize) -> Curve {
        match self.number(at) {
            0 => Curve::P256,
            1 => Curve::P384,
            2 => Curve::P521,
            3 => Curve::Ed25519,
            _ => Curve::X25519,
        }
    }

    /// The way to sign that the numbers at three places say: how, hash, salt.
    fn signing(&self, at: usize) -> Signing {
        let hash = self.hash(at + 1);
        match self.number(at) {
            0 => Signing::Hmac(hash),
            1 => Signing::Pkcs1(hash),
            2 => Signing::Pss(hash, self.number(at + 2)),
            3 => Signing::Ecdsa(hash),
            4 => Signing::Ed25519,
            _ => Signing::RsaRaw,
        }
    }
}

/// `cryptoImport(kind, curve, data)`: a secret, a point, SPKI or PKCS #8.
fn import<'js>(ctx: Ctx<'js>, arguments: Rest<Value<'js>>) -> Result<Value<'js>> {
    let it = Arguments(arguments.0);
    let source = match it.number(0) {
        0 => KeySource::Secret,
        1 => KeySource::Point(it.curve(1)),
        2 => KeySource::Spki,
        _ => KeySource::Pkcs8,
    };
    take(&ctx, source, it.value(2))
}

fn take<'js>(
    ctx: &Ctx<'js>,
    source: KeySource<'_>,
    data: Option<&Value<'js>>,
) -> Result<Value<'js>> {
    let handle = Handle::new();
    let id = handle.0;
    let then = Then::Key(handle, None);
    ask(ctx, &CryptoCall::Import { id, source }, data, 64, then)
}

/// `cryptoImportRsa(n, e, d, p, q, dp, dq, qi)`.
fn import_rsa<'js>(ctx: Ctx<'js>, arguments: Rest<Value<'js>>) -> Result<Value<'js>> {
    let it = Arguments(arguments.0);
    let (n, e) = (it.bytes(&ctx, 0)?, it.bytes(&ctx, 1)?);
    let d = it.optional(&ctx, 2)?;
    let mut primes = Vec::new();
    for at in 3..8 {
        primes.extend(it.optional(&ctx, at)?);
    }
    let primes = match primes.as_slice() {
        [p, q, dp, dq, qi] => Some([&p[..], &q[..], &dp[..], &dq[..], &qi[..]]),
        _ => None,
    };
    let source = KeySource::Rsa {
        n: &n,
        e: &e,
        d: d.as_deref(),
        primes,
    };
    take(&ctx, source, None)
}

/// `cryptoImportEc(curve, x, y, d)`.
fn import_ec<'js>(ctx: Ctx<'js>, arguments: Rest<Value<'js>>) -> Result<Value<'js>> {
    let it = Arguments(arguments.0);
    let (x, y, d) = (
        it.bytes(&ctx, 1)?,
        it.bytes(&ctx, 2)?,
        it.optional(&ctx, 3)?,
    );
    let source = KeySource::Ec {
        curve: it.curve(0),
        x: &x,
        y: &y,
        d: d.as_deref(),
    };
    take(&ctx, source, None)
}

/// `cryptoExport(key, form, length)`, where `length` is that of a secret.
fn export<'js>(ctx: Ctx<'js>, arguments: Rest<Value<'js>>) -> Result<Value<'js>> {
    let it = Arguments(arguments.0);
    let (form, then) = match it.number(1) {
        0 => (KeyForm::Raw, Then::Bytes),
        1 => (KeyForm::Spki, Then::Bytes),
        2 => (KeyForm::Pkcs8, Then::Bytes),
        _ => (KeyForm::Parts, Then::Parts),
    };
    let key = it.handle(0);
    let room = ROOM + it.number(2) as usize;
    ask(&ctx, &CryptoCall::Export { key, form }, None, room, then)
}

/// `cryptoGenerate(kind, number, exponent)`: a secret of bits, an RSA pair, a pair of a curve.
fn generate<'js>(ctx: Ctx<'js>, arguments: Rest<Value<'js>>) -> Result<Value<'js>> {
    let it = Arguments(arguments.0);
    let plan = match it.number(0) {
        0 => KeyPlan::Secret { bits: it.number(1) },
        1 => KeyPlan::Rsa {
            bits: it.number(1),
            exponent: it.number(2),
        },
        _ => KeyPlan::Ec { curve: it.curve(1) },
    };
    let is_pair = !matches!(plan, KeyPlan::Secret { .. });
    let (key, public) = (Handle::new(), Handle::new());
    let call = CryptoCall::Generate {
        id: key.0,
        public: public.0,
        plan,
    };
    let then = Then::Key(key, is_pair.then_some(public));
    ask(&ctx, &call, None, 64, then)
}

/// `cryptoSign(key, how, hash, salt, data)`.
fn sign<'js>(ctx: Ctx<'js>, arguments: Rest<Value<'js>>) -> Result<Value<'js>> {
    let it = Arguments(arguments.0);
    let call = CryptoCall::Sign {
        key: it.handle(0),
        how: it.signing(1),
    };
    if let Signing::Hmac(hash) = it.signing(1)
        && let Some(data) = it.value(4)
        && is_large(&ctx, hash, data)?
    {
        return in_parts(&ctx, hash, Some(it.handle(0)), data);
    }
    ask(&ctx, &call, it.value(4), 1024, Then::Bytes)
}

/// `cryptoVerify(key, how, hash, salt, data, signature)`.
fn verify<'js>(ctx: Ctx<'js>, arguments: Rest<Value<'js>>) -> Result<Value<'js>> {
    let it = Arguments(arguments.0);
    let signature = it.bytes(&ctx, 5)?;
    let call = CryptoCall::Verify {
        key: it.handle(0),
        how: it.signing(1),
        signature: &signature,
    };
    if let Signing::Hmac(hash) = it.signing(1)
        && let Some(data) = it.value(4)
        && is_large(&ctx, hash, data)?
    {
        let code = in_parts(&ctx, hash, Some(it.handle(0)), data)?;
        if code.is_number() {
            return Ok(code);
        }
        let same = bytes::with(&ctx, &code, |code| same(code, &signature))?;
        return Ok(Value::new_bool(ctx, same));
    }
    ask(&ctx, &call, it.value(4), 64, Then::Truth)
}

/// `cryptoCipher(encrypts, key, how, hash, a, b, number, data, keeps)`: `a` is IV, counter or
/// label, `b` what is authenticated only, `number` bits of the tag or the counter. With `keeps`
/// the result becomes a key.
fn cipher<'js>(ctx: Ctx<'js>, arguments: Rest<Value<'js>>) -> Result<Value<'js>> {
    let it = Arguments(arguments.0);
    let (a, b) = (it.bytes(&ctx, 4)?, it.bytes(&ctx, 5)?);
    let how = match it.number(2) {
        0 => Cipher::AesCbc { iv: &a },
        1 => Cipher::AesCtr {
            counter: &a,
            bits: it.number(6),
        },
        2 => Cipher::AesGcm {
            iv: &a,
            additional: &b,
            tag: it.number(6),
        },
        3 => Cipher::AesKw,
        4 => Cipher::Oaep {
            hash: it.hash(3),
            label: &a,
        },
        5 => Cipher::RsaPkcs1,
        _ => Cipher::RsaRaw,
    };
    let key = it.handle(1);
    let room = match it.value(7) {
        Some(data) => bytes::with(&ctx, data, <[u8]>::len)? + 1024,
        None => 1024,
    };
    if it.truth(0) {
        return ask(
            &ctx,
            &CryptoCall::Encrypt { key, how },
            it.value(7),
            room,
            Then::Bytes,
        );
    }
    let handle = it.truth(8).then(Handle::new);
    let into = handle.as_ref().map(|handle| handle.0);
    let then = handle.map_or(Then::Bytes, |handle| Then::Key(handle, None));
    let call = CryptoCall::Decrypt { key, how, into };
    ask(&ctx, &call, it.value(7), room, then)
}

/// `cryptoDerive(key, how, hash, salt, info, iterations, number, public, keeps, p)`: `number` is bits
/// of an agreement, -1 for all of them, or bytes. For scrypt `hash` is the logarithm of the cost,
/// `iterations` the size of a block.
fn derive<'js>(ctx: Ctx<'js>, arguments: Rest<Value<'js>>) -> Result<Value<'js>> {
    let it = Arguments(arguments.0);
    let (salt, info) = (it.bytes(&ctx, 3)?, it.bytes(&ctx, 4)?);
    let all = it.value(6).and_then(Value::as_number) == Some(-1.0);
    let (how, room) = match it.number(1) {
        0 => {
            let bits = (!all).then(|| it.number(6));
            let public = it.handle(7);
            (Deriving::Agreement { public, bits }, 128)
        }
        1 => {
            let how = Deriving::Hkdf {
                hash: it.hash(2),
                salt: &salt,
                info: &info,
                length: it.number(6),
            };
            (how, it.number(6))
        }
        3 => {
            let how = Deriving::Scrypt {
                salt: &salt,
                log_n: it.number(2).min(255) as u8,
                r: it.number(5),
                p: it.number(9),
                length: it.number(6),
            };
            return ask_derived(&ctx, &it, how, it.number(6).min(SCRYPT_LENGTH_MAX) as usize);
        }
        _ => {
            let how = Deriving::Pbkdf2 {
                hash: it.hash(2),
                salt: &salt,
                iterations: it.number(5),
                length: it.number(6),
            };
            (how, it.number(6))
        }
    };
    // Longer results are refused.
    ask_derived(&ctx, &it, how, (room as usize).min(255 * 64))
}

fn ask_derived<'js>(
    ctx: &Ctx<'js>,
    it: &Arguments<'js>,
    how: Deriving<'_>,
    room: usize,
) -> Result<Value<'js>> {
    let handle = it.truth(8).then(Handle::new);
    let into = handle.as_ref().map(|handle| handle.0);
    let then = handle.map_or(Then::Bytes, |handle| Then::Key(handle, None));
    let key = it.handle(0);
    ask(
        ctx,
        &CryptoCall::Derive { key, how, into },
        None,
        room + 64,
        then,
    )
}

/// `cryptoDigest(hash, data)`.
fn digest<'js>(ctx: Ctx<'js>, arguments: Rest<Value<'js>>) -> Result<Value<'js>> {
    let it = Arguments(arguments.0);
    let hash = it.hash(0);
    match it.value(1) {
        Some(data) if is_large(&ctx, hash, data)? => in_parts(&ctx, hash, None, data),
        data => ask(&ctx, &CryptoCall::Digest(hash), data, 64, Then::Bytes),
    }
}

/// Whether bytes are the same, in a time that tells nothing of where they differ.
fn same(a: &[u8], b: &[u8]) -> bool {
    let difference = a.iter().zip(b).fold(0, |sum, (a, b)| sum | (a ^ b));
    a.len() == b.len() && std::hint::black_box(difference) == 0
}

/// Adds the functions on cryptography to the natives.
pub fn install<'js>(_: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set("cryptoDigest", Func::from(digest))?;
    native.set("cryptoImport", Func::from(import))?;
    native.set("cryptoImportRsa", Func::from(import_rsa))?;
    native.set("cryptoImportEc", Func::from(import_ec))?;
    native.set("cryptoExport", Func::from(export))?;
    native.set("cryptoGenerate", Func::from(generate))?;
    native.set("cryptoSign", Func::from(sign))?;
    native.set("cryptoVerify", Func::from(verify))?;
    native.set("cryptoCipher", Func::from(cipher))?;
    native.set("cryptoDerive", Func::from(derive))?;
    parts::install(native)?;
    now::install(native)?;
    native.set(
        "timingSafeEqual",
        Func::from(
            |ctx: Ctx<'js>, a: Value<'js>, b: Value<'js>| -> Result<bool> {
                let a = bytes::with(&ctx, &a, <[u8]>::to_vec)?;
                bytes::with(&ctx, &b, |b| same(&a, b))
            },
        ),
    )?;
    native.set(
        "byteLength",
        Func::from(|ctx: Ctx<'js>, value: Value<'js>| bytes::with(&ctx, &value, <[u8]>::len)),
    )?;
    // Bytes of a string in UTF-8, of an ArrayBuffer or a view.
    native.set(
        "bytesIn",
        Func::from(|ctx: Ctx<'js>, value: Value<'js>| match value.as_string() {
            Some(_) => Ok(crate::text::lossy(&ctx, &value)?.len()),
            None => bytes::with(&ctx, &value, <[u8]>::len),
        }),
    )?;
    // A copy, as an ArrayBuffer.
    native.set(
        "bytesOf",
        Func::from(|ctx: Ctx<'js>, value: crate::bytes::Bytes| ArrayBuffer::new(ctx, value.0)),
    )?;
    native.set(
        "utf8Text",
        Func::from(|ctx: Ctx<'js>, value: Value<'js>| {
            let bytes = bytes::with(&ctx, &value, <[u8]>::to_vec)?;
            bytes::text(&ctx, &bytes)
        }),
    )?;
    native.set(
        "base64Url",
        Func::from(|ctx: Ctx<'js>, value: Value<'js>| bytes::with(&ctx, &value, base64::encode)),
    )?;
    // `base64UrlBytes(text)`: a Uint8Array, or null for what is not base64.
    native.set(
        "base64UrlBytes",
        Func::from(|ctx: Ctx<'js>, text: String| match base64::decode(&text) {
            Some(bytes) => bytes::array(&ctx, bytes),
            None => Ok(Value::new_null(ctx.clone())),
        }),
    )?;
    native.set(
        "randomUuid",
        Func::from(|| {
            let mut bytes = [0; 16];
            host::random(&mut bytes);
            bytes[6] = bytes[6] & 0x0f | 0x40;
            bytes[8] = bytes[8] & 0x3f | 0x80;
            let mut text = String::with_capacity(36);
            for (at, byte) in bytes.iter().enumerate() {
                if matches!(at, 4 | 6 | 8 | 10) {
                    text.push('-');
                }
                for digit in [byte >> 4, byte & 15] {
                    text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
                }
            }
            text
        }),
    )
}
