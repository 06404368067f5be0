//! A small HTTP/1.1 client for the management port: one connection a call, every wait bounded.

use crate::manage::ByteStream;
#[cfg(feature = "edge-tls")]
use crate::tls::{DialError, Dialer, Fingerprint};
use bytes::Bytes;
#[cfg(feature = "edge-tls")]
use futures_lite::AsyncWriteExt;
use futures_lite::{AsyncRead, AsyncWrite, StreamExt, future};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Body, Frame, Incoming};
use smol_hyper::rt::FuturesIo;
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Bytes of an answer that is read whole.
const ANSWER_MAX: usize = 128 << 20;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The URL is none, or of a scheme that is not spoken.
    #[error("bad --url `{url}`: {reason}")]
    Url {
        /// The URL.
        url: String,
        /// What is wrong with it, and the remedy.
        reason: &'static str,
    },
    /// Nobody answers there.
    #[error(
        "cannot connect to {authority}: {error}; is `postern serve` running, and is --url its management port?"
    )]
    Connect {
        /// Host and port.
        authority: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// Its certificate is not known.
    #[cfg(feature = "edge-tls")]
    #[error(
        "the certificate of {name} is not known ({why}), and nothing was sent. Its fingerprint is\n  {fingerprint}\n\
         Compare that with what `postern serve` and `postern status` print on the gateway itself. If it is the same:\n  \
         postern trust https://{name} --fingerprint {fingerprint}\n\
         If a certificate authority of your own signed it, give --ca FILE"
    )]
    Unknown {
        /// Host and port.
        name: String,
        /// Why nobody vouches for it.
        why: String,
        /// What it is.
        fingerprint: Fingerprint,
    },
    /// Its certificate is not the one that was trusted.
    #[cfg(feature = "edge-tls")]
    #[error(
        "THE CERTIFICATE OF {name} HAS CHANGED, and nothing was sent. Somebody may stand between you and it.\n  \
         trusted: {known}\n  now:     {fingerprint}\n\
         If you know that the gateway has a new certificate, and `postern serve` printed this fingerprint there:\n  \
         postern trust https://{name} --fingerprint {fingerprint} --replace"
    )]
    Changed {
        /// Host and port.
        name: String,
        /// What was trusted.
        known: Fingerprint,
        /// What it is.
        fingerprint: Fingerprint,
    },
    /// The other side wants to know who asks.
    #[cfg(feature = "edge-tls")]
    #[error(
        "{authority} wants a certificate of yours that it believes: give --client-cert FILE and --client-key FILE, signed by \
         who is in `manage.tls.client-ca` there ({error})"
    )]
    WantsCertificate {
        /// Host and port.
        authority: String,
        /// What it said.
        error: String,
    },
    /// The other side fell silent.
    #[error("no progress from {authority} for {seconds} s; try again, or raise --timeout")]
    Timeout {
        /// Host and port.
        authority: String,
        /// The limit.
        seconds: u64,
    },
    /// The exchange broke off.
    #[error("the exchange with {authority} broke off: {error}")]
    Broken {
        /// Host and port.
        authority: String,
        /// What happened.
        error: String,
    },
    /// The answer is larger than any answer should be.
    #[error("{authority} sent more than {limit} bytes, the limit for one answer")]
    TooLarge {
        /// Host and port.
        authority: String,
        /// The limit.
        limit: usize,
    },
    /// The answer is not what the management port sends.
    #[error(
        "{authority} answered {status} without the envelope of a management port ({found}); check --url"
    )]
    NotTheApi {
        /// Host and port.
        authority: String,
        /// The status.
        status: u16,
        /// The beginning of what came.
        found: String,
    },
}

/// Where the management port is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    is_secure: bool,
    host: String,
    port: u16,
    authority: String,
    /// Host and port, always both.
    name: String,
    /// The path before every call, without a slash at its end.
    pub path: String,
}

impl Base {
    /// Reads `https://host:port/path` or the same with `http`; without a path, that of the management port is meant.
    pub fn parse(url: &str) -> Result<Self, ClientError> {
        let bad = |reason| ClientError::Url {
            url: url.to_owned(),
            reason,
        };
        let uri: http::Uri = url
            .parse()
            .map_err(|_| bad("write it like http://127.0.0.1:8788/client/v4"))?;
        let is_secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") if cfg!(feature = "edge-tls") => true,
            Some("https") => {
                return Err(bad(
                    "this build speaks no TLS; reach the port through a tunnel and give its http address",
                ));
            }
            _ => return Err(bad("it must begin with https:// or http://")),
        };
        let authority = uri.authority().ok_or_else(|| bad("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(bad("leave user and password out; a token says who you are"));
        }
        if uri.query().is_some() {
            return Err(bad("leave the query out"));
        }
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        if host.is_empty() {
            return Err(bad("it names no host"));
        }
        let path = match uri.path().trim_end_matches('/') {
            "" => "/client/v4",
            path => path,
        };
        let usual = if is_secure { 443 } else { 80 };
        let port = authority.port_u16().unwrap_or(usual);
        Ok(Self {
            is_secure,
            name: format!("{}:{port}", authority.host().to_ascii_lowercase()),
            host,
            port,
            authority: authority.to_string(),
            path: path.to_owned(),
        })
    }

    /// Whether it is https.
    #[cfg(feature = "edge-tls")]
    pub fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// What it is called where gateways are trusted: host and port.
    #[cfg(feature = "edge-tls")]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Scheme, host and port, always all of them.
    pub fn origin(&self) -> String {
        let scheme = if self.is_secure { "https" } else { "http" };
        format!("{scheme}://{}", self.name)
    }

    /// Host and port, as in the URL.
    pub fn authority(&self) -> &str {
        &self.authority
    }
}

/// One call to make. The target is an absolute path, encoded.
#[derive(Debug)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// Path and query, from the root.
    pub target: String,
    /// The type of the body, if there is one.
    pub content_type: Option<String>,
    /// The body.
    pub body: Bytes,
    /// A token instead of the client's own.
    pub token: Option<String>,
    /// Further header fields.
    pub headers: Vec<(&'static str, String)>,
}

impl Call {
    /// A call without a body.
    pub fn new(method: Method, target: impl Into<String>) -> Self {
        Self {
            method,
            target: target.into(),
            content_type: None,
            body: Bytes::new(),
            token: None,
            headers: Vec::new(),
        }
    }

    /// The same with one more header field.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same with another token than the client's own.
    pub fn token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    /// The same with a body.
    pub fn body(mut self, content_type: impl Into<String>, body: impl Into<Bytes>) -> Self {
        self.content_type = Some(content_type.into());
        self.body = body.into();
        self
    }
}

/// The management port, and who asks.
#[derive(Debug)]
pub struct Client {
    /// Where it is.
    pub base: Base,
    token: Option<String>,
    patience: Duration,
    socket: Option<PathBuf>,
    #[cfg(feature = "edge-tls")]
    dialer: Option<Dialer>,
}

/// What calls go over.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// An answer whose body is still to come.
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The header fields.
    pub headers: HeaderMap,
    body: Incoming,
    authority: String,
    patience: Duration,
    /// Drives the connection; dropping it closes it.
    _connection: smol::Task<Result<(), hyper::Error>>,
}

impl Client {
    /// A client. `token` must be a valid header value; `patience` bounds every single wait.
    pub fn new(base: Base, token: Option<String>, patience: Duration) -> Self {
        Self {
            base,
            token,
            patience,
            socket: None,
            #[cfg(feature = "edge-tls")]
            dialer: None,
        }
    }

    /// Whether it goes by a socket of this machine.
    pub fn is_here(&self) -> bool {
        self.socket.is_some()
    }

    /// The same that believes whom this believes.
    #[cfg(feature = "edge-tls")]
    pub fn sealed(mut self, dialer: Dialer) -> Self {
        self.dialer = Some(dialer);
        self
    }

    /// Has a connection, and closes it.
    #[cfg(feature = "edge-tls")]
    pub async fn greet(&self) -> Result<(), ClientError> {
        let mut stream = self.connect().await?;
        // Whether it hears so is its affair.
        let _ = stream.close().await;
        Ok(())
    }

    async fn connect(&self) -> Result<Box<dyn Stream>, ClientError> {
        let authority = &self.base.authority;
        let address = (self.base.host.as_str(), self.base.port);
        let patience = CONNECT.min(self.patience);
        let failed = |error| ClientError::Connect {
            authority: authority.clone(),
            error,
        };
        if let Some(path) = &self.socket {
            let stream = smol::net::unix::UnixStream::connect(path);
            let stream = within(patience, authority, stream).await?.map_err(failed)?;
            return Ok(Box::new(stream));
        }
        let stream = smol::net::TcpStream::connect(address);
        let stream = within(patience, authority, stream).await?.map_err(failed)?;
        let _ = stream.set_nodelay(true);
        if !self.base.is_secure {
            return Ok(Box::new(stream));
        }
        #[cfg(feature = "edge-tls")]
        if let Some(dialer) = &self.dialer {
            let dialed = dialer.dial(&self.base.host, stream);
            let dialed = within(patience, authority, dialed).await?;
            return match dialed {
                Ok(stream) => Ok(Box::new(stream)),
                Err(error) => Err(self.refused(error)),
            };
        }
        Err(failed(io::Error::other("nobody is trusted over https")))
    }

    #[cfg(feature = "edge-tls")]
    fn refused(&self, error: DialError) -> ClientError {
        let name = self.base.name.clone();
        match error {
            DialError::Unknown { fingerprint, why } => ClientError::Unknown {
                name,
                why,
                fingerprint,
            },
            DialError::Changed { known, fingerprint } => ClientError::Changed {
                name,
                known,
                fingerprint,
            },
            DialError::Failed(error) => broken(&self.base.authority, &error),
        }
    }

    /// The same by a Unix socket of this machine.
    pub fn by_socket(mut self, path: PathBuf) -> Self {
        self.base.authority = "localhost".to_owned();
        self.socket = Some(path);
        self
    }

    /// Makes a call and returns when the answer's head is there.
    pub async fn send(&self, call: Call) -> Result<Answer, ClientError> {
        let body = Full::new(call.body.clone());
        self.exchange(call, body, &AtomicU64::new(0)).await
    }

    /// The same with a body that comes over time. Whoever makes it counts in `moved` what was
    /// taken of it: as long as that grows, nobody is impatient.
    pub async fn send_stream(
        &self,
        call: Call,
        len: u64,
        source: ByteStream,
        moved: &AtomicU64,
    ) -> Result<Answer, ClientError> {
        let call = call.header("content-length", len.to_string());
        let body = StreamBody::new(source.map(|part| part.map(Frame::data)));
        self.exchange(call, body, moved).await
    }

    async fn exchange<B>(
        &self,
        call: Call,
        body: B,
        moved: &AtomicU64,
    ) -> Result<Answer, ClientError>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let authority = self.base.authority.clone();
        let broken = |error: &(dyn std::error::Error + 'static)| broken(&authority, error);
        let stream = self.connect().await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(FuturesIo::new(stream))
                .await
                .map_err(|error| broken(&error))?;
        // What breaks the connection breaks the answer too, which is where it is told.
        let driver = smol::spawn(connection);
        let mut request = Request::builder()
            .method(call.method)
            .uri(call.target)
            .header(header::HOST, &self.base.authority)
            .header(header::ACCEPT, "*/*")
            .header(
                header::USER_AGENT,
                concat!("postern/", env!("CARGO_PKG_VERSION")),
            );
        if let Some(token) = call.token.as_ref().or(self.token.as_ref()) {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(kind) = call.content_type {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        let request = request.body(body).map_err(|error| broken(&error))?;
        let sent = sender.send_request(request);
        let response = match while_moving(self.patience, &authority, moved, sent).await? {
            Ok(response) => response,
            // It was not sent, for the connection broke before: why, only that knows.
            Err(error) if error.is_canceled() => {
                let ended = within(self.patience, &authority, driver).await?;
                return Err(broken(ended.as_ref().err().unwrap_or(&error)));
            }
            Err(error) => return Err(broken(&error)),
        };
        let (head, body) = response.into_parts();
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body,
            authority,
            patience: self.patience,
            _connection: driver,
        })
    }
}

impl Answer {
    /// The next part of the body; `None` at its end. `patient` waits for ever.
    pub async fn chunk(&mut self, patient: bool) -> Result<Option<Bytes>, ClientError> {
        loop {
            let frame = self.body.frame();
            let frame = if patient {
                frame.await
            } else {
                within(self.patience, &self.authority, frame).await?
            };
            match frame {
                None => return Ok(None),
                Some(Err(error)) => return Err(broken(&self.authority, &error)),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }

    /// The whole body.
    pub async fn whole(mut self) -> Result<Vec<u8>, ClientError> {
        let mut all = Vec::new();
        while let Some(part) = self.chunk(false).await? {
            if all.len() + part.len() > ANSWER_MAX {
                return Err(ClientError::TooLarge {
                    authority: self.authority.clone(),
                    limit: ANSWER_MAX,
                });
            }
            all.extend_from_slice(&part);
        }
        Ok(all)
    }
}

/// What is told of an exchange that broke off.
fn broken(authority: &str, error: &(dyn std::error::Error + 'static)) -> ClientError {
    let authority = authority.to_owned();
    #[cfg(feature = "edge-tls")]
    if crate::tls::wants_certificate(error) {
        let error = chain(error);
        return ClientError::WantsCertificate { authority, error };
    }
    let error = chain(error);
    ClientError::Broken { authority, error }
}

/// Waits for something, but not for ever.
async fn within<T>(
    patience: Duration,
    authority: &str,
    what: impl Future<Output = T>,
) -> Result<T, ClientError> {
    future::or(async { Ok(what.await) }, async {
        smol::Timer::after(patience).await;
        Err(ClientError::Timeout {
            authority: authority.to_owned(),
            seconds: patience.as_secs(),
        })
    })
    .await
}

/// Waits for something for as long as a number grows.
async fn while_moving<T>(
    patience: Duration,
    authority: &str,
    moved: &AtomicU64,
    what: impl Future<Output = T>,
) -> Result<T, ClientError> {
    future::or(async { Ok(what.await) }, async {
        loop {
            let before = moved.load(Ordering::Relaxed);
            smol::Timer::after(patience).await;
            if moved.load(Ordering::Relaxed) == before {
                return Err(ClientError::Timeout {
                    authority: authority.to_owned(),
                    seconds: patience.as_secs(),
                });
            }
        }
    })
    .await
}

/// An error and what caused it, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    #[test]
    fn urls() {
        let base = Base::parse("http://127.0.0.1:8788/client/v4/").unwrap();
        assert_eq!(base.path, "/client/v4");
        assert_eq!(base.port, 8788);
        assert_eq!(Base::parse("http://[::1]:1").unwrap().host, "::1");
        #[cfg(feature = "edge-tls")]
        assert_eq!(Base::parse("https://Gw/x").unwrap().name(), "gw:443");
        let base = Base::parse("http://gateway").unwrap();
        assert_eq!((base.port, &*base.path), (80, "/client/v4"));
        assert_eq!(
            Base::parse("http://proxy/gateway/api").unwrap().path,
            "/gateway/api"
        );
        for (url, reason) in [
            ("127.0.0.1:8788", "must begin with https://"),
            ("ftp://x", "must begin with https://"),
            ("http://a@b/", "leave user and password out"),
            ("http://b/?x", "leave the query out"),
            ("http://:80/", "write it like"),
        ] {
            let error = Base::parse(url).unwrap_err().to_string();
            assert!(
                error.contains(reason) || error.contains("no host"),
                "{url}: {error}"
            );
        }
    }

    /// Serves one connection with these bytes and returns what was sent to it.
    fn exchange(
        answer: &'static [u8],
        patience: Duration,
    ) -> (Result<Vec<u8>, ClientError>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/base", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut seen = Vec::new();
            let mut buffer = [0; 1024];
            while !seen.ends_with(b"hello") {
                let n = stream.read(&mut buffer).unwrap();
                if n == 0 {
                    break;
                }
                seen.extend_from_slice(&buffer[..n]);
            }
            stream.write_all(answer).unwrap();
            // Stays open until the client has gone, so that silence is seen as silence.
            if answer.is_empty() {
                let _ = stream.read(&mut buffer);
            }
            String::from_utf8(seen).unwrap()
        });
        let client = Client::new(Base::parse(&url).unwrap(), Some("t0".into()), patience);
        let got = smol::block_on(async {
            let call = Call::new(Method::PUT, "/x").body("text/plain", "hello");
            client.send(call).await?.whole().await
        });
        (got, server.join().unwrap())
    }

    #[test]
    fn a_call_carries_token_and_type() {
        let (got, seen) = exchange(
            b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
            Duration::from_secs(30),
        );
        assert_eq!(got.unwrap(), b"ok");
        assert!(seen.starts_with("PUT /x HTTP/1.1\r\n"), "{seen}");
        assert!(seen.contains("authorization: Bearer t0\r\n"), "{seen}");
        assert!(seen.contains("content-type: text/plain\r\n"), "{seen}");
        assert!(seen.contains("content-length: 5\r\n"), "{seen}");
    }

    #[test]
    fn a_short_answer_is_an_error() {
        let (got, _) = exchange(
            b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok",
            Duration::from_secs(30),
        );
        assert!(matches!(got, Err(ClientError::Broken { .. })), "{got:?}");
    }

    #[test]
    fn silence_is_an_error() {
        let (got, _) = exchange(b"", Duration::from_millis(50));
        assert!(matches!(got, Err(ClientError::Timeout { .. })), "{got:?}");
    }

    #[test]
    fn nobody_there_is_told() {
        let free = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let base = Base::parse(&format!("http://{free}")).unwrap();
        let client = Client::new(base, None, Duration::from_secs(5));
        let got = smol::block_on(client.send(Call::new(Method::GET, "/"))).err();
        assert!(
            got.unwrap()
                .to_string()
                .contains("is `postern serve` running")
        );
    }
}
