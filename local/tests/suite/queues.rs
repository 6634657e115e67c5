//! The queues, with a clock of the test's own.

use local::Failure;
use local::queues::{Attribute, Depth, Queues, Received};
use local::template::{QueueResource, Redrive};
use shared::clock::{Clock, Timestamp};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// A clock that moves when it is told to.
#[derive(Default)]
struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

impl HandClock {
    fn move_by(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::Relaxed);
    }
}

fn resources() -> [QueueResource; 2] {
    let redrive = Redrive { queue: "dead".to_owned(), max_receives: 2 };
    let visibility = Duration::from_secs(10);
    [
        QueueResource { name: "work".to_owned(), visibility, redrive: Some(redrive) },
        QueueResource { name: "dead".to_owned(), visibility, redrive: None },
    ]
}

fn open(journal: Option<&Path>) -> (Queues, Arc<HandClock>) {
    let clock = Arc::new(HandClock::default());
    (Queues::open(&resources(), journal, clock.clone()).unwrap(), clock)
}

async fn keep(queues: &Queues, bodies: &[&str]) -> Vec<String> {
    let mut ids = Vec::new();
    for body in bodies {
        ids.push(queues.send("work", (*body).to_owned(), BTreeMap::new()).await.unwrap());
    }
    ids
}

fn receive(queues: &Queues, queue: &str) -> Vec<Received> {
    queues.receive(queue, 10, None).unwrap()
}

fn bodies(received: &[Received]) -> Vec<&str> {
    received.iter().map(|received| received.message.body.as_str()).collect()
}

#[tokio::test]
async fn a_received_message_is_hidden_until_its_time_is_over() {
    let (queues, clock) = open(None);
    keep(&queues, &["a", "b", "c"]).await;
    assert_eq!(bodies(&queues.receive("work", 2, None).unwrap()), ["a", "b"]);
    assert_eq!(queues.depth("work").unwrap(), Depth { visible: 1, hidden: 2 });
    assert_eq!(bodies(&queues.receive("work", 10, Some(Duration::from_secs(3))).unwrap()), ["c"]);
    clock.move_by(3);
    assert_eq!(bodies(&receive(&queues, "work")), ["c"]);
    clock.move_by(6);
    assert_eq!(bodies(&receive(&queues, "work")), [""; 0]);
    clock.move_by(1);
    assert_eq!(bodies(&receive(&queues, "work")), ["a", "b"]);
}

#[tokio::test]
async fn only_the_last_receipt_counts() {
    let (queues, clock) = open(None);
    keep(&queues, &["a"]).await;
    let first = receive(&queues, "work");
    clock.move_by(10);
    let second = receive(&queues, "work");
    queues.delete("work", &first[0].receipt).unwrap();
    assert_eq!(queues.show_after("work", &first[0].receipt, Duration::ZERO), Ok(false));
    assert_eq!(queues.depth("work").unwrap(), Depth { visible: 0, hidden: 1 });
    assert_eq!(queues.show_after("work", &second[0].receipt, Duration::ZERO), Ok(true));
    assert_eq!(queues.depth("work").unwrap(), Depth { visible: 1, hidden: 0 });
    queues.delete("work", &second[0].receipt).unwrap();
    assert_eq!(queues.depth("work").unwrap(), Depth::default());
}

#[tokio::test]
async fn a_message_that_was_received_too_often_is_a_dead_letter() {
    let (queues, clock) = open(None);
    let ids = keep(&queues, &["a"]).await;
    for receives in 1..=2 {
        let received = receive(&queues, "work");
        assert_eq!(received[0].message.receives, receives);
        clock.move_by(10);
    }
    assert_eq!(receive(&queues, "work"), []);
    let letters = receive(&queues, "dead");
    assert_eq!((&letters[0].message.id, letters[0].message.sent), (&ids[0], 0));
    assert_eq!(queues.depth("work").unwrap(), Depth::default());
}

#[tokio::test]
async fn waiting_ends_when_a_message_comes() {
    let (queues, _) = open(None);
    let (waited, _) = tokio::join!(queues.wait("work"), keep(&queues, &["a"]));
    assert_eq!(waited, Ok(()));
    let nothing = Failure::new("there is no queue other");
    assert_eq!(queues.wait("other").await, Err(nothing));
}

#[tokio::test]
async fn nothing_that_was_taken_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let journal = directory.path().join("queues.jsonl");
    let attribute = Attribute { data_type: "String".to_owned(), string_value: "x".to_owned() };
    let attributes = BTreeMap::from([("reason".to_owned(), attribute)]);
    let expected = {
        let (queues, clock) = open(Some(&journal));
        keep(&queues, &["dying", "deleted"]).await;
        for _ in 0..2 {
            receive(&queues, "work");
            clock.move_by(10);
        }
        let kept = queues.send("work", "kept".to_owned(), attributes.clone()).await.unwrap();
        // Both are dead letters now, and one of them is done with.
        assert_eq!(bodies(&receive(&queues, "work")), ["kept"]);
        let letters = receive(&queues, "dead");
        queues.delete("dead", &letters[1].receipt).unwrap();
        (kept, letters[0].message.id.clone())
    };
    // A kill in the middle of a line: what it was about was never acknowledged.
    let mut file = std::fs::File::options().append(true).open(&journal).unwrap();
    file.write_all(br#"{"did":"kept","queue":"wo"#).unwrap();
    let (queues, _) = open(Some(&journal));
    let (work, dead) = (receive(&queues, "work"), receive(&queues, "dead"));
    assert_eq!((bodies(&work), bodies(&dead)), (vec!["kept"], vec!["dying"]));
    assert_eq!((&work[0].message.id, &dead[0].message.id), (&expected.0, &expected.1));
    assert!(work[0].message.attributes == attributes);
    // Twice it was received, by one stack and by the next: that is as often as it may be.
    let (queues, _) = open(Some(&journal));
    assert_eq!(receive(&queues, "work"), []);
    assert_eq!(bodies(&receive(&queues, "dead")), ["dying", "kept"]);
}

#[tokio::test]
async fn a_damaged_journal_is_not_taken_for_an_empty_one() {
    let directory = tempfile::tempdir().unwrap();
    let journal = directory.path().join("queues.jsonl");
    std::fs::write(&journal, "{}\n").unwrap();
    let refused = Queues::open(&resources(), Some(&journal), Arc::new(HandClock::default())).err();
    let message = format!("{}: line 1: missing field `did` at line 1 column 2", journal.display());
    assert_eq!(refused, Some(Failure::new(message)));
    assert_eq!(std::fs::read_to_string(&journal).unwrap(), "{}\n");
}

#[tokio::test]
async fn a_dead_letter_queue_must_exist() {
    let [work, _] = resources();
    let refused = Queues::open(&[work], None, Arc::new(HandClock::default())).err();
    assert_eq!(refused, Some(Failure::new("work: no queue dead")));
}
