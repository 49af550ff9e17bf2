//! What the functions of the library make of what they are given, as far as values go through them.

use super::heap::{Made, Thing, Things};
use super::look::Look;
use crate::value::{Str, Value};

/// So many results of a function of constants are told apart.
const MAX_RESULTS: usize = 16;

/// Functions whose results are worked out where all arguments are constants.
const FOLDED: &str = "add add1 camelcase cat contains hasPrefix hasSuffix indent int int64 join kebabcase lower nindent nospace \
     plural print printf println quote regexReplaceAll regexReplaceAllLiteral replace seq snakecase split \
     splitList splitn squote sub substr title toString trim trimAll trimPrefix trimSuffix trunc untitle until \
     untilStep upper";

/// Functions that write what they are given, more or less as it is.
const WRITERS: &str = "abbrev b64dec b64enc camelcase cat float64 html indent int int64 join js kebabcase lower nindent nospace \
     print printf println quote regexReplaceAll regexReplaceAllLiteral repeat replace snakecase split \
     splitList splitn squote substr title toDecimal toJson toPrettyJson toRawJson toString toStrings toToml \
     toYaml toYamlPretty trim trimAll trimPrefix trimSuffix trunc untitle upper urlquery wrap wrapWith \
     mustToJson mustToPrettyJson mustToRawJson mustToToml mustToYaml string safe escape capitalize";

/// Functions whose result is (a part of) the collection that comes first.
const PARTS: &str = "compact initial omit pick rest reverse shuffle slice sortAlpha uniq unset without sort list batch unique \
     dictsort items selectattr rejectattr select reject map";

impl Look<'_> {
    /// The result of a function of these arguments, those of a pipeline at the end.
    pub(crate) fn call_function(&mut self, name: &str, args: &[Things]) -> Things {
        if let Some(folded) = self.fold(name, args) {
            return folded;
        }
        let bare = bare(name);
        let first = args.first().cloned().unwrap_or_default();
        let last = args.last().cloned().unwrap_or_default();
        match bare.as_str() {
            "include" => self.include(&first, args.get(1).unwrap_or(&Things::default())),
            "tpl" => self.tpl(&first, args.get(1).unwrap_or(&Things::default())),
            "fail" => {
                self.heap.consume(&first);
                Things::default()
            }
            "index" => {
                let keys = args.get(1..).unwrap_or_default();
                let found = keys.iter().fold(first, |at, key| self.heap.entries(&at, key));
                self.use_keys(keys);
                self.heap.mark(&found);
                found
            }
            "get" => self.lookup_key(&first, args.get(1)),
            "hasKey" => {
                self.lookup_key(&first, args.get(1));
                Things::opaque()
            }
            "dig" => {
                let [keys @ .., default, of] = args else { return Things::opaque() };
                let found = keys.iter().fold(of.clone(), |at, key| self.heap.entries(&at, key));
                self.use_keys(keys);
                self.heap.mark(&found);
                found.and(default)
            }
            "pluck" => {
                let mut found = Things::default();
                for of in args.get(1..).unwrap_or_default() {
                    found.join(&self.heap.entries(of, &first));
                }
                self.use_keys(&args[..args.len().min(1)]);
                self.heap.mark(&found);
                Things::one(self.heap.list_of(found))
            }
            "list" | "tuple" if name != "list_filter" => Things::one(self.heap.list(args.to_vec())),
            "dict" => self.dict(args),
            "set" => {
                let [of, key, value] = args else { return first };
                self.heap.set(of, key, value);
                first
            }
            "merge" | "mergeOverwrite" => {
                for with in args.get(1..).unwrap_or_default() {
                    self.heap.extend(&first, with);
                }
                let opaque = args.iter().any(|arg| arg.iter().any(|thing| thing == Thing::Opaque));
                if opaque { first.and(&Things::opaque()) } else { first }
            }
            "deepCopy" | "fromYaml" | "fromJson" | "fromToml" | "fromYamlArray" | "fromJsonArray" => {
                self.copy_of(&last)
            }
            "append" | "prepend" | "push" => self.longer(&first, args.get(1), bare == "prepend"),
            "concat" => self.concat(args),
            "keys" => self.keys_of(args),
            "values" => {
                let found = self.heap.entry(&first, None);
                Things::one(self.heap.list_of(found))
            }
            "first" | "last" => {
                let found = self.end_of(&last, bare == "first");
                self.heap.mark(&found);
                found
            }
            "default" | "coalesce" | "and" | "or" => union(args),
            "ternary" => union(args.get(..2).unwrap_or_default()),
            "required" => last,
            "kindIs" | "kindOf" | "typeIs" | "typeOf" | "typeIsLike" | "empty" | "not" => {
                args.iter().for_each(|arg| self.heap.mark(arg));
                Things::opaque()
            }
            "len" => {
                self.heap.mark(&last);
                let inner = self.heap.entry(&last, None);
                self.heap.mark(&inner);
                Things::opaque()
            }
            "sha256sum" | "sha1sum" | "sha512sum" | "adler32sum" => {
                // A checksum of all values is in charts that restart on any change: it uses none.
                args.iter().for_each(|arg| self.heap.consume_but(arg, true));
                Things::opaque()
            }
            other if is_in(PARTS, other) => {
                args.get(1..).unwrap_or_default().iter().for_each(|arg| self.heap.consume_but(arg, true));
                first
            }
            other if is_in(WRITERS, other) => self.written(args),
            _ => {
                // No other function takes all that a chart has.
                args.iter().for_each(|arg| self.heap.consume_but(arg, true));
                Things::opaque()
            }
        }
    }

    /// A text made of these: the values in it, and constants that may be templates.
    fn written(&mut self, args: &[Things]) -> Things {
        let keep = |thing: &Thing| match self.heap.value(*thing) {
            Some(Value::String(text)) => memchr::memmem::find(text.as_bytes(), b"{{").is_some(),
            Some(_) => false,
            None => true,
        };
        let kept: Things = union(args).iter().filter(keep).collect();
        let is_constant = kept.iter().all(|thing| matches!(thing, Thing::Constant(_)));
        if is_constant { kept.and(&Things::opaque()) } else { kept }
    }

    /// A value that is used as a key is used.
    fn use_keys(&mut self, keys: &[Things]) {
        keys.iter().for_each(|key| self.heap.consume_but(key, true));
    }

    fn lookup_key(&mut self, of: &Things, key: Option<&Things>) -> Things {
        let Some(key) = key else { return Things::opaque() };
        let found = self.heap.entries(of, key);
        self.heap.consume_but(key, true);
        self.heap.mark(&found);
        found
    }

    /// The results for constants, if the function only depends on them.
    fn fold(&mut self, name: &str, args: &[Things]) -> Option<Things> {
        let function = self.function(name).filter(|f| is_in(FOLDED, f.name))?;
        let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
        for arg in args {
            let values: Vec<Value> =
                arg.iter().map(|t| self.heap.value(t).cloned()).collect::<Option<_>>()?;
            if values.is_empty() || rows.len() * values.len() > MAX_RESULTS {
                return None;
            }
            rows = rows
                .iter()
                .flat_map(|row| values.iter().map(|v| row.iter().cloned().chain([v.clone()]).collect()))
                .collect();
        }
        let mut found = Things::default();
        for row in rows {
            if row.len() < function.params.len()
                || (row.len() > function.params.len() && function.variadic.is_none())
            {
                return None;
            }
            let result = function.run(&self.env, &row).ok()?;
            found.add(self.of_value(&result));
        }
        Some(found)
    }

    fn of_value(&mut self, value: &Value) -> Thing {
        match value {
            Value::String(_) | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {
                self.heap.constant(value.clone())
            }
            Value::List(list) => {
                let items = list.items().iter().map(|item| Things::one(self.of_value(item))).collect();
                self.heap.list(items)
            }
            Value::Map(map) => {
                let fields: Vec<(Str, Things)> =
                    map.entries().into_iter().map(|(k, v)| (k, Things::one(self.of_value(&v)))).collect();
                self.heap.map(fields)
            }
            _ => Thing::Opaque,
        }
    }

    pub(crate) fn dict(&mut self, args: &[Things]) -> Things {
        let mut made = Made::default();
        for pair in args.chunks(2) {
            let [key, rest @ ..] = pair else { continue };
            let value = rest.first().cloned().unwrap_or_else(Things::opaque);
            match self.heap.keys(key) {
                Some(keys) => {
                    keys.into_iter().for_each(|key| made.fields.entry(key).or_default().join(&value));
                }
                None => {
                    self.heap.consume_but(key, true);
                    made.other.join(&value);
                }
            }
        }
        Things::one(self.heap.make(made))
    }

    /// A container of its own with the same in it.
    fn copy_of(&mut self, of: &Things) -> Things {
        if of.iter().all(|thing| matches!(thing, Thing::Opaque | Thing::Constant(_))) {
            return Things::opaque();
        }
        let extends = of.iter().filter(|thing| *thing != Thing::Opaque).collect();
        let copy = self.heap.make(Made { extends, ..Made::default() });
        if of.iter().any(|thing| thing == Thing::Opaque) {
            return Things::one(copy).and(&Things::opaque());
        }
        Things::one(copy)
    }

    fn longer(&mut self, list: &Things, item: Option<&Things>, in_front: bool) -> Things {
        let item = item.cloned().unwrap_or_default();
        if let Some(known) = self.heap.known_items(list).filter(|known| known.len() < 64) {
            let mut items: Vec<Things> = known.into_iter().map(|(_, item)| item).collect();
            items.insert(if in_front { 0 } else { items.len() }, item);
            return Things::one(self.heap.list(items));
        }
        let extends = list.iter().filter(|thing| *thing != Thing::Opaque).collect();
        Things::one(self.heap.make(Made { other: item, extends, ..Made::default() }))
    }

    fn concat(&mut self, lists: &[Things]) -> Things {
        let known: Option<Vec<_>> = lists.iter().map(|list| self.heap.known_items(list)).collect();
        if let Some(known) = known {
            let items = known.into_iter().flatten().map(|(_, item)| item).collect();
            return Things::one(self.heap.list(items));
        }
        let extends = union(lists).iter().filter(|thing| *thing != Thing::Opaque).collect();
        Things::one(self.heap.make(Made { extends, other: Things::opaque(), ..Made::default() }))
    }

    fn keys_of(&mut self, maps: &[Things]) -> Things {
        let known: Option<Vec<_>> = maps.iter().map(|map| self.heap.known_items(map)).collect();
        if let Some(known) = known {
            let items = known.into_iter().flatten().map(|(key, _)| key).collect();
            return Things::one(self.heap.list(items));
        }
        for map in maps {
            let inner = self.heap.entry(map, None);
            self.heap.mark(&inner);
        }
        Things::one(self.heap.list_of(Things::opaque()))
    }

    fn end_of(&mut self, list: &Things, first: bool) -> Things {
        match self.heap.known_items(list) {
            Some(known) => {
                let end = if first { known.first() } else { known.last() };
                end.map(|(_, item)| item.clone()).unwrap_or_default()
            }
            None => self.heap.entry(list, None),
        }
    }
}

/// Whether a list of names has one.
fn is_in(names: &str, name: &str) -> bool {
    names.split(' ').any(|known| known == name)
}

fn union(all: &[Things]) -> Things {
    all.iter().fold(Things::default(), |sum, things| sum.and(things))
}

/// The name without Sprig's `must`.
fn bare(name: &str) -> String {
    match name.strip_prefix("must") {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_uppercase()) && rest != "ToDate" => {
            let mut chars = rest.chars();
            chars.next().map(|c| c.to_ascii_lowercase()).into_iter().chain(chars).collect()
        }
        _ => name.to_string(),
    }
}
