//! A chart in a gzipped tar archive, unpacked in memory by Helm's rules
//! (`helm pkg/chart/loader/archive/archive.go`).
//!
//! Stricter than Helm are: links, devices and pipes, of which Helm makes empty files, are refused, and so are names
//! that come twice or differ by case only, where it depends on the program which of the two counts.

mod names;
mod tar;
mod write;

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

use self::tar::Kind;
pub use self::write::pack;
use super::{BYTE_ORDER_MARK, Budget, File, Files, io_words, quote};
use crate::diagnostic::{Error, Result};
use crate::value::Str;

const GZIP: &[u8] = b"\x1F\x8B\x08";

/// Reads the archive at a path that is known to be a regular file of this size.
pub(super) fn read_file(path: &str, size: u64, budget: &mut Budget) -> Result<Files> {
    let limit = budget.limits().chart_bytes;
    let too_large = || Error::new(format!("chart archive {path} is larger than the maximum size {limit}"));
    if size > limit {
        return Err(too_large());
    }
    let shown = std::path::absolute(path).map_or_else(|_| path.to_string(), |p| p.display().to_string());
    let failed = |e: io::Error| Error::new(format!("open {shown}: {}", io_words(&e)));
    let mut data = Vec::with_capacity(size as usize + 1);
    std::fs::File::open(path)
        .map_err(failed)?
        .take(limit.saturating_add(1))
        .read_to_end(&mut data)
        .map_err(failed)?;
    if data.len() as u64 > limit {
        return Err(too_large());
    }
    let mut files = read(&shown, &data, budget)?;
    files.location = format!("{path}:").into();
    Ok(files)
}

/// Unpacks an archive that is at hand already, `shown` to the user under this name.
pub(super) fn read(shown: &str, data: &[u8], budget: &mut Budget) -> Result<Files> {
    if !data.starts_with(GZIP) {
        return Err(not_an_archive(shown, data));
    }
    let files = unpack(data, budget).map_err(|e| {
        if e.message() == INVALID_HEADER {
            let details = e.message().to_string();
            e.reword(format!("file '{shown}' does not appear to be a valid chart file (details: {details})"))
        } else {
            let details = e.message().to_string();
            e.reword("unable to load chart archive").note(details)
        }
    })?;
    Ok(Files { location: format!("{shown}:").into(), files })
}

fn not_an_archive(shown: &str, data: &[u8]) -> Error {
    let hint = "a chart is a folder with a Chart.yaml, or an archive of one (.tgz)";
    if shown.ends_with(".yml") || shown.ends_with(".yaml") {
        return Error::new(format!("file '{shown}' seems to be a YAML file, but expected a gzipped archive"))
            .hint(hint);
    }
    Error::new(format!(
        "file '{shown}' does not appear to be a gzipped archive; got '{}'",
        content_type(data)
    ))
    .hint(hint)
}

/// What Go's `http.DetectContentType` says of the commonest files. Helm hands it 512 bytes, filled up with
/// zeros, which make any shorter text binary.
fn content_type(data: &[u8]) -> &'static str {
    if data.starts_with(b"PK\x03\x04") {
        return "application/zip";
    }
    if data.starts_with(b"%PDF-") {
        return "application/pdf";
    }
    let binary = |b: &u8| matches!(b, 0..=8 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f);
    match data.get(..512) {
        Some(head) if !head.iter().any(binary) => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

const INVALID_HEADER: &str = "gzip: invalid header";

/// Unpacks an archive: its files in its order, without the folder at their top.
///
/// # Errors
/// In Helm's words: when it is no gzipped tar, when names lead out of the archive, when it or a file of it
/// is too large. In others: for links, devices and pipes, and for names that are one on some machine.
pub fn unpack(data: &[u8], budget: &mut Budget) -> Result<Vec<File>> {
    if !data.starts_with(GZIP) {
        return Err(Error::new(if data.len() < 10 { "unexpected EOF" } else { INVALID_HEADER }));
    }
    // What is not asked for is passed over by inflating it: the sum is bounded, too.
    let most = budget.limits().chart_bytes.saturating_add(2048 * budget.limits().chart_entries as u64);
    let mut archive = tar::Reader::new(MultiGzDecoder::new(data).take(most));
    let mut files = Vec::new();
    let mut seen = names::Seen::default();
    while let Some(entry) = archive.next(|| budget.entry())? {
        if matches!(entry.kind, Kind::Folder | Kind::Global) {
            continue;
        }
        let raw_name = String::from_utf8_lossy(&entry.name).into_owned();
        let name = names::within_chart(&raw_name)?;
        refuse_irregular(&entry, &raw_name)?;
        budget.bytes(entry.size)?;
        if entry.size > budget.limits().file_bytes {
            return Err(Error::new(format!(
                "decompressed chart file {} is larger than the maximum file size {}",
                quote(&raw_name),
                budget.limits().file_bytes
            )));
        }
        budget.bytes(name.len() as u64)?;
        seen.add(&name)?;
        let data = archive.data()?;
        let data = data.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&data);
        files.push(File { name: name.into(), data: Str::from_bytes(data) });
    }
    if files.is_empty() {
        return Err(Error::new("no files in chart archive"));
    }
    Ok(files)
}

/// Helm makes empty files of these, so that a chart lacks what its author saw in it.
fn refuse_irregular(entry: &tar::Entry, name: &str) -> Result<()> {
    let target = || quote(&String::from_utf8_lossy(&entry.target));
    let name = quote(name);
    let error = match entry.kind {
        Kind::File | Kind::Folder | Kind::Global => return Ok(()),
        Kind::SymbolicLink => {
            Error::new(format!("chart archive holds a symbolic link: {name} to {}", target()))
                .hint("pack the chart with `torii package`, or with tar's --dereference (-h)")
        }
        Kind::HardLink => Error::new(format!("chart archive holds a hard link: {name} to {}", target()))
            .hint("pack the chart with `torii package`, or with tar's --hard-dereference"),
        Kind::Device => Error::new(format!("chart archive holds a device: {name}")),
        Kind::Pipe => Error::new(format!("chart archive holds a named pipe: {name}")),
    };
    Err(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use ::tar::EntryType;
    use std::io::Write;

    fn pack(entries: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
        let mut builder = ::tar::Builder::new(Vec::new());
        for (name, kind, data) in entries {
            let mut header = ::tar::Header::new_gnu();
            header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_entry_type(*kind);
            header.set_size(data.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            builder.append(&header, *data).unwrap();
        }
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(&builder.into_inner().unwrap()).unwrap();
        gz.finish().unwrap()
    }

    fn names(entries: &[(&str, EntryType, &[u8])]) -> Result<Vec<String>> {
        let files = unpack(&pack(entries), &mut Budget::new(&Limits::default()))?;
        Ok(files.iter().map(|f| format!("{}={}", f.name, f.data)).collect())
    }

    #[test]
    fn the_top_folder_is_dropped_and_names_are_cleaned() {
        assert_eq!(
            names(&[
                ("c/", EntryType::Directory, b""),
                ("c/Chart.yaml", EntryType::Regular, b"\xEF\xBB\xBFname: c"),
                ("c/./a//b", EntryType::Regular, b"1"),
                ("c\\w\\x", EntryType::Regular, b"2"),
            ])
            .unwrap(),
            ["Chart.yaml=name: c", "a/b=1", "w/x=2"]
        );
    }

    #[test]
    fn links_devices_and_pipes_are_refused() {
        for (kind, want) in [
            (EntryType::Symlink, "chart archive holds a symbolic link: \"c/l\" to \"\""),
            (EntryType::Link, "chart archive holds a hard link: \"c/l\" to \"\""),
            (EntryType::Char, "chart archive holds a device: \"c/l\""),
            (EntryType::Block, "chart archive holds a device: \"c/l\""),
            (EntryType::Fifo, "chart archive holds a named pipe: \"c/l\""),
            (EntryType::GNUSparse, "chart archive holds a sparse file: \"c/l\""),
        ] {
            assert_eq!(names(&[("c/l", kind, b"")]).unwrap_err().message(), want);
        }
    }

    #[test]
    fn names_that_are_one_on_some_machine_are_refused() {
        let of = |a: &str, b: &str| {
            let file = EntryType::Regular;
            names(&[(a, file, b""), (b, file, b"")]).unwrap_err().message().to_string()
        };
        assert_eq!(of("c/a", "c/./a"), "chart archive holds \"a\" twice");
        assert_eq!(of("c/T/x", "c/t/y"), "chart archive holds names that differ by case only: \"t/y\"");
        assert_eq!(of("c/a", "c/a/b"), "chart archive holds \"a\" both as a file and as a folder");
        assert_eq!(of("c/a/b", "c/a"), "chart archive holds \"a\" both as a file and as a folder");
        assert!(names(&[("c/a", EntryType::Regular, b""), ("d/b/a", EntryType::Regular, b"")]).is_ok());
    }

    #[test]
    fn a_size_in_an_extended_header_counts_as_in_go() {
        let with = |size: &str| {
            let record = |length: usize| format!("{length} size={size}\n");
            let length = (5..).find(|n| record(*n).len() == *n).unwrap();
            names(&[
                ("x", EntryType::XHeader, record(length).as_bytes()),
                ("c/a", EntryType::Regular, b"12345"),
            ])
        };
        assert_eq!(with("5").unwrap(), ["a=12345"]);
        assert_eq!(with("3").unwrap(), ["a=123"]);
        assert_eq!(with("-1").unwrap_err().message(), "archive/tar: invalid tar header");
        assert_eq!(with("x").unwrap_err().message(), "archive/tar: invalid tar header");
        assert_eq!(
            with("6000000").unwrap_err().message(),
            "decompressed chart file \"c/a\" is larger than the maximum file size 5242880"
        );
        assert_eq!(
            with("9223372036854775807").unwrap_err().message(),
            "decompressed chart is larger than the maximum size 104857600"
        );
        assert_eq!(with("1000000").unwrap_err().message(), "unexpected EOF");
    }

    #[test]
    fn names_that_lead_out_are_refused() {
        for (name, want) in [
            ("c//abs", "chart illegally contains absolute paths"),
            ("top", "chart illegally contains content outside the base directory: \"top\""),
            ("c/..", "chart illegally references parent directory"),
            ("c/../../x", "chart illegally references parent directory"),
            ("c/C:/x", "chart contains illegally named files"),
            ("Chart.yaml/x", "chart yaml not in base directory"),
        ] {
            assert_eq!(names(&[(name, EntryType::Regular, b"")]).unwrap_err().message(), want);
        }
        assert_eq!(names(&[]).unwrap_err().message(), "no files in chart archive");
    }

    #[test]
    fn large_archives_are_refused() {
        let packed = pack(&[("c/a", EntryType::Regular, &[0; 100]), ("c/b", EntryType::Regular, &[0; 100])]);
        let with = |change: fn(&mut Limits)| {
            let mut limits = Limits::default();
            change(&mut limits);
            unpack(&packed, &mut Budget::new(&limits)).unwrap_err().message().to_string()
        };
        assert_eq!(
            with(|l| l.file_bytes = 99),
            "decompressed chart file \"c/a\" is larger than the maximum file size 99"
        );
        assert_eq!(with(|l| l.chart_bytes = 150), "decompressed chart is larger than the maximum size 150");
        assert_eq!(with(|l| l.chart_entries = 1), "chart has more than 1 files and folders");
    }

    #[test]
    fn what_is_no_archive_is_refused() {
        let with = |data: &[u8]| {
            unpack(data, &mut Budget::new(&Limits::default())).unwrap_err().message().to_string()
        };
        assert_eq!(with(b"not a gzip at all"), "gzip: invalid header");
        let packed = pack(&[("c/a", EntryType::Regular, &[7; 1000])]);
        assert!(!with(&packed[..packed.len() / 2]).is_empty());
    }
}
