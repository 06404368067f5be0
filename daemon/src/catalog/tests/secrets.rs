//! Secrets on the disk: what lies there, and what happens without the key.

use super::*;
use crate::catalog::binding::{Hidden, Target};
use crate::catalog::rows::Rows;
use postern_abi::SyncOp;

const TEXT: &str = "a text that nobody may find";

fn secret(text: &str) -> serde_json::Value {
    json!([{"name": "S", "type": "secret_text", "text": text}])
}

/// What a script's Worker finds in `env.S`.
fn found(stage: &Stage, script: &str) -> String {
    let mut value = Vec::new();
    let worker = stage.worker(script);
    worker
        .spec
        .env
        .sync(SyncOp::EnvGet, b"S", &mut value)
        .unwrap();
    String::from_utf8_lossy(&value).into_owned()
}

/// The files of the state directory in which the text stands.
fn files_with(dir: &std::path::Path, text: &str) -> Vec<std::path::PathBuf> {
    let mut with = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            with.extend(files_with(&path, text));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            if bytes.windows(text.len()).any(|at| at == text.as_bytes()) {
                with.push(path);
            }
        }
    }
    with
}

fn open_again(stage: Stage) -> (tempfile::TempDir, Result<Arc<Catalog<TestWorker>>>) {
    let Stage { dir, catalog, .. } = stage;
    drop(catalog);
    let runtime: Arc<dyn Runtime<TestWorker>> = TestRuntime::new("build-1");
    let store = crate::catalog::testing::open_store(dir.path());
    let opened = Catalog::open(store, None, runtime, Bounds::default());
    (dir, opened)
}

#[test]
fn a_secret_does_not_lie_on_the_disk_and_is_there_after_a_restart() {
    let stage = Stage::new();
    let pushed = stage.push("a", with(module("1"), secret(TEXT))).unwrap();
    assert!(matches!(
        pushed.settings.bindings[0].target,
        Target::Sealed(_)
    ));
    assert!(found(&stage, "a").contains(TEXT));
    // Under another name too, and kept by a version without it.
    let renamed = json!([{"name": "S", "type": "inherit"}, {"name": "T", "type": "inherit", "old_name": "S"}]);
    stage.push("a", with(module("2"), renamed)).unwrap();
    let mut kept = with(module("3"), json!([]));
    kept.change.keep_bindings = Keep::Types(vec!["secret_text".to_owned()]);
    stage.push("a", kept).unwrap();
    let change = vec![("U".to_owned(), Some(TEXT.to_owned()))];
    block_on(stage.catalog.change_secrets("production", "a", change)).unwrap();
    block_on(
        stage
            .catalog
            .update_namespace("production", Some("other"), None),
    )
    .unwrap();
    block_on(
        stage
            .catalog
            .update_namespace("other", Some("production"), None),
    )
    .unwrap();
    stage.catalog.store().export().unwrap();
    let stage = stage.restart("build-1");
    assert!(found(&stage, "a").contains(TEXT));
    let (_, script) = stage.catalog.script("production", "a").unwrap();
    assert_eq!(names(&script), ["S", "T", "U"]);
    assert_eq!(
        files_with(stage.dir.path(), TEXT),
        [] as [std::path::PathBuf; 0]
    );
}

#[test]
fn what_global_scope_made_of_a_secret_does_not_lie_on_the_disk_either() {
    let stage = Stage::new();
    let source = format!("env.S; export default {{ fetch() {{}} }} // {TEXT}");
    let mut push = with(module("1"), secret("s"));
    push.modules[0] = Source {
        name: "main.wasm".to_owned(),
        content_type: "application/javascript+module".to_owned(),
        bytes: source.into(),
    };
    stage.push("a", push).unwrap();
    let read = |stage: &Stage| {
        let snapshot = stage.worker("a").spec.snapshot.clone().unwrap();
        String::from_utf8(std::fs::read(snapshot).unwrap()).unwrap()
    };
    let made = read(&stage);
    assert!(made.contains(TEXT), "{made}");
    let stage = stage.restart("build-1");
    assert_eq!(read(&stage), made);
    // The module's own text is no secret; the snapshot of it is one.
    let files = files_with(stage.dir.path(), TEXT);
    assert_eq!(files.len(), 1, "{files:?}");
}

#[test]
fn rows_with_plain_text_are_read_and_encrypted() {
    let stage = Stage::new();
    let mut script = stage.push("a", with(module("1"), secret("s"))).unwrap();
    script.settings.bindings[0].target = Target::Secret(Hidden(TEXT.to_owned()));
    let (namespace, _) = stage.catalog.script("production", "a").unwrap();
    let key = record::Script::key(namespace.id, "a");
    let rows = Rows::default().put(record::Script::TABLE, key, script);
    block_on(stage.catalog.commit(rows, Vec::new())).unwrap();
    let stage = stage.restart("build-1");
    assert!(found(&stage, "a").contains(TEXT));
    let (_, script) = stage.catalog.script("production", "a").unwrap();
    assert!(matches!(
        script.settings.bindings[0].target,
        Target::Sealed(_)
    ));
}

#[test]
fn a_ciphertext_that_was_moved_is_refused_and_can_be_put_again() {
    let stage = Stage::new();
    stage.push("a", with(module("1"), secret(TEXT))).unwrap();
    let mut b = stage.push("b", with(module("1"), secret("other"))).unwrap();
    let (namespace, a) = stage.catalog.script("production", "a").unwrap();
    b.settings.bindings = a.settings.bindings;
    let key = record::Script::key(namespace.id, "b");
    let rows = Rows::default().put(record::Script::TABLE, key, b);
    block_on(stage.catalog.commit(rows, Vec::new())).unwrap();
    let stage = stage.restart("build-1");
    assert!(found(&stage, "a").contains(TEXT));
    assert!(stage.catalog.worker("production", "b").is_none());
    assert_eq!(block_on(stage.catalog.refresh()), 0);
    let put = |text: &str| vec![("S".to_owned(), Some(text.to_owned()))];
    let keep = block_on(
        stage
            .catalog
            .change_settings("production", "b", Change::default()),
    );
    assert!(matches!(keep, Err(CatalogError::Vault(_))));
    block_on(stage.catalog.change_secrets("production", "b", put("anew"))).unwrap();
    assert!(found(&stage, "b").contains("anew"));
}

#[test]
fn without_the_key_nothing_starts_and_nothing_is_lost() {
    let stage = Stage::new();
    stage.push("a", with(module("1"), secret(TEXT))).unwrap();
    let key = stage.dir.path().join("device.key");
    let aside = stage.dir.path().join("aside");
    std::fs::rename(&key, &aside).unwrap();
    let (dir, opened) = open_again(stage);
    let error = opened.err().unwrap().to_string();
    assert!(
        error.contains("is missing") && error.contains("secrets forget"),
        "{error}"
    );
    std::fs::rename(&aside, &key).unwrap();
    let runtime = TestRuntime::new("build-1");
    let catalog = open(dir.path(), &runtime);
    let stage = Stage {
        dir,
        runtime,
        catalog,
    };
    assert!(found(&stage, "a").contains(TEXT));

    let Stage { dir, catalog, .. } = stage;
    drop(catalog);
    std::fs::remove_file(&key).unwrap();
    let store = crate::catalog::testing::open_store(dir.path());
    let forgotten = forget_secrets(&store).unwrap();
    assert_eq!(forgotten, [("a".to_owned(), "S".to_owned())]);
    drop(store);
    let runtime = TestRuntime::new("build-1");
    let catalog = open(dir.path(), &runtime);
    assert_eq!(block_on(catalog.refresh()), 1);
    let (_, script) = catalog.script("production", "a").unwrap();
    assert!(names(&script).is_empty());
    let versions = catalog.versions("production", "a").unwrap();
    assert!(names(&versions[0].script).is_empty());
    assert!(catalog.worker("production", "a").is_some());
}
