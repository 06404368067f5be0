//! Invocations that were recorded, and run again to the same fuel and the same bytes.

use super::*;
use crate::engine::replay::{Entry, Part, Player, Record, Recorded, Recorder, Show, Writing};

const TELLS: &str = include_str!("replay.wat");

/// Keeps every record.
#[derive(Default)]
struct Keeps {
    bytes: u64,
    kept: Mutex<Vec<Recorded>>,
}

impl Recorder for Keeps {
    fn tape_bytes(&self, _: &str, _: &str) -> u64 {
        self.bytes
    }

    fn wants(&self, _: bool) -> bool {
        true
    }

    fn keep(&self, recorded: Recorded) {
        self.kept.lock().push(recorded);
    }
}

impl Keeps {
    fn on(bench: &Bench, bytes: u64) -> Arc<Self> {
        let keeps = Arc::new(Self {
            bytes,
            ..Self::default()
        });
        bench.engine.record_to(keeps.clone());
        keeps
    }

    /// The last record as the file that a laptop gets.
    fn file(&self) -> Vec<u8> {
        let recorded = self.kept.lock().pop().unwrap();
        let file = Record::seal(&recorded.head, &recorded.trace).unwrap();
        let mut file = Writing::behind(file);
        recorded.files.add_to(&mut file).unwrap();
        file.done()
    }
}

fn play(file: &[u8]) -> Vec<Show> {
    let record = Record::read(file).unwrap();
    let mut shown = Vec::new();
    let played = Player::new(&record, None).unwrap();
    let played = played.play(|it| shown.push(it)).unwrap();
    assert!(played.is_same(), "{:?}", played.differing);
    assert!(!played.is_cut && played.turns > 0);
    assert_eq!(played.compared, played.calls);
    assert_eq!(played.fuel[&record.head.request], record.head.fuel);
    shown
}

#[test]
fn what_the_test_guest_does_is_the_same_again() {
    let bench = Bench::new(EngineOptions {
        // Memory that grows has no fuel in many a slice, and is asked for again.
        slice_fuel: 1_500,
        ..EngineOptions::default()
    });
    let keeps = Keeps::on(&bench, 256 << 10);
    for path in [
        "h", "s", "a", "r", "t", "b", "w", "d", "T", "e", "l", "m", "n", "k",
    ] {
        let worker = bench.worker(GUEST, small());
        let _ = bench.text(&worker, "k");
        let _ = bench.text(&worker, path);
        play(&keeps.file());
    }
    let worker = bench.worker(GUEST, small());
    let body = RequestBody::Whole(Bytes::from(vec![7; 100_000]));
    let reply = bench.fetch(&worker, "p", body).unwrap();
    assert_eq!(bench.read(reply).unwrap(), "=");
    let shown = play(&keeps.file());
    let is_chunk = |it: &&Show| matches!(it, Show::Event { bytes: 65_536, .. });
    assert_eq!(shown.iter().filter(is_chunk).count(), 1);
}

/// Answers a name, and a timer at once.
struct Named;

impl Bindings for Named {
    fn sync(&self, _: SyncOp, _: &[u8], out: &mut Vec<u8>) -> Result<(), OpFailure> {
        out.extend_from_slice(b"what is bound");
        Ok(())
    }

    fn start(&self, _: OpKind, _: &[u8], _: &Caller) -> Started {
        Started::Done(Ok(OpReply::default()))
    }
}

/// A request that is answered and one that is cut, in slices of so much fuel.
fn told(slice_fuel: u64) -> Vec<u8> {
    let bench = Bench::new(EngineOptions {
        slice_fuel,
        fuel_per_ms: 20_000,
        ..EngineOptions::default()
    });
    let keeps = Keeps::on(&bench, 64 << 10);
    let limits = small();
    let wasm = wat::parse_str(TELLS).unwrap();
    let judged = bench
        .block(bench.engine.judge("tenant", wasm.into(), &limits))
        .unwrap();
    let worker = bench.deploy_with("s", &judged, limits, Arc::new(Named));
    bench.block(worker.fetch(request("w"))).unwrap();
    assert!(bench.block(worker.fetch(request("s"))).is_err());
    keeps.file()
}

#[test]
fn slices_are_not_in_a_record() {
    for slice_fuel in [10_000, 1_000_000_000] {
        let file = told(slice_fuel);
        play(&file);
        let record = Record::read(&file).unwrap();
        assert_eq!(record.head.outcome, "exceededCpu");
        let cut = record.entries(0).find_map(|it| match it.unwrap() {
            Entry::Over {
                request: 2, fuel, ..
            } => Some(fuel),
            _ => None,
        });
        assert_eq!(cut, Some(record.head.fuel));
    }
}

/// Records made on one architecture are the same on any other. `POSTERN_BLESS=1` makes that of this one anew.
#[test]
fn records_of_other_machines_are_the_same_here() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/engine/tests/records");
    if std::env::var_os("POSTERN_BLESS").is_some() {
        let file = format!("{folder}/{}.replay", std::env::consts::ARCH);
        std::fs::write(file, told(200_000)).unwrap();
    }
    for architecture in ["x86_64", "arm"] {
        let file = std::fs::read(format!("{folder}/{architecture}.replay")).unwrap();
        let record = Record::read(&file).unwrap();
        assert_eq!(record.head.architecture, architecture);
        let shown = play(&file);
        let logged = shown
            .iter()
            .filter(|it| matches!(it, Show::Call { given, .. } if given == b"a line of log"));
        assert_eq!(logged.count(), 2);
    }
}

#[test]
fn a_record_that_was_changed_is_told_where_it_differs() {
    let file = told(200_000);
    let record = Record::read(&file).unwrap();
    let changed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut changed = record.clone();
        change(&mut changed.trace);
        let player = Player::new(&changed, None).unwrap();
        player.with_fuel(200_000).play(|_| {})
    };
    // The path of the second request: another letter makes it answer at once.
    let at = record
        .trace
        .windows(10)
        .rposition(|it| it == b"http://t/s")
        .unwrap()
        + 9;
    let played = changed(&|trace| trace[at] = b'w').unwrap();
    assert!(!played.is_same() && played.is_stopped);
    let told = &played.differing[0];
    assert!(told.recorded.contains("the turn ends"), "{told:?}");
    assert!(told.replayed.starts_with("op_start"), "{told:?}");
    // What was random is told by nothing but the digest of the answer.
    let place = record
        .trace
        .windows(13)
        .position(|it| it == b"what is bound")
        .unwrap();
    let played = changed(&|trace| trace[place] ^= 1).unwrap();
    assert_eq!(played.differing.len(), 1, "{:?}", played.differing);
    assert!(!played.is_stopped && played.differing[0].recorded.contains("respond"));
    // Whatever is changed, somebody says so or nothing was changed that matters; nothing panics.
    for at in (0..record.trace.len()).step_by(3) {
        let _ = changed(&|trace| trace[at] = trace[at].wrapping_add(1).min(9));
        let _ = changed(&|trace| trace.truncate(at));
    }
}

#[test]
fn code_that_is_none_is_refused() {
    let file = told(200_000);
    let record = Record::read(&file).unwrap();
    for (module, memory) in [
        (None, record.memory.clone()),
        (record.module.clone(), None),
        (Some(b"\0asm\x01\0\0\0".to_vec()), Some(Vec::new())),
        (Some(b"nonsense".to_vec()), Some(Vec::new())),
        (record.module.clone(), Some(vec![255; 20])),
    ] {
        let changed = Record {
            module,
            memory,
            ..record.clone()
        };
        assert!(Player::new(&changed, None).is_err());
        assert!(Player::new(&changed, Some(b"nonsense")).is_err());
    }
}

#[test]
fn a_tape_that_is_full_ends_and_its_isolate_with_it() {
    let bench = bench();
    let keeps = Keeps::on(&bench, 4 << 10);
    let worker = bench.worker(GUEST, Limits::default());
    // More than half of the tape is written, so the next request has an isolate that begins.
    let mut answers = Vec::new();
    for _ in 0..60 {
        answers.push(bench.text(&worker, "k").unwrap());
        play(&keeps.file());
    }
    assert!(
        answers.iter().filter(|it| *it == "1").count() > 1,
        "{answers:?}"
    );
    // What does not fit leaves no record.
    let body = RequestBody::Whole(Bytes::from(vec![7; 100_000]));
    bench.fetch(&worker, "p", body).unwrap();
    assert!(keeps.kept.lock().is_empty());
}

#[test]
fn who_opted_out_and_who_has_no_memory_is_not_recorded() {
    let bench = Bench::new(EngineOptions {
        budget: Budget::new("Workers", 8 << 20),
        ..EngineOptions::default()
    });
    let keeps = Keeps::on(&bench, 16 << 20);
    let worker = bench.worker(GUEST, Limits::default());
    assert_eq!(bench.text(&worker, "h").unwrap(), "hello");
    assert!(keeps.kept.lock().is_empty());
}

#[test]
fn where_the_fuel_went_is_told_by_function() {
    let file = told(200_000);
    let record = Record::read(&file).unwrap();
    let source = wat::parse_str(TELLS).unwrap();
    let player = Player::new(&record, Some(&source)).unwrap();
    let profiled = player.play(|_| {}).unwrap().profiled.unwrap();
    let (name, spent) = &profiled.functions[0];
    assert_eq!((name.as_str(), spent.calls), ("spin", 1));
    let all: u64 = profiled.functions.iter().map(|it| it.1.fuel).sum();
    assert!(
        spent.fuel > all / 2 && all <= record.head.fuel * 2,
        "{profiled:?}"
    );
}

#[cfg(feature = "javascript")]
#[test]
fn javascript_is_the_same_again() {
    use super::javascript::{bench, bundle};
    use postern_abi::bundle::ModuleKind;
    let source = "
        function spinning() { let n = 0; for (;;) n = Math.sqrt(n + 1); }
        const began = [];
        export default { async fetch(request, env) {
            began.push(Math.random(), Date.now(), crypto.randomUUID());
            console.log('seen', request.url, began.length);
            if (request.url.endsWith('spin')) spinning();
            if (request.url.endsWith('throw')) throw new TypeError('no');
            await env.KV.put('a', 'b'.repeat(3000));
            await new Promise((done) => setTimeout(done, 1));
            const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(began.join()));
            const key = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
            const zipped = new Response('x'.repeat(5000)).body.pipeThrough(new CompressionStream('gzip'));
            const bytes = await new Response(zipped).arrayBuffer();
            return Response.json([...new Uint8Array(hash), await env.KV.get('a'), bytes.byteLength, key.type]);
        } };";
    let bench = bench();
    let keeps = Keeps::on(&bench, 512 << 10);
    let limits = Limits {
        cpu_ms: 50,
        ..Limits::default()
    };
    let module = bundle(&[("worker.js", ModuleKind::EsModule, source)]);
    let judged = bench.judged(module, &limits).unwrap();
    let worker = bench.script("a", &judged, limits);
    bench.text(&worker, "x").unwrap();
    play(&keeps.file());
    assert!(bench.text(&worker, "throw").is_err());
    play(&keeps.file());
    assert!(bench.text(&worker, "spin").is_err());
    let file = keeps.file();
    let shown = play(&file);
    let logged = |it: &Show| matches!(it, Show::Call { given, .. } if given.starts_with(b"seen http://t/spin"));
    assert!(shown.iter().any(logged));
    let record = Record::read(&file).unwrap();
    assert_eq!(record.head.outcome, "exceededCpu");
    // The layout that names of functions are read by is that of this engine.
    let engine = EngineModule::default().whole().unwrap();
    let player = Player::new(&record, Some(&engine)).unwrap();
    let profiled = player.play(|_| {}).unwrap().profiled.unwrap();
    assert_eq!(profiled.functions[0].0, "JS_CallInternal");
    let (name, spent) = &profiled.scripts[0];
    assert_eq!(
        (name.as_str(), spent.calls),
        ("spinning worker.js:2", 1),
        "{:?}",
        profiled.scripts
    );
}

#[test]
fn code_is_a_part_of_the_file() {
    let file = told(200_000);
    let record = Record::read(&file).unwrap();
    let mut without = Writing::behind(Record::seal(&record.head, &record.trace).unwrap());
    without
        .part(Part::Module, |out| {
            out.write_all(&record.module.clone().unwrap())
        })
        .unwrap();
    let without = Record::read(&without.done()).unwrap();
    let told = Player::new(&without, None).err().unwrap().to_string();
    assert!(told.contains("no code"), "{told}");
}
