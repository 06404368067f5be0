//! Gives the functions of WASI to a guest, and charges them to it.

use super::{Errno, GuestMemory, Moved, OutputLimit, Stop, Wasi};
use crate::engine::module::imports::WASI_MODULE;
use wasmi::errors::HostError;
use wasmi::{Caller, Error, Extern, Linker, TrapCode};

/// Fuel of a call, whatever it does.
const CALL_FUEL: u64 = crate::engine::cost::CALL;
/// Bytes that the host moves for one fuel.
const BYTES_PER_FUEL: u64 = 64;

impl HostError for OutputLimit {}

/// Defines all of `wasi_snapshot_preview1` in `linker`. `state` finds the run's state in the
/// store's.
///
/// `proc_exit` ends the run with an error whose
/// [`i32_exit_status`](wasmi::Error::i32_exit_status) is the code; too much output ends it with
/// an [`OutputLimit`]. What the store has too little fuel for is done all the same, and owed:
/// see [`Wasi::take_owed_fuel`].
///
/// # Errors
///
/// When `linker` knows one of the names already.
pub fn link<T: 'static>(
    linker: &mut Linker<T>,
    state: impl Fn(&mut T) -> &mut Wasi + Copy + Send + Sync + 'static,
) -> Result<(), Error> {
    /// One function: its name, its arguments, and what it does with state and memory.
    macro_rules! define {
        ($name:ident($($arg:ident: $ty:ty),*) = |$wasi:pat_param, $memory:pat_param| $body:expr) => {
            linker.func_wrap(
                WASI_MODULE,
                stringify!($name),
                move |caller: Caller<'_, T>, $($arg: $ty),*| -> Result<u32, Error> {
                    call(caller, state, |$wasi, $memory| $body)
                },
            )?;
        };
        // What exists under the same name in `Wasi`.
        ($name:ident($($arg:ident: $ty:ty),*)) => {
            define!($name($($arg: $ty),*) = |wasi, memory| wasi.$name(memory, $($arg),*));
        };
    }
    define!(args_get(pointers: u32, buffer: u32));
    define!(args_sizes_get(count: u32, size: u32));
    define!(environ_get(pointers: u32, buffer: u32));
    define!(environ_sizes_get(count: u32, size: u32));
    define!(clock_res_get(clock: u32, out: u32));
    define!(clock_time_get(clock: u32, precision: u64, out: u32));
    define!(random_get(ptr: u32, len: u32));
    define!(poll_oneoff(subscriptions: u32, events: u32, count: u32, out: u32));
    define!(sched_yield() = |_, _| Ok(0));
    linker.func_wrap(
        WASI_MODULE,
        "proc_exit",
        move |mut caller: Caller<'_, T>, code: i32| -> Result<(), Error> {
            state(caller.data_mut()).exit_code = Some(code);
            Err(Error::i32_exit(code))
        },
    )?;
    define!(proc_raise(_signal: u32) = |_, _| Err(Errno::Nosys.into()));

    define!(fd_read(fd: u32, iovecs: u32, count: u32, out: u32));
    define!(fd_write(fd: u32, iovecs: u32, count: u32, out: u32));
    define!(fd_close(fd: u32) = |wasi, _| wasi.fd_close(fd));
    define!(fd_fdstat_get(fd: u32, out: u32));
    define!(fd_filestat_get(fd: u32, out: u32));
    define!(fd_seek(fd: u32, _offset: i64, _whence: u32, _out: u32) = |wasi, _| wasi.fd_seek(fd));
    define!(fd_tell(fd: u32, _out: u32) = |wasi, _| wasi.fd_seek(fd));
    define!(fd_pread(fd: u32, _iovecs: u32, _count: u32, _offset: u64, _out: u32)
        = |wasi, _| wasi.fd_seek(fd));
    define!(fd_pwrite(fd: u32, _iovecs: u32, _count: u32, _offset: u64, _out: u32)
        = |wasi, _| wasi.fd_seek(fd));
    define!(fd_advise(fd: u32, _offset: u64, _len: u64, _advice: u32)
        = |wasi, _| wasi.fd_unsupported(fd));
    define!(fd_allocate(fd: u32, _offset: u64, _len: u64) = |wasi, _| wasi.fd_unsupported(fd));
    define!(fd_datasync(fd: u32) = |wasi, _| wasi.fd_unsupported(fd));
    define!(fd_fdstat_set_flags(fd: u32, _flags: u32) = |wasi, _| wasi.fd_unsupported(fd));
    define!(fd_fdstat_set_rights(fd: u32, _base: u64, _inheriting: u64)
        = |wasi, _| wasi.fd_unsupported(fd));
    define!(fd_filestat_set_size(fd: u32, _size: u64) = |wasi, _| wasi.fd_unsupported(fd));
    define!(fd_filestat_set_times(fd: u32, _accessed: u64, _modified: u64, _flags: u32)
        = |wasi, _| wasi.fd_unsupported(fd));
    define!(fd_readdir(fd: u32, _buffer: u32, _len: u32, _cookie: u64, _out: u32)
        = |wasi, _| wasi.fd_unsupported(fd));
    define!(fd_renumber(fd: u32, _to: u32) = |wasi, _| wasi.fd_unsupported(fd));
    define!(fd_sync(fd: u32) = |wasi, _| wasi.fd_unsupported(fd));

    // There are no directories and no sockets.
    macro_rules! no_such_descriptor {
        ($($name:ident($($arg:ident: $ty:ty),*);)*) => {
            $(define!($name($($arg: $ty),*) = |_, _| Err(Errno::Badf.into()));)*
        };
    }
    no_such_descriptor! {
        fd_prestat_get(_fd: u32, _out: u32);
        fd_prestat_dir_name(_fd: u32, _path: u32, _len: u32);
        path_create_directory(_fd: u32, _path: u32, _len: u32);
        path_filestat_get(_fd: u32, _flags: u32, _path: u32, _len: u32, _out: u32);
        path_filestat_set_times(
            _fd: u32, _flags: u32, _path: u32, _len: u32, _accessed: u64, _modified: u64, _set: u32
        );
        path_link(
            _fd: u32, _flags: u32, _path: u32, _len: u32, _to: u32, _to_path: u32, _to_len: u32
        );
        path_open(
            _fd: u32, _look: u32, _path: u32, _len: u32, _open: u32, _base: u64, _inheriting: u64,
            _flags: u32, _out: u32
        );
        path_readlink(_fd: u32, _path: u32, _len: u32, _buffer: u32, _buffer_len: u32, _out: u32);
        path_remove_directory(_fd: u32, _path: u32, _len: u32);
        path_rename(_fd: u32, _path: u32, _len: u32, _to: u32, _to_path: u32, _to_len: u32);
        path_symlink(_old: u32, _old_len: u32, _fd: u32, _path: u32, _len: u32);
        path_unlink_file(_fd: u32, _path: u32, _len: u32);
        sock_accept(_fd: u32, _flags: u32, _out: u32);
        sock_recv(_fd: u32, _iovecs: u32, _count: u32, _flags: u32, _len: u32, _out: u32);
        sock_send(_fd: u32, _iovecs: u32, _count: u32, _flags: u32, _len: u32);
        sock_shutdown(_fd: u32, _how: u32);
    }
    Ok(())
}

/// Does one call on the caller's memory and charges it.
fn call<T: 'static>(
    mut caller: Caller<'_, T>,
    state: impl Fn(&mut T) -> &mut Wasi,
    work: impl FnOnce(&mut Wasi, &mut GuestMemory<'_>) -> Moved,
) -> Result<u32, Error> {
    // Modules without a memory were refused.
    let Some(Extern::Memory(memory)) = caller.get_export(postern_abi::export::MEMORY) else {
        return Ok(Errno::Fault as u32);
    };
    let (bytes, data) = memory.data_and_store_mut(&mut caller);
    let moved = work(state(data), &mut GuestMemory::new(bytes));
    let bytes = moved.as_ref().map_or(0, |moved| *moved as u64);
    let work = std::mem::take(&mut state(caller.data_mut()).work_fuel);
    let owed = charge(&mut caller, CALL_FUEL + work + bytes / BYTES_PER_FUEL);
    let wasi = state(caller.data_mut());
    wasi.owed_fuel = wasi.owed_fuel.saturating_add(owed);
    if wasi.owed_fuel > wasi.owed_fuel_max {
        // Nothing else stops calls in a straight line.
        return Err(TrapCode::OutOfFuel.into());
    }
    match moved {
        Ok(_) => Ok(0),
        Err(Stop::Errno(errno)) => Ok(errno as u32),
        Err(Stop::OutputLimit(limit)) => Err(Error::host(limit)),
    }
}

/// Takes fuel from the store; tells what it had too little of.
fn charge<T>(caller: &mut Caller<'_, T>, cost: u64) -> u64 {
    // Without fuel metering there is nothing to charge.
    let Ok(fuel) = caller.get_fuel() else {
        return 0;
    };
    match caller.set_fuel(fuel.saturating_sub(cost)) {
        Ok(()) => cost.saturating_sub(fuel),
        Err(_) => 0,
    }
}
