//! One round: load, a kill in its midst, and a look at what is there afterwards.

use super::{Scene, Victim};
use crate::kills::end;
use crate::load::{Caller, Change, Lost, Process, Trouble, User, findings, phone, source, sync_request};
use crate::{Reply, Request};
use local::record::Record;
use serde_json::json;
use shared::clock::{Clock, SystemClock};
use shared::profile::{Attribute, Contact};
use shared::store::ProfileStore;
use shared::validation::UserId;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::sleep;

/// The functions that the load keeps busy.
const BUSY: [&str; 9] = [
    "change-profile",
    "edit-user-basic",
    "patch-userinfo",
    "publish-changes",
    "put-profile",
    "send-notices",
    "send-otp",
    "sync-profiles",
    "update-user",
];

/// How often a change is asked for again that met a killed function.
const ATTEMPTS: u32 = 3;

/// How long the consumers of stream and queue may take until they have caught up.
const CATCH_UP: Duration = Duration::from_secs(60);

/// Entries of a history that are looked at: more than a round makes.
const ENTRIES: u16 = 100;

/// What one of the callers does, and is told.
#[derive(Default)]
struct Told {
    user: String,
    done: Vec<Change>,
    /// The change whose answer was lost.
    pending: Option<Change>,
    /// Numbers of sync requests that were taken.
    asked: Vec<u64>,
    unanswered: u32,
    gateway: u32,
    refused: u32,
    replayed: u32,
    repeated: u32,
    violations: Vec<String>,
}

/// A code that was sent before the kill.
struct Sent {
    user: Arc<User>,
    phone: String,
    body: serde_json::Value,
}

impl Scene {
    /// Plays a round; the stack that runs then, if it does.
    pub(super) async fn round(&mut self, process: Process) -> Option<Process> {
        let sent = match self.plan.victim {
            Victim::Stack | Victim::Engine => self.send_code().await,
            Victim::Function => None,
        };
        let (stop, lasting) = (Arc::<AtomicBool>::default(), self.plan.victim == Victim::Function);
        let mut load = JoinSet::new();
        for user in self.users.clone() {
            let (caller, drawn, stop) =
                (Arc::clone(&self.caller), Arc::clone(&self.drawn), Arc::clone(&stop));
            load.spawn(async move { change(&caller, &user, &drawn, &stop, lasting).await });
        }
        for user in self.synced.clone() {
            let (caller, drawn, stop) =
                (Arc::clone(&self.caller), Arc::clone(&self.drawn), Arc::clone(&stop));
            load.spawn(async move { ask(&caller, &user, &drawn, &stop).await });
        }
        let survivor = self.strike(process).await;
        stop.store(true, Ordering::SeqCst);
        let told = load.join_all().await;
        let process = match survivor {
            Some(process) => process,
            None => self.start().await?,
        };
        let store = Record::read(&self.data).unwrap().store().await;
        for told in told {
            self.enter(told, &store).await;
        }
        let mut users: Vec<Arc<User>> = self.users.clone();
        if let Some(sent) = sent {
            users.push(Arc::clone(&sent.user));
            self.use_code(sent).await;
        }
        self.judge(&store, &users).await;
        Some(process)
    }

    /// Kills what is to be killed, at a random moment; the stack, if it was not that.
    async fn strike(&mut self, process: Process) -> Option<Process> {
        sleep(Duration::from_millis(300 + self.dice.below(2000))).await;
        match self.plan.victim {
            Victim::Function => {
                let mut running = process.functions();
                running.retain(|(name, _)| BUSY.contains(&name.as_str()));
                running.sort();
                let mut names: Vec<String> = running.iter().map(|(name, _)| name.clone()).collect();
                names.dedup();
                let name = names.swap_remove(self.dice.below(names.len() as u64) as usize);
                running.retain(|(running, _)| *running == name);
                let (_, pid) = running[self.dice.below(running.len() as u64) as usize];
                if end(pid) {
                    *self.report.killed.entry(name).or_default() += 1;
                }
                // The callers go on for a while: the next request must be served.
                sleep(Duration::from_millis(150 + self.dice.below(300))).await;
                return Some(process);
            }
            Victim::Engine => {
                let log = self.data.join("dynamodb.sqlite-wal");
                spawn_blocking(move || await_write(&log)).await.unwrap();
            }
            Victim::Stack => {}
        }
        if let Err(living) = process.kill().await {
            self.report.violations.push(format!("these outlive the stack: {living:?}"));
        }
        None
    }

    /// Enters what a caller was told. What it was not told, it asks for again under the same key, as a rule.
    async fn enter(&mut self, mut told: Told, store: &ProfileStore) {
        for n in &told.asked {
            self.ledger.asked(&told.user, *n);
            self.report.asked += 1;
        }
        for change in &told.done {
            self.ledger.done(&told.user, change);
            *self.report.acknowledged.entry(change.contract).or_default() += 1;
        }
        if let Some(change) = told.pending.take() {
            if self.dice.below(4) == 0 {
                self.report.abandoned += 1;
                if version(store, &told.user).await == self.ledger.version(&told.user) + 1 {
                    self.ledger.done(&told.user, &change);
                }
            } else {
                ask_again(&self.caller, &change, &mut told).await;
                self.ledger.done(&told.user, &change);
            }
        }
        let report = &mut self.report;
        report.unanswered += told.unanswered;
        report.gateway += told.gateway;
        report.refused += told.refused;
        report.replayed += told.replayed;
        report.repeated += told.repeated;
        report.violations.append(&mut told.violations);
    }

    /// Has a code sent to the phone that a new user wants to have.
    async fn send_code(&mut self) -> Option<Sent> {
        let n = self.number();
        let user = Arc::new(User::new(&self.caller, 1_000_000 + n));
        let created = self.caller.send(&user.creation()).await.ok()?;
        let phone = phone(n);
        let send = Request::send_verification().bearer(user.token());
        let send = send.json(&json!({"phone_number": format!("+86 {phone}")}));
        let sent = self.caller.send_from(source(n), &send).await.ok()?;
        let code = self.caller.code(&format!("+86{phone}")).await;
        let (Some(id), Some(code), 200) = (sent.body["verification_id"].as_str(), code, created.status)
        else {
            self.report.violations.push(format!("no code was sent: {created:?} {sent:?}"));
            return None;
        };
        self.ledger.created(&user.id);
        Some(Sent { user, phone, body: json!({"verification_id": id, "verification_code": code}) })
    }

    /// Changes the phone by the code, which counts once.
    async fn use_code(&mut self, Sent { user, phone, body }: Sent) {
        let verify = Request::verify_code().bearer(user.token()).json(&body);
        let verified = self.caller.send(&verify).await;
        let proof = verified.as_ref().ok().map(|reply| reply.body["verification_token"].clone());
        let body = json!({"phone": format!("+86 {phone}"), "verification_token": proof});
        let change = Change {
            contract: "cloudbase",
            request: Request::edit_user_basic().bearer(user.token()).json(&body),
            values: vec![(Attribute::Phone, format!("+86{phone}"))],
            proves: Some(Contact::Phone),
        };
        match self.caller.send(&change.request).await {
            Ok(reply) if change.is_done(&reply) => self.ledger.done(&user.id, &change),
            other => {
                let words = format!("a code from before the kill does not count: {verified:?} {other:?}");
                self.report.violations.push(words);
            }
        }
        match self.caller.send(&verify).await {
            Ok(reply) if reply.status == 400 => self.report.codes += 1,
            other => self.report.violations.push(format!("a code counts twice: {other:?}")),
        }
    }

    /// Looks at everything: profiles, versions, history, claims.
    async fn judge(&mut self, store: &ProfileStore, users: &[Arc<User>]) {
        let (deadline, mut versions) = (Instant::now() + CATCH_UP, 0);
        for user in users.iter().chain(&self.synced) {
            loop {
                let missing = self.missing(store, user).await;
                if missing.is_none() || Instant::now() > deadline {
                    self.report.violations.extend(missing);
                    break;
                }
                sleep(Duration::from_millis(50)).await;
            }
            versions += version(store, &user.id).await;
        }
        for user in users {
            match store.read(&UserId::parse(&user.id).unwrap()).await.unwrap().and_then(|read| read.profile) {
                Some(profile) => self.report.violations.extend(self.ledger.differences(&profile)),
                None => self.report.violations.push(format!("{} is gone", user.id)),
            }
        }
        self.report.versions = versions;
        self.report.violations.extend(findings(store).await.unwrap());
    }

    /// What has not yet come out of stream and queue about a user.
    async fn missing(&self, store: &ProfileStore, user: &User) -> Option<String> {
        let id = UserId::parse(&user.id).unwrap();
        let profile = store.read(&id).await.unwrap()?.profile?;
        if !self.ledger.is_synced(&profile) {
            return Some(format!("{id}: a sync request was taken and did not arrive"));
        }
        let history = store.history(&id, None, ENTRIES, SystemClock.now()).await.unwrap().entries;
        let found: Vec<(u64, &str)> =
            history.iter().map(|entry| (entry.version, entry.contract.as_str())).collect();
        let oldest = profile.version.saturating_sub(ENTRIES.into()) + 1;
        let known = self.ledger.contracts(&user.id);
        let contract = |version: u64| {
            let place = usize::try_from(version - 1).unwrap();
            known.get(place).copied().unwrap_or(if version == 1 { "authms" } else { "sync" })
        };
        let expected: Vec<(u64, &str)> =
            (oldest..=profile.version).rev().map(|version| (version, contract(version))).collect();
        let synced = self.synced.iter().any(|synced| synced.id == user.id);
        let same = match synced {
            true => found.iter().map(|found| found.0).eq(expected.iter().map(|expected| expected.0)),
            false => found == expected,
        };
        (!same).then(|| format!("{id}: history is {found:?} and not {expected:?}"))
    }
}

async fn version(store: &ProfileStore, user: &str) -> u64 {
    let read = store.read(&UserId::parse(user).unwrap()).await.unwrap();
    read.map_or(0, |record| record.version)
}

/// Changes a user's profile again and again, until it is stopped or the stack is gone. A `lasting` stack answers always.
async fn change(caller: &Caller, user: &User, drawn: &AtomicU64, stop: &AtomicBool, lasting: bool) -> Told {
    let mut told = Told { user: user.id.clone(), ..Told::default() };
    while !stop.load(Ordering::SeqCst) {
        let n = drawn.fetch_add(1, Ordering::Relaxed);
        let change = if n % 9 == 8 {
            match user.proved_change(caller, n).await {
                Ok(change) => change,
                Err(Trouble::Lost(_)) if !lasting => break,
                // A code that could not be sent changes nothing, and another one can be asked for.
                Err(Trouble::Lost(_)) => continue,
                Err(Trouble::Answer(reply)) => {
                    if reply.status >= 500 {
                        told.gateway += 1;
                    } else {
                        told.violations.push(format!("no code: {reply:?}"));
                    }
                    continue;
                }
            }
        } else {
            user.change(caller, n, n)
        };
        match caller.send(&change.request).await {
            Ok(reply) if change.is_done(&reply) => told.done.push(change),
            Ok(reply) => {
                told.met(&change, &reply);
                if lasting {
                    ask_again(caller, &change, &mut told).await;
                    told.done.push(change);
                } else {
                    told.pending = Some(change);
                    break;
                }
            }
            Err(Lost::Unsent) if !lasting => break,
            Err(lost) => {
                if lasting {
                    told.violations.push(format!("{lost:?} though the gateway is there"));
                }
                told.unanswered += 1;
                told.pending = Some(change);
                break;
            }
        }
    }
    told
}

/// Puts sync requests on the bus, until it is stopped or the stack is gone.
async fn ask(caller: &Caller, user: &User, drawn: &AtomicU64, stop: &AtomicBool) -> Told {
    let mut told = Told { user: user.id.clone(), ..Told::default() };
    while !stop.load(Ordering::SeqCst) {
        let n = drawn.fetch_add(1, Ordering::Relaxed);
        match caller.send(&sync_request(&user.id, n)).await {
            Ok(reply) if reply.status == 202 => told.asked.push(n),
            Ok(reply) => told.violations.push(format!("the bus answered {reply:?}")),
            Err(_) => break,
        }
        sleep(Duration::from_millis(20)).await;
    }
    told
}

/// Sends a change again under its key until it is done, and once more, which must change nothing.
async fn ask_again(caller: &Caller, change: &Change, told: &mut Told) {
    for _ in 0..ATTEMPTS {
        let Ok(reply) = caller.send(&change.request).await else { continue };
        if !change.is_done(&reply) {
            told.met(change, &reply);
            continue;
        }
        if reply.headers.contains_key("idempotency-replayed") {
            told.replayed += 1;
        } else {
            told.repeated += 1;
        }
        match caller.send(&change.request).await {
            Ok(again) if again.body == reply.body && again.headers.contains_key("idempotency-replayed") => {}
            Ok(again) if change.is_unavailable(&again) || is_gateways(&again) => {}
            other => told.violations.push(format!("asked for a third time: {other:?}")),
        }
        return;
    }
    told.violations.push(format!("{}: {ATTEMPTS} times asked for in vain", change.contract));
}

impl Told {
    /// An answer by which a change may or may not have taken effect.
    fn met(&mut self, change: &Change, reply: &Reply) {
        if is_gateways(reply) {
            self.gateway += 1;
        } else if change.is_unavailable(reply) {
            self.refused += 1;
        } else {
            self.violations.push(format!("{}: {reply:?}", change.contract));
        }
    }
}

/// Whether this is what an API Gateway says of a function that crashed.
fn is_gateways(reply: &Reply) -> bool {
    reply.status == 500 && reply.body == json!({"message": "Internal Server Error"})
}

/// Waits until a file changes, two seconds at most. Blocks, and looks all the time: a write is over in no time.
fn await_write(file: &Path) {
    let state = || std::fs::metadata(file).ok().map(|file| (file.len(), file.modified().ok()));
    let (before, deadline) = (state(), Instant::now() + Duration::from_secs(2));
    while state() == before && Instant::now() < deadline {
        std::hint::spin_loop();
    }
}
