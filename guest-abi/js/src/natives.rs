//! The one object through which the prelude reaches Rust; a tenant never sees it.

use crate::raw::Cx;
use crate::{
    analytics, blame, buffers, cache, collation, compression, console, crypto, encoding, execution,
    forms, frames, headers, iterators, json, kv, loader, matches, modules, ops, parts, pattern,
    random, ratelimit, requests, rewriter, segments, serve, sessions, socket, stacks, subrequest,
    switches, tasks, tcp, token, url, values, wasm, zones,
};
use rquickjs::{Ctx, Object, Result};

/// The object, with a function for everything that is done in Rust.
///
/// # Errors
/// When memory is used up.
pub fn object<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let native = Object::new(ctx.clone())?;
    parts::install(ctx, &native)?;
    requests::install(ctx, &native)?;
    ops::install(ctx, &native)?;
    headers::install(ctx, &native)?;
    iterators::install(ctx, &native)?;
    json::install(ctx, &native)?;
    encoding::install(ctx, &native)?;
    url::install(ctx, &native)?;
    pattern::install(ctx, &native)?;
    kv::install(ctx, &native)?;
    subrequest::install(ctx, &native)?;
    ratelimit::install(ctx, &native)?;
    analytics::install(ctx, &native)?;
    cache::install(ctx, &native)?;
    crypto::install(ctx, &native)?;
    socket::install(ctx, &native)?;
    sessions::install(ctx, &native)?;
    tcp::install(ctx, &native)?;
    loader::install(ctx, &native)?;
    tasks::install(ctx, &native)?;
    random::install(ctx, &native)?;
    forms::install(ctx, &native)?;
    compression::install(ctx, &native)?;
    rewriter::install(ctx, &native)?;
    token::install(ctx, &native)?;
    modules::install(ctx, &native)?;
    buffers::install(ctx, &native)?;
    frames::install(ctx, &native)?;
    blame::install(ctx, &native)?;
    switches::install(ctx, &native)?;
    stacks::install(ctx, &native)?;
    values::install(ctx, &native)?;
    wasm::install(ctx, &native)?;
    zones::install(&native)?;
    matches::install(&native)?;
    segments::install(&native)?;
    execution::install(ctx, &native);
    collation::install(Cx(ctx.as_raw().as_ptr()), &native);
    console::install(Cx(ctx.as_raw().as_ptr()), &native);
    serve::install(&native)?;
    Ok(native)
}
