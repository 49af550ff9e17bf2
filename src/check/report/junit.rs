//! The report as JUnit's XML, which CI systems show as tests: a suite for each source, a test for each finding, and
//! one that passes where there are none.

use crate::check::{Checked, Told};
use crate::report::xml;
use crate::rules::object::Severity;

/// The report. Findings of a severity from `failing` on fail; none do without it.
pub fn junit(checked: &Checked, failing: Option<Severity>) -> String {
    let (mut suites, mut tests, mut failures, mut skips) = (String::new(), 0, 0, 0);
    for (index, source) in checked.sources.iter().enumerate() {
        let own = |told: &&Told| told.source == index;
        let found: Vec<&Told> = checked.findings.iter().chain(&checked.suppressed).filter(own).collect();
        let mut cases = String::new();
        let (mut failed, mut skipped) = (0, 0);
        for told in &found {
            match case(&mut cases, told, failing) {
                Outcome::Failed => failed += 1,
                Outcome::Skipped => skipped += 1,
                Outcome::Passed => {}
            }
        }
        if found.is_empty() {
            cases.push_str("    <testcase classname=\"torii check\" name=\"no findings\"/>\n");
        }
        let n = found.len().max(1);
        suites.push_str(&format!(
            "  <testsuite name=\"{}\" tests=\"{n}\" failures=\"{failed}\" errors=\"0\" skipped=\"{skipped}\">\n{cases}  \
             </testsuite>\n",
            xml::line(source)
        ));
        tests += n;
        failures += failed;
        skips += skipped;
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"torii check\" tests=\"{tests}\" \
         failures=\"{failures}\" errors=\"0\" skipped=\"{skips}\">\n{suites}</testsuites>\n"
    )
}

enum Outcome {
    Failed,
    Skipped,
    Passed,
}

fn case(out: &mut String, told: &Told, failing: Option<Severity>) -> Outcome {
    let class = match &told.object {
        Some(id) if id.namespace.is_empty() => id.kind.to_string(),
        Some(id) => format!("{}.{}", id.namespace, id.kind),
        None => "values".to_string(),
    };
    let name = format!("{}: {} {}", super::about(told), told.rule.id, told.rule.name);
    out.push_str(&format!(
        "    <testcase classname=\"{}\" name=\"{}\">\n",
        xml::line(&class),
        xml::line(&name)
    ));
    let message = xml::line(&told.message);
    let outcome = if let Some(suppressed) = &told.suppressed {
        let reason = suppressed.reason.as_deref().unwrap_or(suppressed.by);
        out.push_str(&format!(
            "      <skipped message=\"{}\"/>\n",
            xml::line(&format!("{}: {reason}", told.message))
        ));
        Outcome::Skipped
    } else if failing.is_some_and(|failing| told.severity <= failing) {
        out.push_str(&format!(
            "      <failure type=\"{}\" message=\"{message}\">{}</failure>\n",
            told.rule.id,
            xml::lines(&details(told))
        ));
        Outcome::Failed
    } else {
        let lines = [&[format!("{}: {}", told.severity, told.message)], &details(told)[..]].concat();
        out.push_str(&format!("      <system-out>{}</system-out>\n", xml::lines(&lines)));
        Outcome::Passed
    };
    out.push_str("    </testcase>\n");
    outcome
}

fn details(told: &Told) -> Vec<String> {
    let mut lines = vec![format!("why: {}", told.rule.why), format!("fix: {}", told.fix)];
    if !told.spot.file.is_empty() {
        lines.push(format!("at: {}:{}", told.spot.file, told.spot.line));
    }
    lines
}
