//! Limits on trial: kept when they are confirmed, and else as they were before, whatever happens.

use super::*;
use crate::catalog::plans::Holder;
use crate::catalog::testing::wait_until;
use crate::catalog::trials::TrialError;
use crate::plans::{self, Author, Edit, Entry};
use serde_json::json;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(3600);

fn stage() -> Stage {
    let stage = Stage::new();
    stage.push("a", module("1")).unwrap();
    stage
}

fn cpu_ms(stage: &Stage) -> u32 {
    stage.worker("a").limits.lock().cpu_ms
}

fn author(who: &str) -> Author {
    Author {
        who: who.into(),
        why: "slow".into(),
    }
}

fn change(stage: &Stage, holder: &Holder, limits: serde_json::Value) -> plans::Change {
    let catalog = &stage.catalog;
    let values = plans::parse(limits.as_object().unwrap(), &catalog.ceilings()).unwrap();
    plans::Change {
        target: catalog.target(holder).unwrap(),
        named: holder.shown(),
        edit: Edit::Merge { plan: None, values },
        expected: None,
    }
}

fn namespace() -> Holder {
    Holder::Namespace("production".into())
}

fn try_cpu(stage: &Stage, ms: u64, after: Duration) -> Result<Vec<Entry>, TrialError> {
    let change = change(stage, &namespace(), json!({ "cpu-ms": ms }));
    block_on(
        stage
            .catalog
            .try_limits(vec![change], &author("ops"), after),
    )
}

/// The daemon is killed, and starts again.
fn restart(stage: Stage) -> Stage {
    let Stage { dir, catalog, .. } = stage;
    drop(catalog);
    let runtime = TestRuntime::new("build-1");
    let catalog = open(dir.path(), &runtime);
    block_on(catalog.return_from_before()).unwrap();
    Stage {
        dir,
        runtime,
        catalog,
    }
}

#[test]
fn what_is_confirmed_stays_after_a_restart_too() {
    let stage = stage();
    let made = try_cpu(&stage, 20, LONG).unwrap();
    assert_eq!((made.len(), cpu_ms(&stage)), (1, 20));
    let trial = stage.catalog.trial().unwrap();
    assert_eq!((trial.number, trial.who.as_str()), (made[0].number, "ops"));
    assert!((3590..=3600).contains(&trial.left_s()));
    let error = block_on(stage.catalog.confirm_trial(Some(made[0].number + 1)));
    assert!(error.unwrap_err().to_string().contains("is not on trial"));
    block_on(stage.catalog.confirm_trial(Some(made[0].number))).unwrap();
    assert!(stage.catalog.trial().is_none());
    let error = block_on(stage.catalog.confirm_trial(None)).unwrap_err();
    assert!(
        error.to_string().contains("no limits are on trial"),
        "{error}"
    );
    let stage = restart(stage);
    assert_eq!(cpu_ms(&stage), 20);
}

#[test]
fn what_is_not_confirmed_returns() {
    let stage = stage();
    let keeping = stage.catalog.clone();
    let (stop, stopped) = smol::channel::bounded::<()>(1);
    let keeper = std::thread::spawn(move || {
        let until = async {
            let _ = stopped.recv().await;
        };
        block_on(futures_lite::future::or(keeping.keep_trials(), until));
    });
    try_cpu(&stage, 20, Duration::ZERO).unwrap();
    wait_until("the limits return", || {
        cpu_ms(&stage) == 50 && stage.catalog.trial().is_none()
    });
    // And again: the keeper goes on; and what is confirmed does not return.
    let made = try_cpu(&stage, 30, Duration::ZERO).unwrap();
    wait_until("the limits return again", || cpu_ms(&stage) == 50);
    let history = stage.catalog.plans().history().unwrap();
    assert_eq!(history[0].undoes, Some(made[0].number));
    assert_eq!(
        (history[0].who.as_str(), history[0].why.as_str()),
        ("(return)", "it was not confirmed in time")
    );
    drop(stop);
    keeper.join().unwrap();
    // Nothing is left for the next start.
    assert_eq!(cpu_ms(&restart(stage)), 50);
}

#[test]
fn a_daemon_that_was_restarted_before_it_was_confirmed_returns() {
    let stage = stage();
    block_on(stage.catalog.keep_limits(
        vec![change(&stage, &namespace(), json!({"cpu-ms": 40}))],
        &author("ops"),
    ))
    .unwrap();
    try_cpu(&stage, 20, LONG).unwrap();
    assert_eq!(cpu_ms(&stage), 20);
    let stage = restart(stage);
    assert_eq!(cpu_ms(&stage), 40);
    let history = stage.catalog.plans().history().unwrap();
    assert!(history[0].why.contains("restarted"), "{:?}", history[0]);
    // Once only.
    let stage = restart(stage);
    assert_eq!(
        stage.catalog.plans().history().unwrap().len(),
        history.len()
    );
    assert!(stage.catalog.trial().is_none());
}

#[test]
fn one_that_is_killed_while_it_writes_returns_too() {
    let stage = stage();
    // The intent is there, and the change; the numbers are not.
    let made = try_cpu(&stage, 20, LONG).unwrap();
    let last = made[0].number - 1;
    block_on(stage.catalog.write_intent_alone(last, "ops", "slow", 1)).unwrap();
    let stage = restart(stage);
    assert_eq!(cpu_ms(&stage), 50);
    // The intent is there, and nothing else: what somebody else did stays.
    block_on(stage.catalog.keep_limits(
        vec![change(&stage, &namespace(), json!({"cpu-ms": 33}))],
        &author("other"),
    ))
    .unwrap();
    block_on(stage.catalog.write_intent_alone(last, "ops", "slow", 1)).unwrap();
    assert_eq!(cpu_ms(&restart(stage)), 33);
}

#[test]
fn a_second_operator_is_told() {
    let stage = stage();
    try_cpu(&stage, 20, LONG).unwrap();
    let error = try_cpu(&stage, 30, LONG).unwrap_err();
    assert!(
        error.to_string().contains("ops has limits on trial"),
        "{error}"
    );
    let other = change(&stage, &namespace(), json!({"wall-ms": 100}));
    let error = block_on(stage.catalog.keep_limits(vec![other], &author("b"))).unwrap_err();
    assert!(matches!(error, TrialError::UnderWay { .. }), "{error}");
    // Who changes the same otherwise is not overruled by the return.
    let other = change(&stage, &namespace(), json!({"cpu-ms": 25}));
    block_on(stage.catalog.change_limits(vec![other], &author("b"), None)).unwrap();
    let stage = restart(stage);
    assert_eq!(cpu_ms(&stage), 25);
}

#[test]
fn a_trial_is_taken_back_by_hand() {
    let stage = stage();
    try_cpu(&stage, 20, LONG).unwrap();
    let undone = block_on(stage.catalog.undo_or_return(None, &author("ops"))).unwrap();
    assert_eq!((undone.len(), cpu_ms(&stage)), (1, 50));
    assert!(stage.catalog.trial().is_none());
    // What changes nothing is no trial, and what is refused leaves none.
    let same = change(&stage, &namespace(), json!({"cpu-ms": null}));
    let made = block_on(stage.catalog.try_limits(vec![same], &author("ops"), LONG)).unwrap();
    assert!(made.is_empty() && stage.catalog.trial().is_none());
    let mut stale = change(&stage, &namespace(), json!({"cpu-ms": 20}));
    stale.expected = Some(77);
    let error = block_on(stage.catalog.try_limits(vec![stale], &author("ops"), LONG)).unwrap_err();
    assert!(
        error.to_string().contains("was changed meanwhile"),
        "{error}"
    );
    assert!(stage.catalog.trial().is_none());
    assert_eq!(cpu_ms(&restart(stage)), 50);
}

#[test]
fn one_undo_after_the_other_goes_back_in_time() {
    let stage = stage();
    for ms in [40, 30, 20] {
        let change = change(&stage, &namespace(), json!({ "cpu-ms": ms }));
        block_on(stage.catalog.keep_limits(vec![change], &author("ops"))).unwrap();
    }
    for ms in [30, 40, 50] {
        block_on(stage.catalog.undo_or_return(None, &author("ops"))).unwrap();
        assert_eq!(cpu_ms(&stage), ms);
    }
    let error = block_on(stage.catalog.undo_or_return(None, &author("ops"))).unwrap_err();
    assert!(error.to_string().contains("nothing to undo"), "{error}");
}

#[test]
fn a_tenant_has_the_highest_limits_of_its_scripts() {
    let stage = stage();
    let mut push = module("1");
    push.change.tags = Some(vec!["tenant:acme".into()]);
    stage.push("b", push).unwrap();
    let all = stage.catalog.limits_of_tenants().unwrap();
    let of = |tenant: &str| all.get(&("production".to_owned(), tenant.to_owned()));
    assert_eq!(of("a").map(|it| it.cpu_ms), Some(50));
    assert_eq!(of("acme").map(|it| it.cpu_ms), Some(50));
    assert!(of("b").is_none());
}
