//! Why an execution failed, as the chain of errors that Go would wrap, and Helm's wording of it.

use std::fmt::Write;

use crate::diagnostic::{Error, Frame, Hint, Place};
use crate::value::print::quote;

/// A failed execution.
pub(super) struct Failure(Box<Inner>);

#[derive(Default)]
struct Inner {
    /// The chain, innermost first.
    links: Vec<Link>,
    place: Option<Place>,
    frames: Vec<Frame>,
    notes: Vec<String>,
    hint: Option<Hint>,
    /// Bytes of the texts of the chain.
    size: usize,
}

/// One error of the chain. The text of an error is its own and that of all that it wraps.
enum Link {
    /// text/template's `ExecError`.
    Exec {
        /// Name, line and column.
        location: String,
        /// The template, by its name.
        template: String,
        /// The node, as Go prints it.
        node: String,
        /// What happened; before a wrapped error it ends with a colon and a space.
        message: String,
    },
    /// Another error, or words before one.
    Plain(String),
}

/// From so many bytes on, links of a chain are cut short.
const LONG_CHAIN: usize = 1 << 20;

/// What is left of a link at most: a `tpl` error quotes the whole text.
const LONG_LINK: usize = 256 << 10;

/// What is left of a link in a long chain.
const SHORT_LINK: usize = 200;

/// What Helm puts around an author's message, so as to find it again.
const AUTHOR: (&str, &str) = ("HELM_ERR_START", "HELM_ERR_END");

impl Failure {
    /// An error that is no error of the template language itself.
    pub fn plain(message: impl Into<String>) -> Failure {
        Failure(Box::new(Inner { links: vec![Link::Plain(message.into())], ..Inner::default() }))
    }

    /// What `required` and `fail` give: the author's own words.
    pub fn author(message: &str) -> Failure {
        Failure::plain(format!("{}{message}{}", AUTHOR.0, AUTHOR.1))
    }

    /// An error at a node.
    pub fn exec(location: String, template: &str, node: String, message: String) -> Failure {
        let link = Link::Exec { location, template: template.into(), node, message };
        Failure(Box::new(Inner { links: vec![link], ..Inner::default() }))
    }

    /// Once the chain is long, as in a runaway recursion, each further link is cut short; and none is huge.
    fn shorten(&mut self, mut text: String) -> String {
        let most = if self.0.size > LONG_CHAIN { SHORT_LINK } else { LONG_LINK };
        if text.len() > most {
            let end = text.floor_char_boundary(most);
            text.truncate(end);
            text.push('…');
        }
        self.0.size += text.len();
        text
    }

    /// Wraps the error in one at a node; `message` ends with a colon and a space.
    pub fn within(mut self, location: String, template: &str, node: String, message: String) -> Failure {
        let node = self.shorten(node);
        self.0.links.push(Link::Exec { location, template: template.into(), node, message });
        self
    }

    /// Puts words before the error.
    pub fn context(mut self, words: String) -> Failure {
        let words = self.shorten(words);
        self.0.links.push(Link::Plain(words));
        self
    }

    /// An error of the other language, whose own place and trace are kept.
    pub fn from_peer(error: &Error) -> Failure {
        let d = error.diagnostic();
        let mut failure = Failure::plain(d.message.clone());
        failure.0.place.clone_from(&d.place);
        failure.0.frames.clone_from(&d.trace);
        failure.0.notes.clone_from(&d.notes);
        failure.0.hint.clone_from(&d.hint);
        failure
    }

    /// Says where it happened, unless that is known.
    pub fn at(mut self, place: impl FnOnce() -> Place) -> Failure {
        if self.0.place.is_none() {
            self.0.place = Some(place());
        }
        self
    }

    /// Adds advice, unless there is some.
    pub fn hint(mut self, hint: Option<impl Into<Hint>>) -> Failure {
        if self.0.hint.is_none() {
            self.0.hint = hint.map(Into::into);
        }
        self
    }

    /// Adds an outer step of the way to the place.
    pub fn frame(mut self, frame: Frame) -> Failure {
        self.0.frames.push(frame);
        self
    }

    /// Whether it is known where it happened.
    pub fn has_place(&self) -> bool {
        self.0.place.is_some()
    }

    /// How many steps led to the place.
    pub fn depth(&self) -> usize {
        self.0.frames.len()
    }

    /// Go's text of the whole chain.
    fn text(&self) -> String {
        let mut out = String::new();
        for link in self.0.links.iter().rev() {
            link.write(&mut out);
        }
        out
    }

    /// The error in Helm's words (`helm pkg/engine/engine.go: reformatExecErrorMsg`).
    pub fn into_error(self, file: &str) -> Error {
        let message = self.reformat(file);
        self.into_error_worded(message)
    }

    /// The error in Go's words, unchanged: what an `include` called from Jinja gives.
    pub fn into_raw_error(self) -> Error {
        let message = self.text();
        self.into_error_worded(message)
    }

    fn into_error_worded(self, message: String) -> Error {
        let inner = *self.0;
        let mut error = Error::new(message);
        if let Some(place) = inner.place {
            error = error.at(place);
        }
        if let Some(hint) = inner.hint {
            error = error.hint(hint);
        }
        for note in inner.notes {
            error = error.note(note);
        }
        for frame in inner.frames {
            error = error.frame(frame);
        }
        error
    }

    fn reformat(&self, file: &str) -> String {
        let text = self.text();
        if !matches!(self.0.links.last(), Some(Link::Exec { .. })) {
            return text;
        }
        let mut tokens = text.splitn(3, ": ").skip(1);
        let (Some(location), Some(rest)) = (tokens.next(), tokens.next()) else {
            return format!("execution error in ({file}): {text}");
        };
        if let Some(words) = author_words(rest) {
            return format!("execution error at ({location}): {words}");
        }
        // Helm goes down the chain, and gives up on the first error that isn't the template language's.
        let mut shown: Vec<[String; 3]> = Vec::new();
        for (i, link) in self.0.links.iter().enumerate().rev() {
            let wraps = i > 0;
            let Some(part) = link.helm_parts(wraps) else { return text };
            if shown.last() != Some(&part) {
                shown.push(part);
            }
        }
        let mut out = String::new();
        for [location, node, message] in shown {
            if !location.is_empty() {
                let _ = write!(out, "{location}\n  ");
            }
            if !node.is_empty() {
                let _ = write!(out, "{node}\n    ");
            }
            if !message.is_empty() {
                let _ = writeln!(out, "{message}");
            }
        }
        out.trim().to_string()
    }
}

/// The words between Helm's marks, from the first to the last.
fn author_words(text: &str) -> Option<&str> {
    let start = text.find(AUTHOR.0)? + AUTHOR.0.len();
    let end = start + text.get(start..)?.rfind(AUTHOR.1)?;
    text.get(start..end)
}

impl Link {
    fn write(&self, out: &mut String) {
        match self {
            Link::Exec { location, template, node, message } => {
                let name = quote(template.as_bytes());
                let _ = write!(out, "template: {location}: executing {name} at <{node}>: {message}");
            }
            Link::Plain(message) => out.push_str(message),
        }
    }

    /// Location, node and message, as Helm reads them back out of Go's text: it cuts the node at the first
    /// `>: ` and the message before the next ` template:`.
    fn helm_parts(&self, wraps: bool) -> Option<[String; 3]> {
        match self {
            Link::Exec { location, template, node, message } => {
                let name = quote(template.as_bytes());
                // Helm takes the name up to the next quote, escaped or not.
                let name = name.get(1..)?.split('"').next()?.to_string();
                let rest = format!("{node}>: {message}{}", if wraps { "template:" } else { "" });
                let (node, message) = rest.split_once(">: ")?;
                let message = message.split(" template:").next().unwrap_or(message);
                Some([location.clone(), format!("executing \"{name}\" at <{node}>:"), message.to_string()])
            }
            Link::Plain(message) if message.starts_with("template: no template ") => {
                Some([String::new(), String::new(), message.clone()])
            }
            Link::Plain(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exec(message: &str) -> Failure {
        Failure::exec("b:2:3".into(), "b", ".x".into(), message.into())
    }

    #[test]
    fn a_chain_of_template_errors_is_shown_in_lines() {
        let failure = exec("nil pointer evaluating interface {}.x").within(
            "a:1:3".into(),
            "a",
            "include \"b\" .".into(),
            "error calling include: ".into(),
        );
        assert_eq!(
            failure.into_error("a").message(),
            "a:1:3\n  executing \"a\" at <include \"b\" .>:\n    error calling include:\nb:2:3\n  \
             executing \"b\" at <.x>:\n    nil pointer evaluating interface {}.x"
        );
    }

    #[test]
    fn another_error_in_the_chain_leaves_go_s_words() {
        let failure =
            Failure::plain("boom").within("a:1:3".into(), "a", "f".into(), "error calling f: ".into());
        assert_eq!(
            failure.into_error("a").message(),
            "template: a:1:3: executing \"a\" at <f>: error calling f: boom"
        );
    }

    #[test]
    fn an_author_s_words_stand_alone_with_the_outermost_place() {
        let failure = Failure::author("set x:\nplease")
            .within("b:2:3".into(), "b", "fail".into(), "error calling fail: ".into())
            .within("a:1:3".into(), "a", "include \"b\" .".into(), "error calling include: ".into());
        assert_eq!(failure.into_error("a").message(), "execution error at (a:1:3): set x:\nplease");
    }
}
