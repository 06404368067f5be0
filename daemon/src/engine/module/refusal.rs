//! Why a module is not accepted.

use std::fmt;

/// Why a module is not accepted. Every message says what was found, what is allowed, and what
/// to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A part is too large or there are too many of it.
    #[error("the module {what}: {value}, the limit is {limit}; {}", what.remedy())]
    Limit {
        /// Which part.
        what: Capped,
        /// What was found.
        value: u64,
        /// What is allowed.
        limit: u64,
    },
    /// Very many very small functions.
    #[error(
        "the module has {functions} functions of {average} bytes on average, the minimum is {limit}; let the compiler inline or remove them (wasm-opt -O)"
    )]
    TinyFunctions {
        /// How many functions have a body.
        functions: u32,
        /// Bytes of a body on average.
        average: u64,
        /// The minimum.
        limit: u32,
    },
    /// Not a binary core module.
    #[error("not a WebAssembly module: {0}")]
    NotModule(NotModule),
    /// Invalid, or valid only with features that are off.
    #[error(
        "the module is not valid at byte {offset}: {reason}; supported is WebAssembly 2.0 without SIMD, plus tail calls and extended constants: check the compiler's -m flags or target-features"
    )]
    Invalid {
        /// Where, in bytes from the module's start.
        offset: usize,
        /// The validator's words.
        reason: String,
    },
    /// Built for other versions of the guest boundary.
    #[error(
        "the module was built for guest ABI version {found}, this host speaks version {}; rebuild it with an SDK of that version",
        postern_abi::VERSION
    )]
    AbiVersion {
        /// The versions that it names, separated by commas.
        found: String,
    },
    /// Neither kind of guest.
    #[error(
        "the module is no guest: it exports neither `postern_abi_v{}` (a guest of the SDKs) nor `_start` (a WASI preview 1 command){hint}",
        postern_abi::VERSION
    )]
    NoGuest {
        /// More, where the exports tell what it may have been meant to be.
        hint: &'static str,
    },
    /// Something that this kind of guest needs is not exported.
    #[error("the module lacks the export `{name}`, {expected}; {kind} needs it")]
    MissingExport {
        /// The export.
        name: &'static str,
        /// What it should be.
        expected: &'static str,
        /// The kind of guest.
        kind: &'static str,
    },
    /// An export has the wrong type.
    #[error("the export `{name}` is {found}, but must be {expected}")]
    ExportType {
        /// The export.
        name: String,
        /// What it is.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A name that the host uses itself.
    #[error(
        "the export `{name}` begins with `{}`, which is reserved; rename it",
        super::RESERVED_PREFIX
    )]
    ReservedExport {
        /// The export.
        name: String,
    },
    /// There is no such import.
    #[error("unknown import `{module}.{name}`; {kind} can import: {known}")]
    UnknownImport {
        /// The module's part of its name.
        module: String,
        /// The other part.
        name: String,
        /// The kind of guest.
        kind: &'static str,
        /// What there is.
        known: String,
    },
    /// An import has the wrong type.
    #[error("the import `{module}.{name}` is declared as {found}, but is {expected}")]
    ImportType {
        /// The module's part of its name.
        module: String,
        /// The other part.
        name: String,
        /// As declared.
        found: String,
        /// As it is.
        expected: String,
    },
}

/// What was uploaded instead of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotModule {
    /// Nothing at all.
    Empty,
    /// Text.
    Text,
    /// A component.
    Component,
    /// Anything else.
    Other,
}

impl fmt::Display for NotModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "it is empty",
            Self::Text => "it is text; assemble it first (wat2wasm)",
            Self::Component => {
                "it is a component; build a core module instead (target wasm32-unknown-unknown or wasm32-wasip1)"
            }
            Self::Other => "it does not begin with `\\0asm` and version 1",
        })
    }
}

/// The parts of a module that have an upper bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capped {
    /// [`ModuleLimits::module_bytes`](super::ModuleLimits::module_bytes)
    ModuleBytes,
    /// [`ModuleLimits::types`](super::ModuleLimits::types)
    Types,
    /// [`ModuleLimits::params`](super::ModuleLimits::params)
    Params,
    /// [`ModuleLimits::results`](super::ModuleLimits::results)
    Results,
    /// [`ModuleLimits::imports`](super::ModuleLimits::imports)
    Imports,
    /// [`ModuleLimits::exports`](super::ModuleLimits::exports)
    Exports,
    /// [`ModuleLimits::functions`](super::ModuleLimits::functions)
    Functions,
    /// [`ModuleLimits::globals`](super::ModuleLimits::globals)
    Globals,
    /// [`ModuleLimits::tables`](super::ModuleLimits::tables)
    Tables,
    /// [`ModuleLimits::table_elements`](super::ModuleLimits::table_elements)
    TableElements,
    /// [`ModuleLimits::element_segments`](super::ModuleLimits::element_segments)
    ElementSegments,
    /// [`ModuleLimits::data_segments`](super::ModuleLimits::data_segments)
    DataSegments,
    /// [`ModuleLimits::memory_pages`](super::ModuleLimits::memory_pages)
    MemoryPages,
    /// More than one memory.
    Memories,
    /// [`ModuleLimits::function_bytes`](super::ModuleLimits::function_bytes)
    FunctionBytes,
    /// [`ModuleLimits::locals`](super::ModuleLimits::locals)
    Locals,
    /// [`ModuleLimits::br_table_targets`](super::ModuleLimits::br_table_targets)
    BrTableTargets,
    /// [`ModuleLimits::nesting`](super::ModuleLimits::nesting)
    Nesting,
    /// [`ModuleLimits::growths`](super::ModuleLimits::growths)
    Growths,
    /// [`ModuleLimits::const_expr_ops`](super::ModuleLimits::const_expr_ops)
    ConstExprOps,
    /// [`ModuleLimits::name_bytes`](super::ModuleLimits::name_bytes)
    NameBytes,
    /// [`ModuleLimits::custom_sections`](super::ModuleLimits::custom_sections)
    CustomSections,
}

impl fmt::Display for Capped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ModuleBytes => "is too large in bytes",
            Self::Types => "has too many function types",
            Self::Params => "has a function with too many parameters",
            Self::Results => "has a function with too many results",
            Self::Imports => "has too many imports",
            Self::Exports => "has too many exports",
            Self::Functions => "has too many functions",
            Self::Globals => "has too many globals",
            Self::Tables => "has too many tables",
            Self::TableElements => "has too many table elements",
            Self::ElementSegments => "has too many element segments",
            Self::DataSegments => "has too many data segments",
            Self::MemoryPages => "needs too much memory to start, in pages of 64 KiB",
            Self::Memories => "has too many memories",
            Self::FunctionBytes => "has a function with too many bytes of code",
            Self::Locals => "has a function with too many locals",
            Self::BrTableTargets => "has a br_table with too many targets",
            Self::Nesting => "has blocks nested too deep",
            Self::Growths => "has too many `memory.grow` and `table.grow` instructions",
            Self::ConstExprOps => "has a constant expression with too many instructions",
            Self::NameBytes => "has a name with too many bytes",
            Self::CustomSections => "has too many custom sections",
        })
    }
}

impl Capped {
    fn remedy(self) -> &'static str {
        match self {
            Self::ModuleBytes => "strip it and optimise for size (wasm-opt -Oz --strip-debug)",
            Self::MemoryPages => {
                "raise the Worker's memory limit, or link with a smaller initial memory or stack"
            }
            Self::Exports | Self::NameBytes => "export only what the host calls",
            Self::CustomSections => "strip the module (wasm-opt --strip-debug)",
            Self::FunctionBytes | Self::Locals | Self::Nesting | Self::BrTableTargets => {
                "split the function, or optimise for size (wasm-opt -Oz)"
            }
            Self::Growths => {
                "grow memory and tables in one function that all others call, and keep the compiler from inlining it"
            }
            Self::Params | Self::Results => "pass them through memory",
            Self::Memories | Self::Tables => "use fewer",
            _ => "optimise for size or remove unused code (wasm-opt -Oz)",
        }
    }
}

/// A check against one limit.
pub(super) fn cap(
    what: Capped,
    value: impl TryInto<u64>,
    limit: impl Into<u64>,
) -> Result<(), Refusal> {
    let value = value.try_into().unwrap_or(u64::MAX);
    let limit = limit.into();
    if value <= limit {
        Ok(())
    } else {
        Err(Refusal::Limit { what, value, limit })
    }
}

impl From<wasmparser::BinaryReaderError> for Refusal {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        Self::Invalid {
            offset: error.offset(),
            reason: error.message().to_owned(),
        }
    }
}
