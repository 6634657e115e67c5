//! A table of its own with so many users, behind TLS.
//!
//! The first user is written by the store, as an import writes one. All others are made in its image and loaded past the
//! API, which is faster by far. The store's own check holds the first thousand of them against each other; that updates
//! succeed holds the users that they fall on against their claims.

use crate::bed::Bed;
use crate::tls::Front;
use local::engine::{Engine, EngineOptions};
use local::failure::{Context, Failure, Result};
use local::import::line;
use local::record::Record;
use local::runtime::FunctionSpec;
use local::template::Template;
use serde_json::json;
use shared::clock::{Clock, SystemClock};
use shared::config::Settings;
use shared::entropy::SystemEntropy;
use shared::profile::Unique;
use shared::schema::AttributeSchema;
use shared::store::{ProfileStore, claim_key};
use shared::update::update;
use std::collections::{BTreeMap, HashMap};
use tempfile::TempDir;

/// Users that are loaded in one transaction.
const AT_ONCE: u64 = 1_000;

/// A table in a file, without a stream. Dropping it deletes the file.
pub struct Population {
    /// How many users it has.
    pub users: u64,
    front: Front,
    engine: Engine,
    // Last, so that nobody has the file open any more.
    _directory: TempDir,
}

impl Population {
    /// Makes one.
    ///
    /// # Errors
    /// When it cannot be written, or the store finds fault with it.
    pub async fn new(bed: &Bed, users: u64) -> Result<Self> {
        let directory = tempfile::tempdir().context("no temporary directory")?;
        let mut template = Template::read(&Template::default_path(), &BTreeMap::new())?;
        template.forget_stream();
        let table = &template.table.name;
        let data = Some(directory.path().join("dynamodb.sqlite"));
        let engine = Engine::start(EngineOptions { data }).await?;
        engine.create_table(&template.table).await?;
        let record = Record { dynamodb_endpoint: engine.endpoint().to_owned(), ..bed.stack.record().clone() };
        let store = record.store().await;
        create(&store, &User(0)).await?;
        let image = engine.items(table).await?;
        for first in (1..users).step_by(AT_ONCE as usize) {
            let items = (first..users.min(first + AT_ONCE)).flat_map(|user| User(user).items(&image));
            engine.load(table, items.collect()).await?;
            if first == 1 {
                check(&store).await?;
            }
        }
        let backend = engine.endpoint().strip_prefix("http://").unwrap_or_default();
        let front = Front::start(backend.parse().context("DynamoDB's endpoint")?, directory.path()).await?;
        Ok(Self { users, front, engine, _directory: directory })
    }

    /// The same function, on this table.
    pub fn serve(&self, mut function: FunctionSpec) -> FunctionSpec {
        let bundle = self.front.bundle().display().to_string();
        let endpoint = self.front.endpoint().to_owned();
        function.environment.insert("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), endpoint);
        function.environment.insert("AWS_CA_BUNDLE".to_owned(), bundle);
        function
    }

    /// Turn after turn, with its number: each user has one before any has another, here and there in the table.
    pub fn turns(&self) -> impl FnMut() -> (u64, User) + Send + use<> {
        let (users, mut turn) = (self.users, 0);
        move || {
            turn += 1;
            (turn, User(turn * STRIDE % users))
        }
    }

    /// Bytes of the table's file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn bytes(&self) -> Result<u64> {
        self.engine.bytes().await
    }

    /// Ends it.
    pub async fn stop(self) {
        drop(self.front);
        self.engine.stop().await;
    }
}

/// From one turn's user to the next one's. A prime, larger than any number of users: steps of this size reach all of them.
const STRIDE: u64 = 618_034_003;

/// One user by number. All that is unique about it follows from that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User(u64);

impl User {
    /// The id, a UUID. Those of neighbours lie far apart, as random ones do.
    pub fn id(self) -> String {
        // An odd factor takes no two numbers to the same place.
        let place = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let (high, low) = (place >> 32, place & 0xffff_ffff);
        format!("{high:08x}-{:04x}-4000-8000-0000{low:08x}", self.0 & 0xffff)
    }

    fn unique(self, unique: Unique) -> String {
        match unique {
            Unique::Phone => format!("+86130{:08}", self.0),
            Unique::Email => format!("user{:08}@example.com", self.0),
            Unique::Username => format!("user{:08}", self.0),
        }
    }

    /// A line of an import: everything that a profile usually says.
    fn line(self) -> String {
        let mut attributes = json!({
            "address": "17 Rue de la Barre", "avatar_url": "https://example.com/avatars/1.jpg", "bio": "Rows.",
            "birthdate": "1988-07-09", "city": "Lyon", "country": "FR", "first_name": "Camille", "gender": "female",
            "language": "fr-FR", "last_name": "Roux", "nickname": "Cam", "timezone": "Europe/Paris",
            "website": "https://example.com/camille",
        });
        for unique in Unique::ALL {
            attributes[unique.attribute().name()] = self.unique(unique).into();
        }
        json!({"user_id": self.id(), "profile": {"attributes": attributes}}).to_string()
    }

    /// Its items, as those of the first user are.
    fn items(self, image: &[String]) -> Vec<String> {
        let words = |user: Self| {
            // Claims before usernames, which are a part of the addresses.
            let claims =
                Unique::ALL.map(|unique| claim_key(unique, &unique.canonical(&user.unique(unique))).pk);
            claims.into_iter().chain([user.id()]).chain(Unique::ALL.map(|unique| user.unique(unique)))
        };
        let words: Vec<(String, String)> = words(Self(0)).zip(words(self)).collect();
        let replace = |text: String, (first, own): &(String, String)| text.replace(first, own);
        image.iter().map(|item| words.iter().fold(item.clone(), replace)).collect()
    }
}

/// Writes a user by the same use case as every change.
async fn create(store: &ProfileStore, user: &User) -> Result<()> {
    let mut settings = Settings::new(HashMap::new());
    let schema = AttributeSchema::configure(&mut settings, &[]);
    settings.finish().context("attributes.json")?;
    let now = SystemClock.now();
    let refused = || Failure::new("the first user cannot be written");
    let command = line::read(user.line().as_bytes(), &schema, now).map_err(|_| refused())?;
    update(store, &SystemEntropy::new(), now, &command).await.map_err(|_| refused())?;
    Ok(())
}

/// Holds the items of a table against what they should agree with: each profile against its claims, each claim against its
/// profile.
async fn check(store: &ProfileStore) -> Result<()> {
    let mut next = None;
    loop {
        let sheet = store.sheet(next).await?;
        if let Some(finding) = store.check(&sheet.items, SystemClock.now()).await?.first() {
            return Err(Failure::new(format!("a loaded item is at fault: {}", finding.fault.name())));
        }
        next = sheet.next;
        if next.is_none() {
            return Ok(());
        }
    }
}
