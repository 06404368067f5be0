//! The real binary with real clients. One module a concern; `harness` holds what they share.
#![allow(clippy::unwrap_used)]

mod analytics;
mod assets;
mod bad_input;
mod cache;
mod cli;
mod clients;
mod crash;
mod cron;
mod curl;
mod eventsource;
mod examples;
mod faults;
mod fuzz;
mod hostile;
mod instructions;
mod javascript;
mod javascript_memory;
mod kv;
mod limits;
mod logpush;
mod plain;
mod push;
mod retire;
mod routing;
mod service_worker;
mod signals;
mod subrequests;
mod swap;
mod tail;
mod wasi;
mod websocket;
mod websocket_client;
mod wrangler;
