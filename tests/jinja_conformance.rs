//! Torii's Jinja against what Python's Jinja2 printed, case by case.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use torii::functions::Env;
use torii::limits::Limits;
use torii::template::jinja::{Templates, context_from_json};
use torii::template::{Language, Source};

#[derive(serde::Deserialize)]
struct Case {
    id: String,
    template: String,
    context: serde_json::Value,
    #[serde(default)]
    templates: BTreeMap<String, String>,
    out: Option<String>,
    err: String,
}

fn render(case: &Case) -> Result<String, torii::Error> {
    let source = |name: &str, text: &str| Source {
        name: format!("ref/templates/{}", name.strip_suffix(".j2").unwrap_or(name)).into(),
        file: format!("templates/{name}").into(),
        base_path: "ref/templates".into(),
        text: text.into(),
        language: Language::Jinja,
    };
    let mut sources = vec![source("t.yaml.j2", &case.template)];
    sources.extend(case.templates.iter().map(|(name, text)| source(name, text)));
    let templates = Templates::new(&sources, Arc::new(Env::new(Limits::default())))?;
    let context = context_from_json(&case.context.to_string())?;
    templates.render("ref/templates/t.yaml", &context, None).map(|s| s.to_string())
}

/// A name without `.j2` cannot be told from one with it; such cases are about names only.
#[test]
fn the_dialect_agrees_with_jinja2() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance/jinja.jsonl");
    let Ok(cases) = std::fs::read_to_string(&path) else {
        assert!(std::env::var_os("TORII_REQUIRE_CONFORMANCE").is_none(), "{} is missing", path.display());
        println!("skipped: {} is not here", path.display());
        return;
    };
    let only = std::env::var("JINJA_CASE").unwrap_or_default();
    let (mut answers, mut errors) = ((0, 0), (0, 0));
    let mut failures = Vec::new();
    for line in cases.lines() {
        let case: Case = serde_json::from_str(line).unwrap();
        if !case.id.contains(&only) {
            continue;
        }
        let got = render(&case);
        let count = if case.err.is_empty() { &mut answers } else { &mut errors };
        count.1 += 1;
        let right = match &got {
            Ok(text) => case.err.is_empty() && Some(text) == case.out.as_ref(),
            Err(_) => !case.err.is_empty(),
        };
        if right {
            count.0 += 1;
        } else {
            let wanted =
                if case.err.is_empty() { format!("{:?}", case.out.unwrap_or_default()) } else { case.err };
            failures.push(format!(
                "{} {:?}\n  want {wanted}\n  got  {:?}",
                case.id,
                case.template,
                got.map_err(|e| e.message().to_string())
            ));
        }
    }
    let (passed, all) = (answers.0 + errors.0, answers.1 + errors.1);
    println!(
        "answers {}/{}, errors {}/{}, together {passed}/{all}",
        answers.0, answers.1, errors.0, errors.1
    );
    if let Some(path) = std::env::var_os("JINJA_FAILURES") {
        std::fs::write(path, failures.join("\n")).unwrap();
    }
    assert!(passed * 100 >= all * 98, "only {passed} of {all} cases pass");
}
