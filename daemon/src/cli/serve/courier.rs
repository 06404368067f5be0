//! Logpush batches and exports on their way to the operator's servers, and bundles on their way from there, over a
//! way out of their own: what tenants may
//! reach does not bind the operator, and their connections are not the operator's.

use crate::logpush::{Destination, Send, Sending};
use crate::outbound::{
    ByteStream, Origin, Outbound, OutboundOptions, Policy, RootSource, SendBody, Tenant,
};
use async_executor::Executor;
use futures_lite::StreamExt;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use std::sync::Arc;

/// Connections at the same time: a job has one batch under way, and so have exports and pulls.
const CONNECTIONS_MAX: usize = 12;
/// Bytes of an answer that are read, so that its connection can be used again.
const ANSWER_MAX: usize = 64 * 1024;

/// Who sends batches.
pub struct Courier {
    outbound: Outbound,
    tenant: Tenant,
}

impl Courier {
    /// With the deadlines of `options`.
    pub fn new(options: OutboundOptions, executor: &Arc<Executor<'static>>) -> Self {
        let outbound = Outbound::new(
            OutboundOptions {
                policy: policy(),
                connections_max: CONNECTIONS_MAX,
                idle_max: CONNECTIONS_MAX,
                ..options
            },
            executor.clone(),
        );
        Self {
            tenant: outbound.tenant("", "logpush"),
            outbound,
        }
    }

    /// Believes the certificates of these from now on.
    pub fn set_roots(&self, roots: Vec<RootSource>) {
        self.outbound.set_policy(policy(), roots);
    }
}

/// The operator's servers may be anywhere.
fn policy() -> Policy {
    Policy {
        allow_private: true,
        ..Policy::default()
    }
}

impl Courier {
    /// Sends a body of this media type; the answer's status, or why there is none.
    pub fn post(
        &self,
        to: &Destination,
        body: Vec<u8>,
        kind: &'static str,
    ) -> impl Future<Output = Result<StatusCode, String>> + std::marker::Send + use<> {
        let asked = self.ask(to, Method::POST, body, Some(kind));
        async move {
            let answer = asked.await?;
            let status = answer.status();
            let mut body = answer.into_body();
            let mut read = 0;
            while let Some(Ok(part)) = body.next().await {
                read += part.len();
                if read > ANSWER_MAX {
                    break;
                }
            }
            Ok(status)
        }
    }

    /// Sends a request, with a body of this media type if it has one; the answer, or why there is none.
    pub fn ask(
        &self,
        to: &Destination,
        method: Method,
        body: Vec<u8>,
        kind: Option<&'static str>,
    ) -> impl Future<Output = Result<Response<ByteStream>, String>> + std::marker::Send + use<>
    {
        let (outbound, tenant, to) = (self.outbound.clone(), self.tenant.clone(), to.clone());
        async move {
            let request = request(&to, method, body, kind).map_err(|error| error.to_string())?;
            let origin = Origin {
                host: to.host,
                port: to.port,
                is_tls: to.is_secure,
            };
            let answer = outbound.send(&tenant, &origin, request).await;
            answer.map_err(|error| error.to_string())
        }
    }
}

impl Send for Courier {
    fn send(&self, to: &Destination, lines: Vec<u8>) -> Sending {
        let posted = self.post(to, lines, "application/x-ndjson");
        Box::pin(async move {
            let status = posted.await?;
            if status.is_success() {
                return Ok(());
            }
            Err(format!("the server answered {status}"))
        })
    }
}

fn request(
    to: &Destination,
    method: Method,
    body: Vec<u8>,
    kind: Option<&'static str>,
) -> Result<Request<SendBody>, http::Error> {
    let authority = match (to.host.contains(':'), to.port) {
        (true, port) => format!("[{}]:{port}", to.host),
        (false, 80) if !to.is_secure => to.host.clone(),
        (false, 443) if to.is_secure => to.host.clone(),
        (false, port) => format!("{}:{port}", to.host),
    };
    let mut request = Request::builder()
        .method(method)
        .uri(&to.target)
        .header(header::HOST, authority)
        .header(
            header::USER_AGENT,
            concat!("postern/", env!("CARGO_PKG_VERSION")),
        )
        .body(SendBody::Whole(body.into()))?;
    if let Some(kind) = kind {
        let fields = request.headers_mut();
        fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    for (name, value) in &to.headers {
        let (name, value) = (HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
        request.headers_mut().insert(name, value);
    }
    Ok(request)
}
