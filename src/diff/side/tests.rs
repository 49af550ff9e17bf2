use super::*;
use std::path::PathBuf;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: &str) -> &Folder {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn open(&self, name: &str) -> Result<Side> {
        let source = self.path(name).to_string_lossy().into_owned();
        Side::open(&source, &Request::new("", "r"))
    }
}

fn shown(side: &Side) -> Vec<String> {
    side.objects.iter().map(|object| format!("{:?} {}", object.role, object.id)).collect()
}

const CRD: &str =
    "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: d}\n";
const HOOK: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: h, annotations: {helm.sh/hook: test}}\n";
const OBJECTS: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n";

#[test]
fn a_chart_is_rendered_with_definitions_first_and_hooks_last() {
    let folder = Folder::new();
    folder
        .write("c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n")
        .write("c/crds/d.yaml", CRD)
        .write("c/templates/h.yaml", HOOK)
        .write("c/templates/o.yaml", OBJECTS);
    let side = folder.open("c").unwrap();
    assert_eq!(
        shown(&side),
        ["Definition CustomResourceDefinition/d", "Object ConfigMap/c", "Object Service/s", "Hook Pod/h"]
    );
    let rendered = side.rendered.unwrap();
    assert_eq!(rendered.request.seed.as_deref(), Some(SEED));
    assert_eq!(rendered.request.now, Some(NOW));
}

#[test]
fn random_values_are_the_same_on_both_sides() {
    let folder = Folder::new();
    folder.write("c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n").write(
        "c/templates/o.yaml",
        "kind: ConfigMap\nmetadata: {name: c}\ndata: {r: {{ randAlphaNum 20 | quote }}, t: {{ now | quote }}}\n",
    );
    let (one, two) = (folder.open("c").unwrap(), folder.open("c").unwrap());
    let data = |side: &Side| format!("{:?}", side.objects[0].value);
    assert_eq!(data(&one), data(&two));
    assert!(one.rendered.unwrap().volatile);
}

#[test]
fn stored_objects_come_in_the_order_of_installation() {
    let folder = Folder::new();
    folder.write("all.yaml", &format!("{HOOK}---\n{OBJECTS}"));
    assert_eq!(
        shown(&folder.open("all.yaml").unwrap()),
        ["Object ConfigMap/c", "Object Service/s", "Hook Pod/h"]
    );
}

#[test]
fn a_folder_without_a_chart_is_its_files() {
    let folder = Folder::new();
    folder
        .write("out/b/o.yml", OBJECTS)
        .write(
            "out/a.json",
            "{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"metadata\": {\"name\": \"s\"}}",
        )
        .write("out/README.md", "# nothing")
        .write("out/.git/x.yaml", "no: kind")
        .write("empty/x.txt", "");
    assert_eq!(
        shown(&folder.open("out").unwrap()),
        ["Object Secret/s", "Object ConfigMap/c", "Object Service/s"]
    );
    let error = folder.open("empty").unwrap_err();
    assert!(error.message().contains("neither a chart nor YAML files"), "{error}");
}

#[test]
fn what_is_not_there_or_no_object_is_an_error() {
    let folder = Folder::new();
    folder.write("no.yaml", "a: 1\n");
    let gone = folder.open("gone").unwrap_err();
    assert!(gone.message().contains("not found"), "{gone}");
    assert!(folder.open("no.yaml").unwrap_err().message().contains("no kind"));
}
