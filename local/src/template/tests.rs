use super::*;
use serde_json::json;

fn parameters(given: &[(&str, &str)]) -> BTreeMap<String, String> {
    given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn the_deployed_template_is_understood() {
    let given = parameters(&[("Issuers", "[]"), ("Stage", "dev"), ("PublicUrl", "http://127.0.0.1:1")]);
    let template = Template::read(&Template::default_path(), &given).unwrap();
    let routes: Vec<String> = template
        .functions
        .iter()
        .flat_map(|f| f.routes.iter().map(move |route| format!("{} {route}", f.binary)))
        .collect();
    let expected = [
        "put-profile PUT /profiles/{user_id}",
        "patch-userinfo PATCH /userinfo",
        "change-profile POST /api/v3/change_profile",
        "edit-user-basic POST /auth/v1/user/basic/edit",
        "update-user POST /api/v1/system/user/{id}/update",
    ];
    assert_eq!(routes, expected);
    let environment: BTreeMap<&str, Vec<&str>> = template
        .functions
        .iter()
        .map(|f| (f.binary.as_str(), f.environment.keys().map(String::as_str).collect()))
        .collect();
    let expected = BTreeMap::from([
        ("put-profile", vec!["ISSUERS", "PUBLIC_URL", "STAGE", "TABLE_NAME"]),
        ("patch-userinfo", vec!["CLAIMS", "ISSUERS", "PUBLIC_URL", "STAGE", "TABLE_NAME"]),
        ("change-profile", vec!["ISSUERS", "PUBLIC_URL", "STAGE", "TABLE_NAME"]),
        (
            "edit-user-basic",
            vec!["CONTACT_VERIFICATION", "ENVIRONMENT_ID", "ISSUERS", "PUBLIC_URL", "STAGE", "TABLE_NAME"],
        ),
        ("update-user", vec!["PUBLIC_URL", "STAGE", "TABLE_NAME"]),
    ]);
    assert_eq!(environment, expected);
    assert!(template.functions.iter().all(|f| (f.timeout, f.memory) == (Duration::from_secs(10), 256)));
    assert_eq!(template.cors, None);
    let table = json!({
        "TableName": "ProfileTable",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": "PK", "AttributeType": "S"},
            {"AttributeName": "SK", "AttributeType": "S"},
        ],
        "KeySchema": [{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
        "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES", "StreamEnabled": true},
    });
    let ttl_attribute = Some("expires_at".to_owned());
    let expected = TableResource { name: "ProfileTable".to_owned(), create: table, ttl_attribute };
    assert_eq!(template.table, expected);
}

#[test]
fn cors_follows_the_parameter() {
    let given = parameters(&[("Issuers", "[]"), ("CorsOrigins", "https://a.example,https://b.example")]);
    let cors = Template::read(&Template::default_path(), &given).unwrap().cors.unwrap();
    assert_eq!(cors.allow_origins, ["https://a.example", "https://b.example"]);
    let allowed = [
        "Authorization",
        "Content-Type",
        "Accept-Language",
        "If-Match",
        "If-None-Match",
        "Idempotency-Key",
        "x-device-id",
    ];
    assert_eq!(cors.allow_headers, allowed);
    assert_eq!(cors.expose_headers, ["ETag", "WWW-Authenticate", "Retry-After"]);
}

#[test]
fn parameters_must_fit() {
    let read = |given: &[(&str, &str)]| Template::read(&Template::default_path(), &parameters(given));
    let template = read(&[]).unwrap();
    assert_eq!(template.unset, ["Issuers".to_owned()].into());
    assert!(template.functions.iter().all(|f| !f.environment.contains_key("ISSUERS")));
    assert_eq!(read(&[("Issuers", "[]")]).unwrap().unset, [].into());
    let message = format!("{}: there is no parameter Stages", Template::default_path().display());
    assert_eq!(read(&[("Stages", "dev")]), Err(Failure::new(message)));
}

/// A template with one function, whose only variable is `value`.
fn with_variable(value: &str) -> Result<String> {
    let text = format!(
        "
Parameters:
  Name: {{Type: String, Default: world}}
  Many: {{Type: CommaDelimitedList, Default: 'a, b'}}
Conditions:
  IsWorld: !Equals [!Ref Name, world]
  IsNotWorld: !Not [!Equals [!Ref Name, world]]
  IsOdd: !Or [!Equals [a, b], !Equals [b, c]]
Globals:
  Function: {{Timeout: 1, MemorySize: 128}}
Resources:
  Table: {{Type: AWS::DynamoDB::Table, Properties: {{TableName: people}}}}
  Api: {{Type: AWS::Serverless::HttpApi}}
  Function:
    Type: AWS::Serverless::Function
    Metadata: {{BuildProperties: {{Binary: function}}}}
    Properties:
      Environment:
        Variables:
          VALUE: {value}
"
    );
    let template = Template::parse(&text, &BTreeMap::new())?;
    Ok(template.functions[0].environment.get("VALUE").cloned().unwrap_or_else(|| "(none)".to_owned()))
}

#[test]
fn intrinsic_functions() {
    for (written, resolved) in [
        ("text", "text"),
        ("5", "5"),
        ("true", "true"),
        ("!Ref Name", "world"),
        ("!Ref Table", "people"),
        ("!Ref AWS::Region", REGION),
        ("!Sub 'hello ${Name}, ${!Name} and ${Table}.'", "hello world, ${Name} and people."),
        ("!Join ['-', !Ref Many]", "a-b"),
        ("!If [IsWorld, !Ref Name, nobody]", "world"),
        ("!If [IsNotWorld, !Ref Name, nobody]", "nobody"),
        ("!If [IsNotWorld, x, !Ref AWS::NoValue]", "(none)"),
    ] {
        assert_eq!(with_variable(written), Ok(resolved.to_owned()), "{written}");
    }
}

#[test]
fn what_is_not_understood_is_named() {
    let place = "Function: Function: Environment: Variables: VALUE: ";
    for (written, message) in [
        ("!GetAtt Table.Arn", "!GetAtt is not known to the local stack"),
        ("!Ref Nothing", "!Ref Nothing is not known to the local stack"),
        ("!Sub '${Nothing}'", "!Ref Nothing is not known to the local stack"),
        ("!Sub '${Name'", "!Sub without a closing brace: ${Name"),
        ("!If [Nothing, a, b]", "there is no condition Nothing"),
        ("!If [IsOdd, a, b]", "IsOdd: the condition !Or is not known to the local stack"),
        ("{Ref: Name}", "write Ref in its short form, with a tag"),
    ] {
        assert_eq!(with_variable(written), Err(Failure::new(format!("{place}{message}"))), "{written}");
    }
    let list = Failure::new("Function: the variable VALUE is not a string");
    assert_eq!(with_variable("!Ref Many"), Err(list));
}
