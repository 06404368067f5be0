//! Static assets, from the upload to the answer.

use postern_e2e::api::{ACCOUNT, Api, script};
use postern_e2e::http::Request;
use postern_e2e::{Daemon, Form};
use serde_json::{Value, json};

fn daemon() -> Daemon {
    let daemon = Daemon::plain();
    daemon.api().production();
    daemon
}

fn begin(api: &Api, name: &str, manifest: Value) -> Value {
    let path = format!("{}/assets-upload-session", script(name));
    api.json("POST", &path, &json!({"manifest": manifest})).ok()
}

fn token(answer: &Value) -> String {
    answer["jwt"].as_str().unwrap_or_default().to_owned()
}

/// Uploads one file as it is.
fn upload(api: &Api, session: &str, hash: &str, kind: &str, body: &[u8]) -> Value {
    let request = Request::post(&format!("{ACCOUNT}/workers/assets/upload/{hash}"), body)
        .header("content-type", kind)
        .header("authorization", &format!("Bearer {session}"));
    let response = api.raw(&request).expect("an answer");
    response.json()
}

#[track_caller]
fn put(api: &Api, name: &str, metadata: &Value) -> Value {
    api.form("PUT", &script(name), Form::new().metadata(metadata))
        .ok()
}

#[test]
fn a_site_without_a_worker_is_served_and_survives_a_restart() {
    let mut daemon = daemon();
    let api = daemon.api();
    let large = "x".repeat(200_000);
    let manifest = json!({
        "/index.html": {"hash": "aa", "size": 5},
        "/large.txt": {"hash": "bb", "size": 200_000},
    });
    let session = begin(&api, "site", manifest.clone());
    assert_eq!(session["buckets"], json!([["aa", "bb"]]));
    let session = token(&session);
    let first = upload(&api, &session, "aa", "text/html", b"hello");
    assert_eq!(first["result"], json!({}));
    let last = upload(&api, &session, "bb", "application/null", large.as_bytes());
    let completion = token(&last["result"]);
    // The session's own token is not what it ends with, and is good for this script alone.
    for (name, jwt) in [("site", &session), ("other", &completion)] {
        let metadata = json!({"assets": {"jwt": jwt}});
        let form = Form::new().metadata(&metadata);
        let (status, code, _) = api.form("PUT", &script(name), form).refused();
        assert_eq!((status, code), (400, 10021));
    }
    let config =
        json!({"not_found_handling": "single-page-application", "_headers": "/*\n  X-Site: 1\n"});
    put(
        &api,
        "site",
        &json!({"assets": {"jwt": completion, "config": config}}),
    );
    for _ in 0..2 {
        let answer = daemon.get("/site/").expect(200);
        assert_eq!(
            (answer.text(), answer.header("x-site")),
            ("hello", Some("1"))
        );
        assert_eq!(answer.header("content-type"), Some("text/html"));
        let etag = answer.header("etag").unwrap_or_default().to_owned();
        let again = daemon.send(&Request::get("/site/").header("if-none-match", &etag));
        assert_eq!(again.status, 304);
        let answer = daemon.get("/site/large.txt").expect(200);
        assert_eq!(
            (answer.text(), answer.header("content-type")),
            (&*large, None)
        );
        let part = daemon.send(&Request::get("/site/large.txt").header("range", "bytes=199998-"));
        assert_eq!((part.status, part.text()), (206, "xx"));
        assert_eq!(daemon.get("/site/no/such").expect(200).text(), "hello");
        daemon.restart();
    }
    let api = daemon.api();
    // What the script has need not be sent again; another script gets nothing for a hash.
    let again = begin(&api, "site", manifest.clone());
    assert_eq!(again["buckets"], json!([]));
    put(&api, "site", &json!({"assets": {"jwt": token(&again)}}));
    assert_eq!(daemon.get("/site/no/such").status, 404);
    assert_eq!(
        begin(&api, "other", manifest)["buckets"],
        json!([["aa", "bb"]])
    );
    api.delete(&script("site")).ok();
    assert_eq!(daemon.get("/site/").status, 404);
}

#[test]
fn a_worker_and_its_assets() {
    let daemon = daemon();
    let api = daemon.api();
    let session = begin(&api, "app", json!({"/a.html": {"hash": "aa", "size": 1}}));
    let form = Form::new().part("aa", Some("aa"), Some("text/html"), "QQ==");
    let path = format!("{ACCOUNT}/workers/assets/upload?base64=true");
    let uploaded = api.with_token(&token(&session)).form("POST", &path, form);
    assert_eq!(uploaded.status, 201);
    let metadata = json!({
        "main_module": "w.js", "compatibility_date": "2026-01-01",
        "bindings": [{"type": "assets", "name": "ASSETS"}],
        "assets": {"jwt": token(&uploaded.ok())},
    });
    let source = "export default { async fetch(request, env) {
        const answer = await env.ASSETS.fetch('http://any.example/a.html');
        return new Response(`worker ${answer.status} ${answer.url} ${await answer.text()}`);
    } };";
    let worker = |metadata: &Value| {
        Form::new().metadata(metadata).part(
            "w.js",
            Some("w.js"),
            Some("application/javascript+module"),
            source,
        )
    };
    api.form("PUT", &script("app"), worker(&metadata)).ok();
    let says =
        |target: &str, expect: &str| assert_eq!(daemon.get(target).expect(200).text(), expect);
    says("/app/a", "A");
    says("/app/b", "worker 200 http://any.example/a A");
    let kept = json!({
        "main_module": "w.js", "compatibility_date": "2026-01-01", "keep_assets": true,
        "bindings": [{"type": "assets", "name": "ASSETS"}],
        "assets": {"config": {"run_worker_first": true}},
    });
    api.form("PUT", &script("app"), worker(&kept)).ok();
    says("/app/a", "worker 200 http://any.example/a A");
}

#[test]
fn uploads_that_break_the_rules_are_refused() {
    let daemon = daemon();
    let api = daemon.api();
    let path = format!("{}/assets-upload-session", script("bad"));
    for manifest in [
        json!({"no/slash": {"hash": "aa", "size": 1}}),
        json!({"/a": {"hash": "", "size": 1}}),
        json!({"/a": {"hash": "../../etc", "size": 1}}),
        json!({"/a": {"hash": "aa", "size": -1}}),
        json!({"/a": {"hash": "aa", "size": 99_999_999_999_u64}}),
        json!({"/a": {"hash": "aa", "size": 1}, "/b": {"hash": "aa", "size": 2}}),
        json!({"/a": {"size": 1}}),
        json!([]),
    ] {
        let refused = api
            .json("POST", &path, &json!({"manifest": manifest.clone()}))
            .refused();
        assert_eq!(refused.0, 400, "{manifest}");
    }
    let session = token(&begin(
        &api,
        "bad",
        json!({"/a": {"hash": "aa", "size": 2}}),
    ));
    for (token, hash, body) in [
        (session.as_str(), "bb", &b"xx"[..]),
        (&session, "aa", b"x"),
        (&session, "aa", b"xxx"),
        ("nonsense", "aa", b"xx"),
        (daemon.token(), "aa", b"xx"),
    ] {
        let answer = upload(&api, token, hash, "text/plain", body);
        assert_eq!(answer["success"], false, "{token} {hash} {body:?}");
    }
    // A session's token opens nothing else.
    let answer = api.with_token(&session).get(&script("bad"));
    assert_eq!(answer.status, 401);
    assert!(!token(&upload(&api, &session, "aa", "text/plain", b"xx")["result"]).is_empty());
}

#[test]
fn uploads_that_were_deployed_make_room_for_others() {
    let daemon = daemon();
    let api = daemon.api();
    for round in 0..40 {
        let hash = format!("{round:032x}");
        let mut manifest = json!({});
        manifest["/a.txt"] = json!({"hash": hash, "size": 1});
        let session = token(&begin(&api, "often", manifest));
        let last = upload(&api, &session, &hash, "text/plain", b"x");
        put(
            &api,
            "often",
            &json!({"assets": {"jwt": token(&last["result"])}}),
        );
    }
    assert_eq!(daemon.get("/often/a.txt").expect(200).text(), "x");
}

#[test]
fn a_hash_that_is_guessed_gets_nothing_of_anothers() {
    let daemon = daemon();
    let api = daemon.api();
    let hash = "00112233445566778899aabbccddeeff";
    let manifest = || json!({"/a.txt": {"hash": hash, "size": 8}});
    let deploy = |name: &str, completion: &str| {
        let metadata = json!({"assets": {"jwt": completion}});
        api.form("PUT", &script(name), Form::new().metadata(&metadata))
    };
    let begun = begin(&api, "victim", manifest());
    let last = upload(&api, &token(&begun), hash, "text/plain", b"precious");
    let completion = token(&last["result"]);
    deploy("victim", &completion).ok();
    // The victim itself need not send it again; whoever else says to have it must.
    let again = begin(&api, "victim", manifest());
    assert_eq!(again["buckets"], json!([]));
    for session in ["mallory", "other"] {
        let begun = begin(&api, session, manifest());
        assert_eq!(begun["buckets"], json!([[hash]]));
        // A session without its files ends in nothing, and tokens of another script's are none.
        for stolen in [token(&begun), completion.clone(), token(&again)] {
            assert_eq!(deploy(session, &stolen).refused().0, 400);
        }
    }
    let begun = begin(&api, "mallory", manifest());
    let last = upload(&api, &token(&begun), hash, "text/plain", b"worthles");
    deploy("mallory", &token(&last["result"])).ok();
    assert_eq!(daemon.get("/mallory/a.txt").expect(200).text(), "worthles");
    assert_eq!(daemon.get("/victim/a.txt").expect(200).text(), "precious");
}
