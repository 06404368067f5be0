//! `postern token`: who may use the management port.

use super::api::{Api, segment};
use super::args::{Token, Whose};
use super::client::Call;
use super::error::CliError;
use super::output::{Output, member};
use super::scripts::rows;
use super::serve::offline;
use crate::manage::tokens::{Grant, now_ms};
use http::Method;
use serde_json::{Value, json};

/// Bytes of a token's name.
const NAME_MAX: usize = 128;

/// Runs `postern token`.
pub async fn run(args: &Token, out: Output) -> Result<(), CliError> {
    match args {
        Token::Create {
            name,
            role,
            namespace,
            tag,
            expires,
            rate,
            whose,
        } => {
            if name.is_empty() || name.len() > NAME_MAX {
                return Err(CliError::Usage(format!(
                    "--name has {} bytes; it must have 1 to {NAME_MAX}",
                    name.len()
                )));
            }
            let grant = Grant {
                role: *role,
                namespace: namespace.clone(),
                tag: tag.clone(),
                expires_ms: expires.map(|ms| now_ms().saturating_add(ms)),
                per_second: *rate,
            };
            grant
                .check(now_ms())
                .map_err(|error| CliError::Usage(error.to_string()))?;
            let (id, token) = create(whose, name, grant).await?;
            let shown = json!({"id": id, "name": name, "role": role.name(), "token": token});
            // The token alone, so that a shell can take it: TOKEN=$(postern token create).
            out.result(&shown, || format!("{token}\n"))
        }
        Token::List(whose) => {
            let tokens = list(whose).await?;
            out.result(&tokens, || {
                let empty = "no tokens; create one with `postern token create`\n";
                let heads = [
                    "ID",
                    "NAME",
                    "ROLE",
                    "RATE",
                    "ISSUED",
                    "EXPIRES",
                    "LAST USED",
                ];
                rows(&tokens, empty, &heads, |token| {
                    let role = match (token["namespace"].as_str(), token["tag"].as_str()) {
                        (Some(namespace), None) => format!("deploy of {namespace}"),
                        (None, Some(tag)) => format!("deploy of tag {tag}"),
                        (Some(namespace), Some(tag)) => {
                            format!("deploy of {namespace}, tag {tag}")
                        }
                        (None, None) => member(token, "role"),
                    };
                    let time = |key: &str| match token[key].as_str() {
                        Some(at) => at.to_owned(),
                        None => "never".to_owned(),
                    };
                    vec![
                        member(token, "id"),
                        member(token, "name"),
                        role,
                        match token["requests_per_second"].as_u64() {
                            Some(rate) => format!("{rate}/s"),
                            None => "any".to_owned(),
                        },
                        member(token, "issued_on"),
                        time("expires_on"),
                        time("last_used_on"),
                    ]
                })
            })
        }
        Token::Revoke { id, whose } => {
            revoke(whose, id).await?;
            out.result(&json!({"revoked": id}), || format!("revoked {id}\n"))
        }
    }
}

async fn create(whose: &Whose, name: &str, grant: Grant) -> Result<(String, String), CliError> {
    if !whose.remote {
        let created = offline::create_token(&whose.source.load()?, name, grant)?;
        return Ok((created.id, created.token));
    }
    let api = Api::new(&whose.port)?;
    let body = json!({
        "name": name,
        "role": grant.role.name(),
        "namespace": grant.namespace,
        "tag": grant.tag,
        "expires_on": grant.expires_ms.map(crate::catalog::shown_time),
        "requests_per_second": grant.per_second,
    })
    .to_string();
    let call = Call::new(Method::POST, api.tokens_path()).body("application/json", body);
    let result = api.call("create a token", call).await?.result;
    Ok((member(&result, "id"), member(&result, "value")))
}

async fn list(whose: &Whose) -> Result<Value, CliError> {
    if !whose.remote {
        return Ok(json!(offline::list_tokens(&whose.source.load()?)?));
    }
    let api = Api::new(&whose.port)?;
    Ok(api.get("list tokens", api.tokens_path()).await?.result)
}

async fn revoke(whose: &Whose, id: &str) -> Result<(), CliError> {
    if whose.remote {
        let api = Api::new(&whose.port)?;
        let target = format!("{}/{}", api.tokens_path(), segment(id));
        let what = format!("revoke token `{id}`");
        api.call(&what, Call::new(Method::DELETE, target)).await?;
        return Ok(());
    }
    if offline::revoke_token(&whose.source.load()?, id)? {
        return Ok(());
    }
    Err(CliError::NotFound(format!(
        "there is no token `{id}`; `postern token list` shows those there are"
    )))
}
