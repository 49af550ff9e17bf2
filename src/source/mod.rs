//! Where charts come from: a directory, an archive.
