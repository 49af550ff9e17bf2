//! The ports of Services, read once.

use crate::manifest::object::Object;
use crate::rules::read;
use crate::value::Value;

/// A port of a Service.
#[derive(Clone, Debug)]
pub struct ServicePort {
    /// Its place in `spec.ports`.
    pub index: usize,
    /// Its number, if it is one.
    pub number: Option<i64>,
    /// Its number, as it is written.
    pub text: String,
    /// Its protocol: `TCP`, if it says none.
    pub protocol: String,
    /// Where it leads to.
    pub target: Target,
}

/// The port of a pod that a port of a Service leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// The one of this number.
    Number(i64),
    /// The one of this name.
    Name(String),
    /// None that is known.
    None,
}

impl ServicePort {
    /// The ports of a Service.
    pub(super) fn all(service: &Object) -> Vec<ServicePort> {
        let of = |(index, port): (usize, &Value)| {
            let number = read::integer(port, "port");
            let target = read::text(port, "targetPort").filter(|target| !target.is_empty() && target != "0");
            ServicePort {
                index,
                number,
                text: read::text(port, "port").unwrap_or_default(),
                protocol: protocol(port),
                target: match target {
                    Some(name) => name.parse().map_or(Target::Name(name), Target::Number),
                    None => number.map_or(Target::None, Target::Number),
                },
            }
        };
        read::items(&service.value, "spec.ports").iter().enumerate().map(of).collect()
    }
}

/// The protocol of a port: `TCP`, if it says none.
pub fn protocol(port: &Value) -> String {
    read::text(port, "protocol").filter(|text| !text.is_empty()).unwrap_or_else(|| "TCP".to_string())
}
