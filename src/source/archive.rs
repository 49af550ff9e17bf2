//! A chart in a gzipped tar archive, unpacked in memory by Helm's rules
//! (`helm pkg/chart/loader/archive/archive.go`).
//!
//! Links, devices and pipes in an archive become empty files, as in Helm: nothing is followed.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use tar::EntryType;

use super::path::clean;
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
    std::fs::File::open(path).map_err(failed)?.take(limit + 1).read_to_end(&mut data).map_err(failed)?;
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
/// is too large.
pub fn unpack(data: &[u8], budget: &mut Budget) -> Result<Vec<File>> {
    if !data.starts_with(GZIP) {
        return Err(Error::new(if data.len() < 10 { "unexpected EOF" } else { INVALID_HEADER }));
    }
    // The tar reader skips what is not asked for by reading it: the sum is bounded, too.
    let most = budget.limits().chart_bytes.saturating_add(2048 * budget.limits().chart_entries as u64);
    let mut archive = tar::Archive::new(MultiGzDecoder::new(data).take(most));
    let mut files = Vec::new();
    for entry in archive.entries().map_err(|e| broken(&e))? {
        let mut entry = entry.map_err(|e| broken(&e))?;
        budget.entry()?;
        let header = entry.header().entry_type();
        let raw_name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if header.is_dir() || (header == EntryType::Regular && raw_name.ends_with('/')) {
            continue;
        }
        if matches!(header, EntryType::XGlobalHeader | EntryType::XHeader) {
            continue;
        }
        let name = entry_name(&raw_name)?;
        let size = if has_data(header) { entry.size() } else { 0 };
        if size > budget.limits().file_bytes {
            return Err(Error::new(format!(
                "decompressed chart file {} is larger than the maximum file size {}",
                quote(&raw_name),
                budget.limits().file_bytes
            )));
        }
        budget.bytes(size)?;
        let mut data = Vec::with_capacity(size as usize);
        if size > 0 {
            entry.read_to_end(&mut data).map_err(|e| broken(&e))?;
            if (data.len() as u64) < size {
                return Err(Error::new("unexpected EOF"));
            }
        }
        let data = data.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&data);
        files.push(File { name: name.into(), data: Str::from_bytes(data) });
    }
    if files.is_empty() {
        return Err(Error::new("no files in chart archive"));
    }
    Ok(files)
}

/// Whether Go's reader gives an entry of this type any data.
fn has_data(kind: EntryType) -> bool {
    !matches!(
        kind,
        EntryType::Link
            | EntryType::Symlink
            | EntryType::Char
            | EntryType::Block
            | EntryType::Directory
            | EntryType::Fifo
    )
}

/// The name of an entry within the chart: its first part is dropped, the rest cleaned.
fn entry_name(raw: &str) -> Result<String> {
    let delimiter = if raw.contains('\\') { '\\' } else { '/' };
    let (first, rest) = raw.split_once(delimiter).unwrap_or((raw, ""));
    let rest = rest.replace(delimiter, "/");
    if rest.starts_with('/') {
        return Err(Error::new("chart illegally contains absolute paths"));
    }
    let name = clean(&rest);
    if name == "." {
        return Err(Error::new(format!(
            "chart illegally contains content outside the base directory: {}",
            quote(raw)
        )));
    }
    if name.starts_with("..") {
        return Err(Error::new("chart illegally references parent directory"));
    }
    let bytes = name.as_bytes();
    if bytes.len() >= 3 && bytes[0].is_ascii_alphabetic() && &bytes[1..3] == b":/" {
        return Err(Error::new("chart contains illegally named files"));
    }
    if first == "Chart.yaml" {
        return Err(Error::new("chart yaml not in base directory"));
    }
    Ok(name)
}

fn broken(error: &io::Error) -> Error {
    Error::new(match error.kind() {
        io::ErrorKind::UnexpectedEof => "unexpected EOF".to_string(),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => "gzip: invalid data".to_string(),
        _ => "archive/tar: invalid tar header".to_string(),
    })
    .note(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use std::io::Write;

    fn pack(entries: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, kind, data) in entries {
            let mut header = tar::Header::new_gnu();
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
    fn links_and_devices_become_empty_files() {
        assert_eq!(
            names(&[("c/l", EntryType::Symlink, b""), ("c/p", EntryType::Fifo, b"")]).unwrap(),
            ["l=", "p="]
        );
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
