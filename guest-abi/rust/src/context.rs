//! What belongs to one invocation.

use crate::runtime;
use alloc::boxed::Box;
use alloc::string::String;
use core::future::Future;
use postern_abi::dispatch::{InvocationFact, REQUEST_HAS_PARAMETERS};

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

    /// What a dispatch Worker had this outbound Worker told: a JSON object, as text. Its parameters
    /// are in [`Env`](crate::Env) too.
    pub fn dispatch_outbound(&self) -> Option<String> {
        if self.request & REQUEST_HAS_PARAMETERS == 0 {
            return None;
        }
        crate::env::invocation(InvocationFact::Outbound, self.request)
    }

    /// What is known of the client and of the place, a JSON object, as text; user Workers are not
    /// told.
    pub fn cf(&self) -> Option<String> {
        crate::env::invocation(InvocationFact::Cf, self.request)
    }

    /// Lets work go on after the answer is sent, after the handler has failed, and after the
    /// client has gone away. It is dropped when a limit on time is reached: the host's for such
    /// work, or that for the answer.
    pub fn wait_until(&self, work: impl Future<Output = ()> + 'static) {
        runtime::spawn(self.request, Box::pin(work));
    }
}
