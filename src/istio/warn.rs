//! What istioctl passes over in silence: the rules IOP001 to IOP008.

use super::component::{COMPONENTS, Component, Item};
use super::inputs::Inputs;
use super::patch::shown;
use super::tree;
use crate::diagnostic::Diagnostic;
use crate::functions::parse_float;
use crate::value::{Map, Value};

/// What there is to say of an IstioOperator before it is rendered.
pub(super) fn warn(inputs: &Inputs) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let spec = tree::get_map(&inputs.user, "spec").unwrap_or_default();
    let mut say = |message: String, hint: &str| {
        let hint = (!hint.is_empty()).then(|| hint.into());
        found.push(Diagnostic { message, hint, ..Diagnostic::default() });
    };
    let installs = |key: &str| tree::is_true(&inputs.merged, &format!("spec.components.{key}.enabled"));
    let control_plane = installs("base") || installs("pilot");
    if !control_plane && tree::get_text(&inputs.user, "metadata.name").is_empty() {
        say(
            "IOP001: metadata.name is not set: `istioctl install` of this may delete what another IstioOperator \
             of the same revision installed"
                .into(),
            "give it a name of its own: metadata.name",
        );
    }
    for key in ["metadata.namespace", "spec.namespace"] {
        let text = tree::get_text(&inputs.user, key);
        let place = tree::get_text(&inputs.merged, "metadata.namespace");
        if !text.is_empty() && text != place {
            say(
                format!("IOP003: {key} has no effect: components go to {place}"),
                "set namespace at the component, or values.global.istioNamespace",
            );
        }
    }
    for component in COMPONENTS.iter().filter(|component| component.is_gateway()) {
        let items = component.items(&inputs.merged).unwrap_or_default();
        for item in &items {
            gateway(inputs, &spec, component, item, &mut say);
        }
        shared_labels(component, &items, &mut say);
    }
    found
}

type Say<'a> = &'a mut dyn FnMut(String, &str);

fn gateway(inputs: &Inputs, spec: &Map, component: &Component, item: &Item, say: Say<'_>) {
    let shown = shown(component, item);
    if item.name().is_empty() {
        let place = component.key;
        say(format!("IOP002: a gateway in components.{place} has no name: its objects have none either"), "");
    }
    if !tree::get_text(&item.raw, "hub").is_empty() {
        say(format!("IOP003: {shown}.hub has no effect: gateways take the hub of all"), "set spec.hub");
    }
    for key in ["volumes", "volumeMounts"] {
        if item.setting(key).is_some() {
            say(
                format!("IOP003: {shown}.k8s.{key} has no effect"),
                "use an overlay that appends to spec.template.spec.volumes.[-1], or values.gateways",
            );
        }
    }
    if let Some(Value::String(tag)) = item.raw.get("tag") {
        let tag = tag.to_text();
        let number = parse_float(tag.as_bytes()).map(|n| crate::value::number::format_g(n));
        if let Some(number) = number.filter(|number| *number != tag) {
            say(
                format!("IOP006: {shown}.tag {tag:?} is taken for the number {number}"),
                "set spec.tag instead",
            );
        }
    }
    let system = tree::get_text(&inputs.merged, "metadata.namespace");
    if item.namespace != system && written(spec, component) {
        say(format!("IOP007: {shown} goes to the namespace {}, which is not created", item.namespace), "");
    }
    let template = format!("spec.values.{}.injectionTemplate", component.root);
    if tree::get_text(&inputs.merged, &template).is_empty() && written(spec, component) {
        say(
            format!("IOP008: {shown} is not injected: its image and settings are those of this release"),
            &format!("set values.{}.injectionTemplate to gateway", component.root),
        );
    }
}

/// Whether the user's own files name gateways of this kind.
fn written(spec: &Map, component: &Component) -> bool {
    tree::get(spec, &format!("components.{}", component.key)).is_some()
}

/// Gateways of one namespace select each other's pods if no label tells them apart.
fn shared_labels(component: &Component, items: &[Item], say: Say<'_>) {
    let label = |item: &Item| {
        let label = item.raw.get("label").and_then(|label| label.as_map().cloned()).unwrap_or_default();
        ["app", "istio"].map(|key| tree::get_text(&label, key))
    };
    for (i, item) in items.iter().enumerate() {
        let twin = items
            .iter()
            .take(i)
            .find(|other| other.namespace == item.namespace && label(other) == label(item));
        if let Some(twin) = twin {
            say(
                format!(
                    "IOP005: {} and {} are in one namespace with the same labels app and istio: each selects the \
                     other's pods",
                    shown(component, twin),
                    shown(component, item)
                ),
                "give each its own label: {app: …, istio: …}",
            );
        }
    }
}
