//! What a value decides, against the truth: a random value of a chart is set to a random other one, the chart is
//! rendered whole, and every line that moved must have named that value; and what was named must move.
//!
//! `TORII_MUTATIONS=2000 cargo test --profile ci --test influence -- --ignored --nocapture` makes the large run over
//! the charts of the conformance corpus, where `TORII_CORPUS` says that it is unpacked, and prints a report.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use torii::explain::Explained;
use torii::explain::influence::lines::{self, Delta};
use torii::explain::influence::{Bench, Influence, Names, Replacement, ValuePath, path};
use torii::explain::reads::Reads;
use torii::json;
use torii::render::{self, Loaded, Request};
use torii::value::Value;
use torii::values::{Layers, Overrides};
use torii::yaml::Step;

const SEED: &str = "influence";

/// Numbers that look random, and are the same in every run (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.roll() % bound.max(1) as u64) as usize
    }

    fn word(&mut self) -> String {
        let length = 2 + self.below(9);
        (0..length).map(|_| char::from(b"abcdefghijklmnopqrstuvwxyz"[self.below(26)])).collect()
    }

    /// Another value for one, by rules of this test's own.
    fn other(&mut self, value: &Json) -> Json {
        if self.below(10) == 0 && !value.is_null() {
            return Json::Null;
        }
        match value {
            Json::Bool(flag) => json!(!flag),
            Json::Number(n) => loop {
                let other = match self.below(4) {
                    0 => json!(0),
                    1 => json!(self.below(10)),
                    2 => json!(n.as_f64().unwrap_or_default() as i64 * 2 + 1),
                    _ => json!(1024 + self.below(60_000)),
                };
                if other.as_f64() != n.as_f64() {
                    return other;
                }
            },
            Json::String(text) if !text.is_empty() => match self.below(5) {
                0 => json!(""),
                1 | 2 if text.bytes().any(|b| b.is_ascii_digit()) => json!(self.other_digits(text)),
                1 => json!(format!("{text}-{}", self.word())),
                2 if text == "true" || text == "false" => json!((text == "false").to_string()),
                _ => json!(self.word()),
            },
            Json::Array(_) => match self.below(2) {
                0 => json!([self.word()]),
                _ => json!([{"name": self.word(), "value": self.word()}]),
            },
            Json::Object(_) => json!({self.word(): self.word()}),
            Json::Null | Json::String(_) => match self.below(4) {
                0 => json!(true),
                1 => json!(1 + self.below(9)),
                _ => json!(self.word()),
            },
        }
    }

    fn other_digits(&mut self, text: &str) -> String {
        loop {
            let other: String = text
                .chars()
                .map(|c| if c.is_ascii_digit() { char::from(b'1' + self.below(9) as u8) } else { c })
                .collect();
            if other != text || text.bytes().all(|b| !b.is_ascii_digit()) {
                return other;
            }
        }
    }
}

/// A chart with its values, to be asked.
struct Case {
    name: String,
    request: Request,
    loaded: Loaded,
}

fn request(chart: &Path, namespace: &str, files: Vec<String>) -> Request {
    let mut request = Request::new(chart.display().to_string(), "rel");
    request.release.namespace = namespace.to_string();
    request.values = Overrides { files, ..Overrides::default() };
    request.seed = Some(SEED.to_string());
    request.any_text = true;
    request.skip_schema_validation = true;
    request
}

fn case(name: &str, request: Request) -> Option<Case> {
    let loaded = render::load(&request, &mut Vec::new()).ok()?;
    Some(Case { name: name.to_string(), request, loaded })
}

/// The rendered files by name, by the whole way through. Files without documents are left out.
fn rendered(request: &Request, loaded: &Loaded) -> Result<BTreeMap<Arc<str>, String>, String> {
    let output =
        render::render_loaded(request, loaded).map_err(|failure| failure.error.message().to_string())?;
    // A hook of an event that Helm doesn't know is left out, though its template printed it.
    if output.warnings.iter().any(|warning| warning.message.contains("is left out")) {
        return Err("objects are left out".to_string());
    }
    let documents = output.manifests.objects.iter().chain(&output.manifests.hooks);
    Ok(documents.map(|document| (document.source.clone(), document.text().0.to_string())).collect())
}

fn to_json(value: &Value) -> Json {
    serde_json::from_str(&json::encode(value, json::Escape::None).unwrap()).unwrap()
}

/// The values with one more `--set-json`.
fn with_json(case: &Case, bench: &Bench, path: &[Step], other: Json) -> Loaded {
    let mut json = other;
    // A list is set as a whole.
    if let Some(index) = path.iter().position(|step| matches!(step, Step::Index(_))) {
        let mut list = to_json(&bench.value(&path[..index]).unwrap());
        let mut place = &mut list;
        for step in &path[index..] {
            place = match step {
                Step::Index(index) => &mut place[*index],
                Step::Key(key) => &mut place[key.to_string()],
            };
        }
        *place = json;
        json = list;
        return laid(case, &path[..index], json);
    }
    laid(case, path, json)
}

fn laid(case: &Case, path: &[Step], mut json: Json) -> Loaded {
    for step in path.iter().rev() {
        let Step::Key(key) = step else { unreachable!() };
        json = json!({key.to_string(): json});
    }
    let mut overrides = case.request.values.clone();
    overrides.json.push(json.to_string());
    let mut read = |path: &str| case.request.tree.read(path, &case.request.limits);
    Loaded { chart: case.loaded.chart.clone(), layers: Layers::gather(&overrides, &mut read).unwrap() }
}

/// What the run found.
#[derive(Default)]
struct Report {
    charts: usize,
    unrenderable: Vec<String>,
    tried: usize,
    failed: usize,
    still: usize,
    moved: usize,
    /// Mutations of which every moved line named the value.
    whole: usize,
    lines: usize,
    lines_named: usize,
    /// Files with moved lines, and for how many of them the value is among those that the record of the render tells
    /// to be tried.
    files: usize,
    files_asking: usize,
    unasked: Vec<String>,
    /// Of the lines named, with the trial that showed each: how many move in a whole render of that trial.
    named: usize,
    named_true: usize,
    /// Of the lines named, how many moved with the random value.
    named_again: usize,
    named_again_of: usize,
    misses: Vec<String>,
    wrong: Vec<String>,
    time: Duration,
    renders: usize,
    /// How many templates of the last chart change what others see.
    writers: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |part: usize, of: usize| 100.0 * part as f64 / of.max(1) as f64;
        writeln!(f, "{} charts ({} can't be rendered)", self.charts, self.unrenderable.len())?;
        writeln!(
            f,
            "{} mutations: {} fail to render, {} move nothing, {} move lines",
            self.tried, self.failed, self.still, self.moved
        )?;
        writeln!(
            f,
            "recall: {:.2} % of mutations ({} of {}), {:.3} % of lines ({} of {})",
            percent(self.whole, self.moved),
            self.whole,
            self.moved,
            percent(self.lines_named, self.lines),
            self.lines_named,
            self.lines
        )?;
        writeln!(
            f,
            "precision: {:.3} % of named lines move in a whole render with the value told ({} of {}), \
             {:.2} % with the random one ({} of {})",
            percent(self.named_true, self.named),
            self.named_true,
            self.named,
            percent(self.named_again, self.named_again_of),
            self.named_again,
            self.named_again_of
        )?;
        writeln!(
            f,
            "{} of {} files with moved lines would have asked about the value",
            self.files_asking, self.files
        )?;
        writeln!(f, "{} renders of the bench in {:.1} s", self.renders, self.time.as_secs_f64())
    }
}

fn moved_lines(delta: &Delta) -> BTreeSet<usize> {
    delta.lines.iter().map(|(line, _)| *line).collect()
}

/// Asks about some random values of a chart.
fn ask(case: &Case, count: usize, dice: &mut Dice, report: &mut Report) {
    report.charts += 1;
    let start = Instant::now();
    let explained = match Explained::new(&case.request, &mut Vec::new()) {
        Ok(explained) => explained,
        Err(error) => return report.unrenderable.push(format!("{}: {}", case.name, error.message())),
    };
    report.time += start.elapsed();
    let bench = &explained.bench;
    report.writers = bench.writers().len();
    let base = match rendered(&case.request, &case.loaded) {
        Ok(base) => base,
        Err(error) => return report.unrenderable.push(format!("{}: {error}", case.name)),
    };
    for (name, text) in &base {
        assert_eq!(
            Some(text.as_str()),
            bench.text(name).map(|s| s.to_string()).as_deref(),
            "{}: {name}",
            case.name
        );
    }
    let leaves = bench.leaves();
    let mut asked = HashSet::new();
    for _ in 0..count.min(leaves.len()) {
        let leaf = loop {
            let index = dice.below(leaves.len());
            if asked.insert(index) {
                break &leaves[index];
            }
        };
        mutate(case, &explained, &base, leaf, dice, report);
    }
    report.renders += bench.renders();
}

fn mutate(
    case: &Case,
    explained: &Explained,
    base: &BTreeMap<Arc<str>, String>,
    leaf: &ValuePath,
    dice: &mut Dice,
    report: &mut Report,
) {
    let bench = &explained.bench;
    let value = to_json(&bench.value(leaf).unwrap());
    let other = dice.other(&value);
    let title = format!("{}: {} from {} to {}", case.name, path::show(leaf), short(&value), short(&other));
    let mutated = with_json(case, bench, leaf, other);
    report.tried += 1;
    let Ok(files) = rendered(&case.request, &mutated) else {
        report.failed += 1;
        return;
    };
    let none = String::new();
    let names: BTreeSet<&Arc<str>> = base.keys().chain(files.keys()).collect();
    let mut deltas: BTreeMap<Arc<str>, Delta> = BTreeMap::new();
    for name in names {
        // A file without documents isn't told of: what templates printed is asked for.
        let old = bench.text(name).map(|text| text.to_string()).unwrap_or_default();
        let delta = lines::compare(old.as_bytes(), files.get(name).unwrap_or(&none).as_bytes());
        let blank = old.trim().is_empty() && !files.contains_key(name);
        if !delta.is_empty() && !blank {
            deltas.insert(name.clone(), delta);
        }
    }
    if deltas.is_empty() {
        report.still += 1;
        return;
    }
    report.moved += 1;
    let reads = Reads::new(&explained.trace, bench.chart(), bench.values());
    let writers = bench.writers();
    for file in deltas.keys() {
        report.files += 1;
        let is_asking = |name: &str| name == &**file || writers.iter().any(|writer| &**writer == name);
        if reads.in_files(&is_asking).contains(leaf) || bench.conditions().contains(leaf) {
            report.files_asking += 1;
        } else {
            report.unasked.push(format!("{title}: {file} would not ask"));
        }
    }
    let wanted: Names = deltas.keys().cloned().collect();
    let start = Instant::now();
    let influence = bench.influences(std::slice::from_ref(leaf), Some(&wanted)).pop().unwrap();
    report.time += start.elapsed();
    let mut of_new: Option<(Bench, Influence)> = None;
    let mut misses = 0;
    for (name, delta) in &deltas {
        let known = influence.file(name);
        let is_named = |line: usize| known.is_some_and(|file| file.lines.contains_key(&line));
        let old = bench.text(name).map(|text| text.to_string()).unwrap_or_default();
        for (line, fate) in &delta.lines {
            let text = old.split('\n').nth(line - 1).unwrap_or_default();
            // A file without documents isn't told of, though it may have kept its empty lines and its dividers.
            if !files.contains_key(name) && (text.trim().is_empty() || text.trim() == "---") {
                continue;
            }
            report.lines += 1;
            if is_named(*line) {
                report.lines_named += 1;
            } else {
                misses += 1;
                report.misses.push(format!("{title}: {name}:{line} {fate:?}: {text}"));
            }
        }
        for &(line, after, replaces) in &delta.new_lines {
            if replaces {
                continue;
            }
            report.lines += 1;
            let place = known.is_some_and(|file| file.added.iter().any(|(_, added)| added.after == after));
            if place || is_named(after) || is_named(after + 1) {
                report.lines_named += 1;
                continue;
            }
            if of_new.is_none()
                && let Ok(new) = Bench::new(&case.request, &mutated)
            {
                let influence = new.influences(std::slice::from_ref(leaf), Some(&wanted)).pop().unwrap();
                of_new = Some((new, influence));
            }
            if of_new.as_ref().is_some_and(|(_, influence)| influence.line(name, line).is_some()) {
                report.lines_named += 1;
                continue;
            }
            misses += 1;
            let text = files.get(name).and_then(|t| t.split('\n').nth(line - 1)).unwrap_or_default();
            report.misses.push(format!("{title}: {name}: line {line} after {after} came: {text}"));
        }
    }
    if misses == 0 {
        report.whole += 1;
    }
    // What was named by a trial must move in a whole render with the trial's value.
    let told: Vec<usize> =
        (0..influence.trials.len()).filter(|&n| influence.trials[n].failure.is_none()).collect();
    let some: BTreeSet<usize> =
        [0, dice.below(told.len())].iter().filter_map(|&n| told.get(n).copied()).collect();
    for trial in some {
        confirm(case, bench, &influence, trial, &title, report);
    }
    for file in &influence.files {
        let moved = deltas.get(&file.file).map(moved_lines).unwrap_or_default();
        report.named_again_of += file.lines.len();
        report.named_again += file.lines.keys().filter(|line| moved.contains(line)).count();
    }
}

fn confirm(
    case: &Case,
    bench: &Bench,
    influence: &Influence,
    trial: usize,
    title: &str,
    report: &mut Report,
) {
    let other = match &influence.trials[trial].replacement {
        Replacement::Set(value) => to_json(value),
        // In lists, an entry is taken out; that is no text for a `--set-json` of this test.
        Replacement::Removed if influence.path.iter().any(|step| matches!(step, Step::Index(_))) => return,
        Replacement::Removed => Json::Null,
    };
    let Ok(files) = rendered(&case.request, &with_json(case, bench, &influence.path, other)) else {
        // Another template refuses the value: of that, the files asked about know nothing.
        return;
    };
    for file in &influence.files {
        let old = bench.text(&file.file).map(|text| text.to_string()).unwrap_or_default();
        let new = files.get(&file.file).cloned().unwrap_or_default();
        let moved = moved_lines(&lines::compare(old.as_bytes(), new.as_bytes()));
        for (line, how) in &file.lines {
            if how.changed == Some(trial) || how.gone == Some(trial) {
                report.named += 1;
                if moved.contains(line) {
                    report.named_true += 1;
                } else {
                    report.wrong.push(format!("{title}: trial {trial}: {}:{line} didn't move", file.file));
                }
            }
        }
    }
}

fn short(json: &Json) -> String {
    json.to_string().chars().take(60).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Our own charts.
fn own_cases() -> Vec<Case> {
    let charts = ["charts/gateway", "fixtures/charts/shop", "fixtures/charts/plain"];
    let requests = charts.iter().map(|chart| (chart, request(&root().join(chart), "default", Vec::new())));
    requests.filter_map(|(chart, request)| case(chart, request)).collect()
}

/// The folder into which the conformance suite unpacks the charts of the corpus.
fn corpus() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("TORII_CORPUS") {
        return Some(folder.into());
    }
    let folders = std::fs::read_dir(root().join("target/conformance")).ok()?;
    folders.flatten().map(|entry| entry.path()).find(|path| path.join("charts").is_dir())
}

/// The corpus's cases that set values by files alone, one of each chart first.
fn corpus_cases(folder: &Path) -> Vec<(String, Request)> {
    let Ok(list) = std::fs::read_to_string(root().join("../shared/conformance/charts.tsv")) else {
        return Vec::new();
    };
    let mut first = Vec::new();
    let mut further = Vec::new();
    let mut charts = HashSet::new();
    for line in list.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let (Some(id), Some(&"ok"), Some(args)) = (columns.first(), columns.get(1), columns.get(6)) else {
            continue;
        };
        let args: Vec<String> = serde_json::from_str(args).unwrap();
        let mut namespace = "default".to_string();
        let mut files = Vec::new();
        let mut rest = args[3..].iter();
        let mut known = true;
        while let Some(flag) = rest.next() {
            match flag.as_str() {
                "-f" => files.push(folder.join(rest.next().unwrap()).display().to_string()),
                "--namespace" => namespace = rest.next().unwrap().clone(),
                _ => known = false,
            }
        }
        if known {
            let request = request(&folder.join(&args[2]), &namespace, files);
            let list = if charts.insert(args[2].clone()) { &mut first } else { &mut further };
            list.push((id.to_string(), request));
        }
    }
    first.extend(further);
    first
}

fn run(cases: impl Iterator<Item = Case>, each: usize, most: usize, seed: u64) -> Report {
    let mut report = Report::default();
    let mut dice = Dice(seed);
    for case in cases {
        if report.moved >= most {
            break;
        }
        let start = Instant::now();
        let known = (report.misses.len(), report.wrong.len(), report.unasked.len());
        ask(&case, each, &mut dice, &mut report);
        if std::env::var_os("TORII_VERBOSE").is_some() {
            let (moved, writers) = (report.moved, report.writers);
            eprintln!("{}: {moved} moved so far, {writers} writers, {:?}", case.name, start.elapsed());
            let new = report.misses.iter().skip(known.0).chain(report.wrong.iter().skip(known.1));
            new.chain(report.unasked.iter().skip(known.2)).take(20).for_each(|line| eprintln!("! {line}"));
        }
    }
    report
}

#[test]
fn every_line_that_moves_names_the_value_that_moved_it() {
    let report = run(own_cases().into_iter(), 40, usize::MAX, 1);
    println!("{report}");
    assert!(report.moved > 25, "{report}");
    assert_eq!(report.misses, Vec::<String>::new(), "{report}");
    assert_eq!(report.wrong, Vec::<String>::new(), "{report}");
}

#[test]
#[ignore = "takes long: see the head of this file"]
fn one_file_of_a_large_chart_is_asked_about_in_little_time() {
    let Some(folder) = corpus() else {
        println!("skipped: the charts of the corpus are not unpacked");
        return;
    };
    let wanted = std::env::var("TORII_CHART").unwrap_or_else(|_| "kube-prometheus-stack#_default".into());
    for (name, request) in corpus_cases(&folder).into_iter().filter(|(name, _)| name.contains(&wanted)) {
        let case = case(&name, request).unwrap();
        let start = Instant::now();
        render::render_loaded(&case.request, &case.loaded).unwrap();
        let render = start.elapsed();
        let start = Instant::now();
        let explained = Explained::new(&case.request, &mut Vec::new()).unwrap();
        let (bench, made) = (&explained.bench, start.elapsed());
        let leaves = bench.leaves();
        println!(
            "{name}: rendered in {render:?}, ready in {made:?}; {} values; writers: {:?}",
            leaves.len(),
            bench.writers()
        );
        let reads = Reads::new(&explained.trace, bench.chart(), bench.values());
        let mut files = bench.files();
        files.sort_by_key(|file| std::cmp::Reverse(file.text.len()));
        for file in files.iter().step_by(files.len() / 12 + 1) {
            let start = Instant::now();
            let before = bench.renders();
            let names = Names::from([file.name.clone()]);
            let some = reads.in_files(&|name| name == &*file.name);
            let found = bench.influences(&some, Some(&names));
            let moving = found.iter().filter(|influence| !influence.files.is_empty()).count();
            println!(
                "{}: {} bytes, {moving} of {} values move it, {} renders, {:?}",
                file.name,
                file.text.len(),
                some.len(),
                bench.renders() - before,
                start.elapsed()
            );
        }
        let start = Instant::now();
        let moving = bench.influences(&leaves, None).iter().filter(|found| !found.files.is_empty()).count();
        println!("all files: {moving} of {} values move any, {:?}", leaves.len(), start.elapsed());
    }
}

#[test]
#[ignore = "takes long: see the head of this file"]
fn every_line_that_moves_in_a_chart_of_the_corpus_names_the_value() {
    let Some(folder) = corpus() else {
        println!("skipped: the charts of the corpus are not unpacked");
        return;
    };
    let number = |name: &str, default: usize| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let wanted = std::env::var("TORII_CHART").unwrap_or_default();
    let cases = corpus_cases(&folder).into_iter().filter(|(name, _)| name.contains(&wanted));
    let cases = cases.filter_map(|(name, request)| case(&name, request));
    let seed = number("TORII_SEED", 1) as u64;
    let report = run(cases, number("TORII_EACH", 15), number("TORII_MUTATIONS", 200), seed);
    println!("{report}");
    for line in report.unrenderable.iter().chain(&report.unasked).chain(&report.wrong).chain(&report.misses) {
        println!("{}", line.chars().take(400).collect::<String>());
    }
    let part = |part: usize, of: usize| part as f64 / of.max(1) as f64;
    assert!(part(report.whole, report.moved) >= 0.98, "{report}");
    assert!(part(report.named_true, report.named) >= 0.98, "{report}");
}
