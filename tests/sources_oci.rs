//! Charts in OCI registries: Debian's own, and some that do what no good registry would.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use data_encoding::BASE64;

#[path = "support/elsewhere.rs"]
#[allow(dead_code)]
mod elsewhere;
#[path = "support/registry.rs"]
#[allow(dead_code)]
mod registry;
#[path = "support/server.rs"]
#[allow(dead_code)]
mod server;

use elsewhere::{Home, chart, rendered};
use registry::{Artifact, CONFIG, LAYER, Registry, digest};
use server::{Body, Reply, Server};

fn render<'a>(address: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["render", "r", address, "--plain-http"];
    args.extend_from_slice(more);
    args
}

fn artifact(version: &str) -> Artifact {
    Artifact::new(&chart("gateway", version), None)
}

fn address(server: &Server, rest: &str) -> String {
    format!("oci://{}/charts/gateway{rest}", server.address())
}

fn login(home: &Home, file: &str, host: &str, user: &str, password: &str) {
    let both = BASE64.encode(format!("{user}:{password}").as_bytes());
    home.write(file, format!("{{\"auths\": {{\"{host}\": {{\"auth\": \"{both}\"}}}}}}"));
}

#[test]
fn charts_come_from_a_registry_by_tag_digest_and_constraint() {
    let Some(registry) = Registry::start(None) else { return };
    for version in ["1.28.0", "1.29.0", "1.29.1+build.7", "1.30.0-rc.1"] {
        registry.push("charts/gateway", &version.replace('+', "_"), &artifact(version));
    }
    registry.push("charts/gateway", "latest", &artifact("1.29.0"));
    let home = Home::new();
    let plain = registry.url("charts/gateway");
    let by_digest = format!("{plain}@{}", artifact("1.28.0").digest());
    let both = format!("{plain}:1.28.0@{}", artifact("1.28.0").digest());
    let tagged = format!("{plain}:1.29.1+build.7");
    let latest = format!("{plain}:latest");
    for (args, version) in [
        (render(&plain, &[]), "1.29.1+build.7"),
        (render(&plain, &["--version", "1.29.0"]), "1.29.0"),
        (render(&plain, &["--version", "<1.29"]), "1.28.0"),
        (render(&plain, &["--devel"]), "1.30.0-rc.1"),
        (render(&tagged, &[]), "1.29.1+build.7"),
        (render(&latest, &[]), "1.29.0"),
        (render(&by_digest, &[]), "1.28.0"),
        (render(&both, &[]), "1.28.0"),
    ] {
        assert_eq!(home.fine(&args).stdout, rendered("gateway", version), "{args:?}");
    }
    let listed = home.fine(&["versions", &plain, "--plain-http"]).stdout;
    let versions: Vec<&str> = listed.lines().skip(1).filter_map(|l| l.split_whitespace().nth(1)).collect();
    assert_eq!(versions, ["1.30.0-rc.1", "1.29.1+build.7", "1.29.0", "1.28.0"]);

    fs::create_dir(home.path().join("d")).unwrap();
    let pulled = home.fine(&["pull", &plain, &by_digest, "--plain-http", "-d", "d"]);
    assert_eq!(pulled.stdout.lines().next(), Some("d/gateway-1.29.1+build.7.tgz"));
    assert_eq!(
        fs::read(home.path().join("d/gateway-1.29.1+build.7.tgz")).unwrap(),
        chart("gateway", "1.29.1+build.7")
    );

    let review =
        home.fine(&["diff", &format!("{plain}:1.28.0"), &format!("{plain}:1.29.0"), "--plain-http"]).stdout;
    assert!(review.contains("1.28.0") && review.contains("1.29.0"), "{review}");

    home.refused(&render(&registry.url("charts/none"), &["--version", "1.0.0"]), "1.0.0: not found");
    home.refused(&render(&registry.url("charts/none"), &[]), ": 404 Not Found");
    home.refused(&render(&plain, &["--version", ">2"]), "unable to locate any tags in provided repository");
    let mismatch = format!("{plain}:1.29.0");
    home.refused(&render(&mismatch, &["--version", "1.28.0"]), "chart reference and version mismatch");
}

#[test]
fn a_dependency_comes_from_a_registry() {
    let Some(registry) = Registry::start(None) else { return };
    for version in ["1.28.0", "1.29.0"] {
        registry.push("charts/gateway", version, &artifact(version));
    }
    let home = Home::new();
    let repository = registry.url("charts");
    let text = format!(
        "apiVersion: v2\nname: u\nversion: 1.0.0\ndependencies:\n- {{name: gateway, version: '>=1.28', repository: '{repository}'}}\n"
    );
    home.write("u/Chart.yaml", text);
    home.fine(&["dependency", "update", "u", "--plain-http"]);
    assert_eq!(home.files("u"), ["Chart.lock", "Chart.yaml", "charts/gateway-1.29.0.tgz"]);
    fs::remove_dir_all(home.path().join("u/charts")).unwrap();
    home.fine(&["dependency", "build", "u", "--plain-http"]);
    assert_eq!(home.files("u"), ["Chart.lock", "Chart.yaml", "charts/gateway-1.29.0.tgz"]);
}

#[test]
fn a_registry_is_told_the_password_that_helm_or_docker_keeps() {
    let Some(registry) = Registry::start(Some(("me", "word"))) else { return };
    registry.push("charts/gateway", "1.29.0", &artifact("1.29.0"));
    let address = registry.url("charts/gateway:1.29.0");
    let want = rendered("gateway", "1.29.0");
    let run = Home::new().refused(&render(&address, &[]), ": 401 Unauthorized");
    assert!(run.stderr.contains("helm registry login"), "{}", run.stderr);
    for file in ["docker/config.json", "config/registry/config.json"] {
        let home = Home::new();
        login(&home, file, registry.host(), "me", "word");
        assert_eq!(home.fine(&render(&address, &[])).stdout, want, "{file}");
        login(&home, file, registry.host(), "me", "wrong");
        home.refused(&render(&address, &[]), ": 401 Unauthorized");
    }
    let home = Home::new();
    login(&home, "elsewhere.json", registry.host(), "me", "word");
    assert_eq!(home.fine(&render(&address, &["--registry-config", "elsewhere.json"])).stdout, want);
    let home = Home::new();
    assert_eq!(home.fine(&render(&address, &["--username", "me", "--password", "word"])).stdout, want);
    home.refused(&render(&address, &["--username", "me", "--password", "no"]), ": 401 Unauthorized");
}

#[test]
fn only_the_chart_s_own_layer_is_fetched_and_a_signature_is_told_to_be_unchecked() {
    let Some(registry) = Registry::start(None) else { return };
    let signed = Artifact::new(&chart("gateway", "1.29.0"), Some(b"a signature"));
    registry.push("charts/gateway", "1.29.0", &signed);
    let home = Home::new();
    let run = home.fine(&render(&registry.url("charts/gateway:1.29.0"), &[]));
    assert_eq!(run.stdout, rendered("gateway", "1.29.0"));
    assert!(run.stderr.contains("is signed; torii does not check signatures"), "{}", run.stderr);
    let fetched = |log: &str, blob: &[u8]| {
        let path = format!("GET /v2/charts/gateway/blobs/{}", digest(blob));
        log.lines().any(|line| line.contains(&path))
    };
    let [config, archive, signature] = &signed.blobs[..] else { panic!("three blobs") };
    // The registry writes its log after it has answered.
    let log = (0..100).find_map(|_| {
        let log = registry.log();
        let is_written = fetched(&log, archive);
        if !is_written {
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        is_written.then_some(log)
    });
    let log = log.unwrap();
    assert!(!fetched(&log, config) && !fetched(&log, signature), "{log}");
    home.refused(&render(&registry.url("charts/gateway:1.29.0"), &["--verify"]), "does not check signatures");
}

#[test]
fn what_is_not_what_its_digest_says_is_refused() {
    let good = artifact("1.29.0");
    let server = Server::start(move |request| {
        let mut wrong = chart("gateway", "1.29.0");
        *wrong.last_mut().unwrap() ^= 1;
        match request.path.contains("/blobs/") {
            true => Reply::ok(wrong),
            false => good.answer(request),
        }
    });
    let home = Home::new();
    let run = home.refused(&render(&address(&server, ":1.29.0"), &[]), "the digest of http://");
    assert!(run.stderr.contains(&format!("not {}", digest(&chart("gateway", "1.29.0")))), "{}", run.stderr);
    // A manifest that is asked for by its digest.
    let other = artifact("6.6.6");
    let server = Server::start(move |request| other.answer(request));
    let by_digest = address(&server, &format!("@{}", artifact("1.29.0").digest()));
    home.refused(&render(&by_digest, &[]), "the digest of http://");
    assert_eq!(server.requests().len(), 1, "nothing is asked by a manifest that is wrong");
    // More, or less, than the manifest says.
    for size in [0, 7, 4000] {
        let good = artifact("1.29.0");
        let server = Server::start(move |request| match request.path.contains("/blobs/") {
            true => Reply::ok(vec![b'x'; size]),
            false => good.answer(request),
        });
        home.refused(&render(&address(&server, ":1.29.0"), &[]), "bytes");
    }
    assert!(home.files("cache/charts").is_empty());
}

#[test]
fn a_registry_that_goes_away_leaves_nothing_behind() {
    let good = artifact("1.29.0");
    let server = Server::start(move |request| {
        let blob = good.blobs[1].clone();
        match (request.path.contains("/blobs/"), request.path.contains("whole")) {
            (true, _) => Reply::of(Body::Cut(blob[..blob.len() / 2].to_vec(), blob.len() as u64)),
            _ => good.answer(request),
        }
    });
    let home = Home::new();
    fs::create_dir(home.path().join("d")).unwrap();
    let from = address(&server, ":1.29.0");
    home.refused(&["pull", &from, "--plain-http", "-d", "d"], "the answer broke off");
    assert!(home.files("d").is_empty() && home.files("cache/charts").is_empty());
    // In the middle of its manifest, and before it says anything.
    let server = Server::start(|_| Reply::of(Body::Cut(b"{\"config\"".to_vec(), 1000)));
    home.refused(&render(&address(&server, ":1.29.0"), &[]), "the answer broke off");
    let gone = address(&server, ":1.29.0");
    drop(server);
    home.refused(&render(&gone, &[]), "connection refused");
    let server = Server::start(|_| Reply::of(Body::Dripping(vec![b' '; 10_000], Duration::from_millis(20))));
    let start = Instant::now();
    let args = ["--limit", "answer-seconds=1"];
    home.refused(&render(&address(&server, ":1.29.0"), &args), "no answer within 1 second");
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_manifest_that_is_none_or_too_large_is_refused() {
    let home = Home::new();
    let huge = format!("{{\"layers\": [{}{{}}]}}", "{},".repeat(2 << 20));
    let layer = |size: &str| {
        let sum = "0".repeat(64);
        format!(
            "{{\"config\": {{\"mediaType\": \"{CONFIG}\"}}, \"layers\": [{{\"mediaType\": \"{LAYER}\", \
             \"digest\": \"sha256:{sum}\", \"size\": {size}}}]}}"
        )
    };
    for (text, words) in [
        ("<html>".to_string(), "expected value"),
        ("{}".to_string(), "could not load config with mediatype"),
        ("[".repeat(100_000), "recursion limit exceeded"),
        (huge, "has more than the limit of 4194304 bytes"),
        (layer("99999999999"), "has more than the limit of 104857600 bytes"),
        (layer("-1"), "without a SHA-256 digest and a size"),
        (layer("1.5"), "without a SHA-256 digest and a size"),
        (layer("1").replace("sha256:", "sha256:/../"), "without a SHA-256 digest and a size"),
    ] {
        let server = Server::start(move |_| Reply::ok(text.clone()));
        home.refused(&render(&address(&server, ":1.29.0"), &[]), words);
    }
}

#[test]
fn a_token_is_got_where_the_registry_says_and_the_password_told_there_alone() {
    let good = artifact("1.29.0");
    let tokens = Server::start(|request| match request.header("Authorization") {
        Some("Basic bWU6d29yZA==") => Reply::ok("{\"token\": \"t0ken\", \"expires_in\": 60}"),
        Some(_) => Reply::new(401, "{}"),
        None => Reply::ok("{\"access_token\": \"nobody\"}"),
    });
    let storage = Server::start({
        let blob = good.blobs[1].clone();
        move |_| Reply::ok(blob.clone())
    });
    let (realm, stored) = (tokens.url_by_name("/token?account=x"), storage.url("/blob?signature=s"));
    let server = Server::start(move |request| match request.header("Authorization") {
        Some("Bearer t0ken") if request.path.contains("/blobs/") => {
            Reply { status: 307, ..Reply::to(stored.clone()) }
        }
        Some("Bearer t0ken") => good.answer(request),
        _ => Reply::new(401, "{}").with(
            "WWW-Authenticate",
            format!(
                "Bearer realm=\"{realm}\",service=\"here, now\",scope=\"repository:charts/gateway:pull\""
            ),
        ),
    });
    let home = Home::new();
    login(&home, "docker/config.json", &server.address().to_string(), "me", "word");
    let from = address(&server, ":1.29.0");
    assert_eq!(home.fine(&render(&from, &[])).stdout, rendered("gateway", "1.29.0"));
    let shown = |server: &Server| -> Vec<Option<String>> {
        server.requests().iter().map(|r| r.header("Authorization").map(str::to_string)).collect()
    };
    let token = Some("Bearer t0ken".to_string());
    assert_eq!(shown(&server), [None, token.clone(), token], "the password is the token server's alone");
    assert_eq!(shown(&tokens), [Some("Basic bWU6d29yZA==".to_string())]);
    assert_eq!(
        tokens.requests()[0].path,
        "/token?account=x&service=here%2C%20now&scope=repository%3Acharts%2Fgateway%3Apull"
    );
    assert_eq!(shown(&storage), [None]);
    // Without a password, and with one that is wrong.
    Home::new().refused(&render(&from, &[]), ": 401 Unauthorized");
    let home = Home::new();
    home.refused(&render(&from, &["--username", "me", "--password", "no"]), "/token");
}

#[test]
fn a_token_server_leads_nobody_elsewhere_with_the_password() {
    let thief = Server::start(|_| Reply::ok("{\"token\": \"t\"}"));
    let to = thief.url("/");
    let tokens = Server::start(move |_| Reply::to(to.clone()));
    let realm = tokens.url("/token");
    let server = Server::start(move |_| {
        Reply::new(401, "").with("WWW-Authenticate", format!("Bearer realm=\"{realm}\""))
    });
    let home = Home::new();
    login(&home, "docker/config.json", &server.address().to_string(), "me", "word");
    home.refused(&render(&address(&server, ":1.29.0"), &[]), ": 401 Unauthorized");
    assert_eq!(thief.requests()[0].header("Authorization"), None);
    for (challenge, words) in [
        ("Bearer service=\"x\"", "doesn't say where it gives tokens"),
        ("Bearer realm=\"file:///etc/passwd\"", "could not find protocol handler for: file"),
        ("Digest realm=\"x\"", ": 401 Unauthorized"),
        ("", ": 401 Unauthorized"),
    ] {
        let server = Server::start(move |_| Reply::new(401, "").with("WWW-Authenticate", challenge));
        home.refused(&render(&address(&server, ":1.29.0"), &[]), words);
    }
}

#[test]
fn tags_are_listed_page_by_page_but_not_for_ever_and_not_elsewhere() {
    let server = Server::start(|request| {
        let page: usize = request.path.rsplit_once("last=").map_or(0, |(_, n)| n.parse().unwrap_or(0));
        let reply = Reply::ok(format!("{{\"tags\": [\"1.{page}.0\", \"no-version\", null]}}"));
        match page {
            0 | 1 => {
                reply.with("Link", format!("</v2/charts/gateway/tags/list?last={}>; rel=\"next\"", page + 1))
            }
            _ => reply,
        }
    });
    let home = Home::new();
    let listed = home.fine(&["versions", &address(&server, ""), "--plain-http"]).stdout;
    assert_eq!(listed.lines().count(), 4, "{listed}");
    let endless = Server::start(|_| {
        Reply::ok("{\"tags\": [\"1.0.0\"]}").with("Link", "</v2/charts/gateway/tags/list?x>; rel=\"next\"")
    });
    home.refused(&["versions", &address(&endless, ""), "--plain-http"], "pages of tags");
    assert_eq!(endless.requests().len(), 100);
    let other = Server::start(|_| Reply::ok("{}"));
    let to = other.url("/v2/");
    let leading =
        Server::start(move |_| Reply::ok("{\"tags\": []}").with("Link", format!("<{to}>; rel=\"next\"")));
    home.refused(&["versions", &address(&leading, ""), "--plain-http"], "goes on at another server");
    assert!(other.requests().is_empty());
}

#[test]
fn all_pages_of_tags_together_have_one_bound_and_one_time() {
    let many = format!("{{\"tags\": [{}\"x\"]}}", "\"x\",".repeat(50_000));
    let next = "</v2/charts/gateway/tags/list?x>; rel=\"next\"";
    let server = Server::start(move |_| Reply::ok(many.clone()).with("Link", next));
    let home = Home::new();
    home.refused(&["versions", &address(&server, ""), "--plain-http"], "has more than 100000 tags");
    assert_eq!(server.requests().len(), 2);
    let slow = Server::start(move |_| {
        std::thread::sleep(Duration::from_millis(300));
        Reply::ok("{\"tags\": []}").with("Link", next)
    });
    let from = address(&slow, "");
    let flags = ["versions", &from, "--plain-http", "--limit", "answer-seconds=1"];
    home.refused(&flags, "no answer within 1 second");
    assert!(slow.requests().len() < 10, "{}", slow.requests().len());
}

#[test]
fn without_the_network_a_tag_is_what_it_was() {
    let good = artifact("1.29.0");
    let server = Server::start(move |request| good.answer(request));
    let home = Home::new();
    let from = address(&server, ":1.29.0");
    home.refused(&render(&from, &["--offline"]), "is not in the cache, and --offline allows nothing else");
    home.fine(&render(&from, &[]));
    let asked = server.requests().len();
    assert_eq!(home.fine(&render(&from, &["--offline"])).stdout, rendered("gateway", "1.29.0"));
    home.refused(&render(&address(&server, ""), &["--offline"]), "are not in the cache");
    assert_eq!(server.requests().len(), asked);
}

#[cfg(unix)]
#[test]
fn programs_that_keep_passwords_are_asked_within_bounds() {
    use std::os::unix::fs::PermissionsExt;
    let good = artifact("1.29.0");
    let server = Server::start(move |request| match request.header("Authorization") {
        Some("Basic bWU6d29yZA==") => good.answer(request),
        _ => Reply::new(401, "").with("WWW-Authenticate", "Basic realm=\"x\""),
    });
    let host = server.address().to_string();
    let from = address(&server, ":1.29.0");
    let home = Home::new();
    let program = |name: &str, text: &str| {
        let path = home.write(&format!("bin/docker-credential-{name}"), format!("#!/bin/sh\n{text}\n"));
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    let run = |config: &str| {
        home.write("docker/config.json", config.replace("HOST", &host));
        let mut command = home.command(&render(&from, &["--limit", "answer-seconds=2"]));
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", home.path().join("bin").display()));
        elsewhere::ended(command.spawn().unwrap())
    };
    let want = rendered("gateway", "1.29.0");
    program(
        "good",
        "[ \"$1\" = get ] && host=$(cat) && echo \"{\\\"ServerURL\\\":\\\"$host\\\",\\\"Username\\\":\\\"me\\\",\\\"Secret\\\":\\\"word\\\"}\"",
    );
    assert_eq!(run("{\"credHelpers\": {\"HOST\": \"good\"}}").stdout, want);
    assert_eq!(run("{\"credsStore\": \"good\"}").stdout, want);
    assert_eq!(run("{\"credsStore\": \"good\", \"auths\": {\"HOST\": {}}}").stdout, want);

    program("none", "echo 'credentials not found in native keychain'; exit 1");
    let end = run("{\"credsStore\": \"none\"}");
    assert!(end.stderr.contains(": 401 Unauthorized"), "{}", end.stderr);

    program("broken", "echo 'the keychain is locked' >&2; exit 1");
    program("chatty", "yes");
    program("slow", "exec sleep 60");
    program("silent", "exit 0");
    for (name, words) in [
        ("broken", "docker-credential-broken"),
        ("chatty", "docker-credential-chatty"),
        ("slow", "docker-credential-slow: no answer within 2 seconds"),
        ("silent", "docker-credential-silent"),
        ("gone", "docker-credential-gone"),
        ("../bin/docker-credential-good", "no name of a program"),
    ] {
        let start = Instant::now();
        let end = run(&format!("{{\"credHelpers\": {{\"HOST\": \"{name}\"}}}}"));
        assert!(end.stderr.contains(words), "{name}: {}", end.stderr);
        assert!(!end.stdout.contains("kind"), "{name}");
        assert!(end.memory < elsewhere::MEMORY && start.elapsed() < Duration::from_secs(30), "{name}");
    }
}

/// A registry by two names, of which a login file has one.
#[test]
fn a_password_for_one_registry_is_not_told_to_another() {
    let seen = Arc::new(OnceLock::new());
    let shared = seen.clone();
    let server = Server::start(move |request| {
        if let Some(text) = request.header("Authorization") {
            let _ = shared.set(text.to_string());
        }
        Reply::new(401, "").with("WWW-Authenticate", "Basic realm=\"x\"")
    });
    let home = Home::new();
    login(&home, "docker/config.json", &format!("localhost:{}", server.port()), "me", "word");
    home.refused(&render(&address(&server, ":1.29.0"), &[]), ": 401 Unauthorized");
    assert_eq!(seen.get(), None);
    let by_name = format!("oci://localhost:{}/charts/gateway:1.29.0", server.port());
    home.refused(&render(&by_name, &[]), ": 401 Unauthorized");
    assert_eq!(seen.get().map(String::as_str), Some("Basic bWU6d29yZA=="));
}
