//! The daemon's own Worker, by which it sees that it still runs Workers: the smallest there can be.
//!
//! It is a tenant among others where turns are given, so that it is answered only if tenants would be;
//! its memory is its own, so that it is answered however much tenants use.

use super::judge::{NoBindings, Order, Work, judge_here};
use super::limits::Limits;
use super::{Engine, Worker, WorkerSpec};
use crate::ledger::Budget;
use rustix::fs::MemfdFlags;
use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::sync::Arc;

/// `own.wat` as bytes: what translates text is not in the binary.
const MODULE: &[u8] = include_bytes!("own.wasm");
/// What it may use: its two pages, a stack, and what instantiating takes.
const MEMORY: u64 = 1 << 20;

/// The daemon's own Worker.
pub struct OwnWorker {
    worker: Arc<Worker>,
    /// Its image and its snapshot, which are in memory alone.
    _files: Vec<File>,
}

impl OwnWorker {
    /// Who is asked.
    pub fn worker(&self) -> &Arc<Worker> {
        &self.worker
    }
}

impl Engine {
    /// Makes the daemon's own Worker, which answers 204.
    ///
    /// # Errors
    /// What is wrong with the module, or that the system refuses a file in memory.
    pub fn own_worker(&self) -> Result<OwnWorker, String> {
        let limits = Limits {
            memory_bytes: MEMORY,
            isolates: 1,
            ..Limits::default()
        };
        // It is a part of this program, and so cannot be what an upload may be.
        let order = Order {
            limits,
            fuel_per_ms: self.fuel_per_ms(),
            module_bytes: MODULE.len() as u64,
            work: Work::Module,
        };
        let judged = judge_here(MODULE, &order).map_err(|error| error.to_string())?;
        let mut files = Vec::new();
        let mut keep = |bytes: &[u8]| {
            let file = in_memory(bytes).map_err(|error| format!("no memory file: {error}"))?;
            let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
            files.push(file);
            Ok::<_, String>(path)
        };
        let image = judged.image.as_deref().map(&mut keep).transpose()?;
        let snapshot = judged.snapshot.as_deref().map(&mut keep).transpose()?;
        let spec = WorkerSpec {
            namespace: "".into(),
            script: "(own)".into(),
            version: "".into(),
            tenant: "(own)".into(),
            kind: judged.kind,
            image,
            snapshot,
            pages: judged.pages,
            handlers: judged.told.handlers,
            maps: Vec::new(),
            limits,
            env: Arc::new(NoBindings),
            is_trusted: false,
            // Its own, which tenants cannot use up.
            budget: Some(Budget::new("(own)", MEMORY)),
            is_recorded: false,
            meter: None,
        };
        let worker = Worker::own(self.clone(), spec);
        Ok(OwnWorker {
            worker: Arc::new(worker),
            _files: files,
        })
    }
}

/// A file that is in memory alone, and has no name.
fn in_memory(bytes: &[u8]) -> std::io::Result<File> {
    let file = rustix::fs::memfd_create("own", MemfdFlags::CLOEXEC)?;
    let mut file = File::from(file);
    file.write_all(bytes)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_module_is_its_text() {
        let wasm = wat::parse_str(include_str!("own.wat")).unwrap();
        if std::env::var_os("POSTERN_BLESS").is_some() {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/engine/own.wasm");
            std::fs::write(path, &wasm).unwrap();
        }
        assert_eq!(wasm, MODULE, "write it anew with POSTERN_BLESS=1");
    }
}
