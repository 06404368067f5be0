//! The one place where the rooms meet: store, engine, catalog, edge and management port.
//!
//! `serve` decides when something happens; this file, what it is made of.

#[cfg(feature = "edge-tls")]
use super::certifying::Certifying;
use super::courier::Courier;
#[cfg(feature = "otlp")]
use super::exporter::Exporter;
use super::figures::{Figures, Phase, Told as Rest};
use super::listening::reachable;
use super::memory::Memory;
use super::observers::{Logs, Told};
use super::options::{
    analytics_options, bounds, cache_options, calibrated, claim_options, edge_options,
    engine_options, log_filter, manage_options, observe_options, outbound_options, policy,
    replay_options, roots, socket_options, store_options,
};
use super::roll::{Roll, Seat};
use super::routes::{self, Running};
#[cfg(feature = "edge-tls")]
use super::sealing::Sealing;
use super::status::{Shared, Status};
use super::supply;
use super::updates::Updates;
use super::visitor::Visitor;
use super::{ServeError, Shutdown};
use crate::analytics::Analytics;
use crate::cache::Cache;
use crate::catalog::{Catalog, Machine};
use crate::config::{self, Config};
use crate::cron;
use crate::edge::{self, Edge, Listening};
use crate::engine::{self, Engine};
use crate::logpush::Logpush;
use crate::manage::claim::Claim;
use crate::manage::local::Door;
use crate::manage::roles::Role;
use crate::manage::{self, Manage, ServerOptions};
use crate::observe::{self, Observe, logger};
use crate::outbound::Outbound;
use crate::replay::Replays;
use crate::store::{Opened, Store};
use crate::tail::Tails;
use crate::tune::{Tune, calibration};
use crate::usage::{Usage, UsageOptions};
use async_executor::Executor;
use async_io::Async;
use futures_lite::future;
use parking_lot::{Mutex, RwLock};
use postern_task::Begin;
use smol::channel::Sender;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Instant;

/// Every room of a running daemon.
pub struct Rooms {
    store: Store,
    catalog: Arc<Catalog>,
    edge: Arc<Edge<Running>>,
    manage: Arc<Manage>,
    status: Arc<Status>,
    outbound: Outbound,
    analytics: Analytics,
    usage: Usage,
    logpush: Logpush,
    tune: Tune,
    courier: Arc<Courier>,
    /// The system's own firmware, and who judges it.
    pub updates: Updates,
    /// The daemon as a client of its own.
    pub visitor: Arc<Visitor>,
    figures: Arc<Figures>,
    /// Who the edge is to clients of HTTPS, if it has any.
    #[cfg(feature = "edge-tls")]
    certifying: Option<Arc<Certifying>>,
    /// How the management port speaks TLS, if it does.
    #[cfg(feature = "edge-tls")]
    sealing: Option<Arc<Sealing>>,
    manage_connections: usize,
    claim: Arc<Claim>,
    /// The code that it can be claimed by, until that was told.
    claim_code: Mutex<Option<String>>,
    /// The port that clients reach by HTTPS, if that is not the one it listens on.
    https_port: Option<u16>,
    office: Office,
    #[cfg(feature = "otlp")]
    exporter: Option<Exporter>,
    /// Work that goes on for as long as the daemon runs.
    background: Vec<smol::Task<()>>,
}

/// The thread on which the management port works: what it does to deploy takes no slice of a
/// tenant, and what lasts is not allocated among isolates, whose memory could then not be given
/// back (see `engine::heap`).
struct Office {
    executor: Arc<Executor<'static>>,
    running: Sender<()>,
    thread: JoinHandle<()>,
}

impl Office {
    fn open(seat: Seat) -> Result<Self, ServeError> {
        let executor = Arc::new(Executor::new());
        let (running, stop) = Shutdown::new();
        let work = executor.clone();
        let builder = std::thread::Builder::new()
            .name("manage".to_owned())
            .stack_size(super::THREAD_STACK);
        let work = move || smol::block_on(work.run(future::or(stop.wait(), seat.answer())));
        let thread = engine::precedence::first(|| builder.spawn(work)).map_err(|error| {
            ServeError::System {
                what: "the management port's thread",
                error,
            }
        })?;
        Ok(Self {
            executor,
            running,
            thread,
        })
    }

    /// Ends it. Nothing comes from the port any more.
    fn close(self) {
        drop(self.running);
        // A panic in it was told already.
        let _ = self.thread.join();
    }
}

impl Rooms {
    /// Opens the store, brings back everything acknowledged, and installs the logger.
    pub fn open(
        config: &Config,
        (executor, guests): (&Arc<Executor<'static>>, &Arc<Executor<'static>>),
        roll: &mut Roll,
    ) -> Result<Arc<Self>, ServeError> {
        let format = match config.log.format {
            config::Format::Human => logger::Format::Human,
            config::Format::Json => logger::Format::Json,
        };
        logger::init(format, &log_filter(&config.log)).map_err(room("log"))?;
        let opened = Store::open(store_options(config)).map_err(room("store"))?;
        let store_notes = tell(&opened);
        let store = opened.store;
        let observe = Observe::new(observe_options(&config.log));
        let tune = Tune::open(store.clone(), config.tune.bytes);
        let told = Arc::new(Told {
            observe: observe.clone(),
            watch: OnceLock::new(),
            tune: tune.clone(),
        });
        let memory = Memory::of(&config.board);
        let engine = Engine::of(
            engine_options(config, &memory),
            executor.clone(),
            guests.clone(),
            told.clone(),
        );
        let replays = Replays::open(replay_options(config)).map_err(room("replay"))?;
        if replays.is_on() {
            engine.record_to(Arc::new(replays.clone()));
        }
        let machine_speed = calibrated(config);
        if let Some(rate) = calibration::rate(&store, &machine_speed) {
            engine.set_fuel_per_ms(rate);
        }
        let outbound = Outbound::new(outbound_options(config), executor.clone());
        let cache = Cache::open(cache_options(config)).map_err(room("cache"))?;
        let tails = Tails::new(executor.clone());
        let analytics =
            Analytics::open(store.clone(), analytics_options(config)).map_err(room("analytics"))?;
        let usage = UsageOptions::new(config.data_dir.join("usage"));
        let usage = Usage::open(store.clone(), usage).map_err(room("usage"))?;
        let machine = Machine {
            engine: engine.clone(),
            outbound: outbound.clone(),
            cache: cache.clone(),
            tails: tails.clone(),
            analytics: analytics.clone(),
            usage: usage.clone(),
            sockets: socket_options(config),
            dynamic_workers: config.loader.workers as usize,
            dynamic_memory: config.loader.memory_bytes,
        };
        let catalog = Catalog::open(
            store.clone(),
            config.store.keyring.as_deref(),
            Arc::new(machine),
            bounds(config),
        )
        .map_err(room("catalog"))?;
        // Before the first request, which need not wait for it then.
        if let Err(error) = smol::block_on(usage.reserve()) {
            log::error!("usage cannot be recorded: {error}");
        }
        // Before anybody is served by them.
        future::block_on(catalog.return_from_before()).map_err(room("catalog"))?;
        // Once only: there is one catalog.
        let _ = told.watch.set(catalog.watch());
        tails.deliver_by(catalog.clone());
        let courier = Arc::new(Courier::new(outbound_options(config), executor));
        let logpush = Logpush::open(store.clone(), courier.clone(), executor.clone())
            .map_err(room("logpush"))?;
        for namespace in catalog
            .namespaces_that_push_logs()
            .map_err(room("catalog"))?
        {
            logpush.cover_namespace(&namespace, true);
        }
        #[allow(unused_mut, reason = "exports add to it")]
        let mut sinks: Vec<Arc<dyn observe::Sink>> =
            vec![Arc::new(tails.clone()), Arc::new(logpush.clone())];
        #[cfg(feature = "otlp")]
        let exporter = config.otlp.as_ref();
        #[cfg(feature = "otlp")]
        let exporter = exporter
            .map(|otlp| Exporter::new(otlp, config.board.name.clone(), courier.clone()))
            .transpose()
            .map_err(room("otlp"))?;
        #[cfg(feature = "otlp")]
        sinks.extend(exporter.iter().map(Exporter::sink));
        observe.deliver_to(sinks);
        let forgetting = observe.clone();
        let expecting = observe.clone();
        // The catalog calls these, so they do not keep it.
        let (covering, weak) = (logpush.clone(), Arc::downgrade(&catalog));
        catalog.on_deploy(move |namespace, script| {
            expecting.expect(namespace, script);
            if let Some(catalog) = weak.upgrade() {
                covering.cover(namespace, script, catalog.pushes_logs(namespace, script));
            }
        });
        let uncovering = logpush.clone();
        catalog.on_delete(move |namespace, script| {
            forgetting.forget(namespace, script);
            uncovering.cover(namespace, script, None);
        });
        let router = routes::router(&config.routing, &catalog)?;
        catalog.set_default_zone(config.routing.default_zone().as_deref());
        outbound.set_zone(config.routing.zone.as_deref());
        let running = Running {
            catalog: catalog.clone(),
            observe: observe.clone(),
            own: OnceLock::new(),
        };
        let edge = Edge::new(running, router, edge_options(config));
        #[cfg(feature = "edge-tls")]
        let certifying = Certifying::begin(config, &edge, executor).map_err(room("edge"))?;
        let (claim, claim_code) =
            Claim::open(&store, &claim_options(config)).map_err(room("manage"))?;
        let claim = Arc::new(claim);
        let status = Arc::new(Status {
            started: Instant::now(),
            board: config.board.name.clone(),
            planes: config.board.planes(),
            memory: memory.clone(),
            engine: engine.clone(),
            data_dir: config.data_dir.clone(),
            catalog: catalog.clone(),
            edge: edge.clone(),
            observe: observe.clone(),
            tune: tune.clone(),
            store_notes,
            listen: OnceLock::new(),
            listen_tls: OnceLock::new(),
            certificate: RwLock::default(),
            claim: claim.clone(),
            acme: RwLock::default(),
            routing: RwLock::new(config.routing.clone()),
        });
        let manage = Manage::new(
            catalog.clone(),
            manage_options(config, &memory),
            Arc::new(Logs(observe)),
            Arc::new(Shared(status.clone())),
        );
        manage.with_logpush(logpush.clone());
        manage.with_replays(replays.clone());
        manage.with_claim(claim.clone());
        manage.with_tune(manage::Tuning::new(
            tune.clone(),
            engine.clone(),
            machine_speed,
        ));
        let rest = Rest {
            outbound: outbound.clone(),
            cache: cache.clone(),
            tails,
            logpush: logpush.clone(),
            analytics: analytics.clone(),
        };
        let figures = Figures::new(&config.metrics, status.clone(), store.clone(), rest);
        let figures = Arc::new(figures);
        manage.with_probes(figures.clone());
        let visitor = Arc::new(Visitor::new(edge.clone(), engine.clone()));
        let updates = Updates::open(config, &catalog, &store, &manage, &visitor)?;
        #[cfg(feature = "edge-tls")]
        let sealing = Sealing::begin(config, &manage, &updates.selftest, &status);
        #[cfg(feature = "edge-tls")]
        let sealing = sealing.map_err(room("manage"))?;
        let office = Office::open(roll.seat("the thread of the management port"))?;
        let mut background = vec![
            executor.begin(store.clone().upkeep()),
            executor.begin(sweep(engine)),
            executor.begin(cache.upkeep()),
            executor.begin(analytics.clone().upkeep()),
            executor.begin(replays.upkeep()),
            executor.begin(usage.clone().upkeep()),
            executor.begin(tune.clone().upkeep()),
            office
                .executor
                .begin(refresh(catalog.clone(), figures.clone())),
            office.executor.begin(guard(catalog.clone())),
            office.executor.begin(trials(catalog.clone())),
            executor.begin(cron::run(
                catalog.timetable().clone(),
                catalog.clone(),
                executor.clone(),
            )),
        ];
        #[cfg(feature = "acme")]
        if let Some(keeper) = certifying.as_ref().and_then(|it| it.keeper()) {
            let shown = keeper.clone();
            *status.acme.write() = Some(Box::new(move || shown.shown()));
            background.push(executor.spawn(keeper.keep()));
        }
        let supply = supply::begin(
            config,
            &catalog,
            &manage,
            &courier,
            &memory,
            &office.executor,
        )?;
        background.extend(supply);
        #[cfg(feature = "edge-tls")]
        if let Some(sealing) = &sealing {
            background.push(office.executor.begin(sealing.clone().upkeep()));
        }
        #[cfg(feature = "otlp")]
        if let Some(exporter) = &exporter {
            background.push(office.executor.begin(exporter.run(&figures)));
        }
        Ok(Arc::new(Self {
            #[cfg(feature = "otlp")]
            exporter,
            store,
            catalog,
            edge,
            manage,
            status,
            outbound,
            analytics,
            usage,
            logpush,
            tune,
            courier,
            updates,
            visitor,
            figures,
            #[cfg(feature = "edge-tls")]
            certifying,
            #[cfg(feature = "edge-tls")]
            sealing,
            manage_connections: config.manage.connections as usize,
            claim,
            claim_code: Mutex::new(claim_code),
            https_port: config
                .edge
                .tls
                .as_ref()
                .and_then(|tls| u16::try_from(tls.port).ok())
                .filter(|port| *port > 0),
            office,
            background,
        }))
    }

    /// The daemon goes on to this.
    pub fn enter(&self, phase: Phase) {
        self.figures.enter(phase);
    }

    /// Serves requests on `executor` until `shutdown`, and then finishes those in flight.
    pub async fn edge(
        self: Arc<Self>,
        listeners: Vec<Listening>,
        executor: Arc<Executor<'static>>,
        shutdown: Shutdown,
    ) -> io::Result<()> {
        if let Some(secure) = listeners.iter().find(|it| it.is_secure) {
            let own = secure.listener.get_ref().local_addr()?.port();
            self.edge.set_https_port(self.https_port.unwrap_or(own));
        }
        let bound = |is_secure| {
            let those = listeners.iter().filter(|it| it.is_secure == is_secure);
            let addresses = those.map(|it| it.listener.get_ref().local_addr());
            addresses.collect::<io::Result<Vec<_>>>()
        };
        let (plain, secure) = (bound(false)?, bound(true)?);
        self.updates.selftest.edge_listens(plain.clone());
        // Set once: the daemon listens once.
        let _ = self.status.listen.set([plain, secure.clone()].concat());
        let _ = self.status.listen_tls.set(secure);
        let mut serving = Vec::with_capacity(listeners.len());
        for listener in listeners {
            let (edge, connections) = (self.edge.clone(), executor.clone());
            let shutdown = shutdown.clone();
            serving.push(executor.spawn(async move {
                edge::serve(edge, listener, connections, shutdown.wait()).await
            }));
        }
        for serving in serving {
            let drained = serving.await;
            if drained.cut > 0 {
                log::warn!("{} connections were cut: they took too long", drained.cut);
            }
        }
        Ok(())
    }

    /// Where this machine reaches its management port.
    fn url(&self, address: SocketAddr) -> String {
        #[cfg(feature = "edge-tls")]
        let scheme = if self.sealing.is_some() {
            "https"
        } else {
            "http"
        };
        #[cfg(not(feature = "edge-tls"))]
        let scheme = "http";
        format!("{scheme}://{address}")
    }

    /// Serves the management port until `shutdown`.
    pub async fn manage(
        self: Arc<Self>,
        listener: Async<TcpListener>,
        shutdown: Shutdown,
    ) -> io::Result<()> {
        let options = ServerOptions {
            connections_max: self.manage_connections,
            ..ServerOptions::default()
        };
        let address = listener.get_ref().local_addr()?;
        self.updates.selftest.manage_listens(address);
        let code = self.claim_code.lock().take();
        self.claim
            .tell(&self.url(reachable(address)), code.as_deref());
        let (manage, executor) = (self.manage.clone(), self.office.executor.clone());
        manage::serve(listener.into(), manage, options, executor, shutdown.wait()).await
    }

    /// Serves the management port on a Unix socket until `shutdown`.
    pub async fn local(
        self: Arc<Self>,
        door: Door,
        others: Option<Role>,
        shutdown: Shutdown,
    ) -> io::Result<()> {
        let options = ServerOptions {
            connections_max: self.manage_connections,
            ..ServerOptions::default()
        };
        let (manage, executor) = (self.manage.clone(), self.office.executor.clone());
        let shutdown = shutdown.wait();
        manage::local::serve(door, others, manage, options, executor, shutdown).await
    }

    /// Takes over what can change while running: routing, limits and ceilings, log levels.
    pub fn reload(&self, config: &Config) {
        if let Err(error) = logger::set_filter(&log_filter(&config.log)) {
            log::error!("the log's levels stay as they were: {error}");
        }
        #[cfg(feature = "edge-tls")]
        if let Some(certifying) = &self.certifying {
            certifying.reload(config);
        }
        #[cfg(feature = "edge-tls")]
        if let Some(sealing) = &self.sealing {
            sealing.reload(config);
        }
        self.outbound.set_policy(policy(config), roots(config));
        self.courier.set_roots(roots(config));
        let (catalog, bounds) = (self.catalog.clone(), bounds(config));
        let changed = async move {
            if let Err(error) = catalog.change_bounds(bounds).await {
                log::error!("limits stay as they were: {error}");
            }
        };
        self.office.executor.begin(changed).detach();
        match routes::router(&config.routing, &self.catalog) {
            Ok(router) => {
                self.edge.set_router(router);
                let zone = config.routing.default_zone();
                self.catalog.set_default_zone(zone.as_deref());
                self.outbound.set_zone(config.routing.zone.as_deref());
                *self.status.routing.write() = config.routing.clone();
            }
            Err(error) => log::error!("routing stays as it was: {error}"),
        }
    }

    /// Makes everything durable and lets go of the store. Nothing runs any more.
    pub async fn close(self: Arc<Self>) {
        self.analytics.flush().await;
        if let Err(error) = self.usage.close().await {
            log::error!("usage since it was last recorded is in the journal alone: {error}");
        }
        self.logpush.flush().await;
        let tune = self.tune.clone();
        if let Err(error) = postern_task::unblock(move || tune.save(true)).await {
            log::warn!("recorded figures were not stored: {error}");
        }
        #[cfg(feature = "otlp")]
        if let Some(exporter) = &self.exporter {
            exporter.flush().await;
        }
        if let Err(error) = self.store.durable().await {
            log::error!("{error}");
        }
        // With the last holder goes the store itself.
        if let Ok(rooms) = Arc::try_unwrap(self) {
            for task in rooms.background {
                task.cancel().await;
            }
            let closed = postern_task::unblock(move || {
                rooms.office.close();
                rooms.store.close()
            });
            let closed = closed.await;
            if let Err(error) = closed {
                log::error!("{error}");
            }
        }
    }
}

/// Rolls back what breaks its guard.
async fn guard(catalog: Arc<Catalog>) {
    catalog.keep_guard().await;
}

/// Returns from limits on trial that nobody confirms.
async fn trials(catalog: Arc<Catalog>) {
    catalog.keep_trials().await;
}

/// Takes away isolates that rest.
async fn sweep(engine: Engine) {
    loop {
        async_io::Timer::after(engine.sweep_interval()).await;
        engine.sweep();
        engine.give_back().await;
    }
}

/// Judges again what another build of the engine had judged.
async fn refresh(catalog: Arc<Catalog>, figures: Arc<Figures>) {
    let started = catalog.refresh().await;
    figures.judged();
    if started > 0 {
        log::info!("{started} Workers were judged again for this version of the engine");
    }
}

pub(super) fn room<E: std::fmt::Display>(room: &'static str) -> impl Fn(E) -> ServeError {
    move |error| ServeError::Room {
        room,
        reason: error.to_string(),
    }
}

/// Says loudly what had to be done to open the store.
fn tell(opened: &Opened) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(path) = &opened.put_aside {
        notes.push(format!(
            "the store would not open; it was put aside whole at {}",
            path.display()
        ));
        notes.push(match &opened.restored_from {
            Some(export) => format!("a new store was built from the export {}", export.display()),
            None => "there was no export to build a new store from; it is empty".to_owned(),
        });
    }
    if opened.lost_batches > 0 {
        notes.push(format!(
            "the store lost {} acknowledged changes to damage on the disk",
            opened.lost_batches
        ));
    }
    for note in &notes {
        log::error!("{note}");
    }
    notes
}

/// How far whoever judges stands behind the threads that answer: of a core that both want it has two fifths. With less
/// a push to a busy machine, and a dynamic Worker's beginning, would take several times as long.
const NICENESS: i32 = 2;

/// Judges the module on stdin and writes the verdict to stdout.
pub fn judge(folder: Option<&Path>) -> Result<(), ServeError> {
    engine::precedence::as_usual();
    // Requests go first. A system that refuses this has both go alike.
    let _ = rustix::process::nice(NICENESS);
    crate::confine::confine_judge(folder);
    engine::keep_judging().map_err(|error| ServeError::System {
        what: "the judge's pipes",
        error,
    })
}
