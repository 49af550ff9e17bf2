//! Archives of charts: those that mean harm are refused, each with its own words and in little memory; those of real
//! charts render as their folders do, whatever packed them.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

/// The most memory that reading an archive may take, in KiB.
const MEMORY: u64 = 200 << 10;

const METADATA: &[u8] = b"apiVersion: v2\nname: c\nversion: 1.0.0\n";

/// A tar file in the making.
struct Tar(Vec<u8>);

impl Tar {
    fn new() -> Tar {
        Tar(Vec::new())
    }

    /// A chart that is fine so far.
    fn chart() -> Tar {
        Tar::new().file("c/Chart.yaml", METADATA)
    }

    fn file(self, name: &str, data: &[u8]) -> Tar {
        self.entry(name, b'0', data)
    }

    fn entry(self, name: &str, letter: u8, data: &[u8]) -> Tar {
        self.sized(name, letter, data, data.len() as u64)
    }

    /// An entry whose header says this of its size.
    fn sized(mut self, name: &str, letter: u8, data: &[u8], size: u64) -> Tar {
        let mut header = tar::Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.as_mut_bytes()[156] = letter;
        header.set_size(size);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_cksum();
        self.0.extend_from_slice(header.as_bytes());
        self.0.extend_from_slice(data);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    fn link(mut self, name: &str, letter: u8, target: &str) -> Tar {
        self = self.entry(name, letter, b"");
        let at = self.0.len() - 512;
        let mut header = tar::Header::from_byte_slice(&self.0[at..]).clone();
        header.set_link_name(target).unwrap();
        header.set_cksum();
        self.0[at..].copy_from_slice(header.as_bytes());
        self
    }

    /// An extended header with one record.
    fn extended(self, key: &str, value: &str) -> Tar {
        let record = |length: usize| format!("{length} {key}={value}\n");
        let length = (5..).find(|n| record(*n).len() == *n).unwrap();
        self.entry("x", b'x', record(length).as_bytes())
    }

    fn packed(&self) -> Vec<u8> {
        let mut out = GzEncoder::new(Vec::new(), Compression::fast());
        out.write_all(&self.0).unwrap();
        out.write_all(&[0; 1024]).unwrap();
        out.finish().unwrap()
    }
}

/// A gzip stream of this many zeros behind some bytes.
fn zeros(head: &[u8], mebibytes: usize) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(head).unwrap();
    let zeros = vec![0; 1 << 20];
    for _ in 0..mebibytes {
        out.write_all(&zeros).unwrap();
    }
    out.finish().unwrap()
}

/// Renders an archive, and gives what came of it and the most memory that it took, in KiB.
fn render(archive: &[u8]) -> (Output, u64) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.tgz");
    fs::write(&path, archive).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_torii"))
        .args(["render", "r"])
        .arg(&path)
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let high = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let high = high.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        most = most.max(high.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(1));
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "something was written");
    (output, most)
}

fn refused(what: &str, archive: &[u8], want: &str) {
    let (output, memory) = render(archive);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{what}: {error}");
    assert!(error.contains(want), "{what}: {error}");
    assert!(output.stdout.is_empty(), "{what}");
    assert!(memory < MEMORY, "{what}: {memory} KiB");
}

#[test]
fn entries_that_mean_harm_are_refused_each_with_its_own_words() {
    let chart = Tar::chart;
    let long = format!("c/{}", "d/".repeat(300));
    for (what, tar, want) in [
        ("traversal", chart().file("c/../../x", b""), "chart illegally references parent directory"),
        (
            "traversal in an extended header",
            chart().extended("path", "c/../../x").file("c/a", b""),
            "chart illegally references parent directory",
        ),
        (
            "traversal in a long name",
            chart().entry("l", b'L', b"c/../../x\0").file("c/a", b""),
            "chart illegally references parent directory",
        ),
        (
            "traversal of Windows",
            chart().file("c\\..\\..\\x", b""),
            "chart illegally references parent directory",
        ),
        ("absolute", chart().file("c//etc/passwd", b""), "chart illegally contains absolute paths"),
        ("a drive", chart().file("c/C:/x", b""), "chart contains illegally named files"),
        ("a drive of Windows", chart().file("c\\C:\\x", b""), "chart contains illegally named files"),
        (
            "beside the chart",
            chart().file("passwd", b""),
            "chart illegally contains content outside the base directory: \"passwd\"",
        ),
        ("metadata above", Tar::new().file("Chart.yaml/x", b""), "chart yaml not in base directory"),
        ("twice", chart().file("c/a", b"1").file("c/a", b"2"), "chart archive holds \"a\" twice"),
        (
            "metadata twice",
            chart().file("c/Chart.yaml", METADATA),
            "chart archive holds \"Chart.yaml\" twice",
        ),
        (
            "twice from two folders",
            chart().file("d/Chart.yaml", METADATA),
            "chart archive holds \"Chart.yaml\" twice",
        ),
        ("case", chart().file("c/a", b"").file("c/A", b""), "names that differ by case only: \"A\""),
        (
            "case of other letters",
            chart().file("c/é", b"").file("c/É", b""),
            "names that differ by case only: \"É\"",
        ),
        (
            "a file that is a folder",
            chart().file("c/a", b"").file("c/a/b", b""),
            "\"a\" both as a file and as a folder",
        ),
        (
            "a symbolic link",
            chart().link("c/values.yaml", b'2', "/etc/passwd"),
            "chart archive holds a symbolic link: \"c/values.yaml\" to \"/etc/passwd\"",
        ),
        (
            "a hard link",
            chart().link("c/values.yaml", b'1', "c/Chart.yaml"),
            "chart archive holds a hard link: \"c/values.yaml\" to \"c/Chart.yaml\"",
        ),
        (
            "a device of characters",
            chart().entry("c/zero", b'3', b""),
            "chart archive holds a device: \"c/zero\"",
        ),
        ("a device of blocks", chart().entry("c/sda", b'4', b""), "chart archive holds a device: \"c/sda\""),
        ("a pipe", chart().entry("c/p", b'6', b""), "chart archive holds a named pipe: \"c/p\""),
        ("a sparse file", chart().entry("c/s", b'S', b""), "chart archive holds a sparse file: \"c/s\""),
        (
            "a sparse file of extended headers",
            chart().extended("GNU.sparse.major", "1").file("c/s", b""),
            "chart archive holds a sparse file: \"c/s\"",
        ),
        ("a size that is negative", chart().extended("size", "-5").file("c/a", b""), "invalid tar header"),
        ("a size that is none", chart().extended("size", "0x10").file("c/a", b""), "invalid tar header"),
        (
            "a size over the archive's end",
            chart().extended("size", "4000000").file("c/a", b""),
            "unexpected EOF",
        ),
        (
            "a size over all limits",
            chart().extended("size", "9223372036854775807").file("c/a", b""),
            "decompressed chart is larger than the maximum size 104857600",
        ),
        (
            "a header of such a size",
            chart().sized("c/a", b'0', b"", u64::MAX >> 1),
            "decompressed chart is larger than the maximum size 104857600",
        ),
        (
            "a large file",
            chart().file("c/a", &vec![0; (5 << 20) + 1]),
            "decompressed chart file \"c/a\" is larger than the maximum file size 5242880",
        ),
        ("a broken record", chart().entry("x", b'x', b"99 path=a\n").file("c/a", b""), "invalid tar header"),
        (
            "a name with a zero byte",
            chart().extended("path", "c/a\0b").file("c/a", b""),
            "invalid tar header",
        ),
        (
            "a deep folder",
            chart().extended("path", &format!("{long}x")).file("c/a", b""),
            "folders are nested deeper than 256",
        ),
        (
            "a long name",
            chart().extended("path", &format!("c/{}", "n".repeat(5000))).file("c/a", b""),
            "a name of 5002 bytes",
        ),
        ("a checksum that is wrong", Tar([&[b'a'; 512][..], &[0; 512]].concat()), "invalid tar header"),
        ("nothing", Tar::new(), "no files in chart archive"),
        ("no metadata", Tar::new().file("c/a", b""), "Chart.yaml"),
    ] {
        refused(what, &tar.packed(), want);
    }
}

#[test]
fn archives_within_an_archive_follow_the_same_rules_and_share_its_limits() {
    let within = |inner: Vec<u8>| Tar::chart().file("c/charts/s.tgz", &inner).packed();
    refused(
        "a link within",
        &within(Tar::chart().link("c/l", b'2', "/etc/passwd").packed()),
        "error unpacking subchart s.tgz in c: chart archive holds a symbolic link",
    );
    refused(
        "a way out within",
        &within(Tar::chart().file("c/../../x", b"").packed()),
        "error unpacking subchart s.tgz in c: chart illegally references parent directory",
    );
    // Each of them is small, all together are not.
    let large = (0..15).fold(Tar::chart(), |tar, n| tar.file(&format!("c/{n}"), &vec![0; 5 << 20])).packed();
    let two = Tar::chart().file("c/charts/a.tgz", &large).file("c/charts/b.tgz", &large).packed();
    refused("bombs side by side", &two, "decompressed chart is larger than the maximum size 104857600");
    let mut nested = Tar::chart().packed();
    for _ in 0..40 {
        nested = within(nested);
    }
    refused("boxes in boxes", &nested, "charts are nested deeper than 32");
}

#[test]
fn bombs_are_refused_in_little_memory() {
    let head = |tar: Tar| tar.0;
    let large = 2000;
    refused(
        "a file",
        &zeros(&head(Tar::chart().sized("c/a", b'0', b"", (large << 20) as u64)), large),
        "decompressed chart is larger than the maximum size 104857600",
    );
    refused(
        "a long name",
        &zeros(&head(Tar::chart().sized("l", b'L', b"", (large << 20) as u64)), large),
        "archive/tar: header field too long",
    );
    refused(
        "an extended header",
        &zeros(&head(Tar::chart().sized("x", b'x', b"", (large << 20) as u64)), large),
        "archive/tar: header field too long",
    );
    // What a folder's header says of its size is passed over, as in Go, and so are the zeros at the end.
    let folder = zeros(&head(Tar::chart().sized("c/d/", b'5', b"", (large << 20) as u64)), large);
    let (output, memory) = render(&folder);
    assert!(output.status.success() && memory < MEMORY, "{memory} KiB");

    let mut many = Tar::chart();
    for n in 0..60_000 {
        many = many.entry(&format!("c/d{n}/"), b'5', b"");
    }
    refused("many folders", &many.packed(), "chart has more than 50000 files and folders");
    let mut headers = Tar::chart();
    for _ in 0..60_000 {
        headers = headers.entry("x", b'x', b"");
    }
    refused("many extended headers", &headers.packed(), "chart has more than 50000 files and folders");
    let mut names = Tar::chart();
    for n in 0..40_000 {
        names = names.extended("path", &format!("c/{}{n}", "n/".repeat(200))).file("c/a", b"");
    }
    refused("many names", &names.packed(), "chart has more than 50000 files and folders");
}

#[test]
fn archives_that_are_cut_off_are_refused() {
    let whole = Tar::chart().file("c/templates/a.yaml", &[b'#'; 3000]).packed();
    for cut in [12, whole.len() / 2, whole.len() - 20] {
        let (output, _) = render(&whole[..cut]);
        assert_eq!(output.status.code(), Some(1), "{cut}");
        assert!(!output.stderr.is_empty());
    }
    refused("a zip file", b"PK\x03\x04 and so on", "got 'application/");
}

/// The charts of the corpus, unpacked; `None`, with a word, where it isn't at hand.
fn corpus() -> Option<(tempfile::TempDir, Vec<PathBuf>)> {
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance/corpus.tar.xz");
    let folder = tempfile::tempdir().unwrap();
    let unpacked = archive.exists()
        && Command::new("tar")
            .arg("-xJf")
            .arg(&archive)
            .arg("-C")
            .arg(folder.path())
            .status()
            .is_ok_and(|status| status.success());
    if !unpacked {
        assert!(std::env::var_os("TORII_REQUIRE_CONFORMANCE").is_none(), "no corpus");
        eprintln!("skipped: the corpus is not here, or tar can't unpack it");
        return None;
    }
    let mut charts = Vec::new();
    for owner in fs::read_dir(folder.path().join("charts")).unwrap() {
        for chart in fs::read_dir(owner.unwrap().path()).unwrap() {
            charts.push(chart.unwrap().path());
        }
    }
    charts.sort();
    Some((folder, charts))
}

fn torii(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_torii")).args(args).output().unwrap()
}

/// What a chart renders to; without the names of files in its errors.
fn rendered(chart: &Path) -> (Option<i32>, Vec<u8>) {
    let chart = chart.to_str().unwrap();
    let output =
        torii(&["render", "r", chart, "--seed", "s", "--now", "2026-01-31T12:00:00Z", "--include-crds"]);
    (output.status.code(), output.stdout)
}

/// Ways to pack a folder; each chart is packed in several.
const FLAGS: [&[&str]; 8] = [
    &["--format=pax", "--sort=inode", "--owner=nobody:4000000", "--mtime=2001-01-01"],
    &["--format=oldgnu", "--numeric-owner", "--owner=9999999"],
    &["--format=ustar", "--mode=a-w", "--sort=name"],
    &["--format=gnu", "--blocking-factor=1", "--mtime=@-5"],
    &["--format=pax", "--pax-option=comment=hello,globexthdr.name=g", "--xattrs", "--acls", "--selinux"],
    &[
        "--format=pax",
        "--pax-option=exthdr.name=x%n,delete=atime,SCHILY.xattr.user.a:=b",
        "--mtime=2001-01-01 12:00:00.5",
    ],
    &["--format=gnu", "--use-compress-program=gzip -1", "--record-size=1024", "--group=wheel:0"],
    &["--format=gnu", "--use-compress-program=gzip -9 --no-name", "--transform=s,^,./././,;s,^[./]*,,"],
];

/// How many of them one chart is packed in: those that follow each other from its own on.
const WAYS: usize = 2;

#[test]
fn archives_of_real_charts_render_as_their_folders_do() {
    let Some((folder, charts)) = corpus() else { return };
    assert!(charts.len() > 100, "{}", charts.len());
    let packed_ways = AtomicUsize::new(0);
    let check = |(n, chart): (usize, &PathBuf)| {
        let want = rendered(chart);
        let out = folder.path().join(format!("out-{n}"));
        let output = torii(&["package", chart.to_str().unwrap(), "-d", out.to_str().unwrap()]);
        let error = String::from_utf8_lossy(&output.stderr);
        if error.contains("missing in charts/ directory") {
            assert_ne!(want.0, Some(0), "{}", chart.display());
        } else {
            assert!(output.status.success(), "{}: {error}", chart.display());
            let packed = fs::read_dir(&out).unwrap().next().unwrap().unwrap().path();
            assert!(rendered(&packed) == want, "{}: its package differs", chart.display());
        }
        // What .helmignore leaves out is looked at in folders only: so that the archive holds what the package does.
        let list = folder.path().join(format!("list-{n}"));
        fs::write(&list, names_to_pack(chart, &out)).unwrap();
        for way in 0..WAYS {
            let odd = folder.path().join(format!("odd-{n}-{way}.tgz"));
            pack_oddly(chart, &list, FLAGS[(n + way * 3) % FLAGS.len()], &odd);
            assert!(rendered(&odd) == want, "{}: its archive differs", chart.display());
            fs::remove_file(&odd).unwrap();
        }
        packed_ways.fetch_add(WAYS, Ordering::SeqCst);
    };
    let check = &check;
    let charts = &charts;
    std::thread::scope(|scope| {
        for start in 0..2 {
            scope.spawn(move || charts.iter().enumerate().skip(start).step_by(2).for_each(check));
        }
    });
    assert_eq!(packed_ways.load(Ordering::SeqCst), charts.len() * WAYS);
}

/// The names of a chart's files as tar takes them, below the folder that the chart's is in: those of its package, or all,
/// if it has none because its dependencies are missing.
fn names_to_pack(chart: &Path, packages: &Path) -> String {
    let top = chart.file_name().unwrap().to_str().unwrap();
    let package = fs::read_dir(packages).ok().map(|mut entries| entries.next().unwrap().unwrap().path());
    let Some(package) = package else {
        let files = walkdir::WalkDir::new(chart).sort_by_file_name().into_iter().map(Result::unwrap);
        let files = files.filter(|entry| entry.file_type().is_file());
        let name = |path: &Path| path.strip_prefix(chart.parent().unwrap()).unwrap().display().to_string();
        return files.map(|entry| name(entry.path()) + "\n").collect();
    };
    let list = Command::new("tar").arg("-tzf").arg(&package).output().unwrap().stdout;
    let list = String::from_utf8(list).unwrap();
    list.lines().map(|line| format!("{top}/{}\n", line.split_once('/').unwrap().1)).collect()
}

fn pack_oddly(chart: &Path, list: &Path, flags: &[&str], archive: &Path) {
    let compress = if flags.iter().any(|flag| flag.starts_with("--use-compress")) { "-cf" } else { "-czf" };
    let status = Command::new("tar")
        .args(flags)
        .arg(compress)
        .arg(archive)
        .arg("-C")
        .arg(chart.parent().unwrap())
        .args(["--verbatim-files-from", "--no-unquote", "-T"])
        .arg(list)
        .status()
        .unwrap();
    assert!(status.success(), "{flags:?}");
}
