//! The segment of a path that named a Worker and that the Worker does not see: put back in front
//! of where an answer redirects to, or the client would end up with another Worker.

use http::header::{HeaderMap, HeaderValue, LOCATION};
use http::uri::{PathAndQuery, Uri};

/// What a path began with that its Worker does not see.
#[derive(Debug)]
pub struct Mount {
    target: PathAndQuery,
    len: usize,
}

impl Mount {
    /// Of a request whose Worker sees `path`; `None` if that is all of it.
    pub fn of(uri: &Uri, path: &str) -> Option<Self> {
        let all = uri.path();
        let len = match all.strip_suffix(path) {
            Some(first) => first.len(),
            // Without a slash behind it the segment is all there is, and the Worker sees one.
            None if path == "/" => all.len(),
            None => 0,
        };
        let target = uri.path_and_query()?;
        (len > 0 && all.starts_with('/')).then(|| Self {
            target: target.clone(),
            len,
        })
    }

    /// Changes a `Location` that is a path of this host. One that names a host is left alone, and
    /// so is a relative one, which is relative to what the client sees.
    pub fn apply(&self, headers: &mut HeaderMap) {
        let Some(location) = headers.get(LOCATION) else {
            return;
        };
        let location = location.as_bytes();
        if !location.starts_with(b"/") || location.starts_with(b"//") {
            return;
        }
        let first = &self.target.as_str().as_bytes()[..self.len];
        let already = location.strip_prefix(first);
        if already.is_some_and(|rest| rest.is_empty() || b"/?#".contains(&rest[0])) {
            return;
        }
        if let Ok(location) = HeaderValue::from_bytes(&[first, location].concat()) {
            headers.insert(LOCATION, location);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn check(asked: &str, seen: &str, location: &str, expected: &str) {
        let uri: Uri = asked.parse().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(LOCATION, location.parse().unwrap());
        if let Some(mount) = Mount::of(&uri, seen) {
            mount.apply(&mut headers);
        }
        assert_eq!(headers[LOCATION], expected, "{asked} {location}");
    }

    #[test]
    fn a_path_of_the_worker_is_one_of_the_host() {
        check("/shop/a?b", "/a", "/a/", "/shop/a/");
        check("/shop", "/", "/a", "/shop/a");
        check("/shop?x", "/", "/", "/shop/");
        check("/sh%6Fp/", "/", "/a?b#c", "/sh%6Fp/a?b#c");
        check("http://h/shop//a", "//a", "/a", "/shop/a");
    }

    #[test]
    fn what_names_a_host_or_the_segment_is_left_alone() {
        for location in [
            "b",
            "?b",
            "http://h/b",
            "//h/b",
            "/shop",
            "/shop/b",
            "/shop?b",
        ] {
            check("/shop/a", "/a", location, location);
        }
        check("/shop/a", "/a", "/shopping", "/shop/shopping");
        check("/a", "/a", "/b", "/b");
        check("*", "/", "/b", "/b");
    }
}
