//! Reading TOML 1.1 as `BurntSushi/toml` v1.6 does, with its error texts, which `fromToml` hands to templates.

use std::collections::HashMap;

use super::key_text;
use super::lexer::{Bad, END, Lexer, is_newline, is_space, quote_char};
use crate::value::{Elem, List, Map, MapType, Room, Str, Value, print, size};

/// Arrays and inline tables within each other.
const MAX_DEPTH: usize = 500;
/// Parts of one key, tables around it included.
const MAX_KEY_PARTS: usize = 500;

/// The Go type of an array of tables.
const TABLES: Elem = Elem::Other("[]map[string]interface {}");

type Key = Vec<Str>;

/// What is known of a key beyond its value.
#[derive(Clone, Copy, Default)]
struct Info {
    /// The key was made on the way to another, and may still be defined.
    implicit: bool,
    /// The key is an array in brackets.
    array: bool,
}

struct Parser<'t> {
    lexer: Lexer<'t>,
    root: Map,
    /// The table that keys are put into.
    context: Key,
    /// The last part of the key that is read.
    current: Str,
    /// The line of the first part of the last key or table name.
    line: usize,
    info: HashMap<Vec<u8>, Info>,
    depth: usize,
    room: &'t mut Room,
}

/// Reads a document, if there is room for it.
///
/// # Errors
/// With BurntSushi's words.
pub(super) fn decode(text: &[u8], room: &mut Room) -> Result<Map, String> {
    let text = [&b"\xff\xfe"[..], b"\xfe\xff", b"\xef\xbb\xbf"]
        .iter()
        .find_map(|mark| text.strip_prefix(*mark))
        .unwrap_or(text);
    if text.iter().take(6).any(|b| *b == 0) {
        let what = "files cannot contain NULL bytes; probably using UTF-16; TOML files must be UTF-8";
        return Err(format!("toml: line 1: {what}"));
    }
    let mut parser = Parser {
        lexer: Lexer::new(text),
        root: Map::new(MapType::Any),
        context: Vec::new(),
        current: Str::EMPTY,
        line: 1,
        info: HashMap::new(),
        depth: 0,
        room,
    };
    match parser.document() {
        Ok(()) => Ok(parser.root),
        Err(bad) => {
            let key = parser.last_key();
            let last_key = match key.is_empty() {
                true => String::new(),
                false => format!(" (last key {})", print::quote(key.as_bytes())),
            };
            Err(format!("toml: line {}{last_key}: {}", bad.line, bad.message))
        }
    }
}

fn dotted(key: &[Str]) -> Vec<u8> {
    key.iter().map(key_text).collect::<Vec<_>>().join(&b'.')
}

impl Parser<'_> {
    fn last_key(&self) -> String {
        let mut key = dotted(&self.context);
        if !self.current.is_empty() {
            if !key.is_empty() {
                key.push(b'.');
            }
            key.extend_from_slice(self.current.as_bytes());
        }
        String::from_utf8_lossy(&key).into_owned()
    }

    fn fail<T>(&self, message: String) -> Result<T, Bad> {
        Err(Bad { line: self.line, message })
    }

    fn key_fail<T>(&self, key: &[Str], what: &str) -> Result<T, Bad> {
        self.fail(format!("Key '{}' {what}", String::from_utf8_lossy(&dotted(key))))
    }

    /// Takes room for a value.
    fn take(&mut self, bytes: usize) -> Result<(), Bad> {
        let _ = self.room.take(bytes);
        if self.room.is_full() { self.fail(self.room.message()) } else { Ok(()) }
    }

    fn info(&mut self, key: &[Str]) -> &mut Info {
        let key = dotted(key);
        if !self.info.contains_key(&key) {
            // A lack of room shows when the next value takes some.
            let _ = self.room.take(size::ENTRY + size::of_text(key.len()));
        }
        self.info.entry(key).or_default()
    }

    fn document(&mut self) -> Result<(), Bad> {
        loop {
            self.lexer.skip(|c| is_space(c) || is_newline(c))?;
            match self.lexer.peek()? {
                END => return Ok(()),
                '#' => {
                    self.lexer.comment()?;
                    continue;
                }
                '[' => {
                    self.lexer.next()?;
                    self.table()?;
                }
                _ => {
                    let outer = self.context.clone();
                    self.key_value(None)?;
                    self.context = outer;
                    self.current = Str::EMPTY;
                }
            }
            self.line_end()?;
        }
    }

    fn line_end(&mut self) -> Result<(), Bad> {
        self.lexer.skip(is_space)?;
        match self.lexer.next()? {
            '#' => self.lexer.comment(),
            END => Ok(()),
            c if is_newline(c) => Ok(()),
            c => self.lexer.fail(format!(
                "expected a top-level item to end with a newline, comment, or EOF, but got {} instead",
                quote_char(c)
            )),
        }
    }

    /// A part of a key that is known to be there: bare, or in quotes.
    fn name(&mut self, first: bool) -> Result<Str, Bad> {
        let scalar = match self.lexer.peek()? {
            quote @ ('"' | '\'') => {
                self.lexer.next()?;
                self.lexer.string(quote)?
            }
            _ => self.lexer.bare_name()?,
        };
        if first {
            self.line = scalar.line;
        }
        scalar.string()
    }

    fn check_parts(&self, key: &Key) -> Result<(), Bad> {
        match key.len() + self.context.len() > MAX_KEY_PARTS {
            true => self.fail(format!("a key has more than {MAX_KEY_PARTS} parts")),
            false => Ok(()),
        }
    }

    /// The head of a table or of a table of an array, whose opening bracket was read.
    fn table(&mut self) -> Result<(), Bad> {
        let array = self.lexer.peek()? == '[';
        if array {
            self.lexer.next()?;
        }
        let mut key = Key::new();
        loop {
            self.lexer.skip(is_space)?;
            match self.lexer.peek()? {
                ']' | END => {
                    return self.lexer.fail("unexpected end of table name (table names cannot be empty)");
                }
                '.' => return self.lexer.fail("unexpected table separator (table names cannot be empty)"),
                _ => {}
            }
            let name = self.name(key.is_empty())?;
            key.push(name);
            if key.len() > MAX_KEY_PARTS {
                return self.fail(format!("a key has more than {MAX_KEY_PARTS} parts"));
            }
            self.lexer.skip(is_space)?;
            match self.lexer.next()? {
                '.' => {}
                ']' => break,
                c => {
                    let c = quote_char(c);
                    return self
                        .lexer
                        .fail(format!("expected '.' or ']' to end table name, but got {c} instead"));
                }
            }
        }
        if array {
            let c = self.lexer.next()?;
            if c != ']' {
                let c = quote_char(c);
                return self
                    .lexer
                    .fail(format!("expected end of table array name delimiter ']', but got {c} instead"));
            }
        }
        self.open_table(&key, array)?;
        self.info(&key).array = false;
        Ok(())
    }

    /// A key, its equals sign and its value. In an inline table, the value is also put into the table's own map.
    fn key_value(&mut self, inline: Option<&Map>) -> Result<(), Bad> {
        self.lexer.skip(is_space)?;
        match self.lexer.peek()? {
            '=' | END => return self.lexer.fail("unexpected '=': key name appears blank"),
            '.' => return self.lexer.fail("unexpected '.': keys cannot start with a '.'"),
            _ => {}
        }
        let mut key = Key::new();
        loop {
            self.lexer.skip(is_space)?;
            match self.lexer.peek()? {
                '=' | END if !key.is_empty() => return self.lexer.fail("unexpected '='"),
                '.' if !key.is_empty() => return self.lexer.fail("unexpected '.'"),
                _ => {}
            }
            let name = self.name(key.is_empty())?;
            key.push(name);
            self.check_parts(&key)?;
            self.lexer.skip(is_space)?;
            match self.lexer.next()? {
                '.' => {}
                '=' => break,
                END => return self.lexer.fail("unexpected EOF; expected key separator '='"),
                '\n' => return self.lexer.fail_before(r"expected '.' or '=', but got '\n' instead"),
                c => {
                    return self
                        .lexer
                        .fail(format!("expected '.' or '=', but got {} instead", quote_char(c)));
                }
            }
        }
        self.current = key.pop().unwrap_or_default();
        for part in &key {
            let mut context = self.context.clone();
            context.push(part.clone());
            self.info(&context).implicit = true;
            self.open_table(&context, false)?;
        }
        let (value, array) = self.value(false)?;
        let name = self.current.clone();
        self.set(&name, value.clone())?;
        self.set_type(array);
        if let Some(table) = inline {
            let mut table = table.clone();
            for part in &key {
                let inner = match table.get(part.as_bytes()) {
                    Some(Value::Map(inner)) => inner,
                    Some(_) => {
                        let context = print::quote(&dotted(&self.context));
                        return self.fail(format!("{context} is not a table"));
                    }
                    None => {
                        let inner = Map::new(MapType::Any);
                        table.insert(part.clone(), Value::Map(inner.clone()));
                        inner
                    }
                };
                table = inner;
            }
            table.insert(name, value);
        }
        Ok(())
    }

    fn set_type(&mut self, array: bool) {
        let mut key = self.context.clone();
        // BurntSushi takes the empty key for the table itself.
        if !self.current.is_empty() || key.is_empty() {
            key.push(self.current.clone());
        }
        self.info(&key).array = array;
    }

    /// A value, and whether it is an array.
    fn value(&mut self, in_array: bool) -> Result<(Value, bool), Bad> {
        self.lexer.skip(is_space)?;
        let open = self.lexer.peek()?;
        if !matches!(open, '[' | '{') {
            let scalar = self.lexer.value()?;
            self.take(size::ENTRY + size::of_text(scalar.text.len()))?;
            return Ok((scalar.value()?, false));
        }
        self.lexer.next()?;
        self.take(size::ENTRY + size::of_map(1))?;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.lexer.fail(format!("values are nested deeper than {MAX_DEPTH} levels"));
        }
        let value = match open {
            '[' => (self.array()?, true),
            _ => (self.inline_table(in_array)?, false),
        };
        self.depth -= 1;
        Ok(value)
    }

    /// Goes past blanks and comments to the next item of an array or inline table; `false` at its end.
    fn at_item(&mut self, close: char) -> Result<bool, Bad> {
        loop {
            self.lexer.skip(|c| is_space(c) || is_newline(c))?;
            match self.lexer.peek()? {
                '#' => self.lexer.comment()?,
                ',' => {
                    self.lexer.next()?;
                    return self.lexer.fail("unexpected comma");
                }
                next => return Ok(next != close),
            }
        }
    }

    fn array(&mut self) -> Result<Value, Bad> {
        self.set_type(true);
        let mut items = Vec::new();
        while self.at_item(']')? {
            items.push(self.value(true)?.0);
            if !self.separator(']', |c| {
                format!("expected a comma (',') or array terminator (']'), but got {c}")
            })? {
                break;
            }
        }
        self.lexer.next()?;
        Ok(Value::list(items))
    }

    /// Reads the comma after an item; false if the end comes instead, which is left to be read.
    fn separator(&mut self, end: char, message: fn(&str) -> String) -> Result<bool, Bad> {
        loop {
            self.lexer.skip(|c| is_space(c) || is_newline(c))?;
            match self.lexer.peek()? {
                '#' => self.lexer.comment()?,
                ',' => {
                    self.lexer.next()?;
                    return Ok(true);
                }
                c if c == end => return Ok(false),
                _ => {
                    let c = match self.lexer.next()? {
                        END => "end of file".to_string(),
                        c => format!("'{c}'"),
                    };
                    return self.lexer.fail(message(&c));
                }
            }
        }
    }

    fn inline_table(&mut self, in_array: bool) -> Result<Value, Bad> {
        let table = Map::new(MapType::Any);
        let (outer, outer_key) = (self.context.clone(), self.current.clone());
        let mut context = outer.clone();
        context.push(std::mem::take(&mut self.current));
        self.check_parts(&context)?;
        self.info(&context).implicit = true;
        self.context.clone_from(&context);
        self.open_table(&context, in_array)?;
        while self.at_item('}')? {
            self.key_value(Some(&table))?;
            self.context.clone_from(&context);
            if !self.separator('}', |c| {
                format!("expected a comma or an inline table terminator '}}', but got {c} instead")
            })? {
                break;
            }
        }
        self.lexer.next()?;
        (self.context, self.current) = (outer, outer_key);
        Ok(Value::Map(table))
    }

    /// Goes to a table, making those on the way (`addContext`).
    fn open_table(&mut self, key: &[Str], array: bool) -> Result<(), Bad> {
        let Some((last, parents)) = key.split_last() else { return Ok(()) };
        let mut table = self.root.clone();
        for (i, part) in parents.iter().enumerate() {
            let path = key.get(..=i).unwrap_or_default();
            if !table.contains_key(part.as_bytes()) {
                self.info(path).implicit = true;
                self.take(size::of_map(1))?;
                table.insert(part.clone(), Value::Map(Map::new(MapType::Any)));
            }
            table = match table_of(table.get(part.as_bytes())) {
                Some(table) => table,
                None => return self.key_fail(path, "was already created as a hash."),
            };
        }
        self.context = parents.to_vec();
        self.take(size::ITEM + size::of_map(1))?;
        if array {
            let new = Value::Map(Map::new(MapType::Any));
            match table.get(last.as_bytes()) {
                None => {
                    table.insert(last.clone(), Value::List(List::new(TABLES, vec![new])));
                }
                Some(Value::List(list)) if list.elem() == TABLES => list.update(|items| items.push(new)),
                Some(_) => return self.key_fail(key, "was already created and cannot be used as an array."),
            }
        } else {
            self.set(last, Value::Map(Map::new(MapType::Any)))?;
        }
        self.context.push(last.clone());
        Ok(())
    }

    /// Puts a value into the current table (`setValue`).
    fn set(&mut self, name: &Str, value: Value) -> Result<(), Bad> {
        let mut table = self.root.clone();
        for (i, part) in self.context.iter().enumerate() {
            table = match table_of(table.get(part.as_bytes())) {
                Some(table) => table,
                None => {
                    let path = self.context.get(..=i).unwrap_or_default();
                    return self.key_fail(path, "has already been defined.");
                }
            };
        }
        if table.contains_key(name.as_bytes()) {
            let mut key = self.context.clone();
            key.push(name.clone());
            let info = self.info(&key);
            if !info.implicit {
                return self.key_fail(&key, "has already been defined.");
            }
            info.implicit = false;
            if !info.array {
                return Ok(());
            }
        }
        table.insert(name.clone(), value);
        Ok(())
    }
}

/// The table that an entry is, or the last one of an array of tables.
fn table_of(entry: Option<Value>) -> Option<Map> {
    match entry? {
        Value::Map(table) => Some(table),
        Value::List(list) if list.elem() == TABLES => match list.get(list.len().checked_sub(1)?)? {
            Value::Map(table) => Some(table),
            _ => None,
        },
        _ => None,
    }
}
