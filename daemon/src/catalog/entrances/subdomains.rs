//! Whether a script answers at its default addresses: `SCRIPT.SUBDOMAIN.ZONE`, or `/SCRIPT/`
//! where requests are routed by path.

use super::record::Subdomain;
use crate::catalog::binding::Target;
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
    pub fn references_to(&self, script: &str) -> Result<Vec<(String, String)>> {
        let all = self.references()?.into_iter();
        let own = all.filter(|it| it.to == script);
        Ok(own.map(|it| (it.from, it.binding)).collect())
    }

    /// Which scripts outside of dispatch namespaces are bound to which others.
    pub fn references(&self) -> Result<Vec<Reference>> {
        let mut all = Vec::new();
        for script in self.scripts(ACCOUNT, None)? {
            for bound in script.settings.bindings {
                let (Target::Service(to) | Target::Entrypoint { script: to, .. }) = bound.target
                else {
                    continue;
                };
                if to != script.name {
                    all.push(Reference {
                        to,
                        from: script.name.clone(),
                        from_id: script.tag,
                        binding: bound.name,
                    });
                }
            }
        }
        Ok(all)
    }
}
