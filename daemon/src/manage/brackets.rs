//! Bracket fields: `metadata[bindings][][name]` and the like, put together into JSON. Some clients
//! write `metadata.bindings[].name` for the same.
//!
//! Some clients flatten an object into form fields this way. `[]` opens a new element of an
//! array; under it, a field belongs to the last element unless that element has the field
//! already. All scalars arrive as text; whoever reads the JSON must take text for numbers.

use serde_json::{Map, Value};

/// Levels of nesting.
const DEPTH_MAX: usize = 8;
/// Fields of one object.
const FIELDS_MAX: usize = 2048;

/// Why fields cannot be put together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BracketError {
    /// The name is not of the form.
    #[error("field name '{0}' is not of the form name[key][][key]")]
    Form(String),
    /// Too deep.
    #[error("field name '{0}' nests deeper than {DEPTH_MAX} levels")]
    Depth(String),
    /// Too many.
    #[error("more than {FIELDS_MAX} fields")]
    Fields,
    /// A field says something that another one contradicts.
    #[error("field '{0}' is given twice, or once as a value and once as an object")]
    Conflict(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step<'a> {
    Key(&'a str),
    Push,
}

/// An object as its fields come in.
#[derive(Debug, Default)]
pub struct Fields {
    object: Map<String, Value>,
    count: usize,
}

impl Fields {
    /// Takes a field whose name begins with `root[`.
    pub fn put(&mut self, root: &str, name: &str, text: String) -> Result<(), BracketError> {
        let shown = || crate::catalog::name::shown(name);
        self.count += 1;
        if self.count > FIELDS_MAX {
            return Err(BracketError::Fields);
        }
        let steps = parse(root, name).ok_or_else(|| BracketError::Form(shown()))?;
        if steps.len() > DEPTH_MAX {
            return Err(BracketError::Depth(shown()));
        }
        let mut value = Value::Object(std::mem::take(&mut self.object));
        let put = insert(&mut value, &steps, Value::String(text));
        if let Value::Object(object) = value {
            self.object = object;
        }
        put.map_err(|_| BracketError::Conflict(shown()))
    }

    /// The object, or `None` when there was no field.
    pub fn finish(self) -> Option<Value> {
        (self.count > 0).then_some(Value::Object(self.object))
    }
}

/// `root[a][][b]` as steps; the first is always a key.
fn parse<'a>(root: &str, name: &'a str) -> Option<Vec<Step<'a>>> {
    let mut rest = name.strip_prefix(root)?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let (key, after) = match rest.strip_prefix('.') {
            Some(dotted) => {
                match dotted.split_at(dotted.find(['.', '[']).unwrap_or(dotted.len())) {
                    ("", _) => return None,
                    split => split,
                }
            }
            None => rest.strip_prefix('[')?.split_once(']')?,
        };
        if key.contains('[') {
            return None;
        }
        steps.push(match key {
            "" => Step::Push,
            key => Step::Key(key),
        });
        rest = after;
    }
    matches!(steps.first()?, Step::Key(_)).then_some(steps)
}

/// Puts a leaf in its place; gives it back when the place is taken, changing nothing.
fn insert(into: &mut Value, steps: &[Step<'_>], leaf: Value) -> Result<(), Value> {
    let Some((step, rest)) = steps.split_first() else {
        // An untouched place is null.
        if !into.is_null() {
            return Err(leaf);
        }
        *into = leaf;
        return Ok(());
    };
    match step {
        Step::Key(key) => {
            if into.is_null() {
                *into = Value::Object(Map::new());
            }
            let Value::Object(object) = into else {
                return Err(leaf);
            };
            match object.get_mut(*key) {
                Some(old) => insert(old, rest, leaf),
                None => {
                    object.insert((*key).to_owned(), fresh(rest, leaf));
                    Ok(())
                }
            }
        }
        Step::Push => {
            if into.is_null() {
                *into = Value::Array(Vec::new());
            }
            let Value::Array(array) = into else {
                return Err(leaf);
            };
            let leaf = match array.last_mut() {
                // A scalar under [] is always an element of its own.
                Some(last) if !rest.is_empty() => match insert(last, rest, leaf) {
                    Ok(()) => return Ok(()),
                    Err(leaf) => leaf,
                },
                _ => leaf,
            };
            array.push(fresh(rest, leaf));
            Ok(())
        }
    }
}

/// What these steps make where nothing is yet.
fn fresh(steps: &[Step<'_>], leaf: Value) -> Value {
    steps.iter().rev().fold(leaf, |value, step| match step {
        Step::Key(key) => Value::Object(Map::from_iter([((*key).to_owned(), value)])),
        Step::Push => Value::Array(vec![value]),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn decode(fields: &[(&str, &str)]) -> Result<Value, BracketError> {
        let mut all = Fields::default();
        for (name, text) in fields {
            all.put("metadata", name, (*text).to_owned())?;
        }
        Ok(all.finish().unwrap_or(Value::Null))
    }

    #[test]
    fn fields_become_the_object_that_was_flattened() {
        let decoded = decode(&[
            ("metadata[main_module]", "a.wasm"),
            ("metadata[tags][]", "x"),
            ("metadata[tags][]", "y"),
            ("metadata[bindings][][type]", "plain_text"),
            ("metadata[bindings][][name]", "A"),
            ("metadata[bindings][][text]", "1"),
            ("metadata[bindings][][type]", "json"),
            ("metadata[bindings][][name]", "B"),
            ("metadata[bindings][][json][k]", "v"),
            ("metadata[bindings][][json][l][]", "w"),
            ("metadata[limits][cpu_ms]", "50"),
        ]);
        assert_eq!(
            decoded.unwrap(),
            json!({
                "main_module": "a.wasm",
                "tags": ["x", "y"],
                "bindings": [
                    {"type": "plain_text", "name": "A", "text": "1"},
                    {"type": "json", "name": "B", "json": {"k": "v", "l": ["w"]}},
                ],
                "limits": {"cpu_ms": "50"},
            })
        );
    }

    #[test]
    fn dots_say_the_same() {
        let decoded = decode(&[
            ("metadata.tags[]", "x"),
            ("metadata.bindings[].type", "plain_text"),
            ("metadata.bindings[].name", "A"),
            ("metadata.bindings[].type", "json"),
            ("metadata.bindings[].json.k", "v"),
        ]);
        let expect = json!({
            "tags": ["x"],
            "bindings": [{"type": "plain_text", "name": "A"}, {"type": "json", "json": {"k": "v"}}],
        });
        assert_eq!(decoded, Ok(expect));
    }

    #[test]
    fn contradictions_and_bad_forms_are_refused() {
        for bad in [
            "metadata",
            "metadata[",
            "metadata[]",
            "metadata[a",
            "metadata[a]b",
            "metadata[a[b]]",
            "metadatax[a]",
            "metadata.",
            "metadata..a",
            "metadata.a[b",
        ] {
            assert!(
                matches!(decode(&[(bad, "")]), Err(BracketError::Form(_))),
                "{bad}"
            );
        }
        let deep = format!("metadata{}", "[a]".repeat(9));
        assert!(matches!(
            decode(&[(&deep, "")]),
            Err(BracketError::Depth(_))
        ));
        for (one, other) in [
            ("metadata[a]", "metadata[a]"),
            ("metadata[a]", "metadata[a][b]"),
            ("metadata[a][b]", "metadata[a]"),
            ("metadata[a][]", "metadata[a][b][c]"),
            ("metadata[a][b]", "metadata[a][]"),
        ] {
            assert!(
                matches!(
                    decode(&[(one, ""), (other, "")]),
                    Err(BracketError::Conflict(_))
                ),
                "{one} {other}"
            );
        }
    }

    /// An object as clients send them: scalars, arrays of scalars, arrays of flat objects
    /// that all have the same keys.
    fn metadata() -> impl Strategy<Value = Value> {
        let text = "[ -~]{0,8}";
        let scalars = prop::collection::btree_map("[a-m]{1,4}", text.prop_map(Value::from), 0..4);
        let lists = prop::collection::btree_map(
            "[n-s]{1,4}",
            prop::collection::vec(text.prop_map(Value::from), 1..4).prop_map(Value::from),
            0..3,
        );
        let objects = (
            prop::collection::btree_set("[a-z]{1,4}", 1..4),
            prop::collection::vec(prop::collection::vec(text, 4), 1..5),
        )
            .prop_map(|(keys, rows)| {
                let rows: Vec<Value> = rows
                    .into_iter()
                    .map(|row| {
                        let pairs = keys.iter().cloned().zip(row.into_iter().map(Value::from));
                        Value::Object(pairs.collect())
                    })
                    .collect();
                Value::from(rows)
            });
        let objects = prop::collection::btree_map("[t-z]{1,4}", objects, 0..3);
        (scalars, lists, objects).prop_map(|(mut all, lists, objects)| {
            all.extend(lists);
            all.extend(objects);
            Value::Object(all.into_iter().collect())
        })
    }

    fn flatten(prefix: &str, value: &Value, out: &mut Vec<(String, String)>) {
        match value {
            Value::Object(object) => {
                for (key, value) in object {
                    flatten(&format!("{prefix}[{key}]"), value, out);
                }
            }
            Value::Array(array) => {
                for value in array {
                    flatten(&format!("{prefix}[]"), value, out);
                }
            }
            Value::String(text) => out.push((prefix.to_owned(), text.clone())),
            _ => unreachable!(),
        }
    }

    proptest! {
        #[test]
        fn flattening_is_undone(value in metadata()) {
            let mut flat = Vec::new();
            flatten("metadata", &value, &mut flat);
            let pairs: Vec<_> = flat.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
            if !pairs.is_empty() {
                prop_assert_eq!(decode(&pairs).unwrap(), value);
            }
        }

        #[test]
        fn no_names_panic(names in prop::collection::vec("metadata[\\[\\]a-b]{0,24}", 0..40)) {
            let pairs: Vec<_> = names.iter().map(|name| (name.as_str(), "x")).collect();
            let _ = decode(&pairs);
        }
    }
}
