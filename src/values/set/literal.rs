//! `--set-literal` (`helm pkg/strvals/literal_parser.go`): no escapes, no lists, no types.

use super::{
    MAX_NESTED_NAME_LEVEL, MAX_NESTING, Stop, Text, data_after_index, failed, inner_list, inner_map,
    keep_nested, map_in_list, nested_list, nested_too_deep, set_key,
};
use crate::diagnostic::Result;
use crate::source::quote;
use crate::value::{Map, Value};

pub(super) fn parse(text: &str, values: &Map) -> Result<()> {
    let mut parser = Parser { text: Text::new(text), nesting: 0 };
    loop {
        match parser.key(values, 0) {
            Ok(()) => {}
            Err(Stop::End) => return Ok(()),
            Err(Stop::Failed(error)) => return Err(error),
        }
    }
}

struct Parser<'t> {
    text: Text<'t>,
    nesting: usize,
}

impl Parser<'_> {
    fn key(&mut self, map: &Map, level: usize) -> Result<(), Stop> {
        let (key, stop) = self.text.until(&['=', '[', '.'], false);
        match stop {
            None if key.is_empty() => Err(Stop::End),
            None => Err(failed(format!("key {} has no value", quote(&key)))),
            Some('=') => {
                set_key(map, &key, self.value());
                Ok(())
            }
            Some('.') => {
                if level + 1 > MAX_NESTED_NAME_LEVEL {
                    return Err(nested_too_deep());
                }
                let inner = inner_map(map, &key)?;
                let result = self.key(&inner, level + 1);
                if result.is_ok() && inner.is_empty() {
                    return Err(failed(format!("key map {} has no value", quote(&key))));
                }
                if !inner.is_empty() {
                    set_key(map, &key, Value::Map(inner));
                }
                result
            }
            Some(_) => {
                let index = self.text.index(false)?;
                let mut list = inner_list(map, &key)?;
                let result = self.item(&mut list, index, level);
                set_key(map, &key, Value::list(list));
                result
            }
        }
    }

    fn value(&mut self) -> Value {
        Value::from(std::mem::take(&mut self.text.rest))
    }

    fn item(&mut self, list: &mut Vec<Value>, index: i64, level: usize) -> Result<(), Stop> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err(failed(format!("lists are nested deeper than {MAX_NESTING}")));
        }
        if index < 0 {
            return Err(failed(format!("negative {index} index not allowed")));
        }
        let (key, stop) = self.text.until(&['[', '.', '='], false);
        if !key.is_empty() {
            return Err(data_after_index(&key));
        }
        let value = match stop {
            None => return Err(Stop::End),
            Some('=') => self.value(),
            Some('.') => {
                let inner = map_in_list(list, index);
                self.key(&inner, level)?;
                Value::Map(inner)
            }
            Some(_) => {
                let next = self.text.index(false)?;
                let mut inner = nested_list(list, index)?;
                if let Err(stop) = self.item(&mut inner, next, level) {
                    keep_nested(list, index, inner);
                    return Err(stop);
                }
                Value::list(inner)
            }
        };
        self.text.set_index(list, index, value)
    }
}
