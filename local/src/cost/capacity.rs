//! What DynamoDB charges for reading and writing an item, and how large it takes an item to be.
//!
//! Source: Amazon DynamoDB Developer Guide, "DynamoDB item sizes and formats" and "DynamoDB read and write operations".

/// Bytes that storage is charged for beside those of an item.
pub const STORED_BESIDE: f64 = 100.0;

/// Read units of one strongly consistent read of an item of so many bytes; a missing item costs as one of up to 4 KB.
pub fn read_units(bytes: u32) -> f64 {
    f64::from(bytes.div_ceil(4096).max(1))
}

/// Write units of one write of an item of so many bytes, before or after, whichever is more. A write whose condition
/// fails costs as much.
pub fn write_units(bytes: u32) -> f64 {
    f64::from(bytes.div_ceil(1024).max(1))
}

/// Write units of one transaction that writes items of these sizes: twice as many as without.
pub fn transaction_units(items: &[u32]) -> f64 {
    items.iter().map(|bytes| 2.0 * write_units(*bytes)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_counted_in_whole_kilobytes() {
        assert_eq!([0, 1, 1024, 1025, 3 * 1024].map(write_units), [1.0, 1.0, 1.0, 2.0, 3.0]);
        assert_eq!([0, 4096, 4097].map(read_units), [1.0, 1.0, 2.0]);
        // AWS's own example: a transactional write of 3 KB takes six units.
        assert_eq!(transaction_units(&[3 * 1024]), 6.0);
        assert_eq!(transaction_units(&[900, 200, 200]), 6.0);
    }
}
