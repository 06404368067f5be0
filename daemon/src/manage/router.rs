//! The table of routes, and the way from a request line to a handler.
//!
//! Paths are split before they are percent-decoded, and each piece is decoded once, so that
//! `%2F` stays inside the piece that it came in.

use super::audit::New;
use super::body::Payload;
use super::call::{Call, parse_query};
use super::envelope::{Handled, Refusal, code};
use super::guard::Caller;
use super::local::LocalPeer;
use super::server::Peer;
use super::{Manage, absent, tokens, workers};
use crate::catalog::CatalogError;
use crate::catalog::name::ACCOUNT;
use http::{Method, StatusCode};
use percent_encoding::percent_decode_str;
use std::future::Future;
use std::pin::Pin;

type Handling<'a> = Pin<Box<dyn Future<Output = Handled> + Send + 'a>>;
type Handler<W> = for<'a> fn(&'a Manage<W>, Call) -> Handling<'a>;

/// One route: `{name}` is one piece of the path, `{*name}` all that is left of it.
struct Route<W: 'static> {
    method: Method,
    pattern: &'static str,
    handler: Handler<W>,
}

/// Where the API begins. Clients can be told any base address; this is the one they know.
const BASE: &str = "/client/v4/";
/// Where what the field has no name for begins.
const OWN: &str = "/postern/v1/";
/// Where programs of this machine ask how the daemon is, with a key of their own.
const HEALTH: &str = "/postern/v1/health";
/// How the paths end by which a token is verified.
const VERIFY: &str = "/tokens/verify";
/// Where a gateway without any credential is claimed.
pub(super) const CLAIM: &str = "/postern/v1/claim";
/// Bytes of a request's target.
const TARGET_MAX: usize = 16 * 1024;
/// Bytes of a request's header fields.
const HEADERS_MAX: usize = 32 * 1024;
/// Header fields of a request.
const HEADER_COUNT_MAX: usize = 100;

macro_rules! routes {
    ($($method:ident $pattern:literal => $handler:ident,)*) => {
        &[$(Route {
            method: Method::$method,
            pattern: $pattern,
            handler: |manage, call| Box::pin(manage.$handler(call)),
        },)*]
    };
}

impl<W: Send + Sync + 'static> Manage<W> {
    const ROUTES: &'static [Route<W>] = routes! {
        GET "user" => user,
        GET "user/tokens/verify" => verify_token,
        GET "accounts/{account}/tokens/verify" => verify_token,
        GET "user/tokens" => account_tokens,
        GET "user/tokens/permission_groups" => permission_groups,
        GET "accounts/{account}/tokens/permission_groups" => permission_groups,
        GET "user/tokens/{token}" => account_token,
        DELETE "user/tokens/{token}" => revoke_token,
        GET "accounts/{account}/tokens" => account_tokens,
        GET "accounts/{account}/tokens/{token}" => account_token,
        DELETE "accounts/{account}/tokens/{token}" => revoke_token,
        GET "accounts" => accounts,
        GET "accounts/{account}" => account,
        GET "memberships" => memberships,
        GET "memberships/{membership}" => membership,
        GET "accounts/{account}/workers/subdomain" => subdomain,

        POST "accounts/{account}/workers/observability/telemetry/query" => telemetry_query,
        POST "accounts/{account}/workers/observability/telemetry/keys" => telemetry_keys,
        POST "accounts/{account}/workers/observability/telemetry/values" => telemetry_values,

        GET "accounts/{account}/workers/dispatch/namespaces" => list_namespaces,
        POST "accounts/{account}/workers/dispatch/namespaces" => create_namespace,
        GET "accounts/{account}/workers/dispatch/namespaces/{ns}" => get_namespace,
        PUT "accounts/{account}/workers/dispatch/namespaces/{ns}" => update_namespace,
        PATCH "accounts/{account}/workers/dispatch/namespaces/{ns}" => update_namespace,
        DELETE "accounts/{account}/workers/dispatch/namespaces/{ns}" => delete_namespace,

        GET "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts" => list_scripts,
        DELETE "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts" => delete_scripts,
        GET "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts/{script}" => get_script,
        PUT "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts/{script}" => put_script,
        DELETE "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts/{script}" => delete_script,
        GET "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts/{script}/content" => get_content,
        PUT "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts/{script}/content" => put_content,
        GET "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts/{script}/settings" => get_settings,
        PATCH "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts/{script}/settings" => patch_settings,
        GET "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts/{script}/bindings" => get_bindings,
        GET "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts/{script}/secrets" => list_secrets,
        PUT "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts/{script}/secrets" => put_secret,
        GET "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts/{script}/secrets/{secret}" => get_secret,
        DELETE "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts/{script}/secrets/{secret}" => delete_secret,
        PATCH "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts/{script}/secrets-bulk" => patch_secrets,
        GET "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts/{script}/tags" => get_tags,
        PUT "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts/{script}/tags" => put_tags,
        PUT "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts/{script}/tags/{tag}" => put_tag,
        DELETE "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts/{script}/tags/{tag}" => delete_tag,
        GET "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts/{script}/schedules" => get_schedules,
        PUT "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts/{script}/schedules" => put_schedules,
        GET "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts/{script}/logs" => get_logs,
        GET "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts/{script}/tails" => list_tails,
        POST "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts/{script}/tails" => create_tail,
        DELETE "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts/{script}/tails/{id}" => delete_tail,
        POST "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts/{script}/assets-upload-session" => begin_assets,
        GET "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts/{script}/versions" => list_versions,
        POST "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts/{script}/versions" => post_version,
        PATCH "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts/{script}/versions/latest" => patch_version,
        GET "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts/{script}/versions/{version}" => get_version,
        GET "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts/{script}/deployments" => list_deployments,
        POST "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts/{script}/deployments" => post_deployment,
        GET "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts/{script}/deployments/{deployment}" => get_deployment,
        DELETE "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts/{script}/deployments/{deployment}" => delete_deployment,
        POST "accounts/{account}/workers/assets/upload" => upload_assets,
        POST "accounts/{account}/workers/assets/upload/{hash}" => upload_asset,

        GET "accounts/{account}/workers/scripts/{script}/tails" => list_tails,
        POST "accounts/{account}/workers/scripts/{script}/tails" => create_tail,
        DELETE "accounts/{account}/workers/scripts/{script}/tails/{id}" => delete_tail,
        GET "accounts/{account}/workers/scripts" => plain_scripts,
        GET "accounts/{account}/workers/scripts-search" => search_scripts,
        GET "accounts/{account}/workers/scripts/{script}" => get_content,
        PUT "accounts/{account}/workers/scripts/{script}" => put_script,
        DELETE "accounts/{account}/workers/scripts/{script}" => delete_plain,
        GET "accounts/{account}/workers/scripts/{script}/content" => get_content,
        GET "accounts/{account}/workers/scripts/{script}/content/v2" => get_content,
        PUT "accounts/{account}/workers/scripts/{script}/content" => put_content,
        GET "accounts/{account}/workers/scripts/{script}/settings" => get_settings,
        PATCH "accounts/{account}/workers/scripts/{script}/settings" => patch_settings,
        GET "accounts/{account}/workers/scripts/{script}/script-settings" => get_script_settings,
        PATCH "accounts/{account}/workers/scripts/{script}/script-settings" => patch_script_settings,
        GET "accounts/{account}/workers/scripts/{script}/bindings" => get_bindings,
        GET "accounts/{account}/workers/scripts/{script}/secrets" => list_secrets,
        PUT "accounts/{account}/workers/scripts/{script}/secrets" => put_secret,
        GET "accounts/{account}/workers/scripts/{script}/secrets/{secret}" => get_secret,
        DELETE "accounts/{account}/workers/scripts/{script}/secrets/{secret}" => delete_secret,
        PATCH "accounts/{account}/workers/scripts/{script}/secrets-bulk" => patch_secrets,
        GET "accounts/{account}/workers/scripts/{script}/tags" => get_tags,
        PUT "accounts/{account}/workers/scripts/{script}/tags" => put_tags,
        PUT "accounts/{account}/workers/scripts/{script}/tags/{tag}" => put_tag,
        DELETE "accounts/{account}/workers/scripts/{script}/tags/{tag}" => delete_tag,
        GET "accounts/{account}/workers/scripts/{script}/schedules" => get_schedules,
        PUT "accounts/{account}/workers/scripts/{script}/schedules" => put_schedules,
        GET "accounts/{account}/workers/scripts/{script}/logs" => get_logs,
        POST "accounts/{account}/workers/scripts/{script}/assets-upload-session" => begin_assets,
        GET "accounts/{account}/workers/scripts/{script}/routes" => get_script_routes,
        PUT "accounts/{account}/workers/scripts/{script}/routes" => put_script_routes,
        POST "accounts/{account}/workers/scripts/{script}/domains/changeset" => domains_changeset,
        PUT "accounts/{account}/workers/scripts/{script}/domains/records" => put_domain_records,
        GET "accounts/{account}/workers/scripts/{script}/subdomain" => get_script_subdomain,
        POST "accounts/{account}/workers/scripts/{script}/subdomain" => post_script_subdomain,
        DELETE "accounts/{account}/workers/scripts/{script}/subdomain" => delete_script_subdomain,
        GET "accounts/{account}/workers/scripts/{script}/references" => get_references,
        GET "accounts/{account}/workers/scripts/{script}/versions" => list_versions,
        POST "accounts/{account}/workers/scripts/{script}/versions" => post_version,
        PATCH "accounts/{account}/workers/scripts/{script}/versions/latest" => patch_version,
        GET "accounts/{account}/workers/scripts/{script}/versions/{version}" => get_version,
        GET "accounts/{account}/workers/scripts/{script}/deployments" => list_deployments,
        POST "accounts/{account}/workers/scripts/{script}/deployments" => post_deployment,
        GET "accounts/{account}/workers/scripts/{script}/deployments/{deployment}" => get_deployment,
        DELETE "accounts/{account}/workers/scripts/{script}/deployments/{deployment}" => delete_deployment,
        GET "accounts/{account}/workers/workers/{script}/versions" => list_worker_versions,
        POST "accounts/{account}/workers/workers/{script}/versions" => post_worker_version,
        PATCH "accounts/{account}/workers/workers/{script}/versions/latest" => patch_version,
        GET "accounts/{account}/workers/workers/{script}/versions/{version}" => get_worker_version,
        DELETE "accounts/{account}/workers/workers/{script}/versions/{version}" => delete_version,
        GET "accounts/{account}/workers/workers" => list_workers,
        POST "accounts/{account}/workers/workers" => create_worker,
        GET "accounts/{account}/workers/workers/{script}" => get_worker,
        PUT "accounts/{account}/workers/workers/{script}" => replace_worker,
        PATCH "accounts/{account}/workers/workers/{script}" => edit_worker,
        DELETE "accounts/{account}/workers/workers/{script}" => delete_plain,
        GET "accounts/{account}/workers/account-settings" => get_account_settings,
        PUT "accounts/{account}/workers/account-settings" => put_account_settings,
        GET "accounts/{account}/workers/services/{script}" => get_service,
        DELETE "accounts/{account}/workers/services/{script}" => delete_service,
        GET "accounts/{account}/workers/services/{script}/environments/{environment}" => get_service_environment,
        GET "accounts/{account}/workers/services/{script}/environments/{environment}/bindings" => get_bindings,
        GET "accounts/{account}/workers/services/{script}/environments/{environment}/content" => get_content,
        GET "accounts/{account}/workers/services/{script}/environments/{environment}/settings" => get_settings,
        GET "accounts/{account}/workers/services/{script}/environments/{environment}/routes" => get_script_routes,
        GET "accounts/{account}/workers/services/{script}/environments/{environment}/subdomain" => get_script_subdomain,
        GET "accounts/{account}/workers/tails/by-consumer/{script}" => tails_by_consumer,
        GET "accounts/{account}/workers/durable_objects/namespaces" => no_durable_objects,
        PUT "accounts/{account}/workers/subdomain" => fixed_subdomain,
        DELETE "accounts/{account}/workers/subdomain" => fixed_subdomain,
        GET "accounts/{account}/workers/domains" => list_domains,
        PUT "accounts/{account}/workers/domains" => put_domain,
        GET "accounts/{account}/workers/domains/records" => list_domains,
        GET "accounts/{account}/workers/domains/{domain}" => get_domain,
        DELETE "accounts/{account}/workers/domains/{domain}" => delete_domain,
        GET "accounts/{account}/workers/domains/records/{domain}" => get_domain,

        GET "zones" => list_zones,
        GET "zones/{zone}" => get_zone,
        GET "zones/{zone}/workers/routes" => list_routes,
        POST "zones/{zone}/workers/routes" => create_route,
        GET "zones/{zone}/workers/routes/{route}" => get_route,
        PUT "zones/{zone}/workers/routes/{route}" => put_route,
        DELETE "zones/{zone}/workers/routes/{route}" => delete_route,

        GET "accounts/{account}/logpush/jobs" => list_jobs,
        POST "accounts/{account}/logpush/jobs" => create_job,
        GET "accounts/{account}/logpush/jobs/{job}" => get_job,
        PUT "accounts/{account}/logpush/jobs/{job}" => update_job,
        DELETE "accounts/{account}/logpush/jobs/{job}" => delete_job,
        GET "accounts/{account}/logpush/datasets/workers_trace_events/jobs" => list_jobs,
        GET "accounts/{account}/logpush/datasets/workers_trace_events/fields" => job_fields,
        POST "accounts/{account}/logpush/validate/destination" => validate_destination,
        POST "accounts/{account}/logpush/validate/destination/exists" => destination_exists,
        POST "accounts/{account}/logpush/validate/origin" => validate_options,
        POST "accounts/{account}/logpush/ownership" => own_destination,
        POST "accounts/{account}/logpush/ownership/validate" => validate_destination,
        GET "accounts/{account}/workers/dispatch/namespaces/{ns}/logs/config" => get_namespace_logs,
        PUT "accounts/{account}/workers/dispatch/namespaces/{ns}/logs/config" => put_namespace_logs,
        POST "accounts/{account}/workers/dispatch/namespaces/{ns}/logs/config" => put_namespace_logs,

        GET "accounts/{account}/analytics_engine/sql" => query_points,
        POST "accounts/{account}/analytics_engine/sql" => query_points,
        POST "graphql" => graphql,

        GET "accounts/{account}/storage/kv/namespaces" => list_kv_namespaces,
        POST "accounts/{account}/storage/kv/namespaces" => create_kv_namespace,
        GET "accounts/{account}/storage/kv/namespaces/{id}" => get_kv_namespace,
        PUT "accounts/{account}/storage/kv/namespaces/{id}" => rename_kv_namespace,
        DELETE "accounts/{account}/storage/kv/namespaces/{id}" => delete_kv_namespace,
        GET "accounts/{account}/storage/kv/namespaces/{id}/keys" => list_keys,
        GET "accounts/{account}/storage/kv/namespaces/{id}/values/{*key}" => get_value,
        PUT "accounts/{account}/storage/kv/namespaces/{id}/values/{*key}" => put_value,
        DELETE "accounts/{account}/storage/kv/namespaces/{id}/values/{*key}" => delete_value,
        GET "accounts/{account}/storage/kv/namespaces/{id}/metadata/{*key}" => get_metadata,
        PUT "accounts/{account}/storage/kv/namespaces/{id}/bulk" => put_bulk,
        DELETE "accounts/{account}/storage/kv/namespaces/{id}/bulk" => delete_bulk,
        POST "accounts/{account}/storage/kv/namespaces/{id}/bulk/get" => get_bulk,
        POST "accounts/{account}/storage/kv/namespaces/{id}/bulk/delete" => delete_bulk,

        GET "accounts/{account}/postern/v1/replays" => list_replays,
        GET "accounts/{account}/postern/v1/replays/{ray}" => get_replay,
        DELETE "accounts/{account}/postern/v1/replays/{ray}" => delete_replay,
        GET "accounts/{account}/postern/v1/explain" => list_failures,
        GET "accounts/{account}/postern/v1/explain/{ray}" => explain_ray,
        GET "accounts/{account}/postern/v1/usage" => get_usage,
        GET "accounts/{account}/postern/v1/plans" => list_plans,
        GET "accounts/{account}/postern/v1/plans/{plan}" => get_plan,
        PUT "accounts/{account}/postern/v1/plans/{plan}" => put_plan,
        PATCH "accounts/{account}/postern/v1/plans/{plan}" => patch_plan,
        DELETE "accounts/{account}/postern/v1/plans/{plan}" => delete_plan,
        GET "accounts/{account}/postern/v1/limits" => list_limits,
        GET "accounts/{account}/postern/v1/limits/keys" => limit_keys,
        GET "accounts/{account}/postern/v1/limits/history" => limits_history,
        POST "accounts/{account}/postern/v1/limits/undo" => undo_limits,
        GET "accounts/{account}/postern/v1/limits/account" => get_limits,
        PUT "accounts/{account}/postern/v1/limits/account" => put_limits,
        PATCH "accounts/{account}/postern/v1/limits/account" => patch_limits,
        DELETE "accounts/{account}/postern/v1/limits/account" => delete_limits,
        GET "accounts/{account}/postern/v1/limits/tenants/{tenant}" => get_limits,
        PUT "accounts/{account}/postern/v1/limits/tenants/{tenant}" => put_limits,
        PATCH "accounts/{account}/postern/v1/limits/tenants/{tenant}" => patch_limits,
        DELETE "accounts/{account}/postern/v1/limits/tenants/{tenant}" => delete_limits,
        GET "accounts/{account}/postern/v1/limits/scripts/{script}" => get_limits,
        PUT "accounts/{account}/postern/v1/limits/scripts/{script}" => put_limits,
        PATCH "accounts/{account}/postern/v1/limits/scripts/{script}" => patch_limits,
        DELETE "accounts/{account}/postern/v1/limits/scripts/{script}" => delete_limits,
        GET "accounts/{account}/postern/v1/limits/namespaces/{ns}" => get_limits,
        PUT "accounts/{account}/postern/v1/limits/namespaces/{ns}" => put_limits,
        PATCH "accounts/{account}/postern/v1/limits/namespaces/{ns}" => patch_limits,
        DELETE "accounts/{account}/postern/v1/limits/namespaces/{ns}" => delete_limits,
        GET "accounts/{account}/postern/v1/limits/namespaces/{ns}/tenants/{tenant}" => get_limits,
        PUT "accounts/{account}/postern/v1/limits/namespaces/{ns}/tenants/{tenant}" => put_limits,
        PATCH "accounts/{account}/postern/v1/limits/namespaces/{ns}/tenants/{tenant}" => patch_limits,
        DELETE "accounts/{account}/postern/v1/limits/namespaces/{ns}/tenants/{tenant}" => delete_limits,
        GET "accounts/{account}/postern/v1/limits/namespaces/{ns}/scripts/{script}" => get_limits,
        PUT "accounts/{account}/postern/v1/limits/namespaces/{ns}/scripts/{script}" => put_limits,
        PATCH "accounts/{account}/postern/v1/limits/namespaces/{ns}/scripts/{script}" => patch_limits,
        DELETE "accounts/{account}/postern/v1/limits/namespaces/{ns}/scripts/{script}" => delete_limits,
        GET "accounts/{account}/postern/v1/limits/scripts/{script}/explain" => explain_limits,
        GET "accounts/{account}/postern/v1/limits/namespaces/{ns}/scripts/{script}/explain" => explain_limits,
    };

    const OWN_ROUTES: &'static [Route<W>] = routes! {
        GET "status" => get_status,
        GET "ledger" => get_ledger,
        GET "logs/{ns}/{script}" => get_logs,
        GET "logs/{script}" => get_logs,
        GET "routes" => all_routes,
        GET "health" => get_health,
        GET "explain" => list_failures,
        GET "explain/{ray}" => explain_ray,
        GET "firmware" => get_firmware,
        PUT "firmware" => push_firmware,
        POST "firmware" => push_firmware,
        POST "firmware/check" => check_firmware,
        POST "firmware/confirm" => confirm_firmware,
        POST "firmware/rollback" => roll_back_firmware,
        GET "calibration" => get_calibration,
        POST "calibration" => calibrate,
        DELETE "calibration" => forget_calibration,
        GET "tune" => get_tune,
        GET "tune/usage" => tune_usage,
        GET "tune/histogram" => tune_histogram,
        GET "tune/suggest" => tune_suggest,
        POST "tune/what-if" => tune_what_if,
        POST "tune/apply" => tune_apply,
        POST "tune/confirm" => tune_confirm,
        POST "tune/undo" => tune_undo,
        GET "tune/history" => tune_history,
        GET "bundles" => list_bundles,
        PUT "bundles" => put_bundle,
        GET "bundles/keys" => get_release_keys,
        GET "bundles/receipt" => get_receipt,
        POST "bundles/uploads" => begin_bundle,
        GET "bundles/uploads/{upload}" => get_bundle_upload,
        PUT "bundles/uploads/{upload}" => append_bundle,
        DELETE "bundles/uploads/{upload}" => abandon_bundle,
        POST "bundles/uploads/{upload}/install" => install_bundle,
        GET "audit" => list_audit,
        GET "audit/verify" => verify_audit,
        GET "tokens" => list_tokens,
        POST "tokens" => create_token,
        POST "claim" => claim,
        DELETE "tokens/{token}" => revoke_token,
    };

    /// Methods and patterns of all routes.
    #[cfg(test)]
    pub(super) fn all_routes_there_are()
    -> impl Iterator<Item = (&'static str, &'static Method, &'static str)> {
        let all = Self::ROUTES.iter().map(|route| (BASE, route));
        let own = Self::OWN_ROUTES.iter().map(|route| (OWN, route));
        all.chain(own)
            .map(|(base, route)| (base, &route.method, route.pattern))
    }

    /// What a route's handler alone makes of a call, as if what was asked before it had changed since.
    #[cfg(test)]
    pub(super) async fn unasked(&self, method: &Method, pattern: &str, call: Call) -> Handled {
        let mut routes = Self::ROUTES.iter();
        let route = routes.find(|it| it.method == *method && it.pattern == pattern);
        (route.expect("a test names it").handler)(self, call).await
    }

    /// Finds the handler for a request and runs it.
    pub(super) async fn dispatch(&self, request: http::Request<Payload>) -> Handled {
        let (head, body) = request.into_parts();
        let size = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            name.as_str().len() + value.len()
        };
        if head.headers.len() > HEADER_COUNT_MAX
            || head.headers.iter().map(size).sum::<usize>() > HEADERS_MAX
        {
            return Err(Refusal::new(
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                code::BODY,
                format!(
                    "the header fields exceed the limit of {HEADER_COUNT_MAX} fields and \
                     {HEADERS_MAX} bytes"
                ),
            ));
        }
        let path = head.uri.path();
        if let Some(answer) = self.probed(&head.method, path, &head.headers) {
            return answer;
        }
        // Uploads of assets bring the token of their session instead, which the handler checks.
        let has_health_key = path == HEALTH && self.knows_health_key(&head.headers);
        let peer = head.extensions.get::<Peer>().map(|peer| peer.0);
        let local = head.extensions.get::<LocalPeer>().copied();
        let caller = match local.filter(|_| LocalPeer::speaks_for(&head.headers)) {
            _ if is_assets_upload(path) || has_health_key => Caller::Route,
            Some(local) => Caller::Local(local),
            None if path == CLAIM => Caller::Route,
            None => {
                // There is no token that could be good, so nobody has failed.
                if let Some(told) = self.claim.get().and_then(|it| it.unclaimed()) {
                    return Err(if path.ends_with(VERIFY) {
                        tokens::refused()
                    } else {
                        told
                    });
                }
                let admitted = self.guard.admit(self.catalog.store(), &head.headers, peer);
                let token = admitted.map_err(|refusal| {
                    let rest = path.strip_prefix(BASE).unwrap_or_default();
                    tokens::told_at(rest, &head.headers, refusal)
                })?;
                Caller::Token(Box::new(token))
            }
        };
        let query = head.uri.query().unwrap_or_default();
        if path.len() + query.len() > TARGET_MAX {
            return Err(Refusal::new(
                StatusCode::URI_TOO_LONG,
                code::NO_ROUTE,
                format!("the path and query exceed the limit of {TARGET_MAX} bytes"),
            ));
        }
        let (routes, rest) = if let Some(rest) = path.strip_prefix(BASE) {
            (Self::ROUTES, rest)
        } else if let Some(rest) = path.strip_prefix(OWN) {
            (Self::OWN_ROUTES, rest)
        } else {
            return Err(Refusal::no_route(path));
        };
        let is_change = !matches!(head.method, Method::GET | Method::HEAD);
        if is_change && self.probes.get().is_some_and(|it| it.is_stopping()) {
            return Err(Refusal::new(
                StatusCode::SERVICE_UNAVAILABLE,
                code::INTERNAL,
                "the daemon is stopping and takes no changes; try again when it is back",
            ));
        }
        let method = match head.method {
            // hyper sends no body then.
            Method::HEAD => Method::GET,
            method => method,
        };
        let mut allowed: Vec<&str> = Vec::new();
        for route in routes {
            let Some(params) = matched(route.pattern, rest) else {
                continue;
            };
            if route.method != method {
                allowed.push(route.method.as_str());
                continue;
            }
            let mut params = decoded(params).ok_or_else(|| {
                Refusal::bad(code::NO_ROUTE, "the path is not percent-encoded UTF-8")
            })?;
            match params.iter().find(|(name, _)| *name == "ns") {
                // Its scripts have paths of their own, and it is no dispatch namespace.
                Some((_, name)) if name == ACCOUNT => {
                    return Err(CatalogError::NamespaceNotFound(name.clone()).into());
                }
                Some(_) => {}
                None => params.push(("ns", ACCOUNT.to_owned())),
            }
            if route.pattern.starts_with(workers::BY_ID)
                && let Some((_, worker)) = params.iter_mut().find(|(name, _)| *name == "script")
                && let Some(name) = self.named(worker)
            {
                *worker = name;
            }
            let namespace = params.iter().find(|(name, _)| *name == "ns");
            let namespace = namespace.map_or("", |(_, value)| value);
            let needs = caller.may(&method, route.pattern, namespace)?;
            let begun = New {
                token: caller.id(),
                who: caller.name(),
                from: match (peer, local) {
                    (Some(peer), _) => peer.to_string(),
                    (None, Some(_)) => "the Unix socket".to_owned(),
                    (None, None) => String::new(),
                },
                call: format!("{method} {path}"),
                failed: None,
            };
            let call = Call {
                params,
                query: parse_query(query),
                headers: head.headers,
                body,
                caller,
                peer,
            };
            let seen = self.in_scope(&call)?;
            if method == Method::GET || !needs.is_change() {
                let (namespace, script) = (call.param("ns").to_owned(), call.script());
                let answer = (route.handler)(self, call).await?;
                self.still_in_scope(&namespace, &script, seen)?;
                return Ok(answer);
            }
            let place = self.audited(begun.clone()).await?;
            let handled = (route.handler)(self, call).await;
            let status = match &handled {
                Ok(answer) => answer.status,
                Err(refusal) => refusal.status,
            };
            if status.as_u16() >= 400 {
                let failed = Some((place, status.as_u16()));
                // That it began is written already; why it failed is the answer.
                let _ = self.audited(New { failed, ..begun }).await;
            }
            return handled;
        }
        if let Some(refusal) = self.plain_missing(rest) {
            return Err(refusal);
        }
        if let Some(feature) = absent::feature(rest) {
            // Where a bucket or a database is not found clients say that, and do not name the feature.
            return Err(Refusal {
                status: StatusCode::BAD_REQUEST,
                ..Refusal::not_yet(feature)
            });
        }
        if allowed.is_empty() {
            return Err(Refusal::no_route(path));
        }
        allowed.dedup();
        Err(Refusal {
            allow: Some(allowed.join(", ")),
            ..Refusal::new(
                StatusCode::METHOD_NOT_ALLOWED,
                code::NO_METHOD,
                format!("Method {method} not available for that URI."),
            )
        })
    }
}

impl<W: Send + Sync + 'static> Manage<W> {
    /// What clients go by where nothing is known at a path below a Worker outside of dispatch
    /// namespaces: that there is no such Worker, if there is none.
    fn plain_missing(&self, path: &str) -> Option<Refusal> {
        let params = matched("accounts/{account}/workers/{kind}/{script}/{*rest}", path)?;
        let [_, (_, kind), (_, script), _] = params[..] else {
            return None;
        };
        if !["scripts", "services", "workers"].contains(&kind) {
            return None;
        }
        let script = percent_decode_str(script).decode_utf8().ok()?;
        self.missing_below(kind, &script)
    }
}

/// Whether a path is one of the two that take assets.
fn is_assets_upload(path: &str) -> bool {
    path.strip_prefix(BASE).is_some_and(|rest| {
        [
            "accounts/{account}/workers/assets/upload",
            "accounts/{account}/workers/assets/upload/{hash}",
        ]
        .into_iter()
        .any(|pattern| matched(pattern, rest).is_some())
    })
}

/// The pieces of a path that a pattern names, if it matches. A single slash at the end is
/// forgiven where nothing could be meant by it.
fn matched<'p>(pattern: &'static str, path: &'p str) -> Option<Vec<(&'static str, &'p str)>> {
    let mut params = Vec::new();
    let mut rest = Some(path);
    for piece in pattern.split('/') {
        let left = rest?;
        if let Some(name) = piece
            .strip_prefix("{*")
            .and_then(|name| name.strip_suffix('}'))
        {
            params.push((name, left));
            return (!left.is_empty()).then_some(params);
        }
        let (here, after) = match left.split_once('/') {
            Some((here, after)) => (here, Some(after)),
            None => (left, None),
        };
        match piece
            .strip_prefix('{')
            .and_then(|name| name.strip_suffix('}'))
        {
            Some(_) if here.is_empty() => return None,
            Some(name) => params.push((name, here)),
            None if piece != here => return None,
            None => {}
        }
        rest = after;
    }
    matches!(rest, None | Some("")).then_some(params)
}

fn decoded(params: Vec<(&'static str, &str)>) -> Option<Vec<(&'static str, String)>> {
    params
        .into_iter()
        .map(|(name, value)| {
            let value = percent_decode_str(value).decode_utf8().ok()?;
            Some((name, value.into_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_pieces_and_tails() {
        let check = |pattern, path| matched(pattern, path);
        assert_eq!(check("a/{b}/c", "a/x/c"), Some(vec![("b", "x")]));
        assert_eq!(check("a/{b}/c", "a/x/c/"), Some(vec![("b", "x")]));
        assert_eq!(check("a/{b}", "a/x%2Fy"), Some(vec![("b", "x%2Fy")]));
        assert_eq!(check("a/{*k}", "a/x/y/"), Some(vec![("k", "x/y/")]));
        assert_eq!(check("a/{*k}", "a//"), Some(vec![("k", "/")]));
        for (pattern, path) in [
            ("a/{b}", "a/"),
            ("a/{b}", "a"),
            ("a/{b}/c", "a//c"),
            ("a/{*k}", "a/"),
            ("a/{*k}", "a"),
            ("a", "a//"),
            ("a", "b"),
            ("a/b", "a/b/c"),
        ] {
            assert_eq!(check(pattern, path), None, "{pattern} {path}");
        }
    }
}
