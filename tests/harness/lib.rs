//! Starts the real daemon, talks to it as its users do, and waits for conditions.
//!
//! Nothing here knows the daemon's insides: it is a process, two ports, a command line and a
//! directory. Clients are blocking and built on sockets, so that they can be as rude as needed.
#![allow(clippy::unwrap_used)] // A test that cannot go on should stop, with the place.

pub mod api;
pub mod browser;
pub mod cli;
pub mod daemon;
pub mod firmware;
pub mod form;
pub mod guests;
pub mod http;
pub mod http2;
pub mod pebble;
pub mod socket;
pub mod terminal;
pub mod tls;
pub mod wait;
pub mod wrangler;

pub use api::{Api, Reply};
pub use cli::Ran;
pub use daemon::{Daemon, Setup};
pub use form::Form;
pub use guests::guest;
pub use http::{Connection, Request, Response};
pub use wait::eventually;
