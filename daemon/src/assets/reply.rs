//! Answers: a file, whole, in part or not again, and those without one.

use super::manifest::{File, Manifest};
use crate::engine::invocation::{Reply, ReplyBody};
use crate::engine::limits::Failure;
use crate::range::{Extent, extent};
use crate::store::{BlobId, Blobs};
use bytes::Bytes;
use futures_lite::stream;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use std::fs;
use std::io::{self, Read, Seek, SeekFrom};

/// Bytes of a file that is read at once.
const READ_NOW_MAX: u64 = 32 * 1024;
/// Bytes of a part of a larger one.
const PART: u64 = 64 * 1024;

/// An answer without a body.
pub(super) fn bare(status: StatusCode) -> Reply {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_LENGTH, 0.into());
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    Reply {
        status,
        reason: None,
        headers,
        body: ReplyBody::Whole(Bytes::new()),
    }
}

/// A redirect.
pub(super) fn redirect(status: StatusCode, location: &str) -> Reply {
    let visible = |byte: u8| byte.is_ascii_graphic();
    let mut encoded = String::with_capacity(location.len());
    for byte in location.bytes() {
        if visible(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    let mut reply = bare(status);
    if let Ok(location) = HeaderValue::from_str(&encoded) {
        reply.headers.insert(header::LOCATION, location);
    }
    reply
}

/// The answer that is a file.
pub(super) async fn file(
    blobs: &Blobs,
    manifest: &Manifest,
    file: &File,
    status: StatusCode,
    method: &Method,
    asked: &HeaderMap,
) -> io::Result<Reply> {
    let mut headers = HeaderMap::new();
    let typed = file.content_type.as_deref().map(HeaderValue::from_str);
    if let Some(Ok(kind)) = typed {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    if !asked.contains_key(header::AUTHORIZATION) && !asked.contains_key(header::RANGE) {
        headers.insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=0, must-revalidate"),
        );
    }
    headers.insert("cf-cache-status", HeaderValue::from_static("HIT"));
    let variants = variants(manifest, file);
    let mut sent = file;
    if !variants.is_empty() {
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        let wanted = variants.iter().find(|(coding, _)| accepts(asked, coding));
        if let Some((coding, variant)) = wanted
            && !asked.contains_key(header::RANGE)
        {
            sent = variant;
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
    }
    let etag = format!("\"{:.32}\"", sent.blob.to_string());
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(header::ETAG, etag);
    }
    if knows(asked, &etag) {
        return Ok(Reply {
            status: StatusCode::NOT_MODIFIED,
            reason: None,
            headers,
            body: ReplyBody::Whole(Bytes::new()),
        });
    }
    let extent = match asked.get(header::RANGE) {
        Some(range) if status == StatusCode::OK && *method == Method::GET => {
            let fresh = asked
                .get(header::IF_RANGE)
                .is_none_or(|known| *known == etag);
            if fresh {
                extent(range.as_bytes(), sent.len)
            } else {
                Extent::All
            }
        }
        _ => Extent::All,
    };
    if status == StatusCode::OK {
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    }
    let (status, from, len) = match extent {
        Extent::All => (status, 0, sent.len),
        Extent::Part(from, len) => {
            let range = format!("bytes {from}-{}/{}", from + len - 1, sent.len);
            headers.insert(header::CONTENT_RANGE, shown(range));
            (StatusCode::PARTIAL_CONTENT, from, len)
        }
        Extent::Unsatisfiable => {
            headers.insert(
                header::CONTENT_RANGE,
                shown(format!("bytes */{}", sent.len)),
            );
            headers.insert(header::CONTENT_LENGTH, 0.into());
            return Ok(Reply {
                status: StatusCode::RANGE_NOT_SATISFIABLE,
                reason: None,
                headers,
                body: ReplyBody::Whole(Bytes::new()),
            });
        }
    };
    headers.insert(header::CONTENT_LENGTH, len.into());
    let body = if *method == Method::HEAD {
        ReplyBody::Whole(Bytes::new())
    } else {
        body(blobs, sent.blob, from, len).await?
    };
    Ok(Reply {
        status,
        reason: None,
        headers,
        body,
    })
}

fn shown(text: String) -> HeaderValue {
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// The same file in other codings, the smaller first, where they were uploaded beside it.
fn variants<'m>(manifest: &'m Manifest, file: &File) -> Vec<(&'static str, &'m File)> {
    [("br", "br"), ("gzip", "gz")]
        .into_iter()
        .filter_map(|(coding, end)| {
            let at = manifest.find(&format!("{}.{end}", file.path))?;
            Some((coding, &manifest.files()[at]))
        })
        .collect()
}

/// Whether a client takes a coding.
fn accepts(asked: &HeaderMap, coding: &str) -> bool {
    let lists = asked.get_all(header::ACCEPT_ENCODING).into_iter();
    lists
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(','))
        .any(|one| {
            let (name, parameters) = one.split_once(';').unwrap_or((one, ""));
            let weight = parameters
                .trim()
                .strip_prefix("q=")
                .map(|q| q.trim().parse::<f32>());
            let refused = matches!(weight, Some(Ok(weight)) if weight <= 0.0);
            name.trim().eq_ignore_ascii_case(coding) && !refused
        })
}

/// Whether a client has this already.
fn knows(asked: &HeaderMap, etag: &str) -> bool {
    let lists = asked.get_all(header::IF_NONE_MATCH).into_iter();
    lists
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(','))
        .any(|one| {
            let one = one.trim();
            one == "*" || one.strip_prefix("W/").unwrap_or(one) == etag
        })
}

async fn body(blobs: &Blobs, blob: BlobId, from: u64, len: u64) -> io::Result<ReplyBody> {
    let blobs = blobs.clone();
    let open = move || -> io::Result<fs::File> {
        let mut file = blobs
            .open(&blob)
            .map_err(|error| io::Error::other(error.to_string()))?;
        if from > 0 {
            file.seek(SeekFrom::Start(from))?;
        }
        Ok(file)
    };
    if len <= READ_NOW_MAX {
        // Like a row of the store that is not in its cache.
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
        open()?.read_exact(&mut bytes)?;
        return Ok(ReplyBody::Whole(bytes.into()));
    }
    let file = postern_task::unblock(open).await?;
    let parts = stream::try_unfold((file, len), |(mut file, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let read = postern_task::unblock(move || {
            let mut part = vec![0; usize::try_from(left.min(PART)).unwrap_or(0)];
            file.read_exact(&mut part)?;
            let left = left - part.len() as u64;
            Ok::<_, io::Error>((Bytes::from(part), (file, left)))
        });
        match read.await {
            Ok(read) => Ok(Some(read)),
            Err(error) => Err(Failure::Internal(format!(
                "an asset cannot be read: {error}"
            ))),
        }
    });
    Ok(ReplyBody::Stream(Box::pin(parts)))
}
