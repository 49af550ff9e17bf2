//! From the parts of a pattern to a tree of matchers, with the rewritings of gobwas (`compiler.go`): not all of
//! them keep the meaning, and the difference can be seen.

use super::matcher::Matcher;
use super::parse::Node;

/// The matcher of a part.
pub(super) fn compile(node: &Node) -> Matcher {
    let matcher = match node {
        Node::AnyOf(ways) => {
            return match factor(ways) {
                Some(pattern) => compile(&pattern),
                None => Matcher::AnyOf(ways.iter().map(|w| optimize(compile(w))).collect()),
            };
        }
        Node::Pattern(nodes) if nodes.is_empty() => return Matcher::Nothing,
        Node::Pattern(nodes) => join(&minimize(nodes.iter().map(|node| optimize(compile(node))).collect())),
        Node::Nothing => Matcher::Nothing,
        Node::Text(text) => Matcher::Text(text.clone().into_bytes()),
        Node::Any => Matcher::Any,
        Node::Super => Matcher::Super,
        Node::Single => Matcher::Single,
        Node::List { chars, not } => Matcher::List { chars: chars.clone(), not: *not },
        Node::Range { low, high, not } => Matcher::Range { low: *low, high: *high, not: *not },
    };
    optimize(matcher)
}

/// Takes what all ways of a brace start and end with out of it (`minimizeTreeAnyOf`).
fn factor(ways: &[Node]) -> Option<Node> {
    let ways: Vec<&[Node]> = ways
        .iter()
        .map(|way| match way {
            Node::Pattern(nodes) => Some(nodes.as_slice()),
            _ => None,
        })
        .collect::<Option<_>>()?;
    let (left, right) = common(&ways);
    if left == 0 && right == 0 {
        return None;
    }
    let first = ways.first()?;
    let mut nodes = Vec::new();
    if left > 0 {
        nodes.push(Node::Pattern(first.get(..left)?.to_vec()));
    }
    let mut rests: Vec<Node> = Vec::new();
    for way in &ways {
        let rest = way.get(left..way.len().checked_sub(right)?)?;
        let rest = if rest.is_empty() { Node::Nothing } else { Node::Pattern(rest.to_vec()) };
        if !rests.contains(&rest) {
            rests.push(rest);
        }
    }
    if rests.len() > 1 {
        nodes.push(Node::AnyOf(rests));
    } else if rests.first() != Some(&Node::Nothing) {
        nodes.append(&mut rests);
    }
    if right > 0 {
        nodes.push(Node::Pattern(first.get(first.len() - right..)?.to_vec()));
    }
    Some(Node::Pattern(nodes))
}

/// How many parts all ways have in common at the start and at the end (`commonChildren`).
fn common(ways: &[&[Node]]) -> (usize, usize) {
    let Some((shortest, way)) = ways.iter().enumerate().min_by_key(|(_, way)| way.len()) else {
        return (0, 0);
    };
    if ways.len() < 2 {
        return (0, 0);
    }
    let length = way.len();
    let (mut left, mut right) = (0, 0);
    let (mut left_ends, mut right_ends) = (false, false);
    for i in 0..length {
        let j = length - 1 - i;
        if left + right >= length || left_ends && right_ends {
            break;
        }
        for (k, other) in ways.iter().enumerate().filter(|(k, _)| *k != shortest) {
            if left_ends && right_ends {
                break;
            }
            debug_assert!(k != shortest);
            left_ends |= way.get(i) != other.get(i);
            // What is taken at the start can't be taken at the end again.
            right_ends |= !left_ends && j <= i;
            right_ends |= way.get(j) != other.get(j + other.len() - length);
        }
        left += usize::from(!left_ends);
        right += usize::from(!right_ends);
    }
    (left, right)
}

/// Replaces a matcher by a simpler one of the same kind of text (`optimizeMatcher`).
fn optimize(matcher: Matcher) -> Matcher {
    match matcher {
        Matcher::AnyOf(mut ways) if ways.len() == 1 => ways.pop().unwrap_or(Matcher::Nothing),
        Matcher::List { chars, not: false } if chars.len() == 1 => {
            Matcher::Text(chars.into_iter().collect::<String>().into_bytes())
        }
        Matcher::Tree { value, left, right } => {
            let left = left.map(|m| Box::new(optimize(*m)));
            let right = right.map(|m| Box::new(optimize(*m)));
            let Matcher::Text(text) = *value else { return Matcher::Tree { value, left, right } };
            match (left.as_deref(), right.as_deref()) {
                (None, None) => Matcher::Text(text),
                (Some(Matcher::Super), Some(Matcher::Super)) => Matcher::Contains { text, not: false },
                (Some(Matcher::Super), None) => Matcher::Suffix(text),
                (None, Some(Matcher::Super)) => Matcher::Prefix(text),
                (None, Some(Matcher::Suffix(end))) => Matcher::PrefixSuffix(text, end.clone()),
                (Some(Matcher::Prefix(start)), None) => Matcher::PrefixSuffix(start.clone(), text),
                (Some(Matcher::Any), None) => Matcher::SuffixAny(text),
                (None, Some(Matcher::Any)) => Matcher::PrefixAny(text),
                _ => Matcher::Tree { value: Box::new(Matcher::Text(text)), left, right },
            }
        }
        other => other,
    }
}

/// Makes one matcher of a sequence: around the longest of known length, or the first (`compileMatchers`).
fn join(matchers: &[Matcher]) -> Matcher {
    match matchers {
        [] => return Matcher::Nothing,
        [only] => return only.clone(),
        _ => {}
    }
    if let Some(glued) = glue(matchers) {
        return glued;
    }
    let mut longest = None;
    for (i, matcher) in matchers.iter().enumerate() {
        if let Some(length) = matcher.length()
            && longest.is_none_or(|(_, l)| length >= l)
        {
            longest = Some((i, length));
        }
    }
    let at = longest.map_or(0, |(i, _)| i);
    let part = |part: Option<&[Matcher]>| part.filter(|p| !p.is_empty()).map(|p| Box::new(join(p)));
    let left = part(matchers.get(..at));
    let right = part(matchers.get(at + 1..));
    let value = Box::new(matchers.get(at).cloned().unwrap_or(Matcher::Nothing));
    Matcher::Tree { value, left, right }
}

/// Glues neighbours while that makes the sequence shorter (`minimizeMatchers`).
fn minimize(mut matchers: Vec<Matcher>) -> Vec<Matcher> {
    loop {
        let mut best: Option<(Matcher, usize, usize)> = None;
        for left in 0..matchers.len() {
            for right in (left + 1..=matchers.len()).rev() {
                let Some(glued) = matchers.get(left..right).and_then(glue) else { continue };
                let better = match &best {
                    None => true,
                    Some((done, l, r)) => {
                        let longer = matches!((done.length(), glued.length()), (Some(d), Some(g)) if g > d);
                        longer || r - l < right - left
                    }
                };
                if better {
                    best = Some((glued, left, right));
                }
            }
        }
        let Some((glued, left, right)) = best else { return matchers };
        matchers.splice(left..right, [glued]);
    }
}

fn glue(matchers: &[Matcher]) -> Option<Matcher> {
    if matchers.len() < 2 {
        return None;
    }
    glue_every(matchers).or_else(|| {
        let length = matchers.iter().map(Matcher::length).sum::<Option<usize>>()?;
        Some(Matcher::Row { matchers: matchers.to_vec(), length })
    })
}

/// Wildcards that stop at the same characters become conditions on the whole text (`glueMatchersAsEvery`).
fn glue_every(matchers: &[Matcher]) -> Option<Matcher> {
    let (mut any, mut over, mut single, mut min) = (false, false, false, 0);
    let mut separator: Option<Vec<char>> = None;
    for matcher in matchers {
        let stops = match matcher {
            Matcher::Super => {
                over = true;
                Vec::new()
            }
            Matcher::Any => {
                any = true;
                vec!['/']
            }
            Matcher::Single => {
                single = true;
                min += 1;
                vec!['/']
            }
            Matcher::List { chars, not: true } => {
                single = true;
                min += 1;
                chars.clone()
            }
            _ => return None,
        };
        if *separator.get_or_insert_with(|| stops.clone()) != stops {
            return None;
        }
    }
    let separator: String = separator?.into_iter().collect();
    Some(match (any, over, single) {
        (false, true, false) => Matcher::Super,
        (true, false, false) => Matcher::Any,
        _ if (any || over) && min > 0 && separator.is_empty() => Matcher::Min(min),
        _ => {
            let mut all = Vec::new();
            if min > 0 {
                all.push(Matcher::Min(min));
                if !any && !over {
                    all.push(Matcher::Max(min));
                }
            }
            if !separator.is_empty() {
                all.push(Matcher::Contains { text: separator.into_bytes(), not: true });
            }
            Matcher::Every(all)
        }
    })
}
