//! Values that know where they came from: in the place of each scalar stands a tag, which names its site.
//!
//! Trees of tags go through the very code that merges values. That code looks at nothing but whether a value is
//! null, a map, a list or something else, so tags must be as these in its eyes:
//! * A null under a key is a null for it; who set it stands beside it, under a hidden key.
//! * A map is a map; who made it stands in it, under a hidden key. Where maps are merged, the upper one's wins.
//! * Lists are never merged; an empty one may be any object, of others the items are tagged.
//!
//! Hidden keys begin with a byte that no text in UTF-8 has, so no key of YAML, JSON or `--set` can be one.

use std::any::Any;
use std::sync::Arc;

use crate::value::{Kind, List, Map, MapType, Object, ObjectError, Str, Value};
use crate::values::deep_copy;
use crate::yaml::Step;

/// How deep values are followed. What lies deeper is merged as ever, but nothing is known of it.
pub(super) const MAX_DEPTH: usize = 200;

/// Who made the map it stands in.
const MADE_BY: &[u8] = b"\xffm";
/// The beginning of the key under which stands who set the null beside it.
const NULL_BY: &[u8] = b"\xffn";

/// Whether a key is one of those that only tagged trees have.
pub(super) fn is_hidden(key: &Str) -> bool {
    key.as_bytes().first() == Some(&0xff)
}

/// The number of a [`Site`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct SiteId(u32);

/// An entry of a layer.
#[derive(Clone, Debug)]
pub(super) struct Site {
    /// Which layer: an index that the builder of the layers gives.
    pub layer: usize,
    /// What it is in; none for the layer's outermost map.
    pub parent: Option<SiteId>,
    /// The step from the parent to it.
    pub step: Step,
    /// What the layer says.
    pub value: Value,
}

/// All entries of all layers.
#[derive(Debug, Default)]
pub(super) struct Sites(Vec<Site>);

/// What stands for a value.
#[derive(Debug)]
struct Tag {
    site: SiteId,
    plain: Plain,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plain {
    Null,
    EmptyList,
    Scalar,
}

/// What a value of a tagged tree is.
pub(super) enum Seen {
    /// A scalar, a null or an empty list.
    Leaf(Option<SiteId>),
    /// A map, and who made it; nobody if the merge did.
    Map(Map, Option<SiteId>),
    /// A list with items; see [`Sites::of_list`].
    List(List),
}

impl Sites {
    fn add(&mut self, layer: usize, parent: Option<SiteId>, step: Step, value: Value) -> SiteId {
        // More than the bound on a chart's size allows by far; if it were met, answers would be wrong, not unsafe.
        let id = SiteId(u32::try_from(self.0.len()).unwrap_or(u32::MAX));
        self.0.push(Site { layer, parent, step, value });
        id
    }

    pub fn get(&self, id: SiteId) -> Option<&Site> {
        self.0.get(id.0 as usize)
    }

    pub fn ids(&self) -> impl Iterator<Item = SiteId> + use<> {
        (0..u32::try_from(self.0.len()).unwrap_or(u32::MAX)).map(SiteId)
    }

    /// The way to an entry within its layer.
    pub fn path(&self, id: SiteId) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut next = self.get(id);
        while let Some(site) = next {
            let Some(parent) = site.parent else { break };
            steps.push(site.step.clone());
            next = self.get(parent);
        }
        steps.reverse();
        steps
    }

    /// A copy of a whole layer, tagged.
    pub fn tag_layer(&mut self, layer: usize, values: &Map) -> Map {
        let root = self.add(layer, None, Step::Index(0), Value::Map(values.clone()));
        self.tag_map(layer, values, root, MAX_DEPTH)
    }

    fn tag_map(&mut self, layer: usize, map: &Map, site: SiteId, depth: usize) -> Map {
        let copy = Map::new(map.map_type());
        for (key, value) in map.entries() {
            let value = self.tag(layer, &value, site, Step::Key(key.clone()), depth);
            copy.insert(key, value);
        }
        copy.insert(MADE_BY, tag(site, Plain::Scalar));
        copy
    }

    fn tag(&mut self, layer: usize, value: &Value, parent: SiteId, step: Step, depth: usize) -> Value {
        let Some(depth) = depth.checked_sub(1) else { return own(value) };
        if let Value::Object(_) = value {
            return value.clone();
        }
        let site = self.add(layer, Some(parent), step, value.clone());
        match value {
            Value::Map(map) => Value::Map(self.tag_map(layer, map, site, depth)),
            Value::List(list) if !list.is_empty() => {
                let tagged = list.items().into_iter().enumerate();
                let tagged =
                    tagged.map(|(index, item)| self.tag(layer, &item, site, Step::Index(index), depth));
                Value::List(List::new(list.elem(), tagged.collect()))
            }
            Value::List(_) => tag(site, Plain::EmptyList),
            Value::Null => tag(site, Plain::Null),
            _ => tag(site, Plain::Scalar),
        }
    }

    /// Tags what a layer that changes values in place added to a tagged tree: whatever is not tagged yet.
    pub fn tag_added(&mut self, layer: usize, values: &Map) {
        let root = self.add(layer, None, Step::Index(0), Value::Map(Map::default()));
        self.added_in_map(layer, values, &mut vec![], root, MAX_DEPTH);
    }

    fn added_in_map(&mut self, layer: usize, map: &Map, path: &mut Vec<Step>, root: SiteId, depth: usize) {
        for (key, value) in map.entries() {
            if !is_hidden(&key) {
                path.push(Step::Key(key.clone()));
                if let Some(tagged) = self.added(layer, &value, path, root, depth) {
                    map.insert(key, tagged);
                }
                path.pop();
            }
        }
    }

    /// What has to stand in the place of a value, if it is another one.
    fn added(
        &mut self,
        layer: usize,
        value: &Value,
        path: &mut Vec<Step>,
        root: SiteId,
        depth: usize,
    ) -> Option<Value> {
        let depth = depth.checked_sub(1)?;
        match value {
            Value::Object(_) => None,
            Value::Map(map) if map.contains_key(MADE_BY) => {
                self.added_in_map(layer, map, path, root, depth);
                None
            }
            Value::List(list) if list.items().iter().any(|item| self.is_tagged(item, depth)) => {
                for (index, item) in list.items().iter().enumerate() {
                    path.push(Step::Index(index));
                    if let Some(tagged) = self.added(layer, item, path, root, depth) {
                        list.update(|items| {
                            if let Some(slot) = items.get_mut(index) {
                                *slot = tagged;
                            }
                        });
                    }
                    path.pop();
                }
                self.complete(layer, list);
                None
            }
            _ => {
                let (last, before) = path.split_last()?;
                let mut parent = root;
                for (step, next) in before.iter().zip(path.iter().skip(1)) {
                    // Only what kind of container the flag takes it for.
                    let kind = match next {
                        Step::Key(_) => Value::Map(Map::default()),
                        Step::Index(_) => Value::list(Vec::new()),
                    };
                    parent = self.add(layer, Some(parent), step.clone(), kind);
                }
                Some(self.tag(layer, value, parent, last.clone(), depth + 1))
            }
        }
    }

    /// Of a list that the layer changed in place, says what it is now, if its first item is the layer's.
    fn complete(&mut self, layer: usize, list: &List) {
        let Some(id) = self.of_list(list).filter(|id| self.get(*id).is_some_and(|s| s.layer == layer)) else {
            return;
        };
        let value = self.untag(&Value::List(list.clone()), MAX_DEPTH);
        if let Some(site) = self.0.get_mut(id.0 as usize) {
            site.value = value;
        }
    }

    /// The value that a tagged one stands for.
    fn untag(&self, value: &Value, depth: usize) -> Value {
        let Some(depth) = depth.checked_sub(1) else { return value.clone() };
        match value {
            Value::Map(map) => {
                let entries = map.entries().into_iter().filter(|(key, _)| !is_hidden(key));
                Value::Map(entries.map(|(key, value)| (key, self.untag(&value, depth))).collect())
            }
            Value::List(list) => {
                Value::list(list.items().iter().map(|item| self.untag(item, depth)).collect())
            }
            other => match tag_of(other).and_then(|tag| self.get(tag.site)) {
                Some(site) => site.value.clone(),
                None => other.clone(),
            },
        }
    }

    /// Whether an item of a list was there before: it is tagged, or something in it is.
    fn is_tagged(&self, item: &Value, depth: usize) -> bool {
        match item {
            Value::Object(_) => true,
            Value::Map(map) => map.contains_key(MADE_BY),
            Value::List(list) => {
                depth > 0 && list.items().iter().any(|inner| self.is_tagged(inner, depth - 1))
            }
            _ => false,
        }
    }
}

/// A copy of a tagged tree in which a null is one, with who set it beside it: what merges take.
pub(super) fn for_merge(values: &Map) -> Map {
    fn walk(value: &Value, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return };
        match value {
            Value::Map(map) => {
                for (key, value) in map.entries() {
                    match tag_of(&value) {
                        Some(Tag { plain: Plain::Null, .. }) => {
                            map.insert(key.clone(), Value::Null);
                            map.insert(null_by(&key), as_scalar(&value));
                        }
                        _ => walk(&value, depth),
                    }
                }
            }
            Value::List(list) => list.items().iter().for_each(|item| walk(item, depth)),
            _ => {}
        }
    }
    let copy = deep_copy(values);
    walk(&Value::Map(copy.clone()), MAX_DEPTH);
    copy
}

/// Of a null that merging notes in another map: who set it goes along.
pub(in crate::values) fn note_null(from: &Map, into: &Map, key: &Str) {
    let key = null_by(key);
    if let Some(by) = from.get(&key) {
        into.insert(key, by);
    }
}

/// Who set the null that stands, or stood, under a key of a map.
pub(super) fn null_site(map: &Map, key: &Str) -> Option<SiteId> {
    tag_of(&map.get(null_by(key))?).map(|tag| tag.site)
}

/// What a value under a key of a map is (`null` gives who set it if it is null), or an item of a list.
pub(super) fn see(value: &Value, null: impl FnOnce() -> Option<SiteId>) -> Seen {
    match value {
        Value::Null => Seen::Leaf(null()),
        Value::Map(map) => {
            let by = map.get(MADE_BY);
            Seen::Map(map.clone(), by.as_ref().and_then(tag_of).map(|tag| tag.site))
        }
        Value::List(list) if !list.is_empty() => Seen::List(list.clone()),
        other => Seen::Leaf(tag_of(other).map(|tag| tag.site)),
    }
}

impl Sites {
    /// Who made a list with items: who set the first one, which says where the list stands.
    pub fn of_list(&self, list: &List) -> Option<SiteId> {
        let mut first = list.get(0)?;
        let mut levels = 1;
        let site = loop {
            match &first {
                Value::List(inner) if !inner.is_empty() && levels < MAX_DEPTH => first = inner.get(0)?,
                Value::Map(map) => break tag_of(&map.get(MADE_BY)?)?.site,
                other => break tag_of(other)?.site,
            }
            levels += 1;
        };
        (0..levels).try_fold(site, |site, _| self.get(site)?.parent)
    }
}

fn null_by(key: &Str) -> Str {
    Str::from_bytes([NULL_BY, key.as_bytes()].concat())
}

fn tag(site: SiteId, plain: Plain) -> Value {
    Value::Object(Arc::new(Tag { site, plain }))
}

fn as_scalar(value: &Value) -> Value {
    tag_of(value).map_or_else(|| value.clone(), |found| tag(found.site, Plain::Scalar))
}

fn tag_of(value: &Value) -> Option<&Tag> {
    match value {
        Value::Object(object) => object.as_any().downcast_ref(),
        _ => None,
    }
}

/// A copy that shares nothing.
fn own(value: &Value) -> Value {
    let holder = Map::new(MapType::Any);
    holder.insert("", value.clone());
    deep_copy(&holder).get("").unwrap_or_default()
}

impl Object for Tag {
    fn type_name(&self) -> &str {
        "origin"
    }

    fn kind(&self) -> Kind {
        match self.plain {
            Plain::Null => Kind::Invalid,
            Plain::EmptyList => Kind::Slice,
            Plain::Scalar => Kind::Struct,
        }
    }

    fn is_nil(&self) -> bool {
        self.plain == Plain::Null
    }

    fn field(&self, _: &str) -> Option<Value> {
        None
    }

    fn has_method(&self, _: &str) -> bool {
        false
    }

    fn call(&self, name: &str, _: &[Value]) -> Result<Value, ObjectError> {
        Err(ObjectError(format!("an origin has no method {name}")))
    }

    fn method_params(&self, _: &str) -> usize {
        0
    }

    fn print(&self) -> String {
        String::new()
    }

    fn to_plain(&self) -> Value {
        Value::Null
    }

    fn as_container(&self) -> Option<Value> {
        (self.plain == Plain::EmptyList).then(|| Value::list(Vec::new()))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
