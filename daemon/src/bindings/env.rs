//! `env`: the bindings of one Worker by their names.

use super::dispatch::Dispatching;
use super::loader::{Loaders, Loads, Network};
use super::ratelimit::Limiter;
use super::services::Services;
use super::{encode, undecodable};
use crate::analytics::Analytics;
use crate::assets::Assets;
use crate::cache::{Cache, Owner as CacheOwner};
use crate::engine::invocation::Entry;
use crate::engine::ops::OpFailure;
use crate::outbound::{Outbound, Tenant};
use crate::store::{NamespaceId, Store};
use crate::websocket::SocketOptions;
use postern_abi::OpErrorCode;
use postern_abi::op::EnvValue;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One binding of a Worker.
#[derive(Clone)]
pub enum Binding {
    /// A `plain_text` binding.
    PlainText {
        /// Its name in `env`.
        name: String,
        /// The text.
        text: String,
    },
    /// A `json` binding.
    Json {
        /// Its name in `env`.
        name: String,
        /// The value as JSON text.
        json: String,
    },
    /// A `secret_text` binding.
    Secret {
        /// Its name in `env`.
        name: String,
        /// The secret.
        text: String,
    },
    /// A `kv_namespace` binding.
    Kv {
        /// Its name in `env`.
        name: String,
        /// What it is bound to.
        namespace: NamespaceId,
    },
    /// A `service` binding.
    Service {
        /// Its name in `env`.
        name: String,
        /// The script that it is bound to, in the same dispatch namespace.
        script: String,
    },
    /// An `assets` binding.
    Assets {
        /// Its name in `env`.
        name: String,
        /// The Worker's own assets.
        assets: Arc<Assets>,
    },
    /// A `ratelimit` binding.
    RateLimit {
        /// Its name in `env`.
        name: String,
        /// Whose counts it shares.
        namespace: String,
        /// How many calls a period.
        limit: u32,
        /// Seconds of a period.
        period_s: u32,
    },
    /// A `dispatch_namespace` binding.
    Dispatch {
        /// Its name in `env`.
        name: String,
        /// What it stands for.
        to: Dispatching,
    },
    /// A `service` binding to a named entrypoint, or with props.
    Entrypoint {
        /// Its name in `env`.
        name: String,
        /// The script that it is bound to, in the same dispatch namespace.
        script: String,
        /// How that is entered.
        entry: Entry,
    },
    /// An `analytics_engine` binding.
    Analytics {
        /// Its name in `env`.
        name: String,
        /// Where its points go.
        dataset: String,
    },
    /// A `worker_loader` binding.
    Loader {
        /// Its name in `env`.
        name: String,
    },
    /// A copy of a value that a dynamic Worker was given.
    Copied {
        /// Its name in `env`.
        name: String,
        /// The value, in the engine's own form.
        value: String,
    },
    /// A binding to a part of the upload.
    Part {
        /// Its name in `env`.
        name: String,
        /// Its type in the field's API.
        kind: &'static str,
        /// The part.
        part: String,
    },
    /// A binding that this version does not offer.
    Other {
        /// Its name in `env`.
        name: String,
        /// Its type in the field's API.
        kind: String,
    },
}

impl Binding {
    /// Its name in `env`.
    pub fn name(&self) -> &str {
        match self {
            Self::PlainText { name, .. }
            | Self::Json { name, .. }
            | Self::Secret { name, .. }
            | Self::Kv { name, .. }
            | Self::Service { name, .. }
            | Self::Assets { name, .. }
            | Self::RateLimit { name, .. }
            | Self::Dispatch { name, .. }
            | Self::Entrypoint { name, .. }
            | Self::Analytics { name, .. }
            | Self::Loader { name }
            | Self::Copied { name, .. }
            | Self::Part { name, .. }
            | Self::Other { name, .. } => name,
        }
    }

    fn value(&self) -> EnvValue<'_> {
        match self {
            Self::PlainText { text, .. } => EnvValue::Text(text),
            Self::Json { json, .. } => EnvValue::Json(json),
            Self::Secret { text, .. } => EnvValue::Secret(text),
            Self::Kv { .. } => EnvValue::Kv,
            Self::Service { .. } | Self::Entrypoint { .. } => EnvValue::Other("service"),
            Self::Assets { .. } => EnvValue::Other("assets"),
            Self::RateLimit { .. } => EnvValue::Other("ratelimit"),
            Self::Dispatch { .. } => EnvValue::Other("dispatch_namespace"),
            Self::Analytics { .. } => EnvValue::Other("analytics_engine"),
            Self::Loader { .. } => EnvValue::Other("worker_loader"),
            Self::Copied { value, .. } => EnvValue::Copied(value),
            Self::Part { kind, part, .. } => EnvValue::Part(kind, part),
            Self::Other { kind, .. } => EnvValue::Other(kind),
        }
    }
}

/// Shows no secret.
impl std::fmt::Debug for Binding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self.value() {
            EnvValue::Text(_) => "plain_text",
            EnvValue::Json(_) => "json",
            EnvValue::Secret(_) => "secret_text",
            EnvValue::Kv => "kv_namespace",
            EnvValue::Other(kind) => kind,
            EnvValue::Copied(_) => "copied",
            EnvValue::Part(kind, _) => kind,
        };
        f.debug_tuple(kind).field(&self.name()).finish()
    }
}

/// What a Worker's `env` offers.
#[derive(Clone)]
pub struct Env {
    bindings: BTreeMap<String, Binding>,
    /// What a dynamic Worker was given inside of values; no names of `env`.
    passed: Vec<Binding>,
    pub(super) store: Store,
    pub(super) outbound: Option<Arc<WayOut>>,
    pub(super) services: Option<Arc<dyn Services>>,
    /// The name of the script that it belongs to.
    pub(super) own: Option<Arc<str>>,
    pub(super) limiter: Limiter,
    pub(super) caches: Option<Caches>,
    pub(super) sockets: SocketOptions,
    pub(super) is_trusted: bool,
    pub(super) analytics: Option<(Analytics, [u8; 16])>,
    pub(super) loaders: Option<Arc<Loaders>>,
    pub(super) network: Network,
}

/// A Worker's caches.
#[derive(Clone)]
pub(super) struct Caches {
    pub cache: Cache,
    pub owner: CacheOwner,
    /// Whether there is one without a name.
    pub has_default: bool,
}

/// A Worker's own share of the way out.
pub(super) struct WayOut {
    pub outbound: Outbound,
    pub tenant: Tenant,
}

impl Env {
    /// An `env` of these bindings; of two with one name the later counts.
    pub fn new(list: Vec<Binding>, store: Store) -> Self {
        Self {
            bindings: list
                .into_iter()
                .map(|binding| (binding.name().to_owned(), binding))
                .collect(),
            passed: Vec::new(),
            store,
            outbound: None,
            services: None,
            own: None,
            limiter: Limiter::default(),
            caches: None,
            sockets: SocketOptions::default(),
            is_trusted: false,
            analytics: None,
            loaders: None,
            network: Network::Open,
        }
    }

    /// Takes it for one of the operator's own, whose word on clients counts.
    #[must_use]
    pub fn with_trust(mut self, is_trusted: bool) -> Self {
        self.is_trusted = is_trusted;
        self
    }

    /// Has its WebSockets to servers keep these bounds.
    #[must_use]
    pub fn with_sockets(mut self, sockets: SocketOptions) -> Self {
        self.sockets = sockets;
        self
    }

    /// Lets it write data points, as this tenant.
    #[must_use]
    pub fn with_analytics(mut self, analytics: Analytics, tenant: [u8; 16]) -> Self {
        self.analytics = Some((analytics, tenant));
        self
    }

    /// Lets it keep answers, as this owner.
    #[must_use]
    pub fn with_cache(mut self, cache: Cache, owner: CacheOwner, has_default: bool) -> Self {
        self.caches = Some(Caches {
            cache,
            owner,
            has_default,
        });
        self
    }

    /// Lets it reach other servers, as this script of a dispatch namespace.
    #[must_use]
    pub fn with_outbound(mut self, outbound: Outbound, namespace: &str, script: &str) -> Self {
        let tenant = outbound.tenant(namespace, script);
        self.outbound = Some(Arc::new(WayOut { outbound, tenant }));
        self
    }

    /// Has it count its calls together with others.
    #[must_use]
    pub fn with_limiter(mut self, limiter: Limiter) -> Self {
        self.limiter = limiter;
        self
    }

    /// Lets it reach what is inside of values of it.
    #[must_use]
    pub(super) fn with_passed(mut self, passed: Vec<Binding>) -> Self {
        self.passed = passed;
        self
    }

    /// Lets it reach other Workers.
    #[must_use]
    pub fn with_services(mut self, services: Arc<dyn Services>) -> Self {
        self.services = Some(services);
        self
    }

    /// Whether a script that it calls is itself, or, what comes to the same, a dynamic Worker of its or
    /// whatever its loader lets a dynamic Worker reach.
    pub(super) fn is_same(&self, script: &str) -> bool {
        let own = self.own.as_deref();
        script.is_empty() || own.is_some_and(|own| own.is_empty() || own == script)
    }

    /// Lets it reach the entrypoints of its own script, which has this name.
    #[must_use]
    pub fn with_own(mut self, script: Arc<str>) -> Self {
        self.own = Some(script);
        self
    }

    /// Lets it have dynamic Workers, so many at the same time.
    #[must_use]
    pub fn with_loader(mut self, loads: Arc<dyn Loads>, max: usize) -> Self {
        self.loaders = Some(Arc::new(Loaders::new(loads, max)));
        self
    }

    /// The binding of a name.
    pub(super) fn binding(&self, name: &str) -> Result<&Binding, OpFailure> {
        let place = || name.strip_prefix('\0')?.parse::<usize>().ok();
        self.bindings
            .get(name)
            .or_else(|| self.passed.get(place()?))
            .ok_or_else(|| unknown(name))
    }

    /// The KV namespace bound to a name.
    pub(super) fn kv_namespace(&self, name: &str) -> Result<NamespaceId, OpFailure> {
        match self.bindings.get(name) {
            Some(Binding::Kv { namespace, .. }) => Ok(*namespace),
            Some(_) => Err(OpFailure::new(
                OpErrorCode::UnknownBinding,
                format!("env.{} is not a KV namespace", shown(name)),
            )),
            None => Err(unknown(name)),
        }
    }

    /// Appends what a name stands for.
    pub(super) fn describe(&self, argument: &[u8], out: &mut Vec<u8>) -> Result<(), OpFailure> {
        let name = std::str::from_utf8(argument).map_err(|_| undecodable("EnvGet"))?;
        let binding = self.bindings.get(name).ok_or_else(|| unknown(name))?;
        out.extend(encode(&binding.value())?);
        Ok(())
    }

    /// Appends all names, in the order of their bytes.
    pub(super) fn names(&self, argument: &[u8], out: &mut Vec<u8>) -> Result<(), OpFailure> {
        if !argument.is_empty() {
            return Err(undecodable("EnvNames"));
        }
        let names: Vec<&str> = self.bindings.keys().map(String::as_str).collect();
        out.extend(encode(&names)?);
        Ok(())
    }
}

fn unknown(name: &str) -> OpFailure {
    OpFailure::new(
        OpErrorCode::UnknownBinding,
        format!(
            "env has no binding named {}; add it to the Worker's configuration and push again",
            shown(name)
        ),
    )
}

/// A guest's text in a message: not without end.
fn shown(name: &str) -> String {
    name.chars().take(64).collect()
}
