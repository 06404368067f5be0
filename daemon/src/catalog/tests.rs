//! What a user of the catalog sees: versions, restarts, refusals, and what is left on disk.

#![allow(clippy::unwrap_used)]

mod javascript;
mod secrets;
mod trials;
mod versions;

use super::binding::{Keep, Wanted};
use super::entrances::Found;
use super::name::TagFilter;
use super::record::CustomLimits;
use super::testing::{TestRuntime, TestWorker, WASM, open, wait_until};
use super::*;
use bytes::Bytes;
use futures_lite::future::{block_on, poll_once};
use serde_json::json;
use std::sync::atomic::Ordering;

struct Stage {
    dir: tempfile::TempDir,
    runtime: Arc<TestRuntime>,
    catalog: Arc<Catalog<TestWorker>>,
}

impl Stage {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let runtime = TestRuntime::new("build-1");
        let catalog = open(dir.path(), &runtime);
        block_on(catalog.create_namespace("production")).unwrap();
        Self {
            dir,
            runtime,
            catalog,
        }
    }

    /// Closes the store and opens it again, as a restart with this build would.
    fn restart(self, build: &str) -> Self {
        let Self { dir, catalog, .. } = self;
        drop(catalog);
        let runtime = TestRuntime::new(build);
        let catalog = open(dir.path(), &runtime);
        Self {
            dir,
            runtime,
            catalog,
        }
    }

    fn push(&self, script: &str, push: Push) -> Result<record::Script> {
        block_on(self.catalog.push("production", script, push))
    }

    fn worker(&self, script: &str) -> Arc<TestWorker> {
        self.catalog.worker("production", script).unwrap()
    }

    /// Waits until this many blobs are left: they go after the last Worker that has them.
    #[track_caller]
    fn blobs_become(&self, count: usize) {
        let blobs = || self.catalog.store().blobs().list().unwrap().len();
        wait_until("unneeded blobs are gone", || blobs() <= count);
        assert_eq!(blobs(), count);
    }
}

fn module(salt: &str) -> Push {
    let mut bytes = WASM.to_vec();
    bytes.extend_from_slice(salt.as_bytes());
    Push {
        main_module: "main.wasm".to_owned(),
        modules: vec![Source {
            name: "main.wasm".to_owned(),
            content_type: "application/wasm".to_owned(),
            bytes: Bytes::from(bytes),
        }],
        change: Change::default(),
        keep_settings: false,
        assets: Default::default(),
    }
}

fn with(mut push: Push, bindings: serde_json::Value) -> Push {
    push.change.bindings = Some(wanted(bindings));
    push
}

fn wanted(bindings: serde_json::Value) -> Vec<Wanted> {
    bindings
        .as_array()
        .unwrap()
        .iter()
        .map(|one| Wanted::parse(1, one).unwrap())
        .collect()
}

fn names(script: &record::Script) -> Vec<&str> {
    let bindings = script.settings.bindings.iter();
    bindings.map(|bound| bound.name.as_str()).collect()
}

#[test]
fn a_push_runs_and_a_second_one_replaces_it() {
    let stage = Stage::new();
    assert!(stage.catalog.worker("production", "a").is_none());
    let first = stage.push("a", module("1")).unwrap();
    let old = stage.worker("a");
    let second = stage.push("a", module("2")).unwrap();
    let new = stage.worker("a");
    assert!(old.retired.load(Ordering::SeqCst));
    assert!(!new.retired.load(Ordering::SeqCst));
    assert!(
        old.spec.image.as_ref().unwrap().exists() && old.spec.snapshot.as_ref().unwrap().exists(),
        "a request on the old version may still open its files"
    );
    assert_eq!((first.version, second.version), (1, 2));
    assert_eq!(first.tag, second.tag);
    assert_eq!(first.created_ms, second.created_ms);
    assert_ne!(first.etag, second.etag);
    assert_ne!(old.spec.version, new.spec.version);
    drop(old);
    stage.blobs_become(3);
}

#[test]
fn a_restart_brings_everything_back() {
    let stage = Stage::new();
    let kv = block_on(stage.catalog.create_kv_namespace("cache")).unwrap();
    let bindings = json!([
        {"name":"CACHE","type":"kv_namespace","namespace_id":kv.id.hex()},
        {"name":"S","type":"secret_text","text":"s"},
    ]);
    let pushed = stage.push("a", with(module("1"), bindings)).unwrap();
    let stage = stage.restart("build-1");
    let (_, script) = stage.catalog.script("production", "a").unwrap();
    assert_eq!(script, pushed);
    assert_eq!(&*stage.worker("a").spec.script, "a");
    assert_eq!(stage.runtime.judged.load(Ordering::SeqCst), 0);
    assert_eq!(stage.catalog.kv_namespace(&kv.id.hex()).unwrap(), kv);
    stage.blobs_become(3);
}

#[test]
fn another_build_judges_again() {
    let stage = Stage::new();
    let pushed = stage.push("a", module("1")).unwrap();
    let stage = stage.restart("build-2");
    assert!(stage.catalog.worker("production", "a").is_none());
    // Who asks meanwhile is to come again.
    let led = |script| stage.catalog.lead_to("production", script);
    assert!(matches!(led("a"), Found::Starting));
    assert!(matches!(led("b"), Found::Missing));
    assert!(stage.catalog.is_pending("production", "a"));
    assert!(!stage.catalog.is_pending("production", "b"));
    assert_eq!(block_on(stage.catalog.refresh()), 1);
    assert!(!stage.catalog.is_pending("production", "a"));
    assert_eq!(&*stage.worker("a").spec.script, "a");
    let (_, script) = stage.catalog.script("production", "a").unwrap();
    assert_eq!(script.version_id, pushed.version_id);
    assert_eq!(script.verdict.build, "build-2 AbiV1");
    stage.blobs_become(3);
    let stage = stage.restart("build-2");
    assert_eq!(stage.catalog.counts(), (1, 0));
}

#[test]
fn what_judging_left_and_is_gone_is_made_again() {
    let mut stage = Stage::new();
    let verdict = stage.push("a", module("1")).unwrap().verdict;
    let blobs = [verdict.image, verdict.snapshot];
    for (at, blob) in blobs.into_iter().flatten().enumerate() {
        let path = stage.catalog.store().blobs().path(&blob);
        let whole = std::fs::read(&path).unwrap();
        match at {
            0 => std::fs::remove_file(&path).unwrap(),
            _ => std::fs::write(&path, "").unwrap(),
        }
        stage = stage.restart("build-1");
        assert!(stage.catalog.is_pending("production", "a"));
        assert_eq!(block_on(stage.catalog.refresh()), 1);
        assert_eq!(std::fs::read(&path).unwrap(), whole);
        assert_eq!(&*stage.worker("a").spec.script, "a");
    }
}

#[test]
fn a_push_is_charged_to_its_script_and_nothing_else_is() {
    let stage = Stage::new();
    stage.push("a", module("1")).unwrap();
    stage.push("a", module("2")).unwrap();
    let mut bad = module("x");
    bad.modules[0].bytes = Bytes::from_static(b"not wasm");
    stage.push("b", bad).unwrap_err();
    let settings = Change::default();
    block_on(stage.catalog.change_settings("production", "a", settings)).unwrap();
    let charged = ("production/a".to_owned(), 7);
    assert_eq!(*stage.runtime.deployed.lock(), [charged.clone(), charged]);
    let stage = stage.restart("build-2");
    assert_eq!(block_on(stage.catalog.refresh()), 1);
    assert!(stage.runtime.deployed.lock().is_empty());
}

#[test]
fn a_refused_push_leaves_nothing_and_changes_nothing() {
    let stage = Stage::new();
    stage.push("a", module("1")).unwrap();
    let before = stage.worker("a");
    let mut bad = module("x");
    bad.modules[0].bytes = Bytes::from_static(b"not wasm");
    let error = stage.push("a", bad.clone()).unwrap_err();
    assert!(matches!(error, CatalogError::Invalid(_)));
    assert!(stage.push("new", bad).is_err());
    assert!(stage.catalog.script("production", "new").is_err());

    stage.runtime.refuse_start.store(true, Ordering::SeqCst);
    let error = stage.push("a", module("2")).unwrap_err();
    assert!(matches!(error, CatalogError::Start(_)));
    stage.runtime.refuse_start.store(false, Ordering::SeqCst);

    let missing = json!([{"name":"K","type":"kv_namespace","namespace_id":"0".repeat(32)}]);
    let judged = stage.runtime.judged.load(Ordering::SeqCst);
    let error = stage.push("a", with(module("2"), missing)).unwrap_err();
    assert!(matches!(error, CatalogError::NoKvTarget(_)));
    assert_eq!(stage.runtime.judged.load(Ordering::SeqCst), judged);

    assert!(Arc::ptr_eq(&before, &stage.worker("a")));
    assert!(!before.retired.load(Ordering::SeqCst));
    // A Worker's env holds the store open.
    drop(before);
    let stage = stage.restart("build-1");
    stage.blobs_become(3);
    assert_eq!(
        stage.catalog.script("production", "a").unwrap().1.version,
        1
    );
}

#[test]
fn scripts_with_the_same_bytes_share_blobs_until_the_last_is_gone() {
    let stage = Stage::new();
    stage.push("a", module("1")).unwrap();
    stage.push("b", module("1")).unwrap();
    stage.blobs_become(3);
    block_on(stage.catalog.delete_script("production", "a")).unwrap();
    assert!(stage.catalog.worker("production", "a").is_none());
    stage.blobs_become(3);
    block_on(stage.catalog.delete_script("production", "b")).unwrap();
    stage.blobs_become(0);
}

#[test]
fn pushes_of_one_script_come_one_after_the_other() {
    let stage = Stage::new();
    block_on(async {
        let gate = stage.runtime.gate.lock_arc().await;
        let mut first = Box::pin(stage.catalog.push("production", "a", module("1")));
        let mut second = Box::pin(stage.catalog.push("production", "a", module("2")));
        assert!(poll_once(&mut first).await.is_none());
        assert!(poll_once(&mut second).await.is_none());
        drop(gate);
        let (first, second) = futures_lite::future::zip(first, second).await;
        assert_eq!(first.unwrap().version, 1);
        assert_eq!(second.unwrap().version, 2);
    });
    let order = stage.runtime.order.lock();
    assert!(order[0].ends_with(b"1") && order[1].ends_with(b"2"));
}

#[test]
fn a_push_abandoned_midway_leaves_nothing() {
    let stage = Stage::new();
    block_on(async {
        let gate = stage.runtime.gate.lock_arc().await;
        let mut push = Box::pin(stage.catalog.push("production", "a", module("1")));
        assert!(poll_once(&mut push).await.is_none());
        drop(push);
        drop(gate);
    });
    assert!(stage.catalog.script("production", "a").is_err());
    stage.blobs_become(0);
    assert_eq!(stage.push("a", module("1")).unwrap().version, 1);
}

#[test]
fn a_namespace_renamed_during_a_push_receives_it() {
    let stage = Stage::new();
    stage.push("old", module("0")).unwrap();
    block_on(async {
        let gate = stage.runtime.gate.lock_arc().await;
        let mut push = Box::pin(stage.catalog.push("production", "a", module("1")));
        assert!(poll_once(&mut push).await.is_none());
        stage
            .catalog
            .update_namespace("production", Some("live"), None)
            .await
            .unwrap();
        drop(gate);
        push.await.unwrap();
    });
    assert!(stage.catalog.worker("production", "a").is_none());
    assert_eq!(
        &*stage.catalog.worker("live", "a").unwrap().spec.namespace,
        "live"
    );
    assert_eq!(
        &*stage.catalog.worker("live", "old").unwrap().spec.namespace,
        "live"
    );
    let stage = stage.restart("build-1");
    assert!(stage.catalog.worker("live", "a").is_some());
}

#[test]
fn keep_bindings_and_settings_only_changes() {
    let stage = Stage::new();
    let bindings = json!([
        {"name":"V","type":"plain_text","text":"1"},
        {"name":"S","type":"secret_text","text":"s"},
    ]);
    stage
        .push("a", with(module("1"), bindings.clone()))
        .unwrap();
    let plain = stage.push("a", module("2")).unwrap();
    assert!(names(&plain).is_empty(), "a push without bindings has none");

    stage.push("a", with(module("1"), bindings)).unwrap();
    let mut push = with(
        module("2"),
        json!([{"name":"N","type":"plain_text","text":"n"}]),
    );
    push.change.keep_bindings = Keep::Types(vec!["secret_text".to_owned()]);
    let kept = stage.push("a", push).unwrap();
    assert_eq!(names(&kept), ["N", "S"]);

    let change = Change {
        limits: Some(CustomLimits {
            cpu_ms: Some(5),
            subrequests: Some(1000),
        }),
        ..Change::default()
    };
    let changed = block_on(stage.catalog.change_settings("production", "a", change)).unwrap();
    assert_eq!(names(&changed), ["N", "S"], "what is not named stays");
    assert_eq!(changed.version, kept.version + 1);
    let limits = stage.worker("a").spec.limits;
    assert_eq!(limits.cpu_ms, 5);
    assert_eq!(limits.subrequests, 50, "the board's limit is the lower one");
    stage.blobs_become(3);
}

#[test]
fn secrets_make_a_new_version_and_can_be_removed() {
    let stage = Stage::new();
    stage.push("a", module("1")).unwrap();
    let change = |secrets: Vec<(&str, Option<&str>)>| {
        let owned = secrets
            .into_iter()
            .map(|(name, text)| (name.to_owned(), text.map(str::to_owned)))
            .collect();
        block_on(stage.catalog.change_secrets("production", "a", owned))
    };
    let set = change(vec![("A", Some("1")), ("B", Some("2"))]).unwrap();
    assert_eq!((set.version, names(&set)), (2, vec!["A", "B"]));
    let changed = change(vec![("A", None), ("B", Some("3"))]).unwrap();
    assert_eq!(names(&changed), ["B"]);
    assert!(matches!(
        change(vec![("A", None)]),
        Err(CatalogError::SecretNotFound(_))
    ));
}

#[test]
fn scripts_are_found_and_deleted_by_tag() {
    let stage = Stage::new();
    for (script, tags) in [
        ("a", vec!["free"]),
        ("b", vec!["free", "eu"]),
        ("c", vec![]),
    ] {
        let mut push = module(script);
        push.change.tags = Some(tags.into_iter().map(str::to_owned).collect());
        stage.push(script, push).unwrap();
    }
    let found = |text: &str| -> Vec<String> {
        let filter = TagFilter::parse(text).unwrap();
        let scripts = stage.catalog.scripts("production", Some(&filter)).unwrap();
        scripts.into_iter().map(|script| script.name).collect()
    };
    assert_eq!(found("free"), ["a", "b"]);
    assert_eq!(found("free:yes,eu:no"), ["a"]);
    let worker = stage.worker("c");
    let added = block_on(stage.catalog.change_tags("production", "c", |mut tags| {
        tags.push("eu".to_owned());
        tags
    }));
    assert_eq!(added.unwrap(), ["eu"]);
    assert!(Arc::ptr_eq(&worker, &stage.worker("c")));
    assert_eq!(&*worker.spec.tenant, "c");
    let named = |_| vec!["eu".to_owned(), "tenant:acme".to_owned()];
    block_on(stage.catalog.change_tags("production", "c", named)).unwrap();
    assert!(worker.retired.load(Ordering::SeqCst));
    assert_eq!(&*stage.worker("c").spec.tenant, "acme");
    let filter = TagFilter::parse("eu").unwrap();
    let deleted = block_on(stage.catalog.delete_scripts("production", &filter)).unwrap();
    assert_eq!(deleted, ["b", "c"]);
    assert_eq!(stage.catalog.counts().0, 1);
    assert!(stage.catalog.worker("production", "b").is_none());
}

#[test]
fn namespaces_are_created_renamed_and_deleted() {
    let stage = Stage::new();
    let catalog = &stage.catalog;
    assert!(matches!(
        block_on(catalog.create_namespace("production")),
        Err(CatalogError::NamespaceExists(_))
    ));
    assert!(block_on(catalog.create_namespace("no dots.")).is_err());
    stage.push("a", module("1")).unwrap();
    assert!(matches!(
        block_on(catalog.delete_namespace("production")),
        Err(CatalogError::NamespaceNotEmpty { scripts: 1, .. })
    ));
    let (_, count) = &catalog.namespaces().unwrap()[0];
    assert_eq!(*count, 1);
    block_on(catalog.delete_script("production", "a")).unwrap();
    block_on(catalog.delete_namespace("production")).unwrap();
    assert!(catalog.namespaces().unwrap().is_empty());
}

#[test]
fn a_bound_kv_namespace_is_not_deleted() {
    let stage = Stage::new();
    let catalog = &stage.catalog;
    let kv = block_on(catalog.create_kv_namespace("cache")).unwrap();
    assert!(matches!(
        block_on(catalog.create_kv_namespace("cache")),
        Err(CatalogError::KvTitleExists(_))
    ));
    let id = kv.id.hex();
    let binding = json!([{"name":"K","type":"kv_namespace","namespace_id":id}]);
    stage.push("a", with(module("1"), binding)).unwrap();
    assert!(matches!(
        block_on(catalog.delete_kv_namespace(&id)),
        Err(CatalogError::KvNamespaceBound { .. })
    ));
    block_on(catalog.delete_script("production", "a")).unwrap();
    block_on(catalog.delete_kv_namespace(&id)).unwrap();
    assert!(catalog.kv_namespace(&id).is_err());
}

#[test]
fn other_bounds_reach_running_workers() {
    let stage = Stage::new();
    let mut push = module("1");
    push.change.limits = Some(CustomLimits {
        cpu_ms: Some(200),
        subrequests: None,
    });
    stage.push("a", push).unwrap();
    stage.push("b", module("1")).unwrap();
    let old = stage.worker("a");
    assert_eq!(old.spec.limits.cpu_ms, 50, "no more than the ceiling");
    let bounds = Bounds {
        versions_kept: 1,
        default: Limits {
            cpu_ms: 20,
            ..Limits::default()
        },
        ceiling: Limits {
            cpu_ms: 100,
            ..Limits::default()
        },
        board: Limits {
            cpu_ms: 1000,
            ..Limits::default()
        },
    };
    block_on(stage.catalog.change_bounds(bounds)).unwrap();
    assert_eq!(stage.worker("a").limits.lock().cpu_ms, 100);
    assert_eq!(stage.worker("b").limits.lock().cpu_ms, 20);
    assert!(!old.retired.load(Ordering::SeqCst), "it goes on");
}

#[test]
fn deletions_are_told() {
    let stage = Stage::new();
    let told = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&told);
    stage.catalog.on_delete(move |namespace, script| {
        list.lock().push(format!("{namespace}/{script}"));
    });
    stage.push("a", module("1")).unwrap();
    block_on(stage.catalog.delete_script("production", "a")).unwrap();
    assert_eq!(*told.lock(), ["production/a"]);
}

#[test]
fn deployments_are_told() {
    let stage = Stage::new();
    stage.push("before", module("1")).unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&told);
    stage.catalog.on_deploy(move |namespace, script| {
        list.lock().push(format!("{namespace}/{script}"));
    });
    stage.push("after", module("2")).unwrap();
    assert_eq!(*told.lock(), ["production/before", "production/after"]);
}
