//! A script's bindings: what an upload may ask for, what is kept from the version before.

use super::dispatch::DispatchTarget;
use super::metadata::whole_number;
use super::name::{Id, check_name, shown};
use super::record::Settings;
use super::{CatalogError, limits};
use crate::assets::Assets;
use crate::bindings::Binding;
use crate::engine::invocation::{Entry, Props};
use crate::store::NamespaceId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fmt;
use std::sync::Arc;

/// The binding types that work, for messages.
pub const SUPPORTED: &str = "plain_text, json, secret_text, kv_namespace, wasm_module, text_blob, data_blob, service, assets, ratelimit, dispatch_namespace, analytics_engine, worker_loader, version_metadata and inherit";

/// What the field calls that which a binding of this type gives a Worker, if it is none of these.
fn feature(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "agent_memory" => "Agent Memory",
        "ai" => "Workers AI",
        "ai_search" | "ai_search_namespace" => "AI Search",
        "artifacts" => "Artifacts",
        "browser" => "Browser Rendering",
        "d1" => "D1 databases",
        "durable_object_namespace" => "Durable Objects",
        "flagship" => "Flagship",
        "hyperdrive" => "Hyperdrive",
        "images" => "Images",
        "k2" => "K2 streams",
        "media" => "Media Transformations",
        "mtls_certificate" => "mTLS certificates",
        "pipelines" => "Pipelines",
        "queue" => "Queues",
        "r2_bucket" => "R2 buckets",
        "secrets_store_secret" => "Secrets Store",
        "secret_key" => "Secret keys",
        "send_email" => "Email",
        "stream" => "Stream",
        "vectorize" => "Vectorize",
        "vpc_network" | "vpc_service" => "Workers VPC",
        "workflow" => "Workflows",
        _ => return None,
    })
}

/// A binding as it is stored with a script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    /// What the Worker calls it.
    pub name: String,
    /// What it is.
    pub target: Target,
}

/// What a binding gives the Worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// A text.
    PlainText(String),
    /// A JSON value, as text.
    Json(String),
    /// A text that no answer ever repeats. Rows have had it like this once; now it is `Sealed`.
    Secret(Hidden),
    /// A KV namespace.
    Kv(Id),
    /// The deployed version's identifier, number and time.
    VersionMetadata,
    /// Another script of the dispatch namespace.
    Service(String),
    /// The script's own assets.
    Assets,
    /// Counts calls.
    RateLimit {
        /// Whose counts it shares.
        namespace: String,
        /// How many calls a period.
        limit: u32,
        /// Seconds of a period.
        period_s: u32,
    },
    /// A secret, encrypted with the device key for this script and this name.
    Sealed(Vec<u8>),
    /// User Workers of a dispatch namespace.
    Dispatch(Box<DispatchTarget>),
    /// An entrypoint of another script of the dispatch namespace.
    Entrypoint {
        /// The script.
        script: String,
        /// The export; `None` is the default one.
        entrypoint: Option<String>,
        /// What `ctx.props` is, JSON.
        props: Option<String>,
    },
    /// Writes data points to a dataset.
    Analytics(String),
    /// Makes dynamic Workers.
    Loader,
    /// What a part of the upload holds.
    Part(PartKind, String),
    /// A script outside of dispatch namespaces, of one in a dispatch namespace.
    Outside {
        /// The script.
        script: String,
        /// The export; `None` is the default one.
        entrypoint: Option<String>,
        /// What `ctx.props` is, JSON.
        props: Option<String>,
    },
}

/// As what a part of the upload is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PartKind {
    /// A module of WebAssembly.
    Wasm,
    /// A text.
    Text,
    /// Bytes.
    Data,
}

impl PartKind {
    /// Its type's name in metadata.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wasm => "wasm_module",
            Self::Text => "text_blob",
            Self::Data => "data_blob",
        }
    }
}

/// A text that is not logged.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hidden(pub String);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden")
    }
}

impl Target {
    /// Whether it is a secret.
    pub fn is_secret(&self) -> bool {
        matches!(self, Self::Secret(_) | Self::Sealed(_))
    }

    /// Its type's name in metadata.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::PlainText(_) => "plain_text",
            Self::Json(_) => "json",
            Self::Secret(_) | Self::Sealed(_) => "secret_text",
            Self::Kv(_) => "kv_namespace",
            Self::VersionMetadata => "version_metadata",
            Self::Service(_) | Self::Entrypoint { .. } | Self::Outside { .. } => "service",
            Self::Assets => "assets",
            Self::RateLimit { .. } => "ratelimit",
            Self::Dispatch(_) => "dispatch_namespace",
            Self::Analytics(_) => "analytics_engine",
            Self::Loader => "worker_loader",
            Self::Part(kind, _) => kind.name(),
        }
    }
}

impl Bound {
    /// As the API shows it; a secret without its text.
    pub fn shown(&self) -> Value {
        let mut value = json!({"name": self.name, "type": self.target.kind()});
        match &self.target {
            Target::PlainText(text) => value["text"] = json!(text),
            Target::Json(text) => {
                value["json"] = serde_json::from_str(text).unwrap_or(Value::Null);
            }
            Target::Kv(id) => value["namespace_id"] = json!(id.hex()),
            Target::Part(_, part) => value["part"] = json!(part),
            Target::Service(script) => {
                value["service"] = json!(script);
                value["environment"] = json!("production");
            }
            Target::Entrypoint {
                script,
                entrypoint,
                props,
            }
            | Target::Outside {
                script,
                entrypoint,
                props,
            } => {
                value["service"] = json!(script);
                value["environment"] = json!("production");
                if let Some(entrypoint) = entrypoint {
                    value["entrypoint"] = json!(entrypoint);
                }
                let props = props.as_deref().map(serde_json::from_str::<Value>);
                if let Some(Ok(props)) = props {
                    value["props"] = props;
                }
            }
            Target::RateLimit {
                namespace,
                limit,
                period_s,
            } => {
                value["namespace_id"] = json!(namespace);
                value["simple"] = json!({"limit": limit, "period": period_s});
            }
            Target::Analytics(dataset) => value["dataset"] = json!(dataset),
            Target::Dispatch(target) => target.show(&mut value),
            Target::Secret(_)
            | Target::Sealed(_)
            | Target::VersionMetadata
            | Target::Assets
            | Target::Loader => {}
        }
        value
    }

    /// As the bindings room takes it.
    pub(super) fn engaged(
        &self,
        version: &Version,
        settings: &Settings,
        assets: Option<&Arc<Assets>>,
    ) -> Binding {
        let name = self.name.clone();
        match &self.target {
            Target::PlainText(text) => Binding::PlainText {
                name,
                text: text.clone(),
            },
            Target::Json(json) => Binding::Json {
                name,
                json: json.clone(),
            },
            Target::Secret(text) => Binding::Secret {
                name,
                text: text.0.clone(),
            },
            // Workers are started with open ones; this is one that could not be opened.
            Target::Sealed(_) => Binding::Other {
                name,
                kind: "secret_text".to_owned(),
            },
            Target::Kv(id) => Binding::Kv {
                name,
                namespace: NamespaceId(id.0),
            },
            Target::Service(script) => Binding::Service {
                name,
                script: script.clone(),
            },
            Target::Entrypoint {
                script,
                entrypoint,
                props,
            }
            | Target::Outside {
                script,
                entrypoint,
                props,
            } => Binding::Entrypoint {
                name,
                script: script.clone(),
                entry: Entry {
                    entrypoint: entrypoint.clone(),
                    props: props.clone().map_or(Props::None, Props::Json),
                    rpc: false,
                    outside: matches!(self.target, Target::Outside { .. }),
                },
            },
            Target::RateLimit {
                namespace,
                limit,
                period_s,
            } => Binding::RateLimit {
                name,
                namespace: namespace.clone(),
                limit: *limit,
                period_s: *period_s,
            },
            Target::Dispatch(target) => Binding::Dispatch {
                name,
                to: target.engaged(settings),
            },
            Target::Analytics(dataset) => Binding::Analytics {
                name,
                dataset: dataset.clone(),
            },
            Target::Loader => Binding::Loader { name },
            Target::Part(kind, part) => Binding::Part {
                name,
                kind: kind.name(),
                part: part.clone(),
            },
            Target::Assets => match assets {
                Some(assets) => Binding::Assets {
                    name,
                    assets: assets.clone(),
                },
                None => Binding::Other {
                    name,
                    kind: "assets".to_owned(),
                },
            },
            Target::VersionMetadata => Binding::Json {
                name,
                json: json!({"id": version.id, "tag": version.tag, "timestamp": version.timestamp})
                    .to_string(),
            },
        }
    }
}

/// What a `version_metadata` binding tells.
pub(super) struct Version {
    pub(super) id: String,
    pub(super) tag: String,
    pub(super) timestamp: String,
}

/// A binding as an upload asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// This one, replacing any of the same name.
    New(Bound),
    /// The one of the version before.
    Inherited {
        /// What the Worker will call it.
        name: String,
        /// What the version before called it.
        from: String,
    },
}

/// Whether a binding has a name and a type and says no more.
fn is_bare(value: &Value) -> bool {
    let mut fields = value.as_object().into_iter().flatten();
    fields.all(|(key, value)| key == "name" || key == "type" || value.is_null())
}

impl Wanted {
    fn name(&self) -> &str {
        match self {
            Self::New(bound) => &bound.name,
            Self::Inherited { name, .. } => name,
        }
    }

    /// Reads one element of a `bindings` array; `number` counts from 1, for messages.
    pub fn parse(number: usize, value: &Value) -> Result<Self, CatalogError> {
        let field = |name: &str| value.get(name).and_then(Value::as_str);
        if !value.is_object() {
            return Err(CatalogError::BadMetadata(format!(
                "binding number {number} is not an object; write {{\"name\":…, \"type\":…}}"
            )));
        }
        let kind = field("type").unwrap_or_default();
        let name = field("name").unwrap_or_default();
        if name.is_empty() {
            return Err(CatalogError::UnnamedBinding(number, shown(kind)));
        }
        check_binding_name(name)?;
        let needed = |key: &'static str| {
            field(key).map(str::to_owned).ok_or_else(|| {
                CatalogError::BadMetadata(format!(
                    "binding '{name}' of type '{kind}' needs \"{key}\", a string"
                ))
            })
        };
        let target = match kind {
            // As older clients send those back that are to stay, and as secrets are shown. What has a
            // meaning without more, as `analytics_engine` has, is not among them.
            "plain_text" | "secret_text" | "json" | "kv_namespace" | "wasm_module"
            | "text_blob" | "data_blob" | "service" | "ratelimit" | "dispatch_namespace"
                if is_bare(value) =>
            {
                return Ok(Self::Inherited {
                    name: name.to_owned(),
                    from: name.to_owned(),
                });
            }
            "plain_text" => Target::PlainText(needed("text")?),
            "secret_text" => Target::Secret(Hidden(needed("text")?)),
            "json" => Target::Json(
                value
                    .get("json")
                    .ok_or_else(|| {
                        CatalogError::BadMetadata(format!(
                            "binding '{name}' of type 'json' needs \"json\""
                        ))
                    })?
                    .to_string(),
            ),
            "kv_namespace" => {
                let id = needed("namespace_id")?;
                Target::Kv(Id::parse(&id).ok_or_else(|| CatalogError::BadKvTarget(shown(&id)))?)
            }
            "version_metadata" => Target::VersionMetadata,
            "wasm_module" => Target::Part(PartKind::Wasm, needed("part")?),
            "text_blob" => Target::Part(PartKind::Text, needed("part")?),
            "data_blob" => Target::Part(PartKind::Data, needed("part")?),
            "assets" => Target::Assets,
            "worker_loader" => Target::Loader,
            "dispatch_namespace" => Target::Dispatch(Box::new(DispatchTarget::parse(name, value)?)),
            // wrangler leaves the dataset out where it is called like the binding.
            "analytics_engine" => Target::Analytics(dataset(name, field("dataset"))?),
            "ratelimit" => {
                let namespace = needed("namespace_id")?;
                let simple = |key: &str| whole_number(value.get("simple")?.get(key)?);
                let limit = simple("limit").and_then(|limit| u32::try_from(limit).ok());
                let period_s = simple("period").filter(|period| [10, 60].contains(period));
                let is_number = namespace.parse::<u32>().is_ok_and(|number| number > 0);
                match (limit, period_s) {
                    (Some(limit), Some(period_s)) if limit > 0 && is_number => Target::RateLimit {
                        namespace,
                        limit,
                        period_s: if period_s == 10 { 10 } else { 60 },
                    },
                    _ => {
                        return Err(CatalogError::BadMetadata(format!(
                            "binding '{name}' of type 'ratelimit' needs \"namespace_id\", a \
                             positive whole number as text, and \"simple\": {{\"limit\": a positive \
                             number, \"period\": 10 or 60}}"
                        )));
                    }
                }
            }
            "service" => {
                let service = needed("service")?;
                check_name("script", &service)?;
                let entrypoint = field("entrypoint").filter(|it| *it != "default");
                let props = value.get("props").filter(|props| !props.is_null());
                if props.is_some_and(|props| !props.is_object()) {
                    return Err(CatalogError::BadMetadata(format!(
                        "binding '{name}' has \"props\" that are not an object; write \"props\": {{…}}"
                    )));
                }
                if entrypoint.is_none() && props.is_none() {
                    Target::Service(service)
                } else {
                    Target::Entrypoint {
                        script: service,
                        entrypoint: entrypoint.map(str::to_owned),
                        props: props.map(Value::to_string),
                    }
                }
            }
            "inherit" => {
                return Ok(Self::Inherited {
                    name: name.to_owned(),
                    from: field("old_name").unwrap_or(name).to_owned(),
                });
            }
            other => {
                let named = feature(other).map(|feature| format!(" ({feature})"));
                return Err(CatalogError::UnknownBinding {
                    name: name.to_owned(),
                    kind: shown(other),
                    feature: named.unwrap_or_default(),
                });
            }
        };
        let bound = Bound {
            name: name.to_owned(),
            target,
        };
        bound.check_size()?;
        Ok(Self::New(bound))
    }
}

impl Bound {
    fn check_size(&self) -> Result<(), CatalogError> {
        match &self.target {
            Target::PlainText(text)
            | Target::Json(text)
            | Target::Secret(Hidden(text))
            | Target::Entrypoint {
                props: Some(text), ..
            } if text.len() > limits::VARIABLE_MAX => Err(CatalogError::VariableTooLarge {
                name: self.name.clone(),
                size: text.len(),
            }),
            _ => Ok(()),
        }
    }

    /// A secret, checked like any binding.
    pub fn secret(name: &str, text: &str) -> Result<Self, CatalogError> {
        check_binding_name(name)?;
        let bound = Self {
            name: name.to_owned(),
            target: Target::Secret(Hidden(text.to_owned())),
        };
        bound.check_size()?;
        Ok(bound)
    }
}

/// The dataset of a binding: a name as SQL has them.
fn dataset(binding: &str, named: Option<&str>) -> Result<String, CatalogError> {
    const MAX: usize = 100;
    let name = named.unwrap_or(binding);
    let fits = (1..=MAX).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if fits {
        return Ok(name.to_owned());
    }
    Err(CatalogError::BadMetadata(format!(
        "binding '{binding}' of type 'analytics_engine' has the dataset '{}'; use 1 to {MAX} of a-z A-Z 0-9 _ -",
        shown(name)
    )))
}

fn check_binding_name(name: &str) -> Result<(), CatalogError> {
    let fits = (1..=limits::BINDING_NAME_MAX).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_$-.".contains(&byte));
    if fits {
        return Ok(());
    }
    Err(CatalogError::BadMetadata(format!(
        "binding name '{}' is not allowed; use 1 to {} of a-z A-Z 0-9 _ $ - .",
        shown(name),
        limits::BINDING_NAME_MAX
    )))
}

/// Which bindings of the version before stay (spec: SEMANTICS §5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// None but those asked for.
    #[default]
    Nothing,
    /// Those of these types.
    Types(Vec<String>),
    /// All.
    Everything,
}

impl Keep {
    fn keeps(&self, bound: &Bound) -> bool {
        match self {
            Self::Nothing => false,
            Self::Types(types) => types.iter().any(|kind| kind == bound.target.kind()),
            Self::Everything => true,
        }
    }
}

/// The bindings of a new version: what is asked for, and what is kept under other names.
pub fn merge(
    before: &[Bound],
    wanted: Vec<Wanted>,
    keep: &Keep,
) -> Result<Vec<Bound>, CatalogError> {
    let mut after: Vec<Bound> = Vec::with_capacity(wanted.len());
    for one in wanted {
        if after.iter().any(|bound| bound.name == one.name()) {
            return Err(CatalogError::BadMetadata(format!(
                "binding '{}' is declared twice; give each binding its own name",
                one.name()
            )));
        }
        after.push(match one {
            Wanted::New(bound) => bound,
            Wanted::Inherited { name, from } => {
                let old = before.iter().find(|bound| bound.name == from);
                let target = old.map(|bound| bound.target.clone()).ok_or_else(|| {
                    CatalogError::BindingTarget {
                        name: name.clone(),
                        what: "inherited binding",
                        id: shown(&from),
                    }
                })?;
                Bound { name, target }
            }
        });
    }
    for bound in before {
        if keep.keeps(bound) && !after.iter().any(|other| other.name == bound.name) {
            after.push(bound.clone());
        }
    }
    if after.len() > limits::BINDINGS_MAX {
        return Err(CatalogError::TooManyBindings { count: after.len() });
    }
    Ok(after)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn text(name: &str, text: &str) -> Bound {
        Bound {
            name: name.to_owned(),
            target: Target::PlainText(text.to_owned()),
        }
    }

    fn names(bounds: &[Bound]) -> Vec<&str> {
        bounds.iter().map(|bound| bound.name.as_str()).collect()
    }

    #[test]
    fn keeping_by_type_keeps_only_those_types_and_new_ones_win() {
        let before = [
            text("A", "old"),
            Bound::secret("S", "s").unwrap(),
            Bound {
                name: "K".to_owned(),
                target: Target::Kv(Id([1; 16])),
            },
        ];
        let wanted = || vec![Wanted::New(text("A", "new"))];
        let merged = |keep| merge(&before, wanted(), &keep).unwrap();
        assert_eq!(merged(Keep::Nothing), [text("A", "new")]);
        assert_eq!(names(&merged(Keep::Everything)), ["A", "S", "K"]);
        let types = Keep::Types(vec!["secret_text".to_owned(), "secret_key".to_owned()]);
        let kept = merged(types);
        assert_eq!(names(&kept), ["A", "S"]);
        assert_eq!(kept[0], text("A", "new"));
    }

    #[test]
    fn an_inherited_binding_must_exist() {
        let before = [text("A", "1")];
        let wanted = |from: &str| {
            vec![Wanted::parse(1, &json!({"name":"B","type":"inherit","old_name":from})).unwrap()]
        };
        assert_eq!(
            merge(&before, wanted("A"), &Keep::Nothing).unwrap(),
            [text("B", "1")]
        );
        assert!(merge(&before, wanted("Z"), &Keep::Nothing).is_err());
    }

    #[test]
    fn refusals_name_the_binding() {
        let refused = |value: Value| Wanted::parse(1, &value).unwrap_err().to_string();
        assert!(refused(json!({"name":"DB","type":"d1","id":"x"})).contains("'DB' has type 'd1'"));
        assert!(refused(json!({"type":"plain_text","text":"x"})).contains("number 1"));
        assert!(
            refused(json!({"name":"A","type":"plain_text","text":1})).contains("needs \"text\"")
        );
        assert!(refused(json!({"name":"A B","type":"plain_text","text":""})).contains("'A B'"));
        assert!(refused(json!("x")).contains("not an object"));
        let long = "x".repeat(limits::VARIABLE_MAX + 1);
        assert!(
            refused(json!({"name":"A","type":"plain_text","text":long})).contains("5121 bytes")
        );
        let twice = vec![Wanted::New(text("A", "1")), Wanted::New(text("A", "2"))];
        assert!(merge(&[], twice, &Keep::Nothing).is_err());
    }

    #[test]
    fn a_secret_is_never_shown() {
        let shown = Bound::secret("S", "hidden").unwrap().shown().to_string();
        assert_eq!(shown, r#"{"name":"S","type":"secret_text"}"#);
    }
}
