//! `zones`, `zones/{zone}/workers/routes` and `workers/scripts/{script}/routes`. Every domain is
//! a zone when it is asked for by name.

use super::call::Call;
use super::envelope::{Handled, Refusal, code, list, ok};
use super::{Manage, paging};
use crate::catalog::CatalogError;
use crate::catalog::entrances::{
    EntranceError, Pattern, Route, RouteChange, is_hostname, likely_zone, zone_id, zone_within,
};
use crate::catalog::name::{ACCOUNT, Id, shown};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// When zones were made, for clients that must be told: they are there once they are asked for.
const EPOCH: &str = "1970-01-01T00:00:00Z";

/// A route as clients send it.
#[derive(Deserialize)]
struct SentRoute {
    pattern: String,
    script: Option<String>,
}

/// The domain that a route's hosts end in.
fn domain(route: &Route) -> String {
    Pattern::parse(&route.pattern).map_or_else(|_| String::new(), |it| it.domain().to_owned())
}

/// A zone as routes are shown in it. The name of one that a route of any host was put into is
/// not known.
struct Zone {
    id: Id,
    name: Option<String>,
}

impl Zone {
    fn named(name: &str) -> Self {
        Self {
            id: zone_id(name),
            name: (!name.is_empty()).then(|| name.to_owned()),
        }
    }

    /// The zone that a call names, if a domain is in it. Any host at all is in every zone.
    fn of(call: &Call, domain: &str) -> Option<Self> {
        Self::within(domain, Id::parse(call.param("zone"))?)
    }

    fn within(domain: &str, id: Id) -> Option<Self> {
        match domain {
            "" => Some(Self { id, name: None }),
            domain => zone_within(domain, id).map(Self::named),
        }
    }
}

fn route_object(route: &Route, zone: &Zone) -> Value {
    let mut object = json!({
        "id": route.id.hex(),
        "pattern": route.pattern,
        "zone_id": zone.id.hex(),
        "zone_name": zone.name,
    });
    if let Some(script) = &route.script {
        object["script"] = json!(script);
    }
    object
}

impl<W: Send + Sync + 'static> Manage<W> {
    fn zone_object(&self, name: &str) -> Value {
        json!({
            "id": zone_id(name).hex(),
            "name": name,
            "status": "active",
            "paused": false,
            "type": "full",
            "account": {"id": self.options.account_id, "name": self.options.account_name},
            "owner": {"id": self.options.account_id, "name": self.options.account_name, "type": "organization"},
            "plan": {"id": "free", "name": "Free Website"},
            "meta": {},
            // Names are the world's own DNS: no zone was moved here, nor at any time.
            "name_servers": [],
            "original_name_servers": null,
            "original_registrar": null,
            "original_dnshost": null,
            "created_on": EPOCH,
            "modified_on": EPOCH,
            "activated_on": EPOCH,
            "development_mode": 0,
        })
    }

    /// The zones that something is in.
    fn zones_in_use(&self) -> Result<BTreeSet<String>, Refusal> {
        let mut zones: BTreeSet<String> = self
            .catalog
            .routes()?
            .iter()
            .map(|route| likely_zone(&domain(route)).to_owned())
            .collect();
        zones.extend(self.catalog.domains()?.into_iter().map(|it| it.zone));
        if let Some(zone) = self.catalog.default_zone() {
            zones.extend(zone.split_once('.').map(|(_, zone)| zone.to_owned()));
        }
        zones.remove("");
        Ok(zones)
    }

    pub(super) async fn list_zones(&self, call: Call) -> Handled {
        let zones: Vec<String> = match call.query("name").filter(|name| !name.is_empty()) {
            None => self.zones_in_use()?.into_iter().collect(),
            Some(name) => {
                let name = name.to_ascii_lowercase();
                is_hostname(&name).then_some(name).into_iter().collect()
            }
        };
        paging::answer(&call, zones, 20, |name| Ok(self.zone_object(&name)))
    }

    pub(super) async fn get_zone(&self, call: Call) -> Handled {
        let mut domains: Vec<String> = self.catalog.routes()?.iter().map(domain).collect();
        domains.extend(self.catalog.domains()?.into_iter().map(|it| it.hostname));
        domains.extend(self.catalog.default_zone().map(|zone| zone.to_string()));
        domains.retain(|domain| !domain.is_empty());
        let found = domains.iter().find_map(|domain| Zone::of(&call, domain));
        match found.and_then(|zone| zone.name) {
            Some(zone) => ok(self.zone_object(&zone)),
            None => Err(Refusal::not_found(
                code::NO_ROUTE,
                "nothing is in a zone of this id; ask for zones by name, as /zones?name=example.com",
            )),
        }
    }

    pub(super) async fn list_routes(&self, call: Call) -> Handled {
        let routes = self.catalog.routes()?;
        let shown: Vec<Value> = routes
            .iter()
            .filter_map(|route| {
                let domain = domain(route);
                Zone::of(&call, &domain).map(|zone| route_object(route, &zone))
            })
            .collect();
        if call.query("page").is_some() || call.query("per_page").is_some() {
            return paging::answer(&call, shown, 100, Ok);
        }
        let count = shown.len();
        list(shown, json!({"count": count, "total_count": count}))
    }

    /// All routes, of all zones.
    pub(super) async fn all_routes(&self, _: Call) -> Handled {
        let routes = self.catalog.routes()?;
        let shown = |route: &Route| route_object(route, &Zone::named(&domain(route)));
        ok(routes.iter().map(shown).collect())
    }

    /// The route that a call names, and its zone.
    fn named_route(&self, call: &Call) -> Result<(Route, Zone), Refusal> {
        let id = call.param("route");
        let route = self.catalog.route(id)?;
        let domain = domain(&route);
        match Zone::of(call, &domain) {
            Some(zone) => Ok((route, zone)),
            None => Err(EntranceError::RouteNotFound(shown(id)).into()),
        }
    }

    /// What a call's body says of a route, which must be in the zone that it names.
    async fn sent_route(call: Call) -> Result<(RouteChange, Zone), Refusal> {
        let (zone, id) = (call.param("zone").to_owned(), Id::parse(call.param("zone")));
        let sent: SentRoute = call.json().await?;
        let pattern = Pattern::parse(&sent.pattern)?;
        let found = id.and_then(|id| Zone::within(pattern.domain(), id));
        let found = found.ok_or_else(|| EntranceError::OutsideZone {
            pattern: shown(&sent.pattern),
            zone: shown(&zone),
        })?;
        let change = RouteChange {
            pattern: sent.pattern,
            script: sent.script.filter(|script| !script.is_empty()),
        };
        Ok((change, found))
    }

    pub(super) async fn create_route(&self, call: Call) -> Handled {
        let (change, zone) = Self::sent_route(call).await?;
        let route = self.catalog.add_route(change).await?;
        ok(route_object(&route, &zone))
    }

    pub(super) async fn get_route(&self, call: Call) -> Handled {
        let (route, zone) = self.named_route(&call)?;
        ok(route_object(&route, &zone))
    }

    pub(super) async fn put_route(&self, call: Call) -> Handled {
        let (old, _) = self.named_route(&call)?;
        let (change, zone) = Self::sent_route(call).await?;
        let route = self.catalog.change_route(&old.id.hex(), change).await?;
        ok(route_object(&route, &zone))
    }

    pub(super) async fn delete_route(&self, call: Call) -> Handled {
        let (route, _) = self.named_route(&call)?;
        self.catalog.delete_route(&route.id.hex()).await?;
        ok(json!({"id": route.id.hex()}))
    }

    pub(super) async fn get_script_routes(&self, call: Call) -> Handled {
        let script = self.catalog.script(ACCOUNT, call.param("script"))?.1.name;
        let routes = self.catalog.routes()?;
        let own = routes
            .iter()
            .filter(|it| it.script.as_ref() == Some(&script));
        ok(own
            .map(|route| route_object(route, &Zone::named(likely_zone(&domain(route)))))
            .collect())
    }

    /// Replaces all routes of a script: texts, or objects with `pattern` and, if one likes,
    /// `zone_name` or `zone_id`, in which the pattern must then be.
    pub(super) async fn put_script_routes(&self, call: Call) -> Handled {
        let script = call.param("script").to_owned();
        self.catalog.script(ACCOUNT, &script)?;
        let sent: Vec<Value> = call.json().await?;
        let mut patterns = Vec::with_capacity(sent.len());
        for route in &sent {
            let text = route.as_str().or_else(|| route["pattern"].as_str());
            let text = text.ok_or_else(|| {
                Refusal::bad(
                    code::BODY,
                    "a route is neither a text nor an object with \"pattern\", as \
                     {\"pattern\": \"example.com/*\"}",
                )
            })?;
            let pattern = Pattern::parse(text)?;
            let name = route["zone_name"].as_str().map(zone_id);
            let id = route["zone_id"].as_str().map(Id::parse);
            for (zone, said) in [(name.map(Some), "zone_name"), (id, "zone_id")] {
                let is_in = |zone: Option<Id>| {
                    zone.is_some_and(|zone| Zone::within(pattern.domain(), zone).is_some())
                };
                if zone.is_some_and(|zone| !is_in(zone)) {
                    return Err(CatalogError::from(EntranceError::OutsideZone {
                        pattern: shown(text),
                        zone: shown(route[said].as_str().unwrap_or_default()),
                    })
                    .into());
                }
            }
            patterns.push(text.to_owned());
        }
        let routes = self.catalog.set_routes(&script, patterns).await?;
        let shown = |route: &Route| route_object(route, &Zone::named(likely_zone(&domain(route))));
        ok(routes.iter().map(shown).collect())
    }
}
