//! What a daemon must show before its system may stay: it serves a request to itself through the
//! edge, its management port answers, its store takes writes, and critical Workers answer.

use super::visitor::Visitor;
use crate::catalog::name::{ACCOUNT, TagFilter};
use crate::catalog::{Catalog, CatalogError};
use crate::config::Critical;
use crate::engine::invocation::{Ray, Reply, ReplyBody, Request, RequestBody};
use crate::firmware::checks::{Check, Checks};
use crate::store::Store;
#[cfg(feature = "edge-tls")]
use crate::tls::Dialer;
use async_io::Timer;
use futures_lite::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, FutureExt, StreamExt};
use http::{HeaderMap, HeaderValue, Method, header};
use parking_lot::Mutex;
use smol::net::TcpStream;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The tag that marks a Worker as critical.
pub const TAG: &str = "critical";
/// For one check.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes of an answer's head.
const HEAD_MAX: usize = 16 * 1024;
/// Bytes of a probe's answer that are read.
const BODY_MAX: usize = 16 << 20;

/// Looks at this daemon from outside and inside.
pub struct SelfTest {
    visitor: Arc<Visitor>,
    catalog: Arc<Catalog>,
    store: Store,
    critical: Vec<Critical>,
    /// Where the edge and the management port listen, once they do.
    listening: Mutex<(Vec<SocketAddr>, Option<SocketAddr>)>,
    /// How the management port is spoken to, where it speaks TLS.
    #[cfg(feature = "edge-tls")]
    dialer: Mutex<Option<Dialer>>,
}

impl SelfTest {
    /// Of a daemon that does not listen yet.
    pub fn new(
        visitor: Arc<Visitor>,
        catalog: Arc<Catalog>,
        store: Store,
        critical: Vec<Critical>,
    ) -> Self {
        Self {
            visitor,
            catalog,
            store,
            critical,
            listening: Mutex::default(),
            #[cfg(feature = "edge-tls")]
            dialer: Mutex::default(),
        }
    }

    /// The edge listens here.
    pub fn edge_listens(&self, addresses: Vec<SocketAddr>) {
        self.listening.lock().0 = addresses;
    }

    /// The management port listens here.
    pub fn manage_listens(&self, address: SocketAddr) {
        self.listening.lock().1 = Some(address);
    }

    /// The management port speaks TLS, and is to be spoken to so.
    #[cfg(feature = "edge-tls")]
    pub fn manage_is_sealed(&self, dialer: Dialer) {
        *self.dialer.lock() = Some(dialer);
    }

    async fn edge(&self) -> Result<(), String> {
        let addresses = self.listening.lock().0.clone();
        if addresses.is_empty() {
            return Err("it does not listen yet".to_owned());
        }
        for address in addresses {
            let (visitor, deadline) = (self.visitor.clone(), Instant::now() + PATIENCE);
            postern_task::unblock(move || visitor.visit(address, deadline)).await?;
        }
        Ok(())
    }

    async fn manage(&self) -> Result<(), String> {
        let address = self.listening.lock().1;
        let address = address.ok_or("it does not listen yet")?;
        // Without a token: to say no, it has to look at those in the store.
        let asked = async {
            let stream = TcpStream::connect(reachable(address)).await?;
            #[cfg(feature = "edge-tls")]
            let dialer = self.dialer.lock().clone();
            #[cfg(feature = "edge-tls")]
            if let Some(dialer) = dialer {
                let stream = dialer.dial("localhost", stream).await;
                return ask(stream.map_err(io::Error::other)?, "/postern/v1/status").await;
            }
            ask(stream, "/postern/v1/status").await
        };
        let head = asked.await.map_err(|error| format!("{address}: {error}"))?;
        match first_line(&head).starts_with("HTTP/1.1 401 ") {
            true => Ok(()),
            false => Err(format!("{address} answered {}", first_line(&head))),
        }
    }

    async fn store(&self) -> Result<(), String> {
        self.store
            .durable()
            .await
            .map_err(|error| error.to_string())
    }

    /// All Workers that are marked, by the configuration or by a tag. The configuration says more.
    fn critical(&self) -> Result<Vec<Critical>, CatalogError> {
        let mut all = self.critical.clone();
        let Some(filter) = TagFilter::parse(TAG) else {
            return Ok(all);
        };
        let namespaces = self.catalog.namespaces()?.into_iter();
        let names = namespaces.map(|(namespace, _)| namespace.name);
        for namespace in names.chain([ACCOUNT.to_owned()]) {
            for script in self.catalog.scripts(&namespace, Some(&filter))? {
                let worker = match namespace.as_str() {
                    ACCOUNT => script.name,
                    namespace => format!("{namespace}/{}", script.name),
                };
                if all.iter().all(|it| it.worker != worker) {
                    all.push(Critical {
                        worker,
                        host: "localhost".to_owned(),
                        path: "/".to_owned(),
                        status: None,
                    });
                }
            }
        }
        Ok(all)
    }

    async fn probe(&self, critical: &Critical) -> Result<(), String> {
        let (namespace, script) = critical.parts();
        let namespace = namespace.unwrap_or(ACCOUNT);
        let Some(deployed) = self.catalog.deployed(namespace, script) else {
            return Err(match self.catalog.is_pending(namespace, script) {
                true => "it does not run yet".to_owned(),
                false => "there is no such Worker".to_owned(),
            });
        };
        let mut headers = HeaderMap::new();
        if let Ok(host) = HeaderValue::from_str(&critical.host) {
            headers.insert(header::HOST, host);
        }
        headers.insert(
            header::USER_AGENT,
            HeaderValue::from_static("postern-health"),
        );
        let request = Request {
            ray: Ray(getrandom::u64().unwrap_or_default()),
            chain: None,
            origin: None,
            terms: None,
            method: Method::GET,
            url: format!("http://{}{}", critical.host, critical.path),
            headers,
            body: RequestBody::Empty,
            upgrade: false,
            handler: None,
        };
        let served = self.catalog.serve(&deployed, request).await;
        let reply = served.map_err(|failure| failure.to_string())?;
        let status = reply.status.as_u16();
        if !critical
            .status
            .map_or(status < 500, |wanted| wanted == status)
        {
            return Err(match critical.status {
                Some(wanted) => format!(
                    "it answered {status} to {}, and not {wanted}",
                    critical.path
                ),
                None => format!("it answered {status} to {}", critical.path),
            });
        }
        whole(reply).await
    }
}

/// Reads an answer to its end.
async fn whole(reply: Reply) -> Result<(), String> {
    let ReplyBody::Stream(mut parts) = reply.body else {
        return Ok(());
    };
    let mut bytes = 0;
    while let Some(part) = parts.next().await {
        bytes += part.map_err(|failure| failure.to_string())?.len();
        if bytes > BODY_MAX {
            break;
        }
    }
    Ok(())
}

/// One check, which ends in time.
async fn timed(name: String, check: impl Future<Output = Result<(), String>>) -> Check {
    let begin = Instant::now();
    let late = async {
        Timer::after(PATIENCE).await;
        Err(format!("no answer for {} s", PATIENCE.as_secs()))
    };
    let failure = check.or(late).await.err();
    Check {
        name,
        failure,
        ms: u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX),
    }
}

impl Checks for SelfTest {
    fn run(&self) -> Pin<Box<dyn Future<Output = Vec<Check>> + Send + '_>> {
        Box::pin(async {
            let mut checks = vec![
                timed("edge".to_owned(), self.edge()).await,
                timed("manage".to_owned(), self.manage()).await,
                timed("store".to_owned(), self.store()).await,
            ];
            match self.critical() {
                Ok(all) => {
                    for critical in &all {
                        let name = format!("worker {}", critical.worker);
                        checks.push(timed(name, self.probe(critical)).await);
                    }
                }
                Err(error) => {
                    let failed = async { Err(error.to_string()) };
                    checks.push(timed("catalog".to_owned(), failed).await);
                }
            }
            checks
        })
    }
}

/// Sends a GET and reads the answer's head.
async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin, target: &str) -> io::Result<String> {
    let head = {
        let request = format!(
            "GET {target} HTTP/1.1\r\nhost: localhost\r\nuser-agent: postern-health\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        stream.flush().await?;
        let mut head = Vec::new();
        let mut part = [0; 1024];
        while !head.windows(4).any(|it| it == b"\r\n\r\n") && head.len() < HEAD_MAX {
            match stream.read(&mut part).await? {
                0 => break,
                read => head.extend_from_slice(&part[..read]),
            }
        }
        String::from_utf8_lossy(&head).to_lowercase()
    };
    // Names are compared in lower case, and the protocol's is upper.
    Ok(head.replacen("http/", "HTTP/", 1))
}

fn first_line(head: &str) -> &str {
    match head.lines().next() {
        None | Some("") => "nothing",
        Some(line) => line,
    }
}

/// An address that can be connected to, of one that is listened on.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listened_on_everywhere_is_reached_at_home() {
        let check = |from: &str, to: &str| {
            assert_eq!(reachable(from.parse().expect(from)).to_string(), to);
        };
        check("0.0.0.0:80", "127.0.0.1:80");
        check("[::]:80", "[::1]:80");
        check("192.0.2.1:80", "192.0.2.1:80");
    }
}
