//! Registries for tests: Debian's own, started on a free port, and what a chart is there.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::elsewhere::sha256;
use crate::server::{Reply, Request};

pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub const CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
pub const LAYER: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
pub const PROVENANCE: &str = "application/vnd.cncf.helm.chart.provenance.v1.prov";

/// A chart as a registry holds it: its manifest, and the blobs that this names.
pub struct Artifact {
    pub manifest: Vec<u8>,
    pub blobs: Vec<Vec<u8>>,
}

impl Artifact {
    /// A chart of this archive, signed if there is a text for that.
    pub fn new(archive: &[u8], signature: Option<&[u8]>) -> Artifact {
        let config = b"{\"name\":\"gateway\",\"apiVersion\":\"v2\"}".to_vec();
        let describe =
            |kind: &str, data: &[u8]| json!({"mediaType": kind, "digest": digest(data), "size": data.len()});
        let mut layers = vec![describe(LAYER, archive)];
        layers.extend(signature.map(|text| describe(PROVENANCE, text)));
        // The signature comes first in some registries.
        layers.reverse();
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": describe(CONFIG, &config), "layers": layers,
        });
        let mut blobs = vec![config, archive.to_vec()];
        blobs.extend(signature.map(<[u8]>::to_vec));
        Artifact { manifest: manifest.to_string().into_bytes(), blobs }
    }

    /// What a registry answers that has this one alone, as `charts/gateway`, under any tag.
    pub fn answer(&self, request: &Request) -> Reply {
        let path = request.path.strip_prefix("/v2/charts/gateway/").unwrap_or_default();
        if path.starts_with("manifests/") {
            return Reply::ok(self.manifest.clone()).with("Content-Type", MANIFEST);
        }
        let wanted = path.strip_prefix("blobs/").unwrap_or_default();
        match self.blobs.iter().find(|blob| digest(blob) == wanted) {
            Some(blob) => Reply::ok(blob.clone()),
            None => Reply::missing(),
        }
    }

    /// The digest by which it is known.
    pub fn digest(&self) -> String {
        digest(&self.manifest)
    }
}

pub fn digest(data: &[u8]) -> String {
    format!("sha256:{}", sha256(data))
}

/// Debian's `docker-registry`; it ends when this is dropped.
pub struct Registry {
    child: Child,
    host: String,
    authorization: Option<String>,
    log: Arc<Mutex<Vec<String>>>,
    _folder: tempfile::TempDir,
}

impl Registry {
    /// Starts one, which lets in a user with a password, or everybody. `None`, with a word, if none is installed.
    pub fn start(user: Option<(&str, &str)>) -> Option<Registry> {
        let program = Path::new("/usr/bin/docker-registry");
        if !program.exists() {
            eprintln!("skipped: docker-registry is not installed");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let root = folder.path().join("data");
        let mut config = format!(
            "version: 0.1\nlog: {{level: info, accesslog: {{disabled: false}}}}\nstorage:\n  filesystem: \
             {{rootdirectory: '{}'}}\nhttp: {{addr: '127.0.0.1:{port}'}}\n",
            root.display()
        );
        let mut authorization = None;
        if let Some((user, password)) = user {
            let file = folder.path().join("htpasswd");
            fs::write(&file, format!("{user}:{}\n", bcrypt::hash(password, 4).unwrap())).unwrap();
            config.push_str(&format!("auth:\n  htpasswd: {{realm: here, path: '{}'}}\n", file.display()));
            let both = data_encoding::BASE64.encode(format!("{user}:{password}").as_bytes());
            authorization = Some(format!("Basic {both}"));
        }
        let path = folder.path().join("config.yml");
        fs::write(&path, config).unwrap();
        let mut child = Command::new(program)
            .arg("serve")
            .arg(&path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (lines, shared) = (BufReader::new(child.stdout.take().unwrap()).lines(), log.clone());
        std::thread::spawn(move || {
            lines.map_while(Result::ok).for_each(|line| shared.lock().unwrap().push(line))
        });
        let host = format!("127.0.0.1:{port}");
        let start = Instant::now();
        while TcpStream::connect(&host).is_err() {
            assert!(start.elapsed() < Duration::from_secs(60), "the registry does not start");
            assert!(child.try_wait().unwrap().is_none(), "the registry has ended");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(Registry { child, host, authorization, log, _folder: folder })
    }

    /// Where a chart is in it.
    pub fn url(&self, path: &str) -> String {
        format!("oci://{}/{path}", self.host)
    }

    pub fn host(&self) -> &str {
        &self.host
    }

    /// What it says that it was asked.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    /// Puts a chart there, as `helm push` does.
    pub fn push(&self, repository: &str, tag: &str, artifact: &Artifact) {
        for blob in &artifact.blobs {
            let start =
                self.send("POST", &format!("http://{}/v2/{repository}/blobs/uploads/", self.host), "", b"");
            let separator = if start.contains('?') { '&' } else { '?' };
            let place = format!("{start}{separator}digest={}", digest(blob));
            self.send("PUT", &place, "application/octet-stream", blob);
        }
        let place = format!("http://{}/v2/{repository}/manifests/{tag}", self.host);
        self.send("PUT", &place, MANIFEST, &artifact.manifest);
    }

    /// Sends something, which must be taken, and gives where it is now.
    fn send(&self, method: &str, url: &str, kind: &str, body: &[u8]) -> String {
        let mut request = ureq::http::Request::builder().method(method).uri(url);
        if !kind.is_empty() {
            request = request.header("Content-Type", kind);
        }
        if let Some(authorization) = &self.authorization {
            request = request.header("Authorization", authorization);
        }
        let config = ureq::Agent::config_builder().proxy(None).http_status_as_error(false).build();
        let agent = ureq::Agent::new_with_config(config);
        let mut response = agent.run(request.body(body).unwrap()).unwrap();
        let mut said = String::new();
        response.body_mut().as_reader().read_to_string(&mut said).unwrap();
        assert!(response.status().is_success(), "{method} {url}: {} {said}", response.status());
        let place = response.headers().get("Location");
        place.map(|place| place.to_str().unwrap().to_string()).unwrap_or_default()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
