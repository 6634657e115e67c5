//! Files that are compiled in.

/// Names and contents of files in a folder of the repository, which is named from `local/` on.
macro_rules! files {
    ($folder:literal: $($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $folder, "/", $name)))),+]
    };
}

pub(crate) use files;
