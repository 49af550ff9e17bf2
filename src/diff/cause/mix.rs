//! Renders that never were: each piece of what differs from one side or the other.

use std::collections::HashSet;
use std::sync::Arc;

use crate::chart::{Chart, Dependency, File};
use crate::compare::path::Which;
use crate::diff::side::Rendered;
use crate::diff::values::leaves::{self, Leaf};
use crate::functions::semver;
use crate::render::{Loaded, Request};
use crate::value::Map;
use crate::values::Layers;

use super::difference::{Difference, Field, What};

/// For each piece whether it is taken from the new side.
pub type Selection = Vec<bool>;

impl Difference<'_> {
    /// A render with the pieces of the selection. Schemas are not asked: a mixture may well break them.
    pub fn mix(&self, selection: &Selection) -> Rendered {
        let (old, new) = (self.old, self.new);
        let mut request: Request = old.request.clone();
        let mut user = Vec::new();
        for (atom, &is_new) in self.atoms.iter().zip(selection) {
            match &atom.what {
                What::Part(part) if is_new => part.take(&mut request, &new.request),
                What::User(leaf) => user.push((leaf, is_new)),
                _ => {}
            }
        }
        request.skip_schema_validation = true;
        let (of_old, of_new) = (&old.loaded.layers, &new.loaded.layers);
        let values = mixed_values(&of_old.values, &of_new.values, &user);
        let layers = Layers { layers: Vec::new(), values };
        let mut chart = self.chart(0, selection);
        chart.assign_paths();
        Rendered { request, loaded: Loaded { chart, layers }, volatile: old.volatile, sources: Vec::new() }
    }

    fn chart(&self, index: usize, selection: &Selection) -> Chart {
        let pair = &self.pairs[index];
        let (old, new) = (pair.old, pair.new);
        let mut defaults = Vec::new();
        let (mut new_files, mut old_files) = (HashSet::new(), HashSet::new());
        let (mut structure, mut fields) = (false, Vec::new());
        for (atom, &is_new) in self.atoms.iter().zip(selection) {
            match &atom.what {
                What::Default(own, leaf) if *own == index => defaults.push((leaf, is_new)),
                What::Template(own, name) | What::File(own, name) if *own == index => {
                    let files = if is_new { &mut new_files } else { &mut old_files };
                    files.insert(name.clone());
                }
                What::Structure(own) if *own == index => structure = is_new,
                What::Metadata(own, field) if *own == index && is_new => fields.push(*field),
                _ => {}
            }
        }
        let pick = |new_one: bool| if new_one { new } else { old };
        let mut metadata = pick(fields.contains(&Field::Other)).metadata.clone();
        metadata.name.clone_from(&pick(fields.contains(&Field::Name)).metadata.name);
        metadata.version.clone_from(&pick(fields.contains(&Field::Version)).metadata.version);
        metadata.app_version.clone_from(&pick(fields.contains(&Field::AppVersion)).metadata.app_version);
        let shape = pick(structure);
        metadata.chart_type.clone_from(&shape.metadata.chart_type);
        metadata.lists_dependencies = shape.metadata.lists_dependencies;
        metadata.dependencies.clone_from(&shape.metadata.dependencies);
        let mut dependencies = Vec::with_capacity(shape.dependencies.len());
        for (i, child) in shape.dependencies.iter().enumerate() {
            let paired = pair.children.iter().find(|(old, new, _)| i == if structure { *new } else { *old });
            let mixed = match paired {
                Some((_, _, inner)) => self.chart(*inner, selection),
                None => child.clone(),
            };
            for dependency in &mut metadata.dependencies {
                refit(dependency, child, &mixed);
            }
            dependencies.push(mixed);
        }
        Chart {
            metadata,
            lock: shape.lock.clone(),
            values: mixed_values(&old.values, &new.values, &defaults),
            values_text: None,
            metadata_text: None,
            schema: None,
            templates: mixed_files(&old.templates, &new.templates, &old_files, &new_files),
            files: mixed_files(&old.files, &new.files, &old_files, &new_files),
            dependencies,
            location: shape.location.clone(),
            full_path: shape.full_path.clone(),
            is_root: shape.is_root,
            node: shape.node,
        }
    }
}

fn mixed_values(old: &Map, new: &Map, leaves: &[(&Leaf, bool)]) -> Map {
    let taken: Vec<&Leaf> = leaves.iter().filter(|(_, is_new)| *is_new).map(|(leaf, _)| *leaf).collect();
    let kept: Vec<&Leaf> = leaves.iter().filter(|(_, is_new)| !*is_new).map(|(leaf, _)| *leaf).collect();
    match (taken.is_empty(), kept.is_empty()) {
        (true, _) => old.clone(),
        (false, true) => new.clone(),
        // The fewer leaves are moved, the fewer lists are at risk of another order.
        (false, false) if kept.len() < taken.len() => leaves::with(new, &kept, Which::Old, old),
        (false, false) => leaves::with(old, &taken, Which::New, new),
    }
}

fn mixed_files(
    old: &Arc<[File]>,
    new: &Arc<[File]>,
    from_old: &HashSet<Arc<str>>,
    from_new: &HashSet<Arc<str>>,
) -> Arc<[File]> {
    let none_of = |files: &[File], names: &HashSet<Arc<str>>| !files.iter().any(|f| names.contains(&f.name));
    if none_of(old, from_new) && none_of(new, from_new) {
        return old.clone();
    }
    if none_of(old, from_old) && none_of(new, from_old) {
        return new.clone();
    }
    let of_new = new.iter().filter(|file| !from_old.contains(&file.name));
    of_new.chain(old.iter().filter(|file| from_old.contains(&file.name))).cloned().collect()
}

/// A chart whose version was the one that a dependency asks for is so with another version, too.
fn refit(dependency: &mut Dependency, was: &Chart, is: &Chart) {
    let fits = |version: &str, constraint: &str| semver::satisfies(version, constraint).unwrap_or(false);
    if dependency.name == was.name()
        && fits(&was.metadata.version, &dependency.version)
        && !fits(&is.metadata.version, &dependency.version)
    {
        dependency.version.clone_from(&is.metadata.version);
    }
}
