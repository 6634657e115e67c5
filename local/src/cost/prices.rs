//! The price list, and where each price was read.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What AWS charges in one region. Free tiers are left out: an account has them once, for all that it runs.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceList {
    /// When it was put together, `YYYY-MM-DD`.
    pub date: String,
    /// The AWS region.
    pub region: String,
    /// By name.
    pub prices: BTreeMap<String, Price>,
}

/// What one thing costs.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// What is charged for: `write unit`, `GB-month`.
    pub unit: String,
    /// The price is for so many units.
    pub per: f64,
    /// USD, the first tier first.
    pub tiers: Vec<Tier>,
    /// Where it was read.
    pub source: String,
    /// As of when the source gives it, `YYYY-MM` or `YYYY-MM-DD`; `None`: the copy bears no date.
    pub as_of: Option<String>,
    /// How far the source can be relied on.
    pub grade: Grade,
}

/// A price up to a quantity.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// Up to so many units a month; `None`: without end.
    pub up_to: Option<f64>,
    /// USD.
    pub usd: f64,
}

/// How far a source can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// AWS's own page, in a stored copy.
    Aws,
    /// Somebody else's page that quotes AWS's.
    Quoted,
    /// Known, and found in no stored copy: look it up before relying on it.
    Unsourced,
}

impl PriceList {
    /// The list in this program.
    pub fn embedded() -> Self {
        serde_json::from_str(include_str!("prices.json")).expect("prices.json is a price list")
    }

    /// USD for so many units of what has this name.
    ///
    /// # Panics
    /// When the list has no such price: a defect.
    pub fn cost(&self, name: &str, quantity: f64) -> f64 {
        self.prices.get(name).unwrap_or_else(|| panic!("no price {name}")).of(quantity)
    }
}

impl Price {
    /// USD for so many units, each at its own tier's price.
    pub fn of(&self, quantity: f64) -> f64 {
        let (mut below, mut sum) = (0.0, 0.0);
        for tier in &self.tiers {
            let end = tier.up_to.unwrap_or(f64::INFINITY);
            sum += (quantity.min(end) - below).max(0.0) * tier.usd / self.per;
            below = end;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tier_has_its_own_price() {
        let list = PriceList::embedded();
        let requests = |quantity| list.cost("http_api_request", quantity);
        assert_eq!(requests(0.0), 0.0);
        assert!((requests(1e6) - 1.0).abs() < 1e-9);
        // 300 million at 1.00 and 700 million at 0.90.
        assert!((requests(1e9) - (300.0 + 630.0)).abs() < 1e-6);
    }

    #[test]
    fn every_price_has_a_source_and_tiers_without_gaps() {
        for (name, price) in PriceList::embedded().prices {
            assert!(price.per > 0.0 && !price.unit.is_empty(), "{name}");
            assert!(price.grade == Grade::Unsourced || price.source.starts_with("http"), "{name}");
            assert_eq!(price.tiers.last().and_then(|tier| tier.up_to), None, "{name}");
            let ends: Vec<f64> = price.tiers.iter().filter_map(|tier| tier.up_to).collect();
            assert_eq!(ends.len() + 1, price.tiers.len(), "{name}");
            assert!(ends.is_sorted() && price.tiers.iter().all(|tier| tier.usd > 0.0), "{name}");
        }
    }
}
