//! What callers do, in their usual shares.

use super::Seen;
use crate::load::{Caller, Change, Trouble, User, phone, source, sync_request};
use crate::{Reply, Request};
use serde_json::json;
use std::sync::Arc;
use std::time::Instant;

/// Steps until the mix begins anew.
const ROUND: u64 = 20;

/// All that a step needs.
pub(super) struct Mix {
    pub(super) caller: Arc<Caller>,
    pub(super) users: Vec<User>,
    pub(super) seen: Arc<Seen>,
}

impl Mix {
    /// Makes the users' profiles.
    pub(super) async fn create_users(&self) {
        for user in &self.users {
            let created = self.caller.send(&user.creation()).await.unwrap();
            assert_eq!(created.status, 200, "{created:?}");
        }
    }

    /// Step `number`: of twenty, six read, ten change (two of them with a code), one erases, one asks by an event, two are
    /// refused.
    pub(super) async fn step(&self, number: u64) {
        let (round, place) = (number / ROUND, number % ROUND);
        // Each user has each kind of step.
        let user = &self.users[usize::try_from((round * 7 + place) % self.users.len() as u64).unwrap()];
        match place {
            0..6 => self.read(place, user).await,
            6..14 => self.change(user.change(&self.caller, number, number)).await,
            14 => self.prove_to_ciam(user, number).await,
            15 => self.prove_to_cloudbase(user, number).await,
            16 => self.erase(number).await,
            17 => {
                self.expect("events", 202, &sync_request(&user.id, number + 1)).await;
            }
            _ => self.refused(place + round % 3, user).await,
        }
    }

    async fn read(&self, place: u64, user: &User) {
        let (contract, request) = match place {
            0 => ("authms", Request::get_profile(&user.id).bearer(user.token())),
            1 => ("ciam", Request::get_userinfo().bearer(user.token())),
            2 => ("wts", Request::view_profile().bearer(user.wts_token())),
            3 => ("cloudbase", Request::get_user_me().bearer(user.token())),
            4 => ("authms", Request::get_history(&user.id).bearer(user.token())),
            _ => ("authms", Request::export_profile(&user.id).bearer(user.token())),
        };
        self.expect(contract, 200, &request).await;
    }

    async fn change(&self, change: Change) {
        let reply = self.timed(change.contract, &change.request).await;
        if let Some(reply) = reply.filter(|reply| !change.is_done(reply)) {
            self.unexpected(change.contract, &reply);
        }
    }

    async fn prove_to_ciam(&self, user: &User, number: u64) {
        let begin = Instant::now();
        match user.proved_change(&self.caller, number).await {
            Ok(change) => {
                self.seen.answered("codes", begin.elapsed());
                self.change(change).await;
            }
            Err(Trouble::Answer(reply)) => self.unexpected("codes", &reply),
            Err(Trouble::Lost(lost)) => self.seen.failed(format!("codes: {lost:?}")),
        }
    }

    /// By a user of its own: one user may have twenty codes a day.
    async fn prove_to_cloudbase(&self, user: &User, number: u64) {
        let to = format!("proof-{number}@example.com");
        let visitor = User::new(&self.caller, 1_000_000 + number);
        let send = Request::send_verification().bearer(visitor.token()).json(&json!({"email": to}));
        let begin = Instant::now();
        let Ok(sent) = self.caller.send_from(source(number), &send).await else {
            return self.seen.failed("cloudbase: no answer".to_owned());
        };
        self.seen.answered("codes", begin.elapsed());
        let Some(id) = sent.body["verification_id"].as_str() else { return self.unexpected("codes", &sent) };
        let Some(code) = self.caller.code(&to).await else {
            return self.seen.failed("no code in the outbox".to_owned());
        };
        let verify = Request::verify_code().bearer(visitor.token());
        let verify = verify.json(&json!({"verification_id": id, "verification_code": code}));
        let Some(verified) = self.expect("cloudbase", 200, &verify).await else { return };
        let body = json!({"email": to, "verification_token": verified.body["verification_token"]});
        let edit = Request::edit_user_basic().bearer(visitor.token()).json(&body);
        self.expect("cloudbase", 200, &edit).await;
        // Somebody else cannot take it.
        let body = json!({"email": to});
        let take = Request::update_user(&user.id).bearer(self.caller.api_key()).json(&body);
        if let Some(reply) = self.expect("system-user", 200, &take).await
            && reply.body["message"] != "Email is already in use."
        {
            self.unexpected("system-user", &reply);
        }
    }

    async fn erase(&self, number: u64) {
        let leaving = User::new(&self.caller, 1_000_000_000 + number);
        let profile = json!({"nickname": "Leaving", "city": "Lyon"});
        let create = Request::put_profile(&leaving.id).bearer(leaving.token()).json(&profile);
        self.expect("authms", 200, &create).await;
        let erase = Request::delete_profile(&leaving.id).bearer(leaving.token());
        self.expect("authms", 204, &erase).await;
        let read = Request::get_profile(&leaving.id).bearer(leaving.token());
        self.expect("authms", 404, &read).await;
    }

    async fn refused(&self, kind: u64, user: &User) {
        let (contract, status, request) = match kind % 5 {
            0 => ("authms", 401, Request::put_profile(&user.id).json(&json!({"city": "x"}))),
            1 => ("ciam", 400, Request::patch_userinfo().bearer(user.token()).body("{")),
            2 => ("wts", 403, Request::change_profile().bearer(user.token()).body("{}")),
            3 => (
                "cloudbase",
                403,
                Request::edit_user_basic()
                    .bearer(user.token())
                    .json(&json!({"user_id": "999", "nickname": "Nobody"})),
            ),
            _ => (
                "authms",
                400,
                Request::put_profile(&user.id).bearer(user.token()).json(&json!({"country": phone(0)})),
            ),
        };
        self.expect(contract, status, &request).await;
    }

    async fn expect(&self, contract: &'static str, status: u16, request: &Request) -> Option<Reply> {
        let reply = self.timed(contract, request).await?;
        if reply.status != status {
            self.unexpected(contract, &reply);
            return None;
        }
        Some(reply)
    }

    async fn timed(&self, contract: &'static str, request: &Request) -> Option<Reply> {
        let begin = Instant::now();
        match self.caller.send(request).await {
            Ok(reply) => {
                self.seen.answered(contract, begin.elapsed());
                Some(reply)
            }
            Err(lost) => {
                self.seen.failed(format!("{contract}: {}: {lost:?}", request.route()));
                None
            }
        }
    }

    fn unexpected(&self, contract: &str, reply: &Reply) {
        self.seen.failed(format!("{contract}: {} {}", reply.status, reply.body));
    }
}
