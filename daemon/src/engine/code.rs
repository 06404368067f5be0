//! The translated code of a Worker, from which its isolates are made.
//!
//! wasmi engines never free translated code, so each deployment has an engine of its own,
//! dropped whole when the last isolate is gone; only the Workers in JavaScript, which are all the
//! same code, share one. Translation is lazy: what no request reaches is never translated.

use super::host::Host;
use super::limits::Limits;
use super::mapping::{self, Mapping, WASM_PAGE};
use super::module::GuestKind;
use super::{imports, wasi};
use parking_lot::Mutex;
use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use wasmi::{
    CompilationMode, Config, CustomFuelCosts, EnforcedLimits, Engine, ExternType, Instance, Linker,
    Memory, MemoryType, Module, Store,
};

/// The import under which every rewritten module gets its memory.
pub const MEMORY_IMPORT: (&str, &str) = super::module::MEMORY_IMPORT;

/// A module, translated where it was needed so far, and the functions that it imports.
pub struct Translated {
    kind: GuestKind,
    module: Module,
    linker: Mutex<Linker<Host>>,
    memory: MemoryType,
}

/// What one Worker's isolates are made of.
pub struct Code {
    translated: Arc<Translated>,
    snapshot: Option<Snapshot>,
    /// Pages of memory that isolates begin with.
    pages: u64,
}

struct Snapshot {
    file: File,
    /// Bytes of memory, from the file's beginning.
    len: usize,
    /// What of it is not a hole.
    data: Vec<Range<usize>>,
    /// The keys that belong to it.
    kept: postern_crypto::Kept,
}

impl Snapshot {
    fn open(path: &Path) -> Result<Self, BuildError> {
        let told = |error| BuildError::new(format!("snapshot {}: {error}", path.display()));
        let file = File::open(path).map_err(told)?;
        let (len, keys) = super::snapshot::open(&file).map_err(told)?;
        let kept = postern_crypto::Kept::read(&keys)
            .map_err(|error| BuildError::new(format!("snapshot {}: {error}", path.display())))?;
        let data = mapping::data(&file, len);
        Ok(Self {
            file,
            len,
            data,
            kept,
        })
    }
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
    /// One that has nothing to do with the machine's memory.
    pub fn new(what: impl std::fmt::Display) -> Self {
        Self {
            refused: false,
            what: what.to_string(),
        }
    }
}

/// An interpreter for one module, which nests calls as deep as `limits` say.
pub(super) fn interpreter(limits: &Limits, mode: CompilationMode) -> Engine {
    let mut config = Config::default();
    config
        .consume_fuel(true)
        .fuel_cost(CustomFuelCosts {
            bytes_copied_per_fuel: 64,
            // Fuel must not depend on who calls a function first; translation is charged at deployment.
            fuel_per_bytes_translated: 0,
            fuel_per_bytes_validated: 0,
        })
        .compilation_mode(mode)
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

fn read(image: &Path) -> Result<Vec<u8>, BuildError> {
    std::fs::read(image)
        .map_err(|error| BuildError::new(format!("image {}: {error}", image.display())))
}

impl Translated {
    fn new(
        kind: GuestKind,
        image: &[u8],
        limits: &Limits,
        mode: CompilationMode,
    ) -> Result<Self, BuildError> {
        let engine = interpreter(limits, mode);
        let module = Module::new(&engine, image).map_err(BuildError::new)?;
        let mut linker = Linker::new(&engine);
        linker.allow_shadowing(true);
        match kind {
            GuestKind::AbiV1 | GuestKind::JavaScript => {
                imports::link(&mut linker).map_err(BuildError::new)?;
            }
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
        })
    }

    /// The engine of JavaScript, from the image of its base. It is this daemon's own, so it is
    /// not even validated before a function is called.
    ///
    /// # Errors
    /// When the file cannot be read, or is not an image.
    pub fn javascript(image: &Path, limits: &Limits) -> Result<Self, BuildError> {
        let mode = CompilationMode::Lazy;
        Self::new(GuestKind::JavaScript, &read(image)?, limits, mode)
    }
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
        let mode = CompilationMode::LazyTranslation;
        let translated = Translated::new(kind, &read(image)?, limits, mode)?;
        Ok(Self {
            pages: translated.memory.minimum(),
            translated: Arc::new(translated),
            snapshot: snapshot.map(Snapshot::open).transpose()?,
        })
    }

    /// The same from memory, without a snapshot: what is started here boots first. Translates
    /// everything, to learn at deployment what a request would otherwise find out.
    ///
    /// # Errors
    /// What wasmi says of the module.
    pub fn unbooted(kind: GuestKind, init: &[u8], limits: &Limits) -> Result<Self, BuildError> {
        let translated = Translated::new(kind, init, limits, CompilationMode::Eager)?;
        Ok(Self {
            pages: translated.memory.minimum(),
            translated: Arc::new(translated),
            snapshot: None,
        })
    }

    /// What is started from a snapshot of `pages` pages, with code that others use too. No
    /// number of pages means those of the code itself.
    ///
    /// # Errors
    /// When the snapshot cannot be opened, or is smaller than the code's own memory.
    pub fn sharing(
        translated: Arc<Translated>,
        snapshot: &Path,
        pages: Option<u64>,
    ) -> Result<Self, BuildError> {
        let minimum = translated.memory.minimum();
        let pages = pages.unwrap_or(minimum);
        if pages < minimum {
            return Err(BuildError::new(format!(
                "a memory of {pages} pages for code that needs {minimum}"
            )));
        }
        Ok(Self {
            translated,
            snapshot: Some(Snapshot::open(snapshot)?),
            pages,
        })
    }

    /// Whether this is a WASI program.
    pub fn is_wasi(&self) -> bool {
        self.translated.kind == GuestKind::Wasi
    }

    /// Whether this is the engine of JavaScript.
    pub fn is_javascript(&self) -> bool {
        self.translated.kind == GuestKind::JavaScript
    }

    /// The keys of Web Crypto that isolates begin with.
    pub fn kept(&self) -> &postern_crypto::Kept {
        static NONE: std::sync::LazyLock<postern_crypto::Kept> =
            std::sync::LazyLock::new(Default::default);
        self.snapshot.as_ref().map_or(&NONE, |it| &it.kept)
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
        let Translated {
            module,
            linker,
            memory,
            ..
        } = &*self.translated;
        let minimum = self.pages;
        let most = memory_bytes / WASM_PAGE as u64;
        // Not what is allowed: the limiter is not asked beyond the maximum.
        let maximum = memory.maximum().unwrap_or(most).max(minimum);
        let reserve =
            usize::try_from(maximum.min(most).max(minimum)).map_err(BuildError::new)? * WASM_PAGE;
        let mut mapping = Mapping::reserve(reserve).map_err(BuildError::new)?;
        let used = usize::try_from(minimum).map_err(BuildError::new)? * WASM_PAGE;
        if self.restored() {
            mapping.stand_in(used).map_err(BuildError::new)?;
        }
        let mut store = Store::new(module.engine(), host);
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
            let mut linker = linker.lock();
            let (room, name) = MEMORY_IMPORT;
            linker.define(room, name, memory).map_err(BuildError::new)?;
            linker
                .instantiate_and_start(&mut store, module)
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
