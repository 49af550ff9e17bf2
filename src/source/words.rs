//! Go's words for what the system says.

use std::borrow::Cow;
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

/// An address without the user and the password that stand in it: what is shown of it. What is no address stays.
pub fn without_user(address: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = address.split_once("://") else { return Cow::Borrowed(address) };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let place = rest.get(..end).unwrap_or_default();
    let is_port = |(_, port): (&str, &str)| port.ends_with(']') || port.bytes().all(|b| b.is_ascii_digit());
    let at = match place.rfind('@') {
        // A password with a slash in it, which must be escaped there: the address is refused, and told of.
        None if !place.rsplit_once(':').is_none_or(is_port) => rest.rfind('@'),
        at => at,
    };
    match at.and_then(|at| rest.get(at + 1..)) {
        Some(rest) => Cow::Owned(format!("{scheme}://{rest}")),
        None => Cow::Borrowed(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_taken_off_addresses_and_nothing_else_is() {
        for (address, shown) in [
            ("https://u:p@h/a?b#c", "https://h/a?b#c"),
            ("git+https://u@h/r.git@charts/a?ref=1", "git+https://h/r.git@charts/a?ref=1"),
            ("oci://u:p@q@h:5000/a@sha256:00", "oci://h:5000/a@sha256:00"),
            ("https://u:p/q@h/a", "https://h/a"),
            ("https://h:8080/a@b", "https://h:8080/a@b"),
            ("https://[::1]/a@b", "https://[::1]/a@b"),
            ("git+file:///r@charts/a", "git+file:///r@charts/a"),
            ("istio/gateway@1.29.0", "istio/gateway@1.29.0"),
            ("u:p@h/a", "u:p@h/a"),
        ] {
            assert_eq!(without_user(address), shown);
        }
    }

    #[test]
    fn system_errors_read_as_in_go() {
        let e = io::Error::from_raw_os_error(2);
        assert_eq!(io_words(&e), "no such file or directory");
    }
}
