//! `…/deployments`: which versions of a script run (spec: SEMANTICS §12).

use super::Manage;
use super::call::Call;
use super::envelope::{Handled, Refusal, code, ok};
use super::versions::annotations;
use crate::catalog::deployments::{Deploy, Deployment};
use crate::catalog::guard::Guard;
use crate::catalog::{CatalogError, shown_time};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Annotations of a deployment, and bytes of each.
const ANNOTATIONS_MAX: usize = 16;
/// Bytes of an annotation, its name included.
const ANNOTATION_MAX: usize = 1024;
/// A percent in hundredths.
const PERCENT: f64 = 100.0;

pub(super) fn deployment_object(deployment: &Deployment) -> Value {
    let versions: Vec<Value> = deployment
        .versions
        .iter()
        .map(|share| {
            let percentage = f64::from(share.share) / PERCENT;
            json!({"version_id": share.version.uuid(), "percentage": percentage})
        })
        .collect();
    let said = annotations(deployment.annotations.clone(), &deployment.note);
    let mut object = json!({
        "id": deployment.id.uuid(),
        "source": deployment.note.source,
        "strategy": "percentage",
        "author_email": deployment.note.author,
        "created_on": shown_time(deployment.created_ms),
        "annotations": said,
        "versions": versions,
    });
    if let Some(guard) = &deployment.guard {
        object["guard"] = guard.shown();
    }
    object
}

#[derive(Deserialize)]
struct Wanted {
    strategy: Option<String>,
    versions: Vec<WantedVersion>,
    annotations: Option<BTreeMap<String, Option<String>>>,
    guard: Option<Value>,
}

#[derive(Deserialize)]
struct WantedVersion {
    version_id: String,
    percentage: f64,
}

impl Wanted {
    fn checked(self) -> Result<Deploy, Refusal> {
        let bad = |what: String| Refusal::from(CatalogError::BadDeployment(what));
        if self
            .strategy
            .as_deref()
            .is_some_and(|it| it != "percentage")
        {
            return Err(bad("its strategy must be \"percentage\"".to_owned()));
        }
        let mut versions = Vec::with_capacity(self.versions.len().min(3));
        for WantedVersion {
            version_id,
            percentage,
        } in self.versions
        {
            let hundredths = (percentage * PERCENT).round();
            let is_exact = (percentage * PERCENT - hundredths).abs() < 1e-6;
            if !(0.0..=100.0).contains(&percentage) || !is_exact {
                return Err(bad(format!(
                    "a percentage is {percentage}; use 0 to 100 with up to two decimals"
                )));
            }
            // At most 10,000.
            versions.push((version_id, hundredths as u16));
        }
        let annotations = self.annotations.unwrap_or_default();
        let size = |(name, value): (&String, &Option<String>)| {
            name.len() + value.as_ref().map_or(0, String::len)
        };
        if annotations.len() > ANNOTATIONS_MAX
            || annotations.iter().any(|it| size(it) > ANNOTATION_MAX)
        {
            return Err(Refusal::bad(
                code::BODY,
                format!(
                    "there may be {ANNOTATIONS_MAX} annotations of {ANNOTATION_MAX} bytes; \
                     shorten the message"
                ),
            ));
        }
        let guard = self.guard.filter(|guard| !guard.is_null());
        let guard = guard.as_ref().map(Guard::parse).transpose()?;
        if guard.is_some() && versions.len() != 2 {
            return Err(bad(
                "a guard compares two versions, so there must be two".to_owned()
            ));
        }
        Ok(Deploy {
            versions,
            annotations: annotations
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?)))
                .collect(),
            guard,
            ..Deploy::default()
        })
    }
}

impl<W: Send + Sync + 'static> Manage<W> {
    /// All that are remembered, the one that runs first; that one with figures while it has two
    /// versions.
    pub(super) async fn list_deployments(&self, call: Call) -> Handled {
        let (namespace, script) = (call.param("ns"), call.param("script"));
        let deployments = self.catalog.deployments(namespace, script)?;
        let mut shown: Vec<Value> = deployments.iter().map(deployment_object).collect();
        let running = deployments.first();
        let figures = running.map(|it| self.catalog.figures(namespace, script, it));
        let figures = figures.unwrap_or_default();
        if let Some(versions) = shown.first_mut().map(|first| &mut first["versions"]) {
            for version in versions.as_array_mut().into_iter().flatten() {
                let same = |uuid: String| version["version_id"] == uuid.as_str();
                if let Some((_, figures)) = figures.iter().find(|(id, _)| same(id.uuid())) {
                    version["figures"] = figures.shown();
                }
            }
        }
        ok(json!({"deployments": shown}))
    }

    pub(super) async fn get_deployment(&self, call: Call) -> Handled {
        let deployment = self.catalog.deployment(
            call.param("ns"),
            call.param("script"),
            call.param("deployment"),
        )?;
        ok(deployment_object(&deployment))
    }

    pub(super) async fn post_deployment(&self, call: Call) -> Handled {
        let (namespace, script) = (call.param("ns").to_owned(), call.script());
        let (_, current) = self.catalog.script(&namespace, &script)?;
        let mut note = self.note(&call, "deployment");
        let wanted: Wanted = call.json().await?;
        let mut deploy = wanted.checked()?;
        if let [(id, _)] = deploy.versions.as_slice()
            && let Ok(version) = self.catalog.version(&namespace, &script, id)
            && version.number() < current.version
        {
            note.triggered_by = "rollback".to_owned();
        }
        deploy.note = note;
        let deployed = self.catalog.deploy(&namespace, &script, deploy).await?;
        ok(deployment_object(&deployed))
    }

    pub(super) async fn delete_deployment(&self, call: Call) -> Handled {
        let id = call.param("deployment");
        self.catalog
            .delete_deployment(call.param("ns"), call.script(), id)
            .await?;
        ok(Value::Null)
    }
}
