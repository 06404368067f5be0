//! Which Workers service bindings lead to, as it is found out when they are deployed.

use super::binding::{Bound, Target};
use super::name::{ACCOUNT_ID, Id, shown};
use super::record::{Namespace, Settings};
use super::subject::Subject;
use super::{Catalog, CatalogError, Result};

/// What comes to be in the same step as a script.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Coming<'a> {
    /// KV namespaces.
    pub kv: &'a [Id],
    /// Scripts of its dispatch namespace.
    pub scripts: &'a [String],
}

impl<W: Send + Sync + 'static> Catalog<W> {
    /// Sees that there is a Worker for each service binding that is new. One of the own dispatch namespace comes
    /// first, then one outside of namespaces, if whoever deploys may bind it. A binding that was there `before` stays
    /// as it was, though its Worker may be gone meanwhile.
    pub(super) fn find_services(
        &self,
        namespace: &Namespace,
        subject: &Subject,
        settings: &mut Settings,
        (before, coming): (&[Bound], Coming<'_>),
    ) -> Result<()> {
        let own: &str = subject;
        for bound in &mut settings.bindings {
            let (script, outside) = match &bound.target {
                Target::Service(script) => (script, outside(script, None, None)),
                Target::Entrypoint {
                    script,
                    entrypoint,
                    props,
                } => (script, outside(script, entrypoint.as_ref(), props.as_ref())),
                _ => continue,
            };
            let was = before.iter().find(|it| it.name == bound.name);
            let was = was.map(|it| &it.target);
            if was == Some(&outside) {
                bound.target = outside;
                continue;
            }
            let is_there = script == own
                || was == Some(&bound.target)
                || coming.scripts.contains(script)
                || self.find_script(namespace.id, script)?.is_some();
            if is_there {
                continue;
            }
            let is_outside =
                namespace.id != ACCOUNT_ID && self.find_script(ACCOUNT_ID, script)?.is_some();
            match is_outside {
                // Those of a namespace that is trusted find it whatever is deployed when.
                true if namespace.trusted_workers => {}
                true if subject.binds_outside() => bound.target = outside,
                _ => {
                    return Err(CatalogError::NoServiceTarget {
                        name: bound.name.clone(),
                        script: shown(script),
                    });
                }
            }
        }
        Ok(())
    }
}

fn outside(script: &str, entrypoint: Option<&String>, props: Option<&String>) -> Target {
    Target::Outside {
        script: script.to_owned(),
        entrypoint: entrypoint.cloned(),
        props: props.cloned(),
    }
}
