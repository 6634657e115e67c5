//! The stack's settings, from the functions' environment. All that is wrong is told at once, at start.

use crate::auth::{IssuerEntry, parse_issuers};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::collections::HashMap;
use std::fmt;

/// Names the file of the certification authorities to trust in place of Amazon's, in PEM.
pub const CA_BUNDLE: &str = "AWS_CA_BUNDLE";

/// What the stack is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Development: errors show the offending values, secrets may come from files.
    Dev,
    /// Trying out what will go into production.
    Staging,
    /// Production.
    Prod,
}

/// Settings that every endpoint has.
#[derive(Clone, Debug)]
pub struct Config {
    /// `TABLE_NAME`: the profile table.
    pub table: String,
    /// `STAGE`: `dev`, `staging` or `prod`.
    pub stage: Stage,
    /// `PUBLIC_URL`: the stack's address as callers know it, no trailing slash; unset: API Gateway's own.
    pub public_url: Option<String>,
    /// `STACK_NAME`: the stack's name, a dimension of its metrics.
    pub stack_name: Option<String>,
    /// `METRICS`: whether log lines are documents in CloudWatch's embedded metric format.
    pub metrics: bool,
}

/// Every setting that is wrong, in one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(pub Vec<String>);

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "wrong settings: {}", self.0.join("; "))
    }
}

impl std::error::Error for ConfigError {}

/// Environment values while they are read; collects what is wrong.
#[derive(Debug)]
pub struct Settings {
    values: HashMap<String, String>,
    faults: Vec<String>,
}

impl Settings {
    /// Reads these values.
    pub const fn new(values: HashMap<String, String>) -> Self {
        Self { values, faults: Vec::new() }
    }

    /// The value of a setting; unset and empty are the same.
    pub fn optional(&self, name: &str) -> Option<String> {
        self.values.get(name).filter(|value| !value.is_empty()).cloned()
    }

    /// The value of a setting that must be there.
    pub fn required(&mut self, name: &str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.fault(name, "is not set");
            String::new()
        })
    }

    /// One of a few words; the first one is meant where the setting is unset.
    pub fn choice<T: Copy>(&mut self, name: &str, choices: &[(&str, T)]) -> T {
        let value = self.optional(name);
        let found = value.as_deref().map(|value| choices.iter().find(|(word, _)| *word == value));
        match found {
            None => choices[0].1,
            Some(Some((_, meaning))) => *meaning,
            Some(None) => {
                let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
                self.fault(name, &format!("must be one of {}", words.join(", ")));
                choices[0].1
            }
        }
    }

    /// `true` or `false`; unset: `false`.
    pub fn flag(&mut self, name: &str) -> bool {
        self.choice(name, &[("false", false), ("true", true)])
    }

    /// Notes what is wrong with a setting, once. Never its value: it may be a secret.
    pub fn fault(&mut self, name: &str, what: &str) {
        let fault = format!("{name} {what}");
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    /// `STAGE`: what the stack is for.
    pub fn stage(&mut self) -> Stage {
        self.choice("STAGE", &[("prod", Stage::Prod), ("staging", Stage::Staging), ("dev", Stage::Dev)])
    }

    /// The settings that every endpoint has.
    pub fn config(&mut self) -> Config {
        let stage = self.stage();
        let (table, public_url) = (self.required("TABLE_NAME"), self.public_url());
        let metrics = self.choice("METRICS", &[("off", false), ("emf", true)]);
        if metrics {
            // Metrics of several stacks in one account would be added up.
            self.required("STACK_NAME");
        }
        self.ca_bundle();
        Config { table, stage, public_url, stack_name: self.optional("STACK_NAME"), metrics }
    }

    fn ca_bundle(&mut self) {
        let Some(path) = self.optional(CA_BUNDLE) else { return };
        match std::fs::read(path) {
            Ok(bundle) => {
                let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bundle).collect();
                if certificates.is_ok_and(|certificates| !certificates.is_empty()) {
                    return;
                }
                self.fault(CA_BUNDLE, "names a file that does not hold certificates in PEM");
            }
            Err(error) => self.fault(CA_BUNDLE, &format!("names a file that cannot be read: {error}")),
        }
    }

    fn public_url(&mut self) -> Option<String> {
        let value = self.optional("PUBLIC_URL")?;
        let is_base = |url: &url::Url| {
            matches!(url.scheme(), "http" | "https")
                && url.host().is_some()
                && url.query().is_none()
                && url.fragment().is_none()
                && url.username().is_empty()
        };
        let Some(url) = url::Url::parse(&value).ok().filter(is_base) else {
            self.fault("PUBLIC_URL", "must be an absolute http or https URL without query and fragment");
            return None;
        };
        // As the parser writes it, and not as it was read: problems give it out as a URI (RFC 9457), in which not every
        // character may stand.
        Some(url.as_str().trim_end_matches('/').to_owned())
    }

    /// `ISSUERS`: who may issue tokens, for a contract that takes them; `named`: tokens that name their issuer.
    pub fn issuers(&mut self, contract: &str, named: bool, stage: Stage) -> Vec<IssuerEntry> {
        let json = self.required("ISSUERS");
        if json.is_empty() {
            return Vec::new();
        }
        match parse_issuers(&json, stage == Stage::Dev) {
            Err(faults) => {
                for fault in faults {
                    self.fault("ISSUERS", &fault);
                }
                Vec::new()
            }
            Ok(issuers) => {
                if !issuers.iter().any(|issuer| issuer.serves(contract)) {
                    self.fault("ISSUERS", &format!("names no issuer for the contract {contract}"));
                }
                if issuers.iter().any(|issuer| issuer.serves(contract) && issuer.is_named() != named) {
                    let wanted = if named { "needs an issuer" } else { "takes no issuer" };
                    self.fault(
                        "ISSUERS",
                        &format!("has an entry for the contract {contract}, which {wanted} in it"),
                    );
                }
                issuers
            }
        }
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// All faults that were noted.
    pub fn finish(self) -> Result<(), ConfigError> {
        if self.faults.is_empty() { Ok(()) } else { Err(ConfigError(self.faults)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(values: &[(&str, &str)]) -> Settings {
        Settings::new(values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn names_every_wrong_setting_at_once() {
        let mut settings = settings(&[("STAGE", "production"), ("PUBLIC_URL", "example.com")]);
        let stage = settings.config().stage;
        settings.issuers("ciam", true, stage);
        assert_eq!(
            settings.finish().unwrap_err().to_string(),
            "wrong settings: STAGE must be one of prod, staging, dev; TABLE_NAME is not set; PUBLIC_URL must be \
             an absolute http or https URL without query and fragment; ISSUERS is not set"
        );
    }

    #[test]
    fn a_bundle_without_certificates_is_wrong() {
        let directory = tempfile::tempdir().unwrap();
        let bundle = directory.path().join("bundle.pem");
        let fault = |bundle: &std::path::Path| {
            let mut settings = settings(&[("TABLE_NAME", "t"), ("AWS_CA_BUNDLE", bundle.to_str().unwrap())]);
            settings.config();
            settings.finish()
        };
        let wrong = |fault: &str| Err(ConfigError(vec![format!("AWS_CA_BUNDLE names a file that {fault}")]));
        assert_eq!(fault(&bundle), wrong("cannot be read: No such file or directory (os error 2)"));
        for damaged in ["MIIB", "-----BEGIN CERTIFICATE-----\nMIIB\n"] {
            std::fs::write(&bundle, damaged).unwrap();
            assert_eq!(fault(&bundle), wrong("does not hold certificates in PEM"));
        }
        std::fs::write(&bundle, include_bytes!("amazon-roots.pem")).unwrap();
        assert_eq!(fault(&bundle), Ok(()));
    }

    #[test]
    fn an_entry_that_no_token_of_its_contract_could_use_is_wrong() {
        let named = r#"[{"issuer":"https://i.example","algorithms":["RS256"],"jwks_url":"https://i.example/keys",
            "audience":"a","contracts":["wts"],"subjects":"shared"}]"#;
        let mut settings = settings(&[("ISSUERS", named)]);
        settings.issuers("wts", false, Stage::Dev);
        settings.issuers("ciam", true, Stage::Dev);
        assert_eq!(
            settings.finish().unwrap_err().0,
            [
                "ISSUERS has an entry for the contract wts, which takes no issuer in it",
                "ISSUERS names no issuer for the contract ciam"
            ]
        );
    }

    #[test]
    fn the_safe_stage_is_the_default() {
        let mut settings = settings(&[("TABLE_NAME", "t"), ("PUBLIC_URL", "https://id.example.com/v1/")]);
        let config = settings.config();
        assert_eq!(
            (config.stage, config.public_url.as_deref()),
            (Stage::Prod, Some("https://id.example.com/v1"))
        );
        assert_eq!(settings.finish(), Ok(()));
    }
}
