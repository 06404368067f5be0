//! `Headers`, `Request` and `Response`: what every request goes through, made in Rust.
//!
//! What is rare (streams, forms, odd arguments) is done by functions of `prelude/fetch.js`, which
//! [`Slow`] holds.

pub mod body;
pub mod flight;
pub mod headers;
pub mod request;
pub mod response;

use crate::raw::{Cx, Val};
use std::cell::Cell;

/// The functions of the prelude that do what is rare, and the prototypes of the classes.
#[derive(Clone, Copy)]
pub struct Slow {
    /// `extract(value)`: a body's source and type, `[source, type]`.
    pub extract: Val,
    /// `makeStream(source)`: a stream of what a body was made of.
    pub make_stream: Val,
    /// `readStream(stream, form)`: a promise of all that a stream gives.
    pub read_stream: Val,
    /// `isUsed(stream)`: whether a stream was read from.
    pub is_used: Val,
    /// `fillHeaders(headers, init)`: adds fields from anything that can be made fields of.
    pub fill_headers: Val,
    /// `initRequest(request, input, init)`: does what `new Request` does.
    pub init_request: Val,
    /// `initResponse(response, init)`: applies what is rare in a second argument of `new Response`.
    pub init_response: Val,
    /// The prototypes.
    pub headers: Val,
    /// The prototype of requests.
    pub request: Val,
    /// The prototype of responses.
    pub response: Val,
}

thread_local! {
    static SLOW: Cell<Option<Slow>> = const { Cell::new(None) };
}

/// What [`install`] was given.
///
/// # Panics
/// Before that: the prelude installs the classes before it makes any of them.
pub fn slow() -> Slow {
    SLOW.get().expect("the prelude has installed the classes")
}

/// Keeps what the prelude gives.
pub fn install(slow: Slow) {
    SLOW.set(Some(slow));
}

/// Calls a function of the prelude with borrowed arguments.
pub fn ask(cx: Cx, function: Val, arguments: &[Val]) -> Val {
    cx.call(function, crate::raw::UNDEFINED, arguments)
}
