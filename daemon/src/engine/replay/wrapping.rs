//! Puts a wrapper around every function of a module, which tells the host when the function begins
//! and ends. The functions themselves stay as they are, and so does their fuel.

use std::convert::Infallible;
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{CodeSection, Function, FunctionSection, ImportSection, Module, TypeSection};
use wasmparser::{CompositeInnerType, Parser, Payload, TypeRef};

/// Where the module imports what wrappers call: `enter(function)`, `leave()` and
/// `script(function: i64)`, which tells which function of JavaScript the interpreter runs.
pub const HOST: &str = "profile";

/// QuickJS's interpreter: its second parameter is the function that it runs.
const INTERPRETER: &str = "JS_CallInternal";

/// A module whose functions are wrapped.
pub struct Wrapped {
    /// It.
    pub module: Vec<u8>,
    /// The functions' names.
    pub names: Vec<String>,
    /// What each wrapper costs in fuel.
    pub costs: Vec<u64>,
}

/// Wraps `metered`, whose functions have their names in `source`, if that tells any.
///
/// # Errors
/// When `metered` is not what the metering pass makes.
pub fn wrap(source: &[u8], metered: &[u8]) -> Result<Wrapped, String> {
    let told = |error: wasmparser::BinaryReaderError| error.to_string();
    let mut wrapping = Wrapping::default();
    let mut parameters = Vec::new();
    let mut exported = Vec::new();
    for payload in Parser::new(0).parse_all(metered) {
        match payload.map_err(told)? {
            Payload::TypeSection(section) => {
                for group in section {
                    for ty in group.map_err(told)?.into_types() {
                        let CompositeInnerType::Func(ty) = ty.composite_type.inner else {
                            return Err("a type that is no function's".to_owned());
                        };
                        parameters.push(ty.params().len() as u32);
                    }
                }
            }
            Payload::ImportSection(section) => {
                let functions = section.into_iter().filter(|import| {
                    matches!(import.as_ref().map(|it| it.ty), Ok(TypeRef::Func(_)))
                });
                wrapping.imports = functions.count() as u32;
            }
            Payload::FunctionSection(section) => {
                let types: Result<_, _> = section.into_iter().collect();
                wrapping.types = types.map_err(told)?;
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export.map_err(told)?;
                    if export.kind == wasmparser::ExternalKind::Func {
                        exported.push((export.index, export.name.to_owned()));
                    }
                }
            }
            _ => {}
        }
    }
    wrapping.first_type = parameters.len() as u32;
    let mut names = names(source, wrapping.imports, wrapping.types.len());
    for (index, name) in exported {
        let at = index.wrapping_sub(wrapping.imports) as usize;
        if let Some(unnamed) = names.get_mut(at).filter(|it| it.starts_with("function ")) {
            *unnamed = name;
        }
    }
    wrapping.wrappers = (wrapping.types.iter().zip(&names))
        .map(|(ty, name)| {
            let parameters = parameters.get(*ty as usize).copied();
            let parameters = parameters.ok_or("a function of no type")?;
            Ok((parameters, name == INTERPRETER && parameters >= 2))
        })
        .collect::<Result<_, String>>()?;
    let costs = wrapping.wrappers.iter();
    let costs = costs.map(|(parameters, is_interpreter)| {
        4 + u64::from(*parameters) + if *is_interpreter { 2 } else { 0 }
    });
    let costs = costs.collect();
    let mut module = Module::new();
    wrapping
        .parse_core_module(&mut module, Parser::new(0), metered)
        .map_err(|error| error.to_string())?;
    Ok(Wrapped {
        module: module.finish(),
        names,
        costs,
    })
}

/// The names of the functions that the module defines.
fn names(source: &[u8], imports: u32, count: usize) -> Vec<String> {
    let mut names: Vec<String> = (0..count).map(|at| format!("function {at}")).collect();
    for payload in Parser::new(0).parse_all(source) {
        let Ok(Payload::CustomSection(section)) = payload else {
            continue;
        };
        let wasmparser::KnownCustom::Name(section) = section.as_known() else {
            continue;
        };
        for part in section.into_iter().flatten() {
            let wasmparser::Name::Function(functions) = part else {
                continue;
            };
            for naming in functions.into_iter().flatten() {
                let at = naming.index.wrapping_sub(imports) as usize;
                if let Some(name) = names.get_mut(at) {
                    naming.name.clone_into(name);
                }
            }
        }
    }
    names
}

#[derive(Default)]
struct Wrapping {
    /// Functions that the module imports.
    imports: u32,
    /// The types of those that it defines.
    types: Vec<u32>,
    /// Types that the module had.
    first_type: u32,
    /// For each of its functions, how many parameters it has and whether it is the interpreter.
    wrappers: Vec<(u32, bool)>,
}

/// Functions of [`HOST`], which follow the module's imports.
const ADDED: u32 = 3;

impl Reencode for Wrapping {
    type Error = Infallible;

    /// Whoever names a function gets its wrapper.
    fn function_index(&mut self, function: u32) -> u32 {
        if function < self.imports {
            function
        } else {
            function + ADDED + self.types.len() as u32
        }
    }

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: wasmparser::TypeSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        use wasm_encoder::ValType::{I32, I64};
        utils::parse_type_section(self, types, section)?;
        types.ty().function([I32], []);
        types.ty().function([], []);
        types.ty().function([I64], []);
        Ok(())
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: wasmparser::ImportSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        utils::parse_import_section(self, imports, section)?;
        for (at, name) in ["enter", "leave", "script"].into_iter().enumerate() {
            let ty = wasm_encoder::EntityType::Function(self.first_type + at as u32);
            imports.import(HOST, name, ty);
        }
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: wasmparser::FunctionSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        utils::parse_function_section(self, functions, section)?;
        for ty in &self.types {
            functions.function(*ty);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: wasmparser::CodeSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        utils::parse_code_section(self, code, section)?;
        let (enter, leave, script) = (self.imports, self.imports + 1, self.imports + 2);
        for (at, (parameters, is_interpreter)) in self.wrappers.iter().enumerate() {
            let mut wrapper = Function::new([]);
            let mut body = wrapper.instructions();
            body.i32_const(at as i32).call(enter);
            if *is_interpreter {
                body.local_get(1).call(script);
            }
            for parameter in 0..*parameters {
                body.local_get(parameter);
            }
            body.call(self.imports + ADDED + at as u32)
                .call(leave)
                .end();
            code.function(&wrapper);
        }
        Ok(())
    }
}
