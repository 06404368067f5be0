//! The Cache API: what is kept, for whom, and within which bounds.

use postern_e2e::api::script;
use postern_e2e::{Daemon, Form, Setup, eventually};
use serde_json::{Value, json};

const MODULE: &str = "application/javascript+module";

/// Does what its path says with a cache of a name, or the default one.
const WORKER: &str = "
    export default {
        async fetch(request) {
            const url = new URL(request.url);
            const ask = Object.fromEntries(url.searchParams);
            const cache = ask.cache === undefined ? caches.default : await caches.open(ask.cache);
            const key = 'http://example.com/' + (ask.key ?? '');
            try {
                switch (url.pathname) {
                    case '/put': {
                        const status = Number(ask.status ?? 200);
                        const headers = JSON.parse(ask.headers ?? '{}');
                        const body = ask.size === undefined ? ask.body ?? 'body' : new Uint8Array(Number(ask.size));
                        await cache.put(key, new Response(body, { status, headers }));
                        return new Response('put');
                    }
                    case '/stream': {
                        await cache.put(key, new Response(request.body, { headers: JSON.parse(ask.headers ?? '{}') }));
                        return new Response('put');
                    }
                    case '/get': {
                        const found = await cache.match(new Request(key, { headers: JSON.parse(ask.headers ?? '{}') }));
                        return found ?? new Response('none', { status: 404 });
                    }
                    case '/text': {
                        const found = await cache.match(key);
                        return new Response(found === undefined ? 'none' : await found.text());
                    }
                    case '/delete':
                        return new Response(String(await cache.delete(key)));
                    case '/count': {
                        let count = 0;
                        for (let at = 0; at < 100; at++) if (await cache.match(key + at)) count++;
                        return new Response(String(count));
                    }
                }
            } catch (error) {
                return new Response(`${error.name}: ${error.message}`, { status: 500 });
            }
        },
    };
";

fn push(daemon: &Daemon, name: &str) {
    let metadata = json!({
        "main_module": "index.js", "compatibility_date": "2026-01-01",
        "limits": {"subrequests": 200},
    });
    let form =
        Form::new()
            .metadata(&metadata)
            .part("index.js", Some("index.js"), Some(MODULE), WORKER);
    daemon.api().form("PUT", &script(name), form).ok();
}

fn daemon(tables: &str) -> Daemon {
    let daemon = Setup::new().tables(tables).start();
    daemon.api().production();
    push(&daemon, "a");
    push(&daemon, "b");
    daemon
}

#[track_caller]
fn says(daemon: &Daemon, target: &str, text: &str) {
    assert_eq!(daemon.get(target).expect(200).text(), text, "{target}");
}

/// Percent-encodes what is not plain.
fn encoded(value: &Value) -> String {
    let text = value.to_string();
    let plain = |byte: u8| byte.is_ascii_alphanumeric();
    let bytes = text.bytes().map(|byte| {
        if plain(byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    });
    bytes.collect()
}

#[test]
fn an_answer_is_found_by_its_own_worker_alone() {
    let daemon = daemon("");
    says(&daemon, "/a/put?cache=c&key=x&body=mine", "put");
    let found = daemon.get("/a/get?cache=c&key=x").expect(200);
    assert_eq!(found.text(), "mine");
    assert_eq!(found.header("cf-cache-status"), Some("HIT"));
    assert_eq!(found.header("content-length"), Some("4"));
    says(&daemon, "/b/text?cache=c&key=x", "none");
    says(&daemon, "/a/text?cache=d&key=x", "none");
    says(&daemon, "/b/delete?cache=c&key=x", "false");
    says(&daemon, "/a/delete?cache=c&key=x", "true");
    says(&daemon, "/a/delete?cache=c&key=x", "false");
    says(&daemon, "/a/text?cache=c&key=x", "none");
}

#[test]
fn a_script_that_was_deleted_leaves_nothing_to_the_next_of_its_name() {
    let daemon = daemon("");
    says(&daemon, "/a/put?cache=c", "put");
    // A new version finds what the one before put.
    push(&daemon, "a");
    says(&daemon, "/a/text?cache=c", "body");
    daemon.api().delete(&script("a")).ok();
    push(&daemon, "a");
    says(&daemon, "/a/text?cache=c", "none");
}

#[test]
fn the_default_cache_is_for_the_operators_own_workers() {
    let daemon = daemon("");
    let answer = daemon.get("/a/put?key=x");
    assert_eq!(answer.status, 500);
    let namespace = "/client/v4/accounts/edge/workers/dispatch/namespaces/production";
    daemon
        .api()
        .json("PATCH", namespace, &json!({"trusted_workers": true}))
        .ok();
    // Scripts that are deployed already stay as they are.
    assert_eq!(daemon.get("/a/put?key=x").status, 500);
    push(&daemon, "a");
    push(&daemon, "b");
    says(&daemon, "/a/put?key=x", "put");
    says(&daemon, "/b/text?key=x", "body");
}

#[test]
fn what_may_not_be_kept_is_not() {
    let daemon = daemon("[cache]\nentry-bytes = \"64 KiB\"\n");
    let kept = |ask: &str, headers: Value| {
        says(
            &daemon,
            &format!("/a/put?cache=c&{ask}&headers={}", encoded(&headers)),
            "put",
        );
        let answer = daemon.get("/a/text?cache=c").expect(200).text().to_owned();
        daemon.get("/a/delete?cache=c").expect(200);
        answer != "none"
    };
    assert!(kept("", json!({})));
    assert!(kept("status=404", json!({})));
    assert!(!kept("status=500", json!({})));
    assert!(kept("status=500", json!({"cache-control": "s-maxage=60"})));
    assert!(!kept("", json!({"cache-control": "no-store"})));
    assert!(!kept("", json!({"cache-control": "private, max-age=60"})));
    assert!(!kept("", json!({"cache-control": "max-age=0"})));
    assert!(!kept(
        "",
        json!({"expires": "Sun, 06 Nov 1994 08:49:37 GMT"})
    ));
    assert!(!kept("", json!({"set-cookie": "a=b"})));
    assert!(kept("size=65536", json!({})));
    assert!(!kept("size=65537", json!({})));
    let headers = encoded(&json!({"set-cookie": "a=b", "cache-control": "private=Set-Cookie"}));
    says(&daemon, &format!("/a/put?cache=c&headers={headers}"), "put");
    let found = daemon.get("/a/get?cache=c").expect(200);
    assert_eq!(found.header("set-cookie"), None);
    let answer = daemon.get("/a/put?cache=c&status=206");
    assert!(
        answer
            .text()
            .starts_with("TypeError: Cannot cache response to a range request")
    );
}

#[test]
fn conditions_and_ranges_are_answered() {
    let daemon = daemon("");
    let modified = "Sun, 06 Nov 1994 08:49:37 GMT";
    let headers = encoded(&json!({"etag": "\"1\"", "last-modified": modified}));
    says(
        &daemon,
        &format!("/a/put?cache=c&body=0123456789&headers={headers}"),
        "put",
    );
    let ask = |headers: Value| {
        let target = format!("/a/get?cache=c&headers={}", encoded(&headers));
        let answer = daemon.get(&target);
        (answer.status, answer.text().to_owned())
    };
    assert_eq!(ask(json!({"if-none-match": "\"1\""})), (304, String::new()));
    assert_eq!(
        ask(json!({"if-none-match": "\"2\""})),
        (200, "0123456789".into())
    );
    assert_eq!(
        ask(json!({"if-modified-since": modified})),
        (304, String::new())
    );
    assert_eq!(ask(json!({"range": "bytes=2-4"})), (206, "234".into()));
    assert_eq!(ask(json!({"range": "bytes=10-"})), (416, String::new()));
}

#[test]
fn a_body_is_streamed_both_ways_and_a_large_one_is_bounded() {
    let daemon = daemon("[cache]\nentry-bytes = \"4 MiB\"\n");
    let body: Vec<u8> = (0..3_000_000u32).map(|at| (at % 251) as u8).collect();
    let put = |body: &[u8]| {
        let request = postern_e2e::Request::post("/a/stream?cache=c", body);
        assert_eq!(daemon.send(&request).expect(200).text(), "put");
    };
    put(&body);
    assert_eq!(daemon.get("/a/get?cache=c").expect(200).body, body);
    // One that is too large is not kept, and the one before is.
    put(&vec![0; 5_000_000]);
    assert_eq!(daemon.get("/a/get?cache=c").expect(200).body, body);
}

#[test]
fn the_disk_is_bounded_and_what_was_not_used_goes_first() {
    let daemon = daemon("[cache]\nbytes = \"256 KiB\"\nworker-bytes = \"128 KiB\"\n");
    says(&daemon, "/b/put?cache=c&key=kept&size=100000", "put");
    for at in 0..20 {
        says(
            &daemon,
            &format!("/a/put?cache=c&key={at}&size=30000"),
            "put",
        );
    }
    // Four of them fit a Worker's share, and others' are left alone.
    says(&daemon, "/a/count?cache=c", "4");
    says(&daemon, "/a/text?cache=c&key=0", "none");
    assert_eq!(
        daemon.get("/b/get?cache=c&key=kept").expect(200).body.len(),
        100_000
    );
    eventually("the files of the others go", || {
        let files = std::fs::read_dir(daemon.data_dir().join("cache")).ok()?;
        let bytes: u64 = files
            .flatten()
            .filter_map(|file| Some(file.metadata().ok()?.len()))
            .sum();
        (bytes <= 256 << 10).then_some(())
    });
}

#[test]
fn a_daemon_begins_with_an_empty_cache() {
    let mut daemon = daemon("");
    says(&daemon, "/a/put?cache=c", "put");
    daemon.kill9();
    daemon.start();
    says(&daemon, "/a/text?cache=c", "none");
    says(&daemon, "/a/put?cache=c", "put");
    says(&daemon, "/a/text?cache=c", "body");
}

#[test]
fn a_cache_of_no_bytes_keeps_nothing() {
    let daemon = daemon("[cache]\nbytes = 0\n");
    says(&daemon, "/a/put?cache=c", "put");
    says(&daemon, "/a/text?cache=c", "none");
}
