//! Keys, values and metadata of a KV namespace (spec: SEMANTICS §22).

use super::body::{Payload, broken_off, file};
use super::brackets::Fields;
use super::call::Call;
use super::envelope::{Answer, AnswerBody, Handled, Refusal, code, list, ok};
use super::line_ends;
use super::upload::{bytes, complete, malformed, text};
use super::{Manage, paging};
use crate::catalog::name::shown;
use crate::store::NamespaceId;
use crate::store::kv::{PutOptions, Value as Stored};
use bytes::Bytes;
use http::StatusCode;
use multer::Multipart;
use postern_abi::limits::{KV_LIST_MAX, KV_METADATA_MAX, KV_VALUE_MAX};
use serde_json::{Value, json};

/// Bytes of a form around a value and its metadata.
const FORM_MAX: u64 = KV_VALUE_MAX as u64 + 64 * 1024;
/// Bytes of metadata as it arrives, before the store's own check; bracket fields are larger
/// than the JSON they stand for.
const METADATA_TEXT_MAX: usize = 16 * KV_METADATA_MAX;
/// Parts of a form around a value.
const PARTS_MAX: usize = 256;

pub(super) fn key_not_found(key: &str) -> Refusal {
    Refusal::not_found(
        code::KEY_NOT_FOUND,
        format!("get: 'key not found': {}", shown(key)),
    )
}

impl<W: Send + Sync + 'static> Manage<W> {
    /// The KV namespace that a call's path names.
    pub(super) fn kv_of(&self, call: &Call) -> Result<NamespaceId, Refusal> {
        let namespace = self.catalog.kv_namespace(call.param("id"))?;
        Ok(NamespaceId(namespace.id.0))
    }

    pub(super) async fn list_keys(&self, call: Call) -> Handled {
        let namespace = self.kv_of(&call)?;
        let limit = call.number("limit")?.unwrap_or(KV_LIST_MAX.into());
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        if !(1..=KV_LIST_MAX).contains(&limit) {
            return Err(Refusal::bad(
                code::KV_REFUSED,
                format!("limit is {limit}; use 1 to {KV_LIST_MAX}"),
            ));
        }
        let prefix = call.query("prefix").unwrap_or_default();
        let cursor = call.query("cursor").filter(|cursor| !cursor.is_empty());
        let page = self
            .catalog
            .store()
            .kv()
            .list(namespace, prefix, limit, cursor)?;
        let keys: Vec<Value> = page
            .keys
            .into_iter()
            .map(|key| {
                let mut object = json!({"name": key.name});
                if let Some(expiration) = key.expiration {
                    object["expiration"] = json!(expiration);
                }
                if let Some(metadata) = key.metadata {
                    object["metadata"] = parsed(&metadata);
                }
                object
            })
            .collect();
        let info = paging::by_cursor(keys.len(), &page.cursor.unwrap_or_default());
        list(keys, info)
    }

    pub(super) async fn get_value(&self, call: Call) -> Handled {
        let namespace = self.kv_of(&call)?;
        let key = call.param("key");
        let entry = self.catalog.store().kv().get(namespace, key)?;
        let entry = entry.ok_or_else(|| key_not_found(key))?;
        let content_type = "application/octet-stream";
        let answer = match entry.value {
            Stored::Inline(bytes) => Answer {
                status: StatusCode::OK,
                content_type: content_type.to_owned(),
                headers: Vec::new(),
                body: AnswerBody::Whole(bytes),
            },
            Stored::Blob { len, file: source } => {
                Answer::stream(content_type, Some(len), file(source, len))
            }
        };
        Ok(match entry.expiration {
            Some(expiration) => answer.with("expiration", expiration.to_string()),
            None => answer,
        })
    }

    pub(super) async fn get_metadata(&self, call: Call) -> Handled {
        let namespace = self.kv_of(&call)?;
        let key = call.param("key");
        let entry = self.catalog.store().kv().get(namespace, key)?;
        let entry = entry.ok_or_else(|| key_not_found(key))?;
        ok(entry.metadata.as_deref().map_or(Value::Null, parsed))
    }

    pub(super) async fn put_value(&self, call: Call) -> Handled {
        let namespace = self.kv_of(&call)?;
        let key = call.param("key").to_owned();
        let options = PutOptions {
            metadata: None,
            expiration: call.number("expiration")?,
            expiration_ttl: call.number("expiration_ttl")?,
        };
        let boundary = call
            .content_type()
            .and_then(|text| multer::parse_boundary(text).ok());
        let kv = self.catalog.store().kv();
        match boundary {
            Some(boundary) => {
                let room = self.room().await;
                let (value, metadata) = form(call.body, boundary).await?;
                drop(room);
                let options = PutOptions {
                    metadata,
                    ..options
                };
                kv.put(namespace, &key, value, options).await?;
            }
            None => {
                let max = KV_VALUE_MAX as u64;
                if call.body.len.is_some_and(|len| len > max) {
                    return Err(Refusal::too_large("the value", max));
                }
                // In parts, so that a large value is never in memory whole.
                let mut upload = kv.upload(namespace, &key, options)?;
                let mut body = call.body;
                while let Some(part) = body.next().await {
                    upload.chunk(&part.map_err(broken_off)?)?;
                }
                upload.finish().await?;
            }
        }
        ok(Value::Null)
    }

    pub(super) async fn delete_value(&self, call: Call) -> Handled {
        let namespace = self.kv_of(&call)?;
        let kv = self.catalog.store().kv();
        kv.delete(namespace, call.param("key")).await?;
        ok(Value::Null)
    }
}

/// Stored metadata, which was JSON when it came.
pub(super) fn parsed(metadata: &str) -> Value {
    serde_json::from_str(metadata).unwrap_or(Value::Null)
}

/// A value and its metadata from a form: parts `value` and `metadata`, or `metadata[…]`, or `metadata.…`.
async fn form(body: Payload, boundary: String) -> Result<(Bytes, Option<String>), Refusal> {
    if body.len.is_some_and(|len| len > FORM_MAX) {
        return Err(Refusal::too_large("the value", KV_VALUE_MAX as u64));
    }
    let malformed = |error| malformed(error, FORM_MAX);
    let size = multer::SizeLimit::new()
        .whole_stream(FORM_MAX)
        .per_field(FORM_MAX);
    let bounds = multer::Constraints::new().size_limit(size);
    let mut stream = line_ends::completed(body.into_stream(), &boundary);
    let mut form = Multipart::with_constraints(&mut stream, boundary, bounds);
    let mut value = None;
    let mut metadata = None;
    let mut fields = Fields::default();
    let mut text_left = METADATA_TEXT_MAX;
    let mut count = 0;
    while let Some(part) = form.next_field().await.map_err(malformed)? {
        count += 1;
        if count > PARTS_MAX {
            return Err(Refusal::bad(
                code::BODY,
                format!("the form has more than {PARTS_MAX} parts"),
            ));
        }
        let name = part.name().unwrap_or_default().to_owned();
        match name.as_str() {
            "value" if value.is_none() => value = Some(bytes(part, FORM_MAX).await?),
            "metadata" if metadata.is_none() => {
                metadata = Some(text(part, text_left, FORM_MAX).await?);
            }
            name if name.starts_with("metadata[") || name.starts_with("metadata.") => {
                let text = text(part, text_left, FORM_MAX).await?;
                text_left -= text.len();
                fields
                    .put("metadata", name, text)
                    .map_err(|error| Refusal::bad(code::BODY, error.to_string()))?;
            }
            other => {
                return Err(Refusal::bad(
                    code::BODY,
                    format!(
                        "the form has a part '{}' too many; send one 'value' and at most one \
                         'metadata'",
                        shown(other)
                    ),
                ));
            }
        }
    }
    drop(form);
    complete(&mut stream, FORM_MAX).await?;
    let value = value.ok_or_else(|| Refusal::bad(code::BODY, "the form has no part 'value'"))?;
    let metadata = metadata
        .filter(|text| !text.trim().is_empty() && text.trim() != "null")
        .or_else(|| fields.finish().map(|value| value.to_string()));
    Ok((value, metadata))
}
