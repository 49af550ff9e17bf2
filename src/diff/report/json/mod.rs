//! The report as JSON, for programs. `docs/diff-json.md` says what each field means; its names are stable, and
//! `schema` counts up when one changes its meaning or goes.

use crate::compare::Path;
use crate::compare::path::Which;
use crate::diff::{
    Cause, FieldReview, Fold, ObjectReview, Review, SideSummary, ValueChange, ValueFinding, Verdict,
};
use crate::json::Writer;
use crate::manifest::object::{Identity, Role};
use crate::rules::change::Impact;

use super::counts::Counts;
use super::words::{self, Happening};

/// The version of what the report's fields mean.
pub const SCHEMA: usize = 1;

/// The report of one or several reviews.
pub fn json(reviews: &[Review]) -> String {
    let mut writer = Writer::new();
    writer.object(|w| {
        w.field_count("schema", SCHEMA);
        w.field_string("torii", env!("CARGO_PKG_VERSION"));
        verdict(w, &words::overall(reviews));
        counts(w, &Counts::of_all(reviews));
        w.field_list("reviews", reviews, |w, one| w.object(|w| review(w, one)));
    });
    writer.finish()
}

fn review(w: &mut Writer, review: &Review) {
    w.field_some("title", review.title.as_deref());
    side(w, "old", &review.old);
    side(w, "new", &review.new);
    verdict(w, &review.verdict);
    counts(w, &Counts::of(review));
    w.field_object("values", |w| {
        w.field_list("defaults", &review.values.defaults, value_change);
        w.field_list("user", &review.values.user, value_change);
        w.field_list("findings", &review.values.findings, value_finding);
    });
    w.field_list("changes", &review.changes, |w, change| w.object(|w| object(w, change)));
    w.field_list("folds", &review.folds, fold);
    w.field_list("ignored", &review.ignored, |w, ignored| {
        w.object(|w| {
            w.field_string("rule", &ignored.rule);
            w.field_count("objects", ignored.objects);
            w.field_count("fields", ignored.fields);
        });
    });
    w.field_list("warnings", &review.warnings, |w, warning| w.string(warning));
}

fn side(w: &mut Writer, name: &str, side: &SideSummary) {
    w.field_object(name, |w| {
        w.field_string("name", &side.name);
        w.field_some("chart", side.chart.as_deref());
        w.field_some("appVersion", side.app_version.as_deref());
        w.field_count("objects", side.objects);
    });
}

fn verdict(w: &mut Writer, verdict: &Verdict) {
    w.field_object("verdict", |w| {
        match verdict.effect {
            Some(effect) => w.field_string("effect", effect.name()),
            None => w.field_null("effect"),
        }
        w.field_string("line", &verdict.line);
        w.field_object("counts", |w| {
            for (effect, n) in &verdict.counts {
                w.field_count(effect.name(), *n);
            }
        });
    });
}

fn counts(w: &mut Writer, counts: &Counts) {
    w.field_object("counts", |w| {
        w.field_count("added", counts.added);
        w.field_count("changed", counts.changed);
        w.field_count("removed", counts.removed);
        w.field_count("folded", counts.folded);
        w.field_count("equal", counts.equal);
        w.field_count("equalInMeaning", counts.same);
        w.field_count("ignoredObjects", counts.ignored_objects);
        w.field_count("ignoredFields", counts.ignored_fields);
    });
}

fn value_change(w: &mut Writer, change: &ValueChange) {
    w.object(|w| {
        w.field_string("path", &change.path);
        w.field_string("change", words::value_change(change.kind));
        w.field_value("old", change.old.as_ref());
        w.field_value("new", change.new.as_ref());
        w.field_some("oldPlace", change.old_place.as_deref());
        w.field_some("newPlace", change.new_place.as_deref());
        w.field_some("moved", change.moved.as_deref());
    });
}

fn value_finding(w: &mut Writer, finding: &ValueFinding) {
    w.object(|w| {
        w.field_string("path", &finding.path);
        w.field_string("kind", words::value_finding(finding.kind));
        w.field_string("message", &finding.message);
        w.field_some("place", finding.place.as_deref());
    });
}

/// Writes the fields of an identity into the object that is open.
pub(super) fn identity(w: &mut Writer, id: &Identity) {
    w.field_string("group", &id.group);
    w.field_string("kind", &id.kind);
    w.field_string("namespace", &id.namespace);
    w.field_string("name", &id.name);
}

fn object(w: &mut Writer, object: &ObjectReview) {
    w.field_object("object", |w| identity(w, &object.id));
    w.field_string("change", Happening::of(object).name());
    if let Some(from) = &object.renamed_from {
        w.field_object("renamedFrom", |w| identity(w, from));
    }
    let own = object.new.as_ref().or(object.old.as_ref());
    if let Some(own) = own {
        w.field_string(
            "role",
            match own.role {
                Role::Object => "object",
                Role::Hook => "hook",
                Role::Definition => "definition",
            },
        );
        w.field_string("source", &own.source);
    }
    match words::worst(object) {
        Some(effect) => w.field_string("effect", effect.name()),
        None => w.field_null("effect"),
    }
    w.field_list("impacts", &object.impacts, impact);
    causes(w, &object.causes);
    w.field_list("fields", &object.fields, |w, one| w.object(|w| field(w, one)));
    w.field_count("folded", object.folded);
    w.field_some("fallback", object.fallback);
    w.field_value("old", object.old.as_ref().map(|object| &object.value));
    w.field_value("new", object.new.as_ref().map(|object| &object.value));
}

fn impact(w: &mut Writer, impact: &Impact) {
    w.object(|w| {
        w.field_string("rule", impact.rule);
        w.field_string("effect", impact.effect.name());
        w.field_some("field", impact.field.as_ref().map(ToString::to_string).as_deref());
        w.field_string("message", &impact.message);
    });
}

fn causes(w: &mut Writer, causes: &[Cause]) {
    w.field_list("causes", causes, |w, cause| {
        w.object(|w| {
            w.field_string("kind", words::cause_kind(cause.kind));
            w.field_some("what", cause.what.as_deref());
            w.field_some("oldPlace", cause.old_place.as_deref());
            w.field_some("newPlace", cause.new_place.as_deref());
        });
    });
}

/// Writes a path, and where it is on the sides that have it.
fn path(w: &mut Writer, path: &Path, old: bool, new: bool) {
    w.field_string("path", &path.to_string());
    let pointer = |which, is_there: bool| path.pointer(which).filter(|_| is_there);
    w.field_some("oldPointer", pointer(Which::Old, old).as_deref());
    w.field_some("newPointer", pointer(Which::New, new).as_deref());
}

fn field(w: &mut Writer, field: &FieldReview) {
    let change = &field.change;
    path(w, &change.path, change.old.is_some(), change.new.is_some());
    w.field_value("old", change.old.as_ref());
    w.field_value("new", change.new.as_ref());
    w.field_some("equalInMeaning", change.same.map(words::same_name));
    w.field_list("notes", &change.notes, |w, note| w.string(note));
    w.field_bool("secret", field.secret);
    w.field_bool("volatile", field.volatile);
    causes(w, &field.causes);
}

fn fold(w: &mut Writer, fold: &Fold) {
    w.object(|w| {
        w.field_string("kind", words::fold(fold.kind));
        w.field_string("message", &fold.message);
        w.field_list("paths", &fold.paths, |w, path| w.string(&path.to_string()));
        w.field_count("only", fold.only);
        w.field_list("objects", &fold.objects, |w, id| w.object(|w| identity(w, id)));
    });
}
