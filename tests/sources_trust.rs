//! Whom an index, a lock, a registry's storage may send torii to, and with what: never further than the user said.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::net::ToSocketAddrs;

use data_encoding::BASE64;

#[path = "support/elsewhere.rs"]
#[allow(dead_code)]
mod elsewhere;
#[path = "support/registry.rs"]
#[allow(dead_code)]
mod registry;
#[path = "support/repository.rs"]
#[allow(dead_code)]
mod repository;
#[path = "support/server.rs"]
#[allow(dead_code)]
mod server;

use elsewhere::{Home, chart, rendered, sha256};
use registry::Artifact;
use repository::{index_with, render, repository};
use server::{Reply, Request, Server, far_address};

/// The flags of a user, and the headers by which a server sees them.
const FLAGS: [&str; 4] = ["--username", "u", "--password", "p"];
const BASIC: &str = "Basic dTpw";

fn artifact() -> Artifact {
    Artifact::new(&chart("gateway", "1.29.0"), None)
}

/// A registry that lets in those who show something.
fn for_known(artifact: &Artifact, request: &Request) -> Reply {
    match request.header("Authorization") {
        Some(BASIC | "Bearer secret") => artifact.answer(request),
        _ => Reply::new(401, "").with("WWW-Authenticate", "Basic realm=\"x\""),
    }
}

fn shown(server: &Server) -> Vec<String> {
    server.requests().iter().filter_map(|r| r.header("Authorization").map(str::to_string)).collect()
}

/// Renders `gateway` of a repository whose index names a registry.
fn by_index<'a>(url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    render(url, &[&["--plain-http"][..], more].concat())
}

#[test]
fn a_registry_that_an_index_names_is_not_shown_what_is_for_the_repository() {
    let artifact = artifact();
    let other = Server::start(move |request| for_known(&artifact, request));
    let index = index_with(&format!("oci://{}/charts/gateway:1.29.0", other.address()));
    let server = Server::start(move |_| Reply::ok(index.clone()));
    let home = Home::new();
    let token = home.write("token", "secret\n").display().to_string();
    let url = server.url("");
    for flags in [&FLAGS[..], &["--token-file", &token]] {
        home.refused(&by_index(&url, flags), ": 401 Unauthorized");
    }
    assert_eq!((other.requests().len(), shown(&other)), (2, Vec::new()));
    let pass = [&FLAGS[..], &["--pass-credentials"]].concat();
    assert_eq!(Home::new().fine(&by_index(&url, &pass)).stdout, rendered("gateway", "1.29.0"));
    let pass = ["--token-file", &token, "--pass-credentials"];
    assert_eq!(Home::new().fine(&by_index(&url, &pass)).stdout, rendered("gateway", "1.29.0"));
    // What the user keeps for that registry is another matter.
    let home = Home::new();
    let config =
        format!("{{\"auths\": {{\"{}\": {{\"auth\": \"{}\"}}}}}}", other.address(), BASE64.encode(b"u:p"));
    home.write("docker/config.json", config);
    assert_eq!(home.fine(&by_index(&url, &[])).stdout, rendered("gateway", "1.29.0"));

    // A server that is both is one server.
    let artifact = self::artifact();
    let both = Server::start(move |request| match request.path.as_str() {
        "/index.yaml" => {
            let host = request.header("Host").unwrap_or_default();
            Reply::ok(index_with(&format!("oci://{host}/charts/gateway:1.29.0")))
        }
        _ => for_known(&artifact, request),
    });
    assert_eq!(Home::new().fine(&by_index(&both.url(""), &FLAGS)).stdout, rendered("gateway", "1.29.0"));
}

#[test]
fn a_registry_that_an_index_names_is_on_this_machine_only_if_the_repository_is() {
    let artifact = artifact();
    let near = Server::start(move |request| artifact.answer(request));
    let Some(address) = far_address() else { return };
    let port = near.port();
    let far = Server::start_at(address, move |request| {
        let host = if request.path.starts_with("/name/") { "localhost" } else { "127.0.0.1" };
        Reply::ok(index_with(&format!("oci://{host}:{port}/charts/gateway:1.29.0")))
    });
    let words = "the address is one of this machine or its link, which the user did not name";
    for way in ["/name", "/number"] {
        Home::new().refused(&by_index(&far.url(way), &[]), words);
    }
    assert!(near.requests().is_empty());
}

#[test]
fn a_chart_in_a_registry_is_the_one_whose_digest_the_index_has() {
    let good = artifact();
    let by_manifest = good.digest();
    let other = Server::start(move |request| good.answer(request));
    let listed = index_with(&format!("oci://{}/charts/gateway:1.29.0", other.address()));
    let archive = sha256(&chart("gateway", "1.29.0"));
    let server = Server::start(move |request| {
        Reply::ok(match request.path.as_str() {
            "/manifest/index.yaml" => listed.replace(&archive, &by_manifest),
            "/wrong/index.yaml" => listed.replace(&archive, &"0".repeat(64)),
            "/none/index.yaml" => listed.replace("digest:", "was:"),
            _ => listed.clone(),
        })
    });
    for way in ["/archive", "/manifest", "/none"] {
        let home = Home::new();
        for more in [&[][..], &["--offline"]] {
            let run = home.fine(&by_index(&server.url(way), more));
            assert_eq!(run.stdout, rendered("gateway", "1.29.0"), "{way}");
        }
        let url = server.url("/wrong");
        home.refused(&by_index(&url, &[]), "in its repository's index");
        home.refused(&by_index(&url, &["--offline"]), "is not in the cache");
    }
}

#[test]
fn a_lock_that_names_another_server_than_the_chart_is_shown_nothing() {
    let (first, second) = (Server::start(repository), Server::start(repository));
    let (chart, lock) = (first.url(""), second.url(""));
    let home = Home::new();
    home.write(
        "u/Chart.yaml",
        format!("apiVersion: v2\nname: u\nversion: 1.0.0\ndependencies:\n- {{name: gateway, version: 1.x, repository: '{chart}'}}\n"),
    );
    let digest = sha256(
        format!(
            "[[{{\"name\":\"gateway\",\"version\":\"1.x\",\"repository\":\"{chart}\"}}],\
             [{{\"name\":\"gateway\",\"version\":\"1.29.1\",\"repository\":\"{lock}\"}}]]"
        )
        .as_bytes(),
    );
    home.write(
        "u/Chart.lock",
        format!("dependencies:\n- name: gateway\n  repository: {lock}\n  version: 1.29.1\ndigest: sha256:{digest}\ngenerated: '2026-01-31T12:00:00Z'\n"),
    );
    let build = ["dependency", "build", "u"];
    home.refused(&[&build[..], &FLAGS].concat(), "would be told to several servers");
    assert!(first.requests().is_empty() && second.requests().is_empty());
    home.fine(&build);
    assert_eq!(home.files("u/charts"), ["gateway-1.29.1.tgz"]);
}

#[test]
fn a_server_that_a_registry_leads_to_has_nothing_to_ask_for() {
    let thief = Server::start(|_| Reply::ok("{\"token\": \"t\"}"));
    let challenge = format!("Bearer realm=\"{}\"", thief.url("/token"));
    let storage = Server::start(move |_| Reply::new(401, "").with("WWW-Authenticate", challenge.clone()));
    let (good, to) = (artifact(), storage.url("/blob"));
    let server = Server::start(move |request| match request.path.contains("/blobs/") {
        true => Reply::to(to.clone()),
        false => good.answer(request),
    });
    let home = Home::new();
    let address = format!("oci://{}/charts/gateway:1.29.0", server.address());
    let args = [&["render", "r", &address, "--plain-http"][..], &FLAGS].concat();
    home.refused(&args, ": 401 Unauthorized");
    assert_eq!(storage.requests().len(), 1);
    assert!(thief.requests().is_empty(), "{:?}", thief.requests());
    assert!(shown(&server).is_empty());
}

/// A name, other than `localhost`, that leads to this machine; `None`, with a word, if there is none.
fn near_by_another_name() -> Option<String> {
    let own = std::fs::read_to_string("/etc/hostname").unwrap_or_default().trim().to_string();
    let names = ["ip6-localhost".to_string(), "ip6-loopback".to_string(), own];
    let is_near = |name: &String| {
        !name.is_empty()
            && (name.as_str(), 80).to_socket_addrs().is_ok_and(|mut all| all.any(|a| a.ip().is_loopback()))
    };
    let found = names.into_iter().find(is_near);
    if found.is_none() {
        eprintln!("skipped: no name but localhost leads to this machine");
    }
    found
}

#[test]
fn tokens_are_got_on_this_machine_only_from_a_registry_there() {
    let Some(address) = far_address() else { return };
    let tokens = Server::start(|_| Reply::ok("{\"token\": \"t\"}"));
    let port = tokens.port();
    let words = "the address is one of this machine or its link, which the user did not name";
    let names = ["localhost".to_string(), "127.0.0.1".to_string()];
    for name in names.into_iter().chain(near_by_another_name()) {
        let challenge = format!("Bearer realm=\"http://{name}:{port}/token\"");
        let far = Server::start_at(address, move |_| {
            Reply::new(401, "").with("WWW-Authenticate", challenge.clone())
        });
        let from = format!("oci://{}/charts/gateway:1.29.0", far.address());
        Home::new().refused(&[&["render", "r", &from, "--plain-http"][..], &FLAGS].concat(), words);
    }
    assert!(tokens.requests().is_empty());
}

#[test]
fn passwords_in_addresses_are_not_shown() {
    let server = Server::start(|request| match request.path.as_str() {
        "/empty/index.yaml" => Reply::ok("apiVersion: v1\nentries: {}\n"),
        _ => repository(request),
    });
    let with = |path: &str| server.url(path).replace("http://", "http://me:pa55word@");
    let home = Home::new();
    let is_hidden = |args: &[&str]| {
        let run = home.run(args);
        let all = format!("{}{}", run.stdout, run.stderr);
        assert!(!all.contains("pa55word"), "{args:?}: {all}");
        (run.code, all)
    };
    let (old, new) = (with("/gateway-1.28.0.tgz"), with("/gateway-1.29.0.tgz"));
    for format in ["terminal", "markdown", "html", "json", "sarif"] {
        let (code, all) = is_hidden(&["diff", &old, &new, "-o", format]);
        assert!(code == Some(0) && all.contains("1.29.0"), "{format}: {code:?} {all}");
    }
    is_hidden(&["explain", &new, "ConfigMap/gateway", "data.color"]);
    is_hidden(&["check", &new]);
    is_hidden(&["show", "values", &new, "--effective", "--origins"]);
    let repository = with("");
    let git = with("/r.git").replace("http://", "git+http://");
    let oci = with("/charts/gateway:1.29.0").replace("http://", "oci://");
    let bad = "https://me:pa55word/more@host/gateway.tgz";
    for args in [
        &["pull", &with("/nothing.tgz")][..],
        &["pull", &with("/")],
        &["pull", &new, "--version", "1.0.0"],
        &["pull", "gatewey", "--repo", &repository],
        &["pull", "gateway", "--repo", &with("/empty")],
        &["pull", bad],
        &["pull", &new, "--repo", &repository],
        &["pull", &git],
        &["pull", &git, "--version", "1.0.0"],
        &["pull", &format!("{git}?rev=1")],
        &["versions", &new.replace("/gateway", "/x/gateway")],
        &["versions", &git, "--offline"],
        &["pull", &oci],
        &["versions", &oci],
        &["versions", &oci, "--offline"],
        &["show", "values", &with("/index.yaml")],
        &["render", "r", "gateway", "--repo", &repository, "-f", &new],
        &["show", "values", "ftp://me:pa55word@host/x"],
    ] {
        let (code, all) = is_hidden(args);
        assert_eq!(code, Some(1), "{args:?}: {all}");
    }
    for (repository, version) in [
        (repository.as_str(), "1.x"),
        (repository.as_str(), "9.x"),
        (with("/empty").as_str(), "1.x"),
        (bad, "1.x"),
        ("ftp://me:pa55word@host/x", "1.x"),
    ] {
        home.write(
            "u/Chart.yaml",
            format!("apiVersion: v2\nname: u\nversion: 1.0.0\ndependencies:\n- {{name: gateway, version: {version}, repository: '{repository}'}}\n"),
        );
        for command in ["list", "update", "build"] {
            is_hidden(&["dependency", command, "u"]);
        }
        is_hidden(&["dependency", "update", "u", "--username", "x", "--password", "y"]);
    }
}
