//! Uploads of scripts: one reading for all the dialects that clients speak.
//!
//! | client | metadata | modules |
//! | --- | --- | --- |
//! | wrangler, curl | part `metadata` | part name is the module's name |
//! | Python SDK, TypeScript SDK 6 | part `metadata`, perhaps with a file name | parts `files`, `files[]`; the file name is the module's |
//! | TypeScript SDK 4 | part `metadata` | parts `<any part name>`, `<any part name>[]`; the file name is the module's |
//! | Python SDK 4 | part `metadata`, or fields `metadata.…` | part name is the module's name |
//! | TypeScript SDK 7 | fields `metadata[…]` | parts `files[]`, `files[name]` |
//! | TypeScript SDK 7, `scripts.update` | the same | the same, but the type says JavaScript and no boundary |
//! | curl | none | a raw body of type `application/wasm` or `application/javascript` |
//!
//! Everything is read into memory within bounds; nothing touches the disk before the whole
//! upload is well-formed.

use super::body::{ByteStream, Payload, broken_off};
use super::brackets::Fields;
use super::envelope::{Refusal, code};
use super::line_ends;
use crate::catalog::limits::MODULES_MAX;
use crate::catalog::name::shown;
use crate::catalog::{CatalogError, SOURCE_MAP, Source, bare_script, check_module_name};
use bytes::Bytes;
use futures_lite::StreamExt;
use multer::{Field, Multipart};
use serde_json::Value;

/// Bytes of an upload's metadata, all of it together.
const METADATA_MAX: usize = 1 << 20;
/// Parts of an upload, fields of metadata included.
const PARTS_MAX: usize = 2048;
/// How names of modules end that may come without a type and a file name.
const SCRIPT_ENDINGS: [&str; 4] = [".js", ".mjs", ".cjs", ".wasm"];
/// How wasm begins.
const WASM_MAGIC: &[u8] = b"\0asm";

/// What an upload says and brings.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Upload {
    /// The metadata, as JSON.
    pub metadata: Option<Value>,
    /// Whether it came in parts, of which the metadata is one.
    pub is_form: bool,
    /// The modules, in the order they came.
    pub modules: Vec<Source>,
    /// Source maps of modules.
    pub maps: Vec<Source>,
}

/// Reads an upload of which at most `limit` bytes are kept: source maps that do not fit are left out.
/// `root` is what the part with the metadata is called: `metadata`, or `settings` where only those are
/// changed.
pub async fn read(
    content_type: Option<&str>,
    payload: Payload,
    root: &str,
    limit: u64,
) -> Result<Upload, Refusal> {
    let essence = content_type.unwrap_or_default();
    let essence = essence.split(';').next().unwrap_or_default().trim();
    let is_form = essence.eq_ignore_ascii_case("multipart/form-data");
    let most = if is_form { with_maps(limit) } else { limit };
    if payload.len.is_some_and(|len| len > most) {
        return Err(Refusal::too_large("the upload", limit));
    }
    if is_form {
        let boundary = content_type
            .and_then(|text| multer::parse_boundary(text).ok())
            .ok_or_else(|| {
                Refusal::bad(
                    code::BODY,
                    "the Content-Type multipart/form-data has no usable boundary; leave the \
                     header to your HTTP client",
                )
            })?;
        let mut stream = line_ends::completed(payload.into_stream(), &boundary);
        let form = Multipart::with_constraints(&mut stream, boundary, bounds(limit));
        let upload = parts(form, root, limit).await?;
        complete(&mut stream, limit).await?;
        return Ok(upload);
    }
    let body = payload.collect("the upload", limit).await?;
    if let Some(boundary) = own_boundary(&body) {
        let stream = futures_lite::stream::once(Ok::<_, std::io::Error>(body));
        return parts(
            Multipart::with_constraints(stream, boundary, bounds(limit)),
            root,
            limit,
        )
        .await;
    }
    if essence.eq_ignore_ascii_case("application/wasm") || body.starts_with(WASM_MAGIC) {
        return Ok(Upload {
            metadata: None,
            is_form: false,
            modules: vec![Source {
                name: "worker.wasm".to_owned(),
                content_type: "application/wasm".to_owned(),
                bytes: body,
            }],
            maps: Vec::new(),
        });
    }
    plain(body, essence, root)
}

/// Reads what comes after a form's closing boundary, which is to be thrown away: a body that
/// breaks off there was not sent whole either.
pub(super) async fn complete(stream: &mut ByteStream, limit: u64) -> Result<(), Refusal> {
    let mut epilogue = 0;
    while let Some(part) = stream.next().await {
        epilogue += part.map_err(broken_off)?.len() as u64;
        if epilogue > limit {
            return Err(Refusal::too_large("the upload", limit));
        }
    }
    Ok(())
}

/// Bytes that a form may have whose modules have `limit`: maps are larger than what they are of.
fn with_maps(limit: u64) -> u64 {
    limit.saturating_mul(3)
}

fn bounds(limit: u64) -> multer::Constraints {
    let most = with_maps(limit);
    let size = multer::SizeLimit::new().whole_stream(most).per_field(most);
    multer::Constraints::new().size_limit(size)
}

/// A body that is neither a form nor wasm: JSON around the metadata, or a bare script.
fn plain(body: Bytes, essence: &str, root: &str) -> Result<Upload, Refusal> {
    if body.is_empty() {
        return Err(Refusal::bad(
            code::BODY,
            "the upload is empty; send multipart/form-data with a metadata part and a module",
        ));
    }
    let json: Option<Value> = serde_json::from_slice(&body).ok();
    match json {
        Some(Value::Object(mut object)) => {
            // With the wrapper that form clients have no file for, or without.
            let metadata = object.remove(root).unwrap_or(Value::Object(object));
            Ok(Upload {
                metadata: Some(metadata),
                is_form: false,
                modules: Vec::new(),
                maps: Vec::new(),
            })
        }
        _ if essence.contains("javascript") => Ok(Upload {
            metadata: None,
            is_form: false,
            modules: vec![bare_script(body)],
            maps: Vec::new(),
        }),
        _ => Err(Refusal::bad(
            code::BODY,
            format!(
                "an upload of type '{}' is not understood; send multipart/form-data with a \
                 metadata part and a module, or a bare one as application/wasm or \
                 application/javascript",
                shown(essence)
            ),
        )),
    }
}

/// The boundary of a form whose type does not tell it: the first line, if it begins with
/// dashes and comes again as the closing delimiter.
fn own_boundary(body: &[u8]) -> Option<String> {
    let rest = body.strip_prefix(b"--")?;
    let end = rest.windows(2).take(72).position(|pair| pair == b"\r\n")?;
    let boundary = std::str::from_utf8(&rest[..end]).ok()?;
    let fits =
        (1..=70).contains(&boundary.len()) && boundary.bytes().all(|byte| byte.is_ascii_graphic());
    let closing = format!("\r\n--{boundary}--");
    // Only trailing white space may follow, so the end is all there is to search.
    let tail = &body[body.len().saturating_sub(closing.len() + 8)..];
    let closes = tail
        .windows(closing.len())
        .any(|part| part == closing.as_bytes());
    let recurs = || {
        let delimiter = format!("\r\n--{boundary}");
        body.windows(delimiter.len())
            .any(|part| part == delimiter.as_bytes())
    };
    (fits && (closes || recurs())).then(|| boundary.to_owned())
}

/// Reads the parts of a form.
async fn parts(mut form: Multipart<'_>, root: &str, limit: u64) -> Result<Upload, Refusal> {
    let malformed = |error| malformed(error, limit);
    let mut upload = Upload {
        is_form: true,
        ..Upload::default()
    };
    let mut fields = Fields::default();
    let mut metadata_bytes = 0;
    let mut count = 0;
    let prefix = format!("{root}[");
    let dotted = format!("{root}.");
    while let Some(part) = form.next_field().await.map_err(malformed)? {
        count += 1;
        if count > PARTS_MAX {
            return Err(Refusal::bad(
                code::BODY,
                format!("the upload has more than {PARTS_MAX} parts"),
            ));
        }
        let name = part.name().map(str::to_owned).ok_or_else(|| {
            Refusal::bad(code::BODY, "a part of the upload has no name; write Content-Disposition: form-data; name=\"…\"")
        })?;
        let is_root = name == root;
        // A module may be called metadata.js, and is no bare field then; settings come without modules.
        let is_field = root == "settings"
            || (part.file_name().is_none()
                && part.content_type().is_none()
                && !SCRIPT_ENDINGS.iter().any(|end| name.ends_with(end)));
        let is_dotted = is_field && name.starts_with(&dotted);
        if !is_root && !name.starts_with(&prefix) && !is_dotted {
            module(part, name, &mut upload, limit).await?;
            continue;
        }
        let text = text(part, METADATA_MAX - metadata_bytes, limit).await?;
        metadata_bytes += text.len();
        if !is_root {
            fields
                .put(root, &name, text)
                .map_err(|error| Refusal::bad(code::BODY, error.to_string()))?;
        } else if upload.metadata.is_some() {
            return Err(Refusal::bad(
                code::BODY,
                format!("the part '{root}' comes twice"),
            ));
        } else {
            let value = serde_json::from_str(&text).map_err(|error| {
                Refusal::bad(
                    code::BODY,
                    format!("the part '{root}' is not JSON: {error}"),
                )
            })?;
            upload.metadata = Some(value);
        }
    }
    match (fields.finish(), &upload.metadata) {
        (Some(_), Some(_)) => Err(Refusal::bad(
            code::BODY,
            format!("the upload has both a part '{root}' and fields '{root}[…]'; send one of them"),
        )),
        (Some(value), None) => Ok(Upload {
            metadata: Some(value),
            ..upload
        }),
        (None, _) => Ok(upload),
    }
}

/// Reads one part that is not metadata.
async fn module(
    part: Field<'_>,
    name: String,
    upload: &mut Upload,
    limit: u64,
) -> Result<(), Refusal> {
    let content_type = part
        .content_type()
        .map_or_else(String::new, |kind| kind.essence_str().to_owned());
    let in_files =
        name == "files" || name == "files[]" || (name.starts_with("files[") && name.ends_with(']'));
    // An object of files that a client made JSON of is one as well.
    let file_name = part
        .file_name()
        .filter(|file| !(in_files && *file == name && content_type == "application/json"));
    let name = match (in_files || is_any(&name), file_name) {
        (true, Some(file_name)) => file_name.to_owned(),
        (true, None) if in_files && name.len() > "files[]".len() => {
            name["files[".len()..name.len() - 1].to_owned()
        }
        (true, None) if in_files => {
            return Err(Refusal::bad(
                code::BODY,
                "the part 'files' brings no file name, so the modules' contents were lost; pass \
                 the files as an array of File objects",
            ));
        }
        _ => name,
    };
    let is_map = content_type == SOURCE_MAP;
    let mut room = limit.saturating_sub(sum(&upload.modules));
    if is_map {
        room = room.saturating_sub(sum(&upload.maps));
    }
    let bytes = within(part, room, limit).await?;
    if is_map {
        if let Some(bytes) = bytes
            && upload.maps.len() < MODULES_MAX
        {
            upload.maps.push(Source {
                name,
                content_type,
                bytes,
            });
        }
        return Ok(());
    }
    let bytes = bytes.ok_or_else(|| Refusal::too_large("the upload", limit))?;
    // Maps that came before it make room.
    while bytes.len() as u64 + sum(&upload.maps) > room && upload.maps.pop().is_some() {}
    check_module_name(&name).map_err(|what| Refusal::bad(code::BODY, what))?;
    if upload.modules.iter().any(|module| module.name == name) {
        return Err(Refusal::bad(
            code::BODY,
            format!("two modules are named '{}'", shown(&name)),
        ));
    }
    if upload.modules.len() == MODULES_MAX {
        return Err(Refusal::bad(
            code::BODY,
            format!("the upload has more than {MODULES_MAX} modules"),
        ));
    }
    upload.modules.push(Source {
        name,
        content_type,
        bytes,
    });
    Ok(())
}

fn sum(sources: &[Source]) -> u64 {
    sources.iter().map(|source| source.bytes.len() as u64).sum()
}

/// Whether a part's name is an SDK's, for any module, or for one of an array: `<any part name>`, `files[]`, `0`.
fn is_any(name: &str) -> bool {
    let (front, index) = match name
        .strip_suffix(']')
        .and_then(|name| name.rsplit_once('['))
    {
        Some((front, index)) => (front, index),
        None => (name, ""),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (front.starts_with('<') && front.ends_with('>'))
        || (front.len() < name.len() && !front.is_empty() && digits(index))
        || (!name.is_empty() && digits(name))
}

/// All bytes of a part.
pub(super) async fn bytes(part: Field<'_>, limit: u64) -> Result<Bytes, Refusal> {
    Ok(within(part, u64::MAX, limit).await?.unwrap_or_default())
}

/// The same if they are no more than `room`. The form reads past what is left of a part.
async fn within(mut part: Field<'_>, room: u64, limit: u64) -> Result<Option<Bytes>, Refusal> {
    let mut all = Vec::new();
    let mut only = Bytes::new();
    let mut seen = 0;
    while let Some(chunk) = part
        .chunk()
        .await
        .map_err(|error| malformed(error, limit))?
    {
        seen += chunk.len() as u64;
        if seen > room {
            return Ok(None);
        }
        if only.is_empty() && all.is_empty() {
            only = chunk;
            continue;
        }
        if all.is_empty() {
            all.extend_from_slice(&std::mem::take(&mut only));
        }
        all.extend_from_slice(&chunk);
    }
    // A part that came in one chunk shares the form's buffer.
    Ok(Some(if all.is_empty() { only } else { all.into() }))
}

/// All of a part as text, at most `max` bytes.
pub(super) async fn text(mut part: Field<'_>, max: usize, limit: u64) -> Result<String, Refusal> {
    let mut all = Vec::new();
    while let Some(chunk) = part
        .chunk()
        .await
        .map_err(|error| malformed(error, limit))?
    {
        if all.len() + chunk.len() > max {
            return Err(Refusal::too_large("the metadata", METADATA_MAX as u64));
        }
        all.extend_from_slice(&chunk);
    }
    String::from_utf8(all)
        .map_err(|_| Refusal::bad(code::BODY, "a text part of the upload is not UTF-8"))
}

/// The refusal for a form that cannot be read.
pub(super) fn malformed(error: multer::Error, limit: u64) -> Refusal {
    use multer::Error as E;
    match error {
        E::FieldSizeExceeded { .. } | E::StreamSizeExceeded { .. } => {
            Refusal::too_large("the upload", limit)
        }
        E::StreamReadFailed(cause) => match cause.downcast::<std::io::Error>() {
            Ok(cause) => broken_off(*cause),
            Err(cause) => Refusal::bad(code::BODY, format!("the upload broke off: {cause}")),
        },
        E::IncompleteFieldData { .. } | E::IncompleteHeaders | E::IncompleteStream => Refusal::bad(
            code::BODY,
            format!("the upload ends before its closing boundary: {error}"),
        ),
        error => Refusal::bad(code::BODY, format!("the upload is malformed: {error}")),
    }
}

impl Upload {
    /// The modules, and their source maps behind them.
    pub fn everything(self) -> Vec<Source> {
        let mut all = self.modules;
        all.extend(self.maps);
        all
    }

    /// Which module starts, if the upload brings one: the one that `main_module` names, or
    /// without that the only one, or the only one in JavaScript, or the only one in wasm.
    pub fn main(&self, main_module: Option<&str>) -> Result<Option<&Source>, CatalogError> {
        if let Some(name) = main_module {
            return Ok(Some(self.named(name)?));
        }
        let modules = self.modules.iter().collect();
        let scripts = self.modules.iter().filter(|it| it.is_javascript());
        let wasm = self.modules.iter().filter(|it| it.is_wasm());
        let candidates: [Vec<&Source>; 3] = [modules, scripts.collect(), wasm.collect()];
        match candidates.iter().find(|these| these.len() == 1) {
            Some(these) => Ok(Some(these[0])),
            None if self.modules.is_empty() => Ok(None),
            None => Err(CatalogError::NoMainModule(
                "the metadata names no main_module, and the upload has not exactly one module in \
                 JavaScript or WebAssembly"
                    .to_owned(),
            )),
        }
    }

    /// The module of this name. Some clients strip folders from the names of files, so the
    /// last part of the name will do where it is unambiguous.
    fn named(&self, name: &str) -> Result<&Source, CatalogError> {
        if let Some(exact) = self.modules.iter().find(|module| module.name == name) {
            return Ok(exact);
        }
        let base = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
        let mut alike = self
            .modules
            .iter()
            .filter(|module| !module.name.contains('/') && base(&module.name) == base(name));
        if let (Some(only), None) = (alike.next(), alike.next()) {
            return Ok(only);
        }
        let there: Vec<_> = self
            .modules
            .iter()
            .take(8)
            .map(|module| shown(&module.name))
            .collect();
        Err(CatalogError::NoMainModule(format!(
            "main_module is '{}', but the upload has no module of that name; it has: {}",
            shown(name),
            if there.is_empty() {
                "none".to_owned()
            } else {
                there.join(", ")
            }
        )))
    }
}
