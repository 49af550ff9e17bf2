//! The quick way against the sure one: what templates see must be the same, shared maps included.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::explain::influence::{mutation, words::Constants};
use crate::render::{self, Request};
use crate::value::Str;

/// Whether two values are the same in shape: equal, and with the same maps in the same places.
#[derive(Default)]
struct Shapes {
    pairs: HashMap<usize, usize>,
    back: HashMap<usize, usize>,
}

impl Shapes {
    fn same(&mut self, a: &Value, b: &Value, path: &str) -> Result<(), String> {
        let differ = || Err(format!("{path}: {a:?} and {b:?}"));
        match (a, b) {
            (Value::Map(a), Value::Map(b)) => {
                if let (Some(known), back) = (self.pairs.get(&a.address()), self.back.get(&b.address())) {
                    let fits = *known == b.address() && back == Some(&a.address());
                    return if fits { Ok(()) } else { Err(format!("{path} is another map")) };
                }
                if self.back.contains_key(&b.address()) || a.map_type() != b.map_type() {
                    return Err(format!("{path} is another map"));
                }
                self.pairs.insert(a.address(), b.address());
                self.back.insert(b.address(), a.address());
                let (a, b) = (a.entries(), b.entries());
                let keys = |entries: &[(Str, Value)]| -> Vec<String> {
                    entries.iter().map(|(key, _)| key.to_string()).collect()
                };
                if keys(&a) != keys(&b) {
                    return Err(format!("{path}: keys {:?} and {:?}", keys(&a), keys(&b)));
                }
                a.iter().zip(&b).try_for_each(|((key, a), (_, b))| self.same(a, b, &format!("{path}.{key}")))
            }
            (Value::List(a), Value::List(b)) => {
                let (a, b) = (a.items(), b.items());
                if a.len() != b.len() {
                    return Err(format!("{path}: {} and {} items", a.len(), b.len()));
                }
                a.iter().zip(&b).try_for_each(|(a, b)| self.same(a, b, &format!("{path}[]")))
            }
            (Value::Null, Value::Null) | (Value::Object(_), Value::Object(_)) => Ok(()),
            (Value::Bool(x), Value::Bool(y)) if x == y => Ok(()),
            (Value::Float(x), Value::Float(y)) if x == y => Ok(()),
            (Value::Int(x), Value::Int(y)) if x == y => Ok(()),
            (Value::String(x), Value::String(y)) if x == y => Ok(()),
            (Value::TypedNil(x), Value::TypedNil(y)) if x == y => Ok(()),
            _ => differ(),
        }
    }
}

fn scene(request: &Request) -> Option<Scene> {
    let loaded = render::load(request, &mut Vec::new()).ok()?;
    Scene::new(Surroundings::new(request).ok()?, loaded).ok()
}

/// Compares both ways for the leaves of a chart, with everything that is tried for each; gives how many took the
/// quick way and how many only the sure one.
fn compare(name: &str, request: &Request, step: usize) -> (usize, usize) {
    let Some(scene) = scene(request) else { return (0, 0) };
    let (mut quick, mut slow) = (0, 0);
    for leaf in path::leaves(scene.chart(), scene.values()).iter().step_by(step) {
        let value = path::find(scene.chart(), scene.values(), leaf);
        for replacement in mutation::replacements(value.as_ref(), &Constants::default()) {
            let Some(roots) = scene.quickly(leaf, &replacement) else {
                slow += 1;
                continue;
            };
            let what = || format!("{name}: {} as {replacement:?}", path::show(leaf));
            let sure = match scene.surely(leaf, &replacement) {
                Ok(Set::Same(roots)) => roots,
                Ok(Set::Anew(_)) => panic!("{}: other charts take part", what()),
                Err(error) => panic!("{}: {}", what(), error.message()),
            };
            let list = |roots: Vec<Map>| Value::list(roots.into_iter().map(Value::Map).collect());
            if let Err(how) = Shapes::default().same(&list(roots), &list(sure), "") {
                panic!("{}: {how}", what());
            }
            quick += 1;
        }
    }
    (quick, slow)
}

fn write(folder: &Path, file: &str, text: &str) {
    let path = folder.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn a_copy_with_one_value_changed_is_what_laying_the_value_over_gives() {
    let folder = tempfile::tempdir().unwrap();
    let chart = folder.path();
    let sub = "{name: s, version: '*', condition: t.use, alias: t, import-values: [data], tags: [x]}";
    write(chart, "Chart.yaml", &format!("apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies: [{sub}]\n"));
    write(
        chart,
        "values.yaml",
        "a: 1\nb: {c: x, d: {}, e: null, l: [1, {m: 2}]}\ntags: {x: true}\nglobal: {g: 1, h: {i: 2}}\n\
         t: {use: true, image: {registry: null, tag: '2'}, deep: {x: 1}}\n",
    );
    write(chart, "templates/a.yaml", "a: {{ .Values.a }}\n");
    write(chart, "charts/s/Chart.yaml", "apiVersion: v2\nname: s\nversion: 1.0.0\n");
    write(
        chart,
        "charts/s/values.yaml",
        "use: true\nimage: {registry: docker.io, tag: '1', none: null}\nexports: {data: {y: 1}}\nglobal: {j: {k: 1}}\n\
         top: null\nlist: [a]\n",
    );
    write(chart, "charts/s/templates/b.yaml", "b: {{ .Values.use }}\n");
    let mut request = Request::new(chart.display().to_string(), "r");
    let (quick, slow) = compare("plain", &request, 1);
    assert!(quick > 30 && slow > 5, "{quick} quick, {slow} slow");
    // With values of the user's: a null over a default, a value that no chart has.
    write(
        chart,
        "user.yaml",
        "b: {c: null, own: 1}\nt: {deep: {x: null}, image: {own: null}}\nnew: {n: null}\n",
    );
    request.values.files = vec![chart.join("user.yaml").display().to_string()];
    let (quick, slow) = compare("with values", &request, 1);
    assert!(quick > 30 && slow > 5, "{quick} quick, {slow} slow");
}

/// Over the charts of the conformance corpus, where they are unpacked: `TORII_CORPUS` names the folder.
#[test]
fn so_it_is_in_charts_of_the_corpus() {
    let Some(folder) = std::env::var_os("TORII_CORPUS").map(PathBuf::from) else {
        println!("skipped: TORII_CORPUS names no folder with the unpacked corpus");
        return;
    };
    let folders = |path: &Path| -> Vec<PathBuf> {
        let mut found: Vec<PathBuf> =
            fs::read_dir(path).unwrap().flatten().map(|entry| entry.path()).collect();
        found.sort();
        found
    };
    let mut total = (0, 0);
    for chart in folders(&folder.join("charts")).iter().flat_map(|owner| folders(owner)) {
        let mut request = Request::new(chart.display().to_string(), "r");
        request.skip_schema_validation = true;
        let (quick, slow) = compare(&chart.display().to_string(), &request, 40);
        total = (total.0 + quick, total.1 + slow);
    }
    println!("{} by the quick way, {} only by the sure one", total.0, total.1);
}
