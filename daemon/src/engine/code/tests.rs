//! Snapshots over bases, instances that are left to others, and what code takes.
#![allow(clippy::unwrap_used)]

use super::super::snapshot::{Base, seal};
use super::*;

const PAGE: usize = WASM_PAGE;

fn opened(sealed: &[u8], base: Id) -> Result<Snapshot, BuildError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), sealed).unwrap();
    Snapshot::open(file.path(), base)
}

fn memory(written: &[usize]) -> Vec<u8> {
    let mut memory = vec![0; 40 * PAGE];
    for (at, value) in written.iter().zip(1..) {
        memory[*at] = value;
    }
    memory
}

/// A memory with bytes at these places that is kept as a difference to one with bytes at those
/// is the same again when an isolate has it.
fn check(written: &[usize], base: &[usize]) {
    let whole = seal(&memory(base), None, b"");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &whole).unwrap();
    let base = Base::read(&File::open(file.path()).unwrap()).unwrap();
    let under = Snapshot::open(file.path(), Id::ZEROS).unwrap();
    let over = opened(&seal(&memory(written), Some(&base), b""), base.id).unwrap();
    let pieces = over.pieces(Some(&under));
    assert!(
        pieces.is_sorted_by(|one, next| one.memory.end <= next.memory.start),
        "{pieces:?}"
    );
    let mut mapping = Mapping::reserve(40 * PAGE).unwrap();
    // SAFETY: once, and `mapping` lives until the end.
    let bytes = unsafe { mapping.leak() };
    mapping.restore(&pieces, 40 * PAGE).unwrap();
    assert!(*bytes == memory(written), "{written:?}");
}

#[test]
fn a_difference_lies_over_its_base() {
    check(&[], &[]);
    check(&[5], &[]);
    check(&[], &[5]);
    let many: Vec<usize> = (0..40).map(|page| page * PAGE).collect();
    check(&many, &[3 * PAGE]);
    check(&[3 * PAGE], &many);
    check(
        &[3 * PAGE, 3 * PAGE + 4096],
        &[3 * PAGE, 4 * PAGE, 20 * PAGE],
    );
    check(
        &[8 * PAGE + 9000, 39 * PAGE],
        &[8 * PAGE, 8 * PAGE + 20_000, 9 * PAGE],
    );
    let every: Vec<usize> = (0..200).map(|step| step * 11_000).collect();
    check(&every, &many);
}

/// What is counted for a module's code is what all of it takes, and not many times that.
#[test]
fn translated_code_is_no_more_than_is_counted() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/guests");
    let guests = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let images = guests
        .map(|it| it.path())
        .filter(|path| path.extension().is_some_and(|it| it == "wasm"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(path).unwrap())
        });
    for (name, image) in images {
        let engine = interpreter(&Limits::default(), CompilationMode::Eager);
        let (_module, bytes) = heap::measured(|| Module::new(&engine, &image));
        let len = image.len() as u64;
        let most = if name.starts_with("javascript") {
            len / 4 * 13
        } else {
            translated_bytes(len)
        };
        assert!(
            (most / 4..=most).contains(&bytes),
            "{name}: {len} {bytes} {most}"
        );
    }
}

/// A Worker of a module with a global that changes, whose isolates leave their instances.
fn leaving(pages: u64) -> Code {
    let (room, name) = MEMORY_IMPORT;
    let module = wat::parse_str(format!(
        r#"(module (import "{room}" "{name}" (memory 2 64))
             (global $g (export "g") (mut i32) (i32.const 7))
             (func (export "run") (global.set $g (i32.const 8))
               (i32.store (i32.const 70000) (i32.const 9)))
             (func (export "grow") (drop (memory.grow (i32.const 1))))
             (func (export "spin")
               (loop $more
                 (global.set $g (i32.add (global.get $g) (i32.const 1)))
                 (i32.store (global.get $g) (i32.const 9))
                 (br $more))))"#
    ));
    let limits = Limits::default();
    let kind = GuestKind::JavaScript;
    let made = Translated::new(kind, &module.unwrap(), &limits, CompilationMode::Eager);
    let base = snapshot::seal(&vec![0; 2 * PAGE], None, b"");
    Code {
        pages,
        translated: Arc::new(Translated {
            base: Some(opened(&base, Id::ZEROS).unwrap()),
            spare: Some(Arc::default()),
            ..made.unwrap()
        }),
        snapshot: None,
        wasm: Arc::default(),
    }
}

/// An instance, and how much of this budget there is.
fn started(code: &Code, budget: u64) -> Result<Built, BuildError> {
    use crate::engine::{javascript::Frozen, memory_use::MemoryUse};
    use crate::ledger::Budget;
    let limits = Limits::default();
    let memory_use = MemoryUse::new(budget, &Budget::new("test", budget));
    let env = Arc::new(Frozen(Vec::new()));
    let host = Host::new(env, limits, memory_use, Arc::default());
    code.instantiate(host, limits.memory_bytes)
}

fn call(built: &mut Built, name: &str) {
    built.store.set_fuel(1_000_000).unwrap();
    let func = built.instance.get_typed_func::<(), ()>(&built.store, name);
    func.unwrap().call(&mut built.store, ()).unwrap();
}

/// Where its memory lies, what is in it and in the global, and what is counted.
fn told(built: &Built) -> (usize, bool, i32, u64) {
    let (store, memory) = (&built.store, built.memory);
    let global = built.instance.get_global(store, "g").unwrap().get(store);
    let is_empty = memory.data(store).iter().all(|byte| *byte == 0);
    assert!(store.data().memory.is_some());
    let bytes = store.data().memory_use.bytes();
    let place = memory.data_ptr(store).addr();
    (place, is_empty, global.i32().unwrap(), bytes)
}

#[test]
fn an_instance_that_was_left_is_as_new() {
    let code = leaving(2);
    let mut built = started(&code, 1 << 20).unwrap();
    let new = told(&built);
    assert_eq!(new, (new.0, true, 7, 2 * PAGE as u64));
    call(&mut built, "run");
    assert_eq!(told(&built), (new.0, false, 8, new.3));
    built.leave();
    // Another one lies elsewhere while this is used.
    let again = started(&code, 1 << 20).unwrap();
    let other = started(&code, 1 << 20).unwrap();
    assert_eq!(told(&again), new);
    assert_ne!(told(&other).0, new.0);
    assert_eq!(told(&other).1, new.1);
}

#[test]
fn an_instance_that_was_left_in_the_middle_is_as_new() {
    let code = leaving(2);
    let mut built = started(&code, 1 << 20).unwrap();
    let new = told(&built);
    built.store.set_fuel(100_000).unwrap();
    let spin = built
        .instance
        .get_typed_func::<(), ()>(&built.store, "spin");
    let paused = spin.unwrap().call_resumable(&mut built.store, ());
    let wasmi::TypedResumableCall::OutOfFuel(paused) = paused.unwrap() else {
        panic!("it has an end");
    };
    drop(paused);
    assert!(told(&built).2 > 8);
    built.leave();
    let mut again = started(&code, 1 << 20).unwrap();
    assert_eq!(told(&again), new);
    call(&mut again, "run");
    assert_eq!(told(&again), (new.0, false, 8, new.3));
}

#[test]
fn what_does_not_fit_is_not_used_again() {
    let code = leaving(2);
    let mut built = started(&code, 1 << 20).unwrap();
    call(&mut built, "grow");
    built.leave();
    let spare = code.translated.spare.as_ref().unwrap();
    assert!(spare.take(3, 64).is_none() && spare.take(2, 64).is_none());
    started(&code, 1 << 20).unwrap().leave();
    assert!(spare.take(3, 64).is_none());
    assert!(spare.take(2, 65).is_none());
    assert!(spare.take(2, 64).is_some());
}

#[test]
fn some_are_kept_and_they_go_with_their_code() {
    let code = leaving(2);
    let all: Vec<_> = (0..9).map(|_| started(&code, 1 << 20).unwrap()).collect();
    all.into_iter().for_each(Built::leave);
    let spare = code.translated.spare.clone().unwrap();
    let kept = std::iter::from_fn(|| spare.take(2, 64)).count();
    assert_eq!(kept, 4);
    started(&code, 1 << 20).unwrap().leave();
    let last = started(&code, 1 << 20).unwrap();
    started(&code, 1 << 20).unwrap().leave();
    let weak = Arc::downgrade(&spare);
    drop((spare, code));
    assert!(weak.upgrade().is_none());
    last.leave();
}

#[test]
fn a_budget_counts_for_what_was_left_too() {
    let code = leaving(2);
    started(&code, 1 << 20).unwrap().leave();
    let error = started(&code, 2 * PAGE as u64 - 1).err().unwrap();
    assert!(error.refused, "{}", error.what);
    assert!(started(&code, 2 * PAGE as u64).is_ok());
}

#[test]
fn a_snapshot_of_another_base_is_refused() {
    let base = |byte| Base {
        memory: vec![byte; PAGE],
        id: Id([byte; 16]),
    };
    let sealed = seal(&vec![7; PAGE], Some(&base(1)), b"");
    assert!(opened(&sealed, Id([1; 16])).is_ok());
    let error = opened(&sealed, Id([2; 16])).err().unwrap().what;
    assert!(error.contains("its base is 0101"), "{error}");
    assert!(opened(&sealed, Id::ZEROS).is_err());
    assert!(opened(&sealed[..sealed.len() - 1], Id([1; 16])).is_err());
}
