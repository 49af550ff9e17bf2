//! A large stack for the program, and its first memory.
//!
//! Templates nest deeper than a thread's common stack allows. A thread of its own with a large stack costs a
//! common chart a tenth of its time, most of it to wake one thread and then the other on another processor. On
//! Linux the one thread changes its stack instead. The library does not need it; only the program uses it.

use torii::diagnostic::Error;

/// Bytes of stack for the work. They are only reserved: memory is taken as deep as the recursion goes.
const STACK: usize = 512 << 20;

/// What the program does, on a large stack.
pub fn run() -> u8 {
    on_large_stack(crate::cli::run).unwrap_or_else(|e| {
        let error = Error::new(format!("making a stack: {e}"));
        let hint = "torii reserves 600 MiB of address space; `ulimit -v` may forbid that";
        crate::cli::fail(&error.hint(hint))
    })
}

/// Runs the work on a large stack. It must not panic.
///
/// # Errors
/// When the system gives no such stack.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn on_large_stack(work: fn() -> u8) -> std::io::Result<u8> {
    use std::io;
    use std::ptr;

    use crate::pool::{self, CHUNK, HUGE_PAGE};

    /// More than a page of any machine. Whatever reaches it has used up the stack, and is stopped there.
    const GUARD: usize = 64 << 10;
    /// Bytes of stack that share a huge page with the first memory of the allocator. Most commands use no more.
    const USED: usize = 128 << 10;
    /// Bytes of it and of the allocator's memory that nearly every render needs. Where there are no huge pages, to make
    /// common ones at once takes less time than one by one.
    const NEEDED: usize = 512 << 10;

    let read_write = libc::PROT_READ | libc::PROT_WRITE;
    let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    let bytes = GUARD + STACK + HUGE_PAGE + CHUNK;
    // SAFETY: an anonymous mapping wherever there is room touches no memory that is in use.
    let mapped = unsafe { libc::mmap(ptr::null_mut(), bytes, read_write, kind, -1, 0) };
    if mapped == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: this is the lower end of what was mapped, and nobody uses it.
    if unsafe { libc::mprotect(mapped, GUARD, libc::PROT_NONE) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the guard and the stack lie within what was mapped.
    let (base, least) = unsafe { (mapped.add(GUARD), mapped.add(GUARD + STACK)) };
    let chunk = least.map_addr(|address| address.next_multiple_of(HUGE_PAGE));
    // SAFETY: with a huge page for the alignment, that many bytes were mapped from there on, and nobody uses them:
    // the first are the upper end of the stack, the others are given to the allocator. The advice only tells how to
    // make their pages.
    let top = unsafe {
        libc::madvise(chunk, CHUNK, libc::MADV_HUGEPAGE);
        libc::madvise(chunk, NEEDED, libc::MADV_POPULATE_WRITE);
        let top = chunk.add(USED);
        pool::provide(top.cast(), CHUNK - USED);
        top
    };
    let size = top.addr() - base.addr();
    // SAFETY: the memory from `base` on has that many bytes, can be read and written, is aligned to pages, and is
    // nobody else's; it is never given back. The work does not panic, by the caller's word, so that no unwinding
    // crosses the change of stacks.
    Ok(unsafe { psm::on_stack(base.cast(), size, work) })
}

/// Runs the work on a thread with a large stack. It must not panic.
///
/// # Errors
/// When the system gives no such thread.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn on_large_stack(work: fn() -> u8) -> std::io::Result<u8> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("torii".into()).stack_size(STACK);
        let thread = thread.spawn_scoped(scope, work)?;
        thread.join().map_err(|_| std::io::Error::other("the thread ended in a panic"))
    })
}
