//! `dispatch_namespace` bindings as they are asked for, stored, shown and engaged
//! (spec: SEMANTICS §1, §2). They refer to a namespace by its id, so that a rename changes nothing.

use super::binding::{Bound, Target};
use super::metadata::whole_number;
use super::name::{ACCOUNT, Id, check_name, shown};
use super::record::Settings;
use super::{Catalog, CatalogError, Result, flags, limits};
use crate::bindings::{Dispatching, OutboundWorker};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Parameters of one outbound Worker.
const PARAMETERS_MAX: usize = 64;

/// What a `dispatch_namespace` binding gives the Worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DispatchTarget {
    /// Which namespace.
    pub namespace: Which,
    /// The outbound Worker.
    pub outbound: Option<Outbound>,
    /// Milliseconds of CPU of a user Worker, where a call does not say.
    pub cpu_ms: Option<u32>,
    /// Subrequests of a user Worker, where a call does not say.
    pub subrequests: Option<u32>,
}

/// A dispatch namespace that is referred to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Which {
    /// By its name, in an upload.
    Named(String),
    /// By its id, once it was found.
    Known(Id),
}

/// The outbound Worker of a binding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outbound {
    /// The script.
    pub service: String,
    /// The parameters that it is given in `env`.
    pub params: Vec<String>,
}

impl DispatchTarget {
    /// Reads an element of a `bindings` array; `name` is the binding's, for messages.
    pub(super) fn parse(name: &str, value: &Value) -> Result<Self> {
        let wrong = |what: &str| {
            CatalogError::BadMetadata(format!(
                "binding '{name}' of type 'dispatch_namespace' {what}"
            ))
        };
        let namespace = value.get("namespace").and_then(Value::as_str);
        let namespace = namespace.ok_or_else(|| wrong("needs \"namespace\", a string"))?;
        let mut target = Self {
            namespace: Which::Named(namespace.to_owned()),
            outbound: None,
            cpu_ms: None,
            subrequests: None,
        };
        let outbound = match value.get("outbound") {
            None | Some(Value::Null) => return Ok(target),
            Some(Value::Object(outbound)) => outbound,
            Some(_) => return Err(wrong("has an \"outbound\" that is not an object")),
        };
        let worker = outbound.get("worker").and_then(Value::as_object);
        let service = worker.unwrap_or(outbound).get("service");
        let service = service.and_then(Value::as_str).ok_or_else(|| {
            wrong("needs \"outbound\": {\"worker\": {\"service\": …}}, a Worker's name")
        })?;
        check_name("script", service)?;
        let params = outbound
            .get("params")
            .or_else(|| outbound.get("parameters"));
        let mut names = Vec::new();
        match params {
            None | Some(Value::Null) => {}
            Some(Value::Array(list)) => {
                for one in list {
                    let name = one.as_str().or_else(|| one.get("name")?.as_str());
                    let name = name.filter(|name| name.len() <= limits::BINDING_NAME_MAX);
                    let name = name.ok_or_else(|| {
                        wrong("has \"params\" that are not all {\"name\": …}, a short string")
                    })?;
                    names.push(name.to_owned());
                }
            }
            // The form that sets limits instead of naming parameters.
            Some(Value::Object(given)) => {
                target.cpu_ms = number(given, "cpu_ms");
                target.subrequests =
                    number(given, "requests").or_else(|| number(given, "subrequests"));
            }
            Some(_) => return Err(wrong("has \"params\" that are not an array")),
        }
        if names.len() > PARAMETERS_MAX {
            return Err(wrong(&format!(
                "names {} parameters; the limit is {PARAMETERS_MAX}",
                names.len()
            )));
        }
        target.outbound = Some(Outbound {
            service: service.to_owned(),
            params: names,
        });
        Ok(target)
    }

    /// As the API shows it; the namespace by its id.
    pub(super) fn show(&self, value: &mut Value) {
        value["namespace"] = match &self.namespace {
            Which::Named(name) => json!(name),
            Which::Known(id) => json!(id.uuid()),
        };
        if let Some(outbound) = &self.outbound {
            let names = outbound.params.iter().map(|name| json!({"name": name}));
            let mut params = Value::Array(names.collect());
            if self.cpu_ms.is_some() || self.subrequests.is_some() {
                params = json!({"cpu_ms": self.cpu_ms, "requests": self.subrequests});
            }
            value["outbound"] = json!({
                "worker": {"service": outbound.service, "environment": "production"},
                "params": params,
            });
        }
    }

    /// As the bindings room takes it, for a Worker with these settings.
    pub(super) fn engaged(&self, settings: &Settings) -> Dispatching {
        let enabled = flags::enabled(&settings.compatibility_date, &settings.compatibility_flags);
        let outbound = self.outbound.as_ref();
        Dispatching {
            namespace: match &self.namespace {
                Which::Known(id) => id.0,
                // Nothing is stored before it was found.
                Which::Named(_) => [0xff; 16],
            },
            outbound: outbound.map(|outbound| {
                Arc::new(OutboundWorker {
                    script: outbound.service.clone(),
                    parameters: outbound.params.clone(),
                })
            }),
            cpu_ms: self.cpu_ms,
            subrequests: self.subrequests,
            hides_exceptions: !enabled.contains(&"dynamic_dispatch_tunnel_exceptions"),
        }
    }
}

fn number(fields: &Map<String, Value>, name: &str) -> Option<u32> {
    let number = whole_number(fields.get(name)?)?;
    Some(u32::try_from(number).unwrap_or(u32::MAX))
}

impl<W: Send + Sync + 'static> Catalog<W> {
    /// Finds the dispatch namespaces that bindings name, for good; those that were found before must
    /// still be there.
    pub(super) fn find_dispatched(&self, settings: &mut Settings) -> Result<()> {
        for bound in &mut settings.bindings {
            let Target::Dispatch(target) = &mut bound.target else {
                continue;
            };
            let (found, asked) = match &target.namespace {
                // Workers outside of dispatch namespaces are not dispatched to.
                Which::Named(name) if name == ACCOUNT => (None, shown(name)),
                Which::Named(name) => (self.namespace(name).ok(), shown(name)),
                Which::Known(id) => (self.namespace_by_id(*id, "").ok(), id.uuid()),
            };
            let found = found.ok_or_else(|| CatalogError::NoDispatchTarget {
                name: bound.name.clone(),
                id: asked,
            })?;
            target.namespace = Which::Known(found.id);
        }
        Ok(())
    }

    /// Bindings as the API shows them; secrets without their text.
    pub fn shown_bindings(&self, bindings: &[Bound]) -> Vec<Value> {
        let shown = bindings.iter().map(|bound| {
            let mut value = bound.shown();
            if let Target::Dispatch(target) = &bound.target
                && let Which::Known(id) = &target.namespace
                && let Some(name) = self.serving.name(*id)
            {
                value["namespace"] = json!(name);
            }
            value
        });
        shown.collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[track_caller]
    fn check(value: Value, expect: Value) {
        let target = DispatchTarget::parse("D", &value).unwrap();
        let mut shown = json!({});
        target.show(&mut shown);
        assert_eq!(shown, expect);
    }

    #[test]
    fn bindings_are_read_in_every_shape() {
        check(
            json!({"namespace": "prod", "outbound": null}),
            json!({"namespace": "prod"}),
        );
        let shown = json!({"namespace": "prod", "outbound": {
            "worker": {"service": "egress", "environment": "production"},
            "params": [{"name": "tenant"}],
        }});
        check(
            json!({"namespace": "prod", "outbound": {"worker": {"service": "egress"}, "params": [{"name": "tenant"}]}}),
            shown.clone(),
        );
        check(
            json!({"namespace": "prod", "outbound": {"service": "egress", "parameters": ["tenant"]}}),
            shown,
        );
        let limits = json!({"service": "egress", "parameters": {"cpu_ms": 50, "requests": 1000}});
        let target =
            DispatchTarget::parse("D", &json!({"namespace": "prod", "outbound": limits})).unwrap();
        assert_eq!((target.cpu_ms, target.subrequests), (Some(50), Some(1000)));
    }

    #[test]
    fn refusals_name_the_binding() {
        for value in [
            json!({}),
            json!({"namespace": 1}),
            json!({"namespace": "a", "outbound": []}),
            json!({"namespace": "a", "outbound": {}}),
            json!({"namespace": "a", "outbound": {"service": "b", "params": [1]}}),
        ] {
            let refused = DispatchTarget::parse("D", &value).unwrap_err();
            assert!(refused.to_string().contains("'D'"), "{value}: {refused}");
        }
    }
}
