//! What is recorded of Go renders: they are the same to the byte, and each line is led to what wrote it.

#![allow(clippy::unwrap_used)]

#[path = "support/traces.rs"]
mod traces;

#[test]
fn the_shop() {
    let trace = traces::traced("fixtures/charts/shop", |_| ());
    assert!(trace.coarse.is_empty() && !trace.cut);
    let files = trace.files.iter().filter(|file| !file.text.to_text().trim().is_empty());
    let shown: Vec<String> =
        files.map(|file| format!("# {}\n{}", file.name, traces::lines(&trace, file))).collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn a_web_application() {
    let trace = traces::traced("fixtures/mixed/web/chart", |request| {
        request.values.files.push(format!("{}/fixtures/mixed/web/values.yaml", env!("CARGO_MANIFEST_DIR")));
    });
    for file in ["deployment", "ingress"] {
        let rendered = trace.files.iter().find(|f| f.name.ends_with(&format!("/{file}.yaml"))).unwrap();
        insta::assert_snapshot!(format!("the_{file}_of_a_web_application"), traces::lines(&trace, rendered));
    }
}
