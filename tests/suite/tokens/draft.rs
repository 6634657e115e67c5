//! A token before it is signed, as text: it may say what no JSON library would write. And what each contract makes of it.

use super::mint::{EDWARDS, Mint, NOW, encode};
use crate::contracts::faces::Outcome::{self, Done, Invalid};
use crate::contracts::faces::{Face, send};
use tests::keys::AUDIENCE;

/// The contracts that take tokens.
pub const TAKING_TOKENS: [Face; 4] = [Face::AuthMs, Face::Ciam, Face::CloudBase, Face::Wts];

/// A JSON object by its members, their values as JSON text.
#[derive(Clone)]
struct Object(Vec<(String, String)>);

impl Object {
    fn of(members: &[(&str, String)]) -> Self {
        Self(members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
    }

    fn add(&mut self, name: &str, value: &str) {
        self.0.push((name.to_owned(), value.to_owned()));
    }

    fn text(&self) -> String {
        let members: Vec<String> = self.0.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", members.join(","))
    }
}

/// A token that is good on a contract, until it is changed.
#[derive(Clone)]
pub struct Draft {
    issuer: Option<&'static str>,
    header: Object,
    claims: Object,
    header_bytes: Option<Vec<u8>>,
    claims_bytes: Option<Vec<u8>>,
}

impl Draft {
    /// User 1's token of the issuer whose tokens this contract takes.
    pub fn on(face: Face) -> Self {
        let (issuer, alg) = if face == Face::Wts { (None, "HS256") } else { (Some(EDWARDS), "EdDSA") };
        let text = |text: &str| format!("\"{text}\"");
        let claims = match issuer {
            None => Object::of(&[("openid", text("1")), ("access", text("user"))]),
            Some(name) => Object::of(&[
                ("sub", text("1")),
                ("iss", text(name)),
                ("aud", text(AUDIENCE)),
                ("scope", text("openid")),
            ]),
        };
        let header = Object::of(&[("alg", text(alg))]);
        Self { issuer, header, claims, header_bytes: None, claims_bytes: None }
            .claim("exp", &(NOW + 300).to_string())
    }

    /// The name of the claim that names the user.
    pub const fn subject(&self) -> &'static str {
        if self.issuer.is_some() { "sub" } else { "openid" }
    }

    /// The header with one member more.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.header.add(name, value);
        self
    }

    /// The header with this `alg`.
    pub fn alg(mut self, value: &str) -> Self {
        self.header = Object::of(&[("alg", value.to_owned())]);
        self
    }

    /// The claims with one member more.
    pub fn claim(mut self, name: &str, value: &str) -> Self {
        self.claims.add(name, value);
        self
    }

    /// The claims with this one instead of those of its name.
    pub fn instead(mut self, name: &str, value: &str) -> Self {
        self.claims.0.retain(|(present, _)| present != name);
        self.claim(name, value)
    }

    /// These bytes in place of the header's text.
    pub fn header_text(mut self, change: impl FnOnce(&str) -> Vec<u8>) -> Self {
        self.header_bytes = Some(change(&self.header.text()));
        self
    }

    /// These bytes in place of the claims' text.
    pub fn claims_text(mut self, change: impl FnOnce(&str) -> Vec<u8>) -> Self {
        self.claims_bytes = Some(change(&self.claims.text()));
        self
    }

    /// Header and claims as the signature is of them.
    pub fn message(&self) -> String {
        let part = |bytes: &Option<Vec<u8>>, object: &Object| {
            encode(bytes.clone().unwrap_or_else(|| object.text().into_bytes()))
        };
        format!("{}.{}", part(&self.header_bytes, &self.header), part(&self.claims_bytes, &self.claims))
    }

    /// The token, signed by the issuer that it is of.
    pub fn signed(&self, mint: &Mint) -> String {
        let message = self.message();
        let signature = mint.signature(self.issuer, message.as_bytes());
        format!("{message}.{}", encode(signature))
    }
}

/// Makes a token of what it is to say.
type Making = Box<dyn Fn(Draft, &Mint) -> String>;

/// One token for each contract, and what comes of it: on those of named issuers, and on WTS.
pub struct Case {
    what: String,
    token: Making,
    outcome: Outcome,
    on_wts: Outcome,
}

impl Case {
    /// The same outcome on WTS.
    pub fn new(
        what: impl Into<String>,
        outcome: Outcome,
        token: impl Fn(Draft, &Mint) -> String + 'static,
    ) -> Self {
        Self { what: what.into(), token: Box::new(token), outcome, on_wts: outcome }
    }

    /// A draft that is changed before its issuer signs it.
    pub fn signed(
        what: impl Into<String>,
        outcome: Outcome,
        change: impl Fn(Draft) -> Draft + 'static,
    ) -> Self {
        Self::new(what, outcome, move |draft, mint| change(draft).signed(mint))
    }

    /// A good token that is changed after it was signed.
    pub fn changed(
        what: impl Into<String>,
        outcome: Outcome,
        change: impl Fn(&str) -> String + 'static,
    ) -> Self {
        Self::new(what, outcome, move |draft, mint| change(&draft.signed(mint)))
    }

    /// Another outcome on WTS.
    pub const fn on_wts(mut self, outcome: Outcome) -> Self {
        self.on_wts = outcome;
        self
    }
}

/// Sends each case to all five contracts. Each answer must be the whole one that the contract has for the outcome; what is
/// refused writes nothing.
pub async fn judge(cases: &[Case]) {
    let mint = Mint::new();
    let world = mint.world().await;
    let mut version = 1;
    for face in TAKING_TOKENS {
        for case in cases {
            let token = (case.token)(Draft::on(face), &mint);
            let mut outcome = if face == Face::Wts { case.on_wts } else { case.outcome };
            if outcome == Done(0) {
                version += 1;
                outcome = Done(version);
            }
            let reply = send(&world, &face.request("1").bearer(&token)).await;
            assert_eq!(reply, face.answer("1", outcome), "{face:?}: {}", case.what);
        }
    }
    assert_eq!(world.profile("1").await.version, version);
    world.wire.calls();
    for case in cases {
        let token = (case.token)(Draft::on(Face::AuthMs), &mint);
        let reply = send(&world, &Face::SystemUser.request("1").bearer(&token)).await;
        let outcome = if token.is_empty() { Outcome::Missing } else { Invalid };
        assert_eq!(reply, Face::SystemUser.answer("1", outcome), "{}", case.what);
    }
    assert_eq!(world.wire.calls(), [""; 0], "no token is looked up as an API key");
}
