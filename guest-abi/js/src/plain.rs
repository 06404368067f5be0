//! Addresses that are written as the URL Standard would write them: most of those that a Worker
//! meets, as that of its request is. Their parts are found in one pass; all others are the crate's
//! to read.

/// Which bytes stay as they are in a host, a path, a query and a fragment.
const HOST: u8 = 1;
const PATH: u8 = 2;
const QUERY: u8 = 4;
const HASH: u8 = 8;

const fn stays(byte: u8) -> u8 {
    let host = byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    // A slash and a dot end what is looked at; `\` would become a slash.
    let path = byte.is_ascii_graphic()
        && !matches!(
            byte,
            b'"' | b'#' | b'<' | b'>' | b'?' | b'`' | b'{' | b'}' | b'^' | b'\\'
        );
    let query = byte.is_ascii_graphic() && !matches!(byte, b'"' | b'#' | b'<' | b'>' | b'\'');
    let hash = byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'`');
    (if host { HOST } else { 0 })
        | (if path { PATH } else { 0 })
        | (if query { QUERY } else { 0 })
        | (if hash { HASH } else { 0 })
}

static STAYS: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = stays(byte as u8);
        byte += 1;
    }
    table
};

/// An address of `http:` or `https:` with a name or an IPv4 address for a host and no user, and where its parts are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plain {
    text: String,
    /// Where the host begins; before it is the scheme and `://`.
    host: usize,
    /// Where the host ends, and a port may begin.
    port: usize,
    path: usize,
    /// Where the path ends.
    query: usize,
    /// Where the query ends.
    hash: usize,
}

impl Plain {
    /// The address, if it is of this kind.
    pub fn read(text: &[u8]) -> Option<Self> {
        let host = match text {
            [b'h', b't', b't', b'p', b':', b'/', b'/', ..] => 7,
            [b'h', b't', b't', b'p', b's', b':', b'/', b'/', ..] => 8,
            _ => return None,
        };
        let port = host_end(text, host)?;
        let path = port_end(text, port, host == 8)?;
        let query = path_end(text, path)?;
        let hash = match text.get(query) {
            Some(b'?') => run(text, query + 1, QUERY),
            _ => query,
        };
        let end = match text.get(hash) {
            Some(b'#') => run(text, hash + 1, HASH),
            _ => hash,
        };
        if end != text.len() {
            return None;
        }
        let text = String::from_utf8(text.to_vec()).ok()?;
        Some(Self {
            text,
            host,
            port,
            path,
            query,
            hash,
        })
    }

    /// All of it.
    pub fn href(&self) -> &str {
        &self.text
    }

    /// `https:`
    pub fn protocol(&self) -> &str {
        &self.text[..self.host - 2]
    }

    /// The scheme, the host and the port.
    pub fn origin(&self) -> &str {
        &self.text[..self.path]
    }

    /// The host and the port.
    pub fn host(&self) -> &str {
        &self.text[self.host..self.path]
    }

    /// The host's name.
    pub fn hostname(&self) -> &str {
        &self.text[self.host..self.port]
    }

    /// The port, or nothing.
    pub fn port(&self) -> &str {
        self.text[self.port..self.path].trim_start_matches(':')
    }

    /// The path.
    pub fn pathname(&self) -> &str {
        &self.text[self.path..self.query]
    }

    /// The query with its mark; nothing where there is no more than that.
    pub fn search(&self) -> &str {
        self.behind(self.query, self.hash)
    }

    /// The fragment with its mark; nothing where there is no more than that.
    pub fn fragment(&self) -> &str {
        self.behind(self.hash, self.text.len())
    }

    fn behind(&self, from: usize, to: usize) -> &str {
        if to - from > 1 {
            &self.text[from..to]
        } else {
            ""
        }
    }
}

/// Where bytes of this kind end.
fn run(text: &[u8], from: usize, kind: u8) -> usize {
    let count = text[from..]
        .iter()
        .take_while(|byte| STAYS[usize::from(**byte)] & kind != 0)
        .count();
    from + count
}

/// Where a host ends: a name of letters, digits and hyphens with dots between its labels, or an address of
/// IPv4 as it is usually written.
fn host_end(text: &[u8], from: usize) -> Option<usize> {
    let mut start = from;
    let mut labels = 0;
    let mut are_numbers = true;
    loop {
        let end = run(text, start, HOST);
        let label = &text[start..end];
        // What begins so is judged by IDNA.
        if label.is_empty() || label.starts_with(b"xn--") {
            return None;
        }
        labels += 1;
        are_numbers &= is_octet(label);
        if text.get(end) == Some(&b'.') {
            start = end + 1;
            continue;
        }
        // A last label that begins with a digit may be a number in some other way of writing.
        let is_fit = label[0].is_ascii_lowercase() || (are_numbers && labels == 4);
        return is_fit.then_some(end);
    }
}

/// Whether it is a number below 256 as numbers are written.
fn is_octet(label: &[u8]) -> bool {
    matches!(
        label,
        [b'0'..=b'9']
            | [b'1'..=b'9', b'0'..=b'9']
            | [b'1', b'0'..=b'9', b'0'..=b'9']
            | [b'2', b'0'..=b'4', b'0'..=b'9']
            | [b'2', b'5', b'0'..=b'5']
    )
}

/// Where the port ends, if it is written as numbers are and is not the scheme's own.
fn port_end(text: &[u8], from: usize, is_https: bool) -> Option<usize> {
    match text.get(from)? {
        b'/' => return Some(from),
        b':' => {}
        _ => return None,
    }
    let digits = text[from + 1..]
        .iter()
        .take(6)
        .take_while(|byte| byte.is_ascii_digit());
    let (count, number) = digits.fold((0, 0), |(count, number), digit| {
        (count + 1, number * 10 + u32::from(digit - b'0'))
    });
    let end = from + 1 + count;
    let own = if is_https { 443 } else { 80 };
    let is_written_so = count == 1 || (count > 1 && text[from + 1] != b'0');
    (is_written_so && number <= 65535 && number != own && text.get(end) == Some(&b'/'))
        .then_some(end)
}

/// Where the path ends. A segment that begins with a dot, however that is written, may be one that
/// the standard takes away.
fn path_end(text: &[u8], from: usize) -> Option<usize> {
    let end = run(text, from, PATH);
    let mut segments = text[from..end].split(|byte| *byte == b'/');
    let is_dotted = |segment: &[u8]| matches!(segment, [b'.', ..] | [b'%', b'2', b'e' | b'E', ..]);
    (!segments.any(is_dotted)).then_some(end)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::url::read_slowly;
    use proptest::prelude::*;
    use url::quirks;

    /// Holds one against the crate; whether it was plain.
    fn hold(text: &str) -> bool {
        let Some(plain) = Plain::read(text.as_bytes()) else {
            return false;
        };
        let url = read_slowly(text).unwrap();
        let of_plain = [
            plain.href(),
            plain.protocol(),
            plain.host(),
            plain.hostname(),
            plain.port(),
            plain.pathname(),
            plain.search(),
            plain.fragment(),
            plain.origin(),
            "",
            "",
        ];
        let of_url = [
            url.as_str(),
            quirks::protocol(&url),
            quirks::host(&url),
            quirks::hostname(&url),
            quirks::port(&url),
            quirks::pathname(&url),
            quirks::search(&url),
            quirks::hash(&url),
            &quirks::origin(&url),
            quirks::username(&url),
            quirks::password(&url),
        ];
        assert_eq!(of_plain, of_url, "{text:?}");
        true
    }

    #[test]
    fn what_workers_meet_is_plain() {
        for text in [
            "http://a/",
            "http://127.0.0.1:8787/x",
            "http://255.249.0.10/",
            "https://example.com/",
            "https://a-b.example.com:8443/x/y.z?q=1&r=%20#top",
            "http://localhost:8787/a//b/?",
            "http://a.b/#",
            "http://1.a/[x]|y?'".trim_end_matches('\''),
            "https://e.x/?a=b?c=d#e#f?",
        ] {
            assert!(hold(text), "{text}");
        }
    }

    #[test]
    fn what_the_standard_writes_otherwise_is_not() {
        for text in [
            "http://a",
            "HTTP://a/",
            "http://A/",
            "http://a:80/",
            "https://a:443/",
            "http://a:",
            "http://a:/",
            "http://a:080/",
            "http://a:65536/",
            "http://a:123456/",
            "http://127.0.0.01/",
            "http://127.0.0.256/",
            "http://127.1/",
            "http://1.2.3.4.5/",
            "http://1.2.3.0x4/",
            "http://a.1/",
            "http://0x1/",
            "http://a./",
            "http://.a/",
            "http://xn--a/",
            "http://a_b/",
            "http://u@a/",
            "http://[::1]/",
            "http://a/../b",
            "http://a/%2E%2e/b",
            "http://a/.%2e",
            "http://a/b/.",
            "http://a\\b",
            "http://a/\\",
            "http://a/ ",
            " http://a/",
            "http://a/{",
            "http://a/^",
            "http://a/?'",
            "http://a/#`",
            "http://a/\t",
            "http://a/é",
            "http://%61/",
            "https:/a/",
            "ftp://a/",
            "",
        ] {
            assert_eq!(Plain::read(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn whatever_is_plain_is_what_the_crate_reads(
            scheme in prop::sample::select(vec!["http://", "https://"]),
            host in "[a-z0-9.xn-]{1,12}(:[0-9]{0,6})?",
            address in "([0-9x]{1,3}\\.){2,4}[0-9a-z]{1,4}",
            rest in "[ -~]{0,16}",
            path in "(/[a-z.%2eE0-9~!$&'()*+,;=:@|\\[\\]_-]{0,5}){0,4}",
            tail in "(\\?[ -~]{0,6})?(#[ -~]{0,6})?",
        ) {
            hold(&format!("{scheme}{host}{path}{tail}"));
            hold(&format!("{scheme}{host}/{rest}{tail}"));
            hold(&format!("{scheme}a.b{path}{tail}"));
            hold(&format!("{scheme}{address}/"));
        }
    }
}
