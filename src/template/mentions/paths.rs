//! The paths of values that templates name, as a tree, with the places that name them.

use std::collections::HashMap;

use crate::value::Str;
use crate::yaml::Step;

/// A path: a node of the tree. 0 is the outermost chart's values as a whole.
pub(crate) type Node = u32;

/// So many steps of a path are told apart; what lies deeper is taken for the whole.
const MAX_DEPTH: u16 = 24;
/// So many paths are kept.
const MAX_NODES: usize = 200_000;
/// So many places are kept of one path.
const MAX_SITES: usize = 8;

const GLOBAL: &str = "global";

/// A place in a text: the number of the text, and a byte of it.
pub(crate) type Site = (u32, u32);

#[derive(Debug)]
struct Entry {
    parent: Node,
    /// The last step; `None` for any key or index.
    step: Option<Str>,
    depth: u16,
    children: HashMap<Str, Node>,
    any: Option<Node>,
    /// Who names just this.
    exact: Vec<Site>,
    /// Who uses this and all below it.
    whole: Vec<Site>,
    /// Whether these are the values of a chart, in which `global` is every chart's.
    is_chart: bool,
}

impl Entry {
    fn new(parent: Node, step: Option<Str>, depth: u16) -> Entry {
        Entry {
            parent,
            step,
            depth,
            children: HashMap::new(),
            any: None,
            exact: Vec::new(),
            whole: Vec::new(),
            is_chart: false,
        }
    }
}

/// The tree.
#[derive(Debug)]
pub(super) struct Paths {
    entries: Vec<Entry>,
    /// Whether there were more paths than are kept.
    pub cut: bool,
}

impl Default for Paths {
    fn default() -> Paths {
        let root = Entry { is_chart: true, ..Entry::new(0, None, 0) };
        Paths { entries: vec![root], cut: false }
    }
}

impl Paths {
    fn entry(&self, node: Node) -> Option<&Entry> {
        self.entries.get(node as usize)
    }

    /// Makes these the values of a chart.
    pub fn set_chart(&mut self, node: Node) {
        if let Some(entry) = self.entries.get_mut(node as usize) {
            entry.is_chart = true;
        }
    }

    /// Whether these are all values of a chart.
    pub fn is_chart(&self, node: Node) -> bool {
        self.entry(node).is_some_and(|entry| entry.is_chart)
    }

    /// The node below one, made if it isn't there.
    pub fn child(&mut self, node: Node, step: Option<&Str>) -> Node {
        let Some(entry) = self.entry(node) else { return node };
        let node = if step.is_some_and(|key| key.as_bytes() == GLOBAL.as_bytes()) && entry.is_chart {
            0
        } else {
            node
        };
        let Some(entry) = self.entry(node) else { return node };
        let known = match step {
            Some(key) => entry.children.get(key).copied(),
            None => entry.any,
        };
        if let Some(known) = known {
            return known;
        }
        if entry.depth >= MAX_DEPTH {
            return node;
        }
        if self.entries.len() >= MAX_NODES {
            self.cut = true;
            return node;
        }
        let made = self.entries.len() as Node;
        let depth = entry.depth + 1;
        self.entries.push(Entry::new(node, step.cloned(), depth));
        if let Some(entry) = self.entries.get_mut(node as usize) {
            match step {
                Some(key) => {
                    entry.children.insert(key.clone(), made);
                }
                None => entry.any = Some(made),
            }
        }
        made
    }

    /// The node of a path.
    pub fn node(&mut self, path: &[Str]) -> Node {
        path.iter().fold(0, |node, key| self.child(node, Some(key)))
    }

    /// The known nodes right below one.
    pub fn below(&self, node: Node) -> Vec<Node> {
        self.entry(node).map_or(Vec::new(), |e| e.children.values().copied().chain(e.any).collect())
    }

    /// A place names just this. What lies too deep to be told apart is used as a whole.
    pub fn mark(&mut self, node: Node, site: Site) {
        if let Some(entry) = self.entries.get_mut(node as usize) {
            let sites = if entry.depth >= MAX_DEPTH { &mut entry.whole } else { &mut entry.exact };
            note(sites, site);
        }
    }

    /// A place uses all of this.
    pub fn mark_whole(&mut self, node: Node, site: Site) {
        if let Some(entry) = self.entries.get_mut(node as usize) {
            note(&mut entry.whole, site);
        }
    }

    /// The steps of a node; `None` stands for any.
    pub fn steps(&self, node: Node) -> Vec<Option<&Str>> {
        let mut steps = Vec::new();
        let mut node = node;
        while let Some(entry) = self.entry(node).filter(|entry| entry.depth > 0) {
            steps.push(entry.step.as_ref());
            node = entry.parent;
        }
        steps.reverse();
        steps
    }

    /// The nodes that stand for a path, and those that are used as a whole on the way there.
    fn meet(&self, path: &[Step]) -> (Vec<Node>, Vec<Node>) {
        let mut at = vec![0];
        let mut whole = Vec::new();
        for step in path {
            whole.extend(at.iter().copied().filter(|&node| self.is_whole(node)));
            at = self.step(&at, step);
            if at.is_empty() {
                break;
            }
        }
        (at, whole)
    }

    fn is_whole(&self, node: Node) -> bool {
        self.entry(node).is_some_and(|entry| !entry.whole.is_empty())
    }

    fn step(&self, at: &[Node], step: &Step) -> Vec<Node> {
        let mut next = Vec::new();
        let index;
        let key = match step {
            Step::Key(key) => key,
            Step::Index(number) => {
                index = Str::from(number.to_string());
                &index
            }
        };
        for entry in at.iter().filter_map(|&node| self.entry(node)) {
            let is_global = entry.is_chart && key.as_bytes() == GLOBAL.as_bytes();
            let entry = if is_global { self.entry(0).unwrap_or(entry) } else { entry };
            for node in entry.children.get(key).copied().into_iter().chain(entry.any) {
                if !next.contains(&node) {
                    next.push(node);
                }
            }
        }
        next
    }

    /// Who names a path, something around it as a whole, or something below it.
    pub fn sites(&self, path: &[Step]) -> Vec<Site> {
        let (at, whole) = self.meet(path);
        let mut found = Vec::new();
        for entry in at.iter().filter_map(|&node| self.entry(node)) {
            entry.exact.iter().chain(&entry.whole).for_each(|site| note(&mut found, *site));
        }
        for entry in whole.iter().rev().filter_map(|&node| self.entry(node)) {
            entry.whole.iter().for_each(|site| note(&mut found, *site));
        }
        let mut open = at;
        while let (Some(node), true) = (open.pop(), found.is_empty()) {
            if let Some(entry) = self.entry(node) {
                entry.exact.iter().chain(&entry.whole).for_each(|site| note(&mut found, *site));
                open.extend(self.below(node));
            }
        }
        found
    }

    /// The keys that are named right below a path, each with a place that names it or what is in it.
    pub fn keys(&self, path: &[Step]) -> Vec<(Str, Site)> {
        let mut found = Vec::new();
        for entry in self.meet(path).0.iter().filter_map(|&node| self.entry(node)) {
            for (key, &node) in &entry.children {
                found.extend(self.first(node).map(|site| (key.clone(), site)));
            }
        }
        found.sort();
        found
    }

    fn first(&self, node: Node) -> Option<Site> {
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            let entry = self.entry(node)?;
            if let Some(site) = entry.exact.iter().chain(&entry.whole).min() {
                return Some(*site);
            }
            open.extend(self.below(node));
        }
        None
    }

    /// All paths of keys that are named, each with a place.
    pub fn all(&self) -> Vec<(Vec<Str>, Site)> {
        let named = |node: Node| {
            let entry = self.entry(node)?;
            let site = *entry.exact.iter().chain(&entry.whole).min()?;
            let steps: Option<Vec<Str>> = self.steps(node).into_iter().map(Option::<&Str>::cloned).collect();
            Some((steps.filter(|steps| !steps.is_empty())?, site))
        };
        let mut all: Vec<_> = (0..self.entries.len() as Node).filter_map(named).collect();
        all.sort();
        all
    }
}

/// Adds a place once, the first few.
fn note(sites: &mut Vec<Site>, site: Site) {
    if sites.len() < MAX_SITES && !sites.contains(&site) {
        sites.push(site);
    }
}
