//! The `metadata` of an upload: what it may say, and what it means for the catalog.
//!
//! Values come as JSON or, from form fields, as text; numbers and booleans are taken from
//! either. Keys that nothing reads are left alone, features that are not here are refused.

use super::binding::{Keep, Wanted};
use super::name::shown;
use super::record::CustomLimits;
use super::{AssetsChange, CatalogError, Change, WantedConsumer, limits};
use crate::assets::Config;
use serde_json::{Map, Value};

/// What an upload's metadata says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Which module starts.
    pub main_module: Option<String>,
    /// The part of a script in the older service-worker format.
    pub body_part: Option<String>,
    /// What it says about the script's settings.
    pub change: Change,
    /// Who is told of the script's invocations.
    pub tail_consumers: Option<Vec<WantedConsumer>>,
    /// What it says about static assets, if anything.
    pub assets: Option<AssetsChange>,
    /// A feature that it asks for and that is not here yet.
    pub not_yet: Option<&'static str>,
}

impl Metadata {
    /// Reads the JSON object.
    pub fn parse(value: &Value) -> Result<Self, CatalogError> {
        if !value.is_object() {
            return Err(bad("it is not a JSON object"));
        }
        let json = |key| object(value, key);
        let bindings = match present(value, "bindings") {
            None => None,
            Some(Value::Array(list)) if list.len() > limits::BINDINGS_MAX => {
                return Err(CatalogError::TooManyBindings { count: list.len() });
            }
            Some(Value::Array(list)) => Some(
                (1..)
                    .zip(list)
                    .map(|(number, one)| Wanted::parse(number, one))
                    .collect::<Result<Vec<_>, _>>()?,
            ),
            Some(_) => return Err(bad("\"bindings\" is not an array of objects")),
        };
        Ok(Self {
            main_module: text(value, "main_module")?,
            body_part: text(value, "body_part")?,
            change: Change {
                bindings,
                keep_bindings: keep(value)?,
                tags: texts(value, "tags")?,
                limits: custom_limits(value)?,
                compatibility_date: text(value, "compatibility_date")?,
                compatibility_flags: texts(value, "compatibility_flags")?,
                logpush: flag(value, "logpush")?,
                observability: object(&unquoted(value, "observability"), "observability")?,
                placement: json("placement")?,
                annotations: json("annotations")?,
                note: Default::default(),
            },
            tail_consumers: tail_consumers(value)?,
            assets: assets(value)?,
            not_yet: not_yet(value),
        })
    }

    /// Refuses features that are not here yet.
    pub fn supported(self) -> Result<Self, CatalogError> {
        match self.not_yet {
            Some(feature) => Err(bad(&format!(
                "{feature} are not supported by this version of Postern"
            ))),
            None => Ok(self),
        }
    }
}

fn bad(what: &str) -> CatalogError {
    CatalogError::BadMetadata(what.to_owned())
}

/// A key's value, where it is not null.
fn present<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    value.get(key).filter(|value| !value.is_null())
}

fn text(value: &Value, key: &str) -> Result<Option<String>, CatalogError> {
    match present(value, key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(bad(&format!("\"{key}\" is not a string"))),
    }
}

/// An array of strings; one string stands for itself.
fn texts(value: &Value, key: &str) -> Result<Option<Vec<String>>, CatalogError> {
    match present(value, key) {
        None => Ok(None),
        Some(value) => strings(value)
            .map(Some)
            .ok_or_else(|| bad(&format!("\"{key}\" is not an array of strings"))),
    }
}

/// An array of strings, or one string.
pub fn strings(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(list) => list
            .iter()
            .map(|one| one.as_str().map(str::to_owned))
            .collect(),
        _ => None,
    }
}

fn flag(value: &Value, key: &str) -> Result<Option<bool>, CatalogError> {
    match present(value, key) {
        None => Ok(None),
        Some(value) => boolean(value)
            .map(Some)
            .ok_or_else(|| bad(&format!("\"{key}\" is neither true nor false"))),
    }
}

/// A boolean, as such or as text.
pub fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// A whole number, as such or as text.
pub fn whole_number(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.parse().ok(),
        value => value.as_u64(),
    }
}

/// An object, kept as text.
fn object(value: &Value, key: &str) -> Result<Option<String>, CatalogError> {
    const MAX: usize = 16 * 1024;
    match present(value, key) {
        None => Ok(None),
        Some(object @ Value::Object(_)) => {
            let text = object.to_string();
            if text.len() > MAX {
                return Err(bad(&format!("\"{key}\" is larger than {MAX} bytes")));
            }
            Ok(Some(text))
        }
        Some(_) => Err(bad(&format!("\"{key}\" is not an object"))),
    }
}

/// An object of which a form may have made text, with its numbers and truths again.
fn unquoted(value: &Value, key: &str) -> Value {
    fn restore(value: &mut Value) {
        match value {
            Value::Object(fields) => fields.values_mut().for_each(restore),
            Value::String(text) => {
                // Nothing in it is called like a number.
                if let Ok(meant @ (Value::Bool(_) | Value::Number(_))) = serde_json::from_str(text)
                {
                    *value = meant;
                }
            }
            _ => {}
        }
    }
    let mut said = present(value, key).cloned().unwrap_or_default();
    restore(&mut said);
    let mut all = Map::new();
    all.insert(key.to_owned(), said);
    Value::Object(all)
}

/// Array of types, or true for all (spec: SEMANTICS §37, 2).
fn keep(value: &Value) -> Result<Keep, CatalogError> {
    let Some(value) = present(value, "keep_bindings") else {
        return Ok(Keep::Nothing);
    };
    match boolean(value) {
        Some(true) => Ok(Keep::Everything),
        Some(false) => Ok(Keep::Nothing),
        None => strings(value)
            .map(Keep::Types)
            .ok_or_else(|| bad("\"keep_bindings\" is neither true nor an array of types")),
    }
}

/// The limits under all the names that the documents use; the lowest wins
/// (spec: SEMANTICS §37, 7).
fn custom_limits(value: &Value) -> Result<Option<CustomLimits>, CatalogError> {
    let value = match present(value, "limits") {
        None => return Ok(None),
        Some(value @ Value::Object(_)) => value,
        Some(_) => return Err(bad("\"limits\" is not an object")),
    };
    let lowest = |keys: &[&str], min: u32, max: u32| {
        let mut lowest: Option<u32> = None;
        for key in keys {
            let Some(value) = present(value, key) else {
                continue;
            };
            let number = whole_number(value)
                .and_then(|number| u32::try_from(number).ok())
                .filter(|number| (min..=max).contains(number))
                .ok_or_else(|| {
                    bad(&format!(
                        "limits.{key} is {}; use a whole number from {min} to {max}",
                        shown(&value.to_string())
                    ))
                })?;
            lowest = Some(lowest.map_or(number, |lowest| lowest.min(number)));
        }
        Ok::<_, CatalogError>(lowest)
    };
    Ok(Some(CustomLimits {
        cpu_ms: lowest(&["cpu_ms", "cpuMs"], 1, limits::CPU_MS_MAX)?,
        subrequests: lowest(
            &["subrequests", "subRequests", "requests"],
            0,
            limits::SUBREQUESTS_MAX,
        )?,
    }))
}

/// Workers, in a list or alone; an empty list is none.
fn tail_consumers(value: &Value) -> Result<Option<Vec<WantedConsumer>>, CatalogError> {
    present(value, "tail_consumers")
        .map(WantedConsumer::parse)
        .transpose()
}

/// `assets` and `keep_assets`.
fn assets(value: &Value) -> Result<Option<AssetsChange>, CatalogError> {
    let keeps = flag(value, "keep_assets")?.unwrap_or(false);
    let config = |assets: &Value| match present(assets, "config") {
        None => Ok(None),
        Some(config) => Config::parse(config).map(Some).map_err(|what| bad(&what)),
    };
    match present(value, "assets") {
        None if keeps => Ok(Some(AssetsChange::Keep)),
        None => Ok(None),
        Some(Value::Object(object)) if object.is_empty() && !keeps => Ok(None),
        Some(assets @ Value::Object(_)) => Ok(Some(AssetsChange::Take {
            token: text(assets, "jwt")?.filter(|_| !keeps),
            config: config(assets)?,
        })),
        Some(_) => Err(bad("\"assets\" is not an object")),
    }
}

/// The first feature asked for that is not here yet.
fn not_yet(value: &Value) -> Option<&'static str> {
    let asks = |key: &str| match value.get(key) {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::Array(list)) => !list.is_empty(),
        Some(Value::Object(object)) => !object.is_empty(),
        Some(Value::String(text)) => text != "false",
        Some(_) => true,
    };
    // What is exported is said by newer clients: entrypoints that the modules tell of anyway, and these.
    let exports = value.get("exports").and_then(Value::as_object);
    let exported = exports.into_iter().flatten().find_map(|(_, export)| {
        Some(match export.get("type")?.as_str()? {
            "durable-object" | "durable_object" => "Durable Objects (in exports)",
            "workflow" => "Workflows (in exports)",
            _ => return None,
        })
    });
    let refused = [
        ("migrations", "Durable Object migrations"),
        ("containers", "Containers"),
        ("streaming_tail_consumers", "Streaming Tail Workers"),
    ];
    let asked = || {
        refused
            .into_iter()
            .find_map(|(key, it)| asks(key).then_some(it))
    };
    exported.or_else(asked)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn check(value: Value) -> Result<Metadata, String> {
        Metadata::parse(&value).map_err(|error| error.to_string())
    }

    #[test]
    fn text_stands_for_numbers_and_booleans() {
        let metadata = check(json!({
            "limits": {"cpu_ms": "50", "cpuMs": 20, "requests": "3"},
            "logpush": "true",
            "keep_bindings": "true",
            "tags": "one",
        }))
        .unwrap();
        let change = metadata.change;
        assert_eq!(
            change.limits,
            Some(CustomLimits {
                cpu_ms: Some(20),
                subrequests: Some(3)
            })
        );
        assert_eq!(change.logpush, Some(true));
        assert_eq!(change.keep_bindings, Keep::Everything);
        assert_eq!(change.tags, Some(vec!["one".to_owned()]));
    }

    #[test]
    fn null_is_absent_and_unknown_keys_are_left_alone() {
        let all_null = json!({
            "main_module": null, "bindings": null, "tags": null, "limits": null,
            "keep_bindings": null, "code_update_strategy": {"mode": "deferred"},
            "migrations": null, "assets": null, "tail_consumers": null,
        });
        assert_eq!(check(all_null).unwrap(), Metadata::default());
    }

    #[test]
    fn refusals_name_the_key_and_the_limit() {
        for (value, expected) in [
            (json!([]), "not a JSON object"),
            (json!({"bindings": {}}), "\"bindings\" is not an array"),
            (json!({"tags": [1]}), "\"tags\" is not an array of strings"),
            (json!({"main_module": 1}), "\"main_module\" is not a string"),
            (json!({"limits": {"cpu_ms": 0}}), "from 1 to 300000"),
            (json!({"limits": {"cpu_ms": -1}}), "limits.cpu_ms is -1"),
            (json!({"limits": {"cpu_ms": 1.5}}), "limits.cpu_ms is 1.5"),
            (json!({"limits": {"subrequests": 1e9}}), "from 0 to 10000"),
            (json!({"limits": 5}), "\"limits\" is not an object"),
            (json!({"keep_bindings": 3}), "\"keep_bindings\" is neither"),
            (json!({"logpush": "perhaps"}), "neither true nor false"),
            (
                json!({"observability": []}),
                "\"observability\" is not an object",
            ),
        ] {
            let message = check(value).unwrap_err();
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn features_that_are_not_here_are_named() {
        for (value, feature) in [
            (json!({"migrations": [{}]}), "Durable Object migrations"),
            (json!({"containers": [{"class_name": "X"}]}), "Containers"),
            (
                json!({"streaming_tail_consumers": [{"service": "x"}]}),
                "Streaming Tail Workers",
            ),
            (
                json!({"exports": {"E": {"type": "worker"}, "X": {"type": "durable-object"}}}),
                "Durable Objects",
            ),
            (json!({"exports": {"X": {"type": "workflow"}}}), "Workflows"),
        ] {
            let refusal = check(value).unwrap().supported().unwrap_err();
            assert!(refusal.to_string().contains(feature), "{refusal}");
        }
        let entrypoint = check(json!({"exports": {"E": {"type": "worker"}}})).unwrap();
        assert!(entrypoint.supported().is_ok());
    }

    #[test]
    fn tail_consumers_are_read_in_every_form() {
        let wanted = |value: Value| {
            let metadata = check(json!({ "tail_consumers": value }))?;
            let services = metadata.tail_consumers.unwrap_or_default().into_iter();
            Ok::<_, String>(services.map(|it| it.service).collect::<Vec<_>>())
        };
        let t = Ok(vec!["t".to_owned()]);
        assert_eq!(wanted(json!([{"service": "t"}])), t);
        assert_eq!(
            wanted(json!({"service": "t", "environment": "production"})),
            t
        );
        assert_eq!(wanted(json!(["t", "t"])), t);
        assert_eq!(wanted(json!([])), Ok(Vec::new()));
        for wrong in [json!([{}]), json!(5), json!([{"service": "a/b"}])] {
            assert!(wanted(wrong).is_err());
        }
        let many: Vec<Value> = (0..11).map(|i| json!(format!("t{i}"))).collect();
        assert!(wanted(json!(many)).unwrap_err().contains("the limit is 10"));
    }
}
