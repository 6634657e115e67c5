//! Files that cannot become longer, and files that are damaged. `.ci/full` has a file system that is full.

use local::binaries;
use local::engine::{Engine, EngineOptions};
use local::queues::Queues;
use local::template::Template;
use serde_json::json;
use shared::clock::SystemClock;
use std::collections::BTreeMap;
use std::sync::Arc;
use tests::disk::{Disk, run_full, run_full_of_messages};

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_refused_in_each_contracts_words_and_damages_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let program = binaries::build(false).unwrap().remove("local").unwrap();
    run_full(&Disk::Limited(directory.path().to_owned()), &program).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_was_written_in_part_spoils_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let program = binaries::build(false).unwrap().remove("local").unwrap();
    run_full_of_messages(directory.path(), &program).await;
}

#[tokio::test]
async fn a_damaged_database_is_refused_and_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("dynamodb.sqlite");
    let template = Template::read(&Template::default_path(), &BTreeMap::new()).unwrap();
    let start = || Engine::start(EngineOptions { data: Some(path.clone()) });
    let engine = start().await.unwrap();
    engine.create_table(&template.table).await.unwrap();
    let item = |n: u32| {
        json!({"PK": {"S": format!("USER#{n}")}, "SK": {"S": "PROFILE"}, "x": {"S": "x".repeat(500)}})
            .to_string()
    };
    engine.load(&template.table.name, (0..500).map(item).collect()).await.unwrap();
    engine.stop().await;
    let whole = std::fs::read(&path).unwrap();
    assert!(whole.len() > 200_000, "the log went into the database: {}", whole.len());
    let random: Vec<u8> = (0..whole.len()).map(|n| (n * n % 251) as u8).collect();
    let spoilt = [&random[..4096], &whole[4096..]].concat();
    for damaged in [&whole[..50], &whole[..4096], &whole[..whole.len() / 2], &random, &spoilt] {
        for beside in ["dynamodb.sqlite-wal", "dynamodb.sqlite-shm"] {
            let _ = std::fs::remove_file(directory.path().join(beside));
        }
        std::fs::write(&path, damaged).unwrap();
        let refused = start().await.err().map(|failure| failure.to_string());
        let named = refused.as_ref().is_some_and(|words| words.starts_with(&format!("{}: ", path.display())));
        assert!(named, "{} bytes: {refused:?}", damaged.len());
        assert!(std::fs::read(&path).unwrap() == *damaged, "it was written to");
    }
    std::fs::write(&path, &whole).unwrap();
    start().await.unwrap().stop().await;
}

#[test]
fn a_damaged_journal_is_refused_and_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("queues.jsonl");
    for damaged in ["garbage\n", "{\"did\":\"deleted\",\"id\":\"a\"}\n{\"did\":\"kep\u{0}t\"}\n"] {
        std::fs::write(&path, damaged).unwrap();
        let refused = Queues::open(&[], Some(&path), Arc::new(SystemClock)).err().unwrap().to_string();
        assert!(refused.starts_with(&format!("{}: line ", path.display())), "{refused}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), damaged);
    }
}
