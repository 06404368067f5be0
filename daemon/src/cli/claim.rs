//! `postern claim`: the first token of a gateway that has none.

use super::api::Api;
use super::args::Claim;
use super::client::Call;
use super::error::CliError;
use super::kept::Tokens;
use super::output::{Output, member};
use http::Method;
use serde_json::json;

/// Runs `postern claim`.
pub async fn run(args: &Claim, out: Output) -> Result<(), CliError> {
    // Before the code is spent: what cannot be kept would be lost.
    let mut tokens = match args.save {
        true => Some(Tokens::of_user()?),
        false => None,
    };
    let api = Api::stranger(&args.remote)?;
    if args.code.is_none() && !api.is_here() {
        return Err(CliError::Usage(
            "give the code that the gateway's log or console told: postern claim CODE; only as root on the gateway itself, \
             without --url, is none needed"
                .to_owned(),
        ));
    }
    let body = json!({"code": args.code.as_deref().unwrap_or(""), "name": args.name}).to_string();
    let call = Call::new(Method::POST, api.claim_path()).body("application/json", body);
    let result = api.call("claim the gateway", call).await?.result;
    let token = member(&result, "value");
    let mut shown = json!({"id": member(&result, "id"), "name": args.name, "role": "admin"});
    if let Some(tokens) = &mut tokens {
        match tokens.keep(&api.origin(), &token) {
            Ok(path) => {
                shown["file"] = json!(path.display().to_string());
                return out.result(&shown, || {
                    format!(
                        "claimed; the token for {} is kept in {}\n",
                        api.origin(),
                        path.display()
                    )
                });
            }
            // It is told once, so it is not lost with the file.
            Err(error) => out.warn(&format!("the token is not kept: {error}")),
        }
    }
    shown["token"] = json!(token);
    // The token alone, so that a shell can take it: TOKEN=$(postern claim CODE).
    out.result(&shown, || format!("{token}\n"))
}
