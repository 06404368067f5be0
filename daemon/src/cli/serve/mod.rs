//! `postern serve`: threads, listeners, signals, and the order of starting and stopping.
//!
//! Starting: listeners are bound first, or taken over, because that fails cheaply; then the rooms open;
//! then the addresses are told, and a supervisor that all is ready. Stopping: listeners close, requests in flight finish within
//! `edge.drain-ms`, the store closes, and only then the process ends.

#[cfg(feature = "edge-tls")]
mod certifying;
mod confining;
mod courier;
#[cfg(feature = "otlp")]
mod exporter;
mod figures;
mod group;
pub mod listening;
mod memory;
mod observers;
pub mod offline;
mod options;
mod pulse;
mod roll;
pub mod rooms;
mod routes;
#[cfg(feature = "edge-tls")]
mod sealing;
mod selftest;
mod signals;
mod sockets;
mod status;
mod supply;
mod turns;
mod updates;
mod visitor;

use super::args::Source;
use crate::config::{Config, ConfigError};
use crate::engine::{heap, precedence};
use crate::manage::local::Door;
use crate::notify::{Notifier, NotifyError, State};
use async_executor::Executor;
use confining::Confined;
use figures::Phase;
use futures_lite::future;
pub use group::GroupError;
use postern_task::Begin;
use pulse::{Pulse, Unwell};
use roll::Roll;
use rooms::Rooms;
use signals::{Signal, Signals};
use smol::channel::{Receiver, Sender};
pub use sockets::PassedError;
use sockets::Sockets;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Bytes of an executor thread's stack.
const THREAD_STACK: usize = 2 << 20;

/// Milliseconds that the management port may take to finish beyond the edge.
const MANAGE_DRAIN: Duration = Duration::from_secs(5);

/// Why the daemon cannot start, or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The configuration has mistakes.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A supervisor cannot be told.
    #[error(transparent)]
    Notify(#[from] NotifyError),
    /// Passed sockets cannot be taken.
    #[error(transparent)]
    Passed(#[from] PassedError),
    /// Members of a group cannot be let in.
    #[error(transparent)]
    Group(#[from] GroupError),
    /// An address is taken or not this machine's.
    #[error(
        "cannot listen on {address} for `{key}`: {error}; free the address or configure another"
    )]
    Bind {
        /// The key that names it.
        key: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system said.
        error: std::io::Error,
    },
    /// A directory or file of its own cannot be written.
    #[error("cannot {verb} `{}`: {error}; `data-dir` must be writable by this user", path.display())]
    DataDir {
        /// What was tried.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// The system refused a thread, a pipe or a handler.
    #[error("the system refused {what}: {error}")]
    System {
        /// What was asked for.
        what: &'static str,
        /// What it said.
        error: std::io::Error,
    },
    /// A room cannot open, or failed while running.
    #[error("{room}: {reason}")]
    Room {
        /// Which.
        room: &'static str,
        /// Why, with the remedy.
        reason: String,
    },
    /// Something that must be given up cannot be.
    #[error(
        "`confinement.mode` is \"required\", and {name} does not hold: {why}; use a kernel that has it, or \"on\""
    )]
    Confinement {
        /// What.
        name: &'static str,
        /// Why.
        why: String,
    },
    /// A second signal came before the requests in flight were finished.
    #[error("stopped by a second signal before the requests in flight had finished")]
    Impatient,
}

/// Tells everyone that the daemon stops. Cheap to clone; [`Shutdown::wait`] may be called
/// any number of times.
#[derive(Clone, Debug)]
pub struct Shutdown(Receiver<()>);

impl Shutdown {
    /// A shutdown that comes when the sender is dropped.
    pub fn new() -> (Sender<()>, Self) {
        let (sender, receiver) = smol::channel::bounded(1);
        (sender, Self(receiver))
    }

    /// Resolves when the daemon stops.
    pub async fn wait(&self) {
        // Nothing is ever sent: the only answer is that the sender is gone.
        let _ = self.0.recv().await;
    }
}

/// Runs the daemon until a signal stops it.
pub fn run(source: &Source) -> Result<(), ServeError> {
    let config = source.load()?;
    run_config(config, source.config.as_deref(), || source.load())
}

/// Runs the daemon with a configuration, which a file may have been read for; `reread` gives it anew on SIGHUP.
pub fn run_config(
    config: Config,
    file: Option<&Path>,
    reread: impl Fn() -> Result<Config, ConfigError>,
) -> Result<(), ServeError> {
    // Before there is a second thread.
    heap::divide(options::threads(&config));
    let notifier = Arc::new(Notifier::from_env()?);
    let run_dir = listening::prepare(&config.data_dir)?;
    // That there is no Unix socket keeps nobody from serving.
    let local = group::open(&config.manage, &config.data_dir, &run_dir)?;
    let confined = Confined::begin(&config, file)?;
    // The reactor's thread begins with what first asks for it, and is confined as this one is.
    precedence::first(|| smol::block_on(async_io::Timer::after(Duration::ZERO)));
    let signals = Signals::install().map_err(|error| ServeError::System {
        what: "signal handlers",
        error,
    })?;
    let sockets = Sockets::open(&config)?;

    let executor: Arc<Executor<'static>> = Arc::new(Executor::new());
    let guests: Arc<Executor<'static>> = Arc::new(Executor::new());
    let connections: Arc<Executor<'static>> = Arc::new(Executor::new());
    let (running, threads_stop) = Shutdown::new();
    let mut roll = Roll::default();
    let threads = (0..options::threads(&config))
        .map(|index| {
            let (executor, guests) = (executor.clone(), guests.clone());
            let connections = connections.clone();
            let stop = threads_stop.clone();
            let name = format!("turns-{index}");
            let seat = roll.seat(&format!("thread {name}"));
            std::thread::Builder::new()
                .name(name)
                .stack_size(THREAD_STACK)
                .spawn(move || {
                    let until = future::or(stop.wait(), seat.answer());
                    let work = turns::work(&connections, &executor, &guests);
                    smol::block_on(future::or(until, work));
                })
                .map_err(|error| ServeError::System {
                    what: "an executor thread",
                    error,
                })
        })
        .collect::<Result<Vec<_>, _>>()?;

    let result = Rooms::open(&config, (&executor, &guests), &mut roll).and_then(|rooms| {
        let daemon = Daemon {
            config,
            rooms,
            executor,
            connections,
            run_dir,
            notifier,
            confined,
            local,
        };
        smol::block_on(daemon.serve(sockets, roll, signals, reread))
    });
    drop(running);
    for thread in threads {
        // A panic in it was told already; the others must still end.
        let _ = thread.join();
    }
    result
}

struct Daemon {
    config: Config,
    rooms: Arc<Rooms>,
    executor: Arc<Executor<'static>>,
    /// What serves clients of the edge.
    connections: Arc<Executor<'static>>,
    run_dir: PathBuf,
    notifier: Arc<Notifier>,
    confined: Option<Confined>,
    local: std::io::Result<Door>,
}

impl Daemon {
    async fn serve(
        mut self,
        sockets: Sockets,
        roll: Roll,
        signals: Signals,
        reread: impl Fn() -> Result<Config, ConfigError>,
    ) -> Result<(), ServeError> {
        confining::tell(self.confined.as_ref());
        let Sockets { edge, manage } = sockets;
        listening::write_key(&self.run_dir, self.rooms.updates.health_key())?;
        let addresses = listening::write(
            &self.run_dir,
            &edge,
            (&manage, self.config.manage.tls.is_some()),
        )?;
        let (stop, shutdown) = Shutdown::new();
        let (stop_manage, manage_shutdown) = Shutdown::new();
        let (failed, failures) = smol::channel::bounded(3);
        let edge = {
            let work = self
                .rooms
                .clone()
                .edge(edge, self.connections.clone(), shutdown);
            self.spawn("edge", work, failed.clone())
        };
        let (manage, local_shutdown) = {
            let local = manage_shutdown.clone();
            let work = self.rooms.clone().manage(manage, manage_shutdown);
            (self.spawn("manage", work, failed.clone()), local)
        };
        let local = std::mem::replace(&mut self.local, Err(ErrorKind::NotFound.into()));
        let local = match local {
            Ok(door) => {
                let others = group::role(&self.config.manage);
                let work = self.rooms.clone().local(door, others, local_shutdown);
                self.spawn("manage", work, failed)
            }
            Err(error) => {
                log::warn!("the management port has no Unix socket: {error}");
                self.executor.spawn(async {})
            }
        };
        self.rooms.enter(Phase::Serving);
        let judging = self.executor.begin(self.rooms.updates.judge());
        log::info!("serving; SIGTERM stops, SIGHUP reads the configuration again");
        let serving = format!("serving on {}", listed(&addresses));
        self.tell(&[State::Ready, State::Status(&serving)]);
        let mut pulse = {
            let rooms = self.rooms.clone();
            let ask = move |patience| ask(&rooms, &roll, &addresses, patience);
            Pulse::begin(&self.notifier, &serving, ask)?
        };
        let ended = loop {
            let event = future::or(async { Ok(signals.next().await) }, async {
                // Cannot close while the tasks live, which hold the senders.
                Err(failures.recv().await.ok())
            });
            match event.await {
                Ok(Signal::Reload) => {
                    self.tell(&[State::Reloading]);
                    self.reload(&reread);
                    self.tell(&[State::Ready, State::Status(&serving)]);
                }
                Ok(Signal::Stop) => break Ok(()),
                Err(failure) => break failure.map_or(Ok(()), Err),
            }
        };
        if let Some(pulse) = &mut pulse {
            pulse.hush();
        }
        self.tell(&[
            State::Stopping,
            State::Status("finishing the requests in flight"),
        ]);
        self.rooms.enter(Phase::Stopping);
        drop(stop);
        log::info!(
            "stopping: requests in flight have {} ms",
            self.config.edge.drain_ms
        );
        // A trial that was cut short is judged after the next start.
        judging.cancel().await;
        let drained = self
            .drain(edge, ([manage, local], stop_manage), &signals)
            .await;
        // It holds the rooms.
        if let Some(pulse) = pulse {
            postern_task::unblock(|| pulse.end()).await;
        }
        self.rooms.close().await;
        listening::remove(&self.run_dir);
        ended.and(drained)
    }

    /// Tells the supervisor, if there is one. It may be gone, which changes nothing here.
    fn tell(&self, states: &[State<'_>]) {
        if let Err(error) = self.notifier.tell(states) {
            log::warn!("the supervisor cannot be told: {error}");
        }
    }

    /// Runs one plane on the executor; its failure ends the daemon.
    fn spawn(
        &self,
        room: &'static str,
        work: impl Future<Output = std::io::Result<()>> + Send + 'static,
        failed: Sender<ServeError>,
    ) -> smol::Task<()> {
        self.executor.begin(async move {
            if let Err(error) = work.await {
                let reason = error.to_string();
                let _ = failed.send(ServeError::Room { room, reason }).await;
            }
        })
    }

    /// Waits for the planes, but not for ever, and not against a second signal. The management port
    /// tells how it goes until the edge has finished.
    async fn drain(
        &self,
        edge: smol::Task<()>,
        (manage, stop_manage): ([smol::Task<()>; 2], Sender<()>),
        signals: &Signals,
    ) -> Result<(), ServeError> {
        let patience = Duration::from_millis(self.config.edge.drain_ms) + MANAGE_DRAIN;
        let finished = async {
            edge.await;
            drop(stop_manage);
            for plane in manage {
                plane.await;
            }
            Ok(())
        };
        let late = async {
            smol::Timer::after(patience).await;
            log::warn!("some requests did not finish in time and were cut off");
            Ok(())
        };
        let impatient = async {
            while signals.next().await != Signal::Stop {}
            Err(ServeError::Impatient)
        };
        future::or(finished, future::or(late, impatient)).await
    }

    /// Takes over what can change while running; what cannot is named.
    fn reload(&mut self, reread: &impl Fn() -> Result<Config, ConfigError>) {
        match reread() {
            Err(error) => {
                log::error!("the configuration stays as it was: {error}");
            }
            Ok(new) => {
                let fixed = self.config.needs_restart(&new);
                if !fixed.is_empty() {
                    log::warn!("restart to change {}", fixed.join(", "));
                }
                if let Some(confined) = &self.confined {
                    confined.check(&new);
                }
                self.rooms.reload(&new);
                self.config.take_reloadable(new);
                log::info!("the configuration was read again");
            }
        }
    }
}

/// Whether the daemon serves: each thread comes round to a new task, and a request to itself goes all the
/// way through an edge listener, the router and the engine. Blocks.
fn ask(rooms: &Rooms, roll: &Roll, edges: &[SocketAddr], patience: Duration) -> Result<(), Unwell> {
    let deadline = Instant::now() + patience;
    roll.call(deadline).map_err(|thread| Unwell::Late {
        thread: thread.to_owned(),
        patience_ms: patience.as_millis(),
    })?;
    let mut reason = String::new();
    for edge in edges {
        match rooms.visitor.visit(*edge, deadline) {
            Ok(()) => return Ok(()),
            Err(told) => reason = told,
        }
    }
    Err(Unwell::Failed { reason })
}

fn listed(addresses: &[SocketAddr]) -> String {
    let shown: Vec<String> = addresses.iter().map(SocketAddr::to_string).collect();
    shown.join(", ")
}
