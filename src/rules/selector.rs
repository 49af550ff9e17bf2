//! Label selectors.

use std::collections::BTreeMap;

use super::read;
use crate::value::Value;

/// Labels of an object or a pod.
pub type Labels = BTreeMap<String, String>;

/// What selects by labels: a Service's `selector` (a map) or a `LabelSelector`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    labels: Labels,
    expressions: Vec<Expression>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Expression {
    key: String,
    operator: String,
    values: Vec<String>,
}

impl Expression {
    fn matches(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.key);
        match self.operator.as_str() {
            "In" => value.is_some_and(|value| self.values.contains(value)),
            "NotIn" => value.is_none_or(|value| !self.values.contains(value)),
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            _ => false,
        }
    }
}

/// The labels at a path: `metadata.labels`.
pub fn labels(value: &Value, path: &str) -> Labels {
    read::entries(value, path)
        .into_iter()
        .filter_map(|(key, value)| read::scalar(&value).map(|value| (key, value)))
        .collect()
}

impl Selector {
    /// A map of labels that all must be there, as Services have it.
    pub fn from_map(value: &Value, path: &str) -> Selector {
        Selector { labels: labels(value, path), expressions: Vec::new() }
    }

    /// A `LabelSelector`: `matchLabels` and `matchExpressions`.
    pub fn from_label_selector(value: &Value, path: &str) -> Selector {
        let selector = read::at(value, path).unwrap_or_default();
        let expression = |value: &Value| Expression {
            key: read::text(value, "key").unwrap_or_default(),
            operator: read::text(value, "operator").unwrap_or_default(),
            values: read::texts(value, "values"),
        };
        Selector {
            labels: labels(&selector, "matchLabels"),
            expressions: read::items(&selector, "matchExpressions").iter().map(expression).collect(),
        }
    }

    /// Whether it asks for nothing. What that means depends on who selects.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.expressions.is_empty()
    }

    /// The labels that must be there with these values.
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// The same without the labels of these keys.
    pub fn without(&self, keys: &[&str]) -> Selector {
        let mut selector = self.clone();
        selector.labels.retain(|key, _| !keys.contains(&key.as_str()));
        selector
    }

    /// Whether it selects what has these labels (`apimachinery/pkg/labels/selector.go: Requirement.Matches`).
    pub fn matches(&self, labels: &Labels) -> bool {
        self.labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.expressions.iter().all(|expression| expression.matches(labels))
    }

    /// What of it these labels don't have, for the reader: `app=gw,!canary`.
    pub fn missing(&self, labels: &Labels) -> String {
        let lacks = |(key, value): &(&String, &String)| labels.get(*key) != Some(*value);
        let own = self.labels.iter().filter(lacks).map(|(key, value)| (key.clone(), value.clone())).collect();
        let unmet =
            self.expressions.iter().filter(|expression| !expression.matches(labels)).cloned().collect();
        Selector { labels: own, expressions: unmet }.describe()
    }

    /// As `kubectl -l` writes it: `app=gw,istio=gw`.
    pub fn describe(&self) -> String {
        self.parts().join(",")
    }

    /// All that it asks for, one by one.
    pub fn parts(&self) -> Vec<String> {
        let labels = self.labels.iter().map(|(key, value)| format!("{key}={value}"));
        let expressions = self.expressions.iter().map(|e| match e.operator.as_str() {
            "Exists" => e.key.clone(),
            "DoesNotExist" => format!("!{}", e.key),
            operator => format!("{} {} ({})", e.key, operator.to_lowercase(), e.values.join(", ")),
        });
        labels.chain(expressions).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_and_labels_must_all_match() {
        let selector = crate::yaml::decode_with_integers(
            b"{matchLabels: {app: gw}, matchExpressions: [{key: rev, operator: In, values: [a, b]}, {key: canary, operator: DoesNotExist}]}",
        );
        let selector = Selector::from_label_selector(&selector.unwrap(), "");
        let labels = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect::<Labels>()
        };
        assert!(selector.matches(&labels(&[("app", "gw"), ("rev", "a")])));
        assert!(!selector.matches(&labels(&[("app", "gw"), ("rev", "c")])));
        assert!(!selector.matches(&labels(&[("app", "gw")])));
        assert!(!selector.matches(&labels(&[("app", "gw"), ("rev", "a"), ("canary", "yes")])));
        assert_eq!(selector.describe(), "app=gw,rev in (a, b),!canary");
    }
}
