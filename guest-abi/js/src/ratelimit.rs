//! Rate limits, between `prelude/ratelimit.js` and the host.

use crate::ops::{self, Decode, Decoded};
use crate::text::Text;
use postern_abi::OpKind;
use postern_abi::ratelimit::RateLimit;
use rquickjs::{Ctx, Exception, Object, Result, Value, function::Func};

/// Adds the function on rate limits to the natives.
pub fn install<'js>(_: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    // `rateLimit(binding, key)`: whether that is within the limit, later.
    native.set(
        "rateLimit",
        Func::from(|ctx: Ctx<'js>, binding: String, key: Text| {
            let argument = RateLimit {
                binding: &binding,
                key: &key.0,
            };
            let argument = postcard::to_allocvec(&argument)
                .map_err(|_| Exception::throw_internal(&ctx, "a key cannot be encoded"))?;
            let decode: Decode = Box::new(|ctx, payload| {
                let is_within = payload.first() == Some(&1);
                let told = Object::new(ctx.clone())?;
                told.set("success", Value::new_bool(ctx.clone(), is_within))?;
                Ok(Decoded::Value(told.into_value()))
            });
            ops::start(&ctx, OpKind::RateLimit as u32, &argument, decode)
        }),
    )
}
