//! The program's allocator: blocks come from free lists of their thread, very large ones from the system.
//!
//! A render makes some hundred thousand small, short-lived blocks, all on one thread. The system's allocator
//! spends a fifth of a render's instructions on them. Here a block is taken from a list and put back by a few
//! instructions.
//!
//! On Linux, memory is asked for by huge pages. To make and give back a common page takes 2 µs, and a render of a
//! common chart needs 400 of them; one huge page, which takes 200 µs, has room for all.
//!
//! Memory is never given back: what blocks used stays with their thread, for blocks of the same size. The library
//! does not need all this; only the program uses it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::ptr::{self, NonNull};

/// Small blocks are multiples of this, and all blocks are aligned to it.
const STEP: usize = 16;
/// The largest small block, in bytes: up to here, there is a list for each multiple of [`STEP`].
const SMALL: usize = 1 << 10;
/// The largest block of the free lists, in bytes. Above [`SMALL`], there are four lists for each doubling. What is larger
/// is seldom asked for again, and the system has a use for it.
const LARGEST: usize = 512 << 10;
/// How many lists there are.
const LISTS_COUNT: usize = SMALL / STEP + 4 * (LARGEST / SMALL).ilog2() as usize;

/// Bytes of a huge page, on nearly all machines.
#[cfg(target_os = "linux")]
pub const HUGE_PAGE: usize = 2 << 20;
/// Bytes of a chunk of memory. They are only reserved: memory is taken a huge page at a time.
#[cfg(target_os = "linux")]
pub const CHUNK: usize = 64 << 20;
/// Bytes of a chunk of memory.
#[cfg(not(target_os = "linux"))]
const CHUNK: usize = LARGEST;

/// See the module.
pub struct Pool;

/// A block that nobody uses; it holds the next one of its size.
struct Free {
    next: Option<NonNull<Free>>,
}

/// What one thread has.
struct Lists {
    /// Unused blocks by size.
    free: [Option<NonNull<Free>>; LISTS_COUNT],
    /// The rest of the newest chunk: where it starts, and how many bytes it has.
    rest: *mut u8,
    left: usize,
}

impl Lists {
    const EMPTY: Lists = Lists { free: [None; LISTS_COUNT], rest: ptr::null_mut(), left: 0 };
}

thread_local! {
    // Without a destructor, so that it is there as long as the thread allocates.
    static LISTS: UnsafeCell<Lists> =
        const { UnsafeCell::new(Lists::EMPTY) };
}

/// The list for blocks of this layout; `None` if they come from the system.
fn list_of(layout: Layout) -> Option<usize> {
    let size = layout.size();
    if size > LARGEST || layout.align() > STEP {
        return None;
    }
    let last = size.saturating_sub(1);
    if size <= SMALL {
        return Some(last / STEP);
    }
    let doubling = last.ilog2();
    let quarter = (last >> (doubling - 2)) & 3;
    Some(SMALL / STEP + 4 * (doubling - SMALL.ilog2()) as usize + quarter)
}

/// How many bytes the blocks of a list have.
fn size_of(list: usize) -> usize {
    match list.checked_sub(SMALL / STEP) {
        None => (list + 1) * STEP,
        Some(large) => (5 + large % 4) << (SMALL.ilog2() as usize - 2 + large / 4),
    }
}

/// Gives the thread memory to take blocks from.
///
/// # Safety
/// So many bytes from there on can be written, are nobody else's, and stay. They start at a multiple of 16.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub unsafe fn provide(start: *mut u8, bytes: usize) {
    // SAFETY: only this thread reaches its lists, and nobody has a reference to them now.
    LISTS.with(|lists| {
        let lists = unsafe { &mut *lists.get() };
        (lists.rest, lists.left) = (start, bytes);
    });
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
        let size = size_of(list);
        if size > self.left {
            // What is left of the old chunk is given up: at most a block.
            let chunk = new_chunk();
            if chunk.is_null() {
                // There may still be memory for a block.
                return match Layout::from_size_align(size, STEP) {
                    // SAFETY: the layout has a size.
                    Ok(layout) => unsafe { System.alloc(layout) },
                    Err(_) => chunk,
                };
            }
            (self.rest, self.left) = (chunk, CHUNK);
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
        let size = size_of(list);
        if list >= SMALL / STEP && block.addr() + size == self.rest.addr() {
            // The last one of the chunk: its bytes may be of use for blocks of any size. (Should it be the last of another
            // chunk, which ends where this one begins, both are one piece of memory all the same.)
            self.rest = block;
            self.left += size;
            return;
        }
        let block = block.cast::<Free>();
        // SAFETY: a block has room for a `Free` and is aligned for it, as all are to `STEP`; and it is ours by the
        // caller's word.
        unsafe { block.write(Free { next: self.free[list] }) };
        self.free[list] = NonNull::new(block);
    }

    /// Makes a block larger where it is, if it is the last of the newest chunk.
    fn extend(&mut self, block: *mut u8, old: usize, new: usize) -> bool {
        let (old, new) = (size_of(old), size_of(new));
        let is_last = block.addr() + old == self.rest.addr();
        if !is_last || new < old || new - old > self.left {
            return false;
        }
        // SAFETY: so many bytes are left of the chunk, so this stays within it or at its end.
        self.rest = unsafe { self.rest.add(new - old) };
        self.left -= new - old;
        true
    }
}

/// A chunk of memory; null if there is none.
#[cfg(target_os = "linux")]
fn new_chunk() -> *mut u8 {
    let (read_write, private) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    let kind = private | libc::MAP_NORESERVE;
    // SAFETY: an anonymous mapping wherever there is room touches no memory that is in use.
    let mapped = unsafe { libc::mmap(ptr::null_mut(), CHUNK + HUGE_PAGE, read_write, kind, -1, 0) };
    if mapped == libc::MAP_FAILED {
        return ptr::null_mut();
    }
    let chunk = mapped.map_addr(|address| address.next_multiple_of(HUGE_PAGE));
    // SAFETY: the chunk lies within what was mapped; the advice only tells how to make its pages.
    unsafe { libc::madvise(chunk, CHUNK, libc::MADV_HUGEPAGE) };
    chunk.cast()
}

/// A chunk of memory; null if there is none.
#[cfg(not(target_os = "linux"))]
fn new_chunk() -> *mut u8 {
    match Layout::from_size_align(CHUNK, STEP) {
        // SAFETY: the layout has a size.
        Ok(layout) => unsafe { System.alloc(layout) },
        Err(_) => ptr::null_mut(),
    }
}

// SAFETY: blocks of the lists are distinct parts of memory that is never given back to the system, large enough and aligned
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
            // SAFETY: as in `alloc`.
            (Some(old), Some(new))
                if LISTS.with(|lists| unsafe { &mut *lists.get() }.extend(block, old, new)) =>
            {
                block
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(size: usize) -> Layout {
        Layout::from_size_align(size, 8).unwrap()
    }

    #[test]
    fn each_size_has_a_list_whose_blocks_hold_it() {
        for size in (0..=4 * SMALL).chain((4 * SMALL..=LARGEST).step_by(997)).chain([LARGEST]) {
            let list = list_of(layout(size)).unwrap();
            assert!(list < LISTS_COUNT, "{size}");
            let bytes = size_of(list);
            assert!(bytes >= size && bytes.is_multiple_of(STEP), "{size}: {bytes}");
            assert!(bytes <= size + STEP.max(size / 4), "{size}: {bytes}");
            assert!(list == 0 || size_of(list - 1) < size, "{size}: the list before would do");
        }
        assert_eq!(list_of(layout(LARGEST)), Some(LISTS_COUNT - 1));
        assert_eq!(list_of(layout(LARGEST + 1)), None);
        assert_eq!(list_of(Layout::from_size_align(8, 64).unwrap()), None);
    }

    #[test]
    fn blocks_keep_what_is_in_them_however_they_grow_and_shrink() {
        let sizes =
            [1, 16, 17, 900, 1024, 1025, 1500, 40_000, 300_000, 1 << 20, (1 << 20) + 1, 3 << 20, 5000, 3];
        let mut blocks = vec![Vec::<u8>::new(); 8];
        for (turn, size) in sizes.iter().cycle().take(200).enumerate() {
            let place = turn % blocks.len();
            let block = &mut blocks[place];
            assert!(block.iter().all(|byte| usize::from(*byte) == place));
            block.resize(*size, place as u8);
            block.shrink_to_fit();
        }
    }

    #[test]
    fn the_last_block_grows_where_it_is_and_gives_its_bytes_back() {
        let [small, large] = [2000, 5000].map(|size| list_of(layout(size)).unwrap());
        let mut lists = Lists::EMPTY;
        let first = lists.take(small);
        assert!(lists.extend(first, small, large));
        let second = lists.take(small);
        assert_eq!(second.addr(), first.addr() + size_of(large));
        assert!(!lists.extend(first, large, large + 1), "it isn't the last any more");
        let left = lists.left;
        // SAFETY: both blocks are of these lists, and nobody uses them.
        unsafe { lists.put(second, small) };
        assert_eq!((lists.rest, lists.left), (second, left + size_of(small)));
        unsafe { lists.put(first, large) };
        assert_eq!((lists.rest, lists.free.iter().flatten().count()), (first, 0));
    }

    #[test]
    fn what_is_zeroed_is_zeroed_also_in_used_blocks() {
        for size in [40, 2000, 100_000, 2 << 20] {
            drop(vec![7_u8; size]);
            assert!(vec![0_u8; size].iter().all(|byte| *byte == 0));
        }
    }

    #[test]
    fn blocks_of_one_thread_end_on_another() {
        let made = std::thread::spawn(|| (0..1000).map(|n| vec![n as u8; n * 7]).collect::<Vec<_>>());
        let made = made.join().unwrap();
        assert!(made.iter().enumerate().all(|(n, block)| block.iter().all(|byte| *byte == n as u8)));
        drop(made);
        let again: Vec<_> = (0..1000).map(|n| vec![1_u8; n * 7]).collect();
        assert!(again.iter().flatten().all(|byte| *byte == 1));
    }
}
