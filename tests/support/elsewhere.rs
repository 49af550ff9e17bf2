//! A user who has charts elsewhere, for tests: a home of its own, charts, indexes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use torii::source::{File, pack};

/// The most memory that anything of this may take, in KiB.
pub const MEMORY: u64 = 200 << 10;

/// The home of a user, of whom nothing is known yet.
pub struct Home(tempfile::TempDir);

/// What a command came to.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    /// The most memory that it took, in KiB.
    pub memory: u64,
}

impl Home {
    pub fn new() -> Home {
        Home(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// The user's names for repositories, as `helm repo add` keeps them.
    pub fn repositories(&self, text: &str) {
        self.write("config/repositories.yaml", format!("apiVersion: ''\nrepositories:\n{text}"));
    }

    /// The program, as this user runs it.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_torii"));
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
            command.env_remove(name).env_remove(name.to_ascii_lowercase());
        }
        for name in
            ["HELM_REPOSITORY_CONFIG", "HELM_REGISTRY_CONFIG", "HELM_REPOSITORY_CACHE", "SSL_CERT_FILE"]
        {
            command.env_remove(name);
        }
        command
            .args(args)
            .current_dir(self.path())
            .env("HOME", self.path())
            .env("HELM_CONFIG_HOME", self.path().join("config"))
            .env("DOCKER_CONFIG", self.path().join("docker"))
            .env("TORII_CACHE_HOME", self.path().join("cache"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub fn run(&self, args: &[&str]) -> Run {
        ended(self.command(args).spawn().unwrap())
    }

    /// Runs what must go well.
    pub fn fine(&self, args: &[&str]) -> Run {
        let run = self.run(args);
        assert_eq!(run.code, Some(0), "{args:?}: {}", run.stderr);
        run
    }

    /// Runs what must be refused with these words.
    pub fn refused(&self, args: &[&str], words: &str) -> Run {
        let run = self.run(args);
        assert_eq!(run.code, Some(1), "{args:?}: {}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains(words), "{args:?}: {}", run.stderr);
        assert!(run.stdout.is_empty(), "{args:?}: {}", run.stdout);
        assert!(run.memory < MEMORY, "{args:?}: {} KiB", run.memory);
        run
    }

    /// All files below a folder of this home, sorted.
    pub fn files(&self, folder: &str) -> Vec<String> {
        let folder = self.path().join(folder);
        let all = walkdir::WalkDir::new(&folder).into_iter().filter_map(Result::ok);
        let files = all.filter(|entry| entry.file_type().is_file());
        let name = |path: &Path| path.strip_prefix(&folder).unwrap().display().to_string();
        let mut names: Vec<String> = files.map(|entry| name(entry.path())).collect();
        names.sort();
        names
    }
}

/// Waits for a program, and looks how much memory it takes.
pub fn ended(mut child: Child) -> Run {
    let status = format!("/proc/{}/status", child.id());
    let mut memory = 0;
    // The pipes are emptied meanwhile: a program that prints much would wait for us.
    let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let read = |stream: &mut dyn std::io::Read| {
        let mut text = Vec::new();
        stream.read_to_end(&mut text).unwrap();
        String::from_utf8(text).unwrap()
    };
    std::thread::scope(|scope| {
        let stdout = scope.spawn(move || read(&mut out));
        let stderr = scope.spawn(move || read(&mut err));
        let code = loop {
            let text = fs::read_to_string(&status).unwrap_or_default();
            let high = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let high = high.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
            memory = memory.max(high.unwrap_or(0));
            if let Some(status) = child.try_wait().unwrap() {
                break status.code();
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        Run { code, stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap(), memory }
    })
}

/// The archive of a small chart, whose one object shows its version.
pub fn chart(name: &str, version: &str) -> Vec<u8> {
    let file = |name: &str, text: &str| File { name: name.into(), data: text.into() };
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Chart.Name }}\ndata:\n  \
                  version: {{ .Chart.Version }}\n  color: {{ .Values.color }}\n";
    let files = [
        file("Chart.yaml", &format!("apiVersion: v2\nname: {name}\nversion: {version}\n")),
        file("values.yaml", "color: red\n"),
        file("templates/map.yaml", object),
    ];
    pack(name, &files).unwrap()
}

/// What [`chart`] renders to as release `r`.
pub fn rendered(name: &str, version: &str) -> String {
    format!(
        "---\n# Source: {name}/templates/map.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n\
         data:\n  version: {version}\n  color: red\n"
    )
}

pub fn sha256(data: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(data))
}

/// An index of one chart in these versions, each at `NAME-VERSION.tgz` with its digest.
pub fn index(name: &str, versions: &[&str]) -> String {
    let entry = |version: &&str| {
        let digest = sha256(&chart(name, version));
        format!("  - {{name: {name}, version: {version}, digest: {digest}, urls: [{name}-{version}.tgz]}}\n")
    };
    let entries: String = versions.iter().map(entry).collect();
    format!("apiVersion: v1\nentries:\n  {name}:\n{entries}")
}
