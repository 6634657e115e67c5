use super::*;
use crate::auth::fixtures;
use serde_json::json;

/// A good entry with some members changed; `null` takes a member away.
fn entry(changes: Value) -> Value {
    let mut entry = json!({
        "issuer": "https://id.example",
        "algorithms": ["ES256"],
        "jwks_url": "https://id.example/jwks",
        "audience": "profiles",
        "contracts": ["authms", "ciam"],
        "subjects": "shared",
    });
    let members = entry.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => members.remove(name),
            value => members.insert(name.clone(), value.clone()),
        };
    }
    entry
}

fn parse(entries: Value) -> Result<Vec<IssuerEntry>, Vec<String>> {
    parse_issuers(&entries.to_string(), false)
}

/// The faults of one entry on a stage that is no development one, without the entry's name.
fn faults(changes: Value) -> Vec<String> {
    let place = match changes.get("issuer") {
        Some(_) => "issuer 0 (no issuer): ",
        None => "issuer 0 (https://id.example): ",
    };
    let faults = parse(json!([entry(changes)])).unwrap_err();
    faults.iter().map(|fault| fault.strip_prefix(place).unwrap_or(fault).to_owned()).collect()
}

#[test]
fn takes_what_is_said_and_fills_in_the_rest() {
    let full = entry(json!({
        "audience": ["a", "b"],
        "grants_admin": true,
        "leeway_seconds": 0,
        "claims": {"subject": "uid", "scopes": "permissions", "roles": "groups"},
    }));
    let [issuer] = <[_; 1]>::try_from(parse(json!([full])).unwrap()).unwrap();
    assert_eq!(
        (issuer.audience, issuer.grants_admin, issuer.leeway_seconds),
        (vec!["a".into(), "b".into()], true, 0)
    );
    let ClaimNames { subject, scopes, roles } = issuer.claims;
    assert_eq!((subject, scopes, roles), ("uid".into(), vec!["permissions".into()], vec!["groups".into()]));

    let [issuer] = <[_; 1]>::try_from(parse(json!([entry(json!({}))])).unwrap()).unwrap();
    assert!(issuer.serves("ciam") && !issuer.serves("wts") && !issuer.needs_secrets_manager());
    assert_eq!(
        (issuer.audience, issuer.grants_admin, issuer.leeway_seconds),
        (vec!["profiles".into()], false, 60)
    );
    let ClaimNames { subject, scopes, roles } = issuer.claims;
    assert_eq!(subject, "sub");
    assert_eq!(
        (scopes, roles),
        (vec!["scope".to_owned(), "scp".into()], vec!["roles".to_owned(), "role".into()])
    );
}

#[test]
fn an_entry_without_issuer_takes_a_secret() {
    let wts = json!({
        "algorithms": ["HS256"],
        "secret_arn": "arn:aws-cn:secretsmanager:cn-north-1:111122223333:secret:wts-AbCdEf",
        "contracts": ["wts"],
        "subjects": "shared",
        "claims": {"subject": "openid", "roles": "access"},
    });
    let issuers = parse(json!([entry(json!({})), wts])).unwrap();
    assert_eq!(issuers.iter().map(IssuerEntry::needs_secrets_manager).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn refuses_what_is_no_array_of_objects() {
    let expected =
        |at: &str| vec![format!("must be a JSON array of objects without repeated members ({at})")];
    assert_eq!(parse_issuers("", false).unwrap_err(), expected("line 1, column 0"));
    assert_eq!(parse_issuers("{}", false).unwrap_err(), expected("line 1, column 0"));
    assert_eq!(parse_issuers("[\"hunter2\"]", false).unwrap_err(), expected("line 1, column 10"));
    assert_eq!(
        parse_issuers(r#"[{"issuer":"a","issuer":"b"}]"#, false).unwrap_err(),
        expected("line 1, column 28")
    );
}

#[test]
fn collects_every_fault_of_every_entry() {
    let bad =
        json!({"leeway": 5, "grants_admin": "yes", "leeway_seconds": 61, "claims": {"sub": "x", "roles": 1}});
    assert_eq!(
        parse(json!([bad, entry(json!({"contracts": []}))])).unwrap_err(),
        [
            "issuer 0 (no issuer): algorithms is required",
            "issuer 0 (no issuer): exactly one of jwks, jwks_file, jwks_url, secret_arn and secret_file is required",
            "issuer 0 (no issuer): contracts is required",
            "issuer 0 (no issuer): exactly one of subjects (\"shared\") and subject_prefix is required",
            "issuer 0 (no issuer): grants_admin must be true or false",
            "issuer 0 (no issuer): leeway_seconds must be a whole number from 0 to 60",
            "issuer 0 (no issuer): claims: roles must be a string that is not empty",
            "issuer 0 (no issuer): claims: sub is no member of it",
            "issuer 0 (no issuer): leeway is no member of it",
            "issuer 1 (https://id.example): contracts must be an array of one or more different strings",
        ]
    );
}

#[test]
fn algorithms_are_known_and_of_one_family() {
    assert_eq!(faults(json!({"algorithms": ["RS256", "ES256"]})), ["algorithms must be of one family"]);
    for other in ["none", "HS384", "RS512", "PS256", "ES384", "es256"] {
        let expected = ["algorithms may hold HS256, RS256, ES256 or EdDSA only"];
        assert_eq!(faults(json!({"algorithms": [other]})), expected, "{other}");
    }
    for repeated in [json!(["ES256", "ES256"]), json!([]), json!("ES256"), json!([1])] {
        let expected = ["algorithms must be an array of one or more different strings"];
        assert_eq!(faults(json!({"algorithms": repeated})), expected);
    }
}

#[test]
fn keys_come_from_one_place_that_fits_the_algorithm() {
    let one = ["exactly one of jwks, jwks_file, jwks_url, secret_arn and secret_file is required"];
    assert_eq!(faults(json!({"jwks_url": null})), one);
    assert_eq!(faults(json!({"jwks_file": "keys.json"})), one);
    assert_eq!(faults(json!({"algorithms": ["HS256"]})), ["HS256 needs secret_arn or secret_file"]);
    let arn = "arn:aws:secretsmanager:eu-west-1:1:secret:s";
    assert_eq!(
        faults(json!({"jwks_url": null, "secret_arn": arn})),
        ["secret_arn and secret_file are for HS256 only"]
    );
    for bad in
        ["arn:aws:ssm:eu-west-1:1:parameter:s", "arn:aws:secretsmanager:eu-west-1:1:secret:", "hunter2"]
    {
        assert_eq!(
            faults(json!({"algorithms": ["HS256"], "jwks_url": null, "secret_arn": bad})),
            ["secret_arn must be the ARN of a Secrets Manager secret"]
        );
    }
}

#[test]
fn development_alone_takes_a_secret_file_and_plain_http() {
    let file = json!([entry(json!({"algorithms": ["HS256"], "jwks_url": null, "secret_file": "s"}))]);
    assert!(parse_issuers(&file.to_string(), true).is_ok());
    let expected = ["issuer 0 (https://id.example): secret_file is for a development stage only"];
    assert_eq!(parse(file).unwrap_err(), expected);

    let url = |url: &str, development| {
        parse_issuers(&json!([entry(json!({ "jwks_url": url }))]).to_string(), development).is_ok()
    };
    for here in
        ["http://127.0.0.1:8080/jwks", "http://127.9.9.9/", "http://localhost/jwks", "http://[::1]:80/jwks"]
    {
        assert!(url(here, true) && !url(here, false), "{here}");
    }
    for bad in [
        "http://id.example/jwks",
        "http://localhost.example/jwks",
        "http://0.0.0.0/",
        "ftp://127.0.0.1/",
        "https://user@id.example/",
        "https://:password@id.example/",
        "https://id.example/#key",
        "id.example/jwks",
    ] {
        assert!(!url(bad, true), "{bad}");
    }
    assert_eq!(
        faults(json!({"jwks_url": "http://127.0.0.1/hunter2"})),
        ["jwks_url must be an https URL without user, password and fragment \
          (http only for this machine on a development stage)"]
    );
}

#[test]
fn an_inline_set_holds_public_keys_only() {
    let public = fixtures::es256().public_jwk().unwrap();
    let set = |key: Value| json!({"jwks_url": null, "jwks": {"keys": [key]}});
    assert!(parse(json!([entry(set(public.clone()))])).is_ok());
    let mut private = public;
    private["d"] = json!("hunter2");
    let expected = ["jwks holds a private or symmetric key (key 0); only public keys belong here"];
    assert_eq!(faults(set(private)), expected);
    assert_eq!(faults(set(json!({"kty": "oct", "k": "hunter2"}))), expected);
    let weak = json!({"kty": "RSA", "n": "_".repeat(170) + "w", "e": "AQAB"});
    let mut weak = set(weak);
    weak["algorithms"] = json!(["RS256"]);
    let expected = ["jwks holds no key for RS256: key 0 is an RSA key outside 2048 to 8192 bits"];
    assert_eq!(faults(weak), expected);
}

#[test]
fn audience_goes_with_issuer() {
    assert_eq!(faults(json!({"audience": null})), ["audience is required where issuer is given"]);
    assert_eq!(
        faults(json!({"issuer": null})),
        ["audience needs an issuer: tokens without iss carry no aud"]
    );
    assert_eq!(
        faults(json!({"audience": []})),
        ["audience must be a string or an array of one or more different strings"]
    );
    assert_eq!(faults(json!({"issuer": ""})).len(), 1);
}

#[test]
fn subjects_are_shared_or_prefixed() {
    let one = ["exactly one of subjects (\"shared\") and subject_prefix is required"];
    assert_eq!(faults(json!({"subjects": null})), one);
    assert_eq!(faults(json!({"subject_prefix": "a:"})), one);
    assert_eq!(faults(json!({"subjects": "all"})), ["subjects must be \"shared\""]);
    for bad in [":a", "a b", "a@", &"a".repeat(65)] {
        let expected = ["subject_prefix must be the beginning of a user id, 64 characters at most"];
        assert_eq!(faults(json!({"subjects": null, "subject_prefix": bad})), expected, "{bad}");
    }
    assert!(parse(json!([entry(json!({"subjects": null, "subject_prefix": "a".repeat(64)}))])).is_ok());
}

#[test]
fn entries_do_not_overlap() {
    let prefixed = |issuer: &str, prefix: &str| {
        entry(json!({"issuer": issuer, "subjects": null, "subject_prefix": prefix}))
    };
    assert!(parse(json!([prefixed("a", "a:"), prefixed("b", "b:")])).is_ok());
    let expected = ["issuer 1 (b): subject_prefix and that of issuer 0 (a) begin alike"];
    for (one, other) in [("a:", "a:"), ("a:", "a:b:"), ("a:b:", "a:")] {
        assert_eq!(parse(json!([prefixed("a", one), prefixed("b", other)])).unwrap_err(), expected);
    }
    assert_eq!(
        parse(json!([entry(json!({})), entry(json!({"contracts": ["wts"]}))])).unwrap_err(),
        ["issuer 1 (https://id.example): has the same issuer as issuer 0 (https://id.example)"]
    );
    let unnamed = |contracts: Value| entry(json!({"issuer": null, "audience": null, "contracts": contracts}));
    assert!(parse(json!([unnamed(json!(["a"])), unnamed(json!(["b"]))])).is_ok());
    assert_eq!(
        parse(json!([unnamed(json!(["a", "b"])), unnamed(json!(["b", "c"]))])).unwrap_err(),
        [
            "issuer 1 (no issuer): has no issuer and shares a contract with issuer 0 (no issuer), which has none"
        ]
    );
}
