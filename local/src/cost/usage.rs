//! What a month's traffic uses of each service.

use super::capacity::{STORED_BESIDE, read_units, transaction_units, write_units};
use super::load::{Architecture, Load, Stack};
use super::measured::Measured;
use super::{DAYS, GIGABYTE, MONTH};

/// So much of one thing, by the name of its price.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usage {
    /// The AWS service.
    pub service: &'static str,
    /// Name of the price.
    pub price: &'static str,
    /// How many of the price's units.
    pub quantity: f64,
}

/// Megabytes at which a function has one whole processor, and processor time is time: AWS Lambda Developer Guide,
/// "Configure Lambda function memory".
const WHOLE_PROCESSOR: f64 = 1769.0;

/// Days that a history entry is kept.
const HISTORY_DAYS: f64 = 90.0;

/// Pollers with which Lambda asks an idle queue, each for 20 s at a time: AWS Lambda Developer Guide, "Using Lambda with
/// Amazon SQS".
const POLLERS: f64 = 5.0;

/// CloudWatch Logs charges stored bytes after compression; AWS's calculator takes this share of what came in.
const COMPRESSED: f64 = 0.15;

/// Bytes that CloudWatch Logs counts beside those of each line: API reference, `PutLogEvents`.
const EVENT: u32 = 26;

/// Custom metrics of a contract, and of a function that no request invokes: docs/logs.md.
const METRICS_OF: (f64, f64) = (9.0, 8.0);

/// How many of what there are in the month.
struct Month {
    reads: f64,
    /// Updates that set or change something unique.
    unique: f64,
    /// Updates that merge.
    merged: f64,
    /// Updates under an `Idempotency-Key`.
    keyed: f64,
    /// All others.
    plain: f64,
    sync: f64,
    /// Codes, each sent and tried once.
    codes: f64,
    users: f64,
    /// Requests that come through the API.
    requests: f64,
    /// Changes of profiles, however they came in.
    changes: f64,
    /// Invocations of each of the two functions behind the stream; the second sees no creations, which are not told apart.
    batches: f64,
}

impl Month {
    fn of(load: &Load, stack: &Stack) -> Self {
        let of_updates = |percent: f64| load.updates as f64 * percent / 100.0;
        let (updates, reads) = (load.updates as f64, load.reads() as f64);
        let (unique, merged, keyed) =
            (of_updates(load.unique_share), of_updates(load.merged_share), of_updates(load.keyed_share));
        let (sync, codes) = (load.sync_requests as f64, (load.emails + load.sms) as f64);
        let changes = updates + sync;
        Self {
            reads,
            unique,
            merged,
            keyed,
            plain: (updates - unique - merged - keyed).max(0.0),
            sync,
            codes,
            users: load.users as f64,
            // A code is asked for; it is tried with the update that it is for.
            requests: updates + reads + codes,
            changes,
            batches: changes / f64::from(stack.records_per_batch),
        }
    }
}

/// Everything that is used, in the order of the bill.
///
/// `stack` has its memory, alarms and dashboards: see [`Stack::over`].
pub fn usage(load: &Load, stack: &Stack, measured: &Measured) -> Vec<Usage> {
    let month = Month::of(load, stack);
    [
        api(&month, measured),
        lambda(&month, load, stack, measured),
        dynamodb(&month, stack, measured),
        messaging(&month, load),
        observation(&month, stack, measured),
        secrets(&month, load, stack),
    ]
    .concat()
}

fn api(month: &Month, measured: &Measured) -> Vec<Usage> {
    let bytes = month.requests * f64::from(measured.answer);
    vec![
        Usage { service: "API Gateway", price: "http_api_request", quantity: month.requests },
        Usage { service: "Data transfer", price: "data_out_gb", quantity: bytes / GIGABYTE },
    ]
}

fn lambda(month: &Month, load: &Load, stack: &Stack, measured: &Measured) -> Vec<Usage> {
    let (memory, cpu) = (f64::from(stack.memory.unwrap_or(128)), &measured.cpu_ms);
    // Less than a whole processor makes processor time longer; more than one does not make it shorter.
    let stretch = (WHOLE_PROCESSOR / memory).max(1.0);
    let database = stack.dynamodb_ms;
    // Lambda charges whole milliseconds.
    let billed = |cpu_ms: f64, waiting: f64| (cpu_ms * stretch + waiting).ceil();
    let batch = |service_calls: f64, database_calls: f64| {
        let records = f64::from(stack.records_per_batch);
        billed(cpu.batch * records, service_calls * stack.service_ms + database_calls * database)
    };
    let invocations: [(f64, f64); 9] = [
        (month.plain, billed(cpu.update, database)),
        (month.unique + month.merged + month.keyed, billed(cpu.update, 2.0 * database)),
        (month.reads, billed(cpu.read, database)),
        (month.codes, billed(cpu.update, 3.0 * database + stack.service_ms)),
        // publish-changes: history, and the bus.
        (month.batches, batch(1.0, 1.0)),
        // send-notices, which mostly has nothing to do.
        (month.batches, batch(0.0, 0.0)),
        (month.unique, 2.0 * database + stack.service_ms),
        (month.sync, billed(cpu.update, 2.0 * database)),
        (
            load.cold_share / 100.0 * (month.requests + 2.0 * month.batches + month.sync),
            billed(cpu.start, database),
        ),
    ];
    let seconds: f64 = invocations.iter().map(|(count, ms)| count * ms / 1000.0).sum();
    let gb_seconds = match stack.architecture {
        Architecture::Arm64 => "lambda_gb_second_arm64",
        Architecture::X8664 => "lambda_gb_second_x86_64",
    };
    let requests = month.requests + 2.0 * month.batches + month.sync;
    vec![
        Usage { service: "Lambda", price: "lambda_request", quantity: requests },
        Usage { service: "Lambda", price: gb_seconds, quantity: seconds * memory / 1024.0 },
    ]
}

fn dynamodb(month: &Month, stack: &Stack, measured: &Measured) -> Vec<Usage> {
    let items = &measured.items;
    let (write, read) = (write_units(items.profile), read_units(items.profile));
    // The first guess fails and costs a write all the same; then profile, new claim, old claim.
    let changed_claim = write + transaction_units(&[items.profile, items.claim, items.claim]);
    // The mark that an old address was told, looked for and written: a key and a time.
    let notice = 1.0;
    let kept_answer = transaction_units(&[items.profile, items.answer]);
    let sync = transaction_units(&[items.profile, items.mark]);
    // The application's minute; then challenge, and limits of address, its pause, and source.
    let code = write_units(items.limit)
        + transaction_units(&[items.challenge, items.limit, items.limit, items.limit])
        // Its guess is counted; it is deleted with the change that it proves.
        + write_units(items.challenge)
        + transaction_units(&[items.challenge]);
    let writes = (month.plain + month.merged) * write
        + month.unique * (changed_claim + notice)
        + month.keyed * kept_answer
        + month.changes * write_units(items.history)
        + month.sync * sync
        + month.codes * code;
    let reads = (month.reads + month.merged) * read
        + month.unique * notice
        + month.keyed * (read + read_units(items.answer))
        + month.sync * (read + read_units(items.mark))
        // The application; the profile before the change and after it.
        + month.codes * (1.0 + 2.0 * read);

    let stored = |bytes: u32| f64::from(bytes) + STORED_BESIDE;
    let bytes = month.users * (stored(items.profile) + 3.0 * stored(items.claim))
        + month.changes * stored(items.history) * HISTORY_DAYS / DAYS
        // A day.
        + (month.keyed * stored(items.answer) + month.codes * stored(items.challenge)) / DAYS;
    let mut used = vec![
        Usage { service: "DynamoDB", price: "dynamodb_write", quantity: writes },
        Usage { service: "DynamoDB", price: "dynamodb_read", quantity: reads },
        Usage { service: "DynamoDB", price: "dynamodb_storage_gb", quantity: bytes / GIGABYTE },
    ];
    if !stack.no_recovery {
        used.push(Usage { service: "DynamoDB", price: "dynamodb_recovery_gb", quantity: bytes / GIGABYTE });
    }
    used
}

fn messaging(month: &Month, load: &Load) -> Vec<Usage> {
    // Lambda waits 20 s at the queue, always; a request is sent, taken and deleted.
    let polls = POLLERS * MONTH / 20.0;
    vec![
        // Our own, and those that other systems put on the bus.
        Usage { service: "EventBridge", price: "eventbridge_event", quantity: month.changes + month.sync },
        Usage { service: "SQS", price: "sqs_request", quantity: polls + 3.0 * month.sync },
        // Who loses an address is told so; counted as an e-mail.
        Usage { service: "SES", price: "ses_email", quantity: load.emails as f64 + month.unique },
    ]
}

fn observation(month: &Month, stack: &Stack, measured: &Measured) -> Vec<Usage> {
    let log = &measured.log;
    let request = if stack.no_metrics { log.request_without_metrics } else { log.request };
    // Lambda's own three lines stand beside each of ours.
    let bytes = month.requests * f64::from(request + log.platform + log.access + 5 * EVENT)
        + (2.0 * month.batches + month.sync) * f64::from(log.batch + log.platform + 4 * EVENT);
    let gigabytes = bytes / GIGABYTE;
    let mut used = vec![
        Usage { service: "CloudWatch Logs", price: "logs_ingested_gb", quantity: gigabytes },
        Usage {
            service: "CloudWatch Logs",
            price: "logs_stored_gb",
            quantity: gigabytes * COMPRESSED * f64::from(stack.log_retention.unwrap_or(0)) / DAYS,
        },
    ];
    // A metric costs only in hours in which something is reported.
    if !stack.no_metrics && month.requests + month.sync > 0.0 {
        let functions = 2.0 + if month.sync > 0.0 { 1.0 } else { 0.0 };
        let metrics = f64::from(stack.contracts) * METRICS_OF.0 + functions * METRICS_OF.1;
        used.push(Usage { service: "CloudWatch", price: "metric", quantity: metrics });
    }
    let (alarms, dashboards) = (stack.alarms.unwrap_or(0), stack.dashboards.unwrap_or(0));
    used.push(Usage { service: "CloudWatch", price: "alarm", quantity: f64::from(alarms) });
    used.push(Usage { service: "CloudWatch", price: "dashboard", quantity: f64::from(dashboards) });
    if !stack.no_tracing {
        // The first of each second, and 5 % of the rest.
        let traces = month.requests.min(MONTH) + 0.05 * (month.requests - MONTH).max(0.0);
        used.push(Usage { service: "X-Ray", price: "trace", quantity: traces });
    }
    used
}

fn secrets(month: &Month, load: &Load, stack: &Stack) -> Vec<Usage> {
    let starts = load.cold_share / 100.0 * month.requests;
    vec![
        Usage { service: "Secrets Manager", price: "secret", quantity: f64::from(stack.secrets) },
        Usage {
            service: "Secrets Manager",
            price: "secret_call",
            quantity: starts * f64::from(stack.secrets),
        },
        Usage { service: "KMS", price: "kms_key", quantity: f64::from(stack.kms_keys) },
    ]
}
