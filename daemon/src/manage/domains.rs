//! `workers/domains` and `workers/scripts/{script}/domains`: Custom Domains.

use super::Manage;
use super::call::Call;
use super::envelope::{Handled, Refusal, code, list, ok};
use crate::catalog::entrances::{Domain, zone_id, zone_within};
use crate::catalog::name::{ACCOUNT, Id, shown};
use serde::Deserialize;
use serde_json::{Value, json};

/// A Custom Domain as clients send it.
#[derive(Deserialize)]
struct Sent {
    hostname: String,
    #[serde(alias = "script")]
    service: Option<String>,
    zone_id: Option<String>,
    zone_name: Option<String>,
}

/// All Custom Domains of a script as clients send them.
#[derive(Deserialize)]
struct SentRecords {
    #[serde(default)]
    override_scope: bool,
    #[serde(default)]
    override_existing_origin: bool,
    origins: Vec<Sent>,
}

impl Sent {
    /// The zone that it is said to be in, by name.
    fn zone(&self) -> Result<Option<String>, Refusal> {
        if let Some(name) = &self.zone_name {
            return Ok(Some(name.to_ascii_lowercase()));
        }
        let Some(id) = self.zone_id.as_deref().filter(|id| !id.is_empty()) else {
            return Ok(None);
        };
        let hostname = self.hostname.to_ascii_lowercase();
        let found = Id::parse(id).and_then(|id| zone_within(&hostname, id));
        match found {
            Some(zone) => Ok(Some(zone.to_owned())),
            None => Err(Refusal::bad(
                code::ROUTE_PATTERN,
                format!(
                    "hostname '{}' is not within the zone of id '{}'; leave zone_id out, or ask \
                     /zones?name= for it",
                    shown(&self.hostname),
                    shown(id)
                ),
            )),
        }
    }
}

fn wanted(sent: &[Sent]) -> Result<Vec<(String, Option<String>)>, Refusal> {
    let pair = |it: &Sent| Ok((it.hostname.clone(), it.zone()?));
    sent.iter().map(pair).collect()
}

pub(super) fn domain_object(domain: &Domain) -> Value {
    json!({
        "id": domain.id().hex(),
        "hostname": domain.hostname,
        "service": domain.script,
        "environment": "production",
        "zone_id": zone_id(&domain.zone).hex(),
        "zone_name": domain.zone,
        // Certificates are the edge's own affair and have no ids.
        "cert_id": "",
        "certificate_id": "",
        "enabled": true,
    })
}

impl<W: Send + Sync + 'static> Manage<W> {
    pub(super) async fn list_domains(&self, call: Call) -> Handled {
        let objects: Vec<Value> = self.catalog.domains()?.iter().map(domain_object).collect();
        let filters = ["hostname", "service", "environment", "zone_id", "zone_name"];
        let meant = |object: &&Value| {
            filters.iter().all(|filter| {
                call.query(filter)
                    .is_none_or(|value| value.is_empty() || object[filter] == value)
            })
        };
        let shown: Vec<Value> = objects.iter().filter(meant).cloned().collect();
        if call.query("page").is_some() || call.query("per_page").is_some() {
            return super::paging::answer(&call, shown, 100, Ok);
        }
        let count = shown.len();
        list(shown, json!({"count": count, "total_count": count}))
    }

    pub(super) async fn put_domain(&self, call: Call) -> Handled {
        let sent: Sent = call.json().await?;
        let zone = sent.zone()?;
        let Some(script) = &sent.service else {
            return Err(Refusal::bad(
                code::BODY,
                "the body has no \"service\"; name the Worker that answers at the hostname",
            ));
        };
        let put = self
            .catalog
            .put_domain(&sent.hostname, zone.as_deref(), script, true);
        ok(domain_object(&put.await?))
    }

    pub(super) async fn get_domain(&self, call: Call) -> Handled {
        ok(domain_object(&self.catalog.domain(call.param("domain"))?))
    }

    pub(super) async fn delete_domain(&self, call: Call) -> Handled {
        let domain = self.catalog.delete_domain(call.param("domain")).await?;
        ok(json!({"id": domain.id().hex()}))
    }

    /// What replacing a script's Custom Domains would change.
    pub(super) async fn domains_changeset(&self, call: Call) -> Handled {
        let script = call.param("script").to_owned();
        self.catalog.script(ACCOUNT, &script)?;
        let replaces = call.query("replace_state") == Some("true");
        let sent: Vec<Sent> = call.json().await?;
        let change = self
            .catalog
            .domains_change(&script, &wanted(&sent)?, replaces)?;
        let objects = |list: &[Domain]| list.iter().map(domain_object).collect::<Vec<_>>();
        let updated = change.updated.iter().map(|(domain, is_other)| {
            let mut object = domain_object(domain);
            object["modified"] = json!(is_other);
            object
        });
        ok(json!({
            "added": objects(&change.added),
            "removed": objects(&change.removed),
            "updated": updated.collect::<Vec<_>>(),
            "conflicting": [],
        }))
    }

    pub(super) async fn put_domain_records(&self, call: Call) -> Handled {
        let script = call.param("script").to_owned();
        self.catalog.script(ACCOUNT, &script)?;
        let sent: SentRecords = call.json().await?;
        let wanted = wanted(&sent.origins)?;
        let set = self.catalog.set_domains(
            &script,
            &wanted,
            sent.override_scope,
            sent.override_existing_origin,
        );
        ok(set.await?.iter().map(domain_object).collect())
    }
}
