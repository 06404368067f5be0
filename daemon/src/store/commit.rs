//! Group commit: one thread applies what waits, makes it durable once, and wakes everyone.
//!
//! While the disk is busy with one group the next one gathers, so the slower the disk, the
//! more share a sync. What one caller hands over happens together or not at all.

use super::Durability;
use super::change::Change;
use super::core::{Core, State};
use super::error::StoreError;
use super::kv::write::{self, Write};
use super::kv::{KvError, NamespaceId};
use smol::channel::{self, Receiver, Sender};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Pieces of work that may wait; further callers wait for room.
const QUEUE_MAX: usize = 256;
/// Pieces of work that share a commit.
const GROUP_MAX: usize = 256;
/// Bytes after which a group is closed. A quarter of a segment of the log, so that a
/// freed segment is written again only syncs later.
const GROUP_BYTES: usize = 128 * 1024;
/// Expired entries that make room when a quota is reached.
const RECLAIM_MAX: usize = 1024;

/// Something to do in the next commit.
pub(super) enum Work {
    /// Changes of entries of one namespace, all or none.
    Kv {
        namespace: NamespaceId,
        writes: Vec<Write>,
    },
    /// Removes up to `max` entries of a namespace.
    Clear { namespace: NamespaceId, max: usize },
    /// Only wants everything before it to be durable.
    Barrier,
    /// The same, and at once whatever the durability.
    Sync,
}

/// Work and who waits for it.
enum Job {
    Do(Work, Option<Sender<Result<(), KvError>>>),
    /// Commits, whatever the durability, and ends the thread.
    Close(Sender<Result<(), StoreError>>),
}

/// The way to the committer's thread.
#[derive(Clone)]
pub(super) struct Committer {
    jobs: Sender<Job>,
}

impl Committer {
    /// Starts the thread. It ends with [`Committer::close`].
    pub fn start(core: Arc<Core>) -> Result<(Self, JoinHandle<()>), StoreError> {
        let (jobs, waiting) = channel::bounded(QUEUE_MAX);
        let dir = core.layout.dir.clone();
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || run(&core, &waiting))
            .map_err(StoreError::io("start a thread for", &dir))?;
        Ok((Self { jobs }, thread))
    }

    /// Hands work over and waits until it is acknowledged.
    pub async fn run(&self, work: Work) -> Result<(), KvError> {
        let (reply, done) = channel::bounded(1);
        self.jobs
            .send(Job::Do(work, Some(reply)))
            .await
            .map_err(|_| StoreError::Closed)?;
        done.recv().await.map_err(|_| StoreError::Closed)?
    }

    /// Asks for a commit soon. If the queue is full one comes anyway.
    pub fn poke(&self) {
        let _ = self.jobs.try_send(Job::Do(Work::Barrier, None));
    }

    /// Commits everything and ends the thread. Blocks.
    pub fn close(&self) -> Result<(), StoreError> {
        let (reply, done) = channel::bounded(1);
        self.jobs
            .send_blocking(Job::Close(reply))
            .map_err(|_| StoreError::Closed)?;
        done.recv_blocking().map_err(|_| StoreError::Closed)?
    }
}

/// Waits for work, in [`Durability::Interval`] no longer than until a commit is due.
fn next(waiting: &Receiver<Job>, due: Option<Instant>) -> Option<Job> {
    match due {
        None => waiting.recv_blocking().ok(),
        Some(due) => smol::block_on(futures_lite::future::or(
            async { waiting.recv().await.ok() },
            async {
                async_io::Timer::at(due).await;
                Some(Job::Do(Work::Barrier, None))
            },
        )),
    }
}

fn run(core: &Core, waiting: &Receiver<Job>) {
    let mut due = None;
    while let Some(first) = next(waiting, due) {
        let (group, close) = gather(waiting, first);
        let at_once = group.iter().any(|(work, _)| matches!(work, Work::Sync));
        let is_work = |work: &Work| !matches!(work, Work::Barrier | Work::Sync);
        let results = if group.iter().any(|(work, _)| is_work(work)) {
            apply(core, group)
        } else {
            group
                .into_iter()
                .map(|(_, reply)| (reply, Ok(())))
                .collect()
        };
        let commit_now = match core.durability {
            Durability::Acknowledged => true,
            Durability::Interval(ms) => {
                let now = Instant::now();
                let at = *due.get_or_insert(now + Duration::from_millis(ms));
                at_once || at <= now
            }
        };
        if close.is_some() {
            core.state().closed = true;
        }
        let committed = if commit_now || close.is_some() {
            due = None;
            core.commit()
        } else {
            Ok(())
        };
        for (reply, result) in results {
            if let Some(reply) = reply {
                let result = result.and_then(|()| committed.clone().map_err(KvError::from));
                // Whoever waited may have gone.
                let _ = reply.try_send(result);
            }
        }
        if let Err(error) = &committed
            && !matches!(error, StoreError::Broken(_))
        {
            log::error!("{error}; the store takes no more writes");
        }
        if let Some(reply) = close {
            let _ = reply.try_send(committed);
            break;
        }
    }
    // Nothing comes after this; whoever was let in before is told by what waits being dropped,
    // which the channel alone would keep for as long as they wait.
    waiting.close();
    while waiting.try_recv().is_ok() {}
}

type Reply = Option<Sender<Result<(), KvError>>>;
type Closing = Option<Sender<Result<(), StoreError>>>;

/// The first piece of work and those that wait already, up to the bounds.
fn gather(waiting: &Receiver<Job>, first: Job) -> (Vec<(Work, Reply)>, Closing) {
    let mut group = Vec::new();
    let mut bytes = 0;
    let mut job = first;
    loop {
        match job {
            Job::Close(reply) => return (group, Some(reply)),
            Job::Do(work, reply) => {
                if let Work::Kv { writes, .. } = &work {
                    bytes += writes.iter().map(Write::bytes).sum::<usize>();
                }
                group.push((work, reply));
            }
        }
        if group.len() >= GROUP_MAX || bytes >= GROUP_BYTES {
            return (group, None);
        }
        match waiting.try_recv() {
            Ok(next) => job = next,
            Err(_) => return (group, None),
        }
    }
}

/// Applies a group as one batch. Work that is refused leaves nothing in it.
fn apply(core: &Core, group: Vec<(Work, Reply)>) -> Vec<(Reply, Result<(), KvError>)> {
    let files = group.iter().any(|(work, _)| match work {
        Work::Kv { writes, .. } => writes.iter().any(Write::has_file),
        _ => false,
    });
    // Before any row that names them can reach the disk.
    let named = if files {
        core.values.sync_names()
    } else {
        Ok(())
    };
    let mut state = core.state();
    let mut change = Change::new(&core.rows);
    let mut results: Vec<(Reply, Result<(), KvError>)> = Vec::with_capacity(group.len());
    for (work, reply) in group {
        // Clearing looks at rows as they are, so what came before must be in them.
        if matches!(work, Work::Clear { .. }) && !change.is_empty() {
            let earlier = std::mem::replace(&mut change, Change::new(&core.rows));
            finish(core, &mut state, earlier, &mut results);
        }
        change.mark();
        let result = named
            .clone()
            .and_then(|()| core.check(&state))
            .map_err(KvError::from)
            .and_then(|()| stage(core, &mut change, work));
        if result.is_err() {
            change.back();
        }
        results.push((reply, result));
    }
    finish(core, &mut state, change, &mut results);
    results
}

/// Applies a change; if that fails, nothing before it can be vouched for.
fn finish(
    core: &Core,
    state: &mut State,
    change: Change<'_>,
    results: &mut [(Reply, Result<(), KvError>)],
) {
    if let Err(error) = core.apply(state, change) {
        for (_, result) in results {
            if result.is_ok() {
                *result = Err(error.clone().into());
            }
        }
    }
}

fn stage(core: &Core, change: &mut Change<'_>, work: Work) -> Result<(), KvError> {
    match work {
        Work::Kv { namespace, writes } => stage_writes(core, change, namespace, writes),
        Work::Clear { namespace, max } => {
            write::stage_clear(change, namespace, max)?;
            Ok(())
        }
        Work::Barrier | Work::Sync => Ok(()),
    }
}

/// Works changes of entries of one namespace into a change.
pub(super) fn stage_writes(
    core: &Core,
    change: &mut Change<'_>,
    namespace: NamespaceId,
    writes: Vec<Write>,
) -> Result<(), KvError> {
    let mut reclaimed = false;
    for write in writes {
        // A large value's file goes with the write, so look before it is used up.
        if !reclaimed && write.may_exceed(change, namespace, core.kv_quota_bytes)? {
            write::stage_expired(change, core.now(), RECLAIM_MAX)?;
            reclaimed = true;
        }
        write.stage(change, namespace, core.kv_quota_bytes)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Store, StoreOptions};
    use super::*;

    #[test]
    fn whoever_closes_at_the_same_time_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(StoreOptions::new(dir.path())).unwrap().store;
        let committer = &store.0.committer;
        // The thread does not end before this is let go.
        let held = store.0.core.state();
        let (tell, told) = std::sync::mpsc::channel();
        for _ in 0..8 {
            let (committer, tell) = (committer.clone(), tell.clone());
            std::thread::spawn(move || tell.send(committer.close()));
        }
        // One is being served, the others wait.
        while committer.jobs.len() < 7 {
            std::thread::yield_now();
        }
        drop(held);
        let mut closed = 0;
        for _ in 0..8 {
            match told.recv_timeout(Duration::from_secs(60)).unwrap() {
                Ok(()) => closed += 1,
                Err(error) => assert!(matches!(error, StoreError::Closed), "{error}"),
            }
        }
        assert_eq!(closed, 1);
    }
}
