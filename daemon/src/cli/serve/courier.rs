//! Logpush batches on their way to the operator's servers, over a way out of their own: what tenants may
//! reach does not bind the operator, and their connections are not the operator's.

use crate::logpush::{Destination, Send, Sending};
use crate::outbound::{Origin, Outbound, OutboundOptions, Owner, Policy, SendBody};
use async_executor::Executor;
use futures_lite::StreamExt;
use http::{HeaderName, HeaderValue, Method, Request, header};
use std::sync::Arc;

/// Connections at the same time: a job has one batch under way.
const CONNECTIONS_MAX: usize = 8;
/// Bytes of an answer that are read, so that its connection can be used again.
const ANSWER_MAX: usize = 64 * 1024;

/// Who sends batches.
pub struct Courier {
    outbound: Outbound,
    owner: Owner,
}

impl Courier {
    /// With the deadlines of `options`.
    pub fn new(options: OutboundOptions, executor: &Arc<Executor<'static>>) -> Self {
        let outbound = Outbound::new(
            OutboundOptions {
                policy: Policy {
                    allow_private: true,
                },
                connections_max: CONNECTIONS_MAX,
                idle_max: CONNECTIONS_MAX,
                ..options
            },
            executor.clone(),
        );
        Self {
            owner: outbound.owner(),
            outbound,
        }
    }
}

impl Send for Courier {
    fn send(&self, to: &Destination, lines: Vec<u8>) -> Sending {
        let (outbound, owner, to) = (self.outbound.clone(), self.owner, to.clone());
        Box::pin(async move {
            if to.is_secure {
                return Err("this version of Postern cannot send over https".to_owned());
            }
            let request = request(&to, lines).map_err(|error| error.to_string())?;
            let origin = Origin {
                host: to.host,
                port: to.port,
            };
            let answer = outbound.send(owner, &origin, request).await;
            let answer = answer.map_err(|error| error.to_string())?;
            let status = answer.status();
            let mut body = answer.into_body();
            let mut read = 0;
            while let Some(Ok(part)) = body.next().await {
                read += part.len();
                if read > ANSWER_MAX {
                    break;
                }
            }
            if status.is_success() {
                return Ok(());
            }
            Err(format!("the server answered {status}"))
        })
    }
}

fn request(to: &Destination, lines: Vec<u8>) -> Result<Request<SendBody>, http::Error> {
    let authority = match (to.host.contains(':'), to.port) {
        (true, port) => format!("[{}]:{port}", to.host),
        (false, 80) => to.host.clone(),
        (false, port) => format!("{}:{port}", to.host),
    };
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(&to.target)
        .header(header::HOST, authority)
        .header(header::CONTENT_TYPE, "application/x-ndjson")
        .header(
            header::USER_AGENT,
            concat!("postern/", env!("CARGO_PKG_VERSION")),
        )
        .body(SendBody::Whole(lines.into()))?;
    for (name, value) in &to.headers {
        let (name, value) = (HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
        request.headers_mut().insert(name, value);
    }
    Ok(request)
}
