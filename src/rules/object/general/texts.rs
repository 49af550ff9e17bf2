//! Texts that YAML took for something else: `on`, `1e3`, `0123` without quotes.

use std::sync::Arc;

use crate::compare::Path;
use crate::manifest::object::Object;
use crate::rules::object::{Check, Findings, Rule, Scene, Severity};
use crate::rules::{read, workload};
use crate::value::Value;

/// The table.
pub const RULES: &[Rule] = &[Rule {
    id: "K8S030",
    name: "text-became-another-type",
    severity: Severity::Error,
    summary: "A number, boolean or map stands where the API takes only a text.",
    why: "YAML reads `on`, `yes`, `1e3`, `0123` and `1.10` without quotes as booleans and numbers. The API server \
          refuses them for variables, arguments and the data of ConfigMaps: \"cannot unmarshal number into Go struct \
          field of type string\".",
    fix: "Quote it: {{ .Values.x | quote }}.",
    source: "yaml.org/type; apimachinery/pkg/runtime/serializer/json",
    check: Check::Each(&["*"], not_texts),
}];

fn not_texts(_: &Scene, object: &Arc<Object>, findings: &mut Findings) {
    let mut look = |value: &Value, field: Path, is_secret: bool| {
        let what = match value {
            Value::Bool(_) => "a boolean",
            Value::Int(_) | Value::Float(_) => "a number",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
            _ => return,
        };
        let shown = read::scalar(value).filter(|_| !is_secret);
        let shown = shown.map(|text| format!("{text} is ")).unwrap_or_else(|| "it is ".to_string());
        findings.say(object, field, format!("{shown}{what}, and must be a text"));
    };
    let is_secret = &*object.id.kind == "Secret";
    if object.id.group.is_empty() && matches!(&*object.id.kind, "ConfigMap" | "Secret") {
        for path in ["data", "stringData"] {
            for (key, value) in read::entries(&object.value, path) {
                look(&value, Path::of(path).key(&key), is_secret || path == "stringData");
            }
        }
    }
    let Some(path) = workload::template_path(&object.id.group, &object.id.kind) else { return };
    let Some(template) = workload::template(object) else { return };
    for list in ["initContainers", "containers"] {
        for (index, container) in read::items(&template, &format!("spec.{list}")).into_iter().enumerate() {
            let name = read::text(&container, "name").unwrap_or_default();
            let own = Path::of(path).at("spec").key(list).item(index, format!("name={name}"));
            for key in ["command", "args"] {
                for (index, value) in read::items(&container, key).iter().enumerate() {
                    look(value, own.clone().key(key).index(index), false);
                }
            }
            for (index, variable) in read::items(&container, "env").into_iter().enumerate() {
                let name = read::text(&variable, "name").unwrap_or_default();
                if let Some(value) = read::at(&variable, "value") {
                    let field = own.clone().key("env").item(index, format!("name={name}")).key("value");
                    look(&value, field, true);
                }
            }
            if let Some(value) = read::at(&container, "image") {
                look(&value, own.clone().key("image"), false);
            }
        }
    }
    for (key, value) in read::entries(&template, "spec.nodeSelector") {
        look(&value, Path::of(path).at("spec.nodeSelector").key(&key), false);
    }
}
