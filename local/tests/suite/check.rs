//! `check`, as operators run it.

use crate::command::local;
use crate::fixture::stack;
use aws_sdk_dynamodb::types::AttributeValue;

/// One page of a scan holds 1 MB.
#[tokio::test]
async fn check_reads_every_page_and_fails_where_something_is_wrong() {
    let data = tempfile::tempdir().unwrap();
    let stack = stack(data.path(), &[]).await;
    let (code, out, err) = local(&["check"], data.path()).await;
    assert_eq!((code, out.as_str(), err.as_str()), (0, "", "0 items; 0 findings\n"));

    let (client, text) = (stack.record().dynamodb().await, AttributeValue::S);
    for number in 0..5 {
        let put =
            client.put_item().table_name(&stack.record().table).item("PK", text(format!("ELSE#{number}")));
        put.item("SK", text("WHERE".into())).item("pad", text("x".repeat(300_000))).send().await.unwrap();
    }
    for repair in [&["check"][..], &["check", "--repair"]] {
        let (code, out, err) = local(repair, data.path()).await;
        assert_eq!((code, out), (1, "{\"finding\":\"unreadable\",\"item\":\"WHERE\"}\n".repeat(5)));
        assert!(err.starts_with("5 items; 5 findings (5 unreadable)"), "{err}");
    }
    stack.stop().await;
}
