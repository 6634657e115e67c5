//! Where a contract's cases are played: a world in this process, or the stack that `PROFILE_STACK` names.

use crate::deployed::{Deployed, Letters};
use crate::{Mailbox, Options, Service, World};
use serde_json::Value;
use std::ops::Deref;

/// A service with an empty table, and the letters that it sends.
///
/// It shows no more than [`Service`] does: a case that turns the clock, counts calls, injects faults or wants settings
/// of its own needs a [`World`].
pub struct Stage(Place);

enum Place {
    Here(Box<World>, Mailbox),
    Deployed(Box<Service>, Letters),
}

impl Stage {
    /// Opens one. A deployed stack is one for all: its table is emptied, and its cases must run one after the other
    /// (`--test-threads=1`).
    pub async fn open() -> Self {
        if let Some(service) = Deployed::from_env().await {
            let letters = Letters::from_now_on(&service).await;
            return Self(Place::Deployed(Box::new(service), letters));
        }
        let mailbox = Mailbox::start().await;
        let world = World::with(Options { settings: mailbox.settings() }).await;
        Self(Place::Here(Box::new(world), mailbox))
    }

    /// Awaits requests that are answered without a call of the database. Only a world shows that.
    pub async fn unasked(&self, requests: impl Future<Output = ()>) {
        match &self.0 {
            Place::Here(world, _) => {
                world.wire.calls();
                requests.await;
                assert_eq!(world.wire.calls(), [""; 0]);
            }
            Place::Deployed(..) => requests.await,
        }
    }

    /// The letters that arrived since the last time this was asked:
    /// `{"to", "channel", "code", "subject", "body"}`.
    pub async fn letters(&self) -> Vec<Value> {
        match &self.0 {
            Place::Here(_, mailbox) => mailbox.letters(),
            Place::Deployed(service, letters) => letters.take(service).await,
        }
    }

    /// The code of the one letter that arrived since the last time [`Stage::letters`] was asked, which must be to this
    /// address.
    pub async fn code(&self, to: &str) -> String {
        let letters = self.letters().await;
        assert_eq!(letters.len(), 1, "{letters:?}");
        assert_eq!(letters[0]["to"], to);
        letters[0]["code"].as_str().unwrap().to_owned()
    }
}

impl Deref for Stage {
    type Target = Service;

    fn deref(&self) -> &Service {
        match &self.0 {
            Place::Here(world, _) => world,
            Place::Deployed(service, _) => service,
        }
    }
}
