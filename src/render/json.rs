//! Rendered documents as JSON.

use crate::diagnostic::{Error, Result};
use crate::manifest::split;
use crate::value::Value;
use crate::{json, yaml};

/// The objects of a rendered document, each as one line of JSON. A document of comments has none; a file of
/// `crds/` may have several.
///
/// # Errors
/// When the document isn't YAML.
pub fn objects(source: &str, content: &[u8]) -> Result<Vec<String>> {
    let mut objects = Vec::new();
    for range in split::split(content) {
        let value = yaml::decode(&content[range])
            .map_err(|e| Error::new(format!("YAML parse error on {source}: {}", e.message)))?;
        if !matches!(value, Value::Null) {
            let text = json::encode(&value, json::Escape::None)
                .map_err(|e| Error::new(format!("{source}: {}", e.message)))?;
            objects.push(text);
        }
    }
    Ok(objects)
}
