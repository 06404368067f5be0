//! Makes the module that is booted once: it imports its memory, its fuel follows what is
//! executed, and its mutable globals can be read.

use super::meter;
use super::segments;
use super::{FEATURES, Inspected, MEMORY_IMPORT, Refusal, START_EXPORT, global_export};
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    CodeSection, EntityType, ExportKind, ExportSection, ImportSection, MemoryType, Module,
    RawSection, TableSection, TypeSection,
};
use wasmparser::{
    FuncType, FuncValidatorAllocations, Parser, Payload, TableInit, TypeRef, ValidPayload,
    Validator,
};

/// Rewrites a module that [`inspect`](super::inspect()) accepted.
///
/// - The memory, defined or imported, becomes the import `env.memory`, which it still exports
///   as it did. Its maximum is at most the limit that it was inspected with; so are tables'.
/// - Every global in [`Inspected::globals`] is exported as
///   [`MutableGlobal::export_name`](super::MutableGlobal::export_name).
/// - The start function is exported as [`START_EXPORT`], for the host to call in slices.
/// - Custom sections are gone; everything else keeps its index and place.
///
/// # Errors
///
/// Only for a source that was not accepted.
pub fn init_module(source: &[u8], inspected: &Inspected) -> Result<Vec<u8>, Refusal> {
    let (bodies, types) = meter_bodies(source)?;
    let memory = MemoryType {
        minimum: u64::from(inspected.memory_min_pages),
        maximum: Some(u64::from(inspected.memory_max_pages)),
        memory64: false,
        shared: false,
        page_size_log2: None,
    };
    let mut module = Module::new();
    let mut imports = Some(memory);
    let start = start_function(source)?;
    for payload in Parser::new(0).parse_all(source) {
        let payload = payload?;
        import_if_none(&mut module, &payload, &mut imports);
        match payload {
            Payload::TypeSection(_) => {
                module.section(&type_section(types.iter())?);
            }
            Payload::ImportSection(reader) => {
                let mut section = ImportSection::new();
                for import in reader {
                    let import = import?;
                    if let TypeRef::Func(ty) = import.ty {
                        section.import(import.module, import.name, EntityType::Function(ty));
                    }
                }
                if let Some(memory) = imports.take() {
                    section.import(MEMORY_IMPORT.0, MEMORY_IMPORT.1, memory);
                }
                module.section(&section);
            }
            Payload::TableSection(reader) => {
                module.section(&table_section(reader, inspected.table_elements_max)?);
            }
            Payload::ExportSection(reader) => {
                let mut section = ExportSection::new();
                for export in reader {
                    let export = export?;
                    let kind = RoundtripReencoder.export_kind(export.kind);
                    section.export(export.name, kind, export.index);
                }
                for global in &inspected.globals {
                    section.export(
                        &global_export(global.index),
                        ExportKind::Global,
                        global.index,
                    );
                }
                if let Some(start) = start {
                    section.export(START_EXPORT, ExportKind::Func, start);
                }
                module.section(&section);
            }
            Payload::CodeSectionStart { .. } => {
                let mut section = CodeSection::new();
                for body in &bodies {
                    section.raw(body);
                }
                module.section(&section);
            }
            Payload::DataSection(reader) => data_section(&mut module, source, reader)?,
            Payload::MemorySection(_)
            | Payload::StartSection { .. }
            | Payload::CustomSection(_)
            | Payload::CodeSectionEntry(_) => {}
            payload => copy_section(&mut module, source, &payload),
        }
    }
    Ok(module.finish())
}

/// Rewrites a module that [`inspect_part`](super::inspect_part) accepted: its fuel follows what
/// is executed, and its start function is exported as [`START_EXPORT`] instead of being run. A memory that it
/// defines is the last thing that it imports.
///
/// # Errors
///
/// Only for a source that was not accepted.
pub fn metered_part(source: &[u8]) -> Result<Vec<u8>, Refusal> {
    let (bodies, types) = meter_bodies(source)?;
    let start = start_function(source)?;
    let mut module = Module::new();
    let mut exported = false;
    let mut own = own_memory(source)?;
    for payload in Parser::new(0).parse_all(source) {
        let payload = payload?;
        import_if_none(&mut module, &payload, &mut own);
        match payload {
            Payload::TypeSection(_) => {
                module.section(&type_section(types.iter())?);
            }
            Payload::ImportSection(reader) => {
                let mut section = ImportSection::new();
                RoundtripReencoder
                    .parse_import_section(&mut section, reader)
                    .map_err(unencodable)?;
                if let Some(memory) = own.take() {
                    section.import(MEMORY_IMPORT.0, MEMORY_IMPORT.1, memory);
                }
                module.section(&section);
            }
            Payload::ExportSection(reader) => {
                let mut section = ExportSection::new();
                for export in reader {
                    let export = export?;
                    let kind = RoundtripReencoder.export_kind(export.kind);
                    section.export(export.name, kind, export.index);
                }
                if let Some(start) = start {
                    section.export(START_EXPORT, ExportKind::Func, start);
                }
                exported = true;
                module.section(&section);
            }
            Payload::StartSection { func, .. } if !exported => {
                let mut section = ExportSection::new();
                section.export(START_EXPORT, ExportKind::Func, func);
                module.section(&section);
            }
            Payload::CodeSectionStart { .. } => {
                let mut section = CodeSection::new();
                for body in &bodies {
                    section.raw(body);
                }
                module.section(&section);
            }
            Payload::DataSection(reader) => data_section(&mut module, source, reader)?,
            Payload::MemorySection(_)
            | Payload::StartSection { .. }
            | Payload::CustomSection(_)
            | Payload::CodeSectionEntry(_) => {}
            payload => copy_section(&mut module, source, &payload),
        }
    }
    Ok(module.finish())
}

/// Has a memory imported where the source imports nothing: imports come before whatever follows types.
fn import_if_none(module: &mut Module, payload: &Payload<'_>, memory: &mut Option<MemoryType>) {
    let is_before = matches!(
        payload,
        Payload::Version { .. }
            | Payload::CustomSection(_)
            | Payload::TypeSection(_)
            | Payload::ImportSection(_)
    );
    if !is_before && let Some(memory) = memory.take() {
        let mut section = ImportSection::new();
        section.import(MEMORY_IMPORT.0, MEMORY_IMPORT.1, memory);
        module.section(&section);
    }
}

/// The memory that a module defines.
fn own_memory(source: &[u8]) -> Result<Option<MemoryType>, Refusal> {
    for payload in Parser::new(0).parse_all(source) {
        if let Payload::MemorySection(reader) = payload?
            && let Some(memory) = reader.into_iter().next()
        {
            return Ok(Some(RoundtripReencoder.memory_type(memory?)));
        }
    }
    Ok(None)
}

/// The index of the start function.
fn start_function(source: &[u8]) -> Result<Option<u32>, Refusal> {
    for payload in Parser::new(0).parse_all(source) {
        if let Payload::StartSection { func, .. } = payload? {
            return Ok(Some(func));
        }
    }
    Ok(None)
}

/// The data, of which segments are joined where they are many.
fn data_section(
    module: &mut Module,
    source: &[u8],
    reader: wasmparser::DataSectionReader<'_>,
) -> Result<(), Refusal> {
    let runs = match own_memory(source)? {
        Some(_) => segments::joined(&reader)?,
        None => None,
    };
    if let Some(runs) = runs {
        module.section(&segments::section(&reader, &runs)?);
    } else {
        copy_section(module, source, &Payload::DataSection(reader));
    }
    Ok(())
}

/// Copies a section as it is.
pub(super) fn copy_section(module: &mut Module, source: &[u8], payload: &Payload<'_>) {
    if let Some((id, range)) = payload.as_section() {
        module.section(&RawSection {
            id,
            data: &source[range],
        });
    }
}

/// The rewritten bodies and all types that they use.
fn meter_bodies(source: &[u8]) -> Result<(Vec<Vec<u8>>, Vec<FuncType>), Refusal> {
    let mut validator = Validator::new_with_features(FEATURES);
    let mut allocations = FuncValidatorAllocations::default();
    let mut bodies = Vec::new();
    let mut types = meter::Types::new(Vec::new());
    let mut parser = Parser::new(0);
    parser.set_features(FEATURES);
    for payload in parser.parse_all(source) {
        let payload = payload?;
        let valid = validator.payload(&payload)?;
        if let Payload::TypeSection(reader) = &payload {
            let declared = reader
                .clone()
                .into_iter_err_on_gc_types()
                .collect::<Result<Vec<FuncType>, _>>()?;
            types = meter::Types::new(declared);
        }
        if let ValidPayload::Func(function, body) = valid {
            let (body, kept) = meter::body(&mut types, function, &body, allocations)?;
            allocations = kept;
            bodies.push(body);
        }
    }
    Ok((bodies, types.into_all()))
}

fn type_section<'t>(types: impl Iterator<Item = &'t FuncType>) -> Result<TypeSection, Refusal> {
    let mut section = TypeSection::new();
    for ty in types {
        let ty = RoundtripReencoder
            .func_type(ty.clone())
            .map_err(unencodable)?;
        section.ty().func_type(&ty);
    }
    Ok(section)
}

fn table_section(
    reader: wasmparser::TableSectionReader<'_>,
    elements_max: u32,
) -> Result<TableSection, Refusal> {
    let elements_max = u64::from(elements_max);
    let mut section = TableSection::new();
    for table in reader {
        let table = table?;
        let mut ty = RoundtripReencoder
            .table_type(table.ty)
            .map_err(unencodable)?;
        ty.maximum = Some(ty.maximum.map_or(elements_max, |max| max.min(elements_max)));
        match table.init {
            TableInit::RefNull => section.table(ty),
            TableInit::Expr(expr) => {
                let expr = RoundtripReencoder.const_expr(expr).map_err(unencodable)?;
                section.table_with_init(ty, &expr)
            }
        };
    }
    Ok(section)
}

fn unencodable(error: wasm_encoder::reencode::Error<std::convert::Infallible>) -> Refusal {
    Refusal::Invalid {
        offset: 0,
        reason: error.to_string(),
    }
}
