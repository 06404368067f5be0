//! What the host tells a guest: the kinds of events and what their `id` and payload are.

use serde::{Deserialize, Serialize};

/// The `kind` of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum EventKind {
    /// A request begins. `id`: the request. Payload: a [`RequestLine`](crate::http::RequestLine)
    /// followed by [`Fields`](crate::http::Fields).
    Request = 1,
    /// A part of the request's body. `id`: the request. Payload: the bytes.
    BodyChunk = 2,
    /// The request's body is complete. `id`: the request. No payload.
    BodyEnd = 3,
    /// The request's body broke off. `id`: the request. Payload: an [`OpError`](crate::OpError).
    BodyError = 4,
    /// More of the response's body may be sent. `id`: the request. Payload: `u32`, little
    /// endian: the credit in bytes that there is now.
    BodyCredit = 5,
    /// An operation succeeded. `id`: the operation. Payload: as its kind says.
    OpDone = 6,
    /// An operation failed. `id`: the operation. Payload: an [`OpError`](crate::OpError).
    OpFailed = 7,
    /// A part of an operation's streamed result. `id`: the operation. Payload: the bytes.
    OpChunk = 8,
    /// An operation's streamed result is complete. `id`: the operation. No payload.
    OpEnd = 9,
    /// The request ends before its work does. `id`: the request. Payload: one byte, an
    /// [`AbortReason`].
    Abort = 10,
    /// More of a streamed argument may be sent. `id`: the operation. Payload: `u32`, little
    /// endian: the credit in bytes that there is now.
    OpCredit = 11,
    /// The guest is to pull its [`Bundle`](crate::bundle::Bundle) and evaluate it. `id`: 0. No
    /// payload. Sent once, to the engine module of JavaScript, while a push is judged.
    Load = 12,
    /// A cron trigger fired. `id`: a request, which has no answer. Payload: a [`Scheduled`].
    Scheduled = 16,
    /// A batch of a queue arrived. `id`: a request, which has no answer. Payload: JSON text.
    Queue = 17,
    /// Tail events of other Workers arrived. `id`: a request, which has no answer. Payload:
    /// JSON text.
    Tail = 18,
    /// An alarm is due. Reserved.
    Alarm = 19,
    /// A part of a WebSocket message arrived. `id`: the operation that the socket is. Payload: the
    /// part, see [`socket`](crate::socket).
    SocketMessage = 20,
    /// Another Worker, or the same, enters an entrypoint: a request, or a session of RPC, which is
    /// answered by [`OpKind::SocketServe`](crate::OpKind::SocketServe). `id`: the request. Payload:
    /// an [`Entry`](crate::rpc::Entry), then the request as of `Request`, or the session's first
    /// message. Sent to the engine module of JavaScript only.
    Enter = 21,
    /// A handler of another kind than `fetch` is asked and answers like one. `id`: the request.
    /// Payload: as of [`Request`](Self::Request), with the handler's name as the method.
    Handle = 28,
}

impl EventKind {
    /// The kind with this number, if there is one that can be sent in this version.
    pub fn from_u32(kind: u32) -> Option<Self> {
        Some(match kind {
            1 => Self::Request,
            2 => Self::BodyChunk,
            3 => Self::BodyEnd,
            4 => Self::BodyError,
            5 => Self::BodyCredit,
            6 => Self::OpDone,
            7 => Self::OpFailed,
            8 => Self::OpChunk,
            9 => Self::OpEnd,
            10 => Self::Abort,
            11 => Self::OpCredit,
            12 => Self::Load,
            16 => Self::Scheduled,
            17 => Self::Queue,
            18 => Self::Tail,
            20 => Self::SocketMessage,
            21 => Self::Enter,
            28 => Self::Handle,
            _ => return None,
        })
    }
}

/// Payload of [`EventKind::Scheduled`] (spec: SEMANTICS §18).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scheduled<'a> {
    /// The cron expression that fired, as it was deployed.
    pub cron: &'a str,
    /// When it was due, in milliseconds since 1970.
    pub scheduled_time_ms: u64,
}

/// How much of a request ends with [`EventKind::Abort`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum AbortReason {
    /// Nobody waits for the answer any more: what makes it ends. `waitUntil` work may go on.
    Left = 0,
    /// The request is over, and all of its work with it.
    Over = 1,
}

impl AbortReason {
    /// The reason with this number; unknown numbers are `Over`.
    pub fn from_u8(reason: u8) -> Self {
        match reason {
            0 => Self::Left,
            _ => Self::Over,
        }
    }
}

/// Instead of a level: the values of the line that comes next, as JSON. That is an array, or where
/// there are errors among them `{"message": [...], "errorInfo": [...]}`.
pub const LOG_VALUES: u32 = 0x100;

/// Instead of a level: what the session of RPC was begun for that the request is, the names of the
/// path with dots between them. The first counts.
pub const LOG_METHOD: u32 = 0x101;

/// The level of a log line; the names are those of `console`'s methods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum LogLevel {
    /// `console.debug`
    Debug = 0,
    /// `console.info`
    Info = 1,
    /// `console.log`
    Log = 2,
    /// `console.warn`
    Warn = 3,
    /// `console.error`
    Error = 4,
    /// What was published to a diagnostics channel, the line being the channel's name: the values
    /// that come before it ([`LOG_VALUES`]) are the message alone.
    Channel = 5,
}

impl LogLevel {
    /// The level with this number; unknown numbers are `Log`.
    pub fn from_u32(level: u32) -> Self {
        match level {
            0 => Self::Debug,
            1 => Self::Info,
            3 => Self::Warn,
            4 => Self::Error,
            5 => Self::Channel,
            _ => Self::Log,
        }
    }

    /// The name that tail events use (spec: SEMANTICS §17).
    pub fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Log => "log",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Channel => "channel",
        }
    }
}
