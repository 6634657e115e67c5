//! `cargo run -- import`.

use crate::command::local;
use crate::engine::dynamodb;
use crate::fixture::stack;
use local::import::Import;
use local::import::progress::{Progress, Tally};
use local::stack::Stack;
use serde_json::{Value as Json, json};
use shared::clock::SystemClock;
use shared::entropy::SystemEntropy;
use shared::profile::Attribute;
use shared::schema::AttributeSchema;
use shared::validation::UserId;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An Argon2id hash, of a password that nobody remembers.
const HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";

/// A stack whose function notes what it is handed of the stream where nobody looks.
async fn quiet(data: &Path) -> Stack {
    stack(data, &[("Notes", data.to_str().unwrap())]).await
}

fn user(id: &str, attributes: &Json) -> Json {
    json!({"user_id": id, "profile": {"attributes": attributes}})
}

fn file(directory: &Path, lines: &[String]) -> PathBuf {
    let path = directory.join("users.ndjson");
    std::fs::write(&path, lines.join("\n")).unwrap();
    path
}

fn texts(lines: &[Json]) -> Vec<String> {
    lines.iter().map(Json::to_string).collect()
}

/// What the report beside the file says, line by line; nothing where there is none.
fn report(file: &Path) -> Vec<Json> {
    let report = std::fs::read_to_string(file.with_extension("refused.ndjson")).unwrap_or_default();
    report.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn said(tally: [u32; 4]) -> String {
    let [lines, imported, unchanged, refused] = tally;
    format!("{lines} lines: {imported} imported, {unchanged} there already, {refused} refused\n")
}

async fn import(file: &Path, data: &Path) -> (i32, String, String) {
    // One after another, so that of two lines that want the same the first has it.
    local(&["import", file.to_str().unwrap(), "--concurrency", "1"], data).await
}

async fn importing(stack: &Stack) -> Import {
    Import {
        store: stack.record().store().await,
        schema: Arc::new(AttributeSchema::default()),
        entropy: Arc::new(SystemEntropy::new()),
        clock: Arc::new(SystemClock),
    }
}

#[tokio::test]
async fn users_are_created_with_all_that_is_said_of_them() {
    let data = tempfile::tempdir().unwrap();
    let stack = quiet(data.path()).await;
    let mut zoe =
        user("zoe", &json!({"phone": "+8613900139000", "email": "Zoe@example.com", "role": "User"}));
    zoe["profile"]["created_at"] = json!("2020-02-29T12:00:00Z");
    zoe["profile"]["email_verified"] = json!(true);
    zoe["password_hash"] = json!(HASH);
    let lines = [zoe.to_string(), String::new(), user("kim", &json!({})).to_string()];
    let path = file(data.path(), &lines);
    assert_eq!(import(&path, data.path()).await, (0, said([3, 2, 0, 0]), String::new()));
    assert!(!path.with_extension("refused.ndjson").exists());
    assert!(!path.with_extension("position.json").exists());

    let store = stack.record().store().await;
    let record = store.read(&UserId::parse("zoe").unwrap()).await.unwrap().unwrap();
    assert_eq!((record.version, &*record.changed_by.contract), (1, "import"));
    let profile = record.profile.unwrap();
    assert_eq!(profile.created_at.rfc3339(), "2020-02-29T12:00:00.000Z");
    assert!(profile.updated_at > profile.created_at);
    assert_eq!((profile.phone_verified, profile.email_verified), (false, true));
    assert_eq!(profile.text(Attribute::Email), Some("Zoe@example.com"));
    let key = json!({"PK": {"S": "CREDENTIAL#zoe"}, "SK": {"S": "CREDENTIAL"}});
    let request = json!({"TableName": stack.record().table, "Key": key});
    let credential = dynamodb(&stack.record().dynamodb_endpoint, "GetItem", request).await;
    assert_eq!(credential["Item"]["password_hash"]["S"], HASH);

    // What is there already is left alone, whatever wrote it last.
    assert_eq!(import(&path, data.path()).await, (0, said([3, 0, 2, 0]), String::new()));
    let (_, export, _) = local(&["user", "export", "zoe"], data.path()).await;
    let export: Json = serde_json::from_str(&export).unwrap();
    let path = file(data.path(), &[export.to_string()]);
    assert_eq!(import(&path, data.path()).await, (0, said([1, 0, 1, 0]), String::new()));
    let schema = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/import.schema.json"));
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema.unwrap()).unwrap()).unwrap();
    for line in [&zoe, &export] {
        assert!(schema.is_valid(line), "{line}");
    }
    for name in Attribute::ALL {
        assert!(schema.is_valid(&user("zoe", &json!({ name.name(): null }))), "{name:?}");
    }
    for bad in [json!({"user_id": "zoe"}), user("a b", &json!({})), user("zoe", &json!({"shoe": "42"}))] {
        assert!(!schema.is_valid(&bad), "{bad}");
    }
    stack.stop().await;
}

#[tokio::test]
async fn every_refused_line_is_told_of_with_its_reason() {
    let data = tempfile::tempdir().unwrap();
    let stack = quiet(data.path()).await;
    let before =
        texts(&[user("ada", &json!({"city": "Oslo", "phone": "+8613900139000"})), user("eve", &json!({}))]);
    assert_eq!(import(&file(data.path(), &before), data.path()).await.0, 0);
    assert_eq!(local(&["user", "erase", "eve"], data.path()).await.0, 0);

    let email = json!({"email": "zoe@example.com"});
    let mut lines = texts(&[
        user("ada", &json!({"city": "Oslo"})),
        user("ada", &json!({"city": "Rome"})),
        user("eve", &json!({})),
        user("zoe", &email),
        user("kim", &email),
        user("lea", &json!({"phone": "+8613900139000", "email": "ZOE@example.com"})),
        user("max", &json!({"phone": "13900139001", "shoe": "42"})),
    ]);
    lines.push("secret nonsense".to_owned());
    lines.push(user("big", &json!({"bio": "b".repeat(64 * 1024)})).to_string());
    lines.push(user("end", &json!({})).to_string());
    let path = file(data.path(), &lines);
    let refused = format!("why lines were refused: {}\n", path.with_extension("refused.ndjson").display());
    assert_eq!(import(&path, data.path()).await, (1, said([10, 2, 1, 7]), refused));
    let violations = json!([{"field": "phone", "code": "format"}, {"field": "shoe", "code": "unknown"}]);
    let expected = json!([
        {"line": 2, "reason": "exists"},
        {"line": 3, "reason": "erased"},
        {"line": 5, "reason": "taken", "attributes": ["email"]},
        {"line": 6, "reason": "taken", "attributes": ["phone", "email"]},
        {"line": 7, "reason": "invalid", "violations": violations},
        {"line": 8, "reason": "malformed"},
        {"line": 9, "reason": "malformed"},
    ]);
    assert_eq!(Json::Array(report(&path)), expected);
    for nobody in ["kim", "lea", "max", "big"] {
        assert_eq!(local(&["user", "show", nobody], data.path()).await.0, 1, "{nobody}");
    }
    let (_, ada, _) = local(&["user", "show", "ada"], data.path()).await;
    assert_eq!(serde_json::from_str::<Json>(&ada).unwrap()["city"], "Oslo");
    stack.stop().await;
}

#[tokio::test]
async fn an_import_that_was_broken_off_goes_on() {
    const LINES: u64 = 1_200;
    let data = tempfile::tempdir().unwrap();
    let stack = quiet(data.path()).await;
    let line = |number: u64| match number % 100 {
        0 => "nonsense".to_owned(),
        _ => user(&format!("user-{number}"), &json!({"username": format!("name-{number}")})).to_string(),
    };
    let lines: Vec<String> = (1..=LINES).map(line).collect();
    let path = file(data.path(), &lines);
    let import = importing(&stack).await;

    let broken_off = tokio::sync::Notify::new();
    let mut progress = Progress::open(&path, "table").unwrap();
    let another = Progress::open(&path, "table").err().map(|failure| failure.to_string());
    assert_eq!(another, Some(format!("{}: another import of it runs", path.display())));
    let told = |progress: &Progress| {
        if progress.tally().lines == 730 {
            broken_off.notify_one();
        }
    };
    tokio::select! {
        biased;
        () = broken_off.notified() => {}
        done = import.run(&path, &mut progress, 8, told) => panic!("{done:?}"),
    }
    drop(progress);

    let mut progress = Progress::open(&path, "table").unwrap();
    // As much as was on the disk.
    assert_eq!((progress.tally().lines, progress.tally().refused), (500, 5));
    import.run(&path, &mut progress, 8, |_| {}).await.unwrap();
    let Tally { lines, imported, unchanged, refused, .. } = progress.finish().unwrap();
    assert_eq!((lines, imported + unchanged, refused), (LINES, LINES - 12, 12));
    assert!(unchanged >= 227, "{unchanged} lines were imported, and lost with the position");
    let expected: Vec<Json> =
        (1..=12).map(|hundred| json!({"line": 100 * hundred, "reason": "malformed"})).collect();
    assert_eq!(report(&path), expected);
    for number in [1, 501, 731, LINES - 1] {
        let id = UserId::parse(&format!("user-{number}")).unwrap();
        assert_eq!(import.store.read(&id).await.unwrap().unwrap().version, 1);
    }

    // Another table has none of them, and another file is another file.
    let begin = |table: &str| Progress::open(&path, table).unwrap().tally().lines;
    let mut progress = Progress::open(&path, "table").unwrap();
    import.run(&path, &mut progress, 8, |_| {}).await.unwrap();
    progress.save().unwrap();
    drop(progress);
    assert_eq!((begin("table"), begin("another")), (LINES, 0));
    std::fs::write(&path, "{}\n").unwrap();
    assert_eq!(begin("table"), 0);
    stack.stop().await;
}

#[tokio::test]
async fn a_line_costs_what_docs_table_md_says() {
    let data = tempfile::tempdir().unwrap();
    let stack = quiet(data.path()).await;
    let mut import = importing(&stack).await;
    let unique = json!({"username": "zoe", "email": "zoe@example.com", "phone": "+8613900139000"});
    let mut with_password = user("max", &json!({"username": "max"}));
    with_password["password_hash"] = json!(HASH);
    let fields = user("lea", &json!({"custom_fields": {"a": 1}, "social_links": {"b": "c"}}));
    for (line, calls) in [
        (user("kim", &json!({"city": "Oslo"})), 1),
        (fields, 1),
        (user("zoe", &unique), 1),
        (with_password, 2),
        (user("zoe", &unique), 2),
        (user("zoe", &json!({"city": "Oslo"})), 2),
    ] {
        import.store = import.store.metered_anew();
        let path = file(data.path(), &[line.to_string()]);
        let mut progress = Progress::open(&path, "table").unwrap();
        import.run(&path, &mut progress, 1, |_| {}).await.unwrap();
        progress.finish().unwrap();
        assert_eq!(import.store.usage().calls, calls, "{line}");
    }
    stack.stop().await;
}

#[tokio::test]
async fn an_import_that_the_database_fails_can_go_on() {
    let data = tempfile::tempdir().unwrap();
    let stack = quiet(data.path()).await;
    let mut import = importing(&stack).await;
    let path = file(data.path(), &texts(&[user("zoe", &json!({}))]));
    let mut progress = Progress::open(&path, "table").unwrap();
    // There is no such table.
    let store = shared::store::ProfileStore::new(stack.record().dynamodb().await, "nowhere");
    let good = std::mem::replace(&mut import.store, store);
    let failed = import.run(&path, &mut progress, 8, |_| {}).await;
    let message = "the database refuses the request; may these credentials do it?";
    assert_eq!(failed, Err(local::Failure::new(message)));
    assert_eq!(progress.tally(), &Tally::default());
    import.store = good;
    import.run(&path, &mut progress, 8, |_| {}).await.unwrap();
    assert_eq!(progress.finish().unwrap().imported, 1);
    stack.stop().await;
}
