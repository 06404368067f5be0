//! The allocator: small pieces that were given back are kept by size, and given out again in a few
//! instructions; all else is the standard one's.
//!
//! QuickJS has arenas of its own for small objects, so what passes here is Rust's. Kept pieces are
//! never joined: what they hold at most is what small pieces held at once.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;

/// Bytes of the largest piece that is kept.
const SMALL: usize = 512;
/// Sizes are rounded up to this, which is also the largest alignment of small pieces.
const STEP: usize = 16;
const CLASSES: usize = SMALL / STEP;

/// For each size the first piece that is kept; each piece holds where the next is.
struct Heap(UnsafeCell<[*mut u8; CLASSES]>);

// SAFETY: a guest has one thread.
unsafe impl Sync for Heap {}

#[global_allocator]
static HEAP: Heap = Heap(UnsafeCell::new([std::ptr::null_mut(); CLASSES]));

/// Forgets the pieces that are kept, for good: they lie strewn over pages that a snapshot leaves to
/// be shared.
pub fn forget() {
    // SAFETY: one thread, and nobody else looks at the lists meanwhile.
    unsafe { (*HEAP.0.get()).fill(std::ptr::null_mut()) };
}

/// Which size this is; `None` for what is not small. Of zero bytes nothing is allocated.
fn class(layout: Layout) -> Option<usize> {
    let is_small = layout.size() <= SMALL && layout.align() <= STEP;
    is_small.then(|| layout.size().wrapping_sub(1) / STEP)
}

// SAFETY: pieces come from the standard allocator, with the size and alignment of their class, and
// are in a list only while nobody has them.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(class) = class(layout) else {
            // SAFETY: as the caller promises.
            return unsafe { System.alloc(layout) };
        };
        // SAFETY: one thread, and no reference lives outside of this function; a piece in the list
        // holds a pointer.
        unsafe {
            let list = (*self.0.get()).get_unchecked_mut(class);
            let first = *list;
            if !first.is_null() {
                *list = *first.cast::<*mut u8>();
                return first;
            }
            System.alloc(Layout::from_size_align_unchecked((class + 1) * STEP, STEP))
        }
    }

    unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
        let Some(class) = class(layout) else {
            // SAFETY: as the caller promises.
            return unsafe { System.dealloc(piece, layout) };
        };
        // SAFETY: as above; the piece is nobody's now and large enough for a pointer.
        unsafe {
            let list = (*self.0.get()).get_unchecked_mut(class);
            *piece.cast::<*mut u8>() = *list;
            *list = piece;
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if class(layout).is_none() {
            // SAFETY: as the caller promises.
            return unsafe { System.alloc_zeroed(layout) };
        }
        // SAFETY: as the caller promises; the piece has so many bytes.
        unsafe {
            let piece = self.alloc(layout);
            if !piece.is_null() {
                piece.write_bytes(0, layout.size());
            }
            piece
        }
    }

    unsafe fn realloc(&self, piece: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as the caller promises.
        let new = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        match (class(layout), class(new)) {
            // SAFETY: as the caller promises.
            (None, None) => unsafe { System.realloc(piece, layout, size) },
            (one, other) if one == other => piece,
            _ => {
                // SAFETY: both have as many bytes as are copied, and do not overlap.
                unsafe {
                    let moved = self.alloc(new);
                    if !moved.is_null() {
                        let len = layout.size().min(size);
                        std::ptr::copy_nonoverlapping(piece, moved, len);
                        self.dealloc(piece, layout);
                    }
                    moved
                }
            }
        }
    }
}
