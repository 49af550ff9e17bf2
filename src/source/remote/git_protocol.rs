//! What a git server is asked, in the second version of git's protocol over HTTP (git's own documents `protocol-v2` and
//! `http-protocol`): which revisions it has, and all files of one of them.

use gix_packetline::decode::{Stream, streaming};
use gix_packetline::{BandRef, PacketLineRef};

use super::http::{Answer, Http, Limit, Wanted};
use super::url::Url;
use crate::diagnostic::{Error, Result};

/// Bytes of a list of branches and tags.
const LIST: u64 = 32 << 20;

/// A name that a server has for a revision.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// `refs/heads/main`, `refs/tags/1.0.0`, `HEAD`.
    pub name: String,
    /// The commit, in hexadecimal digits: of a tag that is an object of its own, what it stands for.
    pub id: String,
}

/// A repository on a server.
pub(super) struct Server<'a> {
    http: &'a Http,
    /// As the user named it.
    named: Url,
    /// Where it is, redirects followed.
    base: String,
}

impl<'a> Server<'a> {
    /// Greets a server.
    ///
    /// # Errors
    /// When it can't be reached, is no git server, or speaks another version of the protocol.
    pub fn greet(http: &'a Http, url: &Url) -> Result<Server<'a>> {
        let mut first = url.clone();
        first.path = format!("{}/info/refs", url.path.trim_end_matches('/'));
        first.query = "?service=git-upload-pack".to_string();
        let wanted = Wanted { accept: "*/*", ..wanted(http, Limit::fixed(LIST)) };
        let answer = http.get(&first, url, &wanted)?;
        if answer.status != 200 {
            return Err(answer.failure());
        }
        // Some servers announce the service before they speak the version that was asked for.
        let lines = lines(&answer)?;
        let mut texts = lines.iter().filter_map(Line::text).skip_while(|text| text.starts_with("# service="));
        if texts.next() != Some("version 2") {
            return Err(Error::new(format!(
                "{url} is no git repository that speaks version 2 of git's protocol"
            )));
        }
        let mut can_fetch = false;
        for text in texts {
            match text.split_once('=') {
                Some(("fetch", can)) => can_fetch = can.split(' ').any(|word| word == "shallow"),
                Some(("object-format", format)) if format != "sha1" => {
                    return Err(Error::new(format!(
                        "{url} names its objects by {format}; only sha1 is supported"
                    )));
                }
                _ => {}
            }
        }
        if !can_fetch {
            return Err(Error::new(format!("{url} can't give a single revision (shallow fetches)")));
        }
        let whole = answer.url.to_string();
        let Some((base, _)) = whole.split_once("/info/refs?") else {
            return Err(Error::new(format!("{url} leads to {whole}, which is no git repository")));
        };
        Ok(Server { http, named: url.clone(), base: base.to_string() })
    }

    /// The names that begin with one of these.
    ///
    /// # Errors
    /// When the server doesn't answer.
    pub fn names(&self, prefixes: &[String]) -> Result<Vec<Name>> {
        let mut request = packet("command=ls-refs\n") + "0001" + &packet("peel\n");
        prefixes.iter().for_each(|prefix| request += &packet(&format!("ref-prefix {prefix}\n")));
        let answer = self.ask(&(request + "0000"), Limit::fixed(LIST))?;
        let name = |text: &str| {
            let mut words = text.split(' ');
            let (id, name) = (words.next()?, words.next()?);
            let peeled = words.find_map(|word| word.strip_prefix("peeled:"));
            let id = peeled.unwrap_or(id);
            is_id(id).then(|| Name { name: name.to_string(), id: id.to_string() })
        };
        Ok(lines(&answer)?.iter().filter_map(Line::text).filter_map(name).collect())
    }

    /// All files of one revision, without its history: a pack.
    ///
    /// # Errors
    /// When the server doesn't give it, or it is too large.
    pub fn pack(&self, id: &str, limit: Limit) -> Result<Vec<u8>> {
        let mut request = packet("command=fetch\n") + "0001";
        for line in ["no-progress\n", "ofs-delta\n", "deepen 1\n", &format!("want {id}\n"), "done\n"] {
            request += &packet(line);
        }
        let mut answer = self.ask(&(request + "0000"), limit)?;
        let body = std::mem::take(&mut answer.body);
        let mut pack = Vec::new();
        let mut in_pack = false;
        each_line(&body, &answer.url, |line| {
            match line {
                Line::Data(data) if in_pack => {
                    pack.extend_from_slice(band(data, &answer.url)?.unwrap_or_default());
                }
                line if line.text() == Some("packfile") => in_pack = true,
                _ => {}
            }
            Ok(())
        })?;
        match in_pack {
            true => Ok(pack),
            false => Err(Error::new(format!("{} gives no files of {id}", self.base))),
        }
    }

    fn ask(&self, request: &str, limit: Limit) -> Result<Answer> {
        let url = Url::parse(&format!("{}/git-upload-pack", self.base))?;
        let wanted = Wanted {
            accept: "application/x-git-upload-pack-result",
            body: Some(("application/x-git-upload-pack-request", request.as_bytes())),
            ..wanted(self.http, limit)
        };
        let answer = self.http.get(&url, &self.named, &wanted)?;
        if answer.status == 200 { Ok(answer) } else { Err(answer.failure()) }
    }
}

fn wanted<'a>(http: &Http, limit: Limit) -> Wanted<'a> {
    Wanted {
        authorization: http.access().authorization(),
        pass_credentials: http.access().pass_credentials,
        headers: &[("Git-Protocol", "version=2")],
        may_be_compressed: true,
        limit,
        ..Wanted::default()
    }
}

/// Whether a text is the name of an object.
pub(super) fn is_id(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// A line as it is sent, its length before it.
fn packet(line: &str) -> String {
    format!("{:04x}{line}", line.len() + 4)
}

/// A line, or what stands between two parts of an answer.
#[derive(Clone, Copy)]
enum Line<'a> {
    Data(&'a [u8]),
    Mark,
}

impl<'a> Line<'a> {
    fn text(&self) -> Option<&'a str> {
        match self {
            Line::Data(data) => std::str::from_utf8(data).ok().map(|text| text.trim_end_matches('\n')),
            Line::Mark => None,
        }
    }
}

fn lines(answer: &Answer) -> Result<Vec<Line<'_>>> {
    let mut all = Vec::new();
    each_line(&answer.body, &answer.url, |line| {
        all.push(line);
        Ok(())
    })?;
    Ok(all)
}

fn each_line<'a>(mut data: &'a [u8], url: &Url, mut take: impl FnMut(Line<'a>) -> Result<()>) -> Result<()> {
    while !data.is_empty() {
        let broken = || Error::new(format!("{url}: the answer is not one of a git server"));
        let Ok(Stream::Complete { line, bytes_consumed }) = streaming(data) else { return Err(broken()) };
        data = data.get(bytes_consumed..).ok_or_else(broken)?;
        let line = match line {
            PacketLineRef::Data(line) => Line::Data(line),
            _ => Line::Mark,
        };
        if let Some(words) = line.text().and_then(|text| text.strip_prefix("ERR ")) {
            return Err(refused(url, words));
        }
        take(line)?;
    }
    Ok(())
}

/// The bytes of a pack in a line: several things come over one line at once.
fn band<'a>(line: &'a [u8], url: &Url) -> Result<Option<&'a [u8]>> {
    match PacketLineRef::Data(line).decode_band() {
        Ok(BandRef::Data(data)) => Ok(Some(data)),
        Ok(BandRef::Progress(_)) => Ok(None),
        Ok(BandRef::Error(words)) => Err(refused(url, &String::from_utf8_lossy(words))),
        Err(_) => Err(Error::new(format!("{url}: the answer is not one of a git server"))),
    }
}

fn refused(url: &Url, words: &str) -> Error {
    let words: String = words.trim().chars().take(300).collect();
    Error::new(format!("{url}: the git server says: {words}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_their_length_before_them() {
        assert_eq!(packet("done\n"), "0009done\n");
        let url = Url::parse("https://h/x").unwrap();
        let of = |data: &[u8]| {
            let mut found = Vec::new();
            each_line(data, &url, |line| {
                found.push(line.text().map(str::to_string));
                Ok(())
            })
            .map(|()| found)
        };
        let text = |text: &str| Some(text.to_string());
        assert_eq!(of(b"0009done\n0001000aa line0000").unwrap(), [text("done"), None, text("a line"), None]);
        for bad in [&b"x"[..], b"zzzz", b"0009do", b"ffff"] {
            assert!(of(bad).is_err());
        }
        assert!(of(b"0010ERR go away\n").unwrap_err().message().ends_with("the git server says: go away"));
    }
}
