//! What a server answered, in the form in which it is kept and compared.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Fields that say how an answer travelled, or when.
const NOT_COMPARED: &[&str] = &[
    "date",
    "connection",
    "keep-alive",
    "content-length",
    "transfer-encoding",
    "cf-ray",
];

/// An answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// What was asked: `METHOD TARGET`.
    pub request: String,
    /// The status; 0 if no answer came.
    pub status: u16,
    /// Fields by their names in lower case; several of a name are joined by newlines.
    pub headers: BTreeMap<String, String>,
    /// The body: a value if it is JSON, a string otherwise.
    pub body: Value,
}

impl Answer {
    /// One of these parts, without what is not compared.
    pub fn new<'a>(
        request: String,
        status: u16,
        fields: impl IntoIterator<Item = (&'a str, &'a str)>,
        body: &[u8],
    ) -> Self {
        let mut headers: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in fields {
            let name = name.to_ascii_lowercase();
            if NOT_COMPARED.contains(&name.as_str()) {
                continue;
            }
            headers
                .entry(name)
                .and_modify(|known| {
                    known.push('\n');
                    known.push_str(value);
                })
                .or_insert_with(|| value.to_owned());
        }
        let body = serde_json::from_slice(body)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()));
        // What a server says of an exception is its own affair; that there was one is not.
        let (headers, body) = if status >= 500 && !body.is_object() {
            (BTreeMap::new(), Value::Null)
        } else {
            (headers, body)
        };
        Self {
            request,
            status,
            headers,
            body,
        }
    }
}

/// What became of a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was served.
    Answers(Vec<Answer>),
    /// Its module was refused; why is not compared.
    Refused(String),
}
