//! Digests, keyed hashes and ciphers whose data comes in parts.

use super::{Argument, Arguments, Handle, Then, ask, failed};
use crate::bytes;
use crate::host;
use postern_abi::SyncOp;
use postern_abi::crypto::{CryptoCall, CryptoStatus, Hash, Mode};
use rquickjs::function::{Func, Rest};
use rquickjs::{ArrayBuffer, Ctx, Object, Result, Value};

/// Bytes that are hashed in one call, as many as the host does at once; more go in parts, between
/// which others have their turn.
fn part(hash: Hash) -> usize {
    match hash {
        Hash::Sha1 | Hash::Sha224 | Hash::Sha256 => 448 * 1024,
        Hash::Md5 | Hash::Md4 | Hash::Sha384 | Hash::Sha512 | Hash::Sha512t256 => 288 * 1024,
        Hash::Crc32 | Hash::Crc32c | Hash::Crc64Nvme | Hash::Md5Sha1 => 160 * 1024,
    }
}

pub fn is_large<'js>(ctx: &Ctx<'js>, hash: Hash, data: &Value<'js>) -> Result<bool> {
    bytes::with(ctx, data, |bytes| bytes.len() > part(hash))
}

/// Adds bytes to a digest, so many at a time.
fn feed(id: u32, bytes: &[u8], part: usize) -> CryptoStatus {
    let Ok(head) = postcard::to_allocvec(&CryptoCall::HashUpdate(id)) else {
        return CryptoStatus::Failed;
    };
    let mut argument = Argument::new(&head, part.min(bytes.len()));
    for part in bytes.chunks(part) {
        let mut out = [0; 16];
        match host::op_sync(SyncOp::Crypto as u32, argument.with(part), &mut out) {
            1 if out[0] == CryptoStatus::Done as u8 => {}
            1 => return CryptoStatus::from_u8(out[0]),
            _ => return CryptoStatus::Failed,
        }
    }
    CryptoStatus::Done
}

/// A digest, or a keyed one, of much data.
pub fn in_parts<'js>(
    ctx: &Ctx<'js>,
    hash: Hash,
    key: Option<u32>,
    data: &Value<'js>,
) -> Result<Value<'js>> {
    let handle = Handle::new();
    let id = handle.0;
    let begun = ask(
        ctx,
        &CryptoCall::HashBegin { id, hash, key },
        None,
        16,
        Then::Nothing,
    )?;
    if begun.is_number() {
        return Ok(begun);
    }
    let status = bytes::with(ctx, data, |bytes| feed(id, bytes, part(hash)))?;
    if status != CryptoStatus::Done {
        return Ok(failed(ctx, status as u8, &[]));
    }
    ask(ctx, &CryptoCall::HashEnd(id), None, 64, Then::Bytes)
}

/// Bytes that fit every function's part.
const PART: usize = 160 * 1024;

/// `hashBegin(hash, key)`: a digest or, with a key, a keyed hash.
fn hash_begin<'js>(ctx: Ctx<'js>, arguments: Rest<Value<'js>>) -> Result<Value<'js>> {
    let it = Arguments(arguments.0);
    let handle = Handle::new();
    let call = CryptoCall::HashBegin {
        id: handle.0,
        hash: it.hash(0),
        key: it.value(1).map(|_| it.handle(1)),
    };
    ask(&ctx, &call, None, 16, Then::Running(handle))
}

/// `hashCopy(it)`.
fn hash_copy<'js>(ctx: Ctx<'js>, arguments: Rest<Value<'js>>) -> Result<Value<'js>> {
    let it = Arguments(arguments.0);
    let handle = Handle::new();
    let call = CryptoCall::HashCopy {
        id: handle.0,
        from: it.handle(0),
    };
    ask(&ctx, &call, None, 16, Then::Running(handle))
}

/// `hashUpdate(it, bytes)`.
fn hash_update<'js>(ctx: Ctx<'js>, arguments: Rest<Value<'js>>) -> Result<Value<'js>> {
    let it = Arguments(arguments.0);
    let Some(data) = it.value(1) else {
        return Ok(Value::new_undefined(ctx));
    };
    let id = it.handle(0);
    let status = if data.is_string() {
        feed(id, crate::text::lossy(&ctx, data)?.as_bytes(), PART)
    } else {
        bytes::with(&ctx, data, |bytes| feed(id, bytes, PART))?
    };
    Ok(match status {
        CryptoStatus::Done => Value::new_undefined(ctx),
        status => failed(&ctx, status as u8, &[]),
    })
}

/// `hashEnd(it)`.
fn hash_end<'js>(ctx: Ctx<'js>, arguments: Rest<Value<'js>>) -> Result<Value<'js>> {
    let it = Arguments(arguments.0);
    let call = CryptoCall::HashEnd(it.handle(0));
    ask(&ctx, &call, None, 64, Then::Bytes)
}

/// `cipherBegin(key, mode, iv, additional, encrypts, pads)`.
fn cipher_begin<'js>(ctx: Ctx<'js>, arguments: Rest<Value<'js>>) -> Result<Value<'js>> {
    let it = Arguments(arguments.0);
    let handle = Handle::new();
    let (iv, additional) = (it.bytes(&ctx, 2)?, it.bytes(&ctx, 3)?);
    let mode = match it.number(1) {
        0 => Mode::Ecb,
        1 => Mode::Cbc { iv: &iv },
        2 => Mode::Ctr { counter: &iv },
        4 => Mode::Ofb { iv: &iv },
        _ => Mode::Gcm {
            iv: &iv,
            additional: &additional,
        },
    };
    let call = CryptoCall::CipherBegin {
        id: handle.0,
        key: it.handle(0),
        mode,
        encrypts: it.truth(4),
        pads: it.truth(5),
    };
    ask(&ctx, &call, None, 16, Then::Running(handle))
}

/// `cipherUpdate(it, bytes)`: an ArrayBuffer.
fn cipher_update<'js>(ctx: Ctx<'js>, arguments: Rest<Value<'js>>) -> Result<Value<'js>> {
    let it = Arguments(arguments.0);
    let call = CryptoCall::CipherUpdate(it.handle(0));
    let head = postcard::to_allocvec(&call).unwrap_or_default();
    let data = it.bytes(&ctx, 1)?;
    let mut argument = Argument::new(&head, PART.min(data.len()));
    let mut all = Vec::with_capacity(data.len() + 16);
    let mut out = vec![0; PART.min(data.len()) + 64];
    for part in data.chunks(PART) {
        let length = host::op_sync(SyncOp::Crypto as u32, argument.with(part), &mut out);
        let given = usize::try_from(length)
            .ok()
            .and_then(|length| out.get(..length));
        match given.and_then(<[u8]>::split_last) {
            Some((0, given)) => all.extend_from_slice(given),
            Some((status, _)) => return Ok(failed(&ctx, *status, &[])),
            None => return Ok(failed(&ctx, CryptoStatus::Failed as u8, &[])),
        }
    }
    Ok(ArrayBuffer::new(ctx, all)?.into_value())
}

/// `cipherEnd(it, tag)`: an ArrayBuffer.
fn cipher_end<'js>(ctx: Ctx<'js>, arguments: Rest<Value<'js>>) -> Result<Value<'js>> {
    let it = Arguments(arguments.0);
    let tag = it.bytes(&ctx, 1)?;
    let call = CryptoCall::CipherEnd {
        id: it.handle(0),
        tag: &tag,
    };
    ask(&ctx, &call, None, 64, Then::Bytes)
}

/// Adds them to the natives.
pub fn install<'js>(native: &Object<'js>) -> Result<()> {
    native.set("hashBegin", Func::from(hash_begin))?;
    native.set("hashCopy", Func::from(hash_copy))?;
    native.set("hashUpdate", Func::from(hash_update))?;
    native.set("hashEnd", Func::from(hash_end))?;
    native.set("cipherBegin", Func::from(cipher_begin))?;
    native.set("cipherUpdate", Func::from(cipher_update))?;
    native.set("cipherEnd", Func::from(cipher_end))
}
