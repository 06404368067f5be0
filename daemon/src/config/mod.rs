//! `postern.toml`: read into a raw form, checked against the board, and turned into [`Config`].
//!
//! `docs/configuration.md` tells what every key means. The rest of the daemon sees only
//! [`Config`], in which nothing is optional that could have a default.

mod acme;
mod bundles;
mod check;
mod claim;
pub mod confinement;
mod egress;
pub mod firmware;
mod manage_tls;
mod metrics;
mod network;
mod otlp;
mod outbound;
mod place;
mod raw;
mod replay;
pub mod routing;
mod tls;

pub use acme::{Acme, Challenge};
pub use bundles::{Bundles, PULLS_MAX, Pull};
pub use confinement::Confinement;
pub use firmware::{Critical, Firmware};
pub use manage_tls::{ClientCertificate, ManageTls};
pub use metrics::Metrics;
pub use network::{Address, Clock, Network};
pub use otlp::Otlp;
pub use place::Place;
pub use postern_board::{Problem, amount, document, durability, limits};
pub use replay::{Recording, Replay};
pub use routing::{Mode, Routing, Target};
pub use tls::{Certificate, Minimum, Tls};

use crate::board::{Board, Durability};
use crate::egress::Egress;
use crate::engine::limits::Limits;
use serde::Serialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Where the configuration is looked for when nobody names a file.
pub const PLACES: [&str; 2] = ["postern.toml", "/etc/postern/postern.toml"];

/// The effective configuration. It serialises to a file that reads back as itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Config {
    /// Where everything durable lives.
    pub data_dir: PathBuf,
    /// The machine.
    #[serde(serialize_with = "board_source")]
    pub board: LoadedBoard,
    /// The account that the management port answers for.
    pub account_id: String,
    /// The data plane.
    pub edge: Edge,
    /// Which Worker a request is for.
    pub routing: Routing,
    /// The management port.
    pub manage: Manage,
    /// The way to other servers.
    pub outbound: Outbound,
    /// Where tenants may go.
    pub egress: Egress,
    /// What runs tenants' code.
    pub engine: Engine,
    /// What a Worker gets that asks for nothing.
    pub limits: Limits,
    /// What a Worker may ask for.
    pub ceilings: Limits,
    /// The store.
    pub store: Store,
    /// What Workers keep by the Cache API.
    pub cache: Cache,
    /// Data points of Analytics Engine.
    pub analytics: Analytics,
    /// What is recorded of invocations, for tuning.
    pub tune: Tune,
    /// WebSockets.
    pub websocket: WebSocket,
    /// Dynamic Workers.
    pub loader: Loader,
    /// Records of invocations.
    pub replay: Replay,
    /// The process's own log and what is kept of tenants'.
    pub log: Log,
    /// Figures for Prometheus.
    pub metrics: Metrics,
    /// Where figures and logs are exported to, if anywhere.
    pub otlp: Option<Otlp>,
    /// Where the gateway stands.
    pub place: Place,
    /// The network of a firmware image.
    pub network: Network,
    /// The clock of a firmware image.
    pub clock: Clock,
    /// Updates of the system itself.
    pub firmware: Firmware,
    /// What the process gives up of the system.
    pub confinement: Confinement,
    /// Bundles: who signs them, and by which ways they come.
    pub bundles: Bundles,
}

/// A board and how it was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedBoard {
    /// The name or path that was configured.
    pub source: String,
    /// The board.
    pub board: Board,
}

impl std::ops::Deref for LoadedBoard {
    type Target = Board;

    fn deref(&self) -> &Board {
        &self.board
    }
}

fn board_source<S: serde::Serializer>(board: &LoadedBoard, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(&board.source)
}

/// The data plane: listeners, deadlines and caps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Edge {
    /// Where it listens; port 0 means any.
    pub listen: Vec<SocketAddr>,
    /// Connections at the same time; more are refused with 503.
    pub connections: u32,
    /// How clients reach it, as Workers see it in the URL.
    pub scheme: Scheme,
    /// Milliseconds for a request's head to arrive.
    pub header_deadline_ms: u64,
    /// Milliseconds in which the next part of a request's body must arrive.
    pub body_deadline_ms: u64,
    /// Milliseconds from a request's head to its body's last byte.
    pub body_total_deadline_ms: u64,
    /// Milliseconds in which a client must take the next part of a response.
    pub write_deadline_ms: u64,
    /// Milliseconds that a kept-alive connection may be silent.
    pub idle_deadline_ms: u64,
    /// Bytes of a request's head.
    pub header_bytes: u64,
    /// Bytes of a request's URL.
    pub url_bytes: u64,
    /// Milliseconds that requests in flight may take when the daemon stops.
    pub drain_ms: u64,
    /// Whether clients may have `scheduled` handlers called.
    pub test_routes: bool,
    /// Whether answers of Workers tell in `server-timing` where their time went.
    pub server_timing: bool,
    /// HTTPS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
}

/// A scheme of URLs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTPS, ended by something in front of the daemon.
    Https,
}

/// The management port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Manage {
    /// Where it listens; port 0 means any.
    pub listen: SocketAddr,
    /// Whether it may listen beyond loopback without TLS.
    pub insecure: bool,
    /// Connections at the same time.
    pub connections: u32,
    /// Bytes of an upload.
    pub upload_bytes: u64,
    /// Versions kept of a script, deployed ones included.
    pub versions_kept: u32,
    /// Whose members may use the Unix socket: a name of `/etc/group`, or a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub socket_group: Option<String>,
    /// What they may do, if it is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub socket_role: Option<SocketRole>,
    /// By what a gateway without any credential is claimed; without it the daemon makes a code at each start.
    #[serde(skip)]
    pub claim_code: Option<String>,
    /// Seconds after the start in which it can be claimed; 0 is never.
    pub claim_window_s: u64,
    /// HTTPS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<ManageTls>,
}

/// What members of the Unix socket's group may do, as a token of that role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SocketRole {
    /// Everything.
    Admin,
    /// Change Workers.
    Deploy,
    /// Look.
    #[default]
    Read,
    /// Change limits.
    Tune,
    /// Update the system.
    Firmware,
}

/// The way to other servers, for Workers' subrequests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Outbound {
    /// Whether private, loopback and link-local addresses may be reached.
    pub allow_private: bool,
    /// Connections at the same time; more wait.
    pub connections: u32,
    /// Connections of one Worker at the same time.
    pub worker_connections: u32,
    /// HTTPS.
    pub tls: OutboundTls,
    /// Milliseconds for a name to be found and a connection to be made.
    pub connect_deadline_ms: u64,
    /// Milliseconds from a subrequest to its answer's head.
    pub response_deadline_ms: u64,
    /// Milliseconds for the next part of an answer's body.
    pub body_deadline_ms: u64,
}

/// HTTPS to other servers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct OutboundTls {
    /// Whose certificates are believed.
    pub roots: Vec<Root>,
    /// Connections of TLS at the same time; more wait.
    pub connections: u32,
}

/// Where root certificates come from: `system`, `built-in`, or a file of PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Root {
    /// The system's bundle.
    System,
    /// Those in the binary.
    BuiltIn,
    /// A file.
    File(PathBuf),
}

impl Serialize for Root {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::System => out.serialize_str("system"),
            Self::BuiltIn => out.serialize_str("built-in"),
            Self::File(path) => path.serialize(out),
        }
    }
}

/// What runs tenants' code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Engine {
    /// Milliseconds that an isolate may rest before it is evicted.
    pub isolate_idle_ms: u64,
}

/// The store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Store {
    /// Bytes of its cache.
    pub cache_bytes: u64,
    /// When a write counts as acknowledged.
    pub durability: Durability,
    /// Bytes of one KV namespace.
    pub kv_quota_bytes: u64,
    /// Seconds between two exports, the copies that a damaged store is rebuilt from.
    pub export_every_s: u64,
    /// Exports kept.
    pub exports_kept: u32,
    /// The description of the device key in the kernel's keyring, if it is there and no file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keyring: Option<String>,
}

/// Dynamic Workers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Loader {
    /// That one Worker may have at the same time.
    pub workers: u32,
    /// Bytes of them and their isolates, all versions of a script together.
    pub memory_bytes: u64,
}

/// Data points of Analytics Engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Analytics {
    /// Bytes of all points.
    pub bytes: u64,
    /// Bytes of one Worker's.
    pub worker_bytes: u64,
}

/// What is recorded of invocations, for tuning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Tune {
    /// Bytes of all figures.
    pub bytes: u64,
}

/// The cache of the Cache API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Cache {
    /// Bytes of all answers; 0 keeps none.
    pub bytes: u64,
    /// Bytes of one Worker's.
    pub worker_bytes: u64,
    /// Bytes of one answer's body.
    pub entry_bytes: u64,
    /// How many answers.
    pub entries: u32,
}

/// WebSockets, of clients and to servers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct WebSocket {
    /// Clients' at the same time.
    pub connections: u32,
    /// An isolate's at the same time.
    pub isolate_connections: u32,
    /// Bytes of a message that comes; a Worker's memory may allow less.
    pub message_bytes: u64,
    /// Messages that may come over one.
    pub messages: u32,
    /// Milliseconds of silence after which the peer is pinged; it is let go after twice as many.
    pub ping_ms: u64,
    /// Milliseconds from one side's close to the other's.
    pub close_deadline_ms: u64,
    /// Seconds that one may last.
    pub lifetime_s: u64,
    /// Milliseconds after which those of a version that was replaced or deleted are closed.
    pub retire_ms: u64,
}

/// Logs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Log {
    /// What the process logs about itself.
    pub level: Level,
    /// Levels of single rooms, and of modules in them.
    pub rooms: std::collections::BTreeMap<String, Level>,
    /// How.
    pub format: Format,
    /// Bytes of tenants' logs kept in memory, all together.
    pub tenant_bytes: u64,
}

/// A level of the process's own log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Nothing.
    Off,
    /// What needs a person.
    Error,
    /// What may need one.
    Warn,
    /// What happened.
    Info,
    /// Why it happened.
    Debug,
    /// Everything.
    Trace,
}

impl Level {
    /// As the `log` crate has it.
    pub fn filter(self) -> log::LevelFilter {
        match self {
            Self::Off => log::LevelFilter::Off,
            Self::Error => log::LevelFilter::Error,
            Self::Warn => log::LevelFilter::Warn,
            Self::Info => log::LevelFilter::Info,
            Self::Debug => log::LevelFilter::Debug,
            Self::Trace => log::LevelFilter::Trace,
        }
    }
}

/// The form of the process's own log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// A line of text an event.
    Human,
    /// A JSON object an event.
    Json,
}

/// What the command line says over the file.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// In place of `data-dir`, relative to the current directory.
    pub data_dir: Option<PathBuf>,
    /// In place of `board`; a path is relative to the current directory.
    pub board: Option<String>,
    /// In place of `edge.listen`.
    pub edge_listen: Vec<SocketAddr>,
    /// In place of `manage.listen`.
    pub manage_listen: Option<SocketAddr>,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read `{path}`: {error}; name a file that exists with --config")]
    Read {
        /// The file.
        path: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// The file has mistakes.
    #[error("{}", lines(.0))]
    Invalid(Vec<Problem>),
}

fn lines(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

impl Config {
    /// Reads `file`, or the first of [`PLACES`] that exists, or takes the built-in defaults.
    pub fn load(file: Option<&Path>, overrides: &Overrides) -> Result<Self, ConfigError> {
        let found = match file {
            Some(file) => Some(file.to_owned()),
            None => PLACES.iter().map(PathBuf::from).find(|path| path.exists()),
        };
        let Some(path) = found else {
            return Self::parse("built-in defaults", "", Path::new(""), overrides)
                .map_err(ConfigError::Invalid);
        };
        let shown = path.display().to_string();
        let text = document::read_text(&path).map_err(|error| ConfigError::Read {
            path: shown.clone(),
            error,
        })?;
        let base = path.parent().unwrap_or(Path::new(""));
        Self::parse(&shown, &text, base, overrides).map_err(ConfigError::Invalid)
    }

    /// Checks a file's text. Relative paths in it start at `base`.
    pub fn parse(
        file: &str,
        text: &str,
        base: &Path,
        overrides: &Overrides,
    ) -> Result<Self, Vec<Problem>> {
        let mut document = document::Document::new(file, text);
        let raw: Option<raw::RawConfig> = document.read();
        let (config, elsewhere) = match raw {
            Some(raw) => check::check(&mut document, raw, base, overrides),
            None => (None, Vec::new()),
        };
        let mut problems = document.into_problems();
        problems.extend(elsewhere);
        match config {
            Some(config) if problems.is_empty() => Ok(config),
            _ => Err(problems),
        }
    }
}

impl Config {
    /// The keys in which `new` differs and which only a restart can change.
    pub fn needs_restart(&self, new: &Self) -> Vec<&'static str> {
        // The logger's level is the one part of [log] that can change while running.
        let log_differs =
            self.log.format != new.log.format || self.log.tenant_bytes != new.log.tenant_bytes;
        let outbound = |it: &Self| Outbound {
            allow_private: false,
            tls: OutboundTls {
                roots: Vec::new(),
                ..it.outbound.tls.clone()
            },
            ..it.outbound.clone()
        };
        let edge = |it: &Self| Edge {
            tls: it.edge.tls.clone().map(|tls| Tls {
                certificates: Vec::new(),
                minimum: Minimum::default(),
                http2: false,
                ..tls
            }),
            ..it.edge.clone()
        };
        let manage = |it: &Self| Manage {
            versions_kept: 0,
            // Files and names may change, and whether there is TLS may not.
            tls: it.manage.tls.as_ref().map(|_| ManageTls {
                names: Vec::new(),
                minimum: Minimum::default(),
                client_ca: None,
                client_certificate: None,
                certificates: Vec::new(),
            }),
            ..it.manage.clone()
        };
        [
            (
                "outbound, but for outbound.allow-private and outbound.tls.roots",
                outbound(self) != outbound(new),
            ),
            ("data-dir", self.data_dir != new.data_dir),
            ("board", self.board != new.board),
            ("account-id", self.account_id != new.account_id),
            (
                "edge, but for certificates, edge.tls.minimum and edge.tls.http2",
                edge(self) != edge(new),
            ),
            (
                "manage, but for manage.versions-kept and what is in manage.tls",
                manage(self) != manage(new),
            ),
            ("engine", self.engine != new.engine),
            ("store", self.store != new.store),
            ("cache", self.cache != new.cache),
            ("analytics", self.analytics != new.analytics),
            ("tune", self.tune != new.tune),
            ("websocket", self.websocket != new.websocket),
            ("loader", self.loader != new.loader),
            ("replay", self.replay != new.replay),
            ("metrics", self.metrics != new.metrics),
            ("otlp", self.otlp != new.otlp),
            ("network", self.network != new.network),
            ("clock", self.clock != new.clock),
            ("firmware", self.firmware != new.firmware),
            ("confinement", self.confinement != new.confinement),
            ("bundles", self.bundles != new.bundles),
            ("log.format and log.tenant-bytes", log_differs),
        ]
        .into_iter()
        .filter_map(|(key, differs)| differs.then_some(key))
        .collect()
    }

    /// Takes over what can change while running: routing, limits, ceilings, log levels, how
    /// many versions are kept.
    pub fn take_reloadable(&mut self, new: Self) {
        self.routing = new.routing;
        self.outbound.allow_private = new.outbound.allow_private;
        self.manage.versions_kept = new.manage.versions_kept;
        // Whether there is TLS stays, and so does what would be asked for of a restart.
        if self.manage.tls.is_some() && new.manage.tls.is_some() {
            self.manage.tls = new.manage.tls;
        }
        self.outbound.tls.roots = new.outbound.tls.roots;
        self.egress = new.egress;
        self.limits = new.limits;
        self.ceilings = new.ceilings;
        self.log.level = new.log.level;
        self.log.rooms = new.log.rooms;
    }
}

#[cfg(test)]
mod tests;
