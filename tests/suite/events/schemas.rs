//! The published schemas, against what really goes out.
