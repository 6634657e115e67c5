//! Both event functions killed again and again while profiles change: nothing may get lost, nothing overtake.

mod ledger;
mod report;
mod victim;

pub use report::Report;
pub use victim::end;

use ledger::{Ledger, SyncRequest, bio};
use local::binaries::workspace;
use local::keys::Claims;
use local::stack::{Stack, StackOptions};
use serde_json::{Value, json};
use shared::clock::{Clock, SystemClock};
use shared::entropy::{SystemEntropy, below};
use shared::validation::UserId;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::sleep;
use victim::living;

/// Users whose profiles change.
const USERS: u32 = 50;

/// Callers that change them at the same time.
const CALLERS: u32 = 4;

/// How long a request stays hidden that a killed process had in hand: shorter than the deployed stack's 180 s, so that it
/// is given out again while the test runs.
const VISIBILITY: u64 = 5;

/// The functions that are killed.
const VICTIMS: [&str; 2] = ["publish-changes", "sync-profiles"];

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How many updates: three in four through a contract, one as a sync request.
    pub updates: u32,
    /// How many processes to kill meanwhile.
    pub kills: u32,
    /// Updates without kills before that, to see how long an event takes.
    pub lags: u32,
    /// After this time it is given up.
    pub limit: Duration,
    /// The function binaries.
    pub binaries: BTreeMap<String, PathBuf>,
}

/// Carries out the plan on a stack of its own.
///
/// # Panics
/// When the stack does not start or does not answer.
pub async fn run(plan: Plan) -> Report {
    let deadline = Instant::now() + plan.limit;
    let directory = tempfile::tempdir().unwrap();
    let mut options = StackOptions::ephemeral(directory.path().join("data"), Some(plan.binaries.clone()));
    options.template = template(directory.path());
    // By their `bio` the events tell which request they come from.
    options.parameters.insert("EventValues".to_owned(), "bio".to_owned());
    let stack = Stack::start(options).await.unwrap();
    let scene = Scene { stack: &stack, deadline, counts: Mutex::default() };

    let lags = scene.lags(plan.lags).await;
    scene.weigh();
    let (begin, (order, orders)) = (Instant::now(), mpsc::unbounded_channel());
    let made = async {
        let callers = [0, 1, 2, 3].map(|first| scene.call(first, &plan, order.clone()));
        let [a, b, c, d] = callers;
        tokio::join!(a, b, c, d);
        drop(order);
        begin.elapsed()
    };
    let mut out = Out::default();
    // The bus shows only what was put on it last: whoever wants all of it reads along.
    let (updating, ()) = {
        let mut work = Box::pin(async { tokio::join!(made, scene.kill(orders)) });
        loop {
            tokio::select! {
                done = &mut work => break done,
                () = scene.read_along(&mut out) => {}
            }
        }
    };
    scene.drain(&mut out).await;
    let draining = out.latest.map_or(Duration::ZERO, |latest| latest.duration_since(begin));
    scene.weigh();

    let counts = std::mem::take(&mut *scene.counts.lock().unwrap());
    for (user, newest) in &out.stored {
        out.ledger.check(user, *newest, counts.answered.get(user).copied().unwrap_or(0));
    }
    let mut violations = counts.refused;
    let mut endings = [0; 3];
    for request in &counts.requests {
        match out.ledger.ending(request, &out.dead) {
            Some(ending) => endings[ending as usize] += 1,
            None => violations.push(format!("{request:?} was neither applied nor refused")),
        }
    }
    violations.append(&mut out.ledger.violations);
    violations.append(&mut out.strange);
    if Instant::now() >= deadline {
        violations.insert(0, format!("given up after {} s", plan.limit.as_secs()));
    }
    if counts.made != plan.updates {
        violations.push(format!("only {} of {} updates were made", counts.made, plan.updates));
    }
    let killed: u32 = counts.kills.values().sum();
    if killed != plan.kills {
        violations.push(format!("only {killed} of {} processes were killed", plan.kills));
    }
    stack.stop().await;
    Report {
        lags,
        updates: counts.made,
        updating,
        kills: counts.kills,
        endings,
        versions: out.ledger.versions(),
        duplicates: out.ledger.duplicates,
        draining,
        memory: counts.memory,
        violations,
    }
}

/// The stack's own template but for [`VISIBILITY`].
fn template(directory: &Path) -> PathBuf {
    let text = std::fs::read_to_string(workspace().join("template.yaml")).unwrap();
    let path = directory.join("template.yaml");
    let shorter = text.replace("VisibilityTimeout: 180", &format!("VisibilityTimeout: {VISIBILITY}"));
    assert_ne!(shorter, text, "the template's visibility time-out has changed");
    std::fs::write(&path, shorter).unwrap();
    path
}

struct Scene<'a> {
    stack: &'a Stack,
    deadline: Instant,
    counts: Mutex<Counts>,
}

/// What was done.
#[derive(Default)]
struct Counts {
    made: u32,
    answered: BTreeMap<String, u64>,
    refused: Vec<String>,
    requests: Vec<SyncRequest>,
    kills: BTreeMap<&'static str, u32>,
    memory: BTreeMap<&'static str, u64>,
}

/// What came out in the end.
#[derive(Default)]
struct Out {
    ledger: Ledger,
    seen: usize,
    latest: Option<Instant>,
    dead: BTreeSet<String>,
    strange: Vec<String>,
    stored: BTreeMap<String, u64>,
}

impl Scene<'_> {
    fn in_time(&self) -> bool {
        Instant::now() < self.deadline
    }

    /// Makes every [`CALLERS`]th update, and orders a kill whenever one is due.
    async fn call(&self, first: u32, plan: &Plan, order: mpsc::UnboundedSender<()>) {
        for update in (first..plan.updates).step_by(CALLERS as usize) {
            if !self.in_time() {
                return;
            }
            let user = format!("user-{}", below(&SystemEntropy::new(), USERS));
            match (update / CALLERS + first) % 4 {
                3 => self.request(update, user).await,
                kind => self.update(kind, update, user).await,
            }
            let mut counts = self.counts.lock().unwrap();
            counts.made += 1;
            let due = |made: u32| u64::from(made) * u64::from(plan.kills) / u64::from(plan.updates);
            for _ in due(counts.made - 1)..due(counts.made) {
                order.send(()).unwrap();
            }
        }
    }

    async fn update(&self, kind: u32, update: u32, user: String) {
        let (method, path, body) = match kind {
            0 => ("PUT", format!("/profiles/{user}"), json!({"city": format!("City {update}")})),
            1 => ("PATCH", "/userinfo".to_owned(), json!({"nickname": format!("Nick {update}")})),
            _ => {
                let gender = if update.is_multiple_of(2) { "MALE" } else { "FEMALE" };
                ("POST", "/auth/v1/user/basic/edit".to_owned(), json!({"gender": gender}))
            }
        };
        let (status, _) = send(self.stack, method, &path, Some(&user), Some(&body)).await;
        let mut counts = self.counts.lock().unwrap();
        if status == 200 {
            *counts.answered.entry(user).or_default() += 1;
        } else {
            counts.refused.push(format!("update {update}: {method} {path} was answered {status}"));
        }
    }

    /// Puts a sync request on the bus. Some ask for what they may not; some are put twice.
    async fn request(&self, update: u32, user: String) {
        let (sequence, round) = (u64::from(update) + 1, update / 16 % 8);
        let allowed = round != 0;
        let mut attributes = json!({"bio": bio(sequence)});
        if !allowed {
            attributes["phone"] = json!("13800138000");
        }
        let request = SyncRequest { id: format!("request-{update}"), user, sequence, allowed };
        let event = json!({
            "source": "crm", "detail-type": "Profile Sync Requested", "id": request.id,
            "detail": {"user_id": request.user, "operation": "upsert", "sequence": sequence, "attributes": attributes},
        });
        for _ in 0..if round == 1 { 2 } else { 1 } {
            let (status, _) = send(self.stack, "POST", EVENTS, None, Some(&event)).await;
            assert_eq!(status, 202, "the bus takes everything");
        }
        self.counts.lock().unwrap().requests.push(request);
    }

    /// Kills a process, whichever it is and whatever it does, each time it is ordered to.
    async fn kill(&self, mut orders: mpsc::UnboundedReceiver<()>) {
        let entropy = SystemEntropy::new();
        while orders.recv().await.is_some() {
            // Not in step with the answers to updates.
            sleep(Duration::from_millis(below(&entropy, 40).into())).await;
            while self.in_time() {
                self.weigh();
                // One function or the other first, since one may have more processes.
                let mut processes = self.processes();
                let chosen = VICTIMS[usize::from(below(&entropy, 2) == 1)];
                if processes.iter().any(|(name, _)| *name == chosen) {
                    processes.retain(|(name, _)| *name == chosen);
                }
                let count = u32::try_from(processes.len()).unwrap();
                if count > 0 {
                    let (name, pid) = processes[below(&entropy, count) as usize];
                    if end(pid) {
                        *self.counts.lock().unwrap().kills.entry(name).or_default() += 1;
                        break;
                    }
                }
                sleep(Duration::from_millis(2)).await;
            }
        }
    }

    /// The victims' processes that live.
    fn processes(&self) -> Vec<(&'static str, u32)> {
        let functions = VICTIMS.iter().filter_map(|name| Some((*name, self.stack.function(name)?)));
        functions
            .flat_map(|(name, function)| living(function).into_iter().map(move |pid| (name, pid)))
            .collect()
    }

    /// Notes how much memory they use.
    fn weigh(&self) {
        for (name, pid) in self.processes() {
            let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            let peak =
                status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
            let peak = peak.and_then(|peak| peak.parse().ok()).unwrap_or(0);
            let mut counts = self.counts.lock().unwrap();
            let greatest = counts.memory.entry(name).or_default();
            *greatest = peak.max(*greatest);
        }
    }

    /// How long an event takes, over updates of one user, one after another.
    async fn lags(&self, updates: u32) -> Vec<Duration> {
        let (mut lags, mut seen) = (Vec::new(), 0);
        for update in 0..updates {
            self.update(0, update, "user-0".to_owned()).await;
            let answered = Instant::now();
            let mut events = Vec::new();
            while events.is_empty() && self.in_time() {
                events = events_after(self.stack, seen, 25).await;
            }
            lags.push(answered.elapsed());
            seen += events.len();
        }
        lags.sort();
        lags
    }

    /// Reads along until every version is out and every request has ended, or the time is up.
    async fn drain(&self, out: &mut Out) {
        let store = self.stack.record().store().await;
        let requests = self.counts.lock().unwrap().requests.clone();
        loop {
            // Whatever is still on its way, this says what has come so far.
            let waiting = self.letters(out, &requests).await;
            self.read_along(out).await;
            let ended = requests.iter().all(|request| out.ledger.ending(request, &out.dead).is_some());
            for user in (0..USERS).map(|user| format!("user-{user}")) {
                let record = store.read(&UserId::parse(&user).unwrap()).await.unwrap();
                out.stored.insert(user, record.map_or(0, |record| record.version));
            }
            let all_out = out.stored.iter().all(|(user, newest)| out.ledger.has_all(user, *newest));
            if (waiting == 0 && ended && all_out) || !self.in_time() {
                return;
            }
        }
    }

    /// Takes the events that are there, or waits a second for one.
    async fn read_along(&self, out: &mut Out) {
        for event in events_after(self.stack, out.seen, 1).await {
            out.seen += 1;
            out.latest = Some(Instant::now());
            out.ledger.take(&event);
        }
    }

    /// Takes the dead letters; how many requests are still in their queue.
    async fn letters(&self, out: &mut Out, requests: &[SyncRequest]) -> u64 {
        let (record, sqs) = (self.stack.record(), self.stack.record().sqs().await);
        let url = record.queue("SyncQueue").unwrap();
        let described = sqs.get_queue_attributes().queue_url(url).send().await.unwrap();
        let counts = described.attributes.unwrap_or_default();
        let counts = counts.iter().filter(|(name, _)| name.as_str().starts_with("ApproximateNumber"));
        let waiting = counts.map(|(_, count)| count.parse::<u64>().unwrap()).sum();
        let url = record.queue("SyncDeadLetterQueue").unwrap();
        loop {
            let call = sqs.receive_message().queue_url(url).max_number_of_messages(10);
            let letters =
                call.message_attribute_names("All").send().await.unwrap().messages.unwrap_or_default();
            if letters.is_empty() {
                return waiting;
            }
            for letter in letters {
                let body: Value = serde_json::from_str(letter.body().unwrap_or_default()).unwrap_or_default();
                let id = body["id"].as_str().unwrap_or_default().to_owned();
                let allowed = requests.iter().find(|request| request.id == id).map(|request| request.allowed);
                let attributes = letter.message_attributes.as_ref();
                let reason = attributes.and_then(|attributes| attributes.get("reason")?.string_value());
                // Without a reason, its function was killed each time that it was tried.
                if !(allowed.is_some()
                    && (reason.is_none() || (allowed == Some(false) && reason == Some(REFUSED))))
                {
                    out.strange.push(format!("{id:?} is a dead letter because of {reason:?}"));
                }
                out.dead.insert(id);
                let call = sqs.delete_message().queue_url(url);
                call.set_receipt_handle(letter.receipt_handle).send().await.unwrap();
            }
        }
    }
}

/// Why requests are refused that ask for more than they may.
const REFUSED: &str = r#"{"attributes":["phone"],"reason":"not_allowed"}"#;

const EVENTS: &str = local::tap::PATH;

async fn events_after(stack: &Stack, seen: usize, wait: u64) -> Vec<Value> {
    let (status, body) = send(stack, "GET", &format!("{EVENTS}?after={seen}&wait={wait}"), None, None).await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

/// A request to the gateway in a user's name: status and body of the answer.
async fn send(
    stack: &Stack,
    method: &str,
    path: &str,
    user: Option<&str>,
    body: Option<&Value>,
) -> (u16, String) {
    let authority = stack.url().trim_start_matches("http://");
    let body = body.map(Value::to_string).unwrap_or_default();
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n");
    if let Some(subject) = user {
        let issued = SystemClock.now();
        let claims = Claims { subject, scope: "openid", admin: false, issued, expires_in: 600 };
        head += &format!("Authorization: Bearer {}\r\n", stack.keys().token(&claims).unwrap());
    }
    head += &format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
    let mut connection = TcpStream::connect(authority).await.unwrap();
    connection.write_all((head + &body).as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}
