//! What differs between two outcomes, a line each.

use crate::answer::{Answer, Outcome};
use serde_json::Value;
use std::collections::BTreeSet;

/// Characters of a value that a line shows.
const SHOWN_MAX: usize = 160;

/// The differences of `ours` from `theirs`; none means that they are the same.
pub fn differences(theirs: &Outcome, ours: &Outcome) -> Vec<String> {
    let mut lines = Vec::new();
    match (theirs, ours) {
        (Outcome::Refused(_), Outcome::Refused(_)) => {}
        (Outcome::Refused(why), Outcome::Answers(_)) => {
            lines.push(format!("they refuse it ({why}), we do not"));
        }
        (Outcome::Answers(_), Outcome::Refused(why)) => {
            lines.push(format!("we refuse it: {why}"));
        }
        (Outcome::Answers(theirs), Outcome::Answers(ours)) => {
            for (theirs, ours) in theirs.iter().zip(ours) {
                of_answers(theirs, ours, &mut lines);
            }
            if theirs.len() != ours.len() {
                lines.push(format!("answers: {} ≠ {}", theirs.len(), ours.len()));
            }
        }
    }
    lines
}

fn of_answers(theirs: &Answer, ours: &Answer, lines: &mut Vec<String>) {
    let at = &theirs.request;
    if theirs.status != ours.status {
        lines.push(format!("{at}: status: {} ≠ {}", theirs.status, ours.status));
    }
    let names: BTreeSet<_> = theirs.headers.keys().chain(ours.headers.keys()).collect();
    for name in names {
        let (theirs, ours) = (theirs.headers.get(name), ours.headers.get(name));
        if theirs != ours {
            lines.push(format!("{at}: header {name}: {theirs:?} ≠ {ours:?}"));
        }
    }
    of_values(at, Some(&theirs.body), Some(&ours.body), lines);
}

/// By path, so that a line is one fact.
fn of_values(path: &str, theirs: Option<&Value>, ours: Option<&Value>, lines: &mut Vec<String>) {
    match (theirs, ours) {
        (Some(Value::Object(theirs)), Some(Value::Object(ours))) => {
            let names: BTreeSet<_> = theirs.keys().chain(ours.keys()).collect();
            for name in names {
                let path = format!("{path}.{name}");
                of_values(&path, theirs.get(name), ours.get(name), lines);
            }
        }
        (Some(Value::Array(theirs)), Some(Value::Array(ours))) => {
            for at in 0..theirs.len().max(ours.len()) {
                of_values(
                    &format!("{path}[{at}]"),
                    theirs.get(at),
                    ours.get(at),
                    lines,
                );
            }
        }
        (theirs, ours) if theirs == ours => {}
        (theirs, ours) => lines.push(format!("{path}: {} ≠ {}", shown(theirs), shown(ours))),
    }
}

fn shown(value: Option<&Value>) -> String {
    let Some(value) = value else {
        return "(none)".to_owned();
    };
    let text = value.to_string();
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(theirs: Value, ours: Value, expected: &[&str]) {
        let outcome = |body: &Value| {
            let body = body.to_string();
            let fields = [("Content-Type", "application/json"), ("Date", "now")];
            let answer = Answer::new("GET /".to_owned(), 200, fields, body.as_bytes());
            Outcome::Answers(vec![answer])
        };
        assert_eq!(differences(&outcome(&theirs), &outcome(&ours)), expected);
    }

    #[test]
    fn values_are_compared_by_path() {
        check(
            json!({ "a": 1, "b": [1, 2] }),
            json!({ "b": [1, 2], "a": 1 }),
            &[],
        );
        check(
            json!({ "a": 1, "b": [1, 2] }),
            json!({ "b": [1, 3, 4], "c": null }),
            &[
                "GET /.a: 1 ≠ (none)",
                "GET /.b[1]: 2 ≠ 3",
                "GET /.b[2]: (none) ≠ 4",
                "GET /.c: (none) ≠ null",
            ],
        );
    }

    #[test]
    fn refusals_are_alike_whatever_they_say() {
        let refused = |why: &str| Outcome::Refused(why.to_owned());
        assert!(differences(&refused("a"), &refused("b")).is_empty());
        assert_eq!(
            differences(&Outcome::Answers(vec![]), &refused("b")),
            ["we refuse it: b"]
        );
    }
}
