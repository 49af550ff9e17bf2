//! kubectl's JSONPath templates, as far as `--jsonpath` of values needs them
//! (`k8s.io/client-go/util/jsonpath`): text, `{.a.b}`, `{range}…{end}`, indices and slices, unions, filters,
//! `*`, `..` and quoted literals.

use torii::json::Escape;
use torii::value::{Value, number};

/// A template, parsed.
#[derive(Debug)]
pub struct Template(Vec<Part>);

#[derive(Debug)]
enum Part {
    Text(String),
    Path(Vec<Step>),
    Range(Vec<Step>, Vec<Part>),
}

#[derive(Clone, Debug)]
enum Step {
    Field(String),
    Slice([Option<i64>; 3], bool),
    Wildcard,
    Recursive,
    Union(Vec<Vec<Step>>),
    Filter(Vec<Step>, Option<(String, Vec<Step>)>),
    Literal(Value),
}

/// Levels of nested unions and filters in a template.
const MAX_DEPTH: usize = 32;

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    /// In kubectl's words.
    pub fn parse(text: &str) -> Result<Template, String> {
        let mut parts = vec![(Vec::new(), Vec::new())];
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            if let (true, Some((_, inner))) = (open > 0, parts.last_mut()) {
                inner.push(Part::Text(rest[..open].to_string()));
            }
            let mut parser = Parser { rest: &rest[open + 1..], depth: 0 };
            parser.skip_blanks();
            match parser.keyword() {
                Some("range") => parts.push((parser.action()?, Vec::new())),
                Some("end") => {
                    parser.action()?;
                    let (Some((steps, inner)), Some((_, outer))) = (parts.pop(), parts.last_mut()) else {
                        return Err("not in range, nothing to end".into());
                    };
                    outer.push(Part::Range(steps, inner));
                }
                Some(word) if word != "true" && word != "false" => {
                    return Err(format!("unrecognized identifier {word}"));
                }
                _ => {
                    let steps = parser.action()?;
                    if let Some((_, inner)) = parts.last_mut() {
                        inner.push(Part::Path(steps));
                    }
                }
            }
            rest = parser.rest;
        }
        let Some((_, mut whole)) = parts.pop() else { return Ok(Template(Vec::new())) };
        if !rest.is_empty() {
            whole.push(Part::Text(rest.to_string()));
        }
        // A range without an end goes on to the end of the text.
        while let Some((_, mut outer)) = parts.pop() {
            outer.push(Part::Range(Vec::new(), whole));
            whole = outer;
        }
        Ok(Template(whole))
    }

    /// Fills the template in.
    ///
    /// # Errors
    /// In kubectl's words: `x is not found`.
    pub fn print(&self, root: &Value) -> Result<String, String> {
        let mut out = String::new();
        print(&self.0, root, &mut out)?;
        Ok(out)
    }
}

fn print(parts: &[Part], root: &Value, out: &mut String) -> Result<(), String> {
    for part in parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Path(steps) => {
                for (i, value) in walk(steps, vec![root.clone()])?.iter().enumerate() {
                    if i > 0 {
                        out.push(' ');
                    }
                    out.push_str(&text(value)?);
                }
            }
            Part::Range(steps, inner) => {
                for value in walk(steps, vec![root.clone()])? {
                    print(inner, &value, out)?;
                }
            }
        }
    }
    Ok(())
}

fn text(value: &Value) -> Result<String, String> {
    Ok(match value {
        Value::Null | Value::TypedNil(_) => "null".into(),
        Value::Bool(b) => b.to_string(),
        Value::Int(i) => i.as_i128().to_string(),
        Value::Float(f) => number::format_g(*f),
        Value::String(s) => s.to_string(),
        other => torii::json::encode(other, Escape::Html).map_err(|e| e.message)?,
    })
}

fn walk(steps: &[Step], mut values: Vec<Value>) -> Result<Vec<Value>, String> {
    for step in steps {
        values = advance(step, values)?;
    }
    Ok(values)
}

fn advance(step: &Step, values: Vec<Value>) -> Result<Vec<Value>, String> {
    let mut found = Vec::new();
    match step {
        Step::Literal(literal) => found.push(literal.clone()),
        Step::Field(name) => {
            let asked = !values.is_empty();
            found.extend(values.iter().filter_map(|v| v.as_map()?.get(name)));
            if asked && found.is_empty() {
                return Err(format!("{name} is not found"));
            }
        }
        Step::Wildcard => values.iter().for_each(|value| found.extend(children(value))),
        Step::Recursive => {
            // Depth first, each value before what it holds; containers and texts that hold anything.
            let mut left: Vec<Value> = values.into_iter().rev().collect();
            while let Some(value) = left.pop() {
                let inner = children(&value);
                if !inner.is_empty() || value.as_str().is_some_and(|s| !s.is_empty()) {
                    found.push(value);
                    left.extend(inner.into_iter().rev());
                }
            }
        }
        Step::Union(paths) => {
            for path in paths {
                found.extend(walk(path, values.clone())?);
            }
        }
        Step::Slice(params, derived) => {
            for value in values.iter().filter(|v| !v.is_nil()) {
                let Some(list) = value.as_list() else {
                    return Err(format!("{} is not array or slice", value.type_name()));
                };
                found.extend(slice(&list.items(), *params, *derived)?);
            }
        }
        Step::Filter(left, test) => {
            for value in &values {
                let Some(list) = value.as_list() else {
                    return Err(format!(
                        "{} is not array or slice and cannot be filtered",
                        value.type_name()
                    ));
                };
                for item in list.items() {
                    if passes(left, test.as_ref(), &item)? {
                        found.push(item);
                    }
                }
            }
        }
    }
    Ok(found)
}

fn children(value: &Value) -> Vec<Value> {
    match value {
        Value::Map(map) => map.entries().into_iter().map(|(_, value)| value).collect(),
        Value::List(list) => list.items(),
        _ => Vec::new(),
    }
}

fn slice(items: &[Value], [start, end, step]: [Option<i64>; 3], derived: bool) -> Result<Vec<Value>, String> {
    let length = items.len() as i64;
    let mut start = start.unwrap_or(0);
    if start < 0 {
        start += length;
    }
    let mut end = end.unwrap_or(length);
    if end < 0 || (end == 0 && derived) {
        end += length;
    }
    if start == end {
        return Ok(Vec::new());
    }
    let out_of_bounds = |index| format!("array index out of bounds: index {index}, length {length}");
    if start >= length || start < 0 {
        return Err(out_of_bounds(start));
    }
    if end > length || end < 0 {
        return Err(out_of_bounds(end - 1));
    }
    if start > end {
        return Err(format!("starting index {start} is greater than ending index {end}"));
    }
    match step.unwrap_or(1) {
        step @ 1.. => {
            Ok(items[start as usize..end as usize].iter().step_by(step as usize).cloned().collect())
        }
        _ => Err("step must be > 0".into()),
    }
}

fn passes(left: &[Step], test: Option<&(String, Vec<Step>)>, item: &Value) -> Result<bool, String> {
    let lefts = walk(left, vec![item.clone()]);
    let Some((operator, right)) = test else { return Ok(lefts.is_ok_and(|found| !found.is_empty())) };
    let one = |found: Vec<Value>| match found.len() {
        0 | 1 => Ok(found.into_iter().next()),
        _ => Err("can only compare one element at a time".to_string()),
    };
    let (Some(left), Some(right)) = (one(lefts?)?, one(walk(right, vec![item.clone()])?)?) else {
        return Ok(false);
    };
    let order = match (&left, &right) {
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) if matches!(operator.as_str(), "==" | "!=") => Some(a.cmp(b)),
        (a, b) => match (as_number(a), as_number(b)) {
            (Some(a), Some(b)) => a.partial_cmp(&b),
            _ => return Err("incompatible types for comparison".into()),
        },
    };
    Ok(match operator.as_str() {
        "==" => order.is_some_and(|o| o.is_eq()),
        "!=" => !order.is_some_and(|o| o.is_eq()),
        "<" => order.is_some_and(|o| o.is_lt()),
        "<=" => order.is_some_and(|o| o.is_le()),
        ">" => order.is_some_and(|o| o.is_gt()),
        ">=" => order.is_some_and(|o| o.is_ge()),
        other => return Err(format!("unrecognized filter operator {other}")),
    })
}

fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(i) => Some(i.as_i128() as f64),
        Value::Float(f) => Some(*f),
        _ => None,
    }
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches(' ');
    }

    /// Takes an identifier, if one stands here.
    fn keyword(&mut self) -> Option<&'a str> {
        if !self.rest.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            return None;
        }
        let word = &self.rest[..self.rest.find(is_terminator).unwrap_or(self.rest.len())];
        if word != "true" && word != "false" {
            self.rest = &self.rest[word.len()..];
        }
        Some(word)
    }

    /// Parses the steps up to the closing brace, and takes that.
    fn action(&mut self) -> Result<Vec<Step>, String> {
        let mut steps = Vec::new();
        loop {
            let Some(c) = self.rest.chars().next() else { return Err("unclosed action".into()) };
            match c {
                '}' => {
                    self.rest = &self.rest[1..];
                    return Ok(steps);
                }
                '\n' | '\r' => return Err("unclosed action".into()),
                ' ' | '@' | '$' => self.rest = &self.rest[1..],
                '.' if self.rest.starts_with("..") => {
                    if matches!(steps.last(), Some(Step::Recursive)) {
                        return Err("invalid multiple recursive descent".into());
                    }
                    self.rest = &self.rest[2..];
                    steps.push(Step::Recursive);
                    if self.rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
                        steps.push(self.field());
                    }
                }
                '.' => {
                    self.rest = &self.rest[1..];
                    steps.push(self.field());
                }
                '[' if self.rest.starts_with("[?(") => steps.push(self.filter()?),
                '[' => self.array(&mut steps)?,
                '"' | '\'' => steps.push(Step::Literal(self.quoted(c)?)),
                '+' | '-' | '0'..='9' => steps.push(Step::Literal(self.number()?)),
                c if c.is_alphabetic() || c == '_' => match self.keyword() {
                    Some(word @ ("true" | "false")) => {
                        self.rest = &self.rest[word.len()..];
                        steps.push(Step::Literal(Value::Bool(word == "true")));
                    }
                    word => return Err(format!("unrecognized identifier {}", word.unwrap_or_default())),
                },
                c => return Err(format!("unrecognized character in action: {c:?}")),
            }
        }
    }

    fn field(&mut self) -> Step {
        let mut name = String::new();
        let mut chars = self.rest.char_indices();
        let end = loop {
            match chars.next() {
                None => break self.rest.len(),
                Some((_, '\\')) => name.extend(chars.next().map(|(_, c)| c)),
                Some((i, c)) if is_terminator(c) => break i,
                Some((_, c)) => name.push(c),
            }
        };
        self.rest = &self.rest[end..];
        if name == "*" { Step::Wildcard } else { Step::Field(name) }
    }

    fn number(&mut self) -> Result<Value, String> {
        let digits =
            self.rest[1..].find(|c: char| c != '.' && !c.is_ascii_digit()).map_or(self.rest.len(), |i| i + 1);
        let text = &self.rest[..digits];
        self.rest = &self.rest[digits..];
        match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(n), _) => Ok(Value::int(n)),
            (_, Ok(f)) => Ok(Value::Float(f)),
            _ => Err(format!("cannot parse number {text}")),
        }
    }

    fn quoted(&mut self, quote: char) -> Result<Value, String> {
        let mut text = String::new();
        let mut chars = self.rest[1..].char_indices();
        loop {
            match chars.next() {
                None | Some((_, '\n')) => return Err("unterminated quoted string".into()),
                Some((i, c)) if c == quote => {
                    self.rest = &self.rest[1 + i + 1..];
                    return Ok(Value::from(text));
                }
                Some((_, '\\')) => match chars.next() {
                    Some((_, 'n')) => text.push('\n'),
                    Some((_, 't')) => text.push('\t'),
                    Some((_, 'r')) => text.push('\r'),
                    Some((_, c @ ('\\' | '"' | '\'' | '/'))) => text.push(c),
                    _ => return Err(format!("unquote string {} error invalid syntax", self.rest)),
                },
                Some((_, c)) => text.push(c),
            }
        }
    }

    fn array(&mut self, steps: &mut Vec<Step>) -> Result<(), String> {
        let end = self.rest.find([']', '\n']).filter(|i| self.rest[*i..].starts_with(']'));
        let end = end.ok_or("unterminated array")?;
        let text = &self.rest[1..end];
        self.rest = &self.rest[end + 1..];
        let mut parts = text.split(',').map(|part| part.trim_matches(' ')).map(index);
        if text.contains(',') {
            steps.push(Step::Union(parts.map(|step| step.map(|s| vec![s])).collect::<Result<_, _>>()?));
        } else if let Some(step) = parts.next() {
            steps.push(step?);
        }
        Ok(())
    }

    fn filter(&mut self) -> Result<Step, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("filters are nested too deep".into());
        }
        let text = &self.rest[3..];
        let mut quote = None;
        let mut end = None;
        let mut escaped = false;
        for (i, c) in text.char_indices() {
            match (c, quote) {
                ('\n', _) => break,
                (c, Some(open)) if c == open && !escaped => quote = None,
                ('"' | '\'', None) => quote = Some(c),
                (')', None) => {
                    end = Some(i);
                    break;
                }
                _ => {}
            }
            escaped = c == '\\' && !escaped;
        }
        let end = end.ok_or("unterminated filter")?;
        self.rest = text[end + 1..].strip_prefix(']').ok_or("unclosed array expect ]")?;
        let text = &text[..end];
        let depth = self.depth;
        let path = |text: &str| Parser { rest: &format!("{text}}}"), depth }.action();
        let Some(start) = text.find(['!', '<', '>', '=']).filter(|start| *start > 0) else {
            return Ok(Step::Filter(path(text)?, None));
        };
        let operator = &text[start..];
        let length = operator.find(|c| !matches!(c, '!' | '<' | '>' | '=' | '~')).unwrap_or(operator.len());
        let right = path(&operator[length..])?;
        Ok(Step::Filter(path(&text[..start])?, Some((operator[..length].to_string(), right))))
    }
}

/// What stands between brackets: `*`, `'name'`, `2`, `-1`, `1:3`, `::2`.
fn index(text: &str) -> Result<Step, String> {
    if text == "*" {
        return Ok(Step::Slice([None; 3], false));
    }
    if let Some(name) =
        text.strip_prefix('\'').and_then(|t| t.strip_suffix('\'')).filter(|t| !t.contains('\''))
    {
        return Ok(Step::Field(name.replace('\\', "")));
    }
    let invalid = || format!("invalid array index {text}");
    let parts: Vec<&str> = text.split(':').collect();
    if text.is_empty() || parts.len() > 3 {
        return Err(invalid());
    }
    let mut params = [None; 3];
    for (param, part) in params.iter_mut().zip(&parts) {
        if !part.is_empty() {
            *param = Some(part.parse::<i64>().map_err(|_| invalid())?);
        }
    }
    let derived = parts.len() == 1;
    if derived {
        params[1] = params[0].map(|start| start.saturating_add(1));
    }
    Ok(Step::Slice(params, derived))
}

fn is_terminator(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | '.' | ',' | '[' | ']' | '$' | '@' | '{' | '}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(template: &str) -> Result<String, String> {
        let values = torii::yaml::decode(
            b"a: {b: x, num: 8080, f: 1.5, t: true, z: null}\nl: [{k: p, v: 1}, {k: q, v: 2}, {k: r}]\nd.e: dots",
        );
        Template::parse(template)?.print(&values.unwrap())
    }

    #[test]
    fn fields_and_text_are_filled_in() {
        assert_eq!(run("{.a.b}").unwrap(), "x");
        assert_eq!(run("port={$.a.num}, {.a.f} {.a.t} {.a.z}").unwrap(), "port=8080, 1.5 true null");
        assert_eq!(run("{['d.e']}{.d\\.e}").unwrap(), "dotsdots");
        assert_eq!(run("plain").unwrap(), "plain");
    }

    #[test]
    fn lists_are_indexed_sliced_joined_and_filtered() {
        assert_eq!(
            run("{.l[0].k} {.l[-1].k} {.l[*].k} {.l[0:2].k} {.l[::2].k}").unwrap(),
            "p r p q r p q p r"
        );
        assert_eq!(run("{.l[0,2].k}").unwrap(), "p r");
        assert_eq!(run("{.l[?(@.k==\"q\")].v}").unwrap(), "2");
        assert_eq!(run("{.l[?(@.v)].k}").unwrap(), "p q");
        assert_eq!(run("{range .l[*]}{.k};{\"\\n\"}{end}").unwrap(), "p;\nq;\nr;\n");
        assert_eq!(run("{..k}").unwrap(), "p q r");
    }

    #[test]
    fn maps_and_lists_print_as_json() {
        assert_eq!(run("{.l[0]}").unwrap(), r#"{"k":"p","v":1}"#);
    }

    #[test]
    fn errors_say_what_is_wrong() {
        assert_eq!(run("{.nope}").unwrap_err(), "nope is not found");
        assert_eq!(run("{.a").unwrap_err(), "unclosed action");
        assert_eq!(run("{end}").unwrap_err(), "not in range, nothing to end");
        assert_eq!(run("{.l[9]}").unwrap_err(), "array index out of bounds: index 9, length 3");
        for bad in [
            "{",
            "{[",
            "{.l[?(",
            "{.l[?(@.k==",
            "{'",
            "{-}",
            "{.l[a]}",
            "{range",
            "{..",
            "{[]}",
            "{.a[?(])]}",
        ] {
            assert!(run(bad).is_err(), "{bad}");
        }
    }
}
