//! Scripts in JavaScript: what they are judged from, and when again.

use super::*;
use crate::engine::GuestKind;

fn source(name: &str, content_type: &str, text: &str) -> Source {
    Source {
        name: name.to_owned(),
        content_type: content_type.to_owned(),
        bytes: Bytes::from(text.to_owned()),
    }
}

fn script(text: &str) -> Push {
    Push {
        assets: Default::default(),
        main_module: "index.js".to_owned(),
        modules: vec![
            source("index.js", "application/javascript+module", text),
            source("note.txt", "text/plain", "a note"),
        ],
        change: Change::default(),
        keep_settings: false,
    }
}

/// What the Worker of a script was made from.
fn evaluated(stage: &Stage, name: &str) -> String {
    let worker = stage.worker(name);
    assert_eq!(worker.spec.kind, GuestKind::JavaScript);
    assert!(worker.spec.image.is_none());
    std::fs::read_to_string(worker.spec.snapshot.as_ref().unwrap()).unwrap()
}

fn judged(stage: &Stage) -> usize {
    stage.runtime.judged.load(Ordering::SeqCst)
}

#[test]
fn all_modules_are_evaluated_under_the_settings() {
    let stage = Stage::new();
    let mut push = with(
        script("export default { fetch() {}, scheduled() {} }"),
        json!([{"name":"A","type":"plain_text","text":"the value"}]),
    );
    push.change.compatibility_date = Some("2021-11-03".to_owned());
    push.change.compatibility_flags = Some(vec!["nodejs_compat".to_owned()]);
    let pushed = stage.push("a", push).unwrap();
    assert_eq!(pushed.verdict.handlers, ["fetch", "scheduled"]);
    assert!(pushed.verdict.has_modules);
    let made = evaluated(&stage, "a");
    for part in [
        "main: \"index.js\"",
        "a note",
        "flags: [\"nodejs_compat\", \"formdata_parser_supports_files\"]",
        "(\"A\", [",
    ] {
        assert!(made.contains(part), "{part} in {made}");
    }
    // Two modules and one snapshot.
    stage.blobs_become(3);
    let stage = stage.restart("build-1");
    assert_eq!(evaluated(&stage, "a"), made);
    assert_eq!(judged(&stage), 0);
    let stage = stage.restart("build-2");
    assert_eq!(block_on(stage.catalog.refresh()), 1);
    assert_eq!(evaluated(&stage, "a"), made);
}

#[test]
fn other_bindings_are_evaluated_where_global_scope_looked_at_them() {
    let stage = Stage::new();
    stage
        .push("blind", script("export default { fetch() {} }"))
        .unwrap();
    stage
        .push("looks", script("env.S; export default { fetch() {} }"))
        .unwrap();
    let secret = |text: &str| vec![("S".to_owned(), Some(text.to_owned()))];
    for (name, again) in [("blind", 0), ("looks", 1)] {
        let before = judged(&stage);
        let old = evaluated(&stage, name);
        let changed = block_on(
            stage
                .catalog
                .change_secrets("production", name, secret("s")),
        )
        .unwrap();
        assert_eq!(judged(&stage) - before, again, "{name}");
        assert_eq!(evaluated(&stage, name) != old, again == 1, "{name}");
        assert_eq!(changed.version, 2);
        // The same secret again is the same bindings.
        block_on(
            stage
                .catalog
                .change_secrets("production", name, secret("s")),
        )
        .unwrap();
        assert_eq!(judged(&stage) - before, again, "{name}");
    }
    // Two scripts, each two modules and a snapshot; they have the note in common.
    stage.blobs_become(5);
}

#[test]
fn other_flags_are_evaluated_always() {
    let stage = Stage::new();
    let text = "export default { fetch() {} }";
    stage.push("a", script(text)).unwrap();
    let change = |flags: &[&str], date: &str| Change {
        compatibility_flags: Some(flags.iter().map(|flag| (*flag).to_owned()).collect()),
        compatibility_date: Some(date.to_owned()),
        ..Change::default()
    };
    for (flags, date, again) in [
        (&["rpc"][..], "2021-11-02", 1),
        (&["rpc"], "2021-11-02", 0),
        (&["rpc"], "2021-11-05", 1),
    ] {
        let before = judged(&stage);
        let changed = stage
            .catalog
            .change_settings("production", "a", change(flags, date));
        block_on(changed).unwrap();
        assert_eq!(judged(&stage) - before, again, "{flags:?} {date}");
    }
    assert!(evaluated(&stage, "a").contains("\"rpc\""));
    stage.blobs_become(3);
    for (flags, date, told) in [
        (
            &["nonsense"][..],
            "2021-11-02",
            "No such compatibility flag",
        ),
        (&["rpc", "rpc"], "2021-11-02", "specified multiple times"),
        (&[], "2999-01-01", "in the future"),
    ] {
        let mut push = script(text);
        push.change = change(flags, date);
        let error = stage.push("a", push).unwrap_err();
        assert!(matches!(error, CatalogError::Compatibility(_)), "{error}");
        assert!(error.to_string().contains(told), "{error}");
    }
}

#[test]
fn a_change_that_cannot_be_evaluated_changes_nothing() {
    let stage = Stage::new();
    stage
        .push("a", script("env.A; export default { fetch() {} }"))
        .unwrap();
    let before = stage.worker("a");
    // The runtime of the tests throws where the source says so.
    let refused = stage.push("a", script("throw 1; fetch; env")).unwrap_err();
    assert!(matches!(refused, CatalogError::Invalid(_)));
    let refused = stage.push("a", script("export default {}")).unwrap_err();
    assert!(matches!(refused, CatalogError::NoHandlers));
    assert!(Arc::ptr_eq(&before, &stage.worker("a")));
    stage.blobs_become(3);
}

#[test]
fn a_script_in_the_older_format_says_so() {
    let stage = Stage::new();
    let mut push = script("addEventListener('fetch', () => {})");
    push.modules[0].content_type = "application/javascript".to_owned();
    let pushed = stage.push("a", push).unwrap();
    assert!(!pushed.verdict.has_modules);
    assert!(evaluated(&stage, "a").contains("kind: ServiceWorker"));
}
