//! Whoever watches what is fetched, to show how far it is.

use std::fmt::Debug;
use std::io::{self, Read};

/// Is told of each transfer.
pub trait Watch: Debug + Send + Sync {
    /// Something of this name is fetched; it has so many bytes, if that is known. It is over when what is given back is
    /// dropped.
    fn begin(&self, name: &str, bytes: Option<u64>) -> Box<dyn Transfer>;
}

/// Is told how far a transfer is.
pub trait Transfer {
    /// So many bytes more are here.
    fn read(&mut self, bytes: u64);
}

/// A reader that tells of what it reads.
pub(super) struct Watched<R> {
    pub inner: R,
    pub transfer: Option<Box<dyn Transfer>>,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if let Some(transfer) = &mut self.transfer {
            transfer.read(read as u64);
        }
        Ok(read)
    }
}
