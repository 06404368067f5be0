//! What comes back for a subrequest: a server's answer, a Worker's, or why there is none, and how the
//! guest is told (spec: SEMANTICS §1, §20).

use super::encode;
use super::fetch::type_error;
use super::sockets;
use super::traffic;
use crate::deadline::Deadline;
use crate::engine::invocation::{ByteStream, Reply, ReplyBody};
use crate::engine::limits::Failure;
use crate::engine::ops::{OpFailure, OpReply, OpResult};
use crate::engine::socket::Speak;
use crate::outbound::decode::{Coding, decoded};
use crate::outbound::{self, OutboundError, Reason};
use bytes::Bytes;
use futures_lite::{FutureExt, StreamExt, stream};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use postern_abi::OpErrorCode;
use postern_abi::fetch::{Fetched, FetchedBody};
use postern_abi::http::Fields;
use postern_abi::limits::{CHUNK_MAX, HEADERS_MAX};
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// How long a small answer's body may take to be handed over in one piece with its head.
const WHOLE_WITHIN: Duration = Duration::from_millis(4);

/// What is answered.
pub(super) struct Answer {
    pub status: StatusCode,
    pub reason: String,
    pub headers: HeaderMap,
    pub body: AnswerBody,
}

pub(super) enum AnswerBody {
    Whole(Bytes),
    Stream(ByteStream),
    /// There is none: what follows is a WebSocket.
    Socket(Speak),
}

/// What another Worker answered; nothing, where there is no such Worker.
pub(super) fn answered_by_worker(
    answer: Option<Result<Reply, Failure>>,
) -> Result<Answer, OpFailure> {
    match answer {
        Some(Ok(reply)) => Ok(replied(reply)),
        Some(Err(failure)) => Err(thrown(failure)),
        None => Err(OpFailure::new(
            OpErrorCode::Thrown,
            "Error: Worker not found.",
        )),
    }
}

/// Fields that belong to a connection and not to what is said over it.
pub(super) fn is_hop_by_hop(name: &HeaderName) -> bool {
    matches!(
        *name,
        header::CONNECTION
            | header::TRANSFER_ENCODING
            | header::TE
            | header::TRAILER
            | header::UPGRADE
            | header::PROXY_AUTHENTICATE
            | header::PROXY_AUTHORIZATION
    ) || matches!(
        name.as_str(),
        "keep-alive" | "proxy-connection" | "http2-settings"
    )
}

/// A server's answer.
pub(super) fn answered(answer: http::Response<ByteStream>) -> Answer {
    let (mut parts, body) = answer.into_parts();
    Answer {
        status: parts.status,
        reason: parts
            .extensions
            .remove()
            .map_or_else(String::new, |Reason(text)| text),
        headers: parts.headers,
        body: AnswerBody::Stream(body),
    }
}

/// What a tenant is told of a server that did not answer.
pub(super) fn lost(error: OutboundError) -> OpFailure {
    log::debug!("a subrequest failed: {error}");
    let text = match error {
        OutboundError::Refused(_)
        | OutboundError::NoSuchName
        | OutboundError::Busy { .. }
        | OutboundError::Tls(_) => error.to_string(),
        OutboundError::TooSlow { .. } => format!("Network connection lost. ({error})"),
        // What the system says of its connections is not a tenant's business.
        OutboundError::Lost(_) => "Network connection lost.".to_owned(),
        OutboundError::Broke(_) => format!("Network connection lost. ({error})"),
    };
    let code = match error {
        OutboundError::Refused(_) | OutboundError::Busy { .. } | OutboundError::Tls(_) => {
            OpErrorCode::Thrown
        }
        _ => OpErrorCode::Unavailable,
    };
    let prefix = if code == OpErrorCode::Thrown {
        "Error: "
    } else {
        ""
    };
    OpFailure::new(code, format!("{prefix}{text}"))
}

/// What a Worker is told of another one that failed (spec: SEMANTICS §1).
pub(super) fn thrown(failure: Failure) -> OpFailure {
    let message = match failure {
        Failure::Exception { name, message, .. } => format!("{name}: {message}"),
        // Both documents' words, and no more (spec: SEMANTICS §3): programs compare them.
        Failure::Cpu { .. } => {
            "Error: Worker exceeded CPU time limit. (CPU limit exceeded)".to_owned()
        }
        Failure::Memory { .. } => "Error: Worker exceeded memory limit.".to_owned(),
        // What another request did is not this one's fault, nor its words.
        Failure::Condemned { .. } => {
            "Error: The Worker's isolate was ended by another request.".to_owned()
        }
        Failure::Internal(reason) => {
            log::error!("a Worker called by another failed: {reason}");
            "Error: internal error".to_owned()
        }
        other => format!("Error: {other}"),
    };
    OpFailure::new(OpErrorCode::Thrown, message)
}

/// What another Worker replied.
pub(super) fn replied(reply: Reply) -> Answer {
    Answer {
        status: reply.status,
        reason: reply.reason.map(String::from).unwrap_or_default(),
        headers: reply.headers,
        body: match reply.body {
            ReplyBody::Whole(bytes) => AnswerBody::Whole(bytes),
            ReplyBody::Socket(socket) => AnswerBody::Socket(sockets::between(socket)),
            ReplyBody::Stream(source) => AnswerBody::Stream(Box::pin(
                source.map(|part| part.map_err(|failure| io::Error::other(failure.to_string()))),
            )),
        },
    }
}

/// Puts an answer into the terms of the boundary. `at` is where it came from, if that is another
/// URL than was asked.
pub(super) async fn finish(answer: Answer, method: &Method, at: &str) -> OpResult {
    let mut headers = answer.headers;
    let length = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let coding = {
        let mut codings = headers.get_all(header::CONTENT_ENCODING).iter();
        codings
            .next()
            .filter(|_| codings.next().is_none())
            .and_then(|value| Coding::of(value.as_bytes()))
    };
    let bytes: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if bytes > HEADERS_MAX {
        return Err(OpFailure::new(
            OpErrorCode::TooLarge,
            format!("the answer's header fields have {bytes} bytes, the limit is {HEADERS_MAX}"),
        ));
    }
    let hops: Vec<HeaderName> = headers
        .keys()
        .filter(|name| is_hop_by_hop(name))
        .cloned()
        .collect();
    for name in hops {
        headers.remove(name);
    }
    let mut socket = None;
    if matches!(answer.body, AnswerBody::Socket(_)) {
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    }
    let (kind, body, stream) = match answer.body {
        AnswerBody::Socket(speak) => {
            socket = Some(speak);
            (FetchedBody::None, Bytes::new(), None)
        }
        // As in the field, an answer that can have no body is one whose `body` is null.
        _ if *method == Method::HEAD || matches!(answer.status.as_u16(), 101 | 204 | 205 | 304) => {
            (FetchedBody::None, Bytes::new(), None)
        }
        AnswerBody::Whole(bytes) if coding.is_none() && bytes.len() <= CHUNK_MAX => {
            (FetchedBody::Whole, bytes, None)
        }
        AnswerBody::Whole(bytes) => {
            let length = bytes.len() as u64;
            let source: ByteStream = Box::pin(stream::once(Ok(bytes)));
            (
                FetchedBody::Stream(Some(length)),
                Bytes::new(),
                Some(source),
            )
        }
        AnswerBody::Stream(source) => match (length, coding) {
            (Some(length), None) if length <= CHUNK_MAX as u64 => whole(source, length).await?,
            _ => (FetchedBody::Stream(length), Bytes::new(), Some(source)),
        },
    };
    let decode = coding.map(|_| Arc::new(AtomicBool::new(false)));
    let stream = match (stream, coding, &decode) {
        (Some(source), Some(coding), Some(decode)) => Some(decoded(source, coding, decode.clone())),
        (stream, ..) => stream,
    };
    let stream = stream.map(told);
    let reason = match answer.reason.as_str() {
        "" => answer.status.canonical_reason().unwrap_or_default(),
        said => said,
    };
    let fields = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()));
    let head = encode(&Fetched {
        status: answer.status.as_u16(),
        status_text: reason,
        headers: Fields(fields.collect()),
        url: at,
        body: kind,
    })?;
    Ok(OpReply {
        head,
        body,
        stream,
        decode,
        socket,
        ..OpReply::default()
    })
}

/// A stream whose end before its time is told in the field's words.
fn told(source: ByteStream) -> ByteStream {
    Box::pin(source.map(|part| {
        part.map_err(|error| {
            if traffic::is_limit(&error) {
                return error;
            }
            let failure = if error.kind() == io::ErrorKind::InvalidData {
                type_error(error.to_string())
            } else {
                log::debug!("an answer broke off: {error}");
                let text = match outbound::broke(&error) {
                    Some(how) => format!("Network connection lost. ({how})"),
                    None => "Network connection lost.".to_owned(),
                };
                OpFailure::new(OpErrorCode::Unavailable, text)
            };
            io::Error::other(failure)
        })
    }))
}

type Handed = (FetchedBody, Bytes, Option<ByteStream>);

/// A small body in one piece, if it comes at once.
async fn whole(mut source: ByteStream, length: u64) -> Result<Handed, OpFailure> {
    let mut parts: Vec<Bytes> = Vec::new();
    let mut late = Deadline::after(WHOLE_WITHIN);
    loop {
        let next = async { Some(source.next().await) };
        let timer = async {
            (&mut late).await;
            None
        };
        match next.or(timer).await {
            Some(Some(Ok(part))) => parts.push(part),
            Some(None) => {
                let all = match parts.len() {
                    1 => parts.swap_remove(0),
                    _ => parts.concat().into(),
                };
                return Ok((FetchedBody::Whole, all, None));
            }
            // It breaks off where it is read.
            Some(Some(Err(error))) => {
                let rest = stream::once(Err(error));
                let all = stream::iter(parts.into_iter().map(Ok)).chain(rest);
                return Ok((
                    FetchedBody::Stream(Some(length)),
                    Bytes::new(),
                    Some(Box::pin(all)),
                ));
            }
            None => {
                let all = stream::iter(parts.into_iter().map(Ok)).chain(source);
                return Ok((
                    FetchedBody::Stream(Some(length)),
                    Bytes::new(),
                    Some(Box::pin(all)),
                ));
            }
        }
    }
}
