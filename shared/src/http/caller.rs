//! Who calls, found out from the request's credential.

use super::{Call, Contract, Principal, Stack};
use crate::auth::{ApiKey, ClientId, ClientRecord, CredentialError, Role, basic, bearer};
use crate::store::ProfileStore;
use crate::update::UpdateError;
use crate::validation::UserId;
use std::future::Future;

/// A kind of caller: each has its own way to be known.
pub trait Caller: Sized + Send + Sync {
    /// Where it shows tokens of issuers: whether these name their issuer. `None`: it shows none.
    fn token_names_issuer<C: Contract>() -> Option<bool>;

    /// Finds out who calls.
    fn authenticate<C: Contract>(
        stack: &Stack,
        call: &Call,
        store: &ProfileStore,
    ) -> impl Future<Output = Result<Self, UpdateError>> + Send;
}

/// Anybody, unasked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anyone;

impl Caller for Anyone {
    fn token_names_issuer<C: Contract>() -> Option<bool> {
        None
    }

    async fn authenticate<C: Contract>(_: &Stack, _: &Call, _: &ProfileStore) -> Result<Self, UpdateError> {
        Ok(Self)
    }
}

/// An application that calls for itself, and not for a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Which one.
    pub id: ClientId,
}

impl Caller for Application {
    fn token_names_issuer<C: Contract>() -> Option<bool> {
        None
    }

    /// Costs the one read of the application's record.
    async fn authenticate<C: Contract>(
        _: &Stack,
        call: &Call,
        store: &ProfileStore,
    ) -> Result<Self, UpdateError> {
        let (id, secret) = basic(call.event.header("authorization"))?;
        ClientRecord::judge(store.client(&id).await?.as_ref(), &secret)?;
        Ok(Self { id })
    }
}

impl Caller for Principal {
    fn token_names_issuer<C: Contract>() -> Option<bool> {
        C::CREDENTIAL.token_names_issuer()
    }

    async fn authenticate<C: Contract>(
        stack: &Stack,
        call: &Call,
        store: &ProfileStore,
    ) -> Result<Self, UpdateError> {
        let credential = bearer(call.event.header("authorization"))?;
        match C::CREDENTIAL.token_names_issuer() {
            Some(named) => token::<C>(stack, call, credential, named).await,
            None => api_key(call, store, credential).await,
        }
    }
}

async fn token<C: Contract>(
    stack: &Stack,
    call: &Call,
    token: &str,
    named: bool,
) -> Result<Principal, UpdateError> {
    let verified = stack.tokens.verify(token, C::NAME, named, call.now).await?;
    Ok(Principal {
        admin: verified.grants_admin && C::is_admin(&verified.roles),
        user_id: verified.subject,
        roles: verified.roles,
        scopes: verified.scopes,
        is_client: verified.is_client,
        api_key: false,
    })
}

/// Costs the one read of the key's record.
async fn api_key(call: &Call, store: &ProfileStore, credential: &str) -> Result<Principal, UpdateError> {
    let key = ApiKey::parse(credential)?;
    let record = store.api_key(&key.digest()).await?;
    let record = record.ok_or(UpdateError::from(CredentialError::UnknownKey))?;
    record.judge(call.now)?;
    Ok(Principal {
        user_id: record.owner,
        admin: record.role == Role::Admin,
        roles: Vec::new(),
        scopes: Vec::new(),
        is_client: false,
        api_key: true,
    })
}

impl Principal {
    /// Everybody may act for themselves; administrators may act for anybody.
    ///
    /// # Errors
    /// [`UpdateError::Forbidden`]
    pub fn authorise(&self, target: &UserId) -> Result<(), UpdateError> {
        if self.admin || self.user_id == *target { Ok(()) } else { Err(UpdateError::Forbidden) }
    }
}
