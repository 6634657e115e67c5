//! Tables, for a terminal and for a page.

/// A table whose first columns are words and whose others are numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Titles of the columns.
    pub head: Vec<String>,
    /// How many columns are words.
    pub words: usize,
    /// The cells, as many in each row as there are titles.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub fn new<const N: usize>(words: usize, head: [&str; N]) -> Self {
        Self { head: head.map(str::to_owned).to_vec(), words, rows: Vec::new() }
    }

    /// One more row.
    pub fn push<const N: usize>(&mut self, row: [String; N]) {
        self.rows.push(row.to_vec());
    }

    /// In columns of equal width, words to the left and numbers to the right.
    pub fn text(&self) -> String {
        let widths: Vec<usize> = (0..self.head.len())
            .map(|column| self.lines().map(|line| line[column].chars().count()).max().unwrap_or(0))
            .collect();
        let mut text = String::new();
        for line in self.lines() {
            let cells = line.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| {
                if column < self.words { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
            });
            text += cells.collect::<Vec<_>>().join("  ").trim_end();
            text.push('\n');
        }
        text
    }

    /// As Markdown has it.
    pub fn markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let ruler = (0..self.head.len()).map(|column| if column < self.words { "---|" } else { "---:|" });
        let mut text = line(&self.head) + "|" + &ruler.collect::<String>() + "\n";
        for row in &self.rows {
            text += &line(row);
        }
        text
    }

    fn lines(&self) -> impl Iterator<Item = &Vec<String>> {
        std::iter::once(&self.head).chain(&self.rows)
    }
}

/// A number with as many decimals as leave it three digits, and its thousands set apart: `0.76`, `46.1`, `1,961`.
pub fn number(value: f64) -> String {
    let decimals = match value.abs() {
        small if small < 9.995 => 2,
        middling if middling < 99.95 => 1,
        _ => 0,
    };
    let text = format!("{value:.decimals$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let (sign, digits) = whole.split_at(whole.len() - whole.trim_start_matches('-').len());
    let mut grouped = sign.to_owned();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + rest
}

/// A count that need not be whole: `1`, `1.5`, `0.02`.
pub fn count(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Table {
        let mut table = Table::new(1, ["path", "CPU µs"]);
        table.push(["plain update".to_owned(), "190".to_owned()]);
        table.push(["read".to_owned(), "1,061".to_owned()]);
        table
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        assert_eq!(
            example().text(),
            "path          CPU µs\n\
             plain update     190\n\
             read           1,061\n"
        );
    }

    #[test]
    fn numbers_stand_to_the_right_on_a_page() {
        assert_eq!(
            example().markdown(),
            "| path | CPU µs |\n|---|---:|\n| plain update | 190 |\n| read | 1,061 |\n"
        );
    }

    #[test]
    fn a_number_has_three_digits() {
        let numbers = [0.0, 0.756, 9.996, 46.13, 99.96, 190.4, 1961.2, 1_234_567.0, -1234.5];
        let texts = ["0.00", "0.76", "10.0", "46.1", "100", "190", "1,961", "1,234,567", "-1,234"];
        assert_eq!(numbers.map(number), texts);
        assert_eq!([0.0, 1.0, 1.5, 0.017, 100.0].map(count), ["0", "1", "1.5", "0.02", "100"]);
    }
}
