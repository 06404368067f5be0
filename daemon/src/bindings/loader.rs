//! `worker_loader` bindings: dynamic Workers, made of code that a Worker gives (spec: SEMANTICS §34).
//!
//! Each loader has a table of its own: numbers and names in it mean nothing to anybody else. What is
//! in it is kept warm, and what was not asked for longest goes when there are too many.

use super::services::{ServiceRequest, Services};
use super::{Binding, Env, encode, undecodable};

use crate::engine::caller::Caller;
use crate::engine::finished::{Listener, Telling};
use crate::engine::invocation::{Entry, Props, Trigger};
use crate::engine::ops::{OpFailure, OpReply, Started};
use crate::engine::settling::Settling;
use crate::engine::terms::Answering;
use bytes::Bytes;
use parking_lot::Mutex;
use postern_abi::OpErrorCode;
use postern_abi::bundle::ModuleKind;
use postern_abi::fetch::Target;
use postern_abi::limits::PROPS_MAX;
use postern_abi::loader::{Given, Loaded, Outbound, WorkerCode, WorkerLoad};
use smol::lock::Semaphore;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock, Weak};

/// Bytes of a dynamic Worker's id.
const ID_MAX: usize = 512;
/// Names in a dynamic Worker's `env`, and modules.
const NAMES_MAX: usize = 512;
/// Bytes of a dynamic Worker's `env`, as the field has it.
const ENV_MAX: usize = 1 << 20;
/// Tail handlers of a dynamic Worker, as many as a script may have.
const TAILS_MAX: usize = 10;
/// Dynamic Workers that one loader has made at the same time: judging is dear, and others push.
const LOADING_MAX: usize = 1;

/// The field's words for what a dynamic Worker without a network is told.
pub(super) const CLOSED: &str = "This worker is not permitted to access the internet via global functions like fetch(). It must use capabilities (such as bindings in 'env') to talk to the outside world.";

/// What a dynamic Worker is made of.
pub struct Code {
    /// The name of the module to begin with.
    pub main: String,
    /// The compatibility date.
    pub compatibility_date: String,
    /// Compatibility flags by name.
    pub flags: Vec<String>,
    /// Name, kind and bytes of each module.
    pub modules: Vec<(String, ModuleKind, Bytes)>,
    /// Milliseconds of CPU of an invocation, if those are less than its loader's.
    pub cpu_ms: Option<u32>,
    /// Subrequests of an invocation, if those are less than its loader's.
    pub subrequests: Option<u32>,
    /// What its loader calls it.
    pub id: Option<String>,
    /// Who is told of its invocations.
    pub tails: Vec<Arc<dyn Listener>>,
}

/// Lets go of a dynamic Worker in which nothing runs; false if there is none.
pub type MakeRoom = Box<dyn Fn() -> bool + Send + Sync>;

/// A dynamic Worker on its way, or what its loader is told instead.
pub type Loading = Pin<Box<dyn Future<Output = Result<Arc<dyn Child>, String>> + Send>>;

/// Makes dynamic Workers of one Worker.
pub trait Loads: Send + Sync {
    /// Makes one that finds this in `env`. Where there is no memory for it, others go.
    fn load(&self, code: Code, env: Env, make_room: MakeRoom) -> Loading;
    /// For whoever is going to look for one that rests, and may look again.
    fn settling(&self) -> Settling;
}

/// A dynamic Worker. It ends when it is dropped; what runs in it goes on.
pub trait Child: Send + Sync {
    /// Has it run a request or a session.
    fn enter(self: Arc<Self>, entry: Entry, request: ServiceRequest) -> Answering;
    /// Whether nothing runs in it.
    fn is_idle(&self) -> bool;
}

/// Where a Worker's requests to other servers go, if that is not decided by who called it.
#[derive(Clone, Default)]
pub(super) enum Network {
    /// To the servers.
    #[default]
    Open,
    /// Nowhere.
    Closed,
    /// To another Worker.
    Service(Arc<dyn Services>, String, Entry),
}

/// The dynamic Workers of one Worker.
pub(super) struct Loaders {
    loads: Arc<dyn Loads>,
    max: usize,
    loading: Semaphore,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    next: u64,
    uses: u64,
    children: HashMap<u64, Kept>,
    names: HashMap<Name, u64>,
}

/// A binding and an id.
type Name = (String, String);

struct Kept {
    child: Arc<dyn Child>,
    services: Arc<Own>,
    binding: String,
    name: Option<Name>,
    used: u64,
}

impl Loaders {
    pub fn new(loads: Arc<dyn Loads>, max: usize) -> Self {
        Self {
            loads,
            max: max.max(1),
            loading: Semaphore::new(LOADING_MAX),
            table: Mutex::default(),
        }
    }

    /// Makes room for one more; false if all are busy, and none is about to rest.
    async fn make_room(&self) -> bool {
        let mut settling = self.loads.settling();
        loop {
            settling.begin();
            let mut gone = Vec::new();
            let has_room = self.table.lock().make_room(self.max, &mut gone);
            // Outside of the lock.
            drop(gone);
            if has_room || !settling.again().await {
                return has_room;
            }
        }
    }

    /// Lets the one go that was not asked for longest and in which nothing runs.
    fn let_one_go(&self) -> bool {
        let mut gone = Vec::new();
        let mut table = self.table.lock();
        let most = table.children.len();
        let has_gone = most > 0 && table.make_room(most, &mut gone);
        drop(table);
        has_gone
    }
}

impl Table {
    fn named(&mut self, name: &Name) -> Option<u64> {
        let number = *self.names.get(name)?;
        self.touch(number);
        Some(number)
    }

    fn touch(&mut self, number: u64) -> Option<&Kept> {
        self.uses += 1;
        let kept = self.children.get_mut(&number)?;
        kept.used = self.uses;
        Some(kept)
    }

    /// Makes room for one more; false if all are busy. What goes is given back, to be dropped when
    /// nothing is locked.
    fn make_room(&mut self, max: usize, gone: &mut Vec<Kept>) -> bool {
        while self.children.len() >= max {
            let idle = self.children.iter().filter(|(_, kept)| kept.is_idle());
            let oldest = idle.min_by_key(|(_, kept)| kept.used);
            let Some(number) = oldest.map(|(number, _)| *number) else {
                return false;
            };
            if let Some(kept) = self.children.remove(&number) {
                if let Some(name) = &kept.name {
                    self.names.remove(name);
                }
                gone.push(kept);
            }
        }
        true
    }

    fn insert(&mut self, kept: Kept) -> u64 {
        self.next += 1;
        self.uses += 1;
        if let Some(name) = &kept.name {
            self.names.insert(name.clone(), self.next);
        }
        let used = self.uses;
        self.children.insert(self.next, Kept { used, ..kept });
        self.next
    }
}

impl Kept {
    fn is_idle(&self) -> bool {
        // Somebody who is about to enter it holds it.
        Arc::strong_count(&self.child) == 1 && self.child.is_idle()
    }
}

/// [`OpKind::WorkerLoad`](postern_abi::OpKind::WorkerLoad)
pub(super) fn load(env: &Env, argument: &[u8], caller: &Caller) -> Result<Started, OpFailure> {
    let Ok((asked, [])) = postcard::take_from_bytes::<WorkerLoad<'_>>(argument) else {
        return Err(undecodable("WorkerLoad"));
    };
    let loaders = env.loaders(asked.binding)?.clone();
    let binding = asked.binding.to_owned();
    let too_large = |what: String| OpFailure::new(OpErrorCode::TooLarge, what);
    if let Some(id) = asked.id.filter(|id| id.len() > ID_MAX) {
        return Err(too_large(format!(
            "the id of a dynamic Worker has {} bytes, the limit is {ID_MAX}",
            id.len()
        )));
    }
    let name = asked.id.map(|id| (binding.clone(), id.to_owned()));
    let found = |loaders: &Loaders| loaders.table.lock().named(name.as_ref()?);
    let known = found(&loaders);
    let Some(code) = asked.code.filter(|_| known.is_none()) else {
        return told(known.unwrap_or_default()).map(|reply| Started::Done(Ok(reply)));
    };
    // Whoever loads makes the device work as much as a push does.
    caller.subrequest()?;
    for (what, count, most) in [
        ("modules", code.modules.len(), NAMES_MAX),
        ("bindings", code.env.len(), NAMES_MAX),
        ("services in its env", code.passed.len(), NAMES_MAX),
        ("tails", code.tails.len(), TAILS_MAX),
    ] {
        if count > most {
            return Err(too_large(format!(
                "a dynamic Worker with {count} {what} exceeds the limit of {most}"
            )));
        }
    }
    let own = Arc::new(Own {
        outer: env.services.clone(),
        child: OnceLock::new(),
    });
    let child_env = env.of_child(&code, &own)?;
    let tails = env.listeners(&code.tails)?;
    let code = owned(&code, asked.id, tails);
    Ok(Started::Later(Box::pin(async move {
        let _one = loaders.loading.acquire().await;
        // Another request of this Worker's may have loaded it meanwhile.
        if let Some(number) = name
            .as_ref()
            .and_then(|name| loaders.table.lock().named(name))
        {
            return told(number);
        }
        if !loaders.make_room().await {
            return Err(OpFailure::new(
                OpErrorCode::Thrown,
                format!(
                    "Error: {} dynamic Workers of this loader are running, the limit of `loader.workers`; let some end before loading more",
                    loaders.max
                ),
            ));
        }
        let full = Arc::downgrade(&loaders);
        let make_room: MakeRoom =
            Box::new(move || full.upgrade().is_some_and(|it| it.let_one_go()));
        let loaded = loaders.loads.load(code, child_env, make_room).await;
        let child = loaded.map_err(|why| OpFailure::new(OpErrorCode::Thrown, thrown(&why)))?;
        let _ = own.child.set(Arc::downgrade(&child));
        let number = loaders.table.lock().insert(Kept {
            child,
            services: own,
            binding,
            name,
            used: 0,
        });
        told(number)
    })))
}

/// What is told with its class in front, and otherwise an `Error`.
fn thrown(why: &str) -> String {
    match why.split_once(": ") {
        Some(("TypeError" | "Error", _)) => why.to_owned(),
        _ => format!("Error: {why}"),
    }
}

fn told(number: u64) -> Result<OpReply, OpFailure> {
    Ok(OpReply {
        head: encode(&number)?,
        ..OpReply::default()
    })
}

fn owned(code: &WorkerCode<'_>, id: Option<&str>, tails: Vec<Arc<dyn Listener>>) -> Code {
    let modules = code.modules.iter();
    Code {
        main: code.main.to_owned(),
        compatibility_date: code.compatibility_date.to_owned(),
        flags: code.flags.iter().map(|flag| (*flag).to_owned()).collect(),
        modules: modules
            .map(|(name, kind, bytes)| ((*name).to_owned(), *kind, Bytes::copy_from_slice(bytes)))
            .collect(),
        cpu_ms: code.cpu_ms,
        subrequests: code.subrequests,
        id: id.map(str::to_owned),
        tails,
    }
}

impl Env {
    fn loaders(&self, binding: &str) -> Result<&Arc<Loaders>, OpFailure> {
        match (self.binding(binding)?, &self.loaders) {
            (Binding::Loader { .. }, Some(loaders)) => Ok(loaders),
            _ => Err(OpFailure::new(
                OpErrorCode::UnknownBinding,
                format!("env.{binding:.64} is not a worker loader"),
            )),
        }
    }

    /// What a dynamic Worker finds in `env`, and where its requests go: nothing that this Worker
    /// does not have itself.
    fn of_child(&self, code: &WorkerCode<'_>, own: &Arc<Own>) -> Result<Self, OpFailure> {
        let mut list = Vec::with_capacity(code.env.len());
        let mut bytes = 0;
        let mut passed = Vec::with_capacity(code.passed.len());
        for (name, given) in &code.env {
            let name = (*name).to_owned();
            list.push(match given {
                Given::Copied(value) => {
                    bytes += name.len() + value.len();
                    Binding::Copied {
                        name,
                        value: (*value).to_owned(),
                    }
                }
                Given::Service(target) => {
                    let (_, script, entry) = self.given(*target)?;
                    bytes += name.len() + script.len();
                    Binding::Entrypoint {
                        name,
                        script,
                        entry,
                    }
                }
            });
        }
        for (at, target) in code.passed.iter().enumerate() {
            let (_, script, entry) = self.given(*target)?;
            bytes += script.len();
            passed.push(Binding::Entrypoint {
                name: passed_name(at),
                script,
                entry,
            });
        }
        if bytes > ENV_MAX {
            return Err(OpFailure::new(
                OpErrorCode::Thrown,
                format!(
                    "Error: Dynamic Worker env size ({bytes} bytes) exceeds the maximum allowed size of {ENV_MAX} bytes."
                ),
            ));
        }
        let mut env = Self::new(list, self.store.clone())
            .with_passed(passed)
            .with_limiter(self.limiter.clone())
            .with_sockets(self.sockets.clone())
            .with_services(own.clone())
            .with_own("".into());
        // Its connections are its loader's.
        env.outbound = self.outbound.clone();
        env.network = match code.outbound {
            Outbound::Inherited => self.network.clone(),
            Outbound::Closed => Network::Closed,
            Outbound::Service(target) => {
                let (services, script, entry) = self.given(target)?;
                Network::Service(services, script, entry)
            }
        };
        Ok(env)
    }

    /// Those of its services that are told of a dynamic Worker's invocations.
    fn listeners(&self, tails: &[Target<'_>]) -> Result<Vec<Arc<dyn Listener>>, OpFailure> {
        let listener = |target: &Target<'_>| {
            let (services, script, entry) = self.given(*target)?;
            Ok(Arc::new(Tail {
                services,
                script,
                entry,
            }) as Arc<dyn Listener>)
        };
        tails.iter().map(listener).collect()
    }

    /// A service that this Worker has to give. Dynamic Workers are not: nobody could make them anew.
    fn given(&self, target: Target<'_>) -> Result<(Arc<dyn Services>, String, Entry), OpFailure> {
        match target {
            Target::Binding(_) | Target::Own(..) => self.service(target),
            Target::Internet | Target::Dispatch(_) | Target::Loaded(_) => Err(OpFailure::new(
                OpErrorCode::BadArgument,
                "a dynamic Worker is given services and entrypoints of its loader, and nothing else",
            )),
        }
    }

    /// A dynamic Worker that is asked.
    pub(super) fn loaded(
        &self,
        asked: &Loaded<'_>,
    ) -> Result<(Arc<dyn Services>, String, Entry), OpFailure> {
        let loaders = self.loaders(asked.binding)?;
        if asked.props.len() > PROPS_MAX {
            return Err(OpFailure::new(
                OpErrorCode::TooLarge,
                format!(
                    "the props have {} bytes, the limit is {PROPS_MAX}",
                    asked.props.len()
                ),
            ));
        }
        let mut table = loaders.table.lock();
        let kept = table.touch(asked.number);
        let kept = kept.filter(|kept| kept.binding == asked.binding);
        let Some(kept) = kept else {
            return Err(OpFailure::new(
                OpErrorCode::UnknownBinding,
                "there is no such dynamic Worker any more; load it again",
            ));
        };
        let entry = Entry {
            entrypoint: Some(asked.entrypoint.to_owned()).filter(|name| !name.is_empty()),
            props: match asked.props {
                [] => Props::None,
                props => Props::Own(Bytes::copy_from_slice(props)),
            },
            rpc: false,
            outside: false,
        };
        let services = Arc::new(Asked {
            child: kept.child.clone(),
            _services: kept.services.clone(),
            cpu_ms: asked.cpu_ms,
            subrequests: asked.subrequests,
        });
        Ok((services, String::new(), entry))
    }
}

/// What a service inside of a value of a dynamic Worker's `env` is asked by.
fn passed_name(at: usize) -> String {
    format!("\0{at}")
}

/// An entrypoint that is told of a dynamic Worker's invocations.
struct Tail {
    services: Arc<dyn Services>,
    script: String,
    entry: Entry,
}

impl std::fmt::Debug for Tail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Tail").field(&self.script).finish()
    }
}

impl Listener for Tail {
    fn tell(&self, mut trigger: Trigger) -> Telling {
        if let Trigger::Tail { entry, .. } = &mut trigger {
            *entry = Some(Box::new(self.entry.clone()));
        }
        self.services.tell(&self.script, trigger)
    }

    fn owner(&self) -> usize {
        // Each version of a Worker has its own, which lives as long as this.
        Arc::as_ptr(&self.services).cast::<()>().addr()
    }
}

/// Whom a dynamic Worker reaches: by the empty name itself, and whom its loader gave it.
struct Own {
    outer: Option<Arc<dyn Services>>,
    child: OnceLock<Weak<dyn Child>>,
}

impl Own {
    fn itself(&self, entry: Entry, request: ServiceRequest) -> Answering {
        match self.child.get().and_then(Weak::upgrade) {
            Some(child) => child.enter(entry, request),
            None => nobody(),
        }
    }
}

fn nobody() -> Answering {
    Box::pin(std::future::ready(None))
}

impl Services for Own {
    fn fetch(&self, script: &str, request: ServiceRequest) -> Answering {
        match &self.outer {
            _ if script.is_empty() => self.itself(Entry::default(), request),
            Some(outer) => outer.fetch(script, request),
            None => nobody(),
        }
    }

    fn dispatch(&self, _: [u8; 16], _: &str, _: Option<Entry>, _: ServiceRequest) -> Answering {
        nobody()
    }

    fn enter(&self, script: &str, entry: Entry, request: ServiceRequest) -> Answering {
        match &self.outer {
            _ if script.is_empty() => self.itself(entry, request),
            Some(outer) => outer.enter(script, entry, request),
            None => nobody(),
        }
    }

    fn tell(&self, _: &str, _: Trigger) -> Telling {
        untold()
    }
}

/// Dynamic Workers load none, and so have nobody told.
fn untold() -> Telling {
    Box::pin(std::future::ready(Err(
        "a dynamic Worker is not told of others".to_owned(),
    )))
}

/// A dynamic Worker that is being asked, under these limits.
struct Asked {
    child: Arc<dyn Child>,
    _services: Arc<Own>,
    cpu_ms: Option<u32>,
    subrequests: Option<u32>,
}

impl Services for Asked {
    fn fetch(&self, script: &str, request: ServiceRequest) -> Answering {
        self.enter(script, Entry::default(), request)
    }

    fn dispatch(&self, _: [u8; 16], _: &str, _: Option<Entry>, _: ServiceRequest) -> Answering {
        nobody()
    }

    fn enter(&self, _: &str, entry: Entry, mut request: ServiceRequest) -> Answering {
        let lower = |own: Option<u32>, asked: Option<u32>| own.into_iter().chain(asked).min();
        let terms = &mut request.terms;
        terms.cpu_ms = lower(terms.cpu_ms, self.cpu_ms);
        terms.subrequests = lower(terms.subrequests, self.subrequests);
        self.child.clone().enter(entry, request)
    }

    fn tell(&self, _: &str, _: Trigger) -> Telling {
        untold()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fake {
        is_idle: bool,
    }

    impl Child for Fake {
        fn enter(self: Arc<Self>, _: Entry, _: ServiceRequest) -> Answering {
            nobody()
        }
        fn is_idle(&self) -> bool {
            self.is_idle
        }
    }

    fn kept(id: Option<&str>, is_idle: bool) -> Kept {
        Kept {
            child: Arc::new(Fake { is_idle }),
            services: Arc::new(Own {
                outer: None,
                child: OnceLock::new(),
            }),
            binding: "L".to_owned(),
            name: id.map(name),
            used: 0,
        }
    }

    fn name(id: &str) -> Name {
        ("L".to_owned(), id.to_owned())
    }

    #[test]
    fn what_was_not_asked_for_longest_makes_room() {
        let mut table = Table::default();
        let numbers: Vec<u64> = ["a", "b", "c"]
            .map(|id| table.insert(kept(Some(id), true)))
            .to_vec();
        assert_eq!(numbers, [1, 2, 3]);
        assert_eq!(table.named(&name("a")), Some(1));
        let mut gone = Vec::new();
        assert!(table.make_room(3, &mut gone));
        assert_eq!(gone.len(), 1);
        assert_eq!(table.named(&name("b")), None);
        assert_eq!(table.named(&name("a")), Some(1));
        // A number is not used again.
        assert_eq!(table.insert(kept(None, true)), 4);
        assert!(table.touch(2).is_none());
    }

    #[test]
    fn what_is_busy_stays() {
        let mut table = Table::default();
        table.insert(kept(Some("busy"), false));
        let held = kept(None, true);
        let somebody = held.child.clone();
        table.insert(held);
        let mut gone = Vec::new();
        assert!(!table.make_room(2, &mut gone));
        drop(somebody);
        assert!(table.make_room(2, &mut gone));
        assert_eq!(table.named(&name("busy")), Some(1));
    }

    #[test]
    fn failures_keep_their_class() {
        assert_eq!(thrown("TypeError: a"), "TypeError: a");
        assert_eq!(thrown("Failed: a"), "Error: Failed: a");
        assert_eq!(thrown("no"), "Error: no");
    }
}
