//! What a JavaScript Worker is made of, and what the engine module found in it.
//!
//! These pass once, while a push is judged: the host sends
//! [`EventKind::Load`](crate::EventKind::Load), the guest pulls its [`Bundle`] and the modules
//! with operations that are answered at once, evaluates them, and tells what it [`Loaded`].

use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Result of [`SyncOp::Bundle`](crate::SyncOp::Bundle).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bundle<'a> {
    /// The name of the module to begin with.
    pub main: &'a str,
    /// The compatibility date, `YYYY-MM-DD`.
    pub compatibility_date: &'a str,
    /// Every compatibility flag that is enabled, after date and explicit flags were applied.
    #[serde(borrow)]
    pub flags: Vec<&'a str>,
    /// The modules, in the order that [`SyncOp::Module`](crate::SyncOp::Module) counts them.
    #[serde(borrow)]
    pub modules: Vec<BundleModule<'a>>,
}

/// One module of a [`Bundle`]; its bytes come by [`SyncOp::Module`](crate::SyncOp::Module).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleModule<'a> {
    /// What other modules import it by, relative to themselves.
    pub name: &'a str,
    /// What its bytes are.
    pub kind: ModuleKind,
    /// How many bytes it has.
    pub len: u32,
}

/// What a module's bytes are (spec: SEMANTICS §4, §32).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ModuleKind {
    /// An ECMAScript module, UTF-8.
    EsModule,
    /// A CommonJS module, UTF-8.
    CommonJs,
    /// WebAssembly; its import is a `WebAssembly.Module`.
    Wasm,
    /// UTF-8 text; its import is a string.
    Text,
    /// Bytes; its import is an `ArrayBuffer`.
    Data,
    /// JSON; its import is the parsed value.
    Json,
    /// A script in the older format, which calls `addEventListener`, UTF-8.
    ServiceWorker,
}

/// Argument of [`SyncOp::Loaded`](crate::SyncOp::Loaded): what the modules turned out to have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loaded<'a> {
    /// Handlers of the default export, or events that a service worker listens to: `fetch`,
    /// `scheduled`, `queue`, `tail`, `email` and so on.
    #[serde(borrow)]
    pub handlers: Vec<&'a str>,
    /// Named exports that can be called from outside, each with its handlers.
    #[serde(borrow)]
    pub entrypoints: Vec<(&'a str, Vec<&'a str>)>,
    /// Whether global scope looked at `env`, so that other bindings mean another snapshot.
    pub env_read: bool,
}
