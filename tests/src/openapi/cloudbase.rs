//! CloudBase's examples.

use super::Recorder;
use crate::{Fault, Mailbox, Options, Request, World};
use serde_json::{Value, json};

const EDIT: &str = "editUserBasic";
const ME: &str = "getUserMe";
const SEND: &str = "sendVerification";
const VERIFY: &str = "verifyCode";

const PHONE: &str = "+86 13800138000";
const EMAIL: &str = "zhangsan@example.com";

/// What the database does, how often, and what comes of it: name and summary of the example.
type Failure = (Fault, usize, &'static str, &'static str);

const THROTTLED: Failure =
    (Fault::Answer(400, "ThrottlingException"), 3, "throttled", "The database throttles");
const FAILED: Failure = (Fault::Answer(500, "InternalServerError"), 3, "failed", "The database fails");
const CONTENTION: Failure = (Fault::Conflict, 6, "contention", "Others keep writing at the same time");

/// A world whose codes arrive in a mailbox.
struct Desk {
    world: World,
    mailbox: Mailbox,
}

/// Sends them.
pub async fn record(recorder: &mut Recorder) {
    let desk = Desk::open(&[("CONTACT_VERIFICATION", "required")]).await;
    codes(recorder, &desk).await;
    edits(recorder, &desk).await;
    refused_edits(recorder, &desk).await;
    me(recorder, &desk).await;
    refused_codes(recorder, &desk).await;
    refused_guesses(recorder, &desk).await;
    told(recorder).await;
}

impl Desk {
    async fn open(settings: &[(&'static str, &str)]) -> Self {
        let mailbox = Mailbox::start().await;
        let own = settings.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let settings = mailbox.settings().into_iter().chain(own).collect();
        Self { world: World::with(Options { settings }).await, mailbox }
    }

    fn edit(&self, user: &str, body: &Value) -> Request {
        Request::edit_user_basic().bearer(&self.world.token(user)).json(body)
    }

    fn by_admin(&self, body: &Value) -> Request {
        Request::edit_user_basic().bearer(&self.world.admin_token("2001")).json(body)
    }

    fn me(&self, user: &str) -> Request {
        Request::get_user_me().bearer(&self.world.token(user))
    }

    fn sending(&self, user: &str, body: &Value) -> Request {
        Request::send_verification().bearer(&self.world.token(user)).json(body)
    }

    fn guessing(&self, user: &str, body: &Value) -> Request {
        Request::verify_code().bearer(&self.world.token(user)).json(body)
    }

    /// A machine's own token.
    fn machine(&self) -> String {
        let mut claims = self.world.claims("nightly-job");
        claims["client_id"] = json!("nightly-job");
        self.world.keys().issuer.sign(&claims).unwrap()
    }

    async fn examples<const N: usize>(
        &self,
        recorder: &mut Recorder,
        operation: &str,
        examples: [(&str, &str, Request); N],
    ) {
        for (name, summary, request) in examples {
            recorder.example(&self.world, operation, name, summary, &request).await;
        }
    }

    /// What becomes of a request when the database fails at this call.
    async fn failures<const N: usize>(
        &self,
        recorder: &mut Recorder,
        operation: &str,
        (call, request): (&'static str, Request),
        failures: [Failure; N],
    ) {
        for (fault, times, name, summary) in failures {
            for _ in 0..times {
                self.world.wire.spoil(call, fault);
            }
            recorder.example(&self.world, operation, name, summary, &request).await;
        }
    }
}

/// A code that is sent, taken for a proof, and spent.
async fn codes(recorder: &mut Recorder, desk: &Desk) {
    let world = &desk.world;
    let request = desk.sending("1001", &json!({"phone_number": PHONE}));
    let sent = recorder.example(world, SEND, "sent-to-phone", "A code goes to a phone", &request).await;
    let code = desk.mailbox.code("+8613800138000");
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let guess = |code| {
        desk.guessing(
            "1001",
            &json!({"verification_id": sent.body["verification_id"], "verification_code": code}),
        )
    };
    recorder.example(world, VERIFY, "wrong-code", "The code is another one", &guess(wrong)).await;
    let proof =
        recorder.example(world, VERIFY, "verified", "The code is taken for a proof", &guess(&code)).await;
    let proof = &proof.body["verification_token"];
    let contact = json!({"phone": PHONE, "verification_token": proof, "nickname": "Zhang San"});
    desk.examples(
        recorder,
        EDIT,
        [
            ("created-with-phone", "A first edit, with a phone and its proof", desk.edit("1001", &contact)),
            ("proof-spent", "A proof is good once", desk.edit("1001", &contact)),
        ],
    )
    .await;
    let request = desk.sending("1001", &json!({"email": EMAIL})).header("accept-language", "zh");
    recorder
        .example(world, SEND, "sent-to-email", "A code goes to an e-mail address, in Chinese", &request)
        .await;
}

async fn edits(recorder: &mut Recorder, desk: &Desk) {
    const KEY: &str = "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"";
    let description = "A developer who loves technology";
    let full = json!({
        "username": "zhangsan", "gender": "MALE", "description": description, "avatar_url": "https://images.example.com/z.jpg",
    });
    let keyed = desk.edit("1001", &full).header("idempotency-key", KEY);
    let reused = desk.edit("1001", &json!({"gender": "FEMALE"})).header("idempotency-key", KEY);
    let others = json!({"user_id": "1001", "phone": PHONE, "email": EMAIL});
    desk.examples(
        recorder,
        EDIT,
        [
            ("changed", "Several members at once", keyed.clone()),
            ("replayed", "The same request once more, under the same Idempotency-Key", keyed),
            ("key-reused", "Another request under that key", reused),
            (
                "cleared",
                "A description and an avatar are taken away",
                desk.edit("1002", &json!({"description": "", "avatar_url": ""})),
            ),
            (
                "changed-by-admin",
                "An administrator changes contacts of somebody else, without a proof",
                desk.by_admin(&others),
            ),
        ],
    )
    .await;
}

async fn refused_edits(recorder: &mut Recorder, desk: &Desk) {
    desk.world.erase("1005", 1).await;
    let edit = |body: Value| desk.edit("1002", &body);
    let good = || edit(json!({"nickname": "Li Si"}));
    let form = good().header("content-type", "application/x-www-form-urlencoded").body("nickname=Li");
    let bad_members = json!({"nickname": "L", "phone": "13800138001", "email": "li"});
    let taken = |member: &str, value: &str| desk.by_admin(&json!({"user_id": "1002", member: value}));
    desk.examples(
        recorder,
        EDIT,
        [
            ("not-sent-as-json", "The body is a form's", form),
            ("malformed", "A nickname is a text", edit(json!({"nickname": 7}))),
            ("malformed-key", "The Idempotency-Key is none", good().header("idempotency-key", "\"\"")),
            ("several-members", "Several members break their rules", edit(bad_members)),
            (
                "empty-user-id",
                "An empty id is nobody's, and not the caller's own",
                edit(json!({"user_id": ""})),
            ),
            (
                "phone-unproved",
                "The phone changes without a proof",
                edit(json!({"phone": "+86 13800138001"})),
            ),
            (
                "email-unproved",
                "The e-mail address changes without a proof",
                edit(json!({"email": "lisi@example.com"})),
            ),
            (
                "dead-token",
                "The token is another contract's",
                good().bearer(&desk.world.wts_token("1002", "user")),
            ),
            (
                "no-admin",
                "A user asks to change another one",
                edit(json!({"user_id": "1001", "nickname": "Li Si"})),
            ),
            (
                "no-such-user",
                "There is no such user",
                desk.by_admin(&json!({"user_id": "1003", "nickname": "Wang Wu"})),
            ),
            ("erased", "The user was erased", desk.edit("1005", &json!({"nickname": "Li Si"}))),
            ("username-taken", "The username is somebody's", edit(json!({"username": "ZhangSan"}))),
            ("phone-taken", "The phone is somebody's", taken("phone", PHONE)),
            ("email-taken", "The e-mail address is somebody's", taken("email", EMAIL)),
        ],
    )
    .await;
    desk.failures(recorder, EDIT, ("UpdateItem", good()), [CONTENTION, THROTTLED, FAILED]).await;
}

async fn me(recorder: &mut Recorder, desk: &Desk) {
    desk.world.create("1004").await;
    let own = || desk.me("1001");
    desk.examples(
        recorder,
        ME,
        [
            ("shown", "A user", own()),
            ("little-set", "A user of whom little is known", desk.me("1004")),
            (
                "malformed",
                "The client's id has more than 128 characters",
                own().query("client_id", &"x".repeat(129)),
            ),
            ("no-token", "There is no token", own().without("authorization")),
            ("no-such-user", "The caller has no profile", desk.me("1003")),
        ],
    )
    .await;
    desk.failures(recorder, ME, ("GetItem", own()), [THROTTLED, FAILED]).await;
}

async fn refused_codes(recorder: &mut Recorder, desk: &Desk) {
    let phone = json!({"phone_number": "+86 13800138002"});
    let good = || desk.sending("1002", &phone);
    let form = good().header("content-type", "application/x-www-form-urlencoded").body("email=a");
    let both = desk.sending("1002", &json!({"phone_number": PHONE, "email": EMAIL}));
    let unclear = desk.sending("1002", &json!({"phone_number": "13800138000", "target": "SOMEBODY"}));
    desk.examples(
        recorder,
        SEND,
        [
            ("not-sent-as-json", "The body is a form's", form),
            ("malformed", "The body is no JSON", good().body("{")),
            ("both-addresses", "A code goes to one address", both),
            ("several-members", "Several members break their rules", unclear),
            ("no-token", "There is no token", good().without("authorization")),
            ("machine", "The token is a machine's own", good().bearer(&desk.machine())),
            (
                "too-soon",
                "A minute has to pass between two messages",
                desk.sending("1002", &json!({"phone_number": PHONE})),
            ),
        ],
    )
    .await;
    desk.mailbox.refuse(500, 1);
    recorder
        .example(&desk.world, SEND, "undelivered", "The carrier does not take the message", &good())
        .await;
    desk.failures(recorder, SEND, ("TransactWriteItems", good()), [CONTENTION, THROTTLED, FAILED]).await;
    let erased = desk.sending("1005", &phone);
    recorder.example(&desk.world, SEND, "erased", "The caller was erased", &erased).await;
}

async fn refused_guesses(recorder: &mut Recorder, desk: &Desk) {
    let id = "0".repeat(64);
    let guess = |body: Value| desk.guessing("1002", &body);
    let good = || guess(json!({"verification_id": id, "verification_code": "493817"}));
    let form = good().header("content-type", "application/x-www-form-urlencoded").body("verification_code=1");
    desk.examples(
        recorder,
        VERIFY,
        [
            ("not-sent-as-json", "The body is a form's", form),
            (
                "malformed",
                "A code is a text",
                guess(json!({"verification_id": id, "verification_code": 493_817})),
            ),
            ("no-id", "The id is missing", guess(json!({"verification_code": "493817"}))),
            ("no-code", "The code is missing", guess(json!({"verification_id": id}))),
            ("nothing", "Both are missing", guess(json!({}))),
            ("no-token", "There is no token", good().without("authorization")),
            ("machine", "The token is a machine's own", good().bearer(&desk.machine())),
        ],
    )
    .await;
    desk.failures(recorder, VERIFY, ("UpdateItem", good()), [CONTENTION, THROTTLED, FAILED]).await;
}

/// Where the stack tells whether an address is somebody's.
async fn told(recorder: &mut Recorder) {
    let desk = Desk::open(&[("REVEAL_CONTACT_USE", "true")]).await;
    let contacts = desk.edit("1001", &json!({"phone": PHONE, "email": EMAIL}));
    assert_eq!(desk.world.send(&contacts).await.status, 200);
    let sending = |body: Value| desk.sending("1002", &body);
    let phone = |target: &str| sending(json!({"phone_number": PHONE, "target": target}));
    desk.examples(
        recorder,
        SEND,
        [
            ("sent-to-user", "With REVEAL_CONTACT_USE: the address is a user's", phone("USER")),
            (
                "nobodys",
                "With REVEAL_CONTACT_USE: a code for a user's address only, and this one is nobody's",
                sending(json!({"email": "nobody@example.com", "target": "USER"})),
            ),
            (
                "email-taken",
                "With REVEAL_CONTACT_USE: a code for a new address only, and this one is somebody's",
                sending(json!({"email": EMAIL, "target": "NOT_USER"})),
            ),
        ],
    )
    .await;
    desk.world.clock.forward(60);
    let summary = "With REVEAL_CONTACT_USE: a code for a new phone only, and this one is somebody's";
    recorder.example(&desk.world, SEND, "phone-taken", summary, &phone("NOT_USER")).await;
}
