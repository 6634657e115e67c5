use super::*;
use crate::pattern::Pattern;
use serde_json::json;

fn parameters(given: &[(&str, &str)]) -> BTreeMap<String, String> {
    given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Names of the settings that not every function has.
fn own_settings(function: &FunctionResource) -> Vec<&str> {
    let common = ["METRICS", "PUBLIC_URL", "STACK_NAME", "STAGE", "TABLE_NAME"];
    let names = function.environment.keys().map(String::as_str);
    let (shared, own): (Vec<&str>, Vec<&str>) = names.partition(|name| common.contains(name));
    assert_eq!(shared, common, "{}", function.binary);
    own
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
        "get-profile GET /profiles/{user_id}",
        "describe-error GET /errors/{slug}",
        "delete-profile DELETE /profiles/{user_id}",
        "export-profile GET /profiles/{user_id}/export",
        "get-history GET /profiles/{user_id}/history",
        "patch-userinfo PATCH /userinfo",
        "send-otp POST /otp/send",
        "get-userinfo GET /userinfo",
        "change-profile POST /api/v3/change_profile",
        "view-profile GET /api/v3/view_profile",
        "edit-user-basic POST /auth/v1/user/basic/edit",
        "get-user-me GET /auth/v1/user/me",
        "send-verification POST /auth/v1/verification",
        "verify-code POST /auth/v1/verification/verify",
        "update-user POST /api/v1/system/user/{id}/update",
    ];
    assert_eq!(routes, expected);
    let environment: BTreeMap<&str, Vec<&str>> =
        template.functions.iter().map(|f| (f.binary.as_str(), own_settings(f))).collect();
    let expected = BTreeMap::from([
        ("put-profile", vec!["ISSUERS", "REQUIRE_PRECONDITIONS"]),
        ("get-profile", vec!["ISSUERS"]),
        ("describe-error", vec![]),
        ("delete-profile", vec!["ISSUERS", "REQUIRE_PRECONDITIONS"]),
        ("export-profile", vec!["ISSUERS"]),
        ("get-history", vec!["ISSUERS"]),
        ("patch-userinfo", vec!["CLAIMS", "ISSUERS"]),
        (
            "send-otp",
            vec![
                "EMAIL_SENDER",
                "EMAIL_SUBJECT_EN",
                "EMAIL_SUBJECT_ZH",
                "REVEAL_CONTACT_USE",
                "SENDS_PER_CLIENT_A_MINUTE",
                "SENDS_PER_SOURCE_A_DAY",
                "SMS_SENDER_ID",
            ],
        ),
        ("get-userinfo", vec!["CLAIMS", "ISSUERS"]),
        ("change-profile", vec!["ISSUERS"]),
        ("view-profile", vec!["ISSUERS"]),
        ("edit-user-basic", vec!["CONTACT_VERIFICATION", "ENVIRONMENT_ID", "ISSUERS"]),
        ("get-user-me", vec!["ENVIRONMENT_ID", "ISSUERS"]),
        (
            "send-verification",
            vec![
                "EMAIL_SENDER",
                "EMAIL_SUBJECT_EN",
                "EMAIL_SUBJECT_ZH",
                "ENVIRONMENT_ID",
                "ISSUERS",
                "REVEAL_CONTACT_USE",
                "SENDS_PER_SOURCE_A_DAY",
                "SMS_SENDER_ID",
            ],
        ),
        ("verify-code", vec!["ENVIRONMENT_ID", "ISSUERS"]),
        ("update-user", vec![]),
        ("publish-changes", vec!["EVENT_BUS", "EVENT_SOURCE", "EVENT_VALUES", "FAILED_CHANGES_QUEUE_URL"]),
        (
            "send-notices",
            vec![
                "EMAIL_SENDER",
                "EMAIL_SUBJECT_EN",
                "EMAIL_SUBJECT_ZH",
                "FAILED_CHANGES_QUEUE_URL",
                "SMS_SENDER_ID",
            ],
        ),
        ("sync-profiles", vec!["SYNC_DLQ_URL", "SYNC_SOURCES"]),
        ("cognito-post-confirmation", vec!["SYNC_DLQ_URL"]),
    ]);
    assert_eq!(environment, expected);
    let limits: BTreeMap<&str, (u64, u64)> =
        template.functions.iter().map(|f| (f.binary.as_str(), (f.timeout.as_secs(), f.memory))).collect();
    let others = BTreeMap::from([
        ("publish-changes", (60, 256)),
        ("send-notices", (60, 256)),
        ("sync-profiles", (30, 256)),
        ("cognito-post-confirmation", (5, 256)),
    ]);
    assert!(limits.iter().all(|(name, limit)| limit == others.get(name).unwrap_or(&(10, 256))), "{limits:?}");
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
fn the_deployed_bus_queues_and_sources_are_understood() {
    let template = Template::read(&Template::default_path(), &parameters(&[("Issuers", "[]")])).unwrap();
    let pattern = |pattern: Json| Pattern::parse(&pattern).unwrap();
    let queue = |name: &str| QueueResource {
        name: name.to_owned(),
        visibility: Duration::from_secs(30),
        redrive: None,
    };
    let redrive = Redrive { queue: "SyncDeadLetterQueue".to_owned(), max_receives: 5 };
    let sync =
        QueueResource { visibility: Duration::from_secs(180), redrive: Some(redrive), ..queue("SyncQueue") };
    assert_eq!(template.queues, [sync, queue("SyncDeadLetterQueue"), queue("FailedChangesQueue")]);
    let rule = RuleResource {
        pattern: pattern(json!({
            "detail-type": ["Profile Sync Requested"],
            "source": [{"anything-but": ["profile-service"]}],
        })),
        queues: vec!["SyncQueue".to_owned()],
    };
    assert_eq!(template.bus, Some(BusResource { name: "local".to_owned(), rules: vec![rule] }));
    let sources: Vec<(&str, Source)> = template
        .functions
        .iter()
        .flat_map(|f| f.sources.iter().map(|source| (f.binary.as_str(), source.clone())))
        .collect();
    let stream = |batch_size: usize, filter: Json| {
        Source::Stream(StreamSource { batch_size, filters: vec![pattern(filter)] })
    };
    let profiles = json!({"Keys": {"SK": {"S": ["PROFILE"]}}});
    let queue = QueueSource { queue: "SyncQueue".to_owned(), batch_size: 10, concurrency: 5 };
    let expected = [
        ("publish-changes", stream(100, json!({"dynamodb": profiles}))),
        ("send-notices", stream(10, json!({"dynamodb": profiles, "eventName": ["MODIFY"]}))),
        ("sync-profiles", Source::Queue(queue)),
    ];
    assert_eq!(sources, expected);
    let published = &template.functions.iter().find(|f| f.binary == "publish-changes").unwrap().environment;
    let named = ["EVENT_BUS", "FAILED_CHANGES_QUEUE_URL"].map(|name| published[name].as_str());
    assert_eq!(named, ["local", "http://localhost/000000000000/FailedChangesQueue"]);
}

/// What is said of a template whose function has this event.
fn with_event(event: &str) -> Result<Vec<Source>> {
    let text = format!(
        "
Globals:
  Function: {{Timeout: 1, MemorySize: 128}}
Resources:
  Table: {{Type: AWS::DynamoDB::Table}}
  Api: {{Type: AWS::Serverless::HttpApi}}
  Queue: {{Type: AWS::SQS::Queue, Properties: {{QueueName: work}}}}
  Function:
    Type: AWS::Serverless::Function
    Metadata: {{BuildProperties: {{Binary: function}}}}
    Properties:
      Events:
        Event: {event}
"
    );
    Template::parse(&text, &BTreeMap::new()).map(|template| template.functions[0].sources.clone())
}

#[test]
fn what_invokes_a_function_must_be_understood() {
    let reports = "FunctionResponseTypes: [ReportBatchItemFailures]";
    let stream = format!("Stream: !GetAtt Table.StreamArn, StartingPosition: TRIM_HORIZON, {reports}");
    let understood = with_event(&format!("{{Type: DynamoDB, Properties: {{{stream}}}}}"));
    let source = Source::Stream(StreamSource { batch_size: 100, filters: Vec::new() });
    assert_eq!(understood, Ok(vec![source]));
    let queue = format!("Queue: !GetAtt Queue.Arn, {reports}");
    let understood = with_event(&format!("{{Type: SQS, Properties: {{{queue}}}}}"));
    let source = Source::Queue(QueueSource { queue: "work".to_owned(), batch_size: 10, concurrency: 5 });
    assert_eq!(understood, Ok(vec![source]));
    for (event, message) in [
        (
            format!("{{Type: DynamoDB, Properties: {{{}}}}}", stream.replace("TRIM_HORIZON", "LATEST")),
            r#"Event: StartingPosition "LATEST" is not known to the local stack, only "TRIM_HORIZON""#,
        ),
        (
            format!("{{Type: DynamoDB, Properties: {{{stream}, MaximumRetryAttempts: 3}}}}"),
            "Event: MaximumRetryAttempts 3 is not known to the local stack, only -1",
        ),
        (
            "{Type: SQS, Properties: {Queue: !GetAtt Queue.Arn}}".to_owned(),
            r#"Event: FunctionResponseTypes [] is not known to the local stack, only ["ReportBatchItemFailures"]"#,
        ),
        (
            format!("{{Type: SQS, Properties: {{Queue: !Ref Queue, {reports}}}}}"),
            "Event: http://localhost/000000000000/work is not the ARN of a queue",
        ),
    ] {
        assert_eq!(with_event(&event), Err(Failure::new(format!("Function: {message}"))), "{event}");
    }
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
    let exposed = ["ETag", "WWW-Authenticate", "Retry-After", "Idempotency-Replayed", "Content-Disposition"];
    assert_eq!(cors.expose_headers, exposed);
}

#[test]
fn the_public_url_follows_the_domain_name() {
    let public_url = |given: &[(&str, &str)]| {
        let template = Template::read(&Template::default_path(), &parameters(given)).unwrap();
        template.functions[0].environment["PUBLIC_URL"].clone()
    };
    let (domain, url) = (("DomainName", "profiles.example.com"), ("PublicUrl", "https://cdn.example.com/p"));
    assert_eq!(public_url(&[]), "");
    assert_eq!(public_url(&[domain]), "https://profiles.example.com");
    assert_eq!(public_url(&[url]), url.1);
    assert_eq!(public_url(&[domain, url]), url.1);
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
        ("!Sub '${AWS::AccountId}/${AWS::StackName}'", "000000000000/local"),
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
        ("!GetAtt Table.Nothing", "!GetAtt Table.Nothing is not known to the local stack"),
        ("!Sub '${Table.Nothing}'", "!GetAtt Table.Nothing is not known to the local stack"),
        ("!Select [0, a]", "!Select is not known to the local stack"),
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
