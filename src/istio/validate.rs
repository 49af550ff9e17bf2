//! What istioctl refuses, and what it warns of (`istio operator/pkg/apis/validation/validation.go`).
//!
//! Checked are the whole IstioOperator's fields, the values' fields and the Kubernetes types in them, gateway ports, hub,
//! tag, revision and names. The mesh configuration is not checked.

use super::types::{self, Decoding};
use super::{proto, tree};
use crate::json;
use crate::source::quote;
use crate::value::{Map, Value};

/// What there is to say of an IstioOperator, in istioctl's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// What it warns of.
    pub warnings: Vec<String>,
    /// What it refuses.
    pub errors: Vec<String>,
}

impl Findings {
    /// All errors as one, as istioctl joins them; none if there is none.
    pub fn error(&self) -> Option<String> {
        (!self.errors.is_empty()).then(|| self.errors.join(", "))
    }

    fn of_error(error: String) -> Findings {
        Findings { warnings: Vec::new(), errors: vec![error] }
    }
}

/// The two kinds of gateways: the key of the list, the name in values.
const GATEWAYS: [(&str, &str); 2] = [("ingress", "istio-ingressgateway"), ("egress", "istio-egressgateway")];

/// Values that are decoded into Kubernetes types: where they are, whether they are lists, the type, and what istioctl
/// calls them.
const KUBERNETES: [(&str, bool, &str); 23] = [
    ("cni.affinity", false, "Affinity"),
    ("cni.seccompProfile", false, "SeccompProfile"),
    ("gateways.istio-egressgateway.podAntiAffinityLabelSelector", true, "LabelSelector"),
    ("gateways.istio-egressgateway.podAntiAffinityTermLabelSelector", true, "LabelSelector"),
    ("gateways.istio-egressgateway.tolerations", true, "Toleration"),
    ("global.defaultTolerations", true, "Toleration"),
    ("gateways.istio-ingressgateway.podAntiAffinityLabelSelector", true, "LabelSelector"),
    ("gateways.istio-ingressgateway.podAntiAffinityTermLabelSelector", true, "LabelSelector"),
    ("gateways.istio-ingressgateway.tolerations", true, "Toleration"),
    ("pilot.tolerations", true, "Toleration"),
    ("pilot.affinity", false, "Affinity"),
    ("pilot.seccompProfile", false, "SeccompProfile"),
    ("pilot.topologySpreadConstraints", true, "TopologySpreadConstraint"),
    ("pilot.volumeMounts", true, "VolumeMount"),
    ("pilot.volumes", true, "Volume"),
    ("global.proxy.seccompProfile", false, "SeccompProfile"),
    ("global.proxy.lifecycle", false, "Lifecycle"),
    ("sidecarInjectorWebhook.neverInjectSelector", true, "LabelSelector"),
    ("sidecarInjectorWebhook.alwaysInjectSelector", true, "LabelSelector"),
    ("global.waypoint.affinity", false, "Affinity"),
    ("global.waypoint.topologySpreadConstraints", true, "TopologySpreadConstraint"),
    ("global.waypoint.nodeSelector", false, "NodeSelector"),
    ("global.waypoint.toleration", true, "Toleration"),
];

/// Checks a whole IstioOperator.
pub fn validate(operator: &Map) -> Findings {
    let whole = Value::Map(operator.clone());
    let strict = Decoding { strict: true, lenient_texts: false };
    if let Err(error) = types::decode(&whole, "IstioOperator", strict) {
        return Findings::of_error(format!("could not unmarshal: {error}"));
    }
    let mut findings = Findings::default();
    let spec = tree::get_map(operator, "spec").unwrap_or_default();
    values(&spec, &mut findings);
    let errors = &mut findings.errors;
    errors.extend(hub(&tree::get_text(&spec, "hub")));
    if let Some(value) = spec.get("tag").filter(|tag| !tag.is_nil()) {
        errors.extend(tag(&value));
    }
    let revision = tree::get_text(&spec, "revision");
    if !revision.is_empty() && !is_label(&revision) {
        errors.push(format!("invalid revision specified: {revision}"));
    }
    errors.extend(names(&spec));
    findings
}

fn values(spec: &Map, findings: &mut Findings) {
    let values = match spec.get("values") {
        Some(Value::Map(values)) => values,
        None | Some(Value::Null) => Map::default(),
        Some(other) => {
            let message = json::mismatch(&other, None, "map[string]json.RawMessage").message;
            findings.errors.push(unmarshal(&message));
            return;
        }
    };
    if let Err(error) = proto::check(&values) {
        findings.errors.push(unmarshal(&error));
        return;
    }
    ports(spec, &values, &mut findings.errors);
    replicas(spec, &values, &mut findings.warnings);
    let proxy = at(&values, "global.proxy").and_then(|v| v.as_map().cloned()).unwrap_or_default();
    let text = |key| tree::get_text(&proxy, key);
    ranges("includeIPRanges", &text("includeIPRanges"), &mut findings.errors);
    ranges("excludeIPRanges", &text("excludeIPRanges"), &mut findings.errors);
    numbers("includeInboundPorts", &text("includeInboundPorts"), &mut findings.errors);
    numbers("excludeInboundPorts", &text("excludeInboundPorts"), &mut findings.errors);
    kubernetes(&values, &mut findings.errors);
}

fn unmarshal(message: &str) -> String {
    format!("could not unmarshal: error unmarshaling JSON: while decoding JSON: {message}")
}

/// A value that may be spelled as in the definition of the messages, too.
fn at(values: &Map, path: &str) -> Option<Value> {
    let mut value = Value::Map(values.clone());
    for key in path.split('.') {
        let second = key.replace('-', "_");
        value = proto::field(value.as_map()?, [key, &second])?;
    }
    (!value.is_nil()).then_some(value)
}

fn is_true(values: &Map, path: &str) -> bool {
    at(values, path).is_some_and(|value| value.as_bool() == Some(true))
}

/// The items of a kind of gateway.
fn gateways(spec: &Map, kind: &str) -> Vec<Map> {
    let list = tree::get(spec, &format!("components.{kind}Gateways"));
    let items = list.and_then(|list| list.as_list().map(|list| list.items())).unwrap_or_default();
    items.into_iter().filter_map(|item| item.as_map().cloned()).collect()
}

fn whole(value: Option<Value>) -> i64 {
    match value {
        Some(Value::Int(i)) => i.as_i64(),
        Some(Value::Float(f)) => f as i64,
        _ => 0,
    }
}

/// Ports below 1024 need root, which gateways run without.
fn ports(spec: &Map, values: &Map, errors: &mut Vec<String>) {
    let allow = |name: &str| {
        format!("Set targetPort to be greater than 1024 or configure values.gateways.{name}.runAsRoot=true")
    };
    let has_components = spec.get("components").is_some_and(|components| !components.is_nil());
    for (kind, name) in GATEWAYS.iter().filter(|_| has_components) {
        if is_true(values, &format!("gateways.{name}.runAsRoot")) {
            continue;
        }
        for gateway in gateways(spec, kind) {
            let ports = tree::get(&gateway, "k8s.service.ports");
            for port in ports.and_then(|p| p.as_list().map(|l| l.items())).unwrap_or_default() {
                let port = port.as_map().cloned().unwrap_or_default();
                let target = port.get("targetPort");
                if matches!(target, Some(Value::String(_))) {
                    continue;
                }
                let (target, number) = (whole(target), whole(port.get("port")));
                if target == 0 && number > 1024 || target >= 1024 {
                    continue;
                }
                errors.push(format!(
                    "port {}/{number} in gateway {} invalid: targetPort is set to {target}, which requires root. {}",
                    tree::get_text(&port, "name"),
                    tree::get_text(&gateway, "name"),
                    allow(name),
                ));
            }
        }
    }
    let listed = at(values, "gateways.istio-ingressgateway.ingressPorts");
    for port in listed.and_then(|p| p.as_list().map(|l| l.items())).unwrap_or_default() {
        let port = port.as_map().cloned().unwrap_or_default();
        let number = |value: &Value| matches!(value, Value::Int(_) | Value::Float(_));
        let target = port.get("targetPort").filter(|target| !target.is_nil());
        if target.as_ref().is_some_and(|target| !number(target))
            || !port.get("port").is_some_and(|p| number(&p))
        {
            continue;
        }
        let (target, number) = (whole(target), whole(port.get("port")));
        if target == 0 && number > 1024 || target >= 1024 {
            continue;
        }
        errors.push(format!(
            "port {number} is invalid: targetPort is set to {target}, which requires root. {}",
            allow("istio-ingressgateway")
        ));
    }
}

/// A count of replicas that an autoscaler overrules.
fn replicas(spec: &Map, values: &Map, warnings: &mut Vec<String>) {
    if spec.get("components").is_none_or(|components| components.is_nil()) {
        return;
    }
    if is_true(values, "pilot.autoscaleEnabled")
        && whole(tree::get(spec, "components.pilot.k8s.replicaCount")) > 1
    {
        warnings.push(
            "components.pilot.k8s.replicaCount should not be set when values.pilot.autoscaleEnabled is true"
                .into(),
        );
    }
    for (kind, name) in GATEWAYS {
        if !is_true(values, &format!("gateways.{name}.autoscaleEnabled")) {
            continue;
        }
        for gateway in gateways(spec, kind) {
            if whole(tree::get(&gateway, "k8s.replicaCount")) != 0 {
                warnings.push(format!(
                    "components.{kind}Gateways[name={}].k8s.replicaCount should not be set when \
                     values.gateways.{name}.autoscaleEnabled is true",
                    tree::get_text(&gateway, "name")
                ));
            }
        }
    }
}

fn ranges(key: &str, text: &str, errors: &mut Vec<String>) {
    if text.is_empty() || text == "*" {
        return;
    }
    for range in text.split(',') {
        if let Some(fault) = prefix_fault(range) {
            errors.push(format!("global.proxy.{key} netip.ParsePrefix({}): {fault}", quote(range)));
        }
    }
}

/// What Go's `netip.ParsePrefix` says against a text.
fn prefix_fault(range: &str) -> Option<String> {
    let Some((address, bits)) = range.rsplit_once('/') else {
        return Some("no '/'".to_string());
    };
    let Ok(ip) = address.parse::<std::net::IpAddr>() else {
        return Some(format!("ParseAddr({}): unable to parse IP", quote(address)));
    };
    let most = if ip.is_ipv4() { 32 } else { 128 };
    let plain = !bits.is_empty() && bits.bytes().all(|b| b.is_ascii_digit());
    if !plain || bits.len() > 1 && bits.starts_with('0') {
        return Some(format!("bad bits after slash: {}", quote(bits)));
    }
    bits.parse::<u32>().map_or(true, |bits| bits > most).then(|| "prefix length out of range".to_string())
}

fn numbers(key: &str, text: &str, errors: &mut Vec<String>) {
    if text.is_empty() {
        return;
    }
    for port in text.split(',').filter(|port| !port.is_empty() && *port != "*") {
        match port.parse::<i32>() {
            Ok(number) if (0..=65535).contains(&number) => {}
            Ok(number) => {
                errors.push(format!("value global.proxy.{key}:{number} falls outside range [0, 65535]"))
            }
            Err(_) => errors.push(format!(
                "global.proxy.{key} : strconv.ParseInt: parsing {}: invalid syntax",
                quote(port)
            )),
        }
    }
}

fn kubernetes(values: &Map, errors: &mut Vec<String>) {
    let decoding = Decoding { strict: true, lenient_texts: true };
    for (path, many, type_name) in KUBERNETES {
        let Some(value) = at(values, path) else { continue };
        let items = match value {
            Value::List(list) if many => list.items(),
            value => vec![value],
        };
        // istioctl calls this one so.
        let shown = path.replace("waypoint.nodeSelector", "waypoint.nideSelector");
        for item in items {
            if let Err(error) = types::decode(&item, type_name, decoding) {
                errors.push(format!(
                    "invalid schema for {shown}: error unmarshaling JSON: while decoding JSON: {error}"
                ));
            }
        }
    }
}

/// What is wrong with the root of image names (`go-containerregistry pkg/name/repository.go`).
fn hub(hub: &str) -> Option<String> {
    if hub.is_empty() {
        return None;
    }
    let repository = format!("{hub}/pilot");
    let name = match repository.split_once('/') {
        Some((registry, rest)) if registry.contains(['.', ':']) || registry == "localhost" => rest,
        _ => repository.as_str(),
    };
    let allowed = "abcdefghijklmnopqrstuvwxyz0123456789_-./";
    element("repository", name, allowed, 2..=255).map(|fault| format!("bad hub: {fault}"))
}

/// What is wrong with the tag of images (`go-containerregistry pkg/name/tag.go`).
fn tag(tag: &Value) -> Option<String> {
    let tag = tree::sprint(tag, &crate::limits::Limits::default()).ok()?;
    let whole = format!("istio/pilot:{tag}");
    let (base, tag) = match whole.rsplit_once(':') {
        Some((base, last)) if !last.contains('/') => (base, last),
        _ => (whole.as_str(), ""),
    };
    let fault = if tag.is_empty() && base.len() < whole.len() {
        Some(format!("{whole} must specify a tag name after the colon"))
    } else if tag.is_empty() {
        None
    } else {
        let allowed = "abcdefghijklmnopqrstuvwxyz0123456789_-.ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        element("tag", tag, allowed, 1..=128)
    };
    let letters = "abcdefghijklmnopqrstuvwxyz0123456789_-./";
    fault.or_else(|| element("repository", base, letters, 2..=255)).map(|fault| format!("bad tag: {fault}"))
}

fn element(what: &str, text: &str, allowed: &str, length: std::ops::RangeInclusive<usize>) -> Option<String> {
    if !length.contains(&text.chars().count()) {
        let (least, most) = (length.start(), length.end());
        return Some(format!("{what} must be between {least} and {most} characters in length: {text}"));
    }
    text.chars()
        .any(|c| !allowed.contains(c))
        .then(|| format!("{what} can only contain the characters `{allowed}`: {text}"))
}

/// Whether a text is a label of DNS, as Kubernetes takes it.
fn is_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    text.len() <= 63
        && text.bytes().all(|b| inner(b) || b == b'-')
        && text.bytes().next().is_some_and(inner)
        && text.bytes().last().is_some_and(inner)
}

/// The first name that no object can have.
fn names(spec: &Map) -> Option<String> {
    // istioctl spells the second so.
    for (kind, shown) in [("egress", "egressGateways"), ("ingress", "inressGateways")] {
        for gateway in gateways(spec, kind) {
            let name = tree::get_text(&gateway, "name");
            let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-');
            if !name.bytes().all(fits) || name.len() > 254 {
                return Some(format!("invalid value {shown}.name: {name}"));
            }
        }
    }
    None
}
