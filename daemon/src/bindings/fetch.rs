//! Subrequests: to other servers, to other Workers, to a Worker's own assets (spec: SEMANTICS
//! §20, §25). Who is asked differs; redirects, headers and errors are the same for all.

use super::answer::{
    Answer, AnswerBody, answered, answered_by_worker, finish, is_hop_by_hop, lost, replied,
};
use super::caching::Caching;
use super::dispatch::Call;
use super::forwarded;
use super::loader::{CLOSED, Network};
use super::services::{ServiceRequest, Services};
use super::sockets;
use super::traffic;
use super::url::Url;
use super::{Binding, Env, undecodable};
use crate::assets::Assets;
use crate::engine::caller::Caller;
use crate::engine::invocation::{ByteStream, Entry, Props, Ray, Request, RequestBody, field_value};
use crate::engine::ops::{OpFailure, OpResult, Started};
use crate::engine::pipe::pipe;
use crate::engine::terms::{Interceptor, Terms};
use crate::outbound::{Origin, Outbound, SendBody, Tenant};
use crate::websocket::SocketOptions;
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use postern_abi::OpErrorCode;
use postern_abi::fetch::{Fetch, FetchBody, Redirect, Target};
use postern_abi::http::Fields;
use postern_abi::limits::{HEADERS_MAX, PROPS_MAX};
use std::sync::Arc;

/// Redirects that are followed (spec: the field's fetch()).
const REDIRECTS_MAX: usize = 20;

/// Who is asked.
pub(super) enum Route {
    Internet(Outbound, Tenant),
    Service {
        services: Arc<dyn Services>,
        script: String,
        entry: Entry,
        /// Whether it is the caller itself.
        is_same: bool,
    },
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

pub(super) enum AskBody {
    None,
    Whole(Bytes),
    Stream(ByteStream, Option<u64>),
    /// It was a stream, and is used up.
    Spent,
}

/// What is asked, of whom, and by whom.
struct Asking {
    route: Route,
    ask: Ask,
    body: AskBody,
    redirect: Redirect,
    caller: Caller,
    caching: Option<Box<Caching>>,
}

/// [`Fetch`]
pub(super) fn start(env: &Env, argument: &[u8], caller: &Caller) -> Result<Started, OpFailure> {
    begin(env, argument, caller, None, None)
}

/// [`OpKind::FetchCached`](postern_abi::OpKind::FetchCached)
pub(super) fn start_cached(
    env: &Env,
    argument: &[u8],
    caller: &Caller,
) -> Result<Started, OpFailure> {
    let (asked, argument) =
        postcard::take_from_bytes(argument).map_err(|_| undecodable("FetchCached"))?;
    let caching = Caching::new(env.caches.as_ref(), &asked)?;
    begin(env, argument, caller, None, Some(Box::new(caching)))
}

/// [`OpKind::SocketConnect`](postern_abi::OpKind::SocketConnect)
pub(super) fn connect(env: &Env, argument: &[u8], caller: &Caller) -> Result<Started, OpFailure> {
    begin(env, argument, caller, Some(env.sockets.clone()), None)
}

fn begin(
    env: &Env,
    argument: &[u8],
    caller: &Caller,
    upgrade: Option<SocketOptions>,
    caching: Option<Box<Caching>>,
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
    let (body, pipe) = match request.body {
        FetchBody::None if body.is_empty() => (AskBody::None, None),
        FetchBody::Whole => (AskBody::Whole(Bytes::copy_from_slice(body)), None),
        FetchBody::Stream(len) if body.is_empty() => {
            let (pipe, reader) = pipe();
            (AskBody::Stream(Box::pin(reader), len), Some(pipe))
        }
        FetchBody::None | FetchBody::Stream(_) => return Err(undecodable("Fetch")),
    };
    // In a box: a future holds what it is given twice.
    let going = Box::pin(follow(Box::new(Asking {
        route,
        ask,
        body,
        redirect: request.redirect,
        caller: caller.clone(),
        caching,
    })));
    Ok(match pipe {
        Some(pipe) => Started::Piped(pipe, going),
        None => Started::Later(going),
    })
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
                return Ok(Route::service(self, service));
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
                _ => self.service(target).map(|it| Route::service(self, it)),
            },
            Target::Own(..) | Target::Loaded(_) => {
                self.service(target).map(|it| Route::service(self, it))
            }
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
                    outside: false,
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
        // `Headers` takes these, as the field has it, and no message can hold them.
        if name.is_empty() || !name.is_ascii() {
            continue;
        }
        let parsed = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| type_error("Invalid header name.".to_owned()))?;
        if is_hosts(&parsed) {
            continue;
        }
        let value =
            field_value(value).ok_or_else(|| type_error("Invalid header value.".to_owned()))?;
        headers
            .try_append(parsed, value)
            .map_err(|_| type_error("Too many header fields.".to_owned()))?;
    }
    Ok(headers)
}

/// What a guest may not say of a request.
fn is_hosts(name: &HeaderName) -> bool {
    is_hop_by_hop(name) || *name == header::HOST || *name == header::CONTENT_LENGTH
}

pub(super) fn type_error(message: String) -> OpFailure {
    OpFailure::new(OpErrorCode::Thrown, format!("TypeError: {message}"))
}

/// Where an answer leads, with bytes that are not ASCII in percent-encoding.
fn spelt_out(location: &HeaderValue) -> String {
    let mut text = String::with_capacity(location.len());
    for byte in location.as_bytes() {
        match byte.is_ascii() {
            true => text.push(char::from(*byte)),
            false => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

/// Asks, and asks again where the answer says so.
async fn follow(mut asking: Box<Asking>) -> OpResult {
    let Asking {
        route,
        ask,
        body,
        redirect,
        caller,
        caching,
    } = &mut *asking;
    let redirect = *redirect;
    // Where it was asked before.
    let mut asked = Vec::new();
    loop {
        let sent = match body {
            AskBody::Whole(bytes) => AskBody::Whole(bytes.clone()),
            AskBody::Stream(..) => std::mem::replace(body, AskBody::Spent),
            AskBody::None | AskBody::Spent => AskBody::None,
        };
        let is_last = redirect != Redirect::Follow;
        let answer = match caching {
            None => route.send(ask, sent, caller, is_last).await?,
            Some(caching) => {
                // In a box, so that those without it hold no room for it.
                let asking = caching.send(route, ask, sent, caller, is_last, asked.len());
                Box::pin(asking).await?
            }
        };
        let redirects = matches!(answer.status.as_u16(), 301 | 302 | 303 | 307 | 308);
        // An empty one leads nowhere.
        let location = answer.headers.get(header::LOCATION);
        let location = location.filter(|place| !place.is_empty());
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
        let Some(next) = ask.url.join(&spelt_out(location)) else {
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
            *body = AskBody::None;
        }
        // What the one may know of who asks is not the other's.
        if next.origin() != ask.url.origin() {
            ask.headers.remove(header::AUTHORIZATION);
        }
        caller.subrequest()?;
        ask.url = next;
    }
}

impl Route {
    fn service(env: &Env, (services, script, entry): (Arc<dyn Services>, String, Entry)) -> Self {
        Self::Service {
            is_same: !entry.outside && env.is_same(&script),
            services,
            script,
            entry,
        }
    }

    /// `is_last`: it is not asked again, whatever the answer is.
    pub(super) async fn send(
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
            Self::Service {
                services,
                script,
                entry,
                is_same,
            } => {
                let terms = caller.terms(*is_same);
                let answering = ask
                    .of_service(body, caller, terms, is_last)
                    .map(|request| {
                        if *entry == Entry::default() {
                            services.fetch(script, request)
                        } else {
                            services.enter(script, entry.clone(), request)
                        }
                    })?;
                answered_by_worker(answering.await)
            }
            Self::Dispatch(call) => {
                let terms = call.terms(caller);
                let services = &call.services;
                let answering = ask
                    .of_service(body, caller, terms, is_last)
                    .map(|request| {
                        services.dispatch(call.namespace, &call.script, None, request)
                    })?;
                match answering.await {
                    Some(Err(failure)) if call.hides_exceptions => {
                        log::debug!("a user Worker failed: {failure}");
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
                let answering = ask.intercepted(body, caller, is_last)?;
                let answering = interceptor.fetch(answering);
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
        let mut request = self.handed_on(body, caller, terms, is_last)?;
        if self.is_tenants {
            forwarded::restore(&mut request.headers, &request.chain);
        }
        Ok(request)
    }

    /// The request as who takes it in another server's place gets it.
    fn intercepted(
        &mut self,
        body: AskBody,
        caller: &Caller,
        is_last: bool,
    ) -> Result<Request, OpFailure> {
        let mut request = self.handed_on(body, caller, Terms::default(), is_last)?;
        if self.is_tenants {
            forwarded::silence(&mut request.headers);
        }
        Ok(Request {
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
        })
    }

    fn handed_on(
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
        AskBody::Whole(bytes) => {
            caller.traffic().egress(bytes.len() as u64)?;
            SendBody::Whole(bytes)
        }
        AskBody::Stream(source, len) => SendBody::Stream(traffic::counted(source, caller), len),
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
    traffic::asked(ask, request.headers(), caller)?;
    let answer = outbound
        .send(tenant, &origin, request)
        .await
        .map_err(lost)?;
    traffic::answered(answer.headers(), caller)?;
    Ok(answered(
        answer.map(|source| traffic::counted(source, caller)),
    ))
}
