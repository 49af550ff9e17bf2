//! Objects by a pattern, as `--ignore` and `torii.yaml` name them.
//!
//! ```text
//! OBJECT  = [ KIND [ "." GROUP ] [ "/" [ NAMESPACE "/" ] NAME ] ]      empty: every object
//! ```
//! `*` stands for any characters, `?` for one. Kinds are compared without case, all else with it.

use super::object::Identity;

/// A pattern, ready to be matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectPattern {
    kind: String,
    group: Option<String>,
    namespace: Option<String>,
    name: String,
}

impl ObjectPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<ObjectPattern, &'static str> {
        let parts: Vec<&str> = text.split('/').collect();
        let (kind, namespace, name) = match parts.as_slice() {
            [kind] => (*kind, None, "*"),
            [kind, name] => (*kind, None, *name),
            [kind, namespace, name] => (*kind, Some(*namespace), *name),
            _ => return Err("an object is KIND, KIND/NAME or KIND/NAMESPACE/NAME"),
        };
        if name.is_empty() || namespace == Some("") {
            return Err("a name is empty");
        }
        let (kind, group) = match kind.split_once('.') {
            Some((kind, group)) => (kind, Some(group.to_string())),
            None => (kind, None),
        };
        Ok(ObjectPattern {
            kind: if kind.is_empty() { "*".into() } else { kind.to_lowercase() },
            group,
            namespace: namespace.map(str::to_string),
            name: name.to_string(),
        })
    }

    /// The pattern of every object.
    pub fn all() -> ObjectPattern {
        ObjectPattern { kind: "*".into(), group: None, namespace: None, name: "*".into() }
    }

    /// Whether it is a pattern of this object.
    pub fn matches(&self, id: &Identity) -> bool {
        matches(&self.kind, &id.kind.to_lowercase())
            && self.group.as_ref().is_none_or(|group| matches(group, &id.group))
            && self.namespace.as_ref().is_none_or(|namespace| matches(namespace, &id.namespace))
            && matches(&self.name, &id.name)
    }
}

/// Whether a text matches a pattern with `*` and `?`, in a time that grows with their product at most.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || Some(c) == text.get(t) => {
                p += 1;
                t += 1;
            }
            // Let the last star take one more.
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    p = at + 1;
                    t = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(|c| *c == '*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_found_by_kind_namespace_and_name() {
        let id = Identity {
            group: "apps".into(),
            kind: "Deployment".into(),
            namespace: "edge".into(),
            name: "gw-1".into(),
        };
        for text in ["", "deployment", "Deployment.apps/gw-*", "*/edge/gw-?", "Deployment/gw-1"] {
            assert!(ObjectPattern::parse(text).unwrap().matches(&id), "{text}");
        }
        for text in ["Service", "Deployment.extensions/gw-1", "*/other/gw-1", "Deployment/gw"] {
            assert!(!ObjectPattern::parse(text).unwrap().matches(&id), "{text}");
        }
        assert!(ObjectPattern::parse("a/b/c/d").is_err() && ObjectPattern::parse("a/").is_err());
    }
}
