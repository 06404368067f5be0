//! The tasks of all requests: a slab, the list of those that are ready, and their wakers.

use super::{Task, with};
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::task::{RawWaker, RawWakerVTable, Waker};

pub struct Tasks {
    slots: Vec<Slot>,
    free: Vec<u32>,
    ready: VecDeque<u32>,
}

struct Slot {
    /// `None` while the task runs, and in a free slot.
    task: Option<Task>,
    request: u32,
    live: bool,
    /// Whether it is in `ready`.
    queued: bool,
}

impl Tasks {
    pub const fn new() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            ready: VecDeque::new(),
        }
    }

    pub fn reserve(&mut self, count: usize) {
        self.slots.reserve(count);
        self.free.reserve(count);
        self.ready.reserve(count);
    }

    /// A slot for a task of this request.
    pub fn insert(&mut self, request: u32) -> u32 {
        if let Some(index) = self.free.pop() {
            let slot = &mut self.slots[index as usize];
            slot.request = request;
            slot.live = true;
            return index;
        }
        self.slots.push(Slot {
            task: None,
            request,
            live: true,
            queued: false,
        });
        self.slots.len() as u32 - 1
    }

    /// Takes a task out to run it.
    pub fn take(&mut self, index: u32) -> Option<(u32, Task)> {
        let slot = self.slots.get_mut(index as usize)?;
        slot.task.take().map(|task| (slot.request, task))
    }

    /// Puts a task into its slot after it ran, or before it runs first.
    pub fn put_back(&mut self, index: u32, task: Task) {
        self.slots[index as usize].task = Some(task);
    }

    /// Frees the slot of a task that is not in it.
    pub fn free(&mut self, index: u32) {
        self.slots[index as usize].live = false;
        self.free.push(index);
    }

    /// Frees the slots of a request's tasks, none of which runs, and gives those tasks: all of
    /// them, or all but its [`Work`](Task::Work).
    pub fn remove_of(&mut self, request: u32, keep_work: bool) -> Vec<Task> {
        let mut removed = Vec::new();
        for (index, slot) in self.slots.iter_mut().enumerate() {
            let kept = keep_work && matches!(slot.task, Some(Task::Work(_)));
            if slot.live && slot.request == request && !kept {
                removed.extend(slot.task.take());
                slot.live = false;
                self.free.push(index as u32);
            }
        }
        removed
    }

    /// Makes a task ready.
    pub fn wake(&mut self, index: u32) {
        if let Some(slot) = self.slots.get_mut(index as usize)
            && slot.live
            && !slot.queued
        {
            slot.queued = true;
            self.ready.push_back(index);
        }
    }

    /// The next task that is ready.
    #[inline]
    pub fn next_ready(&mut self) -> Option<u32> {
        let index = self.ready.pop_front()?;
        self.slots[index as usize].queued = false;
        Some(index)
    }

    #[cfg(not(target_arch = "wasm32"))]
    pub fn len(&self) -> usize {
        self.slots.iter().filter(|slot| slot.live).count()
    }
}

/// The waker of the task in this slot.
#[inline]
pub fn waker(index: u32) -> Waker {
    let data = core::ptr::without_provenance(index as usize);
    // SAFETY: the vtable's functions take the pointer as the number it is, hold no resource
    // and touch no memory but the runtime of the thread they are called on.
    unsafe { Waker::from_raw(RawWaker::new(data, &VTABLE)) }
}

static VTABLE: RawWakerVTable = RawWakerVTable::new(
    |data| RawWaker::new(data, &VTABLE),
    |data| with(|rt| rt.tasks.wake(data as usize as u32)),
    |data| with(|rt| rt.tasks.wake(data as usize as u32)),
    |_| {},
);
