//! `postern.toml` as written: everything optional, every value with its place.

use super::amount::Amount;
use super::confinement::RawConfinement;
use super::durability::RawDurability;
use super::egress::RawEgress;
use super::firmware::RawFirmware;
use super::limits::RawLimits;
use super::metrics::RawMetrics;
use super::network::{RawClock, RawNetwork};
use super::otlp::RawOtlp;
use super::place::RawPlace;
use super::replay::RawReplay;
use super::{Format, Level, Mode, Scheme};
use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;
use toml::Spanned;

#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawConfig {
    pub data_dir: Option<Spanned<String>>,
    pub board: Option<Spanned<String>>,
    pub account_id: Option<Spanned<String>>,
    pub edge: RawEdge,
    pub routing: RawRouting,
    pub manage: RawManage,
    pub outbound: RawOutbound,
    pub egress: RawEgress,
    pub engine: RawEngine,
    pub limits: RawLimits,
    pub ceilings: RawLimits,
    pub store: RawStore,
    pub cache: RawCache,
    pub analytics: RawAnalytics,
    pub tune: RawTune,
    pub websocket: RawWebSocket,
    pub loader: RawLoader,
    pub replay: RawReplay,
    pub log: RawLog,
    pub metrics: RawMetrics,
    pub otlp: Option<Spanned<RawOtlp>>,
    pub place: RawPlace,
    pub network: RawNetwork,
    pub clock: RawClock,
    pub firmware: RawFirmware,
    pub confinement: RawConfinement,
    pub bundles: super::bundles::RawBundles,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawEdge {
    pub listen: Option<Texts>,
    pub connections: Option<Spanned<Amount>>,
    pub scheme: Option<Scheme>,
    pub header_deadline_ms: Option<Spanned<Amount>>,
    pub body_deadline_ms: Option<Spanned<Amount>>,
    pub body_total_deadline_ms: Option<Spanned<Amount>>,
    pub write_deadline_ms: Option<Spanned<Amount>>,
    pub idle_deadline_ms: Option<Spanned<Amount>>,
    pub header_bytes: Option<Spanned<Amount>>,
    pub url_bytes: Option<Spanned<Amount>>,
    pub drain_ms: Option<Spanned<Amount>>,
    pub test_routes: Option<bool>,
    pub server_timing: Option<bool>,
    pub tls: Option<Spanned<super::tls::RawTls>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawRouting {
    pub modes: Option<Spanned<Vec<Spanned<Mode>>>>,
    pub namespace: Option<Spanned<String>>,
    pub zone: Option<Spanned<String>>,
    pub account_subdomain: Option<Spanned<String>>,
    pub header: Option<Spanned<String>>,
    pub kv_namespace: Option<Spanned<String>>,
    pub path_keeps_segment: Option<bool>,
    pub hostnames: Option<Spanned<BTreeMap<Spanned<String>, Spanned<String>>>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawManage {
    pub listen: Option<Spanned<String>>,
    pub insecure: Option<bool>,
    pub tls: Option<Spanned<super::manage_tls::RawManageTls>>,
    pub connections: Option<Spanned<Amount>>,
    pub upload_bytes: Option<Spanned<Amount>>,
    pub versions_kept: Option<Spanned<Amount>>,
    pub claim_code: Option<Spanned<String>>,
    pub claim_window_s: Option<Spanned<Amount>>,
    pub socket_group: Option<Spanned<String>>,
    pub socket_role: Option<Spanned<super::SocketRole>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawOutbound {
    pub allow_private: Option<bool>,
    pub connections: Option<Spanned<Amount>>,
    pub worker_connections: Option<Spanned<Amount>>,
    pub tls: RawOutboundTls,
    pub connect_deadline_ms: Option<Spanned<Amount>>,
    pub response_deadline_ms: Option<Spanned<Amount>>,
    pub body_deadline_ms: Option<Spanned<Amount>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawOutboundTls {
    pub roots: Option<Texts>,
    pub connections: Option<Spanned<Amount>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawEngine {
    pub isolate_idle_ms: Option<Spanned<Amount>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawStore {
    pub cache_bytes: Option<Spanned<Amount>>,
    pub durability: Option<Spanned<RawDurability>>,
    pub kv_quota_bytes: Option<Spanned<Amount>>,
    pub export_every_s: Option<Spanned<Amount>>,
    pub exports_kept: Option<Spanned<Amount>>,
    pub keyring: Option<Spanned<String>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawAnalytics {
    pub bytes: Option<Spanned<Amount>>,
    pub worker_bytes: Option<Spanned<Amount>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawTune {
    pub bytes: Option<Spanned<Amount>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawLoader {
    pub workers: Option<Spanned<Amount>>,
    pub memory_bytes: Option<Spanned<Amount>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawCache {
    pub bytes: Option<Spanned<Amount>>,
    pub worker_bytes: Option<Spanned<Amount>>,
    pub entry_bytes: Option<Spanned<Amount>>,
    pub entries: Option<Spanned<Amount>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawWebSocket {
    pub connections: Option<Spanned<Amount>>,
    pub isolate_connections: Option<Spanned<Amount>>,
    pub message_bytes: Option<Spanned<Amount>>,
    pub messages: Option<Spanned<Amount>>,
    pub ping_ms: Option<Spanned<Amount>>,
    pub close_deadline_ms: Option<Spanned<Amount>>,
    pub lifetime_s: Option<Spanned<Amount>>,
    pub retire_ms: Option<Spanned<Amount>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawLog {
    pub level: Option<Level>,
    #[serde(alias = "levels")]
    pub rooms: BTreeMap<Spanned<String>, Level>,
    pub format: Option<Format>,
    pub tenant_bytes: Option<Spanned<Amount>>,
}

/// One text, or a list of them, each with its place.
#[derive(Debug)]
pub(super) struct Texts(pub Vec<Spanned<String>>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A lone text has no place once it is past `Spanned`; so the whole value is read with
        // its place first, and a list's items bring their own.
        let whole = Spanned::<OneOrMany>::deserialize(deserializer)?;
        let span = whole.span();
        Ok(match whole.into_inner() {
            OneOrMany::One(text) => Self(vec![Spanned::new(span, text)]),
            OneOrMany::Many(texts) => Self(texts),
        })
    }
}

enum OneOrMany {
    One(String),
    Many(Vec<Spanned<String>>),
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany::One(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<OneOrMany, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = items.next_element()? {
                    texts.push(text);
                }
                Ok(OneOrMany::Many(texts))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}
