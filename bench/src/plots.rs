//! The drawings of docs/performance.md, from the figures.

mod chart;

use crate::bars::UPDATE_LIMIT;
use crate::figures::{Concurrency, Figures, Functions, Row, Scale};
use crate::svg::{Anchor, Drawing};
use crate::table::number;
use chart::{Panel, Series};
use std::collections::BTreeSet;

/// How wide each drawing is, in pixels.
const WIDTH: f64 = 800.0;

/// Name of the file and drawing; `None` where its figures are missing.
pub fn all(figures: &Figures) -> [(&'static str, Option<String>); 4] {
    let functions = figures.functions.as_ref().map(|part| &part.figures);
    [
        ("peers.svg", functions.and_then(peers)),
        ("paths.svg", functions.and_then(paths)),
        ("scale.svg", figures.scale.as_ref().map(|part| scale(&part.figures))),
        ("concurrency.svg", figures.concurrency.as_ref().map(|part| concurrency(&part.figures))),
    ]
}

/// A bar beside its name, or words where there is none.
struct Bar {
    name: String,
    class: &'static str,
    value: Result<(f64, String), String>,
}

/// The floor, ours and the peers, in what they are compared by.
fn peers(functions: &Functions) -> Option<String> {
    type Figure = fn(&Row) -> f64;
    let panels: [(&str, &str, Figure); 3] = [
        ("Processor time of a start", "ms", |row| row.init_cpu_us / 1e3),
        ("Processor time of a warm request", "µs", |row| row.warm_cpu_us),
        ("Peak memory", "MB", |row| row.memory_bytes / 1e6),
    ];
    let ours = functions.plain()?;
    let mut drawing = Drawing::new(
        "The floor, this service and what people would use instead",
        "Three groups of bars: processor time of a start, processor time of a warm request, peak memory. The numbers are in \
         the table beside.",
        WIDTH,
    );
    let mut y = 0.0;
    for (title, unit, figure) in panels {
        let told = |row: &Row, base: Option<(&Row, &str)>| {
            let value = format!("{} {unit}", number(figure(row)));
            let ratio =
                base.map(|(base, name)| format!(" · {} × {name}", number(figure(row) / figure(base))));
            Ok((figure(row), value + &ratio.unwrap_or_default()))
        };
        let bar = |name: &str, class, value| Bar { name: name.to_owned(), class, value };
        let mut bars = vec![
            bar("the floor", "floor", told(&functions.floor, None)),
            bar("this service", "ours", told(ours, Some((&functions.floor, "the floor")))),
        ];
        for peer in &functions.peers {
            let value = match &peer.row {
                Some(row) => told(row, Some((ours, "ours"))),
                None => Err("not measured".to_owned()),
            };
            bars.push(bar(&peer.name, "other", value));
        }
        y += 20.0;
        drawing.text((0.0, y), Anchor::Start, "title", title);
        let longest = bars.iter().filter_map(|bar| bar.value.as_ref().ok()).map(|(value, _)| *value);
        y = draw_bars(&mut drawing, y + 10.0, (150.0, 20.0), longest.fold(0.0, f64::max), &bars);
    }
    Some(drawing.finish(y))
}

/// Every path's warm processor time beside the plain update's.
fn paths(functions: &Functions) -> Option<String> {
    let plain = functions.plain()?;
    let limit = UPDATE_LIMIT * plain.warm_cpu_us;
    // Hashing and large batches would leave all else too short to be read: their bars are cut off.
    let shown = functions.rows.iter().map(|row| row.warm_cpu_us).filter(|cpu| *cpu <= 1.4 * limit);
    let longest = shown.fold(1.05 * limit, f64::max);
    let bars: Vec<Bar> = functions
        .rows
        .iter()
        .map(|row| {
            let cut = if row.warm_cpu_us > longest { " (cut off)" } else { "" };
            Bar {
                name: format!("{}, {}", row.function, row.path),
                class: if row == plain {
                    "ours"
                } else if row.is_update() {
                    "other"
                } else {
                    "floor"
                },
                value: Ok((row.warm_cpu_us.min(longest), format!("{} µs{cut}", number(row.warm_cpu_us)))),
            }
        })
        .collect();
    let mut drawing = Drawing::new(
        "Processor time of a warm request, each function and path",
        "A bar for each function and path, and a line at three times the plain update. The numbers are in the table beside.",
        WIDTH,
    );
    drawing.text((0.0, 16.0), Anchor::Start, "title", "Processor time of a warm request");
    let (left, top) = (330.0, 42.0);
    let scale = (WIDTH - left - VALUE_WIDTH) / longest;
    let x = left + limit * scale;
    drawing.text((x, top - 8.0), Anchor::Middle, "limit", "3 × the plain update");
    // Before the bars, so that it stands behind them.
    drawing.line((x, top - 4.0), (x, top + BAR_PITCH * bars.len() as f64), "limit");
    let end = draw_bars(&mut drawing, top, (left, BAR_PITCH - GAP), longest, &bars);
    for (x, class, words) in
        [(0.0, "ours", "plain update"), (110.0, "other", "other updates"), (230.0, "floor", "all else")]
    {
        drawing.bar((x, 26.0), (10.0, 10.0), class);
        drawing.text((x + 15.0, 35.0), Anchor::Start, "soft", words);
    }
    Some(drawing.finish(end))
}

/// From a path's bar to the next, in pixels.
const BAR_PITCH: f64 = 19.0;

/// Between two bars.
const GAP: f64 = 5.0;

/// Room for the words behind the longest bar.
const VALUE_WIDTH: f64 = 150.0;

/// Bars below each other from `top` on, with room for their names to the left and `height` each; where they end.
fn draw_bars(drawing: &mut Drawing, top: f64, (left, height): (f64, f64), longest: f64, bars: &[Bar]) -> f64 {
    let scale = (WIDTH - left - VALUE_WIDTH) / longest;
    let mut y = top;
    for bar in bars {
        let line = y + height / 2.0 + 4.0;
        drawing.text((left - 8.0, line), Anchor::End, "name", &bar.name);
        match &bar.value {
            Ok((value, words)) => {
                drawing.bar((left, y), (value * scale, height), bar.class);
                drawing.text((left + (value * scale).max(1.5) + 6.0, line), Anchor::Start, "value", words);
            }
            Err(words) => drawing.text((left, line), Anchor::Start, "soft", words),
        }
        y += height + GAP;
    }
    y
}

/// What an update costs in tables of different sizes.
fn scale(rows: &[Scale]) -> String {
    let paths: BTreeSet<&str> = rows.iter().map(|row| row.path.as_str()).collect();
    let series = |figure: fn(&Scale) -> f64, suffix: &str, dashed: bool| {
        let of = |(index, path): (usize, &&str)| Series {
            name: format!("{path}{suffix}"),
            class: ["ours", "other", "floor"][index % 3],
            dashed,
            points: rows
                .iter()
                .filter(|row| row.path == **path)
                .map(|row| (row.profiles as f64, figure(row)))
                .collect(),
        };
        paths.iter().enumerate().map(of).collect::<Vec<_>>()
    };
    let latency =
        [series(|row| row.p50_us / 1e3, ", p50", false), series(|row| row.p99_us / 1e3, ", p99", true)];
    let panels = [
        Panel { title: "DynamoDB calls", series: series(|row| row.calls, "", false) },
        Panel { title: "Capacity units", series: series(|row| row.read_units + row.write_units, "", false) },
        Panel { title: "Latency, ms", series: latency.concat() },
    ];
    chart::draw(
        (
            "What an update costs",
            "Three charts over the number of profiles. The numbers are in the table beside.",
        ),
        "profiles",
        &panels,
    )
}

/// How much is answered, and how fast, to several callers at once.
fn concurrency(rows: &[Concurrency]) -> String {
    let series = |name: &str, class, dashed, figure: fn(&Concurrency) -> f64| Series {
        name: name.to_owned(),
        class,
        dashed,
        points: rows.iter().map(|row| (f64::from(row.clients), figure(row))).collect(),
    };
    let panels = [
        Panel {
            title: "Requests per second",
            series: vec![series("answered", "ours", false, |row| row.requests_per_second)],
        },
        Panel {
            title: "Latency, ms",
            series: vec![
                series("p50", "ours", false, |row| row.p50_us / 1e3),
                series("p99", "other", true, |row| row.p99_us / 1e3),
            ],
        },
    ];
    chart::draw(
        (
            "Several callers at once",
            "Two charts over the number of clients. The numbers are in the table beside.",
        ),
        "clients",
        &panels,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::tests::{example, row};

    #[test]
    fn only_what_is_measured_is_drawn() {
        assert!(all(&Figures::default()).iter().all(|(_, drawing)| drawing.is_none()));
        assert!(all(&example()).iter().all(|(_, drawing)| drawing.is_some()));
    }

    #[test]
    fn a_peer_that_could_not_run_is_there_by_name() {
        let drawing = peers(&example().functions.unwrap().figures).unwrap();
        assert!(drawing.contains(">200 µs · 4.00 × the floor</text>"), "{drawing}");
        assert!(drawing.contains(">2,000 µs · 10.0 × ours</text>"), "{drawing}");
        assert_eq!(drawing.matches(">Python</text>").count(), 3);
        assert_eq!(drawing.matches(">not measured</text>").count(), 3);
    }

    #[test]
    fn what_is_far_beyond_the_line_is_cut_off() {
        let mut functions = example().functions.unwrap().figures;
        functions.rows.push(row("update-user", "password", 90_000.0));
        let drawing = paths(&functions).unwrap();
        assert!(drawing.contains(">90,000 µs (cut off)</text>") && drawing.contains(">500 µs</text>"));
        let widths = drawing.split("width=\"").skip(2).map(|rest| rest.split('"').next().unwrap());
        let longest = widths.map(|width| width.parse::<f64>().unwrap()).fold(0.0, f64::max);
        assert_eq!(longest, WIDTH - 330.0 - VALUE_WIDTH);
    }
}
