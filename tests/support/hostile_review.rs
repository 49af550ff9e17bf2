//! Reviews whose every text was written by someone who means harm.

use std::sync::Arc;

use torii::compare::{FieldChange, Path, Step};
use torii::diff::{
    Cause, CauseKind, FieldReview, Fold, FoldKind, Ignored, ObjectReview, Review, SideSummary, ValueChange,
    ValueChangeKind, ValueFinding, ValueFindingKind, ValuesReview, Verdict,
};
use torii::manifest::object::{Identity, Object, Role};
use torii::rules::change::{Effect, Impact};
use torii::value::{Map, Str, Value};

/// Pieces that mean something to a terminal, Markdown, HTML, JSON or XML.
pub const PIECES: &[&str] = &[
    "a",
    "b",
    " ",
    "  ",
    "\n",
    "\n\n",
    "\r\n",
    "\t",
    "`",
    "``",
    "```",
    "````",
    "~~~",
    "|",
    "\\|",
    "\\",
    "\\\\|",
    "<",
    ">",
    "&",
    "\"",
    "'",
    "<b>",
    "</details>",
    "<details>",
    "</summary>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<script>window.planted=1</script>",
    "</script><script>window.planted=1</script>",
    "</style>",
    "<img src=x onerror=\"window.planted=1\">",
    "\" onmouseover=\"window.planted=1",
    "javascript:window.planted=1",
    "@torvalds",
    "#1",
    "GH-1",
    "!1",
    "owner/repo#1",
    "[x](http://e.example)",
    "![x](http://e.example/i.png)",
    "http://e.example",
    "www.e.example",
    "<http://e.example>",
    "*",
    "**",
    "_",
    "__",
    "~~",
    "# ",
    "- ",
    "+ ",
    "1. ",
    "> ",
    "---",
    "===",
    "@@ ",
    "$x$",
    ":tada:",
    "&lt;",
    "&#60;",
    "{{script}}",
    "{{",
    "}}",
    "\u{1b}[31m",
    "\u{1b}]0;t\u{7}",
    "\u{9b}31m",
    "\u{0}",
    "\u{202e}",
    "\u{2066}",
    "\u{200b}",
    "\u{2028}",
    "\u{feff}",
    "é",
    "日本",
    "🦀",
    "deadbeef",
    "\u{7f}",
    "0",
    "null",
    "true",
    ": ",
    "? ",
    "::warning::x",
];

fn object(text: &str, deep: bool) -> Arc<Object> {
    let map = Map::default();
    map.insert("kind", Value::string(text));
    map.insert("apiVersion", Value::string(text));
    map.insert(text, Value::string(text));
    map.insert("spec", Value::list(vec![Value::string(text), Value::Map(Map::default()), Value::Float(1.5)]));
    if deep {
        map.insert("data", Value::Map(map.viewed_as(map.map_type())).clone_deep(3));
    }
    Arc::new(Object {
        id: identity(text),
        version: text.into(),
        role: Role::Hook,
        value: Value::Map(map),
        source: text.into(),
        text: (Str::from(text), 0..text.len()),
        steps: Vec::new(),
    })
}

trait CloneDeep {
    fn clone_deep(&self, levels: usize) -> Value;
}

impl CloneDeep for Value {
    /// A copy, some levels deep, so that nothing contains itself.
    fn clone_deep(&self, levels: usize) -> Value {
        match self {
            Value::Map(map) if levels > 0 => {
                let copy = Map::default();
                for (key, value) in map.entries() {
                    copy.insert(key, value.clone_deep(levels - 1));
                }
                Value::Map(copy)
            }
            other => other.clone(),
        }
    }
}

pub fn identity(text: &str) -> Identity {
    Identity { group: text.into(), kind: text.into(), namespace: text.into(), name: text.into() }
}

/// A review with `texts` wherever a text may stand, taken in turn.
pub fn review(texts: &[String], objects: usize) -> Review {
    let mut turn = texts.iter().cycle();
    let mut next = || turn.next().cloned().unwrap_or_default();
    let cause = |next: &mut dyn FnMut() -> String, kind| Cause {
        kind,
        what: Some(next()),
        old_place: Some(next()),
        new_place: Some(next()),
    };
    let side = |next: &mut dyn FnMut() -> String| SideSummary {
        name: next(),
        chart: Some(next()),
        app_version: Some(next()),
        objects: 3,
    };
    let value_change = |next: &mut dyn FnMut() -> String, kind| ValueChange {
        path: next(),
        kind,
        old: Some(Value::string(next())),
        new: Some(Value::list(vec![Value::string(next())])),
        old_place: Some(next()),
        new_place: Some(next()),
        moved: Some(next()),
    };
    let mut changes = Vec::new();
    for i in 0..objects {
        let (old, new) = (object(&next(), i % 2 == 0), object(&next(), i % 3 == 0));
        let path = |next: &mut dyn FnMut() -> String| {
            Path(vec![
                Step::Key(Str::from(next().as_str())),
                Step::Item { key: next(), old: Some(0), new: None },
                Step::Key(Str::from(next().as_str())),
            ])
        };
        let effects = [Effect::Refused, Effect::Traffic, Effect::Restart, Effect::Other];
        let impacts = effects.iter().take(i % 5).map(|effect| Impact {
            rule: "a-rule",
            effect: *effect,
            object: new.id.clone(),
            field: Some(path(&mut next)),
            message: next(),
        });
        let impacts = impacts.collect();
        let field = FieldReview {
            change: FieldChange {
                path: path(&mut next),
                old: (i % 4 != 1).then(|| Value::string(next())),
                new: (i % 4 != 2).then(|| Value::string(format!("{}\n{}", next(), next()))),
                same: None,
                notes: vec![next()],
            },
            secret: i % 2 == 0,
            volatile: i % 2 == 1,
            causes: vec![cause(&mut next, CauseKind::Values), cause(&mut next, CauseKind::Template)],
        };
        changes.push(ObjectReview {
            id: new.id.clone(),
            renamed_from: (i % 5 == 0).then(|| identity(&next())),
            old: (i % 3 != 1).then_some(old),
            new: (i % 3 != 2).then_some(new),
            fields: vec![field],
            folded: i,
            fallback: (i % 7 == 0).then_some("it is <too> @large | for `this`"),
            impacts,
            causes: vec![cause(&mut next, CauseKind::Defaults)],
        });
    }
    Review {
        title: Some(next()),
        old: side(&mut next),
        new: side(&mut next),
        verdict: Verdict {
            effect: Some(Effect::Refused),
            line: next(),
            counts: [(Effect::Refused, 1), (Effect::Traffic, 2)].into(),
        },
        values: ValuesReview {
            defaults: vec![value_change(&mut next, ValueChangeKind::Retyped)],
            user: vec![value_change(&mut next, ValueChangeKind::Changed)],
            findings: vec![ValueFinding {
                path: next(),
                kind: ValueFindingKind::MatchesNothing,
                message: next(),
                place: Some(next()),
            }],
        },
        folds: vec![Fold {
            message: next(),
            kind: FoldKind::Common,
            paths: vec![Path(vec![Step::Key(Str::from(next().as_str()))])],
            objects: vec![identity(&next()), identity(&next())],
            only: 1,
        }],
        changes,
        equal: 1,
        same: 1,
        ignored: vec![Ignored { rule: next(), objects: 1, fields: 1 }],
        warnings: vec![next()],
        ..Review::default()
    }
}
