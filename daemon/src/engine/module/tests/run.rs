//! Runs a module in wasmi and tells all that can be seen of it.

use std::hash::{Hash, Hasher};
use wasmi::{
    Config, CustomFuelCosts, Engine, Extern, ExternType, Instance, Linker, Memory, MemoryType,
    Module, Store, Val,
};

/// The configuration of tenants' engines, as far as results and fuel go.
pub fn config() -> Config {
    let mut config = Config::default();
    config
        .consume_fuel(true)
        .wasm_multi_memory(false)
        .fuel_cost(CustomFuelCosts {
            bytes_copied_per_fuel: 64,
            fuel_per_bytes_translated: 0,
            fuel_per_bytes_validated: 0,
        })
        .enforced_limits(wasmi::EnforcedLimits::strict());
    config
}

/// A module that has been instantiated.
pub struct Running {
    pub store: Store<()>,
    pub instance: Instance,
}

/// What can be seen of one call.
#[derive(Debug, PartialEq, Eq)]
pub struct Seen {
    /// Results with floats as bits, or the trap.
    pub outcome: Result<Vec<u64>, String>,
    /// A digest of the memory, and its length: it is long to look at.
    pub memory: (u64, usize),
    /// Exported globals of numeric types that the module itself names.
    pub globals: Vec<(String, u64)>,
}

impl Running {
    /// Instantiates a module; its memory, if imported, is made to fit.
    pub fn new(wasm: &[u8], fuel: u64) -> Result<Self, wasmi::Error> {
        let engine = Engine::new(&config());
        let module = Module::new(&engine, wasm)?;
        let mut store = Store::new(&engine, ());
        store.set_fuel(fuel)?;
        let mut linker = Linker::new(&engine);
        for import in module.imports() {
            if let ExternType::Memory(ty) = import.ty() {
                let memory = Memory::new(
                    &mut store,
                    MemoryType::new(ty.minimum() as u32, ty.maximum().map(|max| max as u32)),
                )?;
                linker.define(import.module(), import.name(), memory)?;
            }
        }
        let instance = linker.instantiate_and_start(&mut store, &module)?;
        // A rewritten module leaves its start function to the host.
        if let Some(start) = instance.get_func(&store, super::super::START_EXPORT) {
            start.call(&mut store, &[], &mut [])?;
        }
        Ok(Self { store, instance })
    }

    /// Calls an export, with `fuel` at hand; tells what was seen and what it cost.
    pub fn call(&mut self, name: &str, arguments: &[Val], fuel: u64) -> (Seen, u64) {
        self.store.set_fuel(fuel).unwrap();
        let function = self.instance.get_func(&self.store, name).unwrap();
        let results = function.ty(&self.store).results().len();
        let mut results = vec![Val::I32(0); results];
        let outcome = function.call(&mut self.store, arguments, &mut results);
        let used = fuel - self.store.get_fuel().unwrap();
        let outcome = match outcome {
            Ok(()) => Ok(results.iter().map(bits).collect()),
            Err(error) => Err(error.to_string()),
        };
        let (memory, globals) = self.state();
        let mut digest = std::hash::DefaultHasher::new();
        memory.hash(&mut digest);
        let seen = Seen {
            outcome,
            memory: (digest.finish(), memory.len()),
            globals,
        };
        (seen, used)
    }

    /// The memory, and the globals that the module itself exports.
    pub fn state(&self) -> (Vec<u8>, Vec<(String, u64)>) {
        let mut memory = Vec::new();
        let mut globals = Vec::new();
        for export in self.instance.exports(&self.store) {
            let name = export.name().to_owned();
            match export.into_extern() {
                Extern::Memory(found) => memory = found.data(&self.store).to_vec(),
                Extern::Global(global) if !name.starts_with(super::super::RESERVED_PREFIX) => {
                    globals.push((name, bits(&global.get(&self.store))));
                }
                _ => {}
            }
        }
        globals.sort();
        (memory, globals)
    }
}

/// A value's bits; references are 1, or 0 for null.
pub fn bits(value: &Val) -> u64 {
    match value {
        Val::I32(value) => u64::from(value.cast_unsigned()),
        Val::I64(value) => value.cast_unsigned(),
        Val::F32(value) => u64::from(value.to_bits()),
        Val::F64(value) => value.to_bits(),
        Val::FuncRef(value) => u64::from(value.is_null()),
        Val::ExternRef(value) => u64::from(value.is_null()),
        Val::V128(_) => 0,
    }
}
