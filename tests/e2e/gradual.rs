//! The real wrangler, unmodified, and versions of a Worker.

use postern_e2e::{Daemon, Ran, Setup};
use serde_json::{Value, json};
use std::path::PathBuf;

const SCRIPT: &str = "/client/v4/accounts/edge/workers/scripts/shop";

struct Stage {
    daemon: Daemon,
    folder: PathBuf,
}

impl Stage {
    fn new() -> Self {
        let daemon = Setup::new()
            .routing("zone = 'edge.test'\naccount-subdomain = 'workers'")
            .start();
        let folder = daemon.dir().join("project");
        std::fs::create_dir_all(&folder).unwrap();
        let config = json!({
            "name": "shop",
            "main": "index.js",
            "compatibility_date": "2026-01-01",
            "version_metadata": {"binding": "VERSION"},
        });
        std::fs::write(folder.join("wrangler.json"), config.to_string()).unwrap();
        Self { daemon, folder }
    }

    fn source(&self, name: &str) {
        let source = format!(
            "export default {{ fetch(request, env) {{ return Response.json(['{name}', env.VERSION.id, env.FOO ?? null]); }} }};"
        );
        std::fs::write(self.folder.join("index.js"), source).unwrap();
    }

    #[track_caller]
    fn run(&self, line: &[&str], stdin: &str) -> Ran {
        let ran = self.daemon.wrangler(&self.folder, line, stdin);
        assert_eq!(
            ran.code,
            0,
            "wrangler {line:?}\n{}\n{}\n{}",
            String::from_utf8_lossy(&ran.stdout),
            ran.stderr,
            self.daemon.log()
        );
        ran
    }

    #[track_caller]
    fn says(&self, line: &[&str], parts: &[&str]) {
        let ran = self.run(line, "");
        for part in parts {
            assert!(
                ran.text().contains(part),
                "{part} in {line:?}: {}",
                ran.text()
            );
        }
    }

    /// The newest version.
    fn latest(&self) -> String {
        let latest = self.daemon.api().get(&format!("{SCRIPT}/versions/latest"));
        latest.ok()["id"].as_str().unwrap().to_owned()
    }

    /// The deployment that runs.
    fn running(&self) -> Value {
        let all = self.daemon.api().get(&format!("{SCRIPT}/deployments")).ok();
        all["deployments"][0].clone()
    }

    #[track_caller]
    fn answers(&self) -> Value {
        self.daemon.get("/shop/").expect(200).json()
    }
}

#[test]
fn wrangler_uploads_deploys_and_rolls_back() {
    let stage = Stage::new();
    stage.source("one");
    let early = stage
        .daemon
        .wrangler(&stage.folder, &["versions", "upload"], "");
    assert_ne!(early.code, 0, "{early:?}");
    stage.run(&["deploy", "--message", "first"], "");
    let one = stage.latest();
    assert_eq!(stage.answers(), json!(["one", one, null]));
    // A later deployment makes a version and then deploys it.
    stage.source("two");
    stage.run(&["deploy"], "");
    let two = stage.latest();
    assert_eq!(stage.answers(), json!(["two", two, null]));
    assert_eq!(stage.running()["source"], "wrangler");

    stage.source("three");
    stage.run(
        &[
            "versions",
            "upload",
            "--tag",
            "v3",
            "--message",
            "the third",
        ],
        "",
    );
    let three = stage.latest();
    assert_eq!(stage.answers()[0], "two");
    stage.says(
        &["versions", "list"],
        &[&one, &two, &three, "v3", "the third"],
    );
    stage.says(&["versions", "view", &three], &[&three, "v3", "2026-01-01"]);

    let shares = [format!("{two}@75%"), format!("{three}@25%")];
    let line = [
        "versions",
        "deploy",
        &shares[0],
        &shares[1],
        "-y",
        "--message",
        "carefully",
    ];
    stage.run(&line, "");
    let running = stage.running();
    assert_eq!(running["annotations"]["workers/message"], "carefully");
    assert_eq!(
        running["versions"][0],
        json!({"version_id": two, "percentage": 75.0, "figures": running["versions"][0]["figures"]})
    );
    stage.says(&["deployments", "list"], &[&two, &three, "75%", "25%"]);
    stage.says(&["deployments", "status"], &[&three]);

    stage.run(&["rollback", &one, "-y", "--message", "it was better"], "");
    assert_eq!(stage.answers()[0], "one");
    let running = stage.running();
    assert_eq!(running["annotations"]["workers/triggered_by"], "rollback");
    assert_eq!(running["annotations"]["workers/message"], "it was better");
}

#[test]
fn wrangler_puts_secrets_into_versions() {
    let stage = Stage::new();
    stage.source("one");
    stage.run(&["deploy"], "");
    stage.run(&["secret", "put", "FOO"], "first");
    assert_eq!(stage.answers()[2], "first");
    let deployed = stage.latest();
    stage.run(
        &["versions", "secret", "put", "FOO", "--message", "another"],
        "second",
    );
    let newest = stage.latest();
    assert_ne!(deployed, newest);
    assert_eq!(stage.answers()[2], "first");
    // That would leave the newest version behind.
    let refused = stage
        .daemon
        .wrangler(&stage.folder, &["secret", "put", "BAR"], "x");
    assert_ne!(refused.code, 0, "{refused:?}");
    let share = format!("{newest}@100%");
    stage.run(&["versions", "deploy", &share, "-y"], "");
    assert_eq!(stage.answers(), json!(["one", newest, "second"]));
    stage.run(&["versions", "secret", "delete", "FOO"], "y\n");
    assert_eq!(stage.answers()[2], "second");
    // The next upload goes on from the newest version, so it has no such secret either.
    stage.source("two");
    stage.run(&["deploy"], "");
    assert_eq!(stage.answers()[0], "two");
    assert_eq!(stage.answers()[2], Value::Null);
}
