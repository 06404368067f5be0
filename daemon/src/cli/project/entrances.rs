//! `routes`, `route`, `workers_dev` and `preview_urls`: how requests come to a Worker outside
//! of dispatch namespaces.

use super::{ProjectError, Table};
use serde_json::{Value, json};

/// What a project says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entrances {
    /// Routes as the API takes them; `None` leaves the Worker's routes and Custom Domains as
    /// they are.
    pub routes: Option<Vec<Value>>,
    /// Hostnames of Custom Domains.
    pub domains: Vec<String>,
    /// `workers_dev`.
    pub workers_dev: Option<bool>,
    /// `preview_urls`.
    pub preview_urls: Option<bool>,
}

impl Entrances {
    /// Whether the Worker is to answer at its default addresses: where nothing is said, unless
    /// it has others.
    pub fn has_default(&self) -> bool {
        let others = self.routes.as_ref().is_some_and(|it| !it.is_empty());
        self.workers_dev
            .unwrap_or(!others && self.domains.is_empty())
    }

    /// The keys of which there are any, for a warning where they mean nothing.
    pub fn keys(&self) -> Vec<&'static str> {
        [
            ("routes", self.routes.is_some()),
            ("workers_dev", self.workers_dev.is_some()),
            ("preview_urls", self.preview_urls.is_some()),
        ]
        .into_iter()
        .filter_map(|(key, there)| there.then_some(key))
        .collect()
    }

    /// Reads one of `routes`, or what `route` says.
    pub(super) fn route(
        &mut self,
        table: &Table<'_>,
        key: &str,
        value: &Value,
        warnings: &mut Vec<String>,
    ) -> Result<(), ProjectError> {
        let routes = self.routes.get_or_insert_default();
        let map = match value {
            Value::String(pattern) => {
                routes.push(json!({"pattern": pattern}));
                return Ok(());
            }
            Value::Object(map) => map,
            other => return Err(table.kind(key, other, "a text, or a table with `pattern`")),
        };
        let known = ["pattern", "zone_name", "zone_id", "custom_domain"];
        let inner = table.inner(key, map, &known, warnings);
        let pattern = map.get("pattern").unwrap_or(&Value::Null);
        let Some(text) = pattern.as_str() else {
            return Err(inner.kind("pattern", pattern, "a text"));
        };
        match map.get("custom_domain") {
            None | Some(Value::Bool(false)) => {
                let mut route = json!({"pattern": text});
                for zone in ["zone_name", "zone_id"] {
                    if let Some(value) = inner.text(zone, map.get(zone))? {
                        route[zone] = json!(value);
                    }
                }
                routes.push(route);
                Ok(())
            }
            Some(Value::Bool(true)) => {
                self.domains.push(text.to_owned());
                Ok(())
            }
            Some(other) => Err(inner.kind("custom_domain", other, "true or false")),
        }
    }
}
