//! `[network]` and `[clock]`: what a firmware image sets up by itself. On a Linux that runs the
//! daemon as a service, they mean nothing.

use super::document::Document;
use super::raw::Texts;
use serde::Serialize;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use toml::Spanned;

/// How many addresses, and how many servers of one kind.
const COUNT_MAX: usize = 8;
/// Bytes of an interface's name, as in the kernel.
const INTERFACE_MAX: usize = 15;
/// Bytes of a hostname's label, and of a server's name.
const LABEL_MAX: usize = 63;
const SERVER_MAX: usize = 253;
/// Servers of the time when none are configured.
const SERVERS: [&str; 2] = ["0.debian.pool.ntp.org", "1.debian.pool.ntp.org"];

#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawNetwork {
    interface: Option<Spanned<String>>,
    hostname: Option<Spanned<String>>,
    address: Option<Texts>,
    gateway: Option<Spanned<String>>,
    nameservers: Option<Texts>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawClock {
    servers: Option<Texts>,
}

/// The network of a firmware image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Network {
    /// The interface; empty means the first one for Ethernet.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub interface: String,
    /// The machine's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub hostname: String,
    /// Its addresses; without any, DHCP gives one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub address: Vec<Address>,
    /// Where what is for other networks goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<IpAddr>,
    /// Who is asked for names, over what DHCP says.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nameservers: Vec<IpAddr>,
}

/// The clock of a firmware image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Clock {
    /// Servers of NTP, asked one after the other; none leaves the clock alone.
    pub servers: Vec<String>,
}

/// An address and how many of its bits are the network's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// The address.
    pub ip: IpAddr,
    /// Bits of the network.
    pub prefix: u8,
}

impl FromStr for Address {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (ip, prefix) = text.split_once('/').ok_or(())?;
        let ip: IpAddr = ip.parse().map_err(drop)?;
        let prefix: u8 = prefix.parse().map_err(drop)?;
        let most = if ip.is_ipv4() { 32 } else { 128 };
        let fits = prefix <= most && !ip.is_unspecified() && !ip.is_multicast();
        fits.then_some(Self { ip, prefix }).ok_or(())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.ip, self.prefix)
    }
}

impl Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

pub(super) fn check(document: &mut Document<'_>, raw: RawNetwork) -> Network {
    let name = |document: &mut Document<'_>, value: Option<Spanned<String>>, most: usize| {
        let value = value?;
        let text = value.get_ref();
        let fits = (1..=most).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
            && text.starts_with(|first: char| first.is_ascii_alphanumeric());
        if !fits {
            document.problem(
                Some(value.span()),
                format!("`{text:.80}` does not fit here"),
                format!("write 1 to {most} letters, digits and `-`"),
            );
        }
        Some(value.into_inner())
    };
    let interface = name(document, raw.interface, INTERFACE_MAX).unwrap_or_default();
    let hostname = name(document, raw.hostname, LABEL_MAX).unwrap_or_default();
    let address: Vec<Address> = parse_all(
        document,
        raw.address,
        "write an address and its network's bits, as \"192.0.2.10/24\"",
    );
    let nameservers = parse_all(document, raw.nameservers, "write an address");
    let gateway = raw.gateway.and_then(|value| {
        let parsed: Option<IpAddr> = parse(document, &value, "write an address");
        if address.is_empty() {
            document.problem(
                Some(value.span()),
                "`network.gateway` is set without `network.address`",
                "set both, or neither for DHCP",
            );
        }
        parsed
    });
    Network {
        interface,
        hostname,
        address,
        gateway,
        nameservers,
    }
}

pub(super) fn check_clock(document: &mut Document<'_>, raw: RawClock) -> Clock {
    let Some(Texts(servers)) = raw.servers else {
        return Clock {
            servers: SERVERS.map(str::to_owned).into(),
        };
    };
    too_many(document, &servers);
    for server in &servers {
        let text = server.get_ref();
        let fits = (1..=SERVER_MAX).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte));
        if !fits {
            document.problem(
                Some(server.span()),
                format!("`{text:.80}` is no server"),
                "write a hostname or an address",
            );
        }
    }
    Clock {
        servers: servers.into_iter().map(Spanned::into_inner).collect(),
    }
}

fn too_many(document: &mut Document<'_>, items: &[Spanned<String>]) {
    if let Some(first) = items.get(COUNT_MAX) {
        document.problem(
            Some(first.span()),
            format!("{} are listed, the limit is {COUNT_MAX}", items.len()),
            "remove some",
        );
    }
}

fn parse_all<T: FromStr>(
    document: &mut Document<'_>,
    texts: Option<Texts>,
    remedy: &str,
) -> Vec<T> {
    let items = texts.map(|Texts(items)| items).unwrap_or_default();
    too_many(document, &items);
    items
        .iter()
        .filter_map(|item| parse(document, item, remedy))
        .collect()
}

fn parse<T: FromStr>(
    document: &mut Document<'_>,
    text: &Spanned<String>,
    remedy: &str,
) -> Option<T> {
    let parsed = text.get_ref().parse().ok();
    if parsed.is_none() {
        document.problem(
            Some(text.span()),
            format!("`{:.80}` is no address", text.get_ref()),
            remedy,
        );
    }
    parsed
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::raw::RawConfig;
    use super::*;

    fn read(text: &str) -> (Network, Clock, Vec<String>) {
        let mut document = Document::new("f.toml", text);
        let raw: RawConfig = document.read().unwrap();
        let network = check(&mut document, raw.network);
        let clock = check_clock(&mut document, raw.clock);
        let problems = document.into_problems();
        let problems = problems.iter().map(ToString::to_string).collect();
        (network, clock, problems)
    }

    #[test]
    fn without_a_word_it_is_dhcp_and_some_servers() {
        let (network, clock, problems) = read("");
        assert_eq!(network, Network::default());
        assert_eq!(clock.servers, SERVERS);
        assert_eq!(problems, [""; 0]);
    }

    #[test]
    fn addresses_are_read() {
        let (network, clock, problems) = read(
            "[network]\naddress = ['192.0.2.10/24', '2001:db8::1/64']\ngateway = '192.0.2.1'\n\
             nameservers = '192.0.2.1'\nhostname = 'gw-1'\n[clock]\nservers = []\n",
        );
        assert_eq!(problems, [""; 0]);
        assert_eq!(network.address[1].to_string(), "2001:db8::1/64");
        assert_eq!(network.nameservers, [network.gateway.unwrap()]);
        assert_eq!(clock.servers, [""; 0]);
    }

    #[test]
    fn mistakes_are_told() {
        for (text, problem) in [
            ("[network]\naddress = '192.0.2.10'\n", "is no address"),
            ("[network]\naddress = '192.0.2.10/33'\n", "is no address"),
            ("[network]\naddress = '0.0.0.0/0'\n", "is no address"),
            (
                "[network]\ngateway = '192.0.2.1'\n",
                "without `network.address`",
            ),
            ("[network]\nhostname = 'a b'\n", "does not fit here"),
            ("[network]\ninterface = '../eth0'\n", "does not fit here"),
            ("[clock]\nservers = 'a b'\n", "is no server"),
            (
                "[network]\nnameservers = ['1.1.1.1','1.1.1.1','1.1.1.1','1.1.1.1','1.1.1.1',\
                 '1.1.1.1','1.1.1.1','1.1.1.1','1.1.1.1']\n",
                "the limit is 8",
            ),
        ] {
            let (_, _, problems) = read(text);
            assert!(
                problems.len() == 1 && problems[0].contains(problem),
                "{problems:?}"
            );
        }
    }
}
