//! Versions and deployments: what is kept, what runs, and what is there after a restart.

use super::*;
use crate::catalog::deployments::{Deploy, Deployment};
use crate::catalog::guard::Guard;
use crate::catalog::name::Id;
use crate::catalog::rows::Rows;
use crate::catalog::testing::open_keeping;
use crate::catalog::versions::{Note, Version};
use crate::engine::Finished;
use crate::engine::invocation::{Ray, ReplyBody, Request, RequestBody};
use crate::engine::limits::Outcome;
use http::HeaderMap;

const KEPT: u32 = 3;

fn stage() -> Stage {
    let dir = tempfile::tempdir().unwrap();
    let runtime = TestRuntime::new("build-1");
    let catalog = open_keeping(dir.path(), &runtime, KEPT);
    block_on(catalog.create_namespace("production")).unwrap();
    Stage {
        dir,
        runtime,
        catalog,
    }
}

fn restart(stage: Stage, build: &str) -> Stage {
    let Stage { dir, catalog, .. } = stage;
    drop(catalog);
    let runtime = TestRuntime::new(build);
    let catalog = open_keeping(dir.path(), &runtime, KEPT);
    Stage {
        dir,
        runtime,
        catalog,
    }
}

fn upload(stage: &Stage, push: Push) -> Version {
    block_on(stage.catalog.upload_version("production", "a", push)).unwrap()
}

fn deploy(stage: &Stage, versions: &[(&Version, u16)]) -> Result<Deployment> {
    let versions = versions
        .iter()
        .map(|(version, share)| (version.id().uuid(), *share));
    let deploy = Deploy {
        versions: versions.collect(),
        ..Deploy::default()
    };
    block_on(stage.catalog.deploy("production", "a", deploy))
}

fn numbers(stage: &Stage) -> Vec<u64> {
    let versions = stage.catalog.versions("production", "a").unwrap();
    versions.iter().map(Version::number).collect()
}

fn history(stage: &Stage) -> Vec<Deployment> {
    stage.catalog.deployments("production", "a").unwrap()
}

fn version(stage: &Stage, id: &str) -> Version {
    stage.catalog.version("production", "a", id).unwrap()
}

/// The versions that answer requests, by identifier.
fn answering(stage: &Stage) -> std::collections::BTreeSet<String> {
    let deployed = stage.catalog.deployed("production", "a").unwrap();
    let ids = (0..200).map(|number| {
        let mut headers = HeaderMap::new();
        let key = format!("user-{number}");
        headers.insert("cloudflare-workers-version-key", key.parse().unwrap());
        answered_by(stage, &deployed, headers)
    });
    ids.collect()
}

fn answered_by(stage: &Stage, deployed: &Deployed<TestWorker>, headers: HeaderMap) -> String {
    let request = Request {
        ray: Ray(1),
        chain: None,
        origin: None,
        terms: None,
        handler: None,
        method: http::Method::GET,
        url: "http://a.example/version".to_owned(),
        headers,
        body: RequestBody::Empty,
        upgrade: false,
    };
    let reply = block_on(stage.catalog.serve(deployed, request)).unwrap();
    match reply.body {
        ReplyBody::Whole(bytes) => {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            text.rsplit(' ').next().unwrap().to_owned()
        }
        other => panic!("{other:?}"),
    }
}

fn ids(versions: &[&Version]) -> std::collections::BTreeSet<String> {
    versions.iter().map(|version| version.id().uuid()).collect()
}

#[test]
fn a_version_is_deleted_unless_it_runs() {
    let stage = stage();
    let first = stage.push("a", module("1")).unwrap();
    let second = upload(&stage, module("2"));
    let third = upload(&stage, module("3"));
    let delete = |stage: &Stage, id: &str| {
        block_on(stage.catalog.delete_version("production", "a", id)).map_err(|it| it.to_string())
    };
    let running = first.version_id.uuid();
    let refused = delete(&stage, &running).unwrap_err();
    assert!(refused.contains("is deployed"), "{refused}");
    deploy(
        &stage,
        &[(&version(&stage, &running), 9000), (&third, 1000)],
    )
    .unwrap();
    let refused = delete(&stage, &third.id().uuid()).unwrap_err();
    assert!(refused.contains("is deployed"), "{refused}");
    delete(&stage, &second.id().uuid()).unwrap();
    assert_eq!(numbers(&stage), [3, 1]);
    let gone = delete(&stage, &second.id().uuid()).unwrap_err();
    assert!(gone.contains("has no version"), "{gone}");
    assert!(deploy(&stage, &[(&second, 10_000)]).is_err());
    let stage = restart(stage, "build-1");
    assert_eq!(numbers(&stage), [3, 1]);
    assert_eq!(answering(&stage).len(), 2);
}

#[test]
fn a_push_is_a_version_that_is_deployed_and_an_upload_is_not() {
    let stage = stage();
    let early = block_on(stage.catalog.upload_version("production", "a", module("0")));
    assert!(matches!(early, Err(CatalogError::ScriptNotFound { .. })));
    stage.push("a", module("1")).unwrap();
    let first = version(&stage, "latest");
    let running = stage.worker("a");
    let second = upload(&stage, module("2"));
    assert_eq!((first.number(), second.number()), (1, 2));
    assert!(
        Arc::ptr_eq(&running, &stage.worker("a")),
        "what runs does not notice"
    );
    assert_eq!(answering(&stage), ids(&[&first]));
    assert_eq!(history(&stage).len(), 1);
    let (_, script) = stage.catalog.script("production", "a").unwrap();
    assert_eq!(script.version_id, first.id());

    deploy(&stage, &[(&second, 10_000)]).unwrap();
    assert!(running.retired.load(Ordering::SeqCst));
    assert_eq!(answering(&stage), ids(&[&second]));
    assert_eq!(history(&stage).len(), 2);
    let (_, now) = stage.catalog.script("production", "a").unwrap();
    assert_eq!(now.version_id, second.id());
    assert_eq!((now.tag, now.created_ms), (script.tag, script.created_ms));
    assert_eq!(stage.runtime.judged.load(Ordering::SeqCst), 2);
}

#[test]
fn the_oldest_that_do_not_run_are_dropped_with_their_blobs() {
    let stage = stage();
    for salt in ["1", "2", "3"] {
        stage.push("a", module(salt)).unwrap();
    }
    let first = stage
        .catalog
        .versions("production", "a")
        .unwrap()
        .pop()
        .unwrap();
    deploy(&stage, &[(&first, 10_000)]).unwrap();
    upload(&stage, module("4"));
    assert_eq!(numbers(&stage), [4, 3, 1], "the deployed one stays");
    upload(&stage, module("5"));
    assert_eq!(numbers(&stage), [5, 4, 1]);
    // Module and image of each; the snapshot is the same.
    stage.blobs_become(7);
    let gone = block_on(stage.catalog.deploy(
        "production",
        "a",
        Deploy {
            versions: vec![(Id::random().uuid(), 10_000)],
            ..Deploy::default()
        },
    ));
    assert!(matches!(gone, Err(CatalogError::VersionNotFound { .. })));
    let stage = restart(stage, "build-1");
    assert_eq!(numbers(&stage), [5, 4, 1]);
    stage.blobs_become(7);
    block_on(stage.catalog.delete_script("production", "a")).unwrap();
    stage.blobs_become(0);
    stage.push("a", module("1")).unwrap();
    assert_eq!(numbers(&stage), [1], "nothing is left of the one before");
    assert_eq!(history(&stage).len(), 1);
}

#[test]
fn two_versions_share_requests_after_a_restart_too() {
    let stage = stage();
    stage.push("a", module("1")).unwrap();
    let first = version(&stage, "latest");
    let second = upload(&stage, module("2"));
    let old = stage.worker("a");
    deploy(&stage, &[(&second, 4_000), (&first, 6_000)]).unwrap();
    assert!(!old.retired.load(Ordering::SeqCst), "its isolates go on");
    drop(old);
    assert_eq!(answering(&stage), ids(&[&first, &second]));
    let shares: Vec<u16> = history(&stage)[0]
        .versions
        .iter()
        .map(|it| it.share)
        .collect();
    assert_eq!(shares, [6_000, 4_000]);

    let stage = restart(stage, "build-1");
    assert_eq!(answering(&stage), ids(&[&first, &second]));
    assert_eq!(stage.runtime.judged.load(Ordering::SeqCst), 0);
    let stage = restart(stage, "build-2");
    assert!(stage.catalog.is_pending("production", "a"));
    assert_eq!(block_on(stage.catalog.refresh()), 1);
    assert_eq!(answering(&stage), ids(&[&first, &second]));
    assert_eq!(stage.runtime.judged.load(Ordering::SeqCst), 2);
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
    block_on(stage.catalog.change_bounds(Bounds {
        versions_kept: KEPT,
        ..Bounds::default()
    }))
    .unwrap();
    assert_eq!(answering(&stage), ids(&[&first, &second]));

    deploy(&stage, &[(&first, 10_000)]).unwrap();
    assert_eq!(answering(&stage), ids(&[&first]));
    let stage = restart(stage, "build-2");
    assert_eq!(answering(&stage), ids(&[&first]));
    assert_eq!(stage.runtime.judged.load(Ordering::SeqCst), 0);
    stage.blobs_become(5);
}

#[test]
fn a_version_of_another_build_is_judged_when_it_is_deployed() {
    let stage = stage();
    stage.push("a", module("1")).unwrap();
    let first = version(&stage, "latest");
    stage.push("a", module("2")).unwrap();
    let stage = restart(stage, "build-2");
    assert_eq!(
        block_on(stage.catalog.refresh()),
        1,
        "what runs, and no more"
    );
    deploy(&stage, &[(&first, 10_000)]).unwrap();
    assert_eq!(stage.runtime.judged.load(Ordering::SeqCst), 2);
    assert_eq!(answering(&stage), ids(&[&first]));
    assert_eq!(
        version(&stage, &first.id().hex()).script.verdict.build,
        "build-2 AbiV1"
    );
    let stage = restart(stage, "build-2");
    assert_eq!(answering(&stage), ids(&[&first]));
    stage.blobs_become(5);
}

#[test]
fn a_request_may_name_its_version() {
    let stage = stage();
    stage.push("a", module("1")).unwrap();
    let first = version(&stage, "latest");
    let second = upload(&stage, module("2"));
    deploy(&stage, &[(&second, 0), (&first, 10_000)]).unwrap();
    let deployed = stage.catalog.deployed("production", "a").unwrap();
    let named = |value: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(
            "cloudflare-workers-version-overrides",
            value.parse().unwrap(),
        );
        answered_by(&stage, &deployed, headers)
    };
    assert_eq!(
        named(&format!("a=\"{}\"", second.id().uuid())),
        second.id().uuid()
    );
    assert_eq!(
        named(&format!("b=\"{}\"", second.id().uuid())),
        first.id().uuid()
    );
    assert_eq!(named("a=\"broken"), first.id().uuid());
}

#[test]
fn what_cannot_be_deployed_is_refused_and_changes_nothing() {
    let stage = stage();
    let kv = block_on(stage.catalog.create_kv_namespace("cache")).unwrap();
    let bound = json!([{"name": "K", "type": "kv_namespace", "namespace_id": kv.id.hex()}]);
    stage.push("a", with(module("1"), bound)).unwrap();
    let first = version(&stage, "latest");
    stage.push("a", module("2")).unwrap();
    let second = version(&stage, "latest");
    let refused = |versions: &[(&Version, u16)], expected: &str| {
        let error = deploy(&stage, versions).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    refused(&[], "has 0");
    refused(&[(&first, 9_999)], "make 99.99");
    refused(&[(&first, 5_000), (&first, 5_000)], "twice");
    refused(&[(&first, 5_000), (&second, 5_001)], "make 100.01");
    let three = [(&first, 5_000), (&second, 2_500), (&second, 2_500)];
    refused(&three, "has 3");
    // While it runs, its KV namespace stays; when it is gone, it cannot come back.
    deploy(&stage, &[(&first, 5_000), (&second, 5_000)]).unwrap();
    let delete = || block_on(stage.catalog.delete_kv_namespace(&kv.id.hex()));
    assert!(matches!(
        delete(),
        Err(CatalogError::KvNamespaceBound { .. })
    ));
    deploy(&stage, &[(&second, 10_000)]).unwrap();
    delete().unwrap();
    refused(&[(&first, 10_000)], "not found");
    assert_eq!(answering(&stage), ids(&[&second]));
    stage.runtime.refuse_start.store(true, Ordering::SeqCst);
    let third = upload(&stage, module("3"));
    refused(&[(&third, 10_000)], "could not be started");
    assert_eq!(answering(&stage), ids(&[&second]));
    assert_eq!(history(&stage).len(), 4);
}

#[test]
fn secrets_make_versions() {
    let stage = stage();
    stage.push("a", module("1")).unwrap();
    let put = |name: &str| vec![(name.to_owned(), Some("text".to_owned()))];
    block_on(stage.catalog.change_secrets("production", "a", put("S"))).unwrap();
    assert_eq!(numbers(&stage), [2, 1]);
    assert_eq!(history(&stage)[0].note.triggered_by, "secret");

    let wanted = wanted(json!([{"name": "T", "type": "secret_text", "text": "other"}])).remove(0);
    let env = vec![("T".to_owned(), Some(wanted)), ("X".to_owned(), None)];
    let change = stage
        .catalog
        .change_version("production", "a", env, None, Note::default());
    let third = block_on(change).unwrap();
    assert_eq!(names(&third.script), ["S", "T"]);
    assert_eq!(history(&stage).len(), 2, "it is not deployed");
    let (_, script) = stage.catalog.script("production", "a").unwrap();
    assert_eq!(names(&script), ["S"]);
    let refused = block_on(stage.catalog.change_secrets("production", "a", put("U")));
    assert!(matches!(refused, Err(CatalogError::NotDeployed(_))));
    // The next upload has what the newest version has.
    let mut kept = module("4");
    kept.change.keep_bindings = Keep::Types(vec!["secret_text".to_owned()]);
    assert_eq!(names(&upload(&stage, kept).script), ["S", "T"]);
    let stage = restart(stage, "build-1");
    assert_eq!(numbers(&stage), [4, 3, 2]);
}

#[test]
fn labels_are_the_scripts_and_messages_the_versions() {
    let stage = stage();
    let mut push = module("1");
    push.change.annotations =
        Some(json!({"workers/tag": "v1", "workers/message": "m"}).to_string());
    push.change.tags = Some(vec!["t".to_owned()]);
    stage.push("a", push).unwrap();
    let first = version(&stage, "latest");
    assert_eq!(first.annotations()["workers/tag"], "v1");
    let put = vec![("S".to_owned(), Some("text".to_owned()))];
    block_on(stage.catalog.change_secrets("production", "a", put)).unwrap();
    assert!(version(&stage, "latest").annotations().is_empty());
    block_on(
        stage
            .catalog
            .change_tags("production", "a", |_| vec!["u".to_owned()]),
    )
    .unwrap();
    deploy(&stage, &[(&first, 10_000)]).unwrap();
    let (_, script) = stage.catalog.script("production", "a").unwrap();
    assert_eq!(script.settings.tags, ["u"]);
    assert!(script.settings.annotations.unwrap().contains("v1"));
}

#[test]
fn the_history_is_bounded_and_what_runs_stays_in_it() {
    let stage = stage();
    stage.push("a", module("1")).unwrap();
    let first = version(&stage, "latest");
    for _ in 0..105 {
        deploy(&stage, &[(&first, 10_000)]).unwrap();
    }
    let all = history(&stage);
    assert_eq!(all.len(), 100);
    let delete = |id: Id| {
        block_on(
            stage
                .catalog
                .delete_deployment("production", "a", &id.uuid()),
        )
    };
    let refused = delete(all[0].id);
    assert!(matches!(refused, Err(CatalogError::BadDeployment(_))));
    delete(all[5].id).unwrap();
    assert!(matches!(
        delete(all[5].id),
        Err(CatalogError::DeploymentNotFound(_))
    ));
    assert_eq!(history(&stage).len(), 99);
}

#[test]
fn scripts_from_before_have_one_version_and_one_deployment() {
    let stage = stage();
    let pushed = stage.push("a", module("1")).unwrap();
    let (namespace, _) = stage.catalog.script("production", "a").unwrap();
    let rows = stage
        .catalog
        .delete_versions(Rows::default(), namespace.id, "a");
    let (rows, _) = rows.unwrap();
    block_on(stage.catalog.commit(rows, Vec::new())).unwrap();
    let stage = restart(stage, "build-1");
    assert_eq!(version(&stage, "latest").id(), pushed.version_id);
    assert_eq!(history(&stage).len(), 1);
    let stage = restart(stage, "build-1");
    assert_eq!((numbers(&stage), history(&stage).len()), (vec![1], 1));
    stage.blobs_become(3);
}

#[test]
fn a_guard_takes_a_worse_version_back() {
    let stage = stage();
    stage.push("a", module("1")).unwrap();
    let first = version(&stage, "latest");
    let second = upload(&stage, module("2"));
    let guarded = Deploy {
        versions: vec![(first.id().uuid(), 9_000), (second.id().uuid(), 1_000)],
        guard: Some(Guard::parse(&json!({"requests": 10, "error_rate": 5})).unwrap()),
        ..Deploy::default()
    };
    block_on(stage.catalog.deploy("production", "a", guarded)).unwrap();
    let watch = stage.catalog.watch();
    let finish = |version: &Version, outcome| {
        let id = version.id().uuid();
        watch.finished(&Finished {
            namespace: "production",
            script: "a",
            version: &id,
            ray: Ray(1),
            outcome,
            started_ms: 0,
            fuel: 1_000,
            cpu_us: 0,
            wall_us: 0,
            queue_us: 0,
            start_us: 0,
            trigger: None,
            entrypoint: None,
            rpc_method: None,
            method: "GET",
            url: "",
            headers: None,
            status: Some(200),
            logs: &[],
            logs_dropped: 0,
            exception: None,
            invoked: 0,
            origin: None,
            labels: None,
            tail_depth: 0,
            listeners: &[],
            memory_bytes: 0,
            subrequests: 0,
            tenant: "t",
            refusal: None,
            stage: crate::engine::refusal::Stage::Response,
        });
    };
    let key = (
        stage.catalog.namespace("production").unwrap().id,
        "a".to_owned(),
    );
    for _ in 0..9 {
        finish(&first, Outcome::Ok);
        finish(&second, Outcome::Exception);
    }
    block_on(stage.catalog.look(&key)).unwrap();
    assert_eq!(answering(&stage).len(), 2, "too few to tell");
    let mut keeping = Box::pin(stage.catalog.keep_guard());
    assert!(block_on(poll_once(&mut keeping)).is_none());
    finish(&second, Outcome::Exception);
    wait_until("the guard rolls back", || {
        assert!(block_on(poll_once(&mut keeping)).is_none());
        history(&stage).len() == 3
    });
    let last = &history(&stage)[0];
    assert_eq!(
        (last.note.source.as_str(), last.versions.len()),
        ("guard", 1)
    );
    assert_eq!(last.versions[0].version, first.id());
    let said = &last.annotations["workers/message"];
    assert!(said.contains("100.00 % of its requests failed"), "{said}");
    wait_until("it runs", || {
        assert!(block_on(poll_once(&mut keeping)).is_none());
        answering(&stage) == ids(&[&first])
    });
    assert!(stage.catalog.splits().is_empty());
}
