//! What a guest asks of the host: the kinds of operations and the errors they end with.

use serde::{Deserialize, Serialize};

/// The `kind` of an operation that is started now and completed by a later event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum OpKind {
    /// Completes after some time. Argument: a `u64`, milliseconds. Result: empty.
    Timer = 1,
    /// A subrequest: [`Fetch`](crate::fetch::Fetch) to [`Fetched`](crate::fetch::Fetched).
    Fetch = 2,
    /// Reads a value: [`KvGet`](crate::kv::KvGet) to [`KvGot`](crate::kv::KvGot).
    KvGet = 16,
    /// Writes a value: [`KvPut`](crate::kv::KvPut).
    KvPut = 17,
    /// Removes a value: [`KvDelete`](crate::kv::KvDelete).
    KvDelete = 18,
    /// Lists keys: [`KvList`](crate::kv::KvList) to [`KvListed`](crate::kv::KvListed).
    KvList = 19,
    /// Reads several values: [`KvGetMulti`](crate::kv::KvGetMulti) to [`KvMulti`](crate::kv::KvMulti).
    KvGetMulti = 20,
    /// The same as [`SyncOp::Crypto`], for what is not answered at once.
    Crypto = 24,
    /// Counts a call: [`RateLimit`](crate::ratelimit::RateLimit) to one byte, 1 if it is within
    /// the limit.
    RateLimit = 52,
    /// Looks an answer up: [`CacheMatch`](crate::cache::CacheMatch) to an optional
    /// [`Fetched`](crate::fetch::Fetched).
    CacheMatch = 48,
    /// Keeps an answer: [`CachePut`](crate::cache::CachePut) to a `u16`, 204 or 413.
    CachePut = 49,
    /// Forgets an answer: [`CacheDelete`](crate::cache::CacheDelete) to one byte, 1 if there was
    /// one.
    CacheDelete = 50,
    /// Answers a request with a WebSocket: [`SocketServe`](crate::socket::SocketServe). Succeeds,
    /// without a result, when the client's connection speaks the protocol, and goes on until
    /// both ends have closed.
    SocketServe = 40,
    /// Asks a server for a WebSocket: a [`Fetch`](crate::fetch::Fetch) without a body to
    /// [`Fetched`](crate::fetch::Fetched). With the status 101 it is one, and goes on until both
    /// ends have closed; otherwise it is as of `Fetch`.
    SocketConnect = 41,
    /// Begins a session of RPC with another Worker: [`RpcConnect`](crate::rpc::RpcConnect), then its
    /// first message. Succeeds, without a result, when that Worker was entered, and is a socket
    /// from then on.
    RpcConnect = 56,
    /// Connects to a server by TCP: [`TcpConnect`](crate::tcp::TcpConnect). Succeeds, without a
    /// result, when there is a connection, and goes on until both directions have ended.
    TcpConnect = 57,
    /// Makes a dynamic Worker, or finds it: [`WorkerLoad`](crate::loader::WorkerLoad) to a `u64`.
    WorkerLoad = 58,
    /// A subrequest that may be answered by what is kept:
    /// [`Caching`](crate::fetch::Caching), then as `Fetch`.
    FetchCached = 59,
}

impl OpKind {
    /// The kind with this number.
    pub fn from_u32(kind: u32) -> Option<Self> {
        Some(match kind {
            1 => Self::Timer,
            2 => Self::Fetch,
            16 => Self::KvGet,
            17 => Self::KvPut,
            18 => Self::KvDelete,
            19 => Self::KvList,
            20 => Self::KvGetMulti,
            24 => Self::Crypto,
            52 => Self::RateLimit,
            40 => Self::SocketServe,
            41 => Self::SocketConnect,
            56 => Self::RpcConnect,
            57 => Self::TcpConnect,
            58 => Self::WorkerLoad,
            59 => Self::FetchCached,
            48 => Self::CacheMatch,
            49 => Self::CachePut,
            50 => Self::CacheDelete,
            _ => return None,
        })
    }
}

/// The `kind` of an operation that is answered at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum SyncOp {
    /// What `env` holds under a name. Argument: the name, UTF-8. Result: an [`EnvValue`].
    EnvGet = 1,
    /// The names in `env`. No argument. Result: a postcard sequence of strings.
    EnvNames = 2,
    /// What there is to evaluate, while a push is judged. No argument. Result: a
    /// [`Bundle`](crate::bundle::Bundle).
    Bundle = 3,
    /// The bytes of a module, while a push is judged. Argument: a `u32`, little endian, the
    /// place in [`Bundle::modules`](crate::bundle::Bundle::modules). Result: the bytes.
    Module = 4,
    /// The source of a module that comes with the host. Argument: its name, for instance
    /// `node:buffer`, UTF-8. Result: JavaScript, UTF-8; [`OpErrorCode::Unsupported`] if there
    /// is none.
    Builtin = 5,
    /// What was found in the bundle, while a push is judged. Argument: a
    /// [`Loaded`](crate::bundle::Loaded). No result.
    Loaded = 6,
    /// Has the streamed answer of a subrequest decoded as its `content-encoding` says, instead
    /// of passed on as it is. Argument: a `u32`, little endian, the operation; before the first
    /// `op_pull`. No result.
    Decode = 7,
    /// Whether this Worker has a default cache. No argument. Result: one byte, 1 if it has.
    CacheDefault = 8,
    /// What belongs to one invocation alone. Argument: an
    /// [`InvocationFact`](crate::dispatch::InvocationFact), a byte, and the request's number, a
    /// `u32`, little endian. Result: JSON; empty if there is nothing to tell.
    Invocation = 9,
    /// Keys and what is done with them. Argument: a
    /// [`CryptoCall`](crate::crypto::CryptoCall), then its data. Result: what the call gives,
    /// then one byte, a [`CryptoStatus`](crate::crypto::CryptoStatus).
    /// [`OpErrorCode::Unavailable`] if it takes too long to be done at once:
    /// [`OpKind::Crypto`] does it.
    Crypto = 32,
    /// The same, and the guest waits for what takes longer: its isolate is put aside meanwhile.
    CryptoWait = 33,
    /// Opens a compression context for this request. Argument: two bytes, the format (0 gzip,
    /// 1 zlib, 2 bare deflate) and whether it expands. Result: its handle, a `u32`, little endian.
    CompressionOpen = 64,
    /// Feeds a context. Argument: the handle; a byte, 1 if the input ends with this; the input.
    /// Result: a byte, how it went (`docs/abi.md`); a `u32`, little endian, how much of the input
    /// was used; at most [`COMPRESSION_OUTPUT_MAX`](crate::limits::COMPRESSION_OUTPUT_MAX) bytes
    /// of output. The room for all that must be there at the first call: one that is too small is
    /// a [`OpErrorCode::BadArgument`].
    CompressionWrite = 65,
    /// Closes a context. Argument: the handle. No result.
    CompressionClose = 66,
    /// Looks at a CSS selector, also while a push is judged. Argument: the selector. Result: what
    /// is wrong with it, or nothing.
    RewriterSelector = 72,
    /// Opens a rewriter of HTML for this request. Argument: a
    /// [`RewriterOpen`](crate::rewriter::RewriterOpen). Result: its handle, a `u32`, little endian;
    /// if that is 0, what is wrong follows.
    RewriterOpen = 73,
    /// Feeds a rewriter that waits for input. Argument: the handle; a byte, 1 if the document ends
    /// with this; the input. Result: how it went (`docs/abi.md`) and at most
    /// [`REWRITER_OUTPUT_MAX`](crate::limits::REWRITER_OUTPUT_MAX) bytes of output. The room for
    /// all that must be there at the first call: one that is too small is a
    /// [`OpErrorCode::BadArgument`].
    RewriterFeed = 74,
    /// Lets a rewriter go on. Argument: the handle; a byte, 0 to go on, 1 to give up, 2 with
    /// a part of the content that it waits for, 3 when that ends, 4 to hand over output while
    /// a handler runs; that part. Result: as of `RewriterFeed`.
    RewriterGoOn = 75,
    /// Asks or changes the token that a handler is called with. Argument: the handle; a
    /// [`TokenCommand`](crate::rewriter::TokenCommand), a byte; its number and the length of its
    /// first argument, a `u32` each, little endian; the first argument; the second. Result: an
    /// [`answer`](crate::rewriter::answer).
    RewriterToken = 76,
    /// Closes a rewriter. Argument: the handle. No result.
    RewriterClose = 77,
    /// What a WebAssembly module imports and exports. Argument: its bytes. Result: a byte, 0, then
    /// JSON, `{"imports":[[module,name,kind,type]],"exports":[[name,kind,type]]}`; or a byte, 1,
    /// then what is wrong with it, UTF-8.
    WasmDescribe = 80,
    /// Does something with WebAssembly that JavaScript runs. Argument: a byte, a [`WasmCall`], and
    /// what belongs to it. Result: see `docs/abi.md`. There must be room for
    /// [`WASM_RESULT_MAX`](crate::limits::WASM_RESULT_MAX) bytes.
    Wasm = 81,
    /// Copies a memory out. Argument: its handle, a `u32`, little endian. Result: its bytes, as many as there
    /// is room for. What is returned is how many pages it has.
    WasmRead = 82,
    /// Copies a memory in. Argument: its bytes. Where the result would go lies its handle, a
    /// `u32`, little endian. No result.
    WasmWrite = 83,
    /// Bytes that [`SyncOp::WasmRead`] wrote a memory to are about to be used for something else. Argument:
    /// those bytes. No result.
    WasmLeave = 84,
    /// Writes a data point. Argument: an [`AnalyticsWrite`](crate::analytics::AnalyticsWrite). No
    /// result.
    AnalyticsWrite = 96,
}

/// What [`SyncOp::Wasm`] does. Numbers are `u32`, little endian; a value is a byte, its type, and 8
/// bytes, its bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum WasmCall {
    /// Module's bytes → handle.
    Compile = 1,
    /// Module, handles of what it imports → handle; the start function's handle or all ones.
    Instantiate = 2,
    /// Instance, name → handle of what it exports.
    Export = 3,
    /// Module, place among the functions that it imports → handle of one that calls JavaScript.
    Import = 4,
    /// Function, values → outcome.
    Call = 5,
    /// Call, values that the imported function gave → outcome.
    Resume = 6,
    /// Call: the imported function threw.
    Abort = 7,
    /// Call that has used up its fuel → outcome.
    Continue = 8,
    /// Pages, most pages or all ones → handle.
    MemoryNew = 9,
    /// Memory, pages → pages before or all ones.
    MemoryGrow = 10,
    /// Memory → pages.
    MemorySize = 11,
    /// Byte, mutable; value → handle.
    GlobalNew = 12,
    /// Global → value.
    GlobalGet = 13,
    /// Global, value.
    GlobalSet = 14,
    /// Byte, 0 for functions and 1 for JavaScript's values; elements, most elements or all ones →
    /// handle.
    TableNew = 15,
    /// Table, place → value.
    TableGet = 16,
    /// Table, place, value.
    TableSet = 17,
    /// Table, elements, value → elements before or all ones.
    TableGrow = 18,
    /// Table → elements.
    TableSize = 19,
    /// Function → letters of its parameters, `>`, letters of its results.
    Type = 20,
}

impl WasmCall {
    /// The one with this number.
    pub fn from_u8(call: u8) -> Option<Self> {
        Some(match call {
            1 => Self::Compile,
            2 => Self::Instantiate,
            3 => Self::Export,
            4 => Self::Import,
            5 => Self::Call,
            6 => Self::Resume,
            7 => Self::Abort,
            8 => Self::Continue,
            9 => Self::MemoryNew,
            10 => Self::MemoryGrow,
            11 => Self::MemorySize,
            12 => Self::GlobalNew,
            13 => Self::GlobalGet,
            14 => Self::GlobalSet,
            15 => Self::TableNew,
            16 => Self::TableGet,
            17 => Self::TableSet,
            18 => Self::TableGrow,
            19 => Self::TableSize,
            20 => Self::Type,
            _ => return None,
        })
    }
}

impl SyncOp {
    /// The kind with this number.
    pub fn from_u32(kind: u32) -> Option<Self> {
        Some(match kind {
            1 => Self::EnvGet,
            2 => Self::EnvNames,
            3 => Self::Bundle,
            4 => Self::Module,
            5 => Self::Builtin,
            6 => Self::Loaded,
            7 => Self::Decode,
            8 => Self::CacheDefault,
            9 => Self::Invocation,
            32 => Self::Crypto,
            33 => Self::CryptoWait,
            64 => Self::CompressionOpen,
            65 => Self::CompressionWrite,
            66 => Self::CompressionClose,
            72 => Self::RewriterSelector,
            73 => Self::RewriterOpen,
            74 => Self::RewriterFeed,
            75 => Self::RewriterGoOn,
            76 => Self::RewriterToken,
            77 => Self::RewriterClose,
            80 => Self::WasmDescribe,
            81 => Self::Wasm,
            82 => Self::WasmRead,
            83 => Self::WasmWrite,
            84 => Self::WasmLeave,
            96 => Self::AnalyticsWrite,
            _ => return None,
        })
    }
}

/// What `env` holds under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EnvValue<'a> {
    /// A `plain_text` binding.
    Text(&'a str),
    /// A `json` binding, as JSON text.
    Json(&'a str),
    /// A `secret_text` binding.
    Secret(&'a str),
    /// A `kv_namespace` binding.
    Kv,
    /// A binding of another type, by its name in the field's API.
    Other(&'a str),
    /// A copy of a value that another Worker gave, in the engine's own form.
    Copied(&'a str),
    /// What a part of the upload holds: the binding's type in the field's API, and the part's name.
    Part(&'a str, &'a str),
}

/// Why an operation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpError<'a> {
    /// An [`OpErrorCode`].
    pub code: u16,
    /// For people: what was wrong, the limit, the value, the remedy.
    pub message: &'a str,
}

/// The kinds of failure that a program may want to tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum OpErrorCode {
    /// This host does not do that.
    Unsupported = 1,
    /// `env` has nothing, or something else, under this name.
    UnknownBinding = 2,
    /// The argument cannot be decoded or breaks a rule.
    BadArgument = 3,
    /// A limit of this invocation or Worker is reached.
    LimitExceeded = 4,
    /// The tenant's storage quota is used up.
    QuotaExceeded = 5,
    /// Not now; a later try may succeed.
    Unavailable = 6,
    /// It was cancelled.
    Cancelled = 7,
    /// A value is larger than allowed.
    TooLarge = 8,
    /// Something failed that is not the guest's fault.
    Internal = 9,
    /// An exception, as a program throws one: the message is its class, a colon, a space and its
    /// own message.
    Thrown = 10,
}

impl OpErrorCode {
    /// The code with this number; unknown numbers are `Internal`.
    pub fn from_u16(code: u16) -> Self {
        match code {
            1 => Self::Unsupported,
            2 => Self::UnknownBinding,
            3 => Self::BadArgument,
            4 => Self::LimitExceeded,
            5 => Self::QuotaExceeded,
            6 => Self::Unavailable,
            7 => Self::Cancelled,
            8 => Self::TooLarge,
            10 => Self::Thrown,
            _ => Self::Internal,
        }
    }
}
