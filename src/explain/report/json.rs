//! The report for machines. `docs/explain.md` says what each field means; its names are stable, and `schema` counts
//! up when one changes its meaning or goes.

use crate::diagnostic::Place;
use crate::explain::influence::path::show;
use crate::explain::influence::{Influence, Replacement};
use crate::explain::object::{Decides, Explanation, Line};
use crate::explain::value::Reach;
use crate::explain::writer::{Call, Writer as By};
use crate::json::Writer;
use crate::trace::Role;
use crate::values::origin::Chain;

use super::words;

/// The version of what the report's fields mean.
pub const SCHEMA: usize = 1;

/// An explanation of an object or field.
pub fn object(explanation: &Explanation) -> String {
    let mut writer = Writer::new();
    writer.object(|w| {
        start(w);
        w.field_string("object", &explanation.object);
        w.field_some("field", explanation.field.as_deref());
        w.field_string("source", &explanation.source);
        w.field_bool("complete", explanation.complete);
        w.field_list("lines", &explanation.lines, |w, one| w.object(|w| line(w, explanation, one)));
        w.field_list("values", &explanation.values, |w, one| w.object(|w| decides(w, one)));
        w.field_list("identity", &explanation.identity, |w, one| w.object(|w| decides(w, one)));
        w.field_list("maybe", &explanation.maybe, |w, one| w.object(|w| decides(w, one)));
    });
    writer.finish()
}

fn start(w: &mut Writer) {
    w.field_count("schema", SCHEMA);
    w.field_string("torii", env!("CARGO_PKG_VERSION"));
}

fn line(w: &mut Writer, explanation: &Explanation, line: &Line) {
    w.field_count("line", line.number);
    w.field_string("text", &line.text);
    w.field_list("writers", &line.writers, |w, one| w.object(|w| by(w, one)));
    w.field_list("values", &line.values, |w, (index, how)| {
        w.object(|w| {
            let path = explanation.values.get(*index).map(|decides| show(&decides.path));
            w.field_string("path", &path.unwrap_or_default());
            w.field_string("decides", words::effect(how));
        });
    });
}

fn by(w: &mut Writer, by: &By) {
    w.field_string(
        "kind",
        match by.role {
            Role::Text => "text",
            Role::Action => "action",
            Role::Assign => "assignment",
            Role::Control => "block",
        },
    );
    place(w, &by.place);
    w.field_string("code", &by.code);
    w.field_list("functions", &by.functions, |w, name| w.string(&name.to_text()));
    w.field_list("reads", &by.reads, |w, path| w.string(&show(path)));
    w.field_list("names", &by.built_in, |w, name| w.string(name));
    w.field_list("calls", &by.calls, |w, one| w.object(|w| call(w, one)));
}

fn call(w: &mut Writer, call: &Call) {
    w.field_string("what", &call.what);
    w.field_bool("condition", call.is_condition);
    place(w, &call.place);
    w.field_string("code", &call.code);
    w.field_list("functions", &call.functions, |w, name| w.string(&name.to_text()));
    w.field_list("reads", &call.reads, |w, path| w.string(&show(path)));
    w.field_list("names", &call.built_in, |w, name| w.string(name));
}

fn place(w: &mut Writer, place: &Place) {
    w.field_string("file", &place.file);
    w.field_count("line", place.line);
    w.field_count("column", place.column);
}

fn decides(w: &mut Writer, decides: &Decides) {
    w.field_string("path", &show(&decides.path));
    w.field_value("value", decides.value.as_ref());
    origin(w, decides.origin.as_ref());
    if let Some(at) = &decides.set_at {
        w.field_object("set_at", |w| place(w, at));
    }
    if let Some((line, text, trial)) = &decides.example {
        w.field_object("example", |w| {
            replacement(w, decides.trials.get(*trial).map(|(replacement, _)| replacement));
            w.field_count("line", *line);
            w.field_string("text", text);
        });
    }
    w.field_list("added", &decides.added, |w, (after, text, trial)| {
        w.object(|w| {
            w.field_count("after", *after);
            w.field_string("text", text);
            replacement(w, decides.trials.get(*trial).map(|(replacement, _)| replacement));
        });
    });
    w.field_list("tried", &decides.trials, |w, (tried, failure)| {
        w.object(|w| {
            replacement(w, Some(tried));
            w.field_some("failure", failure.as_deref());
        });
    });
}

fn replacement(w: &mut Writer, replacement: Option<&Replacement>) {
    match replacement {
        Some(Replacement::Set(value)) => w.field_value("with", Some(value)),
        Some(Replacement::Removed) => w.field_bool("removed", true),
        None => {}
    }
}

fn origin(w: &mut Writer, chain: Option<&Chain>) {
    w.field_list("origin", chain.iter().flat_map(|chain| &chain.links), |w, link| {
        w.object(|w| {
            w.field_string("set_by", &link.words(""));
            if let Some(at) = &link.place {
                place(w, at);
            }
            w.field_value("value", Some(&link.value));
        });
    });
}

/// What becomes of a value.
pub fn value(reach: &Reach) -> String {
    let mut writer = Writer::new();
    writer.object(|w| {
        start(w);
        w.field_string("value", &show(&reach.path));
        w.field_bool("complete", reach.complete);
        origin(w, reach.origin.as_ref());
        w.field_list("leaves", &reach.influences, |w, one| w.object(|w| leaf(w, one)));
        w.field_list("readers", &reach.readers, |w, one| w.object(|w| by(w, one)));
        w.field_list("fields", &reach.fields, |w, field| {
            w.object(|w| {
                w.field_string("source", &field.source);
                w.field_some("object", field.object.as_deref());
                w.field_string("field", &field.field);
                w.field_count("line", field.line);
                w.field_string("text", &field.text);
                w.field_bool("goes", field.goes);
                w.field_bool("grows", field.grows);
            });
        });
    });
    writer.finish()
}

fn leaf(w: &mut Writer, influence: &Influence) {
    w.field_string("path", &show(&influence.path));
    w.field_value("value", influence.value.as_ref());
    w.field_list("files", &influence.files, |w, file| {
        w.object(|w| {
            w.field_string("source", &file.file);
            w.field_list("lines", &file.lines, |w, (number, how)| {
                w.object(|w| {
                    w.field_count("line", *number);
                    w.field_string("decides", words::effect(how));
                });
            });
            w.field_list("added", &file.added, |w, (_, added)| {
                w.object(|w| {
                    w.field_count("after", added.after);
                    w.field_count("count", added.count);
                });
            });
        });
    });
}
