//! Operations: their table, and the handle by which one is awaited.

use super::with;
use crate::error::{Error, Result};
use crate::host;
use crate::runtime::request::{Inbound, Look};
use alloc::vec::Vec;
use core::mem;
use core::task::{Context, Poll, Waker};
use postern_abi::limits::{BODY_CREDIT, CHUNK_MAX};
use postern_abi::socket::{FIN, PART_COST};
use postern_abi::{OpErrorCode, OpKind};

/// The operations that are not over. An operation's id is its slot's index and, in the upper
/// half, how often the slot was used, so that a late event for an old one finds nobody.
pub struct Ops {
    slots: Vec<Slot>,
    free: Vec<u16>,
}

struct Slot {
    generation: u16,
    live: bool,
    /// The host has sent the last event.
    over: bool,
    /// The result has come; what follows belongs to its stream.
    answered: bool,
    result: Option<Result<Vec<u8>>>,
    waiter: Option<Waker>,
    stream: Inbound,
    /// What the host takes of a streamed argument before it says more.
    credit: u32,
}

impl Ops {
    pub const fn new() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
        }
    }

    /// A new operation's id; `None` if there are too many to number.
    fn insert(&mut self) -> Option<u32> {
        let index = match self.free.pop() {
            Some(index) => index,
            None => {
                let index = u16::try_from(self.slots.len()).ok()?;
                self.slots.push(Slot {
                    generation: 0,
                    live: false,
                    over: false,
                    answered: false,
                    result: None,
                    waiter: None,
                    stream: Inbound::new(),
                    credit: 0,
                });
                index
            }
        };
        let slot = &mut self.slots[usize::from(index)];
        slot.generation = slot.generation.wrapping_add(1);
        slot.live = true;
        slot.over = false;
        slot.answered = false;
        slot.credit = BODY_CREDIT;
        Some(u32::from(slot.generation) << 16 | u32::from(index))
    }

    fn get(&mut self, id: u32) -> Option<&mut Slot> {
        self.slots
            .get_mut((id & 0xffff) as usize)
            .filter(|slot| slot.live && u32::from(slot.generation) == id >> 16)
    }

    pub fn done(&mut self, id: u32, result: Vec<u8>) -> Option<Waker> {
        let slot = self.get(id)?;
        if !slot.answered {
            slot.answered = true;
            slot.result = Some(Ok(result));
        }
        slot.waiter.take()
    }

    /// Gives who reads, and who waits for the result or for credit.
    pub fn failed(&mut self, id: u32, error: Error) -> (Option<Waker>, Option<Waker>) {
        let Some(slot) = self.get(id) else {
            return (None, None);
        };
        slot.over = true;
        if slot.answered {
            return (slot.stream.end(Err(error)), slot.waiter.take());
        }
        slot.answered = true;
        slot.result = Some(Err(error));
        (None, slot.waiter.take())
    }

    pub fn chunk(&mut self, id: u32, chunk: Vec<u8>) -> Option<Waker> {
        self.get(id)?.stream.chunk(chunk)
    }

    pub fn end(&mut self, id: u32) -> Option<Waker> {
        let slot = self.get(id)?;
        slot.over = true;
        slot.stream.end(Ok(()))
    }

    pub fn credit(&mut self, id: u32, credit: u32) -> Option<Waker> {
        let slot = self.get(id)?;
        slot.credit = credit;
        slot.waiter.take()
    }

    #[cfg(not(target_arch = "wasm32"))]
    pub fn len(&self) -> usize {
        self.slots.iter().filter(|slot| slot.live).count()
    }
}

/// An operation that was started. Dropping it before its end cancels it.
pub struct Op {
    id: u32,
}

impl Op {
    /// Starts one.
    pub fn start(kind: OpKind, argument: &[u8]) -> Result<Self> {
        let Some(id) = with(|rt| rt.ops.insert()) else {
            return Err(Error::refused(
                OpErrorCode::LimitExceeded,
                "65,536 operations run already, an isolate cannot number more; await some first",
            ));
        };
        host::op_start(id, kind as u32, argument);
        Ok(Self { id })
    }

    /// Waits for the only result.
    pub async fn finish(mut self) -> Result<Vec<u8>> {
        let result = self.result().await;
        self.over();
        result
    }

    /// Waits for the result, behind which a stream may follow.
    pub async fn result(&mut self) -> Result<Vec<u8>> {
        core::future::poll_fn(|cx| self.poll_result(cx)).await
    }

    /// No event follows: nothing is to be cancelled.
    pub fn over(&mut self) {
        with(|rt| {
            if let Some(slot) = rt.ops.get(self.id) {
                slot.over = true;
            }
        });
    }

    pub fn poll_result(&mut self, cx: &mut Context<'_>) -> Poll<Result<Vec<u8>>> {
        let waker = cx.waker().clone();
        let (poll, unused) = with(|rt| match rt.ops.get(self.id) {
            None => (Poll::Pending, Some(waker)),
            Some(slot) => match slot.result.take() {
                Some(result) => (Poll::Ready(result), Some(waker)),
                None => (Poll::Pending, slot.waiter.replace(waker)),
            },
        });
        drop(unused);
        poll
    }

    /// Sends a part of a streamed argument, waiting for credit.
    pub async fn send(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let len = core::future::poll_fn(|cx| self.poll_send(cx, bytes)).await?;
            bytes = &bytes[len..];
        }
        Ok(())
    }

    /// Sends so many bytes of these as there is credit for, once there is some.
    pub fn poll_send(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let credit = match self.poll_credit(cx) {
            Poll::Ready(Ok(credit)) => credit,
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Pending => return Poll::Pending,
        };
        let len = bytes.len().min(credit as usize).min(CHUNK_MAX);
        host::op_chunk(self.id, &bytes[..len], false);
        with(|rt| {
            if let Some(slot) = rt.ops.get(self.id) {
                slot.credit -= len as u32;
            }
        });
        Poll::Ready(Ok(len))
    }

    /// Sends a part of a connection, once there is credit.
    pub fn poll_part(&self, cx: &mut Context<'_>, kind: u8, bytes: &[u8]) -> Poll<Result<()>> {
        match self.poll_credit(cx) {
            Poll::Ready(Ok(_)) => {}
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Pending => return Poll::Pending,
        }
        let mut part = Vec::with_capacity(bytes.len() + 1);
        part.push(kind | FIN);
        part.extend_from_slice(bytes);
        host::op_chunk(self.id, &part, false);
        with(|rt| {
            if let Some(slot) = rt.ops.get(self.id) {
                let cost = part.len() as u32 + PART_COST;
                slot.credit = slot.credit.saturating_sub(cost);
            }
        });
        Poll::Ready(Ok(()))
    }

    /// Ends a streamed argument.
    pub fn send_end(&mut self) {
        host::op_chunk(self.id, &[], true);
    }

    /// The credit, once there is some; or why the operation failed in the meantime.
    fn poll_credit(&self, cx: &mut Context<'_>) -> Poll<Result<u32>> {
        let waker = cx.waker().clone();
        let (poll, unused) = with(|rt| match rt.ops.get(self.id) {
            None => (Poll::Pending, Some(waker)),
            Some(slot) => match slot.result.take() {
                Some(Err(error)) => (Poll::Ready(Err(error)), Some(waker)),
                Some(Ok(_)) => (
                    Poll::Ready(Err(Error::refused(
                        OpErrorCode::Internal,
                        "the operation ended before all of its argument was sent",
                    ))),
                    Some(waker),
                ),
                None if slot.over => (
                    Poll::Ready(Err(Error::refused(
                        OpErrorCode::Unavailable,
                        "Network connection lost.",
                    ))),
                    Some(waker),
                ),
                None if slot.credit > 0 => (Poll::Ready(Ok(slot.credit)), Some(waker)),
                None => (Poll::Pending, slot.waiter.replace(waker)),
            },
        });
        drop(unused);
        poll
    }

    /// The next chunk of the streamed result.
    pub fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Option<Result<Vec<u8>>>> {
        let waker = cx.waker().clone();
        let (look, pull, unused) = with(|rt| match rt.ops.get(self.id) {
            None => (Look::Ready(None), 0, Some(waker)),
            Some(slot) => slot.stream.look(waker),
        });
        drop(unused);
        if pull > 0 {
            host::op_pull(self.id, pull);
        }
        match look {
            Look::Ready(item) => Poll::Ready(item),
            Look::Pending => Poll::Pending,
        }
    }
}

impl Drop for Op {
    fn drop(&mut self) {
        let left = with(|rt| {
            let index = (self.id & 0xffff) as u16;
            let slot = rt.ops.get(self.id)?;
            slot.live = false;
            let left = (
                slot.over,
                slot.result.take(),
                slot.waiter.take(),
                mem::replace(&mut slot.stream, Inbound::new()),
            );
            rt.ops.free.push(index);
            Some(left)
        });
        // The wakers in it may be anyone's, so it is dropped out here.
        if let Some((false, ..)) = left {
            host::op_cancel(self.id);
        }
    }
}
