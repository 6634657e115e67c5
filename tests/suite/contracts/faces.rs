//! The five contracts side by side: the same request to each, and each one's whole answer to the same outcome.

use crate::contracts::{authms, ciam};
use serde_json::{Value, json};
use tests::{Reply, Request, Service};

/// A wire contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    AuthMs,
    Ciam,
    Wts,
    CloudBase,
    SystemUser,
    /// `GET` of the same profile.
    AuthMsRead,
    CiamRead,
    WtsRead,
    CloudBaseRead,
}

/// The contracts that take tokens of named issuers.
pub const NAMED: [Face; 3] = [Face::AuthMs, Face::Ciam, Face::CloudBase];

/// What comes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Changed; the profile's version then.
    Done(u64),
    /// Shown: the empty profile, version 1.
    Shown,
    Missing,
    Malformed,
    Invalid,
    Expired,
    NotAdmitted,
    Forbidden,
    NoSuchUser,
}

impl Face {
    /// A good request about this user, a number, without a credential.
    pub fn request(self, user: &str) -> Request {
        match self {
            Self::AuthMs => Request::put_profile(user).json(&json!({"city": "Rome"})),
            Self::Ciam => Request::patch_userinfo().json(&json!({"nickname": "Al"})),
            Self::Wts => Request::change_profile().json(&json!({
                "who": user, "block": "15", "room": "202", "phone": format!("139{user:0>8}"), "isp": "telecom",
                "account": "1",
            })),
            Self::CloudBase => {
                Request::edit_user_basic().json(&json!({"user_id": user, "gender": "MALE"}))
            }
            Self::SystemUser => Request::update_user(user).json(&json!({"role": "User"})),
            Self::AuthMsRead => Request::get_profile(user),
            Self::CiamRead => Request::get_userinfo(),
            Self::WtsRead => Request::view_profile().query("who", user),
            Self::CloudBaseRead => Request::get_user_me(),
        }
    }

    /// The whole answer to what came of [`Face::request`].
    pub fn answer(self, user: &str, outcome: Outcome) -> Reply {
        match self {
            Self::AuthMs => authms_answer(user, outcome),
            Self::Ciam => ciam_answer(user, outcome),
            Self::Wts => wts_answer(user, outcome),
            Self::CloudBase => cloudbase_answer(user, outcome),
            Self::SystemUser => system_user_answer(outcome),
            Self::AuthMsRead => unkept(authms_answer(user, outcome)),
            Self::CiamRead => unkept(ciam_answer(user, outcome)),
            Self::WtsRead if outcome == Outcome::Forbidden => {
                let msg = "only admins can view other users' profiles";
                unkept(Reply::json(403, json!({"success": false, "msg": msg, "errType": 3})))
            }
            Self::WtsRead => unkept(wts_answer(user, outcome)),
            Self::CloudBaseRead => unkept(cloudbase_answer(user, outcome)),
        }
    }
}

/// An answer that no cache may keep: to a read, every one.
pub fn unkept(reply: Reply) -> Reply {
    authms::with_header(reply, "cache-control", "no-store")
}

fn authms_answer(user: &str, outcome: Outcome) -> Reply {
    let instance = json!({"instance": format!("https://id.example.com/profiles/{user}")});
    let problem = |slug: &str| authms::with_body(authms::problem(slug), &instance);
    let unauthenticated = |fault: &str, members: Value| {
        let challenge = format!("Bearer realm=\"profiles\"{fault}");
        let reply = authms::with_body(problem("unauthenticated"), &members);
        authms::with_header(reply, "www-authenticate", &challenge)
    };
    let fault =
        |what: &str| format!(", error=\"invalid_token\", error_description=\"The access token {what}\"");
    match outcome {
        Outcome::Done(version) => authms::success(user, version, &json!({"city": "Rome"})),
        Outcome::Shown => authms::shown(user, 1, &json!({})),
        Outcome::Missing => unauthenticated("", json!({})),
        Outcome::Malformed => unauthenticated(&fault("is malformed"), json!({})),
        Outcome::Invalid => unauthenticated(&fault("is invalid"), json!({})),
        Outcome::Expired => {
            unauthenticated(&fault("expired"), json!({"detail": "The access token has expired."}))
        }
        Outcome::NotAdmitted | Outcome::Forbidden => problem("forbidden"),
        Outcome::NoSuchUser => problem("user-not-found"),
    }
}

fn ciam_answer(user: &str, outcome: Outcome) -> Reply {
    match outcome {
        Outcome::Done(_) => ciam::claims(&json!({"sub": user, "nickname": "Al"})),
        Outcome::Shown => ciam::claims(&json!({"sub": user})),
        Outcome::Missing => {
            ciam::bearer_error(400, "invalid_request", "Bearer token not found in the request")
        }
        Outcome::Malformed | Outcome::Invalid | Outcome::Expired => {
            ciam::bearer_error(401, "invalid_token", "Error decoding JWT")
        }
        Outcome::NotAdmitted | Outcome::Forbidden => ciam::bearer_error(
            403,
            "insufficient_scope",
            "The request requires higher privileges than provided by the access token.",
        ),
        Outcome::NoSuchUser => ciam::error(404, json!({"error": "user_not_found"})),
    }
}

fn wts_answer(user: &str, outcome: Outcome) -> Reply {
    let refused = |status: u16, err_type: Value, msg: &str| {
        Reply::json(status, json!({"success": false, "msg": msg, "errType": err_type}))
    };
    match outcome {
        Outcome::Done(_) => Reply::json(200, json!({"success": true, "msg": "profile change success~"})),
        Outcome::Shown => {
            let profile = json!({
                "who": user, "wx": user, "block": "", "room": "", "phone": "", "isp": "", "account": "",
            });
            Reply::json(200, json!({"success": true, "msg": "user profile", "profile": profile}))
        }
        Outcome::Missing | Outcome::Malformed => refused(403, json!(3), "missing or malformed jwt"),
        Outcome::Invalid | Outcome::Expired => refused(403, json!(3), "invalid or expired jwt"),
        Outcome::NotAdmitted => refused(403, json!(3), "only active users can access this API"),
        Outcome::Forbidden => refused(403, json!(3), "only admins can change other users' profiles"),
        Outcome::NoSuchUser => refused(400, json!("logic"), "no such user"),
    }
}

fn cloudbase_answer(user: &str, outcome: Outcome) -> Reply {
    let refused = |status: u16, error: &str, description: &str| {
        let body = json!({"error": error, "error_code": status, "error_description": description});
        Reply::json(status, body)
    };
    match outcome {
        Outcome::Done(_) => Reply::json(200, json!({})),
        Outcome::Shown => {
            let noon = authms::NOON;
            Reply::json(200, json!({"sub": user, "user_id": user, "created_at": noon, "updated_at": noon}))
        }
        Outcome::Missing | Outcome::Malformed | Outcome::Invalid | Outcome::Expired => {
            refused(401, "unauthenticated", "The access token is missing, invalid or expired")
        }
        Outcome::NotAdmitted | Outcome::Forbidden => {
            refused(403, "permission_denied", "Administrator privileges are required to modify other users")
        }
        Outcome::NoSuchUser => refused(404, "user_not_found", "User not found"),
    }
}

fn system_user_answer(outcome: Outcome) -> Reply {
    let (code, message) = match outcome {
        // An unknown user too: nothing is written.
        Outcome::Done(_) | Outcome::Shown | Outcome::NoSuchUser => ("0000", "成功"),
        Outcome::Missing => ("4030", "Missing API Key."),
        Outcome::Malformed | Outcome::Invalid => ("4000", "Invalid API Key."),
        Outcome::Expired => ("4030", "API Key expired."),
        Outcome::NotAdmitted | Outcome::Forbidden => ("4030", "Permission denied."),
    };
    let body = json!({
        "code": code, "displayCode": code, "message": message, "data": null, "tid": authms::MASK,
        "success": code == "0000",
    });
    Reply::json(200, body)
}

/// Sends a request, and masks what is random in its answer once its form has been checked.
pub async fn send(world: &Service, request: &Request) -> Reply {
    let mut reply = authms::send(world, request).await;
    if let Some(tid) = reply.body.get("tid").and_then(Value::as_str) {
        let number = tid.strip_suffix("1775217600000").and_then(|number| number.parse::<u32>().ok());
        assert!(number.is_some_and(|number| (100..=999_998).contains(&number)), "{tid}");
        reply.body["tid"] = json!(authms::MASK);
    }
    reply
}
