//! The newest records of each script, bounded thrice: in entries, in bytes, and in bytes over
//! all scripts. The oldest go first.

use super::record::Record;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Records kept for one script.
pub const ENTRIES_MAX: usize = 64;

/// All rings.
pub(super) struct Rings {
    script_bytes_max: usize,
    total_bytes_max: usize,
    bytes: usize,
    next: u64,
    /// Namespace, then script.
    scripts: HashMap<String, HashMap<String, Ring>>,
    /// Every record's number, and whose it is.
    order: BTreeMap<u64, Arc<Record>>,
}

/// One script's records by number, oldest first. On the heap, because most scripts have none.
#[derive(Default)]
struct Ring {
    numbers: Box<heapless::Deque<u64, ENTRIES_MAX>>,
    bytes: usize,
}

impl Rings {
    pub fn new(script_bytes_max: usize, total_bytes_max: usize) -> Self {
        Self {
            script_bytes_max,
            total_bytes_max,
            bytes: 0,
            next: 0,
            scripts: HashMap::new(),
            order: BTreeMap::new(),
        }
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn push(&mut self, record: Arc<Record>) {
        let bytes = record.bytes();
        if bytes > self.script_bytes_max.min(self.total_bytes_max) {
            return;
        }
        while let Some(number) = self.too_many(&record, bytes) {
            self.drop_oldest_of(number);
        }
        let number = self.next;
        self.next += 1;
        let scripts = self.scripts.entry(record.namespace.clone()).or_default();
        let ring = scripts.entry(record.script.clone()).or_default();
        // There is room, as seen above.
        if ring.numbers.push_back(number).is_ok() {
            ring.bytes += bytes;
            self.bytes += bytes;
            self.order.insert(number, record);
        }
    }

    /// The number of a record that must go before this one fits.
    fn too_many(&self, record: &Record, bytes: usize) -> Option<u64> {
        if let Some(ring) = self.ring(&record.namespace, &record.script)
            && (ring.numbers.is_full() || ring.bytes + bytes > self.script_bytes_max)
        {
            return ring.numbers.front().copied();
        }
        let full = self.bytes + bytes > self.total_bytes_max;
        let oldest = self.order.keys().next().copied();
        oldest.filter(|_| full)
    }

    /// Drops the record with this number, which is the oldest of its script.
    fn drop_oldest_of(&mut self, number: u64) {
        let Some(record) = self.order.remove(&number) else {
            return;
        };
        self.bytes -= record.bytes();
        let Some(scripts) = self.scripts.get_mut(&record.namespace) else {
            return;
        };
        let Some(ring) = scripts.get_mut(&record.script) else {
            return;
        };
        let oldest = ring.numbers.pop_front();
        debug_assert_eq!(oldest, Some(number));
        ring.bytes -= record.bytes();
        if ring.numbers.is_empty() {
            scripts.remove(&record.script);
            if scripts.is_empty() {
                self.scripts.remove(&record.namespace);
            }
        }
    }

    pub fn recent(&self, namespace: &str, script: &str) -> Vec<Arc<Record>> {
        let Some(ring) = self.ring(namespace, script) else {
            return Vec::new();
        };
        let records = ring.numbers.iter();
        records
            .filter_map(|number| self.order.get(number).cloned())
            .collect()
    }

    pub fn all(&self) -> Vec<Arc<Record>> {
        self.order.values().cloned().collect()
    }

    pub fn forget(&mut self, namespace: &str, script: &str) {
        while let Some(oldest) = self
            .ring(namespace, script)
            .and_then(|ring| ring.numbers.front().copied())
        {
            self.drop_oldest_of(oldest);
        }
    }

    fn ring(&self, namespace: &str, script: &str) -> Option<&Ring> {
        self.scripts.get(namespace)?.get(script)
    }
}
