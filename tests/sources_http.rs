//! Charts in repositories over HTTP: what is found, what is listed, what is kept.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[path = "support/elsewhere.rs"]
#[allow(dead_code)]
mod elsewhere;
#[path = "support/repository.rs"]
#[allow(dead_code)]
mod repository;
#[path = "support/server.rs"]
#[allow(dead_code)]
mod server;

use elsewhere::{Home, chart, index, rendered};
use repository::{VERSIONS, archive, gzipped, render, repository};
use server::{Body, Reply, Server};

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
    // Limits so large that a number more would be none.
    let most = u64::MAX;
    let limits: Vec<String> = ["answer-seconds", "chart-bytes", "input-bytes", "file-bytes"]
        .iter()
        .flat_map(|name| ["--limit".to_string(), format!("{name}={most}")])
        .collect();
    let limits: Vec<&str> = limits.iter().map(String::as_str).collect();
    for more in [&[][..], &["--offline"]] {
        let args = render(&url, &[&limits[..], more].concat());
        assert_eq!(home.fine(&args).stdout, rendered("gateway", "1.29.1"), "{args:?}");
    }
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
    let result = home.fine(&["eval", "{{ Chart.Version }}", "istio/gateway@1.28.0"]).stdout;
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
    let archive = server.url("/gateway-1.28.0.tgz");
    let run = home
        .refused(&["render", "r", &archive, "--version", "1.29.0"], "--version 1.29.0 chooses nothing here");
    assert!(run.stderr.contains("name the archive of that version"), "{}", run.stderr);
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
    // Ten of ten of ten and so on: ten thousand million of them, of a text that fits into a screen.
    let mut bomb = String::from("apiVersion: v1\nx0: &x0 [a,a,a,a,a,a,a,a,a,a]\n");
    for level in 1..10 {
        let all = vec![format!("*x{}", level - 1); 10].join(",");
        bomb.push_str(&format!("x{level}: &x{level} [{all}]\n"));
    }
    for (text, words) in [
        ("", "empty index.yaml file"),
        ("entries: {}", "no API version specified"),
        ("- a", "index.yaml is no map"),
        ("<html>", "index.yaml"),
        ("a: [", "yaml"),
        (bomb.as_str(), "document contains excessive aliasing"),
    ] {
        let text = text.to_string();
        let server = Server::start(move |_| Reply::ok(text.clone()));
        let home = Home::new();
        home.refused(&render(&server.url(""), &[]), words);
        assert!(home.files("cache/charts").is_empty());
    }
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
    let children: Vec<_> = (0..6).map(|_| home.command(&render(&url, &[])).spawn().unwrap()).collect();
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

/// So slow that a chart takes more than a second.
const DRIP: Duration = Duration::from_millis(4);

/// A chart `u` that needs these.
fn chart_of(home: &Home, dependencies: &str) {
    let text = format!("apiVersion: v2\nname: u\nversion: 1.0.0\ndependencies:\n{dependencies}");
    home.write("u/Chart.yaml", text);
}

#[test]
fn the_charts_that_a_chart_needs_come_from_repositories() {
    let server = Server::start(repository);
    let other = Server::start(|request| match request.path.as_str() {
        "/index.yaml" => Reply::ok(index("base", &["2.0.0"])),
        _ => Reply::ok(chart("base", "2.0.0")),
    });
    let home = Home::new();
    home.repositories(&format!("- {{name: istio, url: '{}'}}\n", server.url("")));
    let base = other.url("");
    chart_of(
        &home,
        &format!(
            "- {{name: gateway, version: ~1.28, repository: '@istio'}}\n\
             - {{name: gateway, version: ~1.29.0, repository: 'alias:istio', alias: second}}\n\
             - {{name: base, version: 2.x, repository: '{base}'}}\n"
        ),
    );
    home.fine(&["dependency", "update", "u"]);
    let archives = ["charts/base-2.0.0.tgz", "charts/gateway-1.28.0.tgz", "charts/gateway-1.29.1.tgz"];
    assert_eq!(home.files("u")[2..], archives);
    assert_eq!(server.asked("/index.yaml").len(), 1, "an index is asked for once");
    let lock = fs::read_to_string(home.path().join("u/Chart.lock")).unwrap();
    assert!(lock.contains(&format!("repository: {}", server.url(""))), "{lock}");
    fs::remove_dir_all(home.path().join("u/charts")).unwrap();
    home.fine(&["dependency", "build", "u", "--offline"]);
    assert_eq!(home.files("u")[2..], archives);

    // The flags' password is for one server, or a chart could have it sent anywhere.
    let flags = ["dependency", "update", "u", "--username", "u", "--password", "p"];
    let run = home.refused(&flags, "would be told to several servers");
    assert!(run.stderr.contains("helm repo add"), "{}", run.stderr);
}

#[test]
fn named_repositories_are_not_asked_for_news_if_the_user_says_so() {
    let is_newer = Arc::new(AtomicBool::new(false));
    let newer = is_newer.clone();
    let server = Server::start(move |request| match request.path.as_str() {
        "/index.yaml" if newer.load(Ordering::SeqCst) => Reply::ok(index("gateway", &["1.99.0"])),
        _ => repository(request),
    });
    let home = Home::new();
    home.repositories(&format!("- {{name: istio, url: '{}'}}\n", server.url("")));
    chart_of(&home, "- {name: gateway, version: 1.x, repository: '@istio'}\n");
    let skip = ["dependency", "update", "u", "--skip-refresh"];
    home.refused(&skip, "no cached repository for istio found. (try 'helm repo update')");
    home.fine(&["versions", "istio"]);
    is_newer.store(true, Ordering::SeqCst);
    let asked = server.asked("/index.yaml").len();
    home.fine(&skip);
    assert_eq!(server.asked("/index.yaml").len(), asked);
    assert_eq!(home.files("u/charts"), ["gateway-1.29.1.tgz"]);
    home.fine(&["dependency", "update", "u"]);
    assert_eq!(home.files("u/charts"), ["gateway-1.99.0.tgz"]);
    // One without a name is asked all the same, as in Helm.
    home.repositories("");
    chart_of(&home, &format!("- {{name: gateway, version: 1.x, repository: '{}'}}\n", server.url("")));
    let asked = server.asked("/index.yaml").len();
    home.fine(&skip);
    assert_eq!(server.asked("/index.yaml").len(), asked + 1);
}

#[test]
fn whoever_kills_an_update_while_it_fetches_has_changed_nothing() {
    let is_slow = Arc::new(AtomicBool::new(false));
    let slow = is_slow.clone();
    let server = Server::start(move |request| {
        if slow.load(Ordering::SeqCst) && request.path.ends_with(".tgz") {
            return Reply { body: Body::Dripping(chart("gateway", "1.28.0"), DRIP), ..archive(request) };
        }
        repository(request)
    });
    let home = Home::new();
    let of = |version: &str| {
        let url = server.url("");
        chart_of(&home, &format!("- {{name: gateway, version: {version}, repository: '{url}'}}\n"));
    };
    of("1.29.0");
    home.fine(&["dependency", "update", "u"]);
    let lock = fs::read_to_string(home.path().join("u/Chart.lock")).unwrap();
    is_slow.store(true, Ordering::SeqCst);
    of("1.28.0");
    for n in 1..=10 {
        let mut child = home.command(&["dependency", "update", "u"]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(n * 40));
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().code(), None, "it was over before it was killed");
        assert_eq!(home.files("u"), ["Chart.lock", "Chart.yaml", "charts/gateway-1.29.0.tgz"]);
        assert_eq!(fs::read_to_string(home.path().join("u/Chart.lock")).unwrap(), lock);
    }
    is_slow.store(false, Ordering::SeqCst);
    home.fine(&["dependency", "update", "u"]);
    assert_eq!(home.files("u"), ["Chart.lock", "Chart.yaml", "charts/gateway-1.28.0.tgz"]);
}

#[test]
fn on_a_terminal_a_bar_shows_how_far_a_transfer_is() {
    let server = Server::start(|request| match archive(request) {
        Reply { body: Body::Whole(data), status: 200, .. } => Reply::of(Body::Dripping(data, DRIP)),
        other => other,
    });
    let home = Home::new();
    let url = server.url("/gateway-1.29.0.tgz");
    let plain = home.fine(&["pull", &url]);
    assert_eq!(plain.stderr.lines().count(), 1, "no bar where there is no terminal: {}", plain.stderr);
    if !std::path::Path::new("/usr/bin/script").exists() {
        eprintln!("skipped: there is no `script` to make a terminal");
        return;
    }
    let typed = format!("{} pull {url}", env!("CARGO_BIN_EXE_torii"));
    let command = home.command(&[]);
    let terminal = std::process::Command::new("/usr/bin/script")
        .args(["-qec", &typed, "/dev/null"])
        .current_dir(home.path())
        .env("TERM", "xterm")
        .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&terminal.stdout).into_owned();
    assert!(terminal.status.success(), "{shown}");
    let size = chart("gateway", "1.29.0").len();
    assert!(shown.contains("gateway-1.29.0.tgz ") && shown.contains(&format!("/{size} B")), "{shown}");
}
