//! Writes JSON in a stated order, with two spaces a level.

use super::{Escape, encode, write_string};
use crate::diagnostic::Error;
use crate::value::Value;

/// A JSON text in the making.
#[derive(Default)]
pub struct Writer {
    out: String,
    /// Of every open object or list: whether it has something already.
    open: Vec<bool>,
}

impl Writer {
    /// An empty text.
    pub fn new() -> Writer {
        Writer { out: String::new(), open: Vec::new() }
    }

    /// The text, with a line end.
    pub fn finish(mut self) -> String {
        self.out.push('\n');
        harmless(&self.out)
    }

    /// Writes an object as an item of the list that is open, or as the text.
    pub fn object<T>(&mut self, write: impl FnOnce(&mut Writer) -> T) -> T {
        self.item();
        self.nest('{', '}', write)
    }

    /// Writes a field that is an object.
    pub fn field_object(&mut self, name: &str, write: impl FnOnce(&mut Writer)) {
        self.name(name);
        self.nest('{', '}', write);
    }

    /// Writes a field that is a list, with an item for each of `items`.
    pub fn field_list<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Writer, T),
    ) {
        self.name(name);
        self.nest('[', ']', |writer| items.into_iter().for_each(|item| write(writer, item)));
    }

    /// Writes a string as an item.
    pub fn string(&mut self, text: &str) {
        self.item();
        write_string(&mut self.out, text, Escape::None);
    }

    /// Writes a field that is a string.
    pub fn field_string(&mut self, name: &str, text: &str) {
        self.name(name);
        write_string(&mut self.out, text, Escape::None);
    }

    /// Writes a field that is a string, if there is one.
    pub fn field_some(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.field_string(name, text);
        }
    }

    /// Writes a field that is a number.
    pub fn field_count(&mut self, name: &str, n: usize) {
        self.name(name);
        self.out.push_str(&n.to_string());
    }

    /// Writes a field that is true or false.
    pub fn field_bool(&mut self, name: &str, value: bool) {
        self.name(name);
        self.out.push_str(if value { "true" } else { "false" });
    }

    /// Writes a field that is null.
    pub fn field_null(&mut self, name: &str) {
        self.name(name);
        self.out.push_str("null");
    }

    /// Writes a field of any value, if there is one, on one line.
    pub fn field_value(&mut self, name: &str, value: Option<&Value>) {
        if let Some(value) = value {
            self.name(name);
            let text = encode(value, Escape::None);
            // Infinity and NaN are no JSON; they can't come from a manifest, and have a name at least.
            self.out.push_str(text.as_deref().unwrap_or("\"(a value that JSON cannot say)\""));
        }
    }

    /// Writes a field of any value, exactly.
    ///
    /// # Errors
    /// When JSON cannot say it.
    pub fn field_exact(&mut self, name: &str, value: &Value) -> Result<(), Error> {
        let text = encode(value, Escape::None).map_err(|e| Error::new(e.message))?;
        self.name(name);
        self.out.push_str(&text);
        Ok(())
    }

    fn name(&mut self, name: &str) {
        self.item();
        write_string(&mut self.out, name, Escape::None);
        self.out.push_str(": ");
    }

    /// Begins an item: a comma, a line.
    fn item(&mut self) {
        let Some(some) = self.open.last_mut() else { return };
        if *some {
            self.out.push(',');
        }
        *some = true;
        self.line();
    }

    fn nest<T>(&mut self, open: char, close: char, write: impl FnOnce(&mut Writer) -> T) -> T {
        self.out.push(open);
        self.open.push(false);
        let result = write(self);
        if let Some(true) = self.open.pop() {
            self.line();
        }
        self.out.push(close);
        result
    }

    fn line(&mut self) {
        self.out.push('\n');
        for _ in 0..self.open.len() {
            self.out.push_str("  ");
        }
    }
}

/// Characters that could mislead a reader of the text or a terminal stand only in strings, and can be written
/// otherwise there.
fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut buffer = [0; 4];
    for c in text.chars() {
        let text: &str = c.encode_utf8(&mut buffer);
        if (c.is_ascii() && c != '\u{7f}') || crate::diagnostic::escape(text) == text {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_writes_is_json_with_harmless_strings() {
        let mut writer = Writer::new();
        writer.object(|w| {
            w.field_string("a", "\u{202e}\"\u{7}\u{e0041}");
            w.field_list("b", [1, 2], |w, n| w.object(|w| w.field_count("n", n)));
            w.field_list("c", std::iter::empty::<u8>(), |_, _| {});
            w.field_value("d", Some(&Value::int64(5)));
        });
        let text = writer.finish();
        assert_eq!(
            text,
            "{\n  \"a\": \"\\u202e\\\"\\u0007\\udb40\\udc41\",\n  \"b\": [\n    {\n      \"n\": 1\n    },\n    {\n      \"n\": 2\n    }\n  ],\n  \"c\": [],\n  \"d\": 5\n}\n"
        );
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).unwrap()["a"],
            "\u{202e}\"\u{7}\u{e0041}"
        );
    }
}
