//! What a push in JavaScript consists of, on its way to the judge.

use super::super::ops::Bindings;
use super::base::Base;
use bytes::Bytes;
use postern_abi::SyncOp;
use postern_abi::bundle::ModuleKind;
use serde::{Deserialize, Serialize};

/// Modules, and what their evaluation depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bundle {
    /// The name of the module to begin with.
    pub main: String,
    /// The compatibility date, `YYYY-MM-DD`.
    pub compatibility_date: String,
    /// Every compatibility flag that is enabled.
    pub flags: Vec<String>,
    /// The modules.
    pub modules: Vec<Part>,
    /// `env`: names and encoded values ([`env_of`]).
    pub env: Vec<(String, Vec<u8>)>,
}

/// One module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What others import it by.
    pub name: String,
    /// What its bytes are.
    pub kind: ModuleKind,
    /// The bytes.
    pub bytes: Bytes,
}

/// A bundle as the judge's order has it: the modules' bytes follow the order, one after another.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BundleOrder {
    /// What evaluates it.
    pub base: Base,
    /// [`Bundle::main`]
    pub main: String,
    /// [`Bundle::compatibility_date`]
    pub compatibility_date: String,
    /// [`Bundle::flags`]
    pub flags: Vec<String>,
    /// Name, kind and bytes of each module.
    pub modules: Vec<(String, ModuleKind, u32)>,
    /// [`Bundle::env`]
    pub env: Vec<(String, Vec<u8>)>,
}

impl Bundle {
    /// Bytes of all modules.
    pub fn bytes(&self) -> u64 {
        let modules = self.modules.iter();
        modules.map(|module| module.bytes.len() as u64).sum()
    }

    /// Bytes of those that are compiled before any of them runs.
    pub fn compiled_bytes(&self) -> u64 {
        let is_compiled = |kind| !matches!(kind, ModuleKind::Text | ModuleKind::Data);
        let modules = self.modules.iter();
        let compiled = modules.filter(|module| is_compiled(module.kind));
        compiled.map(|module| module.bytes.len() as u64).sum()
    }

    /// The order for it, and the bytes that follow the order.
    pub fn into_order(self, base: Base) -> (BundleOrder, Vec<Bytes>) {
        let mut sources = Vec::with_capacity(self.modules.len());
        let mut modules = Vec::with_capacity(self.modules.len());
        for Part { name, kind, bytes } in self.modules {
            // The judge is asked for no more than the limit on modules, which fits.
            let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            modules.push((name, kind, len));
            sources.push(bytes);
        }
        let order = BundleOrder {
            base,
            main: self.main,
            compatibility_date: self.compatibility_date,
            flags: self.flags,
            modules,
            env: self.env,
        };
        (order, sources)
    }
}

/// What `env` holds, as a guest would be told: for [`Bundle::env`].
pub fn env_of(bindings: &dyn Bindings) -> Vec<(String, Vec<u8>)> {
    let mut names = Vec::new();
    if bindings.sync(SyncOp::EnvNames, &[], &mut names).is_err() {
        return Vec::new();
    }
    let names: Vec<String> = postcard::from_bytes(&names).unwrap_or_default();
    names
        .into_iter()
        .filter_map(|name| {
            let mut value = Vec::new();
            let told = bindings.sync(SyncOp::EnvGet, name.as_bytes(), &mut value);
            told.ok().map(|()| (name, value))
        })
        .collect()
}
