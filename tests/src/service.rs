//! What a caller, and an operator with the table, sees of a stack, wherever it runs.

use crate::deployed::Deployed;
use crate::endpoints::Endpoints;
use crate::keys::{AUDIENCE, ISSUER, Keys};
use crate::openapi::Agreement;
use crate::{Reply, Request};
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use shared::auth::{ApiKey, ApiKeyRecord, ClientId, ClientRecord, ClientSecret, Role};
use shared::clock::Clock;
use shared::entropy::SystemEntropy;
use shared::profile::Profile;
use shared::store::{ProfileStore, Record};
use shared::validation::UserId;
use std::collections::HashMap;
use std::sync::Arc;

/// A stack as its callers and its operator see it.
pub struct Service {
    /// The store, as a look at what was written.
    pub store: ProfileStore,
    /// A raw client on the database.
    pub database: aws_sdk_dynamodb::Client,
    /// The table's name.
    pub table: String,
    pub(crate) keys: Keys,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entrance: Entrance,
}

/// Where requests go.
pub(crate) enum Entrance {
    /// To endpoints in this process.
    Here(Box<Endpoints>),
    /// To a URL.
    Deployed(Deployed),
}

impl Service {
    /// Sends a request.
    ///
    /// # Panics
    /// When the answer is none that the contract's OpenAPI document describes.
    pub async fn send(&self, request: &Request) -> Reply {
        match &self.entrance {
            Entrance::Here(endpoints) => endpoints.handle(request.event_json()).await.into(),
            Entrance::Deployed(deployed) => {
                let event = request.event_json();
                deployed.canaries.add_request(&event);
                let reply = deployed.send(request).await;
                Agreement::of_the_repository().assert_kept(&event, &reply);
                deployed.canaries.hold_answer(&reply);
                reply
            }
        }
    }

    /// Sends a request that must change nothing: every item of the table is compared before and after.
    pub async fn refused(&self, request: &Request) -> Reply {
        let before = self.items().await;
        let reply = self.send(request).await;
        assert_eq!(self.items().await, before, "{request:?} wrote something");
        reply
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
        let key = ApiKey::generate(&SystemEntropy::new());
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
        let entropy = SystemEntropy::new();
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

    /// The items of the table in the order of their keys, for looking at it as a whole. Of a deployed stack, without what
    /// the consumers of its stream write: that comes when it comes.
    pub async fn items(&self) -> Vec<HashMap<String, AttributeValue>> {
        let mut items = self.scan().await;
        if matches!(self.entrance, Entrance::Deployed(_)) {
            items.retain(|item| {
                !item["SK"].as_s().unwrap().starts_with("HIST#")
                    && !item["PK"].as_s().unwrap().starts_with("NOTICE#")
            });
        }
        items.sort_by_cached_key(|item| ["PK", "SK"].map(|name| item[name].as_s().unwrap().clone()));
        items
    }

    /// Every item of the table.
    pub(crate) async fn scan(&self) -> Vec<HashMap<String, AttributeValue>> {
        let pages = self.database.scan().table_name(&self.table).consistent_read(true).into_paginator();
        pages.items().send().collect::<Result<_, _>>().await.unwrap()
    }
}
