//! Letters to people: one-time codes, and word that a contact changed.
//!
//! | setting | value |
//! |---|---|
//! | `COURIER` | `aws` (unset, too): Amazon SES for e-mail, Amazon SNS for SMS. `outbox`: an HTTP endpoint of this machine that keeps letters for people to read, on a development stage only |
//! | `EMAIL_SENDER` | From of e-mails: an address, or `Name <address>`, that SES has verified. Unset: with `aws` no e-mail is sent, and whoever wants one is told that it is unavailable |
//! | `EMAIL_SUBJECT_EN`, `EMAIL_SUBJECT_ZH` | subject of the function's e-mails in English, in Chinese; unset: our own |
//! | `SMS_SENDER_ID` | sender ID of SMS, where the country supports one; unset: the account's own origination identity |
//! | `OUTBOX_URL` | where the outbox takes letters; required by it |
//!
//! Nothing of a letter reaches a log or an error: neither address, code nor text, nor what a service answered.

mod amazon;
mod letter;
mod mask;
mod outbox;

pub use letter::Letter;
pub use mask::masked;

use crate::config::{Settings, Stage};
use crate::profile::Contact;
use amazon::Amazon;
use aws_config::SdkConfig;
use letter::Subjects;
use outbox::Outbox;
use std::time::Duration;
use tokio::time::timeout;

/// How long sending one letter may take, all attempts of the SDK included: a request that sends one is answered within
/// nine seconds.
pub const SEND_WITHIN: Duration = Duration::from_secs(5);

/// Why a letter is not on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CourierError {
    /// The service asks to slow down, or a quota of it is used up.
    Throttled,
    /// The service did not answer in time, failed, does not let us in, or is not set up for this kind of letter. It may
    /// have taken the letter all the same.
    Unavailable,
    /// The service refuses this very letter, and would refuse it again: no such address, an opted-out number.
    Rejected,
}

/// Sends letters.
#[derive(Clone)]
pub struct Courier {
    carrier: Carrier,
    subjects: Subjects,
}

#[derive(Clone)]
enum Carrier {
    Amazon(Amazon),
    Outbox(Outbox),
}

#[derive(Clone, Copy)]
enum Choice {
    Amazon,
    Outbox,
}

impl Courier {
    /// Reads the settings above, and `STAGE`.
    pub fn configure(settings: &mut Settings, sdk: &SdkConfig) -> Self {
        let carrier = match settings.choice("COURIER", &[("aws", Choice::Amazon), ("outbox", Choice::Outbox)])
        {
            Choice::Amazon => Carrier::Amazon(Amazon::configure(settings, sdk)),
            Choice::Outbox => {
                if settings.stage() != Stage::Dev {
                    settings.fault("COURIER", "may be outbox on a development stage only");
                }
                Carrier::Outbox(Outbox::configure(settings))
            }
        };
        Self { carrier, subjects: Subjects::configure(settings) }
    }

    /// Whether it can send letters of this kind at all.
    pub const fn reaches(&self, contact: Contact) -> bool {
        match &self.carrier {
            Carrier::Amazon(amazon) => amazon.reaches(contact),
            Carrier::Outbox(_) => true,
        }
    }

    /// Sends a letter: when this succeeds, the service has taken it. A failure is known within [`SEND_WITHIN`].
    ///
    /// # Errors
    /// See [`CourierError`].
    pub async fn send(&self, letter: &Letter) -> Result<(), CourierError> {
        self.send_within(SEND_WITHIN, letter).await
    }

    async fn send_within(&self, limit: Duration, letter: &Letter) -> Result<(), CourierError> {
        let subject = letter.subject(&self.subjects);
        let sending = async {
            match &self.carrier {
                Carrier::Amazon(amazon) => amazon.send(letter, subject).await,
                Carrier::Outbox(outbox) => outbox.send(letter, subject).await,
            }
        };
        timeout(limit, sending).await.unwrap_or(Err(CourierError::Unavailable))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tongue::Tongue;

    #[tokio::test]
    async fn a_service_that_does_not_answer_is_not_waited_for_without_end() {
        // Whoever connects is never answered.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let values = [("STAGE", "dev"), ("COURIER", "outbox"), ("OUTBOX_URL", &url)];
        let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let courier = Courier::configure(&mut Settings::new(values.into()), &SdkConfig::builder().build());
        let letter = Letter::code(Contact::Phone, "+8613900130013", "012345", 60, Tongue::English);
        let limit = Duration::from_millis(50);
        assert_eq!(courier.send_within(limit, &letter).await, Err(CourierError::Unavailable));
    }
}
