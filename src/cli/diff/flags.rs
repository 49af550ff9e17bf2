//! The flags of `torii diff`.

use std::path::PathBuf;

use torii::diagnostic::Result;
use torii::render::{Request, name};
use torii::rules::change::Effect;
use torii::values::Overrides;

use super::super::flags::{self, Global};
use super::super::{rendering, wrong};

/// Review an upgrade: what differs between two sides, why, and what it does to a cluster
///
/// Each side is a chart (a folder, an archive, REV:path in git), stored objects (a YAML file, a folder of them, - for
/// stdin), or a release that Helm stored, as `kubectl get secret sh.helm.release.v1.NAME.vN -o yaml` prints it. Charts
/// are rendered with the same seed and clock, so that random values don't differ. No cluster is asked.
#[derive(clap::Args)]
#[command(
    next_line_help = true,
    args_override_self = true,
    override_usage = "torii diff [OPTIONS] OLD NEW\n       torii diff [OPTIONS] CHART --rev A..B\n       torii diff [OPTIONS] --all --rev A..B",
    after_help = "\
Examples:
  torii diff gateway-1.29.0.tgz gateway-1.30.0.tgz -f prod.yaml
  torii diff charts/gateway --old-f blue.yaml --new-f green.yaml     two sets of values
  torii diff charts/gateway --rev main..HEAD -f prod.yaml            two revisions, chart and values
  torii diff charts/gateway --rev HEAD                               HEAD and the working tree
  torii diff charts/gateway --review                                 what this branch changes
  torii diff --all --rev main..HEAD -o markdown                      every chart that a change touches
  torii diff v1.2.0:charts/gateway rendered.yaml                     a chart as it was, and stored objects
  torii diff release.yaml charts/gateway                             a release in a cluster, and its upgrade
  torii diff old.yaml new.yaml --ignore 'Deployment/*:/spec/replicas'
  torii diff old.yaml new.yaml --exit-code --fail-on refused,delete

Exit codes: 0 is fine. 1 is an error. With --exit-code, 2 says that something differs. With --fail-on, 3 says that a
change has one of these effects. What is ignored or means the same never counts."
)]
pub struct Args {
    /// The two sides; or one chart, with --rev, --review, or values of its own for each side
    #[arg(value_names = ["OLD", "NEW"], num_args = 0..=2)]
    pub sources: Vec<String>,

    /// Compare two git revisions of the chart and of values files: A..B; A...B from where B left A; A against the
    /// working tree
    #[arg(long, value_name = "A..B", allow_hyphen_values = true, help_heading = "Revisions")]
    pub rev: Option<String>,
    /// Compare the working tree with where its branch left the default branch, or --rev with where it left it
    #[arg(long, help_heading = "Revisions")]
    pub review: bool,
    /// Review every chart and set of values that the change touches: the releases of torii.yaml, or each chart with its
    /// defaults and the files in its ci/ and examples/
    #[arg(long, help_heading = "Revisions")]
    pub all: bool,
    /// The configuration file; torii.yaml in this folder or one above it, if not given
    #[arg(long, value_name = "FILE")]
    pub config: Option<String>,

    #[command(flatten, next_help_heading = "Values")]
    pub values: flags::Values,
    #[command(flatten)]
    pub old: Old,
    #[command(flatten)]
    pub new: New,

    #[command(flatten)]
    pub report: Report,

    /// The name of the release
    #[arg(long, value_name = "NAME", allow_hyphen_values = true, help_heading = "Rendering")]
    pub name: Option<String>,
    /// The version of Kubernetes that templates see
    #[arg(long, value_name = "VERSION", allow_hyphen_values = true, help_heading = "Rendering")]
    pub kube_version: Option<String>,
    /// As --kube-version, for the old side
    #[arg(long, value_name = "VERSION", allow_hyphen_values = true, help_heading = "Rendering")]
    pub old_kube_version: Option<String>,
    /// As --kube-version, for the new side
    #[arg(long, value_name = "VERSION", allow_hyphen_values = true, help_heading = "Rendering")]
    pub new_kube_version: Option<String>,
    /// An API version that templates see as well; several between commas, or by several flags
    #[arg(short, long, value_name = "VERSION", allow_hyphen_values = true, help_heading = "Rendering")]
    pub api_versions: Vec<String>,
    /// Render as for an upgrade: Release.IsUpgrade is true
    #[arg(long, help_heading = "Rendering")]
    pub is_upgrade: bool,
    /// Leave out hooks
    #[arg(long, help_heading = "Rendering")]
    pub no_hooks: bool,
    /// Leave out the definitions in crds/
    #[arg(long, help_heading = "Rendering")]
    pub skip_crds: bool,
    /// Take .j2 files for Go templates
    #[arg(long, help_heading = "Rendering")]
    pub go_templates: bool,
    /// What random values, passwords, keys and certificates are made from, on both sides
    #[arg(long, value_name = "WORDS", allow_hyphen_values = true, help_heading = "Rendering")]
    pub seed: Option<String>,
    /// The time that templates see on both sides, as in 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, help_heading = "Rendering")]
    pub now: Option<String>,
    /// Kubernetes objects that `lookup` finds: a YAML file, or - for stdin
    #[arg(long, value_name = "FILE", allow_hyphen_values = true, help_heading = "Rendering")]
    pub lookup_file: Option<String>,
    #[command(flatten)]
    pub bounds: flags::Bounds,
    #[command(flatten)]
    pub source: flags::Source,
}

/// Values of one side.
macro_rules! side {
    ($name:ident, $of:literal, $files:ident $f:literal $long:literal, $set:ident, $string:ident, $json:ident, $file:ident, $literal:ident) => {
        #[doc = concat!("Values of the ", $of, " side.")]
        #[derive(clap::Args)]
        pub struct $name {
            #[doc = concat!("Values file of the ", $of, " side, over those of both")]
            #[arg(long = $f, visible_alias = $long, value_name = "FILE", allow_hyphen_values = true, help_heading = "Values")]
            $files: Vec<String>,
            #[doc = concat!("A value of the ", $of, " side")]
            #[arg(long, value_name = "KEY=VALUE", allow_hyphen_values = true, help_heading = "Values")]
            $set: Vec<String>,
            #[arg(long, hide = true, allow_hyphen_values = true)]
            $string: Vec<String>,
            #[arg(long, hide = true, allow_hyphen_values = true)]
            $json: Vec<String>,
            #[arg(long, hide = true, allow_hyphen_values = true)]
            $file: Vec<String>,
            #[arg(long, hide = true, allow_hyphen_values = true)]
            $literal: Vec<String>,
        }

        impl $name {
            fn add_to(&self, values: &mut Overrides) -> Result<()> {
                values.files.extend(flags::split($f, &self.$files)?);
                values.set.extend_from_slice(&self.$set);
                values.strings.extend_from_slice(&self.$string);
                values.json.extend_from_slice(&self.$json);
                values.set_files.extend_from_slice(&self.$file);
                values.literals.extend_from_slice(&self.$literal);
                Ok(())
            }

            /// Whether there are any.
            pub fn is_given(&self) -> bool {
                let kinds = [&self.$files, &self.$set, &self.$string, &self.$json, &self.$file, &self.$literal];
                kinds.iter().any(|kind| !kind.is_empty())
            }
        }
    };
}

side!(Old, "old", old_files "old-f" "old-values", old_set, old_set_string, old_set_json, old_set_file, old_set_literal);
side!(New, "new", new_files "new-f" "new-values", new_set, new_set_string, new_set_json, new_set_file, new_set_literal);

/// How to report.
#[derive(clap::Args)]
#[command(next_help_heading = "Report")]
pub struct Report {
    /// The report: terminal, markdown, html, json, json-patch, junit or sarif
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_enum,
        default_value = "terminal",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub output: Format,
    /// Write the report into this file
    #[arg(long, value_name = "FILE", allow_hyphen_values = true)]
    pub output_file: Option<PathBuf>,
    /// Show old and new side by side
    #[arg(long, conflicts_with_all = ["unified", "summary"])]
    pub side_by_side: bool,
    /// Show unified diffs of the objects' YAML
    #[arg(long, conflicts_with = "summary")]
    pub unified: bool,
    /// Show a line for each object
    #[arg(long)]
    pub summary: bool,
    /// Show long values and new objects whole
    #[arg(long)]
    pub full: bool,
    /// Show what means the same, too
    #[arg(id = "v", short = 'v', long = "verbose")]
    pub verbose: bool,
    /// Set changes aside: KIND, KIND/NAME, KIND/NAME:PATH, or a JSON pointer for all objects; * and ** stand for
    /// anything; may be given several times
    #[arg(long, value_name = "RULE", allow_hyphen_values = true)]
    pub ignore: Vec<String>,
    /// Show secrets as they are
    #[arg(long)]
    pub show_secrets: bool,
    /// Exit with 2 if something differs
    #[arg(long, visible_alias = "detailed-exitcode")]
    pub exit_code: bool,
    /// Exit with 3 if a change has one of these effects: refused, recreate, delete, storage, crd, privilege, traffic,
    /// restart, scale; several between commas
    #[arg(long, value_name = "EFFECTS", value_delimiter = ',', value_parser = effect)]
    pub fail_on: Vec<Effect>,
    /// For KUBECTL_EXTERNAL_DIFF: exit with 1 if something differs, and with 2 on errors
    #[arg(long)]
    pub kubectl: bool,
}

/// A kind of report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    Terminal,
    Markdown,
    Html,
    Json,
    JsonPatch,
    Junit,
    Sarif,
}

fn effect(text: &str) -> Result<Effect, String> {
    Effect::NAMED.into_iter().find(|effect| effect.name() == text).ok_or_else(|| {
        let names: Vec<&str> = Effect::NAMED.iter().map(|effect| effect.name()).collect();
        format!("the effects are {}", names.join(", "))
    })
}

/// Which side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    Old,
    New,
}

impl Args {
    /// What to render for a side, without its chart.
    ///
    /// # Errors
    /// When a flag's text can't be read.
    pub fn request(&self, which: Which, global: &Global) -> Result<Request> {
        let mut request = Request::new("", self.name.as_deref().unwrap_or(name::DEFAULT));
        if !global.namespace.is_empty() {
            request.release.namespace.clone_from(&global.namespace);
        }
        request.release.is_upgrade = self.is_upgrade;
        request.values = self.values.options()?;
        let kube_version = match which {
            Which::Old => {
                self.old.add_to(&mut request.values)?;
                &self.old_kube_version
            }
            Which::New => {
                self.new.add_to(&mut request.values)?;
                &self.new_kube_version
            }
        };
        request.kube_version = kube_version.clone().or_else(|| self.kube_version.clone());
        request.api_versions = flags::split("api-versions", &self.api_versions)?;
        request.go_templates = self.go_templates;
        // What the schema refuses is a finding of the review, not its end.
        request.skip_schema_validation = true;
        request.allow_outside_symlinks = self.source.allow_outside_symlinks;
        request.limits = self.bounds.limits()?;
        request.seed.clone_from(&self.seed);
        request.now = self.now.as_deref().map(rendering::time).transpose()?;
        request.lookup_file.clone_from(&self.lookup_file);
        Ok(request)
    }

    /// Refuses flags that don't go together, and sources that are elsewhere.
    ///
    /// # Errors
    /// Says which.
    pub fn check(&self) -> Result<()> {
        let sided = self.old.is_given()
            || self.new.is_given()
            || self.old_kube_version.is_some()
            || self.new_kube_version.is_some();
        let at_revisions = self.rev.is_some() || self.review;
        match (self.all, at_revisions, self.sources.len()) {
            (true, false, _) => Err(wrong("--all needs --rev or --review: the revisions to compare")),
            (true, true, 0) if !sided => Ok(()),
            (true, true, 0) => {
                Err(wrong("--all takes no values of one side: torii.yaml names those of each release"))
            }
            (true, true, _) => Err(wrong("--all takes no chart: it finds them")),
            (false, true, 1) => Ok(()),
            (false, true, 0) => {
                Err(wrong("which chart? torii diff CHART --rev A..B, or --all for all that change"))
            }
            (false, true, _) => {
                Err(wrong("--rev and --review take one chart: its revisions are the two sides")
                    .hint("two sources of their own can be named as REV:path"))
            }
            (false, false, 2) => Ok(()),
            (false, false, 1) if sided => Ok(()),
            (false, false, 1) => Err(wrong("compare with what? torii diff OLD NEW, or CHART --rev A..B")
                .hint("one chart with two sets of values: --old-f old.yaml --new-f new.yaml")),
            (false, false, _) => {
                Err(wrong("which two sides? torii diff OLD NEW, or CHART --rev A..B, or --all --rev A..B"))
            }
        }
    }
}
