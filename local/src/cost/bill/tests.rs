//! The bill against sums that were worked out by hand.

use super::*;
use crate::cost::GIGABYTE;
use crate::cost::load::Architecture;
use crate::cost::measured::{CpuMs, Items, Log};

/// Round figures, so that the sums below can be followed.
fn measured() -> Measured {
    Measured {
        date: String::new(),
        machine: String::new(),
        items: Items {
            profile: 900,
            claim: 150,
            history: 250,
            mark: 200,
            answer: 800,
            challenge: 500,
            limit: 150,
        },
        log: Log { request: 1000, request_without_metrics: 400, batch: 700, platform: 300, access: 200 },
        answer: 1024,
        cpu_ms: CpuMs { update: 1.0, read: 0.5, batch: 0.5, start: 10.0 },
        memory: 10.0,
    }
}

fn load(users: u64, updates: u64) -> Load {
    Load {
        users,
        updates,
        reads: None,
        sync_requests: 0,
        emails: 0,
        sms: 0,
        sms_price: 0.0,
        unique_share: 0.0,
        merged_share: 0.0,
        keyed_share: 0.0,
        cold_share: 0.0,
    }
}

fn stack() -> Stack {
    Stack {
        architecture: Architecture::Arm64,
        memory: Some(1769),
        alarms: Some(5),
        dashboards: Some(1),
        contracts: 5,
        no_metrics: false,
        no_tracing: false,
        log_retention: Some(30),
        no_recovery: false,
        secrets: 1,
        kms_keys: 0,
        records_per_batch: 1,
        dynamodb_ms: 4.0,
        service_ms: 10.0,
    }
}

fn bill(load: Load, stack: Stack) -> Bill {
    Bill::of(load, stack, &measured(), &PriceList::embedded())
}

fn line<'a>(bill: &'a Bill, unit: &str) -> &'a Line {
    bill.lines.iter().find(|line| line.unit == unit).unwrap_or_else(|| panic!("no {unit} in {bill}"))
}

#[track_caller]
fn assert_close(is: f64, should_be: f64) {
    assert!((is - should_be).abs() < 1e-6 * should_be.abs().max(1e-3), "{is} is not {should_be}");
}

#[test]
fn a_million_plain_updates_and_reads() {
    let bill = bill(load(1_000_000, 1_000_000), stack());
    // 2 M requests, at 1.00 USD a million.
    assert_close(bill.lines[0].under_load, 2.0);
    // Each update invokes three functions, each read one.
    let lambda: Vec<&Line> = bill.lines.iter().filter(|line| line.service == "Lambda").collect();
    assert_close(lambda[0].quantity, 4e6);
    assert_close(lambda[0].under_load, 0.8);
    // Whole milliseconds at one processor: update 1 + 4, read 0.5 + 4 → 5, publish 0.5 + 10 + 4 → 15, notices 0.5 → 1.
    assert_close(lambda[1].quantity, 1e6 * (5.0 + 5.0 + 15.0 + 1.0) / 1000.0 * 1769.0 / 1024.0);
    assert_close(lambda[1].under_load, lambda[1].quantity * 0.000_013_333_4);
    // The profile and its history entry, 1 unit each; a read, 1.
    assert_close(line(&bill, "write unit").quantity, 2e6);
    assert_close(line(&bill, "write unit").under_load, 1.25);
    assert_close(line(&bill, "read unit").under_load, 0.125);
    // 1 M × (900 + 100 + 3 × 250) bytes, and three months' history, about: 1 M × 350 × 90 / 30.42.
    let bytes = 1e6 * 1750.0 + 1e6 * 350.0 * 90.0 / (730.0 / 24.0);
    let storage = bill.lines.iter().filter(|line| line.unit == "GB-month" && line.service == "DynamoDB");
    let storage: Vec<&Line> = storage.collect();
    assert_close(storage[0].under_load, 0.25 * bytes / GIGABYTE);
    assert_close(storage[0].at_rest, 0.25 * 1.75e9 / GIGABYTE);
    assert_close(storage[1].under_load, 0.20 * bytes / GIGABYTE);
    assert_close(line(&bill, "event").under_load, 1.0);
    // 2 M × (1000 + 300 + 200 + 5 × 26) bytes of requests, 2 M × (700 + 300 + 4 × 26) of batches.
    let logs = bill.lines.iter().find(|line| line.service == "CloudWatch Logs").unwrap();
    assert_close(logs.under_load, 0.5 * 2e6 * (1630.0 + 1104.0) / GIGABYTE);
    // 5 × 9 and 2 × 8 metrics, at 0.30.
    assert_close(line(&bill, "metric-month").under_load, 18.3);
    // Fewer requests than seconds: each is traced.
    assert_close(line(&bill, "trace").under_load, 10.0);
    assert_close(bill.under_load, bill.lines.iter().map(|line| line.under_load).sum());
}

#[test]
fn at_rest_there_is_storage_and_what_stands() {
    let bill = bill(load(0, 0), stack());
    // Five alarms, a dashboard, a secret, and five pollers that ask the queue every 20 s: 657,000 times a month.
    assert_close(bill.at_rest, 0.5 + 3.0 + 0.4 + 657_000.0 * 0.4 / 1e6);
    assert_close(bill.under_load, bill.at_rest);
    let off = Stack { alarms: Some(0), dashboards: Some(0), secrets: 0, ..stack() };
    let off = Bill::of(load(0, 0), off, &measured(), &PriceList::embedded());
    assert_close(off.at_rest, 0.2628);
}

#[test]
fn dearer_paths_cost_more_units() {
    let units = |load: Load| {
        let bill = bill(load, stack());
        (line(&bill, "write unit").quantity, line(&bill, "read unit").quantity)
    };
    let reads = Some(0);
    // Read and write; 1 for the history.
    assert_eq!(units(Load { merged_share: 100.0, reads, ..load(0, 100) }), (200.0, 100.0));
    // The guess 1, profile and two claims 6, history 1, notice mark 1; the mark is looked for.
    assert_eq!(units(Load { unique_share: 100.0, reads, ..load(0, 100) }), (900.0, 100.0));
    // Profile and answer in a transaction 4, history 1; both are read first.
    assert_eq!(units(Load { keyed_share: 100.0, reads, ..load(0, 100) }), (500.0, 200.0));
    // Profile and mark in a transaction 4, history 1; both are read first.
    assert_eq!(units(Load { sync_requests: 100, ..load(0, 0) }), (500.0, 200.0));
    // The minute 1, challenge and three limits 8, the guess 1, the deletion 2; application 1, profile twice.
    assert_eq!(units(Load { emails: 100, ..load(0, 0) }), (1200.0, 300.0));
    // A profile of over 1 KB costs two units.
    let mut large = measured();
    large.items.profile = 1025;
    let large = Bill::of(load(0, 100), stack(), &large, &PriceList::embedded());
    assert_close(line(&large, "write unit").quantity, 300.0);
}

#[test]
fn what_is_turned_off_costs_nothing() {
    let all = bill(load(1000, 1000), stack());
    let off = Stack { no_metrics: true, no_tracing: true, no_recovery: true, ..stack() };
    let off = bill(load(1000, 1000), off);
    assert_eq!(all.lines.len(), off.lines.len() + 3);
    for gone in ["metric-month", "trace"] {
        assert!(off.lines.iter().all(|line| line.unit != gone), "{gone}");
    }
    let sms = bill(Load { sms: 100, sms_price: 0.05, ..load(0, 0) }, stack());
    assert_close(line(&sms, "SMS").under_load, 5.0);
    // Half as many invocations of the stream functions.
    let batched = bill(load(0, 1000), Stack { records_per_batch: 2, ..stack() });
    assert_close(batched.lines[2].quantity, 3000.0);
    // Half a processor: an update takes 2 + 4 ms instead of 1 + 4.
    let half =
        |memory| bill(Load { reads: Some(0), ..load(0, 1) }, Stack { memory: Some(memory), ..stack() });
    let gb_seconds = |bill: &Bill| line(bill, "GB-second").quantity;
    assert_close(gb_seconds(&half(1769)), (5.0 + 15.0 + 1.0) / 1000.0 * 1769.0 / 1024.0);
    assert_close(gb_seconds(&half(884)) / 884.0 * 1024.0 * 1000.0, 7.0 + 16.0 + 2.0);
    let x86 = bill(load(0, 1), Stack { architecture: Architecture::X8664, ..stack() });
    let arm = bill(load(0, 1), stack());
    let gb_seconds = line(&arm, "GB-second").quantity;
    assert_close(line(&arm, "GB-second").under_load, gb_seconds * 0.000_013_333_4);
    assert_close(line(&x86, "GB-second").under_load, gb_seconds * 0.000_016_666_7);
}

#[test]
fn the_table_groups_thousands_and_marks_prices_without_a_source() {
    assert_eq!([0.0, 999.0, 1000.0, 1_234_567.0].map(|n| grouped(n, 0)), ["0", "999", "1,000", "1,234,567"]);
    assert_eq!(grouped(1234.5, 2), "1,234.50");
    let text = bill(load(10_000, 100_000), stack()).to_string();
    assert!(
        text.starts_with(
            "10,000 users, 100,000 updates and 100,000 reads a month\nUSD a month in us-east-1, "
        ),
        "{text}"
    );
    assert!(text.contains("GB-month *"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}
