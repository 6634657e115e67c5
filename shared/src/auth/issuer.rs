//! Who issues tokens, and what each issuer's tokens are good for: the entries of the `ISSUERS` environment value.

use super::entry::Entry;
use super::key_set::KeySet;
use super::members::Members;
use crate::validation::UserId;
use jsonwebtoken::Algorithm;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::PathBuf;
use url::{Host, Url};

/// Longest `subject_prefix`: leaves half of a user id to the subject.
const PREFIX_BYTES: usize = 64;

/// The most a token's times may be off, seconds; also what an entry gets that says nothing.
const LEEWAY_SECONDS: u64 = 60;

/// One entry of `ISSUERS`. There is none that breaks a rule: [`parse_issuers`] makes them.
///
/// | member | value |
/// |---|---|
/// | `issuer` | the token's `iss`; absent: tokens without `iss` and `aud` |
/// | `algorithms` | `["HS256"]`, `["RS256"]`, `["ES256"]` or `["EdDSA"]` |
/// | `jwks`, `jwks_file`, `jwks_url`, `secret_arn`, `secret_file` | exactly one; the last two for HS256 and only there; `secret_file` and `http` URLs (of this machine) on a development stage only |
/// | `audience` | one or more accepted `aud`; with `issuer` and only then |
/// | `contracts` | names of the contracts on which the tokens are good |
/// | `subjects`, `subject_prefix` | exactly one: `"shared"`, or what goes before each subject to make a user id |
/// | `grants_admin` | whether a role `admin` counts; default `false` |
/// | `claims` | names of claims: `subject` (`sub`), `scopes` (`scope`, else `scp`), `roles` (`roles`, else `role`) |
/// | `leeway_seconds` | 0 to 60; default 60 |
#[derive(Clone, Debug)]
pub struct IssuerEntry {
    pub(super) issuer: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) keys: KeyOrigin,
    pub(super) audience: Vec<String>,
    pub(super) contracts: Vec<String>,
    pub(super) subjects: Subjects,
    pub(super) grants_admin: bool,
    pub(super) claims: ClaimNames,
    pub(super) leeway_seconds: u64,
}

impl IssuerEntry {
    /// Whether its tokens name it in `iss`.
    pub fn is_named(&self) -> bool {
        self.issuer.is_some()
    }

    /// Whether its tokens are good on this contract. A function drops the entries of other contracts before it
    /// loads keys.
    pub fn serves(&self, contract: &str) -> bool {
        self.contracts.iter().any(|name| name == contract)
    }

    /// Whether its keys come from Secrets Manager, so that a client is needed.
    pub fn needs_secrets_manager(&self) -> bool {
        matches!(self.keys, KeyOrigin::SecretArn(_))
    }

    /// How messages call it.
    pub(super) fn name(&self) -> &str {
        self.issuer.as_deref().unwrap_or("no issuer")
    }
}

/// Where the keys come from.
#[derive(Clone, Debug)]
pub(super) enum KeyOrigin {
    Inline(KeySet),
    File(PathBuf),
    Url(Url),
    SecretArn(String),
    SecretFile(PathBuf),
}

/// How subjects become user ids.
#[derive(Clone, Debug)]
pub(super) enum Subjects {
    /// As they are. Those that begin with another issuer's prefix are that issuer's, so none of these.
    Shared { reserved: Vec<String> },
    /// With this before them.
    Prefixed(String),
}

/// Names of claims, in the order in which they are looked for.
#[derive(Clone, Debug)]
pub(super) struct ClaimNames {
    pub(super) subject: String,
    pub(super) scopes: Vec<String>,
    pub(super) roles: Vec<String>,
}

/// Reads `ISSUERS`: a JSON array of objects, see [`IssuerEntry`].
///
/// `development`: whether the stage is a development one. Errors: a text per fault, all of them, each naming its
/// entry by index and issuer; none shows a value that could be a secret.
pub fn parse_issuers(json: &str, development: bool) -> Result<Vec<IssuerEntry>, Vec<String>> {
    let entries: Vec<Members> = serde_json::from_str(json).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        // serde_json's own text would show the value found.
        vec![format!(
            "must be a JSON array of objects without repeated members (line {line}, column {column})"
        )]
    })?;
    let mut faults = Vec::new();
    let mut issuers = Vec::new();
    for (index, members) in entries.into_iter().enumerate() {
        let mut entry = Entry::new(index, members.0);
        let issuer = read(&mut entry, development);
        let place = entry.finish(&mut faults);
        issuers.extend(issuer.map(|issuer| (place, issuer)));
    }
    compare(&issuers, &mut faults);
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut issuers: Vec<IssuerEntry> = issuers.into_iter().map(|(_, issuer)| issuer).collect();
    reserve_prefixes(&mut issuers);
    Ok(issuers)
}

/// The entry, or `None` where a fault was noted that leaves none.
fn read(entry: &mut Entry, development: bool) -> Option<IssuerEntry> {
    let (named, aimed) = (entry.has("issuer"), entry.has("audience"));
    if named && !aimed {
        entry.fault("audience is required where issuer is given");
    }
    if aimed && !named {
        entry.fault("audience needs an issuer: tokens without iss carry no aud");
    }
    let issuer = entry.text("issuer");
    let algorithm = algorithm(entry);
    let keys = key_origin(entry, algorithm, development);
    let audience = entry.text_or_texts("audience");
    let contracts = entry.required_texts("contracts");
    let subjects = subjects(entry);
    let grants_admin = entry.flag("grants_admin").unwrap_or(false);
    let leeway_seconds = entry.whole_number("leeway_seconds", LEEWAY_SECONDS).unwrap_or(LEEWAY_SECONDS);
    let claims = claim_names(entry);
    Some(IssuerEntry {
        issuer,
        algorithm: algorithm?,
        keys: keys?,
        audience: audience.unwrap_or_default(),
        contracts: contracts?,
        subjects: subjects?,
        grants_admin,
        claims,
        leeway_seconds,
    })
}

fn algorithm(entry: &mut Entry) -> Option<Algorithm> {
    let names = entry.required_texts("algorithms")?;
    let known = |name: &String| match name.as_str() {
        "HS256" => Some(Algorithm::HS256),
        "RS256" => Some(Algorithm::RS256),
        "ES256" => Some(Algorithm::ES256),
        "EdDSA" => Some(Algorithm::EdDSA),
        _ => None,
    };
    let Some(algorithms) = names.iter().map(known).collect::<Option<Vec<_>>>() else {
        entry.fault("algorithms may hold HS256, RS256, ES256 or EdDSA only");
        return None;
    };
    match algorithms.as_slice() {
        [algorithm] => Some(*algorithm),
        _ => {
            entry.fault("algorithms must be of one family");
            None
        }
    }
}

fn key_origin(entry: &mut Entry, algorithm: Option<Algorithm>, development: bool) -> Option<KeyOrigin> {
    const PUBLIC: [&str; 3] = ["jwks", "jwks_file", "jwks_url"];
    const SECRET: [&str; 2] = ["secret_arn", "secret_file"];
    let given: Vec<&str> = PUBLIC.into_iter().chain(SECRET).filter(|name| entry.has(name)).collect();
    let set = entry.take("jwks");
    let file = entry.text("jwks_file");
    let url = entry.text("jwks_url");
    let arn = entry.text("secret_arn");
    let secret_file = entry.text("secret_file");
    let [source] = given.as_slice() else {
        entry.fault("exactly one of jwks, jwks_file, jwks_url, secret_arn and secret_file is required");
        return None;
    };
    // Without a known algorithm there is nothing to hold the keys against.
    let algorithm = algorithm?;
    let symmetric = algorithm == Algorithm::HS256;
    if symmetric != SECRET.contains(source) {
        entry.fault(match symmetric {
            true => "HS256 needs secret_arn or secret_file",
            false => "secret_arn and secret_file are for HS256 only",
        });
        return None;
    }
    if secret_file.is_some() && !development {
        entry.fault("secret_file is for a development stage only");
    }
    set.and_then(|set| inline(entry, set, algorithm))
        .or_else(|| file.map(|path| KeyOrigin::File(path.into())))
        .or_else(|| url.and_then(|url| key_set_url(entry, &url, development)))
        .or_else(|| arn.and_then(|arn| secret_arn(entry, arn)))
        .or_else(|| secret_file.map(|path| KeyOrigin::SecretFile(path.into())))
}

fn inline(entry: &mut Entry, set: Value, algorithm: Algorithm) -> Option<KeyOrigin> {
    match KeySet::of(set, algorithm) {
        Ok(keys) => Some(KeyOrigin::Inline(keys)),
        Err(reason) => {
            entry.fault(&format!("jwks {reason}"));
            None
        }
    }
}

fn key_set_url(entry: &mut Entry, text: &str, development: bool) -> Option<KeyOrigin> {
    let url = Url::parse(text).ok().filter(|url| {
        let here = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        let scheme = url.scheme() == "https" || (url.scheme() == "http" && here && development);
        scheme && url.username().is_empty() && url.password().is_none() && url.fragment().is_none()
    });
    if url.is_none() {
        entry.fault(
            "jwks_url must be an https URL without user, password and fragment \
             (http only for this machine on a development stage)",
        );
    }
    url.map(KeyOrigin::Url)
}

fn secret_arn(entry: &mut Entry, arn: String) -> Option<KeyOrigin> {
    // arn:partition:secretsmanager:region:account:secret:name
    let parts: Vec<&str> = arn.splitn(7, ':').collect();
    if matches!(parts.as_slice(), ["arn", _, "secretsmanager", _, _, "secret", name] if !name.is_empty()) {
        return Some(KeyOrigin::SecretArn(arn));
    }
    entry.fault("secret_arn must be the ARN of a Secrets Manager secret");
    None
}

fn subjects(entry: &mut Entry) -> Option<Subjects> {
    let given = [entry.has("subjects"), entry.has("subject_prefix")];
    let shared = entry.text("subjects");
    let prefix = entry.text("subject_prefix");
    if given[0] == given[1] {
        entry.fault("exactly one of subjects (\"shared\") and subject_prefix is required");
        return None;
    }
    if let Some(word) = shared {
        if word == "shared" {
            return Some(Subjects::Shared { reserved: Vec::new() });
        }
        entry.fault("subjects must be \"shared\"");
        return None;
    }
    let prefix = prefix?;
    if prefix.len() > PREFIX_BYTES || UserId::parse(&prefix).is_err() {
        entry.fault("subject_prefix must be the beginning of a user id, 64 characters at most");
        return None;
    }
    Some(Subjects::Prefixed(prefix))
}

fn claim_names(entry: &mut Entry) -> ClaimNames {
    let mut named = entry.object("claims");
    let mut name = |claim: &str| named.as_mut().and_then(|claims| claims.text(claim));
    let or_default = |name: Option<String>, defaults: [&str; 2]| {
        name.map_or_else(|| defaults.map(str::to_owned).to_vec(), |name| vec![name])
    };
    let names = ClaimNames {
        subject: name("subject").unwrap_or_else(|| "sub".to_owned()),
        scopes: or_default(name("scopes"), ["scope", "scp"]),
        roles: or_default(name("roles"), ["roles", "role"]),
    };
    if let Some(claims) = named {
        claims.finish(&mut entry.faults);
    }
    names
}

/// What holds between entries: each token fits one entry at most, and two issuers make one user id only where both
/// say so.
fn compare(issuers: &[(String, IssuerEntry)], faults: &mut Vec<String>) {
    for (index, (place, issuer)) in issuers.iter().enumerate() {
        for (earlier, other) in &issuers[..index] {
            if issuer.issuer.is_some() && issuer.issuer == other.issuer {
                faults.push(format!("{place}: has the same issuer as {earlier}"));
            }
            let contracts: BTreeSet<&String> = issuer.contracts.iter().collect();
            if issuer.issuer.is_none()
                && other.issuer.is_none()
                && other.contracts.iter().any(|name| contracts.contains(name))
            {
                faults.push(format!(
                    "{place}: has no issuer and shares a contract with {earlier}, which has none"
                ));
            }
            if let (Subjects::Prefixed(a), Subjects::Prefixed(b)) = (&issuer.subjects, &other.subjects)
                && (a.starts_with(b.as_str()) || b.starts_with(a.as_str()))
            {
                faults.push(format!("{place}: subject_prefix and that of {earlier} begin alike"));
            }
        }
    }
}

/// Keeps the prefixes out of the shared id space: else an issuer that shares could name another's user in full.
fn reserve_prefixes(issuers: &mut [IssuerEntry]) {
    let prefixes: Vec<String> = issuers
        .iter()
        .filter_map(|issuer| match &issuer.subjects {
            Subjects::Prefixed(prefix) => Some(prefix.clone()),
            Subjects::Shared { .. } => None,
        })
        .collect();
    for issuer in issuers {
        if let Subjects::Shared { reserved } = &mut issuer.subjects {
            reserved.clone_from(&prefixes);
        }
    }
}

#[cfg(test)]
#[path = "issuer_tests.rs"]
mod tests;
