//! Workers whose answers workerd gave: reading them, asking a server, telling the differences.
//!
//! A case is `AREA/NAME.js`; what workerd answered to it is `expected/AREA/NAME.json`.

mod answer;
mod case;
mod client;
mod difference;

pub use answer::{Answer, Outcome};
pub use case::{Case, Request, Service};
pub use client::ask;
pub use difference::differences;
