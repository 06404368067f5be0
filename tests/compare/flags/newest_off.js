// The same without what the date brings.
// date: 2026-11-24
// flags: legacy_module_registry, no_fetch_iterable_type_support_override_adjustment, disable_fast_jsg_struct, no_nodejs_process_version_24, no_throw_on_not_implemented_tls_options, disable_nodejs_dgram_module, disable_nodejs_repl_module, disable_nodejs_sqlite_module, disable_nodejs_inspector_module, disable_nodejs_stream_wrap_module, require_returns_namespace, disable_request_signal
// body: bodies/newest.js
