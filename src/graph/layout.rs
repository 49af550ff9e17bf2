//! Where things go: a band for each namespace, one below the other, and in it the columns from left to right.
//!
//! The layout is layered as that of Sugiyama, Tagawa and Toda (1981), but simpler, since every edge leads one column to
//! the right: objects are put in an order in which few edges cross, and then as close to their neighbours as the order
//! and their heights allow.

use std::collections::BTreeMap;

use super::model::{Column, Graph, Node};
use super::words;

/// How often the order of objects, and then their places, are made better.
const ROUNDS: usize = 12;

/// Space around the whole, and around the objects of a band.
pub const MARGIN: f64 = 20.0;
/// The height of a band's title.
pub const TITLE: f64 = 34.0;
/// The space between columns, through which edges go.
const BETWEEN_COLUMNS: f64 = 96.0;
const BETWEEN_NODES: f64 = 18.0;
const BETWEEN_BANDS: f64 = 18.0;
/// Space in a box beside its text.
pub const PADDING: f64 = 14.0;
/// The heights of the lines of a box: its kind, its name, a fact.
pub const KIND: f64 = 16.0;
/// As [`KIND`].
pub const NAME: f64 = 18.0;
/// As [`KIND`].
pub const FACT: f64 = 15.0;

/// What a character is wide, in the fonts that the boxes have. No font is asked: this is what the wide ones need.
const KIND_WIDTH: f64 = 7.0;
const NAME_WIDTH: f64 = 8.8;
const FACT_WIDTH: f64 = 7.0;

/// A rectangle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Area {
    /// Its left side.
    pub x: f64,
    /// Its upper side.
    pub y: f64,
    /// From left to right.
    pub width: f64,
    /// From top to bottom.
    pub height: f64,
}

/// A namespace.
#[derive(Clone, Debug)]
pub struct Band {
    /// What stands above it.
    pub title: String,
    /// Where it is.
    pub area: Area,
}

/// Where everything is.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// The namespaces.
    pub bands: Vec<Band>,
    /// The objects, as in [`Graph::nodes`].
    pub nodes: Vec<Area>,
    /// The size of the whole.
    pub size: (f64, f64),
}

/// Finds a place for everything.
pub fn layout(graph: &Graph) -> Layout {
    let columns = columns(graph);
    let right = columns.values().map(|(x, width)| x + width).fold(MARGIN, f64::max);
    let mut placed = Layout { nodes: vec![Area::default(); graph.nodes.len()], ..Layout::default() };
    let mut y = MARGIN;
    for (name, nodes) in words::namespaces(graph) {
        let (tops, height) = Band::arrange(graph, &nodes);
        for (index, top) in nodes.iter().zip(tops) {
            if let (Some(node), Some(area)) = (graph.nodes.get(*index), placed.nodes.get_mut(*index)) {
                let (x, width) = columns.get(&node.column).copied().unwrap_or_default();
                *area = Area { x, y: y + TITLE + top, width, height: height_of(node) };
            }
        }
        let area = Area { x: MARGIN, y, width: right, height: TITLE + height + MARGIN };
        placed.bands.push(Band { title: words::namespace(name), area });
        y += area.height + BETWEEN_BANDS;
    }
    placed.size = (right + 2.0 * MARGIN, y - BETWEEN_BANDS + MARGIN);
    placed
}

/// The left side and the width of each column that has objects.
fn columns(graph: &Graph) -> BTreeMap<Column, (f64, f64)> {
    let mut columns: BTreeMap<Column, (f64, f64)> = BTreeMap::new();
    for node in &graph.nodes {
        let (_, width) = columns.entry(node.column).or_default();
        *width = width.max(width_of(node));
    }
    let mut x = 2.0 * MARGIN;
    for (left, width) in columns.values_mut() {
        *left = x;
        x += *width + BETWEEN_COLUMNS;
    }
    columns
}

/// What the lines of an object need.
fn width_of(node: &Node) -> f64 {
    let columns = |text: &str| words::width(text) as f64;
    let kind = columns(&words::line(&node.id.kind)) * KIND_WIDTH;
    let name = columns(&words::line(&node.id.name)) * NAME_WIDTH;
    let facts = words::facts(node).iter().map(|fact| columns(fact) * FACT_WIDTH).fold(0.0, f64::max);
    (kind.max(name).max(facts) + 2.0 * PADDING).ceil()
}

fn height_of(node: &Node) -> f64 {
    words::facts(node).len() as f64 * FACT + KIND + NAME + PADDING
}

impl Band {
    /// The tops of a band's objects below its title, and the height of all.
    fn arrange(graph: &Graph, nodes: &[usize]) -> (Vec<f64>, f64) {
        let mut band = Arrangement::new(graph, nodes);
        // The last round goes to the right, so that what follows a workload stands at its height.
        (0..ROUNDS).for_each(|round| band.order(round % 2 == 1));
        band.stack();
        (0..ROUNDS).for_each(|round| band.pull(round % 2 == 1));
        let first = band.tops.iter().copied().fold(f64::INFINITY, f64::min);
        let tops: Vec<f64> = band.tops.iter().map(|top| top - first).collect();
        let bottoms = tops.iter().zip(&band.heights).map(|(top, height)| top + height);
        let height = bottoms.fold(0.0, f64::max);
        (tops, height)
    }
}

/// The objects of a band while they are put in order, each called by its place in the band.
struct Arrangement {
    /// The columns, each with its objects from top to bottom.
    columns: Vec<Vec<usize>>,
    heights: Vec<f64>,
    tops: Vec<f64>,
    /// The neighbours of each in the same band, those to the left and those to the right.
    left: Vec<Vec<usize>>,
    right: Vec<Vec<usize>>,
    /// Which of the band's separate parts each belongs to: these don't mix.
    parts: Vec<usize>,
}

impl Arrangement {
    fn new(graph: &Graph, nodes: &[usize]) -> Arrangement {
        let places: BTreeMap<usize, usize> =
            nodes.iter().enumerate().map(|(place, index)| (*index, place)).collect();
        let mut left = vec![Vec::new(); nodes.len()];
        let mut right = left.clone();
        for edge in &graph.edges {
            if let (Some(from), Some(to)) = (places.get(&edge.from), places.get(&edge.to))
                && let (Some(left), Some(right)) = (left.get_mut(*to), right.get_mut(*from))
            {
                left.push(*from);
                right.push(*to);
            }
        }
        let column = |column: &Column| {
            let is_there =
                |(_, index): &(usize, &usize)| graph.nodes.get(**index).is_some_and(|n| n.column == *column);
            nodes.iter().enumerate().filter(is_there).map(|(place, _)| place).collect()
        };
        let height = |index: &usize| graph.nodes.get(*index).map_or(0.0, height_of);
        Arrangement {
            columns: Column::ALL.iter().map(column).collect(),
            heights: nodes.iter().map(height).collect(),
            tops: vec![0.0; nodes.len()],
            parts: parts(&left, &right),
            left,
            right,
        }
    }

    /// Puts each column in the order of the places that its neighbours have in theirs.
    fn order(&mut self, rightwards: bool) {
        let mut ranks = vec![0.0; self.heights.len()];
        for column in &self.columns {
            rank(column, &mut ranks);
        }
        for at in self.walk(rightwards) {
            let Some(mut column) = self.columns.get_mut(at).map(std::mem::take) else { continue };
            let key = |place: &usize| {
                let mean =
                    self.mean(*place, rightwards, |other| ranks.get(other).copied().unwrap_or_default());
                (
                    self.parts.get(*place).copied().unwrap_or_default(),
                    mean.unwrap_or(ranks.get(*place).copied().unwrap_or_default()),
                )
            };
            let mut keyed: Vec<((usize, f64), usize)> =
                column.iter().map(|place| (key(place), *place)).collect();
            keyed.sort_by(|(a, _), (b, _)| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
            column = keyed.into_iter().map(|(_, place)| place).collect();
            rank(&column, &mut ranks);
            if let Some(slot) = self.columns.get_mut(at) {
                *slot = column;
            }
        }
    }

    /// Puts the objects of each column one below the other.
    fn stack(&mut self) {
        for column in &self.columns {
            let mut y = 0.0;
            for place in column {
                if let (Some(top), Some(height)) = (self.tops.get_mut(*place), self.heights.get(*place)) {
                    *top = y;
                    y += height + BETWEEN_NODES;
                }
            }
        }
    }

    /// Pulls the objects of each column to the middle of their neighbours, as far as the others let them.
    fn pull(&mut self, rightwards: bool) {
        for at in self.walk(rightwards) {
            let Some(column) = self.columns.get(at) else { continue };
            let mut wanted = Vec::new();
            let mut before = 0.0;
            for place in column {
                let height = self.heights.get(*place).copied().unwrap_or_default();
                let own = self.middle(*place);
                let middle = self.mean(*place, rightwards, |other| self.middle(other)).unwrap_or(own);
                // Where it wants to be, if all above it took no room.
                wanted.push(middle - height / 2.0 - before);
                before += height + BETWEEN_NODES;
            }
            let mut before = 0.0;
            for (place, shift) in column.iter().zip(rising(&wanted)) {
                if let (Some(top), Some(height)) = (self.tops.get_mut(*place), self.heights.get(*place)) {
                    *top = shift + before;
                    before += height + BETWEEN_NODES;
                }
            }
        }
    }

    fn middle(&self, place: usize) -> f64 {
        let at = |list: &[f64]| list.get(place).copied().unwrap_or_default();
        at(&self.tops) + at(&self.heights) / 2.0
    }

    /// The mean of what the neighbours have that an object was reached from.
    fn mean(&self, place: usize, rightwards: bool, of: impl Fn(usize) -> f64) -> Option<f64> {
        let side = if rightwards { &self.left } else { &self.right };
        let neighbours = side.get(place).filter(|list| !list.is_empty())?;
        Some(neighbours.iter().map(|other| of(*other)).sum::<f64>() / neighbours.len() as f64)
    }

    fn walk(&self, rightwards: bool) -> Vec<usize> {
        let columns = 0..self.columns.len();
        if rightwards { columns.collect() } else { columns.rev().collect() }
    }
}

/// Notes the place of each object in its column, between 0 and 1, so that short and long columns can be compared.
fn rank(column: &[usize], ranks: &mut [f64]) {
    for (at, place) in column.iter().enumerate() {
        if let Some(rank) = ranks.get_mut(*place) {
            *rank = (at as f64 + 0.5) / column.len() as f64;
        }
    }
}

/// Numbers the separate parts of a band, in the order of their first objects.
fn parts(left: &[Vec<usize>], right: &[Vec<usize>]) -> Vec<usize> {
    let mut parts = vec![usize::MAX; left.len()];
    for start in 0..left.len() {
        let mut waiting = vec![start];
        while let Some(place) = waiting.pop() {
            if let (Some(part), Some(left), Some(right)) =
                (parts.get_mut(place), left.get(place), right.get(place))
                && *part == usize::MAX
            {
                *part = start;
                waiting.extend(left.iter().chain(right));
            }
        }
    }
    parts
}

/// The numbers that never fall and are nearest to these, by the least squares: neighbours that would fall are given
/// their mean, and so on (pool adjacent violators).
fn rising(wanted: &[f64]) -> Vec<f64> {
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for value in wanted {
        let mut pool = (*value, 1);
        while let Some((mean, count)) = pools.last().copied().filter(|(mean, _)| *mean > pool.0) {
            pools.pop();
            let sum = mean * count as f64 + pool.0 * pool.1 as f64;
            pool = (sum / (count + pool.1) as f64, count + pool.1);
        }
        pools.push(pool);
    }
    pools.iter().flat_map(|(mean, count)| std::iter::repeat_n(*mean, *count)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rising_numbers_are_nearest_to_what_is_wanted() {
        assert_eq!(rising(&[1.0, 2.0, 3.0]), [1.0, 2.0, 3.0]);
        assert_eq!(rising(&[3.0, 1.0]), [2.0, 2.0]);
        assert_eq!(rising(&[5.0, 4.0, 0.0, 9.0]), [3.0, 3.0, 3.0, 9.0]);
        assert!(rising(&[]).is_empty());
    }

    #[test]
    fn parts_are_numbered_by_their_first_object() {
        assert_eq!(parts(&[vec![], vec![], vec![0]], &[vec![2], vec![], vec![]]), [0, 1, 0]);
    }
}
