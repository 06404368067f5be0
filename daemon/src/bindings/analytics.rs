//! Data points (spec: SEMANTICS §23): what a guest writes, on its way to where they are kept.

use super::{Binding, Env, undecodable};
use crate::analytics::{self, Point};
use crate::engine::ops::OpFailure;
use postern_abi::OpErrorCode;
use postern_abi::analytics::AnalyticsWrite;

/// [`AnalyticsWrite`]
pub(super) fn write(env: &Env, argument: &[u8]) -> Result<(), OpFailure> {
    let (asked, rest): (AnalyticsWrite<'_>, _) =
        postcard::take_from_bytes(argument).map_err(|_| undecodable("AnalyticsWrite"))?;
    if !rest.is_empty() {
        return Err(undecodable("AnalyticsWrite"));
    }
    let Binding::Analytics { dataset, .. } = env.binding(asked.binding)? else {
        return Err(OpFailure::new(
            OpErrorCode::UnknownBinding,
            format!("env.{:.64} is no dataset", asked.binding),
        ));
    };
    let Some((analytics, tenant)) = &env.analytics else {
        return Err(OpFailure::new(
            OpErrorCode::Unavailable,
            "this daemon keeps no data points",
        ));
    };
    if asked.indexes.len() > 1 {
        analytics.refuse();
        return Ok(());
    }
    let text = |bytes: &&[u8]| String::from_utf8_lossy(bytes).into_owned();
    let point = Point {
        at_ms: analytics::now_ms(),
        index: asked.indexes.first().map(text).unwrap_or_default(),
        blobs: asked.blobs.iter().map(text).collect(),
        doubles: asked.doubles,
    };
    analytics.write(dataset, *tenant, point);
    Ok(())
}
