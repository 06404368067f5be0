//! `postern token`: who may use the management port.

use super::args::Token;
use super::error::CliError;
use super::output::{Output, member};
use super::scripts::rows;
use super::serve::rooms;
use serde_json::json;

/// Bytes of a token's name.
const NAME_MAX: usize = 128;

/// Runs `postern token`.
pub fn run(args: &Token, out: Output) -> Result<(), CliError> {
    match args {
        Token::Create { name, source } => {
            if name.is_empty() || name.len() > NAME_MAX {
                return Err(CliError::Usage(format!(
                    "--name has {} bytes; it must have 1 to {NAME_MAX}",
                    name.len()
                )));
            }
            let created = rooms::create_token(&source.load()?, name)?;
            let shown = json!({"id": created.id, "name": name, "token": created.token});
            // The token alone, so that a shell can take it: TOKEN=$(postern token create).
            out.result(&shown, || format!("{}\n", created.token))
        }
        Token::List(source) => {
            let tokens = json!(rooms::list_tokens(&source.load()?)?);
            out.result(&tokens, || {
                let empty = "no tokens; create one with `postern token create`\n";
                rows(&tokens, empty, &["ID", "NAME", "CREATED"], |token| {
                    ["id", "name", "created_on"]
                        .map(|key| member(token, key))
                        .to_vec()
                })
            })
        }
        Token::Revoke { id, source } => {
            if !rooms::revoke_token(&source.load()?, id)? {
                return Err(CliError::NotFound(format!(
                    "there is no token `{id}`; `postern token list` shows those there are"
                )));
            }
            out.result(&json!({"revoked": id}), || format!("revoked {id}\n"))
        }
    }
}
