//! Two real versions of the functions at once on one table, as during a gradual deployment: `bash .ci/previous`.

use crate::binaries::built;
use local::keys::Claims;
use local::record::RecordedFunction;
use local::runtime::{Function, FunctionSpec, Runtime};
use local::stack::{ContactVerification, Stack, StackOptions};
use serde_json::{Value, json};
use shared::auth::{ApiKey, ApiKeyRecord, Role};
use shared::clock::{Clock, SystemClock};
use shared::entropy::SystemEntropy;
use shared::validation::UserId;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tests::{Mailbox, Request};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// Rounds of changes through all contracts, each by the other version than the one before.
const ROUNDS: usize = 12;

/// Changes of one profile at the same time, by both versions in turn.
const AT_ONCE: usize = 16;

/// How long the stream's consumer may take to tell of everything.
const TOLD_WITHIN: Duration = Duration::from_secs(60);

/// The functions of one version.
type Side = BTreeMap<String, Function>;

struct Canary {
    stack: Stack,
    /// The previous version, and this one.
    sides: [Side; 2],
    api_key: String,
    /// Where codes arrive.
    mailbox: Mailbox,
}

impl Canary {
    /// A stack whose stream and queue are served by one version, and the endpoints of both.
    async fn start(data: PathBuf, binaries: [&BTreeMap<String, PathBuf>; 2], triggers: usize) -> Self {
        let mut options = StackOptions::ephemeral(data, Some(binaries[triggers].clone()));
        options.contact_verification = ContactVerification::Required;
        let stack = Stack::start(options).await.unwrap();
        let (runtime, mailbox) = (Runtime::start().await.unwrap(), Mailbox::start().await);
        let side = |binaries: &BTreeMap<String, PathBuf>| {
            let function = |(name, recorded): (&String, &RecordedFunction)| {
                let mut environment = recorded.environment.clone();
                environment.insert("OUTBOX_URL".to_owned(), mailbox.url());
                let spec = FunctionSpec {
                    name: name.clone(),
                    // A function that the previous version does not have yet is not there during a deployment either.
                    binary: binaries.get(name)?.clone(),
                    environment,
                    timeout: Duration::from_secs(10),
                };
                Some((name.clone(), runtime.function(spec)))
            };
            stack.record().functions.iter().filter_map(function).collect::<Side>()
        };
        let sides = binaries.map(side);
        let key = ApiKey::generate(&SystemEntropy::new());
        let record = ApiKeyRecord {
            owner: UserId::parse("operator").unwrap(),
            label: "test".into(),
            role: Role::Admin,
            created: SystemClock.now(),
            expires: None,
            disabled: false,
        };
        stack.record().store().await.put_api_key(&key.digest(), &record).await.unwrap();
        Self { stack, sides, api_key: key.expose().to_owned(), mailbox }
    }

    fn token(&self, subject: &str, admin: bool) -> String {
        let claims = Claims { subject, scope: "openid", admin, issued: SystemClock.now(), expires_in: 600 };
        self.stack.keys().token(&claims).unwrap()
    }

    fn wts_token(&self, openid: &str) -> String {
        self.stack.keys().wts_token(openid, "user", SystemClock.now(), 600).unwrap()
    }

    async fn invoke(&self, side: usize, function: &str, request: &Request) -> (u64, Value) {
        let event = request.event_json().to_string();
        let answer = self.sides[side % 2][function].invoke(event, "").await.unwrap();
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        let text = answer["body"].as_str().unwrap_or_default();
        (answer["statusCode"].as_u64().unwrap(), serde_json::from_str(text).unwrap_or(json!(text)))
    }

    async fn succeed(&self, side: usize, function: &str, request: &Request) -> Value {
        let (status, body) = self.invoke(side, function, request).await;
        assert!((200..300).contains(&status), "{function} of version {side}: {status} {body}");
        // System user says it in the body.
        assert!(body.get("success") != Some(&json!(false)), "{function} of version {side}: {body}");
        body
    }

    /// One change through each contract, in turns by both versions.
    async fn change(&self, round: usize, user: &str) {
        let (token, admin) = (self.token(user, false), self.token("root", true));
        let value = format!("v{round}");
        let put = json!({"city": value, "custom_fields": {format!("f{round}"): value}, "social_links": {"a": value}});
        let keyed = Request::put_profile(user).bearer(&token).json(&put);
        let keyed = keyed.header("idempotency-key", &format!("\"{value}\""));
        let first = self.succeed(round, "put-profile", &keyed).await;
        assert_eq!(
            self.succeed(round + 1, "put-profile", &keyed).await,
            first,
            "the answer that the other version kept"
        );
        let patch = Request::patch_userinfo().bearer(&token).json(&json!({"nickname": value}));
        self.succeed(round + 1, "patch-userinfo", &patch).await;
        let room = json!({"who": user, "block": "1", "room": value, "phone": format!("139{round:04}9000"),
            "isp": "mobile", "account": "1"});
        let room = Request::change_profile().bearer(&self.wts_token(user)).json(&room);
        self.succeed(round, "change-profile", &room).await;
        let edit = json!({"user_id": user, "username": format!("{user}.{value}"), "gender": "MALE"});
        let edit = Request::edit_user_basic().bearer(&admin).json(&edit);
        self.succeed(round + 1, "edit-user-basic", &edit).await;
        let update = json!({"email": format!("{value}@example.com"), "password": "correct horse"});
        let update = Request::update_user(user).bearer(&self.api_key).json(&update);
        self.succeed(round, "update-user", &update).await;
    }

    /// What both versions say of the user, which must be the same; the profile as AuthMS shows it.
    async fn agree(&self, user: &str) -> Value {
        let token = self.token(user, false);
        let mut profile = Value::Null;
        for (function, request) in [
            ("get-userinfo", Request::get_userinfo().bearer(&token)),
            ("view-profile", Request::view_profile().bearer(&self.wts_token(user)).query("who", user)),
            ("get-user-me", Request::get_user_me().bearer(&token)),
            ("get-profile", Request::get_profile(user).bearer(&token)),
        ] {
            let [mut old, mut new] =
                [self.succeed(0, function, &request).await, self.succeed(1, function, &request).await];
            for answer in [&mut old, &mut new] {
                answer.as_object_mut().unwrap().remove("timestamp");
            }
            assert_eq!(old, new, "{function}");
            profile = new["data"]["profile"].clone();
        }
        profile
    }

    /// A code that one version sends, the other checks, and the first spends.
    async fn prove(&self, side: usize, user: &str, email: &str) {
        let token = self.token(user, false);
        let send = Request::send_verification().bearer(&token).json(&json!({"email": email}));
        let sent = self.succeed(side, "send-verification", &send).await;
        let code = self.mailbox.code(email);
        let verify = json!({"verification_id": sent["verification_id"], "verification_code": code});
        let verify = Request::verify_code().bearer(&token).json(&verify);
        let proof = self.succeed(side + 1, "verify-code", &verify).await["verification_token"].clone();
        let edit = json!({"email": email, "verification_token": proof});
        self.succeed(side, "edit-user-basic", &Request::edit_user_basic().bearer(&token).json(&edit)).await;
    }

    /// Waits until the history, which the stream's consumer writes, tells of every version up to this one.
    async fn told(&self, side: usize, user: &str, version: u64) {
        let deadline = Instant::now() + TOLD_WITHIN;
        loop {
            let request = Request::get_history(user).bearer(&self.token(user, false)).query("limit", "100");
            let history = self.succeed(side, "get-history", &request).await;
            let entries = history["data"]["entries"].as_array().unwrap();
            let versions: Vec<u64> = entries.iter().map(|entry| entry["version"].as_u64().unwrap()).collect();
            if versions == (1..=version).rev().collect::<Vec<_>>() {
                return;
            }
            assert!(Instant::now() < deadline, "of {version} versions the history tells {versions:?}");
            sleep(Duration::from_millis(100)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the previous version's binaries: bash .ci/previous"]
async fn two_versions_work_on_one_table() {
    let directory =
        PathBuf::from(std::env::var_os("PREVIOUS_BINARIES").expect("PREVIOUS_BINARIES is not set"));
    let previous: BTreeMap<String, PathBuf> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path))
        .collect();
    for triggers in [0, 1] {
        let data = tempfile::tempdir().unwrap();
        let canary = Canary::start(data.path().join("data"), [&previous, built()], triggers).await;
        let canary = Arc::new(canary);
        for round in 0..ROUNDS {
            canary.change(round, "1001").await;
            canary.agree("1001").await;
        }
        canary.prove(0, "1001", "ada.old@example.com").await;
        canary.prove(1, "1001", "ada.new@example.com").await;

        // Both at once: none of them is lost.
        let mut racing = JoinSet::new();
        for number in 0..AT_ONCE {
            let canary = Arc::clone(&canary);
            racing.spawn(async move {
                let field = json!({"custom_fields": {format!("race{number}"): number}});
                let request = Request::put_profile("1001").bearer(&canary.token("1001", false)).json(&field);
                // Who loses every race is told so, and asks again.
                for _ in 0..AT_ONCE {
                    if canary.invoke(number, "put-profile", &request).await.0 == 200 {
                        return;
                    }
                }
                panic!("{number} lost every race");
            });
        }
        racing.join_all().await;
        let profile = canary.agree("1001").await;
        let fields = profile["custom_fields"].as_object().unwrap();
        for number in 0..AT_ONCE {
            assert_eq!(fields[&format!("race{number}")], json!(number));
        }
        assert_eq!(fields.len(), ROUNDS + AT_ONCE);
        canary.told(triggers, "1001", profile["version"].as_u64().unwrap()).await;

        // Each erases whom the other knows, and creates anew whom the other erased.
        for side in [0, 1] {
            let user = ["1002", "1003"][side];
            canary.change(side, user).await;
            let erase = Request::delete_profile(user).bearer(&canary.token(user, false));
            canary.succeed(side, "delete-profile", &erase).await;
            let read = Request::get_profile(user).bearer(&canary.token(user, false));
            assert_eq!(canary.invoke(side + 1, "get-profile", &read).await.0, 404);
            let anew = Request::put_profile(user).bearer(&canary.token("root", true));
            let anew = anew.header("if-none-match", "*").json(&json!({"city": "anew"}));
            canary.succeed(side + 1, "put-profile", &anew).await;
            assert_eq!(canary.agree(user).await["city"], "anew");
        }
        let Ok(canary) = Arc::try_unwrap(canary).map_err(drop) else { panic!("still racing") };
        canary.stack.stop().await;
    }
}
