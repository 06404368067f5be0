//! Compression: the host does it, part by part; here is what `CompressionSink` of
//! `prelude/streams/byte_sink.js` asks it through.

use crate::bytes::{self, Bytes};
use crate::host;
use postern_abi::SyncOp;
use postern_abi::limits::COMPRESSION_OUTPUT_MAX;
use rquickjs::{Array, Ctx, Exception, Object, Result, Value, function::Func, prelude::Opt};
use std::cell::RefCell;

/// Bytes of an answer before its output: a status and how much was used.
const HEAD: usize = 5;

thread_local! {
    /// Where the host writes its answers; made by the first stream.
    static OUT: RefCell<Vec<u8>> = RefCell::default();
}

fn failed(ctx: &Ctx<'_>, code: u16) -> rquickjs::Error {
    Exception::throw_message(
        ctx,
        match code {
            4 => {
                "There are too many compression streams at once. Close or cancel those that are not needed."
            }
            _ => "Compression failed.",
        },
    )
}

/// Adds the functions on compression to the natives.
pub fn install<'js>(_: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    // `compressionOpen(format, expand, options)`: the options of Brotli are bytes.
    native.set(
        "compressionOpen",
        Func::from(
            |ctx: Ctx<'js>, format: u8, expand: bool, options: Opt<Vec<u8>>| -> Result<u32> {
                let mut argument = vec![format, u8::from(expand)];
                argument.extend(options.0.unwrap_or_default());
                let handle = host::ask(SyncOp::CompressionOpen, &argument)
                    .map_err(|code| failed(&ctx, code))?;
                Ok(handle.try_into().map_or(0, u32::from_le_bytes))
            },
        ),
    )?;
    // `compressionWrite(handle, bytes, last, flush)`: the status, how much was used, and what came out.
    native.set(
        "compressionWrite",
        Func::from(
            |ctx: Ctx<'js>,
             handle: u32,
             input: Bytes,
             last: bool,
             flush: Opt<bool>|
             -> Result<Array<'js>> {
                let mut argument = Vec::with_capacity(HEAD + input.0.len());
                argument.extend_from_slice(&handle.to_le_bytes());
                argument.push(match last {
                    true => 1,
                    false => u8::from(flush.0 == Some(true)) * 2,
                });
                argument.extend_from_slice(&input.0);
                let answer = OUT.with_borrow_mut(|out| -> std::result::Result<_, i32> {
                    out.resize(HEAD + COMPRESSION_OUTPUT_MAX, 0);
                    let length = host::op_sync(SyncOp::CompressionWrite as u32, &argument, out);
                    let length = usize::try_from(length).map_err(|_| -length)?;
                    let answer = out.get(..length).ok_or(9)?;
                    let (head, output) = answer.split_at_checked(HEAD).ok_or(9)?;
                    let used = u32::from_le_bytes([head[1], head[2], head[3], head[4]]);
                    Ok((head[0], used, (!output.is_empty()).then(|| output.to_vec())))
                });
                let (status, used, output) =
                    answer.map_err(|code| failed(&ctx, u16::try_from(code).unwrap_or(9)))?;
                let array = Array::new(ctx.clone())?;
                array.set(0, status)?;
                array.set(1, used)?;
                match output {
                    Some(output) => array.set(2, bytes::array(&ctx, output)?)?,
                    None => array.set(2, Value::new_null(ctx.clone()))?,
                }
                Ok(array)
            },
        ),
    )?;
    native.set(
        "compressionClose",
        Func::from(|handle: u32| {
            // One that is over already is closed.
            let _ = host::ask(SyncOp::CompressionClose, &handle.to_le_bytes());
        }),
    )
}
