//! From the raw form to [`Config`]: every rule that spans a value, two keys, or the board.

use super::amount::{Amount, show_bytes};
use super::document::{Document, Problem};
use super::raw::{
    RawAnalytics, RawCache, RawConfig, RawEdge, RawEngine, RawLog, RawManage, RawStore,
    RawWebSocket, Texts,
};
use super::{
    Analytics, Cache, Config, Edge, Engine, Format, Level, LoadedBoard, Loader, Log, Manage,
    Overrides, Scheme, Store, Tune, WebSocket, egress, limits, routing,
};
use crate::board::{self, Board, BoardError};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// Modules whose log level can be set apart.
const ROOMS: [&str; 20] = [
    "analytics",
    "assets",
    "bindings",
    "board",
    "cache",
    "catalog",
    "cli",
    "cron",
    "delivery",
    "edge",
    "engine",
    "firmware",
    "init",
    "logpush",
    "manage",
    "observe",
    "outbound",
    "store",
    "tail",
    "websocket",
];

/// Milliseconds that a deadline may have.
pub(super) const DEADLINE_MS: (u64, u64) = (10, 3_600_000);

/// Milliseconds that an isolate may rest: not so few that each request starts one, not so many
/// that none is ever evicted.
const ISOLATE_IDLE_MS: (u64, u64) = (100, 86_400_000);

/// Checks everything. The second result holds mistakes of other files, the board's.
pub(super) fn check(
    document: &mut Document<'_>,
    raw: RawConfig,
    base: &Path,
    overrides: &Overrides,
) -> (Option<Config>, Vec<Problem>) {
    let board = match board(document, &raw, base, overrides) {
        Ok(board) => board,
        Err(problems) => return (None, problems),
    };
    let account_id = match &raw.account_id {
        Some(id) if !is_account(id.get_ref()) => {
            document.problem(
                Some(id.span()),
                format!("`{}` is no account id", id.get_ref()),
                "use 1 to 64 letters, digits, `-` and `_`",
            );
            String::new()
        }
        Some(id) => id.get_ref().clone(),
        None => "edge".to_owned(),
    };
    let ceilings = limits::apply(document, "ceilings", &raw.ceilings, board.ceilings);
    limits::compare(
        document,
        ("ceilings", &ceilings, &raw.ceilings),
        ("the board's `ceilings`", &board.ceilings),
        "lower it here, or raise it in the board file if the machine can bear it",
    );
    let defaults = limits::Limits::default()
        .with_startup(board.fuel_per_ms)
        .with_memory(board.budgets.tenant_memory_bytes);
    let defaults = limits::lower_unwritten(defaults, &raw.limits, &ceilings);
    let defaults = limits::apply(document, "limits", &raw.limits, defaults);
    limits::compare(
        document,
        ("limits", &defaults, &raw.limits),
        ("`ceilings`", &ceilings),
        "lower it, or raise the ceiling",
    );
    let edge = edge(document, raw.edge, (base, &board), overrides);
    let manage = manage(document, raw.manage, base, overrides, &board);
    let outbound = super::outbound::check(document, raw.outbound, base, &board);
    let egress = egress::check(document, raw.egress);
    let engine = engine(document, &raw.engine);
    let routing = routing::check(document, raw.routing);
    let store = store(document, raw.store, &board);
    let cache = cache(document, &raw.cache, &board);
    let analytics = analytics(document, &raw.analytics);
    let tune = Tune {
        bytes: number(
            document,
            "tune.bytes",
            raw.tune.bytes.as_ref(),
            board.figures_bytes(),
            (64 << 10, 8 << 20),
        ),
    };
    let websocket = websocket(document, &raw.websocket);
    let loader = Loader {
        workers: count(
            document,
            "loader.workers",
            raw.loader.workers.as_ref(),
            32,
            4096,
        ),
        memory_bytes: number(
            document,
            "loader.memory-bytes",
            raw.loader.memory_bytes.as_ref(),
            board.budgets.tenant_memory_bytes / 2,
            (64 << 10, board.budgets.tenant_memory_bytes),
        ),
    };
    let replay = super::replay::check(document, raw.replay, &board);
    let log = log(document, raw.log, &board);
    let metrics = super::metrics::check(document, &raw.metrics);
    let otlp = raw.otlp.and_then(|raw| super::otlp::check(document, raw));
    let place = super::place::check(document, raw.place);
    let network = super::network::check(document, raw.network);
    let clock = super::network::check_clock(document, raw.clock);
    let firmware =
        super::firmware::check(document, raw.firmware, base, manage.claim_code.is_none());
    let confinement = super::confinement::check(document, raw.confinement, base);
    let bundles = super::bundles::check(document, raw.bundles, base);
    let data_dir = match (&overrides.data_dir, &raw.data_dir) {
        (Some(dir), _) => dir.clone(),
        (None, Some(dir)) => base.join(dir.get_ref()),
        (None, None) => PathBuf::from(".postern"),
    };
    if data_dir.as_os_str().is_empty() {
        document.problem(
            raw.data_dir.as_ref().map(Spanned::span),
            "`data-dir` is empty",
            "name a directory on storage that lasts",
        );
    }
    let config = Config {
        data_dir,
        board,
        account_id,
        edge,
        routing,
        manage,
        outbound,
        egress,
        engine,
        limits: defaults,
        ceilings,
        store,
        cache,
        analytics,
        tune,
        websocket,
        loader,
        replay,
        log,
        metrics,
        otlp,
        place,
        network,
        clock,
        firmware,
        confinement,
        bundles,
    };
    (Some(config), Vec::new())
}

fn board(
    document: &mut Document<'_>,
    raw: &RawConfig,
    base: &Path,
    overrides: &Overrides,
) -> Result<LoadedBoard, Vec<Problem>> {
    let (source, base, span) = match (&overrides.board, &raw.board) {
        (Some(name), _) => (name.as_str(), Path::new(""), None),
        (None, Some(name)) => (name.get_ref().as_str(), base, Some(name.span())),
        (None, None) => (board::DEFAULT, base, None),
    };
    match Board::load(source, base) {
        Ok(board) => Ok(LoadedBoard {
            source: source.to_owned(),
            board,
        }),
        Err(BoardError::Invalid(problems)) => Err(problems),
        Err(error) => {
            let message = error.to_string();
            let (what, remedy) = message.split_once("; ").unwrap_or((&message, ""));
            document.problem(span, what, remedy);
            Err(Vec::new())
        }
    }
}

fn is_account(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// A number between bounds, or a default.
pub(super) fn number(
    document: &mut Document<'_>,
    key: &str,
    value: Option<&Spanned<Amount>>,
    default: u64,
    (least, most): (u64, u64),
) -> u64 {
    let Some(written) = value else {
        return default.min(most);
    };
    let Amount { value, bytes } = *written.get_ref();
    let counts_bytes = key.ends_with("bytes");
    if bytes && !counts_bytes {
        document.problem(
            Some(written.span()),
            format!("`{key}` has a unit of bytes, but it does not count bytes"),
            "write a number alone",
        );
        return default;
    }
    if (least..=most).contains(&value) {
        return value;
    }
    let show = |n: u64| {
        if counts_bytes {
            show_bytes(n)
        } else {
            n.to_string()
        }
    };
    document.problem(
        Some(written.span()),
        format!(
            "`{key}` is {}; it must be {} to {}",
            show(value),
            show(least),
            show(most)
        ),
        "choose a value in this range",
    );
    default
}

/// Like [`number`], for what counts things.
pub(super) fn count(
    document: &mut Document<'_>,
    key: &str,
    value: Option<&Spanned<Amount>>,
    default: u32,
    most: u32,
) -> u32 {
    let value = number(
        document,
        key,
        value,
        u64::from(default),
        (1, u64::from(most)),
    );
    u32::try_from(value).unwrap_or(most)
}

pub(super) fn address(
    document: &mut Document<'_>,
    key: &str,
    text: &Spanned<String>,
) -> Option<SocketAddr> {
    let parsed = text.get_ref().parse();
    if parsed.is_err() {
        document.problem(
            Some(text.span()),
            format!("`{key}` is `{}`, which is no address", text.get_ref()),
            "write an IP address and a port, like \"127.0.0.1:8787\" or \"[::]:8787\"",
        );
    }
    parsed.ok()
}

fn edge(
    document: &mut Document<'_>,
    raw: RawEdge,
    (base, board): (&Path, &Board),
    overrides: &Overrides,
) -> Edge {
    let mut listen = Vec::new();
    match &raw.listen {
        Some(Texts(texts)) => {
            if texts.is_empty() || texts.len() > 16 {
                document.problem(
                    texts.first().map(Spanned::span),
                    format!(
                        "`edge.listen` has {} addresses; it must have 1 to 16",
                        texts.len()
                    ),
                    "name the addresses that clients reach",
                );
            }
            for text in texts {
                let Some(parsed) = address(document, "edge.listen", text) else {
                    continue;
                };
                if parsed.port() != 0 && listen.contains(&parsed) {
                    document.problem(
                        Some(text.span()),
                        format!("`edge.listen` names {parsed} twice"),
                        "keep one",
                    );
                }
                listen.push(parsed);
            }
        }
        None => listen.push(SocketAddr::from(([127, 0, 0, 1], 8787))),
    }
    if !overrides.edge_listen.is_empty() {
        listen.clone_from(&overrides.edge_listen);
    }
    let most = board.budgets.connections;
    let mut deadline = |key, value: &Option<Spanned<Amount>>, default| {
        number(document, key, value.as_ref(), default, DEADLINE_MS)
    };
    let header_deadline_ms = deadline("edge.header-deadline-ms", &raw.header_deadline_ms, 10_000);
    let body_deadline_ms = deadline("edge.body-deadline-ms", &raw.body_deadline_ms, 30_000);
    let body_total_deadline_ms = deadline(
        "edge.body-total-deadline-ms",
        &raw.body_total_deadline_ms,
        300_000,
    );
    let write_deadline_ms = deadline("edge.write-deadline-ms", &raw.write_deadline_ms, 30_000);
    let idle_deadline_ms = deadline("edge.idle-deadline-ms", &raw.idle_deadline_ms, 60_000);
    let drain_ms = deadline("edge.drain-ms", &raw.drain_ms, 10_000);
    Edge {
        connections: count(
            document,
            "edge.connections",
            raw.connections.as_ref(),
            1024,
            most,
        ),
        scheme: raw.scheme.unwrap_or(Scheme::Http),
        header_deadline_ms,
        body_deadline_ms,
        body_total_deadline_ms,
        write_deadline_ms,
        idle_deadline_ms,
        header_bytes: number(
            document,
            "edge.header-bytes",
            raw.header_bytes.as_ref(),
            postern_abi::limits::HEADERS_MAX as u64,
            (8 << 10, postern_abi::limits::HEADERS_MAX as u64),
        ),
        url_bytes: number(
            document,
            "edge.url-bytes",
            raw.url_bytes.as_ref(),
            postern_abi::limits::URL_MAX as u64,
            (1 << 10, postern_abi::limits::URL_MAX as u64),
        ),
        drain_ms,
        test_routes: raw.test_routes.unwrap_or(false),
        server_timing: raw.server_timing.unwrap_or(false),
        tls: super::tls::check(document, raw.tls, base, &listen),
        listen,
    }
}

/// Bytes of a group's name.
const GROUP_MAX: usize = 64;

fn manage(
    document: &mut Document<'_>,
    raw: RawManage,
    base: &Path,
    overrides: &Overrides,
    board: &Board,
) -> Manage {
    let tls = super::manage_tls::check(document, raw.tls, base);
    let written = raw
        .listen
        .as_ref()
        .and_then(|text| address(document, "manage.listen", text));
    let listen = overrides
        .manage_listen
        .or(written)
        .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8788)));
    let insecure = raw.insecure.unwrap_or(false);
    if !listen.ip().is_loopback() && !insecure && tls.is_none() {
        let span = match overrides.manage_listen {
            Some(_) => None,
            None => raw.listen.as_ref().map(Spanned::span),
        };
        document.problem(
            span,
            format!("`manage.listen` is {listen}, which is not loopback, and there is no TLS: tokens would travel in the clear"),
            "have TLS by a table [manage.tls], listen on 127.0.0.1 behind a tunnel or a TLS proxy, or say `insecure = true` in [manage]",
        );
    }
    let socket_group = raw.socket_group.and_then(|group| {
        let (span, group) = (group.span(), group.into_inner());
        let is_name = |it: char| it.is_ascii_graphic() && !":,/".contains(it);
        if (1..=GROUP_MAX).contains(&group.len()) && group.chars().all(is_name) {
            return Some(group);
        }
        document.problem(
            Some(span),
            format!("`manage.socket-group` is {group:?}, which is no group"),
            "name one of /etc/group, or its number",
        );
        None
    });
    let socket_role = raw.socket_role.map(|role| {
        if socket_group.is_none() {
            document.problem(
                Some(role.span()),
                "`manage.socket-role` is what members of a group may do, and there is no group"
                    .to_owned(),
                "name one: socket-group = \"…\"",
            );
        }
        role.into_inner()
    });
    Manage {
        claim_code: super::claim::code(document, raw.claim_code),
        claim_window_s: super::claim::window_s(document, raw.claim_window_s.as_ref()),
        listen,
        insecure,
        socket_group,
        socket_role,
        connections: count(
            document,
            "manage.connections",
            raw.connections.as_ref(),
            64,
            4096,
        ),
        upload_bytes: number(
            document,
            "manage.upload-bytes",
            raw.upload_bytes.as_ref(),
            board.large_body_bytes(),
            (64 << 10, 1 << 30),
        ),
        versions_kept: count(
            document,
            "manage.versions-kept",
            raw.versions_kept.as_ref(),
            10,
            100,
        ),
        tls,
    }
}

fn engine(document: &mut Document<'_>, raw: &RawEngine) -> Engine {
    Engine {
        isolate_idle_ms: number(
            document,
            "engine.isolate-idle-ms",
            raw.isolate_idle_ms.as_ref(),
            60_000,
            ISOLATE_IDLE_MS,
        ),
    }
}

fn store(document: &mut Document<'_>, raw: RawStore, board: &Board) -> Store {
    let durability = raw
        .durability
        .and_then(|written| written.get_ref().check(document, "store", written.span()))
        .unwrap_or(board.storage.durability);
    let (cache, quota) = (
        board.budgets.store_cache_bytes,
        board.budgets.kv_quota_bytes,
    );
    Store {
        cache_bytes: number(
            document,
            "store.cache-bytes",
            raw.cache_bytes.as_ref(),
            16 << 20,
            (1 << 20, cache),
        ),
        durability,
        kv_quota_bytes: number(
            document,
            "store.kv-quota-bytes",
            raw.kv_quota_bytes.as_ref(),
            1 << 30,
            (1 << 10, quota),
        ),
        export_every_s: number(
            document,
            "store.export-every-s",
            raw.export_every_s.as_ref(),
            3600,
            (10, 604_800),
        ),
        exports_kept: count(
            document,
            "store.exports-kept",
            raw.exports_kept.as_ref(),
            3,
            100,
        ),
        keyring: raw.keyring.and_then(|written| keyring(document, &written)),
    }
}

/// The description of a key of the kernel's.
fn keyring(document: &mut Document<'_>, written: &Spanned<String>) -> Option<String> {
    let name = written.get_ref();
    let fits = (1..=255).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic());
    if !fits {
        document.problem(
            Some(written.span()),
            format!("store.keyring is {name:?}, which describes no key"),
            "write the description that the key was added under: 1 to 255 visible characters of ASCII, without spaces",
        );
    }
    fits.then(|| name.clone())
}

fn analytics(document: &mut Document<'_>, raw: &RawAnalytics) -> Analytics {
    let bytes = number(
        document,
        "analytics.bytes",
        raw.bytes.as_ref(),
        32 << 20,
        (64 << 10, 1 << 30),
    );
    Analytics {
        bytes,
        worker_bytes: number(
            document,
            "analytics.worker-bytes",
            raw.worker_bytes.as_ref(),
            bytes.min(4 << 20),
            (64 << 10, bytes),
        ),
    }
}

fn cache(document: &mut Document<'_>, raw: &RawCache, board: &Board) -> Cache {
    let bytes = number(
        document,
        "cache.bytes",
        raw.bytes.as_ref(),
        128 << 20,
        (0, board.budgets.cache_bytes),
    );
    let mut part = |key, raw: Option<&Spanned<Amount>>, usual: u64| {
        let most = bytes.max(64 << 10);
        number(document, key, raw, usual.min(most), (64 << 10, most))
    };
    let worker_bytes = part("cache.worker-bytes", raw.worker_bytes.as_ref(), 32 << 20);
    let entry_bytes = part("cache.entry-bytes", raw.entry_bytes.as_ref(), 16 << 20);
    Cache {
        bytes,
        worker_bytes,
        entry_bytes: entry_bytes.min(worker_bytes),
        entries: count(
            document,
            "cache.entries",
            raw.entries.as_ref(),
            4096,
            1 << 20,
        ),
    }
}

fn websocket(document: &mut Document<'_>, raw: &RawWebSocket) -> WebSocket {
    let most = postern_abi::socket::MESSAGE_MAX as u64;
    let mut counted = |key, raw: &Option<Spanned<Amount>>, usual, most| {
        count(document, key, raw.as_ref(), usual, most)
    };
    let connections = counted("websocket.connections", &raw.connections, 512, 65_536);
    let isolate_connections = counted(
        "websocket.isolate-connections",
        &raw.isolate_connections,
        128,
        65_536,
    );
    let messages = counted("websocket.messages", &raw.messages, 10_000_000, u32::MAX);
    let mut timed = |key, raw: &Option<Spanned<Amount>>, usual, bounds| {
        number(document, key, raw.as_ref(), usual, bounds)
    };
    WebSocket {
        connections,
        isolate_connections,
        messages,
        ping_ms: timed("websocket.ping-ms", &raw.ping_ms, 30_000, DEADLINE_MS),
        close_deadline_ms: timed(
            "websocket.close-deadline-ms",
            &raw.close_deadline_ms,
            30_000,
            DEADLINE_MS,
        ),
        lifetime_s: timed(
            "websocket.lifetime-s",
            &raw.lifetime_s,
            86_400,
            (1, 2_592_000),
        ),
        retire_ms: timed(
            "websocket.retire-ms",
            &raw.retire_ms,
            30_000,
            (0, 3_600_000),
        ),
        message_bytes: timed(
            "websocket.message-bytes",
            &raw.message_bytes,
            most,
            (1 << 10, most),
        ),
    }
}

fn log(document: &mut Document<'_>, raw: RawLog, board: &Board) -> Log {
    let mut rooms = BTreeMap::new();
    for (room, level) in raw.rooms {
        let name = room.get_ref().as_str();
        let (first, rest) = name.split_once("::").unwrap_or((name, "-"));
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        if !ROOMS.contains(&first) {
            document.problem(
                Some(room.span()),
                format!("unknown room `{first}` in `log.rooms`"),
                super::document::suggest(first, &ROOMS),
            );
        } else if rest != "-" && (rest.is_empty() || !rest.chars().all(fits)) {
            document.problem(
                Some(room.span()),
                format!("`{name}` in `log.rooms` is no module"),
                "write a room, or one and a part of it, as `store::kv`",
            );
        }
        rooms.insert(room.into_inner(), level);
    }
    Log {
        level: raw.level.unwrap_or(Level::Info),
        rooms,
        format: raw.format.unwrap_or(Format::Human),
        tenant_bytes: number(
            document,
            "log.tenant-bytes",
            raw.tenant_bytes.as_ref(),
            2 << 20,
            (64 << 10, board.budgets.log_bytes),
        ),
    }
}
