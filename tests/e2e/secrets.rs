//! Secrets of a daemon: in Workers, nowhere on the disk, and what a lost key means.

use linux_keyutils::{KeyRing, KeyRingIdentifier};
use postern_e2e::api::script;
use postern_e2e::{Daemon, Form, Setup};
use serde_json::json;
use std::path::{Path, PathBuf};

const TEXT: &str = "c3VjaCBhIHNlY3JldA-unlike-anything-else";

/// Looks at its secret where a snapshot would keep it, and where it is answered.
const SOURCE: &str = "
    import { env } from 'cloudflare:workers';
    const kept = { text: env.TOKEN + ' kept' };
    export default {
        fetch(request, env) {
            return new Response(new URL(request.url).pathname.endsWith('/kept') ? kept.text : env.TOKEN);
        },
    };
";

fn push(daemon: &Daemon) {
    let metadata = json!({
        "main_module": "index.js",
        "compatibility_date": "2026-01-01",
        "bindings": [{"type": "secret_text", "name": "TOKEN", "text": TEXT}],
    });
    let form = Form::new().metadata(&metadata).part(
        "index.js",
        Some("index.js"),
        Some("application/javascript+module"),
        SOURCE,
    );
    daemon.api().form("PUT", &script("keeper"), form).ok();
}

fn files_with(dir: &Path, text: &str, with: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_with(&path, text, with);
        } else if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            if bytes.windows(text.len()).any(|at| at == text.as_bytes()) {
                with.push(path);
            }
        }
    }
}

#[test]
fn a_secret_is_in_the_worker_and_not_on_the_disk() {
    let mut daemon = Daemon::plain();
    daemon.api().production();
    push(&daemon);
    let answers = |daemon: &Daemon| {
        assert_eq!(daemon.get("/keeper/").expect(200).text(), TEXT);
        assert_eq!(
            daemon.get("/keeper/kept").expect(200).text(),
            format!("{TEXT} kept")
        );
    };
    answers(&daemon);
    let shown = daemon
        .api()
        .get(&format!("{}/settings", script("keeper")))
        .ok();
    assert!(!shown.to_string().contains(TEXT));
    daemon.kill9();
    daemon.start();
    answers(&daemon);
    daemon.terminate();
    // The log, the configuration and everything else lie beside the data.
    let mut with = Vec::new();
    files_with(daemon.dir(), TEXT, &mut with);
    assert_eq!(with, [] as [PathBuf; 0]);

    let key = daemon.data_dir().join("device.key");
    std::fs::remove_file(&key).unwrap();
    let refused = daemon.command().arg("serve").output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(
        said.contains("device.key") && said.contains("postern secrets forget"),
        "{said}"
    );
    let forgot = daemon
        .command()
        .args(["secrets", "forget"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&forgot.stdout).into_owned();
    assert_eq!(said, "forgot TOKEN of keeper\n");
    daemon.start();
    push(&daemon);
    answers(&daemon);
}

#[test]
fn the_key_may_be_in_the_kernels_keyring() {
    let name = format!("postern-e2e-{}", std::process::id());
    let line = |digit: &str| format!("postern device key 1 {}\n", digit.repeat(64));
    let added = KeyRing::from_special_id(KeyRingIdentifier::Session, true)
        .and_then(|ring| ring.add_key(&name, &line("a")));
    let key = match added {
        Ok(key) => key,
        Err(error) => return println!("skipped: this system lets nobody add keys: {error:?}"),
    };
    let mut daemon = Setup::new()
        .tables(&format!("[store]\nkeyring = \"{name}\"\n"))
        .start();
    daemon.api().production();
    push(&daemon);
    assert_eq!(daemon.get("/keeper/").expect(200).text(), TEXT);
    assert!(!daemon.data_dir().join("device.key").exists());
    daemon.kill9();
    daemon.start();
    assert_eq!(daemon.get("/keeper/").expect(200).text(), TEXT);
    daemon.terminate();
    let refused = |told: &str| {
        let refused = daemon.command().arg("serve").output().unwrap();
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success());
        assert!(said.contains(told), "{said}");
        assert!(said.contains(&name), "{said}");
    };
    key.update(&line("b")).unwrap();
    refused("is not the one that the stored secrets were encrypted with");
    key.update(&"no key").unwrap();
    refused("is no key");
    key.invalidate().unwrap();
    refused("gives no device key");
    let ring = KeyRing::from_special_id(KeyRingIdentifier::Session, true).unwrap();
    let key = ring.add_key(&name, &line("a")).unwrap();
    daemon.start();
    assert_eq!(daemon.get("/keeper/").expect(200).text(), TEXT);
    key.invalidate().unwrap();
}
