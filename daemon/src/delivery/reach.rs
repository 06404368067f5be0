//! What a bundle reaches by name, held against what the key that signed it is for.
//!
//! A key for some namespaces alone opens nothing that others have: what such a bundle names beside its own scripts
//! is new, or is reached from these namespaces already, or came with an earlier bundle of one of them.

use super::error::listed;
use super::{DeliveryError, Result, rows};
use crate::catalog::name::{ACCOUNT, Id, shown};
use crate::catalog::release::{Release, Titled};
use crate::catalog::{Catalog, CatalogError, WantedConsumer};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Whose key signed a bundle.
pub(super) struct Signer {
    /// The key's id.
    pub(super) id: String,
    /// The namespaces that it is for; all if it is empty.
    pub(super) namespaces: Vec<String>,
}

/// What a bundle names.
pub(super) struct Named {
    /// The metadata of its scripts.
    pub(super) said: Vec<Value>,
    /// KV namespaces, by their titles.
    pub(super) titles: BTreeMap<String, Titled>,
}

/// What the Workers of some namespaces reach now.
#[derive(Default)]
struct Reached {
    kv: BTreeSet<Id>,
    dispatched: BTreeSet<String>,
    consumers: BTreeSet<(String, String)>,
}

impl Signer {
    /// Whether all that a bundle for `namespace` names is what its key may reach.
    pub(super) fn check<W: Send + Sync + 'static>(
        &self,
        catalog: &Catalog<W>,
        namespace: &str,
        named: &Named,
    ) -> Result<()> {
        if !self.is_limited() {
            return Ok(());
        }
        let reached = Reached::from(catalog, &self.namespaces)?;
        for (title, titled) in &named.titles {
            if !titled.is_new && !reached.kv.contains(&titled.id) {
                return Err(self.refusal(
                    format!("the KV namespace '{}'", shown(title)),
                    "binds it, and no bundle for it made it; give it another title",
                ));
            }
        }
        for metadata in &named.said {
            for place in dispatched(metadata) {
                if !self.is_for(place) && !reached.dispatched.contains(place) {
                    return Err(self.refusal(
                        rows::shown_namespace(place),
                        "dispatches to it; leave the binding out",
                    ));
                }
            }
            // Those that are of another form are refused where they are read.
            let consumers = WantedConsumer::parse(&metadata["tail_consumers"]).unwrap_or_default();
            for WantedConsumer {
                service,
                namespace: place,
            } in consumers
            {
                // As the catalog finds them.
                let place = match place {
                    Some(place) => place,
                    None if catalog.script(ACCOUNT, &service).is_ok() => ACCOUNT.to_owned(),
                    None => namespace.to_owned(),
                };
                let consumer = (place, service);
                if !self.is_for(&consumer.0) && !reached.consumers.contains(&consumer) {
                    let (place, service) = consumer;
                    return Err(self.refusal(
                        format!(
                            "the tail consumer '{}' of {}",
                            shown(&service),
                            rows::shown_namespace(rows::of_catalog(&place))
                        ),
                        "has it; name one of its own with `namespace`",
                    ));
                }
            }
        }
        Ok(())
    }

    /// Whether its key is for some namespaces alone.
    pub(super) fn is_limited(&self) -> bool {
        !self.namespaces.is_empty()
    }

    /// Whether it is for a namespace of the catalog.
    fn is_for(&self, namespace: &str) -> bool {
        let name = rows::of_catalog(namespace);
        self.namespaces.iter().any(|it| it == name)
    }

    fn refusal(&self, what: String, why: &'static str) -> DeliveryError {
        let key = self.id.clone();
        let namespaces = listed(&self.namespaces);
        DeliveryError::KeyReach {
            key,
            namespaces,
            what,
            why,
        }
    }
}

impl Reached {
    fn from<W: Send + Sync + 'static>(catalog: &Catalog<W>, places: &[String]) -> Result<Self> {
        let mut reached = Self::default();
        for place in places {
            reached.kv.extend(rows::made(catalog.store(), place)?);
            let namespace = match catalog.namespace(rows::in_catalog(place)) {
                Ok(namespace) => namespace,
                Err(CatalogError::NamespaceNotFound(_)) => continue,
                Err(error) => return Err(error.into()),
            };
            for script in catalog.scripts(&namespace.name, None)? {
                for binding in catalog.shown_bindings(&script.settings.bindings) {
                    let text = |key: &str| binding[key].as_str();
                    match binding["type"].as_str() {
                        Some("kv_namespace") => {
                            reached.kv.extend(text("namespace_id").and_then(Id::parse));
                        }
                        Some("dispatch_namespace") => {
                            reached
                                .dispatched
                                .extend(text("namespace").map(str::to_owned));
                        }
                        _ => {}
                    }
                }
                for consumer in catalog.tail_consumers(&namespace, &script.name)? {
                    let text = |key: &str| consumer[key].as_str().map(str::to_owned);
                    let place = text("namespace").unwrap_or_else(|| ACCOUNT.to_owned());
                    let service = text("service").unwrap_or_default();
                    reached.consumers.insert((place, service));
                }
            }
        }
        Ok(reached)
    }
}

/// The KV namespaces that bundles for a namespace made and that are there still, with those of a release.
pub(super) fn made<W: Send + Sync + 'static>(
    catalog: &Catalog<W>,
    place: &str,
    release: &Release,
) -> Result<Vec<Id>> {
    let there = catalog.kv_namespaces()?;
    let mut made = rows::made(catalog.store(), place)?;
    made.retain(|id| there.iter().any(|it| it.id == *id));
    let new = release.titles.values().filter(|it| it.is_new);
    made.extend(new.map(|it| it.id));
    Ok(made)
}

/// The dispatch namespaces that bindings name.
fn dispatched(metadata: &Value) -> impl Iterator<Item = &str> {
    let bindings = metadata["bindings"].as_array().into_iter().flatten();
    let bindings = bindings.filter(|binding| binding["type"] == "dispatch_namespace");
    bindings.filter_map(|binding| binding["namespace"].as_str())
}
