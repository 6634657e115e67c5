//! Everybody who may turn up at an endpoint, and what a change says of whoever made it.

use crate::contracts::faces::Outcome::{Done, Forbidden};
use crate::contracts::faces::{Face, send};
use serde_json::{Value, json};
use shared::auth::{ApiKey, Role, basic};
use tests::keys::PLAIN_ISSUER;
use tests::{Request, Service, Stage};

/// Whose credential comes with the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Nobody's.
    None,
    /// Something that is no token.
    Garbage,
    /// The target's own token.
    Own,
    /// The target's own token, expired.
    Expired,
    /// A token that says it is of the target and of an issuer that nobody trusts.
    OtherIssuer,
    /// The target's own token, for another service.
    OtherAudience,
    /// The target's own token, without the scope `openid`.
    WithoutOpenid,
    /// The target's own token, which stands for an OAuth client.
    Machine,
    /// Somebody else's token.
    Other,
    /// An administrator's token.
    Admin,
    /// A token that says admin, of an issuer that grants none.
    SelfStyledAdmin,
    /// WTS: a token of the target's own, with this access level.
    OwnLevel(&'static str),
    /// WTS: somebody else's token, with this access level.
    OtherLevel(&'static str),
    /// An API key of role `Admin`.
    AdminKey,
    /// An API key of role `User`.
    UserKey,
    /// An API key of role `Admin` that was revoked.
    RevokedKey,
    /// An API key of role `Admin` that has expired.
    ExpiredKey,
    /// An application, by its id and secret.
    Application,
    /// An application that was revoked.
    RevokedApplication,
}

/// All of them, of WTS's levels a few.
pub const EVERYBODY: &[Caller] = &[
    Caller::None,
    Caller::Garbage,
    Caller::Own,
    Caller::Expired,
    Caller::OtherIssuer,
    Caller::OtherAudience,
    Caller::WithoutOpenid,
    Caller::Machine,
    Caller::Other,
    Caller::Admin,
    Caller::SelfStyledAdmin,
    Caller::OwnLevel("user"),
    Caller::OwnLevel("unregistered"),
    Caller::OtherLevel("user"),
    Caller::OtherLevel("admin"),
    Caller::AdminKey,
    Caller::UserKey,
    Caller::RevokedKey,
    Caller::ExpiredKey,
    Caller::Application,
    Caller::RevokedApplication,
];

/// The other levels, which mean something to WTS alone.
pub const LEVELS: &[Caller] = &[
    Caller::OwnLevel("pre-member"),
    Caller::OwnLevel("group-leader"),
    Caller::OwnLevel("superuser"),
    Caller::OtherLevel("formal-member"),
    Caller::OtherLevel("informal-member"),
    Caller::OtherLevel("unregistered"),
    Caller::OtherLevel("group-leader"),
    Caller::OtherLevel("api"),
    Caller::OtherLevel("chief"),
    Caller::OtherLevel("dev"),
];

impl Caller {
    /// Whom this caller's token is of: the target itself, or somebody whom nobody else is.
    pub fn subject(self, target: &str) -> String {
        match self {
            Self::Other | Self::OtherLevel(_) => format!("somebody-{target}"),
            Self::Admin => format!("root-{target}"),
            Self::SelfStyledAdmin => format!("mallory-{target}"),
            _ => target.to_owned(),
        }
    }

    /// The request with this caller's credential.
    pub async fn sign(self, world: &Service, target: &str, request: Request) -> Request {
        let subject = self.subject(target);
        let own = |changes: Value| {
            let mut claims = world.claims(&subject);
            claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
            claims
        };
        let issuer = |claims: Value| world.keys().issuer.sign(&claims).unwrap();
        let token = match self {
            Self::None => return request,
            Self::Application => return request.basic(&world.client().await),
            Self::RevokedApplication => {
                let client = world.client().await;
                let (id, _) = basic(Some(&format!("Basic {client}"))).unwrap();
                assert!(world.store.disable_client(&id).await.unwrap());
                return request.basic(&client);
            }
            Self::Garbage => "garbage".to_owned(),
            Self::Own | Self::Other => world.token(&subject),
            Self::Expired => {
                let expired = world.claims(&subject)["iat"].as_i64().unwrap() - 61;
                issuer(own(json!({"exp": expired})))
            }
            Self::OtherIssuer => issuer(own(json!({"iss": "https://elsewhere.test"}))),
            Self::OtherAudience => issuer(own(json!({"aud": "another service"}))),
            Self::Admin => world.admin_token(&subject),
            Self::SelfStyledAdmin => {
                let claims = own(json!({"iss": PLAIN_ISSUER, "roles": ["admin"], "role": "admin"}));
                world.keys().plain.sign(&claims).unwrap()
            }
            Self::WithoutOpenid => issuer(own(json!({"scope": "profile"}))),
            Self::Machine => issuer(own(json!({"client_id": target}))),
            Self::OwnLevel(access) | Self::OtherLevel(access) => world.wts_token(&subject, access),
            Self::AdminKey => world.api_key(Role::Admin).await,
            Self::UserKey => world.api_key(Role::User).await,
            Self::RevokedKey => {
                let key = world.api_key(Role::Admin).await;
                let digest = ApiKey::parse(&key).unwrap().digest();
                assert!(world.store.disable_api_key(&digest).await.unwrap());
                key
            }
            Self::ExpiredKey => world.api_key_expiring(Role::Admin, Some(0)).await,
        };
        request.bearer(&token)
    }
}

#[tokio::test]
async fn a_change_says_what_kind_of_caller_made_it() {
    let world = Stage::open().await;
    let (face, actors) = (Face::AuthMs, ["subject", "admin"]);
    world.create("1").await;
    let stored = async || {
        let items = world.items().await;
        let item = items.into_iter().find(|item| item["SK"].as_s().unwrap() == "PROFILE").unwrap();
        let by = item["changed_by"].as_m().unwrap().clone();
        let mut by: Vec<(String, String)> =
            by.into_iter().map(|(name, value)| (name, value.as_s().unwrap().clone())).collect();
        by.sort();
        by
    };
    let by = |contract: &str, actor: &str| {
        vec![("actor".to_owned(), actor.to_owned()), ("contract".to_owned(), contract.to_owned())]
    };
    for (token, actor) in [world.token("1"), world.admin_token("root")].iter().zip(actors) {
        send(&world, &face.request("1").bearer(token)).await;
        assert_eq!(stored().await, by("authms", actor));
    }
    // An administrator who changes itself is a subject.
    send(&world, &face.request("1").bearer(&world.admin_token("1"))).await;
    assert_eq!(stored().await, by("authms", "subject"));
    send(&world, &Face::Ciam.request("1").bearer(&world.token("1"))).await;
    assert_eq!(stored().await, by("ciam", "subject"));
    send(&world, &Face::Wts.request("1").bearer(&world.wts_token("root", "dev"))).await;
    assert_eq!(stored().await, by("wts", "admin"));
    send(&world, &Face::CloudBase.request("1").bearer(&world.admin_token("root"))).await;
    assert_eq!(stored().await, by("cloudbase", "admin"));
    let key = world.api_key(Role::Admin).await;
    send(&world, &Face::SystemUser.request("1").bearer(&key)).await;
    assert_eq!(stored().await, by("system-user", "api_key"));
}

#[tokio::test]
async fn the_profile_s_own_role_gives_no_rights() {
    let world = Stage::open().await;
    let key = world.api_key(Role::Admin).await;
    for user in ["1", "2"] {
        world.create(user).await;
    }
    let promote = tests::Request::update_user("1").bearer(&key).json(&json!({"role": "Admin"}));
    assert_eq!(send(&world, &promote).await, Face::SystemUser.answer("1", Done(2)));
    for face in [Face::AuthMs, Face::CloudBase] {
        let reply = send(&world, &face.request("2").bearer(&world.token("1"))).await;
        assert_eq!(reply, face.answer("2", Forbidden));
    }
    let wts = Face::Wts.request("2").bearer(&world.wts_token("1", "user"));
    assert_eq!(send(&world, &wts).await, Face::Wts.answer("2", Forbidden));
    assert_eq!(world.profile("2").await.version, 1);
}
