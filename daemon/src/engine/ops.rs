//! What the engine asks of bindings: one trait, known to both.
//!
//! The engine hands over an argument and gets a result now or later. It never learns what an
//! operation means, beyond what it costs; bindings never learn what a guest is.

use super::caller::Caller;
use super::finished::{Labels, Listener};
use super::invocation::ByteStream;
use super::pipe::Pipe;
use bytes::Bytes;
use postern_abi::{OpErrorCode, OpKind, SyncOp};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What a Worker's `env` offers.
pub trait Bindings: Send + Sync {
    /// Answers what needs no waiting, appending the result to `out`.
    fn sync(&self, op: SyncOp, argument: &[u8], out: &mut Vec<u8>) -> Result<(), OpFailure>;

    /// Starts an operation. `argument` is the guest's and to be mistrusted. Must not block
    /// for longer than a read of a warm store takes.
    fn start(&self, op: OpKind, argument: &[u8], caller: &Caller) -> Started;

    /// What was said of the version that they belong to.
    fn labels(&self) -> Option<&Labels> {
        None
    }

    /// Who is told of its invocations beside those who watch all.
    fn listeners(&self) -> &[Arc<dyn Listener>] {
        &[]
    }
}

/// How an operation goes on after it was started.
pub enum Started {
    /// It is over.
    Done(OpResult),
    /// It will be over. Dropping the future cancels what can be cancelled.
    Later(Pin<Box<dyn Future<Output = OpResult> + Send>>),
    /// The same, with a result of so many bytes, which are held until they are handed over. It must
    /// not begin before it is polled: where there is no room, it never is.
    Sized(u64, Pin<Box<dyn Future<Output = OpResult> + Send>>),
    /// It takes a streamed argument first.
    Upload(Box<dyn Upload>),
    /// It takes a streamed argument, and works while that still comes.
    Piped(Pipe, Pin<Box<dyn Future<Output = OpResult> + Send>>),
}

/// A streamed argument on its way in.
pub trait Upload: Send {
    /// Takes the next part.
    fn chunk(&mut self, bytes: &[u8]) -> Result<(), OpFailure>;
    /// The argument is complete. Dropping an upload instead abandons it and leaves nothing.
    fn finish(self: Box<Self>) -> Pin<Box<dyn Future<Output = OpResult> + Send>>;
}

/// How an operation ended.
pub type OpResult = Result<OpReply, OpFailure>;

/// The result of an operation: `head` and then `body` are the event's payload; a stream
/// follows in events of its own.
#[derive(Default)]
pub struct OpReply {
    /// The decoded part, postcard as the kind says.
    pub head: Vec<u8>,
    /// Raw bytes behind it, shared rather than copied.
    pub body: Bytes,
    /// What comes after, under the guest's credit.
    pub stream: Option<ByteStream>,
    /// Set by a guest that wants what the stream encodes rather than the stream as it is.
    pub decode: Option<Arc<AtomicBool>>,
    /// What the operation becomes: a socket.
    pub socket: Option<super::socket::Speak>,
    /// Whether that is a session of RPC.
    pub is_session: bool,
    /// What was computed, whose keys are to be put into the isolate's table, and whose result
    /// then stands for all of the above.
    pub ran: Option<postern_crypto::Ran>,
}

/// Why an operation failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct OpFailure {
    /// For programs.
    pub code: OpErrorCode,
    /// For people: what was wrong, the limit, the value, the remedy.
    pub message: String,
}

impl OpFailure {
    /// A failure of this kind.
    pub fn new(code: OpErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}
