//! Everything that is stored about a user, but secrets, as one document (GDPR, Articles 15 and 20).
//!
//! Its form is described by `docs/profile-export.schema.json`.

use crate::clock::Timestamp;
use crate::profile::{Contact, Profile, Unique};
use crate::store::{ActorKind, ChangedBy, HistoryEntry, Mark, ProfileStore, StoreError, StoredApiKey};
use crate::validation::UserId;
use futures_util::future::{try_join_all, try_join4};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Layout of the document. Members may be added to it; a change that an old reader would misread counts it up.
pub const SCHEMA_VERSION: u32 = 1;

/// Entries of the history that the document holds, at most: a response of a Lambda function ends at 6 MB.
const HISTORY: u16 = 500;

/// Answers kept for requests sent again that the document tells of, at most.
const ANSWERS: usize = 1_000;

/// What is stored and not in the document.
const LEFT_OUT: [&str; 3] = [
    "password: only a salted hash of it is stored, if any, and no reader may see that",
    "answers kept for requests sent again: they repeat what the profile held",
    "digests of API keys, and one-time codes under way: they are credentials",
];

/// The document. Times are RFC 3339 in UTC.
#[derive(Clone, Debug, Serialize)]
pub struct Export {
    schema_version: u32,
    user_id: UserId,
    exported_at: String,
    profile: ExportedProfile,
    claims: Vec<&'static str>,
    history: ExportedHistory,
    sync_marks: Vec<ExportedMark>,
    kept_answers: Vec<KeptAnswer>,
    api_keys: Vec<ExportedApiKey>,
    left_out: [&'static str; 3],
}

#[derive(Clone, Debug, Serialize)]
struct ExportedProfile {
    version: u64,
    created_at: String,
    updated_at: String,
    changed_by: ChangedBy,
    phone_verified: bool,
    email_verified: bool,
    attributes: BTreeMap<&'static str, Value>,
}

#[derive(Clone, Debug, Serialize)]
struct ExportedHistory {
    entries: Vec<HistoryRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// An entry of a user's history, as people and programs are shown it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HistoryRow {
    /// The version after the change.
    pub version: u64,
    /// When it was written, RFC 3339.
    pub time: String,
    /// The contract through which the change came in.
    pub contract: String,
    /// The kind of caller who made it.
    pub actor: ActorKind,
    /// The system from which it came, if it came from one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Names of what has a value since then and had none before.
    pub set: Vec<String>,
    /// Names of what has another value since then.
    pub changed: Vec<String>,
    /// Names of what has no value since then and had one before.
    pub removed: Vec<String>,
}

impl From<HistoryEntry> for HistoryRow {
    fn from(entry: HistoryEntry) -> Self {
        let HistoryEntry { version, time, contract, actor, origin, set, changed, removed } = entry;
        Self { version, time: time.rfc3339(), contract, actor, origin, set, changed, removed }
    }
}

#[derive(Clone, Debug, Serialize)]
struct ExportedMark {
    source: String,
    attributes: BTreeMap<&'static str, u64>,
    erased: u64,
}

#[derive(Clone, Debug, Serialize)]
struct KeptAnswer {
    kept_until: String,
}

#[derive(Clone, Debug, Serialize)]
struct ExportedApiKey {
    label: String,
    role: &'static str,
    created: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    disabled: bool,
}

/// Why there is no document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportError {
    /// No such user.
    NoSuchUser,
    /// The user was erased.
    Erased,
    /// The database failed.
    Store(StoreError),
}

impl From<StoreError> for ExportError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Puts the document together. One call for the profile, one more for each value that is unique, and one or a few for
/// each other kind of thing.
///
/// # Errors
/// See [`ExportError`].
pub async fn export(store: &ProfileStore, id: &UserId, now: Timestamp) -> Result<Export, ExportError> {
    let record = store.read(id).await?.ok_or(ExportError::NoSuchUser)?;
    let profile = record.profile.ok_or(ExportError::Erased)?;
    let (history, marks, answers, mut keys) = try_join4(
        store.history(id, None, HISTORY, now),
        store.marks(id),
        store.kept_answers(id, ANSWERS),
        store.api_keys_of(id),
    )
    .await?;
    let mut kept: Vec<Timestamp> = answers.into_iter().filter(|until| now < *until).collect();
    kept.sort();
    keys.sort_by_key(|key| key.record.created);
    Ok(Export {
        schema_version: SCHEMA_VERSION,
        user_id: id.clone(),
        exported_at: now.rfc3339(),
        claims: claims(store, &profile).await?,
        profile: exported(profile, record.changed_by),
        history: ExportedHistory {
            entries: history.entries.into_iter().map(HistoryRow::from).collect(),
            next_cursor: history.next.map(|cursor| cursor.to_string()),
        },
        sync_marks: marks.into_iter().map(mark).collect(),
        kept_answers: kept.into_iter().map(|until| KeptAnswer { kept_until: until.rfc3339() }).collect(),
        api_keys: keys.into_iter().map(api_key).collect(),
        left_out: LEFT_OUT,
    })
}

/// The kinds of values that the table says are this user's alone.
async fn claims(store: &ProfileStore, profile: &Profile) -> Result<Vec<&'static str>, StoreError> {
    let values = Unique::ALL.into_iter().filter_map(|unique| {
        let value = profile.text(unique.attribute())?;
        Some((unique, unique.canonical(value)))
    });
    let owners =
        values.map(|(unique, value)| async move { Ok((unique, store.owner(unique, &value).await?)) });
    let owners = try_join_all(owners).await?;
    let held = owners.into_iter().filter(|(_, owner)| owner.as_ref() == Some(&profile.user_id));
    Ok(held.map(|(unique, _)| unique.attribute().name()).collect())
}

fn exported(profile: Profile, changed_by: ChangedBy) -> ExportedProfile {
    ExportedProfile {
        version: profile.version,
        created_at: profile.created_at.rfc3339(),
        updated_at: profile.updated_at.rfc3339(),
        changed_by,
        phone_verified: profile.is_verified(Contact::Phone),
        email_verified: profile.is_verified(Contact::Email),
        attributes: profile.attributes.into_iter().map(|(name, value)| (name.name(), value)).collect(),
    }
}

fn mark((source, mark): (String, Mark)) -> ExportedMark {
    let attributes = mark.attributes.into_iter().map(|(name, sequence)| (name.name(), sequence));
    ExportedMark { source, attributes: attributes.collect(), erased: mark.erased }
}

fn api_key(StoredApiKey { record, .. }: StoredApiKey) -> ExportedApiKey {
    ExportedApiKey {
        label: record.label,
        role: record.role.as_str(),
        created: record.created.rfc3339(),
        expires: record.expires.map(Timestamp::rfc3339),
        disabled: record.disabled,
    }
}
