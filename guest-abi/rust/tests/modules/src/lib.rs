//! Runs compiled Workers against a small host.
