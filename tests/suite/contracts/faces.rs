//! The five contracts side by side: the same request to each, and each one's whole answer to the same outcome.

use crate::contracts::authms_pages::page;
use crate::contracts::{authms, ciam};
use ::authms::problem;
use serde_json::{Value, json};
use tests::{Reply, Request, Service};

/// An endpoint of a wire contract; the first five are the updates.
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
    AuthMsErase,
    AuthMsHistory,
    AuthMsExport,
    /// `GET` of a page about a problem.
    ErrorPage,
    /// Has a code sent.
    CiamSend,
    CloudBaseSend,
    /// Tries a code.
    CloudBaseVerify,
}

/// All there are.
pub const ALL: &[Face] = &[
    Face::AuthMs,
    Face::Ciam,
    Face::Wts,
    Face::CloudBase,
    Face::SystemUser,
    Face::AuthMsRead,
    Face::CiamRead,
    Face::WtsRead,
    Face::CloudBaseRead,
    Face::AuthMsErase,
    Face::AuthMsHistory,
    Face::AuthMsExport,
    Face::ErrorPage,
    Face::CiamSend,
    Face::CloudBaseSend,
    Face::CloudBaseVerify,
];

/// A problem type whose page is asked for.
const PAGE: &problem::Kind = &problem::FORBIDDEN;

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
    /// A code is on its way.
    Sent,
    /// A code was tried in vain.
    WrongCode,
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
            Self::AuthMsErase => Request::delete_profile(user),
            Self::AuthMsHistory => Request::get_history(user),
            Self::AuthMsExport => Request::export_profile(user),
            Self::ErrorPage => Request::describe_error(PAGE.slug),
            Self::CiamSend => {
                let phone = format!("138{user:0>8}");
                Request::send_otp().json(&json!({"usage": "update_userinfo", "phone_number": phone}))
            }
            Self::CloudBaseSend => {
                Request::send_verification().json(&json!({"phone_number": format!("+86 138{user:0>8}")}))
            }
            Self::CloudBaseVerify => {
                let guess = json!({"verification_id": "0".repeat(64), "verification_code": "123456"});
                Request::verify_code().json(&guess)
            }
        }
    }

    /// Whether the token alone says whom a request is about.
    pub const fn is_about_the_caller(self) -> bool {
        matches!(
            self,
            Self::Ciam | Self::CiamRead | Self::CloudBaseRead | Self::CloudBaseSend | Self::CloudBaseVerify
        )
    }

    /// The reply without what the stream adds in its own time, and what random things were told.
    pub fn settled(self, mut reply: Reply) -> Reply {
        if reply.status == 200 {
            match self {
                Self::AuthMsHistory => reply.body["data"]["entries"] = json!([]),
                Self::AuthMsExport => reply.body = json!({"user_id": reply.body["user_id"]}),
                _ => {}
            }
        }
        reply.masked()
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
            Self::AuthMsErase if matches!(outcome, Outcome::Done(_)) => Reply::new(204, &[], json!("")),
            Self::AuthMsErase => authms_answer(user, outcome),
            Self::AuthMsHistory => unkept(history_answer(user, outcome)),
            Self::AuthMsExport => unkept(export_answer(user, outcome)),
            Self::ErrorPage => page(PAGE, 0),
            Self::CiamSend => sending_answer(outcome),
            Self::CloudBaseSend | Self::CloudBaseVerify => cloudbase_answer(user, outcome),
        }
    }
}

/// An answer that no cache may keep: to a read, every one.
pub fn unkept(reply: Reply) -> Reply {
    authms::with_header(reply, "cache-control", "no-store")
}

fn authms_answer(user: &str, outcome: Outcome) -> Reply {
    authms_answer_at(&format!("/profiles/{user}"), user, outcome)
}

fn history_answer(user: &str, outcome: Outcome) -> Reply {
    match outcome {
        Outcome::Shown => {
            let (time, data) = (authms::NOON, json!({"entries": []}));
            let message = "获取变更历史成功";
            Reply::json(200, json!({"code": 0, "message": message, "timestamp": time, "data": data}))
        }
        _ => authms_answer_at(&format!("/profiles/{user}/history"), user, outcome),
    }
}

fn export_answer(user: &str, outcome: Outcome) -> Reply {
    match outcome {
        Outcome::Shown => {
            let attachment = r#"attachment; filename="profile-export.json""#;
            authms::with_header(Reply::json(200, json!({"user_id": user})), "content-disposition", attachment)
        }
        _ => authms_answer_at(&format!("/profiles/{user}/export"), user, outcome),
    }
}

fn sending_answer(outcome: Outcome) -> Reply {
    match outcome {
        Outcome::Sent => Reply::json(200, json!({"otp_token": "…"})),
        _ => {
            let refused = ciam::error(401, json!({"error": "invalid_client"}));
            authms::with_header(refused, "www-authenticate", r#"Basic realm="profiles""#)
        }
    }
}

fn authms_answer_at(path: &str, user: &str, outcome: Outcome) -> Reply {
    let instance = json!({"instance": format!("https://id.example.com{path}")});
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
        Outcome::Sent | Outcome::WrongCode => unreachable!("AuthMS knows no codes"),
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
        Outcome::Sent | Outcome::WrongCode => unreachable!("no answer of userinfo"),
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
        Outcome::Sent | Outcome::WrongCode => unreachable!("WTS knows no codes"),
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
        Outcome::NotAdmitted => refused(403, "permission_denied", "A user's access token is required"),
        Outcome::Forbidden => {
            refused(403, "permission_denied", "Administrator privileges are required to modify other users")
        }
        Outcome::NoSuchUser => refused(404, "user_not_found", "User not found"),
        Outcome::Sent => {
            Reply::json(200, json!({"verification_id": "…", "expires_in": 600, "is_user": false}))
        }
        Outcome::WrongCode => refused(400, "invalid_verification_code", "Verification is invalid or expired"),
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
        Outcome::Sent | Outcome::WrongCode => unreachable!("System user knows no codes"),
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
