//! Exact hostnames and the Workers they stand for, in a table of a fixed size.

use super::host::{BadHost, Host};
use super::{NameError, check_name};

/// Hostnames that the table can hold.
pub const HOSTNAMES_MAX: usize = 1024;
/// Bytes of all hostnames, namespaces and scripts in it.
pub const HOSTNAMES_TEXT_MAX: usize = 64 * 1024;

/// From an exact hostname to a namespace and a script. A lookup is a binary search and
/// allocates nothing.
#[derive(Default)]
pub struct Hostnames {
    /// Host, namespace and script of each entry, one behind the other.
    text: heapless::String<HOSTNAMES_TEXT_MAX>,
    /// In the order of their hosts.
    entries: heapless::Vec<Entry, HOSTNAMES_MAX>,
}

#[derive(Clone, Copy)]
struct Entry {
    at: u32,
    host: u8,
    namespace: u8,
    script: u8,
}

/// Why a hostname could not be added.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostnameError {
    /// It is no hostname.
    #[error("hostname {host:?}: {reason}")]
    Bad {
        /// What was given.
        host: String,
        /// What is wrong with it.
        reason: BadHost,
    },
    /// It has a port, and routes are the same for every port.
    #[error("hostname {0:?} has a port; leave it out, a route holds for every port")]
    Port(String),
    /// It is there already.
    #[error("hostname {0:?} is routed twice; keep one of the two")]
    Twice(String),
    /// A name of a namespace or a script is not usable.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The table is full.
    #[error(
        "more than {HOSTNAMES_MAX} hostnames or {HOSTNAMES_TEXT_MAX} bytes of names; move some to a routing table in KV"
    )]
    Full,
}

impl Hostnames {
    /// An empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one hostname.
    pub fn insert(
        &mut self,
        host: &str,
        namespace: &str,
        script: &str,
    ) -> Result<(), HostnameError> {
        let parsed = Host::parse(host.as_bytes()).map_err(|reason| HostnameError::Bad {
            host: host.to_owned(),
            reason,
        })?;
        if parsed.port().is_some() {
            return Err(HostnameError::Port(host.to_owned()));
        }
        let namespace_len = check_name("namespace", namespace)?;
        let script_len = check_name("script", script)?;
        let name = parsed.name();
        let place = match self.position(name) {
            Ok(_) => return Err(HostnameError::Twice(host.to_owned())),
            Err(place) => place,
        };
        let room = HOSTNAMES_TEXT_MAX - self.text.len();
        if self.entries.is_full() || room < name.len() + namespace.len() + script.len() {
            return Err(HostnameError::Full);
        }
        let entry = Entry {
            at: self.text.len() as u32,
            host: name.len() as u8,
            namespace: namespace_len,
            script: script_len,
        };
        for part in [name, namespace, script] {
            self.text.push_str(part).map_err(|_| HostnameError::Full)?;
        }
        self.entries
            .insert(place, entry)
            .map_err(|_| HostnameError::Full)
    }

    /// The namespace and the script of a host's name in normal form.
    pub fn find(&self, host: &str) -> Option<(&str, &str)> {
        let entry = self.entries[self.position(host).ok()?];
        let (_, names) = self.parts(entry);
        Some(names.split_at(usize::from(entry.namespace)))
    }

    /// How many hostnames there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn position(&self, host: &str) -> Result<usize, usize> {
        self.entries
            .binary_search_by(|entry| self.parts(*entry).0.cmp(host))
    }

    /// The host, and what comes behind it.
    fn parts(&self, entry: Entry) -> (&str, &str) {
        let start = entry.at as usize;
        let len =
            usize::from(entry.host) + usize::from(entry.namespace) + usize::from(entry.script);
        self.text[start..start + len].split_at(usize::from(entry.host))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_full_table_says_so() {
        let mut table = Box::new(Hostnames::new());
        for i in 0..HOSTNAMES_MAX {
            table.insert(&format!("h{i}.example"), "n", "s").unwrap();
        }
        let error = table.insert("one-more.example", "n", "s").unwrap_err();
        assert_eq!(error, HostnameError::Full);
        assert!(error.to_string().contains("1024"));
        assert_eq!(table.find("h77.example"), Some(("n", "s")));
    }

    #[test]
    fn text_is_bounded_too() {
        let mut table = Box::new(Hostnames::new());
        let long = "s".repeat(255);
        let mut added = 0;
        while table.insert(&format!("h{added}.x"), "n", &long).is_ok() {
            added += 1;
        }
        assert!(added < HOSTNAMES_MAX);
        assert_eq!(table.len(), added);
        assert_eq!(table.find("h3.x"), Some(("n", long.as_str())));
    }

    #[test]
    fn bad_entries_are_refused() {
        let mut table = Box::new(Hostnames::new());
        table.insert("A.example.", "n", "s").unwrap();
        for (host, namespace, script) in [
            ("a.EXAMPLE", "n", "s"),
            ("b.example:80", "n", "s"),
            ("b example", "n", "s"),
            ("b.example", "", "s"),
            ("b.example", "n", "s/t"),
        ] {
            assert!(table.insert(host, namespace, script).is_err(), "{host}");
        }
        assert_eq!(table.len(), 1);
    }

    proptest! {
        #[test]
        fn it_behaves_like_a_map(entries in prop::collection::vec(("[a-z]{1,3}(\\.[a-z]{1,2})?", "[a-z]{1,4}", "[a-z]{1,4}"), 0..60), asked in "[a-z]{1,3}(\\.[a-z]{1,2})?") {
            let mut table = Box::new(Hostnames::new());
            let mut model = BTreeMap::new();
            for (host, namespace, script) in entries {
                let new = table.insert(&host, &namespace, &script).is_ok();
                prop_assert_eq!(new, !model.contains_key(&host));
                model.entry(host).or_insert((namespace, script));
            }
            for (host, (namespace, script)) in &model {
                prop_assert_eq!(table.find(host), Some((namespace.as_str(), script.as_str())));
            }
            prop_assert_eq!(table.find(&asked).is_some(), model.contains_key(&asked));
        }
    }
}
