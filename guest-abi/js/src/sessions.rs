//! Sessions of RPC as the host has them: how one is asked for, and what one that another Worker asked
//! for begins with. They are sockets otherwise (`socket.rs`); what is said is `prelude/rpc`'s.

use crate::bytes::Bytes;
use crate::subrequest::Asked;
use crate::{bytes, host, ops, socket};
use postern_abi::OpKind;
use postern_abi::limits::RPC_FIRST_MAX;
use postern_abi::rpc::{Props, RpcConnect};
use postern_abi::socket::{BINARY, FIN, TEXT};
use rquickjs::{
    ArrayBuffer, Ctx, Exception, FromJs, Object, Persistent, Result, Value, function::Func,
};

/// Whether a message may go along with a session's beginning.
fn fits<'js>(ctx: Ctx<'js>, message: Value<'js>) -> Result<bool> {
    Ok(Bytes::from_js(&ctx, message)?.0.len() < RPC_FIRST_MAX)
}

/// Asks for a session with whom `fetchStart` could ask too; the operation.
/// `line` hears what `socketServe`'s sink does.
fn connect<'js>(
    ctx: Ctx<'js>,
    asked: Value<'js>,
    first: Value<'js>,
    line: Object<'js>,
) -> Result<u32> {
    let asked = Asked::of(&ctx, &asked)?;
    let target = asked.target();
    let mut argument = postcard::to_allocvec(&RpcConnect { target })
        .map_err(|_| Exception::throw_internal(&ctx, "a session cannot be asked for"))?;
    let kind = if first.is_string() { TEXT } else { BINARY };
    let message = Bytes::from_js(&ctx, first)?;
    if message.0.len() < RPC_FIRST_MAX {
        argument.push(kind | FIN);
        argument.extend_from_slice(&message.0);
    }
    let op = ops::next();
    socket::add(op, Persistent::save(&ctx, line));
    host::op_start(op, OpKind::RpcConnect as u32, &argument);
    Ok(op)
}

/// The first message of a session that another Worker asked for: a string, an ArrayBuffer, or null.
///
/// # Errors
/// When memory is used up.
pub fn first<'js>(ctx: &Ctx<'js>, part: &[u8]) -> Result<Value<'js>> {
    match part.split_first() {
        None => Ok(Value::new_null(ctx.clone())),
        Some((kind, message)) if kind & !FIN == TEXT => bytes::text(ctx, message),
        Some((_, message)) => Ok(ArrayBuffer::new(ctx.clone(), message.to_vec())?.into_value()),
    }
}

/// What the hooks are told of props: their kind, and what they are.
///
/// # Errors
/// When memory is used up.
pub fn props<'js>(ctx: &Ctx<'js>, props: Props<'_>) -> Result<(u32, Value<'js>)> {
    Ok(match props {
        Props::None => (0, Value::new_null(ctx.clone())),
        Props::Json(text) => (1, bytes::text(ctx, text.as_bytes())?),
        Props::Own(text) => (2, bytes::text(ctx, text)?),
    })
}

/// Adds the functions on sessions to the natives.
///
/// # Errors
/// When memory is used up.
pub fn install<'js>(_: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set("rpcConnect", Func::from(connect))?;
    native.set("rpcFits", Func::from(fits))
}
