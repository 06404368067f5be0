//! `…/secrets` and `…/secrets-bulk`: texts that go in and never come out.

use super::Manage;
use super::call::Call;
use super::envelope::{Handled, Refusal, code, ok};
use crate::catalog::CatalogError;
use crate::catalog::binding::Bound;
use crate::catalog::name::shown;
use crate::catalog::record::Script;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Secret {
    name: Option<String>,
    text: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Secrets {
    secrets: BTreeMap<String, Option<Secret>>,
}

impl Secret {
    /// Its name and its text.
    fn checked(self, name: Option<String>) -> Result<(String, String), Refusal> {
        let name = name
            .or(self.name)
            .filter(|name| !name.is_empty())
            .ok_or_else(|| Refusal::bad(code::UNNAMED_BINDING, "the secret has no \"name\""))?;
        if let Some(kind) = self.kind.filter(|kind| kind != "secret_text") {
            return Err(Refusal::bad(
                code::VALIDATION,
                format!(
                    "secret '{}' has type '{}'; only secret_text is supported",
                    shown(&name),
                    shown(&kind)
                ),
            ));
        }
        let text = self.text.ok_or_else(|| {
            Refusal::bad(
                code::BODY,
                format!("secret '{}' has no \"text\"", shown(&name)),
            )
        })?;
        Ok((name, text))
    }
}

fn secrets(script: &Script) -> impl Iterator<Item = &Bound> {
    let bindings = script.settings.bindings.iter();
    bindings.filter(|bound| bound.target.is_secret())
}

fn secret_object(script: &Script, name: &str) -> Result<Value, CatalogError> {
    secrets(script)
        .find(|bound| bound.name == name)
        .map(Bound::shown)
        .ok_or_else(|| CatalogError::SecretNotFound(shown(name)))
}

impl<W: Send + Sync + 'static> Manage<W> {
    pub(super) async fn list_secrets(&self, call: Call) -> Handled {
        let (_, script) = self
            .catalog
            .script(call.param("ns"), call.param("script"))?;
        ok(secrets(&script).map(Bound::shown).collect())
    }

    pub(super) async fn get_secret(&self, call: Call) -> Handled {
        let (_, script) = self
            .catalog
            .script(call.param("ns"), call.param("script"))?;
        ok(secret_object(&script, call.param("secret"))?)
    }

    pub(super) async fn put_secret(&self, call: Call) -> Handled {
        let (namespace, script) = (call.param("ns").to_owned(), call.script());
        let note = self.note(&call, "secret");
        let (name, text) = call.json::<Secret>().await?.checked(None)?;
        let change = vec![(name.clone(), Some(text))];
        let changed = self
            .catalog
            .change_secrets_by(&namespace, &script, change, note)
            .await?;
        ok(secret_object(&changed, &name)?)
    }

    pub(super) async fn delete_secret(&self, call: Call) -> Handled {
        let note = self.note(&call, "secret");
        let change = vec![(call.param("secret").to_owned(), None)];
        self.catalog
            .change_secrets_by(call.param("ns"), call.script(), change, note)
            .await?;
        ok(Value::Null)
    }

    /// A merge patch: null deletes, and deleting what is not there is well. Answers with all secrets by
    /// their names, as it takes them.
    pub(super) async fn patch_secrets(&self, call: Call) -> Handled {
        let (namespace, script) = (call.param("ns").to_owned(), call.script());
        let (_, old) = self.catalog.script(&namespace, &script)?;
        let note = self.note(&call, "secret");
        let patch: Secrets = call.json().await?;
        let mut change = Vec::with_capacity(patch.secrets.len());
        for (name, secret) in patch.secrets {
            match secret {
                Some(secret) => {
                    let (name, text) = secret.checked(Some(name))?;
                    change.push((name, Some(text)));
                }
                None if secret_object(&old, &name).is_ok() => change.push((name, None)),
                None => {}
            }
        }
        let changed = self
            .catalog
            .change_secrets_by(&namespace, &script, change, note)
            .await?;
        let all = secrets(&changed).map(|bound| (bound.name.clone(), bound.shown()));
        ok(Value::Object(all.collect()))
    }
}
