//! The whole stack: table, bus, queues, functions and gateway, started and stopped together.

use crate::access_log::{AccessLog, LINE_WAIT};
use crate::binaries;
use crate::bus::Bus;
use crate::console::Console;
use crate::engine::{Engine, EngineOptions};
use crate::failure::{Context, Failure, Result};
use crate::gateway::{Gateway, INTEGRATION_TIMEOUT};
use crate::keys::Keys;
use crate::mapping::{QueueMapping, Stop, StreamMapping};
use crate::outbox::Outbox;
use crate::position::Position;
use crate::process::{Ending, Output};
use crate::queues::Queues;
use crate::record::{Record, RecordedFunction, Tenancy};
use crate::room;
use crate::runtime::{Function, FunctionSpec, Runtime};
use crate::services::Services;
use crate::startup::{Startup, Step};
use crate::template::{FunctionResource, REGION, Source, Template, queue_url};
use clap::ValueEnum;
use serde_json::json;
use shared::clock::SystemClock;
use shared::entropy::SystemEntropy;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinHandle, JoinSet, spawn_blocking};
use tokio::time::timeout;

/// How a stack runs.
#[derive(Clone, Debug)]
pub struct StackOptions {
    /// Port of the gateway; 0 picks a free one.
    pub port: u16,
    /// Directory for keys, data and `stack.json`; made when it is missing.
    pub data: PathBuf,
    /// Keep the table in memory only.
    pub memory: bool,
    /// Whether CloudBase asks for proof of a new contact.
    pub contact_verification: ContactVerification,
    /// Build the functions as they are deployed: optimised, which takes minutes.
    pub release: bool,
    /// Whether the table has its stream, and changes go out.
    pub stream: bool,
    /// Where the start tells how it comes along.
    pub startup: Startup,
    /// Where the lines of the functions go.
    pub output: Output,
    /// The template.
    pub template: PathBuf,
    /// Values of further template parameters; they go before the stack's own.
    pub parameters: BTreeMap<String, String>,
    /// Function binaries that are built already; `None` builds the workspace's.
    pub binaries: Option<BTreeMap<String, PathBuf>>,
}

/// The template's parameter `ContactVerification`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ContactVerification {
    /// An ordinary user proves a new phone or e-mail address by a one-time code.
    Required,
    /// Contacts change without proof.
    Off,
}

impl StackOptions {
    /// What `cargo run` does without options, on this data directory.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            port: 3000,
            data: data.into(),
            memory: false,
            contact_verification: ContactVerification::Required,
            release: false,
            stream: true,
            startup: Startup::default(),
            output: Output::default(),
            template: Template::default_path(),
            parameters: BTreeMap::new(),
            binaries: None,
        }
    }

    /// For a test: a free port, nothing kept, no build of its own when `binaries` are given.
    pub fn ephemeral(data: impl Into<PathBuf>, binaries: Option<BTreeMap<String, PathBuf>>) -> Self {
        Self { port: 0, memory: true, binaries, ..Self::new(data) }
    }
}

/// A running stack. Dropping it ends everything at once; [`Stack::stop`] lets running requests finish.
pub struct Stack {
    record: Record,
    keys: Keys,
    functions: BTreeMap<String, Function>,
    engine: Engine,
    services: Services,
    bus: Option<Bus>,
    access_log: AccessLog,
    mappings: JoinSet<()>,
    stop_mappings: watch::Sender<bool>,
    gateway: Serving,
    shutdown: oneshot::Sender<()>,
    // Last, so that the record goes and the directory is free only when everything has ended.
    tenancy: Tenancy,
}

/// The gateway at work. It ends with this value, so that a stack that is dropped leaves nothing running.
struct Serving(JoinHandle<std::io::Result<()>>);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Stack {
    /// Builds the functions, starts everything and waits until each function asks for work.
    ///
    /// # Errors
    /// When the directory or the port is taken, the functions do not build or do not start, or the template says something
    /// that the local stack does not understand.
    pub async fn start(options: StackOptions) -> Result<Self> {
        let tenancy = Tenancy::take(&options.data)?;
        let output = options.output.clone();
        let output = if options.memory { output } else { room::watched(tenancy.data(), output)? };
        let listener = bind(options.port).await?;
        let address = listener.local_addr().context("the gateway has no address")?;
        let url = format!("http://{address}");
        let keys = Keys::make(tenancy.data(), &SystemEntropy::new())?;
        let mut template = Template::read(&options.template, &parameters(&options, &keys, &url)?)?;
        if !options.stream {
            template.forget_stream();
        }
        if let Some(parameter) = template.unset.first() {
            return Err(Failure::new(format!("the template's parameter {parameter} has no value")));
        }

        let binaries = match options.binaries {
            Some(binaries) => binaries,
            None => {
                let startup = options.startup.clone();
                startup.tell(Step::Building);
                let built = spawn_blocking(move || binaries::build_telling(options.release, &startup)).await;
                built.context("the build broke off")??
            }
        };
        let database = (!options.memory).then(|| tenancy.data().join("dynamodb.sqlite"));
        let engine = Engine::start(EngineOptions { data: database }).await?;
        engine.create_table(&template.table).await?;
        let kept = |name: &str| (!options.memory).then(|| tenancy.data().join(name));
        let queues = Queues::open(&template.queues, kept("queues.jsonl").as_deref(), Arc::new(SystemClock))?;
        let bus = template.bus.clone().map(|bus| Bus::new(bus, queues.clone()));
        let outbox = Outbox::new(&url, output.clone());
        let services = Services::start(bus.clone(), queues.clone(), outbox.clone()).await?;

        let queue_urls = template.queues.iter().map(|queue| (queue.name.clone(), queue_url(&queue.name)));
        let record = Record {
            url,
            dynamodb_endpoint: engine.endpoint().to_owned(),
            services_endpoint: services.endpoint().to_owned(),
            queues: queue_urls.collect(),
            table: template.table.name.clone(),
            region: REGION.to_owned(),
            functions: recorded_functions(&template, &binaries, engine.endpoint(), &services)?,
        };
        let access_log = AccessLog::new(LINE_WAIT);
        let runtime = Runtime::with(access_log.listening(output), Ending::WithUs).await?;
        options.startup.tell(Step::Starting(record.functions.len()));
        let functions = start_functions(&runtime, &template, &record).await?;
        let routes = template.functions.iter().flat_map(|resource| {
            let function = functions.get(&resource.binary);
            resource.routes.iter().filter_map(move |route| Some((route.clone(), function?.clone())))
        });
        let gateway = Gateway::new(routes.collect(), template.cors.clone(), address);
        let console = Console {
            gateway: address,
            keys: keys.clone(),
            store: record.store().await,
            bus: bus.clone(),
            outbox,
            access_log: access_log.clone(),
        };
        let gateway = gateway.with_console(console).with_access_log(access_log.clone());
        let (stop_mappings, stop) = watch::channel(false);
        let mut mappings = JoinSet::new();
        for resource in &template.functions {
            let Some(function) = functions.get(&resource.binary) else { continue };
            for source in resource.sources.clone() {
                let (function, stop): (Function, Stop) = (function.clone(), stop.clone());
                match source {
                    Source::Stream(source) => {
                        let stream = engine.stream(&template.table.name).await?;
                        let place = kept(&format!("{}.position.json", resource.binary));
                        let position = Position::open(place, stream.arn())?;
                        mappings.spawn(StreamMapping::new(stream, source, function, position).run(stop));
                    }
                    Source::Queue(source) => {
                        queues.describe(&source.queue).context(&resource.binary)?;
                        mappings.spawn(QueueMapping::new(queues.clone(), source, function).run(stop));
                    }
                }
            }
        }
        let (shutdown, asked) = oneshot::channel();
        let gateway = Serving(tokio::spawn(gateway.serve(listener, async {
            let _ = asked.await;
        })));
        tenancy.publish(&record)?;
        Ok(Self {
            record,
            keys,
            functions,
            engine,
            services,
            bus,
            access_log,
            mappings,
            stop_mappings,
            gateway,
            shutdown,
            tenancy,
        })
    }

    /// Base URL of the gateway: `http://127.0.0.1:3000`.
    pub fn url(&self) -> &str {
        &self.record.url
    }

    /// What `stack.json` says.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The keys that the stack's functions trust.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The data directory, as an absolute path.
    pub fn data(&self) -> &Path {
        self.tenancy.data()
    }

    /// The requests that the gateway has answered.
    pub fn access_log(&self) -> &AccessLog {
        &self.access_log
    }

    /// A function, by the name of its binary, to be invoked past the gateway.
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions.get(name)
    }

    /// Takes no more requests, lets the running ones finish up to their time-out, and ends everything.
    pub async fn stop(self) {
        let Self {
            functions,
            engine,
            services,
            bus,
            access_log,
            mappings,
            stop_mappings,
            mut gateway,
            shutdown,
            tenancy,
            ..
        } = self;
        let _ = shutdown.send(());
        if let Some(bus) = bus {
            bus.events().close();
        }
        access_log.feed().close();
        // Only a caller that never finishes sending its request can hold the gateway longer than this.
        let limit = INTEGRATION_TIMEOUT + Duration::from_secs(1);
        let _ = timeout(limit, &mut gateway.0).await;
        drop(gateway);
        // What a function does now, it does to its end; what it has not been given is kept for the next start.
        stop_mappings.send_replace(true);
        mappings.join_all().await;
        for function in functions.values() {
            function.stop().await;
        }
        access_log.finish();
        drop(services);
        // The functions are gone; what is left are idle connections of other clients.
        let _ = timeout(Duration::from_secs(5), engine.stop()).await;
        drop(tenancy);
    }
}

async fn bind(port: u16) -> Result<TcpListener> {
    match TcpListener::bind(("127.0.0.1", port)).await {
        Err(error) if error.kind() == ErrorKind::AddrInUse => Err(Failure::new(format!(
            "port {port} is in use; choose another with --port, or 0 for any free one"
        ))),
        bound => bound.context(format_args!("port {port}")),
    }
}

/// The parameters that make the deployed template a local one.
fn parameters(options: &StackOptions, keys: &Keys, url: &str) -> Result<BTreeMap<String, String>> {
    let verification = match options.contact_verification {
        ContactVerification::Required => "required",
        ContactVerification::Off => "off",
    };
    let issuers = keys.issuers()?.to_string();
    let sync_sources = sync_sources();
    let own = [
        ("Stage", "dev"),
        ("Issuers", &issuers),
        ("ContactVerification", verification),
        ("PublicUrl", url),
        ("SyncSources", &sync_sources),
        // Nobody makes metrics of a terminal's lines.
        ("Metrics", "off"),
    ];
    let mut parameters: BTreeMap<String, String> =
        own.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    parameters.extend(options.parameters.clone());
    Ok(parameters)
}

/// The systems whose sync requests the local stack heeds: a customer database, and an identity provider whose word on
/// contacts counts.
fn sync_sources() -> String {
    let crm = ["nickname", "bio", "city", "country", "language", "custom_fields"];
    let idp = [&crm[..], &["name", "phone", "email"]].concat();
    json!([
        {"source": "crm", "attributes": crm, "asserts_verified": false},
        {"source": "idp", "attributes": idp, "asserts_verified": true},
    ])
    .to_string()
}

fn recorded_functions(
    template: &Template,
    binaries: &BTreeMap<String, PathBuf>,
    dynamodb: &str,
    services: &Services,
) -> Result<BTreeMap<String, RecordedFunction>> {
    let outbox = services.outbox_url();
    let record = |resource: &FunctionResource| {
        let name = &resource.binary;
        let binary = binaries.get(name).cloned();
        let binary =
            binary.ok_or_else(|| Failure::new(format!("no binary of the workspace is called {name}")))?;
        let mut environment = resource.environment.clone();
        let memory = resource.memory.to_string();
        let given = [
            ("AWS_LAMBDA_FUNCTION_NAME", name.as_str()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
            ("AWS_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb),
            ("AWS_ENDPOINT_URL_EVENTBRIDGE", services.endpoint()),
            ("AWS_ENDPOINT_URL_SQS", services.endpoint()),
            ("COURIER", "outbox"),
            ("OUTBOX_URL", &outbox),
        ];
        environment.extend(given.map(|(name, value)| (name.to_owned(), value.to_owned())));
        Ok((name.clone(), RecordedFunction { binary, environment }))
    };
    template.functions.iter().map(record).collect()
}

/// One process of each function, all started at the same time.
async fn start_functions(
    runtime: &Runtime,
    template: &Template,
    record: &Record,
) -> Result<BTreeMap<String, Function>> {
    let mut starting = JoinSet::new();
    for resource in &template.functions {
        let Some(recorded) = record.functions.get(&resource.binary) else { continue };
        let function = runtime.function(FunctionSpec {
            name: resource.binary.clone(),
            binary: recorded.binary.clone(),
            environment: recorded.environment.clone(),
            timeout: resource.timeout,
        });
        starting.spawn(async move { function.warm().await.map(|()| function) });
    }
    let mut functions = BTreeMap::new();
    while let Some(started) = starting.join_next().await {
        let function = started.context("a function did not start")??;
        functions.insert(function.spec().name.clone(), function);
    }
    Ok(functions)
}
