//! Glob patterns against recorded answers of gobwas/glob.

use std::path::Path;

use torii::functions::glob::Glob;

#[test]
fn globs_match_what_gobwas_matches() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/research/vectors/gobwas_glob.tsv");
    let Ok(text) = std::fs::read_to_string(&path) else {
        assert!(std::env::var_os("TORII_REQUIRE_CONFORMANCE").is_none(), "no {}", path.display());
        println!("skipped: no {}", path.display());
        return;
    };
    let mut wrong = Vec::new();
    for line in text.lines() {
        let mut fields = line.split('\t');
        let (Some(pattern), Some(name), Some(want)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        let got = Glob::new(pattern).is_ok_and(|g| g.matches(name));
        if got != (want == "1") {
            wrong.push(line);
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
