use super::*;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequest;

fn request() -> Request {
    let mut request = Request::new("PUT", "/profiles/{user_id}", "/profiles/a b");
    request.path_parameters.insert("user_id".to_owned(), "a b".to_owned());
    request.query = "repeat=one&repeat=two&plus=a+b&coded=a%2Bb&empty=".to_owned();
    request.headers = [
        ("content-type", "application/json"),
        ("x-probe", "first"),
        ("cookie", "session=abc; theme=dark"),
        ("x-probe", "second"),
        ("user-agent", "curl/8"),
        ("connection", "keep-alive"),
        ("cookie", "third=3"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    request.body = Bytes::from_static("{\"λ\":1}".as_bytes());
    request.time = Timestamp::from_millis(1_583_348_638_390);
    request
}

#[test]
fn the_whole_event() {
    let expected = json!({
        "version": "2.0",
        "routeKey": "PUT /profiles/{user_id}",
        "rawPath": "/profiles/a b",
        "rawQueryString": "repeat=one&repeat=two&plus=a+b&coded=a%2Bb&empty=",
        "cookies": ["session=abc", "theme=dark", "third=3"],
        "headers": {
            "content-length": "8",
            "content-type": "application/json",
            "user-agent": "curl/8",
            "x-probe": "first,second",
        },
        "queryStringParameters": {"coded": "a+b", "empty": "", "plus": "a b", "repeat": "one,two"},
        "pathParameters": {"user_id": "a b"},
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": "127.0.0.1",
            "domainPrefix": "local",
            "http": {
                "method": "PUT",
                "path": "/profiles/a b",
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "curl/8",
            },
            "requestId": "AAAAAAAAAAAAAAA=",
            "routeKey": "PUT /profiles/{user_id}",
            "stage": "$default",
            "time": "04/Mar/2020:19:03:58 +0000",
            "timeEpoch": 1_583_348_638_390_i64,
        },
        "body": "{\"λ\":1}",
        "isBase64Encoded": false,
    });
    assert_eq!(request().event(), expected);
}

#[test]
fn nothing_optional_is_there_without_content() {
    let event = Request::new("PATCH", "/userinfo", "/userinfo").event();
    let mut members: Vec<&str> = event.as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    let expected =
        ["headers", "isBase64Encoded", "rawPath", "rawQueryString", "requestContext", "routeKey", "version"];
    assert_eq!(members, expected);
    assert_eq!(event["headers"], json!({"content-length": "0"}));
}

#[test]
fn it_reads_back_as_the_type_that_functions_use() {
    let event = request().event();
    let read: ApiGatewayV2httpRequest = serde_json::from_value(event.clone()).unwrap();
    assert_eq!(read.route_key.as_deref(), Some("PUT /profiles/{user_id}"));
    assert_eq!(read.raw_path.as_deref(), Some("/profiles/a b"));
    assert_eq!(read.path_parameters, [("user_id".to_owned(), "a b".to_owned())].into());
    assert_eq!(read.headers["x-probe"], "first,second");
    assert_eq!(read.query_string_parameters.all("repeat"), Some(vec!["one", "two"]));
    assert_eq!(
        read.cookies,
        Some(vec!["session=abc".to_owned(), "theme=dark".to_owned(), "third=3".to_owned()])
    );
    assert_eq!(read.body.as_deref(), Some("{\"λ\":1}"));
    assert!(!read.is_base64_encoded);
    assert_eq!(read.request_context.http.method, "PUT");
    assert_eq!(read.request_context.http.source_ip.as_deref(), Some("127.0.0.1"));
    assert_eq!(read.request_context.stage.as_deref(), Some("$default"));
    assert_eq!(read.request_context.time_epoch, 1_583_348_638_390);
    // Nothing that the gateway says may get lost on the way.
    let written = serde_json::to_value(&read).unwrap();
    for (name, value) in event.as_object().unwrap() {
        if name != "queryStringParameters" && name != "requestContext" {
            assert_eq!(&written[name], value, "{name}");
        }
    }
}

#[test]
fn only_text_travels_as_text() {
    let coded = |content_type: Option<&str>, encoding: Option<&str>, body: &'static [u8]| {
        let mut request = Request::new("POST", "/x", "/x");
        let headers = [("content-type", content_type), ("content-encoding", encoding)];
        request.headers = headers
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
            .collect();
        request.body = Bytes::from_static(body);
        let event = request.event();
        (event["body"].as_str().unwrap().to_owned(), event["isBase64Encoded"].as_bool().unwrap())
    };
    let text = ("hi".to_owned(), false);
    let binary = ("aGk=".to_owned(), true);
    assert_eq!(coded(Some("application/json; charset=utf-8"), None, b"hi"), text);
    assert_eq!(coded(Some("Application/Merge-Patch+JSON"), None, b"hi"), text);
    assert_eq!(coded(None, None, b"hi"), text);
    assert_eq!(coded(Some("application/x-www-form-urlencoded"), None, b"hi"), binary);
    assert_eq!(coded(Some("application/json"), Some("gzip"), b"hi"), binary);
    assert_eq!(coded(Some("application/json"), None, b"\xff"), ("/w==".to_owned(), true));
}
