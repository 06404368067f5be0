//! What answers for a script now: a Worker, assets, or both; and how one Worker finds another.

use super::Catalog;
use super::name::{ACCOUNT, Id};
use super::references::Claim;
use crate::assets::Assets;
use crate::bindings::{Answering, ServiceRequest, Services};
use crate::engine::invocation::{Ray, Reply, ReplyBody, Request, Trigger};
use crate::engine::limits::Failure;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use std::sync::{Arc, Weak};

/// One version of a script, as requests find it.
pub struct Deployed<W> {
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
}

impl<W: Send + Sync + 'static> Catalog<W> {
    /// Runs a request: assets first where they answer, then the Worker (spec: SEMANTICS §13).
    pub async fn serve(&self, deployed: &Deployed<W>, request: Request) -> Result<Reply, Failure> {
        if let Some(assets) = &deployed.assets {
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
                headers: HeaderMap::new(),
                body: ReplyBody::Whole(Bytes::new()),
            }),
        }
    }

    /// Has a handler called that answers nothing.
    pub async fn trigger(
        &self,
        deployed: &Deployed<W>,
        ray: Ray,
        trigger: Trigger,
    ) -> Result<(), Failure> {
        match &deployed.worker {
            Some(worker) => self.runtime.trigger(worker.clone(), ray, trigger).await,
            None => Err(Failure::Exception {
                name: "Error".to_owned(),
                message: format!(
                    "Handler does not export a {}() function.",
                    trigger.handler()
                ),
                stack: String::new(),
            }),
        }
    }

    pub(super) fn retire(&self, deployed: &Deployed<W>) {
        if let Some(worker) = &deployed.worker {
            self.runtime.retire(worker);
        }
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

impl<W: Send + Sync + 'static> Services for Neighbours<W> {
    fn fetch(&self, script: &str, request: ServiceRequest) -> Answering {
        let found = self.catalog.upgrade().and_then(|catalog| {
            let deployed = catalog.deployed(&self.namespace, script).or_else(|| {
                // The operator's own Workers, wherever they are, are one company.
                let others = self.is_trusted.then_some(ACCOUNT)?;
                catalog.deployed(others, script)
            })?;
            Some((catalog, deployed))
        });
        called(found, request)
    }

    fn dispatch(&self, namespace: [u8; 16], script: &str, request: ServiceRequest) -> Answering {
        let catalog = self.catalog.upgrade();
        let found = catalog.as_ref().and_then(|catalog| {
            let deployed = catalog.serving.get_in(Id(namespace), script)?;
            Some((catalog.clone(), deployed))
        });
        if found.is_none()
            && let Some(catalog) = catalog
            && catalog.is_pending_in(Id(namespace), script)
        {
            return Box::pin(std::future::ready(Some(Err(Failure::Overloaded {
                reason: "the Worker is being started".to_owned(),
                retry_after_s: 1,
            }))));
        }
        called(found, request)
    }
}

/// A Worker, and who runs it.
type Found<W> = (Arc<Catalog<W>>, Arc<Deployed<W>>);

fn called<W: Send + Sync + 'static>(found: Option<Found<W>>, request: ServiceRequest) -> Answering {
    Box::pin(async move {
        let (catalog, deployed) = found?;
        // Unique by chance: 64 random bits.
        let ray = Ray(getrandom::u64().unwrap_or_default());
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
        };
        Some(catalog.serve(&deployed, request).await)
    })
}
