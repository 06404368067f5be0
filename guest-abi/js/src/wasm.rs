//! WebAssembly beside JavaScript: the host runs it, `prelude/wasm.js` asks it through this.

use crate::bytes;
use crate::host;
use postern_abi::SyncOp;
use postern_abi::op::WasmCall;
use rquickjs::{
    ArrayBuffer, ArrayBufferSource, Ctx, Exception, Object, Result, Value, function::Func,
};
use std::alloc::Layout;
use std::ptr::NonNull;

/// Bytes of a page of WebAssembly's.
const PAGE: usize = 65_536;

/// Pages that the host may make those of a memory of WebAssembly's, for as long as they are here.
struct Pages {
    at: NonNull<u8>,
    layout: Layout,
}

impl Pages {
    fn new(length: usize) -> Option<Self> {
        let layout = Layout::from_size_align(length, PAGE).ok()?;
        if length == 0 {
            return None;
        }
        // SAFETY: it is not of size 0. They are zeroed, since nothing else says what is in them.
        let at = NonNull::new(unsafe { std::alloc::alloc_zeroed(layout) })?;
        Some(Self { at, layout })
    }
}

// SAFETY: the pages are there until it is dropped, wherever it is moved to.
unsafe impl ArrayBufferSource for Pages {
    fn as_ptr(&self) -> *mut u8 {
        self.at.as_ptr()
    }

    fn len(&self) -> usize {
        self.layout.size()
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: they are this value's, and the buffer that showed them is gone.
        let bytes = unsafe { std::slice::from_raw_parts(self.at.as_ptr(), self.layout.size()) };
        host::op_sync(SyncOp::WasmLeave as u32, bytes, &mut []);
        // SAFETY: as above, and allocated with this layout.
        unsafe { std::alloc::dealloc(self.at.as_ptr(), self.layout) };
    }
}

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
    // `wasmBuffer(length)`: an ArrayBuffer of whole pages for `wasmRead` to fill.
    native.set(
        "wasmBuffer",
        Func::from(|ctx: Ctx<'js>, length: usize| -> Result<ArrayBuffer<'js>> {
            match Pages::new(length) {
                Some(pages) => ArrayBuffer::from_source(ctx, pages),
                None if length == 0 => ArrayBuffer::new(ctx, Vec::<u8>::new()),
                None => Err(Exception::throw_range(
                    &ctx,
                    "Array buffer allocation failed",
                )),
            }
        }),
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
