//! Dependencies between rooms point one way: what each room of the daemon may know is stated
//! here, and held against its sources. `docs/architecture.md` says why.
#![allow(clippy::unwrap_used)]

#[path = "rooms/paths.rs"]
mod paths;
#[path = "rooms/tokens.rs"]
mod tokens;

use paths::Named;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What each room may name of the others: a room, or a part of one.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("store", &[]),
    // It knows sockets and names; what a subrequest is the bindings know.
    ("outbound", &["egress", "deadline"]),
    // Rules of where tenants may go.
    ("egress", &[]),
    // What is due when; what runs then others know.
    ("cron", &[]),
    // What is due when, on one timer.
    ("deadline", &[]),
    // How a range of bytes is read.
    ("range", &[]),
    // What a Zstandard frame's header says.
    ("zstd", &[]),
    // How a bundle is written, read and signed; who may install it others know.
    ("bundle", &["firmware::minisign", "zstd"]),
    // What a process gives up; which process and what it needs others know.
    ("confine", &[]),
    // What a supervisor is told; when it is told others know.
    ("notify", &[]),
    // Data points and what is asked of them; whose they are others know.
    ("analytics", &["store"]),
    // Answers and how long they are kept; whose they are others know.
    ("cache", &["range"]),
    (
        "assets",
        &["store", "range", "engine::invocation", "engine::limits"],
    ),
    // What an invocation's end tells is the engine's type; this room implements who listens.
    (
        "observe",
        &[
            "engine::limits",
            "engine::refusal",
            "engine::invocation",
            "engine::finished",
            "engine::Finished",
            "engine::LogLine",
            "engine::Observer",
            "engine::Thrown",
        ],
    ),
    // Figures as text; whose they are others know.
    ("metrics", &["observe"]),
    // Figures and logs for other servers; how they are sent others know.
    (
        "otlp",
        &[
            "observe",
            "metrics",
            "engine::Finished",
            "engine::LogLine",
            "engine::finished",
        ],
    ),
    // Whose invocations are told to whom; who calls a handler others know.
    (
        "tail",
        &[
            "observe",
            "engine::Finished",
            "engine::finished",
            "engine::invocation",
            "engine::limits",
            "engine::refusal",
        ],
    ),
    // What invocations used, and how fast the machine is; what limits hold others know.
    (
        "tune",
        &[
            "store",
            "board",
            "engine::Finished",
            "engine::calibrate",
            "engine::limits",
        ],
    ),
    // What is sent where; how it is sent others know.
    (
        "logpush",
        &[
            "store",
            "observe",
            "engine::Finished",
            "engine::invocation",
            "engine::limits",
            "engine::refusal",
        ],
    ),
    // A crate of its own, `daemon/board`, under the name that rooms know it by.
    ("board", &[]),
    ("config", &["engine::limits", "board", "egress", "firmware"]),
    // The one trait between engine and bindings lies with the engine; bindings implement it.
    (
        "bindings",
        &[
            "analytics",
            "store",
            "outbound",
            "assets",
            "cache",
            "websocket",
            "deadline",
            // Who is told of a dynamic Worker's invocations, which its loader says.
            "engine::finished",
            "engine::ops",
            "engine::socket",
            "engine::caller",
            "engine::pipe",
            "engine::invocation",
            "engine::limits",
            // Whoever makes dynamic Workers waits for one that is about to rest.
            "engine::settling",
            "engine::terms",
        ],
    ),
    ("engine", &["deadline", "ledger", "zstd"]),
    // Budgets, and the tree of them as it is shown.
    ("ledger", &[]),
    // What tenants used and may use; who is a tenant others know.
    (
        "usage",
        &["store", "engine::limits", "engine::mapped", "engine::meter"],
    ),
    // What is stated of limits; whom it concerns others know.
    (
        "plans",
        &["store", "board", "engine::limits", "usage::quota"],
    ),
    // Process 1 of a firmware image: the daemon is a child of it, by name.
    ("init", &["config"]),
    // Slots, signatures and the verdict; what is asked for it others know.
    ("firmware", &[]),
    // A binary of its own that is a part of it.
    ("early", &["init"]),
    // A WebSocket's bytes, between a connection and the engine's end of it.
    ("websocket", &["engine::socket", "engine::ops"]),
    (
        "catalog",
        &[
            "board",
            "ledger",
            "store",
            "board",
            "engine",
            "bindings",
            "observe",
            "assets",
            "outbound",
            "cron",
            "cache",
            "websocket",
            "tail",
            "analytics",
            "plans",
            "usage",
        ],
    ),
    // Bundles on their way to a release; who asks for one, and by which way it comes, others know.
    (
        "delivery",
        &[
            "assets",
            "bundle",
            "catalog",
            "engine",
            "firmware::minisign",
            "ledger",
            "store",
        ],
    ),
    // Tests only: targets about what these show to all.
    (
        "fuzz",
        &["bundle", "catalog", "config", "cron", "edge", "board"],
    ),
    // Connections and who is at their ends; what is said over them others know.
    ("tls", &["websocket"]),
    // Who issues certificates and when; who is served by them others know.
    ("acme", &["outbound", "tls"]),
    (
        "edge",
        &["engine", "catalog", "observe", "websocket", "tls"],
    ),
    (
        "manage",
        &[
            "tls",
            "ledger",
            "engine",
            "catalog",
            "store",
            "bindings",
            "observe",
            "assets",
            "cron",
            "websocket",
            "analytics",
            "logpush",
            "firmware",
            "delivery",
            "tune",
            "board",
            "metrics",
            "plans",
            "usage",
            "replay",
        ],
    ),
    // What a record is the engine knows; this room keeps them.
    ("replay", &["engine::replay", "observe"]),
    (
        "cli",
        &[
            "acme",
            "tls",
            "bundle",
            "delivery",
            "metrics",
            "otlp",
            "ledger",
            "board",
            "config",
            "init",
            "firmware",
            "store",
            "engine",
            "bindings",
            "catalog",
            "edge",
            "manage",
            "observe",
            "outbound",
            "assets",
            "cron",
            "cache",
            "websocket",
            "tail",
            "logpush",
            "analytics",
            "notify",
            "confine",
            "tune",
            "usage",
            "replay",
        ],
    ),
];

/// Libraries that belong to rooms: an exchange of one is work in those rooms alone.
const BELONGS_TO: &[(&str, &[&str])] = &[
    ("sled", &["store"]),
    ("wasmi", &["engine"]),
    ("wasmi_core", &["engine"]),
    ("wasmparser", &["engine"]),
    ("wasm_encoder", &["engine"]),
    (
        "postern_crypto",
        &["bundle", "engine", "outbound", "firmware"],
    ),
    ("embedded_tls", &["outbound"]),
    ("rustls", &["tls", "outbound"]),
    ("futures_rustls", &["tls", "outbound"]),
    ("webpki", &["tls", "outbound"]),
    ("rcgen", &["tls"]),
    ("instant_acme", &["acme"]),
    ("hyper", &["edge", "manage", "cli", "outbound"]),
    ("smol_hyper", &["edge", "manage", "cli", "outbound"]),
    (
        "flate2",
        &["bundle", "engine", "outbound", "firmware", "store"],
    ),
    ("lol_html", &["engine"]),
    ("corosensei", &["engine"]),
    ("brotli_decompressor", &["engine", "outbound"]),
    ("brotli", &["engine"]),
    ("ruzstd", &["bundle", "engine"]),
    ("croner", &["cron"]),
    // The command line writes forms itself, and its tests read them with the same parser.
    ("multer", &["manage", "cli"]),
    ("clap", &["cli"]),
    ("edge_dhcp", &["init"]),
    ("rsntp", &["init"]),
    ("postern_gpt", &["init"]),
    ("listenfd", &["cli"]),
    ("landlock", &["confine"]),
    ("seccompiler", &["confine"]),
    ("prometheus_client", &["metrics"]),
    ("tokio", &[]),
];

/// Where the compiler's checks may be left.
const MAY_BE_UNSAFE: &[&str] = &["engine", "init"];

#[test]
fn rooms_know_only_what_is_below_them() {
    let may_know: BTreeMap<&str, &[&str]> = MAY_KNOW.iter().copied().collect();
    let mut wrong = Vec::new();
    for source in sources() {
        for named in &source.named {
            let Some(other) = named.path.first().filter(|_| named.inside) else {
                continue;
            };
            // Tests of any room are fuzzing targets; the build knows no such room.
            if *other == source.room || other == "fuzz" || !may_know.contains_key(other.as_str()) {
                continue;
            }
            let path = named.path.join("::");
            let Some(allowed) = may_know.get(source.room.as_str()) else {
                continue;
            };
            let covered =
                |allowed: &&str| path == **allowed || path.starts_with(&format!("{allowed}::"));
            if !allowed.iter().any(covered) {
                wrong.push(format!(
                    "{}:{}: `{}` names `{path}`; it may know {}",
                    source.shown,
                    named.line,
                    source.room,
                    list(allowed)
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_room_is_in_the_table() {
    let stated: BTreeSet<&str> = MAY_KNOW.iter().map(|(room, _)| *room).collect();
    let unknown: BTreeSet<String> = sources()
        .into_iter()
        .map(|source| source.room)
        .filter(|room| !room.is_empty() && !stated.contains(room.as_str()))
        .collect();
    assert!(
        unknown.is_empty(),
        "say in MAY_KNOW of xtask/tests/rooms.rs what these rooms may know: {unknown:?}"
    );
}

#[test]
fn libraries_stay_in_their_rooms() {
    let mut wrong = Vec::new();
    for source in sources() {
        for named in source.named.iter().filter(|named| !named.inside) {
            let library = named.path[0].as_str();
            let Some((_, rooms)) = BELONGS_TO.iter().find(|(name, _)| *name == library) else {
                continue;
            };
            if !rooms.contains(&source.room.as_str()) {
                wrong.push(format!(
                    "{}:{}: `{}` names {library}, which belongs to {}",
                    source.shown,
                    named.line,
                    source.room,
                    list(rooms)
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unsafe_code_stays_in_its_rooms() {
    let wrong: Vec<String> = sources()
        .into_iter()
        .filter(|source| !MAY_BE_UNSAFE.contains(&source.room.as_str()))
        .flat_map(|source| {
            source
                .unsafe_lines
                .iter()
                .map(|line| format!("{}:{line}", source.shown))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "`unsafe` outside {}:\n{}",
        list(MAY_BE_UNSAFE),
        wrong.join("\n")
    );
}

#[test]
fn the_boundary_knows_nobody() {
    let manifest = root().join("guest-abi/abi/Cargo.toml");
    let manifest: toml::Table =
        toml::from_str(&std::fs::read_to_string(manifest).unwrap()).unwrap();
    let dependencies: Vec<&String> = manifest["dependencies"]
        .as_table()
        .unwrap()
        .keys()
        .collect();
    assert_eq!(dependencies, ["postcard", "serde"]);
}

#[test]
fn libraries_keep_their_names() {
    // A renamed dependency would escape the search above.
    let manifest = root().join("daemon/Cargo.toml");
    let manifest: toml::Table =
        toml::from_str(&std::fs::read_to_string(manifest).unwrap()).unwrap();
    let renamed: Vec<&String> = manifest["dependencies"]
        .as_table()
        .unwrap()
        .iter()
        .filter(|(_, value)| value.get("package").is_some())
        .map(|(name, _)| name)
        .collect();
    assert!(renamed.is_empty(), "{renamed:?}");
}

/// One file of the daemon and what it names.
struct Source {
    shown: String,
    /// The first folder or file below `src`; empty for `lib.rs` and `main.rs`.
    room: String,
    named: Vec<Named>,
    unsafe_lines: Vec<usize>,
}

fn sources() -> Vec<Source> {
    let src = root().join("daemon/src");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    assert!(!files.is_empty(), "no sources in {}", src.display());
    files.sort();
    files
        .into_iter()
        .map(|file| {
            let module = module_of(file.strip_prefix(&src).unwrap());
            let text = std::fs::read_to_string(&file).unwrap();
            let tokens = tokens::tokens(&text);
            Source {
                shown: file.strip_prefix(root()).unwrap().display().to_string(),
                room: module.first().cloned().unwrap_or_default(),
                named: paths::named(&tokens, &module),
                unsafe_lines: tokens
                    .iter()
                    .filter(|token| token.text == "unsafe")
                    .map(|token| token.line)
                    .collect(),
            }
        })
        .collect()
}

fn rust_files(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// The module that a file is: `store/kv.rs` is `store::kv`, `store/mod.rs` is `store`.
fn module_of(file: &Path) -> Vec<String> {
    let mut module: Vec<String> = file
        .with_extension("")
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    if module
        .last()
        .is_some_and(|last| last == "mod" || last == "lib" || last == "main")
    {
        module.pop();
    }
    module
}

fn list(names: &[&str]) -> String {
    if names.is_empty() {
        "nobody".into()
    } else {
        names.join(", ")
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
