//! What belongs to one invocation.

use crate::runtime;
use alloc::boxed::Box;
use core::future::Future;

/// The invocation of a request.
#[derive(Debug)]
pub struct Context {
    request: u32,
}

impl Context {
    #[inline]
    pub(crate) fn new(request: u32) -> Self {
        Self { request }
    }

    /// Lets work go on after the answer is sent. It is dropped when the request fails, when the
    /// client goes away before the answer's end, and when the host's limit for it is reached.
    pub fn wait_until(&self, work: impl Future<Output = ()> + 'static) {
        runtime::spawn(self.request, Box::pin(work));
    }
}
