//! Makes random charts and values.

use torii::chart::from_files;
use torii::limits::Limits;
use torii::source::{Budget, File, Files};
use torii::value::{Map, Value};
use torii::yaml::Step;

use super::case::{Case, User, leaves, text};

/// Numbers that repeat.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % n
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// Makes small random charts and values.
pub struct Maker {
    pub random: Random,
    pub next: usize,
}

pub const KEYS: [&str; 5] = ["a", "b", "c", "d.e", "f"];

impl Maker {
    pub fn scalar(&mut self) -> Value {
        self.next += 1;
        Value::from(format!("v{}", self.next))
    }

    pub fn value(&mut self, depth: usize) -> Value {
        match self.random.below(if depth == 0 { 6 } else { 12 }) {
            0 => Value::Null,
            1 if self.random.one_in(2) => Value::Map(Map::default()),
            2 if self.random.one_in(2) => Value::list(Vec::new()),
            3 if self.random.one_in(2) => {
                let items = 1 + self.random.below(3);
                Value::list((0..items).map(|_| self.value(depth.saturating_sub(1))).collect())
            }
            1..6 => self.scalar(),
            _ => Value::Map(self.map(depth - 1)),
        }
    }

    pub fn map(&mut self, depth: usize) -> Map {
        let entries = self.random.below(4);
        (0..entries).map(|_| (*self.random.pick(&KEYS), self.value(depth))).collect()
    }

    /// Values for a chart: its own, its charts', globals, and what is exported.
    pub fn values(&mut self, charts: &[&str], depth: usize) -> Map {
        let values = self.map(2);
        for name in charts {
            if self.random.one_in(2) && depth > 0 {
                let inner: &[&str] =
                    if *name == "s" || *name == "one" || *name == "two" { &["w"] } else { &[] };
                let inner = self.values(inner, depth - 1);
                if self.random.one_in(4) {
                    inner.insert("use", Value::Bool(self.random.one_in(2)));
                }
                values.insert(*name, Value::Map(inner));
            }
        }
        if self.random.one_in(2) {
            values.insert("global", Value::Map(self.map(3)));
        }
        if self.random.one_in(3) {
            let data: Map = [("data", Value::Map(self.map(2)))].into_iter().collect();
            values.insert("exports", Value::Map(data));
        }
        values
    }

    pub fn imports(&mut self) -> String {
        let mut imports = Vec::new();
        for _ in 0..self.random.below(3) {
            imports.push(match self.random.below(3) {
                0 => "data".to_string(),
                1 => "{child: a, parent: b}".to_string(),
                _ => "{child: global, parent: c.a}".to_string(),
            });
        }
        format!("[{}]", imports.join(", "))
    }

    pub fn case(&mut self) -> Case {
        let alias = self.random.one_in(3);
        let lists = !self.random.one_in(4);
        let names: &[&str] = if alias && lists { &["one", "two", "t"] } else { &["s", "t"] };
        let mut dependencies = String::new();
        for name in names {
            let (chart, alias) = match *name {
                "one" | "two" => ("s", format!("alias: {name}, ")),
                name => (name, String::new()),
            };
            let imports = self.imports();
            dependencies += &format!(
                "- {{name: {chart}, version: '*', {alias}condition: {name}.use, import-values: {imports}}}\n"
            );
        }
        let head = |name: &str| format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\n");
        let root = if lists { head("u") + "dependencies:\n" + &dependencies } else { head("u") };
        let mut s = head("s");
        if self.random.one_in(2) {
            s += &format!("dependencies:\n- {{name: w, version: '*', import-values: {}}}\n", self.imports());
        }
        let texts = [
            ("Chart.yaml", root),
            ("values.yaml", text(&Value::Map(self.values(names, 2)))),
            ("charts/s/Chart.yaml", s),
            ("charts/s/values.yaml", text(&Value::Map(self.values(&["w"], 1)))),
            ("charts/s/charts/w/Chart.yaml", head("w")),
            ("charts/s/charts/w/values.yaml", text(&Value::Map(self.values(&[], 0)))),
            ("charts/t/Chart.yaml", head("t")),
            ("charts/t/values.yaml", text(&Value::Map(self.values(&[], 0)))),
        ];
        let files = texts.into_iter().map(|(name, text)| File { name: name.into(), data: text.into() });
        let files = Files { location: "u/".into(), files: files.collect() };
        let chart = from_files(files, &mut Budget::new(&Limits::default()), &mut Vec::new()).unwrap();
        let mut user = User::default();
        for _ in 0..self.random.below(4) {
            user.files.push(self.values(names, 2));
        }
        let mut case = Case { chart, user };
        for _ in 0..self.random.below(4) {
            self.set(&mut case);
        }
        case
    }

    /// Adds a `--set` or `--set-json` on or beside something that is there.
    pub fn set(&mut self, case: &mut Case) {
        let Some(effective) = case.effective() else { return };
        let there = leaves(&Value::Map(effective));
        let (mut path, _) = self.random.pick(&there).clone();
        if path.is_empty() {
            path.push(Step::key("a"));
        }
        match self.random.below(6) {
            0 => path.push(Step::key("new")),
            1 => path.push(Step::Index(self.random.below(3))),
            2 if path.len() > 1 => drop(path.pop()),
            _ => {}
        }
        let before = case.clone();
        if self.random.one_in(3) {
            let value = self.value(2);
            case.user.json.push((path, value));
        } else {
            let null = self.random.one_in(4);
            let value = if null { "null".into() } else { self.scalar().as_str().unwrap().to_string() };
            case.user.sets.push((path, value));
        }
        if case.effective().is_none() {
            *case = before;
        }
    }
}
