//! The configured routing, as the edge takes it, over what the catalog runs.

use super::ServeError;
use crate::catalog::entrances::{Address, Found};
use crate::catalog::name::ACCOUNT;
use crate::catalog::{Catalog, Deployed, starting};
use crate::config::{self, Mode};
use crate::edge::routing::{Hostnames, Router, Table, TableError, Zones};
use crate::edge::{Entrance, Routes, Serve};
use crate::engine::invocation::{Ray, Reply, Request, Trigger};
use crate::engine::limits::Failure;
use crate::engine::{OwnWorker, Worker};
use crate::observe::{Observe, Unanswered};
use crate::store::{NamespaceId, Store, kv};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How long a hostname's Worker, looked up in KV, is remembered.
const TABLE_TTL: Duration = Duration::from_secs(5);

/// The Workers that run, for the edge.
pub struct Running {
    /// Those that were deployed.
    pub catalog: Arc<Catalog>,
    /// Who can explain what was refused.
    pub observe: Observe,
    /// Where the daemon asks itself, once it does.
    pub own: OnceLock<Own>,
}

/// The daemon's own Worker, and the hostname that leads to it: one that nobody else knows.
pub struct Own {
    /// The hostname.
    pub host: String,
    /// The Worker.
    pub worker: OwnWorker,
}

impl Routes for Running {
    type Worker = Served;

    fn worker(&self, namespace: &str, script: &str) -> Option<Served> {
        // Modes lead to user Workers; a table in KV could say this, which tenants may write to.
        if namespace == ACCOUNT {
            return None;
        }
        self.served(self.catalog.lead_to(namespace, script))
    }

    fn entrance(&self, asked: &Address<'_>) -> Entrance<Served> {
        if let Some(own) = self.own.get()
            && own.host == asked.host
        {
            return Entrance::Worker(Served::Own(own.worker.worker().clone()));
        }
        let found = self.catalog.entrance(asked);
        if matches!(found, Found::Elsewhere) {
            return Entrance::Elsewhere;
        }
        self.served(found)
            .map_or(Entrance::Missing, Entrance::Worker)
    }

    fn by_path(&self, script: &str) -> Option<Served> {
        self.served(self.catalog.by_default(script))
    }

    fn unanswered(&self, unanswered: &Unanswered<'_>) {
        self.observe.unanswered(unanswered);
    }
}

impl Running {
    fn served(&self, found: Found<Worker>) -> Option<Served> {
        match found {
            Found::Deployed(deployed) => Some(Served::Deployed(self.catalog.clone(), deployed)),
            Found::Starting => Some(Served::Starting),
            Found::Missing | Found::Elsewhere => None,
        }
    }
}

/// Who was found.
pub enum Served {
    /// A script.
    Deployed(Arc<Catalog>, Arc<Deployed<Worker>>),
    /// The daemon's own Worker.
    Own(Arc<Worker>),
    /// A script that does not run yet.
    Starting,
}

impl Serve for Served {
    async fn serve(&self, request: Request) -> Result<Reply, Failure> {
        match self {
            Self::Deployed(catalog, deployed) => catalog.serve(deployed, request).await,
            Self::Own(worker) => worker.fetch(request).await,
            Self::Starting => Err(starting()),
        }
    }

    async fn trigger(&self, ray: Ray, trigger: Trigger) -> Result<(), Failure> {
        match self {
            Self::Deployed(catalog, deployed) => catalog.trigger(deployed, ray, trigger).await,
            Self::Own(worker) => worker.trigger(ray, trigger).await,
            Self::Starting => Err(starting()),
        }
    }
}

/// Builds the chain of modes.
pub fn router(routing: &config::Routing, catalog: &Arc<Catalog>) -> Result<Router, ServeError> {
    let refused = |error: &dyn std::fmt::Display| ServeError::Room {
        room: "edge",
        reason: error.to_string(),
    };
    let mut router = Router::new();
    for mode in &routing.modes {
        let namespace = &routing.namespace;
        match mode {
            Mode::Hostname => {
                let mut hosts = Hostnames::new();
                for (host, target) in &routing.hostnames {
                    hosts
                        .insert(host, &target.namespace, &target.script)
                        .map_err(|error| refused(&error))?;
                }
                router.push(crate::edge::routing::Mode::Hostnames(Box::new(hosts)))
            }
            Mode::Subdomain => {
                let mut zones = Zones::new();
                if let Some(zone) = &routing.zone {
                    zones
                        .insert(zone, namespace)
                        .map_err(|error| refused(&error))?;
                }
                router.push(crate::edge::routing::Mode::Zones(Box::new(zones)))
            }
            Mode::Path => router.push_path(namespace, routing.path_keeps_segment),
            Mode::Header => {
                let name = routing.header.as_deref().unwrap_or_default();
                let name = name
                    .parse::<http::HeaderName>()
                    .map_err(|error| refused(&error))?;
                router.push_header(name, namespace)
            }
            Mode::Kv => {
                let table = KvTable {
                    catalog: catalog.clone(),
                    namespace: routing.kv_namespace.clone().unwrap_or_default(),
                };
                router.push_table(Arc::new(table), namespace, TABLE_TTL)
            }
        }
        .map_err(|error| refused(&error))?;
    }
    Ok(router)
}

/// Hostnames in a KV namespace, which is named by its title or its id.
struct KvTable {
    catalog: Arc<Catalog>,
    namespace: String,
}

impl KvTable {
    /// The namespace may be made after the daemon started, so it is looked for each time the
    /// edge's cache asks.
    fn id(&self) -> Result<Option<NamespaceId>, TableError> {
        let all = self
            .catalog
            .kv_namespaces()
            .map_err(|error| TableError(error.to_string()))?;
        Ok(all
            .iter()
            .find(|it| it.title == self.namespace || it.id.hex() == self.namespace)
            .map(|it| NamespaceId(it.id.0)))
    }

    fn store(&self) -> &Store {
        self.catalog.store()
    }
}

impl Table for KvTable {
    fn find(&self, host: &str) -> Result<Option<String>, TableError> {
        let Some(id) = self.id()? else {
            return Ok(None);
        };
        let entry = self
            .store()
            .kv()
            .get(id, host)
            .map_err(|error| TableError(error.to_string()))?;
        Ok(match entry.map(|entry| entry.value) {
            Some(kv::Value::Inline(bytes)) => Some(String::from_utf8_lossy(&bytes).into_owned()),
            // A value as large as a file names no Worker.
            Some(kv::Value::Blob { .. }) | None => None,
        })
    }
}
