//! How the memory is left when a snapshot of it is taken: isolates begin from these pages and share
//! them until they write to them, so what a request writes should lie together, and pages that
//! nobody needs should be as the base has them.
//!
//! Nothing of this changes what JavaScript sees. On other machines than the host's it does nothing.

use crate::vm::Vm;

/// Leaves the memory so that isolates may begin with it. Nothing may be running.
pub fn leave(vm: &Vm) {
    vm.freeze();
    #[cfg(target_arch = "wasm32")]
    memory::leave();
}

#[cfg(target_arch = "wasm32")]
mod memory {
    use core::hint::black_box;
    use std::alloc::{GlobalAlloc, Layout, System};

    /// Bytes of a page of wasm memory.
    const WASM_PAGE: usize = 64 * 1024;
    /// Bytes that isolates may allocate before they have to grow their memory, all of whose new
    /// pages are written then.
    const ROOM: usize = 256 * 1024;
    /// Free blocks of so many bytes and more are left for later; smaller ones are not used again.
    const HOLE: usize = 8 * 1024;
    /// Alignment of all blocks here.
    const ALIGN: usize = 8;
    /// Bytes of the mark, the last block in use.
    const MARK: usize = 16;
    /// Bytes that the allocator may have at the end of all memory.
    const SPARE: usize = 256;
    /// Bytes around the end of the stack that are left alone.
    const RED: usize = 1024;

    /// A block that is held for a while; it lies in the block itself.
    struct Held {
        next: *mut Held,
        size: usize,
    }

    fn layout(size: usize) -> Layout {
        // SAFETY: the alignment is a power of two, and sizes are far below 2^31.
        unsafe { Layout::from_size_align_unchecked(size, ALIGN) }
    }

    /// A block of zeros of the standard allocator, whose holes these are. The compiler must not
    /// see that nobody reads it.
    fn alloc_zeroed(size: usize) -> *mut u8 {
        // SAFETY: sizes here are not 0.
        black_box(unsafe { System.alloc_zeroed(layout(size)) })
    }

    fn end() -> usize {
        core::arch::wasm32::memory_size(0) * WASM_PAGE
    }

    /// Takes small holes for good, so that what comes later lies together, and has the rest of what
    /// is free be zeros.
    pub fn leave() {
        crate::heap::forget();
        let mut held: *mut Held = core::ptr::null_mut();
        let hold = |held: &mut *mut Held, block: *mut u8, size| {
            let block = block.cast::<Held>();
            // SAFETY: the block is at least so large, and nobody else's.
            unsafe { block.write(Held { next: *held, size }) };
            *held = block;
        };
        let before = end();
        // Large holes, and then what lies behind all that is in use, to the end of memory.
        let mark = loop {
            let block = alloc_zeroed(ROOM);
            if block.is_null() {
                break block;
            }
            if block as usize + 2 * ROOM > before {
                break block;
            }
            hold(&mut held, block, ROOM);
        };
        if !mark.is_null() {
            // SAFETY: a block of that layout; one that shrinks stays where it is.
            let mark = unsafe { System.realloc(mark, layout(ROOM), MARK) };
            let mut size = ROOM / 2;
            while size >= ALIGN {
                loop {
                    let block = alloc_zeroed(size);
                    if block.is_null() {
                        break;
                    }
                    if block > mark {
                        // SAFETY: it was just allocated.
                        unsafe { System.dealloc(block, layout(size)) };
                        break;
                    }
                    if size >= HOLE {
                        hold(&mut held, block, size);
                    }
                }
                size /= 2;
            }
            let behind = end().saturating_sub(mark as usize + SPARE);
            if behind > 0 {
                let block = alloc_zeroed(behind);
                if !block.is_null() {
                    // SAFETY: it was just allocated.
                    unsafe { System.dealloc(block, layout(behind)) };
                }
            }
            // SAFETY: a block of that layout.
            unsafe { System.dealloc(mark, layout(MARK)) };
        }
        while !held.is_null() {
            // SAFETY: it was written when it was held, and is freed as what it was allocated as.
            unsafe {
                let Held { next, size } = held.read();
                core::ptr::write_bytes(held, 0, 1);
                System.dealloc(held.cast(), layout(size));
                held = next;
            }
        }
        clear_stack();
    }

    /// Zeros what earlier calls left on the stack.
    #[inline(never)]
    fn clear_stack() {
        /// Something that lies among the static data.
        static DATA: u8 = 1;
        let here = black_box(0_u8);
        let frame = core::ptr::from_ref(black_box(&here)) as usize;
        // The stack lies below all else and grows towards 0.
        if frame < core::ptr::from_ref(&DATA) as usize && frame > 3 * RED {
            // SAFETY: below the frame of this function, which calls nothing that needs one, is
            // nothing that is in use.
            unsafe { core::ptr::write_bytes(RED as *mut u8, 0, frame - 2 * RED) };
        }
    }
}
