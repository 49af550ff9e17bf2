//! Whether HTML or XML has only our own tags, each closed.

/// Checks a text of tags: `void` need not be closed, and only names in `tags` and attributes in `attributes` may be.
pub fn check(text: &str, tags: &[&str], void: &[&str], attributes: &[&str]) -> Result<(), String> {
    let mut open: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        if rest[..at].contains('>') {
            return Err(format!("a `>` in text: {}", &rest[..at]));
        }
        let tag = rest[at + 1..].split_inclusive('>').next().unwrap_or_default();
        let Some(tag) = tag.strip_suffix('>') else { return Err("a tag is not closed".to_string()) };
        rest = &rest[at + tag.len() + 2..];
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop().as_deref() != Some(name) {
                return Err(format!("</{name}> closes another"));
            }
            continue;
        }
        let (tag, empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, own) = tag.split_once(' ').unwrap_or((tag, ""));
        if !tags.contains(&name) {
            return Err(format!("not one of our tags: <{tag}>"));
        }
        check_attributes(own, attributes).map_err(|what| format!("{what}: <{tag}>"))?;
        if !empty && !void.contains(&name) {
            open.push(name.to_string());
        }
    }
    if open.is_empty() { Ok(()) } else { Err(format!("{open:?} are not closed")) }
}

fn check_attributes(mut text: &str, known: &[&str]) -> Result<(), String> {
    while !text.trim().is_empty() {
        text = text.trim_start();
        let end = text.find(['=', ' ']).unwrap_or(text.len());
        let name = &text[..end];
        if !known.contains(&name) {
            return Err(format!("not one of our attributes: {name}"));
        }
        text = &text[end..];
        if let Some(value) = text.strip_prefix("=\"") {
            let end = value.find('"').ok_or("an attribute is not closed")?;
            text = &value[end + 1..];
        }
    }
    Ok(())
}
