//! Zones: domains under which routes and Custom Domains are. None has to be made: every domain
//! is one when it is asked for, with an id that follows from its name.

use crate::catalog::name::Id;
use sha2::{Digest, Sha256};

/// The id of a zone.
pub fn zone_id(name: &str) -> Id {
    derived("zone", &name.to_ascii_lowercase())
}

/// An id that follows from what it names.
pub(super) fn derived(kind: &str, name: &str) -> Id {
    let hash = Sha256::new_with_prefix(kind)
        .chain_update([0])
        .chain_update(name)
        .finalize();
    let mut id = [0; 16];
    id.copy_from_slice(&hash[..16]);
    Id(id)
}

/// The zones that a domain is in: itself, and what follows each of its dots.
pub fn zones_of(domain: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(domain), |domain| domain.split_once('.').map(|it| it.1))
}

/// The zone of this id that a domain is in.
pub fn zone_within(domain: &str, id: Id) -> Option<&str> {
    zones_of(domain).find(|zone| zone_id(zone) == id)
}

/// The zone that a domain is most likely meant to be in when nobody says: its last two labels.
pub fn likely_zone(domain: &str) -> &str {
    let mut dots = domain.rmatch_indices('.').skip(1);
    dots.next().map_or(domain, |(at, _)| &domain[at + 1..])
}

/// Whether this can be a hostname in lower case: labels of 1 to 63 letters, digits, `_` and
/// inner `-`, 253 characters altogether.
pub fn is_hostname(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_found_by_name_and_id() {
        let all: Vec<_> = zones_of("a.b.test").collect();
        assert_eq!(all, ["a.b.test", "b.test", "test"]);
        assert_eq!(zone_within("a.b.test", zone_id("B.test")), Some("b.test"));
        assert_eq!(zone_within("a.b.test", zone_id("c.test")), None);
        assert_eq!(likely_zone("a.b.test"), "b.test");
        assert_eq!(likely_zone("b.test"), "b.test");
        assert_eq!(likely_zone("localhost"), "localhost");
        assert!(is_hostname("a_b.x-y.test") && is_hostname("localhost"));
        for bad in ["", ".", "a.", ".a", "-a", "a-", "A", "a b", "*", "a:1"] {
            assert!(!is_hostname(bad), "{bad}");
        }
    }
}
