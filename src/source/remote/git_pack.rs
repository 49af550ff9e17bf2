//! A pack as a git server sends it, looked through before anything is made of it.
//!
//! Most objects of a pack are stored as changes to others. A few bytes of change can make much of little, again and again,
//! so what a pack takes is seen neither by its size nor by that of any one object.

use flate2::{Decompress, FlushDecompress, Status};
use gix::hash::Kind;
use gix_pack::data::entry::Header;
use gix_pack::data::{self, Entry};

use crate::diagnostic::{Error, Result};

/// Changes upon changes: git itself makes no more.
const DEPTH: u64 = 4095;

/// Bytes that an object takes beside its contents, in what is kept to find it.
const OBJECT: u64 = 128;

/// Bytes of a change that say how large its base and its result are: two numbers of ten bytes at most.
const HEAD: usize = 20;

/// Looks through a pack: all objects in it, each made whole, may have so many bytes.
///
/// # Errors
/// When they have more, when changes are upon changes too often, and when it is no pack.
pub(super) fn check(pack: &[u8], most: u64) -> Result<()> {
    let (head, _) = pack.split_first_chunk::<{ data::header::SIZE }>().ok_or_else(broken)?;
    let (_, count) = data::header::decode(head).map_err(|_| broken())?;
    let too_large = || {
        Error::new(format!("the objects of its pack have more than {most} bytes"))
            .hint("--limit chart-bytes=NUMBER allows more: eight times as many")
    };
    let mut left = most;
    let mut inflater = (Decompress::new(true), vec![0; 32 << 10]);
    let mut offset = head.len() as u64;
    // Where each object begins, in order, and how many changes it is.
    let mut objects: Vec<(u64, u64)> = Vec::new();
    let (mut deepest, mut by_name) = (0, 0u64);
    for _ in 0..count {
        let rest = usize::try_from(offset).ok().and_then(|at| pack.get(at..)).ok_or_else(broken)?;
        let entry = Entry::from_bytes(rest, offset, Kind::Sha1).map_err(|_| broken())?;
        let size = entry.decompressed_size.saturating_add(OBJECT);
        left = left.checked_sub(size).ok_or_else(too_large)?;
        let body = rest.get(entry.header_size()..).ok_or_else(broken)?;
        let (length, start) = inflate(body, entry.decompressed_size, &mut inflater).ok_or_else(broken)?;
        let depth = match entry.header {
            Header::OfsDelta { base_distance } => {
                let base = Header::verified_base_pack_offset(offset, base_distance);
                let found = base.and_then(|base| objects.binary_search_by_key(&base, |(at, _)| *at).ok());
                found.and_then(|at| objects.get(at)).map(|(_, depth)| depth + 1).ok_or_else(broken)?
            }
            Header::RefDelta { .. } => {
                by_name += 1;
                0
            }
            _ => 0,
        };
        if entry.header.is_delta() {
            left = left.checked_sub(result(&start).ok_or_else(broken)?).ok_or_else(too_large)?;
        }
        deepest = deepest.max(depth);
        // What a base is that is named, and not pointed to, is known late. At worst, one of them follows the other.
        if (deepest + 1).saturating_mul(by_name + 1) > DEPTH + 1 {
            return Err(Error::new(format!("its pack has more than {DEPTH} changes upon each other")));
        }
        objects.push((offset, depth));
        offset = offset.saturating_add((entry.header_size() as u64).saturating_add(length));
    }
    Ok(())
}

fn broken() -> Error {
    Error::new("its pack can't be read")
}

/// Inflates what must have so many bytes. Gives how many bytes it had before, and the first of those it has then.
fn inflate(data: &[u8], size: u64, inflater: &mut (Decompress, Vec<u8>)) -> Option<(u64, Vec<u8>)> {
    let (inflate, out) = inflater;
    inflate.reset(true);
    let mut start = Vec::new();
    loop {
        let (read, written) = (inflate.total_in(), inflate.total_out());
        let rest = data.get(usize::try_from(read).ok()?..)?;
        let status = inflate.decompress(rest, out, FlushDecompress::None).ok()?;
        let new = usize::try_from(inflate.total_out() - written).ok()?;
        if start.len() < HEAD {
            start.extend_from_slice(out.get(..new.min(HEAD))?);
        }
        if inflate.total_out() > size {
            return None;
        }
        if status == Status::StreamEnd {
            return (inflate.total_out() == size).then(|| (inflate.total_in(), start));
        }
        if inflate.total_in() == read && new == 0 {
            return None;
        }
    }
}

/// How many bytes a change makes: the second of the two numbers that it begins with.
fn result(start: &[u8]) -> Option<u64> {
    let mut bytes = start.iter();
    let mut number = || {
        let (mut value, mut shift) = (0u64, 0u32);
        for byte in bytes.by_ref() {
            let bits = u64::from(byte & 0x7F);
            value |= bits.checked_shl(shift).filter(|shifted| shifted >> shift == bits)?;
            if byte & 0x80 == 0 {
                return Some(value);
            }
            shift += 7;
        }
        None
    };
    number()?;
    number()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::*;

    /// A pack of objects: the kind of each, its base (how far before it), and its contents. Changes are `1 1 …`: of a
    /// byte they make as many as said.
    fn pack(objects: &[(u8, Option<u64>, Vec<u8>)]) -> Vec<u8> {
        let mut pack = b"PACK\0\0\0\x02".to_vec();
        pack.extend_from_slice(&(objects.len() as u32).to_be_bytes());
        let mut starts = Vec::new();
        for (kind, base, contents) in objects {
            starts.push(pack.len() as u64);
            let mut size = contents.len();
            let mut byte = (kind << 4) | (size & 15) as u8;
            size >>= 4;
            while size > 0 {
                pack.push(byte | 0x80);
                byte = (size & 0x7F) as u8;
                size >>= 7;
            }
            pack.push(byte);
            if let Some(base) = base {
                let before = starts[starts.len() - 1 - *base as usize];
                let mut distance = starts[starts.len() - 1] - before;
                let mut bytes = vec![(distance & 0x7F) as u8];
                while distance > 0x7F {
                    distance = (distance >> 7) - 1;
                    bytes.insert(0, (distance & 0x7F) as u8 | 0x80);
                }
                pack.extend_from_slice(&bytes);
            }
            if *kind == 7 {
                pack.extend_from_slice(&[7; 20]);
            }
            let mut out = ZlibEncoder::new(Vec::new(), Compression::fast());
            out.write_all(contents).unwrap();
            pack.extend_from_slice(&out.finish().unwrap());
        }
        pack
    }

    fn refusal(pack: &[u8], most: u64) -> String {
        check(pack, most).unwrap_err().message().to_string()
    }

    #[test]
    fn what_changes_make_counts() {
        let blob = (3, None, vec![b'x'; 1000]);
        // Of a thousand bytes, 0x8000 + 0x80 * 1 + … make whatever the second number says.
        let change = (6, Some(1), vec![0xE8, 7, 0x80, 0x80, 0x40, 0x80]);
        let all = pack(&[blob.clone(), change.clone()]);
        let size = 1000 + 6 + (1 << 20) + 2 * OBJECT;
        check(&all, size).unwrap();
        assert_eq!(
            refusal(&all, size - 1),
            format!("the objects of its pack have more than {} bytes", size - 1)
        );
        check(&pack(std::slice::from_ref(&blob)), 1000 + OBJECT).unwrap();
        // Many small ones take what they take, too.
        let many = pack(&vec![(3, None, Vec::new()); 1000]);
        assert!(refusal(&many, 1000 * OBJECT - 1).starts_with("the objects of its pack"));
        // A size that no number holds.
        let huge = (6, Some(1), [vec![1], vec![0xFF; 10], vec![1]].concat());
        assert_eq!(refusal(&pack(&[blob, huge]), u64::MAX), "its pack can't be read");
    }

    #[test]
    fn changes_upon_changes_have_a_bound() {
        let chain = |length: usize, kind: u8| {
            let change = (kind, (kind == 6).then_some(1), vec![1, 1, 0x90, 1]);
            let mut objects = vec![(3, None, vec![b'x'])];
            objects.extend(vec![change; length]);
            pack(&objects)
        };
        for kind in [6, 7] {
            check(&chain(4095, kind), u64::MAX).unwrap();
            assert!(refusal(&chain(4096, kind), u64::MAX).contains("4095 changes"), "{kind}");
        }
    }

    #[test]
    fn what_is_no_pack_is_refused() {
        let whole = pack(&[(3, None, vec![b'x'; 1000])]);
        for length in 0..whole.len() {
            assert_eq!(refusal(&whole[..length], u64::MAX), "its pack can't be read", "{length}");
        }
        let mut longer = whole.clone();
        longer[13] += 1;
        assert_eq!(refusal(&longer, u64::MAX), "its pack can't be read");
        let before_it = pack(&[(6, Some(0), vec![1, 1, 0x90, 1])]);
        assert_eq!(refusal(&before_it, u64::MAX), "its pack can't be read");
    }
}
