//! About how much memory values take: what bounds count that have to stop before it is taken.

use super::Value;

/// What a list takes besides its items.
pub(crate) const LIST: usize = 80;
/// What an item of a list takes, with the room that a list which grows keeps for more.
pub(crate) const ITEM: usize = 36;
/// What a map without entries takes.
const EMPTY_MAP: usize = 96;
/// What the tree of a map takes: even one entry takes a node with room for eleven.
const TREE: usize = 560;
/// What an entry of a map takes besides key and value, in a tree whose nodes are about half full.
pub(crate) const ENTRY: usize = 80;
/// What a string takes besides its bytes.
const TEXT: usize = 32;

/// A map of so many entries, without what these hold.
pub(crate) fn of_map(entries: usize) -> usize {
    if entries == 0 { EMPTY_MAP } else { EMPTY_MAP + TREE + entries.saturating_sub(1).saturating_mul(ENTRY) }
}

/// A list of so many items, without what these hold.
pub(crate) fn of_list(items: usize) -> usize {
    LIST.saturating_add(items.saturating_mul(ITEM))
}

/// A string of so many bytes.
pub(crate) fn of_text(bytes: usize) -> usize {
    TEXT.saturating_add(bytes)
}

/// A value without what its items and entries hold.
pub(crate) fn shallow(value: &Value) -> usize {
    match value {
        Value::String(s) => of_text(s.weight()),
        Value::Bytes(b) => of_text(b.len()),
        Value::List(l) => of_list(l.len()),
        Value::Map(m) => of_map(m.len()),
        _ => 0,
    }
}

/// The memory that data read from texts may still take. Whoever reads takes from it as the data grow, and stops
/// when there is no more.
#[derive(Debug)]
pub struct Room {
    limit: usize,
    left: usize,
    full: bool,
}

impl Room {
    /// Room for so many bytes.
    pub fn new(limit: usize) -> Room {
        Room { limit, left: limit, full: false }
    }

    /// Takes bytes; `None` if there are not so many left.
    pub(crate) fn take(&mut self, bytes: usize) -> Option<()> {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Some(())
            }
            None => {
                self.full = true;
                None
            }
        }
    }

    /// Gives bytes back.
    pub(crate) fn give(&mut self, bytes: usize) {
        self.left = self.left.saturating_add(bytes).min(self.limit);
    }

    /// How much was taken.
    pub fn taken(&self) -> usize {
        self.limit - self.left
    }

    /// Whether more was wanted than there was.
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// What to say then.
    pub fn message(&self) -> String {
        format!("the data takes more memory than the limit of {} bytes", self.limit)
    }

    /// What to do about it.
    pub const HINT: &'static str = "--limit data-bytes=NUMBER allows more";
}

impl Default for Room {
    /// As much as [`Limits`](crate::limits::Limits) give by default.
    fn default() -> Room {
        Room::new(crate::limits::Limits::default().data_bytes)
    }
}
