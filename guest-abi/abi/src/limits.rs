//! Limits that are part of the boundary and the same on every board.

/// Bytes of a request's URL (spec: SEMANTICS §3).
pub const URL_MAX: usize = 16 * 1024;
/// Ranges of statuses with a lifetime of their own, of one subrequest.
pub const TTL_RANGES_MAX: usize = 64;
/// Bytes of all header fields of a request or a response, names and values.
pub const HEADERS_MAX: usize = 128 * 1024;
/// Bytes of one event's payload beyond heads: chunks of bodies and streams are cut to this.
pub const CHUNK_MAX: usize = 64 * 1024;
/// Bytes that a guest may send of a response's body before it must wait for credit.
pub const BODY_CREDIT: u32 = 64 * 1024;
/// Bytes of an operation's argument.
pub const OP_ARGUMENT_MAX: usize = 32 * 1024 * 1024;
/// Bytes of a key in KV (spec: SEMANTICS §22).
pub const KV_KEY_MAX: usize = 512;
/// Bytes of a value in KV.
pub const KV_VALUE_MAX: usize = 25 * 1024 * 1024;
/// Bytes of a value's metadata as JSON.
pub const KV_METADATA_MAX: usize = 1024;
/// Keys on one page of a listing.
pub const KV_LIST_MAX: u32 = 1000;
/// Keys in one read of several.
pub const KV_MULTI_MAX: usize = 100;
/// Seconds that a key must live at least.
pub const KV_TTL_MIN: u64 = 60;
/// Bytes of a cache's name.
pub const CACHE_NAME_MAX: usize = 1024;
/// Bytes of one log line; the rest is cut.
pub const LOG_LINE_MAX: usize = 16 * 1024;
/// Compression contexts that an isolate may have open.
pub const COMPRESSION_CONTEXTS_MAX: usize = 64;
/// Bytes of output of one call of a compression context.
pub const COMPRESSION_OUTPUT_MAX: usize = 64 * 1024;
/// Rewriters of HTML that an isolate may have open.
pub const REWRITERS_MAX: usize = 64;
/// Bytes of output of one call of a rewriter.
pub const REWRITER_OUTPUT_MAX: usize = 64 * 1024;
/// Sets of handlers of one rewriter.
pub const REWRITER_HANDLERS_MAX: usize = 10_000;
/// Combinators of one alternative of a selector, and parentheses of all.
pub const REWRITER_SELECTOR_DEPTH_MAX: usize = 64;
/// Keys and unfinished digests of an isolate.
pub const CRYPTO_KEYS_MAX: usize = 4096;
/// Bytes of all keys of an isolate.
pub const CRYPTO_BYTES_MAX: usize = 1 << 20;
/// Bits of an RSA modulus.
pub const RSA_BITS_MAX: u32 = 4096;
/// Rounds of PBKDF2, as in the field.
pub const PBKDF2_ITERATIONS_MAX: u32 = 100_000;
/// Bytes that scrypt may work in.
pub const SCRYPT_BYTES_MAX: u64 = 32 << 20;
/// Bytes of a result of scrypt.
pub const SCRYPT_LENGTH_MAX: u32 = 1 << 20;

/// Room that there must be for the result of [`SyncOp::Wasm`](crate::SyncOp::Wasm).
pub const WASM_RESULT_MAX: usize = 1024;

/// Bytes of the props that a Worker gives to an entrypoint of its own.
pub const PROPS_MAX: usize = 65_536;

/// Bytes of the first message of a session of RPC that may go along with its beginning.
pub const RPC_FIRST_MAX: usize = 65_536;
