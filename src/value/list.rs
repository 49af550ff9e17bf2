use std::fmt;
use std::sync::Arc;

use parking_lot::{RwLock, RwLockReadGuard};

use super::{Value, drop_flat};

/// The element type of a Go slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Elem {
    /// `[]interface {}`: what YAML, JSON and `list` give.
    Any,
    /// `[]string`
    String,
    /// `[]int`: `until`, `untilStep`.
    Int,
    /// Another type, by Go's name of the *slice* type.
    Other(&'static str),
}

impl Elem {
    /// Go's name of the slice type.
    pub fn slice_name(self) -> &'static str {
        match self {
            Elem::Any => "[]interface {}",
            Elem::String => "[]string",
            Elem::Int => "[]int",
            Elem::Other(name) => name,
        }
    }
}

/// A shared list. Go templates never change one in place; Jinja's `append` and its like do.
#[derive(Clone)]
pub struct List(Arc<ListCell>);

pub(crate) struct ListCell {
    elem: Elem,
    items: RwLock<Vec<Value>>,
}

impl List {
    /// A list of these items.
    pub fn new(elem: Elem, items: Vec<Value>) -> List {
        List(Arc::new(ListCell { elem, items: RwLock::new(items) }))
    }

    /// The Go element type.
    pub fn elem(&self) -> Elem {
        self.0.elem
    }

    /// The item at `index`.
    pub fn get(&self, index: usize) -> Option<Value> {
        self.0.items.read_recursive().get(index).cloned()
    }

    /// The number of items.
    pub fn len(&self) -> usize {
        self.0.items.read_recursive().len()
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A snapshot of the items.
    pub fn items(&self) -> Vec<Value> {
        self.read().clone()
    }

    /// Borrows the items for a read-only walk by library code; see [`super::Map::read`].
    pub fn read(&self) -> RwLockReadGuard<'_, Vec<Value>> {
        self.0.items.read_recursive()
    }

    /// Changes the list in place. The function must not touch this list in another way, nor run template code.
    pub fn update<T>(&self, change: impl FnOnce(&mut Vec<Value>) -> T) -> T {
        change(&mut self.0.items.write())
    }

    /// Whether both are the same list, not only equal ones.
    pub fn is_same(&self, other: &List) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// An address that tells lists apart while they live: for finding cycles.
    pub fn address(&self) -> usize {
        Arc::as_ptr(&self.0) as usize
    }

    /// The shared cell itself, which Jinja sees as an object: crossing languages costs a reference count.
    pub(crate) fn cell(&self) -> &Arc<ListCell> {
        &self.0
    }

    /// The handle of a cell.
    pub(crate) fn of_cell(cell: Arc<ListCell>) -> List {
        List(cell)
    }

    pub(super) fn take_if_last(self, children: &mut Vec<Value>) {
        if let Some(cell) = Arc::into_inner(self.0) {
            children.append(&mut cell.items.write());
        }
    }
}

impl Drop for ListCell {
    fn drop(&mut self) {
        let items = self.items.get_mut();
        if items.iter().any(|v| matches!(v, Value::Map(_) | Value::List(_))) {
            drop_flat(std::mem::take(items));
        }
    }
}

/// Shows the type and the length only: contents may be cyclic, and may be secret.
impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(len {})", self.elem().slice_name(), self.len())
    }
}
