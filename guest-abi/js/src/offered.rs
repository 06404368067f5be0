//! Which modules of Node a Worker has: that is up to its date and its flags.

use std::cell::{Cell, RefCell};

thread_local! {
    static NODE: Cell<bool> = const { Cell::new(false) };
    /// Those whose flag is off.
    static REFUSED: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

/// Whether it has modules of Node at all.
pub(crate) fn has_node() -> bool {
    NODE.get()
}

/// Modules of Node that have a flag of their own.
const FLAGGED: &[(&str, &[&str])] = &[
    ("enable_nodejs_fs_module", &["node:fs"]),
    ("enable_nodejs_cluster_module", &["node:cluster"]),
    ("enable_nodejs_console_module", &["node:console"]),
    ("enable_nodejs_domain_module", &["node:domain"]),
    ("enable_nodejs_http2_module", &["node:http2"]),
    ("enable_nodejs_os_module", &["node:os"]),
    ("enable_nodejs_punycode_module", &["node:punycode"]),
    ("enable_nodejs_trace_events_module", &["node:trace_events"]),
    ("enable_nodejs_vm_module", &["node:vm"]),
    ("enable_nodejs_wasi_module", &["node:wasi"]),
    ("nodejs_zlib", &["node:zlib"]),
    ("enable_nodejs_process_v2", &[SECOND_PROCESS]),
    (
        "enable_nodejs_http_modules",
        &[
            "node:http",
            "node:https",
            "node:_http_agent",
            "node:_http_client",
            "node:_http_common",
            "node:_http_incoming",
            "node:_http_outgoing",
        ],
    ),
    (
        "enable_nodejs_http_server_modules",
        &["node:_http_server", "cloudflare:node"],
    ),
    (
        "enable_nodejs_child_process_module",
        &["node:child_process"],
    ),
    ("enable_nodejs_perf_hooks_module", &["node:perf_hooks"]),
    (
        "enable_nodejs_readline_module",
        &["node:readline", "node:readline/promises"],
    ),
    ("enable_nodejs_dgram_module", &["node:dgram"]),
    (
        "enable_nodejs_inspector_module",
        &["node:inspector", "node:inspector/promises"],
    ),
    ("enable_nodejs_repl_module", &["node:repl"]),
    ("enable_nodejs_sqlite_module", &["node:sqlite"]),
    ("enable_nodejs_stream_wrap_module", &["node:_stream_wrap"]),
    ("enable_nodejs_tty_module", &["node:tty"]),
    ("enable_nodejs_v8_module", &["node:v8"]),
    (
        "enable_nodejs_worker_threads_module",
        &["node:worker_threads"],
    ),
];

/// Stands among them for the second version of `node:process`.
const SECOND_PROCESS: &str = "node:process as of its second version";

/// Decides it.
pub(crate) fn decide(flags: &[&str]) {
    let is_node = |flag: &&str| matches!(*flag, "nodejs_compat" | "nodejs_compat_v2");
    NODE.set(flags.iter().any(is_node));
    REFUSED.set(
        FLAGGED
            .iter()
            .filter(|(flag, _)| !flags.contains(flag))
            .flat_map(|(_, names)| names.iter().copied())
            .collect(),
    );
}

/// Whether this names a module of Node's without saying so.
pub(crate) fn is_nodes(name: &str) -> bool {
    const NAMES: &str = include_str!("../node/src/builtin.json");
    has_node()
        && NAMES
            .lines()
            .any(|line| line.trim_matches(['"', ',']) == name)
}

/// Whether a module that is built in is there for this Worker.
pub(crate) fn is_there(name: &str) -> bool {
    let is_node = name.starts_with("node:") || name == "cloudflare:node";
    // The first `node:process` is there without the others.
    let is_first = name == "node:process" && !has_node();
    !is_node || is_first || (has_node() && !REFUSED.with_borrow(|refused| refused.contains(&name)))
}

/// The module that stands for another at older dates.
pub(crate) fn as_dated(name: &str) -> &str {
    match name {
        "node:process"
            if !has_node() || REFUSED.with_borrow(|refused| refused.contains(&SECOND_PROCESS)) =>
        {
            "internal:node/legacy_process"
        }
        name => name,
    }
}
