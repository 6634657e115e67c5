//! Old addresses are told: from changes through the contracts, over the engine's own stream, to a mailbox.

use crate::binaries::Real;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use shared::events::GIVE_UP_AFTER_SECONDS;
use shared::trigger::Trigger;
use tests::journal::assert_described;
use tests::{Bus, Fault, Mailbox, Request, World};
use triggers::SendNotices;

const QUEUE: &str = "https://sqs.test/failed-changes";

/// A world with the function on its stream, a mailbox for its letters, and a queue for what it gives up.
struct Post {
    world: World,
    mailbox: Mailbox,
    queue: Bus,
    function: SendNotices,
    /// How many records of the stream it has been handed.
    handed: std::cell::Cell<usize>,
}

impl Post {
    async fn open() -> Self {
        let (world, mailbox, queue) = (World::new().await, Mailbox::start().await, Bus::start().await);
        let url = mailbox.url();
        let settings = [
            ("STAGE", "dev"),
            ("COURIER", "outbox"),
            ("OUTBOX_URL", url.as_str()),
            ("FAILED_CHANGES_QUEUE_URL", QUEUE),
        ];
        let function = world.trigger(queue.sdk().await, &settings);
        Self { world, mailbox, queue, function, handed: 0.into() }
    }

    /// An administrator's edit, which changes contacts without proof.
    async fn edit(&self, user: &str, members: Value) {
        let mut body = json!({"user_id": user});
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let request = Request::edit_user_basic().bearer(&self.world.admin_token("root"));
        let reply = self.world.send(&request.json(&body)).await;
        assert_eq!((reply.status, reply.body), (200, json!({})), "{members}");
    }

    /// Records of the stream that came since the last time this was asked, and that the mapping's filter lets through.
    async fn news(&self) -> Vec<Value> {
        let all = self.world.stream().await;
        let news = all[self.handed.replace(all.len())..].iter();
        news.filter(|record| record["eventName"] == "MODIFY").cloned().collect()
    }

    async fn invoke(&self, records: &[Value]) -> Value {
        let batch = serde_json::from_value(json!({"Records": records})).unwrap();
        serde_json::to_value(self.function.handle(batch, None).await).unwrap()
    }

    /// Hands over all that is new; nothing of it must come again.
    async fn deliver(&self) {
        assert_eq!(self.invoke(&self.news().await).await, done());
    }
}

fn done() -> Value {
    json!({"batchItemFailures": []})
}

fn again_from(record: &Value) -> Value {
    json!({"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]})
}

fn sms(to: &str, body: &str) -> Value {
    json!({"to": to, "channel": "sms", "code": null, "subject": null, "body": body})
}

/// Word to `+8613900130012` that it is now `139****0013`.
fn phone_changed() -> Value {
    sms(
        "+8613900130012",
        "The phone number of your profile was changed from this one to 139****0013. If this was not you, contact \
         support immediately.",
    )
}

/// Word to `ada@example.com` that it is gone.
fn email_removed() -> Value {
    json!({
        "to": "ada@example.com", "channel": "email", "code": null, "subject": "Your e-mail address was changed",
        "body": "This e-mail address was removed from your profile. If this was not you, contact support \
                 immediately.",
    })
}

/// `ada`, with a phone and an e-mail address; nobody has been told of anything.
async fn with_contacts() -> Post {
    let post = Post::open().await;
    post.world.create("ada").await;
    post.edit("ada", json!({"phone": "+86 13900130012", "email": "ada@example.com"})).await;
    post.deliver().await;
    assert_eq!(post.mailbox.letters(), Vec::<Value>::new(), "there was no address before");
    post
}

#[tokio::test]
async fn who_is_replaced_is_told_without_the_new_value() {
    let post = with_contacts().await;
    post.edit("ada", json!({"phone": "+86 13900130013"})).await;
    post.deliver().await;
    assert_eq!(post.mailbox.letters(), [phone_changed()]);

    // Another attribute, the same address in another spelling, the same value again: nobody is told.
    post.edit("ada", json!({"nickname": "Ada", "email": "ADA@Example.com"})).await;
    post.edit("ada", json!({"phone": "+86 13900130013", "email": "ada@example.com"})).await;
    post.deliver().await;
    assert_eq!((post.mailbox.attempts(), post.mailbox.letters()), (1, vec![]));

    // Both at once, one of them away, in the user's language.
    let language = Request::put_profile("ada").bearer(&post.world.token("ada"));
    assert_eq!(post.world.send(&language.json(&json!({"language": "zh-Hans-CN"}))).await.status, 200);
    post.edit("ada", json!({"phone": "+44 7911123456", "email": ""})).await;
    post.deliver().await;
    let mut letters = post.mailbox.letters();
    letters.sort_by_key(|letter| letter["to"].to_string());
    assert_eq!(
        letters,
        [
            sms(
                "+8613900130013",
                "您账号的手机号已由当前手机号变更为 +44****3456。如非本人操作,请立即联系客服。"
            ),
            json!({
                "to": "ada@example.com", "channel": "email", "code": null, "subject": "您的邮箱地址已变更",
                "body": "您的账号已解除与当前邮箱地址的绑定。如非本人操作,请立即联系客服。",
            }),
        ]
    );
}

#[tokio::test]
async fn neither_erasing_nor_creating_anew_is_told() {
    let post = with_contacts().await;
    let version = post.world.record("ada").await.unwrap().version;
    post.world.erase("ada", version + 1).await;
    let again = Request::put_profile("ada").bearer(&post.world.admin_token("root"));
    let again = again.header("if-none-match", "*").json(&json!({"nickname": "Ada"}));
    assert_eq!(post.world.send(&again).await.status, 200);
    post.edit("ada", json!({"phone": "+86 13900130013"})).await;
    let news = post.news().await;
    assert_eq!(news.len(), 3, "the filter lets all of these through");
    assert_eq!(post.invoke(&news).await, done());
    assert_eq!((post.mailbox.attempts(), post.mailbox.letters()), (0, vec![]));
}

#[tokio::test]
async fn a_failure_is_retried_and_nobody_told_twice() {
    let post = with_contacts().await;
    post.edit("ada", json!({"nickname": "Ada"})).await;
    post.edit("ada", json!({"email": ""})).await;
    post.edit("ada", json!({"phone": "+86 13900130013"})).await;
    let stored = post.world.record("ada").await;
    let news = post.news().await;
    // The service is down for one of the two, and then for none.
    for status in [503, 429] {
        post.mailbox.refuse(status, 2);
        assert_eq!(post.invoke(&news).await, again_from(&news[1]), "{status}");
        assert_eq!(post.mailbox.letters(), Vec::<Value>::new());
    }
    post.mailbox.refuse(503, 1);
    let answer = post.invoke(&news).await;
    let first = post.mailbox.letters();
    // Both are on their way at the same time.
    let (failed, left) = if first == [phone_changed()] { (1, email_removed()) } else { (2, phone_changed()) };
    assert_eq!(answer, again_from(&news[failed]));
    assert_eq!(post.invoke(&news[failed..]).await, done());
    assert_eq!(post.mailbox.letters(), std::slice::from_ref(&left));
    assert!(first == [phone_changed()] || first == [email_removed()] && left == phone_changed(), "{first:?}");
    // Lambda may hand over what is done with once more.
    post.mailbox.attempts();
    assert_eq!(post.invoke(&news).await, done());
    assert_eq!((post.mailbox.attempts(), post.mailbox.letters()), (0, vec![]));
    // Nothing of this touched the change.
    assert_eq!(post.world.record("ada").await, stored);
    assert_eq!(post.queue.messages(), []);
}

#[tokio::test]
async fn what_is_refused_for_good_is_not_tried_again() {
    let post = with_contacts().await;
    post.edit("ada", json!({"phone": "+86 13900130013"})).await;
    let news = post.news().await;
    post.mailbox.refuse(400, 1);
    assert_eq!(post.invoke(&news).await, done());
    assert_eq!(post.invoke(&news).await, done());
    assert_eq!((post.mailbox.attempts(), post.mailbox.letters()), (1, vec![]));
    assert_eq!(post.queue.messages(), []);
}

#[tokio::test]
async fn a_notice_is_given_up_after_six_hours_and_told_of_without_the_address() {
    let post = with_contacts().await;
    post.edit("ada", json!({"phone": "+86 13900130013"})).await;
    let news = post.news().await;
    post.mailbox.refuse(503, 2);
    post.world.clock.forward(GIVE_UP_AFTER_SECONDS - 1);
    assert_eq!(post.invoke(&news).await, again_from(&news[0]));
    assert_eq!(post.queue.messages(), []);
    post.world.clock.forward(1);
    assert_eq!(post.invoke(&news).await, done());
    let message = json!({
        "reason": "given_up", "effect": "notice", "user": "ada",
        "sequence_number": news[0]["dynamodb"]["SequenceNumber"],
        "event_id": news[0]["dynamodb"]["NewImage"]["change_id"]["S"],
    });
    assert_eq!(post.queue.messages(), [(QUEUE.to_owned(), message)]);
    assert_eq!(post.mailbox.letters(), Vec::<Value>::new());
}

#[tokio::test]
async fn without_the_table_nobody_is_told_and_without_the_mark_perhaps_twice() {
    let post = with_contacts().await;
    post.edit("ada", json!({"phone": "+86 13900130013"})).await;
    let news = post.news().await;
    post.world.wire.calls();
    let refused = Fault::Answer(400, "AccessDeniedException");
    post.world.wire.spoil("GetItem", refused);
    assert_eq!(post.invoke(&news).await, again_from(&news[0]));
    assert_eq!((post.mailbox.attempts(), post.mailbox.letters()), (0, vec![]));
    // Once it is sent, a mark that cannot be kept is no reason to send it again.
    post.world.wire.spoil("PutItem", refused);
    assert_eq!(post.invoke(&news).await, done());
    assert_eq!(post.mailbox.letters(), [phone_changed()]);
    assert_eq!(post.invoke(&news).await, done());
    assert_eq!(post.mailbox.letters(), [phone_changed()]);
    assert_eq!(post.world.wire.calls(), ["GetItem", "GetItem", "PutItem", "GetItem", "PutItem"]);
}

#[tokio::test]
async fn the_mark_holds_nothing_personal_and_expires() {
    let post = with_contacts().await;
    post.edit("ada", json!({"phone": "+86 13900130013"})).await;
    let news = post.news().await;
    assert_eq!(post.invoke(&news).await, done());
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let change_id = news[0]["dynamodb"]["NewImage"]["change_id"]["S"].as_str().unwrap();
    let key = text(&format!("NOTICE#{change_id}"));
    let marks: Vec<_> = post.world.items().await.into_iter().filter(|item| item["PK"] == key).collect();
    let in_two_days = tests::NOON.plus_seconds(2 * 24 * 60 * 60).seconds();
    let mark = [
        ("PK", key),
        ("SK", text("TOLD#phone")),
        ("schema", AttributeValue::N("1".to_owned())),
        ("expires_at", AttributeValue::N(in_two_days.to_string())),
    ];
    assert_eq!(marks, [mark.map(|(name, value)| (name.to_owned(), value)).into()]);
}

#[tokio::test]
async fn a_stack_without_an_e_mail_sender_holds_nothing_up() {
    let post = with_contacts().await;
    let settings = [("FAILED_CHANGES_QUEUE_URL", QUEUE)];
    let function: SendNotices = post.world.trigger(post.queue.sdk().await, &settings);
    post.edit("ada", json!({"email": ""})).await;
    let post = Post { function, ..post };
    post.deliver().await;
    assert_eq!(post.queue.messages(), []);
}

#[tokio::test]
async fn each_sample_does_what_its_name_says() {
    let in_chinese = json!({
        "to": "ADA@example.com", "channel": "email", "code": null, "subject": "您的邮箱地址已变更",
        "body": "您的账号已解除与当前邮箱地址的绑定。如非本人操作,请立即联系客服。",
    });
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../events/send-notices");
    let mut samples: Vec<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    samples.sort();
    assert_eq!(samples, ["changed", "duplicate", "poisoned", "respelled"]);
    for (sample, letters) in [
        ("changed", vec![phone_changed(), in_chinese.clone()]),
        ("duplicate", vec![phone_changed()]),
        // Another consumer tells of a record that cannot be read.
        ("poisoned", vec![in_chinese]),
        ("respelled", vec![]),
    ] {
        let post = Post::open().await;
        let text = std::fs::read_to_string(format!("{directory}/{sample}.json")).unwrap();
        let event: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(post.invoke(event["Records"].as_array().unwrap()).await, done(), "{sample}");
        let mut sent = post.mailbox.letters();
        sent.sort_by_key(|letter| letter["channel"] == "email");
        assert_eq!(sent, letters, "{sample}");
        assert_eq!(post.queue.messages(), [], "{sample}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_function_itself_logs_no_address() {
    let real = Real::start(&[]).await;
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/../events/send-notices/changed.json");
    let function = &real.functions["send-notices"];
    let mut lines = Vec::new();
    let answer = function.invoke(std::fs::read_to_string(sample).unwrap(), "").await.unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&answer).unwrap(), done());
    for line in real.log("send-notices").lines() {
        let mut line: Value = serde_json::from_str(line).unwrap();
        assert_described(&line);
        assert!(line["timestamp"].take().is_string());
        if line["message"] == "batch" {
            assert!(line["Latency"].take().is_u64());
        }
        lines.push(line);
    }
    assert_eq!(
        lines,
        [
            json!({
                "timestamp": null, "level": "INFO", "message": "notices", "sent": 2, "sent_earlier": 0,
                "rejected": 0, "unreachable": 0, "failed": 0,
            }),
            json!({
                "timestamp": null, "level": "INFO", "message": "batch", "Function": "send-notices", "changes": 3,
                "undecodable": 0, "Stack": "local", "Records": 3, "Unfinished": 0, "GivenUp": 0, "Latency": null,
                "DynamoDBCalls": 4, "ReadUnits": 2, "WriteUnits": 2, "ColdStarts": 1,
            }),
        ]
    );
    real.stack.stop().await;
}
