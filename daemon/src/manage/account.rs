//! Who is calling, and as which account: there is one, whatever id a call's path says.

use super::call::Call;
use super::envelope::{Handled, Refusal, code, ok};
use super::tokens::TokenError;
use super::{Manage, paging, tokens};
use crate::catalog::shown_time;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct NewToken {
    name: String,
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
        let token = tokens::authenticate(self.catalog.store(), &call.headers)?;
        ok(json!({"id": token.id.hex(), "status": "active"}))
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

    pub(super) async fn memberships(&self, call: Call) -> Handled {
        let membership = json!({
            "id": self.options.account_id,
            "status": "accepted",
            "account": self.account_object(),
        });
        paging::answer(&call, vec![membership], 20, Ok)
    }

    pub(super) async fn get_status(&self, _: Call) -> Handled {
        ok(self.status.status())
    }

    pub(super) async fn get_ledger(&self, _: Call) -> Handled {
        ok(self.status.ledger())
    }

    pub(super) async fn list_tokens(&self, call: Call) -> Handled {
        let all = tokens::list(self.catalog.store())?;
        paging::answer(&call, all, 100, |token| Ok(token_object(&token)))
    }

    pub(super) async fn create_token(&self, call: Call) -> Handled {
        let NewToken { name } = call.json().await?;
        let (token, text) = tokens::create(self.catalog.store(), &name).await?;
        let mut object = token_object(&token);
        object["value"] = json!(text);
        ok(object)
    }

    pub(super) async fn revoke_token(&self, call: Call) -> Handled {
        tokens::revoke(self.catalog.store(), call.param("token")).await?;
        ok(json!({"id": call.param("token")}))
    }
}

fn token_object(token: &tokens::Token) -> Value {
    json!({
        "id": token.id.hex(),
        "name": token.name,
        "status": "active",
        "issued_on": shown_time(token.created_ms),
    })
}

impl From<TokenError> for Refusal {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Store(error) => error.into(),
            TokenError::NotFound(_) => Self::not_found(code::NO_ROUTE, error.to_string()),
            TokenError::TooMany | TokenError::BadName(_) => {
                Self::bad(code::BODY, error.to_string())
            }
        }
    }
}
