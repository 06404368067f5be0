//! Workers written in JavaScript: one module, the engine, that all of them share.
//!
//! The engine is a guest like others (`guest-abi/js`). It is booted once a device; the image and
//! memory that this leaves are the *base*. Judging a push starts the base, has it evaluate what
//! was pushed, and keeps the pages of memory that this made others than the base's: that is the
//! Worker's snapshot, and with the base all that its isolates need.
//!
//! # Implementation
//!
//! Both bases and snapshots are made in the judge's process. What is translated of the image is
//! kept here while Workers that have isolates need it, and ten minutes longer.

mod base;
mod bundle;
mod judging;
mod loading;
mod module;

pub use base::Base;
pub use bundle::{Bundle, BundleOrder, Part, env_of};
pub use judging::{Ready, judge};
pub use loading::{Frozen, Loading, Told};
pub use module::{EngineBytes, EngineModule, MISSING, builtin, inflated};

use super::code::{BuildError, Code, Translated};
use super::judge::Refused;
use super::limits::Limits;
use super::module::GuestKind;
use super::snapshot::Id;
use crate::ledger::{Budget, Share};
use parking_lot::Mutex;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Bytes of the interpreter's stack under JavaScript. Recursion of a Worker is to end in
/// QuickJS, as a RangeError, and not in the interpreter.
const STACK_BYTES: u32 = 4 << 20;
/// Calls that may be nested in the interpreter under JavaScript.
const CALL_DEPTH: u32 = 16_384;

/// What all Workers in JavaScript share.
pub struct JavaScript {
    module: EngineModule,
    dir: Option<PathBuf>,
    base: Mutex<Option<(Base, Id)>>,
    translated: Mutex<Option<Kept>>,
}

/// What was translated, and when somebody was seen to need it last.
struct Kept {
    code: Arc<Translated>,
    needed: Instant,
    _share: Share,
}

/// What the part of the budget is called that all have in common.
const PART: &str = "JavaScript";

/// How long what was translated is kept for Workers that come again. Translating it anew at each
/// coming would strew it among what the threads' heaps have.
const KEPT_FOR: Duration = Duration::from_secs(600);

/// What keeps the files of a base: the bytes of memory and image, and what they are read from.
pub type Keeping<'a> = dyn FnMut([Option<u64>; 2], &mut dyn Read) -> io::Result<()> + 'a;

impl JavaScript {
    /// With this engine, keeping its base in `dir`.
    pub fn new(module: EngineModule, dir: Option<PathBuf>) -> Self {
        Self {
            module,
            dir,
            base: Mutex::default(),
            translated: Mutex::default(),
        }
    }

    /// Which build of the engine this is.
    pub fn id(&self) -> &'static str {
        self.module.id
    }

    /// Whether this build has it at all.
    pub fn is_there(&self) -> bool {
        self.module.is_there()
    }

    /// The base, made by `make` from the engine's module if there is none of this `build`. Others
    /// wait meanwhile.
    ///
    /// # Errors
    /// When it cannot be made or kept.
    pub fn base(
        &self,
        build: &str,
        make: impl FnOnce(&EngineModule, &mut Keeping<'_>) -> Result<(), Refused>,
    ) -> Result<Base, BuildError> {
        let mut base = self.base.lock();
        if let Some((base, _)) = self.kept(&mut base, build) {
            return Ok(base);
        }
        let dir = self
            .dir
            .as_deref()
            .ok_or_else(|| BuildError::new("there is no directory for the JavaScript engine"))?;
        let cannot = |why: &dyn std::fmt::Display| {
            BuildError::new(format!(
                "the JavaScript engine's base cannot be kept in {}: {why}",
                dir.display()
            ))
        };
        let made = Base::in_dir(dir, &self.name(build));
        let mut not_kept = None;
        let done = make(&self.module, &mut |bytes, from| {
            let kept = made.keep(dir, bytes, from);
            kept.inspect_err(|error| not_kept = Some(cannot(error)))
        });
        if let Some(error) = not_kept {
            return Err(error);
        }
        done.map_err(|refused| {
            BuildError::new(format!("the JavaScript engine does not start: {refused}"))
        })?;
        let kept = self.kept(&mut base, build);
        kept.map(|(base, _)| base)
            .ok_or_else(|| cannot(&"it is not what was written"))
    }

    /// What snapshots are differences to, if the base of this `build` was made.
    pub fn base_id(&self, build: &str) -> Option<Id> {
        self.kept(&mut self.base.lock(), build).map(|(_, id)| id)
    }

    fn kept(&self, known: &mut Option<(Base, Id)>, build: &str) -> Option<(Base, Id)> {
        if known.as_ref().is_none_or(|(base, _)| !base.is_there()) {
            let base = Base::in_dir(self.dir.as_deref()?, &self.name(build));
            // What is translated of another base's image is not for this one.
            *self.translated.lock() = None;
            *known = base.id().map(|id| (base, id));
        }
        known.clone()
    }

    fn name(&self, build: &str) -> String {
        format!("{}-{build}", self.module.id)
    }

    /// Lets go of what was translated if nobody has needed it for ten minutes; whether it did. To
    /// be called now and then.
    pub fn rest(&self, now: Instant) -> bool {
        let mut kept = self.translated.lock();
        match &mut *kept {
            Some(kept) if Arc::strong_count(&kept.code) > 1 => kept.needed = now,
            Some(it) if now.saturating_duration_since(it.needed) >= KEPT_FOR => {
                *kept = None;
                return true;
            }
            _ => {}
        }
        false
    }

    /// The code of a Worker with this snapshot. What all of them have in common is counted once, beside
    /// what is taken from `budget`.
    ///
    /// # Errors
    /// When files cannot be read, or do not fit each other.
    pub fn code(
        &self,
        budget: &Budget,
        base: &Base,
        snapshot: &Path,
        pages: u32,
        limits: &Limits,
    ) -> Result<Code, BuildError> {
        let translated = {
            let mut kept = self.translated.lock();
            match &*kept {
                Some(kept) => kept.code.clone(),
                None => {
                    let made =
                        Translated::javascript(&base.image, &base.memory, &nesting(*limits))?;
                    let code = Arc::new(made);
                    // Nobody in JavaScript can do without it, so it takes nothing from Workers.
                    let of = budget.of().unwrap_or(budget);
                    let share = of.part(PART, u64::MAX).take_anyway(code.shared_bytes());
                    *kept = Some(Kept {
                        code: code.clone(),
                        needed: Instant::now(),
                        _share: share,
                    });
                    code
                }
            }
        };
        Code::sharing(translated, snapshot, pages.into())
    }
}

/// These limits, with the interpreter's stack as JavaScript needs it.
pub fn nesting(limits: Limits) -> Limits {
    Limits {
        stack_bytes: STACK_BYTES,
        call_depth: CALL_DEPTH,
        ..limits
    }
}

/// The limits of a Worker of this kind that is given these.
pub fn shaped(kind: GuestKind, limits: Limits) -> Limits {
    match kind {
        GuestKind::JavaScript => nesting(limits),
        GuestKind::AbiV1 | GuestKind::Wasi => limits,
    }
}

/// What the engine may use while it boots: it is this daemon's own, so only against faults.
pub fn base_limits() -> Limits {
    nesting(Limits {
        startup_cpu_ms: 60_000,
        memory_bytes: 64 << 20,
        ..Limits::default()
    })
}
