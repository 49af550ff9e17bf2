//! Charts and values at revisions of git repositories, and repositories that mean harm.

#![allow(clippy::unwrap_used)]

mod repository;

use repository::Repository;

const CONFIG_MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: {{ .Values.a | default \"none\" | quote }}}\n";

/// A repository with the chart `charts/c`, committed.
fn with_chart() -> Option<Repository> {
    let repository = Repository::new()?;
    repository.chart("charts/c", CONFIG_MAP).write("charts/c/values.yaml", "a: one\n").commit("one");
    Some(repository)
}

#[test]
fn a_chart_at_a_revision_renders_as_it_was() {
    let Some(repository) = with_chart() else { return };
    let old = repository.prints(&["render", "r", "charts/c"]);
    repository.git(&["tag", "-a", "v1", "-m", "one"]);
    repository.write("charts/c/values.yaml", "a: two\n").commit("two");
    for revision in ["HEAD~1", "v1", "main^", "v1^{tree}"] {
        assert_eq!(repository.prints(&["render", "r", &format!("{revision}:charts/c")]), old, "{revision}");
    }
    assert_ne!(repository.prints(&["render", "r", "main:charts/c"]), old);
    assert_eq!(repository.prints(&["show", "values", "HEAD~1:charts/c"]), "a: one\n\n");
    assert_eq!(repository.prints(&["eval", "{{ Values.a }}", "v1:charts/c"]), "one\n");
    assert!(!repository.file("HEAD~1:charts").exists());
}

#[test]
fn values_files_and_archives_are_read_at_a_revision_too() {
    let Some(repository) = with_chart() else { return };
    repository.write("prod.yaml", "a: prod\n");
    let packed = std::process::Command::new("tar")
        .args(["-czf", "c.tgz", "-C", "charts", "c"])
        .current_dir(repository.path())
        .status();
    assert!(packed.unwrap().success());
    repository.commit("two");
    std::fs::remove_file(repository.file("prod.yaml")).unwrap();
    std::fs::remove_file(repository.file("c.tgz")).unwrap();
    let shown = repository.prints(&["render", "r", "main:c.tgz", "-f", "main:prod.yaml"]);
    assert!(shown.contains("data: {a: \"prod\"}"), "{shown}");
    let shown = repository.prints(&["render", "r", "main:charts/c", "--set-file", "a=HEAD:prod.yaml"]);
    assert!(shown.contains("data: {a: \"a: prod\\n\"}"), "{shown}");
}

#[test]
fn a_file_with_a_colon_in_its_name_comes_first() {
    let Some(repository) = with_chart() else { return };
    repository.chart("main:charts/c", "kind: ConfigMap\nmetadata: {name: colon}\n");
    assert!(repository.prints(&["render", "r", "main:charts/c"]).contains("name: colon"));
}

#[test]
fn paths_count_from_the_top_and_from_the_folder_with_a_dot() {
    let Some(repository) = with_chart() else { return };
    let render =
        |folder: &str, chart: &str| repository.torii_in(folder, &["render", "r", chart]).status.success();
    assert!(render("charts", "HEAD:charts/c"));
    assert!(render("charts", "HEAD:./c"));
    assert!(render("charts/c", "HEAD:../c"));
    assert!(render("charts/c", "HEAD:./"));
    assert!(!render("charts", "HEAD:c"));
    assert!(!render("charts", "HEAD:../../x"));
}

#[test]
fn ignored_files_stay_out_and_links_within_the_chart_are_followed() {
    let Some(repository) = Repository::new() else { return };
    repository
        .chart("c", CONFIG_MAP)
        .write("c/.helmignore", "secret/\n*.bak\n")
        .write("c/secret/x", "s")
        .write("c/a.bak", "b")
        .write("c/real/data.txt", "hello")
        .write("c/templates/b.yaml", "kind: F\nmetadata: {name: f}\nfiles:\n{{- range $n, $_ := .Files.Glob \"**\" }}\n- {{ $n }}\n{{- end }}\ntext: {{ .Files.Get \"link/data.txt\" }}\n");
    std::os::unix::fs::symlink("real", repository.file("c/link")).unwrap();
    std::os::unix::fs::symlink("../c/real/../real/data.txt", repository.file("c/file")).unwrap();
    repository.commit("one");
    let shown = repository.prints(&["render", "r", "HEAD:c"]);
    assert_eq!(shown, repository.prints(&["render", "r", "c"]));
    assert!(shown.contains("text: hello"), "{shown}");
    assert!(shown.contains("- file\n- link/data.txt\n- real/data.txt\n"), "{shown}");
    assert!(!shown.contains("secret"), "{shown}");
}

#[test]
fn errors_name_the_revision() {
    let Some(repository) = Repository::new() else { return };
    repository.chart("c", "a: {{ fail \"no\" }}\n").write("v.yaml", "a: [\n").commit("one");
    let error = repository.fails(&["render", "r", "main:c"]);
    assert!(error.contains("main:c/templates/a.yaml:1"), "{error}");
    let error = repository.fails(&["render", "r", "main:c", "-f", "HEAD:v.yaml"]);
    assert!(error.contains("failed to parse HEAD:v.yaml"), "{error}");
    let error = repository.fails(&["render", "r", "main:gone"]);
    assert!(error.contains("path \"gone\" does not exist in main"), "{error}");
    repository.write("gone/Chart.yaml", "");
    let error = repository.fails(&["render", "r", "main:gone"]);
    assert!(error.contains("path \"gone\" exists on disk, but not in main"), "{error}");
    let error = repository.fails(&["render", "r", "nope:c"]);
    assert!(error.contains("unknown revision \"nope\""), "{error}");
}

#[test]
fn a_path_with_a_colon_outside_of_a_repository_is_just_not_found() {
    let folder = tempfile::tempdir().unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_torii"))
        .args(["render", "r", "main:c"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("path \"main:c\" not found"), "{error}");
}

#[test]
fn a_revision_that_begins_with_a_dash_is_refused() {
    let Some(repository) = with_chart() else { return };
    let head = repository.git(&["rev-parse", "HEAD"]);
    repository.write(".git/refs/heads/-x", format!("{head}\n"));
    let error = repository.fails(&["render", "r", "--", "-x:charts/c"]);
    assert!(error.contains("\"-x\" is no revision: it begins with a dash"), "{error}");
}

#[test]
fn submodules_are_refused() {
    let Some(repository) = with_chart() else { return };
    let head = repository.git(&["rev-parse", "HEAD"]);
    repository.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{head},charts/c/sub")]);
    repository.git(&["commit", "--quiet", "-m", "sub"]);
    let error = repository.fails(&["render", "r", "HEAD:charts/c"]);
    assert!(error.contains("HEAD:charts/c/sub is a submodule"), "{error}");
    let error = repository.fails(&["render", "r", "HEAD:charts/c/sub"]);
    assert!(error.contains("HEAD:charts/c/sub is a submodule"), "{error}");
    // One that the chart ignores does no harm.
    repository.git(&["reset", "--quiet", "--hard"]);
    repository.write("charts/c/.helmignore", "sub/\n").git(&["add", "charts/c/.helmignore"]);
    repository.git(&["commit", "--quiet", "-m", "ignored"]);
    repository.prints(&["render", "r", "HEAD:charts/c"]);
}

#[test]
fn pointers_of_git_lfs_are_refused() {
    let Some(repository) = with_chart() else { return };
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
    repository.write("charts/c/big.json", pointer).write("v.yaml", pointer).commit("lfs");
    let error = repository.fails(&["render", "r", "HEAD:charts/c"]);
    assert!(error.contains("HEAD:charts/c/big.json is kept by Git LFS"), "{error}");
    let error = repository.fails(&["render", "r", "HEAD~1:charts/c", "-f", "HEAD:v.yaml"]);
    assert!(error.contains("HEAD:v.yaml is kept by Git LFS"), "{error}");
}

#[test]
fn links_that_leave_the_chart_or_the_repository_are_refused() {
    let Some(repository) = with_chart() else { return };
    repository.write("outside.txt", "o");
    for (target, why) in [
        ("../../outside.txt", "leaves the chart"),
        ("/etc/passwd", "leaves the repository"),
        ("../../../../../../etc/passwd", "leaves the repository"),
        (".", "leads back to a folder that contains it"),
        ("link", "too many levels of symbolic links"),
        ("gone", "no such file or directory"),
    ] {
        let link = repository.file("charts/c/link");
        std::os::unix::fs::symlink(target, &link).unwrap();
        repository.commit(target);
        let error = repository.fails(&["render", "r", "HEAD:charts/c"]);
        assert!(error.contains(why), "{target}: {error}");
        std::fs::remove_file(link).unwrap();
    }
    // As with folders, links that stay in the repository may be followed if asked for; others never.
    std::os::unix::fs::symlink("../../outside.txt", repository.file("charts/c/link")).unwrap();
    repository.commit("out");
    repository.prints(&["render", "r", "HEAD:charts/c", "--allow-outside-symlinks"]);
}

#[test]
fn names_that_git_would_not_check_out_are_refused() {
    let Some(repository) = with_chart() else { return };
    let blob = repository.object("blob", b"x");
    let metadata = repository.object("blob", b"apiVersion: v2\nname: c\nversion: 1.0.0\n");
    let inner = repository.tree(&[("100644", "x", &blob)]);
    for name in ["..", ".", ".git", ".GIT", "git~1", "a/b", ".g\u{200c}it"] {
        let chart = repository.tree(&[("100644", "Chart.yaml", &metadata), ("40000", name, &inner)]);
        let error = repository.fails(&["render", "r", &format!("{chart}:")]);
        assert!(error.contains("which git does not check out"), "{name}: {error}");
    }
    let chart = repository.tree(&[
        ("100644", "Chart.yaml", &metadata),
        ("100644", "a", &blob),
        ("40000", "a", &inner),
    ]);
    let error = repository.fails(&["render", "r", &format!("{chart}:")]);
    assert!(error.contains("has two entries named \"a\""), "{error}");
}

#[test]
fn huge_files_are_refused_before_they_are_inflated() {
    let Some(repository) = with_chart() else { return };
    // 200 MiB of zeros are a few hundred kilobytes in the repository.
    let zeros = vec![0; 200 << 20];
    let huge = repository.object("blob", &zeros);
    drop(zeros);
    let metadata = repository.object("blob", b"apiVersion: v2\nname: c\nversion: 1.0.0\n");
    let chart = repository.tree(&[("100644", "Chart.yaml", &metadata), ("100644", "zeros", &huge)]);
    let error = repository.fails(&["render", "r", &format!("{chart}:")]);
    assert!(error.contains("chart file \"zeros\" is larger than the maximum file size 5242880"), "{error}");
    let error = repository.fails(&["render", "r", "HEAD:charts/c", "-f", &format!("{chart}:zeros")]);
    assert!(error.contains("zeros is larger than the maximum size"), "{error}");
    let error = repository.fails(&["render", "r", "HEAD:charts/c", "--limit", "file-bytes=10"]);
    assert!(error.contains("larger than the maximum file size 10"), "{error}");
    let error = repository.fails(&["render", "r", "HEAD:charts/c", "--limit", "chart-entries=2"]);
    assert!(error.contains("more than 2 files and folders"), "{error}");
}

#[test]
fn a_small_file_made_from_a_huge_one_is_refused() {
    let Some(repository) = with_chart() else { return };
    // In a pack, the small file is kept as a difference from the huge one, which must not be inflated for it.
    let mut text = "a line that repeats itself\n".repeat((150 << 20) / 27).into_bytes();
    let huge = repository.object("blob", &text);
    text.truncate(1 << 20);
    let small = repository.object("blob", &text);
    drop(text);
    let metadata = repository.object("blob", b"apiVersion: v2\nname: c\nversion: 1.0.0\n");
    let chart = repository.tree(&[("100644", "Chart.yaml", &metadata), ("100644", "x.txt", &small)]);
    let top = repository.tree(&[("40000", "c", &chart), ("100644", "x.txt", &huge)]);
    let commit = repository.git(&["commit-tree", &top, "-m", "deltas"]);
    repository.git(&["update-ref", "refs/heads/deltas", &commit]);
    repository.git(&["-c", "core.bigFileThreshold=1g", "repack", "-adfq", "--window=10"]);
    let packs = repository.git(&["count-objects", "-v"]);
    assert!(packs.contains("in-pack"), "{packs}");
    let verified = repository
        .git_with(&["cat-file", "--batch-check=%(objectsize) %(deltabase)"], format!("{small}\n").as_bytes());
    if !verified.ends_with(&huge) {
        eprintln!("skipped: git did not pack the small file as a difference ({verified})");
        return;
    }
    let error = repository.fails(&["render", "r", "deltas:c"]);
    assert!(error.contains("x.txt"), "{error}");
}

#[test]
fn repositories_of_other_users_are_refused() {
    let Some(repository) = with_chart() else { return };
    let chowned =
        std::process::Command::new("chown").args(["-R", "12345:12345"]).arg(repository.path()).status();
    if !chowned.is_ok_and(|status| status.success()) {
        eprintln!("skipped: only root can give a repository to another user");
        return;
    }
    let error = repository.fails(&["render", "r", "HEAD:charts/c"]);
    assert!(error.contains("detected dubious ownership in repository at"), "{error}");
    assert!(error.contains("git config --global --add safe.directory"), "{error}");
    // The user may trust it, as with git.
    let home = tempfile::tempdir().unwrap();
    let config = format!("[safe]\n\tdirectory = {}\n", repository.path().display());
    std::fs::write(home.path().join(".gitconfig"), config).unwrap();
    let trusted = std::process::Command::new(env!("CARGO_BIN_EXE_torii"))
        .args(["render", "r", "HEAD:charts/c"])
        .current_dir(repository.path())
        .env("HOME", home.path())
        .env_remove("GIT_CONFIG_GLOBAL")
        .output()
        .unwrap();
    assert!(trusted.status.success(), "{}", String::from_utf8_lossy(&trusted.stderr));
}

#[test]
fn what_a_clone_lacks_is_said() {
    let Some(repository) = with_chart() else { return };
    repository.write("charts/c/values.yaml", "a: two\n").commit("two");
    let clone = tempfile::tempdir().unwrap();
    let from = format!("file://{}", repository.path().display());
    let to = clone.path().join("clone");
    repository.git(&["clone", "--quiet", "--depth=1", &from, to.to_str().unwrap()]);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_torii"))
        .args(["render", "r", "HEAD~1:charts/c"])
        .current_dir(&to)
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("this is a shallow clone") && error.contains("--unshallow"), "{error}");
    // An object that is gone.
    let blob = repository.git(&["rev-parse", "HEAD:charts/c/values.yaml"]);
    let (folder, file) = blob.split_at(2);
    std::fs::remove_file(repository.file(&format!(".git/objects/{folder}/{file}"))).unwrap();
    let error = repository.fails(&["render", "r", "HEAD:charts/c"]);
    assert!(error.contains("values.yaml") && error.contains("the object is missing"), "{error}");
}

#[test]
fn alternates_replacements_and_packs_are_read_as_git_reads_them() {
    let Some(repository) = with_chart() else { return };
    let old = repository.git(&["rev-parse", "HEAD"]);
    repository.write("charts/c/values.yaml", "a: two\n").commit("two");
    let new = repository.git(&["rev-parse", "HEAD"]);
    repository.git(&["repack", "-adq"]);
    let clone = tempfile::tempdir().unwrap();
    let to = clone.path().join("clone");
    repository.git(&["clone", "--quiet", "--shared", ".", to.to_str().unwrap()]);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_torii"))
        .args(["render", "r", "HEAD~1:charts/c"])
        .current_dir(&to)
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"one\""));
    repository.git(&["replace", &new, &old]);
    assert!(repository.prints(&["render", "r", "HEAD:charts/c"]).contains("\"one\""));
}

#[test]
fn no_filter_hook_or_program_of_the_repository_is_run() {
    let Some(repository) = with_chart() else { return };
    let ran = repository.file("ran");
    let program = format!("touch {}; cat", ran.display());
    repository.write(".gitattributes", "* filter=evil diff=evil\n").commit("attributes");
    for key in [
        "filter.evil.smudge",
        "filter.evil.clean",
        "diff.evil.textconv",
        "core.fsmonitor",
        "core.sshCommand",
        "diff.external",
    ] {
        repository.git(&["config", key, &program]);
    }
    for hook in ["post-checkout", "reference-transaction"] {
        let file = format!(".git/hooks/{hook}");
        repository.write(&file, format!("#!/bin/sh\n{program}\n"));
    }
    let _ = std::fs::remove_file(&ran);
    repository.prints(&["render", "r", "HEAD:charts/c"]);
    assert!(!ran.exists());
}
