use std::cmp::Ordering;
use std::fmt;

/// A semantic version, as `Masterminds/semver` v3 reads it: leniently (`v1.2` is 1.2.0).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The first number.
    pub major: u64,
    /// The second number.
    pub minor: u64,
    /// The third number.
    pub patch: u64,
    /// What follows the hyphen, without it; empty if nothing does.
    pub prerelease: String,
    /// What follows the plus sign, without it; empty if nothing does.
    pub metadata: String,
    /// The text the version was read from.
    pub original: String,
}

/// Why a text is no version, in the words of `Masterminds/semver`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionError {
    /// The text doesn't have the shape of a version.
    Invalid,
    /// The strict parser was given nothing.
    Empty,
    /// The strict parser found something else than digits in a number.
    Characters,
    /// A number that must not do so starts with a zero.
    LeadingZero,
    /// A prerelease with an empty or malformed part.
    Prerelease,
    /// Build metadata with an empty or malformed part.
    Metadata,
    /// A number over 64 bits, by the lenient parser.
    Range(String),
    /// A number that Go's `strconv` refuses, by the strict parser: its digits and the reason.
    Number(String, &'static str),
}

impl fmt::Display for VersionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VersionError::Invalid => f.write_str("invalid semantic version"),
            VersionError::Empty => f.write_str("version string empty"),
            VersionError::Characters => f.write_str("invalid characters in version"),
            VersionError::LeadingZero => f.write_str("version segment starts with 0"),
            VersionError::Prerelease => f.write_str("invalid prerelease string"),
            VersionError::Metadata => f.write_str("invalid metadata string"),
            VersionError::Range(digits) => write!(
                f,
                "error parsing version segment: strconv.ParseUint: parsing \"{digits}\": value out of range"
            ),
            VersionError::Number(digits, reason) => {
                write!(f, "strconv.ParseUint: parsing \"{digits}\": {reason}")
            }
        }
    }
}

impl std::error::Error for VersionError {}

impl Version {
    /// Reads a version leniently (Masterminds' `NewVersion`): one to three numbers, leading zeros and a
    /// leading `v` allowed.
    ///
    /// # Errors
    /// With Masterminds' words.
    pub fn parse(text: &str) -> Result<Version, VersionError> {
        let shape = Shape::read(text.as_bytes(), |b| b.is_ascii_digit());
        let Some(shape) = shape.filter(|s| s.end == text.len()) else {
            return Err(VersionError::Invalid);
        };
        let part = |range: &std::ops::Range<usize>| text.get(range.clone()).unwrap_or_default().to_string();
        let number = |range: &Option<std::ops::Range<usize>>| match range {
            None => Ok(0),
            Some(range) => {
                let digits = part(range);
                digits.parse::<u64>().map_err(|_| VersionError::Range(digits))
            }
        };
        let [major, minor, patch] = &shape.numbers;
        let version = Version {
            major: number(major)?,
            minor: number(minor)?,
            patch: number(patch)?,
            prerelease: part(&shape.prerelease),
            metadata: part(&shape.metadata),
            original: text.to_string(),
        };
        if !version.prerelease.is_empty() {
            check_prerelease(&version.prerelease)?;
        }
        Ok(version)
    }

    /// Reads a version that keeps every rule of semver.org (Masterminds' `StrictNewVersion`).
    ///
    /// # Errors
    /// With Masterminds' words.
    pub fn parse_strict(text: &str) -> Result<Version, VersionError> {
        if text.is_empty() {
            return Err(VersionError::Empty);
        }
        let mut parts = text.splitn(3, '.');
        let (Some(major), Some(minor), Some(mut patch)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(VersionError::Invalid);
        };
        let (mut prerelease, mut metadata) = ("", "");
        if let Some((rest, after)) = patch.split_once('+') {
            (patch, metadata) = (rest, after);
            check_metadata(metadata)?;
        }
        if let Some((rest, after)) = patch.split_once('-') {
            (patch, prerelease) = (rest, after);
            check_prerelease(prerelease)?;
        }
        for number in [major, minor, patch] {
            if !number.bytes().all(|b| b.is_ascii_digit()) {
                return Err(VersionError::Characters);
            }
            if number.len() > 1 && number.starts_with('0') {
                return Err(VersionError::LeadingZero);
            }
        }
        let number = |digits: &str| {
            digits.parse::<u64>().map_err(|_| {
                let reason = if digits.is_empty() { "invalid syntax" } else { "value out of range" };
                VersionError::Number(digits.to_string(), reason)
            })
        };
        Ok(Version {
            major: number(major)?,
            minor: number(minor)?,
            patch: number(patch)?,
            prerelease: prerelease.to_string(),
            metadata: metadata.to_string(),
            original: text.to_string(),
        })
    }

    /// The order of versions: prereleases stand below their release, metadata doesn't count.
    pub fn compare(&self, other: &Version) -> Ordering {
        let numbers = |v: &Version| (v.major, v.minor, v.patch);
        numbers(self).cmp(&numbers(other)).then_with(|| {
            match (self.prerelease.is_empty(), other.prerelease.is_empty()) {
                (true, true) => Ordering::Equal,
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) => compare_prereleases(&self.prerelease, &other.prerelease),
            }
        })
    }

    /// The next major version; `None` if the number would overflow.
    pub fn next_major(&self) -> Option<Version> {
        Some(self.with_numbers(self.major.checked_add(1)?, 0, 0))
    }

    /// The next minor version; `None` if the number would overflow.
    pub fn next_minor(&self) -> Option<Version> {
        Some(self.with_numbers(self.major, self.minor.checked_add(1)?, 0))
    }

    /// The next patch version, which for a prerelease is its release; `None` if the number would overflow.
    pub fn next_patch(&self) -> Option<Version> {
        let patch = if self.prerelease.is_empty() { self.patch.checked_add(1)? } else { self.patch };
        Some(self.with_numbers(self.major, self.minor, patch))
    }

    /// The same version with another prerelease (empty: none).
    ///
    /// # Errors
    /// If the prerelease is malformed.
    pub fn with_prerelease(&self, prerelease: &str) -> Result<Version, VersionError> {
        if !prerelease.is_empty() {
            check_prerelease(prerelease)?;
        }
        Ok(Version { prerelease: prerelease.to_string(), ..self.clone() }.with_own_original())
    }

    /// The same version with other metadata (empty: none).
    ///
    /// # Errors
    /// If the metadata is malformed.
    pub fn with_metadata(&self, metadata: &str) -> Result<Version, VersionError> {
        if !metadata.is_empty() {
            check_metadata(metadata)?;
        }
        Ok(Version { metadata: metadata.to_string(), ..self.clone() }.with_own_original())
    }

    fn with_numbers(&self, major: u64, minor: u64, patch: u64) -> Version {
        let (prerelease, metadata) = (String::new(), String::new());
        Version { major, minor, patch, prerelease, metadata, original: self.original.clone() }
            .with_own_original()
    }

    fn with_own_original(mut self) -> Version {
        let v = if self.original.starts_with('v') { "v" } else { "" };
        self.original = format!("{v}{self}");
        self
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if !self.prerelease.is_empty() {
            write!(f, "-{}", self.prerelease)?;
        }
        if !self.metadata.is_empty() {
            write!(f, "+{}", self.metadata)?;
        }
        Ok(())
    }
}

/// Where the parts of something like a version stand in a text: `v?N(.N)?(.N)?(-P(.P)*)?(+M(.M)*)?`.
pub(super) struct Shape {
    /// The numbers, without their dots.
    pub numbers: [Option<std::ops::Range<usize>>; 3],
    /// What follows the hyphen; empty if there is none.
    pub prerelease: std::ops::Range<usize>,
    /// What follows the plus sign; empty if there is none.
    pub metadata: std::ops::Range<usize>,
    /// Where the shape ends.
    pub end: usize,
}

impl Shape {
    /// Reads as much as has the shape from the start of the text; `digit` says what a number consists of.
    pub fn read(text: &[u8], digit: impl Fn(u8) -> bool) -> Option<Shape> {
        let run = |from: usize| {
            let rest = text.get(from..).unwrap_or_default();
            from + rest.iter().take_while(|&&b| digit(b)).count()
        };
        let start = usize::from(text.first() == Some(&b'v'));
        let mut end = run(start);
        if end == start {
            return None;
        }
        let mut numbers = [Some(start..end), None, None];
        for number in &mut numbers[1..] {
            if text.get(end) != Some(&b'.') || run(end + 1) == end + 1 {
                break;
            }
            let from = end + 1;
            end = run(from);
            *number = Some(from..end);
        }
        let mut tail = |mark: u8| {
            let from = end + 1;
            match (text.get(end) == Some(&mark)).then(|| read_identifiers(text, from)) {
                Some(to) if to > from => {
                    end = to;
                    from..to
                }
                _ => 0..0,
            }
        };
        let (prerelease, metadata) = (tail(b'-'), tail(b'+'));
        Some(Shape { numbers, prerelease, metadata, end })
    }
}

/// The end of `[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*` from here; `from` itself if there is none.
fn read_identifiers(text: &[u8], from: usize) -> usize {
    let run = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        from + rest.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'-').count()
    };
    let mut end = run(from);
    while end > from && text.get(end) == Some(&b'.') && run(end + 1) > end + 1 {
        end = run(end + 1);
    }
    end
}

fn check_prerelease(text: &str) -> Result<(), VersionError> {
    for part in text.split('.') {
        if part.is_empty() || !part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return Err(VersionError::Prerelease);
        }
        if part.len() > 1 && part.starts_with('0') && part.bytes().all(|b| b.is_ascii_digit()) {
            return Err(VersionError::LeadingZero);
        }
    }
    Ok(())
}

fn check_metadata(text: &str) -> Result<(), VersionError> {
    let good = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if text.split('.').all(good) { Ok(()) } else { Err(VersionError::Metadata) }
}

/// The order of two prereleases, part by part; numbers stand below words, a missing part below any.
pub(super) fn compare_prereleases(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let (left, right) = (a.next(), b.next());
        if left.is_none() && right.is_none() {
            return Ordering::Equal;
        }
        let (left, right) = (left.unwrap_or(""), right.unwrap_or(""));
        if left == right {
            continue;
        }
        if left.is_empty() || right.is_empty() {
            return left.len().cmp(&right.len());
        }
        // Numbers over 64 bits count as words; equal numbers spelt otherwise (`1`, `01`) can't both occur.
        let number = |part: &str| part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse::<u64>().ok());
        return match (number(left).flatten(), number(right).flatten()) {
            (Some(l), Some(r)) if l > r => Ordering::Greater,
            (Some(_), Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => left.cmp(right),
        };
    }
}
