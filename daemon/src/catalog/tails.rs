//! Tail consumers of scripts: kept in rows of their own, and told to the tail room.

use super::name::{ACCOUNT, Id, check_name, shown};
use super::record::{Namespace, Script};
use super::rows::{First, Row, Rows};
use super::subject::Subject;
use super::{Catalog, CatalogError, Result};
use crate::engine::invocation::{Ray, Trigger};
use crate::store::Table;
use crate::tail::{Batch, CONSUMERS_MAX, Consumer, Deliver, Delivering};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A tail consumer as an upload names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedConsumer {
    /// The Worker.
    pub service: String,
    /// Its dispatch namespace. Without one it is a Worker of the account, or if there is none of
    /// that name one of the script's own namespace.
    pub namespace: Option<String>,
}

impl WantedConsumer {
    /// Reads `tail_consumers`: a list of names or of `{"service": …}`, or one of these.
    ///
    /// # Errors
    /// When it is something else, or too long.
    pub fn parse(value: &Value) -> Result<Vec<Self>> {
        let list = match value {
            Value::Array(list) => list.as_slice(),
            one => std::slice::from_ref(one),
        };
        if list.len() > CONSUMERS_MAX {
            return Err(CatalogError::BadMetadata(format!(
                "\"tail_consumers\" names {} Workers, the limit is {CONSUMERS_MAX}; remove some",
                list.len()
            )));
        }
        let mut wanted: Vec<Self> = Vec::with_capacity(list.len());
        for one in list {
            let field = |name| one.get(name).and_then(Value::as_str);
            // Newer calls say `name` for the same.
            let service = one
                .as_str()
                .or_else(|| field("service").or_else(|| field("name")));
            let Some(service) = service.filter(|it| !it.is_empty()) else {
                return Err(CatalogError::BadMetadata(
                    "\"tail_consumers\" is not a list of {\"service\": \"the Worker's name\"}"
                        .into(),
                ));
            };
            check_name("script", service)?;
            let consumer = Self {
                service: service.to_owned(),
                namespace: field("namespace")
                    .or_else(|| field("dispatch_namespace"))
                    .map(str::to_owned),
            };
            if !wanted.contains(&consumer) {
                wanted.push(consumer);
            }
        }
        Ok(wanted)
    }
}

/// The tail consumers of a script. Key: that of the script.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TailConsumers(Vec<(Id, String)>);

impl Row for TailConsumers {
    type Stored = First<Self>;
}

impl From<First<TailConsumers>> for TailConsumers {
    fn from(First::V1(row): First<Self>) -> Self {
        row
    }
}

impl TailConsumers {
    /// Adds to `rows` that a script has these.
    pub(super) fn rows(&self, rows: Rows, namespace: Id, script: &str) -> Rows {
        let key = Script::key(namespace, script);
        match self.0.is_empty() {
            true => rows.delete(Table::TailConsumers, key),
            false => rows.put(Table::TailConsumers, key, self.clone()),
        }
    }
}

impl<W: Send + Sync + 'static> Catalog<W> {
    /// Checks that tail consumers exist and have a `tail` handler.
    ///
    /// # Errors
    /// Names the first that does not.
    pub fn check_tail_consumers(&self, namespace: &str, wanted: &[WantedConsumer]) -> Result<()> {
        self.resolve_consumers(&self.namespace(namespace)?, wanted, &[])
            .map(drop)
    }

    /// Who is meant, seen from a namespace; `coming` are scripts that come into it in the same step.
    pub(super) fn resolve_consumers(
        &self,
        namespace: &Namespace,
        wanted: &[WantedConsumer],
        coming: &[Script],
    ) -> Result<TailConsumers> {
        let resolve = |consumer: &WantedConsumer| {
            let places: Vec<&str> = match &consumer.namespace {
                Some(named) => vec![named],
                None => vec![ACCOUNT, &namespace.name],
            };
            let found = places.into_iter().find_map(|place| {
                let comes = coming.iter().filter(|_| *place == *namespace.name);
                let comes = comes.into_iter().find(|it| it.name == consumer.service);
                match comes {
                    Some(script) => Some((namespace.clone(), script.clone())),
                    None => self.script(place, &consumer.service).ok(),
                }
            });
            let Some((place, script)) = found else {
                return Err(CatalogError::BadMetadata(format!(
                    "tail consumer '{}' does not exist; deploy it first",
                    shown(&consumer.service)
                )));
            };
            if !script.verdict.handlers.iter().any(|it| it == "tail") {
                return Err(CatalogError::BadMetadata(format!(
                    "tail consumer '{}' has no tail() handler; export one and deploy it again",
                    script.name
                )));
            }
            Ok((place.id, script.name))
        };
        Ok(TailConsumers(
            wanted.iter().map(resolve).collect::<Result<_>>()?,
        ))
    }

    /// Replaces the tail consumers of a script; its Worker goes on as it is. Durable when this
    /// returns.
    pub async fn set_tail_consumers(
        &self,
        namespace: &str,
        script: impl Into<Subject>,
        wanted: &[WantedConsumer],
    ) -> Result<()> {
        let subject = script.into();
        let id = self.namespace(namespace)?.id;
        let _script = self.locks.lock(id, &subject).await;
        let _shared = self.structure.read().await;
        let (namespace, script) = self.script(namespace, &subject)?;
        subject.check(&script)?;
        let consumers = self.resolve_consumers(&namespace, wanted, &[])?;
        if consumers == self.tail_row(namespace.id, &script.name)? {
            return Ok(());
        }
        let rows = consumers.rows(Rows::default(), namespace.id, &script.name);
        self.commit(rows, Vec::new()).await?;
        self.tell_tails(&namespace.name, &script.name, consumers);
        Ok(())
    }

    /// The tail consumers of a script as the API shows them.
    pub fn tail_consumers(&self, namespace: &Namespace, script: &str) -> Result<Vec<Value>> {
        let consumers = self.tail_row(namespace.id, script)?;
        consumers
            .0
            .into_iter()
            .map(|(id, service)| {
                let place = self.namespace_by_id(id, "").map(|place| place.name);
                let mut told = json!({"service": service, "environment": "production"});
                if let Some(place) = place.ok().filter(|place| place != ACCOUNT) {
                    told["namespace"] = place.into();
                }
                Ok(told)
            })
            .collect()
    }

    /// Names of the scripts that have this one of the account as a tail consumer.
    pub fn tailed_by(&self, namespace: &str, script: &str) -> Result<Vec<(String, String)>> {
        let consumer = (self.namespace(namespace)?.id, script.to_owned());
        let mut producers = Vec::new();
        for place in self.all_namespaces()? {
            for producer in self.scripts_of(place.id)? {
                if self
                    .tail_row(place.id, &producer.name)?
                    .0
                    .contains(&consumer)
                {
                    producers.push((place.name.clone(), producer.name));
                }
            }
        }
        Ok(producers)
    }

    fn tail_row(&self, namespace: Id, script: &str) -> Result<TailConsumers> {
        let key = Script::key(namespace, script);
        Ok(self.row(Table::TailConsumers, &key)?.unwrap_or_default())
    }

    /// Takes over what a stored script says when the daemon starts.
    pub(super) fn tail_stored(&self, namespace: &Namespace, script: &Script) -> Result<()> {
        let consumers = self.tail_row(namespace.id, &script.name)?;
        if !consumers.0.is_empty() {
            self.tell_tails(&namespace.name, &script.name, consumers);
        }
        Ok(())
    }

    pub(super) fn tell_tails(&self, namespace: &str, script: &str, consumers: TailConsumers) {
        if let Some(tails) = self.runtime.tails() {
            let consumers = consumers.0.into_iter();
            let consumers = consumers.map(|(id, script)| Consumer {
                namespace: id.0,
                script,
            });
            tails.set(namespace, script, consumers.collect());
        }
    }
}

impl<W: Send + Sync + 'static> Deliver for Catalog<W> {
    fn deliver(&self, consumer: &Consumer, batch: Batch) -> Delivering {
        let found = self
            .namespace_by_id(Id(consumer.namespace), "")
            .ok()
            .and_then(|namespace| self.deployed(&namespace.name, &consumer.script));
        let catalog = self.this.upgrade();
        Box::pin(async move {
            let (Some(catalog), Some(deployed)) = (catalog, found) else {
                return Err("the Worker does not run".to_owned());
            };
            // Unique by chance: 64 random bits.
            let ray = Ray(getrandom::u64().unwrap_or_default());
            let trigger = Trigger::Tail {
                items: batch.items,
                scripts: batch.scripts,
                depth: batch.depth,
                entry: None,
            };
            let ran = catalog.trigger(&deployed, ray, trigger).await;
            ran.map_err(|failure| failure.to_string())
        })
    }
}
