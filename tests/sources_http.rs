//! Charts in repositories over HTTP: what is asked for, what is told to whom, and what is refused.
//!
//! The servers are on loopback, and some do what no good server would.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::io::Write;
use std::net::{IpAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;

#[path = "support/elsewhere.rs"]
#[allow(dead_code)]
mod elsewhere;
#[path = "support/server.rs"]
#[allow(dead_code)]
mod server;
#[path = "support/tls.rs"]
mod tls;

use elsewhere::{Home, chart, index, rendered};
use server::{Body, Reply, Request, Server};

const VERSIONS: [&str; 4] = ["1.30.0-rc.1", "1.29.1", "1.29.0", "1.28.0"];

/// A repository of `gateway`.
fn repository(request: &Request) -> Reply {
    if request.path == "/index.yaml" {
        return Reply::ok(index("gateway", &VERSIONS));
    }
    archive(request)
}

fn archive(request: &Request) -> Reply {
    let name = request.path.rsplit('/').next().unwrap_or_default();
    match name.strip_prefix("gateway-").and_then(|rest| rest.strip_suffix(".tgz")) {
        Some(version) => Reply::ok(chart("gateway", version)),
        None => Reply::missing(),
    }
}

/// An index whose only chart is at this address.
fn index_with(url: &str) -> String {
    index("gateway", &["1.29.0"]).replace("gateway-1.29.0.tgz", url)
}

/// Renders `gateway` of the repository at an address, and whatever else is said.
fn render<'a>(url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["render", "r", "gateway", "--repo", url];
    args.extend_from_slice(more);
    args
}

fn gzipped(pieces: usize, head: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(head).unwrap();
    let piece = [b'#'; 1 << 20];
    for _ in 0..pieces {
        out.write_all(&piece).unwrap();
    }
    out.finish().unwrap()
}

/// An address of this machine that is not loopback, as a server elsewhere has one.
fn far_address() -> Option<IpAddr> {
    // Nothing is sent: this asks only which way it would go.
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    let found = socket.connect("198.51.100.1:9").and_then(|()| socket.local_addr()).ok()?.ip();
    let is_far = !found.is_loopback() && !found.is_unspecified();
    if !is_far {
        eprintln!("skipped: this machine has no address but loopback");
    }
    is_far.then_some(found)
}

#[test]
fn charts_come_from_a_repository_by_its_address_and_by_its_name() {
    let server = Server::start(repository);
    let home = Home::new();
    home.repositories(&format!("- {{name: istio, url: '{}'}}\n", server.url("")));
    let url = server.url("/");
    for (args, version) in [
        (render(&url, &[]), "1.29.1"),
        (render(&url, &["--version", "1.29.0"]), "1.29.0"),
        (render(&url, &["--version", "<1.29"]), "1.28.0"),
        (render(&url, &["--devel"]), "1.30.0-rc.1"),
        (vec!["template", "r", "istio/gateway"], "1.29.1"),
        (vec!["template", "r", "istio/gateway@1.28.0"], "1.28.0"),
        (vec!["template", "r", "istio/gateway@~1.29.0"], "1.29.1"),
        (vec!["template", "r", "gateway@1.29.0", "--repo", &url], "1.29.0"),
    ] {
        assert_eq!(home.fine(&args).stdout, rendered("gateway", version), "{args:?}");
    }
    let direct = server.url("/gateway-1.28.0.tgz");
    assert_eq!(home.fine(&["render", "r", &direct]).stdout, rendered("gateway", "1.28.0"));
}

#[test]
fn every_command_takes_a_chart_from_elsewhere() {
    let server = Server::start(repository);
    let home = Home::new();
    home.repositories(&format!("- {{name: istio, url: '{}'}}\n", server.url("")));
    let shown = home.fine(&["show", "values", "istio/gateway"]).stdout;
    assert_eq!(shown, "color: red\n\n");
    let shown = home.fine(&["show", "chart", "istio/gateway@1.28.0"]).stdout;
    assert!(shown.contains("version: 1.28.0"), "{shown}");
    let explained = home.fine(&["explain", "istio/gateway", "ConfigMap/gateway", "data.color"]).stdout;
    assert!(explained.contains("color"), "{explained}");
    let review = home.fine(&["diff", "istio/gateway@1.28.0", "istio/gateway@1.29.0"]).stdout;
    assert!(review.contains("1.28.0") && review.contains("1.29.0"), "{review}");
    let result = home.fine(&["eval", "{{ Chart.version }}", "istio/gateway@1.28.0"]).stdout;
    assert_eq!(result.trim_end(), "1.28.0");
}

#[test]
fn versions_are_listed_and_pulled() {
    let server = Server::start(repository);
    let home = Home::new();
    home.repositories(&format!("- {{name: istio, url: '{}'}}\n", server.url("")));
    let listed = home.fine(&["versions", "istio/gateway"]).stdout;
    let versions: Vec<&str> = listed.lines().skip(1).filter_map(|l| l.split_whitespace().nth(1)).collect();
    assert_eq!(versions, VERSIONS);
    let listed = home.fine(&["versions", "istio/gateway", "--version", "~1.29.0"]).stdout;
    assert_eq!(listed.lines().count(), 3, "{listed}");
    for whole in ["istio", &server.url("")] {
        let listed = home.fine(&["versions", whole]).stdout;
        assert!(listed.lines().nth(1).unwrap().contains("1.29.1"), "{listed}");
    }
    home.refused(&["versions", "istio/gatewey"], "chart \"gatewey\" not found in");
    fs::create_dir(home.path().join("d")).unwrap();
    let pulled = home.fine(&["pull", "istio/gateway@1.29.0", "istio/gateway", "-d", "d"]);
    assert_eq!(pulled.stdout, "d/gateway-1.29.0.tgz\nd/gateway-1.29.1.tgz\n");
    assert_eq!(fs::read(home.path().join("d/gateway-1.29.0.tgz")).unwrap(), chart("gateway", "1.29.0"));
    assert_eq!(home.files("d"), ["gateway-1.29.0.tgz", "gateway-1.29.1.tgz"]);
}

#[test]
fn what_is_not_there_is_told_with_what_is() {
    let server = Server::start(repository);
    let home = Home::new();
    let url = server.url("");
    let run = home.refused(&["render", "r", "gatewey", "--repo", &url], "chart \"gatewey\" not found in");
    assert!(run.stderr.contains("did you mean gateway?"), "{}", run.stderr);
    let run = home.refused(&render(&url, &["--version", ">2"]), "chart \"gateway\" version \">2\" not found");
    assert!(run.stderr.contains("the newest versions are 1.30.0-rc.1, 1.29.1"), "{}", run.stderr);
    home.refused(&render(&url, &["--version", "no version"]), "is no version and no constraint");
    let both = ["render", "r", "gateway@1.28.0", "--repo", &url, "--version", "1.29.0"];
    home.refused(&both, "gateway@1.28.0 names version 1.28.0, and --version 1.29.0");
    let nothing = server.url("/deeper");
    home.refused(&render(&nothing, &[]), "is not a valid chart repository or cannot be reached");
}

#[test]
fn entries_that_are_null_or_no_entries_are_passed_over() {
    let server = Server::start(|request| match request.path.as_str() {
        "/index.yaml" => {
            let good = index("gateway", &["1.29.0"]);
            let bad = "  - null\n  - 7\n  - {version: null, urls: null}\n  - {version: [], urls: [x]}\n  \
                       - {version: 9.9.9, urls: null}\n  other: null\n  third: 8\n";
            Reply::ok(format!("{good}{bad}generated: null\n"))
        }
        _ => archive(request),
    });
    let home = Home::new();
    let args = ["render", "r", "gateway", "--version", "~1", "--repo", &server.url("")];
    assert_eq!(home.fine(&args).stdout, rendered("gateway", "1.29.0"));
    home.refused(&render(&server.url(""), &["--version", "9.9.9"]), "has no downloadable URLs");
    home.refused(&["render", "r", "other", "--repo", &server.url("")], "chart \"other\" not found");
    let listed = home.fine(&["versions", &server.url("")]).stdout;
    assert!(listed.contains("gateway") && !listed.contains("third"), "{listed}");
}

#[test]
fn an_index_that_is_none_is_refused() {
    for (text, words) in [
        ("", "empty index.yaml file"),
        ("entries: {}", "no API version specified"),
        ("- a", "index.yaml is no map"),
        ("<html>", "index.yaml"),
        ("a: [", "yaml"),
        ("apiVersion: v1\nx: &x [a,a]\ny: &y [*x,*x,*x,*x,*x,*x,*x,*x]\nz: &z [*y,*y,*y,*y,*y,*y,*y,*y]\n", ""),
    ] {
        let server = Server::start(move |_| Reply::ok(text));
        let home = Home::new();
        home.refused(&render(&server.url(""), &[]), words);
        assert!(home.files("cache/charts").is_empty());
    }
}

#[test]
fn credentials_are_told_to_the_named_server_alone() {
    let other = Server::start(archive);
    let elsewhere = other.url("/gateway-1.29.0.tgz");
    let server = Server::start(move |request| match request.path.as_str() {
        "/by-index/index.yaml" => Reply::ok(index_with(&elsewhere)),
        "/by-redirect/index.yaml" => Reply::ok(index("gateway", &["1.29.0"])),
        _ => Reply::to(elsewhere.clone()),
    });
    let header = "Basic dTpw";
    for folder in ["/by-index", "/by-redirect"] {
        let before = other.requests().len();
        let home = Home::new();
        home.fine(&render(&server.url(folder), &["--username", "u", "--password", "p"]));
        let index = server.asked(&format!("{folder}/index.yaml"));
        assert_eq!(index.last().unwrap().header("Authorization"), Some(header));
        assert_eq!(other.requests().len(), before + 1);
        assert_eq!(other.requests()[before].header("Authorization"), None, "{folder}");
        let home = Home::new();
        home.fine(&render(&server.url(folder), &["--username", "u", "--password", "p", "--pass-credentials"]));
        assert_eq!(other.requests()[before + 1].header("Authorization"), Some(header), "{folder}");
    }
    // The same server by another name is another server, for all that we know.
    let by_name = Arc::new(std::sync::OnceLock::new());
    let shared: Arc<std::sync::OnceLock<String>> = by_name.clone();
    let server = Server::start(move |request| match request.path.as_str() {
        "/index.yaml" => Reply::to(shared.get().unwrap().clone()),
        "/moved/index.yaml" => Reply::ok(index("gateway", &["1.29.0"])),
        _ => archive(request),
    });
    by_name.set(server.url_by_name("/moved/index.yaml")).unwrap();
    Home::new().fine(&render(&server.url(""), &["--username", "u", "--password", "p"]));
    assert_eq!(server.asked("/index.yaml")[0].header("Authorization"), Some(header));
    assert_eq!(server.asked("/moved/index.yaml")[0].header("Authorization"), None);
    assert_eq!(server.asked("/gateway-1.29.0.tgz")[0].header("Authorization"), Some(header));
}

#[test]
fn passwords_and_tokens_are_shown_as_the_user_says() {
    let server = Server::start(|request| match request.header("Authorization") {
        Some("Basic dTpw" | "Bearer secret") => repository(request),
        _ => Reply::new(401, "no").with("WWW-Authenticate", "Basic realm=\"x\""),
    });
    let url = server.url("");
    let home = Home::new();
    let token = home.write("token", "secret\n").display().to_string();
    let want = rendered("gateway", "1.29.1");
    assert_eq!(home.fine(&render(&url, &["--username", "u", "--password", "p"])).stdout, want);
    assert_eq!(home.fine(&render(&url, &["--token-file", &token])).stdout, want);
    let in_address = url.replace("http://", "http://u:p@");
    assert_eq!(home.fine(&render(&in_address, &[])).stdout, want);
    let run = home.refused(&render(&url, &["--username", "u", "--password", "wrong"]), ": 401 Unauthorized");
    assert!(run.stderr.contains("the server wants credentials"), "{}", run.stderr);
    home.refused(&render(&url, &[]), ": 401 Unauthorized");
    let in_address = url.replace("http://", "http://u:wrong@");
    let run = home.refused(&render(&in_address, &[]), ": 401 Unauthorized");
    assert!(!run.stderr.contains("wrong"), "the password is shown: {}", run.stderr);

    home.repositories(&format!("- {{name: istio, url: '{url}', username: u, password: p}}\n"));
    assert_eq!(home.fine(&["render", "r", "istio/gateway"]).stdout, want);
    // The same repository by its address, and an archive in it.
    assert_eq!(home.fine(&render(&url, &[])).stdout, want);
    let direct = server.url("/gateway-1.29.1.tgz");
    assert_eq!(home.fine(&["render", "r", &direct]).stdout, want);
}

#[test]
fn a_repository_elsewhere_leads_to_no_address_of_this_machine() {
    let near = Server::start(repository);
    let Some(address) = far_address() else { return };
    let port = near.port();
    let far = Server::start_at(address, move |request| {
        let to = match request.path.split('/').nth(1).unwrap_or_default() {
            "by-number" => format!("http://127.0.0.1:{port}"),
            "by-name" => format!("http://localhost:{port}"),
            "mapped" => format!("http://[::ffff:127.0.0.1]:{port}"),
            "odd" => format!("http://127.1:{port}"),
            "whole" => format!("http://2130706433:{port}"),
            "link" => "http://169.254.169.254".to_string(),
            "link-6" => "http://[fe80::1]".to_string(),
            "nowhere" => format!("http://0.0.0.0:{port}"),
            "index" => {
                return Reply::ok(index_with(&format!("http://127.0.0.1:{port}/gateway-1.29.0.tgz")));
            }
            _ => return repository(request),
        };
        Reply::to(format!("{to}/index.yaml"))
    });
    let home = Home::new();
    assert_eq!(home.fine(&render(&far.url(""), &[])).stdout, rendered("gateway", "1.29.1"));
    for way in ["by-number", "by-name", "mapped", "odd", "whole", "link", "link-6", "nowhere", "index"] {
        let url = far.url(&format!("/{way}"));
        let words = match way {
            "odd" | "whole" => "its host is a number, but not four between dots",
            _ => "the address is one of this machine or its link, which the user did not name",
        };
        home.refused(&render(&url, &[]), words);
    }
    assert!(near.requests().is_empty());
    // Whoever names an address of this machine may be led to another.
    let url = near.url("/gateway-1.29.0.tgz");
    let named = Server::start(move |_| Reply::to(url.clone()));
    let named = named.url("/x.tgz");
    home.fine(&["render", "r", &named]);
}

#[test]
fn redirects_end_and_lead_to_the_web_only() {
    let endless = Server::start(|request| Reply::to(format!("{}x", request.path)));
    let home = Home::new();
    home.refused(&render(&endless.url(""), &[]), "stopped after 10 redirects");
    assert_eq!(endless.requests().len(), 11);
    for (to, words) in [
        ("file:///etc/passwd", "could not find protocol handler for: file"),
        ("//", "it names no host"),
        ("http://x y/", "it has characters that must be escaped"),
        ("http://127.0.0.1:999999/", "invalid chart URL format"),
    ] {
        let server = Server::start(move |_| Reply::to(to));
        home.refused(&render(&server.url(""), &[]), words);
    }
    let nowhere = Server::start(|_| Reply::new(302, ""));
    home.refused(&render(&nowhere.url(""), &[]), ": 302 Found");
}

#[test]
fn an_index_without_end_is_refused_in_little_memory() {
    let mebibyte = vec![b'#'; 1 << 20];
    let home = Home::new();
    let server = Server::start(move |request| match request.path.as_str() {
        "/chunks/index.yaml" => Reply::of(Body::Repeated(mebibyte.clone(), 200)),
        "/announced/index.yaml" => Reply::of(Body::Cut(mebibyte.clone(), 200 << 20)),
        "/encoded/index.yaml" => {
            Reply::ok(gzipped(200, b"apiVersion: v1\n")).with("Content-Encoding", "gzip")
        }
        "/stored/index.yaml" => Reply::ok(gzipped(200, b"apiVersion: v1\n")),
        "/twice/index.yaml" => {
            let mut out = GzEncoder::new(Vec::new(), Compression::fast());
            out.write_all(&gzipped(200, b"apiVersion: v1\n")).unwrap();
            Reply::ok(out.finish().unwrap()).with("Content-Encoding", "gzip")
        }
        _ => Reply::missing(),
    });
    for way in ["chunks", "announced", "encoded", "stored", "twice"] {
        let url = server.url(&format!("/{way}"));
        let words = format!("{url}/index.yaml has more than the limit of 67108864 bytes");
        let run = home.refused(&render(&url, &[]), &words);
        assert!(run.stderr.contains("--limit input-bytes"), "{}", run.stderr);
    }
    assert!(home.files("cache").iter().all(|name| name.ends_with(".lock")), "{:?}", home.files("cache"));
}

#[test]
fn an_index_may_be_compressed_on_its_way_and_where_it_is_stored() {
    let text = index("gateway", &VERSIONS);
    let server = Server::start(move |request| match request.path.as_str() {
        "/encoded/index.yaml" => Reply::ok(gzipped(0, text.as_bytes())).with("Content-Encoding", "gzip"),
        "/stored/index.yaml" => Reply::ok(gzipped(0, text.as_bytes())),
        _ => archive(request),
    });
    for way in ["/encoded", "/stored"] {
        let home = Home::new();
        let url = server.url(way);
        assert_eq!(home.fine(&render(&url, &[])).stdout, rendered("gateway", "1.29.1"), "{way}");
        // What is kept of it is read as well.
        assert_eq!(home.fine(&render(&url, &["--offline"])).stdout, rendered("gateway", "1.29.1"), "{way}");
    }
}

#[test]
fn a_server_that_drips_is_given_up_when_the_time_is_over() {
    let server = Server::start(|request| match request.path.as_str() {
        "/index.yaml" => Reply::of(Body::Dripping(vec![b'#'; 10_000], Duration::from_millis(20))),
        path => {
            std::thread::sleep(Duration::from_millis(300));
            Reply::to(format!("{path}x"))
        }
    });
    let home = Home::new();
    let start = Instant::now();
    home.refused(&render(&server.url(""), &["--limit", "answer-seconds=1"]), "no answer within 1 second");
    // Redirects get no time of their own.
    let url = server.url("/slow.tgz");
    home.refused(&["render", "r", &url, "--limit", "answer-seconds=1"], "no answer within 1 second");
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn an_index_is_asked_for_again_with_what_is_known_of_it() {
    for (given, asked) in [("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since")] {
        let value = if given == "ETag" { "\"abc\"" } else { "Sat, 31 Jan 2026 12:00:00 GMT" };
        let server = Server::start(move |request| match (request.path.as_str(), request.header(asked)) {
            ("/index.yaml", Some(known)) if known == value => Reply::new(304, ""),
            ("/index.yaml", _) => repository(request).with(given, value),
            _ => repository(request),
        });
        let home = Home::new();
        for _ in 0..3 {
            assert_eq!(home.fine(&render(&server.url(""), &[])).stdout, rendered("gateway", "1.29.1"));
        }
        let all: Vec<bool> =
            server.asked("/index.yaml").iter().map(|request| request.header(asked).is_some()).collect();
        assert_eq!(all, [false, true, true], "{given}");
        assert_eq!(server.asked("/gateway-1.29.1.tgz").len(), 1, "the archive is in the cache");
    }
    // Nobody asked for less.
    let server = Server::start(|_| Reply::new(304, ""));
    Home::new().refused(&render(&server.url(""), &[]), ": 304 Not Modified");
}

#[test]
fn an_archive_that_is_not_what_the_index_says_is_refused() {
    let is_changed = Arc::new(AtomicBool::new(true));
    let changed = is_changed.clone();
    let server = Server::start(move |request| match request.path.as_str() {
        "/gateway-1.29.1.tgz" if changed.load(Ordering::SeqCst) => Reply::ok(chart("gateway", "6.6.6")),
        _ => repository(request),
    });
    let home = Home::new();
    let url = server.url("");
    let run = home.refused(&render(&url, &[]), "in its repository's index");
    assert!(run.stderr.contains(&elsewhere::sha256(&chart("gateway", "6.6.6"))), "{}", run.stderr);
    home.refused(&["pull", "gateway", "--repo", &url], "in its repository's index");
    assert_eq!(home.files(".").iter().filter(|name| name.ends_with(".tgz")).count(), 0);
    is_changed.store(false, Ordering::SeqCst);
    assert_eq!(home.fine(&render(&url, &[])).stdout, rendered("gateway", "1.29.1"));
    // What is changed on the disk is not used either.
    let kept = home.files("cache/charts");
    home.write(&format!("cache/charts/{}", kept[0]), "changed");
    home.refused(&render(&url, &["--offline"]), "is not in the cache, and --offline allows nothing else");
    assert_eq!(home.fine(&render(&url, &[])).stdout, rendered("gateway", "1.29.1"));
}

#[test]
fn nothing_half_is_left_when_a_transfer_breaks_off() {
    let server = Server::start(|request| match request.path.as_str() {
        "/index.yaml" => repository(request),
        "/whole.tgz" => Reply::of(Body::Cut(Vec::new(), 10)),
        _ => {
            let whole = chart("gateway", "1.29.1");
            Reply::of(Body::Cut(whole[..whole.len() / 2].to_vec(), whole.len() as u64))
        }
    });
    let home = Home::new();
    let url = server.url("");
    fs::create_dir(home.path().join("d")).unwrap();
    home.refused(&["pull", "gateway", "--repo", &url, "-d", "d"], "the answer broke off");
    home.refused(&["pull", &server.url("/whole.tgz"), "-d", "d"], "the answer broke off");
    assert!(home.files("d").is_empty());
    assert!(home.files("cache/charts").is_empty());
    home.write(
        "u/Chart.yaml",
        format!("apiVersion: v2\nname: u\nversion: 1.0.0\ndependencies:\n- {{name: gateway, version: 1.x, repository: '{url}'}}\n"),
    );
    let run = home.run(&["dependency", "update", "u"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("could not download gateway"), "{}", run.stderr);
    assert_eq!(home.files("u"), ["Chart.yaml"]);
}

#[test]
fn without_the_network_the_cache_is_used_and_what_is_missing_is_told() {
    let server = Server::start(repository);
    let home = Home::new();
    let url = server.url("");
    let run = home.refused(&render(&url, &["--offline"]), "index.yaml is not in the cache");
    assert!(run.stderr.contains("run the same once without --offline"), "{}", run.stderr);
    home.fine(&render(&url, &[]));
    let direct = server.url("/gateway-1.28.0.tgz");
    home.fine(&["render", "r", &direct]);
    let asked = server.requests().len();
    assert_eq!(home.fine(&render(&url, &["--offline"])).stdout, rendered("gateway", "1.29.1"));
    assert_eq!(home.fine(&["render", "r", &direct, "--offline"]).stdout, rendered("gateway", "1.28.0"));
    assert_eq!(home.fine(&["versions", "gateway", "--repo", &url, "--offline"]).stdout.lines().count(), 5);
    home.refused(
        &render(&url, &["--offline", "--version", "1.29.0"]),
        "gateway-1.29.0.tgz is not in the cache, and --offline allows nothing else",
    );
    assert_eq!(server.requests().len(), asked);
}

#[test]
fn of_several_programs_one_fetches_what_all_want() {
    let server = Server::start(|request| match (request.path.as_str(), request.header("If-None-Match")) {
        ("/index.yaml", Some(_)) => Reply::new(304, ""),
        ("/index.yaml", None) => {
            std::thread::sleep(Duration::from_millis(300));
            repository(request).with("ETag", "\"1\"")
        }
        _ => repository(request),
    });
    let home = Home::new();
    let url = server.url("");
    let children: Vec<_> =
        (0..6).map(|_| home.command(&render(&url, &[])).spawn().unwrap()).collect();
    for child in children {
        let run = elsewhere::ended(child);
        assert_eq!(run.stdout, rendered("gateway", "1.29.1"), "{}", run.stderr);
    }
    let whole = server.asked("/index.yaml").into_iter().filter(|r| r.header("If-None-Match").is_none());
    assert_eq!(whole.count(), 1);
    assert!(home.files("cache").iter().all(|name| !name.ends_with(".tmp")));
}

#[test]
fn a_cache_that_cannot_be_written_is_told_and_no_hindrance() {
    let server = Server::start(repository);
    let home = Home::new();
    home.write("cache", "a file where the folder should be");
    let run = home.fine(&render(&server.url(""), &[]));
    assert_eq!(run.stdout, rendered("gateway", "1.29.1"));
    assert!(run.stderr.contains("nothing is kept of"), "{}", run.stderr);
}

#[test]
fn a_certificate_is_believed_if_its_authority_is() {
    let authority = tls::Authority::new();
    let server = Server::start_tls(authority.server(&["localhost", "127.0.0.1"]), repository);
    let home = Home::new();
    let ca = home.write("ca.pem", authority.pem()).display().to_string();
    let other = home.write("other.pem", tls::Authority::new().pem()).display().to_string();
    let url = server.url_by_name("");
    let want = rendered("gateway", "1.29.1");
    assert_eq!(home.fine(&render(&url, &["--ca-file", &ca])).stdout, want);
    assert_eq!(home.fine(&render(&server.url(""), &["--ca-file", &ca])).stdout, want);
    assert_eq!(home.fine(&render(&url, &["--insecure-skip-tls-verify"])).stdout, want);
    let run = home.refused(&render(&url, &["--ca-file", &other]), "certificate");
    assert!(run.stderr.contains("--ca-file names the certificates to believe"), "{}", run.stderr);
    home.refused(&render(&url, &["--ca-file", "nothing.pem"]), "open nothing.pem: no such file or directory");
    let key = home.write("no.pem", "no certificate").display().to_string();
    home.refused(&render(&url, &["--ca-file", &key]), "holds no certificate in PEM");

    let foreign = Server::start_tls(authority.server(&["charts.example.org"]), repository);
    home.refused(&render(&foreign.url_by_name(""), &["--ca-file", &ca]), "certificate");

    home.repositories(&format!("- {{name: istio, url: '{url}', caFile: ../ca.pem}}\n"));
    assert_eq!(home.fine(&["render", "r", "istio/gateway"]).stdout, want);
}

#[test]
fn a_client_shows_its_own_certificate_where_one_is_wanted() {
    let authority = tls::Authority::new();
    let server = Server::start_tls(authority.server_for_known_clients(&["localhost"]), repository);
    let home = Home::new();
    let ca = home.write("ca.pem", authority.pem()).display().to_string();
    let (certificate, key) = authority.client();
    let certificate = home.write("client.pem", certificate).display().to_string();
    let key = home.write("client.key", key).display().to_string();
    let url = server.url_by_name("");
    let flags = ["--ca-file", &ca, "--cert-file", &certificate, "--key-file", &key];
    assert_eq!(home.fine(&render(&url, &flags)).stdout, rendered("gateway", "1.29.1"));
    home.refused(&render(&url, &["--ca-file", &ca]), "");
    assert_eq!(server.requests().iter().filter(|r| r.path == "/index.yaml").count(), 1);
}

#[test]
fn https_never_leads_to_http() {
    let authority = tls::Authority::new();
    let plain = Server::start(repository);
    let to = plain.url("/gateway-1.29.1.tgz");
    let server = Server::start_tls(authority.server(&["localhost"]), move |request| {
        match request.path.as_str() {
            "/index.yaml" => repository(request),
            "/listed/index.yaml" => Reply::ok(index_with(&to)),
            _ => Reply::to(to.clone()),
        }
    });
    let home = Home::new();
    let ca = home.write("ca.pem", authority.pem()).display().to_string();
    home.refused(&render(&server.url_by_name(""), &["--ca-file", &ca]), "leads from https to");
    assert!(plain.requests().is_empty());
    // An index may name a place without TLS: it has the digest of what is there.
    home.fine(&render(&server.url_by_name("/listed"), &["--ca-file", &ca]));
}

#[test]
fn requests_go_through_the_proxy_of_the_environment() {
    let authority = tls::Authority::new();
    let secure = Server::start_tls(authority.server(&["charts.example.org"]), repository);
    let plain = Server::start(repository);
    let (to_secure, to_plain) = (secure.address(), plain.address());
    let proxy = Server::start(move |request| match (request.method.as_str(), request.path.as_str()) {
        ("CONNECT", "charts.example.org:443") => Reply::of(Body::Tunnel(to_secure)),
        ("CONNECT", "charts.example.org:80") => Reply::of(Body::Tunnel(to_plain)),
        _ => match request.path.strip_prefix("http://charts.example.org") {
            Some(path) => repository(&Request { path: path.into(), ..request.clone() }),
            None => Reply::new(502, "no such server"),
        },
    });
    let home = Home::new();
    let ca = home.write("ca.pem", authority.pem()).display().to_string();
    let want = rendered("gateway", "1.29.1");
    let through = |variable: &str, args: &[&str], except: &str| {
        let mut command = home.command(args);
        let address = proxy.url("").replace("http://", "http://me:word@");
        command.env(variable, address).env("NO_PROXY", except);
        elsewhere::ended(command.spawn().unwrap())
    };
    for (variable, url) in [
        ("HTTP_PROXY", "http://charts.example.org"),
        ("http_proxy", "http://charts.example.org"),
        ("ALL_PROXY", "http://charts.example.org"),
        ("HTTPS_PROXY", "https://charts.example.org"),
        ("https_proxy", "https://charts.example.org"),
    ] {
        let before = proxy.requests().len();
        let run = through(variable, &render(url, &["--ca-file", &ca, "--username", "u", "--password", "p"]), "");
        assert_eq!(run.stdout, want, "{variable} {url}: {}", run.stderr);
        let asked = &proxy.requests()[before..];
        assert!(!asked.is_empty(), "{variable}");
        for request in asked {
            let shown = request.header("Proxy-Authorization");
            assert!(shown.is_some_and(|text| text.eq_ignore_ascii_case("Basic bWU6d29yZA==")), "{request:?}");
        }
        assert!(asked.iter().filter(|r| r.method == "CONNECT").all(|r| r.header("Authorization").is_none()));
    }
    // Servers on this machine, and those that are excepted, are asked without it.
    let before = proxy.requests().len();
    let run = through("HTTP_PROXY", &render(&plain.url(""), &[]), "");
    assert_eq!(run.stdout, want, "{}", run.stderr);
    let run = through("HTTP_PROXY", &render("http://charts.example.invalid", &[]), ".example.invalid");
    assert_eq!(run.code, Some(1));
    assert_eq!(proxy.requests().len(), before);
    // A server behind the proxy leads to none on this machine.
    let near = plain.url("/index.yaml");
    let leading = Server::start(move |_| Reply::to(near.clone()));
    let mut command = home.command(&render("http://charts.example.org", &[]));
    command.env("HTTP_PROXY", leading.url(""));
    let run = elsewhere::ended(command.spawn().unwrap());
    assert!(run.stderr.contains("one of this machine or its link"), "{}", run.stderr);
}

#[test]
fn words_of_a_repository_cannot_steer_the_terminal() {
    let server = Server::start(|request| match request.path.as_str() {
        "/index.yaml" => Reply::ok(
            "apiVersion: v1\nentries:\n  gateway:\n  - version: 1.0.0\n    description: \"\\e[2Jgone\\u202e\"\n    \
             urls: [\"http://127.0.0.1:1/\\e[2J.tgz\"]\n",
        ),
        _ => Reply::new(404, "\x1b[2J"),
    });
    let home = Home::new();
    let listed = home.fine(&["versions", "gateway", "--repo", &server.url("")]).stdout;
    assert!(!listed.contains(['\x1b', '\u{202e}']), "{listed:?}");
    let run = home.refused(&render(&server.url(""), &[]), "");
    assert!(!run.stderr.contains('\x1b'), "{:?}", run.stderr);
}
