//! Assets as requests meet them.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::engine::invocation::ReplyBody;
use futures_lite::StreamExt;
use serde_json::json;
use tempfile::TempDir;

struct Site {
    _dir: TempDir,
    _store: crate::store::Store,
    assets: Assets,
}

fn site(files: &[(&str, &str)], config: serde_json::Value, worker: bool) -> Site {
    let dir = tempfile::tempdir().unwrap();
    let options = crate::store::StoreOptions::new(dir.path());
    let store = crate::store::Store::open(options).unwrap().store;
    let blobs = store.blobs().clone();
    let files = files.iter().map(|(path, text)| File {
        path: (*path).to_owned(),
        hash: String::new(),
        blob: blobs.put(text.as_bytes()).unwrap(),
        len: text.len() as u64,
        content_type: Some(content_type_of(path).to_owned()),
    });
    let manifest = Manifest::new(files.collect());
    let manifest = blobs.put(&manifest.encode()).unwrap();
    let config = Config::parse(&config).unwrap();
    Site {
        _dir: dir,
        _store: store,
        assets: Assets::new(blobs, manifest, config, worker, true),
    }
}

impl Site {
    fn ask(
        &self,
        method: &str,
        path: &str,
        fields: &[(&'static str, &str)],
    ) -> Option<(Reply, String)> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().unwrap());
        }
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let url = format!("http://a.example{path}");
        smol::block_on(async {
            let mut reply = self
                .assets
                .before_worker(&method, &url, &headers)
                .await
                .unwrap()?;
            let body = std::mem::replace(&mut reply.body, ReplyBody::Whole(Default::default()));
            let text = match body {
                ReplyBody::Socket(_) => Vec::new(),
                ReplyBody::Whole(bytes) => bytes.to_vec(),
                ReplyBody::Stream(stream) => stream
                    .map(|part| part.unwrap().to_vec())
                    .collect::<Vec<_>>()
                    .await
                    .concat(),
            };
            Some((reply, String::from_utf8(text).unwrap()))
        })
    }

    /// Status, and where it sends or what it says.
    fn told(&self, path: &str) -> String {
        let Some((reply, text)) = self.ask("GET", path, &[]) else {
            return "worker".to_owned();
        };
        let location = reply
            .headers
            .get("location")
            .map(|to| to.to_str().unwrap().to_owned());
        format!("{} {}", reply.status.as_u16(), location.unwrap_or(text))
    }

    fn field(&self, path: &str, name: &str) -> Option<String> {
        let (reply, _) = self.ask("GET", path, &[])?;
        let value = reply.headers.get(name)?;
        Some(value.to_str().unwrap().to_owned())
    }
}

/// The table of SEMANTICS §13.
#[test]
fn html_is_handled_in_every_way() {
    let files = [("/file.html", "FILE"), ("/folder/index.html", "FOLDER")];
    let table = [
        ("/file", "200 FILE", "307 /file/", "200 FILE", "404 "),
        (
            "/file.html",
            "307 /file",
            "307 /file/",
            "307 /file",
            "200 FILE",
        ),
        ("/file/", "307 /file", "200 FILE", "307 /file", "404 "),
        (
            "/file/index",
            "307 /file",
            "307 /file/",
            "307 /file",
            "404 ",
        ),
        (
            "/file/index.html",
            "307 /file",
            "307 /file/",
            "307 /file",
            "404 ",
        ),
        (
            "/folder",
            "307 /folder/",
            "307 /folder/",
            "200 FOLDER",
            "404 ",
        ),
        (
            "/folder.html",
            "307 /folder/",
            "307 /folder/",
            "307 /folder",
            "404 ",
        ),
        (
            "/folder/",
            "200 FOLDER",
            "200 FOLDER",
            "307 /folder",
            "404 ",
        ),
        (
            "/folder/index",
            "307 /folder/",
            "307 /folder/",
            "307 /folder",
            "404 ",
        ),
        (
            "/folder/index.html",
            "307 /folder/",
            "307 /folder/",
            "307 /folder",
            "200 FOLDER",
        ),
        ("/nothing", "404 ", "404 ", "404 ", "404 "),
    ];
    let modes = [
        "auto-trailing-slash",
        "force-trailing-slash",
        "drop-trailing-slash",
        "none",
    ];
    for (at, mode) in modes.into_iter().enumerate() {
        let site = site(&files, json!({"html_handling": mode}), false);
        for (path, auto, force, drop, none) in table {
            let expect = [auto, force, drop, none][at];
            assert_eq!(site.told(path), expect, "{mode} {path}");
            let to = site.told(&format!("{path}?q=1"));
            assert!(!expect.starts_with("307") || to.ends_with("?q=1"), "{to}");
        }
    }
}

#[test]
fn what_is_not_found_is_answered_as_asked_for() {
    let files = [
        ("/index.html", "ROOT"),
        ("/404.html", "NONE"),
        ("/a/404.html", "NONE IN A"),
    ];
    let none = site(&files, json!({}), false);
    assert_eq!(none.told("/x/y"), "404 ");
    let single = site(
        &files,
        json!({"not_found_handling": "single-page-application"}),
        false,
    );
    assert_eq!(single.told("/x/y"), "200 ROOT");
    let page = site(&files, json!({"not_found_handling": "404-page"}), false);
    assert_eq!(page.told("/x/y"), "404 NONE");
    assert_eq!(page.told("/a/b/c"), "404 NONE IN A");
}

#[test]
fn a_worker_answers_what_assets_do_not() {
    let files = [("/index.html", "ROOT"), ("/a.txt", "A")];
    let config = json!({"not_found_handling": "single-page-application"});
    let site_ = site(&files, config, true);
    assert_eq!(site_.told("/a.txt"), "200 A");
    assert_eq!(site_.told("/b"), "worker");
    assert_eq!(site_.ask("POST", "/a.txt", &[]).unwrap().0.status, 405);
    assert!(site_.ask("POST", "/b", &[]).is_none());
    let form = [("sec-fetch-mode", "navigate")];
    assert_eq!(site_.ask("POST", "/b", &form).unwrap().0.status, 405);
    let navigating = site_
        .ask("GET", "/b", &[("sec-fetch-mode", "navigate")])
        .unwrap();
    assert_eq!(navigating.1, "ROOT");
    let first = site(&files, json!({"run_worker_first": true}), true);
    assert_eq!(first.told("/a.txt"), "worker");
    let some = site(&files, json!({"run_worker_first": ["/*", "!/a.*"]}), true);
    assert_eq!(some.told("/a.txt"), "200 A");
    assert_eq!(some.told("/"), "worker");
    assert!(some.ask("POST", "/", &[]).is_none());
    let alone = site(&files, json!({}), false);
    assert_eq!(alone.ask("POST", "/a.txt", &[]).unwrap().0.status, 405);
}

#[test]
fn headers_are_those_of_the_field() {
    let large = "x".repeat(100_000);
    let site = site(
        &[("/a.txt", "hello"), ("/large.txt", &large)],
        json!({}),
        false,
    );
    let (reply, text) = site.ask("GET", "/a.txt", &[]).unwrap();
    assert_eq!(text, "hello");
    let field = |name: &str| reply.headers[name].to_str().unwrap().to_owned();
    assert_eq!(field("content-type"), "text/plain; charset=utf-8");
    assert_eq!(field("cache-control"), "public, max-age=0, must-revalidate");
    assert_eq!(field("cf-cache-status"), "HIT");
    assert_eq!(field("content-length"), "5");
    let etag = field("etag");
    for known in [etag.clone(), format!("W/{etag}"), format!("\"x\", {etag}")] {
        let (reply, text) = site
            .ask("GET", "/a.txt", &[("if-none-match", &known)])
            .unwrap();
        assert_eq!((reply.status.as_u16(), text.as_str()), (304, ""));
    }
    let (reply, text) = site.ask("HEAD", "/a.txt", &[]).unwrap();
    assert_eq!(
        (reply.headers["content-length"].as_bytes(), text.as_str()),
        (&b"5"[..], "")
    );
    let (reply, text) = site
        .ask("GET", "/a.txt", &[("range", "bytes=1-2")])
        .unwrap();
    assert_eq!((reply.status.as_u16(), text.as_str()), (206, "el"));
    assert_eq!(reply.headers["content-range"], "bytes 1-2/5");
    assert!(!reply.headers.contains_key("cache-control"));
    let (reply, _) = site.ask("GET", "/a.txt", &[("range", "bytes=9-")]).unwrap();
    assert_eq!(reply.status, 416);
    let stale = [("range", "bytes=1-2"), ("if-range", "\"other\"")];
    assert_eq!(site.ask("GET", "/a.txt", &stale).unwrap().1, "hello");
    assert_eq!(site.ask("GET", "/large.txt", &[]).unwrap().1, large);
    let (_, text) = site
        .ask("GET", "/large.txt", &[("range", "bytes=10-80009")])
        .unwrap();
    assert_eq!(text.len(), 80_000);
}

#[test]
fn a_smaller_variant_is_served_to_who_takes_it() {
    let files = [("/a.js", "plain"), ("/a.js.br", "BR"), ("/a.js.gz", "GZ")];
    let site = site(&files, json!({}), false);
    let check = |accept: &str, body: &str, coding: Option<&str>| {
        let (reply, text) = site
            .ask("GET", "/a.js", &[("accept-encoding", accept)])
            .unwrap();
        let got = reply
            .headers
            .get("content-encoding")
            .map(|value| value.to_str().unwrap());
        assert_eq!((text.as_str(), got), (body, coding), "{accept}");
        assert_eq!(
            reply.headers["content-type"],
            "text/javascript; charset=utf-8"
        );
        assert_eq!(reply.headers["vary"], "accept-encoding");
    };
    check("gzip, deflate, br", "BR", Some("br"));
    check("gzip;q=1.0, br;q=0", "GZ", Some("gzip"));
    check("identity", "plain", None);
}

#[test]
fn headers_file() {
    let rules = "# comment\n/*\n  X-Robots-Tag: nosnippet\n  X-A: :splat\n  X-Empty:\n/a.txt\n  X-Robots-Tag: noindex\n  \
                 ! Cache-Control\n  !X-A\nhttps://a.example/*\n  X-Host: yes\nhttps://b.example/*\n  X-Other: no\n\
                 https://a.example:80/*\n  X-Port: no\n/m/:title\n  x-movie: You are watching \":title\"\n/*/*\n  X-Bad: 1\n\
                 /x\n  Content-Length: 1\n/\u{e9} b?q\n  X-Encoded: yes\n/m/up\n  X-First: 1\n/m/up\n  X-Second: 2\n\
                 /nothing\n  X-Missing: yes\n";
    let files = [("/a.txt", "A"), ("/m/up", "UP"), ("/\u{e9} b", "E")];
    let site = site(&files, json!({"_headers": rules}), false);
    let check = |path: &str, name: &str, expect: Option<&str>| {
        assert_eq!(site.field(path, name).as_deref(), expect, "{path} {name}");
    };
    let (reply, _) = site.ask("GET", "/a.txt", &[]).unwrap();
    let robots: Vec<_> = reply.headers.get_all("x-robots-tag").iter().collect();
    assert_eq!(robots, ["nosnippet", "noindex"]);
    check("/a.txt", "cache-control", None);
    check("/a.txt", "x-a", Some("a.txt"));
    check("/a.txt", "x-empty", None);
    check("/a.txt", "x-host", Some("yes"));
    check("/a.txt", "x-other", None);
    check("/a.txt", "x-port", None);
    check("/a.txt", "x-bad", None);
    check("/m/up", "x-movie", Some("You are watching \"up\""));
    check("/m/up", "x-first", None);
    check("/m/up", "x-second", Some("2"));
    check("/%C3%A9%20b", "x-encoded", Some("yes"));
    // What is not there has them as well.
    check("/nothing", "x-missing", Some("yes"));
    check("/nothing", "x-robots-tag", Some("nosnippet"));
}

#[test]
fn redirects_file() {
    let rules = "\u{feff}/old /new\n/perm https://x.example/a#h 301\n/u /users?id=1 303\nbare /b 301\n\
                 /q?x=1 /b 307\n/\u{e9} /b 308\n/z/../y /b 0302\n/http http://x.example/ 301\n\
                 https://a.example/host /b\n/twice /b\n/twice /c\n/bad /x 404\n# c\n/a /b 302 # why\n\
                 /fine /real.txt 200\n/gone /nothing 200\n/page /page.html 200\n/far https://x.example/ 200\n\
                 /to //y.example/b\n/end/ /index.html\n/more https://x.example/:y 302 extra\n\
                 /blog/* /news/:splat 308\n/blog/x /not-first 302\n/p/:id/:other /:other/:id\n\
                 /open/* /:splat 302\n/loop/* /index\n/s/:a/:a /x\n/hidden/* /nothing 200\n";
    let files = [
        ("/real.txt", "REAL"),
        ("/old", "OLD"),
        ("/page.html", "PAGE"),
    ];
    for worker in [false, true] {
        let site = site(&files, json!({"_redirects": rules}), worker);
        let nothing = if worker { "worker" } else { "404 " };
        for (path, expect) in [
            ("/old?q=1", "302 /new?q=1"),
            ("/perm?q=1", "301 https://x.example/a?q=1#h"),
            ("/u?q=1", "303 /users?id=1"),
            ("/bare", "301 /b"),
            ("/q", "307 /b"),
            ("/%C3%A9", "308 /b"),
            ("/y", "302 /b"),
            ("/http", nothing),
            ("/host", nothing),
            ("/twice", "302 /b"),
            ("/bad", nothing),
            ("/a", "302 /b"),
            ("/fine", "200 REAL"),
            ("/gone", "404 "),
            ("/page", "307 /page"),
            ("/far", nothing),
            ("/to", "302 http://y.example/b"),
            ("/end/", nothing),
            ("/more", nothing),
            ("/blog/a/b", "308 /news/a/b"),
            ("/blog/x", "308 /news/x"),
            ("/p/1/2", "302 /2/1"),
            ("/open//evil.example", "302 /evil.example"),
            ("/open/%5Cevil.example", "302 /%5Cevil.example"),
            ("/loop/x", nothing),
            ("/s/1/1", nothing),
            ("/hidden/x", "404 "),
        ] {
            assert_eq!(site.told(path), expect, "{path} {worker}");
        }
    }
}

#[test]
fn lines_of_redirects_count_as_the_field_counts_them() {
    let fixed = |count: usize| {
        (0..count)
            .map(|at| format!("/s{at} /x?{at}\n"))
            .collect::<String>()
    };
    let splats = |count: usize| {
        (0..count)
            .map(|at| format!("/d{at}/* /x?{at}\n"))
            .collect::<String>()
    };
    let told = |rules: &str, path: &str| site(&[], json!({"_redirects": rules}), false).told(path);
    let all = fixed(2001) + &splats(101);
    assert_eq!(told(&all, "/s1999"), "302 /x?1999");
    assert_eq!(told(&all, "/s2000"), "404 ");
    assert_eq!(told(&all, "/d99/a"), "302 /x?99");
    assert_eq!(told(&all, "/d100/a"), "404 ");
    // Behind the first with a splat there are only such.
    let mixed = splats(50) + &fixed(51);
    assert_eq!(told(&mixed, "/s49"), "302 /x?49");
    assert_eq!(told(&mixed, "/s50"), "404 ");
    let long = |len: usize| format!("/{} /x\n", "y".repeat(len));
    assert_eq!(
        told(&long(1996), &format!("/{}", "y".repeat(1996))),
        "302 /x"
    );
    assert_eq!(told(&long(1997), &format!("/{}", "y".repeat(1997))), "404 ");
}

#[test]
fn patterns_of_run_worker_first_decide_for_all_other_requests() {
    let files = [
        ("/index.html", "ROOT"),
        ("/api/a.txt", "A"),
        ("/404.html", "NONE"),
    ];
    let first = json!(["/api/*", "!/api/a.txt", "!/api/none"]);
    for (handling, elsewhere, none) in [
        ("none", "worker", "404 "),
        ("404-page", "404 NONE", "404 NONE"),
        ("single-page-application", "200 ROOT", "200 ROOT"),
    ] {
        let config = json!({"run_worker_first": first, "not_found_handling": handling});
        let site = site(&files, config, true);
        for (path, expect) in [
            ("/api/b", "worker"),
            ("/api/a.txt", "200 A"),
            ("/api/none", none),
            ("/elsewhere", elsewhere),
        ] {
            assert_eq!(site.told(path), expect, "{path} {handling}");
        }
    }
    for none in [json!([]), json!(["!/a"]), json!(["a"]), json!(1)] {
        assert!(
            Config::parse(&json!({"run_worker_first": none})).is_err(),
            "{none}"
        );
    }
}

#[test]
fn assets_lie_below_their_base_path() {
    let files = [
        ("/index.html", "ROOT"),
        ("/a.html", "A"),
        ("/404.html", "NONE"),
    ];
    let table = [
        ("/docs/", "200 ROOT", "200 ROOT", "307 /docs"),
        ("/docs", "307 /docs/", "307 /docs/", "200 ROOT"),
        ("/docs/a", "200 A", "307 /docs/a/", "200 A"),
        ("/docs/a.html", "307 /docs/a", "307 /docs/a/", "307 /docs/a"),
        ("//docs/a", "307 /docs/a", "307 /docs/a/", "307 /docs/a"),
        ("/docs/b", "404 NONE", "404 NONE", "404 NONE"),
        ("/docsa", "404 ", "404 ", "404 "),
        ("/a", "404 ", "404 ", "404 "),
    ];
    let modes = [
        "auto-trailing-slash",
        "force-trailing-slash",
        "drop-trailing-slash",
    ];
    for (at, mode) in modes.into_iter().enumerate() {
        let config = |handling: &str| json!({"html_handling": mode, "base_path": "./x/../docs//", "not_found_handling": handling});
        let alone = site(&files, config("404-page"), false);
        let behind = site(&files, config("none"), true);
        for (path, auto, force, drop) in table {
            let expect = [auto, force, drop][at];
            assert_eq!(alone.told(path), expect, "{mode} {path}");
            let expect = if expect.starts_with("404") {
                "worker"
            } else {
                expect
            };
            assert_eq!(behind.told(path), expect, "{mode} {path}, before a Worker");
        }
    }
    for bad in ["//a", "https://a", "a?b", "a#b", "a%20", "a\\b", "a\nb"] {
        let what = Config::parse(&json!({"base_path": bad})).unwrap_err();
        assert!(what.starts_with("assets.config.base_path is '"), "{what}");
    }
}

#[test]
fn paths_that_are_meant_to_hurt_do_not() {
    let site = site(
        &[
            ("/evil.example/index.html", "X"),
            ("/a b.txt", "B"),
            ("/r\r\nx.txt", "R"),
        ],
        json!({}),
        false,
    );
    assert_eq!(site.told("//evil.example"), "307 /evil.example/");
    assert_eq!(site.told("//evil.example/"), "307 /evil.example/");
    assert_eq!(site.told("/%2e%2e/%2e%2e/etc/passwd"), "404 ");
    assert_eq!(site.told("/../../etc/passwd"), "404 ");
    assert_eq!(site.told("/a%20b.txt"), "200 B");
    assert_eq!(site.told("/r%0D%0Ax.txt"), "200 R");
    assert_eq!(site.told("/r%0d%0ax.txt"), "307 /r%0D%0Ax.txt");
    let config = json!({"not_found_handling": "404-page"});
    let site = self::site(&[("/404.html", "N"), ("/a/404.html", "A")], config, false);
    assert_eq!(site.told(&"/a".repeat(8000)), "404 A");
    assert_eq!(site.told(&"/b".repeat(8000)), "404 N");
}

#[test]
fn another_versions_files_are_served_before_any_fallback() {
    let config = json!({"not_found_handling": "single-page-application"});
    let new = [
        ("/index.html", "NEW"),
        ("/new.js", "n"),
        ("/both.js", "new"),
    ];
    let old = site(
        &[
            ("/index.html", "OLD"),
            ("/old.js", "o"),
            ("/both.js", "old"),
            ("/page.html", "PAGE"),
        ],
        config.clone(),
        false,
    );
    let alone = site(&new, config.clone(), false);
    assert_eq!(alone.told("/old.js"), "200 NEW", "the fallback");
    let mut both = site(&new, config, false);
    both.assets = both.assets.beside(Arc::new(old.assets));
    for (path, expected) in [
        ("/", "200 NEW"),
        ("/new.js", "200 n"),
        ("/both.js", "200 new"),
        ("/old.js", "200 o"),
        ("/page", "200 PAGE"),
        ("/page.html", "307 /page"),
        ("/neither", "200 NEW"),
    ] {
        assert_eq!(both.told(path), expected, "{path}");
    }
}

#[test]
fn fuzz_headers() {
    let url = path::Split::of("https://a.example/a/b?c=d");
    crate::fuzz::drive("headers", |bytes| {
        let rules = headers::Headers::parse(&String::from_utf8_lossy(bytes));
        let mut fields = HeaderMap::new();
        rules.apply(&url, &mut fields);
        for name in ["content-length", "transfer-encoding", "connection"] {
            assert!(!fields.contains_key(name), "{name} is not a file's to say");
        }
    });
}

#[test]
fn fuzz_redirects() {
    crate::fuzz::drive("redirects", |bytes| {
        let rules = String::from_utf8_lossy(bytes);
        let rules = redirects::Redirects::parse(&rules, HtmlHandling::Auto);
        for path in ["/", "/a", "/c/d/e", "/e/f", "/i", "/c/%0d%0a"] {
            let url = format!("https://a.example{path}?c=d");
            let url = path::Split::of(&url);
            let Some(found) = rules.find(&url) else {
                continue;
            };
            let location = found.to.location(&url);
            assert!(!location.contains(['\r', '\n', '\0']), "{location:?}");
        }
    });
}
