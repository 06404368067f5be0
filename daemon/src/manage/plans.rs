//! `…/postern/v1/plans` and `…/postern/v1/limits`: what the operator states of limits, what follows from it for a
//! script, and who changed it.
//!
//! Each answer has a `revision`. A change that sends one along, as a field or in `if-match`, is refused with 412 where
//! somebody else was first.

use super::Manage;
use super::call::Call;
use super::envelope::{Handled, Refusal, code, ok};
use crate::catalog::name::{ACCOUNT, shown};
use crate::catalog::plans::Holder;
use crate::catalog::shown_time;
use crate::engine::limits::Limits;
use crate::engine::{GuestKind, shaped};
use crate::plans::key::Key;
use crate::plans::resolve::Said;
use crate::plans::{self, Author, Change, Edit, Entry, Revised, Scope, Stated, Target, Values};
use http::HeaderMap;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// What a change says.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wanted {
    /// The plan; `null` takes it away.
    #[serde(deserialize_with = "present")]
    plan: Option<Option<String>>,
    /// Limits and quotas by key; `null` states nothing any more.
    limits: Map<String, Value>,
    /// The revision that the caller has seen; 0: nothing was stated.
    revision: Option<u64>,
    /// Why.
    why: String,
}

/// Tells `null` from what is not there.
fn present<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// What is to be undone.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Undo {
    /// The change; without it the last one.
    number: Option<u64>,
    /// Why.
    why: String,
}

impl<W: Send + Sync + 'static> Manage<W> {
    pub(super) async fn list_plans(&self, _: Call) -> Handled {
        let all = self.catalog.plans().plans();
        let all = all.iter().map(|(name, row)| shown_plan(name, row));
        ok(all.collect())
    }

    pub(super) async fn get_plan(&self, call: Call) -> Handled {
        let name = call.param("plan");
        let row = self.catalog.plans().plan(name)?;
        let mut told = shown_plan(name, &row);
        let users = self.catalog.plans().users(name);
        told["assigned_to"] = users.iter().map(|scope| self.holder_of(scope)).collect();
        ok(told)
    }

    pub(super) async fn put_plan(&self, call: Call) -> Handled {
        let holder = Holder::Plan(call.param("plan").to_owned());
        self.state(holder, call, true).await
    }

    pub(super) async fn patch_plan(&self, call: Call) -> Handled {
        let holder = Holder::Plan(call.param("plan").to_owned());
        self.state(holder, call, false).await
    }

    pub(super) async fn delete_plan(&self, call: Call) -> Handled {
        let holder = Holder::Plan(call.param("plan").to_owned());
        self.unstate(holder, call).await
    }

    /// Every override there is.
    pub(super) async fn list_limits(&self, _: Call) -> Handled {
        let all = self.catalog.plans().overrides();
        let told = all.iter().map(|(scope, row)| {
            let mut told = self.holder_of(scope);
            merge(&mut told, shown_row(row));
            told
        });
        ok(told.collect())
    }

    pub(super) async fn get_limits(&self, call: Call) -> Handled {
        let Target::Override(scope) = self.catalog.target(&holder(&call))? else {
            return Err(Refusal::no_route(""));
        };
        ok(shown_row(&self.catalog.plans().of(&scope)))
    }

    pub(super) async fn put_limits(&self, call: Call) -> Handled {
        self.state(holder(&call), call, true).await
    }

    pub(super) async fn patch_limits(&self, call: Call) -> Handled {
        self.state(holder(&call), call, false).await
    }

    pub(super) async fn delete_limits(&self, call: Call) -> Handled {
        self.unstate(holder(&call), call).await
    }

    /// States limits: all anew, or beside what is stated.
    async fn state(&self, holder: Holder, call: Call, anew: bool) -> Handled {
        let header = if_match(&call.headers)?;
        let who = call.caller.name();
        let wanted: Wanted = call.json().await?;
        if matches!(holder, Holder::Plan(_)) && wanted.plan.is_some() {
            return Err(Refusal::bad(
                code::LIMITS,
                "a plan has no plan; leave `plan` out",
            ));
        }
        let values = plans::parse(&wanted.limits, &self.catalog.ceilings())?;
        let edit = if anew {
            let mut stated = Values::default();
            for (key, value) in values {
                stated.set(key, value);
            }
            Edit::Replace(Stated {
                plan: wanted.plan.flatten(),
                values: stated,
            })
        } else {
            Edit::Merge {
                plan: wanted.plan,
                values,
            }
        };
        let change = Change {
            target: self.catalog.target(&holder)?,
            named: holder.shown(),
            edit,
            expected: wanted.revision.or(header),
        };
        let author = Author {
            who,
            why: wanted.why,
        };
        let target = change.target.clone();
        self.catalog
            .change_limits(vec![change], &author, None)
            .await?;
        match &target {
            Target::Plan(name) => ok(shown_plan(name, &self.catalog.plans().plan(name)?)),
            Target::Override(scope) => ok(shown_row(&self.catalog.plans().of(scope))),
        }
    }

    async fn unstate(&self, holder: Holder, call: Call) -> Handled {
        let change = Change {
            target: self.catalog.target(&holder)?,
            named: holder.shown(),
            edit: Edit::Remove,
            expected: call.number("revision")?.or(if_match(&call.headers)?),
        };
        let why = call.query("why").unwrap_or_default().to_owned();
        let who = call.caller.name();
        let author = Author { who, why };
        self.catalog
            .change_limits(vec![change], &author, None)
            .await?;
        ok(json!({"removed": holder.shown()}))
    }

    /// The limits of a script, each with where it comes from and what was used of it.
    pub(super) async fn explain_limits(&self, call: Call) -> Handled {
        let (namespace, script) = (call.param("ns"), call.param("script"));
        let (told, tenant, kind) = self.catalog.explain(namespace, script)?;
        let used = self.used(namespace, script, &tenant);
        let each = told.each.iter().map(|limit| {
            let holds = limit.holds.as_ref();
            let mut shown = json!({
                "limit": limit.key.name(),
                "about": limit.key.about(),
                "value": holds.map(|it| it.value),
                "shown": holds.map(|it| limit.key.show(it.value)),
                "from": holds.map(from),
                "levels": limit.said.iter().map(|it| json!({"level": from(it), "value": it.value})).collect::<Vec<_>>(),
            });
            if let Some(always) = always(limit.key, kind) {
                shown["always"] = always.into();
                shown["always_shown"] = limit.key.show(always).into();
            }
            if let Some(used) = used.iter().find(|it| it.limit == limit.key.name()) {
                shown["last_hour"] =
                    json!({"max": used.max, "p99": used.p99, "invocations": used.invocations});
            }
            shown
        });
        let mut warnings = Vec::new();
        if told.unknown_plan {
            warnings
                .push("a tag of the script names a plan that there is not; it counts for nothing");
        }
        let namespace = (namespace != ACCOUNT).then_some(namespace);
        ok(json!({
            "namespace": namespace,
            "script": script,
            "tenant": tenant,
            "plan": told.plan,
            "limits": each.collect::<Vec<_>>(),
            "warnings": warnings,
        }))
    }

    /// Every limit and quota that can be stated.
    pub(super) async fn limit_keys(&self, _: Call) -> Handled {
        let all = Key::all().map(|key| {
            let (floor, roof) = key.range();
            json!({
                "limit": key.name(),
                "about": key.about(),
                "floor": floor,
                "roof": roof,
                "bytes": key.is_bytes(),
            })
        });
        ok(all.collect())
    }

    pub(super) async fn limits_history(&self, call: Call) -> Handled {
        let most = call.number("limit")?.unwrap_or(u64::MAX);
        let all = self.catalog.plans().history()?;
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        ok(all.iter().take(most).map(shown_entry).collect())
    }

    pub(super) async fn undo_limits(&self, call: Call) -> Handled {
        let who = call.caller.name();
        let undo: Undo = call.json().await?;
        let author = Author { who, why: undo.why };
        let entries = self.catalog.undo_limits(undo.number, &author).await?;
        ok(entries.iter().map(shown_entry).collect())
    }

    /// What an override is of, as its path has it.
    fn holder_of(&self, scope: &Scope) -> Value {
        let name = self.catalog.namespace_named(scope.namespace());
        let namespace = name.filter(|name| name != ACCOUNT);
        match scope {
            Scope::Namespace(_) => json!({"namespace": namespace}),
            Scope::Tenant(_, tenant) => json!({"namespace": namespace, "tenant": tenant}),
            Scope::Script(_, script) => json!({"namespace": namespace, "script": script}),
        }
    }
}

/// What a path is about.
fn holder(call: &Call) -> Holder {
    let named = |name| Some(call.param(name).to_owned()).filter(|it| !it.is_empty());
    let namespace = call.param("ns").to_owned();
    match (named("tenant"), named("script")) {
        (Some(tenant), _) => Holder::Tenant(namespace, tenant),
        (None, Some(script)) => Holder::Script(namespace, script),
        (None, None) => Holder::Namespace(namespace),
    }
}

/// The revision in `if-match: "7"`.
fn if_match(headers: &HeaderMap) -> Result<Option<u64>, Refusal> {
    let Some(field) = headers.get(http::header::IF_MATCH) else {
        return Ok(None);
    };
    let text = field.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let number = text.trim_start_matches("W/").trim_matches('"');
    number.parse().map(Some).map_err(|_| {
        Refusal::bad(
            code::REVISION,
            format!(
                "if-match is '{}', which is no revision; send one as \"7\"",
                shown(text)
            ),
        )
    })
}

/// What Workers of this kind have whatever is stated, of a limit that is none of theirs.
fn always(key: Key, kind: GuestKind) -> Option<u64> {
    let of = |limits: Limits| key.of(&shaped(kind, limits));
    let (mut least, mut most) = (Limits::default(), Limits::default());
    if let Key::Limit(field) = key {
        (field.set)(&mut least, field.floor);
        (field.set)(&mut most, field.roof);
    }
    of(least).filter(|always| of(most) == Some(*always))
}

fn from(said: &Said) -> String {
    match &said.name {
        None => said.level.name().to_owned(),
        Some(name) => format!("{} {name}", said.level.name()),
    }
}

fn shown_stated(stated: &Stated) -> Value {
    json!({"plan": stated.plan, "limits": stated.values.to_json()})
}

fn shown_row(row: &Revised) -> Value {
    let mut told = shown_stated(&row.stated);
    told["revision"] = row.revision.into();
    told
}

fn shown_plan(name: &str, row: &Revised) -> Value {
    let limits = row.stated.values.to_json();
    json!({"name": name, "limits": limits, "revision": row.revision})
}

fn shown_entry(entry: &Entry) -> Value {
    let stated = |stated: &Option<Stated>| stated.as_ref().map(shown_stated);
    json!({
        "number": entry.number,
        "at": shown_time(entry.at_ms),
        "who": entry.who,
        "why": entry.why,
        "what": entry.named,
        "before": stated(&entry.before),
        "after": stated(&entry.after),
        "undoes": entry.undoes,
    })
}

fn merge(into: &mut Value, more: Value) {
    if let (Value::Object(into), Value::Object(more)) = (into, more) {
        into.extend(more);
    }
}

/// What was used of one limit over the last hour.
pub(super) struct Used {
    /// The limit's key.
    pub limit: &'static str,
    /// The most that an invocation used.
    pub max: u64,
    /// What 99 of 100 invocations did not go beyond.
    pub p99: u64,
    /// Of how many invocations that is known.
    pub invocations: u64,
}

impl<W: Send + Sync + 'static> Manage<W> {
    /// Over the last hour: of all invocations of its tenant what is recorded for tuning, and the rest of the
    /// script's invocations whose records are kept.
    fn used(&self, namespace: &str, script: &str, tenant: &str) -> Vec<Used> {
        let tuning = self.tuning.get();
        let recorded = tuning.map(|it| it.last_hour(namespace, tenant));
        let now = u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or(0);
        let since = now.saturating_sub(60 * 60 * 1000);
        let records = self.logs.recent(namespace, script);
        let records: Vec<_> = records.iter().filter(|it| it.started_ms >= since).collect();
        let figures = |limit, of: &dyn Fn(&crate::observe::Record) -> u64| {
            let mut all: Vec<u64> = records.iter().map(|record| of(record)).collect();
            all.sort_unstable();
            let max = *all.last()?;
            let p99 = all[(all.len() * 99).div_ceil(100) - 1];
            let invocations = all.len() as u64;
            Some(Used {
                limit,
                max,
                p99,
                invocations,
            })
        };
        let log_bytes = |record: &crate::observe::Record| {
            let lines = record.logs.iter();
            lines.map(|line| line.message.len() as u64).sum()
        };
        let log_bytes = figures("log-bytes", &log_bytes);
        recorded.into_iter().flatten().chain(log_bytes).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_javascript_has_whatever_is_stated_is_its_stack_alone() {
        let of = |kind| {
            let all = Key::all().filter_map(|key| Some((key.name(), always(key, kind)?)));
            all.collect::<Vec<_>>()
        };
        let always = of(GuestKind::JavaScript);
        assert_eq!(always, [("stack-bytes", 4 << 20), ("call-depth", 16_384)]);
        assert!(of(GuestKind::AbiV1).is_empty() && of(GuestKind::Wasi).is_empty());
    }
}
