//! How fast YAML is read, skimmed and written: `cargo bench --bench yaml` (`--profile ci` to build it sooner).

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
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

fn throughput(c: &mut Criterion) {
    for (name, text) in [("values", values()), ("manifest", manifest())] {
        let mut group = c.benchmark_group(name);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function("decode", |b| b.iter(|| yaml::decode(black_box(text.as_bytes()))));
        group.bench_function("inspect", |b| b.iter(|| yaml::inspect(black_box(text.as_bytes()))));
        let value = yaml::decode(text.as_bytes()).unwrap_or_default();
        group.bench_function("to_yaml", |b| b.iter(|| yaml::to_yaml(black_box(&value))));
        group.finish();
    }
}

criterion_group!(benches, throughput);
criterion_main!(benches);
