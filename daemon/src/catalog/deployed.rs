//! What answers for a script now: a Worker, assets, or both; and how one Worker finds another.

use super::deployments::Deployment;
use super::name::{ACCOUNT, Id};
use super::record::{Namespace, Script};
use super::references::Claim;
use super::runtime::Fetching;
use super::split::{Part, Split};
use super::{Catalog, CatalogError};
use crate::assets::Assets;
use crate::bindings::{Answering, ServiceRequest, Services};
use crate::engine::finished::Telling;
use crate::engine::invocation::{Entry, Ray, Reply, ReplyBody, Request, Trigger};
use crate::engine::limits::Failure;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use std::pin::Pin;
use std::sync::{Arc, Weak};

/// One version of a script, as requests find it.
pub struct Deployed<W> {
    /// Which version; of two the newer one.
    pub(super) version: Id,
    /// Two versions, of which a request gets one; then the fields below are the newer one's.
    pub(super) split: Option<Box<Split<W>>>,
    pub(super) worker: Option<Arc<W>>,
    pub(super) assets: Option<Arc<Assets>>,
    /// Keeps the assets for as long as somebody may ask for them.
    pub(super) _claim: Option<Claim>,
}

impl<W> Deployed<W> {
    /// The Worker, unless there are assets alone.
    pub fn worker(&self) -> Option<&Arc<W>> {
        self.worker.as_ref()
    }

    /// The Worker of the version for a request, if nothing but it can answer.
    fn only(&self, request: &Request) -> Option<&Arc<W>> {
        let picked = self.pick(&request.headers);
        let asks_assets = picked.assets.is_some() && request.handler.is_none();
        picked.worker.as_ref().filter(|_| !asks_assets)
    }

    /// The version for a request.
    fn pick(&self, headers: &HeaderMap) -> &Self {
        match &self.split {
            None => self,
            Some(split) => split.pick(headers),
        }
    }

    /// The Workers of all versions.
    fn workers(&self) -> impl Iterator<Item = &Arc<W>> {
        let parts = self.split.iter().flat_map(|split| split.parts());
        let parts = parts.filter_map(|part| part.deployed.worker.as_ref());
        let own = self.worker.iter().filter(|_| self.split.is_none());
        own.chain(parts)
    }

    /// The version of this identifier, if it runs.
    pub(super) fn part_for(this: &Arc<Self>, version: Id) -> Option<Arc<Self>> {
        match &this.split {
            None => Some(this).filter(|it| it.version == version).cloned(),
            Some(split) => {
                let mut parts = split.parts().into_iter();
                let found = parts.find(|part| part.deployed.version == version);
                found.map(|part| part.deployed.clone())
            }
        }
    }

    /// The version of this identifier, if it runs and can go on in another deployment: assets
    /// know what stands beside them.
    fn part(this: &Arc<Self>, version: Id) -> Option<Arc<Self>> {
        Self::part_for(this, version).filter(|it| it.assets.is_none())
    }
}

impl<W: Send + Sync + 'static> Catalog<W> {
    /// Runs a request: assets first where they answer, then the Worker (spec: SEMANTICS §13).
    pub fn serve<'a>(
        &'a self,
        deployed: &'a Deployed<W>,
        request: Request,
    ) -> Pin<Box<dyn Future<Output = Result<Reply, Failure>> + Send + 'a>> {
        match deployed.only(&request) {
            Some(worker) => self.runtime.fetch(worker.clone(), request),
            None => Box::pin(self.behind_assets(deployed, request)),
        }
    }

    async fn behind_assets(
        &self,
        deployed: &Deployed<W>,
        request: Request,
    ) -> Result<Reply, Failure> {
        let deployed = deployed.pick(&request.headers);
        if let Some(assets) = &deployed.assets
            && request.handler.is_none()
        {
            let asked = assets.before_worker(&request.method, &request.url, &request.headers);
            match asked.await {
                Ok(Some(reply)) => return Ok(reply),
                Ok(None) => {}
                Err(error) => {
                    return Err(Failure::Internal(format!(
                        "an asset cannot be read: {error}"
                    )));
                }
            }
        }
        match &deployed.worker {
            Some(worker) => self.runtime.fetch(worker.clone(), request).await,
            None => Ok(Reply {
                status: StatusCode::NOT_FOUND,
                reason: None,
                headers: HeaderMap::new(),
                body: ReplyBody::Whole(Bytes::new()),
            }),
        }
    }

    /// Has an entrypoint entered by another Worker. Assets have no part in it.
    fn enter(&self, deployed: &Deployed<W>, entry: Entry, request: Request) -> Fetching {
        match &deployed.pick(&request.headers).worker {
            Some(worker) => self.runtime.enter(worker.clone(), entry, request),
            None => Box::pin(std::future::ready(Err(Failure::Exception {
                name: "TypeError".to_owned(),
                message: "The service has assets alone, and no entrypoints.".to_owned(),
                stack: String::new(),
                refusal: None,
            }))),
        }
    }

    /// Has a handler called that answers nothing.
    pub async fn trigger(
        &self,
        deployed: &Deployed<W>,
        ray: Ray,
        trigger: Trigger,
    ) -> Result<(), Failure> {
        let deployed = deployed.split.as_ref().map_or(deployed, |it| it.any());
        match &deployed.worker {
            Some(worker) => self.runtime.trigger(worker.clone(), ray, trigger).await,
            None => Err(Failure::Exception {
                name: "Error".to_owned(),
                message: format!(
                    "Handler does not export a {}() function.",
                    trigger.handler()
                ),
                stack: String::new(),
                refusal: None,
            }),
        }
    }

    pub(super) fn retire(&self, deployed: &Deployed<W>) {
        self.retire_but(deployed, None);
    }

    /// Retires the versions that do not go on.
    pub(super) fn retire_but(&self, old: &Deployed<W>, new: Option<&Deployed<W>>) {
        for worker in old.workers() {
            let goes_on = new.is_some_and(|new| new.workers().any(|it| Arc::ptr_eq(it, worker)));
            if !goes_on {
                self.runtime.retire(worker);
            }
        }
    }

    /// Starts what a script's rows say, one version or two.
    pub(super) fn start_rows(
        &self,
        namespace: &Namespace,
        script: &Script,
    ) -> Result<Arc<Deployed<W>>, CatalogError> {
        let split = self.split_of(namespace.id, &script.name)?;
        let beside = match split {
            Some(_) => self.beside(namespace.id, script)?,
            None => None,
        };
        let other = beside.as_ref().map(|version| &version.script).zip(split);
        self.assemble(namespace, script, other, None)
    }

    /// Starts a version, or two with what their deployment says; those of `running` go on.
    pub(super) fn assemble(
        &self,
        namespace: &Namespace,
        script: &Script,
        beside: Option<(&Script, Deployment)>,
        running: Option<&Arc<Deployed<W>>>,
    ) -> Result<Arc<Deployed<W>>, CatalogError> {
        let started = |script: &Script, other: Option<&Script>| {
            let running = running.and_then(|it| Deployed::part(it, script.version_id));
            match running {
                Some(running) => Ok(running),
                None => self.start(namespace, script, other),
            }
        };
        let Some((other, deployment)) = beside else {
            return started(script, None);
        };
        // Tags are the script's, whatever the version was uploaded with.
        let mut other = other.clone();
        other.settings.tags.clone_from(&script.settings.tags);
        let mut both = [&other, script];
        both.sort_by_key(|script| script.version);
        let now = self.serving.get(&namespace.name, &script.name);
        let before = now.as_ref().and_then(|now| now.split.as_ref());
        // Another deployment is counted anew, the same one goes on.
        let before = before.filter(|split| split.deployment.id == deployment.id);
        let part = |script: &Script, other: &Script| {
            let version = script.version_id;
            let mut shares = deployment.versions.iter();
            let share = shares.find(|share| share.version == version);
            let figures = before.and_then(|split| {
                let mut parts = split.parts().into_iter();
                let same = parts.find(|part| part.deployed.version == version);
                same.map(|part| part.figures.clone())
            });
            Ok::<_, CatalogError>(Part::new(
                started(script, Some(other))?,
                share.map_or(0, |share| share.share),
                figures.unwrap_or_default(),
            ))
        };
        let (older, newer) = (part(both[0], both[1])?, part(both[1], both[0])?);
        Ok(Arc::new(Deployed {
            version: newer.deployed.version,
            worker: newer.deployed.worker.clone(),
            assets: newer.deployed.assets.clone(),
            _claim: None,
            split: Some(Box::new(Split {
                script: script.name.as_str().into(),
                deployment,
                older,
                newer,
            })),
        }))
    }
}

/// Other Workers, for the bindings of one: those of its own dispatch namespace as services, and
/// those of namespaces that it dispatches to.
pub(super) struct Neighbours<W> {
    pub(super) catalog: Weak<Catalog<W>>,
    pub(super) namespace: Arc<str>,
    /// Whether those outside of dispatch namespaces are to be reached too.
    pub(super) is_trusted: bool,
}

/// What is told of a Worker that is deployed and does not run yet, as after an upgrade.
pub fn starting() -> Failure {
    Failure::Overloaded {
        reason: "the Worker is being started".to_owned(),
        retry_after_s: 1,
        bound: None,
    }
}

fn is_starting() -> Answering {
    Box::pin(std::future::ready(Some(Err(starting()))))
}

impl<W: Send + Sync + 'static> Neighbours<W> {
    /// Whether a Worker is there that does not run yet.
    fn is_pending(&self, script: &str) -> bool {
        self.catalog.upgrade().is_some_and(|catalog| {
            catalog.is_pending(&self.namespace, script)
                || (self.is_trusted && catalog.is_pending(ACCOUNT, script))
        })
    }

    fn find(&self, script: &str) -> Option<Found<W>> {
        let catalog = self.catalog.upgrade()?;
        let deployed = catalog.deployed(&self.namespace, script).or_else(|| {
            // The operator's own Workers, wherever they are, are one company.
            let others = self.is_trusted.then_some(ACCOUNT)?;
            catalog.deployed(others, script)
        })?;
        Some((catalog, deployed))
    }
}

impl<W: Send + Sync + 'static> Services for Neighbours<W> {
    fn fetch(&self, script: &str, request: ServiceRequest) -> Answering {
        match self.find(script) {
            None if self.is_pending(script) => is_starting(),
            found => called(found, None, request),
        }
    }

    fn dispatch(
        &self,
        namespace: [u8; 16],
        script: &str,
        entry: Option<Entry>,
        request: ServiceRequest,
    ) -> Answering {
        let catalog = self.catalog.upgrade();
        let found = catalog.as_ref().and_then(|catalog| {
            let deployed = catalog.serving.get_in(Id(namespace), script)?;
            Some((catalog.clone(), deployed))
        });
        if found.is_none()
            && let Some(catalog) = catalog
            && catalog.is_pending_in(Id(namespace), script)
        {
            return is_starting();
        }
        called(found, entry, request)
    }

    fn enter(&self, script: &str, entry: Entry, request: ServiceRequest) -> Answering {
        let (found, is_pending) = match (entry.outside, self.catalog.upgrade()) {
            (false, _) | (true, None) => (self.find(script), self.is_pending(script)),
            (true, Some(catalog)) => {
                let is_pending = catalog.is_pending(ACCOUNT, script);
                let found = catalog.deployed(ACCOUNT, script);
                (found.map(|deployed| (catalog, deployed)), is_pending)
            }
        };
        match found {
            None if is_pending => is_starting(),
            found => called(found, Some(entry), request),
        }
    }

    fn tell(&self, script: &str, trigger: Trigger) -> Telling {
        let found = self.find(script);
        Box::pin(async move {
            let (catalog, deployed) = found.ok_or("the Worker does not run")?;
            // Unique by chance: 64 random bits.
            let ray = Ray(getrandom::u64().unwrap_or_default());
            let told = catalog.trigger(&deployed, ray, trigger).await;
            told.map_err(|failure| failure.to_string())
        })
    }
}

/// A Worker, and who runs it.
type Found<W> = (Arc<Catalog<W>>, Arc<Deployed<W>>);

fn called<W: Send + Sync + 'static>(
    found: Option<Found<W>>,
    entry: Option<Entry>,
    request: ServiceRequest,
) -> Answering {
    let Some((catalog, deployed)) = found else {
        return Box::pin(std::future::ready(None));
    };
    // Unique by chance: 64 random bits.
    let ray = Ray(getrandom::u64().unwrap_or_default());
    // Made here, so that who waits holds it once.
    let request = Request {
        ray,
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
    let going = match entry {
        Some(entry) => catalog.enter(&deployed, entry, request),
        None => match deployed.only(&request) {
            Some(worker) => catalog.runtime.fetch(worker.clone(), request),
            None => {
                let deployed = deployed.clone();
                Box::pin(async move { catalog.behind_assets(&deployed, request).await })
            }
        },
    };
    Box::pin(async move {
        let answer = going.await;
        // Its files stay until then.
        drop(deployed);
        Some(answer)
    })
}
