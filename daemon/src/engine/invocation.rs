//! A request on its way into a Worker and the answer on its way out, in the engine's terms.
//!
//! Nothing here knows how requests reach this machine; `edge` translates.

use super::caller::Chain;
use super::limits::Failure;
use super::socket::Socket;
use super::terms::{Origin, Terms};
use bytes::Bytes;
use futures_lite::Stream;
use http::HeaderValue;
use std::pin::Pin;

/// Bytes that come over time.
pub type ByteStream = Pin<Box<dyn Stream<Item = std::io::Result<Bytes>> + Send>>;

/// One HTTP request for a Worker.
pub struct Request {
    /// Which log lines and events belong to it; unique on this device.
    pub ray: Ray,
    /// The Worker invocations before this one, if a Worker sent it.
    pub chain: Option<Chain>,
    /// Where it entered the machine, if no Worker sent it.
    pub origin: Option<Box<Origin>>,
    /// What whoever sent it decided beside.
    pub terms: Option<Box<Terms>>,
    /// The method.
    pub method: http::Method,
    /// The absolute URL, at most [`postern_abi::limits::URL_MAX`] bytes.
    pub url: String,
    /// The header fields, hop-by-hop ones removed.
    pub headers: http::HeaderMap,
    /// The body.
    pub body: RequestBody,
    /// Whether it may be answered with a WebSocket.
    pub upgrade: bool,
    /// Which handler is asked, if it is not `fetch`.
    pub handler: Option<&'static str>,
}

/// How another Worker enters one: which entrypoint, and what for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The export; `None` is the default one.
    pub entrypoint: Option<String>,
    /// What `ctx.props` is made of.
    pub props: Props,
    /// Whether a session of RPC begins. The request's body is then its first message.
    pub rpc: bool,
    /// Whether it is one outside of dispatch namespaces, wherever who asks is.
    pub outside: bool,
}

/// What a binding tells the Worker that it leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Props {
    /// Nothing.
    #[default]
    None,
    /// What was deployed, JSON.
    Json(String),
    /// What the same Worker gave, in the form that its engine has for it.
    Own(Bytes),
}

/// The body of a request.
pub enum RequestBody {
    /// There is none.
    Empty,
    /// All of it.
    Whole(Bytes),
    /// It comes over time and is read only as fast as the Worker asks for it.
    Stream {
        /// Its length in bytes, where the client said it.
        len: Option<u64>,
        /// The bytes; an error means that it broke off.
        source: ByteStream,
    },
}

/// What begins an invocation that is no request and has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// A cron trigger fired (spec: SEMANTICS §18).
    Scheduled {
        /// The cron expression, as it was deployed.
        cron: String,
        /// When it was due, in milliseconds since 1970.
        time_ms: u64,
    },
    /// Invocations of other Workers are over (spec: SEMANTICS §17).
    Tail {
        /// What they were: a JSON array.
        items: Bytes,
        /// The scripts that they were of.
        scripts: Vec<String>,
        /// How many tail Workers there are in a row, this one included.
        depth: u8,
        /// The entrypoint that is told, if it is not the default one's handler.
        entry: Option<Box<Entry>>,
    },
}

impl Trigger {
    /// Tail Workers in a row up to here, this one included.
    pub fn depth(&self) -> u8 {
        match self {
            Self::Scheduled { .. } => 0,
            Self::Tail { depth, .. } => *depth,
        }
    }

    /// The handler that it is for.
    pub fn handler(&self) -> &'static str {
        match self {
            Self::Scheduled { .. } => "scheduled",
            Self::Tail { .. } => "tail",
        }
    }
}

/// An answer of a Worker.
#[derive(Debug)]
pub struct Reply {
    /// 200 to 599, or 101 with a WebSocket.
    pub status: http::StatusCode,
    /// The reason phrase, if the Worker gave one: text without control characters.
    pub reason: Option<Box<str>>,
    /// The header fields, without framing ones (`content-length` is kept if the Worker set it
    /// for a streamed body, so that HEAD and lengths work).
    pub headers: http::HeaderMap,
    /// The body.
    pub body: ReplyBody,
}

/// The body of an answer. Dropping a stream tells the Worker that nobody reads on.
pub enum ReplyBody {
    /// All of it.
    Whole(Bytes),
    /// It comes over time; an error ends it short.
    Stream(Pin<Box<dyn Stream<Item = Result<Bytes, Failure>> + Send>>),
    /// There is none: the connection becomes a WebSocket, and the status is 101.
    Socket(Socket),
}

impl std::fmt::Debug for ReplyBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(bytes) => f.debug_tuple("Whole").field(&bytes.len()).finish(),
            Self::Stream(_) => f.write_str("Stream"),
            Self::Socket(_) => f.write_str("Socket"),
        }
    }
}

/// The name of one invocation: 16 hexadecimal digits when shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ray(pub u64);

impl Ray {
    /// A name as it is shown, whatever is behind a dash, as the field's have it.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.split('-').next()?;
        let is_ray = digits.len() == 16 && digits.bytes().all(|it| it.is_ascii_hexdigit());
        let number = u64::from_str_radix(digits, 16).ok()?;
        is_ray.then_some(Self(number))
    }
}

impl std::fmt::Display for Ray {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The value of a header field. `Headers` takes control characters too, as the field has it, and a message
/// has a space in the place of each (RFC 9110, 5.5), but at its ends; none with those that end a line or a text.
pub fn field_value(bytes: &[u8]) -> Option<HeaderValue> {
    HeaderValue::from_bytes(bytes).ok().or_else(|| {
        if bytes.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
            return None;
        }
        let spaced = |byte: &u8| match byte {
            b'\t' => b'\t',
            byte if byte.is_ascii_control() => b' ',
            byte => *byte,
        };
        HeaderValue::from_bytes(bytes.iter().map(spaced).collect::<Vec<u8>>().trim_ascii()).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::field_value;

    #[test]
    fn a_value_has_a_space_for_each_control_character() {
        let value = |bytes: &[u8]| field_value(bytes).map(|value| value.as_bytes().to_vec());
        assert_eq!(value(b"plain"), Some(b"plain".to_vec()));
        assert_eq!(value(b"\x1b[0m\x7f\tb"), Some(b"[0m \tb".to_vec()));
        assert_eq!(value("é".as_bytes()), Some("é".as_bytes().to_vec()));
        for refused in [b"a\rb", b"a\nb", b"a\0b"] {
            assert_eq!(value(refused), None);
        }
    }
}
