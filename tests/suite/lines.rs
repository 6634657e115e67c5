//! Log lines: what they count, whose trace they tell, and that their documentation says the same.

use crate::binaries::built;
use local::binaries::workspace;
use serde_json::{Value, json};
use shared::auth::Role;
use shared::clock::Clock;
use shared::config::Settings;
use shared::telemetry::{Metric, Metrics, RequestLine};
use std::collections::{BTreeSet, HashMap};
use std::process::Command;
use std::sync::Arc;
use tests::inbox::upsert;
use tests::journal::{assert_described, schema};
use tests::{Dial, Fault, Follower, Inbox, Journal, NOON, Request, World};

/// A line of a request as most are.
pub const LINE: RequestLine<'static> = RequestLine {
    request_id: "req_00000000-0000-4000-8000-000000000000",
    gateway_request_id: "JKJaXmPLvHcESHA=",
    trace_id: "0af7651916cd43dd8448eb211c80319c",
    contract: "authms",
    endpoint: "put-profile",
    status: 200,
    outcome: "updated",
    change_id: None,
};

fn metrics() -> Metrics {
    Metrics::default().with(Metric::Requests, 1).with_usage(shared::store::Usage::default())
}

/// The metrics of causes that a line shows.
fn causes(line: &Value) -> Vec<&str> {
    ["Refusals", "Throttled", "Faults"].into_iter().filter(|cause| line[cause] == 1).collect()
}

#[tokio::test]
async fn a_line_says_whose_the_outcome_is() {
    let world = World::new().await;
    world.create("1").await;
    let key = world.api_key(Role::Admin).await;
    let token = world.token("1");
    let put = Request::put_profile("1").bearer(&token).json(&json!({"city": "Paris"}));
    world.journal.lines();
    let spoil = |times: usize, fault: Fault| {
        for _ in 0..times {
            world.wire.spoil("UpdateItem", fault);
        }
    };
    let cases = [
        (put.clone(), 0, None, "updated", None),
        (put.clone().bearer("x"), 0, None, "credential_refused", Some("Refusals")),
        // Its status is 200.
        (
            Request::update_user("1").bearer(&key).json(&json!({"phone": "x"})),
            0,
            None,
            "invalid",
            Some("Refusals"),
        ),
        (Request::describe_error("nothing"), 0, None, "no_such_page", Some("Refusals")),
        (
            put.clone(),
            6,
            Some(Fault::Answer(400, "TransactionConflictException")),
            "contention",
            Some("Throttled"),
        ),
        (put.clone(), 3, Some(Fault::Answer(400, "ThrottlingException")), "throttled", Some("Throttled")),
        (put, 3, Some(Fault::Answer(500, "InternalServerError")), "unavailable", Some("Faults")),
    ];
    for (request, times, fault, outcome, expected) in cases {
        spoil(times, fault.unwrap_or(Fault::LostAnswer));
        world.send(&request).await;
        let line = world.journal.line();
        assert_eq!((&line["outcome"], causes(&line)), (&json!(outcome), Vec::from_iter(expected)));
        assert_eq!(line["Requests"], 1);
    }
}

#[test]
fn a_line_says_how_long_it_took_and_whether_the_process_is_new() {
    let (journal, dial) = (Journal::default(), Arc::<Dial>::default());
    let telemetry = journal.telemetry(Arc::clone(&dial) as Arc<dyn Clock>);
    for (millis, cold) in [(7, json!(1)), (11, Value::Null)] {
        let invocation = telemetry.begin(None);
        dial.forward_millis(millis);
        telemetry.end(&invocation, &LINE, metrics());
        let line = journal.line();
        assert_eq!((&line["Latency"], &line["ColdStarts"]), (&json!(millis), &cold));
    }
    assert_eq!(dial.now().millis(), NOON.millis() + 18);
}

#[test]
fn without_metrics_the_line_is_the_same_but_for_their_definition() {
    let line = |metrics_setting: &str| {
        let (journal, dial) = (Journal::default(), Arc::<Dial>::default());
        let values = [("TABLE_NAME", "none"), ("STACK_NAME", "test"), ("METRICS", metrics_setting)];
        let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let config = Settings::new(HashMap::from(values)).config();
        let telemetry = journal.telemetry_of(&config, dial as Arc<dyn Clock>);
        telemetry.end(&telemetry.begin(None), &LINE, metrics());
        journal.line()
    };
    let mut with = line("emf");
    assert!(with.as_object_mut().unwrap().remove("_aws").is_some());
    assert_eq!(with, line("off"));
}

#[tokio::test]
async fn a_line_tells_the_callers_trace_and_x_rays() {
    let world = World::new().await;
    let root = "1-5759e988-bd862e3fe1be46a994272793";
    let x_ray = ("x-amzn-trace-id", format!("Root={root};Parent=53995c3f42cd8ad8;Sampled=1"));
    let caller = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
    let malformed = ("traceparent", "zoe@example.com".to_owned());
    for (headers, trace_id, xray_trace_id) in [
        (vec![&caller, &x_ray], "0af7651916cd43dd8448eb211c80319c", json!(root)),
        (vec![&x_ray], "5759e988bd862e3fe1be46a994272793", json!(root)),
        (vec![&malformed, &x_ray], "5759e988bd862e3fe1be46a994272793", json!(root)),
        (vec![&caller], "0af7651916cd43dd8448eb211c80319c", Value::Null),
    ] {
        let request = Request::describe_error("forbidden").without("traceparent").without("x-amzn-trace-id");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        world.send(&request).await;
        let line = world.journal.line();
        assert_eq!((&line["trace_id"], &line["xray_trace_id"]), (&json!(trace_id), &xray_trace_id));
        assert!(!line.to_string().contains("zoe"), "{line}");
    }
}

#[tokio::test]
async fn a_line_names_the_change_that_its_event_names() {
    let world = World::new().await;
    let mut follower = Follower::of(&world).await;
    let token = world.token("1");
    let put = |body: Value| Request::put_profile("1").bearer(&token).json(&body);
    let keyed =
        put(json!({"city": "Rome"})).header("idempotency-key", "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"");
    let mut named = Vec::new();
    for (request, changes) in [
        (put(json!({"city": "Paris"})), true),
        (put(json!({"city": 1})), false),
        (keyed.clone(), true),
        // Answered as the first time.
        (keyed, false),
        (Request::get_profile("1").bearer(&token), false),
        (Request::delete_profile("1").bearer(&token), true),
    ] {
        world.send(&request).await;
        let line = world.journal.line();
        assert_eq!(line["change_id"].is_string(), changes, "{line}");
        named.extend(line.get("change_id").cloned());
    }
    assert!(follower.follow(&world).await);
    let entries = follower.bus.calls().concat();
    let event_id = |entry: &Value| {
        let detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
        detail["event_id"].clone()
    };
    assert_eq!(entries.iter().map(event_id).collect::<Vec<_>>(), named);
}

#[tokio::test]
async fn triggers_count_records_and_what_they_gave_up() {
    let inbox = Inbox::open().await;
    let counts =
        |line: &Value| ["Records", "Unfinished", "GivenUp"].map(|metric| line[metric].as_u64().unwrap());
    for _ in 0..3 {
        inbox.world.wire.spoil("TransactWriteItems", Fault::Answer(400, "ThrottlingException"));
    }
    let request = |user: &str| upsert("crm", user, 1, json!({"city": "x"}));
    assert_eq!(inbox.deliver(&[json!({"poison": true}), request("1"), request("2")]).await, [1]);
    assert_eq!(counts(&inbox.world.journal.line()), [3, 1, 1]);
    let mut follower = Follower::of(&inbox.world).await;
    assert!(follower.follow(&inbox.world).await);
    let line = inbox.world.journal.line();
    assert_eq!((counts(&line), &line["Function"]), ([1, 0, 0], &json!("publish-changes")));
}

/// Nothing is at any of these addresses, and Lambda would say where its Runtime API is: what the process writes until it ends
/// for want of that.
#[test]
fn lines_of_a_start_that_goes_wrong_are_described() {
    let issuers = json!([{"issuer": "https://i.example", "algorithms": ["RS256"], "jwks_url": "http://127.0.0.1:9/keys",
        "audience": "a", "contracts": ["authms"], "subjects": "shared"}]);
    let settings = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "any"),
        ("AWS_SECRET_ACCESS_KEY", "any"),
        ("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9"),
        ("TABLE_NAME", "none"),
        ("STAGE", "dev"),
        ("ISSUERS", &issuers.to_string()),
    ];
    let output = Command::new(&built()["put-profile"]).env_clear().envs(settings).output().unwrap();
    let log = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    lines.iter().for_each(assert_described);
    let told: Vec<_> = lines.iter().map(|line| (&line["level"], line.get("issuer"))).collect();
    assert_eq!(told, [(&json!("WARN"), Some(&json!("https://i.example"))), (&json!("ERROR"), None)], "{log}");
    assert_eq!(lines[1]["message"], "panic");
}

fn page() -> String {
    std::fs::read_to_string(workspace().join("docs/logs.md")).unwrap()
}

/// Names of all members, and values of their enumerations, anywhere in the schema.
fn described(schema: &Value, names: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::Object(properties)) = members.get("properties") {
                names.extend(properties.keys().cloned());
            }
            members.values().for_each(|member| described(member, names));
        }
        Value::Array(values) => values.iter().for_each(|value| described(value, names)),
        _ => {}
    }
}

#[test]
fn the_page_names_every_member_and_every_outcome() {
    let (page, schema) = (page(), schema());
    let mut names = BTreeSet::new();
    described(&schema, &mut names);
    // Parts of `_aws`.
    let inner = ["Timestamp", "CloudWatchMetrics", "Namespace", "Dimensions", "Metrics", "Name", "Unit"];
    for name in names.iter().filter(|name| !inner.contains(&name.as_str())) {
        assert!(page.contains(&format!("`{name}`")), "docs/logs.md says nothing of {name}");
    }
    let outcomes = schema["$defs"]["request"]["properties"]["outcome"]["enum"].as_array().unwrap();
    let table = page.split("| `outcome` | meaning | whose |").nth(1).unwrap().split("\n\n").next().unwrap();
    let listed: Vec<&str> =
        table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert_eq!(listed, outcomes.iter().map(|outcome| outcome.as_str().unwrap()).collect::<Vec<_>>());
}

/// Words of the query language of CloudWatch Logs Insights, as far as the page uses it.
const WORDS: &[&str] = &[
    "and",
    "as",
    "asc",
    "avg",
    "bin",
    "by",
    "count",
    "desc",
    "display",
    "fields",
    "filter",
    "in",
    "ispresent",
    "like",
    "limit",
    "max",
    "not",
    "or",
    "parse",
    "pct",
    "sort",
    "stats",
    "sum",
    "1h",
    "5m",
    "1d",
];

#[test]
fn the_queries_of_the_page_name_members_of_the_lines() {
    let (page, mut names) = (page(), BTreeSet::new());
    described(&schema(), &mut names);
    // What CloudWatch Logs and Lambda's own lines have.
    names.extend(
        [
            "@timestamp",
            "@message",
            "@logStream",
            "@type",
            "@billedDuration",
            "@initDuration",
            "@maxMemoryUsed",
            "@memorySize",
        ]
        .map(str::to_owned),
    );
    let queries: Vec<&str> =
        page.split("```sql\n").skip(1).map(|rest| rest.split("\n```").next().unwrap()).collect();
    assert!(queries.len() >= 10, "{}", queries.len());
    for query in queries {
        // Texts are no names; of names that the query gives itself, each follows an `as`.
        let bare: String = query.split('\'').step_by(2).collect::<Vec<_>>().join(" ");
        let name = |c: char| c.is_alphanumeric() || c == '_' || c == '@';
        let words: Vec<&str> = bare.split(|c: char| !name(c)).filter(|word| !word.is_empty()).collect();
        let parsed = bare.lines().filter(|line| line.contains("| parse "));
        let parsed = parsed.flat_map(|line| line.rsplit(" as ").next().unwrap().split(',').map(str::trim));
        let given = words.windows(2).filter(|pair| pair[0] == "as").map(|pair| pair[1]);
        let given: BTreeSet<&str> = given.chain(parsed).collect();
        for word in words {
            let number = word.chars().all(|c| c.is_ascii_digit());
            assert!(
                number || WORDS.contains(&word) || given.contains(word) || names.contains(word),
                "{word} in\n{query}"
            );
        }
        // A value that a member is compared with is one that it can have.
        for (place, text) in query.split('\'').enumerate().filter(|(place, _)| place % 2 == 1) {
            let before = query.split('\'').nth(place - 1).unwrap().trim_end();
            for member in ["message", "outcome", "Contract", "Function", "endpoint"] {
                if before.ends_with(&format!("{member} =")) {
                    assert!(
                        schema().to_string().contains(&format!("\"{text}\"")) || member == "endpoint",
                        "{text} in\n{query}"
                    );
                }
            }
        }
    }
}
