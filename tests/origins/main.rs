//! The origins of values against brute force: each leaf of each layer is changed alone, and where the change is
//! seen among the effective values, there that leaf is the origin.
//!
//! Random charts, small and full of quirks, are always tried. Charts of the conformance corpus are tried where
//! `TORII_CORPUS` names the folder it is unpacked in (or it is under `target/conformance`); `TORII_CASES` raises
//! the numbers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod case;
mod judge;
mod maker;

use std::path::PathBuf;

use torii::chart::{self, Chart};
use torii::limits::Limits;
use torii::source::Tree;
use torii::value::{List, Map, Value};
use torii::values::origin::path_words;
use torii::yaml::Step;

use self::case::{Case, User, leaves, text};
use self::judge::{Report, judge};
use self::maker::{Maker, Random};

fn times(default: usize) -> usize {
    std::env::var("TORII_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn every_origin_in_random_charts_is_that_of_brute_force() {
    let cases = times(120);
    let mut report = Report::default();
    for seed in 0..cases as u64 {
        let seed = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed + 1) | 1;
        let case = Maker { random: Random(seed), next: 0 }.case();
        let before = report.wrong.len();
        judge(&case, true, &mut report);
        if report.wrong.len() > before && std::env::var_os("TORII_SHOW").is_some() {
            show(&case);
            println!("{:#?}", &report.wrong[before..]);
            break;
        }
    }
    println!(
        "{cases} charts: {} leaves, {} deleted, {} overridden, {} passed over, {} wrong",
        report.leaves,
        report.deleted,
        report.overridden,
        report.passed_over,
        report.wrong.len()
    );
    assert!(report.passed_over * 500 <= report.overridden, "{} passed over", report.passed_over);
    assert!(report.leaves > cases * 5 && report.deleted > cases / 10 && report.overridden > cases * 2);
    let first = &report.wrong[..report.wrong.len().min(20)];
    assert!(first.is_empty(), "{} wrong: {first:#?}", report.wrong.len());
}

fn show(case: &Case) {
    fn of_chart(chart: &Chart) {
        println!("{} {}", chart.location, text(&Value::Map(chart.values.clone())));
        println!("  {}", chart.metadata_text.as_ref().unwrap().to_text().replace('\n', "\n  "));
        chart.dependencies.iter().for_each(of_chart);
    }
    of_chart(&case.chart);
    show_user(&case.user);
}

fn show_user(user: &User) {
    for file in &user.files {
        println!("-f {}", text(&Value::Map(file.clone())));
    }
    for (path, value) in &user.json {
        println!("--set-json {}={}", path_words(path), text(value));
    }
    for (path, value) in &user.sets {
        println!("--set {}={value}", path_words(path));
    }
}

/// The folder into which the conformance suite unpacks the charts of the corpus.
fn corpus() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("TORII_CORPUS") {
        return Some(folder.into());
    }
    let target = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/conformance");
    let folders = std::fs::read_dir(target).ok()?;
    folders.filter_map(Result::ok).map(|entry| entry.path()).find(|path| path.join("charts").is_dir())
}

fn charts(folder: &std::path::Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![(folder.join("charts"), 0)];
    while let Some((folder, depth)) = open.pop() {
        if folder.join("Chart.yaml").is_file() {
            found.push(folder);
        } else if depth < 3 {
            let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
            open.extend(entries.map(|e| e.path()).filter(|p| p.is_dir()).map(|p| (p, depth + 1)));
        }
    }
    found.sort();
    found
}

/// A random second layer over a real chart: some leaves changed, some deleted, some maps replaced, new keys.
fn user_for(chart: &Chart, maker: &mut Maker) -> User {
    let mut user = User::default();
    for _ in 0..2 {
        let case = Case { chart: chart.clone(), user: user.clone() };
        let Some(effective) = case.effective() else { break };
        let there = leaves(&Value::Map(effective.clone()));
        let file = Map::default();
        for _ in 0..30 {
            let (mut path, _) = maker.random.pick(&there).clone();
            if let Some(index) = path.iter().position(|step| matches!(step, Step::Index(_))) {
                path.truncate(index);
            }
            if maker.random.one_in(5) && path.len() > 1 {
                path.pop();
            }
            if maker.random.one_in(10) {
                path.push(Step::key("added"));
            }
            let value = match maker.random.below(6) {
                0 => Value::Null,
                1 => Value::Map(maker.map(2)),
                2 => Value::List(List::new(
                    torii::value::Elem::Any,
                    vec![maker.scalar(), Value::Map(maker.map(1))],
                )),
                _ => maker.scalar(),
            };
            put(&file, &path, value);
        }
        let global = maker.map(2);
        let into = match file.get("global") {
            Some(Value::Map(there)) => there,
            _ => Map::default(),
        };
        global.entries().into_iter().for_each(|(key, value)| drop(into.insert(key, value)));
        file.insert("global", Value::Map(into));
        let before = user.clone();
        user.files.push(file);
        if (Case { chart: chart.clone(), user: user.clone() }).effective().is_none() {
            user = before;
        }
    }
    let mut case = Case { chart: chart.clone(), user };
    for _ in 0..6 {
        maker.set(&mut case);
    }
    case.user
}

fn put(map: &Map, path: &[Step], value: Value) {
    let mut map = map.clone();
    let Some((Step::Key(last), before)) = path.split_last() else { return };
    for step in before {
        let Step::Key(key) = step else { return };
        map = match map.get(key) {
            Some(Value::Map(inner)) => inner,
            _ => {
                let inner = Map::default();
                map.insert(key.clone(), Value::Map(inner.clone()));
                inner
            }
        };
    }
    map.insert(last.clone(), value);
}

#[test]
fn every_origin_in_charts_of_the_corpus_is_that_of_brute_force() {
    let Some(folder) = corpus() else {
        println!("skipped: the charts of the corpus are not unpacked");
        return;
    };
    let wanted = std::env::var("TORII_ONLY").unwrap_or_default();
    let mut report = Report::default();
    let mut tried = 0;
    let all = charts(&folder);
    let (count, limits) = (times(3), Limits::default());
    // Spread over the corpus.
    let stride = (all.len() / count.max(1)).max(1);
    for (index, path) in all.iter().enumerate() {
        let shown = path.strip_prefix(&folder).unwrap().display().to_string();
        if !shown.contains(&wanted) || (wanted.is_empty() && index % stride != 0) {
            continue;
        }
        let options = chart::Options { limits: limits.clone(), ..chart::Options::default() };
        let Ok(chart) = chart::load(&Tree::default(), path.to_str().unwrap(), &options, &mut Vec::new())
        else {
            continue;
        };
        let mut maker = Maker { random: Random(0x1234_5677 + 2 * index as u64), next: 0 };
        let user = user_for(&chart, &mut maker);
        let before = (report.leaves, report.deleted, report.wrong.len());
        let case = Case { chart, user };
        judge(&case, false, &mut report);
        if report.wrong.len() > before.2 && std::env::var_os("TORII_SHOW").is_some() {
            show_user(&case.user);
        }
        tried += 1;
        println!(
            "{shown}: {} leaves, {} deleted, {} wrong",
            report.leaves - before.0,
            report.deleted - before.1,
            report.wrong.len() - before.2
        );
    }
    assert!(tried > 0 || !wanted.is_empty(), "no chart is in {}", folder.display());
    println!(
        "{tried} charts: {} leaves, {} deleted, {} wrong",
        report.leaves,
        report.deleted,
        report.wrong.len()
    );
    let first = &report.wrong[..report.wrong.len().min(20)];
    assert!(first.is_empty(), "{} wrong: {first:#?}", report.wrong.len());
}
