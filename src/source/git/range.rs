//! `A..B`: two revisions, and the merge base with the default branch.

use gix::ObjectId;

use super::{Repository, Revision};
use crate::diagnostic::{Error, Result};

/// Branches that others are merged into, the likeliest first.
const DEFAULT_BRANCHES: [&str; 5] =
    ["refs/remotes/origin/HEAD", "refs/remotes/origin/main", "refs/remotes/origin/master", "main", "master"];

/// Two states of a repository.
#[derive(Clone, Debug)]
pub struct Range {
    /// The old one.
    pub old: Revision,
    /// The new one; `None` is the working tree.
    pub new: Option<Revision>,
}

impl Repository {
    /// Reads `A..B`, `A...B` (from where B left A), `A..` and `..B` (`HEAD` stands for what is left out), or `A`,
    /// against the working tree.
    ///
    /// # Errors
    /// When a revision isn't there, or there is no merge base.
    pub fn range(&self, text: &str) -> Result<Range> {
        let or_head = |name: &'static str, given: &str| -> Result<(String, ObjectId)> {
            let name = if given.is_empty() { name } else { given };
            Ok((name.to_string(), self.resolve(name)?))
        };
        if text.is_empty() || text.starts_with('-') {
            return Err(Error::new(format!("{text:?} is no revision")).hint("give two as in main..HEAD"));
        }
        if let Some((old, new)) = text.split_once("...") {
            let (old, new) = (or_head("HEAD", old)?, or_head("HEAD", new)?);
            let base = self.merge_base(&old, &new)?;
            return Ok(Range { old: base, new: Some(self.revision_of(&new.0, new.1)?) });
        }
        if let Some((old, new)) = text.split_once("..") {
            let (old, new) = (or_head("HEAD", old)?, or_head("HEAD", new)?);
            return Ok(Range {
                old: self.revision_of(&old.0, old.1)?,
                new: Some(self.revision_of(&new.0, new.1)?),
            });
        }
        Ok(Range { old: self.revision(text)?, new: None })
    }

    /// From where a branch left the default branch: the current one, up to the working tree; or the one named.
    ///
    /// # Errors
    /// When no default branch is found, or both have no common history.
    pub fn review(&self, of: Option<&str>) -> Result<Range> {
        let head = of.unwrap_or("HEAD");
        if head.contains("..") {
            return Err(Error::new(format!("{head:?} has two revisions: the first is what --review finds"))
                .hint("name one revision, or leave --review out"));
        }
        let repository = self.inner.to_thread_local();
        let branch = DEFAULT_BRANCHES
            .into_iter()
            .find_map(|name| repository.try_find_reference(name).ok().flatten().map(|_| name))
            .ok_or_else(|| {
                Error::new("no default branch is found: neither origin/HEAD nor main nor master")
                    .hint("name the revision to compare with: --rev BRANCH...HEAD")
            })?;
        let shown = branch.trim_start_matches("refs/remotes/");
        let base = self.merge_base(
            &(shown.to_string(), self.resolve(branch)?),
            &(head.to_string(), self.resolve(head)?),
        )?;
        Ok(Range { old: base, new: of.map(|name| self.revision(name)).transpose()? })
    }

    /// The revision from which both went on.
    fn merge_base(&self, one: &(String, ObjectId), two: &(String, ObjectId)) -> Result<Revision> {
        let repository = self.inner.to_thread_local();
        let what = format!("finding the merge base of {} and {}", one.0, two.0);
        let base = repository.merge_base(one.1, two.1).map_err(|e| self.unreadable(&what, &e))?;
        let base = base.ok_or_else(|| {
            self.unreadable(&what, &gix::error::message("they have no common history").not_found_error())
        })?;
        // Short, and yet a name that git takes.
        let name = base.shorten_or_id().to_string();
        self.revision_of(&name, base.detach())
    }
}
