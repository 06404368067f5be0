//! Data points, between `prelude/analytics.js` and the host.

use crate::{bytes, host, text};
use postern_abi::SyncOp;
use postern_abi::analytics::AnalyticsWrite;
use rquickjs::{Ctx, Exception, Object, Result, Value, function::Func};

/// Adds the function on data points to the natives.
pub fn install<'js>(_: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    // `analyticsWrite(binding, indexes, doubles, blobs)`: indexes and blobs are strings or bytes.
    native.set(
        "analyticsWrite",
        Func::from(
            |ctx: Ctx<'js>,
             binding: String,
             indexes: Vec<Value<'js>>,
             doubles: Vec<f64>,
             blobs: Vec<Value<'js>>| {
                let (indexes, blobs) = (all(&ctx, &indexes)?, all(&ctx, &blobs)?);
                let point = AnalyticsWrite {
                    binding: &binding,
                    indexes: indexes.iter().map(Vec::as_slice).collect(),
                    doubles,
                    blobs: blobs.iter().map(Vec::as_slice).collect(),
                };
                let argument = postcard::to_allocvec(&point)
                    .map_err(|_| Exception::throw_internal(&ctx, "a point cannot be encoded"))?;
                // A point that is refused is dropped, as the field does it.
                let _ = host::ask(SyncOp::AnalyticsWrite, &argument);
                Ok::<(), rquickjs::Error>(())
            },
        ),
    )
}

fn all<'js>(ctx: &Ctx<'js>, values: &[Value<'js>]) -> Result<Vec<Vec<u8>>> {
    let one = |value: &Value<'js>| {
        if value.is_string() {
            return text::lossy(ctx, value).map(String::into_bytes);
        }
        bytes::with(ctx, value, <[u8]>::to_vec)
    };
    values.iter().map(one).collect()
}
