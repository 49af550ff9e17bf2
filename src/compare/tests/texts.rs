use super::*;

fn config(old: &str, new: &str) -> Vec<String> {
    within("v1/ConfigMap", old, new)
}

#[test]
fn json_within_strings_is_compared_by_its_contents() {
    assert_eq!(
        config("data: {a: '{\"x\": 1, \"y\": [1, 2]}'}", "data: {a: '{\"y\":[1,3],\"x\":1}'}"),
        ["data.a: y[1]: 2 → 3"]
    );
    assert_eq!(
        config("data: {a: '{\"x\": 1}'}", "data: {a: '{\"x\":1}'}"),
        ["data.a: \"{\\\"x\\\": 1}\" → \"{\\\"x\\\":1}\" (Text)"]
    );
}

#[test]
fn big_numbers_within_texts_keep_their_digits() {
    assert_eq!(
        config("data: {a: '{\"x\": 12345678901234567890}'}", "data: {a: '{\"x\": 12345678901234567891}'}"),
        ["data.a: x: 12345678901234567890 → 12345678901234567891"]
    );
}

#[test]
fn yaml_within_strings_is_compared_by_its_contents() {
    assert_eq!(
        config(
            "data:\n  mesh.yaml: |\n    # one\n    a: {b: 1}\n    c: 2\n",
            "data:\n  mesh.yaml: |\n    a:\n      b: 3\n    c: 2\n"
        ),
        ["data[\"mesh.yaml\"]: a.b: 1 → 3"]
    );
}

#[test]
fn texts_of_other_formats_stay_texts() {
    let change = |name: &str, old: &str, new: &str| {
        config(
            &format!("data:\n  {name}: |\n    {old}\n    x: y\n"),
            &format!("data:\n  {name}: |\n    {new}\n    x: y\n"),
        )
    };
    assert_eq!(
        change("a.md", "# one", "# two"),
        ["data[\"a.md\"]: \"# one\\nx: y\\n\" → \"# two\\nx: y\\n\""]
    );
    assert_eq!(change("mesh", "a: 1", "a: 2"), ["data.mesh: a: 1 → 2"]);
    assert_eq!(config("data:\n  a: |\n    # one\n    - x\n", "data:\n  a: |\n    # two\n    - x\n").len(), 1);
    assert!(
        config("data:\n  a: |\n    # one\n    - x\n", "data:\n  a: |\n    # two\n    - x\n")[0]
            .ends_with("two\\n- x\\n\"")
    );
}

#[test]
fn secrets_are_compared_decoded() {
    assert_eq!(within("v1/Secret", "data: {a: eA==}", "data: {a: eQ==}"), ["data.a: \"x\" → \"y\""]);
    assert_eq!(
        within("v1/Secret", "data: {a: eA==}", "data: {a: \"e\\nA==\"}"),
        ["data.a: \"eA==\" → \"e\\nA==\" (Encoding)"]
    );
    assert_eq!(within("v1/Secret", "data: {a: /w==}", "data: {a: /g==}"), ["data.a: \"/w==\" → \"/g==\""]);
}

#[test]
fn string_data_that_says_what_data_said_is_the_same() {
    assert_eq!(
        within("v1/Secret", "data: {a: eA==, b: eA==}", "stringData: {a: x, b: z}"),
        [
            "data.a: \"x\" → - (Encoding)",
            "data.b: \"x\" → -",
            "stringData.a: - → \"x\" (Encoding)",
            "stringData.b: - → \"z\"",
        ]
    );
}

#[test]
fn another_text_in_a_pod_template_is_a_change_even_if_it_says_the_same() {
    let template = |text: &str| format!("spec: {{template: {{metadata: {{annotations: {{a: '{text}'}}}}}}}}");
    let deployment = |old, new| within("apps/v1/Deployment", &template(old), &template(new));
    assert_eq!(
        deployment("{\"x\": 1}", "{\"x\":1}"),
        [
            "spec.template.metadata.annotations.a: \"{\\\"x\\\": 1}\" → \"{\\\"x\\\":1}\" [the same contents, written otherwise]"
        ]
    );
    assert_eq!(
        deployment("{\"x\": 1}", "{\"x\":1.0}"),
        ["spec.template.metadata.annotations.a: x: 1 → 1 [the same contents, written otherwise]"]
    );
}
