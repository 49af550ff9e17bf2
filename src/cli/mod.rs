//! The command line: raw arguments → one request → the library → text. One file a command.
//!
//! Results go to stdout, everything else to stderr. Exit codes: 0 fine, 1 any error, wrong usage included;
//! `torii diff` has 2 and 3 for what it finds, `torii check` has 2.

mod check;
mod completion;
mod configuration;
mod dependency;
mod diff;
mod eval;
mod explain;
mod flags;
mod graph;
mod helm;
mod istio;
mod new;
mod opening;
mod output;
mod output_dir;
mod package;
mod panics;
mod progress;
mod pull;
mod render;
mod rendering;
mod show;
mod table;
mod versions;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use torii::diagnostic::{Error, Result, Severity};

use self::output::Output;

/// The exit code of the program.
type Exit = u8;
/// All went well.
const FINE: Exit = 0;
/// An error.
const FAILURE: Exit = 1;

/// Renders Kubernetes charts, written in Jinja or as Helm charts, without a cluster.
#[derive(Parser)]
#[command(
    name = "torii",
    version,
    about,
    args_override_self = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "\
Examples:
  torii render gateway charts/gateway -f values.yaml    print the objects of a release
  torii render charts/gateway | kubectl apply -f -      and apply them
  torii show values charts/gateway                      print a chart's values
  torii diff charts/gateway --rev main..HEAD            what a change does
  torii check charts/gateway -f prod.yaml               what is wrong with it
  torii explain charts/gateway svc/release-name         where an object comes from
  torii graph charts/gateway -o svg > gateway.svg       a picture of who selects whom
  torii istio ingress.yaml -d istio-1.31.0/manifests    the objects of an IstioOperator file
  torii new web                                         a fresh chart
  torii eval '{{ Values.replicas * 2 }}' charts/gateway try an expression
  torii eval --language go '{{ add 1 2 }}'              the same in Go's template language

`torii <COMMAND> --help` explains a command. `alias helm=torii` serves for `helm template` and `helm show`."
)]
struct Cli {
    #[command(flatten)]
    global: flags::Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Render(Box<render::Args>),
    Show(show::Args),
    Diff(Box<diff::Args>),
    Check(Box<check::Args>),
    Explain(Box<explain::Args>),
    Graph(Box<graph::Args>),
    Eval(Box<eval::Args>),
    New(new::Args),
    Package(package::Args),
    Dependency(Box<dependency::Args>),
    Pull(Box<pull::Args>),
    Versions(Box<versions::Args>),
    Istio(Box<istio::Args>),
    Completion(completion::Args),
}

/// Runs the program: reads the arguments, does what they say, prints, and gives the exit code. It doesn't panic.
pub fn run() -> Exit {
    panics::catch();
    panics::guarded(|| Ok(work())).unwrap_or_else(|error| fail(&error))
}

/// Tells of an error that nothing can be done with.
pub fn fail(error: &Error) -> Exit {
    output::complain(&error.diagnostic().render(Severity::Error));
    FAILURE
}

fn work() -> Exit {
    let mut output = Output::new();
    let cli = match parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error, &mut output),
    };
    let failure = match &cli.command {
        Command::Diff(args) => args.failure(),
        _ => FAILURE,
    };
    let fine = |()| FINE;
    let result = match cli.global.color.choose() {
        Ok(()) => panics::guarded(|| match cli.command {
            Command::Render(args) => render::run(*args, &cli.global, &mut output).map(fine),
            Command::Show(args) => show::run(args, &cli.global, &mut output),
            Command::Diff(args) => diff::run(&args, &cli.global, &mut output),
            Command::Check(args) => check::run(&args, &cli.global, &mut output),
            Command::Explain(args) => explain::run(&args, &cli.global, &mut output).map(fine),
            Command::Graph(args) => graph::run(&args, &cli.global, &mut output).map(fine),
            Command::Eval(args) => eval::run(*args, &cli.global, &mut output).map(fine),
            Command::New(args) => new::run(&args, &mut output).map(fine),
            Command::Package(args) => package::run(&args, &mut output).map(fine),
            Command::Dependency(args) => dependency::run(&args, &mut output).map(fine),
            Command::Pull(args) => pull::run(&args, &mut output).map(fine),
            Command::Versions(args) => versions::run(&args, &mut output).map(fine),
            Command::Istio(args) => istio::run(&args, &mut output).map(fine),
            Command::Completion(args) => completion::run(&args, &mut output).map(fine),
        }),
        Err(error) => Err(error),
    };
    let result = result.and_then(|code| output.finish().map(|()| code));
    match result {
        Ok(code) => code,
        Err(error) if output::is_broken_pipe(&error) => FINE,
        Err(error) => {
            // What was printed before stays: with `--debug`, output that isn't YAML is shown with its error.
            let _ = output.finish();
            output::complain(&error.diagnostic().render(Severity::Error));
            failure
        }
    }
}

/// [`Cli`] with the command that is run most: the flags of all commands take as long to set up as a small chart
/// takes to render.
#[derive(Parser)]
#[command(name = "torii", version, args_override_self = true)]
struct RenderCli {
    #[command(flatten)]
    global: flags::Global,
    #[command(subcommand)]
    command: RenderCommand,
}

#[derive(Subcommand)]
enum RenderCommand {
    Render(Box<render::Args>),
}

fn parse() -> Result<Cli, clap::Error> {
    if std::env::args_os().nth(1).is_some_and(|command| command == "render" || command == "template") {
        // Most have none of the flags without effect. Whatever is not understood without them, is read with them.
        helm::know(false);
        let quick = parse_as::<RenderCli>();
        helm::know(true);
        let RenderCli { global, command: RenderCommand::Render(args) } = quick.or_else(|_| parse_as())?;
        return Ok(Cli { global, command: Command::Render(args) });
    }
    parse_as()
}

fn parse_as<T: Parser>() -> Result<T, clap::Error> {
    let mut command = T::command();
    let matches = command.try_get_matches_from_mut(std::env::args_os())?;
    T::from_arg_matches(&matches).map_err(|e| e.format(&mut command))
}

/// Shows help and version, and what is wrong with the arguments. Clap's exit code for wrong usage is 2; here
/// it is 1, since 2 and 3 say something about the charts.
fn usage(error: &clap::Error, output: &mut Output) -> Exit {
    let text = flags::tidy(&error.render().ansi().to_string());
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            match output.styled(&text).and_then(|()| output.finish()) {
                Ok(()) => FINE,
                Err(error) if output::is_broken_pipe(&error) => FINE,
                Err(error) => {
                    output::complain(&error.diagnostic().render(Severity::Error));
                    FAILURE
                }
            }
        }
        _ => {
            output::complain(&text);
            FAILURE
        }
    }
}

/// An error about the arguments.
fn wrong(message: impl Into<String>) -> Error {
    Error::new(message)
}
