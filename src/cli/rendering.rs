//! Flags of commands that render a chart to look at it.

use jiff::Timestamp;
use torii::diagnostic::Result;
use torii::limits::Limits;
use torii::render::{Request, name};

use super::flags::{self, Global};
use super::wrong;

/// How to render a chart.
#[derive(clap::Args)]
pub struct Rendering {
    #[command(flatten, next_help_heading = "Values")]
    values: flags::Values,
    /// The name of the release
    #[arg(long, value_name = "NAME", allow_hyphen_values = true, help_heading = "Rendering")]
    name: Option<String>,
    /// The version of Kubernetes that templates see
    #[arg(long, value_name = "VERSION", allow_hyphen_values = true, help_heading = "Rendering")]
    kube_version: Option<String>,
    /// An API version that templates see as well; several between commas, or by several flags
    #[arg(short, long, value_name = "VERSION", allow_hyphen_values = true, help_heading = "Rendering")]
    api_versions: Vec<String>,
    /// Render as for an upgrade: Release.IsUpgrade is true
    #[arg(long, help_heading = "Rendering")]
    is_upgrade: bool,
    /// Don't check values against the chart's JSON Schema
    #[arg(long, help_heading = "Rendering")]
    skip_schema_validation: bool,
    /// Take .j2 files for Go templates
    #[arg(long, help_heading = "Rendering")]
    go_templates: bool,
    /// What random values, passwords, keys and certificates are made from
    #[arg(long, value_name = "WORDS", allow_hyphen_values = true, help_heading = "Rendering")]
    seed: Option<String>,
    /// The time that templates see, as in 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, help_heading = "Rendering")]
    now: Option<String>,
    /// Kubernetes objects that `lookup` finds: a YAML file, or - for stdin
    #[arg(long, value_name = "FILE", allow_hyphen_values = true, help_heading = "Rendering")]
    lookup_file: Option<String>,
    #[command(flatten)]
    bounds: flags::Bounds,
    #[command(flatten)]
    source: flags::Source,
}

impl Rendering {
    /// Whether values are given.
    pub fn has_values(&self) -> bool {
        self.values.is_given()
    }

    /// The version of Kubernetes, if it is given.
    pub fn kube_version(&self) -> Option<&str> {
        self.kube_version.as_deref()
    }

    /// The time, if it is given.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn now(&self) -> Result<Option<Timestamp>> {
        self.now.as_deref().map(time).transpose()
    }

    /// The bounds to keep.
    ///
    /// # Errors
    /// When one can't be read.
    pub fn limits(&self) -> Result<Limits> {
        self.bounds.limits()
    }

    /// Where the chart comes from.
    pub fn source(&self) -> &flags::Source {
        &self.source
    }

    /// What to render.
    ///
    /// # Errors
    /// When a flag's text can't be read, or the chart is elsewhere.
    pub fn request(&self, chart: &str, global: &Global) -> Result<Request> {
        let mut request = Request::new(chart, self.name.as_deref().unwrap_or(name::DEFAULT));
        if !global.namespace.is_empty() {
            request.release.namespace.clone_from(&global.namespace);
        }
        request.release.is_upgrade = self.is_upgrade;
        request.values = self.values.options()?;
        request.kube_version.clone_from(&self.kube_version);
        request.api_versions = flags::split("api-versions", &self.api_versions)?;
        request.skip_schema_validation = self.skip_schema_validation;
        request.go_templates = self.go_templates;
        request.seed.clone_from(&self.seed);
        request.now = self.now()?;
        request.lookup_file.clone_from(&self.lookup_file);
        request.limits = self.bounds.limits()?;
        self.source.bring(&[chart], &request.limits, &mut request.tree)?;
        request.allow_outside_symlinks = self.source.allow_outside_symlinks;
        Ok(request)
    }
}

/// Reads a time.
///
/// # Errors
/// When it is none.
pub fn time(text: &str) -> Result<Timestamp> {
    text.parse().map_err(|e| wrong(format!("--now {text}: {e}")).hint("give it as in 2026-01-31T12:00:00Z"))
}
