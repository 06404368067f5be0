//! Who has a place among connections, and who gives it up to somebody new when there is none left.
//!
//! One that waits for its client gives way: of the address that has most connections, so that who opens many
//! pays for it, and of those the one that has waited longest. One that is being answered never does.

use super::options::EdgeOptions;
use super::phase::Phase;
use parking_lot::Mutex;
use slab::Slab;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

/// Those that were told to give way and are not gone yet; so many more than may be open there can be.
pub const LEAVING_MAX: usize = 16;

/// All connections.
#[derive(Default)]
pub struct Seats(Mutex<Taken>);

#[derive(Default)]
struct Taken {
    seats: Slab<(Network, Arc<Phase>)>,
    /// How many each has.
    counts: HashMap<Network, usize>,
    leaving: usize,
}

/// A connection among the others, until this is dropped.
pub struct Seat {
    seats: Arc<Seats>,
    id: usize,
}

/// What counts as one client: an address, or of IPv6 what is given to one, 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Network(u128);

impl Network {
    fn of(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(ip) => Self(u128::from(u32::from(ip))),
            // Never that of an IPv4 address, for of those the upper half is zero.
            IpAddr::V6(ip) => Self(u128::from(ip) | u128::from(u64::MAX)),
        }
    }
}

impl Seats {
    /// A connection is there.
    pub fn sit(self: &Arc<Self>, ip: IpAddr, phase: Arc<Phase>) -> Seat {
        let network = Network::of(ip);
        let mut taken = self.0.lock();
        *taken.counts.entry(network).or_default() += 1;
        let id = taken.seats.insert((network, phase));
        drop(taken);
        Seat {
            seats: self.clone(),
            id,
        }
    }

    /// Has one give way to somebody from this address; whether there is one that does.
    ///
    /// Nobody gives way to who has more connections, and to who has as many only after `spare_ms`.
    pub fn give_way(&self, to: IpAddr, options: &EdgeOptions) -> bool {
        let mut taken = self.0.lock();
        if taken.leaving >= LEAVING_MAX {
            return false;
        }
        let count = |network: &Network| taken.counts.get(network).copied().unwrap_or(0);
        let own = count(&Network::of(to));
        let candidates = taken.seats.iter().filter_map(|(id, (network, phase))| {
            let waited_ms = phase.waited_ms(options)?;
            let theirs = count(network);
            let gives = theirs > own || (theirs == own && waited_ms >= options.spare_ms.into());
            gives.then_some((theirs, waited_ms, id))
        });
        let Some((_, _, id)) = candidates.max() else {
            return false;
        };
        taken.leaving += 1;
        // While nobody can leave, who is counted by that.
        taken.seats[id].1.give_way();
        true
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.0.lock();
        let (network, phase) = taken.seats.remove(self.id);
        if phase.gives_way() {
            taken.leaving -= 1;
        }
        if let Some(count) = taken.counts.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                taken.counts.remove(&network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    fn ip(last: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, last).into()
    }

    struct Room {
        seats: Arc<Seats>,
        all: Vec<(Seat, Arc<Phase>)>,
        options: EdgeOptions,
    }

    impl Room {
        /// Connections of these addresses that say nothing.
        fn of(addresses: &[u8]) -> Self {
            let mut room = Self {
                seats: Arc::default(),
                all: Vec::new(),
                options: EdgeOptions {
                    spare_ms: 0,
                    ..EdgeOptions::default()
                },
            };
            addresses.iter().for_each(|last| room.sit(*last));
            room
        }

        fn sit(&mut self, last: u8) {
            let phase = Arc::new(Phase::new());
            let seat = self.seats.sit(ip(last), phase.clone());
            self.all.push((seat, phase));
        }

        /// Who gives way to somebody from there.
        fn gives(&self, to: u8) -> Option<usize> {
            let leaving = || self.all.iter().map(|(_, phase)| phase.gives_way());
            let before: Vec<bool> = leaving().collect();
            let does = self.seats.give_way(ip(to), &self.options);
            let who = leaving()
                .zip(before)
                .position(|(now, before)| now != before);
            assert_eq!(who.is_some(), does);
            who
        }
    }

    #[test]
    fn who_has_most_gives_way_first() {
        let room = Room::of(&[1, 2, 2, 2, 3, 3]);
        assert!(matches!(room.gives(9), Some(1..=3)));
        assert!(matches!(room.gives(2), Some(1..=3)));
    }

    #[test]
    fn nobody_gives_way_to_who_has_more() {
        let room = Room::of(&[1, 2, 2]);
        room.all[1].1.request_starts();
        room.all[2].1.request_starts();
        assert_eq!(room.gives(2), None);
        assert_eq!(room.gives(1), Some(0));
    }

    #[test]
    fn who_is_answered_stays() {
        let room = Room::of(&[1, 1]);
        room.all[0].1.request_starts();
        assert_eq!(room.gives(2), Some(1));
        assert_eq!(room.gives(2), None);
        room.all[0].1.answer_ends(true);
        assert_eq!(room.gives(2), Some(0));
    }

    #[test]
    fn one_of_as_many_is_spared_for_a_while() {
        let mut room = Room::of(&[1]);
        room.options.spare_ms = u32::MAX;
        room.sit(2);
        assert_eq!(room.gives(1), None);
        room.options.spare_ms = 0;
        assert!(room.gives(1).is_some());
    }

    #[test]
    fn those_that_leave_are_few() {
        let mut room = Room::of(&[1; 2 * LEAVING_MAX]);
        for _ in 0..LEAVING_MAX {
            assert!(room.gives(2).is_some());
        }
        assert_eq!(room.gives(2), None);
        room.all.retain(|(_, phase)| !phase.gives_way());
        assert!(room.gives(2).is_some());
        room.all.clear();
        let taken = room.seats.0.lock();
        assert!(taken.seats.is_empty() && taken.counts.is_empty() && taken.leaving == 0);
    }

    #[test]
    fn what_is_given_to_one_counts_as_one() {
        let of = |ip: Ipv6Addr| Network::of(ip.into());
        let one = |last| Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, last);
        assert_eq!(of(one(1)), of(one(2)));
        assert_ne!(
            of(one(1)),
            of(Ipv6Addr::new(0x2001, 0xdb8, 0, 2, 0, 0, 0, 1))
        );
        let mapped = Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped();
        assert_eq!(of(mapped), Network::of(ip(1)));
    }
}
