//! The values of charts. They are found where the values are known: `check/values.rs`.

use crate::rules::object::{Check, Rule, Severity};

/// The table.
pub const RULES: &[Rule] = &[
    Rule {
        id: "VAL001",
        name: "value-unused",
        severity: Severity::Warning,
        summary: "A value is set that no template of the chart uses, in any configuration.",
        why: "Helm takes any value without a word, so a slip in a name, or a name that an older version of the chart \
              had, is set in vain. Before a value is told, the chart is rendered without it: it made no difference.",
        fix: "Correct its name, or remove it; torii show values CHART prints what there is.",
        source: "",
        check: Check::Elsewhere,
    },
    Rule {
        id: "VAL002",
        name: "value-of-other-type",
        severity: Severity::Warning,
        summary: "A value has another type than the chart's own value: a text for a boolean, a list for a map.",
        why: "Templates are written for the type of the default. The text \"false\" counts as true, and a list in \
              the place of a map stops the render or is passed over.",
        fix: "Give it the type of the chart's own value; for texts on the command line, --set instead of \
              --set-string.",
        source: "text/template: IsTrue; pkg/chart/common/util/coalesce.go: coalesceTablesFullKey",
        check: Check::Elsewhere,
    },
];
