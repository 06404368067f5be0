//! Starts the real daemon for a test and talks to it.
