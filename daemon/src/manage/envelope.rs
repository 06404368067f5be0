//! Answers: the envelope that every client of the API expects, and refusals with their codes.

use super::body::ByteStream;
use crate::catalog::CatalogError;
use crate::catalog::entrances::EntranceError;
use crate::catalog::name::ACCOUNT;
use crate::plans::PlansError;
use crate::store::{KvError, StoreError};
use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

/// Codes that clients branch on or print (spec: SEMANTICS §3; PROTOCOL "Common rules").
pub mod code {
    #![allow(missing_docs)]
    pub const INTERNAL: u32 = 10001;
    pub const AUTHENTICATION: u32 = 10000;
    /// A token that is to be verified and is none.
    pub const API_TOKEN: u32 = 1000;
    /// A token that is none, where users and accounts are asked for.
    pub const ACCESS_TOKEN: u32 = 9109;
    pub const SCRIPT_NOT_FOUND: u32 = 10007;
    pub const KEY_NOT_FOUND: u32 = 10009;
    pub const KV_NAMESPACE_NOT_FOUND: u32 = 10013;
    pub const KV_TITLE: u32 = 10014;
    pub const BAD_NAME: u32 = 10016;
    pub const VALIDATION: u32 = 10021;
    pub const ROUTE_EXISTS: u32 = 10020;
    pub const ROUTE_PATTERN: u32 = 10022;
    pub const BODY: u32 = 10026;
    pub const TOO_BIG: u32 = 10027;
    pub const KV_REFUSED: u32 = 10033;
    pub const BOUND_KV_NAMESPACE: u32 = 10041;
    pub const BOUND_KV_ID: u32 = 10042;
    pub const UNNAMED_BINDING: u32 = 10052;
    pub const VARIABLE_SIZE: u32 = 10054;
    pub const BINDING_COUNT: u32 = 10055;
    pub const BINDING_NOT_FOUND: u32 = 10056;
    pub const REFERENCED: u32 = 10064;
    pub const NO_HANDLERS: u32 = 10068;
    pub const SCHEDULE_COUNT: u32 = 10072;
    pub const SERVICE_NOT_FOUND: u32 = 10090;
    pub const NAMESPACED_SCRIPT_NOT_FOUND: u32 = 10092;
    pub const CRON: u32 = 10100;
    pub const LOGPUSH_JOB: u32 = 1002;
    pub const BOUND_SERVICE: u32 = 10143;
    pub const NOT_DEPLOYED: u32 = 10215;
    pub const VERSION_NOT_FOUND: u32 = 10222;
    pub const DEPLOYMENT: u32 = 10223;
    pub const DOMAIN: u32 = 100117;
    pub const NAMESPACE_NOT_FOUND: u32 = 100119;
    pub const NAMESPACE: u32 = 100120;
    pub const TAGS: u32 = 100121;
    /// Firmware, which the field has no calls for.
    pub const FIRMWARE: u32 = 10601;
    /// Tuning, which the field has no calls for.
    pub const TUNE: u32 = 10602;
    /// Somebody else changed it meanwhile, or is at it.
    pub const TUNE_BUSY: u32 = 10603;
    /// Plans and limits of the operator's, which the field has no calls for.
    pub const LIMITS: u32 = 10611;
    /// Somebody else changed it first.
    pub const REVISION: u32 = 10612;
    /// Records of invocations, which the field has no calls for.
    pub const REPLAY: u32 = 10631;
    /// Claiming a gateway, which the field has no calls for.
    pub const CLAIM: u32 = 10651;
    /// Bundles, which the field has no calls for.
    pub const BUNDLE: u32 = 10641;
    /// Known to the field, but not here yet.
    pub const NOT_YET: u32 = 10501;
    /// Too many calls, as the field has it.
    pub const RATE: u32 = 971;
    pub const NO_METHOD: u32 = 7001;
    pub const NO_ROUTE: u32 = 7003;
}

/// An answer on its way out.
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The media type.
    pub content_type: String,
    /// Further header fields.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: AnswerBody,
}

/// The body of an answer.
pub enum AnswerBody {
    /// All of it.
    Whole(Bytes),
    /// It comes over time.
    Stream {
        /// Its length in bytes, where it is known.
        len: Option<u64>,
        /// The bytes.
        source: ByteStream,
    },
}

/// What a handler returns.
pub type Handled = Result<Answer, Refusal>;

/// 200 with a result in the envelope.
pub fn ok(result: Value) -> Handled {
    Ok(enveloped(StatusCode::OK, result, None))
}

/// 200 with a list and what is known of its pages.
pub fn list(result: Vec<Value>, info: Value) -> Handled {
    Ok(enveloped(StatusCode::OK, Value::Array(result), Some(info)))
}

fn enveloped(status: StatusCode, result: Value, info: Option<Value>) -> Answer {
    let mut body = json!({"success": true, "errors": [], "messages": [], "result": result});
    if let Some(info) = info {
        body["result_info"] = info;
    }
    Answer::json(status, &body)
}

impl Answer {
    /// JSON without an envelope.
    pub fn json(status: StatusCode, body: &Value) -> Self {
        Self {
            status,
            content_type: "application/json".to_owned(),
            headers: Vec::new(),
            body: AnswerBody::Whole(body.to_string().into()),
        }
    }

    /// 200 with raw bytes that come over time.
    pub fn stream(content_type: impl Into<String>, len: Option<u64>, source: ByteStream) -> Self {
        Self {
            status: StatusCode::OK,
            content_type: content_type.into(),
            headers: Vec::new(),
            body: AnswerBody::Stream { len, source },
        }
    }

    /// With one more header field.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// A call that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status, 4xx unless this daemon failed.
    pub status: StatusCode,
    /// Codes and messages; clients branch on the first.
    pub errors: Vec<(u32, String)>,
    /// The methods that would do, for 405.
    pub allow: Option<String>,
    /// Whether the connection is of no more use.
    pub close: bool,
    /// Seconds after which another try has a chance.
    pub retry_after_s: Option<u64>,
}

impl Refusal {
    /// With one error.
    pub fn new(status: StatusCode, code: u32, message: impl Into<String>) -> Self {
        Self {
            status,
            errors: vec![(code, message.into())],
            allow: None,
            close: false,
            retry_after_s: None,
        }
    }

    /// 400.
    pub fn bad(code: u32, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// 404.
    pub fn not_found(code: u32, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    /// 413, naming what is too large and the limit.
    pub fn too_large(what: &str, limit: u64) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            code::TOO_BIG,
            format!("{what} exceeds the limit of {limit} bytes"),
        )
    }

    /// A feature that the field has and this daemon does not.
    pub fn not_yet(feature: &str) -> Self {
        Self::not_found(
            code::NOT_YET,
            format!("{feature}: not supported by this version of Postern"),
        )
    }

    /// A path that leads nowhere.
    pub fn no_route(path: &str) -> Self {
        Self::not_found(
            code::NO_ROUTE,
            format!(
                "Could not route to {}, perhaps your object identifier is invalid?",
                crate::catalog::name::shown(path)
            ),
        )
    }

    /// As an answer.
    pub fn answer(self) -> Answer {
        let errors: Vec<Value> = self
            .errors
            .iter()
            .map(|(code, message)| json!({"code": code, "message": message}))
            .collect();
        let body = json!({"success": false, "errors": errors, "messages": [], "result": null});
        let mut answer = Answer::json(self.status, &body);
        if let Some(allow) = self.allow {
            answer = answer.with("allow", allow);
        }
        if self.status == StatusCode::UNAUTHORIZED {
            answer = answer.with("www-authenticate", "Bearer");
        }
        if let Some(seconds) = self.retry_after_s {
            answer = answer.with("retry-after", seconds.to_string());
        }
        if self.close {
            answer = answer.with("connection", "close");
        }
        answer
    }
}

impl From<CatalogError> for Refusal {
    fn from(error: CatalogError) -> Self {
        use CatalogError as E;
        let message = error.to_string();
        match error {
            E::NamespaceNotFound(_) => Self::not_found(code::NAMESPACE_NOT_FOUND, message),
            E::ScriptNotFound { namespace, .. } if namespace == ACCOUNT => Self::not_found(
                code::SCRIPT_NOT_FOUND,
                "This Worker does not exist on your account.",
            ),
            E::ScriptNotFound { .. } => Self::not_found(code::NAMESPACED_SCRIPT_NOT_FOUND, message),
            E::KvNamespaceNotFound(_) => Self::not_found(code::KV_NAMESPACE_NOT_FOUND, message),
            E::VersionNotFound { .. } => Self::not_found(code::VERSION_NOT_FOUND, message),
            E::DeploymentNotFound(_) => Self::not_found(code::DEPLOYMENT, message),
            E::BadDeployment(_) => Self::bad(code::DEPLOYMENT, message),
            E::NotDeployed(_) => Self::bad(code::NOT_DEPLOYED, message),
            E::SecretNotFound(_) => Self::not_found(code::BINDING_NOT_FOUND, message),
            E::NamespaceExists(_) | E::NamespaceNotEmpty { .. } => {
                Self::bad(code::NAMESPACE, message)
            }
            E::BadName { .. } => Self::bad(code::BAD_NAME, message),
            E::BadTag { .. } | E::TooManyTags { .. } => Self::bad(code::TAGS, message),
            E::NotTagged { .. } | E::TagsKept { .. } => {
                Self::new(StatusCode::FORBIDDEN, code::AUTHENTICATION, message)
            }
            E::TooMany { .. } => Self::new(StatusCode::FORBIDDEN, code::NAMESPACE, message),
            E::NoMainModule(_)
            | E::BadModule(_)
            | E::Invalid(_)
            | E::BadMetadata(_)
            | E::Compatibility(_)
            | E::Assets(_) => Self::bad(code::VALIDATION, message),
            E::NoAssetsSession => Self::new(StatusCode::UNAUTHORIZED, code::VALIDATION, message),
            E::Cron(_) | E::CronTwice(_) => Self::bad(code::CRON, message),
            E::TooManySchedules { .. } => Self::bad(code::SCHEDULE_COUNT, message),
            E::NoScheduledHandler(_) => Self::bad(code::NO_HANDLERS, message),
            E::NoHandlers => Self::bad(code::NO_HANDLERS, message),
            E::UnnamedBinding(..) => Self::bad(code::UNNAMED_BINDING, message),
            E::UnknownBinding { .. } => Self::bad(code::VALIDATION, message),
            E::BindingTarget { .. } => Self::bad(code::BINDING_NOT_FOUND, message),
            E::NoKvTarget(_) => Self::bad(code::BOUND_KV_NAMESPACE, message),
            E::BadKvTarget(_) => Self::bad(code::BOUND_KV_ID, message),
            E::NoDispatchTarget { .. } => Self::bad(code::NAMESPACE_NOT_FOUND, message),
            E::NoServiceTarget { .. } => Self::bad(code::BOUND_SERVICE, message),
            E::VariableTooLarge { .. } => Self::bad(code::VARIABLE_SIZE, message),
            E::TooManyBindings { .. } => Self::bad(code::BINDING_COUNT, message),
            E::KvTitleExists(_) | E::KvNamespaceBound { .. } => Self::bad(code::KV_TITLE, message),
            // Of the code for titles clients make that it exists.
            E::BadKvTitle(_) => Self::bad(code::KV_REFUSED, message),
            E::Meanwhile(_) => Self::new(StatusCode::CONFLICT, code::BUNDLE, message),
            E::InScript(_, inner) => {
                let mut refusal = Self::from(*inner);
                if let Some((_, told)) = refusal.errors.first_mut() {
                    *told = message;
                }
                refusal
            }
            E::Entrance(error) => error.into(),
            E::Start(_) | E::Vault(_) => Self::internal(message),
            E::Plans(error) => error.into(),
            E::Store(error) => error.into(),
            E::Kv(error) => error.into(),
        }
    }
}

impl From<PlansError> for Refusal {
    fn from(error: PlansError) -> Self {
        use PlansError as E;
        let message = error.to_string();
        match error {
            E::Store(error) => error.into(),
            E::PlanNotFound(_) | E::NoChange(_) => Self::not_found(code::LIMITS, message),
            E::Conflict { .. } => {
                Self::new(StatusCode::PRECONDITION_FAILED, code::REVISION, message)
            }
            E::ChangedSince { .. } | E::PlanInUse { .. } => {
                Self::new(StatusCode::CONFLICT, code::REVISION, message)
            }
            _ => Self::bad(code::LIMITS, message),
        }
    }
}

impl From<EntranceError> for Refusal {
    fn from(error: EntranceError) -> Self {
        use EntranceError as E;
        let message = error.to_string();
        match error {
            E::RouteNotFound(_) => Self::not_found(code::SCRIPT_NOT_FOUND, message),
            E::DomainNotFound(_) => Self::not_found(code::DOMAIN, message),
            E::BadPattern { .. } | E::OutsideZone { .. } => Self::bad(code::ROUTE_PATTERN, message),
            E::RouteExists { .. } => Self::bad(code::ROUTE_EXISTS, message),
            E::BadHostname(_) | E::DomainTaken { .. } => Self::bad(code::DOMAIN, message),
            E::BadAlias { .. } => Self::bad(code::BODY, message),
            E::Referenced { .. } => Self::bad(code::REFERENCED, message),
        }
    }
}

impl Refusal {
    /// 500: a fault of this daemon, which the log has in full.
    pub fn internal(message: impl std::fmt::Display) -> Self {
        log::error!("management call failed: {message}");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            code::INTERNAL,
            format!("internal error: {message}"),
        )
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::internal(error)
    }
}

impl From<KvError> for Refusal {
    fn from(error: KvError) -> Self {
        if let KvError::Store(error) = error {
            return error.into();
        }
        let status = match error.status() {
            // Clients try again after 429 and 5xx, to no avail.
            429 | 500.. => StatusCode::PAYLOAD_TOO_LARGE,
            status => StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST),
        };
        Self::new(status, code::KV_REFUSED, error.to_string())
    }
}
