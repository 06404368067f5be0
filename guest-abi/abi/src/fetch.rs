//! Subrequests: what a guest asks of another server, another Worker or its assets.
//!
//! The argument of [`OpKind::Fetch`](crate::OpKind::Fetch) is a [`Fetch`], and behind it the body
//! if that is [`FetchBody::Whole`]. The result is a [`Fetched`], and behind it the body if that
//! is [`FetchedBody::Whole`].

use crate::dispatch::Dispatch;
use crate::http::Fields;
use crate::loader::Loaded;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A subrequest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetch<'a> {
    /// Who is asked.
    pub target: Target<'a>,
    /// The method, a token.
    pub method: &'a str,
    /// The absolute URL, at most [`URL_MAX`](crate::limits::URL_MAX) bytes.
    pub url: &'a str,
    /// Header fields. `content-length`, `transfer-encoding`, `connection` and `host` are the host's.
    #[serde(borrow)]
    pub headers: Fields<'a>,
    /// What is done with an answer that redirects.
    pub redirect: Redirect,
    /// The body.
    pub body: FetchBody,
}

/// Who is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target<'a> {
    /// The server that the URL names.
    Internet,
    /// The Worker or the assets that a binding of this name stands for; the URL's host is for
    /// them to read.
    Binding(&'a str),
    /// A Worker of the dispatch namespace that a binding stands for.
    Dispatch(Dispatch<'a>),
    /// An entrypoint of the same Worker: the export's name, and what `ctx.props` is made of there,
    /// at most [`PROPS_MAX`](crate::limits::PROPS_MAX) bytes, empty for none.
    Own(&'a str, &'a [u8]),
    /// A dynamic Worker.
    Loaded(Loaded<'a>),
}

/// What is done with an answer that redirects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Redirect {
    /// It is followed, at most twenty times.
    Follow,
    /// It is the answer.
    Manual,
    /// It is a failure.
    Error,
}

/// A subrequest's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FetchBody {
    /// There is none.
    None,
    /// It is behind the argument, all of it.
    Whole,
    /// It comes in `op_chunk`; of so many bytes, if that is known.
    Stream(Option<u64>),
}

impl FetchBody {
    /// One that is there as a whole or not, or else is streamed and has this length: below 0, it is
    /// not known.
    pub fn of(is_whole: bool, length: Option<f64>) -> Self {
        match length {
            _ if is_whole => Self::Whole,
            None => Self::None,
            Some(length) if length >= 0.0 => Self::Stream(Some(length as u64)),
            Some(_) => Self::Stream(None),
        }
    }
}

/// The head of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetched<'a> {
    /// 100 to 599.
    pub status: u16,
    /// The reason phrase, or empty.
    pub status_text: &'a str,
    /// Header fields.
    #[serde(borrow)]
    pub headers: Fields<'a>,
    /// The URL that answered in the end, if redirects were followed; else empty.
    pub url: &'a str,
    /// The body.
    pub body: FetchedBody,
}

/// An answer's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FetchedBody {
    /// There is none.
    None,
    /// It is behind the head, all of it.
    Whole,
    /// It comes in `OpChunk` under `op_pull`; of so many bytes, if that is known.
    Stream(Option<u64>),
}

/// What a subrequest to another server asks of the cache on its way (spec: FEATURES F150, F163 to
/// F166). The argument of [`OpKind::FetchCached`](crate::OpKind::FetchCached) begins with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caching<'a> {
    /// Whether what is kept may answer.
    pub mode: CacheMode,
    /// Whether answers are kept whatever their URL's extension is; a `ttl` implies it.
    pub everything: bool,
    /// What the answer is kept under, instead of its URL; at most
    /// [`URL_MAX`](crate::limits::URL_MAX) bytes.
    pub key: Option<&'a str>,
    /// Seconds that any answer is kept for, whatever it says itself; below 0 it is not kept.
    pub ttl: Option<i64>,
    /// The same for statuses from one to another, both included; at most
    /// [`TTL_RANGES_MAX`](crate::limits::TTL_RANGES_MAX).
    pub ttl_by_status: Vec<(u16, u16, i64)>,
    /// What is added to the answer's `cache-tag`, or nothing.
    pub tags: &'a str,
}

/// Whether what is kept may answer a subrequest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CacheMode {
    /// As long as it is fresh.
    #[default]
    Usual,
    /// Never, and the answer is not kept.
    NoStore,
    /// If the server says that it has not changed.
    NoCache,
}
