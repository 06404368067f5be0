//! Rewriters of HTML: the host parses; here is what `prelude/rewriter.js` asks it through. The
//! tokens that handlers get are in [`crate::token`].

use crate::bytes::{self, Bytes};
use crate::host;
use crate::text::string;
use postern_abi::SyncOp;
use postern_abi::limits::REWRITER_OUTPUT_MAX;
use postern_abi::rewriter::{HandlerSet, RewriterOpen};
use rquickjs::function::{Func, Opt};
use rquickjs::{Array, Ctx, Exception, Object, Result, Value};
use std::cell::RefCell;

/// Bytes of an answer before its output: a status, a kind and a number.
const HEAD: usize = 6;
/// The status of a rewriter that failed; the output says why.
const FAILED: u8 = 5;

thread_local! {
    /// Where the host writes its answers; made by the first rewriter.
    static OUT: RefCell<Vec<u8>> = RefCell::default();
}

/// The error for a code of the host's.
pub fn failed(ctx: &Ctx<'_>, code: u16) -> rquickjs::Error {
    Exception::throw_message(
        ctx,
        match code {
            1 => "HTMLRewriter is not available in the global scope.",
            4 => {
                "There are too many HTML rewriters at once, or they hold too much memory. Read or cancel responses that are being transformed."
            }
            _ => "The HTML rewriter is closed.",
        },
    )
}

/// A string's bytes; a lone surrogate is three of them, as the platform passes it on.
///
/// # Errors
/// What converting threw.
pub fn raw<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<Vec<u8>> {
    let text = string(ctx, value)?.to_cstring()?;
    Ok(text.as_str().as_bytes().to_vec())
}

/// Asks for a step; gives `[status, kind, number, output]`.
fn step<'js>(ctx: &Ctx<'js>, op: SyncOp, argument: &[u8]) -> Result<Array<'js>> {
    let answer = OUT.with_borrow_mut(|out| -> std::result::Result<_, i32> {
        out.resize(HEAD + REWRITER_OUTPUT_MAX, 0);
        let length = host::op_sync(op as u32, argument, out);
        let length = usize::try_from(length).map_err(|_| -length)?;
        let answer = out.get(..length).ok_or(9)?;
        let (head, output) = answer.split_at_checked(HEAD).ok_or(9)?;
        let number = u32::from_le_bytes([head[2], head[3], head[4], head[5]]);
        Ok((head[0], head[1], number, output.to_vec()))
    });
    let (status, kind, number, output) =
        answer.map_err(|code| failed(ctx, u16::try_from(code).unwrap_or(9)))?;
    let array = Array::new(ctx.clone())?;
    array.set(0, status)?;
    array.set(1, kind)?;
    array.set(2, number)?;
    if status == FAILED {
        array.set(3, String::from_utf8_lossy(&output).into_owned())?;
    } else if output.is_empty() {
        array.set(3, Value::new_null(ctx.clone()))?;
    } else {
        array.set(3, bytes::array(ctx, output)?)?;
    }
    Ok(array)
}

/// `rewriterOpen(encoding, esi, [selector or null, which, …])`: the handle, or what is wrong.
fn open<'js>(
    ctx: Ctx<'js>,
    encoding: String,
    esi: bool,
    flat: Vec<Value<'js>>,
) -> Result<Value<'js>> {
    let mut sets = Vec::with_capacity(flat.len() / 2);
    for pair in flat.chunks_exact(2) {
        let selector = match pair[0].is_null() {
            true => None,
            false => Some(raw(&ctx, &pair[0])?),
        };
        sets.push((selector, pair[1].as_int().unwrap_or(0) as u8));
    }
    let open = RewriterOpen {
        encoding: &encoding,
        esi,
        handlers: sets
            .iter()
            .map(|(selector, which)| HandlerSet {
                selector: selector.as_deref(),
                which: *which,
            })
            .collect(),
    };
    let argument = postcard::to_allocvec(&open).map_err(|_| failed(&ctx, 9))?;
    let answer = host::ask(SyncOp::RewriterOpen, &argument).map_err(|code| failed(&ctx, code))?;
    let Some((handle, wrong)) = answer.split_first_chunk() else {
        return Err(failed(&ctx, 9));
    };
    match u32::from_le_bytes(*handle) {
        0 => bytes::text(&ctx, wrong),
        handle => Ok(Value::new_number(ctx, f64::from(handle))),
    }
}

/// Adds the functions on rewriters to the natives.
pub fn install<'js>(_: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    // What is wrong with a selector; an empty string for a good one.
    native.set(
        "rewriterSelector",
        Func::from(
            |ctx: Ctx<'js>, selector: Value<'js>| -> Result<Value<'js>> {
                let selector = raw(&ctx, &selector)?;
                let wrong = host::ask(SyncOp::RewriterSelector, &selector)
                    .map_err(|code| failed(&ctx, code))?;
                bytes::text(&ctx, &wrong)
            },
        ),
    )?;
    native.set("rewriterOpen", Func::from(open))?;
    native.set(
        "rewriterFeed",
        Func::from(|ctx: Ctx<'js>, handle: u32, input: Bytes, last: bool| {
            let mut argument = Vec::with_capacity(5 + input.0.len());
            argument.extend_from_slice(&handle.to_le_bytes());
            argument.push(u8::from(last));
            argument.extend_from_slice(&input.0);
            step(&ctx, SyncOp::RewriterFeed, &argument)
        }),
    )?;
    native.set(
        "rewriterGoOn",
        Func::from(|ctx: Ctx<'js>, handle: u32, how: u8, content: Opt<Bytes>| {
            let content = content.0.map(|bytes| bytes.0).unwrap_or_default();
            let mut argument = Vec::with_capacity(5 + content.len());
            argument.extend_from_slice(&handle.to_le_bytes());
            argument.push(how);
            argument.extend_from_slice(&content);
            step(&ctx, SyncOp::RewriterGoOn, &argument)
        }),
    )?;
    native.set(
        "rewriterClose",
        Func::from(|handle: u32| {
            // One that is over already is closed.
            let _ = host::ask(SyncOp::RewriterClose, &handle.to_le_bytes());
        }),
    )?;
    // Whether microtasks wait.
    native.set(
        "jobsPending",
        Func::from(|ctx: Ctx<'js>| {
            let cx = crate::raw::Cx(ctx.as_raw().as_ptr());
            // SAFETY: looks at a list.
            unsafe { rquickjs::qjs::JS_IsJobPending(cx.runtime()) }
        }),
    )
}
