//! Programs that keep passwords for Docker and Helm: `docker-credential-…` (docker/docker-credential-helpers).

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::super::{io_words, quote};
use super::credentials::Login;
use crate::diagnostic::{Error, Result};

/// Bytes of what such a program says.
const MOST: u64 = 64 << 10;

/// Asks a program for the login of a registry; none if it keeps none. It gets so many seconds.
///
/// # Errors
/// When there is no such program, or it fails, or gives something else, or nothing in time.
pub(super) fn ask(name: &str, registry: &str, seconds: u64) -> Result<Option<Login>> {
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    if name.is_empty() || !name.bytes().all(is_name) {
        return Err(Error::new(format!("{} is no name of a program that keeps passwords", quote(name)))
            .note("it stands in the login file, under credHelpers or credsStore"));
    }
    let program = format!("docker-credential-{name}");
    let failed = |words: &str| {
        Error::new(format!("{program}: {words}"))
            .note(format!("it was asked for the password of {registry}, as the login file says"))
            .hint("--username and --password are used without asking it")
    };
    let mut child = Command::new(&program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| failed(&io_words(&e)))?;
    let said = said(&mut child, registry, seconds);
    if said.is_none() {
        let _ = child.kill();
    }
    let status = child.wait().map_err(|e| failed(&io_words(&e)))?;
    let Some(said) = said else { return Err(failed(&format!("no answer within {seconds} seconds"))) };
    let text = String::from_utf8_lossy(&said);
    if !status.success() {
        // By these words alone the protocol tells an unknown registry from trouble.
        if text.trim() == "credentials not found in native keychain" {
            return Ok(None);
        }
        let first = text.trim().lines().next().unwrap_or_default();
        let words: String = first.chars().take(200).collect();
        return Err(failed(if words.is_empty() { "it failed, and didn't say why" } else { &words }));
    }
    let answer: serde_json::Value =
        serde_json::from_slice(&said).map_err(|_| failed("its answer is no JSON of a login"))?;
    let field = |name: &str| answer.get(name).and_then(|v| v.as_str()).unwrap_or_default().to_string();
    let login = Login { user: field("Username"), password: field("Secret") };
    if login.user == "<token>" {
        return Err(failed("it keeps an identity token, which torii can't use"));
    }
    Ok(Some(login).filter(|login| !login.user.is_empty() && !login.password.is_empty()))
}

/// What the program says until it closes its output; none if it doesn't in time.
fn said(child: &mut Child, registry: &str, seconds: u64) -> Option<Vec<u8>> {
    let start = Instant::now();
    let most = Duration::from_secs(seconds);
    let (mut stdin, mut stdout) = (child.stdin.take()?, child.stdout.take()?);
    let (give, take) = mpsc::channel();
    let registry = registry.to_string();
    std::thread::spawn(move || {
        // A program that doesn't want to know the name says so by its answer.
        let _ = stdin.write_all(registry.as_bytes());
        drop(stdin);
        let mut said = Vec::new();
        let read = (&mut stdout).take(MOST).read_to_end(&mut said);
        drop(stdout);
        let _ = give.send(read.map(|_| said));
    });
    let said = take.recv_timeout(most).ok()?.ok()?;
    while start.elapsed() < most {
        if child.try_wait().ok()?.is_some() {
            return Some(said);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    None
}
