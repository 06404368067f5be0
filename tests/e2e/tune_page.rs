//! The page that tunes: what it is served with, and how it works in a browser, by keyboard alone.
//!
//! Screenshots go to the folder that the variable `POSTERN_SHOTS` names, or to `target/shots`.

use postern_e2e::browser::{Browser, program};
use postern_e2e::guests::hello;
use postern_e2e::{Daemon, Request};
use serde_json::json;
use std::path::PathBuf;

const FILES: [&str; 3] = ["/tune", "/tune/style.css", "/tune/app.js"];

#[test]
fn the_page_is_small_closed_and_needs_no_token_to_be_seen() {
    let daemon = Daemon::plain();
    let mut bytes = 0;
    for file in FILES {
        let answer = Request::get(file)
            .send(daemon.manage())
            .unwrap()
            .expect(200);
        bytes += answer.body.len();
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with(
                "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'"
            ),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(!answer.text().contains("https://"));
    }
    assert!(bytes <= 150_000, "{bytes} bytes");
    let root = Request::get("/").header("accept", "text/html,*/*;q=0.8");
    let root = root.send(daemon.manage()).unwrap();
    assert_eq!((root.status, root.header("location")), (302, Some("/tune")));
    Request::get("/").send(daemon.manage()).unwrap().expect(401);
    // The edge, where tenants' clients are, knows nothing of it; nor is there anything else.
    assert_ne!(daemon.get("/tune").status, 200);
    for path in ["/tune/x", "/tune/../tune.js", "/postern/v1/tune"] {
        let status = Request::get(path).send(daemon.manage()).unwrap().status;
        assert!(status == 401 || status == 404, "{path}: {status}");
    }
}

fn shots() -> PathBuf {
    let folder = std::env::var_os("POSTERN_SHOTS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/shots")),
        PathBuf::from,
    );
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn the_page_works_without_a_mouse() {
    let Some(program) = program() else {
        eprintln!("skipped: no Chromium; `cargo xtask setup --for browser` installs one");
        return;
    };
    let daemon = Daemon::plain();
    let api = daemon.api();
    api.production();
    for name in ["good", "other"] {
        api.push(name, &hello(name), &json!({}));
    }
    for _ in 0..120 {
        daemon.get("/good/").expect(200);
    }
    for _ in 0..7 {
        daemon.get("/other/").expect(200);
    }
    let mut browser = Browser::start(&program, (1100, 1400));
    let shot = |browser: &mut Browser, name: &str| {
        let png = browser.screenshot();
        assert!(png.starts_with(b"\x89PNG"), "{name}");
        std::fs::write(shots().join(format!("tune-{name}.png")), png).unwrap();
    };
    browser.open(&format!("http://{}/tune", daemon.manage()));
    browser.wait("document.activeElement?.id === 'token'");
    shot(&mut browser, "closed");
    browser.press(&["wrong", "<Enter>"]);
    browser.wait("!document.getElementById('problem').hidden");
    browser.eval("document.getElementById('token').value = ''");
    browser.press(&[daemon.token(), "<Enter>"]);
    browser.wait("document.querySelectorAll('#used tbody tr').length === 2");
    // The token is nowhere but in memory.
    let token = json!(daemon.token());
    let kept = browser.eval("JSON.stringify([localStorage, sessionStorage, document.cookie, location.href]) + document.documentElement.outerHTML");
    assert!(!kept.as_str().unwrap().contains(token.as_str().unwrap()));
    assert_eq!(browser.eval("document.getElementById('token').value"), "");
    browser.wait("document.querySelectorAll('#histograms svg').length === 4");
    assert_eq!(
        browser.eval(
            "document.querySelector('#used tbody tr[aria-selected=true] button').textContent"
        ),
        "production/good"
    );

    // By keyboard: sorted by name, the other one first, then chosen.
    browser.eval("document.querySelector('#used th button').focus()");
    browser.press(&["<Enter>"]);
    browser
        .wait("document.querySelector('th[aria-sort=ascending] button')?.textContent === 'Tenant'");
    browser.press(&["<Space>"]);
    browser.wait("document.querySelector('#used tbody button').textContent === 'production/other'");
    shot(&mut browser, "tenants");

    // Memory to its least, by the slider: each request would have been cut.
    browser.eval("document.querySelector('[data-tenant*=good]').focus()");
    browser.press(&["<Enter>"]);
    browser.eval("document.getElementById('limit-memory-bytes').focus()");
    browser.press(&["<Home>"]);
    browser.wait("document.getElementById('effect').textContent.startsWith('1 of 1 tenants would have been cut, 120 of 120 requests')");
    assert_eq!(
        browser.eval("document.getElementById('limit-memory-bytes-cut').textContent"),
        "cuts 120"
    );
    browser.press(&["<Right>"]);
    browser.wait("document.getElementById('effect').textContent !== '…'");
    shot(&mut browser, "what-if");

    browser.eval("document.getElementById('why').focus()");
    browser.press(&["by keyboard", "<Enter>"]);
    browser.wait(
        "!document.getElementById('trial').hidden && document.activeElement.id === 'confirm'",
    );
    shot(&mut browser, "trial");
    browser.press(&["<Enter>"]);
    browser.wait("document.getElementById('trial').hidden");
    browser.wait("document.querySelector('#history tbody').textContent.includes('by keyboard')");
    shot(&mut browser, "history");
    let told = api.get("/postern/v1/tune/history").ok();
    assert_eq!(
        (&told["changes"][0]["why"], &told["trial"]),
        (&json!("by keyboard"), &json!(null))
    );
    // Every control can be reached, and has a name.
    let nameless = browser.eval(
        "[...document.querySelectorAll('button, input')].filter((it) => !it.textContent && !it.getAttribute('aria-label') && !it.labels?.length).map((it) => it.outerHTML).join()",
    );
    assert_eq!(nameless, "");
    let beyond = browser.eval(
        "[...document.querySelectorAll('button, input')].filter((it) => it.tabIndex < 0).length",
    );
    assert_eq!(beyond, 0);
}
