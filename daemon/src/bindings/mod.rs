//! What a Worker's `env` offers, a file a binding.
//!
//! The engine knows this room through [`Bindings`] alone. Nothing here knows what a guest is;
//! every argument is a guest's and is decoded with mistrust.

mod analytics;
mod answer;
mod cache;
mod caching;
mod dispatch;
mod env;
mod fetch;
mod forwarded;
mod kv;
mod loader;
mod ratelimit;
mod rpc;
mod services;
mod sockets;
mod tcp;
mod timer;
mod traffic;
mod url;

#[cfg(test)]
mod tests;

pub use dispatch::{Dispatching, OutboundWorker};
pub use env::{Binding, Env};
pub use loader::{Child, Code, Loading, Loads, MakeRoom};
pub use ratelimit::Limiter;
pub use services::{Answering, ServiceRequest, Services};

use crate::engine::caller::Caller;
use crate::engine::ops::{Bindings, OpFailure, Started};
use postern_abi::{OpErrorCode, OpKind, SyncOp};

impl Bindings for Env {
    fn sync(&self, op: SyncOp, argument: &[u8], out: &mut Vec<u8>) -> Result<(), OpFailure> {
        match op {
            SyncOp::EnvGet => self.describe(argument, out),
            SyncOp::EnvNames => self.names(argument, out),
            SyncOp::CacheDefault => cache::default(self, argument, out),
            SyncOp::AnalyticsWrite => analytics::write(self, argument),
            // What a push consists of, compression, rewriters and WebAssembly are nothing of `env`; the
            // engine answers.
            SyncOp::Bundle
            | SyncOp::Module
            | SyncOp::Builtin
            | SyncOp::Loaded
            | SyncOp::Decode
            | SyncOp::Invocation
            | SyncOp::CompressionOpen
            | SyncOp::CompressionWrite
            | SyncOp::CompressionClose
            | SyncOp::RewriterSelector
            | SyncOp::RewriterOpen
            | SyncOp::RewriterFeed
            | SyncOp::RewriterGoOn
            | SyncOp::RewriterToken
            | SyncOp::RewriterClose
            | SyncOp::WasmDescribe
            | SyncOp::Wasm
            | SyncOp::WasmRead
            | SyncOp::WasmWrite
            | SyncOp::WasmLeave => Err(OpFailure::new(
                OpErrorCode::Unsupported,
                "this is not asked of the bindings",
            )),
            SyncOp::Crypto | SyncOp::CryptoWait => Err(not_here()),
        }
    }

    fn start(&self, op: OpKind, argument: &[u8], caller: &Caller) -> Started {
        let started = match op {
            OpKind::Timer => timer::start(argument),
            OpKind::Fetch => fetch::start(self, argument, caller),
            OpKind::FetchCached => fetch::start_cached(self, argument, caller),
            OpKind::SocketConnect => fetch::connect(self, argument, caller),
            OpKind::RpcConnect => rpc::connect(self, argument, caller),
            OpKind::TcpConnect => tcp::connect(self, argument, caller),
            OpKind::WorkerLoad => loader::load(self, argument, caller),
            OpKind::KvGet => kv::get(self, argument, caller),
            OpKind::KvPut => kv::put(self, argument, caller),
            OpKind::KvDelete => kv::delete(self, argument),
            OpKind::KvList => kv::list(self, argument, caller),
            OpKind::KvGetMulti => kv::get_multi(self, argument, caller),
            OpKind::CacheMatch => cache::find(self, argument),
            OpKind::CachePut => cache::put(self, argument),
            OpKind::CacheDelete => cache::delete(self, argument),
            OpKind::Crypto => Err(not_here()),
            OpKind::RateLimit => ratelimit::start(self, argument),
            // Sockets are nothing of `env`; the engine opens them.
            OpKind::SocketServe => Err(OpFailure::new(
                OpErrorCode::Unsupported,
                "this is not asked of the bindings",
            )),
        };
        started.unwrap_or_else(|failure| Started::Done(Err(failure)))
    }
}

/// Keys are an isolate's, not a binding's; the engine has them.
fn not_here() -> OpFailure {
    OpFailure::new(OpErrorCode::Unsupported, "env has no cryptography")
}

/// The failure of an argument that cannot be decoded.
fn undecodable(what: &str) -> OpFailure {
    OpFailure::new(
        OpErrorCode::BadArgument,
        format!(
            "the argument of {what} cannot be decoded; was the guest built for another ABI version?"
        ),
    )
}

/// Encodes a result. Only running out of memory could stop it.
fn encode<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, OpFailure> {
    postcard::to_allocvec(value)
        .map_err(|error| OpFailure::new(OpErrorCode::Internal, error.to_string()))
}
