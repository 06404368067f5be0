//! What is done to a module before it runs: judged, then rewritten.
//!
//! A module goes through here once, at deploy, as bytes; nothing here runs it.
//!
//! ```text
//! source --inspect--> Inspected --init_module--> module to boot once --image--> module of isolates
//! ```
//!
//! [`init_module`] makes it import its memory, which the host maps, and spreads its fuel
//! ([`meter`]). [`image`] takes what a snapshot replaces: data, start function, first values
//! of globals.

mod describe;
pub mod image;
pub mod imports;
mod inspect;
mod limits;
pub mod meter;
mod refusal;
mod rewrite;
mod segments;
mod toll;

pub use describe::describe_part;
pub use image::{ImageError, base_image, image};
pub use inspect::{inspect, inspect_part};
pub use limits::ModuleLimits;
pub use refusal::{Capped, NotModule, Refusal};
pub use rewrite::{init_module, metered_part};

use serde::{Deserialize, Serialize};
use wasmparser::WasmFeatures;

/// Bytes of a page of linear memory.
pub const PAGE_BYTES: u64 = 65_536;

/// Where a rewritten module imports its memory from: module and name.
pub const MEMORY_IMPORT: (&str, &str) = ("env", "memory");

/// What names of exports begin with that are the host's.
pub const RESERVED_PREFIX: &str = "__postern_";

/// What a start function is exported as: it is called by the host, in slices, and not by
/// instantiation, which cannot be interrupted.
pub const START_EXPORT: &str = "__postern_start";

/// Whether guests may use SIMD. wasmi's and wasmparser's cargo features `simd` must follow.
pub const SIMD: bool = false;

/// The features that are on, the same here and in wasmi.
pub const FEATURES: WasmFeatures = WasmFeatures::MUTABLE_GLOBAL
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::REFERENCE_TYPES)
    // What wasmparser calls so is needed for `externref`; garbage collection itself is off.
    .union(WasmFeatures::GC_TYPES)
    .union(WasmFeatures::TAIL_CALL)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::FLOATS)
    .union(if SIMD {
        WasmFeatures::SIMD
    } else {
        WasmFeatures::empty()
    });

/// How a guest is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GuestKind {
    /// Through events, version 1 of [`postern_abi`].
    AbiV1,
    /// As a WASI preview 1 command, run once a request.
    Wasi,
    /// Through events, like [`GuestKind::AbiV1`]; the module is the engine of JavaScript, and what
    /// was pushed is what it evaluated.
    JavaScript,
}

/// What is known of a module that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspected {
    /// How it is spoken to.
    pub kind: GuestKind,
    /// Whether it exports [`postern_abi::export::BOOT`].
    pub has_boot: bool,
    /// Whether it has a start function.
    pub has_start: bool,
    /// Pages of memory that it starts with.
    pub memory_min_pages: u32,
    /// Pages that it may grow to: as declared, at most as allowed.
    pub memory_max_pages: u32,
    /// Elements that its tables start with, together.
    pub table_elements: u64,
    /// Elements that any of its tables may grow to, at most.
    pub table_elements_max: u32,
    /// Its mutable globals of numeric types, by rising index.
    pub globals: Vec<MutableGlobal>,
    /// Whether its state after booting can be kept.
    pub snapshot: SnapshotKind,
    /// Functions with a body.
    pub functions: u32,
    /// Bytes of all bodies.
    pub code_bytes: u64,
}

/// A mutable global of a numeric type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MutableGlobal {
    /// Its index.
    pub index: u32,
    /// Its type.
    pub ty: NumericType,
}

impl MutableGlobal {
    /// What [`init_module`] exports it as.
    pub fn export_name(&self) -> String {
        global_export(self.index)
    }
}

pub(crate) fn global_export(index: u32) -> String {
    format!("{RESERVED_PREFIX}global_{index}")
}

/// The types that a snapshot can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum NumericType {
    I32,
    I64,
    F32,
    F64,
}

impl NumericType {
    fn of(ty: wasmparser::ValType) -> Option<Self> {
        Some(match ty {
            wasmparser::ValType::I32 => Self::I32,
            wasmparser::ValType::I64 => Self::I64,
            wasmparser::ValType::F32 => Self::F32,
            wasmparser::ValType::F64 => Self::F64,
            _ => return None,
        })
    }
}

/// A global's value in a snapshot. Floats are their bits, so that every NaN survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum GlobalValue {
    I32(i32),
    I64(i64),
    F32(u32),
    F64(u64),
}

impl GlobalValue {
    /// Its type.
    pub fn ty(self) -> NumericType {
        match self {
            Self::I32(_) => NumericType::I32,
            Self::I64(_) => NumericType::I64,
            Self::F32(_) => NumericType::F32,
            Self::F64(_) => NumericType::F64,
        }
    }
}

/// Whether a module's state after booting is memory and numeric globals only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotKind {
    /// It is.
    Whole,
    /// It is not; such a module boots afresh in each isolate.
    NotPossible(NoSnapshot),
}

/// Why a snapshot would not be the whole state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSnapshot {
    /// A global can hold a reference.
    #[error("global {index} is mutable and holds a reference")]
    ReferenceGlobal {
        /// The global.
        index: u32,
    },
    /// An instruction can change a table or drop an element segment.
    #[error("function {function} contains `{instruction}`")]
    TableMutation {
        /// The function.
        function: u32,
        /// The instruction.
        instruction: &'static str,
    },
}

#[cfg(test)]
mod tests;
