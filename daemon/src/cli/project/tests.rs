//! What a tenant sees for a project, right or wrong.
#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;

const TOML: &str = r#"
name = "shop"
main = "build/shop.wasm"
compatibility_date = 2026-01-01
compatibility_flags = ["a"]
workers_dev = false
placement = true
tags = ["t1"]
[vars]
GREETING = "hi"
OBJ = { a = 1 }
[[kv_namespaces]]
binding = "KV"
id = "counts"
[limits]
cpu_ms = 20
[env.staging]
main = "other.wasm"
vars = { GREETING = "staging" }
[env.staging.limits]
subrequests = 3
[env.named]
name = "named"
"#;

const JSONC: &str = r#"{
  // The same in the other language.
  "name": "shop", "main": "build/shop.wasm",
  "compatibility_date": "2026-01-01", "compatibility_flags": ["a"],
  "workers_dev": false, "placement": true, "tags": ["t1",],
  "vars": {"GREETING": "hi", "OBJ": {"a": 1}},
  "kv_namespaces": [{"binding": "KV", "id": "counts"}],
  "limits": {"cpu_ms": 20},
  "env": {
    "staging": {"main": "other.wasm", "vars": {"GREETING": "staging"}, "limits": {"subrequests": 3}},
    "named": {"name": "named"}, /* done */
  },
}"#;

fn both(environment: Option<&str>) -> Project {
    let toml = Project::parse(Path::new("p/wrangler.toml"), TOML, environment).unwrap();
    let mut json = Project::parse(Path::new("p/wrangler.jsonc"), JSONC, environment).unwrap();
    for warning in &mut json.warnings {
        *warning = warning.replace(".jsonc", ".toml");
    }
    assert_eq!(toml, json);
    toml
}

#[test]
fn both_languages_mean_the_same() {
    let project = both(None);
    assert_eq!(project.name.as_deref(), Some("shop"));
    assert_eq!(project.main, Path::new("p/build/shop.wasm"));
    assert_eq!(project.compatibility_date.as_deref(), Some("2026-01-01"));
    assert_eq!(project.cpu_ms, Some(20));
    assert_eq!(project.kv, [("KV".into(), "counts".into())]);
    assert_eq!(
        project.bindings,
        [
            json!({"type": "plain_text", "name": "GREETING", "text": "hi"}),
            json!({"type": "json", "name": "OBJ", "json": {"a": 1}}),
        ]
    );
    assert_eq!(
        project.warnings,
        ["p/wrangler.toml: `placement` means nothing here and was left out"]
    );
    assert_eq!(project.entrances.workers_dev, Some(false));
}

#[test]
fn environments_inherit_all_but_bindings() {
    let project = both(Some("staging"));
    assert_eq!(project.name.as_deref(), Some("shop-staging"));
    assert_eq!(project.main, Path::new("p/other.wasm"));
    assert_eq!(project.compatibility_flags, ["a"]);
    assert_eq!(project.cpu_ms, None);
    assert_eq!(project.subrequests, Some(3));
    assert!(project.kv.is_empty());
    assert_eq!(project.bindings[0]["text"], "staging");
    assert_eq!(both(Some("named")).name.as_deref(), Some("named"));
}

fn check(file: &str, text: &str, expect: &str) {
    let error = Project::parse(
        Path::new(file),
        text,
        Some("e").filter(|_| text.contains("env")),
    )
    .unwrap_err()
    .to_string();
    assert!(error.contains(expect), "{text}\n{error}\n{expect}");
}

#[test]
fn mistakes_are_told() {
    check("w.toml", "name = \n", "w.toml:1:8: ");
    check("w.json", "{\n \"a\" 1}", "w.json:2:6: ");
    check("w.json", "[]", "`the file` is a list; it must be an object");
    check("w.toml", "name = 'a'", "`main` is missing");
    check("w.toml", "main = 3", "`main` is `3`; it must be a text");
    check("w.toml", "main = ''", "`main` is `\"\"`");
    check(
        "w.toml",
        "main = 'a'\ncompatibility_flags = 'x'",
        "it must be a list of texts",
    );
    check(
        "w.toml",
        "main = 'a'\nlimits.cpu_ms = -1",
        "`limits.cpu_ms` is `-1`",
    );
    check(
        "w.toml",
        "main = 'a'\nvars = 1",
        "`vars` is `1`; it must be a table",
    );
    check(
        "w.toml",
        "main = 'a'\nkv_namespaces = [1]",
        "`kv_namespaces[0]` is `1`",
    );
    check(
        "w.toml",
        "main = 'a'\nkv_namespaces = [{ binding = 'B' }]",
        "`kv_namespaces[0].id` is missing; set it to the namespace's id or title",
    );
    check(
        "w.toml",
        "main = 'a'\nratelimits = [{ name = 'A' }, { namespace_id = '1' }]",
        "`ratelimits[1].name` is missing; name the binding",
    );
    check(
        "w.toml",
        "main = 'a'\n[env.e.version_metadata]",
        "`env.e.version_metadata.binding` is missing; name the binding",
    );
    check(
        "w.toml",
        "main = 'a'\nversion_metadata = 'V'",
        "`version_metadata` is `\"V\"`; it must be a table with `binding`",
    );
    check(
        "w.toml",
        "main = 'a'\n[env.x]",
        "no environment `e`; the file has x",
    );
    check(
        "w.toml",
        "main = 'a'\nbuild.command = 'make'",
        "run the project's build command first: make",
    );
}

#[test]
fn misspelt_keys_get_a_hint() {
    let text = "main = 'a'\nlimits = { cpu_mss = 1 }\nvasr = {}";
    let project = Project::parse(Path::new("w.toml"), text, None).unwrap();
    assert_eq!(
        project.warnings,
        [
            "w.toml: `vasr` means nothing here and was left out; did you mean `vars`?",
            "w.toml: `limits.cpu_mss` means nothing here and was left out; did you mean `cpu_ms`?",
        ]
    );
}

#[test]
fn folders_files_and_modules() {
    let dir = tempfile::tempdir().unwrap();
    let none = Project::load(dir.path(), None).unwrap_err();
    assert!(none.to_string().contains("holds no wrangler.jsonc"));
    std::fs::write(dir.path().join("wrangler.toml"), "name='x'\nmain='a.wasm'").unwrap();
    let project = Project::load(dir.path(), None).unwrap();
    assert!(matches!(
        project.modules(9),
        Err(ProjectError::NoModule { .. })
    ));
    std::fs::write(dir.path().join("a.wasm"), b"0123456789").unwrap();
    assert!(matches!(
        project.modules(9),
        Err(ProjectError::TooLarge {
            size: 10,
            limit: 9,
            ..
        })
    ));
    let modules = project.modules(10).unwrap().modules;
    assert_eq!(modules.len(), 1);
    assert_eq!(modules[0].name, "a.wasm");
    assert_eq!(modules[0].content_type, "application/wasm");
    let alone = Project::load(&dir.path().join("a.wasm"), None).unwrap();
    assert_eq!(alone.name.as_deref(), Some("a"));
    // What is not there is not told to be of a wrong kind.
    for name in ["none", "none.ts", "none.postern", "none.toml"] {
        let none = Project::load(&dir.path().join(name), None).unwrap_err();
        let told = none.to_string();
        assert!(
            told.contains(name) && told.contains("No such file"),
            "{told}"
        );
    }
    for name in ["plain", "index.ts"] {
        std::fs::write(dir.path().join(name), "").unwrap();
    }
    assert!(matches!(
        Project::load(&dir.path().join("plain"), None),
        Err(ProjectError::Unknown(_))
    ));
    let ts = Project::load(&dir.path().join("index.ts"), None).unwrap();
    assert!(matches!(ts.modules(1), Err(ProjectError::ModuleKind(_))));
}

proptest! {
    #[test]
    fn no_text_panics(text in "[a-z_\\[\\]{}=:\\.,\n '\"0-9/*]{0,120}") {
        for file in ["w.toml", "w.jsonc"] {
            let _ = Project::parse(Path::new(file), &text, None);
            let _ = Project::parse(Path::new(file), &text, Some("a"));
        }
    }
}

#[test]
fn a_project_says_how_it_is_observed() {
    let toml = r#"
name = "w"
main = "w.js"
logpush = true
[[analytics_engine_datasets]]
binding = "POINTS"
[[analytics_engine_datasets]]
binding = "VIEWS"
dataset = "views"
[[ratelimits]]
name = "LIMITER"
namespace_id = "1001"
simple = { limit = 100, period = 60 }
[version_metadata]
binding = "VERSION"
[[tail_consumers]]
service = "watcher"
"#;
    let parse = |text: &str| Project::parse(Path::new("p/wrangler.toml"), text, None);
    let project = parse(toml).unwrap();
    assert!(project.logpush && project.warnings.is_empty());
    assert_eq!(
        project.bindings,
        [
            json!({"type": "analytics_engine", "name": "POINTS", "dataset": "POINTS"}),
            json!({"type": "analytics_engine", "name": "VIEWS", "dataset": "views"}),
            json!({"type": "ratelimit", "name": "LIMITER", "namespace_id": "1001", "simple": {"limit": 100, "period": 60}}),
            json!({"type": "version_metadata", "name": "VERSION"}),
        ]
    );
    let consumers = Some(json!([{"service": "watcher"}]));
    assert_eq!(project.tail_consumers, consumers);
    // As a table, too.
    let table = toml.replace("[[tail_consumers]]", "[tail_consumers]");
    assert_eq!(parse(&table).unwrap().tail_consumers, consumers);
    let wrong = "name = \"w\"\nmain = \"w.js\"\ntail_consumers = \"watcher\"\n";
    assert!(
        parse(wrong)
            .unwrap_err()
            .to_string()
            .contains("tail_consumers")
    );
}

#[test]
fn routes_are_texts_or_tables() {
    let parse = |more: &str| {
        let text = format!("name = 'a'\nmain = 'a.js'\n{more}");
        Project::parse(Path::new("p/wrangler.toml"), &text, None)
    };
    let none = parse("").unwrap().entrances;
    assert_eq!((none.routes.as_ref(), none.has_default()), (None, true));
    let some = parse(
        "routes = ['a.test/*', { pattern = 'b.test/*', zone_name = 'b.test' }, { pattern = 'c.test', custom_domain = true }]",
    );
    let some = some.unwrap().entrances;
    let routes = [
        json!({"pattern": "a.test/*"}),
        json!({"pattern": "b.test/*", "zone_name": "b.test"}),
    ];
    assert_eq!(some.routes.as_deref(), Some(&routes[..]));
    assert_eq!(some.domains, ["c.test"]);
    assert!(!some.has_default());
    let one = parse("route = 'a.test/*'\nworkers_dev = true").unwrap();
    assert_eq!(one.entrances.routes.as_ref().map(Vec::len), Some(1));
    assert!(one.entrances.has_default());
    for wrong in [
        "routes = 'a.test/*'",
        "routes = [1]",
        "routes = [{}]",
        "route = { pattern = 1 }",
        "route = { pattern = 'a', custom_domain = 'yes' }",
        "workers_dev = 'no'",
    ] {
        assert!(parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn rate_limits_and_the_versions_own_data_are_bound() {
    let text = r#"
        main = "a.js"
        [[ratelimits]]
        name = "LIMIT"
        namespace_id = "1001"
        simple = { limit = 5, period = 10 }
        window = 3
        [version_metadata]
        binding = "VERSION"
    "#;
    let project = Project::parse(Path::new("w.toml"), text, None).unwrap();
    let simple = json!({"limit": 5, "period": 10});
    let limit =
        json!({"type": "ratelimit", "name": "LIMIT", "namespace_id": "1001", "simple": simple});
    let version = json!({"type": "version_metadata", "name": "VERSION"});
    assert_eq!(project.bindings, [limit, version]);
    let [warning] = &project.warnings[..] else {
        panic!("{:?}", project.warnings);
    };
    assert!(warning.contains("`ratelimits[0].window` means nothing here"));
}
