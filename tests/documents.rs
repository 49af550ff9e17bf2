//! What the documents show is what the program prints: every `console` block of them is run.
//!
//! In such a block a line that begins with `$ ` is a command, run by a shell at the project's root; the lines below
//! it are all that it prints, on stdout and stderr. A line `…` stands for any lines.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn documents() -> Vec<PathBuf> {
    let mut documents = vec![root().join("README.md"), root().join("charts/gateway/README.md")];
    let guides = std::fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    documents.extend(guides.filter(|path| path.extension().is_some_and(|e| e == "md")));
    documents
}

/// The commands of a document, each with the lines shown below it.
fn commands(text: &str) -> Vec<(String, Vec<String>)> {
    let mut commands: Vec<(String, Vec<String>)> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if let (true, Some(command)) = (inside, line.strip_prefix("$ ")) {
            commands.push((command.to_string(), Vec::new()));
        } else if let (true, Some((_, shown))) = (inside, commands.last_mut()) {
            shown.push(line.to_string());
        }
    }
    commands
}

fn run(command: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_torii")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("exec 2>&1\n{command}")).current_dir(root()).env("PATH", path);
    String::from_utf8(shell.output().unwrap().stdout).unwrap()
}

/// Whether the lines are those shown, of which `…` is any number.
fn matches(shown: &[String], printed: &[&str]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((first, rest)) if first.trim() == "…" => {
            (0..=printed.len()).any(|skipped| matches(rest, &printed[skipped..]))
        }
        Some((first, rest)) => {
            printed.split_first().is_some_and(|(line, more)| line == first && matches(rest, more))
        }
    }
}

#[test]
fn documents_show_what_the_program_prints() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for document in documents() {
        let text = std::fs::read_to_string(&document).unwrap();
        for (command, mut shown) in commands(&text) {
            count += 1;
            let printed = run(&command);
            let lines: Vec<&str> = printed.trim_end_matches('\n').lines().collect();
            while shown.last().is_some_and(String::is_empty) {
                shown.pop();
            }
            if !matches(&shown, &lines) {
                wrong.push(format!("{}\n$ {command}\n{printed}", document.display()));
            }
        }
    }
    println!("{count} commands of the documents run");
    assert!(count > 0);
    assert!(wrong.is_empty(), "other than shown:\n{}", wrong.join("\n"));
}

#[test]
fn a_line_that_was_not_printed_is_noticed() {
    let shown: Vec<String> = ["a", "…", "z"].map(String::from).to_vec();
    assert!(matches(&shown, &["a", "b", "c", "z"]));
    assert!(!matches(&shown, &["a", "b", "c"]));
    assert!(!matches(&shown, &["b", "z"]));
}

#[test]
fn links_between_documents_lead_somewhere() {
    for document in documents() {
        let text = std::fs::read_to_string(&document).unwrap();
        for target in
            text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target)
        {
            if !target.contains("://") && !target.starts_with('#') {
                let file = document.parent().unwrap().join(target.split('#').next().unwrap());
                assert!(file.exists(), "{}: no {target}", document.display());
            }
        }
    }
}
