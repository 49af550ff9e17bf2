//! Pictures that stay readable: beyond a number of objects, what belongs to one workload alone becomes a line in its
//! box, and then whole groups are left out, and it is said so.

use std::collections::{BTreeMap, VecDeque};

use super::model::{Edge, Graph, Node, Relation};
use super::words;
use crate::rules::read;

/// So many namespaces, and kinds in each, are named of which objects were left out.
const NAMED: usize = 4;

/// Makes of a picture one of at most so many objects.
pub fn bound(graph: Graph, most: usize) -> Graph {
    if graph.nodes.len() <= most {
        return graph;
    }
    let graph = fold(graph);
    if graph.nodes.len() <= most { graph } else { leave_out(graph, most) }
}

/// Writes the autoscaler, the policies, the account and its roles into the boxes of the only workload that they
/// belong to.
fn fold(mut graph: Graph) -> Graph {
    let mut degrees = vec![0usize; graph.nodes.len()];
    for edge in &graph.edges {
        for end in [edge.from, edge.to] {
            if let Some(degree) = degrees.get_mut(end) {
                *degree += 1;
            }
        }
    }
    let mut gone = vec![false; graph.nodes.len()];
    // Roles first, so that accounts which had only these are alone with their workload.
    let turns: [&[Relation]; 3] =
        [&[Relation::May], &[Relation::RunsAs], &[Relation::Scales, Relation::Protects, Relation::Governs]];
    for relations in turns {
        for edge in graph.edges.iter().filter(|edge| relations.contains(&edge.relation)) {
            let watches = !matches!(edge.relation, Relation::May | Relation::RunsAs);
            let (guest, host) = if watches { (edge.from, edge.to) } else { (edge.to, edge.from) };
            if degrees.get(guest) != Some(&1) {
                continue;
            }
            let Some(node) = graph.nodes.get(guest).cloned() else { continue };
            if let Some(host) = graph.nodes.get_mut(host) {
                let name = format!("{} {}", node.id.kind, node.id.name);
                let verb = edge.relation.verb();
                host.facts.push(if watches { format!("{name} {verb} it") } else { format!("{verb} {name}") });
                if edge.relation == Relation::RunsAs {
                    host.facts.extend(node.facts);
                }
                host.findings.extend(node.findings);
            }
            for end in [guest, host] {
                if let Some(degree) = degrees.get_mut(end) {
                    *degree -= 1;
                }
            }
            if let Some(gone) = gone.get_mut(guest) {
                *gone = true;
            }
        }
    }
    let kept = gone.iter().enumerate().filter(|(_, gone)| !**gone).map(|(index, _)| index).collect();
    keep(graph, kept)
}

/// Keeps those with findings, as many as there is room for, and what is tied to them; then the others as they come,
/// each with what is tied to it.
fn leave_out(graph: Graph, most: usize) -> Graph {
    let mut neighbours: Vec<Vec<usize>> = vec![Vec::new(); graph.nodes.len()];
    for edge in &graph.edges {
        for (one, other) in [(edge.from, edge.to), (edge.to, edge.from)] {
            if let Some(list) = neighbours.get_mut(one) {
                list.push(other);
            }
        }
    }
    let mut starts: Vec<usize> = (0..graph.nodes.len()).collect();
    // The most serious first, and without findings last.
    let severity = |index: &usize| graph.nodes.get(*index).and_then(Node::severity);
    starts.sort_by_key(|index| (severity(index).is_none(), severity(index)));
    let (said, others): (Vec<usize>, Vec<usize>) =
        starts.into_iter().partition(|index| severity(index).is_some());
    let mut order: Vec<usize> = said;
    let mut seen = vec![false; graph.nodes.len()];
    let next_of = |index: &usize| neighbours.get(*index).into_iter().flatten().copied();
    let beside: VecDeque<usize> = order.iter().flat_map(next_of).collect();
    for index in &order {
        if let Some(seen) = seen.get_mut(*index) {
            *seen = true;
        }
    }
    for mut waiting in std::iter::once(beside).chain(others.into_iter().map(|start| VecDeque::from([start])))
    {
        while let Some(index) = waiting.pop_front() {
            if let (Some(seen), Some(next)) = (seen.get_mut(index), neighbours.get(index))
                && !std::mem::replace(seen, true)
            {
                order.push(index);
                waiting.extend(next);
            }
        }
    }
    let left_out = order.split_off(most.min(order.len()));
    let left_out: Vec<&Node> = left_out.iter().filter_map(|index| graph.nodes.get(*index)).collect();
    let note = note(&left_out);
    order.sort_unstable();
    let mut graph = keep(graph, order);
    graph.notes.push(note);
    graph
}

/// `not drawn: 7 objects (namespace shop: 4 Services, 3 Deployments)`.
fn note(nodes: &[&Node]) -> String {
    let mut namespaces: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for node in nodes {
        *namespaces.entry(&node.id.namespace).or_default().entry(&node.id.kind).or_default() += 1;
    }
    let of = |(name, kinds): (&&str, &BTreeMap<&str, usize>)| {
        let mut kinds: Vec<(&str, usize)> = kinds.iter().map(|(kind, count)| (*kind, *count)).collect();
        kinds.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let kinds: Vec<String> =
            kinds.iter().map(|(kind, count)| read::count_of_kind(*count, &words::line(kind))).collect();
        format!("{}: {}", words::namespace(name), read::list(&kinds, NAMED))
    };
    let named: Vec<String> = namespaces.iter().take(NAMED).map(of).collect();
    let more = namespaces.len() - named.len();
    let more = if more > 0 { format!("; {}", read::count(more, "more namespace")) } else { String::new() };
    let findings: usize = nodes.iter().map(|node| node.findings.len()).sum();
    let with = match findings {
        0 => String::new(),
        n => format!(", with {} that `torii check` tells", read::count(n, "finding")),
    };
    format!("not drawn: {} ({}{more}){with}", read::count(nodes.len(), "object"), named.join("; "))
}

/// A picture of these objects alone, which are in ascending order.
fn keep(graph: Graph, kept: Vec<usize>) -> Graph {
    let mut places = vec![None; graph.nodes.len()];
    for (place, index) in kept.iter().enumerate() {
        if let Some(slot) = places.get_mut(*index) {
            *slot = Some(place);
        }
    }
    let place = |index: usize| places.get(index).copied().flatten();
    let edges = graph
        .edges
        .into_iter()
        .filter_map(|edge| Some(Edge { from: place(edge.from)?, to: place(edge.to)?, ..edge }));
    let edges = edges.collect();
    let nodes = graph.nodes.into_iter().enumerate().filter(|(index, _)| place(*index).is_some());
    Graph { nodes: nodes.map(|(_, node)| node).collect(), edges, notes: graph.notes }
}
