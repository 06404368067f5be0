//! What is stated, what follows from it, and who may change it.

#![allow(clippy::unwrap_used)]

use super::key::Key;
use super::resolve::{Ground, Level, Subject};
use super::*;
use crate::board::limits::default_ceilings;
use crate::engine::limits::Limits;
use crate::store::StoreOptions;
use futures_lite::future::block_on;
use serde_json::json;

const NS: NamespaceKey = [1; 16];

fn store(dir: &std::path::Path) -> Store {
    Store::open(StoreOptions::new(dir)).unwrap().store
}

fn ceilings() -> Ceilings {
    Ceilings {
        board: default_ceilings(),
        configured: Limits {
            cpu_ms: 10_000,
            ..default_ceilings()
        },
    }
}

fn ground() -> Ground {
    Ground {
        ceilings: ceilings(),
        default: Limits::default(),
    }
}

fn values(stated: Value) -> Vec<(Key, Option<u64>)> {
    parse(stated.as_object().unwrap(), &ceilings()).unwrap()
}

fn states(target: Target, plan: Option<Option<&str>>, stated: Value) -> Change {
    Change {
        target,
        named: "it".to_owned(),
        edit: Edit::Merge {
            plan: plan.map(|plan| plan.map(str::to_owned)),
            values: values(stated),
        },
        expected: None,
    }
}

fn plan(name: &str) -> Target {
    Target::Plan(name.to_owned())
}

fn script(name: &str) -> Target {
    Target::Override(Scope::Script(NS, name.to_owned()))
}

fn make(plans: &Plans, change: Change) -> Result<Vec<Entry>, PlansError> {
    let author = Author {
        who: "ada".to_owned(),
        why: "because".to_owned(),
    };
    block_on(plans.change(vec![change], &author, None))
}

#[test]
fn the_lowest_level_wins_and_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let plans = Plans::open(store(dir.path())).unwrap();
    let subject = Subject {
        namespace: NS,
        tenant: "acme",
        script: "a",
        tagged: None,
        asked: &[("cpu-ms", 200)],
    };
    let cpu = |subject: &Subject<'_>| {
        let told = plans.explain(subject, &ground());
        let (limits, _) = plans.limits(subject, &ground());
        let holds = told.each[0].holds.clone().unwrap();
        assert_eq!(holds.value, u64::from(limits.cpu_ms), "both ways agree");
        (holds.value, holds.level)
    };
    // What it asks for, though that is above the default.
    assert_eq!(cpu(&subject), (200, Level::Metadata));
    let nothing = Subject {
        asked: &[],
        ..subject.clone()
    };
    assert_eq!(cpu(&nothing), (50, Level::Default));
    let greedy = Subject {
        asked: &[("cpu-ms", 20_000)],
        ..subject.clone()
    };
    assert_eq!(cpu(&greedy), (10_000, Level::Ceilings));

    make(&plans, states(plan("free"), None, json!({"cpu-ms": 100}))).unwrap();
    make(&plans, states(plan("pro"), None, json!({"cpu-ms": 500}))).unwrap();
    let namespace = Target::Override(Scope::Namespace(NS));
    make(
        &plans,
        states(namespace.clone(), Some(Some("free")), json!({})),
    )
    .unwrap();
    assert_eq!(cpu(&subject), (100, Level::Plan));
    // A plan gives more than the default.
    let tagged = Subject {
        tagged: Some("pro"),
        ..nothing.clone()
    };
    assert_eq!(cpu(&tagged), (500, Level::Plan));
    let unknown = Subject {
        tagged: Some("gold"),
        ..nothing.clone()
    };
    assert_eq!(cpu(&unknown), (100, Level::Plan), "the namespace's holds");
    assert!(plans.explain(&unknown, &ground()).unknown_plan);
    // Nearer than the tag is what the operator assigned.
    let tenant = Target::Override(Scope::Tenant(NS, "acme".to_owned()));
    make(
        &plans,
        states(tenant, Some(Some("free")), json!({"requests-per-day": 9})),
    )
    .unwrap();
    assert_eq!(cpu(&tagged), (100, Level::Plan));
    assert_eq!(plans.limits(&tagged, &ground()).1.day[0], 9);
    make(&plans, states(script("a"), Some(Some("pro")), json!({}))).unwrap();
    assert_eq!(cpu(&tagged), (500, Level::Plan));
    make(&plans, states(script("a"), None, json!({"cpu-ms": 70}))).unwrap();
    assert_eq!(cpu(&tagged), (70, Level::Script));
    make(&plans, states(namespace, None, json!({"cpu-ms": 60}))).unwrap();
    assert_eq!(cpu(&tagged), (60, Level::Namespace));
}

#[test]
fn values_that_make_no_sense_are_refused() {
    let check = |stated: Value, expected: &str| {
        let error = parse(stated.as_object().unwrap(), &ceilings()).unwrap_err();
        assert!(error.to_string().contains(expected), "{stated}: {error}");
    };
    check(json!({"cpu-ms": 0}), "`cpu-ms` is 0 ms; it must be 1 ms to");
    check(json!({"cpu-ms": -5}), "-5 is negative");
    check(json!({"cpu-ms": "-5"}), "negative");
    check(json!({"cpu-ms": 1.5}), "no whole number");
    // Not in the words of another unit.
    let words = "is not a whole number from 1 ms to 300000 ms";
    check(json!({"cpu-ms": "1.5"}), &format!("`1.5` {words}"));
    check(
        json!({"cpu-ms": "100000000000000000000000"}),
        &format!("`100000000000000000000000` {words}"),
    );
    check(json!({"memory-bytes": "1.5 MiB"}), "unknown unit");
    check(json!({"cpu-ms": u64::MAX}), "it must be");
    check(
        json!({"cpu-ms": 20_000}),
        "`ceilings` of the configuration allows 10000 ms",
    );
    check(
        json!({"cpu-ms": 30_001}),
        "the board's ceiling allows 30000 ms",
    );
    check(json!({"cpu-ms": "64 MiB"}), "does not count bytes");
    check(json!({"memory-bytes": "99999999999 TiB"}), "largest amount");
    check(json!({"memory-bytes": []}), "is wanted");
    check(json!({"cpu": 1}), "perhaps cpu-ms");
    check(json!({"CPU_MS": 1}), "perhaps cpu-ms");
    check(json!({"requests-per-day": 1u64 << 61}), "it must be 0 to");
    assert_eq!(
        values(json!({"memory-bytes": "16 MiB", "requests-per-day": 0}))
            .iter()
            .map(|(_, value)| value.unwrap())
            .collect::<Vec<_>>(),
        [16 << 20, 0]
    );
}

#[test]
fn the_second_of_two_operators_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let plans = Plans::open(store(dir.path())).unwrap();
    let create = |expected| Change {
        expected,
        ..states(plan("free"), None, json!({"cpu-ms": 10}))
    };
    let first = make(&plans, create(Some(0))).unwrap();
    assert_eq!(first[0].number, 1);
    let error = make(&plans, create(Some(0))).unwrap_err();
    assert!(matches!(
        error,
        PlansError::Conflict {
            is: 1,
            expected: 0,
            ..
        }
    ));
    let seen = plans.plan("free").unwrap().revision;
    let set = |value: u32| Change {
        expected: Some(seen),
        ..states(plan("free"), None, json!({"cpu-ms": value}))
    };
    make(&plans, set(20)).unwrap();
    let error = make(&plans, set(30)).unwrap_err();
    assert!(error.to_string().contains("revision 2, not 1"), "{error}");
    // All or none.
    let both = vec![states(script("a"), None, json!({"cpu-ms": 5})), set(30)];
    assert!(block_on(plans.change(both, &Author::default(), None)).is_err());
    assert!(plans.overrides().is_empty());
    // What changes nothing is no change.
    let again = states(plan("free"), None, json!({"cpu-ms": 20}));
    assert!(make(&plans, again).unwrap().is_empty());
    assert_eq!(plans.history().unwrap().len(), 2);
}

#[test]
fn changes_are_remembered_and_undone() {
    let dir = tempfile::tempdir().unwrap();
    let plans = Plans::open(store(dir.path())).unwrap();
    assert!(matches!(
        plans.undoing(None),
        Err(PlansError::NothingToUndo)
    ));
    make(&plans, states(script("a"), None, json!({"cpu-ms": 10}))).unwrap();
    make(&plans, states(script("a"), None, json!({"cpu-ms": 20}))).unwrap();
    make(&plans, states(script("b"), None, json!({"cpu-ms": 30}))).unwrap();
    let error = plans.undoing(Some(1)).unwrap_err();
    assert!(
        matches!(error, PlansError::ChangedSince { since: 2, .. }),
        "{error}"
    );
    let undo = |number| {
        let (number, change) = plans.undoing(number).unwrap();
        block_on(plans.change(vec![change], &Author::default(), Some(number))).unwrap()
    };
    assert_eq!(undo(None)[0].undoes, Some(3));
    assert!(!plans.overrides().iter().any(|(_, row)| row.revision == 3));
    undo(Some(2));
    let scope = Scope::Script(NS, "a".to_owned());
    let key = Key::find("cpu-ms").unwrap();
    assert_eq!(plans.of(&scope).stated.values.get(key), Some(10));
    // The undoing can be undone.
    undo(None);
    assert_eq!(plans.of(&scope).stated.values.get(key), Some(20));
    drop(plans);
    // All of it survives.
    let plans = Plans::open(store(dir.path())).unwrap();
    assert_eq!(plans.of(&scope).stated.values.get(key), Some(20));
    let history = plans.history().unwrap();
    assert_eq!(history.len(), 6);
    assert_eq!(
        (history[5].who.as_str(), history[5].why.as_str()),
        ("ada", "because")
    );
    assert!(matches!(
        plans.undoing(Some(99)),
        Err(PlansError::NoChange(99))
    ));
}

#[test]
fn the_history_is_bounded_and_reasons_are() {
    let dir = tempfile::tempdir().unwrap();
    let plans = Plans::open(store(dir.path())).unwrap();
    let many =
        (1..=HISTORY_MAX + 9).map(|value| states(script("a"), None, json!({"cpu-ms": value})));
    block_on(plans.change(many.collect(), &Author::default(), None)).unwrap();
    let history = plans.history().unwrap();
    assert_eq!(history.len() as u64, HISTORY_MAX);
    assert_eq!(history[0].number, HISTORY_MAX + 9);
    let author = Author {
        who: String::new(),
        why: "x".repeat(REASON_MAX + 1),
    };
    let error = block_on(plans.change(Vec::new(), &author, None)).unwrap_err();
    assert!(error.to_string().contains("501 bytes"), "{error}");
}

#[test]
fn what_cannot_be_stated_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let plans = Plans::open(store(dir.path())).unwrap();
    let refused = |change| make(&plans, change).unwrap_err().to_string();
    for bad in ["", "-a", "a b", &"x".repeat(64)] {
        let told = refused(states(plan(bad), None, json!({"cpu-ms": 1})));
        assert!(told.contains("cannot name a plan"), "{told}");
    }
    let told = refused(states(script("a"), Some(Some("gold")), json!({})));
    assert!(told.contains("no plan 'gold'"), "{told}");
    let told = refused(states(script("a"), None, json!({"fuel-per-day": 1})));
    assert!(told.contains("quotas are a tenant's"), "{told}");
    for at in 0..PLANS_MAX {
        make(&plans, states(plan(&format!("p{at}")), None, json!({}))).unwrap();
    }
    let told = refused(states(plan("more"), None, json!({})));
    assert!(told.contains("64 plans"), "{told}");
}

#[test]
fn what_a_later_program_stated_is_passed_over() {
    let stored = vec![("warp-speed".to_owned(), 9u64), ("cpu-ms".to_owned(), 7)];
    let bytes = postcard::to_allocvec(&stored).unwrap();
    let read: Values = postcard::from_bytes(&bytes).unwrap();
    assert_eq!(read.to_json(), json!({"cpu-ms": 7}));
}
