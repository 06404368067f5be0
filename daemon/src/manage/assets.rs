//! `…/assets-upload-session` and `…/assets/upload`: static assets on their way in (spec:
//! SEMANTICS §13). A file goes from the socket to the disk as it comes; none is in memory whole.

use super::Manage;
use super::body::{Payload, broken_off};
use super::call::Call;
use super::envelope::{Answer, Handled, Refusal, code, ok};
use super::line_ends;
use super::upload::{complete, malformed};
use crate::catalog::name::shown;
use crate::catalog::{ASSET_MAX, Announced, CatalogError};
use crate::store::BlobWriter;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use multer::{Constraints, Field, Multipart, SizeLimit};
use serde_json::{Value, json};

/// Bytes of a manifest as JSON.
const MANIFEST_MAX: u64 = 8 << 20;
/// Files in one form.
const PARTS_MAX: usize = 1000;
/// Bytes of one form: of base64, and of what is between the files.
const FORM_MAX: u64 = 64 << 20;

impl<W: Send + Sync + 'static> Manage<W> {
    pub(super) async fn begin_assets(&self, call: Call) -> Handled {
        let (namespace, script) = (call.param("ns").to_owned(), call.script());
        self.catalog.namespace(&namespace)?;
        let body: Value = {
            let _room = self.room().await;
            call.json_within(MANIFEST_MAX).await?
        };
        let Some(manifest) = body.get("manifest").and_then(Value::as_object) else {
            return Err(Refusal::bad(
                code::BODY,
                "the body has no manifest; send {\"manifest\": {\"/path\": {\"hash\": \"…\", \
                 \"size\": 1}}}",
            ));
        };
        let announced = manifest.iter().map(|(path, file)| {
            let hash = file.get("hash").and_then(Value::as_str);
            let size = file.get("size").and_then(Value::as_u64);
            match (hash, size) {
                (Some(hash), Some(size)) => Ok(Announced {
                    path: path.clone(),
                    hash: hash.to_owned(),
                    size,
                }),
                _ => Err(CatalogError::Assets(format!(
                    "'{}' has no hash, a string, or no size, a whole number",
                    shown(path)
                ))),
            }
        });
        let announced = announced.collect::<Result<Vec<_>, _>>()?;
        let begun = self
            .catalog
            .begin_assets(&namespace, &script, announced)
            .await?;
        ok(json!({"jwt": begun.token, "buckets": begun.buckets}))
    }

    /// Files in a form, as base64.
    pub(super) async fn upload_assets(&self, call: Call) -> Handled {
        let session = bearer(&call.headers)?;
        // Before the body is read: an unknown token makes it pointless.
        self.catalog.asset_size(&session, "")?;
        let is_base64 = call.query("base64").is_none_or(|value| value != "false");
        let boundary = call
            .content_type()
            .and_then(|kind| multer::parse_boundary(kind).ok())
            .ok_or_else(|| {
                Refusal::bad(
                    code::BODY,
                    "send multipart/form-data, a part a file, whose name is the file's hash",
                )
            })?;
        let mut stream = line_ends::completed(call.body.into_stream(), &boundary);
        let limits = SizeLimit::new().whole_stream(FORM_MAX).per_field(FORM_MAX);
        let constraints = Constraints::new().size_limit(limits);
        let mut form = Multipart::with_constraints(&mut stream, boundary, constraints);
        let mut completion = None;
        let mut parts = 0;
        while let Some(part) = form
            .next_field()
            .await
            .map_err(|error| malformed(error, FORM_MAX))?
        {
            parts += 1;
            if parts > PARTS_MAX {
                return Err(Refusal::bad(
                    code::BODY,
                    format!("the upload has more than {PARTS_MAX} parts"),
                ));
            }
            let hash = part
                .name()
                .or(part.file_name())
                .unwrap_or_default()
                .to_owned();
            let kind = part.content_type().map(|kind| kind.as_ref().to_owned());
            let size = self.expected(&session, &hash)?;
            let writer = self.receive(part, size, is_base64).await?;
            let put = self
                .catalog
                .put_asset(&session, &hash, kind, writer)
                .await?;
            completion = put.or(completion);
        }
        drop(form);
        complete(&mut stream, FORM_MAX).await?;
        taken(completion)
    }

    /// One file, as it is.
    pub(super) async fn upload_asset(&self, call: Call) -> Handled {
        let session = bearer(&call.headers)?;
        let hash = call.param("hash").to_owned();
        let size = self.expected(&session, &hash)?;
        let kind = call.content_type().map(str::to_owned);
        let mut body: Payload = call.body;
        if body.len.is_some_and(|len| len > ASSET_MAX) {
            return Err(Refusal::too_large("an asset", ASSET_MAX));
        }
        let mut writer = self.catalog.asset_writer()?;
        while let Some(part) = body.next().await {
            write(&mut writer, part.map_err(broken_off)?, size)?;
        }
        taken(
            self.catalog
                .put_asset(&session, &hash, kind, writer)
                .await?,
        )
    }

    fn expected(&self, session: &str, hash: &str) -> Result<u64, Refusal> {
        self.catalog.asset_size(session, hash)?.ok_or_else(|| {
            CatalogError::Assets(format!("this upload expects no file '{}'", shown(hash))).into()
        })
    }

    async fn receive(
        &self,
        mut part: Field<'_>,
        size: u64,
        is_base64: bool,
    ) -> Result<BlobWriter, Refusal> {
        let mut writer = self.catalog.asset_writer()?;
        // What is left of a group of four digits.
        let mut rest: Vec<u8> = Vec::new();
        while let Some(chunk) = part
            .chunk()
            .await
            .map_err(|error| malformed(error, FORM_MAX))?
        {
            if !is_base64 {
                write(&mut writer, chunk, size)?;
                continue;
            }
            rest.extend(chunk.iter().filter(|byte| !byte.is_ascii_whitespace()));
            // The last group may be one with padding.
            let whole = rest.len().saturating_sub(4) / 4 * 4;
            let decoded = STANDARD.decode(&rest[..whole]).map_err(|_| not_base64())?;
            rest.drain(..whole);
            write(&mut writer, decoded.into(), size)?;
        }
        while rest.last() == Some(&b'=') {
            rest.pop();
        }
        let decoded = STANDARD_NO_PAD.decode(&rest).map_err(|_| not_base64())?;
        write(&mut writer, decoded.into(), size)?;
        Ok(writer)
    }
}

fn not_base64() -> Refusal {
    Refusal::bad(code::BODY, "a file of the upload is not base64 text")
}

/// Writes what is announced and no more.
fn write(writer: &mut BlobWriter, bytes: Bytes, size: u64) -> Result<(), Refusal> {
    if writer.len() + bytes.len() as u64 > size {
        return Err(CatalogError::Assets(format!(
            "a file is longer than the {size} bytes that the manifest says"
        ))
        .into());
    }
    writer
        .write(&bytes)
        .map_err(|error| CatalogError::from(error).into())
}

fn taken(completion: Option<String>) -> Handled {
    let is_last = completion.is_some();
    let answer = ok(match completion {
        Some(jwt) => json!({"jwt": jwt}),
        None => json!({}),
    })?;
    Ok(Answer {
        status: if is_last {
            StatusCode::CREATED
        } else {
            StatusCode::ACCEPTED
        },
        ..answer
    })
}

fn bearer(headers: &HeaderMap) -> Result<String, Refusal> {
    let value = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let token = value.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme
            .eq_ignore_ascii_case("bearer")
            .then(|| token.trim().to_owned())
    });
    token.ok_or_else(|| CatalogError::NoAssetsSession.into())
}
