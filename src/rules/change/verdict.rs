//! What it all does, in one line.

use std::collections::{BTreeMap, HashSet};

use super::{Effect, Impact, Rule, rule};
use crate::manifest::object::Identity;
use crate::rules::read;

/// How many objects the line names for each thing that happens.
const MOST_OBJECTS: usize = 3;
/// How many things that happen the line tells.
const MOST_PARTS: usize = 6;

/// What impacts do together.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// The most serious effect; `None` if there is no impact.
    pub effect: Option<Effect>,
    /// One line, most serious first: `refused: Deployment/gw selector can't be changed`; `no difference`.
    pub line: String,
    /// How many impacts there are of each effect.
    pub counts: BTreeMap<Effect, usize>,
}

/// What the line says before what happens.
fn prefix(effect: Effect) -> &'static str {
    match effect {
        Effect::Refused => "refused: ",
        Effect::Recreate => "recreates: ",
        Effect::Delete => "deletes: ",
        Effect::Storage => "storage: ",
        Effect::Crd => "CRDs: ",
        Effect::Privilege => "privileges: ",
        Effect::Traffic => "traffic: ",
        Effect::Restart => "restarts pods: ",
        Effect::Scale => "scales: ",
        Effect::Other => "",
    }
}

/// Says in one line what impacts do together, and counts them. Whoever sets impacts aside calls it with the rest.
pub fn verdict<'a>(impacts: impl IntoIterator<Item = &'a Impact>) -> Verdict {
    let mut counts: BTreeMap<Effect, usize> = BTreeMap::new();
    let mut by_rule: BTreeMap<(Effect, usize), (&'static Rule, Vec<&Impact>)> = BTreeMap::new();
    let mut refused: HashSet<&Identity> = HashSet::new();
    let order: BTreeMap<&str, usize> = super::rules().enumerate().map(|(i, rule)| (rule.id, i)).collect();
    for impact in impacts {
        *counts.entry(impact.effect).or_default() += 1;
        if impact.effect == Effect::Refused {
            refused.insert(&impact.object);
        }
        let Some(rule) = rule(impact.rule) else { continue };
        let place = order.get(rule.id).copied().unwrap_or(usize::MAX);
        by_rule.entry((impact.effect, place)).or_insert((rule, Vec::new())).1.push(impact);
    }
    let mut parts: Vec<String> = Vec::new();
    let mut left_out = 0;
    let mut last = None;
    for ((effect, _), (rule, impacts)) in by_rule {
        // Nothing of a refused object comes to pass: only the refusal is told.
        let told: Vec<&Impact> = impacts
            .into_iter()
            .filter(|impact| effect == Effect::Refused || !refused.contains(&impact.object))
            .collect();
        let texts = match rule.phrase {
            "" => continue,
            "=" => {
                let mut texts: Vec<String> = told.iter().map(|impact| impact.message.clone()).collect();
                texts.dedup();
                if texts.len() > MOST_OBJECTS {
                    let more = texts.len() - MOST_OBJECTS;
                    texts.truncate(MOST_OBJECTS);
                    texts.push(format!("{more} more of this kind"));
                }
                texts
            }
            phrase => {
                let mut seen = HashSet::new();
                let names: Vec<String> = told
                    .iter()
                    .filter(|impact| seen.insert(&impact.object))
                    .map(|impact| impact.object.to_string())
                    .collect();
                let names = read::list(&names, MOST_OBJECTS);
                if names.is_empty() { Vec::new() } else { vec![phrase.replace("{}", &names)] }
            }
        };
        for text in texts {
            if parts.len() == MOST_PARTS {
                left_out += 1;
                continue;
            }
            let prefix = if last == Some(effect) { "" } else { prefix(effect) };
            parts.push(format!("{prefix}{text}"));
            last = Some(effect);
        }
    }
    if left_out > 0 {
        parts.push(format!("and {left_out} more"));
    }
    let effect = counts.keys().next().copied();
    let line = match (parts.is_empty(), effect) {
        (false, _) => parts.join("; "),
        (true, None) => "no difference".to_string(),
        (true, Some(_)) => "nothing that running pods feel".to_string(),
    };
    Verdict { effect, line, counts }
}
