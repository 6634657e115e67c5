//! Who can send every operation a request that is served, again and again.

use serde_json::{Map, Value, json};
use shared::auth::Role;
use tests::{Mailbox, Options, Request, World};

/// The user whom all requests are about.
const USER: &str = "1001";

/// Members and parameters that only a stack knows: what it answered a moment before, or sent.
const KNOWN_TO_THE_STACK: [&str; 7] = [
    "cursor",
    "phone_number_otp_token",
    "phone_number_otp",
    "email_otp_token",
    "email_otp",
    "verification_id",
    "verification_code",
];

/// A caller with all credentials, and somebody who reads the codes.
pub struct Caller {
    pub world: World,
    mailbox: Mailbox,
    client: String,
    api_key: String,
}

impl Caller {
    pub async fn open() -> Self {
        let mailbox = Mailbox::start().await;
        let world = World::with(Options { settings: mailbox.settings() }).await;
        let (client, api_key) = (world.client().await, world.api_key(Role::Admin).await);
        world.create(USER).await;
        Self { world, mailbox, client, api_key }
    }

    /// Lets a day go by, so that no limit is reached and no code is good any more.
    pub fn sleep(&self) {
        self.world.clock.forward(24 * 3600);
    }

    /// A request to this operation, all but its body.
    pub fn request(&self, operation: &str) -> Request {
        let token = self.world.admin_token(USER);
        match operation {
            "putProfile" => Request::put_profile(USER).bearer(&token),
            "patchUserinfo" => Request::patch_userinfo().bearer(&token),
            "sendOtp" => Request::send_otp().basic(&self.client),
            "changeProfile" => Request::change_profile().bearer(&self.world.wts_token(USER, "user")),
            "editUserBasic" => Request::edit_user_basic().bearer(&token),
            "sendVerification" => Request::send_verification().bearer(&token),
            "verifyCode" => Request::verify_code().bearer(&token),
            "getProfile" => Request::get_profile(USER).bearer(&token),
            "deleteProfile" => Request::delete_profile(USER).bearer(&token),
            "getHistory" => Request::get_history(USER).bearer(&token),
            "exportProfile" => Request::export_profile(USER).bearer(&token),
            "describeError" => Request::describe_error("precondition-failed"),
            "getUserinfo" => Request::get_userinfo().bearer(&token),
            "viewProfile" => Request::view_profile().bearer(&self.world.wts_token(USER, "user")),
            "getUserMe" => Request::get_user_me().bearer(&token),
            "updateUser" => Request::update_user(USER).bearer(&self.api_key),
            other => panic!("nobody calls {other} yet"),
        }
    }

    /// Puts into a good body what only the stack knows: proofs of its contacts, a code with its id.
    pub async fn complete(&self, operation: &str, body: &mut Map<String, Value>) {
        match operation {
            "patchUserinfo" => {
                for member in ["phone_number", "email"] {
                    let Some(address) = body.get(member).cloned() else { continue };
                    let ask = json!({"usage": "update_userinfo", member: address});
                    let reply = self.world.send(&self.request("sendOtp").json(&ask)).await;
                    body.insert(format!("{member}_otp_token"), reply.body["otp_token"].clone());
                    body.insert(format!("{member}_otp"), self.code());
                }
            }
            "verifyCode" => {
                let ask = json!({"email": "ada@example.com"});
                let reply = self.world.send(&self.request("sendVerification").json(&ask)).await;
                body.insert("verification_id".into(), reply.body["verification_id"].clone());
                body.insert("verification_code".into(), self.code());
            }
            _ => {}
        }
    }

    fn code(&self) -> Value {
        self.mailbox.letters().remove(0)["code"].take()
    }
}

/// Whether this member of a request can be good only as the stack made it.
pub fn is_known_to_the_stack(member: &str) -> bool {
    KNOWN_TO_THE_STACK.contains(&member)
}
