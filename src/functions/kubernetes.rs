//! What asks a cluster or the network in Helm, and doesn't here: `lookup`, `getHostByName`.

use super::Type::{Dict, String as Text};
use super::{Env, Function, FunctionResult, args, walk};
use crate::value::{Map, Str, Value};

/// The family's functions.
pub const FUNCTIONS: &[Function] = &[
    Function::new("lookup", &[Text, Text, Text, Text], Dict, lookup),
    // As in Helm without `--enable-dns`.
    Function::new("getHostByName", &[Text], Text, |_, _| Ok(Value::String(Str::EMPTY))),
];

/// The objects that `lookup` finds: none, unless the user gave some.
#[derive(Debug, Default)]
pub(super) struct Objects(Vec<Object>);

#[derive(Debug)]
struct Object {
    api_version: Str,
    kind: Str,
    namespace: Str,
    name: Str,
    content: Value,
}

impl Objects {
    /// The objects of some documents; those of kind `List` and its like are taken apart.
    pub(super) fn new(documents: Vec<Value>) -> Objects {
        let mut objects = Vec::new();
        let mut waiting = documents;
        while let Some(content) = waiting.pop() {
            let Value::Map(map) = &content else { continue };
            let kind = text(map, "kind");
            if kind.as_bytes().ends_with(b"List")
                && let Some(Value::List(items)) = map.get("items")
            {
                waiting.extend(items.items());
                continue;
            }
            let metadata = map.get("metadata").and_then(|m| m.as_map().cloned()).unwrap_or_default();
            objects.push(Object {
                api_version: text(map, "apiVersion"),
                kind,
                namespace: text(&metadata, "namespace"),
                name: text(&metadata, "name"),
                content,
            });
        }
        objects.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        Objects(objects)
    }
}

fn text(map: &Map, key: &str) -> Str {
    match map.get(key) {
        Some(Value::String(s)) => s,
        _ => Str::EMPTY,
    }
}

/// helm pkg/engine/lookup_func.go: one object by its name, or all of a kind as a list; an empty map if there is
/// none. An object without a namespace belongs to the cluster, and is found whatever namespace is asked for.
fn lookup(env: &Env, args: &[Value]) -> FunctionResult {
    let (api_version, kind) = (args::string(args, 0)?, args::string(args, 1)?);
    let (namespace, name) = (args::string(args, 2)?, args::string(args, 3)?);
    let of_kind = || env.objects().0.iter().filter(|o| o.api_version == *api_version && o.kind == *kind);
    // A copy, so that what a template does to it is not seen by the next `lookup`.
    let copy = |object: &Object| walk::deep_copy(env, "lookup", &object.content);
    if !name.is_empty() {
        let found =
            of_kind().find(|o| o.name == *name && (o.namespace.is_empty() || o.namespace == *namespace));
        return found.map_or_else(|| Ok(Value::Map(Map::default())), copy);
    }
    if of_kind().next().is_none() {
        return Ok(Value::Map(Map::default()));
    }
    let in_scope = |o: &&Object| namespace.is_empty() || o.namespace.is_empty() || o.namespace == *namespace;
    let items = of_kind().filter(in_scope).map(copy).collect::<Result<Vec<Value>, _>>()?;
    let metadata = Map::from_iter([("resourceVersion", Value::from(""))]);
    let list_kind = [kind.as_bytes(), b"List"].concat();
    Ok(Value::Map(Map::from_iter([
        ("apiVersion", Value::String(api_version.clone())),
        ("items", Value::list(items)),
        ("kind", Value::string(list_kind)),
        ("metadata", Value::Map(metadata)),
    ])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::convert::sprint;

    fn object(kind: &str, namespace: Option<&str>, name: &str) -> Value {
        let metadata = Map::from_iter([("name", Value::from(name))]);
        if let Some(namespace) = namespace {
            metadata.insert("namespace", Value::from(namespace));
        }
        Value::Map(Map::from_iter([
            ("apiVersion", Value::from("v1")),
            ("kind", Value::from(kind)),
            ("metadata", Value::Map(metadata)),
        ]))
    }

    fn look(env: &Env, args: [&str; 4]) -> String {
        let args = args.map(Value::from);
        let found = lookup(env, &args).unwrap_or_default();
        sprint(env, &found).map(|s| s.to_string()).unwrap_or_default()
    }

    #[test]
    fn nothing_is_found_unless_objects_were_given() {
        assert_eq!(look(&Env::default(), ["v1", "Secret", "a", "b"]), "map[]");
    }

    #[test]
    fn objects_are_found_by_name_and_listed_by_kind() {
        let list = Map::from_iter([
            ("kind", Value::from("List")),
            ("items", Value::list(vec![object("Secret", Some("b"), "s"), object("Secret", Some("a"), "t")])),
        ]);
        let env = Env::default().with_objects(vec![object("Namespace", None, "n"), Value::Map(list)]);
        assert_eq!(
            look(&env, ["v1", "Secret", "b", "s"]),
            "map[apiVersion:v1 kind:Secret metadata:map[name:s namespace:b]]"
        );
        assert_eq!(look(&env, ["v1", "Secret", "a", "s"]), "map[]");
        assert_eq!(look(&env, ["v1", "Secret", "", "s"]), "map[]");
        assert!(look(&env, ["v1", "Namespace", "any", "n"]).contains("name:n"));
        let all = look(&env, ["v1", "Secret", "", ""]);
        assert!(all.contains("kind:SecretList") && all.contains("name:t namespace:a]] map["), "{all}");
        assert!(look(&env, ["v1", "Secret", "c", ""]).contains("items:[]"));
        assert_eq!(look(&env, ["v1", "Pod", "", ""]), "map[]");
    }
}
