//! The modules that come with the daemon, such as `node:buffer`: those of `guest-abi/js/node`, kept
//! small and made large again when a Worker that imports one is judged.

use flate2::{Decompress, FlushDecompress, Status};

// `BUILTINS`: names in order, lengths of the sources, and the sources, deflated.
include!(concat!(env!("OUT_DIR"), "/builtins.rs"));

/// The source of a module that comes with the daemon.
pub fn builtin(name: &[u8]) -> Option<Vec<u8>> {
    let at = BUILTINS
        .binary_search_by(|(known, ..)| known.as_bytes().cmp(name))
        .ok()?;
    let (_, length, deflated) = BUILTINS.get(at)?;
    let mut source = Vec::with_capacity(*length);
    let status =
        Decompress::new(false).decompress_vec(deflated, &mut source, FlushDecompress::Finish);
    matches!(status, Ok(Status::StreamEnd)).then_some(source)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn modules_of_node_are_there() {
        let source = String::from_utf8(builtin(b"node:buffer").unwrap()).unwrap();
        assert!(source.contains("export"));
        assert!(builtin(b"node:util/types").is_some());
        assert!(builtin(b"internal:node/errors").is_some());
        for name in ["node:", "buffer", "node:nothing", "internal:node/", ""] {
            assert_eq!(builtin(name.as_bytes()), None, "{name}");
        }
    }

    #[test]
    fn names_are_in_order_and_lengths_are_right() {
        assert!(BUILTINS.is_sorted_by_key(|(name, ..)| name.as_bytes()));
        for (name, length, _) in BUILTINS {
            assert_eq!(builtin(name.as_bytes()).unwrap().len(), *length, "{name}");
        }
    }
}
