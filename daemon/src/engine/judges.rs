//! The processes in which pushes are judged, and how they are spoken to.
//!
//! A *keeper* (`postern judge`) reads an order, has a fork of itself judge, and reads the next.
//! What it knows itself is the daemon's own: the engine of JavaScript, translated as far as a small
//! Worker needs it, which each fork then has for nothing. What was pushed is looked at in the fork
//! alone. A keeper that nothing is asked of goes after some seconds.
//!
//! An order is its length, four bytes, little end first, and the bytes; verdicts are [`verdict`]'s.

use super::javascript::{self, BundleOrder, Keeping, Ready};
use super::judge::{Judged, Order, Refused, Work, judge_with};
use super::verdict::{self, Taking};
use bytes::Bytes;
use parking_lot::Mutex;
use postern_abi::bundle::ModuleKind;
use std::io::{BufReader, Error, ErrorKind, Read, Result, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Stack of the thread that judges: less than threads that run tenants have.
const STACK: usize = 1 << 20;
/// Seconds of CPU that judging may take, beside twice what start-up may, before the fork is ended.
const CPU_S: u64 = 20;
/// The same for the engine of JavaScript, which is larger and nobody's but ours.
const BASE_CPU_S: u64 = 120;
/// Bytes of a verdict's files for each byte that a module may have, beside what it may have in memory.
const FILES_PER_MODULE: u64 = 16;
/// How long a keeper is kept that nothing is asked of.
const KEPT_FOR: Duration = Duration::from_secs(10);
/// What a keeper evaluates, so that what most Workers need of the engine is translated.
const SAMPLE: &str = r#"
const { a, ...rest } = { a: [1, "b", `c${2}`], d: /e/u };
class F { #g = 1; static h = null; get i() { return this.#g; } async *j(k = 1, ...l) { yield* l; } }
function m(n) { try { for (const o of n) { if (o > 1 && !(o in rest)) continue; } } catch (p) { throw p; } finally { n?.q ?? 1; } }
export { F as r };
export default { async fetch(request, env, ctx) { await m([...a]); return new Response(a.map((b) => b + 1)); } };
"#;

/// The keepers of a daemon that nothing is asked of.
#[derive(Debug, Default)]
pub struct Judges {
    idle: Mutex<Vec<Keeper>>,
}

/// A keeper, as the daemon has it.
#[derive(Debug)]
struct Keeper {
    process: Child,
    orders: ChildStdin,
    verdicts: BufReader<ChildStdout>,
    idle_since: Instant,
}

impl Judges {
    /// Has a keeper that runs `program judge`, with the engine's folder if it has one, judge `sources`.
    ///
    /// # Errors
    /// Why they are refused.
    pub fn ask(
        &self,
        judge: (&Path, Option<&Path>),
        sources: &[Bytes],
        order: &Order,
    ) -> std::result::Result<Judged, Refused> {
        // What it had in its memory, and its module with what metering adds.
        let max = FILES_PER_MODULE
            .saturating_mul(order.module_bytes)
            .saturating_add(order.limits.memory_bytes);
        self.exchange(judge, sources, order, &mut |judged, bytes, from| {
            verdict::whole(judged, bytes, max, from)
        })
    }

    /// The same of the engine of JavaScript, whose files are for `keep`.
    ///
    /// # Errors
    /// Why there is no base.
    pub fn ask_base(
        &self,
        judge: (&Path, Option<&Path>),
        sources: &[Bytes],
        order: &Order,
        keep: &mut Keeping<'_>,
    ) -> std::result::Result<(), Refused> {
        self.exchange(judge, sources, order, &mut |_, bytes, from| {
            keep(bytes, from)
        })
    }

    fn exchange<T>(
        &self,
        (program, folder): (&Path, Option<&Path>),
        sources: &[Bytes],
        order: &Order,
        take: &mut Taking<'_, T>,
    ) -> std::result::Result<T, Refused> {
        let crashed = |what: &str, error: &dyn std::fmt::Display| {
            Refused::Crashed(format!("{what}: {error}"))
        };
        let order = postcard::to_allocvec(order).map_err(|error| crashed("order", &error))?;
        let idle = self.idle.lock().pop();
        // One that was kept may have been ended meanwhile, by who needs memory: another can do it.
        let kept =
            idle.and_then(|mut keeper| Some((keeper.ask(&order, sources, take).ok()?, keeper)));
        let (judged, mut keeper) = match kept {
            Some(judged) => judged,
            None => {
                let mut keeper = Keeper::start(program, folder)
                    .map_err(|error| crashed("the judge cannot be started", &error))?;
                // What cannot be read may leave more in the pipe: then the keeper is not asked again.
                let verdict = keeper.ask(&order, sources, take);
                (
                    verdict.map_err(|error| crashed("the judge is lost", &error))?,
                    keeper,
                )
            }
        };
        keeper.idle_since = Instant::now();
        self.idle.lock().push(keeper);
        judged
    }

    /// Ends keepers that nothing was asked of for some seconds. To be called now and then.
    pub fn sweep(&self, now: Instant) {
        let mut idle = self.idle.lock();
        let (old, young) = std::mem::take(&mut *idle)
            .into_iter()
            .partition(|keeper| now.saturating_duration_since(keeper.idle_since) >= KEPT_FOR);
        *idle = young;
        drop(idle);
        drop::<Vec<Keeper>>(old);
    }
}

impl Keeper {
    fn start(program: &Path, folder: Option<&Path>) -> Result<Self> {
        // What is not there when it confines itself it cannot read later.
        folder.map_or(Ok(()), std::fs::create_dir_all)?;
        let mut process = Command::new(program)
            .arg("judge")
            .args(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .env_clear()
            .spawn()?;
        let pipes = process.stdin.take().zip(process.stdout.take());
        let (orders, verdicts) = pipes.ok_or_else(|| Error::other("it has no pipes"))?;
        Ok(Self {
            process,
            orders,
            verdicts: BufReader::new(verdicts),
            idle_since: Instant::now(),
        })
    }

    fn ask<T>(
        &mut self,
        order: &[u8],
        sources: &[Bytes],
        take: &mut Taking<'_, T>,
    ) -> Result<std::result::Result<T, Refused>> {
        let len = sources.iter().map(Bytes::len).sum::<usize>() + order.len();
        self.orders.write_all(&prefix(len)?)?;
        self.orders.write_all(order)?;
        for source in sources {
            self.orders.write_all(source)?;
        }
        verdict::receive(&mut self.verdicts, take)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // It may be gone already; what is left of it is taken away all the same.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn prefix(len: usize) -> Result<[u8; 4]> {
    let len = u32::try_from(len).map_err(|_| Error::other("more than 4 GiB for one message"))?;
    Ok(len.to_le_bytes())
}

/// The next message; `None` at the end.
fn receive(from: &mut impl Read) -> Result<Option<Vec<u8>>> {
    let mut len = [0; 4];
    match from.read_exact(&mut len) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let len = u32::from_le_bytes(len);
    let mut message = Vec::new();
    message
        .try_reserve_exact(len as usize)
        .map_err(Error::other)?;
    from.take(len.into()).read_to_end(&mut message)?;
    if message.len() < len as usize {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(message))
}

/// A keeper's whole life: orders and modules on standard input, verdicts on standard output.
///
/// # Errors
/// When a pipe breaks.
pub fn keep() -> Result<()> {
    let mut ready = None;
    // Standard output itself would cut frames at the ends of lines.
    let mut verdicts = std::fs::File::from(std::io::stdout().as_fd().try_clone_to_owned()?);
    while let Some(input) = receive(&mut std::io::stdin().lock())? {
        let order = postcard::take_from_bytes::<Order>(&input);
        if let Ok((order, _)) = &order
            && let Work::Bundle(bundle) = &order.work
        {
            prepare(&mut ready, order, bundle);
        }
        // SAFETY: this process has one thread at this moment, so its copy has all that it needs to
        // go on, the allocator's locks among it.
        match unsafe { libc::fork() } {
            0 => {
                let verdict = match order {
                    Err(error) => Err(Refused::Crashed(format!(
                        "the order cannot be read: {error}"
                    ))),
                    Ok((order, source)) => {
                        confine(&order);
                        on_a_stack(|| judge_with(source, &order, ready.as_ref()))
                            .unwrap_or_else(|| Err(Refused::Crashed("the judge panicked".into())))
                    }
                };
                let told = verdict::send(verdict, &mut verdicts);
                std::process::exit(told.is_err().into());
            }
            -1 => {
                let error = Error::last_os_error();
                let why = format!("the judge cannot be started: {error}");
                verdict::break_off(&why, &mut verdicts)?;
            }
            fork => {
                let mut status = 0;
                // SAFETY: `status` is there for as long as the call takes.
                while unsafe { libc::waitpid(fork, &raw mut status, 0) } == -1
                    && Error::last_os_error().kind() == ErrorKind::Interrupted
                {}
                if status != 0 {
                    let status = std::os::unix::process::ExitStatusExt::from_raw(status);
                    let status: std::process::ExitStatus = status;
                    let why =
                        format!("it is too large or too deeply nested to be judged ({status})");
                    verdict::break_off(&why, &mut verdicts)?;
                }
            }
        }
    }
    Ok(())
}

/// What `work` gives, on a stack of its own; `None` if it panics.
fn on_a_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, work);
        thread.ok()?.join().ok()
    })
}

/// Translates the engine of JavaScript, unless that was done, as far as the sample needs it.
fn prepare(ready: &mut Option<Arc<Ready>>, order: &Order, bundle: &BundleOrder) {
    if ready
        .as_ref()
        .is_some_and(|ready| ready.is_of(&bundle.base))
    {
        return;
    }
    let sample = Order {
        work: Work::Bundle(BundleOrder {
            main: "worker.js".into(),
            modules: vec![(
                "worker.js".into(),
                ModuleKind::EsModule,
                SAMPLE.len() as u32,
            )],
            env: Vec::new(),
            ..bundle.clone()
        }),
        ..order.clone()
    };
    *ready = on_a_stack(|| {
        let ready = Arc::new(Ready::new(&bundle.base, &javascript::nesting(order.limits)).ok()?);
        // What it says does not matter.
        let _ = judge_with(SAMPLE.as_bytes(), &sample, Some(&ready));
        Some(ready)
    })
    .flatten();
}

/// Limits what this process may take, whatever the module makes of it.
fn confine(order: &Order) {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let memory = (order.limits.memory_bytes * 2)
        .saturating_add(order.module_bytes * 40)
        .saturating_add(256 << 20);
    let limit = |value: u64| Rlimit {
        current: Some(value),
        maximum: Some(value),
    };
    // A system that refuses these still has the limits of the engine.
    let seconds = match order.work {
        Work::Module | Work::Bundle(_) => {
            CPU_S + u64::from(order.limits.startup_cpu_ms).div_ceil(500)
        }
        Work::Base(_) => BASE_CPU_S,
    };
    let _ = setrlimit(Resource::Cpu, limit(seconds));
    let _ = setrlimit(Resource::As, limit(memory));
    let _ = setrlimit(Resource::Core, limit(0));
}
