//! What a dispatch Worker decides of the invocation that it causes (spec: SEMANTICS §1 to §3), and
//! where the requests of an invocation come from and go to. Who dispatches is not known here.

use super::invocation::{Reply, Request};
use super::limits::Failure;
use super::timing::Timing;
use http::{HeaderName, HeaderValue};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

/// An answer on its way; `None` if there is no such Worker.
pub type Answering = Pin<Box<dyn Future<Output = Option<Result<Reply, Failure>>> + Send>>;

/// Takes what an invocation asks of other servers, in their place.
pub trait Interceptor: Send + Sync {
    /// Answers a request that was to leave the machine.
    fn fetch(&self, request: Request) -> Answering;
}

/// What holds for one invocation beside what holds for its Worker.
#[derive(Clone, Default)]
pub struct Terms {
    /// Milliseconds of CPU, if that is less than the Worker may use.
    pub cpu_ms: Option<u32>,
    /// Subrequests, if those are less than the Worker may start.
    pub subrequests: Option<u32>,
    /// Who takes its subrequests to other servers.
    pub interceptor: Option<Arc<dyn Interceptor>>,
    /// What it is told as an outbound Worker, JSON.
    pub parameters: Option<Arc<str>>,
}

impl Terms {
    /// Whether nothing but what holds for the Worker holds.
    pub fn is_empty(&self) -> bool {
        self.cpu_ms.is_none()
            && self.subrequests.is_none()
            && self.interceptor.is_none()
            && self.parameters.is_none()
    }
}

impl std::fmt::Debug for Terms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Terms")
            .field("cpu_ms", &self.cpu_ms)
            .field("subrequests", &self.subrequests)
            .field("intercepted", &self.interceptor.is_some())
            .field("parameters", &self.parameters.as_deref().map(str::len))
            .finish()
    }
}

/// Where a request entered the machine, as far as `request.cf` and the edge's header fields tell it.
#[derive(Clone, Debug)]
pub struct Origin {
    /// What is the same for all requests: the fields of a JSON object, without its braces.
    pub place: Arc<str>,
    /// For instance `HTTP/1.1`.
    pub protocol: &'static str,
    /// The client's `accept-encoding`.
    pub accept_encoding: Option<HeaderValue>,
    /// The client's address.
    pub client: HeaderValue,
    /// The request's name.
    pub ray: HeaderValue,
    /// How the client reached the edge: `http` or `https`.
    pub scheme: &'static str,
    /// What is told of TLS: the fields of a JSON object, without its braces.
    pub tls: &'static str,
    /// How often what it began with has left this machine and come back.
    pub hops: u16,
    /// Where its time went until the answer, once there is one; `None` if nobody asks.
    pub timing: Option<Arc<OnceLock<Timing>>>,
}

impl Origin {
    /// The header fields that the edge alone sets.
    pub fn fields(&self) -> [(HeaderName, HeaderValue); 5] {
        let name = HeaderName::from_static;
        [
            (name("cf-ray"), self.ray.clone()),
            (name("cf-connecting-ip"), self.client.clone()),
            (name("x-real-ip"), self.client.clone()),
            (name("x-forwarded-for"), self.client.clone()),
            (
                name("x-forwarded-proto"),
                HeaderValue::from_static(self.scheme),
            ),
        ]
    }

    /// The object that `request.cf` is, as JSON.
    pub fn to_json(&self) -> String {
        let encoding = self.accept_encoding.as_ref();
        let encoding = encoding.map_or("", |value| value.to_str().unwrap_or_default());
        let fields = serde_json::json!({
            "clientAcceptEncoding": encoding,
            "clientIp": self.client.to_str().unwrap_or_default(),
            "httpProtocol": self.protocol,
        });
        let mut text = fields.to_string();
        for more in [&*self.place, self.tls] {
            if !more.is_empty() {
                text.pop();
                text.push(',');
                text.push_str(more);
                text.push('}');
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_origin_is_json_whatever_the_client_says() {
        let check = |place: &str, encoding: &[u8]| -> serde_json::Value {
            let origin = Origin {
                place: place.into(),
                protocol: "HTTP/1.1",
                accept_encoding: Some(HeaderValue::from_bytes(encoding).unwrap()),
                client: HeaderValue::from_static("10.0.0.1"),
                ray: HeaderValue::from_static("0"),
                scheme: "http",
                tls: "",
                hops: 0,
                timing: None,
            };
            serde_json::from_str(&origin.to_json()).unwrap()
        };
        let told = check("\"colo\":\"GW1\"", b"gzip, \"br");
        assert_eq!(told["colo"], "GW1");
        assert_eq!(told["clientIp"], "10.0.0.1");
        assert_eq!(told["clientAcceptEncoding"], "gzip, \"br");
        assert_eq!(check("", b"\xff")["clientAcceptEncoding"], "");
    }
}
