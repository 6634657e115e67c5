//! One table, all endpoints, and callers with their credentials.

use crate::Keys;
use crate::bus::{REGION, sdk};
use crate::database::Database;
use crate::deployed::PUBLIC_URL;
use crate::endpoints::Endpoints;
use crate::journal::Journal;
use crate::openapi::Agreement;
use crate::rigged::{Dial, Sequence};
use crate::service::{Entrance, Service};
use crate::wire::Wire;
use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use local::template::Template;
use serde_json::Value;
use shared::auth::{KeySources, TokenVerifier};
use shared::clock::Clock;
use shared::config::{Config, Settings};
use shared::entropy::Entropy;
use shared::ground::Ground;
use shared::http::{Answer, Stack};
use shared::sdk::named;
use shared::store::ProfileStore;
use shared::trigger::Trigger;
use std::collections::{BTreeMap, HashMap};
use std::ops::Deref;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Settings of a world that differ from the usual.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Environment values beside, or instead of, the usual ones.
    pub settings: Vec<(&'static str, String)>,
}

/// A stack over an embedded DynamoDB, in this process but over the wire: a [`Service`] whose time, randomness and
/// database are in the test's hand.
pub struct World {
    /// The stack's clock.
    pub clock: Arc<Dial>,
    /// The stack's randomness.
    pub entropy: Arc<Sequence>,
    /// The log lines of its endpoints and triggers.
    pub journal: Journal,
    /// The proxy before the database.
    pub wire: Wire,
    through_wire: SdkConfig,
    service: Service,
    stack: Stack,
    pub(crate) database: Database,
    /// Holds the issuers' keys.
    _directory: tempfile::TempDir,
}

impl Deref for World {
    type Target = Service;

    fn deref(&self) -> &Service {
        &self.service
    }
}

impl World {
    /// A world of its own, with an empty table.
    pub async fn new() -> Self {
        Self::with(Options::default()).await
    }

    /// A world with other settings.
    pub async fn with(options: Options) -> Self {
        Self::open(options, REGION.to_owned(), None).await
    }

    /// A world whose quota of retries is its own: the SDK has one for each region in a process, and it is soon used up
    /// where calls fail again and again. An attempt of a call to the database is given so long; `None`: as long as a
    /// function gives it.
    pub async fn apart(options: Options, attempt: Option<Duration>) -> Self {
        static WORLDS: AtomicUsize = AtomicUsize::new(0);
        let region = format!("world-{}", WORLDS.fetch_add(1, Ordering::Relaxed));
        Self::open(options, region, attempt).await
    }

    /// Boxed, or the futures of whoever makes a world would be too deep for the compiler.
    fn open(
        options: Options,
        region: String,
        attempt: Option<Duration>,
    ) -> Pin<Box<dyn Future<Output = Self> + Send>> {
        Box::pin(Self::opened(options, region, attempt))
    }

    async fn opened(options: Options, region: String, attempt: Option<Duration>) -> Self {
        let template = Template::read(&Template::default_path(), &BTreeMap::new()).unwrap();
        let place = Database::with(&template.table).await;
        let (wire, table) = (Wire::before(place.endpoint()).await, place.table.clone());
        let directory = tempfile::tempdir().unwrap();
        let keys = Keys::open(directory.path());
        let staged = |(name, value): &(&str, String)| *name == "STAGE" && value != "dev";
        let mut trusted = keys.issuers(None);
        if options.settings.iter().any(staged) {
            // Outside development no secret comes from a file, and so there is no issuer of WTS tokens.
            trusted.as_array_mut().unwrap().pop();
        }
        let schema = options.settings.iter().find(|(name, _)| *name == "ATTRIBUTE_SCHEMA_FILE");
        let agreement = match schema {
            Some((_, file)) => Agreement::of_the_schema_in(Path::new(file)),
            None => Agreement::of_the_repository(),
        };
        let mut values = HashMap::from([
            ("TABLE_NAME".to_owned(), table.clone()),
            ("STAGE".to_owned(), "dev".to_owned()),
            ("PUBLIC_URL".to_owned(), PUBLIC_URL.to_owned()),
            ("ISSUERS".to_owned(), trusted.to_string()),
            ("CONTACT_VERIFICATION".to_owned(), "off".to_owned()),
        ]);
        values.extend(options.settings.into_iter().map(|(name, value)| (name.to_owned(), value)));
        let mut settings = Settings::new(values);
        let config = settings.config();
        let issuers = settings.issuers("ciam", true, config.stage);
        let tokens = TokenVerifier::load(issuers, KeySources::default()).await.unwrap();
        let (clock, entropy) = (Arc::<Dial>::default(), Arc::<Sequence>::default());
        let mut through_wire = sdk(wire.endpoint(), &region).await;
        if let Some(attempt) = attempt {
            let timeouts =
                TimeoutConfig::builder().connect_timeout(attempt).operation_attempt_timeout(attempt);
            through_wire = through_wire.to_builder().timeout_config(timeouts.build()).build();
        }
        let journal = Journal::default();
        let stack = Stack {
            store: ProfileStore::new(aws_sdk_dynamodb::Client::new(&through_wire), config.table.clone()),
            config: Arc::<Config>::new(config),
            tokens: Arc::new(tokens),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            entropy: Arc::clone(&entropy) as Arc<dyn Entropy>,
            telemetry: journal.telemetry(Arc::clone(&clock) as Arc<dyn Clock>),
        };
        let database = aws_sdk_dynamodb::Client::new(&sdk(place.endpoint(), REGION).await);
        let ground = Ground {
            sdk: shared::sdk::sdk_config(),
            store: stack.store.clone(),
            clock: Arc::clone(&stack.clock),
            entropy: Arc::clone(&stack.entropy),
            telemetry: Arc::clone(&stack.telemetry),
        };
        let endpoints =
            Endpoints::configure(template, agreement, &stack, &ground, &through_wire, &mut settings);
        settings.finish().unwrap();
        let service = Service {
            store: ProfileStore::new(database.clone(), table.clone()),
            database,
            table,
            keys,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            entrance: Entrance::Here(Box::new(endpoints)),
        };
        Self {
            clock,
            entropy,
            journal,
            wire,
            through_wire,
            service,
            stack,
            database: place,
            _directory: directory,
        }
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

    /// Hands an event to the endpoint that its path belongs to: the answer, its body letter for letter.
    pub async fn invoke(&self, event: Value) -> Answer {
        let Entrance::Here(endpoints) = &self.entrance else { unreachable!("a world's endpoints are here") };
        endpoints.handle(event).await
    }

    /// Whether there is an endpoint at this route key.
    pub fn serves(&self, route: &str) -> bool {
        let Entrance::Here(endpoints) = &self.entrance else { unreachable!("a world's endpoints are here") };
        endpoints.serves(route)
    }

    /// As [`Service::create`]; its calls of the database are not counted.
    pub async fn create(&self, user_id: &str) {
        self.service.create(user_id).await;
        self.wire.calls();
    }
}
