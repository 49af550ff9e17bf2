//! Where data is, and whether it stays.

use std::collections::BTreeMap;

use super::Effect::Storage;
use super::facts::{Occasion, Subject};
use super::rule::{Check, Fields, Findings, Rule};
use crate::rules::{quantity, read, workload};
use crate::value::Value;

/// The table.
pub const RULES: &[Rule] = &[
    Rule::new(
        "data-deleted",
        Storage,
        "data deleted ({})",
        "A PersistentVolumeClaim or a PersistentVolume goes, by itself or with its Namespace.",
        "With the reclaim policy Delete, which dynamic provisioning gives, the volume is deleted with its claim.",
        Check::Run(deleted),
    ),
    Rule::new(
        "data-left-behind",
        Storage,
        "data left behind ({})",
        "A StatefulSet with claims of its own goes or gets another name.",
        "Claims are named after the set and the pod: another set has other claims, which begin empty. Those of the old \
         one stay in the cluster, unless persistentVolumeClaimRetentionPolicy says Delete.",
        Check::Run(left_behind),
    ),
    Rule::new(
        "claim-grows",
        Storage,
        "larger claims ({})",
        "A PersistentVolumeClaim asks for more.",
        "The StorageClass must allow expansion (allowVolumeExpansion); some file systems grow only when the pod \
         restarts. It can't be taken back.",
        Check::Run(grows),
    )
    .source("pkg/apis/core/validation/validation.go: ValidatePersistentVolumeClaimUpdate"),
    Rule::new(
        "claim-new",
        Storage,
        "new volumes ({})",
        "A PersistentVolumeClaim or PersistentVolume is new.",
        "A volume is made for it, and paid for.",
        Check::Run(new_claim),
    ),
    Rule::new(
        "pod-volume-changed",
        Storage,
        "other volumes of pods ({})",
        "Pods use another claim, host path or empty directory under the same volume name, get such a volume or lose \
         it.",
        "Data does not move with it: the program starts with what is in the new place.",
        Check::Run(volumes),
    ),
    Rule::new(
        "data-mounted-elsewhere",
        Storage,
        "data mounted elsewhere ({})",
        "A volume with data is mounted at another path, or another part of it is.",
        "The program looks for its data where it was.",
        Check::Run(mounts),
    ),
    Rule::new(
        "claim-retention",
        Storage,
        "other retention of claims ({})",
        "A StatefulSet changes what becomes of its claims when it is deleted or scaled down.",
        "With Delete, data goes with the pods.",
        Check::Fields(&[Fields {
            kinds: &["apps/StatefulSet"],
            paths: &["spec.persistentVolumeClaimRetentionPolicy"],
            except: &[],
            message: "changes what becomes of its claims and their data: {field}",
        }]),
    ),
    Rule::new(
        "reclaim-policy",
        Storage,
        "other use of volumes ({})",
        "A PersistentVolume changes what becomes of it when its claim goes, its size, class or claim.",
        "With Delete the data goes with the claim, with Retain it stays.",
        Check::Fields(&[Fields {
            kinds: &["PersistentVolume"],
            paths: &[
                "spec.persistentVolumeReclaimPolicy",
                "spec.capacity",
                "spec.claimRef",
                "spec.storageClassName",
                "spec.mountOptions",
                "spec.accessModes",
            ],
            except: &[],
            message: "changes what the volume is to its claim: {field}",
        }]),
    ),
    Rule::new(
        "storage-class",
        Storage,
        "other classes ({})",
        "A StorageClass changes, or is the default one now or no longer.",
        "It counts for volumes made from now on. Claims without a class take the default one.",
        Check::Run(class),
    ),
    Rule::new(
        "attributes-class",
        Storage,
        "other attributes ({})",
        "A PersistentVolumeClaim names another VolumeAttributesClass.",
        "The driver changes the volume while it is in use.",
        Check::Fields(&[Fields {
            kinds: &["PersistentVolumeClaim"],
            paths: &["spec.volumeAttributesClassName"],
            except: &[],
            message: "the volume gets other attributes: {field}",
        }]),
    ),
    Rule::new(
        "claim-template",
        Storage,
        "claim templates ({})",
        "The volumeClaimTemplates of a StatefulSet change.",
        "The change is refused; claims that are there keep their size and class in any case, and must be changed one by \
         one.",
        Check::Fields(&[Fields {
            kinds: &["apps/StatefulSet"],
            paths: &["spec.volumeClaimTemplates"],
            except: &[],
            message: "claims that are there stay as they are, whatever {field} says",
        }]),
    ),
];

fn deleted(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let Some(old) = subject.removed() else { return };
    if super::delete::is_kept(&old.value) {
        return;
    }
    if subject.is(&["PersistentVolumeClaim"]) {
        findings.say(format!("the data of {} goes, unless its volume has the reclaim policy Retain", old.id));
    } else if subject.is(&["PersistentVolume"]) {
        findings.say(format!("{} goes; what becomes of its data, its reclaim policy says", old.id));
    } else if subject.is(&["Namespace"]) {
        findings.say(format!("the data of all claims in {} goes", old.id));
    }
}

fn left_behind(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let Some(old) = subject.removed().filter(|_| subject.is(&["apps/StatefulSet"])) else { return };
    if read::items(&old.value, "spec.volumeClaimTemplates").is_empty() || super::delete::is_kept(&old.value) {
        return;
    }
    let policy = read::text(&old.value, "spec.persistentVolumeClaimRetentionPolicy.whenDeleted");
    let fate = match policy.as_deref() {
        Some("Delete") => "go with it, and their data",
        _ => "stay in the cluster with their data",
    };
    let more = match subject.added() {
        Some(new) => format!("; those of {} begin empty", new.id),
        None => String::new(),
    };
    findings.say(format!("the claims of {} {fate}{more}", old.id));
}

fn grows(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    if !subject.is(&["PersistentVolumeClaim"]) || subject.both().is_none() {
        return;
    }
    let path = "spec.resources.requests.storage";
    let size = |value| quantity::of(&read::at(value, path)?);
    let (old, new) = (subject.old_value(), subject.new_value());
    if let (Some(was), Some(is)) = (size(&old), size(&new))
        && is > was
    {
        let text = |value| read::text(value, path).unwrap_or_default();
        let message = format!("grows from {} to {}; its class must allow expansion", text(&old), text(&new));
        findings.say_at(subject.field(path), message);
    }
}

fn new_claim(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    if subject.is(&["PersistentVolumeClaim", "PersistentVolume"]) && subject.occasion == Occasion::Added {
        let value = subject.new_value();
        let size = read::text(&value, "spec.resources.requests.storage")
            .or_else(|| read::text(&value, "spec.capacity.storage"))
            .unwrap_or_default();
        findings.say(format!("a new volume {size}").trim_end());
    }
}

/// The volumes of a pod that may hold data, with what they are.
fn data_volumes(template: &Value) -> BTreeMap<String, String> {
    let mut volumes = BTreeMap::new();
    for volume in read::items(template, "spec.volumes") {
        let Some(name) = read::text(&volume, "name") else { continue };
        let kind = read::entries(&volume, "").into_iter().map(|(key, _)| key).find(|key| key != "name");
        let text = |path: &str| read::text(&volume, path).unwrap_or_default();
        let what = match kind.as_deref() {
            Some("configMap" | "secret" | "projected" | "downwardAPI" | "image") => continue,
            Some("persistentVolumeClaim") => {
                format!("the claim {}", text("persistentVolumeClaim.claimName"))
            }
            Some("hostPath") => format!("the host path {}", text("hostPath.path")),
            Some("nfs") => format!("{} of the NFS server {}", text("nfs.path"), text("nfs.server")),
            Some("csi") => format!("a volume of {}", text("csi.driver")),
            Some("ephemeral") => "an ephemeral volume".to_string(),
            None | Some("emptyDir") => "an empty directory".to_string(),
            Some(other) => format!("a volume of the kind {other}"),
        };
        volumes.insert(name, what);
    }
    volumes
}

fn volumes(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let Some((old, new)) = subject.both() else { return };
    let (Some(old), Some(new)) = (workload::template(old), workload::template(new)) else { return };
    let field = subject.field("{pod}.spec.volumes");
    if field.is_none() {
        return;
    }
    let is_empty = |what: &str| what == "an empty directory" || what == "an ephemeral volume";
    let (was, is) = (data_volumes(&old), data_volumes(&new));
    let mut texts = Vec::new();
    for (name, old) in &was {
        match is.get(name) {
            Some(new) if old != new => texts.push(format!("{name} is {new} instead of {old}")),
            None if !is_empty(old) => texts.push(format!("{name} ({old}) is gone")),
            _ => {}
        }
    }
    for (name, new) in is.iter().filter(|(name, new)| !was.contains_key(*name) && !is_empty(new)) {
        texts.push(format!("{name} is {new}"));
    }
    if !texts.is_empty() {
        findings.say_at(field, format!("its pods use other volumes: {}", read::list(&texts, 4)));
    }
}

fn mounts(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let Some((old, new)) = subject.both() else { return };
    let path = "{pod}.spec.containers.*.volumeMounts";
    let Some(field) = subject.field(path) else { return };
    let (Some(old), Some(new)) = (workload::template(old), workload::template(new)) else { return };
    // The volumes with data of each side: those of claims are made from templates in a StatefulSet.
    let claims = read::items(&subject.new_value(), "spec.volumeClaimTemplates");
    let claims = claims.iter().filter_map(|claim| read::text(claim, "metadata.name"));
    let mut with_data: BTreeMap<String, String> = data_volumes(&new);
    with_data.retain(|_, what| what != "an empty directory" && what != "an ephemeral volume");
    with_data.extend(claims.map(|name| (name, String::new())));
    let places = |template: &Value| {
        let mut places: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
        for container in workload::containers(template) {
            for mount in read::items(&container.value, "volumeMounts") {
                let text = |name| read::text(&mount, name).unwrap_or_default();
                let place = match (text("mountPath"), text("subPath")) {
                    (path, part) if part.is_empty() => path,
                    (path, part) => format!("{path} (its part {part})"),
                };
                places.entry((container.name.clone(), text("name"))).or_default().push(place);
            }
        }
        places
    };
    let (was, is) = (places(&old), places(&new));
    let mut texts = Vec::new();
    for ((container, volume), places) in &was {
        let Some(now) = is.get(&(container.clone(), volume.clone())) else { continue };
        if with_data.contains_key(volume) && places != now {
            texts.push(format!(
                "{container} has {volume} at {} instead of {}",
                now.join(", "),
                places.join(", ")
            ));
        }
    }
    if !texts.is_empty() {
        findings.say_at(Some(field), read::list(&texts, 3));
    }
}

fn class(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    if !subject.is(&["storage.k8s.io/StorageClass"]) {
        return;
    }
    let default = |value: &Value| {
        read::annotation(value, "storageclass.kubernetes.io/is-default-class").as_deref() == Some("true")
    };
    let (was, is) = (default(&subject.old_value()), default(&subject.new_value()));
    if was != is {
        let message = if is {
            "is the default class now, for claims that name none"
        } else {
            "is not the default class, which claims that name none take"
        };
        findings.say_at(subject.field("metadata.annotations"), message);
    }
    let fields = ["allowVolumeExpansion", "mountOptions", "allowedTopologies"];
    if let Some(field) = fields.iter().find_map(|path| subject.field(path)) {
        findings.say_at(Some(field), format!("makes volumes in another way from now on: {}", field.path));
    }
}
