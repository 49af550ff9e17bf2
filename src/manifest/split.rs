//! How Helm cuts a rendered file into documents.

/// The documents of a rendered file as byte ranges, in order, empty ones left out.
///
/// This is not YAML's own rule but Helm 4.2.4's (`helm pkg/release/v1/util/manifest.go: SplitManifests`): a line
/// that *begins* with `---` ends a document, wherever it stands (in a block scalar too), and what follows the
/// dashes and blanks on the same line belongs to the next document. So `---apiVersion: v1` starts one.
/// White space before a document goes, white space after it stays.
pub fn split(text: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut documents = Vec::new();
    let mut push = |start: usize, end: usize| {
        let trimmed = start + leading_space(&text[start..end]);
        if trimmed < end {
            documents.push(trimmed..end);
        }
    };
    let mut start = leading_space(text);
    let mut line = start;
    loop {
        if text[line..].starts_with(b"---") {
            push(start, line);
            start = line + 3;
            while matches!(text.get(start), Some(b' ' | b'\t')) {
                start += 1;
            }
        }
        match memchr::memmem::find(&text[line..], b"\n---") {
            Some(i) => line += i + 1,
            None => break,
        }
    }
    push(start, text.len());
    documents
}

/// The bytes of white space at the start, as Go's `unicode.IsSpace` sees it. A byte that isn't UTF-8 is none.
fn leading_space(text: &[u8]) -> usize {
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        if first < 0x80 {
            if !matches!(first, b' ' | b'\t'..=b'\r') {
                break;
            }
            rest = tail;
        } else {
            let end = rest.len().min(4);
            let valid = match std::str::from_utf8(&rest[..end]) {
                Ok(s) => s,
                Err(e) => std::str::from_utf8(&rest[..e.valid_up_to()]).unwrap_or_default(),
            };
            match valid.chars().next() {
                Some(c) if c.is_whitespace() => rest = &rest[c.len_utf8()..],
                _ => break,
            }
        }
    }
    text.len() - rest.len()
}

/// Whether there is nothing but white space.
pub fn is_blank(text: &[u8]) -> bool {
    leading_space(text) == text.len()
}

/// The text without white space at its end.
pub fn trim_end(text: &[u8]) -> &[u8] {
    let mut end = text.len();
    while end > 0 {
        let mut start = end - 1;
        while start > 0 && end - start < 4 && text[start] & 0xC0 == 0x80 {
            start -= 1;
        }
        match std::str::from_utf8(&text[start..end]) {
            Ok(s) if s.chars().all(char::is_whitespace) => end = start,
            _ => break,
        }
    }
    &text[..end]
}

/// The text without white space around it, as Go's `strings.TrimSpace`.
pub fn trim(text: &[u8]) -> &[u8] {
    trim_end(&text[leading_space(text)..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents(text: &str) -> Vec<&str> {
        split(text.as_bytes()).into_iter().map(|r| &text[r]).collect()
    }

    #[test]
    fn blank_texts_have_no_documents() {
        assert!(documents("").is_empty());
        assert!(documents(" \n\n  \n").is_empty());
        assert!(documents("---\n---  \n\n---").is_empty());
    }

    #[test]
    fn space_before_a_document_goes_and_space_after_it_stays() {
        assert_eq!(documents("\n\n---\n  a: 1\n\n\n---\nb: 2\n"), ["a: 1\n\n\n", "b: 2\n"]);
    }

    #[test]
    fn a_separator_may_stick_to_the_document_that_follows() {
        assert_eq!(documents("a: 1\n---b: 2\n--- c: 3"), ["a: 1\n", "b: 2\n", "c: 3"]);
        assert_eq!(documents("---apiVersion: v1"), ["apiVersion: v1"]);
    }

    #[test]
    fn more_dashes_than_three_leave_the_rest_in_the_document() {
        assert_eq!(documents("a\n-----\nb"), ["a\n", "--\nb"]);
    }

    #[test]
    fn a_separator_within_a_block_scalar_cuts_it() {
        assert_eq!(documents("a: |\n  x\n---\n  y\n"), ["a: |\n  x\n", "y\n"]);
    }

    #[test]
    fn an_indented_separator_is_none() {
        assert_eq!(documents("a: |\n  ---\n  y\n"), ["a: |\n  ---\n  y\n"]);
        assert_eq!(documents("  ---\na: 1"), ["a: 1"], "but leading space of the whole file goes first");
    }

    #[test]
    fn bytes_that_are_not_text_are_kept() {
        assert_eq!(split(b"\xff: 1\n---\n\xc2\xa0b"), [0..5, 11..12]);
        assert_eq!(trim(b" \xff\n\xe2\x80\xa8"), b"\xff");
        assert!(is_blank("\u{a0}\u{3000}\n".as_bytes()));
    }
}
