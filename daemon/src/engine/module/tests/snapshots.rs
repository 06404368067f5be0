//! A booted state, taken and restored.

use super::super::{
    GlobalValue, ImageError, ModuleLimits, NumericType, image, init_module, inspect,
};
use super::run::{Running, bits};
use super::wat;
use wasmi::{Extern, Val};

const FUEL: u64 = 1_000_000;

/// Counts calls in a global and in memory, and begins at 100 by its start function.
const COUNTER: &str = r#"(module
    (memory (export "memory") 1)
    (global $hidden (mut i32) (i32.const 1))
    (global (mut f32) (f32.const nan:0x200001))
    (global $fixed i32 (i32.const 5))
    (global (mut f64) (f64.const 0.5))
    (global (mut i64) (i64.const -3))
    (table 2 funcref) (elem (i32.const 0) $add $add)
    (data (i32.const 8) "active")
    (data "passive")
    (func $begin (global.set $hidden (i32.const 100)) (drop (memory.grow (i32.const 1)))
      (i32.store8 (i32.const 8) (i32.const 65)))
    (start $begin)
    (func $add (result i32)
      (global.set $hidden (i32.add (global.get $hidden) (i32.const 1)))
      (i32.store (i32.const 65536) (global.get $hidden))
      (global.get $hidden))
    (func (export "next") (result i32) (call_indirect (result i32) (i32.const 1)))
    (func (export "spread") (param i32)
      (memory.init 1 (i32.const 100) (i32.const 0) (local.get 0)))
    (func (export "again") (param i32)
      (memory.init 0 (i32.const 100) (i32.const 0) (local.get 0)))
    (func (export "_start")))"#;

fn value(value: &Val) -> GlobalValue {
    match value {
        Val::I32(value) => GlobalValue::I32(*value),
        Val::I64(value) => GlobalValue::I64(*value),
        Val::F32(value) => GlobalValue::F32(value.to_bits()),
        Val::F64(value) => GlobalValue::F64(value.to_bits()),
        other => panic!("{other:?}"),
    }
}

struct Booted {
    init: Vec<u8>,
    globals: Vec<GlobalValue>,
    memory: Vec<u8>,
    running: Running,
}

fn boot(text: &str) -> Booted {
    let source = wat(text);
    let inspected = inspect(&source, &ModuleLimits::default()).unwrap();
    let init = init_module(&source, &inspected).unwrap();
    let running = Running::new(&init, FUEL).unwrap();
    let globals = inspected
        .globals
        .iter()
        .map(|global| {
            let found = running
                .instance
                .get_global(&running.store, &global.export_name());
            value(&found.unwrap().get(&running.store))
        })
        .collect();
    let (memory, _) = running.state();
    Booted {
        init,
        globals,
        memory,
        running,
    }
}

fn restore(booted: &Booted) -> Running {
    let pages = booted.memory.len() as u64 / super::super::PAGE_BYTES;
    let image = image(&booted.init, &booted.globals, pages).unwrap();
    let mut running = Running::new(&image, FUEL).unwrap();
    let memory = running
        .instance
        .get_memory(&running.store, "memory")
        .unwrap();
    let fresh = memory.data_mut(&mut running.store);
    assert!(
        fresh.iter().all(|byte| *byte == 0),
        "the image still fills its memory"
    );
    fresh.copy_from_slice(&booted.memory);
    running
}

#[test]
fn a_restored_state_goes_on_where_the_booted_one_would() {
    let mut booted = boot(COUNTER);
    assert_eq!(
        booted.globals,
        [
            GlobalValue::I32(100),
            GlobalValue::F32(0x7fa0_0001),
            GlobalValue::F64(0.5f64.to_bits()),
            GlobalValue::I64(-3),
        ]
    );
    assert_eq!(&booted.memory[8..14], b"Active");
    assert_eq!(booted.memory.len(), 2 * 65_536);
    let mut restored = restore(&booted);
    let calls = [
        ("next", vec![]),
        ("spread", vec![Val::I32(7)]),
        ("next", vec![]),
        // What was active counts as dropped, before and after.
        ("again", vec![Val::I32(0)]),
        ("again", vec![Val::I32(1)]),
    ];
    for (name, arguments) in calls {
        let before = booted.running.call(name, &arguments, FUEL);
        let after = restored.call(name, &arguments, FUEL);
        assert_eq!(before, after, "{name}");
    }
}

#[test]
fn an_image_has_neither_start_nor_reserved_exports() {
    let booted = boot(COUNTER);
    let mut restored = restore(&booted);
    let names: Vec<String> = restored
        .instance
        .exports(&restored.store)
        .map(|export| export.name().to_owned())
        .collect();
    assert!(
        names.iter().all(|name| !name.starts_with("__postern_")),
        "{names:?}"
    );
    assert_eq!(restored.call("next", &[], FUEL).0.outcome, Ok(vec![101]));
}

#[test]
fn a_guest_cannot_see_that_it_was_rewritten() {
    let source = wat(COUNTER);
    let mut plain = Running::new(&source, FUEL).unwrap();
    let mut booted = boot(COUNTER);
    assert_eq!(plain.state(), booted.running.state());
    for _ in 0..3 {
        let before = plain.call("next", &[], FUEL).0;
        assert_eq!(booted.running.call("next", &[], FUEL).0, before);
    }
}

#[test]
fn arguments_that_do_not_belong_together_are_told() {
    let booted = boot(COUNTER);
    assert_eq!(
        image(&booted.init, &booted.globals[1..], 2),
        Err(ImageError::GlobalType {
            index: 0,
            found: NumericType::F32,
            expected: NumericType::I32,
        })
    );
    assert_eq!(
        image(&booted.init, &booted.globals[..3], 2),
        Err(ImageError::GlobalCount {
            found: 3,
            expected: 4,
        })
    );
    assert_eq!(
        image(&booted.init, &booted.globals, 257),
        Err(ImageError::MemoryPages {
            found: 257,
            limit: 256,
        })
    );
    assert!(matches!(
        image(&wat("(module)"), &[], 1),
        Err(ImageError::NotRewritten(_))
    ));
}

#[test]
fn tables_may_grow_to_the_limit_only() {
    let text = r#"(module (memory (export "memory") 1) (func (export "_start"))
        (table 1 funcref)
        (func (export "grow") (param i32) (result i32)
          (table.grow 0 (ref.null func) (local.get 0))))"#;
    let limits = ModuleLimits {
        table_elements: 10,
        ..ModuleLimits::default()
    };
    let source = wat(text);
    let inspected = inspect(&source, &limits).unwrap();
    let init = init_module(&source, &inspected).unwrap();
    let mut running = Running::new(&init, FUEL).unwrap();
    let mut grow = |by| running.call("grow", &[Val::I32(by)], FUEL).0.outcome;
    assert_eq!(grow(9), Ok(vec![1]));
    assert_eq!(grow(1), Ok(vec![u64::from(u32::MAX)]));
}

#[test]
fn a_module_without_imports_or_globals_gets_what_it_needs() {
    let booted = boot(r#"(module (memory (export "memory") 1) (func (export "_start")))"#);
    let restored = restore(&booted);
    let globals = restored
        .instance
        .exports(&restored.store)
        .filter_map(|export| match export.into_extern() {
            Extern::Global(global) => Some(bits(&global.get(&restored.store))),
            _ => None,
        });
    assert_eq!(globals.count(), 0);
}
