//! The data plane: listeners, HTTP, routing; a request in, a response out.

pub mod routing;
