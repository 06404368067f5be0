//! The host of a request: what `Host` or an absolute target may say, and its normal form.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Bytes of a host name without its trailing dot (RFC 1035 §2.3.4).
pub const NAME_MAX: usize = 253;
/// Bytes of one label of a name.
const LABEL_MAX: usize = 63;

/// A host in its normal form: lower case, no trailing dot, IPv6 in brackets and shortest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    name: heapless::String<NAME_MAX>,
    port: Option<u16>,
}

/// Why a host was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadHost {
    /// Nothing, or nothing before the port.
    #[error("the host is empty")]
    Empty,
    /// More than [`NAME_MAX`] bytes, or a label of more than 63.
    #[error("the host is longer than {NAME_MAX} bytes, or one of its labels than {LABEL_MAX}")]
    TooLong,
    /// A byte or an arrangement of labels that no host has.
    #[error("the host is neither a name, an IPv4 address, nor an IPv6 address in brackets")]
    Malformed,
    /// What follows the colon is no port.
    #[error("the port is not a number up to 65535")]
    Port,
}

impl Host {
    /// Reads `name`, `name:port`, `[v6]` or `[v6]:port`. Letters, digits, `-`, `_` and `.` make
    /// a name; user information and percent signs are refused, and so is a name that ends in a number
    /// without being an IPv4 address: a URL with it is another one, or none (WHATWG URL §3.5).
    pub fn parse(value: &[u8]) -> Result<Self, BadHost> {
        let mut name = heapless::String::new();
        let rest = if let Some(inner) = value.strip_prefix(b"[") {
            let end = inner
                .iter()
                .position(|byte| *byte == b']')
                .ok_or(BadHost::Malformed)?;
            let address: Ipv6Addr = std::str::from_utf8(&inner[..end])
                .ok()
                .and_then(|text| text.parse().ok())
                .ok_or(BadHost::Malformed)?;
            write!(name, "[{address}]").map_err(|_| BadHost::TooLong)?;
            &inner[end + 1..]
        } else {
            let end = value
                .iter()
                .position(|byte| *byte == b':')
                .unwrap_or(value.len());
            read_name(&value[..end], &mut name)?;
            &value[end..]
        };
        Ok(Self {
            name,
            port: read_port(rest)?,
        })
    }

    /// The name or address, without the port.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The port, if one was given.
    pub fn port(&self) -> Option<u16> {
        self.port
    }
}

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)?;
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

fn read_name(bytes: &[u8], name: &mut heapless::String<NAME_MAX>) -> Result<(), BadHost> {
    let bytes = bytes.strip_suffix(b".").unwrap_or(bytes);
    if bytes.is_empty() {
        return Err(BadHost::Empty);
    }
    let mut label = 0;
    for byte in bytes {
        match byte {
            b'.' if label == 0 => return Err(BadHost::Malformed),
            b'.' => label = 0,
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => label += 1,
            _ => return Err(BadHost::Malformed),
        }
        if label > LABEL_MAX {
            return Err(BadHost::TooLong);
        }
        name.push(char::from(byte.to_ascii_lowercase()))
            .map_err(|_| BadHost::TooLong)?;
    }
    if label == 0 || ends_in_a_number(name) && name.parse::<Ipv4Addr>().is_err() {
        return Err(BadHost::Malformed);
    }
    Ok(())
}

/// Whether whoever parses a URL takes this name for an IPv4 address.
fn ends_in_a_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    let is_hex = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    last.bytes().all(|byte| byte.is_ascii_digit()) || last.strip_prefix("0x").is_some_and(is_hex)
}

fn read_port(rest: &[u8]) -> Result<Option<u16>, BadHost> {
    let Some(digits) = rest.strip_prefix(b":") else {
        return if rest.is_empty() {
            Ok(None)
        } else {
            Err(BadHost::Malformed)
        };
    };
    // An empty port is the default one (RFC 3986 §3.2.3).
    if digits.is_empty() {
        return Ok(None);
    }
    // `parse` would take a sign.
    if digits.len() > 5 || !digits.iter().all(u8::is_ascii_digit) {
        return Err(BadHost::Port);
    }
    std::str::from_utf8(digits)
        .ok()
        .and_then(|text| text.parse().ok())
        .map(Some)
        .ok_or(BadHost::Port)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn check(input: &str, expect: Result<&str, BadHost>) {
        let got = Host::parse(input.as_bytes()).map(|host| host.to_string());
        assert_eq!(got, expect.map(str::to_owned), "host {input:?}");
    }

    #[test]
    fn hosts_are_normalised() {
        check("example.com", Ok("example.com"));
        check("EXAMPLE.Com", Ok("example.com"));
        check("example.com.", Ok("example.com"));
        check("example.com.:80", Ok("example.com:80"));
        check("example.com:", Ok("example.com"));
        check("example.com:65535", Ok("example.com:65535"));
        check("127.0.0.1:8080", Ok("127.0.0.1:8080"));
        check("127.0.0.1.", Ok("127.0.0.1"));
        check("1.0x7g", Ok("1.0x7g"));
        check("a_b.example", Ok("a_b.example"));
        check("[::1]", Ok("[::1]"));
        check("[0:0:0:0:0:0:0:1]:80", Ok("[::1]:80"));
        check("[2001:DB8::A]", Ok("[2001:db8::a]"));
    }

    #[test]
    fn what_is_no_host_is_refused() {
        check("", Err(BadHost::Empty));
        check(".", Err(BadHost::Empty));
        check(":80", Err(BadHost::Empty));
        for input in [
            "a b",
            "a/b",
            "a\tb",
            "a,b",
            "user@host",
            "a%2eb",
            "..",
            ".a",
            "a..b",
            "a..",
            "[::1",
            "::1",
            "[::1]x",
            "[fe80::1%25eth0]",
            "[]",
            "[v1.x]",
            "ex\u{e4}mple",
            "a\0",
            "a\\b",
            "8.8.8.8.8",
            "256.1.1.1",
            "127.1",
            "2130706433",
            "0x7f.1",
            "a.0x",
            "a.1.",
        ] {
            let got = Host::parse(input.as_bytes());
            assert!(
                matches!(
                    got,
                    Err(BadHost::Malformed | BadHost::Port | BadHost::Empty)
                ),
                "host {input:?} gave {got:?}"
            );
        }
        for input in ["a:65536", "a:-1", "a:+1", "a:1:2", "a:080000", "[::1]:x"] {
            check(input, Err(BadHost::Port));
        }
        check(&"a".repeat(64), Err(BadHost::TooLong));
        check(&"a.".repeat(127), Ok(&"a.".repeat(127)[..253]));
        check(&format!("{}b", "a.".repeat(127)), Err(BadHost::TooLong));
    }

    proptest! {
        #[test]
        fn the_normal_form_is_stable(input in "[A-Za-z0-9._:\\[\\]-]{0,40}") {
            if let Ok(host) = Host::parse(input.as_bytes()) {
                let shown = host.to_string();
                prop_assert_eq!(Host::parse(shown.as_bytes()), Ok(host.clone()));
                prop_assert_eq!(host.name(), host.name().to_ascii_lowercase());
                prop_assert!(!host.name().ends_with('.'));
            }
        }

        #[test]
        fn case_and_one_trailing_dot_do_not_matter(input in "[a-z0-9]([a-z0-9-]{0,10}\\.){0,3}[a-z]{1,5}", port: Option<u16>) {
            let port = port.map(|port| format!(":{port}")).unwrap_or_default();
            let plain = Host::parse(format!("{input}{port}").as_bytes());
            prop_assert!(plain.is_ok() || input.contains(".."));
            let loud = format!("{}.{port}", input.to_ascii_uppercase());
            prop_assert_eq!(plain, Host::parse(loud.as_bytes()));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = Host::parse(&bytes);
        }
    }
}
