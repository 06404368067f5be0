//! The data plane: listeners, HTTP, routing; a request in, a response out.
//!
//! It knows Workers through [`Routes`] and [`Serve`] alone, and is the only room beside the
//! management plane that names hyper.
//!
//! # A connection
//!
//! [`serve`] accepts; beyond the cap a client gets 503 at once. Each connection is one task:
//! hyper frames messages over a [`wire::Wire`], an [`exchange`] turns each request into one for
//! a Worker, and a watch ends whatever takes too long. Deadlines are kept as numbers in a
//! [`phase::Phase`] and one lazily armed timer, so that a request in time costs no timer.
//!
//! # Backpressure
//!
//! A request's body is read when the Worker asks for it ([`upload`]), a response's body is
//! asked for when the client has taken what came before ([`body`]).
//!
//! # WebSockets
//!
//! A request that a Worker answers with a WebSocket takes its connection out of hyper; the same
//! task goes on with it in [`crate::websocket`].

mod answer;
mod body;
#[cfg_attr(not(feature = "http2"), allow(dead_code))]
mod coming;
mod connection;
mod desk;
mod exchange;
mod fields;
#[cfg(feature = "http2")]
mod frames;
mod handshake;
#[cfg(feature = "http2")]
mod http2;
mod mount;
mod options;
mod phase;
mod ray;
mod rest;
pub mod routing;
mod seats;
mod server;
mod shed;
#[cfg_attr(not(feature = "http2"), allow(dead_code))]
mod streams;
mod target;
mod test_route;
mod upload;
mod visit;
mod wire;
mod worker;

pub use options::{EdgeOptions, Scheme};
pub use server::{Drained, Edge, Figures, Listening, serve};
pub use visit::{VisitError, visit};
pub use worker::{Entrance, Routes, Serve};

#[cfg(test)]
mod tests;
