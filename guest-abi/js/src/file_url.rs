//! Addresses of `file:`, read as the URL Standard has it today: a drive's letter leaves the host as it
//! is, and empty segments of a path stay. The crate that reads all others has an older rule.

use serde::Serialize;
use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

/// A host as the crate keeps it within.
#[derive(Serialize)]
enum HostForm {
    None,
    Domain,
    Ipv4(Ipv4Addr),
    Ipv6(Ipv6Addr),
}

/// What a text means that names `file:`, or is relative to a base that does. Nothing in the outer place
/// if it is neither; nothing in the inner one if it is no URL.
pub fn read(text: &str, base: Option<&Url>) -> Option<Option<Url>> {
    let base = base.filter(|base| base.scheme() == "file");
    let trimmed = text.trim_matches(|character| character <= ' ');
    // Most are not meant, and are not copied.
    if base.is_none() && !matches!(trimmed.as_bytes().first(), Some(b'f' | b'F')) {
        return None;
    }
    let trimmed = without_breaks(trimmed);
    let rest = match scheme_of(&trimmed) {
        Some(name) if name.eq_ignore_ascii_case("file") => &trimmed[name.len() + 1..],
        Some(_) => return None,
        None if base.is_some() => trimmed.as_ref(),
        None => return None,
    };
    Some(read_rest(rest, base))
}

/// The text without tabs and ends of lines.
fn without_breaks(text: &str) -> Cow<'_, str> {
    const BREAKS: [char; 3] = ['\t', '\n', '\r'];
    match text.contains(BREAKS) {
        true => Cow::Owned(text.replace(BREAKS, "")),
        false => Cow::Borrowed(text),
    }
}

/// The URL with another path, as `pathname` sets it.
pub fn with_path(url: &Url, path: &str) -> Option<Url> {
    let path = without_breaks(path);
    let path = path.strip_prefix(is_slash).unwrap_or(&path);
    let mut segments = Vec::new();
    walk(&mut segments, path);
    write(url.host(), &segments, url.query(), url.fragment())
}

/// The scheme that a text begins with, without tabs and ends of lines in it.
fn scheme_of(text: &str) -> Option<&str> {
    let (name, _) = text.split_once(':')?;
    let mut bytes = name.bytes();
    let begins = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic());
    let goes_on =
        bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    (begins && goes_on).then_some(name)
}

const fn is_slash(character: char) -> bool {
    matches!(character, '/' | '\\')
}

fn read_rest(rest: &str, base: Option<&Url>) -> Option<Url> {
    let (rest, fragment) = match rest.split_once('#') {
        Some((rest, fragment)) => (rest, Some(fragment)),
        None => (rest, None),
    };
    let (main, query) = match rest.split_once('?') {
        Some((main, query)) => (main, Some(query)),
        None => (rest, None),
    };
    let fragment = fragment.map(|text| encoded(text, in_fragment));
    let query = query.map(|text| encoded(text, in_query));
    let (query, fragment) = (query.as_deref(), fragment.as_deref());
    let base_path = || -> Vec<String> {
        let segments = base.and_then(Url::path_segments).into_iter().flatten();
        segments.map(str::to_owned).collect()
    };
    let base_host = base.and_then(Url::host);
    let mut path = Vec::new();
    let Some(after) = main.strip_prefix(is_slash) else {
        if base.is_none() {
            walk(&mut path, main);
            return write(None, &path, query, fragment);
        }
        path = base_path();
        if main.is_empty() {
            let query = query.or(base.and_then(Url::query));
            return write(base_host, &path, query, fragment);
        }
        if begins_with_drive(main) {
            path.clear();
        } else {
            shorten(&mut path);
        }
        walk(&mut path, main);
        return write(base_host, &path, query, fragment);
    };
    let Some(after) = after.strip_prefix(is_slash) else {
        if !begins_with_drive(after)
            && let Some(first) = base_path().into_iter().next()
            && is_drive(&first, false)
        {
            path.push(first);
        }
        walk(&mut path, after);
        return write(base_host, &path, query, fragment);
    };
    let end = after.find(is_slash).unwrap_or(after.len());
    let (authority, rest) = after.split_at(end);
    if is_drive(authority, true) {
        walk(&mut path, after);
        return write(None, &path, query, fragment);
    }
    walk(&mut path, rest.strip_prefix(is_slash).unwrap_or(rest));
    if authority.is_empty() {
        return write(None, &path, query, fragment);
    }
    let host = Host::parse(authority).ok()?;
    let host = match &host {
        Host::Domain(name) if name == "localhost" => None,
        Host::Domain(name) => Some(Host::Domain(name.as_str())),
        Host::Ipv4(address) => Some(Host::Ipv4(*address)),
        Host::Ipv6(address) => Some(Host::Ipv6(*address)),
    };
    write(host, &path, query, fragment)
}

/// Whether it is a drive's letter and a colon, or a bar too.
fn is_drive(text: &str, or_bar: bool) -> bool {
    match text.as_bytes() {
        [letter, mark] => {
            letter.is_ascii_alphabetic() && (*mark == b':' || or_bar && *mark == b'|')
        }
        _ => false,
    }
}

fn begins_with_drive(text: &str) -> bool {
    let end = text.find(is_slash).unwrap_or(text.len());
    is_drive(&text[..end], true)
}

fn shorten(path: &mut Vec<String>) {
    match path.as_slice() {
        [only] if is_drive(only, false) => {}
        _ => drop(path.pop()),
    }
}

/// Adds the segments of a path to those that are there.
fn walk(path: &mut Vec<String>, text: &str) {
    let mut segments = text.split(is_slash).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        let plain = segment.to_ascii_lowercase().replace("%2e", ".");
        match plain.as_str() {
            ".." => {
                shorten(path);
                if is_last {
                    path.push(String::new());
                }
            }
            "." => {
                if is_last {
                    path.push(String::new());
                }
            }
            _ if path.is_empty() && is_drive(segment, true) => {
                path.push(format!("{}:", &segment[..1]));
            }
            _ => path.push(encoded(segment, in_path)),
        }
    }
}

fn in_query(byte: u8) -> bool {
    matches!(byte, b' ' | b'"' | b'#' | b'<' | b'>' | b'\'')
}

fn in_fragment(byte: u8) -> bool {
    matches!(byte, b' ' | b'"' | b'<' | b'>' | b'`')
}

fn in_path(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'"' | b'#' | b'<' | b'>' | b'?' | b'^' | b'`' | b'{' | b'}'
    )
}

/// The text with percent signs for these, for controls and for what is not ASCII.
fn encoded(text: &str, is_meant: fn(u8) -> bool) -> String {
    let mut all = String::with_capacity(text.len());
    for character in text.chars() {
        let mut bytes = [0; 4];
        if character.is_ascii() && !character.is_ascii_control() && !is_meant(character as u8) {
            all.push(character);
            continue;
        }
        for byte in character.encode_utf8(&mut bytes).bytes() {
            all.push_str(&format!("%{byte:02X}"));
        }
    }
    all
}

/// The crate's URL of these parts, as they are.
fn write(
    host: Option<Host<&str>>,
    path: &[String],
    query: Option<&str>,
    fragment: Option<&str>,
) -> Option<Url> {
    const HOST_AT: usize = "file://".len();
    let mut text = String::from("file://");
    let form = match host {
        None => HostForm::None,
        Some(host) => {
            text.push_str(&host.to_string());
            match host {
                Host::Domain(_) => HostForm::Domain,
                Host::Ipv4(address) => HostForm::Ipv4(address),
                Host::Ipv6(address) => HostForm::Ipv6(address),
            }
        }
    };
    let path_at = text.len();
    for segment in path {
        text.push('/');
        text.push_str(segment);
    }
    let mut part = |mark: char, of: Option<&str>| {
        of.map(|of| {
            let at = text.len();
            text.push(mark);
            text.push_str(of);
            at
        })
    };
    let query_at = part('?', query);
    let fragment_at = part('#', fragment);
    let place = |at: usize| u32::try_from(at).ok();
    let optional = |at: Option<usize>| match at {
        Some(at) => place(at).map(Some),
        None => Some(None),
    };
    let form = (
        &text,
        4_u32,
        place(HOST_AT)?,
        place(HOST_AT)?,
        place(path_at)?,
        form,
        None::<u16>,
        place(path_at)?,
        optional(query_at)?,
        optional(fragment_at)?,
    );
    let bytes = postcard::to_allocvec(&form).ok()?;
    Url::deserialize_internal(&mut postcard::Deserializer::from_bytes(&bytes)).ok()
}
