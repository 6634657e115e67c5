//! The pages that show figures: what stands between their markers, and the drawings beside them.
//!
//! A marker is `<!-- measured: NAME -->`; what follows, up to `<!-- end -->`, is written by the benchmark.

use crate::figures::Figures;
use crate::plots;
use crate::table::Table;
use crate::tables;
use local::binaries::workspace;
use local::failure::{Context, Failure, Result};
use std::path::{Path, PathBuf};

const END: &str = "<!-- end -->";

/// The figures' own file.
pub fn figures_path() -> PathBuf {
    workspace().join("docs/performance.json")
}

/// Each file that shows figures, and what it holds when it shows these. `None`: it must not be there.
///
/// # Errors
/// When a page cannot be read, or has other markers than there are tables.
pub fn files(figures: &Figures) -> Result<Vec<(PathBuf, Option<String>)>> {
    let mut files = Vec::new();
    let tables = tables::all(figures);
    let tables: Vec<_> = tables.into_iter().map(|named| (named.marker, named.table)).collect();
    let readme = [("headline", tables::headline(figures))];
    for (name, tables) in [("docs/performance.md", &tables[..]), ("README.md", &readme)] {
        let path = workspace().join(name);
        let text = std::fs::read_to_string(&path).context(name)?;
        files.push((path, Some(filled(&text, tables).context(name)?)));
    }
    for (name, drawing) in plots::all(figures) {
        files.push((workspace().join("docs/performance").join(name), drawing));
    }
    Ok(files)
}

/// Writes them.
///
/// # Errors
/// As [`files`], and when one cannot be written.
pub fn redraw(figures: &Figures) -> Result<()> {
    for (path, text) in files(figures)? {
        match text {
            Some(text) => {
                std::fs::create_dir_all(path.parent().unwrap_or(Path::new(""))).context(path.display())?;
                std::fs::write(&path, text).context(path.display())?;
            }
            None if path.exists() => std::fs::remove_file(&path).context(path.display())?,
            None => {}
        }
    }
    Ok(())
}

/// The page with these tables between its markers: each in one place.
fn filled(page: &str, tables: &[(&str, Option<Table>)]) -> Result<String> {
    let mut page = page.to_owned();
    for (name, table) in tables {
        let marker = format!("<!-- measured: {name} -->\n");
        let missing = || Failure::new(format!("no place for the figures: {}", marker.trim_end()));
        let (before, rest) = page.split_once(&marker).ok_or_else(missing)?;
        let (_, after) = rest.split_once(END).ok_or_else(missing)?;
        let table = table.as_ref().map_or("Not measured yet.\n".to_owned(), Table::markdown);
        page = format!("{before}{marker}\n{table}\n{END}{after}");
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(1, ["a", "b"]);
        table.push(["c".to_owned(), "1".to_owned()]);
        table
    }

    #[test]
    fn only_what_stands_between_markers_changes() {
        let page =
            "x\n<!-- measured: one -->\nold\n<!-- end -->\ny\n<!-- measured: two -->\n<!-- end -->\nz\n";
        let tables = [("one", Some(table())), ("two", None)];
        let filled_once = filled(page, &tables).unwrap();
        assert_eq!(
            filled_once,
            "x\n<!-- measured: one -->\n\n| a | b |\n|---|---:|\n| c | 1 |\n\n<!-- end -->\ny\n\
             <!-- measured: two -->\n\nNot measured yet.\n\n<!-- end -->\nz\n"
        );
        assert_eq!(filled(&filled_once, &tables).unwrap(), filled_once);
    }

    #[test]
    fn a_table_without_a_place_is_told() {
        let failure = filled("no markers\n", &[("one", None)]).unwrap_err().to_string();
        assert_eq!(failure, "no place for the figures: <!-- measured: one -->");
    }

    /// `cargo run -p bench -- --redraw` mends it.
    #[test]
    fn pages_and_drawings_show_what_was_measured() {
        for (path, text) in files(&Figures::read(&figures_path()).unwrap()).unwrap() {
            assert!(std::fs::read_to_string(&path).ok() == text, "{} is not up to date", path.display());
        }
    }
}
