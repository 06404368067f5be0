//! Who is judged next: of the tenants that wait, the one that has had least of the judges' time.
//!
//! # Implementation
//!
//! A tenant is known for as long as something of it waits or is judged. It begins with as much time as the one
//! that has had least, so that nobody saves up; and where there are several judges it never has the last one, so
//! that who sends what takes long waits for itself.

use parking_lot::Mutex;
use smol::channel::{Sender, bounded};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The docket.
#[derive(Debug)]
pub struct Docket(Mutex<State>);

#[derive(Debug)]
struct State {
    /// Judges that judge nothing.
    free: usize,
    /// Of how many judges a tenant may have the time at once.
    each: usize,
    tenants: HashMap<Arc<str>, Tenant>,
}

/// One of which something waits or is judged.
#[derive(Debug)]
struct Tenant {
    had: Duration,
    sitting: usize,
    waiting: VecDeque<Sender<Sitting>>,
}

/// A judge's time, until it is dropped.
#[derive(Debug)]
pub struct Sitting {
    docket: Arc<Docket>,
    tenant: Arc<str>,
    began: Instant,
}

impl Docket {
    /// Of so many judges, at least one.
    pub fn new(judges: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new(State {
            free: judges.max(1),
            each: judges.saturating_sub(1).max(1),
            tenants: HashMap::new(),
        })))
    }

    /// Waits for a judge's time.
    pub async fn wait(self: &Arc<Self>, tenant: &str) -> Sitting {
        let (call, called) = bounded(1);
        self.0.lock().enter(tenant, call);
        self.call();
        let sitting = called.recv().await;
        sitting.expect("who waits is on the docket until it is called")
    }

    /// Calls those whose turn it is.
    fn call(self: &Arc<Self>) {
        loop {
            let next = self.0.lock().next();
            let Some((tenant, call)) = next else { return };
            let sitting = Sitting {
                docket: self.clone(),
                tenant,
                began: Instant::now(),
            };
            // Who is gone leaves it to others: it is dropped.
            let _ = call.try_send(sitting);
        }
    }
}

impl State {
    fn enter(&mut self, name: &str, call: Sender<Sitting>) {
        let least = self.tenants.values().map(|it| it.had).min();
        let tenant = self.tenants.entry(name.into()).or_insert_with(|| Tenant {
            had: least.unwrap_or_default(),
            sitting: 0,
            waiting: VecDeque::new(),
        });
        tenant.waiting.retain(|it| !it.is_closed());
        tenant.waiting.push_back(call);
    }

    fn next(&mut self) -> Option<(Arc<str>, Sender<Sitting>)> {
        if self.free == 0 {
            return None;
        }
        for tenant in self.tenants.values_mut() {
            tenant.waiting.retain(|it| !it.is_closed());
        }
        self.tenants
            .retain(|_, it| it.sitting > 0 || !it.waiting.is_empty());
        let each = self.each;
        let (name, tenant) = self
            .tenants
            .iter_mut()
            .filter(|(_, it)| it.sitting < each && !it.waiting.is_empty())
            .min_by_key(|(_, it)| it.had)?;
        let call = tenant.waiting.pop_front()?;
        tenant.sitting += 1;
        self.free -= 1;
        Some((name.clone(), call))
    }
}

impl Drop for Sitting {
    fn drop(&mut self) {
        {
            let mut state = self.docket.0.lock();
            state.free += 1;
            if let Some(tenant) = state.tenants.get_mut(&self.tenant) {
                tenant.sitting -= 1;
                tenant.had += self.began.elapsed();
            }
        }
        self.docket.call();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use smol::future::{block_on, poll_once};

    #[test]
    fn who_sends_much_waits_for_itself() {
        block_on(async {
            let docket = Docket::new(2);
            let long = docket.wait("greedy").await;
            // The other judge is for others.
            let mut more = Box::pin(docket.wait("greedy"));
            assert!(poll_once(&mut more).await.is_none());
            drop(docket.wait("modest").await);
            drop(long);
            drop(poll_once(&mut more).await.unwrap());
            assert!(docket.0.lock().free == 2);
        });
    }

    #[test]
    fn who_had_least_is_next_and_nobody_saves_up() {
        block_on(async {
            let docket = Docket::new(1);
            let sitting = docket.wait("greedy").await;
            let mut second = Box::pin(docket.wait("greedy"));
            assert!(poll_once(&mut second).await.is_none());
            let mut other = Box::pin(docket.wait("modest"));
            assert!(poll_once(&mut other).await.is_none());
            docket.0.lock().tenants.get_mut("greedy").unwrap().had += Duration::from_secs(9);
            drop(sitting);
            let other = poll_once(&mut other).await.unwrap();
            assert!(poll_once(&mut second).await.is_none());
            // One that comes has had as much as who had least.
            let mut new = Box::pin(docket.wait("new"));
            assert!(poll_once(&mut new).await.is_none());
            let least = docket.0.lock().tenants["modest"].had;
            assert_eq!(docket.0.lock().tenants["new"].had, least);
            drop(other);
            drop(poll_once(&mut new).await.unwrap());
            drop(poll_once(&mut second).await.unwrap());
        });
    }

    #[test]
    fn who_goes_leaves_its_turn_to_others() {
        block_on(async {
            let docket = Docket::new(1);
            let sitting = docket.wait("a").await;
            let mut gone = Box::pin(docket.wait("a"));
            let mut called = Box::pin(docket.wait("b"));
            let mut last = Box::pin(docket.wait("c"));
            for waiting in [&mut gone, &mut called, &mut last] {
                assert!(poll_once(waiting).await.is_none());
            }
            drop(gone);
            drop(sitting);
            // One of them has been called, and goes without having looked.
            drop(called);
            drop(poll_once(&mut last).await.unwrap());
            assert_eq!(docket.0.lock().free, 1);
        });
    }
}
