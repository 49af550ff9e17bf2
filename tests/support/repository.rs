//! A repository of `gateway`, for tests.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::elsewhere::{chart, index};
use crate::server::{Reply, Request};

pub const VERSIONS: [&str; 4] = ["1.30.0-rc.1", "1.29.1", "1.29.0", "1.28.0"];

/// A repository of `gateway`.
pub fn repository(request: &Request) -> Reply {
    if request.path == "/index.yaml" {
        return Reply::ok(index("gateway", &VERSIONS));
    }
    archive(request)
}

pub fn archive(request: &Request) -> Reply {
    let name = request.path.rsplit('/').next().unwrap_or_default();
    match name.strip_prefix("gateway-").and_then(|rest| rest.strip_suffix(".tgz")) {
        Some(version) => Reply::ok(chart("gateway", version)),
        None => Reply::missing(),
    }
}

/// An index whose only chart is at this address.
pub fn index_with(url: &str) -> String {
    index("gateway", &["1.29.0"]).replace("gateway-1.29.0.tgz", url)
}

/// Renders `gateway` of the repository at an address, and whatever else is said.
pub fn render<'a>(url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["render", "r", "gateway", "--repo", url];
    args.extend_from_slice(more);
    args
}

/// These bytes and so many mebibytes of comment, compressed.
pub fn gzipped(pieces: usize, head: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(head).unwrap();
    let piece = [b'#'; 1 << 20];
    for _ in 0..pieces {
        out.write_all(&piece).unwrap();
    }
    out.finish().unwrap()
}
