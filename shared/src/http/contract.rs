//! What a wire contract says for itself.

use super::{Answer, Call};
use crate::schema::Access;
use crate::store::ActorKind;
use crate::update::UpdateError;
use crate::validation::UserId;

/// Which credential a contract's callers show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A bearer token of an issuer that names itself in `iss`.
    IssuerToken,
    /// A bearer token without `iss` and `aud`, of the one issuer that is configured for such.
    AnonymousIssuerToken,
    /// An API key.
    ApiKey,
}

impl Credential {
    /// For bearer tokens: whether they name their issuer.
    pub const fn token_names_issuer(self) -> Option<bool> {
        match self {
            Self::IssuerToken => Some(true),
            Self::AnonymousIssuerToken => Some(false),
            Self::ApiKey => None,
        }
    }
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The user who calls; the owner of an API key.
    pub user_id: UserId,
    /// Whether the caller may act for other users.
    pub admin: bool,
    /// Roles that the credential names, whether or not its issuer grants admin.
    pub roles: Vec<String>,
    /// OAuth scopes of the token.
    pub scopes: Vec<String>,
    /// Whether the token stands for an OAuth client and not for a user.
    pub is_client: bool,
    /// Whether an API key stands for the caller.
    pub api_key: bool,
}

impl Principal {
    /// As what kind of actor this caller changes the user.
    pub fn acting_on(&self, target: &UserId) -> ActorKind {
        match (self.api_key, self.user_id == *target) {
            (true, _) => ActorKind::ApiKey,
            (false, true) => ActorKind::Subject,
            (false, false) => ActorKind::Admin,
        }
    }

    /// As who this caller reads and writes this user's attributes through the contract.
    pub fn access_to<C: Contract>(&self, target: &UserId) -> Access {
        Access { subject: self.user_id == *target, admin: self.admin, contract: C::NAME }
    }
}

/// A wire contract: how its callers prove who they are, and how it says no.
pub trait Contract: Send + Sync + 'static {
    /// Its name in issuers' `contracts`, in logs and on stored changes.
    const NAME: &'static str;
    /// What its users show.
    const CREDENTIAL: Credential;

    /// Whether these roles make an administrator, where the issuer grants admin at all.
    fn is_admin(roles: &[String]) -> bool {
        roles.iter().any(|role| role == "admin")
    }

    /// How an error looks in this contract.
    fn refuse(call: &Call, error: &UpdateError) -> Answer;
}
