//! Connections that rest between two requests.

use super::Origin;
use super::body::SendBody;
use super::tenant::Owner;
use async_executor::Executor;
use async_io::Timer;
use hyper::client::conn::http1::SendRequest;
use parking_lot::Mutex;
use postern_task::Begin;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The connections that rest, the one that has rested longest first.
pub(super) struct Pool {
    max: usize,
    idle: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    resting: VecDeque<Resting>,
    /// Whether somebody watches the time.
    watched: bool,
}

struct Resting {
    owner: Owner,
    origin: Origin,
    since: Instant,
    sender: SendRequest<SendBody>,
}

impl Pool {
    pub fn new(max: usize, idle: Duration) -> Arc<Self> {
        Arc::new(Self {
            max,
            idle,
            state: Mutex::default(),
        })
    }

    /// The connection to an origin that has rested for the shortest time.
    pub fn take(&self, owner: Owner, origin: &Origin) -> Option<SendRequest<SendBody>> {
        let mut state = self.state.lock();
        state.resting.retain(|it| !it.sender.is_closed());
        let at = state
            .resting
            .iter()
            .rposition(|it| it.owner == owner && it.origin == *origin)?;
        state.resting.remove(at).map(|it| it.sender)
    }

    /// Lets a connection rest.
    pub fn put(
        pool: &Arc<Self>,
        owner: Owner,
        origin: Origin,
        sender: SendRequest<SendBody>,
        executor: &Executor<'static>,
    ) {
        if sender.is_closed() || pool.max == 0 {
            return;
        }
        let mut state = pool.state.lock();
        if state.resting.len() >= pool.max {
            state.resting.pop_front();
        }
        state.resting.push_back(Resting {
            owner,
            origin,
            since: Instant::now(),
            sender,
        });
        if !std::mem::replace(&mut state.watched, true) {
            let pool = pool.clone();
            executor.begin(async move { pool.watch().await }).detach();
        }
    }

    /// Closes what rests for too long, until nothing rests.
    async fn watch(&self) {
        loop {
            Timer::after(self.idle).await;
            let mut state = self.state.lock();
            let idle = self.idle;
            state
                .resting
                .retain(|it| !it.sender.is_closed() && it.since.elapsed() < idle);
            if state.resting.is_empty() {
                state.watched = false;
                return;
            }
        }
    }

    pub fn let_one_go(&self) {
        self.state.lock().resting.pop_front();
    }

    pub fn let_one_go_of(&self, owner: Owner) {
        let mut state = self.state.lock();
        if let Some(at) = state.resting.iter().position(|it| it.owner == owner) {
            state.resting.remove(at);
        }
    }

    pub fn forget_all(&self) {
        self.state.lock().resting.clear();
    }

    pub fn forget(&self, owner: Owner) {
        self.state.lock().resting.retain(|it| it.owner != owner);
    }
}
