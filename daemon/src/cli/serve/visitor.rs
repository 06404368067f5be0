//! The daemon as a client of its own: a request for its own Worker, over an address it listens on.

use super::routes::{Own, Running};
use crate::edge::{self, Edge};
use crate::engine::Engine;
use parking_lot::Mutex;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

/// Visits the edge.
pub struct Visitor {
    edge: Arc<Edge<Running>>,
    engine: Engine,
    /// The edge expects one visit at a time.
    one: Mutex<()>,
}

impl Visitor {
    /// Of this edge, whose Workers this engine runs.
    pub fn new(edge: Arc<Edge<Running>>, engine: Engine) -> Self {
        Self {
            edge,
            engine,
            one: Mutex::new(()),
        }
    }

    /// Asks the edge for the daemon's own Worker, over the address it listens on. Blocks.
    pub fn visit(&self, listening: SocketAddr, deadline: Instant) -> Result<(), String> {
        let running = self.edge.routes();
        let own = match running.own.get() {
            Some(own) => own,
            None => {
                let own = Own {
                    host: own_host()?,
                    worker: self.engine.own_worker()?,
                };
                running.own.get_or_init(|| own)
            }
        };
        let one = self.one.try_lock_until(deadline);
        let _one = one.ok_or("another visit does not end")?;
        let visited = edge::visit(&self.edge, listening, &own.host, deadline);
        visited.map_err(|error| error.to_string())
    }
}

/// A hostname that nobody can guess, so that it is nobody's to ask or to deploy.
fn own_host() -> Result<String, String> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| format!("no randomness: {error}"))?;
    let digits: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{digits}.own.invalid"))
}
