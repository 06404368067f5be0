//! A filter of system calls as a program of the kernel's (seccomp, BPF): let through, or answered as if the
//! kernel did not have them, for which every library knows another way.
//!
//! Our own, since `seccompiler` makes programs for 64-bit architectures alone; it installs this one.

use super::calls::{Who, allowed, judged};
use seccompiler::{BpfProgram, sock_filter};

/// `AUDIT_ARCH_*`: who makes a call by another architecture's numbers is ended.
#[cfg(target_arch = "x86_64")]
const ARCH: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const ARCH: u32 = 0xc000_00b7;
#[cfg(target_arch = "arm")]
const ARCH: u32 = 0x4000_0028;

/// Offsets in `struct seccomp_data`. Arguments are 64 bits; everywhere here the low half comes first.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const fn argument(index: u32) -> u32 {
    16 + 8 * index
}

/// `BPF_LD | BPF_W | BPF_ABS`, jumps (`JA`, `JEQ`, `JGE`, `JGT`, `JSET` with a constant), `BPF_AND`, `BPF_RET`.
const LOAD: u16 = 0x20;
const JUMP: u16 = 0x05;
const IF_EQUAL: u16 = 0x15;
const IF_GREATER: u16 = 0x25;
const IF_AT_LEAST: u16 = 0x35;
const IF_ANY: u16 = 0x45;
const AND: u16 = 0x54;
const RETURN: u16 = 0x06;

const LET_THROUGH: u32 = libc::SECCOMP_RET_ALLOW;
const END: u32 = libc::SECCOMP_RET_KILL_PROCESS;
const UNKNOWN: u32 = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;
const FORBIDDEN: u32 = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;

const FAMILIES: [i32; 4] = [
    libc::AF_UNIX,
    libc::AF_INET,
    libc::AF_INET6,
    libc::AF_NETLINK,
];
const NAMESPACES: i32 = libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET;

fn step(code: u16, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code, jt, jf, k }
}

fn give(what: u32) -> sock_filter {
    step(RETURN, what, 0, 0)
}

/// The program for one of them; those who judge pushes make no sockets.
pub fn program(who: Who) -> BpfProgram {
    let mut program = vec![
        step(LOAD, ARCHITECTURE, 0, 0),
        step(IF_EQUAL, ARCH, 1, 0),
        give(END),
        step(LOAD, NUMBER, 0, 0),
    ];
    let mut judge = |number: u32, how: Vec<sock_filter>| {
        // Every one of these is short.
        program.push(step(IF_EQUAL, number, 0, how.len() as u8));
        program.extend(how);
    };
    if who != Who::Judge {
        judge(judged::SOCKET, one_of(0, &FAMILIES.map(|it| it as u32)));
    }
    judge(judged::CLONE, without(0, NAMESPACES as u32));
    judge(judged::MPROTECT, without(2, libc::PROT_EXEC as u32));
    judge(
        judged::MMAP,
        not_both(2, (libc::PROT_WRITE | libc::PROT_EXEC) as u32),
    );
    program.extend(search(&ranges(&allowed(who))));
    program
}

/// Lets through what has one of these values in an argument.
fn one_of(index: u32, values: &[u32]) -> Vec<sock_filter> {
    let mut steps = vec![step(LOAD, argument(index), 0, 0)];
    for (at, value) in values.iter().enumerate() {
        steps.push(step(IF_EQUAL, *value, (values.len() - at) as u8, 0));
    }
    steps.extend([give(FORBIDDEN), give(LET_THROUGH)]);
    steps
}

/// Lets through what has none of these bits in an argument.
fn without(index: u32, bits: u32) -> Vec<sock_filter> {
    vec![
        step(LOAD, argument(index), 0, 0),
        step(IF_ANY, bits, 0, 1),
        give(FORBIDDEN),
        give(LET_THROUGH),
    ]
}

/// Lets through what has not all of these bits in an argument.
fn not_both(index: u32, bits: u32) -> Vec<sock_filter> {
    vec![
        step(LOAD, argument(index), 0, 0),
        step(AND, bits, 0, 0),
        step(IF_EQUAL, bits, 0, 1),
        give(FORBIDDEN),
        give(LET_THROUGH),
    ]
}

/// Sorted numbers as ranges, both ends in them.
fn ranges(numbers: &[u32]) -> Vec<(u32, u32)> {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => ranges.push((*number, *number)),
        }
    }
    ranges
}

/// Lets through the numbers of sorted ranges, by halves.
fn search(ranges: &[(u32, u32)]) -> Vec<sock_filter> {
    match ranges {
        [] => vec![give(UNKNOWN)],
        [(first, last)] => vec![
            step(IF_AT_LEAST, *first, 0, 1),
            step(IF_GREATER, *last, 0, 1),
            give(UNKNOWN),
            give(LET_THROUGH),
        ],
        _ => {
            let (lower, upper) = ranges.split_at(ranges.len() / 2);
            let lower = search(lower);
            // A jump on a condition reaches 255 steps, one without it any number.
            let mut steps = vec![
                step(IF_AT_LEAST, upper[0].0, 0, 1),
                step(JUMP, lower.len() as u32, 0, 0),
            ];
            steps.extend(lower);
            steps.extend(search(upper));
            steps
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DAEMON: Who = Who::Daemon { restarts: false };

    /// What the kernel would say of a call: the program, run.
    fn run(program: &[sock_filter], arch: u32, number: u32, arguments: [u32; 3]) -> u32 {
        let (mut at, mut value) = (0, 0);
        loop {
            let step = &program[at];
            at += 1;
            let jump = |holds: bool| usize::from(if holds { step.jt } else { step.jf });
            match step.code {
                LOAD => {
                    value = match step.k {
                        NUMBER => number,
                        ARCHITECTURE => arch,
                        other => arguments[(other as usize - 16) / 8],
                    }
                }
                JUMP => at += step.k as usize,
                IF_EQUAL => at += jump(value == step.k),
                IF_GREATER => at += jump(value > step.k),
                IF_AT_LEAST => at += jump(value >= step.k),
                IF_ANY => at += jump(value & step.k != 0),
                AND => value &= step.k,
                RETURN => return step.k,
                other => panic!("no such step: {other:#x}"),
            }
        }
    }

    fn of_daemon(number: u32, arguments: [u32; 3]) -> u32 {
        run(&program(DAEMON), ARCH, number, arguments)
    }

    #[test]
    fn another_architectures_calls_end_the_process() {
        let number = libc::SYS_read as u32;
        assert_eq!(run(&program(DAEMON), ARCH ^ 1, number, [0; 3]), END);
        assert_eq!(run(&program(DAEMON), ARCH, number, [0; 3]), LET_THROUGH);
    }

    #[test]
    fn memory_is_not_written_and_executed_both() {
        let map = |how| of_daemon(judged::MMAP, [0, 0, how as u32]);
        assert_eq!(map(libc::PROT_READ | libc::PROT_WRITE), LET_THROUGH);
        assert_eq!(map(libc::PROT_READ | libc::PROT_EXEC), LET_THROUGH);
        assert_eq!(map(libc::PROT_WRITE | libc::PROT_EXEC), FORBIDDEN);
        let change = |how| of_daemon(judged::MPROTECT, [0, 0, how as u32]);
        assert_eq!(change(libc::PROT_READ), LET_THROUGH);
        assert_eq!(change(libc::PROT_READ | libc::PROT_EXEC), FORBIDDEN);
    }

    #[test]
    fn sockets_are_of_the_families_that_are_spoken() {
        let socket = |family| of_daemon(judged::SOCKET, [family as u32, 0, 0]);
        for family in FAMILIES {
            assert_eq!(socket(family), LET_THROUGH, "{family}");
        }
        for family in [libc::AF_PACKET, libc::AF_ALG, libc::AF_VSOCK, 0, 255] {
            assert_eq!(socket(family), FORBIDDEN, "{family}");
        }
        let of_judge = run(&program(Who::Judge), ARCH, judged::SOCKET, [1, 0, 0]);
        assert_eq!(of_judge, UNKNOWN);
    }

    #[test]
    fn threads_are_made_and_namespaces_are_not() {
        let clone = |flags| of_daemon(judged::CLONE, [flags as u32, 0, 0]);
        assert_eq!(clone(libc::CLONE_VM | libc::CLONE_THREAD), LET_THROUGH);
        assert_eq!(clone(libc::SIGCHLD), LET_THROUGH);
        assert_eq!(clone(libc::CLONE_NEWUSER | libc::SIGCHLD), FORBIDDEN);
        // Its flags are behind a pointer; libraries make threads by the other then.
        assert_eq!(of_daemon(libc::SYS_clone3 as u32, [0; 3]), UNKNOWN);
    }

    #[test]
    fn what_breaks_out_is_unknown() {
        let all = [
            libc::SYS_ptrace,
            libc::SYS_bpf,
            libc::SYS_mount,
            libc::SYS_init_module,
            libc::SYS_kexec_load,
            libc::SYS_unshare,
            libc::SYS_setns,
            libc::SYS_process_vm_writev,
            libc::SYS_perf_event_open,
            libc::SYS_userfaultfd,
            libc::SYS_setuid,
            libc::SYS_io_uring_setup,
        ];
        for number in all {
            assert_eq!(of_daemon(number as u32, [0; 3]), UNKNOWN, "{number}");
        }
        for number in [
            libc::SYS_execve,
            libc::SYS_connect,
            libc::SYS_unlinkat,
            libc::SYS_kill,
        ] {
            assert_eq!(of_daemon(number as u32, [0; 3]), LET_THROUGH, "{number}");
            let of_judge = run(&program(Who::Judge), ARCH, number as u32, [0; 3]);
            assert_eq!(of_judge, UNKNOWN, "{number}");
        }
    }

    #[test]
    fn a_machine_is_restarted_only_where_that_is_meant() {
        let reboot = |who| run(&program(who), ARCH, libc::SYS_reboot as u32, [0; 3]);
        assert_eq!(reboot(DAEMON), UNKNOWN);
        assert_eq!(reboot(Who::Judge), UNKNOWN);
        assert_eq!(reboot(Who::Daemon { restarts: true }), LET_THROUGH);
    }

    proptest! {
        #[test]
        fn exactly_what_is_in_ranges_is_let_through(
            numbers in proptest::collection::btree_set(0..2000u32, 0..400),
            asked in proptest::collection::vec(0..2100u32, 50),
        ) {
            let sorted: Vec<u32> = numbers.iter().copied().collect();
            let mut program = vec![step(LOAD, NUMBER, 0, 0)];
            program.extend(search(&ranges(&sorted)));
            prop_assert!(program.len() < 4096, "the kernel takes no more");
            for number in asked {
                let expected = if numbers.contains(&number) { LET_THROUGH } else { UNKNOWN };
                prop_assert_eq!(run(&program, ARCH, number, [0; 3]), expected);
            }
        }
    }
}
