//! What the field has and this daemon does not, so that it can be told by its name.

/// Features by what paths begin with; the first that fits counts.
const FEATURES: &[(&str, &str)] = &[
    ("accounts/{account}/d1", "D1 databases"),
    ("accounts/{account}/r2", "R2 buckets"),
    ("accounts/{account}/r2-catalog", "R2 Data Catalog"),
    (
        "accounts/{account}/event_notifications/r2",
        "R2 event notifications",
    ),
    ("accounts/{account}/queues", "Queues"),
    (
        "accounts/{account}/event_subscriptions",
        "Event subscriptions of Queues",
    ),
    (
        "accounts/{account}/workers/workers/{script}/previews",
        "Previews (upload a version, which has a preview URL)",
    ),
    (
        "accounts/{account}/workers/workers/{script}/{more}",
        "Versions",
    ),
    (
        "accounts/{account}/workers/observability/telemetry/live-tail",
        "Live tails of queries (follow a Worker with POST …/scripts/NAME/tails)",
    ),
    (
        "accounts/{account}/workers/observability",
        "Saved queries and destinations of Workers Observability",
    ),
    (
        "accounts/{account}/workers/durable_objects",
        "Durable Objects",
    ),
    ("accounts/{account}/workers/placement", "Placement"),
    ("accounts/{account}/workers/builds", "Workers Builds"),
    ("accounts/{account}/builds", "Workers Builds"),
    ("accounts/{account}/workflows", "Workflows"),
    ("accounts/{account}/vectorize", "Vectorize"),
    ("accounts/{account}/hyperdrive", "Hyperdrive"),
    ("accounts/{account}/pipelines", "Pipelines"),
    ("accounts/{account}/ai", "Workers AI"),
    ("accounts/{account}/ai-gateway", "AI Gateway"),
    ("accounts/{account}/ai-search", "AI Search"),
    ("accounts/{account}/autorag", "AI Search"),
    ("accounts/{account}/secrets_store", "Secrets Store"),
    ("accounts/{account}/mtls_certificates", "mTLS certificates"),
    ("accounts/{account}/containers", "Containers"),
    ("accounts/{account}/cloudchamber", "Containers"),
    ("accounts/{account}/browser-rendering", "Browser Rendering"),
    ("accounts/{account}/pages", "Pages"),
    ("accounts/{account}/images", "Images"),
    ("accounts/{account}/stream", "Stream"),
    ("accounts/{account}/email", "Email"),
    ("accounts/{account}/cfd_tunnel", "Tunnels"),
    ("accounts/{account}/connectivity", "Workers VPC"),
    ("accounts/{account}/challenges", "Turnstile"),
    ("accounts/{account}/flagship", "Flagship"),
    ("accounts/{account}/agent-memory", "Agent Memory"),
    ("accounts/{account}/artifacts", "Artifacts"),
    ("accounts/{account}/members", "Members of accounts"),
    ("accounts/{account}/roles", "Members of accounts"),
    ("accounts/{account}/k2", "K2 streams"),
    ("accounts/{account}/basin-sql", "Basin SQL"),
    ("zones/{zone}", "Zones, beyond the routes of Workers"),
];

/// The feature that a path, without what all begin with, belongs to.
pub(super) fn feature(path: &str) -> Option<&'static str> {
    FEATURES
        .iter()
        .find(|(beginning, _)| begins(beginning, path))
        .map(|(_, feature)| *feature)
}

/// Whether a path is what a pattern says, or below it.
fn begins(pattern: &str, path: &str) -> bool {
    let mut pieces = path.split('/');
    pattern.split('/').all(|wanted| {
        let piece = pieces.next();
        piece.is_some_and(|piece| piece == wanted || (wanted.starts_with('{') && !piece.is_empty()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_known_by_what_paths_begin_with() {
        let check = |path, expect| assert_eq!(feature(path), expect, "{path}");
        check("accounts/edge/d1/database", Some("D1 databases"));
        check("accounts/edge/queues", Some("Queues"));
        check("accounts/edge/queues/", Some("Queues"));
        check("accounts/edge/ai-gateway/gateways/x", Some("AI Gateway"));
        check("accounts/edge/ai/run/model", Some("Workers AI"));
        check("accounts//d1/database", None);
        check("accounts/edge/d1x", None);
        check("accounts/edge/workers/scripts", None);
    }
}
