//! Postern: multi-tenant Workers on the small machine at the edge.
//!
//! The rooms and who may know whom are told in `docs/architecture.md`.

/// Counts what the daemon has on its heap, for the ledger.
#[global_allocator]
static ALLOCATOR: engine::heap::Counting = engine::heap::Counting;

#[cfg(feature = "acme")]
pub mod acme;
pub mod analytics;
pub mod assets;
pub mod bindings;
pub mod bundle;
pub mod cache;
pub mod catalog;
pub mod cli;
pub mod config;
pub mod confine;
pub mod cron;
pub mod deadline;
pub mod delivery;
pub mod edge;
pub mod egress;
pub mod engine;
pub mod firmware;
#[cfg(test)]
pub(crate) mod fuzz;
pub mod init;
pub mod ledger;
pub mod logpush;
pub mod manage;
pub mod metrics;
pub mod notify;
pub mod observe;
#[cfg(feature = "otlp")]
pub mod otlp;
pub mod outbound;
pub mod plans;
pub mod range;
pub mod replay;
pub mod store;
pub mod tail;
pub mod tls;
pub mod tune;
pub mod usage;
pub mod websocket;
pub(crate) mod zstd;

/// What a machine is and may spend.
pub use postern_board as board;
