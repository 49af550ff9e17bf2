use super::BadPattern;

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// Nothing at all.
    Nothing,
    Pattern(Vec<Node>),
    Text(String),
    /// `*`
    Any,
    /// `**`
    Super,
    /// `?`
    Single,
    List {
        chars: Vec<char>,
        not: bool,
    },
    Range {
        low: char,
        high: char,
        not: bool,
    },
    /// `{a,b}`, whose ways are patterns.
    AnyOf(Vec<Node>),
}

/// The parts of a pattern one may have: the time to compile grows with their cube.
const MAX_NODES: usize = 128;

struct Parser {
    chars: Vec<char>,
    at: usize,
    /// The parts read so far.
    nodes: Vec<Node>,
    /// The open braces: the parts before each, and its ways read so far.
    open: Vec<(Vec<Node>, Vec<Node>)>,
    count: usize,
}

/// Reads a pattern. A brace that isn't closed is fine, a bracket isn't.
pub(super) fn parse(pattern: &str) -> Result<Node, BadPattern> {
    // gobwas takes U+FFFD for a decoding error.
    if pattern.contains('\u{FFFD}') {
        return Err(BadPattern("could not read rune"));
    }
    let chars = pattern.chars().collect();
    let mut parser = Parser { chars, at: 0, nodes: Vec::new(), open: Vec::new(), count: 0 };
    parser.run()?;
    while !parser.open.is_empty() {
        parser.close();
    }
    Ok(Node::Pattern(parser.nodes))
}

impl Parser {
    fn read(&mut self) -> Option<char> {
        let c = self.chars.get(self.at).copied()?;
        self.at += 1;
        Some(c)
    }

    fn run(&mut self) -> Result<(), BadPattern> {
        while let Some(c) = self.read() {
            self.count += 1;
            if self.count > MAX_NODES {
                return Err(BadPattern("the pattern has too many parts"));
            }
            let in_braces = !self.open.is_empty();
            match c {
                '{' => self.open.push((std::mem::take(&mut self.nodes), Vec::new())),
                ',' if in_braces => self.end_way(),
                '}' if in_braces => self.close(),
                '[' => {
                    let class = self.class()?;
                    self.nodes.push(class);
                }
                '?' => self.nodes.push(Node::Single),
                '*' if self.chars.get(self.at) == Some(&'*') => {
                    self.at += 1;
                    self.nodes.push(Node::Super);
                }
                '*' => self.nodes.push(Node::Any),
                _ => {
                    self.at -= 1;
                    self.text(in_braces);
                }
            }
        }
        Ok(())
    }

    fn end_way(&mut self) {
        if let Some((_, ways)) = self.open.last_mut() {
            ways.push(Node::Pattern(std::mem::take(&mut self.nodes)));
        }
    }

    fn close(&mut self) {
        self.end_way();
        if let Some((before, ways)) = self.open.pop() {
            self.nodes = before;
            self.nodes.push(Node::AnyOf(ways));
        }
    }

    fn text(&mut self, in_braces: bool) {
        let mut text = String::new();
        while let Some(c) = self.read() {
            match c {
                '\\' => text.extend(self.read()),
                '?' | '*' | '[' | '{' => {
                    self.at -= 1;
                    break;
                }
                '}' | ',' if in_braces => {
                    self.at -= 1;
                    break;
                }
                c => text.push(c),
            }
        }
        if !text.is_empty() {
            self.nodes.push(Node::Text(text));
        }
    }

    /// What follows an opening bracket.
    fn class(&mut self) -> Result<Node, BadPattern> {
        let unclosed = BadPattern("unexpected end of input");
        let not = self.chars.get(self.at) == Some(&'!');
        self.at += usize::from(not);
        let low = self.chars.get(self.at).copied().ok_or(unclosed)?;
        let class = if self.chars.get(self.at + 1) == Some(&'-') {
            self.at += 2;
            let high = self.read().ok_or(unclosed)?;
            if high < low {
                return Err(BadPattern("the end of a range stands before its start"));
            }
            Node::Range { low, high, not }
        } else {
            let mut chars = Vec::new();
            while let Some(&c) = self.chars.get(self.at).filter(|c| **c != ']') {
                self.at += 1;
                match c {
                    '\\' => chars.extend(self.read()),
                    c => chars.push(c),
                }
            }
            if chars.is_empty() {
                return Err(BadPattern("could not parse range"));
            }
            Node::List { chars, not }
        };
        match self.read() {
            Some(']') => Ok(class),
            Some(_) => Err(BadPattern("expected close range character")),
            None => Err(unclosed),
        }
    }
}
