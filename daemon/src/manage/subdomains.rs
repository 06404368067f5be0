//! `workers/subdomain` and `workers/scripts/{script}/subdomain`: default hostnames.

use super::Manage;
use super::call::Call;
use super::envelope::{Handled, Refusal, code, ok};
use crate::catalog::entrances::Subdomain;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Sent {
    enabled: bool,
    previews_enabled: Option<bool>,
}

fn object(subdomain: &Subdomain) -> Value {
    json!({
        "enabled": subdomain.enabled,
        "previews_enabled": subdomain.previews_enabled,
    })
}

impl<W: Send + Sync + 'static> Manage<W> {
    /// The label between scripts and zone in default hostnames.
    pub(super) async fn subdomain(&self, _: Call) -> Handled {
        let zone = self.catalog.default_zone();
        let label = zone.as_deref().and_then(|zone| zone.split('.').next());
        ok(json!({"subdomain": label.unwrap_or(&self.options.subdomain)}))
    }

    pub(super) async fn fixed_subdomain(&self, _: Call) -> Handled {
        Err(Refusal::bad(
            code::BODY,
            "the account's subdomain is set in postern.toml, as routing.account-subdomain",
        ))
    }

    pub(super) async fn get_script_subdomain(&self, call: Call) -> Handled {
        ok(object(&self.catalog.subdomain(call.param("script"))?))
    }

    pub(super) async fn post_script_subdomain(&self, call: Call) -> Handled {
        let script = call.param("script").to_owned();
        let sent: Sent = call.json().await?;
        let set = self
            .catalog
            .set_subdomain(&script, sent.enabled, sent.previews_enabled);
        ok(object(&set.await?))
    }

    pub(super) async fn delete_script_subdomain(&self, call: Call) -> Handled {
        let script = call.param("script");
        let set = self.catalog.set_subdomain(script, false, Some(false));
        ok(object(&set.await?))
    }
}
