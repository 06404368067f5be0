//! The WASI program: that it stays within what a Worker may use.

use postern_module_tests::{guest, imports};

#[test]
fn it_asks_for_arguments_environment_and_standard_streams_only() {
    let known = [
        "args_get",
        "args_sizes_get",
        "clock_time_get",
        "environ_get",
        "environ_sizes_get",
        "fd_close",
        "fd_fdstat_get",
        "fd_read",
        "fd_seek",
        "fd_write",
        "proc_exit",
        "random_get",
    ];
    for (module, name) in imports(&guest("wasi-cgi")) {
        assert_eq!(module, "wasi_snapshot_preview1");
        assert!(known.contains(&name.as_str()), "{name}");
    }
}
