//! What the host's work costs in fuel, so that no tenant makes the host work for nothing.
//!
//! One unit is about what one simple wasm instruction costs. The numbers were measured once on
//! x86-64 and are the same on every machine, because fuel is; `docs/abi.md` publishes them.

use super::compression::Used;
use postern_abi::OpKind;

/// Any call into the host.
pub const CALL: u64 = 60;
/// One event: its delivery and the turn around it.
pub const EVENT: u64 = 500;
/// A request: routing it, its head in and out, its record.
pub const REQUEST: u64 = 5_000;
/// Starting an operation, whatever it is.
pub const OP: u64 = 1_000;
/// One line of log, beyond its bytes.
pub const LOG: u64 = 500;
/// A wasm module's byte, translated once at deployment.
pub const TRANSLATED_BYTE: u64 = 30;

/// A data point of so many bytes, beyond the call: it is stored later, together with others.
pub const fn point(bytes: usize) -> u64 {
    5_000 + bytes as u64 / 4
}

/// Bytes copied across the boundary.
pub const fn copy(bytes: usize) -> u64 {
    bytes as u64 / 8
}

/// Bytes compared with others, which are copied where they differ.
pub const fn compared(bytes: usize) -> u64 {
    bytes as u64 / 32
}

/// Random bytes made.
pub const fn random(bytes: usize) -> u64 {
    bytes as u64 * 4
}

/// An operation of this kind with an argument of `bytes`, beyond [`OP`] and the copy.
pub const fn operation(kind: OpKind, bytes: usize) -> u64 {
    match kind {
        OpKind::Timer | OpKind::Fetch => 2_000,
        OpKind::SocketServe | OpKind::SocketConnect | OpKind::RpcConnect | OpKind::TcpConnect => {
            4_000
        }
        // What is judged takes more, and is told as what a push takes.
        OpKind::WorkerLoad => 20_000 + bytes as u64 * 4,
        OpKind::KvGet | OpKind::FetchCached => 4_000,
        OpKind::CacheMatch | OpKind::CacheDelete => 4_000,
        OpKind::CachePut => 10_000 + bytes as u64 / 4,
        OpKind::KvGetMulti => 4_000 + bytes as u64 * 40,
        OpKind::KvPut | OpKind::KvDelete => 20_000 + bytes as u64 / 4,
        OpKind::KvList => 50_000,
        // What it is says what it costs: `postern_crypto::Task::price`.
        OpKind::Crypto | OpKind::RateLimit => 2_000,
    }
}

/// Looking at a selector of so many bytes.
pub const fn selector(bytes: usize) -> u64 {
    1_000 + bytes as u64 * 40
}

/// Compression: so much a call, a byte that was compressed (5 to 30 ns on x86-64, by what it is), and a byte
/// that was read or made by expanding (up to 2 ns).
pub const fn compression(used: Used) -> u64 {
    used.calls * 400 + used.compressed * 24 + used.expanded * 3
}
