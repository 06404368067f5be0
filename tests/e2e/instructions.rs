//! Each instruction many times in one slice: the interpreter steps by sibling calls, and one
//! that it makes a real call of takes native stack until a thread has none left.

use postern_e2e::guests::from_text;
use postern_e2e::{Request, Setup};
use serde_json::json;

/// Times that each is executed, most of them in one slice.
const TIMES: usize = 200_000;

fn numeric() -> Vec<String> {
    let mut all = Vec::new();
    let mut add = |to: &str, from: &str, names: &str, arity: usize| {
        for name in names.split_whitespace() {
            let operand = format!("(local.get ${from})");
            let second = if arity == 2 { operand.as_str() } else { "" };
            all.push(format!("(local.set ${to}x ({name} {operand} {second}))"));
        }
    };
    for ty in ["i32", "i64"] {
        let names = |list: &str| {
            list.split(' ')
                .map(|name| format!("{ty}.{name} "))
                .collect::<String>()
        };
        add(
            ty,
            ty,
            &names("add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr"),
            2,
        );
        add(
            "i32",
            ty,
            &names("eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u"),
            2,
        );
        add(ty, ty, &names("clz ctz popcnt extend8_s extend16_s"), 1);
        add("i32", ty, &names("eqz"), 1);
        for float in ["f32", "f64"] {
            for sign in ["s", "u"] {
                add(
                    ty,
                    float,
                    &format!("{ty}.trunc_{float}_{sign} {ty}.trunc_sat_{float}_{sign}"),
                    1,
                );
                add(float, ty, &format!("{float}.convert_{ty}_{sign}"), 1);
            }
        }
    }
    for ty in ["f32", "f64"] {
        let names = |list: &str| {
            list.split(' ')
                .map(|name| format!("{ty}.{name} "))
                .collect::<String>()
        };
        add(ty, ty, &names("abs neg ceil floor trunc nearest sqrt"), 1);
        add(ty, ty, &names("add sub mul div min max copysign"), 2);
        add("i32", ty, &names("eq ne lt gt le ge"), 2);
    }
    add("i32", "i64", "i32.wrap_i64", 1);
    add("i64", "i32", "i64.extend_i32_s i64.extend_i32_u", 1);
    add("i64", "i64", "i64.extend32_s", 1);
    add("f32", "f64", "f32.demote_f64", 1);
    add("f64", "f32", "f64.promote_f32", 1);
    add("i32", "f32", "i32.reinterpret_f32", 1);
    add("f32", "i32", "f32.reinterpret_i32", 1);
    add("i64", "f64", "i64.reinterpret_f64", 1);
    add("f64", "i64", "f64.reinterpret_i64", 1);
    for (ty, loads, stores) in [
        (
            "i32",
            "load load8_s load8_u load16_s load16_u",
            "store store8 store16",
        ),
        (
            "i64",
            "load load8_s load8_u load16_s load16_u load32_s load32_u",
            "store store8 store16 store32",
        ),
        ("f32", "load", "store"),
        ("f64", "load", "store"),
    ] {
        for load in loads.split(' ') {
            all.push(format!(
                "(local.set ${ty}x ({ty}.{load} offset=200000 (local.get $i32)))"
            ));
        }
        for store in stores.split(' ') {
            all.push(format!(
                "({ty}.{store} offset=200000 (local.get $i32) (local.get ${ty}))"
            ));
        }
    }
    all
}

const OTHERS: &[&str] = &[
    "(drop (memory.grow (local.get $zero)))",
    "(drop (memory.grow (i32.const -1)))",
    "(drop (memory.size))",
    "(memory.fill (i32.const 200000) (local.get $i32) (local.get $i32))",
    "(memory.copy (i32.const 200000) (i32.const 200001) (local.get $i32))",
    "(memory.init $data (i32.const 200000) (i32.const 0) (local.get $zero))",
    "(data.drop $data)",
    "(drop (table.grow $t (ref.null func) (local.get $zero)))",
    "(drop (table.grow $t (ref.null func) (i32.const -2)))",
    "(drop (table.size $t))",
    "(table.fill $t (local.get $i32) (ref.null func) (local.get $i32))",
    "(table.copy $t $t (i32.const 0) (i32.const 1) (local.get $i32))",
    "(table.init $t $elem (i32.const 0) (i32.const 0) (local.get $zero))",
    "(elem.drop $elem)",
    "(table.set $t (local.get $i32) (table.get $t (local.get $zero)))",
    "(drop (ref.is_null (table.get $t (local.get $i32))))",
    "(drop (ref.func $leaf))",
    "(global.set $g (i32.add (global.get $g) (i32.const 1)))",
    "(local.set $i32x (select (local.get $i32) (local.get $zero) (local.get $i32x)))",
    "(local.set $f64x (select (local.get $f64) (local.get $f64x) (local.get $i32x)))",
    "(call $leaf)",
    "(call $tail)",
    "(local.set $i32x (call $value (local.get $i32)))",
    "(call_indirect $c (type $v) (local.get $zero))",
    "(call_indirect $c (type $v) (local.get $i32))",
    "(drop (call $now))",
    "(call $log (i32.const 0) (i32.const 0) (i32.const 0))",
    "(block $a (block $b (br_table $a $b (local.get $i32x))))",
    "(drop (block $a (result i32) (block $b (result i32) (br_table $a $b (local.get $i32x) (local.get $zero)))))",
    "(block $a (result i32 i64) (br_table $a $a (local.get $i32x) (local.get $i64x) (local.get $zero))) (local.set $i64x) (local.set $i32x)",
    "(if (local.get $i32x) (then (local.set $i32x (i32.const 0))) (else (local.set $i32x (i32.const 1))))",
    "(block $a (br_if $a (local.get $i32x)) (local.set $i32x (i32.const 0)))",
    "(local.set $i32x (local.tee $n2 (local.get $i32)))",
];

#[test]
fn no_instruction_takes_native_stack() {
    let mut bodies = numeric();
    bodies.extend(OTHERS.iter().map(|text| (*text).to_owned()));
    let functions: String = bodies
        .iter()
        .enumerate()
        .map(|(n, body)| {
            format!(
                "(func $case{n} (local $n i32) (local $n2 i32) (local $zero i32)
                   (local $i32 i32) (local $i64 i64) (local $f32 f32) (local $f64 f64)
                   (local $i32x i32) (local $i64x i64) (local $f32x f32) (local $f64x f64)
                   (local.set $i32 (i32.const 1)) (local.set $i64 (i64.const 3))
                   (local.set $f32 (f32.const 1.5)) (local.set $f64 (f64.const 2.5))
                   (loop $l {body}
                     (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const {times})))))",
                times = if body.contains(".grow") { TIMES / 10 } else { TIMES },
            )
        })
        .collect();
    let names: String = (0..bodies.len()).map(|n| format!(" $case{n}")).collect();
    let module = from_text(&format!(
        r#"(module
  (import "postern" "respond" (func $respond (param i32 i32 i32 i32 i32 i32)))
  (import "postern" "done" (func $done (param i32 i32 i32 i32)))
  (import "postern" "log" (func $log (param i32 i32 i32)))
  (import "postern" "now" (func $now (result i64)))
  (type $v (func))
  (memory (export "memory") 8)
  (global $g (mut i32) (i32.const 0))
  (global $next (mut i32) (i32.const 0))
  (table $t 16 60000 funcref)
  (table $c funcref (elem $leaf $tail))
  (table $cases funcref (elem{names}))
  (elem $elem func $leaf)
  (elem declare func $leaf)
  (data (i32.const 16) "\c8\01\00")
  (data $data "x")
  (func $leaf)
  (func $tail (return_call $leaf))
  (func $value (param i32) (result i32) (local.get 0))
  {functions}
  (func (export "postern_abi_v1"))
  (func (export "postern_window") (param i32) (result i32) (i32.const 65536))
  (func (export "postern_event") (param $kind i32) (param $id i32) (param $len i32) (result i32)
    (call_indirect $cases (type $v) (global.get $next))
    (global.set $next (i32.add (global.get $next) (i32.const 1)))
    (call $respond (local.get $id) (i32.const 16) (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0))
    (call $done (local.get $id) (i32.const 0) (i32.const 0) (i32.const 0))
    (i32.const 0)))"#
    ));
    let mut daemon = Setup::new()
        .tables("[limits]\ncpu-ms = 1000\nisolates = 1")
        .start();
    let api = daemon.api();
    api.production();
    api.push("all", &module, &json!({}));
    for body in bodies {
        let response = Request::get("/all/").send(daemon.edge());
        assert!(daemon.runs(), "{body}: {}", daemon.log());
        let response = response.unwrap();
        assert_eq!(response.status, 200, "{body}: {}", response.text());
    }
}
