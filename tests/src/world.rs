//! One table, all endpoints, and callers with their credentials.

use crate::bus::sdk;
use crate::endpoints::Endpoints;
use crate::journal::Journal;
use crate::rigged::{Dial, Sequence};
use crate::wire::Wire;
use crate::{Reply, Request};
use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use local::engine::{Engine, EngineOptions};
use local::template::Template;
use serde_json::{Value, json};
use shared::auth::{
    ApiKey, ApiKeyRecord, ClientId, ClientRecord, ClientSecret, KeySources, Role, SigningKey, TokenVerifier,
    generate_es256_pkcs8,
};
use shared::bootstrap::named;
use shared::clock::Clock;
use shared::config::{Config, Settings};
use shared::entropy::Entropy;
use shared::ground::Ground;
use shared::http::{Answer, Stack};
use shared::profile::Profile;
use shared::store::{ProfileStore, Record};
use shared::trigger::Trigger;
use shared::validation::UserId;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Name of the issuer whose tokens the world's callers show.
pub const ISSUER: &str = "https://issuer.test";
/// Name of an issuer that grants no admin.
pub const PLAIN_ISSUER: &str = "https://plain.test";
/// The audience of both.
pub const AUDIENCE: &str = "profiles";

/// Settings of a world that differ from the usual.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Environment values beside, or instead of, the usual ones.
    pub settings: Vec<(&'static str, String)>,
}

/// A stack over an embedded DynamoDB, in this process but over the wire.
pub struct World {
    /// The stack's clock.
    pub clock: Arc<Dial>,
    /// The stack's randomness.
    pub entropy: Arc<Sequence>,
    /// The log lines of its endpoints and triggers.
    pub journal: Journal,
    /// The proxy before the database.
    pub wire: Wire,
    /// The store, as a look at what was written.
    pub store: ProfileStore,
    /// A raw client on the database, past the proxy.
    pub database: aws_sdk_dynamodb::Client,
    /// The table's name.
    pub table: String,
    keys: Keys,
    through_wire: SdkConfig,
    stack: Stack,
    endpoints: Endpoints,
    pub(crate) engine: Engine,
}

/// The issuers' keys.
pub struct Keys {
    /// Signs for [`ISSUER`].
    pub issuer: SigningKey,
    /// Signs for [`PLAIN_ISSUER`].
    pub plain: SigningKey,
    /// Signs WTS tokens.
    pub wts: SigningKey,
    wts_secret: tempfile::NamedTempFile,
}

impl Keys {
    fn new() -> Self {
        let es256 = || SigningKey::es256_pkcs8(&generate_es256_pkcs8().unwrap()).unwrap();
        let wts_secret = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(wts_secret.path(), [b'w'; 32]).unwrap();
        Self {
            issuer: es256().with_kid("issuer"),
            plain: es256().with_kid("plain"),
            wts: SigningKey::hs256(&[b'w'; 32]),
            wts_secret,
        }
    }

    /// Outside development no secret comes from a file, and so there is no issuer of WTS tokens.
    fn issuers(&self, development: bool) -> Value {
        let key_set = |key: &SigningKey| json!({"keys": [key.public_jwk().unwrap()]});
        let contracts = ["authms", "ciam", "cloudbase"];
        let mut issuers = json!([
            {"issuer": ISSUER, "algorithms": ["ES256"], "jwks": key_set(&self.issuer), "audience": AUDIENCE,
             "contracts": contracts, "subjects": "shared", "grants_admin": true},
            {"issuer": PLAIN_ISSUER, "algorithms": ["ES256"], "jwks": key_set(&self.plain), "audience": AUDIENCE,
             "contracts": contracts, "subjects": "shared"},
            {"algorithms": ["HS256"], "secret_file": self.wts_secret.path(), "contracts": ["wts"],
             "subjects": "shared", "grants_admin": true, "claims": {"subject": "openid", "roles": "access"}},
        ]);
        if !development {
            issuers.as_array_mut().unwrap().pop();
        }
        issuers
    }
}

impl World {
    /// A world of its own, with an empty table.
    pub async fn new() -> Self {
        Self::with(Options::default()).await
    }

    /// A world with other settings.
    pub async fn with(options: Options) -> Self {
        let template = Template::read(&Template::default_path(), &BTreeMap::new()).unwrap();
        let engine = Engine::start(EngineOptions::default()).await.unwrap();
        engine.create_table(&template.table).await.unwrap();
        let wire = Wire::before(engine.endpoint()).await;
        let keys = Keys::new();
        let staged = |(name, value): &(&str, String)| *name == "STAGE" && value != "dev";
        let development = !options.settings.iter().any(staged);
        let mut values = HashMap::from([
            ("TABLE_NAME".to_owned(), template.table.name.clone()),
            ("STAGE".to_owned(), "dev".to_owned()),
            ("PUBLIC_URL".to_owned(), "https://id.example.com".to_owned()),
            ("ISSUERS".to_owned(), keys.issuers(development).to_string()),
            ("CONTACT_VERIFICATION".to_owned(), "off".to_owned()),
        ]);
        values.extend(options.settings.into_iter().map(|(name, value)| (name.to_owned(), value)));
        let mut settings = Settings::new(values);
        let config = settings.config();
        let issuers = settings.issuers("ciam", true, config.stage);
        let tokens = TokenVerifier::load(issuers, KeySources::default()).await.unwrap();
        let (clock, entropy) = (Arc::<Dial>::default(), Arc::<Sequence>::default());
        let through_wire = sdk(wire.endpoint()).await;
        let journal = Journal::default();
        let stack = Stack {
            store: ProfileStore::new(aws_sdk_dynamodb::Client::new(&through_wire), config.table.clone()),
            config: Arc::<Config>::new(config),
            tokens: Arc::new(tokens),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            entropy: Arc::clone(&entropy) as Arc<dyn Entropy>,
            telemetry: journal.telemetry(Arc::clone(&clock) as Arc<dyn Clock>),
        };
        let database = aws_sdk_dynamodb::Client::new(&sdk(engine.endpoint()).await);
        let table = template.table.name.clone();
        let ground = Ground {
            sdk: shared::bootstrap::sdk_config().await,
            store: stack.store.clone(),
            clock: Arc::clone(&stack.clock),
            entropy: Arc::clone(&stack.entropy),
            telemetry: Arc::clone(&stack.telemetry),
        };
        let endpoints = Endpoints::configure(template, &stack, &ground, &through_wire, &mut settings);
        let world = Self {
            clock,
            entropy,
            journal,
            wire,
            store: ProfileStore::new(database.clone(), table.clone()),
            database,
            table,
            keys,
            endpoints,
            through_wire,
            stack,
            engine,
        };
        settings.finish().unwrap();
        world
    }

    /// A trigger of this world with these settings, whose other services are behind `sdk`.
    pub fn trigger<T: Trigger>(&self, sdk: SdkConfig, settings: &[(&str, &str)]) -> T {
        let values = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut settings = Settings::new(values.collect());
        let Stack { clock, entropy, .. } = self.stack.clone();
        let client = aws_sdk_dynamodb::Client::new(&named(&self.through_wire, T::NAME));
        let store = ProfileStore::new(client, self.table.clone());
        // A trigger is a process of its own.
        let telemetry = self.journal.telemetry(Arc::clone(&clock));
        let ground = Ground { sdk: named(&sdk, T::NAME), store, clock, entropy, telemetry };
        let trigger = T::configure(&mut settings, ground);
        settings.finish().unwrap();
        trigger
    }

    /// Sends a request to the endpoint that its path belongs to.
    pub async fn send(&self, request: &Request) -> Reply {
        self.invoke(request.event_json()).await.into()
    }

    /// Hands an event to the endpoint that its path belongs to: the answer, its body letter for letter.
    pub async fn invoke(&self, event: Value) -> Answer {
        let route_key = event["routeKey"].as_str().unwrap().to_owned();
        self.endpoints.handle(&route_key, serde_json::from_value(event).unwrap()).await
    }

    /// The issuers' keys, for tokens that are odd on purpose.
    pub const fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Claims of a good token of [`ISSUER`], valid for an hour.
    pub fn claims(&self, subject: &str) -> Value {
        let now = self.clock.now().seconds();
        json!({"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + 3600, "scope": "openid profile"})
    }

    /// A user's token.
    pub fn token(&self, subject: &str) -> String {
        self.keys.issuer.sign(&self.claims(subject)).unwrap()
    }

    /// An administrator's token.
    pub fn admin_token(&self, subject: &str) -> String {
        let mut claims = self.claims(subject);
        claims["roles"] = json!(["admin"]);
        self.keys.issuer.sign(&claims).unwrap()
    }

    /// A WTS token.
    pub fn wts_token(&self, openid: &str, access: &str) -> String {
        let exp = self.clock.now().seconds() + 3600;
        self.keys.wts.sign(&json!({"openid": openid, "access": access, "exp": exp})).unwrap()
    }

    /// A fresh API key of this role.
    pub async fn api_key(&self, role: Role) -> String {
        self.api_key_expiring(role, None).await
    }

    /// A fresh API key that expires so many seconds from now.
    pub async fn api_key_expiring(&self, role: Role, seconds: Option<i64>) -> String {
        let key = ApiKey::generate(&shared::entropy::SystemEntropy::new());
        let now = self.clock.now();
        let record = ApiKeyRecord {
            owner: UserId::parse("operator").unwrap(),
            label: "test".into(),
            role,
            created: now,
            expires: seconds.map(|seconds| now.plus_seconds(seconds)),
            disabled: false,
        };
        self.store.put_api_key(&key.digest(), &record).await.unwrap();
        key.expose().to_owned()
    }

    /// A fresh application: what it shows after `Basic`.
    pub async fn client(&self) -> String {
        let entropy = shared::entropy::SystemEntropy::new();
        let (id, secret) = (ClientId::generate(&entropy), ClientSecret::generate(&entropy));
        let record = ClientRecord {
            name: "test".into(),
            secret_digest: secret.digest(),
            created: self.clock.now(),
            disabled: false,
        };
        self.store.put_client(&id, &record).await.unwrap();
        STANDARD.encode(format!("{id}:{}", secret.expose()))
    }

    /// What stands at a user's key.
    pub async fn record(&self, user_id: &str) -> Option<Record> {
        self.store.read(&UserId::parse(user_id).unwrap()).await.unwrap()
    }

    /// A user's profile, which must be there.
    pub async fn profile(&self, user_id: &str) -> Profile {
        self.record(user_id).await.and_then(|record| record.profile).unwrap()
    }

    /// Makes an empty profile, as the user's own first PUT does.
    pub async fn create(&self, user_id: &str) {
        let request = Request::put_profile(user_id).bearer(&self.token(user_id)).json(&json!({}));
        assert_eq!(self.send(&request).await.status, 200);
        self.wire.calls();
    }

    /// Puts the tombstone that an erased user leaves, with the version that was its last.
    pub async fn erase(&self, user_id: &str, version: u64) {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let number = |number: u64| AttributeValue::N(number.to_string());
        let erased_at = number(self.clock.now().millis().unsigned_abs());
        let put = self.database.put_item().table_name(&self.table);
        let put = put.item("PK", text(&format!("USER#{user_id}"))).item("SK", text("PROFILE"));
        let put = put.item("user_id", text(user_id)).item("version", number(version));
        let put = put.item("updated_at", erased_at.clone()).item("erased_at", erased_at);
        let put = put.item("change_id", text("00000000-0000-4000-8000-000000000000"));
        let changed_by = [("contract", text("command-line")), ("actor", text("operator"))];
        let changed_by = changed_by.map(|(name, value)| (name.to_owned(), value)).into();
        let put = put.item("changed_by", AttributeValue::M(changed_by));
        put.item("schema", number(1)).send().await.unwrap();
    }

    /// Every item of the table, for looking at it as a whole.
    pub async fn items(&self) -> Vec<HashMap<String, AttributeValue>> {
        self.database.scan().table_name(&self.table).send().await.unwrap().items.unwrap_or_default()
    }
}
