//! Charts into archives that come out the same, byte for byte, wherever and whenever they are made.

use std::io::{self, Write};

use flate2::{Compression, GzBuilder};

use super::super::File;
use super::quote;
use crate::diagnostic::{Error, Result};

/// The time of every file: the first that all formats can hold, 1980-01-01T00:00:00Z.
const TIME: u64 = 315_532_800;

/// Bytes of a name in a header; longer ones are split, or go into an extended header.
const NAME: usize = 100;
const PREFIX: usize = 155;

/// Packs files below a folder, sorted by name: a gzipped tar (POSIX, with extended headers where names are long).
///
/// # Errors
/// For names that the format, or Helm's reader, would take for others.
pub fn pack(folder: &str, files: &[File]) -> Result<Vec<u8>> {
    let mut sorted: Vec<&File> = files.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    let mut out = GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::best());
    for file in sorted {
        let name = format!("{folder}/{}", file.name);
        if name.contains(['\\', '\0']) {
            return Err(Error::new(format!("an archive can't hold a file of this name: {}", quote(&name))));
        }
        add(&mut out, &name, file.data.as_bytes()).map_err(|e| failed(&e))?;
    }
    out.write_all(&[0; 1024]).and_then(|()| out.finish()).map_err(|e| failed(&e))
}

fn failed(error: &io::Error) -> Error {
    Error::new(format!("packing the chart: {error}"))
}

fn add(out: &mut impl Write, name: &str, data: &[u8]) -> io::Result<()> {
    let (prefix, short) = match split(name) {
        Some(parts) => parts,
        None => {
            let record = extended("path", name);
            entry(out, "", "PaxHeaders/name", b'x', record.as_bytes())?;
            // Readers that know no extended headers see the end of the name, which tells files apart best.
            ("", name.get(name.len().saturating_sub(NAME)..).unwrap_or("name"))
        }
    };
    entry(out, prefix, short, b'0', data)
}

/// Splits a name at a slash so that both parts fit into a header.
fn split(name: &str) -> Option<(&str, &str)> {
    if !name.is_ascii() {
        return None;
    }
    if name.len() <= NAME {
        return Some(("", name));
    }
    let at = name.match_indices('/').map(|(at, _)| at).find(|at| name.len() - at - 1 <= NAME)?;
    (at <= PREFIX && at > 0 && at + 1 < name.len()).then(|| (&name[..at], &name[at + 1..]))
}

/// A record of an extended header, which begins with its own length.
fn extended(key: &str, value: &str) -> String {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while rest + length.to_string().len() != length {
        length = rest + length.to_string().len();
    }
    format!("{length} {key}={value}\n")
}

fn entry(out: &mut impl Write, prefix: &str, name: &str, letter: u8, data: &[u8]) -> io::Result<()> {
    let mut block = [0u8; 512];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, name.as_bytes());
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{:011o}\0", data.len()).as_bytes());
    put(136, format!("{TIME:011o}\0").as_bytes());
    put(148, b"        ");
    put(156, &[letter]);
    put(257, b"ustar\x0000");
    put(329, b"0000000\0");
    put(337, b"0000000\0");
    put(345, prefix.as_bytes());
    let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    out.write_all(&block)?;
    out.write_all(data)?;
    let padding = data.len().next_multiple_of(512) - data.len();
    out.write_all(&[0; 512][..padding])
}

#[cfg(test)]
mod tests {
    use super::super::super::Budget;
    use super::super::unpack;
    use super::*;
    use crate::limits::Limits;

    #[test]
    fn names_of_every_length_come_back() {
        let names = [
            "a".to_string(),
            "d/".repeat(60) + "x",
            "y".repeat(99),
            "é/ü".to_string(),
            format!("{}/{}", "p".repeat(150), "n".repeat(100)),
            format!("{}/{}", "q".repeat(160), "n".repeat(100)),
            "é".repeat(300),
        ];
        let files: Vec<File> =
            names.iter().map(|n| File { name: n.as_str().into(), data: n.as_str().into() }).collect();
        let packed = pack("chart", &files).unwrap();
        let back = unpack(&packed, &mut Budget::new(&Limits::default())).unwrap();
        let mut want: Vec<&str> = names.iter().map(String::as_str).collect();
        want.sort_unstable();
        assert_eq!(back.iter().map(|f| &*f.name).collect::<Vec<_>>(), want);
        assert!(back.iter().all(|f| f.data == *f.name));
    }

    #[test]
    fn the_order_of_files_does_not_matter() {
        let file = |name: &str| File { name: name.into(), data: "x".into() };
        assert_eq!(pack("c", &[file("a"), file("b")]).unwrap(), pack("c", &[file("b"), file("a")]).unwrap());
    }

    #[test]
    fn a_name_that_helm_would_take_for_another_is_refused() {
        let file = File { name: "a\\b".into(), data: "".into() };
        assert!(pack("c", &[file]).unwrap_err().message().contains("can't hold a file of this name"));
    }
}
