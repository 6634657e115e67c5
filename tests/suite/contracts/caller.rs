//! Who may do what: each contract, each kind of caller, each kind of target; and what is stored then.

use crate::contracts::faces::Outcome::{
    Done, Expired, Forbidden, Invalid, Malformed, Missing, NoSuchUser, NotAdmitted, Shown,
};
use crate::contracts::faces::{Face, Outcome, send};
use serde_json::{Value, json};
use shared::auth::{ApiKey, Role};
use tests::keys::PLAIN_ISSUER;
use tests::{Service, Stage};

/// Whose credential comes with the request.
#[derive(Clone, Copy, Debug)]
enum Caller {
    None,
    Garbage,
    /// The target's own token.
    Own,
    /// Somebody else's token.
    Other,
    /// An administrator's token.
    Admin,
    /// A token that says admin, of an issuer that grants none.
    SelfStyledAdmin,
    /// The target's own token, without the scope `openid`.
    WithoutOpenid,
    /// The target's own token, which stands for an OAuth client.
    Machine,
    /// WTS: a token of the target's own, with this access level.
    OwnLevel(&'static str),
    /// WTS: somebody else's token, with this access level.
    OtherLevel(&'static str),
    AdminKey,
    UserKey,
    RevokedKey,
    ExpiredKey,
}

impl Caller {
    async fn credential(self, world: &Service, target: &str) -> Option<String> {
        let own = |changes: Value| {
            let mut claims = world.claims(target);
            claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
            claims
        };
        let issuer = |claims: Value| world.keys().issuer.sign(&claims).unwrap();
        Some(match self {
            Self::None => return None,
            Self::Garbage => "garbage".to_owned(),
            Self::Own => world.token(target),
            Self::Other => world.token("somebody"),
            Self::Admin => world.admin_token("root"),
            Self::SelfStyledAdmin => {
                let claims =
                    own(json!({"iss": PLAIN_ISSUER, "sub": "mallory", "roles": ["admin"], "role": "admin"}));
                world.keys().plain.sign(&claims).unwrap()
            }
            Self::WithoutOpenid => issuer(own(json!({"scope": "profile"}))),
            Self::Machine => issuer(own(json!({"client_id": target}))),
            Self::OwnLevel(access) => world.wts_token(target, access),
            Self::OtherLevel(access) => world.wts_token("somebody", access),
            Self::AdminKey => world.api_key(Role::Admin).await,
            Self::UserKey => world.api_key(Role::User).await,
            Self::RevokedKey => {
                let key = world.api_key(Role::Admin).await;
                let digest = ApiKey::parse(&key).unwrap().digest();
                assert!(world.store.disable_api_key(&digest).await.unwrap());
                key
            }
            Self::ExpiredKey => world.api_key_expiring(Role::Admin, Some(0)).await,
        })
    }
}

/// Version of an erased target's tombstone.
const TOMBSTONE: u64 = 7;

/// For each caller: what comes of it where the target is stored, was never there, was erased.
type Rights = (Caller, [Outcome; 3]);

const NONE: Rights = (Caller::None, [Missing; 3]);
const GARBAGE: Rights = (Caller::Garbage, [Malformed; 3]);

const AUTHMS: &[Rights] = &[
    NONE,
    GARBAGE,
    (Caller::Own, [Done(2), Done(1), NoSuchUser]),
    (Caller::WithoutOpenid, [Done(2), Done(1), NoSuchUser]),
    (Caller::Other, [Forbidden; 3]),
    (Caller::SelfStyledAdmin, [Forbidden; 3]),
    (Caller::Admin, [Done(2), NoSuchUser, NoSuchUser]),
    (Caller::AdminKey, [Malformed; 3]),
    (Caller::OwnLevel("admin"), [Invalid; 3]),
];

const CIAM: &[Rights] = &[
    NONE,
    GARBAGE,
    (Caller::Own, [Done(2), Done(1), NoSuchUser]),
    (Caller::WithoutOpenid, [NotAdmitted; 3]),
    (Caller::Machine, [NotAdmitted; 3]),
    (Caller::AdminKey, [Malformed; 3]),
    (Caller::OwnLevel("admin"), [Invalid; 3]),
];

const CLOUDBASE: &[Rights] = AUTHMS;

const WTS: &[Rights] = &[
    NONE,
    GARBAGE,
    (Caller::OwnLevel("user"), [Done(2), NoSuchUser, NoSuchUser]),
    (Caller::OwnLevel("pre-member"), [Done(2), NoSuchUser, NoSuchUser]),
    (Caller::OwnLevel("unregistered"), [NotAdmitted; 3]),
    (Caller::OwnLevel("superuser"), [NotAdmitted; 3]),
    (Caller::OwnLevel("group-leader"), [Done(2), NoSuchUser, NoSuchUser]),
    (Caller::OtherLevel("user"), [Forbidden; 3]),
    (Caller::OtherLevel("formal-member"), [Forbidden; 3]),
    (Caller::OtherLevel("informal-member"), [Forbidden; 3]),
    (Caller::OtherLevel("unregistered"), [NotAdmitted; 3]),
    (Caller::OtherLevel("group-leader"), [Done(2), NoSuchUser, NoSuchUser]),
    (Caller::OtherLevel("api"), [Done(2), NoSuchUser, NoSuchUser]),
    (Caller::OtherLevel("chief"), [Done(2), NoSuchUser, NoSuchUser]),
    (Caller::OtherLevel("dev"), [Done(2), NoSuchUser, NoSuchUser]),
    (Caller::OtherLevel("admin"), [Done(2), NoSuchUser, NoSuchUser]),
    (Caller::Own, [Invalid; 3]),
    (Caller::Admin, [Invalid; 3]),
    (Caller::AdminKey, [Malformed; 3]),
];

/// What may be seen is what may be changed; nothing is ever created by looking.
fn reading(rights: &[Rights]) -> Vec<Rights> {
    let read = |outcome| if matches!(outcome, Done(_)) { Shown } else { outcome };
    let rights = rights.iter();
    rights
        .map(|(caller, [stored, unknown, erased])| {
            let unknown = if matches!(unknown, Done(_)) { NoSuchUser } else { *unknown };
            (*caller, [read(*stored), unknown, *erased])
        })
        .collect()
}

/// Nobody reads of anybody else here: the token alone says whose profile it is.
const CLOUDBASE_READ: &[Rights] = &[
    NONE,
    GARBAGE,
    (Caller::Own, [Shown, NoSuchUser, NoSuchUser]),
    (Caller::WithoutOpenid, [Shown, NoSuchUser, NoSuchUser]),
    (Caller::AdminKey, [Malformed; 3]),
    (Caller::OwnLevel("admin"), [Invalid; 3]),
];

const SYSTEM_USER: &[Rights] = &[
    NONE,
    (Caller::Garbage, [Invalid; 3]),
    (Caller::AdminKey, [Done(2), NoSuchUser, NoSuchUser]),
    (Caller::UserKey, [NotAdmitted; 3]),
    (Caller::RevokedKey, [Invalid; 3]),
    (Caller::ExpiredKey, [Expired; 3]),
    (Caller::Own, [Invalid; 3]),
    (Caller::Admin, [Invalid; 3]),
    (Caller::OwnLevel("admin"), [Invalid; 3]),
];

#[tokio::test]
async fn each_caller_may_do_what_its_contract_says_and_nothing_else() {
    let world = Stage::open().await;
    let mut number = 100;
    for (face, rights) in [
        (Face::AuthMs, AUTHMS.to_vec()),
        (Face::Ciam, CIAM.to_vec()),
        (Face::CloudBase, CLOUDBASE.to_vec()),
        (Face::Wts, WTS.to_vec()),
        (Face::SystemUser, SYSTEM_USER.to_vec()),
        (Face::AuthMsRead, reading(AUTHMS)),
        (Face::CiamRead, reading(CIAM)),
        (Face::WtsRead, reading(WTS)),
        (Face::CloudBaseRead, CLOUDBASE_READ.to_vec()),
    ] {
        for (caller, outcomes) in rights {
            for (state, outcome) in ["stored", "unknown", "erased"].into_iter().zip(outcomes) {
                number += 1;
                let target = number.to_string();
                match state {
                    "stored" => world.create(&target).await,
                    "erased" => world.erase(&target, TOMBSTONE).await,
                    _ => {}
                }
                let before = world.record(&target).await;
                let request = match caller.credential(&world, &target).await {
                    None => face.request(&target),
                    Some(credential) => face.request(&target).bearer(&credential),
                };
                let reply = send(&world, &request).await;
                let case = format!("{face:?}, {caller:?}, {state}");
                assert_eq!(reply, face.answer(&target, outcome), "{case}");
                let after = world.record(&target).await;
                match outcome {
                    Done(version) => {
                        let after = after.unwrap();
                        assert!(
                            after.profile.is_some_and(|profile| !profile.attributes.is_empty()),
                            "{case}"
                        );
                        assert_eq!(after.version, version, "{case}");
                    }
                    _ => assert_eq!(after, before, "{case}"),
                }
            }
        }
    }
    assert_eq!(world.record("somebody").await, None);
    assert_eq!(world.record("root").await, None);
    assert_eq!(world.record("mallory").await, None);
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
