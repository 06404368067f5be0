//! What the dynamic Workers of each script have of the machine's memory, all its versions together.

use crate::ledger::Budget;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

/// Namespace and script.
type Key = (Arc<str>, Arc<str>);

/// The budgets of scripts that have dynamic Workers.
#[derive(Default)]
pub(super) struct Accounts(Mutex<HashMap<Key, Budget>>);

impl Accounts {
    /// That of a script; `make` makes it if there is none.
    pub fn of(
        &self,
        namespace: &Arc<str>,
        script: &Arc<str>,
        make: impl FnOnce() -> Budget,
    ) -> Budget {
        let mut accounts = self.0.lock();
        // Nobody else can begin to have one meanwhile.
        accounts.retain(|_, budget| !budget.is_unused());
        let key = (namespace.clone(), script.clone());
        accounts.entry(key).or_insert_with(make).clone()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn versions_of_a_script_have_one_and_it_ends_with_them() {
        let accounts = Accounts::default();
        let of =
            |script: &str| accounts.of(&"n".into(), &script.into(), || Budget::new("dynamic", 10));
        let (first, second, other) = (of("a"), of("a"), of("b"));
        assert!(first.is(&second) && !first.is(&other));
        let share = first.take(10).unwrap();
        assert!(second.take(1).is_none() && other.take(1).is_some());
        drop((first, second, other));
        // What is held keeps it.
        assert!(of("a").take(1).is_none());
        drop(share);
        assert_eq!((of("a").used(), accounts.0.lock().len()), (0, 1));
    }
}
