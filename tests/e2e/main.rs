//! End-to-end tests, one binary: each module is one part of what a user does.
