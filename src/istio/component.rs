//! The components of an installation (`istio operator/pkg/component/component.go`).

use super::tree;
use super::types::{self, Decoding};
use crate::diagnostic::{Error, Result};
use crate::value::{Map, Value};

/// A component: which part of an IstioOperator is about it, and which chart makes it.
#[derive(Debug, PartialEq, Eq)]
pub struct Component {
    /// How istioctl calls it.
    pub name: &'static str,
    /// Its key in `spec.components`.
    pub key: &'static str,
    /// Whether it is installed when `spec.components` does not name it.
    pub default: bool,
    /// Whether there may be several, in a list.
    pub many: bool,
    /// The kind of its workload.
    pub workload: &'static str,
    /// The name of its workload, if it has none of its own.
    pub resource: &'static str,
    /// The container of its workload that settings are about.
    pub container: &'static str,
    /// The folder of its chart.
    pub chart: &'static str,
    /// Where its values are.
    pub root: &'static str,
    /// Whether its chart reads those values without their prefix.
    pub flat: bool,
    /// Another value that switches it on.
    pub switch: Option<&'static str>,
}

/// All components, in the order in which they are rendered.
pub static COMPONENTS: [Component; 6] = [
    Component { default: true, chart: "base", root: "global", ..plain("Base", "base") },
    Component {
        default: true,
        workload: "Deployment",
        resource: "istiod",
        container: "discovery",
        chart: "istio-control/istio-discovery",
        root: "pilot",
        ..plain("Pilot", "pilot")
    },
    Component {
        default: true,
        resource: "istio-ingressgateway",
        chart: "gateways/istio-ingress",
        root: "gateways.istio-ingressgateway",
        switch: Some("spec.values.gateways.istio-ingressgateway.enabled"),
        ..gateway("IngressGateways", "ingressGateways")
    },
    Component {
        resource: "istio-egressgateway",
        chart: "gateways/istio-egress",
        root: "gateways.istio-egressgateway",
        switch: Some("spec.values.gateways.istio-egressgateway.enabled"),
        ..gateway("EgressGateways", "egressGateways")
    },
    Component {
        workload: "DaemonSet",
        resource: "istio-cni-node",
        container: "install-cni",
        chart: "istio-cni",
        root: "cni",
        ..plain("Cni", "cni")
    },
    Component {
        workload: "DaemonSet",
        resource: "ztunnel",
        container: "istio-proxy",
        chart: "ztunnel",
        root: "ztunnel",
        flat: true,
        ..plain("Ztunnel", "ztunnel")
    },
];

const fn plain(name: &'static str, key: &'static str) -> Component {
    Component {
        name,
        key,
        default: false,
        many: false,
        workload: "",
        resource: "",
        container: "",
        chart: "",
        root: "",
        flat: false,
        switch: None,
    }
}

const fn gateway(name: &'static str, key: &'static str) -> Component {
    Component { many: true, workload: "Deployment", container: "istio-proxy", ..plain(name, key) }
}

/// One item of a component: the component itself, or one of its gateways.
#[derive(Clone, Debug)]
pub struct Item {
    /// The item as it is written; empty for one that nobody wrote.
    pub raw: Map,
    /// Where it goes.
    pub namespace: String,
}

impl Component {
    /// Whether it is a kind of gateway.
    pub fn is_gateway(&self) -> bool {
        self.many
    }

    /// The items to install.
    ///
    /// # Errors
    /// When an item can't be decoded, which validation finds, too.
    pub fn items(&self, merged: &Map) -> Result<Vec<Item>> {
        let namespace = tree::get_text(merged, "metadata.namespace");
        let switched = self.switch.is_some_and(|switch| tree::is_true(merged, switch));
        let item = |raw: Map| -> Result<Item> {
            let decoding = Decoding::default();
            let name = if self.is_gateway() { "GatewayComponentSpec" } else { "ComponentSpec" };
            types::decode(&Value::Map(raw.clone()), name, decoding).map_err(|e| {
                Error::new(format!("get component {}: fail to convert {}: {e}", self.name, self.key))
            })?;
            let own = tree::get_text(&raw, "namespace");
            let namespace =
                [own, namespace.clone()].into_iter().find(|n| !n.is_empty()).unwrap_or("istio-system".into());
            Ok(Item { raw, namespace })
        };
        let enabled =
            |item: &Item| switched || item.raw.get("enabled").and_then(|e| e.as_bool()).unwrap_or(true);
        let written = tree::get(merged, &format!("spec.components.{}", self.key));
        match written {
            Some(Value::List(list)) if self.many => {
                let maps = list.items().into_iter().map(|value| value.as_map().cloned().unwrap_or_default());
                let items: Vec<Item> = maps.map(item).collect::<Result<_>>()?;
                Ok(items.into_iter().filter(enabled).collect())
            }
            Some(_) if self.many => Err(Error::new(format!("components.{} is not a list", self.key))),
            Some(Value::Map(map)) => Ok(Some(item(map)?).into_iter().filter(enabled).collect()),
            // A component of the defaults has no namespace but the one of all.
            _ if self.default || switched => Ok(vec![Item { raw: Map::default(), namespace }]),
            _ => Ok(Vec::new()),
        }
    }
}

impl Item {
    /// The name that the item has; empty without one.
    pub fn name(&self) -> String {
        tree::get_text(&self.raw, "name")
    }

    /// A setting of its `k8s`.
    pub fn setting(&self, key: &str) -> Option<Value> {
        self.settings()?.get(key)
    }

    /// Its `k8s`.
    pub fn settings(&self) -> Option<Map> {
        self.raw.get("k8s")?.as_map().cloned()
    }

    /// Its overlays.
    pub fn overlays(&self) -> Vec<Overlay> {
        let list =
            |value: Option<Value>| value.and_then(|v| v.as_list().map(|l| l.items())).unwrap_or_default();
        list(self.setting("overlays"))
            .iter()
            .filter_map(Value::as_map)
            .map(|overlay| Overlay {
                kind: tree::get_text(overlay, "kind"),
                name: tree::get_text(overlay, "name"),
                patches: list(overlay.get("patches"))
                    .iter()
                    .map(|patch| {
                        let patch = patch.as_map().cloned().unwrap_or_default();
                        (tree::get_text(&patch, "path"), patch.get("value").unwrap_or_default())
                    })
                    .collect(),
            })
            .collect()
    }
}

/// An overlay of one object.
#[derive(Clone, Debug)]
pub struct Overlay {
    /// The kind of the object.
    pub kind: String,
    /// The name of the object.
    pub name: String,
    /// Paths, and what is to be there; null deletes.
    pub patches: Vec<(String, Value)>,
}
