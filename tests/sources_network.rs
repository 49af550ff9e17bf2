//! What is told to whom on the network, whom torii believes, and what it doesn't wait for.
//!
//! The servers are on loopback, and some do what no good server would.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;

#[path = "support/elsewhere.rs"]
#[allow(dead_code)]
mod elsewhere;
#[path = "support/repository.rs"]
#[allow(dead_code)]
mod repository;
#[path = "support/server.rs"]
#[allow(dead_code)]
mod server;
#[path = "support/tls.rs"]
mod tls;

use elsewhere::{Home, chart, index, rendered};
use repository::{archive, gzipped, index_with, render, repository};
use server::{Body, Reply, Server, far_address};

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
        home.fine(&render(
            &server.url(folder),
            &["--username", "u", "--password", "p", "--pass-credentials"],
        ));
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
        ("//", "invalid chart URL format"),
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
    let to = plain.url("/gateway-1.29.0.tgz");
    let server =
        Server::start_tls(authority.server(&["localhost"]), move |request| match request.path.as_str() {
            "/index.yaml" => repository(request),
            "/listed/index.yaml" => Reply::ok(index_with(&to)),
            "/bare/index.yaml" => Reply::ok(index_with(&to).replace("digest:", "was:")),
            _ => Reply::to(to.clone()),
        });
    let home = Home::new();
    let ca = home.write("ca.pem", authority.pem()).display().to_string();
    home.refused(&render(&server.url_by_name(""), &["--ca-file", &ca]), "leads from https to");
    assert!(plain.requests().is_empty());
    // An index may name a place without TLS: it has the digest of what is there.
    home.fine(&render(&server.url_by_name("/listed"), &["--ca-file", &ca]));
    let asked = plain.requests().len();
    assert_eq!(asked, 1);
    let words = "where anybody could change the archive, and has no digest of it";
    Home::new().refused(&render(&server.url_by_name("/bare"), &["--insecure-skip-tls-verify"]), words);
    assert_eq!(plain.requests().len(), asked);
    // The other way is a good one.
    let secure = Server::start_tls(authority.server(&["localhost"]), repository);
    let to = secure.url_by_name("/gateway-1.29.0.tgz");
    let leading = Server::start(move |_| Reply::to(to.clone()));
    home.fine(&["render", "r", &leading.url("/x.tgz"), "--ca-file", &ca]);
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
        _ => Reply::new(502, "no such server"),
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
        let run =
            through(variable, &render(url, &["--ca-file", &ca, "--username", "u", "--password", "p"]), "");
        assert_eq!(run.stdout, want, "{variable} {url}: {}", run.stderr);
        let asked = &proxy.requests()[before..];
        assert!(!asked.is_empty(), "{variable}");
        for request in asked {
            let shown = request.header("Proxy-Authorization");
            assert!(shown.is_some_and(|text| text.eq_ignore_ascii_case("Basic bWU6d29yZA==")), "{request:?}");
        }
        assert!(asked.iter().all(|request| request.header("Authorization").is_none()));
    }
    // A variable that is empty hides no other.
    let mut command = home.command(&render("https://charts.example.org", &["--ca-file", &ca]));
    let run =
        elsewhere::ended(command.env("HTTPS_PROXY", "").env("https_proxy", proxy.url("")).spawn().unwrap());
    assert_eq!(run.stdout, want, "{}", run.stderr);
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
    let to = leading.address();
    let proxy = Server::start(move |_| Reply::of(Body::Tunnel(to)));
    let mut command = home.command(&render("http://charts.example.org", &[]));
    command.env("HTTP_PROXY", proxy.url(""));
    let run = elsewhere::ended(command.spawn().unwrap());
    assert!(run.stderr.contains("one of this machine or its link"), "{}", run.stderr);
}
