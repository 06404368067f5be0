//! Who has a place among the management port's connections, and who gives it up when there is none left.
//!
//! Whoever reaches the port can open connections, without a token: an operator must get through beside them. So one
//! on which no call is under way gives its place to somebody new: of the client that has most connections, and of
//! those the one that has waited longest, or has taken none of its answer for longest.

use async_io::Timer;
use futures_lite::FutureExt;
use parking_lot::Mutex;
use slab::Slab;
use smol::channel::{Receiver, Sender, bounded};
use smol::lock::{Semaphore, SemaphoreGuardArc};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often it is looked whether one gives way by now.
const AGAIN: Duration = Duration::from_millis(50);

/// All connections.
pub(super) struct Seats {
    slots: Arc<Semaphore>,
    /// For how long one is spared by those of a client that has as many.
    spare: Duration,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    seats: Slab<Sitting>,
    /// How many each client has.
    counts: HashMap<Client, usize>,
}

/// What counts as one client: an address, or of IPv6 what is given to one, 64 bits; all of this machine's programs.
type Client = Option<IpAddr>;

struct Sitting {
    client: Client,
    /// Calls under way.
    calls: usize,
    /// When it began to wait, or took something last.
    since: Instant,
    /// Dropped when it is to give way.
    stay: Option<Sender<()>>,
}

/// A connection among the others, until this is dropped.
pub(super) struct Seat {
    seats: Arc<Seats>,
    id: usize,
    told: Receiver<()>,
    _slot: SemaphoreGuardArc,
}

/// A call under way on a connection, which keeps its place.
pub(super) struct Calling(Arc<Seat>);

fn client(address: Option<IpAddr>) -> Client {
    Some(match address?.to_canonical() {
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() | u128::from(u64::MAX)).into(),
        ip => ip,
    })
}

impl Seats {
    /// Places for so many, each spared for so long.
    pub fn new(max: usize, spare: Duration) -> Arc<Self> {
        Arc::new(Self {
            slots: Arc::new(Semaphore::new(max.max(1))),
            spare,
            taken: Mutex::default(),
        })
    }

    /// A place for a connection from there, as soon as there is one.
    pub async fn place(self: &Arc<Self>, address: Option<IpAddr>) -> Arc<Seat> {
        let client = client(address);
        let slot = loop {
            if let Some(slot) = self.slots.try_acquire_arc() {
                break slot;
            }
            self.give_way(client);
            let free = async { Some(self.slots.acquire_arc().await) };
            let later = async {
                Timer::after(AGAIN).await;
                None
            };
            if let Some(slot) = free.or(later).await {
                break slot;
            }
        };
        let (stay, told) = bounded(1);
        let mut taken = self.taken.lock();
        *taken.counts.entry(client).or_default() += 1;
        let id = taken.seats.insert(Sitting {
            client,
            calls: 0,
            since: Instant::now(),
            stay: Some(stay),
        });
        drop(taken);
        Arc::new(Seat {
            seats: Arc::clone(self),
            id,
            told,
            _slot: slot,
        })
    }

    /// Tells one to give way to this client, if there is one that does.
    fn give_way(&self, to: Client) {
        let mut taken = self.taken.lock();
        let count = |client: &Client| taken.counts.get(client).copied().unwrap_or(0);
        let own = count(&to);
        let candidates = taken.seats.iter().filter_map(|(id, it)| {
            let (theirs, waited) = (count(&it.client), it.since.elapsed());
            let gives = theirs > own || (theirs == own && waited >= self.spare);
            (gives && it.calls == 0 && it.stay.is_some()).then_some((theirs, waited, id))
        });
        if let Some((_, _, id)) = candidates.max() {
            taken.seats[id].stay = None;
        }
    }
}

impl Seat {
    /// A call begins.
    pub fn call(self: &Arc<Self>) -> Calling {
        self.seats.taken.lock().seats[self.id].calls += 1;
        Calling(Arc::clone(self))
    }

    /// The client took something.
    pub fn goes_on(&self) {
        self.seats.taken.lock().seats[self.id].since = Instant::now();
    }

    /// Ready when it is to give way.
    pub async fn gives_way(&self) {
        // Nothing is sent: it ends when the other side is dropped.
        let _ = self.told.recv().await;
    }

    /// Whether a call is under way.
    pub fn is_called(&self) -> bool {
        self.seats.taken.lock().seats[self.id].calls > 0
    }
}

impl Drop for Calling {
    fn drop(&mut self) {
        let mut taken = self.0.seats.taken.lock();
        let sitting = &mut taken.seats[self.0.id];
        sitting.calls -= 1;
        sitting.since = Instant::now();
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock();
        let client = taken.seats.remove(self.id).client;
        if let Some(count) = taken.counts.get_mut(&client) {
            *count -= 1;
            if *count == 0 {
                taken.counts.remove(&client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_lite::future::{block_on, poll_once};
    use std::net::Ipv4Addr;

    fn ip(last: u8) -> Option<IpAddr> {
        Some(Ipv4Addr::new(192, 0, 2, last).into())
    }

    fn sit(seats: &Arc<Seats>, last: u8) -> Option<Arc<Seat>> {
        block_on(poll_once(std::pin::pin!(seats.place(ip(last)))))
    }

    fn gives_way(seat: &Seat) -> bool {
        block_on(poll_once(std::pin::pin!(seat.gives_way()))).is_some()
    }

    #[test]
    fn one_that_waits_gives_way_of_the_client_that_has_most() {
        let seats = Seats::new(3, Duration::MAX);
        let all: Vec<_> = [1, 2, 2]
            .map(|last| sit(&seats, last).expect("there is a place"))
            .into();
        let call = all[1].call();
        assert!(sit(&seats, 3).is_none());
        assert_eq!(
            [false, false, true],
            [0, 1, 2].map(|at| gives_way(&all[at]))
        );
        // With the one that is called nobody has more than a newcomer has, and nobody is told twice.
        assert!(sit(&seats, 2).is_none());
        assert!(!gives_way(&all[0]) && !gives_way(&all[1]));
        drop(call);
        assert!(sit(&seats, 3).is_none());
        assert!(gives_way(&all[1]) && !gives_way(&all[0]));
        drop(all);
        assert!(sit(&seats, 3).is_some());
        let taken = seats.taken.lock();
        assert!(taken.seats.is_empty() && taken.counts.is_empty());
    }

    #[test]
    fn of_as_many_the_one_that_took_something_last_stays() {
        let seats = Seats::new(2, Duration::ZERO);
        let all: Vec<_> = [1, 1]
            .map(|last| sit(&seats, last).expect("there is a place"))
            .into();
        all[0].goes_on();
        assert!(sit(&seats, 1).is_none());
        assert!(gives_way(&all[1]) && !gives_way(&all[0]));
    }

    #[test]
    fn what_is_given_to_one_counts_as_one() {
        let of = |last| {
            client(Some(
                Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, last).into(),
            ))
        };
        assert_eq!(of(1), of(2));
        let mapped = Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped();
        assert_eq!(client(Some(mapped.into())), ip(1));
    }
}
