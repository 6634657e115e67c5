//! Where inputs begin: the sample events, and a few good and nearly good texts of each kind.

use super::message;
use serde_json::Value;

fn texts_of(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// Telephone numbers.
pub fn phones() -> Vec<Vec<u8>> {
    texts_of(&[
        "13800138000",
        "+86 13800138000",
        "+8613800138000",
        "+1 4155552671",
        "+447911123456",
        "+44 07911123456",
        "+39 0612345678",
        "+7 8005553535",
        "+800 12345678",
        "１３８００１３８０００",
    ])
}

/// E-mail addresses.
pub fn emails() -> Vec<Vec<u8>> {
    texts_of(&[
        "ada@example.com",
        "Ada.Lovelace+news@EXAMPLE.co.uk",
        "o'hara@xn--bcher-kva.example",
        "a@b",
        "\"quoted\"@example.com",
        "ada@[192.0.2.1]",
        "ada@example.com\r\nBcc: all@example.com",
        "ada@büro.example",
    ])
}

/// Usernames.
pub fn usernames() -> Vec<Vec<u8>> {
    texts_of(&[
        "Straße",
        "ﬁsh_42",
        "ádá.lovelace",
        "张三丰",
        "１２３",
        "ＡＤＡ",
        "i\u{307}İ",
        "Σίσυφος",
        "ada@example",
    ])
}

/// Language tags.
pub fn languages() -> Vec<Vec<u8>> {
    texts_of(&[
        "en-US",
        "zh-Hans-CN",
        "de-CH-1996",
        "sl-rozaj-biske-1994",
        "x-whatever",
        "i-klingon",
        "en-a-bbb-x-a",
    ])
}

/// Plain texts.
pub fn texts() -> Vec<Vec<u8>> {
    texts_of(&[
        "Ada",
        "Zoe\u{308}",
        "a\r\nb",
        "\u{958}\u{958}",
        "e\u{301}\u{323}",
        "\u{202e}drawkcab",
        "a\u{2028}b",
        "\u{1d15e}",
    ])
}

/// Links and handles.
pub fn links() -> Vec<Vec<u8>> {
    texts_of(&[
        "https://example.com/a?b#c",
        "http://bücher.example:8080/ü",
        "HTTPS://[2001:db8::1]/",
        "https://user:pass@example.com/",
        "javascript:alert(1)",
        "//example.com",
        "@johnny",
        "github.com/johnny",
        "mailto:ada@example.com",
    ])
}

/// JSON objects.
pub fn json() -> Vec<Vec<u8>> {
    texts_of(&[
        r#"{"a":1,"b":-1,"c":1.5,"d":1e3,"e":-0.0,"f":18446744073709551615,"g":-9223372036854775808}"#,
        r#"{"a":null,"b":true,"c":"é\u00e9\ud83d\ude00\n","":""}"#,
        r#"{"a":[1,[2,{"a":3}],{}],"b":{"a":{"b":{}}}}"#,
        r#"{"a":1,"\u0061":2}"#,
        r#"{"a":1e400,"b":18446744073709551617}"#,
    ])
}

/// `Accept-Language`.
pub fn accept_language() -> Vec<Vec<u8>> {
    texts_of(&[
        "zh-CN,zh;q=0.9,en;q=0.8",
        "en",
        "*;q=0.5, zh;q=0.501",
        "de, zh;q=0.000, en;q=1.000",
        "zh;q=0.+5",
    ])
}

/// `If-Match` and `If-None-Match`.
pub fn entity_tags() -> Vec<Vec<u8>> {
    texts_of(&[
        "*",
        "\"7\"",
        "W/\"7\", \"8\",,\"18446744073709551615\"",
        "\"07\", \"seven\"",
        "7",
        "\"a b\"",
        "*, \"7\"",
    ])
}

/// `Idempotency-Key`.
pub fn idempotency_keys() -> Vec<Vec<u8>> {
    let mut keys = texts_of(&[
        "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"",
        "8e03978e-40d5-43dd-bc93-6894a57f9324",
        " \"a b\\\"c\\\\\" ",
        "\"a\", \"b\"",
        "\"\"",
    ]);
    keys.push(vec![b'x'; 255]);
    keys.push(format!("\"{}\"", "\\\"".repeat(255)).into_bytes());
    keys
}

/// `Authorization`.
pub fn authorization() -> Vec<Vec<u8>> {
    texts_of(&[
        "Bearer a.b-c_d~e+f/g==",
        "bearer   ak-abababababababababababababababab ",
        // An application's id and secret, and the same with their first letters percent-encoded.
        concat!(
            "Basic YXBwLWFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiOmFzLWNkY2RjZGNkY2RjZGNkY2RjZGNkY2RjZGNkY2RjZGNk",
            "Y2RjZGNkY2RjZGNkY2RjZGNkY2RjZGNkY2RjZGNk"
        ),
        concat!(
            "Basic JTYxcHAtYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWI6JTYxcy1jZGNkY2RjZGNkY2RjZGNkY2RjZGNkY2RjZGNk",
            "Y2RjZGNkY2RjZGNkY2RjZGNkY2RjZGNkY2RjZGNkY2Q="
        ),
        "Bearer a, Bearer b",
        "Digest x",
    ])
}

/// `Content-Type`.
pub fn content_types() -> Vec<Vec<u8>> {
    texts_of(&[
        "application/json",
        "Application/JSON; Charset=\"utf-8\"",
        "application/json; profile=\"a;b=c,\\\"\" ; ; charset=u",
        "application/json;charset=\"u\\tf-8\"",
        "text/plain",
    ])
}

/// `traceparent` and `X-Amzn-Trace-Id`.
pub fn traces() -> Vec<Vec<u8>> {
    texts_of(&[
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-brings",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-00",
        "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
    ])
}

/// Users, cursors and names of clients, as they stand in queries; paths.
pub fn queries() -> Vec<Vec<u8>> {
    // The first is the cursor after version 7 of user 1001.
    texts_of(&[
        "0000000000000007da820b935cf62d1d",
        "1001",
        "a.b_c:d|e-f",
        "",
        "Ünicode",
        "/profiles/a%2Fb/é \"<",
    ])
}

/// Claims of tokens.
pub fn claims() -> Vec<Vec<u8>> {
    texts_of(&[
        r#"{"iss":"https://issuer.test","aud":"profiles","sub":"1001","exp":1775217660,"scope":"openid profile"}"#,
        r#"{"iss":"https://issuer.test","aud":["x","profiles"],"sub":"a|b","exp":1e300,"nbf":0,"roles":["admin",1]}"#,
        r#"{"iss":"https://issuer.test","aud":"profiles","sub":"1001","exp":"1775217660","azp":"1001"}"#,
        r#"{"iss":"https://issuer.test","aud":"profiles","sub":"1001","exp":1775217599,"nbf":-1.5}"#,
        r#"{"iss":"https://issuer.test","aud":"profiles","sub":"1001","exp":1775210000}"#,
        r#"{"iss":"https://issuer.test","aud":"profiles","sub":"1001","exp":1775217660,"nbf":1775220000}"#,
    ])
}

/// Items of the table, in DynamoDB's JSON.
pub fn items() -> Vec<Vec<u8>> {
    let images = |record: &Value| {
        let images = ["OldImage", "NewImage"].into_iter().filter_map(|name| record["dynamodb"].get(name));
        images.map(|image| image.to_string().into_bytes()).collect::<Vec<_>>()
    };
    let mut items: Vec<Vec<u8>> = records_of("publish-changes").iter().flat_map(images).collect();
    items.extend(texts_of(&[
        concat!(
            r#"{"PK":{"S":"USER#1"},"SK":{"S":"PROFILE"},"user_id":{"S":"1"},"version":{"N":"3"},"#,
            r#""change_id":{"S":"c"},"changed_by":{"M":{"contract":{"S":"wts"},"actor":{"S":"sync"},"origin":{"S":"crm"}}},"#,
            r#""created_at":{"N":"1"},"updated_at":{"N":"2"},"phone":{"S":"+8613800138000"},"phone_verified":{"BOOL":true},"#,
            r#""custom_fields":{"M":{"a":{"N":"1.5"},"b":{"L":[{"BOOL":false},{"NULL":true}]},"c":{"N":"1E+125"}}}}"#
        ),
        concat!(
            r#"{"PK":{"S":"USER#1"},"SK":{"S":"PROFILE"},"user_id":{"S":"1"},"version":{"N":"4"},"change_id":{"S":"c"},"#,
            r#""changed_by":{"M":{"contract":{"S":"authms"},"actor":{"S":"subject"}}},"updated_at":{"N":"5"},"erased_at":{"N":"5"}}"#
        ),
    ]));
    items
}

/// The sample events of all endpoints.
pub fn gateway() -> Vec<Vec<u8>> {
    samples(|event| event.get("routeKey").is_some())
        .iter()
        .map(|event| event.to_string().into_bytes())
        .collect()
}

/// The requests in the sample events of an endpoint, as text.
pub fn messages(function: &str) -> Vec<Vec<u8>> {
    let mut messages: Vec<_> = events(function).iter().map(message::text).collect();
    // What the samples do not send: each contract takes its own part of these.
    messages.extend(texts_of(&[
        concat!(
            "/user_id: 1001\nif-match: \"7\", W/\"8\"\nidempotency-key: a\n\n",
            r#"{"nickname":"Zoë","city":"Lyon","country":"FR","birthdate":"1990-02-28","website":"http://a.example","#,
            r#""gender":"female","language":"fr-fr","timezone":"Europe/Paris","bio":null,"#,
            r#""custom_fields":{"a":{"b":[1,2.5,"c",null,true]}},"social_links":{"github":"@zoe","x":null}}"#
        ),
        concat!(
            r#"{"name":"Zoë","nickname":null,"zoneinfo":"Europe/Paris","locale":"zh-hans","phone_number":"13800138000","#,
            r#""phone_number_otp_token":"t","phone_number_otp":"123456","email":"a@b.example","email_otp_token":"t","email_otp":"1"}"#
        ),
        r#"{"who":"1001","block":"XHA","room":"202","phone":"13900139000","isp":"telecom","account":"987654321"}"#,
        concat!(
            "?client_id: app\nx-device-id: d\n\n",
            r#"{"user_id":"1001","nickname":"Zoë","username":"zoe","phone":"+86 13900139000","description":"","gender":"MALE","#,
            r#""avatar_url":"https://a.example/b","email":"a@b.example","verification_token":"t"}"#
        ),
        concat!(
            "/id: 1001\n\n",
            r#"{"userName":"zoe_1","email":"a@b.example","nickName":"Zoë","phone":"13900139000","avatar":"https://a.example","role":"User"}"#
        ),
    ]));
    messages
}

/// The records of a function's sample events: of the stream each by itself, of a queue as they come.
pub fn records(function: &str) -> Vec<Vec<u8>> {
    let whole = events(function);
    let records = records_of(function);
    whole.iter().chain(&records).map(|value| value.to_string().into_bytes()).chain(bodies(&records)).collect()
}

fn bodies(records: &[Value]) -> Vec<Vec<u8>> {
    records.iter().filter_map(|record| Some(record["body"].as_str()?.as_bytes().to_vec())).collect()
}

fn records_of(function: &str) -> Vec<Value> {
    events(function)
        .iter()
        .flat_map(|event| event["Records"].as_array().cloned().unwrap_or_default())
        .collect()
}

/// The sample events of a function.
fn events(function: &str) -> Vec<Value> {
    let folder = local::binaries::workspace().join("events").join(function);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()).collect()
}

/// The sample events that are wanted, of all functions.
fn samples(wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
    let folders = std::fs::read_dir(local::binaries::workspace().join("events")).unwrap();
    let folders = folders.map(|folder| folder.unwrap()).filter(|folder| folder.path().is_dir());
    let mut functions: Vec<String> =
        folders.map(|folder| folder.file_name().into_string().unwrap()).collect();
    functions.sort();
    functions.iter().flat_map(|function| events(function)).filter(wanted).collect()
}
