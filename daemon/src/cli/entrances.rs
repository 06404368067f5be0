//! `postern routes` and `postern domains`, and what a push does about both: how requests come to
//! Workers outside of dispatch namespaces.

use super::api::{Api, segment};
use super::args::{Domains, Routes};
use super::client::Call;
use super::error::CliError;
use super::output::{Output, member};
use super::project::Entrances;
use super::scripts::rows;
use http::Method;
use serde_json::{Value, json};

/// Runs `postern routes`.
pub async fn routes(args: &Routes, out: Output) -> Result<(), CliError> {
    match args {
        Routes::List(remote) => {
            let api = Api::new(remote)?;
            let result = all_routes(&api).await?;
            out.result(&result, || {
                let row = |item: &Value| {
                    let script = match member(item, "script") {
                        none if none.is_empty() => "(none)".to_owned(),
                        script => script,
                    };
                    vec![member(item, "pattern"), script, member(item, "id")]
                };
                rows(&result, "no routes\n", &["PATTERN", "WORKER", "ID"], row)
            })
        }
        Routes::Put {
            pattern,
            name,
            remote,
        } => {
            let api = Api::new(remote)?;
            let mut body = json!({"pattern": pattern});
            if let Some(name) = name {
                body["script"] = json!(name);
            }
            let what = format!("put route `{pattern}`");
            let old = all_routes(&api).await?;
            let old = old
                .as_array()
                .into_iter()
                .flatten()
                .find(|it| it["pattern"] == **pattern);
            let (method, target) = match old {
                Some(old) => {
                    let path = api.zone_routes(&member(old, "zone_id"));
                    (Method::PUT, format!("{path}/{}", member(old, "id")))
                }
                None => {
                    let zone = zone(&api, pattern).await?;
                    (Method::POST, api.zone_routes(&zone))
                }
            };
            let call = Call::new(method, target).body("application/json", body.to_string());
            let result = api.call(&what, call).await?.result;
            let to = name.as_deref().unwrap_or("no Worker");
            out.result(&result, || format!("{pattern} leads to {to}\n"))
        }
        Routes::Delete { route, remote } => {
            let api = Api::new(remote)?;
            let all = all_routes(&api).await?;
            let meant = all
                .as_array()
                .into_iter()
                .flatten()
                .find(|it| it["pattern"] == **route || it["id"] == **route);
            let Some(meant) = meant else {
                return Err(CliError::NotFound(format!(
                    "there is no route `{route}`; `postern routes list` shows those there are"
                )));
            };
            let path = api.zone_routes(&member(meant, "zone_id"));
            let target = format!("{path}/{}", member(meant, "id"));
            let call = Call::new(Method::DELETE, target);
            api.call(&format!("delete route `{route}`"), call).await?;
            let pattern = member(meant, "pattern");
            out.result(&json!({"deleted": pattern}), || {
                format!("deleted route {pattern}\n")
            })
        }
    }
}

async fn all_routes(api: &Api) -> Result<Value, CliError> {
    Ok(api.get("list routes", api.routes_path()).await?.result)
}

/// The id of a zone that a pattern is in: its host's own, without what the wildcard stands for.
/// What is no hostname is in none, which the daemon then says of the pattern.
async fn zone(api: &Api, pattern: &str) -> Result<String, CliError> {
    let rest = pattern.split_once("://").map_or(pattern, |it| it.1);
    let host = rest.split('/').next().unwrap_or_default();
    let host = host.trim_start_matches('*').trim_start_matches('.');
    if host.is_empty() {
        // Any host is in every zone.
        return Ok("0".repeat(32));
    }
    let target = api.zones(host);
    let found = api.get("look for the zone", target).await?.result;
    Ok(match member(&found[0], "id") {
        none if none.is_empty() => "none".to_owned(),
        id => id,
    })
}

/// Runs `postern domains`.
pub async fn domains(args: &Domains, out: Output) -> Result<(), CliError> {
    match args {
        Domains::List(remote) => {
            let api = Api::new(remote)?;
            let result = api.get("list Custom Domains", api.domains()).await?.result;
            out.result(&result, || {
                let row = |item: &Value| vec![member(item, "hostname"), member(item, "service")];
                rows(&result, "no Custom Domains\n", &["HOSTNAME", "WORKER"], row)
            })
        }
        Domains::Put {
            hostname,
            name,
            remote,
        } => {
            let api = Api::new(remote)?;
            let body = json!({"hostname": hostname, "service": name}).to_string();
            let call = Call::new(Method::PUT, api.domains()).body("application/json", body);
            let what = format!("put Custom Domain `{hostname}`");
            let result = api.call(&what, call).await?.result;
            out.result(&result, || format!("{hostname} leads to {name}\n"))
        }
        Domains::Delete { hostname, remote } => {
            let api = Api::new(remote)?;
            let target = format!("{}/{}", api.domains(), segment(hostname));
            let call = Call::new(Method::DELETE, target);
            let what = format!("delete Custom Domain `{hostname}`");
            api.call(&what, call).await?;
            out.result(&json!({"deleted": hostname}), || {
                format!("deleted Custom Domain {hostname}\n")
            })
        }
    }
}

/// Has what was just pushed answer where its project says.
pub async fn apply(api: &Api, name: &str, entrances: &Entrances) -> Result<(), CliError> {
    let script = api.script(None, name);
    let send = |method, end: &str, body: Value| {
        let call = Call::new(method, format!("{script}/{end}"));
        call.body("application/json", body.to_string())
    };
    let what = |part: &str| format!("set the {part} of `{name}`, which was pushed");
    let mut body = json!({"enabled": entrances.has_default()});
    if let Some(previews) = entrances.preview_urls {
        body["previews_enabled"] = json!(previews);
    }
    let call = send(Method::POST, "subdomain", body);
    api.call(&what("default hostname"), call).await?;
    if let Some(routes) = &entrances.routes {
        let call = send(Method::PUT, "routes", json!(routes));
        api.call(&what("routes"), call).await?;
        let origins: Vec<Value> = entrances
            .domains
            .iter()
            .map(|hostname| json!({"hostname": hostname}))
            .collect();
        let body = json!({"override_scope": true, "origins": origins});
        let call = send(Method::PUT, "domains/records", body);
        api.call(&what("Custom Domains"), call).await?;
    }
    Ok(())
}
