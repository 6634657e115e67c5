//! How large a program is where it is deployed.

use crate::zip;
use local::failure::{Context, Result};
use std::path::Path;

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
    let binary = std::fs::metadata(path).context(path.display())?.len();
    Ok(Size { binary, zip: zip::of_file(path, "bootstrap")? })
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
        assert!((116..1000).contains(&size.zip), "{size:?}");
    }
}
