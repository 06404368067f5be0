//! A pushed module's way to a deployment: judged, rewritten, booted once, snapshotted.
//!
//! Parsers and translators recurse, and a crafted upload may overflow a stack, which no
//! process survives. So this runs in a process of its own (`super::judges`), on a stack smaller than
//! that of the threads which run tenants: what passes there cannot overflow here. That process
//! limits its own CPU time and memory, and shares nothing but two pipes.

use super::caller::Caller;
use super::code::Code;
use super::cost;
use super::host::Host;
use super::instance::Built;
use super::javascript::{self, Bundle, BundleOrder, Ready, Told};
use super::limits::{Failure, Limits};
use super::mapping::WASM_PAGE;
use super::memory_use::MemoryUse;
use super::module::{self, GlobalValue, GuestKind, ModuleLimits, SnapshotKind};
use super::ops::{Bindings, OpFailure, Started};
use super::snapshot;
use super::turn::{Entry, Turn};
use crate::ledger::Budget;
use async_executor::Executor;
use bytes::Bytes;
use postern_abi::{OpErrorCode, OpKind, SyncOp, export};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;
use wasmi::{CompilationMode, Instance, Memory, Store};

/// What was pushed.
#[derive(Clone, Debug)]
pub enum Pushed {
    /// A module that runs as it is.
    Module(Bytes),
    /// What the engine of JavaScript is to evaluate.
    Bundle(Bundle),
}

impl From<Vec<u8>> for Pushed {
    fn from(module: Vec<u8>) -> Self {
        Self::Module(module.into())
    }
}

/// What is asked of the judge, beside the bytes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    /// The limits that start-up runs under.
    pub limits: Limits,
    /// The board's calibrated rate.
    pub fuel_per_ms: u64,
    /// Bytes that a module, or all modules of a bundle, may have.
    pub module_bytes: u64,
    /// What the bytes are.
    pub work: Work,
}

/// What is to be judged.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Work {
    /// A module.
    Module,
    /// The engine of JavaScript, of which the base is to be made. It comes deflated, and has so many bytes, where
    /// these are told.
    Base(Option<usize>),
    /// A bundle's modules.
    Bundle(BundleOrder),
}

/// What was accepted, ready to be stored and run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// How it is spoken to.
    pub kind: GuestKind,
    /// The module that isolates are made of; `None` where it is the one that all Workers in
    /// JavaScript share.
    pub image: Option<Vec<u8>>,
    /// The file of the memory after booting. `None` where a snapshot would not be the whole state:
    /// such isolates boot one by one.
    pub snapshot: Option<Vec<u8>>,
    /// Pages of 64 KiB that the memory had, zeros included.
    pub pages: u32,
    /// What can be called. A module that runs as it is handles requests.
    pub told: Told,
    /// Fuel of start function, boot and translation.
    pub startup_fuel: u64,
    /// Milliseconds it all took.
    pub startup_time_ms: u32,
}

impl Judged {
    /// With nothing in it yet.
    pub fn empty(kind: GuestKind) -> Self {
        Self {
            kind,
            image: None,
            snapshot: None,
            pages: 0,
            told: Told::default(),
            startup_fuel: 0,
            startup_time_ms: 0,
        }
    }
}

/// Why a push is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Refused {
    /// It breaks a rule or a limit. The message names it.
    #[error("{0}")]
    Module(String),
    /// Its start function or boot failed or used up its fuel.
    #[error("the Worker failed at start-up: {0}")]
    Startup(String),
    /// Global scope threw, or its modules cannot be linked.
    #[error("Uncaught {name}: {message}{}", on_lines(.stack))]
    Thrown {
        /// The error's class.
        name: String,
        /// Its message.
        message: String,
        /// Where: a line a call, with file, line and column.
        stack: String,
    },
    /// Judging it ended the judge.
    #[error("the module could not be judged: {0}")]
    Crashed(String),
}

/// Where a Worker's modules lie, where they have addresses.
const ADDRESSES: &str = "file:///bundle/";

/// The calls of a stack, which may begin with what was thrown, each on a line of its own.
fn on_lines(stack: &str) -> String {
    let lines = stack.lines().map(str::trim);
    let lines = lines.filter(|line| line.starts_with("at "));
    // Who sends a source map knows its modules by their names.
    lines.fold(String::new(), |all, line| {
        all + "\n  " + &line.replacen(ADDRESSES, "", 1)
    })
}

/// Bytes of window made before the snapshot, so that isolates need not make it.
const WINDOW: u32 = 16 * 1024;

/// Judges in this process. Only for what is trusted not to overflow a stack: tests, and a fork of a
/// keeper ([`super::judges`]).
///
/// # Errors
/// Why the push is refused.
pub fn judge_here(source: &[u8], order: &Order) -> Result<Judged, Refused> {
    judge_with(source, order, None)
}

/// The same, with the engine of JavaScript ready to go if it is.
pub(super) fn judge_with(
    source: &[u8],
    order: &Order,
    ready: Option<&Arc<Ready>>,
) -> Result<Judged, Refused> {
    let started = Instant::now();
    let judged = match &order.work {
        Work::Module => module(source.into(), order, module::image),
        Work::Base(None) => module(source.into(), order, module::base_image),
        Work::Base(Some(length)) => match javascript::inflated(source, *length) {
            Some(source) => module(source.into(), order, module::base_image),
            None => Err(Refused::Module("the engine is damaged".to_owned())),
        },
        Work::Bundle(bundle) => javascript::judge(source, order, bundle, ready),
    };
    Ok(Judged {
        startup_time_ms: u32::try_from(started.elapsed().as_millis()).unwrap_or(u32::MAX),
        ..judged?
    })
}

/// Makes the image of a module that was booted: see [`module::image`].
type Imaging = fn(&[u8], &[GlobalValue], u64) -> Result<Vec<u8>, module::ImageError>;

fn module(source: Cow<'_, [u8]>, order: &Order, image: Imaging) -> Result<Judged, Refused> {
    let is_base = matches!(order.work, Work::Base(_));
    let limits = &order.limits;
    let module_limits = ModuleLimits {
        module_bytes: order.module_bytes,
        // One page more, so that the last growth is refused by us and not by the declared
        // maximum: only then do we know that memory ran out.
        ..ModuleLimits::with_memory_bytes(if is_base {
            // Each Worker's own limit is looked at when its memory is made.
            u64::from(u32::MAX) + 1
        } else {
            limits.memory_bytes + WASM_PAGE as u64
        })
    };
    let refused = |error: &dyn std::fmt::Display| Refused::Module(error.to_string());
    let inspected = module::inspect(&source, &module_limits).map_err(|error| refused(&error))?;
    let init = module::init_module(&source, &inspected).map_err(|error| refused(&error))?;
    // The engine is judged where memory is scarce: nothing is kept for longer than it is needed.
    drop(source);
    // What the engine's start does not need is not translated; of others all of it is judged.
    let mode = if is_base {
        CompilationMode::Lazy
    } else {
        CompilationMode::Eager
    };
    let code = Code::unbooted(inspected.kind, &init, limits, mode)
        .map_err(|error| Refused::Module(in_words(&error.what)))?;
    let fuel = limits.startup_fuel(order.fuel_per_ms);
    let mut starting = Starting::new(&code, limits, fuel, Arc::new(NoBindings))?;
    if is_base {
        starting.store.data_mut().loading = Some(Box::default());
    }
    let translation = inspected.code_bytes.saturating_mul(cost::TRANSLATED_BYTE);
    if inspected.kind == GuestKind::AbiV1 {
        for name in [module::START_EXPORT, export::BOOT] {
            if let Some(entry) = Entry::startup(&starting.store, starting.instance, name) {
                starting.run(entry, export::BOOT)?;
            }
        }
        starting.open_window()?;
    }
    let used = fuel - starting.store.get_fuel().unwrap_or(0);
    let (image, snapshot) = match inspected.snapshot {
        SnapshotKind::NotPossible(_) => (init, None),
        // A start function may write and read, so it is a part of each run.
        SnapshotKind::Whole if inspected.kind == GuestKind::Wasi && inspected.has_start => {
            (init, None)
        }
        SnapshotKind::Whole => {
            let globals = starting.globals(&inspected)?;
            let image =
                image(&init, &globals, starting.pages()).map_err(|error| refused(&error))?;
            drop(init);
            let keys = starting.store.data().keys.keep();
            let keys = keys.map_err(Refused::Crashed)?;
            (image, Some(starting.sealed(None, &keys)))
        }
    };
    Ok(Judged {
        image: Some(image),
        snapshot,
        pages: u32::try_from(starting.pages()).unwrap_or(u32::MAX),
        told: Told {
            handlers: vec!["fetch".to_owned()],
            ..Told::default()
        },
        startup_fuel: used.saturating_add(translation),
        ..Judged::empty(inspected.kind)
    })
}

/// What the interpreter says of a module, with what its author can do.
fn in_words(what: &str) -> String {
    // Its own names of tables and memories stand behind a colon.
    let of = |start: &str| what.starts_with(start);
    if of("out of bounds table access") || of("out of bounds memory access") {
        let what = what.split(": ").next().unwrap_or(what);
        return format!(
            "{what}: a segment of the module does not fit what it is written to; declare a larger table or memory"
        );
    }
    if of("translation requires more registers") {
        return format!("{what}; split the function, or optimise for size (wasm-opt -Oz)");
    }
    what.to_owned()
}

/// An instance that is being booted. The store goes before its memory does.
pub(super) struct Starting {
    pub(super) store: Store<Host>,
    pub(super) instance: Instance,
    memory: Memory,
    _mapping: super::mapping::Mapping,
}

impl Starting {
    /// An instance with so much fuel, in which nothing ran yet.
    pub(super) fn new(
        code: &Code,
        limits: &Limits,
        fuel: u64,
        bindings: Arc<dyn Bindings>,
    ) -> Result<Self, Refused> {
        let budget = Budget::new("judged", limits.memory_bytes);
        let mut memory_use = MemoryUse::new(limits.memory_bytes, &budget);
        memory_use.is_final = code.is_javascript();
        let host = Host {
            wasm_shared: code.wasm().clone(),
            ..Host::new(bindings, *limits, memory_use, Arc::new(Executor::new()))
        };
        let Built { mut store, instance, memory, mapping, .. } = code.instantiate(host, limits.memory_bytes).map_err(|error| {
            if error.refused {
                Refused::Module(format!(
                    "the module's memory and tables need more than the limit of {} bytes; declare less or raise limits.memory",
                    limits.memory_bytes
                ))
            } else {
                Refused::Module(in_words(&error.what))
            }
        })?;
        store
            .set_fuel(fuel)
            .map_err(|error| Refused::Crashed(error.to_string()))?;
        Ok(Self {
            store,
            instance,
            memory,
            _mapping: mapping,
        })
    }

    /// Runs `entry`, which `what` names, to its end.
    pub(super) fn run(&mut self, entry: Entry, what: &str) -> Result<(), Refused> {
        let result = entry.run(&mut self.store);
        let limits = self.store.data().limits;
        let host = self.store.data_mut();
        let spent = host.debt > 0;
        let failure = host.fatal.take().map(|failure| failure.to_string());
        let refused_memory = std::mem::take(&mut host.memory_use.refused);
        let pending = !host.ops.is_empty();
        let told = host.loading.as_mut().and_then(|it| it.failure.take());
        let over = || {
            format!(
                "Script startup exceeded CPU time limit: global scope used more than {} ms of CPU; do less before the first request",
                limits.startup_cpu_ms
            )
        };
        let no_memory = || {
            format!(
                "Script startup exceeded memory limit: global scope needs more than {} bytes of memory",
                limits.memory_bytes
            )
        };
        Err(Refused::Startup(match result {
            _ if failure.is_some() => failure.unwrap_or_default(),
            _ if spent => over(),
            Ok(Turn::Finished(0)) if pending => {
                "global scope started an operation; input and output are for handlers only".into()
            }
            Ok(Turn::Finished(0)) => return Ok(()),
            Ok(Turn::Finished(_)) | Err(_) if refused_memory => no_memory(),
            Ok(Turn::Finished(status)) => match told {
                Some(Failure::Exception {
                    name,
                    message,
                    stack,
                    ..
                }) => {
                    return Err(Refused::Thrown {
                        name,
                        message,
                        stack,
                    });
                }
                _ => format!("{what} returned {status}, not 0"),
            },
            Ok(_) => over(),
            Err(error) => match error.as_trap_code() {
                Some(wasmi::TrapCode::OutOfFuel) => over(),
                _ => error.to_string(),
            },
        }))
    }

    /// Pages of memory there are.
    pub(super) fn pages(&self) -> u64 {
        self.memory.size(&self.store)
    }

    /// The file of its snapshot, as a difference to a base if there is one.
    pub(super) fn sealed(&self, base: Option<&snapshot::Base>, keys: &[u8]) -> Vec<u8> {
        snapshot::seal(self.memory.data(&self.store), base, keys)
    }

    /// Makes the guest allocate its window now, for all isolates at once.
    fn open_window(&mut self) -> Result<(), Refused> {
        let told = |error: wasmi::Error| Refused::Startup(format!("{}: {error}", export::WINDOW));
        let window = self
            .instance
            .get_typed_func::<u32, u32>(&self.store, export::WINDOW)
            .map_err(told)?;
        match window.call(&mut self.store, WINDOW).map_err(told)? {
            0 => Err(Refused::Startup(format!(
                "{} has no {WINDOW} bytes",
                export::WINDOW
            ))),
            _ => Ok(()),
        }
    }

    fn globals(&self, inspected: &module::Inspected) -> Result<Vec<GlobalValue>, Refused> {
        inspected
            .globals
            .iter()
            .map(|global| {
                let value = self
                    .instance
                    .get_global(&self.store, &global.export_name())
                    .map(|it| it.get(&self.store));
                Ok(match value {
                    Some(wasmi::Val::I32(value)) => GlobalValue::I32(value),
                    Some(wasmi::Val::I64(value)) => GlobalValue::I64(value),
                    Some(wasmi::Val::F32(value)) => GlobalValue::F32(value.to_bits()),
                    Some(wasmi::Val::F64(value)) => GlobalValue::F64(value.to_bits()),
                    _ => {
                        return Err(Refused::Crashed(format!(
                            "global {} is not to be read",
                            global.index
                        )));
                    }
                })
            })
            .collect()
    }
}

/// `env` in global scope: nothing.
pub(super) struct NoBindings;

impl Bindings for NoBindings {
    fn sync(&self, _: SyncOp, _: &[u8], _: &mut Vec<u8>) -> Result<(), OpFailure> {
        Err(OpFailure::new(
            OpErrorCode::Unsupported,
            "env is not available in global scope",
        ))
    }

    fn start(&self, _: OpKind, _: &[u8], _: &Caller) -> Started {
        Started::Done(Err(OpFailure::new(
            OpErrorCode::Unsupported,
            "input and output are for handlers only",
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::in_words;

    #[test]
    fn what_the_interpreter_says_is_told_with_what_helps() {
        let table =
            "out of bounds table access: Table(Stored { store: 1 }) does not fit 1 elements";
        assert_eq!(
            in_words(table),
            "out of bounds table access: a segment of the module does not fit what it is written to; declare a \
             larger table or memory"
        );
        let registers = "translation requires more registers for a function than available";
        assert!(
            in_words(registers)
                .ends_with("split the function, or optimise for size (wasm-opt -Oz)")
        );
        assert_eq!(in_words("another"), "another");
    }
}
