//! Whether a script answers at its default addresses: `SCRIPT.SUBDOMAIN.ZONE`, or `/SCRIPT/`
//! where requests are routed by path.

use super::record::Subdomain;
use crate::catalog::binding::Target;
use crate::catalog::dispatch::{DispatchTarget, Which};
use crate::catalog::name::{ACCOUNT, Id};
use crate::catalog::rows::Rows;
use crate::catalog::{Catalog, Result};

/// A script that is bound to another one.
#[derive(Clone, Debug)]
pub struct Reference {
    /// The one that is bound to.
    pub to: String,
    /// The one that has the binding.
    pub from: String,
    /// Its id.
    pub from_id: Id,
    /// What it calls the binding.
    pub binding: String,
    /// What it is for, if not to be called.
    pub outbound: Option<OutboundOf>,
}

/// A dispatch namespace whose outbound Worker a Worker is, for one that dispatches to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboundOf {
    /// Its name.
    pub namespace: String,
    /// The parameters that the outbound Worker is given.
    pub params: Vec<String>,
}

impl<W: Send + Sync + 'static> Catalog<W> {
    /// Whether a script answers at its default addresses; not unless somebody said so.
    pub fn subdomain(&self, script: &str) -> Result<Subdomain> {
        self.must_exist(script)?;
        Ok(self.stored_subdomain(script)?.unwrap_or(Subdomain {
            script: script.to_owned(),
            enabled: false,
            previews_enabled: false,
        }))
    }

    fn stored_subdomain(&self, script: &str) -> Result<Option<Subdomain>> {
        self.row(Subdomain::TABLE, script.as_bytes())
    }

    /// Has a script answer at its default addresses, or not. Of previews the first word is the
    /// same as of the script; after that they stay as they are unless something is said.
    pub async fn set_subdomain(
        &self,
        script: &str,
        enabled: bool,
        previews_enabled: Option<bool>,
    ) -> Result<Subdomain> {
        let _alone = self.structure.write().await;
        self.must_exist(script)?;
        let old = self.stored_subdomain(script)?;
        let subdomain = Subdomain {
            script: script.to_owned(),
            enabled,
            previews_enabled: previews_enabled
                .unwrap_or(old.as_ref().map_or(enabled, |old| old.previews_enabled)),
        };
        if old.as_ref() != Some(&subdomain) {
            let row = subdomain.clone();
            let rows = Rows::default().put(Subdomain::TABLE, row.key(), row);
            self.change_gate(rows).await?;
        }
        Ok(subdomain)
    }

    /// The scripts outside of dispatch namespaces that are bound to this one, each with the
    /// binding's name.
    pub fn references_to(&self, script: &str) -> Result<Vec<Reference>> {
        let mut all = self.references()?;
        all.retain(|it| it.to == script);
        Ok(all)
    }

    /// The outbound Worker of a binding to a dispatch namespace that is still there.
    fn outbound_of(&self, target: DispatchTarget) -> Option<(String, OutboundOf)> {
        let Which::Known(id) = target.namespace else {
            return None;
        };
        let outbound = target.outbound?;
        let namespace = self.namespace_by_id(id, "").ok()?.name;
        let params = outbound.params;
        Some((outbound.service, OutboundOf { namespace, params }))
    }

    /// Which scripts outside of dispatch namespaces are bound to which others.
    pub fn references(&self) -> Result<Vec<Reference>> {
        let mut all = Vec::new();
        for script in self.scripts(ACCOUNT, None)? {
            for bound in script.settings.bindings {
                let (to, outbound) = match bound.target {
                    Target::Service(to) | Target::Entrypoint { script: to, .. } => (to, None),
                    Target::Dispatch(target) => match self.outbound_of(*target) {
                        Some((to, outbound)) => (to, Some(outbound)),
                        None => continue,
                    },
                    _ => continue,
                };
                if to != script.name {
                    all.push(Reference {
                        to,
                        from: script.name.clone(),
                        from_id: script.tag,
                        binding: bound.name,
                        outbound,
                    });
                }
            }
        }
        Ok(all)
    }
}
