// What flags change. The same, with each flag that has two ways turned off.
// date: 2026-01-01
// flags: web_socket_manual_reply_to_close, disable_ctx_exports, no_expose_global_message_channel, cache_no_cache_disabled, no_set_event_target_this, ignore_unrecognized_import_assertion, disallow_eval_during_startup, disable_navigator_language, disable_weak_ref, enable_top_level_await_in_require, cache_option_disabled, no_upper_case_all_http_methods, ignore_custom_ports, internal_stream_byob_return_undefined, no_unwrap_custom_thenables, no_strict_compression_checks, no_http_headers_getsetcookie, no_global_navigator
// body: bodies/dated.js
