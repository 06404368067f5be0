//! Header fields that the edge alone sets, in what Workers send each other and other servers.
//!
//! What a user Worker says of clients is not taken for the edge's word: another Worker that it asks
//! gets the fields as the edge set them for the request that all began with. The operator's own
//! Workers pass on what they like.

use crate::engine::caller::Chain;
use http::header::{HeaderMap, HeaderName, HeaderValue};

/// How many times a request has come back to this machine.
const VIA: HeaderName = HeaderName::from_static("cf-ew-via");
/// The zone whose Worker asks.
const WORKER: HeaderName = HeaderName::from_static("cf-worker");

/// Whether only the edge may say it to a Worker.
fn is_edges_own(name: &HeaderName) -> bool {
    let name = name.as_str();
    name.starts_with("cf-")
        || name.starts_with("x-forwarded-")
        || matches!(name, "x-real-ip" | "true-client-ip" | "forwarded")
}

fn strip(headers: &mut HeaderMap, go: impl Fn(&HeaderName) -> bool) {
    let names: Vec<HeaderName> = headers.keys().filter(|name| go(name)).cloned().collect();
    for name in names {
        headers.remove(name);
    }
}

/// Has a user Worker's request to another Worker say what the edge said.
pub(super) fn restore(headers: &mut HeaderMap, chain: &Chain) {
    strip(headers, is_edges_own);
    let Some(origin) = chain.origin() else {
        return;
    };
    for (name, value) in origin.fields() {
        headers.insert(name, value);
    }
}

/// Has a user Worker's request to other servers say nothing in the edge's name to the outbound
/// Worker. What proxies say of themselves is its to say.
pub(super) fn silence(headers: &mut HeaderMap) {
    strip(headers, |name| {
        name.as_str().starts_with("cf-") || name.as_str() == "true-client-ip"
    });
}

/// Marks a request that leaves the machine: it is counted, so that one which comes back again and again
/// ends, and says which zone's Worker it is of, whatever that said itself.
pub(super) fn mark(headers: &mut HeaderMap, chain: &Chain, zone: Option<HeaderValue>) {
    match zone {
        Some(zone) => headers.insert(WORKER, zone),
        None => headers.remove(WORKER),
    };
    let hops = chain.origin().map_or(0, |origin| origin.hops);
    headers.insert(VIA, HeaderValue::from(hops.saturating_add(1)));
}
