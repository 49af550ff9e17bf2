//! How fast YAML is read, skimmed and written: `cargo bench --bench yaml` (`--profile ci` to build it sooner).

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use torii::yaml;

/// A values file as charts have it: mostly comments, short entries.
fn values() -> String {
    let mut text = String::new();
    for i in 0..400 {
        text.push_str(&format!(
            "## @section Component {i}\n## @param component{i}.enabled Whether the component is installed\n##\n\
             component{i}:\n  enabled: true\n  image:\n    repository: example.org/component\n    tag: \"1.2.{i}\"\n  \
             resources: {{}}\n  nodeSelector: {{}}\n  args:\n    - --level=info\n    - '--port=8080'\n"
        ));
    }
    text
}

/// A rendered object as a custom resource definition is: deep, with long descriptions.
fn manifest() -> String {
    let mut text = String::from(
        "apiVersion: v1\nkind: Example\nmetadata:\n  name: example\n  labels:\n    app: x\nspec:\n",
    );
    for i in 0..400 {
        text.push_str(&format!(
            "  field{i}:\n    description: |-\n      What this field is about, in a sentence or two, so that a reader\n      \
             knows what to write here.\n    type: string\n    properties:\n      name:\n        description: The name \
             of the thing, which goes on\n          behind the end of the line.\n        type: integer\n    required:\n    \
             - name\n    - \"value\"\n"
        ));
    }
    text
}

/// The text of this name.
fn text(name: &str) -> String {
    if name == "values" { values() } else { manifest() }
}

const TEXTS: [&str; 2] = ["values", "manifest"];

#[divan::bench(args = TEXTS)]
fn decode(bencher: Bencher, name: &str) {
    let text = text(name);
    bencher.counter(BytesCount::of_str(&text)).bench(|| yaml::decode(black_box(text.as_bytes())));
}

#[divan::bench(args = TEXTS)]
fn inspect(bencher: Bencher, name: &str) {
    let text = text(name);
    bencher.counter(BytesCount::of_str(&text)).bench(|| yaml::inspect(black_box(text.as_bytes())));
}

#[divan::bench(args = TEXTS)]
fn to_yaml(bencher: Bencher, name: &str) {
    let text = text(name);
    let value = yaml::decode(text.as_bytes()).unwrap_or_default();
    bencher.counter(BytesCount::of_str(&text)).bench(|| yaml::to_yaml(black_box(&value)));
}

fn main() {
    divan::main();
}
