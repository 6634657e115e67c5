//! `--data DIR`, `--stack NAME`, `--table NAME`: which table a command works on.

use super::DataDirectory;
use crate::failure::{Failure, Result};
use crate::record::Record;
use aws_config::BehaviorVersion;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{Builder, ProvideCredentials};
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use clap::Args;
use shared::store::ProfileStore;
use std::error::Error;
use std::time::Duration;

/// What `template.yaml` calls the output that names the table.
const OUTPUT: &str = "TableName";

/// How often a call is tried. A person at a terminal waits longer than a request may, and a table on demand that grows
/// asks for patience.
const ATTEMPTS: u32 = 8;

/// How long one attempt of a call may take: a page of a scan is 1 MB, and a terminal may be far from the region.
const ATTEMPT: Duration = Duration::from_secs(15);

/// The table of the local stack, of a deployed one, or any.
#[derive(Debug, Args)]
pub(super) struct TableArguments {
    #[command(flatten)]
    data: DataDirectory,
    /// The table of a deployed stack, by the stack's name; with the AWS CLI's credentials and region
    #[arg(long, value_name = "NAME", conflicts_with_all = ["data", "table"])]
    stack: Option<String>,
    /// A table, by its own name; with the AWS CLI's credentials and region
    #[arg(long, value_name = "NAME", conflicts_with = "data")]
    table: Option<String>,
}

/// A table that is there.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// A client of the DynamoDB that has it.
    pub(super) client: Client,
    /// Its name.
    pub(super) name: String,
    /// What no other table has, not even a later one of the same name.
    pub(super) id: String,
}

impl Table {
    /// The table as the service's own.
    pub(super) fn store(&self) -> ProfileStore {
        ProfileStore::new(self.client.clone(), self.name.as_str())
    }
}

impl TableArguments {
    /// The table that was asked for. It is looked up first, so that what stands in the way is told in full.
    ///
    /// # Errors
    /// When no local stack runs; when there are no credentials or no region, AWS does not answer or accept them, or
    /// there is no such stack or table.
    pub(super) async fn open(&self) -> Result<Table> {
        match (&self.stack, &self.table) {
            (None, None) => {
                let record = Record::read(&self.data.path())?;
                let client = record.dynamodb().await;
                Table::find(client.config().to_builder(), record.table, "the local stack").await
            }
            (Some(stack), _) => {
                let aws = Account::find().await?;
                Table::find(aws.dynamodb(), aws.table_of(stack).await?, &aws.region).await
            }
            (None, Some(table)) => {
                let aws = Account::find().await?;
                Table::find(aws.dynamodb(), table.clone(), &aws.region).await
            }
        }
    }
}

impl Table {
    async fn find(config: Builder, name: String, place: &str) -> Result<Self> {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(5))
            .operation_attempt_timeout(ATTEMPT);
        let retries = RetryConfig::standard().with_max_attempts(ATTEMPTS);
        let client = Client::from_conf(config.timeout_config(timeouts.build()).retry_config(retries).build());
        let described = client.describe_table().table_name(&name).send().await;
        let described = described.map_err(|error| match error.code() {
            Some("ResourceNotFoundException") => Failure::new(format!("there is no table {name} in {place}")),
            _ => refused(&format!("the table {name} in {place}"), &error),
        })?;
        let table = described.table.ok_or_else(|| Failure::new("the table has no description"))?;
        let keys: Vec<&str> = table.key_schema().iter().map(|key| key.attribute_name()).collect();
        let id = table.table_id().or(table.table_arn()).unwrap_or(&name).to_owned();
        match keys[..] {
            ["PK", "SK"] => Ok(Self { client, name, id }),
            _ => Err(Failure::new(format!("the table {name} in {place} is none of this service's"))),
        }
    }
}

/// AWS as the AWS CLI would reach it.
struct Account {
    dynamodb: Builder,
    stacks: aws_sdk_cloudformation::Client,
    region: String,
}

impl Account {
    /// What environment, profile files, container or instance say: credentials, region, endpoint.
    async fn find() -> Result<Self> {
        let mut sdk = aws_config::defaults(BehaviorVersion::latest());
        if let Some(http) = shared::sdk::sdk_config().http_client() {
            sdk = sdk.http_client(http);
        }
        let sdk = sdk.load().await;
        let region = sdk.region().map(ToString::to_string).ok_or_else(|| {
            Failure::new("no AWS region: set AWS_REGION, or the region of the profile (`aws configure`)")
        })?;
        // Asked for at once: a client would only say that a request could not be sent.
        let provider = sdk.credentials_provider().ok_or_else(|| Failure::new("no AWS credentials"))?;
        provider.provide_credentials().await.map_err(|error| no_credentials(&error))?;
        Ok(Self { dynamodb: Builder::from(&sdk), stacks: aws_sdk_cloudformation::Client::new(&sdk), region })
    }

    fn dynamodb(&self) -> Builder {
        self.dynamodb.clone()
    }

    /// The table of a stack.
    async fn table_of(&self, stack: &str) -> Result<String> {
        let region = &self.region;
        let described = self.stacks.describe_stacks().stack_name(stack).send().await;
        let described = described.map_err(|error| match (error.code(), error.message()) {
            // CloudFormation has no code of its own for it.
            (Some("ValidationError"), Some(message)) if message.contains("does not exist") => {
                Failure::new(format!("there is no stack {stack} in {region}"))
            }
            _ => refused(&format!("the stack {stack} in {region}"), &error),
        })?;
        let outputs = described.stacks().iter().flat_map(|stack| stack.outputs());
        let name = outputs
            .filter(|output| output.output_key() == Some(OUTPUT))
            .find_map(|output| output.output_value());
        name.map(str::to_owned)
            .ok_or_else(|| Failure::new(format!("the stack {stack} in {region} has no output {OUTPUT}")))
    }
}

fn no_credentials(error: &CredentialsError) -> Failure {
    let why = match error {
        // It lists all places, each in a line of its own.
        CredentialsError::CredentialsNotLoaded(_) => {
            "none in environment, profile, container or instance".to_owned()
        }
        error => causes(error),
    };
    let sso = "for single sign-on: eval \"$(aws configure export-credentials --format env)\"";
    Failure::new(format!("no AWS credentials: {why}; {sso}"))
}

/// What AWS, or the way to it, has against a call, in one line.
fn refused<E, R>(what: &str, error: &SdkError<E, R>) -> Failure
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug + 'static,
{
    Failure::new(match error {
        SdkError::ServiceError(_) => {
            let code = error.code().unwrap_or("no reason given");
            match error.message().filter(|message| !message.is_empty()) {
                Some(message) => format!("{what}: AWS refuses: {code}: {message}"),
                None => format!("{what}: AWS refuses: {code}"),
            }
        }
        _ => format!("{what}: AWS cannot be reached: {}", causes(error)),
    })
}

/// An error and all that led to it.
fn causes(error: &(dyn Error + 'static)) -> String {
    let (mut all, mut cause) = (error.to_string(), error.source());
    while let Some(error) = cause {
        all = format!("{all}: {error}");
        cause = error.source();
    }
    all
}
