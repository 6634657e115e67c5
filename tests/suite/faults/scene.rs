//! Requests that between them make every kind of call that an endpoint makes, and what must be there before each.

use crate::contracts::ciam_proofs::proved;
use crate::contracts::faces::Face;
use serde_json::{Value, json};
use shared::auth::Role;
use std::time::Duration;
use tests::{Mailbox, Options, Reply, Request, World};

/// A world whose database has a bad day.
pub struct BadDay {
    pub world: World,
    pub mailbox: Mailbox,
    api_key: String,
    application: String,
}

impl BadDay {
    /// One that is good until something is spoilt. An attempt of a call is given so long; `None`: as long as a function
    /// gives it.
    pub async fn dawn(attempt: Option<Duration>) -> Self {
        let mailbox = Mailbox::start().await;
        let mut settings = mailbox.settings();
        // One source asks for all codes.
        settings.push(("SENDS_PER_SOURCE_A_DAY", "1000000".to_owned()));
        let world = World::apart(Options { settings }, attempt).await;
        let (api_key, application) = (world.api_key(Role::Admin).await, world.client().await);
        Self { world, mailbox, api_key, application }
    }

    async fn made(&self, request: Request) -> Reply {
        let reply = self.world.send(&request).await;
        assert_eq!(reply.status, 200, "{reply:?}, {:?}", self.world.journal.lines());
        reply
    }

    async fn edit(&self, user: &str, members: Value) {
        let edit = Request::edit_user_basic().bearer(&self.world.token(user)).json(&members);
        self.made(edit).await;
    }

    /// A user with an old phone, an e-mail address and a username.
    async fn known(&self, user: &str) {
        let contacts = json!({
            "phone": format!("+86 {}", old_phone(user)), "email": format!("u{user}@example.com"),
            "username": format!("name.{user}"),
        });
        self.edit(user, contacts).await;
    }

    /// CIAM's code to the new phone: its token and the code.
    async fn code(&self, user: &str) -> (String, String) {
        let reply = self.made(self.asking(user)).await;
        let token = reply.body["otp_token"].as_str().unwrap().to_owned();
        (token, self.mailbox.code(&format!("+86{}", phone(user))))
    }

    fn asking(&self, user: &str) -> Request {
        let body = json!({"usage": "update_userinfo", "phone_number": phone(user)});
        Request::send_otp().basic(&self.application).json(&body)
    }

    /// CloudBase's code to the new phone, and the request that turns it into a proof.
    async fn verifying(&self, user: &str) -> Request {
        let reply = self.made(self.verification(user)).await;
        let code = self.mailbox.code(&format!("+86{}", phone(user)));
        let body = json!({"verification_id": reply.body["verification_id"], "verification_code": code});
        Request::verify_code().bearer(&self.world.token(user)).json(&body)
    }

    fn verification(&self, user: &str) -> Request {
        let body = json!({"phone_number": format!("+86 {}", phone(user))});
        Request::send_verification().bearer(&self.world.token(user)).json(&body)
    }
}

fn phone(user: &str) -> String {
    format!("139{user:0>8}")
}

fn old_phone(user: &str) -> String {
    format!("138{user:0>8}")
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Put,
    Create,
    Merge,
    Erase,
    Get,
    History,
    Export,
    Page,
    Patch,
    PatchWithCode,
    Userinfo,
    SendOtp,
    Change,
    View,
    Edit,
    EditWithProof,
    SendVerification,
    Verify,
    Me,
    Update,
    UpdatePassword,
    UpdateUnknown,
}

/// A request to an endpoint, with an `Idempotency-Key` or without.
#[derive(Clone, Copy, Debug)]
pub struct Scene {
    pub act: Act,
    pub face: Face,
    pub keyed: bool,
}

const fn scene(act: Act, face: Face) -> Scene {
    Scene { act, face, keyed: false }
}

const fn keyed(act: Act, face: Face) -> Scene {
    Scene { act, face, keyed: true }
}

/// Each endpoint at least once.
pub const ALL: &[Scene] = &[
    scene(Act::Put, Face::AuthMs),
    scene(Act::Create, Face::AuthMs),
    scene(Act::Merge, Face::AuthMs),
    keyed(Act::Put, Face::AuthMs),
    keyed(Act::Create, Face::AuthMs),
    scene(Act::Erase, Face::AuthMsErase),
    keyed(Act::Erase, Face::AuthMsErase),
    scene(Act::Get, Face::AuthMsRead),
    scene(Act::History, Face::AuthMsHistory),
    scene(Act::Export, Face::AuthMsExport),
    scene(Act::Page, Face::ErrorPage),
    scene(Act::Patch, Face::Ciam),
    keyed(Act::Patch, Face::Ciam),
    scene(Act::PatchWithCode, Face::Ciam),
    keyed(Act::PatchWithCode, Face::Ciam),
    scene(Act::Userinfo, Face::CiamRead),
    scene(Act::SendOtp, Face::CiamSend),
    scene(Act::Change, Face::Wts),
    keyed(Act::Change, Face::Wts),
    scene(Act::View, Face::WtsRead),
    scene(Act::Edit, Face::CloudBase),
    keyed(Act::Edit, Face::CloudBase),
    scene(Act::EditWithProof, Face::CloudBase),
    keyed(Act::EditWithProof, Face::CloudBase),
    scene(Act::SendVerification, Face::CloudBaseSend),
    scene(Act::Verify, Face::CloudBaseVerify),
    scene(Act::Me, Face::CloudBaseRead),
    scene(Act::Update, Face::SystemUser),
    keyed(Act::Update, Face::SystemUser),
    scene(Act::UpdatePassword, Face::SystemUser),
    scene(Act::UpdateUnknown, Face::SystemUser),
];

impl Scene {
    /// Whether it changes a profile.
    pub const fn writes(self) -> bool {
        matches!(
            self.act,
            Act::Put
                | Act::Create
                | Act::Merge
                | Act::Erase
                | Act::Patch
                | Act::PatchWithCode
                | Act::Change
                | Act::Edit
                | Act::EditWithProof
                | Act::Update
                | Act::UpdatePassword
        )
    }

    /// Whether a message goes out.
    pub const fn sends(self) -> bool {
        matches!(self.act, Act::SendOtp | Act::SendVerification)
    }

    /// The request about this user, a number, once all is there that it needs.
    pub async fn set(self, day: &BadDay, user: &str) -> Request {
        let world = &day.world;
        match self.act {
            Act::Create | Act::Page | Act::UpdateUnknown => {}
            Act::Put | Act::Merge | Act::Get | Act::Patch | Act::Userinfo => world.create(user).await,
            _ => day.known(user).await,
        }
        let request = self.request(day, user).await;
        if self.keyed { request.header("idempotency-key", &format!("\"key of {user}\"")) } else { request }
    }

    async fn request(self, day: &BadDay, user: &str) -> Request {
        let world = &day.world;
        let (token, wts) = (world.token(user), world.wts_token(user, "user"));
        match self.act {
            Act::Put | Act::Create => {
                Request::put_profile(user).bearer(&token).json(&json!({"city": "Rome"}))
            }
            Act::Merge => Request::put_profile(user).bearer(&token).json(&json!({"custom_fields": {"a": 1}})),
            Act::Patch => Request::patch_userinfo().bearer(&token).json(&json!({"nickname": "Al"})),
            Act::PatchWithCode => {
                let code = day.code(user).await;
                Request::patch_userinfo().bearer(&token).json(&proved(&phone(user), &code))
            }
            Act::SendOtp => day.asking(user),
            Act::Change | Act::View => self.face.request(user).bearer(&wts),
            Act::Edit => {
                let phone = json!({"phone": format!("+86 {}", phone(user))});
                Request::edit_user_basic().bearer(&token).json(&phone)
            }
            Act::EditWithProof => {
                let proof = day.made(day.verifying(user).await).await;
                let proof = &proof.body["verification_token"];
                let members = json!({"phone": format!("+86 {}", phone(user)), "verification_token": proof});
                Request::edit_user_basic().bearer(&token).json(&members)
            }
            Act::SendVerification => day.verification(user),
            Act::Verify => day.verifying(user).await,
            Act::Update | Act::UpdateUnknown => {
                let members = json!({"userName": format!("new.{user}"), "nickName": "Nick"});
                Request::update_user(user).bearer(&day.api_key).json(&members)
            }
            Act::UpdatePassword => {
                Request::update_user(user).bearer(&day.api_key).json(&json!({"password": "correct horse"}))
            }
            Act::Erase | Act::Get | Act::History | Act::Export | Act::Page | Act::Userinfo | Act::Me => {
                self.face.request(user).bearer(&token)
            }
        }
    }
}
