//! What is exposed can be read, is what the documentation says, and has a bound.
#![allow(clippy::unwrap_used)]

use super::read::read;
use super::*;
use crate::observe::Counts;
use proptest::prelude::*;

fn snapshot(rows: &[(&str, &str)]) -> Snapshot {
    let rows = rows.iter().map(|(namespace, script)| Row {
        namespace: (*namespace).to_owned(),
        script: (*script).to_owned(),
        counts: Counts {
            requests: 3,
            outcomes: [2, 1, 0, 0, 0, 0, 0, 0, 0, 0],
            fuel: 500,
            cpu_us: 1_500_000,
            ..Counts::default()
        },
    });
    Snapshot {
        version: "1".to_owned(),
        board: "b".to_owned(),
        workers: rows.collect(),
        refusals: vec![("cpu-ms", 2), ("edge.connections", 1)],
        export_dropped: Some(0),
        ..Snapshot::default()
    }
}

#[test]
fn a_strict_reader_takes_it() {
    let families = read(&text(snapshot(&[("n", "a"), ("n", "b")]))).unwrap();
    let invocations = &families["postern_worker_invocations"];
    assert_eq!(invocations.samples.len(), 4);
    let (labels, value) = &invocations.samples[0];
    assert_eq!(
        (labels["script"].as_str(), labels["outcome"].as_str()),
        ("a", "ok")
    );
    assert_eq!(value, "2");
    let cpu = &families["postern_worker_cpu_seconds"].samples[1];
    assert_eq!(cpu.1, "1.5");
    let refusals = &families["postern_refusals"].samples;
    assert_eq!(refusals[1].0["limit"], "edge.connections");
    assert!(families.values().all(|family| family.help.ends_with('.')));
    // Nothing has happened yet.
    read(&text(Snapshot::default())).unwrap();
}

#[test]
fn the_strict_reader_is_strict() {
    for wrong in [
        "",
        "a 1\n# EOF\n",
        "# HELP a b.\n# TYPE a counter\na 1\n# EOF\n",
        "# HELP a b.\n# TYPE a gauge\na 1\na 2\n# EOF\n",
        "# HELP a b.\n# TYPE a gauge\na{x=\"\\q\"} 2\n# EOF\n",
        "# HELP a b.\n# TYPE a gauge\na{} 2\n# EOF\n",
        "# HELP a b.\n# TYPE a gauge\na x\n# EOF\n",
        "# HELP a b.\n# TYPE a gauge\n\na 1\n# EOF\n",
        "# TYPE a gauge\na 1\n# EOF\n",
        "# HELP a b.\n# TYPE a gauge\na 1\n# HELP a c.\n# EOF\n",
        "# HELP a b.\n# TYPE a gauge\na 1\n",
    ] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn every_family_is_documented_and_nothing_else() {
    let page = include_str!("../../../docs/observability.md");
    let section = page.split("\n## Metrics\n").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let mut documented: Vec<&str> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|line| line.split(['`', '{']).next())
        .filter(|name| name.starts_with("postern_") || name.starts_with("process_"))
        .collect();
    documented.sort_unstable();
    let families = read(&text(snapshot(&[("n", "a")]))).unwrap();
    let mut exposed: Vec<String> = families
        .iter()
        .map(|(name, family)| match family.kind.as_str() {
            "counter" => format!("{name}_total"),
            _ => name.clone(),
        })
        .collect();
    exposed.sort_unstable();
    assert_eq!(documented, exposed);
}

proptest! {
    #[test]
    fn no_name_of_a_tenant_makes_another_series(namespace: String, script: String) {
        let families = read(&text(snapshot(&[(&namespace, &script)]))).map_err(TestCaseError::fail);
        // A carriage return is data within a label, which the reader is too strict for.
        prop_assume!(!format!("{namespace}{script}").contains('\r'));
        let families = families?;
        let samples = &families["postern_worker_fuel"].samples;
        prop_assert_eq!(samples.len(), 1);
        prop_assert_eq!(&samples[0].0["script"], &script);
        prop_assert_eq!(&samples[0].0["namespace"], &namespace);
    }
}
