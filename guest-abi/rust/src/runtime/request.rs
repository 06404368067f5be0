//! The requests in flight: what came of their bodies, what may be sent of their answers.

use crate::error::{Error, Result};
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::task::Waker;
use postern_abi::limits::{BODY_CREDIT, CHUNK_MAX};

/// The requests; few, so they are searched from the front.
pub struct Requests(Vec<Entry>);

/// One request.
pub struct Entry {
    id: u32,
    /// Tasks that are not over.
    tasks: u32,
    /// The task of the handler and its answer's body.
    main: u32,
    /// What the host takes of the answer's body before it says more.
    credit: u32,
    /// Whether the main task waits for credit.
    starved: bool,
    /// What came of the request's body and is not read yet.
    body: Inbound,
}

/// Bytes that come in chunks: a request's body, or an operation's streamed result.
pub struct Inbound {
    chunks: VecDeque<Vec<u8>>,
    end: Option<Result<()>>,
    pulled: bool,
    reader: Option<Waker>,
}

/// What a look at an [`Inbound`] found.
pub enum Look {
    /// A chunk, the end (`None`), or a failure.
    Ready(Option<Result<Vec<u8>>>),
    /// Nothing yet.
    Pending,
}

impl Inbound {
    pub const fn new() -> Self {
        Self {
            chunks: VecDeque::new(),
            end: None,
            pulled: false,
            reader: None,
        }
    }

    /// Takes the next chunk. The number is the credit to give the host now. The waker is
    /// one that is no longer needed, for the caller to drop where drops may run.
    pub fn look(&mut self, waker: Waker) -> (Look, u32, Option<Waker>) {
        let mut pull = 0;
        if !self.pulled {
            self.pulled = true;
            pull = CHUNK_MAX;
        }
        if let Some(chunk) = self.chunks.pop_front() {
            pull += chunk.len();
            if self.end.is_some() {
                pull = 0;
            }
            return (Look::Ready(Some(Ok(chunk))), pull as u32, Some(waker));
        }
        match &self.end {
            Some(Ok(())) => (Look::Ready(None), 0, Some(waker)),
            Some(Err(error)) => {
                let error = error.clone();
                self.end = Some(Ok(()));
                (Look::Ready(Some(Err(error))), 0, Some(waker))
            }
            None => (Look::Pending, pull as u32, self.reader.replace(waker)),
        }
    }

    pub fn chunk(&mut self, chunk: Vec<u8>) -> Option<Waker> {
        if self.end.is_none() && !chunk.is_empty() {
            self.chunks.push_back(chunk);
        }
        self.reader.take()
    }

    pub fn end(&mut self, end: Result<()>) -> Option<Waker> {
        if self.end.is_none() {
            self.end = Some(end);
        }
        self.reader.take()
    }
}

impl Requests {
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    pub fn reserve(&mut self, count: usize) {
        self.0.reserve(count);
    }

    fn get(&mut self, id: u32) -> Option<&mut Entry> {
        self.0.iter_mut().find(|entry| entry.id == id)
    }

    pub fn insert(&mut self, id: u32, main: u32) {
        self.0.push(Entry {
            id,
            tasks: 1,
            main,
            credit: BODY_CREDIT,
            starved: false,
            body: Inbound::new(),
        });
    }

    pub fn remove(&mut self, id: u32) -> Option<Entry> {
        let at = self.0.iter().position(|entry| entry.id == id)?;
        Some(self.0.swap_remove(at))
    }

    /// One more task; false if there is no such request.
    pub fn hold(&mut self, id: u32) -> bool {
        self.get(id).map(|entry| entry.tasks += 1).is_some()
    }

    /// One task less; the request, if that was its last.
    pub fn release(&mut self, id: u32) -> Option<Entry> {
        let entry = self.get(id)?;
        entry.tasks -= 1;
        if entry.tasks == 0 {
            self.remove(id)
        } else {
            None
        }
    }

    pub fn chunk(&mut self, id: u32, chunk: Vec<u8>) -> Option<Waker> {
        self.get(id)?.body.chunk(chunk)
    }

    pub fn end(&mut self, id: u32, end: Result<()>) -> Option<Waker> {
        self.get(id)?.body.end(end)
    }

    /// The body of a request; an error if the request is over.
    pub fn body(&mut self, id: u32) -> Result<&mut Inbound> {
        match self.get(id) {
            Some(entry) => Ok(&mut entry.body),
            None => Err(Error::named(
                "TypeError",
                "the request is over, its body can no longer be read",
            )),
        }
    }

    /// There is credit; the task that waited for it.
    pub fn credit(&mut self, id: u32, credit: u32) -> Option<u32> {
        let entry = self.get(id)?;
        entry.credit = credit;
        core::mem::take(&mut entry.starved).then_some(entry.main)
    }

    /// The credit; at 0 the main task will be woken when there is some.
    pub fn credit_or_wait(&mut self, id: u32) -> u32 {
        let Some(entry) = self.get(id) else { return 0 };
        entry.starved = entry.credit == 0;
        entry.credit
    }

    /// What a call returned as the credit that is left.
    pub fn set_credit(&mut self, id: u32, left: i32) {
        if let Some(entry) = self.get(id) {
            entry.credit = u32::try_from(left).unwrap_or(0);
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}
