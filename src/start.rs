//! Where the program starts on Linux: at the C library's `main`, without what Rust's runtime does before its own.
//!
//! The runtime looks for the bounds of the stack, which Linux tells in a file of text, and makes a stack for
//! the handler of overflows. With what belongs to it, this takes a fiftieth of the time of a common chart, and
//! is of little use: the work has another stack (see [`crate::room`]). What is given up is the message of a stack that
//! overflows, which bounds everywhere forbid; it ends in a fault all the same. The two things that matter are done
//! here.
//!
//! Besides, the system's allocator is told to take memory by large steps, and the pages that every render needs are
//! made at once.

use std::ffi::c_int;

/// Bytes of the system's heap whose pages are made at the start. Nearly every render uses them.
const HEAP: usize = 384 << 10;
/// Bytes of a block that is large, but not so large that it gets a mapping of its own instead of a place in the
/// heap.
const LARGE: usize = 120 << 10;

// SAFETY: the C library calls `main`, and the program has no other function of this name.
#[unsafe(no_mangle)]
extern "C" fn main() -> c_int {
    set_up_heap();
    open_closed_streams();
    // SAFETY: no other thread runs yet, and no handler is called: to write where nobody reads any more becomes
    // an error like others.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    std::process::exit(crate::room::run().into())
}

/// Opens stdin, stdout and stderr to nowhere if they are closed: else the next files that are opened would take
/// their places, and what is printed would end up in them.
fn open_closed_streams() {
    for stream in 0..=2 {
        // SAFETY: to ask for a descriptor's flags changes nothing. Descriptors are opened in ascending order, so
        // the null device takes this one's place, those below being open.
        unsafe {
            if libc::fcntl(stream, libc::F_GETFD) == -1
                && libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) == -1
            {
                libc::abort();
            }
        }
    }
}

/// Has the system's allocator keep one heap that grows by large steps, and makes its first pages.
fn set_up_heap() {
    // SAFETY: `mallopt` only sets numbers; no other thread runs yet. The advice changes nothing but when pages are
    // made, wherever they are.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
        libc::mallopt(libc::M_TOP_PAD, 1 << 20);
        libc::mallopt(libc::M_TRIM_THRESHOLD, 64 << 20);
        // The first block may have its place in what the heap had before. The second makes it grow, by what is set
        // above, so that it goes on behind the first for as long as pages are made.
        let (first, second) = (libc::malloc(LARGE), libc::malloc(LARGE));
        let page = first.map_addr(|address| address.next_multiple_of(4096));
        libc::madvise(page, HEAP, libc::MADV_POPULATE_WRITE);
        libc::free(second);
        libc::free(first);
    }
}
