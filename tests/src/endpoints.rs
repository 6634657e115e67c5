//! Every endpoint of the stack in this process, each at its route of the template.

use crate::openapi::Agreement;
use crate::{Canaries, Journal, Reply};
use aws_config::SdkConfig;
use local::template::Template;
use serde_json::Value;
use shared::clock::{Clock, SystemClock};
use shared::config::Settings;
use shared::entropy::SystemEntropy;
use shared::ground::Ground;
use shared::http::{Answer, Endpoint, Event, Pipeline, Stack};
use shared::sdk::named;
use shared::store::ProfileStore;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

/// An endpoint's pipeline, whichever endpoint it is.
trait Handle: Send + Sync {
    fn handle(&self, event: Event) -> Pin<Box<dyn Future<Output = Answer> + Send + '_>>;
}

impl<E: Endpoint> Handle for Pipeline<E> {
    fn handle(&self, event: Event) -> Pin<Box<dyn Future<Output = Answer> + Send + '_>> {
        Box::pin(Pipeline::handle(self, event, None))
    }
}

/// Endpoints and their routes.
pub struct Endpoints {
    template: Template,
    database: SdkConfig,
    /// By route key.
    pipelines: BTreeMap<String, Arc<dyn Handle>>,
    agreement: Arc<Agreement>,
    canaries: Canaries,
}

impl Endpoints {
    /// All of them, on one stack with one set of settings. Each reaches the table as itself, through these settings of
    /// the SDK. Their answers are held against the documents in `agreement`.
    pub fn configure(
        template: Template,
        agreement: Arc<Agreement>,
        stack: &Stack,
        ground: &Ground,
        database: &SdkConfig,
        settings: &mut Settings,
    ) -> Self {
        let (database, pipelines, canaries) = (database.clone(), BTreeMap::new(), Canaries::of_this_test());
        let mut all = Self { template, database, pipelines, agreement, canaries };
        all.add::<authms::PutProfile>(stack, ground, settings);
        all.add::<authms::DeleteProfile>(stack, ground, settings);
        all.add::<authms::ExportProfile>(stack, ground, settings);
        all.add::<authms::GetHistory>(stack, ground, settings);
        all.add::<authms::GetProfile>(stack, ground, settings);
        all.add::<authms::DescribeError>(stack, ground, settings);
        all.add::<ciam::PatchUserinfo>(stack, ground, settings);
        all.add::<ciam::GetUserinfo>(stack, ground, settings);
        all.add::<ciam::SendOtp>(stack, ground, settings);
        all.add::<wts::ChangeProfile>(stack, ground, settings);
        all.add::<wts::ViewProfile>(stack, ground, settings);
        all.add::<cloudbase::EditUserBasic>(stack, ground, settings);
        all.add::<cloudbase::SendVerification>(stack, ground, settings);
        all.add::<cloudbase::VerifyCode>(stack, ground, settings);
        all.add::<cloudbase::GetUserMe>(stack, ground, settings);
        all.add::<system_user::UpdateUser>(stack, ground, settings);
        all
    }

    fn add<E: Endpoint>(&mut self, stack: &Stack, ground: &Ground, settings: &mut Settings) {
        let function = self.template.functions.iter().find(|function| function.binary == E::NAME);
        let routes =
            function.unwrap_or_else(|| panic!("the template has no function {}", E::NAME)).routes.iter();
        let client = aws_sdk_dynamodb::Client::new(&named(&self.database, E::NAME));
        let store = ProfileStore::new(client, stack.config.table.clone());
        let ground = Ground { sdk: named(&ground.sdk, E::NAME), store: store.clone(), ..ground.clone() };
        let stack = Stack { store, ..stack.clone() };
        let pipeline = Arc::new(Pipeline::new(stack, E::configure(settings, &ground)));
        self.pipelines
            .extend(routes.map(|route| (route.to_string(), Arc::clone(&pipeline) as Arc<dyn Handle>)));
    }

    /// Whether there is an endpoint at this route key.
    pub fn serves(&self, route: &str) -> bool {
        self.pipelines.contains_key(route)
    }

    /// Hands the event to the endpoint at its route.
    ///
    /// # Panics
    /// When the answer is none that the contract's OpenAPI document describes.
    pub async fn handle(&self, event: Value) -> Answer {
        let route_key = event["routeKey"].as_str().unwrap();
        let pipeline = self.pipelines.get(route_key).unwrap_or_else(|| panic!("no endpoint at {route_key}"));
        self.canaries.add_request(&event);
        let answer = pipeline.handle(serde_json::from_value(event.clone()).unwrap()).await;
        let reply = Reply::from(answer.clone());
        self.agreement.assert_kept(&event, &reply);
        self.canaries.hold_answer(&reply);
        answer
    }
}

/// What an endpoint finds wrong with these settings of its own when it starts.
pub async fn wrong_settings<E: Endpoint>(values: &[(&str, &str)]) -> Vec<String> {
    let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let mut settings = Settings::new(values.collect());
    let sdk = shared::sdk::sdk_config();
    // Nothing is called at start.
    let client = aws_sdk_dynamodb::Client::new(&sdk);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ground = Ground {
        store: ProfileStore::new(client, "none"),
        sdk,
        telemetry: Journal::default().telemetry(Arc::clone(&clock)),
        clock,
        entropy: Arc::new(SystemEntropy::new()),
    };
    E::configure(&mut settings, &ground);
    settings.finish().err().map(|error| error.0).unwrap_or_default()
}
