//! The report as JUnit's XML, which CI systems show as tests: a suite for each review, a test for each object. It
//! fails if the change has an effect that it should not have.

use crate::diff::{ObjectReview, Review, ValueFinding, ValueFindingKind};
use crate::rules::change::{Effect, Impact};

use super::words::{self, Happening};
use crate::report::xml;

/// What counts as failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The effects that fail an object's test.
    pub failing: Vec<Effect>,
}

impl Default for Options {
    /// Every effect that has a name on the command line.
    fn default() -> Options {
        Options { failing: Effect::NAMED.to_vec() }
    }
}

/// The report of one or several reviews.
pub fn junit(reviews: &[Review], options: &Options) -> String {
    let (mut suites, mut tests, mut failures) = (String::new(), 0, 0);
    for review in reviews {
        let mut cases = String::new();
        let mut failed = 0;
        for object in &review.changes {
            failed += usize::from(case_of_object(&mut cases, object, options));
        }
        for finding in &review.values.findings {
            failed += usize::from(case_of_value(&mut cases, finding));
        }
        let n = review.changes.len() + review.values.findings.len();
        suites.push_str(&format!(
            "  <testsuite name=\"{}\" tests=\"{n}\" failures=\"{failed}\" errors=\"0\" skipped=\"0\">\n{cases}  \
             </testsuite>\n",
            xml::line(&words::title(review))
        ));
        tests += n;
        failures += failed;
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"torii diff\" tests=\"{tests}\" \
         failures=\"{failures}\" errors=\"0\">\n{suites}</testsuites>\n"
    )
}

/// Writes the test of an object, and says whether it failed.
fn case_of_object(out: &mut String, object: &ObjectReview, options: &Options) -> bool {
    let (failing, other): (Vec<&Impact>, Vec<&Impact>) =
        object.impacts.iter().partition(|impact| options.failing.contains(&impact.effect));
    let id = &object.id;
    let class =
        if id.namespace.is_empty() { id.kind.to_string() } else { format!("{}.{}", id.namespace, id.kind) };
    let name = format!("{} ({})", words::object_name(object), Happening::of(object).name());
    out.push_str(&format!(
        "    <testcase classname=\"{}\" name=\"{}\">\n",
        xml::line(&class),
        xml::line(&name)
    ));
    for impact in &failing {
        out.push_str(&format!(
            "      <failure type=\"{}\" message=\"{}\">{}</failure>\n",
            impact.rule,
            xml::line(&format!("{}: {}", impact.effect, impact.message)),
            xml::lines(&details(object, impact))
        ));
    }
    if !other.is_empty() {
        let lines: Vec<String> = other.iter().map(|i| format!("{}: {}", i.effect, i.message)).collect();
        out.push_str(&format!("      <system-out>{}</system-out>\n", xml::lines(&lines)));
    }
    out.push_str("    </testcase>\n");
    !failing.is_empty()
}

/// What is known of an impact: its field, and why that differs.
fn details(object: &ObjectReview, impact: &Impact) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(field) = &impact.field {
        lines.push(format!("field: {field}"));
    }
    let causes = words::causes_of(object, impact);
    lines.extend(words::because(causes));
    lines
}

fn case_of_value(out: &mut String, finding: &ValueFinding) -> bool {
    let failed = finding.kind != ValueFindingKind::EqualsDefault;
    let kind = words::value_finding(finding.kind);
    out.push_str(&format!(
        "    <testcase classname=\"values\" name=\"{} ({kind})\">\n",
        xml::line(&finding.path)
    ));
    let place = finding.place.as_deref().unwrap_or_default();
    if failed {
        out.push_str(&format!(
            "      <failure type=\"value-{kind}\" message=\"{}\">{}</failure>\n",
            xml::line(&finding.message),
            xml::line(place)
        ));
    } else {
        out.push_str(&format!(
            "      <system-out>{} {}</system-out>\n",
            xml::line(&finding.message),
            xml::line(place)
        ));
    }
    out.push_str("    </testcase>\n");
    failed
}
