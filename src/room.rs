//! A large stack for the program.
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
        let hint = "torii reserves 512 MiB of address space for it; `ulimit -v` may forbid that";
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

    /// More than a page of any machine. Whatever reaches it has used up the stack, and is stopped there.
    const GUARD: usize = 64 << 10;
    /// Bytes that any command uses. Their pages are made at once, which takes less time than one by one.
    const USED: usize = 96 << 10;

    let (none, private) = (libc::PROT_NONE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    let kind = private | libc::MAP_NORESERVE | libc::MAP_STACK;
    // SAFETY: an anonymous mapping wherever there is room touches no memory that is in use.
    let mapped = unsafe { libc::mmap(ptr::null_mut(), GUARD + STACK, none, kind, -1, 0) };
    if mapped == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the guard lies within what was mapped.
    let base = unsafe { mapped.add(GUARD) };
    // SAFETY: from there on, so many bytes were mapped, and nobody uses them yet.
    if unsafe { libc::mprotect(base, STACK, libc::PROT_READ | libc::PROT_WRITE) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: this is the upper end of the stack, which nobody uses yet; the advice changes nothing but when its pages
    // are made.
    unsafe { libc::madvise(base.add(STACK - USED), USED, libc::MADV_POPULATE_WRITE) };
    // SAFETY: the memory from `base` on has that many bytes, can be read and written, is aligned to pages, and is
    // nobody else's; it is never given back. The work does not panic, by the caller's word, so that no unwinding
    // crosses the change of stacks.
    Ok(unsafe { psm::on_stack(base.cast(), STACK, work) })
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
