//! What a person reads: a row for a request, a row for anything else that a function writes, and the screen of a stack that
//! is ready.

use super::palette::{Palette, Tone};
use crate::access_log::Answered;
use crate::terminal::Ready;
use serde_json::{Map, Value as Json};
use std::fmt::Write;

/// Columns from which a row shows units of capacity, too, and has wider gaps.
const WIDE: usize = 100;

/// Columns below which a row shows neither its time nor what became of the request.
const NARROW: usize = 72;

/// Members of a function's line that its row does not show: those that have a place of their own, and those that are the same
/// in all rows.
const ELSEWHERE: [&str; 8] =
    ["timestamp", "level", "message", "Function", "Stack", "ColdStarts", "xray_trace_id", "_aws"];

/// The row for a request, on a terminal of this many columns.
pub fn request(answered: &Answered, columns: usize, palette: Palette) -> String {
    let tone = match answered.status {
        200..300 => Tone::Good,
        300..400 => Tone::Neutral,
        400..500 => Tone::Odd,
        _ => Tone::Bad,
    };
    let mut row = String::new();
    let mut cell = |tone: Tone, text: String| {
        let gap = match (row.is_empty(), columns >= WIDE) {
            (true, _) => "",
            (false, true) => "  ",
            (false, false) => " ",
        };
        row.push_str(gap);
        row.push_str(&palette.paint(tone, text));
    };
    if columns >= NARROW {
        cell(Tone::Quiet, time_of_day(&answered.time).to_owned());
    }
    cell(tone, answered.status.to_string());
    cell(Tone::Even, format!("{:>6}", format!("{} ms", answered.ms)));
    cell(Tone::Quiet, calls(answered, columns >= WIDE));
    cell(Tone::Neutral, format!("{:11}", answered.contract.as_deref().unwrap_or("-")));
    cell(Tone::Strong, answered.route.clone());
    // No outcome: the function wrote none, or there was none.
    let unheard = answered.function.as_deref().map(|function| format!("{function} wrote no line"));
    if let Some(end) = answered.outcome.clone().or(unheard).filter(|_| columns >= NARROW) {
        cell(Tone::Quiet, end);
    }
    row
}

/// Calls to DynamoDB and their units, always of the same width.
fn calls(answered: &Answered, units: bool) -> String {
    let calls = match answered.dynamodb_calls {
        Some(1) => "1 call".to_owned(),
        Some(calls) => format!("{calls} calls"),
        None => "-".to_owned(),
    };
    if !units {
        return format!("{calls:8}");
    }
    let units = match (&answered.read_units, &answered.write_units) {
        (Some(read), Some(write)) => format!("{read} read {write} written"),
        _ => String::new(),
    };
    format!("{calls:8}{units:<20}")
}

/// The row for a line that a process wrote; `None` for one about a request, which has its row. `now` is the time of a line
/// that tells none, in RFC 3339.
pub fn line(source: &str, line: &str, now: &str, palette: Palette) -> Option<String> {
    let Ok(Json::Object(members)) = serde_json::from_str(line) else {
        let (time, source) =
            (palette.paint(Tone::Quiet, time_of_day(now)), palette.paint(Tone::Strong, source));
        return Some(format!("{time}  {source}  {}", printable(line)));
    };
    let text = |name| members.get(name).and_then(Json::as_str).unwrap_or_default();
    if text("message") == "request" {
        return None;
    }
    let level = match text("level") {
        level @ "ERROR" => palette.paint(Tone::Bad, level),
        level @ "WARN" => palette.paint(Tone::Odd, level),
        // The usual case needs no word.
        _ => String::new(),
    };
    let time = palette.paint(Tone::Quiet, printable(time_of_day(text("timestamp"))));
    let cells = [
        time,
        level,
        palette.paint(Tone::Strong, source),
        printable(text("message")),
        details(&members, palette),
    ];
    Some(cells.into_iter().filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join("  "))
}

/// Whatever else a line says: name and value, no counts of nothing.
fn details(members: &Map<String, Json>, palette: Palette) -> String {
    let shown = members.iter().filter(|(name, value)| {
        !ELSEWHERE.contains(&name.as_str()) && value.as_u64() != Some(0) && !value.is_null()
    });
    let shown = shown.map(|(name, value)| match value {
        Json::String(text) => format!("{name}={text}"),
        value => format!("{name}={value}"),
    });
    let shown = printable(&shown.collect::<Vec<_>>().join(" "));
    if shown.is_empty() { shown } else { palette.paint(Tone::Quiet, shown) }
}

/// The screen of a stack that is ready. Its first word is for scripts.
pub fn ready(ready: &Ready, palette: Palette) -> String {
    let mut screen =
        format!("{} {}\n\n", palette.paint(Tone::Good, "ready"), palette.paint(Tone::Strong, &ready.url));
    for (name, value, about) in [
        ("Console", &*ready.console, "one profile, five contracts"),
        ("Reference", &ready.reference, "every call, to read and try"),
        ("Stop", "Ctrl-C", ""),
    ] {
        let row = format!("  {name:9}  {value:30}  {}", palette.paint(Tone::Quiet, about));
        // Nothing can go wrong when a string is written to.
        let _ = writeln!(screen, "{}", row.trim_end());
    }
    let _ = writeln!(screen, "\nOr from a second terminal:");
    for example in &ready.examples {
        let title = palette.paint(Tone::Quiet, format!("# {}", example.title));
        let _ = writeln!(screen, "\n{title}\n{}", example.command);
    }
    screen
}

/// `17:02:11` of a time in RFC 3339.
fn time_of_day(time: &str) -> &str {
    time.get(11..19).unwrap_or("--:--:--")
}

/// The text with nothing in it that a terminal obeys.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answered() -> Answered {
        serde_json::from_value(json!({
            "id": "JKJaXmPLvHcESHA=", "time": "2026-11-21T17:02:11.501Z", "route": "PUT /profiles/{user_id}",
            "contract": "contract", "function": "put-profile", "status": 200, "outcome": "updated", "ms": 12,
            "dynamodb_calls": 1, "read_units": 0, "write_units": 1.5,
        }))
        .unwrap()
    }

    #[test]
    fn a_row_is_as_wide_as_its_terminal_lets_it() {
        let row = |columns| request(&answered(), columns, Palette::PLAIN);
        let units = "0 read 1.5 written    contract     PUT /profiles/{user_id}  updated";
        assert_eq!(row(120), format!("17:02:11  200   12 ms  1 call  {units}"));
        let rest = "contract    PUT /profiles/{user_id} updated";
        assert_eq!(row(80), format!("17:02:11 200  12 ms 1 call   {rest}"));
        for columns in [60, 71] {
            assert_eq!(row(columns), "200  12 ms 1 call   contract    PUT /profiles/{user_id}");
        }
    }

    #[test]
    fn a_request_without_a_line_says_so() {
        let mut answered = Answered { status: 500, contract: None, outcome: None, ..answered() };
        answered.dynamodb_calls = None;
        let expected = "17:02:11 500  12 ms -        -           PUT /profiles/{user_id}";
        let row = |answered: &Answered| request(answered, 80, Palette::PLAIN);
        assert_eq!(row(&answered), format!("{expected} put-profile wrote no line"));
        answered.function = None;
        assert_eq!(row(&answered), expected);
    }

    #[test]
    fn a_status_is_coloured_by_its_class() {
        for (status, colour) in [(200, "[32m"), (304, "[36m"), (412, "[33m"), (500, "[31m\u{1b}[1m")] {
            let row = request(&Answered { status, ..answered() }, 80, Palette::COLOURED);
            assert!(row.contains(&format!("\u{1b}{colour}{status}\u{1b}[0m")), "{row:?}");
        }
    }

    #[test]
    fn other_lines_are_made_short() {
        let now = "2026-11-21T17:02:12.000Z";
        let row = |text: &str| line("put-profile", text, now, Palette::PLAIN);
        assert_eq!(row(r#"{"message":"request","status":200}"#), None);
        let batch = r#"{"timestamp":"2026-11-21T17:02:11.501Z","level":"INFO","message":"batch","Records":2,"GivenUp":0}"#;
        assert_eq!(row(batch).as_deref(), Some("17:02:11  put-profile  batch  Records=2"));
        let panic = r#"{"timestamp":"2026-11-21T17:02:11.501Z","level":"ERROR","message":"panic","place":"a.rs:1:2"}"#;
        assert_eq!(row(panic).as_deref(), Some("17:02:11  ERROR  put-profile  panic  place=a.rs:1:2"));
        assert_eq!(row("x\u{1b}[31m").as_deref(), Some("17:02:12  put-profile  x\u{fffd}[31m"));
        // A CSI in each place that a line has.
        let csi = json!({"message": "\u{9b}m", "n\u{9b}": "\u{9b}s", "o": {"\u{9b}k": ["\u{9b}v"]}});
        let shown = "--:--:--  put-profile  \u{fffd}m  n\u{fffd}=\u{fffd}s o={\"\u{fffd}k\":[\"\u{fffd}v\"]}";
        assert_eq!(row(&csi.to_string()).as_deref(), Some(shown));
    }
}
