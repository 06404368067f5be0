//! An invocation under way: what an isolate knows of one request, and how it ended.

use super::caller::{Caller, Chain};
use super::credit::Credit;
use super::exchange::Exchange;
use super::finished::{LogLine, Thrown};
use super::host::now_ms;
use super::invocation::{Entry, Ray, RequestBody, Trigger};
use super::limits::{Failure, Limits, Outcome};
use super::meter::{Meter, Metered, Traffic};
use super::refusal::Refusal;
use super::terms::{Origin, Terms};
use super::worker::Entered;
use async_executor::Task;
use http::HeaderMap;
use std::sync::Arc;
use std::time::Instant;

/// One request inside an isolate, from its arrival to the end of its `waitUntil` work.
pub struct Invocation {
    /// Its number in this isolate.
    pub id: u32,
    /// What it counts as.
    pub entered: Option<Entered>,
    /// Whose Worker's it is.
    pub tenant: usize,
    /// Its name.
    pub ray: Ray,
    /// What began it, if it is no request.
    pub trigger: Option<Trigger>,
    /// Where its answer goes; without one, that it is over.
    pub exchange: Arc<Exchange>,
    /// The method.
    pub method: http::Method,
    /// The URL.
    pub url: String,
    /// The header fields, until they were handed over.
    pub headers: HeaderMap,
    /// The body, until someone asked for it.
    pub body: RequestBody,
    /// How much of the body the guest is ready to take.
    pub body_credit: Credit,
    /// Who reads the body.
    pub body_task: Option<Task<()>>,
    /// Bytes of the body that the guest asked for and has not been given yet.
    pub body_wanted: u64,
    /// When it arrived.
    pub started: Instant,
    /// Microseconds that finding it an isolate took.
    pub start_us: u64,
    /// When the guest was told of it.
    pub begun: Option<Instant>,
    /// When it must have answered completely.
    pub deadline: Instant,
    /// When it arrived, in milliseconds since 1970.
    pub started_ms: u64,
    /// Fuel used so far.
    pub fuel: u64,
    /// Fuel it may use.
    pub fuel_limit: u64,
    /// The Worker invocations before this one.
    pub chain: Option<Chain>,
    /// Where its request entered the machine, until the chain knows it.
    pub origin: Option<Box<Origin>>,
    /// What holds for it alone.
    pub terms: Option<Box<Terms>>,
    /// Who began that chain.
    pub begun_by: Option<Ray>,
    /// Tail Workers in a row that it comes of.
    pub tail_depth: u8,
    /// What bindings see of it, once it has started an operation.
    pub caller: Option<Caller>,
    /// How another Worker entered this one, if not by a plain request.
    pub entry: Option<Box<Entry>>,
    /// Whether the client asked for a WebSocket.
    pub upgrade: bool,
    /// Which handler is asked, if it is not `fetch`.
    pub handler: Option<&'static str>,
    /// WebSockets that it has answered with and that are open: it lives as long as they do.
    pub sockets: u32,
    /// KV operations started.
    pub kv_operations: u32,
    /// Operations that are not over.
    pub pending: u32,
    /// How many of them are timers, which have a bound of their own.
    pub timers: u32,
    /// Operations that were refused because too many ran.
    pub pending_refused: u32,
    /// The answer's status; 0 before there is one.
    pub status: u16,
    /// Whether the answer's body is still to come.
    pub streaming: bool,
    /// Bytes of the answer's body.
    pub response_bytes: u64,
    /// The method that a session of RPC was begun for, as the guest says.
    pub rpc_method: Option<String>,
    /// What it logged.
    pub logs: Vec<LogLine>,
    /// Bytes logged.
    pub log_bytes: u64,
    /// Data points that it wrote.
    pub points: u32,
    /// The values of the line that comes next.
    pub log_values: Option<String>,
    /// Lines of log that were dropped, or cut.
    pub logs_dropped: u32,
    /// The guest said that it is over.
    pub done: bool,
    /// Why it failed, once it has.
    pub failure: Option<Failure>,
    /// Whether work of it was cut because `waitUntil` took too long.
    pub expired: bool,
    /// Ends it when `waitUntil` takes too long.
    pub expiry: Option<Task<()>>,
    /// Bytes of its isolate's memories and tables, once it has ended.
    pub memory_bytes: u64,
    /// The limits that it began with.
    pub limits: Arc<Limits>,
    /// Who counts what its tenant uses.
    pub meter: Option<Arc<dyn Meter>>,
    /// Its own count, from its beginning to its end.
    pub metered: Option<Metered>,
}

impl Invocation {
    /// Whether it is a session of RPC.
    pub fn is_session(&self) -> bool {
        self.entry.as_ref().is_some_and(|entry| entry.rpc)
    }

    /// The entrypoint that it entered, if not the default one.
    pub fn entrypoint(&self) -> Option<&str> {
        let told = match &self.trigger {
            Some(Trigger::Tail { entry, .. }) => entry.as_ref(),
            _ => None,
        };
        let name = self.entry.as_ref().or(told)?.entrypoint.as_deref();
        name.filter(|it| *it != "default")
    }

    /// The invocation as bindings see it.
    pub fn caller(&mut self) -> Caller {
        if let Some(caller) = &self.caller {
            return caller.clone();
        }
        let origin = self.origin.take();
        let chain = self
            .chain
            .take()
            .unwrap_or_else(|| Chain::new(origin, Some(self.ray)).of_tail(self.tail_depth))
            .of(self.tenant);
        let limits = &self.limits;
        let traffic = Traffic::new(limits.kv_bytes, limits.egress_bytes, self.meter.clone());
        let caller = Caller::under(
            Some(chain),
            limits.subrequests,
            self.terms.as_deref(),
            traffic,
        );
        self.caller.insert(caller).clone()
    }

    /// Has it counted, which begins. With a quota on fuel it may burn what that leaves.
    ///
    /// # Errors
    /// When a quota of its tenant is used up.
    pub fn count(&mut self) -> Result<(), Failure> {
        if let Some(meter) = &self.meter {
            let (metered, granted) = Metered::begin(meter, self.fuel_limit)?;
            self.metered = Some(metered);
            self.fuel_limit = granted;
        }
        Ok(())
    }

    /// The limit on its CPU time, in milliseconds: the lower of its Worker's and its own.
    pub fn cpu_ms(&self) -> u32 {
        let own = self.terms.as_ref().and_then(|terms| terms.cpu_ms);
        own.map_or(self.limits.cpu_ms, |ms| ms.min(self.limits.cpu_ms))
    }

    /// Where its request, or that of the first Worker of its chain, entered the machine.
    pub fn origin(&self) -> Option<&Origin> {
        let chain = self.chain.as_ref();
        let chain = chain.or_else(|| self.caller.as_ref().map(Caller::chain));
        self.origin.as_deref().or_else(|| chain?.origin())
    }

    /// Whether nothing of an answer is to come any more: it is out, it failed, or nobody waits
    /// for it.
    pub fn is_answered(&self) -> bool {
        (self.status != 0 || self.failure.is_some()) && !self.streaming
    }

    /// Answers with a failure, or breaks the answer's body off; its other work may go on. Only
    /// the first failure counts.
    pub fn fail(&mut self, failure: Failure) {
        self.answer_failed(failure.clone());
        if std::mem::take(&mut self.streaming) {
            self.exchange.end(Err(failure.clone()));
        }
        self.failure.get_or_insert(failure);
    }

    /// Tells whoever waits for the answer that there is none. An exception comes with the limit that has
    /// refused something until then: what it says may be of that, and is the tenant's.
    pub fn answer_failed(&self, mut failure: Failure) {
        if let Failure::Exception { refusal, .. } = &mut failure {
            *refusal = self.refusal().map(Box::new);
        }
        self.exchange.answer(Err(failure));
    }

    /// How it ended.
    pub fn outcome(&self) -> Outcome {
        match &self.failure {
            None => Outcome::Ok,
            Some(Failure::Canceled) if self.status != 0 => Outcome::ResponseStreamDisconnected,
            Some(failure) => failure.outcome(),
        }
    }

    /// What it threw, if that is how it ended.
    pub fn thrown(&self) -> Option<Thrown> {
        let (name, message, stack) = match self.failure.clone()? {
            Failure::Exception {
                name,
                message,
                stack,
                ..
            } => (name, message, stack),
            Failure::Canceled => return None,
            other => ("Error".to_owned(), other.to_string(), String::new()),
        };
        Some(Thrown {
            name,
            message,
            stack,
            at_ms: now_ms(),
        })
    }

    /// The limit that ended it, or else one that refused it an operation, which it may have gone
    /// on without, or cut its `waitUntil` work.
    pub fn refusal(&self) -> Option<Refusal> {
        let limits = &self.limits;
        let operation = |limit, value: u32, used: u32, remedy| Refusal {
            limit,
            value: value.into(),
            used: used.into(),
            remedy,
            retry_after_s: None,
            is_shared: false,
        };
        let failed = self.failure.as_ref().and_then(Failure::refusal);
        failed.or_else(|| {
            let asked = self.caller.as_ref().map(Caller::subrequests);
            if let Some((used, most)) = asked
                && used > most
            {
                let remedy = "raise it, or ask less of others per request";
                return Some(operation("subrequests", most, used, remedy));
            }
            let (used, most) = (self.kv_operations, limits.kv_operations);
            if used > most {
                let remedy = "raise it, or read and write less per request";
                return Some(operation("kv-operations", most, used, remedy));
            }
            let most = limits.pending_operations;
            let remedy = "raise it, or await some before starting more";
            let over = self.pending_refused;
            if over > 0 {
                return Some(operation("pending-operations", most, most + over, remedy));
            }
            let traffic = self.caller.as_ref().map(Caller::traffic);
            if let Some(refused) = traffic.and_then(Traffic::refused) {
                return Some(refused);
            }
            let (most, remedy) = (limits.wait_until_ms, "raise it, or have less to do then");
            self.expired
                .then(|| operation("wait-until-ms", most, most, remedy))
        })
    }

    /// Why it failed that nothing will ever end.
    pub fn never_ends(&self) -> Failure {
        match &self.trigger {
            None => never_answers(),
            Some(trigger) => Failure::Exception {
                name: "Error".into(),
                message: format!("The {}() handler will never complete", trigger.handler()),
                stack: String::new(),
                refusal: None,
            },
        }
    }

    /// Charges work of the host for this request.
    pub fn charge(&mut self, fuel: u64) {
        self.fuel = self.fuel.saturating_add(fuel);
    }
}

/// Why a request that nothing will ever answer failed (spec: SEMANTICS §3).
pub fn never_answers() -> Failure {
    Failure::Exception {
        name: "Error".into(),
        message: "The script will never generate a response".into(),
        stack: String::new(),
        refusal: None,
    }
}
