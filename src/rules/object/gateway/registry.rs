//! Istio's annotations: on what they have effect, and what they hold.
//!
//! The facts are those of Istio's registry (istio/api `annotation/annotations.yaml`) and of the checks of its injector
//! (`pkg/kube/inject/validate.go: AnnotationValidation`).

use std::net::IpAddr;

use crate::rules::quantity;

/// An annotation.
#[derive(Clone, Copy, Debug)]
pub struct Annotation {
    /// Its name.
    pub name: &'static str,
    /// The kinds that it has effect on; `Any` for all.
    pub on: &'static [&'static str],
    /// Whether it is not to be used any more.
    pub deprecated: bool,
    /// What it holds.
    pub format: Format,
}

/// What an annotation holds, as far as the injector looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// It doesn't look.
    Any,
    /// `true` or `false`, in one of Go's spellings.
    Bool,
    /// A whole number that is not negative.
    Number,
    /// The number of a port.
    Port,
    /// Numbers of ports between commas.
    Ports,
    /// The same, or `*`.
    PortsOrAll,
    /// Ranges of addresses between commas: `10.0.0.0/8`.
    Ranges,
    /// The same, or `*`.
    RangesOrAll,
    /// How traffic is taken over.
    Interception,
    /// A quantity of a resource: `100m`.
    Quantity,
}

const POD: &[&str] = &["Pod"];
const SERVICE: &[&str] = &["Service"];

/// All annotations, sorted by name.
const ANNOTATIONS: &[Annotation] = &[
    Annotation {
        name: "alpha.istio.io/canonical-serviceaccounts",
        on: SERVICE,
        deprecated: true,
        format: Format::Any,
    },
    Annotation {
        name: "alpha.istio.io/kubernetes-serviceaccounts",
        on: SERVICE,
        deprecated: true,
        format: Format::Any,
    },
    Annotation {
        name: "ambient.istio.io/bypass-inbound-capture",
        on: POD,
        deprecated: false,
        format: Format::Any,
    },
    Annotation { name: "ambient.istio.io/dns-capture", on: POD, deprecated: false, format: Format::Any },
    Annotation { name: "ambient.istio.io/redirection", on: POD, deprecated: false, format: Format::Any },
    Annotation {
        name: "ambient.istio.io/waypoint-inbound-binding",
        on: &["GatewayClass", "Gateway"],
        deprecated: false,
        format: Format::Any,
    },
    Annotation {
        name: "galley.istio.io/analyze-suppress",
        on: &["Any"],
        deprecated: false,
        format: Format::Any,
    },
    Annotation {
        name: "gateway.istio.io/controller-version",
        on: &["Any"],
        deprecated: false,
        format: Format::Any,
    },
    Annotation {
        name: "gateway.istio.io/name-override",
        on: &["Gateway"],
        deprecated: false,
        format: Format::Any,
    },
    Annotation {
        name: "gateway.istio.io/service-account",
        on: &["Gateway"],
        deprecated: false,
        format: Format::Any,
    },
    Annotation { name: "inject.istio.io/templates", on: POD, deprecated: false, format: Format::Any },
    Annotation {
        name: "istio.io/autoRegistrationGroup",
        on: &["WorkloadEntry"],
        deprecated: false,
        format: Format::Any,
    },
    Annotation {
        name: "istio.io/connectedAt",
        on: &["WorkloadEntry"],
        deprecated: false,
        format: Format::Any,
    },
    Annotation {
        name: "istio.io/disconnectedAt",
        on: &["WorkloadEntry"],
        deprecated: false,
        format: Format::Any,
    },
    Annotation {
        name: "istio.io/dry-run",
        on: &["AuthorizationPolicy"],
        deprecated: false,
        format: Format::Any,
    },
    Annotation {
        name: "istio.io/reroute-virtual-interfaces",
        on: POD,
        deprecated: false,
        format: Format::Any,
    },
    Annotation { name: "istio.io/rev", on: POD, deprecated: false, format: Format::Any },
    Annotation {
        name: "istio.io/use-waypoint-canary-weight",
        on: &["Service", "ServiceEntry", "Namespace"],
        deprecated: false,
        format: Format::Any,
    },
    Annotation {
        name: "istio.io/workloadController",
        on: &["WorkloadEntry"],
        deprecated: false,
        format: Format::Any,
    },
    Annotation {
        name: "kubernetes.io/ingress.class",
        on: &["Ingress"],
        deprecated: false,
        format: Format::Any,
    },
    Annotation { name: "networking.istio.io/exportTo", on: SERVICE, deprecated: false, format: Format::Any },
    Annotation {
        name: "networking.istio.io/service-type",
        on: &["Gateway"],
        deprecated: false,
        format: Format::Any,
    },
    Annotation {
        name: "networking.istio.io/traffic-distribution",
        on: &["Namespace", "Service", "ServiceEntry"],
        deprecated: false,
        format: Format::Any,
    },
    Annotation {
        name: "prometheus.istio.io/merge-metrics",
        on: POD,
        deprecated: false,
        format: Format::Bool,
    },
    Annotation { name: "proxy.istio.io/config", on: POD, deprecated: false, format: Format::Any },
    Annotation { name: "proxy.istio.io/overrides", on: POD, deprecated: false, format: Format::Any },
    Annotation {
        name: "readiness.status.sidecar.istio.io/applicationPorts",
        on: POD,
        deprecated: false,
        format: Format::Any,
    },
    Annotation {
        name: "readiness.status.sidecar.istio.io/failureThreshold",
        on: POD,
        deprecated: false,
        format: Format::Number,
    },
    Annotation {
        name: "readiness.status.sidecar.istio.io/initialDelaySeconds",
        on: POD,
        deprecated: false,
        format: Format::Number,
    },
    Annotation {
        name: "readiness.status.sidecar.istio.io/periodSeconds",
        on: POD,
        deprecated: false,
        format: Format::Number,
    },
    Annotation { name: "sidecar.istio.io/agentLogLevel", on: POD, deprecated: false, format: Format::Any },
    Annotation {
        name: "sidecar.istio.io/bootstrapOverride",
        on: POD,
        deprecated: false,
        format: Format::Any,
    },
    Annotation {
        name: "sidecar.istio.io/componentLogLevel",
        on: POD,
        deprecated: false,
        format: Format::Any,
    },
    Annotation { name: "sidecar.istio.io/discoveryAddress", on: POD, deprecated: true, format: Format::Any },
    Annotation { name: "sidecar.istio.io/extraStatTags", on: POD, deprecated: true, format: Format::Any },
    Annotation { name: "sidecar.istio.io/inject", on: POD, deprecated: true, format: Format::Any },
    Annotation {
        name: "sidecar.istio.io/interceptionMode",
        on: POD,
        deprecated: false,
        format: Format::Interception,
    },
    Annotation { name: "sidecar.istio.io/logLevel", on: POD, deprecated: false, format: Format::Any },
    Annotation { name: "sidecar.istio.io/nativeSidecar", on: POD, deprecated: false, format: Format::Any },
    Annotation { name: "sidecar.istio.io/proxyCPU", on: POD, deprecated: false, format: Format::Quantity },
    Annotation {
        name: "sidecar.istio.io/proxyCPULimit",
        on: POD,
        deprecated: false,
        format: Format::Quantity,
    },
    Annotation { name: "sidecar.istio.io/proxyImage", on: POD, deprecated: false, format: Format::Any },
    Annotation { name: "sidecar.istio.io/proxyImageType", on: POD, deprecated: false, format: Format::Any },
    Annotation { name: "sidecar.istio.io/proxyMemory", on: POD, deprecated: false, format: Format::Quantity },
    Annotation {
        name: "sidecar.istio.io/proxyMemoryLimit",
        on: POD,
        deprecated: false,
        format: Format::Quantity,
    },
    Annotation {
        name: "sidecar.istio.io/rewriteAppHTTPProbers",
        on: POD,
        deprecated: false,
        format: Format::Any,
    },
    Annotation { name: "sidecar.istio.io/statsCompression", on: POD, deprecated: true, format: Format::Any },
    Annotation {
        name: "sidecar.istio.io/statsEvictionInterval",
        on: POD,
        deprecated: false,
        format: Format::Any,
    },
    Annotation {
        name: "sidecar.istio.io/statsFlushInterval",
        on: POD,
        deprecated: false,
        format: Format::Any,
    },
    Annotation {
        name: "sidecar.istio.io/statsHistogramBins",
        on: POD,
        deprecated: false,
        format: Format::Any,
    },
    Annotation {
        name: "sidecar.istio.io/statsHistogramBuckets",
        on: POD,
        deprecated: false,
        format: Format::Any,
    },
    Annotation {
        name: "sidecar.istio.io/statsInclusionPrefixes",
        on: POD,
        deprecated: true,
        format: Format::Any,
    },
    Annotation {
        name: "sidecar.istio.io/statsInclusionRegexps",
        on: POD,
        deprecated: true,
        format: Format::Any,
    },
    Annotation {
        name: "sidecar.istio.io/statsInclusionSuffixes",
        on: POD,
        deprecated: true,
        format: Format::Any,
    },
    Annotation { name: "sidecar.istio.io/status", on: POD, deprecated: false, format: Format::Any },
    Annotation { name: "sidecar.istio.io/userVolume", on: POD, deprecated: false, format: Format::Any },
    Annotation { name: "sidecar.istio.io/userVolumeMount", on: POD, deprecated: false, format: Format::Any },
    Annotation { name: "status.sidecar.istio.io/port", on: POD, deprecated: false, format: Format::Port },
    Annotation {
        name: "topology.istio.io/controlPlaneClusters",
        on: &["Namespace"],
        deprecated: false,
        format: Format::Any,
    },
    Annotation { name: "traffic.istio.io/nodeSelector", on: SERVICE, deprecated: false, format: Format::Any },
    Annotation {
        name: "traffic.sidecar.istio.io/excludeInboundPorts",
        on: POD,
        deprecated: false,
        format: Format::Ports,
    },
    Annotation {
        name: "traffic.sidecar.istio.io/excludeInterfaces",
        on: POD,
        deprecated: false,
        format: Format::Any,
    },
    Annotation {
        name: "traffic.sidecar.istio.io/excludeOutboundIPRanges",
        on: POD,
        deprecated: false,
        format: Format::Ranges,
    },
    Annotation {
        name: "traffic.sidecar.istio.io/excludeOutboundPorts",
        on: POD,
        deprecated: false,
        format: Format::Ports,
    },
    Annotation {
        name: "traffic.sidecar.istio.io/includeInboundPorts",
        on: POD,
        deprecated: false,
        format: Format::PortsOrAll,
    },
    Annotation {
        name: "traffic.sidecar.istio.io/includeOutboundIPRanges",
        on: POD,
        deprecated: false,
        format: Format::RangesOrAll,
    },
    Annotation {
        name: "traffic.sidecar.istio.io/includeOutboundPorts",
        on: POD,
        deprecated: false,
        format: Format::Any,
    },
    Annotation {
        name: "traffic.sidecar.istio.io/kubevirtInterfaces",
        on: POD,
        deprecated: true,
        format: Format::Any,
    },
];

/// The annotation of a name.
pub fn annotation(name: &str) -> Option<&'static Annotation> {
    ANNOTATIONS.iter().find(|annotation| annotation.name == name)
}

/// A name that is much like this one.
pub fn alike(name: &str) -> Option<&'static str> {
    let names = ANNOTATIONS.iter().map(|annotation| annotation.name);
    let same = |own: &&str| own.eq_ignore_ascii_case(name);
    let mut last = names.clone().filter(|own| own.rsplit('/').next() == name.rsplit('/').next());
    names.clone().find(same).or_else(|| last.next())
}

impl Format {
    /// What is wrong with a value, if anything is.
    pub fn refuses(self, value: &str) -> Option<&'static str> {
        let ports = |text: &str| text.trim().is_empty() || text.split(',').all(|port| is_port(port.trim()));
        let ranges = |text: &str| text.is_empty() || text.split(',').all(is_range);
        let (fits, wants) = match self {
            Format::Any => (true, ""),
            Format::Bool => {
                let words = ["1", "t", "T", "true", "TRUE", "True", "0", "f", "F", "false", "FALSE", "False"];
                (words.contains(&value), "true or false")
            }
            Format::Number => (is_digits(value) && value.parse::<u32>().is_ok(), "a whole number"),
            Format::Port => (is_port(value.trim()), "the number of a port"),
            Format::Ports => (ports(value), "numbers of ports between commas"),
            Format::PortsOrAll => (value == "*" || ports(value), "numbers of ports between commas, or *"),
            Format::Ranges => (ranges(value), "ranges like 10.0.0.0/8 between commas"),
            Format::RangesOrAll => {
                (value == "*" || ranges(value), "ranges like 10.0.0.0/8 between commas, or *")
            }
            Format::Interception => {
                (["REDIRECT", "TPROXY", "NONE"].contains(&value), "REDIRECT, TPROXY or NONE")
            }
            Format::Quantity => (quantity::parse(value).is_some(), "a quantity like 100m or 128Mi"),
        };
        (!fits).then_some(wants)
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_port(text: &str) -> bool {
    is_digits(text) && text.parse::<u16>().is_ok()
}

fn is_range(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let most = match address.parse() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    // Go takes no sign and no zero before other digits.
    let plain = bits == "0" || !bits.starts_with('0');
    is_digits(bits) && plain && bits.parse::<u8>().is_ok_and(|bits| bits <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_are_sorted_and_there_once() {
        assert!(ANNOTATIONS.is_sorted_by(|a, b| a.name < b.name));
    }

    #[test]
    fn values_are_judged_as_the_injector_does() {
        let refused = |format: Format, value: &str| format.refuses(value).is_some();
        assert!(!refused(Format::PortsOrAll, "*") && refused(Format::Ports, "*"));
        assert!(!refused(Format::Ports, "80, 443") && refused(Format::Ports, "80,http"));
        assert!(!refused(Format::Ports, "") && refused(Format::Port, ""));
        assert!(!refused(Format::Ranges, "10.0.0.0/8,::/0") && refused(Format::Ranges, "10.0.0.0"));
        assert!(refused(Format::Ranges, "10.0.0.0/33") && refused(Format::Ranges, "10.0.0.0/08"));
        assert!(
            !refused(Format::Number, "10") && refused(Format::Number, "-1") && refused(Format::Number, "+1")
        );
        assert!(!refused(Format::Quantity, "100m") && refused(Format::Quantity, "much"));
        assert!(!refused(Format::Bool, "T") && refused(Format::Bool, "yes"));
    }
}
