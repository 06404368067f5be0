//! How requests come to Workers outside of dispatch namespaces: routes, Custom Domains, and
//! default hostnames (spec: SEMANTICS §10, §11).
//!
//! Rows say what there is; a table made from all of them is what requests look in. It is
//! exchanged as a whole after each change, which is rare.

mod domains;
mod pattern;
mod previews;
mod record;
pub(super) mod routes;
mod subdomains;
mod table;
mod zone;

pub use domains::DomainsChange;
pub use pattern::{Address, PATTERN_MAX, Pattern};
pub use previews::{Previews, VERSION_PREFIX, check_alias};
pub use record::{Domain, Route, Subdomain};
pub use routes::RouteChange;
pub use subdomains::Reference;
pub use table::{Entrance, Entrances};
pub use zone::{is_hostname, likely_zone, zone_id, zone_within, zones_of};

use super::name::ACCOUNT;
use super::record::Script;
use super::rows::Rows;
use super::{Catalog, Deployed, Result};
use parking_lot::{Mutex, RwLock};
use std::sync::Arc;

/// Routes on one device.
pub const ROUTES_MAX: usize = 1000;
/// Custom Domains on one device.
pub const DOMAINS_MAX: usize = 1000;

/// Why a change of entrances was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntranceError {
    /// It is no pattern.
    #[error(
        "Invalid route pattern '{pattern}': {reason}; write a hostname and a path, as example.com/path/*"
    )]
    BadPattern {
        /// What was given, shortened.
        pattern: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The pattern is not in the zone.
    #[error(
        "Route pattern '{pattern}' is not within zone '{zone}'; name the zone that its host is in"
    )]
    OutsideZone {
        /// What was given, shortened.
        pattern: String,
        /// The zone's name, or its id where that is of no zone of the pattern.
        zone: String,
    },
    /// There is such a route.
    #[error(
        "A route with the same pattern '{pattern}' already exists, for {script}; delete it, or change that one"
    )]
    RouteExists {
        /// The pattern.
        pattern: String,
        /// Where it leads.
        script: String,
    },
    /// No such route.
    #[error("Route '{0}' not found")]
    RouteNotFound(String),
    /// It is no hostname.
    #[error(
        "Invalid hostname '{0}' for a Custom Domain; write it in full, without scheme, port, path or wildcard"
    )]
    BadHostname(String),
    /// Another Worker has it.
    #[error(
        "Custom Domain '{hostname}' belongs to Worker '{script}'; detach it there, or set override_existing_origin"
    )]
    DomainTaken {
        /// The hostname.
        hostname: String,
        /// Whose it is.
        script: String,
    },
    /// No such Custom Domain.
    #[error("Custom Domain '{0}' not found")]
    DomainNotFound(String),
    /// It is no alias of a preview.
    #[error(
        "Invalid preview alias '{alias}': it must begin with a lowercase letter, have only lowercase letters, digits and dashes, and, for this Worker's name, at most {limit} of them"
    )]
    BadAlias {
        /// What was given, shortened.
        alias: String,
        /// Characters that it may have.
        limit: usize,
    },
    /// Others are bound to the Worker.
    #[error(
        "Worker '{script}' is bound to by {by}; remove those bindings first, or delete with force=true"
    )]
    Referenced {
        /// The Worker.
        script: String,
        /// Who binds to it.
        by: String,
    },
}

/// The table that requests look in.
#[derive(Default)]
pub(super) struct Gate {
    view: RwLock<View>,
    /// Held from reading the rows until their table is in its place.
    making: Mutex<()>,
}

/// What a request sees; cheap to clone.
#[derive(Clone, Default)]
struct View {
    table: Arc<Entrances>,
    /// What default hostnames have behind the script's label.
    zone: Option<Arc<str>>,
}

/// What a request finds.
pub enum Found<W> {
    /// What answers it.
    Deployed(Arc<Deployed<W>>),
    /// A Worker that is deployed, and does not run yet.
    Starting,
    /// Nothing, though the address is of a Worker outside of dispatch namespaces.
    Missing,
    /// No entrance is meant.
    Elsewhere,
}

impl<W: Send + Sync + 'static> Catalog<W> {
    /// What answers at an address by an entrance. On every request's way: it waits for nothing
    /// and, but for previews of versions, allocates nothing.
    pub fn entrance(&self, asked: &Address<'_>) -> Found<W> {
        let View { table, zone } = {
            let view = self.gate.view.read();
            if view.table.is_empty() && view.zone.is_none() {
                return Found::Elsewhere;
            }
            view.clone()
        };
        match table.find(asked, zone.as_deref()) {
            Entrance::Elsewhere => Found::Elsewhere,
            Entrance::Closed => Found::Missing,
            Entrance::Script(script) => self.lead_to(ACCOUNT, script),
            Entrance::Preview(_) => {
                let label = asked.host.split_once('.').map_or("", |it| it.0);
                let mut meant = table.previews(label);
                let found = meant.find_map(|(selector, script)| self.preview(script, selector));
                found.map_or(Found::Missing, Found::Deployed)
            }
        }
    }

    /// What answers for a script.
    pub fn lead_to(&self, namespace: &str, script: &str) -> Found<W> {
        match self.deployed(namespace, script) {
            Some(deployed) => Found::Deployed(deployed),
            None if self.is_pending(namespace, script) => Found::Starting,
            None => Found::Missing,
        }
    }

    /// What answers for a script outside of dispatch namespaces where requests name it in their
    /// path: only one that is to answer at its default addresses.
    pub fn by_default(&self, script: &str) -> Found<W> {
        let enabled = self.gate.view.read().table.has_default(script);
        if enabled {
            self.lead_to(ACCOUNT, script)
        } else {
            Found::Missing
        }
    }

    /// Says what default hostnames have behind the script's label; none: there are none.
    pub fn set_default_zone(&self, zone: Option<&str>) {
        self.gate.view.write().zone = zone.map(Into::into);
    }

    /// What default hostnames have behind the script's label.
    pub fn default_zone(&self) -> Option<Arc<str>> {
        self.gate.view.read().zone.clone()
    }

    /// Makes the table anew from the rows.
    pub(super) fn open_gate(&self) -> Result<()> {
        let _making = self.gate.making.lock();
        let table = Entrances::new(
            self.rows(Route::TABLE, &[])?,
            self.rows(Domain::TABLE, &[])?,
            self.rows(Subdomain::TABLE, &[])?,
        );
        // Freed when requests may look again.
        let _old = std::mem::replace(&mut self.gate.view.write().table, Arc::new(table));
        Ok(())
    }

    /// Changes rows of entrances and lets requests see it.
    async fn change_gate(&self, rows: Rows) -> Result<()> {
        self.commit(rows, Vec::new()).await?;
        self.open_gate()
    }

    /// Removes the entrances of scripts that are deleted.
    pub(super) fn close_entrances(&self, mut rows: Rows, doomed: &[Script]) -> Result<Rows> {
        let is_doomed = |name: &str| doomed.iter().any(|script| script.name == name);
        for route in self.rows::<Route>(Route::TABLE, &[])? {
            if route.script.as_deref().is_some_and(is_doomed) {
                rows = rows.delete(Route::TABLE, route.key());
            }
        }
        for domain in self.rows::<Domain>(Domain::TABLE, &[])? {
            if is_doomed(&domain.script) {
                rows = rows.delete(Domain::TABLE, domain.key());
            }
        }
        self.close_previews(doomed);
        for script in doomed {
            rows = rows.delete(Subdomain::TABLE, script.name.as_bytes().to_vec());
        }
        Ok(rows)
    }

    /// Whether a script outside of dispatch namespaces is there, so that something can lead
    /// to it.
    fn must_exist(&self, script: &str) -> Result<()> {
        self.script(ACCOUNT, script).map(drop)
    }
}
