//! The chain of modes as a whole.
#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;

struct Map;

impl Table for Map {
    fn find(&self, host: &str) -> Result<Option<String>, TableError> {
        match host {
            "kv.example" => Ok(Some("live/kv".into())),
            "broken.example" => Err(TableError("disk".into())),
            _ => Ok(None),
        }
    }
}

/// Hostnames, zones, a table, a header; then, if `path`, the path.
fn router(path: Option<bool>) -> Router {
    let mut hostnames = Box::new(Hostnames::new());
    hostnames.insert("shop.example", "live", "shop").unwrap();
    let mut zones = Box::new(Zones::new());
    zones.insert("workers.example", "production").unwrap();
    let mut router = Router::new();
    router
        .push_header(http::HeaderName::from_static("x-worker"), "production")
        .unwrap();
    router.push(Mode::Hostnames(hostnames)).unwrap();
    router.push(Mode::Zones(zones)).unwrap();
    router
        .push_table(Arc::new(Map), "production", Duration::from_secs(5))
        .unwrap();
    if let Some(keep) = path {
        router.push_path("production", keep).unwrap();
    }
    router
}

fn check(
    router: &Router,
    host: &str,
    path: &str,
    header: &[&str],
    expect: Result<(&str, &str, &str), Miss>,
) {
    let host = Host::parse(host.as_bytes()).unwrap();
    let mut headers = http::HeaderMap::new();
    for value in header {
        headers.append("x-worker", value.parse().unwrap());
    }
    let got = router.route(&host, path, &headers);
    let got = got
        .as_ref()
        .map(|target| {
            (
                target.namespace.as_str(),
                target.script.as_str(),
                target.path,
            )
        })
        .map_err(Clone::clone);
    assert_eq!(got, expect, "{host} {path} {header:?}");
}

#[test]
fn the_first_mode_that_knows_decides() {
    let r = router(None);
    check(
        &r,
        "Shop.Example.:8080",
        "/a",
        &[],
        Ok(("live", "shop", "/a")),
    );
    check(
        &r,
        "a.workers.example",
        "/a",
        &[],
        Ok(("production", "a", "/a")),
    );
    check(&r, "kv.example", "/", &[], Ok(("live", "kv", "/")));
    check(
        &r,
        "shop.example",
        "/",
        &["b"],
        Ok(("production", "b", "/")),
    );
    check(
        &r,
        "nobody.example",
        "/",
        &[" b "],
        Ok(("production", "b", "/")),
    );
    check(&r, "shop.example", "*", &[], Ok(("live", "shop", "/")));
}

#[test]
fn nobody_knows() {
    let r = router(None);
    check(&r, "nobody.example", "/", &[], Err(Miss::Hostname));
    check(&r, "[::1]", "/", &[], Err(Miss::Hostname));
    check(&r, "a.b.workers.example", "/", &[], Err(Miss::Hostname));
    check(&r, "shop.example", "/", &["a", "b"], Err(Miss::Worker));
    check(&r, "shop.example", "/", &["a/b"], Err(Miss::Worker));
    check(&r, "shop.example", "/", &[""], Err(Miss::Worker));
    check(
        &r,
        "broken.example",
        "/",
        &[],
        Err(Miss::Table(TableError("disk".into()))),
    );
    check(
        &Router::new(),
        "shop.example",
        "/",
        &[],
        Err(Miss::Hostname),
    );
    let mut header_only = Router::new();
    header_only
        .push_header(http::HeaderName::from_static("x-worker"), "n")
        .unwrap();
    check(&header_only, "shop.example", "/", &[], Err(Miss::Worker));
}

#[test]
fn the_path_comes_last_and_is_stripped_or_kept() {
    let r = router(Some(false));
    check(
        &r,
        "nobody.example",
        "/b/c",
        &[],
        Ok(("production", "b", "/c")),
    );
    check(
        &r,
        "shop.example",
        "/b/c",
        &[],
        Ok(("live", "shop", "/b/c")),
    );
    check(&r, "nobody.example", "/", &[], Err(Miss::Path));
    check(&r, "nobody.example", "//b", &[], Err(Miss::Path));
    let long = format!("/{}", "x".repeat(300));
    check(&r, "nobody.example", &long, &[], Err(Miss::Worker));
    let r = router(Some(true));
    check(
        &r,
        "nobody.example",
        "/b/c",
        &[],
        Ok(("production", "b", "/b/c")),
    );
}

#[test]
fn chains_that_make_no_sense_are_refused() {
    let mut r = router(Some(true));
    assert_eq!(r.push_path("n", true), Err(RouterError::BehindPath));
    let mut r = Router::new();
    assert!(matches!(r.push_path("", true), Err(RouterError::Name(_))));
    for _ in 0..MODES_MAX {
        r.push_header(http::header::COOKIE, "n").unwrap();
    }
    assert_eq!(r.push_path("n", true), Err(RouterError::Full));
}

proptest! {
    #[test]
    fn subdomains_route_whatever_their_case(label in "[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", upper: bool, dot: bool, port: Option<u16>) {
        let r = router(None);
        let mut host = format!("{label}.workers.example");
        if upper {
            host = host.to_ascii_uppercase();
        }
        if dot {
            host.push('.');
        }
        if let Some(port) = port {
            host.push_str(&format!(":{port}"));
        }
        check(&r, &host, "/x", &[], Ok(("production", &label, "/x")));
    }

    #[test]
    fn any_request_is_routed_or_refused(host in "[a-zA-Z.:0-9]{1,30}", path in "\\PC{0,30}", header in "\\PC{0,10}") {
        let r = router(Some(false));
        let Ok(host) = Host::parse(host.as_bytes()) else { return Ok(()) };
        let mut headers = http::HeaderMap::new();
        if let Ok(value) = http::HeaderValue::from_str(&header) {
            headers.insert("x-worker", value);
        }
        if let Ok(target) = r.route(&host, &path, &headers) {
            prop_assert!(!target.script.as_str().is_empty());
            prop_assert!(!target.namespace.as_str().is_empty());
            prop_assert!(target.path.starts_with('/'));
        }
    }
}
