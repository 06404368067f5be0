//! Operations that are answered at once: `op_sync`.

use super::super::compression::{Contexts, Used};
use super::super::host::Host;
use super::super::terms::Origin;
use super::super::{cost, crypto, inner, javascript, rewriter};
use super::{Guest, charge, charge_ahead, hand_over, parts, slice};
use postern_abi::dispatch::InvocationFact;
use postern_abi::op::EnvValue;
use postern_abi::{OpErrorCode, SyncOp, limits};
use wasmi::Error;

pub(super) fn op_sync(
    caller: &mut Guest<'_>,
    kind: u32,
    ptr: u32,
    len: u32,
    out_ptr: u32,
    out_cap: u32,
) -> Result<i32, Error> {
    let known = SyncOp::from_u32(kind);
    // Of a memory no more is copied than differs.
    let copied = match known {
        Some(SyncOp::WasmWrite | SyncOp::WasmLeave) => 0,
        _ => len as usize,
    };
    charge(caller, cost::CALL + cost::copy(copied));
    let Some(kind) = known else {
        return Ok(-(OpErrorCode::Unsupported as i32));
    };
    if let SyncOp::RewriterSelector | SyncOp::RewriterOpen = kind {
        charge_ahead(caller, cost::selector(len as usize))?;
    }
    let (memory, host) = parts(caller)?;
    let argument = slice(memory, host, ptr, len)?;
    if let SyncOp::Crypto | SyncOp::CryptoWait = kind {
        let waits = kind == SyncOp::CryptoWait;
        return crypto::at_once(caller, (ptr, len), (out_ptr, out_cap), waits);
    }
    if kind == SyncOp::WasmLeave {
        return inner::leave(caller, (ptr, len));
    }
    if let SyncOp::WasmDescribe | SyncOp::Wasm | SyncOp::WasmRead | SyncOp::WasmWrite = kind {
        return inner::answer(caller, kind, (ptr, len), (out_ptr, out_cap));
    }
    let mut made = Vec::new();
    let mut work = 0;
    // Taken out for the time: what it answers with lies in it.
    let mut loading = host.loading.take();
    let result = match (kind, &mut loading) {
        (SyncOp::EnvGet | SyncOp::EnvNames, _) | (SyncOp::CacheDefault, None) => {
            let bindings = host.bindings.clone();
            let told = match own(host, kind, argument) {
                Some(Own::Before(value)) => {
                    made = value;
                    Ok(())
                }
                Some(Own::Behind(value)) => match bindings.sync(kind, argument, &mut made) {
                    Err(failure) if failure.code == OpErrorCode::UnknownBinding => {
                        made = value;
                        Ok(())
                    }
                    told => told,
                },
                None => bindings.sync(kind, argument, &mut made),
            };
            told.map(|()| made.as_slice())
                .map_err(|failure| failure.code)
        }
        (SyncOp::Invocation, None) => {
            invocation(host, argument, &mut made).map(|()| made.as_slice())
        }
        (SyncOp::AnalyticsWrite, None) => write_point(host, argument).map(|()| {
            work = cost::point(len as usize);
            &[][..]
        }),
        (SyncOp::Decode, _) => decode(host, argument).map(|()| &[][..]),
        (SyncOp::Builtin, _) => match javascript::builtin(argument) {
            Some(source) => {
                made = source;
                work = cost::compression(Used {
                    expanded: made.len() as u64,
                    ..Used::default()
                });
                Ok(made.as_slice())
            }
            None => Err(OpErrorCode::Unsupported),
        },
        (SyncOp::CompressionOpen | SyncOp::CompressionWrite | SyncOp::CompressionClose, _) => {
            compress(host, kind, argument, out_cap, &mut made).map(|used| {
                work = cost::compression(used);
                made.as_slice()
            })
        }
        (SyncOp::RewriterSelector, _) => {
            selector(host, argument, &mut made).map(|()| made.as_slice())
        }
        (
            SyncOp::RewriterOpen
            | SyncOp::RewriterFeed
            | SyncOp::RewriterGoOn
            | SyncOp::RewriterToken
            | SyncOp::RewriterClose,
            None,
        ) => rewrite(host, kind, argument, out_cap, &mut made).map(|done| {
            work = done;
            made.as_slice()
        }),
        (kind, Some(loading)) => loading.answer(kind, argument),
        (_, None) => Err(OpErrorCode::Unsupported),
    };
    let answered = result.map(|result| hand_over(memory, host, result, out_ptr, out_cap));
    host.loading = loading;
    match answered {
        Err(code) => Ok(-(code as i32)),
        Ok(len) => {
            let len = len?;
            charge(caller, work + cost::copy(usize::try_from(len).unwrap_or(0)));
            Ok(len)
        }
    }
}

/// Writes a data point of the current request, as long as it has not written too many.
fn write_point(host: &mut Host, argument: &[u8]) -> Result<(), OpErrorCode> {
    let invocation = host.invocation().ok_or(OpErrorCode::Cancelled)?;
    invocation.points += 1;
    if invocation.points > postern_abi::analytics::POINTS_MAX {
        return Err(OpErrorCode::LimitExceeded);
    }
    let bindings = host.bindings.clone();
    let written = bindings.sync(SyncOp::AnalyticsWrite, argument, &mut Vec::new());
    written.map_err(|failure| failure.code)
}

/// Has the stream of an operation decoded, from its first byte on.
fn decode(host: &Host, argument: &[u8]) -> Result<(), OpErrorCode> {
    let id = argument.try_into().map(u32::from_le_bytes);
    let id = id.map_err(|_| OpErrorCode::BadArgument)?;
    if let Some(decode) = host.ops.get(&id).and_then(|op| op.decode.as_ref()) {
        decode.store(true, std::sync::atomic::Ordering::Relaxed);
    }
    Ok(())
}

/// What an invocation has in `env` beside the bindings of its Worker.
enum Own {
    /// Whatever the bindings have under its name.
    Before(Vec<u8>),
    /// If the bindings have nothing.
    Behind(Vec<u8>),
}

/// What the invocation at hand was given under a name as an outbound Worker. The engine of JavaScript
/// is not told here: it keeps what it is told for other invocations too, and has
/// [`InvocationFact::Outbound`].
fn own(host: &mut Host, kind: SyncOp, argument: &[u8]) -> Option<Own> {
    if kind != SyncOp::EnvGet {
        return None;
    }
    let terms = host.invocation()?.terms.as_ref()?;
    let told: serde_json::Value = serde_json::from_str(terms.parameters.as_deref()?).ok()?;
    if host.isolate.upgrade()?.worker().is_javascript() {
        return None;
    }
    let name = std::str::from_utf8(argument).ok()?;
    let encoded = |value: &serde_json::Value| {
        let json = value.to_string();
        postcard::to_allocvec(&match value {
            serde_json::Value::String(text) => EnvValue::Text(text),
            _ => EnvValue::Json(&json),
        })
        .ok()
    };
    if let Some(value) = told["named"].get(name) {
        return encoded(value).map(Own::Before);
    }
    told["spread"].get(name).and_then(encoded).map(Own::Behind)
}

/// Tells what belongs to one invocation alone.
fn invocation(host: &mut Host, argument: &[u8], made: &mut Vec<u8>) -> Result<(), OpErrorCode> {
    let [fact, number @ ..] = argument else {
        return Err(OpErrorCode::BadArgument);
    };
    let number = number.try_into().map(u32::from_le_bytes);
    let number = number.map_err(|_| OpErrorCode::BadArgument)?;
    let fact = InvocationFact::from_u8(*fact).ok_or(OpErrorCode::Unsupported)?;
    let is_trusted = host
        .isolate
        .upgrade()
        .is_some_and(|isolate| isolate.worker().is_trusted());
    let Some(invocation) = host.invocation_of(number) else {
        return Ok(());
    };
    match fact {
        InvocationFact::Outbound => {
            let terms = invocation.terms.as_ref();
            let parameters = terms.and_then(|terms| terms.parameters.as_deref());
            made.extend_from_slice(parameters.unwrap_or_default().as_bytes());
        }
        // Where requests come from is not user Workers' to know (spec: SEMANTICS §1).
        InvocationFact::Cf if is_trusted => {
            let origin = invocation.origin().map(Origin::to_json);
            made.extend_from_slice(origin.unwrap_or_default().as_bytes());
        }
        InvocationFact::Cf => {}
    }
    Ok(())
}

/// Opens, feeds or closes a compression context; gives what was done.
fn compress(
    host: &mut Host,
    kind: SyncOp,
    argument: &[u8],
    out_cap: u32,
    made: &mut Vec<u8>,
) -> Result<Used, OpErrorCode> {
    match kind {
        SyncOp::CompressionOpen => {
            let bytes = host.held() + Contexts::cost(argument);
            if !host.memory_use.hold(bytes) {
                return Err(OpErrorCode::LimitExceeded);
            }
            let opened = host.compression.open(host.current, argument);
            host.memory_use.hold(host.held());
            made.extend_from_slice(&opened?.to_le_bytes());
            Ok(Used::opened())
        }
        // What a call makes is made once, so there must be room for all of it.
        SyncOp::CompressionWrite if (out_cap as usize) < 5 + limits::COMPRESSION_OUTPUT_MAX => {
            Err(OpErrorCode::BadArgument)
        }
        SyncOp::CompressionWrite => {
            let others = host.rewriters.bytes();
            let memory = &mut host.memory_use;
            let mut hold = |bytes| memory.hold(others + bytes);
            host.compression.write(argument, made, &mut hold)
        }
        _ => {
            host.compression.close(argument)?;
            host.memory_use.hold(host.held());
            Ok(Used::default())
        }
    }
}

/// Tells what is wrong with a selector.
fn selector(host: &mut Host, argument: &[u8], made: &mut Vec<u8>) -> Result<(), OpErrorCode> {
    let bytes = rewriter::selector_cost(argument);
    if !host.memory_use.hold(host.held() + bytes) {
        return Err(OpErrorCode::LimitExceeded);
    }
    let wrong = rewriter::selector_error(argument);
    host.memory_use.hold(host.held());
    made.extend_from_slice(wrong.unwrap_or_default().as_bytes());
    Ok(())
}

/// Opens, feeds, asks or closes a rewriter of HTML; gives the work that it took.
fn rewrite(
    host: &mut Host,
    kind: SyncOp,
    argument: &[u8],
    out_cap: u32,
    made: &mut Vec<u8>,
) -> Result<u64, OpErrorCode> {
    let steps = matches!(kind, SyncOp::RewriterFeed | SyncOp::RewriterGoOn);
    // What a call makes is made once, so there must be room for all of it.
    if steps && (out_cap as usize) < 6 + limits::REWRITER_OUTPUT_MAX {
        return Err(OpErrorCode::BadArgument);
    }
    // What it is given, it may keep.
    let kept = match kind {
        SyncOp::RewriterOpen => rewriter::selector_cost(argument),
        _ => argument.len() as u64 * 2,
    };
    if !host.memory_use.hold(host.held() + kept) {
        host.memory_use.hold(host.held());
        return Err(OpErrorCode::LimitExceeded);
    }
    let work = match kind {
        SyncOp::RewriterOpen => host.rewriters.open(host.current, argument, made),
        SyncOp::RewriterFeed => host.rewriters.feed(argument, made),
        SyncOp::RewriterGoOn => host.rewriters.go_on(argument, made),
        SyncOp::RewriterToken => host.rewriters.token(argument, made),
        _ => host.rewriters.close(argument).map(|()| 0),
    };
    if !host.memory_use.hold(host.held()) {
        // There is no room for what it remembers.
        let handle = match kind {
            SyncOp::RewriterOpen => made.as_slice(),
            _ => argument,
        };
        let _ = host.rewriters.close(handle);
        host.memory_use.hold(host.held());
        return Err(OpErrorCode::LimitExceeded);
    }
    work
}
