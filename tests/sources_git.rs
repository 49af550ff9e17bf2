//! Charts in git repositories: on this machine, and on a server, which is git's own program behind a small one.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

mod repository;

#[path = "support/elsewhere.rs"]
#[allow(dead_code)]
mod elsewhere;
#[path = "support/server.rs"]
#[allow(dead_code)]
mod server;
#[path = "support/tls.rs"]
#[allow(dead_code)]
mod tls;

use elsewhere::{Home, rendered};
use repository::Repository;
use server::{Body, Reply, Request, Server};

/// A repository with `charts/gateway` in two versions, each with a tag; its branch is at the newer.
fn versions() -> Option<Repository> {
    let repository = Repository::new()?;
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Chart.Name }}\ndata:\n  version: \
               {{ .Chart.Version }}\n  color: {{ .Values.color }}\n";
    repository
        .write("charts/gateway/templates/map.yaml", map)
        .write("charts/gateway/values.yaml", "color: red\n")
        .write("charts/gateway/.helmignore", "*.bak\n")
        .write("charts/gateway/templates/map.yaml.bak", "left out");
    for version in ["1.28.0", "1.29.0"] {
        let metadata = format!("apiVersion: v2\nname: gateway\nversion: {version}\n");
        repository.write("charts/gateway/Chart.yaml", metadata).commit(version);
        repository.git(&["tag", "-a", "-m", version, version]);
    }
    Some(repository)
}

/// Git's own server for a repository, at `/r.git`; `None`, with a word, if it isn't installed.
fn backend(repository: &Repository) -> Option<impl Fn(&Request) -> Reply + Send + Sync + 'static> {
    let programs = repository.git(&["--exec-path"]);
    let program = PathBuf::from(programs).join("git-http-backend");
    if !program.exists() {
        eprintln!("skipped: git-http-backend is not installed");
        return None;
    }
    let place = repository.path().join(".git");
    Some(move |request: &Request| answer(&program, &place, request))
}

fn answer(program: &Path, place: &Path, request: &Request) -> Reply {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let Some(inner) = path.strip_prefix("/r.git/") else { return Reply::missing() };
    let mut child = Command::new(program)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_PROTOCOL", request.header("Git-Protocol").unwrap_or_default())
        .env("PATH_TRANSLATED", place.join(inner))
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("REQUEST_METHOD", &request.method)
        .env("CONTENT_TYPE", request.header("Content-Type").unwrap_or_default())
        .env("CONTENT_LENGTH", request.body.len().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&request.body).unwrap();
    let said = child.wait_with_output().unwrap().stdout;
    let end = said.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&said[..end]).into_owned();
    let mut reply = Reply::ok(&said[end + 4..]);
    for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
        match name {
            "Status" => reply.status = value[..3].parse().unwrap(),
            _ => reply = reply.with(name, value),
        }
    }
    reply
}

fn render<'a>(address: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["render", "r", address];
    args.extend_from_slice(more);
    args
}

#[test]
fn charts_come_from_a_git_server_by_branch_tag_and_commit() {
    let Some(repository) = versions() else { return };
    let Some(backend) = backend(&repository) else { return };
    let old = repository.git(&["rev-parse", "1.28.0^{commit}"]);
    let branch = repository.git(&["rev-parse", "--abbrev-ref", "HEAD"]);
    let server = Server::start(backend);
    let at = |rest: &str| format!("git+{}@charts/gateway{rest}", server.url("/r.git"));
    let home = Home::new();
    for (rest, version) in [
        (String::new(), "1.29.0"),
        (format!("?ref={branch}"), "1.29.0"),
        ("?ref=1.28.0".into(), "1.28.0"),
        ("?ref=refs/tags/1.28.0".into(), "1.28.0"),
        (format!("?ref={old}"), "1.28.0"),
    ] {
        assert_eq!(home.fine(&render(&at(&rest), &[])).stdout, rendered("gateway", version), "{rest}");
    }
    let asked = |what: &str| {
        server.requests().iter().filter(|r| String::from_utf8_lossy(&r.body).contains(what)).count()
    };
    assert_eq!(asked("command=fetch"), 2, "what is in the cache is not fetched again");
    let review = home.fine(&["diff", &at("?ref=1.28.0"), &at("?ref=1.29.0")]).stdout;
    assert!(review.contains("1.28.0") && review.contains("1.29.0"), "{review}");
    let pulled = home.fine(&["pull", &at("?ref=1.28.0")]).stdout;
    assert_eq!(pulled, "./gateway-1.28.0.tgz\n");
    let listed = home.fine(&["versions", &format!("git+{}", server.url("/r.git"))]).stdout;
    assert!(listed.lines().nth(1).unwrap().contains("1.29.0") && listed.lines().count() == 3, "{listed}");

    assert_eq!(
        home.fine(&render(&at(&format!("?ref={branch}")), &["--offline"])).stdout,
        rendered("gateway", "1.29.0")
    );
    home.refused(&render(&at("?ref=other"), &["--offline"]), "is not in the cache");
    home.refused(&render(&at("?ref=other"), &[]), "has no branch and no tag \"other\"");
    home.refused(&render(&at(&format!("?ref={}", "0".repeat(40))), &[]), "the git server says: ");
    let nothing = format!("git+{}@charts/none", server.url("/r.git"));
    home.refused(&render(&nothing, &[]), "path \"charts/none\" does not exist in");
    let nothing = format!("git+{}", server.url("/s.git"));
    home.refused(&render(&nothing, &[]), ": 404 Not Found");
}

#[test]
fn charts_come_from_a_git_repository_on_this_machine() {
    let Some(repository) = versions() else { return };
    let home = Home::new();
    let at = |rest: &str| format!("git+file://{}@charts/gateway{rest}", repository.path().display());
    assert_eq!(home.fine(&render(&at(""), &[])).stdout, rendered("gateway", "1.29.0"));
    assert_eq!(home.fine(&render(&at("?ref=1.28.0"), &[])).stdout, rendered("gateway", "1.28.0"));
    home.refused(&render(&at("?ref=none"), &[]), "unknown revision \"none\"");
    home.refused(&render("git+https://host/x?rev=1", &[]), "\"rev=1\" means nothing here");
}

#[test]
fn a_git_server_is_spoken_to_as_any_other() {
    let Some(repository) = versions() else { return };
    let Some(backend) = backend(&repository) else { return };
    let authority = tls::Authority::new();
    let server = Server::start_tls(authority.server(&["localhost"]), move |request| {
        match (request.path.starts_with("/moved/"), request.header("Authorization")) {
            (true, _) => Reply::to(request.path.replacen("/moved", "/r.git", 1)),
            (_, Some("Basic bWU6d29yZA==")) => backend(request),
            _ => Reply::new(401, "who are you?"),
        }
    });
    let home = Home::new();
    let ca = home.write("ca.pem", authority.pem()).display().to_string();
    let flags = ["--ca-file", &ca, "--username", "me", "--password", "word"];
    for way in ["/r.git", "/moved"] {
        let address = format!("git+{}@charts/gateway", server.url_by_name(way));
        assert_eq!(home.fine(&render(&address, &flags)).stdout, rendered("gateway", "1.29.0"), "{way}");
    }
    let address = format!("git+{}@charts/gateway", server.url_by_name("/r.git"));
    home.refused(&render(&address, &flags[..2]), ": 401 Unauthorized");
}

#[test]
fn what_no_git_server_would_say_is_refused() {
    let line = |text: &str| format!("{:04x}{text}", text.len() + 4);
    let greeting = line("version 2\n") + &line("ls-refs\n") + &line("fetch=shallow\n") + "0000";
    let id = "a".repeat(40);
    let names = line(&format!("{id} HEAD\n")) + "0000";
    let packed = |pack: &[u8]| {
        let mut body = line("packfile\n").into_bytes();
        body.extend_from_slice(format!("{:04x}\u{1}", pack.len() + 5).as_bytes());
        body.extend_from_slice(pack);
        body.extend_from_slice(b"0000");
        body
    };
    let broken = "is not one of a git server";
    for (first, second, third, words) in [
        ("<html>".to_string(), names.clone(), Vec::new(), broken),
        (line("version 1\n"), names.clone(), Vec::new(), "version 2 of git's protocol"),
        (line("version 2\n") + "0000", names.clone(), Vec::new(), "can't give a single revision"),
        (
            greeting.replace("0000", &(line("object-format=sha256\n") + "0000")),
            names.clone(),
            Vec::new(),
            "sha256",
        ),
        (greeting.clone(), "0000".to_string(), Vec::new(), "has no branch and no tag \"HEAD\""),
        (greeting.clone(), line("ERR \u{1b}[2Jno\n"), Vec::new(), "the git server says: "),
        (greeting.clone(), names.clone(), b"0000".to_vec(), "gives no files of"),
        (greeting.clone(), names.clone(), b"00".to_vec(), broken),
        (greeting.clone(), names.clone(), packed(b"PACK"), "its pack can't be read"),
        (
            greeting.clone(),
            names.clone(),
            packed(b"PACK\0\0\0\x02\xff\xff\xff\xff"),
            "its pack can't be read",
        ),
        // A file of which its head says that it has terabytes.
        (
            greeting.clone(),
            names.clone(),
            packed(b"PACK\0\0\0\x02\0\0\0\x01\xbf\xff\xff\xff\xff\xff\x7f\x78\x9c\x03\0\0\0\0\x01"),
            "its pack can't be read",
        ),
    ] {
        let server = Server::start(move |request| match request.method.as_str() {
            "GET" => Reply::ok(first.clone()),
            _ if request.body.windows(7).any(|window| window == b"ls-refs") => Reply::ok(second.clone()),
            _ => Reply::ok(third.clone()),
        });
        let run = Home::new().refused(&render(&format!("git+{}", server.url("/r.git")), &[]), words);
        assert!(!run.stderr.contains('\u{1b}'), "{:?}", run.stderr);
    }
    let endless = Server::start(move |_| Reply::of(Body::Repeated(vec![b'0'; 1 << 20], 200)));
    let words = "has more than the limit of 33554432 bytes";
    Home::new().refused(&render(&format!("git+{}", endless.url("/r.git")), &[]), words);
}
