//! Rules of where tenants may go: for everybody, for a dispatch namespace, for one script. Each
//! can only narrow what the others leave.

use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::str::FromStr;

/// One rule: hosts and ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    hosts: Hosts,
    ports: Option<RangeInclusive<u16>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    All,
    /// A name, without a dot at the end.
    Name(String),
    /// Names below this one, and not itself.
    Below(String),
    /// Addresses that begin with so many bits of this one.
    Net(IpAddr, u8),
}

/// Why a text is no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no rule; write a host (api.example.com), names below one (*.example.com), an address or a network (192.0.2.0/24, [2001:db8::]/32), or *, and behind it :PORT or :FIRST-LAST if only those ports are meant"
)]
pub struct NoRule(pub String);

impl FromStr for Rule {
    type Err = NoRule;

    fn from_str(text: &str) -> Result<Self, NoRule> {
        parse(text).ok_or_else(|| NoRule(text.chars().take(100).collect()))
    }
}

fn parse(text: &str) -> Option<Rule> {
    // An IPv6 address without brackets has no port behind it.
    let is_bare = !text.starts_with('[') && text.matches(':').count() > 1;
    let (hosts, ports) = match text.rsplit_once(':') {
        Some((hosts, ports)) if !is_bare && !ports.contains(']') => (hosts, Some(ports)),
        _ => (text, None),
    };
    let ports = match ports {
        None => None,
        Some(ports) => {
            let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
            let (first, last) = (number(first)?, number(last)?);
            Some(first..=last).filter(|ports| !ports.is_empty())
        }
        .map(Some)?,
    };
    Some(Rule {
        hosts: hosts_of(hosts)?,
        ports,
    })
}

fn number<T: FromStr>(digits: &str) -> Option<T> {
    let all = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| digits.parse().ok()).flatten()
}

fn hosts_of(text: &str) -> Option<Hosts> {
    if text == "*" {
        return Some(Hosts::All);
    }
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(number::<u8>(bits)?)),
        None => (text, None),
    };
    let bare = address
        .strip_prefix('[')
        .map_or(Some(address), |rest| rest.strip_suffix(']'))?;
    if let Ok(address) = bare.parse::<IpAddr>() {
        let all = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(all);
        return (bits <= all).then_some(Hosts::Net(address, bits));
    }
    if bits.is_some() {
        return None;
    }
    let (name, is_below) = match text.strip_prefix("*.") {
        Some(name) => (name, true),
        None => (text, false),
    };
    let name = plain(name);
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    // A name that ends in a number is read as an address by some.
    let is_number = name
        .rsplit('.')
        .next()
        .is_none_or(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    if name.len() > 253 || is_number || name.contains("..") || !name.bytes().all(fits) {
        return None;
    }
    Some(match is_below {
        true => Hosts::Below(name),
        false => Hosts::Name(name),
    })
}

/// A name as it is compared: `localhost.` is `localhost`.
fn plain(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// An address as it is compared: one of IPv4 in the clothes of IPv6 is one of IPv4.
fn bare(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(six) => match six.segments() {
            [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
                let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
                Ipv4Addr::new(a, b, c, d).into()
            }
            _ => six.to_canonical(),
        },
        four @ IpAddr::V4(_) => four,
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.hosts {
            Hosts::All => f.write_str("*")?,
            Hosts::Name(name) => f.write_str(name)?,
            Hosts::Below(name) => write!(f, "*.{name}")?,
            Hosts::Net(IpAddr::V4(address), bits) => write!(f, "{address}/{bits}")?,
            Hosts::Net(IpAddr::V6(address), bits) => write!(f, "[{address}]/{bits}")?,
        }
        match &self.ports {
            Some(ports) if ports.start() == ports.end() => write!(f, ":{}", ports.start()),
            Some(ports) => write!(f, ":{}-{}", ports.start(), ports.end()),
            None => Ok(()),
        }
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl Rule {
    fn has_port(&self, port: u16) -> bool {
        self.ports
            .as_ref()
            .is_none_or(|ports| ports.contains(&port))
    }

    fn is_name(&self) -> bool {
        !matches!(self.hosts, Hosts::Net(..))
    }

    fn has_name(&self, name: &str) -> bool {
        match &self.hosts {
            Hosts::All => true,
            Hosts::Name(own) => own == name,
            Hosts::Below(own) => name
                .strip_suffix(own.as_str())
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
            Hosts::Net(..) => false,
        }
    }

    fn has_address(&self, address: IpAddr) -> bool {
        match (&self.hosts, bare(address)) {
            (Hosts::Net(net, bits), address) => {
                let (net, bits) = match (net, bare(*net)) {
                    // ::ffff:10.0.0.0/104 is 10.0.0.0/8.
                    (IpAddr::V6(_), four @ IpAddr::V4(_)) => (four, bits.saturating_sub(96)),
                    (_, net) => (net, *bits),
                };
                match (net, address) {
                    (IpAddr::V4(net), IpAddr::V4(address)) => {
                        let differ = net.to_bits() ^ address.to_bits();
                        differ.leading_zeros() >= u32::from(bits)
                    }
                    (IpAddr::V6(net), IpAddr::V6(address)) => {
                        let differ = net.to_bits() ^ address.to_bits();
                        differ.leading_zeros() >= u32::from(bits)
                    }
                    _ => false,
                }
            }
            _ => false,
        }
    }
}

/// The rules of one level.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rules {
    /// Where tenants may go; `None` is everywhere, an empty list nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow: Option<Vec<Rule>>,
    /// Where they may not, whatever is allowed.
    pub deny: Vec<Rule>,
}

impl Rules {
    /// Whether a host may be asked, as far as its name tells. One that only an address can allow
    /// or deny may.
    fn host(&self, name: &str, port: u16) -> bool {
        // Of an address in the clothes of a name the address decides.
        let hit = |rule: &Rule| rule.has_port(port) && rule.has_name(name);
        if self.deny.iter().any(hit) {
            return false;
        }
        self.allow.as_ref().is_none_or(|allow| {
            let may = |rule: &Rule| rule.has_port(port) && (!rule.is_name() || rule.has_name(name));
            allow.iter().any(may)
        })
    }

    /// Whether an address that a name stands for may be connected to.
    fn address(&self, name: &str, address: SocketAddr) -> bool {
        let hit = |rule: &Rule| {
            rule.has_port(address.port()) && (rule.has_name(name) || rule.has_address(address.ip()))
        };
        !self.deny.iter().any(hit) && self.allow.as_ref().is_none_or(|it| it.iter().any(hit))
    }
}

/// The rules of all levels.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Egress {
    /// For everybody.
    #[serde(flatten)]
    pub all: Rules,
    /// For dispatch namespaces.
    pub namespaces: BTreeMap<String, Rules>,
    /// For scripts, by `namespace/script`.
    pub scripts: BTreeMap<String, Rules>,
}

impl Egress {
    fn levels(&self, namespace: &str, script: &str) -> impl Iterator<Item = &Rules> {
        let script = match self.scripts.is_empty() {
            true => None,
            false => self.scripts.get(&format!("{namespace}/{script}")),
        };
        std::iter::once(&self.all)
            .chain(self.namespaces.get(namespace))
            .chain(script)
    }

    /// Whether a script of a dispatch namespace may ask a host, as far as the host's name tells.
    pub fn host(&self, (namespace, script): (&str, &str), name: &str, port: u16) -> bool {
        let name = plain(name);
        self.levels(namespace, script)
            .all(|rules| rules.host(&name, port))
    }

    /// Whether it may connect to an address that a name stands for.
    pub fn address(
        &self,
        (namespace, script): (&str, &str),
        name: &str,
        address: SocketAddr,
    ) -> bool {
        let name = plain(name);
        self.levels(namespace, script)
            .all(|rules| rules.address(&name, address))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn rules(allow: Option<&[&str]>, deny: &[&str]) -> Rules {
        let list = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        Rules {
            allow: allow.map(list),
            deny: list(deny),
        }
    }

    #[test]
    fn a_rule_is_what_it_shows() {
        for text in [
            "*",
            "*:443",
            "api.example.com",
            "*.example.com:8000-8999",
            "192.0.2.0/24",
            "[2001:db8::]/32:443",
        ] {
            assert_eq!(text.parse::<Rule>().unwrap().to_string(), text);
        }
        for (text, shown) in [
            ("API.Example.com.", "api.example.com"),
            ("192.0.2.1", "192.0.2.1/32"),
            ("192.0.2.1:80", "192.0.2.1/32:80"),
            ("2001:db8::1", "[2001:db8::1]/128"),
            ("[2001:db8::1]", "[2001:db8::1]/128"),
        ] {
            assert_eq!(text.parse::<Rule>().unwrap().to_string(), shown);
        }
        for text in [
            "",
            ".",
            ":443",
            "*.",
            "*.*.com",
            "a*.com",
            "a..b",
            "http://a.com",
            "a.com/x",
            "a.com:",
            "a.com:x",
            "a.com:70000",
            "a.com:9-8",
            "a.com:+1",
            "10.0.0.0/33",
            "0x7f.1",
            "127.1",
            "[::1",
            "[::1]/129",
            "a b",
            "[a.com]",
        ] {
            assert!(text.parse::<Rule>().is_err(), "{text}");
        }
    }

    #[test]
    fn every_level_narrows() {
        let mut egress = Egress {
            all: rules(None, &["no.com"]),
            ..Egress::default()
        };
        let narrow = rules(Some(&["*.a.com", "no.com", "b.com"]), &[]);
        egress.namespaces.insert("n".to_owned(), narrow);
        let narrow = rules(Some(&["x.a.com"]), &[]);
        egress.scripts.insert("n/s".to_owned(), narrow);
        let check = |who, name| {
            egress.host(who, name, 80) && egress.address(who, name, "1.1.1.1:80".parse().unwrap())
        };
        for (who, name, expect) in [
            (("m", "s"), "c.com", true),
            (("m", "s"), "no.com", false),
            (("n", "t"), "b.com", true),
            (("n", "t"), "c.com", false),
            (("n", "t"), "no.com", false),
            (("n", "s"), "x.a.com", true),
            (("n", "s"), "y.a.com", false),
            (("n", "s"), "b.com", false),
        ] {
            assert_eq!(check(who, name), expect, "{who:?} {name}");
        }
    }

    #[test]
    fn rules_allow_and_deny() {
        let check = |rules: &Rules, name: &str, address: &str| {
            let address: SocketAddr = address.parse().unwrap();
            let name = plain(name);
            rules.host(&name, address.port()) && rules.address(&name, address)
        };
        let any = rules(None, &["*.bad.com", "worse.com", "1.2.3.0/24", "*:25"]);
        for (name, address, expect) in [
            ("good.com", "1.1.1.1:443", true),
            ("good.com", "1.1.1.1:25", false),
            // Below it, and not itself.
            ("bad.com", "1.1.1.1:443", true),
            ("a.bad.com", "1.1.1.1:443", false),
            ("a.b.BAD.com.", "1.1.1.1:443", false),
            ("notbad.com", "1.1.1.1:443", true),
            ("worse.com", "1.1.1.1:443", false),
            ("a.worse.com", "1.1.1.1:443", true),
            // Whatever name stands for it.
            ("good.com", "1.2.3.4:443", false),
            ("1.2.3.4", "1.2.3.4:443", false),
            ("0x1020304", "1.2.3.4:443", false),
            ("x.com", "[::ffff:1.2.3.4]:443", false),
            ("x.com", "[64:ff9b::102:304]:443", false),
        ] {
            assert_eq!(check(&any, name, address), expect, "{name} {address}");
        }
        let some = rules(
            Some(&["api.example.com:443", "10.1.0.0/16", "::ffff:9.0.0.0/104"]),
            &["10.1.2.3"],
        );
        for (name, address, expect) in [
            ("api.example.com", "1.1.1.1:443", true),
            ("api.example.com", "1.1.1.1:80", false),
            ("example.com", "1.1.1.1:443", false),
            ("inside.example.com", "10.1.9.9:80", true),
            ("inside.example.com", "10.1.2.3:80", false),
            ("inside.example.com", "10.2.0.0:80", false),
            ("x.com", "9.9.9.9:80", true),
        ] {
            assert_eq!(check(&some, name, address), expect, "{name} {address}");
        }
        assert!(!check(&rules(Some(&[]), &[]), "a.com", "1.1.1.1:80"));
        assert!(check(&rules(Some(&["*"]), &[]), "a.com", "1.1.1.1:80"));
        // Only names are allowed: another one is not even looked up.
        assert!(!rules(Some(&["a.com"]), &[]).host("b.com", 80));
    }
}
