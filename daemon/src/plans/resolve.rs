//! From what all levels state to what holds for one script: of each limit the lowest.

use super::key::{Ceilings, Key};
use super::{Plans, Scope, Stated, Values};
use crate::engine::limits::Limits;
use crate::usage::quota::Quotas;

/// Who states a limit, from the machine to the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// The board file's ceiling.
    Board,
    /// The configuration's `[ceilings]`.
    Ceilings,
    /// A plan.
    Plan,
    /// An override of the dispatch namespace.
    Namespace,
    /// An override of the tenant.
    Tenant,
    /// An override of the script.
    Script,
    /// The script's own metadata.
    Metadata,
    /// The configuration's `[limits]`, where nobody from the plan to the metadata says anything.
    Default,
}

impl Level {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Board => "board",
            Self::Ceilings => "ceilings",
            Self::Plan => "plan",
            Self::Namespace => "namespace",
            Self::Tenant => "tenant",
            Self::Script => "script",
            Self::Metadata => "metadata",
            Self::Default => "default",
        }
    }
}

/// Of whom limits are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject<'a> {
    /// The dispatch namespace.
    pub namespace: super::NamespaceKey,
    /// The tenant in it.
    pub tenant: &'a str,
    /// The script.
    pub script: &'a str,
    /// The plan that a tag of the script names.
    pub tagged: Option<&'a str>,
    /// What its metadata asks for.
    pub asked: &'a [(&'static str, u64)],
}

/// What the machine and its configuration say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ground {
    /// What no level can go beyond.
    pub ceilings: Ceilings,
    /// What a Worker gets that nobody says anything of.
    pub default: Limits,
}

/// One level's word on one limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Whose.
    pub level: Level,
    /// The plan's name, where it is one.
    pub name: Option<String>,
    /// The value.
    pub value: u64,
}

/// What holds of one limit, and why.
#[derive(Clone, Debug)]
pub struct Effective {
    /// The limit.
    pub key: Key,
    /// Its value and who says so; `None` for a quota that nobody states.
    pub holds: Option<Said>,
    /// What each level says.
    pub said: Vec<Said>,
}

/// What all levels between the ceilings and the metadata state for a script.
struct Stack {
    /// The plan that holds.
    plan: Option<(String, Stated)>,
    /// The tag names a plan that there is not.
    unknown: bool,
    namespace: Stated,
    tenant: Stated,
    script: Stated,
}

impl Stack {
    fn partial(&self) -> impl Iterator<Item = (Level, Option<&str>, &Values)> {
        let plan = self.plan.iter();
        plan.map(|(name, stated)| (Level::Plan, Some(name.as_str()), &stated.values))
            .chain([
                (Level::Namespace, None, &self.namespace.values),
                (Level::Tenant, None, &self.tenant.values),
                (Level::Script, None, &self.script.values),
            ])
    }
}

impl Plans {
    fn stack(&self, subject: &Subject<'_>) -> Stack {
        let state = self.state.read();
        let of = |scope: Scope| {
            let row = state.overrides.get(&scope);
            row.map(|row| row.stated.clone()).unwrap_or_default()
        };
        let namespace = of(Scope::Namespace(subject.namespace));
        let tenant = of(Scope::Tenant(subject.namespace, subject.tenant.to_owned()));
        let script = of(Scope::Script(subject.namespace, subject.script.to_owned()));
        // The nearest to the script; a tag may name what is no plan here.
        let named = [
            script.plan.as_deref(),
            tenant.plan.as_deref(),
            subject.tagged,
            namespace.plan.as_deref(),
        ];
        let plan = named.into_iter().flatten().find_map(|name| {
            let row = state.plans.get(name)?;
            Some((name.to_owned(), row.stated.clone()))
        });
        let tagged = subject
            .tagged
            .filter(|name| !state.plans.contains_key(*name));
        Stack {
            plan,
            unknown: tagged.is_some(),
            namespace,
            tenant,
            script,
        }
    }

    /// The limits and quotas of a script.
    pub fn limits(&self, subject: &Subject<'_>, ground: &Ground) -> (Limits, Quotas) {
        let stack = self.stack(subject);
        let (mut limits, mut quotas) = (ground.default, Quotas::default());
        for key in Key::all() {
            let stated = stack.partial().filter_map(|(_, _, values)| values.get(key));
            let lowest = stated.chain(asked(subject, key)).min();
            match key {
                Key::Limit(field) => {
                    let value = lowest.unwrap_or_else(|| (field.get)(&limits));
                    let ceilings = [ground.ceilings.board, ground.ceilings.configured];
                    let most = ceilings.iter().map(|it| (field.get)(it)).min();
                    (field.set)(&mut limits, value.min(most.unwrap_or(value)));
                }
                Key::Quota(place, _) => *quotas.at(place) = lowest.unwrap_or(u64::MAX),
            }
        }
        (limits, quotas)
    }

    /// The same with where each comes from. The plan that holds comes with it, and whether a tag
    /// names one that there is not.
    pub fn explain(&self, subject: &Subject<'_>, ground: &Ground) -> Explained {
        let stack = self.stack(subject);
        let each = Key::all().map(|key| {
            let mut said: Vec<Said> = Vec::new();
            let mut say = |level, name: Option<&str>, value: Option<u64>| {
                said.extend(value.map(|value| Said {
                    level,
                    name: name.map(str::to_owned),
                    value,
                }));
            };
            say(Level::Board, None, key.of(&ground.ceilings.board));
            say(Level::Ceilings, None, key.of(&ground.ceilings.configured));
            let mut is_stated = false;
            for (level, name, values) in stack.partial() {
                let value = values.get(key);
                is_stated |= value.is_some();
                say(level, name, value);
            }
            let metadata = asked(subject, key);
            is_stated |= metadata.is_some();
            say(Level::Metadata, None, metadata);
            if !is_stated {
                say(Level::Default, None, key.of(&ground.default));
            }
            // Of two that say the same, the one nearer to the script is named.
            let holds = said.iter().rev().min_by_key(|it| it.value).cloned();
            Effective { key, holds, said }
        });
        Explained {
            each: each.collect(),
            plan: stack.plan.as_ref().map(|(name, _)| name.clone()),
            unknown_plan: stack.unknown,
        }
    }
}

/// What holds for a script, and why.
#[derive(Clone, Debug)]
pub struct Explained {
    /// Limit by limit.
    pub each: Vec<Effective>,
    /// The plan that holds.
    pub plan: Option<String>,
    /// Whether a tag of the script names a plan that there is not.
    pub unknown_plan: bool,
}

fn asked(subject: &Subject<'_>, key: Key) -> Option<u64> {
    let mut all = subject.asked.iter();
    let (_, value) = all.find(|(name, _)| *name == key.name())?;
    Some(*value)
}
