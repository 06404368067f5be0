//! The translated code of one deployment, from which its isolates are made.
//!
//! wasmi engines never free translated code, so each deployment has an engine of its own,
//! dropped whole when the last isolate is gone. Translation is lazy: what no request reaches
//! is never translated.

use super::host::Host;
use super::limits::Limits;
use super::mapping::{self, Mapping, WASM_PAGE};
use super::module::GuestKind;
use super::{imports, wasi};
use parking_lot::Mutex;
use std::fs::File;
use std::ops::Range;
use std::path::Path;
use wasmi::{
    CompilationMode, Config, CustomFuelCosts, EnforcedLimits, Engine, ExternType, Instance, Linker,
    Memory, MemoryType, Module, Store,
};

/// The import under which every rewritten module gets its memory.
pub const MEMORY_IMPORT: (&str, &str) = super::module::MEMORY_IMPORT;

/// One deployment's code.
pub struct Code {
    kind: GuestKind,
    module: Module,
    linker: Mutex<Linker<Host>>,
    memory: MemoryType,
    snapshot: Option<Snapshot>,
}

struct Snapshot {
    file: File,
    len: usize,
    /// What of it is not a hole.
    data: Vec<Range<usize>>,
}

/// Why an isolate cannot be built.
#[derive(Debug)]
pub struct BuildError {
    /// The machine's memory is used up.
    pub refused: bool,
    /// What failed.
    pub what: String,
}

impl BuildError {
    fn new(what: impl std::fmt::Display) -> Self {
        Self {
            refused: false,
            what: what.to_string(),
        }
    }
}

/// An interpreter for one module. `eager` translates everything at once, to learn at
/// deployment what a request would otherwise find out.
pub fn interpreter(limits: &Limits, eager: bool) -> Engine {
    let mut config = Config::default();
    config
        .consume_fuel(true)
        .fuel_cost(CustomFuelCosts {
            bytes_copied_per_fuel: 64,
            // Fuel must not depend on who calls a function first; translation is charged at deployment.
            fuel_per_bytes_translated: 0,
            fuel_per_bytes_validated: 0,
        })
        .compilation_mode(if eager {
            CompilationMode::Eager
        } else {
            CompilationMode::LazyTranslation
        })
        .enforced_limits(EnforcedLimits::strict())
        .ignore_custom_sections(true)
        .wasm_multi_memory(false)
        .set_max_recursion_depth(limits.call_depth as usize);
    let stack = (limits.stack_bytes as usize).max(64 * 1024);
    config.set_max_stack_height(stack);
    config.set_min_stack_height(8 * 1024);
    config.set_max_cached_stacks(2);
    Engine::new(&config)
}

impl Code {
    /// Reads an image, and opens its snapshot if it has one.
    ///
    /// # Errors
    /// When a file cannot be read, or is not what [`judge`](super::judge) made.
    pub fn load(
        kind: GuestKind,
        image: &Path,
        snapshot: Option<&Path>,
        limits: &Limits,
    ) -> Result<Self, BuildError> {
        let bytes = std::fs::read(image)
            .map_err(|error| BuildError::new(format!("image {}: {error}", image.display())))?;
        let snapshot = match snapshot {
            None => None,
            Some(path) => {
                let told = |error| BuildError::new(format!("snapshot {}: {error}", path.display()));
                let file = File::open(path).map_err(told)?;
                let len = file.metadata().map_err(told)?.len();
                let len = usize::try_from(len).map_err(BuildError::new)?;
                let data = mapping::data(&file, len);
                Some(Snapshot { file, len, data })
            }
        };
        Self::build(kind, &bytes, snapshot, limits, false)
    }

    /// The same from memory, without a snapshot: what is started here boots first.
    ///
    /// # Errors
    /// What wasmi says of the module.
    pub fn unbooted(kind: GuestKind, init: &[u8], limits: &Limits) -> Result<Self, BuildError> {
        Self::build(kind, init, None, limits, true)
    }

    fn build(
        kind: GuestKind,
        image: &[u8],
        snapshot: Option<Snapshot>,
        limits: &Limits,
        eager: bool,
    ) -> Result<Self, BuildError> {
        let engine = interpreter(limits, eager);
        let module = Module::new(&engine, image).map_err(BuildError::new)?;
        let mut linker = Linker::new(&engine);
        linker.allow_shadowing(true);
        match kind {
            GuestKind::AbiV1 => imports::link(&mut linker).map_err(BuildError::new)?,
            GuestKind::Wasi => wasi::link(&mut linker, Host::wasi).map_err(BuildError::new)?,
        }
        let memory = module
            .imports()
            .find(|import| (import.module(), import.name()) == MEMORY_IMPORT)
            .and_then(|import| match import.ty() {
                ExternType::Memory(memory) => Some(*memory),
                _ => None,
            })
            .ok_or_else(|| BuildError::new("the image imports no memory"))?;
        Ok(Self {
            kind,
            module,
            linker: Mutex::new(linker),
            memory,
            snapshot,
        })
    }

    /// Whether this is a WASI program.
    pub fn is_wasi(&self) -> bool {
        self.kind == GuestKind::Wasi
    }

    /// Whether isolates begin from a snapshot, so that nothing needs to be booted.
    pub fn restored(&self) -> bool {
        self.snapshot.is_some()
    }

    /// An instance with its memory. No code of the guest has run in it.
    ///
    /// # Errors
    /// `refused` when [`Host::memory_use`] is not granted the memory.
    pub fn instantiate(
        &self,
        host: Host,
        memory_bytes: u64,
    ) -> Result<(Store<Host>, Instance, Memory, Mapping), BuildError> {
        let minimum = self.memory.minimum();
        let most = memory_bytes / WASM_PAGE as u64;
        let maximum = self.memory.maximum().unwrap_or(most);
        let reserve =
            usize::try_from(maximum.min(most).max(minimum)).map_err(BuildError::new)? * WASM_PAGE;
        let mut mapping = Mapping::reserve(reserve).map_err(BuildError::new)?;
        let used = usize::try_from(minimum).map_err(BuildError::new)? * WASM_PAGE;
        if self.restored() {
            mapping.stand_in(used).map_err(BuildError::new)?;
        }
        let mut store = Store::new(self.module.engine(), host);
        store.limiter(|host| &mut host.memory_use);
        // SAFETY: once, and `Core` drops the store before the mapping. On the error paths
        // below, locals drop in reverse order of declaration: the store first.
        let buffer = unsafe { mapping.leak() };
        let refused = |store: &Store<Host>, error: &dyn std::fmt::Display| BuildError {
            refused: store.data().memory_use.refused,
            what: error.to_string(),
        };
        let pages = |n: u64| u32::try_from(n).map_err(BuildError::new);
        let memory = Memory::new_static(
            &mut store,
            MemoryType::new(pages(minimum)?, Some(pages(maximum)?)),
            buffer,
        )
        .map_err(|error| refused(&store, &error))?;
        let instance = {
            // The functions are the same for every isolate, the memory is each one's own.
            let mut linker = self.linker.lock();
            let (module, name) = MEMORY_IMPORT;
            linker
                .define(module, name, memory)
                .map_err(BuildError::new)?;
            linker
                .instantiate_and_start(&mut store, &self.module)
                .map_err(|error| refused(&store, &error))?
        };
        if let Some(snapshot) = &self.snapshot {
            if snapshot.len > used || !snapshot.len.is_multiple_of(WASM_PAGE) {
                return Err(BuildError::new(format!(
                    "a snapshot of {} bytes for a memory of {used}",
                    snapshot.len
                )));
            }
            mapping
                .restore(&snapshot.file, &snapshot.data, used)
                .map_err(BuildError::new)?;
        }
        Ok((store, instance, memory, mapping))
    }
}
