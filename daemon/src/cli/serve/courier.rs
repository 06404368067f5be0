//! Logpush batches and exports on their way to the operator's servers, and bundles on their way from there, over a
//! way out of their own: what tenants may
//! reach does not bind the operator, and their connections are not the operator's.

use crate::config::PULLS_MAX;
use crate::logpush::{Destination, JOBS_MAX, Send, Sending};
use crate::outbound::{
    ByteStream, Origin, Outbound, OutboundOptions, Policy, RootSource, SendBody, Tenant,
};
use async_executor::Executor;
use async_io::Timer;
use futures_lite::{FutureExt, StreamExt};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use std::sync::Arc;
use std::time::Duration;

/// Connections at the same time: a job has one batch under way, a place one bundle, and so have exports. None has to
/// wait for the server of another.
const CONNECTIONS_MAX: usize = JOBS_MAX + PULLS_MAX + 1;
/// Bytes of an answer that are read, so that its connection can be used again.
const ANSWER_MAX: usize = 64 * 1024;
/// How long it is read for that.
const ANSWER_WAIT: Duration = Duration::from_secs(2);

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
                // All of them are the operator's.
                tenant_connections_max: Some(CONNECTIONS_MAX),
                tls_connections_max: CONNECTIONS_MAX,
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
            let reading = async {
                let mut read = 0;
                while let Some(Ok(part)) = body.next().await {
                    read += part.len();
                    if read > ANSWER_MAX {
                        break;
                    }
                }
            };
            // What it says is of no interest; it took the body.
            let late = async {
                Timer::after(ANSWER_WAIT).await;
            };
            reading.or(late).await;
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use futures_lite::future::block_on;
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};

    /// Servers that begin to answer like this, and never end; their addresses. Their connections stay open with what is given.
    fn servers(count: usize, answer: &'static str) -> (Vec<Destination>, Arc<[TcpListener]>) {
        let listeners = (0..count).map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
        let listeners: Arc<[TcpListener]> = listeners.collect();
        let all = listeners.iter();
        let all = all.map(|it| format!("http://{}/", it.local_addr().unwrap()));
        let all = all.map(|it| Destination::parse(&it).unwrap()).collect();
        for listener in listeners.iter() {
            let listener = listener.try_clone().unwrap();
            std::thread::spawn(move || {
                let mut open: Vec<TcpStream> = Vec::new();
                while let Ok((mut stream, _)) = listener.accept() {
                    let _ = stream.read(&mut [0; 4096]).unwrap();
                    stream.write_all(answer.as_bytes()).unwrap();
                    open.push(stream);
                }
            });
        }
        (all, listeners)
    }

    fn courier(options: OutboundOptions) -> (Courier, Arc<Executor<'static>>) {
        let executor = Arc::new(Executor::new());
        (Courier::new(options, &executor), executor)
    }

    #[test]
    fn an_answer_that_never_ends_is_one_by_its_head() {
        let (to, _open) = servers(1, "HTTP/1.1 204 No\r\n\r\n");
        let (endless, _also) = servers(1, "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx");
        let (courier, executor) = courier(OutboundOptions::default());
        for to in [&to[0], &endless[0]] {
            let posted = courier.post(to, b"x".to_vec(), "application/json");
            let status = block_on(executor.run(posted)).unwrap();
            assert!(status.is_success());
        }
    }

    #[test]
    fn no_server_of_the_operator_waits_for_another_that_never_answers() {
        let (silent, _open) = servers(CONNECTIONS_MAX - 1, "");
        let (taking, _also) = servers(1, "HTTP/1.1 204 No\r\n\r\n");
        // As where tenants may have one connection each.
        let options = OutboundOptions {
            tenant_connections_max: Some(1),
            tls_connections_max: 1,
            ..OutboundOptions::default()
        };
        let (courier, executor) = courier(options);
        let posted = |to: &Destination| courier.post(to, b"x".to_vec(), "application/json");
        let waiting: Vec<_> = silent.iter().map(|to| executor.spawn(posted(to))).collect();
        let status = block_on(executor.run(posted(&taking[0]))).unwrap();
        assert_eq!(status, StatusCode::NO_CONTENT);
        assert!(waiting.iter().all(|it| !it.is_finished()));
    }
}
