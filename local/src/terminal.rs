//! What a running stack shows: to a person rows, coloured where that can be seen, and to a machine JSON lines
//! ([logs](../../docs/logs.md#on-this-machine)).

mod palette;
mod text;

pub use palette::Palette;

use crate::access_log::Answered;
use crate::demo::Example;
use crate::feed::Feed;
use crate::process::Output;
use crate::startup::{Startup, Step};
use crate::stdout::say;
use console::Term;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::{Value as Json, json};
use shared::clock::{Clock, SystemClock};
use std::io::{Write, stderr, stdout};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// Columns of what is no terminal.
const UNLIMITED: usize = usize::MAX;

/// How often the progress bar moves when nothing else moves it.
const TICK: Duration = Duration::from_millis(100);

/// The terminal of a running stack.
#[derive(Clone)]
pub struct Terminal(Arc<Shared>);

struct Shared {
    language: Language,
    /// Of standard error, where all goes that a person reads but for the ready screen.
    palette: Palette,
    is_lively: bool,
    /// There while something is waited for.
    bar: Mutex<Option<ProgressBar>>,
}

/// To whom the stack speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// A person.
    Text,
    /// A machine: each line of standard output is a JSON object.
    Json,
}

/// What there is to do with a stack that is ready.
#[derive(Clone, Debug, Serialize)]
pub struct Ready {
    /// Base URL of the API.
    pub url: String,
    /// The page that shows one profile as each contract sees it.
    pub console: String,
    /// The page about every call.
    pub reference: String,
    /// Requests to try.
    pub examples: Vec<Example>,
}

impl Terminal {
    /// A terminal on which nothing stands yet.
    pub fn new(language: Language) -> Self {
        let (palette, is_lively) = (Palette::of(&stderr()), palette::is_lively(&stderr()));
        Self(Arc::new(Shared { language, palette, is_lively, bar: Mutex::default() }))
    }

    /// Where a start tells how it comes along.
    pub fn startup(&self) -> Startup {
        let terminal = self.clone();
        Startup::new(self.0.palette.is_coloured(), move |step| match terminal.0.language {
            Language::Json => terminal.step_as_json(step),
            Language::Text if terminal.0.is_lively => terminal.step_on_bar(step),
            Language::Text => Startup::default().tell(step),
        })
    }

    /// The start is over, or broken off.
    pub fn started(&self) {
        if let Some(bar) = self.bar().take() {
            bar.finish_and_clear();
        }
    }

    /// Where the lines of functions go.
    pub fn output(&self) -> Output {
        let terminal = self.clone();
        Output::new(move |source, line| match terminal.0.language {
            Language::Json => {
                let line = serde_json::from_str(line).unwrap_or_else(|_| Json::from(line));
                terminal.event("log", json!({"source": source, "line": line}));
            }
            Language::Text => {
                let now = SystemClock.now().rfc3339();
                let row = text::line(source, line, &now, terminal.0.palette);
                row.into_iter().for_each(|row| terminal.write(&row));
            }
        })
    }

    /// Shows that the stack is ready.
    pub fn ready(&self, ready: &Ready) {
        match self.0.language {
            Language::Json => self.event("ready", json!(ready)),
            Language::Text => say(text::ready(ready, Palette::of(&stdout()))),
        }
    }

    /// Shows each answered request, until `ended` is there or cannot come; then those that are left.
    pub async fn follow(self, requests: Feed, mut ended: oneshot::Receiver<()>) {
        let (mut seen, mut more) = (0, true);
        while more {
            tokio::select! {
                () = requests.beyond(seen) => {}
                _ = &mut ended => more = false,
            }
            let (entries, count) = requests.entries(seen);
            entries.into_iter().for_each(|entry| self.request(entry));
            seen = count;
        }
    }

    /// Shows that the stack comes to its end.
    pub fn stopping(&self) {
        match self.0.language {
            Language::Json => self.event("stopping", json!({})),
            Language::Text => self.write("stopping; once more to stop at once"),
        }
    }

    fn request(&self, entry: Json) {
        match (self.0.language, serde_json::from_value::<Answered>(entry.clone())) {
            (Language::Text, Ok(answered)) => {
                self.write(&text::request(&answered, self.columns(), self.0.palette));
            }
            _ => self.event("request", entry),
        }
    }

    fn step_on_bar(&self, step: Step<'_>) {
        match step {
            Step::Building => self.wait_for("building the functions"),
            Step::Starting(functions) => self.wait_for(&format!("starting {functions} functions")),
            Step::Compiling { done, total, units } => {
                if let Some(bar) = &*self.bar() {
                    bar.set_style(style("{spinner} {prefix}  {bar:24}  {pos}/{len}  {elapsed}  {wide_msg}"));
                    bar.set_length(total);
                    bar.set_position(done);
                    bar.set_message(units.to_owned());
                }
            }
            // What it compiles stands there already.
            Step::Status(text) if ["Compiling", "Finished"].iter().any(|verb| text.contains(verb)) => {}
            Step::Status(text) => {
                if let Some(bar) = &*self.bar() {
                    bar.set_message(text.trim().to_owned());
                }
            }
            Step::Diagnostic(text) => self.write(text),
        }
    }

    fn step_as_json(&self, step: Step<'_>) {
        match step {
            Step::Building => self.event("building", json!({})),
            Step::Compiling { done, total, .. } => {
                self.event("building", json!({"done": done, "total": total}));
            }
            Step::Status(_) => {}
            Step::Diagnostic(text) => self.write(text),
            Step::Starting(functions) => self.event("starting", json!({"functions": functions})),
        }
    }

    fn wait_for(&self, what: &str) {
        self.started();
        let bar = ProgressBar::new_spinner().with_prefix(what.to_owned());
        bar.set_style(style("{spinner} {prefix}  {wide_msg}"));
        bar.enable_steady_tick(TICK);
        *self.bar() = Some(bar);
    }

    /// A line of standard output for a machine.
    fn event(&self, event: &str, mut members: Json) {
        members["event"] = event.into();
        say(members);
    }

    /// A line of standard error for a person. Nobody is told when it cannot be written.
    fn write(&self, line: &str) {
        let write = || {
            let _ = writeln!(stderr(), "{line}");
        };
        match &*self.bar() {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    fn columns(&self) -> usize {
        if self.0.is_lively { Term::stderr().size().1.into() } else { UNLIMITED }
    }

    fn bar(&self) -> MutexGuard<'_, Option<ProgressBar>> {
        self.0.bar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn style(template: &str) -> ProgressStyle {
    // The templates are this file's own.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}
