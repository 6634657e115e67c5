//! The zip that a function is deployed as.

use flate2::Compression;
use flate2::write::DeflateEncoder;
use local::failure::{Context, Result};
use std::fs::File;
use std::io;
use std::path::Path;

/// Bytes of a zip's headers beside names: one of each file's own, one in the directory, and the directory's end
/// (APPNOTE 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16).
const LOCAL_HEADER: u64 = 30;
const DIRECTORY_HEADER: u64 = 46;
const END: u64 = 22;

/// Size in bytes of a zip of all files below a directory, deflated at level 6.
///
/// # Errors
/// When a file cannot be read.
pub fn of_directory(directory: &Path) -> Result<u64> {
    Ok(entries(directory, 0)? + END)
}

/// Size in bytes of a zip that holds one file, by the name `name`.
///
/// # Errors
/// When the file cannot be read.
pub fn of_file(path: &Path, name: &str) -> Result<u64> {
    Ok(packed(path, name.len() as u64)? + END)
}

/// `depth`: bytes that the directory's own name has in the names of its files.
fn entries(directory: &Path, depth: u64) -> Result<u64> {
    let mut size = 0;
    for entry in std::fs::read_dir(directory).context(directory.display())? {
        let entry = entry.context(directory.display())?;
        let (path, name) = (entry.path(), depth + entry.file_name().len() as u64);
        size += if path.is_dir() { entries(&path, name + 1)? } else { packed(&path, name)? };
    }
    Ok(size)
}

/// `name`: how many bytes the file's name has.
fn packed(path: &Path, name: u64) -> Result<u64> {
    Ok(LOCAL_HEADER + DIRECTORY_HEADER + 2 * name + deflated(path).context(path.display())?)
}

fn deflated(path: &Path) -> io::Result<u64> {
    let mut encoder = DeflateEncoder::new(Count(0), Compression::new(6));
    io::copy(&mut File::open(path)?, &mut encoder)?;
    Ok(encoder.finish()?.0)
}

/// Keeps nothing of what is written but its length.
struct Count(u64);

impl io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_large_as_zip_makes_it() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("a")).unwrap();
        std::fs::write(directory.path().join("a/b.txt"), "").unwrap();
        // One file of no bytes, which deflates to 2, by the name `a/b.txt`.
        assert_eq!(of_directory(directory.path()), Ok(30 + 46 + 2 * 7 + 2 + 22));
        std::fs::write(directory.path().join("zeros"), vec![0; 100_000]).unwrap();
        let size = of_directory(directory.path()).unwrap();
        assert!((114 + 86 + 90..114 + 86 + 130).contains(&size), "{size}");
    }
}
