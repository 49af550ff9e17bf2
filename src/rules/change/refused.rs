//! What the API server refuses: fields that can't be changed once an object is there.
//!
//! Each rule names the file of Kubernetes (1.34) that decides. A refused object ends a `helm upgrade` where it
//! stands: what comes before it is applied, what comes after it is not.

use super::Effect::Refused;
use super::facts::Subject;
use super::rule::{Check, Fields, Findings, Rule};
use crate::compare::FieldChange;
use crate::rules::{quantity, read, selector, workload};

const fn refused(
    id: &'static str,
    phrase: &'static str,
    summary: &'static str,
    why: &'static str,
    source: &'static str,
    check: Check,
) -> Rule {
    Rule::new(id, Refused, phrase, summary, why, check).source(source)
}

/// The table.
pub const RULES: &[Rule] = &[
    refused(
        "selector-immutable",
        "{} selector can't be changed",
        "The selector of a Deployment, ReplicaSet or DaemonSet changes.",
        "A workload finds its pods by its selector; with another it would lose those it has. Delete it with \
         --cascade=orphan, or give the new one another name.",
        "pkg/registry/apps/{deployment,replicaset,daemonset}/strategy.go: ValidateUpdate",
        Check::Fields(&[Fields {
            kinds: &[
                "apps/Deployment",
                "apps/ReplicaSet",
                "apps/DaemonSet",
                "extensions/Deployment",
                "extensions/ReplicaSet",
                "extensions/DaemonSet",
            ],
            paths: &["spec.selector"],
            except: &[],
            message: "refused: the selector can't be changed; delete the object first (--cascade=orphan keeps its \
                      pods), or rename it",
        }]),
    )
    .code("GW100"),
    refused(
        "selector-mismatch",
        "selector of {} doesn't match its own pods",
        "The selector of a workload doesn't match the labels of its own pod template.",
        "A workload would never see the pods that it makes.",
        "pkg/apis/apps/validation/validation.go: ValidatePodTemplateSpecForReplicaSet",
        Check::Run(selector_mismatch),
    )
    .code("GW002"),
    refused(
        "statefulset-immutable",
        "fields of {} can't be changed",
        "A field of a StatefulSet changes that is none of replicas, ordinals, template, updateStrategy, \
         revisionHistoryLimit, persistentVolumeClaimRetentionPolicy and minReadySeconds.",
        "Its pods and claims are bound to these fields. Delete it with --cascade=orphan, which keeps pods and \
         claims, and apply it again; claims that exist keep their size and class.",
        "pkg/apis/apps/validation/validation.go: ValidateStatefulSetUpdate",
        Check::Fields(&[Fields {
            kinds: &["apps/StatefulSet"],
            paths: &["spec"],
            except: STATEFUL_SET,
            message: "refused: {field} can't be changed; delete the StatefulSet with --cascade=orphan first",
        }]),
    ),
    refused(
        "job-immutable",
        "{} can't be changed",
        "A Job's pod template, selector, completions, completion mode or one of its policies changes.",
        "A Job is one run of its pods. Delete it first, give it another name, or make it a hook, which Helm \
         deletes before it makes it anew.",
        "pkg/apis/batch/validation/validation.go: ValidateJobSpecUpdate",
        Check::Run(job),
    ),
    refused(
        "pod-immutable",
        "{} can't be changed",
        "A field of a Pod changes that is none of its images, activeDeadlineSeconds and added tolerations.",
        "A pod keeps what it was started with.",
        "pkg/apis/core/validation/validation.go: ValidatePodUpdate",
        Check::Run(pod),
    ),
    refused(
        "service-address-immutable",
        "cluster address of {} can't be changed",
        "A Service gets another clusterIP, or becomes or stops being headless.",
        "The cluster address is given once. Delete the Service and make it anew; names resolve to another address \
         then. A clusterIP that is only left out stays as it is.",
        "pkg/api/service/util.go and pkg/apis/core/validation/validation.go: ValidateServiceClusterIPsRelatedFields",
        Check::Run(cluster_ip),
    ),
    refused(
        "service-field-immutable",
        "fields of {} can't be changed",
        "A Service's first IP family, loadBalancerClass or healthCheckNodePort changes while its type stays.",
        "They are settled when the addresses and the load balancer are made.",
        "pkg/apis/core/validation/validation.go: ValidateServiceUpdate",
        Check::Run(service_fields),
    ),
    refused(
        "claim-immutable",
        "{} can't be changed",
        "A field of a PersistentVolumeClaim changes that is neither the size asked for nor its attributes class.",
        "A claim is bound to its volume. Data moves to another class only by a new claim.",
        "pkg/apis/core/validation/validation.go: ValidatePersistentVolumeClaimUpdate",
        Check::Fields(&[Fields {
            kinds: &["PersistentVolumeClaim"],
            paths: &["spec"],
            except: &["spec.resources", "spec.volumeAttributesClassName"],
            message: "refused: {field} of a claim can't be changed; its data stays where it is",
        }]),
    ),
    refused(
        "claim-shrinks",
        "{} can't become smaller",
        "A PersistentVolumeClaim asks for less than before.",
        "Volumes only grow.",
        "pkg/apis/core/validation/validation.go: ValidatePersistentVolumeClaimUpdate",
        Check::Run(claim_shrinks),
    ),
    refused(
        "volume-immutable",
        "{} can't point at other storage",
        "The source, the volume mode or the node affinity of a PersistentVolume changes.",
        "A volume is its storage.",
        "pkg/apis/core/validation/validation.go: ValidatePersistentVolumeUpdate",
        Check::Fields(&[Fields {
            kinds: &["PersistentVolume"],
            paths: &["spec"],
            except: &[
                "spec.accessModes",
                "spec.capacity",
                "spec.claimRef",
                "spec.mountOptions",
                "spec.persistentVolumeReclaimPolicy",
                "spec.storageClassName",
                "spec.volumeAttributesClassName",
            ],
            message: "refused: {field} of a volume can't be changed",
        }]),
    ),
    refused(
        "secret-type-immutable",
        "type of {} can't be changed",
        "The type of a Secret changes.",
        "The type says which keys a Secret must have. Delete it first.",
        "pkg/apis/core/validation/validation.go: ValidateSecretUpdate",
        Check::Run(secret_type),
    ),
    refused(
        "immutable-data",
        "data of {} can't be changed",
        "The data of a ConfigMap or Secret with `immutable: true` changes.",
        "Its author asked for it. Give the new one another name, which also restarts the pods that use it.",
        "pkg/apis/core/validation/validation.go: ValidateConfigMapUpdate, ValidateSecretUpdate",
        Check::Run(immutable_data),
    ),
    refused(
        "role-ref-immutable",
        "{} can't be bound to another role",
        "A RoleBinding or ClusterRoleBinding names another role.",
        "A binding keeps its role, so that its subjects don't get more by an edit. Delete it first, or rename it.",
        "pkg/apis/rbac/validation/validation.go: ValidateRoleBindingUpdate",
        Check::Fields(&[Fields {
            kinds: &["rbac.authorization.k8s.io/RoleBinding", "rbac.authorization.k8s.io/ClusterRoleBinding"],
            paths: &["roleRef"],
            except: &[],
            message: "refused: the role of a binding can't be changed; delete the binding first",
        }]),
    ),
    refused(
        "class-immutable",
        "fields of {} can't be changed",
        "A field changes that makes a StorageClass, VolumeAttributesClass, IngressClass, PriorityClass, \
         RuntimeClass, CSIDriver or another class what it is.",
        "Objects that name the class rely on it. Delete the class first, or make another.",
        "pkg/apis/{storage,networking,scheduling,node,resource,discovery}/validation/validation.go",
        Check::Fields(CLASSES),
    ),
    refused(
        "crd-immutable",
        "names and scope of {} can't be changed",
        "The group, the scope, the kind or the plural of a CustomResourceDefinition changes.",
        "Its objects are stored under them. Only deleting it, with all its objects, lets it change.",
        "staging/src/k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go: \
         ValidateCustomResourceDefinitionUpdate",
        Check::Fields(&[Fields {
            kinds: &["apiextensions.k8s.io/CustomResourceDefinition"],
            paths: &["spec.group", "spec.scope", "spec.names.kind", "spec.names.plural"],
            except: &[],
            message: "refused: {field} can't be changed while the definition is in use",
        }]),
    ),
];

const STATEFUL_SET: &[&str] = &[
    "spec.replicas",
    "spec.ordinals",
    "spec.template",
    "spec.updateStrategy",
    "spec.revisionHistoryLimit",
    "spec.persistentVolumeClaimRetentionPolicy",
    "spec.minReadySeconds",
];

const CLASSES: &[Fields] = &[
    class(
        &["storage.k8s.io/StorageClass"],
        &["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"],
    ),
    class(&["storage.k8s.io/VolumeAttributesClass"], &["driverName", "parameters"]),
    class(&["storage.k8s.io/CSIDriver"], &["spec.attachRequired", "spec.volumeLifecycleModes"]),
    class(&["storage.k8s.io/VolumeAttachment"], &["spec"]),
    class(&["networking.k8s.io/IngressClass", "extensions/IngressClass"], &["spec.controller"]),
    class(&["scheduling.k8s.io/PriorityClass"], &["value", "preemptionPolicy"]),
    class(&["node.k8s.io/RuntimeClass"], &["handler"]),
    class(&["resource.k8s.io/ResourceClaim", "resource.k8s.io/ResourceClaimTemplate"], &["spec"]),
    class(&["discovery.k8s.io/EndpointSlice"], &["addressType"]),
    class(&["gateway.networking.k8s.io/GatewayClass"], &["spec.controllerName"]),
];

const fn class(kinds: &'static [&'static str], paths: &'static [&'static str]) -> Fields {
    Fields {
        kinds,
        paths,
        except: &[],
        message: "refused: {field} can't be changed; delete the object first, or make another",
    }
}

fn selector_mismatch(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let Some(new) = &subject.change.new else { return };
    let kinds = ["apps/Deployment", "apps/ReplicaSet", "apps/DaemonSet", "apps/StatefulSet"];
    let is_mismatched = |object| {
        let (Some(template), Some(asked)) = (workload::template(object), workload::pod_selector(object))
        else {
            return false;
        };
        !asked.matches(&selector::labels(&template, "metadata.labels"))
    };
    // An old object that was refused already, was never in the cluster: nothing new is to be said.
    if subject.is(&kinds)
        && is_mismatched(new)
        && !subject.change.old.as_ref().is_some_and(|o| is_mismatched(o))
    {
        let field = subject.field("spec.selector").or_else(|| subject.field("{pod}.metadata.labels"));
        findings.say_at(field, "refused: the selector doesn't match the labels of the pod template");
    }
}

fn job(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    if !subject.is(&["batch/Job"]) || subject.both().is_none() {
        return;
    }
    let (old, new) = (subject.old_value(), subject.new_value());
    // A suspended Job lets its scheduling be changed before it starts (mutable scheduling directives).
    let suspended = |value| read::boolean(value, "spec.suspend") == Some(true);
    let scheduling: &[&str] = &[
        "spec.template.metadata.annotations",
        "spec.template.metadata.labels",
        "spec.template.spec.nodeSelector",
        "spec.template.spec.affinity",
        "spec.template.spec.tolerations",
        "spec.template.spec.schedulingGates",
    ];
    let except = if suspended(&old) && suspended(&new) { scheduling } else { &[] };
    // An indexed Job may grow and shrink as long as both numbers go together (elastic indexed Jobs).
    let is_indexed = read::text(&new, "spec.completionMode").as_deref() == Some("Indexed");
    let is_elastic =
        is_indexed && read::integer(&new, "spec.completions") == read::integer(&new, "spec.parallelism");
    for path in [
        "spec.template",
        "spec.selector",
        "spec.completions",
        "spec.completionMode",
        "spec.podFailurePolicy",
        "spec.backoffLimitPerIndex",
        "spec.managedBy",
        "spec.successPolicy",
    ] {
        if path == "spec.completions" && is_elastic {
            continue;
        }
        if let Some(field) = subject.field_but(path, except) {
            let message = format!(
                "refused: {} of a Job can't be changed; delete the Job first, or give it another name",
                field.path
            );
            return findings.say_at(Some(field), message);
        }
    }
}

fn pod(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    if !subject.is(&["Pod"]) || subject.both().is_none() {
        return;
    }
    let only_added = |field: &FieldChange| field.old.is_none();
    let mutable = ["spec.activeDeadlineSeconds", "spec.containers.*.image", "spec.initContainers.*.image"];
    let grows = subject.field("spec.tolerations").is_some_and(only_added);
    let except: Vec<&str> = mutable.into_iter().chain(grows.then_some("spec.tolerations")).collect();
    if let Some(field) = subject.field_but("spec", &except) {
        let message = format!("refused: {} of a Pod can't be changed; delete the Pod first", field.path);
        findings.say_at(Some(field), message);
    }
}

/// The type of a Service; the API's default is `ClusterIP`.
fn service_type(value: &crate::value::Value) -> String {
    read::text(value, "spec.type").unwrap_or_else(|| "ClusterIP".to_string())
}

fn cluster_ip(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    if !subject.is(&["Service"]) || subject.both().is_none() {
        return;
    }
    let (old, new) = (subject.old_value(), subject.new_value());
    if service_type(&old) == "ExternalName" || service_type(&new) == "ExternalName" {
        return;
    }
    let address = |value| {
        let first = read::texts(value, "spec.clusterIPs").into_iter().next();
        read::text(value, "spec.clusterIP").or(first).filter(|address| !address.is_empty())
    };
    let field = subject.field("spec.clusterIP").or_else(|| subject.field("spec.clusterIPs"));
    let message = match (address(&old).as_deref(), address(&new).as_deref()) {
        (old, new) if old == new => return,
        (_, None) => return,
        (None, Some("None")) => "the Service has a cluster address and can't become headless",
        (Some("None"), Some(_)) => "the Service is headless and can't get a cluster address",
        (_, Some("None")) => "the Service has a cluster address and can't become headless",
        (None, Some(_)) => "the Service has been given a cluster address already and can't get this one",
        (Some(_), Some(_)) => "the cluster address of a Service can't be changed",
    };
    findings.say_at(field, format!("refused: {message}; delete the Service first, or rename it"));
}

fn service_fields(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    if !subject.is(&["Service"]) || subject.both().is_none() {
        return;
    }
    let (old, new) = (subject.old_value(), subject.new_value());
    let family = |value| read::texts(value, "spec.ipFamilies").into_iter().next();
    if let (Some(a), Some(b)) = (family(&old), family(&new)) {
        let is_external = service_type(&old) == "ExternalName" || service_type(&new) == "ExternalName";
        if a != b && !is_external {
            let message = format!("refused: the first IP family of a Service can't be changed ({a} → {b})");
            findings.say_at(subject.field("spec.ipFamilies"), message);
        }
    }
    let balanced = |value| service_type(value) == "LoadBalancer";
    if let (true, true, Some(field)) =
        (balanced(&old), balanced(&new), subject.field("spec.loadBalancerClass"))
    {
        let message = "refused: loadBalancerClass can't be changed while the type is LoadBalancer";
        findings.say_at(Some(field), message);
    }
    let checked = |value| {
        balanced(value) && read::text(value, "spec.externalTrafficPolicy").as_deref() == Some("Local")
    };
    let port = |value| read::integer(value, "spec.healthCheckNodePort").filter(|port| *port != 0);
    if let (true, true, Some(new_port)) = (checked(&old), checked(&new), port(&new))
        && port(&old) != Some(new_port)
    {
        let message = "refused: healthCheckNodePort can't be changed";
        findings.say_at(subject.field("spec.healthCheckNodePort"), message);
    }
}

fn claim_shrinks(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    if !subject.is(&["PersistentVolumeClaim"]) || subject.both().is_none() {
        return;
    }
    let size = |value| quantity::of(&read::at(value, "spec.resources.requests.storage")?);
    if let (Some(old), Some(new)) = (size(&subject.old_value()), size(&subject.new_value()))
        && new < old
    {
        let field = subject.field("spec.resources.requests.storage");
        findings.say_at(field, "refused: a claim can't become smaller than its volume");
    }
}

fn secret_type(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let kind = |value| read::text(value, "type").filter(|t| !t.is_empty()).unwrap_or("Opaque".to_string());
    if subject.is(&["Secret"])
        && subject.both().is_some()
        && kind(&subject.old_value()) != kind(&subject.new_value())
    {
        findings
            .say_at(subject.field("type"), "refused: the type of a Secret can't be changed; delete it first");
    }
}

fn immutable_data(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let is_immutable = read::boolean(&subject.old_value(), "immutable") == Some(true);
    if !is_immutable || !subject.is(&["ConfigMap", "Secret"]) || subject.both().is_none() {
        return;
    }
    let fields = ["data", "binaryData", "stringData", "immutable"];
    if let Some(field) = fields.iter().find_map(|path| subject.field(path)) {
        let message = format!(
            "refused: the {} is immutable; give the new one another name, or delete this one first",
            subject.kind()
        );
        findings.say_at(Some(field), message);
    }
}
