//! Counts what a module really executes, to hold fuel against: before each instruction that
//! costs fuel, a counter goes up.

use super::super::rewrite::copy_section;
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    CodeSection, ConstExpr, Encode, ExportKind, ExportSection, GlobalSection, GlobalType,
    Instruction, Module, ValType,
};
use wasmparser::{FunctionBody, Operator, Parser, Payload};

/// The export that holds the count, an i64.
pub const EXPORT: &str = "__count";

/// The module with a counter. `loop` counts too: wasmi charges at least 1 for entering one.
pub fn counting(wasm: &[u8]) -> Vec<u8> {
    let mut module = Module::new();
    let mut counter = 0;
    let mut code = CodeSection::new();
    let mut bodies = 0;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.unwrap() {
            Payload::GlobalSection(reader) => {
                let mut section = GlobalSection::new();
                counter = reader.count();
                RoundtripReencoder
                    .parse_global_section(&mut section, reader)
                    .unwrap();
                let ty = GlobalType {
                    val_type: ValType::I64,
                    mutable: true,
                    shared: false,
                };
                section.global(ty, &ConstExpr::i64_const(0));
                module.section(&section);
            }
            Payload::ExportSection(reader) => {
                let mut section = ExportSection::new();
                RoundtripReencoder
                    .parse_export_section(&mut section, reader)
                    .unwrap();
                section.export(EXPORT, ExportKind::Global, counter);
                module.section(&section);
            }
            Payload::CodeSectionStart { count, .. } => bodies = count,
            Payload::CodeSectionEntry(body) => {
                code.raw(&count_body(&body, counter));
                bodies -= 1;
                if bodies == 0 {
                    module.section(&code);
                }
            }
            payload => copy_section(&mut module, wasm, &payload),
        }
    }
    module.finish()
}

fn count_body(body: &FunctionBody<'_>, counter: u32) -> Vec<u8> {
    let mut reader = body.get_binary_reader();
    let origin = reader.original_position();
    let bytes = reader.read_bytes(reader.bytes_remaining()).unwrap();
    let mut operators = body.get_operators_reader().unwrap();
    let mut out = bytes[..operators.original_position() - origin].to_vec();
    while !operators.eof() {
        let start = operators.original_position();
        let operator = operators.read().unwrap();
        let own = &bytes[start - origin..operators.original_position() - origin];
        let cost = match operator {
            Operator::Loop { .. } => 1,
            _ => super::super::meter::cost(&operator),
        };
        if matches!(operator, Operator::Loop { .. }) {
            // A loop costs each time round, so the count is inside.
            out.extend_from_slice(own);
        }
        if cost > 0 {
            for instruction in [
                Instruction::GlobalGet(counter),
                Instruction::I64Const(1),
                Instruction::I64Add,
                Instruction::GlobalSet(counter),
            ] {
                instruction.encode(&mut out);
            }
        }
        if !matches!(operator, Operator::Loop { .. }) {
            out.extend_from_slice(own);
        }
    }
    out
}
