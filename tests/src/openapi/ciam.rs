//! CIAM's examples.

use super::Recorder;
use crate::{Fault, Mailbox, Options, Request, World};
use serde_json::{Value, json};

/// A world with a mailbox, and an application that asks for codes.
struct Desk {
    world: World,
    mailbox: Mailbox,
    client: String,
}

impl Desk {
    async fn open(settings: &[(&'static str, &str)]) -> Self {
        let mailbox = Mailbox::start().await;
        let own = settings.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let world =
            World::with(Options { settings: mailbox.settings().into_iter().chain(own).collect() }).await;
        let client = world.client().await;
        Self { world, mailbox, client }
    }

    fn patch(&self, user: &str, body: &Value) -> Request {
        Request::patch_userinfo().bearer(&self.world.token(user)).json(body)
    }

    fn get(&self, user: &str) -> Request {
        Request::get_userinfo().bearer(&self.world.token(user))
    }

    fn asking(&self, body: &Value) -> Request {
        Request::send_otp().basic(&self.client).json(body)
    }

    /// Has a code sent: the members that prove the address.
    async fn proof(&self, member: &str, address: &str, e164: &str) -> Value {
        let reply =
            self.world.send(&self.asking(&json!({"usage": "update_userinfo", member: address}))).await;
        let (token, code) = (&reply.body["otp_token"], self.mailbox.code(e164));
        json!({member: address, format!("{member}_otp_token"): token, format!("{member}_otp"): code})
    }
}

/// Sends them.
pub async fn record(recorder: &mut Recorder) {
    let desk = Desk::open(&[]).await;
    userinfo(recorder, &desk).await;
}

async fn userinfo(recorder: &mut Recorder, desk: &Desk) {
    let world = &desk.world;
    let body =
        json!({"nickname": "Gus", "zoneinfo": "Europe/Oslo", "locale": "nb-no", "department": "Sales"});
    let request = desk.patch("gustav", &body);
    recorder
        .example(world, "patchUserinfo", "created", "The first change creates the profile", &request)
        .await;
    recorder.example(world, "getUserinfo", "shown", "The claims of a user", &desk.get("gustav")).await;
    let _ = (Fault::LostAnswer, desk.proof("email", "gustav@example.com", "gustav@example.com").await);
}
