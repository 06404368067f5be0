//! A connection that speaks HTTP/2 (RFC 9113): several requests at a time, each answered as one of
//! HTTP/1.1 is.
//!
//! # Implementation
//!
//! Its requests are tasks of an executor of its own, which the connection's task drives: they end with the
//! connection, and the time that they take is the connection's ([`super::desk`]). Requests are given the form
//! that those of HTTP/1.1 have, and go the same way. What the library keeps for a client is bounded by
//! what it is told here, what a client may do over time by [`super::streams`].

use super::answer::Answer;
use super::connection::{End, Line, Signals, Watch};
use super::exchange;
use super::options::EdgeOptions;
use super::phase::Phase;
use super::streams::{Streams, WINDOW};
use super::wire::Wire;
use super::worker::Routes;
use crate::engine::refusal::{Refusal, Stage};
use async_executor::Executor;
use async_io::Timer;
use http::header::{self, HeaderValue};
use http::uri::Uri;
use http::{Request, StatusCode};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use parking_lot::Mutex;
use smol_hyper::rt::{FuturesIo, SmolTimer};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

/// Bytes of all requests' bodies of a connection that wait for a Worker.
const CONNECTION_WINDOW: u32 = 128 * 1024;
/// Bytes of an answer that wait for the client.
const SEND_MAX: usize = 32 * 1024;
/// Requests that are reset before they were seen, and those that the server resets because they are wrong,
/// after which a connection ends.
const RESETS_UNSEEN_MAX: usize = 20;
const RESETS_OWN_MAX: usize = 100;

/// Serves a connection to its end.
pub async fn converse<R: Routes>(line: Arc<Line<R>>, signals: Signals) -> End {
    let options = &line.edge.options;
    let phase = line.phase.clone();
    let executor = Arc::new(Executor::new());
    let all = line.edge.streams();
    let streams = Streams::new(phase.clone(), &executor, options, all);
    let write_stall = Duration::from_millis(options.write_stall_ms.into());
    let wire = Wire::new(line.transport.clone(), phase.clone(), write_stall);
    let wire = FuturesIo::new(wire.of_streams(streams.clone()));
    let tasks = Tasks {
        executor: Arc::downgrade(&executor),
        next: Arc::default(),
        stall: write_stall,
    };
    let next = tasks.next.clone();
    let service = service_fn(|request| {
        let stream = streams.begin(options.connections_max);
        let has_place = stream.has_place();
        let phase = Arc::new(Phase::of_stream(stream));
        *next.lock() = Some(phase.clone());
        let line = Arc::new(line.of_stream(phase));
        async move {
            if !has_place {
                return Ok(exchange::refuse(&line, too_many(&line.edge.options)));
            }
            exchange::run(line, as_http1(request)).await
        }
    });
    let conn = builder(options, tasks).serve_connection(wire, service);
    let conversation = async {
        let mut conn = pin!(conn);
        let mut drain = pin!(signals.drain.recv());
        let mut cut = pin!(signals.cut.recv());
        let mut watch = Watch::new(&line.transport, &phase);
        let mut is_closing = false;
        let mut age = Timer::at(phase.at(options.streams_age_ms.into()));
        // For the client to take that no more requests are wanted.
        let mut patience = Timer::never();
        let mut is_waited_for = false;
        poll_fn(|cx| {
            if cut.as_mut().poll(cx).is_ready() {
                return Poll::Ready(End::Cut);
            }
            if let Poll::Ready(result) = conn.as_mut().poll(cx) {
                return Poll::Ready(End::Done(result));
            }
            if streams.is_unruly() {
                log::debug!("connection ended: too many requests were taken back");
                return Poll::Ready(End::Cut);
            }
            // Looked at last, for it also has the timer set.
            let is_late = !is_closing && watch.poll(cx, options).is_ready();
            let is_used_up = streams.requests() >= options.stream_requests_max;
            if !is_closing
                && (is_late
                    || is_used_up
                    || Pin::new(&mut age).poll(cx).is_ready()
                    || drain.as_mut().poll(cx).is_ready())
            {
                is_closing = true;
                conn.as_mut().graceful_shutdown();
                // It has something to say now.
                cx.waker().wake_by_ref();
            }
            let is_idle = phase.due(options).is_some();
            if is_closing && is_idle != is_waited_for {
                is_waited_for = is_idle;
                patience = match is_idle {
                    true => Timer::after(Duration::from_millis(options.linger_ms.into())),
                    false => Timer::never(),
                };
            }
            Pin::new(&mut patience).poll(cx).map(|_| End::Cut)
        })
        .await
    };
    executor.run(conversation).await
}

fn builder(options: &EdgeOptions, tasks: Tasks) -> http2::Builder<Tasks> {
    let mut builder = http2::Builder::new(tasks);
    let head = u32::try_from(options.buffer_bytes()).unwrap_or(u32::MAX);
    builder
        .timer(SmolTimer::new())
        .max_concurrent_streams(options.streams_max)
        .max_pending_accept_reset_streams(RESETS_UNSEEN_MAX)
        .max_local_error_reset_streams(RESETS_OWN_MAX)
        // So that the edge says what was too large, as with HTTP/1.1.
        .max_header_list_size(head)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_MAX)
        // A client that is gone without a word has requests that wait for nobody.
        .keep_alive_interval(Duration::from_millis(u64::from(options.idle_ms / 2).max(1)))
        .keep_alive_timeout(Duration::from_millis(options.header_ms.into()));
    builder
}

/// The answer to a request beyond the cap.
fn too_many(options: &EdgeOptions) -> Answer {
    let (max, retry_after_s) = (options.connections_max, options.retry_after_s);
    let text = format!(
        "this machine is busy: {max} requests are being answered; try again in {retry_after_s} s"
    );
    let limit = Refusal {
        limit: "edge.connections",
        value: max as u64,
        used: (max as u64).saturating_add(1),
        remedy: "try again later, or raise it",
        retry_after_s: Some(retry_after_s),
        is_shared: true,
    };
    Answer {
        retry_after_s: Some(retry_after_s),
        ..Answer::new(StatusCode::SERVICE_UNAVAILABLE, text).limited(Stage::Connection, limit)
    }
}

/// The form that a request of HTTP/1.1 has: the authority is in `Host`, the target is a path, and there is
/// one `Cookie` (RFC 9113 §8.2.3, §8.3.1); no value has a blank around it. What does not fit is left as it is, for
/// the edge to refuse.
fn as_http1<B>(mut request: Request<B>) -> Request<B> {
    let (uri, headers) = (request.uri().clone(), request.headers_mut());
    for value in headers.values_mut() {
        let trimmed = value.as_bytes().trim_ascii();
        if trimmed.len() < value.len()
            && let Ok(trimmed) = HeaderValue::from_bytes(trimmed)
        {
            *value = trimmed;
        }
    }
    if let Some(authority) = uri.authority() {
        let says = |host: &HeaderValue| {
            let authority = authority.as_str().as_bytes();
            host.as_bytes().eq_ignore_ascii_case(authority)
        };
        // Another host beside the authority makes two of them.
        if !headers.get(header::HOST).is_some_and(says)
            && let Ok(host) = HeaderValue::from_str(authority.as_str())
        {
            headers.append(header::HOST, host);
        }
    }
    let mut cookies = headers.get_all(header::COOKIE).iter();
    if let (Some(_), Some(_)) = (cookies.next(), cookies.next()) {
        let crumbs: Vec<&[u8]> = headers
            .get_all(header::COOKIE)
            .iter()
            .map(HeaderValue::as_bytes)
            .collect();
        if let Ok(cookie) = HeaderValue::from_bytes(&crumbs.join(&b"; "[..])) {
            headers.insert(header::COOKIE, cookie);
        }
    }
    if let (Some("http" | "https"), Some(path)) = (uri.scheme_str(), uri.path_and_query()) {
        *request.uri_mut() = Uri::from(path.clone());
    }
    request
}

/// Runs the requests of a connection.
#[derive(Clone)]
struct Tasks {
    /// Its tasks hold this.
    executor: Weak<Executor<'static>>,
    /// What the request is called that is to be run next: hyper has the service called, and at once has
    /// run what comes of it.
    next: Arc<Mutex<Option<Arc<Phase>>>>,
    stall: Duration,
}

impl<F> hyper::rt::Executor<F> for Tasks
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, request: F) {
        let phase = self.next.lock().take();
        let Some(executor) = self.executor.upgrade() else {
            return;
        };
        let request = Watched {
            request: Box::pin(request),
            phase,
            stall: self.stall,
            timer: None,
        };
        executor.spawn(request).detach();
    }
}

/// A request that is given up when its client makes no room for the answer. That is a reset.
struct Watched<F> {
    request: Pin<Box<F>>,
    phase: Option<Arc<Phase>>,
    stall: Duration,
    /// It may go off earlier than needed: then it is set again.
    timer: Option<Timer>,
}

impl<F: Future<Output = ()>> Future for Watched<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        if this.request.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        loop {
            let stream = this.phase.as_ref().and_then(|phase| phase.stream());
            let Some(due) = stream.and_then(|stream| stream.due(this.stall)) else {
                return Poll::Pending;
            };
            let timer = this.timer.get_or_insert_with(|| Timer::at(due));
            match Pin::new(timer).poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(at) if at >= due => return Poll::Ready(()),
                Poll::Ready(_) => this.timer = None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(uri: &str, fields: &[(&str, &str)], target: &str, expect: &[(&str, &str)]) {
        let mut request = Request::get(uri);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let request = as_http1(request.body(()).unwrap());
        let fields: Vec<(&str, &str)> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        assert_eq!(request.uri().to_string(), target, "{uri}");
        assert_eq!(fields, expect, "{uri}");
    }

    #[test]
    fn requests_have_the_form_of_http_1() {
        check("https://h/a?b", &[], "/a?b", &[("host", "h")]);
        check("https://h", &[], "/", &[("host", "h")]);
        check("https://h:1/", &[("host", "H:1")], "/", &[("host", "H:1")]);
        // Refused as two hosts, as no host and as no scheme of ours.
        let two = [("host", "other"), ("host", "h")];
        check("https://h/", &[("host", "other")], "/", &two);
        check("/a", &[], "/a", &[]);
        check("ftp://h/", &[], "ftp://h/", &[("host", "h")]);
        check("/a", &[("host", "h")], "/a", &[("host", "h")]);
        let crumbs = [("host", "h"), ("cookie", "a=1"), ("cookie", "b=2; c=3")];
        let whole = [("host", "h"), ("cookie", "a=1; b=2; c=3")];
        check("/", &crumbs, "/", &whole);
        let (blanks, none) = (
            [("host", " h"), ("a", "\tb c ")],
            [("host", "h"), ("a", "b c")],
        );
        check("/", &blanks, "/", &none);
    }
}
