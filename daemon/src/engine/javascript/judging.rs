//! Judging a bundle: starts the base, has it evaluate, keeps the memory.

use super::super::code::{Code, Translated};
use super::super::compression::Contexts;
use super::super::judge::{Judged, Order, Refused, Starting};
use super::super::limits::Limits;
use super::super::module::{GuestKind, RESERVED_PREFIX};
use super::super::snapshot::{self, SnapshotError};
use super::super::turn::Entry;
use super::{Base, BundleOrder, Frozen, Loading, nesting};
use postern_abi::{EventKind, export};
use std::fs::File;
use std::sync::Arc;
use wasmi::{Extern, Val};

/// The engine, for bundles that are judged one after another.
pub struct Ready {
    of: Base,
    code: Arc<Translated>,
    base: snapshot::Base,
}

impl Ready {
    /// Translates nothing yet.
    ///
    /// # Errors
    /// When the base's files cannot be read.
    pub fn new(base: &Base, limits: &Limits) -> Result<Self, Refused> {
        let crashed = |what: &dyn std::fmt::Display| Refused::Crashed(what.to_string());
        let code = Translated::javascript(&base.image, &base.memory, limits)
            .map_err(|error| crashed(&error.what))?;
        let memory = File::open(&base.memory)
            .map_err(SnapshotError::from)
            .and_then(|file| snapshot::Base::read(&file))
            .map_err(|error| crashed(&format_args!("the base's memory: {error}")))?;
        Ok(Self {
            of: base.clone(),
            code: Arc::new(code),
            base: memory,
        })
    }

    /// Whether it is made of this base.
    pub fn is_of(&self, base: &Base) -> bool {
        self.of == *base
    }
}

/// Evaluates a bundle, whose modules' bytes are `sources`, with an engine that is `ready` if there
/// is one.
///
/// # Errors
/// What global scope threw, or which limit it broke.
pub fn judge(
    sources: &[u8],
    order: &Order,
    bundle: &BundleOrder,
    ready: Option<&Arc<Ready>>,
) -> Result<Judged, Refused> {
    if sources.len() as u64 > order.module_bytes {
        return Err(Refused::Module(format!(
            "the modules have {} bytes, the limit is {}; push less",
            sources.len(),
            order.module_bytes
        )));
    }
    let crashed = |what: &dyn std::fmt::Display| Refused::Crashed(what.to_string());
    let limits = nesting(order.limits);
    let loading = Loading::new(bundle, sources)
        .ok_or_else(|| crashed(&"the modules are not those of the order"))?;
    let ready = match ready {
        Some(ready) => ready.clone(),
        None => Arc::new(Ready::new(&bundle.base, &limits)?),
    };
    let code = Code::base(ready.code.clone());
    let fuel = limits.startup_fuel(order.fuel_per_ms);
    let env = Arc::new(Frozen(bundle.env.clone()));
    let mut starting = Starting::new(&code, &limits, fuel, env)?;
    let host = starting.store.data_mut();
    host.loading = Some(Box::new(loading));
    host.compression = Contexts::of_loading();
    let event = starting
        .instance
        .get_typed_func(&starting.store, export::EVENT)
        .map_err(|error| crashed(&error))?;
    let before = globals(&mut starting);
    let load = Entry::Event(event, (EventKind::Load as u32, 0, 0));
    starting.run(load, "evaluating the modules")?;
    if globals(&mut starting) != before {
        // The memory would not be the whole state.
        return Err(crashed(&"the engine's globals changed"));
    }
    let told = starting.store.data_mut().loading.take();
    let keys = starting.store.data().keys.keep();
    let keys = keys.map_err(|error| crashed(&error))?;
    Ok(Judged {
        snapshot: Some(starting.sealed(Some(&ready.base), &keys)),
        pages: u32::try_from(starting.pages()).unwrap_or(u32::MAX),
        told: told.and_then(|loading| loading.told).unwrap_or_default(),
        startup_fuel: fuel - starting.store.get_fuel().unwrap_or(0),
        ..Judged::empty(GuestKind::JavaScript)
    })
}

/// The engine's mutable globals, as bits.
fn globals(starting: &mut Starting) -> Vec<(String, u64)> {
    let store = &starting.store;
    let exports = starting.instance.exports(store);
    let mut all: Vec<_> = exports
        .filter(|export| export.name().starts_with(RESERVED_PREFIX))
        .filter_map(|export| {
            let name = export.name().to_owned();
            let Extern::Global(global) = export.into_extern() else {
                return None;
            };
            let bits = match global.get(store) {
                Val::I32(value) => u64::from(value.cast_unsigned()),
                Val::I64(value) => value.cast_unsigned(),
                Val::F32(value) => value.to_bits().into(),
                Val::F64(value) => value.to_bits(),
                _ => return None,
            };
            Some((name, bits))
        })
        .collect();
    all.sort();
    all
}
