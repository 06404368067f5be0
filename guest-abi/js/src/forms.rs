//! Forms as bodies: `multipart/form-data` and `application/x-www-form-urlencoded`, read and
//! written. What is read comes from clients and is to be mistrusted; each byte is looked at a
//! bounded number of times.

use crate::bytes::{self, Bytes};
use memchr::{memchr, memmem::find};
use rquickjs::{Array, Ctx, Exception, Object, Result, Value, function::Func};

/// Why a body is no form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormError {
    /// The type is another one.
    UnknownType,
    /// The type has no boundary.
    NoBoundary,
    /// The boundary does not come.
    NoStart,
    /// Something else follows a boundary.
    AfterBoundary,
    /// A part's head does not end.
    NoHead,
    /// A part's head has what is no field.
    Headers,
    /// A part's head does not say what it is.
    NoDisposition,
    /// It says so in no word.
    BadDisposition,
    /// A part is something else.
    Disposition(String),
    /// A part has no name.
    NoName,
    /// No boundary follows a part.
    NoEnd,
}

impl std::fmt::Display for FormError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::UnknownType => "Unrecognized Content-Type header value. FormData can only parse the following MIME types: multipart/form-data, application/x-www-form-urlencoded",
            Self::NoBoundary => "No boundary string in Content-Type header. The multipart/form-data MIME type requires a boundary parameter, e.g. 'Content-Type: multipart/form-data; boundary=\"abcd\"'. See RFC 7578, section 4.",
            Self::NoStart => "No initial boundary string (or you have a truncated message).",
            Self::AfterBoundary => "Boundary string was not succeeded by CRLF, LF, or '--'.",
            Self::NoHead => "No multipart message header termination found.",
            Self::Headers => "FormData part had invalid headers.",
            Self::BadDisposition => "Invalid Content-Disposition header found in FormData part.",
            Self::NoDisposition => "No valid Content-Disposition header found in FormData part.",
            Self::Disposition(got) => {
                return write!(f, "Content-Disposition header for FormData part must have the value \"form-data\", possibly followed by parameters. Got: \"{got}\"");
            }
            Self::NoName => "Content-Disposition header in FormData part is missing a name.",
            Self::NoEnd => "No subsequent boundary string after multipart message.",
        })
    }
}

/// An entry of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: std::borrow::Cow<'a, [u8]>,
    /// The name and the type, if it is a file.
    pub file: Option<(String, String)>,
}

/// The entries of a body of this type.
///
/// # Errors
/// When it is no form.
pub fn parse<'a>(
    body: &'a [u8],
    content_type: &str,
) -> std::result::Result<Vec<Entry<'a>>, FormError> {
    let (essence, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    let essence = essence.trim();
    if essence.eq_ignore_ascii_case("multipart/form-data") {
        let boundary = type_parameter(parameters, "boundary")
            .filter(|boundary| !boundary.is_empty())
            .ok_or(FormError::NoBoundary)?;
        multipart(body, boundary.as_bytes())
    } else if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Ok(urlencoded(body))
    } else {
        Err(FormError::UnknownType)
    }
}

/// A parameter of a type as the MIME Sniffing standard reads it: its name in any case, its value with or
/// without quotes.
fn type_parameter(parameters: &str, wanted: &str) -> Option<String> {
    const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];
    let mut rest = parameters;
    while !rest.is_empty() {
        rest = rest.trim_start_matches(SPACE);
        let end = rest.find([';', '=']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let Some(after) = after.strip_prefix('=') else {
            rest = after.get(1..).unwrap_or_default();
            continue;
        };
        let value;
        if let Some(quoted) = after.strip_prefix('"') {
            let (text, left) = quoted_text(quoted);
            value = Some(text);
            rest = left;
        } else {
            let end = after.find(';').unwrap_or(after.len());
            let text = after[..end].trim_end_matches(SPACE);
            value = (!text.is_empty()).then(|| text.to_owned());
            rest = &after[end..];
        }
        rest = rest.split_once(';').map_or("", |(_, left)| left);
        if name.eq_ignore_ascii_case(wanted) && value.is_some() {
            return value;
        }
    }
    None
}

/// Text up to a quote or the end, with what is escaped by a backslash, and what follows the quote.
fn quoted_text(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return (value, &text[at + 1..]),
            '\\' => value.push(chars.next().map_or('\\', |(_, char)| char)),
            _ => value.push(char),
        }
    }
    (value, "")
}

fn multipart<'a>(
    body: &'a [u8],
    boundary: &[u8],
) -> std::result::Result<Vec<Entry<'a>>, FormError> {
    let start = [b"--", boundary].concat();
    let next = [b"\n--", boundary].concat();
    let at = find(body, &start).ok_or(FormError::NoStart)?;
    let mut rest = &body[at + start.len()..];
    let mut entries = Vec::new();
    loop {
        if rest.starts_with(b"--") {
            return Ok(entries);
        }
        rest = rest
            .strip_prefix(b"\r\n")
            .or_else(|| rest.strip_prefix(b"\n"))
            .ok_or(FormError::AfterBoundary)?;
        let (head, after) = split_head(rest).ok_or(FormError::NoHead)?;
        let mut entry = entry(&String::from_utf8_lossy(head))?;
        let end = find(after, &next).ok_or(FormError::NoEnd)?;
        let value = &after[..end];
        rest = &after[end + next.len()..];
        // A boundary with nothing behind it is none.
        if rest.is_empty() {
            return Err(FormError::NoEnd);
        }
        entry.value = value.strip_suffix(b"\r").unwrap_or(value).into();
        entries.push(entry);
    }
}

/// A part's head and what follows the empty line behind it.
fn split_head(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut from = 0;
    while let Some(at) = memchr(b'\n', text.get(from..)?) {
        let at = from + at;
        let after = &text[at + 1..];
        if let Some(after) = after
            .strip_prefix(b"\r\n")
            .or_else(|| after.strip_prefix(b"\n"))
        {
            return Some((&text[..at], after));
        }
        from = at + 1;
    }
    None
}

/// Whether a character may be in a token. What is not ASCII the field takes for one too.
fn is_token(char: char) -> bool {
    char.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(char) || !char.is_ascii()
}

/// An entry as a part's head names it, without its value.
fn entry<'a>(head: &str) -> std::result::Result<Entry<'a>, FormError> {
    let mut fields = Vec::new();
    for line in head.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let (name, value) = line.split_once(':').ok_or(FormError::Headers)?;
        if name.is_empty() || !name.chars().all(is_token) || value.contains(['\r', '\0']) {
            return Err(FormError::Headers);
        }
        fields.push((name, value.trim()));
    }
    let field = |wanted: &str| {
        let mut meant = fields
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
        meant.next().map(|(_, value)| *value)
    };
    let disposition = field("content-disposition").filter(|value| !value.is_empty());
    let disposition = disposition.ok_or(FormError::NoDisposition)?;
    let end = disposition
        .find(|char| !is_token(char))
        .unwrap_or(disposition.len());
    let (kind, parameters) = disposition.split_at(end);
    if kind.is_empty() {
        return Err(FormError::BadDisposition);
    }
    if kind != "form-data" {
        return Err(FormError::Disposition(kind.to_owned()));
    }
    let (name, file) = quoted_parameters(parameters);
    Ok(Entry {
        name: name.ok_or(FormError::NoName)?,
        value: (&[]).into(),
        file: file.map(|name| (name, field("content-type").unwrap_or_default().to_owned())),
    })
}

/// The name and the file's name among the parameters of a disposition, whose values are in quotes and not
/// empty; the last of each. What follows something else is not read.
fn quoted_parameters(parameters: &str) -> (Option<String>, Option<String>) {
    let (mut name, mut file) = (None, None);
    let mut rest = parameters;
    while let Some(after) = rest.trim_start().strip_prefix(';') {
        let after = after.trim_start();
        let end = after.find(|char| !is_token(char)).unwrap_or(after.len());
        let (key, after) = after.split_at(end);
        let quoted = after.trim_start().strip_prefix('=').map(str::trim_start);
        let Some(quoted) = quoted.and_then(|after| after.strip_prefix('"')) else {
            break;
        };
        let (value, left) = quoted_text(quoted);
        if key.is_empty() || value.is_empty() || !quoted[..quoted.len() - left.len()].ends_with('"')
        {
            break;
        }
        match key {
            "name" => name = Some(value),
            "filename" => file = Some(value),
            _ => {}
        }
        rest = left;
    }
    (name, file)
}

/// Pairs of names and values; what is not UTF-8 is replaced.
fn urlencoded(body: &[u8]) -> Vec<Entry<'static>> {
    body.split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let at = pair.iter().position(|byte| *byte == b'=');
            let (name, value) = match at {
                Some(at) => (&pair[..at], &pair[at + 1..]),
                None => (pair, &[][..]),
            };
            Entry {
                name: String::from_utf8_lossy(&decoded(name)).into_owned(),
                value: decoded(value).into(),
                file: None,
            }
        })
        .collect()
}

/// What percent signs and plus signs stand for. A sign without digits behind it is dropped, and
/// one digit is enough.
fn decoded(text: &[u8]) -> Vec<u8> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        at += 1;
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let Some(high) = digit(text.get(at)) else {
                    continue;
                };
                at += 1;
                let number = match digit(text.get(at)) {
                    Some(low) => {
                        at += 1;
                        high * 16 + low
                    }
                    None => high,
                };
                out.push(number as u8);
            }
            other => out.push(*other),
        }
    }
    out
}

/// A name as it stands between quotes.
fn escaped(name: &str, out: &mut Vec<u8>) {
    for byte in name.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"%22"),
            b'\n' => out.extend_from_slice(b"%0A"),
            b'\r' => out.extend_from_slice(b"\r"),
            b'\\' => out.extend_from_slice(b"\\\\"),
            other => out.push(other),
        }
    }
}

/// Adds the functions on forms to the natives.
pub fn install<'js>(_: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set(
        "boundary",
        Func::from(|| {
            let mut bytes = [0; 16];
            crate::host::random(&mut bytes);
            bytes
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>()
        }),
    )?;
    // `formSerialize(boundary, [name, value, filename, type, ...])`: a Uint8Array.
    native.set(
        "formSerialize",
        Func::from(
            |ctx: Ctx<'js>, boundary: String, parts: Array<'js>| -> Result<Value<'js>> {
                let mut out = Vec::new();
                for at in (0..parts.len()).step_by(4) {
                    let name: String = parts.get(at)?;
                    let filename: Option<String> = parts.get(at + 2)?;
                    out.extend_from_slice(
                        format!("--{boundary}\r\nContent-Disposition: form-data; name=\"")
                            .as_bytes(),
                    );
                    escaped(&name, &mut out);
                    if let Some(filename) = filename {
                        out.extend_from_slice(b"\"; filename=\"");
                        escaped(&filename, &mut out);
                        let kind: String = parts.get(at + 3)?;
                        out.extend_from_slice(format!("\"\r\nContent-Type: {kind}").as_bytes());
                    } else {
                        out.push(b'"');
                    }
                    out.extend_from_slice(b"\r\n\r\n");
                    let Bytes(value) = parts.get(at + 1)?;
                    out.extend_from_slice(&value);
                    out.extend_from_slice(b"\r\n");
                }
                out.extend_from_slice(format!("--{boundary}--").as_bytes());
                bytes::array(&ctx, out)
            },
        ),
    )?;
    // `formParse(bytes, type)`: names, values, file names and types in turn, in one array.
    native.set(
        "formParse",
        Func::from(
            |ctx: Ctx<'js>, body: Bytes, content_type: String| -> Result<Array<'js>> {
                let entries = parse(&body.0, &content_type)
                    .map_err(|error| Exception::throw_type(&ctx, &error.to_string()))?;
                let array = Array::new(ctx.clone())?;
                for (at, entry) in entries.into_iter().enumerate() {
                    array.set(4 * at, entry.name)?;
                    match entry.file {
                        None => {
                            array.set(4 * at + 1, bytes::text(&ctx, &entry.value)?)?;
                            array.set(4 * at + 2, Value::new_null(ctx.clone()))?;
                            array.set(4 * at + 3, Value::new_null(ctx.clone()))?;
                        }
                        Some((name, kind)) => {
                            array.set(4 * at + 1, bytes::array(&ctx, entry.value.into_owned())?)?;
                            array.set(4 * at + 2, name)?;
                            array.set(4 * at + 3, kind)?;
                        }
                    }
                }
                Ok(array)
            },
        ),
    )?;
    // `joinBytes(parts)`: the bytes of strings, buffers and views, one after the other.
    native.set(
        "joinBytes",
        Func::from(|ctx: Ctx<'js>, parts: Array<'js>| -> Result<Value<'js>> {
            let mut out = Vec::new();
            for part in parts.iter::<Value>() {
                let part = part?;
                if let Some(text) = part.as_string() {
                    // A surrogate that is alone keeps three bytes of its own, as in the platform.
                    let text = text.clone().to_cstring()?;
                    out.extend_from_slice(text.as_str().as_bytes());
                } else {
                    bytes::with(&ctx, &part, |bytes| out.extend_from_slice(bytes))?;
                }
            }
            bytes::array(&ctx, out)
        }),
    )?;
    native.set(
        "utf8",
        Func::from(|ctx: Ctx<'js>, text: Value<'js>| -> Result<Value<'js>> {
            bytes::array(&ctx, crate::text::usv(&ctx, &text)?.into_bytes())
        }),
    )?;
    native.set(
        "decodeUtf8",
        Func::from(|ctx: Ctx<'js>, text: Bytes| bytes::text(&ctx, &text.0)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        body: &[u8],
        content_type: &str,
        expected: std::result::Result<&[(&str, &str)], FormError>,
    ) {
        let found = parse(body, content_type).map(|entries| {
            entries
                .into_iter()
                .map(|entry| {
                    (
                        entry.name,
                        String::from_utf8_lossy(&entry.value).into_owned(),
                    )
                })
                .collect::<Vec<_>>()
        });
        let expected = expected.map(|pairs| {
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect()
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn signs_without_digits_are_dropped() {
        let kind = "application/x-www-form-urlencoded";
        check(
            b"a=%zz&b=%4&c=%C3%A9+x",
            kind,
            Ok(&[("a", "zz"), ("b", "\u{4}"), ("c", "é x")]),
        );
        check(b"&&", kind, Ok(&[]));
    }

    #[test]
    fn a_boundary_ends_a_value() {
        let kind = "multipart/form-data; boundary=\"B\"";
        let part = b"--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n";
        check(part, kind, Err(FormError::NoEnd));
        check(&[part, &b"--B--"[..]].concat(), kind, Ok(&[("a", "x")]));
        check(b"--Bx", kind, Err(FormError::AfterBoundary));
        check(b"", kind, Err(FormError::NoStart));
    }

    #[test]
    fn hostile_heads_end_soon() {
        let kind = "multipart/form-data; boundary=B";
        let mut body = b"--B\r\nContent-Disposition: form-data; ".to_vec();
        body.extend(std::iter::repeat_n(b'=', 100_000));
        body.extend_from_slice(b"\r\n\r\n\r\n--B--");
        check(&body, kind, Err(FormError::NoName));
        check(
            b"x",
            "multipart/form-data; boundary",
            Err(FormError::NoBoundary),
        );
        check(
            b"x",
            "multipart/form-data; boundary=\"",
            Err(FormError::NoBoundary),
        );
    }
}
