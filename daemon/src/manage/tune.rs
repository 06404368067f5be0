//! Tuning: recorded figures, limits that they suggest, what others would have done, and how fast
//! the machine is.

use super::Manage;
use super::call::Call;
use super::envelope::{Handled, Refusal, code, ok};
use crate::board::limits::FIELDS;
use crate::catalog::shown_time;
use crate::engine::Engine;
use crate::tune::calibration::{self, CalibrationError, Machine};
use crate::tune::measure::{MEASURES, Measure};
use crate::tune::what_if::{self, LIMITS, ProposalError, Scope};
use crate::tune::{Suggestion, Tune, Used, Window};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use smol::lock::Mutex;

/// What tuning is done with.
pub struct Tuning {
    tune: Tune,
    engine: Engine,
    machine: Machine,
    /// Held while the machine is measured.
    calibrating: Mutex<()>,
}

impl Tuning {
    /// The recorder, the engine whose speed is measured, and what is known of the machine.
    pub fn new(tune: Tune, engine: Engine, machine: Machine) -> Self {
        Self {
            tune,
            engine,
            machine,
            calibrating: Mutex::new(()),
        }
    }

    /// What a tenant's invocations used of their limits over the last hour.
    pub(super) fn last_hour(&self, namespace: &str, tenant: &str) -> Vec<super::plans::Used> {
        let used = self.tune.used(Window::Hour).into_iter();
        let mut used = used.filter(|it| &*it.namespace == namespace && &*it.tenant == tenant);
        let Some(used) = used.next() else {
            return Vec::new();
        };
        let per_ms = self.engine.fuel_per_ms().max(1);
        let told = LIMITS.iter().map(|(limit, measure)| {
            let unit = |figure: u64| match measure {
                Measure::Fuel => figure.div_ceil(per_ms),
                Measure::Wall => figure.div_ceil(1000),
                Measure::Memory | Measure::Subrequests => figure,
            };
            let spread = &used.spreads[measure.index()];
            super::plans::Used {
                limit,
                max: unit(spread.max),
                p99: unit(spread.p99),
                invocations: used.requests,
            }
        });
        told.collect()
    }
}

impl From<ProposalError> for Refusal {
    fn from(error: ProposalError) -> Self {
        Self::bad(code::TUNE, error.to_string())
    }
}

/// Limits that are proposed, and for whom.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Proposed {
    pub limits: Map<String, Value>,
    #[serde(default)]
    pub namespace: Option<String>,
    #[serde(default)]
    pub tenant: Option<String>,
}

impl Proposed {
    fn scope(&self) -> Result<Scope, Refusal> {
        let given = |text: &Option<String>| text.clone().filter(|it| !it.is_empty());
        scope(given(&self.namespace), given(&self.tenant))
    }
}

fn scope(namespace: Option<String>, tenant: Option<String>) -> Result<Scope, Refusal> {
    if tenant.is_some() && namespace.is_none() {
        let what = "a tenant is one of a dispatch namespace; name that too";
        return Err(Refusal::bad(code::TUNE, what));
    }
    Ok(Scope { namespace, tenant })
}

impl<W: Send + Sync + 'static> Manage<W> {
    pub(super) fn tuning(&self) -> Result<&Tuning, Refusal> {
        self.tuning.get().ok_or_else(|| Refusal::not_yet("Tuning"))
    }

    /// What is recorded at all, and what limits there are.
    pub(super) async fn get_tune(&self, _call: Call) -> Handled {
        let Tuning {
            tune,
            engine,
            machine,
            ..
        } = self.tuning()?;
        let kept = tune.kept();
        let (defaults, ceilings) = self.catalog.limits_in_force();
        let limits = FIELDS.iter().map(|field| {
            let told = LIMITS.iter().find(|(key, _)| *key == field.key);
            json!({
                "limit": field.key,
                "about": field.about,
                "least": field.floor,
                "ceiling": (field.get)(&ceilings),
                "default": (field.get)(&defaults),
                "recorded": told.map(|(_, measure)| measure.key()),
            })
        });
        ok(json!({
            "kept": kept,
            "limits": limits.collect::<Vec<_>>(),
            "fuel_per_ms": engine.fuel_per_ms(),
            "board": { "name": machine.board, "fuel_per_ms": machine.fuel_per_ms },
        }))
    }

    /// What tenants used.
    pub(super) async fn tune_usage(&self, call: Call) -> Handled {
        let Tuning { tune, engine, .. } = self.tuning()?;
        let window = window(&call)?;
        let scope = asked(&call)?;
        let rate = engine.fuel_per_ms();
        let used = tune.used(window);
        let used = used
            .iter()
            .filter(|it| scope.covers(&it.namespace, &it.tenant));
        let tenants: Vec<Value> = used.map(|it| shown(it, rate)).collect();
        if tenants.is_empty() {
            self.is_there(&scope)?;
        }
        ok(json!({
            "window": window,
            "minutes": tune.kept().minutes[window as usize],
            "fuel_per_ms": rate,
            "tenants": tenants,
        }))
    }

    /// How often a tenant's figures were where.
    pub(super) async fn tune_histogram(&self, call: Call) -> Handled {
        let Tuning { tune, .. } = self.tuning()?;
        let window = window(&call)?;
        let (namespace, tenant) = (call.query("namespace"), call.query("tenant"));
        let (Some(namespace), Some(tenant)) = (namespace, tenant) else {
            return Err(Refusal::bad(
                code::TUNE,
                "name a tenant: ?namespace=N&tenant=T",
            ));
        };
        let Some(slot) = tune.histogram(window, namespace, tenant) else {
            let what = format!(
                "nothing is recorded of tenant `{}` of `{}`",
                crate::catalog::name::shown(tenant),
                crate::catalog::name::shown(namespace)
            );
            return Err(Refusal::not_found(code::TUNE, what));
        };
        let mut told = json!({
            "window": window, "namespace": namespace, "tenant": tenant,
            "requests": slot.requests, "cut": slot.cut,
        });
        for measure in MEASURES {
            let counted = measure
                .buckets()
                .filter(|bucket| slot.counts()[*bucket] > 0);
            let buckets: Vec<Value> = counted
                .map(|bucket| {
                    let (least, greatest) = measure.bounds(bucket);
                    // The last bucket ends nowhere.
                    let greatest = greatest.min(slot.max[measure.index()].max(least));
                    json!([least, greatest, slot.counts()[bucket]])
                })
                .collect();
            told[measure.key()] = buckets.into();
        }
        ok(told)
    }

    /// Limits that what was seen suggests.
    pub(super) async fn tune_suggest(&self, call: Call) -> Handled {
        let Tuning { tune, engine, .. } = self.tuning()?;
        let scope = asked(&call)?;
        let rate = engine.fuel_per_ms();
        let (_, ceilings) = self.catalog.limits_in_force();
        let used = tune.used(Window::Day);
        let limits = self.catalog.limits_of_tenants()?;
        let mut suggested: Vec<Suggestion> = Vec::new();
        // Those that are counted together are nobody's.
        let named = used.iter().filter(|it| !it.tenant.is_empty());
        let mut named = named
            .filter(|it| scope.covers(&it.namespace, &it.tenant))
            .peekable();
        if named.peek().is_none() {
            self.is_there(&scope)?;
        }
        for it in named {
            let now = limits.get(&(it.namespace.to_string(), it.tenant.to_string()));
            suggested.extend(crate::tune::suggest(it, now, &ceilings, rate));
        }
        ok(json!({
            "minutes": tune.kept().minutes[1],
            "fuel_per_ms": rate,
            "suggestions": suggested,
        }))
    }

    /// What limits would have done.
    pub(super) async fn tune_what_if(&self, call: Call) -> Handled {
        let Tuning { tune, engine, .. } = self.tuning()?;
        let proposed: Proposed = call.json().await?;
        let (_, ceilings) = self.catalog.limits_in_force();
        let proposal = what_if::proposal(&proposed.limits, &ceilings)?;
        let scope = proposed.scope()?;
        let effect = tune.what_if(&proposal, &scope, engine.fuel_per_ms())?;
        if effect.tenants == 0 {
            self.is_there(&scope)?;
        }
        let mut told = json!(effect);
        told["minutes"] = tune.kept().minutes[1].into();
        told["limits"] = json!(proposal);
        ok(told)
    }

    /// Refuses a namespace or a tenant of which nothing is recorded and that is not there: a slip of the pen would
    /// read as limits that cut nobody.
    fn is_there(&self, scope: &Scope) -> Result<(), Refusal> {
        let Some(namespace) = &scope.namespace else {
            return Ok(());
        };
        self.catalog.namespace(namespace)?;
        let Some(tenant) = &scope.tenant else {
            return Ok(());
        };
        let whose = (namespace.clone(), tenant.clone());
        if self.catalog.limits_of_tenants()?.contains_key(&whose) {
            return Ok(());
        }
        let what = format!(
            "there is no tenant `{}` in `{}`, and nothing is recorded of one; `postern tune show` lists those of which something is",
            crate::catalog::name::shown(tenant),
            crate::catalog::name::shown(namespace)
        );
        Err(Refusal::not_found(code::TUNE, what))
    }

    /// The last measurement.
    pub(super) async fn get_calibration(&self, _call: Call) -> Handled {
        let Tuning { engine, .. } = self.tuning()?;
        let store = self.catalog.store().clone();
        let kept = postern_task::unblock(move || calibration::kept(&store)).await;
        ok(json!({
            "fuel_per_ms": engine.fuel_per_ms(),
            "board_fuel_per_ms": engine.configured_fuel_per_ms(),
            "calibration": kept.as_ref().map(told),
        }))
    }

    /// Measures, and has `cpu-ms` go by that from the next request on.
    pub(super) async fn calibrate(&self, _call: Call) -> Handled {
        let tuning = self.tuning()?;
        let Some(_one) = tuning.calibrating.try_lock() else {
            let what = "the machine is being measured already; ask again in some seconds";
            return Err(Refusal::new(StatusCode::CONFLICT, code::TUNE_BUSY, what));
        };
        let (store, machine) = (self.catalog.store().clone(), tuning.machine.clone());
        let engine = tuning.engine.clone();
        let measured = postern_task::unblock(move || {
            let measured = calibration::measure(&machine, &store)?;
            engine.set_fuel_per_ms(measured.fuel_per_ms);
            calibration::keep(&store, &measured)?;
            Ok::<_, CalibrationError>(measured)
        });
        match measured.await {
            Ok(measured) => {
                if let Some(warning) = &measured.warning {
                    log::warn!("{warning}");
                }
                ok(told(&measured))
            }
            Err(error) => Err(Refusal::internal(error)),
        }
    }

    /// Forgets the measurement: the board file holds.
    pub(super) async fn forget_calibration(&self, _call: Call) -> Handled {
        let Tuning { engine, .. } = self.tuning()?;
        let store = self.catalog.store().clone();
        postern_task::unblock(move || calibration::forget(&store)).await?;
        engine.set_fuel_per_ms(engine.configured_fuel_per_ms());
        ok(json!({ "fuel_per_ms": engine.fuel_per_ms() }))
    }
}

/// A measurement, with its time for people.
fn told(measured: &calibration::Calibration) -> Value {
    let mut told = json!(measured);
    told["at"] = shown_time(i64::try_from(measured.at_ms).unwrap_or(i64::MAX)).into();
    told
}

/// One tenant's figures: as they are, and fuel as milliseconds of CPU too.
fn shown(used: &Used, fuel_per_ms: u64) -> Value {
    let mut told = json!({
        "namespace": &*used.namespace,
        "tenant": &*used.tenant,
        "requests": used.requests,
        "cut": used.cut,
        "exact": used.exact,
    });
    for measure in MEASURES {
        told[measure.key()] = json!(used.spreads[measure.index()]);
    }
    let fuel = used.spreads[0];
    let ms = |fuel: u64| (fuel as f64 / fuel_per_ms.max(1) as f64 * 1000.0).round() / 1000.0;
    told["cpu_ms"] = json!({
        "p50": ms(fuel.p50), "p95": ms(fuel.p95), "p99": ms(fuel.p99), "max": ms(fuel.max),
    });
    told
}

/// Whose figures are asked for.
fn asked(call: &Call) -> Result<Scope, Refusal> {
    let given = |name| {
        call.query(name)
            .filter(|it| !it.is_empty())
            .map(str::to_owned)
    };
    scope(given("namespace"), given("tenant"))
}

fn window(call: &Call) -> Result<Window, Refusal> {
    match call.query("window") {
        None | Some("" | "24h") => Ok(Window::Day),
        Some("1h") => Ok(Window::Hour),
        Some(other) => {
            let what = format!(
                "query parameter window is '{}'; it can be 1h or 24h",
                crate::catalog::name::shown(other)
            );
            Err(Refusal::bad(code::TUNE, what))
        }
    }
}
