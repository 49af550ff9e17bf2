//! What holds of any two values.

use std::ops::RangeInclusive;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::*;
use crate::compare::path::{Step, Which};
use crate::compare::{patch, tree};
use crate::manifest::object::Identity;

/// Keys that the table of types knows, and others.
const KEYS: [&str; 20] = [
    "spec",
    "template",
    "containers",
    "name",
    "ports",
    "containerPort",
    "port",
    "protocol",
    "env",
    "args",
    "data",
    "stringData",
    "metadata",
    "labels",
    "a/b~c",
    "limits",
    "resources",
    "cpu",
    "initContainers",
    "",
];

const STRINGS: [&str; 20] = [
    "",
    "a",
    "b",
    "500m",
    "0.5",
    "TCP",
    "{\"a\": 1}",
    "{\"a\":2}",
    "[1, 2]",
    "a: 1\nb: 2\n",
    "b: 2\na: 1\n",
    "eA==",
    "eQ==",
    "/w==",
    "latest",
    "1h",
    "60m",
    "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----",
    "\u{0}",
    "é",
];

fn any_value(items: RangeInclusive<usize>) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-3i64..4).prop_map(Value::int64),
        prop_oneof![Just(1.0), Just(0.5), Just(-0.0), Just(1e300)].prop_map(Value::Float),
        (0..STRINGS.len()).prop_map(|i| Value::from(STRINGS[i])),
        vec(any::<u8>(), 0..4).prop_map(|bytes| Value::String(Str::from_bytes(bytes))),
    ];
    leaf.prop_recursive(6, 80, 6, move |inner| {
        prop_oneof![vec(inner.clone(), items.clone()).prop_map(Value::list), map_of(inner),]
    })
}

fn map_of(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    btree_map(0..KEYS.len(), inner, 0..6)
        .prop_map(|map| Value::Map(map.into_iter().map(|(key, value)| (KEYS[key], value)).collect()))
}

/// A value, and one with something changed in it.
fn two_values() -> impl Strategy<Value = (Value, Value)> {
    let value = || map_of(any_value(0..=6));
    (value(), value(), any::<u64>()).prop_map(|(a, b, seed)| {
        let mixed = mix(&a, &b, seed, 6);
        (a, mixed)
    })
}

/// Takes parts of `b` into `a`.
fn mix(a: &Value, b: &Value, seed: u64, depth: usize) -> Value {
    let next = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    if depth == 0 || seed.is_multiple_of(5) {
        return b.clone();
    }
    match a {
        Value::Map(map) => {
            let mixed = map.with_type(map.map_type());
            for (at, (key, value)) in map.entries().into_iter().enumerate() {
                let seed = next.rotate_left(at as u32 * 7 + 3);
                match seed % 4 {
                    0 => drop(mixed.remove(&key)),
                    1 => drop(mixed.insert(key, mix(&value, b, seed >> 2, depth - 1))),
                    _ => {}
                }
            }
            Value::Map(mixed)
        }
        Value::List(list) => {
            let mut items = list.items();
            if !items.is_empty() {
                let at = next as usize % items.len();
                match next >> 60 {
                    0..=3 => drop(items.remove(at)),
                    4..=7 => items.insert(at, b.clone()),
                    8..=11 => items.rotate_left(at),
                    _ => items[at] = mix(&items[at], b, next >> 3, depth - 1),
                }
            }
            Value::list(items)
        }
        _ => a.clone(),
    }
}

fn object_of(kind: &str, group: &str, value: Value) -> Vec<Arc<Object>> {
    let id = Identity { group: group.into(), kind: kind.into(), namespace: "x".into(), name: "a".into() };
    vec![Arc::new(Object {
        id,
        version: "v1".into(),
        role: Role::Object,
        value,
        source: "a.yaml".into(),
        text: (Str::EMPTY, 0..0),
        steps: Vec::new(),
    })]
}

const KINDS: [(&str, &str); 4] =
    [("apps", "Deployment"), ("", "Secret"), ("", "Service"), ("example.org", "Widget")];

fn at_pointer(value: &Value, pointer: &str) -> Option<Value> {
    let mut value = value.clone();
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        value = match &value {
            Value::Map(map) => map.get(&step)?,
            Value::List(list) => list.get(step.parse().ok()?)?,
            _ => return None,
        };
    }
    Some(value)
}

/// What is left of a value when all changed fields are taken out, as a text.
fn without(value: &Value, at: &str, changed: &[String]) -> Vec<String> {
    if changed.iter().any(|pointer| pointer == at) {
        return Vec::new();
    }
    // Indices may differ where items were added or removed; that pairs are right is for other tests.
    let path: Vec<&str> = at.split('/').filter(|step| step.parse::<usize>().is_err()).collect();
    let here = |what: &str| vec![format!("{}={what}", path.join("/"))];
    let within: Vec<(String, Value)> = match value {
        Value::Map(map) => {
            let escaped = |key: Str| key.to_text().replace('~', "~0").replace('/', "~1");
            map.entries().into_iter().map(|(key, value)| (escaped(key), value)).collect()
        }
        Value::List(list) => {
            list.items().into_iter().enumerate().map(|(i, value)| (i.to_string(), value)).collect()
        }
        leaf => return here(&format!("{leaf:?}")),
    };
    // Of these, Secrets tell each key, even if the whole map comes or goes.
    let own = if matches!(at, "/data" | "/stringData") {
        Vec::new()
    } else {
        here(if matches!(value, Value::Map(_)) { "{}" } else { "[]" })
    };
    let within = within.iter().flat_map(|(step, value)| without(value, &format!("{at}/{step}"), changed));
    own.into_iter().chain(within).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn equal_values_do_not_differ(value in any_value(0..=6)) {
        for (group, kind) in KINDS {
            let comparison = compare(object_of(kind, group, value.clone()), object_of(kind, group, value.clone()), &Options::default());
            prop_assert!(comparison.changes.is_empty());
        }
    }

    #[test]
    fn a_patch_makes_one_value_of_the_other((a, b) in two_values(), tests in any::<bool>()) {
        // Keys that are not UTF-8 have no JSON pointer; none are made here.
        let patched = patch::apply(&a, &patch::patch(&a, &b, tests));
        prop_assert!(tree::equal(&patched.unwrap(), &b));
    }

    #[test]
    fn every_leaf_that_differs_is_told_and_every_field_is_where_it_says((a, b) in two_values(), kind in 0..KINDS.len()) {
        let (group, kind) = KINDS[kind];
        let comparison = compare(object_of(kind, group, a.clone()), object_of(kind, group, b.clone()), &Options::default());
        let fields = comparison.changes.iter().flat_map(|change| &change.fields);
        let (mut old_pointers, mut new_pointers) = (Vec::new(), Vec::new());
        for field in fields {
            let in_text = field.path.0.iter().any(|step| matches!(step, Step::Text(_)));
            for (which, side, told, pointers) in [
                (Which::Old, &a, &field.old, &mut old_pointers),
                (Which::New, &b, &field.new, &mut new_pointers),
            ] {
                let Some(told) = told else { continue };
                let pointer = field.path.pointer(which);
                prop_assert!(pointer.is_some(), "{} has no pointer", field.path);
                let pointer = pointer.unwrap();
                let there = at_pointer(side, &pointer);
                prop_assert!(there.is_some(), "{pointer} is nowhere");
                prop_assert!(in_text || tree::equal(&there.unwrap(), told), "{pointer} is another value");
                // Another order excuses nothing that differs within.
                let order = field.same == Some(Same::Order) || field.notes.iter().any(|n| n.starts_with("moved"));
                if !order {
                    pointers.push(pointer);
                }
            }
        }
        // An addition within a text changes a string of the other side, too.
        for field in comparison.changes.iter().flat_map(|change| &change.fields) {
            if field.path.0.iter().any(|step| matches!(step, Step::Text(_))) {
                old_pointers.extend(field.path.pointer(Which::Old));
                new_pointers.extend(field.path.pointer(Which::New));
            }
        }
        let (mut a, mut b) = (without(&a, "", &old_pointers), without(&b, "", &new_pointers));
        a.sort();
        b.sort();
        prop_assert_eq!(a, b);
    }
}
