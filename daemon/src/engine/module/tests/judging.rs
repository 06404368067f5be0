//! What is accepted and what is refused, in which words.

use super::super::{
    Capped, GuestKind, ModuleLimits, NoSnapshot, NotModule, Refusal, SnapshotKind, inspect,
};
use super::wat;

const GUEST: &str = r#"
    (memory (export "memory") 1)
    (func (export "postern_abi_v1"))
    (func (export "postern_window") (param i32) (result i32) (i32.const 0))
    (func (export "postern_event") (param i32 i32 i32) (result i32) (i32.const 0))"#;

const COMMAND: &str = r#"(memory (export "memory") 1) (func (export "_start"))"#;

/// What is said about a guest with this added in front.
fn guest(added: &str) -> Result<super::super::Inspected, Refusal> {
    inspect(
        &wat(&format!("(module {added} {GUEST})")),
        &ModuleLimits::default(),
    )
}

fn command(added: &str) -> Result<super::super::Inspected, Refusal> {
    inspect(
        &wat(&format!("(module {added} {COMMAND})")),
        &ModuleLimits::default(),
    )
}

/// The message about a module holds all of these words.
fn check(text: &str, words: &[&str]) {
    let refusal = inspect(&wat(text), &ModuleLimits::default()).unwrap_err();
    let message = refusal.to_string();
    for word in words {
        assert!(message.contains(word), "`{word}` is not in: {message}");
    }
}

/// A limit is met exactly, and its message tells value and limit.
fn check_limit(what: Capped, at: &str, over: &str, set: impl Fn(&mut ModuleLimits)) {
    let mut limits = ModuleLimits::default();
    set(&mut limits);
    inspect(&wat(at), &limits).unwrap();
    let refusal = inspect(&wat(over), &limits).unwrap_err();
    let Refusal::Limit {
        what: found,
        value,
        limit,
    } = refusal
    else {
        panic!("{refusal}")
    };
    assert_eq!(found, what);
    assert!(value > limit);
    let message = refusal.to_string();
    assert!(
        message.contains(&format!(": {value}, the limit is {limit}; ")),
        "{message}"
    );
}

#[test]
fn guests_of_the_abi_are_accepted() {
    let inspected = guest("").unwrap();
    assert_eq!(inspected.kind, GuestKind::AbiV1);
    assert!(!inspected.has_boot && !inspected.has_start);
    assert_eq!(
        (inspected.memory_min_pages, inspected.memory_max_pages),
        (1, 256)
    );
    assert_eq!(inspected.snapshot, SnapshotKind::Whole);
    let inspected = guest(
        r#"(import "postern" "now" (func (result i64)))
           (func (export "postern_boot") (result i32) (i32.const 0))
           (func $s) (start $s) (global (mut i64) (i64.const 1)) (global i32 (i32.const 1))"#,
    )
    .unwrap();
    assert!(inspected.has_boot && inspected.has_start);
    assert_eq!(inspected.globals.len(), 1);
}

#[test]
fn commands_are_accepted() {
    let inspected = command(
        r#"(import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))"#,
    )
    .unwrap();
    assert_eq!(inspected.kind, GuestKind::Wasi);
}

#[test]
fn an_imported_memory_is_accepted_where_the_host_would_put_it() {
    let inspected = inspect(
        &wat(
            r#"(module (import "env" "memory" (memory 2 3)) (export "memory" (memory 0))
               (func (export "_start")))"#,
        ),
        &ModuleLimits::default(),
    )
    .unwrap();
    assert_eq!(
        (inspected.memory_min_pages, inspected.memory_max_pages),
        (2, 3)
    );
}

#[test]
fn other_versions_are_named() {
    let other = GUEST.replace("postern_abi_v1", "postern_abi_v2");
    check(
        &format!("(module {other})"),
        &["version 2", "version 1", "rebuild"],
    );
    // A module may be built for several.
    inspect(
        &wat(&format!(
            r#"(module (func (export "postern_abi_v2")) {GUEST})"#
        )),
        &ModuleLimits::default(),
    )
    .unwrap();
}

#[test]
fn missing_and_mistyped_exports_are_named() {
    let without = |export: &str| GUEST.replace(&format!("\"{export}\""), "\"other\"");
    for export in ["memory", "postern_window", "postern_event"] {
        check(
            &format!("(module {})", without(export)),
            &["lacks", &format!("`{export}`"), "ABI version 1"],
        );
    }
    check(
        &format!(
            "(module {})",
            GUEST.replace("(param i32 i32 i32)", "(param i32 i64 i32)")
        ),
        &[
            "`postern_event`",
            "(i32, i64, i32) -> (i32)",
            "(i32, i32, i32) -> (i32)",
        ],
    );
    check(
        &format!(r#"(module {GUEST} (global (export "postern_boot") i32 (i32.const 0)))"#),
        &["`postern_boot`", "a global", "() -> (i32)"],
    );
    check(
        r#"(module (memory 1) (table (export "memory") 1 funcref) (func (export "_start")))"#,
        &["`memory`", "a table", "the memory"],
    );
    check(
        r#"(module (memory (export "memory") 1) (func (export "_start") (param i32)))"#,
        &["`_start`", "(i32) -> ()"],
    );
    check(
        &format!(r#"(module {GUEST} (func (export "__postern_global_0")))"#),
        &["`__postern_global_0`", "reserved", "rename"],
    );
    check(
        r#"(module (func (export "_initialize")))"#,
        &["reactor", "_start"],
    );
    check("(module)", &["neither", "`postern_abi_v1`", "`_start`"]);
}

#[test]
fn unknown_and_mistyped_imports_are_named() {
    let import = |text: &str| format!("(module {text} {GUEST})");
    check(
        &import(r#"(import "env" "puts" (func (param i32)))"#),
        &["`env.puts`", "op_start", "random"],
    );
    check(
        &import(r#"(import "postern" "now" (func (result i32)))"#),
        &["`postern.now`", "() -> (i32)", "() -> (i64)"],
    );
    check(
        &import(r#"(import "postern" "table" (table 1 funcref))"#),
        &["`postern.table`"],
    );
    check(
        &import(r#"(import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))"#),
        &["`wasi_snapshot_preview1.sched_yield`", "ABI version 1"],
    );
    check(
        &format!(r#"(module (import "wasi_unstable" "fd_write" (func)) {COMMAND})"#),
        &[
            "`wasi_unstable.fd_write`",
            "wasi_snapshot_preview1",
            "fd_write",
        ],
    );
}

#[test]
fn what_is_no_module_is_told_apart() {
    let judge = |bytes: &[u8]| inspect(bytes, &ModuleLimits::default());
    let not = |what| Err(Refusal::NotModule(what));
    assert_eq!(judge(b""), not(NotModule::Empty));
    assert_eq!(judge(b"(module)"), not(NotModule::Text));
    assert_eq!(judge(b"\x7fELF\x01"), not(NotModule::Other));
    assert_eq!(judge(b"\0asm\x02\0\0\0"), not(NotModule::Other));
    assert_eq!(judge(b"\0asm\x0d\0\x01\0"), not(NotModule::Component));
}

#[test]
fn features_that_are_off_are_refused() {
    for text in [
        "(memory 1) (memory 1)",
        "(memory i64 1)",
        "(memory 1 1 shared)",
        "(func (drop (v128.const i64x2 0 0)))",
        "(tag)",
        "(type (struct))",
        "(rec (type (func)) (type (func)))",
        "(func (param i64 i64 i64 i64) (result i64 i64) (i64.add128 (local.get 0) (local.get 1) (local.get 2) (local.get 3)))",
        "(func (param (ref func)))",
    ] {
        let module = format!(r#"(module {text} (func (export "_start")))"#);
        let refusal = inspect(&wat(&module), &ModuleLimits::default()).unwrap_err();
        assert!(
            matches!(
                refusal,
                Refusal::Invalid { .. }
                    | Refusal::Limit {
                        what: Capped::Memories,
                        ..
                    }
            ),
            "{text}: {refusal}"
        );
    }
}

#[test]
fn features_that_are_on_are_accepted() {
    command(
        r#"(func $f (param i32 i64) (result i64 i32) (return_call $g (local.get 1) (local.get 0)))
           (func $g (param i64 i32) (result i64 i32) (local.get 0) (local.get 1))
           (func (param f32) (result i32) (i32.trunc_sat_f32_s (local.get 0)))
           (func (param i32) (result i32) (i32.extend8_s (local.get 0)))
           (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 1)))
           (table $t 1 externref) (func (result externref) (table.get $t (i32.const 0)))
           (global i32 (i32.add (i32.const 1) (i32.const 2)))"#,
    )
    .unwrap();
}

#[test]
fn limits_are_exact() {
    let module = |text: String| format!("(module {text} {COMMAND})");
    let repeated = |text: &str, count: usize| module(text.repeat(count));
    check_limit(
        Capped::Globals,
        &repeated("(global i32 (i32.const 0))", 3),
        &repeated("(global i32 (i32.const 0))", 4),
        |limits| limits.globals = 3,
    );
    check_limit(
        Capped::Functions,
        &repeated("(func)", 2),
        &repeated("(func)", 3),
        |limits| limits.functions = 3,
    );
    check_limit(
        Capped::MemoryPages,
        r#"(module (memory (export "memory") 2 70) (func (export "_start")))"#,
        r#"(module (memory (export "memory") 3) (func (export "_start")))"#,
        |limits| limits.memory_pages = 2,
    );
    check_limit(
        Capped::TableElements,
        &module("(table 4 funcref) (table 6 4294967295 funcref)".into()),
        &module("(table 4 funcref) (table 7 funcref)".into()),
        |limits| limits.table_elements = 10,
    );
    check_limit(
        Capped::Tables,
        &repeated("(table 0 funcref)", 2),
        &repeated("(table 0 funcref)", 3),
        |limits| limits.tables = 2,
    );
    check_limit(
        Capped::Params,
        &module("(func (param i32 i32))".into()),
        &module("(func (param i32 i32 i32))".into()),
        |limits| limits.params = 2,
    );
    check_limit(
        Capped::Results,
        &module("(func (result i32) unreachable)".into()),
        &module("(func (result i32 i32) unreachable)".into()),
        |limits| limits.results = 1,
    );
    check_limit(
        Capped::Locals,
        &module("(func (local i32 i64 i64))".into()),
        &module("(func (local i32 i32 i64 i64))".into()),
        |limits| limits.locals = 3,
    );
    check_limit(
        Capped::Nesting,
        &module("(func (block (loop)))".into()),
        &module("(func (block (loop (block))))".into()),
        |limits| limits.nesting = 2,
    );
    check_limit(
        Capped::BrTableTargets,
        &module("(func (br_table 0 0 0 (i32.const 0)))".into()),
        &module("(func (br_table 0 0 0 0 (i32.const 0)))".into()),
        |limits| limits.br_table_targets = 2,
    );
    check_limit(
        Capped::Growths,
        &module(
            "(table 1 funcref) (func (result i32 i32) (memory.grow (i32.const 1))
               (table.grow (ref.null func) (i32.const 1)))"
                .into(),
        ),
        &module(
            "(table 1 funcref) (func (result i32 i32) (memory.grow (i32.const 1))
               (table.grow (ref.null func) (i32.const 1)))
             (func (result i32) (memory.grow (i32.const 1)))"
                .into(),
        ),
        |limits| limits.growths = 2,
    );
    check_limit(
        Capped::ConstExprOps,
        &module("(global i32 (i32.add (i32.const 1) (i32.const 2)))".into()),
        &module(
            "(global i32 (i32.add (i32.const 1) (i32.add (i32.const 1) (i32.const 2))))".into(),
        ),
        |limits| limits.const_expr_ops = 3,
    );
    check_limit(
        Capped::NameBytes,
        &module(r#"(func (export "12345678"))"#.into()),
        &module(r#"(func (export "123456789"))"#.into()),
        |limits| limits.name_bytes = 8,
    );
    check_limit(
        Capped::DataSegments,
        &repeated("(data (i32.const 0) \"\")", 2),
        &repeated("(data (i32.const 0) \"\")", 3),
        |limits| limits.data_segments = 2,
    );
    check_limit(
        Capped::ElementSegments,
        &module(format!(
            "(table 1 funcref) {}",
            "(elem (i32.const 0))".repeat(2)
        )),
        &module(format!(
            "(table 1 funcref) {}",
            "(elem (i32.const 0))".repeat(3)
        )),
        |limits| limits.element_segments = 2,
    );
    check_limit(
        Capped::Exports,
        &module(String::new()),
        &module(r#"(func (export "third"))"#.into()),
        |limits| limits.exports = 2,
    );
    check_limit(
        Capped::FunctionBytes,
        &module("(func nop nop)".into()),
        &module("(func nop nop nop)".into()),
        |limits| limits.function_bytes = 4,
    );
    check_limit(
        Capped::CustomSections,
        &module(r#"(@custom "a" "")"#.into()),
        &module(r#"(@custom "a" "") (@custom "b" "")"#.into()),
        |limits| limits.custom_sections = 1,
    );
    check_limit(
        Capped::ModuleBytes,
        &module(String::new()),
        &module("(func)".into()),
        |limits| limits.module_bytes = 50,
    );
}

#[test]
fn very_many_very_small_functions_are_refused() {
    check(
        &format!("(module {} {COMMAND})", "(func)".repeat(1000)),
        &["1001 functions", "minimum is 40"],
    );
}

#[test]
fn what_keeps_a_snapshot_from_being_whole_is_told() {
    let snapshot = |text: &str| command(text).unwrap().snapshot;
    assert_eq!(
        snapshot("(global (mut i32) (i32.const 0)) (global (mut funcref) (ref.null func))"),
        SnapshotKind::NotPossible(NoSnapshot::ReferenceGlobal { index: 1 })
    );
    for (instruction, operands) in [
        ("table.set", "(i32.const 0) (ref.null func)"),
        ("table.grow", "(ref.null func) (i32.const 0)"),
        ("table.fill", "(i32.const 0) (ref.null func) (i32.const 0)"),
        ("table.copy", "(i32.const 0) (i32.const 0) (i32.const 0)"),
        ("table.init 0", "(i32.const 0) (i32.const 0) (i32.const 0)"),
        ("elem.drop 0", ""),
    ] {
        let drop = if instruction == "table.grow" {
            "drop"
        } else {
            ""
        };
        let text = format!(
            "(table 1 funcref) (elem func) (func nop) (func {operands} {instruction} {drop})"
        );
        let name = instruction.split(' ').next().unwrap();
        let SnapshotKind::NotPossible(reason) = snapshot(&text) else {
            panic!("{name}")
        };
        assert_eq!(reason.to_string(), format!("function 1 contains `{name}`"));
    }
}

/// Hostile shapes are refused, or accepted, on a stack that has little room.
#[test]
fn a_small_stack_is_enough() {
    let deep = wat(&format!(
        "(module (func {} {}) {COMMAND})",
        "block ".repeat(4096),
        "end ".repeat(4096)
    ));
    let too_deep = wat(&format!(
        "(module (func {} {}) {COMMAND})",
        "block ".repeat(100_000),
        "end ".repeat(100_000)
    ));
    let long_constant = wat(&format!(
        "(module (global i32 i32.const 0 {}) {COMMAND})",
        "i32.const 1 i32.add ".repeat(100_000)
    ));
    let mut recursive = b"\0asm\x01\0\0\0\x01\x06\x01\x4e\x80\x80\x3d\x60".to_vec();
    recursive.push(0);
    let judge = move || {
        let limits = ModuleLimits::default();
        let inspected = inspect(&deep, &limits).unwrap();
        super::super::init_module(&deep, &inspected).unwrap();
        for bytes in [&too_deep, &long_constant, &recursive] {
            inspect(bytes, &limits).unwrap_err();
        }
    };
    std::thread::Builder::new()
        .stack_size(128 << 10)
        .spawn(judge)
        .unwrap()
        .join()
        .unwrap();
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig {
        failure_persistence: None,
        ..Default::default()
    })]

    /// Damaged modules are judged without panics, and what is accepted can be rewritten.
    #[test]
    fn damage_is_survived(
        choices in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300),
        edits in proptest::collection::vec(proptest::prelude::any::<(u16, u8)>(), 1..6),
    ) {
        let mut wasm = super::generate::module(&choices, false);
        for (at, byte) in edits {
            let at = usize::from(at) % wasm.len();
            wasm[at] = byte;
        }
        let limits = ModuleLimits::default();
        if let Ok(inspected) = inspect(&wasm, &limits) {
            let rewritten = super::super::init_module(&wasm, &inspected).unwrap();
            super::run::Running::new(&rewritten, 1000).ok();
        }
    }
}
