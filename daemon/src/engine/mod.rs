//! Runs tenants' code: wasmi, modules, isolates, snapshots, fuel, the scheduler.
//!
//! Only this room names wasmi. It knows bindings through [`ops::Bindings`] alone, and HTTP
//! only as the types of [`invocation`].

pub mod invocation;
pub mod limits;
pub mod module;
pub mod ops;
pub mod wasi;
