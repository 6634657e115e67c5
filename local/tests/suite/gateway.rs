use crate::client::{Response, send};
use crate::fixture::stack;
use local::gateway::{MAX_BODY, MAX_HEADERS};
use serde_json::{Value as Json, json};

/// The event that the function got.
async fn echo(url: &str, head: &str, body: &[u8]) -> Json {
    let response = send(url, head, body).await;
    assert_eq!(response.status, 200, "{}", response.body);
    serde_json::from_str(&response.body).unwrap()
}

#[tokio::test]
async fn a_function_sees_the_request_as_behind_api_gateway() {
    let data = tempfile::tempdir().unwrap();
    let stack = stack(data.path(), &[]).await;
    let head = "POST /patient/a%20b?x=1&x=2 HTTP/1.1\nX-Probe: first\nx-probe: second\nX-Forwarded-For: 10.0.0.1\n\
                Host: evil.example\nX-Forwarded-Proto: https\nContent-Type: application/json\nCookie: a=1; b=2";
    let mut event = echo(stack.url(), head, br#"{"a":1}"#).await;
    let authority = stack.url().strip_prefix("http://").unwrap();
    let headers = event["headers"].as_object_mut().unwrap();
    assert!(headers.remove("x-amzn-trace-id").unwrap().as_str().unwrap().starts_with("Root=1-"));
    let context = event["requestContext"].as_object_mut().unwrap();
    assert_eq!(context.remove("requestId").unwrap().as_str().unwrap().len(), 16);
    assert!(context.remove("time").is_some() && context.remove("timeEpoch").is_some());
    let expected = json!({
        "version": "2.0",
        "routeKey": "POST /patient/{name}",
        "rawPath": "/patient/a b",
        "rawQueryString": "x=1&x=2",
        "cookies": ["a=1", "b=2"],
        "headers": {
            "content-length": "7",
            "content-type": "application/json",
            "host": authority,
            "x-forwarded-for": "10.0.0.1, 127.0.0.1",
            "x-forwarded-port": authority.split_once(':').unwrap().1,
            "x-forwarded-proto": "http",
            "x-probe": "first,second",
        },
        "queryStringParameters": {"x": "1,2"},
        "pathParameters": {"name": "a b"},
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": authority,
            "domainPrefix": "local",
            "http": {
                "method": "POST",
                "path": "/patient/a b",
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "",
            },
            "routeKey": "POST /patient/{name}",
            "stage": "$default",
        },
        "body": "{\"a\":1}",
        "isBase64Encoded": false,
    });
    assert_eq!(event, expected);
    let trace = "POST /patient/a HTTP/1.1\nX-Amzn-Trace-Id: Root=1-5e7fe714-fee6909429159440eb352c40";
    let event = echo(stack.url(), trace, b"").await;
    assert_eq!(event["headers"]["x-amzn-trace-id"], "Root=1-5e7fe714-fee6909429159440eb352c40");
    stack.stop().await;
}

#[tokio::test]
async fn the_gateways_own_answers() {
    let data = tempfile::tempdir().unwrap();
    let stack = stack(data.path(), &[]).await;
    let answer = async |head: &str, body: &[u8]| send(stack.url(), head, body).await.stable();
    let not_found = || Response::own(404, "Not Found");
    for head in [
        "GET /patient/a HTTP/1.1",
        "POST / HTTP/1.1",
        "POST /patient HTTP/1.1",
        "POST /patient/ HTTP/1.1",
        "POST /patient/a/ HTTP/1.1",
        "POST /patient/a%2Fb HTTP/1.1",
        "POST /Patient/a HTTP/1.1",
        "PUT /patient/a HTTP/1.1",
        "OPTIONS /patient/a HTTP/1.1\nOrigin: https://app.example\nAccess-Control-Request-Method: POST",
    ] {
        assert_eq!(answer(head, b"").await, not_found(), "{head}");
    }
    for head in ["POST /patient/100%25x HTTP/1.1", "POST /patient/%FF HTTP/1.1", "POST /patient/%zz HTTP/1.1"]
    {
        assert_eq!(answer(head, b"").await, Response::own(400, "Bad Request"), "{head}");
    }
    let padding = "x".repeat(MAX_HEADERS);
    let head = format!("POST /patient/a HTTP/1.1\nX-Padding: {padding}");
    assert_eq!(answer(&head, b"").await, Response::own(431, "Request Header Fields Too Large"));

    let failed = || Response::own(500, "Internal Server Error");
    assert_eq!(answer("POST /patient/a HTTP/1.1\nX-Act: crash", b"").await, failed());
    assert_eq!(answer("POST /patient/a HTTP/1.1\nX-Act: fail", b"").await, failed());
    assert_eq!(answer("POST /impatient HTTP/1.1\nX-Act: hang", b"").await, failed());
    // All of them serve again afterwards.
    assert_eq!(answer("POST /patient/a HTTP/1.1\nX-Act: raw={\"statusCode\":204}", b"").await.status, 204);
    assert_eq!(answer("POST /impatient HTTP/1.1\nX-Act: raw={\"statusCode\":204}", b"").await.status, 204);
    stack.stop().await;
}

#[tokio::test]
async fn bodies_have_a_limit() {
    let data = tempfile::tempdir().unwrap();
    let stack = stack(data.path(), &[]).await;
    let too_large = || Response::own(413, "Request Entity Too Large");
    let announced = format!("POST /patient/a HTTP/1.1\nContent-Length: {}", MAX_BODY + 1);
    assert_eq!(send(stack.url(), &announced, b"").await.stable(), too_large());
    let body = vec![b'x'; MAX_BODY + 1];
    let chunked = [format!("{:x}\r\n", body.len()).as_bytes(), &body, b"\r\n0\r\n\r\n"].concat();
    let head = "POST /patient/a HTTP/1.1\nTransfer-Encoding: chunked\nX-Not: Content-Length";
    assert_eq!(send(stack.url(), head, &chunked).await.stable(), too_large());
    // What cannot be read is not too large.
    for broken in ["zz\r\nx\r\n0\r\n\r\n", "1\r\nxyz\r\n0\r\n\r\n"] {
        let answered = send(stack.url(), head, broken.as_bytes()).await.stable();
        assert_eq!(answered, Response::own(400, "Bad Request"), "{broken:?}");
    }
    // Lambda takes less than the gateway does.
    assert_eq!(send(stack.url(), "POST /patient/a HTTP/1.1", &body[..MAX_BODY]).await.stable(), too_large());
    let event = echo(stack.url(), "POST /patient/a HTTP/1.1", &body[..1 << 20]).await;
    assert_eq!(event["body"].as_str().unwrap().len(), 1 << 20);
    stack.stop().await;
}

#[tokio::test]
async fn a_literal_segment_goes_before_a_parameter() {
    let data = tempfile::tempdir().unwrap();
    let stack = stack(data.path(), &[]).await;
    let event = echo(stack.url(), "POST /patient/fixed HTTP/1.1", b"").await;
    assert_eq!(event["routeKey"], "POST /patient/fixed");
    assert_eq!(event["pathParameters"], Json::Null);
    stack.stop().await;
}

#[tokio::test]
async fn answers_reach_the_caller_whole() {
    let data = tempfile::tempdir().unwrap();
    let stack = stack(data.path(), &[]).await;
    let raw = json!({
        "statusCode": 401,
        "headers": {"content-type": "application/json", "www-authenticate": "Bearer", "etag": "\"1\""},
        "cookies": ["a=1", "b=2"],
        "body": "{}",
    });
    let answered =
        send(stack.url(), &format!("POST /patient/a HTTP/1.1\nX-Act: raw={raw}"), b"").await.stable();
    let headers = [
        ("content-type", "application/json"),
        ("etag", "\"1\""),
        ("set-cookie", "a=1 and b=2"),
        ("www-authenticate", "Bearer"),
    ];
    assert_eq!(answered, Response::new(401, &headers, "{}"));
    stack.stop().await;
}

#[tokio::test]
async fn cors_is_the_gateways_business() {
    let data = tempfile::tempdir().unwrap();
    let stack = stack(data.path(), &[("CorsOrigins", "https://app.example, https://other.example")]).await;
    let answer = async |head: &str| send(stack.url(), head, b"").await.stable();
    let preflight = |path: &str, origin: &str| {
        format!("OPTIONS {path} HTTP/1.1\nOrigin: {origin}\nAccess-Control-Request-Method: PUT")
    };
    let allowed = [
        ("access-control-allow-headers", "Authorization,Content-Type"),
        ("access-control-allow-methods", "PUT,POST"),
        ("access-control-allow-origin", "https://app.example"),
        ("access-control-max-age", "600"),
    ];
    for path in ["/patient/a", "/nowhere"] {
        let answered = answer(&preflight(path, "https://app.example")).await;
        assert_eq!(answered, Response::new(204, &allowed, ""));
    }
    assert_eq!(answer(&preflight("/patient/a", "https://evil.example")).await, Response::new(204, &[], ""));
    assert_eq!(answer("OPTIONS /patient/a HTTP/1.1").await, Response::own(404, "Not Found"));

    let raw = r#"X-Act: raw={"statusCode":200,"headers":{"access-control-allow-origin":"*"},"body":"b"}"#;
    let text = ("content-type", "text/plain;charset=utf-8");
    let from =
        async |origin: &str| answer(&format!("POST /patient/a HTTP/1.1\n{raw}\nOrigin: {origin}")).await;
    let shared = [
        ("access-control-allow-origin", "https://other.example"),
        ("access-control-expose-headers", "ETag"),
        text,
    ];
    assert_eq!(from("https://other.example").await, Response::new(200, &shared, "b"));
    assert_eq!(from("https://evil.example").await, Response::new(200, &[text], "b"));
    stack.stop().await;
}
