//! One request and its answer.

use super::answer::Answer;
use super::body::Body;
use super::connection::{Line, Upgraded};
use super::fields;
use super::handshake::Handshake;
use super::mount::Mount;
use super::options::{HOPS_MAX, Scheme};
use super::rest::Worth;
use super::routing::Miss;
use super::server::Place;
use super::target;
use super::test_route::{self, TestRoute};
use super::upload::{Bounds, Faults, Upload};
use super::worker::{Entrance, Routes, Serve};
use crate::catalog::entrances::Address;
use crate::engine::invocation::{Ray, Reply, ReplyBody, Request, RequestBody};
use crate::engine::refusal::{Refusal, Stage};
use crate::engine::socket::Socket;
use crate::engine::terms::Origin;
use crate::engine::timing::Timing;
use http::header::{self, HeaderValue};
use http::{Method, Response, StatusCode, Version, request};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::ext::ReasonPhrase;
use hyper::upgrade::OnUpgrade;
use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::future::poll_fn;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// What is needed to run a request.
struct Prepared<W> {
    worker: W,
    mount: Option<Mount>,
    asks: Asks,
    /// Where the engine leaves where the time went, if the answer is to tell it.
    timing: Option<Arc<OnceLock<Timing>>>,
}

/// What is asked of the Worker.
// Nearly all are requests; a box would cost each of them an allocation.
#[allow(clippy::large_enum_variant)]
enum Asks {
    Request(Request, Option<Faults>),
    Test(TestRoute),
}

/// What the answer must know of the request.
struct Asked {
    head: bool,
    version: Version,
    name: Ray,
    ray: HeaderValue,
    upgrade: Option<Upgrade>,
}

/// A request for a WebSocket.
struct Upgrade {
    handshake: Handshake,
    /// The connection, once it is no longer HTTP's.
    connection: OnUpgrade,
}

/// Answers a request.
pub async fn run<R: Routes>(
    line: Arc<Line<R>>,
    mut request: http::Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    line.phase.request_starts();
    let ray = line.edge.rays.next();
    let upgrade = Handshake::of(request.method(), request.version(), request.headers())
        .filter(|_| request.body().is_end_stream())
        .map(|handshake| Upgrade {
            handshake,
            connection: hyper::upgrade::on(&mut request),
        });
    let (parts, incoming) = request.into_parts();
    let asked = Asked {
        head: parts.method == Method::HEAD,
        version: parts.version,
        name: ray,
        ray: ray_value(ray),
        upgrade,
    };
    let phase = line.phase.clone();
    let version = asked.version;
    let upgrades = asked.upgrade.is_some();
    let result = match prepare(&line, parts, incoming, ray, &asked.ray, upgrades) {
        Ok(mut prepared) => {
            let (mount, timing) = (prepared.mount.take(), prepared.timing.take());
            let reply = answer(&line, prepared, ray).await;
            if let Err(answer) = &reply {
                line.edge.note(ray, answer, "");
            }
            reply.map(|mut reply| {
                if let Some(mount) = mount {
                    mount.apply(&mut reply.headers);
                }
                if let Some(timing) = timing.as_ref().and_then(|it| it.get()) {
                    fields::tell_timing(&mut reply.headers, timing);
                }
                reply
            })
        }
        Err(answer) => Err(answer),
    };
    let mut response = match result {
        Ok(reply) => respond(&line, reply, asked),
        Err(answer) => {
            if !answer.status.is_success() {
                line.edge.figures.answered_by_edge(answer.status);
            }
            answer.into_response(asked.ray, phase)
        }
    };
    if let Some(hsts) = &line.edge.options.hsts
        && line.transport.is_secure()
    {
        let headers = response.headers_mut();
        if !headers.contains_key(header::STRICT_TRANSPORT_SECURITY) {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, hsts.clone());
        }
    }
    if response.headers().contains_key(header::CONNECTION) {
        line.phase.give_up_rest();
    } else if line.phase.has_unread_body() {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    if !response.body().is_stream() {
        poll_fn(|cx| line.phase.poll_may_end(cx)).await;
    }
    if version == Version::HTTP_2 {
        // Where one answer ends and the next begins is never in doubt (RFC 9113 §8.2.2).
        response.headers_mut().remove(header::CONNECTION);
    }
    Ok(response)
}

/// Answers a request that goes no further.
#[cfg(feature = "http2")]
pub fn refuse<R: Routes>(line: &Line<R>, answer: Answer) -> Response<Body> {
    let ray = line.edge.rays.next();
    line.edge.note(ray, &answer, "");
    line.edge.figures.answered_by_edge(answer.status);
    let answer = Answer {
        close: false,
        ..answer
    };
    answer.into_response(ray_value(ray), line.phase.clone())
}

async fn answer<R: Routes>(
    line: &Line<R>,
    prepared: Prepared<R::Worker>,
    ray: Ray,
) -> Result<Reply, Answer> {
    let (request, faults) = match prepared.asks {
        Asks::Request(request, faults) => (request, faults),
        Asks::Test(route) => return Ok(route.run(&prepared.worker, ray).await),
    };
    let error = match prepared.worker.serve(request).await {
        Ok(reply) => {
            line.standing.known();
            return Ok(reply);
        }
        Err(error) => error,
    };
    // If the client is to blame, the Worker's failure is only the consequence.
    if let Some(fault) = faults.and_then(|faults| faults.get()) {
        let options = &line.edge.options;
        let used = options.request_body_bytes_max.saturating_add(1);
        return Err(Answer::fault(fault, options, used));
    }
    if let crate::engine::limits::Failure::Internal(reason) = &error {
        log::error!("ray {ray}: internal error: {reason}");
    }
    Err(Answer::failure(&error))
}

/// From hyper's request to the engine's, or to an answer that needs no Worker.
fn prepare<R: Routes>(
    line: &Arc<Line<R>>,
    mut parts: request::Parts,
    incoming: Incoming,
    ray: Ray,
    ray_value: &HeaderValue,
    upgrades: bool,
) -> Result<Prepared<R::Worker>, Answer> {
    let has_body = !incoming.is_end_stream();
    let version = parts.version;
    let worth = Worth::of(version, &parts.headers);
    let prepared = prepare_head(line, &mut parts, &incoming, ray_value, upgrades);
    let (worker, mount, (method, url, headers, hops, handler)) = match prepared {
        Ok((worker, mount, Wanted::Answer(method, url, headers, hops, handler))) => {
            (worker, mount, (method, url, headers, hops, handler))
        }
        Ok((worker, mount, Wanted::Test(route))) => {
            if has_body {
                line.phase.leave(incoming, worth);
            }
            let asks = Asks::Test(route);
            return Ok(Prepared {
                worker,
                mount,
                asks,
                timing: None,
            });
        }
        Err(answer) => {
            if has_body {
                line.phase.leave(incoming, worth);
            }
            // What was answered as it should be needs no explaining.
            if !answer.status.is_success() {
                line.edge.note(ray, &answer, &asked_for(&parts));
            }
            return Err(answer);
        }
    };
    let (body, faults) = if has_body {
        let options = &line.edge.options;
        let bounds = Bounds {
            bytes: options.request_body_bytes_max,
            stall: Duration::from_millis(options.body_stall_ms.into()),
            total: Duration::from_millis(options.body_total_ms.into()),
        };
        let len = incoming.size_hint().exact();
        let (upload, faults) = Upload::new(incoming, line.phase.clone(), bounds, worth);
        let source = Box::pin(upload);
        (RequestBody::Stream { len, source }, Some(faults))
    } else {
        (RequestBody::Empty, None)
    };
    let timing = line.edge.options.server_timing.then(Arc::default);
    let request = Request {
        ray,
        chain: None,
        origin: Some(Box::new(Origin {
            place: line.edge.options.place.clone(),
            protocol: match version {
                Version::HTTP_10 => "HTTP/1.0",
                Version::HTTP_2 => "HTTP/2",
                _ => "HTTP/1.1",
            },
            accept_encoding: headers.get(header::ACCEPT_ENCODING).cloned(),
            client: line.client.clone(),
            ray: ray_value.clone(),
            scheme: line.scheme().as_str(),
            tls: line.transport.facts(),
            hops,
            timing: timing.clone(),
        })),
        terms: None,
        method,
        url,
        headers,
        body,
        upgrade: upgrades && handler.is_none(),
        handler,
    };
    let asks = Asks::Request(request, faults);
    Ok(Prepared {
        worker,
        mount,
        asks,
        timing,
    })
}

/// What a request was for, as far as it can be told of one that was refused.
fn asked_for(parts: &request::Parts) -> String {
    let host = parts.headers.get(header::HOST);
    let host = host.map(|host| String::from_utf8_lossy(host.as_bytes()));
    format!("{}{}", host.unwrap_or_default(), parts.uri.path())
}

/// What a request's head wants of its Worker.
enum Wanted {
    Answer(Method, String, http::HeaderMap, u16, Option<&'static str>),
    Test(TestRoute),
}

fn prepare_head<R: Routes>(
    line: &Line<R>,
    parts: &mut request::Parts,
    incoming: &Incoming,
    ray: &HeaderValue,
    upgrades: bool,
) -> Result<(R::Worker, Option<Mount>, Wanted), Answer> {
    let request::Parts {
        method,
        uri,
        headers,
        ..
    } = parts;
    let options = &line.edge.options;
    fields::check(headers, options)?;
    let hops = fields::hops(headers);
    if hops >= HOPS_MAX {
        return Err(Answer::new(StatusCode::LOOP_DETECTED, "error code: 1019"));
    }
    let destination = target::destination(method, uri, headers)?;
    target::resolve(uri)?;
    let host = &destination.host;
    // Before anything leads elsewhere: who issues certificates looks here, over plain HTTP, while one is asked for.
    if line.scheme() == Scheme::Http
        && matches!(*method, Method::GET | Method::HEAD)
        && let Some(answer) = line.edge.challenge(uri.path())
    {
        return Err(Answer::proof(answer));
    }
    if options.redirects && line.scheme() == Scheme::Http && !line.is_own {
        let path = uri.path_and_query().map_or("/", |it| it.as_str());
        return Err(Answer::elsewhere(
            method,
            host.name(),
            line.edge.https_port(),
            path,
        ));
    }

    let entrance = line.edge.routes.entrance(&Address {
        is_https: line.scheme() == Scheme::Https,
        host: host.name(),
        path: uri.path(),
        has_query: uri.query().is_some(),
    });
    let router = line.edge.router();
    let (worker, path) = match entrance {
        Entrance::Worker(worker) => (Some(worker), uri.path()),
        Entrance::Missing => (None, uri.path()),
        Entrance::Elsewhere => {
            let route = router.route(host, uri.path(), headers).map_err(|miss| {
                if let Miss::Table(error) = &miss {
                    log::error!("{error}");
                }
                Answer::miss(&miss, options.retry_after_s)
            })?;
            let routes = &line.edge.routes;
            let script = route.script.as_str();
            let worker = match routes.worker(route.namespace.as_str(), script) {
                None if route.by_path => routes.by_path(script),
                found => found,
            };
            (worker, route.path)
        }
    };
    let url = target::url(line.scheme(), host, path, uri.query());
    // The target as sent counts too: a stripped segment does not make a long one short.
    let target_len = uri.path().len() + uri.query().map_or(0, |query| query.len() + 1);
    let len = url.len().max(target_len);
    if len > options.url_bytes_max {
        return Err(Answer::new(
            StatusCode::URI_TOO_LONG,
            format!(
                "the URL has {len} bytes, the limit is {}",
                options.url_bytes_max
            ),
        )
        .limited(
            Stage::Head,
            Refusal {
                limit: "edge.url-bytes",
                value: options.url_bytes_max as u64,
                used: len as u64,
                remedy: "raise it, or ask with less",
                retry_after_s: None,
                is_shared: false,
            },
        ));
    }
    let worker = worker.ok_or_else(|| Answer::miss(&Miss::Worker, options.retry_after_s))?;
    if options.test_routes
        && *method == Method::GET
        && let Some(test) = TestRoute::find(path, uri.query())
    {
        return Ok((worker, None, Wanted::Test(test)));
    }
    let handler = match options.test_routes && *method == Method::POST {
        true => test_route::handler(path),
        false => None,
    };
    let mount = Mount::of(uri, path);
    let limit = options.request_body_bytes_max;
    let lower = incoming.size_hint().lower();
    if lower > limit {
        let fault = super::upload::Fault::TooLarge;
        return Err(Answer::fault(fault, options, lower));
    }

    fields::to_worker(
        headers,
        ray.clone(),
        &line.client,
        line.scheme().as_str(),
        upgrades,
    );
    if destination.absolute
        && let Ok(value) = HeaderValue::from_str(&host.to_string())
    {
        headers.insert(header::HOST, value);
    }
    let (method, headers) = (std::mem::take(method), std::mem::take(headers));
    Ok((
        worker,
        mount,
        Wanted::Answer(method, url, headers, hops, handler),
    ))
}

/// From the engine's reply to hyper's.
fn respond<R: Routes>(line: &Line<R>, reply: Reply, asked: Asked) -> Response<Body> {
    let phase = line.phase.clone();
    let Reply {
        status,
        reason,
        mut headers,
        body,
    } = reply;
    if let ReplyBody::Socket(socket) = body {
        return switch(line, headers, socket, asked);
    }
    if !(200..600).contains(&status.as_u16()) {
        // The engine promises not to; a status like 101 would leave HTTP.
        return Answer::new(StatusCode::INTERNAL_SERVER_ERROR, "error code: 1101")
            .into_response(asked.ray, phase);
    }
    fields::from_worker(&mut headers, asked.ray);
    let len = match headers.contains_key(header::CONTENT_LENGTH) {
        true => fields::take_content_length(&mut headers),
        false => None,
    };
    let bodiless = matches!(
        status,
        StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED
    );
    let body = if bodiless {
        Body::empty(phase)
    } else if asked.head {
        // What a GET would have: the Worker's word, or else the body that it gave anyway.
        let len = len.or(match &body {
            ReplyBody::Whole(bytes) if !bytes.is_empty() => Some(bytes.len() as u64),
            _ => None,
        });
        if let Some(len) = len {
            headers.insert(header::CONTENT_LENGTH, len.into());
        }
        Body::empty(phase)
    } else {
        match body {
            ReplyBody::Whole(bytes) => Body::whole(bytes, phase),
            ReplyBody::Stream(chunks) => {
                let closes = asked.version < Version::HTTP_11 && len.is_none();
                Body::stream(chunks, len, closes, phase)
            }
            // Answered above.
            ReplyBody::Socket(_) => Body::empty(phase),
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    if let Some(phrase) = phrase(status, reason) {
        response.extensions_mut().insert(phrase);
    }
    response
}

/// What stands behind the status, where it is not what hyper writes there itself: the Worker's words, or
/// what kind of status it is.
fn phrase(status: StatusCode, reason: Option<Box<str>>) -> Option<ReasonPhrase> {
    let text = match reason {
        Some(reason) if status.canonical_reason() == Some(&*reason) => return None,
        Some(reason) => Cow::Owned(String::from(reason)),
        // Which the field writes otherwise.
        None if status == StatusCode::NON_AUTHORITATIVE_INFORMATION => {
            Cow::Borrowed("Non-Authoritative Information")
        }
        None if status.canonical_reason().is_some() && status != StatusCode::TOO_EARLY => {
            return None;
        }
        None => Cow::Borrowed(match status.as_u16() / 100 {
            2 => "Successful",
            3 => "Redirection",
            4 => "Client Error",
            _ => "Server Error",
        }),
    };
    ReasonPhrase::try_from(text.as_bytes()).ok()
}

/// Answers with a WebSocket, which the connection becomes when hyper has sent the answer.
fn switch<R: Routes>(
    line: &Line<R>,
    mut headers: http::HeaderMap,
    socket: Socket,
    asked: Asked,
) -> Response<Body> {
    let phase = line.phase.clone();
    fields::from_worker(&mut headers, asked.ray.clone());
    let Some(upgrade) = asked.upgrade else {
        // The engine gives a socket only to who asked for one.
        return Answer::new(StatusCode::INTERNAL_SERVER_ERROR, "error code: 1101")
            .into_response(asked.ray, phase);
    };
    let Some(place) = Place::of_socket(&line.edge) else {
        let options = &line.edge.options;
        line.edge
            .figures
            .answered_by_edge(StatusCode::SERVICE_UNAVAILABLE);
        let max = options.sockets_max as u64;
        let limit = Refusal {
            limit: "websocket.connections",
            value: max,
            used: max.saturating_add(1),
            remedy: "try again later, or raise it",
            retry_after_s: Some(options.retry_after_s),
            is_shared: true,
        };
        let answer = Answer {
            retry_after_s: Some(options.retry_after_s),
            ..Answer::new(
                StatusCode::SERVICE_UNAVAILABLE,
                format!("{max} WebSockets are open, the limit"),
            )
            .limited(Stage::Upgrade, limit)
        };
        line.edge.note(asked.name, &answer, "");
        return answer.into_response(asked.ray, phase);
    };
    if let Err(answer) = upgrade.handshake.accept(&mut headers) {
        line.edge.figures.answered_by_edge(answer.status);
        let answer = answer.at(Stage::Upgrade);
        line.edge.note(asked.name, &answer, "");
        return answer.into_response(asked.ray, phase);
    }
    line.phase.leaves_http();
    *line.upgraded.lock() = Some(Upgraded {
        connection: upgrade.connection,
        socket,
        place,
    });
    let mut response = Response::new(Body::empty(phase));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    *response.headers_mut() = headers;
    response
}

fn ray_value(ray: Ray) -> HeaderValue {
    let mut text: heapless::String<16> = heapless::String::new();
    // 16 digits fit, and digits are a header's value.
    let _ = write!(text, "{ray}");
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("0"))
}
