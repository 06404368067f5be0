//! Whose logs are pushed: what scripts and dispatch namespaces say about it.

use super::name::Id;
use super::record::{Namespace, Script};
use super::rows::{First, Row, Rows};
use super::{Catalog, Result};
use crate::store::Table;
use serde::{Deserialize, Serialize};

/// What a dispatch namespace says about its Workers' logs. Key: its id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogSettings {
    /// Whether all of them are pushed.
    pub enabled: bool,
    /// The job that was made for it, if one was.
    pub job: Option<u64>,
}

impl Row for LogSettings {
    type Stored = First<Self>;
}

impl From<First<LogSettings>> for LogSettings {
    fn from(First::V1(row): First<Self>) -> Self {
        row
    }
}

impl<W: Send + Sync + 'static> Catalog<W> {
    /// Whether a script's logs are pushed, and with them those of these dispatch namespaces, which it
    /// dispatches to.
    pub fn pushes_logs(&self, namespace: &str, script: &str) -> Option<Vec<String>> {
        let (_, script) = self.script(namespace, script).ok()?;
        if !script.settings.logpush {
            return None;
        }
        Some(dispatched_to(&script))
    }

    /// What a dispatch namespace says about its Workers' logs.
    pub fn log_settings(&self, namespace: &str) -> Result<LogSettings> {
        let id = self.namespace(namespace)?.id;
        Ok(self.row(Table::NamespaceLogs, &id.0)?.unwrap_or_default())
    }

    /// Changes that; durable when this returns.
    pub async fn set_log_settings(&self, namespace: &str, settings: LogSettings) -> Result<()> {
        let _alone = self.structure.write().await;
        let id: Id = self.namespace(namespace)?.id;
        let key = id.0.to_vec();
        let rows = if settings == LogSettings::default() {
            Rows::default().delete(Table::NamespaceLogs, key)
        } else {
            Rows::default().put(Table::NamespaceLogs, key, settings)
        };
        self.commit(rows, Vec::new()).await
    }

    /// The dispatch namespaces whose Workers' logs are all pushed.
    pub fn namespaces_that_push_logs(&self) -> Result<Vec<String>> {
        let namespaces: Vec<Namespace> = self.all_namespaces()?;
        let mut pushed = Vec::new();
        for namespace in namespaces {
            let settings: Option<LogSettings> = self.row(Table::NamespaceLogs, &namespace.id.0)?;
            if settings.is_some_and(|it| it.enabled) {
                pushed.push(namespace.name);
            }
        }
        Ok(pushed)
    }
}

/// The dispatch namespaces that a script has bindings to.
fn dispatched_to(script: &Script) -> Vec<String> {
    let bindings = script.settings.bindings.iter().map(|bound| bound.shown());
    bindings
        .filter(|shown| shown["type"] == "dispatch_namespace")
        .filter_map(|shown| shown["namespace"].as_str().map(str::to_owned))
        .collect()
}
