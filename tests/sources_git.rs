//! Charts in git repositories: on this machine, and on a server, which is git's own program behind a small one.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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

use elsewhere::{Home, rendered, sha256};
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
    let address = server.url("/r.git").replace("http://", "git+http://me:pa55word@");
    let shown = home.fine(&["versions", &address]).stdout;
    assert!(shown.contains("1.29.0") && !shown.contains("pa55word"), "{shown}");
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
    let run = home.refused(&render(&at("?ref=1.28.0"), &["--version", "1.28.0"]), "chooses nothing here");
    assert!(run.stderr.contains("?ref="), "{}", run.stderr);
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

/// A line as git sends it.
fn line(text: &str) -> String {
    format!("{:04x}{text}", text.len() + 4)
}

/// What a server answers that gives a pack.
fn packed(pack: &[u8]) -> Vec<u8> {
    let mut body = line("packfile\n").into_bytes();
    for part in pack.chunks(60_000) {
        body.extend_from_slice(format!("{:04x}\u{1}", part.len() + 5).as_bytes());
        body.extend_from_slice(part);
    }
    body.extend_from_slice(b"0000");
    body
}

#[test]
fn a_pack_that_has_something_else_or_not_all_is_not_kept() {
    let Some(repository) = versions() else { return };
    let Some(backend) = backend(&repository).map(Arc::new) else { return };
    let pack = |objects: String| {
        let name = repository.git_with(&["pack-objects", "-q", "p"], objects.as_bytes());
        packed(&fs::read(repository.file(&format!("p-{name}.pack"))).unwrap())
    };
    let (old, new) =
        (repository.git(&["rev-parse", "1.28.0^{commit}"]), repository.git(&["rev-parse", "HEAD"]));
    let names = |revision: &str, kind: &str| {
        let all = repository.git(&["rev-list", "--objects", "--no-object-names", "--no-walk", revision]);
        let is_kind = |id: &&str| repository.git(&["cat-file", "-t", id]) != kind;
        all.lines().filter(is_kind).map(|id| format!("{id}\n")).collect::<String>()
    };
    for (objects, words) in [
        (names(&old, ""), format!("it is something else than {new}")),
        (names(&new, "blob"), "lacks the file ".to_string()),
        (names(&new, "tree"), "reading revision".to_string()),
    ] {
        let wrong = pack(objects);
        let is_honest = Arc::new(AtomicBool::new(false));
        let (honest, backend) = (is_honest.clone(), backend.clone());
        let server = Server::start(move |request| {
            let is_fetch = request.body.windows(13).any(|window| window == b"command=fetch");
            match is_fetch && !honest.load(Ordering::SeqCst) {
                true => Reply::ok(wrong.clone()),
                false => backend(request),
            }
        });
        let home = Home::new();
        let address = format!("git+{}@charts/gateway", server.url("/r.git"));
        home.refused(&render(&address, &[]), &words);
        let left = home.files("cache/git");
        assert!(!left.iter().any(|name| name.contains("/pack/")), "{left:?}");
        is_honest.store(true, Ordering::SeqCst);
        assert_eq!(home.fine(&render(&address, &[])).stdout, rendered("gateway", "1.29.0"));
    }
}

#[cfg(unix)]
#[test]
fn a_repository_in_the_cache_that_was_half_made_is_made_anew() {
    use std::os::unix::fs::PermissionsExt;
    let Some(repository) = versions() else { return };
    let Some(backend) = backend(&repository) else { return };
    let server = Server::start(backend);
    let url = server.url("/r.git");
    let address = format!("git+{url}@charts/gateway");
    let name = sha256(url.as_bytes());
    let want = rendered("gateway", "1.29.0");
    for half in ["hooks/update.sample", "objects/info/x", "HEAD"] {
        let home = Home::new();
        // A folder around it that is a repository is not taken for it.
        repository.git(&["init", "--quiet", &home.path().display().to_string()]);
        home.write(&format!("cache/git/{name}/{half}"), "ref: refs/heads/main\n");
        home.write(&format!("cache/git/.{name}.0011223344556677.tmp/HEAD"), "");
        home.refused(&render(&address, &["--offline"]), "is not in the cache");
        assert_eq!(home.fine(&render(&address, &[])).stdout, want, "{half}");
        let left = fs::read_dir(home.path().join("cache/git")).unwrap().count();
        assert_eq!(left, 1, "what a killed program left is removed");
        assert_eq!(home.fine(&render(&address, &["--offline"])).stdout, want, "{half}");
    }
    // What can't be read is told, and nothing is removed that somebody may want to look at.
    let home = Home::new();
    home.fine(&render(&address, &[]));
    let mode = |path: &str| fs::metadata(home.path().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("cache"), mode("cache/git")), (0o700, 0o700));
    home.write(&format!("cache/git/{name}/config"), "[core\n");
    for more in [&[][..], &["--offline"]] {
        let run = home.refused(&render(&address, more), "opening the git repository around");
        assert!(run.stderr.contains("can be fetched again: remove"), "{}", run.stderr);
    }
}

#[test]
fn what_no_git_server_would_say_is_refused() {
    let greeting = line("version 2\n") + &line("ls-refs\n") + &line("fetch=shallow\n") + "0000";
    let id = "a".repeat(40);
    let names = line(&format!("{id} HEAD\n")) + "0000";
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
            "the objects of its pack have more than 838860800 bytes",
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
