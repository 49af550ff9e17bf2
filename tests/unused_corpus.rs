//! Unused values of real charts: their own defaults, and slips in the names of values that they read.
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

#[test]
#[ignore]
fn own_defaults() {
    let Some(root) = corpus() else { return };
    let only = std::env::var("ONLY").unwrap_or_default();
    std::thread::Builder::new()
        .stack_size(1 << 30)
        .spawn(move || {
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
                for unused in &report.unused {
                    let line = unused.origin.place.as_ref().map_or(0, |p| p.line);
                    let hint = unused.suggestion.as_ref().map(|s| s.hint()).unwrap_or_default();
                    println!(
                        "   {} [{}] :{line} {hint}",
                        torii::explain::influence::path::show(&unused.path),
                        unused.leaves
                    );
                }
            }
        })
        .unwrap()
        .join()
        .unwrap();
}
