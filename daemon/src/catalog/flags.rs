//! The table of compatibility flags, and which of them a Worker has (spec: FEATURES §25). What is asked
//! for is checked in `compatibility`. Knows nobody, so that the engine's tests can use it too.

/// What becomes of a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The Worker behaves one way with it and another way without.
    Both,
    /// The Worker behaves as with it, whatever is asked for: the older behaviour has no use left.
    Always,
    /// It changes nothing here, for this reason.
    None(&'static str),
    /// It cannot be had here, for this reason.
    Refused(&'static str),
}

/// One flag.
#[derive(Clone, Copy, Debug)]
pub struct Flag {
    /// The name that enables it.
    pub enable: &'static str,
    /// The name that disables it; empty if there is none.
    pub disable: &'static str,
    /// The first date on which it is enabled by default, `YYYY-MM-DD`; empty if there is none.
    pub since: &'static str,
    /// Whether the date enables it only where [`NODE`] is enabled.
    pub with_node: bool,
    /// What becomes of it.
    pub effect: Effect,
}

/// The flag for modules of Node.js.
pub const NODE: &str = "nodejs_compat";
/// The first date on which it is enabled by default.
const NODE_SINCE: &str = "2026-08-04";
/// What is then enabled by default whether it is or not.
const KEPT_WITHOUT_NODE: [&str; 2] = ["nodejs_compat_v2", "nodejs_zlib"];

const fn flag(
    enable: &'static str,
    disable: &'static str,
    since: &'static str,
    effect: Effect,
) -> Flag {
    Flag {
        enable,
        disable,
        since,
        with_node: false,
        effect,
    }
}

/// Enabled by its date only beside [`NODE`].
const fn node(enable: &'static str, disable: &'static str, since: &'static str) -> Flag {
    Flag {
        with_node: true,
        ..flag(enable, disable, since, Effect::Both)
    }
}

use Effect::{Always, Both, None as Nothing, Refused};

const NO_CONTAINERS: Effect = Nothing("there are no containers");
const NO_PYTHON: Effect = Nothing("there are no Workers in Python");
const NO_OBJECTS: Effect = Nothing("there are no Durable Objects");
const NO_WORKFLOWS: Effect = Nothing("there are no Workflows");
const NO_RULES: Effect = Nothing("there are no cache rules");
const NO_CDN: Effect = Nothing("there is no content delivery network in front of it");

/// Every flag that is known, the latest first.
#[rustfmt::skip]
pub const FLAGS: &[Flag] = &[
    flag("nodejs_process_version_24", "no_nodejs_process_version_24", "2026-11-24", Both),
    flag("enable_request_signal", "disable_request_signal", "2026-11-17", Both),
    flag("new_module_registry", "legacy_module_registry", "2026-11-17", Both),
    flag("pipe_to_backward_propagation", "no_pipe_to_backward_propagation", "2026-11-17", Both),
    flag("cache_option_preserves_cache_control", "cache_option_overrides_cache_control", "2026-11-17", Always),
    flag("durable_object_io_tasks_prevent_eviction", "durable_object_io_tasks_do_not_prevent_eviction", "2026-10-01", NO_OBJECTS),
    flag("spec_compliant_dispatch_exceptions", "no_spec_compliant_dispatch_exceptions", "2026-09-15", Both),
    flag("workflows_enable_fast_engine_creation", "workflows_disable_fast_engine_creation", "2026-08-11", NO_WORKFLOWS),
    flag(NODE, "no_nodejs_compat", NODE_SINCE, Both),
    flag("throw_on_not_implemented_tls_options", "no_throw_on_not_implemented_tls_options", "2026-06-16", Both),
    flag("python_process_pth_files", "disable_python_process_pth_files", "2026-05-26", NO_PYTHON),
    flag("diagnostics_channel_has_subscribers_getter", "no_diagnostics_channel_has_subscribers_getter", "2026-05-19", Both),
    flag("workflows_preserve_non_retryable_error_message", "workflows_replace_non_retryable_error_message", "2026-05-14", NO_WORKFLOWS),
    flag("enhanced_error_serialization", "legacy_error_serialization", "2026-04-21", Both),
    flag("enable_python_external_sdk", "disable_python_external_sdk", "2026-04-21", NO_PYTHON),
    flag("web_socket_auto_reply_to_close", "web_socket_manual_reply_to_close", "2026-04-07", Both),
    flag("containers_pid_namespace", "no_containers_pid_namespace", "2026-04-01", NO_CONTAINERS),
    flag("writable_stream_spec_compliant_writer", "no_writable_stream_spec_compliant_writer", "2026-03-24", Both),
    flag("encoder_stream_spec_compliant_backpressure", "no_encoder_stream_spec_compliant_backpressure", "2026-03-24", Both),
    node("enable_global_performance_classes", "disable_global_performance_classes", "2026-03-17"),
    node("enable_nodejs_child_process_module", "disable_nodejs_child_process_module", "2026-03-17"),
    node("enable_nodejs_perf_hooks_module", "disable_nodejs_perf_hooks_module", "2026-03-17"),
    node("enable_nodejs_readline_module", "disable_nodejs_readline_module", "2026-03-17"),
    node("enable_nodejs_tty_module", "disable_nodejs_tty_module", "2026-03-17"),
    node("enable_nodejs_v8_module", "disable_nodejs_v8_module", "2026-03-17"),
    node("enable_nodejs_worker_threads_module", "disable_nodejs_worker_threads_module", "2026-03-17"),
    flag("websocket_standard_binary_type", "no_websocket_standard_binary_type", "2026-03-17", Both),
    node("enable_nodejs_repl_module", "disable_nodejs_repl_module", "2026-03-17"),
    flag("queue_expose_error_codes", "no_queue_expose_error_codes", "2026-03-12", Nothing("there are no queues to send to")),
    flag("websocket_close_reason_byte_limit", "no_websocket_close_reason_byte_limit", "2026-03-03", Both),
    flag("unhandled_rejection_after_microtask_checkpoint", "no_unhandled_rejection_after_microtask_checkpoint", "2026-03-03", Both),
    flag("text_decoder_cjk_decoder", "disable_text_decoder_cjk_decoder", "2026-03-03", Both),
    flag("text_decoder_replace_surrogates", "disable_text_decoder_replace_surrogates", "2026-02-24", Both),
    flag("delete_all_deletes_alarm", "delete_all_preserves_alarm", "2026-02-24", Both),
    flag("fetch_iterable_type_support", "no_fetch_iterable_type_support", "2026-02-19", Both),
    flag("fetch_iterable_type_support_override_adjustment", "no_fetch_iterable_type_support_override_adjustment", "2026-02-19", Both),
    flag("python_request_headers_preserve_commas", "disable_python_request_headers_preserve_commas", "2026-02-17", NO_PYTHON),
    node("enable_nodejs_global_timers", "no_nodejs_global_timers", "2026-02-10"),
    node("enable_nodejs_dgram_module", "disable_nodejs_dgram_module", "2026-01-29"),
    node("enable_nodejs_inspector_module", "disable_nodejs_inspector_module", "2026-01-29"),
    node("enable_nodejs_sqlite_module", "disable_nodejs_sqlite_module", "2026-01-29"),
    node("enable_nodejs_stream_wrap_module", "disable_nodejs_stream_wrap_module", "2026-01-29"),
    flag("require_returns_default_export", "require_returns_namespace", "2026-01-22", Both),
    flag("rpc_params_dup_stubs", "rpc_params_transfer_stubs", "2026-01-20", Both),
    flag("strip_bom_in_read_all_text", "do_not_strip_bom_in_read_all_text", "2026-01-13", Both),
    node("enable_nodejs_cluster_module", "disable_nodejs_cluster_module", "2025-12-04"),
    node("enable_nodejs_domain_module", "disable_nodejs_domain_module", "2025-12-04"),
    node("enable_nodejs_punycode_module", "disable_nodejs_punycode_module", "2025-12-04"),
    node("enable_nodejs_trace_events_module", "disable_nodejs_trace_events_module", "2025-12-04"),
    node("enable_nodejs_wasi_module", "disable_nodejs_wasi_module", "2025-12-04"),
    flag("enable_fast_jsg_struct", "disable_fast_jsg_struct", "2025-12-03", Both),
    flag("enable_ctx_exports", "disable_ctx_exports", "2025-11-17", Both),
    node("enable_nodejs_vm_module", "disable_nodejs_vm_module", "2025-10-01"),
    node("enable_nodejs_console_module", "disable_nodejs_console_module", "2025-09-21"),
    flag("enable_validate_workflow_entrypoint", "disable_validate_workflow_entrypoint", "2025-09-20", NO_WORKFLOWS),
    node("enable_nodejs_os_module", "disable_nodejs_os_module", "2025-09-15"),
    node("enable_nodejs_process_v2", "disable_nodejs_process_v2", "2025-09-15"),
    node("enable_nodejs_http2_module", "disable_nodejs_http2_module", "2025-09-01"),
    node("enable_nodejs_http_server_modules", "disable_nodejs_http_server_modules", "2025-09-01"),
    node("enable_nodejs_fs_module", "disable_nodejs_fs_module", "2025-09-01"),
    Flag { with_node: true, ..flag("remove_nodejs_compat_eol", "add_nodejs_compat_eol", "2025-09-01", Nothing("the flags of each version remove what Node ended")) },
    flag("strip_authorization_on_cross_origin_redirect", "retain_authorization_on_cross_origin_redirect", "2025-09-01", Always),
    node("enable_nodejs_http_modules", "disable_nodejs_http_modules", "2025-08-15"),
    flag("expose_global_message_channel", "no_expose_global_message_channel", "2025-08-15", Both),
    flag("python_no_global_handlers", "disable_python_no_global_handlers", "2025-08-14", NO_PYTHON),
    flag("python_workers_force_new_vendor_path", "", "2025-08-11", NO_PYTHON),
    flag("cache_no_cache_enabled", "cache_no_cache_disabled", "2025-08-07", Both),
    flag("set_event_target_this", "no_set_event_target_this", "2025-08-01", Both),
    flag("set_forwardable_email_full_headers", "set_forwardable_email_single_headers", "2025-08-01", Both),
    flag("bind_asynclocalstorage_snapshot_to_request", "do_not_bind_asynclocalstorage_snapshot_to_request", "2025-06-16", Both),
    flag("throw_on_unrecognized_import_assertion", "ignore_unrecognized_import_assertion", "2025-06-16", Both),
    flag("allow_eval_during_startup", "disallow_eval_during_startup", "2025-06-01", Both),
    flag("enable_navigator_language", "disable_navigator_language", "2025-05-19", Both),
    flag("cache_api_request_cf_overrides_cache_rules", "no_cache_api_request_cf_overrides_cache_rules", "2025-05-19", NO_RULES),
    flag("enable_weak_ref", "disable_weak_ref", "2025-05-05", Both),
    flag("urlpattern_standard", "urlpattern_original", "2025-05-01", Both),
    flag("cache_api_compat_flags", "no_cache_api_compat_flags", "2025-04-19", NO_RULES),
    flag("request_cf_overrides_cache_rules", "no_request_cf_overrides_cache_rules", "2025-04-02", NO_RULES),
    flag("assets_navigation_prefers_asset_serving", "assets_navigation_has_no_effect", "2025-04-01", Both),
    node("nodejs_compat_populate_process_env", "nodejs_compat_do_not_populate_process_env", "2025-04-01"),
    flag("unique_ctx_per_invocation", "nonclass_entrypoint_reuses_ctx_across_invocations", "2025-03-10", Always),
    flag("fixup-transform-stream-backpressure", "original-transform-stream-backpressure", "2024-12-16", Always),
    flag("disable_top_level_await_in_require", "enable_top_level_await_in_require", "2024-12-02", Both),
    flag("cache_option_enabled", "cache_option_disabled", "2024-11-11", Both),
    flag("upper_case_all_http_methods", "no_upper_case_all_http_methods", "2024-10-14", Both),
    flag("handle_cross_request_promise_resolution", "no_handle_cross_request_promise_resolution", "2024-10-14", Always),
    flag("set_tostring_tag", "do_not_set_tostring_tag", "2024-09-26", Both),
    node("nodejs_compat_v2", "no_nodejs_compat_v2", "2024-09-23"),
    node("nodejs_zlib", "no_nodejs_zlib", "2024-09-23"),
    flag("allow_custom_ports", "ignore_custom_ports", "2024-09-02", Both),
    flag("internal_writable_stream_abort_clears_queue", "internal_writable_stream_abort_does_not_clear_queue", "2024-09-02", Always),
    flag("blob_standard_mime_type", "blob_legacy_mime_type", "2024-06-03", Both),
    flag("fetch_standard_url", "fetch_legacy_url", "2024-06-03", Both),
    flag("internal_stream_byob_return_view", "internal_stream_byob_return_undefined", "2024-05-13", Both),
    flag("brotli_content_encoding", "no_brotli_content_encoding", "2024-04-29", Both),
    flag("rpc", "no_rpc", "2024-04-03", Both),
    flag("unwrap_custom_thenables", "no_unwrap_custom_thenables", "2024-04-01", Both),
    flag("fetcher_no_get_put_delete", "fetcher_has_get_put_delete", "2024-03-26", Always),
    flag("queues_json_messages", "no_queues_json_messages", "2024-03-18", Both),
    flag("no_global_importscripts", "global_importscripts", "2024-03-04", Always),
    flag("crypto_preserve_public_exponent", "no_crypto_preserve_public_exponent", "2023-12-01", Always),
    flag("vectorize_query_metadata_optional", "vectorize_query_original", "2023-11-08", Nothing("there is no Vectorize")),
    flag("web_socket_compression", "no_web_socket_compression", "2023-08-15", Nothing("messages are not compressed on the wire")),
    flag("strict_crypto_checks", "no_strict_crypto_checks", "2023-08-01", Always),
    flag("strict_compression_checks", "no_strict_compression_checks", "2023-08-01", Both),
    flag("no_cf_botmanagement_default", "cf_botmanagement_default", "2023-08-01", Nothing("there is no bot management")),
    flag("urlsearchparams_delete_has_value_arg", "no_urlsearchparams_delete_has_value_arg", "2023-07-01", Both),
    flag("response_redirect_url_standard", "response_redirect_url_original", "2023-03-14", Always),
    flag("dynamic_dispatch_tunnel_exceptions", "dynamic_dispatch_treat_exceptions_as_500", "2023-03-01", Both),
    flag("http_headers_getsetcookie", "no_http_headers_getsetcookie", "2023-03-01", Both),
    flag("streams_enable_constructors", "streams_disable_constructors", "2022-11-30", Always),
    flag("transformstream_enable_standard_constructor", "transformstream_disable_standard_constructor", "2022-11-30", Always),
    flag("export_commonjs_default", "export_commonjs_namespace", "2022-10-31", Always),
    flag("capture_async_api_throws", "do_not_capture_async_api_throws", "2022-10-31", Always),
    flag("url_standard", "url_original", "2022-10-31", Always),
    flag("r2_list_honor_include", "", "2022-08-04", Both),
    flag("dont_substitute_null_on_type_error", "substitute_null_on_type_error", "2022-06-01", Always),
    flag("minimal_subrequests", "no_minimal_subrequests", "2022-04-05", NO_CDN),
    flag("global_navigator", "no_global_navigator", "2022-03-21", Both),
    flag("no_cots_on_external_fetch", "cots_on_external_fetch", "2022-03-08", NO_CDN),
    flag("workers_api_getters_setters_on_prototype", "workers_api_getters_setters_on_instance", "2022-01-31", Always),
    flag("durable_object_fetch_requires_full_url", "durable_object_fetch_allows_relative_url", "2021-11-10", Always),
    flag("fetch_refuses_unknown_protocols", "fetch_treats_unknown_protocols_as_http", "2021-11-10", Always),
    flag("streams_byob_reader_detaches_buffer", "streams_byob_reader_does_not_detach_buffer", "2021-11-10", Always),
    flag("formdata_parser_supports_files", "formdata_parser_converts_files_to_strings", "2021-11-03", Always),
    // By name alone.
    flag("enable_abortsignal_rpc", "", "", Both),
    flag("nodejs_als", "no_nodejs_als", "", Both),
    flag("request_signal_passthrough", "no_request_signal_passthrough", "", Both),
    flag("disallow_importable_env", "allow_importable_env", "", Both),
    flag("global_fetch_strictly_public", "global_fetch_private_origin", "", Both),
    flag("queue_consumer_no_wait_for_wait_until", "queue_consumer_wait_for_wait_until", "", Both),
    flag("html_rewriter_treats_esi_include_as_void_tag", "", "", Both),
    flag("enable_web_file_system", "", "", Both),
    flag("enable_workers_observability_tracing", "", "", Nothing("invocations are recorded without it")),
    flag("pedantic_wpt", "non_pedantic_wpt", "", Nothing("it is for the field's own tests")),
    flag("allow_irrevocable_stub_storage", "", "", NO_OBJECTS),
    flag("auto_grpc_convert", "", "", NO_CDN),
    flag("enable_email_sending_queuing", "disable_email_sending_queuing", "", Nothing("no email is sent")),
    flag("enable_streams_nodejs_v24_compat", "disable_streams_nodejs_v24_compat", "", Nothing("node:stream is as it was before version 24")),
    flag("env_module_nullable_support", "no_env_module_nullable_support", "", Nothing("withEnv() takes what it is given")),
    flag("immutable_api_prototypes", "mutable_api_prototypes", "", Nothing("prototypes of the platform can be changed")),
    flag("no_resizable_array_buffer_in_blob", "resizable_array_buffer_in_blob", "", Both),
    flag("remove_nodejs_compat_eol_v22", "add_nodejs_compat_eol_v22", "", Both),
    flag("remove_nodejs_compat_eol_v23", "add_nodejs_compat_eol_v23", "", Both),
    flag("remove_nodejs_compat_eol_v24", "add_nodejs_compat_eol_v24", "", Both),
    flag("python_check_rng_state", "disable_python_check_rng_state", "", NO_PYTHON),
    flag("python_dedicated_snapshot", "disable_python_dedicated_snapshot", "", NO_PYTHON),
    flag("python_dedicated_snapshot_keep_import_caches", "no_python_dedicated_snapshot_keep_import_caches", "", NO_PYTHON),
    flag("python_external_packages", "", "", NO_PYTHON),
    flag("python_shared_standard_library", "", "", NO_PYTHON),
    flag("python_workflows", "disable_python_workflows", "", NO_PYTHON),
    flag("python_workflows_implicit_dependencies", "no_python_workflows_implicit_dependencies", "", NO_PYTHON),
    flag("python_workers_20250116", "no_python_workers_20250116", "", NO_PYTHON),
    flag("python_workers_20260610", "no_python_workers_20260610", "", NO_PYTHON),
    flag("python_workers_314", "no_python_workers_314", "", NO_PYTHON),
    flag("durable_object_alarms", "", "", NO_OBJECTS),
    flag("r2_public_beta_bindings", "r2_internal_beta_bindings", "", Nothing("buckets are bound in one way")),
    flag("tcp_sockets_support", "", "", Nothing("sockets are there without it")),
    flag("wasm_source_url_support", "no_wasm_source_url_support", "", Nothing("modules of wasm have no addresses")),
    flag("wasm_esm_integration_builtins", "", "", Refused("strings are no built-in module of wasm here")),
    flag("webcrypto_modern_algorithms", "", "", Refused("crypto.subtle has the algorithms that it has without it")),
    flag("temporal", "no_temporal", "", Refused("the engine has no Temporal; bring a polyfill")),
    flag("python_workers", "", "", Refused("there are no Workers in Python; write it in JavaScript or compile it to WebAssembly")),
];

/// Names that mean a flag of [`FLAGS`] too.
pub const ALSO: &[(&str, &str)] = &[
    // As the field's documentation has it, and as the field has it.
    (
        "do_not_bind_asynclocalstorage_snapshot_to",
        "do_not_bind_asynclocalstorage_snapshot_to_request",
    ),
    (
        "do_not_bind_asynclocalstorage_snapshot_to-request",
        "do_not_bind_asynclocalstorage_snapshot_to_request",
    ),
];

/// Flags that the field has for its own tries alone, and refuses.
pub const EXPERIMENTAL: &[&str] = &[
    "auto_inject_python_workers",
    "allow_insecure_inefficient_logged_eval",
    "cache_reload_enabled",
    "connect_handler_starttls",
    "connect_pass_through",
    "d1_binding_jsrpc",
    "durable_object_get_existing",
    "durable_object_rename",
    "durable_object_snapshots",
    "enable_ctx_version_metadata",
    "enable_d1_with_sessions_api",
    "enable_nodejs_inspector_local_dev",
    "enable_version_api",
    "experimental",
    "expose_draining_reader",
    "expose_serialization_test_class",
    "increase_websocket_message_size",
    "js_rpc",
    "kv_direct_binding",
    "memory_cache_delete",
    "offpeak_location_hint",
    "precise_timers",
    "python_workers_development",
    "python_workers_durable_objects",
    "python_zstd_snapshot",
    "r2_binding_jsrpc",
    "replica_routing",
    "rpc_dispose_cancels_call",
    "rtti_api",
    "service_binding_extra_handlers",
    "spec_compliant_property_attributes",
    "streaming_tail_worker",
    "streams_no_default_auto_allocate_chunk_size",
    "tail_worker_user_spans",
    "typescript_implemented_streams",
    "typescript_strip_types",
    "unsafe_module",
    "unsupported_process_actual_platform",
    "wasm_memory_discard",
    "webgpu",
    "workflows_bindings_rpc",
    "workflows_step_rollback",
];

/// Names that disable one of them, which is as it was.
pub const NOT_EXPERIMENTAL: &[&str] = &[
    "cache_reload_disabled",
    "no_auto_inject_python_workers",
    "no_precise_timers",
    "no_spec_compliant_property_attributes",
    "streams_auto_allocate_chunk_size_default",
];

/// What a name asks of which flag.
pub fn named(name: &str) -> Option<(&'static Flag, bool)> {
    let also = ALSO.iter().find(|(other, _)| *other == name);
    let name = also.map_or(name, |(_, name)| name);
    FLAGS.iter().find_map(|flag| {
        if flag.enable == name {
            Some((flag, true))
        } else if !name.is_empty() && flag.disable == name {
            Some((flag, false))
        } else {
            None
        }
    })
}

/// Every flag that a Worker of this date has which asks for these. Names that are not known, as
/// an older daemon may have stored them, mean nothing.
pub fn enabled(date: &str, flags: &[String]) -> Vec<&'static str> {
    let asked: Vec<(&Flag, bool)> = flags.iter().filter_map(|name| named(name)).collect();
    let by_name = |flag: &Flag| {
        let mut found = asked.iter().filter(|(it, _)| it.enable == flag.enable);
        found.next_back().map(|(_, enabled)| *enabled)
    };
    // Dates of this form compare as texts.
    let by_date = |flag: &Flag| !flag.since.is_empty() && flag.since <= date;
    let has_node = (FLAGS.iter().find(|flag| flag.enable == NODE))
        .is_some_and(|flag| by_name(flag).unwrap_or(by_date(flag)));
    // These came for everybody with the date of the other, and who disables that keeps them.
    let keeps = |flag: &Flag| date >= NODE_SINCE && KEPT_WITHOUT_NODE.contains(&flag.enable);
    let goes_with_node = |flag: &Flag| flag.with_node && !keeps(flag);
    FLAGS
        .iter()
        .filter(|flag| !matches!(flag.effect, Effect::Refused(_)))
        .filter(|flag| {
            by_name(flag).unwrap_or(by_date(flag) && (has_node || !goes_with_node(flag)))
        })
        .map(|flag| flag.enable)
        .collect()
}
