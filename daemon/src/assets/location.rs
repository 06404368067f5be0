//! What a rule's paths and targets are, and where a request is sent by one: the field reads both
//! as URLs (WHATWG), and so do the rules here.

use super::path::{self, Split};

/// A path of a rule as it is held against requests, or where one leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// `https://host` of a rule for a host; empty for a path alone.
    pub host: String,
    /// From the first slash on, without dots, encoded as paths of requests are.
    pub path: String,
    /// With its question mark, or empty.
    pub search: String,
    /// With its `#`, or empty.
    pub hash: String,
}

impl Written {
    /// Reads a path or an `https://` URL; nothing else can stand in a rule.
    pub fn parse(text: &str) -> Option<Self> {
        let (host, rest) = match text.strip_prefix("https://") {
            Some(rest) => {
                let rest = rest.trim_start_matches('/');
                let end = rest.find('/').unwrap_or(rest.len());
                (format!("https://{}", &rest[..end]), &rest[end..])
            }
            None if text.starts_with('/') => (String::new(), text),
            None => return None,
        };
        if host == "https://" {
            return None;
        }
        let (rest, hash) = rest.split_at(rest.find('#').unwrap_or(rest.len()));
        let (path, search) = rest.split_at(rest.find('?').unwrap_or(rest.len()));
        let bare = |text: &str| {
            if text.len() > 1 {
                text.to_owned()
            } else {
                String::new()
            }
        };
        Some(Self {
            host,
            path: path::normal(path, &['/']),
            search: bare(search),
            hash: bare(hash),
        })
    }

    /// The path, of a rule for a host with it in front.
    pub fn matched(&self) -> String {
        format!("{}{}", self.host, self.path)
    }

    /// All of it.
    pub fn whole(&self) -> String {
        format!("{}{}{}{}", self.host, self.path, self.search, self.hash)
    }
}

/// What a target means for a request, as `new URL(target, request.url)` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Scheme and host where they are not the request's.
    origin: Option<String>,
    /// From the first slash on.
    pub path: String,
    search: String,
    hash: String,
}

impl Target {
    /// Resolves a target; `None` if it is no URL.
    pub fn resolve(target: &str, from: &Split<'_>) -> Option<Self> {
        let slashes = ['/', '\\'];
        let (scheme, rest) = match target.strip_prefix("https:") {
            Some(rest) => ("https", Some(rest.trim_start_matches(slashes))),
            None if target.starts_with(slashes) && target[1..].starts_with(slashes) => {
                (from.scheme, Some(target.trim_start_matches(slashes)))
            }
            None if target.starts_with(slashes) => (from.scheme, None),
            None => return None,
        };
        let (origin, rest) = match rest {
            Some(rest) => {
                let end = rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len());
                let (authority, rest) = rest.split_at(end);
                let authority = authority_of(scheme, authority)?;
                let ours = scheme == from.scheme && authority == from.authority;
                ((!ours).then(|| format!("{scheme}://{authority}")), rest)
            }
            None => (None, target),
        };
        let (rest, hash) = rest.split_at(rest.find('#').unwrap_or(rest.len()));
        let (path, search) = rest.split_at(rest.find('?').unwrap_or(rest.len()));
        let bare = |text: &str, set| {
            if text.len() > 1 {
                let (mark, text) = text.split_at(1);
                mark.to_owned() + &path::encoded(text, set)
            } else {
                String::new()
            }
        };
        Some(Self {
            origin,
            path: path::normal(path, &slashes),
            search: bare(search, path::QUERY),
            hash: bare(hash, path::FRAGMENT),
        })
    }

    /// What `Location` says: a request's query goes along where the target has none.
    pub fn location(&self, from: &Split<'_>) -> String {
        let origin = self.origin.as_deref().unwrap_or_default();
        let search = match self.search.as_str() {
            "" => from.search,
            own => own,
        };
        format!("{origin}{}{search}{}", self.path, self.hash)
    }
}

/// A host as URLs have it, with who asks and the port if they are said.
fn authority_of(scheme: &str, text: &str) -> Option<String> {
    let (user, host) = match text.rsplit_once('@') {
        Some((user, host)) => (path::encoded(user, path::USER) + "@", host),
        None => (String::new(), text),
    };
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, port),
        _ => (host, ""),
    };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~[]:!$&'()*+,;=".contains(&byte);
    if name.is_empty() || !name.bytes().all(fits) {
        return None;
    }
    let mut shown = format!("{user}{}", name.to_ascii_lowercase());
    let usual = if scheme == "https" { 443 } else { 80 };
    if !port.is_empty() {
        let port: u16 = port.parse().ok()?;
        if port != usual {
            shown.push_str(&format!(":{port}"));
        }
    }
    Some(shown)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_rules_write_is_read_as_urls() {
        for (text, matched, whole) in [
            ("/a", "/a", "/a"),
            ("/é b", "/%C3%A9%20b", "/%C3%A9%20b"),
            ("/z/../zz/./y", "/zz/y", "/zz/y"),
            ("/p?x=1#y", "/p", "/p?x=1#y"),
            ("//evil.example/x", "//evil.example/x", "//evil.example/x"),
            ("/\\x", "/\\x", "/\\x"),
            (
                "https://a.example",
                "https://a.example/",
                "https://a.example/",
            ),
            (
                "https://A.example/b",
                "https://A.example/b",
                "https://A.example/b",
            ),
        ] {
            let written = Written::parse(text).unwrap();
            assert_eq!(
                (written.matched(), written.whole()),
                (matched.into(), whole.into())
            );
        }
        for text in ["a", "http://a.example/", "ftp://x/", "https://", ""] {
            assert_eq!(Written::parse(text), None, "{text}");
        }
    }

    #[test]
    fn targets_are_where_a_browser_would_go() {
        let from = Split::of("http://a.example:81/b?q=1");
        for (target, location) in [
            ("/x", "/x?q=1"),
            ("/x?y#z", "/x?y#z"),
            ("/x?#", "/x?q=1"),
            (
                "/x?é\0'\"<{a b}|%41#é\u{17}`{b}",
                "/x?%C3%A9%00%27%22%3C{a%20b}|%41#%C3%A9%17%60{b}",
            ),
            (
                "https://a\0b:c;d@o.example/",
                "https://a%00b:c%3Bd@o.example/?q=1",
            ),
            ("/../x/./y/..", "/x/?q=1"),
            ("/\\other.example", "http://other.example/?q=1"),
            ("//other.example/x", "http://other.example/x?q=1"),
            ("//a.example:81/x", "/x?q=1"),
            ("https://A.example:81", "https://a.example:81/?q=1"),
            (
                "https://user:pw@O.example:443/X#h",
                "https://user:pw@o.example/X?q=1#h",
            ),
        ] {
            let to = Target::resolve(target, &from).unwrap();
            assert_eq!(to.location(&from), location, "{target}");
        }
        for target in ["x", "https://", "https://a b/", "https://a:99999/", "//"] {
            assert_eq!(Target::resolve(target, &from), None, "{target}");
        }
    }
}
