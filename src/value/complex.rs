use std::any::Any;

use super::{Kind, Object, ObjectError, Value, number};

/// Go's `complex128`: what the literal `1i` is in a Go template.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Complex {
    /// The real part.
    pub re: f64,
    /// The imaginary part.
    pub im: f64,
}

impl Object for Complex {
    fn type_name(&self) -> &str {
        "complex128"
    }

    fn kind(&self) -> Kind {
        Kind::Complex128
    }

    fn field(&self, _name: &str) -> Option<Value> {
        None
    }

    fn has_method(&self, _name: &str) -> bool {
        false
    }

    fn call(&self, name: &str, _args: &[Value]) -> Result<Value, ObjectError> {
        Err(ObjectError(format!("complex128 has no method {name}")))
    }

    fn method_params(&self, _name: &str) -> usize {
        0
    }

    fn print(&self) -> String {
        let im = number::format_g(self.im);
        let sign = if im.starts_with(['-', '+']) { "" } else { "+" };
        format!("({}{sign}{im}i)", number::format_g(self.re))
    }

    fn to_plain(&self) -> Value {
        Value::String(self.print().into())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
