//! `torii completion`: the shells' completion scripts.

use clap::CommandFactory;
use torii::diagnostic::Result;

use super::Cli;
use super::output::Output;

/// Print a completion script for a shell
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  source <(torii completion bash)                                             bash, this session
  torii completion bash > /etc/bash_completion.d/torii                        bash, for all
  torii completion zsh > \"${fpath[1]}/_torii\"                                 zsh
  torii completion fish > ~/.config/fish/completions/torii.fish               fish")]
pub struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// Prints the script.
///
/// # Errors
/// When stdout can't be written.
pub fn run(args: &Args, output: &mut Output) -> Result<()> {
    use clap_complete::shells::{Bash, Fish, Zsh};
    let mut script = Vec::new();
    let (command, name) = (&mut Cli::command(), "torii");
    match args.shell {
        Shell::Bash => clap_complete::generate(Bash, command, name, &mut script),
        Shell::Zsh => clap_complete::generate(Zsh, command, name, &mut script),
        Shell::Fish => clap_complete::generate(Fish, command, name, &mut script),
    }
    output.write(&script)
}
