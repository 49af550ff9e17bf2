//! Values as YAML, with the comments of the defaults and where each value comes from.

use torii::json::{self, Escape};
use torii::value::{List, Map, Str, Value};
use torii::yaml::{self, Step};

use super::comments::{Comment, File};

/// How deep values are laid out line by line; what lies deeper is written as a whole.
const MAX_DEPTH: usize = 200;
/// The column at which notes begin, where lines are shorter.
const NOTE_COLUMN: usize = 40;

/// What is known about the values to write.
pub trait About {
    /// The files that have an entry at a path, the outermost chart's first, with the path in the file.
    fn files<'a>(&'a self, path: &[Step]) -> Vec<(&'a File, Vec<Step>)>;
    /// Whether what a file says within the list at a path is still so.
    fn keeps_list(&self, path: &[Step]) -> bool;
    /// What to write beside the leaf at a path.
    fn note(&self, path: &[Step]) -> Option<String>;
}

/// Writes values. Whatever is written around them, the text reads as these values; where it would not, comments are
/// left out.
///
/// # Errors
/// When YAML can't say the values.
pub fn write(values: &Map, about: &dyn About, end: &[String]) -> Result<String, String> {
    for comments in [true, false] {
        let mut writer = Writer { about, comments, ..Writer::new(about) };
        writer.map(values, &mut Vec::new(), 0)?;
        if comments && !end.is_empty() {
            writer.remarks(end.iter().map(|line| (0, line.as_str())), 0);
        }
        if values.is_empty() {
            writer.out.insert_str(0, "{}\n");
        }
        if reads_as(&writer.out, values) {
            return Ok(writer.out);
        }
    }
    yaml::to_yaml(&Value::Map(values.clone())).map_err(|e| e.to_string())
}

fn reads_as(text: &str, values: &Map) -> bool {
    yaml::decode(text.as_bytes()).is_ok_and(|read| same(&read, &Value::Map(values.clone())))
}

fn same(a: &Value, b: &Value) -> bool {
    match (json::encode(a, Escape::None), json::encode(b, Escape::None)) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

struct Writer<'a> {
    about: &'a dyn About,
    comments: bool,
    out: String,
    /// What begins the next line, in the place of its indentation: the dashes of lists.
    dashes: String,
    /// A comment for the next line of the list's item that it stands beside.
    pending: Option<String>,
    /// Whether a block scalar was written last: what is indented further would belong to it.
    after_block: bool,
    /// Whether the defaults' comments within the list at hand went with it.
    in_replaced: bool,
}

impl<'a> Writer<'a> {
    fn new(about: &'a dyn About) -> Writer<'a> {
        Writer {
            about,
            comments: true,
            out: String::new(),
            dashes: String::new(),
            pending: None,
            after_block: false,
            in_replaced: false,
        }
    }

    fn map(&mut self, map: &Map, path: &mut Vec<Step>, indent: usize) -> Result<(), String> {
        // As in the outermost file that has the key; then what further files have, then what is in none.
        let mut entries: Vec<((usize, usize), Str, Value)> = Vec::new();
        for (key, value) in map.entries() {
            path.push(Step::Key(key.clone()));
            let files = self.about.files(path).into_iter().enumerate();
            let order = files.filter_map(|(n, (file, inner))| Some((n, file.order(&inner)?))).next();
            path.pop();
            entries.push((order.unwrap_or((usize::MAX, 0)), key, value));
        }
        entries.sort_by_key(|(order, ..)| *order);
        for (_, key, value) in entries {
            path.push(Step::Key(key.clone()));
            self.entry(&key, &value, path, indent)?;
            path.pop();
        }
        Ok(())
    }

    fn entry(&mut self, key: &Str, value: &Value, path: &mut Vec<Step>, indent: usize) -> Result<(), String> {
        let comment = self.comment(path);
        self.above(&comment, indent);
        let beside = self.pending.take().or(comment.beside);
        match value {
            Value::Map(map) if !map.is_empty() && path.len() < MAX_DEPTH => {
                self.opened(key, indent, beside)?;
                self.map(map, path, indent + 2)
            }
            Value::List(list) if !list.is_empty() && path.len() < MAX_DEPTH => {
                self.opened(key, indent, beside)?;
                self.list(list, path, indent)
            }
            _ => {
                let single: Map = [(key.clone(), value.clone())].into_iter().collect();
                self.leaf(&Value::Map(single), "", path, indent, beside)
            }
        }
    }

    /// The line of a key that has a map or a list.
    fn opened(&mut self, key: &Str, indent: usize, beside: Option<String>) -> Result<(), String> {
        let single: Map = [(key.clone(), Value::Null)].into_iter().collect();
        let text = text_of(&Value::Map(single))?;
        let line = text.trim_end().strip_suffix(" null").ok_or("a key that YAML can't say in a line")?;
        self.line(line, indent, beside, None);
        Ok(())
    }

    fn list(&mut self, list: &List, path: &mut Vec<Step>, indent: usize) -> Result<(), String> {
        let outer = self.in_replaced;
        self.in_replaced = outer || !self.about.keeps_list(path);
        for (index, item) in list.items().iter().enumerate() {
            path.push(Step::Index(index));
            let comment = self.comment(path);
            self.above(&comment, indent);
            match item {
                Value::Map(map) if !map.is_empty() && path.len() < MAX_DEPTH => {
                    self.dash(indent);
                    self.pending = self.pending.take().or(comment.beside);
                    self.map(map, path, indent + 2)?;
                }
                Value::List(inner) if !inner.is_empty() && path.len() < MAX_DEPTH => {
                    self.dash(indent);
                    self.pending = self.pending.take().or(comment.beside);
                    self.list(inner, path, indent + 2)?;
                }
                _ => {
                    let beside = self.pending.take().or(comment.beside);
                    self.leaf(&Value::list(vec![item.clone()]), "- ", path, indent, beside)?;
                }
            }
            path.pop();
        }
        self.in_replaced = outer;
        Ok(())
    }

    fn dash(&mut self, indent: usize) {
        if self.dashes.is_empty() {
            self.dashes = " ".repeat(indent);
        }
        self.dashes.push_str("- ");
    }

    /// A leaf as a map or list of its own, whose text begins with `head` where that is written already.
    fn leaf(
        &mut self,
        single: &Value,
        head: &str,
        path: &[Step],
        indent: usize,
        beside: Option<String>,
    ) -> Result<(), String> {
        let text = text_of(single)?;
        let mut lines = text.trim_end_matches('\n').split('\n');
        let first = lines.next().unwrap_or_default();
        let rest: Vec<&str> = lines.collect();
        let note = self.about.note(path);
        let is_block = is_block_header(first);
        if !rest.is_empty() && !is_block {
            // Behind a line that goes on in the next one there is no room for a comment.
            let around: Vec<String> =
                beside.into_iter().chain(note.map(|note| format!("# {note}"))).collect();
            self.remarks(around.iter().map(|line| (0, line.as_str())), indent);
            self.line(first, indent, None, None);
        } else {
            self.line(first, indent, beside, note);
        }
        for line in &rest {
            if !line.is_empty() {
                self.out.push_str(&" ".repeat(indent));
                self.out.push_str(line);
            }
            self.out.push('\n');
        }
        // A block scalar that keeps its last line breaks would take empty lines for more of them.
        let blanks = text.len() - text.trim_end_matches('\n').len();
        (1..blanks).for_each(|_| self.out.push('\n'));
        self.after_block = is_block;
        debug_assert!(head.is_empty() || first.starts_with(head));
        Ok(())
    }

    fn line(&mut self, text: &str, indent: usize, beside: Option<String>, note: Option<String>) {
        let start = self.out.len();
        if self.dashes.is_empty() {
            self.out.push_str(&" ".repeat(indent));
        } else {
            self.out.push_str(&std::mem::take(&mut self.dashes));
        }
        self.out.push_str(text);
        if let Some(beside) = beside.filter(|_| self.comments) {
            self.out.push(' ');
            self.out.push_str(&beside);
        }
        if let Some(note) = note {
            let width = self.out.get(start..).map_or(0, |line| line.chars().count());
            self.out.push_str(&" ".repeat(NOTE_COLUMN.saturating_sub(width).max(2)));
            self.out.push_str("# ");
            self.out.push_str(&note);
        }
        self.out.push('\n');
        self.after_block = false;
    }

    fn comment(&self, path: &[Step]) -> Comment {
        if !self.comments || self.in_replaced {
            return Comment::default();
        }
        let found = self.about.files(path).into_iter().find_map(|(file, inner)| file.of(&inner).cloned());
        found.unwrap_or_default()
    }

    fn above(&mut self, comment: &Comment, indent: usize) {
        self.remarks(comment.above.iter().map(|(more, line)| (*more, line.as_str())), indent);
    }

    fn remarks<'l>(&mut self, lines: impl Iterator<Item = (usize, &'l str)>, indent: usize) {
        for (more, line) in lines {
            if line.is_empty() {
                if !self.after_block && !self.out.is_empty() {
                    self.out.push('\n');
                }
                continue;
            }
            let more = if self.after_block { 0 } else { more };
            self.out.push_str(&" ".repeat(indent + more));
            self.out.push_str(line);
            self.out.push('\n');
            self.after_block = false;
        }
    }
}

/// A map or list of one leaf as YAML that reads as the same.
fn text_of(single: &Value) -> Result<String, String> {
    let text = yaml::to_yaml(single).map_err(|e| e.to_string());
    if let Ok(text) = &text
        && yaml::decode(text.as_bytes()).is_ok_and(|read| same(&read, single))
    {
        return Ok(text.clone());
    }
    // What this way of writing loses a part of: text in double quotes, with escapes.
    let encode = |value: &Value| {
        if let Value::Float(0.0) = value {
            // The only number that YAML writes as another one: the negative zero.
            return Ok("-0.0".to_string());
        }
        let text = json::encode(value, Escape::None).map_err(|e| e.to_string())?;
        let escape = |c: char| match c {
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                format!("\\u{:04x}", u32::from(c))
            }
            _ => c.to_string(),
        };
        Ok::<_, String>(text.chars().map(escape).collect::<String>())
    };
    let quoted = match single {
        Value::Map(map) => {
            let entries = map.entries();
            let (key, value) = entries.first().ok_or("nothing to write")?;
            format!("{}: {}\n", encode(&Value::String(key.clone()))?, encode(value)?)
        }
        Value::List(list) => format!("- {}\n", encode(&list.get(0).unwrap_or_default())?),
        _ => return text,
    };
    if yaml::decode(quoted.as_bytes()).is_ok_and(|read| same(&read, single)) { Ok(quoted) } else { text }
}

/// Whether a line ends as `key: |-` does, of the text of a single leaf.
fn is_block_header(line: &str) -> bool {
    let body = line.trim_end_matches(|c: char| matches!(c, '+' | '-') || c.is_ascii_digit());
    let before = body.strip_suffix(['|', '>']);
    before.is_some_and(|before| before.ends_with(": ") || before.ends_with("- "))
}
