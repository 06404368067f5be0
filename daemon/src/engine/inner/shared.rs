//! Translated modules that the isolates of one Worker have in common.

use super::super::code::interpreter;
use super::super::limits::Limits;
use super::super::module::{self, ModuleLimits};
use super::{DEPTH, Refusal, STACK};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use wasmi::{CompilationMode, Engine, Module};

/// Modules that one Worker may have translated: what its bundle holds, which is all that may be
/// compiled. Its interpreter frees none before all isolates of the Worker are gone.
const TRANSLATED_MAX: usize = 64;

/// One interpreter for the WebAssembly of a Worker, and what was compiled for it so far.
#[derive(Default)]
pub struct Shared(Mutex<Option<Compiled>>);

struct Compiled {
    engine: Engine,
    /// Each under the hash of its source.
    modules: Vec<([u8; 32], Module)>,
}

impl Shared {
    fn with<T>(&self, limits: &Limits, act: impl FnOnce(&mut Compiled) -> T) -> T {
        let mut compiled = self.0.lock();
        act(compiled.get_or_insert_with(|| Compiled {
            engine: interpreter(
                &Limits {
                    stack_bytes: STACK,
                    call_depth: DEPTH,
                    ..*limits
                },
                CompilationMode::LazyTranslation,
            ),
            modules: Vec::new(),
        }))
    }

    /// The interpreter.
    pub fn engine(&self, limits: &Limits) -> Engine {
        self.with(limits, |compiled| compiled.engine.clone())
    }

    /// The module with this source, compiled if no isolate has done so yet.
    pub(super) fn module(
        &self,
        source: &[u8],
        limits: &Limits,
        most: &ModuleLimits,
    ) -> Result<Module, Refusal> {
        let hash: [u8; 32] = Sha256::digest(source).into();
        self.with(limits, |compiled| {
            let mut known = compiled.modules.iter();
            if let Some((_, module)) = known.find(|(known, _)| *known == hash) {
                return Ok(module.clone());
            }
            if compiled.modules.len() >= TRANSLATED_MAX {
                return Err(Refusal::Limit);
            }
            let told = |error: &dyn std::fmt::Display| Refusal::Compile(error.to_string());
            module::inspect_part(source, most).map_err(|error| told(&error))?;
            let metered = module::metered_part(source).map_err(|error| told(&error))?;
            let module = Module::new(&compiled.engine, &metered).map_err(|error| told(&error))?;
            compiled.modules.push((hash, module.clone()));
            Ok(module)
        })
    }

    /// Modules that were compiled.
    #[cfg(test)]
    pub fn count(&self) -> usize {
        let compiled = self.0.lock();
        compiled.as_ref().map_or(0, |it| it.modules.len())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_compiled_once() {
        let (shared, limits) = (Shared::default(), Limits::default());
        let most = ModuleLimits::with_memory_bytes(limits.memory_bytes);
        let source = |n: u32| {
            wat::parse_str(format!(
                "(module (func (export \"f\") (result i32) i32.const {n}))"
            ))
            .unwrap()
        };
        for n in [1, 2, 1, 1, 2] {
            let module = shared.module(&source(n), &limits, &most).unwrap();
            // Stores of several isolates take it.
            let mut store = wasmi::Store::new(&shared.engine(&limits), ());
            store.set_fuel(1000).unwrap();
            let instance = wasmi::Instance::new(&mut store, &module, &[]).unwrap();
            let f = instance.get_typed_func::<(), u32>(&store, "f").unwrap();
            assert_eq!(f.call(&mut store, ()).unwrap(), n);
        }
        assert_eq!(shared.count(), 2);
        assert!(matches!(
            shared.module(b"nothing", &limits, &most),
            Err(Refusal::Compile(_))
        ));
        for n in 3..=TRANSLATED_MAX as u32 {
            assert!(shared.module(&source(n), &limits, &most).is_ok());
        }
        assert!(matches!(
            shared.module(&source(1000), &limits, &most),
            Err(Refusal::Limit)
        ));
        assert!(shared.module(&source(1), &limits, &most).is_ok());
    }
}
