//! What comes from elsewhere: archives, indexes, and the names by which they are asked for.

use std::collections::HashSet;
use std::io::Write;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::chart;
use crate::diagnostic::{Error, Severity};
use crate::functions::semver::Version;
use crate::limits::Limits;
use crate::source::remote::{Index, Remote, Settings, choose};
use crate::source::{self, Budget, File, Files};

/// Reads the input as what its first letter tells: `i` for an index, `n` for names of charts, a line each, `t` for a tar
/// file, which is compressed first, anything else for an archive as it is.
pub fn source(input: &[u8]) {
    let Some((letter, rest)) = input.split_first() else { return };
    super::with_room(|| match letter {
        b'i' => index(rest),
        b'n' => String::from_utf8_lossy(rest).lines().take(LINES).for_each(name),
        b't' => archive(&gzipped(rest)),
        _ => archive(input),
    });
}

/// Names that are tried of one input.
const LINES: usize = 64;

/// Small enough that a bomb goes off quickly.
fn limits() -> Limits {
    Limits {
        chart_bytes: 4 << 20,
        file_bytes: 1 << 20,
        chart_entries: 2000,
        data_bytes: 8 << 20,
        ..Limits::default()
    }
}

fn gzipped(data: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::none());
    out.write_all(data).and_then(|()| out.finish()).unwrap_or_else(|e| panic!("packing: {e}"))
}

/// Every name in an archive is one within the chart, and there is no more of it than may be.
fn archive(data: &[u8]) {
    let limits = limits();
    let files = match source::unpack(data, &mut Budget::new(&limits)) {
        Ok(files) => files,
        Err(error) => return is_told(&error),
    };
    assert!(files.len() <= limits.chart_entries);
    assert!(files.iter().map(|file| file.data.as_bytes().len() as u64).sum::<u64>() <= limits.chart_bytes);
    let mut seen = HashSet::new();
    for file in &files {
        let name = &*file.name;
        let is_within =
            !name.starts_with('/') && name.split('/').all(|part| !matches!(part, "" | "." | ".."));
        assert!(is_within, "{name:?} leads out of the chart");
        assert!(seen.insert(name.to_lowercase()), "{name:?} comes twice");
    }
    comes_back(&files, &limits);
    let files = Files { location: "c.tgz:".into(), files };
    match chart::from_files(files, &mut Budget::new(&limits), &mut Vec::new()) {
        Ok(chart) => assert!(chart::metadata_yaml(&chart.metadata).is_ok()),
        Err(error) => is_told(&error),
    }
}

/// What is packed again has the same files.
fn comes_back(files: &[File], limits: &Limits) {
    let Ok(data) = source::pack("c", files) else { return };
    let back = match source::unpack(&data, &mut Budget::new(limits)) {
        Ok(back) => back,
        // The folder makes names longer, and the headers count.
        Err(error) => return is_told(&error),
    };
    let mut sorted: Vec<(&str, &[u8])> = files.iter().map(|f| (&*f.name, f.data.as_bytes())).collect();
    sorted.sort_unstable();
    let back: Vec<(&str, &[u8])> = back.iter().map(|f| (&*f.name, f.data.as_bytes())).collect();
    // A mark at the start of a file is dropped whenever it is read, so one may follow another.
    let without_mark = |data: &[u8]| data.starts_with(b"\xEF\xBB\xBF");
    if !sorted.iter().any(|(_, data)| without_mark(data)) {
        assert!(back == sorted, "{back:?}\n{sorted:?}");
    }
}

/// Versions come newest first, and the one that is chosen is one of them.
fn index(text: &[u8]) {
    let index = match Index::read(text, &limits()) {
        Ok(index) => index,
        Err(error) => return is_told(&error),
    };
    for chart in index.charts().into_iter().take(LINES) {
        let Some(entries) = index.entries(&chart) else { continue };
        let versions: Vec<Version> =
            entries.iter().filter_map(|entry| Version::parse(&entry.version).ok()).collect();
        assert_eq!(versions.len(), entries.len());
        assert!(versions.windows(2).all(|pair| pair[0].compare(&pair[1]).is_ge()));
        for wanted in
            ["", ">0.0.0-0", "~1"].into_iter().chain(entries.first().map(|e| e.app_version.as_str()))
        {
            match choose(&entries, wanted) {
                Ok(found) => assert!(found.is_none_or(|found| entries.contains(found))),
                Err(error) => is_told(&error),
            }
        }
        for url in entries.iter().flat_map(|entry| &entry.urls).take(LINES) {
            name(url);
        }
    }
}

/// A name is read without asking anybody, and nothing of that name is at hand: the cache is one that can't be there. A
/// repository on this machine might be, so that is passed over.
fn name(name: &str) {
    if name.get(..9).is_some_and(|scheme| scheme.eq_ignore_ascii_case("git+file:")) {
        return;
    }
    let remote = Remote::new(Settings {
        offline: true,
        repository_config: Some(PathBuf::from("/dev/null")),
        registry_config: Some(PathBuf::from("/dev/null")),
        cache: Some(PathBuf::from("/dev/null/cache")),
        ..Settings::default()
    });
    match remote.has(name) {
        Ok(true) => match remote.fetch(name) {
            Ok(_) => panic!("{name:?} is in the cache"),
            Err(error) => is_told(&error),
        },
        Ok(false) => {}
        Err(error) => is_told(&error),
    }
}

fn is_told(error: &Error) {
    assert!(!error.diagnostic().render(Severity::Error).is_empty());
}
