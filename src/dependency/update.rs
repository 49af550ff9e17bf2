//! `torii dependency update` and `build`: finds versions, fetches all charts, and puts them in place.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use jiff::Timestamp;

use super::local::{self, FILE};
use super::lock;
use super::place::{New, Place};
use super::{Locked, constraint};
use crate::chart::{Chart, Dependency, Options};
use crate::diagnostic::{Error, Result};
use crate::source::{self, Budget, quote, without_user};

/// Where charts come from that are not on this machine.
pub trait Remote: Sync {
    /// The address of a repository that a chart names: `@name` and `alias:name` are names of the user's own.
    ///
    /// # Errors
    /// When there is none of this name.
    fn address(&self, repository: &str) -> Result<String>;

    /// The newest version of a chart that the constraint wants; none if there is no such version.
    ///
    /// # Errors
    /// When the repository can't be read.
    fn newest(&self, repository: &str, name: &str, constraint: &str) -> Result<Option<String>>;

    /// Fetches a chart: the name of its archive, and the archive.
    ///
    /// # Errors
    /// When it can't be fetched, or is not what the repository says it is.
    fn fetch(&self, locked: &Locked) -> Result<(String, Vec<u8>)>;
}

/// What an update has done, in Helm's words.
pub type Says<'a> = dyn FnMut(&str) + 'a;

/// Finds the newest versions that fit, fetches them into `charts/` and locks them (`manager.go: Update`).
///
/// # Errors
/// When something can't be found, fetched or written; then nothing has changed.
pub fn update(chart: &Path, remote: &dyn Remote, options: &Options, says: &mut Says<'_>) -> Result<()> {
    let Some((place, loaded)) = take(chart, options)? else { return Ok(()) };
    renew(chart, &place, &loaded, remote, options, says)
}

/// Keeps others from changing what a chart depends on, and reads it; none if it lists nothing.
fn take(chart: &Path, options: &Options) -> Result<Option<(Place, Chart)>> {
    let known = load(chart, options)?;
    if !known.metadata.lists_dependencies && known.lock.is_none() {
        return Ok(None);
    }
    let place = Place::take(chart, lock_file(&known), options.limits.answer_seconds)?;
    // Who had it until now may have changed all that was read before.
    Ok(Some((place, load(chart, options)?)))
}

fn renew(
    chart: &Path,
    place: &Place,
    loaded: &Chart,
    remote: &dyn Remote,
    options: &Options,
    says: &mut Says<'_>,
) -> Result<()> {
    if !loaded.metadata.lists_dependencies {
        return Ok(());
    }
    let wanted = addressed(&loaded.metadata.dependencies, remote)?;
    let mut locked = resolve(chart, &wanted, remote, options)?;
    let archives = fetch(chart, &mut locked, remote, options, says)?;
    let digest = lock::digest(&wanted, &locked)?;
    let is_same = loaded.lock.as_ref().is_some_and(|old| old.digest == digest);
    let text = match is_same {
        true => None,
        false => Some(lock::text(&locked, &digest, &Timestamp::now().to_string())?),
    };
    put(place, archives, &locked, text, options, says)
}

/// Fetches what is locked (`manager.go: Build`); without a lock, as [`update`].
///
/// # Errors
/// As [`update`], and when the lock doesn't belong to what the chart asks for.
pub fn build(chart: &Path, remote: &dyn Remote, options: &Options, says: &mut Says<'_>) -> Result<()> {
    let Some((place, loaded)) = take(chart, options)? else { return Ok(()) };
    let Some(lock) = &loaded.lock else { return renew(chart, &place, &loaded, remote, options, says) };
    let mut locked = lock::locked(lock);
    let wanted = addressed(&loaded.metadata.dependencies, remote)?;
    if lock::digest(&wanted, &locked)? != lock.digest {
        let is_old = loaded.metadata.api_version == "v1";
        if !is_old || lock::old_digest(&loaded.metadata.dependencies)? != lock.digest {
            return Err(Error::new(if is_old {
                "the lock file (requirements.lock) is out of sync with the dependencies file \
                 (requirements.yaml). Please update the dependencies"
            } else {
                "the lock file (Chart.lock) is out of sync with the dependencies file (Chart.yaml). Please \
                 update the dependencies with 'helm dependency update'"
            })
            .hint("torii dependency update does the same"));
        }
    }
    // The lock may name others than the chart does: what holds for the chart's holds for them.
    for one in locked.iter_mut().filter(|one| is_remote(&one.repository)) {
        one.repository = remote.address(&one.repository)?;
    }
    let archives = fetch(chart, &mut locked, remote, options, says)?;
    put(&place, archives, &locked, None, options, says)
}

fn load(chart: &Path, options: &Options) -> Result<Chart> {
    let metadata = fs::metadata(chart).map_err(|e| {
        Error::new(format!("could not find {0}: stat {0}: {1}", chart.display(), source::io_words(&e)))
    })?;
    if !metadata.is_dir() {
        return Err(Error::new("only unpacked charts can be updated"));
    }
    local::read(chart, options)
}

fn lock_file(chart: &Chart) -> &'static str {
    if chart.metadata.api_version == "v1" { "requirements.lock" } else { "Chart.lock" }
}

fn is_remote(repository: &str) -> bool {
    !repository.is_empty() && !repository.starts_with(FILE)
}

/// The dependencies with the addresses of their repositories, where they have names for them.
fn addressed(wanted: &[Dependency], remote: &dyn Remote) -> Result<Vec<Dependency>> {
    let mut wanted = wanted.to_vec();
    for one in wanted.iter_mut().filter(|one| is_remote(&one.repository)) {
        one.repository = remote.address(&one.repository)?;
    }
    Ok(wanted)
}

/// Finds a version for each (`resolver.go: Resolve`).
fn resolve(
    chart: &Path,
    wanted: &[Dependency],
    remote: &dyn Remote,
    options: &Options,
) -> Result<Vec<Locked>> {
    let mut locked = Vec::new();
    let mut missing = Vec::new();
    for one in wanted {
        let constraint = constraint(one)?;
        let version = if one.repository.is_empty() {
            let folder = chart.join("charts").join(&one.name);
            if !folder.exists() {
                return Err(Error::new(format!("directory {} not found", folder.display())));
            }
            Some(one.version.clone())
        } else if one.repository.starts_with(FILE) {
            let version = local::read(&local::folder(chart, one)?, options)?.metadata.version;
            super::fits(&constraint, &version).then_some(version)
        } else {
            remote.newest(&one.repository, &one.name, &one.version)?
        };
        match version {
            Some(version) => {
                let (name, repository) = (one.name.clone(), one.repository.clone());
                locked.push(Locked { name, repository, version });
            }
            None => missing.push(format!(
                "{} (repository {}, version {})",
                quote(&one.name),
                quote(&without_user(&one.repository)),
                quote(&one.version)
            )),
        }
    }
    if missing.is_empty() {
        return Ok(locked);
    }
    Err(Error::new(format!(
        "can't get a valid version for {} subchart(s): {}. Make sure a matching chart version exists in the repo, \
         or change the version constraint in Chart.yaml",
        missing.len(),
        missing.join(", ")
    )))
}

/// Charts fetched at the same time.
const AT_ONCE: usize = 8;

/// Fetches all charts; each must be one.
fn fetch(
    chart: &Path,
    locked: &mut [Locked],
    remote: &dyn Remote,
    options: &Options,
    says: &mut Says<'_>,
) -> Result<BTreeMap<String, Vec<u8>>> {
    says(&format!("Saving {} charts", locked.len()));
    let mut archives = BTreeMap::new();
    let mut wanted: Vec<Locked> = Vec::new();
    for one in locked.iter_mut() {
        if one.repository.is_empty() {
            says(&format!(
                "Dependency {} did not declare a repository. Assuming it exists in the charts directory",
                one.name
            ));
            local::check(chart, one, options)?;
        } else if one.repository.starts_with(FILE) {
            let dependency = one.as_dependency();
            let (version, package) = local::pack(chart, &dependency, options)?;
            one.version = version;
            archives.insert(package.file_name, package.data);
        } else if wanted.contains(one) {
            let shown = without_user(&one.repository);
            says(&format!("Already downloaded {} from repo {shown}", one.name));
        } else {
            let shown = without_user(&one.repository);
            says(&format!("Downloading {} from repo {shown}", one.name));
            wanted.push(one.clone());
        }
    }
    for some in wanted.chunks(AT_ONCE) {
        let fetched: Vec<Result<(String, Vec<u8>)>> = std::thread::scope(|scope| {
            let threads: Vec<_> = some.iter().map(|one| scope.spawn(move || remote.fetch(one))).collect();
            let broken = |_| Err(Error::new("a download ended by a bug of torii's own"));
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(broken)).collect()
        });
        for (one, result) in some.iter().zip(fetched) {
            let (name, data) =
                result.map_err(|e| e.context(format_args!("could not download {}", one.name)))?;
            is_chart(&name, &data, one, options)?;
            archives.insert(name, data);
        }
    }
    Ok(archives)
}

/// Checks that an archive holds the chart that it should, and can be called what it is called.
fn is_chart(name: &str, data: &[u8], locked: &Locked, options: &Options) -> Result<()> {
    if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\', '\0']) {
        return Err(Error::new(format!("a repository calls its archive {}", quote(name))));
    }
    let mut budget = Budget::new(&options.limits);
    let files = source::unpack(data, &mut budget)
        .and_then(|files| {
            let files = source::Files { location: format!("{name}:").into(), files };
            crate::chart::from_files(files, &mut budget, &mut Vec::new())
        })
        .map_err(|e| e.context(format_args!("{name} from {}", without_user(&locked.repository))))?;
    if files.name() != locked.name {
        return Err(Error::new(format!(
            "{name} from {} is the chart {}, not {}",
            without_user(&locked.repository),
            quote(files.name()),
            quote(&locked.name)
        )));
    }
    Ok(())
}

fn put(
    place: &Place,
    archives: BTreeMap<String, Vec<u8>>,
    locked: &[Locked],
    lock: Option<String>,
    options: &Options,
    says: &mut Says<'_>,
) -> Result<()> {
    let local: BTreeSet<&str> =
        locked.iter().filter(|one| one.repository.is_empty()).map(|one| one.name.as_str()).collect();
    let removed = place.put(&New { archives, local, lock }, options)?;
    says("Deleting outdated charts");
    for name in removed {
        says(&format!("Deleted {name}"));
    }
    Ok(())
}
