//! `dispatch_namespace` bindings: user Workers by name, with limits and an outbound Worker for each
//! call (spec: SEMANTICS §1 to §3).

use super::services::{ServiceRequest, Services};
use super::{Binding, Env, undecodable};
use crate::engine::caller::Caller;
use crate::engine::invocation::Request;
use crate::engine::ops::OpFailure;
use crate::engine::terms::{Answering, Interceptor, Terms};
use postern_abi::OpErrorCode;
use postern_abi::dispatch::Dispatch;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Bytes of what an outbound Worker can be told with one call.
const OUTBOUND_MAX: usize = 64 << 10;
/// Bytes of a user Worker's name that are looked for; there are none with longer ones.
const NAME_MAX: usize = 255;

/// What a `dispatch_namespace` binding stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispatching {
    /// The dispatch namespace's id.
    pub namespace: [u8; 16],
    /// The outbound Worker, if one is configured.
    pub outbound: Option<Arc<OutboundWorker>>,
    /// Milliseconds of CPU, where a call does not say.
    pub cpu_ms: Option<u32>,
    /// Subrequests, where a call does not say.
    pub subrequests: Option<u32>,
    /// Whether what a user Worker throws is an answer with the status 500
    /// (`dynamic_dispatch_treat_exceptions_as_500`).
    pub hides_exceptions: bool,
}

/// The outbound Worker of a binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboundWorker {
    /// The script, found as a service binding of the dispatch Worker finds it.
    pub script: String,
    /// The parameters that it gets in `env`.
    pub parameters: Vec<String>,
}

/// A call of a user Worker.
pub(super) struct Call {
    pub services: Arc<dyn Services>,
    pub namespace: [u8; 16],
    pub script: String,
    pub terms: Terms,
    pub hides_exceptions: bool,
}

impl Call {
    /// What holds for the invocation that it causes.
    pub(super) fn terms(&self, caller: &Caller) -> Terms {
        let mut terms = self.terms.clone();
        if terms.interceptor.is_none() {
            terms.interceptor = caller.interceptor().cloned();
        }
        terms
    }
}

impl Env {
    /// Whom a call by a dispatch binding is for.
    pub(super) fn dispatched(&self, ask: &Dispatch<'_>) -> Result<Call, OpFailure> {
        let (Binding::Dispatch { to, .. }, Some(services)) =
            (self.binding(ask.binding)?, &self.services)
        else {
            return Err(OpFailure::new(
                OpErrorCode::UnknownBinding,
                format!("env.{:.64} is not a dispatch namespace", ask.binding),
            ));
        };
        if ask.outbound.len() > OUTBOUND_MAX {
            return Err(OpFailure::new(
                OpErrorCode::TooLarge,
                format!(
                    "the outbound Worker's parameters have {} bytes, the limit is {OUTBOUND_MAX}",
                    ask.outbound.len()
                ),
            ));
        }
        let interceptor = match &to.outbound {
            Some(outbound) => Some(Arc::new(Interception {
                services: services.clone(),
                parameters: parameters(&outbound.parameters, ask.outbound)?,
                outbound: outbound.clone(),
            }) as Arc<dyn Interceptor>),
            None => None,
        };
        let script = if ask.script.len() > NAME_MAX {
            ""
        } else {
            ask.script
        };
        Ok(Call {
            services: services.clone(),
            namespace: to.namespace,
            script: script.to_owned(),
            terms: Terms {
                cpu_ms: ask.cpu_ms.or(to.cpu_ms),
                subrequests: ask.subrequests.or(to.subrequests),
                interceptor,
                parameters: None,
            },
            hides_exceptions: to.hides_exceptions,
        })
    }
}

/// What an outbound Worker is told, of the object that the dispatch Worker gave: all of it, and
/// what of it is in `env` (spec: SEMANTICS §2, whose three descriptions all hold).
fn parameters(names: &[String], given: &str) -> Result<Arc<str>, OpFailure> {
    let given: Map<String, Value> = if given.is_empty() {
        Map::new()
    } else {
        serde_json::from_str(given).map_err(|_| undecodable("Dispatch"))?
    };
    let mut named = Map::new();
    let mut spread = Map::new();
    for name in names {
        let Some(value) = given.get(name) else {
            continue;
        };
        named.insert(name.clone(), value.clone());
        if let Value::Object(fields) = value {
            for (key, value) in fields {
                spread.entry(key).or_insert_with(|| value.clone());
            }
        }
    }
    let told = json!({"outbound": given, "named": named, "spread": spread});
    Ok(told.to_string().into())
}

/// Has an outbound Worker answer what a user Worker asks of other servers.
struct Interception {
    services: Arc<dyn Services>,
    outbound: Arc<OutboundWorker>,
    parameters: Arc<str>,
}

impl Interceptor for Interception {
    fn fetch(&self, request: Request) -> Answering {
        let request = ServiceRequest {
            chain: request.chain.unwrap_or_default(),
            terms: Terms {
                parameters: Some(self.parameters.clone()),
                ..Terms::default()
            },
            method: request.method,
            url: request.url,
            headers: request.headers,
            body: request.body,
            upgrade: request.upgrade,
        };
        self.services.fetch(&self.outbound.script, request)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[track_caller]
    fn check(names: &[&str], given: &str, expect: Value) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let told = parameters(&names, given).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&told).unwrap(), expect);
    }

    #[test]
    fn parameters_come_in_three_forms() {
        check(
            &["context", "absent"],
            r#"{"context":{"name":"a","url":"u"},"flat":1}"#,
            json!({
                "outbound": {"context": {"name": "a", "url": "u"}, "flat": 1},
                "named": {"context": {"name": "a", "url": "u"}},
                "spread": {"name": "a", "url": "u"},
            }),
        );
        check(&[], "", json!({"outbound": {}, "named": {}, "spread": {}}));
        let both = r#"{"a":{"x":1},"b":{"x":2,"y":[3]}}"#;
        let told = parameters(&["b".to_owned(), "a".to_owned()], both).unwrap();
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told["spread"], json!({"x": 2, "y": [3]}));
        assert!(parameters(&[], "[1]").is_err());
    }
}
