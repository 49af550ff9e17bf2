//! Reports, and what they mean for the exit code.

use std::fs;
use std::io::Write;
use std::path::Path;

use torii::diagnostic::{Error, Result};
use torii::diff::Review;
use torii::diff::report::{self, html, junit, markdown, terminal};
use torii::rules::change::Effect;

use super::super::Exit;
use super::super::output::Output;
use super::flags::{Format, Report};

/// The columns of a report that doesn't go to a terminal.
const COLUMNS: usize = 100;

/// Prints the report, or writes it into a file.
///
/// # Errors
/// When it can't be made or written.
pub fn tell(reviews: &[Review], flags: &Report, output: &mut Output) -> Result<()> {
    let text = text(reviews, flags)?;
    match (&flags.output_file, flags.output) {
        (Some(path), Format::Terminal) => {
            write(path, anstream::adapter::strip_str(&text).to_string().as_bytes())
        }
        (Some(path), _) => write(path, text.as_bytes()),
        (None, Format::Terminal) => output.styled(&text),
        (None, _) => output.write(text.as_bytes()),
    }
}

fn text(reviews: &[Review], flags: &Report) -> Result<String> {
    let verbose = flags.verbose;
    Ok(match flags.output {
        Format::Terminal => {
            let view = match flags {
                Report { side_by_side: true, .. } => terminal::View::SideBySide,
                Report { unified: true, .. } => terminal::View::Unified,
                Report { summary: true, .. } => terminal::View::Summary,
                _ => terminal::View::Fields,
            };
            let options = terminal::Options { width: columns(), view, full: flags.full, verbose };
            report::terminal(reviews, &options)
        }
        Format::Markdown => {
            report::markdown(reviews, &markdown::Options { verbose, ..markdown::Options::default() })
        }
        Format::Html => report::html(reviews, &html::Options { verbose }),
        Format::Json => report::json(reviews),
        Format::JsonPatch => report::json_patch(reviews)?,
        Format::Junit => {
            let failing =
                if flags.fail_on.is_empty() { Effect::NAMED.to_vec() } else { flags.fail_on.clone() };
            report::junit(reviews, &junit::Options { failing })
        }
        Format::Sarif => report::sarif(reviews),
    })
}

fn columns() -> usize {
    let told = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    told.or_else(|| terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)))
        .filter(|columns| *columns >= 20)
        .unwrap_or(COLUMNS)
}

/// Writes a file whole or not at all: under another name first, which then becomes its own.
fn write(path: &Path, text: &[u8]) -> Result<()> {
    let failed = |e: std::io::Error| Error::new(format!("writing {}: {e}", path.display()));
    // What isn't a regular file, such as /dev/stdout, is written as it is.
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return fs::write(path, text).map_err(failed);
    }
    // A link stays one: what it points to is written.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let own = path.file_name().ok_or_else(|| Error::new(format!("{} is no file name", path.display())))?;
    let beside = path.with_file_name(format!(".{}.{}", own.to_string_lossy(), std::process::id()));
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&beside)
        .and_then(|mut file| file.write_all(text).and_then(|()| file.sync_all()))
        .and_then(|()| match fs::metadata(&path) {
            Ok(before) => fs::set_permissions(&beside, before.permissions()),
            Err(_) => Ok(()),
        })
        .and_then(|()| fs::rename(&beside, &path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written.map_err(failed)
}

/// The exit code that the reviews deserve: 3 for `--fail-on`, 2 for `--exit-code`, else 0.
pub fn exit_code(reviews: &[Review], flags: &Report) -> Exit {
    let differs = reviews.iter().any(|review| review.verdict.effect.is_some());
    if flags.kubectl {
        return u8::from(differs);
    }
    let fails = |effect: &Effect| {
        reviews.iter().any(|review| review.verdict.counts.get(effect).is_some_and(|count| *count > 0))
    };
    if flags.fail_on.iter().any(fails) {
        return 3;
    }
    if flags.exit_code && differs { 2 } else { 0 }
}
