//! Subrequests: to servers, to other Workers, to the Worker's assets.

use crate::body::{ByteStream, Source};
use crate::error::{Error, Result};
use crate::headers::Headers;
use crate::request::Request;
use crate::response::{Body, Response};
use crate::runtime::ops::Op;
use crate::wire::{put_bytes, take_bytes, take_varint};
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::task::{Context, Poll};
use postern_abi::OpKind;
use postern_abi::dispatch::Dispatch;
use postern_abi::fetch::{FetchBody, FetchedBody, Redirect, Target};

/// A request to send.
pub struct Fetch {
    head: Head,
    redirect: Redirect,
    body: Outgoing,
}

/// All of it but the body.
enum Head {
    /// That of a request that came, as it came.
    Came(Request),
    Own(Own),
}

struct Own {
    method: Cow<'static, str>,
    url: String,
    headers: Headers,
}

impl Head {
    /// Its parts, to change them.
    fn own(&mut self) -> &mut Own {
        if let Self::Came(request) = self {
            *self = Self::Own(Own {
                method: String::from(request.method_name()).into(),
                url: request.url().into(),
                headers: request.headers().clone(),
            });
        }
        match self {
            Self::Own(own) => own,
            Self::Came(_) => unreachable!("it was taken apart above"),
        }
    }

    fn method_and_url(&self) -> (&str, &str) {
        match self {
            Self::Came(request) => (request.method_name(), request.url()),
            Self::Own(own) => (&own.method, &own.url),
        }
    }

    /// Bytes that it takes, at least.
    fn len(&self) -> usize {
        let (method, url) = self.method_and_url();
        let fields = match self {
            Self::Came(request) => request.fields().len(),
            Self::Own(own) => own.headers.encoded_len(),
        };
        method.len() + url.len() + fields
    }

    fn encode(&self, out: &mut Vec<u8>) {
        let (method, url) = self.method_and_url();
        put_bytes(out, method.as_bytes());
        put_bytes(out, url.as_bytes());
        match self {
            Self::Came(request) => out.extend_from_slice(request.fields()),
            Self::Own(own) => own.headers.encode(out),
        }
    }
}

enum Outgoing {
    None,
    Whole(Vec<u8>),
    Stream(Source, Option<u64>),
}

impl Fetch {
    /// A GET; redirects are followed.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url)
    }

    /// A request of any method; redirects are followed.
    pub fn new(method: impl Into<Cow<'static, str>>, url: impl Into<String>) -> Self {
        Self {
            head: Head::Own(Own {
                method: method.into(),
                url: url.into(),
                headers: Headers::new(),
            }),
            redirect: Redirect::Follow,
            body: Outgoing::None,
        }
    }

    /// With these header fields.
    #[must_use]
    pub fn with_headers(mut self, headers: &Headers) -> Self {
        self.head.own().headers = headers.clone();
        self
    }

    /// With this body.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Outgoing::Whole(body.into());
        self
    }

    /// With a body that comes over time; of so many bytes, if that is known.
    #[must_use]
    pub fn with_stream(mut self, stream: ByteStream, len: Option<u64>) -> Self {
        self.body = Outgoing::Stream(stream.into_source(), len);
        self
    }

    /// With another URL, as when a request that came is passed on.
    #[must_use]
    pub fn with_url(mut self, url: impl Into<String>) -> Self {
        self.head.own().url = url.into();
        self
    }

    /// An answer that redirects is the answer.
    #[must_use]
    pub fn without_redirects(mut self) -> Self {
        self.redirect = Redirect::Manual;
        self
    }

    /// Sends it to the server that its URL names.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn send(self) -> Result<Response> {
        self.to(Target::Internet).await
    }

    pub(crate) async fn to(self, target: Target<'_>) -> Result<Response> {
        let (body, whole, source) = match self.body {
            Outgoing::None => (FetchBody::None, Vec::new(), None),
            Outgoing::Whole(bytes) => (FetchBody::Whole, bytes, None),
            Outgoing::Stream(source, len) => (FetchBody::Stream(len), Vec::new(), Some(source)),
        };
        // Room for the target, and for lengths, too.
        let argument = Vec::with_capacity(self.head.len() + whole.len() + 128);
        let mut argument = postcard::to_extend(&target, argument)?;
        self.head.encode(&mut argument);
        let mut argument = postcard::to_extend(&(self.redirect, body), argument)?;
        argument.extend_from_slice(&whole);
        let mut op = Op::start(OpKind::Fetch, &argument)?;
        drop((argument, whole, self.head));
        let mut upload = source.map(Upload::new);
        let mut result = core::future::poll_fn(|cx| {
            if let Poll::Ready(result) = op.poll_result(cx) {
                return Poll::Ready(result);
            }
            match upload.as_mut().map(|upload| upload.poll(&mut op, cx)) {
                Some(Poll::Ready(Err(error))) => Poll::Ready(Err(error)),
                Some(Poll::Ready(Ok(()))) => {
                    upload = None;
                    Poll::Pending
                }
                _ => Poll::Pending,
            }
        })
        .await?;
        let Came {
            status,
            headers,
            body,
            at,
        } = Came::decode(&result)
            .ok_or_else(|| Error::named("TypeError", "an answer cannot be decoded"))?;
        let body = match body {
            FetchedBody::Stream(_) => Body::Stream(match upload {
                None => Source::Op(op),
                Some(upload) => Source::Exchange(Box::new(Exchange { op, upload })),
            }),
            FetchedBody::None | FetchedBody::Whole => {
                op.over();
                result.drain(..at);
                Body::Whole(Cow::Owned(result))
            }
        };
        Ok(Response {
            status,
            headers,
            body,
        })
    }
}

/// What there is of an answer at first: a [`Fetched`](postern_abi::fetch::Fetched).
struct Came {
    status: u16,
    headers: Headers,
    body: FetchedBody,
    /// Where the body begins.
    at: usize,
}

impl Came {
    fn decode(payload: &[u8]) -> Option<Self> {
        let mut rest = payload;
        let status = u16::try_from(take_varint(&mut rest)?).ok()?;
        take_bytes(&mut rest)?;
        let (headers, mut rest) = Headers::decode(rest)?;
        take_bytes(&mut rest)?;
        let (body, rest) = postcard::take_from_bytes(rest).ok()?;
        Some(Self {
            status,
            headers,
            body,
            at: payload.len() - rest.len(),
        })
    }
}

/// A request that came is passed on as it is, its body as it comes; redirects are the client's to
/// follow.
impl From<Request> for Fetch {
    fn from(mut request: Request) -> Self {
        let body = match request.take_body() {
            Some((source, len)) => Outgoing::Stream(source, len),
            None => Outgoing::None,
        };
        Self {
            head: Head::Came(request),
            redirect: Redirect::Manual,
            body,
        }
    }
}

impl From<&str> for Fetch {
    fn from(url: &str) -> Self {
        Self::get(url)
    }
}

impl core::fmt::Debug for Fetch {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (method, url) = self.head.method_and_url();
        write!(f, "{method} {url}")
    }
}

/// A body on its way out.
pub(crate) struct Upload {
    source: Source,
    chunk: Vec<u8>,
    sent: usize,
    ended: bool,
}

impl Upload {
    fn new(source: Source) -> Self {
        Self {
            source,
            chunk: Vec::new(),
            sent: 0,
            ended: false,
        }
    }

    /// Sends what there is and what may be sent.
    fn poll(&mut self, op: &mut Op, cx: &mut Context<'_>) -> Poll<Result<()>> {
        while !self.ended {
            if self.sent < self.chunk.len() {
                match op.poll_send(cx, &self.chunk[self.sent..]) {
                    Poll::Ready(Ok(sent)) => self.sent += sent,
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending => return Poll::Pending,
                }
                continue;
            }
            match self.source.poll_next(cx) {
                Poll::Ready(Some(Ok(chunk))) => {
                    self.chunk = chunk;
                    self.sent = 0;
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
                Poll::Ready(None) => {
                    op.send_end();
                    self.ended = true;
                }
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// An answer that comes while the request's body still goes out.
pub(crate) struct Exchange {
    op: Op,
    upload: Upload,
}

impl Exchange {
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Vec<u8>>>> {
        if !self.upload.ended
            && let Poll::Ready(Err(_)) = self.upload.poll(&mut self.op, cx)
        {
            // Who is asked tells what becomes of it.
            self.upload.ended = true;
        }
        self.op.poll_next(cx)
    }
}

/// Something that answers requests: another Worker, or the Worker's own assets.
#[derive(Clone, Debug)]
pub struct Fetcher {
    to: To,
}

#[derive(Clone, Debug)]
enum To {
    Binding(String),
    Dispatch {
        binding: Arc<str>,
        script: String,
        cpu_ms: Option<u32>,
        subrequests: Option<u32>,
        outbound: String,
    },
}

impl Fetcher {
    pub(crate) fn binding(name: &str) -> Self {
        Self {
            to: To::Binding(name.into()),
        }
    }

    /// Asks it: a request that came, a [`Fetch`], or a URL.
    ///
    /// # Errors
    /// What the other Worker threw, as it threw it; `Worker not found.`; a limit of either.
    pub async fn fetch(&self, request: impl Into<Fetch>) -> Result<Response> {
        let target = match &self.to {
            To::Binding(name) => Target::Binding(name),
            To::Dispatch {
                binding,
                script,
                cpu_ms,
                subrequests,
                outbound,
            } => Target::Dispatch(Dispatch {
                binding,
                script,
                cpu_ms: *cpu_ms,
                subrequests: *subrequests,
                outbound,
            }),
        };
        request.into().to(target).await
    }
}

/// A dispatch namespace: user Workers by name.
#[derive(Clone, Debug)]
pub struct DynamicDispatcher {
    binding: Arc<str>,
}

/// What holds for the calls of one user Worker.
#[derive(Clone, Debug, Default)]
pub struct DispatchOptions {
    /// Milliseconds of CPU that it may use.
    pub cpu_ms: Option<u32>,
    /// Subrequests that it may start.
    pub subrequests: Option<u32>,
    /// What the outbound Worker is told: a JSON object, as text.
    pub outbound: Option<String>,
}

impl DynamicDispatcher {
    pub(crate) fn new(binding: &str) -> Self {
        Self {
            binding: binding.into(),
        }
    }

    /// The user Worker of this name. Whether there is one turns out when it is asked.
    pub fn get(&self, script: &str) -> Fetcher {
        self.get_with(script, DispatchOptions::default())
    }

    /// The same within limits, the lower of these and its own.
    pub fn get_with(&self, script: &str, options: DispatchOptions) -> Fetcher {
        Fetcher {
            to: To::Dispatch {
                binding: self.binding.clone(),
                script: script.into(),
                cpu_ms: options.cpu_ms,
                subrequests: options.subrequests,
                outbound: options.outbound.unwrap_or_default(),
            },
        }
    }
}
