//! The report for programs; its fields are described in `docs/check.md`.

use crate::check::{Checked, Told};
use crate::json::Writer;
use crate::rules::object::Severity;

/// The version of what the fields mean.
pub const SCHEMA: usize = 1;

/// The report. Findings that were set aside say so.
pub fn json(checked: &Checked) -> String {
    let mut writer = Writer::new();
    writer.object(|w| {
        w.field_count("schema", SCHEMA);
        w.field_list("sources", &checked.sources, |w, source| w.string(source));
        w.field_count("objects", checked.objects);
        w.field_object("counts", |w| {
            for severity in Severity::ALL {
                w.field_count(severity.name(), checked.count(severity));
            }
            w.field_count("suppressed", checked.suppressed.len());
        });
        w.field_list("findings", checked.findings.iter().chain(&checked.suppressed), |w, told| {
            w.object(|w| finding(w, checked, told));
        });
        w.field_list("warnings", &checked.warnings, |w, warning| w.string(warning));
    });
    writer.finish()
}

fn finding(w: &mut Writer, checked: &Checked, told: &Told) {
    w.field_string("rule", told.rule.id);
    w.field_string("name", told.rule.name);
    w.field_string("severity", told.severity.name());
    w.field_string("message", &told.message);
    w.field_string("why", told.rule.why);
    w.field_string("fix", &told.fix);
    if let Some(source) = checked.sources.get(told.source) {
        w.field_string("source", source);
    }
    if let Some(id) = &told.object {
        w.field_object("object", |w| {
            w.field_string("group", &id.group);
            w.field_string("kind", &id.kind);
            w.field_string("namespace", &id.namespace);
            w.field_string("name", &id.name);
        });
    }
    if let Some(field) = &told.field {
        w.field_string(if told.object.is_some() { "field" } else { "value" }, field);
    }
    let spot = &told.spot;
    w.field_object("place", |w| {
        w.field_string("file", &spot.file);
        if spot.line > 0 {
            w.field_count("line", spot.line);
        }
    });
    if let Some((file, line)) = &spot.rendered {
        w.field_object("rendered", |w| {
            w.field_string("file", file);
            w.field_count("line", *line);
        });
        w.field_list("values", &spot.values, |w, (path, set)| {
            w.object(|w| {
                w.field_string("path", path);
                w.field_string("set", set);
            });
        });
    }
    if let Some(suppressed) = &told.suppressed {
        w.field_object("suppressed", |w| {
            w.field_string("by", suppressed.by);
            if let Some(reason) = &suppressed.reason {
                w.field_string("reason", reason);
            }
        });
    }
}
