//! An object by its name.

use crate::diagnostic::{Error, Result, nearest};
use crate::manifest::object::Object;
use crate::rules::read;

use super::Explained;

/// So many names are listed in a hint.
const MAX_NAMES: usize = 12;

/// Finds an object by `Kind/name`, as kubectl takes it: the kind in any case, with or without its group.
///
/// # Errors
/// When there is none, or more than one.
pub fn find<'e>(explained: &'e Explained, wanted: &str) -> Result<&'e Object> {
    let (kind, name) = match wanted.rsplit_once('/') {
        Some((kind, name)) => (Some(kind), name),
        None => (None, wanted),
    };
    let fits = |object: &&Object| {
        let has_kind = |kind: &str| {
            let (kind, group) =
                kind.split_once('.').map_or((kind, None), |(kind, group)| (kind, Some(group)));
            let own = object.id.kind.to_lowercase();
            let asked = kind.to_lowercase();
            let is_kind = own == asked || read::plural(&own) == asked || short(&own) == Some(asked.as_str());
            is_kind && group.is_none_or(|group| group.eq_ignore_ascii_case(&object.id.group))
        };
        // `namespace/Kind/name` tells apart what is of the same name in two namespaces.
        let kind = kind.map(|kind| kind.rsplit_once('/').map_or((None, kind), |(ns, kind)| (Some(ns), kind)));
        let is_there =
            kind.is_none_or(|(ns, kind)| has_kind(kind) && ns.is_none_or(|ns| *object.id.namespace == *ns));
        is_there && *object.id.name == *name
    };
    let found: Vec<&Object> = explained.objects.iter().filter(fits).collect();
    match found.as_slice() {
        [object] => Ok(object),
        [] => {
            let error = Error::new(format!("the chart renders no object {wanted}"));
            let known: Vec<String> = explained.objects.iter().map(|object| object.id.to_string()).collect();
            Err(match nearest(wanted, known.iter().map(String::as_str)) {
                Some(near) => error.hint(format!("did you mean {near}?")),
                None => error.hint(listed("it renders ", &known)),
            })
        }
        [first, ..] => {
            let names: Vec<String> = found.iter().map(|object| named(object, first)).collect();
            Err(Error::new(format!("{wanted} is more than one object")).hint(listed("say which: ", &names)))
        }
    }
}

/// A name that tells an object from one that has the same name.
fn named(object: &Object, other: &Object) -> String {
    let is_only_elsewhere = object.id.kind == other.id.kind && object.id.group == other.id.group;
    if is_only_elsewhere { format!("{}/{}", object.id.namespace, object.id) } else { object.id.to_string() }
}

fn listed(before: &str, names: &[String]) -> String {
    let more = names.len().saturating_sub(MAX_NAMES);
    let shown = names.iter().take(MAX_NAMES).map(String::as_str).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{before}{shown} and {more} more") } else { format!("{before}{shown}") }
}

/// kubectl's short names of the kinds that charts have most.
fn short(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "configmap" => "cm",
        "cronjob" => "cj",
        "customresourcedefinition" => "crd",
        "daemonset" => "ds",
        "deployment" => "deploy",
        "horizontalpodautoscaler" => "hpa",
        "ingress" => "ing",
        "namespace" => "ns",
        "networkpolicy" => "netpol",
        "persistentvolumeclaim" => "pvc",
        "pod" => "po",
        "poddisruptionbudget" => "pdb",
        "service" => "svc",
        "serviceaccount" => "sa",
        "statefulset" => "sts",
        _ => return None,
    })
}
