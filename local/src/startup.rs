//! How a start comes along, for whoever waits for it.

use std::sync::Arc;

/// A step of a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// The functions are being built.
    Building,
    /// cargo has done so many of all its units, and works on these.
    Compiling {
        /// Units that are done.
        done: u64,
        /// All units.
        total: u64,
        /// Names of those that are worked on.
        units: &'a str,
    },
    /// What cargo does, in a line of its own words.
    Status(&'a str),
    /// What cargo or the compiler complains of: one or more whole lines.
    Diagnostic(&'a str),
    /// So many functions are being started.
    Starting(usize),
}

/// Where a start tells how it comes along.
#[derive(Clone)]
pub struct Startup {
    coloured: bool,
    tell: Arc<Tell>,
}

type Tell = dyn Fn(Step<'_>) + Send + Sync;

impl Startup {
    /// To this function, which is called from any thread. `coloured`: whether diagnostics may have colours.
    pub fn new(coloured: bool, tell: impl Fn(Step<'_>) + Send + Sync + 'static) -> Self {
        Self { coloured, tell: Arc::new(tell) }
    }

    /// Tells of a step.
    pub fn tell(&self, step: Step<'_>) {
        (self.tell)(step);
    }

    pub(crate) const fn coloured(&self) -> bool {
        self.coloured
    }
}

/// In plain lines on standard error.
impl Default for Startup {
    fn default() -> Self {
        Self::new(false, |step| match step {
            Step::Building => eprintln!("building the functions"),
            Step::Compiling { .. } => {}
            Step::Status(text) | Step::Diagnostic(text) => eprintln!("{text}"),
            Step::Starting(functions) => eprintln!("starting {functions} functions"),
        })
    }
}

impl std::fmt::Debug for Startup {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Startup")
    }
}
