//! Git repositories for tests, made by the git program where it is installed.

#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A repository in a folder of its own.
pub struct Repository(tempfile::TempDir);

impl Repository {
    /// An empty repository with the branch `main`; `None`, with a word, where git isn't installed.
    pub fn new() -> Option<Repository> {
        if !Command::new("git").arg("--version").output().is_ok_and(|output| output.status.success()) {
            eprintln!("skipped: git is not installed");
            return None;
        }
        let repository = Repository(tempfile::tempdir().unwrap());
        repository.git(&["init", "--quiet", "--initial-branch=main", "."]);
        Some(repository)
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> &Repository {
        let path = self.file(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// A chart with one template.
    pub fn chart(&self, folder: &str, template: &str) -> &Repository {
        let name = folder.rsplit('/').next().unwrap();
        self.write(
            &format!("{folder}/Chart.yaml"),
            format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\n"),
        );
        self.write(&format!("{folder}/templates/a.yaml"), template)
    }

    /// Commits everything.
    pub fn commit(&self, message: &str) -> &Repository {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]);
        self
    }

    /// Runs git, and gives what it prints.
    pub fn git(&self, args: &[&str]) -> String {
        self.git_with(args, b"")
    }

    /// Runs git with an input.
    pub fn git_with(&self, args: &[&str], input: &[u8]) -> String {
        let mut child = Command::new("git")
            .args(args)
            .current_dir(self.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .envs([("GIT_AUTHOR_NAME", "a"), ("GIT_AUTHOR_EMAIL", "a@example.com")])
            .envs([("GIT_COMMITTER_NAME", "a"), ("GIT_COMMITTER_EMAIL", "a@example.com")])
            .envs([("GIT_AUTHOR_DATE", "1700000000 +0000"), ("GIT_COMMITTER_DATE", "1700000000 +0000")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim_end().to_string()
    }

    /// Stores an object as it is, and gives its id.
    pub fn object(&self, kind: &str, contents: &[u8]) -> String {
        self.git_with(&["hash-object", "-t", kind, "-w", "--literally", "--stdin"], contents)
    }

    /// Stores a folder of entries (mode, name, id), as they are.
    pub fn tree(&self, entries: &[(&str, &str, &str)]) -> String {
        let mut contents = Vec::new();
        for (mode, name, id) in entries {
            contents.extend_from_slice(format!("{mode} {name}\0").as_bytes());
            let byte = |at: usize| u8::from_str_radix(&id[at..at + 2], 16).unwrap();
            contents.extend((0..id.len()).step_by(2).map(byte));
        }
        self.object("tree", &contents)
    }

    /// Runs the program in the repository.
    pub fn torii(&self, args: &[&str]) -> Output {
        self.torii_in("", args)
    }

    /// Runs the program in a folder of the repository.
    pub fn torii_in(&self, folder: &str, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_torii"))
            .args(args)
            .current_dir(self.file(folder))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .env("HOME", self.path())
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// What the program prints; it must not fail.
    pub fn prints(&self, args: &[&str]) -> String {
        let output = self.torii(args);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{args:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What the program says when it fails, as it must, with the exit code 1.
    pub fn fails(&self, args: &[&str]) -> String {
        let output = self.torii(args);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{args:?}: {errors}");
        errors
    }
}
