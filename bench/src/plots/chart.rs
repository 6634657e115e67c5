//! Charts of curves side by side: even axis from zero upwards, logarithmic axis to the right.

use super::WIDTH;
use crate::svg::{Anchor, Drawing};
use crate::table::{count, number};

/// One chart.
pub struct Panel {
    /// What it shows, with its unit.
    pub title: &'static str,
    /// Its curves, all over the same places.
    pub series: Vec<Series>,
}

/// One curve.
#[derive(Clone, Debug)]
pub struct Series {
    /// What it is.
    pub name: String,
    /// Its colour.
    pub class: &'static str,
    /// Whether it is drawn in dashes.
    pub dashed: bool,
    /// To the right, above 0; upwards, from 0 on.
    pub points: Vec<(f64, f64)>,
}

const HEIGHT: f64 = 170.0;
const GAP: f64 = 58.0;

/// Draws panels in a row. `title` and what is to be seen; `across`: what stands below.
pub fn draw((title, description): (&str, &str), across: &str, panels: &[Panel]) -> String {
    let mut drawing = Drawing::new(title, description, WIDTH);
    let width = (WIDTH - GAP * panels.len() as f64) / panels.len() as f64;
    // One curve alone is what the title says.
    let legend = |panel: &Panel| if panel.series.len() > 1 { panel.series.len() } else { 0 };
    let lines = panels.iter().map(legend).max().unwrap_or(0);
    let top = 30.0 + 16.0 * lines as f64;
    for (index, panel) in panels.iter().enumerate() {
        let left = GAP - 14.0 + index as f64 * (width + GAP);
        drawing.text((left, 14.0), Anchor::Start, "title", panel.title);
        for (line, series) in panel.series.iter().take(legend(panel)).enumerate() {
            let y = 32.0 + 16.0 * line as f64;
            drawing.curve(&[(left, y - 4.0), (left + 22.0, y - 4.0)], series.class, series.dashed);
            drawing.text((left + 30.0, y), Anchor::Start, "soft", &series.name);
        }
        draw_panel(&mut drawing, panel, (left, top), width);
        let below = (left + width / 2.0, top + HEIGHT + 36.0);
        drawing.text(below, Anchor::Middle, "soft", across);
    }
    drawing.finish(top + HEIGHT + 46.0)
}

fn draw_panel(drawing: &mut Drawing, panel: &Panel, (left, top): (f64, f64), width: f64) {
    let points = || panel.series.iter().flat_map(|series| &series.points);
    let step = step(points().map(|(_, value)| *value).fold(0.0, f64::max));
    let steps = (points().map(|(_, value)| value / step).fold(1.0, f64::max) - 1e-9).ceil();
    let height = |value: f64| top + HEIGHT * (1.0 - value / (step * steps));
    for line in 0..=steps as u32 {
        let value = f64::from(line) * step;
        drawing.line((left, height(value)), (left + width, height(value)), "rule");
        drawing.text((left - 6.0, height(value) + 4.0), Anchor::End, "soft", &axis(value));
    }
    let least = points().map(|(place, _)| place.ln()).fold(f64::INFINITY, f64::min);
    let most = points().map(|(place, _)| place.ln()).fold(f64::NEG_INFINITY, f64::max);
    let inset = 8.0;
    let across = |place: f64| match most - least {
        span if span > 0.0 => left + inset + (width - 2.0 * inset) * (place.ln() - least) / span,
        _ => left + width / 2.0,
    };
    for (place, _) in panel.series.first().map_or(&[][..], |series| &series.points) {
        drawing.text((across(*place), top + HEIGHT + 18.0), Anchor::Middle, "soft", &whole(*place));
    }
    for series in &panel.series {
        let points: Vec<(f64, f64)> =
            series.points.iter().map(|(place, value)| (across(*place), height(*value))).collect();
        drawing.curve(&points, series.class, series.dashed);
    }
}

/// Between two lines: a round number, of which at most five reach `most`.
fn step(most: f64) -> f64 {
    if most <= 0.0 {
        return 1.0;
    }
    let magnitude = 10f64.powf((most / 5.0).log10().floor());
    let step = [1.0, 2.0, 5.0].into_iter().find(|step| step * magnitude * 5.0 >= most * (1.0 - 1e-9));
    step.unwrap_or(10.0) * magnitude
}

fn axis(value: f64) -> String {
    if value < 100.0 { count(value) } else { number(value) }
}

fn whole(place: f64) -> String {
    let exponent = place.log10().round();
    // Powers of ten from a thousand on: there the digits would run into each other.
    if place >= 1000.0 && (10f64.powf(exponent) - place).abs() < 0.5 {
        let superscript =
            |digit: char| digit.to_digit(10).and_then(|digit| "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().nth(digit as usize));
        return format!("10{}", format!("{exponent}").chars().filter_map(superscript).collect::<String>());
    }
    axis(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stand_at_round_numbers() {
        let most = [0.0, 1.0, 2.0, 4.9, 7.0, 1500.0, 0.03];
        assert_eq!(
            most.map(step).map(|step| (step * 1e6).round() / 1e6),
            [1.0, 0.2, 0.5, 1.0, 2.0, 500.0, 0.01]
        );
    }

    #[test]
    fn places_are_named_briefly() {
        assert_eq!(
            [1.0, 2.0, 64.0, 100.0, 1e3, 1e5, 2e5].map(whole),
            ["1", "2", "64", "100", "10³", "10⁵", "200,000"]
        );
    }

    #[test]
    fn curves_lie_within_their_chart() {
        let points = vec![(1.0, 1.0), (10.0, 3.0)];
        let series = Series { name: "a".to_owned(), class: "ours", dashed: false, points };
        let svg = draw(("t", "d"), "clients", &[Panel { title: "p", series: vec![series] }]);
        let curve = svg.split("<polyline points=\"").nth(1).unwrap().split('"').next().unwrap();
        // The chart begins at 30 and is 170 high; 44 from the left, 742 wide, with 8 to each side.
        assert_eq!(curve, "52,143.3 778,30");
    }
}
