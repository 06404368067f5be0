//! Which limits a script has: of what plans, overrides, the configuration and its own metadata
//! state, and how a change of them reaches Workers that run.

use super::name::{Id, check_name, shown, tenant_of};
use super::record::{CustomLimits, Namespace, Script, Settings};
use super::{Bounds, Catalog, CatalogError, Deployed, Result};
use crate::engine::GuestKind;
use crate::engine::limits::Limits;
use crate::engine::meter::Meter;
use crate::plans::key::Ceilings;
use crate::plans::resolve::{Explained, Ground, Subject};
use crate::plans::{Author, Change, Entry, Plans, Scope, Target};
use crate::usage::quota::Quotas;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How a tag begins that names a script's plan.
const PLAN_TAG: &str = "plan:";
/// Users of a plan that a refusal names.
const USERS_SHOWN: usize = 10;

/// What an operator may state limits of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A plan.
    Plan(String),
    /// A dispatch namespace.
    Namespace(String),
    /// A tenant of one.
    Tenant(String, String),
    /// A script of one.
    Script(String, String),
}

impl Holder {
    /// As people are told of it.
    pub fn shown(&self) -> String {
        match self {
            Self::Plan(name) => format!("plan {}", shown(name)),
            Self::Namespace(name) => format!("namespace {}", shown(name)),
            Self::Tenant(namespace, name) => {
                format!("tenant {}/{}", shown(namespace), shown(name))
            }
            Self::Script(namespace, name) => {
                format!("script {}/{}", shown(namespace), shown(name))
            }
        }
    }
}

/// Whose a script is, as far as limits go.
pub(super) struct Standing<'a> {
    pub(super) namespace: Id,
    pub(super) script: &'a str,
    pub(super) tags: &'a [String],
    pub(super) asked: CustomLimits,
}

impl<'a> Standing<'a> {
    /// Of a script with these settings.
    pub(super) fn new(namespace: Id, script: &'a str, settings: &'a Settings) -> Self {
        Self {
            namespace,
            script,
            tags: &settings.tags,
            asked: settings.limits,
        }
    }

    /// The tenant.
    pub(super) fn tenant(&self) -> &'a str {
        tenant_of(self.script, self.tags)
    }

    /// As whose its modules wait to be judged.
    pub(super) fn judged_as(&self) -> String {
        format!("{}/{}", self.namespace, self.tenant())
    }

    fn plan(&self) -> Option<&'a str> {
        self.tags.iter().find_map(|tag| tag.strip_prefix(PLAN_TAG))
    }

    /// What its metadata asks for, by key.
    fn asked(&self) -> Vec<(&'static str, u64)> {
        let cpu_ms = self.asked.cpu_ms.map(|ms| ("cpu-ms", u64::from(ms)));
        let subrequests = self.asked.subrequests;
        let subrequests = subrequests.map(|count| ("subrequests", u64::from(count)));
        cpu_ms.into_iter().chain(subrequests).collect()
    }
}

impl Bounds {
    fn ground(&self) -> Ground {
        Ground {
            ceilings: Ceilings {
                board: self.board,
                configured: self.ceiling,
            },
            default: self.default,
        }
    }
}

impl<W: Send + Sync + 'static> Catalog<W> {
    /// What is stated of limits, to be read.
    pub fn plans(&self) -> &Plans {
        &self.plans
    }

    /// What no stated limit may go beyond.
    pub fn ceilings(&self) -> Ceilings {
        self.bounds.read().ground().ceilings
    }

    /// What a script gets (spec: SEMANTICS §3).
    pub(super) fn effective(&self, standing: &Standing<'_>) -> (Limits, Quotas) {
        let ground = self.bounds.read().ground();
        let asked = standing.asked();
        self.plans.limits(&subject(standing, &asked), &ground)
    }

    /// Who counts what a script uses, under these quotas.
    pub(super) fn meter(&self, standing: &Standing<'_>, quotas: Quotas) -> Option<Arc<dyn Meter>> {
        let tenant = self
            .runtime
            .usage()?
            .tenant(standing.namespace.0, standing.tenant());
        Some(Arc::new(tenant.counted(quotas)))
    }

    /// Has what tenants are about to use set aside, so that they need not wait for it.
    pub(super) async fn reserve(&self) {
        if let Some(usage) = self.runtime.usage()
            && let Err(error) = usage.reserve().await
        {
            log::error!("usage cannot be recorded: {error}");
        }
    }

    /// The limits of a script that is deployed, each with where it comes from, its tenant, and its kind.
    ///
    /// # Errors
    /// When there is no such script.
    pub fn explain(&self, namespace: &str, script: &str) -> Result<(Explained, String, GuestKind)> {
        let (namespace, script) = self.script(namespace, script)?;
        let standing = Standing::new(namespace.id, &script.name, &script.settings);
        let (ground, asked) = (self.bounds.read().ground(), standing.asked());
        let told = self.plans.explain(&subject(&standing, &asked), &ground);
        let tenant = standing.tenant().to_owned();
        Ok((told, tenant, script.verdict.kind))
    }

    /// The name of the dispatch namespace that a statement is about, [`ACCOUNT`] included.
    ///
    /// [`ACCOUNT`]: super::name::ACCOUNT
    pub fn namespace_named(&self, namespace: crate::plans::NamespaceKey) -> Option<String> {
        Some(self.serving.name(Id(namespace))?.into())
    }

    /// What limits are stated of, as plans know it.
    ///
    /// # Errors
    /// When there is no such namespace, or the name cannot be one.
    pub fn target(&self, holder: &Holder) -> Result<Target> {
        let id = |name: &str| Ok::<_, CatalogError>(self.namespace(name)?.id.0);
        Ok(match holder {
            Holder::Plan(name) => Target::Plan(name.clone()),
            Holder::Namespace(name) => Target::Override(Scope::Namespace(id(name)?)),
            Holder::Tenant(namespace, name) => {
                if name.is_empty() || name.len() > super::limits::TAG_MAX {
                    check_name("tenant", name)?;
                }
                Target::Override(Scope::Tenant(id(namespace)?, name.clone()))
            }
            Holder::Script(namespace, name) => {
                check_name("script", name)?;
                Target::Override(Scope::Script(id(namespace)?, name.clone()))
            }
        })
    }

    /// Changes what is stated, all or none, and has it hold for Workers that run: durable and in
    /// force when this returns, from each Worker's next invocation on.
    ///
    /// # Errors
    /// What is wrong with one of the changes, or that somebody else was first.
    pub async fn change_limits(
        &self,
        changes: Vec<Change>,
        author: &Author,
        undoes: Option<u64>,
    ) -> Result<Vec<Entry>> {
        for change in &changes {
            let goes = matches!(change.edit, crate::plans::Edit::Remove);
            if let (Target::Plan(name), true) = (&change.target, goes) {
                self.check_unused(name)?;
            }
        }
        let entries = self.plans.change(changes, author, undoes).await?;
        for entry in &entries {
            log::info!(
                "limits of {} changed by {} (change {})",
                entry.named,
                shown(&entry.who),
                entry.number
            );
        }
        self.apply_limits(entries.iter().map(|entry| &entry.target))
            .await?;
        self.reserve().await;
        Ok(entries)
    }

    /// Takes back a change, or the last one.
    ///
    /// # Errors
    /// When there is none, or something was changed since.
    pub async fn undo_limits(&self, number: Option<u64>, author: &Author) -> Result<Vec<Entry>> {
        let (number, change) = self.plans.undoing(number)?;
        self.change_limits(vec![change], author, Some(number)).await
    }

    /// Refuses that a plan goes which somebody has.
    fn check_unused(&self, plan: &str) -> Result<()> {
        let mut users = Vec::new();
        for namespace in self.all_namespaces()? {
            let scopes = self.plans.users(plan).into_iter();
            let here = scopes.filter(|scope| scope.namespace() == namespace.id.0);
            users.extend(here.map(|scope| match scope {
                Scope::Namespace(_) => Holder::Namespace(namespace.name.clone()),
                Scope::Tenant(_, name) => Holder::Tenant(namespace.name.clone(), name),
                Scope::Script(_, name) => Holder::Script(namespace.name.clone(), name),
            }));
            for script in self.scripts_of(namespace.id)? {
                let standing = Standing::new(namespace.id, &script.name, &script.settings);
                if standing.plan() == Some(plan) {
                    users.push(Holder::Script(namespace.name.clone(), script.name));
                }
            }
        }
        if users.is_empty() {
            return Ok(());
        }
        let first: Vec<String> = users.iter().take(USERS_SHOWN).map(Holder::shown).collect();
        let mut told = first.join(", ");
        if users.len() > USERS_SHOWN {
            told.push_str(&format!(" and {} more", users.len() - USERS_SHOWN));
        }
        let plan = shown(plan);
        Err(crate::plans::PlansError::PlanInUse { plan, users: told }.into())
    }

    /// Has what is stated hold for the Workers that run of these.
    async fn apply_limits(&self, targets: impl Iterator<Item = &Target>) -> Result<()> {
        // Nothing starts meanwhile with what held before.
        let _alone = self.structure.write().await;
        let (mut namespaces, mut all) = (BTreeSet::new(), false);
        for target in targets {
            match target {
                Target::Plan(_) => all = true,
                Target::Override(Scope::Script(id, name)) => {
                    let namespace = self.all_namespaces()?;
                    let mut namespace = namespace.into_iter();
                    let Some(namespace) = namespace.find(|it| it.id.0 == *id) else {
                        continue;
                    };
                    // It may be stated before the script is there.
                    if let Ok((namespace, script)) = self.script(&namespace.name, name) {
                        self.apply_to(&namespace, &script)?;
                    }
                }
                Target::Override(scope) => {
                    namespaces.insert(scope.namespace());
                }
            }
        }
        for namespace in self.all_namespaces()? {
            if all || namespaces.contains(&namespace.id.0) {
                self.apply_in(&namespace)?;
            }
        }
        Ok(())
    }

    fn apply_in(&self, namespace: &Namespace) -> Result<()> {
        for script in self.scripts_of(namespace.id)? {
            self.apply_to(namespace, &script)?;
        }
        Ok(())
    }

    /// Gives the Workers of a script the limits that it has now.
    pub(super) fn apply_to(&self, namespace: &Namespace, script: &Script) -> Result<()> {
        let Some(running) = self.serving.get(&namespace.name, &script.name) else {
            return Ok(());
        };
        let give = |version: &Script| {
            let standing = Standing {
                tags: &script.settings.tags,
                ..Standing::new(namespace.id, &script.name, &version.settings)
            };
            let part = Deployed::part_for(&running, version.version_id);
            if let Some(worker) = part.as_ref().and_then(|part| part.worker()) {
                let (limits, quotas) = self.effective(&standing);
                let meter = self.meter(&standing, quotas);
                self.runtime.set_limits(worker, limits, meter);
            }
        };
        give(script);
        if let Some(beside) = self.beside(namespace.id, script)? {
            give(&beside.script);
        }
        Ok(())
    }

    /// Takes other bounds over; they hold from each Worker's next invocation on.
    pub async fn change_bounds(&self, bounds: Bounds) -> Result<()> {
        let _alone = self.structure.write().await;
        *self.bounds.write() = bounds;
        for namespace in self.all_namespaces()? {
            self.apply_in(&namespace)?;
        }
        Ok(())
    }
}

fn subject<'a>(standing: &'a Standing<'_>, asked: &'a [(&'static str, u64)]) -> Subject<'a> {
    Subject {
        namespace: standing.namespace.0,
        tenant: standing.tenant(),
        script: standing.script,
        tagged: standing.plan(),
        asked,
    }
}
