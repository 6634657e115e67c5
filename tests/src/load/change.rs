//! Changes of profiles whose values no other change has.

use super::{Caller, Lost};
use crate::{Reply, Request};
use serde_json::{Value, json};
use shared::profile::{Attribute, Contact};
use std::net::Ipv4Addr;

/// Whose profile is changed. The id is one that all contracts can have: a number.
pub struct User {
    /// The id.
    pub id: String,
    token: String,
    wts_token: String,
}

/// A change, and what the profile holds once it is done.
#[derive(Clone)]
pub struct Change {
    /// Through which contract.
    pub contract: &'static str,
    /// The request, with an `Idempotency-Key`.
    pub request: Request,
    /// What the profile holds afterwards, and held before with other values.
    pub values: Vec<(Attribute, String)>,
    /// Whether the contact is proved afterwards.
    pub proves: Option<Contact>,
}

impl User {
    /// A user with tokens for all contracts.
    pub fn new(caller: &Caller, number: u64) -> Self {
        let id = number.to_string();
        Self { token: caller.token(&id), wts_token: caller.wts_token(&id), id }
    }

    /// The token for AuthMS, CIAM and CloudBase.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The token for WTS.
    pub fn wts_token(&self) -> &str {
        &self.wts_token
    }

    /// The user's first request, which makes an empty profile.
    pub fn creation(&self) -> Request {
        Request::put_profile(&self.id).bearer(&self.token).json(&json!({}))
    }

    /// Change number `n` through one of the five contracts, `kind` in turn. No two `n` may be the same.
    pub fn change(&self, caller: &Caller, kind: u64, n: u64) -> Change {
        let (contract, request, body, values) = match kind % 5 {
            0 => (
                "authms",
                Request::put_profile(&self.id).bearer(&self.token),
                json!({"city": format!("City {n}"), "website": format!("https://example.com/{n}")}),
                vec![
                    (Attribute::City, format!("City {n}")),
                    (Attribute::Website, format!("https://example.com/{n}")),
                ],
            ),
            1 => (
                "ciam",
                Request::patch_userinfo().bearer(&self.token),
                json!({"nickname": format!("Nick {n}"), "name": format!("Name {n}")}),
                vec![(Attribute::Nickname, format!("Nick {n}")), (Attribute::Name, format!("Name {n}"))],
            ),
            2 => (
                "wts",
                Request::change_profile().bearer(&self.wts_token),
                json!({"who": self.id, "block": "1", "room": n.to_string(), "phone": phone(n), "isp": "mobile",
                    "account": format!("account {n}")}),
                vec![
                    (Attribute::Room, n.to_string()),
                    (Attribute::Phone, format!("+86{}", phone(n))),
                    (Attribute::Account, format!("account {n}")),
                ],
            ),
            3 => (
                "cloudbase",
                Request::edit_user_basic().bearer(&self.token),
                json!({"username": format!("user-{n}"), "description": format!("About {n}")}),
                vec![(Attribute::Username, format!("user-{n}")), (Attribute::Bio, format!("About {n}"))],
            ),
            _ => (
                "system-user",
                Request::update_user(&self.id).bearer(caller.api_key()),
                json!({"email": format!("mail-{n}@example.com"), "nickName": format!("Nick {n}")}),
                vec![
                    (Attribute::Email, format!("mail-{n}@example.com")),
                    (Attribute::Nickname, format!("Nick {n}")),
                ],
            ),
        };
        let request = request.header("idempotency-key", &format!("\"change {n}\"")).json(&body);
        Change { contract, request, values, proves: None }
    }

    /// Change number `n`: the phone, proved by a code that CIAM sends there.
    ///
    /// # Errors
    /// The answer that was not as it should be, in words; nothing was changed then.
    pub async fn proved_change(&self, caller: &Caller, n: u64) -> Result<Change, Trouble> {
        let to = phone(n);
        let send = Request::send_otp().basic(caller.client());
        let send = send.json(&json!({"usage": "update_userinfo", "phone_number": to}));
        let sent = caller.send_from(source(n), &send).await?;
        let token = sent.body["otp_token"].as_str().ok_or(Trouble::Answer(sent.clone()))?;
        let code = caller.code(&format!("+86{to}")).await.ok_or(Lost::Unanswered)?;
        let request = Request::patch_userinfo().bearer(&self.token);
        let request = request.header("idempotency-key", &format!("\"change {n}\""));
        let body = json!({"phone_number": to, "phone_number_otp_token": token, "phone_number_otp": code});
        Ok(Change {
            contract: "ciam",
            request: request.json(&body),
            values: vec![(Attribute::Phone, format!("+86{to}"))],
            proves: Some(Contact::Phone),
        })
    }
}

/// Why a change could not be made ready.
#[derive(Clone, Debug, PartialEq)]
pub enum Trouble {
    /// There was no answer.
    Lost(Lost),
    /// The answer was another one.
    Answer(Reply),
}

impl From<Lost> for Trouble {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost)
    }
}

impl Change {
    /// Whether an answer says that the change is done.
    pub fn is_done(&self, reply: &Reply) -> bool {
        match self.contract {
            "wts" => reply.status == 200 && reply.body["success"] == true,
            "system-user" => reply.status == 200 && reply.body["code"] == "0000",
            _ => reply.status == 200,
        }
    }

    /// Whether an answer is the contract's own word for a store that is not to be had.
    pub fn is_unavailable(&self, reply: &Reply) -> bool {
        match self.contract {
            "authms" => reply.status == 503 && reply.body["code"] == 30_101_012,
            "ciam" => reply.status == 503 && reply.body["error"] == "temporarily_unavailable",
            "wts" => reply.status == 500 && reply.body["errType"] == 1,
            "cloudbase" => reply.status == 500 && reply.body["error"] == "internal",
            _ => reply.status == 200 && reply.body["code"] == "5000",
        }
    }
}

/// A phone number of mainland China for each number below 1,000,000,000.
pub(crate) fn phone(n: u64) -> String {
    (13_000_000_000 + n).to_string()
}

/// A loopback address for each number: codes are limited by network address, and to one in a while by destination.
pub(crate) fn source(n: u64) -> Ipv4Addr {
    let [.., b, c, d] = n.to_be_bytes();
    Ipv4Addr::new(127, b, c, d.max(1))
}

/// The `bio` that sync request `n` asks for.
pub fn bio(n: u64) -> String {
    format!("as of {n}")
}

/// Sync request `n` about a user's `bio`, to be put on the bus.
pub fn sync_request(user: &str, n: u64) -> Request {
    let detail =
        json!({"user_id": user, "operation": "upsert", "sequence": n, "attributes": {"bio": bio(n)}});
    let event: Value = json!({"source": "crm", "detail-type": "Profile Sync Requested", "detail": detail});
    Request::at("POST /_local/events").json(&event)
}
