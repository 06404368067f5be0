//! Who is calling, and as which account: there is one, whatever id a call's path says.

use super::call::Call;
use super::envelope::{Handled, Refusal, code, ok};
use super::guard::Caller;
use super::roles::{ROLES, Role};
use super::tokens::{Grant, Token, TokenError};
use super::{Manage, paging, tokens};
use crate::catalog::name::shown;
use crate::catalog::shown_time;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct NewToken {
    name: String,
    role: Option<String>,
    namespace: Option<String>,
    tag: Option<String>,
    /// RFC 3339.
    expires_on: Option<String>,
    requests_per_second: Option<u32>,
}

impl NewToken {
    fn grant(self) -> Result<Grant, Refusal> {
        let role = match &self.role {
            None => Role::Admin,
            Some(name) => Role::parse(name).ok_or_else(|| TokenError::Role(shown(name)))?,
        };
        let expires_ms = self.expires_on.as_deref().map(|text| {
            let time: Result<jiff::Timestamp, _> = text.parse();
            time.map(jiff::Timestamp::as_millisecond).map_err(|_| {
                Refusal::bad(
                    code::BODY,
                    format!(
                        "expires_on is '{}'; use RFC 3339: 2027-01-31T00:00:00Z",
                        shown(text)
                    ),
                )
            })
        });
        Ok(Grant {
            role,
            namespace: self.namespace,
            tag: self.tag,
            expires_ms: expires_ms.transpose()?,
            per_second: self.requests_per_second,
        })
    }
}

impl<W: Send + Sync + 'static> Manage<W> {
    fn account_object(&self) -> Value {
        json!({
            "id": self.options.account_id,
            "name": self.options.account_name,
            "type": "standard",
        })
    }

    pub(super) async fn verify_token(&self, call: Call) -> Handled {
        let Caller::Token(token) = &call.caller else {
            return Err(Refusal::bad(
                code::BODY,
                "this call came without a token: a user of this machine needs none",
            ));
        };
        let mut told = json!({"id": token.id.hex(), "status": "active"});
        if let Some(at) = token.grant.expires_ms {
            told["expires_on"] = shown_time(at).into();
        }
        ok(told)
    }

    pub(super) async fn user(&self, _: Call) -> Handled {
        ok(json!({
            "id": self.options.account_id,
            "email": format!("operator@{}", self.options.subdomain),
        }))
    }

    pub(super) async fn accounts(&self, call: Call) -> Handled {
        paging::answer(&call, vec![self.account_object()], 20, Ok)
    }

    pub(super) async fn account(&self, _: Call) -> Handled {
        ok(self.account_object())
    }

    fn membership_object(&self) -> Value {
        json!({
            "id": self.options.account_id,
            "status": "accepted",
            "account": self.account_object(),
        })
    }

    pub(super) async fn memberships(&self, call: Call) -> Handled {
        paging::answer(&call, vec![self.membership_object()], 20, Ok)
    }

    pub(super) async fn membership(&self, _: Call) -> Handled {
        ok(self.membership_object())
    }

    pub(super) async fn get_status(&self, _: Call) -> Handled {
        ok(self.status.status())
    }

    pub(super) async fn get_ledger(&self, _: Call) -> Handled {
        ok(self.status.ledger())
    }

    pub(super) async fn list_tokens(&self, call: Call) -> Handled {
        let all = tokens::list(self.catalog.store())?;
        let uses = self.guard.uses(self.catalog.store())?;
        paging::answer(&call, all, 100, |token| {
            Ok(token_object(&token, uses.get(&token.id).copied()))
        })
    }

    /// The tokens as the field's clients have them.
    pub(super) async fn account_tokens(&self, call: Call) -> Handled {
        let all = tokens::list(self.catalog.store())?;
        let uses = self.guard.uses(self.catalog.store())?;
        paging::answer(&call, all, 100, |token| {
            Ok(without_null(token_object(
                &token,
                uses.get(&token.id).copied(),
            )))
        })
    }

    /// What roles are called where the field has groups of permissions.
    pub(super) async fn permission_groups(&self, call: Call) -> Handled {
        let wanted = call.query("name").map(str::to_owned);
        let groups = ROLES.iter().map(|role| role.name());
        let groups: Vec<&str> = groups
            .filter(|name| wanted.as_deref().is_none_or(|wanted| wanted == *name))
            .collect();
        paging::answer(&call, groups, 100, |name| {
            Ok(json!({
                "id": name,
                "name": name,
                "scopes": ["com.cloudflare.api.account"],
            }))
        })
    }

    pub(super) async fn account_token(&self, call: Call) -> Handled {
        let mut all = tokens::list(self.catalog.store())?.into_iter();
        let found = all.find(|token| token.id.hex() == call.param("token"));
        let token = found.ok_or_else(|| TokenError::NotFound(shown(call.param("token"))))?;
        let uses = self.guard.uses(self.catalog.store())?;
        let used = uses.get(&token.id).copied();
        ok(without_null(token_object(&token, used)))
    }

    pub(super) async fn create_token(&self, call: Call) -> Handled {
        let asked: NewToken = call.json().await?;
        let name = asked.name.clone();
        let claim = self.claim.get();
        // Nobody claims what has a token, or is about to have one.
        let _turn = match claim {
            Some(claim) => Some(claim.turn().await),
            None => None,
        };
        let (token, text) = tokens::create(self.catalog.store(), &name, asked.grant()?).await?;
        if let Some(claim) = claim {
            claim.end();
        }
        let mut object = token_object(&token, None);
        object["value"] = json!(text);
        ok(object)
    }

    pub(super) async fn revoke_token(&self, call: Call) -> Handled {
        tokens::revoke(self.catalog.store(), call.param("token")).await?;
        ok(json!({"id": call.param("token")}))
    }
}

/// An object without the fields that say nothing: the field's clients take null for no string.
fn without_null(mut object: Value) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    object
}

/// A token as clients see it, without its text.
pub fn token_object(token: &Token, used_ms: Option<i64>) -> Value {
    let is_over = token.grant.is_over(tokens::now_ms());
    json!({
        "id": token.id.hex(),
        "name": token.name,
        "status": if is_over { "expired" } else { "active" },
        "issued_on": shown_time(token.created_ms),
        "role": token.grant.role.name(),
        "namespace": token.grant.namespace,
        "tag": token.grant.tag,
        "expires_on": token.grant.expires_ms.map(shown_time),
        "requests_per_second": token.grant.per_second,
        "last_used_on": used_ms.map(shown_time),
    })
}

impl From<TokenError> for Refusal {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Store(error) => error.into(),
            TokenError::NotFound(_) => Self::not_found(code::NO_ROUTE, error.to_string()),
            _ => Self::bad(code::BODY, error.to_string()),
        }
    }
}
