//! Workers written in JavaScript: one module, the engine, that all of them share.
//!
//! The engine is a guest like others (`guest-abi/js`). It is booted once a device; the image and
//! memory that this leaves are the *base*. Judging a push starts the base, has it evaluate what
//! was pushed, and keeps the memory: that is the Worker's snapshot, and with the base's image all
//! that its isolates need.
//!
//! # Implementation
//!
//! Both bases and snapshots are made in the judge's process. What is translated of the image is
//! held by the Workers that have isolates, and here only for as long as one of them has it.

mod base;
mod builtin;
mod bundle;
mod judging;
mod loading;

pub use base::Base;
pub use builtin::builtin;
pub use bundle::{Bundle, BundleOrder, Part, env_of};
pub use judging::judge;
pub use loading::{Frozen, Loading, Told};

use super::code::{BuildError, Code, Translated};
use super::judge::{Judged, Refused};
use super::limits::Limits;
use bytes::Bytes;
use parking_lot::Mutex;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

/// Bytes of the interpreter's stack under JavaScript. Recursion of a Worker is to end in
/// QuickJS, as a RangeError, and not in the interpreter.
const STACK_BYTES: u32 = 4 << 20;
/// Calls that may be nested in the interpreter under JavaScript.
const CALL_DEPTH: u32 = 16_384;

/// The engine's module.
#[derive(Clone, Debug)]
pub struct EngineModule {
    /// The module, a guest of ABI version 1.
    pub bytes: Bytes,
    /// Tells it from other builds of it.
    pub id: &'static str,
}

impl Default for EngineModule {
    /// The one that the daemon brings.
    fn default() -> Self {
        Self {
            bytes: Bytes::from_static(include_bytes!("../../../../guest-abi/js/engine.wasm")),
            id: env!("POSTERN_JAVASCRIPT"),
        }
    }
}

/// What all Workers in JavaScript share.
pub struct JavaScript {
    module: EngineModule,
    dir: Option<PathBuf>,
    base: Mutex<Option<Base>>,
    translated: Mutex<Weak<Translated>>,
}

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

    /// The base, made by `make` from the engine's module if there is none of this `build`. Others
    /// wait meanwhile.
    ///
    /// # Errors
    /// When it cannot be made or kept.
    pub fn base(
        &self,
        build: &str,
        make: impl FnOnce(&Bytes) -> Result<Judged, Refused>,
    ) -> Result<Base, BuildError> {
        let mut base = self.base.lock();
        if let Some(base) = &*base
            && base.is_there()
        {
            return Ok(base.clone());
        }
        let dir = self
            .dir
            .as_deref()
            .ok_or_else(|| BuildError::new("there is no directory for the JavaScript engine"))?;
        let name = format!("{}-{build}", self.module.id);
        let found = Base::in_dir(dir, &name);
        if !found.is_there() {
            let judged = make(&self.module.bytes).map_err(|refused| {
                BuildError::new(format!("the JavaScript engine does not start: {refused}"))
            })?;
            found.keep(dir, &judged).map_err(|error| {
                BuildError::new(format!(
                    "the JavaScript engine's base cannot be kept in {}: {error}",
                    dir.display()
                ))
            })?;
        }
        *base = Some(found.clone());
        Ok(found)
    }

    /// The code of a Worker with this snapshot.
    ///
    /// # Errors
    /// When files cannot be read, or do not fit each other.
    pub fn code(
        &self,
        base: &Base,
        snapshot: &Path,
        pages: u32,
        limits: &Limits,
    ) -> Result<Code, BuildError> {
        let translated = {
            let mut shared = self.translated.lock();
            match shared.upgrade() {
                Some(translated) => translated,
                None => {
                    let made = Translated::javascript(&base.image, &nesting(*limits))?;
                    let made = Arc::new(made);
                    *shared = Arc::downgrade(&made);
                    made
                }
            }
        };
        Code::sharing(translated, snapshot, Some(pages.into()))
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

/// What the engine may use while it boots: it is this daemon's own, so only against faults.
pub fn base_limits() -> Limits {
    nesting(Limits {
        startup_cpu_ms: 60_000,
        memory_bytes: 64 << 20,
        ..Limits::default()
    })
}
