//! What pods may do beyond what a container normally may, and what they give up by themselves.

use std::collections::{BTreeMap, BTreeSet};

use crate::rules::read;
use crate::rules::workload::{self, Container};
use crate::value::Value;

/// What the pods of a template may do.
#[derive(Debug, Default)]
pub struct Powers {
    /// What they may do more than a plain pod: `hostNetwork`, `capability NET_ADMIN of envoy`.
    pub grants: BTreeSet<String>,
    /// What each container gives up: `runAsNonRoot`.
    pub guards: BTreeMap<String, BTreeSet<&'static str>>,
}

/// Reads what the pods of a template may do (`pod-security-standards`: baseline and restricted).
pub fn powers(template: &Value) -> Powers {
    let mut powers = Powers::default();
    for field in ["hostNetwork", "hostPID", "hostIPC"] {
        if read::boolean(template, &format!("spec.{field}")) == Some(true) {
            powers.grants.insert(field.to_string());
        }
    }
    for volume in read::items(template, "spec.volumes") {
        if let Some(path) = read::text(&volume, "hostPath.path") {
            powers.grants.insert(format!("hostPath {path}"));
        }
    }
    for sysctl in read::items(template, "spec.securityContext.sysctls") {
        let name = read::text(&sysctl, "name").unwrap_or_default();
        if !SAFE_SYSCTLS.contains(&name.as_str()) {
            powers.grants.insert(format!("the unsafe sysctl {name}"));
        }
    }
    let pod = read::at(template, "spec.securityContext").unwrap_or_default();
    for container in workload::containers(template) {
        of_container(&pod, &container, &mut powers);
    }
    powers
}

/// Sysctls that don't reach beyond the pod (`pod-security-standards`, baseline).
const SAFE_SYSCTLS: &[&str] = &[
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
];

fn of_container(pod: &Value, container: &Container, powers: &mut Powers) {
    let name = &container.name;
    let own = read::at(&container.value, "securityContext").unwrap_or_default();
    // The container's word goes before the pod's.
    let boolean = |path| read::boolean(&own, path).or_else(|| read::boolean(pod, path));
    let text = |path| read::text(&own, path).or_else(|| read::text(pod, path));
    let mut grant = |what: String| {
        powers.grants.insert(what);
    };
    let is_privileged = read::boolean(&own, "privileged") == Some(true);
    if is_privileged {
        grant(format!("privileged mode of {name}"));
    }
    for capability in read::texts(&own, "capabilities.add") {
        grant(format!("capability {capability} of {name}"));
    }
    if text("runAsUser").as_deref() == Some("0") {
        grant(format!("user 0 (root) of {name}"));
    }
    if text("procMount").as_deref() == Some("Unmasked") {
        grant(format!("unmasked /proc of {name}"));
    }
    if text("seccompProfile.type").as_deref() == Some("Unconfined") {
        grant(format!("no seccomp profile of {name}"));
    }
    if text("appArmorProfile.type").as_deref() == Some("Unconfined") {
        grant(format!("no AppArmor profile of {name}"));
    }
    if boolean("windowsOptions.hostProcess") == Some(true) {
        grant(format!("host process {name}"));
    }
    for port in read::items(&container.value, "ports") {
        if let Some(number) = read::text(&port, "hostPort").filter(|port| port != "0") {
            grant(format!("hostPort {number} of {name}"));
        }
    }
    let drops = read::texts(&own, "capabilities.drop");
    let user = text("runAsUser");
    let guards = [
        // A user who isn't root is one way to say it.
        ("runAsNonRoot", boolean("runAsNonRoot") == Some(true) || user.is_some_and(|user| user != "0")),
        (
            "allowPrivilegeEscalation: false",
            read::boolean(&own, "allowPrivilegeEscalation") == Some(false) && !is_privileged,
        ),
        ("readOnlyRootFilesystem", read::boolean(&own, "readOnlyRootFilesystem") == Some(true)),
        ("dropped capabilities", drops.iter().any(|c| c.eq_ignore_ascii_case("all"))),
        (
            "a seccomp profile",
            matches!(text("seccompProfile.type").as_deref(), Some("RuntimeDefault" | "Localhost")),
        ),
    ];
    let kept = guards.into_iter().filter(|(_, is_kept)| *is_kept).map(|(guard, _)| guard);
    powers.guards.entry(name.clone()).or_default().extend(kept);
}

/// Guards that containers of both sides have on the first and not on the second: `runAsNonRoot of envoy`.
pub fn lost(from: &Powers, to: &Powers) -> Vec<String> {
    let mut lost = Vec::new();
    for (name, guards) in &from.guards {
        let Some(others) = to.guards.get(name) else { continue };
        lost.extend(guards.difference(others).map(|guard| format!("{guard} of {name}")));
    }
    lost
}
