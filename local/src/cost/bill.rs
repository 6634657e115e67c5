//! What is used, times what it costs.

use super::load::{Load, Stack};
use super::measured::Measured;
use super::prices::{Grade, PriceList};
use super::usage::{Usage, usage};
use serde::Serialize;
use std::fmt;

/// A month's bill, at rest and under load.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bill {
    /// Date of the price list.
    pub prices_of: String,
    /// The AWS region whose prices they are.
    pub region: String,
    /// The traffic.
    pub load: Load,
    /// The stack.
    pub stack: Stack,
    /// By what is charged for.
    pub lines: Vec<Line>,
    /// USD a month when nobody calls.
    pub at_rest: f64,
    /// USD a month with this traffic.
    pub under_load: f64,
}

/// One thing that is charged for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// The AWS service.
    pub service: &'static str,
    /// How much of it with this traffic.
    pub quantity: f64,
    /// Of what.
    pub unit: String,
    /// USD a month when nobody calls.
    pub at_rest: f64,
    /// USD a month with this traffic.
    pub under_load: f64,
    /// How far the price can be relied on; `None`: it was given with the command.
    pub grade: Option<Grade>,
}

impl Bill {
    /// Works it out. `stack` has its memory, alarms and dashboards.
    pub fn of(load: Load, stack: Stack, measured: &Measured, prices: &PriceList) -> Self {
        let idle = usage(&load.at_rest(), &stack, measured);
        let idle_cost = |price: &str| {
            let same = idle.iter().find(|used| used.price == price);
            same.map_or(0.0, |used| prices.cost(price, used.quantity))
        };
        let line = |used: Usage| Line {
            service: used.service,
            quantity: used.quantity,
            unit: prices.prices[used.price].unit.clone(),
            at_rest: idle_cost(used.price),
            under_load: prices.cost(used.price, used.quantity),
            grade: Some(prices.prices[used.price].grade),
        };
        let mut lines: Vec<Line> = usage(&load, &stack, measured).into_iter().map(line).collect();
        let sms = load.sms as f64;
        lines.push(Line {
            service: "SNS",
            quantity: sms,
            unit: "SMS".to_owned(),
            at_rest: 0.0,
            under_load: sms * load.sms_price,
            grade: None,
        });
        lines.retain(|line| line.quantity > 0.0);
        Self {
            prices_of: prices.date.clone(),
            region: prices.region.clone(),
            at_rest: lines.iter().map(|line| line.at_rest).sum(),
            under_load: lines.iter().map(|line| line.under_load).sum(),
            load,
            stack,
            lines,
        }
    }
}

impl fmt::Display for Bill {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Load { users, updates, .. } = self.load;
        writeln!(
            formatter,
            "{} users, {} updates and {} reads a month",
            grouped(users as f64, 0),
            grouped(updates as f64, 0),
            grouped(self.load.reads() as f64, 0),
        )?;
        writeln!(formatter, "USD a month in {}, price list of {}", self.region, self.prices_of)?;
        writeln!(formatter)?;
        let mut row = |service: &str, quantity: &str, unit: &str, at_rest: &str, under_load: &str| {
            let line = format!("{service:<16} {quantity:>17}  {unit:<16} {at_rest:>10} {under_load:>13}");
            writeln!(formatter, "{}", line.trim_end())
        };
        row("service", "used", "", "at rest", "under load")?;
        for line in &self.lines {
            let decimals = if line.quantity < 100.0 && line.quantity.fract() != 0.0 { 2 } else { 0 };
            let mark = if line.grade == Some(Grade::Unsourced) { " *" } else { "" };
            let unit = format!("{}{mark}", line.unit);
            let (at_rest, under_load) = (grouped(line.at_rest, 2), grouped(line.under_load, 2));
            row(line.service, &grouped(line.quantity, decimals), &unit, &at_rest, &under_load)?;
        }
        row("total", "", "", &grouped(self.at_rest, 2), &grouped(self.under_load, 2))?;
        if self.lines.iter().any(|line| line.grade == Some(Grade::Unsourced)) {
            writeln!(formatter)?;
            writeln!(formatter, "* a price, or a tier of it, that no stored page confirms")?;
        }
        Ok(())
    }
}

/// A number with commas between thousands.
fn grouped(number: f64, decimals: usize) -> String {
    let text = format!("{number:.decimals$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut grouped = String::new();
    for (index, digit) in whole.char_indices() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + rest
}

#[cfg(test)]
mod tests;
