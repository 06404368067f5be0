//! What may be reached: names before they are looked up, addresses before they are connected to.

use super::Tenant;
use crate::egress::Egress;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What may be reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Whether the networks around this machine, and the machine itself, may be reached.
    pub allow_private: bool,
    /// Where tenants may go of what is left.
    pub egress: Egress,
}

/// The field's words for an address that may not be reached (spec: SEMANTICS §28).
const REFUSED: &str = "proxy request failed, cannot connect to the specified address";

/// What an address is, if it is not simply one of the public Internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// This machine.
    Loopback,
    /// A private network, or one that is shared behind a provider's translation.
    Private,
    /// The same cable.
    LinkLocal,
    /// What tells machines in a cloud their secrets.
    Metadata,
    /// Many machines, or none.
    Nobody,
}

impl Policy {
    /// Whether a host may be asked at all, by its name: what may not is not looked up either.
    ///
    /// # Errors
    /// Why not, for the tenant.
    pub fn host(&self, tenant: &Tenant, name: &str, port: u16) -> Result<(), String> {
        if name.is_empty() {
            return Err(REFUSED.to_owned());
        }
        if !self.egress.host(tenant.name(), name, port) {
            return Err(not_allowed(name, port));
        }
        Ok(())
    }

    /// Whether an address, for which a name stands, may be connected to.
    ///
    /// # Errors
    /// Why not, for the tenant: what kind of address it is, and not which, since the name that
    /// stands for it may be another's secret.
    pub fn address(&self, tenant: &Tenant, name: &str, address: SocketAddr) -> Result<(), String> {
        self.place(address.ip())?;
        if !self.egress.address(tenant.name(), name, address) {
            return Err(not_allowed(name, address.port()));
        }
        Ok(())
    }

    fn place(&self, address: IpAddr) -> Result<(), String> {
        let what = match place(address) {
            None => return Ok(()),
            Some(Place::Loopback | Place::Private | Place::LinkLocal) if self.allow_private => {
                return Ok(());
            }
            Some(Place::Loopback) => "a loopback address",
            Some(Place::Private) => "a private address",
            Some(Place::LinkLocal) => "a link-local address",
            Some(Place::Metadata) => "a metadata address",
            Some(Place::Nobody) => "not the address of a machine",
        };
        Err(format!("{REFUSED}: it is {what}"))
    }
}

fn not_allowed(name: &str, port: u16) -> String {
    format!(
        "{REFUSED}: this device's egress rules do not let this Worker reach {name:.253} at port \
         {port}; its operator sets them ([egress])"
    )
}

/// What an address is; `None` for one of the public Internet.
pub fn place(address: IpAddr) -> Option<Place> {
    match address {
        IpAddr::V4(address) => v4(address),
        IpAddr::V6(address) => v6(address),
    }
}

fn v4(address: Ipv4Addr) -> Option<Place> {
    let [a, b, c, _] = address.octets();
    Some(match (a, b, c) {
        (127, ..) => Place::Loopback,
        _ if address == Ipv4Addr::new(169, 254, 169, 254)
            || address == Ipv4Addr::new(100, 100, 100, 200) =>
        {
            Place::Metadata
        }
        (10, ..) | (172, 16..=31, _) | (192, 168, _) | (100, 64..=127, _) => Place::Private,
        (169, 254, _) => Place::LinkLocal,
        // This network, protocol assignments, documentation, benchmarks, multicast, reserved.
        (0 | 224..=255, ..)
        | (192, 0, 0 | 2)
        | (192, 88, 99)
        | (198, 18..=19, _)
        | (198, 51, 100)
        | (203, 0, 113) => Place::Nobody,
        _ => return None,
    })
}

fn v6(address: Ipv6Addr) -> Option<Place> {
    if address == Ipv6Addr::LOCALHOST {
        return Some(Place::Loopback);
    }
    let s = address.segments();
    let embedded = |high: u16, low: u16| {
        let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
        Ipv4Addr::new(a, b, c, d)
    };
    Some(match s {
        // An IPv4 address in other clothes is what it is: mapped, translated, tunnelled.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            return v4(embedded(high, low));
        }
        [0x2002, high, low, ..] => return v4(embedded(high, low)),
        [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x254] => Place::Metadata,
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => Place::Private,
        [0xfe80..=0xfebf, ..] => Place::LinkLocal,
        // Teredo and other assignments, documentation.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Place::Nobody,
        [0x2000..=0x3fff, ..] => return None,
        _ => Place::Nobody,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_the_public_internet_is_open() {
        use Place::*;
        for (text, expect) in [
            ("1.1.1.1", None),
            ("100.63.0.1", None),
            ("172.32.0.1", None),
            ("2606:4700::1111", None),
            ("127.0.0.1", Some(Loopback)),
            ("127.9.9.9", Some(Loopback)),
            ("::1", Some(Loopback)),
            ("::ffff:127.0.0.1", Some(Loopback)),
            ("64:ff9b::7f00:1", Some(Loopback)),
            ("2002:7f00:1::", Some(Loopback)),
            ("2002:0a00:1::", Some(Private)),
            ("10.1.2.3", Some(Private)),
            ("172.16.0.1", Some(Private)),
            ("192.168.1.1", Some(Private)),
            ("100.64.0.1", Some(Private)),
            ("fd12::1", Some(Private)),
            ("169.254.1.1", Some(LinkLocal)),
            ("fe80::1", Some(LinkLocal)),
            ("169.254.169.254", Some(Metadata)),
            ("::ffff:169.254.169.254", Some(Metadata)),
            ("fd00:ec2::254", Some(Metadata)),
            ("0.0.0.0", Some(Nobody)),
            ("::", Some(Nobody)),
            ("::7f00:1", Some(Nobody)),
            ("224.0.0.1", Some(Nobody)),
            ("255.255.255.255", Some(Nobody)),
            ("ff02::1", Some(Nobody)),
            ("2001:db8::1", Some(Nobody)),
            ("2001::1", Some(Nobody)),
        ] {
            assert_eq!(place(text.parse().unwrap()), expect, "{text}");
        }
    }

    #[test]
    fn private_networks_can_be_opened_and_metadata_not() {
        let open = Policy {
            allow_private: true,
            ..Policy::default()
        };
        let check = |policy: &Policy, text: &str| policy.place(text.parse().unwrap());
        for text in ["127.0.0.1", "10.0.0.1", "fe80::1", "1.1.1.1"] {
            assert_eq!(check(&open, text), Ok(()), "{text}");
        }
        for text in ["169.254.169.254", "224.0.0.1"] {
            let why = check(&open, text).unwrap_err();
            assert!(why.starts_with(REFUSED), "{why}");
        }
        let closed = Policy::default();
        assert!(
            check(&closed, "10.0.0.1")
                .unwrap_err()
                .ends_with("private address")
        );
    }
}
