//! Who may call: bearer tokens, of which the store holds only hashes.
//!
//! A token is 256 random bits, so a plain SHA-256 is as good as a slow hash here. Every
//! stored hash is compared in full, so that neither a match nor its place shows in the time.

use super::envelope::{Refusal, code};
use crate::catalog::name::{Id, shown};
use crate::store::{RecordBatch, Store, StoreError, Table};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::time::{SystemTime, UNIX_EPOCH};
use subtle::{ConstantTimeEq, CtOption};

/// Begins every token, so that a leaked one is recognised.
const PREFIX: &str = "pst_";
/// Tokens that may exist.
pub const TOKENS_MAX: usize = 64;
/// Bytes of a token's name.
const NAME_MAX: usize = 128;

/// A token as the store holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// What it is listed and revoked by.
    pub id: Id,
    /// What it is for.
    pub name: String,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: i64,
    hash: [u8; 32],
}

/// Why there is no new token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// There are too many.
    #[error("{TOKENS_MAX} tokens exist, which is the limit; revoke one first")]
    TooMany,
    /// The name cannot be shown.
    #[error(
        "token name '{0}' is not allowed; use 1 to {NAME_MAX} bytes without control characters"
    )]
    BadName(String),
    /// No token has this id.
    #[error("there is no token '{0}'")]
    NotFound(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a token. Its text is returned once and kept nowhere.
pub async fn create(store: &Store, name: &str) -> Result<(Token, String), TokenError> {
    if name.is_empty() || name.len() > NAME_MAX || name.chars().any(char::is_control) {
        return Err(TokenError::BadName(shown(name)));
    }
    if list(store)?.len() >= TOKENS_MAX {
        return Err(TokenError::TooMany);
    }
    let secret = [Id::random().0, Id::random().0].concat();
    let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(secret));
    let created_ms = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(0));
    let token = Token {
        id: Id::random(),
        name: name.to_owned(),
        created_ms,
        hash: hash(&text),
    };
    let row = token.clone();
    change(store, move |batch| {
        batch.put(Table::Tokens, &row.id.0, &row).map(|_| ())
    })
    .await?;
    Ok((token, text))
}

/// All tokens, the oldest first.
pub fn list(store: &Store) -> Result<Vec<Token>, StoreError> {
    let rows = store.records().scan::<Token>(Table::Tokens, &[])?;
    let mut tokens: Vec<Token> = rows.into_iter().map(|(_, token)| token).collect();
    tokens.sort_by_key(|token| token.created_ms);
    Ok(tokens)
}

/// Takes a token out of use.
pub async fn revoke(store: &Store, id: &str) -> Result<(), TokenError> {
    let found = list(store)?
        .into_iter()
        .find(|token| Id::parse(id) == Some(token.id))
        .ok_or_else(|| TokenError::NotFound(shown(id)))?;
    change(store, move |batch| {
        batch.delete(Table::Tokens, &found.id.0).map(|_| ())
    })
    .await?;
    Ok(())
}

/// Changes rows where waiting for the disk holds nobody up.
async fn change(
    store: &Store,
    write: impl FnOnce(&mut RecordBatch<'_>) -> Result<(), StoreError> + Send + 'static,
) -> Result<(), StoreError> {
    let owned = store.clone();
    smol::unblock(move || {
        let mut batch = owned.records().batch();
        write(&mut batch)?;
        batch.commit()
    })
    .await?;
    store.durable().await
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// The token that a call carries, if it is one of ours: `Authorization: Bearer`, or the
/// field's older pair of e-mail address and key, of which the address is not looked at.
pub fn authenticate(store: &Store, headers: &HeaderMap) -> Result<Token, Refusal> {
    let presented = bearer(headers).or_else(|| {
        headers.get("x-auth-email")?;
        headers.get("x-auth-key")?.to_str().ok()
    });
    let presented = presented
        .filter(|text| !text.is_empty())
        .ok_or_else(refused)?;
    let presented = hash(presented);
    let mut found = CtOption::new(0, 0.into());
    let tokens = list(store)?;
    for (at, token) in (0_u64..).zip(&tokens) {
        let same = token.hash.ct_eq(&presented);
        found = found.or_else(|| CtOption::new(at, same));
    }
    Option::from(found)
        .and_then(|at: u64| tokens.into_iter().nth(usize::try_from(at).ok()?))
        .ok_or_else(refused)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

fn refused() -> Refusal {
    let mut refusal = Refusal::new(
        StatusCode::UNAUTHORIZED,
        code::AUTHENTICATION,
        "Authentication error",
    );
    // Nobody reads a body that comes with a bad token.
    refusal.close = true;
    refusal
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::catalog::testing::open_store;
    use futures_lite::future::block_on;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                let name = http::HeaderName::from_static(name);
                (name, http::HeaderValue::from_str(value).unwrap())
            })
            .collect()
    }

    #[test]
    fn only_a_known_token_gets_in_and_only_until_it_is_revoked() {
        let dir = tempfile::tempdir().unwrap();
        let store = open_store(dir.path());
        let (_, other) = block_on(create(&store, "other")).unwrap();
        let (token, text) = block_on(create(&store, "ci")).unwrap();
        let bearer = |text: &str| headers(&[("authorization", &format!("Bearer {text}"))]);
        let check = |headers: &HeaderMap| authenticate(&store, headers).map(|token| token.name);
        assert_eq!(check(&bearer(&text)).unwrap(), "ci");
        assert_eq!(check(&bearer(&other)).unwrap(), "other");
        let lower = headers(&[("authorization", &format!("bearer  {text} "))]);
        assert_eq!(check(&lower).unwrap(), "ci");
        let key = headers(&[("x-auth-email", "a@b"), ("x-auth-key", &text)]);
        assert_eq!(check(&key).unwrap(), "ci");
        for bad in [
            HeaderMap::new(),
            bearer(""),
            bearer(&text[..text.len() - 1]),
            bearer(&format!("{text}x")),
            headers(&[("authorization", &text)]),
            headers(&[("authorization", &format!("Basic {text}"))]),
            headers(&[("x-auth-key", &text)]),
        ] {
            let refusal = check(&bad).unwrap_err();
            assert_eq!(refusal.status, 401, "{bad:?}");
            assert_eq!(refusal.errors[0].0, 10000);
        }
        block_on(revoke(&store, &token.id.hex())).unwrap();
        assert!(check(&bearer(&text)).is_err());
        assert!(block_on(revoke(&store, &token.id.hex())).is_err());
    }

    #[test]
    fn the_store_holds_no_token() {
        let dir = tempfile::tempdir().unwrap();
        let store = open_store(dir.path());
        let (token, text) = block_on(create(&store, "ci")).unwrap();
        let row = postcard::to_allocvec(&token).unwrap();
        let secret = text.strip_prefix(PREFIX).unwrap();
        assert!(
            !row.windows(8)
                .any(|part| secret.as_bytes().starts_with(part))
        );
        assert!(block_on(create(&store, "a\nb")).is_err());
    }
}
