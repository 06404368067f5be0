//! WebSockets that a Worker asks for: of a server, or of another Worker (spec: SEMANTICS §27).

use super::answer::{Answer, AnswerBody, answered, lost, thrown};
use super::fetch::{Ask, request};
use super::forwarded;
use super::traffic;
use crate::engine::caller::Caller;
use crate::engine::ops::OpFailure;
use crate::engine::socket::{Socket, Speak};
use crate::outbound::{Outbound, SendBody, Switched, Tenant, Upgrade};
use crate::websocket::{self, Line, Side, SocketOptions, Stops};
use bytes::Bytes;
use futures_lite::AsyncWrite;
use futures_lite::future::pending;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use postern_abi::OpErrorCode;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Asks a server; its answer, which may be another than was hoped for.
pub(super) async fn ask(
    outbound: &Outbound,
    tenant: &Tenant,
    ask: &Ask,
    options: &SocketOptions,
    caller: &Caller,
) -> Result<Answer, OpFailure> {
    let (origin, mut request) = request(ask, SendBody::Empty)?;
    forwarded::mark(request.headers_mut(), caller.chain(), outbound.zone());
    let key = websocket::key()
        .ok()
        .and_then(|key| HeaderValue::from_str(&key).ok())
        .ok_or_else(|| OpFailure::new(OpErrorCode::Internal, "there is no randomness"))?;
    *request.method_mut() = Method::GET;
    let headers = request.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_VERSION, 13.into());
    headers.insert(header::SEC_WEBSOCKET_KEY, key.clone());
    // None is offered, and so none may be used.
    headers.remove(header::SEC_WEBSOCKET_EXTENSIONS);
    headers.remove(header::SEC_WEBSOCKET_ACCEPT);
    traffic::asked(ask, request.headers(), caller)?;
    let answer = outbound.upgrade(tenant, &origin, request).await;
    let (answer, switched) = match answer.map_err(lost)? {
        Upgrade::Answered(answer) => {
            traffic::answered(answer.headers(), caller)?;
            return Ok(answered(
                answer.map(|source| traffic::counted(source, caller)),
            ));
        }
        Upgrade::Switched(answer, switched) => (answer, switched),
    };
    let (parts, ()) = answer.into_parts();
    if let Err(why) = check(&parts.headers, &key) {
        log::debug!("a handshake failed: {why}");
        return Ok(Answer {
            status: StatusCode::BAD_GATEWAY,
            reason: String::new(),
            headers: HeaderMap::new(),
            body: AnswerBody::Whole(Bytes::from_static(why.as_bytes())),
        });
    }
    traffic::answered(&parts.headers, caller)?;
    let (options, caller) = (options.clone(), caller.clone());
    let speak: Speak = Box::new(move |socket| {
        Box::pin(async move {
            let stops = Stops {
                drain: pending(),
                cut: pending(),
            };
            let mut switched = switched;
            let came = std::mem::take(&mut switched.came);
            // Few, and behind the head: what they go beyond, the next bytes do.
            let _ = caller.traffic().egress(came.len() as u64);
            let switched = traffic::CountedLine {
                line: switched,
                caller,
            };
            websocket::run(switched, &came, socket, Side::Client, &options, stops).await;
        })
    });
    Ok(Answer {
        status: parts.status,
        reason: String::new(),
        headers: parts.headers,
        body: AnswerBody::Socket(speak),
    })
}

impl Line for Switched {
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self).poll_close(cx)
    }
}

/// Checks what a server says to a handshake with this key (RFC 6455 §4.1).
fn check(headers: &HeaderMap, key: &HeaderValue) -> Result<(), &'static str> {
    let upgrade = headers.get(header::UPGRADE);
    if !upgrade.is_some_and(|to| to.as_bytes().eq_ignore_ascii_case(b"websocket")) {
        return Err("the server switched to another protocol than WebSocket");
    }
    let accept = websocket::accept(key.as_bytes());
    if headers
        .get(header::SEC_WEBSOCKET_ACCEPT)
        .is_none_or(|it| *it != accept)
    {
        return Err("the server's Sec-WebSocket-Accept does not fit the key");
    }
    if headers.contains_key(header::SEC_WEBSOCKET_EXTENSIONS) {
        return Err("the server uses an extension that was not offered");
    }
    Ok(())
}

/// Puts a socket that another Worker has answered with and one of this Worker's together.
pub(super) fn between(theirs: Socket) -> Speak {
    Box::new(move |ours| Box::pin(websocket::join(theirs, ours, |it| it.failure().map(thrown))))
}
