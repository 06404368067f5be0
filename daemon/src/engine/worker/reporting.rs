//! What is told of an invocation that is over, or was not let in.

use super::Worker;
use crate::engine::caller::{Caller, Chain};
use crate::engine::finished::Finished;
use crate::engine::invocation::Request;
use crate::engine::limits::Failure;
use crate::engine::refusal::Stage;
use crate::engine::source_map;
use crate::engine::timing::micros;
use crate::engine::underway::Invocation;

impl Worker {
    pub(in crate::engine) fn finished(&self, mut invocation: Invocation) {
        let stage = match invocation.status {
            0 => Stage::Run,
            _ => Stage::Response,
        };
        if let Some(late) = invocation.exchange.late() {
            invocation.failure = Some(late);
        }
        self.count_out(&mut invocation);
        self.report(&invocation, stage);
    }

    pub(super) fn count_out(&self, invocation: &mut Invocation) {
        if let Some(metered) = invocation.metered.take() {
            metered.end(invocation.fuel);
        }
        drop(invocation.entered.take());
        if invocation.failure.is_none() && self.state.lock().crashes > 0 {
            self.state.lock().crashes = 0;
        }
    }

    /// Tells of a request that did not come in, and why.
    pub(super) fn turned_away(&self, failure: Failure, request: &Request) -> Failure {
        let chain = request.chain.as_ref();
        let mut invocation = self.invocation(request.ray);
        invocation.method = request.method.clone();
        invocation.url.clone_from(&request.url);
        invocation.begun_by = chain.and_then(Chain::begun_by);
        invocation.tail_depth = chain.map_or(0, Chain::tail_depth);
        invocation.failure = Some(failure.clone());
        self.report(&invocation, Stage::Admission);
        failure
    }

    /// Tells who watches of an invocation that is over, and how far it came.
    pub(super) fn report(&self, invocation: &Invocation, stage: Stage) {
        if self.is_own {
            return;
        }
        let spec = &self.spec;
        let refusal = invocation.refusal();
        let (queue_us, start_us) = invocation.waited_us();
        let mut thrown = invocation.thrown();
        if let Some(thrown) = thrown.as_mut().filter(|_| !spec.maps.is_empty()) {
            thrown.stack = source_map::applied(&spec.maps, &thrown.stack);
        }
        self.engine.observer().finished(&Finished {
            namespace: &spec.namespace,
            script: &spec.script,
            version: &spec.version,
            ray: invocation.ray,
            origin: invocation.begun_by,
            invoked: invocation.caller.as_ref().map_or(0, Caller::invoked),
            outcome: invocation.outcome(),
            started_ms: invocation.started_ms,
            fuel: invocation.fuel,
            cpu_us: self.engine.cpu_us(invocation.fuel),
            wall_us: micros(invocation.started.elapsed()),
            queue_us,
            start_us,
            trigger: invocation.trigger.as_ref(),
            tail_depth: invocation.tail_depth,
            entrypoint: invocation.entrypoint(),
            rpc_method: invocation
                .is_session()
                .then(|| invocation.rpc_method.as_deref().unwrap_or_default()),
            method: match invocation.trigger {
                None if !invocation.is_session() => invocation.method.as_str(),
                None | Some(_) => "",
            },
            url: &invocation.url,
            headers: Some(&invocation.headers),
            status: (invocation.status != 0).then_some(invocation.status),
            logs: &invocation.logs,
            logs_dropped: invocation.logs_dropped,
            exception: thrown.as_ref(),
            labels: spec.env.labels(),
            listeners: spec.env.listeners(),
            memory_bytes: invocation.memory_bytes,
            subrequests: invocation
                .caller
                .as_ref()
                .map_or(0, |caller| caller.subrequests().0),
            tenant: &spec.tenant,
            refusal: refusal.as_ref(),
            stage,
        });
    }
}
