//! How many messages may go out, and who has used that up.

use super::send::{Occasion, Policy, SendError};
use crate::clock::Timestamp;
use crate::config::Settings;
use crate::store::{Limit, Limited, ProfileStore};
use std::net::IpAddr;

/// Whose limit of messages is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendLimit {
    /// The address's, to which the message would have gone.
    Address,
    /// The caller's: its user's, its network address's or its application's.
    Caller,
}

/// Limits that the stack's operator sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Messages that one network address may have sent on one day (UTC). IPv6: one /64 network.
    pub per_source_a_day: u32,
    /// Requests that one application may make in one minute.
    pub per_client_a_minute: u32,
}

impl Allowance {
    /// Reads `SENDS_PER_SOURCE_A_DAY` (default 100) and `SENDS_PER_CLIENT_A_MINUTE` (default 600); 1 to 1,000,000.
    pub fn configure(settings: &mut Settings) -> Self {
        let mut number = |name: &str, default: u32| match settings.optional(name).map(|value| value.parse()) {
            None => default,
            Some(Ok(number @ 1..=1_000_000)) => number,
            Some(_) => {
                settings.fault(name, "must be a whole number from 1 to 1000000");
                default
            }
        };
        Self {
            per_source_a_day: number("SENDS_PER_SOURCE_A_DAY", 100),
            per_client_a_minute: number("SENDS_PER_CLIENT_A_MINUTE", 600),
        }
    }

    /// Counts a request of this application, whatever comes of it. One call.
    ///
    /// By itself and not in the transaction that counts the message: all requests of an application count on one item,
    /// and transactions on one item get in each other's way.
    ///
    /// # Errors
    /// [`SendError::Limited`] where it has made too many in this minute; [`SendError::Store`].
    pub async fn admit(&self, store: &ProfileStore, client: &str, now: Timestamp) -> Result<(), SendError> {
        let limit = window("client", client.to_owned(), self.per_client_a_minute, now, 60);
        if store.count(&limit).await? {
            return Ok(());
        }
        Err(SendError::Limited(SendLimit::Caller, limit.retry_after(None, now)))
    }

    /// What a message counts on, and whose limit each is. The address's come first: who is refused for two reasons
    /// is told that one.
    pub(super) fn limits(
        &self,
        policy: &Policy,
        occasion: &Occasion<'_>,
        now: Timestamp,
    ) -> Vec<(SendLimit, Limit)> {
        let unique = occasion.contact.unique();
        let name = format!("{} {}", unique.attribute().name(), unique.canonical(occasion.address));
        let limited = Limited { kind: "address", name: name.clone() };
        let mut limits = vec![
            (
                SendLimit::Address,
                Limit::Pause { limited, purpose: policy.purpose, seconds: policy.pause_seconds, now },
            ),
            (SendLimit::Address, window("address", name, policy.per_address_a_day, now, DAY)),
        ];
        if let (Some(subject), Some(most)) = (occasion.subject, policy.per_subject_a_day) {
            let subject = window("subject", subject.as_str().to_owned(), most, now, DAY);
            limits.push((SendLimit::Caller, subject));
        }
        if let Some(source) = occasion.source {
            let source = window("source", network(source), self.per_source_a_day, now, DAY);
            limits.push((SendLimit::Caller, source));
        }
        limits
    }
}

const DAY: i64 = 24 * 3600;

/// The window of so many seconds in which `now` is; windows begin at whole multiples of their length since the epoch.
fn window(kind: &'static str, name: String, most: u32, now: Timestamp, seconds: i64) -> Limit {
    let number = now.seconds().div_euclid(seconds);
    let ends = Timestamp::from_millis((number + 1) * seconds * 1000);
    let window = format!("WINDOW#{seconds}#{number}");
    Limit::Window { limited: Limited { kind, name }, window, most, ends }
}

/// The network a caller is counted under: the address itself, or the /64 that is one IPv6 customer's.
fn network(source: &str) -> String {
    match source.parse().map(|address: IpAddr| address.to_canonical()) {
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Ok(IpAddr::V4(address)) => address.to_string(),
        Err(_) => source.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_customer_of_ipv6_is_one_network() {
        for (source, counted) in [
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::", "2001:db8:1:2::/64"),
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("test-invoke-source-ip", "test-invoke-source-ip"),
        ] {
            assert_eq!(network(source), counted, "{source}");
        }
    }

    #[test]
    fn windows_end_where_the_next_begins() {
        let at = |millis| window("client", "a".into(), 1, Timestamp::from_millis(millis), 60);
        let ends = |limit: &Limit| match limit {
            Limit::Window { ends, .. } => *ends,
            Limit::Pause { .. } => unreachable!(),
        };
        assert_eq!(at(0), at(59_999));
        assert_ne!(at(0), at(60_000));
        assert_eq!(ends(&at(59_999)).millis(), 60_000);
        assert_eq!(at(59_001).retry_after(None, Timestamp::from_millis(59_001)), 1);
    }

    #[test]
    fn limits_are_whole_numbers() {
        let values = [("SENDS_PER_SOURCE_A_DAY", "0"), ("SENDS_PER_CLIENT_A_MINUTE", "5")];
        let mut settings =
            Settings::new(values.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
        let read = Allowance::configure(&mut settings);
        assert_eq!(read, Allowance { per_source_a_day: 100, per_client_a_minute: 5 });
        assert_eq!(
            settings.finish().unwrap_err().0,
            ["SENDS_PER_SOURCE_A_DAY must be a whole number from 1 to 1000000"]
        );
    }
}
