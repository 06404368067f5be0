//! Bulk calls on a KV namespace: many keys in one call, and one commit.

use super::Manage;
use super::call::Call;
use super::envelope::{Handled, Refusal, code, ok};
use super::kv::parsed;
use crate::catalog::name::shown;
use crate::store::kv::{Pair, PutOptions};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use postern_abi::limits::{KV_MULTI_MAX, KV_VALUE_MAX};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Pairs or keys in one call that writes (spec: SEMANTICS §22).
const BULK_MAX: usize = 10_000;

#[derive(Deserialize)]
struct BulkPair {
    key: String,
    value: String,
    #[serde(default)]
    base64: Option<bool>,
    metadata: Option<Value>,
    expiration: Option<u64>,
    expiration_ttl: Option<u64>,
}

impl BulkPair {
    fn pair(self) -> Result<Pair, Refusal> {
        let value = if self.base64.unwrap_or(false) {
            let decoded = STANDARD.decode(&self.value).map_err(|error| {
                Refusal::bad(
                    code::KV_REFUSED,
                    format!(
                        "the value of key '{}' is not base64: {error}",
                        shown(&self.key)
                    ),
                )
            })?;
            Bytes::from(decoded)
        } else {
            Bytes::from(self.value)
        };
        Ok(Pair {
            key: self.key,
            value,
            options: PutOptions {
                metadata: self.metadata.map(|metadata| metadata.to_string()),
                expiration: self.expiration,
                expiration_ttl: self.expiration_ttl,
            },
        })
    }
}

#[derive(Deserialize)]
struct BulkGet {
    keys: Vec<String>,
    #[serde(default, rename = "withMetadata")]
    with_metadata: Option<bool>,
    #[serde(default, rename = "type")]
    kind: Option<String>,
}

fn check_count(count: usize, max: usize) -> Result<(), Refusal> {
    if count > max {
        return Err(Refusal::bad(
            code::KV_REFUSED,
            format!("{count} keys exceed the limit of {max} a call; split it"),
        ));
    }
    Ok(())
}

fn counts(count: usize) -> Value {
    json!({"successful_key_count": count, "unsuccessful_keys": []})
}

impl<W: Send + Sync + 'static> Manage<W> {
    pub(super) async fn put_bulk(&self, call: Call) -> Handled {
        let namespace = self.kv_of(&call)?;
        let _room = self.room().await;
        let pairs: Vec<BulkPair> = call.json_within(self.options.bulk_bytes_max).await?;
        check_count(pairs.len(), BULK_MAX)?;
        let pairs: Vec<Pair> = pairs
            .into_iter()
            .map(BulkPair::pair)
            .collect::<Result<_, _>>()?;
        let count = pairs.len();
        self.catalog.store().kv().put_many(namespace, pairs).await?;
        ok(counts(count))
    }

    pub(super) async fn delete_bulk(&self, call: Call) -> Handled {
        let namespace = self.kv_of(&call)?;
        let _room = self.room().await;
        let keys: Vec<String> = call.json_within(self.options.bulk_bytes_max).await?;
        check_count(keys.len(), BULK_MAX)?;
        let kv = self.catalog.store().kv();
        kv.delete_many(namespace, &keys).await?;
        ok(counts(keys.len()))
    }

    pub(super) async fn get_bulk(&self, call: Call) -> Handled {
        let namespace = self.kv_of(&call)?;
        let wanted: BulkGet = call.json().await?;
        check_count(wanted.keys.len(), KV_MULTI_MAX)?;
        let as_json = match wanted.kind.as_deref() {
            None | Some("text") => false,
            Some("json") => true,
            Some(other) => {
                return Err(Refusal::bad(
                    code::KV_REFUSED,
                    format!("type is '{}'; use text or json", shown(other)),
                ));
            }
        };
        let _room = self.room().await;
        let keys: Vec<&str> = wanted.keys.iter().map(String::as_str).collect();
        let entries = self.catalog.store().kv().get_many(namespace, &keys)?;
        let held: u64 = entries
            .iter()
            .flatten()
            .map(|entry| entry.value.len())
            .sum();
        if held > KV_VALUE_MAX as u64 {
            return Err(Refusal::too_large(
                "the values together",
                KV_VALUE_MAX as u64,
            ));
        }
        let with_metadata = wanted.with_metadata.unwrap_or(false);
        let shown_all = postern_task::unblock(move || {
            let mut values = Map::new();
            for (key, entry) in wanted.keys.into_iter().zip(entries) {
                let shown = match entry {
                    None => Value::Null,
                    Some(entry) => {
                        let metadata = entry.metadata.as_deref().map_or(Value::Null, parsed);
                        let expiration = entry.expiration;
                        let bytes = entry.value.into_bytes()?;
                        let value = value(&key, &bytes, as_json)?;
                        match with_metadata {
                            false => value,
                            true => {
                                let mut object = json!({"value": value, "metadata": metadata});
                                if let Some(expiration) = expiration {
                                    object["expiration"] = json!(expiration);
                                }
                                object
                            }
                        }
                    }
                };
                values.insert(key, shown);
            }
            Ok::<_, Refusal>(values)
        })
        .await?;
        ok(json!({"values": shown_all}))
    }
}

fn value(key: &str, bytes: &[u8], as_json: bool) -> Result<Value, Refusal> {
    if !as_json {
        return Ok(String::from_utf8_lossy(bytes).into());
    }
    serde_json::from_slice(bytes).map_err(|error| {
        Refusal::bad(
            code::KV_REFUSED,
            format!("the value of key '{}' is not JSON: {error}", shown(key)),
        )
    })
}
