//! API versions that Kubernetes no longer serves.
//!
//! From kubernetes.io/docs: Deprecated API Migration Guide.

/// The group and version, the kinds of it (all, if there are none), and the minor version of Kubernetes 1 that no
/// longer serves them.
const REMOVED: &[(&str, &[&str], u32)] = &[
    ("extensions/v1beta1", &["Ingress"], 22),
    ("extensions/v1beta1", &[], 16),
    ("apps/v1beta1", &[], 16),
    ("apps/v1beta2", &[], 16),
    (
        "admissionregistration.k8s.io/v1beta1",
        &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"],
        22,
    ),
    ("apiextensions.k8s.io/v1beta1", &[], 22),
    ("apiregistration.k8s.io/v1beta1", &[], 22),
    ("certificates.k8s.io/v1beta1", &["CertificateSigningRequest"], 22),
    ("coordination.k8s.io/v1beta1", &["Lease"], 22),
    ("networking.k8s.io/v1beta1", &["Ingress", "IngressClass"], 22),
    ("rbac.authorization.k8s.io/v1beta1", &[], 22),
    ("scheduling.k8s.io/v1beta1", &["PriorityClass"], 22),
    ("storage.k8s.io/v1beta1", &["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"], 22),
    ("autoscaling/v2beta1", &[], 25),
    ("batch/v1beta1", &["CronJob"], 25),
    ("discovery.k8s.io/v1beta1", &["EndpointSlice"], 25),
    ("events.k8s.io/v1beta1", &["Event"], 25),
    ("node.k8s.io/v1beta1", &["RuntimeClass"], 25),
    ("policy/v1beta1", &["PodDisruptionBudget", "PodSecurityPolicy"], 25),
    ("autoscaling/v2beta2", &[], 26),
    ("flowcontrol.apiserver.k8s.io/v1beta1", &[], 26),
    ("storage.k8s.io/v1beta1", &["CSIStorageCapacity"], 27),
    ("flowcontrol.apiserver.k8s.io/v1beta2", &[], 29),
    ("flowcontrol.apiserver.k8s.io/v1beta3", &[], 32),
];

/// The minor version of Kubernetes 1 from which on a kind is no longer served in this version: 25 for
/// `policy/v1beta1`, `PodDisruptionBudget`.
pub fn removed_in(api_version: &str, kind: &str) -> Option<u32> {
    let is_it = |(version, kinds, _): &&(&str, &[&str], u32)| {
        *version == api_version && (kinds.is_empty() || kinds.contains(&kind))
    };
    REMOVED.iter().find(is_it).map(|(_, _, minor)| *minor)
}

/// The group and version, the kinds, and the minor version of Kubernetes 1 that serves them first.
const ADDED: &[(&str, &[&str], u32)] = &[
    ("networking.k8s.io/v1", &["Ingress", "IngressClass"], 19),
    ("batch/v1", &["CronJob"], 21),
    ("policy/v1", &["PodDisruptionBudget"], 21),
    ("discovery.k8s.io/v1", &["EndpointSlice"], 21),
    ("autoscaling/v2", &["HorizontalPodAutoscaler"], 23),
    ("flowcontrol.apiserver.k8s.io/v1", &["FlowSchema", "PriorityLevelConfiguration"], 29),
    (
        "admissionregistration.k8s.io/v1",
        &["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"],
        30,
    ),
    ("networking.k8s.io/v1", &["IPAddress", "ServiceCIDR"], 33),
    ("resource.k8s.io/v1", &["DeviceClass", "ResourceClaim", "ResourceClaimTemplate", "ResourceSlice"], 34),
    ("storage.k8s.io/v1", &["VolumeAttributesClass"], 34),
];

/// The minor version of Kubernetes 1 from which on a kind is served in this version, if it is one of those that came
/// late.
pub fn added_in(api_version: &str, kind: &str) -> Option<u32> {
    let is_it =
        |(version, kinds, _): &&(&str, &[&str], u32)| *version == api_version && kinds.contains(&kind);
    ADDED.iter().find(is_it).map(|(_, _, minor)| *minor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_goes_by_kind() {
        assert_eq!(removed_in("extensions/v1beta1", "Ingress"), Some(22));
        assert_eq!(removed_in("extensions/v1beta1", "Deployment"), Some(16));
        assert_eq!(removed_in("policy/v1beta1", "PodDisruptionBudget"), Some(25));
        assert_eq!(removed_in("policy/v1", "PodDisruptionBudget"), None);
    }
}
