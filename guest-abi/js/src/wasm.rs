//! WebAssembly beside JavaScript: the host runs it, `prelude/wasm.js` asks it through this.

use crate::bytes;
use crate::host;
use postern_abi::SyncOp;
use postern_abi::op::WasmCall;
use rquickjs::{Ctx, Exception, Object, Result, Value, function::Func};

/// Adds the functions on WebAssembly to the natives.
pub fn install<'js>(_: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    // `wasmDescribe(bytes)`: "0" and JSON, or "1" and what is wrong.
    native.set(
        "wasmDescribe",
        Func::from(|ctx: Ctx<'js>, module: bytes::Bytes| -> Result<String> {
            let told = host::ask(SyncOp::WasmDescribe, &module.0)
                .map_err(|_| Exception::throw_message(&ctx, "WebAssembly is not available"))?;
            let (status, text) = told.split_first().unwrap_or((&1, &[]));
            Ok(format!("{status}{}", String::from_utf8_lossy(text)))
        }),
    )?;
    // `wasmCompile(bytes, answer)`: the length of the answer, or an error's code below 0.
    native.set(
        "wasmCompile",
        Func::from(
            |ctx: Ctx<'js>, module: bytes::Bytes, answer: Value<'js>| -> Result<i32> {
                let argument = [&[WasmCall::Compile as u8], &*module.0].concat();
                bytes::with_mut(&ctx, &answer, |out| {
                    host::op_sync(SyncOp::Wasm as u32, &argument, out)
                })
            },
        ),
    )?;
    // `wasm(buffer, length)`: the same for an argument that lies where the answer goes.
    native.set(
        "wasm",
        Func::from(
            |ctx: Ctx<'js>, buffer: Value<'js>, length: usize| -> Result<i32> {
                bytes::with_mut(&ctx, &buffer, |out| {
                    let argument = out.get(..length).unwrap_or_default().to_vec();
                    host::op_sync(SyncOp::Wasm as u32, &argument, out)
                })
            },
        ),
    )?;
    native.set(
        "wasmRead",
        Func::from(|ctx: Ctx<'js>, memory: u32, buffer: Value<'js>| {
            bytes::with_mut(&ctx, &buffer, |out| {
                host::op_sync(SyncOp::WasmRead as u32, &memory.to_le_bytes(), out)
            })
        }),
    )?;
    native.set(
        "wasmWrite",
        Func::from(|ctx: Ctx<'js>, memory: u32, buffer: Value<'js>| {
            bytes::with(&ctx, &buffer, |bytes| {
                let mut handle = memory.to_le_bytes();
                host::op_sync(SyncOp::WasmWrite as u32, bytes, &mut handle)
            })
        }),
    )
}
