//! Zones whose subdomains are scripts: `tenant.zone` goes to the script `tenant`.

use super::host::{self, BadHost, Host};
use super::{NAME_MAX, NameError, check_name};

/// Zones that can be configured.
pub const ZONES_MAX: usize = 16;

/// The configured zones. A lookup looks at each of them and allocates nothing.
#[derive(Default)]
pub struct Zones(heapless::Vec<Zone, ZONES_MAX>);

struct Zone {
    name: heapless::String<{ host::NAME_MAX }>,
    namespace: heapless::String<NAME_MAX>,
}

/// Why a zone could not be added.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ZoneError {
    /// It is no name of a zone.
    #[error("zone {zone:?}: {reason}")]
    Bad {
        /// What was given.
        zone: String,
        /// What is wrong with it.
        reason: BadHost,
    },
    /// It is an address or has a port.
    #[error("zone {0:?} must be a plain name, without a port; addresses have no subdomains")]
    NotAName(String),
    /// It is there already.
    #[error("zone {0:?} is configured twice; keep one of the two")]
    Twice(String),
    /// The namespace is not usable.
    #[error(transparent)]
    Name(#[from] NameError),
    /// There are too many.
    #[error("more than {ZONES_MAX} zones; put their hostnames in a routing table in KV")]
    Full,
}

impl Zones {
    /// No zones.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a zone whose tenants live in `namespace`.
    pub fn insert(&mut self, zone: &str, namespace: &str) -> Result<(), ZoneError> {
        let parsed = Host::parse(zone.as_bytes()).map_err(|reason| ZoneError::Bad {
            zone: zone.to_owned(),
            reason,
        })?;
        let address =
            parsed.name().starts_with('[') || parsed.name().parse::<std::net::Ipv4Addr>().is_ok();
        if parsed.port().is_some() || address {
            return Err(ZoneError::NotAName(zone.to_owned()));
        }
        check_name("namespace", namespace)?;
        let mut entry = Zone {
            name: heapless::String::new(),
            namespace: heapless::String::new(),
        };
        if self.0.iter().any(|other| other.name == parsed.name()) {
            return Err(ZoneError::Twice(zone.to_owned()));
        }
        let copied = entry
            .name
            .push_str(parsed.name())
            .and_then(|()| entry.namespace.push_str(namespace));
        if copied.is_err() || self.0.push(entry).is_err() {
            return Err(ZoneError::Full);
        }
        Ok(())
    }

    /// The namespace and the script of a host's name in normal form, if it is exactly one
    /// label below a zone. With nested zones the longest one has the say.
    pub fn find<'a>(&'a self, host: &'a str) -> Option<(&'a str, &'a str)> {
        // One label below a zone: then the zone is what follows the first dot.
        let (script, rest) = host.split_once('.')?;
        let zone = self.0.iter().find(|zone| zone.name == rest)?;
        Some((&zone.namespace, script))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn zones() -> Zones {
        let mut zones = Zones::new();
        zones.insert("Workers.Example.", "production").unwrap();
        zones.insert("staging.workers.example", "staging").unwrap();
        zones
    }

    #[test]
    fn one_label_below_a_zone_is_a_script() {
        let zones = zones();
        let check = |host: &str, expect| assert_eq!(zones.find(host), expect, "{host}");
        check("shop.workers.example", Some(("production", "shop")));
        check("shop.staging.workers.example", Some(("staging", "shop")));
        check("staging.workers.example", Some(("production", "staging")));
        check("workers.example", None);
        check("a.b.workers.example", None);
        check("shopworkers.example", None);
        check("shop.workers.example.org", None);
        check("[::1]", None);
    }

    #[test]
    fn bad_zones_are_refused() {
        let mut zones = zones();
        for zone in [
            "",
            "a b",
            "10.0.0.1",
            "[::1]",
            "x.example:80",
            "WORKERS.example",
        ] {
            assert!(zones.insert(zone, "n").is_err(), "{zone}");
        }
        assert!(zones.insert("x.example", "").is_err());
        for i in 2..ZONES_MAX {
            zones.insert(&format!("z{i}"), "n").unwrap();
        }
        let error = zones.insert("z99", "n").unwrap_err();
        assert_eq!(error, ZoneError::Full);
        assert!(error.to_string().contains("16"));
    }
}
