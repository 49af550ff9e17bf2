//! The tar format, read as Go's `archive/tar` reads it (`go archive/tar/reader.go`), so that nothing in an archive
//! is seen here and not by Helm, or the other way round.
//!
//! Extended headers are bounded as in Go; sparse files, which no tool makes of a chart, are refused.

use std::io::{self, Read};

use crate::diagnostic::{Error, Result};

const BLOCK: usize = 512;

/// Bytes of an extended header or a long name: Go's bound.
const SPECIAL_BYTES: u64 = 1 << 20;

/// The type of an entry, by the letter in its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A regular file, or what Go takes for one.
    File,
    /// A folder.
    Folder,
    /// Another name for a file that came before.
    HardLink,
    /// A symbolic link.
    SymbolicLink,
    /// A device of characters or blocks.
    Device,
    /// A named pipe.
    Pipe,
    /// Facts about all that follows; Go and Helm pass over them.
    Global,
}

/// An entry, without its data.
#[derive(Debug)]
pub(super) struct Entry {
    pub kind: Kind,
    /// The name, as it is written.
    pub name: Vec<u8>,
    /// What a link leads to.
    pub target: Vec<u8>,
    /// Bytes of data that follow.
    pub size: u64,
}

/// Reads entries one after the other.
pub(super) struct Reader<R> {
    inner: R,
    /// Bytes of the entry at hand that were not read yet.
    data: u64,
    /// Zeros behind the data, up to the next header.
    padding: u64,
}

/// What extended headers say of the entry that follows them.
#[derive(Default)]
struct Extended {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<i64>,
    is_sparse: bool,
}

impl<R: Read> Reader<R> {
    pub fn new(inner: R) -> Reader<R> {
        Reader { inner, data: 0, padding: 0 }
    }

    /// The next entry; `count` is called for each header that is read.
    ///
    /// # Errors
    /// When the archive is broken, or `count` says so.
    pub fn next(&mut self, mut count: impl FnMut() -> Result<()>) -> Result<Option<Entry>> {
        let mut extended = Extended::default();
        let mut long_name = None;
        let mut long_link = None;
        loop {
            let Some(header) = self.header()? else { return Ok(None) };
            count()?;
            match header.letter {
                b'x' => extended = self.extended()?,
                b'g' => {
                    self.extended()?;
                    return Ok(Some(Entry { kind: Kind::Global, ..header.entry(0) }));
                }
                b'L' => long_name = Some(until_nul(&self.special()?).to_vec()),
                b'K' => long_link = Some(until_nul(&self.special()?).to_vec()),
                _ => {
                    let is_sparse = extended.is_sparse || header.letter == b'S';
                    let size = extended.size.unwrap_or(header.size);
                    let mut entry = header.entry(u64::try_from(size).map_err(|_| invalid())?);
                    let given = |text: Option<Vec<u8>>| text.filter(|text| !text.is_empty());
                    if let Some(name) = given(long_name).or(given(extended.path)) {
                        entry.name = name;
                    }
                    if let Some(target) = given(long_link).or(given(extended.link)) {
                        entry.target = target;
                    }
                    if header.letter == 0 && entry.name.ends_with(b"/") {
                        entry.kind = Kind::Folder;
                    }
                    if is_sparse {
                        return Err(sparse(&entry.name));
                    }
                    self.expect(entry.size);
                    return Ok(Some(entry));
                }
            }
        }
    }

    /// The data of the entry at hand.
    ///
    /// # Errors
    /// When the archive ends before it does.
    pub fn data(&mut self) -> Result<Vec<u8>> {
        let mut data = Vec::with_capacity(usize::try_from(self.data).unwrap_or(0).min(8 << 20));
        let size = self.data;
        (&mut self.inner).take(size).read_to_end(&mut data).map_err(|e| broken(&e))?;
        if (data.len() as u64) < size {
            return Err(short());
        }
        self.data = 0;
        Ok(data)
    }

    fn expect(&mut self, size: u64) {
        self.data = size;
        self.padding = size.next_multiple_of(BLOCK as u64) - size;
    }

    /// Passes over what is left of the entry at hand, and reads the next header; none at the archive's end.
    fn header(&mut self) -> Result<Option<Header>> {
        let data = std::mem::take(&mut self.data);
        if self.skip(data)? < data {
            return Err(short());
        }
        let padding = std::mem::take(&mut self.padding);
        self.skip(padding)?;
        let Some(block) = self.block()? else { return Ok(None) };
        if block == [0; BLOCK] {
            return match self.block()? {
                None => Ok(None),
                Some(second) if second == [0; BLOCK] => Ok(None),
                Some(_) => Err(invalid().note("a block of zeros is followed by one that is none")),
            };
        }
        let header = Header::parse(&block).ok_or_else(invalid)?;
        let size = if header.kind.has_data() { header.size } else { 0 };
        self.expect(u64::try_from(size).map_err(|_| invalid())?);
        Ok(Some(header))
    }

    fn skip(&mut self, bytes: u64) -> Result<u64> {
        io::copy(&mut (&mut self.inner).take(bytes), &mut io::sink()).map_err(|e| broken(&e))
    }

    fn block(&mut self) -> Result<Option<[u8; BLOCK]>> {
        let mut block = Vec::with_capacity(BLOCK);
        (&mut self.inner).take(BLOCK as u64).read_to_end(&mut block).map_err(|e| broken(&e))?;
        match <[u8; BLOCK]>::try_from(block) {
            Ok(block) => Ok(Some(block)),
            Err(rest) if rest.is_empty() => Ok(None),
            Err(_) => Err(short()),
        }
    }

    /// The data of an entry that says something about the next one.
    fn special(&mut self) -> Result<Vec<u8>> {
        if self.data > SPECIAL_BYTES {
            return Err(Error::new("archive/tar: header field too long"));
        }
        self.data()
    }

    fn extended(&mut self) -> Result<Extended> {
        let text = self.special()?;
        let mut extended = Extended::default();
        let mut rest = text.as_slice();
        while !rest.is_empty() {
            let (key, value, after) = record(rest).ok_or_else(invalid)?;
            rest = after;
            extended.is_sparse |= key.starts_with(b"GNU.sparse.");
            if value.is_empty() {
                continue;
            }
            match key {
                b"path" => extended.path = Some(value.to_vec()),
                b"linkpath" => extended.link = Some(value.to_vec()),
                b"size" => extended.size = Some(decimal(value).ok_or_else(invalid)?),
                b"uid" | b"gid" => {
                    decimal(value).ok_or_else(invalid)?;
                }
                b"mtime" | b"atime" | b"ctime" if !is_time(value) => return Err(invalid()),
                _ => {}
            }
        }
        Ok(extended)
    }
}

/// Takes a record `LENGTH KEY=VALUE\n` off.
fn record(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = text.iter().position(|b| *b == b' ')?;
    let length = usize::try_from(decimal(text.get(..space)?)?).ok()?;
    if length < 5 || length > text.len() {
        return None;
    }
    let (record, rest) = text.split_at(length);
    let record = record.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|b| *b == b'=')?;
    let (key, value) = (record.get(..equals)?, record.get(equals + 1..)?);
    let text_field = matches!(key, b"path" | b"linkpath" | b"uname" | b"gname");
    let checked = if text_field { value } else { key };
    (!key.is_empty() && !checked.contains(&0)).then_some((key, value, rest))
}

fn decimal(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Seconds, with a fraction or not.
fn is_time(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    let (seconds, fraction) = text.split_once('.').unwrap_or((&text, ""));
    seconds.parse::<i64>().is_ok() && fraction.bytes().all(|b| b.is_ascii_digit())
}

/// One header block.
struct Header {
    letter: u8,
    kind: Kind,
    name: Vec<u8>,
    target: Vec<u8>,
    size: i64,
}

impl Kind {
    fn has_data(self) -> bool {
        matches!(self, Kind::File | Kind::Global)
    }
}

impl Header {
    fn parse(block: &[u8; BLOCK]) -> Option<Header> {
        let sum = octal(&block[148..156])?;
        let of = |value: fn(u8) -> i64| {
            let bytes = block.iter().enumerate();
            bytes.map(|(i, b)| if (148..156).contains(&i) { 32 } else { value(*b) }).sum::<i64>()
        };
        if sum != of(i64::from) && sum != of(|b| i64::from(b.cast_signed())) {
            return None;
        }
        let mode = number(&block[100..108])?;
        for field in [108..116, 116..124, 136..148] {
            number(block.get(field)?)?;
        }
        let size = number(&block[124..136])?;
        let letter = block[156];
        let mut name = until_nul(&block[..100]).to_vec();
        let (magic, version, trailer) = (&block[257..263], &block[263..265], &block[508..512]);
        let is_posix = magic == b"ustar\0";
        let is_gnu = magic == b"ustar " && version == b" \0";
        if is_posix || is_gnu {
            number(&block[329..337])?;
            number(&block[337..345])?;
        }
        let prefix = match () {
            () if is_posix && trailer == b"tar\0" => {
                number(&block[476..488])?;
                number(&block[488..500])?;
                until_nul(&block[345..476])
            }
            () if is_posix => until_nul(&block[345..500]),
            // Old versions of Go wrote a prefix over the times of the GNU format.
            () if is_gnu => {
                let is_bad = |field: &[u8]| field[0] != 0 && number(field).is_none();
                let old = until_nul(&block[345..500]);
                let is_prefix = is_bad(&block[345..357]) || is_bad(&block[357..369]);
                if is_prefix && old.is_ascii() { old } else { b"" }
            }
            () => b"",
        };
        if !prefix.is_empty() {
            name = [prefix, b"/", &name].concat();
        }
        let kind = match letter {
            b'1' => Kind::HardLink,
            b'2' => Kind::SymbolicLink,
            b'3' | b'4' => Kind::Device,
            b'5' => Kind::Folder,
            b'6' => Kind::Pipe,
            // Go's `FileInfo` goes by the mode, too; the data is passed over all the same.
            _ if mode & 0o170_000 == 0o040_000 => Kind::Folder,
            _ => Kind::File,
        };
        let has_data = !matches!(letter, b'1'..=b'6');
        let size = if has_data { size } else { 0 };
        Some(Header { letter, kind, name, target: until_nul(&block[157..257]).to_vec(), size })
    }

    fn entry(&self, size: u64) -> Entry {
        let size = if matches!(self.letter, b'1'..=b'6') { 0 } else { size };
        Entry { kind: self.kind, name: self.name.clone(), target: self.target.clone(), size }
    }
}

fn until_nul(field: &[u8]) -> &[u8] {
    field.split(|b| *b == 0).next().unwrap_or_default()
}

/// A number in a header: octal digits, or bytes with the highest bit of the first set.
fn number(field: &[u8]) -> Option<i64> {
    let first = *field.first()?;
    if first & 0x80 == 0 {
        return octal(field);
    }
    // Two's complement, of which the second highest bit is the sign.
    let inverted = if first & 0x40 == 0 { 0u8 } else { 0xFF };
    let mut value = 0u64;
    for (i, byte) in field.iter().enumerate() {
        let mut byte = byte ^ inverted;
        if i == 0 {
            byte &= 0x7F;
        }
        if value >> 56 > 0 {
            return None;
        }
        value = value << 8 | u64::from(byte);
    }
    let value = i64::try_from(value).ok()?;
    Some(if inverted == 0 { value } else { !value })
}

fn octal(field: &[u8]) -> Option<i64> {
    let is_blank = |b: &u8| matches!(b, b' ' | 0);
    let start = field.iter().position(|b| !is_blank(b)).unwrap_or(field.len());
    let end = field.iter().rposition(|b| !is_blank(b)).map_or(start, |i| i + 1);
    let digits = until_nul(field.get(start..end)?);
    if digits.is_empty() {
        return Some(0);
    }
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    i64::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok()
}

fn invalid() -> Error {
    Error::new("archive/tar: invalid tar header")
}

fn short() -> Error {
    Error::new("unexpected EOF")
}

fn sparse(name: &[u8]) -> Error {
    let name = super::quote(&String::from_utf8_lossy(name));
    Error::new(format!("chart archive holds a sparse file: {name}"))
        .hint("pack the chart without tar's --sparse (-S)")
}

fn broken(error: &io::Error) -> Error {
    Error::new(match error.kind() {
        io::ErrorKind::UnexpectedEof => "unexpected EOF",
        _ => "gzip: invalid data",
    })
    .note(error.to_string())
}
