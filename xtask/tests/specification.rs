//! A promise names the test that holds it; here it is seen that this test exists.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;

#[test]
fn every_test_that_is_named_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let text = std::fs::read_to_string(root.join("SPECIFICATION.md")).unwrap();
    let named: Vec<(&str, &str)> = text
        .split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|code| code.split_once(".rs: "))
        .collect();
    assert!(named.len() > 10, "{named:?}");
    let mut files = BTreeMap::new();
    let missing: Vec<String> = named
        .into_iter()
        .filter(|(file, test)| {
            let source = files.entry(*file).or_insert_with(|| {
                std::fs::read_to_string(root.join(format!("{file}.rs"))).unwrap_or_default()
            });
            !source.contains(&format!("fn {test}("))
        })
        .map(|(file, test)| format!("{file}.rs has no test {test}"))
        .collect();
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_promise_says_what_holds_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let text = std::fs::read_to_string(root.join("SPECIFICATION.md")).unwrap();
    let bare: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| ---"))
        .filter(|line| !line.starts_with("| promise |"))
        .filter(|line| !line.contains('`') && !line.contains("not yet enforced"))
        .collect();
    assert!(bare.is_empty(), "{}", bare.join("\n"));
}
