//! The tables of the benchmark, from its figures.

use crate::bars;
use crate::figures::{Builds, Concurrency, Conditions, Figures, Functions, Peer, Row, Scale, Taken};
use crate::table::{Table, count, number};

/// A table, and what it is called between the markers of a page.
pub struct Named {
    /// Its marker.
    pub marker: &'static str,
    /// What it shows, for a terminal.
    pub title: &'static str,
    /// The table; `None` where nothing was measured.
    pub table: Option<Table>,
}

/// All of them, in the order in which they are read.
pub fn all(figures: &Figures) -> Vec<Named> {
    let named = |marker, title, table| Named { marker, title, table };
    let functions = figures.functions.as_ref().map(|part| &part.figures);
    let bars = Some(bars(figures)).filter(|table| !table.rows.is_empty());
    vec![
        named("peers", "Side by side", functions.and_then(peers)),
        named("bars", "What to reach", bars),
        named("parts", "What the SDK and the runtime take", functions.and_then(parts)),
        named("starts", "Starts", functions.map(starts)),
        named("rows", "Warm requests", functions.map(rows)),
        named("scale", "Scale", figures.scale.as_ref().map(|part| scale(&part.figures))),
        named(
            "concurrency",
            "Concurrency",
            figures.concurrency.as_ref().map(|part| concurrency(&part.figures)),
        ),
        named("builds", "Builds", figures.builds.as_ref().map(|part| builds(&part.figures))),
        named("conditions", "Measured on", conditions(figures)),
    ]
}

/// The README's: what it takes beside what people would use instead.
pub fn headline(figures: &Figures) -> Option<Table> {
    let table = figures.functions.as_ref().and_then(|part| peers(&part.figures))?;
    let kept = ["start, CPU", "first request, wall", "warm request, CPU", "peak memory", "zip"];
    let rows = table.rows.into_iter().filter(|row| kept.contains(&row[0].as_str())).collect();
    Some(Table { rows, ..table })
}

/// The plain update beside the floor and the peers, which are told as ratios.
fn peers(functions: &Functions) -> Option<Table> {
    let ours = functions.plain()?;
    type Figure = fn(&Row) -> Option<f64>;
    let lines: [(&str, &str, Figure); 9] = [
        ("start, CPU", "ms", |row| Some(row.init_cpu_us / 1e3)),
        ("start, wall", "ms", |row| Some(row.init_wall_us / 1e3)),
        ("first request, CPU", "ms", |row| Some(row.first_cpu_us / 1e3)),
        ("first request, wall", "ms", |row| Some(row.first_wall_us / 1e3)),
        ("warm request, CPU", "µs", |row| Some(row.warm_cpu_us)),
        ("warm request, p50", "µs", |row| Some(row.warm_p50_us)),
        ("warm request, p99", "µs", |row| Some(row.warm_p99_us)),
        ("peak memory", "MB", |row| Some(row.memory_bytes / 1e6)),
        ("zip", "MB", |row| Some(row.zip_bytes? as f64 / 1e6)),
    ];
    let head = ["", "floor", "this service", "× floor"].map(str::to_owned).into_iter();
    let head = head.chain(functions.peers.iter().flat_map(|peer| [peer.name.clone(), "× ours".to_owned()]));
    let mut table = Table { head: head.collect(), words: 1, rows: Vec::new() };
    for (what, unit, figure) in lines {
        let told =
            |row: &Row| figure(row).map_or("–".to_owned(), |value| format!("{} {unit}", number(value)));
        let times = |row: &Row, base: &Row| match (figure(row), figure(base)) {
            (Some(value), Some(base)) => format!("{} ×", number(value / base)),
            _ => "–".to_owned(),
        };
        let mut cells =
            vec![what.to_owned(), told(&functions.floor), told(ours), times(ours, &functions.floor)];
        for peer in &functions.peers {
            cells.extend(match &peer.row {
                Some(row) => [told(row), times(row, ours)],
                None => [missing(peer), "–".to_owned()],
            });
        }
        table.rows.push(cells);
    }
    Some(table)
}

/// The plain update between what does less.
fn parts(functions: &Functions) -> Option<Table> {
    let head = [
        "",
        "start, CPU ms",
        "first request, wall ms",
        "warm request, CPU µs",
        "× floor",
        "memory MB",
        "zip MB",
    ];
    let mut table = Table::new(1, head);
    let floor = &functions.floor;
    let told = [
        ("nothing: the floor", floor),
        ("one `UpdateItem` by the SDK", &functions.one_call),
        ("the plain update", functions.plain()?),
    ];
    for (what, row) in told {
        table.push([
            what.to_owned(),
            number(row.init_cpu_us / 1e3),
            number(row.first_wall_us / 1e3),
            number(row.warm_cpu_us),
            number(row.warm_cpu_us / floor.warm_cpu_us),
            number(row.memory_bytes / 1e6),
            row.zip_bytes.map_or("–".to_owned(), |bytes| number(bytes as f64 / 1e6)),
        ]);
    }
    Some(table)
}

fn missing(peer: &Peer) -> String {
    // A line of a table has no place for more than a line.
    let reason = peer.missing.as_deref().and_then(|reason| reason.lines().next());
    reason.unwrap_or("not measured").replace('|', "/")
}

fn bars(figures: &Figures) -> Table {
    let mut table = Table::new(1, ["what", "bar", "measured", ""]);
    for bar in bars::all(figures) {
        let verdict = if bar.met { "met" } else { "not met" };
        table.push([bar.what, bar.limit, bar.measured, verdict.to_owned()]);
    }
    table
}

/// One line a function, at what it does most: it starts alike on every path.
fn starts(functions: &Functions) -> Table {
    let head = [
        "function",
        "start, CPU ms",
        "wall ms",
        "first request, CPU ms",
        "wall ms",
        "memory MB",
        "binary MB",
        "zip MB",
    ];
    let mut table = Table::new(1, head);
    let usual = functions.rows.iter().filter(|row| row.usual);
    for row in std::iter::once(&functions.floor).chain(usual) {
        let megabytes =
            |bytes: Option<u64>| bytes.map_or("–".to_owned(), |bytes| number(bytes as f64 / 1e6));
        table.push([
            row.function.clone(),
            number(row.init_cpu_us / 1e3),
            number(row.init_wall_us / 1e3),
            number(row.first_cpu_us / 1e3),
            number(row.first_wall_us / 1e3),
            number(row.memory_bytes / 1e6),
            megabytes(row.binary_bytes),
            megabytes(row.zip_bytes),
        ]);
    }
    table
}

fn rows(functions: &Functions) -> Table {
    let head = [
        "function",
        "path",
        "CPU µs",
        "× floor",
        "× plain",
        "p50 µs",
        "p99 µs",
        "calls",
        "read units",
        "write units",
    ];
    let mut table = Table::new(2, head);
    let times = |row: &Row, base: Option<&Row>| {
        base.map_or("–".to_owned(), |base| number(row.warm_cpu_us / base.warm_cpu_us))
    };
    for row in std::iter::once(&functions.floor).chain(&functions.rows) {
        let [calls, read_units, write_units] =
            row.capacity.map_or(["–"; 3].map(str::to_owned), |capacity| {
                [capacity.calls, capacity.read_units, capacity.write_units].map(count)
            });
        table.push([
            row.function.clone(),
            row.path.clone(),
            number(row.warm_cpu_us),
            times(row, Some(&functions.floor)),
            times(row, functions.plain()),
            number(row.warm_p50_us),
            number(row.warm_p99_us),
            calls,
            read_units,
            write_units,
        ]);
    }
    table
}

fn scale(rows: &[Scale]) -> Table {
    let head =
        ["path", "profiles", "table MB", "calls", "read units", "write units", "CPU µs", "p50 µs", "p99 µs"];
    let mut table = Table::new(1, head);
    for row in rows {
        table.push([
            row.path.clone(),
            number(row.profiles as f64),
            number(row.table_bytes as f64 / 1e6),
            count(row.calls),
            count(row.read_units),
            count(row.write_units),
            number(row.cpu_us),
            number(row.p50_us),
            number(row.p99_us),
        ]);
    }
    table
}

fn concurrency(rows: &[Concurrency]) -> Table {
    let mut table = Table::new(0, ["clients", "requests/s", "p50 ms", "p99 ms", "failures"]);
    for row in rows {
        table.push([
            row.clients.to_string(),
            number(row.requests_per_second),
            number(row.p50_us / 1e3),
            number(row.p99_us / 1e3),
            row.failures.to_string(),
        ]);
    }
    table
}

fn builds(builds: &Builds) -> Table {
    let mut table = Table::new(1, ["", "wall s", "CPU s"]);
    for (what, wall, cpu) in [
        ("`cargo build --workspace`, nothing built", builds.cold_wall_s, Some(builds.cold_cpu_s)),
        (
            "the same after one line of `shared` has changed",
            builds.changed_wall_s,
            Some(builds.changed_cpu_s),
        ),
        ("`cargo run`, everything built, until `ready`", builds.ready_wall_s, None),
    ] {
        table.push([what.to_owned(), number(wall), cpu.map_or("–".to_owned(), number)]);
    }
    table
}

fn conditions(figures: &Figures) -> Option<Table> {
    fn of<T>(part: &Option<Taken<T>>) -> Option<&Conditions> {
        part.as_ref().map(|part| &part.conditions)
    }
    let parts = [
        ("functions, floor, peers", of(&figures.functions)),
        ("scale", of(&figures.scale)),
        ("concurrency", of(&figures.concurrency)),
        ("builds", of(&figures.builds)),
    ];
    let mut table =
        Table::new(7, ["part", "date, UTC", "processor", "cores", "kernel", "compiler", "commit", "took"]);
    for (part, conditions) in parts {
        let Some(conditions) = conditions else { continue };
        table.push([
            part.to_owned(),
            conditions.date.chars().take(16).collect::<String>().replace('T', " "),
            conditions.processor.clone(),
            conditions.cores.to_string(),
            conditions.kernel.clone(),
            conditions.rustc.clone(),
            conditions.commit.clone(),
            format!("{} s", number(conditions.took_s)),
        ]);
    }
    Some(table).filter(|table| !table.rows.is_empty())
}

/// What the cost model takes from `local/src/cost/measured.json`: figures of what the functions do most.
pub fn cost_model(figures: &Figures) -> Option<String> {
    let functions = &figures.functions.as_ref()?.figures;
    let first = |name: &str| functions.rows.iter().find(|row| row.usual && row.function == name);
    let (update, read) = (first("put-profile")?, first("get-profile")?);
    let batches = [first("publish-changes")?, first("send-notices")?];
    let used = [update, read].into_iter().chain(batches);
    let most = |figure: fn(&Row) -> f64| used.clone().map(figure).fold(0.0, f64::max);
    let ms = |us: f64| format!("{:.2}", us / 1e3);
    Some(format!(
        "\"cpu_ms\": {{ \"update\": {}, \"read\": {}, \"batch\": {}, \"start\": {} }},\n\"memory\": {:.1}\n",
        ms(update.warm_cpu_us),
        ms(read.warm_cpu_us),
        ms(batches[0].warm_cpu_us.max(batches[1].warm_cpu_us)),
        ms(most(|row| row.init_cpu_us)),
        most(|row| row.memory_bytes) / 1e6,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::tests::example;

    fn line(table: &Table, first: &str) -> Vec<String> {
        table.rows.iter().find(|row| row[0] == first).unwrap().clone()
    }

    #[test]
    fn without_figures_there_is_no_table() {
        assert!(all(&Figures::default()).iter().all(|named| named.table.is_none()));
        assert!(all(&example()).iter().all(|named| named.table.is_some()));
        assert_eq!((headline(&Figures::default()), cost_model(&Figures::default())), (None, None));
    }

    #[test]
    fn ours_is_told_by_the_floor_and_peers_by_ours() {
        let table = headline(&example()).unwrap();
        let cells =
            ["warm request, CPU", "50.0 µs", "200 µs", "4.00 ×", "2,000 µs", "10.0 ×", "not installed", "–"];
        assert_eq!(line(&table, "warm request, CPU"), cells);
        assert_eq!(table.rows.len(), 5);
        assert!(table.rows.iter().all(|row| row.len() == table.head.len()));
    }

    #[test]
    fn a_function_has_one_line_of_starts() {
        let table = starts(&example().functions.unwrap().figures);
        let names: Vec<&str> = table.rows.iter().map(|row| row[0].as_str()).collect();
        let expected = [
            "floor",
            "patch-userinfo",
            "change-profile",
            "put-profile",
            "get-profile",
            "publish-changes",
            "send-notices",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn the_cost_model_takes_the_dearer_of_both_stream_functions() {
        assert_eq!(
            cost_model(&example()).unwrap(),
            "\"cpu_ms\": { \"update\": 0.30, \"read\": 0.15, \"batch\": 0.19, \"start\": 2.62 },\n\"memory\": 7.7\n"
        );
    }
}
