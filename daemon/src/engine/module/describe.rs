//! What a module that JavaScript runs imports and exports, as JSON.

use super::{ModuleLimits, Refusal, inspect_part};
use serde_json::{Value, json};
use wasmparser::{ExternalKind, FuncType, GlobalType, Parser, Payload, TypeRef, ValType};

/// Judges a module and tells its imports, `[module, name, kind, type]`, and its exports, `[name,
/// kind, type]`. The type of a function is its place, and one letter a value: `i`, `I`, `f`, `F`,
/// `r` for functions, `e` for values of JavaScript's.
///
/// # Errors
/// What is wrong with it.
pub fn describe_part(source: &[u8], limits: &ModuleLimits) -> Result<String, Refusal> {
    inspect_part(source, limits)?;
    let mut types: Vec<FuncType> = Vec::new();
    let mut functions: Vec<u32> = Vec::new();
    let mut globals: Vec<GlobalType> = Vec::new();
    let mut tables: Vec<char> = Vec::new();
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(source) {
        match payload? {
            Payload::TypeSection(reader) => {
                for ty in reader.into_iter_err_on_gc_types() {
                    types.push(ty?);
                }
            }
            Payload::ImportSection(reader) => {
                for import in reader {
                    let import = import?;
                    let (kind, ty) = match import.ty {
                        TypeRef::Func(ty) => {
                            functions.push(ty);
                            ("function", function(&types, functions.len() - 1, ty))
                        }
                        TypeRef::Table(table) => {
                            let ty = letter(ValType::Ref(table.element_type));
                            tables.push(ty);
                            ("table", json!(ty))
                        }
                        TypeRef::Memory(_) => ("memory", Value::Null),
                        TypeRef::Global(ty) => {
                            globals.push(ty);
                            ("global", global(&ty))
                        }
                        _ => ("tag", Value::Null),
                    };
                    imports.push(json!([import.module, import.name, kind, ty]));
                }
            }
            Payload::FunctionSection(reader) => {
                for ty in reader {
                    functions.push(ty?);
                }
            }
            Payload::TableSection(reader) => {
                for table in reader {
                    tables.push(letter(ValType::Ref(table?.ty.element_type)));
                }
            }
            Payload::GlobalSection(reader) => {
                for found in reader {
                    globals.push(found?.ty);
                }
            }
            Payload::ExportSection(reader) => {
                for export in reader {
                    let export = export?;
                    let at = export.index as usize;
                    let (kind, ty) = match export.kind {
                        ExternalKind::Func => {
                            let ty = functions.get(at).copied().unwrap_or(u32::MAX);
                            ("function", function(&types, at, ty))
                        }
                        ExternalKind::Table => ("table", json!(tables.get(at))),
                        ExternalKind::Memory => ("memory", Value::Null),
                        ExternalKind::Global => {
                            ("global", globals.get(at).map_or(Value::Null, global))
                        }
                        _ => ("tag", Value::Null),
                    };
                    exports.push(json!([export.name, kind, ty]));
                }
            }
            _ => {}
        }
    }
    Ok(json!({ "imports": imports, "exports": exports }).to_string())
}

fn letter(ty: ValType) -> char {
    match ty {
        ValType::I32 => 'i',
        ValType::I64 => 'I',
        ValType::F32 => 'f',
        ValType::F64 => 'F',
        ValType::FUNCREF => 'r',
        _ => 'e',
    }
}

fn function(types: &[FuncType], at: usize, ty: u32) -> Value {
    let letters = |all: &[ValType]| all.iter().copied().map(letter).collect::<String>();
    types.get(ty as usize).map_or(Value::Null, |ty| {
        json!([at, letters(ty.params()), letters(ty.results())])
    })
}

fn global(ty: &GlobalType) -> Value {
    json!([letter(ty.content_type), ty.mutable])
}
