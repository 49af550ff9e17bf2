//! Go's words for what the system says.

use std::io;

use crate::diagnostic::Error;
use crate::value::print;

/// An I/O error in Go's words: `no such file or directory`.
pub(crate) fn io_words(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// What Helm says of devices, sockets and pipes in a chart (`helm pkg/chart/v2/loader/directory.go`).
pub(crate) fn irregular(path: &str) -> Error {
    Error::new(format!("cannot load irregular file {path} as it has file mode type bits set"))
        .hint("a chart may hold regular files, folders and links to them only")
}

/// A text in double quotes, as Go's `%q` writes it.
pub(crate) fn quote(text: &str) -> String {
    print::quote(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_errors_read_as_in_go() {
        let e = io::Error::from_raw_os_error(2);
        assert_eq!(io_words(&e), "no such file or directory");
    }
}
