//! KV bindings: the ABI's operations on the store's KV (spec: SEMANTICS §22).
//!
//! Small values are answered at once and without a copy. Large ones come from files, read
//! where blocking does no harm, in pieces of [`CHUNK_MAX`] where the guest takes a stream.

use super::{Env, encode, undecodable};
use crate::engine::caller::Caller;
use crate::engine::invocation::ByteStream;
use crate::engine::ops::{OpFailure, OpReply, OpResult, Started, Upload};
use crate::store::KvError;
use crate::store::kv::{Entry, KvUpload, PutOptions, Value};
use bytes::Bytes;
use futures_lite::stream;
use postern_abi::OpErrorCode;
use postern_abi::kv::{
    KvBody, KvDelete, KvGet, KvGetMulti, KvGot, KvKey, KvList, KvListed, KvMulti, KvPut,
};
use postern_abi::limits::{CHUNK_MAX, KV_MULTI_MAX, KV_VALUE_MAX};
use serde::Deserialize;
use std::fs::File;
use std::future::Future;
use std::io::{self, Read};
use std::pin::Pin;

/// Bytes of a value in a file that is read at once, like a row that is not in the cache.
const READ_NOW_MAX: u64 = 32 * 1024;

/// Splits a postcard head off an argument.
fn head<'a, T: Deserialize<'a>>(
    argument: &'a [u8],
    what: &str,
) -> Result<(T, &'a [u8]), OpFailure> {
    postcard::take_from_bytes(argument).map_err(|_| undecodable(what))
}

/// An argument that is a postcard head and nothing else.
fn only<'a, T: Deserialize<'a>>(argument: &'a [u8], what: &str) -> Result<T, OpFailure> {
    match head(argument, what)? {
        (value, []) => Ok(value),
        _ => Err(undecodable(what)),
    }
}

/// What a guest is told, in the field's words: a listing is a GET there. What failed in the store is the operator's business.
fn failure(verb: &'static str) -> impl Fn(KvError) -> OpFailure {
    move |error| {
        let status = error.status();
        let code = match &error {
            KvError::Quota { .. } => OpErrorCode::QuotaExceeded,
            KvError::LongValue(_) | KvError::LargeBulk { .. } => OpErrorCode::TooLarge,
            KvError::Store(_) if status == 503 => OpErrorCode::Unavailable,
            KvError::Store(_) => OpErrorCode::Internal,
            _ => OpErrorCode::BadArgument,
        };
        let message = match &error {
            KvError::EmptyKey | KvError::DotKey(_) => error.to_string(),
            KvError::Store(cause) => {
                log::error!("KV {verb} failed: {cause}");
                format!("KV {verb} failed: {status} Internal error")
            }
            _ => format!("KV {verb} failed: {status} {error}"),
        };
        OpFailure::new(code, message)
    }
}

fn later(future: impl Future<Output = OpResult> + Send + 'static) -> Started {
    Started::Later(Box::pin(future))
}

/// What is read where blocking does no harm, and how much that is.
fn sized(bytes: u64, read: impl FnOnce() -> OpResult + Send + 'static) -> Started {
    Started::Sized(
        bytes,
        Box::pin(async move { postern_task::unblock(read).await }),
    )
}

/// [`KvGet`]
pub(super) fn get(env: &Env, argument: &[u8], caller: &Caller) -> Result<Started, OpFailure> {
    let request: KvGet<'_> = only(argument, "KvGet")?;
    let namespace = env.kv_namespace(request.binding)?;
    let found = env.store.kv().get(namespace, request.key);
    let Some(entry) = found.map_err(failure("GET"))? else {
        let head = got(KvBody::Absent, None, None)?;
        return Ok(Started::Done(Ok(OpReply {
            head,
            ..OpReply::default()
        })));
    };
    caller.traffic().read(bytes_in(&entry))?;
    Ok(match entry.value {
        Value::Blob { len, file } if request.stream => {
            let head = got(
                KvBody::Stream(len),
                entry.metadata.as_deref(),
                entry.expiration,
            )?;
            Started::Done(Ok(OpReply {
                head,
                stream: Some(pieces(file, len)),
                ..OpReply::default()
            }))
        }
        Value::Blob { len, .. } if len > READ_NOW_MAX => sized(len, move || whole(entry)),
        _ => Started::Done(whole(entry)),
    })
}

/// What an entry counts as that is read.
fn bytes_in(entry: &Entry) -> u64 {
    let metadata = entry.metadata.as_ref().map_or(0, String::len);
    entry.value.len().saturating_add(metadata as u64)
}

fn got(
    body: KvBody,
    metadata: Option<&str>,
    expiration: Option<u64>,
) -> Result<Vec<u8>, OpFailure> {
    encode(&KvGot {
        body,
        metadata,
        expiration,
    })
}

fn whole(entry: Entry) -> OpResult {
    let body = bytes_of(entry.value)?;
    let head = got(KvBody::Whole, entry.metadata.as_deref(), entry.expiration)?;
    Ok(OpReply {
        head,
        body,
        ..OpReply::default()
    })
}

fn bytes_of(value: Value) -> Result<Bytes, OpFailure> {
    value
        .into_bytes()
        .map_err(|error| failure("GET")(error.into()))
}

/// A file as a stream of pieces.
fn pieces(file: File, len: u64) -> ByteStream {
    Box::pin(stream::try_unfold(
        (file, len),
        |(mut file, left)| async move {
            if left == 0 {
                return Ok(None);
            }
            postern_task::unblock(move || {
                // At most CHUNK_MAX, so it fits.
                let size = left.min(CHUNK_MAX as u64) as usize;
                let mut piece = vec![0; size];
                file.read_exact(&mut piece)?;
                Ok::<_, io::Error>(Some((Bytes::from(piece), (file, left - size as u64))))
            })
            .await
        },
    ))
}

/// [`KvPut`]
pub(super) fn put(env: &Env, argument: &[u8], caller: &Caller) -> Result<Started, OpFailure> {
    let (request, value): (KvPut<'_>, _) = head(argument, "KvPut")?;
    let namespace = env.kv_namespace(request.binding)?;
    let options = PutOptions {
        metadata: request.metadata.map(str::to_owned),
        expiration: request.expiration,
        expiration_ttl: request.expiration_ttl,
    };
    let kv = env.store.kv();
    let beside = request.key.len() + options.metadata.as_ref().map_or(0, String::len);
    if request.stream {
        if !value.is_empty() {
            return Err(undecodable("KvPut"));
        }
        let upload = kv.upload(namespace, request.key, options);
        let upload = upload.map_err(failure("PUT"))?;
        caller.traffic().stored(beside as u64)?;
        return Ok(Started::Upload(Box::new(Put(upload, caller.clone()))));
    }
    // Before a copy is made of it.
    if value.len() > KV_VALUE_MAX {
        return Err(failure("PUT")(KvError::LongValue(value.len() as u64)));
    }
    caller.traffic().stored((beside + value.len()) as u64)?;
    let (kv, key) = (kv.clone(), request.key.to_owned());
    let value = Bytes::copy_from_slice(value);
    Ok(later(async move {
        let put = kv.put(namespace, &key, value, options).await;
        put.map(|()| OpReply::default()).map_err(failure("PUT"))
    }))
}

/// A value on its way in, and whose it is.
struct Put(KvUpload, Caller);

impl Upload for Put {
    fn chunk(&mut self, bytes: &[u8]) -> Result<(), OpFailure> {
        self.1.traffic().stored(bytes.len() as u64)?;
        self.0.chunk(bytes).map_err(failure("PUT"))
    }

    fn finish(self: Box<Self>) -> Pin<Box<dyn Future<Output = OpResult> + Send>> {
        Box::pin(async move {
            let put = self.0.finish().await;
            put.map(|()| OpReply::default()).map_err(failure("PUT"))
        })
    }
}

/// [`KvDelete`]
pub(super) fn delete(env: &Env, argument: &[u8]) -> Result<Started, OpFailure> {
    let request: KvDelete<'_> = only(argument, "KvDelete")?;
    let namespace = env.kv_namespace(request.binding)?;
    let (kv, key) = (env.store.kv().clone(), request.key.to_owned());
    Ok(later(async move {
        let deleted = kv.delete(namespace, &key).await;
        deleted
            .map(|()| OpReply::default())
            .map_err(failure("DELETE"))
    }))
}

/// [`KvList`]
pub(super) fn list(env: &Env, argument: &[u8], caller: &Caller) -> Result<Started, OpFailure> {
    let request: KvList<'_> = only(argument, "KvList")?;
    let namespace = env.kv_namespace(request.binding)?;
    let cursor = Some(request.cursor).filter(|cursor| !cursor.is_empty());
    let page = env
        .store
        .kv()
        .list(namespace, request.prefix, request.limit, cursor)
        .map_err(failure("GET"))?;
    let keys = page.keys.iter().map(|key| KvKey {
        name: &key.name,
        expiration: key.expiration,
        metadata: key.metadata.as_deref(),
    });
    let head = encode(&KvListed {
        keys: keys.collect(),
        cursor: page.cursor.as_deref(),
    })?;
    caller.traffic().read(head.len() as u64)?;
    Ok(Started::Done(Ok(OpReply {
        head,
        ..OpReply::default()
    })))
}

/// [`KvGetMulti`]
pub(super) fn get_multi(env: &Env, argument: &[u8], caller: &Caller) -> Result<Started, OpFailure> {
    let request: KvGetMulti<'_> = only(argument, "KvGetMulti")?;
    let namespace = env.kv_namespace(request.binding)?;
    // Before more files than that are opened.
    if request.keys.len() > KV_MULTI_MAX {
        return Err(failure("GET_BULK")(KvError::ManyKeys(request.keys.len())));
    }
    let entries = env
        .store
        .kv()
        .get_many(namespace, &request.keys)
        .map_err(failure("GET_BULK"))?;
    let lens = || entries.iter().flatten().map(|entry| entry.value.len());
    let total: u64 = lens().sum();
    if total > KV_VALUE_MAX as u64 {
        return Err(failure("GET_BULK")(KvError::LargeBulk {
            bytes: total,
            limit: KV_VALUE_MAX as u64,
        }));
    }
    let entries_bytes = entries.iter().flatten().map(bytes_in).sum();
    caller.traffic().read(entries_bytes)?;
    Ok(if total > READ_NOW_MAX {
        sized(total, move || multi(entries))
    } else {
        Started::Done(multi(entries))
    })
}

fn multi(entries: Vec<Option<Entry>>) -> OpResult {
    let values = entries
        .into_iter()
        .map(|entry| {
            entry
                .map(|entry| Ok((bytes_of(entry.value)?, entry.metadata)))
                .transpose()
        })
        .collect::<Result<Vec<_>, OpFailure>>()?;
    let values = values.iter().map(|value| {
        value
            .as_ref()
            .map(|(bytes, metadata)| (&bytes[..], metadata.as_deref()))
    });
    Ok(OpReply {
        head: encode(&KvMulti {
            values: values.collect(),
        })?,
        ..OpReply::default()
    })
}
