//! Bars on the terminal while something is fetched. Where stderr is no terminal there are none.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use torii::diagnostic::escape;
use torii::source::remote::{Transfer, Watch};

/// What takes less is over before anybody reads it.
const SOON: Duration = Duration::from_millis(400);

/// Characters of a name.
const NAME: usize = 40;

/// A bar for each transfer that takes long. What draws them is made with the first.
#[derive(Debug, Default)]
pub struct Bars(Arc<OnceLock<MultiProgress>>);

impl Watch for Bars {
    fn begin(&self, name: &str, bytes: Option<u64>) -> Box<dyn Transfer> {
        let name = escape(name).chars().take(NAME).collect();
        Box::new(Bar { all: self.0.clone(), name, bytes, read: 0, start: Instant::now(), shown: None })
    }
}

struct Bar {
    all: Arc<OnceLock<MultiProgress>>,
    name: String,
    bytes: Option<u64>,
    read: u64,
    start: Instant,
    shown: Option<ProgressBar>,
}

impl Transfer for Bar {
    fn read(&mut self, bytes: u64) {
        self.read = self.read.saturating_add(bytes);
        if self.shown.is_none() && self.start.elapsed() >= SOON {
            self.shown = Some(self.bar());
        }
        if let Some(bar) = &self.shown {
            bar.set_position(self.read);
        }
    }
}

impl Bar {
    fn bar(&self) -> ProgressBar {
        let (bar, template) = match self.bytes {
            Some(bytes) => {
                (ProgressBar::new(bytes), "{prefix} {bar:30} {bytes}/{total_bytes} {bytes_per_sec}")
            }
            None => (ProgressBar::no_length(), "{prefix} {spinner} {bytes} {bytes_per_sec}"),
        };
        let bar = self.all.get_or_init(MultiProgress::default).add(bar);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_prefix(self.name.clone());
        bar
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}
