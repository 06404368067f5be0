//! What an operator sees for a right file, and for every wrong one.
#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;

fn parse(text: &str) -> Result<Config, Vec<Problem>> {
    Config::parse(
        "postern.toml",
        text,
        Path::new("/base"),
        &Overrides::default(),
    )
}

fn check(text: &str, expect: &[&str]) {
    let got: Vec<String> = match parse(text) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    };
    assert_eq!(got, expect, "{text}");
}

#[test]
fn an_empty_file_is_a_configuration() {
    let config = parse("").unwrap();
    assert_eq!(config.edge.listen, ["127.0.0.1:8787".parse().unwrap()]);
    assert_eq!(config.manage.listen, "127.0.0.1:8788".parse().unwrap());
    assert_eq!(config.routing.modes, [Mode::Path]);
    assert_eq!(config.account_id, "edge");
    let limits = Limits::default().with_memory(config.board.budgets.tenant_memory_bytes);
    assert_eq!(config.limits, limits);
    assert_eq!(config.data_dir, Path::new(".postern"));
}

#[test]
fn an_empty_file_is_a_configuration_on_every_board() {
    for (name, _) in crate::board::KNOWN {
        let config = parse(&format!("board = \"{name}\"\n")).unwrap();
        assert_eq!(config.board.name, name);
        let budgets = &config.board.budgets;
        assert!(config.edge.connections <= budgets.connections, "{name}");
        assert!(
            config.store.cache_bytes <= budgets.store_cache_bytes,
            "{name}"
        );
    }
}

const FULL: &str = r#"
data-dir = "data"
board = "generic-x86-64"
account-id = "fleet-7"

[edge]
listen = ["0.0.0.0:80", "[::]:80"]
connections = 500
scheme = "https"
header-deadline-ms = 5_000
body-deadline-ms = 6000
body-total-deadline-ms = 6500
write-deadline-ms = 7000
idle-deadline-ms = 8000
header-bytes = "32 KiB"
url-bytes = 8192
drain-ms = 3000
test-routes = true
server-timing = true

[routing]
modes = ["hostname", "kv", "header", "subdomain", "path"]
namespace = "staging"
zone = ".Edge.Example.com."
account-subdomain = "Workers"
header = "X-Worker"
kv-namespace = "ROUTES"
path-keeps-segment = true

[routing.hostnames]
"Shop.example.com" = "shop"
"api.example.com" = "other/api"

[manage]
listen = "0.0.0.0:8788"
insecure = true
connections = 8
upload-bytes = "8 MiB"

[engine]
isolate-idle-ms = 1_500

[limits]
cpu-ms = 20
memory-bytes = "8 MiB"

[ceilings]
cpu-ms = 100

[store]
cache-bytes = "8 MiB"
durability = { interval-ms = 250 }
kv-quota-bytes = "100 MB"
export-every-s = 60
exports-kept = 2
keyring = "postern:device"

[log]
level = "warn"
levels = { edge = "debug", "store::kv" = "trace" }
format = "json"
tenant-bytes = "1 MiB"

[metrics]
workers = 7
public = true
"#;

#[test]
fn every_key_is_read() {
    let config = parse(FULL).unwrap();
    assert_eq!(config.data_dir, Path::new("/base/data"));
    assert_eq!(config.edge.listen.len(), 2);
    assert_eq!(config.edge.header_bytes, 32 << 10);
    assert!(config.edge.test_routes && config.edge.server_timing);
    assert_eq!((config.metrics.workers, config.metrics.public), (7, true));
    assert_eq!(config.log.rooms["store::kv"], Level::Trace);
    assert_eq!(config.engine.isolate_idle_ms, 1500);
    assert_eq!(config.store.keyring.as_deref(), Some("postern:device"));
    assert_eq!(config.routing.zone.as_deref(), Some("edge.example.com"));
    assert_eq!(config.routing.header.as_deref(), Some("x-worker"));
    assert_eq!(
        config.routing.hostnames["shop.example.com"],
        Target {
            namespace: "staging".into(),
            script: "shop".into()
        }
    );
    assert_eq!(
        config.routing.hostnames["api.example.com"].namespace,
        "other"
    );
    assert_eq!(config.limits.cpu_ms, 20);
    assert_eq!(config.limits.memory_bytes, 8 << 20);
    assert_eq!(config.ceilings.cpu_ms, 100);
    assert_eq!(
        config.store.durability,
        Durability::Interval { interval_ms: 250 }
    );
    assert_eq!(config.store.kv_quota_bytes, 100_000_000);
    assert_eq!(config.log.rooms["edge"], Level::Debug);
}

#[test]
fn what_is_shown_reads_back_as_itself() {
    for text in ["", FULL] {
        let config = parse(text).unwrap();
        let shown = toml::to_string(&config).unwrap();
        let again = Config::parse("f", &shown, Path::new(""), &Overrides::default());
        assert_eq!(again.unwrap(), config, "{shown}");
    }
}

#[test]
fn a_lone_listener_needs_no_list() {
    let config = parse("edge.listen = '127.0.0.1:0'").unwrap();
    assert_eq!(config.edge.listen.len(), 1);
}

#[test]
fn overrides_win_and_are_checked_too() {
    let overrides = Overrides {
        data_dir: Some("here".into()),
        board: Some("qemu-arm64".into()),
        edge_listen: vec!["127.0.0.1:0".parse().unwrap()],
        manage_listen: Some("127.0.0.1:0".parse().unwrap()),
    };
    let config = Config::parse("f", "data-dir = 'there'", Path::new("/b"), &overrides).unwrap();
    assert_eq!(config.data_dir, Path::new("here"));
    assert_eq!(config.board.name, "qemu-arm64");
    assert_eq!(config.edge.listen, overrides.edge_listen);
    let open = Overrides {
        manage_listen: Some("0.0.0.0:1".parse().unwrap()),
        ..Overrides::default()
    };
    let problems = Config::parse("f", "", Path::new(""), &open).unwrap_err();
    assert!(problems[0].message.contains("is not loopback"));
}

#[test]
fn defaults_shrink_to_a_small_board() {
    let config = parse("[ceilings]\nmemory-bytes = '1 MiB'").unwrap();
    assert_eq!(config.limits.memory_bytes, 1 << 20);
}

#[test]
fn misspelt_keys() {
    check(
        "data_dir = 'x'",
        &["postern.toml:1:1: unknown key `data_dir`; did you mean `data-dir`?"],
    );
    check(
        "[edge]\nlisen = 'x'\n\n[mange]\nlisten = 'y'\n",
        &[
            "postern.toml:2:1: unknown key `lisen`; did you mean `listen`?",
            "postern.toml:4:2: unknown key `mange`; did you mean `manage`?",
        ],
    );
    check(
        "[limits]\ncpu = 1\nmemory-byte = 1\n",
        &[
            "postern.toml:2:1: unknown key `cpu` in `limits`; known here: cpu-ms, startup-cpu-ms, memory-bytes, stack-bytes, call-depth, wall-ms, wait-until-ms, subrequests, kv-operations, pending-operations, concurrent-invocations, isolates, request-body-bytes, response-body-bytes, log-bytes, weight, requests-per-second, queue-length, queue-ms, tenant-concurrent-invocations, tenant-requests-per-second, kv-bytes, egress-bytes",
            "postern.toml:3:1: unknown key `memory-byte` in `limits`; did you mean `memory-bytes`?",
        ],
    );
    check(
        "log.rooms = { egde = 'info' }",
        &["postern.toml:1:15: unknown room `egde` in `log.rooms`; did you mean `edge`?"],
    );
}

#[test]
fn values_out_of_range() {
    check(
        "[edge]\nconnections = 0\nurl-bytes = '1 MiB'\ndrain-ms = '3 KiB'\n",
        &[
            "postern.toml:2:15: `edge.connections` is 0; it must be 1 to 4096; choose a value in this range",
            "postern.toml:3:13: `edge.url-bytes` is 1 MiB; it must be 1 KiB to 16 KiB; choose a value in this range",
            "postern.toml:4:12: `edge.drain-ms` has a unit of bytes, but it does not count bytes; write a number alone",
        ],
    );
    check(
        "[limits]\ncpu-ms = 0\n",
        &[
            "postern.toml:2:10: `limits.cpu-ms` is 0 ms; it must be 1 ms to 300000 ms; choose a value in this range",
        ],
    );
    check(
        "[limits]\ncpu-ms = 200\n[ceilings]\ncpu-ms = 100\n",
        &[
            "postern.toml:2:10: `limits.cpu-ms` is 200 ms, but `ceilings` allows 100 ms; lower it, or raise the ceiling",
        ],
    );
    check(
        "[ceilings]\nmemory-bytes = '1 GiB'\n",
        &[
            "postern.toml:2:16: `ceilings.memory-bytes` is 1 GiB, but the board's `ceilings` allows 128 MiB; lower it here, or raise it in the board file if the machine can bear it",
        ],
    );
    check(
        "store.cache-bytes = '65 MiB'",
        &[
            "postern.toml:1:21: `store.cache-bytes` is 65 MiB; it must be 1 MiB to 64 MiB; choose a value in this range",
        ],
    );
    check(
        "engine.isolate-idle-ms = 99",
        &[
            "postern.toml:1:26: `engine.isolate-idle-ms` is 99; it must be 100 to 86400000; choose a value in this range",
        ],
    );
    check(
        "store.cache-bytes = -5",
        &["postern.toml:1:21: `-5` is negative; amounts begin at 0"],
    );
    check(
        "store.cache-bytes = '5 parsecs'",
        &[
            "postern.toml:1:21: unknown unit `parsecs` in `5 parsecs`; known are B, kB, KiB, MB, MiB, GB, GiB, TB, TiB",
        ],
    );
    check(
        "store.durability = { interval-ms = 1 }",
        &[
            "postern.toml:1:20: `store.durability.interval-ms` is 1; it must be 10 to 60000; choose a value in this range, or \"acknowledged\"",
        ],
    );
}

#[test]
fn listeners() {
    check(
        "edge.listen = ['localhost:80', '127.0.0.1']",
        &[
            "postern.toml:1:16: `edge.listen` is `localhost:80`, which is no address; write an IP address and a port, like \"127.0.0.1:8787\" or \"[::]:8787\"",
            "postern.toml:1:32: `edge.listen` is `127.0.0.1`, which is no address; write an IP address and a port, like \"127.0.0.1:8787\" or \"[::]:8787\"",
        ],
    );
    check(
        "edge.listen = ['127.0.0.1:80', '127.0.0.1:80']",
        &["postern.toml:1:32: `edge.listen` names 127.0.0.1:80 twice; keep one"],
    );
    check(
        "[manage]\nlisten = '192.168.1.4:8788'",
        &[
            "postern.toml:2:10: `manage.listen` is 192.168.1.4:8788, which is not loopback, and there is no TLS: tokens would travel in the clear; have TLS by a table [manage.tls], listen on 127.0.0.1 behind a tunnel or a TLS proxy, or say `insecure = true` in [manage]",
        ],
    );
}

#[test]
fn routing() {
    check(
        "[routing]\nmodes = ['subdomain', 'path', 'path', 'host']",
        &[
            "postern.toml:2:39: unknown value `host`; known here: header, hostname, kv, subdomain, path",
        ],
    );
    check(
        "[routing]\nmodes = ['subdomain', 'path', 'path']",
        &[
            "postern.toml:2:10: mode `subdomain` has nothing to look in; add zone = \"edge.example.com\" to [routing], or leave the mode out",
            "postern.toml:2:23: mode `path` always decides, so what follows it is never asked; put it last",
            "postern.toml:2:31: mode `path` is named twice; the modes are tried in order, so keep the first",
        ],
    );
    let hostnames: String = (0..1000)
        .map(|i| format!("\"{i}.{}.test\" = \"w\"\n", "a".repeat(60)))
        .collect();
    let problems = parse(&format!("[routing.hostnames]\n{hostnames}")).unwrap_err();
    assert!(
        problems[0].message.contains("the limit is 65536"),
        "{problems:?}"
    );
    check(
        "[routing]\nmodes = []\nzone = 'https://x'\nheader = 'host'\nnamespace = 'a b'\n",
        &[
            "postern.toml:2:9: `routing.modes` is empty, so no request would find a Worker; name at least one of header, hostname, kv, subdomain, path",
            "postern.toml:3:8: `https://x` is no zone; write a domain name like \"edge.example.com\", without scheme, port or path",
            "postern.toml:4:10: `host` cannot name a Worker; write a header name of your own of at most 64 characters, like \"x-worker\"",
            "postern.toml:5:13: `a b` is no name for a dispatch namespace; use 1 to 255 letters, digits, `-` and `_`, beginning with a letter or digit",
        ],
    );
    check(
        "[routing.hostnames]\n\"a.b:80\" = 'x'\n\"c.d\" = '../x'\n\"E.f\" = 'x'\n\"e.F\" = 'y'\n",
        &[
            "postern.toml:2:1: `a.b:80` is no hostname; write it without scheme, port, path or wildcard, in quotes if it has dots",
            "postern.toml:3:9: `../x` names no Worker; write \"script\" or \"namespace/script\"",
            "postern.toml:5:1: hostname `e.F` is there twice; hostnames are the same in any case of letters; keep one",
        ],
    );
}

#[test]
fn boards() {
    check(
        "board = 'generic-x86_64'",
        &[
            "postern.toml:1:9: unknown board `generic-x86_64`; did you mean `generic-x86-64`?, or give the path of a board file",
        ],
    );
    let problems = parse("board = './none.toml'").unwrap_err();
    assert!(
        problems[0]
            .to_string()
            .starts_with("postern.toml:1:9: cannot read board file `/base/./none.toml`")
    );
}

#[test]
fn syntax() {
    let problems = parse("a = 1\n[edge\n").unwrap_err();
    assert!(
        problems
            .iter()
            .all(|p| p.message.starts_with("not valid TOML"))
    );
    assert_eq!(problems[0].line, 2);
}

#[test]
fn what_a_reload_takes_over() {
    let mut old = parse("").unwrap();
    let new = parse(FULL).unwrap();
    assert_eq!(
        old.needs_restart(&new),
        [
            "data-dir",
            "account-id",
            "edge, but for certificates, edge.tls.minimum and edge.tls.http2",
            "manage, but for manage.versions-kept and what is in manage.tls",
            "engine",
            "store",
            "metrics",
            "log.format and log.tenant-bytes"
        ]
    );
    assert!(old.needs_restart(&old.clone()).is_empty());
    old.take_reloadable(new.clone());
    assert_eq!(old.routing, new.routing);
    assert_eq!(old.limits, new.limits);
    assert_eq!(old.ceilings, new.ceilings);
    assert_eq!(old.log.level, new.log.level);
    assert_ne!(old.edge, new.edge);
}

proptest! {
    #[test]
    fn no_text_panics(text in "[a-z\\-\\[\\]{}=\\.,\n '\"0-9#]{0,120}") {
        let _ = parse(&text);
    }
}

#[cfg(feature = "otlp")]
#[test]
fn exports_have_a_server() {
    let text =
        "[otlp]\nendpoint = 'http://c:4318/'\ninterval-s = 5\nheaders = { x-key = 'secret' }";
    let config = parse(text).unwrap();
    let otlp = config.otlp.clone().unwrap();
    assert_eq!(
        (otlp.endpoint.as_str(), otlp.interval_s),
        ("http://c:4318", 5)
    );
    assert_eq!(otlp.headers, [("x-key".to_owned(), "secret".to_owned())]);
    assert!(!toml::to_string(&config).unwrap().contains("secret"));
    for wrong in [
        "",
        "endpoint = 'c:4318'",
        "endpoint = 'http://u:p@c'",
        "endpoint = 'http://c?a'",
    ] {
        assert!(parse(&format!("[otlp]\n{wrong}")).is_err(), "{wrong}");
    }
    let wrong = "[otlp]\nendpoint = 'http://c'\nheaders = { x-key = \"a\\nb\" }";
    assert!(parse(wrong).is_err());
}

#[cfg(not(feature = "otlp"))]
#[test]
fn a_build_without_exports_says_so() {
    check(
        "[otlp]\nendpoint = 'http://c:4318'",
        &[
            "postern.toml:1:1: `otlp`: this build cannot export by OTLP; build it with the feature `otlp`, or remove the table",
        ],
    );
}
