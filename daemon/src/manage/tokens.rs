//! Who may call: bearer tokens, of which the store holds only hashes.
//!
//! A token is 256 random bits, so a plain SHA-256 is as good as a slow hash here. Every
//! stored hash is compared in full, so that neither a match nor its place shows in the time.

use super::envelope::{Refusal, code};
use super::roles::Role;
use crate::catalog::name::{Id, check_name, check_tags, shown};
use crate::catalog::shown_time;
use crate::store::{RecordBatch, Store, StoreError, Table};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};
use subtle::{ConstantTimeEq, CtOption};

/// Begins every token, so that a leaked one is recognised.
const PREFIX: &str = "pst_";
/// Tokens that may exist.
pub const TOKENS_MAX: usize = 64;
/// Bytes of a token's name.
const NAME_MAX: usize = 128;

/// Requests in a second that a token may be limited to.
const RATE_MAX: u32 = 10_000;
/// How long a token may be good for at most, if an end is given: ten years.
const LIFE_MAX_MS: i64 = 10 * 366 * 24 * 3600 * 1000;

/// A token, without its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is listed and revoked by.
    pub id: Id,
    /// What it is for.
    pub name: String,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: i64,
    /// What it may do, and until when.
    pub grant: Grant,
    hash: [u8; 32],
}

/// What a token may do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Its role.
    pub role: Role,
    /// The dispatch namespace that it is for alone, with [`Role::Deploy`].
    pub namespace: Option<String>,
    /// The tag of the scripts that it is for alone, with [`Role::Deploy`]. It has a table of its own: a daemon from
    /// before there were tags would read the others as if there were none.
    #[serde(skip)]
    pub tag: Option<String>,
    /// When it ends, in milliseconds since 1970.
    pub expires_ms: Option<i64>,
    /// Requests in a second that it may make.
    pub per_second: Option<u32>,
}

impl Grant {
    /// Checks what somebody asks for, at this time.
    pub fn check(&self, now_ms: i64) -> Result<(), TokenError> {
        if let Some(namespace) = &self.namespace {
            if self.role != Role::Deploy {
                return Err(TokenError::Scope(self.role.name()));
            }
            check_name("dispatch namespace", namespace)
                .map_err(|error| TokenError::Namespace(error.to_string()))?;
        }
        if let Some(tag) = &self.tag {
            if self.role != Role::Deploy {
                return Err(TokenError::Scope(self.role.name()));
            }
            check_tags(vec![tag.clone()]).map_err(|error| TokenError::Tag(error.to_string()))?;
        }
        if let Some(at) = self.expires_ms
            && !(now_ms + 1..=now_ms.saturating_add(LIFE_MAX_MS)).contains(&at)
        {
            return Err(TokenError::Expiry(shown_time(at)));
        }
        if let Some(rate) = self.per_second
            && !(1..=RATE_MAX).contains(&rate)
        {
            return Err(TokenError::Rate(rate));
        }
        Ok(())
    }

    /// Whether it is over.
    pub fn is_over(&self, now_ms: i64) -> bool {
        self.expires_ms.is_some_and(|at| at <= now_ms)
    }
}

/// A token as the store has it that was made before there were roles: an administrator's.
#[derive(Serialize, Deserialize)]
struct Old {
    id: Id,
    name: String,
    created_ms: i64,
    hash: [u8; 32],
}

/// A token as the store has it.
#[derive(Serialize, Deserialize)]
struct Row {
    token: Old,
    grant: Grant,
}

/// A token for one tag as the store has it.
#[derive(Serialize, Deserialize)]
struct Tagged {
    row: Row,
    tag: String,
}

impl From<&Token> for Row {
    fn from(token: &Token) -> Self {
        Self {
            token: Old {
                id: token.id,
                name: token.name.clone(),
                created_ms: token.created_ms,
                hash: token.hash,
            },
            grant: token.grant.clone(),
        }
    }
}

impl Tagged {
    fn token(self) -> Token {
        let mut token = self.row.token();
        token.grant.tag = Some(self.tag);
        token
    }
}

impl Row {
    fn token(self) -> Token {
        Token {
            id: self.token.id,
            name: self.token.name,
            created_ms: self.token.created_ms,
            hash: self.token.hash,
            grant: self.grant,
        }
    }
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
    /// There is no such role.
    #[error("there is no role '{0}'; use admin, deploy, read, tune or firmware")]
    Role(String),
    /// Only deploying has a scope.
    #[error(
        "a token with the role {0} cannot be for one namespace or tag; only one with the role deploy can"
    )]
    Scope(&'static str),
    /// No namespace can have that name.
    #[error("{0}")]
    Namespace(String),
    /// No script can have that tag.
    #[error("{0}")]
    Tag(String),
    /// It would be over, or never end.
    #[error("a token cannot end at {0}; name a time to come, within ten years")]
    Expiry(String),
    /// No rate.
    #[error("{0} requests a second is not allowed; use 1 to {RATE_MAX}")]
    Rate(u32),
    /// No token has this id.
    #[error("there is no token '{0}'")]
    NotFound(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a token. Its text is returned once and kept nowhere.
pub async fn create(
    store: &Store,
    name: &str,
    grant: Grant,
) -> Result<(Token, String), TokenError> {
    if name.is_empty() || name.len() > NAME_MAX || name.chars().any(char::is_control) {
        return Err(TokenError::BadName(shown(name)));
    }
    let created_ms = now_ms();
    grant.check(created_ms)?;
    if list(store)?.len() >= TOKENS_MAX {
        return Err(TokenError::TooMany);
    }
    let secret = [Id::random().0, Id::random().0].concat();
    let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(secret));
    let token = Token {
        id: Id::random(),
        name: name.to_owned(),
        created_ms,
        hash: hash(&text),
        grant,
    };
    let (row, tag) = (Row::from(&token), token.grant.tag.clone());
    change(store, move |batch| {
        let key = row.token.id.0;
        let put = match tag {
            Some(tag) => batch.put(Table::TaggedGrants, &key, &Tagged { row, tag }),
            None => batch.put(Table::Grants, &key, &row),
        };
        put?;
        batch.put(Table::Claimed, b"", &created_ms).map(|_| ())
    })
    .await?;
    Ok((token, text))
}

/// Whether there is a token in this store, or was.
///
/// # Errors
/// What the store says.
pub fn had_any(store: &Store) -> Result<bool, StoreError> {
    let at = store.records().get::<i64>(Table::Claimed, b"")?;
    Ok(at.is_some() || !list(store)?.is_empty())
}

/// All tokens, the oldest first.
pub fn list(store: &Store) -> Result<Vec<Token>, StoreError> {
    let old = store.records().scan::<Old>(Table::Tokens, &[])?;
    let old = old.into_iter().map(|(_, token)| Row {
        token,
        grant: Grant::default(),
    });
    let rows = store.records().scan::<Row>(Table::Grants, &[])?;
    let rows = rows.into_iter().map(|(_, row)| row);
    let tagged = store.records().scan::<Tagged>(Table::TaggedGrants, &[])?;
    let tagged = tagged.into_iter().map(|(_, tagged)| tagged.token());
    let mut tokens: Vec<Token> = old.chain(rows).map(Row::token).chain(tagged).collect();
    tokens.sort_by_key(|token| token.created_ms);
    Ok(tokens)
}

/// When tokens were last used, in milliseconds since 1970, by id: as far as that was written down.
pub fn uses(store: &Store) -> Result<HashMap<Id, i64>, StoreError> {
    let rows = store.records().scan::<i64>(Table::TokenUses, &[])?;
    let id = |key: Vec<u8>| Some(Id(key.try_into().ok()?));
    Ok(rows
        .into_iter()
        .filter_map(|(key, at)| Some((id(key)?, at)))
        .collect())
}

/// Takes a token out of use.
pub async fn revoke(store: &Store, id: &str) -> Result<(), TokenError> {
    let found = list(store)?
        .into_iter()
        .find(|token| Id::parse(id) == Some(token.id))
        .ok_or_else(|| TokenError::NotFound(shown(id)))?;
    change(store, move |batch| {
        for table in [
            Table::Tokens,
            Table::Grants,
            Table::TaggedGrants,
            Table::TokenUses,
        ] {
            batch.delete(table, &found.id.0)?;
        }
        Ok(())
    })
    .await?;
    Ok(())
}

/// Milliseconds since 1970.
pub fn now_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(0))
}

/// Changes rows where waiting for the disk holds nobody up.
async fn change(
    store: &Store,
    write: impl FnOnce(&mut RecordBatch<'_>) -> Result<(), StoreError> + Send + 'static,
) -> Result<(), StoreError> {
    let owned = store.clone();
    postern_task::unblock(move || {
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

/// The token that a call carries, if it is one of ours and not over: `Authorization: Bearer`, or the
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
        .filter(|token: &Token| !token.grant.is_over(now_ms()))
        .ok_or_else(refused)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

/// What is said to who has brought a token that is none, at a path of the API: the field says it
/// otherwise where it is asked for users and accounts, and wrangler shows its own stack unless it does.
pub(super) fn told_at(path: &str, headers: &HeaderMap, mut refusal: Refusal) -> Refusal {
    let is_bare =
        !headers.contains_key(header::AUTHORIZATION) && !headers.contains_key("x-auth-key");
    if is_bare || refusal.status != StatusCode::UNAUTHORIZED {
        return refusal;
    }
    let pieces: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    let told = match pieces[..] {
        ["user", "tokens", "verify"] | ["accounts", _, "tokens", "verify"] => {
            (code::API_TOKEN, "Invalid API Token")
        }
        ["user" | "memberships", ..] | ["accounts"] | ["accounts", _] => {
            (code::ACCESS_TOKEN, "Invalid access token")
        }
        _ => return refusal,
    };
    refusal.errors.insert(0, (told.0, told.1.to_owned()));
    refusal
}

/// What is said to whom no token lets in.
pub(super) fn refused() -> Refusal {
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
        let (_, other) = block_on(create(&store, "other", Grant::default())).unwrap();
        let (token, text) = block_on(create(&store, "ci", Grant::default())).unwrap();
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
    fn a_token_of_before_is_an_administrators() {
        let dir = tempfile::tempdir().unwrap();
        let store = open_store(dir.path());
        let row = Old {
            id: Id::random(),
            name: "old".to_owned(),
            created_ms: 1,
            hash: hash("pst_old"),
        };
        block_on(change(&store, move |batch| {
            batch.put(Table::Tokens, &row.id.0, &row).map(|_| ())
        }))
        .unwrap();
        let token = authenticate(&store, &headers(&[("authorization", "Bearer pst_old")])).unwrap();
        assert_eq!(
            (token.name.as_str(), token.grant.role),
            ("old", Role::Admin)
        );
        block_on(revoke(&store, &token.id.hex())).unwrap();
        assert!(list(&store).unwrap().is_empty());
    }

    #[test]
    fn a_token_for_a_tag_is_read_as_that_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let store = open_store(dir.path());
        let grant = Grant {
            role: Role::Deploy,
            tag: Some("customer-1".to_owned()),
            ..Grant::default()
        };
        let (token, text) = block_on(create(&store, "ci", grant.clone())).unwrap();
        let bearer = headers(&[("authorization", &format!("Bearer {text}"))]);
        assert_eq!(authenticate(&store, &bearer).unwrap().grant, grant);
        // Where a daemon that knows no tags looks there is nothing.
        assert!(
            store
                .records()
                .scan::<Row>(Table::Grants, &[])
                .unwrap()
                .is_empty()
        );
        block_on(revoke(&store, &token.id.hex())).unwrap();
        assert!(authenticate(&store, &bearer).is_err());
    }

    #[test]
    fn one_that_is_over_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let store = open_store(dir.path());
        let until = |expires_ms| Grant {
            expires_ms: Some(expires_ms),
            ..Grant::default()
        };
        let now = now_ms();
        let (token, text) = block_on(create(&store, "ci", until(now + 3_600_000))).unwrap();
        let bearer = headers(&[("authorization", &format!("Bearer {text}"))]);
        assert!(authenticate(&store, &bearer).is_ok());
        // As if an hour had passed.
        let mut row = Row::from(&token);
        row.grant.expires_ms = Some(now - 1);
        block_on(change(&store, move |batch| {
            batch.put(Table::Grants, &row.token.id.0, &row).map(|_| ())
        }))
        .unwrap();
        assert!(authenticate(&store, &bearer).is_err());
        for wrong in [now - 1, 0, i64::MAX, now + 2 * LIFE_MAX_MS] {
            assert!(
                block_on(create(&store, "ci", until(wrong))).is_err(),
                "{wrong}"
            );
        }
    }

    #[test]
    fn grants_that_make_no_sense_are_refused() {
        let refused = |grant: Grant| grant.check(now_ms()).unwrap_err().to_string();
        let grant = Grant {
            namespace: Some("production".to_owned()),
            ..Grant::default()
        };
        assert!(refused(grant.clone()).contains("role admin cannot be for one namespace or tag"));
        let deploy = Grant {
            role: Role::Deploy,
            ..grant
        };
        assert!(deploy.check(now_ms()).is_ok());
        let bad = Grant {
            namespace: Some("no such/name".to_owned()),
            ..deploy.clone()
        };
        assert!(!refused(bad).is_empty());
        let tagged = Grant {
            tag: Some("a,b".to_owned()),
            ..deploy.clone()
        };
        assert!(refused(tagged.clone()).contains("Invalid tag"));
        let tagged = Grant {
            role: Role::Read,
            namespace: None,
            tag: Some("a".to_owned()),
            ..tagged
        };
        assert!(refused(tagged).contains("role read cannot be for one namespace or tag"));
        let never = Grant {
            per_second: Some(0),
            ..deploy
        };
        assert!(refused(never).contains("use 1 to 10000"));
    }

    #[test]
    fn the_store_holds_no_token() {
        let dir = tempfile::tempdir().unwrap();
        let store = open_store(dir.path());
        let (token, text) = block_on(create(&store, "ci", Grant::default())).unwrap();
        let row = postcard::to_allocvec(&Row::from(&token)).unwrap();
        let secret = text.strip_prefix(PREFIX).unwrap();
        assert!(
            !row.windows(8)
                .any(|part| secret.as_bytes().starts_with(part))
        );
        assert!(block_on(create(&store, "a\nb", Grant::default())).is_err());
    }
}
