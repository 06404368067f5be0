//! Debug builds only: the Nth draw is refused, if a test asks for that.
//!
//! The test names a file by an environment variable and writes `ROUND FIRST LAST` to it: draws are counted from 1 in
//! each round, and those from the FIRST to the LAST are refused as if nothing were left. Each refusal is told in a file
//! beside it, `FILE.refused`. A release build has none of this.

use super::Budget;
use parking_lot::Mutex;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::sync::OnceLock;

/// Names the file.
const VARIABLE: &str = "POSTERN_LEDGER_REFUSES";

/// What is asked for, and how far it is.
struct Asked {
    file: PathBuf,
    counted: Mutex<Counted>,
}

#[derive(Default)]
struct Counted {
    round: u64,
    draws: u64,
}

impl Counted {
    /// Counts one draw of what a test wrote; its number if it is to be refused.
    fn count(&mut self, text: &str) -> Option<u64> {
        let mut words = text.split_ascii_whitespace().map(str::parse::<u64>);
        let mut next = || words.next()?.ok();
        let (round, first, last) = (next()?, next()?, next()?);
        if round != self.round {
            *self = Self { round, draws: 0 };
        }
        self.draws += 1;
        (first..=last).contains(&self.draws).then_some(self.draws)
    }
}

/// Whether a draw is to be refused.
pub(super) fn is_refused(budget: &Budget, bytes: u64) -> bool {
    static ASKED: OnceLock<Option<Asked>> = OnceLock::new();
    let asked = ASKED.get_or_init(|| {
        let file = std::env::var_os(VARIABLE)?.into();
        let counted = Mutex::default();
        Some(Asked { file, counted })
    });
    let Some(Asked { file, counted }) = asked else {
        return false;
    };
    let Ok(text) = std::fs::read_to_string(file) else {
        return false;
    };
    let mut counted = counted.lock();
    let Some(draw) = counted.count(&text) else {
        return false;
    };
    let told = OpenOptions::new()
        .append(true)
        .create(true)
        .open(file.with_extension("refused"))
        .and_then(|mut told| {
            let round = counted.round;
            writeln!(told, "{round} {draw} {bytes} {}", budget.name())
        });
    // Nobody could know why else.
    told.is_ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn draws_are_counted_by_rounds() {
        let mut counted = Counted::default();
        let mut refused = |text: &str, draws: usize| -> Vec<u64> {
            (0..draws).filter_map(|_| counted.count(text)).collect()
        };
        assert_eq!(refused("1 2 2", 4), [2]);
        assert_eq!(refused("1 5 9", 2), [5, 6]);
        assert_eq!(refused("2 3 18446744073709551615", 5), [3, 4, 5]);
        assert!(refused("", 3).is_empty() && refused("3 0 0", 3).is_empty());
        assert!(refused("3 1", 1).is_empty());
    }
}
