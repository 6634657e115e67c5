//! What goes into a stack and may come out of it only where it belongs: secrets, and whatever people say of themselves.
//!
//! Each test has one ledger. Requests, letters and sync requests write into it what they carry; log lines, events, dead
//! letters, the text of letters, refusals and keys of the table are held against it as they appear. So every test of the
//! suite is a test of leaks as well.

use crate::Reply;
use crate::openapi::agreement::was_served;
use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use chrono::DateTime;
use serde_json::{Value, json};
use shared::entropy::hex;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write;
use std::sync::{Arc, Mutex};
use tokio::runtime::Builder;

/// Where something came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A line of a function's log, metrics and traces included.
    Line,
    /// What a process wrote besides.
    Output,
    /// An event on the bus.
    Event,
    /// What a queue is told of a message beside the message itself.
    DeadLetter,
    /// Subject and text of a letter.
    Letter,
    /// An answer that refuses, with its headers.
    Refusal,
    /// A key of the table.
    Key,
}

impl Place {
    /// Whether user ids belong there: they are opaque to this service, and how keys and events say whom they are about.
    const fn names_users(self) -> bool {
        !matches!(self, Self::Line | Self::Output | Self::Letter)
    }
}

/// The ledger of a test.
#[derive(Clone, Default)]
pub struct Canaries(Arc<Mutex<Ledger>>);

#[derive(Default)]
struct Ledger {
    /// What was said, and how much had gone in before.
    values: BTreeMap<String, usize>,
    /// Ids of users, likewise.
    users: BTreeMap<String, usize>,
    /// What cannot be told from chance.
    short: BTreeSet<String>,
    /// Values of up to so many characters count as that.
    words_up_to: usize,
    /// What came out since leaks were last looked for: all at once, because a test may send thousands of values.
    came_out: Vec<Text>,
    held: BTreeMap<Place, u64>,
}

struct Text {
    place: Place,
    text: String,
    /// How much had gone in before.
    after: usize,
}

impl Ledger {
    fn went_in(&self) -> usize {
        self.values.len() + self.users.len()
    }

    /// Of each text that came out, what it holds of that which had gone in before.
    fn leaks(&mut self) -> Vec<String> {
        let came_out = std::mem::take(&mut self.came_out);
        if came_out.is_empty() {
            return Vec::new();
        }
        let values = self.values.iter().flat_map(|(value, order)| {
            forms(value).into_iter().map(move |form| (form, value, *order, false))
        });
        let users = self.users.iter().map(|(user, order)| (user.clone(), user, *order, true));
        let wanted: Vec<(String, &String, usize, bool)> = values.chain(users).collect();
        let search = AhoCorasick::new(wanted.iter().map(|(form, ..)| form)).unwrap();
        let mut leaks = Vec::new();
        for Text { place, text, after } in came_out {
            let lower = text.to_lowercase();
            let found = search.find_overlapping_iter(&lower).filter_map(|found| {
                let (form, value, order, is_user) = &wanted[found.pattern().as_usize()];
                // Who is called like a user is a user.
                let belongs = if *is_user {
                    place.names_users()
                } else {
                    self.users.get(*value).is_some_and(|order| *order < after)
                };
                let leaked = *order < after && !belongs && stands_there(form, found.start(), &lower);
                leaked.then_some(*value)
            });
            let found: BTreeSet<&String> = found.collect();
            leaks.extend(found.into_iter().map(|value| format!("{place:?}: {value:?} in {text}")));
        }
        leaks
    }
}

thread_local! {
    /// The test harness gives each test a thread, and an async test's own body stays on it.
    static OF_THIS_TEST: Canaries = Canaries::default();
}

/// Runs this to its end in a thread and a runtime of its own: its ledger ends with it.
///
/// # Panics
/// When it does.
pub fn alone<F: Future>(work: impl FnOnce() -> F + Send) -> F::Output
where
    F::Output: Send,
{
    let run = || Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(work());
    let done = std::thread::scope(|threads| threads.spawn(run).join());
    done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Headers that say nothing of anybody.
const PUBLIC_HEADERS: &[&str] = &[
    "accept",
    "accept-language",
    "content-type",
    "host",
    "if-match",
    "if-none-match",
    "traceparent",
    "x-amzn-trace-id",
];

/// Members whose values are words of a contract, or an application's public name.
const WORDS: &[&str] = &["client_id", "role"];

/// Words that the service's own texts and keys are made of, and so say nothing where they come out.
const USUAL: &[&str] =
    &["admin", "basic", "bearer", "erased", "name", "paris", "password", "phone", "update_userinfo", "user"];

/// Members that say who a user is.
const USERS: &[&str] = &["id", "openid", "sub", "user_id", "who"];

impl Canaries {
    /// The one of the test that is running on this thread.
    pub fn of_this_test() -> Self {
        OF_THIS_TEST.with(Clone::clone)
    }

    /// Values of up to so many characters are words from now on, which may come out anywhere: of a test that sends what the
    /// service's own texts are made of.
    pub fn words_up_to(&self, characters: usize) {
        self.0.lock().unwrap().words_up_to = characters;
    }

    /// Takes down what a request carries, given as API Gateway's event: its credential, its keys, its body.
    pub fn add_request(&self, event: &Value) {
        for (name, value) in event["headers"].as_object().into_iter().flatten() {
            let (name, value) = (name.to_ascii_lowercase(), value.as_str().unwrap_or_default());
            match &*name {
                "authorization" => self.add_credential(value),
                name if PUBLIC_HEADERS.contains(&name) => {}
                _ => self.add(value.trim_matches([' ', '\t', '"'])),
            }
        }
        for parameters in ["pathParameters", "queryStringParameters"] {
            for name in USERS {
                self.add_user(event[parameters][name].as_str().unwrap_or_default());
            }
        }
        let text = event["body"].as_str().unwrap_or_default();
        match serde_json::from_str(text) {
            Ok(body) => self.add_said(&body),
            Err(_) => self.add(text),
        }
    }

    /// Takes down what stands after `Bearer` or `Basic`.
    fn add_credential(&self, header: &str) {
        let credential = header.split_once(' ').map_or(header, |(_, credential)| credential).trim();
        self.add(credential);
        if let Ok(pair) = STANDARD.decode(credential) {
            let pair = String::from_utf8_lossy(&pair).into_owned();
            let secret = pair.split_once(':').map_or("", |(_, secret)| secret);
            // The name of an application is none.
            self.add(if secret.starts_with("app-") { "" } else { secret });
        }
        // A token's header is the same in all.
        let mut parts = credential.split('.').skip(1);
        if let Some(claims) = parts.next() {
            self.add(claims);
            let claims = URL_SAFE_NO_PAD.decode(claims).unwrap_or_default();
            let claims: Value = serde_json::from_slice(&claims).unwrap_or_default();
            for name in ["sub", "openid"] {
                self.add_user(claims[name].as_str().unwrap_or_default());
            }
        }
        parts.for_each(|part| self.add(part));
    }

    /// Takes down every value in this, however deep, and users where it names them.
    pub fn add_said(&self, said: &Value) {
        match said {
            Value::Object(members) => {
                for (name, member) in members {
                    match member.as_str() {
                        Some(user) if USERS.contains(&name.as_str()) => self.add_user(user),
                        Some(_) if WORDS.contains(&name.as_str()) => {}
                        _ => self.add_said(member),
                    }
                }
            }
            Value::Array(values) => values.iter().for_each(|value| self.add_said(value)),
            Value::String(text) => self.add(text),
            Value::Number(number) => self.add(&number.to_string()),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// Takes down one value.
    pub fn add(&self, value: &str) {
        let value = value.trim().to_lowercase();
        let mut ledger = self.0.lock().unwrap();
        if !is_telling(&value) || value.chars().count() <= ledger.words_up_to {
            if !value.is_empty() {
                ledger.short.insert(value);
            }
        } else {
            let before = ledger.went_in();
            ledger.values.entry(value).or_insert(before);
        }
    }

    /// Takes down a user's id.
    pub fn add_user(&self, id: &str) {
        if is_telling(id) {
            let mut ledger = self.0.lock().unwrap();
            let before = ledger.went_in();
            ledger.users.entry(id.to_lowercase()).or_insert(before);
        }
    }

    /// Whether this was taken down as something that no chance puts anywhere.
    pub fn knows(&self, value: &str) -> bool {
        let (value, ledger) = (value.trim().to_lowercase(), self.0.lock().unwrap());
        ledger.values.contains_key(&value) || ledger.users.contains_key(&value)
    }

    /// Holds a text that came out against all that went in so far.
    pub fn hold(&self, place: Place, text: &str) {
        let mut ledger = self.0.lock().unwrap();
        *ledger.held.entry(place).or_default() += 1;
        let after = ledger.went_in();
        ledger.came_out.push(Text { place, text: text.to_owned(), after });
    }

    /// The same with JSON, of which the texts count, however they are escaped, and names of members too: but for times of
    /// their own and, in lines, for names, which their schema fixes.
    pub fn hold_json(&self, place: Place, value: &Value) {
        let mut texts = Vec::new();
        collect_texts(value, place != Place::Line, &mut texts);
        self.hold(place, &texts.join("\n"));
    }

    /// Holds an answer: takes down the secrets that it gives, and holds it where it refuses. On a development stage AuthMS
    /// shows offending values beside their members, which is what such a stage is for.
    pub fn hold_answer(&self, reply: &Reply) {
        if was_served(reply) {
            for name in ["otp_token", "verification_id", "verification_token"] {
                self.add(reply.body[name].as_str().unwrap_or_default());
            }
            return;
        }
        let mut body = reply.body.clone();
        for error in body.get_mut("errors").and_then(Value::as_array_mut).into_iter().flatten() {
            error.as_object_mut().and_then(|error| error.remove("value"));
        }
        self.hold_json(Place::Refusal, &json!([body, reply.headers]));
    }

    /// Holds the keys in a call of DynamoDB.
    pub fn hold_keys(&self, operation: &str, body: &Value) {
        let mut keys = Vec::new();
        collect_keys(body, &mut keys);
        if operation == "Query" {
            keys.push(&body["ExpressionAttributeValues"]);
        }
        if !keys.is_empty() {
            self.hold_json(Place::Key, &json!(keys));
        }
    }

    /// Holds the text of a letter but for its own code and address, and takes these down.
    pub fn hold_letter(&self, letter: &Value) {
        let own = ["to", "code"].map(|member| letter[member].as_str().unwrap_or_default());
        let mut text = format!("{}\n{}", letter["subject"], letter["body"]);
        for own in own.into_iter().filter(|own| !own.is_empty()) {
            text = text.replace(own, "");
        }
        self.hold(Place::Letter, &text);
        own.into_iter().for_each(|own| self.add(own));
    }

    /// What has come out where it does not belong since the last time this was asked.
    pub fn leaks(&self) -> Vec<String> {
        self.0.lock().unwrap().leaks()
    }

    /// Nothing has come out where it does not belong. With `RECORD_CANARIES` naming a file, a line of JSON in it says what
    /// there was to see since the last time.
    ///
    /// # Panics
    /// When something has, unless the test fails already.
    pub fn assert_kept(&self) {
        if std::thread::panicking() {
            return;
        }
        let leaks = self.leaks();
        assert!(leaks.is_empty(), "what went in came out:\n  {}", leaks.join("\n  "));
        if let Some(path) = std::env::var_os("RECORD_CANARIES") {
            let mut ledger = self.0.lock().unwrap();
            let held = std::mem::take(&mut ledger.held);
            let held: BTreeMap<String, u64> =
                held.into_iter().map(|(place, count)| (format!("{place:?}"), count)).collect();
            let line = json!({"test": std::thread::current().name(), "values": ledger.values.len(),
                "users": ledger.users.len(), "short": ledger.short, "held": held});
            let file = File::options().create(true).append(true).open(path);
            file.unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
        }
    }
}

/// Whether a value is long enough, or odd enough, to be told from ids and times.
fn is_telling(value: &str) -> bool {
    let by_chance = |character: char| character.is_ascii_hexdigit() || "-.:".contains(character);
    let length = value.chars().count();
    !USUAL.contains(&value) && (length >= 6 || (length >= 4 && !value.chars().all(by_chance)))
}

/// Of a longer value so many bytes count, its first: whoever shows it shows these. Base64 encodes three at a time.
const LONGEST: usize = 192;

/// A value as it is, and as it may be encoded.
fn forms(value: &str) -> Vec<String> {
    let value = match value.len() {
        0..=LONGEST => value,
        _ => &value[..(0..=LONGEST).rev().find(|end| value.is_char_boundary(*end)).unwrap_or_default()],
    };
    let mut forms = vec![value.to_owned()];
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    // A number is one however it is written.
    if value.starts_with('+') && digits.len() >= 8 {
        forms.push(digits.trim_start_matches("86").to_owned());
    }
    if value.len() >= 8 {
        let encoded = [
            hex(value.as_bytes()),
            STANDARD_NO_PAD.encode(value).to_lowercase(),
            URL_SAFE_NO_PAD.encode(value).to_lowercase(),
            url::form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>().to_lowercase(),
        ];
        forms.extend(encoded);
    }
    forms.sort();
    forms.dedup();
    forms
}

/// Whether a form that begins at this byte counts: a short one only where it stands by itself.
fn stands_there(form: &str, at: usize, text: &str) -> bool {
    let part = |character: Option<char>| {
        character.is_some_and(|character| character.is_alphanumeric() || "_-".contains(character))
    };
    let alone = || !part(text[..at].chars().next_back()) && !part(text[at + form.len()..].chars().next());
    form.len() >= 8 || alone()
}

/// The values of `PK` and `SK`, wherever they stand.
fn collect_keys<'a>(value: &'a Value, keys: &mut Vec<&'a Value>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match name.as_str() {
                    "PK" | "SK" => keys.push(member),
                    _ => collect_keys(member, keys),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect_keys(value, keys)),
        _ => {}
    }
}

fn collect_texts(value: &Value, names: bool, texts: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                texts.extend(names.then(|| name.clone()));
                let time = || DateTime::parse_from_rfc3339(member.as_str().unwrap_or_default()).is_ok();
                if name != "timestamp" || !time() {
                    collect_texts(member, names, texts);
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect_texts(value, names, texts)),
        Value::String(text) => texts.push(text.clone()),
        other => texts.push(other.to_string()),
    }
}
