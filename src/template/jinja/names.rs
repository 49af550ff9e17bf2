//! The names by which templates import and include each other: relative to the chart's `templates` folder,
//! with `.j2`. A parent reaches the partials of a subchart by the subchart's name: `common/_helpers.j2`.

use minijinja::value::{Value as Jinja, ValueKind};
use minijinja::{Error, ErrorKind, State};

use super::convert::tuple;
use super::output::describe;
use super::{Root, errors, fail, undefined};
use crate::diagnostic::nearest;

/// The ways in which a name can be meant, seen from the templates folder `base`.
pub(super) fn candidates(base: &str, name: &str) -> Vec<String> {
    let name = name.strip_prefix("./").unwrap_or(name);
    let mut all = vec![format!("{base}/{name}")];
    if let Some((subchart, rest)) = name.split_once('/') {
        let chart = base.strip_suffix("/templates").unwrap_or(base);
        all.push(format!("{chart}/charts/{subchart}/templates/{rest}"));
    }
    all
}

/// The filter that turns the name of a template, known only when it runs, into that in the environment.
pub(super) fn resolve(state: &mut State, name: &Jinja, base: &str, may_miss: bool) -> Result<Jinja, Error> {
    let root = Root::of(state)?;
    let known =
        |name: &str| candidates(base, name).into_iter().find(|full| root.shared().info(full).is_some());
    match name.kind() {
        ValueKind::Undefined => Err(undefined()),
        ValueKind::String => {
            let name = name.as_str().unwrap_or_default();
            if let Some(full) = known(name) {
                return Ok(Jinja::from(full));
            }
            if may_miss { Ok(Jinja::from(name)) } else { Err(not_found(&root, base, name)) }
        }
        ValueKind::Seq => {
            let mut names = Vec::new();
            for name in super::ops::items(name)? {
                let Some(text) = name.as_str() else {
                    return Err(fail(format!("the name of a template is a string, not {}", describe(&name))));
                };
                names.push(Jinja::from(known(text).unwrap_or_else(|| text.to_string())));
            }
            Ok(tuple(names))
        }
        _ => Err(fail(format!("the name of a template is a string, not {}", describe(name)))),
    }
}

fn not_found(root: &Root, base: &str, name: &str) -> Error {
    let error =
        Error::new(ErrorKind::TemplateNotFound, format!("there is no template `{name}` in the chart"));
    let prefix = format!("{base}/");
    let known: Vec<&str> = root.shared().keys().filter_map(|key| key.strip_prefix(&prefix)).collect();
    let with_suffix = format!("{name}.j2");
    let near = known
        .iter()
        .copied()
        .find(|k| *k == with_suffix || k.strip_prefix('_') == Some(name))
        .or_else(|| nearest(name, known.iter().copied()));
    match near {
        Some(near) => errors::with_hint(error, format!("did you mean `{near}`?")),
        None => {
            errors::with_hint(error, "names are relative to the folder `templates`, with `.j2`".to_string())
        }
    }
}
