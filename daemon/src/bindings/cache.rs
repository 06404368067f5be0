//! The Cache API (spec: SEMANTICS §21): who has which caches, and answers in the terms of the
//! boundary. What is kept for how long the cache itself knows.

use super::answer::{Answer, AnswerBody, finish};
use super::env::Caches;
use super::fetch;
use super::url::Url;
use super::{Env, encode, undecodable};
use crate::cache::{Body, CacheError, Found, FoundBody, Head};
use crate::engine::ops::{OpFailure, OpReply, Started};
use crate::engine::pipe::pipe;
use bytes::Bytes;
use http::{Method, StatusCode};
use postern_abi::OpErrorCode;
use postern_abi::cache::{CacheDelete, CacheMatch, CachePut};
use postern_abi::fetch::FetchBody;
use postern_abi::limits::{CACHE_NAME_MAX, URL_MAX};

/// An answer that is not kept (spec: SEMANTICS §21).
const NOT_KEPT: u16 = 413;
/// One that is.
const KEPT: u16 = 204;

/// [`SyncOp::CacheDefault`](postern_abi::SyncOp::CacheDefault)
pub(super) fn default(env: &Env, argument: &[u8], out: &mut Vec<u8>) -> Result<(), OpFailure> {
    if !argument.is_empty() {
        return Err(undecodable("CacheDefault"));
    }
    out.push(
        env.caches
            .as_ref()
            .is_some_and(|caches| caches.has_default)
            .into(),
    );
    Ok(())
}

impl Env {
    /// The caches, if there is one of this name.
    fn caches(&self, name: Option<&str>) -> Result<Caches, OpFailure> {
        let Some(caches) = &self.caches else {
            return Err(OpFailure::new(
                OpErrorCode::Unsupported,
                "there is no cache here",
            ));
        };
        match name {
            None if !caches.has_default => Err(OpFailure::new(
                OpErrorCode::Thrown,
                "Error: there is no default cache in this dispatch namespace; open one by a name",
            )),
            Some(name) if name.len() > CACHE_NAME_MAX => Err(OpFailure::new(
                OpErrorCode::BadArgument,
                format!(
                    "the cache's name has {} bytes, the limit is {CACHE_NAME_MAX}",
                    name.len()
                ),
            )),
            _ => Ok(caches.clone()),
        }
    }
}

fn key(url: &str) -> Result<String, OpFailure> {
    match Url::parse(url) {
        Some(url) => Ok(url.as_str().to_owned()),
        None if url.len() > URL_MAX => Err(fetch::type_error(format!(
            "The URL of a cache's key has {} bytes, the limit is {URL_MAX}; use a shorter one.",
            url.len()
        ))),
        None => Err(fetch::type_error(format!("Invalid URL: {url:.200}"))),
    }
}

/// [`CacheMatch`]
pub(super) fn find(env: &Env, argument: &[u8]) -> Result<Started, OpFailure> {
    let (asked, rest): (CacheMatch<'_>, _) =
        postcard::take_from_bytes(argument).map_err(|_| undecodable("CacheMatch"))?;
    if !rest.is_empty() {
        return Err(undecodable("CacheMatch"));
    }
    let caches = env.caches(asked.cache)?;
    let name = asked.cache.map(str::to_owned);
    let url = key(asked.url)?;
    let headers = fetch::headers(&asked.headers)?;
    Ok(Started::Later(Box::pin(async move {
        let Caches { cache, owner, .. } = caches;
        let found = cache.find(&owner, name.as_deref(), &url, &headers).await;
        let found = found.map_err(|error| match error {
            CacheError::Busy { .. } => {
                OpFailure::new(OpErrorCode::LimitExceeded, error.to_string())
            }
        })?;
        let Some(found) = found else {
            return Ok(OpReply {
                head: encode(&None::<()>)?,
                ..OpReply::default()
            });
        };
        let mut reply = finish(answer(found), &Method::GET, "").await?;
        // An optional value begins with whether it is there.
        reply.head.insert(0, 1);
        Ok(reply)
    })))
}

pub(super) fn answer(found: Found) -> Answer {
    let Head {
        status,
        reason,
        headers,
    } = found.head;
    Answer {
        status: StatusCode::from_u16(status).unwrap_or(StatusCode::OK),
        reason,
        headers,
        body: match found.body {
            FoundBody::Whole(bytes) => AnswerBody::Whole(bytes),
            FoundBody::Stream(source) => AnswerBody::Stream(source),
        },
    }
}

/// [`CachePut`]
pub(super) fn put(env: &Env, argument: &[u8]) -> Result<Started, OpFailure> {
    let (asked, body): (CachePut<'_>, &[u8]) =
        postcard::take_from_bytes(argument).map_err(|_| undecodable("CachePut"))?;
    let caches = env.caches(asked.cache)?;
    let name = asked.cache.map(str::to_owned);
    let url = key(asked.url)?;
    let head = Head {
        status: asked.status,
        reason: asked.status_text.chars().take(256).collect(),
        headers: fetch::headers(&asked.headers)?,
    };
    let mut piped = None;
    let body = match asked.body {
        FetchBody::None if body.is_empty() => Body::Whole(Bytes::new()),
        FetchBody::Whole => Body::Whole(Bytes::copy_from_slice(body)),
        FetchBody::Stream(len) if body.is_empty() => {
            let (pipe, reader) = pipe();
            piped = Some(pipe);
            Body::Stream(Box::pin(reader), len)
        }
        FetchBody::None | FetchBody::Stream(_) => return Err(undecodable("CachePut")),
    };
    let going = Box::pin(async move {
        let Caches { cache, owner, .. } = caches;
        let kept = cache.put(&owner, name.as_deref(), &url, head, body).await;
        let status = match kept {
            Ok(()) => KEPT,
            Err(why) => {
                log::debug!("an answer is not kept ({NOT_KEPT}): {why}");
                NOT_KEPT
            }
        };
        Ok(OpReply {
            head: encode(&status)?,
            ..OpReply::default()
        })
    });
    Ok(match piped {
        Some(pipe) => Started::Piped(pipe, going),
        None => Started::Later(going),
    })
}

/// [`CacheDelete`]
pub(super) fn delete(env: &Env, argument: &[u8]) -> Result<Started, OpFailure> {
    let (asked, rest): (CacheDelete<'_>, _) =
        postcard::take_from_bytes(argument).map_err(|_| undecodable("CacheDelete"))?;
    if !rest.is_empty() {
        return Err(undecodable("CacheDelete"));
    }
    let Caches { cache, owner, .. } = env.caches(asked.cache)?;
    let was_there = cache.delete(&owner, asked.cache, &key(asked.url)?);
    Ok(Started::Done(Ok(OpReply {
        head: vec![was_there.into()],
        ..OpReply::default()
    })))
}
