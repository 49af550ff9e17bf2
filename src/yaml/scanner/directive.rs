//! Directives, anchors, aliases and tags.

use std::borrow::Cow;

use super::{Mark, Scan, Scanner, TokenKind};

fn is_alpha(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|d| d as u8)
}

impl<'a> Scanner<'a> {
    fn skip_blanks(&mut self) {
        while self.is_blank(self.pos) {
            self.pos += 1;
        }
    }

    fn take_alpha(&mut self) -> &'a [u8] {
        let start = self.pos;
        while is_alpha(self.at(self.pos)) {
            self.pos += 1;
        }
        self.text.get(start..self.pos).unwrap_or_default()
    }

    pub(super) fn fetch_directive(&mut self) -> Scan {
        self.unroll(-1);
        self.remove_key()?;
        self.key_allowed = false;

        let start = self.mark();
        self.pos += 1;
        let name = self.take_alpha();
        if name.is_empty() {
            return Err(self.fault("could not find expected directive name", start));
        }
        if !self.is_blankz(self.pos) {
            return Err(self.fault("found unexpected non-alphabetical character", start));
        }
        let kind = match name {
            b"YAML" => self.scan_version(start)?,
            b"TAG" => self.scan_tag_directive(start)?,
            _ => return Err(self.fault("found unknown directive name", start)),
        };
        // The token ends before the blanks and the comment behind it.
        self.push(kind, start);
        self.end_line(start)
    }

    /// Takes the rest of a line that may only hold blanks and a comment.
    pub(super) fn end_line(&mut self, start: Mark) -> Scan {
        self.skip_blanks();
        if self.at(self.pos) == b'#' {
            self.skip_to_line_end();
        }
        if !self.is_breakz(self.pos) {
            return Err(self.fault("did not find expected comment or line break", start));
        }
        let len = self.break_len(self.pos);
        if len > 0 {
            self.skip_break(len);
        }
        Ok(())
    }

    fn scan_version(&mut self, start: Mark) -> Scan<TokenKind<'a>> {
        self.skip_blanks();
        let major = self.scan_version_number(start)?;
        if self.at(self.pos) != b'.' {
            return Err(self.fault("did not find expected digit or '.' character", start));
        }
        self.pos += 1;
        let minor = self.scan_version_number(start)?;
        Ok(TokenKind::VersionDirective { major, minor })
    }

    fn scan_version_number(&mut self, start: Mark) -> Scan<u8> {
        let mut value = 0;
        let mut len = 0;
        while self.at(self.pos).is_ascii_digit() {
            len += 1;
            if len > 2 {
                return Err(self.fault("found extremely long version number", start));
            }
            value = value * 10 + (self.at(self.pos) - b'0');
            self.pos += 1;
        }
        if len == 0 {
            return Err(self.fault("did not find expected version number", start));
        }
        Ok(value)
    }

    fn scan_tag_directive(&mut self, start: Mark) -> Scan<TokenKind<'a>> {
        self.skip_blanks();
        let handle = self.scan_tag_handle(true, start)?;
        if !self.is_blank(self.pos) {
            return Err(self.fault("did not find expected whitespace", start));
        }
        self.skip_blanks();
        let prefix = self.scan_tag_uri(b"", start)?;
        if !self.is_blankz(self.pos) {
            return Err(self.fault("did not find expected whitespace or line break", start));
        }
        Ok(TokenKind::TagDirective { handle, prefix })
    }

    pub(super) fn fetch_anchor(&mut self) -> Scan {
        self.save_key()?;
        self.key_allowed = false;
        let start = self.mark();
        let is_alias = self.at(self.pos) == b'*';
        self.pos += 1;
        let name = self.take_alpha();
        let ends = self.is_blankz(self.pos)
            || matches!(self.at(self.pos), b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`');
        if name.is_empty() || !ends {
            return Err(self.fault("did not find expected alphabetic or numeric character", start));
        }
        self.push(if is_alias { TokenKind::Alias(name) } else { TokenKind::Anchor(name) }, start);
        Ok(())
    }

    pub(super) fn fetch_tag(&mut self) -> Scan {
        self.save_key()?;
        self.key_allowed = false;
        let start = self.mark();
        let (handle, suffix): (&[u8], Cow<'_, [u8]>) = if self.at(self.pos + 1) == b'<' {
            self.pos += 2;
            let uri = self.scan_tag_uri(b"", start)?;
            if self.at(self.pos) != b'>' {
                return Err(self.fault("did not find the expected '>'", start));
            }
            self.pos += 1;
            (b"", uri)
        } else {
            let handle = self.scan_tag_handle(false, start)?;
            if handle.len() > 1 && handle.ends_with(b"!") {
                (handle, self.scan_tag_uri(b"", start)?)
            } else {
                // It was no handle, but the beginning of the tag.
                let suffix = self.scan_tag_uri(handle, start)?;
                if suffix.is_empty() { (b"", Cow::Borrowed(b"!")) } else { (b"!", suffix) }
            }
        };
        if !self.is_blankz(self.pos) {
            return Err(self.fault("did not find expected whitespace or line break", start));
        }
        self.push(TokenKind::Tag { handle, suffix }, start);
        Ok(())
    }

    fn scan_tag_handle(&mut self, directive: bool, start: Mark) -> Scan<&'a [u8]> {
        let begin = self.pos;
        if self.at(self.pos) != b'!' {
            return Err(self.fault("did not find expected '!'", start));
        }
        self.pos += 1;
        let name = self.take_alpha();
        if self.at(self.pos) == b'!' {
            self.pos += 1;
        } else if directive && !name.is_empty() {
            return Err(self.fault("did not find expected '!'", start));
        }
        Ok(self.text.get(begin..self.pos).unwrap_or_default())
    }

    /// `head`, if not empty, is the `!` and what else was taken of the tag already.
    fn scan_tag_uri(&mut self, head: &'a [u8], start: Mark) -> Scan<Cow<'a, [u8]>> {
        let begin = self.pos - head.len().saturating_sub(1);
        let first = self.pos;
        let mut owned: Option<Vec<u8>> = None;
        loop {
            let byte = self.at(self.pos);
            let allowed = is_alpha(byte)
                || matches!(
                    byte,
                    b';' | b'/'
                        | b'?'
                        | b':'
                        | b'@'
                        | b'&'
                        | b'='
                        | b'+'
                        | b'$'
                        | b','
                        | b'.'
                        | b'!'
                        | b'~'
                        | b'*'
                        | b'\''
                        | b'('
                        | b')'
                        | b'['
                        | b']'
                        | b'%'
                );
            if !allowed {
                break;
            }
            if byte == b'%' {
                let so_far = self.text.get(begin..self.pos).unwrap_or_default();
                let mut out = owned.take().unwrap_or_else(|| so_far.to_vec());
                self.scan_uri_escape(start, &mut out)?;
                owned = Some(out);
            } else {
                if let Some(out) = &mut owned {
                    out.push(byte);
                }
                self.pos += 1;
            }
        }
        if head.is_empty() && self.pos == first {
            return Err(self.fault("did not find expected tag URI", start));
        }
        Ok(match owned {
            Some(out) => Cow::Owned(out),
            None => Cow::Borrowed(self.text.get(begin..self.pos).unwrap_or_default()),
        })
    }

    /// Takes the escapes of one UTF-8 character: `%C3%A9`.
    fn scan_uri_escape(&mut self, start: Mark, out: &mut Vec<u8>) -> Scan {
        let mut left = None;
        while left != Some(0) {
            let octet = match (self.at(self.pos), hex(self.at(self.pos + 1)), hex(self.at(self.pos + 2))) {
                (b'%', Some(high), Some(low)) => high << 4 | low,
                _ => return Err(self.fault("did not find URI escaped octet", start)),
            };
            let more = match left {
                None => match octet {
                    0..0x80 => 0,
                    0xC0..0xE0 => 1,
                    0xE0..0xF0 => 2,
                    0xF0..0xF8 => 3,
                    _ => return Err(self.fault("found an incorrect leading UTF-8 octet", start)),
                },
                Some(_) if octet & 0xC0 != 0x80 => {
                    return Err(self.fault("found an incorrect trailing UTF-8 octet", start));
                }
                Some(n) => n - 1,
            };
            left = Some(more);
            out.push(octet);
            self.pos += 3;
        }
        Ok(())
    }
}
