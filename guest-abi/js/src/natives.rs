//! The one object through which the prelude reaches Rust; a tenant never sees it.

use crate::{buffers, headers, kv, modules, ops, random, requests};
use rquickjs::{Ctx, Object, Result};

/// The object, with a function for everything that is done in Rust.
///
/// # Errors
/// When memory is used up.
pub fn object<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let native = Object::new(ctx.clone())?;
    requests::install(ctx, &native)?;
    ops::install(ctx, &native)?;
    headers::install(ctx, &native)?;
    kv::install(ctx, &native)?;
    random::install(ctx, &native)?;
    modules::install(ctx, &native)?;
    buffers::install(ctx, &native)?;
    Ok(native)
}
