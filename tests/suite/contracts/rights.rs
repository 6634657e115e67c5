//! Who may do what: each endpoint, each kind of caller, each kind of target. Each cell is the whole answer, and what is
//! stored then.

use crate::contracts::caller::{Caller, EVERYBODY, LEVELS};
use crate::contracts::faces::Outcome::{
    Done, Expired, Forbidden, Invalid, Malformed, Missing, NoSuchUser, NotAdmitted, Sent, Shown, WrongCode,
};
use crate::contracts::faces::{ALL, Face, Outcome, send};
use local::template::Template;
use std::collections::{BTreeMap, BTreeSet};
use tests::Stage;

/// Version of an erased target's tombstone.
const TOMBSTONE: u64 = 7;

/// What comes of it where the target is stored, was never there, was erased.
type Cells = [Outcome; 3];

/// Who a caller is to a contract once its credential has been looked at.
enum Standing {
    Refused(Outcome),
    /// The target itself, with or without the scope `openid`.
    Own {
        openid: bool,
    },
    /// A machine, whose subject is the target.
    Machine,
    Other,
    Admin,
}

/// To a contract whose tokens name their issuer.
const fn named(caller: Caller) -> Standing {
    match caller {
        Caller::None | Caller::Application | Caller::RevokedApplication => Standing::Refused(Missing),
        Caller::Garbage | Caller::AdminKey | Caller::UserKey | Caller::RevokedKey | Caller::ExpiredKey => {
            Standing::Refused(Malformed)
        }
        Caller::Expired => Standing::Refused(Expired),
        Caller::OtherIssuer | Caller::OtherAudience | Caller::OwnLevel(_) | Caller::OtherLevel(_) => {
            Standing::Refused(Invalid)
        }
        Caller::Own => Standing::Own { openid: true },
        Caller::WithoutOpenid => Standing::Own { openid: false },
        Caller::Machine => Standing::Machine,
        Caller::Other | Caller::SelfStyledAdmin => Standing::Other,
        Caller::Admin => Standing::Admin,
    }
}

/// To WTS, whose tokens name none.
fn wts(caller: Caller) -> Standing {
    match caller {
        Caller::None | Caller::Application | Caller::RevokedApplication => Standing::Refused(Missing),
        Caller::Garbage | Caller::AdminKey | Caller::UserKey | Caller::RevokedKey | Caller::ExpiredKey => {
            Standing::Refused(Malformed)
        }
        Caller::Own
        | Caller::Expired
        | Caller::OtherIssuer
        | Caller::OtherAudience
        | Caller::WithoutOpenid
        | Caller::Machine
        | Caller::Other
        | Caller::Admin
        | Caller::SelfStyledAdmin => Standing::Refused(Invalid),
        Caller::OwnLevel("unregistered" | "superuser") | Caller::OtherLevel("unregistered") => {
            Standing::Refused(NotAdmitted)
        }
        Caller::OwnLevel(_) => Standing::Own { openid: false },
        Caller::OtherLevel("group-leader" | "api" | "chief" | "dev" | "admin") => Standing::Admin,
        Caller::OtherLevel(_) => Standing::Other,
    }
}

/// To the one endpoint that applications call.
const fn application(caller: Caller) -> Cells {
    match caller {
        Caller::Application => [Sent; 3],
        // Whoever it is, and however it shows it: no application.
        _ => [Invalid; 3],
    }
}

/// To the contract that takes API keys.
const fn api_key(caller: Caller) -> Cells {
    match caller {
        Caller::None | Caller::Application | Caller::RevokedApplication => [Missing; 3],
        Caller::AdminKey => [Done(2), NoSuchUser, NoSuchUser],
        Caller::UserKey => [NotAdmitted; 3],
        Caller::ExpiredKey => [Expired; 3],
        Caller::RevokedKey
        | Caller::Garbage
        | Caller::Own
        | Caller::Expired
        | Caller::OtherIssuer
        | Caller::OtherAudience
        | Caller::WithoutOpenid
        | Caller::Machine
        | Caller::Other
        | Caller::Admin
        | Caller::SelfStyledAdmin
        | Caller::OwnLevel(_)
        | Caller::OtherLevel(_) => [Invalid; 3],
    }
}

/// The table: what comes of this endpoint's good request when this caller makes it.
fn cells(face: Face, caller: Caller) -> Cells {
    use Standing::{Admin, Machine, Other, Own, Refused};
    let standing = if matches!(face, Face::Wts | Face::WtsRead) { wts(caller) } else { named(caller) };
    match (face, standing) {
        (Face::ErrorPage, _) => [Shown; 3],
        (Face::CiamSend, _) => application(caller),
        (Face::SystemUser, _) => api_key(caller),
        (_, Refused(outcome)) => [outcome; 3],

        (Face::AuthMs | Face::CloudBase, Own { .. } | Machine) => [Done(2), Done(1), NoSuchUser],
        (Face::AuthMs | Face::CloudBase | Face::Wts, Admin) => [Done(2), NoSuchUser, NoSuchUser],
        (Face::Wts, Own { .. } | Machine) => [Done(2), NoSuchUser, NoSuchUser],
        (Face::AuthMsErase, Own { .. } | Machine | Admin) => [Done(2), NoSuchUser, Done(TOMBSTONE)],
        (
            Face::AuthMsRead | Face::AuthMsHistory | Face::AuthMsExport | Face::WtsRead,
            Own { .. } | Machine | Admin,
        ) => [Shown, NoSuchUser, NoSuchUser],
        (
            Face::AuthMs
            | Face::AuthMsErase
            | Face::AuthMsRead
            | Face::AuthMsHistory
            | Face::AuthMsExport
            | Face::CloudBase
            | Face::Wts
            | Face::WtsRead,
            Other,
        ) => [Forbidden; 3],

        // The token alone says whom these are about: to others and to administrators, themselves.
        (Face::Ciam | Face::CiamRead, Own { openid: false } | Machine) => [NotAdmitted; 3],
        (Face::Ciam, Own { .. }) => [Done(2), Done(1), NoSuchUser],
        (Face::Ciam, Other | Admin) => [Done(1); 3],
        (Face::CiamRead | Face::CloudBaseRead, Own { .. }) | (Face::CloudBaseRead, Machine) => {
            [Shown, NoSuchUser, NoSuchUser]
        }
        (Face::CiamRead | Face::CloudBaseRead, Other | Admin) => [NoSuchUser; 3],
        (Face::CloudBaseSend | Face::CloudBaseVerify, Machine) => [NotAdmitted; 3],
        (Face::CloudBaseSend, Own { .. }) => [Sent, Sent, NoSuchUser],
        (Face::CloudBaseSend, Other | Admin) => [Sent; 3],
        (Face::CloudBaseVerify, Own { .. } | Other | Admin) => [WrongCode; 3],
    }
}

#[tokio::test]
async fn each_caller_may_do_what_its_contract_says_and_nothing_else() {
    let world = Stage::open().await;
    let mut number = 100;
    for &face in ALL {
        let levels = if matches!(face, Face::Wts | Face::WtsRead) { LEVELS } else { &[] };
        for &caller in EVERYBODY.iter().chain(levels) {
            for (state, outcome) in ["stored", "unknown", "erased"].into_iter().zip(cells(face, caller)) {
                number += 1;
                let target = number.to_string();
                match state {
                    "stored" => world.create(&target).await,
                    "erased" => world.erase(&target, TOMBSTONE).await,
                    _ => {}
                }
                let before = world.record(&target).await;
                let request = caller.sign(&world, &target, face.request(&target)).await;
                let reply = face.settled(send(&world, &request).await);
                let case = format!("{face:?}, {caller:?}, {state}");
                let subject = caller.subject(&target);
                let about = if face.is_about_the_caller() { &subject } else { &target };
                assert_eq!(reply, face.answer(about, outcome), "{case}");
                let after = world.record(about).await;
                match outcome {
                    Done(version) => {
                        let after = after.unwrap();
                        assert_eq!(after.version, version, "{case}");
                        let attributes = after.profile.map(|profile| profile.attributes.len());
                        let erased = face == Face::AuthMsErase;
                        assert_eq!(attributes.is_none_or(|count| count == 0), erased, "{case}");
                    }
                    _ if *about == target => assert_eq!(after, before, "{case}"),
                    _ => assert_eq!(after, None, "{case}"),
                }
                // Whoever else has to do with it stays as they were.
                match &**about {
                    about if about != target => assert_eq!(world.record(&target).await, before, "{case}"),
                    _ if subject != target => assert_eq!(world.record(&subject).await, None, "{case}"),
                    _ => {}
                }
            }
        }
    }
}

#[test]
fn every_route_has_its_rows() {
    let template = Template::read(&Template::default_path(), &BTreeMap::new()).unwrap();
    let routes = template.functions.iter().flat_map(|function| &function.routes);
    let routes: BTreeSet<String> = routes.map(ToString::to_string).collect();
    assert_eq!(routes, ALL.iter().map(|face| face.request("1").route().to_owned()).collect());
}
