//! Bytes that come over a connection, through hyper and what the edge does with a head before it chooses a Worker.

use super::super::answer::Answer;
use super::super::{fields, target};
use super::*;
use crate::edge::options::Scheme;
use crate::fuzz::drive;
use futures_lite::{AsyncRead, AsyncWrite};
use http::{Request, Response, header, request};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use parking_lot::Mutex;
use smol_hyper::rt::FuturesIo;
use std::convert::Infallible;
use std::task::{Context, Poll};

/// A client that has said all that it will, and what it is answered.
struct Client<'a> {
    said: &'a [u8],
    answered: Arc<Mutex<Vec<u8>>>,
}

impl AsyncRead for Client<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        // In pieces of different lengths, which follow from what is left.
        let piece = 1 + self.said.len() * 7 % 61;
        let piece = piece.min(buf.len()).min(self.said.len());
        let (now, later) = self.said.split_at(piece);
        buf[..piece].copy_from_slice(now);
        self.said = later;
        Poll::Ready(Ok(piece))
    }
}

impl AsyncWrite for Client<'_> {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.answered.lock().extend_from_slice(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// What the edge does with a head; what holds of one that goes to a Worker.
fn taken(parts: &mut request::Parts, options: &EdgeOptions) -> Result<(), Answer> {
    let request::Parts {
        method,
        uri,
        headers,
        ..
    } = parts;
    fields::check(headers, options)?;
    let _ = fields::hops(headers);
    let destination = target::destination(method, uri, headers)?;
    target::resolve(uri)?;
    let path = uri.path();
    assert!(path.starts_with('/'), "{path:?} is no path");
    assert!(!path.contains('\\'), "{path:?} has a backslash");
    for segment in path.split('/') {
        let plain = segment.replace("%2e", ".").replace("%2E", ".");
        assert!(plain != "." && plain != "..", "{path:?} has dots");
    }
    let resolved = uri.clone();
    target::resolve(uri)?;
    assert_eq!(*uri, resolved, "resolving it again changes it");
    let host = destination.host.to_string();
    let again = crate::edge::routing::Host::parse(host.as_bytes());
    assert_eq!(again.as_ref(), Ok(&destination.host), "{host:?}");
    let url = target::url(Scheme::Http, &destination.host, uri.path(), uri.query());
    assert!(url.bytes().all(|it| it.is_ascii_graphic()), "{url:?}");
    let read: http::Uri = url.parse().unwrap();
    assert_eq!(read.host(), Some(destination.host.name()), "{url:?}");
    let value = HeaderValue::from_static("x");
    fields::to_worker(headers, value.clone(), &value, "http", false);
    for gone in [
        header::CONNECTION,
        header::TRANSFER_ENCODING,
        header::EXPECT,
        header::UPGRADE,
        header::TE,
        header::TRAILER,
        header::PROXY_AUTHORIZATION,
        header::FORWARDED,
    ] {
        let name = gone.as_str();
        assert!(!headers.contains_key(&gone), "{name} goes to the Worker");
    }
    for own in [
        "cf-ray",
        "x-real-ip",
        "x-forwarded-for",
        "x-forwarded-proto",
    ] {
        assert_eq!(headers.get_all(own).iter().count(), 1, "{own}");
    }
    Ok(())
}

/// The statuses of answers, which must be whole and nothing beside them.
fn statuses(mut bytes: &[u8]) -> Vec<u16> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let end = bytes.windows(4).position(|it| it == b"\r\n\r\n");
        let end = end.expect("an answer's head is whole");
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let mut lines = head.split("\r\n");
        let first = lines.next().unwrap();
        let rest = first
            .strip_prefix("HTTP/1.1 ")
            .or(first.strip_prefix("HTTP/1.0 "));
        let status: u16 = rest.unwrap()[..3].parse().unwrap();
        let length = lines.find_map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.parse::<usize>().unwrap())
        });
        bytes = &bytes[end + 4 + length.unwrap_or(0)..];
        all.push(status);
    }
    all
}

#[test]
fn fuzz_http() {
    const BODY: usize = 1 << 20;
    let options = EdgeOptions::default();
    drive("http", |bytes| {
        let answered = Arc::new(Mutex::new(Vec::new()));
        let served = Arc::new(AtomicUsize::new(0));
        let client = Client {
            said: bytes,
            answered: answered.clone(),
        };
        let options = &options;
        let service = service_fn(|request: Request<Incoming>| {
            let served = served.clone();
            async move {
                served.fetch_add(1, Ordering::Relaxed);
                let (mut parts, body) = request.into_parts();
                let status = match taken(&mut parts, options) {
                    Ok(()) => {
                        let body = Limited::new(body, BODY).collect().await;
                        let length = body.map(|it| it.to_bytes().len()).unwrap_or(0);
                        assert!(length <= bytes.len(), "the body has more than came");
                        StatusCode::OK
                    }
                    Err(answer) => answer.status,
                };
                let mut response = Response::new(Full::new(Bytes::new()));
                *response.status_mut() = status;
                Ok::<_, Infallible>(response)
            }
        });
        let mut builder = http1::Builder::new();
        builder
            .header_read_timeout(None)
            .max_buf_size(options.buffer_bytes())
            .half_close(true)
            .writev(true);
        let ended = future::block_on(builder.serve_connection(FuturesIo::new(client), service));
        let answered = answered.lock();
        let all = statuses(&answered);
        let answers = all.iter().filter(|it| **it != 100).count();
        let served = served.load(Ordering::Relaxed);
        // Each request has its answer, and what is none has one at most.
        assert!(
            answers >= served && answers <= served + 1,
            "{served} requests, {all:?}"
        );
        if ended.is_ok() {
            assert_eq!(answers, served, "{all:?}");
        }
    });
}
