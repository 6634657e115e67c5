//! Something to try each contract with: users, credentials, and curl commands that work as they stand, any number of times.

use crate::event::Request;
use crate::failure::{Context, Failure, Result};
use crate::keys::{Claims, Keys};
use crate::stack::Stack;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Value as Json, json};
use shared::auth::{ApiKey, ApiKeyRecord, ClientId, ClientRecord, ClientSecret, Role, basic};
use shared::clock::{Clock, SystemClock, Timestamp};
use shared::entropy::SystemEntropy;
use shared::store::StoreError;
use shared::validation::UserId;
use std::path::Path;

/// How long the demo's tokens are good, in seconds: 30 days.
const LIFETIME: i64 = 30 * 24 * 3600;

/// Name of the secret that is the demo's API key.
const API_KEY: &str = "demo-api.key";

/// Name of the secret that is the demo's application: its id, a colon, its secret.
const CLIENT: &str = "demo-client.secret";

/// Who acts as an administrator.
const ADMIN: &str = "demo-admin";

/// Users who must be there: WTS and System user create none, and one is there to be erased.
const USERS: [&str; 3] = ["demo-wts", USER, "demo-leaving"];

/// Whom all printed commands are about: one profile, through each contract.
const USER: &str = "1001";

/// Whose token the sample events of a function show: those that read need a user who is there.
const SUBJECTS: [(&str, &str); 9] = [
    ("put-profile", "demo-authms"),
    ("delete-profile", "demo-leaving"),
    ("get-profile", "demo-wts"),
    ("patch-userinfo", "demo-ciam"),
    ("get-userinfo", "demo-wts"),
    ("edit-user-basic", "demo-cloudbase"),
    ("send-verification", "demo-cloudbase"),
    ("verify-code", "demo-cloudbase"),
    ("get-user-me", "demo-wts"),
];

/// The credentials of the demo's users, signed by the stack's own keys.
#[derive(Debug)]
pub struct Credentials<'a> {
    keys: &'a Keys,
    now: Timestamp,
}

impl<'a> Credentials<'a> {
    /// Credentials that are good from now on.
    pub const fn new(keys: &'a Keys, now: Timestamp) -> Self {
        Self { keys, now }
    }

    fn token(&self, subject: &str, admin: bool) -> Result<String> {
        let claims = Claims { subject, scope: "openid", admin, issued: self.now, expires_in: LIFETIME };
        self.keys.token(&claims)
    }

    fn wts_token(&self, openid: &str, access: &str) -> Result<String> {
        self.keys.wts_token(openid, access, self.now, LIFETIME)
    }

    /// What the console acts with: as this user, as the administrator, and by the demo's API key and application. They
    /// are good once the demo is [prepared](prepare).
    ///
    /// # Errors
    /// When the keys cannot be read.
    pub fn of(&self, user: &UserId) -> Result<Json> {
        Ok(json!({
            "user": user,
            "token": self.token(user.as_str(), false)?,
            "wts_token": self.wts_token(user.as_str(), "user")?,
            "admin_token": self.token(ADMIN, true)?,
            "wts_admin_token": self.wts_token(ADMIN, "admin")?,
            "api_key": self.api_key()?.expose(),
            "client": self.client()?,
        }))
    }

    /// The demo's API key. It is the same as long as the data directory is and nobody revokes it.
    fn api_key(&self) -> Result<ApiKey> {
        let make = || ApiKey::generate(&SystemEntropy::new()).expose().to_owned();
        let key = self.keys.kept_secret(API_KEY, make)?;
        ApiKey::parse(&key).map_err(|_| Failure::new("the demo's API key is damaged"))
    }

    /// What the demo's application shows after `Basic`. It is the same as long as the data directory is and nobody
    /// revokes it.
    fn client(&self) -> Result<String> {
        Ok(STANDARD.encode(self.keys.kept_secret(CLIENT, new_client)?))
    }

    /// A sample event with its placeholders filled in: `${DEMO_TOKEN}` (of the function's own demo user),
    /// `${DEMO_ADMIN_TOKEN}`, `${DEMO_WTS_TOKEN}`, `${DEMO_API_KEY}`, `${DEMO_CLIENT}`. Sample events hold no
    /// credential, since every stack makes keys of its own.
    ///
    /// # Errors
    /// When the keys cannot be read.
    pub fn fill_in(&self, function: &str, event: &str) -> Result<String> {
        let subject =
            SUBJECTS.iter().find(|(name, _)| *name == function).map_or("demo", |(_, subject)| *subject);
        Ok(event
            .replace("${DEMO_TOKEN}", &self.token(subject, false)?)
            .replace("${DEMO_ADMIN_TOKEN}", &self.token(ADMIN, true)?)
            .replace("${DEMO_WTS_TOKEN}", &self.wts_token("demo-wts", "user")?)
            .replace("${DEMO_API_KEY}", self.api_key()?.expose())
            .replace("${DEMO_CLIENT}", &self.client()?))
    }
}

fn new_client() -> String {
    let entropy = SystemEntropy::new();
    format!("{}:{}", ClientId::generate(&entropy).as_str(), ClientSecret::generate(&entropy).expose())
}

/// A request to try, as a command for a shell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Example {
    /// Its contract, and what it is for where that is not plain.
    pub title: String,
    /// The command: curl, with its credential in a file beside the keys.
    pub command: String,
}

/// Makes the demo's users, its API key and its application where they are missing, and says how to try each contract.
///
/// # Errors
/// When the stack does not answer, or refuses what it should not.
pub async fn prepare(stack: &Stack) -> Result<Vec<Example>> {
    let now = SystemClock.now();
    for user in USERS {
        create_user(stack, user, now).await.context(user)?;
    }
    let credentials = Credentials::new(stack.keys(), now);
    let key = keep(stack, credentials.api_key()?, now).await?;
    let client = keep_client(stack, credentials.client()?, now).await?;
    let bearer = |credential: &str| format!("Bearer {credential}");
    let token = |subject| Ok::<_, Failure>(bearer(&credentials.token(subject, false)?));
    let requests = [
        ("authms", "AuthMS", "PUT", "/profiles/1001", token(USER)?, json!({"city": "Oslo", "country": "NO"})),
        ("ciam", "CIAM", "PATCH", "/userinfo", token(USER)?, json!({"nickname": "Nick", "locale": "zh-CN"})),
        (
            "wts",
            "WTS",
            "POST",
            "/api/v3/change_profile",
            bearer(&credentials.wts_token(USER, "user")?),
            json!({
                "who": USER,
                "block": "XHA",
                "room": "101",
                "phone": "19900001003",
                "isp": "telecom",
                "account": "demo",
            }),
        ),
        (
            "cloudbase",
            "CloudBase",
            "POST",
            "/auth/v1/user/basic/edit",
            token(USER)?,
            json!({"gender": "FEMALE", "description": "Hello"}),
        ),
        (
            "system-user",
            "System user",
            "POST",
            "/api/v1/system/user/1001/update",
            bearer(key.expose()),
            json!({"userName": "nick.1001"}),
        ),
        (
            "ciam-otp",
            "CIAM, a one-time code (look for it in /_local/outbox)",
            "POST",
            "/otp/send",
            format!("Basic {client}"),
            json!({"usage": "update_userinfo", "phone_number": "19900001002"}),
        ),
    ];
    type Sample<'a> = (&'a str, &'a str, &'a str, &'a str, String, Json);
    let example = |(name, title, method, path, authorization, body): Sample<'_>| {
        let headers = format!("Authorization: {authorization}\nContent-Type: application/json\n");
        let file = stack.keys().replace_secret(&format!("{name}.headers"), &headers)?;
        let (file, url) = (quoted(&format!("@{}", from_here(&file).display())), stack.url());
        // Nothing in these bodies holds a quotation mark of the shell's.
        let command = format!("curl -X {method} {url}{path} \\\n  -H {file} -d '{body}'");
        Ok(Example { title: title.to_owned(), command })
    };
    requests.into_iter().map(example).collect()
}

/// The same file in fewer words, where it is below the current directory.
fn from_here(file: &Path) -> &Path {
    let here = std::env::current_dir().ok();
    here.and_then(|here| file.strip_prefix(here).ok()).unwrap_or(file)
}

/// A word that no shell takes apart.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@/._-".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// Creates a user as an administrator would: through AuthMS, one who was erased too. One that is there already is left
/// alone.
async fn create_user(stack: &Stack, user: &str, now: Timestamp) -> Result<()> {
    let function =
        stack.function("put-profile").ok_or_else(|| Failure::new("there is no function put-profile"))?;
    let claims = Claims { subject: ADMIN, scope: "", admin: true, issued: now, expires_in: 60 };
    let mut request = Request::new("PUT", "/profiles/{user_id}", &format!("/profiles/{user}"));
    request.path_parameters.insert("user_id".to_owned(), user.to_owned());
    let headers = [
        ("authorization", format!("Bearer {}", stack.keys().token(&claims)?)),
        ("content-type", "application/json".to_owned()),
        ("if-none-match", "*".to_owned()),
    ];
    request.headers = headers.map(|(name, value)| (name.to_owned(), value)).into();
    request.body = json!({"nickname": "Demo"}).to_string().into();
    let answer = function.invoke(request.event().to_string(), "").await.context("put-profile")?;
    let answer: Json = serde_json::from_slice(&answer).context("put-profile")?;
    match answer["statusCode"].as_u64() {
        // There already.
        Some(200 | 412) => Ok(()),
        _ => Err(Failure::new(format!("put-profile answered {}", answer["statusCode"]))),
    }
}

/// Keeps the demo's API key in the table, and another one in place of one that was revoked.
async fn keep(stack: &Stack, mut key: ApiKey, now: Timestamp) -> Result<ApiKey> {
    let store = stack.record().store().await;
    let refused = |error: StoreError| Failure::new(format!("the demo's API key cannot be kept: {error:?}"));
    if let Some(kept) = store.api_key(&key.digest()).await.map_err(refused)? {
        if !kept.disabled {
            return Ok(key);
        }
        key = ApiKey::generate(&SystemEntropy::new());
        stack.keys().replace_secret(API_KEY, key.expose())?;
    }
    let record = ApiKeyRecord {
        owner: UserId::parse(ADMIN).map_err(|_| Failure::new("the administrator is no user id"))?,
        label: "demo".to_owned(),
        role: Role::Admin,
        created: now,
        expires: None,
        disabled: false,
    };
    store.put_api_key(&key.digest(), &record).await.map_err(refused)?;
    Ok(key)
}

/// Keeps the demo's application in the table, and another one in place of one that was revoked.
async fn keep_client(stack: &Stack, mut credential: String, now: Timestamp) -> Result<String> {
    let store = stack.record().store().await;
    let refused =
        |error: StoreError| Failure::new(format!("the demo's application cannot be kept: {error:?}"));
    let parse = |credential: &str| {
        basic(Some(&format!("Basic {credential}")))
            .map_err(|_| Failure::new("the demo's application is damaged"))
    };
    let (mut id, mut secret) = parse(&credential)?;
    if let Some(kept) = store.client(&id).await.map_err(refused)? {
        if !kept.disabled {
            return Ok(credential);
        }
        let client = new_client();
        stack.keys().replace_secret(CLIENT, &client)?;
        credential = STANDARD.encode(client);
        (id, secret) = parse(&credential)?;
    }
    let record = ClientRecord {
        name: "demo".to_owned(),
        secret_digest: secret.digest(),
        created: now,
        disabled: false,
    };
    store.put_client(&id, &record).await.map_err(refused)?;
    Ok(credential)
}
