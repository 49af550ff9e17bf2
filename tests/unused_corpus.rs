//! Unused values of real charts: their own defaults, and slips in the names of values that they read. The charts are
//! those in the folder that `TORII_CORPUS` names; `ONLY` chooses some by a part of their path. These take minutes:
//! `TORII_CORPUS=… cargo test --test unused_corpus -- --ignored --nocapture`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

use torii::explain::unused::{self, Options, Report};
use torii::render::{self, Request};

fn corpus() -> Option<PathBuf> {
    let root = std::env::var("TORII_CORPUS").ok().map(PathBuf::from)?;
    root.is_dir().then_some(root)
}

fn charts(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for org in std::fs::read_dir(root).unwrap().flatten() {
        for chart in std::fs::read_dir(org.path()).unwrap().flatten() {
            if chart.path().join("Chart.yaml").is_file() {
                found.push(chart.path());
            }
        }
    }
    found.sort();
    found
}

fn report(chart: &Path, files: &[&Path]) -> Option<Report> {
    let mut request = Request::new(chart.to_str().unwrap(), "rel");
    request.values.files = files.iter().map(|f| f.to_str().unwrap().to_string()).collect();
    let loaded = render::load(&request, &mut Vec::new()).ok()?;
    unused::find(&request, &loaded, Options::default()).ok()
}

/// The texts of a chart's own templates that always run, without comments.
fn texts(folder: &Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            texts(&path, into);
        } else if !entry.file_name().to_string_lossy().starts_with('_') {
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            let mut rest = text.as_str();
            while let Some(start) = rest.find("/*") {
                into.push_str(&rest[..start]);
                rest = rest[start..].find("*/").map_or("", |end| &rest[start + end + 2..]);
            }
            into.push_str(rest);
        }
    }
}

/// Whether a text names a value by its whole path.
fn names(text: &str, path: &str) -> bool {
    let wanted = format!(".Values.{path}");
    let ends = |at: usize| !text[at + wanted.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
    text.match_indices(&wanted).any(|(at, _)| ends(at))
}

#[test]
#[ignore = "takes minutes, and charts that are not here"]
fn no_default_that_a_template_names_is_called_unused() {
    let Some(root) = corpus() else {
        assert!(
            std::env::var("TORII_REQUIRE_CONFORMANCE").is_err(),
            "TORII_CORPUS names no folder of charts"
        );
        println!("skipped: TORII_CORPUS names no folder of charts");
        return;
    };
    let only = std::env::var("ONLY").unwrap_or_default();
    std::thread::Builder::new()
        .stack_size(1 << 30)
        .spawn(move || {
            let mut wrong = Vec::new();
            for chart in charts(&root).iter().filter(|c| c.to_str().unwrap().contains(&only)) {
                let start = std::time::Instant::now();
                let values = chart.join("values.yaml");
                if !values.is_file() {
                    continue;
                }
                use std::io::Write;
                std::io::stdout().flush().unwrap();
                let name = chart.strip_prefix(&root).unwrap().display().to_string();
                let Some(report) = report(chart, &[&values]) else {
                    println!("== {name}: failed");
                    continue;
                };
                println!(
                    "== {name}: unused {} idle {} used {} missing {} cut {} failure {:?} {:.1}s",
                    report.unused.len(),
                    report.idle.len(),
                    report.used,
                    report.missing.iter().filter(|m| !m.optional).count(),
                    report.cut,
                    report.failure.as_ref().map(|f| f.message().chars().take(60).collect::<String>()),
                    start.elapsed().as_secs_f64()
                );
                let mut own = String::new();
                texts(&chart.join("templates"), &mut own);
                for unused in &report.unused {
                    let path = torii::explain::influence::path::show(&unused.path);
                    if names(&own, &path) {
                        wrong.push(format!("{name} {path}"));
                    }
                    let line = unused.origin.place.as_ref().map_or(0, |p| p.line);
                    let hint = unused.suggestion.as_ref().map(|s| s.hint()).unwrap_or_default();
                    println!(
                        "   {} [{}] :{line} {hint}",
                        torii::explain::influence::path::show(&unused.path),
                        unused.leaves
                    );
                }
            }
            assert!(wrong.is_empty(), "named, and called unused: {wrong:#?}");
        })
        .unwrap()
        .join()
        .unwrap();
}

fn manifests(chart: &Path, files: &[&Path]) -> Option<Vec<Vec<u8>>> {
    let mut request = Request::new(chart.to_str().unwrap(), "rel");
    request.seed = Some("s".into());
    request.now = Some(jiff::Timestamp::UNIX_EPOCH);
    request.skip_schema_validation = true;
    request.values.files = files.iter().map(|f| f.to_str().unwrap().to_string()).collect();
    let output = render::render(&request).ok()?;
    let all = output.manifests.objects.iter().chain(&output.manifests.hooks);
    let mut texts: Vec<Vec<u8>> = all.map(|m| m.content().to_vec()).collect();
    texts.extend(output.notes.map(|n| n.as_bytes().to_vec()));
    Some(texts)
}

struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) as usize) % n.max(1)
    }
}

/// A slip in a name; `None` if this kind makes none.
fn slip(name: &str, kind: usize, random: &mut Random) -> Option<String> {
    let mut chars: Vec<char> = name.chars().collect();
    if chars.len() < 3 {
        return None;
    }
    let at = 1 + random.below(chars.len() - 2);
    match kind {
        0 => chars.swap(at, at + 1),
        1 => drop(chars.remove(at)),
        2 => chars.insert(at, chars[at]),
        _ if chars.iter().any(|c| c.is_uppercase()) => return Some(name.to_lowercase()),
        _ => chars[0] = chars[0].to_ascii_uppercase(),
    }
    let slipped: String = chars.into_iter().collect();
    (slipped != name).then_some(slipped)
}

fn nested(path: &[String], value: &serde_json::Value) -> serde_json::Value {
    path.iter().rev().fold(value.clone(), |inner, key| serde_json::json!({ key.as_str(): inner }))
}

#[test]
#[ignore = "takes minutes, and charts that are not here"]
fn slips_that_change_nothing_are_found_and_what_was_meant() {
    let Some(root) = corpus() else {
        assert!(
            std::env::var("TORII_REQUIRE_CONFORMANCE").is_err(),
            "TORII_CORPUS names no folder of charts"
        );
        println!("skipped: TORII_CORPUS names no folder of charts");
        return;
    };
    let only = std::env::var("ONLY").unwrap_or_default();
    let per: usize = std::env::var("PER").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    let run = move || {
        use torii::value::Value;
        use torii::yaml::Step;
        let mut random = Random(std::env::var("SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(7));
        let (mut total, mut found, mut right, mut free, mut charts_seen) = (0, 0, 0, 0, 0);
        let file = std::env::temp_dir().join(format!("planted-{}.yaml", std::process::id()));
        for chart in charts(&root).iter().filter(|c| c.to_str().unwrap().contains(&only)) {
            let values = chart.join("values.yaml");
            let name = chart.strip_prefix(&root).unwrap().display().to_string();
            if !values.is_file() {
                continue;
            }
            let Some(own) = report(chart, &[&values]) else { continue };
            let Some(before) = manifests(chart, &[]) else { continue };
            if own.failure.is_some() {
                continue;
            }
            let text = std::fs::read(&values).unwrap();
            let mut leaves: Vec<Vec<Step>> = Vec::new();
            torii::yaml::leaves(&text, &mut |path, _| leaves.push(path.to_vec()));
            leaves.retain(|path| {
                path.iter().all(|s| matches!(s, Step::Key(_)))
                    && !path.is_empty()
                    && !own.unused.iter().any(|u| path.starts_with(&u.path))
                    && !own.idle.iter().any(|i| i.path.starts_with(path))
            });
            let Value::Map(map) = torii::yaml::decode(&text).unwrap_or_default() else { continue };
            let keys = |path: &[Step]| -> Vec<String> {
                path.iter()
                    .map(|s| if let Step::Key(k) = s { k.to_string() } else { String::new() })
                    .collect()
            };
            let mut here = 0;
            let start = std::time::Instant::now();
            for _ in 0..per * 10 {
                if here >= per || start.elapsed().as_secs() > 20 || leaves.is_empty() {
                    break;
                }
                let mut leaf = leaves[random.below(leaves.len())].clone();
                let mut path = keys(&leaf);
                let kind = random.below(5);
                let meant;
                if kind == 4 {
                    let last = path.last().unwrap().clone();
                    if path.len() < 2 || leaves.iter().filter(|l| keys(l).last() == Some(&last)).count() > 1 {
                        continue;
                    }
                    meant = path.clone();
                    path.remove(path.len() - 2);
                } else {
                    let at = random.below(path.len());
                    meant = path[..=at].to_vec();
                    let Some(slipped) = slip(&path[at], kind, &mut random) else { continue };
                    path[at] = slipped;
                    path.truncate(at + 1);
                    leaf.truncate(at + 1);
                }
                let prefix: Vec<Step> = path.iter().map(|k| Step::key(k.as_str())).collect();
                if torii::explain::influence::path::at(&map, &prefix).is_some() {
                    continue;
                }
                let Some(value) = torii::explain::influence::path::at(&map, &leaf) else { continue };
                let value = match value {
                    Value::Null => serde_json::json!("x"),
                    value => {
                        let text = torii::yaml::to_yaml(&value).unwrap();
                        let decoded: Result<serde_json::Value, _> = serde_yaml::from_slice(text.as_bytes());
                        decoded.unwrap()
                    }
                };
                std::fs::write(&file, nested(&path, &value).to_string()).unwrap();
                let Some(after) = manifests(chart, &[&file]) else { continue };
                if after != before {
                    free += 1;
                    continue;
                }
                here += 1;
                total += 1;
                let Some(report) = report(chart, &[&file]) else {
                    println!("FAILED {name} {}", path.join("."));
                    continue;
                };
                let Some(unused) = report.unused.first() else {
                    println!(
                        "MISSED {name} {} (meant {}) kind {kind} idle {} cut {}",
                        path.join("."),
                        meant.join("."),
                        report.idle.len(),
                        report.cut
                    );
                    continue;
                };
                found += 1;
                let told = unused
                    .suggestion
                    .as_ref()
                    .map(|s| torii::explain::influence::path::show(&s.path))
                    .unwrap_or_default();
                if told == meant.iter().map(|k| k.replace('.', "\\.")).collect::<Vec<_>>().join(".") {
                    right += 1;
                } else {
                    println!(
                        "WRONG  {name} {} (meant {}) kind {kind} told {told}",
                        path.join("."),
                        meant.join(".")
                    );
                }
            }
            charts_seen += usize::from(here > 0);
        }
        // What is missed stands in maps of free keys, or in charts that give all their values away.
        assert!(total == 0 || found * 100 >= total * 90, "{found} of {total} found");
        assert!(right * 100 >= found * 95, "{right} of {found} right");
        println!("charts {charts_seen} total {total} found {found} right {right} free {free}");
    };
    std::thread::Builder::new().stack_size(1 << 30).spawn(run).unwrap().join().unwrap();
}
