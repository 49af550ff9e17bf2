//! Where the program starts on Linux: at the C library's `main`, without what Rust's runtime does before its own.
//!
//! The runtime looks for the bounds of the stack, which Linux tells in a file of text, and makes a stack for
//! the handler of overflows. With what belongs to it, this takes a fiftieth of the time of a common chart, and
//! is of little use: the work has another stack (see [`crate::room`]). What is given up is the message of a stack that
//! overflows, which bounds everywhere forbid; it ends in a fault all the same. The two things that matter are done
//! here.

use std::ffi::c_int;

// SAFETY: the C library calls `main`, and the program has no other function of this name.
#[unsafe(no_mangle)]
extern "C" fn main() -> c_int {
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
