//! Filters that compare: sorting, grouping, extremes, uniqueness.

use std::cmp::Ordering;

use minijinja::value::{Value as Jinja, ValueKind};
use minijinja::{Error, State};

use super::super::args::{bind, text as arg_text, truth};
use super::super::convert::{new_list, tuple};
use super::super::fail;
use super::super::methods;
use super::super::ops;
use super::super::output::describe;
use super::collections::attribute_of;
use super::text::folded;

/// What an item is sorted or grouped by.
fn key(item: &Jinja, attribute: Option<&Jinja>, case_sensitive: bool) -> Result<Jinja, Error> {
    match attribute {
        Some(attribute) => folded(&attribute_of(item, attribute)?, case_sensitive),
        None => folded(item, case_sensitive),
    }
}

pub(crate) fn sort(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [reverse, case, attribute] = bind("sort", args, ["reverse", "case_sensitive", "attribute"], 0)?;
    let case = truth(case.as_ref(), false);
    let attribute = attribute.filter(|a| !a.is_none());
    // `a,b` sorts by several attributes.
    let attributes: Vec<Jinja> = match &attribute {
        Some(a) => match a.as_str() {
            Some(names) => names.split(',').map(Jinja::from).collect(),
            None => vec![a.clone()],
        },
        None => Vec::new(),
    };
    let mut keyed = Vec::new();
    for item in ops::items(value)? {
        let keys = if attributes.is_empty() {
            vec![key(&item, None, case)?]
        } else {
            attributes.iter().map(|a| key(&item, Some(a), case)).collect::<Result<_, _>>()?
        };
        keyed.push((keys, item));
    }
    methods::sort(&mut keyed, truth(reverse.as_ref(), false), |a, b| compare_all(&a.0, &b.0))?;
    Ok(new_list(keyed.into_iter().map(|(_, item)| item)))
}

fn compare_all(a: &[Jinja], b: &[Jinja]) -> Result<Ordering, Error> {
    for (x, y) in a.iter().zip(b) {
        let order = ops::compare(x, y)?;
        if order.is_ne() {
            return Ok(order);
        }
    }
    Ok(Ordering::Equal)
}

pub(crate) fn dictsort(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [case, by, reverse] = bind("dictsort", args, ["case_sensitive", "by", "reverse"], 0)?;
    if value.kind() != ValueKind::Map {
        return Err(fail(format!("`dictsort` wants a mapping, not {}", describe(value))));
    }
    let by_value = match arg_text(by.as_ref(), "key")?.as_str() {
        "key" => false,
        "value" => true,
        other => return Err(fail(format!("`dictsort` sorts by key or by value, not by {other}"))),
    };
    let case = truth(case.as_ref(), false);
    let mut keyed = Vec::new();
    for (k, v) in methods::pairs(value)? {
        keyed.push((folded(if by_value { &v } else { &k }, case)?, k, v));
    }
    methods::sort(&mut keyed, truth(reverse.as_ref(), false), |a, b| ops::compare(&a.0, &b.0))?;
    Ok(new_list(keyed.into_iter().map(|(_, k, v)| tuple(vec![k, v]))))
}

pub(crate) fn groupby(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [attribute, default, case] = bind("groupby", args, ["attribute", "default", "case_sensitive"], 1)?;
    let attribute = attribute.unwrap_or_default();
    let case = truth(case.as_ref(), false);
    let mut keyed: Vec<(Jinja, Jinja, Jinja)> = Vec::new();
    for item in ops::items(value)? {
        let mut found = attribute_of(&item, &attribute)?;
        if let (true, Some(default)) = (found.is_undefined(), &default) {
            found = default.clone();
        }
        keyed.push((folded(&found, case)?, found, item));
    }
    methods::sort(&mut keyed, false, |a, b| ops::compare(&a.0, &b.0))?;
    let mut groups: Vec<(Jinja, Jinja, Vec<Jinja>)> = Vec::new();
    for (folded, key, item) in keyed {
        match groups.last_mut() {
            Some(group) if ops::equal(&group.0, &folded)? => group.2.push(item),
            _ => groups.push((folded, key, vec![item])),
        }
    }
    Ok(new_list(
        groups.into_iter().map(|(_, key, items)| Jinja::from_object(Group { key, items: new_list(items) })),
    ))
}

/// One group: a pair that also has names, `grouper` and `list`.
#[derive(Debug)]
struct Group {
    key: Jinja,
    items: Jinja,
}

impl minijinja::value::Object for Group {
    fn repr(self: &std::sync::Arc<Self>) -> minijinja::value::ObjectRepr {
        minijinja::value::ObjectRepr::Seq
    }

    fn get_value(self: &std::sync::Arc<Self>, key: &Jinja) -> Option<Jinja> {
        match (key.as_str(), key.as_usize()) {
            (Some("grouper"), _) | (_, Some(0)) => Some(self.key.clone()),
            (Some("list"), _) | (_, Some(1)) => Some(self.items.clone()),
            _ => None,
        }
    }

    fn enumerate(self: &std::sync::Arc<Self>) -> minijinja::value::Enumerator {
        minijinja::value::Enumerator::Values(vec![self.key.clone(), self.items.clone()])
    }
}

pub(crate) fn unique(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [case, attribute] = bind("unique", args, ["case_sensitive", "attribute"], 0)?;
    let case = truth(case.as_ref(), false);
    let attribute = attribute.filter(|a| !a.is_none());
    let mut texts = std::collections::HashSet::new();
    let mut others: Vec<Jinja> = Vec::new();
    let mut out = Vec::new();
    for item in ops::items(value)? {
        let key = key(&item, attribute.as_ref(), case)?;
        let fresh = match key.as_str().filter(|_| key.kind() == ValueKind::String) {
            Some(text) => texts.insert(text.to_string()),
            None => {
                let mut fresh = true;
                for other in &others {
                    if ops::equal(other, &key)? {
                        fresh = false;
                        break;
                    }
                }
                if fresh {
                    others.push(key);
                }
                fresh
            }
        };
        if others.len() > 20_000 {
            return Err(fail(
                "`unique` of more than 20,000 different things that are not strings is over the limit",
            ));
        }
        if fresh {
            out.push(item);
        }
    }
    Ok(new_list(out))
}

pub(crate) fn min(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    extreme("min", value, args, Ordering::Less)
}

pub(crate) fn max(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    extreme("max", value, args, Ordering::Greater)
}

fn extreme(name: &str, value: &Jinja, args: &[Jinja], wanted: Ordering) -> Result<Jinja, Error> {
    let [case, attribute] = bind(name, args, ["case_sensitive", "attribute"], 0)?;
    let case = truth(case.as_ref(), false);
    let attribute = attribute.filter(|a| !a.is_none());
    let mut best: Option<(Jinja, Jinja)> = None;
    for item in ops::items(value)? {
        let key = key(&item, attribute.as_ref(), case)?;
        let better = match &best {
            Some((old, _)) => ops::compare(&key, old)? == wanted,
            None => true,
        };
        if better {
            best = Some((key, item));
        }
    }
    Ok(best.map(|(_, item)| item).unwrap_or_default())
}
