//! Judges a module as it was uploaded: limits first, then validity, then what it is.
//!
//! Counts are checked before the validator sees a section, so that nothing is allocated for
//! what is refused. Nothing here recurses, so that a small stack is enough for any input.

use super::imports::{self, ImportSignature};
use super::refusal::cap;
use super::segments;
use super::{
    Capped, FEATURES, GuestKind, Inspected, MEMORY_IMPORT, ModuleLimits, MutableGlobal, NoSnapshot,
    NotModule, NumericType, RESERVED_PREFIX, Refusal, SnapshotKind,
};
use postern_abi::export;
use wasmparser::{
    CompositeInnerType, ConstExpr, DataKind, ElementItems, ElementKind, ExternalKind,
    FuncToValidate, FuncType, FuncValidatorAllocations, FunctionBody, MemoryType, Operator, Parser,
    Payload, TableInit, TableType, TypeRef, ValidPayload, Validator, ValidatorResources,
};

/// Judges a module.
///
/// # Errors
///
/// What is wrong with it, for the person who sent it.
pub fn inspect(source: &[u8], limits: &ModuleLimits) -> Result<Inspected, Refusal> {
    cap(Capped::ModuleBytes, source.len(), limits.module_bytes)?;
    check_preamble(source)?;
    let mut validator = Validator::new_with_features(FEATURES);
    let mut survey = Survey::new(limits);
    let mut allocations = FuncValidatorAllocations::default();
    let mut parser = Parser::new(0);
    parser.set_features(FEATURES);
    for payload in parser.parse_all(source) {
        let payload = payload?;
        survey.check_section(source, &payload)?;
        if let ValidPayload::Func(function, body) = validator.payload(&payload)? {
            allocations = survey.check_body(function, &body, allocations)?;
        }
    }
    survey.conclude()
}

/// Judges a module that JavaScript runs: it may import and export what it likes.
///
/// # Errors
///
/// What is wrong with it, for the person who sent it.
pub fn inspect_part(source: &[u8], limits: &ModuleLimits) -> Result<(), Refusal> {
    cap(Capped::ModuleBytes, source.len(), limits.module_bytes)?;
    check_preamble(source)?;
    let mut validator = Validator::new_with_features(FEATURES);
    let mut survey = Survey::new(limits);
    let mut allocations = FuncValidatorAllocations::default();
    let mut parser = Parser::new(0);
    parser.set_features(FEATURES);
    for payload in parser.parse_all(source) {
        let payload = payload?;
        survey.check_section(source, &payload)?;
        if let ValidPayload::Func(function, body) = validator.payload(&payload)? {
            allocations = survey.check_body(function, &body, allocations)?;
        }
    }
    Ok(())
}

fn check_preamble(source: &[u8]) -> Result<(), Refusal> {
    let not = |what| Err(Refusal::NotModule(what));
    if source.is_empty() {
        return not(NotModule::Empty);
    }
    if source.starts_with(b"\0asm") {
        if Parser::is_component(source) {
            return not(NotModule::Component);
        }
        if Parser::is_core_wasm(source) {
            return Ok(());
        }
        return not(NotModule::Other);
    }
    let head = &source[..source.len().min(256)];
    if head
        .iter()
        .all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace())
    {
        return not(NotModule::Text);
    }
    not(NotModule::Other)
}

/// What is collected on the way through a module.
struct Survey<'l, 's> {
    limits: &'l ModuleLimits,
    types: Vec<FuncType>,
    /// The type of every function, imported ones first.
    functions: Vec<u32>,
    imported: Vec<ImportedFunction<'s>>,
    foreign: Option<(&'s str, &'s str)>,
    memories: Vec<MemoryType>,
    has_memory_of_its_own: bool,
    table_elements: u64,
    globals: Vec<MutableGlobal>,
    exports: Vec<(&'s str, ExternalKind, u32)>,
    has_start: bool,
    custom_sections: u32,
    bodies: u32,
    code_bytes: u64,
    growths: u32,
    no_snapshot: Option<NoSnapshot>,
}

struct ImportedFunction<'s> {
    module: &'s str,
    name: &'s str,
    ty: u32,
}

impl<'l, 's> Survey<'l, 's> {
    fn new(limits: &'l ModuleLimits) -> Self {
        Self {
            limits,
            types: Vec::new(),
            functions: Vec::new(),
            imported: Vec::new(),
            foreign: None,
            memories: Vec::new(),
            has_memory_of_its_own: false,
            table_elements: 0,
            globals: Vec::new(),
            exports: Vec::new(),
            has_start: false,
            custom_sections: 0,
            bodies: 0,
            code_bytes: 0,
            growths: 0,
            no_snapshot: None,
        }
    }

    /// Holds a section against the limits and notes what it says.
    fn check_section(&mut self, source: &[u8], payload: &Payload<'s>) -> Result<(), Refusal> {
        let limits = self.limits;
        match payload {
            Payload::TypeSection(reader) => {
                cap(Capped::Types, reader.count(), limits.types)?;
                let mut groups = reader.clone().into_iter();
                loop {
                    // A recursive group is read whole, with room for as many types as it claims
                    // to have, before anyone can say that it is not supported.
                    let offset = groups.original_position();
                    if source.get(offset) == Some(&RECURSIVE_GROUP) {
                        return Err(Refusal::Invalid {
                            offset,
                            reason: "recursive type groups are not supported".to_owned(),
                        });
                    }
                    let Some(group) = groups.next() else { break };
                    for ty in group?.into_types() {
                        let CompositeInnerType::Func(ty) = ty.composite_type.inner else {
                            // The validator, which comes next, has the words for it.
                            return Ok(());
                        };
                        cap(Capped::Params, ty.params().len(), limits.params)?;
                        cap(Capped::Results, ty.results().len(), limits.results)?;
                        self.types.push(ty);
                    }
                }
            }
            Payload::ImportSection(reader) => {
                cap(Capped::Imports, reader.count(), limits.imports)?;
                for import in reader.clone() {
                    self.note_import(import?)?;
                }
            }
            Payload::FunctionSection(reader) => {
                let count = u64::from(reader.count()) + self.functions.len() as u64;
                cap(Capped::Functions, count, limits.functions)?;
                for ty in reader.clone() {
                    self.functions.push(ty?);
                }
            }
            Payload::TableSection(reader) => {
                cap(Capped::Tables, reader.count(), limits.tables)?;
                for table in reader.clone() {
                    let table = table?;
                    if let TableInit::Expr(expr) = &table.init {
                        self.check_const_expr(expr)?;
                    }
                    self.note_table(&table.ty)?;
                }
            }
            Payload::MemorySection(reader) => {
                cap(Capped::Memories, reader.count(), 1u32)?;
                self.has_memory_of_its_own = reader.count() > 0;
                for memory in reader.clone() {
                    self.note_memory(memory?)?;
                }
            }
            Payload::GlobalSection(reader) => {
                cap(Capped::Globals, reader.count(), limits.globals)?;
                for (index, global) in (0..).zip(reader.clone()) {
                    let global = global?;
                    self.check_const_expr(&global.init_expr)?;
                    if global.ty.mutable {
                        match NumericType::of(global.ty.content_type) {
                            Some(ty) => self.globals.push(MutableGlobal { index, ty }),
                            None => {
                                self.no_snapshot
                                    .get_or_insert(NoSnapshot::ReferenceGlobal { index });
                            }
                        }
                    }
                }
            }
            Payload::ExportSection(reader) => {
                cap(Capped::Exports, reader.count(), limits.exports)?;
                for export in reader.clone() {
                    let export = export?;
                    self.check_name(export.name)?;
                    if export.name.starts_with(RESERVED_PREFIX) {
                        return Err(Refusal::ReservedExport {
                            name: export.name.to_owned(),
                        });
                    }
                    self.exports.push((export.name, export.kind, export.index));
                }
            }
            Payload::StartSection { .. } => self.has_start = true,
            Payload::ElementSection(reader) => {
                cap(
                    Capped::ElementSegments,
                    reader.count(),
                    limits.element_segments,
                )?;
                for element in reader.clone() {
                    let element = element?;
                    if let ElementKind::Active { offset_expr, .. } = &element.kind {
                        self.check_const_expr(offset_expr)?;
                    }
                    match element.items {
                        ElementItems::Functions(items) => {
                            cap(Capped::TableElements, items.count(), limits.table_elements)?;
                        }
                        ElementItems::Expressions(_, items) => {
                            cap(Capped::TableElements, items.count(), limits.table_elements)?;
                            for expr in items {
                                self.check_const_expr(&expr?)?;
                            }
                        }
                    }
                }
            }
            Payload::DataCountSection { count, .. } => {
                cap(Capped::DataSegments, *count, limits.data_segments)?;
            }
            Payload::DataSection(reader) => {
                let most = if self.has_memory_of_its_own {
                    segments::SENT_MAX
                } else {
                    limits.data_segments
                };
                cap(Capped::DataSegments, reader.count(), most)?;
                let joined = segments::joined(reader)?.map(|runs| runs.len() as u64);
                let count = joined.unwrap_or_else(|| reader.count().into());
                cap(Capped::DataSegments, count, limits.data_segments)?;
                for data in reader.clone() {
                    if let DataKind::Active { offset_expr, .. } = &data?.kind {
                        self.check_const_expr(offset_expr)?;
                    }
                }
            }
            Payload::CodeSectionStart { count, size, .. } => {
                cap(Capped::Functions, *count, limits.functions)?;
                let average = u64::from(*size) / u64::from((*count).max(1));
                if *size >= 1000 && average < u64::from(limits.function_bytes_average_min) {
                    return Err(Refusal::TinyFunctions {
                        functions: *count,
                        average,
                        limit: limits.function_bytes_average_min,
                    });
                }
                self.bodies = *count;
            }
            Payload::CodeSectionEntry(body) => {
                let bytes = body.range().len();
                cap(Capped::FunctionBytes, bytes, limits.function_bytes)?;
                self.code_bytes += bytes as u64;
            }
            Payload::CustomSection(_) => {
                self.custom_sections += 1;
                cap(
                    Capped::CustomSections,
                    self.custom_sections,
                    limits.custom_sections,
                )?;
            }
            // The validator refuses what else there may be.
            _ => {}
        }
        Ok(())
    }

    fn note_import(&mut self, import: wasmparser::Import<'s>) -> Result<(), Refusal> {
        self.check_name(import.module)?;
        self.check_name(import.name)?;
        match import.ty {
            TypeRef::Func(ty) => {
                self.functions.push(ty);
                self.imported.push(ImportedFunction {
                    module: import.module,
                    name: import.name,
                    ty,
                });
            }
            TypeRef::Memory(memory) if (import.module, import.name) == MEMORY_IMPORT => {
                self.note_memory(memory)?;
            }
            _ => {
                self.foreign.get_or_insert((import.module, import.name));
            }
        }
        Ok(())
    }

    fn note_table(&mut self, table: &TableType) -> Result<(), Refusal> {
        self.table_elements = self.table_elements.saturating_add(table.initial);
        cap(
            Capped::TableElements,
            self.table_elements,
            self.limits.table_elements,
        )
    }

    fn note_memory(&mut self, memory: MemoryType) -> Result<(), Refusal> {
        self.memories.push(memory);
        cap(Capped::Memories, self.memories.len(), 1u32)?;
        cap(
            Capped::MemoryPages,
            memory.initial,
            self.limits.memory_pages,
        )
    }

    fn check_name(&self, name: &str) -> Result<(), Refusal> {
        cap(Capped::NameBytes, name.len(), self.limits.name_bytes)
    }

    fn check_const_expr(&self, expr: &ConstExpr<'_>) -> Result<(), Refusal> {
        let mut reader = expr.get_operators_reader();
        let mut count = 0u32;
        while !reader.eof() {
            reader.read()?;
            count += 1;
            // The last one is `end`.
            cap(
                Capped::ConstExprOps,
                count.saturating_sub(1),
                self.limits.const_expr_ops,
            )?;
        }
        Ok(())
    }

    /// Holds a body against the limits and validates it.
    fn check_body(
        &mut self,
        function: FuncToValidate<ValidatorResources>,
        body: &FunctionBody<'_>,
        allocations: FuncValidatorAllocations,
    ) -> Result<FuncValidatorAllocations, Refusal> {
        let mut locals = 0u64;
        for group in body.get_locals_reader()? {
            let (count, _) = group?;
            locals += u64::from(count);
            cap(Capped::Locals, locals, self.limits.locals)?;
        }
        let mut validator = function.into_validator(allocations);
        let index = validator.index();
        let mut reader = body.get_binary_reader();
        validator.read_locals(&mut reader)?;
        let mut operators = body.get_operators_reader()?;
        let mut nesting = 0u32;
        while !operators.eof() {
            let offset = operators.original_position();
            let operator = operators.read()?;
            if matches!(
                operator,
                Operator::MemoryGrow { .. } | Operator::TableGrow { .. }
            ) {
                self.growths += 1;
                cap(Capped::Growths, self.growths, self.limits.growths)?;
            }
            match &operator {
                Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                    nesting += 1;
                    cap(Capped::Nesting, nesting, self.limits.nesting)?;
                }
                Operator::End => nesting = nesting.saturating_sub(1),
                Operator::BrTable { targets } => {
                    cap(
                        Capped::BrTableTargets,
                        targets.len(),
                        self.limits.br_table_targets,
                    )?;
                }
                _ => {
                    if self.no_snapshot.is_none()
                        && let Some(instruction) = table_mutation(&operator)
                    {
                        self.no_snapshot = Some(NoSnapshot::TableMutation {
                            function: index,
                            instruction,
                        });
                    }
                }
            }
            validator.op(offset, &operator)?;
        }
        validator.finish(operators.original_position())?;
        Ok(validator.into_allocations())
    }

    /// Decides what the module is, once all of it is known to be valid.
    fn conclude(self) -> Result<Inspected, Refusal> {
        let kind = self.kind()?;
        self.check_imports(kind)?;
        let has_boot = self.check_exports(kind)?;
        // A module without a memory cannot export one, so this was refused before.
        let memory = self
            .memories
            .first()
            .ok_or_else(|| inconsistent("memory"))?;
        let most = u64::from(self.limits.memory_pages);
        let max = memory.maximum.map_or(most, |max| max.min(most));
        Ok(Inspected {
            kind,
            has_boot,
            has_start: self.has_start,
            memory_min_pages: pages(memory.initial),
            memory_max_pages: pages(max),
            table_elements: self.table_elements,
            table_elements_max: self.limits.table_elements,
            globals: self.globals,
            snapshot: self
                .no_snapshot
                .map_or(SnapshotKind::Whole, SnapshotKind::NotPossible),
            functions: self.bodies,
            code_bytes: self.code_bytes,
        })
    }

    fn kind(&self) -> Result<GuestKind, Refusal> {
        let versions: Vec<&str> = self
            .exports
            .iter()
            .filter_map(|(name, ..)| name.strip_prefix(export::MARK_PREFIX))
            .collect();
        let ours = postern_abi::VERSION.to_string();
        if versions.contains(&ours.as_str()) {
            return Ok(GuestKind::AbiV1);
        }
        if !versions.is_empty() {
            let mut found = versions.join(", ");
            found.truncate(found.floor_char_boundary(64));
            return Err(Refusal::AbiVersion { found });
        }
        let exports = |name| self.exports.iter().any(|(found, ..)| *found == name);
        if exports(WASI_START.0) {
            return Ok(GuestKind::Wasi);
        }
        let hint = if exports("_initialize") {
            "; it is a WASI reactor: build it as a command, with a main function"
        } else if exports(export::EVENT) || exports(export::WINDOW) {
            "; it has other exports of the guest ABI: is the marker stripped?"
        } else {
            ""
        };
        Err(Refusal::NoGuest { hint })
    }

    fn check_imports(&self, kind: GuestKind) -> Result<(), Refusal> {
        let (module, known) = kind.imports();
        let unknown = |module: &str, name: &str| Refusal::UnknownImport {
            module: module.to_owned(),
            name: name.to_owned(),
            kind: kind_name(kind),
            known: list(kind),
        };
        if let Some((module, name)) = self.foreign {
            return Err(unknown(module, name));
        }
        for import in &self.imported {
            let signature: &ImportSignature = known
                .iter()
                .find(|signature| import.module == module && signature.name == import.name)
                .ok_or_else(|| unknown(import.module, import.name))?;
            let ty = self.type_at(import.ty)?;
            if !signature.matches(ty) {
                return Err(Refusal::ImportType {
                    module: import.module.to_owned(),
                    name: import.name.to_owned(),
                    found: imports::show(ty),
                    expected: signature.to_string(),
                });
            }
        }
        Ok(())
    }

    /// Checks what this kind of guest must export; tells whether it exports `postern_boot`.
    fn check_exports(&self, kind: GuestKind) -> Result<bool, Refusal> {
        self.require(kind, export::MEMORY, MEMORY_EXPECTED)?;
        match kind {
            GuestKind::Wasi => {
                self.require(kind, WASI_START.0, WASI_START.1)?;
                Ok(false)
            }
            GuestKind::AbiV1 | GuestKind::JavaScript => {
                self.require(kind, MARK, "() -> ()")?;
                self.require(kind, export::WINDOW, "(i32) -> (i32)")?;
                self.require(kind, export::EVENT, "(i32, i32, i32) -> (i32)")?;
                if self.exports.iter().any(|(name, ..)| *name == export::BOOT) {
                    self.require(kind, export::BOOT, "() -> (i32)")?;
                    return Ok(true);
                }
                Ok(false)
            }
        }
    }

    fn require(
        &self,
        kind: GuestKind,
        name: &'static str,
        expected: &'static str,
    ) -> Result<(), Refusal> {
        let Some((_, found, index)) = self.exports.iter().find(|(found, ..)| *found == name) else {
            return Err(Refusal::MissingExport {
                name,
                expected,
                kind: kind_name(kind),
            });
        };
        let found = match found {
            ExternalKind::Func => {
                let ty = self.functions.get(*index as usize).copied();
                imports::show(self.type_at(ty.unwrap_or(u32::MAX))?)
            }
            ExternalKind::Memory => MEMORY_EXPECTED.to_owned(),
            ExternalKind::Table => "a table".to_owned(),
            ExternalKind::Global => "a global".to_owned(),
            ExternalKind::Tag => "a tag".to_owned(),
        };
        if found == expected {
            Ok(())
        } else {
            Err(Refusal::ExportType {
                name: name.to_owned(),
                found,
                expected,
            })
        }
    }

    fn type_at(&self, index: u32) -> Result<&FuncType, Refusal> {
        self.types
            .get(index as usize)
            .ok_or_else(|| inconsistent("type"))
    }
}

/// The first byte of a group of types that may refer to each other.
const RECURSIVE_GROUP: u8 = 0x4e;
const MARK: &str = "postern_abi_v1";
const MEMORY_EXPECTED: &str = "the memory";
const WASI_START: (&str, &str) = ("_start", "() -> ()");

fn kind_name(kind: GuestKind) -> &'static str {
    match kind {
        GuestKind::AbiV1 | GuestKind::JavaScript => "a guest of ABI version 1",
        GuestKind::Wasi => "a WASI preview 1 command",
    }
}

fn list(kind: GuestKind) -> String {
    let (module, known) = kind.imports();
    let names: Vec<&str> = known.iter().map(|signature| signature.name).collect();
    format!(
        "{}.{}, and functions of `{module}`: {}",
        MEMORY_IMPORT.0,
        MEMORY_IMPORT.1,
        names.join(", ")
    )
}

/// For what validation has excluded: an answer all the same, rather than a panic.
fn inconsistent(what: &str) -> Refusal {
    Refusal::Invalid {
        offset: 0,
        reason: format!("a {what} is used that is not defined"),
    }
}

fn pages(pages: u64) -> u32 {
    // At most 2^16 after validation.
    u32::try_from(pages).unwrap_or(u32::MAX)
}

fn table_mutation(operator: &Operator<'_>) -> Option<&'static str> {
    Some(match operator {
        Operator::TableSet { .. } => "table.set",
        Operator::TableGrow { .. } => "table.grow",
        Operator::TableFill { .. } => "table.fill",
        Operator::TableCopy { .. } => "table.copy",
        Operator::TableInit { .. } => "table.init",
        Operator::ElemDrop { .. } => "elem.drop",
        _ => return None,
    })
}
