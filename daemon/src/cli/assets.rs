//! Uploading a project's static assets before its Worker.

use super::api::{Api, segment};
use super::client::Call;
use super::error::CliError;
use super::project::{self, Asset};
use http::Method;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Bytes of one file.
const FILE_MAX: u64 = 25 << 20;

/// Uploads what the daemon does not have; gives the token for the push.
pub async fn upload(
    api: &Api,
    namespace: Option<&str>,
    name: &str,
    assets: &[Asset],
) -> Result<String, CliError> {
    let manifest: Map<String, Value> = assets
        .iter()
        .map(|asset| {
            let file = json!({"hash": asset.hash, "size": asset.size});
            (asset.path.clone(), file)
        })
        .collect();
    let what = format!("upload the assets of `{name}`");
    let target = format!("{}/assets-upload-session", api.script(namespace, name));
    let body = json!({"manifest": manifest}).to_string();
    let call = Call::new(Method::POST, target).body("application/json", body);
    let session = api.call(&what, call).await?.result;
    let token = |answer: &Value| answer["jwt"].as_str().map(str::to_owned);
    let Some(mut last) = token(&session) else {
        return Err(CliError::Usage(
            "the management port answered without a token for assets".to_owned(),
        ));
    };
    let begun = last.clone();
    let by_hash: HashMap<&str, &Asset> = assets
        .iter()
        .map(|asset| (asset.hash.as_str(), asset))
        .collect();
    let buckets = session["buckets"].as_array().into_iter().flatten();
    let hashes: Vec<&str> = buckets
        .flat_map(|bucket| bucket.as_array().into_iter().flatten())
        .filter_map(Value::as_str)
        .collect();
    for hash in hashes {
        let Some(asset) = by_hash.get(hash) else {
            continue;
        };
        let bytes = project::read(&asset.file, FILE_MAX)?;
        let kind = match crate::assets::content_type_of(&asset.path) {
            // As wrangler has it: a name that tells nothing is served without a type.
            "application/octet-stream" if !is_binary(&asset.path) => "application/null",
            kind => kind,
        };
        let target = format!("{}/{}", api.assets_upload(), segment(hash));
        let call = Call::new(Method::POST, target)
            .body(kind, bytes)
            .token(&begun);
        let answer = api.call(&what, call).await?.result;
        last = token(&answer).unwrap_or(last);
    }
    Ok(last)
}

/// Whether a name tells that there are bytes of no other type.
fn is_binary(path: &str) -> bool {
    let end = path.rsplit_once('.').map_or("", |(_, end)| end);
    ["bin", "deb", "dll", "dmg", "exe", "iso", "so"].contains(&end)
}
