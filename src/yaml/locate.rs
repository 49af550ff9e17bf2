//! Where in a text a value stands. The text is read again for it, so that reading values costs nothing more.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap, HashSet};

use crate::value::Str;

use super::documents::pieces;
use super::input::Input;
use super::meaning::{is_merge, key_text};
use super::node::{Document, Id, Node, NodeKind};

/// How many nodes are looked at, so that aliases cannot multiply the work without end.
const MAX_NODES: usize = 4_000_000;
/// How deep leaves are looked for, merges counted as levels.
const MAX_DEPTH: usize = 200;
/// How many steps of a path are taken: texts are not that deep, but an alias may lead round in circles.
const MAX_STEPS: usize = 1_000;

/// A step of a path into a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Into a map, by the key as a string.
    Key(Str),
    /// Into a list, from 0.
    Index(usize),
}

/// A place in a text. Both numbers are from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// Where an entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The key; `None` for the items of a list and for the whole.
    pub key: Option<Spot>,
    /// The value.
    pub value: Spot,
}

/// Finds the entry at a path in a values file of one or several documents, which Helm merges: the last
/// document that sets it wins, in a document the last of equal keys. Aliases and merges are followed. `None`
/// when there is no such entry or the text cannot be read.
pub fn locate(text: &[u8], path: &[Step]) -> Option<Position> {
    locate_all(text, &[path]).pop().flatten()
}

/// As [`locate`], for several paths: the text is read once, and steps that paths share are taken once.
pub fn locate_all<P: AsRef<[Step]>>(text: &[u8], paths: &[P]) -> Vec<Option<Position>> {
    let mut walks: Vec<Walk> = paths.iter().map(|_| Walk::Missing).collect();
    let paths: Vec<&[Step]> = paths.iter().map(AsRef::as_ref).collect();
    let Ok(pieces) = pieces(text).collect::<Result<Vec<_>, _>>() else { return vec![None; paths.len()] };
    for piece in pieces.iter().rev() {
        let input = Input::new(&piece.text);
        let Ok(document) = Document::first(&input.text, input.fault) else { break };
        let budget = Cell::new(MAX_NODES);
        let text =
            Located { document: &document, text: &input.text, first_line: piece.line, budget: &budget };
        let open: Vec<usize> =
            (0..).zip(&walks).filter(|(_, walk)| walk.is_missing()).map(|(i, _)| i).collect();
        if let Some(root) = document.get(0) {
            text.walk(root, None, 0, &paths, open, &mut walks);
        }
    }
    let position = |walk| match walk {
        Walk::Found(position) => Some(position),
        Walk::Missing | Walk::Replaced => None,
    };
    walks.into_iter().map(position).collect()
}

/// Shows the path and the position of every leaf of a values file, in the order of the text: scalars and
/// empty collections. Where documents or merges set a leaf again, it is shown again, and the last one counts.
/// A text that cannot be read has no leaves.
pub fn leaves(text: &[u8], show: &mut dyn FnMut(&[Step], Position)) {
    each_root(text, &mut |text, root| text.leaves(root, None, MAX_DEPTH, &mut Vec::new(), show));
}

/// Shows the root of each document of a text, up to one that cannot be read.
fn each_root(text: &[u8], show: &mut dyn FnMut(&Located<'_, '_>, &Node<'_>)) {
    let budget = Cell::new(MAX_NODES);
    for piece in pieces(text).flatten() {
        let input = Input::new(&piece.text);
        let Ok(document) = Document::first(&input.text, input.fault) else { return };
        let text =
            Located { document: &document, text: &input.text, first_line: piece.line, budget: &budget };
        if let Some(root) = document.get(0) {
            show(&text, root);
        }
    }
}

/// Where an entry really stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its key, or the item of a list; of what came by an alias, the value that the anchor names.
    pub at: Spot,
    /// The alias or merge key by which it came here, if it did; of several, the outermost.
    pub alias: Option<Spot>,
}

/// Shows the path of every entry of a values file and where it stands, maps and lists before what is in them,
/// in the order of the text. Where documents or merges set an entry again, it is shown again, and the last one
/// counts; entries that such a change hid are shown, too. A text that cannot be read has no entries.
pub fn standings(text: &[u8], show: &mut dyn FnMut(&[Step], Standing)) {
    each_root(text, &mut |text, root| text.stand(root, None, None, MAX_DEPTH, &mut Vec::new(), show));
}

/// Shows the path of every key that a map has more than once, and where it stands again: the last one counts. A text
/// that cannot be read has none.
pub fn repeated(text: &[u8], show: &mut dyn FnMut(&[Step], Spot)) {
    each_root(text, &mut |text, root| text.repeated(root, MAX_DEPTH, &mut Vec::new(), show));
}

#[derive(Clone, Copy)]
enum Walk {
    Found(Position),
    /// A map on the way has no such key; an earlier document may.
    Missing,
    /// The way ends at something that is no map, which hides what earlier documents say.
    Replaced,
}

impl Walk {
    fn is_missing(&self) -> bool {
        matches!(self, Walk::Missing)
    }
}

/// Notes what came of some paths.
fn set(walks: &mut [Walk], own: &[usize], walk: Walk) {
    for index in own {
        if let Some(slot) = walks.get_mut(*index) {
            *slot = walk;
        }
    }
}

struct Located<'d, 'a> {
    document: &'d Document<'a>,
    text: &'d [u8],
    first_line: usize,
    /// Nodes that may still be looked at.
    budget: &'d Cell<usize>,
}

impl<'d, 'a> Located<'d, 'a> {
    fn spot(&self, node: &Node<'_>) -> Spot {
        let line = node.mark.offset.saturating_sub(node.mark.column as usize)..node.mark.offset;
        let before = self.text.get(line).unwrap_or_default();
        Spot {
            line: self.first_line + node.mark.line as usize,
            column: String::from_utf8_lossy(before).chars().count() + 1,
        }
    }

    /// The node itself, or what it is an alias of.
    fn target(&self, node: &'d Node<'a>) -> &'d Node<'a> {
        match &node.kind {
            NodeKind::Alias { target, .. } => self.document.get(*target).unwrap_or(node),
            _ => node,
        }
    }

    /// Goes on from a node, to which the first steps of some paths lead, along the others.
    fn walk(
        &self,
        node: &'d Node<'a>,
        key: Option<&'d Node<'a>>,
        depth: usize,
        paths: &[&[Step]],
        own: Vec<usize>,
        walks: &mut [Walk],
    ) {
        if depth > MAX_STEPS {
            return set(walks, &own, Walk::Replaced);
        }
        let mut by_key: HashMap<&[u8], Vec<usize>> = HashMap::new();
        let mut by_index: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for index in own {
            match paths.get(index).and_then(|path| path.get(depth)) {
                Some(Step::Key(name)) => by_key.entry(name.as_bytes()).or_default().push(index),
                Some(Step::Index(at)) => by_index.entry(*at).or_default().push(index),
                None => {
                    let place = Position { key: key.map(|k| self.spot(k)), value: self.spot(node) };
                    set(walks, &[index], Walk::Found(place));
                }
            }
        }
        let node = self.target(node);
        let (is_map, is_list) =
            (matches!(node.kind, NodeKind::Mapping), matches!(node.kind, NodeKind::Sequence));
        if is_map && !by_key.is_empty() {
            let mut found: HashMap<&[u8], (&'d Node<'a>, &'d Node<'a>)> = HashMap::new();
            self.find(node, &by_key, MAX_DEPTH, &mut found);
            for (name, own) in by_key.drain() {
                if let Some((key, value)) = found.get(name) {
                    self.walk(value, Some(key), depth + 1, paths, own, walks);
                }
            }
        }
        if is_list && let Some(last) = by_index.keys().next_back().copied() {
            for (at, item) in self.children(node).take(last.saturating_add(1)).enumerate() {
                if let Some(own) = by_index.remove(&at) {
                    self.walk(item, None, depth + 1, paths, own, walks);
                }
            }
        }
        // What is no map or list, hides what earlier documents say.
        by_key.into_values().chain(by_index.into_values()).for_each(|own| set(walks, &own, Walk::Replaced));
    }

    fn children(&self, node: &'d Node<'a>) -> impl Iterator<Item = &'d Node<'a>> + use<'d, 'a> {
        let document = self.document;
        let budget = self.budget;
        let mut next: Id = node.first;
        let end = node.end;
        std::iter::from_fn(move || {
            let child = if next < end { document.get(next) } else { None }?;
            budget.set(budget.get().checked_sub(1)?);
            next = child.end;
            Some(child)
        })
    }

    /// The keys and values of a mapping.
    fn pairs(&self, node: &'d Node<'a>) -> impl Iterator<Item = (&'d Node<'a>, &'d Node<'a>)> + use<'d, 'a> {
        let mut children = self.children(node);
        std::iter::from_fn(move || Some((children.next()?, children.next()?)))
    }

    /// The mappings that `<<` merges, in the order in which they are.
    fn merged(&self, value: &'d Node<'a>) -> Vec<&'d Node<'a>> {
        match value.kind {
            NodeKind::Sequence => {
                let mut mappings: Vec<_> = self.children(value).map(|n| self.target(n)).collect();
                mappings.reverse();
                mappings
            }
            _ => vec![self.target(value)],
        }
    }

    /// Finds the entries of some keys, the last of each; those of merged maps count where the merge stands.
    fn find<'p>(
        &self,
        mapping: &'d Node<'a>,
        wanted: &HashMap<&'p [u8], Vec<usize>>,
        depth: usize,
        found: &mut HashMap<&'p [u8], (&'d Node<'a>, &'d Node<'a>)>,
    ) {
        for (key, value) in self.pairs(mapping) {
            if is_merge(key) {
                for merged in self.merged(value).into_iter().filter(|_| depth > 0) {
                    self.find(merged, wanted, depth - 1, found);
                }
            } else if let Some(text) = key_text(self.target(key))
                && let Some((name, _)) = wanted.get_key_value(text.as_bytes())
            {
                found.insert(*name, (key, value));
            }
        }
    }

    fn leaves(
        &self,
        node: &'d Node<'a>,
        key: Option<&Node<'a>>,
        depth: usize,
        path: &mut Vec<Step>,
        show: &mut dyn FnMut(&[Step], Position),
    ) {
        let place = node;
        let node = self.target(node);
        let Some(depth) = depth.checked_sub(1) else { return };
        match node.kind {
            NodeKind::Sequence if node.end > node.first => {
                for (index, item) in self.children(node).enumerate() {
                    path.push(Step::Index(index));
                    self.leaves(item, None, depth, path, show);
                    path.pop();
                }
            }
            NodeKind::Mapping if node.end > node.first => self.entries(node, depth, path, show),
            _ => show(path, Position { key: key.map(|k| self.spot(k)), value: self.spot(place) }),
        }
    }

    fn entries(
        &self,
        mapping: &'d Node<'a>,
        depth: usize,
        path: &mut Vec<Step>,
        show: &mut dyn FnMut(&[Step], Position),
    ) {
        let Some(depth) = depth.checked_sub(1) else { return };
        for (key, value) in self.pairs(mapping) {
            if is_merge(key) {
                for merged in self.merged(value) {
                    self.entries(merged, depth, path, show);
                }
            } else if let Some(text) = key_text(self.target(key)) {
                path.push(Step::Key(text));
                self.leaves(value, Some(key), depth, path, show);
                path.pop();
            }
        }
    }
}

impl<'d, 'a> Located<'d, 'a> {
    fn stand(
        &self,
        node: &'d Node<'a>,
        key: Option<&Node<'a>>,
        alias: Option<Spot>,
        depth: usize,
        path: &mut Vec<Step>,
        show: &mut dyn FnMut(&[Step], Standing),
    ) {
        let Some(depth) = depth.checked_sub(1) else { return };
        let place = node;
        let node = self.target(node);
        let is_alias = !std::ptr::eq(place, node);
        let alias = alias.or_else(|| is_alias.then(|| self.spot(place)));
        let at = key.filter(|_| !is_alias).unwrap_or(node);
        show(path, Standing { at: self.spot(at), alias });
        match node.kind {
            NodeKind::Sequence => {
                for (index, item) in self.children(node).enumerate() {
                    path.push(Step::Index(index));
                    self.stand(item, None, alias, depth, path, show);
                    path.pop();
                }
            }
            NodeKind::Mapping => self.stand_entries(node, alias, depth, path, show),
            _ => {}
        }
    }

    fn stand_entries(
        &self,
        mapping: &'d Node<'a>,
        alias: Option<Spot>,
        depth: usize,
        path: &mut Vec<Step>,
        show: &mut dyn FnMut(&[Step], Standing),
    ) {
        let Some(depth) = depth.checked_sub(1) else { return };
        for (key, value) in self.pairs(mapping) {
            if is_merge(key) {
                let alias = alias.or_else(|| Some(self.spot(key)));
                for merged in self.merged(value) {
                    self.stand_entries(merged, alias, depth, path, show);
                }
            } else if let Some(text) = key_text(self.target(key)) {
                path.push(Step::Key(text));
                self.stand(value, Some(key), alias, depth, path, show);
                path.pop();
            }
        }
    }
}

impl<'d, 'a> Located<'d, 'a> {
    /// Aliases are not followed: what they name is looked at where it stands.
    fn repeated(
        &self,
        node: &'d Node<'a>,
        depth: usize,
        path: &mut Vec<Step>,
        show: &mut dyn FnMut(&[Step], Spot),
    ) {
        let Some(depth) = depth.checked_sub(1) else { return };
        match node.kind {
            NodeKind::Sequence => {
                for (index, item) in self.children(node).enumerate() {
                    path.push(Step::Index(index));
                    self.repeated(item, depth, path, show);
                    path.pop();
                }
            }
            NodeKind::Mapping => {
                let mut known = HashSet::new();
                for (key, value) in self.pairs(node) {
                    let text = key_text(self.target(key)).filter(|_| !is_merge(key));
                    let Some(text) = text else { continue };
                    path.push(Step::Key(text.clone()));
                    if !known.insert(text) {
                        show(path, self.spot(key));
                    }
                    self.repeated(value, depth, path, show);
                    path.pop();
                }
            }
            _ => {}
        }
    }
}

impl Step {
    /// A step into a map.
    pub fn key(key: impl Into<Str>) -> Step {
        Step::Key(key.into())
    }
}

#[cfg(test)]
mod tests;
