//! The two sides of one review.

use std::fs;

use torii::diagnostic::Result;
use torii::diff::side::{self, Side};
use torii::json;
use torii::render::{Request, name};
use torii::source::git::{Range, Repository};
use torii::value::{Str, Value};
use torii::values::Overrides;

use super::super::flags::Global;
use super::super::{output, wrong};
use super::flags::{Args, Which};

/// Opens both sides, as the arguments name them.
///
/// # Errors
/// When one can't be opened.
pub fn open(args: &Args, global: &Global) -> Result<(Side, Side)> {
    let (mut old, mut new) = (args.request(Which::Old, global)?, args.request(Which::New, global)?);
    if args.rev.is_none() && !args.review {
        bring(args, &mut old, &mut new)?;
    }
    read_once(&args.sources, &mut old, &mut new)?;
    let (first, second) = match args.sources.as_slice() {
        [chart] => (chart, chart),
        [first, second, ..] => (first, second),
        [] => return Err(wrong("which two sides? torii diff OLD NEW")),
    };
    if let Some(range) = range(args, first)? {
        old.tree.revision = Some(range.old);
        new.tree.revision = range.new;
    }
    let lent = lend(&mut old, &mut new)?;
    let mut sides = match missing(args, first, &old, &new) {
        Some(Which::Old) => (nothing(first, &old), Side::open(second, &new)?),
        Some(Which::New) => (Side::open(first, &old)?, nothing(second, &new)),
        None => both(first, &old, second, &new)?,
    };
    sides.1.warnings.extend(lent);
    fit(args, &mut sides);
    Ok(sides)
}

/// A values file that is there on one side only is used on both: what it says is not what the review is about, and
/// charts often get their example values later than their templates. Gives a warning for each.
fn lend(old: &mut Request, new: &mut Request) -> Result<Vec<String>> {
    let mut warnings = Vec::new();
    for name in old.values.files.clone() {
        if !new.values.files.contains(&name) {
            continue;
        }
        let is_there = |request: &Request| request.tree.look(&name, &request.limits).is_ok();
        let (owner, other) = match (is_there(old), is_there(new)) {
            (false, true) => (&*new, &mut *old),
            (true, false) => (&*old, &mut *new),
            _ => continue,
        };
        let (there, gone) = (owner.tree.shown(&name), other.tree.shown(&name));
        warnings.push(format!("there is no {gone}: {there} is used on both sides"));
        let text = Str::from_bytes(owner.tree.read(&name, &owner.limits)?);
        other.tree.given.insert(name.as_str().into(), text);
    }
    Ok(warnings)
}

/// The side on which a chart isn't there, if it is there on the other: it is new, or gone.
fn missing(args: &Args, chart: &str, old: &Request, new: &Request) -> Option<Which> {
    if args.rev.is_none() && !args.review {
        return None;
    }
    let is_there = |request: &Request| request.tree.look(chart, &request.limits).is_ok();
    match (is_there(old), is_there(new)) {
        (false, true) => Some(Which::Old),
        (true, false) => Some(Which::New),
        _ => None,
    }
}

fn nothing(chart: &str, request: &Request) -> Side {
    let shown = request.tree.shown(chart);
    let mut side = side::nothing(&shown);
    side.warnings.push(format!("there is no {shown}: all objects are new or gone"));
    side
}

/// The revisions that `--rev` and `--review` name.
///
/// # Errors
/// When there is no repository, or no such revision.
pub fn range(args: &Args, chart: &str) -> Result<Option<Range>> {
    let limits = args.bounds.limits()?;
    match (&args.rev, args.review) {
        (None, false) => Ok(None),
        (Some(text), review) => {
            let repository = Repository::around(chart, &limits)?;
            let range = if review { repository.review(Some(text))? } else { repository.range(text)? };
            Ok(Some(range))
        }
        (None, true) => Repository::around(chart, &limits)?.review(None).map(Some),
    }
}

/// Fetches charts that are elsewhere, each once.
fn bring(args: &Args, old: &mut Request, new: &mut Request) -> Result<()> {
    let sources: Vec<&str> = args.sources.iter().map(String::as_str).collect();
    args.source.bring(&sources, &old.limits, &mut old.tree)?;
    new.tree.given.extend(old.tree.given.clone());
    Ok(())
}

/// Reads standard input and pipes now, since each side asks for them.
fn read_once(sources: &[String], old: &mut Request, new: &mut Request) -> Result<()> {
    let files = |request: &Request| {
        request.values.files.iter().cloned().chain(request.lookup_file.clone()).collect::<Vec<_>>()
    };
    let mut names = files(old);
    names.extend(files(new));
    if let Some(twice) = sources.iter().find(|source| names.contains(source) && is_read_once(source)) {
        return Err(wrong(format!("{twice} can't be both a side and a file of values")));
    }
    names.extend_from_slice(sources);
    for name in names {
        let read_before = old.tree.given.contains_key(name.as_str());
        if !read_before && is_read_once(&name) {
            let text = Str::from_bytes(old.tree.read(&name, &old.limits)?);
            old.tree.given.insert(name.as_str().into(), text.clone());
            new.tree.given.insert(name.as_str().into(), text);
        }
    }
    Ok(())
}

fn is_read_once(name: &str) -> bool {
    name == "-" || fs::metadata(name).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

/// Opens both sides. A chart that is compared with a release in a cluster is rendered as that release.
///
/// # Errors
/// When one can't be opened.
fn both(first: &str, old: &Request, second: &str, new: &Request) -> Result<(Side, Side)> {
    let one = Side::open(first, old)?;
    let other = Side::open(second, &as_release(new, &one))?;
    if one.rendered.is_some() && other.release.is_some() {
        let one = Side::open(first, &as_release(old, &other))?;
        return Ok((one, other));
    }
    Ok((one, other))
}

/// Takes name, namespace and values from a stored release, as far as the user gives none (`helm
/// pkg/action/upgrade.go: reuseValues`).
fn as_release(request: &Request, side: &Side) -> Request {
    let mut request = request.clone();
    let Some(release) = &side.release else { return request };
    if request.release.name == name::DEFAULT {
        request.release.name.clone_from(&release.name);
    }
    if request.release.namespace == "default" && !release.namespace.is_empty() {
        request.release.namespace.clone_from(&release.namespace);
    }
    if is_empty(&request.values)
        && !release.values.is_empty()
        && let Ok(text) = json::encode(&Value::Map(release.values.clone()), json::Escape::None)
    {
        output::remark(&format!(
            "the values of release {} revision {} are used, since none are given",
            release.name, release.revision
        ));
        request.values.json.push(text.to_string());
    }
    request
}

fn is_empty(values: &Overrides) -> bool {
    let kinds =
        [&values.files, &values.json, &values.set, &values.strings, &values.set_files, &values.literals];
    kinds.iter().all(|kind| kind.is_empty())
}

/// Leaves out what the user doesn't want, and what only one of the sides can have.
pub fn fit(args: &Args, (old, new): &mut (Side, Side)) {
    if args.no_hooks {
        side::leave_out_hooks(old);
        side::leave_out_hooks(new);
    }
    if args.skip_crds {
        side::leave_out_definitions(old);
        side::leave_out_definitions(new);
    }
    side::align(old, new);
}
