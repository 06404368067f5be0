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

    /// Lets work go on after the answer is sent, after the handler has failed, and after the
    /// client has gone away. It is dropped when a limit on time is reached: the host's for such
    /// work, or that for the answer.
    pub fn wait_until(&self, work: impl Future<Output = ()> + 'static) {
        runtime::spawn(self.request, Box::pin(work));
    }
}
