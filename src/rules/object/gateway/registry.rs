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

impl Annotation {
    const fn new(name: &'static str, on: &'static [&'static str], format: Format) -> Annotation {
        Annotation { name, on, deprecated: false, format }
    }

    const fn deprecated(self) -> Annotation {
        Annotation { deprecated: true, ..self }
    }
}

const POD: &[&str] = &["Pod"];
const SERVICE: &[&str] = &["Service"];

/// All annotations, sorted by name.
const ANNOTATIONS: &[Annotation] = &[
    Annotation::new("alpha.istio.io/canonical-serviceaccounts", SERVICE, Format::Any).deprecated(),
    Annotation::new("alpha.istio.io/kubernetes-serviceaccounts", SERVICE, Format::Any).deprecated(),
    Annotation::new("ambient.istio.io/bypass-inbound-capture", POD, Format::Any),
    Annotation::new("ambient.istio.io/dns-capture", POD, Format::Any),
    Annotation::new("ambient.istio.io/redirection", POD, Format::Any),
    Annotation::new("ambient.istio.io/waypoint-inbound-binding", &["GatewayClass", "Gateway"], Format::Any),
    Annotation::new("galley.istio.io/analyze-suppress", &["Any"], Format::Any),
    Annotation::new("gateway.istio.io/controller-version", &["Any"], Format::Any),
    Annotation::new("gateway.istio.io/name-override", &["Gateway"], Format::Any),
    Annotation::new("gateway.istio.io/service-account", &["Gateway"], Format::Any),
    Annotation::new("inject.istio.io/templates", POD, Format::Any),
    Annotation::new("istio.io/autoRegistrationGroup", &["WorkloadEntry"], Format::Any),
    Annotation::new("istio.io/connectedAt", &["WorkloadEntry"], Format::Any),
    Annotation::new("istio.io/disconnectedAt", &["WorkloadEntry"], Format::Any),
    Annotation::new("istio.io/dry-run", &["AuthorizationPolicy"], Format::Any),
    Annotation::new("istio.io/reroute-virtual-interfaces", POD, Format::Any),
    Annotation::new("istio.io/rev", POD, Format::Any),
    Annotation::new(
        "istio.io/use-waypoint-canary-weight",
        &["Service", "ServiceEntry", "Namespace"],
        Format::Any,
    ),
    Annotation::new("istio.io/workloadController", &["WorkloadEntry"], Format::Any),
    Annotation::new("kubernetes.io/ingress.class", &["Ingress"], Format::Any),
    Annotation::new("networking.istio.io/exportTo", SERVICE, Format::Any),
    Annotation::new("networking.istio.io/service-type", &["Gateway"], Format::Any),
    Annotation::new(
        "networking.istio.io/traffic-distribution",
        &["Namespace", "Service", "ServiceEntry"],
        Format::Any,
    ),
    Annotation::new("prometheus.istio.io/merge-metrics", POD, Format::Bool),
    Annotation::new("proxy.istio.io/config", POD, Format::Any),
    Annotation::new("proxy.istio.io/overrides", POD, Format::Any),
    Annotation::new("readiness.status.sidecar.istio.io/applicationPorts", POD, Format::Any),
    Annotation::new("readiness.status.sidecar.istio.io/failureThreshold", POD, Format::Number),
    Annotation::new("readiness.status.sidecar.istio.io/initialDelaySeconds", POD, Format::Number),
    Annotation::new("readiness.status.sidecar.istio.io/periodSeconds", POD, Format::Number),
    Annotation::new("sidecar.istio.io/agentLogLevel", POD, Format::Any),
    Annotation::new("sidecar.istio.io/bootstrapOverride", POD, Format::Any),
    Annotation::new("sidecar.istio.io/componentLogLevel", POD, Format::Any),
    Annotation::new("sidecar.istio.io/discoveryAddress", POD, Format::Any).deprecated(),
    Annotation::new("sidecar.istio.io/extraStatTags", POD, Format::Any).deprecated(),
    Annotation::new("sidecar.istio.io/inject", POD, Format::Any).deprecated(),
    Annotation::new("sidecar.istio.io/interceptionMode", POD, Format::Interception),
    Annotation::new("sidecar.istio.io/logLevel", POD, Format::Any),
    Annotation::new("sidecar.istio.io/nativeSidecar", POD, Format::Any),
    Annotation::new("sidecar.istio.io/proxyCPU", POD, Format::Quantity),
    Annotation::new("sidecar.istio.io/proxyCPULimit", POD, Format::Quantity),
    Annotation::new("sidecar.istio.io/proxyImage", POD, Format::Any),
    Annotation::new("sidecar.istio.io/proxyImageType", POD, Format::Any),
    Annotation::new("sidecar.istio.io/proxyMemory", POD, Format::Quantity),
    Annotation::new("sidecar.istio.io/proxyMemoryLimit", POD, Format::Quantity),
    Annotation::new("sidecar.istio.io/rewriteAppHTTPProbers", POD, Format::Any),
    Annotation::new("sidecar.istio.io/statsCompression", POD, Format::Any).deprecated(),
    Annotation::new("sidecar.istio.io/statsEvictionInterval", POD, Format::Any),
    Annotation::new("sidecar.istio.io/statsFlushInterval", POD, Format::Any),
    Annotation::new("sidecar.istio.io/statsHistogramBins", POD, Format::Any),
    Annotation::new("sidecar.istio.io/statsHistogramBuckets", POD, Format::Any),
    Annotation::new("sidecar.istio.io/statsInclusionPrefixes", POD, Format::Any).deprecated(),
    Annotation::new("sidecar.istio.io/statsInclusionRegexps", POD, Format::Any).deprecated(),
    Annotation::new("sidecar.istio.io/statsInclusionSuffixes", POD, Format::Any).deprecated(),
    Annotation::new("sidecar.istio.io/status", POD, Format::Any),
    Annotation::new("sidecar.istio.io/userVolume", POD, Format::Any),
    Annotation::new("sidecar.istio.io/userVolumeMount", POD, Format::Any),
    Annotation::new("status.sidecar.istio.io/port", POD, Format::Port),
    Annotation::new("topology.istio.io/controlPlaneClusters", &["Namespace"], Format::Any),
    Annotation::new("traffic.istio.io/nodeSelector", SERVICE, Format::Any),
    Annotation::new("traffic.sidecar.istio.io/excludeInboundPorts", POD, Format::Ports),
    Annotation::new("traffic.sidecar.istio.io/excludeInterfaces", POD, Format::Any),
    Annotation::new("traffic.sidecar.istio.io/excludeOutboundIPRanges", POD, Format::Ranges),
    Annotation::new("traffic.sidecar.istio.io/excludeOutboundPorts", POD, Format::Ports),
    Annotation::new("traffic.sidecar.istio.io/includeInboundPorts", POD, Format::PortsOrAll),
    Annotation::new("traffic.sidecar.istio.io/includeOutboundIPRanges", POD, Format::RangesOrAll),
    Annotation::new("traffic.sidecar.istio.io/includeOutboundPorts", POD, Format::Any),
    Annotation::new("traffic.sidecar.istio.io/kubevirtInterfaces", POD, Format::Any).deprecated(),
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
