//! What templates see besides their variables, and the functions that run other templates: `include` and `tpl`.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, Value as Jinja};
use minijinja::{Environment, State, Template};

use super::convert::{self, to_jinja};
use super::{
    Info, Shared, Stands, errors, fail, globals, internal, lexer, library, normalized, prepare, record, run,
};
use crate::functions::Env;
use crate::template::Peer;
use crate::trace::Kind;
use crate::value::{Map, Value};

/// Steps that an `include` of a Jinja file costs besides what the file does.
const INCLUDE_STEPS: u64 = 20;

/// Steps that a call of `tpl` costs besides its text and what the text does: it is parsed each time.
const TPL_STEPS: u64 = 100;

/// The context of a render: what Helm calls dot, and the functions behind it.
pub(super) struct Root {
    pub dot: Map,
    pub shared: Arc<Shared>,
    pub peer: Option<Arc<dyn Peer>>,
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("context")
    }
}

/// The name under which a render finds its own context.
const ROOT: &str = "__context";

/// The name under which templates find the whole context, Go's `$`.
const CONTEXT: &str = "ctx";

impl Object for Root {
    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Jinja> {
        if let Some(value) = self.dot.get(key) {
            return Some(to_jinja(&value));
        }
        if key == ROOT {
            return Some(Jinja::from_dyn_object(self.clone()));
        }
        if key == CONTEXT {
            return Some(to_jinja(&Value::Map(self.dot.clone())));
        }
        // Jinja's globals are values, as in Jinja2. The library's functions are not: their names are left to
        // variables (`title | default("none")`), and only a call means them.
        if let Some(index) = globals::index(key) {
            return Some(Jinja::from_object(library::Callable { name: key.to_string(), index }));
        }
        if library::function_index(key).is_some() {
            return None;
        }
        // Says that the name is missing, for an error that may follow.
        convert::map_to_jinja(&self.dot).get_attr(key).ok().filter(|v| !v.is_undefined())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }
}

impl Root {
    /// The context of the render that a function is called in.
    pub(super) fn of(state: &State) -> Result<Arc<Root>, minijinja::Error> {
        state
            .lookup(ROOT)
            .and_then(|value| value.downcast_object::<Root>())
            .ok_or_else(|| fail("this function works only within a chart's render"))
    }

    pub(super) fn env(&self) -> &Env {
        &self.shared.env
    }

    pub(super) fn dot(&self) -> &Map {
        &self.dot
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(super) fn with_dot(&self, dot: &Map) -> Arc<Root> {
        Arc::new(Root { dot: dot.clone(), shared: self.shared.clone(), peer: self.peer.clone() })
    }

    /// `include` from within a template: a Jinja file by Helm's name, else the peer's named template.
    pub(super) fn include(
        &self,
        state: &mut State,
        name: &str,
        dot: &Value,
    ) -> Result<Jinja, minijinja::Error> {
        if let Some(key) = self.shared.by_name.get(name) {
            let Value::Map(dot) = dot else {
                return Err(fail(format!("the Jinja template `{name}` wants a mapping as its context")));
            };
            let include = || {
                let (text, steps) = run(state.env(), &self.with_dot(dot), key)?;
                state.consume_fuel(INCLUDE_STEPS + steps)?;
                Ok(Jinja::from(text))
            };
            if self.shared.is_recorded {
                return record::call_text(Kind::Include(name.into()), None, include);
            }
            return include();
        }
        let include = || self.peer.as_ref().and_then(|peer| peer.include(name, dot));
        let included = if self.shared.is_recorded { record::call_peer(name, include) } else { include() };
        match included {
            Some(Ok(text)) => Ok(to_jinja(&Value::String(text))),
            Some(Err(error)) => Err(errors::wrap(error)),
            None => {
                let error = fail(format!("there is no named template `{name}`"));
                let known = self.shared.by_name.keys().map(|k| &**k);
                Err(match crate::diagnostic::nearest(name, known) {
                    Some(near) => errors::with_hint(error, format!("did you mean `{near}`?")),
                    None => errors::with_hint(
                        error,
                        "`include` takes the name of a Go named template, or a file's name as Helm gives it; \
                         for macros of a `_*.j2` file use `import`"
                            .to_string(),
                    ),
                })
            }
        }
    }

    /// Renders a text as a Jinja template.
    pub(super) fn tpl(&self, state: &mut State, source: &str, dot: &Map) -> Result<Jinja, minijinja::Error> {
        let _nested = self.shared.enter()?;
        // The template that is a file, however many texts of `tpl` stand between.
        let outer = state.name().split('#').next().unwrap_or_default();
        let caller = self.shared.info(outer);
        let base = caller.map_or_else(|| Arc::from(""), |info| info.base.clone());
        let file: Arc<str> = format!("text of tpl in {}", caller.map_or(outer, |i| &i.file)).into();
        let text: Arc<str> = normalized(Cow::Borrowed(source)).as_ref().into();
        let text = if self.shared.is_recorded { record::same_text(text) } else { text };
        let key: Arc<str> = format!("{outer}#tpl").into();
        state.consume_fuel(TPL_STEPS + source.len() as u64 / 4)?;
        let stands =
            || Stands { key: key.clone(), file: file.clone(), text: text.clone(), base: base.clone() };
        let exists = |full: &str| self.shared.info(full).is_some();
        let prepare = |recorded| {
            prepare(stands(), &mut lexer::MAX_TOKENS.clone(), &exists, recorded).map_err(errors::wrap)
        };
        let env: &Environment<'_> = state.env();
        if self.shared.is_recorded
            && let Ok(info) = prepare(Some(None))
            && let Ok(template) = env.template_from_named_str(&info.key, &info.generated)
        {
            return record::call_text(Kind::Tpl, info.unit.clone(), || {
                self.finish_tpl(state, &info, template, dot)
            });
        }
        let info = prepare(None)?;
        let template = env
            .template_from_named_str(&info.key, &info.generated)
            .map_err(|e| errors::wrap(internal(&info, &e)))?;
        self.finish_tpl(state, &info, template, dot)
    }

    fn finish_tpl(
        &self,
        state: &State,
        info: &Info,
        template: Template<'_, '_>,
        dot: &Map,
    ) -> Result<Jinja, minijinja::Error> {
        let captured = template
            .render_captured(Jinja::from_dyn_object(self.with_dot(dot)))
            .map_err(|e| errors::wrap(errors::translate(&self.shared, Some(info), &e)))?;
        let steps = captured.state().fuel_levels().map_or(0, |(consumed, _)| consumed);
        let text = captured.into_output();
        state.consume_fuel(steps)?;
        Ok(Jinja::from(text))
    }
}
