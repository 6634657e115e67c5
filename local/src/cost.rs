//! What the deployed stack costs a month: what is used, times what it costs. All of it is arithmetic on plain values.
//!
//! | module | what it is |
//! |---|---|
//! | [`load`] | how many users, updates and reads; what the stack is made of |
//! | [`measured`] | bytes, processor time and memory as they were measured: `measured.json` |
//! | [`capacity`] | what DynamoDB charges for items of that size |
//! | [`usage`] | what is used of each service |
//! | [`prices`] | what it costs, and who says so: `prices.json` |
//! | [`bill`] | the one times the other |

pub mod bill;
pub mod capacity;
pub mod load;
pub mod measured;
pub mod prices;
pub mod usage;

pub use bill::Bill;
pub use load::{Architecture, Load, Stack};
pub use measured::Measured;
pub use prices::PriceList;

/// Seconds of a month, as AWS counts one: 730 hours.
pub const MONTH: f64 = 730.0 * 3600.0;

/// Days of a month of 730 hours.
pub const DAYS: f64 = 730.0 / 24.0;

/// Bytes of the gigabyte that AWS charges by.
pub const GIGABYTE: f64 = 1024.0 * 1024.0 * 1024.0;
