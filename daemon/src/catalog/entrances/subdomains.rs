//! Whether a script answers at its default addresses: `SCRIPT.SUBDOMAIN.ZONE`, or `/SCRIPT/`
//! where requests are routed by path.

use super::record::Subdomain;
use crate::catalog::binding::Target;
use crate::catalog::name::ACCOUNT;
use crate::catalog::rows::Rows;
use crate::catalog::{Catalog, Result};

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
        let mut all = Vec::new();
        for other in self.scripts(ACCOUNT, None)? {
            if other.name == script {
                continue;
            }
            for bound in &other.settings.bindings {
                if matches!(&bound.target, Target::Service(service) if service == script) {
                    all.push((other.name.clone(), bound.name.clone()));
                }
            }
        }
        Ok(all)
    }
}
