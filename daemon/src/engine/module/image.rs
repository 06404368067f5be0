//! Makes the module of restored isolates: what a snapshot replaces is taken out.

use super::rewrite::copy_section;
use super::{FEATURES, GlobalValue, MEMORY_IMPORT, NumericType, RESERVED_PREFIX};
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    ConstExpr, DataSection, EntityType, ExportSection, GlobalSection, ImportSection, Module,
};
use wasmparser::{DataKind, Parser, Payload, TypeRef};

/// Why no image can be made. It means a fault of the caller, not of the module.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// Not the output of [`init_module`](super::init_module).
    #[error("not a rewritten module: {0}")]
    NotRewritten(String),
    /// The values do not fit the module's globals.
    #[error("the snapshot has {found} values of globals, the module {expected} that are mutable")]
    GlobalCount {
        /// Values given.
        found: usize,
        /// Mutable numeric globals.
        expected: usize,
    },
    /// A value does not fit its global.
    #[error(
        "the snapshot's value of global {index} is of type {found:?}, the global is {expected:?}"
    )]
    GlobalType {
        /// The global.
        index: u32,
        /// The value's type.
        found: NumericType,
        /// The global's type.
        expected: NumericType,
    },
    /// A memory larger than the module's maximum.
    #[error("the snapshot has {found} pages of memory, the module's maximum is {limit}")]
    MemoryPages {
        /// Pages given.
        found: u64,
        /// The maximum.
        limit: u64,
    },
}

impl From<wasmparser::BinaryReaderError> for ImageError {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        Self::NotRewritten(error.to_string())
    }
}

/// Makes the module of isolates that begin with a snapshot.
///
/// `init_module` is the output of [`init_module`](super::init_module), `globals` are the values
/// of [`Inspected::globals`](super::Inspected::globals) in that order, `memory_pages` is the
/// size of the snapshot's memory.
///
/// - There is no start function.
/// - Active data segments become passive and empty, which is what they are after
///   instantiation; indices stay.
/// - Mutable numeric globals begin with the values given, and are exported no more.
/// - The memory begins with `memory_pages`.
///
/// Tables are filled by element segments as before, so this is the whole state only for modules
/// whose [`SnapshotKind`](super::SnapshotKind) is `Whole`. Passive data segments are there again
/// even where booting dropped them.
///
/// # Errors
///
/// When the arguments do not belong together.
pub fn image(
    init_module: &[u8],
    globals: &[GlobalValue],
    memory_pages: u64,
) -> Result<Vec<u8>, ImageError> {
    without_start(init_module, globals, memory_pages, Reserved::Hidden)
}

/// The same, with mutable globals still exported: the module from which other snapshots are made,
/// which must leave globals as they are.
///
/// # Errors
///
/// When the arguments do not belong together.
pub fn base_image(
    init_module: &[u8],
    globals: &[GlobalValue],
    memory_pages: u64,
) -> Result<Vec<u8>, ImageError> {
    without_start(init_module, globals, memory_pages, Reserved::Shown)
}

/// What becomes of exports that are the host's.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reserved {
    Hidden,
    Shown,
}

fn without_start(
    init_module: &[u8],
    globals: &[GlobalValue],
    memory_pages: u64,
    reserved: Reserved,
) -> Result<Vec<u8>, ImageError> {
    let mut module = Module::new();
    let mut values = globals.iter().copied();
    let mut expected = 0;
    let mut has_memory = false;
    let mut parser = Parser::new(0);
    parser.set_features(FEATURES);
    for payload in parser.parse_all(init_module) {
        match payload? {
            Payload::ImportSection(reader) => {
                let (section, found) = import_section(reader, memory_pages)?;
                has_memory |= found;
                module.section(&section);
            }
            Payload::GlobalSection(reader) => {
                let (section, count) = global_section(reader, &mut values)?;
                expected += count;
                module.section(&section);
            }
            Payload::ExportSection(reader) => {
                let mut section = ExportSection::new();
                for export in reader {
                    let export = export?;
                    let is_shown =
                        reserved == Reserved::Shown && export.name != super::START_EXPORT;
                    if is_shown || !export.name.starts_with(RESERVED_PREFIX) {
                        let kind = RoundtripReencoder.export_kind(export.kind);
                        section.export(export.name, kind, export.index);
                    }
                }
                module.section(&section);
            }
            Payload::DataSection(reader) => {
                let mut section = DataSection::new();
                for data in reader {
                    let data = data?;
                    match data.kind {
                        DataKind::Active { .. } => section.passive([]),
                        DataKind::Passive => section.passive(data.data.iter().copied()),
                    };
                }
                module.section(&section);
            }
            Payload::StartSection { .. } | Payload::CodeSectionEntry(_) => {}
            payload => copy_section(&mut module, init_module, &payload),
        }
    }
    if !has_memory {
        return Err(ImageError::NotRewritten("it imports no memory".to_owned()));
    }
    if expected != globals.len() {
        return Err(ImageError::GlobalCount {
            found: globals.len(),
            expected,
        });
    }
    Ok(module.finish())
}

fn import_section(
    reader: wasmparser::ImportSectionReader<'_>,
    memory_pages: u64,
) -> Result<(ImportSection, bool), ImageError> {
    let mut section = ImportSection::new();
    let mut has_memory = false;
    for import in reader {
        let import = import?;
        let mut ty = RoundtripReencoder
            .entity_type(import.ty)
            .map_err(unencodable)?;
        if let (EntityType::Memory(memory), TypeRef::Memory(_)) = (&mut ty, import.ty) {
            has_memory |= (import.module, import.name) == MEMORY_IMPORT;
            let limit = memory.maximum.unwrap_or(0);
            if memory_pages > limit || memory_pages < memory.minimum {
                return Err(ImageError::MemoryPages {
                    found: memory_pages,
                    limit,
                });
            }
            memory.minimum = memory_pages;
        }
        section.import(import.module, import.name, ty);
    }
    Ok((section, has_memory))
}

/// The globals with their new values, and how many values that took.
fn global_section(
    reader: wasmparser::GlobalSectionReader<'_>,
    values: &mut impl Iterator<Item = GlobalValue>,
) -> Result<(GlobalSection, usize), ImageError> {
    let mut section = GlobalSection::new();
    let mut count = 0;
    for (index, global) in (0..).zip(reader) {
        let global = global?;
        let ty = RoundtripReencoder
            .global_type(global.ty)
            .map_err(unencodable)?;
        let numeric = NumericType::of(global.ty.content_type).filter(|_| global.ty.mutable);
        if let Some(expected) = numeric {
            count += 1;
            if let Some(value) = values.next() {
                if value.ty() != expected {
                    return Err(ImageError::GlobalType {
                        index,
                        found: value.ty(),
                        expected,
                    });
                }
                section.global(ty, &constant(value));
                continue;
            }
        }
        let init = RoundtripReencoder
            .const_expr(global.init_expr)
            .map_err(unencodable)?;
        section.global(ty, &init);
    }
    Ok((section, count))
}

fn constant(value: GlobalValue) -> ConstExpr {
    match value {
        GlobalValue::I32(value) => ConstExpr::i32_const(value),
        GlobalValue::I64(value) => ConstExpr::i64_const(value),
        // As bytes: a float's registers may quieten a signalling NaN.
        GlobalValue::F32(bits) => raw(0x43, &bits.to_le_bytes()),
        GlobalValue::F64(bits) => raw(0x44, &bits.to_le_bytes()),
    }
}

fn raw(opcode: u8, immediate: &[u8]) -> ConstExpr {
    ConstExpr::raw(std::iter::once(opcode).chain(immediate.iter().copied()))
}

fn unencodable(error: wasm_encoder::reencode::Error<std::convert::Infallible>) -> ImageError {
    ImageError::NotRewritten(error.to_string())
}
