//! Colours, where a person sees them.

use console::Style;
use std::ffi::OsStr;
use std::fmt::Display;
use std::io::IsTerminal;

/// Whether a stream gets colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Palette {
    coloured: bool,
}

/// What a text is, and how it looks where there are colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As any other text.
    Even,
    /// It stands behind the others.
    Quiet,
    /// It is looked for first.
    Strong,
    /// Something went well.
    Good,
    /// Something needed no work, or is there to tell things apart.
    Neutral,
    /// A caller got something wrong, or something may become worse.
    Odd,
    /// Something is broken.
    Bad,
}

impl Palette {
    /// Colours on a terminal that can show them, unless [`NO_COLOR`](https://no-color.org) is set and not empty.
    pub fn of(stream: &impl IsTerminal) -> Self {
        let variable = |name| std::env::var_os(name);
        let coloured = stream.is_terminal() && wanted(variable("NO_COLOR").as_deref());
        Self { coloured: coloured && moves(variable("TERM").as_deref()) }
    }

    /// None at all.
    pub const PLAIN: Self = Self { coloured: false };

    /// All of them.
    pub const COLOURED: Self = Self { coloured: true };

    /// Whether there are any.
    pub const fn is_coloured(self) -> bool {
        self.coloured
    }

    /// The text in this tone.
    pub fn paint(self, tone: Tone, text: impl Display) -> String {
        let style = match tone {
            Tone::Even => return text.to_string(),
            Tone::Quiet => Style::new().dim(),
            Tone::Strong => Style::new().bold(),
            Tone::Good => Style::new().green(),
            Tone::Neutral => Style::new().cyan(),
            Tone::Odd => Style::new().yellow(),
            Tone::Bad => Style::new().red().bold(),
        };
        style.force_styling(self.coloured).apply_to(text).to_string()
    }
}

/// Whether a stream is a terminal on which things can move.
pub fn is_lively(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && moves(std::env::var_os("TERM").as_deref())
}

fn wanted(no_color: Option<&OsStr>) -> bool {
    no_color.is_none_or(OsStr::is_empty)
}

fn moves(term: Option<&OsStr>) -> bool {
    term.is_some_and(|term| term != "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_can_do_without() {
        assert!(wanted(None) && wanted(Some(OsStr::new(""))));
        assert!(!wanted(Some(OsStr::new("1"))) && !wanted(Some(OsStr::new("0"))));
        assert!(moves(Some(OsStr::new("xterm"))) && !moves(Some(OsStr::new("dumb"))) && !moves(None));
    }

    #[test]
    fn a_tone_ends_where_its_text_does() {
        assert_eq!(Palette::COLOURED.paint(Tone::Good, 200), "\u{1b}[32m200\u{1b}[0m");
        assert_eq!(Palette::PLAIN.paint(Tone::Good, 200), "200");
    }
}
