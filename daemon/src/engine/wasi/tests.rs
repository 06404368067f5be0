//! Commands that use WASI, run in wasmi.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::engine::module::imports::WASI_PREVIEW1;
use wasmi::{Config, CustomFuelCosts, Engine, Linker, Module, Store, Val};

const FUEL: u64 = 1_000_000;

fn input() -> WasiInput {
    let mut next = 0u8;
    WasiInput {
        args: vec!["worker".to_owned(), "two".to_owned()],
        environ: vec!["A=1".to_owned(), "LONG=value".to_owned()],
        stdin: Bytes::from_static(b"question"),
        stdout_max: 64,
        stderr_max: 4,
        now_ns: 1_700_000_000_123_456_789,
        random: Box::new(move |bytes| {
            for byte in bytes {
                next = next.wrapping_add(1);
                *byte = next;
            }
        }),
    }
}

/// A finished run.
struct Run {
    result: Result<Vec<i32>, wasmi::Error>,
    memory: Vec<u8>,
    output: WasiOutput,
    used: u64,
    owed: u64,
}

/// Runs a body that may call every function of WASI by its name.
fn run_with(input: WasiInput, results: &str, body: &str, fuel: u64) -> Run {
    let words = |letters: &str| {
        letters
            .replace('I', "i64 ")
            .replace('i', "i32 ")
            .replace("i32 64", "i64")
    };
    let imports: String = WASI_PREVIEW1
        .iter()
        .map(|signature| {
            format!(
                "(import \"wasi_snapshot_preview1\" \"{0}\" (func ${0} (param {1}) (result {2})))\n",
                signature.name,
                words(signature.params),
                words(signature.results)
            )
        })
        .collect();
    let text = format!(
        r#"(module {imports} (memory (export "memory") 1)
            (data (i32.const 8) "\40\00\00\00\05\00\00\00\45\00\00\00\03\00\00\00")
            (data (i32.const 64) "helloabc")
            (func (export "run") (result {results}) {body}))"#
    );
    let mut config = Config::default();
    config.consume_fuel(true).fuel_cost(CustomFuelCosts {
        bytes_copied_per_fuel: 64,
        fuel_per_bytes_translated: 0,
        fuel_per_bytes_validated: 0,
    });
    let engine = Engine::new(&config);
    let module = Module::new(&engine, wat::parse_str(text).unwrap()).unwrap();
    let mut store = Store::new(&engine, Wasi::new(input));
    store.data_mut().lend_fuel(u64::MAX);
    store.set_fuel(fuel).unwrap();
    let mut linker = Linker::new(&engine);
    link(&mut linker, |wasi: &mut Wasi| wasi).unwrap();
    let instance = linker.instantiate_and_start(&mut store, &module).unwrap();
    let function = instance.get_func(&store, "run").unwrap();
    let mut found = vec![Val::I32(0); function.ty(&store).results().len()];
    let result = function.call(&mut store, &[], &mut found).map(|()| {
        found
            .iter()
            .map(|value| match value {
                Val::I32(value) => *value,
                other => panic!("{other:?}"),
            })
            .collect()
    });
    let memory = instance.get_memory(&store, "memory").unwrap();
    Run {
        result,
        memory: memory.data(&store).to_vec(),
        used: fuel - store.get_fuel().unwrap(),
        owed: store.data_mut().take_owed_fuel(),
        output: store.into_data().finish(),
    }
}

/// Runs one call, or several whose answers are results.
fn run(body: &str) -> Run {
    let results = "i32 ".repeat(body.matches("(call $").count());
    run_with(input(), &results, body, FUEL)
}

/// What calls answer.
fn check(body: &str, answers: &[i32]) -> Run {
    let run = run(body);
    assert_eq!(run.result.as_ref().unwrap(), answers, "{body}");
    run
}

fn u32_at(run: &Run, at: usize) -> u32 {
    u32::from_le_bytes(run.memory[at..at + 4].try_into().unwrap())
}

fn u64_at(run: &Run, at: usize) -> u64 {
    u64::from_le_bytes(run.memory[at..at + 8].try_into().unwrap())
}

/// 8 and 16 hold two ranges: `hello` and `abc`.
const WRITE: &str = "(i32.const 8) (i32.const 2) (i32.const 0)";

#[test]
fn arguments_and_environment_are_given() {
    let run = check(
        "(call $args_sizes_get (i32.const 0) (i32.const 4))
         (call $args_get (i32.const 1000) (i32.const 1100))
         (call $environ_sizes_get (i32.const 200) (i32.const 204))
         (call $environ_get (i32.const 2000) (i32.const 2100))",
        &[0, 0, 0, 0],
    );
    assert_eq!((u32_at(&run, 0), u32_at(&run, 4)), (2, 11));
    assert_eq!((u32_at(&run, 1000), u32_at(&run, 1004)), (1100, 1107));
    assert_eq!(&run.memory[1100..1111], b"worker\0two\0");
    assert_eq!((u32_at(&run, 200), u32_at(&run, 204)), (2, 15));
    assert_eq!(&run.memory[2100..2115], b"A=1\0LONG=value\0");
}

#[test]
fn output_is_kept() {
    let run = check(&format!("(call $fd_write (i32.const 1) {WRITE})"), &[0]);
    assert_eq!(run.output.stdout, b"helloabc");
    assert_eq!(u32_at(&run, 0), 8);
}

#[test]
fn errors_beyond_their_limit_are_dropped_and_counted() {
    let run = check(&format!("(call $fd_write (i32.const 2) {WRITE})"), &[0]);
    assert_eq!(run.output.stderr, b"hell");
    assert_eq!(run.output.stderr_dropped, 4);
    assert_eq!(u32_at(&run, 0), 8, "the guest is told that all was written");
}

#[test]
fn too_much_output_ends_the_run() {
    let body = format!("(call $fd_write (i32.const 1) {WRITE})").repeat(9);
    let run = run(&body);
    let error = run.result.unwrap_err();
    assert_eq!(
        error.downcast_ref::<OutputLimit>(),
        Some(&OutputLimit { limit: 64 })
    );
    assert_eq!(run.output.stdout.len(), 64);
}

#[test]
fn input_is_read_once() {
    let read = "(call $fd_read (i32.const 0) (i32.const 8) (i32.const 2) (i32.const 0))";
    let run = check(read, &[0]);
    assert_eq!(&run.memory[64..72], b"question");
    assert_eq!(u32_at(&run, 0), 8);
    let run = check(&read.repeat(2), &[0, 0]);
    assert_eq!(u32_at(&run, 0), 0, "the end of the input");
}

#[test]
fn the_clock_stands_still() {
    let run = check(
        "(call $clock_time_get (i32.const 0) (i64.const 0) (i32.const 1000))
         (call $clock_time_get (i32.const 1) (i64.const 0) (i32.const 1008))
         (call $clock_res_get (i32.const 1) (i32.const 1016))
         (call $clock_time_get (i32.const 4) (i64.const 0) (i32.const 1024))",
        &[0, 0, 0, Errno::Inval as i32],
    );
    assert_eq!(u64_at(&run, 1000), 1_700_000_000_123_456_789);
    assert_eq!(u64_at(&run, 1008), 1_700_000_000_123_456_789);
    assert_eq!(u64_at(&run, 1016), 1_000_000);
}

#[test]
fn randomness_comes_from_the_host() {
    let run = check(
        "(call $random_get (i32.const 1000) (i32.const 4))
         (call $random_get (i32.const 0) (i32.const 65537))",
        &[0, Errno::Inval as i32],
    );
    assert_eq!(&run.memory[1000..1005], [1, 2, 3, 4, 0]);
}

#[test]
fn the_exit_code_is_told() {
    let run = run_with(input(), "", "(call $proc_exit (i32.const 3))", FUEL);
    assert_eq!(run.result.unwrap_err().i32_exit_status(), Some(3));
    assert_eq!(run.output.exit_code, Some(3));
}

#[test]
fn streams_are_streams() {
    let run = check(
        "(call $fd_fdstat_get (i32.const 1) (i32.const 1000))
         (call $fd_filestat_get (i32.const 0) (i32.const 1100))
         (call $fd_seek (i32.const 1) (i64.const 0) (i32.const 0) (i32.const 0))
         (call $fd_tell (i32.const 0) (i32.const 0))
         (call $fd_sync (i32.const 1))
         (call $fd_prestat_get (i32.const 3) (i32.const 0))
         (call $sched_yield)",
        &[0, 0, 70, 70, 52, 8, 0],
    );
    assert_eq!(
        u64_at(&run, 1008) & (1 << 6),
        1 << 6,
        "it can be written to"
    );
    let closed = format!(
        "(call $fd_close (i32.const 1)) (call $fd_write (i32.const 1) {WRITE})
         (call $fd_close (i32.const 1)) (call $fd_close (i32.const 3))
         (call $fd_write (i32.const 0) {WRITE}) (call $fd_read (i32.const 2) {WRITE})"
    );
    check(&closed, &[0, 8, 8, 8, 8, 8]);
}

#[test]
fn nobody_waits() {
    // One clock that is far in the future, standard input, and a descriptor that is not there.
    let run = check(
        "(i64.store (i32.const 1000) (i64.const 11)) (i32.store8 (i32.const 1008) (i32.const 0))
         (i64.store (i32.const 1024) (i64.const -1))
         (i64.store (i32.const 1048) (i64.const 22)) (i32.store8 (i32.const 1056) (i32.const 1))
         (i64.store (i32.const 1096) (i64.const 33)) (i32.store8 (i32.const 1104) (i32.const 2))
         (i32.store (i32.const 1112) (i32.const 7))
         (call $poll_oneoff (i32.const 1000) (i32.const 2000) (i32.const 3) (i32.const 0))
         (call $poll_oneoff (i32.const 1000) (i32.const 2000) (i32.const 0) (i32.const 0))
         (call $poll_oneoff (i32.const 1000) (i32.const 2000) (i32.const 65) (i32.const 0))",
        &[0, 28, 28],
    );
    assert_eq!(u32_at(&run, 0), 3);
    assert_eq!(
        [u64_at(&run, 2000), u64_at(&run, 2032), u64_at(&run, 2064)],
        [11, 22, 33]
    );
    assert_eq!(run.memory[2008], 0);
    assert_eq!(u64_at(&run, 2048), 8, "bytes of input");
    assert_eq!(run.memory[2072], 8, "no such descriptor");
}

#[test]
fn pointers_outside_of_the_memory_are_faults() {
    for call in [
        "$args_get (i32.const -4) (i32.const 0)",
        "$args_get (i32.const 0) (i32.const 65530)",
        "$environ_sizes_get (i32.const 0) (i32.const 65533)",
        "$clock_time_get (i32.const 0) (i64.const 0) (i32.const 65529)",
        "$random_get (i32.const 65535) (i32.const 2)",
        "$fd_write (i32.const 1) (i32.const -8) (i32.const 1) (i32.const 0)",
        "$fd_write (i32.const 1) (i32.const 8) (i32.const 2) (i32.const 65534)",
        // The third range is what follows the first two: 0x68656c6c bytes and more.
        "$fd_write (i32.const 1) (i32.const 8) (i32.const 8) (i32.const 0)",
        "$fd_read (i32.const 0) (i32.const 8) (i32.const 8) (i32.const 0)",
        "$fd_fdstat_get (i32.const 0) (i32.const 65520)",
        "$poll_oneoff (i32.const 65500) (i32.const 0) (i32.const 1) (i32.const 0)",
        "$poll_oneoff (i32.const 0) (i32.const -1) (i32.const 1) (i32.const 0)",
    ] {
        let run = check(&format!("(call {call})"), &[Errno::Fault as i32]);
        assert!(run.output.stdout.is_empty(), "{call}");
    }
}

#[test]
fn too_many_ranges_are_refused() {
    check(
        "(call $fd_write (i32.const 1) (i32.const 8) (i32.const 1025) (i32.const 0))",
        &[Errno::Inval as i32],
    );
}

#[test]
fn everything_that_may_be_imported_is_there_and_answers() {
    for signature in WASI_PREVIEW1 {
        if signature.name == "proc_exit" {
            continue;
        }
        let arguments: String = signature
            .params
            .chars()
            .map(|letter| match letter {
                'I' => "(i64.const -1)",
                _ => "(i32.const -1)",
            })
            .collect();
        let run = run(&format!("(call ${} {arguments})", signature.name));
        let answer = run.result.unwrap()[0];
        let allowed = [0, 8, 21, 28, 52];
        assert!(allowed.contains(&answer), "{}: {answer}", signature.name);
    }
}

#[test]
fn host_work_costs_fuel() {
    let cost = |len: u32| {
        let body = format!("(call $random_get (i32.const 0) (i32.const {len}))");
        run(&body).used
    };
    assert_eq!(cost(60_000) - cost(0), 60_000 * 4);
    // What is asked for in vain is work all the same.
    let ranges = |count: u32| {
        let body = format!(
            "(call $fd_write (i32.const 1) (i32.const -8) (i32.const {count}) (i32.const 0))"
        );
        run(&body).used
    };
    assert_eq!(ranges(1000) - ranges(0), 1000 * ITEM_FUEL);
    // What is not there is owed.
    let body = "(call $random_get (i32.const 0) (i32.const 60000))";
    let poor = run_with(input(), "i32", body, 100);
    assert_eq!(poor.used, 100);
    assert_eq!(poor.used + poor.owed, run(body).used);
}
