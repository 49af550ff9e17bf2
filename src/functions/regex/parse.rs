//! Go's syntax of regular expressions (`regexp/syntax/parse.go`, with the flags of `regexp.Compile`), read into
//! the engine's own form. Rust's syntax differs in dozens of corners, and Go's error texts are wanted.

use regex_syntax::hir::{Capture, Class, ClassUnicode, ClassUnicodeRange, Hir, Look, Repetition};

use super::class;

/// How many copies of its innermost part nested counted repetitions may ask for.
const MAX_REPEAT: u32 = 1000;
/// How deep the tree of an expression may be.
const MAX_HEIGHT: usize = 1000;

/// Why a text is no regular expression, in Go's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    code: &'static str,
    text: String,
}

impl SyntaxError {
    pub(super) fn new(code: &'static str, text: &str) -> SyntaxError {
        SyntaxError { code, text: text.to_string() }
    }
}

impl std::fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "error parsing regexp: {}: `{}`", self.code, self.text)
    }
}

/// What an expression consists of, and the names of its groups (group 0 is the whole match).
pub struct Parsed {
    pub hir: Hir,
    pub names: Vec<Option<String>>,
}

/// The flags that a group can change.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flags {
    pub fold_case: bool,
    multi_line: bool,
    dot_newline: bool,
    not_greedy: bool,
}

/// A part of an expression.
struct Node {
    hir: Hir,
    height: usize,
    /// How many copies of its innermost part counted repetitions make.
    copies: u32,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Concat,
    Alternate,
    Other,
}

impl Node {
    fn leaf(hir: Hir) -> Node {
        Node { hir, height: 1, copies: 1, kind: Kind::Other }
    }

    /// A sequence or a choice. One of the same kind within it becomes part of it, as in Go.
    fn join(mut nodes: Vec<Node>, kind: Kind) -> Node {
        if nodes.len() == 1
            && let Some(node) = nodes.pop()
        {
            return node;
        }
        let below = |n: &Node| if n.kind == kind { n.height - 1 } else { n.height };
        let height = 1 + nodes.iter().map(below).max().unwrap_or(0);
        let copies = nodes.iter().map(|n| n.copies).max().unwrap_or(1);
        let hirs = nodes.into_iter().map(|n| n.hir).collect();
        let hir = if kind == Kind::Concat { Hir::concat(hirs) } else { Hir::alternation(hirs) };
        Node { hir, height, copies, kind }
    }
}

/// An open group, or the whole expression.
struct Frame {
    alternatives: Vec<Node>,
    sequence: Vec<Node>,
    /// The flags to return to.
    flags: Flags,
    /// The group's number, if it captures.
    capture: Option<u32>,
}

impl Frame {
    fn new(flags: Flags, capture: Option<u32>) -> Frame {
        Frame { alternatives: Vec::new(), sequence: Vec::new(), flags, capture }
    }

    fn end_alternative(&mut self) {
        let sequence = std::mem::take(&mut self.sequence);
        self.alternatives.push(Node::join(sequence, Kind::Concat));
    }
}

struct Parser<'a> {
    whole: &'a str,
    flags: Flags,
    /// The groups around the place that is read; the first is the whole expression.
    outer: Vec<Frame>,
    frame: Frame,
    names: Vec<Option<String>>,
}

/// Reads an expression.
pub fn parse(text: &str) -> Result<Parsed, SyntaxError> {
    let flags = Flags::default();
    let frame = Frame::new(flags, None);
    let mut parser = Parser { whole: text, flags, outer: Vec::new(), frame, names: vec![None] };
    parser.run()?;
    if !parser.outer.is_empty() {
        return Err(SyntaxError::new("missing closing )", text));
    }
    parser.frame.end_alternative();
    let node = Node::join(parser.frame.alternatives, Kind::Alternate);
    check_height(&node, text)?;
    Ok(Parsed { hir: node.hir, names: parser.names })
}

fn check_height(node: &Node, whole: &str) -> Result<(), SyntaxError> {
    if node.height > MAX_HEIGHT {
        return Err(SyntaxError::new("expression nests too deeply", whole));
    }
    Ok(())
}

impl<'a> Parser<'a> {
    fn run(&mut self) -> Result<(), SyntaxError> {
        let mut rest = self.whole;
        // The repetition that ended just before, from its operator on.
        let mut last_repeat = "";
        while let Some(c) = rest.chars().next() {
            let before = rest;
            let mut repeat = "";
            rest = match c {
                '(' => match rest.strip_prefix("(?") {
                    Some(_) => self.perl_group(rest)?,
                    None => {
                        self.open(Some(None), self.flags);
                        tail(rest, 1)
                    }
                },
                '|' => {
                    self.frame.end_alternative();
                    tail(rest, 1)
                }
                ')' => {
                    self.close()?;
                    tail(rest, 1)
                }
                '^' => {
                    self.look(if self.flags.multi_line { Look::StartLF } else { Look::Start }, tail(rest, 1))
                }
                '$' => self.look(if self.flags.multi_line { Look::EndLF } else { Look::End }, tail(rest, 1)),
                '.' => {
                    let any = class::range('\0', char::MAX);
                    let hir = if self.flags.dot_newline { any } else { class::without_newline(any) };
                    self.push_class(hir);
                    tail(rest, 1)
                }
                '[' => {
                    let (class, rest) = class::bracket(rest, self.flags)?;
                    self.push_class(class);
                    rest
                }
                '*' | '+' | '?' => {
                    let (min, max) = match c {
                        '*' => (0, None),
                        '+' => (1, None),
                        _ => (0, Some(1)),
                    };
                    repeat = before;
                    self.repeat(min, max, false, before, tail(rest, 1), last_repeat)?
                }
                '{' => match counts(rest) {
                    None => {
                        self.literal('{');
                        tail(rest, 1)
                    }
                    Some((Some((min, max)), after))
                        if min <= MAX_REPEAT && max.is_none_or(|m| min <= m && m <= MAX_REPEAT) =>
                    {
                        repeat = before;
                        self.repeat(min, max, true, before, after, last_repeat)?
                    }
                    Some((_, after)) => return Err(repeat_size(before, after)),
                },
                '\\' => self.escape(rest)?,
                c => {
                    self.literal(c);
                    tail(rest, c.len_utf8())
                }
            };
            last_repeat = repeat;
        }
        Ok(())
    }

    fn push(&mut self, hir: Hir) {
        self.frame.sequence.push(Node::leaf(hir));
    }

    fn look<'t>(&mut self, look: Look, rest: &'t str) -> &'t str {
        self.push(Hir::look(look));
        rest
    }

    fn push_class(&mut self, class: ClassUnicode) {
        self.push(Hir::class(Class::Unicode(class)));
    }

    fn literal(&mut self, c: char) {
        if !self.flags.fold_case {
            let mut buffer = [0; 4];
            self.push(Hir::literal(c.encode_utf8(&mut buffer).as_bytes()));
            return;
        }
        let mut class = ClassUnicode::new([ClassUnicodeRange::new(c, c)]);
        class.case_fold_simple();
        self.push_class(class);
    }

    /// Opens a group: one that captures, with or without a name, or one that doesn't.
    fn open(&mut self, capture: Option<Option<String>>, flags: Flags) {
        let capture = capture.map(|name| {
            self.names.push(name);
            self.names.len() as u32 - 1
        });
        let frame = Frame::new(self.flags, capture);
        self.outer.push(std::mem::replace(&mut self.frame, frame));
        self.flags = flags;
    }

    fn close(&mut self) -> Result<(), SyntaxError> {
        let Some(outer) = self.outer.pop() else {
            return Err(SyntaxError::new("unexpected )", self.whole));
        };
        let mut frame = std::mem::replace(&mut self.frame, outer);
        frame.end_alternative();
        let mut node = Node::join(frame.alternatives, Kind::Alternate);
        if let Some(index) = frame.capture {
            // The engine refuses a name given twice, so names are kept apart.
            node.hir = Hir::capture(Capture { index, name: None, sub: Box::new(node.hir) });
            node.height += 1;
            node.kind = Kind::Other;
        }
        check_height(&node, self.whole)?;
        self.flags = frame.flags;
        self.frame.sequence.push(node);
        Ok(())
    }

    /// Repeats what stands before the operator. `before` starts at the operator, `after` behind it.
    fn repeat<'t>(
        &mut self,
        min: u32,
        max: Option<u32>,
        counted: bool,
        before: &'t str,
        mut after: &'t str,
        last_repeat: &str,
    ) -> Result<&'t str, SyntaxError> {
        let mut greedy = !self.flags.not_greedy;
        if let Some(rest) = after.strip_prefix('?') {
            after = rest;
            greedy = !greedy;
        }
        if !last_repeat.is_empty() {
            return Err(SyntaxError::new("invalid nested repetition operator", head(last_repeat, after)));
        }
        let Some(mut node) = self.frame.sequence.pop() else {
            return Err(SyntaxError::new("missing argument to repetition operator", head(before, after)));
        };
        node.hir = Hir::repetition(Repetition { min, max, greedy, sub: Box::new(node.hir) });
        node.height += 1;
        node.kind = Kind::Other;
        check_height(&node, self.whole)?;
        if counted {
            node.copies = match max.unwrap_or(min) {
                0 if max.is_some() => 0,
                times => node.copies.saturating_mul(times.max(1)),
            };
            if (min >= 2 || max.is_some_and(|m| m >= 2)) && node.copies > MAX_REPEAT {
                return Err(repeat_size(before, after));
            }
        }
        self.frame.sequence.push(node);
        Ok(after)
    }

    /// What starts with `(?`: flags, a group that doesn't capture, a named group.
    fn perl_group(&mut self, text: &'a str) -> Result<&'a str, SyntaxError> {
        let named = match text.as_bytes() {
            [b'(', b'?', b'P', b'<', _, ..] => Some(4),
            [b'(', b'?', b'<', _, ..] => Some(3),
            _ => None,
        };
        if let Some(start) = named {
            let Some(end) = text.find('>') else {
                return Err(SyntaxError::new("invalid named capture", text));
            };
            let name = text.get(start..end).unwrap_or_default();
            if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
                let capture = text.get(..=end).unwrap_or_default();
                return Err(SyntaxError::new("invalid named capture", capture));
            }
            self.open(Some(Some(name.to_string())), self.flags);
            return Ok(tail(text, end + 1));
        }
        let mut flags = self.flags;
        let mut set = true;
        let mut saw_flag = false;
        let mut rest = tail(text, 2);
        while let Some(c) = rest.chars().next() {
            rest = tail(rest, c.len_utf8());
            match c {
                'i' => flags.fold_case = set,
                'm' => flags.multi_line = set,
                's' => flags.dot_newline = set,
                'U' => flags.not_greedy = set,
                '-' if set => {
                    set = false;
                    saw_flag = false;
                    continue;
                }
                ':' | ')' if set || saw_flag => {
                    if c == ':' {
                        self.open(None, flags);
                    }
                    self.flags = flags;
                    return Ok(rest);
                }
                _ => break,
            }
            saw_flag = true;
        }
        Err(SyntaxError::new("invalid or unsupported Perl syntax", head(text, rest)))
    }

    /// What starts with a backslash, outside of brackets.
    fn escape(&mut self, text: &'a str) -> Result<&'a str, SyntaxError> {
        let rest = tail(text, 2);
        match text.as_bytes().get(1) {
            Some(b'A') => return Ok(self.look(Look::Start, rest)),
            Some(b'z') => return Ok(self.look(Look::End, rest)),
            Some(b'b') => return Ok(self.look(Look::WordAscii, rest)),
            Some(b'B') => return Ok(self.look(Look::WordAsciiNegate, rest)),
            Some(b'C') => return Err(SyntaxError::new("invalid escape sequence", head(text, rest))),
            Some(b'Q') => {
                let (quoted, rest) = rest.split_once(r"\E").unwrap_or((rest, ""));
                quoted.chars().for_each(|c| self.literal(c));
                return Ok(rest);
            }
            _ => {}
        }
        if let Some((class, rest)) = class::unicode(text, self.flags)? {
            self.push_class(class);
            return Ok(rest);
        }
        if let Some((class, rest)) = class::perl(text, self.flags) {
            self.push_class(class);
            return Ok(rest);
        }
        let (c, rest) = escaped(text)?;
        match char::from_u32(c) {
            Some(c) => self.literal(c),
            // A surrogate: no text has one.
            None => self.push(Hir::fail()),
        }
        Ok(rest)
    }
}

fn repeat_size(before: &str, after: &str) -> SyntaxError {
    SyntaxError::new("invalid repeat count", head(before, after))
}

/// The text behind its first bytes.
pub(super) fn tail(text: &str, from: usize) -> &str {
    text.get(from..).unwrap_or_default()
}

/// The part of a text that stands before its rest.
pub(super) fn head<'t>(text: &'t str, rest: &str) -> &'t str {
    text.get(..text.len().saturating_sub(rest.len())).unwrap_or_default()
}

/// `{n}`, `{n,}` or `{n,m}`, and what follows; no numbers if they are too big. `None` if it is none of these,
/// and then the brace stands for itself.
#[allow(clippy::type_complexity)]
fn counts(text: &str) -> Option<(Option<(u32, Option<u32>)>, &str)> {
    let (min, rest) = count(tail(text, 1))?;
    let (max, rest) = match rest.strip_prefix(',') {
        None => (Some(min), rest),
        Some(rest) if rest.starts_with('}') => (None, rest),
        Some(rest) => {
            let (max, rest) = count(rest)?;
            (Some(max), rest)
        }
    };
    let after = rest.strip_prefix('}')?;
    let counts = match (min, max) {
        (Some(min), None) => Some((min, None)),
        (Some(min), Some(Some(max))) => Some((min, Some(max))),
        _ => None,
    };
    Some((counts, after))
}

/// A decimal number without leading zeros, and what follows; no number if it is over eight digits or so.
fn count(text: &str) -> Option<(Option<u32>, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number = text.get(..digits).filter(|n| !n.is_empty() && (*n == "0" || !n.starts_with('0')))?;
    Some((number.parse().ok(), tail(text, digits)))
}

/// The character that an escape at the start of a text stands for, and what follows.
pub(super) fn escaped(text: &str) -> Result<(u32, &str), SyntaxError> {
    let mut rest = tail(text, 1);
    let Some(c) = rest.chars().next() else {
        return Err(SyntaxError::new("trailing backslash at end of expression", ""));
    };
    rest = tail(rest, c.len_utf8());
    let invalid = |rest: &str| SyntaxError::new("invalid escape sequence", head(text, rest));
    let octal = |rest: &str| rest.starts_with(|c: char| ('0'..='7').contains(&c));
    let plain = match c {
        // A single digit but zero would be a reference to a group.
        '1'..='7' if !octal(rest) => return Err(invalid(rest)),
        '0'..='7' => {
            let digits = 1 + rest.bytes().take(2).take_while(|b| (b'0'..=b'7').contains(b)).count();
            let number = text.get(1..=digits).unwrap_or_default();
            return Ok((u32::from_str_radix(number, 8).unwrap_or_default(), tail(text, 1 + digits)));
        }
        'x' => return hexadecimal(text, rest),
        'a' => '\x07',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        c if c.is_ascii() && !c.is_ascii_alphanumeric() => c,
        _ => return Err(invalid(rest)),
    };
    Ok((u32::from(plain), rest))
}

/// `\xFF` or `\x{10FFFF}`; `rest` is what follows the x.
fn hexadecimal<'t>(text: &'t str, mut rest: &'t str) -> Result<(u32, &'t str), SyntaxError> {
    let invalid = |rest: &str| Err(SyntaxError::new("invalid escape sequence", head(text, rest)));
    let mut next = || {
        let c = rest.chars().next()?;
        rest = tail(rest, c.len_utf8());
        Some((c, rest))
    };
    let Some((first, after)) = next() else { return invalid("") };
    if first != '{' {
        // Go reads both characters before it looks at them, and reads U+FFFD at the end.
        let Some((second, after)) = next() else { return invalid(tail(after, after.len())) };
        return match (first.to_digit(16), second.to_digit(16)) {
            (Some(high), Some(low)) => Ok((high * 16 + low, after)),
            _ => invalid(after),
        };
    }
    let mut number = 0;
    let mut digits = 0;
    loop {
        let Some((c, after)) = next() else { return invalid("") };
        if c == '}' && digits > 0 {
            return Ok((number, after));
        }
        let Some(digit) = c.to_digit(16) else { return invalid(after) };
        number = number * 16 + digit;
        digits += 1;
        if number > u32::from(char::MAX) {
            return invalid(after);
        }
    }
}
