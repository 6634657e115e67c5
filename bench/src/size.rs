//! How large a program is where it is deployed.

use flate2::Compression;
use flate2::write::DeflateEncoder;
use local::failure::{Context, Result};
use std::io::Write;
use std::path::Path;

/// What a zip archive needs for its one entry beside the entry's data: local header, central directory, end record, and the
/// name twice.
const ZIP_RECORDS: u64 = 30 + 46 + 22 + 2 * "bootstrap".len() as u64;

/// Bytes of a program, and of the zip archive that holds it alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    /// The program.
    pub binary: u64,
    /// The archive, deflated at level 6.
    pub zip: u64,
}

/// Sizes of the program at `path`.
///
/// # Errors
/// When it cannot be read.
pub fn of(path: &Path) -> Result<Size> {
    let program = std::fs::read(path).context(path.display())?;
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(&program).context(path.display())?;
    let deflated = encoder.finish().context(path.display())?;
    Ok(Size { binary: program.len() as u64, zip: deflated.len() as u64 + ZIP_RECORDS })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_repeats_itself_becomes_small() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("program");
        std::fs::write(&path, [7; 100_000]).unwrap();
        let size = of(&path).unwrap();
        assert_eq!(size.binary, 100_000);
        assert!((ZIP_RECORDS..1000).contains(&size.zip), "{size:?}");
    }
}
