//! Whether a Markdown report is well-formed as GitHub reads it: every fence is closed, every `<details>` is, tables
//! have their columns, and no untrusted text means anything but itself.

/// Checks a report.
pub fn check(markdown: &str) -> Result<(), String> {
    let mut fence: Option<usize> = None;
    let mut open = 0_usize;
    let mut columns: Option<usize> = None;
    for (i, line) in markdown.split('\n').enumerate() {
        let wrong = |what: &str| Err(format!("line {}: {what}: {line}", i + 1));
        if let Some(c) = line.chars().find(|c| c.is_control() && *c != '\t') {
            return wrong(&format!("a control character, {}", c.escape_unicode()));
        }
        if torii::diagnostic::escape(line) != line {
            return wrong("a character that misleads");
        }
        let indent = line.len() - line.trim_start_matches(' ').len();
        let ticks = line.trim_start_matches(' ').bytes().take_while(|b| *b == b'`').count();
        if let Some(length) = fence {
            let rest = line.trim_start_matches(' ').trim_start_matches('`').trim();
            if indent <= 3 && ticks >= length && rest.is_empty() {
                // Ours are not indented, and exactly as long.
                if indent > 0 || ticks != length {
                    return wrong("untrusted text closes a fence");
                }
                fence = None;
            } else if line.starts_with('`') {
                return wrong("a line of a fence without a sign");
            }
            continue;
        }
        if line.starts_with("```") {
            if line.trim_start_matches('`') != "diff" {
                return wrong("not one of our fences");
            }
            fence = Some(ticks);
            continue;
        }
        match line {
            "<details>" => open += 1,
            "</details>" => match open.checked_sub(1) {
                Some(less) => open = less,
                None => return wrong("closes what is not open"),
            },
            _ if line.starts_with("<summary>") => summary(line).or_else(|what| wrong(&what))?,
            _ if line.starts_with('|') => {
                let cells = cells(line);
                if *columns.get_or_insert(cells.len()) != cells.len() {
                    return wrong("another number of cells");
                }
                cells.iter().try_for_each(|cell| text(cell)).or_else(|what| wrong(&what))?;
            }
            _ => {
                columns = None;
                let own = line.trim_start_matches('#').strip_prefix("- ").unwrap_or(line);
                text(own.trim_start_matches('#')).or_else(|what| wrong(&what))?;
            }
        }
    }
    match (fence, open) {
        (None, 0) => Ok(()),
        (Some(_), _) => Err("a fence is open at the end".to_string()),
        (None, n) => Err(format!("{n} details are open at the end")),
    }
}

/// The cells of a row, as tables are split: by pipes that no backslash stands before.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut before = ' ';
    for c in line.chars() {
        let last = cells.last_mut().expect("there is one");
        match (c, before) {
            ('|', '\\') => {
                last.pop();
                last.push('|');
            }
            ('|', _) => cells.push(String::new()),
            _ => last.push(c),
        }
        before = c;
    }
    cells
}

/// Text outside of blocks of code: what is left without its code spans must be words and our own bold.
fn text(line: &str) -> Result<(), String> {
    let mut rest = line;
    let mut plain = String::new();
    while let Some(at) = rest.find('`') {
        plain.push_str(&rest[..at]);
        let ticks = rest[at..].bytes().take_while(|b| *b == b'`').count();
        let body = &rest[at + ticks..];
        let Some(end) = closing(body, ticks) else { return Err("a code span is not closed".to_string()) };
        plain.push('\u{fffc}');
        rest = &body[end + ticks..];
    }
    plain.push_str(rest);
    if plain.replace("**", "").contains(|c: char| "<>@[]!#&*_~\\$`".contains(c)) {
        return Err(format!("untrusted text that is no code: {plain}"));
    }
    let lower = plain.to_lowercase();
    for word in ["://", "www.", "gh-1"] {
        if lower.contains(word) {
            return Err(format!("a link: {plain}"));
        }
    }
    if !plain.matches("**").count().is_multiple_of(2) {
        return Err("bold is not closed".to_string());
    }
    Ok(())
}

/// Where a run of exactly so many backticks begins.
fn closing(text: &str, ticks: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = text[at..].find('`') {
        let start = at + found;
        let length = text[start..].bytes().take_while(|b| *b == b'`').count();
        if length == ticks {
            return Some(start);
        }
        at = start + length;
    }
    None
}

fn summary(line: &str) -> Result<(), String> {
    let inner = line
        .strip_prefix("<summary>")
        .and_then(|line| line.strip_suffix("</summary>"))
        .ok_or("a summary is not closed on its line")?;
    let mut open = Vec::new();
    let mut rest = inner;
    while let Some(at) = rest.find('<') {
        let end = rest[at..].find('>').ok_or("a tag is not closed")? + at;
        let outside = &rest[..at];
        if open.is_empty() && outside.contains(['@', '#']) {
            return Err(format!("a mention: {outside}"));
        }
        match &rest[at..=end] {
            "<code>" => open.push("code"),
            "<b>" => open.push("b"),
            "</code>" if open.pop() == Some("code") => {}
            "</b>" if open.pop() == Some("b") => {}
            tag => return Err(format!("not one of our tags: {tag}")),
        }
        rest = &rest[end + 1..];
    }
    if rest.contains(['>', '@', '#']) && open.is_empty() {
        return Err(format!("untrusted text in a summary: {rest}"));
    }
    if !open.is_empty() {
        return Err("a tag of a summary is not closed".to_string());
    }
    Ok(())
}
