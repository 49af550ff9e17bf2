//! What is done to a component's objects after its chart is rendered (`istio operator/pkg/render/postprocess.go`).

use super::component::{Component, Item};
use super::object::Object;
use super::overlay::{self, Outcome};
use super::{strategic, tree};
use crate::diagnostic::{Diagnostic, Result};
use crate::limits::Limits;
use crate::value::{Map, Value};
use crate::yaml;

/// What a setting is about.
enum Target {
    Workload,
    Container,
    Kind(&'static str),
}

/// The settings, the objects they are about, and the path there (in the container, for those of a container).
const SETTINGS: [(&str, Target, &str); 16] = [
    ("affinity", Target::Workload, "spec.template.spec.affinity"),
    ("env", Target::Container, "env"),
    ("hpaSpec", Target::Kind("HorizontalPodAutoscaler"), "spec"),
    ("imagePullPolicy", Target::Container, "imagePullPolicy"),
    ("nodeSelector", Target::Workload, "spec.template.spec.nodeSelector"),
    ("podDisruptionBudget", Target::Kind("PodDisruptionBudget"), "spec"),
    ("podAnnotations", Target::Workload, "spec.template.metadata.annotations"),
    ("priorityClassName", Target::Workload, "spec.template.spec.priorityClassName"),
    ("readinessProbe", Target::Container, "readinessProbe"),
    ("replicaCount", Target::Workload, "spec.replicas"),
    ("resources", Target::Container, "resources"),
    ("strategy", Target::Workload, "spec.strategy"),
    ("tolerations", Target::Workload, "spec.template.spec.tolerations"),
    ("serviceAnnotations", Target::Kind("Service"), "metadata.annotations"),
    ("service", Target::Kind("Service"), "spec"),
    ("securityContext", Target::Workload, "spec.template.spec.securityContext"),
];

/// Applies the settings and overlays of an item to its objects; tells of those that change nothing.
///
/// # Errors
/// In istioctl's words, when a setting doesn't fit the object, or an overlay makes something that is no object.
pub(super) fn apply(
    (component, item): (&Component, &Item),
    operator: &Map,
    objects: &mut [Object],
    limits: &Limits,
    warnings: &mut Vec<Diagnostic>,
) -> Result<()> {
    let Some(settings) = item.settings() else { return Ok(()) };
    let mut name = match item.name() {
        own if own.is_empty() => component.resource.to_string(),
        own => own,
    };
    if component.key == "pilot" {
        let revision = tree::get_text(operator, "spec.values.revision");
        if !revision.is_empty() && revision != "default" {
            name = format!("{name}-{revision}");
        }
    }
    for (key, target, path) in &SETTINGS {
        // A gateway's ports are values of its chart already; taking them away is a patch of its Service by itself.
        let is_service = component.is_gateway() && *key == "service";
        let (written, empty) = (settings.get(key), is_service.then(|| Value::Map(Map::default())));
        let is_written = written.is_some();
        let Some(value) = written.or(empty) else { continue };
        let copied = tree::copy(&[("v", value)].into_iter().collect()).get("v").unwrap_or_default();
        if let (true, Value::Map(service)) = (is_service, &copied) {
            service.insert("ports", Value::list(Vec::new()));
        }
        let (kind, patch) = match target {
            Target::Workload => (component.workload, tree::nest(path, copied)),
            Target::Kind(kind) => (*kind, tree::nest(path, copied)),
            Target::Container => {
                let container: Map =
                    [("name", Value::from(component.container)), (*path, copied)].into_iter().collect();
                let containers = Value::list(vec![Value::Map(container)]);
                (component.workload, tree::nest("spec.template.spec.containers", containers))
            }
        };
        let mut found = false;
        for object in objects.iter().filter(|object| object.kind() == kind && object.name() == name) {
            found = true;
            let patch = tree::copy(&patch);
            strategic::patch(&object.content, &patch, kind)
                .map_err(|e| e.context("post processing: patch"))?;
            if *key == "podDisruptionBudget" {
                only_one_bound(&object.content);
            }
        }
        if !found && is_written {
            warnings.push(without_object(component, item, key, kind, &name));
        }
    }
    for overlay in item.overlays() {
        let mut found = false;
        for object in objects.iter_mut() {
            if object.kind() != overlay.kind || object.name() != overlay.name {
                continue;
            }
            found = true;
            for (path, value) in &overlay.patches {
                let outcome = overlay::apply(&object.content, path, value, limits);
                warnings.extend(passed(component, item, &overlay, path, outcome));
            }
            // What overlays made is read again, as istioctl does.
            let text = object.to_yaml()?;
            let source = object.source.clone();
            let value = yaml::decode_with_integers(text.as_bytes())
                .map_err(|e| crate::diagnostic::Error::new(e.message).context("post processing"))?;
            match Object::of(value, &source).map_err(|e| e.context("post processing"))? {
                Some(read) => *object = read,
                None => object.content.update(|entries| entries.clear()),
            }
        }
        if !found {
            warnings.push(Diagnostic {
                message: format!(
                    "IOP004: the overlay for {}/{} of {} matches no object",
                    overlay.kind,
                    overlay.name,
                    shown(component, item)
                ),
                hint: Some(others(objects, &overlay.kind).into()),
                ..Diagnostic::default()
            });
        }
    }
    Ok(())
}

/// A disruption budget has one bound: the charts' own gives way to the user's.
fn only_one_bound(object: &Map) {
    if let Some(spec) = tree::get_map(object, "spec")
        && spec.contains_key("maxUnavailable")
        && spec.contains_key("minAvailable")
    {
        spec.insert("minAvailable", Value::Null);
    }
}

/// How messages name an item.
pub(super) fn shown(component: &Component, item: &Item) -> String {
    match component.is_gateway() {
        true => format!("components.{}[name={}]", component.key, item.name()),
        false => format!("components.{}", component.key),
    }
}

fn without_object(component: &Component, item: &Item, key: &str, kind: &str, name: &str) -> Diagnostic {
    let hint = match key {
        "podDisruptionBudget" => Some("there is a budget only where at least two replicas are wanted".into()),
        "hpaSpec" => Some("there is an autoscaler only where autoscaling is enabled".into()),
        _ => None,
    };
    Diagnostic {
        message: format!(
            "IOP003: {}.k8s.{key} has no effect: there is no {kind} {name}",
            shown(component, item)
        ),
        hint,
        ..Diagnostic::default()
    }
}

fn passed(
    component: &Component,
    item: &Item,
    overlay: &super::component::Overlay,
    path: &str,
    outcome: Outcome,
) -> Option<Diagnostic> {
    let place = format!("the overlay of {}/{} in {}", overlay.kind, overlay.name, shown(component, item));
    let (message, hint) = match outcome {
        Outcome::Done => return None,
        Outcome::Passed(why) => (format!("IOP004: {place} has no effect at {path:?}: {why}"), None),
        Outcome::Misread(step) => (
            format!(
                "IOP004: {place} breaks the object at {path:?}: there is no list, so {step} became a key"
            ),
            Some("give the whole list as the value of its key".into()),
        ),
    };
    Some(Diagnostic { message, hint, ..Diagnostic::default() })
}

fn others(objects: &[Object], kind: &str) -> String {
    let names: Vec<String> =
        objects.iter().filter(|object| object.kind() == kind).map(Object::name).collect();
    match names.as_slice() {
        [] => {
            let mut kinds: Vec<String> = objects.iter().map(Object::kind).collect();
            kinds.sort();
            kinds.dedup();
            format!("it makes {}", kinds.join(", "))
        }
        names => format!("its {kind} is called {}", names.join(", ")),
    }
}
