//! What answers for a script now: a Worker, assets, or both; and how one Worker finds another.

use super::Catalog;
use super::references::Claim;
use crate::assets::Assets;
use crate::bindings::{Answering, ServiceRequest, Services};
use crate::engine::invocation::{Entry, Ray, Reply, ReplyBody, Request, Trigger};
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

    /// Has an entrypoint entered by another Worker. Assets have no part in it.
    async fn enter(
        &self,
        deployed: &Deployed<W>,
        entry: Entry,
        request: Request,
    ) -> Result<Reply, Failure> {
        match &deployed.worker {
            Some(worker) => self.runtime.enter(worker.clone(), entry, request).await,
            None => Err(Failure::Exception {
                name: "TypeError".to_owned(),
                message: "The service has assets alone, and no entrypoints.".to_owned(),
                stack: String::new(),
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

/// The other scripts of a dispatch namespace, for the bindings of one of them.
pub(super) struct Neighbours<W> {
    pub(super) catalog: Weak<Catalog<W>>,
    pub(super) namespace: Arc<str>,
}

impl<W: Send + Sync + 'static> Services for Neighbours<W> {
    fn fetch(&self, script: &str, request: ServiceRequest) -> Answering {
        let found = self.catalog.upgrade().and_then(|catalog| {
            let deployed = catalog.deployed(&self.namespace, script)?;
            Some((catalog, deployed))
        });
        Box::pin(async move {
            let (catalog, deployed) = found?;
            // Unique by chance: 64 random bits.
            let ray = Ray(getrandom::u64().unwrap_or_default());
            let request = Request {
                ray,
                chain: Some(request.chain),
                method: request.method,
                url: request.url,
                headers: request.headers,
                body: request.body,
                upgrade: request.upgrade,
            };
            Some(catalog.serve(&deployed, request).await)
        })
    }

    fn enter(&self, script: &str, entry: Entry, request: ServiceRequest) -> Answering {
        let found = self.catalog.upgrade().and_then(|catalog| {
            let deployed = catalog.deployed(&self.namespace, script)?;
            Some((catalog, deployed))
        });
        Box::pin(async move {
            let (catalog, deployed) = found?;
            // Unique by chance: 64 random bits.
            let ray = Ray(getrandom::u64().unwrap_or_default());
            let request = Request {
                ray,
                chain: Some(request.chain),
                method: request.method,
                url: request.url,
                headers: request.headers,
                body: request.body,
                upgrade: request.upgrade,
            };
            Some(catalog.enter(&deployed, entry, request).await)
        })
    }
}
