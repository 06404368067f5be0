//! A booted state, taken and restored.
