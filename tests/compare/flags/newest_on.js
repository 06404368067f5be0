// The same with flags by name.
// date: 2026-01-01
// flags: nodejs_compat, new_module_registry, fetch_iterable_type_support, no_resizable_array_buffer_in_blob, remove_nodejs_compat_eol_v22, remove_nodejs_compat_eol_v23, remove_nodejs_compat_eol_v24, nodejs_process_version_24, throw_on_not_implemented_tls_options, enable_nodejs_dgram_module, enable_nodejs_repl_module, enable_nodejs_sqlite_module, enable_nodejs_inspector_module, disable_fast_jsg_struct, require_returns_default_export
// body: bodies/newest.js
