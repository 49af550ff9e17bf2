//! Where text goes: results to stdout in one buffered write, the rest to stderr.

use std::io::{self, BufWriter, Write};

use torii::diagnostic::{Error, Result};

/// The message of an error that only says that the reader of stdout has gone.
const BROKEN_PIPE: &str = "stdout is closed";

/// So many bytes at once are not copied into the buffer first.
const WHOLE: usize = 4 << 10;

/// Stdout, buffered. Nothing is sealed before [`Output::finish`].
pub struct Output(BufWriter<io::Stdout>);

impl Output {
    /// An empty buffer before stdout.
    pub fn new() -> Output {
        Output(BufWriter::with_capacity(64 << 10, io::stdout()))
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    /// When stdout can't be written.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        if self.0.buffer().is_empty() && bytes.len() >= WHOLE {
            return self.0.get_mut().write_all(bytes).map_err(failed);
        }
        self.0.write_all(bytes).map_err(failed)
    }

    /// Writes text with ANSI colours, without them if stdout isn't a terminal.
    ///
    /// # Errors
    /// When stdout can't be written.
    pub fn styled(&mut self, text: &str) -> Result<()> {
        match anstream::AutoStream::choice(&io::stdout()) {
            anstream::ColorChoice::Never => {
                self.write(anstream::adapter::strip_str(text).to_string().as_bytes())
            }
            _ => self.write(text.as_bytes()),
        }
    }

    /// Sends what is buffered on its way.
    ///
    /// # Errors
    /// When stdout can't be written.
    pub fn finish(&mut self) -> Result<()> {
        self.0.flush().map_err(failed)
    }
}

fn failed(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Error::new(BROKEN_PIPE),
        _ => Error::new(format!("writing to stdout: {error}")),
    }
}

/// Whether an error only says that the reader of stdout has gone, as `head` does: nothing to complain about.
pub fn is_broken_pipe(error: &Error) -> bool {
    error.message() == BROKEN_PIPE
}

/// Writes text with ANSI colours to stderr, without them if it isn't a terminal. If stderr can't be written,
/// there is nowhere left to say so.
pub fn complain(text: &str) {
    let _ = anstream::stderr().lock().write_all(text.as_bytes());
}

/// Says something on stderr that is neither an error nor a warning.
pub fn remark(text: &str) {
    complain(&format!("torii: {}\n", torii::diagnostic::escape(text)));
}
