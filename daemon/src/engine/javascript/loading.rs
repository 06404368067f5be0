//! The host's side of evaluating a bundle: what the engine asks while a push is judged.

use super::super::caller::Caller;
use super::super::limits::Failure;
use super::super::ops::{Bindings, OpFailure, Started};
use super::bundle::BundleOrder;
use postern_abi::bundle::{Bundle, BundleModule, Loaded};
use postern_abi::{OpErrorCode, OpKind, SyncOp};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Handlers and entry points that are believed in; more are a fault of the engine.
const TOLD_MAX: usize = 4096;

/// What is being evaluated, and what came of it so far.
#[derive(Debug, Default)]
pub struct Loading {
    /// The encoded bundle.
    bundle: Vec<u8>,
    /// All modules' bytes, and where each has its own.
    sources: Vec<u8>,
    ranges: Vec<Range<usize>>,
    /// What the engine found.
    pub told: Option<Told>,
    /// Why it gave up.
    pub failure: Option<Failure>,
}

/// What the engine found in a bundle.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Handlers of the default export, or events that a service worker listens to.
    pub handlers: Vec<String>,
    /// Named exports that can be called, each with its handlers.
    pub entrypoints: Vec<(String, Vec<String>)>,
    /// Whether global scope looked at `env`.
    pub env_read: bool,
}

impl Loading {
    /// Of a bundle whose modules' bytes are `sources`, one after another. `None` if they are
    /// fewer than the order says, or cannot be encoded.
    pub fn new(order: &BundleOrder, sources: &[u8]) -> Option<Self> {
        let mut ranges = Vec::with_capacity(order.modules.len());
        let mut start = 0_usize;
        for (_, _, len) in &order.modules {
            let end = start.checked_add(*len as usize)?;
            ranges.push(start..end);
            start = end;
        }
        if start != sources.len() {
            return None;
        }
        let modules = order.modules.iter();
        let bundle = Bundle {
            main: &order.main,
            compatibility_date: &order.compatibility_date,
            flags: order.flags.iter().map(String::as_str).collect(),
            modules: modules
                .map(|(name, kind, len)| BundleModule {
                    name,
                    kind: *kind,
                    len: *len,
                })
                .collect(),
        };
        Some(Self {
            bundle: postcard::to_allocvec(&bundle).ok()?,
            sources: sources.to_vec(),
            ranges,
            ..Self::default()
        })
    }

    /// Answers what is asked of the bundle.
    pub fn answer(&mut self, op: SyncOp, argument: &[u8]) -> Result<&[u8], OpErrorCode> {
        match op {
            SyncOp::Bundle => Ok(&self.bundle),
            SyncOp::Module => {
                let index = argument.try_into().map(u32::from_le_bytes);
                let index = index.map_err(|_| OpErrorCode::BadArgument)?;
                let range = self.ranges.get(index as usize).cloned();
                let range = range.ok_or(OpErrorCode::BadArgument)?;
                self.sources.get(range).ok_or(OpErrorCode::Internal)
            }
            SyncOp::Loaded => {
                let loaded: Loaded<'_> =
                    postcard::from_bytes(argument).map_err(|_| OpErrorCode::BadArgument)?;
                let told = Told::from(loaded);
                if told.count() > TOLD_MAX {
                    return Err(OpErrorCode::TooLarge);
                }
                self.told = Some(told);
                Ok(&[])
            }
            SyncOp::Builtin
            | SyncOp::EnvGet
            | SyncOp::EnvNames
            | SyncOp::Decode
            | SyncOp::CacheDefault
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
            | SyncOp::WasmLeave
            | SyncOp::AnalyticsWrite
            | SyncOp::Crypto
            | SyncOp::CryptoWait => Err(OpErrorCode::Unsupported),
        }
    }
}

impl Told {
    fn count(&self) -> usize {
        let inner: usize = self
            .entrypoints
            .iter()
            .map(|(_, list)| 1 + list.len())
            .sum();
        self.handlers.len() + inner
    }
}

impl From<Loaded<'_>> for Told {
    fn from(loaded: Loaded<'_>) -> Self {
        let owned = |list: Vec<&str>| list.into_iter().map(str::to_owned).collect();
        Self {
            handlers: owned(loaded.handlers),
            entrypoints: loaded
                .entrypoints
                .into_iter()
                .map(|(name, handlers)| (name.to_owned(), owned(handlers)))
                .collect(),
            env_read: loaded.env_read,
        }
    }
}

/// `env` in global scope: values that can be read, and nothing that can be done.
pub struct Frozen(pub Vec<(String, Vec<u8>)>);

impl Bindings for Frozen {
    fn sync(&self, op: SyncOp, argument: &[u8], out: &mut Vec<u8>) -> Result<(), OpFailure> {
        let unknown = || OpFailure::new(OpErrorCode::UnknownBinding, "env has no such name");
        match op {
            SyncOp::EnvGet => {
                let mut values = self.0.iter();
                let found = values.find(|(name, _)| name.as_bytes() == argument);
                out.extend_from_slice(&found.ok_or_else(unknown)?.1);
                Ok(())
            }
            SyncOp::EnvNames => {
                let mut names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
                names.sort_unstable();
                let encoded = postcard::to_allocvec(&names)
                    .map_err(|error| OpFailure::new(OpErrorCode::Internal, error.to_string()))?;
                out.extend_from_slice(&encoded);
                Ok(())
            }
            _ => Err(OpFailure::new(
                OpErrorCode::Unsupported,
                "env does not answer this",
            )),
        }
    }

    fn start(&self, _: OpKind, _: &[u8], _: &Caller) -> Started {
        Started::Done(Err(OpFailure::new(
            OpErrorCode::Unsupported,
            "input and output are for handlers only",
        )))
    }
}
