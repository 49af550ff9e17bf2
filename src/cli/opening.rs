//! Opens sources that are looked at together: charts, stored objects, IstioOperator files.

use jiff::Timestamp;
use torii::check::source::Source;
use torii::diagnostic::Result;
use torii::istio as operator;
use torii::limits::Limits;
use torii::rules::object::Surroundings;
use torii::template::objects::KubeVersion;

use super::flags::Global;
use super::rendering::Rendering;
use super::{istio, wrong};

/// How sources are opened.
#[derive(clap::Args)]
pub struct Flags {
    /// The configuration file; torii.yaml in this folder or one above it, if not given
    #[arg(long, value_name = "FILE")]
    pub config: Option<String>,
    /// For IstioOperator files: the charts and profiles of an Istio release, its folder `manifests`
    #[arg(short = 'd', long, value_name = "FOLDER")]
    manifests: Option<String>,
    #[command(flatten)]
    pub rendering: Rendering,
}

impl Flags {
    /// Opens all sources, and those that `--with` names. Of all, only one may be stdin.
    ///
    /// # Errors
    /// When one can't be opened, and when values are given and there is no chart.
    pub fn open_all(
        &self,
        sources: &[String],
        with: &[String],
        global: &Global,
    ) -> Result<(Vec<Source>, Vec<Source>)> {
        if sources.iter().chain(with).filter(|source| *source == "-").count() > 1 {
            return Err(wrong("- stands for stdin, which can be read only once"));
        }
        let limits = self.rendering.limits()?;
        let open = |name: &String| self.open(name, &limits, global);
        let cluster = with.iter().map(|name| open(name).map_err(|e| e.context("--with")));
        let cluster = cluster.collect::<Result<Vec<_>>>()?;
        let opened = sources.iter().map(open).collect::<Result<Vec<_>>>()?;
        if self.rendering.has_values() && opened.iter().all(|source| source.rendered().is_none()) {
            return Err(wrong("values are given, but there is no chart to render with them")
                .hint("torii istio FILE --set ... | torii check -"));
        }
        Ok((opened, cluster))
    }

    /// What is known of the cluster by the flags of a render: its version, and the time.
    ///
    /// # Errors
    /// When a flag can't be read.
    pub fn surroundings(&self) -> Result<Surroundings> {
        let now = self.rendering.now()?.unwrap_or_else(Timestamp::now);
        let version = self.rendering.kube_version().map(KubeVersion::parse).transpose().map_err(wrong)?;
        Ok(Surroundings {
            kubernetes: version.unwrap_or_default().minor().unwrap_or(u32::MAX),
            now: u64::try_from(now.as_second()).ok(),
            ..Surroundings::default()
        })
    }

    fn open(&self, name: &str, limits: &Limits, global: &Global) -> Result<Source> {
        if !istio::is_operator(name) {
            return Source::open(name, &self.rendering.request(name, global)?);
        }
        let request = operator::Request {
            files: vec![name.to_string()],
            manifests: self.manifests.clone(),
            limits: limits.clone(),
            ..operator::Request::default()
        };
        Source::operator(name, &request)
    }
}
