//! Dynamic Workers: judged like a push and run like a deployed version, and kept in memory alone.

use super::binding::Target;
use super::name::{Id, tenant_of};
use super::plans::Standing;
use super::record::{CustomLimits, Namespace, Script};
use super::{Catalog, Runtime, compatibility, flags};
use crate::bindings::{Answering, Child, Code, Env, Loading, Loads, MakeRoom, ServiceRequest};
use crate::engine::finished::Labels;
use crate::engine::invocation::{Entry, Ray, Request};
use crate::engine::limits::Limits;
use crate::engine::settling::Settling;
use crate::engine::{Bundle, Part, Pushed, WorkerSpec, env_of};
use crate::ledger::Budget;
use postern_abi::bundle::ModuleKind;
use rustix::fs::MemfdFlags;
use std::any::Any;
use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::sync::{Arc, Weak};

/// What begins every message on code that does not start, as in the field.
const FAILED: &str = "Failed to start Worker:\n";

/// Makes the dynamic Workers of one script. What they do is told, and charged, as that script's.
pub(super) struct Loader<W> {
    catalog: Weak<Catalog<W>>,
    namespace: Arc<str>,
    script: Arc<str>,
    version: Arc<str>,
    tenant: Arc<str>,
    standing: Stands,
    budget: Budget,
}

/// Whose a loader is, as far as limits go.
#[derive(Clone)]
struct Stands {
    namespace: Id,
    tags: Vec<String>,
    asked: CustomLimits,
}

impl<W: Send + Sync + 'static> Catalog<W> {
    /// Who makes a script's dynamic Workers, if it may have any.
    pub(super) fn loader(
        &self,
        namespace: &Namespace,
        script: &Script,
        version: &str,
    ) -> Option<Arc<dyn Loads>> {
        let bindings = &script.settings.bindings;
        let loads = bindings.iter().any(|it| it.target == Target::Loader);
        let id = namespace.id;
        loads.then(|| {
            let namespace: Arc<str> = namespace.name.as_str().into();
            let name: Arc<str> = script.name.as_str().into();
            let tenant: Arc<str> = tenant_of(&script.name, &script.settings.tags).into();
            let make = || self.runtime.dynamic_budget((&namespace, &tenant), &name);
            Arc::new(Loader {
                catalog: self.this.clone(),
                budget: self.dynamics.of(&namespace, &name, make),
                namespace,
                script: name,
                version: version.into(),
                tenant,
                standing: Stands {
                    namespace: id,
                    tags: script.settings.tags.clone(),
                    asked: script.settings.limits,
                },
            }) as Arc<dyn Loads>
        })
    }
}

impl<W: Send + Sync + 'static> Loads for Loader<W> {
    fn settling(&self) -> Settling {
        match self.catalog.upgrade() {
            Some(catalog) => catalog.runtime.settling(&self.budget),
            None => Settling::never(),
        }
    }

    fn load(&self, code: Code, env: Env, make_room: MakeRoom) -> Loading {
        let catalog = self.catalog.upgrade();
        let (namespace, script) = (self.namespace.clone(), self.script.clone());
        let (version, tenant) = (self.version.clone(), self.tenant.clone());
        let budget = self.budget.clone();
        let standing = self.standing.clone();
        Box::pin(async move {
            let catalog = catalog.ok_or("the device is stopping")?;
            // What holds for its loader now, and its own wishes.
            let standing = Standing {
                namespace: standing.namespace,
                script: &script,
                tags: &standing.tags,
                asked: standing.asked,
            };
            let (limits, quotas) = catalog.effective(&standing);
            let meter = catalog.meter(&standing, quotas);
            let limits = Limits {
                cpu_ms: limits.cpu_ms.min(code.cpu_ms.unwrap_or(u32::MAX)),
                subrequests: limits.subrequests.min(code.subrequests.unwrap_or(u32::MAX)),
                ..limits
            };
            let told = |error: super::CatalogError| error.to_string();
            compatibility::check_date(&code.compatibility_date).map_err(told)?;
            compatibility::check_flags(&code.flags).map_err(told)?;
            match code.modules.iter().find(|(name, ..)| *name == code.main) {
                None => {
                    return Err(format!(
                        "{FAILED}Uncaught Error: No such module: {}",
                        code.main
                    ));
                }
                Some((_, ModuleKind::EsModule, _)) => {}
                Some(_) => {
                    return Err(format!(
                        "{FAILED}Uncaught TypeError: Main module must be an ES module."
                    ));
                }
            }
            let enabled = flags::enabled(&code.compatibility_date, &code.flags);
            let modules = code.modules.into_iter();
            let bundle = Bundle {
                main: code.main,
                flags: enabled.into_iter().map(str::to_owned).collect(),
                compatibility_date: code.compatibility_date,
                modules: modules
                    .map(|(name, kind, bytes)| Part { name, kind, bytes })
                    .collect(),
                env: env_of(&env),
            };
            let bundle = Pushed::Bundle(bundle);
            let waiting = standing.judged_as();
            let judged = catalog.runtime.judge(waiting, bundle, limits).await;
            let judged = judged.map_err(|why| format!("{FAILED}{why}"))?;
            // What it took is borne by who had it done.
            catalog
                .runtime
                .deployed(&namespace, &script, judged.startup_fuel);
            let snapshot = judged.snapshot.unwrap_or_default();
            // Its pages are memory, as those of isolates are.
            let mut settling = catalog.runtime.settling(&budget);
            let held = loop {
                settling.begin();
                match catalog.runtime.hold(&budget, snapshot.len() as u64) {
                    Some(held) => break held,
                    None if make_room() => {}
                    None if settling.again().await => {}
                    None if budget.narrowest().is(&budget) => {
                        return Err(format!(
                            "the dynamic Workers of this loader use {} of {} bytes, the limit of `loader.memory-bytes`, and another takes {}; let some end before loading more",
                            budget.used(),
                            budget.limit(),
                            snapshot.len()
                        ));
                    }
                    None => return Err("there is no memory for another dynamic Worker now".into()),
                }
            };
            let labels = Labels {
                dynamic: Some(code.id.unwrap_or_default()),
                ..Labels::default()
            };
            let lease = catalog
                .references
                .lease(env, Vec::new(), None, Some(labels));
            let lease = lease.with_listeners(code.tails);
            let file = postern_task::unblock(move || in_memory(&snapshot)).await;
            let file = Arc::new(file.map_err(|error| format!("no memory file: {error}"))?);
            let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
            let spec = WorkerSpec {
                namespace,
                script,
                version,
                tenant,
                kind: judged.kind,
                image: None,
                snapshot: Some(path),
                pages: judged.pages,
                handlers: judged.told.handlers,
                maps: Vec::new(),
                limits,
                env: Arc::new(lease.with_file(file)),
                is_trusted: false,
                budget: Some(budget),
                is_recorded: false,
                meter,
            };
            let worker = catalog.runtime.start(spec)?;
            Ok(Arc::new(Dynamic {
                runtime: catalog.runtime.clone(),
                worker,
                _held: held,
            }) as Arc<dyn Child>)
        })
    }
}

/// A file that is in memory alone, and has no name.
fn in_memory(bytes: &[u8]) -> std::io::Result<File> {
    let file = rustix::fs::memfd_create("dynamic", MemfdFlags::CLOEXEC)?;
    let mut file = File::from(file);
    file.write_all(bytes)?;
    Ok(file)
}

/// One of them.
struct Dynamic<W: Send + Sync + 'static> {
    runtime: Arc<dyn Runtime<W>>,
    worker: Arc<W>,
    _held: Box<dyn Any + Send + Sync>,
}

impl<W: Send + Sync + 'static> Child for Dynamic<W> {
    fn enter(self: Arc<Self>, entry: Entry, request: ServiceRequest) -> Answering {
        Box::pin(async move {
            let request = Request {
                // Unique by chance: 64 random bits.
                ray: Ray(getrandom::u64().unwrap_or_default()),
                chain: Some(request.chain),
                origin: None,
                terms: (!request.terms.is_empty()).then(|| Box::new(request.terms)),
                method: request.method,
                url: request.url,
                headers: request.headers,
                body: request.body,
                upgrade: request.upgrade,
                handler: None,
            };
            let (runtime, worker) = (&self.runtime, self.worker.clone());
            Some(if entry == Entry::default() {
                runtime.fetch(worker, request).await
            } else {
                runtime.enter(worker, entry, request).await
            })
        })
    }

    fn is_idle(&self) -> bool {
        self.runtime.is_idle(&self.worker)
    }
}

impl<W: Send + Sync + 'static> Drop for Dynamic<W> {
    fn drop(&mut self) {
        self.runtime.retire(&self.worker);
    }
}
