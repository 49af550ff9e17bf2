//! A release as Helm stores it in the cluster: a Secret (or ConfigMap) that `kubectl get` printed
//! (`helm pkg/storage/driver/util.go: encodeRelease`).

use std::io::Read;
use std::sync::Arc;

use data_encoding::BASE64;
use flate2::read::GzDecoder;

use super::{Side, StoredRelease, stored};
use crate::diagnostic::{Error, Result};
use crate::json;
use crate::limits::Limits;
use crate::manifest::object::{self, Document, Object, Role};
use crate::manifest::split;
use crate::render::Request;
use crate::value::{Map, MapType, Str, Value};

/// The type of Secrets that hold releases.
const SECRET_TYPE: &str = "helm.sh/release.v1";

/// The first bytes of what is compressed; Helm's first releases were not.
const GZIP: &[u8] = b"\x1F\x8B\x08";

/// Whether an object holds a release.
fn holds_release(object: &Object) -> bool {
    match &*object.id.kind {
        "Secret" => object.str_at(&["type"]).as_deref() == Some(SECRET_TYPE),
        "ConfigMap" => object.str_at(&["metadata", "labels", "owner"]).as_deref() == Some("helm"),
        _ => false,
    }
}

/// The release that objects hold, if all of them hold one: the newest revision, if there are several.
///
/// # Errors
/// When they are releases of several names, and when one can't be read.
pub(super) fn read(source: &str, objects: &[Object], request: &Request) -> Result<Option<Side>> {
    if objects.is_empty() || !objects.iter().all(holds_release) {
        return Ok(None);
    }
    let label =
        |object: &Object, name: &str| object.str_at(&["metadata", "labels", name]).unwrap_or_default();
    let revision = |object: &Object| label(object, "version").parse::<u64>().unwrap_or_default();
    let Some(newest) = objects.iter().max_by_key(|object| revision(object)) else { return Ok(None) };
    let other = objects
        .iter()
        .find(|o| label(o, "name") != label(newest, "name") || o.id.namespace != newest.id.namespace);
    if let Some(other) = other {
        return Err(Error::new(format!(
            "{source} holds several releases: {:?} and {:?}",
            label(newest, "name"),
            label(other, "name")
        ))
        .hint("get one: kubectl get secret -l owner=helm,name=NAME,status=deployed -o yaml"));
    }
    let context = |e: Error| e.context(format_args!("{source}: the release in {}", newest.id));
    let release = decode(newest, &request.limits).map_err(context)?;
    let mut side = side(source, &release, request).map_err(context)?;
    if objects.len() > 1 {
        let name = &newest.id.name;
        side.warnings
            .push(format!("{source} holds {} revisions: the newest, {name}, is taken", objects.len()));
    }
    Ok(Some(side))
}

/// The release's JSON.
fn decode(object: &Object, limits: &Limits) -> Result<Map> {
    let Some(text) = object.str_at(&["data", "release"]) else {
        return Err(Error::new("it has no data.release")
            .hint("`kubectl describe` and some dashboards leave data out; use kubectl get -o yaml"));
    };
    let base64 = |text: &[u8]| {
        let text: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        BASE64.decode(&text).map_err(|e| Error::new(format!("data.release is not base64: {e}")))
    };
    let mut data = base64(text.as_bytes())?;
    if &*object.id.kind == "Secret" {
        data = base64(&data)?;
    }
    if data.starts_with(GZIP) {
        let mut inflated = Vec::new();
        let most = limits.chart_bytes;
        GzDecoder::new(data.as_slice())
            .take(most + 1)
            .read_to_end(&mut inflated)
            .map_err(|e| Error::new(format!("data.release can't be inflated: {e}")))?;
        if inflated.len() as u64 > most {
            return Err(Error::new(format!("it is larger than the maximum size {most}"))
                .hint("--limit chart-bytes=… raises it"));
        }
        data = inflated;
    }
    match json::decode_map(&data)
        .map_err(|e| Error::new(format!("data.release is not JSON: {}", e.message)))?
    {
        Value::Map(release) => Ok(release),
        _ => Err(Error::new("data.release holds nothing")),
    }
}

fn side(source: &str, release: &Map, request: &Request) -> Result<Side> {
    let stored = about(release);
    let namespace = if stored.namespace.is_empty() { &request.release.namespace } else { &stored.namespace };
    let name = format!("{} revision {}", stored.name, stored.revision);
    let mut objects = Vec::new();
    for (file, text) in definitions(release)? {
        read_all(&file.into(), &text, Role::Definition, namespace, &mut objects)?;
    }
    let manifest = text(release, "manifest");
    let manifest_name = Arc::from(format!("{name}: manifest"));
    read_all(&manifest_name, &manifest, Role::Object, namespace, &mut objects)?;
    for hook in items(release, "hooks") {
        let path = Arc::from(text(&hook, "path").to_text().as_ref());
        read_all(&path, &text(&hook, "manifest"), Role::Hook, namespace, &mut objects)?;
    }
    let objects = stored::sorted(objects);
    Ok(Side {
        name: request.tree.shown(source),
        objects,
        rendered: None,
        release: Some(stored),
        warnings: Vec::new(),
    })
}

fn about(release: &Map) -> StoredRelease {
    let chart = map(release, "chart");
    let metadata = map(&chart, "metadata");
    let string = |map: &Map, key: &str| text(map, key).to_text().into_owned();
    StoredRelease {
        name: string(release, "name"),
        namespace: string(release, "namespace"),
        revision: match release.get("version") {
            Some(Value::Float(revision)) => revision as i64,
            _ => 0,
        },
        chart: string(&metadata, "name"),
        chart_version: string(&metadata, "version"),
        app_version: string(&metadata, "appVersion"),
        defaults: map(&chart, "values"),
        values: map(release, "config"),
    }
}

/// The files of the chart's `crds/`.
fn definitions(release: &Map) -> Result<Vec<(String, Str)>> {
    let mut found = Vec::new();
    for file in items(&map(release, "chart"), "files") {
        let name = text(&file, "name").to_text().into_owned();
        let ends = [".yaml", ".yml", ".json"].iter().any(|end| name.to_lowercase().ends_with(end));
        if name.starts_with("crds/") && ends {
            let data = BASE64
                .decode(text(&file, "data").as_bytes())
                .map_err(|e| Error::new(format!("{name} is not base64: {e}")))?;
            found.push((name, Str::from_bytes(data)));
        }
    }
    Ok(found)
}

fn read_all(
    name: &Arc<str>,
    text: &Str,
    role: Role,
    namespace: &str,
    objects: &mut Vec<Object>,
) -> Result<()> {
    for range in split::split(text.as_bytes()) {
        object::read(&Document { source: name, text: (text, range), role, namespace }, objects)?;
    }
    Ok(())
}

fn text(map: &Map, key: &str) -> Str {
    match map.get(key) {
        Some(Value::String(text)) => text,
        _ => Str::from(""),
    }
}

fn map(outer: &Map, key: &str) -> Map {
    match outer.get(key) {
        Some(Value::Map(inner)) => inner,
        _ => Map::new(MapType::Any),
    }
}

fn items(outer: &Map, key: &str) -> Vec<Map> {
    let items = match outer.get(key) {
        Some(Value::List(items)) => items.items(),
        _ => Vec::new(),
    };
    items.into_iter().filter_map(|item| item.as_map().cloned()).collect()
}
