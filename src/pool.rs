//! The program's allocator: small blocks come from free lists of their thread, large ones from the system.
//!
//! A render makes some hundred thousand small, short-lived blocks, all on one thread. The system's allocator
//! spends a fifth of a render's instructions on them, and on Linux grows a thread's heap page by page, with a
//! system call and a page fault each. Here a block is taken from a list and put back by a few instructions, and
//! memory comes in chunks whose pages are made at once. Measured over the corpus, a render takes a fifth less
//! CPU time. The library does not need it; only the program uses it.
//!
//! Chunks are never given back: what small blocks used stays with their thread, for blocks of the same size.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::ptr::{self, NonNull};

/// Blocks are multiples of this, and aligned to it.
const STEP: usize = 16;
/// The largest block of the free lists, in bytes.
const LARGEST: usize = 1024;
/// Bytes of a thread's first chunks. Later ones are a quarter of what the thread has, up to [`LARGEST_CHUNK`]: to
/// make pages that nobody uses takes half as long as to make the others one by one.
const SMALLEST_CHUNK: usize = 64 << 10;
/// Bytes of the largest chunks.
const LARGEST_CHUNK: usize = 1 << 20;

/// See the module.
pub struct Pool;

/// A block that nobody uses; it holds the next one of its size.
struct Free {
    next: Option<NonNull<Free>>,
}

/// What one thread has.
struct Lists {
    /// Unused blocks by size: of `STEP` bytes, of twice as many, and so on.
    free: [Option<NonNull<Free>>; LARGEST / STEP],
    /// The rest of the newest chunk: where it starts, and how many bytes it has.
    rest: *mut u8,
    left: usize,
    /// How many bytes all chunks have.
    taken: usize,
}

impl Lists {
    const EMPTY: Lists = Lists { free: [None; LARGEST / STEP], rest: ptr::null_mut(), left: 0, taken: 0 };
}

thread_local! {
    // Without a destructor, so that it is there as long as the thread allocates.
    static LISTS: UnsafeCell<Lists> =
        const { UnsafeCell::new(Lists::EMPTY) };
}

/// The list for blocks of this layout; `None` if they come from the system.
fn list_of(layout: Layout) -> Option<usize> {
    let size = layout.size();
    (size <= LARGEST && layout.align() <= STEP).then(|| size.saturating_sub(1) / STEP)
}

impl Lists {
    /// A block of the list's size; null if there is no memory.
    fn take(&mut self, list: usize) -> *mut u8 {
        if let Some(block) = self.free[list] {
            // SAFETY: the block is in the list, so it was put there by `put`, which wrote a `Free`, and nobody
            // has used it since.
            self.free[list] = unsafe { block.as_ref() }.next;
            return block.as_ptr().cast();
        }
        let size = (list + 1) * STEP;
        if size > self.left {
            // What is left of the old chunk is given up: at most a block.
            let bytes =
                (self.taken / 4).clamp(SMALLEST_CHUNK, LARGEST_CHUNK) / SMALLEST_CHUNK * SMALLEST_CHUNK;
            let chunk = new_chunk(bytes);
            if chunk.is_null() {
                return chunk;
            }
            (self.rest, self.left) = (chunk, bytes);
            self.taken += bytes;
        }
        let block = self.rest;
        // SAFETY: `size` bytes are left of the chunk, so this stays within it or at its end.
        self.rest = unsafe { block.add(size) };
        self.left -= size;
        block
    }

    /// Takes a block back.
    ///
    /// # Safety
    /// The block is of this list's size and of this allocator, and nobody uses it any more.
    unsafe fn put(&mut self, block: *mut u8, list: usize) {
        let block = block.cast::<Free>();
        // SAFETY: a block has room for a `Free` and is aligned for it: it is a multiple of `STEP` from the start
        // of a chunk; and it is ours by the caller's word.
        unsafe { block.write(Free { next: self.free[list] }) };
        self.free[list] = NonNull::new(block);
    }
}

/// A chunk of memory, its pages in place; null if there is none.
#[cfg(target_os = "linux")]
fn new_chunk(size: usize) -> *mut u8 {
    let (read_write, private) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: an anonymous mapping wherever there is room touches no memory that is in use.
    let chunk = unsafe { libc::mmap(ptr::null_mut(), size, read_write, private | libc::MAP_POPULATE, -1, 0) };
    if chunk == libc::MAP_FAILED { ptr::null_mut() } else { chunk.cast() }
}

/// A chunk of memory; null if there is none.
#[cfg(not(target_os = "linux"))]
fn new_chunk(size: usize) -> *mut u8 {
    match Layout::from_size_align(size, STEP) {
        // SAFETY: the layout has a size.
        Ok(layout) => unsafe { System.alloc(layout) },
        Err(_) => ptr::null_mut(),
    }
}

// SAFETY: blocks of the lists are distinct parts of chunks that are never given back, large enough and aligned
// for every layout that `list_of` admits; all others are the system's. Which of both a block is, its layout
// tells, and the caller gives the same layout back. A block freed on another thread than it was made on joins
// that thread's list; each thread only touches its own lists.
unsafe impl GlobalAlloc for Pool {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match list_of(layout) {
            // SAFETY: only this thread reaches its lists, and nothing in `take` allocates, so that there is no
            // second reference.
            Some(list) => LISTS.with(|lists| unsafe { &mut *lists.get() }.take(list)),
            // SAFETY: the caller's promises are the system's.
            None => unsafe { System.alloc(layout) },
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match list_of(layout) {
            // SAFETY: as in `alloc`; the caller gives back a block of this layout.
            Some(list) => LISTS.with(|lists| unsafe { (*lists.get()).put(block, list) }),
            // SAFETY: as the layout says, the block is the system's.
            None => unsafe { System.dealloc(block, layout) },
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if list_of(layout).is_none() {
            // SAFETY: the caller's promises are the system's.
            return unsafe { System.alloc_zeroed(layout) };
        }
        // SAFETY: the caller's promises are those of `alloc`; the block has the layout's size.
        unsafe {
            let block = self.alloc(layout);
            if !block.is_null() {
                block.write_bytes(0, layout.size());
            }
            block
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller promises that the size fits a layout of this alignment.
        let new = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        match (list_of(layout), list_of(new)) {
            (Some(old), Some(new)) if old == new => block,
            // SAFETY: the block is the system's, and stays so.
            (None, None) => unsafe { System.realloc(block, layout, size) },
            // SAFETY: both blocks are as large as what is copied, and distinct; the old one is given back by the
            // layout it was made with.
            _ => unsafe {
                let moved = self.alloc(new);
                if !moved.is_null() {
                    ptr::copy_nonoverlapping(block, moved, layout.size().min(size));
                    self.dealloc(block, layout);
                }
                moved
            },
        }
    }
}
