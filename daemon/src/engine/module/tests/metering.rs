//! The pass changes what fuel is charged, and nothing else.

use super::super::{ModuleLimits, init_module, inspect};
use super::count::{self, counting};
use super::run::{Running, Seen};
use super::{generate, wat};
use proptest::prelude::*;
use wasmi::{F64, Val};

const FUEL: u64 = 100_000;

fn metered(wasm: &[u8]) -> Vec<u8> {
    let inspected = inspect(wasm, &ModuleLimits::default()).unwrap();
    init_module(wasm, &inspected).unwrap()
}

fn arguments() -> Vec<Vec<Val>> {
    [(0, 0, 0.0), (1, -7, 2.5), (-1, i64::MAX, f64::INFINITY)]
        .map(|(a, b, c)| vec![Val::I32(a), Val::I64(b), Val::F64(F64::from_float(c))])
        .to_vec()
}

/// Runs a generated module as it is, rewritten, and with a counter.
fn check(choices: &[u8]) -> Result<(), TestCaseError> {
    let original = generate::module(choices, true);
    let rewritten = metered(&generate::module(choices, false));
    let counted = counting(&original);
    let mut one = Running::new(&original, FUEL).unwrap();
    let mut other = Running::new(&rewritten, FUEL).unwrap();
    let mut counter = Running::new(&counted, FUEL).unwrap();
    for arguments in arguments() {
        one.call("soil", &[], FUEL);
        other.call("soil", &[], FUEL);
        let (soiled, _) = counter.call("soil", &[], FUEL);
        let before = count(&soiled);
        let (expected, _) = one.call("run", &arguments, FUEL);
        if expected
            .outcome
            .as_ref()
            .is_err_and(|trap| trap.contains("fuel"))
        {
            // It does not end: there is nothing to compare.
            return Ok(());
        }
        let (found, used) = other.call("run", &arguments, 100 * FUEL);
        prop_assert_eq!(&found, &expected);
        prop_assert!(!shows_soil(&found), "what was never written was read");
        let (mut counted, _) = counter.call("run", &arguments, 1000 * FUEL);
        let executed = count(&counted) - before;
        counted.globals.retain(|(name, _)| name != count::EXPORT);
        prop_assert_eq!(&counted, &expected);
        if expected.outcome.is_ok() {
            // One for each place where fuel is charged, and what a `br_if` may skip. At most one
            // place an instruction, and one for the call from outside.
            let most = (executed + 1) * (2 + u64::from(super::super::meter::SKIPPABLE_MAX));
            prop_assert!(used >= executed, "used {used}, executed {executed}");

            prop_assert!(used <= most, "used {used}, executed {executed}");
        }
    }
    // Its own output leaves nothing to do.
    let again = metered(&rewritten_as_source(&rewritten));
    prop_assert_eq!(code_len(&again), code_len(&rewritten));
    Ok(())
}

/// Whether a value is half of what `soil` leaves behind, or all of it.
fn shows_soil(seen: &Seen) -> bool {
    let results = seen.outcome.iter().flatten();
    let globals = seen.globals.iter().map(|(_, value)| value);
    results
        .chain(globals)
        .any(|value| *value == generate::SOIL || *value == generate::SOIL & 0xffff_ffff)
}

fn count(seen: &Seen) -> u64 {
    let found = seen.globals.iter().find(|(name, _)| name == count::EXPORT);
    found.unwrap().1
}

/// Without the exports that only the host may make.
fn rewritten_as_source(wasm: &[u8]) -> Vec<u8> {
    super::super::image(wasm, &globals_as_declared(), 1).unwrap()
}

fn globals_as_declared() -> Vec<super::super::GlobalValue> {
    use super::super::GlobalValue;
    vec![
        GlobalValue::I32(7),
        GlobalValue::I64(-9),
        GlobalValue::F64(0),
        GlobalValue::F32(0),
    ]
}

fn code_len(wasm: &[u8]) -> usize {
    wasmparser::Parser::new(0)
        .parse_all(wasm)
        .find_map(|payload| match payload.unwrap() {
            wasmparser::Payload::CodeSectionStart { range, .. } => Some(range.len()),
            _ => None,
        })
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rewritten_functions_do_the_same(choices in prop::collection::vec(any::<u8>(), 0..1500)) {
        check(&choices)?;
    }
}

#[test]
fn fuzz_meter() {
    crate::fuzz::drive_rounds("meter", 300, |choices| {
        if let Err(failure) = check(choices) {
            panic!("{failure}");
        }
    });
}

/// What lies below a block's parameters survives the block, on every way through it.
#[test]
fn operands_below_parameters_survive() {
    let bodies = [
        "(local.get $kept) (global.get $g) (local.get $zero)
         if (param f64) (result f64) block end end",
        "(local.get $kept) (global.get $g)
         block (param f64) (result f64) (br_if 0 (local.get $one)) block end end",
        "(local.get $kept) (global.get $g)
         loop (param f64) (result f64) block end end",
        "(local.get $kept) (global.get $g)
         block (param f64) (result f64) (br_if 0 (local.get $zero))
           block (param f64) (result f64) (br_if 1 (local.get $one)) block end end end",
    ];
    for body in bodies {
        let soil: String = (0..100)
            .map(|local| format!("(local.set {local} (i64.const -1)) "))
            .collect();
        let source = wat(&format!(
            r#"(module (memory (export "memory") 1) (func (export "_start"))
                (global $g (mut f64) (f64.const 2))
                (func (export "soil") (local {locals}) {soil})
                (func (export "run") (result i64 f64)
                  (local $kept i64) (local $zero i32) (local $one i32)
                  (local.set $kept (i64.const 77)) (local.set $one (i32.const 1)) {body}))"#,
            locals = "i64 ".repeat(100),
        ));
        let mut running = Running::new(&metered(&source), FUEL).unwrap();
        running.call("soil", &[], FUEL);
        let (seen, _) = running.call("run", &[], FUEL);
        assert_eq!(seen.outcome, Ok(vec![77, 2f64.to_bits()]), "{body}");
    }
}

/// A condition that compares with zero is what it says, however it is written.
#[test]
fn conditions_of_select_are_computed() {
    let conditions = [
        ("(i32.eqz (local.get $x))", false),
        ("(i32.eqz (local.get $x)) nop", false),
        ("(i32.eq (local.get $x) (i32.const 0))", false),
        ("(i32.eq (i32.const 0) (local.get $x))", false),
        ("(i32.ne (local.get $x) (i32.const 0))", true),
        ("(i32.ne (i32.const 0) (local.get $x))", true),
        ("(i32.ne (local.get $x) (i32.const 1))", true),
        ("(i32.eqz (i32.eqz (local.get $x)))", true),
        ("(i32.eq (local.get $x) (i32.const 9))", true),
    ];
    for (condition, holds) in conditions {
        for select in ["select", "select (result i32)"] {
            let source = wat(&format!(
                r#"(module (memory (export "memory") 1) (func (export "_start"))
                    (func (export "run") (param $x i32) (result i32)
                      (i32.const 3) (i32.const 7) {condition} {select}))"#
            ));
            let mut running = Running::new(&metered(&source), FUEL).unwrap();
            let (seen, _) = running.call("run", &[Val::I32(9)], FUEL);
            let expect = if holds { 3 } else { 7 };
            assert_eq!(seen.outcome, Ok(vec![expect]), "{condition} {select}");
        }
    }
}

/// An interpreter: a loop around a `br_table` over many cases, of which one is small.
fn interpreter(cases: u32) -> Vec<u8> {
    let open = "(block ".repeat(cases as usize);
    let targets: String = (0..cases).map(|case| format!("{case} ")).collect();
    let bodies: String = (0..cases)
        .map(|case| {
            let work = if case == 0 {
                String::new()
            } else {
                "(local.set $x (i32.mul (local.get $x) (i32.const 3)))".repeat(20)
            };
            // Back to the loop, out of the blocks that are left.
            format!(") {work} (br {})", cases - 1 - case)
        })
        .collect();
    // The index is always 0, but not to a translator.
    wat(&format!(
        r#"(module (memory (export "memory") 1) (func (export "_start"))
            (func (export "run") (param $n i32) (result i32) (local $x i32)
              (loop $next
                (if (i32.eqz (local.get $n)) (then (return (local.get $x))))
                (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                {open} (br_table {targets} 0 (i32.rem_u (local.get $n) (i32.const 1)))
                {bodies}
                (unreachable))
              (unreachable)))"#
    ))
}

#[test]
fn an_interpreter_pays_for_the_case_it_runs() {
    let source = interpreter(100);
    let rewritten = metered(&source);
    let steps = 1000;
    let cost = |wasm: &[u8]| {
        let mut running = Running::new(wasm, FUEL).unwrap();
        let (seen, used) = running.call("run", &[Val::I32(steps)], 100 * FUEL);
        assert_eq!(seen.outcome, Ok(vec![0]));
        used / steps as u64
    };
    // What each step executes is 13 instructions; the other cases are 7,900.
    assert!(cost(&source) > 5000, "{}", cost(&source));
    assert!(cost(&rewritten) < 20, "{}", cost(&rewritten));
}

/// What clears locals pays for it, once, and a few are free.
#[test]
fn calls_of_functions_with_many_locals_cost_fuel() {
    let cost = |locals: usize| {
        let module = metered(&wat(&format!(
            r#"(module (memory (export "memory") 1)
                 (func $many (param i32) (local {}))
                 (func (export "run") (param i32 i64 f64)
                   (call $many (i32.const 1)))
                 (func (export "_start")))"#,
            "i64 ".repeat(locals - 1)
        )));
        assert_eq!(metered(&module), module, "it pays once");
        let mut running = Running::new(&module, FUEL).unwrap();
        running.call("run", &arguments()[0], FUEL).1
    };
    assert_eq!(cost(64), cost(1));
    assert_eq!(cost(1000), cost(1) + 1 + (1000 - 64) / 4);
    assert_eq!(cost(4096), cost(1) + 1 + (4096 - 64) / 4);
}

/// Every growth gets a kilobyte of toll, so their number bounds what a small upload becomes.
#[test]
fn growths_do_not_blow_an_image_up_without_a_bound() {
    let limit = ModuleLimits::default().growths as usize;
    let module = |growths: usize| {
        let growths = "(drop (memory.grow (local.get 0)))".repeat(growths);
        wat(&format!(
            r#"(module (memory (export "memory") 1)
                 (func $grow (param i32) {growths})
                 (func (export "_start") (call $grow (i32.const 1))))"#
        ))
    };
    let most = module(limit);
    let image = metered(&most);
    assert!(image.len() > most.len() + limit * 1000, "{}", image.len());
    assert!(image.len() < most.len() + limit * 1100, "{}", image.len());
    let refusal = inspect(&module(limit + 1), &ModuleLimits::default()).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "the module has too many `memory.grow` and `table.grow` instructions: 257, the limit is \
         256; grow memory and tables in one function that all others call, and keep the compiler \
         from inlining it"
    );
}
