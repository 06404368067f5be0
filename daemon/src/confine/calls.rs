//! Which system calls the daemon makes, on each architecture, and which of them those who judge pushes do.

/// `libc`'s numbers of these names.
macro_rules! numbers {
    ($($name:ident)*) => { &[$(libc::$name as u32),*] };
}

/// Files that are open, memory, threads, time and waiting.
const WITHIN: &[u32] = numbers! {
    SYS_read SYS_write SYS_readv SYS_writev SYS_pread64 SYS_pwrite64 SYS_preadv SYS_pwritev SYS_close
    SYS_dup SYS_dup3 SYS_fcntl SYS_ioctl SYS_pipe2 SYS_ftruncate SYS_fallocate SYS_memfd_create
    SYS_openat SYS_statx SYS_readlinkat SYS_getdents64 SYS_faccessat SYS_faccessat2 SYS_getcwd SYS_flock
    SYS_fsync SYS_fdatasync SYS_preadv2 SYS_pwritev2 SYS_close_range
    SYS_munmap SYS_mremap SYS_madvise SYS_mincore SYS_msync SYS_brk SYS_membarrier
    SYS_futex SYS_set_robust_list SYS_get_robust_list SYS_set_tid_address SYS_sched_yield
    SYS_sched_getaffinity SYS_sched_setaffinity SYS_sched_getparam SYS_sched_getscheduler
    SYS_gettid SYS_getpid SYS_getppid SYS_tgkill SYS_exit SYS_exit_group SYS_wait4 SYS_waitid
    SYS_rt_sigaction SYS_rt_sigprocmask SYS_rt_sigreturn SYS_rt_sigtimedwait SYS_rt_sigsuspend
    SYS_sigaltstack SYS_restart_syscall SYS_prctl SYS_capget
    SYS_getuid SYS_geteuid SYS_getgid SYS_getegid SYS_getresuid SYS_getresgid SYS_getgroups
    SYS_getrusage SYS_setrlimit SYS_prlimit64 SYS_times SYS_sysinfo SYS_uname SYS_getrandom
    SYS_clock_gettime SYS_clock_getres SYS_clock_nanosleep SYS_nanosleep SYS_gettimeofday
    SYS_ppoll SYS_pselect6
};

/// The rest of what the daemon does: files by name, sockets, other processes.
const WITHOUT: &[u32] = numbers! {
    SYS_sendfile SYS_splice SYS_copy_file_range SYS_truncate SYS_statfs SYS_fstatfs
    SYS_mkdirat SYS_unlinkat SYS_renameat SYS_renameat2 SYS_linkat SYS_symlinkat SYS_fchmod SYS_fchmodat
    SYS_fchown SYS_fchownat SYS_utimensat SYS_umask SYS_chdir SYS_fchdir SYS_openat2 SYS_sync
    SYS_readahead SYS_mlock
    SYS_socketpair SYS_bind SYS_listen SYS_accept4 SYS_connect SYS_getsockname SYS_getpeername
    SYS_setsockopt SYS_getsockopt SYS_sendto SYS_recvfrom SYS_sendmsg SYS_recvmsg SYS_sendmmsg
    SYS_recvmmsg SYS_shutdown
    SYS_epoll_create1 SYS_epoll_ctl SYS_epoll_pwait SYS_eventfd2 SYS_signalfd4
    SYS_timerfd_create SYS_timerfd_settime SYS_timerfd_gettime
    SYS_inotify_init1 SYS_inotify_add_watch SYS_inotify_rm_watch
    SYS_execve SYS_kill SYS_tkill SYS_setsid SYS_getsid SYS_setpgid SYS_getpgid SYS_getpriority
    SYS_setpriority SYS_sched_getattr SYS_sched_setattr SYS_pidfd_open SYS_pidfd_send_signal
    // Those who judge pushes give up more than this process, which these are for and nothing else.
    SYS_seccomp SYS_landlock_create_ruleset SYS_landlock_add_rule SYS_landlock_restrict_self
    // The device key may be in the kernel's keyring.
    SYS_keyctl SYS_request_key SYS_add_key
};

/// What only one architecture has, or has by another name.
#[cfg(target_arch = "x86_64")]
mod own {
    pub const WITHIN: &[u32] = numbers! {
        SYS_open SYS_stat SYS_fstat SYS_lstat SYS_newfstatat SYS_access SYS_readlink SYS_lseek SYS_dup2 SYS_pipe
        SYS_arch_prctl SYS_poll SYS_select SYS_time SYS_getpgrp SYS_getrlimit SYS_rseq
    };
    pub const WITHOUT: &[u32] = numbers! {
        SYS_fadvise64 SYS_sync_file_range SYS_creat SYS_mkdir SYS_rmdir SYS_unlink SYS_rename SYS_link SYS_symlink
        SYS_chmod SYS_chown SYS_accept SYS_epoll_create SYS_epoll_wait SYS_eventfd SYS_getdents SYS_utimes
    };
    pub const MMAP: u32 = libc::SYS_mmap as u32;
    pub const FORKS: &[u32] = numbers! { SYS_fork SYS_vfork };
}

/// See above.
#[cfg(target_arch = "aarch64")]
mod own {
    pub const WITHIN: &[u32] =
        numbers! { SYS_fstat SYS_newfstatat SYS_lseek SYS_getrlimit SYS_rseq };
    pub const WITHOUT: &[u32] = numbers! { SYS_fadvise64 SYS_sync_file_range SYS_accept };
    pub const MMAP: u32 = libc::SYS_mmap as u32;
    pub const FORKS: &[u32] = &[];
}

/// See above. Calls of 32 bits have doubles for times and sizes of 64.
#[cfg(target_arch = "arm")]
mod own {
    pub const WITHIN: &[u32] = numbers! {
        SYS_open SYS_stat SYS_fstat SYS_lstat SYS_stat64 SYS_fstat64 SYS_lstat64 SYS_fstatat64 SYS_access SYS_readlink
        SYS_lseek SYS__llseek SYS_dup2 SYS_pipe SYS_poll SYS__newselect SYS_getpgrp SYS_fcntl64 SYS_ftruncate64
        SYS_ugetrlimit SYS_getuid32 SYS_geteuid32 SYS_getgid32 SYS_getegid32 SYS_getresuid32 SYS_getresgid32
        SYS_getgroups32 SYS_sigreturn
    };
    pub const WITHOUT: &[u32] = numbers! {
        SYS_sendfile64 SYS_truncate64 SYS_statfs64 SYS_fstatfs64
        SYS_creat SYS_mkdir SYS_rmdir SYS_unlink SYS_rename SYS_link SYS_symlink SYS_chmod SYS_chown
        SYS_fchown32 SYS_chown32 SYS_accept SYS_epoll_create SYS_epoll_wait SYS_eventfd SYS_getdents SYS_send SYS_recv
    };
    pub const MMAP: u32 = libc::SYS_mmap2 as u32;
    pub const FORKS: &[u32] = numbers! { SYS_fork SYS_vfork };
    /// What the library has no names for: `arm_fadvise64_64`, `arm_sync_file_range`, `rseq`, what has times of 64
    /// bits (from `clock_gettime64` to `futex_time64`, but for setting the clock), and `cacheflush` and `set_tls`,
    /// which are the architecture's own.
    pub const UNNAMED: &[u32] = &[
        270,
        341,
        398,
        403,
        406,
        407,
        410,
        411,
        412,
        413,
        414,
        417,
        421,
        422,
        0x000f_0002,
        0x000f_0005,
    ];
}

/// Calls that are let through or not by what they are asked.
pub mod judged {
    /// Makes a socket: of a family that is spoken here.
    pub const SOCKET: u32 = libc::SYS_socket as u32;
    /// Makes a thread or a process: without namespaces of its own.
    pub const CLONE: u32 = libc::SYS_clone as u32;
    /// Maps memory: not to be written and executed both.
    pub const MMAP: u32 = super::own::MMAP;
    /// Changes what memory may be used for: not to be executed.
    pub const MPROTECT: u32 = libc::SYS_mprotect as u32;
}

/// Whose calls they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The daemon, whose children may have to restart the machine.
    Daemon {
        /// Whether they may.
        restarts: bool,
    },
    /// Those who judge pushes.
    Judge,
}

/// What is let through whatever it is asked, sorted.
pub fn allowed(who: Who) -> Vec<u32> {
    let mut all = [WITHIN, own::WITHIN, own::FORKS].concat();
    #[cfg(target_arch = "arm")]
    all.extend_from_slice(own::UNNAMED);
    if let Who::Daemon { restarts } = who {
        all.extend_from_slice(WITHOUT);
        all.extend_from_slice(own::WITHOUT);
        all.extend(restarts.then_some(libc::SYS_reboot as u32));
    }
    all.sort_unstable();
    all.dedup();
    all
}
