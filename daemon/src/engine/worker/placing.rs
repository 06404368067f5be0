//! Which isolate a request goes to: one that rests or is about to, a new one, or the one with the fewest requests; and
//! the code that a new one is made of.

use super::{Loaded, State, Worker};
use crate::engine::code::{BuildError, Code, translated_bytes};
use crate::engine::isolate::Isolate;
use crate::engine::limits::Failure;
use crate::engine::module::GuestKind;
use crate::engine::pace::Watch;
use crate::engine::refusal::Stage;
use crate::engine::timing::micros;
use crate::engine::underway::Invocation;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// For how long a start of another thread is waited for, before one more isolate than there should be is made.
const STARTING: Duration = Duration::from_secs(1);

impl Worker {
    /// Finds or makes an isolate for a request, unless that was done, and hands it over.
    pub(super) fn enter(
        self: &Arc<Self>,
        mut invocation: Box<Invocation>,
        mut picked: Option<Result<Arc<Isolate>, Failure>>,
    ) {
        let exchange = invocation.exchange.clone();
        loop {
            let before = Instant::now();
            let found = picked.take().unwrap_or_else(|| self.pick());
            invocation.start_us += micros(before.elapsed());
            let isolate = match found {
                Ok(isolate) => isolate,
                Err(failure) => {
                    invocation.exchange.answer(Err(failure.clone()));
                    invocation.failure = Some(failure);
                    self.count_out(&mut invocation);
                    self.report(&invocation, Stage::Start);
                    return;
                }
            };
            match isolate.accept(invocation) {
                Ok(id) => {
                    if !exchange.placed(Arc::downgrade(&isolate), id) {
                        isolate.abandon(id, Failure::Canceled);
                    }
                    return;
                }
                // It ended between the two; look for another.
                Err(back) => invocation = back,
            }
        }
    }

    /// Gives a request that has not begun to another isolate than the one that ended.
    pub(in crate::engine) async fn place(self: Arc<Self>, invocation: Box<Invocation>) {
        self.enter(invocation, None);
    }

    /// Whether a new request would have an isolate made.
    pub(super) fn is_cold(&self) -> bool {
        if self.spec.kind == GuestKind::Wasi {
            return true;
        }
        let state = self.state.lock();
        state.isolates.len() < self.isolates_max() && !state.isolates.iter().any(|it| it.has_time())
    }

    /// How many isolates there may be.
    pub(super) fn isolates_max(&self) -> usize {
        (self.in_force.read().limits.isolates as usize)
            .min(self.engine.threads())
            .max(1)
    }

    /// The same as [`Worker::pick`], when it is this Worker's turn, which pays for it: to begin an isolate
    /// takes longer than many a slice. Tells how many microseconds it took, too.
    pub(super) async fn pick_in_turn(self: &Arc<Self>) -> (Result<Arc<Isolate>, Failure>, u64) {
        let scheduler = self.engine.scheduler();
        let mut settling = self.engine.settling(&self.budget());
        let mut all = Duration::ZERO;
        loop {
            let price = self.engine.start_price();
            let turn = scheduler.enter(&self.party.place, self.weight(), price);
            let permit = turn.await;
            settling.begin();
            let (rate, watch) = (self.engine.rate(), Watch::begin());
            let picked = self.pick();
            let took = watch.end(rate);
            let fuel = rate.fuel(took);
            if picked.is_ok() {
                self.engine.started_for(fuel);
            }
            permit.end(fuel);
            all += took;
            // Who has answered, and not come to rest, may be what there is no room beside.
            let is_full = matches!(&picked, Err(Failure::Overloaded { bound: Some(_), .. }));
            if !is_full || !settling.again().await {
                return (picked, micros(all));
            }
        }
    }

    /// The isolate that a new request should go to.
    fn pick(self: &Arc<Self>) -> Result<Arc<Isolate>, Failure> {
        let most = self.isolates_max();
        let single = self.spec.kind == GuestKind::Wasi;
        let code = loop {
            let mut state = self.state.lock();
            if let Some(until) = state.closed_until {
                let now = Instant::now();
                if now < until {
                    return Err(Failure::Overloaded {
                        reason: format!(
                            "{} isolates of this Worker ended in a row; it pauses",
                            state.crashes
                        ),
                        retry_after_s: u32::try_from((until - now).as_secs())
                            .unwrap_or(u32::MAX)
                            .max(1),
                        bound: None,
                    });
                }
                state.closed_until = None;
            }
            if !single {
                if let Some(idle) = state.isolates.iter().find(|isolate| isolate.has_time()) {
                    return Ok(idle.clone());
                }
                if state.isolates.len() + state.starting >= most {
                    let isolates = state.isolates.iter();
                    if let Some(least) = isolates.min_by_key(|isolate| isolate.in_flight()) {
                        return Ok(least.clone());
                    }
                    // Other threads are starting all there may be: in less than a millisecond there is one.
                    if !self.started.wait_for(&mut state, STARTING).timed_out() {
                        continue;
                    }
                }
            }
            let Some(code) = self.code(&mut state)? else {
                drop(state);
                self.make_room_for_code()?;
                continue;
            };
            state.starting += 1;
            break code;
        };
        let _starting = Starting(self);
        loop {
            match self.start(&code) {
                // Somebody who rests makes room.
                Err(Failure::Overloaded { .. }) if self.engine.evict_one(&self.budget()) => {}
                Err(failure @ Failure::Overloaded { .. }) if !single => {
                    let state = self.state.lock();
                    let least = state
                        .isolates
                        .iter()
                        .min_by_key(|isolate| isolate.in_flight());
                    return least.cloned().ok_or(failure);
                }
                other => return other,
            }
        }
    }

    /// The code, read if it is not there; `None` if there is no room for it.
    pub(super) fn code(self: &Arc<Self>, state: &mut State) -> Result<Option<Arc<Code>>, Failure> {
        if let Some(loaded) = &state.loaded {
            let code = loaded.code.clone();
            state.last_request = Instant::now();
            return Ok(Some(code));
        }
        let budget = self.open_budget();
        let Some(share) = budget.take(self.code_bytes()) else {
            return Ok(None);
        };
        let (spec, limits) = (&self.spec, self.limits());
        let code = match (&spec.image, spec.snapshot.as_deref()) {
            (Some(image), snapshot) => Code::load(spec.kind, image, snapshot, &limits),
            (None, Some(snapshot)) => self.engine.javascript(snapshot, spec.pages, &limits),
            (None, None) => Err(BuildError::new("neither an image nor a snapshot")),
        };
        let code = Arc::new(code.map_err(|error| Failure::Internal(error.what))?);
        state.loaded = Some(Loaded {
            code: code.clone(),
            budget,
            _share: share,
        });
        state.last_request = Instant::now();
        if spec.kind == GuestKind::Wasi {
            self.engine.keep_an_eye_on(self);
        }
        Ok(Some(code))
    }

    /// Bytes that its code takes when all of it is translated. The engine of JavaScript is counted once,
    /// whoever uses it.
    pub(super) fn code_bytes(&self) -> u64 {
        let image = self.spec.image.as_ref();
        let len = image.and_then(|image| std::fs::metadata(image).ok());
        len.map_or(0, |it| translated_bytes(it.len()))
    }

    /// Has somebody go who rests, so that there is room for the code. Not to be called while a Worker's
    /// state is locked.
    pub(super) fn make_room_for_code(&self) -> Result<(), Failure> {
        let budget = self.open_budget();
        if self.engine.evict_one(&budget) {
            return Ok(());
        }
        let needs = [("code", self.code_bytes())];
        let what = "no memory for the Worker's code";
        Err(Failure::Overloaded {
            reason: self.engine.shortage(&budget, what, &needs),
            retry_after_s: 1,
            bound: Some(self.engine.short_of(&budget, needs[0].1)),
        })
    }
}

/// An isolate is being started, until this is dropped.
pub(super) struct Starting<'a>(pub &'a Worker);

impl Drop for Starting<'_> {
    fn drop(&mut self) {
        self.0.state.lock().starting -= 1;
        self.0.started.notify_all();
    }
}

/// A request that waits for its isolate to be made. If its client leaves it is over.
pub(super) struct Unplaced<'a>(pub &'a Arc<Worker>, pub Option<Box<Invocation>>);

impl Drop for Unplaced<'_> {
    fn drop(&mut self) {
        if let Some(mut invocation) = self.1.take() {
            invocation.failure = Some(Failure::Canceled);
            self.0.finished(*invocation);
        }
    }
}
