//! Why a change of plans or limits is refused.

use super::{HISTORY_MAX, OVERRIDES_MAX, PLANS_MAX, REASON_MAX};
use crate::store::StoreError;

/// Why a change or a look-up is refused.
#[derive(Debug, thiserror::Error)]
pub enum PlansError {
    /// No limit or quota has this key.
    #[error("there is no limit `{key}`; {near}")]
    UnknownKey {
        /// What was given, shortened.
        key: String,
        /// What comes close.
        near: String,
    },
    /// What is no value.
    #[error("`{key}`: {reason}")]
    BadValue {
        /// Of which limit.
        key: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A value that makes no sense.
    #[error("`{key}` is {value}; it must be {floor} to {roof}; choose a value in this range")]
    OutOfRange {
        /// Of which limit.
        key: &'static str,
        /// The value.
        value: String,
        /// The least.
        floor: String,
        /// The most.
        roof: String,
    },
    /// A value that could never hold.
    #[error("`{key}` is {value}, but {whose} allows {most}; {remedy}")]
    AboveCeiling {
        /// Of which limit.
        key: &'static str,
        /// The value.
        value: String,
        /// Whose ceiling.
        whose: &'static str,
        /// The ceiling.
        most: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A quota for one script of a tenant.
    #[error(
        "`{0}` is a quota, and quotas are a tenant's: set it for a tenant, a namespace or a plan"
    )]
    QuotaOfScript(&'static str),
    /// A plan of this name is not there.
    #[error("there is no plan '{0}'; `postern plans list` shows those there are")]
    PlanNotFound(String),
    /// A plan's name breaks the rules.
    #[error("'{0}' cannot name a plan; use 1 to 63 of a-z A-Z 0-9 _ -, not starting with -")]
    BadPlanName(String),
    /// Somebody uses the plan.
    #[error("plan '{plan}' is used by {users}; give them another plan first")]
    PlanInUse {
        /// The plan.
        plan: String,
        /// Who uses it.
        users: String,
    },
    /// Somebody else was first.
    #[error(
        "{what} was changed meanwhile: it has revision {is}, not {expected}; look at it again, then change it with revision {is}"
    )]
    Conflict {
        /// What was to be changed.
        what: String,
        /// The revision that it has.
        is: u64,
        /// The revision that was expected.
        expected: u64,
    },
    /// What was to be changed has changed since what is to be undone.
    #[error(
        "change {number} of {what} cannot be undone: change {since} came after it; undo that one first, or set what you want"
    )]
    ChangedSince {
        /// Which change.
        number: u64,
        /// Of what.
        what: String,
        /// The later change.
        since: u64,
    },
    /// There is no such change.
    #[error("change {0} is not in the history, which has the last {max}", max = HISTORY_MAX)]
    NoChange(u64),
    /// There is nothing to undo.
    #[error("nothing was changed yet, so that there is nothing to undo")]
    NothingToUndo,
    /// The reason is too long.
    #[error("the reason has {0} bytes, the limit is {max}; shorten it", max = REASON_MAX)]
    LongReason(usize),
    /// Too many plans.
    #[error("there are {max} plans, the limit; delete one first", max = PLANS_MAX)]
    TooManyPlans,
    /// Too many overrides.
    #[error("there are {max} overrides, the limit; unset some, or use plans", max = OVERRIDES_MAX)]
    TooManyOverrides,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
