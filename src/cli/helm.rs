//! Flags of Helm 4.2.4 that are read and have no effect: they are about a cluster, the network, plugins or
//! logging. So `alias helm=torii` does not stumble over a script's flags.

use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Arg, ArgAction, ArgMatches, Command};

/// How a flag takes its value, in pflag's terms.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `--flag`, `--flag=false`.
    Bool,
    /// `--flag value`, `--flag=value`.
    Value,
    /// `--flag`, `--flag=value`.
    Optional,
}

use Kind::{Bool, Optional, Value};

/// Flags of every Helm command (`helm pkg/cli/environment.go`, and klog's, by Helm's spelling).
pub const GLOBAL: &[(&str, Kind)] = &[
    ("kubeconfig", Value),
    ("kube-context", Value),
    ("kube-token", Value),
    ("kube-as-user", Value),
    ("kube-as-group", Value),
    ("kube-apiserver", Value),
    ("kube-ca-file", Value),
    ("kube-tls-server-name", Value),
    ("kube-insecure-skip-tls-verify", Bool),
    ("repository-cache", Value),
    ("content-cache", Value),
    ("burst-limit", Value),
    ("qps", Value),
    ("add-dir-header", Bool),
    ("alsologtostderr", Bool),
    ("legacy-stderr-threshold-behavior", Bool),
    ("log-backtrace-at", Value),
    ("log-dir", Value),
    ("log-file", Value),
    ("log-file-max-size", Value),
    ("logtostderr", Bool),
    ("one-output", Bool),
    ("skip-headers", Bool),
    ("skip-log-headers", Bool),
    ("stderrthreshold", Value),
    ("v", Value),
    ("vmodule", Value),
];

/// Flags of `helm template` alone (`helm pkg/cmd/install.go`, `template.go`, `flags.go`).
pub const TEMPLATE: &[(&str, Kind)] = &[
    ("create-namespace", Bool),
    ("force-replace", Bool),
    ("force", Bool),
    ("force-conflicts", Bool),
    ("server-side", Bool),
    ("replace", Bool),
    ("timeout", Value),
    ("wait", Optional),
    ("wait-for-jobs", Bool),
    ("description", Value),
    ("dependency-update", Bool),
    ("disable-openapi-validation", Bool),
    ("rollback-on-failure", Bool),
    ("atomic", Bool),
    ("skip-crds", Bool),
    ("render-subchart-notes", Bool),
    ("labels", Value),
    ("hide-notes", Bool),
    ("take-ownership", Bool),
    ("validate", Bool),
    ("post-renderer-args", Value),
];

/// Flags of `helm template` and `helm show` about signatures of charts.
pub const CHART: &[(&str, Kind)] = &[("keyring", Value)];

/// Reads a boolean as Go's `strconv.ParseBool`.
pub fn go_bool(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
        _ => Err("not true or false".into()),
    }
}

/// Whether these flags are known to commands that are made from now on.
static KNOWN: AtomicBool = AtomicBool::new(true);

/// Has commands know these flags, or not. To set up all of them takes as long as all else of the command line.
pub fn know(these: bool) {
    KNOWN.store(these, Ordering::Relaxed);
}

fn add(mut command: Command, flags: &'static [(&'static str, Kind)], global: bool) -> Command {
    if !KNOWN.load(Ordering::Relaxed) {
        return command;
    }
    for (name, kind) in flags {
        let arg = Arg::new(*name).long(*name).hide(true).global(global).action(ArgAction::Append);
        let arg = match kind {
            Kind::Bool => {
                arg.num_args(0..=1).require_equals(true).default_missing_value("true").value_parser(go_bool)
            }
            Kind::Value => arg.allow_hyphen_values(true),
            Kind::Optional => arg.num_args(0..=1).require_equals(true).default_missing_value(""),
        };
        let arg = match *name {
            "v" => arg.short('v'),
            "labels" => arg.short('l'),
            _ => arg,
        };
        command = command.arg(arg);
    }
    command
}

/// Makes a set of flags that clap can flatten into a command.
macro_rules! ignored {
    ($(#[$doc:meta])* $name:ident, $flags:expr, $global:expr) => {
        $(#[$doc])*
        pub struct $name;

        impl clap::FromArgMatches for $name {
            fn from_arg_matches(_: &ArgMatches) -> Result<Self, clap::Error> {
                Ok($name)
            }

            fn update_from_arg_matches(&mut self, _: &ArgMatches) -> Result<(), clap::Error> {
                Ok(())
            }
        }

        impl clap::Args for $name {
            fn augment_args(command: Command) -> Command {
                add(command, $flags, $global)
            }

            fn augment_args_for_update(command: Command) -> Command {
                add(command, $flags, $global)
            }
        }
    };
}

ignored!(
    /// [`GLOBAL`] flags.
    Global,
    GLOBAL,
    true
);
ignored!(
    /// [`TEMPLATE`] flags.
    Template,
    TEMPLATE,
    false
);
ignored!(
    /// [`CHART`] flags.
    Chart,
    CHART,
    false
);

/// Splits the value of a flag that takes several between commas, as pflag's `StringSlice` does: one record of
/// CSV, so that a comma may stand between double quotes.
pub fn comma_separated(text: &str) -> Result<Vec<String>, String> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let mut fields = Vec::new();
    let mut rest = text;
    loop {
        let mut field = String::new();
        if let Some(mut quoted) = rest.strip_prefix('"') {
            loop {
                let Some(quote) = quoted.find('"') else { return Err("a quote is not closed".into()) };
                field.push_str(&quoted[..quote]);
                quoted = &quoted[quote + 1..];
                match quoted.strip_prefix('"') {
                    Some(after) => {
                        field.push('"');
                        quoted = after;
                    }
                    None => break,
                }
            }
            rest = quoted;
            if !rest.is_empty() && !rest.starts_with(',') {
                return Err("text after a closing quote".into());
            }
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            if rest[..end].contains('"') {
                return Err("a quote within a plain field".into());
            }
            field.push_str(&rest[..end]);
            rest = &rest[end..];
        }
        fields.push(field);
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None => return Ok(fields),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_split_at_commas_but_not_between_quotes() {
        assert_eq!(comma_separated("a,b"), Ok(vec!["a".into(), "b".into()]));
        assert_eq!(comma_separated("a,\"b,\"\"c\",").unwrap(), ["a", "b,\"c", ""]);
        assert_eq!(comma_separated(""), Ok(vec![]));
        assert!(comma_separated("\"a").is_err());
    }
}
