//! CIAM's examples.

use super::Recorder;
use crate::{Fault, Mailbox, Options, Request, World};
use serde_json::{Value, json};

const PHONE: &str = "13800138000";
const EMAIL: &str = "gustav@example.com";
const UNAVAILABLE: Fault = Fault::Answer(400, "ThrottlingException");
const DEFECT: Fault = Fault::Answer(400, "ValidationException");

/// A world with a mailbox, and an application that asks for codes.
struct Desk {
    world: World,
    mailbox: Mailbox,
    client: String,
}

/// Sends CIAM's examples.
pub async fn record(recorder: &mut Recorder) {
    let desk = Desk::open(&[]).await;
    changes(recorder, &desk).await;
    contacts(recorder, &desk).await;
    refused_proofs(recorder, &desk).await;
    refused_changes(recorder, &desk).await;
    reads(recorder, &desk).await;
    let desk = Desk::open(&[]).await;
    codes(recorder, &desk).await;
    limits(recorder).await;
    defined_claims(recorder).await;
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

    fn patch(&self, body: &Value) -> Request {
        Request::patch_userinfo().bearer(&self.world.token("gustav")).json(body)
    }

    fn asking(&self, member: &str, address: &str) -> Request {
        Request::send_otp().basic(&self.client).json(&json!({"usage": "update_userinfo", member: address}))
    }

    /// Has a code sent, half a minute after the one before: the members that prove the address.
    async fn proof(&self, member: &str, address: &str) -> Value {
        self.world.clock.forward(30);
        let reply = self.world.send(&self.asking(member, address)).await;
        let to = if member == "email" { address.to_owned() } else { format!("+86{address}") };
        let (token, code) = (&reply.body["otp_token"], self.mailbox.code(&to));
        json!({member: address, format!("{member}_otp_token"): token, format!("{member}_otp"): code})
    }

    /// Bob has these contacts.
    async fn taken(&self) {
        let contacts = json!({"phone": "+86 13900139000", "email": "bob@example.com"});
        let edit = Request::edit_user_basic().bearer(&self.world.token("bob")).json(&contacts);
        assert_eq!(self.world.send(&edit).await.status, 200);
    }

    /// A token of a user who did not allow the application to see its claims.
    fn narrow_token(&self) -> String {
        let mut claims = self.world.claims("gustav");
        claims["scope"] = json!("profile");
        self.world.keys().issuer.sign(&claims).unwrap()
    }

    fn spoil(&self, operation: &'static str, fault: Fault, times: usize) {
        (0..times).for_each(|_| self.world.wire.spoil(operation, fault));
    }
}

/// The members of both.
fn both(one: &Value, other: &Value) -> Value {
    one.as_object().unwrap().clone().into_iter().chain(other.as_object().unwrap().clone()).collect()
}

async fn changes(recorder: &mut Recorder, desk: &Desk) {
    let mut keep = async |name: &str, summary: &str, request: &Request| {
        recorder.example(&desk.world, "patchUserinfo", name, summary, request).await;
    };
    let nobody = "{} creates nobody: there is no profile";
    keep("no-profile", nobody, &desk.patch(&json!({}))).await;
    let body =
        json!({"nickname": "Gus", "zoneinfo": "Europe/Oslo", "locale": "nb-no", "department": "Sales"});
    let summary =
        "The first change creates the profile; the language tag is stored in its conventional letter case";
    keep("created", summary, &desk.patch(&body)).await;
    let key = r#""8e03978e-40d5-43dd-bc93-6894a57f9324""#;
    let request =
        desk.patch(&json!({"name": "Gustav Adler", "nickname": null})).header("idempotency-key", key);
    keep("changed", "One claim is set, another one cleared", &request).await;
    keep(
        "replayed",
        "The same request again, under the same Idempotency-Key: nothing is changed twice",
        &request,
    )
    .await;
    let other = desk.patch(&json!({"name": "Gustav"})).header("idempotency-key", key);
    keep("key-reused", "Another request under the same Idempotency-Key", &other).await;
    keep("unchanged", "{} changes nothing and shows the claims", &desk.patch(&json!({}))).await;
}

async fn contacts(recorder: &mut Recorder, desk: &Desk) {
    let proof = desk.proof("phone_number", PHONE).await;
    let summary = "A phone number with its proof";
    recorder.example(&desk.world, "patchUserinfo", "phone-number", summary, &desk.patch(&proof)).await;
    let proof = desk.proof("email", EMAIL).await;
    let summary = "An e-mail address with its proof, beside another claim";
    let body = both(&proof, &json!({"nickname": "Gus"}));
    recorder.example(&desk.world, "patchUserinfo", "email", summary, &desk.patch(&body)).await;
}

async fn refused_proofs(recorder: &mut Recorder, desk: &Desk) {
    desk.taken().await;
    for (member, word, address, taken) in
        [("phone_number", "phone-number", PHONE, "13900139000"), ("email", "email", EMAIL, "bob@example.com")]
    {
        let mut keep = async |name: &str, summary: &str, body: &Value| {
            let name = format!("{name}-{word}");
            recorder.example(&desk.world, "patchUserinfo", &name, summary, &desk.patch(body)).await;
        };
        let proof = desk.proof(member, address).await;
        let (token, code) = (format!("{member}_otp_token"), format!("{member}_otp"));
        let stray = both(&proof, &json!({token: "0".repeat(64)}));
        keep("bad-token-of", "A token that was never answered, or was for another address", &stray).await;
        keep("bad-code-of", "The code is wrong", &both(&proof, &json!({code: "000000"}))).await;
        let malformed = both(&proof, &json!({member: "gustav"}));
        keep("malformed", "Not what it should be", &malformed).await;
        let proof = desk.proof(member, taken).await;
        keep("duplicate", "Somebody else has it; told only to who proved it", &proof).await;
    }
}

async fn refused_changes(recorder: &mut Recorder, desk: &Desk) {
    let mut keep = async |name: &str, summary: &str, request: &Request| {
        recorder.example(&desk.world, "patchUserinfo", name, summary, request).await;
    };
    let good = desk.patch(&json!({"nickname": "Gus A."}));
    keep("missing-token", "No bearer token: the answer has no body", &good.clone().without("authorization"))
        .await;
    keep("invalid-token", "A token that is none", &good.clone().bearer("abc")).await;
    keep(
        "insufficient-scope",
        "A token without the scope openid",
        &good.clone().bearer(&desk.narrow_token()),
    )
    .await;
    keep("malformed-body", "Not a JSON object", &good.clone().body("nickname=Gus")).await;
    keep(
        "malformed-key",
        "An Idempotency-Key with a space and no quotation marks",
        &good.clone().header("idempotency-key", "a b"),
    )
    .await;
    keep("unknown-attribute", "A member that means nothing here", &desk.patch(&json!({"shoe_size": 43})))
        .await;
    keep(
        "unsupported-attribute",
        "What the service itself says of a user",
        &desk.patch(&json!({"updated_at": 0})),
    )
    .await;
    keep(
        "missing-companions",
        "A phone number without a proof",
        &desk.patch(&json!({"phone_number": PHONE})),
    )
    .await;
    keep("illegal-value", "No time zone is called so", &desk.patch(&json!({"zoneinfo": "Europe/Atlantis"})))
        .await;
    desk.spoil("UpdateItem", Fault::Conflict, 6);
    keep("contention", "Others kept changing the profile", &good).await;
    desk.spoil("UpdateItem", UNAVAILABLE, 3);
    keep("unavailable", "The database throttles", &good).await;
    desk.spoil("UpdateItem", DEFECT, 1);
    keep("defect", "A defect of the service", &good).await;
}

async fn reads(recorder: &mut Recorder, desk: &Desk) {
    let mut keep = async |name: &str, summary: &str, request: &Request| {
        recorder.example(&desk.world, "getUserinfo", name, summary, request).await;
    };
    let get = |token: &str| Request::get_userinfo().bearer(token);
    let own = get(&desk.world.token("gustav"));
    keep("shown", "All claims of the setting that the user has something for", &own).await;
    keep("no-profile", "The user has no profile, or was erased", &get(&desk.world.token("nora"))).await;
    keep("missing-token", "No bearer token: the answer has no body", &Request::get_userinfo()).await;
    keep("invalid-token", "A token that is none", &get("abc")).await;
    keep("insufficient-scope", "A token without the scope openid", &get(&desk.narrow_token())).await;
    desk.spoil("GetItem", UNAVAILABLE, 3);
    keep("unavailable", "The database throttles", &own).await;
    desk.spoil("GetItem", DEFECT, 1);
    keep("defect", "A defect of the service", &own).await;
}

/// What a stack shows whose setting lists claims that it defines for itself.
async fn defined_claims(recorder: &mut Recorder) {
    let desk = Desk::open(&[("CLAIMS", "nickname department employee_number newsletter")]).await;
    let number = json!({"nickname": "Gus", "custom_fields": {"employee_number": "AB123456"}});
    let admin = desk.world.admin_token("root");
    let create = Request::put_profile("gustav").bearer(&admin).header("if-none-match", "*").json(&number);
    assert_eq!(desk.world.send(&create).await.status, 200);
    let summary = "Claims that the stack defines for itself, where the setting lists them";
    let change = desk.patch(&json!({"department": "Sales", "newsletter": true}));
    recorder.example(&desk.world, "patchUserinfo", "defined-claims", summary, &change).await;
    let show = Request::get_userinfo().bearer(&desk.world.token("gustav"));
    recorder.example(&desk.world, "getUserinfo", "defined-claims", summary, &show).await;
}

async fn codes(recorder: &mut Recorder, desk: &Desk) {
    let mut keep = async |name: &str, summary: &str, request: &Request| {
        recorder.example(&desk.world, "sendOtp", name, summary, request).await;
    };
    let (phone, email) = (desk.asking("phone_number", PHONE), desk.asking("email", EMAIL));
    keep(
        "by-sms",
        "A code to a phone number, in the language of the user",
        &phone.clone().header("accept-language", "zh"),
    )
    .await;
    keep("by-email", "A code to an e-mail address", &email).await;
    keep("limit-of-number", "One message in 30 seconds to one number", &phone).await;
    keep("limit-of-email", "One message in 30 seconds to one address", &email).await;
    desk.world.clock.forward(30);
    let stranger = phone.clone().basic("YXBwOnNlY3JldA==");
    keep("unknown-client", "No application of this id and secret", &stranger).await;
    keep("malformed-body", "Not a JSON object", &phone.clone().body("usage=update_userinfo")).await;
    let other = phone.clone().json(&json!({"usage": "login", "phone_number": PHONE}));
    keep("unsupported-usage", "Codes are for changes of the claims only", &other).await;
    keep(
        "no-recipient",
        "Neither of the two addresses",
        &phone.clone().json(&json!({"usage": "update_userinfo"})),
    )
    .await;
    keep("malformed-phone-number", "Too short", &desk.asking("phone_number", "1380013800")).await;
    keep("malformed-email", "No domain", &desk.asking("email", "gustav")).await;
    desk.spoil("TransactWriteItems", Fault::Conflict, 6);
    keep("contention", "Others kept counting on the same limits", &phone).await;
    desk.mailbox.refuse(503, 1);
    keep("undelivered", "The carrier did not take the message", &phone).await;
    desk.spoil("UpdateItem", UNAVAILABLE, 3);
    keep("unavailable", "The database throttles", &phone).await;
    desk.spoil("GetItem", DEFECT, 1);
    keep("defect", "A defect of the service", &phone).await;
}

async fn limits(recorder: &mut Recorder) {
    let desk = Desk::open(&[("REVEAL_CONTACT_USE", "true"), ("SENDS_PER_CLIENT_A_MINUTE", "2")]).await;
    desk.taken().await;
    let mut keep = async |name: &str, summary: &str, member: &str, address: &str| {
        recorder.example(&desk.world, "sendOtp", name, summary, &desk.asking(member, address)).await;
    };
    let summary = "It is somebody's; told with the setting REVEAL_CONTACT_USE only";
    keep("used-phone-number", summary, "phone_number", "13900139000").await;
    keep("used-email", summary, "email", "bob@example.com").await;
    let summary = "The application's minute, or the network address's day, is used up";
    keep("limit-of-sms", summary, "phone_number", PHONE).await;
    keep("limit-of-emails", summary, "email", EMAIL).await;
}
