//! Connections to servers by TCP: how one is asked for, and what is sent over it. They are sockets
//! otherwise (`socket.rs`); what a tenant sees of them is `prelude/sockets.js`.

use crate::bytes::Bytes;
use crate::{host, ops, socket};
use postern_abi::OpKind;
use postern_abi::socket::{BINARY, CLOSE};
use postern_abi::tcp::{START_TLS, Security, TcpConnect};
use rquickjs::{Ctx, Exception, Object, Persistent, Result, function::Func};

/// Asks for a connection: 0 is not sealed, 1 is, 2 may be later. The operation; `sink` hears what a
/// WebSocket's does, and `drained()` and `sealed()`.
fn connect<'js>(
    ctx: Ctx<'js>,
    host_name: String,
    port: u16,
    security: u32,
    sink: Object<'js>,
) -> Result<u32> {
    let asked = TcpConnect {
        host: &host_name,
        port,
        security: match security {
            0 => Security::Off,
            1 => Security::On,
            _ => Security::StartTls,
        },
    };
    let argument = postcard::to_allocvec(&asked)
        .map_err(|_| Exception::throw_internal(&ctx, "a connection cannot be asked for"))?;
    let op = ops::next();
    socket::add_flowing(op, Persistent::save(&ctx, sink));
    host::op_start(op, OpKind::TcpConnect as u32, &argument);
    Ok(op)
}

/// Adds the functions on connections to the natives.
///
/// # Errors
/// When memory is used up.
pub fn install<'js>(_: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set("tcpConnect", Func::from(connect))?;
    // Each gives whether something waits for credit.
    native.set(
        "tcpSend",
        Func::from(|op: u32, bytes: Bytes| socket::send_part(op, BINARY, bytes.0)),
    )?;
    native.set(
        "tcpEnd",
        Func::from(|op: u32| socket::send_part(op, CLOSE, Vec::new())),
    )?;
    native.set(
        "tcpSeal",
        Func::from(|op: u32, name: String| {
            socket::send_part(op, START_TLS, name.into_bytes());
        }),
    )?;
    native.set("tcpPull", Func::from(host::op_pull))
}
