//! The daemon as process 1 keeps it: started, heard, started again with growing pauses, and judged
//! by whether it says that it is well.
//!
//! This file decides; what it decides is done by [`super::system`]. Time is what the caller says.

use std::time::Duration;

/// How long a start may take: opening a store after a power cut, judging again what an older build
/// judged.
const START: Duration = Duration::from_secs(180);
/// How long the daemon may be silent once it serves. It asks itself every half of that, and a small
/// machine under load takes its time to answer.
pub(super) const SILENCE: Duration = Duration::from_secs(60);
/// The first pause before it is started again, and the longest.
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// A daemon that served so long had no trouble starting.
const STEADY: Duration = Duration::from_secs(60);
/// How often a daemon on trial may end before the machine is started again with the old slot.
const TRIAL_ENDS: u32 = 3;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Nothing before this time, unless something happens.
    Wait(Duration),
    /// Start the daemon.
    Start,
    /// Kill the daemon, which does not say that it is well.
    Kill,
    /// Start the machine again: the slot fails its trial.
    GiveUp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Not running, to be started at this time.
    Down(Duration),
    /// Started at this time, not serving yet.
    Starting(Duration),
    /// Serving since, and last well at.
    Serving(Duration, Duration),
    /// Killed, and not yet seen to have ended.
    Killed,
}

/// The daemon.
#[derive(Debug)]
pub(super) struct Service {
    state: State,
    trial: bool,
    /// Ends in a row, without a steady run between.
    ends: u32,
    /// Whether it says that it is well: one that never does is not killed for its silence.
    speaks: bool,
}

impl Service {
    /// One that was not started yet.
    pub(super) fn new(trial: bool) -> Self {
        Self {
            state: State::Down(Duration::ZERO),
            trial,
            ends: 0,
            speaks: false,
        }
    }

    /// What is to be done now.
    pub(super) fn order(&mut self, now: Duration) -> Order {
        let (due, order) = match self.state {
            State::Down(_) if self.trial && self.ends >= TRIAL_ENDS => return Order::GiveUp,
            State::Down(at) => (at, Order::Start),
            State::Starting(since) => (since + START, Order::Kill),
            State::Serving(_, well) if self.speaks => (well + SILENCE, Order::Kill),
            State::Serving(..) | State::Killed => return Order::Wait(now + PAUSE_MAX),
        };
        if now < due {
            return Order::Wait(due);
        }
        if order == Order::Kill {
            self.state = State::Killed;
        }
        order
    }

    /// It was started.
    pub(super) fn started(&mut self, now: Duration) {
        self.state = State::Starting(now);
    }

    /// It says that it serves.
    pub(super) fn ready(&mut self, now: Duration) {
        if let State::Starting(_) = self.state {
            self.state = State::Serving(now, now);
        }
    }

    /// It says that it is well.
    pub(super) fn well(&mut self, now: Duration) {
        if let State::Serving(_, well) = &mut self.state {
            *well = now;
            self.speaks = true;
        }
    }

    /// It ended; when it is started again.
    pub(super) fn ended(&mut self, now: Duration) -> Duration {
        if let State::Serving(since, _) = self.state
            && now.saturating_sub(since) >= STEADY
        {
            self.ends = 0;
        }
        let pause = PAUSE_MIN
            .saturating_mul(1 << self.ends.min(6))
            .min(PAUSE_MAX);
        self.ends += 1;
        self.state = State::Down(now + pause);
        pause
    }

    /// Whether the hardware watchdog may be fed: the daemon is well, or has had no time yet to be.
    pub(super) fn is_well(&self, now: Duration) -> bool {
        match self.state {
            State::Starting(since) => self.ends == 0 && now < since + START,
            State::Serving(_, well) => !self.speaks || now < well + SILENCE,
            State::Down(_) | State::Killed => self.ends < TRIAL_ENDS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn serving(trial: bool) -> Service {
        let mut service = Service::new(trial);
        assert_eq!(service.order(at(0)), Order::Start);
        service.started(at(0));
        service.ready(at(2));
        service
    }

    #[test]
    fn a_start_that_takes_too_long_is_ended() {
        let mut service = Service::new(false);
        service.started(at(1));
        assert_eq!(service.order(at(2)), Order::Wait(at(181)));
        assert!(service.is_well(at(2)));
        assert_eq!(service.order(at(181)), Order::Kill);
        assert!(matches!(service.order(at(182)), Order::Wait(_)));
    }

    #[test]
    fn silence_of_a_daemon_that_speaks_is_its_end() {
        let mut service = serving(false);
        assert!(matches!(service.order(at(1000)), Order::Wait(_)));
        service.well(at(1000));
        assert_eq!(service.order(at(1001)), Order::Wait(at(1060)));
        service.well(at(1020));
        assert_eq!(service.order(at(1030)), Order::Wait(at(1080)));
        assert!(!service.is_well(at(1080)));
        assert_eq!(service.order(at(1080)), Order::Kill);
    }

    #[test]
    fn pauses_grow_until_it_ran_steadily() {
        let mut service = Service::new(false);
        let mut pauses = Vec::new();
        for _ in 0..8 {
            service.started(at(0));
            pauses.push(service.ended(at(0)).as_secs());
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
        service.started(at(100));
        service.ready(at(101));
        assert_eq!(service.ended(at(161)), at(1));
        assert_eq!(service.order(at(161)), Order::Wait(at(162)));
        assert_eq!(service.order(at(162)), Order::Start);
    }

    #[test]
    fn a_trial_ends_after_three_ends() {
        for trial in [true, false] {
            let mut service = Service::new(trial);
            for _ in 0..3 {
                service.started(at(0));
                service.ready(at(1));
                service.ended(at(2));
            }
            let order = service.order(at(500));
            let expected = if trial { Order::GiveUp } else { Order::Start };
            assert_eq!(order, expected);
            assert!(!service.is_well(at(500)));
        }
    }
}
