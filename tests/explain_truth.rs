//! What `torii explain` says, held against the truth: fields chosen at random are explained by the real program, and
//! every answer is tried out by it. A named value, changed as the explanation says, must change the field; values
//! that it doesn't name must not; and an edit of each template line that it names must change the line.
//!
//! `TORII_FIELDS=10 TORII_CORPUS=…/charts cargo test --test explain_truth -- --ignored --nocapture` prints a report
//! on charts of the conformance corpus, which is unpacked there; `TORII_BIN` names another build of the program.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value as Json, json};
use torii::render::{self, Request};
use torii::values::origin::Origins;

/// So many values that aren't named are tried for each field.
const UNNAMED: usize = 12;
/// So many writers are edited for each field.
const WRITERS: usize = 4;

/// Numbers that look random, and are the same in every run (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound.max(1) as u64) as usize
    }
}

/// What was held against the truth, and how much of it held.
#[derive(Debug, Default)]
struct Tally {
    fields: usize,
    right: usize,
    partly: usize,
    named: (usize, usize),
    unnamed: (usize, usize),
    writers: (usize, usize),
    report: String,
}

struct Chart {
    /// A copy of the chart, which may be edited.
    folder: tempfile::TempDir,
    name: String,
}

impl Chart {
    fn copy_of(path: &Path) -> Chart {
        let folder = tempfile::tempdir().unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        for entry in walkdir::WalkDir::new(path).sort_by_file_name() {
            let entry = entry.unwrap();
            let to = folder.path().join(&name).join(entry.path().strip_prefix(path).unwrap());
            if entry.file_type().is_dir() {
                std::fs::create_dir_all(to).unwrap();
            } else if entry.path().is_file() {
                std::fs::copy(entry.path(), to).unwrap();
            }
        }
        Chart { folder, name }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, args: &[&str]) -> Result<String, String> {
        let program = std::env::var("TORII_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_torii").into());
        let output = Command::new(program)
            .args(args)
            .args(["--seed", "s"])
            .current_dir(self.folder.path())
            .env("NO_COLOR", "1")
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    /// The objects of a render with more values.
    fn objects(&self, values: Option<&Json>) -> Result<Vec<Json>, String> {
        let file = self.file("more.json");
        std::fs::write(&file, values.unwrap_or(&json!({})).to_string()).unwrap();
        let args = ["render", "r", &self.name, "-o", "json", "-f", "more.json", "--skip-schema-validation"];
        let text = self.run(&args)?;
        Ok(serde_json::from_str::<Vec<Json>>(&text).unwrap())
    }

    fn effective(&self) -> Json {
        let request = Request::new(self.file(&self.name).to_string_lossy(), "r");
        let loaded = render::load(&request, &mut Vec::new()).unwrap();
        let values = Origins::of(&loaded.chart, &loaded.layers).unwrap().effective;
        let text = torii::json::encode(&torii::value::Value::Map(values), torii::json::Escape::None).unwrap();
        serde_json::from_str(&text).unwrap()
    }
}

fn name_of(object: &Json) -> String {
    format!("{}/{}", object["kind"].as_str().unwrap_or(""), object["metadata"]["name"].as_str().unwrap_or(""))
}

/// The JSON pointers of all scalars, empty maps and empty lists.
fn leaves(value: &Json, pointer: &str, found: &mut Vec<String>) {
    match value {
        Json::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                leaves(value, &format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Json::Array(items) if !items.is_empty() => {
            for (index, value) in items.iter().enumerate() {
                leaves(value, &format!("{pointer}/{index}"), found);
            }
        }
        _ => found.push(pointer.to_string()),
    }
}

/// The steps of a path as the report writes it.
fn steps(path: &str) -> Vec<String> {
    let (mut steps, mut step) = (Vec::new(), String::new());
    let mut chars = path.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => step.extend(chars.next()),
            '.' | '[' => steps.extend(Some(std::mem::take(&mut step)).filter(|step| !step.is_empty())),
            ']' => {}
            c => step.push(c),
        }
    }
    steps.extend(Some(step).filter(|step| !step.is_empty()));
    steps
}

/// Values that set a path to something else; a list is set as a whole. `None` removes it.
fn laid(effective: &Json, steps: &[String], to: Option<&Json>) -> Json {
    let Some((first, rest)) = steps.split_first() else { return to.cloned().unwrap_or(Json::Null) };
    match effective {
        Json::Array(items) => {
            let mut items = items.clone();
            let index: usize = first.parse().unwrap();
            match to {
                None if rest.is_empty() => drop(items.remove(index)),
                _ => items[index] = whole(&items[index], rest, to),
            }
            Json::Array(items)
        }
        _ => json!({ first: laid(effective.get(first).unwrap_or(&Json::Null), rest, to) }),
    }
}

/// As [`laid`], with all that is around it.
fn whole(value: &Json, steps: &[String], to: Option<&Json>) -> Json {
    match (value, steps.split_first()) {
        (Json::Object(map), Some((first, rest))) => {
            let mut map: Map<String, Json> = map.clone();
            let inner = whole(map.get(first).unwrap_or(&Json::Null), rest, to);
            map.insert(first.clone(), inner);
            Json::Object(map)
        }
        _ => laid(value, steps, to),
    }
}

/// A natural other value.
fn other(value: &Json, dice: &mut Dice) -> Json {
    match value {
        Json::Bool(flag) => json!(!flag),
        Json::Number(n) => json!(n.as_f64().unwrap() as i64 + 1 + dice.below(5) as i64),
        Json::String(text) => json!(format!("{text}q")),
        Json::Null => json!("q"),
        Json::Array(_) => json!(["q"]),
        Json::Object(_) => json!({"q": "q"}),
    }
}

fn field_of<'o>(objects: &'o [Json], name: &str, pointer: &str) -> Option<&'o Json> {
    objects.iter().find(|object| name_of(object) == name)?.pointer(pointer)
}

fn check(chart: &Chart, fields: usize, dice: &mut Dice) -> Tally {
    let mut tally = Tally::default();
    let objects = chart.objects(None).unwrap();
    let effective = chart.effective();
    let mut all = Vec::new();
    leaves(&effective, "", &mut all);
    while tally.fields < fields {
        let object = &objects[dice.below(objects.len())];
        let name = name_of(object);
        if objects.iter().filter(|other| name_of(other) == name).count() != 1 {
            continue;
        }
        let mut pointers = Vec::new();
        leaves(object, "", &mut pointers);
        let pointer = &pointers[dice.below(pointers.len())];
        let text = chart
            .run(&["explain", &chart.name, &name, pointer, "-o", "json", "--name", "r"])
            .unwrap_or_else(|error| panic!("{name} {pointer}: {error}"));
        let told: Json = serde_json::from_str(&text).unwrap();
        let mut wrong = String::new();
        let before = (tally.named, tally.unnamed, tally.writers);
        named(chart, &effective, &objects, (&name, pointer), &told, &mut tally, &mut wrong);
        unnamed(chart, (&effective, &all), &objects, (&name, pointer), &told, &mut tally, &mut wrong, dice);
        writers(chart, &told, &mut tally, &mut wrong);
        tally.fields += 1;
        let share = |now: (usize, usize), then: (usize, usize)| (now.0 - then.0, now.1 - then.1);
        let parts =
            [share(tally.named, before.0), share(tally.unnamed, before.1), share(tally.writers, before.2)];
        let is_right = parts.iter().all(|(good, all)| good == all);
        let some = parts.iter().any(|(good, _)| *good > 0);
        tally.right += usize::from(is_right);
        tally.partly += usize::from(!is_right && some);
        let verdict = if is_right { "right" } else { "NOT RIGHT" };
        let [a, b, c] = parts;
        writeln!(
            tally.report,
            "{verdict}: {name} {pointer}: named values {}/{}, others {}/{}, template lines {}/{}{wrong}",
            a.0, a.1, b.0, b.1, c.0, c.1
        )
        .unwrap();
    }
    tally
}

fn named(
    chart: &Chart,
    effective: &Json,
    objects: &[Json],
    (name, pointer): (&str, &str),
    told: &Json,
    tally: &mut Tally,
    wrong: &mut String,
) {
    for value in told["values"].as_array().unwrap() {
        let path = value["path"].as_str().unwrap();
        let moved =
            value["tried"].as_array().unwrap().iter().filter(|tried| tried.get("failure").is_none()).any(
                |tried| {
                    let values = laid(effective, &steps(path), tried.get("with"));
                    let Ok(after) = chart.objects(Some(&values)) else { return false };
                    field_of(&after, name, pointer) != field_of(objects, name, pointer)
                },
            );
        tally.named.1 += 1;
        tally.named.0 += usize::from(moved);
        if !moved {
            write!(wrong, "\n    named, but does not move it: {path}").unwrap();
        }
    }
}

#[allow(clippy::too_many_arguments)]
fn unnamed(
    chart: &Chart,
    (effective, all): (&Json, &[String]),
    objects: &[Json],
    (name, pointer): (&str, &str),
    told: &Json,
    tally: &mut Tally,
    wrong: &mut String,
    dice: &mut Dice,
) {
    let list = |key: &str| told[key].as_array().unwrap().clone();
    let known: Vec<Vec<String>> = [list("values"), list("identity"), list("maybe")]
        .concat()
        .iter()
        .map(|value| steps(value["path"].as_str().unwrap()))
        .collect();
    for _ in 0..UNNAMED {
        let leaf = &all[dice.below(all.len())];
        let own: Vec<String> =
            leaf.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~")).collect();
        // What a subchart sees of a global is told as the global itself.
        let is_known = known.iter().any(|path| own.ends_with(path) && (path == &own || path[0] == "global"));
        if is_known {
            continue;
        }
        let value = effective.pointer(leaf).unwrap();
        let values = laid(effective, &own, Some(&other(value, dice)));
        let Ok(after) = chart.objects(Some(&values)) else { continue };
        let moved = field_of(&after, name, pointer) != field_of(objects, name, pointer);
        tally.unnamed.1 += 1;
        tally.unnamed.0 += usize::from(!moved);
        if moved {
            write!(wrong, "\n    moves it, but is not named: {leaf}").unwrap();
        }
    }
}

/// Edits the template at each writer of the field's first line, and looks whether the line changes.
fn writers(chart: &Chart, told: &Json, tally: &mut Tally, wrong: &mut String) {
    let source = told["source"].as_str().unwrap();
    let template = source.split_once('/').unwrap().1;
    let printed = |chart: &Chart| {
        chart.run(&[
            "render",
            "r",
            &chart.name,
            "-s",
            template,
            "--validate-yaml=false",
            "--skip-schema-validation",
        ])
    };
    let before = printed(chart).unwrap_or_default();
    let lines = told["lines"].as_array().unwrap();
    let Some(line) = lines.first() else { return };
    let text = line["text"].as_str().unwrap();
    let count = |output: &str| output.lines().filter(|line| line.trim_end() == text).count();
    for writer in line["writers"].as_array().unwrap().iter().take(WRITERS) {
        let file = writer["file"].as_str().unwrap();
        if file == "text of tpl" {
            continue;
        }
        let path = chart.file(file);
        let original = std::fs::read_to_string(&path).unwrap();
        let at = offset(&original, writer["line"].as_u64().unwrap(), writer["column"].as_u64().unwrap());
        let mut edited = original.clone();
        let rest = &original[at..];
        if writer["kind"] == "text" {
            let end = rest.find('\n').unwrap_or(rest.len()).min(rest.find("{{").unwrap_or(rest.len()));
            edited.insert_str(at + end, "Zq");
        } else {
            // The action is taken out as a whole: of what it writes, nothing may stay.
            let start = original[..at].rfind("{{").unwrap_or(at);
            let end = rest.find("}}").map_or(original.len(), |end| at + end + 2);
            edited.replace_range(start..end, "");
        }
        std::fs::write(&path, edited).unwrap();
        let after = printed(chart);
        std::fs::write(&path, original).unwrap();
        let moved = after.is_ok_and(|after| count(&after) < count(&before));
        tally.writers.1 += 1;
        tally.writers.0 += usize::from(moved);
        if !moved {
            write!(wrong, "\n    its edit does not change `{text}`: {file}:{}", writer["line"]).unwrap();
        }
    }
}

fn offset(text: &str, line: u64, column: u64) -> usize {
    let start: usize = text.split_inclusive('\n').take(line as usize - 1).map(str::len).sum();
    let rest = &text[start..];
    start + rest.char_indices().nth(column as usize - 1).map_or(rest.len(), |(index, _)| index)
}

fn house_chart() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("charts/gateway")
}

#[test]
fn fields_of_the_house_chart_are_explained_rightly() {
    let tally = check(&Chart::copy_of(&house_chart()), 4, &mut Dice(5));
    assert_eq!(tally.right, tally.fields, "{}", tally.report);
    assert!(tally.named.1 > 0 && tally.unnamed.1 > 0 && tally.writers.1 > 0, "{}", tally.report);
}

#[test]
#[ignore = "a report for people; it takes minutes"]
fn report_on_charts_of_the_corpus() {
    let fields = std::env::var("TORII_FIELDS").ok().and_then(|n| n.parse().ok()).unwrap_or(10);
    let mut charts = vec![house_chart()];
    match std::env::var("TORII_CORPUS") {
        Ok(corpus) => {
            let more = std::env::var("TORII_CHARTS").unwrap_or_else(|_| {
                "istio-istio/gateway,prometheus-community-helm-charts/kube-prometheus-stack".into()
            });
            charts.extend(more.split(',').map(|name| Path::new(&corpus).join(name)));
        }
        Err(_) => println!("skipped: TORII_CORPUS does not say where charts are"),
    }
    for path in charts {
        let tally = check(&Chart::copy_of(&path), fields, &mut Dice(11));
        println!(
            "{}: {} of {} right, {} partly; named values {:?}, others {:?}, template lines {:?}\n{}",
            path.display(),
            tally.right,
            tally.fields,
            tally.partly,
            tally.named,
            tally.unnamed,
            tally.writers,
            tally.report
        );
    }
}
