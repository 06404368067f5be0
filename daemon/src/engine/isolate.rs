//! One instance of a Worker's code: handles events, a turn at a time, a slice of fuel at a time.
//!
//! # Implementation
//!
//! Events come from two places: the inbox, filled by any task, and the host's own queue,
//! filled during turns. Whoever puts an event into the inbox of an isolate that rests runs
//! it: at once and in place for the first slice if a slot is free, so that a short request
//! costs no hop to another task, and in a task of its own for the rest. `running` says that
//! somebody is at it. The core's lock is held for a slice and never waited for: whoever holds
//! `running` is alone.

use super::accounts::Resident;
use super::code::Code;
use super::core::{Condemned, Core};
use super::host::Event;
use super::limits::Failure;
use super::pace::Watch;
use super::parked::Form;
use super::scheduler::{Enter, Permit};
use super::underway::Invocation;
use super::worker::Worker;
use crate::ledger::Budget;
use parking_lot::Mutex;
use postern_abi::dispatch::REQUEST_HAS_PARAMETERS;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// One isolate.
pub struct Isolate {
    worker: Arc<Worker>,
    /// What it takes memory from.
    budget: Budget,
    inbox: Mutex<Inbox>,
    running: AtomicBool,
    /// Slices in a row in which no request was left to be answered, the one in which the last was included.
    trailing: AtomicU32,
    form: Mutex<Form>,
    next_request: AtomicU32,
    /// Requests that are in it, from their arrival to the end of their `waitUntil` work.
    in_flight: AtomicU32,
    /// Bytes of its memories and tables, for the pool.
    bytes: AtomicU64,
    last_used: Mutex<Instant>,
    /// It has let go of what it shares, and did nothing since.
    is_lean: AtomicBool,
    /// What its last slice was paid for with: what the next one is likely to take.
    price: AtomicU64,
    /// Which of its Worker's shapes it has.
    shape: u32,
}

#[derive(Default)]
struct Inbox {
    queue: VecDeque<Inbound>,
    dead: bool,
}

/// What came from outside.
pub enum Inbound {
    /// A request.
    Start(Box<Invocation>),
    /// Anything else.
    Event(Event),
}

/// What is left to do after a slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Nothing; somebody who has something will start it again.
    Rest,
    /// More.
    Again,
}

impl Isolate {
    /// Builds an isolate of `worker` from its code.
    ///
    /// # Errors
    /// [`Failure::Overloaded`] when the machine has no memory for it, [`Failure::Internal`] when
    /// the code and its snapshot do not fit each other.
    pub fn start(worker: &Arc<Worker>, code: &Arc<Code>) -> Result<Arc<Self>, Failure> {
        // Before its limits are read.
        let shape = worker.shape();
        let mut result = Ok(());
        let isolate = Arc::new_cyclic(|weak: &Weak<Self>| {
            let (form, bytes) = match Core::build(worker, code, weak.clone()) {
                Ok(core) => {
                    let bytes = core.store.data().memory_use.bytes();
                    (Form::Awake(Box::new(core)), bytes)
                }
                Err(failure) => {
                    result = Err(failure);
                    (Form::Ended, 0)
                }
            };
            Self {
                worker: worker.clone(),
                budget: worker.budget(),
                inbox: Mutex::default(),
                running: AtomicBool::new(false),
                trailing: AtomicU32::new(0),
                form: Mutex::new(form),
                next_request: AtomicU32::new(1),
                in_flight: AtomicU32::new(0),
                bytes: AtomicU64::new(bytes),
                last_used: Mutex::new(Instant::now()),
                is_lean: AtomicBool::new(false),
                price: AtomicU64::new(worker.engine().slice_fuel()),
                shape,
            }
        });
        result.map(|()| isolate)
    }

    /// Requests in it.
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Fuel of its next slice.
    pub fn slice_fuel(&self) -> u64 {
        self.worker.party().pace.fuel()
    }

    /// Whether somebody runs it right now.
    pub fn is_running(&self) -> bool {
        self.running.load(Ordering::Relaxed)
    }

    /// Whether a request that comes now has not to wait for long: nobody runs it, or it is about to rest, as
    /// one is as a rule that has just answered all there were.
    pub fn has_time(&self) -> bool {
        !self.is_running() || self.is_trailing()
    }

    /// Whether somebody runs it who is likely to be done with it in a moment.
    pub fn is_about_to_rest(&self) -> bool {
        self.is_running() && (self.in_flight() == 0 || self.is_trailing())
    }

    /// Whether it has just answered all there were.
    fn is_trailing(&self) -> bool {
        (1..=2).contains(&self.trailing.load(Ordering::Relaxed))
    }

    /// Its guest has answered so many requests, and no other is in it. To be called before anybody knows of
    /// the last answer: who has it may ask again before the slice is over.
    pub fn has_answered(&self, requests: usize) {
        if requests == self.in_flight() as usize {
            self.trailing.store(1, Ordering::Relaxed);
        }
    }

    /// Bytes of its memories and tables.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// When it last had something to do.
    pub fn last_used(&self) -> Instant {
        *self.last_used.lock()
    }

    /// What it takes memory from: its Worker's part of its tenant's.
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// The next thing that came from outside.
    pub fn take(&self) -> Option<Inbound> {
        self.inbox.lock().queue.pop_front()
    }

    /// The Worker it belongs to.
    pub fn worker(&self) -> &Arc<Worker> {
        &self.worker
    }

    /// Takes a request in. Gives it back if the isolate has ended meanwhile.
    pub fn accept(
        self: &Arc<Self>,
        mut invocation: Box<Invocation>,
    ) -> Result<u32, Box<Invocation>> {
        const NUMBERS: u32 = REQUEST_HAS_PARAMETERS - 1;
        let mut id = self.next_request.fetch_add(1, Ordering::Relaxed) & NUMBERS;
        if id == 0 {
            // After 2^31 requests. 0 is no request.
            id = self.next_request.fetch_add(1, Ordering::Relaxed) & NUMBERS;
        }
        if let Some(terms) = &invocation.terms
            && terms.parameters.is_some()
        {
            id |= REQUEST_HAS_PARAMETERS;
        }
        invocation.id = id;
        {
            let mut inbox = self.inbox.lock();
            if inbox.dead {
                return Err(invocation);
            }
            self.in_flight.fetch_add(1, Ordering::Relaxed);
            self.trailing.store(0, Ordering::Relaxed);
            inbox.queue.push_back(Inbound::Start(invocation));
        }
        self.kick(true);
        Ok(id)
    }

    /// Something happened outside that the guest waits for.
    pub fn push(self: &Arc<Self>, event: Event) {
        {
            let mut inbox = self.inbox.lock();
            if inbox.dead {
                return;
            }
            inbox.queue.push_back(Inbound::Event(event));
        }
        self.kick(true);
    }

    /// The same, from within a drop: the guest never runs in place.
    pub fn push_later(self: &Arc<Self>, event: Event) {
        {
            let mut inbox = self.inbox.lock();
            if inbox.dead {
                return;
            }
            inbox.queue.push_back(Inbound::Event(event));
        }
        self.kick(false);
    }

    /// The client took some of the answer's body.
    pub fn body_credit(self: &Arc<Self>, request: u32) {
        self.push(Event::BodyCredit(request));
    }

    /// Nobody waits for this request's answer any more. Never runs the guest in place, because
    /// the caller may be in the middle of being dropped.
    pub fn abandon(self: &Arc<Self>, request: u32, failure: Failure) {
        self.push_later(Event::Abandon(request, failure));
    }

    /// Ends this isolate if it rests and has no requests; whether it did. One that has ended
    /// already makes no room, and who makes room until there is enough must not count it.
    pub fn evict(self: &Arc<Self>) -> bool {
        if self.running.swap(true, Ordering::SeqCst) {
            return false;
        }
        let empty = {
            let mut inbox = self.inbox.lock();
            let empty = !inbox.dead && inbox.queue.is_empty() && self.in_flight() == 0;
            inbox.dead |= empty;
            empty
        };
        if empty {
            let form = self.form.lock().end();
            if let Form::Awake(core) = form {
                core.leave();
            }
            self.bytes.store(0, Ordering::Relaxed);
            self.worker.forget(self);
        }
        self.running.store(false, Ordering::Release);
        if !empty {
            self.kick(false);
        }
        empty
    }

    /// Which of its Worker's shapes it has: [`Worker::set_limits`].
    pub fn shape(&self) -> u32 {
        self.shape
    }

    /// Whether there is nothing more that it could let go of.
    pub fn is_lean(&self) -> bool {
        self.is_lean.load(Ordering::Relaxed)
    }

    /// Lets go of its instance, or where it has to keep it of the pages that it shares with others,
    /// unless it runs. It finds them again when it does. Whether it did let go of an instance.
    pub fn let_go(self: &Arc<Self>) -> bool {
        if self.is_running() {
            return false;
        }
        // Who comes meanwhile is to wait for it, and not for the start of another.
        self.trailing.store(1, Ordering::SeqCst);
        if self.running.swap(true, Ordering::SeqCst) {
            return false;
        }
        let has_parked = {
            let mut form = self.form.lock();
            let park = || form.core().is_some() && form.park();
            let has_parked = catch_unwind(AssertUnwindSafe(park));
            if let Some(core) = form.core() {
                core.let_go();
            }
            has_parked
        };
        let has_parked = has_parked.unwrap_or_else(|_| {
            let why = "the engine panicked; see the log";
            self.condemn(Form::Ended, Failure::Internal(why.into()));
            true
        });
        self.is_lean.store(true, Ordering::Relaxed);
        self.running.store(false, Ordering::Release);
        // What came meanwhile was left to us.
        self.kick(false);
        has_parked
    }

    /// Whether it has no instance.
    pub fn is_parked(&self) -> bool {
        let form = self.form.try_lock();
        form.is_some_and(|form| matches!(*form, Form::Parked(_)))
    }

    /// What it has in RAM, if it comes to the end of a slice soon.
    pub fn resident(&self) -> Option<Resident> {
        /// How long a slice may take that is waited for.
        const PATIENCE: Duration = Duration::from_millis(200);
        let form = self.form.try_lock_for(PATIENCE)?;
        Some(match &*form {
            Form::Ended => Resident::default(),
            Form::Parked(parked) => parked.resident(),
            Form::Awake(core) => core.resident(),
        })
    }

    /// Writes the record of a request that is over.
    pub fn finished(&self, invocation: Invocation) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.worker.finished(invocation);
    }

    fn kick(self: &Arc<Self>, in_place: bool) {
        if self.inbox.lock().queue.is_empty() || self.running.swap(true, Ordering::Acquire) {
            return;
        }
        let worker = &self.worker;
        let scheduler = worker.engine().scheduler();
        let mut turn = None;
        if in_place {
            let place = &worker.party().place;
            match scheduler.try_enter(place, worker.weight(), self.price()) {
                Some(permit) => {
                    let (after, next) = self.slice(permit);
                    if after == After::Rest {
                        return;
                    }
                    turn = next;
                }
                // In line at once, and not only when the task's own turn has come.
                None => turn = Some(self.enter()),
            }
        }
        let isolate = self.clone();
        worker.engine().guests().spawn(isolate.drive(turn)).detach();
    }

    /// Runs slices until there is nothing left to do.
    async fn drive(self: Arc<Self>, mut turn: Option<Enter>) {
        loop {
            let awaited = self.form.lock().core().and_then(Core::awaited);
            if let Some(awaited) = awaited {
                let arrived = awaited.run(self.worker.engine().lanes()).await;
                if let Some(core) = self.form.lock().core() {
                    core.arrived(arrived);
                }
            }
            let entered = turn.take().unwrap_or_else(|| self.enter());
            let (after, next) = self.slice(entered.await);
            if after == After::Rest {
                return;
            }
            turn = next;
            futures_lite::future::yield_now().await;
        }
    }

    /// Runs one slice, which pays for the permit, and says what comes then: with something left to do, its
    /// place in the line for the next slice. It has that before its slot is given back, or whose turn it is
    /// would be chosen without it. The caller holds `running`; after [`After::Rest`] it does no more.
    fn slice(self: &Arc<Self>, permit: Permit) -> (After, Option<Enter>) {
        let worker = &self.worker;
        let rate = worker.engine().rate();
        let watch = Watch::begin();
        if self.trailing.load(Ordering::Relaxed) > 0 {
            self.trailing.fetch_add(1, Ordering::Relaxed);
        }
        let (after, used) = self.run();
        let lasted = watch.end(rate);
        let mut goes_on = after == After::Again;
        // What rests is somebody else's by now, maybe.
        if goes_on && let Some(core) = self.form.lock().core() {
            // What waits for something outside wants no slot until that is there.
            goes_on = !core.awaits();
            let trailing = match core.has_answered(self.in_flight()) {
                true => self.trailing.load(Ordering::Relaxed).max(1),
                false => 0,
            };
            self.trailing.store(trailing, Ordering::Relaxed);
        }
        let paid = worker.party().pace.ran(used, lasted, rate);
        // Waking up, say, is not what the next one does.
        self.price.store(paid.min(rate.slice), Ordering::Relaxed);
        let next = goes_on.then(|| self.enter());
        permit.end(paid);
        (after, next)
    }

    /// A place in the line for its next slice.
    fn enter(&self) -> Enter {
        let worker = &self.worker;
        let (scheduler, place) = (worker.engine().scheduler(), &worker.party().place);
        scheduler.enter(place, worker.weight(), self.price())
    }

    /// Fuel that its next slice is likely to use.
    fn price(&self) -> u64 {
        match self.is_parked() {
            true => self.worker.engine().start_price(),
            false => self.price.load(Ordering::Relaxed),
        }
    }

    fn run(self: &Arc<Self>) -> (After, u64) {
        self.is_lean.store(false, Ordering::Relaxed);
        let mut used = 0;
        loop {
            let mut form = self.form.lock();
            let result = catch_unwind(AssertUnwindSafe(|| match form.wake(&self.worker) {
                Ok(Some(core)) => core.run(self, &mut used),
                Ok(None) => Ok(After::Rest),
                Err(failure) => Err(Condemned(failure)),
            }));
            let result = result.unwrap_or_else(|_| {
                Err(Condemned(Failure::Internal(
                    "the engine panicked; see the log".into(),
                )))
            });
            match result {
                Ok(After::Again) => return (After::Again, used),
                Ok(After::Rest) => {
                    let mut is_worn = false;
                    if let Some(core) = form.core() {
                        let host = core.store.data();
                        is_worn = host
                            .wasm
                            .as_ref()
                            .is_some_and(|it| it.is_worn(&host.limits))
                            || host.tape.as_ref().is_some_and(|tape| tape.is_worn());
                        self.bytes
                            .store(core.store.data().memory_use.bytes(), Ordering::Relaxed);
                    }
                    drop(form);
                    *self.last_used.lock() = Instant::now();
                    self.running.store(false, Ordering::SeqCst);
                    self.worker.engine().has_rested();
                    if self.worker.spent(self) || (is_worn && self.in_flight() == 0) {
                        self.evict();
                    }
                }
                Err(Condemned(failure)) => {
                    let ended = form.end();
                    drop(form);
                    self.condemn(ended, failure);
                    self.running.store(false, Ordering::Release);
                    return (After::Rest, used);
                }
            }
            // Somebody may have put an event in after the core saw the inbox empty and before
            // `running` fell; that somebody saw `running` and left it to us.
            if self.inbox.lock().queue.is_empty() || self.running.swap(true, Ordering::Acquire) {
                return (After::Rest, used);
            }
        }
    }

    /// Ends this isolate because of what one of its requests did.
    fn condemn(self: &Arc<Self>, mut form: Form, failure: Failure) {
        let inbound = {
            let mut inbox = self.inbox.lock();
            inbox.dead = true;
            std::mem::take(&mut inbox.queue)
        };
        self.bytes.store(0, Ordering::Relaxed);
        self.worker.forget(self);
        self.worker.crashed(&failure);
        if let Some(core) = form.core() {
            let host = core.store.data_mut();
            let guilty = host.current;
            let ids: Vec<u32> = host
                .invocations
                .iter()
                .map(|invocation| invocation.id)
                .collect();
            for id in ids {
                if let Some(invocation) = host.invocation_of(id) {
                    let own = if id == guilty {
                        failure.clone()
                    } else {
                        Failure::Condemned {
                            cause: failure.to_string(),
                        }
                    };
                    // A request that was answered and only finishing keeps how it went.
                    if id == guilty || !invocation.exchange.answered() || invocation.streaming {
                        invocation.failure.get_or_insert(own);
                    }
                }
                host.finish(id, self);
            }
        }
        // It stopped between two instructions. After a trap nobody is to rely on what there is.
        if let Form::Awake(core) = form
            && matches!(failure, Failure::Cpu { .. } | Failure::WallTime { .. })
        {
            core.abandon();
        }
        // Who had not begun yet begins elsewhere.
        for inbound in inbound {
            if let Inbound::Start(invocation) = inbound {
                self.in_flight.fetch_sub(1, Ordering::Relaxed);
                self.worker
                    .engine()
                    .executor()
                    .spawn(Worker::place(self.worker.clone(), invocation))
                    .detach();
            }
        }
    }
}

impl std::fmt::Debug for Isolate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Isolate")
            .field("in_flight", &self.in_flight())
            .field("bytes", &self.bytes())
            .finish_non_exhaustive()
    }
}
