//! The engine's module as the daemon brings it: deflated, and made large again when the base is made
//! of it, which is once a device.

use super::super::code::BuildError;
use bytes::Bytes;
use flate2::{Decompress, FlushDecompress, Status};

/// The engine's module.
#[derive(Clone, Debug)]
pub struct EngineModule {
    /// The module, a guest of ABI version 1.
    pub bytes: EngineBytes,
    /// Tells it from other builds of it.
    pub id: &'static str,
}

/// How the module is at hand.
#[derive(Clone, Debug)]
pub enum EngineBytes {
    /// As it is.
    Whole(Bytes),
    /// Deflated, and the bytes that it has as it is.
    Deflated(&'static [u8], usize),
    /// Not at all: this build has no JavaScript.
    Missing,
}

// `ENGINE`: the module, and `BUILTINS`: the modules of Node.
include!(concat!(env!("OUT_DIR"), "/engine.rs"));

impl Default for EngineModule {
    /// The one that the daemon brings.
    fn default() -> Self {
        Self {
            bytes: ENGINE,
            id: env!("POSTERN_JAVASCRIPT"),
        }
    }
}

impl EngineModule {
    /// Whether there is one.
    pub fn is_there(&self) -> bool {
        !matches!(self.bytes, EngineBytes::Missing)
    }

    /// The module as it is.
    ///
    /// # Errors
    /// When this build has none.
    pub fn whole(&self) -> Result<Bytes, BuildError> {
        match &self.bytes {
            EngineBytes::Whole(bytes) => Ok(bytes.clone()),
            EngineBytes::Deflated(deflated, length) => inflated(deflated, *length)
                .map(Bytes::from)
                .ok_or_else(|| BuildError::new("the JavaScript engine in the binary is damaged")),
            EngineBytes::Missing => Err(BuildError::new(MISSING)),
        }
    }

    /// The module as it is at hand, and the bytes that it has as it is if it is deflated.
    ///
    /// # Errors
    /// When this build has none.
    pub fn shipped(&self) -> Result<(Bytes, Option<usize>), BuildError> {
        match &self.bytes {
            EngineBytes::Whole(bytes) => Ok((bytes.clone(), None)),
            EngineBytes::Deflated(deflated, length) => {
                Ok((Bytes::from_static(deflated), Some(*length)))
            }
            EngineBytes::Missing => Err(BuildError::new(MISSING)),
        }
    }
}

/// What whoever pushes JavaScript to a build without it is told.
pub const MISSING: &str = "this daemon was built without JavaScript; push a wasm module, or use a build with the feature `javascript`";

/// What was deflated, if it has this length.
pub fn inflated(deflated: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut whole = Vec::with_capacity(length);
    let status =
        Decompress::new(false).decompress_vec(deflated, &mut whole, FlushDecompress::Finish);
    (matches!(status, Ok(Status::StreamEnd)) && whole.len() == length).then_some(whole)
}

/// The source of a module that comes with the daemon, such as `node:buffer`: those of
/// `guest-abi/js/node`, made large when a Worker that imports one is judged.
pub fn builtin(name: &[u8]) -> Option<Vec<u8>> {
    let at = BUILTINS
        .binary_search_by(|(known, ..)| known.as_bytes().cmp(name))
        .ok()?;
    let (_, length, deflated) = BUILTINS.get(at)?;
    inflated(deflated, *length)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    #[cfg(feature = "javascript")]
    fn the_module_is_whole() {
        let module = EngineModule::default();
        assert!(module.is_there());
        let bytes = module.whole().unwrap();
        assert!(bytes.starts_with(b"\0asm"));
        let EngineBytes::Deflated(deflated, _) = module.bytes else {
            panic!("it is not deflated");
        };
        assert!(deflated.len() < bytes.len() / 2);
        assert_eq!(inflated(&deflated[..1000], bytes.len()), None);
    }

    #[test]
    #[cfg(not(feature = "javascript"))]
    fn a_build_without_javascript_says_so() {
        let module = EngineModule::default();
        assert!(!module.is_there());
        assert_eq!(module.whole().unwrap_err().what, MISSING);
        assert_eq!(builtin(b"node:buffer"), None);
    }

    #[test]
    #[cfg(feature = "javascript")]
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
