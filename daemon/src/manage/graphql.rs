//! `graphql`: the one shape that the field's documents show, sums over invocations
//! (`workersInvocationsAdaptive`), answered from counts since the daemon started. No other query is known.

use super::Manage;
use super::call::Call;
use super::envelope::{Answer, Handled};
use crate::observe::Counts;
use http::StatusCode;
use serde_json::{Map, Value, json};

/// Bytes of a query and its variables.
const QUERY_MAX: u64 = 16 * 1024;
/// The node that there is.
const NODE: &str = "workersInvocationsAdaptive";

/// What is asked of the node.
#[derive(Debug, Default, PartialEq)]
struct Asked {
    namespace: Option<String>,
    script: Option<String>,
    /// The fields below `sum`.
    sums: Vec<String>,
    /// The fields below `dimensions`.
    dimensions: Vec<String>,
}

/// The words of a query: names, texts without their quotes, and signs.
fn words(query: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut chars = query.chars().peekable();
    while let Some(first) = chars.next() {
        if first == '#' {
            while chars.next_if(|it| *it != '\n').is_some() {}
        } else if first == '"' {
            let mut text = String::from("\"");
            while let Some(it) = chars.next() {
                match it {
                    '"' => break,
                    '\\' => text.extend(chars.next()),
                    it => text.push(it),
                }
            }
            words.push(text);
        } else if first.is_ascii_alphanumeric() || first == '_' || first == '$' {
            let mut word = String::from(first);
            while let Some(it) = chars.next_if(|it| it.is_ascii_alphanumeric() || *it == '_') {
                word.push(it);
            }
            words.push(word);
        } else if !first.is_whitespace() && first != ',' {
            words.push(first.to_string());
        }
    }
    words
}

/// The names between the braces that come next.
fn fields(words: &[String]) -> Vec<String> {
    let inner = words.iter().skip_while(|it| *it != "{").skip(1);
    inner.take_while(|it| *it != "}").cloned().collect()
}

impl Asked {
    /// Reads a query; none if it asks something else.
    fn parse(query: &str, variables: &Value) -> Option<Self> {
        let words = words(query);
        let at = words.iter().position(|it| it == NODE)?;
        let rest = &words[at + 1..];
        let mut asked = Self::default();
        // A filter is `name: value` in braces; a value may be a variable.
        for triple in rest.windows(3) {
            let [name, sign, value] = triple else {
                continue;
            };
            if sign != ":" {
                continue;
            }
            let value = match (value.strip_prefix('"'), value.strip_prefix('$')) {
                (Some(text), _) => Some(text.to_owned()),
                (_, Some(variable)) => variables
                    .get(variable)
                    .and_then(Value::as_str)
                    .map(str::to_owned),
                _ => None,
            };
            match name.as_str() {
                "dispatchNamespaceName" => asked.namespace = value,
                "scriptName" => asked.script = value,
                _ => {}
            }
        }
        let below = |name: &str| {
            let at = rest
                .windows(2)
                .position(|pair| pair[0] == name && pair[1] == "{");
            at.map(|at| fields(&rest[at..])).unwrap_or_default()
        };
        asked.sums = below("sum");
        asked.dimensions = below("dimensions");
        Some(asked)
    }

    fn wants(&self, namespace: &str, script: &str) -> bool {
        let is =
            |wanted: &Option<String>, name: &str| wanted.as_deref().is_none_or(|it| it == name);
        is(&self.namespace, namespace) && is(&self.script, script)
    }

    /// Rows by what the dimensions tell apart.
    fn answer(&self, all: &[(String, String, Counts)]) -> Vec<Value> {
        let mut rows: Vec<(Map<String, Value>, [f64; 7])> = Vec::new();
        for (namespace, script, counts) in all.iter().filter(|it| self.wants(&it.0, &it.1)) {
            let mut dimensions = Map::new();
            for name in &self.dimensions {
                let value = match name.as_str() {
                    "dispatchNamespaceName" => namespace.as_str().into(),
                    "scriptName" => script.as_str().into(),
                    _ => Value::Null,
                };
                dimensions.insert(name.clone(), value);
            }
            let sums = [
                counts.requests as f64,
                counts.errors() as f64,
                counts.cpu_us as f64,
                counts.wall_us as f64,
                0.0,
                0.0,
                0.0,
            ];
            match rows.iter_mut().find(|(known, _)| *known == dimensions) {
                Some((_, known)) => known
                    .iter_mut()
                    .zip(sums)
                    .for_each(|(known, it)| *known += it),
                None => rows.push((dimensions, sums)),
            }
        }
        let shown = |(dimensions, sums): (Map<String, Value>, [f64; 7])| {
            let mut row = Map::new();
            let mut sum = Map::new();
            for name in &self.sums {
                let at = match name.as_str() {
                    "requests" => 0,
                    "errors" => 1,
                    "cpuTime" | "cpuTimeUs" => 2,
                    "wallTime" | "duration" => 3,
                    _ => 4,
                };
                sum.insert(name.clone(), json!(sums[at] as u64));
            }
            if !sum.is_empty() {
                row.insert("sum".to_owned(), sum.into());
            }
            if !dimensions.is_empty() {
                row.insert("dimensions".to_owned(), dimensions.into());
            }
            Value::Object(row)
        };
        rows.into_iter().map(shown).collect()
    }
}

impl<W: Send + Sync + 'static> Manage<W> {
    pub(super) async fn graphql(&self, call: Call) -> Handled {
        let body: Value = call.json_within(QUERY_MAX).await?;
        let query = body
            .get("query")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let variables = body.get("variables").unwrap_or(&Value::Null);
        let answer = match Asked::parse(query, variables) {
            Some(asked) => {
                let rows = asked.answer(&self.logs.counts());
                json!({
                    "data": {"viewer": {"accounts": [{NODE: rows}]}},
                    "errors": null,
                })
            }
            None => json!({
                "data": null,
                "errors": [{
                    "message": format!("GraphQL: this version of Postern answers {NODE} alone"),
                    "path": null,
                }],
            }),
        };
        Ok(Answer::json(StatusCode::OK, &answer))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_documents_query_is_answered() {
        let query = "query { viewer { accounts(filter: {accountTag: $accountId}) {
            workersInvocationsAdaptive(filter: {dispatchNamespaceName: \"production\"}) {
                sum { requests errors cpuTime } } } } }";
        let asked = Asked::parse(query, &Value::Null).unwrap();
        assert_eq!(asked.namespace.as_deref(), Some("production"));
        assert_eq!(asked.sums, ["requests", "errors", "cpuTime"]);
        let counts = |requests: u64| {
            let mut outcomes = Counts::default().outcomes;
            outcomes[0] = requests;
            Counts {
                requests,
                cpu_us: 10 * requests,
                outcomes,
                ..Counts::default()
            }
        };
        let name = |namespace: &str, script: &str, requests| {
            (namespace.to_owned(), script.to_owned(), counts(requests))
        };
        let all = [
            name("production", "a", 1),
            name("production", "b", 2),
            name("staging", "a", 4),
        ];
        assert_eq!(
            asked.answer(&all),
            [json!({"sum": {"requests": 3, "errors": 0, "cpuTime": 30}})]
        );
        let query = "{ workersInvocationsAdaptive(limit: 10, filter: {scriptName: $name})
            { dimensions { dispatchNamespaceName } sum { requests } } }";
        let asked = Asked::parse(query, &json!({"name": "a"})).unwrap();
        assert_eq!(
            asked.answer(&all),
            [
                json!({"sum": {"requests": 1}, "dimensions": {"dispatchNamespaceName": "production"}}),
                json!({"sum": {"requests": 4}, "dimensions": {"dispatchNamespaceName": "staging"}}),
            ]
        );
        for other in [
            "",
            "{",
            "{ viewer { d1 } }",
            "\"workersInvocationsAdaptive",
            "\\",
        ] {
            assert_eq!(Asked::parse(other, &Value::Null), None, "{other}");
        }
    }
}
