//! What a Worker has written down of its isolates, and of which invocations a record is made.

use super::super::code::Code;
use super::super::limits::{Failure, Limits};
use super::super::module::GuestKind;
use super::super::replay::{CodeFiles, Head, Recorded, Tape};
use super::super::underway::Invocation;
use super::Worker;
use crate::ledger::Budget;

impl Worker {
    /// What an isolate that begins is to write down on, if it is.
    pub(in crate::engine) fn tape(&self, code: &Code, budget: &Budget) -> Option<Tape> {
        if !self.spec.is_recorded || self.is_own || code.is_wasi() || !code.restored() {
            return None;
        }
        let recorder = self.engine.recorder()?;
        let bytes = recorder.tape_bytes(&self.spec.namespace, &self.spec.script);
        if bytes == 0 || self.code_files().is_none() {
            return None;
        }
        // Who has no memory to spare goes without.
        let share = budget.take(bytes)?;
        let extent = code.extent(self.limits().memory_bytes);
        Some(Tape::new(share, extent))
    }

    fn code_files(&self) -> Option<CodeFiles> {
        let base = match self.spec.image {
            Some(_) => None,
            None => self.engine.javascript_base().ok(),
        };
        let (image, snapshot) = (self.spec.image.as_deref(), self.spec.snapshot.as_deref());
        CodeFiles::of(image, base.as_ref(), snapshot)
    }

    /// Gives what was written down to whoever keeps it, if that is wanted of an invocation that is over.
    pub(in crate::engine) fn record(&self, tape: &Tape, invocation: &Invocation, limits: &Limits) {
        let Some(recorder) = self.engine.recorder() else {
            return;
        };
        let failed = match &invocation.failure {
            None
            | Some(Failure::Canceled | Failure::Condemned { .. } | Failure::Overloaded { .. }) => {
                false
            }
            Some(_) => true,
        };
        if !recorder.wants(failed) {
            return;
        }
        let (Some(trace), Some(files)) = (tape.bytes(), self.code_files()) else {
            return;
        };
        let spec = &self.spec;
        recorder.keep(Recorded {
            head: Head {
                build: self.engine.build(spec.kind),
                architecture: std::env::consts::ARCH.to_owned(),
                namespace: (*spec.namespace).to_owned(),
                script: (*spec.script).to_owned(),
                version: (*spec.version).to_owned(),
                kind: u8::from(spec.kind == GuestKind::JavaScript),
                ray: invocation.ray.0,
                request: invocation.id,
                outcome: invocation.outcome().as_str().to_owned(),
                started_ms: invocation.started_ms,
                fuel: invocation.fuel,
                fuel_per_ms: self.engine.fuel_per_ms(),
                pages: tape.pages.0,
                pages_max: tape.pages.1,
                stack_bytes: limits.stack_bytes,
                call_depth: limits.call_depth,
                redacted: 0,
                code: Vec::new(),
            },
            trace: trace.to_vec(),
            files,
        });
    }
}
