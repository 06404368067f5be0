//! An instance of a Worker's code with its memory, and how one that is left serves again.
//!
//! To begin costs three things: wasmi writes zeros over all of the memory, makes an entry for each
//! of thousands of functions, and the system maps and unmaps pages for both. All isolates of
//! Workers in JavaScript are instances of one module, so what one of them leaves is given to the
//! next, whoever's that is ([`Spare`]), with another memory, the globals that the module begins with,
//! and another host's data, also where that one was cut in the middle of something. There is
//! nothing else that could tell of the one before: a module whose memory and globals were not its
//! whole state would have had no snapshot ([`SnapshotKind::Whole`](super::module::SnapshotKind)).

use super::code::BuildError;
use super::host::Host;
use super::mapping::{Mapping, WASM_PAGE};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use wasmi::{Extern, Global, Instance, Memory, Mutability, Store, Val};

/// An instance. The store is dropped before the memory that it uses.
pub struct Built {
    /// Everything that belongs to the instance.
    pub store: Store<Host>,
    /// The instance.
    pub instance: Instance,
    /// Its memory.
    pub memory: Memory,
    /// Where the memory lies.
    pub mapping: Mapping,
    /// Pages of wasm that the memory may have.
    pub pages_max: u64,
    /// How it is used again, if it can be.
    pub again: Option<Again>,
    /// Bytes that the interpreter has of it, beside its memory.
    pub entities: u64,
}

/// What it takes to use an instance again.
pub struct Again {
    /// Pages of wasm that it began with.
    pages: u64,
    /// The globals that code can change, and what they began with.
    globals: Vec<(Global, Val)>,
    /// Who has a use for it, and may have it: no reference that would keep the two for ever.
    spare: Weak<Spare>,
}

impl Again {
    /// Of an instance in which nothing ran yet, of a module that exports each global that can
    /// change.
    pub fn new(store: &Store<Host>, instance: Instance, pages: u64, spare: &Arc<Spare>) -> Self {
        let globals = instance.exports(store).map(wasmi::Export::into_extern);
        let globals = globals
            .filter_map(|it| match it {
                Extern::Global(global) => Some(global),
                _ => None,
            })
            .filter(|global| global.ty(store).mutability() == Mutability::Var)
            .map(|global| (global, global.get(store)))
            .collect();
        Self {
            pages,
            globals,
            spare: Arc::downgrade(spare),
        }
    }

    /// The globals that code can change, as they are now.
    pub fn values(&self, store: &Store<Host>) -> Vec<Val> {
        let globals = self.globals.iter();
        globals.map(|(global, _)| global.get(store)).collect()
    }
}

/// The instances that were left last, of one module.
#[derive(Default)]
pub struct Spare(Mutex<VecDeque<Left>>);

/// Instances that are kept: as many as may be wanted at once, and each has some 170 KiB.
const SPARE_MAX: usize = 4;

/// One that was left.
pub struct Left {
    built: Built,
    /// Bytes of its tables.
    tables: u64,
}

impl Built {
    /// Leaves it to the next isolate of the same module, if it is fit for one. It must be at rest.
    ///
    /// Its pages are given back and its data are gone; what stays is the instance itself.
    pub fn leave(self) {
        let vacant = self.store.data().vacant();
        drop(self.part(vacant));
    }

    /// The same, but gives its data to whom they belong; `vacant` takes their place.
    pub fn part(mut self, vacant: Host) -> Host {
        let mut host = std::mem::replace(self.store.data_mut(), vacant);
        host.memory = None;
        let tables = host.memory_use.table_bytes();
        if let Some(again) = &self.again
            // Memories do not shrink.
            && self.memory.size(&self.store) == again.pages
            // Nobody has a use for it when the code is gone.
            && let Some(spare) = again.spare.upgrade()
            && self.mapping.clear().is_ok()
        {
            spare.put(Left {
                built: self,
                tables,
            });
        }
        host
    }

    /// Sets what [`Again::values`] gave.
    ///
    /// # Errors
    /// When they are none of this module's.
    pub fn set_globals(&mut self, values: &[Val]) -> Result<(), BuildError> {
        let globals = self.again.iter().flat_map(|it| &it.globals);
        for ((global, _), value) in globals.zip(values) {
            let set = global.set(&mut self.store, value.clone());
            set.map_err(BuildError::new)?;
        }
        Ok(())
    }
}

impl Spare {
    /// Bytes that all of them take at most, about.
    pub const BYTES: u64 = SPARE_MAX as u64 * (176 << 10);

    /// What was left, if its memory began with so many pages and may have so many.
    pub fn take(&self, pages: u64, pages_max: u64) -> Option<Left> {
        let is_fit = |left: &Left| {
            let again = left.built.again.as_ref();
            again.is_some_and(|it| it.pages == pages) && left.built.pages_max == pages_max
        };
        let mut all = self.0.lock();
        let at = all.iter().rposition(is_fit)?;
        all.remove(at)
    }

    /// Keeps one more. The one goes that was left first, if there are enough.
    fn put(&self, left: Left) {
        let gone = {
            let mut all = self.0.lock();
            let gone = (all.len() >= SPARE_MAX).then(|| all.pop_front()).flatten();
            all.push_back(left);
            gone
        };
        drop(gone);
    }
}

impl Left {
    /// Gives it to the isolate of this `host`. Its memory is zeros.
    ///
    /// # Errors
    /// `refused` when [`Host::memory_use`] is not granted the memory.
    pub fn furnish(mut self, mut host: Host) -> Result<Built, BuildError> {
        let store = &mut self.built.store;
        let memory = self.built.memory.size(&*store) * WASM_PAGE as u64;
        if !host.memory_use.adopt(memory, self.tables) {
            return Err(BuildError {
                refused: true,
                what: format!("no room for a memory of {memory} bytes"),
            });
        }
        host.memory = Some(self.built.memory);
        *store.data_mut() = host;
        for (global, value) in self.built.again.iter().flat_map(|it| &it.globals) {
            global
                .set(&mut *store, value.clone())
                .map_err(BuildError::new)?;
        }
        Ok(self.built)
    }
}
