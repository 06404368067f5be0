//! The translated code of a Worker, from which its isolates are made.
//!
//! wasmi engines never free translated code, so each deployment has an engine of its own,
//! dropped whole when the last isolate is gone; only the Workers in JavaScript, which are all the
//! same code, share one. Translation is lazy: what no request reaches is never translated.

use super::heap;
use super::host::Host;
use super::inner::Shared;
use super::instance::{Again, Built, Spare};
use super::limits::Limits;
use super::mapping::{Mapping, Piece, WASM_PAGE};
use super::module::GuestKind;
use super::snapshot::{self, Id, Run, SnapshotError};
use super::{imports, wasi};
use parking_lot::Mutex;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use wasmi::{
    CompilationMode, Config, CustomFuelCosts, EnforcedLimits, Engine, ExternType, Linker, Memory,
    MemoryType, Module, Store,
};

/// The import under which every rewritten module gets its memory.
pub const MEMORY_IMPORT: (&str, &str) = super::module::MEMORY_IMPORT;

/// A module, translated where it was needed so far, and the functions that it imports.
pub struct Translated {
    kind: GuestKind,
    module: Module,
    /// Bytes of its image.
    image_bytes: u64,
    linker: Mutex<Linker<Host>>,
    memory: MemoryType,
    /// What snapshots of Workers that share this code are differences to.
    base: Option<Snapshot>,
    /// What isolates leave to one another, where they all begin from snapshots.
    spare: Option<Arc<Spare>>,
}

/// What one Worker's isolates are made of.
pub struct Code {
    translated: Arc<Translated>,
    snapshot: Option<Snapshot>,
    /// Pages of memory that isolates begin with.
    pages: u64,
    /// What isolates that run WebAssembly beside JavaScript have in common.
    wasm: Arc<Shared>,
}

/// A snapshot's file, opened.
struct Snapshot {
    file: File,
    /// Bytes of memory.
    len: usize,
    base: Id,
    id: Id,
    runs: Vec<Run>,
    /// The keys that belong to it.
    kept: postern_crypto::Kept,
}

impl Snapshot {
    /// Opens one that is a difference to the memory of this name.
    fn open(path: &Path, base: Id) -> Result<Self, BuildError> {
        let told = |error: &dyn std::fmt::Display| {
            BuildError::new(format!("snapshot {}: {error}", path.display()))
        };
        let file = File::open(path).map_err(|error| told(&error))?;
        let contents = snapshot::open(&file).map_err(|error| told(&error))?;
        if contents.base != base {
            return Err(told(&SnapshotError::Base {
                found: contents.base,
                expected: base,
            }));
        }
        let kept = postern_crypto::Kept::read(&contents.keys).map_err(|error| told(&error))?;
        Ok(Self {
            file,
            len: contents.len,
            base: contents.base,
            id: contents.id,
            runs: contents.runs,
            kept,
        })
    }

    fn piece(&self, run: &Run, memory: std::ops::Range<usize>) -> Piece<'_> {
        Piece {
            file: &self.file,
            at: run.at + (memory.start - run.memory.start) as u64,
            memory,
        }
    }

    /// Where the parts of the memory lie, in order: its own, and of its base what is left.
    fn pieces<'a>(&'a self, base: Option<&'a Self>) -> Vec<Piece<'a>> {
        let mut pieces = Vec::new();
        let mut under = base.into_iter().flat_map(|base| {
            base.runs
                .iter()
                .map(move |run| (base, run, run.memory.clone()))
        });
        let mut next = under.next();
        for run in &self.runs {
            // What lies before this run, and then what lies behind it.
            while let Some((base, of, left)) = &mut next {
                if left.start < run.memory.start {
                    let end = left.end.min(run.memory.start);
                    pieces.push(base.piece(of, left.start..end));
                }
                left.start = left.start.max(run.memory.end);
                if left.start < left.end {
                    break;
                }
                next = under.next();
            }
            pieces.push(self.piece(run, run.memory.clone()));
        }
        for (base, of, left) in next.into_iter().chain(under) {
            pieces.push(base.piece(of, left));
        }
        pieces
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

/// Bytes that the interpreter takes for a module of so many, when each function of it is translated.
/// Translation is lazy and nobody is asked meanwhile, so this is what counts from the beginning.
pub(super) const fn translated_bytes(image: u64) -> u64 {
    /// Bytes for one of the image. Modules of compilers have 3 to 5 (see the test).
    const FOR_ONE: u64 = 6;
    /// What a module takes that has next to nothing.
    const LEAST: u64 = 48 << 10;
    image.saturating_mul(FOR_ONE).saturating_add(LEAST)
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
            image_bytes: image.len() as u64,
            linker: Mutex::new(linker),
            memory,
            base: None,
            spare: None,
        })
    }

    /// The engine of JavaScript, from the image of its base and the memory that belongs to it. It
    /// is this daemon's own, so it is not even validated before a function is called.
    ///
    /// # Errors
    /// When a file cannot be read, or is not what it should be.
    pub fn javascript(image: &Path, memory: &Path, limits: &Limits) -> Result<Self, BuildError> {
        let mode = CompilationMode::Lazy;
        let translated = Self::new(GuestKind::JavaScript, &read(image)?, limits, mode)?;
        Ok(Self {
            base: Some(Snapshot::open(memory, Id::ZEROS)?),
            spare: Some(Arc::default()),
            ..translated
        })
    }
}

impl Translated {
    /// Bytes that the engine of JavaScript takes with all of it translated, and with the instances that
    /// are left to others.
    pub fn shared_bytes(&self) -> u64 {
        // Its functions are large: it takes less for a byte than others (see the test).
        self.image_bytes / 4 * 13 + Spare::BYTES
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
            snapshot: snapshot
                .map(|path| Snapshot::open(path, Id::ZEROS))
                .transpose()?,
            wasm: Arc::default(),
        })
    }

    /// The same from memory, without a snapshot: what is started here boots first. Translates
    /// everything, to learn at deployment what a request would otherwise find out.
    ///
    /// # Errors
    /// What wasmi says of the module.
    pub fn unbooted(
        kind: GuestKind,
        init: &[u8],
        limits: &Limits,
        mode: CompilationMode,
    ) -> Result<Self, BuildError> {
        let translated = Translated::new(kind, init, limits, mode)?;
        Ok(Self {
            pages: translated.memory.minimum(),
            translated: Arc::new(translated),
            snapshot: None,
            wasm: Arc::default(),
        })
    }

    /// What is started from a snapshot of `pages` pages, with code that others use too, and whose
    /// base that snapshot is a difference to.
    ///
    /// # Errors
    /// When the snapshot cannot be opened, is a difference to something else, or is smaller than
    /// the code's own memory.
    pub fn sharing(
        translated: Arc<Translated>,
        snapshot: &Path,
        pages: u64,
    ) -> Result<Self, BuildError> {
        let minimum = translated.memory.minimum();
        if pages < minimum {
            return Err(BuildError::new(format!(
                "a memory of {pages} pages for code that needs {minimum}"
            )));
        }
        let base = translated.base.as_ref().map_or(Id::ZEROS, |base| base.id);
        Ok(Self {
            translated,
            snapshot: Some(Snapshot::open(snapshot, base)?),
            pages,
            wasm: Arc::default(),
        })
    }

    /// What is started from the base of code that others use too.
    pub fn base(translated: Arc<Translated>) -> Self {
        Self {
            pages: translated.memory.minimum(),
            translated,
            snapshot: None,
            wasm: Arc::default(),
        }
    }

    /// Pages of memory that isolates begin with, and those that the memory may have, of `memory_bytes`.
    pub fn extent(&self, memory_bytes: u64) -> (u64, u64) {
        let most = memory_bytes / WASM_PAGE as u64;
        let maximum = self.translated.memory.maximum().unwrap_or(most);
        (self.pages, maximum.max(self.pages))
    }

    /// Reads what lies in the memory that isolates begin with, piece by piece.
    ///
    /// # Errors
    /// When a file cannot be read or does not fit the other, and what `each` says.
    pub fn read_pieces(
        base: Option<&Path>,
        snapshot: &Path,
        mut each: impl FnMut(usize, &[u8]) -> std::io::Result<()>,
    ) -> Result<(), BuildError> {
        use std::os::unix::fs::FileExt;
        /// Bytes that are in memory at a time.
        const PART: usize = 256 << 10;
        let base = base
            .map(|path| Snapshot::open(path, Id::ZEROS))
            .transpose()?;
        let under = base.as_ref().map_or(Id::ZEROS, |base| base.id);
        let snapshot = Snapshot::open(snapshot, under)?;
        let mut part = Vec::new();
        for piece in snapshot.pieces(base.as_ref()) {
            let (mut from, mut at) = (piece.memory.start, piece.at);
            while from < piece.memory.end {
                part.resize((piece.memory.end - from).min(PART), 0);
                let read = piece.file.read_exact_at(&mut part, at);
                read.and_then(|()| each(from, &part))
                    .map_err(BuildError::new)?;
                from += part.len();
                at += part.len() as u64;
            }
        }
        Ok(())
    }

    /// Bytes of memory that isolates begin with.
    pub fn memory_bytes(&self) -> u64 {
        self.pages * WASM_PAGE as u64
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
        self.state().map_or(&NONE, |it| &it.kept)
    }

    /// What isolates have in common of the WebAssembly beside JavaScript.
    pub fn wasm(&self) -> &Arc<Shared> {
        &self.wasm
    }

    /// Whether isolates begin from a snapshot, so that nothing needs to be booted.
    pub fn restored(&self) -> bool {
        self.state().is_some()
    }

    /// The snapshot that isolates begin from.
    fn state(&self) -> Option<&Snapshot> {
        self.snapshot.as_ref().or(self.translated.base.as_ref())
    }

    /// What lies in the memory that isolates begin with, in order; zeros everywhere else.
    pub fn pieces(&self) -> Vec<Piece<'_>> {
        let base = self.translated.base.as_ref();
        // A state that is the base itself has none.
        self.state().map_or_else(Vec::new, |state| {
            state.pieces(base.filter(|base| base.id == state.base))
        })
    }

    /// An instance with its memory. No code of the guest has run in it, or none that it could tell.
    ///
    /// # Errors
    /// `refused` when [`Host::memory_use`] is not granted the memory.
    pub fn instantiate(&self, host: Host, memory_bytes: u64) -> Result<Built, BuildError> {
        let most = memory_bytes / WASM_PAGE as u64;
        // Not what is allowed: the limiter is not asked beyond the maximum.
        let maximum = self.translated.memory.maximum().unwrap_or(most);
        let maximum = maximum.max(self.pages);
        let spare = self.translated.spare.as_ref();
        let mut built = match spare.and_then(|it| it.take(self.pages, maximum)) {
            Some(left) => left.furnish(host)?,
            None => {
                let (built, entities) = heap::measured(|| self.build(host, maximum, most));
                Built { entities, ..built? }
            }
        };
        let used = usize::try_from(self.pages).map_err(BuildError::new)? * WASM_PAGE;
        if let Some(state) = self.state() {
            if state.len > used {
                return Err(BuildError::new(format!(
                    "a snapshot of {} bytes for a memory of {used}",
                    state.len
                )));
            }
            let pieces = self.pieces();
            let mapping = &mut built.mapping;
            mapping.restore(&pieces, used).map_err(BuildError::new)?;
        }
        Ok(built)
    }

    /// A new instance, with a memory that has up to `maximum` pages, of which `most` are allowed.
    fn build(&self, host: Host, maximum: u64, most: u64) -> Result<Built, BuildError> {
        let Translated { module, linker, .. } = &*self.translated;
        let minimum = self.pages;
        let reserve =
            usize::try_from(maximum.min(most).max(minimum)).map_err(BuildError::new)? * WASM_PAGE;
        let mut mapping = Mapping::reserve(reserve).map_err(BuildError::new)?;
        let used = usize::try_from(minimum).map_err(BuildError::new)? * WASM_PAGE;
        if self.restored() {
            mapping.stand_in(used).map_err(BuildError::new)?;
        }
        let mut store = Store::new(module.engine(), host);
        store.limiter(|host| &mut host.memory_use);
        // SAFETY: once, and `Built` drops the store before the mapping. On the error paths
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
        store.data_mut().memory = Some(memory);
        let spare = self.translated.spare.as_ref();
        let again = spare.map(|spare| Again::new(&store, instance, minimum, spare));
        Ok(Built {
            store,
            instance,
            memory,
            mapping,
            pages_max: maximum,
            again,
            entities: 0,
        })
    }
}

#[cfg(test)]
mod tests;
