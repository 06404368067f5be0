//! Static assets: the files of one version of a script, and how requests meet them (spec:
//! SEMANTICS §13 to §15). It knows blobs, and neither uploads nor Workers.
//!
//! # Implementation
//!
//! A [`Manifest`] is a blob itself, and read when the first request comes. What a path means is
//! decided in [`html`], by looks at the manifest alone; files are opened for the one answer
//! that sends them, and read as fast as they are taken. Paths of requests never name files of
//! the disk: they are looked up in the manifest, which names blobs.

pub mod config;
mod headers;
mod html;
mod location;
mod manifest;
mod path;
mod pattern;
mod redirects;
mod reply;
#[cfg(test)]
mod tests;
mod types;

pub use config::{Config, First, HtmlHandling, NotFound};
pub use manifest::{CONTENT_TYPE_MAX, File, Manifest, PATH_MAX};
pub use types::content_type_of;

use crate::engine::invocation::Reply;
use crate::store::{BlobId, Blobs};
use html::Intent;
use http::{HeaderMap, Method, StatusCode};
use parking_lot::Mutex;
use std::io;
use std::sync::Arc;

/// The assets of one version of a script.
pub struct Assets {
    blobs: Blobs,
    manifest: BlobId,
    config: Config,
    redirects: redirects::Redirects,
    headers: headers::Headers,
    /// Whether there is a Worker for what no asset answers.
    has_worker: bool,
    /// Whether who navigates is answered by the fallback before the Worker.
    prefers_assets: bool,
    index: Mutex<Option<Arc<Manifest>>>,
    /// The assets of another version that runs at the same time.
    other: Option<Arc<Self>>,
}

impl Assets {
    /// The assets that a manifest names.
    pub fn new(
        blobs: Blobs,
        manifest: BlobId,
        config: Config,
        has_worker: bool,
        prefers_assets: bool,
    ) -> Self {
        Self {
            redirects: redirects::Redirects::parse(&config.redirects, config.html_handling),
            headers: headers::Headers::parse(&config.headers),
            blobs,
            manifest,
            config,
            has_worker,
            prefers_assets,
            index: Mutex::new(None),
            other: None,
        }
    }

    /// With the assets of another version, of which a page that a client has may speak: what is
    /// not here is answered with them, before any fallback.
    #[must_use]
    pub fn beside(self, other: Arc<Self>) -> Self {
        Self {
            other: Some(other),
            ..self
        }
    }

    /// Whether a decoded path means a file of its own.
    async fn knows(&self, path: &str) -> io::Result<bool> {
        let Some(path) = self.inside(path) else {
            return Ok(false);
        };
        let index = self.index().await?;
        Ok(html::intent(&index, path, self.config.html_handling, NotFound::None).is_some())
    }

    /// What a decoded path is below the base path, if it is there.
    fn inside<'p>(&self, path: &'p str) -> Option<&'p str> {
        let rest = path.strip_prefix(&*self.config.base_path)?;
        match rest {
            "" => Some("/"),
            rest => rest.starts_with('/').then_some(rest),
        }
    }

    /// Whether a path is not below the base path.
    fn is_elsewhere(&self, path: &str) -> bool {
        !self.config.base_path.is_empty() && self.inside(&path::decode(path)).is_none()
    }

    /// Where the base path itself is sent, if it is asked for with the wrong slash.
    fn base_intent(&self, index: &Manifest, path: &str) -> Option<Intent> {
        let rest = path.strip_prefix(&*self.config.base_path)?;
        let to = match self.config.html_handling {
            HtmlHandling::Auto | HtmlHandling::Force if rest.is_empty() => "/",
            HtmlHandling::Drop if rest == "/" && !self.config.base_path.is_empty() => "",
            _ => return None,
        };
        index
            .find("/index.html")
            .map(|_| Intent::Redirect(to.to_owned()))
    }

    async fn index(&self) -> io::Result<Arc<Manifest>> {
        if let Some(index) = &*self.index.lock() {
            return Ok(index.clone());
        }
        let (blobs, id) = (self.blobs.clone(), self.manifest);
        let bytes = postern_task::unblock(move || blobs.read(&id)).await;
        let bytes = bytes.map_err(|error| io::Error::other(error.to_string()))?;
        let manifest = Manifest::decode(&bytes)
            .ok_or_else(|| io::Error::other(format!("manifest {id} cannot be decoded")))?;
        let manifest = Arc::new(manifest);
        *self.index.lock() = Some(manifest.clone());
        Ok(manifest)
    }

    /// The answer that comes before the Worker; `None` where the Worker is to answer.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub async fn before_worker(
        &self,
        method: &Method,
        url: &str,
        headers: &HeaderMap,
    ) -> io::Result<Option<Reply>> {
        if !self.has_worker {
            return self.fetch(method, url, headers).await.map(Some);
        }
        let split = path::Split::of(url);
        let fallback = match &self.config.run_worker_first {
            First::Always => return Ok(None),
            // Who names what is the Worker's has the rest answered without it.
            First::Patterns(patterns) => match config::first_of(patterns, &split.path) {
                Some(true) => return Ok(None),
                Some(false) => return self.fetch(method, url, headers).await.map(Some),
                None => self.config.not_found_handling,
            },
            First::Never => {
                let mode = headers.get("sec-fetch-mode");
                let navigates = mode.is_some_and(|mode| mode == "navigate");
                if self.prefers_assets && navigates {
                    self.config.not_found_handling
                } else {
                    NotFound::None
                }
            }
        };
        if self.is_elsewhere(&split.path) {
            return Ok(None);
        }
        self.answer(method, &split, headers, fallback).await
    }

    /// The answer to a request that is for assets.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub async fn fetch(
        &self,
        method: &Method,
        url: &str,
        headers: &HeaderMap,
    ) -> io::Result<Reply> {
        let url = path::Split::of(url);
        if self.is_elsewhere(&url.path) {
            return Ok(reply::bare(StatusCode::NOT_FOUND));
        }
        let fallback = self.config.not_found_handling;
        let answer = self.answer(method, &url, headers, fallback).await?;
        Ok(answer.unwrap_or_else(|| self.dress(&url, reply::bare(StatusCode::NOT_FOUND))))
    }

    async fn answer(
        &self,
        method: &Method,
        url: &path::Split<'_>,
        headers: &HeaderMap,
        mut fallback: NotFound,
    ) -> io::Result<Option<Reply>> {
        let index = self.index().await?;
        let mut proxied = None;
        if let Some(found) = self.redirects.find(url) {
            if found.status != StatusCode::OK {
                let answer = reply::redirect(found.status, &found.to.location(url));
                return Ok(Some(self.dress(url, answer)));
            }
            // What a rule leads to is never the Worker's.
            fallback = self.config.not_found_handling;
            proxied = Some(found.to.path);
        }
        let asked = proxied.as_deref().unwrap_or(&url.path);
        let decoded = path::decode(asked);
        let handling = self.config.html_handling;
        if let Some(other) = &self.other
            && proxied.is_none()
            && !self.knows(&decoded).await?
            && other.knows(&decoded).await?
        {
            // The other one has no other of its own.
            return Box::pin(other.answer(method, url, headers, NotFound::None)).await;
        }
        let base = self.base_intent(&index, &decoded);
        let below = || html::intent(&index, self.inside(&decoded)?, handling, fallback);
        let Some(intent) = base.filter(|_| proxied.is_none()).or_else(below) else {
            let nothing = || self.dress(url, reply::bare(StatusCode::NOT_FOUND));
            return Ok(proxied.is_some().then(nothing));
        };
        if !matches!(*method, Method::GET | Method::HEAD) {
            let refusal = reply::bare(StatusCode::METHOD_NOT_ALLOWED);
            return Ok(Some(self.dress(url, refusal)));
        }
        let (at, status) = match intent {
            Intent::Redirect(to) => {
                let to = format!("{}{to}", self.config.base_path);
                let to = format!("{}{}", path::encode(&to), url.search);
                let answer = reply::redirect(StatusCode::TEMPORARY_REDIRECT, &to);
                return Ok(Some(self.dress(url, answer)));
            }
            Intent::Serve(at, status) => (at, status),
        };
        // An asset has one path, the way in which this encodes it.
        let canonical = path::encode(&decoded);
        if canonical != asked {
            let to = format!("{canonical}{}", url.search);
            let answer = reply::redirect(StatusCode::TEMPORARY_REDIRECT, &to);
            return Ok(Some(self.dress(url, answer)));
        }
        let file = &index.files()[at];
        let served = reply::file(&self.blobs, &index, file, status, method, headers).await?;
        Ok(Some(self.dress(url, served)))
    }

    /// Puts on what `_headers` says.
    fn dress(&self, url: &path::Split<'_>, mut reply: Reply) -> Reply {
        self.headers.apply(url, &mut reply.headers);
        reply
    }
}

impl std::fmt::Debug for Assets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Assets({})", self.manifest)
    }
}
