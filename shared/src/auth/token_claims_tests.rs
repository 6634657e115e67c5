//! What a token claims, once its signature is good.

use super::*;

#[tokio::test]
async fn times_hold_to_the_leeway() {
    for leeway in [0, 60] {
        let desk = Desk::new(json!({"leeway_seconds": leeway})).await;
        let judge = async |changes: Value, at: i64| {
            let token = desk.key.sign(&claims(changes)).unwrap();
            desk.verifier.verify(&token, "ciam", true, Timestamp::from_millis(at)).await
        };
        let end = (SOON + leeway) * 1000;
        assert_eq!(judge(json!({}), end - 1).await, Ok(alice()));
        assert_eq!(judge(json!({}), end).await, Err(EXPIRED));
        let start = (SOON - 200 - leeway) * 1000;
        assert_eq!(judge(json!({"nbf": SOON - 200}), start).await, Ok(alice()));
        assert_eq!(judge(json!({"nbf": SOON - 200}), start - 1).await, Err(INVALID));
        // Fractions of a second count.
        let fraction = json!({"exp": SOON as f64 + 0.5, "nbf": (SOON - 200) as f64 + 0.5});
        assert_eq!(judge(fraction.clone(), end + 499).await, Ok(alice()));
        assert_eq!(judge(fraction.clone(), end + 500).await, Err(EXPIRED));
        assert_eq!(judge(fraction, start + 499).await, Err(INVALID));
    }
}

#[tokio::test]
async fn times_must_be_numbers_and_exp_is_required() {
    let desk = Desk::new(json!({})).await;
    for exp in [Value::Null, json!("1800000300"), json!([SOON]), json!(true)] {
        assert_eq!(desk.accept(json!({ "exp": exp })).await, Err(INVALID), "{exp}");
    }
    assert_eq!(desk.accept(json!({"exp": -1})).await, Err(EXPIRED));
    assert_eq!(desk.accept(json!({"exp": 1e300})).await, Ok(alice()));
    for nbf in [json!("0"), json!([0])] {
        assert_eq!(desk.accept(json!({ "nbf": nbf })).await, Err(INVALID), "{nbf}");
    }
}

#[tokio::test]
async fn only_good_tokens_expire() {
    let desk = Desk::new(json!({})).await;
    let stranger = fixtures::es256().sign(&claims(json!({"exp": 1}))).unwrap();
    assert_eq!(desk.judge(&stranger).await, Err(INVALID));
    for bad in
        [json!({"exp": 1, "aud": "else"}), json!({"exp": 1, "sub": "a b"}), json!({"exp": 1, "nbf": SOON})]
    {
        assert_eq!(desk.accept(bad.clone()).await, Err(INVALID), "{bad}");
    }
}

#[tokio::test]
async fn subjects_are_user_ids() {
    let desk = Desk::new(json!({})).await;
    for sub in [Value::Null, json!(7), json!(["alice"]), json!(""), json!("a b"), json!("alice@example.org")]
    {
        assert_eq!(desk.accept(json!({ "sub": sub })).await, Err(INVALID), "{sub}");
    }
}

#[tokio::test]
async fn prefixes_keep_id_spaces_apart() {
    let (one, two) = (fixtures::es256(), fixtures::es256());
    let prefixed = json!({"issuer": "https://two.example", "subjects": null, "subject_prefix": "two:"});
    let verifier = verifier(json!([named(&one, "ES256", json!({})), named(&two, "ES256", prefixed)])).await;
    let judge = async |key: &SigningKey, changes| {
        let token = key.sign(&claims(changes)).unwrap();
        verifier.verify(&token, "ciam", true, NOW).await.map(|token| token.subject.as_str().to_owned())
    };
    let second = |sub: &str| json!({"iss": "https://two.example", "sub": sub});
    assert_eq!(judge(&two, second("alice")).await, Ok("two:alice".into()));
    assert_eq!(judge(&two, second("")).await, Err(INVALID));
    assert_eq!(judge(&two, second(&"x".repeat(125))).await, Err(INVALID));
    assert_eq!(judge(&one, json!({"sub": "alice"})).await, Ok("alice".into()));
    // The first issuer must not name the second one's users.
    assert_eq!(judge(&one, json!({"sub": "two:alice"})).await, Err(INVALID));
}

#[tokio::test]
async fn claims_say_what_the_bearer_may() {
    let desk = Desk::new(json!({"grants_admin": true})).await;
    let read = async |changes| desk.accept(changes).await.unwrap();
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();

    let token = read(
        json!({"scope": "openid  profile", "scp": ["x"], "roles": ["admin", 7], "role": "y", "azp": "app"}),
    )
    .await;
    assert_eq!(
        token,
        VerifiedToken {
            scopes: texts(&["openid", "profile"]),
            roles: texts(&["admin"]),
            grants_admin: true,
            ..alice()
        }
    );

    let token =
        read(json!({"scp": ["openid", "a b"], "role": "admin user", "client_id": "cli", "azp": "app"})).await;
    assert_eq!(
        (token.scopes.clone(), token.roles.clone()),
        (texts(&["openid", "a b"]), texts(&["admin user"]))
    );

    let token = read(json!({"scp": "openid email", "scope": null, "role": "admin"})).await;
    assert_eq!((token.scopes, token.roles), (texts(&["openid", "email"]), texts(&["admin"])));

    let token = read(json!({"scope": 7, "roles": {"admin": true}, "client_id": 7})).await;
    assert_eq!(token, VerifiedToken { grants_admin: true, ..alice() });
}

#[tokio::test]
async fn an_issuer_without_the_grant_makes_no_admin() {
    let desk = Desk::new(json!({})).await;
    let token = desk.accept(json!({"roles": ["admin"]})).await.unwrap();
    assert_eq!(token, VerifiedToken { roles: vec!["admin".into()], ..alice() });
}

#[tokio::test]
async fn a_client_that_is_its_own_subject_is_told_apart() {
    let desk = Desk::new(json!({})).await;
    for (changes, is_client) in [
        (json!({"client_id": "alice"}), true),
        (json!({"azp": "alice"}), true),
        (json!({"client_id": "app", "azp": "alice"}), false),
        (json!({}), false),
    ] {
        assert_eq!(desk.accept(changes.clone()).await.unwrap().is_client, is_client, "{changes}");
    }
}

#[tokio::test]
async fn claims_go_by_the_names_configured() {
    let names = json!({"claims": {"subject": "uid", "scopes": "permissions", "roles": "groups"}});
    let desk = Desk::new(names).await;
    let changes = json!({"uid": "bob", "permissions": ["p"], "groups": ["g"], "scope": "s", "roles": ["r"]});
    let token = desk.accept(changes).await.unwrap();
    assert_eq!(
        (token.subject.as_str(), token.scopes, token.roles),
        ("bob", vec!["p".into()], vec!["g".into()])
    );
    assert_eq!(desk.accept(json!({})).await, Err(INVALID));
}
