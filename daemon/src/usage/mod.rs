//! What tenants use, counted durably, and what they may use in a day and a month.

pub mod quota;
