//! Gateways of an IstioOperator as values of the house chart: a way out of IstioOperator, and a way to render it without
//! an Istio release at hand.
//!
//! The values say what the IstioOperator says, and keep what must not change under a running gateway: its name, the
//! labels that its Service selects by, and the name of its ServiceAccount, which is its identity. What it leaves open is
//! up to the house chart, not to Istio's older charts.

use super::component::{COMPONENTS, Component, Item};
use super::object::{self, Object};
use super::patch::{self, shown};
use super::{Generated, Operator, Request, message, tree};
use crate::chart::{self, Chart};
use crate::diagnostic::{Diagnostic, Error, Result};
use crate::render::{self, Loaded};
use crate::source::{Budget, builtin};
use crate::value::{Map, Value};
use crate::values::Layers;
use crate::yaml;

/// The house chart, as a source of the program's own.
const CHART: &str = "gateway";

/// A gateway, translated.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// Its name, which is that of its release, too.
    pub name: String,
    /// Where it goes.
    pub namespace: String,
    /// Values of the house chart.
    pub values: Map,
    component: &'static Component,
    item: Item,
}

impl Gateway {
    /// A values file, with the command that uses it in its head.
    ///
    /// # Errors
    /// When the values can't be said in YAML.
    pub fn file(&self) -> Result<String> {
        let values =
            yaml::to_yaml(&Value::Map(self.values.clone())).map_err(|e| Error::new(e.to_string()))?;
        let (name, namespace) = (one_line(&self.name), one_line(&self.namespace));
        Ok(format!(
            "# {name} in {namespace}: torii render {name} {}{CHART} -n {namespace} -f THIS-FILE\n{values}",
            builtin::PREFIX
        ))
    }

    /// Whether it has overlays, which no values can say.
    pub fn has_overlays(&self) -> bool {
        !self.item.overlays().is_empty()
    }
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Translates all gateways that are to be installed; tells of what the house chart has no value for.
///
/// # Errors
/// In istioctl's words, when a gateway can't be decoded.
pub fn translate(operator: &Operator) -> Result<(Vec<Gateway>, Vec<Diagnostic>)> {
    let merged = &operator.inputs.merged;
    let (mut gateways, mut warnings) = (Vec::new(), operator.warnings.clone());
    for component in &COMPONENTS {
        let items = component.items(merged)?;
        if !component.is_gateway() {
            let named =
                tree::get(&operator.inputs.user, &format!("spec.components.{}", component.key)).is_some();
            if named && !items.is_empty() {
                warnings.push(message(format!(
                    "the component {} is left out: the house chart makes gateways; --manifests names the charts of \
                     an Istio release",
                    component.name
                )));
            }
            continue;
        }
        for item in items {
            if item.name().is_empty() {
                return Err(Error::new(format!("a gateway in components.{} has no name", component.key)));
            }
            let mut translation = Translation {
                component,
                item: &item,
                own: tree::get_map(merged, &format!("spec.values.{}", component.root)).unwrap_or_default(),
                global: tree::get_map(merged, "spec.values.global").unwrap_or_default(),
                values: Map::default(),
                warnings: &mut warnings,
            };
            translation.identity(merged);
            translation.scale();
            translation.pods();
            translation.service();
            translation.rest();
            let values = translation.values;
            gateways.push(Gateway {
                name: item.name(),
                namespace: item.namespace.clone(),
                values,
                component,
                item,
            });
        }
    }
    Ok((gateways, warnings))
}

/// Renders all gateways with the house chart, and lays their overlays over its objects.
///
/// # Errors
/// When the translation does not fit the chart, in its schema's words.
pub fn generate(request: &Request, operator: &Operator) -> Result<Generated> {
    let (gateways, warnings) = translate(operator)?;
    let mut generated = Generated { objects: Vec::new(), warnings };
    let chart = house_chart(request)?;
    for gateway in &gateways {
        let mut settings = render::Request::new(format!("{}{CHART}", builtin::PREFIX), gateway.name.clone());
        settings.release.namespace.clone_from(&gateway.namespace);
        settings.limits = request.limits.clone();
        let layers = Layers { layers: Vec::new(), values: tree::copy(&gateway.values) };
        let loaded = Loaded { chart: chart.clone(), layers };
        let rendered = render::render_loaded(&settings, &loaded).map_err(|failure| {
            failure.error.note(format!("these are the values of {}", shown(gateway.component, &gateway.item)))
        })?;
        generated.warnings.extend(rendered.warnings.iter().cloned());
        let mut objects: Vec<Object> = Vec::new();
        for manifest in &rendered.manifests.objects {
            objects.extend(Object::read(manifest.content(), &manifest.source)?);
        }
        let of = (gateway.component, &gateway.item);
        patch::overlays(of, &mut objects, &request.limits, &mut generated.warnings)?;
        generated.objects.append(&mut objects);
    }
    object::sort(&mut generated.objects);
    Ok(generated)
}

fn house_chart(request: &Request) -> Result<Chart> {
    let files = builtin::open(CHART).ok_or_else(|| Error::new("the house chart is missing"))?;
    chart::from_files(files, &mut Budget::new(&request.limits), &mut Vec::new())
}

/// One gateway on its way.
struct Translation<'a> {
    component: &'static Component,
    item: &'a Item,
    /// `values.gateways.…`
    own: Map,
    /// `values.global`
    global: Map,
    /// What comes of it.
    values: Map,
    warnings: &'a mut Vec<Diagnostic>,
}

impl Translation<'_> {
    fn is_ingress(&self) -> bool {
        self.component.key == "ingressGateways"
    }

    /// Sets a value of the house chart, unless it says nothing.
    fn put(&self, path: &str, value: Option<Value>) {
        let Some(value) = value.filter(|value| !is_empty(value)) else { return };
        // A path of this module's own always leads through maps.
        let _ = tree::set(&self.values, path, value);
    }

    /// A setting of `k8s`, by a path of keys.
    fn setting(&self, path: &str) -> Option<Value> {
        tree::get(&self.item.settings()?, path).filter(|value| !value.is_nil())
    }

    /// A value of the gateways' own.
    fn own(&self, path: &str) -> Option<Value> {
        tree::get(&self.own, path).filter(|value| !value.is_nil())
    }

    fn global(&self, path: &str) -> Option<Value> {
        tree::get(&self.global, path).filter(|value| !value.is_nil())
    }

    fn warn(&mut self, what: &str, why: &str) {
        let shown = shown(self.component, self.item);
        self.warnings.push(message(format!("{what} of {shown} is not translated: {why}")));
    }

    fn identity(&mut self, merged: &Map) {
        let name = self.item.name();
        self.put("name", Some(Value::from(name.as_str())));
        self.put("revision", tree::get(merged, "spec.values.revision"));
        let kind = self.component.resource;
        let labels: Map =
            [("app", Value::from(kind)), ("istio", Value::from(kind.trim_start_matches("istio-")))]
                .into_iter()
                .collect();
        let label = self.item.raw.get("label").and_then(|label| label.as_map().cloned()).unwrap_or_default();
        for from in [self.own("labels").and_then(|l| l.as_map().cloned()).unwrap_or_default(), label] {
            tree::merge(&labels, &tree::copy(&from));
        }
        let more: Vec<String> = labels
            .keys()
            .iter()
            .map(|key| key.to_text().into_owned())
            .filter(|key| key != "app" && key != "istio")
            .collect();
        if !more.is_empty() {
            self.warn(
                &format!("selecting by the labels {}", more.join(", ")),
                "the house chart selects by app and istio alone. A Deployment that is there must be made anew, and \
                 gateways that only these labels told apart need others",
            );
        }
        self.put("labels", Some(Value::Map(labels)));
        self.put("serviceAccount.name", Some(Value::from(format!("{name}-service-account"))));
        self.put("serviceAccount.annotations", self.own("serviceAccount.annotations"));
    }

    fn scale(&mut self) {
        let scaled = self.own("autoscaleEnabled").is_none_or(|on| on.as_bool() != Some(false));
        if !scaled {
            self.put("autoscaling.enabled", Some(Value::Bool(false)));
        }
        self.put(
            "autoscaling.minReplicas",
            self.setting("hpaSpec.minReplicas").or_else(|| self.own("autoscaleMin")),
        );
        self.put(
            "autoscaling.maxReplicas",
            self.setting("hpaSpec.maxReplicas").or_else(|| self.own("autoscaleMax")),
        );
        self.put("autoscaling.targetCPUUtilizationPercentage", self.own("cpu.targetAverageUtilization"));
        self.put(
            "autoscaling.targetMemoryUtilizationPercentage",
            self.own("memory.targetAverageUtilization"),
        );
        if let Some(Value::List(metrics)) = self.setting("hpaSpec.metrics") {
            self.metrics(&metrics.items());
        }
        self.put("autoscaling.autoscaleBehavior", self.setting("hpaSpec.behavior"));
        self.put("replicaCount", self.setting("replicaCount").or_else(|| self.own("replicaCount")));
        if let Some(Value::Map(budget)) = self.setting("podDisruptionBudget") {
            let budget = tree::copy(&budget);
            if budget.remove("selector").is_some() {
                self.warn(
                    "the selector of the podDisruptionBudget",
                    "the house chart selects the gateway's pods",
                );
            }
            self.put("podDisruptionBudget", Some(Value::Map(budget)));
        } else if self
            .global("defaultPodDisruptionBudget.enabled")
            .is_none_or(|on| on.as_bool() != Some(false))
        {
            self.put("podDisruptionBudget.minAvailable", Some(Value::int(1)));
        }
        let strategy = self.setting("strategy").or_else(|| {
            let update: Map = [("maxSurge", "rollingMaxSurge"), ("maxUnavailable", "rollingMaxUnavailable")]
                .into_iter()
                .filter_map(|(to, from)| Some((to, self.own(from)?)))
                .collect();
            (!update.is_empty()).then(|| Value::Map(tree::nest("rollingUpdate", Value::Map(update))))
        });
        self.put("strategy", strategy);
    }

    /// The metrics of an autoscaler, which replace those of the values.
    fn metrics(&mut self, metrics: &[Value]) {
        let targets =
            [("cpu", "targetCPUUtilizationPercentage"), ("memory", "targetMemoryUtilizationPercentage")];
        let mut others = false;
        for (_, value) in targets {
            self.put(&format!("autoscaling.{value}"), Some(Value::int(0)));
        }
        for metric in metrics {
            let metric = metric.as_map().cloned().unwrap_or_default();
            let name = tree::get_text(&metric, "resource.name");
            let percent = tree::get(&metric, "resource.target.averageUtilization");
            match (targets.iter().find(|(resource, _)| *resource == name), percent) {
                (Some((_, value)), Some(percent)) => self.put(&format!("autoscaling.{value}"), Some(percent)),
                _ => others = true,
            }
        }
        if others {
            self.warn(
                "a metric in hpaSpec",
                "the house chart scales by the utilization of CPU and memory alone",
            );
        }
    }

    fn pods(&mut self) {
        for key in ["imagePullPolicy", "priorityClassName"] {
            self.put(key, self.setting(key).or_else(|| self.global(key)));
        }
        for key in ["affinity", "securityContext", "readinessProbe"] {
            self.put(key, self.setting(key));
        }
        self.put("nodeSelector", merged([self.own("nodeSelector"), self.setting("nodeSelector")]));
        self.put("podAnnotations", merged([self.own("podAnnotations"), self.setting("podAnnotations")]));
        self.put("resources", merged([self.own("resources"), self.setting("resources")]));
        self.put("tolerations", self.setting("tolerations").or_else(|| self.own("tolerations")));
        self.put("additionalContainers", self.own("additionalContainers"));
        if let Some(Value::List(names)) = self.global("imagePullSecrets") {
            let secret = |name: &Value| Value::Map([("name", name.clone())].into_iter().collect());
            self.put("imagePullSecrets", Some(Value::list(names.items().iter().map(secret).collect())));
        }
        self.environment();
        self.volumes();
    }

    fn environment(&mut self) {
        let plain = self.own("env").and_then(|env| env.as_map().map(tree::copy)).unwrap_or_default();
        let mut from = Vec::new();
        for variable in self.setting("env").and_then(|e| e.as_list().map(|l| l.items())).unwrap_or_default() {
            let Some(map) = variable.as_map() else { continue };
            match map.get("valueFrom").filter(|from| !from.is_nil()) {
                Some(_) => from.push(variable.clone()),
                None => {
                    plain.insert(tree::get_text(map, "name"), map.get("value").unwrap_or_else(|| "".into()));
                }
            }
        }
        self.put("env", Some(Value::Map(plain)));
        self.put("envVarFrom", Some(Value::list(from)));
    }

    fn volumes(&mut self) {
        let (mut volumes, mut mounts) = (Vec::new(), Vec::new());
        let kinds = [
            ("secretVolumes", "secret", "secretName", "secretName"),
            ("configVolumes", "configMap", "configMapName", "name"),
        ];
        for (key, kind, from, to) in kinds {
            for volume in self.own(key).and_then(|v| v.as_list().map(|l| l.items())).unwrap_or_default() {
                let volume = volume.as_map().cloned().unwrap_or_default();
                let text = |key: &str| Value::from(tree::get_text(&volume, key));
                let source: Map = [(to, text(from)), ("optional", Value::Bool(true))].into_iter().collect();
                let made: Map = [("name", text("name")), (kind, Value::Map(source))].into_iter().collect();
                volumes.push(Value::Map(made));
                let mount: Map = [
                    ("name", text("name")),
                    ("mountPath", text("mountPath")),
                    ("readOnly", Value::Bool(true)),
                ]
                .into_iter()
                .collect();
                mounts.push(Value::Map(mount));
            }
        }
        self.put("volumes", Some(Value::list(volumes)));
        self.put("volumeMounts", Some(Value::list(mounts)));
    }

    fn service(&mut self) {
        let custom = self.own("customService").is_some_and(|custom| custom.as_bool() == Some(true));
        let kind = self.setting("service.type").or_else(|| self.own("type"));
        let kind = match (custom, kind) {
            (true, _) => Some(Value::from("None")),
            (false, None) if !self.is_ingress() => Some(Value::from("ClusterIP")),
            (false, kind) => kind,
        };
        self.put("service.type", kind);
        let mut ports = self.setting("service.ports").or_else(|| self.own("ports"));
        if let (Some(Value::List(more)), true) = (self.own("ingressPorts"), self.is_ingress()) {
            let listed = ports.as_ref().and_then(|ports| ports.as_list().map(|l| l.items()));
            let listed = listed.unwrap_or_else(default_ports);
            ports = (!more.is_empty()).then(|| Value::list([listed, more.items()].concat())).or(ports);
        }
        let ports = ports.map(|ports| self.ports(&ports));
        self.put("service.ports", ports);
        let fields = [
            "clusterIP",
            "externalIPs",
            "externalTrafficPolicy",
            "internalTrafficPolicy",
            "ipFamilyPolicy",
            "ipFamilies",
            "loadBalancerIP",
            "loadBalancerSourceRanges",
            "loadBalancerClass",
            "allocateLoadBalancerNodePorts",
            "healthCheckNodePort",
        ];
        for key in fields {
            self.put(
                &format!("service.{key}"),
                self.setting(&format!("service.{key}")).or_else(|| self.own(key)),
            );
        }
        self.put(
            "service.annotations",
            merged([self.own("serviceAnnotations"), self.setting("serviceAnnotations")]),
        );
        if let Some(Value::Map(selector)) = self.setting("service.selector") {
            self.put("service.selectorLabels", Some(Value::Map(tree::copy(&selector))));
        }
        let known = ["type", "ports", "selector"];
        let others = self.setting("service").and_then(|s| s.as_map().map(Map::keys)).unwrap_or_default();
        for key in others
            .iter()
            .map(|key| key.to_text())
            .filter(|k| !fields.contains(&&**k) && !known.contains(&&**k))
        {
            self.warn(&format!("k8s.service.{key}"), "the house chart has no such value");
        }
    }

    /// Ports as the house chart takes them: a target by its number, which is the port's own if there is none.
    fn ports(&mut self, ports: &Value) -> Value {
        let mut made = Vec::new();
        for port in ports.as_list().map(|ports| ports.items()).unwrap_or_default() {
            let port = port.as_map().map(tree::copy).unwrap_or_default();
            match port.get("targetPort") {
                Some(Value::String(name)) => {
                    let name = name.to_text().into_owned();
                    self.warn(
                        &format!("the target port {name}"),
                        "the house chart takes ports by their numbers",
                    );
                    port.remove("targetPort");
                }
                None | Some(Value::Null) => {
                    port.insert("targetPort", port.get("port").unwrap_or_default());
                }
                Some(_) => {}
            }
            made.push(Value::Map(port));
        }
        Value::list(made)
    }

    fn rest(&mut self) {
        let policy = self.global("networkPolicy.enabled").filter(|on| on.as_bool() == Some(true));
        self.put("global.networkPolicy.enabled", policy);
        if self.item.raw.get("tag").is_some_and(|tag| !tag.is_nil()) {
            self.warn(
                "tag",
                "the control plane that injects the proxy decides on its image: set revision instead",
            );
        }
        for key in ["podAntiAffinityLabelSelector", "podAntiAffinityTermLabelSelector"] {
            if self.own(key).is_some_and(|value| !is_empty(&value)) {
                self.warn(&format!("values.{}.{key}", self.component.root), "set k8s.affinity instead");
            }
        }
        if self.own("runAsRoot").is_some_and(|on| on.as_bool() == Some(true)) {
            self.warn("runAsRoot", "proxies of the house chart bind low ports without being root");
        }
    }
}

/// The house chart's ports.
fn default_ports() -> Vec<Value> {
    [("status-port", 15021), ("http2", 80), ("https", 443)]
        .into_iter()
        .map(|(name, port)| {
            let fields =
                [("name", Value::from(name)), ("port", Value::int(port)), ("targetPort", Value::int(port))];
            Value::Map(fields.into_iter().collect())
        })
        .collect()
}

/// Maps laid over each other; nothing if there is none.
fn merged<const N: usize>(maps: [Option<Value>; N]) -> Option<Value> {
    let all = Map::default();
    for map in maps.into_iter().flatten() {
        tree::merge(&all, &tree::copy(map.as_map()?));
    }
    (!all.is_empty()).then_some(Value::Map(all))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Map(map) => map.is_empty(),
        Value::List(list) => list.is_empty(),
        _ => false,
    }
}
