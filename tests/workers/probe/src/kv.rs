//! KV, under the binding `KV`.

use crate::number;
use postern::kv::{KvStore, WithMetadata};
use postern::*;
use serde_json::{Value, json};

pub async fn route(mut req: Request, env: Env) -> Result<Response> {
    let kv = env.kv("KV")?;
    let key = req.query_param("key").unwrap_or("key".into());
    match req.path() {
        "/kv/get" => get(&req, &kv, &key).await,
        "/kv/put" => put(&mut req, &kv, &key).await,
        "/kv/delete" => {
            kv.delete(&key).await?;
            Response::ok("deleted")
        }
        "/kv/list" => list(&req, &kv).await,
        "/kv/many" => many(&req, &kv).await,
        "/kv-loop" => {
            let rounds: u32 = number(&req, "n", 1)?;
            let mut found = 0;
            for _ in 0..rounds {
                found += u32::from(kv.get(&key).bytes().await?.is_some());
            }
            Response::ok(found.to_string())
        }
        "/kv-increment" => {
            let before: u64 = kv.get(&key).json().await?.unwrap_or(0);
            kv.put_json(&key, &(before + 1))?.execute().await?;
            Response::ok((before + 1).to_string())
        }
        path => Response::error(format!("the probe has no {path}\n"), 404),
    }
}

fn absent() -> Result<Response> {
    Response::error("no such key\n", 404)
}

async fn get(req: &Request, kv: &KvStore, key: &str) -> Result<Response> {
    match req.query_param("form").as_deref() {
        Some("stream") => match kv.get(key).stream().await? {
            Some(stream) => Response::from_byte_stream(stream),
            None => absent(),
        },
        Some("text") => match kv.get(key).cache_ttl(60).text().await? {
            Some(text) => Response::ok(text),
            None => absent(),
        },
        Some("metadata") => match kv.get(key).text_with_metadata().await? {
            Some(found) => Response::from_json(&shown(&found)),
            None => absent(),
        },
        _ => match kv.get(key).bytes().await? {
            Some(bytes) => Response::from_bytes(bytes),
            None => absent(),
        },
    }
}

fn shown(found: &WithMetadata<String>) -> Value {
    json!({
        "value": found.value,
        "metadata": found.metadata,
        "expiration": found.expiration,
    })
}

async fn put(req: &mut Request, kv: &KvStore, key: &str) -> Result<Response> {
    let metadata = req.query_param("metadata");
    let expiration = req
        .query_param("expiration")
        .map(|at| at.parse())
        .transpose()?;
    let ttl = req.query_param("ttl").map(|ttl| ttl.parse()).transpose()?;
    macro_rules! execute {
        ($put:expr) => {{
            let mut put = $put?;
            if let Some(metadata) = metadata {
                put = put.metadata(metadata);
            }
            if let Some(at) = expiration {
                put = put.expiration(at);
            }
            if let Some(ttl) = ttl {
                put = put.expiration_ttl(ttl);
            }
            put.execute().await?;
        }};
    }
    if req.query_param("form").as_deref() == Some("stream") {
        let stream = req.stream()?;
        execute!(kv.put_stream(key, stream));
    } else {
        let bytes = req.bytes().await?;
        execute!(kv.put(key, &bytes));
    }
    Response::ok("written")
}

async fn list(req: &Request, kv: &KvStore) -> Result<Response> {
    let prefix = req.query_param("prefix").unwrap_or_default();
    let cursor = req.query_param("cursor").unwrap_or_default();
    let page = kv
        .list()
        .prefix(&prefix)
        .cursor(&cursor)
        .limit(number(req, "limit", 1000)?)
        .execute()
        .await?;
    let keys: Vec<_> = page
        .keys
        .iter()
        .map(|key| json!({ "name": key.name, "expiration": key.expiration, "metadata": key.metadata }))
        .collect();
    Response::from_json(&json!({
        "keys": keys,
        "list_complete": page.list_complete,
        "cursor": page.cursor,
    }))
}

async fn many(req: &Request, kv: &KvStore) -> Result<Response> {
    let keys = req.query_param("keys").unwrap_or_default();
    let keys: Vec<&str> = keys.split(',').collect();
    let found = kv.get_many(&keys).text().await?;
    let shown: Vec<_> = found
        .iter()
        .map(|found| found.as_ref().map(shown))
        .collect();
    Response::from_json(&shown)
}
