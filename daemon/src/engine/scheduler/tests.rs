#![allow(clippy::unwrap_used)]
use super::*;
use futures_lite::future::{block_on, poll_once};
use proptest::prelude::*;

const SLICE: u64 = 1000;
const WEIGHT: u32 = 100;

fn place(scheduler: &Scheduler) -> Place {
    scheduler.worker(&Arc::new(scheduler.tenant()))
}

fn places<const N: usize>(scheduler: &Scheduler) -> [Place; N] {
    std::array::from_fn(|_| place(scheduler))
}

fn try_enter(scheduler: &Scheduler, place: &Place) -> Option<Permit> {
    scheduler.try_enter(place, WEIGHT, 0)
}

fn wait_as(scheduler: &Scheduler, place: &Place, weight: u32) -> Pin<Box<Enter>> {
    let mut enter = Box::pin(scheduler.enter(place, weight, 0));
    assert!(
        block_on(poll_once(enter.as_mut())).is_none(),
        "no slot is free"
    );
    enter
}

fn wait(scheduler: &Scheduler, place: &Place) -> Pin<Box<Enter>> {
    wait_as(scheduler, place, WEIGHT)
}

fn ready(enter: &mut Pin<Box<Enter>>) -> Option<Permit> {
    block_on(poll_once(enter.as_mut()))
}

/// Whether it will look for a slot: it was woken for one, or has not looked yet.
fn is_called(enter: &Enter) -> bool {
    match enter.stand {
        Stand::Waits(seat) => enter.scheduler.0.lock().seats[seat].waker.is_none(),
        Stand::Served | Stand::Over => false,
    }
}

#[test]
fn who_wants_little_comes_before_those_who_have_used_as_little() {
    let scheduler = Scheduler::new(1, SLICE);
    let [first, long, longer, short] = places(&scheduler);
    let permit = try_enter(&scheduler, &first).unwrap();
    let enter = |place, price| Box::pin(scheduler.enter(place, WEIGHT, price));
    let (mut long, longer) = (enter(&long, 9 * SLICE), enter(&longer, 20 * SLICE));
    let mut short = enter(&short, SLICE / 2);
    drop(permit);
    let permit = ready(&mut short).expect("it came last and wants least");
    // Who leaves has paid for nothing, and holds nobody up.
    drop(longer);
    drop(permit);
    ready(&mut long).unwrap().end(9 * SLICE);
    drop(long);
    assert_eq!(scheduler.waiting(), 0);
    let state = scheduler.0.lock();
    assert!(state.top.is_empty() && state.free == 1);
}

#[test]
fn a_slot_in_which_nobody_runs_yet_is_for_who_comes_and_is_further_behind() {
    let scheduler = Scheduler::new(1, SLICE);
    let [greedy, other, modest] = places(&scheduler);
    // All begin anew when nobody wants anything.
    let permit = try_enter(&scheduler, &other).unwrap();
    let mut waiting = wait(&scheduler, &greedy);
    permit.end(9 * SLICE);
    let permit = ready(&mut waiting).unwrap();
    let mut waiting = wait(&scheduler, &greedy);
    permit.end(SLICE);
    assert!(is_called(&waiting));
    assert!(
        try_enter(&scheduler, &other).is_none(),
        "it has used more than who was called"
    );
    let permit = try_enter(&scheduler, &modest).expect("it has used nothing");
    assert!(ready(&mut waiting).is_none(), "the slot was taken");
    assert!(try_enter(&scheduler, &modest).is_none());
    permit.end(SLICE / 2);
    assert!(is_called(&waiting), "and is told when it comes back");
    assert!(ready(&mut waiting).is_some());
}

#[test]
fn who_uses_little_has_saved_for_a_start() {
    let scheduler = Scheduler::new(1, SLICE);
    let [modest, greedy, other] = places(&scheduler);
    // Both want to run all the time, and one in between.
    let mut running = try_enter(&scheduler, &greedy).unwrap();
    let mut line = vec![wait(&scheduler, &other), wait(&scheduler, &greedy)];
    for turn in 0..40 {
        running.end(SLICE);
        let at = line.iter().position(|it| is_called(it)).unwrap();
        let mut next = line.remove(at);
        running = ready(&mut next).unwrap();
        line.push(wait(&scheduler, if at == 0 { &other } else { &greedy }));
        if turn % 4 == 0 {
            let mut little = wait(&scheduler, &modest);
            running.end(SLICE);
            let permit = ready(&mut little).expect("it has used less");
            let at = line.iter().position(|it| is_called(it));
            assert_eq!(at, None, "it runs");
            permit.end(SLICE / 10);
            let at = line.iter().position(|it| is_called(it)).unwrap();
            running = ready(&mut line.remove(at)).unwrap();
            line.push(wait(&scheduler, if at == 0 { &other } else { &greedy }));
        }
    }
    let mut start = Box::pin(scheduler.enter(&modest, WEIGHT, 12 * SLICE));
    running.end(SLICE);
    let permit = ready(&mut start).expect("it has not used its share");
    permit.end(12 * SLICE);
    let mut again = Box::pin(scheduler.enter(&modest, WEIGHT, 30 * SLICE));
    let at = line.iter().position(|it| is_called(it)).unwrap();
    let permit = ready(&mut line.remove(at)).unwrap();
    drop(permit);
    assert!(ready(&mut again).is_none(), "that was used up");
}

#[test]
fn tenants_take_turns_however_many_isolates_wait() {
    let scheduler = Scheduler::new(1, SLICE);
    let [one, two, three] = places(&scheduler);
    let permit = try_enter(&scheduler, &one).unwrap();
    let mut greedy: Vec<_> = (0..3).map(|_| wait(&scheduler, &one)).collect();
    let mut modest = wait(&scheduler, &two);
    assert_eq!(scheduler.waiting(), 4);
    drop(permit);
    assert!(ready(&mut greedy[0]).is_none());
    let first = ready(&mut modest).expect("the other one has used nothing");
    drop(first);
    let second = ready(&mut greedy[0]).expect("in order");
    let mut modest = wait(&scheduler, &two);
    drop(second);
    assert!(ready(&mut greedy[1]).is_none());
    drop(ready(&mut modest).expect("before the greedy one's second"));
    drop(ready(&mut greedy[1]).unwrap());
    drop(ready(&mut greedy[2]).unwrap());
    assert_eq!(scheduler.waiting(), 0);
    assert!(
        try_enter(&scheduler, &three).is_some(),
        "every slot came back"
    );
    assert!(scheduler.0.lock().top.is_empty());
}

#[test]
fn the_workers_of_a_tenant_share_what_one_alone_has() {
    let scheduler = Scheduler::new(1, SLICE);
    let tenant = Arc::new(scheduler.tenant());
    let many: Vec<_> = (0..3).map(|_| scheduler.worker(&tenant)).collect();
    let lone = place(&scheduler);
    let mut running = Some(try_enter(&scheduler, &lone).unwrap());
    let mut waiting: Vec<_> = (many.iter().chain([&lone]))
        .map(|place| wait(&scheduler, place))
        .collect();
    let mut served = [0; 4];
    for _ in 0..600 {
        drop(running.take());
        let at = waiting.iter().position(|it| is_called(it)).unwrap();
        running = ready(&mut waiting[at]);
        served[at] += 1;
        waiting[at] = wait(&scheduler, if at < 3 { &many[at] } else { &lone });
    }
    assert_eq!(served, [100, 100, 100, 300]);
}

#[test]
fn a_slot_that_one_who_left_was_called_for_is_anothers() {
    let scheduler = Scheduler::new(1, SLICE);
    let [one, two, three] = places(&scheduler);
    let permit = try_enter(&scheduler, &one);
    let left = wait(&scheduler, &one);
    let gone = wait(&scheduler, &two);
    let mut stays = wait(&scheduler, &three);
    drop(gone);
    drop(permit);
    drop(left);
    assert!(ready(&mut stays).is_some());
}

#[test]
fn a_slot_is_paid_for_before_it_is_used() {
    let scheduler = Scheduler::new(2, SLICE);
    let [one, two, three] = places(&scheduler);
    let (first, other) = (try_enter(&scheduler, &one), try_enter(&scheduler, &two));
    let mut second = wait(&scheduler, &one);
    let mut third = wait(&scheduler, &three);
    drop(other);
    let served = ready(&mut third).expect("the first has one that is not used up yet");
    assert!(ready(&mut second).is_none());
    drop((first, served));
    assert!(ready(&mut second).is_some());
}

#[test]
fn nobody_saves_up() {
    let scheduler = Scheduler::new(1, SLICE);
    let places: [Place; 2] = places(&scheduler);
    for _ in 0..100 {
        drop(try_enter(&scheduler, &places[0]));
    }
    let permit = try_enter(&scheduler, &places[0]);
    let mut served = Vec::new();
    let mut waiting = [wait(&scheduler, &places[0]), wait(&scheduler, &places[1])];
    drop(permit);
    for _ in 0..12 {
        let (tenant, permit) = waiting
            .iter_mut()
            .enumerate()
            .find_map(|(at, enter)| Some((at, ready(enter)?)))
            .unwrap();
        served.push(tenant + 1);
        waiting[tenant] = wait(&scheduler, &places[tenant]);
        drop(permit);
    }
    let head = served.iter().take_while(|tenant| **tenant == 2).count();
    assert!((1..=BURST as usize + 2).contains(&head), "{served:?}");
    let late = served.iter().filter(|tenant| **tenant == 1).count();
    assert!(late >= 4, "{served:?}");
}

#[test]
fn accounts_go_with_who_has_them_once_nothing_of_them_runs() {
    let scheduler = Scheduler::new(1, SLICE);
    let tenant = Arc::new(scheduler.tenant());
    let (one, two) = (scheduler.worker(&tenant), scheduler.worker(&tenant));
    let permit = try_enter(&scheduler, &one).unwrap();
    let gone = wait(&scheduler, &two);
    drop(gone);
    drop((one, two, tenant));
    let counts = || {
        let state = scheduler.0.lock();
        (state.tenants.len(), state.workers.len())
    };
    assert_eq!(
        counts(),
        (1, 2),
        "one runs, and the other's seat is in line"
    );
    drop(permit);
    assert_eq!(counts(), (0, 0));
    assert!(scheduler.0.lock().top.is_empty());
    for _ in 0..10_000 {
        try_enter(&scheduler, &place(&scheduler)).unwrap().end(1);
    }
    assert_eq!(counts(), (0, 0));
}

#[test]
fn clocks_at_their_end_leave_it_at_who_came_first() {
    let scheduler = Scheduler::new(1, u64::MAX);
    let [one, two] = places(&scheduler);
    let permit = try_enter(&scheduler, &one).unwrap();
    let (mut first, mut second) = (wait(&scheduler, &one), wait(&scheduler, &two));
    permit.end(u64::MAX);
    for _ in 0..10 {
        drop(ready(&mut second).expect("the other has used more, or as much and came later"));
        second = wait_behind(&scheduler, &mut first, &one, &two);
    }

    fn wait_behind(
        scheduler: &Scheduler,
        first: &mut Pin<Box<Enter>>,
        one: &Place,
        two: &Place,
    ) -> Pin<Box<Enter>> {
        let permit = ready(first).expect("its turn comes");
        let second = wait(scheduler, two);
        *first = wait(scheduler, one);
        drop(permit);
        second
    }
}

/// Isolates that always want to run, each with what a slice of it costs, and what each has used.
struct Crowd<'a> {
    scheduler: &'a Scheduler,
    waiting: Vec<(usize, Pin<Box<Enter>>)>,
    running: VecDeque<(Option<usize>, Permit)>,
    weights: Vec<u32>,
    /// On the clocks of tenants.
    used: Vec<u64>,
    fuel: Vec<u64>,
}

impl<'a> Crowd<'a> {
    /// All slots are held by `first`, which uses nothing of them.
    fn new(scheduler: &'a Scheduler, slots: usize, first: &'a Place, weights: Vec<u32>) -> Self {
        let held = (0..slots).map(|_| (None, try_enter(scheduler, first).unwrap()));
        Self {
            scheduler,
            waiting: Vec::new(),
            running: held.collect(),
            used: vec![0; weights.len()],
            fuel: vec![0; weights.len()],
            weights,
        }
    }

    fn join(&mut self, party: usize, place: &'a Place) {
        let enter = wait_as(self.scheduler, place, self.weights[party]);
        self.waiting.push((party, enter));
    }

    /// The slot that was given longest ago ends: who had it wants it again.
    fn turn(&mut self, places: &'a [Place], fuel: impl FnOnce(usize) -> u64) {
        let (party, permit) = self.running.pop_front().unwrap();
        match party {
            None => permit.end(0),
            Some(party) => {
                let fuel = fuel(party);
                self.used[party] += ticks(fuel, self.weights[party]);
                self.fuel[party] += fuel;
                self.join(party, &places[party]);
                permit.end(fuel);
            }
        }
        let at = self.waiting.iter().position(|(_, enter)| is_called(enter));
        let (party, mut enter) = self.waiting.remove(at.unwrap());
        let permit = ready(&mut enter).unwrap();
        self.running.push_back((Some(party), permit));
    }
}

/// What a slice of a party's costs: always about the same, or one cannot tell it from chance.
fn cost(costs: &[u64], party: usize, turn: usize) -> u64 {
    costs[(turn * 31 + party * 7) % costs.len()]
}

proptest! {
    /// The model is the fluid one: who always waits has used as much for its weight as any other.
    #[test]
    fn who_always_waits_has_the_share_of_its_weight(
        slots in 1usize..4,
        parties in proptest::collection::vec((1usize..4, 1u32..=1000), 2..6),
        costs in proptest::collection::vec(1u64..=SLICE, 50..400),
    ) {
        let scheduler = Scheduler::new(slots, SLICE);
        let first = place(&scheduler);
        let places: Vec<Place> = parties.iter().map(|_| place(&scheduler)).collect();
        let weights = parties.iter().map(|party| party.1).collect();
        let mut crowd = Crowd::new(&scheduler, slots, &first, weights);
        for (party, (isolates, _)) in parties.iter().enumerate() {
            // With fewer isolates than slots a tenant cannot use its share.
            for _ in 0..*isolates.max(&slots) {
                crowd.join(party, &places[party]);
            }
        }
        for turn in 0..10 * costs.len() {
            crowd.turn(&places, |party| cost(&costs, party, turn));
        }
        // What is paid in advance: a slice in each slot.
        let slack = SLICE * (slots as u64 + 1);
        for (a, (_, weight_a)) in parties.iter().enumerate() {
            for (b, (_, weight_b)) in parties.iter().enumerate() {
                let apart = crowd.used[a].abs_diff(crowd.used[b]);
                let slack = ticks(slack, *weight_a) + ticks(slack, *weight_b);
                prop_assert!(apart <= slack, "{:?} of {parties:?}", crowd.used);
            }
        }
    }

    #[test]
    fn each_level_shares_what_it_has(
        slots in 1usize..3,
        tenants in proptest::collection::vec((1usize..4, 1u32..=1000), 2..4),
        costs in proptest::collection::vec(1u64..=SLICE, 50..300),
    ) {
        let scheduler = Scheduler::new(slots, SLICE);
        let first = place(&scheduler);
        let mut places = Vec::new();
        let mut of = Vec::new();
        for (tenant, (workers, weight)) in tenants.iter().enumerate() {
            let account = Arc::new(scheduler.tenant());
            for _ in 0..*workers {
                places.push(scheduler.worker(&account));
                of.push((tenant, *weight));
            }
        }
        let weights = of.iter().map(|party| party.1).collect();
        let mut crowd = Crowd::new(&scheduler, slots, &first, weights);
        for (party, place) in places.iter().enumerate() {
            for _ in 0..slots {
                crowd.join(party, place);
            }
        }
        for turn in 0..10 * costs.len() {
            crowd.turn(&places, |party| cost(&costs, party, turn));
        }
        let slack = SLICE * (slots as u64 + 1);
        let own = |tenant: usize| -> Vec<u64> {
            let own = of.iter().zip(&crowd.used).filter(|((it, _), _)| *it == tenant);
            own.map(|(_, used)| *used).collect()
        };
        let total = |tenant: usize| own(tenant).iter().sum::<u64>();
        for (a, (_, weight_a)) in tenants.iter().enumerate() {
            // Within a tenant clocks are of fuel, and nothing is rounded.
            let workers = (of.iter().zip(&crowd.fuel)).filter(|((it, _), _)| *it == a);
            let workers: Vec<u64> = workers.map(|(_, fuel)| *fuel).collect();
            let apart = workers.iter().max().unwrap() - workers.iter().min().unwrap();
            prop_assert!(apart <= 2 * slack, "{workers:?}");
            for (b, (_, weight_b)) in tenants.iter().enumerate() {
                let apart = total(a).abs_diff(total(b));
                let slack = ticks(slack, *weight_a) + ticks(slack, *weight_b);
                prop_assert!(apart <= slack, "{:?} of {tenants:?}", crowd.used);
            }
        }
    }

    #[test]
    fn who_was_away_has_its_burst_and_no_more(
        slots in 1usize..4,
        weights in proptest::collection::vec(1u32..=1000, 2..6),
        away in 0usize..500,
        after in 1usize..500,
        costs in proptest::collection::vec(1u64..=SLICE, 50..300),
    ) {
        let scheduler = Scheduler::new(slots, SLICE);
        let first = place(&scheduler);
        let places: Vec<Place> = weights.iter().map(|_| place(&scheduler)).collect();
        let mut crowd = Crowd::new(&scheduler, slots, &first, weights.clone());
        // The first comes last.
        for (party, place) in places.iter().enumerate().skip(1) {
            for _ in 0..slots {
                crowd.join(party, place);
            }
        }
        for turn in 0..away {
            crowd.turn(&places, |party| cost(&costs, party, turn));
        }
        for _ in 0..slots {
            crowd.join(0, &places[0]);
        }
        let before = crowd.used.clone();
        for turn in 0..after {
            crowd.turn(&places, |party| cost(&costs, party, turn));
        }
        // Of what was used since it came it has its share and its burst, beside what slots hold.
        let most = ticks(SLICE * (BURST + slots as u64 + 1), weights[0]);
        for other in 1..weights.len() {
            let theirs = crowd.used[other] - before[other];
            let slack = ticks(SLICE * (slots as u64 + 1), weights[other]);
            prop_assert!(
                crowd.used[0] <= theirs + most + slack,
                "{:?} of {weights:?}",
                crowd.used
            );
        }
    }

    /// Whatever comes and goes, a slot is free only while somebody who waits was told, or nobody waits.
    #[test]
    fn no_slot_is_free_that_nobody_was_told_of(
        slots in 1usize..4,
        steps in proptest::collection::vec((0usize..5, 0usize..4, 0u64..3 * SLICE), 1..200),
    ) {
        let scheduler = Scheduler::new(slots, SLICE);
        let places: [Place; 4] = places(&scheduler);
        let mut waiting: Vec<Pin<Box<Enter>>> = Vec::new();
        let mut running = VecDeque::new();
        for (step, at, fuel) in steps {
            match step {
                0 => running.extend(scheduler.try_enter(&places[at], WEIGHT, fuel)),
                1 => waiting.push(Box::pin(scheduler.enter(&places[at], WEIGHT, fuel))),
                2 if at < waiting.len() => drop(waiting.remove(at)),
                3 if at < waiting.len() => {
                    if let Some(permit) = ready(&mut waiting[at]) {
                        waiting.remove(at);
                        running.push_back(permit);
                    }
                }
                _ => {
                    if let Some(permit) = running.pop_front() {
                        permit.end(fuel);
                    }
                }
            }
            let is_served = |it: &Pin<Box<Enter>>| matches!(it.stand, Stand::Served);
            let held = running.len() + waiting.iter().filter(|it| is_served(it)).count();
            prop_assert_eq!(scheduler.0.lock().free, slots - held);
            let mut lined = waiting.iter().filter(|it| !is_served(it)).peekable();
            if held < slots && lined.peek().is_some() {
                prop_assert!(lined.any(|it| is_called(it)));
            }
        }
        running.clear();
        while !waiting.is_empty() {
            let before = waiting.len();
            waiting.retain_mut(|it| ready(it).is_none());
            prop_assert!(waiting.len() < before, "nobody's turn comes");
        }
        let state = scheduler.0.lock();
        prop_assert!(state.free == slots && state.seats.is_empty() && state.top.is_empty());
    }
}
