//! What the service is to reach, and whether it does.

use crate::figures::{Figures, Functions, Row};
use crate::table::{count, number};

/// One thing to reach.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// What is measured.
    pub what: String,
    /// What it may be at most.
    pub limit: String,
    /// What it is.
    pub measured: String,
    /// Whether that is no more than it may be.
    pub met: bool,
}

/// Most times the plain update's processor time that another update path may take.
pub const UPDATE_LIMIT: f64 = 3.0;

/// All whose figures there are.
pub fn all(figures: &Figures) -> Vec<Bar> {
    let mut bars = Vec::new();
    if let Some(functions) = figures.functions.as_ref().map(|part| &part.figures) {
        if let Some(plain) = functions.plain() {
            bars.extend(of_plain(plain, &functions.floor));
            bars.extend(slowest_update(functions, plain));
        }
        for row in functions.rows.iter().filter(|row| row.is_refused_token()) {
            bars.extend(calls(row));
            let what = name(row, "CPU of a warm request");
            bars.push(ratio(&what, row.warm_cpu_us, functions.floor.warm_cpu_us, "the floor's", 2.5));
        }
    }
    if let Some(builds) = figures.builds.as_ref().map(|part| &part.figures) {
        bars.push(amount("`cargo run` with everything built, until `ready`", builds.ready_wall_s, 5.0, "s"));
    }
    bars
}

fn of_plain(plain: &Row, floor: &Row) -> Vec<Bar> {
    let zip = plain.zip_bytes.map(|bytes| amount("zip", bytes as f64 / 1e6, 3.5, "MB"));
    [
        ratio(
            "CPU of a start, warm-up call included",
            plain.init_cpu_us,
            floor.init_cpu_us,
            "the floor's",
            6.0,
        ),
        amount("first request, wall", plain.first_wall_us / 1e3, 1.5, "ms"),
        ratio("CPU of a warm request", plain.warm_cpu_us, floor.warm_cpu_us, "the floor's", 5.0),
        amount("peak memory", plain.memory_bytes / 1e6, 10.0, "MB"),
    ]
    .into_iter()
    .chain(zip)
    .collect()
}

/// The other update path that takes the most, password hashing apart.
fn slowest_update(functions: &Functions, plain: &Row) -> Option<Bar> {
    let others =
        functions.rows.iter().filter(|row| row.is_update() && !row.hashes_a_password() && *row != plain);
    let slowest = others.max_by(|one, other| one.warm_cpu_us.total_cmp(&other.warm_cpu_us))?;
    let what = format!(
        "CPU of a warm request, any other update over HTTP (most: {}, {})",
        slowest.function, slowest.path
    );
    Some(ratio(&what, slowest.warm_cpu_us, plain.warm_cpu_us, "the plain update's", UPDATE_LIMIT))
}

fn name(row: &Row, what: &str) -> String {
    format!("{}, {}: {what}", row.function, row.path)
}

fn calls(row: &Row) -> Option<Bar> {
    let calls = row.capacity?.calls;
    let what = name(row, "DynamoDB calls");
    Some(Bar { what, limit: "0".to_owned(), met: calls == 0.0, measured: count(calls) })
}

fn amount(what: &str, value: f64, limit: f64, unit: &str) -> Bar {
    Bar {
        what: what.to_owned(),
        limit: format!("≤ {} {unit}", count(limit)),
        measured: format!("{} {unit}", number(value)),
        met: value <= limit,
    }
}

fn ratio(what: &str, value: f64, base: f64, base_name: &str, limit: f64) -> Bar {
    Bar {
        what: what.to_owned(),
        limit: format!("≤ {} × {base_name}", count(limit)),
        measured: format!("{} ×", number(value / base)),
        met: value <= limit * base,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::tests::{example, row};

    fn verdicts(figures: &Figures) -> Vec<(String, String, bool)> {
        all(figures).into_iter().map(|bar| (bar.limit, bar.measured, bar.met)).collect()
    }

    #[test]
    fn what_is_not_measured_is_not_judged() {
        assert_eq!(all(&Figures::default()), []);
    }

    #[test]
    fn each_bar_is_held_against_its_figure() {
        let mut figures = example();
        let expected = [
            ("≤ 6 × the floor's", "3.50 ×", true),
            ("≤ 1.5 ms", "0.80 ms", true),
            ("≤ 5 × the floor's", "4.00 ×", true),
            ("≤ 10 MB", "7.70 MB", true),
            ("≤ 3.5 MB", "3.10 MB", true),
            ("≤ 3 × the plain update's", "2.50 ×", true),
            ("0", "0", true),
            ("≤ 2.5 × the floor's", "1.50 ×", true),
            ("≤ 5 s", "0.90 s", true),
        ];
        let expected = expected.map(|(limit, measured, met)| (limit.to_owned(), measured.to_owned(), met));
        assert_eq!(verdicts(&figures), expected);

        let functions = &mut figures.functions.as_mut().unwrap().figures;
        let refused = functions.rows.iter_mut().find(|row| row.is_refused_token()).unwrap();
        refused.warm_cpu_us = 126.0;
        refused.capacity.as_mut().unwrap().calls = 1.0;
        functions.rows.push(row("update-user", "several attributes", 601.0));
        functions.rows.push(row("update-user", "password", 90_000.0));
        functions.rows.push(row("send-notices", "100 records", 9_000.0));
        let missed: Vec<_> = verdicts(&figures).into_iter().filter(|(_, _, met)| !met).collect();
        let expected =
            [("≤ 3 × the plain update's", "3.00 ×"), ("0", "1"), ("≤ 2.5 × the floor's", "2.52 ×")];
        assert_eq!(missed, expected.map(|(limit, measured)| (limit.to_owned(), measured.to_owned(), false)));
    }
}
