//! The few calls of the kernel's that no library wraps. All `unsafe` of process 1 is here: an
//! `ioctl` reads a structure whose shape only the number says.

use rustix::ioctl::{Opcode, Setter, Updater, ioctl, opcode};
use std::ffi::{c_int, c_void};
use std::fs::File;
use std::io;

/// `struct blkpg_partition`.
#[repr(C)]
struct BlockPartition {
    start: i64,
    length: i64,
    number: c_int,
    device_name: [u8; 64],
    volume_name: [u8; 64],
}

/// `struct blkpg_ioctl_arg`.
#[repr(C)]
struct BlockCall {
    operation: c_int,
    flags: c_int,
    length: c_int,
    data: *const c_void,
}

const BLKPG: Opcode = opcode::none(0x12, 105);
/// An operation of `BLKPG`.
const RESIZE_PARTITION: c_int = 3;

/// Tells the kernel a partition's new size, also while the partition is in use.
pub(super) fn resize_partition(
    disk: &File,
    number: usize,
    offset: u64,
    size: u64,
) -> io::Result<()> {
    let partition = BlockPartition {
        start: i64::try_from(offset).map_err(io::Error::other)?,
        length: i64::try_from(size).map_err(io::Error::other)?,
        number: c_int::try_from(number).map_err(io::Error::other)?,
        device_name: [0; 64],
        volume_name: [0; 64],
    };
    let call = BlockCall {
        operation: RESIZE_PARTITION,
        flags: 0,
        length: c_int::try_from(size_of::<BlockPartition>()).map_err(io::Error::other)?,
        data: (&raw const partition).cast(),
    };
    // SAFETY: BLKPG reads a `blkpg_ioctl_arg`, whose pointer leads to a `blkpg_partition` of the
    // length that is given; both are laid out as in C and live until the call returns.
    unsafe { ioctl(disk, Setter::<BLKPG, BlockCall>::new(call)) }?;
    Ok(())
}

const EXT4_RESIZE: Opcode = opcode::write::<u64>(b'f', 16);

/// Grows a mounted ext4 to a number of blocks. `root` is its uppermost folder.
pub(super) fn resize_ext4(root: &File, blocks: u64) -> io::Result<()> {
    // SAFETY: EXT4_IOC_RESIZE_FS reads a 64-bit number.
    unsafe { ioctl(root, Setter::<EXT4_RESIZE, u64>::new(blocks)) }?;
    Ok(())
}

const WATCHDOG_TIMEOUT: Opcode = opcode::read_write::<c_int>(b'W', 6);

/// Has a watchdog bite after so many seconds, or what its hardware makes of that; which it tells.
pub(super) fn watchdog_timeout(watchdog: &File, seconds: c_int) -> io::Result<c_int> {
    let mut set = seconds;
    // SAFETY: WDIOC_SETTIMEOUT reads and writes an int.
    unsafe { ioctl(watchdog, Updater::<WATCHDOG_TIMEOUT, c_int>::new(&mut set)) }?;
    Ok(set)
}

/// Bytes of a seed.
pub(super) const SEED: usize = 256;

/// `struct rand_pool_info` with a seed.
#[repr(C)]
struct Randomness {
    entropy_bits: c_int,
    length: c_int,
    seed: [u8; SEED],
}

const ADD_ENTROPY: Opcode = opcode::write::<[c_int; 2]>(b'R', 3);

/// Mixes a seed into the kernel's randomness and has it count as random.
pub(super) fn credit_entropy(random: &File, seed: [u8; SEED]) -> io::Result<()> {
    let length = c_int::try_from(SEED).map_err(io::Error::other)?;
    let randomness = Randomness {
        entropy_bits: 8 * length,
        length,
        seed,
    };
    // SAFETY: RNDADDENTROPY reads two ints, and as many bytes after them as the second says.
    unsafe { ioctl(random, Setter::<ADD_ENTROPY, Randomness>::new(randomness)) }?;
    Ok(())
}
