//! What the configuration says, as each room takes it.

use super::memory::Memory;
#[cfg(feature = "acme")]
use crate::acme::{AcmeOptions, Proof};
use crate::analytics::AnalyticsOptions;
use crate::board;
use crate::cache::CacheOptions;
use crate::catalog::Bounds;
use crate::config::{self, Config};
use crate::edge::{self, EdgeOptions};
use crate::engine::EngineOptions;
use crate::manage::ManageOptions;
use crate::manage::claim::ClaimOptions;
use crate::observe::ObserveOptions;
use crate::outbound::{OutboundOptions, Policy, RootSource};
use crate::replay::{ReplayOptions, What};
use crate::store::{Durability, StoreOptions};
#[cfg(feature = "edge-tls")]
use crate::tls;
use crate::tune::calibration::Machine;
use crate::websocket::SocketOptions;
use std::path::PathBuf;
use std::time::Duration;

fn durability(durability: board::Durability) -> Durability {
    match durability {
        board::Durability::Acknowledged => Durability::Acknowledged,
        board::Durability::Interval { interval_ms } => Durability::Interval(interval_ms),
    }
}

pub(super) fn store_options(config: &Config) -> StoreOptions {
    let store = &config.store;
    StoreOptions {
        cache_bytes: store.cache_bytes,
        durability: durability(store.durability),
        kv_quota_bytes: store.kv_quota_bytes,
        export_every: (store.export_every_s > 0).then(|| Duration::from_secs(store.export_every_s)),
        export_keep: store.exports_kept as usize,
        ..StoreOptions::new(&config.data_dir)
    }
}

pub(super) fn socket_options(config: &Config) -> SocketOptions {
    let socket = &config.websocket;
    SocketOptions {
        message_bytes_max: socket.message_bytes,
        messages_max: socket.messages,
        ping_ms: ms(socket.ping_ms),
        close_ms: ms(socket.close_deadline_ms),
        total_ms: ms(socket.lifetime_s.saturating_mul(1000)),
        write_stall_ms: ms(config.edge.write_deadline_ms),
        ..SocketOptions::default()
    }
}

pub(super) fn analytics_options(config: &Config) -> AnalyticsOptions {
    AnalyticsOptions {
        bytes_max: config.analytics.bytes,
        tenant_bytes_max: config.analytics.worker_bytes,
    }
}

pub(super) fn replay_options(config: &Config) -> ReplayOptions {
    let replay = &config.replay;
    ReplayOptions {
        what: match replay.record {
            config::Recording::Off => What::Nothing,
            config::Recording::Failures => What::Failures,
            config::Recording::Sampled => What::Sampled(replay.sample),
        },
        isolate_bytes: replay.isolate_bytes,
        bytes_max: replay.bytes,
        records_max: replay.records as usize,
        per_minute: replay.per_minute,
        redacts: replay.redact,
        off: replay.off.clone(),
        dir: config.data_dir.join("replays"),
    }
}

pub(super) fn cache_options(config: &Config) -> CacheOptions {
    let cache = &config.cache;
    CacheOptions {
        bytes_max: cache.bytes,
        owner_bytes_max: cache.worker_bytes,
        entry_bytes_max: cache.entry_bytes,
        entries_max: cache.entries as usize,
        ..CacheOptions::new(&config.data_dir.join("cache"))
    }
}

pub(super) fn engine_options(config: &Config, memory: &Memory) -> EngineOptions {
    EngineOptions {
        fuel_per_ms: config.board.fuel_per_ms,
        slice_fuel: config.board.slice_fuel,
        threads: threads(config),
        budget: memory.workers.clone(),
        idle: Duration::from_millis(config.engine.isolate_idle_ms),
        module_bytes: config.manage.upload_bytes,
        // This program, even after its file was replaced by a newer one.
        judge: Some(PathBuf::from("/proc/self/exe")),
        dir: Some(config.data_dir.join("engine")),
        sockets_max: config.websocket.isolate_connections,
        socket_retire: Duration::from_millis(config.websocket.retire_ms),
        ..EngineOptions::default()
    }
}

pub(super) fn calibrated(config: &Config) -> Machine {
    Machine {
        board: config.board.name.clone(),
        cores: config.board.cores.max(1) as usize,
        fuel_per_ms: config.board.fuel_per_ms,
        slice_fuel: config.board.slice_fuel,
        durability: durability(config.store.durability),
    }
}

pub(super) fn policy(config: &Config) -> Policy {
    Policy {
        allow_private: config.outbound.allow_private,
        egress: config.egress.clone(),
    }
}

pub(super) fn roots(config: &Config) -> Vec<RootSource> {
    let roots = config.outbound.tls.roots.iter();
    roots
        .map(|root| match root {
            config::Root::System => RootSource::System,
            config::Root::BuiltIn => RootSource::BuiltIn,
            config::Root::File(path) => RootSource::File(path.clone()),
        })
        .collect()
}

pub(super) fn outbound_options(config: &Config) -> OutboundOptions {
    let duration = |ms| Duration::from_millis(ms);
    OutboundOptions {
        policy: policy(config),
        connections_max: config.outbound.connections as usize,
        tenant_connections_max: Some(config.outbound.worker_connections as usize),
        tls_connections_max: config.outbound.tls.connections as usize,
        roots: roots(config),
        connect: duration(config.outbound.connect_deadline_ms),
        head: duration(config.outbound.response_deadline_ms),
        stall: duration(config.outbound.body_deadline_ms),
        ..OutboundOptions::default()
    }
}

pub(super) fn bounds(config: &Config) -> Bounds {
    Bounds {
        default: config.limits,
        ceiling: config.ceilings,
        board: config.board.ceilings,
        versions_kept: config.manage.versions_kept,
    }
}

fn ms(ms: u64) -> u32 {
    u32::try_from(ms).unwrap_or(u32::MAX)
}

pub(super) fn edge_options(config: &Config) -> EdgeOptions {
    let edge = &config.edge;
    EdgeOptions {
        connections_max: edge.connections as usize,
        url_bytes_max: usize::try_from(edge.url_bytes).unwrap_or(usize::MAX),
        header_bytes_max: usize::try_from(edge.header_bytes).unwrap_or(usize::MAX),
        request_body_bytes_max: config.ceilings.request_body_bytes,
        header_ms: ms(edge.header_deadline_ms),
        idle_ms: ms(edge.idle_deadline_ms),
        body_stall_ms: ms(edge.body_deadline_ms),
        body_total_ms: ms(edge.body_total_deadline_ms),
        write_stall_ms: ms(edge.write_deadline_ms),
        drain_ms: ms(edge.drain_ms),
        scheme: match edge.scheme {
            config::Scheme::Http => edge::Scheme::Http,
            config::Scheme::Https => edge::Scheme::Https,
        },
        streams_max: edge
            .tls
            .as_ref()
            .and_then(|tls| u32::try_from(tls.http2_streams).ok())
            .unwrap_or(EdgeOptions::default().streams_max),
        stream_requests_max: edge
            .tls
            .as_ref()
            .and_then(|tls| u32::try_from(tls.http2_requests).ok())
            .unwrap_or(EdgeOptions::default().stream_requests_max),
        streams_age_ms: edge
            .tls
            .as_ref()
            .and_then(|tls| u32::try_from(tls.http2_age_ms).ok())
            .unwrap_or(EdgeOptions::default().streams_age_ms),
        redirects: edge.tls.as_ref().is_some_and(|tls| tls.redirect),
        hsts: edge
            .tls
            .as_ref()
            .filter(|tls| tls.hsts_s > 0)
            .and_then(|tls| http::HeaderValue::from_str(&format!("max-age={}", tls.hsts_s)).ok()),
        test_routes: edge.test_routes,
        server_timing: edge.server_timing,
        place: config.place.fields().into(),
        sockets_max: config.websocket.connections as usize,
        socket: socket_options(config),
        ..EdgeOptions::default()
    }
}

/// How the edge speaks TLS, if it does.
#[cfg(feature = "edge-tls")]
pub(super) fn tls_options(config: &Config) -> Option<tls::TlsOptions> {
    let tls = config.edge.tls.as_ref()?;
    let identities = tls.certificates.iter().map(|it| tls::Identity {
        chain: it.chain.clone(),
        key: it.key.clone(),
        ocsp: it.ocsp.clone(),
    });
    Some(tls::TlsOptions {
        identities: identities.collect(),
        only_1_3: tls.minimum == config::Minimum::Tls13,
        http2: tls.http2,
        clients: None,
    })
}

/// What certificate is issued to the edge, if one is.
#[cfg(feature = "acme")]
pub(super) fn acme_options(config: &Config) -> Option<AcmeOptions> {
    let acme = config.edge.tls.as_ref()?.acme.as_ref()?;
    Some(AcmeOptions {
        directory: acme.directory.clone(),
        contact: acme.contact.clone(),
        domains: acme.domains.clone(),
        proof: match acme.challenge {
            config::Challenge::Http01 => Proof::Http01,
            config::Challenge::TlsAlpn01 => Proof::TlsAlpn01,
        },
        folder: config.data_dir.join("acme"),
    })
}

/// The way to who issues it. The operator's servers may be anywhere.
#[cfg(feature = "acme")]
pub(super) fn acme_outbound(config: &Config) -> OutboundOptions {
    let acme = config.edge.tls.as_ref().and_then(|tls| tls.acme.as_ref());
    let own = acme.and_then(|it| it.roots.clone()).map(RootSource::File);
    OutboundOptions {
        policy: Policy {
            allow_private: true,
            ..Policy::default()
        },
        roots: own.map_or_else(|| roots(config), |root| vec![root]),
        connections_max: 2,
        tls_connections_max: 2,
        idle_max: 1,
        ..outbound_options(config)
    }
}

pub(super) fn manage_options(config: &Config, memory: &Memory) -> ManageOptions {
    ManageOptions {
        account_id: config.account_id.clone(),
        subdomain: config.routing.account_subdomain.clone(),
        upload_bytes_max: config.manage.upload_bytes,
        bulk_bytes_max: config.board.large_body_bytes(),
        memory: memory.management.clone(),
        ..ManageOptions::default()
    }
}

pub(super) fn claim_options(config: &Config) -> ClaimOptions {
    ClaimOptions {
        code: config.manage.claim_code.clone(),
        window: Duration::from_secs(config.manage.claim_window_s),
    }
}

pub(super) fn observe_options(log: &config::Log) -> ObserveOptions {
    let total = usize::try_from(log.tenant_bytes).unwrap_or(usize::MAX);
    let options = ObserveOptions::default();
    ObserveOptions {
        total_bytes_max: total,
        script_bytes_max: options.script_bytes_max.min(total),
        ..options
    }
}

/// Threads that run Workers: one a core, of those that this process may use.
pub(super) fn threads(config: &Config) -> usize {
    let may = std::thread::available_parallelism().map_or(usize::MAX, usize::from);
    (config.board.cores as usize).min(may).max(1)
}

/// Levels as the logger reads them: `info,edge=debug`.
pub(super) fn log_filter(log: &config::Log) -> String {
    let mut filter = log.level.filter().to_string().to_lowercase();
    for (room, level) in &log.rooms {
        filter.push_str(&format!(
            ",{room}={}",
            level.filter().to_string().to_lowercase()
        ));
    }
    filter
}
