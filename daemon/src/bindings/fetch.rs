//! Subrequests: to other servers, to other Workers, to a Worker's own assets (spec: SEMANTICS
//! §20, §25). Who is asked differs; redirects, headers and errors are the same for all.

use super::dispatch::Call;
use super::forwarded;
use super::loader::{CLOSED, Network};
use super::services::{ServiceRequest, Services};
use super::sockets;
use super::url::Url;
use super::{Binding, Env, encode, undecodable};
use crate::assets::Assets;
use crate::engine::caller::Caller;
use crate::engine::invocation::{
    ByteStream, Entry, Props, Ray, Reply, ReplyBody, Request, RequestBody,
};
use crate::engine::limits::Failure;
use crate::engine::ops::{OpFailure, OpReply, OpResult, Started};
use crate::engine::pipe::pipe;
use crate::engine::socket::Speak;
use crate::engine::terms::{Interceptor, Terms};
use crate::outbound::decode::{Coding, decoded};
use crate::outbound::{self, Origin, Outbound, OutboundError, Reason, SendBody, Tenant};
use crate::websocket::SocketOptions;
use bytes::Bytes;
use futures_lite::{FutureExt, StreamExt, stream};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use postern_abi::OpErrorCode;
use postern_abi::fetch::{Fetch, FetchBody, Fetched, FetchedBody, Redirect, Target};
use postern_abi::http::Fields;
use postern_abi::limits::{CHUNK_MAX, HEADERS_MAX, PROPS_MAX};
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Redirects that are followed (spec: the field's fetch()).
const REDIRECTS_MAX: usize = 20;
/// How long a small answer's body may take to be handed over in one piece with its head.
const WHOLE_WITHIN: Duration = Duration::from_millis(4);

/// Who is asked.
enum Route {
    Internet(Outbound, Tenant),
    Service(Arc<dyn Services>, String, Entry),
    /// A user Worker.
    Dispatch(Box<Call>),
    /// Who takes what is asked of other servers.
    Intercepted(Arc<dyn Interceptor>),
    Assets(Arc<Assets>),
}

/// What is asked.
pub(super) struct Ask {
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    /// It asks for a WebSocket, for which this holds.
    pub upgrade: Option<SocketOptions>,
    /// Whether a user Worker asks, whose word on clients does not count.
    pub is_tenants: bool,
}

enum AskBody {
    None,
    Whole(Bytes),
    Stream(ByteStream, Option<u64>),
    /// It was a stream, and is used up.
    Spent,
}

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

/// [`Fetch`]
pub(super) fn start(env: &Env, argument: &[u8], caller: &Caller) -> Result<Started, OpFailure> {
    begin(env, argument, caller, None)
}

/// [`OpKind::SocketConnect`](postern_abi::OpKind::SocketConnect)
pub(super) fn connect(env: &Env, argument: &[u8], caller: &Caller) -> Result<Started, OpFailure> {
    begin(env, argument, caller, Some(env.sockets.clone()))
}

fn begin(
    env: &Env,
    argument: &[u8],
    caller: &Caller,
    upgrade: Option<SocketOptions>,
) -> Result<Started, OpFailure> {
    let (request, body): (Fetch<'_>, &[u8]) =
        postcard::take_from_bytes(argument).map_err(|_| undecodable("Fetch"))?;
    if upgrade.is_some() && request.body != FetchBody::None {
        return Err(undecodable("SocketConnect"));
    }
    let route = env.route(request.target, caller)?;
    let url = Url::parse(request.url)
        .ok_or_else(|| type_error(format!("Fetch API cannot load: {:.200}", request.url)))?;
    let method = Method::from_bytes(request.method.as_bytes())
        .ok()
        .filter(|method| *method != Method::CONNECT)
        .ok_or_else(|| {
            type_error(format!(
                "Invalid HTTP method string: {:.100}",
                request.method
            ))
        })?;
    let ask = Ask {
        method,
        url,
        headers: headers(&request.headers)?,
        upgrade,
        is_tenants: !env.is_trusted,
    };
    let redirect = request.redirect;
    let caller = caller.clone();
    let body = match request.body {
        FetchBody::None if body.is_empty() => AskBody::None,
        FetchBody::Whole => AskBody::Whole(Bytes::copy_from_slice(body)),
        FetchBody::Stream(len) if body.is_empty() => {
            let (pipe, reader) = pipe();
            let body = AskBody::Stream(Box::pin(reader), len);
            let going = follow(route, ask, body, redirect, caller);
            return Ok(Started::Piped(pipe, Box::pin(going)));
        }
        FetchBody::None | FetchBody::Stream(_) => return Err(undecodable("Fetch")),
    };
    let going = follow(route, ask, body, redirect, caller);
    Ok(Started::Later(Box::pin(going)))
}

impl Env {
    fn route(&self, target: Target<'_>, caller: &Caller) -> Result<Route, OpFailure> {
        match (target, &self.network) {
            (Target::Internet, Network::Closed) => {
                return Err(OpFailure::new(
                    OpErrorCode::Thrown,
                    format!("Error: {CLOSED}"),
                ));
            }
            (Target::Internet, Network::Service(services, script, entry)) => {
                let service = (services.clone(), script.clone(), entry.clone());
                return Ok(Route::service(service));
            }
            _ => {}
        }
        if let (Target::Internet, Some(interceptor)) = (target, caller.interceptor()) {
            return Ok(Route::Intercepted(interceptor.clone()));
        }
        match target {
            Target::Internet => match &self.outbound {
                Some(out) => Ok(Route::Internet(out.outbound.clone(), out.tenant.clone())),
                None => Err(OpFailure::new(
                    OpErrorCode::Unsupported,
                    "fetch() to other servers is switched off on this device",
                )),
            },
            Target::Binding(name) => match self.binding(name)? {
                Binding::Assets { assets, .. } => Ok(Route::Assets(assets.clone())),
                _ => self.service(target).map(Route::service),
            },
            Target::Own(..) | Target::Loaded(_) => self.service(target).map(Route::service),
            Target::Dispatch(ask) => self
                .dispatched(&ask)
                .map(|call| Route::Dispatch(Box::new(call))),
        }
    }

    /// The script that a target stands for, and how it is entered.
    pub(super) fn service(
        &self,
        target: Target<'_>,
    ) -> Result<(Arc<dyn Services>, String, Entry), OpFailure> {
        let none = |what: String| OpFailure::new(OpErrorCode::UnknownBinding, what);
        let Some(services) = &self.services else {
            return Err(none("there are no other Workers".to_owned()));
        };
        let (script, entry) = match target {
            Target::Binding(name) => match self.binding(name)? {
                Binding::Service { script, .. } => (script.clone(), Entry::default()),
                Binding::Entrypoint { script, entry, .. } => (script.clone(), entry.clone()),
                _ => return Err(none(format!("env.{name:.64} is not a service"))),
            },
            Target::Own(entrypoint, props) if props.len() <= PROPS_MAX => {
                let Some(own) = &self.own else {
                    return Err(none("the Worker has no entrypoints of its own".to_owned()));
                };
                let entry = Entry {
                    entrypoint: Some(entrypoint.to_owned()).filter(|name| name != "default"),
                    props: match props {
                        [] => Props::None,
                        props => Props::Own(Bytes::copy_from_slice(props)),
                    },
                    rpc: false,
                };
                (own.to_string(), entry)
            }
            Target::Own(_, props) => {
                return Err(OpFailure::new(
                    OpErrorCode::TooLarge,
                    format!(
                        "the props have {} bytes, the limit is {PROPS_MAX}",
                        props.len()
                    ),
                ));
            }
            Target::Loaded(asked) => return self.loaded(&asked),
            Target::Internet => return Err(none("the Internet is not a service".to_owned())),
            Target::Dispatch(_) => {
                return Err(none("a dispatch namespace is not a service".to_owned()));
            }
        };
        Ok((services.clone(), script, entry))
    }
}

/// A guest's header fields, without those that are the host's.
pub(super) fn headers(fields: &Fields<'_>) -> Result<HeaderMap, OpFailure> {
    let bytes: usize = fields
        .0
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    if bytes > HEADERS_MAX {
        return Err(OpFailure::new(
            OpErrorCode::TooLarge,
            format!("the request's header fields have {bytes} bytes, the limit is {HEADERS_MAX}"),
        ));
    }
    let mut headers = HeaderMap::with_capacity(fields.0.len().min(64));
    for (name, value) in &fields.0 {
        let parsed = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| type_error("Invalid header name.".to_owned()))?;
        if is_hosts(&parsed) {
            continue;
        }
        let value = HeaderValue::from_bytes(value)
            .map_err(|_| type_error("Invalid header value.".to_owned()))?;
        headers
            .try_append(parsed, value)
            .map_err(|_| type_error("Too many header fields.".to_owned()))?;
    }
    Ok(headers)
}

/// Fields that belong to a connection and not to what is said over it.
fn is_hop_by_hop(name: &HeaderName) -> bool {
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

/// What a guest may not say of a request.
fn is_hosts(name: &HeaderName) -> bool {
    is_hop_by_hop(name) || *name == header::HOST || *name == header::CONTENT_LENGTH
}

pub(super) fn type_error(message: String) -> OpFailure {
    OpFailure::new(OpErrorCode::Thrown, format!("TypeError: {message}"))
}

/// Asks, and asks again where the answer says so.
async fn follow(
    route: Route,
    mut ask: Ask,
    mut body: AskBody,
    redirect: Redirect,
    caller: Caller,
) -> OpResult {
    // Where it was asked before.
    let mut asked = Vec::new();
    loop {
        let sent = match &mut body {
            AskBody::Whole(bytes) => AskBody::Whole(bytes.clone()),
            body @ AskBody::Stream(..) => std::mem::replace(body, AskBody::Spent),
            AskBody::None | AskBody::Spent => AskBody::None,
        };
        let answer = route
            .send(&mut ask, sent, &caller, redirect != Redirect::Follow)
            .await?;
        let redirects = matches!(answer.status.as_u16(), 301 | 302 | 303 | 307 | 308);
        let location = answer.headers.get(header::LOCATION);
        let (true, Some(location)) = (redirects, location) else {
            let at = if asked.is_empty() {
                ""
            } else {
                ask.url.as_str()
            };
            return finish(answer, &ask.method, at).await;
        };
        match redirect {
            Redirect::Manual => return finish(answer, &ask.method, "").await,
            Redirect::Error => {
                return Err(type_error(format!(
                    "The answer of {:.200} redirects, and the request's redirect mode is \"error\".",
                    ask.url.as_str()
                )));
            }
            Redirect::Follow => {}
        }
        asked.push(ask.url.as_str().to_owned());
        if asked.len() > REDIRECTS_MAX {
            // The addresses come right behind the text, as the field has it.
            let mut message = format!("Too many redirects.{}", asked.join(", "));
            message.truncate(message.floor_char_boundary(4096));
            return Err(type_error(message));
        }
        let next = location
            .to_str()
            .ok()
            .and_then(|location| ask.url.join(location));
        let Some(next) = next else {
            return Err(type_error(
                "Invalid Location header; unable to follow redirect.".to_owned(),
            ));
        };
        if answer.status != StatusCode::SEE_OTHER && matches!(body, AskBody::Spent) {
            return Err(type_error(
                "A request with a one-time-use body (it was initialized from a stream, not a \
                 buffer) encountered a redirect requiring the body to be retransmitted. To avoid \
                 this error in the future, construct this request from a buffer-like body \
                 initializer."
                    .to_owned(),
            ));
        }
        let is_post = ask.method == Method::POST;
        let to_get = match answer.status.as_u16() {
            301 | 302 => is_post,
            303 => ask.method != Method::HEAD,
            _ => false,
        };
        if to_get {
            ask.method = Method::GET;
            body = AskBody::None;
        }
        caller.subrequest()?;
        ask.url = next;
    }
}

impl Route {
    fn service((services, script, entry): (Arc<dyn Services>, String, Entry)) -> Self {
        Self::Service(services, script, entry)
    }

    /// `is_last`: it is not asked again, whatever the answer is.
    async fn send(
        &self,
        ask: &mut Ask,
        body: AskBody,
        caller: &Caller,
        is_last: bool,
    ) -> Result<Answer, OpFailure> {
        match self {
            // In a box, so that those who wait for another Worker do not hold room for it.
            Self::Internet(outbound, tenant) => {
                let going = async {
                    let _place = caller.connection().await;
                    match &ask.upgrade {
                        Some(options) => sockets::ask(outbound, tenant, ask, options, caller).await,
                        None => internet(outbound, tenant, ask, body, caller).await,
                    }
                };
                Box::pin(going).await
            }
            Self::Service(services, script, entry) => {
                let terms = Terms {
                    interceptor: caller.interceptor().cloned(),
                    ..Terms::default()
                };
                let mut request = ask.of_service(body, caller, terms, is_last)?;
                if ask.is_tenants {
                    forwarded::restore(&mut request.headers, &request.chain);
                }
                let answering = if *entry == Entry::default() {
                    services.fetch(script, request)
                } else {
                    services.enter(script, entry.clone(), request)
                };
                answered_by_worker(answering.await)
            }
            Self::Dispatch(call) => {
                let terms = call.terms(caller);
                let mut request = ask.of_service(body, caller, terms, is_last)?;
                if ask.is_tenants {
                    forwarded::restore(&mut request.headers, &request.chain);
                }
                let answering = call
                    .services
                    .dispatch(call.namespace, &call.script, None, request);
                match answering.await {
                    Some(Err(failure)) if call.hides_exceptions => {
                        log::debug!(target: "bindings", "a user Worker failed: {failure}");
                        Ok(Answer {
                            status: StatusCode::INTERNAL_SERVER_ERROR,
                            reason: String::new(),
                            headers: HeaderMap::new(),
                            body: AnswerBody::Whole(Bytes::new()),
                        })
                    }
                    other => answered_by_worker(other),
                }
            }
            Self::Intercepted(interceptor) => {
                // As many at a time as there could be to other servers.
                let _place = caller.connection().await;
                let mut request = ask.of_service(body, caller, Terms::default(), is_last)?;
                if ask.is_tenants {
                    forwarded::silence(&mut request.headers);
                }
                let answering = interceptor.fetch(Request {
                    ray: Ray(0),
                    chain: Some(request.chain),
                    origin: None,
                    terms: None,
                    method: request.method,
                    url: request.url,
                    headers: request.headers,
                    body: request.body,
                    upgrade: request.upgrade,
                    handler: None,
                });
                match answering.await {
                    // Not to be taken for a user Worker that is missing.
                    None => Err(OpFailure::new(
                        OpErrorCode::Thrown,
                        "Error: The outbound Worker is not found.",
                    )),
                    answer => answered_by_worker(answer),
                }
            }
            Self::Assets(assets) => {
                let reply = assets.fetch(&ask.method, ask.url.as_str(), &ask.headers);
                let reply = reply.await.map_err(|error| {
                    log::error!("an asset cannot be read: {error}");
                    OpFailure::new(OpErrorCode::Internal, "the asset cannot be read")
                })?;
                Ok(replied(reply))
            }
        }
    }
}

impl Ask {
    /// The request as another Worker gets it; with the header fields themselves if it `is_last`.
    fn of_service(
        &mut self,
        body: AskBody,
        caller: &Caller,
        terms: Terms,
        is_last: bool,
    ) -> Result<ServiceRequest, OpFailure> {
        let mut headers = if is_last {
            std::mem::take(&mut self.headers)
        } else {
            self.headers.clone()
        };
        if self.upgrade.is_some() {
            // There is no connection on the way that it would belong to.
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        }
        Ok(ServiceRequest {
            chain: caller.invoke()?,
            terms,
            method: self.method.clone(),
            url: self.url.as_str().to_owned(),
            headers,
            body: match body {
                AskBody::Whole(bytes) => RequestBody::Whole(bytes),
                AskBody::Stream(source, len) => RequestBody::Stream { len, source },
                AskBody::None | AskBody::Spent => RequestBody::Empty,
            },
            upgrade: self.upgrade.is_some(),
        })
    }
}

fn answered_by_worker(answer: Option<Result<Reply, Failure>>) -> Result<Answer, OpFailure> {
    match answer {
        Some(Ok(reply)) => Ok(replied(reply)),
        Some(Err(failure)) => Err(thrown(failure)),
        None => Err(OpFailure::new(
            OpErrorCode::Thrown,
            "Error: Worker not found.",
        )),
    }
}

/// What is asked, as HTTP has it, and who.
pub(super) fn request(
    ask: &Ask,
    body: SendBody,
) -> Result<(Origin, http::Request<SendBody>), OpFailure> {
    let mut request = http::Request::new(body);
    *request.method_mut() = ask.method.clone();
    *request.uri_mut() = ask
        .url
        .target()
        .parse()
        .map_err(|_| type_error(format!("Fetch API cannot load: {:.200}", ask.url.as_str())))?;
    let headers = request.headers_mut();
    headers.clone_from(&ask.headers);
    if let Ok(host) = HeaderValue::from_str(ask.url.authority()) {
        headers.insert(header::HOST, host);
    }
    let origin = Origin {
        host: ask.url.host().to_owned(),
        port: ask.url.port(),
        is_tls: ask.url.is_https(),
    };
    Ok((origin, request))
}

async fn internet(
    outbound: &Outbound,
    tenant: &Tenant,
    ask: &Ask,
    body: AskBody,
    caller: &Caller,
) -> Result<Answer, OpFailure> {
    let body = match body {
        AskBody::Whole(bytes) => SendBody::Whole(bytes),
        AskBody::Stream(source, len) => SendBody::Stream(source, len),
        AskBody::None | AskBody::Spent => SendBody::Empty,
    };
    let (origin, mut request) = request(ask, body)?;
    forwarded::mark(request.headers_mut(), caller.chain(), outbound.zone());
    let bodiless = matches!(ask.method, Method::GET | Method::HEAD);
    if !bodiless && matches!(request.body(), SendBody::Empty) {
        request
            .headers_mut()
            .insert(header::CONTENT_LENGTH, 0.into());
    }
    let answer = outbound
        .send(tenant, &origin, request)
        .await
        .map_err(lost)?;
    Ok(answered(answer))
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
    log::debug!(target: "outbound", "a subrequest failed: {error}");
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

fn replied(reply: Reply) -> Answer {
    Answer {
        status: reply.status,
        reason: String::new(),
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
    let is_head = *method == Method::HEAD;
    let (kind, body, stream) = match answer.body {
        AnswerBody::Socket(speak) => {
            socket = Some(speak);
            (FetchedBody::None, Bytes::new(), None)
        }
        _ if matches!(answer.status.as_u16(), 101 | 204 | 304) => {
            (FetchedBody::None, Bytes::new(), None)
        }
        _ if is_head => (FetchedBody::Whole, Bytes::new(), None),
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
            let failure = if error.kind() == io::ErrorKind::InvalidData {
                type_error(error.to_string())
            } else {
                log::debug!(target: "outbound", "an answer broke off: {error}");
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
    let mut late = async_io::Timer::after(WHOLE_WITHIN);
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
