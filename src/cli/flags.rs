//! Flags that several commands share.

use std::path::PathBuf;
use std::sync::Arc;

use torii::diagnostic::{Diagnostic, Result, Severity};
use torii::limits::Limits;
use torii::source::Tree;
use torii::source::remote::{Access, Remote, Settings};
use torii::value::Str;
use torii::values::Overrides;

use super::progress::Bars;
use super::{helm, output, wrong};

/// Flags of every command.
#[derive(clap::Args)]
pub struct Global {
    /// The namespace of the release
    #[arg(
        short,
        long,
        global = true,
        value_name = "NAME",
        default_value = "default",
        hide_default_value = true,
        allow_hyphen_values = true
    )]
    pub namespace: String,
    /// Tell more: what a render consists of, and output that isn't YAML
    #[arg(long, global = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_parser = helm::go_bool, value_name = "BOOL", hide_default_value = true)]
    pub debug: bool,
    #[command(flatten)]
    pub color: Color,
    #[command(flatten)]
    helm: helm::Global,
}

/// When to use colours.
#[derive(clap::Args)]
pub struct Color {
    /// Colours: never, auto (on a terminal, unless NO_COLOR is set), always
    #[arg(
        long,
        visible_alias = "colour",
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true,
        allow_hyphen_values = true
    )]
    color: String,
}

impl Color {
    /// Makes the choice.
    ///
    /// # Errors
    /// When it isn't one.
    pub fn choose(&self) -> Result<()> {
        let choice = match self.color.as_str() {
            "auto" => anstream::ColorChoice::Auto,
            "always" => anstream::ColorChoice::Always,
            "never" => anstream::ColorChoice::Never,
            other => {
                return Err(wrong(format!(
                    "invalid color mode {other:?}: must be one of: never, auto, always"
                )));
            }
        };
        choice.write_global();
        Ok(())
    }
}

/// Where a chart comes from.
#[derive(clap::Args)]
pub struct Source {
    /// Follow symbolic links that leave the chart, as Helm does
    #[arg(long, help_heading = "Source")]
    pub allow_outside_symlinks: bool,
    #[command(flatten)]
    pub remote: RemoteFlags,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_parser = helm::go_bool)]
    verify: bool,
    #[command(flatten)]
    helm: helm::Chart,
}

/// How to reach charts that are elsewhere.
#[derive(clap::Args)]
pub struct RemoteFlags {
    /// The address of the repository that the chart is in
    #[arg(long, value_name = "URL", allow_hyphen_values = true, help_heading = "Source")]
    repo: Option<String>,
    /// The chart's version, or a constraint like ~1.29 or >=1.0; the newest release without it
    #[arg(long, value_name = "VERSION", allow_hyphen_values = true, help_heading = "Source")]
    version: Option<String>,
    /// Take prereleases, too
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_parser = helm::go_bool, value_name = "BOOL", hide_default_value = true, help_heading = "Source")]
    devel: bool,
    #[command(flatten)]
    network: Network,
}

/// How to speak to servers, and what to show to them.
#[derive(clap::Args)]
pub struct Network {
    /// Use what was fetched before; ask no server
    #[arg(long, help_heading = "Source")]
    offline: bool,
    /// The user's name at the repository or registry
    #[arg(long, value_name = "NAME", allow_hyphen_values = true, help_heading = "Source")]
    username: Option<String>,
    /// The password there
    #[arg(long, value_name = "PASSWORD", allow_hyphen_values = true, help_heading = "Source")]
    password: Option<String>,
    /// A file with a token to send as `Bearer`
    #[arg(long, value_name = "FILE", allow_hyphen_values = true, help_heading = "Source")]
    token_file: Option<PathBuf>,
    /// Send name and password to other servers that the repository leads to, too
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_parser = helm::go_bool, value_name = "BOOL", hide_default_value = true, help_heading = "Source")]
    pass_credentials: bool,
    /// Certificates of authorities to believe, in PEM
    #[arg(long, value_name = "FILE", allow_hyphen_values = true, help_heading = "Source")]
    ca_file: Option<PathBuf>,
    /// The client's own certificate, in PEM
    #[arg(long, value_name = "FILE", allow_hyphen_values = true, help_heading = "Source")]
    cert_file: Option<PathBuf>,
    /// The key of that certificate, in PEM
    #[arg(long, value_name = "FILE", allow_hyphen_values = true, help_heading = "Source")]
    key_file: Option<PathBuf>,
    /// Believe every certificate
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_parser = helm::go_bool, value_name = "BOOL", hide_default_value = true, help_heading = "Source")]
    insecure_skip_tls_verify: bool,
    /// Speak to registries without TLS
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_parser = helm::go_bool, value_name = "BOOL", hide_default_value = true, help_heading = "Source")]
    plain_http: bool,
    #[arg(long, hide = true, allow_hyphen_values = true)]
    repository_config: Option<PathBuf>,
    #[arg(long, hide = true, allow_hyphen_values = true)]
    registry_config: Option<PathBuf>,
}

impl RemoteFlags {
    /// The way to charts elsewhere. Nothing is set up yet.
    ///
    /// # Errors
    /// When the file of a token can't be read.
    pub fn remote(&self, limits: &Limits) -> Result<Remote> {
        Ok(Remote::new(Settings {
            repository: self.repo.clone().filter(|repo| !repo.is_empty()),
            version: self.version.as_deref().unwrap_or_default().trim().to_string(),
            prereleases: self.devel,
            ..self.network.settings(limits)?
        }))
    }
}

impl Network {
    /// What the flags say, for the library.
    ///
    /// # Errors
    /// When the file of a token can't be read.
    pub fn settings(&self, limits: &Limits) -> Result<Settings> {
        let text = |flag: &Option<String>| flag.clone().unwrap_or_default();
        let token = match &self.token_file {
            None => String::new(),
            Some(file) => std::fs::read_to_string(file)
                .map_err(|e| wrong(format!("--token-file {}: {e}", file.display())))?
                .trim()
                .to_string(),
        };
        Ok(Settings {
            offline: self.offline,
            plain_http: self.plain_http,
            access: Access {
                username: text(&self.username),
                password: text(&self.password),
                token,
                pass_credentials: self.pass_credentials,
                ca_file: self.ca_file.clone(),
                cert_file: self.cert_file.clone(),
                key_file: self.key_file.clone(),
                insecure: self.insecure_skip_tls_verify,
            },
            repository_config: self.repository_config.clone(),
            registry_config: self.registry_config.clone(),
            limits: limits.clone(),
            watch: Some(Arc::new(Bars::default())),
            ..Settings::default()
        })
    }
}

impl Source {
    /// Fetches those charts that are elsewhere, and gives them to the tree under their names.
    ///
    /// # Errors
    /// When one can't be fetched, or its signature is to be checked.
    pub fn bring(&self, charts: &[&str], limits: &Limits, tree: &mut Tree) -> Result<()> {
        if self.verify {
            return Err(wrong("--verify is not supported: torii does not check signatures of charts"));
        }
        let remote = self.remote.remote(limits)?;
        for chart in charts {
            if tree.given.contains_key(*chart) || !remote.has(chart)? {
                continue;
            }
            let fetched = remote.fetch(chart);
            warn(&remote);
            tree.given.insert((*chart).into(), Str::from_bytes(fetched?.data));
        }
        Ok(())
    }
}

/// Tells what a way to charts elsewhere warns of.
pub fn warn(remote: &Remote) {
    for message in remote.take_warnings() {
        output::complain(&Diagnostic { message, ..Diagnostic::default() }.render(Severity::Warning));
    }
}

/// The bounds to keep.
#[derive(clap::Args)]
pub struct Bounds {
    /// Change a limit, as in steps=1000000; may be given several times
    #[arg(long = "limit", value_name = "NAME=NUMBER", allow_hyphen_values = true)]
    limits: Vec<String>,
}

impl Bounds {
    /// The limits, with those changed that were given.
    ///
    /// # Errors
    /// When one has no such name or is no number.
    pub fn limits(&self) -> Result<Limits> {
        let mut limits = Limits::default();
        for text in &self.limits {
            let number = text.split_once('=').and_then(|(name, number)| Some((name, number.parse().ok()?)));
            if !number.is_some_and(|(name, number)| limits.set(name, number)) {
                let names = Limits::NAMES.join(", ");
                return Err(wrong(format!("--limit {text}: not a limit and a number"))
                    .hint(format!("give it as in steps=1000000; the limits are {names}")));
            }
        }
        Ok(limits)
    }
}

/// Values over a chart's defaults.
#[derive(clap::Args)]
pub struct Values {
    /// Values from a YAML file, or from stdin with `-`; may be given several times, the last wins
    #[arg(short = 'f', long = "values", value_name = "FILE", allow_hyphen_values = true)]
    files: Vec<String>,
    /// A value, as in a.b[0]=x; several between commas, or by several flags
    #[arg(long, value_name = "KEY=VALUE", allow_hyphen_values = true)]
    set: Vec<String>,
    /// As --set, but the value is text even if it looks like a number
    #[arg(long, value_name = "KEY=TEXT", allow_hyphen_values = true)]
    set_string: Vec<String>,
    /// As --set, but the value is JSON; or all of it is a JSON object
    #[arg(long, value_name = "KEY=JSON", allow_hyphen_values = true)]
    set_json: Vec<String>,
    /// As --set, but the value is the content of a file
    #[arg(long, value_name = "KEY=FILE", allow_hyphen_values = true)]
    set_file: Vec<String>,
    /// As --set, but everything after the = is the value as it is
    #[arg(long, value_name = "KEY=TEXT", allow_hyphen_values = true)]
    set_literal: Vec<String>,
}

impl Values {
    /// Whether there is any.
    pub fn is_given(&self) -> bool {
        let all =
            [&self.files, &self.set, &self.set_string, &self.set_json, &self.set_file, &self.set_literal];
        all.iter().any(|given| !given.is_empty())
    }

    /// What the flags say, for the library.
    ///
    /// # Errors
    /// When a list of files can't be read.
    pub fn options(&self) -> Result<Overrides> {
        Ok(Overrides {
            files: split("values", &self.files)?,
            json: self.set_json.clone(),
            set: self.set.clone(),
            strings: self.set_string.clone(),
            set_files: self.set_file.clone(),
            literals: self.set_literal.clone(),
        })
    }
}

/// Takes the values of a flag apart that may each hold several.
///
/// # Errors
/// When quotes in one don't match.
pub fn split(flag: &str, given: &[String]) -> Result<Vec<String>> {
    let mut all = Vec::new();
    for text in given {
        let parts = helm::comma_separated(text)
            .map_err(|e| wrong(format!("invalid argument {text:?} for \"--{flag}\" flag: {e}")))?;
        all.extend(parts);
    }
    Ok(all)
}

/// Clap's text in this program's ways: `Error:` as everywhere, and flags that are switches shown as such,
/// though they take `=false` as in Helm.
pub fn tidy(text: &str) -> String {
    text.replacen("error:", "Error:", 1).replace("[=<BOOL>]", "")
}
