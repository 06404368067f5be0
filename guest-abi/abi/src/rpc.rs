//! How a Worker is entered by another one: which of its entrypoints, with what props, and whether
//! for a request or for a session of RPC.
//!
//! A session is a channel of messages between two guests; what they say to each other is theirs
//! (`docs/rpc.md` says what the JavaScript engine does). It begins with
//! [`OpKind::RpcConnect`](crate::OpKind::RpcConnect) on one side and with
//! [`EventKind::Enter`](crate::EventKind::Enter) on the other, and is then like a WebSocket.

use crate::fetch::Target;
use serde::{Deserialize, Serialize};

/// Head of the payload of [`EventKind::Enter`](crate::EventKind::Enter). Behind it is the request
/// as of [`EventKind::Request`](crate::EventKind::Request), the session's first message, or what
/// [`EventKind::Tail`](crate::EventKind::Tail) has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry<'a> {
    /// The export that is entered; `None` is the default one.
    pub entrypoint: Option<&'a str>,
    /// What `ctx.props` is made of.
    pub props: Props<'a>,
    /// What it is entered for.
    pub purpose: Purpose,
}

/// What a Worker is entered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// A request.
    Request,
    /// A session of RPC.
    Session,
    /// Events for its `tail` handler; there is no answer.
    Tail,
}

/// What a binding tells the Worker that it leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Props<'a> {
    /// Nothing.
    None,
    /// What was deployed, JSON.
    Json(&'a str),
    /// What the same Worker gave, in its own form.
    Own(&'a [u8]),
}

/// Head of the argument of [`OpKind::RpcConnect`](crate::OpKind::RpcConnect). Behind it is the
/// session's first message, at most [`RPC_FIRST_MAX`](crate::limits::RPC_FIRST_MAX) bytes, or
/// nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RpcConnect<'a> {
    /// Who is called; [`Target::Internet`] is nobody.
    #[serde(borrow)]
    pub target: Target<'a>,
}
