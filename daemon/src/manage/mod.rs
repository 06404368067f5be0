//! The management port: the field's REST API over the catalog, with tokens.
//!
//! It translates: calls into the catalog's operations, results and refusals into the
//! envelope that clients expect. It deploys nothing itself and runs no guest.
//!
//! # Implementation
//!
//! [`Manage::handle`] takes a call without a socket, so all of the API is tested in-process;
//! [`serve`](server::serve) puts hyper around it. One table in `router` names every
//! route; a file a resource holds the handlers.

mod absent;
mod account;
mod analytics;
mod assets;
pub mod audit;
mod body;
mod brackets;
mod bundles;
mod call;
pub mod claim;
mod deployments;
mod domains;
pub mod envelope;
mod explain;
pub mod firmware;
mod graphql;
mod guard;
mod head;
mod kv;
mod kv_bulk;
mod kv_namespaces;
mod line_ends;
pub mod local;
mod logpush;
mod logs;
mod namespaces;
#[cfg(feature = "tune-page")]
mod page;
mod paging;
mod patient;
mod plain;
mod plans;
mod probes;
mod replays;
pub mod roles;
mod router;
mod routes;
mod schedules;
pub mod scope;
mod scripts;
mod seats;
mod secrets;
pub mod server;
mod settings;
mod subdomains;
mod tags;
mod tails;
mod telemetry;
#[cfg(test)]
mod tests;
pub mod tokens;
mod trials;
mod tune;
mod upload;
mod usage;
mod versions;
mod workers;

pub use account::token_object;
pub use body::{ByteStream, Payload};
pub use call::Call;
pub use logs::{LogSource, LogStream, NoLogs};
pub use probes::{MetricsKey, Probes};
pub use server::{ServerOptions, serve};
pub use tune::Tuning;

use crate::catalog::Catalog;
use crate::delivery::Delivery;
use crate::engine::Worker;
use crate::firmware::Firmware;
use crate::ledger::{Budget, Share};
use crate::logpush::Logpush;
use crate::replay::Replays;
#[cfg(feature = "edge-tls")]
use crate::tls::{Acceptor, Fingerprint};
use audit::Audit;
use claim::Claim;
use envelope::Answer;
use firmware::HealthKey;
use guard::Guard;
#[cfg(feature = "edge-tls")]
use parking_lot::RwLock;
use smol::lock::{Semaphore, SemaphoreGuard};
use std::sync::{Arc, OnceLock, Weak};
use tails::LiveTails;

/// What the port is told by the configuration.
#[derive(Clone, Debug)]
pub struct ManageOptions {
    /// The account's identifier; calls may use any.
    pub account_id: String,
    /// What clients show for the account.
    pub account_name: String,
    /// What clients show as the host's name behind scripts' names.
    pub subdomain: String,
    /// Bytes of one upload of a script.
    pub upload_bytes_max: u64,
    /// Bytes of one bulk call on KV.
    pub bulk_bytes_max: u64,
    /// Large bodies that may be in memory at the same time; others wait.
    pub large_bodies_max: usize,
    /// What large bodies are counted in.
    pub memory: Budget,
}

impl Default for ManageOptions {
    fn default() -> Self {
        Self {
            // "postern" and zeros, as hexadecimal digits.
            account_id: "706f737465726e000000000000000000".to_owned(),
            account_name: "Postern".to_owned(),
            subdomain: "postern".to_owned(),
            upload_bytes_max: 16 << 20,
            bulk_bytes_max: 16 << 20,
            large_bodies_max: 2,
            memory: Budget::new("management", u64::MAX),
        }
    }
}

/// Tells how the daemon is; the CLI and operators read it as they like.
pub trait StatusSource: Send + Sync {
    /// A JSON object.
    fn status(&self) -> serde_json::Value;
    /// Who has how much memory.
    fn ledger(&self) -> serde_json::Value {
        serde_json::Value::Null
    }
}

impl<F: Fn() -> serde_json::Value + Send + Sync> StatusSource for F {
    fn status(&self) -> serde_json::Value {
        self()
    }
}

/// The right to have a large body in memory.
struct Room<'a> {
    _turn: SemaphoreGuard<'a>,
    _share: Share,
}

/// The management port without its listener. `W` is the engine's Worker except in tests.
pub struct Manage<W = Worker> {
    catalog: Arc<Catalog<W>>,
    options: ManageOptions,
    logs: Arc<dyn LogSource>,
    status: Arc<dyn StatusSource>,
    large_bodies: Semaphore,
    live_tails: LiveTails,
    logpush: OnceLock<Arc<Logpush>>,
    firmware: OnceLock<(Arc<Firmware>, HealthKey)>,
    tuning: OnceLock<Tuning>,
    probes: OnceLock<Arc<dyn Probes>>,
    replays: OnceLock<Replays>,
    claim: OnceLock<Arc<Claim>>,
    delivery: OnceLock<Arc<Delivery<W>>>,
    #[cfg(feature = "edge-tls")]
    acceptor: RwLock<Option<Acceptor>>,
    guard: Guard,
    audit: Audit,
    /// This port, for answers that outlive their call.
    this: Weak<Self>,
}

impl<W: Send + Sync + 'static> Manage<W> {
    /// Over this catalog; logs and status come from elsewhere.
    pub fn new(
        catalog: Arc<Catalog<W>>,
        options: ManageOptions,
        logs: Arc<dyn LogSource>,
        status: Arc<dyn StatusSource>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            this: this.clone(),
            large_bodies: Semaphore::new(options.large_bodies_max.max(1)),
            live_tails: LiveTails::default(),
            logpush: OnceLock::new(),
            firmware: OnceLock::new(),
            tuning: OnceLock::new(),
            probes: OnceLock::new(),
            replays: OnceLock::new(),
            claim: OnceLock::new(),
            delivery: OnceLock::new(),
            #[cfg(feature = "edge-tls")]
            acceptor: RwLock::default(),
            guard: Guard::default(),
            audit: Audit::new(catalog.store().clone()),
            catalog,
            options,
            logs,
            status,
        })
    }

    /// Waits until there is room for another large body.
    async fn room(&self) -> Room<'_> {
        let turn = self.large_bodies.acquire().await;
        let bytes = self
            .options
            .upload_bytes_max
            .max(self.options.bulk_bytes_max);
        Room {
            _turn: turn,
            _share: self.options.memory.take_anyway(bytes),
        }
    }

    /// Has jobs that push logs. Once only; a second call changes nothing.
    pub fn with_logpush(&self, logpush: Logpush) {
        let _ = self.logpush.set(Arc::new(logpush));
    }

    /// Has records of invocations. Once only; a second call changes nothing.
    pub fn with_replays(&self, replays: Replays) {
        let _ = self.replays.set(replays);
    }

    /// Can be claimed as long as nobody has a token. Once only; a second call changes nothing.
    pub fn with_claim(&self, claim: Arc<Claim>) {
        let _ = self.claim.set(claim);
    }

    /// Has bundles. Once only; a second call changes nothing. What comes by other ways is in the audit log too.
    pub fn with_delivery(&self, delivery: Arc<Delivery<W>>) {
        let audit = self.audit.clone();
        delivery.tell(move |arrival, what, is_done| {
            let new = audit::New {
                token: None,
                who: String::new(),
                from: arrival.way.clone(),
                call: what.to_owned(),
                failed: None,
            };
            let written = audit.append(new.clone()).and_then(|place| match is_done {
                true => Ok(place),
                false => audit.append(audit::New {
                    failed: Some((place, 400)),
                    ..new
                }),
            });
            if let Err(error) = written {
                log::error!("the audit log cannot be written: {error}");
            }
        });
        let _ = self.delivery.set(delivery);
    }

    /// Has firmware, and a key by which programs of this machine ask how the daemon is. Once
    /// only; a second call changes nothing.
    pub fn with_firmware(&self, firmware: Arc<Firmware>, key: HealthKey) {
        let _ = self.firmware.set((firmware, key));
    }

    /// Speaks TLS by these certificates with whoever comes from now on. A port that listens without TLS
    /// goes on without.
    #[cfg(feature = "edge-tls")]
    pub fn set_acceptor(&self, acceptor: Acceptor) {
        *self.acceptor.write() = Some(acceptor);
    }

    /// What the first of its certificates is known by; `None` without TLS.
    #[cfg(feature = "edge-tls")]
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.acceptor.read().as_ref()?.fingerprint()
    }

    /// Has recorded figures, and an engine whose speed can be measured. Once only; a second call
    /// changes nothing.
    pub fn with_tune(&self, tuning: Tuning) {
        let _ = self.tuning.set(tuning);
    }

    /// Answers who watches the machine. Once only; a second call changes nothing.
    pub fn with_probes(&self, probes: Arc<dyn Probes>) {
        let _ = self.probes.set(probes);
    }

    /// Answers a call: token first, then route, then handler.
    pub async fn handle(&self, request: http::Request<Payload>) -> Answer {
        #[cfg(feature = "tune-page")]
        if let Some(answer) = page::answer(request.method(), request.uri().path())
            .or_else(|| page::entrance(&request))
        {
            return answer;
        }
        match self.dispatch(request).await {
            Ok(answer) => answer,
            Err(refusal) => refusal.answer(),
        }
    }
}
