//! The layers, from the lowest to the topmost: each chart's defaults, then what the user gives.

use std::collections::HashMap;
use std::sync::Arc;

use super::Setter;
use super::tag::{Site, SiteId, Sites, for_merge};
use super::way::Family;
use crate::chart::{Chart, merge_maps, parse_values};
use crate::diagnostic::{Place, Result};
use crate::value::Map;
use crate::values::{LayerSource, Layers, SetFlag};
use crate::yaml::{Spot, Standing, Step, standings};

/// What may set values.
#[derive(Debug)]
pub(super) struct Source {
    /// Who it is.
    pub setter: Setter,
    /// Which chart of the family, if it is one's defaults.
    pub member: Option<usize>,
    /// The file, and what is written in it.
    pub text: Option<(Arc<str>, Arc<str>)>,
}

/// All that may set values: first the charts, in the order of the family, then the user's layers.
#[derive(Debug, Default)]
pub(super) struct Stack {
    pub sources: Vec<Source>,
    pub sites: Sites,
    /// The charts' defaults, tagged, for merging.
    pub defaults: Vec<Map>,
    /// The user's values up to each layer are made of these.
    pub user: Map,
}

impl Stack {
    /// Adds the defaults of a chart and of all charts within it.
    pub fn add_defaults(&mut self, chart: &Chart, family: &Family) {
        let index = self.sources.len();
        let file: Arc<str> = chart.display_path("values.yaml").into();
        let path = family.members().get(index).map_or_else(|| "".into(), |member| member.path.clone());
        self.sources.push(Source {
            setter: Setter::Default { chart: path },
            member: Some(index),
            text: chart.values_text.as_ref().map(|text| (file, text.to_arc())),
        });
        let tagged = match chart.values.is_empty() {
            true => Map::default(),
            false => for_merge(&self.sites.tag_layer(index, &chart.values)),
        };
        self.defaults.push(tagged);
        for inner in &chart.dependencies {
            self.add_defaults(inner, family);
        }
    }

    /// Lays one of the user's layers over those before.
    ///
    /// # Errors
    /// As when the layers were gathered: never, then.
    pub fn add_layer(&mut self, layers: &Layers, index: usize) -> Result<()> {
        let Some(layer) = layers.layers.get(index) else { return Ok(()) };
        let number = self.sources.len();
        let (setter, text) = match &layer.source {
            LayerSource::File { path, text } => {
                let tagged = self.sites.tag_layer(number, &parse_values(text.as_bytes(), path)?);
                merge_maps(&self.user, &tagged);
                (Setter::File { path: path.clone() }, Some((path.clone(), text.to_arc())))
            }
            LayerSource::Set { flag, .. } => {
                layer.lay_over(&self.user)?;
                self.sites.tag_added(number, &self.user);
                (nth(layers, index, *flag), None)
            }
        };
        self.sources.push(Source { setter, member: None, text });
        Ok(())
    }

    /// The way to what a site is about, within its own layer, and among the effective values if nothing moved it.
    pub fn paths(&self, id: SiteId, family: &Family) -> (Vec<Step>, Vec<Step>) {
        let own = self.sites.path(id);
        let member = self.source(id).and_then(|source| source.member);
        let mut natural =
            member.and_then(|m| family.members().get(m)).map(|m| m.prefix.clone()).unwrap_or_default();
        natural.extend(own.iter().cloned());
        (own, natural)
    }

    /// How high the layer of a site stands: the user's last one the highest, then the outermost chart.
    pub fn rank(&self, id: SiteId) -> usize {
        let Some(layer) = self.site(id).map(|site| site.layer) else { return 0 };
        let charts = self.defaults.len();
        if layer < charts { charts - layer } else { layer + 1 }
    }

    pub fn site(&self, id: SiteId) -> Option<&Site> {
        self.sites.get(id)
    }

    pub fn source(&self, id: SiteId) -> Option<&Source> {
        self.sources.get(self.sites.get(id)?.layer)
    }
}

/// Which of the flags of its kind one is.
fn nth(layers: &Layers, index: usize, flag: SetFlag) -> Setter {
    let is_same = |source: &LayerSource| matches!(source, LayerSource::Set { flag: f, .. } if *f == flag);
    let of = layers.layers.iter().filter(|layer| is_same(&layer.source)).count();
    let nth = layers.layers.iter().take(index + 1).filter(|layer| is_same(&layer.source)).count();
    Setter::Set { flag, nth, of }
}

/// Where the entries of files stand. Each file is read once.
#[derive(Default)]
pub(super) struct Standings(HashMap<usize, HashMap<Vec<Step>, Standing>>);

impl Standings {
    /// The place of an entry of a source, and the alias by which it came there.
    pub fn of(&mut self, layer: usize, source: &Source, path: &[Step]) -> (Option<Place>, Option<Place>) {
        let Some((file, text)) = &source.text else { return (None, None) };
        let known = self.0.entry(layer).or_insert_with(|| {
            let mut known = HashMap::new();
            standings(text.as_bytes(), &mut |path, standing| {
                known.insert(path.to_vec(), standing);
            });
            known
        });
        let place = |spot: Spot| Place::new(file.clone(), spot.line, spot.column).with_text(text.clone());
        match known.get(path) {
            Some(standing) => (Some(place(standing.at)), standing.alias.map(place)),
            None => (Some(Place::new(file.clone(), 0, 0).with_text(text.clone())), None),
        }
    }
}
