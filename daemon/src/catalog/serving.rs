//! What answers requests now: namespace and script to running Worker, for the data plane.
//!
//! A look-up takes a read lock for two hash look-ups and one reference count; it allocates
//! nothing and waits for no I/O. Writers hold the lock only to exchange references.

use super::name::Id;
use parking_lot::RwLock;
use std::collections::HashMap;
use std::sync::Arc;

type Scripts<W> = HashMap<Box<str>, Arc<W>>;

/// The table of running Workers.
pub(super) struct Serving<W> {
    namespaces: RwLock<HashMap<Box<str>, Scripts<W>>>,
    /// The names that namespaces have now. Locked after `namespaces` where both are.
    names: RwLock<HashMap<Id, Box<str>>>,
}

impl<W> Serving<W> {
    pub(super) fn new() -> Self {
        Self {
            namespaces: RwLock::new(HashMap::new()),
            names: RwLock::new(HashMap::new()),
        }
    }

    pub(super) fn get(&self, namespace: &str, script: &str) -> Option<Arc<W>> {
        self.namespaces
            .read()
            .get(namespace)?
            .get(script)
            .map(Arc::clone)
    }

    /// The same for a namespace by its id.
    pub(super) fn get_in(&self, namespace: Id, script: &str) -> Option<Arc<W>> {
        let namespaces = self.namespaces.read();
        let names = self.names.read();
        let scripts = namespaces.get(names.get(&namespace)?)?;
        scripts.get(script).map(Arc::clone)
    }

    /// The name of a namespace.
    pub(super) fn name(&self, namespace: Id) -> Option<Box<str>> {
        self.names.read().get(&namespace).cloned()
    }

    /// A namespace has this name.
    pub(super) fn call(&self, namespace: Id, name: &str) {
        self.names.write().insert(namespace, name.into());
    }

    /// Switches a Worker in and hands out the one that it replaces.
    pub(super) fn put(&self, namespace: &str, script: &str, worker: Arc<W>) -> Option<Arc<W>> {
        let mut namespaces = self.namespaces.write();
        match namespaces.get_mut(namespace) {
            Some(scripts) => scripts.insert(script.into(), worker),
            None => {
                let scripts = HashMap::from([(script.into(), worker)]);
                namespaces.insert(namespace.into(), scripts);
                None
            }
        }
    }

    /// Switches many in and others out, in one step: who looks sees all of it or nothing. Hands out
    /// those that they replace.
    pub(super) fn exchange(
        &self,
        namespace: &str,
        workers: Vec<(String, Arc<W>)>,
        gone: &[String],
    ) -> Vec<Arc<W>> {
        let mut namespaces = self.namespaces.write();
        let scripts = namespaces.entry(namespace.into()).or_default();
        let removed: Vec<_> = gone
            .iter()
            .filter_map(|script| scripts.remove(script.as_str()))
            .collect();
        let put = workers
            .into_iter()
            .filter_map(|(script, worker)| scripts.insert(script.into(), worker));
        put.chain(removed).collect()
    }

    /// Takes a Worker out.
    pub(super) fn remove(&self, namespace: &str, script: &str) -> Option<Arc<W>> {
        self.namespaces.write().get_mut(namespace)?.remove(script)
    }

    /// Exchanges a whole namespace for one of another name, in one step.
    pub(super) fn rename(
        &self,
        id: Id,
        old: &str,
        new: &str,
        workers: Vec<(String, Arc<W>)>,
    ) -> Vec<Arc<W>> {
        let workers = workers
            .into_iter()
            .map(|(name, worker)| (name.into(), worker))
            .collect();
        let mut namespaces = self.namespaces.write();
        let replaced = namespaces.remove(old).unwrap_or_default();
        namespaces.insert(new.into(), workers);
        self.call(id, new);
        drop(namespaces);
        replaced.into_values().collect()
    }

    /// Takes a namespace out.
    pub(super) fn remove_namespace(&self, id: Id, namespace: &str) {
        self.names.write().remove(&id);
        let removed = self.namespaces.write().remove(namespace);
        // Outside of the lock: the last handle to a Worker may go here.
        drop(removed);
    }

    /// Calls this with namespace and name of each.
    pub(super) fn each(&self, call: impl Fn(&str, &str)) {
        for (namespace, scripts) in &*self.namespaces.read() {
            for script in scripts.keys() {
                call(namespace, script);
            }
        }
    }

    /// The same with what it is.
    pub(super) fn each_value(&self, mut call: impl FnMut(&str, &str, &W)) {
        for (namespace, scripts) in &*self.namespaces.read() {
            for (script, worker) in scripts {
                call(namespace, script, worker);
            }
        }
    }

    pub(super) fn count(&self) -> usize {
        self.namespaces.read().values().map(HashMap::len).sum()
    }
}
