//! `postern kv`: values and namespaces over the management port.

use super::api::{Api, segment};
use super::args::{Kv, KvNamespace, KvPut};
use super::client::Call;
use super::error::CliError;
use super::multipart::Form;
use super::output::{Output, member};
use super::project;
use super::scripts::rows;
use base64::Engine;
use http::Method;
use postern_abi::limits::{KV_LIST_MAX, KV_VALUE_MAX};
use serde_json::{Value, json};
use std::io::Read;

/// Runs `postern kv`.
pub async fn run(args: &Kv, out: Output) -> Result<(), CliError> {
    match args {
        Kv::Get { key, at } => {
            let (api, id) = Api::at_kv(at).await?;
            get(&api, &id, key, out).await
        }
        Kv::Put(args) => put(args, out).await,
        Kv::List { prefix, limit, at } => {
            let (api, id) = Api::at_kv(at).await?;
            list(&api, &id, prefix.as_deref(), *limit, out).await
        }
        Kv::Delete { key, at } => {
            let (api, id) = Api::at_kv(at).await?;
            let call = Call::new(Method::DELETE, api.kv_value(&id, key));
            api.call(&format!("delete key `{key}`"), call).await?;
            out.result(&json!({"deleted": key}), || format!("deleted {key}\n"))
        }
        Kv::Namespace(args) => namespace(args, out).await,
    }
}

async fn get(api: &Api, id: &str, key: &str, out: Output) -> Result<(), CliError> {
    let call = Call::new(Method::GET, api.kv_value(id, key));
    let mut answer = api.raw(&format!("get key `{key}`"), call).await?;
    if !out.json {
        while let Some(part) = answer.chunk(false).await? {
            out.bytes(&part)?;
        }
        return Ok(());
    }
    let expiration = answer
        .headers
        .get("expiration")
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let bytes = answer.whole().await?;
    let (value, encoding) = match String::from_utf8(bytes) {
        Ok(text) => (text, "utf-8"),
        Err(error) => {
            let bytes = error.into_bytes();
            let text = base64::engine::general_purpose::STANDARD.encode(bytes);
            (text, "base64")
        }
    };
    let mut shown = json!({"key": key, "value": value, "encoding": encoding});
    if let Some(expiration) = expiration {
        shown["expiration"] = json!(expiration);
    }
    out.result(&shown, String::new)
}

async fn put(args: &KvPut, out: Output) -> Result<(), CliError> {
    let limit = KV_VALUE_MAX as u64;
    let value = match (&args.value, &args.path) {
        (Some(text), _) => text.clone().into_bytes(),
        (None, Some(path)) => project::read(path, limit)?,
        (None, None) => stdin(limit)?,
    };
    if let Some(metadata) = &args.metadata
        && let Err(error) = serde_json::from_str::<Value>(metadata)
    {
        return Err(CliError::Usage(format!(
            "--metadata `{metadata}` is no JSON: {error}"
        )));
    }
    let (api, id) = Api::at_kv(&args.at).await?;
    let key = &args.key;
    let bytes = value.len();
    let mut target = api.kv_value(&id, key);
    match (args.ttl, args.expiration) {
        (Some(ttl), _) => target.push_str(&format!("?expiration_ttl={ttl}")),
        (None, Some(at)) => target.push_str(&format!("?expiration={at}")),
        (None, None) => {}
    }
    let call = Call::new(Method::PUT, target);
    let call = match &args.metadata {
        None => call.body("application/octet-stream", value),
        Some(metadata) => {
            let mut form = Form::new(&[&value, metadata.as_bytes()]);
            form.part("value", None, "application/octet-stream", &value);
            form.part("metadata", None, "application/json", metadata.as_bytes());
            let (kind, body) = form.finish();
            call.body(kind, body)
        }
    };
    api.call(&format!("put key `{key}`"), call).await?;
    out.result(&json!({"key": key, "bytes": bytes}), || {
        format!("put {key} ({bytes} bytes)\n")
    })
}

fn stdin(limit: u64) -> Result<Vec<u8>, CliError> {
    let mut value = Vec::new();
    let read = std::io::stdin()
        .lock()
        .take(limit + 1)
        .read_to_end(&mut value);
    read.map_err(|error| CliError::File {
        verb: "read",
        path: "stdin".into(),
        error,
    })?;
    if value.len() as u64 > limit {
        return Err(CliError::TooLarge {
            what: "the value on stdin".to_owned(),
            limit,
        });
    }
    Ok(value)
}

async fn list(
    api: &Api,
    id: &str,
    prefix: Option<&str>,
    limit: Option<u64>,
    out: Output,
) -> Result<(), CliError> {
    let mut left = limit.unwrap_or(u64::MAX);
    let mut cursor = String::new();
    let mut keys = Vec::new();
    loop {
        let page = left.min(u64::from(KV_LIST_MAX)).max(10);
        let mut target = format!("{}/{}/keys?limit={page}", api.kv_namespaces(), segment(id));
        if let Some(prefix) = prefix {
            target.push_str(&format!("&prefix={}", segment(prefix)));
        }
        if !cursor.is_empty() {
            target.push_str(&format!("&cursor={}", segment(&cursor)));
        }
        let envelope = api.get("list keys", target).await?;
        let next = envelope
            .result_info
            .and_then(|info| info.get("cursor")?.as_str().map(str::to_owned))
            .unwrap_or_default();
        let Value::Array(items) = envelope.result else {
            break;
        };
        for item in items {
            if left == 0 {
                break;
            }
            left -= 1;
            if out.json {
                keys.push(item);
            } else {
                out.text(&line(&item))?;
            }
        }
        // A cursor that stands still would never end.
        if left == 0 || next.is_empty() || next == cursor {
            break;
        }
        cursor = next;
    }
    if out.json {
        return out.result(&json!(keys), String::new);
    }
    Ok(())
}

/// One key with what belongs to it.
fn line(item: &Value) -> String {
    let mut line = super::output::printable(&member(item, "name"));
    if let Some(at) = item.get("expiration").and_then(Value::as_u64) {
        line.push_str(&format!("  expires={at}"));
    }
    if let Some(metadata) = item.get("metadata").filter(|m| !m.is_null()) {
        let metadata = super::output::printable(&metadata.to_string());
        line.push_str(&format!("  metadata={metadata}"));
    }
    line.push('\n');
    line
}

async fn namespace(args: &KvNamespace, out: Output) -> Result<(), CliError> {
    match args {
        KvNamespace::List(remote) => {
            let all = json!(Api::new(remote)?.all_kv_namespaces().await?);
            out.result(&all, || {
                let empty =
                    "no KV namespaces; create one with `postern kv namespace create TITLE`\n";
                rows(&all, empty, &["ID", "TITLE"], |item| {
                    vec![member(item, "id"), member(item, "title")]
                })
            })
        }
        KvNamespace::Create { title, remote } => {
            let api = Api::new(remote)?;
            let body = json!({"title": title}).to_string();
            let call = Call::new(Method::POST, api.kv_namespaces()).body("application/json", body);
            let what = format!("create KV namespace `{title}`");
            let result = api.call(&what, call).await?.result;
            out.result(&result, || format!("{}\n", member(&result, "id")))
        }
        KvNamespace::Delete(at) => {
            let (api, id) = Api::at_kv(at).await?;
            let target = format!("{}/{}", api.kv_namespaces(), segment(&id));
            let what = format!("delete KV namespace `{}`", at.namespace_id);
            api.call(&what, Call::new(Method::DELETE, target)).await?;
            out.result(&json!({"deleted": id}), || {
                format!("deleted KV namespace {id}\n")
            })
        }
    }
}
