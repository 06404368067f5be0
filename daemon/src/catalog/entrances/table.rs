//! The entrances as requests look them up: exchanged as a whole when one changes, and nothing is
//! allocated to look.

use super::pattern::{Address, Pattern};
use super::record::{Domain, Route, Subdomain};
use std::collections::{HashMap, HashSet};

/// All entrances. Routes are asked first, then Custom Domains, then default hostnames.
#[derive(Default)]
pub struct Entrances {
    /// Routes by their host, where that is exact; the most specific first.
    exact: HashMap<Box<str>, Vec<Leads>>,
    /// Routes with `*` in front of their host; the most specific first.
    wild: Vec<Leads>,
    /// Routes of any host at all. They are for hosts that nothing else is said of.
    any: Vec<Leads>,
    /// Scripts by hostname.
    domains: HashMap<Box<str>, Box<str>>,
    /// Scripts by their names in lower case, as hostnames have them.
    subdomains: HashMap<Box<str>, Subdomain>,
    /// Scripts that answer at their default addresses.
    enabled: HashSet<Box<str>>,
}

/// A route: to a script, or to none.
struct Leads {
    pattern: Pattern,
    script: Option<Box<str>>,
}

/// Where a request enters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrance<'a> {
    /// At a script.
    Script(&'a str),
    /// At a default hostname's label that is no script of its own: perhaps a version's.
    Preview(&'a str),
    /// At a default hostname that nothing answers at.
    Closed,
    /// At none of these.
    Elsewhere,
}

impl Entrances {
    /// From the rows. A pattern that cannot be read any more leads nowhere.
    pub(super) fn new(
        routes: Vec<Route>,
        domains: Vec<Domain>,
        subdomains: Vec<Subdomain>,
    ) -> Self {
        let mut all = Self::default();
        for Route {
            pattern, script, ..
        } in routes
        {
            let Ok(pattern) = Pattern::parse(&pattern) else {
                log::error!("route {pattern:?} cannot be read; delete it");
                continue;
            };
            let host = pattern.exact_host().map(Box::from);
            let leads = Leads {
                pattern,
                script: script.map(Into::into),
            };
            match host {
                None if leads.pattern.any_host_at_all() => all.any.push(leads),
                Some(host) => all.exact.entry(host).or_default().push(leads),
                None => all.wild.push(leads),
            }
        }
        for list in all.exact.values_mut().chain([&mut all.wild, &mut all.any]) {
            list.sort_by(|a, b| a.pattern.order(&b.pattern));
        }
        all.domains = domains
            .into_iter()
            .map(|it| (it.hostname.into(), it.script.into()))
            .collect();
        for subdomain in subdomains {
            if subdomain.enabled {
                all.enabled.insert(subdomain.script.as_str().into());
            }
            let label = subdomain.script.to_ascii_lowercase();
            // Of two that differ in case alone, hostnames mean the one in lower case.
            if label == subdomain.script || !all.subdomains.contains_key(&*label) {
                all.subdomains.insert(label.into(), subdomain);
            }
        }
        all
    }

    /// Whether there is nothing to look up.
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty()
            && self.wild.is_empty()
            && self.any.is_empty()
            && self.domains.is_empty()
            && self.subdomains.is_empty()
    }

    /// Where a request enters; `zone` is what default hostnames have behind their first dot.
    pub fn find(&self, asked: &Address<'_>, zone: Option<&str>) -> Entrance<'_> {
        let exact = self.exact.get(asked.host);
        let exact = exact.and_then(|list| list.iter().find(|it| it.pattern.matches_rest(asked)));
        let route = exact.or_else(|| self.wild.iter().find(|it| it.pattern.matches(asked)));
        // A route without a script hides less specific ones, and that is all that it does.
        if let Some(script) = route.and_then(|route| route.script.as_deref()) {
            return Entrance::Script(script);
        }
        if let Some(script) = self.domains.get(asked.host) {
            return Entrance::Script(script);
        }
        if let (Some((label, behind)), Some(zone)) = (asked.host.split_once('.'), zone)
            && behind == zone
        {
            return self.by_label(label);
        }
        let mut any = self.any.iter().filter(|_| route.is_none());
        match any.find(|it| it.pattern.matches(asked)) {
            Some(Leads {
                script: Some(script),
                ..
            }) => Entrance::Script(script),
            _ => Entrance::Elsewhere,
        }
    }

    /// A default hostname's label: a script's own name has it whatever versions are called.
    fn by_label(&self, label: &str) -> Entrance<'_> {
        match self.subdomains.get_key_value(label) {
            Some((_, subdomain)) if subdomain.enabled => Entrance::Script(&subdomain.script),
            Some(_) => Entrance::Closed,
            None => {
                // The longest name of a script that the label ends in.
                let mut dashes = label.match_indices('-').map(|(at, _)| &label[at + 1..]);
                let name = dashes.find_map(|name| self.subdomains.get_key_value(name));
                match name {
                    Some((name, _)) => Entrance::Preview(name),
                    None => Entrance::Closed,
                }
            }
        }
    }

    /// What a label of a default hostname may mean as a version's: how the version is called,
    /// and the script. The longest names of scripts come first.
    pub fn previews<'a>(&'a self, label: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        label.match_indices('-').filter_map(move |(at, _)| {
            let subdomain = self.subdomains.get(&label[at + 1..])?;
            let selector = &label[..at];
            (subdomain.previews_enabled && !selector.is_empty())
                .then_some((selector, &*subdomain.script))
        })
    }

    /// Whether a script answers at its default addresses.
    pub fn has_default(&self, script: &str) -> bool {
        self.enabled.contains(script)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::pattern::tests::{patterns, urls};
    use super::*;
    use crate::catalog::name::Id;
    use proptest::prelude::*;

    fn route(pattern: &str, script: &str) -> Route {
        Route {
            id: Id::random(),
            pattern: pattern.to_owned(),
            script: (!script.is_empty()).then(|| script.to_owned()),
        }
    }

    fn table() -> Entrances {
        let routes = [
            ("*.shop.test/*", "wild"),
            ("www.shop.test/*", "www"),
            ("www.shop.test/api/*", "api"),
            ("https://www.shop.test/api/*", "api-https"),
            ("www.shop.test/img/cat.png", ""),
            ("*.test/*", "all"),
            ("*/*", "any"),
            ("*/none", ""),
            ("apex.test/only", "only"),
        ];
        let routes = routes.map(|(pattern, script)| route(pattern, script));
        let domain = |hostname: &str, script: &str| Domain {
            hostname: hostname.to_owned(),
            script: script.to_owned(),
            zone: "test".to_owned(),
        };
        let subdomain = |script: &str, enabled| Subdomain {
            script: script.to_owned(),
            enabled,
            previews_enabled: script != "closed",
        };
        Entrances::new(
            routes.into(),
            vec![domain("app.example", "app"), domain("www.shop.test", "app")],
            vec![
                subdomain("hello", true),
                subdomain("x-hello", true),
                subdomain("Hello", false),
                subdomain("Upper", true),
                subdomain("closed", false),
            ],
        )
    }

    fn check(table: &Entrances, host: &str, path: &str, expect: Entrance<'_>) {
        let (path, query) = path
            .split_once('?')
            .map_or((path, None), |(a, b)| (a, Some(b)));
        let asked = Address {
            is_https: false,
            host,
            path,
            has_query: query.is_some(),
        };
        assert_eq!(table.find(&asked, Some("dev.zone")), expect, "{host}{path}");
    }

    #[test]
    fn the_most_specific_route_wins_then_domains_then_defaults() {
        use Entrance::*;
        let table = table();
        for (host, path, expect) in [
            ("a.shop.test", "/", Script("wild")),
            ("www.shop.test", "/", Script("www")),
            ("www.shop.test", "/api/x", Script("api")),
            // Negated: what lies behind the routes is there, here a Custom Domain.
            ("www.shop.test", "/img/cat.png", Script("app")),
            ("www.shop.test", "/img/cat.png?foo=bar", Script("www")),
            ("apex.test", "/only", Script("only")),
            ("apex.test", "/other", Script("all")),
            ("app.example", "/any?thing", Script("app")),
            ("hello.dev.zone", "/", Script("hello")),
            ("x-hello.dev.zone", "/", Script("x-hello")),
            ("upper.dev.zone", "/", Script("Upper")),
            ("closed.dev.zone", "/", Closed),
            ("none.dev.zone", "/", Closed),
            ("ab12cd34-hello.dev.zone", "/", Preview("hello")),
            ("a.hello.dev.zone", "/", Script("any")),
            ("dev.zone", "/", Script("any")),
            ("else.where", "/?x", Script("any")),
            ("else.where", "/none", Elsewhere),
            ("[::1]", "/", Script("any")),
        ] {
            check(&table, host, path, expect);
        }
        assert!(table.has_default("hello") && table.has_default("Upper"));
        assert!(!table.has_default("upper") && !table.has_default("closed"));
        let all: Vec<_> = table.previews("v1-x-hello").collect();
        assert_eq!(all, [("v1", "x-hello"), ("v1-x", "hello")]);
        assert_eq!(table.previews("-hello").count(), 0);
        assert_eq!(table.previews("v1-closed").count(), 0);
    }

    proptest! {
        /// Looking up finds the first that matches when all are tried by their order.
        #[test]
        fn looking_up_is_trying_all_in_order(
            all in prop::collection::vec((patterns(), any::<bool>()), 0..12),
            url in urls(),
        ) {
            let mut routes: Vec<Route> = Vec::new();
            for (index, (pattern, negates)) in all.into_iter().enumerate() {
                let parsed = Pattern::parse(&pattern).unwrap();
                if routes.iter().all(|it| Pattern::parse(&it.pattern).unwrap() != parsed) {
                    routes.push(route(&pattern, &if negates { String::new() } else { format!("s{index}") }));
                }
            }
            let mut sorted = routes.clone();
            sorted.sort_by(|a, b| {
                Pattern::parse(&a.pattern).unwrap().order(&Pattern::parse(&b.pattern).unwrap())
            });
            let (scheme, rest) = url.split_once("://").unwrap();
            let (before, query) = rest.split_once('?').map_or((rest, None), |(a, b)| (a, Some(b)));
            let (host, path) = before.split_at(before.find('/').unwrap());
            let asked = Address { is_https: scheme == "https", host, path, has_query: query.is_some() };
            let expect = sorted.iter()
                .find(|it| Pattern::parse(&it.pattern).unwrap().matches(&asked))
                .and_then(|it| it.script.clone());
            let table = Entrances::new(routes, Vec::new(), Vec::new());
            let found = match table.find(&asked, None) {
                Entrance::Script(script) => Some(script.to_owned()),
                _ => None,
            };
            prop_assert_eq!(found, expect);
        }
    }
}
