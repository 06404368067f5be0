//! What a token may do: its role, what each route needs, and whether the one covers the other.

use super::scope::Scope;
use crate::catalog::name::ACCOUNT;
use http::Method;
use serde::{Deserialize, Serialize};

/// What a token is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything, tokens among it.
    #[default]
    Admin,
    /// Workers and what belongs to them, of all namespaces or of one.
    Deploy,
    /// Looking at everything but records of invocations and tokens.
    Read,
    /// Limits, plans, and the speed of the machine.
    Tune,
    /// Updates of the system.
    Firmware,
}

/// All of them, as documentation lists them.
pub const ROLES: [Role; 5] = [
    Role::Admin,
    Role::Deploy,
    Role::Read,
    Role::Tune,
    Role::Firmware,
];

impl Role {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Deploy => "deploy",
            Self::Read => "read",
            Self::Tune => "tune",
            Self::Firmware => "firmware",
        }
    }

    /// The role of this name.
    pub fn parse(name: &str) -> Option<Self> {
        ROLES.into_iter().find(|role| role.name() == name)
    }
}

/// What a route needs of whoever calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    /// A token: who is calling, and as which account.
    Token,
    /// Looking at the device: figures and limits, nothing that a tenant wrote.
    Look,
    /// Looking at tenants' code, data and logs.
    Read,
    /// Changing Workers and what belongs to them.
    Deploy,
    /// Changing limits.
    Tune,
    /// Changing the system.
    Firmware,
    /// All the rest.
    Admin,
}

impl Needs {
    /// Whether a call changes anything that is more than a question.
    pub fn is_change(self) -> bool {
        self >= Self::Deploy
    }

    /// The role that is named to whoever lacks it.
    fn role(self) -> Role {
        match self {
            Self::Token | Self::Look | Self::Read => Role::Read,
            Self::Deploy => Role::Deploy,
            Self::Tune => Role::Tune,
            Self::Firmware => Role::Firmware,
            Self::Admin => Role::Admin,
        }
    }
}

/// What a route needs, by its method and pattern without its beginning. What is not named here is an
/// administrator's, if it changes anything.
pub fn needs(method: &Method, pattern: &str) -> Needs {
    let is_read = method == Method::GET;
    let pattern = pattern
        .strip_prefix("accounts/{account}")
        .unwrap_or(pattern);
    let pattern = pattern.trim_start_matches('/');
    let pattern = pattern.strip_prefix("postern/v1/").unwrap_or(pattern);
    let (first, rest) = pattern.split_once('/').unwrap_or((pattern, ""));
    match (first, rest) {
        ("user", "tokens" | "tokens/{token}") => Needs::Admin,
        // The account itself is what is left of it.
        ("" | "user" | "accounts" | "memberships", _) => Needs::Token,
        ("workers", "subdomain") if is_read => Needs::Token,
        ("tokens", "verify") => Needs::Token,
        // Its code is what lets one in; the handler writes the audit log.
        ("claim", _) => Needs::Token,
        ("tokens" | "audit", _) => Needs::Admin,
        // They hold requests and answers as they were.
        ("replays", "{ray}") => Needs::Admin,
        ("firmware", _) if !is_read => Needs::Firmware,
        ("tune", "what-if") => Needs::Look,
        ("tune" | "calibration" | "plans" | "limits", _) if !is_read => Needs::Tune,
        (
            "status" | "ledger" | "health" | "firmware" | "calibration" | "tune" | "plans"
            | "limits" | "usage",
            _,
        ) => Needs::Look,
        // Questions that are too long for a URL.
        ("workers", rest) if rest.starts_with("observability/telemetry/") => Needs::Read,
        ("graphql" | "analytics_engine", _) => Needs::Read,
        ("storage", rest) if rest.ends_with("/bulk/get") => Needs::Read,
        ("logpush", rest) if rest.starts_with("validate/") || rest.starts_with("ownership") => {
            Needs::Read
        }
        // What a live tail is followed by.
        ("workers", rest) if rest.ends_with("/tails") || rest.ends_with("/tails/{id}") => {
            Needs::Read
        }
        _ if is_read => Needs::Read,
        ("workers" | "storage" | "zones" | "logpush" | "bundles", _) => Needs::Deploy,
        _ => Needs::Admin,
    }
}

/// Why a call is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lacks {
    /// Its role is another.
    #[error("this call needs a token with the role {}, and this one has the role {has}; use another, or have one made: postern token create --role {}", .needs, .needs)]
    Role {
        /// The one that it needs.
        needs: &'static str,
        /// The one it has.
        has: &'static str,
    },
    /// It is for one namespace, and the call is not about it.
    #[error(
        "this token is for the scripts of the dispatch namespace '{namespace}' alone; use one without --namespace, or for another"
    )]
    Namespace {
        /// The namespace.
        namespace: String,
    },
    /// It is for scripts with one tag, and the call is not about one script of a dispatch namespace.
    #[error(
        "this token is for the scripts of dispatch namespaces with the tag '{tag}' alone; use one without --tag"
    )]
    Tag {
        /// The tag.
        tag: String,
    },
}

/// Whether a role, with its scope, covers a call: its method, its route's pattern, and what that calls `ns`. Whether
/// the script that the call is about carries a scope's tag is not asked here.
pub fn covers(
    role: Role,
    scope: Scope<'_>,
    (method, pattern): (&Method, &str),
    namespace: &str,
) -> Result<(), Lacks> {
    let needs = needs(method, pattern);
    let has = match role {
        Role::Admin => true,
        Role::Deploy => needs <= Needs::Deploy,
        Role::Read => needs <= Needs::Read,
        Role::Tune => needs <= Needs::Look || needs == Needs::Tune,
        Role::Firmware => needs <= Needs::Look || needs == Needs::Firmware,
    };
    if !has {
        return Err(Lacks::Role {
            needs: needs.role().name(),
            has: role.name(),
        });
    }
    let is_here = scope.namespace.is_none_or(|scope| namespace == scope) && namespace != ACCOUNT;
    if !scope.is_some() || needs == Needs::Token || is_here && is_within(method, pattern) {
        return Ok(());
    }
    Err(match (scope.namespace, scope.tag) {
        (None, Some(tag)) => Lacks::Tag {
            tag: tag.to_owned(),
        },
        (namespace, _) => Lacks::Namespace {
            namespace: namespace.unwrap_or_default().to_owned(),
        },
    })
}

/// Whether a route is about the namespace that its `ns` names, and changes nothing but scripts there.
fn is_within(method: &Method, pattern: &str) -> bool {
    const NAMESPACE: &str = "accounts/{account}/workers/dispatch/namespaces/{ns}";
    const LIMITS: &str = "accounts/{account}/postern/v1/limits/namespaces/{ns}/scripts/";
    let below = pattern.strip_prefix(NAMESPACE);
    let is_read = method == Method::GET;
    below.is_some_and(|below| below == "/scripts" || below.starts_with("/scripts/"))
        || is_read
            && (below == Some("") || pattern.starts_with(LIMITS) || pattern == "logs/{ns}/{script}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_thought_of_is_the_administrators() {
        let check = |method: &Method, pattern: &str, expected| {
            assert_eq!(needs(method, pattern), expected, "{method} {pattern}");
        };
        check(&Method::POST, "something/new", Needs::Admin);
        check(
            &Method::DELETE,
            "accounts/{account}/something",
            Needs::Admin,
        );
        check(&Method::POST, "tokens", Needs::Admin);
        check(&Method::GET, "tokens", Needs::Admin);
        check(
            &Method::GET,
            "accounts/{account}/postern/v1/replays/{ray}",
            Needs::Admin,
        );
        check(&Method::GET, "user/tokens/verify", Needs::Token);
        check(&Method::GET, "user/tokens", Needs::Admin);
        check(&Method::DELETE, "user/tokens/{token}", Needs::Admin);
        check(
            &Method::GET,
            "accounts/{account}/tokens/{token}",
            Needs::Admin,
        );
        check(&Method::GET, "accounts/{account}", Needs::Token);
        check(&Method::PUT, "firmware", Needs::Firmware);
        check(&Method::GET, "firmware", Needs::Look);
        check(&Method::POST, "tune/apply", Needs::Tune);
        check(&Method::POST, "tune/what-if", Needs::Look);
        check(
            &Method::PUT,
            "accounts/{account}/postern/v1/limits/account",
            Needs::Tune,
        );
        check(
            &Method::PUT,
            "accounts/{account}/workers/scripts/{script}",
            Needs::Deploy,
        );
        check(
            &Method::POST,
            "accounts/{account}/storage/kv/namespaces/{id}/bulk/get",
            Needs::Read,
        );
        check(
            &Method::PUT,
            "accounts/{account}/storage/kv/namespaces/{id}",
            Needs::Deploy,
        );
    }

    #[test]
    fn a_scope_is_the_scripts_of_one_namespace() {
        let check = |method: &Method, pattern: &str, namespace: &str| {
            covers(
                Role::Deploy,
                Scope {
                    namespace: Some("production"),
                    tag: None,
                },
                (method, pattern),
                namespace,
            )
            .is_ok()
        };
        let scripts = "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts";
        let one = format!("{scripts}/{{script}}");
        assert!(check(&Method::PUT, &one, "production"));
        assert!(check(&Method::GET, scripts, "production"));
        assert!(check(&Method::GET, "user", "-"));
        assert!(!check(&Method::PUT, &one, "staging"));
        assert!(!check(&Method::GET, scripts, "staging"));
        let namespace = "accounts/{account}/workers/dispatch/namespaces/{ns}";
        assert!(check(&Method::GET, namespace, "production"));
        assert!(!check(&Method::DELETE, namespace, "production"));
        assert!(!check(&Method::PUT, namespace, "production"));
        assert!(!check(
            &Method::GET,
            "accounts/{account}/workers/dispatch/namespaces",
            "-"
        ));
        assert!(!check(
            &Method::GET,
            "accounts/{account}/storage/kv/namespaces",
            "-"
        ));
        assert!(!check(
            &Method::PUT,
            "accounts/{account}/workers/scripts/{script}",
            "-"
        ));
        assert!(!check(&Method::GET, "status", "-"));
    }

    #[test]
    fn a_tag_is_for_scripts_of_dispatch_namespaces() {
        let check = |namespace: Option<&str>, method: &Method, pattern: &str, place: &str| {
            let scope = Scope {
                namespace,
                tag: Some("customer-1"),
            };
            covers(Role::Deploy, scope, (method, pattern), place).is_ok()
        };
        let scripts = "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts";
        let one = format!("{scripts}/{{script}}");
        assert!(check(None, &Method::PUT, &one, "production"));
        assert!(check(None, &Method::DELETE, scripts, "staging"));
        assert!(check(Some("staging"), &Method::PUT, &one, "staging"));
        assert!(!check(Some("staging"), &Method::PUT, &one, "production"));
        assert!(!check(None, &Method::PUT, &one, ACCOUNT));
        let plain = "accounts/{account}/workers/scripts/{script}";
        assert!(!check(None, &Method::PUT, plain, ACCOUNT));
        assert!(!check(None, &Method::GET, plain, ACCOUNT));
        assert!(!check(None, &Method::GET, "logs/{script}", ACCOUNT));
        assert!(check(
            None,
            &Method::GET,
            "logs/{ns}/{script}",
            "production"
        ));
    }

    #[test]
    fn each_role_has_what_its_name_says() {
        let may = |role, needs: &[(&Method, &str)]| {
            needs
                .iter()
                .map(|call| covers(role, Scope::default(), *call, "").is_ok())
                .collect::<Vec<_>>()
        };
        let calls = [
            (&Method::GET, "user"),
            (&Method::GET, "status"),
            (&Method::GET, "accounts/{account}/workers/scripts"),
            (&Method::PUT, "accounts/{account}/workers/scripts/{script}"),
            (&Method::POST, "tune/apply"),
            (&Method::PUT, "firmware"),
            (&Method::GET, "tokens"),
        ];
        assert_eq!(may(Role::Admin, &calls), [true; 7]);
        assert_eq!(
            may(Role::Deploy, &calls),
            [true, true, true, true, false, false, false]
        );
        assert_eq!(
            may(Role::Read, &calls),
            [true, true, true, false, false, false, false]
        );
        assert_eq!(
            may(Role::Tune, &calls),
            [true, true, false, false, true, false, false]
        );
        assert_eq!(
            may(Role::Firmware, &calls),
            [true, true, false, false, false, true, false]
        );
        for role in ROLES {
            assert_eq!(Role::parse(role.name()), Some(role));
        }
    }
}
