//! Custom Domains: a hostname, all of whose paths a Worker answers.

use super::record::Domain;
use super::zone::{is_hostname, likely_zone, zones_of};
use super::{DOMAINS_MAX, EntranceError};
use crate::catalog::name::shown;
use crate::catalog::rows::Rows;
use crate::catalog::{Catalog, CatalogError, Result};

/// What replacing a script's Custom Domains changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DomainsChange {
    /// New ones.
    pub added: Vec<Domain>,
    /// Those that go.
    pub removed: Vec<Domain>,
    /// Those that are there, and whether another script had them, which they still name.
    pub updated: Vec<(Domain, bool)>,
}

impl<W: Send + Sync + 'static> Catalog<W> {
    /// All Custom Domains, by hostname.
    pub fn domains(&self) -> Result<Vec<Domain>> {
        self.rows(Domain::TABLE, &[])
    }

    /// The Custom Domain of this id, or of this hostname.
    pub fn domain(&self, id: &str) -> Result<Domain> {
        let hostname = id.to_ascii_lowercase();
        self.domains()?
            .into_iter()
            .find(|domain| domain.id().hex() == hostname || domain.hostname == hostname)
            .ok_or_else(|| EntranceError::DomainNotFound(shown(id)).into())
    }

    /// Gives a hostname to a script; `takes` says whether it may be another's.
    pub async fn put_domain(
        &self,
        hostname: &str,
        zone: Option<&str>,
        script: &str,
        takes: bool,
    ) -> Result<Domain> {
        let domain = checked(hostname, zone, script)?;
        let _alone = self.structure.write().await;
        self.must_exist(script)?;
        let all = self.domains()?;
        match all.iter().find(|it| it.hostname == domain.hostname) {
            Some(old) if old.script != script && !takes => return Err(taken(old)),
            Some(_) => {}
            None if all.len() >= DOMAINS_MAX => return Err(too_many()),
            None => {}
        }
        let rows = Rows::default().put(Domain::TABLE, domain.key(), domain.clone());
        self.change_gate(rows).await?;
        Ok(domain)
    }

    /// Takes a Custom Domain away.
    pub async fn delete_domain(&self, id: &str) -> Result<Domain> {
        let _alone = self.structure.write().await;
        let domain = self.domain(id)?;
        let rows = Rows::default().delete(Domain::TABLE, domain.key());
        self.change_gate(rows).await?;
        Ok(domain)
    }

    /// What would change if a script had these hostnames, and with `replaces` no others.
    /// Each comes with its zone, where that was said.
    pub fn domains_change(
        &self,
        script: &str,
        wanted: &[(String, Option<String>)],
        replaces: bool,
    ) -> Result<DomainsChange> {
        self.must_exist(script)?;
        let all = self.domains()?;
        let mut change = DomainsChange::default();
        if wanted.len() > DOMAINS_MAX {
            return Err(too_many());
        }
        let mut hostnames = Vec::with_capacity(wanted.len());
        for (hostname, zone) in wanted {
            let domain = checked(hostname, zone.as_deref(), script)?;
            if hostnames.contains(&domain.hostname) {
                continue;
            }
            hostnames.push(domain.hostname.clone());
            match all.iter().find(|it| it.hostname == domain.hostname) {
                Some(old) => change.updated.push((old.clone(), old.script != script)),
                None => change.added.push(domain),
            }
        }
        if replaces {
            let own = all.into_iter().filter(|it| it.script == script);
            change.removed = own.filter(|it| !hostnames.contains(&it.hostname)).collect();
        }
        Ok(change)
    }

    /// Gives a script these hostnames, and with `replaces` no others, in one step.
    pub async fn set_domains(
        &self,
        script: &str,
        wanted: &[(String, Option<String>)],
        replaces: bool,
        takes: bool,
    ) -> Result<Vec<Domain>> {
        let _alone = self.structure.write().await;
        let change = self.domains_change(script, wanted, replaces)?;
        if let Some((old, _)) = change
            .updated
            .iter()
            .find(|(_, is_other)| *is_other && !takes)
        {
            return Err(taken(old));
        }
        if self.domains()?.len() + change.added.len() > DOMAINS_MAX + change.removed.len() {
            return Err(too_many());
        }
        let mut rows = Rows::default();
        for domain in &change.removed {
            rows = rows.delete(Domain::TABLE, domain.key());
        }
        let updated = change.updated.into_iter().map(|(old, _)| Domain {
            script: script.to_owned(),
            ..old
        });
        let kept: Vec<Domain> = change.added.into_iter().chain(updated).collect();
        for domain in &kept {
            rows = rows.put(Domain::TABLE, domain.key(), domain.clone());
        }
        self.change_gate(rows).await?;
        Ok(kept)
    }
}

/// A Custom Domain, if this can be one.
fn checked(hostname: &str, zone: Option<&str>, script: &str) -> Result<Domain> {
    let lower = hostname.to_ascii_lowercase();
    let lower = lower.strip_suffix('.').unwrap_or(&lower);
    if !is_hostname(lower) {
        return Err(EntranceError::BadHostname(shown(hostname)).into());
    }
    let zone = match zone {
        None => likely_zone(lower).to_owned(),
        Some(zone) => {
            let zone = zone.to_ascii_lowercase();
            if !zones_of(lower).any(|it| it == zone) {
                return Err(EntranceError::OutsideZone {
                    pattern: shown(hostname),
                    zone: shown(&zone),
                }
                .into());
            }
            zone
        }
    };
    Ok(Domain {
        hostname: lower.to_owned(),
        script: script.to_owned(),
        zone,
    })
}

fn taken(old: &Domain) -> CatalogError {
    EntranceError::DomainTaken {
        hostname: old.hostname.clone(),
        script: old.script.clone(),
    }
    .into()
}

fn too_many() -> CatalogError {
    CatalogError::TooMany {
        what: "Custom Domains",
        limit: DOMAINS_MAX,
    }
}
